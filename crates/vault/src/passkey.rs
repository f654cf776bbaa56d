//! Passkeys (W3C Web Authentication, Level 2): what a browser is asked, and whether what it
//! answers is true. A passkey that verified its user is both factors at once.
//!
//! Attestation is not asked for: nobody here decides by the maker of an authenticator, and
//! without it nothing tells one person's devices from another's.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use domain::Entropy;
use minicbor::data::Type;
use minicbor::decode::{Decoder, Error as CborError};
use serde::{Deserialize, Serialize};

use crate::token::{equal, sha256};

/// Length of a challenge, in bytes; §13.4.3 asks for at least 16.
const CHALLENGE_BYTES: usize = 32;
/// How long a browser may ask its person, in milliseconds.
const TIMEOUT_MILLIS: u32 = 5 * 60 * 1_000;
/// Longest answer of a browser, in bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// Longest credential id, in bytes (§4, "Credential ID").
const MAX_ID_BYTES: usize = 1_023;
/// COSE algorithms (RFC 9053, RFC 8812), the ones we like best first: `EdDSA`, `ES256`, `RS256`.
const ALGORITHMS: [i32; 3] = [-8, -7, -257];

/// Bits of the authenticator data's flags (§6.1).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;

/// Why an answer is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// It cannot be read.
    #[error("the browser's answer cannot be read: {0}")]
    Unreadable(&'static str),
    /// It answers another question: the challenge, the kind or the site is not ours.
    #[error("the browser's answer is to another question: {0}")]
    Foreign(&'static str),
    /// The device did not verify its user.
    #[error("the device did not verify who uses it")]
    NotVerified,
    /// An algorithm that was not asked for.
    #[error("the passkey has an algorithm that was not asked for")]
    Algorithm,
    /// The signature is wrong.
    #[error("the passkey's signature is wrong")]
    Signature,
}

/// Where passkeys are made for: one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    id: String,
    origin: String,
}

/// Who a passkey is made for.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Their id at our side, at most 64 bytes, that says nothing about them (§5.4.3).
    pub handle: &'a [u8],
    /// What tells their accounts apart: their address.
    pub name: &'a str,
}

/// A question that was put to a browser; kept until its answer comes, and used once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge(String);

impl Challenge {
    /// A fresh challenge.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; CHALLENGE_BYTES];
        entropy.fill(&mut bytes);
        Self(BASE64URL.encode(bytes))
    }

    /// A challenge that was kept.
    #[must_use]
    pub const fn from_kept(text: String) -> Self {
        Self(text)
    }

    /// The text to keep.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The public half of a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum PublicKey {
    /// A point on P-256, uncompressed.
    Es256 { point: String },
    /// A key of Ed25519.
    EdDsa { key: String },
    /// An RSA modulus and exponent.
    Rs256 { modulus: String, exponent: String },
}

/// A passkey as it is kept: nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// The credential's id, base64url.
    pub id: String,
    key: PublicKey,
    /// How often it signed, by its own count; 0 for those that do not count.
    pub signatures: u32,
    /// Whether its owner can use it on other devices.
    pub backed_up: bool,
}

/// What a browser answered to a question for a passkey.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assertion {
    id: String,
    response: AssertionResponse,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    #[serde(default)]
    user_handle: Option<String>,
}

impl Assertion {
    /// Reads a browser's answer (`PublicKeyCredential.toJSON()`).
    pub fn parse(json: &str) -> Result<Self, PasskeyError> {
        read_json(json)
    }

    /// Which passkey it says it is.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whose it says it is, where the device tells.
    #[must_use]
    pub fn user_handle(&self) -> Option<Vec<u8>> {
        self.response.user_handle.as_ref().and_then(|text| BASE64URL.decode(text).ok())
    }
}

#[derive(Deserialize)]
struct Registration {
    response: RegistrationResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegistrationResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// What a signature said beside being right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    /// The passkey with its new count.
    pub passkey: Passkey,
    /// The count went back: there may be a copy of it. Only told, for counts are lost too.
    pub count_went_back: bool,
}

impl Site {
    /// The site at a public address (`https://hub.example`, without a slash). `None` for an
    /// address by number, which passkeys cannot be made for (§5.1.3: a valid domain).
    #[must_use]
    pub fn at(public_url: &str) -> Option<Self> {
        let (scheme, rest) = public_url.split_once("://")?;
        let host = rest.split(['/', ':']).next()?.to_lowercase();
        let by_number =
            host.starts_with('[') || host.rsplit('.').next()?.bytes().all(|letter| letter.is_ascii_digit());
        let secure = scheme == "https" || host == "localhost" || host.ends_with(".localhost");
        (!by_number && secure && !host.is_empty())
            .then(|| Self { id: host, origin: public_url.trim_end_matches('/').to_owned() })
    }

