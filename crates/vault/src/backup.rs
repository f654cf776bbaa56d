//! Backups: rows leave the house in sealed chunks, under a list that is signed.
//!
//! A chunk's name is a keyed hash of what is in it, so rows that did not change are the
//! same chunk in the next backup, and nobody without the key file can tell what they are.
//! Chunks are sealed under a key that is derived from a key-encryption key and change with
//! it; lists are signed with a key that is derived from the key file itself, so a machine
//! that has nothing but that file can tell a good backup from a bad one.
//!
//! ```text
//! chunk = "lojchnk1" ‖ key-encryption key id (8) ‖ name (32) ‖ length of the rest (4) ‖
//!         nonce (24) ‖ ciphertext ‖ tag (16)
//! ```

use std::fmt;
use std::str::FromStr;

use domain::{Entropy, Restricted};
use zeroize::Zeroizing;

use crate::checkpoint::{CheckpointError, LogSigner};
use crate::encode::Fields;
pub use crate::encode::{from_hex, to_hex};
use crate::hmac::HmacKey;
use crate::keyring::{KekId, Keyring};
use crate::seal::sealing_grant;
use crate::token::sha256;
use crate::xaes::{self, KeyBytes, NONCE_BYTES, TAG_BYTES};

/// Longest content of a chunk that is sealed or opened, in bytes: 32 MiB.
pub const MAX_CHUNK_BYTES: usize = 32 << 20;
/// How much longer a sealed chunk is than its content, in bytes.
pub const CHUNK_OVERHEAD_BYTES: usize = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;

const MAGIC: &[u8; 8] = b"lojchnk1";
const HEADER_BYTES: usize = MAGIC.len() + KekId::BYTES + NAME_BYTES + 4;
const NAME_BYTES: usize = 32;
/// The name that the signing key has in its notes.
const SIGNER_NAME: &str = "lojista/backup";

/// What a chunk is called: a keyed hash of its content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkName([u8; NAME_BYTES]);

impl fmt::Display for ChunkName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for ChunkName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Not the name of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a chunk: 64 hexadecimal digits are expected")]
pub struct NotAName;

impl FromStr for ChunkName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let name = from_hex(text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(NotAName)?;
        // Only the one spelling, as it is also a file's name.
        if name.to_string() == text { Ok(name) } else { Err(NotAName) }
    }
}

/// Why a chunk is not believed. Trying again never helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// Some other file.
    #[error("it is no chunk of a backup")]
    NotAChunk,
    /// Shorter or longer than it says.
    #[error("it was cut: {found} bytes are left of {expected}")]
    Cut {
        /// Bytes that its header promises.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// A chunk, but another one.
    #[error("another chunk ({found}) lies in its place")]
    Swapped {
        /// The name that stands in it.
        found: ChunkName,
    },
    /// Sealed under a key that the key file lacks.
    #[error(
        "it was sealed under key {0}, which the key file lacks: put its line back from a copy of the key file"
    )]
    UnknownKek(KekId),
    /// Altered, or of another table or installation.
    #[error("it does not open: it was changed, or belongs to another table or installation")]
    Refused,
    /// More than [`MAX_CHUNK_BYTES`].
    #[error("{0} bytes are too many for a chunk: the limit is {MAX_CHUNK_BYTES}")]
    TooLong(usize),
}

/// The installation and the table that a chunk belongs to.
#[derive(Debug, Clone, Copy)]
pub struct ChunkPlace<'a> {
    /// The installation's id.
    pub set: &'a str,
    /// The table.
    pub table: &'a str,
}

/// The keys that backups are made and read with.
pub struct BackupKeys {
    /// The primary one first.
    chunk_keys: Vec<(KekId, KeyBytes)>,
    name_key: HmacKey,
    signer: LogSigner,
    check: [u8; 32],
}

impl BackupKeys {
    /// The backup keys of a key file.
    ///
    /// # Panics
    /// Never: the seed has its length and the signer's name its form.
    #[must_use]
    pub fn of(keyring: &Keyring) -> Self {
        let seed = Restricted::new(keyring.expand("backup manifest").to_vec());
        let signer = LogSigner::from_seed(SIGNER_NAME, &seed, sealing_grant()).expect("a seed of 32 bytes");
        Self {
            chunk_keys: keyring.expand_each("backup chunk"),
            name_key: HmacKey::new(&*keyring.expand("backup name")),
            signer,
            check: keyring.key_check(),
        }
    }

    /// The key that new chunks are sealed under.
    #[must_use]
    pub fn kek(&self) -> KekId {
        self.chunk_keys[0].0
    }

