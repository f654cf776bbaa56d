//! What a listing has to cost so that its sale earns what the seller wants, and what a sale at a
//! price earns. A platform's fees jump with the price (a fixed fee up to one amount, a freight share
//! from another one on), so a higher price may earn less: every stretch of the table is looked at.
//!
//! Amounts are minor units of one currency, shares are [`Share`]s of the price. Nothing here knows a
//! platform: its fees come in as a [`FeeTable`].

mod change;
mod policy;
mod typed;

pub use change::{BatchState, ChangeState, PriceStep, PriceWhy, next_step};
pub use policy::{BelowFloor, Policy, WILD_TIMES, is_wild};
pub use typed::{
    StretchColumn, StretchFault, StretchWrong, TypedPolicy, TypedStretch, endings, policy_of, table_of,
};

/// A share of a price, in basis points (hundredths of a percent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Share(u32);

impl Share {
    /// All of it, in basis points.
    pub const WHOLE_BASIS_POINTS: u32 = 10_000;

    /// So many basis points; `None` beyond the whole.
    #[must_use]
    pub const fn from_basis_points(points: u32) -> Option<Self> {
        if points <= Self::WHOLE_BASIS_POINTS { Some(Self(points)) } else { None }
    }

    /// Basis points.
    #[must_use]
    pub const fn basis_points(self) -> u32 {
        self.0
    }

    /// This share of an amount.
    fn of(self, minor: i64) -> i64 {
        part(minor, self.0)
    }
}

/// So many basis points of an amount, rounded half up as platforms do.
pub(crate) fn part(minor: i64, basis_points: u32) -> i64 {
    let whole = i128::from(Share::WHOLE_BASIS_POINTS);
    let scaled = i128::from(minor) * i128::from(basis_points);
    i64::try_from((scaled + whole / 2).div_euclid(whole)).unwrap_or(i64::MAX)
}

/// What a platform takes of one item sold at a price of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fees {
    /// Its share of the price.
    pub commission: Share,
    /// What that share never exceeds, where it is capped.
    pub commission_cap_minor: Option<i64>,
    /// A fixed fee.
    pub per_item_minor: i64,
    /// What the seller pays of the carriage.
    pub freight_minor: i64,
}

impl Fees {
    fn commission_at(self, price_minor: i64) -> i64 {
        let share = self.commission.of(price_minor);
        self.commission_cap_minor.map_or(share, |cap| share.min(cap))
    }
}

/// A platform's fees by price: stretches that touch, from nothing on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeTable {
    /// First price of each stretch, rising from 0, and its fees.
    stretches: Vec<(i64, Fees)>,
}

/// Stretches of a table at most; the finest one known has seven.
pub const MAX_STRETCHES: usize = 40;

/// Why a table is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeeTableError {
    /// The first stretch does not begin at nothing.
    #[error("the first stretch of a fee table begins at 0")]
    Start,
    /// Stretches do not rise.
    #[error("stretch {0} of the fee table does not begin above the one before")]
    Order(usize),
    /// Fees below nothing.
    #[error("stretch {0} of the fee table has a fee below nothing")]
    Negative(usize),
    /// Too many.
    #[error("a fee table has at most {MAX_STRETCHES} stretches")]
    TooMany,
}

impl FeeTable {
    /// A table of stretches, each from its first price (minor units) on.
    pub fn new(stretches: Vec<(i64, Fees)>) -> Result<Self, FeeTableError> {
        if stretches.len() > MAX_STRETCHES {
            return Err(FeeTableError::TooMany);
        }
        if stretches.first().is_none_or(|(from, _)| *from != 0) {
            return Err(FeeTableError::Start);
        }
        if let Some(at) = stretches.windows(2).position(|pair| pair[1].0 <= pair[0].0) {
            return Err(FeeTableError::Order(at + 2));
        }
        let below = |fees: &Fees| {
            fees.per_item_minor < 0
                || fees.freight_minor < 0
                || fees.commission_cap_minor.is_some_and(|cap| cap < 0)
        };
        if let Some(at) = stretches.iter().position(|(_, fees)| below(fees)) {
            return Err(FeeTableError::Negative(at + 1));
        }
        Ok(Self { stretches })
    }

    /// The same fees at every price.
    #[must_use]
    pub fn flat(fees: Fees) -> Self {
        Self { stretches: vec![(0, fees)] }
    }

    /// The fees at a price.
    #[must_use]
    pub fn at(&self, price_minor: i64) -> Fees {
        let after = self.stretches.partition_point(|(from, _)| *from <= price_minor);
        self.stretches.get(after.saturating_sub(1)).map_or_else(Fees::default, |(_, fees)| *fees)
    }

