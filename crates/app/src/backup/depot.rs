//! Where backups lie: names and bytes, put whole or not at all.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use connect::bucket::BucketError;

/// Longest part of a name, in bytes.
const MAX_PART: usize = 100;
/// Parts of a name.
const PARTS: std::ops::RangeInclusive<usize> = 2..=3;
/// What a file is called until it is whole.
const UNFINISHED: &str = ".part-";
/// The owner's alone.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// The name of something in a depot: two or three parts of small letters, digits and hyphens.
/// No name leads out of the depot.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DepotName(String);

impl DepotName {
    /// A name of its text (`lists/000000000001-…`); `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good = |part: &str| {
            (1..=MAX_PART).contains(&part.len())
                && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        let fits = PARTS.contains(&text.split('/').count()) && text.split('/').all(good);
        fits.then(|| Self(text.to_owned()))
    }

    /// Its last part.
    #[must_use]
    pub fn last(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The whole of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DepotName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for DepotName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Why a depot did not do as it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DepotError {
    /// There is no such thing in it.
    #[error("{0} is not there")]
    Missing(DepotName),
    /// Nothing in a depot is ever written over.
    #[error("{0} is there already: another program takes backups into the same place")]
    Taken(DepotName),
    /// No space left.
    #[error("the place for backups is full: free some space, or name another place")]
    Full,
    /// Longer than such a thing ever is.
    #[error("{name} has more than {limit} bytes")]
    TooLong {
        /// What.
        name: DepotName,
        /// The limit.
        limit: usize,
    },
    /// The bucket refused, or was not reached.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// Its threads are gone.
    #[error("the calls to the bucket ended early: the program is about to end")]
    Ended,
    /// The system refused.
    #[error("{doing} {what}: {error}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        what: String,
        /// What the system said.
        error: io::Error,
    },
}

/// What lies in a depot: names, and lengths in bytes.
pub type Held = BTreeMap<DepotName, u64>;

/// A place for backups. Each call waits until it is answered: none is for a thread that answers
/// others meanwhile.
pub trait Depot: Send + Sync + fmt::Debug {
    /// Puts something new there. It is there whole or not at all, and for good once
    /// [`settle`](Self::settle) has returned; that one may tell what went wrong here.
    fn put(&self, name: &DepotName, bytes: &[u8]) -> Result<(), DepotError>;
    /// The same, in place of what lies there and is of no use.
    fn replace(&self, name: &DepotName, bytes: &[u8]) -> Result<(), DepotError>;
    /// Waits until all that was put survives a power cut.
    fn settle(&self) -> Result<(), DepotError>;
    /// What lies there, if it has no more than `limit` bytes.
    fn get(&self, name: &DepotName, limit: usize) -> Result<Vec<u8>, DepotError>;
    /// Everything below a first part.
    fn held(&self, first: &str) -> Result<Held, DepotError>;
    /// Takes something away, for good.
    fn remove(&self, name: &DepotName) -> Result<(), DepotError>;
    /// Takes away what was left unfinished. Nobody else may be putting anything meanwhile.
    fn tidy(&self) -> Result<(), DepotError>;
    /// Where it is, for people.
    fn place(&self) -> String;

    /// The names of everything below a first part, in order.
    fn list(&self, first: &str) -> Result<Vec<DepotName>, DepotError> {
        Ok(self.held(first)?.into_keys().collect())
    }
}

/// Where what tries a depot out lies for a moment.
const PROBES: &str = "probe";
const PROBE: &[u8] = b"tried out by lojista; it may be deleted";

