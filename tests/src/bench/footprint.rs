//! How soon the program is ready, how much memory it keeps, how large it is.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::load::median;
use super::program::{self, Program};
use super::report::{Bound, Figure, Report};
use super::{Result, cpu};

const BENCH: &str = "footprint";
/// Starts on the same data; their middle counts.
const STARTS: usize = 7;
/// How long the program is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(5);
const MEGABYTE: f64 = 1e6;

/// Measures the program on a data folder below `folder`.
pub async fn run(folder: &Path, report: &mut Report) -> Result<()> {
    let data = tempfile::tempdir_in(folder)?;
    let log = data.path().join("log");
    let shop = data.path().join("shop").display().to_string();
    let arguments = ["serve", "--json", "--listen", "127.0.0.1:0", "--data", &shop];
    let environment = BTreeMap::from([
        ("LOJISTA_MERCADO_LIVRE_CLIENT_ID", "1234567890123456".to_owned()),
        ("LOJISTA_MERCADO_LIVRE_CLIENT_SECRET", "not-a-real-secret".to_owned()),
    ]);
    let program = program::path()?;
    let start = || Program::start(&program, &arguments, &environment, &log);

    let mut first = start()?;
    let (fresh, _) = first.ready()?;
    first.end()?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let mut again = start()?;
        times.push(again.ready()?.0.as_secs_f64() * 1e3);
        again.end()?;
    }
    let mut idle = start()?;
    idle.ready()?;
    tokio::time::sleep(IDLE).await;
    let resident = cpu::resident_bytes(idle.id())?;
    idle.end()?;
    let size = std::fs::metadata(program::path()?)?.len();

    #[expect(clippy::cast_precision_loss, reason = "far less than 2^52 bytes")]
    let megabytes = |bytes: u64| bytes as f64 / MEGABYTE;
    let mut figure = |name: &str, value: f64, unit, bound| {
        report.add(Figure { bench: BENCH, database: "sqlite", name: name.into(), value, unit, bound });
    };
    figure("ready, new data folder", fresh.as_secs_f64() * 1e3, "ms", None);
    figure("ready, existing database", median(times), "ms", Some(Bound::AtMost(300.0)));
    figure("resident memory after 5 s idle", megabytes(resident), "MB", Some(Bound::AtMost(60.0)));
    figure("size of the program", megabytes(size), "MB", Some(Bound::AtMost(40.0)));
    report.note(format!("footprint: from the program's start to its ready line, middle of {STARTS} starts"));
    Ok(())
}
