//! Kits: what is read of them, and that each of their states has a version of its own.

use domain::kit::{Component, VERSIONS_FROM};
use domain::{Actor, Effect, EntryKind, LineId, SkuId, StockTakeId, Tally};
use store::StoreError;
use store::kits::kits_that_differ;
use store::pages::{SkuFilter, SkuShow};
use store::stock::NewEntry;
use store::stock_takes::{Counting, TakeState};
use tokio::task::JoinSet;

use crate::kit::House;
use crate::shop::Shop;

impl Shop<'_> {
    /// A kit of so many units of these.
    async fn kit(&self, code: &str, parts: &[(SkuId, i64)]) -> SkuId {
        let kit = self.sku(code).await;
        self.recipe(kit, parts).await;
        kit
    }

    async fn recipe(&self, kit: SkuId, parts: &[(SkuId, i64)]) {
        let parts: Vec<Component> =
            parts.iter().map(|(sku, units)| Component { sku: *sku, units: *units }).collect();
        self.write(move |shop| shop.keep_recipe(kit, &parts)).await;
    }

    async fn kits(&self, kit: SkuId) -> Tally {
        self.read(move |shop| shop.sku(kit)).await.expect("it is there").tally
    }
}

fn effect(house: &House, sku: SkuId, line: LineId, effect: Effect, units: i64) -> NewEntry {
    NewEntry {
        id: house.id(),
        sku,
        kind: EntryKind::Line(effect),
        delta: effect.delta(units),
        line: Some(line),
        reason: String::new(),
        actor: Actor::system("orders"),
    }
}

on_both! {
    async fn a_kit_has_what_its_scarcest_component_allows_and_a_version_for_each_state(house: House) {
        let shop = Shop::open(&house).await;
        let (vase, screw) = (shop.stocked("VASE", 10).await, shop.stocked("SCREW", 9).await);
        let kit = shop.kit("KIT", &[(vase, 3), (screw, 2)]).await;
        let first = shop.kits(kit).await;
        assert_eq!((first.on_hand_units, first.reserved_units, first.available_units()), (3, 0, 3));
        assert!(first.version > VERSIONS_FROM);
        shop.append(&shop.count(screw, -6)).await;
        let second = shop.kits(kit).await;
        assert_eq!(second.available_units(), 1);
        assert!(second.version > first.version, "an entry of a component is a new state");
        shop.append(&shop.count(screw, -9)).await;
        assert_eq!(shop.kits(kit).await.available_units(), 0, "never less than none");
        shop.recipe(kit, &[(vase, 1)]).await;
        let third = shop.kits(kit).await;
        assert_eq!((third.available_units(), third.version > second.version), (10, true));
        let before = shop.kits(kit).await;
        shop.append(&shop.count(screw, 1)).await;
        assert_eq!(shop.kits(kit).await, before, "what is in it no more does not move it");
        assert_eq!(house.read(kits_that_differ).await, Vec::<SkuId>::new());
        shop.recipe(kit, &[]).await;
        let plain = shop.kits(kit).await;
        assert_eq!(plain, Tally::default());
        assert_eq!(house.read(kits_that_differ).await, Vec::<SkuId>::new());
        shop.recipe(kit, &[(vase, 1)]).await;
        assert!(shop.kits(kit).await.version > third.version, "no version comes back");
    }

    async fn a_kit_has_no_ledger(house: House) {
        let shop = Shop::open(&house).await;
        let vase = shop.stocked("VASE", 10).await;
        let kit = shop.kit("KIT", &[(vase, 3)]).await;
        let (entry, now) = (shop.count(kit, 1), house.now());
        let refused = shop.data.write(move |shop| shop.append(&entry, now)).await;
        assert_eq!(refused, Err(StoreError::Locked));
        let held = shop.read(move |shop| shop.components(kit)).await;
        assert_eq!((held.len(), held[0].units, held[0].sku.is_component), (1, 3, true));
        assert_eq!(shop.read(move |shop| shop.kits_of(&[vase, kit])).await, [kit]);
    }

    async fn a_line_has_each_effect_once_on_each_component(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let (vase, screw) = (shop.stocked("VASE", 10).await, shop.stocked("SCREW", 9).await);
        let (line, _) = shop.line(connection, "2000").await;
        assert!(shop.append(&effect(&house, vase, line, Effect::Reserve, 3)).await.is_some());
        assert!(shop.append(&effect(&house, screw, line, Effect::Reserve, 2)).await.is_some());
        assert!(shop.append(&effect(&house, screw, line, Effect::Reserve, 2)).await.is_none());
        let mut booked = vec![(vase, 3), (screw, 2)];
        booked.sort_unstable();
        assert_eq!(shop.read(move |shop| shop.booked(line)).await, booked);
    }

    async fn sales_of_different_components_at_once_are_different_states_of_their_kit(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let mut parts = Vec::new();
        for code in ["A", "B", "C", "D"] {
            parts.push((shop.stocked(code, 100).await, 1));
        }
        let kit = shop.kit("KIT", &parts).await;
        let first = shop.kits(kit).await.version;
        let mut writers = JoinSet::new();
        for (number, (part, _)) in parts.iter().enumerate() {
            let (line, _) = shop.line(connection, &format!("30{number}")).await;
            let (entry, part, now) = (effect(&house, *part, line, Effect::Reserve, 1), *part, house.now());
            let data = shop.data.clone();
            writers.spawn(async move {
                let sold = data.write(move |shop| {
                    shop.hold_kits_of(&[part])?;
                    shop.append(&entry, now)?;
                    Ok(shop.sku(kit)?.map(|kit| kit.tally.version))
                });
                sold.await.unwrap().unwrap()
            });
        }
        let mut versions = writers.join_all().await;
        versions.sort_unstable();
        versions.dedup();
        assert_eq!(versions.len(), parts.len(), "each of them sold in a state of its own");
        assert!(versions.iter().all(|version| *version > first));
        assert_eq!(shop.kits(kit).await.available_units(), 99);
    }

    async fn lists_know_what_can_be_had_of_kits(house: House) {
        let shop = Shop::open(&house).await;
        let (vase, screw) = (shop.stocked("VASE", 2).await, shop.stocked("SCREW", 9).await);
        shop.kit("NONE", &[(vase, 3)]).await;
        shop.kit("SOME", &[(screw, 3)]).await;
        let codes = |show| {
            let filter = SkuFilter { show, ..SkuFilter::default() };
            async {
                let rows = shop.read(move |shop| shop.sku_page("", &filter)).await;
                rows.into_iter().map(|(sku, _)| sku.code).collect::<Vec<_>>()
            }
        };
        assert_eq!(codes(SkuShow::Out).await, ["NONE"]);
        assert_eq!(codes(SkuShow::Oversold).await, Vec::<String>::new());
        assert_eq!(codes(SkuShow::All).await.len(), 4);
        assert_eq!(codes(SkuShow::Low { sold_since: domain::Timestamp::EPOCH }).await, Vec::<String>::new());
    }

    async fn a_component_of_another_shop_is_none(house: House) {
        let (ours, theirs) = (Shop::open(&house).await, Shop::open(&house).await);
        let (kit, part) = (ours.sku("KIT").await, theirs.stocked("VASE", 5).await);
        let recipe = [Component { sku: part, units: 1 }];
        let refused = ours.data.write(move |shop| shop.keep_recipe(kit, &recipe)).await;
        assert!(matches!(refused, Err(StoreError::RowCount { .. })), "{refused:?}");
        assert_eq!(ours.read(move |shop| shop.recipe(kit)).await, []);
    }
}

