//! What an order brings in, fee by fee: what was to be expected when it was sold, and what
//! the platform charged in the end. [`Reckoning::settle`] takes news in. The order in which
//! news arrive does not matter: of forecasts the earliest counts, which is what the sale was
//! made on; of charges the latest. The same news twice, and old news, change nothing.
//!
//! Amounts are the seller's: above zero what they are given, below zero what is taken.

use std::collections::BTreeMap;

use crate::money::{Currency, Money};
use crate::time::Timestamp;

/// A charge that is off its forecast by no more than this, in minor units, is no difference:
/// platforms round each line, and its sum again.
pub const TOLERANCE_MINOR: i64 = 1;
/// Longest word of a platform that is kept for a fee that nobody knows, in characters.
const MAX_WORD_CHARS: usize = 64;

/// What an amount is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeeKind {
    /// What is paid for the goods, after the seller's own discounts.
    Goods,
    /// The platform's share of the price.
    Commission,
    /// A fixed fee for each item sold.
    ItemFee,
    /// A programme that the seller takes part in (free freight, a mall, a campaign's place).
    Programme,
    /// Taking the buyer's payment.
    Payment,
    /// Handling by the platform: its warehouse, processing, refunds.
    Handling,
    /// People and partners who brought the sale.
    Affiliate,
    /// Advertising that is paid out of the sale.
    Advertising,
    /// Vouchers, coins and campaigns that the seller bears.
    Campaign,
    /// Carriage: what the buyer and the platform pay for it, less what the carrier takes.
    Freight,
    /// Tax that the platform withholds.
    Tax,
    /// Fees and taxes told as one sum.
    AllFees,
    /// Given back to the buyer.
    Refund,
    /// Booked afterwards: penalties, compensations, corrections.
    Adjustment,
    /// What is left between the platform's own sum and all that it names.
    Unexplained,
    /// What nobody knows yet, in the platform's word.
    Other(String),
}

/// Which way an amount may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Given,
    Taken,
    Either,
}

impl FeeKind {
    /// Every kind that has a word of its own.
    const NAMED: [(Self, &'static str); 15] = [
        (Self::Goods, "goods"),
        (Self::Commission, "commission"),
        (Self::ItemFee, "item_fee"),
        (Self::Programme, "programme"),
        (Self::Payment, "payment"),
        (Self::Handling, "handling"),
        (Self::Affiliate, "affiliate"),
        (Self::Advertising, "advertising"),
        (Self::Campaign, "campaign"),
        (Self::Freight, "freight"),
        (Self::Tax, "tax"),
        (Self::AllFees, "all_fees"),
        (Self::Refund, "refund"),
        (Self::Adjustment, "adjustment"),
        (Self::Unexplained, "unexplained"),
    ];

    /// A fee that nobody knows, by the platform's word.
    #[must_use]
    pub fn other(word: &str) -> Self {
        Self::Other(word.chars().take(MAX_WORD_CHARS).collect())
    }

    /// The pair of words that databases and translations use: kind, and the platform's own
    /// word where no kind is known.
    #[must_use]
    pub fn as_words(&self) -> (&'static str, &str) {
        if let Self::Other(word) = self {
            return ("other", word);
        }
        (Self::NAMED.iter().find(|(kind, _)| kind == self).map_or("unexplained", |(_, word)| *word), "")
    }

    /// The kind of a pair of words in a database.
    #[must_use]
    pub fn parse(kind: &str, word: &str) -> Option<Self> {
        if kind == "other" {
            return Some(Self::Other(word.to_owned()));
        }
        Self::NAMED.into_iter().find(|(_, known)| *known == kind).map(|(kind, _)| kind)
    }

    const fn way(&self) -> Way {
        match self {
            Self::Goods => Way::Given,
            Self::Commission
            | Self::ItemFee
            | Self::Programme
            | Self::Payment
            | Self::Handling
            | Self::Affiliate
            | Self::Advertising
            | Self::Campaign
            | Self::Tax
            | Self::AllFees
            | Self::Refund => Way::Taken,
            Self::Freight | Self::Adjustment | Self::Unexplained | Self::Other(_) => Way::Either,
        }
    }

    /// Whether [`FeeKind::AllFees`] holds it.
    #[must_use]
    pub const fn is_among_all_fees(&self) -> bool {
        match self {
            Self::Commission
            | Self::ItemFee
            | Self::Programme
            | Self::Payment
            | Self::Handling
            | Self::Affiliate
            | Self::Advertising
            | Self::Campaign
            | Self::Tax
            | Self::Other(_) => true,
            Self::Goods
            | Self::Freight
            | Self::AllFees
            | Self::Refund
            | Self::Adjustment
            | Self::Unexplained => false,
        }
    }

    /// Whether the platform charges it: what the goods bring, and what the buyer gets back,
    /// is no fee.
    #[must_use]
    pub const fn is_fee(&self) -> bool {
        !matches!(self, Self::Goods | Self::Refund)
    }
}

/// News that cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Of another currency than the order's.
    #[error("an amount in {} for an order in {}", .told.code(), .held.code())]
    Currency {
        /// What the order is held in.
        held: Currency,
        /// What was told.
        told: Currency,
    },
    /// A fee that gives, or goods that take.
    #[error("{minor} minor units for {kind}, which go the other way")]
    Way {
        /// The word of the kind.
        kind: &'static str,
        /// What was told.
        minor: i64,
    },
    /// Beyond 64 bits of minor units.
    #[error("the amounts are too large")]
    Overflow,
}

