//! How a command of the house keeper ends when it does not end well.

use std::fmt;
use std::process::ExitStatus;

/// The exit code when the house keeper itself could not do its work.
const OWN_TROUBLE: u8 = 1;
/// Shells report a death by signal as this plus the signal's number.
const SIGNAL_BASE: i32 = 128;

/// A command that failed: what to say (if nobody said it yet) and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code of the process, never 0.
    pub code: u8,
    /// What went wrong and how to mend it. `None` when the tool that failed has already
    /// said so: its own line then stays the last.
    pub say: Option<String>,
}

impl Failure {
    /// Trouble that nobody has reported yet.
    #[must_use]
    pub fn of(trouble: impl fmt::Display) -> Self {
        Self { code: OWN_TROUBLE, say: Some(trouble.to_string()) }
    }

    /// The failure of a tool that has reported it.
    #[must_use]
    pub fn reported(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let code = status.code().or_else(|| status.signal().map(|signal| SIGNAL_BASE + signal));
        let code = code.and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0);
        Self { code: code.unwrap_or(OWN_TROUBLE), say: None }
    }

    /// Somebody asked us to stop (Ctrl-C or a termination signal).
    #[must_use]
    pub fn interrupted(signal: i32) -> Self {
        let code = u8::try_from(SIGNAL_BASE + signal).unwrap_or(OWN_TROUBLE);
        Self { code, say: Some(format!("stopped by signal {signal}")) }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn the_exit_code_of_a_tool_is_kept() {
        assert_eq!(Failure::reported(ExitStatus::from_raw(100 << 8)), Failure { code: 100, say: None });
    }

    #[test]
    fn a_tool_killed_by_a_signal_ends_as_a_shell_would_say() {
        assert_eq!(Failure::reported(ExitStatus::from_raw(9)).code, 137);
    }

    #[test]
    fn a_failure_never_ends_with_code_zero() {
        assert_eq!(Failure::reported(ExitStatus::from_raw(0)).code, 1);
    }
}
