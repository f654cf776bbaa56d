//! What a channel is called, and how the templates come by it.

use crate::failure::Failure;
use crate::tidy::words;

/// Longest word, in characters: it stands in addresses.
const MAX_WORD_CHARS: usize = 24;
/// Longest name for people, in characters: it stands in tables.
const MAX_LABEL_CHARS: usize = 32;
/// Words of Rust, or kept for it.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// What the templates call the channel in code.
const EXAMPLE: &str = "Acme";

/// The names of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    word: String,
    kind: String,
    label: String,
}

impl Name {
    /// The names of the channel that addresses and databases call `word`, and people
    /// `label`: the word's parts in capitals, if nobody says.
    ///
    /// # Errors
    /// When one of them is no name.
    pub fn parse(word: &str, label: Option<&str>) -> Result<Self, Failure> {
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let starts_well = word.starts_with(|letter: char| letter.is_ascii_lowercase());
        if !starts_well || word.len() > MAX_WORD_CHARS || !word.split('_').all(is_part) {
            return Err(Failure::of(format!(
                "{word:?} is no name for a channel: up to {MAX_WORD_CHARS} small letters and digits, with \
                 single underscores between, a letter first (mercado_livre)"
            )));
        }
        if KEYWORDS.contains(&word) {
            return Err(Failure::of(format!("`{word}` is a word of Rust; call the channel something else")));
        }
        let parts: Vec<String> = word.split('_').map(capitalised).collect();
        let label = label.map_or_else(|| parts.join(" "), |label| label.trim().to_owned());
        let is_plain = label.chars().all(|letter| !letter.is_control() && !"\"\\|`{}".contains(letter));
        if label.is_empty() || label.chars().count() > MAX_LABEL_CHARS || !is_plain {
            return Err(Failure::of(format!(
                "{label:?} is no name for people: up to {MAX_LABEL_CHARS} characters, none of them \" \\ | ` {{ }}"
            )));
        }
        Ok(Self { word: word.to_owned(), kind: parts.concat(), label })
    }

    /// The word in addresses and databases, which is the folder's too.
    #[must_use]
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The name for people.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Fails when the word means something in the list of channels already, or the type's
    /// name in the files that a channel starts from.
    pub(super) fn check_free(&self, market: &str, templates: &[(&str, &str)]) -> Result<(), Failure> {
        let Self { word, kind, .. } = self;
        if words(market, word).next().is_some() {
            return Err(Failure::of(format!(
                "`{word}` is taken: it means something in {} already",
                super::lines::MARKET_FILE
            )));
        }
        let is_used = |(_, text): &(&str, &str)| words(&text.replace(EXAMPLE, ""), kind).next().is_some();
        if templates.iter().any(is_used) {
            return Err(Failure::of(format!(
                "`{kind}` means something in every channel's files already; call the channel something else"
            )));
        }
        Ok(())
    }

    /// `template` with these names in the place of those of Acme Market.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        let capitals = self.word.to_uppercase();
        // The first at one place wins, so the longest comes first.
        let names = [
            ("Acme Market", self.label.as_str()),
            (EXAMPLE, &self.kind),
            ("ACME", &capitals),
            ("acme", &self.word),
        ];
        let next = |rest: &str| {
            let found = names.iter().filter_map(|(from, to)| Some((rest.find(from)?, *from, *to)));
            found.min_by_key(|(at, ..)| *at)
        };
        let (mut text, mut rest) = (String::with_capacity(template.len()), template);
        while let Some((at, from, to)) = next(rest) {
            text.push_str(&rest[..at]);
            text.push_str(to);
            rest = &rest[at + from.len()..];
        }
        text + rest
    }
}

fn capitalised(part: &str) -> String {
    let mut letters = part.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(word: &str, label: Option<&str>) -> String {
        Name::parse(word, label).unwrap_err().say.unwrap()
    }

    #[test]
    fn a_word_gives_all_names() {
        let name = Name::parse("big_shop24", None).unwrap();
        assert_eq!((name.kind.as_str(), name.label()), ("BigShop24", "Big Shop24"));
        assert_eq!(Name::parse("tiktok_shop", Some(" TikTok Shop ")).unwrap().label(), "TikTok Shop");
    }

    #[test]
    fn what_is_no_name_is_refused_with_what_would_be_one() {
        let long = "a".repeat(MAX_WORD_CHARS + 1);
        for word in
            ["", "Acme", "acme-br", "2shop", "_acme", "acme_", "a__b", "açaí", "../acme", "a b", &long]
        {
            assert!(refusal(word, None).contains("is no name for a channel"), "{word}");
        }
        assert!(refusal("match", None).contains("a word of Rust"));
        for label in ["", " ", "Ac\"me", "A|B", "two\nlines", &"x".repeat(MAX_LABEL_CHARS + 1)] {
            assert!(refusal("acme", Some(label)).contains("is no name for people"), "{label}");
        }
    }

    #[test]
    fn a_taken_name_is_refused() {
        let free = |word: &str| {
            Name::parse(word, None).unwrap().check_free("pub mod shopee;", &super::super::TEMPLATES)
        };
        assert!(free("shopee").unwrap_err().say.unwrap().contains("is taken"));
        for word in ["orders", "channel", "kit"] {
            assert!(free(word).unwrap_err().say.unwrap().contains("means something"), "{word}");
        }
        assert_eq!((free("acme"), free("shop")), (Ok(()), Ok(())));
    }

    #[test]
    fn every_form_of_the_name_is_put_in() {
        let template = "acme AcmeConfig LOJISTA_ACME_API_URL \"Acme Market\" acme::settings";
        let name = Name::parse("big_shop", Some("BIG")).unwrap();
        assert_eq!(
            name.fill(template),
            "big_shop BigShopConfig LOJISTA_BIG_SHOP_API_URL \"BIG\" big_shop::settings"
        );
    }

    #[test]
    fn a_name_that_holds_the_examples_is_put_in_once() {
        let name = Name::parse("acme_br", Some("Acme Market Brasil")).unwrap();
        assert_eq!(name.fill("Acme Market, Acme, acme"), "Acme Market Brasil, AcmeBr, acme_br");
    }
}
