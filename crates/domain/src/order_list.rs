//! What a list of orders is narrowed to: what is in the package, when it has to be handed
//! over, and the words that people search by.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::order::LineSnapshot;
use crate::time::Timestamp;

/// Characters of a title that are searched; platforms' titles are shorter.
pub const MAX_TITLE_KEY_CHARS: usize = 200;
/// Words of a search that are looked for; the rest narrows nothing.
pub const MAX_SEARCH_WORDS: usize = 8;

/// What an order's package holds. It says how much work packing is: one kind of goods
/// needs no sorting, one unit of it no counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageKind {
    /// One unit of one kind of goods.
    Single,
    /// Several units of one kind of goods.
    Multiple,
    /// Several kinds of goods.
    Mixed,
}

impl PackageKind {
    /// Every kind, the quickest to pack first.
    pub const ALL: [Self; 3] = [Self::Single, Self::Multiple, Self::Mixed];

    /// The word in databases, addresses and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Multiple => "multiple",
            Self::Mixed => "mixed",
        }
    }

    /// The kind of a word; `None` for a word that is none.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The kind of an order's lines. Goods are the same where the seller's own code is, or,
    /// without one, listing and variation: a platform may split equal units over lines, and
    /// a seller may sell one thing by two listings.
    #[must_use]
    pub fn of(lines: &[LineSnapshot]) -> Self {
        let units: i64 = lines.iter().map(|line| line.units).sum();
        let goods: BTreeSet<Goods<'_>> = lines.iter().map(Goods::of).collect();
        match (goods.len(), units) {
            (2.., _) => Self::Mixed,
            (_, 2..) => Self::Multiple,
            _ => Self::Single,
        }
    }
}

/// What tells goods apart.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Goods<'a> {
    Coded(&'a str),
    Listed(&'a str, &'a str),
}

impl<'a> Goods<'a> {
    fn of(line: &'a LineSnapshot) -> Self {
        match line.seller_sku.as_deref() {
            Some(code) if !code.is_empty() => Self::Coded(code),
            _ => {
                let variation = line.variation_external_id.as_deref().unwrap_or_default();
                Self::Listed(&line.listing_external_id, variation)
            }
        }
    }
}

/// The day on which an open order has to be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShipDay {
    /// The deadline has passed.
    Late,
    /// In what is left of today.
    Today,
    /// Tomorrow.
    Tomorrow,
    /// The day after tomorrow or later.
    Later,
    /// The platform tells no deadline.
    Unset,
}

impl ShipDay {
    /// Every day, the most pressing first.
    pub const ALL: [Self; 5] = [Self::Late, Self::Today, Self::Tomorrow, Self::Later, Self::Unset];

    /// The word in addresses and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Today => "today",
            Self::Tomorrow => "tomorrow",
            Self::Later => "later",
            Self::Unset => "none",
        }
    }

    /// The day of a word; `None` for a word that is none.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.as_str() == word)
    }

    /// The deadlines of this day as they are at `now`, in the business time zone. The days
    /// leave no gap and do not overlap.
    #[must_use]
    pub fn window(self, now: Timestamp) -> ShipWindow {
        // A deadline that is now has passed, as the page says it too.
        let open = now.plus(Duration::from_millis(1));
        let (tomorrow, after) = (now.business_midnight(1), now.business_midnight(2));
        match self {
            Self::Late => ShipWindow::Within { from: None, until: Some(open) },
            Self::Today => ShipWindow::Within { from: Some(open), until: Some(tomorrow) },
            Self::Tomorrow => ShipWindow::Within { from: Some(tomorrow), until: Some(after) },
            Self::Later => ShipWindow::Within { from: Some(after), until: None },
            Self::Unset => ShipWindow::Unset,
        }
    }
}

/// Deadlines that are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShipWindow {
    /// No deadline is told.
    Unset,
    /// From an instant on and before another.
    Within {
        /// The first that counts.
        from: Option<Timestamp>,
        /// The first that does not count any more.
        until: Option<Timestamp>,
    },
}

/// A title as it is searched: small letters without accents, the first
/// [`MAX_TITLE_KEY_CHARS`]. Each letter becomes one letter.
#[must_use]
pub fn title_key(title: &str) -> String {
    title.chars().map(plain).take(MAX_TITLE_KEY_CHARS).collect()
}

/// The words of a search, as [`title_key`] writes them.
#[must_use]
pub fn search_words(text: &str) -> Vec<String> {
    text.split_whitespace().map(title_key).take(MAX_SEARCH_WORDS).collect()
}

