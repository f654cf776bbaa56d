//! Words in three languages. Brazilian Portuguese is the source; the others are complete.
//!
//! A text stands in `i18n/<language>.ftl` as `key = text`, with `{name}` where a value
//! goes. A text that counts has two lines, `key.one` and `key.other`, and its number is
//! `{n}`. Lines that start with `#` and empty lines mean nothing.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// A language that every page exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Brazilian Portuguese, the source.
    #[default]
    PtBr,
    /// Spanish.
    Es,
    /// English.
    En,
}

impl Lang {
    /// Every language there is.
    pub const ALL: [Self; 3] = [Self::PtBr, Self::Es, Self::En];

    /// The language tag (BCP 47) for `lang` attributes, cookies and forms.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::PtBr => "pt-BR",
            Self::Es => "es",
            Self::En => "en",
        }
    }

    /// The language's own name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PtBr => "Português",
            Self::Es => "Español",
            Self::En => "English",
        }
    }

    /// The language of a tag; the region is ignored (`pt-PT` reads Portuguese).
    /// `None` for a language that we do not speak.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|lang| lang.tag()[..2].eq_ignore_ascii_case(primary))
    }

    /// The best language for an `Accept-Language` header (RFC 9110 §12.5.4): highest
    /// quality first, the header's own order among equals. The source language when the
    /// header names none of ours.
    #[must_use]
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best: Option<(f32, Self)> = None;
        for choice in accept_language.split(',') {
            let mut parts = choice.split(';');
            let Some(lang) = parts.next().and_then(|tag| Self::parse(tag.trim())) else { continue };
            let quality = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1.0, |text| text.parse::<f32>().unwrap_or(0.0));
            if quality > 0.0 && best.is_none_or(|(known, _)| quality > known) {
                best = Some((quality, lang));
            }
        }
        best.map_or_else(Self::default, |(_, lang)| lang)
    }

    const fn source(self) -> &'static str {
        match self {
            Self::PtBr => include_str!("../i18n/pt-BR.ftl"),
            Self::Es => include_str!("../i18n/es.ftl"),
            Self::En => include_str!("../i18n/en.ftl"),
        }
    }
}

/// Stands where a text is missing. No page may show it: a test renders them all.
pub const MISSING: &str = "⟦missing⟧";

/// Our own keys, looked up a thousand times a page: no enemy chooses them.
type Texts = FxHashMap<&'static str, &'static str>;

static CATALOGUE: LazyLock<[Texts; 3]> = LazyLock::new(|| Lang::ALL.map(|lang| parse(lang.source())));

fn parse(source: &'static str) -> Texts {
    source
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(key, text)| (key.trim(), text.trim()))
        .collect()
}

/// The text of `key`, or `None` when there is no such key.
#[must_use]
pub fn find(lang: Lang, key: &str) -> Option<&'static str> {
    CATALOGUE[lang as usize].get(key).copied()
}

/// The text of `key` as it stands.
#[must_use]
pub fn text(lang: Lang, key: &str) -> &'static str {
    find(lang, key).unwrap_or(MISSING)
}

/// The text of `key` with `{name}` replaced by its value, for each pair in `args`.
#[must_use]
pub fn t(lang: Lang, key: &str, args: &[(&str, &str)]) -> String {
    fill(text(lang, key), args)
}

/// The text of `key` for a count, with `{n}` as the number. In all three languages one
/// is singular and everything else plural.
#[must_use]
pub fn plural(lang: Lang, key: &str, count: i64) -> String {
    let form = if count == 1 { "one" } else { "other" };
    fill(text(lang, &format!("{key}.{form}")), &[("n", &crate::format::number(lang, count))])
}

