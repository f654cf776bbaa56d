//! The fee radar: says when what a platform takes stops being what it was.
//!
//! Looked at are orders of one line whose money is final, in the order they were placed, and of their
//! fees those that do not hang on the buyer's way to the offer ([`Seen::of`]): affiliates, campaigns
//! and advertising come and go with each order. Two things are compared, each by itself
//! ([`Against`]): what was told at the sale, and what the same offer at the same price bore before.
//!
//! One odd order says nothing. A shift is told when [`MIN_ODD`] of the last [`WINDOW`] orders that can
//! be compared are off in one direction by more than the tolerance; from then on the new fees are
//! what is usual. An offer whose price changes with each sale has no former fee to compare with.

use std::collections::{BTreeMap, VecDeque};

use crate::settlement::{FeeKind, Reckoning};
use crate::time::Timestamp;

/// Orders looked at together.
pub const WINDOW: usize = 8;
/// So many of them have to be off in one direction.
pub const MIN_ODD: usize = 6;
/// An order is off by more than this for each unit, in minor units: platforms round each line, and
/// its sum again…
pub const TOLERANCE_MINOR: i64 = 2;
/// …and by more than this share of what was to be expected, in basis points.
pub const TOLERANCE_BASIS_POINTS: i64 = 100;
/// Orders of one offer at one price that are learned from before any is compared with them.
const LEARNED: usize = 6;
/// So many of those have to agree for their fee to be a usual one.
const AGREEING: usize = 3;
/// Orders of one offer at one price that are kept in mind.
const REMEMBERED: usize = 12;

/// What an order's fees are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Against {
    /// What the platform told at the sale.
    Told,
    /// What the same offer at the same price bore before.
    Former,
}

impl Against {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Told, Self::Former];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Former => "former",
        }
    }

    /// Of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}

/// The fees of a settled order, in minor units, above zero what is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// What was taken.
    pub fee_minor: i64,
    /// What was told of it at the sale, and what was charged of just that.
    pub told: Option<(i64, i64)>,
}

/// Whether a fee is the same for every buyer.
const fn is_standing(kind: &FeeKind) -> bool {
    match kind {
        FeeKind::Commission
        | FeeKind::ItemFee
        | FeeKind::Programme
        | FeeKind::Payment
        | FeeKind::Handling => true,
        FeeKind::Goods
        | FeeKind::Affiliate
        | FeeKind::Advertising
        | FeeKind::Campaign
        | FeeKind::Freight
        | FeeKind::Tax
        | FeeKind::AllFees
        | FeeKind::Refund
        | FeeKind::Adjustment
        | FeeKind::Unexplained
        | FeeKind::Other(_) => false,
    }
}

impl Seen {
    /// Of an order's money; `None` until it is settled, and where something was given back: then fees
    /// come back, too.
    #[must_use]
    pub fn of(held: &Reckoning) -> Option<Self> {
        let refunded = held.charged.of(&FeeKind::Refund).unwrap_or_default() != 0;
        held.settled_at.filter(|_| !refunded && !held.charged.is_empty())?;
        let taken = |fits: fn(&FeeKind) -> bool| {
            held.charged
                .iter()
                .filter(|(kind, _)| fits(kind))
                .fold(0_i64, |sum, (_, minor)| sum.saturating_sub(minor))
        };
        let standing = taken(is_standing);
        let all = |kind: &FeeKind| *kind == FeeKind::AllFees || kind.is_among_all_fees();
        let told = if let Some(whole) = held.forecast.get(&FeeKind::AllFees) {
            Some((whole.minor.saturating_neg(), taken(all)))
        } else {
            let told = held.forecast.iter().filter(|(kind, _)| is_standing(kind));
            let pairs = told.map(|(kind, told)| (told.minor, held.charged.of(kind).unwrap_or_default()));
            pairs.fold(None, |sum: Option<(i64, i64)>, (told, charged)| {
                let (one, other) = sum.unwrap_or_default();
                Some((one.saturating_sub(told), other.saturating_sub(charged)))
            })
        };
        // Where fees are only told as one sum, that sum is all there is.
        let is_one_sum = held.charged.of(&FeeKind::AllFees).is_some();
        Some(Self { fee_minor: if is_one_sum { taken(all) } else { standing }, told })
    }
}

