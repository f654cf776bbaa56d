//! An exported audit log and the outsider's verifier: it needs the exported folder and
//! the published verifier key, no database and no word of the operator.
//!
//! ```text
//! entries/000000000000      entries, each a 16-bit big-endian length and its bytes
//! entries/000000004096      (as in C2SP tlog-tiles); files continue each other in
//!                           the order of their names
//! checkpoints/000000000001  one signed checkpoint each; names in order of publication
//! ```
//! What nobody published cannot be missed: an outsider who keeps one checkpoint of their
//! own and shows it to the verifier ([`verify_export_with`]) also exposes a log that was
//! rolled back with its checkpoints.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::audit::{AuditError, AuditEvent, MAX_ENTRY_BYTES};
use crate::checkpoint::{Checkpoint, CheckpointError, LogVerifier, MAX_NOTE_BYTES};
use crate::merkle::{Frontier, Hash, leaf_hash};

/// The folder of the entry files inside an export.
pub const ENTRIES_FOLDER: &str = "entries";
/// The folder of the checkpoint files inside an export.
pub const CHECKPOINTS_FOLDER: &str = "checkpoints";
/// Findings kept in a report; further ones are only counted.
pub const MAX_FINDINGS: usize = 1_000;

/// Writes one entry as an export holds it. Refuses one longer than [`MAX_ENTRY_BYTES`].
pub fn write_entry(out: &mut impl Write, entry: &[u8]) -> io::Result<()> {
    let length = u16::try_from(entry.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, AuditError::TooLong(entry.len())))?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(entry)
}

/// Something in an export that an honest log does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The entries do not give the signed root: something among them was changed.
    #[error("entries {after}..{up_to} are not those that checkpoint {checkpoint} was signed for")]
    Changed {
        /// Entries before this one are as signed.
        after: u64,
        /// The size of the first checkpoint that does not fit.
        up_to: u64,
        /// Its file.
        checkpoint: String,
    },
    /// A run of entries is gone.
    #[error("entries {from}..{to} were deleted")]
    Deleted {
        /// First missing sequence number.
        from: u64,
        /// First one that is there again.
        to: u64,
    },
    /// A sequence number that was there already.
    #[error("an entry was inserted: the number {sequence} comes again at position {position}")]
    Inserted {
        /// The number that comes twice.
        sequence: u64,
        /// Where it comes again.
        position: u64,
    },
    /// An entry behind a later one.
    #[error("entry {sequence} was moved to position {position}")]
    Reordered {
        /// The entry.
        sequence: u64,
        /// Where it stands.
        position: u64,
    },
    /// A checkpoint covers more than there is.
    #[error("the tail was cut off: checkpoint {checkpoint} covers {signed} entries, there are {found}")]
    Truncated {
        /// Entries that are there.
        found: u64,
        /// Entries that were signed for.
        signed: u64,
        /// The checkpoint's file.
        checkpoint: String,
    },
    /// Two signed roots for one size: two views of the log were shown.
    #[error("the log was forked: {one} and {other} sign different roots for {size} entries")]
    Forked {
        /// The size that both cover.
        size: u64,
        /// One checkpoint's file.
        one: String,
        /// The other's.
        other: String,
    },
    /// A checkpoint covers less than one published before it.
    #[error(
        "an old checkpoint was shown again: {checkpoint} covers {size} entries after {newest} were signed"
    )]
    Replayed {
        /// Its file.
        checkpoint: String,
        /// The entries it covers.
        size: u64,
        /// The entries covered before.
        newest: u64,
    },
    /// Signed by a key that is not the published one.
    #[error("the signing key was swapped: {checkpoint} is not signed by the published key")]
    ForeignKey {
        /// The checkpoint's file.
        checkpoint: String,
    },
    /// A checkpoint that cannot be believed or read.
    #[error("{checkpoint}: {reason}")]
    BadCheckpoint {
        /// The checkpoint's file.
        checkpoint: String,
        /// What is wrong with it.
        reason: CheckpointError,
    },
    /// A file that ends inside an entry, as after a crash.
    #[error("{file} ends inside entry {position}: it was written half")]
    HalfWritten {
        /// The file.
        file: String,
        /// Position of the entry that is not whole.
        position: u64,
    },
    /// Bytes that are no audit event.
    #[error("the entry at position {position} cannot be read: {reason}")]
    Unreadable {
        /// Where.
        position: u64,
        /// What is wrong with it.
        reason: AuditError,
    },
    /// Nothing is signed, so nothing is proven.
    #[error("no checkpoint can be believed: nothing is proven")]
    NoCheckpoint,
}

