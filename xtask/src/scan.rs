//! `cargo xtask scan`: wapiti, sqlmap, schemathesis and sslyze against a real demo on this
//! machine; and with `--planted` the proof that each of them would have found something.

mod excuses;
mod http;
mod matrix;
mod report;
mod schemathesis;
mod sqlmap;
mod sslyze;
mod stage;
mod tools;
mod wapiti;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::workspace;
use excuses::Excuses;
use report::Outcome;
use stage::Program;

/// Minutes that a scanner has at most unless another number is asked for: sslyze takes a few
/// seconds, schemathesis two minutes, and all four together about ten.
pub const MINUTES: u64 = 8;

/// What looks for flaws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scanner {
    /// The API for programs, by its description.
    Schemathesis,
    /// SQL injection, in every parameter that is named in `sqlmap.rs`.
    Sqlmap,
    /// Pages and forms: scripting, injection, headers, cookies.
    Wapiti,
    /// TLS, as `deploy/nginx.conf` has it.
    Sslyze,
}

impl Scanner {
    /// All, in the order in which they run: the quickest to fail first.
    pub const ALL: [Self; 4] = [Self::Schemathesis, Self::Sslyze, Self::Sqlmap, Self::Wapiti];

    /// Its name: of its program and of its requirements.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Schemathesis => "schemathesis",
            Self::Sqlmap => "sqlmap",
            Self::Wapiti => "wapiti",
            Self::Sslyze => "sslyze",
        }
    }

    /// Where its planted flaw is, and what its words begin with.
    const fn planted(self) -> (&'static str, &'static str) {
        match self {
            Self::Schemathesis => ("GET /api/v1/planted", "Server error"),
            Self::Sqlmap => ("GET /planted/find", "SQL injection by the parameter code"),
            Self::Wapiti => ("GET /planted/echo", "Reflected Cross Site Scripting"),
            Self::Sslyze => ("TLS tls_versions", "TLS versions"),
        }
    }

    fn scan(self, scan: &Scan<'_>) -> Result<Vec<Finding>, Failure> {
        match self {
            Self::Schemathesis => schemathesis::scan(scan),
            Self::Sqlmap => sqlmap::scan(scan),
            Self::Wapiti => wapiti::scan(scan),
            Self::Sslyze => sslyze::scan(scan),
        }
    }
}

/// What to scan and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Only this scanner; all if `None`.
    pub only: Option<Scanner>,
    /// Whether to look at the program with planted flaws, which have to be found.
    pub planted: bool,
    /// Minutes that each scanner has.
    pub minutes: u64,
    /// Where to write the findings as JSON too.
    pub json: Option<PathBuf>,
}

/// Something above informational that a scanner found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Who found it.
    pub scanner: Scanner,
    /// Where: a method and a route or path, or what of TLS.
    pub place: String,
    /// What, in the scanner's words.
    pub what: String,
}

/// What a scanner is run with.
struct Scan<'a> {
    interrupt: &'a Interrupt,
    root: &'a Path,
    /// Where logs and reports go.
    place: &'a Path,
    program: &'a Program,
    planted: bool,
    limit: Duration,
}

/// Runs the scanners.
///
/// # Errors
/// When something is found that is not excused (with `planted`: when a planted flaw is not found),
/// when an excuse matches nothing any more, and when a scanner cannot do its work.
pub fn run(options: &Options) -> Result<(), Failure> {
    let interrupt = Interrupt::install().map_err(Failure::of)?;
    let root = workspace::root()?;
    let scanners: Vec<Scanner> =
        Scanner::ALL.into_iter().filter(|scanner| options.only.is_none_or(|only| only == *scanner)).collect();
    let place = workspace::target_folder(&root)?.join("scan");
    tools::provide(&interrupt, &root, &place, &scanners)?;
    let program = Program::build(&interrupt, &root, options.planted)?;
    let scan = Scan {
        interrupt: &interrupt,
        root: &root,
        place: &place,
        program: &program,
        planted: options.planted,
        limit: Duration::from_secs(options.minutes.max(1) * 60),
    };
    let excuses = if options.planted { Excuses::default() } else { Excuses::read(&root)? };
    let mut outcomes = Vec::new();
    for scanner in scanners {
        eprintln!("xtask: {} …", scanner.name());
        let begun = Instant::now();
        let mut findings = scanner.scan(&scan)?;
        findings.sort();
        findings.dedup();
        let (explained, findings) = findings.into_iter().partition(|finding| excuses.excuse(finding));
        let seconds = begun.elapsed().as_secs();
        outcomes.push(Outcome { scanner, seconds, findings, excused: explained });
    }
    report::tell(&outcomes, options)?;
    if options.planted {
        return report::planted_were_found(&outcomes);
    }
    excuses.all_needed(&outcomes)?;
    report::nothing_was_found(&outcomes)
}
