//! The torture: the real program on a real data folder, killed with SIGKILL at moments of
//! chance while sales and their hooks come in, and started again each time. At the end
//! everything that was acknowledged has to be there, once.

mod load;
mod verdict;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::{Entropy as _, SeededEntropy, SkuId};
use sandbox::Manifest;
use serde_json::json;
use store::{Location, Store};
use tempfile::TempDir;
use vault::{Keyring, OsEntropy};

use crate::bench::Result;
use crate::bench::program::Program;
use crate::bench::stage::{self, CHANNEL, Stage};
use load::{Load, Sold};
pub use verdict::Verdict;

/// Units of each SKU before the first sale.
const UNITS: i64 = 50_000;
/// The longest wait for the shop to come to rest at the end: twice a job's lease, and what
/// is tried again meanwhile.
const REST_LIMIT: Duration = Duration::from_mins(15);
/// Between two looks at whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Time that is let pass at the sandbox to make it send again what was not taken, in
/// seconds.
const RESEND_STEP_SECONDS: u64 = 60;
/// The sandbox's own limit is lifted: every restart asks for much at once.
const NO_LIMIT_PER_MINUTE: u32 = 10_000_000;

/// What is done to the program.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often it is killed.
    pub kills: u32,
    /// How long it lives, on average, in seconds.
    pub seconds_per_kill: u64,
    /// Sales a second.
    pub sales_per_second: u32,
    /// The chance of moments, items and cancellations.
    pub seed: u64,
    /// Data is kept below this folder, which has to be on a real disk.
    pub folder: PathBuf,
    /// A fresh PostgreSQL database to use in place of SQLite.
    pub postgres: Option<Location>,
}

/// The house under torture: its data, and how it is started.
struct House {
    folder: TempDir,
    location: Location,
    listen: String,
    environment: BTreeMap<&'static str, String>,
}

