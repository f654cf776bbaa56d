//! Chance from an injected source, so a simulation replays from one seed.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

/// Where random bytes come from. The operating system's source lives in `vault`.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// A number in `0..bound`; 0 when `bound` is 0. For spreading and simulation, not for keys.
    fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0_u8; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes).checked_rem(bound).unwrap_or(0)
    }
}

/// A repeatable source: the same seed gives the same bytes. Never for keys or tokens
/// outside tests, `sandbox` and the simulator.
pub struct SeededEntropy(Mutex<ChaCha12Rng>);

impl SeededEntropy {
    /// A source that repeats itself for the same `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha12Rng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

impl fmt::Debug for SeededEntropy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SeededEntropy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_repeats_and_another_does_not() {
        let draw = |seed| {
            let mut bytes = [0_u8; 32];
            SeededEntropy::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_bound_is_kept_and_zero_is_harmless() {
        let entropy = SeededEntropy::new(3);
        assert!((0..1_000).all(|_| entropy.below(6) < 6));
        assert_eq!(entropy.below(0), 0);
    }
}