    /// What a browser is asked to make a passkey (`PublicKeyCredential.parseCreationOptionsFromJSON`).
    #[must_use]
    pub fn creation(&self, challenge: &Challenge, person: Person<'_>, known: &[Passkey]) -> String {
        serde_json::json!({
            "rp": { "id": self.id, "name": "Lojista" },
            "user": { "id": BASE64URL.encode(person.handle), "name": person.name, "displayName": person.name },
            "challenge": challenge.0,
            "pubKeyCredParams":
                ALGORITHMS.map(|algorithm| serde_json::json!({ "type": "public-key", "alg": algorithm })),
            "timeout": TIMEOUT_MILLIS,
            "attestation": "none",
            "excludeCredentials": credentials(known),
            "authenticatorSelection":
                { "residentKey": "required", "requireResidentKey": true, "userVerification": "required" },
        })
        .to_string()
    }

    /// What a browser is asked to use a passkey (`PublicKeyCredential.parseRequestOptionsFromJSON`);
    /// any passkey of this site when `known` is empty.
    #[must_use]
    pub fn request(&self, challenge: &Challenge, known: &[Passkey]) -> String {
        serde_json::json!({
            "rpId": self.id,
            "challenge": challenge.0,
            "timeout": TIMEOUT_MILLIS,
            "userVerification": "required",
            "allowCredentials": credentials(known),
        })
        .to_string()
    }

    /// The passkey that a browser made (§7.1).
    pub fn register(&self, challenge: &Challenge, json: &str) -> Result<Passkey, PasskeyError> {
        let Registration { response } = read_json(json)?;
        self.check_client_data("webauthn.create", challenge, &decode(&response.client_data)?)?;
        let object = decode(&response.attestation_object)?;
        let data = authenticator_data(&object)
            .map_err(|_| PasskeyError::Unreadable("attestation object"))?
            .ok_or(PasskeyError::Unreadable("no authenticator data"))?;
        let (flags, signatures, rest) = self.check_authenticator_data(data)?;
        if flags & HAS_CREDENTIAL == 0 {
            return Err(PasskeyError::Unreadable("no credential"));
        }
        // §6.5.1: 16 bytes of the model, two of the id's length, the id, the key.
        let (_model, rest) = split(rest, 16)?;
        let (length, rest) = split(rest, 2)?;
        let (id, key) = split(rest, usize::from(u16::from_be_bytes([length[0], length[1]])))?;
        if id.is_empty() || id.len() > MAX_ID_BYTES {
            return Err(PasskeyError::Unreadable("credential id"));
        }
        let key = cose_key(key)?;
        Ok(Passkey { id: BASE64URL.encode(id), key, signatures, backed_up: flags & BACKED_UP != 0 })
    }

    /// Whether a passkey answered this challenge for this site, its user verified (§7.2).
    pub fn verify(
        &self,
        challenge: &Challenge,
        passkey: &Passkey,
        assertion: &Assertion,
    ) -> Result<Asserted, PasskeyError> {
        if assertion.id != passkey.id {
            return Err(PasskeyError::Foreign("another passkey"));
        }
        let client_data = decode(&assertion.response.client_data)?;
        self.check_client_data("webauthn.get", challenge, &client_data)?;
        let data = decode(&assertion.response.authenticator_data)?;
        let (flags, signatures, _) = self.check_authenticator_data(&data)?;
        let signed = [data.as_slice(), &sha256(&client_data)].concat();
        passkey.key.verify(&signed, &decode(&assertion.response.signature)?)?;
        let counts = passkey.signatures != 0 || signatures != 0;
        Ok(Asserted {
            passkey: Passkey { signatures, backed_up: flags & BACKED_UP != 0, ..passkey.clone() },
            count_went_back: counts && signatures <= passkey.signatures,
        })
    }

    fn check_client_data(&self, kind: &str, challenge: &Challenge, json: &[u8]) -> Result<(), PasskeyError> {
        let data: ClientData =
            serde_json::from_slice(json).map_err(|_| PasskeyError::Unreadable("client data"))?;
        if data.r#type != kind {
            return Err(PasskeyError::Foreign("kind"));
        }
        if !equal(data.challenge.as_bytes(), challenge.0.as_bytes()) {
            return Err(PasskeyError::Foreign("challenge"));
        }
        if data.origin != self.origin || data.cross_origin {
            return Err(PasskeyError::Foreign("site"));
        }
        Ok(())
    }

    /// §6.1: 32 bytes of the site, one of flags, four of the count. Returns flags, count and the rest.
    fn check_authenticator_data<'d>(&self, data: &'d [u8]) -> Result<(u8, u32, &'d [u8]), PasskeyError> {
        let (site, rest) = split(data, 32)?;
        let (flags, rest) = split(rest, 1)?;
        let (count, rest) = split(rest, 4)?;
        if !equal(site, &sha256(self.id.as_bytes())) {
            return Err(PasskeyError::Foreign("site"));
        }
        if flags[0] & USER_PRESENT == 0 || flags[0] & USER_VERIFIED == 0 {
            return Err(PasskeyError::NotVerified);
        }
        Ok((flags[0], u32::from_be_bytes([count[0], count[1], count[2], count[3]]), rest))
    }
}

