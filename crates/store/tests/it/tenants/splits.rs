//! How a SKU is shared out, and its quotas: of one organization, tried from another.

use std::time::Duration;

use domain::shield::{HoldBack, Shield};
use domain::split::{Mode, Quota};
use domain::{Actor, ConnectionId, Effect, EntryKind, LedgerEntryId, ListingId, SkuId, Timestamp};
use store::shield::Measured;
use store::stock::NewEntry;

use super::{Read, Write, found, listed};
use crate::shop::Shop;

/// A split SKU and its listing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Divided {
    sku: SkuId,
    listing: ListingId,
}

const HELD: HoldBack =
    HoldBack { units: 2, sold_units: 5, over: Duration::from_secs(20), delay: Duration::from_secs(8) };

/// Splits a SKU of one listing that has sold a unit.
pub(super) async fn divided(shop: &Shop<'_>, connection: ConnectionId) -> Divided {
    let sku = shop.stocked("SPLIT-1", 9).await;
    let listing = shop.listing(connection, "MLB3").await;
    let (line, _) = shop.line(connection, "3000").await;
    let (id, now): (LedgerEntryId, _) = (shop.house.id(), shop.house.now());
    let entry = NewEntry {
        id,
        sku,
        kind: EntryKind::Line(Effect::Reserve),
        delta: Effect::Reserve.delta(1),
        line: Some(line),
        reason: String::new(),
        actor: Actor::system("orders"),
    };
    shop.write(move |shop| {
        shop.link_listing(listing, Some(sku))?;
        shop.append(&entry, now)?;
        shop.choose_mode(sku, Mode::Split, None)?;
        shop.note_split(sku, true)?;
        shop.keep_quotas(sku, &[Quota { bound_units: 4, ..Quota::at_zero(listing) }])?;
        shop.hold_back(listing, &HELD, now)
    })
    .await;
    Divided { sku, listing }
}

/// Each reading method, and how much it finds.
pub(super) const READS: &[(&str, Read)] = &[
    ("sku_split", |shop, of| found(shop.sku_split(of.divided.sku))),
    ("hold_sku_split", |shop, of| found(shop.hold_sku_split(of.divided.sku))),
    ("is_split_listing", |shop, of| shop.is_split_listing(of.divided.listing).map(usize::from)),
    ("quota_bound", |shop, of| found(shop.quota_bound(of.divided.listing))),
    ("quotas", |shop, of| listed(shop.quotas(of.divided.sku))),
    ("split_skus_of", |shop, of| listed(shop.split_skus_of(of.connection))),
    ("sold_by_listing", |shop, of| listed(shop.sold_by_listing(of.divided.sku, 2, Timestamp::EPOCH))),
    ("sold_lately", |shop, of| listed(shop.sold_lately(of.divided.sku, Timestamp::EPOCH))),
    ("moved_between", |shop, of| {
        listed(shop.moved_between(of.divided.sku, Timestamp::EPOCH, of.now.plus(Duration::from_secs(1)), 9))
    }),
    ("held_back_at", |shop, of| found(shop.held_back_at(of.divided.listing, of.now))),
    ("lock_held_units", |shop, of| found(shop.lock_held_units(of.divided.listing))),
    ("wished_at", |shop, of| found(shop.wished_at(of.listing))),
    ("orders_to_read", |shop, of| listed(shop.orders_to_read(of.connection, 10))),
];

/// Each writing method, used on what belongs to another.
pub(super) const WRITES: &[(&str, Write)] = &[
    ("choose_mode", |shop, of| shop.choose_mode(of.divided.sku, Mode::Shared, None)),
    ("choose_mode of a SKU that has none", |shop, of| shop.choose_mode(of.sku, Mode::Split, None)),
    ("note_split", |shop, of| shop.note_split(of.divided.sku, false)),
    ("keep_quotas", |shop, of| shop.keep_quotas(of.divided.sku, &[])),
    ("keep_quotas with one", |shop, of| {
        shop.keep_quotas(of.divided.sku, &[Quota::at_zero(of.divided.listing)])
    }),
    ("hold_sku_split", |shop, of| shop.hold_sku_split(of.divided.sku).map(drop)),
    ("choose_margin", |shop, of| shop.choose_margin(of.divided.sku, true)),
    ("choose_shield", |shop, of| shop.choose_shield(of.divided.sku, Shield::Off)),
    ("hold_back", |shop, of| shop.hold_back(of.divided.listing, &HoldBack::default(), of.now)),
    ("lock_held_units", |shop, of| shop.lock_held_units(of.divided.listing).map(drop)),
    ("note_delays", |shop, of| {
        let measured = Measured { news: (3, Duration::from_secs(9)), writes: (1, Duration::from_secs(2)) };
        shop.note_delays(of.connection, measured)
    }),
    ("settle_outbox", |shop, of| shop.settle_outbox(of.listing, of.now)),
];
