//! Audit events and their places in the tree.

use domain::OrganizationId;
use store::StoreError;
use store::audit::{
    Event, checkpoints, keep_checkpoint, last_checkpoint, record, sequence, sequenced, tree, unsequenced,
};
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
        let first = shop.read(|shop| shop.audit_page(None, "", 3)).await;
        let before = first[2].id;
        let second = shop.read(move |shop| shop.audit_page(Some(before), "", 3)).await;
        let subjects: Vec<_> = first.iter().chain(&second).map(|event| event.subject_id.as_str()).collect();
        assert_eq!(subjects, ["4", "3", "2", "1", "0"]);
    }

    async fn an_event_comes_back_as_it_was_told_and_then_with_its_place(house: House) {
        let shop = Shop::open(&house).await;
        let told = event(&house, Some(shop.id), "CAN-1");
        let kept = told.clone();
        shop.write(move |shop| shop.record(&kept)).await;
        assert_eq!(house.read(unsequenced).await, std::slice::from_ref(&told));
        assert_eq!(shop.read(|shop| shop.audit_page(None, "", 9)).await, std::slice::from_ref(&told));
        sequence_once(house.store.installation()).await;
        let placed = Event { seq: Some(0), ..told };
        assert_eq!(shop.read(|shop| shop.audit_page(None, "", 9)).await, [placed]);
    }

    async fn events_are_found_by_the_beginning_of_their_action_by_subject_or_by_actor(house: House) {
        let shop = Shop::open(&house).await;
        for (action, subject, actor) in [
            ("stock.adjust", "CAN-1", "member:ana"), ("stock.link", "MLB1", "system:import"),
            ("connection.sign_in", "4242", "member:ana"),
        ] {
            let event = Event { action: action.into(), actor: actor.into(), ..event(&house, Some(shop.id), subject) };
            shop.write(move |shop| shop.record(&event)).await;
            house.wait(std::time::Duration::from_millis(1));
        }
        let find = async |text: &'static str| {
            let found = shop.read(move |shop| shop.audit_page(None, text, 9)).await;
            found.into_iter().map(|event| event.subject_id).collect::<Vec<_>>()
        };
        assert_eq!(find("stock").await, ["MLB1", "CAN-1"]);
        assert_eq!(find("Stock.A").await, ["CAN-1"], "in either case");
        assert_eq!(find("connection.sign_").await, ["4242"], "an underscore means itself");
        assert_eq!(find("MLB1").await, ["MLB1"]);
        assert_eq!(find("member:ana").await, ["4242", "CAN-1"]);
        for nothing in ["adjust", "MLB", "member", "%", "_", "\\"] {
            assert_eq!(find(nothing).await, [""; 0], "{nothing}");
        }
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