impl PublicKey {
    fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), PasskeyError> {
        let wrong = |_| PasskeyError::Signature;
        match self {
            Self::Es256 { point } => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, decode(point)?)
                .verify(signed, signature)
                .map_err(wrong),
            Self::EdDsa { key } => {
                UnparsedPublicKey::new(&ED25519, decode(key)?).verify(signed, signature).map_err(wrong)
            }
            Self::Rs256 { modulus, exponent } => {
                RsaPublicKeyComponents { n: decode(modulus)?, e: decode(exponent)? }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
                    .map_err(wrong)
            }
        }
    }
}

fn credentials(known: &[Passkey]) -> Vec<serde_json::Value> {
    known.iter().map(|passkey| serde_json::json!({ "type": "public-key", "id": passkey.id })).collect()
}

fn read_json<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, PasskeyError> {
    if json.len() > MAX_ANSWER_BYTES {
        return Err(PasskeyError::Unreadable("too long"));
    }
    serde_json::from_str(json).map_err(|_| PasskeyError::Unreadable("not the JSON of a credential"))
}

fn decode(text: &str) -> Result<Vec<u8>, PasskeyError> {
    BASE64URL.decode(text).map_err(|_| PasskeyError::Unreadable("base64url"))
}

fn split(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), PasskeyError> {
    bytes.split_at_checked(at).ok_or(PasskeyError::Unreadable("authenticator data is cut off"))
}

/// The `authData` of an attestation object (§6.5.4). Its statement is not looked at.
fn authenticator_data(object: &[u8]) -> Result<Option<&[u8]>, CborError> {
    let mut cbor = Decoder::new(object);
    let mut found = None;
    for _ in 0..cbor.map()?.unwrap_or(0) {
        if cbor.str()? == "authData" {
            found = Some(cbor.bytes()?);
        } else {
            cbor.skip()?;
        }
    }
    Ok(found)
}

/// A key's fields, by COSE's labels (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4).
#[derive(Default)]
struct CoseFields<'k> {
    kind: i64,
    algorithm: i64,
    curve: i64,
    /// `x`, or the modulus.
    first: &'k [u8],
    /// `y`, or the exponent.
    second: &'k [u8],
}

fn cose_fields(bytes: &[u8]) -> Result<CoseFields<'_>, CborError> {
    let mut cbor = Decoder::new(bytes);
    let mut fields = CoseFields::default();
    for _ in 0..cbor.map()?.unwrap_or(0) {
        match cbor.i64()? {
            1 => fields.kind = cbor.i64()?,
            3 => fields.algorithm = cbor.i64()?,
            // The curve of a point; of RSA the modulus.
            -1 if cbor.datatype()? == Type::Bytes => fields.first = cbor.bytes()?,
            -1 => fields.curve = cbor.i64()?,
            // `x` of a point; of RSA the exponent.
            -2 if fields.first.is_empty() => fields.first = cbor.bytes()?,
            -2 | -3 => fields.second = cbor.bytes()?,
            _ => cbor.skip()?,
        }
    }
    Ok(fields)
}

fn cose_key(bytes: &[u8]) -> Result<PublicKey, PasskeyError> {
    /// Bytes of a coordinate on P-256, and of a key of Ed25519.
    const COORDINATE: usize = 32;
    let key = cose_fields(bytes).map_err(|_| PasskeyError::Unreadable("public key"))?;
    let encode = |bytes: &[u8]| BASE64URL.encode(bytes);
    match (key.kind, key.algorithm, key.curve, key.first.len(), key.second.len()) {
        (2, -7, 1, COORDINATE, COORDINATE) => {
            Ok(PublicKey::Es256 { point: encode(&[&[0x04], key.first, key.second].concat()) })
        }
        (1, -8, 6, COORDINATE, 0) => Ok(PublicKey::EdDsa { key: encode(key.first) }),
        (3, -257, 0, 256.., 1..) => {
            Ok(PublicKey::Rs256 { modulus: encode(key.first), exponent: encode(key.second) })
        }
        _ => Err(PasskeyError::Algorithm),
    }
}

#[cfg(test)]
#[path = "passkey_tests.rs"]
mod tests;
