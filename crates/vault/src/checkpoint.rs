//! Signed statements of a log's size and root: C2SP tlog-checkpoint
//! (<https://c2sp.org/tlog-checkpoint>) in a signed note (<https://c2sp.org/signed-note>)
//! with Ed25519. Third-party verifiers of these formats read them unchanged.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Entropy, Grant, Restricted};

use crate::merkle::Hash;
use crate::seal::sealing_grant;
use crate::token::sha256;
use crate::xaes::random_key;

/// Longest note that is read, in bytes: 64 KiB, room for sixteen signatures of any kind.
pub const MAX_NOTE_BYTES: usize = 64 * 1024;
/// The signed-note type byte of Ed25519.
const ED25519_TYPE: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const PUBLIC_KEY_BYTES: usize = 32;
/// Signature lines begin with an em dash (U+2014) and a space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// Why a checkpoint is not believed. Trying again never helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not of the published form.
    #[error("not a checkpoint: {0}")]
    Malformed(&'static str),
    /// Nobody signed it whose key we were given.
    #[error("not signed by {0}: another key signed it, or none")]
    NotSignedBy(String),
    /// Claims to be signed by the trusted key, and is not.
    #[error("the signature of {0} does not fit the text: the checkpoint was changed")]
    BadSignature(String),
    /// A checkpoint of another log.
    #[error("a checkpoint of the log {found}, not of {expected}")]
    OtherLog {
        /// The origin in the checkpoint.
        found: String,
        /// The trusted key's name.
        expected: String,
    },
    /// Not a verifier key of the published form, or its parts do not fit together.
    #[error("not a verifier key of the form name+id+key")]
    VerifierKey,
    /// A key name that the note format cannot carry.
    #[error("a log's name has no spaces and no plus sign, and is not empty")]
    Name,
    /// The signing key's seed is not 32 bytes.
    #[error("not a signing key: a seed of 32 bytes is expected")]
    Seed,
}

/// A log's size and root at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of the key that signs it.
    pub origin: String,
    /// How many entries it covers.
    pub size: u64,
    /// The root of the Merkle tree over them.
    pub root: Hash,
}

