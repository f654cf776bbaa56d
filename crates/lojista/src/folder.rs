//! The data folder: its owner's alone, and one running program's at a time.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::failure::Failure;

/// The folder's owner alone may look in.
const FOLDER_MODE: u32 = 0o700;
/// The owner alone may read or write.
const FILE_MODE: u32 = 0o600;
/// Held while a program runs on the folder.
const LOCK_FILE: &str = "lock";

/// Makes the folder, with those above it, where it is missing.
pub(crate) fn make(folder: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(|error| {
        Failure::new(format!(
            "the data folder {} cannot be made: {error}; name one that you may write to with --data",
            folder.display()
        ))
    })
}

/// Proof that no other program runs on the folder. Dropping it gives the folder free.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the folder for this program.
pub(crate) fn lock(folder: &Path) -> Result<Lock, Failure> {
    let path = folder.join(LOCK_FILE);
    let file = OpenOptions::new().create(true).append(true).mode(FILE_MODE).open(&path).map_err(|error| {
        Failure::new(format!(
            "the data folder {} cannot be written to: {error}; give it to the user who runs the program, or \
                 name another one with --data",
            folder.display()
        ))
    })?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(fs::TryLockError::WouldBlock) => Err(Failure::new(format!(
            "another lojista runs on the data folder {}: stop it first, or name another folder with --data",
            folder.display()
        ))),
        Err(fs::TryLockError::Error(error)) => {
            Err(Failure::at(&format!("the data folder {} cannot be locked", folder.display()), error))
        }
    }
}

/// Writes a file that its owner alone may read, in one step: a crash leaves the old or
/// the new one.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_added_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
