//! What the page of orders costs, and that it does not grow with the shop. Shops of
//! different sizes are open side by side and asked in turns by a client in a process of
//! its own, so that what this process spends is the server's alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock as _, ConnectionId, LineId, OrderId, OrganizationId, Timestamp};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{Sandbox, SandboxConfig};
use store::{Engine, Location, Store, StoreResult, Tx, Val};
use vault::{Keyring, OsEntropy};

use super::Result;
use super::page::{self, Page, ROUNDS, placeholders};
use super::report::{Bound, Figure, Report};
use super::stage::{self, CHANNEL, Ground, Stage, SystemClock};

const BENCH: &str = "orders-page";
/// Sizes of the shops, in orders.
const SIZES: [u32; 3] = [1_000, 10_000, 1_000_000];
/// The size that the processor's time is promised for.
const CPU_SIZE: u32 = 10_000;
/// Where the deep page begins, as a share of all rows (row 900,000 of 1,000,000).
const DEEP: (u32, u32) = (9, 10);
/// Between two orders.
const APART: Duration = Duration::from_secs(30);
/// Orders seeded by one transaction.
const ORDERS_PER_TRANSACTION: u32 = 10_000;
/// Orders seeded by one statement: 24 parameters each stay below both engines' limits.
const ORDERS_PER_STATEMENT: u32 = 200;
/// The longest wait for the import of the sandbox's seller.
const IMPORT_LIMIT: Duration = Duration::from_mins(1);

/// How the page is measured.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Shops with more orders than this are cut down to it.
    pub most_orders: u32,
    /// Requests of one turn.
    pub requests: u32,
}

/// A shop of a size, answering.
pub(super) struct Shop {
    orders: u32,
    pub(super) stage: Stage,
    pub(super) address: SocketAddr,
    deep: String,
}

impl Shop {
    pub(super) async fn open(location: &Location, orders: u32) -> Result<Self> {
        let (market, market_address) = stage::listen().await?;
        let (listener, address) = stage::listen().await?;
        let public_url = format!("http://{address}");
        let sandbox = Sandbox::new(SandboxConfig {
            base_url: format!("http://{market_address}"),
            redirect_uri: format!("{public_url}/connections/callback/{}", CHANNEL.as_str()),
            ..SandboxConfig::new(Arc::new(SystemClock))
        });
        let marketplace = stage::registration(&sandbox.manifest()).ok_or("the sandbox has no application")?;
        let _marketplace = sandbox.spawn(market);
        let stage = Stage::open(location, Keyring::generate(&OsEntropy), marketplace, &public_url).await?;
        let work = stage.work();
        let connection = stage.connect(market_address, CLASSIC_SELLER).await?;
        stage.until_idle(IMPORT_LIMIT).await?;
        work.iter().for_each(tokio::task::JoinHandle::abort);
        let deep = seed(stage.app.store(), stage.organization, connection, orders).await?;
        stage::serve(listener, stage.router());
        Ok(Self { orders, stage, address, deep })
    }

    fn page(&self, name: String, path: &str) -> Page {
        Page::new(name, self.orders, self.address, &self.stage.cookie, path)
    }
}

/// Seeds orders; returns the address of the page that begins at the deep row.
async fn seed(
    store: &Store,
    organization: OrganizationId,
    connection: ConnectionId,
    orders: u32,
) -> Result<String> {
    let first_at = SystemClock.now().minus(APART * orders);
    let older_rows = orders - orders / DEEP.1 * DEEP.0;
    let mut key = String::new();
    for first in (0..orders).step_by(usize::try_from(ORDERS_PER_TRANSACTION)?) {
        let numbers: Vec<u32> = (first..orders.min(first + ORDERS_PER_TRANSACTION)).collect();
        let found = store.installation().write(move |tx| {
            let mut found = None;
            for chunk in numbers.chunks(ORDERS_PER_STATEMENT as usize) {
                let made: Vec<Made> = chunk.iter().map(|number| Made::of(*number, first_at)).collect();
                insert_orders(tx, organization, connection, &made)?;
                insert_lines(tx, organization, &made)?;
                // The page shows what is older than its key.
                found = made.iter().find(|made| made.number == older_rows).map(Made::key).or(found);
            }
            Ok(found)
        });
        key = found.await?.unwrap_or(key);
    }
    if store.installation().engine() == Engine::Postgres {
        // Its autovacuum would do so by itself, soon after a table has grown.
        store.installation().write(|tx| tx.execute("ANALYZE", &[])).await?;
    }
    Ok(format!("/orders?older={key}"))
}

/// An order of the seed.
struct Made {
    number: u32,
    id: OrderId,
    line: LineId,
    at: Timestamp,
    external_id: String,
    title: String,
}

impl Made {
    fn of(number: u32, first_at: Timestamp) -> Self {
        const TITLES: [&str; 4] = [
            "Garrafa Térmica Inox 500ml Parede Dupla",
            "Organizador de Gaveta 6 Divisórias Talheres",
            "Luminária Lua 3D Recarregável 15cm",
            "Kit 3 Vasos Decorativos Minimalistas",
        ];
        let at = first_at.plus(APART * number);
        Self {
            number,
            id: OrderId::new(at, &OsEntropy),
            line: LineId::new(at, &OsEntropy),
            at,
            external_id: (2_000_003_000_000_000 + u64::from(number)).to_string(),
            title: TITLES[number as usize % TITLES.len()].to_owned(),
        }
    }

    /// Names its place in the list, as the pages' addresses do.
    fn key(&self) -> String {
        format!("{}.{}", self.at.as_millis(), self.id)
    }

