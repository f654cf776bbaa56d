//! Who gets how many of the units there are.

/// What speaks for a listing when units are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How much it sells, in units of whatever time is the same for all.
    pub weight_units: i64,
    /// The most it may have.
    pub ceiling_units: i64,
    /// Whether the last units are its own: chosen by the seller, or earning most.
    pub is_preferred: bool,
}

/// Shares `units` out by weight, to each listing at most its ceiling. Each weighs one more than it says, so that who has
/// not sold yet gets the chance to. Units that do not divide go to the largest remainders, the first
/// listing first; `last_units` or fewer go to one listing. What no ceiling has room for stays.
#[must_use]
pub fn allocate(units: i64, last_units: i64, shares: &[Share]) -> Vec<i64> {
    let mut given = vec![0_i64; shares.len()];
    if units <= last_units {
        give_in_turn(units, shares, &mut given);
        return given;
    }
    // Each round fills at least one listing up, or gives everything out.
    for _ in shares {
        let left = units.max(0) - given.iter().sum::<i64>();
        if left <= 0 {
            break;
        }
        give_by_weight(left, shares, &mut given);
    }
    given
}

/// All to one listing, as long as it has room: the preferred one, then who sells most, the first of equals.
fn give_in_turn(units: i64, shares: &[Share], given: &mut [i64]) {
    let mut turns: Vec<usize> = (0..shares.len()).collect();
    turns.sort_by_key(|&place| (!shares[place].is_preferred, -shares[place].weight_units, place));
    let mut left = units.max(0);
    for place in turns {
        given[place] = left.min(shares[place].ceiling_units.max(0));
        left -= given[place];
    }
}

fn give_by_weight(units: i64, shares: &[Share], given: &mut [i64]) {
    let room = |place: usize, given: &[i64]| (shares[place].ceiling_units - given[place]).max(0);
    let open: Vec<usize> = (0..shares.len()).filter(|&place| room(place, given) > 0).collect();
    let weight = |place: usize| i128::from(shares[place].weight_units.max(0)) + 1;
    let weights: i128 = open.iter().map(|&place| weight(place)).sum();
    if weights == 0 {
        return;
    }
    let before = given.to_vec();
    let exact = |place: usize| i128::from(units) * weight(place);
    for &place in &open {
        let whole = i64::try_from(exact(place) / weights).unwrap_or(i64::MAX);
        given[place] += whole.min(room(place, &before));
    }
    let mut left = units - given.iter().zip(&before).map(|(now, then)| now - then).sum::<i64>();
    let mut turns = open;
    turns.sort_by_key(|&place| (-(exact(place) % weights), place));
    for place in turns {
        if left > 0 && room(place, given) > 0 {
            given[place] += 1;
            left -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn weighing(weight_units: i64) -> Share {
        Share { weight_units, ceiling_units: i64::MAX, is_preferred: false }
    }

    #[test]
    fn nothing_or_less_is_shared_out_as_nothing_and_nobody_gets_nothing() {
        assert_eq!(allocate(0, 2, &[weighing(1), weighing(1)]), [0, 0]);
        assert_eq!(allocate(-7, 2, &[weighing(1), weighing(1)]), [0, 0]);
        assert_eq!(allocate(-7, -9, &[weighing(1), weighing(1)]), [0, 0]);
        assert_eq!(allocate(5, 2, &[]), [0_i64; 0]);
    }

    #[test]
    fn who_sold_alike_gets_alike_and_the_first_the_rest() {
        assert_eq!(allocate(100, 2, &[weighing(0), weighing(0), weighing(0)]), [34, 33, 33]);
    }

    #[test]
    fn who_sells_more_gets_more_and_nobody_is_forgotten() {
        assert_eq!(allocate(100, 2, &[weighing(89), weighing(9), weighing(0)]), [89, 10, 1]);
    }

    #[test]
    fn the_last_units_go_to_one_listing() {
        let mut shares = [weighing(3), weighing(9), weighing(9)];
        assert_eq!(allocate(2, 2, &shares), [0, 2, 0]);
        shares[0].is_preferred = true;
        assert_eq!(allocate(2, 2, &shares), [2, 0, 0]);
        shares[0].ceiling_units = 1;
        assert_eq!(allocate(2, 2, &shares), [1, 1, 0]);
    }

    #[test]
    fn what_one_has_no_room_for_goes_to_the_others() {
        let full = Share { ceiling_units: 5, ..weighing(80) };
        assert_eq!(allocate(30, 2, &[full, weighing(0), weighing(0)]), [5, 13, 12]);
        assert_eq!(allocate(30, 2, &[full, full]), [5, 5]);
        assert_eq!(allocate(30, 2, &[Share { ceiling_units: -1, ..full }]), [0]);
    }

    fn shares() -> impl Strategy<Value = Vec<Share>> {
        let share = (0_i64..1_000_000, 0_i64..200, any::<bool>()).prop_map(
            |(weight_units, ceiling_units, is_preferred)| Share { weight_units, ceiling_units, is_preferred },
        );
        proptest::collection::vec(share, 0..7)
    }

    proptest! {
        #[test]
        fn exactly_what_there_is_room_for_is_given_out(units in -5_i64..900, last in 0_i64..6, shares in shares()) {
            let given = allocate(units, last, &shares);
            let room: i64 = shares.iter().map(|share| share.ceiling_units).sum();
            prop_assert_eq!(given.iter().sum::<i64>(), units.clamp(0, room));
            for (given, share) in given.iter().zip(&shares) {
                prop_assert!((0..=share.ceiling_units).contains(given));
            }
        }

        #[test]
        fn huge_numbers_do_not_break_it(units in any::<i64>(), weight in any::<i64>()) {
            let given = allocate(units, 2, &[weighing(weight), weighing(i64::MAX), weighing(0)]);
            prop_assert!(given.iter().all(|units| *units >= 0));
        }
    }
}
