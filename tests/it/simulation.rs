//! The simulator itself: one storm in every test run, and that a storm can be replayed.

use tests::simulate;

#[test]
fn a_shop_keeps_its_promises_through_a_storm() {
    assert_eq!(simulate::run(1, 40).violation, None);
}

#[test]
fn the_same_seed_is_the_same_run_and_another_is_not() {
    let [once, again, other] = [7, 7, 8].map(|seed| simulate::run(seed, 25));
    assert_eq!(once, again);
    assert_ne!(once.trace, other.trace);
}