/// An order of one line as the radar sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// When it was placed.
    pub at: Timestamp,
    /// Names the offer.
    pub offer: String,
    /// Price of one unit.
    pub price_minor: i64,
    /// Units, above zero.
    pub units: i64,
    /// Its fees.
    pub seen: Seen,
}

/// How fees changed, as far as the prices in hand can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// So many basis points of the price more (below zero: less).
    Share(i64),
    /// So many minor units for each unit more (below zero: less).
    Fixed(i64),
    /// All at one price, or neither of the two.
    Unclear,
}

/// Fees that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// What they were compared with.
    pub against: Against,
    /// The first order that was off.
    pub since: Timestamp,
    /// The order after which it was certain.
    pub seen_at: Timestamp,
    /// Orders that were off.
    pub orders: usize,
    /// What their buyers paid, in minor units.
    pub sales_minor: i64,
    /// What was to be expected for them.
    pub expected_minor: i64,
    /// What was taken.
    pub charged_minor: i64,
    /// How they changed.
    pub nature: Nature,
}

impl Shift {
    /// What is taken more (below zero: less), in minor units, of the orders that were off.
    #[must_use]
    pub const fn extra_minor(&self) -> i64 {
        self.charged_minor.saturating_sub(self.expected_minor)
    }
}

/// An order beside what was to be expected of it.
#[derive(Debug, Clone)]
struct Compared {
    sighting: Sighting,
    expected_minor: i64,
    charged_minor: i64,
}

impl Compared {
    const fn extra_minor(&self) -> i64 {
        self.charged_minor.saturating_sub(self.expected_minor)
    }

    /// 0 where it is as expected, otherwise the direction.
    fn direction(&self) -> i64 {
        let extra = self.extra_minor();
        if agree(self.charged_minor, self.expected_minor, self.sighting.units) { 0 } else { extra.signum() }
    }
}

fn agree(one: i64, other: i64, units: i64) -> bool {
    let share = i128::from(other.unsigned_abs()) * i128::from(TOLERANCE_BASIS_POINTS) / 10_000;
    let tolerance = share.max(i128::from(TOLERANCE_MINOR) * i128::from(units));
    (i128::from(one) - i128::from(other)).abs() <= tolerance
}

/// What offers bore before: fees of one unit, by offer and price.
#[derive(Debug, Default)]
struct Memory(BTreeMap<(String, i64), VecDeque<i64>>);

impl Memory {
    fn learn(&mut self, sighting: &Sighting) {
        let fees = self.0.entry((sighting.offer.clone(), sighting.price_minor)).or_default();
        fees.push_back(sighting.seen.fee_minor / sighting.units.max(1));
        if fees.len() > REMEMBERED {
            fees.pop_front();
        }
    }

    /// The usual fee that is nearest to what was taken; `None` while too little is known.
    fn expects(&self, sighting: &Sighting) -> Option<i64> {
        let fees = self.0.get(&(sighting.offer.clone(), sighting.price_minor))?;
        if fees.len() < LEARNED {
            return None;
        }
        let is_usual = |fee: &&i64| fees.iter().filter(|other| agree(**other, **fee, 1)).count() >= AGREEING;
        let whole = |fee: &i64| fee.saturating_mul(sighting.units);
        let off = |minor: &i64| (i128::from(*minor) - i128::from(sighting.seen.fee_minor)).abs();
        fees.iter().filter(is_usual).map(whole).min_by_key(off)
    }
}

/// Every shift in what an account's orders bore, the oldest first. `sightings` are in the order they
/// were placed.
#[must_use]
pub fn shifts(sightings: &[Sighting]) -> Vec<Shift> {
    let mut found: Vec<Shift> =
        Against::ALL.into_iter().flat_map(|against| shifts_against(against, sightings)).collect();
    found.sort_by_key(|shift| (shift.seen_at, shift.against));
    found
}

