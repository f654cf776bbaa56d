#![expect(
    clippy::disallowed_types,
    reason = "the library signs with chance of its own; only this device does"
)]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use domain::SeededEntropy;

use super::*;

const HANDLE: &[u8] = b"sixteen bytes ok";

fn site() -> Site {
    Site::at("https://hub.example").unwrap()
}

fn challenge(seed: u64) -> Challenge {
    Challenge::random(&SeededEntropy::new(seed))
}

enum Key {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

/// An authenticator in software; its fields are what it gets wrong when a test wants it to.
struct Device {
    key: Key,
    id: Vec<u8>,
    origin: &'static str,
    site: &'static str,
    flags: u8,
    count: u32,
    cross_origin: bool,
}

fn device(key: Key) -> Device {
    Device {
        key,
        id: b"a credential".to_vec(),
        origin: "https://hub.example",
        site: "hub.example",
        flags: USER_PRESENT | USER_VERIFIED,
        count: 0,
        cross_origin: false,
    }
}

fn es256() -> Device {
    device(Key::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()))
}

fn bytes(value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[0x59], length.as_slice(), value].concat()
}

fn text(value: &str) -> Vec<u8> {
    [&[0x60 | u8::try_from(value.len()).unwrap()], value.as_bytes()].concat()
}

impl Device {
    fn cose(&self) -> Vec<u8> {
        match &self.key {
            Key::Es256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (bytes(&point[1..33]), bytes(&point[33..]));
                [&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21], x.as_slice(), &[0x22], &y].concat()
            }
            Key::EdDsa(pair) => {
                let key = bytes(pair.public_key().as_ref());
                [&[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21], key.as_slice()].concat()
            }
            Key::Rs256(pair) => {
                // RSAPublicKey (RFC 8017, A.1.1): two headers and a zero before 256 bytes, a header and three.
                let public = pair.public_key().as_ref();
                let (modulus, exponent) = (bytes(&public[9..265]), bytes(&public[267..]));
                [&[0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20], modulus.as_slice(), &[0x21], &exponent]
                    .concat()
            }
        }
    }

    fn client_data(&self, kind: &str, challenge: &Challenge) -> Vec<u8> {
        serde_json::json!({ "type": kind, "challenge": challenge.as_str(), "origin": self.origin,
                            "crossOrigin": self.cross_origin, "unknown": 1 })
        .to_string()
        .into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        [sha256(self.site.as_bytes()).as_slice(), &[flags], &self.count.to_be_bytes()].concat()
    }

    fn register(&self, challenge: &Challenge) -> String {
        let id_length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let data =
            [self.data(self.flags | HAS_CREDENTIAL).as_slice(), &[0; 16], &id_length, &self.id, &self.cose()]
                .concat();
        let object = [
            &[0xa3],
            text("fmt").as_slice(),
            &text("none"),
            &text("attStmt"),
            &[0xa0],
            &text("authData"),
            &bytes(&data),
        ]
        .concat();
        registration(&self.client_data("webauthn.create", challenge), &object)
    }

    fn answer(&self, challenge: &Challenge) -> String {
        let (client_data, data) = (self.client_data("webauthn.get", challenge), self.data(self.flags));
        let signed = [data.as_slice(), &sha256(&client_data)].concat();
        let random = SystemRandom::new();
        let signature = match &self.key {
            Key::Es256(pair) => pair.sign(&random, &signed).unwrap().as_ref().to_vec(),
            Key::EdDsa(pair) => pair.sign(&signed).as_ref().to_vec(),
            Key::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, &signed, &mut signature).unwrap();
                signature
            }
        };
        let encode = |bytes: &[u8]| BASE64URL.encode(bytes);
        serde_json::json!({
            "id": encode(&self.id), "type": "public-key",
            "response": { "clientDataJSON": encode(&client_data), "authenticatorData": encode(&data),
                          "signature": encode(&signature), "userHandle": encode(HANDLE) },
        })
        .to_string()
    }

    fn passkey(&self) -> Passkey {
        site().register(&challenge(1), &self.register(&challenge(1))).unwrap()
    }

    fn verify(&self, passkey: &Passkey) -> Result<Asserted, PasskeyError> {
        site().verify(&challenge(2), passkey, &Assertion::parse(&self.answer(&challenge(2)))?)
    }
}