    /// Every tenth order still waits to be dispatched.
    const fn words(&self) -> (&'static str, &'static str) {
        if self.number.is_multiple_of(10) {
            ("to_dispatch", "ready_to_ship")
        } else {
            ("delivered", "delivered")
        }
    }
}

fn insert_orders(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    connection: ConnectionId,
    made: &[Made],
) -> StoreResult<()> {
    const COLUMNS: &str = "id, organization_id, connection_id, channel, external_id, order_at, shipment_at, state, \
        state_detail, platform_status, placed_at, total_minor, currency, summary, line_count, unit_count, \
        buyer_external_id, shipment_external_id, shipment_status, logistic_type, ship_by, tags, created_at, updated_at";
    let mut values = Vec::new();
    for order in made {
        let (state, shipment) = order.words();
        values.extend::<[Val<'_>; 24]>([
            order.id.into(),
            organization.into(),
            connection.into(),
            CHANNEL.as_str().into(),
            (&order.external_id).into(),
            order.at.into(),
            order.at.into(),
            state.into(),
            "".into(),
            "paid".into(),
            order.at.into(),
            (2_990 + i64::from(order.number % 9_000)).into(),
            "BRL".into(),
            (&order.title).into(),
            1_i64.into(),
            (1 + i64::from(order.number % 3)).into(),
            "2500000501".into(),
            (&order.external_id).into(),
            shipment.into(),
            "xd_drop_off".into(),
            order.at.plus(Duration::from_hours(24)).into(),
            "paid".into(),
            order.at.into(),
            order.at.into(),
        ]);
    }
    let rows = placeholders(made.len(), 24);
    tx.execute(&format!("INSERT INTO orders ({COLUMNS}) VALUES {rows}"), &values)?;
    Ok(())
}

fn insert_lines(tx: &mut Tx<'_>, organization: OrganizationId, made: &[Made]) -> StoreResult<()> {
    const COLUMNS: &str = "id, organization_id, order_id, line_number, line_key, listing_external_id, variation_external_id, title, \
        seller_sku, units, unit_price_minor, currency, position";
    let mut values = Vec::new();
    for order in made {
        values.extend::<[Val<'_>; 13]>([
            order.line.into(),
            organization.into(),
            order.id.into(),
            1_i64.into(),
            "1".into(),
            "MLB1000000001".into(),
            "".into(),
            (&order.title).into(),
            "CAN-INOX-500".into(),
            (1 + i64::from(order.number % 3)).into(),
            2_990_i64.into(),
            "BRL".into(),
            "untouched".into(),
        ]);
    }
    let rows = placeholders(made.len(), 13);
    tx.execute(&format!("INSERT INTO order_line ({COLUMNS}) VALUES {rows}"), &values)?;
    Ok(())
}

/// Measures on one database, with a fresh one for each shop from `ground`.
pub fn run(ground: impl Fn() -> Result<Ground>, options: Options, report: &mut Report) -> Result<()> {
    let runtime = stage::server_runtime()?;
    let mut sizes = SIZES.map(|size| size.min(options.most_orders)).to_vec();
    sizes.dedup();
    let grounds = sizes.iter().map(|_| ground()).collect::<Result<Vec<_>>>()?;
    let mut shops = Vec::new();
    for (ground, orders) in grounds.iter().zip(sizes) {
        eprintln!("bench: seeding {orders} orders on {} …", ground.name);
        shops.push(runtime.block_on(Shop::open(&ground.location, orders))?);
    }
    let (Some(small), Some(large), Some(ground)) = (shops.first(), shops.last(), grounds.first()) else {
        return Err("no shop to measure".into());
    };
    let processes = runtime.block_on(page::processes(&small.stage, &ground.location))?;
    let first = |shop: &Shop| shop.page("first page".into(), "/orders");
    let mut pages: Vec<Page> = shops.iter().map(first).collect();
    pages.push(large.page(format!("page at row {}", large.orders / DEEP.1 * DEEP.0), &large.deep));
    page::in_turns(&mut pages, options.requests, &processes)?;

    let database = ground.name;
    let mut figure = |name: String, value: f64, unit, bound| {
        report.add(Figure { bench: BENCH, database, name, value, unit, bound });
    };
    let cpu_limit = if database == "sqlite" { 1.0 } else { 3.0 };
    let mut p50 = Vec::new();
    for page in &mut pages {
        let (name, orders, took) = (page.name.clone(), page.rows, page.p50_ms());
        let bound = (orders == CPU_SIZE).then_some(Bound::AtMost(cpu_limit));
        figure(format!("{orders} orders, {name}: processor"), page.cpu_ms(), "ms", bound);
        figure(format!("{orders} orders, {name}: p50"), took, "ms", None);
        p50.push(took);
    }
    if let [smallest, .., largest, deep] = p50[..] {
        let name = format!("p50 of {} orders ÷ of {}", large.orders, small.orders);
        figure(name, largest / smallest, "ratio", Some(Bound::AtMost(1.3)));
        let bound = Bound::Within(0.7, 1.3);
        figure("p50 of the deep page ÷ of the first".into(), deep / largest, "ratio", Some(bound));
    }
    report.note(format!(
        "orders-page: 50 rows, one session, one request at a time; shops side by side, {ROUNDS} turns each; \
         processor time is of the server's process (and PostgreSQL's backends), not of the client's"
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seeded_order_names_its_place_as_the_pages_do() {
        let made = Made::of(3, Timestamp::from_millis(1_000));
        let (at, id) = made.key().split_once('.').map(|(at, id)| (at.to_owned(), id.to_owned())).unwrap();
        assert_eq!(at, "91000");
        assert_eq!(id.parse::<OrderId>().unwrap(), made.id);
    }
}
