//! Goods that come back from a buyer: whole ones onto the shelf, damaged ones into the ledger and out of it again.
//!
//! Received is at most what the order took less what came back already
//! (`docs/decisions/0041-returns-and-places.md`).

use crate::case::{Case, CaseKind, CaseState, Outcome, Task};
use crate::order::OrderState;
use crate::stock::{Delta, EntryKind, StockPosition};

/// Units of one SKU in one form, at most.
pub const MAX_BACK_UNITS: i64 = 1_000_000;

/// What somebody found of one SKU in the parcel, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// As good as new: they go onto the shelf.
    pub whole_units: i64,
    /// They came back and cannot be sold.
    pub damaged_units: i64,
}

impl Found {
    /// Everything that lay in the parcel.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.whole_units.saturating_add(self.damaged_units)
    }
}

/// What came back of what an order line took of one SKU, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Back {
    /// What left.
    pub left_units: i64,
    /// What came back, whole or not.
    pub back_units: i64,
    /// What of that could not be sold.
    pub damaged_units: i64,
}

impl Back {
    /// What may still come.
    #[must_use]
    pub const fn open_units(self) -> i64 {
        let open = self.left_units.saturating_sub(self.back_units);
        if open > 0 { open } else { 0 }
    }

    /// What came back and is as good as new.
    #[must_use]
    pub const fn whole_units(self) -> i64 {
        self.back_units.saturating_sub(self.damaged_units)
    }

    /// The rows of the ledger for what was found, and where the line stands then.
    ///
    /// # Errors
    /// Less than nothing, or more than may still come.
    pub fn receive(self, found: Found) -> Result<(Vec<(EntryKind, Delta)>, Self), TooMany> {
        let counts = [found.whole_units, found.damaged_units];
        if counts.iter().any(|units| !(0..=MAX_BACK_UNITS).contains(units))
            || found.units() > self.open_units()
        {
            return Err(TooMany { most_units: self.open_units() });
        }
        let on_shelf = |units| Delta { on_hand_units: units, reserved_units: 0 };
        let mut rows = Vec::new();
        if found.units() > 0 {
            rows.push((EntryKind::Return, on_shelf(found.units())));
        }
        if found.damaged_units > 0 {
            rows.push((EntryKind::WriteOff, on_shelf(-found.damaged_units)));
        }
        let after = Self {
            left_units: self.left_units,
            back_units: self.back_units + found.units(),
            damaged_units: self.damaged_units + found.damaged_units,
        };
        Ok((rows, after))
    }
}

/// More than the order still has outside, or less than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// What may still come.
    pub most_units: i64,
}

/// Whether goods of a line can come back: they left the house, by the ledger or before it began.
#[must_use]
pub const fn can_come_back(position: StockPosition, state: OrderState) -> bool {
    match position {
        StockPosition::Taken => true,
        // Of one that was called off before we looked nobody knows whether it ever left.
        StockPosition::BeforeOpening => matches!(state, OrderState::Shipped | OrderState::Delivered),
        StockPosition::Untouched | StockPosition::Reserved | StockPosition::Released => false,
    }
}