fn registration(client_data: &[u8], object: &[u8]) -> String {
    serde_json::json!({
        "id": "x", "type": "public-key",
        "response": { "clientDataJSON": BASE64URL.encode(client_data), "attestationObject": BASE64URL.encode(object) },
    })
    .to_string()
}

#[test]
fn a_passkey_of_each_algorithm_is_taken_and_answers() {
    let devices = [
        es256(),
        device(Key::EdDsa(Ed25519KeyPair::generate().unwrap())),
        device(Key::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
    ];
    for device in devices {
        let passkey = device.passkey();
        assert_eq!(passkey.id, BASE64URL.encode(&device.id));
        let kept: Passkey = serde_json::from_str(&serde_json::to_string(&passkey).unwrap()).unwrap();
        let asserted = device.verify(&kept).unwrap();
        assert_eq!(asserted, Asserted { passkey, count_went_back: false });
    }
}

#[test]
fn an_answer_says_whose_it_is() {
    let assertion = Assertion::parse(&es256().answer(&challenge(2))).unwrap();
    assert_eq!(assertion.user_handle().as_deref(), Some(HANDLE));
    assert_eq!(assertion.id(), BASE64URL.encode(b"a credential"));
}

#[test]
fn an_answer_to_another_challenge_kind_or_site_is_foreign() {
    let foreign = |result: Result<Asserted, PasskeyError>| {
        assert!(matches!(result, Err(PasskeyError::Foreign(_))), "{result:?}");
    };
    let device = es256();
    let passkey = device.passkey();
    let late = Assertion::parse(&device.answer(&challenge(3))).unwrap();
    foreign(site().verify(&challenge(2), &passkey, &late));
    for origin in ["https://evil.example", "http://hub.example", "https://hub.example:8443"] {
        foreign(Device { origin, ..es256_like(&device) }.verify(&passkey));
    }
    foreign(Device { site: "evil.example", ..es256_like(&device) }.verify(&passkey));
    foreign(Device { cross_origin: true, ..es256_like(&device) }.verify(&passkey));
    foreign(Device { id: b"another".to_vec(), ..es256_like(&device) }.verify(&passkey));
    let registered = device.register(&challenge(2));
    assert!(site().register(&challenge(1), &registered).is_err());
}

/// The same fields with a key of its own: what is checked before the signature.
fn es256_like(device: &Device) -> Device {
    Device { id: device.id.clone(), ..es256() }
}

#[test]
fn a_user_who_was_not_verified_is_refused() {
    let device = es256();
    let passkey = device.passkey();
    for flags in [0, USER_PRESENT, USER_VERIFIED] {
        let unverified = Device { flags, ..es256_like(&device) };
        assert_eq!(unverified.verify(&passkey), Err(PasskeyError::NotVerified));
        assert_eq!(
            site().register(&challenge(1), &unverified.register(&challenge(1))),
            Err(PasskeyError::NotVerified)
        );
    }
}

#[test]
fn another_keys_signature_is_wrong_and_so_is_one_over_something_else() {
    let device = es256();
    let passkey = device.passkey();
    assert_eq!(es256().verify(&passkey), Err(PasskeyError::Signature));
    let answer = device.answer(&challenge(2));
    let mut changed: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let counted = Device { count: 9, ..es256_like(&device) }.data(device.flags);
    changed["response"]["authenticatorData"] = BASE64URL.encode(counted).into();
    let changed = Assertion::parse(&changed.to_string()).unwrap();
    assert_eq!(site().verify(&challenge(2), &passkey, &changed), Err(PasskeyError::Signature));
}

#[test]
fn a_count_that_goes_back_is_told_and_one_that_stays_zero_is_not() {
    let mut device = es256();
    device.count = 5;
    let passkey = device.passkey();
    device.count = 6;
    let after = device.verify(&passkey).unwrap();
    assert!(!after.count_went_back);
    assert_eq!(after.passkey.signatures, 6);
    for count in [6, 1] {
        device.count = count;
        assert!(device.verify(&after.passkey).unwrap().count_went_back, "{count}");
    }
}

#[test]
fn what_is_cut_off_or_no_credential_is_unreadable_and_nothing_breaks() {
    let device = es256();
    let whole = device.register(&challenge(1));
    let parsed: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let object = decode(parsed["response"]["attestationObject"].as_str().unwrap()).unwrap();
    let client_data = device.client_data("webauthn.create", &challenge(1));
    for length in 0..object.len() {
        let cut = registration(&client_data, &object[..length]);
        assert!(site().register(&challenge(1), &cut).is_err(), "{length} bytes");
    }
    for text in ["", "{}", "[]", "null", "{\"response\":{}}"] {
        assert!(site().register(&challenge(1), text).is_err(), "{text}");
        assert!(Assertion::parse(text).is_err(), "{text}");
    }
    assert!(Assertion::parse(&" ".repeat(MAX_ANSWER_BYTES + 1)).is_err());
}

#[test]
fn an_algorithm_that_was_not_asked_for_is_refused() {
    // A point on P-384: crv 2.
    let coordinate = bytes(&[1; 32]);
    let key =
        [&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x02, 0x21], coordinate.as_slice(), &[0x22], &coordinate];
    assert_eq!(cose_key(&key.concat()), Err(PasskeyError::Algorithm));
    assert_eq!(cose_key(&[0xa0]), Err(PasskeyError::Algorithm));
    assert!(matches!(cose_key(&[]), Err(PasskeyError::Unreadable(_))));
}