    /// Tells one key file from another, and nothing about what is in it.
    #[must_use]
    pub fn check(&self) -> String {
        to_hex(&self.check)
    }

    /// What a chunk with this content is called. With the keys it changes: a backup after
    /// a rotation shares nothing with those before.
    #[must_use]
    pub fn name(&self, place: ChunkPlace<'_>, content: &[u8]) -> ChunkName {
        let text = Fields::of("backup chunk")
            .field(&self.kek().to_bytes())
            .field(place.set.as_bytes())
            .field(place.table.as_bytes())
            .field(&sha256(content))
            .finish();
        ChunkName(self.name_key.sign(&text))
    }

    /// Seals the (compressed) content of a chunk for its place and name.
    pub fn seal(
        &self,
        place: ChunkPlace<'_>,
        name: ChunkName,
        content: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, ChunkError> {
        if content.len() > MAX_CHUNK_BYTES {
            return Err(ChunkError::TooLong(content.len()));
        }
        let (kek, key) = &self.chunk_keys[0];
        let rest = u32::try_from(NONCE_BYTES + content.len() + TAG_BYTES)
            .map_err(|_| ChunkError::TooLong(content.len()))?;
        let header = [MAGIC.as_slice(), &kek.to_bytes(), &name.0, &rest.to_be_bytes()].concat();
        let nonce = xaes::random_nonce(entropy);
        let mut text = Vec::with_capacity(content.len() + TAG_BYTES);
        text.extend_from_slice(content);
        xaes::encrypt(key, &nonce, &additional_data(&header, place), &mut text)
            .map_err(|_| ChunkError::Refused)?;
        Ok([header.as_slice(), &nonce, &text].concat())
    }

    /// Opens the chunk that is called `name`, at its place.
    pub fn open(
        &self,
        place: ChunkPlace<'_>,
        name: ChunkName,
        chunk: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, ChunkError> {
        let (header, rest) = chunk.split_at_checked(HEADER_BYTES).ok_or(if chunk.starts_with(MAGIC) {
            ChunkError::Cut { expected: HEADER_BYTES, found: chunk.len() }
        } else {
            ChunkError::NotAChunk
        })?;
        let parts = || {
            let (kek, more) = header.strip_prefix(MAGIC)?.split_first_chunk()?;
            let (found, length) = more.split_first_chunk()?;
            let length = u32::from_be_bytes(length.try_into().ok()?);
            Some((KekId::from_bytes(*kek), ChunkName(*found), usize::try_from(length).ok()?))
        };
        let (kek, found, length) = parts().ok_or(ChunkError::NotAChunk)?;
        if rest.len() != length || length < NONCE_BYTES + TAG_BYTES {
            return Err(ChunkError::Cut { expected: HEADER_BYTES + length, found: chunk.len() });
        }
        if found != name {
            return Err(ChunkError::Swapped { found });
        }
        let (_, key) =
            self.chunk_keys.iter().find(|(id, _)| *id == kek).ok_or(ChunkError::UnknownKek(kek))?;
        let (nonce, text) = rest.split_first_chunk().ok_or(ChunkError::NotAChunk)?;
        xaes::decrypt(key, nonce, &additional_data(header, place), text).map_err(|_| ChunkError::Refused)
    }

    /// Signs a short text that ends with a line end, as a signed note.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        self.signer.sign_note(text)
    }

    /// The text of a note that was signed with this key file.
    pub fn verify<'n>(&self, note: &'n str) -> Result<&'n str, CheckpointError> {
        self.signer.verifier().verify_note(note)
    }
}

impl fmt::Debug for BackupKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "BackupKeys({:?})", self.kek())
    }
}

fn additional_data(header: &[u8], place: ChunkPlace<'_>) -> Vec<u8> {
    Fields::of("backup chunk")
        .field(header)
        .field(place.set.as_bytes())
        .field(place.table.as_bytes())
        .finish()
}

