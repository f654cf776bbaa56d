//! Runs the simulator over a range of seeds.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use clap::Parser;
use tests::flash::{self, Crowd, Sums, Way};
use tests::simulate::{self, Outcome, Summary};

/// Drives whole shops through storms, one for each seed; or one SKU through flash sales.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  cargo xtask simulate --seeds 500\n  cargo xtask simulate --start 17 --seeds 1\n  \
                  cargo xtask simulate --flash --seeds 1000"
)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    start: u64,
    /// Events in each run.
    #[arg(long, default_value_t = 60)]
    events: u32,
    /// How many run side by side [default: one on each core].
    #[arg(long)]
    jobs: Option<NonZeroUsize>,
    /// Flash sales in place of storms: shared and split mode side by side.
    #[arg(long)]
    flash: bool,
}

fn main() -> ExitCode {
    let Arguments { seeds, start, events, jobs, flash } = Arguments::parse();
    let threads = jobs.or(thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let begun = Instant::now();
    if flash {
        let kept = sell(start..start + seeds, threads);
        println!("{:.1} s on {threads} threads", begun.elapsed().as_secs_f64());
        return if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let summary = simulate::run_many(start..start + seeds, events, threads, |outcome| tell(outcome, events));
    sum_up(&summary);
    println!("{:.1} s on {threads} threads", begun.elapsed().as_secs_f64());
    let untried = summary.untried_steps();
    for step in &untried {
        println!("no run ended at this step, so nothing was proven about it: {step}");
    }
    if summary.broken == 0 && untried.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Flash sales and steady ones; whether split mode never sold more than there was.
fn sell(seeds: Range<u64>, threads: NonZeroUsize) -> bool {
    let mut kept = true;
    for crowd in [Crowd::FLASH, Crowd::STEADY] {
        println!(
            "{} units on {} marketplaces; {} buyers in {} s, then {} more",
            flash::STOCK_UNITS,
            flash::MARKETS,
            crowd.buyers,
            crowd.rush_seconds,
            crowd.late_buyers
        );
        let sums = flash::run_many(seeds.clone(), crowd, threads, |outcome| {
            println!(
                "seed {}: split mode sold {} units too many\n  replay: cargo xtask simulate --flash --start {} --seeds 1",
                outcome.seed, outcome.oversold_units, outcome.seed
            );
        });
        for (way, sums) in sums {
            tell_sums(way, &sums);
            kept &= way != Way::Split || sums.oversold_runs == 0;
        }
    }
    kept
}

fn tell_sums(way: Way, sums: &Sums) {
    let tenths = |total: i64| {
        let runs = i64::try_from(sums.runs.max(1)).unwrap_or(i64::MAX);
        format!("{}.{}", total / runs, total * 10 / runs % 10)
    };
    let after = sums.sold_out_after / sums.sold_out_runs.max(1);
    println!(
        "  {:<18} oversold in {} of {} seeds, {} units in all, {} a seed, {} at worst; sold {}, unsold {} a seed; \
         sold out in {} seeds, after {}.{} s; {} calls, {} moves, {} crashes; trace {:016x}",
        way.name(),
        sums.oversold_runs,
        sums.runs,
        sums.oversold_units,
        tenths(sums.oversold_units),
        sums.worst_units,
        tenths(sums.sold_units),
        tenths(sums.unsold_units),
        sums.sold_out_runs,
        after / 1_000,
        after % 1_000 / 100,
        sums.calls,
        sums.moves,
        sums.crashes,
        sums.trace,
    );
}

fn tell(outcome: &Outcome, events: u32) {
    if let Outcome { seed, violation: Some(violation), .. } = outcome {
        let replay = format!("cargo xtask simulate --start {seed} --seeds 1 --events {events}");
        println!("seed {seed}: {violation}\n  replay: {replay}");
    }
}

fn sum_up(summary: &Summary) {
    let Summary { seeds, broken, tally, trace } = summary;
    for (step, crashes) in &tally.crashes {
        println!("{crashes:>6} crashes at: {step}");
    }
    let orders: Vec<String> =
        tally.orders.iter().map(|(marketplace, orders)| format!("{marketplace} {orders}")).collect();
    println!(
        "{seeds} seeds, {broken} violations; {} orders ({}), {} calls, {} crashes, {} new consents, \
         {} double sales, converged within {} s; trace {trace:016x}",
        summary.orders(),
        orders.join(", "),
        tally.calls,
        summary.crashes(),
        tally.consents,
        tally.double_sales,
        tally.converged_after.as_secs(),
    );
}
