//! Many seeds on all cores: every run has a shop, a world and a folder of its own.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use app::steps;

use super::{Outcome, Tally, run};

/// Runs after which every step should have been crashed at; fewer prove nothing.
const ENOUGH_SEEDS: u64 = 300;

/// What came of many runs. It does not depend on how many threads ran them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Runs.
    pub seeds: u64,
    /// Runs that broke a promise.
    pub broken: u64,
    /// What happened in all of them; of the times to converge the longest.
    pub tally: Tally,
    /// Names everything that happened in all of them.
    pub trace: u64,
}

impl Summary {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.broken += u64::from(outcome.violation.is_some());
        self.trace = self.trace.wrapping_add(outcome.trace);
        for (marketplace, orders) in &outcome.tally.orders {
            *self.tally.orders.entry(marketplace).or_default() += orders;
        }
        self.tally.calls += outcome.tally.calls;
        self.tally.consents += outcome.tally.consents;
        self.tally.double_sales += outcome.tally.double_sales;
        self.tally.converged_after = self.tally.converged_after.max(outcome.tally.converged_after);
        for (step, crashes) in &outcome.tally.crashes {
            *self.tally.crashes.entry(step).or_default() += crashes;
        }
    }

    /// Orders on all marketplaces.
    #[must_use]
    pub fn orders(&self) -> usize {
        self.tally.orders.values().sum()
    }

    /// Crashes at all steps.
    #[must_use]
    pub fn crashes(&self) -> u32 {
        self.tally.crashes.values().sum()
    }

    /// Steps at which no run ended though there were enough of them: the storm has grown
    /// too tame to say anything about them.
    #[must_use]
    pub fn untried_steps(&self) -> Vec<&'static str> {
        let tried = |step: &&'static str| self.tally.crashes.contains_key(step);
        let all = steps::ALL.into_iter();
        if self.seeds < ENOUGH_SEEDS { Vec::new() } else { all.filter(|step| !tried(step)).collect() }
    }
}

/// Runs every seed of a range on `threads` threads; `told` hears of each run that ended,
/// in the order of their ends.
#[must_use]
pub fn run_many(
    seeds: Range<u64>,
    events: u32,
    threads: NonZeroUsize,
    told: impl Fn(&Outcome) + Sync,
) -> Summary {
    let waiting = Mutex::new(seeds);
    let summary = Mutex::new(Summary::default());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(|| {
                while let Some(seed) = next() {
                    let outcome = run(seed, events);
                    told(&outcome);
                    summary.lock().unwrap_or_else(PoisonError::into_inner).add(&outcome);
                }
            });
        }
    });
    summary.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_no_run_tried_is_named_once_there_were_enough_runs() {
        let tried = steps::ALL.into_iter().filter(|step| *step != steps::STOCK_WRITTEN);
        let mut summary = Summary { seeds: ENOUGH_SEEDS, ..Summary::default() };
        summary.tally.crashes = tried.map(|step| (step, 1)).collect();
        assert_eq!(summary.untried_steps(), [steps::STOCK_WRITTEN]);
        summary.seeds = 1;
        assert_eq!(summary.untried_steps(), [""; 0]);
    }
}
