//! How fast an account may be called: learned from what its platform answers.
//!
//! Platforms publish no limits that hold, so nothing is held back until one says "too
//! many calls" or stops answering. From then on the account's work has a [`Pace`]: none
//! at all for a while, then slowly, and faster again as long as nothing is said.

use std::time::Duration;

use crate::random::Entropy;
use crate::time::Timestamp;

/// Time between two jobs after the first "too many calls": five jobs a second.
pub const FIRST_GAP: Duration = Duration::from_millis(200);
/// Longest time between two jobs: twelve jobs a minute.
pub const LONGEST_GAP: Duration = Duration::from_secs(5);
/// A pace that asks for less time than this between two jobs holds nothing back.
pub const SHORTEST_GAP: Duration = Duration::from_millis(20);
/// Time without another blow after which the gap is halved.
pub const CALM: Duration = Duration::from_secs(10);
/// Failures one after another, of whatever work, until a platform counts as down.
pub const BLOWS_UNTIL_DOWN: u32 = 5;
/// First rest; doubles with each blow.
pub const FIRST_REST: Duration = Duration::from_secs(1);
/// Longest rest that nobody asked for: how late a platform that is up again is noticed.
pub const LONGEST_REST: Duration = Duration::from_mins(1);
/// Longest rest that a platform can ask for: a daily allowance that is used up.
pub const LONGEST_WISH: Duration = Duration::from_hours(24);
/// How long a probe may take until another one is sent: longer than a job's calls.
pub const PROBE_PATIENCE: Duration = Duration::from_secs(90);

/// What a platform answered that slows us down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// Too many calls.
    TooMany {
        /// The rest that the platform asked for, if it did.
        wish: Option<Duration>,
    },
    /// No answer, or one that says the platform itself failed.
    Down,
}

/// Why an account's work is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The platform said that there were too many calls.
    TooMany,
    /// The platform does not answer.
    Down,
}

impl Reason {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooMany => "too_many",
            Self::Down => "down",
        }
    }

    /// The reason of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::TooMany, Self::Down].into_iter().find(|reason| reason.as_str() == word)
    }
}

/// How fast work may go. Work that has none goes as fast as it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Why.
    pub reason: Reason,
    /// Blows since it went well.
    pub blows: u32,
    /// When the first of them came.
    pub since: Timestamp,
    /// When the last one came, or the gap was last halved.
    pub changed_at: Timestamp,
    /// Time between the starts of two jobs.
    pub gap: Duration,
    /// Nothing starts before.
    pub next_at: Timestamp,
}

