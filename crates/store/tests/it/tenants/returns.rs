//! Goods that come back: of one organization, tried from another.

use domain::{ConnectionId, Delta, Effect, EntryKind, LineId, OrderId, Timestamp};
use store::goods_returns::Receipt;
use store::stock::NewEntry;

use super::{Read, Write, listed};
use crate::shop::{Shop, snapshot};

/// An order that left, with what came back of it and what is said to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Homecoming {
    order: OrderId,
    line: LineId,
}

/// Makes one that was received once and waits again.
pub(super) async fn homecoming(shop: &Shop<'_>, connection: ConnectionId) -> Homecoming {
    let sku = shop.stocked("BACK-1", 5).await;
    let order = shop.takes_order(connection, &snapshot("8000"), Some(sku)).await;
    let now = shop.house.now();
    let held = shop.write(move |shop| shop.held_order(connection, "8000")).await.expect("it is held");
    let line = held.lines[0].id;
    for (kind, delta) in [
        (EntryKind::Line(Effect::Reserve), Effect::Reserve.delta(2)),
        (EntryKind::Line(Effect::Take), Effect::Take.delta(2)),
        (EntryKind::Return, Delta { on_hand_units: 1, reserved_units: 0 }),
    ] {
        shop.append(&NewEntry { kind, delta, line: Some(line), ..shop.count(sku, 0) }).await;
    }
    shop.write(move |shop| {
        shop.set_line_position(line, domain::StockPosition::Taken)?;
        shop.keep_receipt(order, &receipt(1, now))?;
        let later = Timestamp::from_millis(now.as_millis() + 1);
        shop.expect_return(connection, "8000", later, later)
    })
    .await;
    Homecoming { order, line }
}

fn receipt(number: i64, at: Timestamp) -> Receipt {
    Receipt { number, whole_units: 1, damaged_units: 0, reason: "x".into(), actor: "member:ana".into(), at }
}

/// Each reading method, and how much it finds.
pub(super) const READS: &[(&str, Read)] = &[
    ("came_back", |shop, of| listed(shop.came_back(of.homecoming.line))),
    ("return_lines", |shop, of| listed(shop.return_lines(of.homecoming.order))),
    ("receipts", |shop, of| listed(shop.receipts(of.homecoming.order))),
    ("returns_waiting", |shop, _| listed(shop.returns_waiting(None))),
    ("waits_for_return", |shop, of| shop.waits_for_return(of.homecoming.order).map(usize::from)),
];

/// Each writing method, used on what belongs to another.
pub(super) const WRITES: &[(&str, Write)] = &[
    ("keep_receipt", |shop, of| shop.keep_receipt(of.homecoming.order, &receipt(2, of.now))),
    ("unlink_line", |shop, of| shop.unlink_line(of.homecoming.line)),
    ("expect_return", |shop, of| {
        let later = Timestamp::from_millis(of.now.as_millis() + 9);
        shop.expect_return(of.connection, "8000", later, later)
    }),
];
