//! Findings that are none: each with its reason in `xtask/scan/excused.toml`. One that matches
//! nothing any more has to go.

use std::path::Path;

use serde::Deserialize;

use super::Finding;
use super::report::Outcome;
use crate::failure::Failure;

/// Where they stand.
const FILE: &str = "xtask/scan/excused.toml";
/// What a reason has at least, in characters: a word is none.
const REASON_CHARS: usize = 40;

/// A finding that is none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Excuse {
    scanner: String,
    /// The place, as it is printed; `*` at its end stands for anything.
    place: String,
    /// What the finding's words begin with.
    what: String,
    reason: String,
}

/// All of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Excuses {
    #[serde(default)]
    excused: Vec<Excuse>,
}

impl Excuse {
    fn fits(&self, finding: &Finding) -> bool {
        let place = match self.place.strip_suffix('*') {
            Some(beginning) => finding.place.starts_with(beginning),
            None => finding.place == self.place,
        };
        place && finding.scanner.name() == self.scanner && finding.what.starts_with(&self.what)
    }
}

impl Excuses {
    /// Reads them.
    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(root.join(FILE))
            .map_err(|error| Failure::of(format!("{FILE}: {error}")))?;
        Self::parse(&text).map_err(|trouble| Failure::of(format!("{FILE}: {trouble}")))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let excuses: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let bare = excuses.excused.iter().find(|excuse| excuse.reason.chars().count() < REASON_CHARS);
        match bare {
            Some(bare) => Err(format!("{} at {} has no reason worth the name", bare.scanner, bare.place)),
            None => Ok(excuses),
        }
    }

    /// Whether a finding is explained.
    pub(super) fn excuse(&self, finding: &Finding) -> bool {
        self.excused.iter().any(|excuse| excuse.fits(finding))
    }

    /// Fails when one, of a scanner that ran, matches nothing any more.
    pub(super) fn all_needed(&self, outcomes: &[Outcome]) -> Result<(), Failure> {
        for excuse in &self.excused {
            let ran = outcomes.iter().find(|outcome| outcome.scanner.name() == excuse.scanner);
            if ran.is_some_and(|outcome| !outcome.excused.iter().any(|finding| excuse.fits(finding))) {
                let Excuse { scanner, place, .. } = excuse;
                return Err(Failure::of(format!(
                    "scan: {scanner} at {place} is excused and was not found: delete it from {FILE}"
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scanner;
    use super::*;

    const ONE: &str = "[[excused]]\nscanner = \"wapiti\"\nplace = \"GET /orders*\"\nwhat = \"Header\"\n\
                       reason = \"it is said on the page, where the header would say it again\"";

    fn finding(scanner: Scanner, place: &str) -> Finding {
        Finding { scanner, place: place.into(), what: "Header missing".into() }
    }

    #[test]
    fn what_is_explained_is_excused_and_nothing_else() {
        let excuses = Excuses::parse(ONE).unwrap();
        assert!(excuses.excuse(&finding(Scanner::Wapiti, "GET /orders/x")));
        assert!(!excuses.excuse(&finding(Scanner::Wapiti, "GET /skus")));
        assert!(!excuses.excuse(&finding(Scanner::Sqlmap, "GET /orders")));
    }

    #[test]
    fn an_excuse_without_a_reason_is_none() {
        assert!(
            Excuses::parse(&ONE.replace("on the page, where the header would say it again", "fine")).is_err()
        );
        assert!(Excuses::parse("").is_ok());
    }

    #[test]
    fn an_excuse_that_matches_nothing_any_more_is_named() {
        let excuses = Excuses::parse(ONE).unwrap();
        let outcome = |scanner, excused| Outcome { scanner, seconds: 0, findings: Vec::new(), excused };
        let used = outcome(Scanner::Wapiti, vec![finding(Scanner::Wapiti, "GET /orders")]);
        assert!(excuses.all_needed(&[used]).is_ok());
        assert!(excuses.all_needed(&[outcome(Scanner::Wapiti, Vec::new())]).is_err());
        assert!(excuses.all_needed(&[outcome(Scanner::Sqlmap, Vec::new())]).is_ok(), "it did not run");
    }

    #[test]
    fn the_houses_own_can_be_read() {
        Excuses::read(&crate::workspace::root().unwrap()).unwrap();
    }
}
