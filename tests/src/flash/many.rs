//! Many sales on all cores.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::{Crowd, Outcome, Way, run};

/// What came of many sales in one way. It does not depend on how many threads ran them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Sales.
    pub runs: u64,
    /// Sales that sold more than there was.
    pub oversold_runs: u64,
    /// Units sold beyond what there was, in all of them.
    pub oversold_units: i64,
    /// The most in one of them.
    pub worst_units: i64,
    /// Units sold.
    pub sold_units: i64,
    /// Units that were left at the end.
    pub unsold_units: i64,
    /// Sales in which everything was sold at some time.
    pub sold_out_runs: u64,
    /// Milliseconds until then, in all of them.
    pub sold_out_after: u64,
    /// Calls to the marketplaces.
    pub calls: u64,
    /// Times a listing was written to zero so that its units could move.
    pub moves: u64,
    /// Times the house ended and began anew.
    pub crashes: u64,
    /// Names everything that happened.
    pub trace: u64,
}

impl Sums {
    /// With one more sale.
    pub fn add(&mut self, outcome: &Outcome) {
        self.runs += 1;
        self.oversold_runs += u64::from(outcome.oversold_units > 0);
        self.oversold_units += outcome.oversold_units;
        self.worst_units = self.worst_units.max(outcome.oversold_units);
        self.sold_units += outcome.sold_units;
        self.unsold_units += outcome.unsold_units;
        self.sold_out_runs += u64::from(outcome.sold_out_at.is_some());
        self.sold_out_after += outcome.sold_out_at.unwrap_or(0);
        self.calls += outcome.calls;
        self.moves += outcome.moves;
        self.crashes += outcome.crashes;
        self.trace = self.trace.wrapping_add(outcome.trace);
    }
}

/// Runs every seed of a range in each way; `told` hears of each split sale that sold too much.
#[must_use]
pub fn run_many(
    seeds: Range<u64>,
    crowd: Crowd,
    threads: NonZeroUsize,
    told: impl Fn(&Outcome) + Sync,
) -> [(Way, Sums); 3] {
    let waiting = Mutex::new(seeds);
    let sums = Mutex::new(Way::ALL.map(|way| (way, Sums::default())));
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(|| {
                while let Some(seed) = next() {
                    let outcomes = Way::ALL.map(|way| run(seed, way, crowd));
                    let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
                    for ((way, sums), outcome) in sums.iter_mut().zip(&outcomes) {
                        sums.add(outcome);
                        if *way == Way::Split && outcome.oversold_units > 0 {
                            told(outcome);
                        }
                    }
                }
            });
        }
    });
    sums.into_inner().unwrap_or_else(PoisonError::into_inner)
}
