//! The provider's keys and what it signs with them (RFC 7515, RFC 7517, RFC 7518 §3).
#![expect(
    clippy::disallowed_types,
    reason = "the library signs with chance of its own; nothing that a seed repeats hangs on it"
)]

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::Deserialize;
use serde_json::{Value, json};

/// How the provider signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum IdentityAlgorithm {
    /// ECDSA on P-256.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// RSA, PKCS #1 v1.5.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA-PSS.
    #[serde(rename = "PS256")]
    Ps256,
}

impl IdentityAlgorithm {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }
}

enum Pair {
    Point(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// One key.
pub(super) struct SigningKey {
    id: String,
    algorithm: IdentityAlgorithm,
    pair: Pair,
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL.encode(bytes)
}

impl SigningKey {
    /// A new key; `None` when the library makes none.
    pub(super) fn new(id: String, algorithm: IdentityAlgorithm) -> Option<Self> {
        let pair = match algorithm {
            IdentityAlgorithm::Es256 => {
                Pair::Point(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?)
            }
            IdentityAlgorithm::Rs256 | IdentityAlgorithm::Ps256 => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).ok()?)
            }
        };
        Some(Self { id, algorithm, pair })
    }

    /// Its public half, as it is published.
    pub(super) fn public(&self) -> Value {
        let mut key = json!({"kid": self.id, "use": "sig", "alg": self.algorithm.as_str()});
        match &self.pair {
            Pair::Point(pair) => {
                // SEC 1 §2.3.3: a four, and the two coordinates.
                let point = pair.public_key().as_ref();
                key["kty"] = "EC".into();
                key["crv"] = "P-256".into();
                key["x"] = encode(&point[1..33]).into();
                key["y"] = encode(&point[33..65]).into();
            }
            Pair::Rsa(pair) => {
                // RFC 8017 A.1.1: of 2048 bits, the modulus begins at the ninth byte.
                let public = pair.public_key().as_ref();
                key["kty"] = "RSA".into();
                key["n"] = encode(&public[9..265]).into();
                key["e"] = encode(&public[267..]).into();
            }
        }
        key
    }

    /// A signed token of these claims.
    pub(super) fn sign(&self, claims: &Value) -> String {
        let head = json!({"alg": self.algorithm.as_str(), "kid": self.id, "typ": "JWT"});
        let signed = joined(&head, claims);
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Point(pair) => pair.sign(&random, signed.as_bytes()).map(|it| it.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let way = if self.algorithm == IdentityAlgorithm::Ps256 {
                    &RSA_PSS_SHA256
                } else {
                    &RSA_PKCS1_SHA256
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(way, &random, signed.as_bytes(), &mut signature).map(|()| signature)
            }
        };
        format!("{signed}.{}", encode(signature.unwrap_or_default()))
    }

    /// What whoever knows the public key alone can make: a MAC under it (RFC 8725 §2.1).
    pub(super) fn mac_with_public(&self, claims: &Value) -> String {
        let signed = joined(&json!({"alg": "HS256", "kid": self.id, "typ": "JWT"}), claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.public().to_string().as_bytes());
        format!("{signed}.{}", encode(hmac::sign(&key, signed.as_bytes())))
    }
}

/// A token that nobody signed.
pub(super) fn unsigned(claims: &Value) -> String {
    format!("{}.", joined(&json!({"alg": "none", "typ": "JWT"}), claims))
}

fn joined(head: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(head.to_string()), encode(claims.to_string()))
}
