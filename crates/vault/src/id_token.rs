//! ID tokens of an identity provider (OpenID Connect Core 1.0 §2 and §3.1.3.7): signed texts
//! (RFC 7515) that say who somebody is, checked with the provider's public keys (RFC 7517).
//!
//! Three algorithms are taken (RFC 7518 §3): `RS256`, `PS256` and `ES256`. No token chooses another,
//! least of all `none`, or a MAC under a key that everybody knows.

use std::time::Duration;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use domain::{Confidential, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::token::equal;

/// Longest token taken, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// How far the provider's clock and ours may be apart.
pub const SKEW: Duration = Duration::from_mins(1);
/// A token older than this was not made for the errand that it ends.
pub const MAX_AGE: Duration = Duration::from_mins(10);
/// Keys of a provider that are looked at.
const MAX_KEYS: usize = 64;
/// Longest id of an account, in characters (§2, `sub`).
const MAX_SUBJECT_CHARS: usize = 255;
/// Words of `amr` that are looked at.
const MAX_METHODS: usize = 32;
/// Bytes of a coordinate on P-256.
const COORDINATE: usize = 32;

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// It cannot be read.
    #[error("the ID token cannot be read: {0}")]
    Unreadable(&'static str),
    /// An algorithm that is not taken.
    #[error("the ID token is signed in a way that is not taken")]
    Algorithm,
    /// The provider has no such key.
    #[error("the ID token is signed with a key that the provider does not show")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// It was made by, for or after something else.
    #[error("the ID token is another's: {0}")]
    Foreign(&'static str),
    /// It has run out, or was made too long ago.
    #[error("the ID token has run out")]
    Expired,
    /// It is of a time to come.
    #[error("the ID token is of a time to come")]
    NotYet,
}

/// What a token has to say to be believed.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who made it.
    pub issuer: &'a str,
    /// For whom.
    pub client_id: &'a str,
    /// For which browser.
    pub nonce: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// What a token says that is believed.
#[derive(Debug, Clone)]
pub struct Claims {
    /// The account's id at its provider, which never becomes another's.
    pub subject: Confidential<String>,
    /// An e-mail address that the provider has checked.
    pub verified_email: Option<Confidential<String>>,
    /// When its person last showed who they are.
    pub auth_time: Option<Timestamp>,
    /// The provider's word for how well that was done.
    pub acr: Option<String>,
    /// What was shown (RFC 8176).
    pub amr: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Ps256,
    Es256,
}

impl Algorithm {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Point(Vec<u8>),
}

#[derive(Debug, Clone)]
struct PublicKey {
    id: Option<String>,
    only: Option<Algorithm>,
    material: Material,
}

/// The public keys of a provider.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<PublicKey>);

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set of keys (RFC 7517 §5). Keys of other kinds, and those that are not for
    /// signatures, are left out, as it says.
    pub fn parse(json: &[u8]) -> Result<Self, IdTokenError> {
        let unreadable = IdTokenError::Unreadable("the provider's keys");
        let document: Value = serde_json::from_slice(json).map_err(|_| unreadable)?;
        let keys = document["keys"].as_array().ok_or(unreadable)?;
        let read = |key: &Value| public_key(Jwk::deserialize(key).ok()?);
        Ok(Self(keys.iter().take(MAX_KEYS).filter_map(read).collect()))
    }

    /// The one key that a token can be signed with.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&PublicKey, IdTokenError> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.fits(algorithm) && id.is_none_or(|id| key.id.as_deref() == Some(id)));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            // §10.1: where there are several, the token names one.
            (Some(_), Some(_)) => Err(IdTokenError::Unreadable("which key it is signed with")),
            (None, _) => Err(IdTokenError::UnknownKey),
        }
    }
}

fn public_key(key: Jwk) -> Option<PublicKey> {
    if key.r#use.as_deref().is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let only = match key.alg.as_deref() {
        Some(word) => Some(Algorithm::parse(word)?),
        None => None,
    };
    let bytes = |text: Option<String>| BASE64URL.decode(text?).ok();
    let material = match key.kty.as_str() {
        "RSA" => Material::Rsa { modulus: bytes(key.n)?, exponent: bytes(key.e)? },
        "EC" if key.crv.as_deref() == Some("P-256") => {
            let (x, y) = (bytes(key.x)?, bytes(key.y)?);
            if x.len() != COORDINATE || y.len() != COORDINATE {
                return None;
            }
            Material::Point([&[4], x.as_slice(), y.as_slice()].concat())
        }
        _ => return None,
    };
    Some(PublicKey { id: key.kid, only, material })
}

