//! The machine's clock.

use std::time::SystemTime;

use domain::{Clock, Timestamp};

/// Time as the machine has it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_s_clock_runs_forward_from_a_year_we_live_in() {
        let (one, two) = (SystemClock.now(), SystemClock.now());
        assert!(one <= two);
        assert!(one > Timestamp::parse("2025-01-01T00:00:00Z").unwrap());
    }
}
