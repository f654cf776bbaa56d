//! Calls and types that have no place in some rooms, or in none.

use super::source::{is_name, words};
use super::{Finding, Source, Tree};

/// Something that must not stand in code, and where.
struct Ban {
    /// How it looks.
    looks: &'static [&'static str],
    /// The rooms in which it is banned: beginnings of paths; everywhere if empty.
    inside: &'static [&'static str],
    /// Where it is right: beginnings or ends of paths.
    except: &'static [&'static str],
    /// Whether tests may do it.
    tests_may: bool,
    why: &'static str,
    mend: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        looks: &["Grant::issue("],
        inside: &[],
        except: &[
            "crates/domain/src/access.rs",
            "crates/store/src/",
            "crates/lojista/src/",
            // The program's own calls: nobody sees what they open.
            "crates/vault/src/seal.rs",
            "crates/vault/src/password.rs",
            "crates/connect/src/outbound/",
        ],
        tests_may: true,
        why: "opens guarded data and leaves no trace",
        mend: "take a grant from the store: it writes the audit row first",
    },
    Ban {
        looks: &["println!", "eprintln!", "print!", "eprint!"],
        inside: &[],
        except: &["crates/lojista/", "xtask/", "/build.rs"],
        tests_may: true,
        why: "prints past the log, its levels and its redaction",
        mend: "use `tracing`, or return the text to the command that prints",
    },
    Ban {
        looks: &["#[allow(", "#![allow("],
        inside: &[],
        except: &[],
        tests_may: false,
        why: "stays when its cause is gone",
        mend: "mend the cause, or `#[expect(lint, reason = \"…\")]`",
    },
    Ban {
        looks: &["todo!", "unimplemented!"],
        inside: &[],
        except: &[],
        tests_may: false,
        why: "is a part of the house that is not there",
        mend: "build it, or leave its door out",
    },
    Ban {
        looks: &[".unwrap()"],
        inside: &["crates/store/", "crates/app/", "crates/web/"],
        except: &[],
        tests_may: true,
        why: "ends a request without a word",
        mend: "return an error that says retry or fail, or `expect(\"why it cannot happen\")`",
    },
    Ban {
        looks: &["HashMap", "HashSet"],
        inside: &["crates/store/", "crates/vault/", "crates/sandbox/"],
        except: &[],
        tests_may: true,
        why: "has another order in each run: a seed would not repeat",
        mend: "use `BTreeMap` or `BTreeSet`",
    },
];

/// Words for work that is not done. Other languages have them as words, so texts are spared.
const UNDONE: &[&str] = &["TODO", "FIXME"];
/// Files whose comments are read for [`UNDONE`] beside Rust's.
const COMMENTED: &[&str] = &[".css", ".html", ".js", ".sh", ".sql", ".toml", ".yml"];

const FLOATS: &[&str] = &["f32", "f64"];
/// Parts of names that hold money.
const MONEY: &[&str] = &["amount", "cents", "cost", "fee", "money", "price"];

/// Finds what is banned.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let banned = tree.rust().flat_map(|source| BANS.iter().flat_map(|ban| ban.findings(source)));
    banned.chain(tree.files().flat_map(undone)).chain(tree.rust().flat_map(money_in_floats)).collect()
}

impl Ban {
    fn holds_in(&self, path: &str) -> bool {
        let inside = self.inside.is_empty() || self.inside.iter().any(|room| path.starts_with(room));
        inside && !self.except.iter().any(|place| path.starts_with(place) || path.ends_with(place))
    }

    fn findings(&self, source: &Source) -> Vec<Finding> {
        if !self.holds_in(source.path()) {
            return Vec::new();
        }
        let found = self.looks.iter().flat_map(|look| words(source.code(), look).map(move |at| (look, at)));
        found
            .filter(|(_, at)| !(self.tests_may && source.is_test(*at)))
            .map(|(look, at)| Finding {
                file: source.path().to_owned(),
                line: source.line_of(at),
                what: format!("{} {}", look.trim_end_matches('('), self.why),
                mend: self.mend.to_owned(),
            })
            .collect()
    }
}

