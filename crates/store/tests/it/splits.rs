//! How a SKU is shared out: what was kept is what is read, in every field.

use std::time::Duration;

use domain::shield::Shield;
use domain::split::{Mode, Probe, Quota};
use store::splits::SkuSplit;

use crate::kit::House;
use crate::shop::Shop;

on_both! {
    async fn a_choice_is_kept_and_says_nothing_of_whether_it_is_split(house: House) {
        let shop = Shop::open(&house).await;
        let sku = shop.sku("CAN-1").await;
        assert_eq!(shop.read(move |shop| shop.sku_split(sku)).await, None);
        let auto = Mode::Auto { threshold_units: 7 };
        let connection = shop.connection().await;
        let listing = shop.listing(connection, "MLB1").await;
        shop.write(move |shop| shop.choose_mode(sku, auto, Some(listing))).await;
        shop.write(move |shop| shop.note_split(sku, true)).await;
        let kept = SkuSplit { mode: auto, is_split: true, preferred: Some(listing), shield: Shield::Half, by_margin: false };
        assert_eq!(shop.write(move |shop| shop.hold_sku_split(sku)).await, Some(kept));
        shop.write(move |shop| shop.choose_mode(sku, Mode::Shared, None)).await;
        let kept = SkuSplit { mode: Mode::Shared, is_split: true, preferred: None, shield: Shield::Half, by_margin: false };
        assert_eq!(shop.read(move |shop| shop.sku_split(sku)).await, Some(kept));
    }

    async fn quotas_are_read_as_they_were_kept(house: House) {
        let shop = Shop::open(&house).await;
        let (sku, connection) = (shop.sku("CAN-1").await, shop.connection().await);
        let (first, second) = (shop.listing(connection, "MLB1").await, shop.listing(connection, "MLB2").await);
        let now = house.now();
        let later = now.plus(Duration::from_secs(3));
        let probe = Probe {
            written_units: Some(5),
            before_units: 2,
            began_at: now,
            shown: Some((later, 4)),
            sold_units: 1,
            given_back_units: 3,
        };
        let full = Quota {
            listing: first,
            bound_units: 7,
            is_known: false,
            is_loose: true,
            is_lowering: true,
            doubt_until: Some(later),
            stray_until: Some(now),
            probe: Some(probe),
            not_before: later,
            moved_at: now,
            looked_at: later,
        };
        let looking = Probe { written_units: None, shown: None, ..probe };
        let quotas = vec![full, Quota { probe: Some(looking), ..Quota::at_zero(second) }];
        let kept = quotas.clone();
        shop.write(move |shop| {
            shop.choose_mode(sku, Mode::Split, None)?;
            shop.keep_quotas(sku, &kept)
        })
        .await;
        assert_eq!(shop.read(move |shop| shop.quotas(sku)).await, quotas);
        assert_eq!(shop.read(move |shop| shop.quota_bound(first)).await, Some(7));
        shop.write(move |shop| shop.keep_quotas(sku, &[Quota::at_zero(second)])).await;
        assert_eq!(shop.read(move |shop| shop.quotas(sku)).await, [Quota::at_zero(second)]);
    }
}
