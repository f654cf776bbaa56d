//! `cargo xtask torture`: kill -9 under load, and a look at what is left.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tests::bench::Result;
use tests::bench::stage::{Ground, server_runtime};
use tests::database::POSTGRES_URL;
use tests::torture::{self, Options, Programs, SMALL_DISK, Verdict, What};

/// Kills the real program under load, again and again, and checks that nothing it has
/// acknowledged is lost and nothing was done twice.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  cargo xtask torture\n  cargo xtask torture --kills 20 --seed 7\n  \
    cargo xtask torture --postgres\n  cargo xtask torture --disk-full\n  \
    cargo xtask torture --what all --kills 500\n  cargo xtask torture --what rotation --kills 50")]
struct Arguments {
    /// How often the program is killed; the first kills are one at each step of its ways.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// How long it lives on average before a kill at a moment of chance.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 1_000)]
    mean_life: u64,
    /// Sales a second at the sandbox.
    #[arg(long, value_name = "RATE", default_value_t = 10)]
    sales_per_second: u32,
    /// The chance of moments, items and cancellations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Data is kept below this folder; it has to be on a real disk.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Torture it on the PostgreSQL server that LOJISTA_TEST_POSTGRES_URL names.
    #[arg(long)]
    postgres: bool,
    /// Torture this program, not the one that was built beside this one.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Fill its disk up instead of killing it.
    #[arg(long, conflicts_with_all = ["postgres", "kills", "mean_life"])]
    disk_full: bool,
    /// Kill what keeps the shop instead: backups, restores, rotations of the key, erasures, or
    /// all of them in turns.
    #[arg(long, value_enum, conflicts_with_all = ["postgres", "disk_full"])]
    what: Option<Keeping>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Keeping {
    Backup,
    Restore,
    Rotation,
    Erasure,
    All,
}

impl Keeping {
    fn whats(self) -> Vec<What> {
        match self {
            Self::Backup => vec![What::Backup],
            Self::Restore => vec![What::Restore],
            Self::Rotation => vec![What::Rotation],
            Self::Erasure => vec![What::Erasure],
            Self::All => What::ALL.to_vec(),
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok((verdict, is_clean)) => {
            println!("{verdict}");
            if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("torture: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The verdict in words, and whether everything is as promised.
fn run(arguments: Arguments) -> Result<(String, bool)> {
    // Lives until the program has ended: dropping it drops the database.
    let ground = if arguments.postgres {
        let url = env::var(POSTGRES_URL).map_err(|_| format!("{POSTGRES_URL} names no server"))?;
        Some(Ground::postgres(&url))
    } else {
        None
    };
    let kills = arguments.kills;
    let options = Options {
        programs: arguments.program.map_or_else(Programs::beside, |it| Ok(Programs::of_the_tests(it)))?,
        kills,
        mean_life: Duration::from_millis(arguments.mean_life.max(1)),
        sales_per_second: arguments.sales_per_second,
        seed: arguments.seed,
        folder: arguments.folder.unwrap_or_else(env::temp_dir),
        postgres: ground.as_ref().map(|ground| ground.location.clone()),
    };
    let told = |verdict: Verdict| (verdict.to_string(), verdict.is_clean());
    if let Some(what) = arguments.what {
        let progress = |point| eprintln!("torture: {point} of {kills} points");
        let kept = server_runtime()?.block_on(torture::run_keeping(&options, &what.whats(), progress))?;
        return Ok((kept.to_string(), kept.is_clean()));
    }
    if !arguments.disk_full {
        let progress = |kill| eprintln!("torture: {kill} of {kills} kills");
        return server_runtime()?.block_on(torture::run(&options, progress)).map(told);
    }
    let Some(small_disk) = env::var_os(SMALL_DISK) else {
        let why = torture::on_a_small_disk(&options.folder.join("small-disk"));
        return Err(format!("no disk can be made small here, so none was filled: {why}").into());
    };
    server_runtime()?.block_on(torture::fill_the_disk(&options, &PathBuf::from(small_disk))).map(told)
}
