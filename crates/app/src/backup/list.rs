//! A backup's signed list: what was in the house at one instant, and the chunks it lies in.
//!
//! ```text
//! lojista-backup 1 <bytes of the note>
//! <a signed note: kind, installation, number, instant, key check, digest of what follows>
//! <the list, as JSON>
//! ```

use std::fmt::Write as _;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use vault::BackupKeys;
use vault::backup::digest;

use super::depot::{Depot, DepotName};
use super::error::BackupError;

/// First word and version of the file.
const FIRST: &str = "lojista-backup 1 ";
/// Longest list that is read, in bytes: room for a million chunks.
const MAX_LIST_BYTES: usize = 256 << 20;

/// The two sets that a backup is made of. They are kept apart because keys are kept for
/// fewer days than data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// Everything but the wrapped keys.
    Data,
    /// The wrapped keys.
    Keys,
}

impl Set {
    /// Its word in signed notes.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Keys => "keys",
        }
    }

    /// Where its lists lie.
    pub(crate) const fn lists(self) -> &'static str {
        match self {
            Self::Data => "lists",
            Self::Keys => "key-lists",
        }
    }

    /// Where its chunks lie.
    pub(crate) const fn chunks(self) -> &'static str {
        match self {
            Self::Data => "chunks",
            Self::Keys => "key-chunks",
        }
    }
}

/// Everything of a set, at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The program that took it.
    pub program: String,
    /// The installation.
    pub installation: String,
    /// Grows by one with each backup of an installation.
    pub number: i64,
    /// The instant that it shows, in milliseconds.
    pub taken_at: i64,
    /// The engine that it was read from.
    pub engine: String,
    /// Migrations that had run: number and fingerprint.
    pub schema: Vec<(i64, i64)>,
    /// The key that its new chunks are sealed under.
    pub kek: String,
    /// Entries of the audit log that had their place.
    pub audit_size: u64,
    /// The root of the log's tree, in base64 as checkpoints write it.
    pub audit_root: String,
    /// The digest of the list before.
    pub previous: Option<String>,
    /// The tables, each behind those that it refers to.
    pub tables: Vec<TablePart>,
}

/// A table in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TablePart {
    /// Its name.
    pub name: String,
    /// What stands in its rows.
    pub columns: Vec<String>,
    /// How many rows it has.
    pub rows: u64,
    /// They, in order.
    pub chunks: Vec<ChunkPart>,
}

/// A chunk in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChunkPart {
    /// What it is called.
    pub name: String,
    /// Rows in it.
    pub rows: u32,
    /// Its length in the depot, in bytes.
    pub bytes: u64,
    /// The key of its last row, in base64, where a later backup may take it over unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

impl List {
    /// The instant that it shows.
    #[must_use]
    pub const fn taken_at(&self) -> Timestamp {
        Timestamp::from_millis(self.taken_at)
    }

    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Its chunks.
    pub fn chunks(&self) -> impl Iterator<Item = &ChunkPart> {
        self.tables.iter().flat_map(|table| &table.chunks)
    }

    /// The signed file, and its digest.
    pub(crate) fn write(&self, set: Set, keys: &BackupKeys) -> Result<(Vec<u8>, String), BackupError> {
        let body = serde_json::to_vec(self).map_err(|error| BackupError::Broken(error.to_string()))?;
        let digest = digest(&body);
        let note = keys.sign(&self.note(set, &keys.check(), &digest));
        let mut file = format!("{FIRST}{}\n{note}", note.len()).into_bytes();
        file.extend_from_slice(&body);
        Ok((file, digest))
    }

