//! What the shield measures and holds back: what was kept is what is read, and the number of drift agrees with it.

use std::time::Duration;

use domain::shield::{HoldBack, Shield};
use domain::split::Mode;
use domain::{Actor, ConnectionId, Effect, EntryKind, ListingId, SkuId, Timestamp};
use store::pages::{ListingFilter, ListingShow};
use store::shield::{HeldBack, Measured};
use store::stock::NewEntry;

use crate::kit::House;
use crate::shop::Shop;

const SECOND: Duration = Duration::from_secs(1);

fn held(units: i64) -> HoldBack {
    HoldBack { units, sold_units: 9, over: SECOND * 20, delay: SECOND * 4 }
}

/// A listing that sells a SKU of seven units, and shows so many.
async fn on_sale(shop: &Shop<'_>) -> (SkuId, ConnectionId, ListingId) {
    let (sku, connection) = (shop.stocked("CAN-1", 7).await, shop.connection().await);
    let listing = shop.listing(connection, "MLB1").await;
    shop.write(move |shop| shop.link_listing(listing, Some(sku))).await;
    (sku, connection, listing)
}

async fn drifts(shop: &Shop<'_>) -> bool {
    let filter = ListingFilter { show: ListingShow::Drift, ..ListingFilter::default() };
    !shop.read(move |shop| shop.listing_page(None, &filter)).await.is_empty()
}

on_both! {
    async fn a_hold_back_is_kept_with_its_listing_and_its_moments_stay(house: House) {
        let shop = Shop::open(&house).await;
        let (sku, connection, listing) = on_sale(&shop).await;
        let now = house.now();
        let (later, last) = (now.plus(SECOND), now.plus(SECOND * 2));
        assert_eq!(shop.read(move |shop| shop.held_back_at(listing, last)).await, None);
        shop.write(move |shop| shop.hold_back(listing, &held(2), now)).await;
        shop.write(move |shop| shop.hold_back(listing, &held(3), later)).await;
        let kept = shop.read(move |shop| shop.listing(listing)).await.unwrap();
        assert_eq!((kept.held_units, kept.held_since), (3, Some(now)), "since it holds any back");
        let tally = shop.read(move |shop| shop.sku(sku)).await.unwrap().tally;
        assert_eq!(kept.told_from(tally).available_units(), 4);
        shop.write(move |shop| shop.hold_back(listing, &HoldBack::default(), last)).await;
        let over = shop.read(move |shop| shop.listing(listing)).await.unwrap();
        assert_eq!((over.held_units, over.held_since), (0, None));
        for (at, units) in [(now, 2), (later, 3), (last, 0)] {
            let of_then = shop.read(move |shop| shop.held_back_at(listing, at)).await;
            let what = if units == 0 { HoldBack::default() } else { held(units) };
            assert_eq!(of_then, Some(HeldBack { what, at }));
        }
        shop.write(move |shop| shop.hold_back(listing, &held(5), last)).await;
        assert_eq!(shop.write(move |shop| shop.lock_held_units(listing)).await, Some(5));
        let other = shop.stocked("CAN-2", 1).await;
        shop.write(move |shop| shop.link_listing(listing, Some(other))).await;
        assert_eq!(shop.write(move |shop| shop.lock_held_units(listing)).await, Some(0));
        assert!(shop.read(move |shop| shop.connection(connection)).await.is_some());
    }

    async fn what_is_held_back_is_no_drift(house: House) {
        let shop = Shop::open(&house).await;
        let (_, connection, listing) = on_sale(&shop).await;
        let now = house.now();
        shop.write(move |shop| shop.note_confirmed(listing, 7, 0, now)).await;
        assert!(!drifts(&shop).await);
        shop.write(move |shop| shop.hold_back(listing, &held(3), now)).await;
        assert!(drifts(&shop).await, "it still shows all");
        assert_eq!(shop.read(move |shop| shop.listings_to_align(connection)).await.len(), 1);
        shop.write(move |shop| shop.note_confirmed(listing, 4, 0, now)).await;
        assert!(!drifts(&shop).await);
        assert_eq!(shop.read(move |shop| shop.listings_to_align(connection)).await, []);
        // More is held back than there is.
        shop.write(move |shop| shop.hold_back(listing, &held(30), now)).await;
        shop.write(move |shop| shop.note_confirmed(listing, 0, 0, now)).await;
        assert!(!drifts(&shop).await);
    }

    async fn delays_become_means_and_nothing_measured_changes_nothing(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let of = async |shop: &Shop<'_>| {
            let connection = shop.read(move |shop| shop.connection(connection)).await.unwrap();
            (connection.news_delay.measured(), connection.write_delay.measured())
        };
        assert_eq!(of(&shop).await, (None, None));
        shop.write(move |shop| shop.note_delays(connection, Measured::default())).await;
        assert_eq!(of(&shop).await, (None, None));
        let first = Measured { news: (1, SECOND * 8), ..Measured::default() };
        shop.write(move |shop| shop.note_delays(connection, first)).await;
        assert_eq!(of(&shop).await, (Some(SECOND * 8), None));
        let next = Measured { news: (1, Duration::ZERO), writes: (2, SECOND) };
        shop.write(move |shop| shop.note_delays(connection, next)).await;
        assert_eq!(of(&shop).await, (Some(SECOND * 7), Some(SECOND)));
    }

    async fn sales_are_counted_since_they_are_known_and_tell_when_they_were_placed(house: House) {
        let shop = Shop::open(&house).await;
        let (sku, connection, _) = on_sale(&shop).await;
        let now = house.now();
        let late = Measured { news: (1, SECOND * 8), ..Measured::default() };
        shop.write(move |shop| shop.note_delays(connection, late)).await;
        for number in ["2001", "2002"] {
            let (line, _) = shop.line(connection, number).await;
            let entry = NewEntry {
                id: house.id(),
                sku,
                kind: EntryKind::Line(Effect::Reserve),
                delta: Effect::Reserve.delta(2),
                line: Some(line),
                reason: String::new(),
                actor: Actor::system("test"),
            };
            shop.append(&entry).await.unwrap();
        }
        let sold = shop.read(move |shop| shop.sold_lately(sku, now)).await;
        assert_eq!(sold.len(), 1);
        let sold = sold[0].sold;
        assert_eq!((sold.sales, sold.units, sold.news), (2, 4, SECOND * 8));
        assert!(sold.first_at <= sold.last_at && sold.first_at > Timestamp::EPOCH);
        let after = house.now().plus(SECOND);
        assert_eq!(shop.read(move |shop| shop.sold_lately(sku, after)).await, []);
    }

    async fn a_shield_is_kept_beside_the_mode_and_a_choice_of_mode_leaves_it(house: House) {
        let shop = Shop::open(&house).await;
        let sku = shop.sku("CAN-1").await;
        let refused = shop.data.write(move |shop| shop.choose_shield(sku, Shield::Off)).await;
        assert!(refused.is_err(), "of a SKU that nobody chose anything for");
        shop.write(move |shop| {
            shop.choose_mode(sku, Mode::Shared, None)?;
            shop.choose_shield(sku, Shield::Full)?;
            shop.choose_mode(sku, Mode::Split, None)
        })
        .await;
        assert_eq!(shop.read(move |shop| shop.sku_split(sku)).await.unwrap().shield, Shield::Full);
    }
}
