//! Where a variation's units lie. A write names all its warehouses (the platform refuses
//! one that leaves any out); which of them takes the difference is the house's choice, as
//! the house holds one quantity per SKU.

use std::collections::BTreeSet;

use super::wire::{Gap, Inventory, owned};
use crate::market::places::{by_age, spread, units};

/// Units in one warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// `None` where the platform names none: there is only one then.
    warehouse: Option<String>,
    units: i64,
    /// The platform's own: its units are left as they are.
    is_fixed: bool,
}

/// All warehouses of a variation, the oldest (by length and letters of its id) first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places(Vec<Place>);

impl Places {
    /// Reads what a product shows; none is an empty one.
    pub(super) fn read(inventory: &[Inventory], platform_warehouses: &BTreeSet<String>) -> Result<Self, Gap> {
        let mut places = Vec::new();
        for shown in inventory {
            let units = units(shown.quantity.as_ref());
            let warehouse = owned(shown.warehouse_id.as_ref());
            let is_fixed = warehouse.as_ref().is_some_and(|id| platform_warehouses.contains(id));
            let units = units.ok_or_else(|| Gap("quantity is no count".into()))?;
            places.push(Place { warehouse, units, is_fixed });
        }
        places.sort_by_cached_key(|place| by_age(place.warehouse.as_deref().unwrap_or_default()));
        Ok(Self(places))
    }

    /// Units over all warehouses.
    pub(super) fn total_units(&self) -> i64 {
        self.0.iter().map(|place| place.units).sum()
    }

    /// Units that only the platform can change.
    pub(super) fn fixed_units(&self) -> i64 {
        self.0.iter().filter(|place| place.is_fixed).map(|place| place.units).sum()
    }

    /// Whether nothing of it is the seller's to write.
    pub(super) fn are_all_fixed(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|place| place.is_fixed)
    }

    /// Every warehouse with the units that it has to hold, so that the sum over all comes
    /// as near to `target_units` as the platform's own allow.
    pub(super) fn plan(&self, target_units: i64) -> Vec<(Option<&str>, i64)> {
        let mut planned = self.0.clone();
        let own = planned.iter_mut().filter(|place| !place.is_fixed);
        spread(own.map(|place| &mut place.units).collect(), (target_units - self.fixed_units()).max(0));
        self.0
            .iter()
            .zip(planned)
            .map(|(place, planned)| (place.warehouse.as_deref(), planned.units))
            .collect()
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    fn places(units: &[(i64, bool)]) -> Places {
        let place = |(at, (units, is_fixed)): (usize, &(i64, bool))| Place {
            warehouse: Some(format!("70{at}")),
            units: *units,
            is_fixed: *is_fixed,
        };
        Places(units.iter().enumerate().map(place).collect())
    }

    fn planned(units: &[(i64, bool)], target: i64) -> Vec<i64> {
        places(units).plan(target).into_iter().map(|(_, units)| units).collect()
    }

    #[test]
    fn the_first_takes_what_is_added_and_gives_what_it_can() {
        let two = [(5, false), (4, false)];
        assert_eq!(planned(&two, 12), [8, 4]);
        assert_eq!(planned(&two, 6), [2, 4]);
        assert_eq!(planned(&two, 3), [0, 3]);
        assert_eq!(planned(&two, 0), [0, 0]);
    }

    #[test]
    fn where_the_first_has_too_little_the_fullest_gives() {
        assert_eq!(planned(&[(1, false), (2, false), (9, false)], 5), [1, 2, 2]);
    }

    #[test]
    fn the_platforms_own_stay_as_they_are() {
        let mixed = [(6, true), (5, false)];
        assert_eq!(planned(&mixed, 20), [6, 14]);
        assert_eq!(planned(&mixed, 2), [6, 0]);
        assert!(places(&[(6, true)]).are_all_fixed());
        assert!(!places(&mixed).are_all_fixed() && !places(&[]).are_all_fixed());
    }

    proptest! {
        #[test]
        fn the_sum_is_the_target_unless_the_platforms_own_are_more(
            units in proptest::collection::vec((0_i64..100_000, any::<bool>()), 1..8), target in 0_i64..100_000,
        ) {
            let it = places(&units);
            let plan = it.plan(target);
            prop_assert_eq!(plan.len(), units.len());
            prop_assert!(plan.iter().all(|(_, units)| *units >= 0));
            for ((_, planned), (held, is_fixed)) in plan.iter().zip(&units) {
                prop_assert!(!is_fixed || planned == held);
            }
            let sum: i64 = plan.iter().map(|(_, units)| units).sum();
            let nearest = if it.are_all_fixed() { it.total_units() } else { target.max(it.fixed_units()) };
            prop_assert_eq!(sum, nearest);
        }
    }
}
