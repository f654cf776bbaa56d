//! Which SKU a listing without one may sell: proposals, each with how sure it is and why. Nothing is linked by
//! them: a person confirms.
//!
//! What is surely another kind of goods is never proposed, whatever else speaks for it: another colour, another
//! size, another number, a set instead of a piece, another bar code.

#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use crate::catalogue::Gtin;
use crate::id::SkuId;
use words::{Kind, Words};

pub use words::{code_key, looked_up};

/// Proposals for a listing at most.
pub const MAX_PROPOSALS: usize = 3;
/// How sure the same bar code is, in percent; shared by all SKUs that have it.
pub const GTIN_PERCENT: u8 = 99;
/// How sure the same code is, but for case, blanks and hyphens, in percent; shared alike.
pub const CODE_PERCENT: u8 = 95;
/// Words alone are never surer than this, in percent.
pub const WORDS_CEILING_PERCENT: u8 = 80;
/// What words make less likely than this is not proposed, in percent.
pub const WORDS_FLOOR_PERCENT: u8 = 35;
/// Words that have to be met before words alone say anything; one word is what many goods have.
pub const MIN_WORDS_MET: usize = 2;
/// Shortest code that says anything, in letters and digits.
const MIN_CODE_CHARS: usize = 3;
/// Shortest bar code that is looked for in texts, in digits: one of eight is too often another number.
const MIN_TEXT_GTIN_DIGITS: usize = 12;
/// A word that is missing from the listing weighs as much as one that is met; one that only the listing has,
/// half of that: marketplaces' titles are stuffed with words.
const WHOLE: usize = 2;

/// What is known of a listing that has no SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    words: Words,
    /// Its option words, where it is a variation.
    options: BTreeSet<String>,
    code: String,
    gtins: BTreeSet<Gtin>,
}

impl Offered {
    /// What its title and the seller's own code tell. The options of a variation stand in parentheses at the end
    /// of the title, where the connectors put them.
    #[must_use]
    pub fn read(title: &str, is_variation: bool, code: Option<&str>) -> Self {
        let options = if is_variation { last_parenthesis(title) } else { "" };
        let code = code.unwrap_or_default();
        Self {
            words: Words::of(&[title]),
            options: Words::of(&[options]).keys(),
            code: code_key(code),
            gtins: [title, code].into_iter().flat_map(gtins_in).collect(),
        }
    }

    /// The bar codes that it names.
    pub fn gtins(&self) -> impl Iterator<Item = &Gtin> {
        self.gtins.iter()
    }

    /// The seller's own code, as [`code_key`] writes it; empty where there is none that says anything.
    #[must_use]
    pub fn code(&self) -> &str {
        if self.code.chars().count() >= MIN_CODE_CHARS { &self.code } else { "" }
    }
}

fn last_parenthesis(title: &str) -> &str {
    let inside = title.trim_end().strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    inside.map_or("", |(_, inside)| inside)
}

fn gtins_in(text: &str) -> impl Iterator<Item = Gtin> {
    text.split(|letter: char| !letter.is_ascii_digit())
        .filter(|digits| digits.len() >= MIN_TEXT_GTIN_DIGITS)
        .filter_map(|digits| Gtin::parse(digits).ok())
}

/// A SKU that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// Which.
    pub sku: SkuId,
    /// Its code.
    pub code: String,
    /// What people read of it.
    pub title: String,
    /// What it is on its product's axes; none where it has no product.
    pub options: Vec<String>,
    /// Its bar code.
    pub gtin: Option<Gtin>,
}

/// What speaks for a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The same bar code.
    Gtin,
    /// The same code, but for case, blanks and hyphens.
    Code,
    /// Words of its title and options.
    Words,
}

impl Reason {
    /// The word in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gtin => "gtin",
            Self::Code => "code",
            Self::Words => "words",
        }
    }
}

/// How sure a proposal is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It may be meant.
    Possible,
    /// It is likely meant.
    Likely,
    /// It is almost surely meant.
    High,
}

impl Confidence {
    /// From this percentage on.
    const HIGH_FROM_PERCENT: u8 = 90;
    /// From this percentage on.
    const LIKELY_FROM_PERCENT: u8 = 60;

    /// The word for a percentage.
    #[must_use]
    pub const fn of(percent: u8) -> Self {
        if percent >= Self::HIGH_FROM_PERCENT {
            Self::High
        } else if percent >= Self::LIKELY_FROM_PERCENT {
            Self::Likely
        } else {
            Self::Possible
        }
    }