    /// First price of each stretch, and its fees.
    #[must_use]
    pub fn rows(&self) -> &[(i64, Fees)] {
        &self.stretches
    }

    /// Each stretch with the price that it ends before.
    fn stretches(&self) -> impl Iterator<Item = (i64, Option<i64>, Fees)> {
        let ends = self.stretches.iter().skip(1).map(|(from, _)| Some(*from)).chain([None]);
        self.stretches.iter().zip(ends).map(|((from, fees), end)| (*from, end, *fees))
    }
}

/// What the seller bears for one item, whatever it is sold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlay {
    /// What the goods cost.
    pub goods_minor: i64,
    /// Box, tape, label.
    pub packaging_minor: i64,
    /// The seller's own tax, a share of the price (Simples Nacional and the like).
    pub tax: Share,
}

/// A sale, line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earnings {
    /// What the buyer pays for the item.
    pub price_minor: i64,
    /// The platform's share.
    pub commission_minor: i64,
    /// Its fixed fee.
    pub per_item_minor: i64,
    /// Carriage.
    pub freight_minor: i64,
    /// The seller's tax.
    pub tax_minor: i64,
    /// Goods and packaging.
    pub cost_minor: i64,
}

impl Earnings {
    /// What a sale at a price earns.
    #[must_use]
    pub fn at(price_minor: i64, table: &FeeTable, outlay: Outlay) -> Self {
        let fees = table.at(price_minor);
        Self {
            price_minor,
            commission_minor: fees.commission_at(price_minor),
            per_item_minor: fees.per_item_minor,
            freight_minor: fees.freight_minor,
            tax_minor: outlay.tax.of(price_minor),
            cost_minor: outlay.goods_minor.saturating_add(outlay.packaging_minor),
        }
    }

    /// What is left; below zero, the sale loses money.
    #[must_use]
    pub const fn profit_minor(&self) -> i64 {
        self.price_minor
            .saturating_sub(self.commission_minor)
            .saturating_sub(self.per_item_minor)
            .saturating_sub(self.freight_minor)
            .saturating_sub(self.tax_minor)
            .saturating_sub(self.cost_minor)
    }
}

/// What a sale is to earn at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// An amount.
    Amount(i64),
    /// A share of the price.
    OfPrice(Share),
    /// A share of what goods and packaging cost, in basis points; it may be more than the whole.
    OfCost(u32),
}

impl Goal {
    fn is_met(self, earnings: &Earnings) -> bool {
        earnings.profit_minor()
            >= self.fixed_minor(earnings.cost_minor) + self.share().of(earnings.price_minor)
    }

    fn fixed_minor(self, cost_minor: i64) -> i64 {
        match self {
            Self::Amount(minor) => minor,
            Self::OfPrice(_) => 0,
            Self::OfCost(points) => part(cost_minor, points),
        }
    }

    const fn share(self) -> Share {
        match self {
            Self::OfPrice(share) => share,
            Self::Amount(_) | Self::OfCost(_) => Share(0),
        }
    }
}

/// How prices end: `,90` is 90 of each 100 minor units, `9,90` is 990 of each 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    every_minor: i64,
    ending_minor: i64,
}

impl Ending {
    /// Any price.
    pub const ANY: Self = Self { every_minor: 1, ending_minor: 0 };

    /// Prices that end so: `ending_minor` of each `every_minor`. `None` where no price does.
    #[must_use]
    pub const fn new(every_minor: i64, ending_minor: i64) -> Option<Self> {
        if every_minor > 0 && ending_minor >= 0 && ending_minor < every_minor {
            Some(Self { every_minor, ending_minor })
        } else {
            None
        }
    }

    /// Of how many minor units it is an ending.
    #[must_use]
    pub const fn every_minor(self) -> i64 {
        self.every_minor
    }

    /// The ending itself, in minor units.
    #[must_use]
    pub const fn ending_minor(self) -> i64 {
        self.ending_minor
    }

    /// Whether a price ends so.
    #[must_use]
    pub const fn fits(self, price_minor: i64) -> bool {
        price_minor.rem_euclid(self.every_minor) == self.ending_minor
    }

    /// The lowest price that ends so and is not below this one.
    const fn at_or_above(self, price_minor: i64) -> i64 {
        let missing = (self.ending_minor - price_minor).rem_euclid(self.every_minor);
        price_minor.saturating_add(missing)
    }
}

/// How a price is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceRule {
    /// What a sale is to earn.
    pub goal: Goal,
    /// How the price ends.
    pub ending: Ending,
    /// Below this the price never goes.
    pub floor_minor: i64,
}

