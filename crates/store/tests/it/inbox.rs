//! The inbox: what was acknowledged is kept, what is the same is folded.

use std::time::Duration;

use domain::{ChannelKind, Timestamp};
use store::StoreError;
use store::inbox::{Hook, Intake, MAX_WAITING, take, waiting};
use tokio::task::JoinSet;

use crate::kit::House;

fn hook(subject_id: &str, received_at: Timestamp) -> Hook {
    Hook {
        channel: ChannelKind::MercadoLivre,
        account_external_id: "4242".into(),
        subject_kind: "order",
        subject_id: subject_id.into(),
        topic: "orders_v2".into(),
        received_at,
    }
}

fn hooks(count: usize, now: Timestamp) -> Vec<Hook> {
    (0..count).map(|index| hook(&format!("{index:05}"), now)).collect()
}

async fn kept(house: &House) -> i64 {
    house.read(waiting).await
}

on_both! {
    async fn a_kept_hook_survives_the_end_of_the_process(house: House) {
        let intake = Intake::start(house.store.installation().clone());
        intake.keep(vec![hook("7", house.now())]).await.unwrap();
        let again = house.open_again().unwrap();
        let taken = again.installation().write(|tx| take(tx, 10)).await.unwrap();
        assert_eq!(taken.len(), 1);
        let hook = &taken[0];
        assert_eq!((hook.channel.as_str(), hook.account_external_id.as_str()), ("mercado_livre", "4242"));
        assert_eq!((hook.subject_kind.as_str(), hook.subject_id.as_str(), hook.topic.as_str()), ("order", "7", "orders_v2"));
        assert_eq!((hook.received_at, hook.count), (house.now(), 1));
    }

    async fn any_number_of_hooks_is_kept_once_each(house: House) {
        let intake = Intake::start(house.store.installation().clone());
        let mut sum = 0;
        for count in [0, 1, 2, 3, 127, 128, 129, 300] {
            intake.keep(hooks(count, house.now())).await.unwrap();
            sum += count;
            assert_eq!(kept(&house).await, i64::try_from(sum).unwrap(), "after {count} more");
        }
    }

    async fn hooks_that_arrive_together_are_all_kept(house: House) {
        let intake = Intake::start(house.store.installation().clone());
        let mut askers = JoinSet::new();
        for index in 0..2_000 {
            let (intake, hook) = (intake.clone(), hook(&index.to_string(), house.now()));
            askers.spawn(async move { intake.keep(vec![hook]).await });
        }
        assert!(askers.join_all().await.iter().all(Result::is_ok));
        assert_eq!(kept(&house).await, 2_000);
    }

    async fn hooks_that_say_the_same_are_folded_and_counted(house: House) {
        let intake = Intake::start(house.store.installation().clone());
        for subject in ["7", "8", "7"] {
            house.wait(Duration::from_secs(1));
            intake.keep(vec![hook(subject, house.now())]).await.unwrap();
        }
        intake.keep(vec![Hook { account_external_id: "other".into(), ..hook("7", house.now()) }]).await.unwrap();
        let (last, sorted) = (house.now(), house.write(|tx| take(tx, 100)).await);
        let told: Vec<_> = sorted.iter()
            .map(|hook| (hook.account_external_id.as_str(), hook.subject_id.as_str(), hook.count, hook.received_at))
            .collect();
        let second = Duration::from_secs(1);
        assert_eq!(told, [("4242", "7", 2, last), ("4242", "8", 1, last.minus(second)), ("other", "7", 1, last)]);
        assert_eq!(kept(&house).await, 0);
    }

    async fn the_oldest_are_taken_first_batch_by_batch_until_there_are_enough(house: House) {
        let intake = Intake::start(house.store.installation().clone());
        for batch in 0..4 {
            let hooks = (0..3).map(|index| hook(&format!("{batch}{index}"), house.now())).collect();
            intake.keep(hooks).await.unwrap();
        }
        for (enough, subjects) in [(1, "00 01 02"), (4, "10 11 12 20 21 22"), (9, "30 31 32"), (9, "")] {
            let taken = house.write(move |tx| take(tx, enough)).await;
            let taken: Vec<_> = taken.iter().map(|hook| hook.subject_id.as_str()).collect();
            assert_eq!(taken.join(" "), subjects);
        }
    }

    async fn whatever_a_platform_calls_things_is_kept_as_it_is(house: House) {
        let intake = Intake::start(house.store.installation().clone());
        let odd = "\"],[\\\u{1F4E6}\n\u{0}é";
        let odd_hook = Hook { topic: odd.into(), account_external_id: odd.into(), ..hook(odd, house.now()) };
        // PostgreSQL keeps no NUL in a text; inside of JSON it is written in letters.
        intake.keep(vec![odd_hook]).await.unwrap();
        let taken = house.write(|tx| take(tx, 10)).await;
        let told: Vec<_> = taken
            .iter()
            .map(|hook| (hook.topic.as_str(), hook.account_external_id.as_str(), hook.subject_id.as_str()))
            .collect();
        assert_eq!(told, [(odd, odd, odd)]);
    }

    async fn hooks_taken_by_a_sorting_that_fails_stay_in_the_inbox(house: House) {
        let intake = Intake::start(house.store.installation().clone());
        intake.keep(hooks(5, house.now())).await.unwrap();
        let failed = house.try_write(|tx| {
            assert_eq!(take(tx, 100)?.len(), 5);
            Err::<(), _>(StoreError::Driver("no job could be made".into()))
        }).await;
        assert!(failed.is_err());
        assert_eq!(kept(&house).await, 5);
    }

    async fn two_sorters_never_take_the_same_hook(house: House) {
        let intake = Intake::start(house.store.installation().clone());
        for hook in hooks(300, house.now()) {
            intake.keep(vec![hook]).await.unwrap();
        }
        let mut sorters = JoinSet::new();
        for _ in 0..4 {
            let db = house.store.installation().clone();
            sorters.spawn(async move {
                let mut mine = Vec::new();
                for _ in 0..20 {
                    mine.extend(db.write(|tx| take(tx, 20)).await.unwrap());
                }
                mine
            });
        }
        let taken = sorters.join_all().await.concat();
        assert_eq!(taken.len(), 300);
        assert!(taken.iter().all(|hook| hook.count == 1));
    }

    async fn a_hook_beyond_what_may_wait_is_refused_at_once_and_the_others_are_kept(house: House) {
        let gate = house.shut_gate();
        let intake = Intake::start(house.store.installation().clone());
        let mut askers = JoinSet::new();
        // Beside those that wait, a few batches are under way.
        for index in 0..MAX_WAITING + 4_096 {
            let (intake, hook) = (intake.clone(), hook(&index.to_string(), house.now()));
            askers.spawn(async move { intake.keep(vec![hook]).await });
        }
        let first = askers.join_next().await.unwrap().unwrap();
        assert_eq!(first, Err(StoreError::Overloaded));
        gate.open();
        let answers = askers.join_all().await;
        let acknowledged = answers.iter().filter(|answer| answer.is_ok()).count();
        assert!(acknowledged >= MAX_WAITING);
        assert_eq!(kept(&house).await, i64::try_from(acknowledged).unwrap());
    }

    async fn an_inbox_that_cannot_write_says_so(house: House) {
        house.write(|tx| tx.execute("DROP TABLE hook_batch", &[])).await;
        let intake = Intake::start(house.store.installation().clone());
        let answer = intake.keep(vec![hook("7", house.now())]).await;
        assert!(matches!(answer, Err(StoreError::Driver(_))), "{answer:?}");
    }
}
