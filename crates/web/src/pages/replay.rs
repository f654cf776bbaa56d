//! A past week of a SKU, played again with other rules.

use askama::Template;
use domain::replay::Outcome;
use domain::{SkuId, Timestamp};

use crate::Chrome;
use crate::pages::{Choice, Errors};

/// How a rule would have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    /// What the rule is called.
    pub name: String,
    /// How it would have ended.
    pub outcome: Outcome,
}

/// A weight of the split rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightField {
    /// The field's name in the form.
    pub name: String,
    /// Whose it is.
    pub label: String,
    /// What was typed.
    pub value: String,
}

/// What was typed into the form.
#[derive(Debug, Clone, Default)]
pub struct ReplayForm {
    /// The first day, as a browser's field for a day holds it.
    pub from: String,
    /// Units of safety.
    pub safety: String,
    /// Who gets the last units; empty for who sells most.
    pub last: String,
    /// Who can get them.
    pub listings: Vec<Choice>,
    /// How much speaks for each listing when units are split.
    pub weights: Vec<WeightField>,
    /// What is wrong.
    pub errors: Errors,
}

/// A week that was played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Week {
    /// Its first instant.
    pub from: Timestamp,
    /// The instant before which it ends.
    pub to: Timestamp,
    /// Units that could be sold at its beginning.
    pub units: i64,
    /// Units that were bought in it.
    pub wanted_units: i64,
    /// Whether more happened than is played.
    pub is_cut: bool,
    /// What came of each rule.
    pub rows: Vec<RuleRow>,
}

/// `GET /skus/{id}/replay?from=2026-11-16&safety=2&last=&w0=1`.
#[derive(Debug, Template)]
#[template(path = "sku_replay.html")]
pub struct ReplayPage {
    /// Around it.
    pub chrome: Chrome,
    /// The SKU.
    pub id: SkuId,
    /// Its code.
    pub code: String,
    /// What it is.
    pub title: String,
    /// The form.
    pub form: ReplayForm,
    /// What was played; `None` where something is wrong, and of what is a kit or in one.
    pub week: Option<Week>,
    /// Whether it is a kit or in one.
    pub in_kit: bool,
}
