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
//!
//! A keyring that came from a file can read it again ([`Keyring::refresh`]): a key that was
//! put into the file is known to a running program without a restart. Which of its keys
//! wraps is the installation's to say ([`Keyring::prefer`]), so that several nodes agree.

use std::fmt::{self, Write as _};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

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
    /// The keys are in memory only.
    #[error("these keys came from no file: there is nothing to rotate")]
    NoFile,
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
    /// Its length in bytes.
    pub const BYTES: usize = 8;

    fn of(key: &KeyBytes) -> Self {
        let tag = HmacKey::new(&**key).sign(&Fields::of("key id").finish());
        let mut id = [0; Self::BYTES];
        id.copy_from_slice(&tag[..Self::BYTES]);
        Self(id)
    }

    /// An id from a database column.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The id for a database column.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0
    }
}

/// Not the id of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a key: 16 hexadecimal digits are expected, as `lojista keys status` shows them")]
pub struct NotAKekId;

impl FromStr for KekId {
    type Err = NotAKekId;

    fn from_str(text: &str) -> Result<Self, NotAKekId> {
        from_hex(text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(NotAKekId)
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

type Keks = Vec<(KekId, KeyBytes)>;

/// The keys of an installation. `Debug` shows ids only.
pub struct Keyring {
    derive: KeyBytes,
    /// The primary key first.
    keks: RwLock<Keks>,
    /// Where they were read from.
    file: Option<PathBuf>,
}

impl Keyring {
    /// New random keys, held in memory only.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let keyring = Self { derive: xaes::random_key(entropy), keks: RwLock::new(Vec::new()), file: None };
        keyring.add_primary(entropy);
        keyring
    }

    /// New random keys in a new file that its owner alone may read (mode 0400).
    pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyringError> {
        let keyring = Self { file: Some(path.to_owned()), ..Self::generate(entropy) };
        keyring.write_new(path, None)?;
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
        Ok(Self { file: Some(path.to_owned()), ..Self::parse(&text)? })
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
        Ok(Self { derive, keks: RwLock::new([vec![primary], older].concat()), file: None })
    }

    /// Puts a new primary key into the file at `path`; the former one stays to unwrap
    /// older data keys. The file is replaced in one step: a crash leaves the old or the new.
    pub fn rotate(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyringError> {
        let _held = hold(path)?;
        let keyring = Self::load(path)?;
        keyring.add_primary(entropy);
        keyring.replace(path)?;
        Ok(keyring)
    }

    /// Takes a former key out of the file at `path`, once no data key is wrapped by it any
    /// more. What it still wraps is lost with it, so the caller makes sure.
    pub fn retire(path: &Path, id: KekId) -> Result<Self, KeyringError> {
        let _held = hold(path)?;
        let keyring = Self::load(path)?;
        if keyring.primary() == id {
            return Err(KeyringError::StillPrimary(id));
        }
        if !keyring.holds(id) {
            return Err(KeyringError::NoSuchKey(id));
        }
        keyring.forget(id);
        keyring.replace(path)?;
        Ok(keyring)
    }

    /// The file that the keys came from.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Reads the file again and takes over keys that were put into it. Says what the file
    /// holds now, its primary key first; keys that this program holds already it keeps until
    /// it is told to [forget](Self::forget) them, whatever became of the file.
    pub fn refresh(&self) -> Result<Vec<KekId>, KeyringError> {
        let Some(file) = &self.file else { return Ok(self.kek_ids()) };
        let fresh = Self::load(file)?;
        self.verify_key_check(&fresh.key_check())?;
        let found = fresh.kek_ids();
        let mut mine = self.keks_mut();
        for (id, key) in fresh.keks().iter() {
            if !mine.iter().any(|(held, _)| held == id) {
                mine.push((*id, key.clone()));
            }
        }
        Ok(found)
    }

    /// Has data keys wrapped under this key from now on; says whether it is held.
    pub fn prefer(&self, id: KekId) -> bool {
        let mut keks = self.keks_mut();
        let place = keks.iter().position(|(held, _)| *held == id);
        if let Some(place) = place {
            keks[..=place].rotate_right(1);
        }
        place.is_some()
    }

    /// Lets go of a key in memory; the primary one stays.
    pub fn forget(&self, id: KekId) {
        let mut keks = self.keks_mut();
        let primary = keks[0].0;
        keks.retain(|(held, _)| *held == primary || *held != id);
    }

    /// Whether a key of this id is held.
    #[must_use]
    pub fn holds(&self, id: KekId) -> bool {
        self.keks().iter().any(|(held, _)| *held == id)
    }

    /// The id of the key that wraps new data keys.
    #[must_use]
    pub fn primary(&self) -> KekId {
        self.keks()[0].0
    }

    /// The ids of all key-encryption keys, the primary one first.
    #[must_use]
    pub fn kek_ids(&self) -> Vec<KekId> {
        self.keks().iter().map(|(id, _)| *id).collect()
    }

    /// Wraps a data key for the database, under the primary key.
    pub fn wrap(
        &self,
        key: &DataKey,
        context: &KeyContext<'_>,
        entropy: &dyn Entropy,
    ) -> Result<WrappedKey, SealError> {
        let keks = self.keks();
        let (id, bytes) = &keks[0];
        WrappedKey::wrap((*id, bytes), key, context, entropy)
    }

    /// Wraps a data key under the key that the installation wraps under now; refuses when
    /// this program does not hold it.
    pub fn wrap_under(
        &self,
        kek: KekId,
        key: &DataKey,
        context: &KeyContext<'_>,
        entropy: &dyn Entropy,
    ) -> Result<WrappedKey, SealError> {
        let keks = self.keks();
        let (id, bytes) = keks.iter().find(|(id, _)| *id == kek).ok_or(SealError::UnknownKek(kek))?;
        WrappedKey::wrap((*id, bytes), key, context, entropy)
    }

    /// Unwraps the data key `id` of the owner in `context`. A key that this program does not
    /// hold is looked for in the file once more: it may have been rotated a moment ago.
    pub fn unwrap(
        &self,
        id: DataKeyId,
        wrapped: &WrappedKey,
        context: &KeyContext<'_>,
    ) -> Result<DataKey, SealError> {
        let kek_id = wrapped.kek_id()?;
        if !self.holds(kek_id) {
            // What is wrong with the file is told by whoever looks after it.
            let _ = self.refresh();
        }
        let keks = self.keks();
        let kek = keks.iter().find(|(id, _)| *id == kek_id).ok_or(SealError::UnknownKek(kek_id))?;
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
        self.keks().iter().map(|(id, kek)| (*id, expand(kek, label))).collect()
    }

    fn add_primary(&self, entropy: &dyn Entropy) {
        let key = xaes::random_key(entropy);
        self.keks_mut().insert(0, (KekId::of(&key), key));
    }

    fn keks(&self) -> RwLockReadGuard<'_, Keks> {
        self.keks.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn keks_mut(&self) -> RwLockWriteGuard<'_, Keks> {
        self.keks.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn to_text(&self) -> Zeroizing<String> {
        // Room for every line from the start: growing would leave unwiped copies behind.
        let keks = self.keks();
        let mut text = Zeroizing::new(String::with_capacity(256 + keks.len() * 96));
        let encode = |key: &KeyBytes| Zeroizing::new(STANDARD.encode(**key));
        text.push_str(FIRST_LINE);
        text.push_str("\n# Without this file the database cannot be read. Keep a copy apart from it.\n");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "derive {}", *encode(&self.derive));
        for (index, (id, key)) in keks.iter().enumerate() {
            let role = if index == 0 { "primary" } else { "key" };
            let _ = writeln!(text, "{role} {id} {}", *encode(key));
        }
        text
    }

    fn replace(&self, path: &Path) -> Result<(), KeyringError> {
        // A link stays one: what it leads to is replaced.
        let path = &fs::canonicalize(path).map_err(io_error("replace", path))?;
        let beside = path.with_added_extension("new");
        // What a crash left there was never put to use.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("replace", &beside)(error));
            }
            _ => {}
        }
        self.write_new(&beside, Some(path))?;
        fs::rename(&beside, path).map_err(io_error("replace", path))?;
        sync_folder_of(path)
    }

