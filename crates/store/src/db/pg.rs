//! PostgreSQL: worker threads with one connection each. Some only read, so that a page
//! never waits behind writes that wait for each other.
//!
//! A worker drives its connection itself, on a runtime of its own thread. So a
//! transaction's beginning travels with its first statement, and the end of one that only
//! read is not waited for: two trips less of the four that a look-up would take.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use futures::future::maybe_done;
use futures::poll;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, NoTls, Statement};

use super::error::{StoreError, StoreResult};
use super::value::{Row, Val};
use super::way::Way;
use super::{Access, Backend, Conn, LastStatement, Tx, Work, migrate};

/// Connections of one node that read.
const READERS: usize = 4;
/// Connections of one node that write. As many as jobs of one account run side by side:
/// those of one SKU wait for each other, the others need not wait for them.
const WRITERS: usize = 8;
/// Transactions of each kind that may wait; beyond it the asker is told at once.
const QUEUE: usize = 8_192;
/// Prepared statements kept per connection.
const MAX_STATEMENTS: usize = 512;
/// How long a connection attempt may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A statement's plan is made once and kept, maybe while its table is new and empty: then
/// reading all of it looks best, and goes on looking so. Every query here has an index to
/// go by; and none is worth compiling, whatever that makes its cost look like.
const PLANS: &str = "SET enable_seqscan = off; SET jit = off";

pub(super) struct Postgres {
    reads: Queue,
    writes: Queue,
}

type Queue = SyncSender<(Access, Work)>;

impl Postgres {
    pub(super) fn open(url: &str) -> StoreResult<Self> {
        Self::open_up_to(url, i64::MAX)
    }

    /// With the schema as it was at this migration.
    pub(super) fn open_up_to(url: &str, schema: i64) -> StoreResult<Self> {
        let way = way_to(url)?;
        on_a_thread(|| {
            let mut session = Session::open(&way)?;
            session.runtime.block_on(migrate::postgres(&mut session.client, schema))
        })?;
        Ok(Self { reads: hire(READERS, &way)?, writes: hire(WRITERS, &way)? })
    }
}

/// How many migrations wait in the database, which is only read.
pub(super) fn waiting_migrations(url: &str) -> StoreResult<usize> {
    let way = way_to(url)?;
    on_a_thread(|| {
        let session = Session::open(&way)?;
        session.runtime.block_on(migrate::waiting_in_postgres(&session.client))
    })
}

/// Whether the database holds no table, or ours without the facts of an installation.
pub(super) fn is_empty(url: &str) -> StoreResult<bool> {
    let way = way_to(url)?;
    on_a_thread(|| {
        let session = Session::open(&way)?;
        session.runtime.block_on(async {
            let tables: i64 = session
                .client
                .query_one(
                    "SELECT COUNT(*) FROM pg_class WHERE relkind = 'r' \
                     AND relnamespace = current_schema()::regnamespace",
                    &[],
                )
                .await?
                .get(0);
            if tables == 0 {
                return Ok(true);
            }
            let ours: bool =
                session.client.query_one("SELECT to_regclass('setting') IS NOT NULL", &[]).await?.get(0);
            // Whatever has been started once has made its settings.
            Ok(ours
                && session
                    .client
                    .query_one(
                        "SELECT (SELECT COUNT(*) FROM setting) + (SELECT COUNT(*) FROM organization)",
                        &[],
                    )
                    .await?
                    .get::<_, i64>(0)
                    == 0)
        })
    })
}

fn way_to(url: &str) -> StoreResult<Way> {
    let mut way = Way::to(url)?;
    way.config.connect_timeout(CONNECT_TIMEOUT).application_name("lojista");
    Ok(way)
}

/// A session drives a runtime of its own, which must not start on a thread that drives
/// another one.
fn on_a_thread<T: Send>(work: impl FnOnce() -> StoreResult<T> + Send) -> StoreResult<T> {
    thread::scope(|scope| scope.spawn(work).join()).unwrap_or(Err(StoreError::Panicked))
}

/// Connects some workers, who take from one queue. Fails when one cannot connect.
fn hire(workers: usize, way: &Way) -> StoreResult<Queue> {
    let (sender, receiver) = sync_channel(QUEUE);
    let receiver = Arc::new(Mutex::new(receiver));
    let (connected, outcomes) = sync_channel(workers);
    for _ in 0..workers {
        let (way, receiver, connected) = (way.clone(), Arc::clone(&receiver), connected.clone());
        thread::Builder::new()
            .name("postgres".into())
            .spawn(move || {
                let session = Session::open(&way);
                let _ = connected.send(session.as_ref().map(|_| ()).map_err(StoreError::clone));
                if let Ok(session) = session {
                    work_loop(session, &way, &receiver);
                }
            })
            .map_err(|error| StoreError::Driver(error.to_string()))?;
    }
    outcomes.iter().take(workers).collect::<StoreResult<()>>()?;
    Ok(sender)
}

impl Backend for Postgres {
    fn send(&self, access: Access, work: Work) -> Result<(), StoreError> {
        let queue = if access == Access::Read { &self.reads } else { &self.writes };
        queue.try_send((access, work)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }
}

/// How a transaction begins, in one message; `None` for one statement alone.
const fn begin(access: Access) -> Option<&'static str> {
    match access {
        // By default each statement would see a moment of its own.
        Access::Read => Some("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        Access::Write => Some("BEGIN"),
        Access::Note => Some("BEGIN; SET LOCAL synchronous_commit = off"),
        Access::Alone => None,
    }
}

fn work_loop(mut session: Session, way: &Way, queue: &Mutex<Receiver<(Access, Work)>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((access, work)) = next else { return };
        if session.client.is_closed() {
            match Session::open(way) {
                Ok(opened) => session = opened,
                Err(error) => {
                    (work(Err(error)).answer)(Ok(()));
                    continue;
                }
            }
        }
        session.run(access, work);
    }
}

