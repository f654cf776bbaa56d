//! Where the units of a user product lie, and which of these places a new quantity
//! changes. Pure; the calls are in `stock.rs`.

use super::wire::{Gap, ProductStock, StockLocation, filled, owned};
use crate::market::places::{by_age, spread, units};

/// A depot of a seller with several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Depot {
    pub(super) store_id: String,
    pub(super) network_node_id: Option<String>,
}

/// Who keeps the units of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keeper {
    /// A depot of the seller (`seller_warehouse`).
    Depot(Depot),
    /// The seller's one address (`selling_address`).
    Address,
    /// The platform's own warehouse, Full (`meli_facility`): read only.
    Full,
    /// A kind that nobody has documented: read only, too.
    Unknown,
}

/// Units in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) keeper: Keeper,
    pub(super) units: i64,
}

/// All places of a user product.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Places(Vec<Place>);

/// What has to be written for a quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// The sum is right as it is.
    Nothing,
    /// These depots, each with its new units: all of the seller's, because it is not
    /// documented what becomes of one that a write does not name.
    Depots(Vec<(Depot, i64)>),
    /// The seller's one address, beside units at the platform.
    Address(i64),
    /// No place can be written by itself.
    NoWay,
}

impl Places {
    /// The places of an answer, depots in their stable order: the platform promises none.
    pub(super) fn read(stock: &ProductStock) -> Result<Self, Gap> {
        let locations = stock.locations.as_deref().ok_or_else(|| Gap("locations is missing".into()))?;
        let mut places = locations.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        places.sort_by_cached_key(|place| match &place.keeper {
            Keeper::Depot(depot) => Some((by_age(&depot.store_id), depot.network_node_id.clone())),
            Keeper::Address | Keeper::Full | Keeper::Unknown => None,
        });
        Ok(Self(places))
    }

    /// Units in all places: what a listing shows.
    pub(super) fn total_units(&self) -> i64 {
        self.0.iter().map(|place| place.units).sum()
    }

    /// Whether the seller has depots, so that places are written and not the listing.
    pub(super) fn has_depots(&self) -> bool {
        self.0.iter().any(|place| matches!(place.keeper, Keeper::Depot(_)))
    }

    /// Units in places that no program may write.
    pub(super) fn fixed_units(&self) -> i64 {
        let fixed = self.0.iter().filter(|place| matches!(place.keeper, Keeper::Full | Keeper::Unknown));
        fixed.map(|place| place.units).sum()
    }

    /// What to write so that all places together hold `target_units`, or come as near as
    /// those that may be written allow.
    pub(super) fn plan(&self, target_units: i64) -> Plan {
        if self.total_units() == target_units {
            return Plan::Nothing;
        }
        let own_target = (target_units - self.fixed_units()).max(0);
        let depots: Vec<(&Depot, i64)> = self.0.iter().filter_map(depot).collect();
        if depots.is_empty() {
            let is_beside_full = self.0.iter().any(|place| place.keeper == Keeper::Full);
            let has_address = self.0.iter().any(|place| place.keeper == Keeper::Address);
            return if is_beside_full && has_address { Plan::Address(own_target) } else { Plan::NoWay };
        }
        let mut wanted: Vec<(Depot, i64)> =
            depots.into_iter().map(|(depot, units)| (depot.clone(), units)).collect();
        spread(wanted.iter_mut().map(|(_, units)| units).collect(), own_target);
        Plan::Depots(wanted)
    }
}

fn depot(place: &Place) -> Option<(&Depot, i64)> {
    match &place.keeper {
        Keeper::Depot(depot) => Some((depot, place.units)),
        Keeper::Address | Keeper::Full | Keeper::Unknown => None,
    }
}

fn place(location: &StockLocation) -> Result<Place, Gap> {
    let units = units(location.quantity.as_ref());
    let keeper = match filled(location.kind.as_ref()) {
        Some("seller_warehouse") => Keeper::Depot(Depot {
            store_id: owned(location.store_id.as_ref())
                .ok_or_else(|| Gap("store_id of a depot is missing".into()))?,
            network_node_id: owned(location.network_node_id.as_ref()),
        }),
        Some("selling_address") => Keeper::Address,
        Some("meli_facility") => Keeper::Full,
        _ => Keeper::Unknown,
    };
    Ok(Place { keeper, units: units.ok_or_else(|| Gap("quantity of a place is missing".into()))? })
}

