//! What a drill of a large shop says: how old its newest backup is at most, and how long it takes
//! until everything is back and proven.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::backup::depot::Folder;
use app::backup::{DrillReport, Plan};
use domain::Actor;
use store::backup::{Run, RunKind};

use super::orders_page::Shop;
use super::report::{Bound, Figure, Report};
use super::stage::{self, Ground};
use super::{Error, Result};

const BENCH: &str = "restore-drill";
/// How often backups are taken, for the promised recovery point.
const EVERY: Duration = Duration::from_secs(30);
/// Days that they are kept for.
const KEEP_DAYS: u32 = 7;
/// Orders that change between two backups.
const CHANGED: u32 = 1_000;
/// The recovery point that is promised, in seconds.
const POINT_LIMIT: f64 = 60.0;
/// The recovery time that is promised, in seconds.
const TIME_LIMIT: f64 = 300.0;

/// Measures on one database, with a shop of so many orders.
pub fn run(ground: &Ground, folder: &std::path::Path, orders: u32, report: &mut Report) -> Result<()> {
    let runtime = stage::server_runtime()?;
    let place = tempfile::tempdir_in(folder)?;
    let shop = runtime.block_on(Shop::open(&ground.location, orders))?;
    let app = shop.stage.app.clone();
    app.plan_backups(Plan {
        depot: Arc::new(Folder::at(place.path().join("backups"))),
        every: EVERY,
        keep_days: KEEP_DAYS,
        scratch: place.path().join("scratch"),
    });
    let take = |kind| -> Result<(Duration, Run)> {
        let begun = Instant::now();
        let run = runtime.block_on(app.backup_now(kind, &Actor::system("bench")))?;
        match &run.error {
            Some(error) => Err(Error::from(error.clone())),
            None => Ok((begun.elapsed(), run)),
        }
    };
    let (whole, _) = take(RunKind::Backup)?;
    let change =
        "UPDATE orders SET state = 'shipped' WHERE id IN (SELECT id FROM orders ORDER BY id DESC LIMIT $1)";
    let changed = runtime.block_on(
        app.store().installation().write(move |tx| tx.execute(change, &[i64::from(CHANGED).into()])),
    )?;
    let (next, _) = take(RunKind::Backup)?;
    let (_, drill) = take(RunKind::Drill)?;
    let found: DrillReport = serde_json::from_str(drill.report.as_deref().unwrap_or_default())?;
    if !found.is_good() {
        return Err(Error::from(format!("the drill is not good: {found:?}")));
    }
    let seconds = |millis: u64| Duration::from_millis(millis).as_secs_f64();
    let mut figure = |name: &str, value, bound| {
        let (name, unit) = (name.to_owned(), "s");
        report.add(Figure { bench: BENCH, database: ground.name, name, value, unit, bound });
    };
    figure("the first backup", whole.as_secs_f64(), None);
    figure("the next one", next.as_secs_f64(), None);
    let oldest = (EVERY + next).as_secs_f64();
    figure("a backup each 30 s: recovery point at worst", oldest, Some(Bound::AtMost(POINT_LIMIT)));
    figure(
        "recovery point, as the drill says",
        seconds(found.recovery_point_ms),
        Some(Bound::AtMost(POINT_LIMIT)),
    );
    figure(
        "recovery time, as the drill says",
        seconds(found.recovery_time_ms),
        Some(Bound::AtMost(TIME_LIMIT)),
    );
    report.note(format!(
        "restore-drill: {orders} orders, {} rows came back; {changed} orders changed between the two backups; the drill \
         restores into a file and proves it: integrity, references, row counts, the log's root, sealed values, erasures",
        found.rows
    ));
    Ok(())
}
