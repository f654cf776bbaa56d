//! The catalogue: products, what their variants differ in, and what is known of each SKU.
//!
//! What people type comes as a [`Typed`]; [`Typed::check`] makes a [`Product`] of it or says what
//! is wrong, field by field. Nothing is guessed: a number that can be read in two ways is refused
//! with both, and a change that looks like a slip is asked about ([`Question`]).

mod code;
mod fault;
mod grid;
mod number;
mod question;
#[cfg(test)]
mod tests;
mod typed;
mod words;

pub use code::{Gtin, GtinFault, Ncm, Origin};
pub use fault::{Cell, Fault, Field, Wrong};
pub use number::{NumberFault, scaled};
pub use question::{Agreed, Found, Question, is_odd_jump, questions};
pub use typed::{Typed, TypedAxis, TypedRow};
pub use words::{SearchRange, search_ranges, search_words, words_of};

use crate::id::SkuId;
use crate::money::{Currency, Money};

/// Longest title, in characters. The longest that a supported channel takes is 255 (TikTok Shop).
pub const MAX_TITLE_CHARS: usize = 255;
/// Longest brand, in characters.
pub const MAX_BRAND_CHARS: usize = 80;
/// Longest description, in characters. Mercado Livre takes 50,000, the others fewer; a form has to
/// hold it beside all variants.
pub const MAX_DESCRIPTION_CHARS: usize = 10_000;
/// Tags of a product.
pub const MAX_TAGS: usize = 20;
/// Longest tag, in characters.
pub const MAX_TAG_CHARS: usize = 30;
/// Things that variants differ in.
pub const MAX_AXES: usize = 3;
/// Longest name of an axis or of an option on it, in characters.
pub const MAX_OPTION_CHARS: usize = 60;
/// Options on one axis.
pub const MAX_OPTIONS: usize = 100;
/// Variants of a product. No supported channel takes more in one listing.
pub const MAX_VARIANTS: usize = 200;
/// Longest code of a SKU, in characters.
pub const MAX_CODE_CHARS: usize = 120;
/// Heaviest piece, in grams: a ton.
pub const MAX_WEIGHT_G: i64 = 1_000_000;
/// Longest side, in millimetres: ten metres.
pub const MAX_SIDE_MM: i64 = 10_000;
/// Dearest piece, in minor units: ten millions.
pub const MAX_COST_MINOR: i64 = 1_000_000_000;
/// All of it, in hundredths of a percent.
pub const MAX_TAX_BASIS_POINTS: i64 = 10_000;
/// What costs are in: the shops that we know buy in Brazil.
pub const COST_CURRENCY: Currency = Currency::Brl;

/// Something that variants differ in (`Cor`), and what there is of it (`Preta`, `Branca`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// Its options, in the seller's order.
    pub options: Vec<String>,
}

/// What is known of a SKU beside its stock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Bar code.
    pub gtin: Option<Gtin>,
    /// What a piece costs the seller.
    pub cost: Option<Money>,
    /// Taxes on its sale, in hundredths of a percent.
    pub tax_basis_points: Option<i64>,
    /// Weight with its packaging, in grams.
    pub weight_g: Option<i64>,
    /// Length, in millimetres.
    pub length_mm: Option<i64>,
    /// Width, in millimetres.
    pub width_mm: Option<i64>,
    /// Height, in millimetres.
    pub height_mm: Option<i64>,
    /// Code of the Mercosur nomenclature.
    pub ncm: Option<Ncm>,
    /// Where the goods come from.
    pub origin: Option<Origin>,
}

impl Facts {
    /// The same, and what is not known of it as it was known before.
    #[must_use]
    pub fn or(self, known: Self) -> Self {
        Self {
            gtin: self.gtin.or(known.gtin),
            cost: self.cost.or(known.cost),
            tax_basis_points: self.tax_basis_points.or(known.tax_basis_points),
            weight_g: self.weight_g.or(known.weight_g),
            length_mm: self.length_mm.or(known.length_mm),
            width_mm: self.width_mm.or(known.width_mm),
            height_mm: self.height_mm.or(known.height_mm),
            ncm: self.ncm.or(known.ncm),
            origin: self.origin.or(known.origin),
        }
    }

    /// Whether cost and taxes are the same.
    #[must_use]
    pub fn costs_as(&self, other: &Self) -> bool {
        self.cost == other.cost && self.tax_basis_points == other.tax_basis_points
    }
}

/// One variant: what it is on each axis, and its SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its SKU; `None` where it is still to be made or found by its code.
    pub sku: Option<SkuId>,
    /// What it is, one option for each axis.
    pub options: Vec<String>,
    /// The SKU's code.
    pub code: String,
    /// What is known of the SKU.
    pub facts: Facts,
}

/// A product that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Title.
    pub title: String,
    /// Brand; empty where there is none.
    pub brand: String,
    /// Description; may be empty.
    pub description: String,
    /// Tags, each once.
    pub tags: Vec<String>,
    /// What its variants differ in; none where there is one variant alone.
    pub axes: Vec<Axis>,
    /// Its variants, at least one.
    pub variants: Vec<Variant>,
}

impl Product {
    /// What people read of a variant's SKU.
    #[must_use]
    pub fn title_of(&self, variant: &Variant) -> String {
        let parts: Vec<&str> =
            std::iter::once(&self.title).chain(&variant.options).map(String::as_str).collect();
        parts.join(" · ")
    }

    /// What differs between two states of a product, in words of the audit log.
    #[must_use]
    pub fn changed(&self, before: &Self) -> Vec<&'static str> {
        let parts = [
            ("title", self.title != before.title),
            ("brand", self.brand != before.brand),
            ("description", self.description != before.description),
            ("tags", self.tags != before.tags),
            ("axes", self.axes != before.axes),
            ("variants", self.variants != before.variants),
        ];
        parts.into_iter().filter(|(_, changed)| *changed).map(|(word, _)| word).collect()
    }
}
