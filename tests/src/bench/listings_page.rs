//! What the lists of listings, SKUs and products cost, and that they do not grow with the shop:
//! shops of different sizes side by side, each page asked for in turns.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock as _, ConnectionId, ListingId, OrganizationId, ProductId, SkuId};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{Sandbox, SandboxConfig};
use store::{Engine, Location, Store, StoreResult, Tx, Val};
use vault::{Keyring, OsEntropy};

use super::Result;
use super::page::{self, Page, ROUNDS, placeholders};
use super::report::{Bound, Figure, Report};
use super::stage::{self, CHANNEL, Ground, Stage, SystemClock};

const BENCH: &str = "listings-page";
/// Listings of the small shop.
const FEW: u32 = 500;
/// How much slower a page of the large shop may be; faster is no fault.
const LIKE: Bound = Bound::Within(0.0, 1.3);
/// Listings seeded by one transaction.
const PER_TRANSACTION: u32 = 10_000;
/// Listings seeded by one statement: 20 parameters each stay below both engines' limits.
const PER_STATEMENT: usize = 200;
/// Of so many listings one belongs to no SKU.
const UNLINKED_EVERY: u32 = 1_000;
/// Of so many listings one shows another number than its SKU has.
const DRIFTING_EVERY: u32 = 2_500;
/// Of so many SKUs one has nothing left.
const OUT_EVERY: u32 = 500;
/// Units of any other SKU.
const UNITS: i64 = 40;
/// The longest wait for the marketplace's account to be read.
const CONNECT_LIMIT: Duration = Duration::from_mins(1);

/// The pages, by what the report calls them. Of the lists that are narrowed, few rows of many fit.
const PAGES: [(&str, &str); 8] = [
    ("listings", "/listings"),
    ("listings without a SKU", "/listings?show=unlinked"),
    ("listings that differ", "/listings?show=drift"),
    ("listings found by a word", "/listings?text=raro"),
    ("SKUs", "/skus"),
    ("SKUs with nothing left", "/skus?show=out"),
    ("SKUs found by a code", "/skus?text=SKU-0000007"),
    ("products", "/products"),
];

struct Shop {
    listings: u32,
    stage: Stage,
    address: SocketAddr,
}

impl Shop {
    async fn open(location: &Location, listings: u32) -> Result<Self> {
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
        stage.until_idle(CONNECT_LIMIT).await?;
        work.iter().for_each(tokio::task::JoinHandle::abort);
        seed(stage.app.store(), stage.organization, connection, listings).await?;
        // As the shop's own work does by and by: words to be found by, and what is in order is not looked at again.
        stage.app.settle_lists(stage.organization).await?;
        analyze(stage.app.store()).await?;
        stage::serve(listener, stage.router());
        Ok(Self { listings, stage, address })
    }
}

