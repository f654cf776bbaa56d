//! Chance that can be written into a state dump and taken up again.

use domain::{Entropy, SeededEntropy};
use serde::{Deserialize, Serialize};

/// Keeps neighbouring draws of one seed apart (the golden ratio in 64 bits).
const DRAW_STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// A repeatable source whose whole state is a seed and a count of draws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dice {
    seed: u64,
    draws: u64,
}

impl Dice {
    /// Dice that repeat themselves for the same `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, draws: 0 }
    }

    fn entropy(&mut self) -> SeededEntropy {
        self.draws += 1;
        SeededEntropy::new(self.seed ^ self.draws.wrapping_mul(DRAW_STRIDE))
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.entropy().below(bound)
    }

    /// One of `choices`, or `None` when there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let bound = u64::try_from(choices.len()).unwrap_or(u64::MAX);
        choices.get(usize::try_from(self.below(bound)).unwrap_or(0))
    }

    /// True in about `percent` of a hundred draws.
    pub fn chance(&mut self, percent: u8) -> bool {
        percent >= 100 || self.below(100) < u64::from(percent)
    }

    /// `count` lower-case hexadecimal digits.
    pub fn hex(&mut self, count: usize) -> String {
        let mut bytes = vec![0_u8; count.div_ceil(2)];
        self.entropy().fill(&mut bytes);
        let mut text = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        text.truncate(count);
        text
    }

    /// A random id in the UUID form.
    pub fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_taken_up_from_a_dump_go_on_where_they_stopped() {
        let mut first = Dice::new(4);
        first.hex(8);
        let dump = serde_json::to_string(&first).unwrap();
        let mut second: Dice = serde_json::from_str(&dump).unwrap();
        assert_eq!(first.uuid(), second.uuid());
    }

    #[test]
    fn two_draws_differ() {
        let mut dice = Dice::new(1);
        assert_ne!(dice.hex(32), dice.hex(32));
    }
}
