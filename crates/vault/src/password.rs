//! Passwords: Argon2id hashes (RFC 9106). What a new one may be, `password_rules` says.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordVerifier as _, Version};
use domain::{Actor, Entropy, Grant, Purpose, Restricted, Timestamp};

use crate::password_rules::Rules;

/// Longest password, in bytes. A longer one is refused, never cut.
pub const MAX_BYTES: usize = 1_024;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Most memory that a stored hash may ask for, in KiB: 256 MiB. A forged row must not exhaust the machine.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// Most passes that a stored hash may ask for.
const MAX_PASSES: u32 = 16;

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes that could run side by side.
    pub lanes: u32,
}

impl Cost {
    /// 64 MiB, three passes, one lane: RFC 9106's second choice on one core, well above
    /// OWASP's floor (19 MiB, two passes).
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
}

/// Why a password could not be hashed or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Longer than [`MAX_BYTES`].
    #[error("a password has at most {MAX_BYTES} bytes")]
    TooLong,
    /// A cost that Argon2id does not allow.
    #[error("Argon2id does not allow this cost")]
    Cost,
    /// The stored text is no hash that this program writes.
    #[error("the stored password hash is damaged: the password has to be set anew")]
    Damaged,
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// The right password.
    Ok,
    /// The right password, hashed at another cost than today's: hash it anew.
    NeedsRehash,
    /// The wrong password, or nobody of that name.
    Wrong,
}

/// A password hash as the database keeps it: a PHC string. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash from a database column. What is wrong with it, [`Passwords::verify`] tells.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The PHC string for a database column.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PasswordHash(…)")
    }
}

/// Hashes and checks passwords at one cost. Each call holds a core for tens of
/// milliseconds and [`Cost::memory_kib`] of memory: run few side by side.
#[derive(Debug, Clone)]
pub struct Passwords {
    params: Params,
    computed: Arc<AtomicU64>,
    rules: Arc<Rules>,
}

impl Passwords {
    /// At [`Cost::STANDARD`], or a smaller cost in tests.
    pub fn new(cost: Cost) -> Result<Self, PasswordError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(HASH_BYTES))
            .map_err(|_| PasswordError::Cost)?;
        Ok(Self { params, computed: Arc::default(), rules: Arc::default() })
    }

    /// The same with these rules for new passwords.
    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules: Arc::new(rules), ..self }
    }

    /// What a new password may be.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How many hashes were computed so far, by this and all its clones: what is refused before
    /// must not add to them, and whether somebody exists must make no difference.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// Hashes a password under a fresh salt.
    pub fn hash(
        &self,
        password: &Restricted<String>,
        entropy: &dyn Entropy,
    ) -> Result<PasswordHash, PasswordError> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt);
        Ok(PasswordHash(self.compute(password, &salt)?.to_string()))
    }

    /// Checks a password. For somebody unknown pass `None`: it takes the same time, so
    /// that nobody learns who has an account.
    pub fn verify(
        &self,
        password: &Restricted<String>,
        stored: Option<&PasswordHash>,
    ) -> Result<Verified, PasswordError> {
        let Some(stored) = stored else {
            self.compute(password, &[0; SALT_BYTES])?;
            return Ok(Verified::Wrong);
        };
        let hash = phc::PasswordHash::new(stored.as_str()).map_err(|_| PasswordError::Damaged)?;
        let params = Params::try_from(&hash).map_err(|_| PasswordError::Damaged)?;
        let whole =
            hash.algorithm == Algorithm::Argon2id.ident() && hash.salt.is_some() && hash.hash.is_some();
        if !whole || params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES {
            return Err(PasswordError::Damaged);
        }
        let bytes = bytes_of(password)?;
        if self.hasher().verify_password(bytes, &hash).is_err() {
            return Ok(Verified::Wrong);
        }
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        Ok(if cost(&params) == cost(&self.params) { Verified::Ok } else { Verified::NeedsRehash })
    }

    fn compute(
        &self,
        password: &Restricted<String>,
        salt: &[u8],
    ) -> Result<phc::PasswordHash, PasswordError> {
        use argon2::PasswordHasher as _;
        let bytes = bytes_of(password)?;
        self.hasher().hash_password_with_salt(bytes, salt).map_err(|_| PasswordError::Cost)
    }

    /// For one hash.
    fn hasher(&self) -> Argon2<'_> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }
}

pub(crate) fn sign_in_grant() -> &'static Grant {
    static GRANT: Grant = Grant::issue(Actor::system("vault"), Purpose::SignIn, Timestamp::EPOCH);
    &GRANT
}