impl Checkpoint {
    fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let mut lines = text.lines();
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(malformed("no origin"))?;
        let size = lines.next().and_then(read_size).ok_or(malformed("the size is not a plain number"))?;
        let root = lines
            .next()
            .and_then(|line| STANDARD.decode(line).ok())
            .and_then(|bytes| Hash::try_from(bytes).ok())
            .ok_or(malformed("the root is not 32 bytes in base64"))?;
        // Extension lines would be signed without anybody checking what they say.
        if lines.next().is_some() {
            return Err(malformed("lines after the root"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

fn read_size(line: &str) -> Option<u64> {
    let size: u64 = line.parse().ok()?;
    // Only the one spelling: no sign, no leading zeroes.
    (size.to_string() == line).then_some(size)
}

/// Signs a log's checkpoints. Keep its seed sealed, apart from the data it vouches for.
pub struct LogSigner {
    seed: Restricted<Vec<u8>>,
    pair: Ed25519KeyPair,
    verifier: LogVerifier,
}

impl LogSigner {
    /// A new random key. `name` names the log and should be an address without scheme,
    /// such as `shop.example/audit`.
    pub fn generate(name: &str, entropy: &dyn Entropy) -> Result<Self, CheckpointError> {
        Self::from_seed(name, &Restricted::new(random_key(entropy).to_vec()), sealing_grant())
    }

    /// The signer from its stored seed of 32 bytes.
    pub fn from_seed(name: &str, seed: &Restricted<Vec<u8>>, grant: &Grant) -> Result<Self, CheckpointError> {
        let bytes = seed.reveal(grant);
        if bytes.len() != PUBLIC_KEY_BYTES {
            return Err(CheckpointError::Seed);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(bytes).map_err(|_| CheckpointError::Seed)?;
        let mut key = [0; PUBLIC_KEY_BYTES];
        key.copy_from_slice(pair.public_key().as_ref());
        Ok(Self { seed: seed.clone(), pair, verifier: LogVerifier::new(name, key)? })
    }

    /// The seed, to be sealed.
    #[must_use]
    pub const fn seed(&self) -> &Restricted<Vec<u8>> {
        &self.seed
    }

    /// The public half, to be published.
    #[must_use]
    pub const fn verifier(&self) -> &LogVerifier {
        &self.verifier
    }

    /// The signed checkpoint of this log, as published.
    #[must_use]
    pub fn sign(&self, size: u64, root: Hash) -> String {
        let origin = self.verifier.name.clone();
        self.sign_note(&Checkpoint { origin, size, root }.to_text())
    }

    /// A signed note (c2sp.org/signed-note) of a text that ends with a line end.
    pub(crate) fn sign_note(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let signed = [self.verifier.key_id().as_slice(), signature.as_ref()].concat();
        format!("{text}\n{SIGNATURE_PREFIX}{} {}\n", self.verifier.name, STANDARD.encode(signed))
    }
}

impl fmt::Debug for LogSigner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "LogSigner({})", self.verifier)
    }
}

/// A log's public key, printed and parsed in the usual text form (`name+id+key`).
#[derive(Clone, PartialEq, Eq)]
pub struct LogVerifier {
    name: String,
    key: [u8; PUBLIC_KEY_BYTES],
}

impl LogVerifier {
    fn new(name: &str, key: [u8; PUBLIC_KEY_BYTES]) -> Result<Self, CheckpointError> {
        let fits = !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace() || letter == '+');
        if fits { Ok(Self { name: name.to_owned(), key }) } else { Err(CheckpointError::Name) }
    }

    /// The log's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a signed checkpoint of this log and checks its signature. Signatures of
    /// other keys (witnesses) are passed over.
    pub fn verify(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = Checkpoint::parse(self.verify_note(note)?)?;
        if checkpoint.origin != self.name {
            let expected = self.name.clone();
            return Err(CheckpointError::OtherLog { found: checkpoint.origin, expected });
        }
        Ok(checkpoint)
    }

    /// The text of a note that this key signed.
    pub(crate) fn verify_note<'a>(&self, note: &'a str) -> Result<&'a str, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        if note.len() > MAX_NOTE_BYTES {
            return Err(malformed("too long"));
        }
        if note.chars().any(|letter| letter < ' ' && letter != '\n') {
            return Err(malformed("control characters"));
        }
        let border = note.rfind("\n\n").ok_or(malformed("no empty line before the signatures"))?;
        let (text, signatures) = (&note[..=border], &note[border + 2..]);
        if signatures.is_empty() || !signatures.ends_with('\n') {
            return Err(malformed("the last line is not whole"));
        }
        let mut signed = false;
        for line in signatures.lines() {
            let (name, key_id, signature) = read_signature(line)?;
            if name != self.name || key_id != self.key_id() {
                continue;
            }
            UnparsedPublicKey::new(&ED25519, &self.key)
                .verify(text.as_bytes(), &signature)
                .map_err(|_| CheckpointError::BadSignature(self.name.clone()))?;
            signed = true;
        }
        if signed { Ok(text) } else { Err(CheckpointError::NotSignedBy(self.to_string())) }
    }

    fn typed_key(&self) -> Vec<u8> {
        [[ED25519_TYPE].as_slice(), &self.key].concat()
    }

    fn key_id(&self) -> [u8; KEY_ID_BYTES] {
        let digest = sha256(&[self.name.as_bytes(), b"\n", &self.typed_key()].concat());
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

fn read_signature(line: &str) -> Result<(&str, [u8; KEY_ID_BYTES], Vec<u8>), CheckpointError> {
    let parts = || {
        let (name, base64) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        let bytes = STANDARD.decode(base64).ok()?;
        let (key_id, signature) = bytes.split_first_chunk()?;
        (!name.is_empty()).then(|| (name, *key_id, signature.to_vec()))
    };
    parts().ok_or(CheckpointError::Malformed("a signature line is not of the published form"))
}

impl fmt::Display for LogVerifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.key_id());
        write!(out, "{}+{id:08x}+{}", self.name, STANDARD.encode(self.typed_key()))
    }
}

