//! Keys in templates and code against keys in the catalogue.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::i18n::{Lang, find};

/// Groups whose last part is a word from data: `chrome.word("group", …)`, `format!`.
const OPEN_GROUPS: [&str; 91] = [
    "access",
    "access-what",
    "actor-system",
    "api-scope",
    "audit",
    "audit-end",
    "audit-kind",
    "backups-running",
    "backups-waiting",
    "case",
    "condition",
    "connect-step-text",
    "connect-step-title",
    "connection-state",
    "drill-check",
    "entry",
    "export",
    "export-field",
    "fee",
    "flash-provider",
    "flash-suggest",
    "job",
    "kek-state",
    "leaving-end",
    "listing-show",
    "listing-state",
    "mend",
    "money-by",
    "money-period",
    "money-sort",
    "nav",
    "obstacle",
    "offer-field",
    "offer-reason",
    "order-detail",
    "order-kind",
    "order-state",
    "orders-none-ship",
    "pace-text",
    "pace-title",
    "pace-work",
    "package",
    "part",
    "period",
    "picked-why",
    "picture-wrong",
    "plan",
    "position",
    "price-batch-state",
    "price-change-state",
    "price-column",
    "price-ending",
    "price-field",
    "price-goal",
    "price-lack",
    "price-line",
    "price-why",
    "problem",
    "product-cell",
    "product-field",
    "proposal-confidence",
    "proposal-reason",
    "proposal-stale",
    "publication",
    "purpose",
    "push-trouble",
    "readiness",
    "reason",
    "reauthorization",
    "reauthorization-mend",
    "recipient-purpose",
    "register-pressure",
    "request-kind",
    "request-regime",
    "request-state",
    "retention",
    "scope",
    "security-notice",
    "sharing-mode",
    "sheet-ask",
    "sheet-read",
    "sheet-state",
    "sheet-waiting",
    "sheet-why",
    "shield",
    "shift-against",
    "ship-day",
    "sku-show",
    "stage",
    "take-state",
    "theme",
];

fn sources() -> String {
    // Asked for when the test runs: a target folder can be shared by several clones.
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let mut text = String::new();
    for folder in ["templates", "src", "src/pages", "src/server"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

/// Literals that stand right after `call`.
fn literals<'a>(text: &'a str, call: &str) -> Vec<&'a str> {
    text.split(call).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_key_that_a_template_names_exists() {
    let text = sources();
    let plain = ["chrome.t(\"", "chrome.ta(\"", "self.t(\""].map(|call| literals(&text, call)).concat();
    assert!(plain.len() > 150, "the scan found only {}", plain.len());
    for key in plain {
        assert!(find(Lang::PtBr, key).is_some(), "{key}");
    }
    for key in literals(&text, "chrome.tn(\"") {
        assert!(find(Lang::PtBr, &format!("{key}.one")).is_some(), "{key}");
    }
}

#[test]
fn every_open_group_has_words_and_is_listed() {
    let keys: BTreeSet<&str> = include_str!("../../i18n/pt-BR.ftl")
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, _)| key)
        .collect();
    for group in literals(&sources(), "chrome.word(\"") {
        assert!(OPEN_GROUPS.contains(&group), "{group} is not listed");
    }
    for group in OPEN_GROUPS {
        assert!(keys.iter().any(|key| key.starts_with(&format!("{group}-"))), "{group} has no words");
    }
}

#[test]
fn no_text_is_translated_for_nobody() {
    let text = sources();
    for line in include_str!("../../i18n/pt-BR.ftl").lines() {
        let Some((key, _)) = line.split_once(" = ") else { continue };
        let stem = key.trim_end_matches(".one").trim_end_matches(".other");
        let open = OPEN_GROUPS.iter().any(|group| key.starts_with(&format!("{group}-")));
        assert!(
            open || text.contains(&format!("\"{stem}\"")) || text.contains(&format!("\"{key}\"")),
            "{key}"
        );
    }
}
