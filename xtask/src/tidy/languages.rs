//! Every text in every language.

use std::collections::BTreeMap;

use super::source::{closing, words};
use super::{Finding, Source, Tree};

/// The room that speaks to people.
const ROOM: &str = "crates/web/";
/// Where the texts of each language are: lines `key = text`, plural forms as `key.one` and
/// `key.other`, comments behind `#`.
const LANGUAGES: &[&str] = &["crates/web/i18n/pt-BR.ftl", "crates/web/i18n/es.ftl", "crates/web/i18n/en.ftl"];
/// The functions, in sources and templates, that look a key up.
const LOOK_UPS: &[&str] = &["t(", "tn(", "plural("];
/// The form of a key that every language has, whatever its plural rules.
const PLURAL: &str = ".other";

/// Finds keys that a language lacks, and keys in use that no language has. A key that is
/// put together while the program runs is not seen.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let languages: Vec<(&str, BTreeMap<&str, usize>)> =
        LANGUAGES.iter().filter_map(|path| Some((*path, keys(tree.get(path)?)))).collect();
    if languages.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for missing in LANGUAGES.iter().filter(|path| tree.get(path).is_none()) {
        findings.push(finding(missing, 1, "a language is missing".into(), "add the file"));
    }
    for (path, keys) in &languages {
        for (other, _) in languages.iter().filter(|(other, _)| other != path) {
            let theirs = tree.get(other).map(self::keys).unwrap_or_default();
            for (key, line) in keys.iter().filter(|(key, _)| !theirs.contains_key(*key)) {
                findings.push(finding(path, *line, format!("`{key}` is not in {other}"), "translate it"));
            }
        }
    }
    let (_, source_language) = &languages[0];
    for source in tree.files().filter(|source| is_speaking(source)) {
        for (key, at) in keys_in_use(source) {
            let plural = format!("{key}{PLURAL}");
            if !source_language.contains_key(key) && !source_language.contains_key(plural.as_str()) {
                let what = format!("`{key}` has no text in {}", languages[0].0);
                findings.push(finding(source.path(), source.line_of(at), what, "write it in all languages"));
            }
        }
    }
    findings
}

fn finding(file: &str, line: usize, what: String, mend: &str) -> Finding {
    Finding { file: file.to_owned(), line, what, mend: mend.to_owned() }
}

fn is_speaking(source: &Source) -> bool {
    let path = source.path();
    path.starts_with(ROOM) && (crate::workspace::is_rust(path) || path.contains("/templates/"))
}

/// The keys of a language, each with its line.
fn keys(source: &Source) -> BTreeMap<&str, usize> {
    let lines = source.text().lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.starts_with(['#', ' ', '\t']));
    lines.filter_map(|(index, line)| Some((line.split_once('=')?.0.trim_end(), index + 1))).collect()
}

/// The keys that stand, as a whole, in a call of one of [`LOOK_UPS`], each with its place.
fn keys_in_use(source: &Source) -> Vec<(&str, usize)> {
    let text = source.text();
    let calls = LOOK_UPS.iter().flat_map(|name| words(source.code(), name).map(move |at| (at, name.len())));
    let calls = calls.filter(|(at, _)| !source.is_test(*at) && !source.code()[..*at].ends_with("fn "));
    calls
        .filter_map(|(at, length)| {
            let open = at + length - 1;
            let inside = &text[open + 1..closing(source.code(), open)?];
            let literal = inside.split_once('"')?;
            // Behind a bracket it belongs to another call, such as one that joins texts.
            let key = literal.1.split('"').next().filter(|_| !literal.0.contains(['(', '{', '[']))?;
            (!key.is_empty() && !key.contains(['{', ' '])).then_some((key, at))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(more: &[(&str, &str)]) -> Tree {
        let texts = "# Orders\norders-title = x\norders.one = {count} x\norders.other = {count} x\n";
        let languages = LANGUAGES.iter().map(|path| (*path, texts));
        languages.chain(more.iter().copied()).collect()
    }

    #[test]
    fn complete_languages_are_fine() {
        assert_eq!(check(&tree(&[])), []);
        assert_eq!(check(&Tree::default()), []);
    }

    #[test]
    fn a_text_that_one_language_lacks_is_found_in_the_others() {
        let found = check(&tree(&[(LANGUAGES[1], "orders.one = x\norders.other = x\n")]));
        assert_eq!(found.len(), 2);
        assert!(found[0].file == LANGUAGES[0] && found[0].line == 2, "{}", found[0]);
        assert!(found[0].what.contains("orders-title") && found[0].what.contains("es.ftl"));
    }

    #[test]
    fn a_language_without_a_file_is_found() {
        let found = check(&Tree::from_iter([(LANGUAGES[0], "a = b\n")]));
        assert_eq!(found.iter().map(|finding| finding.file.as_str()).collect::<Vec<_>>(), LANGUAGES[1..]);
    }

    #[test]
    fn a_key_in_use_that_has_no_text_is_found() {
        let page = ("crates/web/templates/orders.html", "<h1>{{ t(\"orders-titel\") }}</h1>");
        let code = ("crates/web/src/orders.rs", "fn a() {\n    chrome.tn(\"orders-nothing\", &n);\n}");
        assert_eq!(
            check(&tree(&[page, code])).iter().map(|finding| finding.line).collect::<Vec<_>>(),
            [2, 1]
        );
    }

    #[test]
    fn keys_with_a_text_and_calls_of_other_functions_are_fine() {
        let page = ("crates/web/templates/orders.html", "{{ t(\"orders-title\") }} {{ t(\"orders\", n) }}");
        let code = "fn a() { start(\"x\"); t(lang, &format!(\"problem-{word}-title\"), &[]); }";
        assert_eq!(check(&tree(&[page, ("crates/web/src/orders.rs", code)])), []);
    }
}
