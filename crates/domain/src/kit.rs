//! Kits: SKUs that are sold as one and lie on the shelf as several.
//!
//! A kit has a recipe (so many units of these SKUs) and no stock of its own: as many can be offered as the
//! scarcest component allows. What a sale took is booked on the components, and those bookings, not the recipe of
//! today, say what comes back. See `docs/decisions/0039-kits.md`.

use std::collections::BTreeSet;

use crate::SkuId;
use crate::stock::Tally;

/// Different SKUs in one kit, at most.
pub const MAX_COMPONENTS: usize = 20;
/// Units of one SKU in one kit, at most.
pub const MAX_UNITS_OF_ONE: i64 = 1_000;
/// Kits that one SKU is a component of, at most: a sale of it tells the listings of all of them, in one transaction.
pub const MAX_KITS_OF_ONE: usize = 100;
/// Steps from a kit down to what lies on the shelf, at most. One: whatever a kit of kits would say can be said by
/// naming what lies on the shelf, then a sale reads one recipe and takes its locks on one level, and no kit changes
/// because another did.
pub const MAX_DEPTH: usize = 1;
/// Kits are told to their listings under versions from here on, the entries of ledgers are numbered below: a SKU that
/// becomes a kit, or ceases to be one, never has two states under one version.
pub const VERSIONS_FROM: i64 = 1_000_000_000;

/// A SKU in a kit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Component {
    /// Which.
    pub sku: SkuId,
    /// Units of it in one kit, at least 1.
    pub units: i64,
}

/// Whether a version names the state of a kit, and not an entry of a ledger.
#[must_use]
pub const fn is_kit_version(version: i64) -> bool {
    version >= VERSIONS_FROM
}

/// Kits that one component allows.
#[must_use]
pub const fn kits_of(available_units: i64, units: i64) -> i64 {
    if available_units <= 0 || units <= 0 { 0 } else { available_units / units }
}

/// Kits that can be offered, by what is available of each component and its units in a kit; 0 of a kit of nothing.
pub fn available(components: impl IntoIterator<Item = (Tally, i64)>) -> i64 {
    let kits = components.into_iter().map(|(tally, units)| kits_of(tally.available_units(), units));
    kits.min().unwrap_or(0)
}

/// What is wrong with a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault<K> {
    /// No component.
    Empty,
    /// More than [`MAX_COMPONENTS`].
    TooMany,
    /// Units below one or beyond [`MAX_UNITS_OF_ONE`].
    Units(K),
    /// One SKU in two rows.
    Twice(K),
    /// The kit would contain itself, on this path; it begins and ends with the same SKU.
    Cycle(Vec<K>),
    /// A kit within a kit, beyond [`MAX_DEPTH`], on this path from the outermost down.
    TooDeep(Vec<K>),
}

/// Looks a recipe over. `inside` gives the components of a SKU, as they are kept, and nothing of one that is no kit;
/// `around` the kits that contain it.
///
/// # Errors
/// The first thing that is wrong.
pub fn check<K: Copy + Ord>(
    kit: K,
    recipe: &[(K, i64)],
    mut inside: impl FnMut(K) -> Vec<K>,
    mut around: impl FnMut(K) -> Vec<K>,
) -> Result<(), Fault<K>> {
    if recipe.is_empty() {
        return Err(Fault::Empty);
    }
    if recipe.len() > MAX_COMPONENTS {
        return Err(Fault::TooMany);
    }
    let mut seen = BTreeSet::new();
    for (component, units) in recipe {
        if !(1..=MAX_UNITS_OF_ONE).contains(units) {
            return Err(Fault::Units(*component));
        }
        if !seen.insert(*component) {
            return Err(Fault::Twice(*component));
        }
    }
    let mut deepest = vec![kit];
    for (component, _) in recipe {
        let mut path = vec![kit];
        if let Some(cycle) = descend(*component, kit, &mut path, &mut deepest, &mut inside) {
            return Err(Fault::Cycle(cycle));
        }
    }
    // What lies below hangs on whatever lies above.
    let mut above = Vec::new();
    climb(kit, &mut above, &mut around);
    above.reverse();
    above.extend(deepest);
    if above.len() > MAX_DEPTH + 1 { Err(Fault::TooDeep(above)) } else { Ok(()) }
}

/// Walks down from a component. Gives the path of a cycle, and keeps the longest path otherwise. What is kept has no
/// cycles but through the kit that is being looked at, so this ends.
fn descend<K: Copy + Ord>(
    at: K,
    kit: K,
    path: &mut Vec<K>,
    deepest: &mut Vec<K>,
    inside: &mut impl FnMut(K) -> Vec<K>,
) -> Option<Vec<K>> {
    path.push(at);
    if at == kit {
        return Some(path.clone());
    }
    if path.len() > deepest.len() {
        deepest.clone_from(path);
    }
    for component in inside(at) {
        let cycle = descend(component, kit, path, deepest, inside);
        if cycle.is_some() {
            return cycle;
        }
    }
    path.pop();
    None
}

