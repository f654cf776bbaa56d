//! Words of titles, as they are held against each other.

use std::collections::BTreeSet;

use crate::order_list::title_key;

/// Words of one text that are looked at: platforms' titles have some dozen.
const MAX_WORDS: usize = 60;
/// Words of a listing that SKUs are looked up by.
const MAX_LOOKED_UP: usize = 12;
/// Shortest word whose last `s` is a plural, in letters.
const MIN_PLURAL_CHARS: usize = 4;

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anything else.
    Plain,
    /// A colour.
    Colour,
    /// A size.
    Size,
    /// Who wears it.
    Wearer,
    /// A number: a measure, a model, how many.
    Number,
    /// That it is several pieces.
    Set,
}

impl Kind {
    /// What goods of one kind differ in, where both sides name it.
    pub(super) const OPTIONS: [Self; 4] = [Self::Colour, Self::Size, Self::Wearer, Self::Number];
}

/// Words that say nothing, in the languages of our marketplaces.
const EMPTY: [&str; 32] = [
    "a", "ao", "as", "com", "con", "da", "das", "de", "del", "do", "dos", "e", "el", "em", "en", "for", "in",
    "la", "las", "los", "na", "no", "o", "of", "os", "para", "por", "the", "um", "uma", "with", "y",
];

/// Colours, each with its name for all languages and endings.
const COLOURS: &[(&str, &str)] = &[
    ("amarela", "yellow"),
    ("amarelo", "yellow"),
    ("amarilla", "yellow"),
    ("amarillo", "yellow"),
    ("azuis", "blue"),
    ("azul", "blue"),
    ("bege", "beige"),
    ("beige", "beige"),
    ("black", "black"),
    ("blanca", "white"),
    ("blanco", "white"),
    ("blue", "blue"),
    ("branca", "white"),
    ("branco", "white"),
    ("brown", "brown"),
    ("cinza", "grey"),
    ("dorada", "gold"),
    ("dorado", "gold"),
    ("dourada", "gold"),
    ("dourado", "gold"),
    ("gold", "gold"),
    ("gray", "grey"),
    ("green", "green"),
    ("grey", "grey"),
    ("gris", "grey"),
    ("laranja", "orange"),
    ("lila", "lilac"),
    ("lilas", "lilac"),
    ("marrom", "brown"),
    ("marron", "brown"),
    ("morada", "purple"),
    ("morado", "purple"),
    ("naranja", "orange"),
    ("negra", "black"),
    ("negro", "black"),
    ("nude", "nude"),
    ("orange", "orange"),
    ("pink", "pink"),
    ("plateada", "silver"),
    ("plateado", "silver"),
    ("prata", "silver"),
    ("prateada", "silver"),
    ("prateado", "silver"),
    ("preta", "black"),
    ("preto", "black"),
    ("purple", "purple"),
    ("red", "red"),
    ("roja", "red"),
    ("rojo", "red"),
    ("rosa", "pink"),
    ("roxa", "purple"),
    ("roxo", "purple"),
    ("silver", "silver"),
    ("transparente", "clear"),
    ("turquesa", "turquoise"),
    ("verde", "green"),
    ("vermelha", "red"),
    ("vermelho", "red"),
    ("vinho", "wine"),
    ("white", "white"),
    ("yellow", "yellow"),
];

/// Sizes, each with its name for all languages and endings. Letters are not translated: a `G` is no `L`.
const SIZES: &[(&str, &str)] = &[
    ("eg", "eg"),
    ("egg", "egg"),
    ("g", "g"),
    ("gg", "gg"),
    ("grande", "large"),
    ("l", "l"),
    ("large", "large"),
    ("m", "m"),
    ("media", "medium"),
    ("medio", "medium"),
    ("medium", "medium"),
    ("p", "p"),
    ("pequena", "small"),
    ("pequeno", "small"),
    ("pp", "pp"),
    ("s", "s"),
    ("small", "small"),
    ("xg", "xg"),
    ("xgg", "xgg"),
    ("xl", "xl"),
    ("xs", "xs"),
    ("xxl", "xxl"),
    ("xxxl", "xxxl"),
];

