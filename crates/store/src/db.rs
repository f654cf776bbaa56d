//! The thin facade over two drivers: one SQL text, one synchronous closure, either engine.
//!
//! A query is written once in the subset that both engines share (`$1` parameters,
//! `ON CONFLICT … RETURNING`, row comparison) and run by a closure on a database thread:
//! one thread hop per transaction instead of one per statement (docs/decisions/0002).
//! Everything that differs between the engines is in this folder, nowhere else.

mod error;
mod migrate;
mod pg;
pub mod shape;
mod sqlite;
mod value;
mod way;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

pub use error::{StoreError, StoreResult};
use value::OwnVal;
pub use value::{Column, Row, Val};
pub use way::{AddressError, check_address};

/// Where the data lives.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// One SQLite file.
    File(PathBuf),
    /// A PostgreSQL database (`postgres://…`); holds a password, hence no `Debug` content.
    Server(String),
}

impl std::fmt::Debug for Location {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(out, "sqlite:{}", path.display()),
            Self::Server(_) => out.write_str("postgres:…"),
        }
    }
}

/// Which engine answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A transaction as a closure sees it. Nothing is kept unless the closure returns `Ok`,
/// nor after a statement that failed: PostgreSQL gives such a transaction up, and SQLite
/// may have undone it, so neither engine runs another statement of it.
pub struct Tx<'c> {
    conn: Conn<'c>,
    failed: Option<StoreError>,
    /// What it runs at its end.
    last: Vec<LastStatement>,
}

/// A statement that a transaction runs at its end.
struct LastStatement {
    /// Orders it among the others.
    turn: String,
    sql: &'static str,
    params: Vec<OwnVal>,
    /// How many rows it must touch.
    expected: Option<u64>,
}

impl LastStatement {
    fn check(&self, touched: u64) -> StoreResult<()> {
        match self.expected {
            Some(expected) if expected != touched => Err(StoreError::RowCount { expected, touched }),
            _ => Ok(()),
        }
    }

    fn lent(&self) -> Vec<Val<'_>> {
        self.params.iter().map(OwnVal::lent).collect()
    }
}

enum Conn<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c mut (dyn pg::Statements + 'c)),
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Tx({:?})", self.engine())
    }
}

impl<'c> Tx<'c> {
    const fn new(conn: Conn<'c>) -> Self {
        Self { conn, failed: None, last: Vec::new() }
    }