impl PublicKey {
    fn fits(&self, algorithm: Algorithm) -> bool {
        let is_kind = match self.material {
            Material::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
            Material::Point(_) => algorithm == Algorithm::Es256,
        };
        is_kind && self.only.is_none_or(|only| only == algorithm)
    }

    fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Result<(), IdTokenError> {
        let verified = match &self.material {
            Material::Point(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            Material::Rsa { modulus, exponent } => {
                let way = match algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    Algorithm::Rs256 | Algorithm::Es256 => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(way, signed, signature)
            }
        };
        verified.map_err(|_| IdTokenError::Signature)
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(all) => all,
        }
    }
}

#[derive(Deserialize)]
struct Payload {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    auth_time: Option<i64>,
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
    email: Option<String>,
    email_verified: Option<Value>,
}

/// Checks a token in the order of §3.1.3.7, its signature first.
pub fn verify(token: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<Claims, IdTokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(IdTokenError::Unreadable("too long"));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(IdTokenError::Unreadable("its form"))?;
    let (header, payload) = signed.split_once('.').ok_or(IdTokenError::Unreadable("its form"))?;
    let header: Header = part(header, "its header")?;
    let algorithm = Algorithm::parse(&header.alg).ok_or(IdTokenError::Algorithm)?;
    // RFC 7515 §4.1.11: what has to be understood and is not.
    if header.crit.is_some() {
        return Err(IdTokenError::Unreadable("its critical header"));
    }
    let signature = BASE64URL.decode(signature).map_err(|_| IdTokenError::Signature)?;
    keys.find(header.kid.as_deref(), algorithm)?.verify(algorithm, signed.as_bytes(), &signature)?;
    let payload: Payload = part(payload, "its claims")?;
    payload.check(expected)?;
    payload.believed()
}

fn part<T: for<'de> Deserialize<'de>>(text: &str, what: &'static str) -> Result<T, IdTokenError> {
    let bytes = BASE64URL.decode(text).map_err(|_| IdTokenError::Unreadable(what))?;
    serde_json::from_slice(&bytes).map_err(|_| IdTokenError::Unreadable(what))
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1_000))
}

impl Payload {
    fn check(&self, expected: &Expected<'_>) -> Result<(), IdTokenError> {
        if self.iss != expected.issuer {
            return Err(IdTokenError::Foreign("issuer"));
        }
        let audience = self.aud.all();
        let is_for_us = audience.iter().any(|one| one == expected.client_id);
        // With more than one audience the token says that we asked for it.
        let asked_by_us = match &self.azp {
            Some(azp) => azp == expected.client_id,
            None => audience.len() == 1,
        };
        if !is_for_us || !asked_by_us {
            return Err(IdTokenError::Foreign("audience"));
        }
        let nonce = self.nonce.as_deref().unwrap_or_default();
        if !equal(nonce.as_bytes(), expected.nonce.as_bytes()) {
            return Err(IdTokenError::Foreign("nonce"));
        }
        let (now, issued) = (expected.now, instant(self.iat));
        if instant(self.exp).plus(SKEW) <= now || issued.plus(MAX_AGE).plus(SKEW) <= now {
            return Err(IdTokenError::Expired);
        }
        let latest = now.plus(SKEW);
        let begins = self.nbf.map_or(issued, |nbf| instant(nbf).max(issued));
        if begins > latest { Err(IdTokenError::NotYet) } else { Ok(()) }
    }

    fn believed(self) -> Result<Claims, IdTokenError> {
        if self.sub.is_empty() || self.sub.chars().count() > MAX_SUBJECT_CHARS {
            return Err(IdTokenError::Unreadable("its subject"));
        }
        // Some providers write the truth as a text.
        let is_verified = self.email_verified.is_some_and(|word| word == Value::Bool(true) || word == "true");
        Ok(Claims {
            subject: Confidential::new(self.sub),
            verified_email: self.email.filter(|_| is_verified).map(Confidential::new),
            auth_time: self.auth_time.map(instant),
            acr: self.acr,
            amr: self.amr.into_iter().take(MAX_METHODS).collect(),
        })
    }
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
mod tests;
