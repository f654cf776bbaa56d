//! `cargo xtask test`: everything that has to be green, with databases of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::services::{Fsync, Postgres, Redis};
use crate::supply::records::Wanted;
use crate::supply::{self, WithoutRecords};
use crate::{bom, needs, new_channel, tidy, workspace};

/// Tells the tests where their PostgreSQL is.
pub const POSTGRES_URL_VARIABLE: &str = "LOJISTA_TEST_POSTGRES_URL";
/// Tells the tests that a missing PostgreSQL is a failure, not a shorter run.
pub const POSTGRES_REQUIRED_VARIABLE: &str = "CI_REQUIRE_POSTGRES";
/// Tells the tests that a missing browser is a failure, not a shorter run.
pub const BROWSER_REQUIRED_VARIABLE: &str = "CI_REQUIRE_BROWSER";
/// Tells the tests where their Redis is.
pub const REDIS_URL_VARIABLE: &str = "LOJISTA_TEST_REDIS_URL";

/// Seeds that the simulator runs in every suite.
const SIMULATED_SEEDS: &str = "500";

/// One part of the suite, in the order in which they run: the quick ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The format of the code.
    Fmt,
    /// The house rules.
    Tidy,
    /// What the house is built from, and its bill of materials.
    Supply,
    /// The compiler's and clippy's warnings.
    Clippy,
    /// What `new-channel` makes.
    NewChannel,
    /// The simulator, and all tests on both databases.
    Tests,
}

/// What to run and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only this part; everything if `None`.
    pub only: Option<Part>,
    /// A filter expression of nextest.
    pub filter: Option<String>,
    /// Whether PostgreSQL waits for the disk.
    pub fsync: Fsync,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}

/// Runs the suite; stops at the first part that fails, with that part's exit code.
pub fn run(options: &Options) -> Result<(), Failure> {
    let interrupt = Interrupt::install().map_err(Failure::of)?;
    needs::provide(&interrupt, |part| options.wants(part))?;
    let suite = Suite { root: workspace::root()?, interrupt };
    if options.wants(Part::Fmt) {
        suite.step("format", || suite.cargo(&["fmt", "--all", "--check"]))?;
    }
    if options.wants(Part::Tidy) {
        suite.step("house rules", || tidy::run(&suite.root))?;
    }
    if options.wants(Part::Supply) {
        suite.step("supply chain", || {
            supply::run(&suite.root, &Wanted::of_environment(), WithoutRecords::Tell)?;
            bom::write(&suite.root)
        })?;
    }
    if options.wants(Part::Clippy) {
        suite.step("clippy, warnings are errors", || {
            suite.cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])
        })?;
    }
    if options.wants(Part::NewChannel) {
        suite.step("a new channel, made in a copy", || new_channel::prove(&suite.root, &suite.interrupt))?;
    }
    if options.wants(Part::Tests) {
        suite.tests(options)?;
    }
    Ok(())
}

struct Suite {
    root: PathBuf,
    interrupt: Interrupt,
}

impl Suite {
    /// Says what is being done, does it, says how long it took.
    fn step<T>(&self, what: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        self.interrupt.check()?;
        eprintln!("xtask: {what} …");
        let begun = Instant::now();
        let result = work();
        let outcome = if result.is_ok() { "done in" } else { "FAILED after" };
        eprintln!("xtask: {what}: {outcome} {:.1} s", begun.elapsed().as_secs_f32());
        result
    }

    fn cargo(&self, arguments: &[&str]) -> Result<(), Failure> {
        self.interrupt.run(workspace::cargo().args(arguments).current_dir(&self.root))
    }

    /// The simulator as the tests have built it: docs/decisions/0011-simulation-in-ci.md.
    fn simulation(&self) -> Result<(), Failure> {
        let simulator = workspace::target_folder(&self.root)?.join("debug").join("simulate");
        let mut command = Command::new(simulator);
        self.interrupt.run(command.args(["--seeds", SIMULATED_SEEDS]).current_dir(&self.root))
    }

    /// The tests: the runner's summary is the last thing that is printed.
    fn tests(&self, options: &Options) -> Result<(), Failure> {
        let postgres =
            self.step("start PostgreSQL", || Postgres::start(options.fsync).map_err(Failure::of))?;
        let redis = self.step("start Redis", || Redis::start().map_err(Failure::of))?;
        let with_databases = |arguments: &[&str]| -> Command {
            let mut command = workspace::cargo();
            command.args(arguments).current_dir(&self.root);
            command.env(POSTGRES_URL_VARIABLE, postgres.url()).env(REDIS_URL_VARIABLE, redis.url());
            command.env(POSTGRES_REQUIRED_VARIABLE, "1").env(BROWSER_REQUIRED_VARIABLE, "1");
            command
        };
        if options.filter.is_none() && has_doc_tests(&self.root)? {
            self.step("examples in the documentation", || {
                self.interrupt.run(&mut with_databases(&[
                    "test",
                    "--locked",
                    "--quiet",
                    "--doc",
                    "--workspace",
                ]))
            })?;
        }
        if options.filter.is_none() {
            self.step("build the tests", || {
                self.interrupt.run(&mut with_databases(&[
                    "nextest",
                    "run",
                    "--locked",
                    "--workspace",
                    "--no-run",
                ]))
            })?;
            self.step("simulation", || self.simulation())?;
        }
        self.interrupt.check()?;
        eprintln!("xtask: tests, on SQLite, on PostgreSQL and in Chromium …");
        let mut nextest = with_databases(&["nextest", "run", "--locked", "--workspace", "--no-fail-fast"]);
        if let Some(filter) = &options.filter {
            nextest.args(["--filterset", filter]);
        }
        self.interrupt.run(&mut nextest)
    }
}

/// Whether any library has an example in its documentation: without one, the long build
/// that runs them is for nothing.
fn has_doc_tests(root: &Path) -> Result<bool, Failure> {
    let files = workspace::files(root)?;
    let sources = files.iter().filter(|file| workspace::is_rust(file));
    Ok(sources.filter_map(|file| fs::read_to_string(root.join(file)).ok()).any(|text| has_example(&text)))
}

fn has_example(source: &str) -> bool {
    source.lines().map(str::trim_start).any(|line| line.starts_with("/// ```") || line.starts_with("//! ```"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_in_the_documentation_is_seen() {
        assert!(has_example("/// Adds.\n    /// ```\n    /// add(1, 1);\n    /// ```\nfn add() {}"));
        assert!(!has_example("/// Adds `one`.\nfn add() {}"));
    }

    #[test]
    fn without_a_choice_every_part_is_wanted() {
        let everything = Options::default();
        assert!(
            [Part::Fmt, Part::Tidy, Part::Clippy, Part::Tests].map(|part| everything.wants(part))
                == [true; 4]
        );
    }

    #[test]
    fn a_choice_leaves_the_other_parts_out() {
        let tests = Options { only: Some(Part::Tests), ..Options::default() };
        assert!(tests.wants(Part::Tests) && !tests.wants(Part::Clippy));
    }
}
