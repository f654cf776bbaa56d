//! The scanners: each in a Python environment of its own, with every package pinned by its hash
//! in `xtask/scan/`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Scan, Scanner};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::workspace::{find_program, output};

/// The Python that the packages are pinned for.
const PYTHON: &str = "3.11";
/// What builds packages that come as sources.
const BUILDERS: &str = "build.txt";
/// After its time a scanner is asked to end, and killed after so many seconds.
const KILL_AFTER: &str = "20";
/// What `timeout` of the coreutils ends with when the time was over.
const TIME_OVER: u8 = 124;

/// Makes what the scanners need, or names what the machine lacks.
pub(super) fn provide(
    interrupt: &Interrupt,
    root: &Path,
    place: &Path,
    scanners: &[Scanner],
) -> Result<(), Failure> {
    fs::create_dir_all(place).map_err(Failure::of)?;
    let needs_tls = scanners.contains(&Scanner::Sslyze);
    for (program, package, needed) in
        [("nginx", "nginx", needs_tls), ("openssl", "openssl", needs_tls), ("timeout", "coreutils", true)]
    {
        if needed && program_at(program).is_none() {
            return Err(Failure::of(format!("{program} is not installed: apt-get install -y {package}")));
        }
    }
    let python = python()?;
    for scanner in scanners {
        install(interrupt, root, place, &python, *scanner)?;
    }
    Ok(())
}

/// Where a program is, also where only root looks.
pub(super) fn program_at(name: &str) -> Option<PathBuf> {
    find_program(name, &[PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
}

fn python() -> Result<PathBuf, Failure> {
    let named = [format!("python{PYTHON}"), "python3".to_owned()];
    let says = |python: &PathBuf| {
        let ask = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])";
        output(Command::new(python).args(["-c", ask])).is_ok_and(|said| said.trim() == PYTHON)
    };
    let found = named.iter().filter_map(|name| find_program(name, &[])).find(says);
    let missing = format!(
        "Python {PYTHON} with venv is not installed, and the scanners are pinned for it: apt-get install -y python{PYTHON}-venv"
    );
    found.ok_or_else(|| Failure::of(missing))
}

fn folder(place: &Path, scanner: Scanner) -> PathBuf {
    place.join("tools").join(scanner.name())
}

fn install(
    interrupt: &Interrupt,
    root: &Path,
    place: &Path,
    python: &Path,
    scanner: Scanner,
) -> Result<(), Failure> {
    let wanted = root.join("xtask/scan").join(format!("{}.txt", scanner.name()));
    let folder = folder(place, scanner);
    let (have, pins) = (folder.join("requirements"), fs::read(&wanted).map_err(Failure::of)?);
    if fs::read(&have).is_ok_and(|have| have == pins) {
        return Ok(());
    }
    eprintln!("xtask: {} is installed …", scanner.name());
    interrupt.run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let pip = |more: &[&str], file: &Path| {
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "--no-deps",
        ]);
        interrupt.run(pip.args(more).arg("-r").arg(file))
    };
    pip(&["--only-binary", ":all:"], &root.join("xtask/scan").join(BUILDERS))?;
    // A few come as sources: what builds them is pinned, too.
    pip(&["--no-build-isolation"], &wanted)?;
    fs::write(&have, pins).map_err(Failure::of)
}

/// How a scanner's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By itself, with this code: most end with an error when they found something.
    Code(u8),
    /// Its time was over.
    TimeOver,
}

impl Scan<'_> {
    /// A fresh folder for a scanner's reports.
    pub(super) fn folder(&self, scanner: Scanner) -> Result<PathBuf, Failure> {
        let folder = self.place.join("reports").join(scanner.name());
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(Failure::of)?;
        }
        fs::create_dir_all(&folder).map_err(Failure::of)?;
        Ok(folder)
    }

    /// A scanner's program; [`Scan::run`] runs it.
    pub(super) fn tool(&self, scanner: Scanner) -> PathBuf {
        folder(self.place, scanner).join("bin").join(scanner.name())
    }

    /// Runs a scanner for so long at most, with few rights to the processor; what it prints goes
    /// to `log`.
    pub(super) fn run(&self, command: &Command, limit: Duration, log: &Path) -> Result<End, Failure> {
        let mut bounded = Command::new("timeout");
        bounded.args(["--signal=INT", "--kill-after", KILL_AFTER, &limit.as_secs().max(1).to_string()]);
        bounded.args(["nice", "-n", "10"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            bounded.envs(value.map(|value| (name, value)));
        }
        if let Some(folder) = command.get_current_dir() {
            bounded.current_dir(folder);
        }
        let file = File::options().create(true).append(true).open(log).map_err(Failure::of)?;
        bounded.stdout(file.try_clone().map_err(Failure::of)?).stderr(Stdio::from(file));
        let ended = self.interrupt.run(&mut bounded);
        self.interrupt.check()?;
        match ended {
            Ok(()) => Ok(End::Code(0)),
            Err(Failure { code: TIME_OVER, .. }) => Ok(End::TimeOver),
            Err(Failure { code, say: None }) => Ok(End::Code(code)),
            Err(failure) => Err(failure),
        }
    }
}

/// What a scanner without a report says.
pub(super) fn no_report(scanner: Scanner, log: &Path) -> Failure {
    Failure::of(format!("{} left no report that can be read; see {}", scanner.name(), log.display()))
}
