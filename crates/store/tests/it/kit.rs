//! A store of one's own for each test, on either engine, and a clock that stands still.

use std::env;
use std::future::Future;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use domain::id::uuid_v7;
use domain::{Clock, ManualClock, SeededEntropy, Timestamp, TypedId};
use store::{Location, Store, StoreResult, Tx};
use tempfile::TempDir;
use vault::{Token, TokenDigest};

const POSTGRES_URL: &str = "LOJISTA_TEST_POSTGRES_URL";
/// Set to `1` where a missing PostgreSQL is a failure, not a shorter run.
const POSTGRES_REQUIRED: &str = "CI_REQUIRE_POSTGRES";

/// Makes two tests of each specification: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($house:ident: House) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn specification($house: House) $body

            #[test]
            fn sqlite() {
                crate::kit::on_sqlite(specification);
            }

            #[test]
            fn postgres() {
                crate::kit::on_postgres(specification);
            }
        }
    )*};
}

/// A store of its own, its clock and its chance.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) location: Location,
    clock: ManualClock,
    entropy: Arc<SeededEntropy>,
}

impl House {
    fn at(location: Location) -> Self {
        let store = Store::open(&location).expect("a fresh store opens");
        // 2026-01-05T14:30:00Z
        let clock = ManualClock::at(Timestamp::from_millis(1_767_623_400_000));
        Self { store, location, clock, entropy: Arc::new(SeededEntropy::new(1)) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn wait(&self, span: Duration) -> Timestamp {
        self.clock.advance(span);
        self.now()
    }

    pub(crate) fn entropy(&self) -> Arc<SeededEntropy> {
        Arc::clone(&self.entropy)
    }

    pub(crate) fn id<T: TypedId>(&self) -> T {
        T::from_bytes(uuid_v7(self.now(), &*self.entropy))
    }

    pub(crate) fn digest(&self) -> TokenDigest {
        Token::random(&*self.entropy).digest()
    }

    /// Opens the same data a second time, as another process would.
    pub(crate) fn open_again(&self) -> StoreResult<Store> {
        Store::open(&self.location)
    }

    pub(crate) async fn try_write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.store.installation().write(work).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    ) -> T {
        self.try_write(work).await.expect("the write is kept")
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    ) -> T {
        self.store.installation().read(work).await.expect("the read succeeds")
    }

    /// How many rows a query of a count finds.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        self.read(move |tx| tx.row(sql, &[], |row| row.get(0))).await.expect("a count is one row")
    }

    /// Keeps every database thread that writes busy until the gate opens: whatever is asked
    /// for after this stands behind the gate.
    pub(crate) fn shut_gate(&self) -> Gate {
        /// At least as many as any engine has threads.
        const THREADS: usize = 8;
        let gate = Gate::default();
        for _ in 0..THREADS {
            let (gate, db) = (gate.clone(), self.store.installation().clone());
            let mut shut = Box::pin(async move {
                db.write(move |_| {
                    gate.pass();
                    Ok(())
                })
                .await
            });
            // The first poll puts it into the queue, ahead of everything that comes later;
            // a spawned task alone might be overtaken.
            let mut nobody = Context::from_waker(Waker::noop());
            assert!(shut.as_mut().poll(&mut nobody).is_pending(), "nothing passes a shut gate");
            tokio::spawn(shut);
        }
        gate
    }
}

/// Holds threads back until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn pass(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(open, |open| !*open).unwrap());
    }
}

fn block_on(specification: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(specification);
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(crate) fn on_sqlite<F: Future<Output = ()>>(specification: impl FnOnce(House) -> F) {
    let folder = folder();
    let location = Location::File(folder.path().join("lojista.db"));
    block_on(async { specification(House::at(location)).await });
}

/// Runs a specification in a schema of its own. Without a server it says so and returns,
/// unless the environment asks for one.
pub(crate) fn on_postgres<F: Future<Output = ()>>(specification: impl FnOnce(House) -> F) {
    let Ok(url) = env::var(POSTGRES_URL) else {
        assert!(
            env::var(POSTGRES_REQUIRED).is_err(),
            "{POSTGRES_REQUIRED} is set, but {POSTGRES_URL} names no server: run cargo xtask test"
        );
        eprintln!("not run: {POSTGRES_URL} names no server");
        return;
    };
    let schema = Schema::create(&url);
    block_on(async { specification(House::at(schema.location())).await });
}

/// A schema that lives as long as its test.
struct Schema {
    url: String,
    name: String,
}

impl Schema {
    fn create(url: &str) -> Self {
        let chance: [u8; 16] = uuid_v7(Timestamp::EPOCH, &vault::OsEntropy);
        let name = format!("test_{:032x}", u128::from_be_bytes(chance));
        let schema = Self { url: url.to_owned(), name };
        schema.run(&format!("CREATE SCHEMA {}", schema.name));
        schema
    }

    fn location(&self) -> Location {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        // No specification looks at what a crash of the server leaves: do not wait for its disk.
        let options = format!("-csearch_path%3D{}%20-csynchronous_commit%3Doff", self.name);
        Location::Server(format!("{}{separator}options={options}", self.url))
    }

    fn run(&self, sql: &str) {
        let mut client = postgres::Client::connect(&self.url, postgres::NoTls).expect("PostgreSQL answers");
        client.batch_execute(sql).expect("the schema statement runs");
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // A failed test leaves its schema: transactions that hang would make us wait for
        // them, and the server does not outlive the run anyway.
        if !std::thread::panicking() {
            self.run(&format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}