impl fmt::Debug for LogVerifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for LogVerifier {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let bad = CheckpointError::VerifierKey;
        // The base64 of the key may itself hold plus signs; name and id may not.
        let (name, rest) = text.split_once('+').ok_or(bad.clone())?;
        let (_, base64) = rest.split_once('+').ok_or(bad.clone())?;
        let typed = STANDARD.decode(base64).map_err(|_| bad.clone())?;
        let key = match typed.split_first() {
            Some((&ED25519_TYPE, key)) => key.try_into().map_err(|_| bad.clone())?,
            _ => return Err(bad),
        };
        let verifier = Self::new(name, key)?;
        if verifier.to_string() == text { Ok(verifier) } else { Err(bad) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Actor, Purpose, SeededEntropy, Timestamp};
    use proptest::prelude::*;

    const NAME: &str = "shop.example/audit";

    fn signer(seed: u64) -> LogSigner {
        LogSigner::generate(NAME, &SeededEntropy::new(seed)).unwrap()
    }

    fn grant() -> Grant {
        Grant::issue(Actor::system("test"), Purpose::RotateKeys, Timestamp::EPOCH)
    }

    /// The example in the documentation of Go's `golang.org/x/mod/sumdb/note`, the
    /// reference implementation: seed, verifier key, text and signature.
    mod reference {
        use super::*;

        const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        const SEED: &str = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
        const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
            then you don't know what your problem is.\n";
        const SIGNATURE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

        #[test]
        fn the_reference_note_verifies() {
            let verifier: LogVerifier = VERIFIER.parse().unwrap();
            assert_eq!(verifier.verify_note(&format!("{TEXT}\n{SIGNATURE}")), Ok(TEXT));
        }

        #[test]
        fn we_sign_the_reference_text_as_the_reference_does() {
            let seed = Restricted::new(STANDARD.decode(SEED).unwrap());
            let signer = LogSigner::from_seed("PeterNeumann", &seed, &grant()).unwrap();
            assert_eq!(signer.verifier().to_string(), VERIFIER);
            assert_eq!(signer.sign_note(TEXT), format!("{TEXT}\n{SIGNATURE}"));
        }
    }

    #[test]
    fn a_signed_checkpoint_verifies_with_the_published_key() {
        let signer = signer(1);
        let note = signer.sign(20_852_163, [7; 32]);
        let verifier: LogVerifier = signer.verifier().to_string().parse().unwrap();
        let expected = Checkpoint { origin: NAME.to_owned(), size: 20_852_163, root: [7; 32] };
        assert_eq!(verifier.verify(&note), Ok(expected));
    }

    #[test]
    fn the_text_is_origin_size_root_and_a_signature_line() {
        let note = signer(1).sign(3, [0; 32]);
        let start = format!("{NAME}\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\u{2014} {NAME} ");
        assert!(note.starts_with(&start) && note.ends_with("=\n"), "{note}");
    }

    #[test]
    fn a_signer_survives_its_stored_seed() {
        let (one, grant) = (signer(1), grant());
        let again = LogSigner::from_seed(NAME, one.seed(), &grant).unwrap();
        assert_eq!(again.sign(1, [1; 32]), one.sign(1, [1; 32]));
        let short = Restricted::new(vec![0; 31]);
        assert_eq!(LogSigner::from_seed(NAME, &short, &grant).err(), Some(CheckpointError::Seed));
    }

    #[test]
    fn a_changed_size_or_root_is_a_bad_signature() {
        let signer = signer(1);
        let note = signer.sign(10, [1; 32]);
        let other = signer.sign(10, [2; 32]);
        let (root, other_root) = (note.lines().nth(2).unwrap(), other.lines().nth(2).unwrap());
        for changed in [note.replacen("\n10\n", "\n11\n", 1), note.replacen(root, other_root, 1)] {
            let refused = signer.verifier().verify(&changed);
            assert_eq!(refused, Err(CheckpointError::BadSignature(NAME.to_owned())), "{changed}");
        }
    }

