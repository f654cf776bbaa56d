//! A database of one's own for each test, on either engine.

use std::env;
use std::future::Future;
use std::path::Path;

use domain::Timestamp;
use domain::id::uuid_v7;
use store::Location;
use tempfile::TempDir;

/// Names the server that tests make their schemas on; `cargo xtask test` starts one.
pub const POSTGRES_URL: &str = "LOJISTA_TEST_POSTGRES_URL";
/// Set where a missing PostgreSQL is a failure, not a shorter run.
pub const POSTGRES_REQUIRED: &str = "CI_REQUIRE_POSTGRES";
/// Memory that looks like a disk: a test has no power cut to survive.
const MEMORY_DISK: &str = "/dev/shm";

/// A folder that is gone with the test; in memory where the system has such a place.
///
/// # Panics
/// When none can be made.
#[must_use]
pub fn folder() -> TempDir {
    let made =
        if Path::new(MEMORY_DISK).is_dir() { tempfile::tempdir_in(MEMORY_DISK) } else { tempfile::tempdir() };
    made.expect("a temporary folder can be made")
}

/// Where a shop's SQLite file lies in `folder`.
#[must_use]
pub fn file_in(folder: &TempDir) -> Location {
    Location::File(folder.path().join("lojista.db"))
}

/// Runs a specification on SQLite.
pub fn on_sqlite<F: Future<Output = ()>>(specification: impl FnOnce(Location) -> F) {
    let folder = folder();
    block_on(specification(file_in(&folder)));
}

/// Runs a specification in a PostgreSQL schema of its own. Without a server it says so
/// and returns, unless the environment asks for one.
///
/// # Panics
/// When the server does not answer.
pub fn on_postgres<F: Future<Output = ()>>(specification: impl FnOnce(Location) -> F) {
    let Ok(url) = env::var(POSTGRES_URL) else {
        assert!(
            env::var(POSTGRES_REQUIRED).is_err(),
            "{POSTGRES_REQUIRED} is set, but {POSTGRES_URL} names no server: run cargo xtask test"
        );
        eprintln!("not run: {POSTGRES_URL} names no server");
        return;
    };
    let schema = Schema::create(&url);
    block_on(specification(schema.location()));
}

/// Runs a future on a runtime of one thread: what does not wait for anything runs in one
/// order only.
///
/// # Panics
/// When no runtime can be started.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(future)
}

/// One more PostgreSQL schema, where there is a server.
///
/// # Panics
/// When the server does not answer.
#[must_use]
pub fn one_more_schema() -> Option<Schema> {
    env::var(POSTGRES_URL).ok().map(|url| Schema::create(&url))
}

/// A schema that lives as long as its test.
#[derive(Debug)]
pub struct Schema {
    url: String,
    name: String,
}

impl Schema {
    pub(crate) fn create(url: &str) -> Self {
        let chance: [u8; 16] = uuid_v7(Timestamp::EPOCH, &vault::OsEntropy);
        let name = format!("test_{:032x}", u128::from_be_bytes(chance));
        let schema = Self { url: url.to_owned(), name };
        schema.run(&format!("CREATE SCHEMA {}", schema.name));
        schema
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> Location {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        Location::Server(format!("{}{separator}options=-csearch_path%3D{}", self.url, self.name))
    }

    fn run(&self, sql: &str) {
        // The client drives a runtime of its own, which must not start inside another one.
        std::thread::scope(|scope| {
            let run = scope.spawn(|| {
                let client = postgres::Client::connect(&self.url, postgres::NoTls);
                client
                    .expect("the server answers")
                    .batch_execute(sql)
                    .expect("the server takes the statement");
            });
            run.join().expect("the statement ran");
        });
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.name));
    }
}
