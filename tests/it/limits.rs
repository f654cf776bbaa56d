//! The house's limits hold for all its processes, and nobody's address is in them.

use std::time::Duration;

use domain::limit::{MESSAGE_PER_NETWORK, MESSAGE_PER_RECIPIENT, Place, Taken, sign_in_limits};

const NETWORK: &str = "203.0.113.9";
const RECIPIENT: &str = "+55 11 98765-4321";

on_both! {
    async fn one_message_in_thirty_seconds_from_a_network_and_to_a_recipient_at_all_nodes_together(shop) {
        let other = shop.second_process("node-2").await;
        let both = [(MESSAGE_PER_NETWORK, NETWORK), (MESSAGE_PER_RECIPIENT, RECIPIENT)];
        assert_eq!(shop.app().limits().take(&both).await.expect("an answer"), Taken::Allowed);
        shop.wait(Duration::from_secs(12));
        let refused = other.limits().take(&both).await.expect("an answer");
        assert_eq!(refused, Taken::Wait(Duration::from_secs(18)));
        let to_somebody_else = [(MESSAGE_PER_NETWORK, "198.51.100.7"), (MESSAGE_PER_RECIPIENT, RECIPIENT)];
        assert_eq!(other.limits().take(&to_somebody_else).await.expect("an answer"), refused, "each axis counts");
        shop.restart("node-3").await;
        assert_eq!(shop.app().limits().take(&both).await.expect("an answer"), refused, "a restart forgives nothing");
        shop.wait(Duration::from_secs(18));
        assert_eq!(shop.app().limits().take(&both).await.expect("an answer"), Taken::Allowed);
    }

    async fn one_text_is_another_subject_for_each_limit_and_stands_nowhere_in_clear(shop) {
        let app = shop.app();
        for limit in [MESSAGE_PER_NETWORK, MESSAGE_PER_RECIPIENT] {
            assert_eq!(app.limits().take(&[(limit, NETWORK)]).await.expect("an answer"), Taken::Allowed);
        }
        let kept: Vec<Vec<u8>> =
            shop.read(|tx| tx.rows("SELECT subject FROM limit_taken", &[], |row| row.get(0))).await;
        assert_eq!(kept.len(), 2);
        for subject in kept {
            assert_eq!(subject.len(), 32);
            assert!(!subject.windows(NETWORK.len()).any(|part| part == NETWORK.as_bytes()));
        }
    }

    async fn strangers_who_guess_cannot_lock_a_member_out_of_a_familiar_place(shop) {
        let app = shop.app();
        let take = async |network: &str, place: Place<'_>| {
            let wanted = sign_in_limits(network, "dona@loja.example", place);
            let wanted: Vec<_> = wanted.iter().map(|(limit, subject)| (*limit, subject.as_str())).collect();
            app.limits().take(&wanted).await.expect("an answer")
        };
        let mut allowed = 0;
        for stranger in 0..60 {
            allowed += u32::from(take(&format!("203.0.113.{stranger}"), Place::New).await == Taken::Allowed);
        }
        assert_eq!(allowed, 20, "all strangers share one burst");
        assert_eq!(take("198.51.100.7", Place::Network).await, Taken::Allowed);
    }

    async fn what_was_given_back_is_forgotten_by_the_clockwork(shop) {
        let taken = shop.app().limits().take(&[(MESSAGE_PER_NETWORK, NETWORK)]).await;
        assert_eq!(taken.expect("an answer"), Taken::Allowed);
        shop.turn().await;
        assert_eq!(shop.number("SELECT COUNT(*) FROM limit_taken").await, 1);
        shop.wait(Duration::from_hours(2));
        shop.turn().await;
        assert_eq!(shop.number("SELECT COUNT(*) FROM limit_taken").await, 0);
    }

    async fn a_try_that_ends_in_the_middle_stays_taken(shop) {
        let app = shop.app();
        let tried = app.limits().begin(&[(MESSAGE_PER_NETWORK, NETWORK)]).await.expect("an answer").expect("it is free");
        drop(tried);
        let next = app.limits().begin(&[(MESSAGE_PER_NETWORK, NETWORK)]).await.expect("an answer");
        let wait = next.expect_err("whoever hung up has tried, too");
        assert_eq!(wait, Duration::from_secs(30));
        shop.wait(wait);
        let tried = app.limits().begin(&[(MESSAGE_PER_NETWORK, NETWORK)]).await.expect("an answer").expect("it is free");
        app.limits().hand_back(tried).await.expect("an answer");
        assert_eq!(app.limits().wait(&[(MESSAGE_PER_NETWORK, NETWORK)]).await.expect("an answer"), None);
    }
}