/// Tries whether a depot can be written to, listed, read and deleted from, with something small;
/// what cannot be done, in words. `chance` keeps two that try apart.
#[must_use]
pub fn try_out(depot: &dyn Depot, chance: u64) -> Vec<DepotError> {
    let Some(name) = DepotName::parse(&format!("{PROBES}/{chance:016x}")) else { return Vec::new() };
    if let Err(error) = depot.put(&name, PROBE).and_then(|()| depot.settle()) {
        return vec![error];
    }
    let listed = depot.held(PROBES).and_then(|held| match held.get(&name) {
        Some(size) if *size == PROBE.len() as u64 => Ok(()),
        _ => Err(DepotError::Missing(name.clone())),
    });
    let read = depot
        .get(&name, PROBE.len())
        .and_then(|bytes| if bytes == PROBE { Ok(()) } else { Err(DepotError::Missing(name.clone())) });
    let removed = depot.remove(&name);
    [listed, read, removed].into_iter().filter_map(Result::err).collect()
}

/// A folder of this machine, or one that is mounted there.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    counter: AtomicU64,
}

impl Folder {
    /// The depot in this folder, which is made when the first backup is put there.
    #[must_use]
    pub const fn at(root: PathBuf) -> Self {
        Self { root, counter: AtomicU64::new(0) }
    }

    fn path(&self, name: &DepotName) -> PathBuf {
        self.root.join(name.as_str())
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let part = folder.join(format!("{UNFINISHED}{}-{number}", std::process::id()));
        let written = write_whole(&part, bytes).and_then(|()| name_finished(&part, path));
        // Linked under its name by now, or of no use.
        let removed = fs::remove_file(&part);
        written?;
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => File::open(folder)?.sync_all(),
        }
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Gives a file its name, unless another one has it.
fn name_finished(part: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(part, path) {
        // Some file systems have no links.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) =>
        {
            if path.exists() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(part, path)
        }
        done => done,
    }
}

fn failed(doing: &'static str, name: &DepotName, error: io::Error) -> DepotError {
    let kind = error.kind();
    if kind == io::ErrorKind::NotFound {
        DepotError::Missing(name.clone())
    } else if kind == io::ErrorKind::AlreadyExists {
        DepotError::Taken(name.clone())
    } else if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        DepotError::Full
    } else {
        DepotError::Io { doing, what: name.to_string(), error }
    }
}

impl Depot for Folder {
    fn put(&self, name: &DepotName, bytes: &[u8]) -> Result<(), DepotError> {
        self.write_new(&self.path(name), bytes).map_err(|error| failed("cannot write", name, error))
    }

    fn replace(&self, name: &DepotName, bytes: &[u8]) -> Result<(), DepotError> {
        self.remove(name)?;
        self.put(name, bytes)
    }

    /// Each put has waited for the disk.
    fn settle(&self) -> Result<(), DepotError> {
        Ok(())
    }

