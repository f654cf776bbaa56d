//! How fast one member turns pages. Each node counts for itself: this bounds copying and load, and
//! no secret hangs on it, so no page waits for a database because of it.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::limit::{Limit, pages_per_member};
use domain::{MemberId, Timestamp};

/// From so many members on, those who have rested are forgotten first.
const MEMBERS_KEPT: usize = 1024;

/// What is kept of each member's pace.
pub(crate) struct Pace {
    limit: Option<Limit>,
    kept: Mutex<HashMap<MemberId, Timestamp>>,
}

impl Pace {
    /// The pace of so many pages a minute; `None` bounds nobody.
    pub(crate) fn new(a_minute: Option<NonZeroU32>) -> Self {
        Self { limit: a_minute.map(pages_per_member), kept: Mutex::default() }
    }

    /// Counts a page of a member; the error is how long to wait.
    pub(crate) fn take(&self, member: MemberId, now: Timestamp) -> Result<(), Duration> {
        let Some(limit) = self.limit else { return Ok(()) };
        // Whoever panicked with the lock left whole instants behind.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MEMBERS_KEPT {
            kept.retain(|_, given_back_at| *given_back_at > now);
        }
        let given_back_at = limit.take(kept.get(&member).copied(), now)?;
        kept.insert(member, given_back_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::SeededEntropy;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_366_991_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn member(seed: u64) -> MemberId {
        MemberId::new(NOW, &SeededEntropy::new(seed))
    }

    /// ASVS 2.4.1.
    #[test]
    fn who_turns_pages_faster_than_anybody_clicks_waits_and_nobody_else() {
        let pace = Pace::new(NonZeroU32::new(60));
        let (robot, person) = (member(1), member(2));
        assert_eq!((0..100).filter(|_| pace.take(robot, NOW).is_ok()).count(), 60);
        assert_eq!(pace.take(robot, NOW), Err(SECOND));
        assert_eq!(pace.take(person, NOW), Ok(()));
        assert_eq!(pace.take(robot, NOW.plus(SECOND)), Ok(()));
    }

    #[test]
    fn without_a_bound_nobody_waits_and_nothing_is_kept() {
        let pace = Pace::new(None);
        assert!((0..1000).all(|_| pace.take(member(1), NOW).is_ok()));
        assert!(pace.kept.lock().expect("nobody panicked").is_empty());
    }

    #[test]
    fn members_who_rested_are_forgotten() {
        let pace = Pace::new(NonZeroU32::new(60));
        for seed in 0..MEMBERS_KEPT as u64 {
            pace.take(member(seed), NOW).expect("a first page");
        }
        pace.take(member(u64::MAX), NOW.plus(SECOND)).expect("one more");
        assert_eq!(pace.kept.lock().expect("nobody panicked").len(), 1);
    }
}
