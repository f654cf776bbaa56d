//! The key file: key-encryption keys that wrap the database's data keys, and the secret
//! from which blind-index and session keys are derived.
//!
//! ```text
//! lojista-keys v1
//! derive <base64 of 32 bytes>
//! primary <id> <base64 of 32 bytes>
//! key <id> <base64 of 32 bytes>
//! ```
//! Lines that begin with `#` and empty lines mean nothing. `primary` wraps new data keys;
//! each `key` only unwraps older ones. An id is computed from its key, so a mistyped key
//! shows at once. The derivation secret does not rotate with the keys: blind indexes
//! written years ago must still be found.

use std::fmt::{self, Write as _};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::hkdf;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{DataKeyId, Entropy, Verdict};
use zeroize::Zeroizing;

pub use crate::data_key::{DataKey, KeyContext, WrappedKey};
use crate::encode::{Fields, from_hex, to_hex};
use crate::hmac::HmacKey;
use crate::seal::SealError;
use crate::token::equal;
use crate::xaes::{self, KeyBytes};

const FIRST_LINE: &str = "lojista-keys v1";
/// Longest key file that is read, in bytes: room for some hundred keys.
pub const MAX_FILE_BYTES: usize = 64 * 1024;

/// What is wrong with a key file. Each text says the mend; trying again never helps.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A key file is never overwritten.
    #[error(
        "{0} exists already; a key file is never overwritten: move it away if no data was sealed with it"
    )]
    Exists(PathBuf),
    /// The operating system refused.
    #[error("cannot {doing} the key file {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Others than the owner may read or change it.
    #[error("others may read or change the key file {path} (mode {mode:03o}): run `chmod 400 {path}`")]
    Permissions {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A line does not follow the format; 0 stands for the file as a whole.
    #[error("the key file is damaged (line {line}: {reason}): put back a copy of it")]
    Malformed {
        /// Line number from 1.
        line: usize,
        /// What is wrong there.
        reason: &'static str,
    },
    /// The primary key cannot be retired.
    #[error("key {0} still wraps new data keys: rotate first, then retire it")]
    StillPrimary(KekId),
    /// No key of this id is in the file.
    #[error("the key file has no key {0}")]
    NoSuchKey(KekId),
    /// The key file of another installation.
    #[error("this key file does not belong to this database: put back the key file it was created with")]
    WrongKeys,
}

impl KeyringError {
    /// Always [`Verdict::Fail`].
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        Verdict::Fail
    }
}

/// Names a key-encryption key. Computed from it, so an altered key does not fit its id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KekId([u8; 8]);

impl KekId {
    pub(crate) const BYTES: usize = 8;

    fn of(key: &KeyBytes) -> Self {
        let tag = HmacKey::new(&**key).sign(&Fields::of("key id").finish());
        let mut id = [0; Self::BYTES];
        id.copy_from_slice(&tag[..Self::BYTES]);
        Self(id)
    }

    pub(crate) const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0
    }
}

impl fmt::Display for KekId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for KekId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// What a derived key is for. Each purpose has a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubKey {
    /// Finding sealed values by equality.
    BlindIndex,
    /// Form tokens bound to a session.
    Session,
    /// Naming erased subjects in the erasure ledger without keeping who they were.
    ErasureLedger,
    /// Naming whom a limit is kept for without keeping who they are.
    Limits,
}

impl SubKey {
    const fn label(self) -> &'static str {
        match self {
            Self::BlindIndex => "blind index",
            Self::Session => "session",
            Self::ErasureLedger => "erasure ledger",
            Self::Limits => "limits",
        }
    }
}

/// The keys of an installation. `Debug` shows ids only.
pub struct Keyring {
    derive: KeyBytes,
    /// The primary key first.
    keks: Vec<(KekId, KeyBytes)>,
}

