//! The log: lines on standard error, for people or for machines.

use tracing_subscriber::EnvFilter;

use crate::config::{ConfigError, Log, LogFormat, Sources, Values};
use crate::{cli, config};

/// Starts the log as it is configured.
pub(crate) fn start(log: &Log) {
    let filter = EnvFilter::new(&log.filter);
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only a second start fails, and then the first one stands.
    let _ = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    for slip in config::unknown_variables(&cli::environment()) {
        tracing::warn!("{slip}");
    }
}

/// Starts the log for a command that reads no other configuration.
pub(crate) fn start_from_environment() -> Result<(), ConfigError> {
    let sources = Sources { environment: cli::environment(), ..Sources::default() };
    start(&Log::read(&Values::gather(&sources)?)?);
    Ok(())
}