    /// Runs a statement unless one has failed before.
    fn attempt<T>(&mut self, run: impl FnOnce(&mut Conn<'c>) -> StoreResult<T>) -> StoreResult<T> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let result = run(&mut self.conn);
        self.failed = result.as_ref().err().cloned();
        result
    }

    /// Which engine answers; only this folder may decide by it.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.conn {
            Conn::Sqlite(_) => Engine::Sqlite,
            Conn::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement; returns how many rows it touched.
    pub fn execute(&mut self, sql: &str, params: &[Val<'_>]) -> StoreResult<u64> {
        self.attempt(|conn| match conn {
            Conn::Sqlite(conn) => sqlite::execute(conn, sql, params),
            Conn::Postgres(tx) => tx.execute(sql, params),
        })
    }

    /// Runs a statement that must touch exactly `expected` rows.
    pub fn execute_exactly(&mut self, expected: u64, sql: &str, params: &[Val<'_>]) -> StoreResult<()> {
        let touched = self.execute(sql, params)?;
        if touched == expected { Ok(()) } else { Err(StoreError::RowCount { expected, touched }) }
    }

    /// Runs a statement when the closure is done and before the commit, behind every other
    /// one; `expected` is how many rows it must touch, where that matters. The closure
    /// itself never sees what it did. Fails when a statement has failed before.
    ///
    /// PostgreSQL gets all of these in one go. And rows that transactions of different kinds
    /// write (jobs) are locked last and in one order, by `turn`: nobody who holds one waits
    /// for anything else, so no two transactions wait for each other.
    pub fn at_the_end(
        &mut self,
        turn: &str,
        expected: Option<u64>,
        sql: &'static str,
        params: &[Val<'_>],
    ) -> StoreResult<()> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let params = params.iter().map(|value| OwnVal::from(*value)).collect();
        self.last.push(LastStatement { turn: turn.to_owned(), sql, params, expected });
        Ok(())
    }

    /// Runs what was left for the end.
    fn settle(&mut self) -> StoreResult<()> {
        let mut last = std::mem::take(&mut self.last);
        if last.is_empty() {
            return Ok(());
        }
        last.sort_by(|a, b| a.turn.cmp(&b.turn));
        self.attempt(|conn| match conn {
            Conn::Sqlite(conn) => last.iter().try_for_each(|statement| {
                statement.check(sqlite::execute(conn, statement.sql, &statement.lent())?)
            }),
            Conn::Postgres(tx) => tx.execute_all(&last),
        })
    }

    /// All rows of a query.
    pub fn rows<T>(
        &mut self,
        sql: &str,
        params: &[Val<'_>],
        mut map: impl FnMut(&Row<'_>) -> StoreResult<T>,
    ) -> StoreResult<Vec<T>> {
        let mut out = Vec::new();
        let mut take = |row: &Row<'_>| {
            out.push(map(row)?);
            Ok(())
        };
        self.attempt(|conn| match conn {
            Conn::Sqlite(conn) => sqlite::each(conn, sql, params, &mut take),
            Conn::Postgres(tx) => tx.each(sql, params, &mut take),
        })?;
        Ok(out)
    }

    /// The first row of a query, or `None`.
    pub fn row<T>(
        &mut self,
        sql: &str,
        params: &[Val<'_>],
        map: impl FnMut(&Row<'_>) -> StoreResult<T>,
    ) -> StoreResult<Option<T>> {
        Ok(self.rows(sql, params, map)?.into_iter().next())
    }

    /// What a query that chooses rows to take ends with, so that two nodes choose different
    /// ones without waiting for each other. SQLite has one writer.
    #[must_use]
    pub const fn skip_locked(&self) -> &'static str {
        match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// What a query ends with whose rows nobody else may change until this transaction
    /// ends. SQLite has one writer.
    #[must_use]
    pub const fn for_update(&self) -> &'static str {
        match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => "FOR UPDATE",
        }
    }

    /// Waits until no other transaction holds the same name, until this one ends. Needs
    /// nothing on SQLite, which has one writer.
    pub fn hold(&mut self, name: &str) -> StoreResult<()> {
        self.attempt(|conn| match conn {
            Conn::Sqlite(_) => Ok(()),
            Conn::Postgres(tx) => tx.hold(name),
        })
    }

    /// Waits until no other transaction [holds](Self::hold) the same name alone, and keeps
    /// such ones waiting until this one ends; others may hold it together with this one.
    pub fn hold_together(&mut self, name: &str) -> StoreResult<()> {
        self.attempt(|conn| match conn {
            Conn::Sqlite(_) => Ok(()),
            Conn::Postgres(tx) => tx.hold_together(name),
        })
    }
}

/// What a database thread is asked to run. It gets `Err` when the database cannot even
/// begin, and hands back the answer, which is sent only after the commit.
type Work = Box<dyn FnOnce(Result<&mut Tx<'_>, StoreError>) -> Finished + Send>;

/// The end of a piece of work: whether it wants to be kept, and how to answer.
struct Finished {
    keep: bool,
    answer: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

/// The database: cheap to clone, safe to share.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    backend: Arc<dyn Backend>,
    /// A write was refused for want of space, and none has shown since that there is some.
    full: Arc<AtomicBool>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Db({:?})", self.engine)
    }
}

/// How a transaction is begun and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Reads one moment.
    Read,
    /// Writes; answered when the disk has it.
    Write,
    /// Writes; answered before the disk has it, where that is cheaper.
    Note,
    /// Writes by one statement, which is a transaction by itself; answered when the disk has
    /// it.
    Alone,
}

/// What an engine offers to [`Db`].
trait Backend: Send + Sync {
    fn send(&self, access: Access, work: Work) -> Result<(), StoreError>;
}

impl Db {
    /// Opens the database and brings its schema up to date. Blocks.
    pub fn open(location: &Location) -> StoreResult<Self> {
        let (engine, backend): (_, Arc<dyn Backend>) = match location {
            Location::File(path) => (Engine::Sqlite, Arc::new(sqlite::Sqlite::open(path)?)),
            Location::Server(url) => (Engine::Postgres, Arc::new(pg::Postgres::open(url)?)),
        };
        Ok(Self { engine, backend, full: Arc::default() })
    }

    /// Opens a database that is to be loaded from a backup: a new SQLite file, or an empty
    /// PostgreSQL database, with the schema as it was at migration `schema`. Such a file does
    /// not survive a power cut before it was synchronised. Blocks.
    pub fn open_to_load(location: &Location, schema: i64) -> StoreResult<Self> {
        let (engine, backend): (_, Arc<dyn Backend>) = match location {
            Location::File(path) => (Engine::Sqlite, Arc::new(sqlite::Sqlite::open_to_load(path, schema)?)),
            Location::Server(url) => (Engine::Postgres, Arc::new(pg::Postgres::open_up_to(url, schema)?)),
        };
        Ok(Self { engine, backend, full: Arc::default() })
    }

    /// Which engine answers.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Runs a closure in a writing transaction. Returns after the commit: what is
    /// answered is durable. A dropped future does not interrupt it half-way.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.run(Access::Write, work).await
    }

    /// Runs a closure in a writing transaction that a power cut may undo: for what would
    /// only be done again, such as taking a job. PostgreSQL answers without waiting for
    /// the disk (later commits never reach it before); SQLite, whose commits are shared,
    /// makes no difference.
    pub async fn note<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.run(Access::Note, work).await
    }

    /// Inserts a row in a transaction of its own: on PostgreSQL a single trip. Returns when
    /// the disk has it.
    pub async fn insert<const N: usize, R: Send + 'static>(
        &self,
        sql: &'static str,
        row: R,
        values: for<'r> fn(&'r R) -> [Val<'r>; N],
    ) -> StoreResult<()> {
        self.run(Access::Alone, move |tx| tx.execute_exactly(1, sql, &values(&row))).await
    }

