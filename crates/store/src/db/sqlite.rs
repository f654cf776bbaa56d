//! SQLite: one writing thread that commits many closures in one transaction, and a few
//! reading threads.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql};

use super::error::{StoreError, StoreResult};
use super::value::{Row, Val};
use super::{Access, Backend, Conn, Finished, Tx, Work, migrate};

/// Threads that read. Two cores answer pages; a third and fourth wait out slow disks.
const READERS: usize = 4;
/// Writes that may wait; beyond it the asker is told at once.
const WRITE_QUEUE: usize = 8_192;
/// Closures committed together at most.
const MAX_BATCH: usize = 512;
/// A transaction takes in more closures no longer than this, so that the first asker
/// does not wait for the last.
const MAX_BATCH_SPAN: Duration = Duration::from_millis(20);
/// How long a statement waits for another program's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection.
const STATEMENT_CACHE: usize = 256;
/// Pages that the writing connection keeps in memory, in KiB: an order writes to some twenty
/// indexes, and those of a shop with a hundred thousand orders do not fit into SQLite's own 2 MiB.
const WRITE_CACHE_KIB: i32 = 16 * 1024;
/// The same of each reading connection.
const READ_CACHE_KIB: i32 = 4 * 1024;
/// The same of the connection that loads a backup, when nothing else runs.
const LOAD_CACHE_KIB: i32 = 256 * 1024;

pub(super) struct Sqlite {
    writes: SyncSender<Work>,
    reads: SyncSender<Work>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> StoreResult<Self> {
        let mut conn = connect(path, false)?;
        migrate::sqlite(&mut conn, i64::MAX)?;
        Self::over(path, conn)
    }

    /// A file that is not anybody's data yet: nothing waits for the disk.
    pub(super) fn open_to_load(path: &Path, schema: i64) -> StoreResult<Self> {
        let mut conn = connect(path, false)?;
        // In one file, which can be moved as soon as the last transaction has ended.
        conn.pragma_update(None, "journal_mode", "MEMORY")?;
        conn.pragma_update(None, "synchronous", "OFF")?;
        conn.pragma_update(None, "cache_size", -LOAD_CACHE_KIB)?;
        migrate::sqlite(&mut conn, schema)?;
        Self::over(path, conn)
    }

    fn over(path: &Path, conn: Connection) -> StoreResult<Self> {
        let (writes, queue) = sync_channel::<Work>(WRITE_QUEUE);
        spawn("sqlite-writer", move || write_loop(&conn, &queue))?;

        let (reads, queue) = sync_channel::<Work>(WRITE_QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..READERS {
            let reader = connect(path, true)?;
            let queue = Arc::clone(&queue);
            spawn("sqlite-reader", move || read_loop(&reader, &queue))?;
        }
        Ok(Self { writes, reads })
    }
}

/// How many migrations wait in the file, which is only read.
pub(super) fn waiting_migrations(path: &Path) -> StoreResult<usize> {
    migrate::waiting_in_sqlite(&connect(path, true)?)
}

impl Backend for Sqlite {
    fn send(&self, access: Access, work: Work) -> Result<(), StoreError> {
        let queue = match access {
            Access::Read => &self.reads,
            Access::Write | Access::Note | Access::Alone => &self.writes,
        };
        queue.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> StoreResult<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map(|_| ())
        .map_err(|error| StoreError::Driver(error.to_string()))
}

fn connect(path: &Path, read_only: bool) -> StoreResult<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let not_a_database = |error: rusqlite::Error| {
        let error = StoreError::from(error);
        if matches!(error, StoreError::NotADatabase(_)) {
            return StoreError::NotADatabase(path.display().to_string());
        }
        error
    };
    let conn = Connection::open_with_flags(path, flags).map_err(not_a_database)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // A plan must not hang on the values it was first asked with; and one that may is made
    // anew each time a value is bound, which costs more than most queries.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if !read_only {
        if holds_other_tables(&conn).map_err(not_a_database)? {
            return Err(StoreError::NotADatabase(path.display().to_string()));
        }
        // FULL: an acknowledged order survives a power cut.
        conn.pragma_update(None, "journal_mode", "WAL").map_err(not_a_database)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
    }
    // Below zero, SQLite takes the number for KiB.
    conn.pragma_update(None, "cache_size", if read_only { -READ_CACHE_KIB } else { -WRITE_CACHE_KIB })?;
    conn.pragma_update(None, "foreign_keys", "ON")?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(conn)
}

