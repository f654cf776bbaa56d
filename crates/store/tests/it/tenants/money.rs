//! What orders earn, and fees and payouts: of one organization, tried from another.

use domain::catalogue::Facts;
use domain::radar::{Against, Nature, Shift};
use domain::settlement::{FeeKind, Sums};
use domain::{Actor, ConnectionId, Currency, OrderId, OrderSnapshot, OrderState, SkuId, Timestamp};
use store::money_view::{ShiftRow, Span};

use super::{Read, Write, found, listed};
use crate::shop::{Shop, snapshot};

/// A settled sale, and one that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Earned {
    order: OrderId,
}

/// Sells twice, and finds fees that changed.
pub(super) async fn earned(shop: &Shop<'_>, connection: ConnectionId, sku: SkuId) -> Earned {
    let order = shop.takes_order(connection, &snapshot("4000"), Some(sku)).await;
    shop.gets_charged(connection, "4000", &[(FeeKind::Goods, 9_980), (FeeKind::Commission, -900)], true)
        .await;
    let arrived = OrderSnapshot { state: OrderState::Delivered, ..snapshot("4001") };
    let other = shop.takes_order(connection, &arrived, Some(sku)).await;
    let now = shop.house.now();
    shop.write(move |shop| {
        shop.keep_shift(&shift(connection, now), (now, now))?;
        shop.note_unknown_payout(connection, "4999", now)?;
        shop.profit_is_due(other)
    })
    .await;
    Earned { order }
}

fn shift(connection: ConnectionId, now: Timestamp) -> ShiftRow {
    let shift = Shift {
        against: Against::Told,
        since: now,
        seen_at: now,
        orders: 6,
        sales_minor: 10_000,
        expected_minor: 1_000,
        charged_minor: 1_200,
        nature: Nature::Unclear,
    };
    ShiftRow { connection, shift, currency: Currency::Brl, found_at: now }
}

const ALWAYS: Span =
    Span { from: Timestamp::EPOCH, until: Timestamp::from_millis(i64::MAX), currency: Currency::Brl };

/// Each reading method, and how much it finds.
pub(super) const READS: &[(&str, Read)] = &[
    ("money_currencies", |shop, _| listed(shop.money_currencies(Timestamp::EPOCH))),
    ("day_sums", |shop, _| listed(shop.day_sums(ALWAYS))),
    ("connection_sums", |shop, _| listed(shop.connection_sums(ALWAYS))),
    ("sku_sums", |shop, _| listed(shop.sku_sums(ALWAYS))),
    ("priced_listings", |shop, _| listed(shop.priced_listings(Timestamp::EPOCH))),
    ("sightings", |shop, of| listed(shop.sightings(of.connection, Timestamp::EPOCH, Currency::Brl))),
    ("shifts", |shop, _| listed(shop.shifts(Timestamp::EPOCH))),
    ("fees_since", |shop, _| listed(shop.fees_since(ALWAYS.from, ALWAYS.until, Currency::Brl))),
    ("unsettled", |shop, _| listed(shop.unsettled(ALWAYS.until))),
    ("unknown_payouts", |shop, _| listed(shop.unknown_payouts())),
    ("profits_due", |shop, _| shop.profits_due(9).map(|due| usize::try_from(due).unwrap())),
    ("order_profit", |shop, of| found(shop.order_profit(of.earned.order))),
];

/// Each writing method, used on what belongs to another.
pub(super) const WRITES: &[(&str, Write)] = &[
    ("begin_profit", |shop, of| {
        shop.begin_profit(of.earned.order, of.connection, &snapshot("4000"), &Sums::default(), of.now)
    }),
    ("begin_profit of an order without", |shop, of| {
        shop.begin_profit(of.order, of.connection, &snapshot("2000"), &Sums::default(), of.now)
    }),
    ("reckon_profit", |shop, of| shop.reckon_profit(of.earned.order, Some(true))),
    ("profit_is_due", |shop, of| shop.profit_is_due(of.earned.order)),
    ("reckon_due", |shop, _| shop.reckon_due(9).map(drop)),
    ("rebuild_profits", |shop, _| shop.rebuild_profits()),
    ("keep_past_cost", |shop, of| {
        shop.keep_past_cost(of.sku, &Facts::default(), &Actor::Unknown, Timestamp::EPOCH).map(drop)
    }),
    ("keep_shift", |shop, of| {
        let later = Timestamp::from_millis(of.now.as_millis() + 1);
        shop.keep_shift(&shift(of.connection, later), (later, later)).map(drop)
    }),
    ("note_unknown_payout", |shop, of| shop.note_unknown_payout(of.connection, "4998", of.now)),
];
