//! Flash-sale shield: how many units a shared listing keeps back while news of sales elsewhere is
//! on its way.
//!
//! In shared mode each listing shows all that is available. From a sale at one listing until another one
//! is told lies a delay, and what is sold in it is offered twice. At a burst that is many: the hold-back is
//! the measured rate of orders times the measured delay. Why so: `docs/decisions/0040-shield.md`.

use std::time::Duration;

use crate::split::Rules;
use crate::stock::Tally;
use crate::time::Timestamp;

/// How much of a new measurement goes into the mean: one part in so many.
const MEAN_OVER: u32 = 8;
/// Measurements that the mean remembers anything of: of more than these, the rest changes nothing.
const MEAN_OF_AT_MOST: u32 = 64;
/// Over how long the rate of sales is measured.
pub const BURST: Duration = Duration::from_secs(20);
/// How often it is looked whether a burst is over.
pub const LOOK_AT_BURST: Duration = Duration::from_secs(5);
/// Sales within [`BURST`] from which on it is one: below, a hold-back would cost every sale two more
/// writes at each listing, against a chance that hardly ever comes.
pub const BURST_SALES: i64 = 3;
/// What took longer than this is no delay: the program stood still, a hook was lost, an order waited to be paid.
pub const LONGEST_DELAY: Duration = Duration::from_mins(10);

/// How long news takes: a mean that forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delay {
    mean: Option<Duration>,
}

impl Delay {
    /// A delay with this mean; none of nothing was measured.
    #[must_use]
    pub const fn of(mean: Option<Duration>) -> Self {
        Self { mean }
    }

    /// The delay with one more measurement in it.
    #[must_use]
    pub fn after(self, measured: Duration) -> Self {
        let mean = self.mean.map_or(measured, |mean| (mean * (MEAN_OVER - 1) + measured) / MEAN_OVER);
        Self { mean: Some(mean) }
    }

    /// The delay with so many measurements in it, of which only the mean is known.
    #[must_use]
    pub fn after_all(self, count: u32, mean: Duration) -> Self {
        (0..count.min(MEAN_OF_AT_MOST)).fold(self, |delay, _| delay.after(mean))
    }

    /// The mean, if anything was measured.
    #[must_use]
    pub const fn measured(self) -> Option<Duration> {
        self.mean
    }

    /// The mean; nothing while nothing was measured.
    #[must_use]
    pub fn mean(self) -> Duration {
        self.mean.unwrap_or_default()
    }
}

/// What lies between two instants, as a measurement of a delay. The first may be told by another clock that is ahead
/// of ours: then nothing lies between. `None` beyond [`LONGEST_DELAY`].
#[must_use]
pub fn measured(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Some(to.since(from)).filter(|took| *took <= LONGEST_DELAY)
}

/// How much may be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shield {
    /// Half of what is available at most; of the last units all, as one listing shows these.
    #[default]
    Half,
    /// All that is available, if the rate says so.
    Full,
    /// Nothing.
    Off,
}

impl Shield {
    /// All of them, in the order of forms.
    pub const ALL: [Self; 3] = [Self::Half, Self::Full, Self::Off];

    /// The word in databases, forms and translation keys (`shield-<word>`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Half => "half",
            Self::Full => "full",
            Self::Off => "off",
        }
    }

    /// The shield of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shield| shield.as_str() == word)
    }

    /// Units of what is available that may be held back.
    #[must_use]
    pub const fn limit_units(self, available_units: i64) -> i64 {
        match self {
            Self::Off => 0,
            Self::Half if available_units > Rules::HOUSE.last_units => available_units / 2,
            Self::Half | Self::Full => available_units,
        }
    }
}

/// What one listing sold within [`BURST`], as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sold {
    /// Lines of orders.
    pub sales: i64,
    /// Units of them.
    pub units: i64,
    /// When the first of them was placed, by the platform's clock.
    pub first_at: Timestamp,
    /// When the last was.
    pub last_at: Timestamp,
    /// How long news of a sale takes from there.
    pub news: Duration,
}

/// The span that sales lie in: what is learned of at once was sold over longer, when news was late.
#[must_use]
pub fn span_of<'a>(sold: impl IntoIterator<Item = &'a Sold>) -> Duration {
    let mut ends: Option<(Timestamp, Timestamp)> = None;
    for sold in sold {
        let (first, last) = ends.unwrap_or((sold.first_at, sold.last_at));
        ends = Some((first.min(sold.first_at), last.max(sold.last_at)));
    }
    ends.map_or(BURST, |(first, last)| last.since(first).max(BURST))
}

