//! Audit events and their places in the tree.

use domain::OrganizationId;
use store::StoreError;
use store::audit::{
    Event, checkpoints, keep_checkpoint, last_checkpoint, record, sequence, sequenced, tree, unsequenced,
};
use store::audit_page::{AuditEnd, AuditFilter, Whose};
use tokio::task::JoinSet;

use crate::kit::House;
use crate::shop::Shop;

fn event(house: &House, organization: Option<OrganizationId>, subject: &str) -> Event {
    Event {
        id: house.id(),
        organization,
        at: house.now(),
        phase: "done".into(),
        actor: "system:test".into(),
        action: "stock.adjust".into(),
        subject_kind: "sku".into(),
        subject_id: subject.into(),
        details: "{\"units\":\"3\"}".into(),
        seq: None,
    }
}

/// Gives what has no place yet its place; returns how many got one.
async fn sequence_once(db: &store::Db) -> usize {
    db.write(|tx| {
        let (size, mut edge) = tree(tx)?;
        let leaves: Vec<_> =
            unsequenced(tx)?.into_iter().map(|event| (event.id, event.subject_id.into_bytes())).collect();
        edge.extend(leaves.iter().flat_map(|(_, leaf)| leaf));
        sequence(tx, size, &leaves, &edge)?;
        Ok(leaves.len())
    })
    .await
    .expect("sequencing succeeds")
}