impl House {
    async fn new(options: &Options) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lojista-torture-").tempdir_in(&options.folder)?;
        std::fs::create_dir(folder.path().join("shop"))?;
        // Free now, and nobody else's soon: the program takes the same one at every start.
        let (listener, address) = stage::listen().await?;
        drop(listener);
        let file = || Location::File(folder.path().join("shop/lojista.sqlite"));
        let location = options.postgres.clone().unwrap_or_else(file);
        Ok(Self { folder, location, listen: address.to_string(), environment: BTreeMap::new() })
    }

    fn shop(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    fn keys(&self) -> PathBuf {
        self.shop().join("keys")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn public_url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Configures the program for the sandbox.
    fn configure(&mut self, manifest: &Manifest) -> Result<()> {
        let app = manifest.apps.first().ok_or("the sandbox has no application")?;
        self.environment = BTreeMap::from([
            ("LOJISTA_MERCADO_LIVRE_CLIENT_ID", app.client_id.clone()),
            ("LOJISTA_MERCADO_LIVRE_CLIENT_SECRET", app.client_secret.clone()),
            ("LOJISTA_MERCADO_LIVRE_API_URL", manifest.api_url.clone()),
            ("LOJISTA_MERCADO_LIVRE_AUTHORIZATION_URL", manifest.api_url.clone()),
            ("LOJISTA_LISTEN", self.listen.clone()),
        ]);
        match &self.location {
            Location::File(_) => {
                self.environment.insert("LOJISTA_DATA", self.shop().display().to_string());
            }
            Location::Server(url) => {
                self.environment.insert("LOJISTA_DATABASE_URL", url.clone());
                self.environment.insert("LOJISTA_KEY_FILE", self.keys().display().to_string());
            }
        }
        Ok(())
    }

    fn start(&self) -> Result<Program> {
        Program::start(&["serve", "--json"], &self.environment, &self.log())
    }

    async fn open_store(&self) -> Result<Store> {
        let location = self.location.clone();
        Ok(tokio::task::spawn_blocking(move || Store::open(&location)).await??)
    }
}

/// Something that is sold: a listing's number at the platform and its SKU.
#[derive(Debug, Clone)]
struct Item {
    external_id: String,
    sku: SkuId,
}

/// Tortures the program; `progress` is told of each kill.
pub async fn run(options: &Options, progress: impl Fn(u32)) -> Result<Verdict> {
    let chance = SeededEntropy::new(options.seed);
    let mut house = House::new(options).await?;
    let mut outside = start_sandbox(&house, options.seed)?;
    let manifest: Manifest = serde_json::from_str(&outside.ready()?.1)?;
    let sandbox = manifest.api_url.trim_start_matches("http://").parse()?;
    house.configure(&manifest)?;
    let items = prepare(&house, &manifest).await?;

    let stop = Arc::new(AtomicBool::new(false));
    let load = Load::new(sandbox, items.clone(), options.sales_per_second, options.seed);
    let selling = tokio::spawn(load.run(Arc::clone(&stop)));
    let mut verdict = Verdict { kills: options.kills, ..Verdict::default() };
    for kill in 1..=options.kills {
        let mut program = house.start()?;
        // From the first instant on: starting is as dangerous as running.
        tokio::time::sleep(Duration::from_millis(chance.below(2_000 * options.seconds_per_kill))).await;
        if let Some(status) = program.ended()? {
            verdict.wrong(format!("the program ended by itself before kill {kill}: {status}"));
        }
        program.kill()?;
        progress(kill);
    }
    let mut last = house.start()?;
    last.ready()?;
    stop.store(true, Ordering::SeqCst);
    let mut sold: Sold = selling.await??;
    let store = house.open_store().await?;
    rest(sandbox, &store, &mut sold, &mut verdict).await?;
    last.end()?;
    let snapshot = stage::control(sandbox, "GET", "/_sandbox/snapshot", &serde_json::Value::Null).await?;
    verdict.judge_orders(&store, &sold, &items, &serde_json::from_value(snapshot)?).await?;
    verdict.judge_audit(store, &house, &manifest).await?;
    outside.end()?;
    if !verdict.is_clean() {
        verdict.kept_at = Some(house.folder.keep());
    }
    Ok(verdict)
}

/// The marketplace, as a process of its own.
fn start_sandbox(house: &House, seed: u64) -> Result<Program> {
    let redirect = format!("{}/connections/callback/{}", house.public_url(), CHANNEL.as_str());
    let seed = seed.to_string();
    let arguments = ["sandbox", "--base-port", "0", "--json", "--seed", &seed, "--redirect-uri", &redirect];
    Program::start(&arguments, &BTreeMap::new(), &house.folder.path().join("sandbox-log"))
}

/// Makes a shop with both sellers connected and plenty of everything, by the application's
/// own use cases; the program takes it over from there.
async fn prepare(house: &House, manifest: &Manifest) -> Result<Vec<Item>> {
    let marketplace = stage::registration(manifest).ok_or("the sandbox has no application")?;
    let sandbox = manifest.api_url.trim_start_matches("http://").parse()?;
    let rules = json!({"requests_per_minute": NO_LIMIT_PER_MINUTE});
    stage::control(sandbox, "PUT", "/_sandbox/rules", &rules).await?;
    let keyring = Keyring::create(&house.keys(), &OsEntropy)?;
    let stage = Stage::open(&house.location, keyring, marketplace, &house.public_url()).await?;
    let work = stage.work();
    for seller in &manifest.sellers {
        stage.connect(sandbox, seller.user_id).await?;
    }
    stage.until_idle(REST_LIMIT).await?;
    let items: Vec<Item> = stage
        .plain_listings()
        .await?
        .into_iter()
        .filter_map(|listing| Some(Item { sku: listing.sku?, external_id: listing.external_id }))
        .collect();
    for item in &items {
        stage.app.adjust(stage.organization, stage.member, item.sku, UNITS, 0, "counted").await?;
    }
    stage.until_idle(REST_LIMIT).await?;
    work.iter().for_each(tokio::task::JoinHandle::abort);
    let hooks = json!({"url": format!("{}{}", house.public_url(), stage.hook_path())});
    stage::control(sandbox, "PUT", "/_sandbox/hooks", &hooks).await?;
    if items.is_empty() { Err("the sellers have nothing to sell".into()) } else { Ok(items) }
}

/// Lets the sandbox send again what was not taken, until nothing waits on either side.
async fn rest(
    sandbox: std::net::SocketAddr,
    store: &Store,
    sold: &mut Sold,
    verdict: &mut Verdict,
) -> Result<()> {
    let begun = Instant::now();
    loop {
        let hooks = stage::control(sandbox, "GET", "/_sandbox/hooks", &serde_json::Value::Null).await?;
        let waiting = sold.note_hooks(&hooks);
        let open = stage::open_work(store).await?;
        if waiting == 0 && open == 0 {
            return Ok(());
        }
        if begun.elapsed() > REST_LIMIT {
            verdict.wrong(format!("no rest: {waiting} hooks and {open} jobs are left"));
            return Ok(());
        }
        if waiting > 0 {
            let step = json!({"advance_seconds": RESEND_STEP_SECONDS});
            stage::control(sandbox, "POST", "/_sandbox/time", &step).await?;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Where the audit log is exported to.
fn audit_folder(folder: &Path) -> PathBuf {
    folder.join("audit")
}
