//! Every error says retry or fail.

use std::time::Duration;

use crate::random::Entropy;

/// What to do after something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A passing fault: try again, not sooner than the given span when there is one.
    Retry {
        /// Wish of the other side (`Retry-After`), if it said one.
        not_before: Option<Duration>,
    },
    /// Trying again changes nothing: a person has to look.
    Fail,
}

impl Verdict {
    /// A passing fault without a wish of the other side.
    pub const RETRY: Self = Self::Retry { not_before: None };
}

/// Tries before a job becomes a dead letter: a platform may be away for a quarter of an hour.
pub const MAX_ATTEMPTS: u32 = 17;
/// First delay; doubles with each try.
pub const FIRST_DELAY: Duration = Duration::from_secs(2);
/// Longest delay between two tries: so soon after a platform is back, everything that
/// waited for it is on its way.
pub const MAX_DELAY: Duration = Duration::from_mins(2);
/// The longest wish of the other side that is honoured.
pub const MAX_WISH: Duration = Duration::from_mins(15);

/// The delay before the next try: `FIRST_DELAY × 2^(attempts - 1)`, capped, spread over
/// its upper half so that a thousand jobs that failed together do not come back together.
/// A wish of the other side is honoured up to [`MAX_WISH`].
#[must_use]
pub fn delay_before_retry(attempts: u32, wish: Option<Duration>, entropy: &dyn Entropy) -> Duration {
    let doublings = attempts.saturating_sub(1).min(20);
    let full = FIRST_DELAY.saturating_mul(1 << doublings).min(MAX_DELAY);
    let half_ms = u64::try_from(full.as_millis() / 2).unwrap_or(u64::MAX);
    let spread = Duration::from_millis(half_ms + entropy.below(half_ms + 1));
    spread.max(wish.unwrap_or_default().min(MAX_WISH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededEntropy;

    #[test]
    fn delays_grow_and_stay_within_their_bounds() {
        let entropy = SeededEntropy::new(1);
        for attempts in 1..40 {
            let delay = delay_before_retry(attempts, None, &entropy);
            assert!(delay >= FIRST_DELAY / 2 && delay <= MAX_DELAY, "{attempts}: {delay:?}");
        }
        assert!(delay_before_retry(39, None, &entropy) >= MAX_DELAY / 2);
    }

    #[test]
    fn the_other_sides_wish_is_kept_but_not_without_limit() {
        let entropy = SeededEntropy::new(1);
        let wish = Duration::from_mins(1);
        assert!(delay_before_retry(1, Some(wish), &entropy) >= wish);
        let absurd = Duration::from_hours(24 * 365);
        assert!(delay_before_retry(1, Some(absurd), &entropy) <= MAX_WISH);
    }

    #[test]
    fn a_platform_may_be_away_for_a_quarter_of_an_hour() {
        let entropy = SeededEntropy::new(1);
        let patience: Duration =
            (1..MAX_ATTEMPTS).map(|tries| delay_before_retry(tries, None, &entropy)).sum();
        assert!(patience >= Duration::from_mins(15), "{patience:?}");
    }
}
