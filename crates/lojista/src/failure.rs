//! How a command ends when it does not end well.

use std::fmt;
use std::process::ExitCode;

use crate::config::ConfigError;

/// One sentence for a person, with the mend in it, and the exit code for a script.
#[derive(Debug)]
pub(crate) struct Failure {
    say: String,
    code: u8,
}

/// The command could not do its work.
const CODE_FAILED: u8 = 1;
/// The configuration contradicts itself or cannot be read. clap uses the same number for
/// wrong arguments.
const CODE_CONFIG: u8 = 2;

impl Failure {
    /// The command could not do its work.
    pub(crate) fn new(say: impl fmt::Display) -> Self {
        Self { say: say.to_string(), code: CODE_FAILED }
    }

    /// What the command was doing, and what went wrong with it.
    pub(crate) fn at(doing: &str, error: impl fmt::Display) -> Self {
        Self::new(format!("{doing}: {error}"))
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.say)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { say: error.to_string(), code: CODE_CONFIG }
    }
}

impl From<app::AppError> for Failure {
    fn from(error: app::AppError) -> Self {
        Self::new(error)
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        Self::new(error)
    }
}
