//! What of OWASP's ASVS 5.0.0 the house meets, and how that is known.
//!
//! A test says which requirement it proves (`/// ASVS 6.5.1, 6.6.3.` above it). Every other
//! requirement of levels 1 and 2 has its reason in `docs/security/asvs.toml`: met by design,
//! not applicable, or not met. The table made of both is `docs/security/asvs.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;

const REASONS: &str = "docs/security/asvs.toml";
const TABLE: &str = "docs/security/asvs.md";
/// Folders that hold tests.
const SOURCES: [&str; 3] = ["crates", "tests", "xtask"];
/// How a test begins the line that names what it proves.
const MARK: &str = "/// ASVS ";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    requirement: Vec<Requirement>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    level: u8,
    gist: String,
    design: Option<String>,
    na: Option<String>,
    gap: Option<String>,
}

/// A test that proves a requirement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Proof {
    file: String,
    name: String,
}

/// How a requirement stands.
#[derive(Debug, PartialEq, Eq)]
enum Standing<'r> {
    Tested(&'r [Proof]),
    Designed(&'r str),
    NotApplicable(&'r str),
    NotMet(&'r str),
}

impl Requirement {
    fn standing<'r>(&'r self, proofs: &'r BTreeMap<String, Vec<Proof>>) -> Result<Standing<'r>, Failure> {
        let tests = proofs.get(&self.id).map(Vec::as_slice);
        match (tests, self.design.as_deref(), self.na.as_deref(), self.gap.as_deref()) {
            (Some(tests), None, None, None) => Ok(Standing::Tested(tests)),
            (None, Some(why), None, None) => Ok(Standing::Designed(why)),
            (None, None, Some(why), None) => Ok(Standing::NotApplicable(why)),
            (None, None, None, Some(why)) => Ok(Standing::NotMet(why)),
            (None, None, None, None) => Err(Failure::of(format!(
                "{REASONS}: {} has no test and no reason: say `design`, `na` or `gap`",
                self.id
            ))),
            _ => Err(Failure::of(format!(
                "{REASONS}: {} stands in two ways: a test that names it, or one of `design`, `na` and `gap`",
                self.id
            ))),
        }
    }
}

/// Writes the table, and prints its sums.
///
/// # Errors
/// When a requirement has no standing or two, or a test names one that is not listed.
pub fn run(root: &Path) -> Result<(), Failure> {
    let (table, sums) = table(root)?;
    fs::write(root.join(TABLE), table).map_err(Failure::of)?;
    eprint!("{sums}");
    Ok(())
}

/// The table and its sums.
fn table(root: &Path) -> Result<(String, String), Failure> {
    let text =
        fs::read_to_string(root.join(REASONS)).map_err(|error| Failure::of(format!("{REASONS}: {error}")))?;
    let Document { requirement: all } =
        toml::from_str(&text).map_err(|error| Failure::of(format!("{REASONS}: {error}")))?;
    let proofs = proofs(root)?;
    for (id, tests) in &proofs {
        if !all.iter().any(|requirement| requirement.id == *id) {
            return Err(Failure::of(format!(
                "{}: {} names ASVS {id}, which {REASONS} lacks",
                tests[0].file, tests[0].name
            )));
        }
    }
    let mut standings = Vec::with_capacity(all.len());
    for requirement in &all {
        standings.push((requirement, requirement.standing(&proofs)?));
    }
    let sums = sums(&standings);
    Ok((page(&standings, &sums), sums))
}

fn sums(standings: &[(&Requirement, Standing<'_>)]) -> String {
    let mut text = String::from(
        "| level | applicable | met by test | met by design | not met | not applicable | met |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for level in [1, 2] {
        let of = |is: fn(&Standing<'_>) -> bool| {
            standings
                .iter()
                .filter(|(requirement, standing)| requirement.level == level && is(standing))
                .count()
        };
        let tested = of(|standing| matches!(standing, Standing::Tested(_)));
        let designed = of(|standing| matches!(standing, Standing::Designed(_)));
        let not_met = of(|standing| matches!(standing, Standing::NotMet(_)));
        let outside = of(|standing| matches!(standing, Standing::NotApplicable(_)));
        let applicable = tested + designed + not_met;
        let permille = ((tested + designed) * 1_000).checked_div(applicable).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {level} | {applicable} | {tested} | {designed} | {not_met} | {outside} | {}.{} % |",
            permille / 10,
            permille % 10
        );
    }
    text
}

fn page(standings: &[(&Requirement, Standing<'_>)], sums: &str) -> String {
    let mut page = format!(
        "# OWASP ASVS 5.0.0, levels 1 and 2\n\nMade by `cargo xtask asvs` of the tests that name a requirement and of \
         [asvs.toml](asvs.toml); a test holds it to both.\nThe words are our own and short: the standard's text decides. \
         Chapter 17 (WebRTC) is left out: there is none.\n\n{sums}\n\
         | id | level | what it asks | how it stands |\n|---|--:|---|---|\n"
    );
    for (requirement, standing) in standings {
        let how = match standing {
            Standing::Tested(tests) => {
                let named: Vec<String> =
                    tests.iter().map(|test| format!("`{}` ({})", test.name, test.file)).collect();
                format!("test: {}", named.join(", "))
            }
            Standing::Designed(why) => format!("design: {why}"),
            Standing::NotApplicable(why) => format!("not applicable: {why}"),
            Standing::NotMet(why) => format!("**not met**: {why}"),
        };
        let _ =
            writeln!(page, "| {} | {} | {} | {how} |", requirement.id, requirement.level, requirement.gist);
    }
    page
}

/// Which tests name which requirement.
fn proofs(root: &Path) -> Result<BTreeMap<String, Vec<Proof>>, Failure> {
    let mut found: BTreeMap<String, Vec<Proof>> = BTreeMap::new();
    let mut waiting: Vec<PathBuf> = SOURCES.iter().map(|folder| root.join(folder)).collect();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path).map_err(Failure::of)? {
                waiting.push(entry.map_err(Failure::of)?.path());
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let text = fs::read_to_string(&path).map_err(Failure::of)?;
            for (id, name) in marks(&text).map_err(|trouble| Failure::of(format!("{file}: {trouble}")))? {
                found.entry(id).or_default().push(Proof { file: file.clone(), name });
            }
        }
    }
    for tests in found.values_mut() {
        tests.sort();
    }
    Ok(found)
}

/// Each requirement that a source names, with the test below it.
fn marks(source: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = source.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(ids) = line.trim_start().strip_prefix(MARK) else { continue };
        let test = lines[at + 1..].iter().find_map(|line| {
            let (_, rest) = line.split_once("fn ")?;
            rest.split(['(', '<']).next()
        });
        let name = test.ok_or_else(|| format!("line {}: no test stands below `{line}`", at + 1))?;
        for id in ids.trim_end_matches('.').split(", ") {
            let parts: Vec<&str> = id.split('.').collect();
            if parts.len() != 3 || parts.iter().any(|part| part.parse::<u8>().is_err()) {
                return Err(format!("line {}: `{id}` is no requirement's id (1.2.3)", at + 1));
            }
            found.push((id.to_owned(), name.to_owned()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(id: &str) -> Requirement {
        Requirement { id: id.into(), level: 1, gist: "as said".into(), design: None, na: None, gap: None }
    }

    fn proven(id: &str) -> BTreeMap<String, Vec<Proof>> {
        BTreeMap::from([(id.to_owned(), vec![Proof { file: "a.rs".into(), name: "it_holds".into() }])])
    }

    #[test]
    fn a_test_names_what_it_proves_above_itself() {
        let source = "    /// ASVS 6.5.1, 6.6.3.\n    #[test]\n    fn a_code_is_good_once() {}\n";
        let found = marks(source).unwrap();
        assert_eq!(
            found,
            [("6.5.1".into(), "a_code_is_good_once".into()), ("6.6.3".into(), "a_code_is_good_once".into())]
        );
    }

    #[test]
    fn an_id_of_no_requirement_and_a_mark_above_nothing_are_refused() {
        assert!(marks("/// ASVS 6.5.\nfn x() {}").unwrap_err().contains("line 1"));
        assert!(marks("/// ASVS six.\nfn x() {}").is_err());
        assert!(marks("/// ASVS 6.5.1.\n").unwrap_err().contains("no test"));
    }

    #[test]
    fn a_requirement_stands_in_one_way() {
        let tested = proven("1.2.3");
        assert!(matches!(requirement("1.2.3").standing(&tested), Ok(Standing::Tested(_))));
        assert!(requirement("1.2.4").standing(&tested).is_err(), "nothing is said");
        let both = Requirement { design: Some("so it is".into()), ..requirement("1.2.3") };
        assert!(both.standing(&tested).is_err(), "said twice");
        let gap = Requirement { gap: Some("not yet".into()), ..requirement("1.2.4") };
        assert_eq!(gap.standing(&tested).unwrap(), Standing::NotMet("not yet"));
    }

    #[test]
    fn what_does_not_apply_counts_neither_way() {
        let tested = proven("1.2.3");
        let (proven, gap, outside) = (
            requirement("1.2.3"),
            Requirement { gap: Some("not yet".into()), ..requirement("1.2.4") },
            Requirement { na: Some("there is none".into()), ..requirement("1.2.5") },
        );
        let standings: Vec<_> =
            [&proven, &gap, &outside].map(|it| (it, it.standing(&tested).unwrap())).into_iter().collect();
        assert!(sums(&standings).contains("| 1 | 2 | 1 | 0 | 1 | 1 | 50.0 % |"), "{}", sums(&standings));
    }

    #[test]
    fn the_table_is_that_of_the_tests_and_reasons() {
        let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..");
        let (right, _) = table(&root).unwrap_or_else(|failure| panic!("{:?}", failure.say));
        let kept = fs::read_to_string(root.join(TABLE)).unwrap();
        assert!(kept == right, "{TABLE} is behind: run `cargo xtask asvs`");
    }
}