/// Whether so much is sold that news comes too late: [`BURST_SALES`] and more within [`BURST`].
#[must_use]
pub fn is_burst(sold: &[Sold]) -> bool {
    let sales: i64 = sold.iter().map(|sold| sold.sales.max(0)).sum();
    let times = |count: i64, span: Duration| u128::from(count.unsigned_abs()) * span.as_millis();
    times(sales, BURST) >= times(BURST_SALES, span_of(sold))
}

/// Units that a listing keeps back, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HoldBack {
    /// How many.
    pub units: i64,
    /// Units sold elsewhere…
    pub sold_units: i64,
    /// …within this…
    pub over: Duration,
    /// …and how long news of them takes until this listing shows it.
    pub delay: Duration,
}

impl HoldBack {
    /// What is sold elsewhere until a listing could show it, whose writes take `write`: of a burst that was measured
    /// over `over`.
    #[must_use]
    pub fn of<'a>(elsewhere: impl IntoIterator<Item = &'a Sold>, over: Duration, write: Duration) -> Self {
        let (mut sold_units, mut unit_millis) = (0_i64, 0_u128);
        for sold in elsewhere {
            let units = sold.units.max(0);
            let delay = sold.news.saturating_add(write).as_millis();
            sold_units = sold_units.saturating_add(units);
            unit_millis = unit_millis.saturating_add(u128::from(units.unsigned_abs()).saturating_mul(delay));
        }
        let mean = unit_millis / u128::from(sold_units.unsigned_abs().max(1));
        let units = unit_millis.div_ceil(over.as_millis().max(1));
        Self {
            units: i64::try_from(units).unwrap_or(i64::MAX),
            sold_units,
            over,
            delay: Duration::from_millis(u64::try_from(mean).unwrap_or(u64::MAX)),
        }
    }

    /// The hold-back of a kit that takes so many units of what this one is of.
    #[must_use]
    pub fn in_kits_of(self, units: i64) -> Self {
        let each = units.max(1);
        Self { units: self.units / each + i64::from(self.units % each > 0), ..self }
    }

    /// No more than so many units.
    #[must_use]
    pub fn at_most(self, limit_units: i64) -> Self {
        Self { units: self.units.min(limit_units).max(0), ..self }
    }
}

