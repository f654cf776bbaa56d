//! `cargo xtask simulate`: the simulator, built for speed.

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::workspace;

/// Runs `seeds` seeds from `start` on, `events` events each; or as many flash sales.
///
/// # Errors
/// When the simulator cannot be built, and when a promise was broken.
pub fn run(seeds: u64, start: u64, events: u32, flash: bool) -> Result<(), Failure> {
    let interrupt = Interrupt::install().map_err(Failure::of)?;
    let mut command = workspace::cargo();
    command.args(["run", "--release", "--package", "tests", "--bin", "simulate", "--"]);
    command.args(["--seeds", &seeds.to_string(), "--start", &start.to_string()]);
    command.args(["--events", &events.to_string()]).args(flash.then_some("--flash"));
    command.current_dir(workspace::root()?);
    interrupt.run(&mut command)
}
