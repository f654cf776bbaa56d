//! A clock that can be pushed ahead of the one it is built on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{Clock, Timestamp};

/// The time of the sandbox: the base clock plus what the control API has added. Clones are
/// the same clock.
#[derive(Debug, Clone)]
pub struct ShiftedClock {
    base: Arc<dyn Clock>,
    ahead_ms: Arc<AtomicI64>,
}

impl ShiftedClock {
    /// A clock that agrees with `base` until it is pushed.
    #[must_use]
    pub fn new(base: Arc<dyn Clock>) -> Self {
        Self { base, ahead_ms: Arc::default() }
    }

    /// Pushes the sandbox's time ahead; the base clock does not notice.
    pub fn advance(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.ahead_ms.fetch_add(millis, Ordering::SeqCst);
    }

    /// How far it has been pushed ahead of the base clock.
    #[must_use]
    pub fn ahead(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.ahead_ms.load(Ordering::SeqCst)).unwrap_or(0))
    }

    /// Sets time so that it is not before `at`.
    pub fn advance_to(&self, at: Timestamp) {
        self.advance(at.since(self.now()));
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_ms.load(Ordering::SeqCst);
        Timestamp::from_millis(self.base.now().as_millis().saturating_add(ahead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ManualClock;

    #[test]
    fn pushing_adds_to_the_base_clock() {
        let base = Arc::new(ManualClock::at(Timestamp::from_millis(1_000)));
        let clock = ShiftedClock::new(base.clone());
        clock.advance(Duration::from_millis(500));
        base.advance(Duration::from_millis(20));
        assert_eq!(clock.now(), Timestamp::from_millis(1_520));
    }
}
