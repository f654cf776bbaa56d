//! Ctrl-C and termination: the tool that runs is told, we live on to clean up.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::Failure;

#[derive(Debug, Default)]
struct State {
    signal: Option<i32>,
    running: Option<Pid>,
}

/// Runs tools one at a time and passes a request to stop on to the one that runs.
///
/// Each tool gets a process group of its own: it hears a signal once, from us, whether
/// the signal came from a terminal or was sent to this process alone.
#[derive(Debug, Clone)]
pub struct Interrupt {
    state: Arc<Mutex<State>>,
}

impl Interrupt {
    /// Takes over SIGINT, SIGTERM and SIGHUP for the rest of the process's life.
    pub fn install() -> io::Result<Self> {
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
        let interrupt = Self { state: Arc::default() };
        let listener = interrupt.clone();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                listener.stop(signal);
            }
        })?;
        Ok(interrupt)
    }

    fn stop(&self, number: i32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.signal = Some(number);
        if let (Some(running), Some(signal)) = (state.running, Signal::from_named_raw(number)) {
            // It may have ended by itself in this very moment: then there is nobody to tell.
            let _ = kill_process_group(running, signal);
        }
    }

    /// Fails once somebody has asked us to stop.
    pub fn check(&self) -> Result<(), Failure> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.signal.map_or(Ok(()), |signal| Err(Failure::interrupted(signal)))
    }

    /// Runs `command` to its end, without standard input.
    ///
    /// # Errors
    /// When it cannot be started, when it fails, and when we were asked to stop.
    pub fn run(&self, command: &mut Command) -> Result<(), Failure> {
        let mut child = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(signal) = state.signal {
                return Err(Failure::interrupted(signal));
            }
            let child = command.stdin(Stdio::null()).process_group(0).spawn().map_err(|error| {
                Failure::of(format!("cannot start {}: {error}", command.get_program().display()))
            })?;
            state.running = Some(Pid::from_child(&child));
            child
        };
        let ended = child.wait();
        self.state.lock().unwrap_or_else(PoisonError::into_inner).running = None;
        let status = ended.map_err(|error| Failure::of(format!("cannot wait for a tool: {error}")))?;
        self.check()?;
        if status.success() { Ok(()) } else { Err(Failure::reported(status)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> Interrupt {
        Interrupt { state: Arc::default() }
    }

    #[test]
    fn a_tool_that_succeeds_is_a_success() {
        assert_eq!(quiet().run(&mut Command::new("true")), Ok(()));
    }

    #[test]
    fn a_tool_that_fails_gives_its_exit_code() {
        let failed = quiet().run(Command::new("sh").args(["-c", "exit 7"]));
        assert_eq!(failed, Err(Failure { code: 7, say: None }));
    }

    #[test]
    fn a_tool_that_does_not_exist_is_named() {
        let failed = quiet().run(&mut Command::new("no-such-tool-anywhere")).unwrap_err();
        assert!(failed.say.unwrap().contains("no-such-tool-anywhere"));
    }

    #[test]
    fn nothing_is_started_after_a_request_to_stop() {
        let interrupt = quiet();
        interrupt.stop(SIGTERM);
        assert_eq!(interrupt.run(&mut Command::new("true")).unwrap_err().code, 143);
    }

    #[test]
    fn a_request_to_stop_ends_the_tool_that_runs() {
        let interrupt = quiet();
        let tool = interrupt.clone();
        let running = std::thread::spawn(move || tool.run(Command::new("sleep").arg("600")));
        while interrupt.state.lock().unwrap().running.is_none() {
            std::thread::yield_now();
        }
        interrupt.stop(SIGTERM);
        assert_eq!(running.join().unwrap().unwrap_err().code, 143);
    }
}
