//! Kits: of one organization, tried from another.

use domain::kit::Component;
use domain::{ConnectionId, Effect, EntryKind, ListingId, SkuId, Timestamp};
use store::stock::NewEntry;

use super::{Read, Write, found, listed};
use crate::shop::Shop;

/// A kit with its component, and its listing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bundle {
    pub(super) kit: SkuId,
    part: SkuId,
    listing: ListingId,
    line: domain::LineId,
}

/// Makes a kit that was sold once.
pub(super) async fn bundle(shop: &Shop<'_>, connection: ConnectionId) -> Bundle {
    let (kit, part) = (shop.sku("KIT-1").await, shop.stocked("PART-1", 9).await);
    let listing = shop.listing(connection, "MLB7").await;
    let (line, _) = shop.line(connection, "7000").await;
    let (id, now) = (shop.house.id(), shop.house.now());
    let sold = NewEntry {
        id,
        kind: EntryKind::Line(Effect::Reserve),
        delta: Effect::Reserve.delta(2),
        line: Some(line),
        ..shop.count(part, 0)
    };
    shop.write(move |shop| {
        shop.link_listing(listing, Some(kit))?;
        shop.keep_recipe(kit, &[Component { sku: part, units: 2 }])?;
        shop.link_line(line, listing, kit)?;
        shop.append(&sold, now)
    })
    .await;
    Bundle { kit, part, listing, line }
}

/// Each reading method, and how much it finds.
pub(super) const READS: &[(&str, Read)] = &[
    ("recipe", |shop, of| listed(shop.recipe(of.bundle.kit))),
    ("components", |shop, of| listed(shop.components(of.bundle.kit))),
    ("kits_of", |shop, of| listed(shop.kits_of(&[of.bundle.part]))),
    ("hold_kits_of", |shop, of| listed(shop.hold_kits_of(&[of.bundle.part]))),
    ("hold_skus", |shop, of| listed(shop.hold_skus(&[of.bundle.kit]))),
    ("booked", |shop, of| listed(shop.booked(of.bundle.line))),
    ("still_sells", |shop, of| shop.still_sells(of.bundle.listing, of.bundle.kit, true).map(usize::from)),
    ("kits_sold_since", |shop, of| {
        shop.kits_sold_since(of.bundle.kit, Timestamp::EPOCH).map(|kits| usize::try_from(kits).unwrap())
    }),
    ("kits_at", |shop, of| shop.kits_at(of.bundle.kit, of.now).map(|kits| usize::try_from(kits).unwrap())),
];

/// Each writing method, used on what belongs to another.
pub(super) const WRITES: &[(&str, Write)] = &[
    ("keep_recipe", |shop, of| shop.keep_recipe(of.bundle.kit, &[])),
    ("keep_recipe with one", |shop, of| {
        shop.keep_recipe(of.bundle.kit, &[Component { sku: of.bundle.part, units: 1 }])
    }),
    ("turn_kit", |shop, of| shop.turn_kit(of.bundle.kit)),
    ("hold_kits_of", |shop, of| shop.hold_kits_of(&[of.bundle.part]).map(drop)),
    ("hold_skus", |shop, of| shop.hold_skus(&[of.bundle.kit, of.bundle.part]).map(drop)),
];
