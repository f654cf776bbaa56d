//! What an order earns: what its platform gives and takes (a forecast until it is charged, kind by
//! kind), less what the goods cost when they were sold, less the seller's own tax as it was then.
//!
//! Nothing is guessed. A piece without a cost counts as one ([`LineProfit::uncosted_units`]), and
//! each part of an order says whether it is known, a forecast or missing ([`Truth`]).
//!
//! Amounts are the seller's, in minor units of the order's currency: above zero what they get, below
//! zero what they bear. So a profit is the plain sum of its parts, and a shop's the sum of its orders'.

use std::cmp::{Ordering, Reverse};
use std::ops::{Add, Sub};

use crate::money::Money;
use crate::order::OrderState;
use crate::pricing;
use crate::settlement::{Counted, FeeKind, Reckoning};
use crate::stock::StockPosition;
use crate::time::Timestamp;

/// What an amount of an order belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What the goods bring.
    Sales,
    /// Vouchers and campaigns that the seller bears.
    Discounts,
    /// What the platform takes.
    Fees,
    /// Carriage.
    Freight,
    /// Tax that the platform withholds, and the seller's own.
    Tax,
    /// Given back to the buyer.
    Refunds,
    /// Booked afterwards, and what the platform does not explain.
    Adjustments,
    /// What the goods cost.
    Cost,
}

impl Part {
    /// Every part, in the order shown.
    pub const ALL: [Self; 8] = [
        Self::Sales,
        Self::Discounts,
        Self::Fees,
        Self::Freight,
        Self::Tax,
        Self::Refunds,
        Self::Adjustments,
        Self::Cost,
    ];

    /// The word in translation keys and columns.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sales => "sales",
            Self::Discounts => "discounts",
            Self::Fees => "fees",
            Self::Freight => "freight",
            Self::Tax => "tax",
            Self::Refunds => "refunds",
            Self::Adjustments => "adjustments",
            Self::Cost => "cost",
        }
    }

    /// Where a platform's amount belongs.
    #[must_use]
    pub const fn of(kind: &FeeKind) -> Self {
        match kind {
            FeeKind::Goods => Self::Sales,
            FeeKind::Campaign => Self::Discounts,
            FeeKind::Refund => Self::Refunds,
            FeeKind::Freight => Self::Freight,
            FeeKind::Tax => Self::Tax,
            FeeKind::Adjustment | FeeKind::Unexplained => Self::Adjustments,
            FeeKind::Commission
            | FeeKind::ItemFee
            | FeeKind::Programme
            | FeeKind::Payment
            | FeeKind::Handling
            | FeeKind::Affiliate
            | FeeKind::Advertising
            | FeeKind::AllFees
            | FeeKind::Other(_) => Self::Fees,
        }
    }
}

/// An amount for each part, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts([i64; Part::ALL.len()]);

impl Amounts {
    /// From an amount for each part, in the order of [`Part::ALL`].
    #[must_use]
    pub const fn new(minor: [i64; Part::ALL.len()]) -> Self {
        Self(minor)
    }

    /// What a part comes to.
    #[must_use]
    pub const fn of(&self, part: Part) -> i64 {
        self.0[part as usize]
    }

    /// The amounts in the order of [`Part::ALL`].
    #[must_use]
    pub const fn all(&self) -> &[i64; Part::ALL.len()] {
        &self.0
    }

    /// Adds to a part.
    pub fn put(&mut self, part: Part, minor: i64) {
        self.0[part as usize] = self.0[part as usize].saturating_add(minor);
    }

    /// All of them together: what is earned.
    #[must_use]
    pub fn profit(&self) -> i64 {
        self.0.iter().fold(0, |sum: i64, minor| sum.saturating_add(*minor))
    }
}

impl Add for Amounts {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        for (held, more) in self.0.iter_mut().zip(other.0) {
            *held = held.saturating_add(more);
        }
        self
    }
}

impl Sub for Amounts {
    type Output = Self;

    fn sub(mut self, other: Self) -> Self {
        for (held, less) in self.0.iter_mut().zip(other.0) {
            *held = held.saturating_sub(less);
        }
        self
    }
}

