//! PostgreSQL: worker threads with one connection each. Some only read, so that a page
//! never waits behind writes that wait for each other.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::{ToSql, Type};
use postgres::{Client, Config, NoTls, Statement};

use super::error::{StoreError, StoreResult};
use super::value::{Row, Val};
use super::{Access, Backend, Conn, Tx, Work, migrate};

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

pub(super) struct Postgres {
    reads: Queue,
    writes: Queue,
}

type Queue = SyncSender<(Access, Work)>;

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
        drop(client);
        let reads = Self::hire(READERS, &config)?;
        let writes = Self::hire(WRITERS, &config)?;
        Ok(Self { reads, writes })
    }

    /// Connects some workers, who take from one queue.
    fn hire(workers: usize, config: &Config) -> StoreResult<Queue> {
        let (sender, receiver) = sync_channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..workers {
            let worker = Worker { client: config.connect(NoTls)?, statements: BTreeMap::new() };
            let (config, receiver) = (config.clone(), Arc::clone(&receiver));
            thread::Builder::new()
                .name("postgres".into())
                .spawn(move || work_loop(worker, &config, &receiver))
                .map_err(|error| StoreError::Driver(error.to_string()))?;
        }
        Ok(sender)
    }
}

/// How many migrations wait in the database, which is only read.
pub(super) fn waiting_migrations(url: &str) -> StoreResult<usize> {
    let mut config: Config = url.parse()?;
    config.connect_timeout(CONNECT_TIMEOUT).application_name("lojista");
    migrate::waiting_in_postgres(&mut config.connect(NoTls)?)
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

/// How a transaction begins, in one message.
const fn begin(access: Access) -> &'static str {
    match access {
        // By default each statement would see a moment of its own.
        Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Access::Write => "BEGIN",
        Access::Note => "BEGIN; SET LOCAL synchronous_commit = off",
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
        if let Err(error) = self.client.batch_execute(begin(access)) {
            (work(Err(error.into())).answer)(Ok(()));
            return;
        }
        let finished = work(Ok(&mut Tx::new(Conn::Postgres(self))));
        let ended = self.client.batch_execute(if finished.keep { "COMMIT" } else { "ROLLBACK" });
        (finished.answer)(ended.map_err(StoreError::from));
    }

    fn prepared(&mut self, sql: &str) -> StoreResult<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        // Statements are fixed texts of this program, plus a few filter combinations; the
        // limit is against a mistake that would build them from data.
        if self.statements.len() >= MAX_STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
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
    fn append(&mut self, table: &str, columns: &[&str], rows: &[&[Val<'_>]]) -> StoreResult<()>;
    fn hold(&mut self, name: &str) -> StoreResult<()>;
}

fn references<'p>(params: &'p [Val<'_>]) -> Vec<&'p (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

impl Statements for Worker {
    fn execute(&mut self, sql: &str, params: &[Val<'_>]) -> StoreResult<u64> {
        let statement = self.prepared(sql)?;
        Ok(self.client.execute(&statement, &references(params))?)
    }

    fn each(
        &mut self,
        sql: &str,
        params: &[Val<'_>],
        take: &mut dyn FnMut(&Row<'_>) -> StoreResult<()>,
    ) -> StoreResult<()> {
        let statement = self.prepared(sql)?;
        for row in &self.client.query(&statement, &references(params))? {
            take(&Row::Postgres(row))?;
        }
        Ok(())
    }

    fn append(&mut self, table: &str, columns: &[&str], rows: &[&[Val<'_>]]) -> StoreResult<()> {
        let columns = columns.join(", ");
        // The binary format says no types: those of the table's own columns are asked for once.
        let shape = self.prepared(&format!("SELECT {columns} FROM {table} LIMIT 0"))?;
        let copy = self.prepared(&format!("COPY {table} ({columns}) FROM STDIN BINARY"))?;
        let types: Vec<Type> = shape.columns().iter().map(|column| column.type_().clone()).collect();
        let mut writer = BinaryCopyInWriter::new(self.client.copy_in(&copy)?, &types);
        for row in rows {
            writer.write(&references(row))?;
        }
        writer.finish()?;
        Ok(())
    }

    fn hold(&mut self, name: &str) -> StoreResult<()> {
        let statement = self.prepared("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")?;
        self.client.query(&statement, &[&name])?;
        Ok(())
    }
}