impl Keyring {
    /// New random keys, held in memory only.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut keyring = Self { derive: xaes::random_key(entropy), keks: Vec::new() };
        keyring.add_primary(entropy);
        keyring
    }

    /// New random keys in a new file that its owner alone may read (mode 0400).
    pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyringError> {
        let keyring = Self::generate(entropy);
        keyring.write_new(path)?;
        Ok(keyring)
    }

    /// Reads a key file; refuses one that others may read or change.
    pub fn load(path: &Path) -> Result<Self, KeyringError> {
        let file = File::open(path).map_err(io_error("read", path))?;
        let mode = file.metadata().map_err(io_error("read", path))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyringError::Permissions { path: path.to_owned(), mode });
        }
        // Room for all of it from the start: growing would leave unwiped copies behind.
        let mut text = Zeroizing::new(String::with_capacity(MAX_FILE_BYTES));
        let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
        file.take(limit).read_to_string(&mut text).map_err(io_error("read", path))?;
        if text.len() == MAX_FILE_BYTES {
            return Err(KeyringError::Malformed { line: 0, reason: "the file is too long" });
        }
        Self::parse(&text)
    }

    /// Reads the text of a key file, where it comes from elsewhere (a credential store).
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !is_comment(line));
        let malformed = |line, reason| KeyringError::Malformed { line, reason };
        let (line, first) = lines.next().ok_or(malformed(0, "the file is empty"))?;
        if first.trim_end() != FIRST_LINE {
            return Err(malformed(line, "expected `lojista-keys v1`"));
        }
        let (mut derive, mut primary, mut older) = (None, None, Vec::new());
        for (line, text) in lines {
            let words: Vec<&str> = text.split_ascii_whitespace().collect();
            match *words.as_slice() {
                ["derive", key] if derive.is_none() => derive = Some(read_key(line, key)?),
                ["primary", id, key] if primary.is_none() => primary = Some(read_kek(line, id, key)?),
                ["key", id, key] => older.push(read_kek(line, id, key)?),
                ["derive", _] => return Err(malformed(line, "a second `derive` line")),
                ["primary", ..] if primary.is_some() => {
                    return Err(malformed(line, "a second `primary` line"));
                }
                _ => return Err(malformed(line, "expected `derive`, `primary` or `key`")),
            }
        }
        let derive = derive.ok_or(malformed(0, "no `derive` line"))?;
        let primary = primary.ok_or(malformed(0, "no `primary` line"))?;
        Ok(Self { derive, keks: [vec![primary], older].concat() })
    }

    /// Puts a new primary key into the file at `path`; the former one stays to unwrap
    /// older data keys. The file is replaced in one step: a crash leaves the old or the new.
    pub fn rotate(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyringError> {
        let mut keyring = Self::load(path)?;
        keyring.add_primary(entropy);
        keyring.replace(path)?;
        Ok(keyring)
    }

    /// Takes a former key out of the file at `path`, once no data key is wrapped by it any
    /// more. What it still wraps is lost with it, so the caller makes sure.
    pub fn retire(path: &Path, id: KekId) -> Result<Self, KeyringError> {
        let mut keyring = Self::load(path)?;
        if keyring.primary() == id {
            return Err(KeyringError::StillPrimary(id));
        }
        let count = keyring.keks.len();
        keyring.keks.retain(|(kek, _)| *kek != id);
        if keyring.keks.len() == count {
            return Err(KeyringError::NoSuchKey(id));
        }
        keyring.replace(path)?;
        Ok(keyring)
    }

    /// The id of the key that wraps new data keys.
    #[must_use]
    pub fn primary(&self) -> KekId {
        self.keks[0].0
    }

    /// The ids of all key-encryption keys, the primary one first.
    pub fn kek_ids(&self) -> impl Iterator<Item = KekId> + '_ {
        self.keks.iter().map(|(id, _)| *id)
    }

    /// Wraps a data key for the database, under the primary key.
    pub fn wrap(
        &self,
        key: &DataKey,
        context: &KeyContext<'_>,
        entropy: &dyn Entropy,
    ) -> Result<WrappedKey, SealError> {
        let (id, bytes) = &self.keks[0];
        WrappedKey::wrap((*id, bytes), key, context, entropy)
    }

    /// Unwraps the data key `id` of the owner in `context`.
    pub fn unwrap(
        &self,
        id: DataKeyId,
        wrapped: &WrappedKey,
        context: &KeyContext<'_>,
    ) -> Result<DataKey, SealError> {
        let kek_id = wrapped.kek_id()?;
        let kek = self.keks.iter().find(|(id, _)| *id == kek_id).ok_or(SealError::UnknownKek(kek_id))?;
        wrapped.unwrap_with(&kek.1, id, context)
    }

    /// The key derived for one purpose (HKDF-SHA-256, RFC 5869). It stays the same when
    /// the primary key changes.
    #[must_use]
    pub fn derived(&self, purpose: SubKey) -> HmacKey {
        HmacKey::new(&*self.expand(purpose.label()))
    }

    /// A value to store in the database at its first start; tells nothing about the keys.
    #[must_use]
    pub fn key_check(&self) -> [u8; 32] {
        *self.expand("key check")
    }

    /// Whether the database's key-check value was made by this key file. Stops the boot
    /// with the wrong one, before anything is sealed under it.
    pub fn verify_key_check(&self, stored: &[u8]) -> Result<(), KeyringError> {
        if equal(&self.key_check(), stored) { Ok(()) } else { Err(KeyringError::WrongKeys) }
    }

    pub(crate) fn expand(&self, label: &str) -> KeyBytes {
        expand(&self.derive, label)
    }

    /// A key for one purpose from each key-encryption key, the primary one first: these
    /// change when the keys are rotated.
    pub(crate) fn expand_each(&self, label: &str) -> Vec<(KekId, KeyBytes)> {
        self.keks.iter().map(|(id, kek)| (*id, expand(kek, label))).collect()
    }

    fn add_primary(&mut self, entropy: &dyn Entropy) {
        let key = xaes::random_key(entropy);
        self.keks.insert(0, (KekId::of(&key), key));
    }

    fn to_text(&self) -> Zeroizing<String> {
        // Room for every line from the start: growing would leave unwiped copies behind.
        let mut text = Zeroizing::new(String::with_capacity(256 + self.keks.len() * 96));
        let encode = |key: &KeyBytes| Zeroizing::new(STANDARD.encode(**key));
        text.push_str(FIRST_LINE);
        text.push_str("\n# Without this file the database cannot be read. Keep a copy apart from it.\n");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "derive {}", *encode(&self.derive));
        for (index, (id, key)) in self.keks.iter().enumerate() {
            let role = if index == 0 { "primary" } else { "key" };
            let _ = writeln!(text, "{role} {id} {}", *encode(key));
        }
        text
    }

    fn replace(&self, path: &Path) -> Result<(), KeyringError> {
        let beside = path.with_added_extension("new");
        // What a crash left there was never put to use.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("replace", &beside)(error));
            }
            _ => {}
        }
        self.write_new(&beside)?;
        fs::rename(&beside, path).map_err(io_error("replace", path))?;
        sync_folder_of(path)
    }

    fn write_new(&self, path: &Path) -> Result<(), KeyringError> {
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o400).open(path).map_err(|error| {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    KeyringError::Exists(path.to_owned())
                } else {
                    io_error("create", path)(error)
                }
            })?;
        file.write_all(self.to_text().as_bytes()).map_err(io_error("write", path))?;
        file.sync_all().map_err(io_error("write", path))?;
        sync_folder_of(path)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.kek_ids()).finish()
    }
}