/// Whether an order counts as a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not paid yet: nothing of it counts.
    Waiting,
    /// A sale. One that waits for a person is one: its buyer has paid.
    On,
    /// Over without one: only what was charged for it counts, and what did not come back.
    Off,
}

impl Standing {
    /// Of an order in this state.
    #[must_use]
    pub const fn of(state: OrderState) -> Self {
        match state {
            OrderState::AwaitingPayment => Self::Waiting,
            OrderState::ToDispatch
            | OrderState::Shipped
            | OrderState::Delivered
            | OrderState::NeedsAttention(_) => Self::On,
            OrderState::Cancelled(_) => Self::Off,
        }
    }
}

/// A line as it was sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldLine {
    /// Its price: units × price of one.
    pub price_minor: i64,
    /// Units.
    pub units: i64,
    /// What has happened to its stock: a unit that came back to the shelf costs nothing.
    pub position: StockPosition,
    /// What a piece cost when it was sold, in the order's currency; `None` where nobody said.
    pub cost_minor: Option<i64>,
    /// The tax on its sale then, in hundredths of a percent; `None` where nobody said.
    pub tax_basis_points: Option<u32>,
    /// What was received back onto the shelf after it had left.
    pub back: CameBack,
}

/// What of a line came back from its buyer and can be sold again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CameBack {
    /// Units; of a kit, whole ones.
    pub units: i64,
    /// What the pieces cost when they were sold; of a kit, those components that came back.
    pub cost_minor: i64,
}

impl SoldLine {
    /// Units whose cost the seller bears.
    const fn borne_units(&self, standing: Standing) -> i64 {
        match standing {
            Standing::Waiting => 0,
            Standing::On => self.units,
            Standing::Off => match self.position {
                StockPosition::Taken => self.units,
                StockPosition::Untouched
                | StockPosition::BeforeOpening
                | StockPosition::Reserved
                | StockPosition::Released => 0,
            },
        }
    }
}

/// What a line earns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineProfit {
    /// Its share of each part.
    pub amounts: Amounts,
    /// Units sold.
    pub units: i64,
    /// Units that nobody said the cost of.
    pub uncosted_units: i64,
    /// Units that nobody said the tax of.
    pub untaxed_units: i64,
}

impl Add for LineProfit {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            amounts: self.amounts + other.amounts,
            units: self.units.saturating_add(other.units),
            uncosted_units: self.uncosted_units.saturating_add(other.uncosted_units),
            untaxed_units: self.untaxed_units.saturating_add(other.untaxed_units),
        }
    }
}

impl Sub for LineProfit {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            amounts: self.amounts - other.amounts,
            units: self.units.saturating_sub(other.units),
            uncosted_units: self.uncosted_units.saturating_sub(other.uncosted_units),
            untaxed_units: self.untaxed_units.saturating_sub(other.untaxed_units),
        }
    }
}

/// What is missing of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// The platform has not told it yet.
    NotTold,
    /// So many units have no cost.
    NoCost(i64),
    /// So many units have no tax.
    NoTax(i64),
}

/// How sure a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It is final.
    Known,
    /// It is what was to be expected; or was charged and may change.
    Forecast,
    /// It is not in the sum, or not all of it.
    Missing(Lack),
}

/// What an order earns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderProfit {
    /// Whether it counts as a sale.
    pub standing: Standing,
    /// Its lines, as they were given.
    pub lines: Vec<LineProfit>,
    /// Whether its platform has told all, for good.
    pub is_settled: bool,
    truths: [Truth; Part::ALL.len()],
}

