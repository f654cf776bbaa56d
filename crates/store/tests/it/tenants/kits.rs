//! Kits: of one organization, tried from another.

use domain::catalogue::{Facts, Gtin};
use domain::kit::Component;
use domain::{Actor, ConnectionId, Effect, EntryKind, ListingId, SkuId, StockTakeId, Timestamp};
use store::stock::NewEntry;
use store::stock_takes::{Counting, TakeState};

use super::{Read, Write, found, listed};
use crate::shop::Shop;

/// A kit with its component, and its listing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bundle {
    pub(super) kit: SkuId,
    part: SkuId,
    listing: ListingId,
    line: domain::LineId,
    take: StockTakeId,
}

/// Makes a kit that was sold once.
pub(super) async fn bundle(shop: &Shop<'_>, connection: ConnectionId) -> Bundle {
    let (kit, part) = (shop.sku("KIT-1").await, shop.stocked("PART-1", 9).await);
    let listing = shop.listing(connection, "MLB7").await;
    let (line, _) = shop.line(connection, "7000").await;
    let (id, take, now) = (shop.house.id(), shop.house.id(), shop.house.now());
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
        shop.append(&sold, now)?;
        shop.begin_stock_take(take, &Actor::system("test"), now)?;
        shop.count_line(take, part, Counting::More(3), now)?;
        let facts = Facts { gtin: Gtin::parse("7891234567895").ok(), ..Facts::default() };
        shop.keep_facts(part, &facts)
    })
    .await;
    Bundle { kit, part, listing, line, take }
}

/// Each reading method, and how much it finds.
pub(super) const READS: &[(&str, Read)] = &[
    ("recipe", |shop, of| listed(shop.recipe(of.bundle.kit))),
    ("components", |shop, of| listed(shop.components(of.bundle.kit))),
    ("kits_of", |shop, of| listed(shop.kits_of(&[of.bundle.part]))),
    ("hold_kits_of", |shop, of| listed(shop.hold_kits_of(&[of.bundle.part]))),
    ("hold_skus", |shop, of| listed(shop.hold_skus(&[of.bundle.kit]))),
    ("stock_takes", |shop, _| listed(shop.stock_takes())),
    ("stock_take", |shop, of| found(shop.stock_take(of.bundle.take))),
    ("hold_stock_take", |shop, of| found(shop.hold_stock_take(of.bundle.take))),
    ("stock_take_lines", |shop, of| listed(shop.stock_take_lines(of.bundle.take))),
    ("counted_units", |shop, of| found(shop.counted_units(of.bundle.take, of.bundle.part))),
    ("codes_of_gtin", |shop, _| listed(shop.codes_of_gtin("7891234567895"))),
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
    ("count_line", |shop, of| {
        shop.count_line(of.bundle.take, of.bundle.part, Counting::Exactly(1), of.now).map(drop)
    }),
    ("drop_line", |shop, of| shop.drop_line(of.bundle.take, of.bundle.part)),
    ("end_stock_take", |shop, of| {
        shop.end_stock_take(of.bundle.take, TakeState::Left, "", &Actor::system("test"), of.now)
    }),
    ("turn_kit", |shop, of| shop.turn_kit(of.bundle.kit)),
    ("hold_kits_of", |shop, of| shop.hold_kits_of(&[of.bundle.part]).map(drop)),
    ("hold_skus", |shop, of| shop.hold_skus(&[of.bundle.kit, of.bundle.part]).map(drop)),
];