#[test]
fn passkeys_belong_to_a_name_over_tls_or_to_this_machine() {
    for url in
        ["https://hub.example", "https://hub.example:8443", "http://localhost:8080", "http://a.localhost"]
    {
        assert!(Site::at(url).is_some(), "{url}");
    }
    for url in [
        "http://hub.example",
        "http://127.0.0.1:8080",
        "https://10.0.0.1",
        "https://[::1]:8080",
        "hub.example",
    ] {
        assert_eq!(Site::at(url), None, "{url}");
    }
}

#[test]
fn a_browser_is_asked_for_a_verified_user_and_a_key_that_it_finds_by_itself() {
    let known = es256().passkey();
    let person = Person { handle: HANDLE, name: "ana@loja.example" };
    let creation: serde_json::Value =
        serde_json::from_str(&site().creation(&challenge(1), person, std::slice::from_ref(&known))).unwrap();
    assert_eq!(creation["rp"]["id"], "hub.example");
    assert_eq!(creation["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(creation["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(creation["excludeCredentials"][0]["id"], known.id);
    assert_eq!(creation["attestation"], "none");
    let request: serde_json::Value = serde_json::from_str(&site().request(&challenge(1), &[])).unwrap();
    assert_eq!(
        (request["rpId"].as_str(), request["userVerification"].as_str()),
        (Some("hub.example"), Some("required"))
    );
    assert_eq!(request["allowCredentials"].as_array().map(Vec::len), Some(0));
}

#[test]
fn challenges_differ_and_hold_enough_chance() {
    let entropy = SeededEntropy::new(9);
    let (one, other) = (Challenge::random(&entropy), Challenge::random(&entropy));
    assert_ne!(one, other);
    assert_eq!(BASE64URL.decode(one.as_str()).map(|bytes| bytes.len()), Ok(CHALLENGE_BYTES));
}