/// HKDF-SHA-256 (RFC 5869).
fn expand(secret: &KeyBytes, label: &str) -> KeyBytes {
    let label = Fields::of("derived key").field(label.as_bytes()).finish();
    let mut out = KeyBytes::default();
    hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
        .extract(&**secret)
        .expand(&[&label], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *out))
        .expect("32 bytes are within the limit of HKDF");
    out
}

fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn read_key(line: usize, base64: &str) -> Result<KeyBytes, KeyringError> {
    let bytes = STANDARD.decode(base64).map(Zeroizing::new);
    let mut key = KeyBytes::default();
    match bytes {
        Ok(bytes) if bytes.len() == key.len() => {
            key.copy_from_slice(&bytes);
            Ok(key)
        }
        _ => Err(KeyringError::Malformed { line, reason: "the key is not 32 bytes in base64" }),
    }
}

fn read_kek(line: usize, id: &str, base64: &str) -> Result<(KekId, KeyBytes), KeyringError> {
    let key = read_key(line, base64)?;
    let computed = KekId::of(&key);
    if from_hex(id).as_deref() == Some(computed.0.as_slice()) {
        Ok((computed, key))
    } else {
        Err(KeyringError::Malformed { line, reason: "the key does not fit its id" })
    }
}

fn io_error<'a>(doing: &'static str, path: &'a Path) -> impl Fn(io::Error) -> KeyringError + 'a {
    move |source| KeyringError::Io { doing, path: path.to_owned(), source }
}

/// Makes a new name in a folder survive a power loss.
fn sync_folder_of(path: &Path) -> Result<(), KeyringError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("write", path))
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