/// The longest path upwards, without where it begins.
fn climb<K: Copy + Ord>(at: K, path: &mut Vec<K>, around: &mut impl FnMut(K) -> Vec<K>) {
    let mut longest = Vec::new();
    for kit in around(at) {
        let mut here = vec![kit];
        climb(kit, &mut here, around);
        if here.len() > longest.len() {
            longest = here;
        }
    }
    path.extend(longest);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn tally(on_hand_units: i64, reserved_units: i64) -> Tally {
        Tally { on_hand_units, reserved_units, safety_units: 0, version: 1 }
    }

    /// Recipes that are kept, as a graph.
    fn try_in(kept: &BTreeMap<u8, Vec<(u8, i64)>>, kit: u8, recipe: &[(u8, i64)]) -> Result<(), Fault<u8>> {
        let inside = |sku| kept.get(&sku).into_iter().flatten().map(|(part, _)| *part).collect();
        let around = |sku| {
            let holds = |recipe: &Vec<(u8, i64)>| recipe.iter().any(|(part, _)| *part == sku);
            kept.iter().filter(|(_, recipe)| holds(recipe)).map(|(kit, _)| *kit).collect()
        };
        check(kit, recipe, inside, around)
    }

    #[test]
    fn a_recipe_of_nothing_of_too_much_or_of_one_thing_twice_is_refused() {
        let kept = BTreeMap::new();
        assert_eq!(try_in(&kept, 1, &[]), Err(Fault::Empty));
        let many: Vec<(u8, i64)> = (2..=22).map(|sku| (sku, 1)).collect();
        assert_eq!(try_in(&kept, 1, &many), Err(Fault::TooMany));
        assert_eq!(try_in(&kept, 1, &many[1..]), Ok(()));
        for units in [i64::MIN, -1, 0, 1_001, i64::MAX] {
            assert_eq!(try_in(&kept, 1, &[(2, 1), (3, units)]), Err(Fault::Units(3)), "{units}");
        }
        assert_eq!(try_in(&kept, 1, &[(2, 1), (3, 1), (2, 4)]), Err(Fault::Twice(2)));
    }

    #[test]
    fn a_kit_that_would_contain_itself_is_refused_with_the_way_round() {
        let kept = BTreeMap::from([(2, vec![(3, 1), (1, 2)])]);
        assert_eq!(try_in(&BTreeMap::new(), 1, &[(1, 1)]), Err(Fault::Cycle(vec![1, 1])));
        assert_eq!(try_in(&kept, 1, &[(4, 1), (2, 1)]), Err(Fault::Cycle(vec![1, 2, 1])));
    }

    #[test]
    fn a_kit_within_a_kit_is_refused_from_either_side_with_the_way_down() {
        let kept = BTreeMap::from([(2, vec![(3, 1)])]);
        assert_eq!(try_in(&kept, 1, &[(2, 1)]), Err(Fault::TooDeep(vec![1, 2, 3])));
        assert_eq!(try_in(&kept, 3, &[(4, 1)]), Err(Fault::TooDeep(vec![2, 3, 4])));
        assert_eq!(try_in(&kept, 2, &[(3, 2), (4, 1)]), Ok(()), "its own recipe may change");
        assert_eq!(try_in(&kept, 1, &[(3, 1)]), Ok(()), "and another kit may hold the same");
    }

    #[test]
    fn a_version_tells_kits_from_ledgers() {
        assert!(is_kit_version(VERSIONS_FROM) && !is_kit_version(VERSIONS_FROM - 1));
    }

    #[test]
    fn as_many_kits_as_the_scarcest_component_allows() {
        assert_eq!(available([(tally(10, 1), 2), (tally(7, 0), 1)]), 4);
        assert_eq!(available([(tally(10, 1), 2), (tally(2, 3), 1)]), 0, "one is sold beyond what there is");
        assert_eq!(available([(Tally { safety_units: 8, ..tally(10, 0) }, 1)]), 2);
        assert_eq!(available([]), 0);
    }

    proptest! {
        #[test]
        fn whatever_is_kept_one_by_one_never_nests_too_deep_nor_in_a_ring(
            tries in proptest::collection::vec((0_u8..8, proptest::collection::vec((0_u8..8, -1_i64..4), 0..4)), 0..40)
        ) {
            let mut kept: BTreeMap<u8, Vec<(u8, i64)>> = BTreeMap::new();
            for (kit, recipe) in tries {
                if try_in(&kept, kit, &recipe).is_ok() {
                    kept.insert(kit, recipe);
                }
            }
            for recipe in kept.values() {
                prop_assert!(recipe.iter().all(|(part, units)| !kept.contains_key(part) && *units > 0));
            }
        }

        #[test]
        fn a_sale_of_kits_lowers_what_can_be_offered_by_just_so_many(
            parts in proptest::collection::vec((0_i64..60, 1_i64..5), 1..5),
            asked in 0_i64..20,
        ) {
            let tallies = |sold: i64| parts.iter().map(move |(on_hand, units)| (tally(*on_hand, sold * units), *units));
            let before = available(tallies(0));
            let sold = asked.min(before);
            prop_assert_eq!(available(tallies(sold)), before - sold);
            // One more than there is: something is missing of at least one component, and nothing is offered.
            let short = tallies(before + 1).any(|(tally, _)| tally.oversold_units() > 0);
            prop_assert!(short);
            prop_assert_eq!(available(tallies(before + 1)), 0);
        }
    }
}