    /// Writes a new file, which belongs to whom the file `like` belongs to: an operator who
    /// rotates must not lock out the program.
    fn write_new(&self, path: &Path, like: Option<&Path>) -> Result<(), KeyringError> {
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o400).open(path).map_err(|error| {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    KeyringError::Exists(path.to_owned())
                } else {
                    io_error("create", path)(error)
                }
            })?;
        file.write_all(self.to_text().as_bytes()).map_err(io_error("write", path))?;
        if let Some(like) = like {
            let (old, new) = (fs::metadata(like), file.metadata());
            let (old, new) = (old.map_err(io_error("read", like))?, new.map_err(io_error("write", path))?);
            if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
                fchown(&file, Some(old.uid()), Some(old.gid())).map_err(io_error("write", path))?;
            }
        }
        file.sync_all().map_err(io_error("write", path))?;
        sync_folder_of(path)
    }
}

/// Keeps others from changing the file at the same time: its folder is locked meanwhile.
fn hold(path: &Path) -> Result<File, KeyringError> {
    let folder = File::open(folder_of(path)).map_err(io_error("read", path))?;
    folder.lock().map_err(io_error("hold", path))?;
    Ok(folder)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
    File::open(folder_of(path)).and_then(|folder| folder.sync_all()).map_err(io_error("write", path))
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