/// Whether the file is the database of another program, which is not ours to change.
fn holds_other_tables(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row(
        "SELECT COUNT(*) > 0 AND COUNT(*) FILTER (WHERE name = 'schema_history') = 0 FROM sqlite_master",
        [],
        |row| row.get(0),
    )
}

/// Drains the queue: every closure runs in its own savepoint, all of them are committed
/// together, and only then is anyone answered. That is the group commit.
fn write_loop(conn: &Connection, queue: &Receiver<Work>) {
    while let Ok(first) = queue.recv() {
        if let Err(error) = run(conn, "BEGIN IMMEDIATE") {
            refuse(first, error);
            continue;
        }
        let begun = Instant::now();
        let mut answers = Vec::new();
        let mut next = Some(first);
        let mut standing = Ok(());
        while let Some(work) = next.take() {
            let (answer, failed) = run_in_savepoint(conn, work);
            answers.push(answer);
            // On a full disk or lack of memory SQLite may undo the whole transaction by
            // itself: everyone in it is refused, and nothing more may run outside of one.
            if conn.is_autocommit() {
                standing = Err(failed.unwrap_or(StoreError::Closed));
            } else if answers.len() < MAX_BATCH && begun.elapsed() < MAX_BATCH_SPAN {
                next = queue.try_recv().ok();
            }
        }
        let committed = standing.and_then(|()| run(conn, "COMMIT"));
        if committed.is_err() && !conn.is_autocommit() {
            let _ = run(conn, "ROLLBACK");
        }
        for answer in answers {
            answer(committed.clone());
        }
    }
}

type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Runs a closure; returns how to answer it, and the failure of a statement if one failed.
fn run_in_savepoint(conn: &Connection, work: Work) -> (Answer, Option<StoreError>) {
    // Without its savepoint a closure must not run: it could not be undone alone.
    let begun = run(conn, "SAVEPOINT work");
    let mut tx = Tx::new(Conn::Sqlite(conn));
    let Finished { keep, answer } = match begun {
        Ok(()) => work(Ok(&mut tx)),
        Err(error) => return (work(Err(error.clone())).answer, Some(error)),
    };
    let ended = if keep {
        run(conn, "RELEASE work")
    } else {
        run(conn, "ROLLBACK TO work").and_then(|()| run(conn, "RELEASE work"))
    };
    (Box::new(move |committed| answer(ended.and(committed))), tx.failed)
}

fn read_loop(conn: &Connection, queue: &Mutex<Receiver<Work>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        if let Err(error) = run(conn, "BEGIN") {
            refuse(work, error);
            continue;
        }
        let mut tx = Tx::new(Conn::Sqlite(conn));
        let finished = work(Ok(&mut tx));
        let ended = run(conn, "COMMIT");
        (finished.answer)(ended);
    }
}

fn refuse(work: Work, error: StoreError) {
    (work(Err(error)).answer)(Ok(()));
}

fn run(conn: &Connection, sql: &str) -> StoreResult<()> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// SQLite gives `$1` a number by its first appearance, and `?1` by its digits as PostgreSQL
/// does `$1`. Looking each up by its name instead costs more than the query.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn bind(statement: &mut CachedStatement<'_>, params: &[Val<'_>]) -> StoreResult<()> {
    let wanted = statement.parameter_count();
    if wanted > params.len() {
        return Err(StoreError::Driver(format!("parameter {wanted} of a statement has no value")));
    }
    for (index, value) in params.iter().take(wanted).enumerate() {
        statement.raw_bind_parameter(index + 1, value as &dyn ToSql)?;
    }
    Ok(())
}

pub(super) fn execute(conn: &Connection, sql: &str, params: &[Val<'_>]) -> StoreResult<u64> {
    let mut statement = conn.prepare_cached(&numbered(sql))?;
    bind(&mut statement, params)?;
    let touched = statement.raw_execute()?;
    Ok(u64::try_from(touched).unwrap_or(u64::MAX))
}

pub(super) fn each(
    conn: &Connection,
    sql: &str,
    params: &[Val<'_>],
    take: &mut dyn FnMut(&Row<'_>) -> StoreResult<()>,
) -> StoreResult<()> {
    let mut statement = conn.prepare_cached(&numbered(sql))?;
    bind(&mut statement, params)?;
    let mut answer = statement.raw_query();
    while let Some(row) = answer.next()? {
        take(&Row::Sqlite(row))?;
    }
    Ok(())
}