/// Whether a case says that goods came back, or are said to have: then somebody looks for them.
#[must_use]
pub fn brings_goods(case: &Case) -> bool {
    let is_about_goods = matches!(case.kind, CaseKind::Return | CaseKind::Claim);
    match &case.state {
        CaseState::WaitsForSeller { task: Task::Inspect, .. } => is_about_goods,
        CaseState::Closed(Outcome::ForBuyer) => case.kind == CaseKind::Return,
        CaseState::WaitsForSeller { .. }
        | CaseState::WaitsForBuyer
        | CaseState::WaitsForPlatform
        | CaseState::Closed(_)
        | CaseState::NeedsAttention(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::order::CancelledBy;
    use crate::time::Timestamp;

    const fn found(whole_units: i64, damaged_units: i64) -> Found {
        Found { whole_units, damaged_units }
    }

    #[test]
    fn less_than_nothing_and_more_than_left_are_refused() {
        let back = Back { left_units: 5, back_units: 2, damaged_units: 1 };
        let too_many = Err(TooMany { most_units: 3 });
        for bad in [
            found(-1, 0),
            found(0, -1),
            found(4, 0),
            found(0, 4),
            found(2, 2),
            found(4, -1),
            found(i64::MAX, 1),
            found(i64::MAX, i64::MAX),
            found(i64::MIN, i64::MAX),
        ] {
            assert_eq!(back.receive(bad), too_many, "{bad:?}");
        }
        let over = Back { left_units: 1, back_units: 3, damaged_units: 0 };
        assert_eq!((over.open_units(), over.receive(found(1, 0)).is_err()), (0, true));
    }

    #[test]
    fn whole_ones_stay_on_the_shelf_and_damaged_ones_pass_through() {
        let back = Back { left_units: 5, ..Back::default() };
        let (rows, after) = back.receive(found(2, 1)).unwrap();
        let shelf = |units| Delta { on_hand_units: units, reserved_units: 0 };
        assert_eq!(rows, [(EntryKind::Return, shelf(3)), (EntryKind::WriteOff, shelf(-1))]);
        assert_eq!((after.open_units(), after.whole_units()), (2, 2));
        let (rows, same) = after.receive(found(0, 0)).unwrap();
        assert_eq!((rows.len(), same), (0, after), "nothing found is no row");
    }

    #[test]
    fn only_what_left_comes_back() {
        use StockPosition::{BeforeOpening, Released, Reserved, Taken, Untouched};
        let off = OrderState::Cancelled(CancelledBy::Marketplace);
        for state in [OrderState::Shipped, OrderState::Delivered, off] {
            assert!(can_come_back(Taken, state));
            for position in [Untouched, Reserved, Released] {
                assert!(!can_come_back(position, state), "{position:?}");
            }
        }
        assert!(can_come_back(BeforeOpening, OrderState::Delivered));
        assert!(!can_come_back(BeforeOpening, off), "it may never have left");
    }

    #[test]
    fn a_case_brings_goods_when_they_wait_to_be_looked_at_or_a_return_ended_for_the_buyer() {
        let case = |kind, state| Case {
            kind,
            state,
            platform_status: String::new(),
            reason: None,
            opened_at: Timestamp::EPOCH,
            order_external_id: Some("1".into()),
            listing_external_id: None,
            amount: None,
        };
        let inspect = || CaseState::WaitsForSeller { task: Task::Inspect, until: None };
        let decide = || CaseState::WaitsForSeller { task: Task::Decide, until: None };
        let closed = CaseState::Closed;
        assert!(brings_goods(&case(CaseKind::Claim, inspect())));
        assert!(brings_goods(&case(CaseKind::Return, inspect())));
        assert!(brings_goods(&case(CaseKind::Return, closed(Outcome::ForBuyer))));
        for (kind, state) in [
            (CaseKind::Claim, closed(Outcome::ForBuyer)),
            (CaseKind::Return, closed(Outcome::ForSeller)),
            (CaseKind::Return, decide()),
            (CaseKind::Return, CaseState::WaitsForBuyer),
            (CaseKind::Question, inspect()),
            (CaseKind::Cancellation, closed(Outcome::ForBuyer)),
        ] {
            assert!(!brings_goods(&case(kind, state.clone())), "{kind:?} {state:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_tried_no_more_comes_back_than_left_and_the_shelf_gains_what_is_whole(
            left_units in 0_i64..20, tries in proptest::collection::vec((-2_i64..8, -2_i64..8), 0..12),
        ) {
            let mut back = Back { left_units, ..Back::default() };
            let mut shelf = 0;
            for (whole, damaged) in tries {
                let Ok((rows, after)) = back.receive(found(whole, damaged)) else { continue };
                prop_assert!(rows.iter().all(|(_, delta)| delta.reserved_units == 0));
                shelf += rows.iter().map(|(_, delta)| delta.on_hand_units).sum::<i64>();
                back = after;
            }
            prop_assert!(back.back_units <= left_units && back.damaged_units <= back.back_units);
            prop_assert_eq!(shelf, back.whole_units());
            prop_assert_eq!(back.open_units(), left_units - back.back_units);
        }
    }
}