fn shifts_against(against: Against, sightings: &[Sighting]) -> Vec<Shift> {
    let (mut memory, mut window, mut found) = (Memory::default(), VecDeque::new(), Vec::new());
    // Once the difference from what was told is known, the same difference again is no news.
    let mut told_direction = 0;
    for sighting in sightings.iter().filter(|sighting| sighting.units > 0) {
        let pair = match against {
            Against::Told => sighting.seen.told,
            Against::Former => memory.expects(sighting).map(|expected| (expected, sighting.seen.fee_minor)),
        };
        let Some((expected_minor, charged_minor)) = pair else {
            memory.learn(sighting);
            continue;
        };
        let compared = Compared { sighting: sighting.clone(), expected_minor, charged_minor };
        if compared.direction() == 0 {
            memory.learn(sighting);
        }
        window.push_back(compared);
        if window.len() > WINDOW {
            window.pop_front();
        }
        let quiet = window.iter().filter(|it: &&Compared| it.direction() == 0).count();
        if quiet >= MIN_ODD {
            told_direction = 0;
        }
        for direction in [1, -1] {
            let odd: Vec<&Compared> = window.iter().filter(|it| it.direction() == direction).collect();
            if odd.len() < MIN_ODD || (against == Against::Told && told_direction == direction) {
                continue;
            }
            found.extend(shift(against, &odd));
            told_direction = direction;
            memory = Memory::default();
            for compared in odd {
                memory.learn(&compared.sighting);
            }
            window = VecDeque::new();
            break;
        }
    }
    found
}

fn shift(against: Against, odd: &[&Compared]) -> Option<Shift> {
    let (first, last) = (odd.first()?, odd.last()?);
    let sum = |of: fn(&Compared) -> i64| odd.iter().fold(0_i64, |sum, it| sum.saturating_add(of(it)));
    Some(Shift {
        against,
        since: first.sighting.at,
        seen_at: last.sighting.at,
        orders: odd.len(),
        sales_minor: sum(|it| it.sighting.price_minor.saturating_mul(it.sighting.units)),
        expected_minor: sum(|it| it.expected_minor),
        charged_minor: sum(|it| it.charged_minor),
        nature: nature(odd),
    })
}

/// Prices that differ by less than this say nothing of a share, in percent.
const MIN_SPREAD_PERCENT: i64 = 20;
/// Shares of several prices that are so near each other are one, in basis points.
const SAME_SHARE_BASIS_POINTS: i64 = 15;

fn nature(odd: &[&Compared]) -> Nature {
    let prices = || odd.iter().map(|it| it.sighting.price_minor.max(1));
    let (low, high) = (prices().min().unwrap_or(1), prices().max().unwrap_or(1));
    if i128::from(high) * 100 < i128::from(low) * i128::from(100 + MIN_SPREAD_PERCENT) {
        return Nature::Unclear;
    }
    let mut fixed: Vec<i64> = odd.iter().map(|it| it.extra_minor() / it.sighting.units.max(1)).collect();
    let mut shares: Vec<i64> = odd
        .iter()
        .map(|it| {
            let sales = i128::from(it.sighting.price_minor.max(1)) * i128::from(it.sighting.units.max(1));
            i64::try_from(i128::from(it.extra_minor()) * 10_000 / sales).unwrap_or_default()
        })
        .collect();
    let within = |all: &mut Vec<i64>, width: i64| {
        all.sort_unstable();
        let ends = all.first().zip(all.last());
        ends.is_some_and(|(low, high)| high.saturating_sub(*low) <= width).then(|| all[all.len() / 2])
    };
    if let Some(minor) = within(&mut fixed, 2 * TOLERANCE_MINOR) {
        return Nature::Fixed(minor);
    }
    within(&mut shares, SAME_SHARE_BASIS_POINTS).map_or(Nature::Unclear, Nature::Share)
}

/// What an offer's sales of late say of its next one at a price.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Late {
    /// Units sold of late.
    pub units: i64,
    /// What they brought.
    pub sales_minor: i64,
    /// Fees and discounts, below zero what was taken: they go with the price.
    pub fees_minor: i64,
    /// Carriage, below zero what was borne: it goes with the parcel.
    pub freight_minor: i64,
}

/// What the next unit at a price earns, if its platform takes what it took of late; `None` where
/// nothing was sold of late.
#[must_use]
pub fn next_unit(price_minor: i64, late: Late, cost_minor: i64, tax_basis_points: u32) -> Option<i64> {
    if late.units <= 0 || late.sales_minor <= 0 {
        return None;
    }
    let fees = i128::from(price_minor) * i128::from(late.fees_minor) / i128::from(late.sales_minor);
    let freight = late.freight_minor / late.units;
    let tax = crate::pricing::part(price_minor, tax_basis_points);
    let earned =
        i128::from(price_minor) + fees + i128::from(freight) - i128::from(tax) - i128::from(cost_minor);
    i64::try_from(earned).ok()
}

#[cfg(test)]
#[path = "radar_tests.rs"]
mod tests;