impl OrderProfit {
    /// What an order earns that costs its buyer `total_minor`. Its money is shared among its lines by
    /// their prices.
    #[must_use]
    pub fn of(
        standing: Standing,
        total_minor: i64,
        reckoning: Option<&Reckoning>,
        lines: &[SoldLine],
    ) -> Self {
        let counted = counted(standing, total_minor, reckoning);
        let mut whole = Amounts::default();
        for counted in &counted {
            whole.put(Part::of(&counted.kind), counted.minor);
        }
        let mut out = vec![LineProfit::default(); lines.len()];
        let prices: Vec<i64> = lines.iter().map(|line| line.price_minor).collect();
        for part in Part::ALL {
            for (line, minor) in out.iter_mut().zip(share(whole.of(part), &prices)) {
                line.amounts.put(part, minor);
            }
        }
        for (line, sold) in out.iter_mut().zip(lines) {
            bear(line, sold, standing);
        }
        let is_settled = reckoning.is_some_and(|held| held.settled_at.is_some());
        let truths = Part::ALL.map(|part| truth(part, standing, is_settled, &counted, &out));
        Self { standing, lines: out, is_settled, truths }
    }

    /// How sure a part is.
    #[must_use]
    pub const fn truth(&self, part: Part) -> Truth {
        self.truths[part as usize]
    }

    /// All lines together.
    #[must_use]
    pub fn amounts(&self) -> Amounts {
        self.lines.iter().fold(Amounts::default(), |sum, line| sum + line.amounts)
    }

    /// Units that nobody said the cost of.
    #[must_use]
    pub fn uncosted_units(&self) -> i64 {
        self.lines.iter().map(|line| line.uncosted_units).sum()
    }

    /// Whether nothing of it will change by itself any more, and nothing is missing.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.truths.iter().all(|truth| *truth == Truth::Known)
    }
}

/// The platform's amounts that count.
fn counted(standing: Standing, total_minor: i64, reckoning: Option<&Reckoning>) -> Vec<Counted> {
    let mut counted = match (standing, reckoning) {
        (Standing::Waiting, _) | (_, None) => Vec::new(),
        (Standing::On, Some(held)) => held.counted(),
        (Standing::Off, Some(held)) => {
            // What was paid and given back was no sale: only what was kept is.
            let kept = |kind: &FeeKind| if *kind == FeeKind::Refund { FeeKind::Goods } else { kind.clone() };
            let charged = held.charged.iter();
            charged.map(|(kind, minor)| Counted { kind: kept(kind), minor, is_charged: true }).collect()
        }
    };
    if standing == Standing::On && !counted.iter().any(|counted| counted.kind == FeeKind::Goods) {
        counted.push(Counted { kind: FeeKind::Goods, minor: total_minor, is_charged: false });
    }
    counted
}

/// What the seller bears of a line beside what the platform takes.
fn bear(line: &mut LineProfit, sold: &SoldLine, standing: Standing) {
    if standing == Standing::On {
        line.units = sold.units;
    }
    let borne = sold.borne_units(standing);
    match sold.cost_minor {
        Some(cost) => {
            let gone = cost.saturating_mul(borne);
            let kept = sold.back.cost_minor.clamp(0, gone.max(0));
            line.amounts.put(Part::Cost, gone.saturating_sub(kept).saturating_neg());
        }
        None => line.uncosted_units = borne - sold.back.units.clamp(0, borne),
    }
    // Of what was given back no tax is due.
    let kept = line.amounts.of(Part::Sales).saturating_add(line.amounts.of(Part::Refunds)).max(0);
    match sold.tax_basis_points {
        Some(points) => line.amounts.put(Part::Tax, pricing::part(kept, points).saturating_neg()),
        None if kept > 0 => line.untaxed_units = sold.units,
        None => {}
    }
}

fn truth(
    part: Part,
    standing: Standing,
    is_settled: bool,
    counted: &[Counted],
    lines: &[LineProfit],
) -> Truth {
    let missing = |of: fn(&LineProfit) -> i64, lack: fn(i64) -> Lack| {
        let units = lines.iter().map(of).sum::<i64>();
        (units > 0).then(|| Truth::Missing(lack(units)))
    };
    let lacks = match part {
        Part::Cost => return missing(|line| line.uncosted_units, Lack::NoCost).unwrap_or(Truth::Known),
        Part::Tax => missing(|line| line.untaxed_units, Lack::NoTax),
        // What every sale has, sooner or later; of the others, none is to be expected.
        Part::Fees | Part::Freight => {
            let is_told = is_settled || counted.iter().any(|counted| Part::of(&counted.kind) == part);
            (!is_told && standing == Standing::On).then_some(Truth::Missing(Lack::NotTold))
        }
        Part::Sales | Part::Discounts | Part::Refunds | Part::Adjustments => None,
    };
    let settled = if is_settled || standing == Standing::Off { Truth::Known } else { Truth::Forecast };
    lacks.unwrap_or(settled)
}

