//! What can go wrong in the database, in words that say what to do.

use domain::Verdict;

/// A database failure. Lookups that find nothing are `None`, never an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another program or transaction holds what we need.
    #[error("the database is locked by another program; close it and try again")]
    Locked,
    /// No space left.
    #[error("the disk is full; nothing was saved, free some space and it goes on by itself")]
    DiskFull,
    /// The database was written by a newer Lojista.
    #[error("the database has schema {found}, this program knows up to {known}; use the newer program")]
    NewerSchema {
        /// Schema number found.
        found: i64,
        /// Newest schema number this program knows.
        known: i64,
    },
    /// A migration that ran is not the one this program holds.
    #[error(
        "migration {number} of this database differs from the program's own; restore a backup or use the program that made it"
    )]
    ChangedMigration {
        /// The migration's number.
        number: i64,
    },
    /// The file is no database.
    #[error("{0} is not a Lojista database")]
    NotADatabase(String),
    /// A unique row exists already.
    #[error("it exists already ({0})")]
    Duplicate(String),
    /// A value in the database is not what the program writes.
    #[error("{table}.{column} holds {value:?}, which this program does not know")]
    Inconsistent {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// What was found.
        value: String,
    },
    /// A statement touched another number of rows than it must.
    #[error("expected {expected} rows, touched {touched}")]
    RowCount {
        /// How many it must touch.
        expected: u64,
        /// How many it touched.
        touched: u64,
    },
    /// The key file lacks a key that is needed.
    #[error(
        "the key file lacks the key {kek}, under which {keys} data keys lie: it is an older copy, or lines were \
         taken from it; copy the key file here from where it was rotated, or put back a newer copy of it; nothing \
         was changed"
    )]
    KeyMissing {
        /// Which.
        kek: String,
        /// How many data keys it wraps.
        keys: i64,
    },
    /// A new data key is wrapped by another key than the one that wraps now.
    #[error(
        "the key {0} wraps now, and this node's key file lacks it: copy the key file here from where it was \
         rotated; it goes on by itself then"
    )]
    OtherKek(String),
    /// The server cannot be reached or broke off.
    #[error("the database server cannot be reached: {0}")]
    Unreachable(String),
    /// The queue of waiting writes is full.
    #[error("too many writes are waiting")]
    Overloaded,
    /// The database is shutting down.
    #[error("the database is closed")]
    Closed,
    /// A closure panicked; its transaction was rolled back.
    #[error("a database operation failed inside the program")]
    Panicked,
    /// Anything else the driver says.
    #[error("database: {0}")]
    Driver(String),
}

impl StoreError {
    /// Retry or fail.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Locked
            | Self::DiskFull
            | Self::Unreachable(_)
            | Self::Overloaded
            | Self::Closed
            | Self::OtherKek(_) => Verdict::RETRY,
            Self::NewerSchema { .. }
            | Self::ChangedMigration { .. }
            | Self::NotADatabase(_)
            | Self::Duplicate(_)
            | Self::Inconsistent { .. }
            | Self::RowCount { .. }
            | Self::KeyMissing { .. }
            | Self::Panicked
            | Self::Driver(_) => Verdict::Fail,
        }
    }
}

/// The result of database work.
pub type StoreResult<T> = Result<T, StoreError>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::NotADatabase) => Self::NotADatabase("the file".into()),
            Some(ErrorCode::ConstraintViolation) if is_duplicate(&error) => {
                Self::Duplicate(error.to_string())
            }
            _ => Self::Driver(error.to_string()),
        }
    }
}

/// Whether a constraint was broken by a second row of one key, not by another rule.
fn is_duplicate(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE))
}

/// An error of the connection with what is behind it: why a certificate was not believed.
fn with_reasons(error: &tokio_postgres::Error) -> String {
    let mut words = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(reason) = next {
        let reason_words = reason.to_string();
        if !words.ends_with(&reason_words) {
            words = format!("{words}: {reason_words}");
        }
        next = reason.source();
    }
    words
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else {
            // No answer of the server: the connection itself.
            return if error.is_closed()
                || std::error::Error::source(&error)
                    .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
            {
                Self::Unreachable(with_reasons(&error))
            } else {
                Self::Driver(with_reasons(&error))
            };
        };
        let code = db.code();
        if *code == SqlState::UNIQUE_VIOLATION {
            Self::Duplicate(db.message().to_owned())
        } else if *code == SqlState::DISK_FULL {
            Self::DiskFull
        } else if *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::LOCK_NOT_AVAILABLE
        {
            Self::Locked
        } else if code.code().starts_with("57P") || *code == SqlState::TOO_MANY_CONNECTIONS {
            Self::Unreachable(db.message().to_owned())
        } else {
            Self::Driver(format!("{} ({})", db.message(), code.code()))
        }
    }
}
