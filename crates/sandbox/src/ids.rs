//! Ids that count up, from starts that depend on the seed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A run of ids: what is numbered and where the numbers begin.
#[derive(Debug, Clone, Copy)]
pub struct Series {
    name: &'static str,
    base: i64,
}

impl Series {
    /// A run called `name` (unique in the sandbox) that begins after `base`.
    #[must_use]
    pub const fn new(name: &'static str, base: i64) -> Self {
        Self { name, base }
    }
}

/// How far two neighbouring seeds move each series apart.
const SEED_STEP: i64 = 10_000;
/// Seeds beyond this many start over, so that ids keep their number of digits.
const SEED_CYCLE: u64 = 1_000;

/// The counters of all series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    shift: i64,
    counters: BTreeMap<String, i64>,
}

impl Ids {
    /// Counters for a world grown from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let cycle = i64::try_from(seed % SEED_CYCLE).unwrap_or(0);
        Self { shift: cycle * SEED_STEP, counters: BTreeMap::new() }
    }

    /// The next id of `series`.
    pub fn next(&mut self, series: Series) -> i64 {
        let counter = self.counters.entry(series.name.to_owned()).or_insert(0);
        *counter += 1;
        series.base + self.shift + *counter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_counts_up_and_leaves_the_others_alone() {
        let (orders, packs) = (Series::new("order", 2_000), Series::new("pack", 500));
        let mut ids = Ids::new(0);
        assert_eq!([ids.next(orders), ids.next(orders), ids.next(packs)], [2_001, 2_002, 501]);
    }
}
