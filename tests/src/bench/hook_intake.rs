//! How many hooks a second are kept durably before they are answered, and how late the
//! answers are. Three servers take the same requests from the same clients in turns: one
//! that does nothing, the house, and one that spends a transaction on each hook.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use connect::{Channel, HookRequest, HookSubject};
use domain::Clock as _;
use sandbox::{Sandbox, SandboxConfig};
use serde_json::json;
use store::{Location, Store, inbox, params};
use vault::{Keyring, OsEntropy};

use super::load::{self, Outcome, Pace, median};
use super::report::{Bound, Figure, Report};
use super::stage::{self, CHANNEL, Ground, Stage, SystemClock};
use super::{Result, http};

const BENCH: &str = "hook-intake";
/// Connections that are kept, as the house promises its figures for.
const CONNECTIONS: usize = 64;
/// Connections under overload. Each carries one request at a time, so that the pressure
/// of an unbounded crowd is made of more of them.
const OVERLOAD_CONNECTIONS: usize = 256;
/// Different hooks that are sent in turns.
const DIFFERENT_HOOKS: u64 = 1_000;
/// Each server's turns; their middle counts.
const ROUNDS: usize = 3;
const FLOOR_PATH: &str = "/floor";
const NAIVE_PATH: &str = "/naive";

/// Keeps a hook in a transaction of its own.
enum Naive {
    Sqlite(Mutex<rusqlite::Connection>),
    Postgres(Store),
}

/// What a table of hooks would be without batches: a row for each.
const TABLE: &str = "CREATE TABLE naive_inbox (seq {serial}, channel TEXT NOT NULL, account_external_id TEXT NOT NULL, \
                     subject_kind TEXT NOT NULL, subject_id TEXT NOT NULL, topic TEXT NOT NULL, \
                     received_at BIGINT NOT NULL)";
const INSERT: &str = "INSERT INTO naive_inbox (channel, account_external_id, subject_kind, subject_id, topic, \
                      received_at) VALUES ($1, $2, 'order', $3, $4, $5)";

impl Naive {
    async fn open(location: &Location, store: &Store) -> Result<Self> {
        Ok(match location {
            Location::File(path) => {
                let conn = rusqlite::Connection::open(path)?;
                conn.pragma_update(None, "journal_mode", "WAL")?;
                conn.pragma_update(None, "synchronous", "FULL")?;
                conn.busy_timeout(Duration::from_secs(5))?;
                conn.execute(&TABLE.replace("{serial}", "INTEGER PRIMARY KEY AUTOINCREMENT"), [])?;
                Self::Sqlite(Mutex::new(conn))
            }
            // There the facade spends a transaction on each closure anyway.
            Location::Server(_) => {
                let table = TABLE.replace("{serial}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY");
                store.installation().write(move |tx| tx.execute(&table, &[])).await?;
                Self::Postgres(store.clone())
            }
        })
    }

    fn keep_sqlite(conn: &Mutex<rusqlite::Connection>, hook: &Hook) -> rusqlite::Result<()> {
        let mut conn = conn.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        tx.prepare_cached(INSERT)?.execute(rusqlite::params![
            CHANNEL.as_str(),
            hook.account,
            hook.order,
            hook.topic,
            SystemClock.now().as_millis()
        ])?;
        tx.commit()
    }

    async fn keep(self: Arc<Self>, hook: Hook) -> Result<()> {
        if let Self::Postgres(store) = &*self {
            let keep = move |tx: &mut store::Tx<'_>| {
                let now = SystemClock.now();
                tx.execute(INSERT, params![CHANNEL.as_str(), &hook.account, &hook.order, &hook.topic, now])
            };
            store.installation().write(keep).await?;
            return Ok(());
        }
        tokio::task::spawn_blocking(move || match &*self {
            Self::Sqlite(conn) => Self::keep_sqlite(conn, &hook),
            Self::Postgres(_) => Ok(()),
        })
        .await??;
        Ok(())
    }
}

struct Hook {
    account: String,
    order: String,
    topic: String,
}

