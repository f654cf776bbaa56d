//! The stock ledger: its sums, its numbering, and who has to be told.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{
    Actor, Delta, Effect, Entropy, EntryKind, LedgerEntryId, LineId, ListingId, OutboxId, SkuId, Tally,
};
use store::StoreError;
use store::pages::{SkuFilter, SkuShow};
use store::stock::{NewEntry, sums_that_differ};
use tokio::task::JoinSet;

use crate::kit::House;
use crate::shop::Shop;

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

impl Shop<'_> {
    async fn tally(&self, sku: SkuId) -> Tally {
        self.read(move |shop| shop.sku(sku)).await.expect("the SKU is there").tally
    }

    async fn put_out_again(&self, listing: ListingId, version: i64) {
        let (id, now) = (self.house.id(), self.house.now());
        self.write(move |shop| shop.put_out_again(id, listing, version, now)).await;
    }

    async fn confirm(&self, listing: ListingId, version: i64) {
        let now = self.house.now();
        self.write(move |shop| shop.note_confirmed(listing, 5, version, now)).await;
    }

    async fn versions(&self, sku: SkuId) -> Vec<i64> {
        let entries = self.read(move |shop| shop.ledger(sku, i64::MAX, 1_000)).await;
        entries.into_iter().map(|entry| entry.version).collect()
    }
}

