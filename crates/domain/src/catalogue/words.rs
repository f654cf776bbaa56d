//! What a product is found by.

use std::collections::BTreeSet;

use super::Product;
use crate::order_list::title_key;

/// Words that something is found by at most: platforms' titles have some dozen.
const MAX_WORDS: usize = 60;
/// Words of a search that are looked for.
const MAX_QUERY_WORDS: usize = 8;
/// No byte of a text's words is greater or the same.
const BEHIND_ALL: u8 = 0xff;

/// Words in small letters without accents; a code is the words between its marks.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(title_key)
}

/// The words that a product is found by: title, brand, and each SKU's code and bar code.
#[must_use]
pub fn search_words(product: &Product) -> BTreeSet<String> {
    let codes = product.variants.iter().flat_map(|variant| words(&variant.code));
    let gtins = product.variants.iter().filter_map(|variant| variant.facts.gtin.as_ref());
    let gtins = gtins.map(|gtin| gtin.as_str().to_owned());
    words(&product.title).chain(words(&product.brand)).chain(codes).chain(gtins).collect()
}

/// The words that anything else is found by: of its title and of its codes.
#[must_use]
pub fn words_of(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().flat_map(|text| words(text)).take(MAX_WORDS).collect()
}

/// Words that begin alike, as bytes: from this one on, and before that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRange {
    /// The first.
    pub from: Vec<u8>,
    /// Behind the last.
    pub until: Vec<u8>,
}

/// The words that a search's words begin; empty where it has none.
#[must_use]
pub fn search_ranges(text: &str) -> Vec<SearchRange> {
    let range = |word: String| {
        let from = word.into_bytes();
        let until = from.iter().copied().chain([BEHIND_ALL]).collect();
        SearchRange { from, until }
    };
    words(text).take(MAX_QUERY_WORDS).map(range).collect()
}
