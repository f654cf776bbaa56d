//! Flaws that are planted for the scanners to find: nothing but a scan may build them in.

use std::path::Path;

use super::{Finding, Tree};

/// The feature that builds them in.
const FEATURE: &str = "planted-flaws";
/// What turns every feature on, this one too.
const EVERYTHING: &str = concat!("--all", "-features");
/// Who may name the feature: the scan, this rule, and the flaws themselves.
const MAY_NAME: &[&str] =
    &["xtask/src/scan/", "xtask/src/tidy/planted.rs", "crates/store/src/", "crates/web/src/"];
/// How the manifests of the rooms on the way may name it: to have it, to pass it down, to make
/// the program that is scanned.
const IN_MANIFESTS: &[&str] = &["planted-flaws = [", "required-features = [\"planted-flaws\"]"];
/// Where an optimised program with flaws is refused.
const REFUSAL: (&str, &str) = (
    "crates/web/src/lib.rs",
    "#[cfg(all(feature = \"planted-flaws\", not(debug_assertions)))]\ncompile_error!(",
);

/// Finds where flaws would get into a program that somebody runs.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.files().filter(|source| !is_told(source.path())) {
        let path = source.path();
        for (index, line) in source.text().lines().enumerate() {
            let named = line.contains(FEATURE) && !line.trim_start().starts_with('#');
            let may = if path.ends_with("Cargo.toml") {
                IN_MANIFESTS.iter().any(|form| line.starts_with(form))
            } else {
                MAY_NAME.iter().any(|place| path.starts_with(place))
            };
            if (named && !may) || line.contains(EVERYTHING) {
                findings.push(Finding {
                    file: path.to_owned(),
                    line: index + 1,
                    what: "this would build planted flaws into a program".into(),
                    mend: format!("only `cargo xtask scan --planted` turns `{FEATURE}` on"),
                });
            }
        }
    }
    let (file, text) = REFUSAL;
    if tree.get(file).is_some_and(|source| !source.text().contains(text)) {
        findings.push(Finding {
            file: file.into(),
            line: 1,
            what: "an optimised program with planted flaws is no longer refused".into(),
            mend: format!("put `{text}…)` back"),
        });
    }
    findings
}

/// Whether a file is for people: what it says builds nothing.
fn is_told(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|kind| kind == "md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[(&str, &str)]) -> Vec<String> {
        let tree = files.iter().copied().collect::<Tree>();
        check(&tree).into_iter().map(|finding| format!("{}:{}", finding.file, finding.line)).collect()
    }

    #[test]
    fn no_build_turns_them_on() {
        for (path, text) in [
            (".ci/run", "cargo build --features planted-flaws"),
            (".ci/run", concat!("cargo build --all", "-features")),
            ("xtask/src/suite.rs", "\"--features\", \"planted-flaws\""),
            ("crates/web/Cargo.toml", "default = [\"planted-flaws\"]"),
            ("tests/Cargo.toml", "web = { workspace = true, features = [\"planted-flaws\"] }"),
        ] {
            assert_eq!(places(&[(path, text)]), [format!("{path}:1")], "{text}");
        }
    }

    #[test]
    fn the_scan_and_the_flaws_may_name_them() {
        let fine = [
            ("xtask/src/scan/stage.rs", "[\"--features\", \"planted-flaws\"]"),
            (
                "crates/lojista/Cargo.toml",
                "planted-flaws = [\"web/planted-flaws\"]\nrequired-features = [\"planted-flaws\"]",
            ),
            ("crates/web/src/server/mod.rs", "#[cfg(feature = \"planted-flaws\")]"),
            ("docs/security/scans.md", "the feature planted-flaws"),
        ];
        assert!(places(&fine).is_empty());
    }

    #[test]
    fn the_refusal_of_an_optimised_build_stays() {
        assert_eq!(places(&[("crates/web/src/lib.rs", "mod agent;")]), ["crates/web/src/lib.rs:1"]);
        assert!(places(&[(REFUSAL.0, REFUSAL.1)]).is_empty());
    }
}