#[cfg(test)]
mod unit {
    use proptest::prelude::*;

    use super::*;

    fn places(json: &str) -> Result<Places, Gap> {
        Places::read(&serde_json::from_str(json).unwrap())
    }

    fn depot_named(store_id: &str, node: &str) -> Depot {
        Depot { store_id: store_id.into(), network_node_id: Some(node.into()) }
    }

    const TWO_DEPOTS: &str = r#"{"locations":[
        {"type":"seller_warehouse","network_node_id":"B","store_id":"1000","quantity":4},
        {"type":"seller_warehouse","network_node_id":"A","store_id":987,"quantity":"15"}]}"#;

    #[test]
    fn the_first_depot_takes_the_difference_whatever_the_order_of_the_answer() {
        let expected = [(depot_named("987", "A"), 20), (depot_named("1000", "B"), 4)];
        assert_eq!(places(TWO_DEPOTS).unwrap().plan(24), Plan::Depots(expected.to_vec()));
        assert_eq!(places(TWO_DEPOTS).unwrap().plan(19), Plan::Nothing);
    }

    #[test]
    fn units_at_full_count_and_are_never_written() {
        let json = r#"{"locations":[{"type":"meli_facility","quantity":6},
            {"type":"seller_warehouse","store_id":"1","network_node_id":"A","quantity":2},
            {"type":"a_kind_of_tomorrow","quantity":1}]}"#;
        let held = places(json).unwrap();
        assert_eq!((held.total_units(), held.fixed_units()), (9, 7));
        assert_eq!(held.plan(10), Plan::Depots(vec![(depot_named("1", "A"), 3)]));
        assert_eq!(held.plan(5), Plan::Depots(vec![(depot_named("1", "A"), 0)]));
    }

    #[test]
    fn one_address_is_written_by_itself_only_beside_full() {
        let address = r#"{"type":"selling_address","quantity":3}"#;
        let full = r#"{"type":"meli_facility","quantity":6}"#;
        let plan = |locations: &[&str]| {
            places(&format!(r#"{{"locations":[{}]}}"#, locations.join(","))).unwrap().plan(7)
        };
        assert_eq!(plan(&[address]), Plan::NoWay);
        assert_eq!(plan(&[address, full]), Plan::Address(1));
        assert_eq!(plan(&[full]), Plan::NoWay);
        assert_eq!(plan(&[]), Plan::NoWay);
    }

    #[test]
    fn a_place_that_cannot_be_counted_is_no_place() {
        for quantity in ["null", "-1", "1.5", "\"many\"", "[]", "1e99", "9223372036854775807"] {
            let json = format!(r#"{{"locations":[{{"type":"meli_facility","quantity":{quantity}}}]}}"#);
            assert_eq!(places(&json), Err(Gap("quantity of a place is missing".into())), "{quantity}");
        }
        let nameless = r#"{"locations":[{"type":"seller_warehouse","quantity":1}]}"#;
        assert_eq!(places(nameless), Err(Gap("store_id of a depot is missing".into())));
        assert_eq!(places("{}"), Err(Gap("locations is missing".into())));
    }

    proptest! {
        #[test]
        fn what_was_written_is_right_when_it_is_read_again(
            held in proptest::collection::vec(0_i64..40, 1..7), full in 0_i64..20, target in 0_i64..150
        ) {
            let place = |(number, units): (usize, &i64)| Place {
                keeper: Keeper::Depot(depot_named(&number.to_string(), "A")),
                units: *units,
            };
            let mut places: Vec<Place> = held.iter().enumerate().map(place).collect();
            places.push(Place { keeper: Keeper::Full, units: full });
            let before = Places(places);
            let after = match before.plan(target) {
                Plan::Depots(written) => {
                    let mut places: Vec<Place> = written
                        .into_iter()
                        .map(|(depot, units)| Place { keeper: Keeper::Depot(depot), units })
                        .collect();
                    places.push(Place { keeper: Keeper::Full, units: full });
                    Places(places)
                }
                Plan::Nothing => before,
                Plan::Address(_) | Plan::NoWay => panic!("there are depots"),
            };
            prop_assert_eq!(after.total_units(), target.max(full));
        }
    }
}