/// Highest price that is ever proposed, in minor units: ten million of a currency with cents.
pub const MAX_PRICE_MINOR: i64 = 1_000_000_000;

/// Why no price fulfils a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Fees, tax and margin leave nothing of the price, however high it is.
    #[error("fees, tax and margin together take the whole price: no price is high enough")]
    NothingLeft,
    /// The price would be higher than [`MAX_PRICE_MINOR`].
    #[error("no price below the highest one that is proposed earns that")]
    TooHigh,
}

impl PriceRule {
    /// The lowest price that earns the goal, with what it earns.
    pub fn price(&self, table: &FeeTable, outlay: Outlay) -> Result<Earnings, PriceError> {
        let mut open = false;
        for (from, end, fees) in table.stretches() {
            let lowest = from.max(self.floor_minor).max(1);
            open |= self.needed(fees, outlay).is_some();
            let Some(needed) = self.needed(fees, outlay) else { continue };
            let mut price = self.ending.at_or_above(needed.max(lowest));
            // What is computed without rounding may be short of the goal by what rounding takes.
            while end.is_none_or(|end| price < end) && price <= MAX_PRICE_MINOR {
                let earnings = Earnings::at(price, table, outlay);
                if self.goal.is_met(&earnings) {
                    return Ok(earnings);
                }
                price = self.ending.at_or_above(price.saturating_add(1));
            }
        }
        Err(if open { PriceError::TooHigh } else { PriceError::NothingLeft })
    }

    /// The price from which on a stretch's fees leave the goal, but for rounding; `None` where shares
    /// take all of it.
    fn needed(&self, fees: Fees, outlay: Outlay) -> Option<i64> {
        let cost = outlay.goods_minor.saturating_add(outlay.packaging_minor);
        let fixed = i128::from(cost)
            + i128::from(fees.per_item_minor)
            + i128::from(fees.freight_minor)
            + i128::from(self.goal.fixed_minor(cost));
        let shares = i128::from(outlay.tax.0) + i128::from(self.goal.share().0);
        let by_share = lowest_left(fixed, shares + i128::from(fees.commission.0));
        let by_cap = fees.commission_cap_minor.and_then(|cap| lowest_left(fixed + i128::from(cap), shares));
        // The lower of the two commissions is the one that is taken.
        by_share.into_iter().chain(by_cap).min()
    }
}

