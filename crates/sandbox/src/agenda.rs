//! What will happen by itself, in order of time.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing to come. `turn` keeps things of the same instant in the order they were planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Planned<E> {
    at: Timestamp,
    turn: u64,
    event: E,
}

/// The things to come, soonest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agenda<E> {
    planned: Vec<Planned<E>>,
    turns: u64,
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self { planned: Vec::new(), turns: 0 }
    }
}

impl<E> Agenda<E> {
    /// Plans `event` for `at`.
    pub fn plan(&mut self, at: Timestamp, event: E) {
        self.turns += 1;
        let place = self.planned.partition_point(|planned| planned.at <= at);
        self.planned.insert(place, Planned { at, turn: self.turns, event });
    }

    /// Takes the next thing that is due by `now`, with the instant it was planned for.
    pub fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, E)> {
        if self.planned.first()?.at > now {
            return None;
        }
        let planned = self.planned.remove(0);
        Some((planned.at, planned.event))
    }

    /// Drops what is planned where `unwanted` says so.
    pub fn forget(&mut self, unwanted: impl Fn(&E) -> bool) {
        self.planned.retain(|planned| !unwanted(&planned.event));
    }

    /// When the next thing is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.planned.first().map(|planned| planned.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_happen_in_order_of_time_and_then_of_planning() {
        let mut agenda = Agenda::default();
        let at = Timestamp::from_millis;
        agenda.plan(at(20), "late");
        agenda.plan(at(10), "first");
        agenda.plan(at(10), "second");
        assert_eq!(agenda.take_due(at(15)), Some((at(10), "first")));
        assert_eq!(agenda.take_due(at(15)), Some((at(10), "second")));
        assert_eq!(agenda.take_due(at(15)), None);
        assert_eq!(agenda.next_at(), Some(at(20)));
    }
}
