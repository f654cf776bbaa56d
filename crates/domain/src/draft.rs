//! A draft: what a seller has typed so far to publish a product on one account.
//!
//! It is kept as it was typed, complete or not, so that nothing is lost on the way. What it comes
//! to is read anew each time ([`Draft::offer`]): an [`crate::offer::Offer`], and every fault that
//! stands in its way, each with its field and its mend. How far it is on its way to the platform
//! is a [`Publication`].

mod publication;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use publication::{AskError, Publication, PublicationState};
pub use read::{Goods, Reading, Shot, Widget};

use crate::attribute::{AttributeRule, Rules};
use crate::catalogue::Product;
use crate::id::SkuId;
use crate::offer::Condition;
use crate::order_list::title_key;

/// Longest title kept, in characters: longer than any platform takes, so that it can be cut by its
/// author and not by us.
pub const MAX_TITLE_CHARS: usize = 500;
/// Longest description kept, in characters. Mercado Livre takes 50,000.
pub const MAX_DESCRIPTION_CHARS: usize = 50_000;
/// Longest other text, in characters.
pub const MAX_CELL_CHARS: usize = 1_000;
/// Cells beside the fixed fields. A category has a few dozen attributes, a product 200 variants.
pub const MAX_CELLS: usize = 600;
/// Texts of one cell: boxes that are ticked.
pub const MAX_TEXTS: usize = 60;

/// How the name of an attribute's cell begins; its id follows.
const ATTRIBUTE: &str = "attr-";
/// How the name of a measure's unit begins.
const UNIT: &str = "unit-";
/// How the name of words beside the listed ones begins.
const OTHERS: &str = "others-";
/// How the name of a variant's own price begins.
const PRICE: &str = "price-";

/// The cell of an attribute.
#[must_use]
pub fn attribute_cell(id: &str) -> String {
    format!("{ATTRIBUTE}{id}")
}

/// The cell of a measure's unit.
#[must_use]
pub fn unit_cell(id: &str) -> String {
    format!("{UNIT}{id}")
}

/// The cell of words beside the listed ones.
#[must_use]
pub fn others_cell(id: &str) -> String {
    format!("{OTHERS}{id}")
}

/// The cell of a variant's own price.
#[must_use]
pub fn price_cell(sku: SkuId) -> String {
    format!("{PRICE}{sku}")
}

/// Whether a form's field is a cell of a draft.
#[must_use]
pub fn is_cell(name: &str) -> bool {
    [ATTRIBUTE, UNIT, OTHERS, PRICE]
        .iter()
        .any(|start| name.strip_prefix(start).is_some_and(|id| !id.is_empty()))
}

/// What was typed for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// The platform's id of the category; empty while none is chosen.
    pub category: String,
    /// The category's path for people.
    pub category_name: String,
    /// In what state the goods are.
    pub condition: Condition,
    /// Brand, where the platform asks for it beside the attributes.
    pub brand: String,
    /// What the seller pays for being shown, in the platform's word; empty for the usual.
    pub plan: String,
    /// The price of every variant that has none of its own.
    pub price: String,
    /// Attributes, units and prices of variants, by the names of their cells.
    pub cells: BTreeMap<String, Vec<String>>,
}

/// More was typed than is kept: which field, and how much of it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// A text.
    #[error("{field} has more than {most} characters")]
    Text {
        /// The field's name in the form.
        field: &'static str,
        /// What is kept.
        most: usize,
    },
    /// Cells, or texts of one.
    #[error("more fields than any category has")]
    Cells,
}

/// A part in which two drafts differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field's name in the form.
    pub field: String,
    /// What the other one has there.
    pub theirs: String,
}

impl Draft {
    /// The draft that a product begins with.
    #[must_use]
    pub fn of(product: &Product) -> Self {
        Self {
            title: product.title.clone(),
            description: product.description.clone(),
            category: String::new(),
            category_name: String::new(),
            condition: Condition::New,
            brand: product.brand.clone(),
            plan: String::new(),
            price: String::new(),
            cells: BTreeMap::new(),
        }
    }