/// Checks a hook as the house does, and keeps it in its own transaction.
async fn take_naively(
    State((naive, channel)): State<(Arc<Naive>, Arc<dyn Channel>)>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Ok(events) = channel.hooks().read(HookRequest { url: "", headers: &headers, body: &body }) else {
        return StatusCode::BAD_REQUEST;
    };
    for event in events {
        let HookSubject::Order(order) = event.subject else { continue };
        let hook = Hook { account: event.account_external_id, order, topic: event.topic };
        if Arc::clone(&naive).keep(hook).await.is_err() {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    StatusCode::OK
}

/// The three servers, running.
struct Servers {
    address: SocketAddr,
    stage: Stage,
    floor: Arc<Vec<Vec<u8>>>,
    house: Arc<Vec<Vec<u8>>>,
    naive: Arc<Vec<Vec<u8>>>,
}

impl Servers {
    async fn open(location: &Location) -> Result<Self> {
        let manifest = Sandbox::new(SandboxConfig::new(Arc::new(SystemClock))).manifest();
        let marketplace = stage::registration(&manifest).ok_or("the sandbox has no application")?;
        let client_id = marketplace.client_id.clone();
        let (listener, address) = stage::listen().await?;
        let keyring = Keyring::generate(&OsEntropy);
        let stage = Stage::open(location, keyring, marketplace, &format!("http://{address}")).await?;
        let naive = Arc::new(Naive::open(location, stage.app.store()).await?);
        let channel = stage.app.channel(CHANNEL).ok_or("the channel is not configured")?;
        let beside = Router::new()
            .route(NAIVE_PATH, post(take_naively))
            .with_state((naive, channel))
            .route(FLOOR_PATH, post(async || StatusCode::OK));
        stage::serve(listener, stage.router().merge(beside));
        let requests =
            |path: &str| Arc::new((0..DIFFERENT_HOOKS).map(|one| request(path, &client_id, one)).collect());
        Ok(Self {
            address,
            floor: requests(FLOOR_PATH),
            house: requests(&stage.hook_path()),
            naive: requests(NAIVE_PATH),
            stage,
        })
    }
}

/// A notification as the platform sends it.
fn request(path: &str, client_id: &str, one: u64) -> Vec<u8> {
    let body = json!({
        "_id": format!("5f8b7c2e-{one:012}"),
        "topic": "orders_v2",
        "resource": format!("/orders/{}", 2_000_003_508_419_013 + one),
        "user_id": 100_200_300,
        "application_id": client_id.parse::<u64>().unwrap_or_default(),
        "attempts": 1,
        "sent": "2026-01-05T14:30:00.123Z",
        "received": "2026-01-05T14:30:00.083Z",
    });
    http::request("POST", path, "Content-Type: application/json\r\n", &body.to_string())
}

/// Measures on one database; each turn takes `span`.
pub fn run(ground: &Ground, span: Duration, report: &mut Report) -> Result<()> {
    let runtime = stage::server_runtime()?;
    let servers = runtime.block_on(Servers::open(&ground.location))?;
    let waiting = || runtime.block_on(servers.stage.app.store().installation().read(inbox::waiting));
    let ask = |requests, pace, connections| load::run(servers.address, requests, connections, pace, span);
    let mut figure = |name: &str, value: f64, unit, bound| {
        report.add(Figure { bench: BENCH, database: ground.name, name: name.into(), value, unit, bound });
    };

    let (mut floor, mut house, mut naive) = (Vec::new(), Vec::new(), Vec::new());
    let mut kept = Kept::default();
    for _ in 0..ROUNDS {
        floor.push(ask(&servers.floor, Pace::Closed, CONNECTIONS)?.per_second());
        let before = waiting()?;
        let outcome = ask(&servers.house, Pace::Closed, CONNECTIONS)?;
        kept.count(&outcome, waiting()? - before);
        house.push(outcome.per_second());
        naive.push(ask(&servers.naive, Pace::Closed, CONNECTIONS)?.per_second());
    }
    let (floor, house, naive) = (median(floor), median(house), median(naive));
    figure("server that answers 200 to nothing", floor, "1/s", None);
    figure("hooks acknowledged, each durable", house, "1/s", None);
    figure("one transaction for each hook", naive, "1/s", None);
    figure("durable ÷ nothing", house / floor, "ratio", Some(Bound::AtLeast(0.4)));
    figure("durable ÷ one transaction each", house / naive, "ratio", Some(Bound::AtLeast(10.0)));

    let before = waiting()?;
    let half = ask(&servers.house, Pace::Open { per_second: house / 2.0, from_sending: false }, CONNECTIONS)?;
    kept.count(&half, waiting()? - before);
    figure("p50 at half saturation", half.quantile_ms(0.5), "ms", Some(Bound::AtMost(2.0)));
    figure("p99 at half saturation", half.quantile_ms(0.99), "ms", Some(Bound::AtMost(50.0)));

    let before = waiting()?;
    let pace = Pace::Open { per_second: house * 2.0, from_sending: true };
    let over = ask(&servers.house, pace, OVERLOAD_CONNECTIONS)?;
    kept.count(&over, waiting()? - before);
    figure("asked for at 2 × saturation", house * 2.0, "1/s", None);
    figure("acknowledged at 2 × saturation", over.per_second(), "1/s", None);
    figure("latest answer at 2 × saturation", over.quantile_ms(1.0), "ms", Some(Bound::AtMost(500.0)));
    figure("refused in all", kept.refused, "hooks", None);
    figure("acknowledged in all", kept.acknowledged, "hooks", None);
    figure(
        "acknowledged and not kept",
        kept.acknowledged - kept.waiting,
        "hooks",
        Some(Bound::Within(0.0, 0.0)),
    );
    report.note(format!(
        "hook-intake: clients ({CONNECTIONS} kept connections, {OVERLOAD_CONNECTIONS} at 2 × saturation) and servers \
         share this machine's cores; hooks are not sorted into jobs meanwhile; middle of {ROUNDS} turns"
    ));
    Ok(())
}

/// What was acknowledged against what is in the inbox.
#[derive(Debug, Default)]
struct Kept {
    acknowledged: f64,
    refused: f64,
    waiting: f64,
}

impl Kept {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 hooks")]
    fn count(&mut self, outcome: &Outcome, waiting: i64) {
        self.acknowledged += outcome.acknowledged as f64;
        self.refused += outcome.refused as f64;
        self.waiting += waiting as f64;
    }
}
