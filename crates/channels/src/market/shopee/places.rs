//! Where the units of a listing lie, and which of these places a new quantity changes. Pure;
//! the calls are in `stock.rs`.

use super::wire::{Gap, Loose, StockInfo, StockPlace, filled, owned};
use crate::market::places::{MAX_PLACE_UNITS, by_age, spread, units};

/// Units in one place of the seller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// `None` for a shop with one place only, which has no name.
    pub(super) location_id: Option<String>,
    pub(super) units: i64,
    /// Whether buyers can get at them.
    is_on_sale: bool,
}

/// All places of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    own: Vec<Place>,
    /// Units in the platform's own warehouses: read only.
    fixed_units: i64,
    has_fixed: bool,
    /// The least that the seller's places may hold: what is set aside for promotions.
    reserved_units: i64,
}

impl Places {
    /// The places of a listing, the seller's in a stable order: the platform promises none.
    pub(super) fn read(stock: Option<&StockInfo>) -> Result<Self, Gap> {
        let stock = stock.ok_or_else(|| Gap::missing("stock_info_v2"))?;
        let fixed = stock.shopee_stock.as_deref().unwrap_or_default();
        let fixed_units = fixed.iter().map(held).sum::<Result<i64, Gap>>()?;
        let mut own = match (&stock.seller_stock, &stock.summary_info) {
            (Some(places), _) => places.iter().map(place).collect::<Result<Vec<_>, _>>()?,
            (None, Some(sum)) => {
                let units = whole_units(sum.total_available_stock.as_ref())?;
                vec![Place { location_id: None, units: (units - fixed_units).max(0), is_on_sale: true }]
            }
            (None, None) => return Err(Gap::missing("seller_stock")),
        };
        own.sort_by_cached_key(|place| by_age(place.location_id.as_deref().unwrap_or_default()));
        let reserved = stock.summary_info.as_ref().and_then(|sum| sum.total_reserved_stock.as_ref()?.count());
        let reserved_units = reserved.unwrap_or_default().clamp(0, MAX_PLACE_UNITS);
        Ok(Self { own, fixed_units, has_fixed: !fixed.is_empty(), reserved_units })
    }

    /// Units that buyers can get at, wherever they lie: what a listing shows.
    pub(super) fn shown_units(&self) -> i64 {
        self.fixed_units + self.own_units()
    }

    /// Whether the platform keeps all that there is.
    pub(super) const fn is_by_platform(&self) -> bool {
        self.has_fixed && self.own.is_empty()
    }

    /// The least that a write can leave: what is not the seller's, and what a promotion holds.
    pub(super) fn least_units(&self) -> i64 {
        self.fixed_units + self.reserved_units.min(self.own_units())
    }

    /// What to write so that the listing shows `target_units`: every place of the seller's
    /// with its units, because it is not documented what becomes of one that a write does not
    /// name.
    pub(super) fn plan(&self, target_units: i64) -> Vec<Place> {
        let own_target = (target_units - self.fixed_units).max(0);
        let mut wanted = self.own.clone();
        if !wanted.iter().any(|place| place.is_on_sale) {
            wanted.push(Place { location_id: None, units: 0, is_on_sale: true });
        }
        let on_sale = wanted.iter_mut().filter(|place| place.is_on_sale);
        spread(on_sale.map(|place| &mut place.units).collect(), own_target);
        wanted
    }

    fn own_units(&self) -> i64 {
        self.own.iter().filter(|place| place.is_on_sale).map(|place| place.units).sum()
    }
}

fn place(row: &StockPlace) -> Result<Place, Gap> {
    let is_on_sale = !matches!(filled(row.if_saleable.as_ref()), Some("false" | "0"));
    Ok(Place { location_id: owned(row.location_id.as_ref()), units: held(row)?, is_on_sale })
}

fn held(row: &StockPlace) -> Result<i64, Gap> {
    whole_units(row.stock.as_ref())
}

