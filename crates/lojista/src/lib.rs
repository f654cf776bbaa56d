//! The program: configuration, wiring, commands. [`main`] is all of it; the torture in
//! `tests` starts the same program with an end of its own choosing.

mod audit;
mod backup;
mod cli;
mod clock;
mod config;
mod demo;
mod doctor;
mod failure;
mod folder;
mod house;
mod keys;
mod logging;
mod sandbox_command;
mod serve;
mod setup;
mod stop;

use std::process::ExitCode;
use std::sync::Arc;

use app::Faults;

use store::backup::RunKind;

use crate::cli::{AuditCommand, BackupArgs, Cli, Command, KeysCommand, UserCommand};
use crate::failure::Failure;

/// Threads of the commands that ask for no number.
const THREADS: usize = 2;

/// Reads the command line and does what it says. With `faults` the shop that `serve` runs
/// may be made to end at the steps of its ways; the program that is shipped has none.
#[must_use]
pub fn main(faults: Option<Arc<dyn Faults>>) -> ExitCode {
    match run(Cli::read().command, faults) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("lojista: {failure}");
            failure.exit_code()
        }
    }
}

fn run(command: Command, faults: Option<Arc<dyn Faults>>) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(args) => {
            let config = args.load()?;
            logging::start(&config.log);
            on_threads(config.server.threads, serve::run(config, args.json, faults))
        }
        Command::Demo(args) => {
            logging::start_from_environment()?;
            on_threads(THREADS, demo::run(args))
        }
        Command::Sandbox(args) => {
            logging::start_from_environment()?;
            on_threads(THREADS, sandbox_command::run(args))
        }
        Command::Migrate(args) => setup::migrate(&configured(&args)?),
        Command::Doctor(args) => return doctor::run(&args),
        Command::Audit(AuditCommand::Export { folder, ocsf, config }) => {
            on_threads(THREADS, audit::export(configured(&config)?, folder, ocsf))
        }
        Command::Audit(AuditCommand::Verify { folder, key, checkpoint, json }) => {
            return audit::verify(&folder, key, &checkpoint, json);
        }
        Command::Backup(args) => run_backup(&args, RunKind::Backup),
        Command::RestoreDrill(args) => run_backup(&args, RunKind::Drill),
        Command::Restore(args) => {
            logging::start_from_environment()?;
            on_threads(THREADS, backup::restore(args))
        }
        Command::Keys(command) => {
            let args = match &command {
                KeysCommand::Status(keys)
                | KeysCommand::Rotate { keys, .. }
                | KeysCommand::Retire { keys, .. } => &keys.config,
            };
            on_threads(THREADS, keys::run(configured(args)?, command))
        }
        Command::User(UserCommand::Link { config, public_url }) => {
            let config = config.load(&[("server.public_url", "public-url", public_url)])?;
            logging::start(&config.log);
            on_threads(THREADS, setup::link(config))
        }
        Command::User(UserCommand::Recover { email, because, config, public_url }) => {
            let config = config.load(&[("server.public_url", "public-url", public_url)])?;
            logging::start(&config.log);
            on_threads(THREADS, setup::recover(config, email, because))
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn run_backup(args: &BackupArgs, kind: RunKind) -> Result<(), Failure> {
    let config = args.load()?;
    logging::start(&config.log);
    on_threads(THREADS, backup::run(config, kind, args.json))
}

fn configured(args: &cli::ConfigArgs) -> Result<config::Config, Failure> {
    let config = args.load(&[])?;
    logging::start(&config.log);
    Ok(config)
}

/// Runs `work` on a runtime with this many threads.
fn on_threads<T>(threads: usize, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|error| Failure::at("the program cannot start its threads", error))?
        .block_on(work)
}
