//! The real program, as a process of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Result;

/// The program as it is shipped, built beside this one.
pub fn path() -> Result<PathBuf> {
    beside("lojista")
}

/// A program that was built beside this one.
pub fn beside(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.is_file() { Ok(path) } else { Err(format!("{} is not built", path.display()).into()) }
}

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    child: Child,
    begun: Instant,
    output: BufReader<std::process::ChildStdout>,
}

impl Program {
    /// Starts `program` in an environment that says only what `environment` says; its log
    /// is appended to `log`.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        environment: &BTreeMap<&str, String>,
        log: &Path,
    ) -> Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let begun = Instant::now();
        let mut child = command.spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("the program has no output")?);
        Ok(Self { child, begun, output })
    }

    /// Waits for the line that says it is ready; how long after the start that was.
    pub fn ready(&mut self) -> Result<(Duration, String)> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let after = self.begun.elapsed();
        if line.is_empty() {
            return Err(format!("the program ended before it was ready: {}", self.child.wait()?).into());
        }
        Ok((after, line))
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would (SIGKILL), and waits until it is gone.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends it as an operator would (SIGTERM), and waits until it is gone.
    pub fn end(mut self) -> Result<ExitStatus> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