/// A letter without its case and accent, for the languages of our marketplaces.
fn plain(letter: char) -> char {
    let mut lower = letter.to_lowercase();
    // A letter that becomes several stays as it is.
    let small = match (lower.next(), lower.next()) {
        (Some(small), None) => small,
        _ => letter,
    };
    match small {
        'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Currency, Money};
    use proptest::prelude::*;

    fn line(listing: &str, variation: &str, code: Option<&str>, units: i64) -> LineSnapshot {
        LineSnapshot {
            key: format!("{listing}/{variation}"),
            listing_external_id: listing.into(),
            variation_external_id: Some(variation.to_owned()).filter(|variation| !variation.is_empty()),
            title: "Caneca".into(),
            seller_sku: code.map(str::to_owned),
            units,
            unit_price: Money::new(5_000, Currency::Brl),
            sale_fee: None,
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a date")
    }

    fn holds(window: ShipWindow, deadline: Timestamp) -> bool {
        match window {
            ShipWindow::Unset => false,
            ShipWindow::Within { from, until } => {
                from.is_none_or(|from| from <= deadline) && until.is_none_or(|until| deadline < until)
            }
        }
    }

    #[test]
    fn one_unit_several_units_and_several_goods_are_three_kinds() {
        assert_eq!(PackageKind::of(&[line("1", "", None, 1)]), PackageKind::Single);
        assert_eq!(PackageKind::of(&[line("1", "", None, 3)]), PackageKind::Multiple);
        assert_eq!(PackageKind::of(&[line("1", "", None, 1), line("2", "", None, 1)]), PackageKind::Mixed);
    }

    #[test]
    fn equal_goods_on_several_lines_are_one_kind_of_goods() {
        let split = [line("1", "blue", None, 1), line("1", "blue", None, 1)];
        assert_eq!(PackageKind::of(&split), PackageKind::Multiple);
        let two_listings = [line("1", "", Some("CAN-1"), 1), line("2", "", Some("CAN-1"), 1)];
        assert_eq!(PackageKind::of(&two_listings), PackageKind::Multiple);
    }

    #[test]
    fn variations_and_codes_tell_goods_apart() {
        let variations = [line("1", "blue", None, 1), line("1", "red", None, 1)];
        assert_eq!(PackageKind::of(&variations), PackageKind::Mixed);
        let codes = [line("1", "", Some("CAN-1"), 1), line("1", "", Some("CAN-2"), 1)];
        assert_eq!(PackageKind::of(&codes), PackageKind::Mixed);
        let uncoded = [line("1", "blue", Some(""), 1), line("1", "blue", None, 1)];
        assert_eq!(PackageKind::of(&uncoded), PackageKind::Multiple, "an empty code is none");
    }

    #[test]
    fn words_come_back_as_what_they_stand_for() {
        for kind in PackageKind::ALL {
            assert_eq!(PackageKind::parse(kind.as_str()), Some(kind));
        }
        for day in ShipDay::ALL {
            assert_eq!(ShipDay::parse(day.as_str()), Some(day));
        }
        assert_eq!((PackageKind::parse(""), ShipDay::parse("yesterday")), (None, None));
    }

    #[test]
    fn a_day_ends_at_midnight_in_sao_paulo() {
        // Eleven at night on the 22nd there, the 23rd in UTC.
        let now = at("2026-11-23T02:00:00Z");
        let day_of = |deadline: &str| {
            let deadline = at(deadline);
            ShipDay::ALL.into_iter().find(|day| holds(day.window(now), deadline))
        };
        assert_eq!(day_of("2026-11-23T01:59:59Z"), Some(ShipDay::Late));
        assert_eq!(day_of("2026-11-23T02:00:00Z"), Some(ShipDay::Late), "what is due now is late");
        assert_eq!(day_of("2026-11-23T02:59:59Z"), Some(ShipDay::Today));
        assert_eq!(day_of("2026-11-23T03:00:00Z"), Some(ShipDay::Tomorrow));
        assert_eq!(day_of("2026-11-24T02:59:59Z"), Some(ShipDay::Tomorrow));
        assert_eq!(day_of("2026-11-24T03:00:00Z"), Some(ShipDay::Later));
    }

    #[test]
    fn a_title_is_searched_without_case_and_accents() {
        assert_eq!(title_key("Xícara AÇÚCAR Ñandú – 8 peças"), "xicara acucar nandu – 8 pecas");
        assert_eq!(title_key(&"É".repeat(300)).chars().count(), MAX_TITLE_KEY_CHARS);
        assert_eq!(search_words("  Café   EM grãos "), ["cafe", "em", "graos"]);
        assert_eq!(search_words(&"a ".repeat(50)).len(), MAX_SEARCH_WORDS);
    }

    proptest! {
        #[test]
        fn every_deadline_is_of_exactly_one_day(now in 0_i64..4_102_444_800_000, apart in -400_000_000_i64..400_000_000) {
            let (now, deadline) = (Timestamp::from_millis(now), Timestamp::from_millis(now + apart));
            let days = ShipDay::ALL.into_iter().filter(|day| holds(day.window(now), deadline)).count();
            prop_assert_eq!(days, 1);
        }

        #[test]
        fn a_key_is_its_own_key(title: String) {
            let key = title_key(&title);
            prop_assert_eq!(title_key(&key), key);
        }
    }
}