/// Who wears it, each with its name for all languages and endings.
const WEARERS: &[(&str, &str)] = &[
    ("baby", "baby"),
    ("bebe", "baby"),
    ("feminina", "woman"),
    ("feminino", "woman"),
    ("femenina", "woman"),
    ("femenino", "woman"),
    ("homem", "man"),
    ("hombre", "man"),
    ("infantil", "child"),
    ("juvenil", "teen"),
    ("kid", "child"),
    ("masculina", "man"),
    ("masculino", "man"),
    ("men", "man"),
    ("mujer", "woman"),
    ("mulher", "woman"),
    ("unisex", "all"),
    ("unissex", "all"),
    ("women", "woman"),
];

/// Several pieces, each with its name for all languages.
const SETS: &[(&str, &str)] =
    &[("combo", "set"), ("conjunto", "set"), ("kit", "set"), ("pack", "set"), ("set", "set")];

/// One word, as it is held against others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    shown: String,
    key: String,
    kind: Kind,
}

impl Word {
    /// `None` for a word that says nothing.
    fn read(shown: &str) -> Option<Self> {
        let plain = title_key(shown);
        if EMPTY.contains(&plain.as_str()) {
            return None;
        }
        let shown = shown.to_owned();
        let single = singular(&plain);
        for (table, kind) in
            [(COLOURS, Kind::Colour), (SIZES, Kind::Size), (WEARERS, Kind::Wearer), (SETS, Kind::Set)]
        {
            let found = table.iter().find(|(word, _)| *word == plain || *word == single);
            if let Some((_, key)) = found {
                return Some(Self { shown, key: (*key).to_owned(), kind });
            }
        }
        let is_number = plain == "bivolt" || plain.bytes().any(|byte| byte.is_ascii_digit());
        let kind = if is_number { Kind::Number } else { Kind::Plain };
        Some(Self { shown, key: single.to_owned(), kind })
    }
}

fn singular(word: &str) -> &str {
    let is_plural = word.chars().count() >= MIN_PLURAL_CHARS && word.chars().all(char::is_alphabetic);
    word.strip_suffix('s').filter(|_| is_plural).unwrap_or(word)
}

/// The words of texts, each once, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words(Vec<Word>);

impl Words {
    pub(super) fn of(texts: &[&str]) -> Self {
        let mut words: Vec<Word> = Vec::new();
        for word in texts.iter().flat_map(|text| pieces(text)).filter_map(Word::read) {
            if words.len() < MAX_WORDS && !words.iter().any(|known| known.key == word.key) {
                words.push(word);
            }
        }
        Self(words)
    }

    pub(super) fn keys(&self) -> BTreeSet<String> {
        self.0.iter().map(|word| word.key.clone()).collect()
    }

    pub(super) fn of_kind(&self, kind: Kind) -> BTreeSet<&str> {
        self.0.iter().filter(|word| word.kind == kind).map(|word| word.key.as_str()).collect()
    }

    /// Those that others have, and those that they do not have, as they are written here.
    pub(super) fn met_by(&self, others: &Self) -> (Vec<String>, Vec<String>) {
        let theirs = others.keys();
        let (met, missing): (Vec<&Word>, Vec<&Word>) =
            self.0.iter().partition(|word| theirs.contains(&word.key));
        let shown = |words: Vec<&Word>| words.into_iter().map(|word| word.shown.clone()).collect();
        (shown(met), shown(missing))
    }
}

/// Pieces of letters alone and of digits alone: `500ml` is the same as `500 ml`.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for part in text.split(|letter: char| !letter.is_alphanumeric()) {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let end = rest.find(|letter: char| letter.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            let (piece, behind) = rest.split_at(end);
            pieces.push(piece);
            rest = behind;
        }
    }
    pieces
}

/// A code as it is held against others: without case, accents, blanks, hyphens and the like.
#[must_use]
pub fn code_key(code: &str) -> String {
    title_key(code).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// The words that SKUs are looked up by for a title, each in singular and plural, as [`crate::catalogue::words_of`]
/// writes them.
#[must_use]
pub fn looked_up(title: &str) -> Vec<[String; 2]> {
    let mut seen = BTreeSet::new();
    title
        .split(|letter: char| !letter.is_alphanumeric())
        .map(title_key)
        .filter(|word| !word.is_empty() && !EMPTY.contains(&word.as_str()))
        .filter_map(|word| {
            let single = singular(&word).to_owned();
            let plural = format!("{single}s");
            seen.insert(single.clone()).then_some([single, plural])
        })
        .take(MAX_LOOKED_UP)
        .collect()
}