/// Amounts by what they are for, all in one currency: minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sums(BTreeMap<FeeKind, i64>);

impl Sums {
    /// Adds an amount to those of its kind.
    pub fn add(&mut self, kind: FeeKind, minor: i64) -> Result<(), Fault> {
        let sum = self.0.entry(kind).or_default();
        *sum = sum.checked_add(minor).ok_or(Fault::Overflow)?;
        Ok(())
    }

    /// Leaves a kind out.
    pub fn forget(&mut self, kind: &FeeKind) {
        self.0.remove(kind);
    }

    /// What a kind comes to; `None` where nothing is told of it.
    #[must_use]
    pub fn of(&self, kind: &FeeKind) -> Option<i64> {
        self.0.get(kind).copied()
    }

    /// Whether nothing is told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Kinds and amounts, in the order of [`FeeKind`].
    pub fn iter(&self) -> impl Iterator<Item = (&FeeKind, i64)> {
        self.0.iter().map(|(kind, minor)| (kind, *minor))
    }

    /// All of them together.
    pub fn total(&self) -> Result<i64, Fault> {
        self.0.values().try_fold(0_i64, |sum, minor| sum.checked_add(*minor)).ok_or(Fault::Overflow)
    }

    /// Puts what is missing to `whole`, the platform's own sum, under
    /// [`FeeKind::Unexplained`].
    pub fn explain(&mut self, whole: i64) -> Result<(), Fault> {
        let rest = whole.checked_sub(self.total()?).ok_or(Fault::Overflow)?;
        if rest == 0 { Ok(()) } else { self.add(FeeKind::Unexplained, rest) }
    }

    /// Whether each amount goes the way of its kind.
    pub fn check(&self) -> Result<(), Fault> {
        for (kind, minor) in self.iter() {
            let fits = match kind.way() {
                Way::Given => minor >= 0,
                Way::Taken => minor <= 0,
                Way::Either => true,
            };
            if !fits {
                return Err(Fault::Way { kind: kind.as_words().0, minor });
            }
        }
        self.total().map(drop)
    }
}

impl FromIterator<(FeeKind, i64)> for Sums {
    fn from_iter<T: IntoIterator<Item = (FeeKind, i64)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// What a platform told of an order's money at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// When it was asked.
    pub at: Timestamp,
    /// What all amounts are in.
    pub currency: Currency,
    /// What it expects to take and give.
    pub forecast: Sums,
    /// What it has taken and given: all of it so far, as one picture.
    pub charged: Sums,
    /// Since when that is final; `None` while it may still change.
    pub settled_at: Option<Timestamp>,
}