/// The lowest price of which `shares` (basis points) leave `fixed`, less what rounding may take.
fn lowest_left(fixed: i128, shares: i128) -> Option<i64> {
    /// Each of the three shares is rounded by less than one minor unit.
    const ROUNDING_MINOR: i128 = 3;
    let whole = i128::from(Share::WHOLE_BASIS_POINTS);
    let left = whole - shares;
    (left > 0).then(|| {
        let price = (fixed - ROUNDING_MINOR) * whole / left;
        i64::try_from(price.max(0)).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// So many hundredths of a hundredth.
    pub(super) fn share(points: u32) -> Share {
        Share::from_basis_points(points).unwrap()
    }

    /// A fixed fee below 79.00, a share of the carriage from there on.
    pub(super) fn with_a_step() -> FeeTable {
        let fees = |per_item_minor, freight_minor| Fees {
            commission: share(1_400),
            commission_cap_minor: None,
            per_item_minor,
            freight_minor,
        };
        FeeTable::new(vec![(0, fees(600, 0)), (7_900, fees(0, 1_890))]).unwrap()
    }

    fn outlay(goods_minor: i64) -> Outlay {
        Outlay { goods_minor, packaging_minor: 150, tax: share(400) }
    }

    const NINETY: Ending = Ending::new(100, 90).unwrap();

    #[test]
    fn a_sale_is_told_line_by_line() {
        let sale = Earnings::at(7_900, &with_a_step(), outlay(3_000));
        assert_eq!((sale.commission_minor, sale.per_item_minor, sale.freight_minor), (1_106, 0, 1_890));
        assert_eq!((sale.tax_minor, sale.cost_minor, sale.profit_minor()), (316, 3_150, 1_438));
        let below = Earnings::at(7_890, &with_a_step(), outlay(3_000));
        assert_eq!(below.profit_minor(), 2_719, "just below the step the sale earns nearly twice as much");
    }

    #[test]
    fn the_lowest_price_that_earns_the_goal_is_found_on_either_side_of_a_step() {
        let rule = |goal| PriceRule { goal, ending: NINETY, floor_minor: 0 };
        let at = |goal| rule(goal).price(&with_a_step(), outlay(3_000)).unwrap().price_minor;
        assert_eq!(at(Goal::Amount(2_700)), 7_890);
        assert_eq!(at(Goal::Amount(2_720)), 9_490, "the step is jumped where it costs too much");
        assert_eq!(at(Goal::OfPrice(share(2_000))), 6_090);
        assert_eq!(at(Goal::OfCost(5_000)), 6_590);
    }

    #[test]
    fn the_floor_holds_whatever_would_be_enough() {
        let rule = PriceRule { goal: Goal::Amount(0), ending: NINETY, floor_minor: 12_000 };
        assert_eq!(rule.price(&with_a_step(), outlay(100)).unwrap().price_minor, 12_090);
    }

    #[test]
    fn a_capped_commission_is_used_where_it_is_the_lower_one() {
        let fees = Fees { commission: share(2_000), commission_cap_minor: Some(10_000), ..Fees::default() };
        let rule = PriceRule { goal: Goal::Amount(100_000), ending: Ending::ANY, floor_minor: 0 };
        let sale = rule.price(&FeeTable::flat(fees), Outlay::default()).unwrap();
        assert_eq!((sale.price_minor, sale.commission_minor), (110_000, 10_000));
    }

    #[test]
    fn where_nothing_is_left_of_a_price_none_is_proposed() {
        let fees = Fees { commission: share(5_000), ..Fees::default() };
        let rule = |goal| PriceRule { goal, ending: Ending::ANY, floor_minor: 0 };
        let outlay = Outlay { tax: share(2_000), ..Outlay::default() };
        let table = FeeTable::flat(fees);
        assert_eq!(rule(Goal::OfPrice(share(3_000))).price(&table, outlay), Err(PriceError::NothingLeft));
        assert_eq!(rule(Goal::Amount(i64::MAX / 4)).price(&table, outlay), Err(PriceError::TooHigh));
    }

    #[test]
    fn a_table_that_is_none_is_refused_with_its_place() {
        let fees = Fees::default();
        assert_eq!(FeeTable::new(vec![]), Err(FeeTableError::Start));
        assert_eq!(FeeTable::new(vec![(1, fees)]), Err(FeeTableError::Start));
        assert_eq!(FeeTable::new(vec![(0, fees), (5, fees), (5, fees)]), Err(FeeTableError::Order(3)));
        let below = Fees { freight_minor: -1, ..fees };
        assert_eq!(FeeTable::new(vec![(0, fees), (5, below)]), Err(FeeTableError::Negative(2)));
        let many = (0..=40).map(|from| (from, fees)).collect();
        assert_eq!(FeeTable::new(many), Err(FeeTableError::TooMany));
    }

    fn tables() -> impl Strategy<Value = FeeTable> {
        let fees = (0_u32..4_000, proptest::option::of(0_i64..20_000), 0_i64..1_000, 0_i64..3_000).prop_map(
            |(points, commission_cap_minor, per_item_minor, freight_minor)| Fees {
                commission: share(points),
                commission_cap_minor,
                per_item_minor,
                freight_minor,
            },
        );
        proptest::collection::btree_map(1_i64..40_000, fees.clone(), 0..4).prop_flat_map(move |rest| {
            fees.clone().prop_map(move |first| {
                let stretches = std::iter::once((0, first)).chain(rest.clone()).collect();
                FeeTable::new(stretches).unwrap()
            })
        })
    }

    fn goals() -> impl Strategy<Value = Goal> {
        prop_oneof![
            (0_i64..5_000).prop_map(Goal::Amount),
            (0_u32..3_000).prop_map(|points| Goal::OfPrice(share(points))),
            (0_u32..15_000).prop_map(Goal::OfCost),
        ]
    }

    proptest! {
        #[test]
        fn no_lower_price_would_have_earned_it(
            table in tables(), goal in goals(), goods in 0_i64..10_000, tax in 0_u32..2_000, ninety: bool,
            floor_minor in 0_i64..20_000,
        ) {
            let ending = if ninety { NINETY } else { Ending::ANY };
            let outlay = Outlay { goods_minor: goods, packaging_minor: 100, tax: share(tax) };
            let rule = PriceRule { goal, ending, floor_minor };
            let found = rule.price(&table, outlay).unwrap();
            prop_assert!(goal.is_met(&found) && ending.fits(found.price_minor));
            prop_assert!(found.price_minor >= floor_minor);
            // Every lower price that a person could have asked for, to the last cent.
            for price in floor_minor.max(1)..found.price_minor {
                let enough = goal.is_met(&Earnings::at(price, &table, outlay));
                prop_assert!(!(enough && ending.fits(price)), "{} would do, {} is said", price, found.price_minor);
            }
        }
    }
}
