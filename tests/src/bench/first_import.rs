//! How fast a shop with a long history is taken in: the program as it is shipped, in a
//! process of its own, imports an account whose marketplace holds many orders. Then once
//! more, ended with SIGKILL halfway.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::Request;
use domain::{Clock, ConnectionId, Timestamp};
use sandbox::mercado_livre::Rules;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{LoopbackSender, SaleRequest, Sandbox, SandboxConfig};
use serde_json::json;
use store::Location;
use store::imports::ImportPhase;
use vault::{Keyring, OsEntropy};

use super::program::{self, Program};
use super::report::{Bound, Figure, Report};
use super::stage::{self, CHANNEL, Stage, SystemClock};
use super::{Result, cpu, http};

const BENCH: &str = "first-import";
/// The orders were placed within this span before the import; a little less than it reads.
const HISTORY: Duration = Duration::from_hours(28 * 24);
/// Steps in which time passes at the marketplace while it sells.
const STEPS: u32 = 28 * 24;
/// Steps that a parcel is on its way: five days.
const STEPS_UNDER_WAY: usize = 5 * 24;
/// Units of each item before the first sale: as many as a listing can show.
const UNITS: i64 = 99_999;
/// The platform's own limit is lifted: it is the house that is measured.
const NO_LIMIT_PER_MINUTE: u32 = 10_000_000;
/// Between two looks at how far the import is.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The longest an import may take.
const IMPORT_LIMIT: Duration = Duration::from_mins(20);
const MEGABYTE: f64 = 1e6;

/// The machine's time, some while ago.
#[derive(Debug)]
struct Past(Duration);

impl Clock for Past {
    fn now(&self) -> Timestamp {
        SystemClock.now().minus(self.0)
    }
}

/// How an import went.
#[derive(Debug, Default)]
struct Import {
    /// While the program ran and read orders.
    took: Duration,
    /// The most memory that the program kept, in bytes.
    resident: u64,
    /// Orders held at the end, and different ones among them.
    held: (i64, i64),
}

/// Measures on SQLite files below `folder`, with so many orders.
pub async fn run(folder: &Path, orders: u32, report: &mut Report) -> Result<()> {
    let world = World::open(orders).await?;
    let whole = world.import(folder, None).await?;
    let cut = world.import(folder, Some(i64::from(orders / 2))).await?;
    let sold = world.shown_to_the_seller();
    #[expect(clippy::cast_precision_loss, reason = "far less than 2^52")]
    let (held, megabytes) = (whole.held.0 as f64, whole.resident.max(cut.resident) as f64 / MEGABYTE);
    #[expect(clippy::cast_precision_loss, reason = "far less than 2^52")]
    let apart = |(held, different): (i64, i64)| ((sold - different).abs() + (held - different)) as f64;
    let mut figure = |name: &str, value: f64, unit, bound| {
        report.add(Figure { bench: BENCH, database: "sqlite", name: name.into(), value, unit, bound });
    };
    figure("orders taken in", held, "orders", None);
    figure("committed", held / whole.took.as_secs_f64(), "1/s", Some(Bound::AtLeast(1_500.0)));
    figure("most resident memory", megabytes, "MB", Some(Bound::AtMost(150.0)));
    figure("lost or doubled", apart(whole.held), "orders", Some(Bound::AtMost(0.0)));
    figure("lost or doubled, killed halfway", apart(cut.held), "orders", Some(Bound::AtMost(0.0)));
    report.note(format!(
        "first-import: {sold} orders of the last 28 days, those of the last 5 under way, at the sandbox in another process, \
         read over loopback; from the first page of orders to the last"
    ));
    Ok(())
}

/// The marketplace, with its history.
struct World {
    sandbox: Sandbox,
    address: std::net::SocketAddr,
    /// Where the program listens.
    listen: String,
}

impl World {
    async fn open(orders: u32) -> Result<Self> {
        let (market, address) = stage::listen().await?;
        // Free now, and nobody else's soon: the program takes it.
        let (free, listen) = stage::listen().await?;
        drop(free);
        let listen = listen.to_string();
        let sandbox = Sandbox::new(SandboxConfig {
            base_url: format!("http://{address}"),
            redirect_uri: format!("http://{listen}/connections/callback/{}", CHANNEL.as_str()),
            rules: Rules { requests_per_minute: NO_LIMIT_PER_MINUTE, ..Rules::default() },
            ..SandboxConfig::new(Arc::new(Past(HISTORY)))
        });
        tokio::spawn(sandbox.spawn_with(market, LoopbackSender).join_all());
        let world = Self { sandbox, address, listen };
        world.sell(orders).await?;
        Ok(world)
    }

    /// Buyers buy evenly over the whole span, of everything that sells one thing.
    async fn sell(&self, orders: u32) -> Result<()> {
        let items = self.items().await?;
        let each = orders / STEPS;
        let rest = orders - each * STEPS;
        let mut under_way = VecDeque::new();
        for step in 0..STEPS {
            let item = &items[usize::try_from(step)? % items.len()];
            let count = each + u32::from(step < rest);
            let sold = match count {
                0 => Vec::new(),
                count => self.sandbox.sell(&SaleRequest { count, ..SaleRequest::of_item(item, 1) })?,
            };
            under_way.push_back(sold);
            if under_way.len() > STEPS_UNDER_WAY {
                self.deliver(under_way.pop_front().unwrap_or_default());
            }
            let hour = json!({"advance_seconds": (HISTORY / STEPS).as_secs()});
            stage::control(self.address, "POST", "/_sandbox/time", &hour).await?;
        }
        Ok(())
    }

