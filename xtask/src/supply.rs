//! `cargo xtask supply`: what the house is built from, held against what it allows.
//!
//! Licences, bans, sources and known trouble, by `deny.toml`; and whether the same commit is
//! built from the same crates each time. Why not cargo-deny itself, and what differs:
//! docs/decisions/0020-supply-chain.md.

pub mod advisories;
pub mod advisory;
pub mod bans;
pub mod day;
pub mod finding;
pub mod graph;
pub mod licences;
pub mod lock;
pub mod pinned;
pub mod policy;
pub mod records;
pub mod sources;
pub mod yanked;

use std::fs;
use std::path::Path;
use std::str::FromStr;

use day::Day;
use finding::{Finding, Weight};
use lock::Lock;
use policy::{Level, Policy};
use records::{Records, Wanted};

use crate::failure::Failure;

/// What it means that there are no advisory records at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutRecords {
    /// A failure: somebody asked for this check.
    Fail,
    /// A loud word: the other checks are done, and nobody else should need what we have.
    Tell,
}

/// Checks the project at `root`; prints what it looked at and each finding.
///
/// # Errors
/// When a finding is an error, when a file or record cannot be read, and when there are no
/// records and that is a failure.
pub fn run(root: &Path, wanted: &Wanted, without: WithoutRecords) -> Result<(), Failure> {
    let policy: Policy = parse(root, policy::FILE)?;
    let graph = graph::read(root, &policy.graph.targets)?;
    let lock: Lock = parse(root, lock::FILE)?;
    let records = records::find(root, wanted)?;
    let yanks = yanked::look_up(&lock, &yanked::folders());

    let mut findings = licences::check(&graph.packages, &policy.licenses);
    findings.extend(bans::check(&graph.packages, &lock, &policy.bans));
    findings.extend(sources::check(&lock, &policy.sources));
    findings.extend(pinned::check(root)?);
    findings.extend(yanked::findings(&lock, &yanks, policy.advisories.yanked));

    let targets = policy.graph.targets.join(", ");
    tell(&format!("licences and bans: {} crates for {targets}", graph.packages.len()));
    tell(&format!("sources and advisories: {} crates in {}", lock.crates.len(), lock::FILE));
    tell(&yanks_told(&yanks, policy.advisories.yanked));
    findings.extend(known_trouble(&lock, records.as_ref(), &policy, without));
    findings.sort_by_key(|finding| finding.weight);
    for finding in &findings {
        tell(&finding.to_string());
    }
    match findings.iter().filter(|finding| finding.weight == Weight::Error).count() {
        0 => Ok(()),
        1 => Err(Failure::of("supply: 1 error")),
        more => Err(Failure::of(format!("supply: {more} errors"))),
    }
}

fn tell(line: &str) {
    eprintln!("xtask: {line}");
}

fn parse<T: FromStr<Err = String>>(root: &Path, file: &str) -> Result<T, Failure> {
    let text =
        fs::read_to_string(root.join(file)).map_err(|error| Failure::of(format!("{file}: {error}")))?;
    text.parse().map_err(Failure::of)
}

/// Tells the records' age, and what they know of our crates.
fn known_trouble(
    lock: &Lock,
    records: Option<&Records>,
    policy: &Policy,
    without: WithoutRecords,
) -> Vec<Finding> {
    let Some(records) = records else { return vec![unchecked(without)] };
    let today = Day::today();
    tell(&format!("advisories: {}", advisories::age(records, today)));
    advisories::check(lock, records, &policy.advisories, today)
}

/// Nothing is known: nothing is good.
fn unchecked(without: WithoutRecords) -> Finding {
    let weight = match without {
        WithoutRecords::Fail => Weight::Error,
        WithoutRecords::Tell => Weight::Warning,
    };
    let mend = format!(
        "mend: `cargo xtask supply --live`, or name a folder or archive with --records or {}",
        records::VARIABLE
    );
    let what = "advisories: NOT CHECKED, there are no records: nobody knows of trouble, nor of its absence";
    Finding::new(weight, what.to_owned(), vec![mend])
}

fn yanks_told(yanks: &yanked::Yanks, level: Level) -> String {
    match (level, yanks.oldest) {
        (Level::Allow, _) => "yanked versions: allowed, not looked up".to_owned(),
        (_, None) => "yanked versions: NOT looked up".to_owned(),
        (_, Some(day)) => format!(
            "yanked versions: {} crates looked up in cargo's index entries, the oldest of {day}, {} days old",
            yanks.known,
            Day::today().since(day)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_records_nothing_is_called_good() {
        let asked = unchecked(WithoutRecords::Fail);
        assert_eq!(asked.weight, Weight::Error);
        let told = unchecked(WithoutRecords::Tell).to_string();
        assert!(told.starts_with("WARNING: advisories: NOT CHECKED") && told.contains("--live"), "{told}");
    }

    #[test]
    fn the_age_of_what_is_known_of_yanks_is_told() {
        let known = yanked::Yanks { known: 3, oldest: "2026-08-21".parse().ok(), ..yanked::Yanks::default() };
        assert!(yanks_told(&known, Level::Warn).contains("3 crates looked up"));
        assert!(yanks_told(&known, Level::Warn).contains("the oldest of 2026-08-21"));
        assert!(yanks_told(&yanked::Yanks::default(), Level::Warn).contains("NOT looked up"));
        assert!(yanks_told(&known, Level::Allow).contains("allowed"));
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = parse::<Policy>(folder.path(), policy::FILE).unwrap_err();
        assert!(missing.say.unwrap().starts_with("deny.toml: "));
    }
}