    fn get(&self, name: &DepotName, limit: usize) -> Result<Vec<u8>, DepotError> {
        let read = || {
            let mut bytes = Vec::new();
            let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
            File::open(self.path(name))?.take(most).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes: Vec<u8> = read().map_err(|error| failed("cannot read", name, error))?;
        if bytes.len() > limit { Err(DepotError::TooLong { name: name.clone(), limit }) } else { Ok(bytes) }
    }

    fn held(&self, first: &str) -> Result<Held, DepotError> {
        let mut found = Held::new();
        walk(&self.root.join(first), &mut |path| {
            let text = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
            // What no backup could be called was not put there by one.
            if let Some(name) = text.and_then(DepotName::parse) {
                match fs::symlink_metadata(path) {
                    Ok(known) => drop(found.insert(name, known.len())),
                    // What was retired meanwhile is not there.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
        .map_err(|error| DepotError::Io { doing: "cannot list", what: self.place(), error })?;
        Ok(found)
    }

    fn remove(&self, name: &DepotName) -> Result<(), DepotError> {
        fs::remove_file(self.path(name)).map_err(|error| failed("cannot remove", name, error))
    }

    fn tidy(&self) -> Result<(), DepotError> {
        walk(&self.root, &mut |path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with(UNFINISHED) { fs::remove_file(path) } else { Ok(()) }
        })
        .map_err(|error| DepotError::Io { doing: "cannot tidy", what: self.place(), error })
    }

    fn place(&self) -> String {
        self.root.display().to_string()
    }
}

/// Every plain file below a folder; links are not followed.
fn walk(folder: &Path, take: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), take)?;
        } else if kind.is_file() {
            take(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Gone(PathBuf);

    impl Drop for Gone {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn folder(name: &str) -> (Gone, Folder) {
        let path = std::env::temp_dir().join(format!("lojista-depot-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        (Gone(path.clone()), Folder::at(path))
    }

    fn name(text: &str) -> DepotName {
        DepotName::parse(text).expect("a name")
    }

    #[test]
    fn no_name_leads_out_of_the_depot() {
        for text in [
            "",
            "lists",
            "lists/",
            "/lists/a",
            "../lists/a",
            "lists/../../a",
            "lists/.",
            "lists/a/b/c",
            "lists/A",
            "lists/a.b",
            "lists/a\\b",
            "lists/a\0",
            "lists//a",
            "lists/ã",
        ] {
            assert_eq!(DepotName::parse(text), None, "{text:?}");
        }
        assert!(DepotName::parse(&format!("lists/{}", "a".repeat(MAX_PART + 1))).is_none());
        assert_eq!(name("chunks/ab/ab-12").last(), "ab-12");
    }

    #[test]
    fn what_was_put_is_there_and_never_written_over() {
        let (_gone, depot) = folder("put");
        let (one, other) = (name("lists/1"), name("lists/2"));
        assert_eq!(depot.list("lists").unwrap(), []);
        depot.put(&other, b"two").unwrap();
        depot.put(&one, b"one").unwrap();
        assert!(matches!(depot.put(&one, b"else"), Err(DepotError::Taken(_))));
        assert_eq!(depot.get(&one, 3).unwrap(), b"one");
        assert!(matches!(depot.get(&one, 2), Err(DepotError::TooLong { .. })));
        assert_eq!(depot.held("lists").unwrap(), [(one.clone(), 3), (other.clone(), 3)].into());
        assert_eq!(depot.list("lists").unwrap(), [one.clone(), other.clone()]);
        depot.replace(&other, b"second").unwrap();
        assert_eq!(depot.get(&other, 6).unwrap(), b"second");
        depot.remove(&one).unwrap();
        assert_eq!(depot.list("lists").unwrap(), [other]);
        assert!(matches!(depot.get(&one, 3), Err(DepotError::Missing(_))));
    }

    #[test]
    fn a_place_is_tried_out_and_left_as_it_was() {
        let (gone, depot) = folder("try");
        assert!(try_out(&depot, 7).is_empty());
        assert_eq!(depot.list(PROBES).unwrap(), []);
        fs::write(gone.0.join("probe-file"), b"x").unwrap();
        let blocked = Folder::at(gone.0.join("probe-file"));
        let troubles = try_out(&blocked, 7);
        assert_eq!(troubles.len(), 1, "{troubles:?}");
    }

    #[test]
    fn what_a_crash_left_unfinished_is_no_part_of_it() {
        let (gone, depot) = folder("tidy");
        depot.put(&name("chunks/ab/1"), b"one").unwrap();
        let left = gone.0.join("chunks/ab/.part-1-1");
        fs::write(&left, b"on").unwrap();
        assert_eq!(depot.list("chunks").unwrap(), [name("chunks/ab/1")]);
        depot.tidy().unwrap();
        assert!(!left.exists());
        assert_eq!(depot.list("chunks").unwrap(), [name("chunks/ab/1")]);
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_not_listed() {
        let (gone, depot) = folder("link");
        depot.put(&name("lists/1"), b"one").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", gone.0.join("lists/2")).unwrap();
        std::os::unix::fs::symlink("/etc", gone.0.join("lists/3")).unwrap();
        assert_eq!(depot.list("lists").unwrap(), [name("lists/1")]);
    }
}
