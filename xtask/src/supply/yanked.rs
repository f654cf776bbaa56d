//! Which locked versions their authors took back.
//!
//! crates.io's index says so; cargo keeps a copy of each entry that it has read. Form of the
//! copies: `src/cargo/sources/registry/index/cache.rs` of cargo 1.95. A form that is not
//! known, or a crate without a copy, is told as not looked up.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use semver::Version;
use serde_json::Value;

use super::day::Day;
use super::finding::{Finding, Weight};
use super::lock::Lock;
use super::policy::Level;

/// The form of copy that is known: its first byte, then the index's own in four bytes.
const FORM: [u8; 5] = [3, 2, 0, 0, 0];

/// What was looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Yanks {
    /// Places in the lock file of versions that were taken back.
    pub yanked: Vec<usize>,
    /// Places of those that nothing is known about.
    pub unknown: Vec<usize>,
    /// How many were looked up.
    pub known: usize,
    /// The day of the oldest copy that was read.
    pub oldest: Option<Day>,
}

/// The folders where cargo keeps its copies of indexes.
#[must_use]
pub fn folders() -> Vec<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let indexes = home.and_then(|home| fs::read_dir(home.join("registry").join("index")).ok());
    let indexes = indexes.into_iter().flatten().filter_map(Result::ok);
    indexes.map(|index| index.path().join(".cache")).filter(|cache| cache.is_dir()).collect()
}

/// Looks every crate from elsewhere up in the copies.
#[must_use]
pub fn look_up(lock: &Lock, folders: &[PathBuf]) -> Yanks {
    let mut yanks = Yanks::default();
    for (at, one) in lock.foreign() {
        let files = folders.iter().map(|folder| folder.join(place(&one.name)));
        let answers = files.filter_map(|file| Some((is_yanked(&fs::read(&file).ok()?, &one.version)?, file)));
        // The latest of several copies is right.
        match answers.max_by_key(|(_, file)| day_of(file)) {
            Some((yanked, file)) => {
                yanks.known += 1;
                yanks.yanked.extend(yanked.then_some(at));
                yanks.oldest = yanks.oldest.into_iter().chain(day_of(&file)).min();
            }
            None => yanks.unknown.push(at),
        }
    }
    yanks
}

fn day_of(file: &Path) -> Option<Day> {
    fs::metadata(file).and_then(|data| data.modified()).ok().map(Day::of)
}

/// Where the entry of a crate stands in an index.
fn place(name: &str) -> String {
    let name = name.to_lowercase();
    match name.len() {
        0 | 1 => format!("1/{name}"),
        2 => format!("2/{name}"),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}

/// Whether an entry says that `version` was taken back; `None` if it says nothing about it.
fn is_yanked(entry: &[u8], version: &Version) -> Option<bool> {
    let mut parts = entry.strip_prefix(&FORM)?.split(|byte| *byte == 0);
    let _revision = parts.next()?;
    while let (Some(number), Some(line)) = (parts.next(), parts.next()) {
        if number == version.to_string().as_bytes() {
            let line: Value = serde_json::from_slice(line).ok()?;
            return line["yanked"].as_bool();
        }
    }
    None
}

/// What has to be told of it.
#[must_use]
pub fn findings(lock: &Lock, yanks: &Yanks, level: Level) -> Vec<Finding> {
    let Some(weight) = Weight::of(level) else { return Vec::new() };
    let mut findings: Vec<Finding> = yanks
        .yanked
        .iter()
        .map(|at| {
            let one = &lock.crates[*at];
            let mend = format!("mend: cargo update {}@{}", one.name, one.version);
            let what = format!("yanked: {} {} was taken back by its author", one.name, one.version);
            Finding::new(weight, what, vec![format!("used by: {}", lock.way(*at)), mend])
        })
        .collect();
    if !yanks.unknown.is_empty() {
        let names: Vec<&str> = yanks.unknown.iter().map(|at| lock.crates[*at].name.as_str()).collect();
        let what = format!("{} crates were NOT looked up: cargo holds no index entry of them", names.len());
        findings.push(Finding::new(
            Weight::Warning,
            what,
            vec![names.join(", "), "mend: cargo fetch --locked".into()],
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::lock::tests::lock;
    use super::*;

    fn entry(lines: &[(&str, bool)]) -> Vec<u8> {
        let mut bytes = FORM.to_vec();
        bytes.extend(b"etag: 1\0");
        for (version, yanked) in lines {
            bytes.extend(format!("{version}\0{{\"vers\":\"{version}\",\"yanked\":{yanked}}}\0").bytes());
        }
        bytes
    }

    fn house() -> Lock {
        lock(&[("web", "0.0.0", &["yaml", "zip"]), ("yaml", "1.2.2", &[]), ("zip", "1.0.0", &[])])
    }

    /// What is found when cargo's copy of the index has these entries.
    fn found(entries: &[(&str, Vec<u8>)]) -> (Yanks, Vec<Finding>) {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in entries {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
        let lock = house();
        let yanks = look_up(&lock, &[folder.path().to_path_buf()]);
        let findings = findings(&lock, &yanks, Level::Deny);
        (yanks, findings)
    }

    #[test]
    fn a_version_that_was_taken_back_is_found_and_its_neighbours_are_not() {
        let zip = entry(&[("1.0.0", false), ("1.0.1", true)]);
        let yaml = entry(&[("1.2.1", false), ("1.2.2", true)]);
        let (yanks, findings) = found(&[("ya/ml/yaml", yaml), ("3/z/zip", zip)]);
        assert_eq!((yanks.known, yanks.unknown.len(), yanks.oldest.is_some()), (2, 0, true));
        assert_eq!(
            findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["ERROR: yanked: yaml 1.2.2 was taken back by its author\n    used by: web → yaml\n    \
              mend: cargo update yaml@1.2.2"]
        );
    }

    #[test]
    fn what_could_not_be_looked_up_is_told_and_not_taken_for_good() {
        let (yanks, findings) = found(&[("3/z/zip", entry(&[("1.0.0", false)]))]);
        assert_eq!((yanks.known, yanks.unknown), (1, vec![1]));
        assert!(findings[0].to_string().starts_with("WARNING: 1 crates were NOT looked up"));
    }

    #[test]
    fn an_entry_of_a_form_that_is_not_known_says_nothing() {
        let version = Version::new(1, 2, 2);
        let good = entry(&[("1.2.2", false)]);
        assert_eq!(is_yanked(&good, &version), Some(false));
        let mut other = good.clone();
        other[0] = 4;
        assert_eq!(is_yanked(&other, &version), None);
        assert_eq!(is_yanked(&good[..good.len() - 9], &version), None);
        assert_eq!(is_yanked(&good[..3], &version), None);
        assert_eq!(is_yanked(&entry(&[("1.2.20", true)]), &version), None);
    }

    #[test]
    fn entries_stand_where_the_index_puts_them() {
        let places = ["a", "cc", "Zip", "serde_json"].map(place);
        assert_eq!(places, ["1/a", "2/cc", "3/z/zip", "se/rd/serde_json"]);
    }
}
