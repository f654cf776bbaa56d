//! `cargo xtask tidy`: the house rules that neither the compiler nor clippy knows.
//!
//! The rules read text, not types: they see through comments and strings, not through
//! macros and names. A line that is right in spite of a rule says so, on itself or on the
//! line above: `tidy: allowed because …`.

pub mod arrows;
pub mod calls;
pub mod languages;
pub mod length;
pub mod logs;
pub mod planted;
pub mod secrets;
pub mod snapshots;
mod source;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::Value;
pub use source::Source;
pub(crate) use source::words;

use crate::failure::Failure;
use crate::workspace;

/// What a line says that is right in spite of a rule; a reason follows.
const ALLOWED: &str = "tidy: allowed because ";

/// A broken house rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, relative to the root of the project.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}\n    mend: {}", self.file, self.line, self.what, self.mend)
    }
}

/// The text files of the project, by their path from its root.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    files: BTreeMap<String, Source>,
}

impl Tree {
    /// Reads all files under `root` that git tracks or would take, and that are text.
    pub fn read(root: &Path) -> Result<Self, Failure> {
        let texts = workspace::files(root)?.into_iter().filter_map(|path| {
            let text = fs::read_to_string(root.join(&path)).ok()?;
            (!text.contains('\0')).then_some((path, text))
        });
        Ok(texts.collect())
    }

    /// All files.
    pub fn files(&self) -> impl Iterator<Item = &Source> {
        self.files.values()
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &Source> {
        self.files().filter(|source| workspace::is_rust(source.path()))
    }

    /// The file at `path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Source> {
        self.files.get(path)
    }
}

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for Tree {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(texts: I) -> Self {
        let sources = texts.into_iter().map(|(path, text)| {
            let path = path.into();
            (path.clone(), Source::new(path, text.into()))
        });
        Self { files: sources.collect() }
    }
}

/// Checks the project at `root`; prints each finding.
///
/// # Errors
/// When there is a finding, and when the project cannot be read.
pub fn run(root: &Path) -> Result<(), Failure> {
    let tree = Tree::read(root)?;
    let mut findings = check(&tree, &arrows::metadata(root)?, &secrets::machine_words(root));
    findings.sort();
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err(Failure::of("tidy: 1 finding")),
        more => Err(Failure::of(format!("tidy: {more} findings"))),
    }
}

/// All findings but those excused. `metadata` is what cargo says about the packages,
/// `machine_words` name this very machine.
fn check(tree: &Tree, metadata: &Value, machine_words: &[String]) -> Vec<Finding> {
    let mut findings = arrows::check(tree, metadata);
    findings.extend(length::check(tree));
    findings.extend(calls::check(tree));
    findings.extend(logs::check(tree));
    findings.extend(planted::check(tree));
    findings.extend(snapshots::check(tree));
    findings.extend(languages::check(tree));
    findings.extend(secrets::check(tree, machine_words));
    findings.retain(|finding| {
        tree.get(&finding.file).is_none_or(|source| !source.says_near(finding.line, ALLOWED))
    });
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<Finding> {
        check(&Tree::from_iter([("crates/web/src/page.rs", text)]), &Value::Null, &[])
    }

    #[test]
    fn a_finding_names_its_place_and_the_mend() {
        let found = findings("fn page() {\n    todo!()\n}\n");
        let text = found[0].to_string();
        assert!(text.starts_with("crates/web/src/page.rs:2: todo!"), "{text}");
        assert!(text.contains("\n    mend: "), "{text}");
    }

    #[test]
    fn a_line_that_gives_its_reason_is_left_alone() {
        assert!(findings("// tidy: allowed because the macro is tested\nfn a() { todo!() }\n").is_empty());
        assert!(findings("fn a() { todo!() } // tidy: allowed because the macro is tested\n").is_empty());
    }

    #[test]
    fn a_reason_two_lines_away_excuses_nothing() {
        assert_eq!(findings("// tidy: allowed because of that\n\nfn a() { todo!() }\n").len(), 1);
    }

    #[test]
    fn the_house_is_tidy() {
        let root = workspace::root().unwrap();
        let tree = Tree::read(&root).unwrap();
        assert!(tree.get("xtask/src/tidy.rs").is_some());
        let own =
            check(&tree, &Value::Null, &[]).into_iter().filter(|finding| finding.file.starts_with("xtask/"));
        assert_eq!(own.collect::<Vec<_>>(), []);
    }
}