on_both! {
    async fn an_entry_moves_the_sums_and_counts_the_version_up(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.sku("CAN-1").await;
        let (line, _) = shop.line(connection, "2000").await;
        let after_count = shop.append(&shop.count(sku, 10)).await.unwrap();
        assert_eq!(after_count, Tally { on_hand_units: 10, reserved_units: 0, safety_units: 0, version: 1 });
        let after_sale = shop.append(&effect(&house, sku, line, Effect::Reserve, 2)).await.unwrap();
        assert_eq!(after_sale, Tally { on_hand_units: 10, reserved_units: 2, safety_units: 0, version: 2 });
        let after_shipping = shop.append(&effect(&house, sku, line, Effect::Take, 2)).await.unwrap();
        assert_eq!(after_shipping, Tally { on_hand_units: 8, reserved_units: 0, safety_units: 0, version: 3 });
        assert_eq!(shop.tally(sku).await, after_shipping);
    }

    async fn one_effect_of_one_line_happens_once(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.stocked("CAN-1", 10).await;
        let (line, _) = shop.line(connection, "2000").await;
        assert!(shop.append(&effect(&house, sku, line, Effect::Reserve, 2)).await.is_some());
        let before = shop.tally(sku).await;
        assert_eq!(shop.append(&effect(&house, sku, line, Effect::Reserve, 2)).await, None);
        assert_eq!(shop.tally(sku).await, before);
        assert_eq!(shop.versions(sku).await, [2, 1]);
    }

    /// ASVS 2.3.4.
    async fn one_effect_asked_for_by_many_at_once_happens_once(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.stocked("CAN-1", 10).await;
        let (line, _) = shop.line(connection, "2000").await;
        let mut writers = JoinSet::new();
        for _ in 0..8 {
            let (data, now) = (shop.data.clone(), house.now());
            let entry = effect(&house, sku, line, Effect::Reserve, 2);
            writers.spawn(async move { data.write(move |shop| shop.append(&entry, now)).await });
        }
        let mut reserved = 0;
        for answer in writers.join_all().await {
            match answer {
                Ok(Some(_)) => reserved += 1,
                Ok(None) | Err(StoreError::Duplicate(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(reserved, 1);
        assert_eq!((shop.tally(sku).await.reserved_units, shop.versions(sku).await), (2, vec![2, 1]));
    }

    async fn a_count_may_happen_as_often_as_a_person_wants(house: House) {
        let shop = Shop::open(&house).await;
        let sku = shop.stocked("CAN-1", 5).await;
        for _ in 0..3 {
            assert!(shop.append(&shop.count(sku, 1)).await.is_some());
        }
        assert_eq!(shop.tally(sku).await.on_hand_units, 8);
    }

    async fn concurrent_entries_of_one_sku_are_numbered_without_gaps(house: House) {
        let shop = Shop::open(&house).await;
        let sku = shop.sku("CAN-1").await;
        let other = house.open_again().unwrap().organization(shop.id);
        let mut writers = JoinSet::new();
        for index in 0..60 {
            let data = if index % 2 == 0 { shop.data.clone() } else { other.clone() };
            let (entry, now) = (shop.count(sku, 1), house.now());
            writers.spawn(async move { data.write(move |shop| shop.append(&entry, now)).await.unwrap().unwrap() });
        }
        let mut answered: Vec<i64> = writers.join_all().await.into_iter().map(|tally| {
            assert_eq!(tally.version, tally.on_hand_units, "each answer is the sum at its own version");
            tally.version
        }).collect();
        answered.sort_unstable();
        assert_eq!(answered, (1..=60).collect::<Vec<_>>());
        assert_eq!(shop.versions(sku).await, (1..=60).rev().collect::<Vec<_>>());
    }

    async fn an_entry_of_an_unknown_sku_is_refused(house: House) {
        let shop = Shop::open(&house).await;
        let (entry, now) = (shop.count(house.id(), 1), house.now());
        let refused = shop.data.write(move |shop| shop.append(&entry, now)).await;
        assert_eq!(refused, Err(StoreError::RowCount { expected: 1, touched: 0 }));
    }

    async fn units_that_were_never_set_aside_cannot_come_back(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.stocked("CAN-1", 10).await;
        let (line, _) = shop.line(connection, "2000").await;
        let (entry, now) = (effect(&house, sku, line, Effect::Release, 2), house.now());
        let refused = shop.data.write(move |shop| shop.append(&entry, now)).await;
        assert!(matches!(refused, Err(StoreError::Driver(_))), "{refused:?}");
        assert_eq!(shop.versions(sku).await, [1]);
    }

    /// ASVS 1.4.2.
    async fn the_sums_are_those_of_the_ledger_after_any_history(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let skus = [shop.sku("A").await, shop.sku("B").await, shop.sku("C").await];
        let entropy = house.entropy();
        let pick = |bound: u64| usize::try_from(entropy.below(bound)).unwrap();
        let mut expected: BTreeMap<SkuId, Tally> = skus.iter().map(|sku| (*sku, Tally::default())).collect();
        for number in 0..60 {
            let sku = skus[pick(3)];
            let entries = if pick(2) == 0 {
                vec![shop.count(sku, i64::try_from(pick(40)).unwrap() - 10)]
            } else {
                let (line, _) = shop.line(connection, &number.to_string()).await;
                let units = i64::try_from(pick(5)).unwrap() + 1;
                let end = [Effect::Take, Effect::Release][pick(2)];
                vec![effect(&house, sku, line, Effect::Reserve, units), effect(&house, sku, line, end, units)]
            };
            for entry in entries.iter().take(1 + pick(2)) {
                let tally = expected[&sku].after(entry.delta);
                assert_eq!(shop.append(entry).await, Some(tally));
                expected.insert(sku, tally);
            }
        }
        for (sku, tally) in expected {
            assert_eq!(shop.tally(sku).await, tally);
        }
        assert_eq!(house.read(sums_that_differ).await, []);
    }

    async fn a_sum_changed_behind_the_ledger_is_found(house: House) {
        let shop = Shop::open(&house).await;
        let (right, wrong, empty) = (shop.stocked("A", 3).await, shop.stocked("B", 3).await, shop.sku("C").await);
        assert_eq!(house.read(sums_that_differ).await, []);
        for column in ["on_hand_units", "reserved_units", "version"] {
            let sql = move |sign: char| format!("UPDATE sku SET {column} = {column} {sign} 1 WHERE code = 'B'");
            house.write(move |tx| tx.execute(&sql('+'), &[])).await;
            assert_eq!(house.read(sums_that_differ).await, [wrong], "{column}");
            house.write(move |tx| tx.execute(&sql('-'), &[])).await;
        }
        house.write(|tx| tx.execute("UPDATE sku SET on_hand_units = 1 WHERE code = 'C'", &[])).await;
        assert_eq!(house.read(sums_that_differ).await, [empty]);
        house.write(|tx| tx.execute("DELETE FROM ledger WHERE sku_id = (SELECT id FROM sku WHERE code = 'A')", &[])).await;
        let found = house.read(sums_that_differ).await;
        assert!(found.contains(&right) && found.contains(&empty) && !found.contains(&wrong));
    }

    async fn a_ledger_row_tells_its_order_its_reason_and_its_author(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.stocked("CAN-1", 10).await;
        let (line, order) = shop.line(connection, "2000").await;
        shop.append(&effect(&house, sku, line, Effect::Reserve, 2)).await;
        let rows = shop.read(move |shop| shop.ledger(sku, i64::MAX, 10)).await;
        assert_eq!(rows[0].order, Some((order, "2000".into())));
        assert_eq!((rows[0].kind, rows[0].delta), (EntryKind::Line(Effect::Reserve), Delta { on_hand_units: 0, reserved_units: 2 }));
        assert_eq!((rows[1].order.clone(), rows[1].reason.as_str(), rows[1].actor.as_str()), (None, "contagem", "system:test"));
        assert_eq!(shop.read(move |shop| shop.ledger(sku, 2, 10)).await, rows[1..]);
        assert_eq!(shop.read(move |shop| shop.ledger(sku, 1, 10)).await, []);
    }

    async fn a_code_that_is_taken_gives_the_sku_that_stands(house: House) {
        let shop = Shop::open(&house).await;
        let first = shop.stocked("CAN-1", 4).await;
        let (id, now) = (house.id(), house.now());
        let again = shop.write(move |shop| shop.create_sku(id, "CAN-1", "Outra", now)).await;
        assert_eq!((again.id, again.title.as_str(), again.tally.on_hand_units), (first, "Caneca azul", 4));
    }

    async fn units_kept_back_are_not_a_ledger_entry(house: House) {
        let shop = Shop::open(&house).await;
        let sku = shop.stocked("CAN-1", 4).await;
        shop.write(move |shop| shop.set_safety(sku, 3)).await;
        let tally = shop.tally(sku).await;
        assert_eq!((tally.safety_units, tally.version, tally.available_units()), (3, 1, 1));
        let negative = shop.data.write(move |shop| shop.set_safety(sku, -1)).await;
        assert!(matches!(negative, Err(StoreError::Driver(_))), "{negative:?}");
    }

    async fn skus_sold_more_often_than_they_lie_on_the_shelf_are_shown(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.stocked("FULL", 9).await;
        let short = shop.stocked("SHORT", 1).await;
        let (line, _) = shop.line(connection, "2000").await;
        shop.append(&effect(&house, short, line, Effect::Reserve, 3)).await;
        assert_eq!(shop.read(|shop| shop.oversold()).await, [(short, "SHORT".into(), 2)]);
    }

    async fn a_listing_is_told_a_version_once(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let listing = shop.listing(connection, "MLB1").await;
        let now = house.now();
        for (version, first_time) in [(1, true), (2, true), (1, false), (2, false), (3, true)] {
            let id: OutboxId = house.id();
            assert_eq!(shop.write(move |shop| shop.put_out(id, listing, version, None, now)).await, first_time);
        }
        assert_eq!(shop.read(move |shop| shop.due_version(listing)).await, Some(3));
    }

    async fn a_confirmation_settles_what_was_due_up_to_its_version_and_no_more(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let listing = shop.listing(connection, "MLB1").await;
        let other = shop.listing(connection, "MLB2").await;
        let order = shop.order(connection, &crate::shop::snapshot("2000")).await;
        let now = house.now();
        for (listing, version) in [(listing, 1), (listing, 2), (listing, 3), (other, 1)] {
            let id: OutboxId = house.id();
            shop.write(move |shop| shop.put_out(id, listing, version, Some(order), now)).await;
        }
        shop.write(move |shop| shop.note_confirmed(listing, 5, 2, now)).await;
        assert_eq!(shop.read(move |shop| shop.due_version(listing)).await, Some(3));
        assert_eq!(shop.read(move |shop| shop.due_version(other)).await, Some(1));
        let told = shop.read(move |shop| shop.told(order)).await;
        assert_eq!(told.iter().filter(|told| told.told_at == Some(now) && told.units == Some(5)).count(), 2);

        shop.write(move |shop| shop.note_confirmed(listing, 4, 3, now)).await;
        shop.write(move |shop| shop.note_confirmed(listing, 6, 1, now)).await;
        assert_eq!(shop.read(move |shop| shop.due_version(listing)).await, None);
        let row = shop.read(move |shop| shop.listing(listing)).await.unwrap();
        assert_eq!((row.confirmed_version, row.confirmed_units), (3, Some(6)), "a late confirmation does not step back");
    }

    async fn the_sums_of_any_version_can_be_told_again(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.stocked("CAN-1", 10).await;
        let (line, _) = shop.line(connection, "2000").await;
        shop.append(&effect(&house, sku, line, Effect::Reserve, 2)).await;
        shop.append(&effect(&house, sku, line, Effect::Take, 2)).await;
        for (version, on_hand_units, reserved_units) in [(0, 0, 0), (1, 10, 0), (2, 10, 2), (3, 8, 0)] {
            let expected = Tally { on_hand_units, reserved_units, safety_units: 0, version };
            assert_eq!(shop.read(move |shop| shop.tally_at(sku, version)).await, expected);
        }
        let unknown = house.id();
        let nothing = shop.read(move |shop| shop.tally_at(unknown, 5)).await;
        assert_eq!((nothing.on_hand_units, nothing.reserved_units), (0, 0));
    }

    async fn the_stock_of_any_moment_and_what_a_listing_had_been_told_can_be_told_again(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.stocked("CAN-1", 10).await;
        let listing = shop.listing(connection, "MLB1").await;
        let (line, _) = shop.line(connection, "2000").await;
        let counted = house.now();
        shop.put_out_again(listing, 1).await;
        shop.confirm(listing, 1).await;
        house.wait(Duration::from_secs(5));
        shop.append(&effect(&house, sku, line, Effect::Reserve, 2)).await;
        let sold = house.now();
        for (at, version, told) in [
            (counted.minus(Duration::from_millis(1)), 0, None),
            (counted, 1, Some(5)),
            (sold.minus(Duration::from_millis(1)), 1, Some(5)),
            (sold, 2, Some(5)),
            (sold.plus(Duration::from_hours(1)), 2, Some(5)),
        ] {
            let seen = shop.read(move |shop| Ok((shop.version_at(sku, at)?, shop.told_at(listing, at)?))).await;
            assert_eq!((seen.0, seen.1.map(|told| told.units)), (version, told), "{at:?}");
        }
    }

    async fn what_sold_since_a_moment_is_counted_without_what_was_cancelled_and_says_which_run_low(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let (fast, slow) = (shop.stocked("FAST", 20).await, shop.stocked("SLOW", 20).await);
        let (long_ago, _) = shop.line(connection, "1999").await;
        shop.append(&effect(&house, slow, long_ago, Effect::Reserve, 19)).await;
        house.wait(Duration::from_hours(1));
        let since = house.now();
        for (number, sku, units, kept) in
            [("2000", fast, 10, true), ("2001", fast, 6, false), ("2002", fast, 5, true), ("2003", slow, 1, false)]
        {
            let (line, _) = shop.line(connection, number).await;
            shop.append(&effect(&house, sku, line, Effect::Reserve, units)).await;
            if !kept {
                shop.append(&effect(&house, sku, line, Effect::Release, units)).await;
            }
        }
        let sold = shop.read(move |shop| shop.sold_since(&[fast, slow], since)).await;
        assert_eq!(sold, BTreeMap::from([(fast, 15), (slow, 0)]));
        let running_low = SkuShow::Low { sold_since: since };
        let low = shop.read(move |shop| shop.sku_page("", &SkuFilter { show: running_low, ..SkuFilter::default() })).await;
        assert!(low.is_empty(), "five units at fifteen a month last ten days");
        shop.append(&shop.count(fast, -2)).await;
        let low = shop.read(move |shop| shop.sku_page("", &SkuFilter { show: running_low, ..SkuFilter::default() })).await;
        assert_eq!(low.iter().map(|(sku, _)| sku.id).collect::<Vec<_>>(), [fast]);
    }

    async fn a_version_that_was_told_can_be_put_out_again(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let listing = shop.listing(connection, "MLB1").await;
        let due = async || shop.read(move |shop| shop.due_version(listing)).await;
        shop.put_out_again(listing, 3).await;
        assert_eq!(due().await, Some(3), "never put out before");
        shop.put_out_again(listing, 3).await;
        assert_eq!(house.count("SELECT COUNT(*) FROM outbox").await, 1);
        shop.confirm(listing, 3).await;
        assert_eq!(due().await, None);
        shop.put_out_again(listing, 3).await;
        assert_eq!(due().await, Some(3));
        shop.confirm(listing, 3).await;
        assert_eq!(due().await, None);
    }

    async fn the_lag_of_a_connection_is_how_long_its_last_told_listing_waited(house: House) {
        let shop = Shop::open(&house).await;
        let (connection, other) = (shop.connection().await, shop.connection().await);
        let listing = shop.listing(connection, "MLB1").await;
        let lag = async |of| shop.read(move |shop| shop.lag(of)).await;
        for (version, seconds) in [(1, 40), (2, 7)] {
            let (id, now) = (house.id(), house.now());
            shop.write(move |shop| shop.put_out(id, listing, version, None, now)).await;
            house.wait(Duration::from_secs(seconds));
            shop.confirm(listing, version).await;
            assert_eq!(lag(connection).await, Some(Duration::from_secs(seconds)));
        }
        assert_eq!(lag(other).await, None, "nothing was told there");
    }

    async fn a_listing_put_out_again_waits_from_then_on_or_from_when_it_already_waited(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let listing = shop.listing(connection, "MLB1").await;
        let lag = async || shop.read(move |shop| shop.lag(connection)).await;
        shop.put_out_again(listing, 1).await;
        shop.confirm(listing, 1).await;
        house.wait(Duration::from_hours(48));
        shop.put_out_again(listing, 1).await;
        house.wait(Duration::from_secs(2));
        shop.put_out_again(listing, 1).await;
        house.wait(Duration::from_secs(3));
        shop.confirm(listing, 1).await;
        assert_eq!(lag().await, Some(Duration::from_secs(5)), "not the two days since it was first told");
    }

    async fn a_listing_linked_to_another_sku_has_everything_to_be_told(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let (listing, sku, now) = (shop.listing(connection, "MLB1").await, shop.sku("CAN-1").await, house.now());
        shop.write(move |shop| shop.note_confirmed(listing, 5, 9, now)).await;
        shop.write(move |shop| shop.link_listing(listing, Some(sku))).await;
        let row = shop.read(move |shop| shop.listings_of_sku(sku)).await.remove(0);
        assert_eq!((row.id, row.confirmed_version), (listing, 0));
    }

    /// ASVS 2.3.3, 16.5.3.
    async fn a_change_that_fails_leaves_neither_entry_nor_sum(house: House) {
        let shop = Shop::open(&house).await;
        let sku = shop.stocked("CAN-1", 4).await;
        let (entry, now) = (shop.count(sku, 1), house.now());
        let _: Result<(), _> = shop.data.write(move |shop| {
            shop.append(&entry, now)?;
            Err(StoreError::Driver("later trouble".into()))
        }).await;
        assert_eq!((shop.tally(sku).await.version, shop.versions(sku).await), (1, vec![1]));
    }
}

#[test]
fn entries_have_ids_of_their_own() {
    // A guard of the kit: were ids the same, the uniqueness tests above would prove nothing.
    crate::kit::on_sqlite(async |house: House| {
        assert_ne!(house.id::<LedgerEntryId>(), house.id::<LedgerEntryId>());
    });
}