on_both! {
    async fn places_have_no_gaps_however_many_write_and_sequence(house: House) {
        const EVENTS: i64 = 120;
        let mut all = JoinSet::new();
        for index in 0..EVENTS {
            let (db, event) = (house.store.installation().clone(), event(&house, None, &index.to_string()));
            all.spawn(async move { db.write(move |tx| record(tx, &event)).await.unwrap() });
        }
        let other = house.open_again().unwrap();
        for index in 0..12 {
            let store = if index % 2 == 0 { house.store.clone() } else { other.clone() };
            all.spawn(async move {
                sequence_once(store.installation()).await;
            });
        }
        all.join_all().await;
        sequence_once(house.store.installation()).await;
        assert_eq!(sequence_once(house.store.installation()).await, 0);
        let placed = house.read(|tx| sequenced(tx, 0, 1_000)).await;
        let numbers: Vec<i64> = placed.iter().filter_map(|(event, _)| event.seq).collect();
        assert_eq!(numbers, (0..EVENTS).collect::<Vec<_>>());
        let (size, edge) = house.write(tree).await;
        assert_eq!(size, EVENTS);
        let in_place: Vec<u8> = placed.into_iter().flat_map(|(_, leaf)| leaf).collect();
        assert_eq!(edge, in_place, "each sequencer went on from the edge that the last one left");
    }

    async fn the_tree_of_a_new_house_is_empty_and_survives_the_process(house: House) {
        assert_eq!(house.write(tree).await, (0, Vec::new()));
        let event = event(&house, None, "a");
        house.write(move |tx| record(tx, &event)).await;
        sequence_once(house.store.installation()).await;
        let again = house.open_again().unwrap();
        assert_eq!(again.installation().write(tree).await, Ok((1, b"a".to_vec())));
    }

    async fn a_place_is_given_once(house: House) {
        let event = event(&house, None, "a");
        let id = event.id;
        house.write(move |tx| record(tx, &event)).await;
        house.write(move |tx| sequence(tx, 0, &[(id, b"a".to_vec())], b"a")).await;
        let moved = house.try_write(move |tx| sequence(tx, 1, &[(id, b"b".to_vec())], b"b")).await;
        assert_eq!(moved, Err(StoreError::RowCount { expected: 1, touched: 0 }));
        assert_eq!(house.write(tree).await, (1, b"a".to_vec()));
    }

    async fn an_event_stands_only_with_the_change_that_it_tells(house: House) {
        let event = event(&house, None, "a");
        let failed = house.try_write(move |tx| {
            record(tx, &event)?;
            Err::<(), _>(StoreError::Driver("later trouble".into()))
        }).await;
        assert!(failed.is_err());
        assert_eq!(house.count("SELECT COUNT(*) FROM audit_event").await, 0);
    }

    async fn an_organization_reads_its_own_events_page_by_page(house: House) {
        let (shop, other) = (Shop::open(&house).await, Shop::open(&house).await);
        for index in 0..5 {
            for shop in [&shop, &other] {
                let event = event(&house, Some(shop.id), &index.to_string());
                shop.write(move |shop| shop.record(&event)).await;
            }
            house.wait(std::time::Duration::from_millis(1));
        }
        let first = shop.read(|shop| shop.audit_page(&AuditFilter::default(), None, 3)).await;
        let before = first[2].id;
        let second = shop.read(move |shop| shop.audit_page(&AuditFilter::default(), Some(before), 3)).await;
        let subjects: Vec<_> = first.iter().chain(&second).map(|event| event.subject_id.as_str()).collect();
        assert_eq!(subjects, ["4", "3", "2", "1", "0"]);
    }

    async fn the_installations_own_events_are_a_list_of_their_own(house: House) {
        let shop = Shop::open(&house).await;
        for index in 0..3 {
            let (own, houses) = (event(&house, Some(shop.id), "own"), event(&house, None, &index.to_string()));
            shop.write(move |shop| shop.record(&own)).await;
            house.write(move |tx| record(tx, &houses)).await;
            house.wait(std::time::Duration::from_millis(1));
        }
        let filter = AuditFilter { whose: Whose::Installation, ..AuditFilter::default() };
        let (asked, narrowed) = (filter.clone(), AuditFilter { subject: Some("1".to_owned()), ..filter });
        let first = shop.read(move |shop| shop.audit_page(&asked, None, 2)).await;
        let (asked, before) = (narrowed.clone(), first[1].id);
        let subjects: Vec<_> = first.iter().map(|event| event.subject_id.as_str()).collect();
        assert_eq!(subjects, ["2", "1"]);
        assert_eq!(shop.read(move |shop| shop.audit_page(&asked, None, 9)).await.len(), 1);
        assert!(shop.read(move |shop| shop.audit_page(&narrowed, Some(before), 9)).await.is_empty());
    }

    async fn an_event_comes_back_as_it_was_told_and_then_with_its_place(house: House) {
        let shop = Shop::open(&house).await;
        let told = event(&house, Some(shop.id), "CAN-1");
        let kept = told.clone();
        shop.write(move |shop| shop.record(&kept)).await;
        assert_eq!(house.read(unsequenced).await, std::slice::from_ref(&told));
        assert_eq!(shop.read(|shop| shop.audit_page(&AuditFilter::default(), None, 9)).await, std::slice::from_ref(&told));
        sequence_once(house.store.installation()).await;
        let placed = Event { seq: Some(0), ..told };
        assert_eq!(shop.read(|shop| shop.audit_page(&AuditFilter::default(), None, 9)).await, [placed]);
    }

    async fn events_are_narrowed_by_each_field_and_by_all_of_them_together(house: House) {
        let shop = Shop::open(&house).await;
        let start = house.now();
        for (action, kind, subject, actor, phase) in [
            ("sku.adjusted", "sku", "CAN-1", "member:ana", "done"),
            ("order.changed", "order", "ORD-1", "system:ingest", "done"),
            ("order.changed", "order", "ORD-2", "system:ingest", "failed"),
            ("session.refused", "session", "", "unknown", "refused"),
            ("listing.linked", "listing", "MLB1", "member:ana", "done"),
        ] {
            let event = Event {
                action: action.into(), subject_kind: kind.into(), actor: actor.into(), phase: phase.into(),
                ..event(&house, Some(shop.id), subject)
            };
            shop.write(move |shop| shop.record(&event)).await;
            house.wait(std::time::Duration::from_millis(1));
        }
        let word = |text: &str| Some(text.to_owned());
        let any = AuditFilter::default;
        for (filter, found) in [
            (AuditFilter { actor: word("member:ana"), ..any() }, vec!["MLB1", "CAN-1"]),
            (AuditFilter { actor: word("system:ingest"), ..any() }, vec!["ORD-2", "ORD-1"]),
            (AuditFilter { kind: word("order"), ..any() }, vec!["ORD-2", "ORD-1"]),
            (AuditFilter { kind: word("sku"), ..any() }, vec!["CAN-1"]),
            (AuditFilter { action: word("order.changed"), ..any() }, vec!["ORD-2", "ORD-1"]),
            (AuditFilter { action: word("listing.linked"), ..any() }, vec!["MLB1"]),
            (AuditFilter { subject: word("ORD-1"), ..any() }, vec!["ORD-1"]),
            (AuditFilter { end: Some(AuditEnd::Failed), ..any() }, vec!["ORD-2"]),
            (AuditFilter { end: Some(AuditEnd::Refused), ..any() }, vec![""]),
            (AuditFilter { end: Some(AuditEnd::Done), ..any() }, vec!["MLB1", "ORD-1", "CAN-1"]),
            (AuditFilter { from: Some(start.plus(std::time::Duration::from_millis(3))), ..any() }, vec!["MLB1", ""]),
            (AuditFilter { until: Some(start.plus(std::time::Duration::from_millis(2))), ..any() }, vec!["ORD-1", "CAN-1"]),
            (AuditFilter { actor: word("member:ana"), kind: word("sku"), end: Some(AuditEnd::Done), ..any() }, vec!["CAN-1"]),
            (AuditFilter { actor: word("member:ana"), kind: word("order"), ..any() }, vec![]),
        ] {
            let asked = filter.clone();
            let events = shop.read(move |shop| shop.audit_page(&asked, None, 9)).await;
            let subjects: Vec<&str> = events.iter().map(|event| event.subject_id.as_str()).collect();
            assert_eq!(subjects, found, "{filter:?}");
        }
    }

    async fn what_was_begun_and_has_no_end_is_found_and_nothing_else(house: House) {
        let shop = Shop::open(&house).await;
        for (subject, phase) in [
            ("ended", "intent"), ("ended", "done"),
            ("failed", "intent"), ("failed", "failed"),
            ("cut off", "intent"),
            ("twice", "intent"), ("twice", "intent"), ("twice", "done"),
        ] {
            let event = Event { phase: phase.into(), ..event(&house, Some(shop.id), subject) };
            shop.write(move |shop| shop.record(&event)).await;
            house.wait(std::time::Duration::from_millis(1));
        }
        let filter = AuditFilter { end: Some(AuditEnd::Open), ..AuditFilter::default() };
        let open = shop.read(move |shop| shop.audit_page(&filter, None, 9)).await;
        let subjects: Vec<&str> = open.iter().map(|event| event.subject_id.as_str()).collect();
        assert_eq!(subjects, ["twice", "cut off"], "the first of two that were begun was cut off, too");
    }

    async fn a_place_for_checkpoints_is_taken_on_by_one(house: House) {
        use store::audit_push::{arrived, push, stayed, take_on};
        let now = house.now();
        assert_eq!(house.read(|tx| push(tx, "folder:1")).await, None);
        assert!(house.write(move |tx| take_on(tx, "folder:1", None, now)).await);
        assert!(!house.write(move |tx| take_on(tx, "folder:1", None, now)).await);
        let later = now.plus(std::time::Duration::from_mins(1));
        assert!(house.write(move |tx| take_on(tx, "folder:1", Some(now), later)).await);
        assert!(!house.write(move |tx| take_on(tx, "folder:1", Some(now), later)).await);
        assert!(house.write(|tx| stayed(tx, "folder:1", "unreachable")).await, "news");
        assert!(!house.write(|tx| stayed(tx, "folder:1", "unreachable")).await);
        assert_eq!(house.read(|tx| push(tx, "folder:1")).await.map(|it| it.failures), Some(2));
        house.write(move |tx| arrived(tx, "folder:1", 9, "nine", later)).await;
        let held = house.read(|tx| push(tx, "folder:1")).await.expect("it was tried");
        assert_eq!((held.newest, held.failures, held.trouble), (Some((9, "nine".into(), later)), 0, None));
    }

    async fn a_phase_that_nobody_knows_is_refused(house: House) {
        let odd = Event { phase: "perhaps".into(), ..event(&house, None, "a") };
        let refused = house.try_write(move |tx| record(tx, &odd)).await;
        assert!(matches!(refused, Err(StoreError::Driver(_))), "{refused:?}");
    }

    async fn an_event_of_another_organization_is_refused(house: House) {
        let (shop, other) = (Shop::open(&house).await, Shop::open(&house).await);
        for whose in [Some(other.id), None] {
            let event = event(&house, whose, "a");
            let refused = shop.data.write(move |shop| shop.record(&event)).await;
            assert_eq!(refused, Err(StoreError::RowCount { expected: 1, touched: 0 }));
        }
        assert_eq!(house.count("SELECT COUNT(*) FROM audit_event").await, 0);
    }

    async fn a_signed_checkpoint_is_never_replaced(house: House) {
        let now = house.now();
        for (size, note) in [(3, "three"), (5, "five"), (3, "forged")] {
            house.write(move |tx| keep_checkpoint(tx, size, note, now)).await;
        }
        assert_eq!(house.read(checkpoints).await, [(3, "three".into()), (5, "five".into())]);
        assert_eq!(house.read(last_checkpoint).await, Some((5, "five".into(), now)));
    }
}