    /// What was typed into a cell.
    #[must_use]
    pub fn texts(&self, cell: &str) -> &[String] {
        self.cells.get(cell).map_or(&[], Vec::as_slice)
    }

    /// The first text of a cell; empty where there is none.
    #[must_use]
    pub fn text(&self, cell: &str) -> &str {
        self.texts(cell).first().map_or("", String::as_str)
    }

    /// Puts texts into a cell; empty ones leave it.
    pub fn put(&mut self, cell: &str, texts: Vec<String>) {
        let texts: Vec<String> = texts.into_iter().filter(|text| !text.trim().is_empty()).collect();
        if texts.is_empty() {
            self.cells.remove(cell);
        } else {
            self.cells.insert(cell.to_owned(), texts);
        }
    }

    /// Fills in what the product tells already: its brand, where the category asks for one among
    /// its attributes and nobody typed any.
    pub fn fill(&mut self, rules: &Rules, product: &Product) {
        let is_brand = |rule: &&AttributeRule| rule.id == "BRAND" || title_key(&rule.name) == "marca";
        if let Some(rule) = rules.attributes.iter().find(is_brand).filter(|_| !product.brand.is_empty()) {
            let cell = attribute_cell(&rule.id);
            if self.texts(&cell).is_empty() {
                let key = title_key(&product.brand);
                let listed = rule.listed.iter().find(|listed| title_key(&listed.name) == key);
                let id = listed.filter(|_| rule.widget().sends_ids()).map(|listed| listed.id.clone());
                self.put(&cell, vec![id.unwrap_or_else(|| product.brand.clone())]);
            }
        }
    }

    /// Whether it is small enough to be kept.
    ///
    /// # Errors
    /// The first field that is not.
    pub fn fits(&self) -> Result<(), TooMuch> {
        let fixed = [
            ("title", &self.title, MAX_TITLE_CHARS),
            ("description", &self.description, MAX_DESCRIPTION_CHARS),
            ("category", &self.category, MAX_CELL_CHARS),
            ("brand", &self.brand, MAX_CELL_CHARS),
            ("plan", &self.plan, MAX_CELL_CHARS),
            ("price", &self.price, MAX_CELL_CHARS),
        ];
        for (field, text, most) in fixed {
            if text.chars().count() > most {
                return Err(TooMuch::Text { field, most });
            }
        }
        let is_long = |text: &String| text.chars().count() > MAX_CELL_CHARS;
        let is_too_much = |(name, texts): (&String, &Vec<String>)| {
            is_long(name) || texts.len() > MAX_TEXTS || texts.iter().any(is_long)
        };
        if self.cells.len() > MAX_CELLS || self.cells.iter().any(is_too_much) {
            return Err(TooMuch::Cells);
        }
        Ok(())
    }

    /// Where another draft stands otherwise.
    #[must_use]
    pub fn differences(&self, theirs: &Self) -> Vec<Difference> {
        let condition = |draft: &Self| draft.condition.as_str().to_owned();
        let fixed = [
            ("title", self.title.clone(), theirs.title.clone()),
            ("description", self.description.replace("\r\n", "\n"), theirs.description.clone()),
            ("category", self.category.clone(), theirs.category_name.clone()),
            ("condition", condition(self), condition(theirs)),
            ("brand", self.brand.clone(), theirs.brand.clone()),
            ("plan", self.plan.clone(), theirs.plan.clone()),
            ("price", self.price.clone(), theirs.price.clone()),
        ];
        let differs = |(name, mine, other): &(&str, String, String)| {
            if *name == "category" { self.category != theirs.category } else { mine.trim() != other.trim() }
        };
        let mut all: Vec<Difference> = fixed
            .into_iter()
            .filter(differs)
            .map(|(field, _, theirs)| Difference { field: field.to_owned(), theirs })
            .collect();
        let names: std::collections::BTreeSet<&String> =
            self.cells.keys().chain(theirs.cells.keys()).collect();
        for name in names {
            if self.texts(name) != theirs.texts(name) {
                all.push(Difference { field: name.clone(), theirs: theirs.texts(name).join(", ") });
            }
        }
        all
    }
}