    #[test]
    fn a_checkpoint_under_another_key_of_the_same_name_is_not_believed() {
        let note = signer(2).sign(10, [1; 32]);
        let verifier = signer(1).verifier().clone();
        assert_eq!(verifier.verify(&note), Err(CheckpointError::NotSignedBy(verifier.to_string())));
    }

    #[test]
    fn signatures_of_witnesses_are_passed_over() {
        let (signer, witness) = (signer(1), LogSigner::generate("witness.example", &SeededEntropy::new(3)));
        let note = signer.sign(10, [1; 32]);
        let cosigned = witness.unwrap().sign_note(note.split("\n\n").next().unwrap());
        let line = cosigned.lines().last().unwrap();
        assert!(signer.verifier().verify(&format!("{note}{line}\n")).is_ok());
    }

    #[test]
    fn a_checkpoint_of_another_log_is_refused_though_the_key_fits() {
        let signer = signer(1);
        let text = Checkpoint { origin: "other.example".to_owned(), size: 1, root: [0; 32] }.to_text();
        let refused = signer.verifier().verify(&signer.sign_note(&text));
        assert!(matches!(refused, Err(CheckpointError::OtherLog { .. })), "{refused:?}");
    }

    #[test]
    fn a_signed_text_that_is_no_checkpoint_is_refused() {
        let signer = signer(1);
        let root = STANDARD.encode([0; 32]);
        for text in [
            format!("{NAME}\n1\n"),
            format!("{NAME}\n01\n{root}\n"),
            format!("{NAME}\n+1\n{root}\n"),
            format!("{NAME}\n-1\n{root}\n"),
            format!("{NAME}\n18446744073709551616\n{root}\n"),
            format!("{NAME}\n1\n{}\n", STANDARD.encode([0; 31])),
            format!("{NAME}\n1\n{root}\nextension\n"),
            format!("\n1\n{root}\n"),
        ] {
            let refused = signer.verifier().verify(&signer.sign_note(&text));
            assert!(matches!(refused, Err(CheckpointError::Malformed(_))), "{text}: {refused:?}");
        }
    }

    #[test]
    fn a_cut_note_is_refused_at_any_length() {
        let signer = signer(1);
        let note = signer.sign(10, [1; 32]);
        for (end, _) in note.char_indices() {
            assert!(signer.verifier().verify(&note[..end]).is_err(), "{end} bytes");
        }
    }

    #[test]
    fn a_mistyped_verifier_key_or_name_is_refused() {
        let good = signer(1).verifier().to_string();
        let (start, _) = good.rsplit_once('+').unwrap();
        let id = good.split('+').nth(1).unwrap();
        for text in [
            String::new(),
            NAME.to_owned(),
            start.to_owned(),
            good.replacen(id, "00000000", 1),
            good.replacen("shop", "shap", 1),
            format!("{good}A"),
        ] {
            assert_eq!(text.parse::<LogVerifier>().err(), Some(CheckpointError::VerifierKey), "{text}");
        }
        for name in ["", "two words", "a+b", "a\u{a0}b"] {
            let refused = LogSigner::generate(name, &SeededEntropy::new(1)).err();
            assert_eq!(refused, Some(CheckpointError::Name), "{name}");
        }
    }

    #[test]
    fn debug_of_a_signer_shows_its_public_half() {
        let signer = signer(1);
        assert_eq!(format!("{signer:?}"), format!("LogSigner({})", signer.verifier()));
    }

    proptest! {
        #[test]
        fn no_text_makes_verifying_panic(text: String, key: String) {
            let verifier = signer(1).verifier().clone();
            prop_assert!(verifier.verify(&text).is_err());
            let note = format!("{text}\n\n\u{2014} {key}\n");
            prop_assert!(verifier.verify(&note).is_err());
            let _ = key.parse::<LogVerifier>();
        }
    }
}
