//! The table of `domain::retention` in words: for the page of members, and for
//! `docs/security/retention.md`.

use std::time::Duration;

use domain::retention::{CLASSES, Class, Term};

use crate::format;
use crate::i18n::{self, Lang};

/// A class, in words.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What it is.
    pub(crate) what: &'static str,
    /// Until when, one sentence for each way it ends, each once.
    pub(crate) until: Vec<String>,
    /// By which law or rule, and what for.
    pub(crate) why: &'static str,
}

/// The classes that say something about a person, or all.
pub(crate) fn rows(lang: Lang, all: bool) -> Vec<Row> {
    CLASSES.iter().filter(|class| all || class.personal).map(|class| row(lang, class)).collect()
}

fn row(lang: Lang, class: &Class) -> Row {
    let key = format!("retention-{}", class.name);
    let mut until: Vec<String> = Vec::new();
    for sentence in class.terms.iter().map(|term| sentence(lang, term)) {
        if !until.contains(&sentence) {
            until.push(sentence);
        }
    }
    Row { what: i18n::text(lang, &key), until, why: i18n::text(lang, &format!("{key}-why")) }
}

fn sentence(lang: Lang, term: &Term) -> String {
    match term {
        Term::After { span, since, .. } => {
            let since = i18n::text(lang, &format!("retention-since-{}", since.as_str()));
            i18n::t(lang, "retention-after", &[("span", &period(lang, *span)), ("since", since)])
        }
        Term::At { longest, .. } => i18n::t(lang, "retention-at", &[("span", &period(lang, *longest))]),
        Term::With(_, fate) => i18n::text(lang, &format!("retention-fate-{}", fate.as_str())).to_owned(),
        Term::Files { at_most: None } => i18n::text(lang, "retention-files").to_owned(),
        Term::Files { at_most: Some(span) } => {
            i18n::t(lang, "retention-files-at-most", &[("span", &period(lang, *span))])
        }
    }
}

/// A span in whole years where it is some, else in its largest unit.
fn period(lang: Lang, span: Duration) -> String {
    const YEAR_SECONDS: u64 = 365 * 24 * 60 * 60;
    let seconds = span.as_secs();
    if seconds >= YEAR_SECONDS && seconds.is_multiple_of(YEAR_SECONDS) {
        let years = i64::try_from(seconds / YEAR_SECONDS).unwrap_or(i64::MAX);
        return i18n::plural(lang, "unit-year", years);
    }
    format::span(lang, span)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::PathBuf;
    use std::{env, fs};

    use super::*;

    const HEAD: &str = "# What is kept, where, until when and why\n\n\
        Made of `crates/domain/src/retention.rs`, from which everything that deletes takes its time; a test holds this page to it, \
        and another one holds the table to the tables of both databases. What is overdue by a day is counted \
        (`App::overdue_rows`).\n\n\
        An organization that leaves (decision 0031) takes all of its rows with it, in whichever of these tables, seven days after an owner \
        asked. What stays of it: its rows of the audit log (`audit_event`), because without them the log of the whole installation proves \
        nothing; they name members and buyers by ids alone, whose owners nobody can tell any more, and hold the reasons that administrators \
        wrote. And a keyed hash in `erasure`, so that each restore of an older backup destroys it again.\n\n\
        | class | what it is | where | until when | why |\n|---|---|---|---|---|\n";

    fn place(term: &Term) -> String {
        match term {
            Term::After { table, column, .. } | Term::At { table, column, .. } => {
                format!("`{table}` (by `{column}`)")
            }
            Term::With(tables, _) => {
                tables.iter().map(|table| format!("`{table}`")).collect::<Vec<_>>().join(", ")
            }
            Term::Files { .. } => "files in the folder of the backups".to_owned(),
        }
    }

    fn page() -> String {
        let mut page = HEAD.to_owned();
        for class in CLASSES {
            let Row { what, until, why } = row(Lang::En, class);
            let places: Vec<String> = class.terms.iter().map(place).collect();
            let (name, places, until) = (class.name, places.join("; "), until.join("; "));
            writeln!(page, "| {name} | {what} | {places} | {until} | {why} |").expect("a text grows");
        }
        page.replace('\u{a0}', " ")
    }

    #[test]
    fn the_document_says_what_the_table_says() {
        let room = env::var_os("CARGO_MANIFEST_DIR").expect("cargo tells a test where its package is");
        let document = PathBuf::from(room).join("../../docs/security/retention.md");
        let page = page();
        if fs::read_to_string(&document).unwrap_or_default() != page {
            let program = env::current_exe().expect("the path of this very test");
            let target = program.ancestors().nth(3).expect("target, profile, deps and the test itself");
            let right = target.join("retention.md");
            fs::write(&right, page).expect("a target folder that can be written to");
            let right = right.display();
            panic!(
                "docs/security/retention.md is behind the code; read it and take it over: cp {right} docs/security/retention.md"
            );
        }
    }

    #[test]
    fn every_class_has_its_words_in_every_language() {
        for lang in Lang::ALL {
            for Row { what, until, why } in rows(lang, true) {
                let said = format!("{what} {} {why}", until.join(" "));
                assert!(!said.contains(i18n::MISSING) && !said.contains('{'), "{}: {said}", lang.tag());
            }
        }
    }

    #[test]
    fn periods_are_said_in_the_unit_that_people_count_in() {
        let day = Duration::from_hours(24);
        assert_eq!(period(Lang::En, 5 * 365 * day), "5 years");
        assert_eq!(
            period(Lang::PtBr, 90 * day).replace('\u{a0}', " "),
            format::span(Lang::PtBr, 90 * day).replace('\u{a0}', " ")
        );
    }
}