/// SHA-256 as hexadecimal text: what a signed text names a longer one by.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    to_hex(&sha256(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::SeededEntropy;
    use proptest::prelude::*;

    const ORDERS: ChunkPlace<'static> = ChunkPlace { set: "one", table: "orders" };

    fn keys(seed: u64) -> BackupKeys {
        BackupKeys::of(&Keyring::generate(&SeededEntropy::new(seed)))
    }

    fn sealed(keys: &BackupKeys, content: &[u8]) -> (ChunkName, Vec<u8>) {
        let name = keys.name(ORDERS, content);
        (name, keys.seal(ORDERS, name, content, &SeededEntropy::new(9)).unwrap())
    }

    #[test]
    fn a_chunk_opens_at_its_place_and_nowhere_else() {
        let keys = keys(1);
        let (name, chunk) = sealed(&keys, b"rows");
        assert_eq!(*keys.open(ORDERS, name, &chunk).unwrap(), b"rows");
        for place in [ChunkPlace { table: "order_line", ..ORDERS }, ChunkPlace { set: "two", ..ORDERS }] {
            assert_eq!(keys.open(place, name, &chunk), Err(ChunkError::Refused));
        }
    }

    #[test]
    fn the_same_rows_have_the_same_name_until_the_keys_are_rotated() {
        let folder = std::env::temp_dir().join(format!("lojista-backup-keys-{}", std::process::id()));
        let _ = std::fs::remove_file(&folder);
        let entropy = SeededEntropy::new(3);
        let before = BackupKeys::of(&Keyring::create(&folder, &entropy).unwrap());
        let (name, chunk) = sealed(&before, b"rows");
        assert_eq!(before.name(ORDERS, b"rows"), name);
        assert_ne!(before.name(ORDERS, b"other rows"), name);
        assert_ne!(before.name(ChunkPlace { table: "sku", ..ORDERS }, b"rows"), name);

        let after = BackupKeys::of(&Keyring::rotate(&folder, &entropy).unwrap());
        std::fs::remove_file(&folder).unwrap();
        assert_ne!(after.name(ORDERS, b"rows"), name);
        assert_eq!(*after.open(ORDERS, name, &chunk).unwrap(), b"rows", "older chunks still open");
        let note = before.sign("text\n");
        assert_eq!(after.verify(&note), Ok("text\n"), "older lists are still believed");
        let fresh = sealed(&after, b"rows");
        assert_eq!(before.open(ORDERS, fresh.0, &fresh.1), Err(ChunkError::UnknownKek(after.kek())));
    }

    #[test]
    fn a_cut_chunk_says_how_much_is_left() {
        let keys = keys(1);
        let (name, chunk) = sealed(&keys, b"rows");
        for length in 8..chunk.len() {
            let refused = keys.open(ORDERS, name, &chunk[..length]);
            assert!(
                matches!(refused, Err(ChunkError::Cut { found, .. }) if found == length),
                "{length}: {refused:?}"
            );
        }
        let longer = [chunk.as_slice(), b"x"].concat();
        assert!(matches!(keys.open(ORDERS, name, &longer), Err(ChunkError::Cut { .. })));
        assert_eq!(keys.open(ORDERS, name, b""), Err(ChunkError::NotAChunk));
        assert_eq!(keys.open(ORDERS, name, &[0; 200]), Err(ChunkError::NotAChunk));
    }

    #[test]
    fn two_chunks_that_changed_places_are_noticed() {
        let keys = keys(1);
        let (one, other) = (sealed(&keys, b"one"), sealed(&keys, b"two"));
        assert_eq!(keys.open(ORDERS, one.0, &other.1), Err(ChunkError::Swapped { found: other.0 }));
    }

    #[test]
    fn a_chunk_that_was_given_another_name_inside_is_refused() {
        let keys = keys(1);
        let (one, other) = (sealed(&keys, b"one"), sealed(&keys, b"two"));
        let mut forged = other.1;
        forged[16..48].copy_from_slice(&one.0.0);
        assert_eq!(keys.open(ORDERS, one.0, &forged), Err(ChunkError::Refused));
    }

    #[test]
    fn another_key_file_opens_and_believes_nothing() {
        let (mine, theirs) = (keys(1), keys(2));
        let (name, chunk) = sealed(&mine, b"rows");
        assert_eq!(theirs.open(ORDERS, name, &chunk), Err(ChunkError::UnknownKek(mine.kek())));
        assert!(theirs.verify(&mine.sign("text\n")).is_err());
        assert_ne!(mine.check(), theirs.check());
    }

    #[test]
    fn only_one_spelling_of_a_name_is_taken() {
        let name = keys(1).name(ORDERS, b"rows");
        assert_eq!(name.to_string().parse(), Ok(name));
        for text in ["", "../../etc/passwd", &name.to_string().to_uppercase(), &name.to_string()[2..]] {
            assert_eq!(text.parse::<ChunkName>(), Err(NotAName), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_change_of_any_byte_is_refused(at in 0_usize..112, by in 1_u8..=255) {
            let keys = keys(1);
            let (name, mut chunk) = sealed(&keys, b"rows of a table here");
            prop_assume!(at < chunk.len());
            chunk[at] ^= by;
            prop_assert!(keys.open(ORDERS, name, &chunk).is_err());
        }
    }
}
