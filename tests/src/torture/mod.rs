//! The torture: the real program on a real data folder, ended with SIGKILL at moments of
//! chance and at every step of its ways while sales and their hooks come in, and started
//! again each time. Or its disk is filled up under it. At the end everything that was
//! acknowledged has to be there, once.

mod disk;
mod erasing;
mod house;
mod keeping;
mod kill;
mod load;
mod point;
mod verdict;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::{SeededEntropy, SkuId};
use sandbox::Manifest;
use serde_json::{Value, json};
use store::{Location, Store};
use tokio::task::JoinHandle;

use crate::bench::Result;
use crate::bench::program::{self, Program};
use crate::bench::stage;
pub use disk::{SMALL_DISK, fill_the_disk, on_a_small_disk};
pub use erasing::{ERASES, erase_all};
use house::{House, Owner};
pub use keeping::{Kept, What, run as run_keeping};
use kill::{Kill, Killer};
use load::{Load, Sold};
pub use point::Point;
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

/// The programs that are started.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The program as it is shipped.
    pub shipped: PathBuf,
    /// The same, with a [`Point`].
    pub with_points: PathBuf,
}

impl Programs {
    /// Those that were built beside this program.
    ///
    /// # Errors
    /// When they were not.
    pub fn beside() -> Result<Self> {
        Ok(Self { shipped: program::path()?, with_points: program::beside("lojista-with-points")? })
    }

    /// The one that the tests have built: without a point it does what the shipped one does.
    #[must_use]
    pub fn of_the_tests(program: PathBuf) -> Self {
        Self { shipped: program.clone(), with_points: program }
    }
}

/// What is done to the program.
#[derive(Debug, Clone)]
pub struct Options {
    /// The programs.
    pub programs: Programs,
    /// How often it is killed; the first ones are one at each point.
    pub kills: u32,
    /// How long it lives, on average, before a kill at a moment of chance.
    pub mean_life: Duration,
    /// Sales a second.
    pub sales_per_second: u32,
    /// The chance of moments, items and cancellations.
    pub seed: u64,
    /// Data is kept below this folder, which has to be on a real disk.
    pub folder: PathBuf,
    /// A fresh PostgreSQL database to use in place of SQLite.
    pub postgres: Option<Location>,
}

/// Something that is sold: a listing's number at the platform and its SKU.
#[derive(Debug, Clone)]
struct Item {
    external_id: String,
    sku: SkuId,
}

/// Tortures the program; `progress` is told of each kill.
pub async fn run(options: &Options, progress: impl Fn(usize)) -> Result<Verdict> {
    let chance = SeededEntropy::new(options.seed);
    let ground = Ground::prepare(House::new(options, None).await?, options.seed).await?;
    let selling = Selling::start(&ground, options);
    let mut verdict = Verdict::default();
    let Ground { house, owner, manifest, .. } = &ground;
    let killer = Killer { house, owner, manifest };
    for (index, kill) in Kill::plan(options.kills, options.mean_life, &chance).into_iter().enumerate() {
        killer.kill(index + 1, kill, &mut verdict).await?;
        progress(index + 1);
    }
    let mut last = ground.house.start()?;
    last.ready()?;
    let sold = selling.stop().await?;
    ground.judge(sold, last, verdict).await
}

/// A shop with its owner, and the marketplace beside it.
struct Ground {
    house: House,
    outside: Program,
    manifest: Manifest,
    sandbox: SocketAddr,
    items: Vec<Item>,
    owner: Owner,
}

impl Ground {
    async fn prepare(mut house: House, seed: u64) -> Result<Self> {
        let mut outside = house.start_sandbox(seed)?;
        let manifest: Manifest = serde_json::from_str(&outside.ready()?.1)?;
        let sandbox = manifest.api_url.trim_start_matches("http://").parse()?;
        house.configure(&manifest)?;
        let (items, owner) = house.prepare(&manifest).await?;
        Ok(Self { house, outside, manifest, sandbox, items, owner })
    }

    /// Lets the running program come to rest, ends it, and looks at what is left.
    async fn judge(self, mut sold: Sold, program: Program, mut verdict: Verdict) -> Result<Verdict> {
        let Self { house, outside, manifest, sandbox, items, owner } = self;
        let stage = house.as_owner(&owner, &manifest).await?;
        rest(sandbox, stage.app.store(), &mut sold, &mut verdict).await?;
        program.end()?;
        let snapshot = stage::control(sandbox, "GET", "/_sandbox/snapshot", &Value::Null).await?;
        let store = stage.app.store();
        verdict.judge_orders(store, &sold, &items, &serde_json::from_value(snapshot)?).await?;
        verdict.judge_audit(&stage.app, &house.folder.path().join("audit")).await?;
        outside.end()?;
        if !verdict.is_clean() {
            verdict.kept_at = Some(house.folder.keep());
        }
        Ok(verdict)
    }
}

/// The load, running.
struct Selling {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<Sold>>,
}

impl Selling {
    fn start(ground: &Ground, options: &Options) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let load = Load::new(ground.sandbox, ground.items.clone(), options.sales_per_second, options.seed);
        let task = tokio::spawn(load.run(Arc::clone(&stop)));
        Self { stop, task }
    }

    async fn stop(self) -> Result<Sold> {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await?
    }
}

/// Lets the sandbox send again what was not taken, until nothing waits on either side.
async fn rest(sandbox: SocketAddr, store: &Store, sold: &mut Sold, verdict: &mut Verdict) -> Result<()> {
    let begun = Instant::now();
    loop {
        let hooks = stage::control(sandbox, "GET", "/_sandbox/hooks", &Value::Null).await?;
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
