//! What a category asks of an offer: its attributes and its measures, as plain rules. They
//! come from the platform; [`crate::offer::Offer::check`] holds an offer against them.

use crate::money::Currency;
use crate::time::Timestamp;

/// Most digits of a [`Decimal`], point apart.
const MAX_DIGITS: usize = 15;

/// A number that is not negative, as its digits: no float ever holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decimal(String);

impl Decimal {
    /// Reads `12`, `12.5` or, as Brazil writes it, `12,5`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().replace(',', ".");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || whole.len() + fraction.len() > MAX_DIGITS {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if fraction.is_empty() { "" } else { "." };
        Some(Self(format!("{whole}{point}{fraction}")))
    }

    /// So many thousandths of a unit: grams as kilograms.
    #[must_use]
    pub fn thousandths(count: u32) -> Self {
        let text = format!("{}.{:03}", count / 1_000, count % 1_000);
        Self(text.trim_end_matches('0').trim_end_matches('.').to_owned())
    }

    /// The digits, with a point.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One that the platform lists, by its id.
    Listed(String),
    /// A word of the seller's own.
    Text(String),
    /// A number.
    Number(Decimal),
    /// A number of a unit, which is one of [`AttributeRule::units`].
    Measure {
        /// How many.
        amount: Decimal,
        /// Of what, in the platform's word.
        unit: String,
    },
    /// A day, by its first instant.
    Date(Timestamp),
}

/// What a value of an attribute has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A word: one of the listed, or another where [`AttributeRule::takes_others`].
    Word,
    /// A number.
    Number,
    /// A number with its unit.
    Measure,
    /// A day.
    Date,
}

/// A value that the platform lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The platform's id of it.
    pub id: String,
    /// Its name for people.
    pub name: String,
}

/// A value, chosen for another attribute, that makes one required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The other attribute.
    pub attribute: String,
    /// The id of its value.
    pub value: String,
}

/// Whether something has to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// As the seller likes.
    Optional,
    /// Always.
    Required,
    /// Of new goods.
    RequiredOfNew,
    /// When one of these values was chosen.
    When(Vec<Trigger>),
    /// The platform says so of each offer by itself, when it is asked.
    ByPlatform,
}

/// One attribute of a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeRule {
    /// The platform's id of it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What a value has to be.
    pub kind: ValueKind,
    /// Whether it has to be told.
    pub need: Need,
    /// Whether variants may differ in it.
    pub tells_variants: bool,
    /// The listed values; empty where there are none.
    pub listed: Vec<Listed>,
    /// Whether a value that is not listed is taken.
    pub takes_others: bool,
    /// The units of a measure, in the platform's words.
    pub units: Vec<String>,
    /// Most values of one offer.
    pub most_values: usize,
    /// Longest word, in characters.
    pub most_chars: Option<usize>,
}

/// The least and the most of something, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// At least.
    pub least: usize,
    /// At most.
    pub most: usize,
}

impl Span {
    /// From `least` to `most`.
    #[must_use]
    pub const fn new(least: usize, most: usize) -> Self {
        Self { least, most }
    }
}

/// What a price has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceRule {
    /// The only currency.
    pub currency: Currency,
    /// Least, in minor units.
    pub least_minor: i64,
    /// Most, in minor units.
    pub most_minor: Option<i64>,
    /// The dearest variant costs at most so many times the cheapest.
    pub most_ratio: Option<i64>,
}

/// What the seller's own code has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkuRule {
    /// Longest, in characters.
    pub most_chars: usize,
    /// Whether it may have spaces.
    pub takes_spaces: bool,
}

/// What variants have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VariantRule {
    /// Most variants of one offer.
    pub most: usize,
    /// Most axes that they differ in.
    pub most_axes: usize,
    /// Longest name of an axis that the platform does not list, in characters.
    pub axis_chars: usize,
    /// Longest name of an option, in characters.
    pub option_chars: usize,
}

/// All that a category asks of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The category.
    pub category: String,
    /// Characters of the title.
    pub title: Span,
    /// Characters of the description.
    pub description: Span,
    /// Pictures of the offer.
    pub pictures: Span,
    /// Attributes, in the platform's order.
    pub attributes: Vec<AttributeRule>,
    /// Whether a brand has to be told; one that stands among the attributes is asked there.
    pub brand: Need,
    /// Whether each variant needs a product code (GTIN).
    pub gtin: Need,
    /// Variants.
    pub variants: VariantRule,
    /// Prices.
    pub price: PriceRule,
    /// Most units of a variant.
    pub most_units: i64,
    /// The seller's own codes.
    pub sku: SkuRule,
    /// Whether the weight of the package has to be told.
    pub weight: bool,
    /// Whether the sides of the package have to be told.
    pub size: bool,
    /// Papers that have to be handed in, by their names. No program does that: the seller
    /// publishes in such a category by hand.
    pub papers: Vec<String>,
}

impl Rules {
    /// The rule of an attribute.
    #[must_use]
    pub fn attribute(&self, id: &str) -> Option<&AttributeRule> {
        self.attributes.iter().find(|rule| rule.id == id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_read_with_a_point_or_a_comma() {
        let read = |text: &str| Decimal::parse(text).map(|number| number.as_str().to_owned());
        for (text, number) in [("12", "12"), ("12.50", "12.5"), ("0,3", "0.3"), ("007", "7"), (" 1.0 ", "1")]
        {
            assert_eq!(read(text).as_deref(), Some(number), "{text}");
        }
        for none in ["", "-1", "1e3", ".5", "5.", "1.2.3", "a", "1 000", "1234567890123456"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn grams_are_told_as_kilograms() {
        for (grams, kilograms) in [(0, "0"), (5, "0.005"), (300, "0.3"), (1_000, "1"), (12_340, "12.34")] {
            assert_eq!(Decimal::thousandths(grams).as_str(), kilograms);
        }
    }

    proptest! {
        #[test]
        fn what_was_read_reads_the_same_again(text in "[0-9]{1,7}([.,][0-9]{1,7})?") {
            let once = Decimal::parse(&text).expect("digits");
            prop_assert_eq!(Decimal::parse(once.as_str()), Some(once));
        }

        #[test]
        fn thousandths_are_a_number(count in any::<u32>()) {
            let number = Decimal::thousandths(count);
            prop_assert_eq!(Decimal::parse(number.as_str()), Some(number.clone()));
        }
    }
}