/// The sums that a shared listing is told from: with the hold-back kept like a safety quantity. The one
/// listing that has the last units holds nothing back, so that they are sold and by nobody twice.
#[must_use]
pub const fn shielded(tally: Tally, hold_back_units: i64) -> Tally {
    let held = if hold_back_units < 0 { 0 } else { hold_back_units };
    Tally { safety_units: tally.safety_units.saturating_add(held), ..tally }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const NOON: Timestamp = Timestamp::from_millis(1_767_623_400_000);
    const TALLY: Tally = Tally { on_hand_units: 10, reserved_units: 2, safety_units: 1, version: 3 };

    fn sold(units: i64, news: Duration) -> Sold {
        Sold { sales: units, units, first_at: NOON, last_at: NOON, news }
    }

    fn held(units: i64, over: Duration, delay: Duration) -> i64 {
        HoldBack::of(&[sold(units, delay)], over, Duration::ZERO).units
    }

    #[test]
    fn nothing_is_held_back_when_nothing_is_sold_or_nothing_takes_time() {
        assert_eq!(HoldBack::of(&[], MINUTE, MINUTE).units, 0);
        assert_eq!(held(0, MINUTE, MINUTE), 0);
        assert_eq!(held(90, MINUTE, Duration::ZERO), 0);
        assert_eq!(held(-3, MINUTE, MINUTE), 0);
        assert_eq!(Delay::default().mean(), Duration::ZERO);
    }

    #[test]
    fn the_rate_times_the_delay_is_held_back_and_part_of_a_unit_is_a_unit() {
        assert_eq!(held(60, MINUTE, Duration::from_secs(4)), 4);
        assert_eq!(held(61, MINUTE, Duration::from_secs(4)), 5);
        assert_eq!(held(1, MINUTE, Duration::from_millis(1)), 1);
    }

    #[test]
    fn the_way_here_counts_with_the_way_from_there_and_what_is_rounded_is_rounded_once() {
        let elsewhere = [sold(30, Duration::from_secs(1)), sold(30, Duration::from_secs(3))];
        let held = HoldBack::of(&elsewhere, MINUTE, Duration::from_secs(2));
        assert_eq!((held.units, held.sold_units, held.delay), (4, 60, Duration::from_secs(4)));
        let few = [sold(1, Duration::from_secs(6)), sold(1, Duration::from_secs(6))];
        assert_eq!(HoldBack::of(&few, BURST, Duration::ZERO).units, 1);
    }

    #[test]
    fn numbers_out_of_this_world_end_at_the_largest() {
        assert_eq!(held(i64::MAX, Duration::ZERO, Duration::MAX), i64::MAX);
        assert_eq!(shielded(TALLY, i64::MAX).available_units(), 0);
        assert_eq!(HoldBack { units: i64::MAX, ..HoldBack::default() }.in_kits_of(0).units, i64::MAX);
    }

    #[test]
    fn what_is_held_back_is_not_offered() {
        assert_eq!(shielded(TALLY, 3).available_units(), 4);
        assert_eq!(shielded(TALLY, 9).available_units(), 0);
        assert_eq!(shielded(TALLY, -9), TALLY);
    }

    #[test]
    fn a_few_sales_are_no_burst_and_neither_are_many_that_were_only_learned_of_at_once() {
        assert!(!is_burst(&[]));
        assert!(!is_burst(&[sold(1, MINUTE), sold(1, MINUTE)]));
        assert!(is_burst(&[sold(1, MINUTE), sold(2, MINUTE)]));
        let one_order_of_many = Sold { sales: 1, ..sold(40, MINUTE) };
        assert!(!is_burst(&[one_order_of_many]));
        let late = Sold { first_at: NOON.minus(BURST * 2), ..sold(5, MINUTE) };
        assert!(!is_burst(&[late]) && is_burst(&[Sold { sales: 6, ..late }]));
        assert_eq!(span_of(&[late]), BURST * 2);
    }

    #[test]
    fn a_clock_that_is_ahead_measures_nothing_and_a_standstill_is_no_delay() {
        assert_eq!(measured(NOON, NOON.minus(MINUTE)), Some(Duration::ZERO));
        assert_eq!(measured(NOON, NOON.plus(MINUTE)), Some(MINUTE));
        assert_eq!(measured(NOON, NOON.plus(LONGEST_DELAY + MINUTE)), None);
    }

    #[test]
    fn half_is_the_most_unless_the_seller_says_so_and_the_last_units_are_for_one_listing() {
        assert_eq!([1, 2, 3, 9, 10].map(|units| Shield::Half.limit_units(units)), [1, 2, 1, 4, 5]);
        assert_eq!(Shield::Full.limit_units(9), 9);
        assert_eq!(Shield::Off.limit_units(9), 0);
        for shield in Shield::ALL {
            assert_eq!(Shield::parse(shield.as_str()), Some(shield));
            assert_eq!(shield.limit_units(0), 0);
        }
        assert_eq!(Shield::parse("HALF"), None);
    }

    #[test]
    fn a_kit_holds_back_as_many_as_its_component_is_short_of() {
        let held = HoldBack { units: 5, ..HoldBack::default() };
        assert_eq!([1, 2, 5, 6].map(|units| held.in_kits_of(units).units), [5, 3, 1, 1]);
    }

    #[test]
    fn a_delay_forgets_and_one_measurement_does_not_turn_it() {
        let slow = (0..60).fold(Delay::default(), |delay, _| delay.after(Duration::from_secs(8)));
        assert_eq!(slow.mean(), Duration::from_secs(8));
        assert_eq!(slow.after(Duration::ZERO).mean(), Duration::from_secs(7));
        let quick = slow.after_all(60, Duration::from_millis(100));
        assert!(quick.mean() < Duration::from_millis(200), "{quick:?}");
        assert_eq!(quick.after_all(0, MINUTE), quick);
        assert_eq!(quick.after_all(u32::MAX, MINUTE).mean().as_secs(), 59);
    }

    proptest! {
        #[test]
        fn a_hold_back_stays_within_its_limit_and_grows_with_rate_and_delay(
            units in 0_i64..10_000, more in 0_i64..10_000, news in 0_u64..600_000, later in 0_u64..600_000,
            available in 0_i64..10_000,
        ) {
            let news = Duration::from_millis(news);
            let of = |units, news| HoldBack::of(&[sold(units, news)], BURST, Duration::ZERO);
            let first = of(units, news);
            prop_assert!(of(units + more, news).units >= first.units);
            prop_assert!(of(units, news + Duration::from_millis(later)).units >= first.units);
            for shield in Shield::ALL {
                let limit = shield.limit_units(available);
                let held = first.at_most(limit);
                prop_assert!((0..=limit).contains(&held.units) && limit <= available);
                let tally = Tally { on_hand_units: available, ..Tally::default() };
                prop_assert_eq!(shielded(tally, held.units).available_units(), available - held.units);
            }
        }
    }
}