async fn seed(
    store: &Store,
    organization: OrganizationId,
    connection: ConnectionId,
    listings: u32,
) -> Result<()> {
    for first in (0..listings).step_by(usize::try_from(PER_TRANSACTION)?) {
        let numbers: Vec<u32> = (first..listings.min(first + PER_TRANSACTION)).collect();
        store
            .installation()
            .write(move |tx| {
                for chunk in numbers.chunks(PER_STATEMENT) {
                    let made: Vec<Made> = chunk.iter().map(|number| Made::of(*number)).collect();
                    insert_skus(tx, organization, &made)?;
                    insert_listings(tx, organization, connection, &made)?;
                    insert_products(tx, organization, &made)?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(())
}

async fn analyze(store: &Store) -> Result<()> {
    if store.installation().engine() == Engine::Postgres {
        // Its autovacuum would do so by itself, soon after a table has grown.
        store.installation().write(|tx| tx.execute("ANALYZE", &[])).await?;
    }
    Ok(())
}

/// A SKU with its product and its listing.
struct Made {
    number: u32,
    sku: SkuId,
    product: ProductId,
    listing: ListingId,
    code: String,
    external_id: String,
    title: String,
}

impl Made {
    fn of(number: u32) -> Self {
        const TITLES: [&str; 4] = [
            "Garrafa Térmica Inox 500ml Parede Dupla",
            "Organizador de Gaveta 6 Divisórias Talheres",
            "Luminária Lua 3D Recarregável 15cm",
            "Vaso Decorativo Minimalista",
        ];
        let now = SystemClock.now();
        let rare = if number == FEW / 2 { "Raro " } else { "" };
        Self {
            number,
            sku: SkuId::new(now, &OsEntropy),
            product: ProductId::new(now, &OsEntropy),
            listing: ListingId::new(now, &OsEntropy),
            code: format!("SKU-{number:07}"),
            external_id: format!("MLB{}", 3_000_000_000_u64 + u64::from(number)),
            title: format!("{rare}{} nº {number}", TITLES[number as usize % TITLES.len()]),
        }
    }

    const fn units(&self) -> i64 {
        if self.number.is_multiple_of(OUT_EVERY) { 0 } else { UNITS }
    }

    fn linked(&self) -> Option<SkuId> {
        (!self.number.is_multiple_of(UNLINKED_EVERY)).then_some(self.sku)
    }
}

fn insert_skus(tx: &mut Tx<'_>, organization: OrganizationId, made: &[Made]) -> StoreResult<()> {
    const COLUMNS: &str =
        "id, organization_id, code, title, on_hand_units, reserved_units, safety_units, version, created_at";
    let mut values = Vec::new();
    let now = SystemClock.now();
    for one in made {
        values.extend::<[Val<'_>; 9]>([
            one.sku.into(),
            organization.into(),
            (&one.code).into(),
            (&one.title).into(),
            one.units().into(),
            0_i64.into(),
            0_i64.into(),
            1_i64.into(),
            now.into(),
        ]);
    }
    tx.execute(&format!("INSERT INTO sku ({COLUMNS}) VALUES {}", placeholders(made.len(), 9)), &values)?;
    Ok(())
}

fn insert_listings(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    connection: ConnectionId,
    made: &[Made],
) -> StoreResult<()> {
    const COLUMNS: &str = "id, organization_id, connection_id, external_id, variation_external_id, stock_group, title, \
        seller_sku, state, platform_status, stock_control, price_minor, currency, shown_units, shown_at, sku_id, \
        confirmed_units, confirmed_at, confirmed_version, created_at";
    let mut values = Vec::new();
    let now = SystemClock.now();
    for one in made {
        let shown = if one.number % DRIFTING_EVERY == 1 { UNITS + 3 } else { one.units() };
        values.extend::<[Val<'_>; 20]>([
            one.listing.into(),
            organization.into(),
            connection.into(),
            (&one.external_id).into(),
            "".into(),
            "".into(),
            (&one.title).into(),
            (&one.code).into(),
            "active".into(),
            "active".into(),
            "seller".into(),
            2_990_i64.into(),
            "BRL".into(),
            shown.into(),
            now.into(),
            one.linked().into(),
            one.units().into(),
            now.into(),
            1_i64.into(),
            now.into(),
        ]);
    }
    let rows = placeholders(made.len(), 20);
    tx.execute(&format!("INSERT INTO listing ({COLUMNS}) VALUES {rows}"), &values)?;
    Ok(())
}

fn insert_products(tx: &mut Tx<'_>, organization: OrganizationId, made: &[Made]) -> StoreResult<()> {
    const COLUMNS: &str = "id, organization_id, title, brand, description, tags, variant_count, version, \
        created_at, updated_at, actor";
    const VARIANT: &str = "sku_id, organization_id, product_id, place, option_1, option_2, option_3";
    let now = SystemClock.now();
    let (mut products, mut variants) = (Vec::new(), Vec::new());
    for one in made {
        products.extend::<[Val<'_>; 11]>([
            one.product.into(),
            organization.into(),
            (&one.title).into(),
            "".into(),
            "".into(),
            "".into(),
            1_i64.into(),
            1_i64.into(),
            now.into(),
            now.into(),
            "bench".into(),
        ]);
        variants.extend::<[Val<'_>; 7]>([
            one.sku.into(),
            organization.into(),
            one.product.into(),
            1_i64.into(),
            "".into(),
            "".into(),
            "".into(),
        ]);
    }
    let rows = placeholders(made.len(), 11);
    tx.execute(&format!("INSERT INTO product ({COLUMNS}) VALUES {rows}"), &products)?;
    let rows = placeholders(made.len(), 7);
    tx.execute(&format!("INSERT INTO product_variant ({VARIANT}) VALUES {rows}"), &variants)?;
    Ok(())
}

/// Measures on one database, with a fresh one for each shop from `ground`.
pub fn run(
    ground: impl Fn() -> Result<Ground>,
    most_listings: u32,
    requests: u32,
    report: &mut Report,
) -> Result<()> {
    let runtime = stage::server_runtime()?;
    let sizes = [FEW.min(most_listings), most_listings];
    let grounds = [ground()?, ground()?];
    let mut shops = Vec::new();
    for (ground, listings) in grounds.iter().zip(sizes) {
        eprintln!("bench: seeding {listings} listings on {} …", ground.name);
        shops.push(runtime.block_on(Shop::open(&ground.location, listings))?);
    }
    let processes = runtime.block_on(page::processes(&shops[0].stage, &grounds[0].location))?;
    let mut pages = Vec::new();
    for (name, path) in PAGES {
        for shop in &shops {
            pages.push(Page::new(name.into(), shop.listings, shop.address, &shop.stage.cookie, path));
        }
    }
    page::in_turns(&mut pages, requests, &processes)?;
    let mut figure = |name: String, value: f64, unit, bound| {
        report.add(Figure { bench: BENCH, database: grounds[0].name, name, value, unit, bound });
    };
    for of_page in pages.chunks_mut(sizes.len()) {
        let took: Vec<f64> = of_page.iter_mut().map(Page::p50_ms).collect();
        for (page, took) in of_page.iter().zip(&took) {
            figure(format!("{}, {} listings: p50", page.name, page.rows), *took, "ms", None);
        }
        let name = format!("{}: p50 of {} listings ÷ of {}", of_page[0].name, sizes[1], sizes[0]);
        figure(name, took[1] / took[0], "ratio", Some(LIKE));
    }
    report.note(format!(
        "listings-page: every listing has a SKU and a product of its own, but one in {UNLINKED_EVERY}; one session, one \
         request at a time; shops side by side, {ROUNDS} turns of {requests} requests each"
    ));
    Ok(())
}
