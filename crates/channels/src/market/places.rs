//! Places that keep a listing's units, where a platform knows several: what reading them
//! and spreading a quantity over them have in common. The house holds one quantity per
//! SKU, so which place takes a difference is its choice, the same for the same places.

use super::loose::Loose;

/// Most units taken for one place: beyond it the number is a mistake, and sums stay far
/// from overflowing.
pub(super) const MAX_PLACE_UNITS: i64 = 1_000_000_000;

/// The units that a field tells of one place; `None` for what is no count of units.
pub(super) fn units(field: Option<&Loose>) -> Option<i64> {
    field.and_then(Loose::count).filter(|units| (0..=MAX_PLACE_UNITS).contains(units))
}

/// What places are ordered by, as platforms promise no order: numbers grow with time, so
/// by length and letters of the id the oldest is the first.
pub(super) fn by_age(id: &str) -> (usize, String) {
    (id.len(), id.to_owned())
}

/// Changes the units of places so that they sum up to `target`, as few of them as possible.
/// The first place takes the difference. Where it holds less than has to go, the fullest
/// give theirs first; of equally full ones, the earlier.
pub(super) fn spread(mut places: Vec<&mut i64>, target: i64) {
    let change = target - places.iter().map(|units| **units).sum::<i64>();
    match places.first_mut() {
        Some(first) if **first + change >= 0 => **first += change,
        _ => {
            places.sort_by_key(|units| std::cmp::Reverse(**units));
            drain(places, -change);
        }
    }
}

/// Takes `surplus` units away from places in their order, from each all that it holds
/// before the next is asked; nothing where the surplus is not above zero.
fn drain(places: Vec<&mut i64>, surplus: i64) {
    let mut left = surplus.max(0);
    for units in places {
        let gone = left.min(*units);
        *units -= gone;
        left -= gone;
    }
}

#[cfg(test)]
mod unit {
    use proptest::prelude::*;

    use super::*;

    fn spread_over(held: &[i64], target: i64) -> Vec<i64> {
        let mut wanted = held.to_vec();
        spread(wanted.iter_mut().collect(), target);
        wanted
    }

    #[test]
    fn the_others_are_lowered_only_when_the_first_is_not_enough() {
        assert_eq!(spread_over(&[3, 5, 5], 12), [2, 5, 5]);
        assert_eq!(spread_over(&[3, 5, 5], 9), [3, 1, 5]);
        assert_eq!(spread_over(&[3, 5, 5], 0), [0, 0, 0]);
        assert_eq!(spread_over(&[0, 0], 7), [7, 0]);
        assert!(spread_over(&[], 7).is_empty());
    }

    #[test]
    fn places_are_drained_one_after_the_other() {
        for (surplus, left) in [(-4, [2, 3]), (0, [2, 3]), (1, [1, 3]), (4, [0, 1]), (9, [0, 0])] {
            let mut held = [2, 3];
            drain(held.iter_mut().collect(), surplus);
            assert_eq!(held, left, "{surplus}");
        }
    }

    #[test]
    fn the_oldest_place_has_the_shortest_and_lowest_id() {
        let mut ids = ["1000", "987", "BR10", "BR9", ""];
        ids.sort_by_key(|id| by_age(id));
        assert_eq!(ids, ["", "987", "BR9", "1000", "BR10"]);
    }

    #[test]
    fn units_are_a_count_that_can_be_true() {
        let told = |text: &str| units(Some(&Loose(text.to_owned())));
        assert_eq!((told("0"), told("7"), told("1000000000")), (Some(0), Some(7), Some(MAX_PLACE_UNITS)));
        for none in ["", "-1", "1.5", "many", "1000000001"] {
            assert_eq!(told(none), None, "{none}");
        }
        assert_eq!(units(None), None);
    }

    fn changed(held: &[i64], wanted: &[i64]) -> usize {
        held.iter().zip(wanted).filter(|(before, after)| before != after).count()
    }

    /// The fewest places that could bear the change, by trying every choice of them.
    fn fewest(held: &[i64], target: i64) -> usize {
        let change = target - held.iter().sum::<i64>();
        let bears = |choice: u32| {
            let chosen = held.iter().enumerate().filter(|(index, _)| choice >> index & 1 == 1);
            chosen.map(|(_, units)| *units).sum::<i64>() + change >= 0
        };
        let choices = (u32::from(change != 0)..1 << held.len()).filter(|choice| bears(*choice));
        choices.map(|choice| choice.count_ones() as usize).min().unwrap_or_default()
    }

    proptest! {
        #[test]
        fn the_sum_is_the_target_and_as_few_places_as_possible_change(
            held in proptest::collection::vec(0_i64..40, 1..7), target in 0_i64..150
        ) {
            let wanted = spread_over(&held, target);
            prop_assert_eq!(wanted.iter().sum::<i64>(), target);
            prop_assert!(wanted.iter().all(|units| *units >= 0), "{:?}", wanted);
            prop_assert_eq!(changed(&held, &wanted), fewest(&held, target), "{:?} {:?}", held, wanted);
        }
    }
}
