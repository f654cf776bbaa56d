//! An offer: what is to be published on a channel, told once and in no platform's words
//! but for ids that the platform gave out.

use crate::attribute::Value;
use crate::money::Money;

mod check;
mod fault;

pub use fault::{Fault, Field, Mend, Objection, Reason};

/// In what state goods are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// New.
    New,
    /// Used.
    Used,
    /// Made good again.
    Refurbished,
}

impl Condition {
    /// Every condition there is.
    pub const ALL: [Self; 3] = [Self::New, Self::Used, Self::Refurbished];

    /// The word in databases, forms and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Used => "used",
            Self::Refurbished => "refurbished",
        }
    }

    /// The condition of a word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| condition.as_str() == text)
    }
}

/// Who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// The platform's id of it; `None` where the name alone is told.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
}

/// An attribute with what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The platform's id of it.
    pub id: String,
    /// One value, or several where the rule takes them.
    pub values: Vec<Value>,
}

/// Something that variants differ in (`Cor`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The platform's id of the attribute; `None` for a name of the seller's own.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
}

/// What one variant is on an axis (`Preta`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Choice {
    /// The platform's id of the value; `None` for a word of the seller's own.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
}

/// What is sold: it has a code, a price and a quantity of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// One for each axis, in their order.
    pub choices: Vec<Choice>,
    /// The seller's own code.
    pub seller_sku: String,
    /// Product code (GTIN: EAN, UPC), if it has one.
    pub gtin: Option<String>,
    /// Price of one unit.
    pub price: Money,
    /// Units.
    pub quantity_units: i64,
    /// An uploaded picture of it, one of [`Offer::pictures`] or another.
    pub picture: Option<String>,
}

/// The package that one unit is sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// Weight, in grams.
    pub weight_grams: u32,
    /// Longest side, in millimetres.
    pub length_mm: u32,
    /// Middle side, in millimetres.
    pub width_mm: u32,
    /// Shortest side, in millimetres.
    pub height_mm: u32,
}

/// What an invoice (NF-e) has to say of the goods, where a platform asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fiscal {
    /// Kind of goods: eight digits.
    pub ncm: String,
    /// Kind of goods for tax substitution: seven digits, if there is one.
    pub cest: Option<String>,
    /// Where they come from: `0` to `8`.
    pub origin: String,
    /// Operation within the state.
    pub cfop_same_state: String,
    /// Operation into another state.
    pub cfop_other_state: String,
    /// How the seller is taxed on it.
    pub csosn: String,
    /// The unit that it is sold by (`UN`).
    pub unit: String,
}

/// What is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The house's own name of it, the same for each try: letters, digits and dashes.
    pub reference: String,
    /// Title.
    pub title: String,
    /// Description: plain text, paragraphs apart by line ends.
    pub description: String,
    /// The platform's id of the category: a leaf.
    pub category: String,
    /// In what state the goods are.
    pub condition: Condition,
    /// Who made them, where the platform asks for it beside the attributes.
    pub brand: Option<Brand>,
    /// What is said of them.
    pub attributes: Vec<Attribute>,
    /// Uploaded pictures by the ids that the platform gave them; the first is the cover.
    pub pictures: Vec<String>,
    /// What the variants differ in; none when there is one variant.
    pub axes: Vec<Axis>,
    /// What is sold: at least one.
    pub variants: Vec<Variant>,
    /// The package of one unit.
    pub package: Option<Package>,
    /// What an invoice says of it.
    pub fiscal: Option<Fiscal>,
    /// What the seller pays for being shown, in the platform's word (`gold_pro`); `None`
    /// for the usual.
    pub plan: Option<String>,
}

/// What is to be changed of a published offer: what is `None` stays. Price and quantity
/// have writes of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// All that is said of it, not only what is new.
    pub attributes: Option<Vec<Attribute>>,
    /// All its pictures.
    pub pictures: Option<Vec<String>>,
    /// The package of one unit.
    pub package: Option<Package>,
}

impl Change {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