impl News {
    /// Whether it can be believed for an order that is held in `currency`.
    pub fn check(&self, currency: Currency) -> Result<(), Fault> {
        if self.currency != currency {
            return Err(Fault::Currency { held: currency, told: self.currency });
        }
        self.forecast.check()?;
        self.charged.check()
    }
}

/// A forecast of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// The amount.
    pub minor: i64,
    /// When it was told.
    pub at: Timestamp,
}

/// An order's money as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reckoning {
    /// What all amounts are in.
    pub currency: Currency,
    /// What was expected, by kind: the first that was told of it.
    pub forecast: BTreeMap<FeeKind, Forecast>,
    /// What was charged, as last told.
    pub charged: Sums,
    /// When that was told.
    pub charged_at: Option<Timestamp>,
    /// Since when it is final.
    pub settled_at: Option<Timestamp>,
}

/// A fee that was charged otherwise than it was forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What for.
    pub kind: FeeKind,
    /// What was expected, in minor units.
    pub forecast: i64,
    /// What was charged, in minor units.
    pub charged: i64,
}

impl Difference {
    /// What the seller got more (above zero) or less (below zero) than was expected, in minor
    /// units.
    #[must_use]
    pub const fn minor(&self) -> i64 {
        self.charged.saturating_sub(self.forecast)
    }
}

/// One row of an order's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What for.
    pub kind: FeeKind,
    /// What was expected; `None` where nothing was said.
    pub forecast: Option<i64>,
    /// What was charged; `None` where nothing was, so far.
    pub charged: Option<i64>,
    /// Counted in the row of all fees already.
    pub is_part: bool,
}

/// An amount of an order's money that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// What for.
    pub kind: FeeKind,
    /// How much, in minor units.
    pub minor: i64,
    /// Whether it was charged; a forecast otherwise.
    pub is_charged: bool,
}

impl Counted {
    const fn charged(kind: FeeKind, minor: i64) -> Self {
        Self { kind, minor, is_charged: true }
    }
}

impl Reckoning {
    /// Of an order that nothing is known of yet.
    #[must_use]
    pub const fn new(currency: Currency) -> Self {
        Self {
            currency,
            forecast: BTreeMap::new(),
            charged: Sums(BTreeMap::new()),
            charged_at: None,
            settled_at: None,
        }
    }

    /// Takes news in, and says whether they changed anything but the time of the last telling.
    pub fn settle(&mut self, news: &News) -> Result<bool, Fault> {
        news.check(self.currency)?;
        let before = self.clone();
        for (kind, minor) in news.forecast.iter() {
            let told = Forecast { minor, at: news.at };
            let held = self.forecast.entry(kind.clone()).or_insert(told);
            // Two forecasts of one instant: the lower, whichever came first.
            if (told.at, told.minor) < (held.at, held.minor) {
                *held = told;
            }
        }
        if !news.charged.is_empty() && self.is_newer(news) {
            self.charged = news.charged.clone();
            self.charged_at = Some(news.at);
        }
        self.settled_at = match (self.settled_at, news.settled_at) {
            (Some(held), Some(told)) => Some(held.min(told)),
            (held, told) => held.or(told),
        };
        Ok(*self != Self { charged_at: self.charged_at, ..before })
    }

    fn is_newer(&self, news: &News) -> bool {
        self.charged_at.is_none_or(|held| (news.at, &news.charged) > (held, &self.charged))
    }

    /// What was charged for a kind: nothing, once all is final and the kind was not named.
    fn charged_for(&self, kind: &FeeKind) -> Option<i64> {
        let charged = if *kind == FeeKind::AllFees { self.all_fees() } else { self.charged.of(kind) };
        charged.or_else(|| self.settled_at.and(self.charged_at).map(|_| 0))
    }

    /// Fees and taxes that were charged, as one sum.
    fn all_fees(&self) -> Option<i64> {
        let parts =
            self.charged.iter().filter(|(kind, _)| **kind == FeeKind::AllFees || kind.is_among_all_fees());
        parts.fold(None, |sum: Option<i64>, (_, minor)| Some(sum.unwrap_or_default().saturating_add(minor)))
    }