on_both! {
    async fn two_people_count_at_once_and_what_moved_meanwhile_is_known(house: House) {
        let shop = Shop::open(&house).await;
        let (vase, now) = (shop.stocked("VASE", 10).await, house.now());
        let take: StockTakeId = house.id();
        shop.write(move |shop| shop.begin_stock_take(take, &Actor::system("test"), now)).await;
        let mut counters = JoinSet::new();
        for _ in 0..8 {
            let data = shop.data.clone();
            let work = move |shop: &mut store::Tenant<'_, '_>| {
                shop.hold_stock_take(take)?;
                shop.count_line(take, vase, Counting::More(2), now)
            };
            counters.spawn(async move { data.write(work).await.unwrap() });
        }
        let mut seen = counters.join_all().await;
        seen.sort_unstable();
        assert_eq!(seen, [2, 4, 6, 8, 10, 12, 14, 16]);
        shop.append(&shop.count(vase, -1)).await;
        let lines = shop.read(move |shop| shop.stock_take_lines(take)).await;
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((line.counted_units, line.expected_units, line.on_hand_units), (16, 10, 9));
        assert!(!line.has_moved, "it moved after it was counted");
        shop.write(move |shop| shop.count_line(take, vase, Counting::More(1), now)).await;
        let line = shop.read(move |shop| shop.stock_take_lines(take)).await.remove(0);
        assert_eq!((line.counted_units, line.expected_units, line.has_moved), (17, 9, true));
        shop.write(move |shop| shop.count_line(take, vase, Counting::Exactly(4), now)).await;
        let line = shop.read(move |shop| shop.stock_take_lines(take)).await.remove(0);
        assert_eq!((line.counted_units, line.has_moved), (4, false), "all of it was counted anew");
    }

    async fn a_count_that_is_over_takes_nothing_more(house: House) {
        let shop = Shop::open(&house).await;
        let (vase, now) = (shop.stocked("VASE", 10).await, house.now());
        let take: StockTakeId = house.id();
        let by = Actor::system("test");
        shop.write(move |shop| {
            shop.begin_stock_take(take, &by, now)?;
            shop.end_stock_take(take, TakeState::Left, "", &by, now)
        })
        .await;
        let late = shop.data.write(move |shop| shop.count_line(take, vase, Counting::More(1), now)).await;
        assert!(matches!(late, Err(StoreError::RowCount { .. })), "{late:?}");
        let by = Actor::system("test");
        let again = shop.data.write(move |shop| shop.end_stock_take(take, TakeState::Applied, "x", &by, now)).await;
        assert!(matches!(again, Err(StoreError::RowCount { .. })), "{again:?}");
    }
}