/// A connection, what drives it, and the statements it has prepared.
struct Session {
    runtime: Runtime,
    client: Client,
    statements: BTreeMap<String, Statement>,
    /// How the running transaction begins, until its first statement takes it along.
    to_begin: Option<&'static str>,
}

impl Session {
    fn open(way: &Way) -> StoreResult<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StoreError::Driver(error.to_string()))?;
        let client = runtime.block_on(async {
            // Its end is seen by the client, with the reason.
            let client = if let Some(tls) = &way.tls {
                let (client, connection) = way.config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                client
            } else {
                let (client, connection) = way.config.connect(NoTls).await?;
                tokio::spawn(connection);
                client
            };
            client.batch_execute(PLANS).await?;
            Ok::<_, Error>(client)
        })?;
        Ok(Self { runtime, client, statements: BTreeMap::new(), to_begin: None })
    }

    fn run(&mut self, access: Access, work: Work) {
        self.to_begin = begin(access);
        let finished = work(Ok(&mut Tx::new(Conn::Postgres(self))));
        // A transaction that ran nothing was never begun, and one statement alone needs none.
        let ended = if self.to_begin.take().is_some() || access == Access::Alone {
            Ok(())
        } else if access == Access::Read {
            self.leave();
            Ok(())
        } else {
            let end = if finished.keep { "COMMIT" } else { "ROLLBACK" };
            self.runtime.block_on(self.client.batch_execute(end)).map_err(StoreError::from)
        };
        (finished.answer)(ended);
    }

    /// Ends a transaction that only read: said, but not waited for.
    fn leave(&self) {
        self.runtime.block_on(async {
            let mut end = pin!(self.client.batch_execute("ROLLBACK"));
            // The first poll hands it to the connection, which then gets its turn.
            let _ = end.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            tokio::task::yield_now().await;
        });
    }

    fn prepared(&mut self, sql: &str) -> StoreResult<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.runtime.block_on(self.client.prepare(sql))?;
        // Statements are fixed texts of this program, plus a few filter combinations; the
        // limit is against a mistake that would build them from data.
        if self.statements.len() >= MAX_STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// Sends a statement right behind the transaction's beginning, if that is still to come.
async fn behind<T>(
    to_begin: Option<&'static str>,
    client: &Client,
    statement: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(begin) = to_begin else { return statement.await };
    let (opened, done) = tokio::join!(biased; client.batch_execute(begin), statement);
    opened.and(done)
}

/// What [`Tx`] needs of a PostgreSQL transaction.
pub(super) trait Statements {
    fn execute(&mut self, sql: &str, params: &[Val<'_>]) -> StoreResult<u64>;
    fn each(
        &mut self,
        sql: &str,
        params: &[Val<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> StoreResult<()>,
    ) -> StoreResult<()>;
    fn execute_all(&mut self, statements: &[LastStatement]) -> StoreResult<()>;
    fn hold(&mut self, name: &str) -> StoreResult<()>;
    fn hold_together(&mut self, name: &str) -> StoreResult<()>;
}

fn references<'p>(params: &'p [Val<'_>]) -> Vec<&'p (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl Statements for Session {
    fn execute(&mut self, sql: &str, params: &[Val<'_>]) -> StoreResult<u64> {
        let statement = self.prepared(sql)?;
        let params = references(params);
        let asked = self.client.execute(&statement, &params);
        Ok(self.runtime.block_on(behind(self.to_begin.take(), &self.client, asked))?)
    }

    fn each(
        &mut self,
        sql: &str,
        params: &[Val<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> StoreResult<()>,
    ) -> StoreResult<()> {
        let statement = self.prepared(sql)?;
        let params = references(params);
        let asked = self.client.query(&statement, &params);
        let rows = self.runtime.block_on(behind(self.to_begin.take(), &self.client, asked))?;
        for row in &rows {
            take(&Row::Postgres(row))?;
        }
        Ok(())
    }

    fn execute_all(&mut self, statements: &[LastStatement]) -> StoreResult<()> {
        let prepared =
            statements.iter().map(|it| self.prepared(it.sql)).collect::<StoreResult<Vec<Statement>>>()?;
        let values: Vec<Vec<Val<'_>>> = statements.iter().map(LastStatement::lent).collect();
        let params: Vec<_> = values.iter().map(|values| references(values)).collect();
        let client = &self.client;
        let asked = async {
            let calls = prepared.iter().zip(&params);
            let mut calls: Vec<_> =
                calls.map(|(it, params)| Box::pin(maybe_done(client.execute(it, params)))).collect();
            // A call is sent when it is polled for the first time: all of them, in their order.
            for call in &mut calls {
                let _ = poll!(call.as_mut());
            }
            let mut touched = Vec::with_capacity(calls.len());
            for call in &mut calls {
                call.as_mut().await;
                touched.extend(call.as_mut().take_output());
            }
            touched.into_iter().collect::<Result<Vec<u64>, Error>>()
        };
        let touched = self.runtime.block_on(behind(self.to_begin.take(), &self.client, asked))?;
        statements.iter().zip(touched).try_for_each(|(statement, touched)| statement.check(touched))
    }

    fn hold(&mut self, name: &str) -> StoreResult<()> {
        self.each("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", &[name.into()], &mut |_| Ok(()))
    }

    fn hold_together(&mut self, name: &str) -> StoreResult<()> {
        let sql = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))";
        self.each(sql, &[name.into()], &mut |_| Ok(()))
    }
}
