//! Runs the simulator over a range of seeds.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use clap::Parser;
use tests::simulate::{self, Outcome, Summary};

/// Drives whole shops through storms, one for each seed.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  cargo xtask simulate --seeds 500\n  cargo xtask simulate --start 17 --seeds 1"
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
}

fn main() -> ExitCode {
    let Arguments { seeds, start, events, jobs } = Arguments::parse();
    let threads = jobs.or(thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let begun = Instant::now();
    let summary = simulate::run_many(start..start + seeds, events, threads, |outcome| tell(outcome, events));
    sum_up(&summary);
    println!("{:.1} s on {threads} threads", begun.elapsed().as_secs_f64());
    let untried = summary.untried_steps();
    for step in &untried {
        println!("no run ended at this step, so nothing was proven about it: {step}");
    }
    if summary.broken == 0 && untried.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