    /// Fees that were charged otherwise than forecast, beyond [`TOLERANCE_MINOR`]. What no
    /// forecast spoke of is none, but for what was booked afterwards: that no forecast has.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        let mut forecast: BTreeMap<&FeeKind, i64> =
            self.forecast.iter().map(|(kind, told)| (kind, told.minor)).collect();
        if !forecast.is_empty() {
            forecast.entry(&FeeKind::Adjustment).or_default();
        }
        let compared =
            forecast.into_iter().filter(|(kind, _)| kind.is_fee()).filter_map(|(kind, forecast)| {
                let charged = self.charged_for(kind)?;
                Some(Difference { kind: kind.clone(), forecast, charged })
            });
        compared.filter(|it| it.minor().abs() > TOLERANCE_MINOR).collect()
    }

    fn tells_fees_as_one(&self) -> bool {
        self.forecast.contains_key(&FeeKind::AllFees) || self.charged.of(&FeeKind::AllFees).is_some()
    }

    /// Its rows, in the order of [`FeeKind`]; where fees were told as one sum, their parts
    /// follow that row.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let as_one = self.tells_fees_as_one();
        let mut kinds: Vec<&FeeKind> =
            self.forecast.keys().chain(self.charged.iter().map(|(kind, _)| kind)).collect();
        kinds.sort_by_key(|kind| (!matches!(kind, FeeKind::Goods), **kind != FeeKind::AllFees, *kind));
        kinds.dedup();
        let entry = |kind: &FeeKind| Entry {
            kind: kind.clone(),
            forecast: self.forecast.get(kind).map(|told| told.minor),
            charged: self.charged_for(kind),
            is_part: as_one && kind.is_among_all_fees(),
        };
        kinds.into_iter().map(entry).collect()
    }

    /// Whether all that the goods brought went back: then nothing is to be expected any more.
    fn is_given_back(&self) -> bool {
        let of = |kind| self.charged.of(&kind).unwrap_or_default();
        let brought = of(FeeKind::Goods);
        brought > 0 && brought.saturating_add(of(FeeKind::Refund)) == 0
    }

    /// What the seller gets: what was charged, and the forecast of what was not yet.
    #[must_use]
    pub fn net(&self) -> Money {
        let minor = self.counted().iter().fold(0_i64, |sum, counted| sum.saturating_add(counted.minor));
        Money::new(minor, self.currency)
    }

    /// The amounts that the net is the sum of. Fees that were told as one sum and charged one by
    /// one are there one by one.
    #[must_use]
    pub fn counted(&self) -> Vec<Counted> {
        let is_given_back = self.is_given_back();
        let mut counted = Vec::new();
        for entry in self.entries().into_iter().filter(|entry| !entry.is_part) {
            match (entry.charged, entry.forecast.filter(|_| !is_given_back)) {
                (Some(_), _) if entry.kind == FeeKind::AllFees => {
                    let parts = self.charged.iter();
                    let parts =
                        parts.filter(|(kind, _)| **kind == FeeKind::AllFees || kind.is_among_all_fees());
                    counted.extend(parts.map(|(kind, minor)| Counted::charged(kind.clone(), minor)));
                }
                (Some(minor), _) => counted.push(Counted::charged(entry.kind, minor)),
                (None, Some(minor)) => {
                    counted.push(Counted { kind: entry.kind, minor, is_charged: false });
                }
                (None, None) => {}
            }
        }
        counted
    }

    /// What was to be expected, where there was a forecast.
    #[must_use]
    pub fn expected(&self) -> Option<Money> {
        let whole = self.entries().into_iter().filter(|entry| !entry.is_part);
        let minor = whole.fold(0_i64, |sum, entry| sum.saturating_add(entry.forecast.unwrap_or_default()));
        (!self.forecast.is_empty()).then(|| Money::new(minor, self.currency))
    }
}

#[cfg(test)]
#[path = "settlement_tests.rs"]
mod tests;
