//! Flash sales: split mode never sells more than there is, and the model can see it when it would.

use std::num::NonZeroUsize;

use tests::flash::{self, Crowd, Damage, Way};

/// Seeds in every test run; `cargo xtask simulate --flash` has as many as one likes.
const SEEDS: std::ops::Range<u64> = 1..13;
/// Seeds within which each damage has to be seen.
const SEEDS_UNTIL_SEEN: std::ops::Range<u64> = 1..400;

fn sums_of(crowd: Crowd) -> [(Way, flash::Sums); 3] {
    let two = NonZeroUsize::new(2).unwrap();
    flash::run_many(SEEDS, crowd, two, |outcome| eprintln!("{outcome:?}"))
}

#[test]
fn ten_thousand_buyers_in_a_minute_buy_no_unit_that_is_not_there() {
    let [(_, shared), (_, shielded), (way, split)] = sums_of(Crowd::FLASH);
    assert_eq!((way, split.oversold_runs), (Way::Split, 0));
    assert!(split.crashes > 0 && split.sold_units > 0, "{split:?}");
    // The same buyers, and the promise of split mode would be empty if nobody broke it.
    assert!(shared.oversold_runs > 0, "{shared:?}");
    assert!(shielded.oversold_units <= shared.oversold_units, "{shielded:?} {shared:?}");
}

#[test]
fn units_that_move_between_listings_are_sold_once() {
    let [(_, shared), _, (_, split)] = sums_of(Crowd::STEADY);
    assert_eq!(split.oversold_runs, 0);
    assert!(split.moves > 0, "{split:?}");
    assert!(shared.oversold_runs > 0, "{shared:?}");
}

#[test]
fn a_sale_replays_from_its_seed_and_threads_change_nothing() {
    let [once, again, other] = [7, 7, 8].map(|seed| flash::run(seed, Way::Split, Crowd::STEADY));
    assert_eq!(once, again);
    assert_ne!(once.trace, other.trace);
    let [alone, together] = [1, 3]
        .map(|threads| flash::run_many(1..4, Crowd::STEADY, NonZeroUsize::new(threads).unwrap(), |_| {}));
    assert_eq!(alone, together);
}

/// Each rule is broken, and each assumption: the model has to sell too much.
#[test]
fn whatever_rule_is_broken_somebody_buys_what_is_not_there() {
    for damage in Damage::ALL {
        let seen = SEEDS_UNTIL_SEEN
            .flat_map(|seed| {
                [Crowd::STEADY, Crowd::FLASH].map(|crowd| flash::run_damaged(seed, crowd, damage))
            })
            .any(|outcome| outcome.oversold_units > 0);
        assert!(seen, "nobody saw {damage:?}");
    }
}