fn bytes_of(password: &Restricted<String>) -> Result<&[u8], PasswordError> {
    let bytes = password.reveal(sign_in_grant()).as_bytes();
    if bytes.len() > MAX_BYTES { Err(PasswordError::TooLong) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::SeededEntropy;

    const QUICK: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn quick() -> Passwords {
        Passwords::new(QUICK).unwrap()
    }

    fn secret(text: &str) -> Restricted<String> {
        Restricted::new(text.to_owned())
    }

    /// ASVS 6.2.8.
    #[test]
    fn the_right_password_passes_and_a_wrong_one_does_not() {
        let hash = quick().hash(&secret("correct horse battery"), &SeededEntropy::new(1)).unwrap();
        let stored = PasswordHash::from_stored(hash.as_str().to_owned());
        assert_eq!(quick().verify(&secret("correct horse battery"), Some(&stored)), Ok(Verified::Ok));
        for wrong in ["", "correct horse batter", "correct horse battery ", "Correct horse battery"] {
            assert_eq!(quick().verify(&secret(wrong), Some(&stored)), Ok(Verified::Wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_hash_says_its_algorithm_and_cost_and_differs_each_time() {
        let entropy = SeededEntropy::new(1);
        let hash = || quick().hash(&secret("x"), &entropy).unwrap();
        let (one, other) = (hash(), hash());
        assert!(one.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", one.as_str());
        assert_ne!(one, other);
    }

    #[test]
    fn a_hash_of_another_cost_passes_but_wants_to_be_renewed() {
        let old = Passwords::new(Cost { passes: 2, ..QUICK }).unwrap();
        let hash = old.hash(&secret("password one"), &SeededEntropy::new(1)).unwrap();
        assert_eq!(quick().verify(&secret("password one"), Some(&hash)), Ok(Verified::NeedsRehash));
        assert_eq!(quick().verify(&secret("password two"), Some(&hash)), Ok(Verified::Wrong));
    }

    #[test]
    fn for_somebody_unknown_every_password_is_wrong() {
        assert_eq!(quick().verify(&secret("anything at all"), None), Ok(Verified::Wrong));
    }

    /// ASVS 6.2.9.
    #[test]
    fn a_password_beyond_the_limit_is_refused_never_cut() {
        let entropy = SeededEntropy::new(1);
        let longest = secret(&"ã".repeat(MAX_BYTES / 2));
        let hash = quick().hash(&longest, &entropy).unwrap();
        assert_eq!(quick().verify(&longest, Some(&hash)), Ok(Verified::Ok));
        let longer = secret(&format!("{}x", "ã".repeat(MAX_BYTES / 2)));
        assert_eq!(quick().hash(&longer, &entropy), Err(PasswordError::TooLong));
        assert_eq!(quick().verify(&longer, Some(&hash)), Err(PasswordError::TooLong));
        assert_eq!(quick().verify(&longer, None), Err(PasswordError::TooLong));
    }

    #[test]
    fn a_damaged_foreign_or_greedy_hash_is_an_error() {
        let good = quick().hash(&secret("x"), &SeededEntropy::new(1)).unwrap();
        for text in [
            String::new(),
            "plain text".to_owned(),
            "$argon2id$v=19$m=64,t=1,p=1".to_owned(),
            good.as_str().replace("argon2id", "argon2i"),
            good.as_str().replace("m=64", "m=4194304"),
            good.as_str().replace("t=1", "t=100000"),
            good.as_str().replace("m=64", "m=0"),
        ] {
            let stored = PasswordHash::from_stored(text.clone());
            assert_eq!(quick().verify(&secret("x"), Some(&stored)), Err(PasswordError::Damaged), "{text}");
        }
    }

    #[test]
    fn a_cost_that_argon2_does_not_allow_is_refused() {
        let refused = Passwords::new(Cost { memory_kib: 1, ..QUICK }).map(|_| ());
        assert_eq!(refused, Err(PasswordError::Cost));
    }

    /// ASVS 11.4.2.
    #[test]
    fn the_standard_cost_is_above_the_published_floor() {
        assert!(Passwords::new(Cost::STANDARD).is_ok());
        assert_eq!(Cost::STANDARD, Cost { memory_kib: 65_536, passes: 3, lanes: 1 });
    }

    #[test]
    fn debug_shows_nothing_of_a_hash() {
        assert_eq!(format!("{:?}", PasswordHash::from_stored("$argon2id$".into())), "PasswordHash(…)");
    }
}
