//! Whether the same commit is built from the same crates each time.

use std::fs;
use std::path::Path;

use semver::{Version, VersionReq};

use super::finding::{Finding, Weight};
use super::lock;
use crate::failure::Failure;
use crate::toolchain::Toolchain;
use crate::workspace;

/// What a continuous integration runs.
const CI: &str = ".ci/run";
/// The flag with which cargo leaves the lock file as it is.
const LOCKED: &str = "--locked";

/// Holds the project at `root` against the rules; its lock file is known to fit.
///
/// # Errors
/// When the project, or the version of its compiler, cannot be read.
pub fn check(root: &Path) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    findings.extend(untracked(&workspace::tracked(root)?));
    let script = fs::read_to_string(root.join(CI)).map_err(|error| Failure::of(format!("{CI}: {error}")))?;
    findings.extend(unlocked(&script));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).map_err(Failure::of)?;
    findings.extend(other_compiler(&manifest, &Toolchain::read()?.release)?);
    Ok(findings)
}

fn untracked(files: &[String]) -> Option<Finding> {
    let tracked = files.iter().any(|file| file == lock::FILE);
    let what = format!("pinned: {} is not committed", lock::FILE);
    (!tracked).then(|| Finding::new(Weight::Error, what, vec![format!("mend: git add {}", lock::FILE)]))
}

/// Lines of a script that call cargo and let it change the lock file.
fn unlocked(script: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in script.lines().enumerate() {
        let code = line.split_once('#').map_or(line, |(code, _)| code);
        let words: Vec<&str> = code.split_whitespace().collect();
        if words.contains(&"cargo") && !words.contains(&LOCKED) {
            let what =
                format!("pinned: {CI}:{}: cargo may take other crates than the lock file's", index + 1);
            findings.push(Finding::new(Weight::Error, what, vec![format!("mend: cargo {LOCKED} …")]));
        }
    }
    findings
}

/// A compiler of another release than the one that the manifest names: it may do, but it is
/// not what the house is tried with.
fn other_compiler(manifest: &str, compiler: &Version) -> Result<Option<Finding>, Failure> {
    let manifest: toml::Table =
        manifest.parse().map_err(|error| Failure::of(format!("Cargo.toml: {error}")))?;
    let package = manifest.get("workspace").and_then(|workspace| workspace.get("package"));
    let named = package.and_then(|package| package.get("rust-version")).and_then(toml::Value::as_str);
    let named = named.ok_or_else(|| Failure::of("Cargo.toml: the workspace names no rust-version"))?;
    let tried = VersionReq::parse(&format!("~{named}"))
        .map_err(|error| Failure::of(format!("Cargo.toml: rust-version `{named}`: {error}")))?;
    let what = format!("pinned: this is Rust {compiler}; the house is tried with {named}");
    Ok((!tried.matches(compiler)).then(|| Finding::new(Weight::Note, what, Vec::new())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_house_is_pinned() {
        let findings = check(&workspace::root().unwrap()).unwrap();
        assert!(findings.iter().all(|finding| finding.weight < Weight::Error), "{findings:?}");
    }

    #[test]
    fn a_lock_file_that_is_not_committed_is_found() {
        let files = ["Cargo.lock".to_owned(), "Cargo.toml".to_owned()];
        assert_eq!(untracked(&files), None);
        assert!(untracked(&files[1..]).unwrap().to_string().contains("Cargo.lock is not committed"));
    }

    #[test]
    fn a_script_that_lets_cargo_choose_is_found_at_its_line() {
        let found = unlocked("# cargo builds\nset -eu\nexec cargo xtask test\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].what.contains(".ci/run:3:"), "{found:?}");
    }

    #[test]
    fn a_script_that_holds_cargo_to_the_lock_file_is_fine() {
        assert_eq!(unlocked("exec cargo --locked xtask test # cargo\nmkdir cargo-target\n"), []);
    }

    #[test]
    fn a_compiler_of_another_release_is_told() {
        let manifest = "[workspace.package]\nrust-version = \"1.95\"\n";
        let found = |version: &str| other_compiler(manifest, &version.parse().unwrap()).unwrap();
        assert_eq!((found("1.95.0"), found("1.95.7")), (None, None));
        assert!(other_compiler("[workspace]\n", &Version::new(1, 95, 0)).is_err());
        assert!(found("1.96.0").unwrap().to_string().starts_with("note: pinned: this is Rust 1.96.0"));
    }
}
