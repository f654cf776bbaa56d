//! The simulator itself: one storm in every test run, and that a storm can be replayed.

use std::num::NonZeroUsize;

use tests::simulate::{self, CONVERGES_WITHIN, DAMAGES};

#[test]
fn a_shop_keeps_its_promises_through_a_storm() {
    let outcome = simulate::run(2, 40);
    assert_eq!(outcome.violation, None);
    assert!(outcome.tally.converged_after <= CONVERGES_WITHIN);
    let orders = outcome.tally.orders;
    assert_eq!(orders.len(), 3);
    assert!(orders.values().all(|orders| *orders > 0), "every marketplace sells: {orders:?}");
}

#[test]
fn the_same_seed_is_the_same_run_and_another_is_not() {
    let [once, again, other] = [7, 7, 8].map(|seed| simulate::run(seed, 25));
    assert_eq!(once, again);
    assert_ne!(once.trace, other.trace);
}

#[test]
fn how_many_run_side_by_side_changes_nothing() {
    let [alone, together] =
        [1, 3].map(|threads| simulate::run_many(1..7, 12, NonZeroUsize::new(threads).unwrap(), |_| {}));
    assert_eq!(alone, together);
    assert_eq!(alone.seeds, 6);
}

/// Each promise is broken in the data itself: the simulator has to say which one.
fn every_broken_promise_is_seen(turn: usize) {
    const TURNS: usize = 3;
    for damage in DAMAGES.iter().skip(turn).step_by(TURNS) {
        let outcome = simulate::run_damaged(7, 25, damage);
        let seen = outcome.violation.unwrap_or_else(|| panic!("nobody saw that {}", damage.name));
        assert!(seen.contains(damage.seen_as), "that {} was seen as: {seen}", damage.name);
    }
}

#[test]
fn a_broken_promise_is_seen_one_third() {
    every_broken_promise_is_seen(0);
}

#[test]
fn a_broken_promise_is_seen_another_third() {
    every_broken_promise_is_seen(1);
}

#[test]
fn a_broken_promise_is_seen_the_last_third() {
    every_broken_promise_is_seen(2);
}
