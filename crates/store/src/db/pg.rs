//! PostgreSQL: worker threads with one connection each, taking from one queue.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use postgres::types::ToSql;
use postgres::{Client, Config, IsolationLevel, NoTls, Statement};

use super::error::{StoreError, StoreResult};
use super::value::{Row, Val};
use super::{Backend, Conn, Tx, Work, migrate};

/// Connections of one node: reading and writing share them.
const WORKERS: usize = 6;
/// Transactions that may wait; beyond it the asker is told at once.
const QUEUE: usize = 8_192;
/// Prepared statements kept per connection.
const MAX_STATEMENTS: usize = 512;
/// How long a connection attempt may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) struct Postgres {
    queue: SyncSender<(Access, Work)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Postgres {
    pub(super) fn open(url: &str) -> StoreResult<Self> {
        // The client drives a runtime of its own, which must not start on a thread that
        // drives another one.
        thread::scope(|scope| scope.spawn(|| Self::connect(url)).join()).unwrap_or(Err(StoreError::Panicked))
    }

    fn connect(url: &str) -> StoreResult<Self> {
        let mut config: Config = url.parse()?;
        config.connect_timeout(CONNECT_TIMEOUT).application_name("lojista");
        let mut client = config.connect(NoTls)?;
        migrate::postgres(&mut client)?;

        let (sender, receiver) = sync_channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        let mut first = Some(Worker { client, statements: BTreeMap::new() });
        for _ in 0..WORKERS {
            let worker = match first.take() {
                Some(worker) => worker,
                None => Worker { client: config.connect(NoTls)?, statements: BTreeMap::new() },
            };
            let (config, receiver) = (config.clone(), Arc::clone(&receiver));
            thread::Builder::new()
                .name("postgres".into())
                .spawn(move || work_loop(worker, &config, &receiver))
                .map_err(|error| StoreError::Driver(error.to_string()))?;
        }
        Ok(Self { queue: sender })
    }

    fn send(&self, access: Access, work: Work) -> Result<(), StoreError> {
        self.queue.try_send((access, work)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }
}

/// How many migrations wait in the database, which is only read.
pub(super) fn waiting_migrations(url: &str) -> StoreResult<usize> {
    let mut config: Config = url.parse()?;
    config.connect_timeout(CONNECT_TIMEOUT).application_name("lojista");
    migrate::waiting_in_postgres(&mut config.connect(NoTls)?)
}

impl Backend for Postgres {
    fn write(&self, work: Work) -> Result<(), StoreError> {
        self.send(Access::Write, work)
    }

    fn read(&self, work: Work) -> Result<(), StoreError> {
        self.send(Access::Read, work)
    }
}

/// A connection and the statements it has prepared.
struct Worker {
    client: Client,
    statements: BTreeMap<String, Statement>,
}

fn work_loop(mut worker: Worker, config: &Config, queue: &Mutex<Receiver<(Access, Work)>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((access, work)) = next else { return };
        if worker.client.is_closed() {
            match config.connect(NoTls) {
                Ok(client) => worker = Worker { client, statements: BTreeMap::new() },
                Err(error) => {
                    (work(Err(error.into())).answer)(Ok(()));
                    continue;
                }
            }
        }
        worker.run(access, work);
    }
}

impl Worker {
    fn run(&mut self, access: Access, work: Work) {
        let builder = self.client.build_transaction();
        let builder = match access {
            // By default each statement would see a moment of its own.
            Access::Read => builder.read_only(true).isolation_level(IsolationLevel::RepeatableRead),
            Access::Write => builder,
        };
        let begun = builder.start().map_err(StoreError::from);
        let inner = match begun {
            Ok(inner) => inner,
            Err(error) => {
                (work(Err(error)).answer)(Ok(()));
                return;
            }
        };
        let mut transaction = Transaction { inner, statements: &mut self.statements };
        let finished = work(Ok(&mut Tx::new(Conn::Postgres(&mut transaction))));
        let Transaction { inner, .. } = transaction;
        let ended = if finished.keep { inner.commit() } else { inner.rollback() };
        (finished.answer)(ended.map_err(StoreError::from));
    }
}

/// What [`Tx`] needs of a PostgreSQL transaction, without its lifetimes.
pub(super) trait Statements {
    fn execute(&mut self, sql: &str, params: &[Val<'_>]) -> StoreResult<u64>;
    fn each(
        &mut self,
        sql: &str,
        params: &[Val<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> StoreResult<()>,
    ) -> StoreResult<()>;
    fn hold(&mut self, name: &str) -> StoreResult<()>;
}

/// A transaction and its connection's prepared statements.
struct Transaction<'c> {
    inner: postgres::Transaction<'c>,
    statements: &'c mut BTreeMap<String, Statement>,
}

impl Transaction<'_> {
    fn prepared(&mut self, sql: &str) -> StoreResult<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.inner.prepare(sql)?;
        // Statements are fixed texts of this program, plus a few filter combinations; the
        // limit is against a mistake that would build them from data.
        if self.statements.len() >= MAX_STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn references<'p>(params: &'p [Val<'_>]) -> Vec<&'p (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl Statements for Transaction<'_> {
    fn execute(&mut self, sql: &str, params: &[Val<'_>]) -> StoreResult<u64> {
        let statement = self.prepared(sql)?;
        Ok(self.inner.execute(&statement, &references(params))?)
    }

    fn each(
        &mut self,
        sql: &str,
        params: &[Val<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> StoreResult<()>,
    ) -> StoreResult<()> {
        let statement = self.prepared(sql)?;
        for row in &self.inner.query(&statement, &references(params))? {
            take(&Row::Postgres(row))?;
        }
        Ok(())
    }

    fn hold(&mut self, name: &str) -> StoreResult<()> {
        let statement = self.prepared("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")?;
        self.inner.query(&statement, &[&name])?;
        Ok(())
    }
}
