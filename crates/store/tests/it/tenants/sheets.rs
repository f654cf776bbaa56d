//! Tables that people bring along: of one organization, tried from another.

use domain::catalogue::Wrong;
use domain::sheet::{Column, SheetFault, Trouble};
use domain::{MemberId, SheetId, Timestamp};
use store::sheets::{HeldSheet, ItemKind, ItemState, SheetCounts, SheetItem, SheetState};

use super::{Read, Write, found, listed};
use crate::shop::Shop;

fn item(place: i64) -> SheetItem {
    SheetItem {
        place,
        row: 2,
        kind: ItemKind::Create,
        title: "Caneca".into(),
        code: "CAN-9".into(),
        asks: "cost".into(),
        wish: "{}".into(),
        state: ItemState::Waiting,
        why: String::new(),
        before: String::new(),
    }
}

fn fault() -> SheetFault {
    SheetFault { row: 3, column: Column::Cost, found: "1,2,3".into(), trouble: Trouble::Cell(Wrong::Missing) }
}

fn held(id: SheetId, member: MemberId, now: Timestamp) -> HeldSheet {
    HeldSheet {
        id,
        member,
        name: "produtos.csv".into(),
        state: SheetState::Reading,
        heading: "{}".into(),
        counts: SheetCounts::default(),
        created_at: now,
        ended_at: None,
        expires_at: now,
    }
}

/// A table with a product, a wrong cell and a question that waits for a yes.
pub(super) async fn staged(shop: &Shop<'_>, member: MemberId) -> SheetId {
    let (id, now): (SheetId, _) = (shop.house.id(), shop.house.now());
    shop.write(move |shop| shop.begin_sheet(&held(id, member, now))).await;
    shop.write(move |shop| {
        shop.keep_sheet_items(id, &[item(1)], now)?;
        shop.keep_sheet_faults(id, 1, &[fault()], now)?;
        shop.stage_sheet(id, &SheetCounts { rows: 2, creates: 1, faults: 1, ..SheetCounts::default() })
    })
    .await;
    id
}

/// Each reading method, and how much it finds.
pub(super) const READS: &[(&str, Read)] = &[
    ("sheet", |shop, of| found(shop.sheet(of.sheet))),
    ("last_sheets", |shop, _| listed(shop.last_sheets())),
    ("sheet_items", |shop, of| {
        listed(shop.sheet_items(of.sheet, ItemState::Waiting, &[ItemKind::Create], 0, 9))
    }),
    ("sheet_questions", |shop, of| listed(shop.sheet_questions(of.sheet, 9))),
    ("sheet_samples", |shop, of| listed(shop.sheet_samples(of.sheet, ItemKind::Create))),
    ("sheet_item_count", |shop, of| {
        shop.sheet_item_count(of.sheet, ItemState::Waiting).map(|count| usize::try_from(count).unwrap_or(9))
    }),
    ("sheet_faults", |shop, of| listed(shop.sheet_faults(of.sheet, 0, 9))),
    ("codes_held", |shop, _| listed(shop.codes_held(&["CAN-1".to_owned()]))),
    ("sku_rows", |shop, _| listed(shop.sku_rows("", 9))),
];

/// Each writing method, used on what belongs to another.
pub(super) const WRITES: &[(&str, Write)] = &[
    ("begin_sheet", |shop, of| shop.begin_sheet(&held(of.sheet, of.member, of.now))),
    ("keep_sheet_items", |shop, of| shop.keep_sheet_items(of.sheet, &[item(2)], of.now)),
    ("keep_sheet_faults", |shop, of| shop.keep_sheet_faults(of.sheet, 2, &[fault()], of.now)),
    ("stage_sheet", |shop, of| shop.stage_sheet(of.sheet, &SheetCounts::default())),
    ("move_sheet", |shop, of| {
        shop.move_sheet(of.sheet, SheetState::Staged, SheetState::Dropped, None).map(drop)
    }),
    ("end_sheet_item", |shop, of| shop.end_sheet_item(of.sheet, 1, ItemState::Done, "", "")),
];
