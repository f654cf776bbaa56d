//! What goes wrong with backups, in words that say the mend.

use store::StoreError;
use vault::ChunkError;
use vault::checkpoint::CheckpointError;

use super::depot::DepotError;
use crate::error::AppError;

/// Why a backup, a restore or a drill did not come about. The data that is served is never
/// touched by one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Nothing to restore.
    #[error("{place} holds no backup{when}")]
    NoBackup {
        /// Where.
        place: String,
        /// Of when, in words; empty for any.
        when: String,
    },
    /// Some other file.
    #[error("it is no list of a backup that this program knows")]
    NotAList,
    /// Not whole.
    #[error("the backup's list was cut or changed: take another backup with --at")]
    ListCut,
    /// Another key file made it.
    #[error(
        "the backup needs the key file with the check {needed}…, and this one has {given}…: put back a copy of the \
         key file that was in use when it was taken; nothing was touched"
    )]
    OtherKeys {
        /// First digits of the check of the key file it needs.
        needed: String,
        /// Of the one given.
        given: String,
    },
    /// An older key file.
    #[error(
        "backup {number} needs the key {kek}, which this key file lacks: put back a copy of the key file that was \
         made after the keys were rotated, or take an older backup with --at; nothing was touched"
    )]
    KeyLacking {
        /// The backup's number.
        number: i64,
        /// The key.
        kek: String,
    },
    /// Not signed with our key file.
    #[error("the backup's list is not believed: {0}")]
    Forged(CheckpointError),
    /// A list under the name or in the place of another.
    #[error("a list lies in the place of another one: somebody moved or renamed files of the backup")]
    ListMisplaced,
    /// A list that says what none of ours says.
    #[error("the backup's list is broken: {0}")]
    Broken(String),
    /// Another installation's backups lie there.
    #[error(
        "the backups in {0} are those of another installation: name another place, so that they are not mixed"
    )]
    OtherInstallation(String),
    /// Older than what this installation knows it has put there.
    #[error(
        "the newest backup there has the number {found}, and number {known} was taken: newer ones were removed, or an \
         older state of the place was put back"
    )]
    RolledBack {
        /// Newest number there.
        found: i64,
        /// Newest number taken.
        known: i64,
    },
    /// The newest list there is not the one that was put there.
    #[error("backup {0} is not the one that was taken: its list was replaced by another one")]
    Replaced(i64),
    /// The wrapped keys are missing.
    #[error("no list of keys of backup {0} or later is there: without it nothing sealed could be opened")]
    NoKeys(i64),
    /// A chunk that is not what it should be.
    #[error("a chunk of {table} ({name}): {error}")]
    Chunk {
        /// The table.
        table: String,
        /// The chunk.
        name: String,
        /// What is wrong with it.
        error: ChunkError,
    },
    /// Rows that are not those that were listed.
    #[error("{0} does not hold what the list says of it")]
    Rows(String),
    /// The backup is newer than the program.
    #[error(
        "the backup has schema {found}, this program knows up to {known}: restore it with the newer program"
    )]
    NewerSchema {
        /// The backup's.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The backup's tables are not those of that schema.
    #[error("the backup was taken by a program with other tables: restore it with the program that took it")]
    OtherSchema,
    /// A restore never overwrites.
    #[error("{0} is not empty: a restore wants an empty place, so that nothing is lost; nothing was touched")]
    NotEmpty(String),
    /// What was restored did not pass its checks.
    #[error("what was restored is not whole, and was not put in place: {0}")]
    NotWhole(String),
    /// The place does not let go of what outlived its time.
    #[error("{left} lists of backups that outlived their days are still there: {why}")]
    NotRetired {
        /// Lists that are left; none where only chunks are.
        left: usize,
        /// What the place said.
        why: Box<BackupError>,
    },
    /// Another node or command takes one.
    #[error("another backup or drill is under way: wait until it has ended")]
    Busy,
    /// No place is configured.
    #[error(
        "no place for backups is set: name one with --to, LOJISTA_BACKUP_DIR or LOJISTA_BACKUP_S3_BUCKET"
    )]
    NoPlace,
    /// The place for backups.
    #[error("{0}")]
    Depot(#[from] DepotError),
    /// A file of the restored database.
    #[error("{doing}: {error}")]
    Io {
        /// What was tried.
        doing: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The application.
    #[error(transparent)]
    App(#[from] AppError),
}
