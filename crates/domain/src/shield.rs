//! Flash-sale shield: how many units a shared listing keeps back while news of sales elsewhere is
//! on its way.
//!
//! In shared mode each listing shows all that is available. From a sale at one account until another's
//! listing is told lies a delay, and what is sold in it is offered twice. At a burst that is many: the hold-back is
//! the measured rate of orders times the measured delay.

use std::time::Duration;

use crate::stock::Tally;

/// How much of a new measurement goes into the mean: one part in so many.
const MEAN_OVER: u32 = 8;

/// How long news takes at one account: from a sale to its order being known, and from a wish
/// to a confirmed write. A mean that forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delay {
    mean: Option<Duration>,
}

impl Delay {
    /// The delay with one more measurement in it.
    #[must_use]
    pub fn after(self, measured: Duration) -> Self {
        let mean = self.mean.map_or(measured, |mean| (mean * (MEAN_OVER - 1) + measured) / MEAN_OVER);
        Self { mean: Some(mean) }
    }

    /// The mean; nothing while nothing was measured.
    #[must_use]
    pub fn mean(self) -> Duration {
        self.mean.unwrap_or_default()
    }
}

/// Units that are sold elsewhere while a listing is not told: `sold_units` within `over`, times `delay`, rounded up.
#[must_use]
pub fn hold_back_units(sold_units: i64, over: Duration, delay: Duration) -> i64 {
    let sold = u128::try_from(sold_units).unwrap_or(0);
    let expected = sold.saturating_mul(delay.as_millis()).div_ceil(over.as_millis().max(1));
    i64::try_from(expected).unwrap_or(i64::MAX)
}

/// The sums that a shared listing is told from: with the hold-back kept like a safety quantity. The one
/// listing that has the last units shows them all, so that they are sold and by nobody twice.
#[must_use]
pub const fn shielded(tally: Tally, hold_back_units: i64, has_the_last: bool) -> Tally {
    let held = if has_the_last || hold_back_units < 0 { 0 } else { hold_back_units };
    Tally { safety_units: tally.safety_units.saturating_add(held), ..tally }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const TALLY: Tally = Tally { on_hand_units: 10, reserved_units: 2, safety_units: 1, version: 3 };

    #[test]
    fn nothing_is_held_back_when_nothing_is_sold_or_nothing_takes_time() {
        assert_eq!(hold_back_units(0, MINUTE, MINUTE), 0);
        assert_eq!(hold_back_units(90, MINUTE, Duration::ZERO), 0);
        assert_eq!(hold_back_units(-3, MINUTE, MINUTE), 0);
        assert_eq!(Delay::default().mean(), Duration::ZERO);
    }

    #[test]
    fn the_rate_times_the_delay_is_held_back_and_part_of_a_unit_is_a_unit() {
        assert_eq!(hold_back_units(60, MINUTE, Duration::from_secs(4)), 4);
        assert_eq!(hold_back_units(61, MINUTE, Duration::from_secs(4)), 5);
        assert_eq!(hold_back_units(1, MINUTE, Duration::from_millis(1)), 1);
    }

    #[test]
    fn numbers_out_of_this_world_end_at_the_largest() {
        assert_eq!(hold_back_units(i64::MAX, Duration::ZERO, Duration::MAX), i64::MAX);
        assert_eq!(shielded(TALLY, i64::MAX, false).available_units(), 0);
    }

    #[test]
    fn what_is_held_back_is_not_offered_but_by_who_has_the_last() {
        assert_eq!(shielded(TALLY, 3, false).available_units(), 4);
        assert_eq!(shielded(TALLY, 9, false).available_units(), 0);
        assert_eq!(shielded(TALLY, 9, true), TALLY);
        assert_eq!(shielded(TALLY, -9, false), TALLY);
    }

    #[test]
    fn a_delay_forgets_and_one_measurement_does_not_turn_it() {
        let slow = (0..60).fold(Delay::default(), |delay, _| delay.after(Duration::from_secs(8)));
        assert_eq!(slow.mean(), Duration::from_secs(8));
        assert_eq!(slow.after(Duration::ZERO).mean(), Duration::from_secs(7));
        let quick = (0..60).fold(slow, |delay, _| delay.after(Duration::from_millis(100)));
        assert!(quick.mean() < Duration::from_millis(200), "{quick:?}");
    }
}