    /// The parcels of these orders arrive.
    fn deliver(&self, orders: Vec<i64>) {
        let parcel = |order: i64| self.sandbox.with_world(|world| world.orders.get(&order)?.shipment_id);
        for parcel in orders.into_iter().filter_map(parcel) {
            let arrived = Bytes::from_static(b"{\"status\":\"delivered\"}");
            let request = Request::put(format!("/_sandbox/shipments/{parcel}")).body(arrived);
            drop(self.sandbox.answer(request.expect("a number makes an address")));
        }
    }

    /// The items of the seller that can be bought, with plenty of each.
    async fn items(&self) -> Result<Vec<String>> {
        let manifest = self.sandbox.manifest();
        let seller = manifest.sellers.iter().find(|seller| seller.user_id == CLASSIC_SELLER);
        let token = seller.and_then(|seller| seller.access_token.as_ref()).ok_or("no token to begin with")?;
        let headers = format!("Content-Type: application/json\r\nAuthorization: Bearer {token}\r\n");
        let body = json!({"available_quantity": UNITS}).to_string();
        let mut items = Vec::new();
        for item in self.sandbox.snapshot().items {
            if item.seller_id != CLASSIC_SELLER {
                continue;
            }
            let write = http::request("PUT", &format!("/items/{}", item.id), &headers, &body);
            if http::once(self.address, &write).await?.status == 200 {
                items.push(item.id);
            }
        }
        items.retain(|item| self.sandbox.sell(&SaleRequest::of_item(item, 1)).is_ok());
        if items.is_empty() { Err("the seller has nothing to sell".into()) } else { Ok(items) }
    }

    /// Orders that a list of the seller shows.
    fn shown_to_the_seller(&self) -> i64 {
        let orders = self.sandbox.snapshot().orders;
        let shown = orders.iter().filter(|order| order.seller_id == CLASSIC_SELLER);
        i64::try_from(shown.count()).unwrap_or(i64::MAX)
    }

    /// A new shop connects the account and imports it; the program dies once it has taken
    /// in `dies_after` orders.
    async fn import(&self, folder: &Path, dies_after: Option<i64>) -> Result<Import> {
        let data = tempfile::tempdir_in(folder)?;
        let shop = data.path().join("shop");
        std::fs::create_dir_all(&shop)?;
        let location = Location::File(shop.join("lojista.sqlite"));
        let manifest = self.sandbox.manifest();
        let marketplace = stage::registration(&manifest).ok_or("the sandbox has no application")?;
        let app = manifest.apps.first().ok_or("the sandbox has no application")?;
        let environment = BTreeMap::from([
            ("LOJISTA_MERCADO_LIVRE_CLIENT_ID", app.client_id.clone()),
            ("LOJISTA_MERCADO_LIVRE_CLIENT_SECRET", app.client_secret.clone()),
            ("LOJISTA_MERCADO_LIVRE_API_URL", manifest.api_url.clone()),
            ("LOJISTA_MERCADO_LIVRE_AUTHORIZATION_URL", manifest.api_url.clone()),
            ("LOJISTA_LISTEN", self.listen.clone()),
            ("LOJISTA_DATA", shop.display().to_string()),
        ]);
        let keyring = Keyring::create(&shop.join("keys"), &OsEntropy)?;
        let public_url = format!("http://{}", self.listen);
        let stage = Stage::open(&location, keyring, marketplace, &public_url).await?;
        let connection = stage.connect(self.address, CLASSIC_SELLER).await?;
        let path = program::path()?;
        let log = data.path().join("log");
        let start = || Program::start(&path, &["serve", "--json"], &environment, &log);
        let mut watch = Watch { stage: &stage, connection, import: Import::default() };
        let mut program = start()?;
        program.ready()?;
        if let Some(orders) = dies_after {
            watch.until(&program, Some(orders)).await?;
            program.kill()?;
            program = start()?;
            program.ready()?;
        }
        watch.until(&program, None).await?;
        program.end()?;
        watch.count().await
    }
}

/// Looks at an import from beside the program.
struct Watch<'a> {
    stage: &'a Stage,
    connection: ConnectionId,
    import: Import,
}

impl Watch<'_> {
    /// Waits until so many orders are taken in, or all.
    async fn until(&mut self, program: &Program, orders: Option<i64>) -> Result<()> {
        let begun = Instant::now();
        let mut first = None;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.import.resident = self.import.resident.max(cpu::resident_bytes(program.id())?);
            let organization = self.stage.app.organization(self.stage.organization);
            let connection = self.connection;
            let run = organization.read(move |tenant| tenant.import_run(connection)).await?;
            let run = run.ok_or("the import is gone")?;
            if run.phase != ImportPhase::Listings {
                first.get_or_insert_with(Instant::now);
            }
            let enough = orders.is_some_and(|orders| run.orders_done >= orders);
            if enough || run.phase == ImportPhase::Done {
                self.import.took += first.map_or(Duration::ZERO, |first| first.elapsed());
                return Ok(());
            }
            if begun.elapsed() > IMPORT_LIMIT {
                return Err(format!("the import stands at {} orders", run.orders_done).into());
            }
        }
    }

    async fn count(mut self) -> Result<Import> {
        let store = self.stage.app.store().installation();
        let counted = store.read(|tx| {
            let sql = "SELECT COUNT(*), COUNT(DISTINCT external_id) FROM orders";
            tx.row(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))
        });
        self.import.held = counted.await?.unwrap_or_default();
        Ok(self.import)
    }
}
