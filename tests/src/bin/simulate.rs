//! Runs the simulator over a range of seeds.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use tests::simulate;

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
}

#[expect(clippy::print_stdout, reason = "the program's output")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let begun = Instant::now();
    let mut broken = 0_u64;
    let (mut orders, mut calls, mut crashes, mut consents, mut double_sales) = (0, 0, 0, 0, 0);
    for seed in arguments.start..arguments.start + arguments.seeds {
        let outcome = simulate::run(seed, arguments.events);
        orders += outcome.tally.orders;
        calls += outcome.tally.calls;
        crashes += outcome.tally.crashes;
        consents += outcome.tally.consents;
        double_sales += outcome.tally.double_sales;
        if let Some(violation) = outcome.violation {
            broken += 1;
            let events = arguments.events;
            println!(
                "seed {seed}: {violation}\n  replay: cargo xtask simulate --start {seed} --seeds 1 --events {events}"
            );
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{} seeds, {broken} violations; {orders} orders, {calls} calls, {crashes} crashes, {consents} new consents, \
         {double_sales} double sales; {seconds:.1} s",
        arguments.seeds
    );
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
