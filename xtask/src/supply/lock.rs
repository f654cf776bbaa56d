//! `Cargo.lock`: every crate, from where, and who asked for it.

use std::collections::VecDeque;
use std::str::FromStr;

use semver::Version;
use serde::Deserialize;

/// Where it stands, from the root of the project.
pub const FILE: &str = "Cargo.lock";
/// The forms that are known.
const FORMS: [u32; 2] = [3, 4];

/// The whole file.
#[derive(Debug, Clone)]
pub struct Lock {
    /// All crates, ours among them.
    pub crates: Vec<Locked>,
    /// For each crate the one on the shortest way to it from a room of ours.
    before: Vec<Option<usize>>,
}

/// One version of one crate.
#[derive(Debug, Clone, Deserialize)]
pub struct Locked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Where it comes from; `None` for our own.
    pub source: Option<String>,
    /// SHA-256 of the archive it comes in, in hexadecimal digits.
    pub checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Raw {
    version: u32,
    package: Vec<Locked>,
}

impl FromStr for Lock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Raw { version, package } = toml::from_str(text).map_err(|error| format!("{FILE}: {error}"))?;
        if !FORMS.contains(&version) {
            return Err(format!("{FILE}: its form {version} is not known; known are {FORMS:?}"));
        }
        let mut next = Vec::new();
        for one in &package {
            let found: Result<Vec<_>, _> =
                one.dependencies.iter().map(|named| place(&package, named)).collect();
            next.push(found?);
        }
        let mut before = vec![None; package.len()];
        let mut seen: Vec<bool> = package.iter().map(|one| one.source.is_none()).collect();
        let mut waiting: VecDeque<usize> = (0..package.len()).filter(|at| seen[*at]).collect();
        while let Some(at) = waiting.pop_front() {
            for to in &next[at] {
                if !std::mem::replace(&mut seen[*to], true) {
                    before[*to] = Some(at);
                    waiting.push_back(*to);
                }
            }
        }
        Ok(Self { crates: package, before })
    }
}

/// The place of the crate that a dependency `name`, `name version` or `name version (source)`
/// names: cargo says as much as tells it from others.
fn place(crates: &[Locked], named: &str) -> Result<usize, String> {
    let mut words = named.split(' ');
    let (name, version) = (words.next().unwrap_or_default(), words.next());
    let meant =
        |one: &Locked| one.name == name && version.is_none_or(|version| one.version.to_string() == version);
    crates
        .iter()
        .position(meant)
        .ok_or_else(|| format!("{FILE}: nothing is `{named}`, which a crate depends on"))
}

impl Lock {
    /// The crates that come from elsewhere, with their places.
    pub fn foreign(&self) -> impl Iterator<Item = (usize, &Locked)> {
        self.crates.iter().enumerate().filter(|(_, one)| one.source.is_some())
    }

    /// The place of this version of this crate.
    #[must_use]
    pub fn find(&self, name: &str, version: &Version) -> Option<usize> {
        self.crates.iter().position(|one| one.name == name && one.version == *version)
    }

    /// Whether a room of ours names the crate at this place itself.
    #[must_use]
    pub fn is_named_by_a_room(&self, at: usize) -> bool {
        self.before[at].is_some_and(|before| self.crates[before].source.is_none())
    }

    /// The shortest way from a room of ours to the crate at this place: `web → axum → hyper`.
    #[must_use]
    pub fn way(&self, at: usize) -> String {
        let steps = std::iter::successors(Some(at), |at| self.before[*at]);
        let mut names: Vec<&str> = steps.map(|at| self.crates[at].name.as_str()).collect();
        names.reverse();
        names.join(" → ")
    }
}

#[cfg(test)]
pub(in crate::supply) mod tests {
    use super::*;

    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    /// A lock file: of each crate its name, its version, and what it depends on. A crate of
    /// version 0.0.0 is ours.
    pub(in crate::supply) fn lock(crates: &[(&str, &str, &[&str])]) -> Lock {
        lock_from(REGISTRY, crates).parse().unwrap()
    }

    pub(in crate::supply) fn lock_from(source: &str, crates: &[(&str, &str, &[&str])]) -> String {
        let blocks = crates.iter().map(|(name, version, dependencies)| {
            let source = if *version == "0.0.0" { String::new() } else { format!("source = \"{source}\"\n") };
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}dependencies = {dependencies:?}\n"
            )
        });
        format!("version = 4\n{}", blocks.collect::<String>())
    }

    #[test]
    fn the_shortest_way_to_a_crate_is_told() {
        let lock = lock(&[
            ("app", "0.0.0", &["http"]),
            ("web", "0.0.0", &["app", "axum"]),
            ("axum", "0.8.9", &["http", "hyper"]),
            ("http", "1.0.0", &[]),
            ("hyper", "1.8.0", &[]),
        ]);
        assert_eq!(lock.way(4), "web → axum → hyper");
        assert_eq!(lock.way(3), "app → http");
        assert!(lock.is_named_by_a_room(3) && !lock.is_named_by_a_room(4));
    }

    #[test]
    fn two_versions_of_a_crate_are_told_apart() {
        let lock = lock(&[
            ("app", "0.0.0", &["syn 2.0.0"]),
            ("web", "0.0.0", &["derive"]),
            ("derive", "1.0.0", &["syn 3.0.0"]),
            ("syn", "2.0.0", &[]),
            ("syn", "3.0.0", &[]),
        ]);
        assert_eq!((lock.way(3), lock.way(4)), ("app → syn".into(), "web → derive → syn".into()));
    }

    #[test]
    fn a_crate_that_nobody_asked_for_stands_alone() {
        assert_eq!(lock(&[("lonely", "1.0.0", &[])]).way(0), "lonely");
    }

    #[test]
    fn our_own_crates_come_from_nowhere_else() {
        let lock = lock(&[("app", "0.0.0", &["http"]), ("http", "1.0.0", &[])]);
        assert_eq!(lock.foreign().map(|(at, _)| at).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_broken_lock_file_is_refused_with_what_is_wrong() {
        for (text, say) in [
            ("version = ", "Cargo.lock: "),
            ("version = 9\npackage = []", "its form 9 is not known"),
            ("version = 4\n[[package]]\nname = \"a\"\nversion = \"one\"", "Cargo.lock: "),
            (
                "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\"b 2.0.0\"]",
                "`b 2.0.0`",
            ),
        ] {
            let refused = text.parse::<Lock>().unwrap_err();
            assert!(refused.contains(say), "{refused}");
        }
    }
}