impl Pace {
    /// The pace after a blow to work that began at `began_at`. Jobs that were under way
    /// together are struck together: that is one blow, whose longest wish counts.
    #[must_use]
    pub fn after(
        before: Option<Self>,
        blow: Blow,
        began_at: Timestamp,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Self {
        let (reason, wish) = match blow {
            Blow::TooMany { wish } => (Reason::TooMany, wish),
            Blow::Down => (Reason::Down, None),
        };
        let known = before.filter(|pace| pace.reason == reason);
        let wished_for = wish.map_or(now, |wish| now.plus(wish.min(LONGEST_WISH)));
        if let Some(known) = known.filter(|pace| pace.is_holding() && began_at <= pace.changed_at) {
            return Self { next_at: wish.map_or(known.next_at, |_| known.next_at.max(wished_for)), ..known };
        }
        let blows = known.map_or(0, |pace| pace.blows).saturating_add(1);
        let rests = match reason {
            Reason::TooMany => blows,
            Reason::Down => (blows + 1).saturating_sub(BLOWS_UNTIL_DOWN),
        };
        let gap = match (reason, known) {
            (Reason::TooMany, Some(known)) => known.gap.saturating_mul(2).min(LONGEST_GAP),
            (Reason::TooMany, None) => FIRST_GAP,
            (Reason::Down, _) => Duration::ZERO,
        };
        // A wish is not shortened by a blow; the patience with a probe is over with it.
        let wished_before = known.filter(|_| reason == Reason::TooMany).map_or(now, |pace| pace.next_at);
        Self {
            reason,
            blows,
            since: known.map_or(now, |pace| pace.since),
            changed_at: now,
            gap,
            next_at: now.plus(rest(rests, entropy)).max(wished_for).max(wished_before),
        }
    }

    /// How many jobs may start now, at most `room`.
    #[must_use]
    pub fn free(&self, now: Timestamp, room: u32) -> u32 {
        if now < self.next_at {
            return 0;
        }
        match self.reason {
            Reason::Down if self.is_holding() => room.min(1),
            Reason::Down => room,
            Reason::TooMany => {
                let saved = now.since(self.next_at).as_millis() / self.gap.as_millis().max(1);
                room.min(u32::try_from(saved).unwrap_or(u32::MAX).saturating_add(1))
            }
        }
    }

    /// The pace once `jobs` have started; at most what was [`Self::free`] for `room`.
    #[must_use]
    pub fn taken(self, jobs: u32, now: Timestamp, room: u32) -> Self {
        let next_at = match self.reason {
            Reason::Down if self.is_holding() && jobs > 0 => now.plus(PROBE_PATIENCE),
            Reason::Down => self.next_at,
            // What was saved beyond the room is not kept: that would be a burst later.
            Reason::TooMany => {
                let oldest = now.minus(self.gap.saturating_mul(room.saturating_sub(1)));
                self.next_at.max(oldest).plus(self.gap.saturating_mul(jobs))
            }
        };
        Self { next_at, ..self }
    }

    /// The pace once a job that was let start has called nobody: another may be the probe.
    #[must_use]
    pub fn unused(self, now: Timestamp) -> Self {
        match self.reason {
            Reason::Down => Self { next_at: self.next_at.min(now), ..self },
            Reason::TooMany => self,
        }
    }

    /// The pace after work went well that began at `began_at`; `None` when nothing has to
    /// be held back any more.
    #[must_use]
    pub fn eased(self, began_at: Timestamp, now: Timestamp) -> Option<Self> {
        if began_at < self.changed_at {
            return Some(self);
        }
        match self.reason {
            Reason::Down => None,
            Reason::TooMany if now.since(self.changed_at) < CALM => Some(self),
            Reason::TooMany => {
                let gap = self.gap / 2;
                (gap >= SHORTEST_GAP).then_some(Self { gap, changed_at: now, ..self })
            }
        }
    }

    /// Whether anything is held back: a few failures alone do not make a platform down.
    #[must_use]
    pub const fn is_holding(&self) -> bool {
        match self.reason {
            Reason::TooMany => true,
            Reason::Down => self.blows >= BLOWS_UNTIL_DOWN,
        }
    }

    /// Jobs a minute, once it has rested; `None` where only one at a time is tried.
    #[must_use]
    pub fn per_minute(&self) -> Option<u64> {
        let a_minute = Duration::from_mins(1).as_millis();
        u64::try_from(a_minute.checked_div(self.gap.as_millis())?).ok()
    }
}

/// The rest after so many blows, spread over its upper half: nodes and accounts that were
/// struck together do not come back together.
fn rest(blows: u32, entropy: &dyn Entropy) -> Duration {
    if blows == 0 {
        return Duration::ZERO;
    }
    let full = FIRST_REST.saturating_mul(1 << (blows - 1).min(20)).min(LONGEST_REST);
    let half_ms = u64::try_from(full.as_millis() / 2).unwrap_or(u64::MAX);
    Duration::from_millis(half_ms + entropy.below(half_ms + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededEntropy;

    const ROOM: u32 = 8;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).plus(Duration::from_secs(seconds))
    }

    fn struck(before: Option<Pace>, blow: Blow, seconds: u64) -> Pace {
        Pace::after(before, blow, at(seconds), at(seconds), &SeededEntropy::new(7))
    }

    const TOO_MANY: Blow = Blow::TooMany { wish: None };

    fn limited(seconds: u64) -> Pace {
        struck(None, TOO_MANY, seconds)
    }

    fn down(seconds: u64) -> Pace {
        let mut pace = None;
        for _ in 0..BLOWS_UNTIL_DOWN {
            pace = Some(struck(pace, Blow::Down, seconds));
        }
        pace.unwrap()
    }

    #[test]
    fn too_many_calls_bring_a_rest_and_then_a_gap_between_jobs() {
        let pace = limited(0);
        assert_eq!(pace.free(at(0), ROOM), 0);
        assert_eq!(pace.free(pace.next_at, ROOM), 1);
        let next = pace.taken(1, pace.next_at, ROOM);
        assert_eq!(next.free(pace.next_at, ROOM), 0);
        assert_eq!(next.free(pace.next_at.plus(FIRST_GAP), ROOM), 1);
        assert_eq!(next.per_minute(), Some(300));
    }

    #[test]
    fn what_was_not_used_is_not_saved_beyond_the_room() {
        let pace = limited(0);
        assert_eq!(pace.free(at(600), ROOM), ROOM);
        let next = pace.taken(ROOM, at(600), ROOM);
        assert_eq!(next.free(at(600), ROOM), 0);
    }

    #[test]
    fn a_wish_is_kept_within_its_bound() {
        let wish = |wish| struck(None, Blow::TooMany { wish: Some(wish) }, 0).next_at;
        assert_eq!(wish(Duration::from_mins(10)), at(600));
        assert_eq!(wish(Duration::from_hours(9_000)), at(24 * 3_600));
    }

    #[test]
    fn jobs_that_were_under_way_together_are_struck_once() {
        let dead = down(1);
        let (pace, entropy) = (limited(1), SeededEntropy::new(7));
        assert_eq!(Pace::after(Some(dead), Blow::Down, at(0), at(2), &entropy), dead);
        let again = Pace::after(Some(pace), Blow::TooMany { wish: Some(CALM) }, at(0), at(2), &entropy);
        assert_eq!((again.blows, again.gap), (1, FIRST_GAP));
        assert_eq!(again.next_at, at(2).plus(CALM));
    }

    #[test]
    fn each_further_blow_doubles_the_gap_up_to_its_bound() {
        let mut pace = limited(0);
        for seconds in 1..40 {
            pace = struck(Some(pace), TOO_MANY, seconds * 200);
        }
        assert_eq!(pace.gap, LONGEST_GAP);
        assert!(pace.next_at <= at(39 * 200).plus(LONGEST_REST));
    }

    #[test]
    fn calm_halves_the_gap_until_nothing_is_held_back() {
        let mut pace = Some(limited(0));
        assert_eq!(pace.unwrap().eased(at(1), at(1)), pace);
        let mut halvings = 0;
        while let Some(held) = pace {
            halvings += 1;
            let now = held.changed_at.plus(CALM);
            pace = held.eased(now, now);
        }
        assert_eq!(halvings, 4, "200, 100, 50, 25 ms, then none");
    }

    #[test]
    fn a_few_failures_do_not_make_a_platform_down() {
        let mut pace = struck(None, Blow::Down, 0);
        for _ in 1..BLOWS_UNTIL_DOWN - 1 {
            pace = struck(Some(pace), Blow::Down, 0);
            assert_eq!((pace.is_holding(), pace.free(at(0), ROOM)), (false, ROOM));
        }
        pace = struck(Some(pace), Blow::Down, 0);
        assert_eq!((pace.is_holding(), pace.free(at(0), ROOM)), (true, 0));
    }

    #[test]
    fn a_platform_that_is_down_gets_one_probe_at_a_time() {
        let pace = down(0);
        assert_eq!(pace.free(pace.next_at, ROOM), 1);
        let probing = pace.taken(1, pace.next_at, ROOM);
        assert_eq!(probing.free(pace.next_at.plus(PROBE_PATIENCE / 2), ROOM), 0);
        assert_eq!(probing.free(pace.next_at.plus(PROBE_PATIENCE), ROOM), 1);
    }

    #[test]
    fn a_job_that_called_nobody_was_no_probe() {
        let pace = down(0);
        let now = pace.next_at;
        assert_eq!(pace.taken(1, now, ROOM).unused(now).free(now, ROOM), 1);
    }

    #[test]
    fn a_probe_that_fails_doubles_the_rest_and_one_that_succeeds_ends_it() {
        let first = down(0);
        let mut pace = first;
        let mut rests = Vec::new();
        for _ in 0..12 {
            let now = pace.next_at;
            let probing = pace.taken(1, now, ROOM);
            pace = Pace::after(Some(probing), Blow::Down, now, now, &SeededEntropy::new(7));
            rests.push(pace.next_at.since(now));
        }
        assert!(rests[0] <= FIRST_REST * 2);
        assert!(rests.is_sorted() && rests[11] >= LONGEST_REST / 2 && rests[11] <= LONGEST_REST);
        assert_eq!(pace.since, first.since);
        assert_eq!(pace.eased(pace.next_at, pace.next_at), None);
    }

    #[test]
    fn work_that_began_before_the_blow_says_nothing_about_after_it() {
        let pace = down(10);
        assert_eq!(pace.eased(at(9), at(11)), Some(pace));
    }

    #[test]
    fn every_reason_has_its_word() {
        for reason in [Reason::TooMany, Reason::Down] {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
    }
}