fn undone(source: &Source) -> Vec<Finding> {
    let path = source.path();
    if !(crate::workspace::is_rust(path) || COMMENTED.iter().any(|kind| path.ends_with(kind))) {
        return Vec::new();
    }
    let found = UNDONE.iter().flat_map(|word| words(source.comments(), word));
    found
        .map(|at| Finding {
            file: path.to_owned(),
            line: source.line_of(at),
            what: "a note about work that is not done".into(),
            mend: "do it, or open an issue".into(),
        })
        .collect()
}

/// A floating-point type on one line with a name that holds money.
fn money_in_floats(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.code().lines().enumerate() {
        let float = FLOATS.iter().any(|float| words(line, float).next().is_some());
        let names = line.split(|letter| !is_name(letter)).flat_map(|name| name.split('_'));
        if float && names.map(str::to_lowercase).any(|part| MONEY.contains(&part.trim_end_matches('s'))) {
            findings.push(Finding {
                file: source.path().to_owned(),
                line: index + 1,
                what: "money in a floating-point number".into(),
                mend: "use `domain::Money`: minor units and a currency".into(),
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::from_iter([(path, text)])).len()
    }

    #[test]
    fn a_grant_is_issued_by_the_store_and_by_tests_alone() {
        let text = "fn a() { Grant::issue(actor, purpose, now); }";
        assert_eq!(count("crates/app/src/a.rs", text), 1);
        assert_eq!(count("crates/store/src/audit.rs", text), 0);
        assert_eq!(count("tests/src/kit.rs", text), 0);
        assert_eq!(count("crates/app/src/a.rs", &format!("#[cfg(test)]\nmod tests {{ {text} }}")), 0);
    }

    #[test]
    fn only_the_programs_print() {
        let text = "fn a() { eprintln!(\"x\"); }";
        assert_eq!(count("crates/store/src/a.rs", text), 1);
        assert_eq!(count("crates/lojista/src/main.rs", text), 0);
        assert_eq!(count("crates/web/build.rs", text), 0);
    }

    #[test]
    fn a_silenced_lint_is_found_even_in_tests() {
        assert_eq!(count("tests/src/a.rs", "#[allow(dead_code)]\nfn a() {}"), 1);
        assert_eq!(count("tests/src/a.rs", "#![allow(dead_code)]\n"), 1);
        assert_eq!(count("tests/src/a.rs", "#[expect(dead_code, reason = \"x\")]\nfn a() {}"), 0);
    }

    #[test]
    fn missing_parts_are_found_and_texts_about_them_are_not() {
        assert_eq!(count("crates/app/src/a.rs", "fn a() { unimplemented!() }"), 1);
        assert_eq!(count("crates/app/src/a.rs", "/// No `todo!` here.\nfn a() { b(\"todo!\") }"), 0);
    }

    #[test]
    fn unwrap_is_found_where_requests_are_served() {
        assert_eq!(count("crates/web/src/a.rs", "fn a() { b.unwrap() }"), 1);
        assert_eq!(count("crates/web/src/a.rs", "fn a() { b.expect(\"b is set above\") }"), 0);
        assert_eq!(count("xtask/src/a.rs", "fn a() { b.unwrap() }"), 0);
    }

    #[test]
    fn maps_without_order_are_found_where_a_seed_must_repeat() {
        assert_eq!(count("crates/sandbox/src/a.rs", "struct A(HashMap<u8, u8>);"), 1);
        assert_eq!(count("crates/web/src/a.rs", "struct A(HashMap<u8, u8>);"), 0);
    }

    #[test]
    fn notes_of_undone_work_are_found_in_comments_alone() {
        let note = ["// TO", "DO: later"].concat();
        assert_eq!(count("crates/app/src/a.rs", &note), 1);
        assert_eq!(count("crates/store/migrations/1.sql", &note), 1);
        assert_eq!(count("crates/app/src/a.rs", "const PORTUGUESE: &str = \"TODO O PEDIDO\";"), 0);
    }

    #[test]
    fn money_is_never_a_float() {
        assert_eq!(count("crates/app/src/a.rs", "struct A { unit_price: f64 }"), 1);
        assert_eq!(count("crates/app/src/a.rs", "struct A { fees: Vec<f32> }"), 1);
        assert_eq!(count("crates/app/src/a.rs", "struct A { ratio: f64, priceless: u8 }"), 0);
    }
}