fn fill(template: &str, args: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            rest = after;
            break;
        };
        if let Some((_, value)) = args.iter().find(|(known, _)| *known == name) {
            out.push_str(value);
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ConnectionState, EntryKind, ListingState, OrderState, Problem};
    use std::collections::BTreeSet;

    fn keys(lang: Lang) -> BTreeSet<&'static str> {
        CATALOGUE[lang as usize].keys().copied().collect()
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_language_has_the_same_keys() {
        for lang in [Lang::Es, Lang::En] {
            let missing: Vec<_> = keys(Lang::PtBr).symmetric_difference(&keys(lang)).copied().collect();
            assert!(missing.is_empty(), "{lang:?}: {missing:?}");
        }
    }

    #[test]
    fn every_language_fills_the_same_placeholders() {
        for key in keys(Lang::PtBr) {
            let expected = placeholders(text(Lang::PtBr, key));
            for lang in [Lang::Es, Lang::En] {
                assert_eq!(placeholders(text(lang, key)), expected, "{key} in {lang:?}");
            }
        }
    }

    #[test]
    fn no_key_stands_twice_and_every_line_is_read() {
        for lang in Lang::ALL {
            let lines =
                lang.source().lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
            assert_eq!(lines, keys(lang).len(), "{lang:?}");
        }
    }

    #[test]
    fn what_counts_has_both_forms() {
        let all = keys(Lang::PtBr);
        for key in &all {
            if let Some(stem) = key.strip_suffix(".one") {
                assert!(all.contains(format!("{stem}.other").as_str()), "{key}");
            }
        }
    }

    #[test]
    fn every_word_of_the_domain_has_its_label() {
        let mut wanted = Vec::new();
        for problem in Problem::ALL {
            wanted.push(format!("problem-{}-title", problem.as_str()));
            wanted.push(format!("problem-{}-mend", problem.as_str()));
        }
        for (state, detail) in ORDER_WORDS {
            assert!(OrderState::parse(state, detail).is_some(), "{state} {detail}");
            wanted.push(format!("order-state-{state}"));
            if !detail.is_empty() {
                wanted.push(format!("order-detail-{detail}"));
            }
        }
        for word in ["active", "paused", "under_review", "closed", "needs_attention"] {
            assert!(ListingState::parse(word).is_some());
            wanted.push(format!("listing-state-{word}"));
        }
        for word in ["opening", "adjustment", "reserve", "release", "take", "return", "write_off"] {
            assert!(EntryKind::parse(word).is_some());
            wanted.push(format!("entry-{word}"));
        }
        for word in ["untouched", "before_opening", "reserved", "released", "taken"] {
            assert!(domain::StockPosition::parse(word).is_some());
            wanted.push(format!("position-{word}"));
        }
        for word in ["dry_run", "active", "disconnected"] {
            assert!(ConnectionState::parse(word, None).is_some());
            wanted.push(format!("connection-state-{word}"));
        }
        for word in ["consent_ended", "app_refused", "permission_missing"] {
            assert!(ConnectionState::parse("needs_reauthorization", Some(word)).is_some());
            wanted.push(format!("reauthorization-{word}"));
        }
        wanted.push("connection-state-needs_reauthorization".to_owned());
        let missing: Vec<_> = wanted.iter().filter(|key| find(Lang::PtBr, key).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    const ORDER_WORDS: [(&str, &str); 11] = [
        ("awaiting_payment", ""),
        ("to_dispatch", ""),
        ("shipped", ""),
        ("delivered", ""),
        ("cancelled", "buyer"),
        ("cancelled", "seller"),
        ("cancelled", "marketplace"),
        ("needs_attention", "unknown_status"),
        ("needs_attention", "fraud_risk"),
        ("needs_attention", "lines_changed"),
        ("needs_attention", "reopened"),
    ];

    #[test]
    fn the_browsers_wish_is_honoured_by_quality() {
        let cases = [
            ("pt-BR,pt;q=0.9,en;q=0.8", Lang::PtBr),
            ("en-GB", Lang::En),
            ("es-419,es;q=0.9", Lang::Es),
            ("de-DE, en;q=0.3, es;q=0.7", Lang::Es),
            ("en;q=0, es;q=0.1", Lang::Es),
        ];
        for (header, lang) in cases {
            assert_eq!(Lang::negotiate(header), lang, "{header}");
        }
    }

    #[test]
    fn a_header_that_says_nothing_useful_gets_the_source_language() {
        for header in ["", "*", "de", ";;;,,q=", "en;q=abc", "é"] {
            assert_eq!(Lang::negotiate(header), Lang::PtBr, "{header}");
        }
    }

    #[test]
    fn values_go_where_their_names_stand() {
        assert_eq!(fill("a {x} b {y}.", &[("y", "2"), ("x", "{y}")]), "a {y} b 2.");
        assert_eq!(fill("open { brace", &[]), "open  brace");
    }

    #[test]
    fn one_is_singular_and_none_is_plural() {
        assert_eq!(plural(Lang::En, "count-orders", 1), "1 order");
        assert_eq!(plural(Lang::En, "count-orders", 0), "0 orders");
        assert_eq!(plural(Lang::PtBr, "count-orders", 1_234), "1.234 pedidos");
    }

    #[test]
    fn a_key_that_is_not_there_shows_as_missing() {
        assert_eq!(text(Lang::En, "no-such-key"), MISSING);
    }
}