    /// The word in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::High => "high",
        }
    }
}

/// A SKU that is proposed for a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Which.
    pub sku: SkuId,
    /// Its code.
    pub code: String,
    /// What people read of it.
    pub title: String,
    /// How sure it is, in percent.
    pub percent: u8,
    /// What speaks for it.
    pub reason: Reason,
    /// Words of the SKU that the listing has, as the SKU writes them.
    pub met: Vec<String>,
    /// Words of the SKU that the listing does not have.
    pub missing: Vec<String>,
}

impl Proposal {
    /// How sure it is, in a word.
    #[must_use]
    pub const fn confidence(&self) -> Confidence {
        Confidence::of(self.percent)
    }
}

/// What speaks for a SKU, by itself; `None` where nothing does, or where it is another kind of goods.
#[must_use]
pub fn weigh(offered: &Offered, goods: &Goods) -> Option<Proposal> {
    let texts: Vec<&str> = std::iter::once(&goods.title).chain(&goods.options).map(String::as_str).collect();
    let ours = Words::of(&texts);
    if contradict(&offered.words, &ours) {
        return None;
    }
    let has_gtin = goods.gtin.as_ref().map(|gtin| offered.gtins.contains(gtin));
    let (met, missing) = ours.met_by(&offered.words);
    let (reason, percent) = if has_gtin == Some(true) {
        (Reason::Gtin, GTIN_PERCENT)
    } else if has_gtin == Some(false) && !offered.gtins.is_empty() {
        return None;
    } else if !offered.code().is_empty() && code_key(&goods.code) == offered.code() {
        (Reason::Code, CODE_PERCENT)
    } else {
        (Reason::Words, by_words(offered, &ours, goods)?)
    };
    let (code, title) = (goods.code.clone(), goods.title.clone());
    Some(Proposal { sku: goods.sku, code, title, percent, reason, met, missing })
}

/// Whether they say something that cannot be of the same goods.
fn contradict(theirs: &Words, ours: &Words) -> bool {
    let differs = |kind: Kind| theirs.of_kind(kind) != ours.of_kind(kind);
    let both_say = |kind: Kind| !theirs.of_kind(kind).is_empty() && !ours.of_kind(kind).is_empty();
    // Who does not say that it is a set sells one piece.
    differs(Kind::Set) || Kind::OPTIONS.into_iter().any(|kind| both_say(kind) && differs(kind))
}

/// What words alone say, in percent.
fn by_words(offered: &Offered, ours: &Words, goods: &Goods) -> Option<u8> {
    let options: Vec<&str> = goods.options.iter().map(String::as_str).collect();
    let (our_options, our_words, their_words) =
        (Words::of(&options).keys(), ours.keys(), offered.words.keys());
    // An option that the other does not name may be another one.
    if !our_options.is_subset(&their_words) || !offered.options.is_subset(&our_words) {
        return None;
    }
    let met = our_words.intersection(&their_words).count();
    let plain_met = ours.of_kind(Kind::Plain).intersection(&offered.words.of_kind(Kind::Plain)).count();
    if plain_met < MIN_WORDS_MET {
        return None;
    }
    let (missing, extra) = (our_words.len() - met, their_words.len() - met);
    let whole = WHOLE * (met + missing) + extra;
    let percent = usize::from(WORDS_CEILING_PERCENT) * WHOLE * met / whole;
    u8::try_from(percent).ok().filter(|percent| *percent >= WORDS_FLOOR_PERCENT)
}

/// The best proposals for a listing among SKUs, the surest first. What is as sure of several SKUs is so much less
/// sure of each.
#[must_use]
pub fn best(offered: &Offered, goods: &[Goods]) -> Vec<Proposal> {
    let mut found: Vec<Proposal> = goods.iter().filter_map(|goods| weigh(offered, goods)).collect();
    found.sort_by_key(|one| one.sku);
    found.dedup_by_key(|one| one.sku);
    for reason in [Reason::Gtin, Reason::Code] {
        let alike = found.iter().filter(|one| one.reason == reason).count();
        let alike = u8::try_from(alike).unwrap_or(u8::MAX).max(1);
        for one in found.iter_mut().filter(|one| one.reason == reason) {
            one.percent /= alike;
        }
    }
    found.sort_by(|one, other| other.percent.cmp(&one.percent).then_with(|| one.code.cmp(&other.code)));
    found.truncate(MAX_PROPOSALS);
    found
}
