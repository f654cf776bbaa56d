//! Which crates of the lock file have known trouble.

use super::advisory::{Advisory, Kind};
use super::day::Day;
use super::finding::{Finding, Weight};
use super::lock::Lock;
use super::policy::{Advisories, FILE};
use super::records::Records;

/// The records in one sentence: how many, of which day, how old.
#[must_use]
pub fn age(records: &Records, today: Day) -> String {
    let days = today.since(records.day);
    let unit = if days == 1 { "day" } else { "days" };
    format!(
        "{} records of {}, {days} {unit} old, from {}",
        records.advisories.len(),
        records.day,
        records.from
    )
}

/// Holds every crate of `lock`, also those of other platforms, against the records.
#[must_use]
pub fn check(lock: &Lock, records: &Records, policy: &Advisories, today: Day) -> Vec<Finding> {
    let mut findings: Vec<Finding> = staleness(records, policy, today).into_iter().collect();
    let mut met = Vec::new();
    for (at, one) in lock.foreign() {
        let hits = records.advisories.iter().filter(|advisory| {
            advisory.package == one.name && !advisory.withdrawn && advisory.affects(&one.version)
        });
        for advisory in hits {
            met.push(advisory.id.as_str());
            findings.push(finding(lock, at, advisory, policy, today));
        }
    }
    for ignore in policy.ignore.iter().filter(|ignore| !met.contains(&ignore.id.as_str())) {
        let what = format!("{} is ignored and met by no crate", ignore.id);
        findings.push(Finding::new(Weight::Warning, what, vec![format!("mend: take it out of {FILE}")]));
    }
    findings
}

fn staleness(records: &Records, policy: &Advisories, today: Day) -> Option<Finding> {
    let limit = policy.maximum_db_staleness.days;
    let what = match today.since(records.day) {
        ..0 => "the records are of a day to come: is the clock of this machine right?".to_owned(),
        days if days > limit => {
            format!("the records are {days} days old, more than {limit}: what is newer is not in them")
        }
        _ => return None,
    };
    let mend = "mend: `cargo xtask supply --live`, or name newer ones with --records".to_owned();
    Some(Finding::new(Weight::Warning, what, vec![mend]))
}

fn finding(lock: &Lock, at: usize, advisory: &Advisory, policy: &Advisories, today: Day) -> Finding {
    let one = &lock.crates[at];
    let scope = match advisory.kind {
        Kind::Vulnerability => Weight::Error,
        Kind::Unsound => scoped(policy.unsound.means(lock.is_named_by_a_room(at))),
        Kind::Unmaintained => scoped(policy.unmaintained.means(lock.is_named_by_a_room(at))),
        Kind::Notice => Weight::Note,
    };
    let patched: Vec<String> = advisory.patched.iter().map(ToString::to_string).collect();
    let patched = if patched.is_empty() { "nowhere".to_owned() } else { patched.join(" or ") };
    let mut more = vec![
        format!("mended in: {patched}"),
        format!("used by: {}", lock.way(at)),
        format!("https://rustsec.org/advisories/{}.html", advisory.id),
    ];
    let ignore = policy.ignore.iter().find(|ignore| ignore.id == advisory.id);
    let deadline = advisory.kind.deadline_days().map(|days| advisory.date.plus(days));
    let weight = match ignore {
        Some(ignore) if deadline.is_some_and(|last| ignore.until > last) => {
            let last = deadline.unwrap_or(ignore.until);
            more.push(format!(
                "is ignored until {}, and may be until {last} at most (docs/security/patching.md)",
                ignore.until
            ));
            Weight::Error
        }
        Some(ignore) if today <= ignore.until => {
            more.push(format!("ignored until {}: {}", ignore.until, ignore.reason));
            Weight::Note
        }
        Some(ignore) => {
            more.push(format!("was ignored until {}, which is over: {}", ignore.until, ignore.reason));
            Weight::Error
        }
        None => scope,
    };
    let what = format!(
        "{}: {} {}, {}: {}",
        advisory.kind.words(),
        one.name,
        one.version,
        advisory.id,
        advisory.title
    );
    Finding::new(weight, what, more)
}

