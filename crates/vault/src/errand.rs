//! What a browser that is sent to an identity provider is bound by: state (RFC 6749 §10.12), nonce
//! (OpenID Connect Core 1.0 §15.5.2) and the verifier of its code (RFC 7636).
//!
//! All three follow from the token in the browser's cookie under a key of ours. So none is kept,
//! none can be made up, and whoever comes back with another browser has none of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use domain::Restricted;

use crate::HmacKey;
use crate::token::{Token, equal, sha256};

/// What one errand is bound by.
#[derive(Debug, Clone)]
pub struct Bond {
    state: String,
    nonce: String,
    challenge: String,
    verifier: Restricted<String>,
}

impl Bond {
    /// The bond of the browser that holds `token`.
    #[must_use]
    pub fn of(token: &Token, key: &HmacKey) -> Self {
        let part = |name: &str| {
            BASE64URL.encode(key.sign(format!("provider errand\0{name}\0{}", token.expose()).as_bytes()))
        };
        let verifier = part("verifier");
        Self {
            state: part("state"),
            nonce: part("nonce"),
            challenge: BASE64URL.encode(sha256(verifier.as_bytes())),
            verifier: Restricted::new(verifier),
        }
    }

    /// What comes back with the browser.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Whether this is what should come back, in constant time.
    #[must_use]
    pub fn is_state(&self, text: &str) -> bool {
        equal(text.as_bytes(), self.state.as_bytes())
    }

    /// What stands in the token that answers.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// What the code is bound to: SHA-256 of the verifier (RFC 7636 §4.2, `S256`).
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// What redeems the code.
    #[must_use]
    pub const fn verifier(&self) -> &Restricted<String> {
        &self.verifier
    }
}

#[cfg(test)]
mod tests {
    use domain::{Actor, Grant, Purpose, SeededEntropy, Timestamp};

    use super::*;

    fn bond(seed: u64, key: &[u8]) -> Bond {
        Bond::of(&Token::random(&SeededEntropy::new(seed)), &HmacKey::new(key))
    }

    #[test]
    fn another_browser_and_another_house_have_another_bond() {
        let one = bond(1, b"house");
        assert_eq!(one.state(), bond(1, b"house").state());
        for other in [bond(2, b"house"), bond(1, b"other")] {
            assert!(!one.is_state(other.state()) && one.nonce() != other.nonce());
            assert_ne!(one.challenge(), other.challenge());
        }
        assert!(one.is_state(one.state()) && !one.is_state("") && !one.is_state(one.nonce()));
    }

    /// RFC 7636 §4.1: 43 to 128 unreserved characters.
    /// ASVS 10.2.1.
    #[test]
    fn the_verifier_has_the_form_that_the_specification_wants_and_is_not_shown() {
        let bond = bond(1, b"house");
        let grant = Grant::issue(Actor::system("test"), Purpose::SignIn, Timestamp::EPOCH);
        let verifier = bond.verifier().reveal(&grant);
        assert_eq!(verifier.len(), 43);
        assert!(verifier.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"-_".contains(&letter)));
        assert!(!format!("{bond:?}").contains(verifier.as_str()));
    }
}
