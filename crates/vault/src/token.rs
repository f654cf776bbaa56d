//! Opaque tokens: sessions, one-time links, API keys.
//!
//! The holder gets the text; the database gets only its SHA-256, so that who reads the
//! database cannot sign in with what they find (research: 256 random bits need no slow hash).

use std::fmt;

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Entropy;
use zeroize::Zeroizing;

/// Random bytes in a token.
pub const TOKEN_BYTES: usize = 32;
/// Characters of a token's text: 256 bits in base64url without padding.
pub const TOKEN_CHARS: usize = 43;

/// A text that is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token: {TOKEN_CHARS} characters of base64url are expected")]
pub struct ParseTokenError;

/// A secret that whoever holds it may use. `Debug` hides it; there is no `Display`.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// A new token of 256 random bits.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0_u8; TOKEN_BYTES]);
        entropy.fill(&mut *bytes);
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
    }

    /// Takes a token from outside (a cookie, a link). Only the form is checked here;
    /// whether it is known shows by its [`digest`](Self::digest).
    pub fn parse(text: &str) -> Result<Self, ParseTokenError> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| ParseTokenError)?);
        if bytes.len() == TOKEN_BYTES {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(ParseTokenError)
        }
    }

    /// The text, for the one place it is handed to its holder.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the database keeps.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(sha256(self.0.as_bytes()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(…)")
    }
}

/// SHA-256 of a token's text: what the database keeps and looks up.
#[derive(Debug, Clone, Copy)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest from a database column.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest for a database column.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the digest of one token, in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        equal(&self.0, &other.0)
    }
}

/// Compares two byte strings in a time that depends only on their lengths.
#[must_use]
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::to_hex;
    use domain::SeededEntropy;

    #[test]
    fn a_token_survives_the_way_through_a_cookie() {
        let token = Token::random(&SeededEntropy::new(1));
        assert_eq!(token.expose().len(), TOKEN_CHARS);
        let back = Token::parse(token.expose()).unwrap();
        assert!(back.digest().matches(&token.digest()));
    }

    #[test]
    fn another_token_does_not_match() {
        let entropy = SeededEntropy::new(1);
        let (one, other) = (Token::random(&entropy), Token::random(&entropy));
        assert!(!one.digest().matches(&other.digest()));
    }

    #[test]
    fn what_is_not_a_token_is_refused() {
        let good = Token::random(&SeededEntropy::new(1));
        let long = format!("{}A", good.expose());
        let padded = format!("{}=", good.expose());
        for text in ["", "abc", &good.expose()[1..], &long, &padded, "+".repeat(43).as_str()] {
            assert_eq!(Token::parse(text).err(), Some(ParseTokenError), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", Token::random(&SeededEntropy::new(1))), "Token(…)");
    }

    /// FIPS 180-2 appendix B.1.
    #[test]
    fn the_digest_is_sha_256() {
        assert_eq!(
            to_hex(&sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
