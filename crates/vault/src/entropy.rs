//! The operating system's random bytes.

use domain::Entropy;

/// Random bytes from the operating system: the source for keys, nonces and tokens.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// When the operating system gives no random bytes: nothing may go on without them.
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system gives random bytes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ_and_fill_every_byte() {
        let draw = || {
            let mut bytes = [0_u8; 32];
            OsEntropy.fill(&mut bytes);
            bytes
        };
        assert_ne!(draw(), draw());
        // A byte that stays zero through 64 draws (chance 2^-512) was never written.
        let mut seen = [0_u8; 32];
        for _ in 0..64 {
            for (all, byte) in seen.iter_mut().zip(draw()) {
                *all |= byte;
            }
        }
        assert!(seen.iter().all(|byte| *byte != 0));
    }
}
