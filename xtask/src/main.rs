//! The house keeper's commands.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use xtask::failure::Failure;
use xtask::scan::{self, Scanner};
use xtask::services::Fsync;
use xtask::suite::{self, Options, Part};
use xtask::supply::records::{self, Wanted};
use xtask::supply::{self, WithoutRecords};
use xtask::{asvs, bom, measure, new_channel, simulate, tidy, workspace};

/// The house keeper.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", after_help = "Example:\n  cargo xtask test")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every check and every test, with a PostgreSQL and a Redis of its own.
    ///
    /// Installs what is missing (Debian packages when root; otherwise it names the command),
    /// then: format, house rules, supply chain, clippy, a new channel made in a copy, examples in the
    /// documentation, 500 simulated shops, all tests on both databases. Stops at the first part
    /// that fails and keeps its exit code.
    #[command(after_help = "Examples:\n  cargo xtask test\n  cargo xtask test --only clippy\n  \
                            cargo xtask test --only tests --filter 'package(store)'")]
    Test {
        /// Run this part alone.
        #[arg(long, value_enum)]
        only: Option<OnlyPart>,
        /// Run only the tests that this filter expression of nextest names.
        #[arg(long, value_name = "EXPRESSION")]
        filter: Option<String>,
        /// Whether PostgreSQL waits for the disk at each commit, as in production.
        #[arg(long, value_enum, default_value = "on")]
        fsync: FsyncSetting,
    },
    /// Check the house rules that neither the compiler nor clippy knows.
    ///
    /// Arrows between rooms, length of files and functions, calls that have no place, log
    /// fields that would carry secrets, snapshots without a test, texts without a
    /// translation, secrets and machine names. A line that is right in spite of a rule says
    /// so, on itself or on the line above: `tidy: allowed because …`.
    #[command(after_help = "Example:\n  cargo xtask tidy")]
    Tidy,
    /// Check what the house is built from: licences, bans, sources, known trouble.
    ///
    /// Holds the lock file and cargo's word against deny.toml and against advisory records,
    /// whose day and age are told. They come from --records, or from the newest archive
    /// `rust-advisories-….tar.gz` in ../shared/data, or with --live over the network; without
    /// any, the check fails.
    #[command(after_help = "Examples:\n  cargo xtask supply\n  cargo xtask supply --live\n  \
                            cargo xtask supply --records advisory-db")]
    Supply {
        /// A folder or archive of RustSec records.
        #[arg(long, value_name = "PATH", env = records::VARIABLE)]
        records: Option<PathBuf>,
        /// Fetch the records as they are now, with git; whatever else is named.
        #[arg(long)]
        live: bool,
    },
    /// Write docs/security/asvs.md: what of OWASP's ASVS is met, and how that is known.
    ///
    /// Made of the tests that name a requirement (`/// ASVS 6.5.1.` above them) and of the reasons in
    /// docs/security/asvs.toml; prints the sums.
    #[command(after_help = "Example:\n  cargo xtask asvs")]
    Asvs,
    /// Write the bill of materials of the program, as CycloneDX.
    ///
    /// What is linked into it, with licences and checksums, who uses whom, and the compiler.
    /// The same lock file, compiler and program make the same bytes.
    #[command(after_help = "Examples:\n  cargo xtask bom --out lojista.cdx.json\n  \
                            cargo xtask bom --binary target/release/lojista --out lojista.cdx.json")]
    Bom {
        /// Write it to this file; else it is printed.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The program that was built, for its checksum.
        #[arg(long, value_name = "FILE")]
        binary: Option<PathBuf>,
        /// The platform [default: the compiler's own].
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
    },
    /// Make the beginnings of a connector to one more marketplace.
    ///
    /// Writes its folder and the lines that it needs elsewhere. It builds at once and fails
    /// its conformance tests, each of which says what is to be written and where. Refuses a
    /// name that is none or taken, and overwrites nothing. docs/adding-a-channel.md goes on
    /// from there.
    #[command(after_help = "Examples:\n  cargo xtask new-channel acme\n  \
                            cargo xtask new-channel tiktok_shop --label 'TikTok Shop'")]
    NewChannel {
        /// Its word in addresses and databases, for ever: small letters, digits, underscores.
        #[arg(value_name = "NAME")]
        word: String,
        /// Its name for people, when it is not the word in capitals.
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
    },
    /// Run wapiti, sqlmap, schemathesis and sslyze against a demo on this machine.
    ///
    /// Installs them into environments of their own below the target folder (needs Python 3.11 and,
    /// for sslyze, nginx), starts a demo for each, and lists what is found above informational.
    /// Nothing leaves this machine. docs/security/scans.md tells what is scanned and how.
    #[command(after_help = "Examples:\n  cargo xtask scan\n  cargo xtask scan --only schemathesis\n  \
                            cargo xtask scan --planted\n  cargo xtask scan --minutes 15 --json scan.json")]
    Scan {
        /// Run this scanner alone.
        #[arg(long, value_enum)]
        only: Option<OnlyScanner>,
        /// Scan a program with a flaw planted for each scanner; fail unless each finds its own.
        #[arg(long)]
        planted: bool,
        /// Minutes that each scanner has.
        #[arg(long, default_value_t = scan::MINUTES)]
        minutes: u64,
        /// Write what was found to this file too, as JSON.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// Drive whole shops through simulated storms, one for each seed.
    ///
    /// After every event the shop is held against its promises; a broken one is printed
    /// with the command that replays it. With --flash: one SKU, a hundred units, ten thousand
    /// buyers in a minute on three marketplaces, shared and split mode side by side; an error when
    /// split mode sells more than there is.
    #[command(after_help = "Examples:\n  cargo xtask simulate --seeds 500\n  \
                            cargo xtask simulate --start 17 --seeds 1\n  \
                            cargo xtask simulate --flash --seeds 1000")]
    Simulate {
        /// How many seeds.
        #[arg(long, default_value_t = 100)]
        seeds: u64,
        /// The first seed.
        #[arg(long, default_value_t = 1)]
        start: u64,
        /// Events in each run.
        #[arg(long, default_value_t = 60)]
        events: u32,
        /// Flash sales in place of storms.
        #[arg(long)]
        flash: bool,
    },
    /// Measure what the house promises in figures, on both databases.
    ///
    /// Prints a table, each figure with its unit and what is promised. The first run builds
    /// for a while; nothing else should run meanwhile.
    #[command(after_help = "Examples:\n  cargo xtask bench\n  \
                            cargo xtask bench --only hook-intake --json figures.json\n  \
                            cargo xtask bench --only orders-page --orders 10000")]
    Bench {
        /// Run one benchmark alone: hook-intake, orders-page, fan-out, first-import,
        /// connectors, footprint, refused-sign-in, sealing, permission, restore-drill, masked-page
        /// or rotation.
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
        /// Write the figures to this file too, as JSON.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// The largest shop of orders-page, in orders [default: 1000000].
        #[arg(long)]
        orders: Option<u32>,
        /// Orders of first-import [default: 100000].
        #[arg(long)]
        imported: Option<u32>,
        /// Seconds of each turn of hook-intake [default: 5].
        #[arg(long)]
        seconds: Option<u64>,
    },
    /// Kill the real program under load, again and again, and look at what is left.
    ///
    /// First at each step of its ways, then at moments of chance too. Ends with an error
    /// when anything acknowledged is lost or done twice; the data is kept for a look then.
    #[command(after_help = "Examples:\n  cargo xtask torture\n  \
                            cargo xtask torture --kills 20 --seed 7\n  \
                            cargo xtask torture --postgres\n  \
                            cargo xtask torture --disk-full\n  \
                            cargo xtask torture --what all --kills 500")]
    Torture {
        /// How often it is killed.
        #[arg(long, default_value_t = 200)]
        kills: u32,
        /// How long it lives on average before a kill at a moment of chance.
        #[arg(long, value_name = "MILLISECONDS", default_value_t = 1_000)]
        mean_life: u64,
        /// The chance of moments, items and cancellations.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// On PostgreSQL in place of SQLite.
        #[arg(long)]
        postgres: bool,
        /// Fill its disk up instead of killing it.
        #[arg(long, conflicts_with_all = ["postgres", "kills", "mean_life"])]
        disk_full: bool,
        /// Kill what keeps the shop instead: backup, restore, rotation, erasure, or all in turns.
        #[arg(long, value_name = "WHAT", conflicts_with_all = ["postgres", "disk_full"])]
        what: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnlyPart {
    Fmt,
    Tidy,
    Supply,
    Clippy,
    NewChannel,
    Tests,
}

impl From<OnlyPart> for Part {
    fn from(only: OnlyPart) -> Self {
        match only {
            OnlyPart::Fmt => Self::Fmt,
            OnlyPart::Tidy => Self::Tidy,
            OnlyPart::Supply => Self::Supply,
            OnlyPart::Clippy => Self::Clippy,
            OnlyPart::NewChannel => Self::NewChannel,
            OnlyPart::Tests => Self::Tests,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnlyScanner {
    Schemathesis,
    Sslyze,
    Sqlmap,
    Wapiti,
}

impl From<OnlyScanner> for Scanner {
    fn from(only: OnlyScanner) -> Self {
        match only {
            OnlyScanner::Schemathesis => Self::Schemathesis,
            OnlyScanner::Sslyze => Self::Sslyze,
            OnlyScanner::Sqlmap => Self::Sqlmap,
            OnlyScanner::Wapiti => Self::Wapiti,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FsyncSetting {
    On,
    Off,
}

impl From<FsyncSetting> for Fsync {
    fn from(setting: FsyncSetting) -> Self {
        match setting {
            FsyncSetting::On => Self::On,
            FsyncSetting::Off => Self::Off,
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Test { only, filter, fsync } => {
            suite::run(&Options { only: only.map(Part::from), filter, fsync: fsync.into() })
        }
        Command::Tidy => {
            tidy::run(&workspace::root()?)?;
            eprintln!("xtask: the house is tidy");
            Ok(())
        }
        Command::Supply { records, live } => {
            let wanted = match records {
                _ if live => Wanted::Live,
                Some(records) => Wanted::At(records),
                None => Wanted::Beside,
            };
            supply::run(&workspace::root()?, &wanted, WithoutRecords::Fail)?;
            eprintln!("xtask: the house is built from what it allows");
            Ok(())
        }
        Command::Asvs => asvs::run(&workspace::root()?),
        Command::Bom { out, binary, target } => write_bom(out, &bom::Options { target, binary }),
        Command::NewChannel { word, label } => new_channel::run(&word, label.as_deref()),
        Command::Scan { only, planted, minutes, json } => {
            scan::run(&scan::Options { only: only.map(Scanner::from), planted, minutes, json })
        }
        Command::Simulate { seeds, start, events, flash } => simulate::run(seeds, start, events, flash),
        Command::Bench { only, json, orders, imported, seconds } => {
            let json = json.map(std::path::absolute).transpose().map_err(Failure::of)?;
            let arguments = [
                given("--only", only),
                given("--json", json),
                given("--orders", orders.map(|orders| orders.to_string())),
                given("--imported", imported.map(|orders| orders.to_string())),
                given("--seconds", seconds.map(|seconds| seconds.to_string())),
            ];
            measure::run("bench", &arguments.concat(), true)
        }
        Command::Torture { kills, mean_life, seed, postgres, disk_full, what } => {
            let mut arguments = given("--seed", Some(seed.to_string()));
            arguments.extend(given("--what", what));
            if disk_full {
                arguments.push("--disk-full".into());
            } else {
                arguments.extend(given("--kills", Some(kills.to_string())));
                arguments.extend(given("--mean-life", Some(mean_life.to_string())));
            }
            arguments.extend(postgres.then(|| OsString::from("--postgres")));
            measure::run("torture", &arguments, postgres)
        }
    }
}

fn write_bom(out: Option<PathBuf>, options: &bom::Options) -> Result<(), Failure> {
    let bill = bom::make(&workspace::root()?, options)?;
    match out {
        Some(file) => {
            std::fs::write(&file, bill).map_err(|error| Failure::of(format!("{}: {error}", file.display())))
        }
        None => std::io::stdout().write_all(bill.as_bytes()).map_err(Failure::of),
    }
}

/// A flag and its value, if there is one.
fn given(flag: &str, value: Option<impl Into<OsString>>) -> Vec<OsString> {
    value.map(|value| vec![flag.into(), value.into()]).unwrap_or_default()
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(say) = &failure.say {
                eprintln!("xtask: {say}");
            }
            ExitCode::from(failure.code)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Arguments::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("cargo xtask"), "{} has no example", command.get_name());
        }
    }
}
