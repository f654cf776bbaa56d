//! What must not leave the machine it was written on: keys, and words that only fit there.

use std::env;
use std::fs;
use std::path::Path;

use super::source::words;
use super::{Finding, Tree};

/// How secrets look. In two parts each, or this file would be found itself.
const SECRETS: &[&str] = &[
    concat!("PRIVATE", " KEY-----"),
    concat!("AGE-SECRET", "-KEY-1"),
    concat!("github", "_pat_"),
    concat!("xox", "b-"),
];
/// How folders of one person or one machine look.
const FOLDERS: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("C:\\", "Users\\"),
];
/// What a cargo file says to take packages from elsewhere.
const OTHER_REGISTRY: &[&str] = &["replace-with", "[registries", "[source.", "registry =", "index ="];
/// Where cargo's lock file says packages come from, and the one place they do.
const LOCKED_SOURCE: &str = "source = \"";
const CRATES_IO: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
/// Shorter names of machines and folders are too common as words.
const TELLING_LENGTH: usize = 8;

/// Words that name this very machine: the project's folder, the home folder, the host.
#[must_use]
pub fn machine_words(root: &Path) -> Vec<String> {
    let home = env::var("HOME").unwrap_or_default();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let folder = root.display().to_string();
    [folder, home, host.trim().to_owned()].into_iter().filter(|word| word.len() >= TELLING_LENGTH).collect()
}

/// Finds secrets, folders and names of one machine, and other sources of packages.
#[must_use]
pub fn check(tree: &Tree, machine_words: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.files() {
        let mut find = |line: usize, what: &str, mend: &str| {
            let (what, mend) = (what.to_owned(), mend.to_owned());
            findings.push(Finding { file: source.path().to_owned(), line, what, mend });
        };
        for at in SECRETS.iter().flat_map(|look| source.text().match_indices(look)) {
            let mend = "take it out, treat it as known to all, make it when it is needed";
            find(source.line_of(at.0), "a secret", mend);
        }
        let machine = machine_words.iter().flat_map(|word| words(source.text(), word));
        for at in FOLDERS.iter().flat_map(|look| folders(source.text(), look)).chain(machine) {
            let mend = "take it from a variable, an argument, or the folder of the project";
            find(source.line_of(at), "the name of a machine or of a folder on it", mend);
        }
        for (index, line) in source.text().lines().enumerate() {
            if has_other_source(source.path(), line) {
                let mend = "packages come from crates.io; a mirror belongs into one's own settings";
                find(index + 1, "another source of packages", mend);
            }
        }
    }
    findings
}

/// Where an absolute path begins with `folder`: not in the middle of a longer one.
fn folders<'a>(text: &'a str, folder: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(folder).map(|(at, _)| at).filter(|at| {
        !text[..*at].ends_with(|letter: char| letter.is_alphanumeric() || "._-}>*/".contains(letter))
    })
}

fn has_other_source(path: &str, line: &str) -> bool {
    match path.rsplit('/').next() {
        Some("Cargo.lock") => line.starts_with(LOCKED_SOURCE) && line != CRATES_IO,
        Some("Cargo.toml" | "config.toml") => OTHER_REGISTRY.iter().any(|look| line.starts_with(look)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        let machine = ["build-host-7".to_owned()];
        check(&Tree::from_iter([(path, text)]), &machine).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_private_key_is_found_and_a_public_one_is_not() {
        let key = ["-----BEGIN PRIV", "ATE KEY-----\n"].concat();
        assert_eq!(found("tests/data/key.pem", &key), [1]);
        assert!(found("tests/data/key.pem", "-----BEGIN PUBLIC KEY-----\n").is_empty());
    }

    #[test]
    fn a_folder_of_one_person_is_found_and_an_address_is_not() {
        let folder = ["see\n`/ho", "me/ana/lojista`"].concat();
        assert_eq!(found("README.md", &folder), [2]);
        let address = ["https://example.com/ho", "me/ana"].concat();
        assert!(found("README.md", &address).is_empty());
    }

    #[test]
    fn the_name_of_this_machine_is_found() {
        assert_eq!(found("README.md", "runs on build-host-7"), [1]);
        assert!(found("README.md", "runs on build-host-70").is_empty());
    }

    #[test]
    fn packages_come_from_crates_io_alone() {
        let mirror = "source = \"registry+https://mirror.example/index\"";
        assert_eq!(found("Cargo.lock", &format!("{CRATES_IO}\n{mirror}\n")), [2]);
        assert_eq!(found(".cargo/config.toml", "[source.crates-io]\nreplace-with = \"x\"\n"), [1, 2]);
        assert!(found(".cargo/config.toml", "[alias]\n").is_empty());
        assert!(found("README.md", mirror).is_empty());
    }
}