/// A checkpoint that somebody kept outside, held against the export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its file.
    pub checkpoint: String,
    /// Entries that it covers.
    pub size: u64,
    /// Whether the export begins with exactly those entries.
    pub contained: bool,
}

/// What the verifier saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Whole entries in the export.
    pub entries: u64,
    /// Believed checkpoints.
    pub checkpoints: u64,
    /// Entries up to the newest checkpoint that the entries fit.
    pub proven: u64,
    /// Checkpoints that were kept outside, in the order they were given; those that cannot be
    /// believed are findings.
    pub kept: Vec<Kept>,
    /// What is wrong, at most [`MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub more_findings: u64,
}

impl Report {
    /// Whether nothing is wrong. Entries beyond [`proven`](Self::proven) are not yet signed for.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more_findings += 1;
        }
    }
}

/// Checks an exported folder against the published key. An error means that the folder
/// could not be read; whatever is wrong with its content stands in the report.
pub fn verify_export(folder: &Path, verifier: &LogVerifier) -> io::Result<Report> {
    verify_export_with(folder, verifier, &[])
}

/// The same, and that the export contains what each of these checkpoints was signed for, which
/// were kept where the operator could not change them. The proof is the plain one: the roots
/// are computed again from the entries.
pub fn verify_export_with(folder: &Path, verifier: &LogVerifier, kept: &[PathBuf]) -> io::Result<Report> {
    let mut walk = Walk::default();
    for path in files_of(&folder.join(CHECKPOINTS_FOLDER))? {
        walk.checkpoint(&name_of(&path), &read_note(&path)?, verifier);
    }
    for path in kept {
        walk.kept(&path.display().to_string(), &read_note(path)?, verifier);
    }
    walk.compare_roots();
    for path in files_of(&folder.join(ENTRIES_FOLDER))? {
        walk.file(&name_of(&path), &mut BufReader::new(File::open(&path)?))?;
    }
    Ok(walk.finish())
}

fn read_note(path: &Path) -> io::Result<String> {
    let mut note = Vec::new();
    let limit = u64::try_from(MAX_NOTE_BYTES + 1).unwrap_or(u64::MAX);
    File::open(path)?.take(limit).read_to_end(&mut note)?;
    Ok(String::from_utf8_lossy(&note).into_owned())
}

fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Goes through the checkpoints, then once through the entries.
#[derive(Default)]
struct Walk {
    report: Report,
    /// Signed roots by size, each with its file.
    signed: BTreeMap<u64, Vec<(String, Hash)>>,
    /// The roots of [`Report::kept`].
    kept_roots: Vec<Hash>,
    frontier: Frontier,
    /// The sequence number after the greatest so far.
    next: u64,
    /// Runs of sequence numbers not seen so far: first → first behind.
    missing: BTreeMap<u64, u64>,
    broken: bool,
}

impl Walk {
    fn checkpoint(&mut self, file: &str, note: &str, verifier: &LogVerifier) {
        let Some(Checkpoint { size, root, .. }) = self.believed(file, note, verifier) else { return };
        if let Some((&newest, _)) = self.signed.last_key_value()
            && size < newest
        {
            self.report.find(Finding::Replayed { checkpoint: file.to_owned(), size, newest });
        }
        self.sign(file, size, root);
    }

    fn kept(&mut self, file: &str, note: &str, verifier: &LogVerifier) {
        let Some(Checkpoint { size, root, .. }) = self.believed(file, note, verifier) else { return };
        self.report.kept.push(Kept { checkpoint: file.to_owned(), size, contained: false });
        self.kept_roots.push(root);
        self.sign(file, size, root);
    }

    fn believed(&mut self, file: &str, note: &str, verifier: &LogVerifier) -> Option<Checkpoint> {
        let checkpoint = file.to_owned();
        match verifier.verify(note) {
            Ok(believed) => {
                self.report.checkpoints += 1;
                return Some(believed);
            }
            Err(CheckpointError::NotSignedBy(_)) => self.report.find(Finding::ForeignKey { checkpoint }),
            Err(reason) => self.report.find(Finding::BadCheckpoint { checkpoint, reason }),
        }
        None
    }