    /// Whether a write was refused for want of space, and [`Db::found_room`] was not called
    /// since.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Notes that there is space again: a write that needed some has succeeded.
    pub fn found_room(&self) {
        self.full.store(false, Ordering::Relaxed);
    }

    /// Runs a closure in a reading transaction: all its queries see one moment.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.run(Access::Read, work).await
    }

    async fn run<T: Send + 'static>(
        &self,
        access: Access,
        work: impl FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        let (work, answer) = package(work);
        self.backend.send(access, work)?;
        let done = answer.await.map_err(|_| StoreError::Closed)?;
        if access != Access::Read && matches!(done, Err(StoreError::DiskFull)) {
            self.full.store(true, Ordering::Relaxed);
        }
        done
    }
}

fn package<T: Send + 'static>(
    work: impl FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
) -> (Work, oneshot::Receiver<StoreResult<T>>) {
    let (sender, receiver) = oneshot::channel();
    let work: Work = Box::new(move |tx| {
        let result = match tx {
            // A panic in one closure must not take the writer, and with it everyone
            // else's writes, along.
            Ok(tx) => catch_unwind(AssertUnwindSafe(|| work(tx)))
                .unwrap_or(Err(StoreError::Panicked))
                .and_then(|value| tx.failed.clone().map_or(Ok(value), Err))
                .and_then(|value| tx.settle().map(|()| value)),
            Err(error) => Err(error),
        };
        Finished {
            keep: result.is_ok(),
            answer: Box::new(move |committed| {
                // The asker may be gone (a dropped request); the work stands all the same.
                let _ = sender.send(result.and_then(|value| committed.map(|()| value)));
            }),
        }
    });
    (work, receiver)
}

/// How many migrations wait for the next start, without running any. Errors as an opening
/// would: a newer schema, a changed migration, a file that is no database. Blocks.
pub fn waiting_migrations(location: &Location) -> StoreResult<usize> {
    match location {
        Location::File(path) => sqlite::waiting_migrations(path),
        Location::Server(url) => pg::waiting_migrations(url),
    }
}

/// Whether a PostgreSQL database (`postgres://…`) holds nothing that a restore could harm: no
/// tables, or ours without a single row of a shop. Blocks.
pub fn is_empty(url: &str) -> StoreResult<bool> {
    pg::is_empty(url)
}

/// The newest migration that this program knows.
#[must_use]
pub fn newest_schema() -> i64 {
    migrate::newest()
}

/// The migrations' shape of the open database, for the test that compares the engines:
/// `(table, column)` pairs in order.
pub fn catalogue(tx: &mut Tx<'_>) -> StoreResult<Vec<(String, String)>> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.name"
        }
        Engine::Postgres => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema() ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\""
        }
    };
    tx.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))
}
