#![expect(
    clippy::disallowed_types,
    reason = "the library signs with chance of its own; only this provider does"
)]

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use domain::{Actor, Grant, Purpose};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_767_623_400_000);
const EXPECTED: Expected<'_> =
    Expected { issuer: "https://id.example", client_id: "loja", nonce: "n-0S6", now: NOW };

enum Signer {
    Point(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// A provider, as far as these tests need one.
struct Provider {
    signer: Signer,
    header: Value,
    claims: Value,
}

fn encode(value: &Value) -> String {
    BASE64URL.encode(value.to_string())
}

impl Provider {
    fn es256() -> Self {
        Self::with("ES256", Signer::Point(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()))
    }

    fn rsa(alg: &str) -> Self {
        Self::with(alg, Signer::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }

    fn with(alg: &str, signer: Signer) -> Self {
        let now = NOW.as_millis() / 1_000;
        let claims = json!({
            "iss": EXPECTED.issuer, "sub": "ana", "aud": "loja", "exp": now + 300, "iat": now, "nonce": "n-0S6",
            "auth_time": now - 5, "acr": "gold", "amr": ["pwd", "otp"], "email": "ana@casa.example",
            "email_verified": true,
        });
        Self { signer, header: json!({"alg": alg, "kid": "k1"}), claims }
    }

    fn jwk(&self) -> Value {
        let encode = |bytes: &[u8]| BASE64URL.encode(bytes);
        match &self.signer {
            Signer::Point(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "x": encode(&point[1..33]), "y": encode(&point[33..])})
            }
            Signer::Rsa(pair) => {
                // RFC 8017 A.1.1, for a modulus of 2048 bits.
                let public = pair.public_key().as_ref();
                json!({"kty": "RSA", "kid": "k1", "use": "sig", "n": encode(&public[9..265]), "e": encode(&public[267..])})
            }
        }
    }

    fn keys(&self) -> KeySet {
        keys(&[self.jwk()])
    }

    fn says(mut self, name: &str, value: Value) -> Self {
        self.claims[name] = value;
        self
    }

    fn leaves_out(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    fn heads(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    fn token(&self) -> String {
        let signed = format!("{}.{}", encode(&self.header), encode(&self.claims));
        let random = SystemRandom::new();
        let signature = match &self.signer {
            Signer::Point(pair) => pair.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec(),
            Signer::Rsa(pair) => {
                let way = if self.header["alg"] == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(way, &random, signed.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{signed}.{}", BASE64URL.encode(signature))
    }

    fn verdict(&self) -> Result<Claims, IdTokenError> {
        verify(&self.token(), &self.keys(), &EXPECTED)
    }

    fn refusal(&self) -> IdTokenError {
        self.verdict().expect_err("it is refused")
    }
}

fn keys(all: &[Value]) -> KeySet {
    KeySet::parse(json!({"keys": all}).to_string().as_bytes()).unwrap()
}

fn seconds(from_now: i64) -> Value {
    Value::from(NOW.as_millis() / 1_000 + from_now)
}

#[test]
fn a_true_token_says_who_it_is_in_each_algorithm() {
    let grant = Grant::issue(Actor::system("test"), Purpose::SignIn, NOW);
    for provider in [Provider::es256(), Provider::rsa("RS256"), Provider::rsa("PS256")] {
        let claims = provider.verdict().unwrap();
        assert_eq!(claims.subject.reveal(&grant), "ana");
        assert_eq!(claims.verified_email.unwrap().reveal(&grant), "ana@casa.example");
        assert_eq!(claims.auth_time, Some(NOW.minus(Duration::from_secs(5))));
        assert_eq!((claims.acr.as_deref(), claims.amr.join(" ")), (Some("gold"), "pwd otp".to_owned()));
    }
}

/// ASVS 9.1.1.
#[test]
fn a_changed_token_is_refused() {
    let provider = Provider::es256();
    let token = provider.token();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let other = Provider::es256().says("sub", "eva".into());
    let forged =
        format!("{}.{}", other.token().rsplit_once('.').unwrap().0, token.rsplit_once('.').unwrap().1);
    for text in [forged, format!("{signed}."), format!("{signed}.AAAA"), other.token()] {
        assert_eq!(
            verify(&text, &provider.keys(), &EXPECTED).unwrap_err(),
            IdTokenError::Signature,
            "{text}"
        );
    }
    for text in ["", "a.b", "a.b.c", "..", &"x".repeat(MAX_TOKEN_BYTES + 1)] {
        let error = verify(text, &provider.keys(), &EXPECTED).unwrap_err();
        assert!(matches!(error, IdTokenError::Unreadable(_)), "{text}: {error}");
    }
}

/// RFC 8725 §3.1 and §3.2.
/// ASVS 9.1.2, 9.1.3.
#[test]
fn no_token_chooses_another_way_of_signing() {
    let provider = Provider::rsa("RS256");
    for alg in ["none", "None", "HS256", "ES384", "EdDSA", "", "rs256"] {
        let unsigned = format!("{}.{}.", encode(&json!({"alg": alg})), encode(&provider.claims));
        assert_eq!(
            verify(&unsigned, &provider.keys(), &EXPECTED).unwrap_err(),
            IdTokenError::Algorithm,
            "{alg}"
        );
    }
    let public = provider.jwk().to_string();
    let signed = format!("{}.{}", encode(&json!({"alg": "HS256", "kid": "k1"})), encode(&provider.claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes()), signed.as_bytes());
    let forged = format!("{signed}.{}", BASE64URL.encode(tag));
    assert_eq!(verify(&forged, &provider.keys(), &EXPECTED).unwrap_err(), IdTokenError::Algorithm);
    let other = Provider::es256();
    let brought =
        Provider::es256().heads("jwk", other.jwk()).heads("jku", "https://evil.example/keys".into());
    let error = verify(&brought.token(), &other.keys(), &EXPECTED).unwrap_err();
    assert_eq!(error, IdTokenError::Signature, "a key that a token brings along is not looked at");
    assert_eq!(
        provider.heads("crit", json!(["b64"])).refusal(),
        IdTokenError::Unreadable("its critical header")
    );
}

#[test]
fn only_the_key_that_fits_is_taken() {
    let provider = Provider::es256();
    let jwk = |name: &str, value: Value| {
        let mut jwk = provider.jwk();
        jwk[name] = value;
        keys(&[jwk])
    };
    for other in [
        jwk("kid", "k2".into()),
        jwk("use", "enc".into()),
        jwk("alg", "ES384".into()),
        jwk("crv", "P-384".into()),
        jwk("x", "AAAA".into()),
        jwk("kty", "oct".into()),
        Provider::rsa("RS256").keys(),
        KeySet::default(),
    ] {
        let error = verify(&provider.token(), &other, &EXPECTED).unwrap_err();
        assert_eq!(error, IdTokenError::UnknownKey);
    }
    let unnamed = Provider { header: json!({"alg": "ES256"}), ..Provider::es256() };
    assert!(unnamed.verdict().is_ok(), "the one key needs no name");
    let two = keys(&[unnamed.jwk(), Provider::es256().jwk()]);
    assert!(verify(&unnamed.token(), &two, &EXPECTED).is_err(), "of two, one is named");
    for text in ["", "[]", "{}", "{\"keys\":{}}", "<html>"] {
        assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
    }
}

/// ASVS 9.2.2, 9.2.3, 10.5.1, 10.5.4.
#[test]
fn a_token_of_for_or_after_something_else_is_refused() {
    let foreign = [
        ("iss", json!("https://id.example/"), "issuer"),
        ("iss", json!("https://evil.example"), "issuer"),
        ("aud", json!("other"), "audience"),
        ("aud", json!(["loja", "other"]), "audience"),
        ("aud", json!([]), "audience"),
        ("azp", json!("other"), "audience"),
        ("nonce", json!("another"), "nonce"),
        ("nonce", json!(""), "nonce"),
    ];
    for (name, value, what) in foreign {
        let error = Provider::es256().says(name, value.clone()).refusal();
        assert_eq!(error, IdTokenError::Foreign(what), "{name} {value}");
    }
    assert_eq!(Provider::es256().leaves_out("nonce").refusal(), IdTokenError::Foreign("nonce"));
    let several = Provider::es256().says("aud", json!(["loja", "other"])).says("azp", json!("loja"));
    assert!(several.verdict().is_ok());
}

/// ASVS 9.2.1.
#[test]
fn a_token_is_good_in_its_time_and_clocks_may_differ_a_little() {
    let refused = |name: &str, from_now| Provider::es256().says(name, seconds(from_now)).verdict().err();
    assert_eq!(refused("exp", -59), None);
    assert_eq!(refused("exp", -60), Some(IdTokenError::Expired));
    assert_eq!(refused("iat", 60), None);
    assert_eq!(refused("iat", 61), Some(IdTokenError::NotYet));
    assert_eq!(refused("nbf", 61), Some(IdTokenError::NotYet));
    assert_eq!(refused("iat", -659), None);
    assert_eq!(refused("iat", -660), Some(IdTokenError::Expired));
    for name in ["exp", "iat", "sub", "aud", "iss"] {
        let error = Provider::es256().leaves_out(name).refusal();
        assert_eq!(error, IdTokenError::Unreadable("its claims"), "{name}");
    }
    assert!(Provider::es256().says("exp", json!(i64::MAX)).verdict().is_ok(), "no overflow");
}

#[test]
fn an_address_counts_only_when_the_provider_has_checked_it() {
    for word in [json!(false), json!("false"), json!(1), json!(null)] {
        let claims = Provider::es256().says("email_verified", word.clone()).verdict().unwrap();
        assert!(claims.verified_email.is_none(), "{word}");
    }
    assert!(Provider::es256().leaves_out("email_verified").verdict().unwrap().verified_email.is_none());
    let error = Provider::es256().says("sub", json!("")).refusal();
    assert_eq!(error, IdTokenError::Unreadable("its subject"));
    let long = Provider::es256().says("sub", json!("a".repeat(MAX_SUBJECT_CHARS + 1)));
    assert_eq!(long.refusal(), IdTokenError::Unreadable("its subject"));
}
