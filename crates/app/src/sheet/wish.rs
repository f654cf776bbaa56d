//! What a table wants of one product, and what stood before: as it waits in the database.

use domain::catalogue::{Facts, Product, Typed, Variant};
use domain::sheet::{ColumnMap, Count};
use domain::{ProductId, SkuId};
use serde::{Deserialize, Serialize};

/// What is wanted of one product, or of one SKU without a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The product and the version that was looked at; `None` where it is to be made.
    pub of: Option<(ProductId, i64)>,
    /// The SKU, where it has no product and gets none.
    pub alone: Option<SkuId>,
    /// What it is to be, as it would have been typed with a decimal comma.
    pub typed: Typed,
    /// What is counted.
    pub counts: Vec<Counted>,
    /// Whether more than its stock changes.
    pub touches: bool,
    /// Whether it was put away and comes back.
    pub restores: bool,
    /// What differs, for whoever agrees to it.
    pub changes: Vec<Difference>,
}

/// A cell that becomes another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The SKU's code; empty where it is the product's own.
    pub code: String,
    /// The column's word (`Column::as_str`).
    pub column: String,
    /// What it was.
    pub before: String,
    /// What it becomes.
    pub after: String,
}

/// A count, and what lay there when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The code, and what lies there by the file.
    pub of: Count,
    /// What lay there by the ledger, in units.
    pub seen_units: i64,
    /// Whether the ledger had counted it at all.
    pub had_count: bool,
}

impl Counted {
    /// Whether it says anything new.
    pub(super) const fn differs(&self) -> bool {
        !self.had_count || self.seen_units != self.of.on_hand_units
    }

    /// What is meant: the difference to what was looked at. What was sold since has left the shelf.
    pub(super) const fn delta_units(&self) -> i64 {
        self.of.on_hand_units - self.seen_units
    }
}

/// What was done for a product, so that it can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Stood {
    /// The product, and its version afterwards; `None` where it was not touched.
    pub product: Option<(ProductId, i64)>,
    /// What it was; `None` where it was made.
    pub typed: Option<Typed>,
    /// Whether it had been put away and was taken back.
    pub was_archived: bool,
    /// A SKU without a product, what was known of it, and what is known now.
    pub alone: Option<(SkuId, Typed, Typed)>,
    /// What was put on shelves, in units.
    pub counted: Vec<(SkuId, i64)>,
}

/// The columns of a table, as its page tells them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Heading {
    /// Column and heading of what is taken.
    pub taken: Vec<(String, String)>,
    /// What cannot be taken in yet, and its heading.
    pub waiting: Vec<(String, String)>,
    /// Headings that nobody knows.
    pub unknown: Vec<String>,
}

impl Heading {
    pub(super) fn of(map: &ColumnMap) -> Self {
        let taken = map.taken.iter().map(|(column, heading)| (column.as_str().to_owned(), heading.clone()));
        let waiting = map.waiting.iter().map(|(what, heading)| (what.as_str().to_owned(), heading.clone()));
        Self { taken: taken.collect(), waiting: waiting.collect(), unknown: map.unknown.clone() }
    }
}

/// The product of a form that was good when it was read.
pub(super) fn product_of(typed: &Typed) -> Option<Product> {
    typed.check().ok()
}

/// What is known of a SKU, as a form of its own.
pub(super) fn form_of(facts: &Facts) -> Typed {
    let variant = Variant { sku: None, options: Vec::new(), code: "-".into(), facts: facts.clone() };
    Typed::of(&alone("-".into(), variant), ',')
}

/// What such a form says.
pub(super) fn facts_of(typed: &Typed) -> Option<Facts> {
    product_of(typed)?.variants.into_iter().next().map(|variant| variant.facts)
}

/// A SKU without a product, as a product would have it.
pub(super) fn alone(title: String, variant: Variant) -> Product {
    Product {
        title,
        brand: String::new(),
        description: String::new(),
        tags: Vec::new(),
        axes: Vec::new(),
        variants: vec![variant],
    }
}
