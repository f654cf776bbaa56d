//! A seller's rule for prices at an account: what a sale is to earn, how prices end, and what no price
//! goes below, typed or reckoned.

use super::{Earnings, Ending, FeeTable, Goal, Outlay, PriceError, PriceRule};

/// A price that changes by more than so many times is asked about by name: a slip of the comma.
pub const WILD_TIMES: i64 = 10;

/// Whether a new price is so far from the present one that somebody has to say that it is meant.
#[must_use]
pub const fn is_wild(from_minor: i64, to_minor: i64) -> bool {
    to_minor > from_minor.saturating_mul(WILD_TIMES) || to_minor.saturating_mul(WILD_TIMES) < from_minor
}

/// A rule as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What a sale is to earn.
    pub goal: Goal,
    /// How prices end.
    pub ending: Ending,
    /// Below this no price goes; 0 for none.
    pub floor_minor: i64,
    /// Whether no price may lose money.
    pub never_at_a_loss: bool,
    /// Box, tape, label of one sale.
    pub packaging_minor: i64,
}

/// A price that the rule forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BelowFloor {
    /// The lowest price from here on that it allows; `None` where none does.
    pub least_minor: Option<i64>,
}

impl Policy {
    /// The lowest price that earns the goal and is not below the floor.
    ///
    /// # Errors
    /// Why there is none.
    pub fn price(&self, table: &FeeTable, outlay: Outlay) -> Result<Earnings, PriceError> {
        let rule = PriceRule { goal: self.goal, ending: self.ending, floor_minor: self.floor_minor };
        rule.price(table, outlay)
    }

    /// Whether a price may be asked. With `known` (fees and what the seller bears) it is also held
    /// against the promise to lose nothing.
    ///
    /// # Errors
    /// What the rule allows instead. Above a price that earns there may be prices that lose, where a
    /// fee begins: so it is the next one up, not the lowest of all.
    pub fn allows(&self, price_minor: i64, known: Option<(&FeeTable, Outlay)>) -> Result<(), BelowFloor> {
        let known = known.filter(|_| self.never_at_a_loss);
        let loses =
            known.is_some_and(|(table, outlay)| Earnings::at(price_minor, table, outlay).profit_minor() < 0);
        if price_minor >= self.floor_minor && !loses {
            return Ok(());
        }
        let from = price_minor.max(self.floor_minor);
        let Some((table, outlay)) = known else { return Err(BelowFloor { least_minor: Some(from) }) };
        let next = PriceRule { goal: Goal::Amount(0), ending: Ending::ANY, floor_minor: from };
        Err(BelowFloor { least_minor: next.price(table, outlay).ok().map(|sale| sale.price_minor) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pricing::Fees;
    use crate::pricing::tests::{share, with_a_step};

    const POLICY: Policy = Policy {
        goal: Goal::Amount(0),
        ending: Ending::ANY,
        floor_minor: 0,
        never_at_a_loss: true,
        packaging_minor: 0,
    };

    #[test]
    fn a_comma_that_slipped_is_wild_and_a_sale_is_not() {
        assert!(
            is_wild(1_000, 100_000) && is_wild(100_000, 1_000) && is_wild(1_000, 10_001) && is_wild(1, 0)
        );
        assert!(!is_wild(1_000, 10_000) && !is_wild(1_000, 100) && !is_wild(1_000, 1_000));
        assert!(is_wild(0, 1) && !is_wild(i64::MAX, i64::MAX));
    }

    #[test]
    fn a_price_below_the_floor_is_told_the_floor() {
        let policy = Policy { floor_minor: 5_000, never_at_a_loss: false, ..POLICY };
        assert_eq!(policy.allows(5_000, None), Ok(()));
        assert_eq!(policy.allows(4_999, None), Err(BelowFloor { least_minor: Some(5_000) }));
        assert_eq!(
            policy.allows(1, Some((&with_a_step(), Outlay { goods_minor: 90_000, ..Outlay::default() }))),
            Err(BelowFloor { least_minor: Some(5_000) }),
            "a loss was not forbidden"
        );
    }

    #[test]
    fn where_a_fee_begins_a_higher_price_loses_and_the_next_good_one_is_named() {
        let outlay = Outlay { goods_minor: 5_500, ..Outlay::default() };
        assert_eq!(POLICY.allows(7_890, Some((&with_a_step(), outlay))), Ok(()));
        let refused = POLICY.allows(7_900, Some((&with_a_step(), outlay))).unwrap_err();
        let least = refused.least_minor.unwrap();
        assert!(least > 7_900 && POLICY.allows(least, Some((&with_a_step(), outlay))).is_ok());
        assert!(POLICY.allows(least - 1, Some((&with_a_step(), outlay))).is_err());
    }

    #[test]
    fn where_fees_take_everything_no_price_is_named() {
        let all = FeeTable::flat(Fees { commission: share(10_000), ..Fees::default() });
        let outlay = Outlay { goods_minor: 1, ..Outlay::default() };
        assert_eq!(POLICY.allows(900, Some((&all, outlay))), Err(BelowFloor { least_minor: None }));
    }

    proptest! {
        #[test]
        fn what_the_rule_says_the_rule_allows(
            goods in 0_i64..20_000, floor_minor in 0_i64..20_000, points in 0_u32..3_000, never_at_a_loss: bool,
        ) {
            let policy = Policy { goal: Goal::OfPrice(share(points)), floor_minor, never_at_a_loss, ..POLICY };
            let outlay = Outlay { goods_minor: goods, ..Outlay::default() };
            let sale = policy.price(&with_a_step(), outlay).unwrap();
            prop_assert_eq!(policy.allows(sale.price_minor, Some((&with_a_step(), outlay))), Ok(()));
        }

        #[test]
        fn what_is_named_instead_is_allowed_and_not_lower(
            price in 0_i64..30_000, goods in 0_i64..20_000, floor_minor in 0_i64..20_000, never_at_a_loss: bool,
        ) {
            let policy = Policy { floor_minor, never_at_a_loss, ..POLICY };
            let known = (&with_a_step(), Outlay { goods_minor: goods, ..Outlay::default() });
            if let Err(below) = policy.allows(price, Some(known)) {
                let least = below.least_minor.unwrap();
                prop_assert!(least >= price && least >= floor_minor);
                prop_assert_eq!(policy.allows(least, Some(known)), Ok(()));
            }
        }
    }
}