    fn note(&self, set: Set, check: &str, digest: &str) -> String {
        let mut text = String::from("lojista/backup\n");
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "set {}\ninstallation {}\nnumber {}\ntaken {}\nkey-check {check}\nlist {digest}\n",
            set.as_str(),
            self.installation,
            self.number,
            self.taken_at
        );
        text
    }

    /// Reads a signed file; believes nothing that was not signed with the key file.
    pub(crate) fn read(file: &[u8], set: Set, keys: &BackupKeys) -> Result<(Self, String), BackupError> {
        let cut = || BackupError::ListCut;
        let end = file.iter().position(|byte| *byte == b'\n').ok_or_else(cut)?;
        let first = std::str::from_utf8(&file[..end]).map_err(|_| BackupError::NotAList)?;
        let length: usize =
            first.strip_prefix(FIRST).and_then(|text| text.parse().ok()).ok_or(BackupError::NotAList)?;
        let (note, body) = file[end + 1..].split_at_checked(length).ok_or_else(cut)?;
        let note = std::str::from_utf8(note).map_err(|_| BackupError::NotAList)?;
        let told = |name: &str| note.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        if told("key-check ") != keys.check() {
            return Err(BackupError::OtherKeys {
                needed: told("key-check ").chars().take(16).collect(),
                given: keys.check().chars().take(16).collect(),
            });
        }
        let signed = keys.verify(note).map_err(BackupError::Forged)?;
        let digest = digest(body);
        if told("list ") != digest {
            return Err(BackupError::ListCut);
        }
        let list: Self =
            serde_json::from_slice(body).map_err(|error| BackupError::Broken(error.to_string()))?;
        if signed != list.note(set, &keys.check(), &digest) {
            return Err(BackupError::ListMisplaced);
        }
        Ok((list, digest))
    }

    /// What its file is called: by number and instant, so that names sort as backups do.
    pub(crate) fn file_name(&self, set: Set) -> Result<DepotName, BackupError> {
        let text = format!("{}/{:012}-{:015}", set.lists(), self.number, self.taken_at);
        DepotName::parse(&text).ok_or(BackupError::ListMisplaced)
    }
}

/// A list in a depot, by its name alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: DepotName,
    pub(crate) number: i64,
    pub(crate) taken_at: Timestamp,
}

/// The lists of a set, the oldest first. Their names only are believed so far.
pub(crate) fn listed(depot: &dyn Depot, set: Set) -> Result<Vec<Listed>, BackupError> {
    let read = |name: DepotName| {
        let (number, taken_at) = name.last().split_once('-')?;
        let (number, taken_at) = (number.parse().ok()?, Timestamp::from_millis(taken_at.parse().ok()?));
        Some(Listed { name, number, taken_at })
    };
    Ok(depot.list(set.lists())?.into_iter().filter_map(read).collect())
}

/// Reads a list from its depot, and refuses one that lies under another one's name.
pub(crate) fn fetch(
    depot: &dyn Depot,
    set: Set,
    name: &DepotName,
    keys: &BackupKeys,
) -> Result<(List, String), BackupError> {
    let file = depot.get(name, MAX_LIST_BYTES)?;
    let (list, digest) = List::read(&file, set, keys)?;
    if list.file_name(set)? == *name { Ok((list, digest)) } else { Err(BackupError::ListMisplaced) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::SeededEntropy;
    use vault::Keyring;

    fn keys(seed: u64) -> BackupKeys {
        BackupKeys::of(&Keyring::generate(&SeededEntropy::new(seed)))
    }

    fn list() -> List {
        let chunk = ChunkPart { name: "ab".into(), rows: 3, bytes: 120, last: None };
        List {
            program: "0.1.0".into(),
            installation: "0123".into(),
            number: 7,
            taken_at: 1_795_366_991_000,
            engine: "sqlite".into(),
            schema: vec![(1, -5)],
            kek: "00".into(),
            audit_size: 4,
            audit_root: "AAAA".into(),
            previous: None,
            tables: vec![TablePart {
                name: "orders".into(),
                columns: vec!["id".into()],
                rows: 3,
                chunks: vec![chunk],
            }],
        }
    }

    #[test]
    fn a_signed_list_reads_back() {
        let keys = keys(1);
        let (file, digest) = list().write(Set::Data, &keys).unwrap();
        assert_eq!(List::read(&file, Set::Data, &keys).unwrap(), (list(), digest));
    }

    #[test]
    fn a_list_cut_at_any_length_is_refused() {
        let keys = keys(1);
        let (file, _) = list().write(Set::Data, &keys).unwrap();
        for length in 0..file.len() {
            assert!(List::read(&file[..length], Set::Data, &keys).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_change_of_any_byte_is_refused() {
        let keys = keys(1);
        let (file, _) = list().write(Set::Data, &keys).unwrap();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(List::read(&changed, Set::Data, &keys).is_err(), "byte {at}");
        }
    }

    #[test]
    fn another_key_file_is_named_before_anything_else() {
        let (file, _) = list().write(Set::Data, &keys(1)).unwrap();
        let refused = List::read(&file, Set::Data, &keys(2)).unwrap_err();
        assert!(matches!(refused, BackupError::OtherKeys { .. }), "{refused}");
    }

    #[test]
    fn a_list_of_keys_is_no_list_of_data() {
        let keys = keys(1);
        let (file, _) = list().write(Set::Keys, &keys).unwrap();
        let refused = List::read(&file, Set::Data, &keys).unwrap_err();
        assert!(matches!(refused, BackupError::ListMisplaced), "{refused}");
    }
}