/// The weight of what is an error only for some crates.
fn scoped(meant: bool) -> Weight {
    if meant { Weight::Error } else { Weight::Warning }
}

#[cfg(test)]
mod tests {
    use super::super::advisory::tests::record;
    use super::super::lock::tests::lock;
    use super::super::policy::tests::strict_but;
    use super::*;

    const IGNORED: &str =
        r#"ignore = [{ id = "RUSTSEC-2026-0001", reason = "never called (until 2026-08-31)" }]"#;

    fn house() -> Lock {
        lock(&[("web", "0.0.0", &["config"]), ("config", "1.0.0", &["yaml"]), ("yaml", "1.2.2", &[])])
    }

    fn records(texts: &[String]) -> Records {
        let advisories = texts.iter().map(|text| text.parse().unwrap()).collect();
        Records { advisories, day: day("2026-08-01"), from: "an archive".into() }
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn trouble(head: &str) -> String {
        record("RUSTSEC-2026-0001", "yaml", head, "patched = [\">= 1.2.3\"]")
    }

    /// What is found on that day, with one line of the strict policy replaced.
    fn found_on(today: &str, text: String, line: &str, instead: &str) -> Vec<Finding> {
        let policy = strict_but(line, instead).unwrap().advisories;
        check(&house(), &records(&[text]), &policy, day(today))
    }

    fn found(text: String, line: &str, instead: &str) -> Vec<Finding> {
        found_on("2026-08-21", text, line, instead)
    }

    fn weights(findings: &[Finding]) -> Vec<Weight> {
        findings.iter().map(|finding| finding.weight).collect()
    }

    #[test]
    fn a_finding_says_which_crate_which_trouble_where_mended_and_who_uses_it() {
        let found = found(trouble(""), "ignore = []", "ignore = []");
        assert_eq!(
            found[0].to_string(),
            "ERROR: a vulnerability: yaml 1.2.2, RUSTSEC-2026-0001: Trouble in yaml\n    \
             mended in: >=1.2.3\n    used by: web → config → yaml\n    \
             https://rustsec.org/advisories/RUSTSEC-2026-0001.html"
        );
    }

    #[test]
    fn a_crate_without_trouble_is_not_found() {
        let text = record("RUSTSEC-2026-0001", "yaml", "", "patched = [\">= 1.2.0\"]");
        assert_eq!(found(text, "ignore = []", "ignore = []"), []);
    }

    #[test]
    fn a_crate_of_ours_has_not_the_trouble_of_its_namesake() {
        let text = record("RUSTSEC-2026-0001", "web", "", "patched = []");
        assert_eq!(found(text, "ignore = []", "ignore = []"), []);
    }

    #[test]
    fn what_was_taken_back_is_no_trouble() {
        assert_eq!(found(trouble("withdrawn = \"2026-06-01\""), "ignore = []", "ignore = []"), []);
    }

    #[test]
    fn what_nobody_maintains_is_an_error_where_the_policy_says_so() {
        let text = || trouble("informational = \"unmaintained\"");
        let line = "unmaintained = \"all\"";
        assert_eq!(weights(&found(text(), line, line)), [Weight::Error]);
        assert_eq!(weights(&found(text(), line, "unmaintained = \"workspace\"")), [Weight::Warning]);
        assert_eq!(weights(&found(text(), line, "unmaintained = \"transitive\"")), [Weight::Error]);
        assert_eq!(weights(&found(text(), line, "unmaintained = \"none\"")), [Weight::Warning]);
    }

    #[test]
    fn a_vulnerability_is_an_error_whatever_the_policy_says_of_the_others() {
        assert_eq!(weights(&found(trouble(""), "unsound = \"all\"", "unsound = \"none\"")), [Weight::Error]);
    }

    #[test]
    fn unsound_and_noted_crates_are_told_apart() {
        let unsound = found(trouble("informational = \"unsound\""), "ignore = []", "ignore = []");
        assert!(unsound[0].to_string().starts_with("ERROR: unsound: yaml"));
        let notice = found(trouble("informational = \"notice\""), "ignore = []", "ignore = []");
        assert!(notice[0].to_string().starts_with("note: a notice: yaml"));
    }

    #[test]
    fn an_ignored_advisory_is_told_with_its_reason_until_its_last_day() {
        let last = found_on("2026-08-31", trouble(""), "ignore = []", IGNORED);
        assert_eq!(weights(&last), [Weight::Note]);
        assert!(last[0].to_string().contains("ignored until 2026-08-31: never called"));
    }

    #[test]
    fn an_ignored_advisory_past_its_last_day_is_an_error() {
        let over = found_on("2026-09-01", trouble(""), "ignore = []", IGNORED);
        assert_eq!(over.iter().map(|one| one.weight).max(), Some(Weight::Error));
        assert!(over.iter().any(|one| one.to_string().contains("which is over")));
    }

    /// ASVS 15.1.1, 15.2.1.
    #[test]
    fn nothing_is_ignored_past_the_deadline_of_its_kind() {
        let until = |day: &str| {
            format!(r#"ignore = [{{ id = "RUSTSEC-2026-0001", reason = "never called (until {day})" }}]"#)
        };
        for (kind, last, over) in [
            ("", "2026-09-09", "2026-09-10"),
            ("informational = \"unsound\"", "2026-11-08", "2026-11-09"),
            ("informational = \"unmaintained\"", "2027-08-10", "2027-08-11"),
        ] {
            let weight = |day: &str| weights(&found(trouble(kind), "ignore = []", &until(day)));
            assert_eq!(weight(last), [Weight::Note], "{kind}");
            assert_eq!(weight(over), [Weight::Error], "{kind}");
        }
        let said = found(trouble(""), "ignore = []", &until("2026-12-31"))[0].to_string();
        assert!(said.contains("may be until 2026-09-09 at most"), "{said}");
    }

    #[test]
    fn the_page_of_deadlines_says_what_is_held() {
        let page = include_str!("../../../docs/security/patching.md");
        for kind in [Kind::Vulnerability, Kind::Unsound, Kind::Unmaintained] {
            let days = kind.deadline_days().expect("each of these has one");
            assert!(page.contains(&format!("| {} | {days} days |", kind.words())), "{}", kind.words());
        }
    }

    #[test]
    fn an_ignored_advisory_that_no_crate_meets_is_pointed_out() {
        let other = record("RUSTSEC-2026-0009", "zip", "", "patched = []");
        let found = found(other, "ignore = []", IGNORED);
        assert_eq!(weights(&found), [Weight::Warning]);
        assert!(found[0].what.contains("met by no crate"));
    }

    #[test]
    fn the_age_of_the_records_is_told_and_too_great_an_age_is_a_warning() {
        let quiet = record("RUSTSEC-2026-0009", "zip", "", "patched = []");
        let all = records(std::slice::from_ref(&quiet));
        assert_eq!(age(&all, day("2026-08-02")), "1 records of 2026-08-01, 1 day old, from an archive");
        assert_eq!(found_on("2026-08-31", quiet.clone(), "ignore = []", "ignore = []"), []);
        let old = found_on("2026-09-01", quiet.clone(), "ignore = []", "ignore = []");
        assert!(old[0].to_string().starts_with("WARNING: the records are 31 days old, more than 30"));
        let coming = found_on("2026-07-31", quiet, "ignore = []", "ignore = []");
        assert!(coming[0].what.contains("is the clock of this machine right?"));
    }
}