fn whole_units(field: Option<&Loose>) -> Result<i64, Gap> {
    units(field).ok_or_else(|| Gap::missing("stock of a place"))
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn places(stock: &Value) -> Result<Places, Gap> {
        Places::read(Some(&serde_json::from_value(stock.clone()).unwrap()))
    }

    fn written(stock: &Value, target: i64) -> Vec<(Option<String>, i64)> {
        let plan = places(stock).unwrap().plan(target);
        plan.into_iter().map(|place| (place.location_id, place.units)).collect()
    }

    fn named(name: &str, units: i64) -> (Option<String>, i64) {
        (Some(name.to_owned()), units)
    }

    #[test]
    fn a_shop_with_one_place_writes_it_without_a_name() {
        for stock in [json!({ "seller_stock": [{ "stock": 7 }] }), json!({ "seller_stock": [] })] {
            assert_eq!(written(&stock, 3), [(None, 3)]);
        }
    }

    #[test]
    fn the_first_place_takes_the_difference_and_every_place_is_named() {
        let stock = json!({ "seller_stock": [{ "location_id": "BR10", "stock": 5 }, { "location_id": "BR9", "stock": 2 }] });
        assert_eq!(written(&stock, 9), [named("BR9", 4), named("BR10", 5)]);
        assert_eq!(written(&stock, 6), [named("BR9", 1), named("BR10", 5)]);
        assert_eq!(written(&stock, 4), [named("BR9", 2), named("BR10", 2)], "the fullest give first");
    }

    #[test]
    fn what_buyers_cannot_get_at_is_neither_shown_nor_changed() {
        let stock = json!({ "seller_stock": [
            { "location_id": "A", "stock": 5, "if_saleable": false }, { "location_id": "B", "stock": 2, "if_saleable": true },
        ] });
        assert_eq!(places(&stock).unwrap().shown_units(), 2);
        assert_eq!(written(&stock, 9), [named("A", 5), named("B", 9)]);
    }

    #[test]
    fn units_of_the_platform_count_and_stay() {
        let stock = json!({ "seller_stock": [{ "stock": 2 }], "shopee_stock": [{ "location_id": "BRZ", "stock": 5 }] });
        let held = places(&stock).unwrap();
        assert_eq!((held.shown_units(), held.least_units(), held.is_by_platform()), (7, 5, false));
        assert_eq!(written(&stock, 9), [(None, 4)]);
        assert_eq!(written(&stock, 3), [(None, 0)], "less than the platform keeps is not to be had");
        let all = json!({ "seller_stock": [], "shopee_stock": [{ "stock": 5 }] });
        assert!(places(&all).unwrap().is_by_platform());
    }

    #[test]
    fn what_a_promotion_holds_is_the_least_that_can_be_left() {
        let least = |reserved: Value| {
            let own = json!([{ "location_id": "A", "stock": 4 }, { "location_id": "B", "stock": 3 }]);
            let fixed = json!([{ "stock": 2 }]);
            let sum = json!({ "total_reserved_stock": reserved });
            let stock = json!({ "summary_info": sum, "seller_stock": own, "shopee_stock": fixed });
            places(&stock).unwrap().least_units()
        };
        assert_eq!((least(json!(0)), least(json!(5)), least(json!("5"))), (2, 7, 7));
        assert_eq!(least(json!(50)), 9, "never more than there is");
        for odd in [json!(null), json!(-1), json!("many")] {
            assert_eq!(least(odd), 2);
        }
    }

    #[test]
    fn without_places_the_sum_has_to_do() {
        let stock =
            json!({ "summary_info": { "total_available_stock": 8 }, "shopee_stock": [{ "stock": 5 }] });
        let held = places(&stock).unwrap();
        assert_eq!((held.shown_units(), held.plan(9)[0].units), (8, 4));
    }

    #[test]
    fn a_number_that_is_none_is_a_gap() {
        let odd = [
            json!({}),
            json!({ "seller_stock": null, "summary_info": {} }),
            json!({ "seller_stock": [{}] }),
            json!({ "seller_stock": [{ "stock": -1 }] }),
            json!({ "seller_stock": [{ "stock": 1.5 }] }),
            json!({ "seller_stock": [], "shopee_stock": [{ "stock": "many" }] }),
            json!({ "seller_stock": [{ "stock": i64::MAX }] }),
        ];
        for stock in odd {
            assert!(places(&stock).is_err(), "{stock}");
        }
        assert!(Places::read(None).is_err());
    }

    proptest! {
        #[test]
        fn a_plan_shows_the_target_and_changes_as_few_places_as_it_can(
            held in proptest::collection::vec(0_i64..1_000, 1..6), target in 0_i64..4_000,
        ) {
            let rows: Vec<Value> = held.iter().enumerate()
                .map(|(at, units)| json!({ "location_id": format!("L{at}"), "stock": units })).collect();
            let stock = json!({ "seller_stock": rows });
            let plan = written(&stock, target);
            prop_assert_eq!(plan.iter().map(|(_, units)| units).sum::<i64>(), target);
            prop_assert!(plan.iter().all(|(_, units)| *units >= 0));
            prop_assert_eq!(plan.len(), held.len());
            if target >= held.iter().sum::<i64>() {
                let changed = plan.iter().zip(&held).filter(|((_, now), before)| now != *before).count();
                prop_assert!(changed <= 1);
            }
        }
    }
}
