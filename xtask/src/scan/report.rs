//! What was found, for people and as JSON.

use serde::Serialize;

use super::{Finding, Options, Scanner};
use crate::failure::Failure;

/// What became of one scanner.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// Who.
    pub(super) scanner: Scanner,
    /// How long it took.
    pub(super) seconds: u64,
    /// What it found above informational.
    pub(super) findings: Vec<Finding>,
    /// What it found, and is explained in `xtask/scan/excused.toml`.
    pub(super) excused: Vec<Finding>,
}

/// Prints the table and each finding, and writes the JSON.
pub(super) fn tell(outcomes: &[Outcome], options: &Options) -> Result<(), Failure> {
    println!("{}", table(outcomes));
    for finding in outcomes.iter().flat_map(|outcome| &outcome.findings) {
        println!("{}: {}: {}", finding.scanner.name(), finding.place, finding.what);
    }
    if let Some(file) = &options.json {
        let text = serde_json::json!({ "planted": options.planted, "scanners": outcomes });
        std::fs::write(file, format!("{text:#}\n"))
            .map_err(|error| Failure::of(format!("{}: {error}", file.display())))?;
    }
    Ok(())
}

fn table(outcomes: &[Outcome]) -> String {
    let mut lines = vec![format!("{:<14}{:>10}{:>10}{:>10}", "scanner", "findings", "excused", "seconds")];
    lines.extend(outcomes.iter().map(|Outcome { scanner, seconds, findings, excused }| {
        format!("{:<14}{:>10}{:>10}{seconds:>10}", scanner.name(), findings.len(), excused.len())
    }));
    lines.join("\n")
}

/// Fails when anything was found.
pub(super) fn nothing_was_found(outcomes: &[Outcome]) -> Result<(), Failure> {
    match outcomes.iter().map(|outcome| outcome.findings.len()).sum::<usize>() {
        0 => Ok(()),
        found => Err(Failure::of(format!("scan: {found} findings above informational"))),
    }
}

/// Fails when a scanner did not find what was planted for it.
pub(super) fn planted_were_found(outcomes: &[Outcome]) -> Result<(), Failure> {
    let blind: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| {
            let (place, words) = outcome.scanner.planted();
            !outcome.findings.iter().any(|finding| finding.place == place && finding.what.starts_with(words))
        })
        .map(|outcome| outcome.scanner.name())
        .collect();
    if blind.is_empty() {
        eprintln!("xtask: each scanner found the flaw that was planted for it");
        return Ok(());
    }
    Err(Failure::of(format!("scan: the planted flaw was not found by {}", blind.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(scanner: Scanner, found: Option<(&str, &str)>) -> Outcome {
        let findings = found.map(|(place, what)| Finding { scanner, place: place.into(), what: what.into() });
        Outcome { scanner, seconds: 1, findings: findings.into_iter().collect(), excused: Vec::new() }
    }

    #[test]
    fn a_finding_is_a_failure_and_none_is_none() {
        assert!(nothing_was_found(&[outcome(Scanner::Sqlmap, None)]).is_ok());
        let failed = nothing_was_found(&[
            outcome(Scanner::Sqlmap, None),
            outcome(Scanner::Wapiti, Some(("GET /", "x"))),
        ]);
        assert_eq!(failed.unwrap_err().code, 1);
    }

    #[test]
    fn each_scanner_has_to_find_its_own_flaw() {
        let found = |scanner: Scanner| outcome(scanner, Some(scanner.planted()));
        assert!(planted_were_found(&Scanner::ALL.map(found)).is_ok());
        let blind =
            [found(Scanner::Sqlmap), outcome(Scanner::Wapiti, Some(("GET /planted/echo", "Clickjacking")))];
        assert!(planted_were_found(&blind).unwrap_err().say.unwrap().ends_with("by wapiti"));
    }

    #[test]
    fn the_table_names_every_scanner() {
        let text = table(&Scanner::ALL.map(|scanner| outcome(scanner, None)));
        assert_eq!(text.lines().count(), 5);
        assert!(text.ends_with("wapiti                 0         0         1"), "{text}");
    }
}