/// An amount in shares as large as the weights; what rounding leaves goes to the largest weight (the
/// first of those). The sum is always the amount. Where no weight is above zero, all count alike.
#[must_use]
pub fn share(amount: i64, weights: &[i64]) -> Vec<i64> {
    let weight = |weight: &i64| i128::from((*weight).max(0));
    let whole: i128 = weights.iter().map(weight).sum();
    if whole == 0 && weights.iter().any(|weight| *weight != 1) {
        return share(amount, &vec![1; weights.len()]);
    }
    let part = |it: &i64| i64::try_from(i128::from(amount) * weight(it) / whole.max(1)).unwrap_or_default();
    let mut shares: Vec<i64> = weights.iter().map(part).collect();
    let given = shares.iter().map(|share| i128::from(*share)).sum::<i128>();
    let rest = i64::try_from(i128::from(amount) - given).unwrap_or_default();
    let largest = (0..weights.len()).max_by_key(|at| (weights[*at], std::cmp::Reverse(*at)));
    if let Some(share) = largest.and_then(|at| shares.get_mut(at)) {
        *share = share.saturating_add(rest);
    }
    shares
}

/// Whether a parcel left too late: seen when its order goes from waiting to on its way, by the
/// platform's clock. `None` where that was not seen, or there is no deadline: an order that is found
/// delivered tells nothing of the day it left.
#[must_use]
pub fn left_late(
    before: OrderState,
    after: OrderState,
    left_at: Timestamp,
    ship_by: Option<Timestamp>,
) -> Option<bool> {
    let waited = matches!(
        before,
        OrderState::AwaitingPayment | OrderState::ToDispatch | OrderState::NeedsAttention(_)
    );
    let is_seen = waited && after == OrderState::Shipped && left_at > Timestamp::EPOCH;
    ship_by.filter(|_| is_seen).map(|ship_by| left_at > ship_by)
}

/// What a SKU earned at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earned<T> {
    /// Where.
    pub at: T,
    /// All of it.
    pub profit: Money,
    /// Units that were sold.
    pub units: i64,
    /// Those of them whose cost is not known.
    pub uncosted_units: i64,
}

impl<T> Earned<T> {
    /// What a unit earned; nothing where none was sold, or the cost of any is not known.
    #[must_use]
    pub fn of_a_unit(&self) -> Option<Money> {
        let is_known = self.units > 0 && self.uncosted_units == 0;
        is_known.then(|| Money::new(self.profit.minor / self.units, self.profit.currency))
    }
}

/// Where a unit earned most, the first of equals. Nothing where it is known of no place, or amounts of different
/// currencies would have to be compared.
#[must_use]
pub fn best_margin<T: Copy + Ord>(earned: &[Earned<T>]) -> Option<Earned<T>> {
    let known: Vec<&Earned<T>> = earned.iter().filter(|earned| earned.of_a_unit().is_some()).collect();
    let is_one_currency = known
        .iter()
        .all(|earned| Some(earned.profit.currency) == known.first().map(|one| one.profit.currency));
    // a/b against c/d as a·d against c·b: nothing is rounded.
    let by_unit = |one: &Earned<T>, other: &Earned<T>| -> Ordering {
        let times = |minor: i64, units: i64| i128::from(minor) * i128::from(units);
        times(one.profit.minor, other.units).cmp(&times(other.profit.minor, one.units))
    };
    let best = known
        .into_iter()
        .max_by(|one, other| by_unit(one, other).then_with(|| Reverse(one.at).cmp(&Reverse(other.at))));
    best.copied().filter(|_| is_one_currency)
}

#[cfg(test)]
#[path = "profit_tests.rs"]
mod tests;