    fn sign(&mut self, file: &str, size: u64, root: Hash) {
        let roots = self.signed.entry(size).or_default();
        if let Some((one, _)) = roots.iter().find(|(_, signed)| *signed != root) {
            let fork = Finding::Forked { size, one: one.clone(), other: file.to_owned() };
            self.report.find(fork);
        }
        roots.push((file.to_owned(), root));
    }

    fn file(&mut self, name: &str, reader: &mut impl Read) -> io::Result<()> {
        loop {
            match read_entry(reader)? {
                Next::End => return Ok(()),
                Next::Entry(bytes) => self.entry(&bytes),
                Next::Half => {
                    let position = self.frontier.size();
                    self.report.find(Finding::HalfWritten { file: name.to_owned(), position });
                    return Ok(());
                }
            }
        }
    }

    fn entry(&mut self, bytes: &[u8]) {
        let position = self.frontier.size();
        match AuditEvent::decode(bytes) {
            Ok(event) => self.number(event.sequence, position),
            Err(reason) => self.report.find(Finding::Unreadable { position, reason }),
        }
        self.frontier.append(leaf_hash(bytes));
        self.compare_roots();
    }

    /// Names what happened from the numbers. They prove nothing (whoever changes the
    /// log may renumber it): the roots do.
    fn number(&mut self, sequence: u64, position: u64) {
        if sequence >= self.next {
            if sequence > self.next {
                self.missing.insert(self.next, sequence);
            }
            self.next = sequence.saturating_add(1);
            return;
        }
        let run = self.missing.range(..=sequence).next_back().map(|(from, to)| (*from, *to));
        let Some((from, to)) = run.filter(|(_, to)| sequence < *to) else {
            return self.report.find(Finding::Inserted { sequence, position });
        };
        self.missing.remove(&from);
        if from < sequence {
            self.missing.insert(from, sequence);
        }
        if sequence + 1 < to {
            self.missing.insert(sequence + 1, to);
        }
        self.report.find(Finding::Reordered { sequence, position });
    }

    fn compare_roots(&mut self) {
        let size = self.frontier.size();
        let Some(roots) = self.signed.get(&size) else { return };
        let root = self.frontier.root();
        let held = self.report.kept.iter_mut().zip(&self.kept_roots);
        for (kept, signed) in held.filter(|(kept, _)| kept.size == size) {
            kept.contained = *signed == root;
        }
        // After the first difference every later root differs too.
        if self.broken {
            return;
        }
        if roots.iter().any(|(_, signed)| *signed == root) {
            self.report.proven = size;
        } else {
            self.broken = true;
            let checkpoint = roots.first().map(|(file, _)| file.clone()).unwrap_or_default();
            self.report.find(Finding::Changed { after: self.report.proven, up_to: size, checkpoint });
        }
    }

    fn finish(mut self) -> Report {
        let found = self.frontier.size();
        self.report.entries = found;
        for (from, to) in std::mem::take(&mut self.missing) {
            self.report.find(Finding::Deleted { from, to });
        }
        match self.signed.last_key_value() {
            None => self.report.find(Finding::NoCheckpoint),
            // With the last numbers there, entries before them are gone, which is said already.
            Some((&signed, roots)) if found < signed && self.next < signed => {
                let checkpoint = roots.first().map(|(file, _)| file.clone()).unwrap_or_default();
                self.report.find(Finding::Truncated { found, signed, checkpoint });
            }
            Some(_) => {}
        }
        self.report
    }
}

enum Next {
    Entry(Vec<u8>),
    Half,
    End,
}

fn read_entry(reader: &mut impl Read) -> io::Result<Next> {
    let mut length = Vec::with_capacity(2);
    reader.take(2).read_to_end(&mut length)?;
    let Ok(length) = <[u8; 2]>::try_from(length.as_slice()) else {
        return Ok(if length.is_empty() { Next::End } else { Next::Half });
    };
    let length = usize::from(u16::from_be_bytes(length)).min(MAX_ENTRY_BYTES);
    let mut bytes = vec![0; length];
    match reader.read_exact(&mut bytes) {
        Ok(()) => Ok(Next::Entry(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Next::Half),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
