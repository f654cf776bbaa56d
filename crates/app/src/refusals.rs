//! Whoever was told to wait a moment ago is told so again from memory: a flood of tries must not
//! become a flood of readings.
//!
//! Nothing is ever allowed by this. A go that somebody else handed back is seen
//! [`TOLD_AGAIN_FOR`] later at the latest.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Timestamp;

/// How long a refusal is repeated without another look at the limits.
pub(crate) const TOLD_AGAIN_FOR: Duration = Duration::from_secs(1);
/// Refusals remembered at a time; beyond, all are forgotten, and each costs one look again.
const MAX_REMEMBERED: usize = 10_000;

/// A refusal: when it was told, and until when the wait lasts.
#[derive(Debug, Clone, Copy)]
struct Refusal {
    told_at: Timestamp,
    until: Timestamp,
}

/// The refusals of the last moment, by the keyed hash of who tries for whom.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<[u8; 32], Refusal>>);

impl Refusals {
    /// How long whoever was refused a moment ago still has to wait; `None` where the limits have to
    /// be asked.
    pub(crate) fn still(&self, who: &[u8; 32], now: Timestamp) -> Option<Duration> {
        let refusal = *self.held().get(who)?;
        // A clock that went back is no reason to believe what was told.
        let fresh = now >= refusal.told_at && now.since(refusal.told_at) < TOLD_AGAIN_FOR;
        (fresh && now < refusal.until).then(|| refusal.until.since(now))
    }

    /// Remembers that somebody has to wait.
    pub(crate) fn remember(&self, who: [u8; 32], wait: Duration, now: Timestamp) {
        let mut held = self.held();
        if held.len() >= MAX_REMEMBERED {
            held.clear();
        }
        held.insert(who, Refusal { told_at: now, until: now.plus(wait) });
    }

    fn held(&self) -> MutexGuard<'_, HashMap<[u8; 32], Refusal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_366_991_000);
    const WHO: [u8; 32] = [1; 32];

    #[test]
    fn a_refusal_is_repeated_for_a_second_and_never_beyond_its_wait() {
        let refusals = Refusals::default();
        refusals.remember(WHO, Duration::from_secs(30), NOW);
        let later = NOW.plus(Duration::from_millis(999));
        assert_eq!(refusals.still(&WHO, later), Some(Duration::from_millis(29_001)));
        assert_eq!(refusals.still(&WHO, NOW.plus(TOLD_AGAIN_FOR)), None, "then the limits are asked again");
        assert_eq!(refusals.still(&[2; 32], NOW), None, "nobody waits for another");
        assert_eq!(refusals.still(&WHO, NOW.minus(Duration::from_millis(1))), None);
        refusals.remember(WHO, Duration::from_millis(200), NOW);
        assert_eq!(refusals.still(&WHO, NOW.plus(Duration::from_millis(200))), None);
    }

    #[test]
    fn a_flood_from_everywhere_takes_no_more_room() {
        let refusals = Refusals::default();
        for number in 0..=MAX_REMEMBERED {
            let mut who = [0; 32];
            who[..8].copy_from_slice(&number.to_be_bytes());
            refusals.remember(who, Duration::from_secs(30), NOW);
        }
        assert_eq!(refusals.held().len(), 1);
    }
}
