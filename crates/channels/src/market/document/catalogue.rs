//! What the document tells of publishing.

use connect::Channel;
use connect::conformance::CatalogueCall;

use super::{Fact, Sheet, page};

/// Facts of publishing that nothing but prose can tell.
pub(in crate::market) struct GoodsFacts {
    /// How the tree of categories is read.
    pub(in crate::market) categories: Fact,
    /// Where what a category asks is told.
    pub(in crate::market) attributes: Fact,
    /// Whether the platform says of one offer what it asks besides.
    pub(in crate::market) owed: Fact,
    /// What pictures are taken.
    pub(in crate::market) pictures: Fact,
    /// How an offer with variants is published.
    pub(in crate::market) publishing: Fact,
    /// How an offer is found again whose creation nobody answered.
    pub(in crate::market) found_again: Fact,
    /// How a listing ends.
    pub(in crate::market) end: Fact,
}

/// The rows about it.
pub(super) const FEATURES: [(&str, page::Cell); 7] = [
    ("categories", |it| it.facts.goods.categories.to_string()),
    ("what a category asks", |it| it.facts.goods.attributes.to_string()),
    ("what one offer owes besides", |it| it.facts.goods.owed.to_string()),
    ("pictures", pictures),
    ("publishing", |it| it.facts.goods.publishing.to_string()),
    ("a creation whose answer was lost", |it| it.facts.goods.found_again.to_string()),
    ("the end of a listing", |it| it.facts.goods.end.to_string()),
];

/// Limits, and what is to be said of them.
fn pictures(sheet: &Sheet) -> String {
    let channel = page::channel(sheet);
    let fact = sheet.facts.goods.pictures;
    let (Some(taker), Fact::Has(how)) = (channel.pictures(), fact) else { return fact.to_string() };
    let limits = taker.limits();
    let mut told = vec![format!("JPEG or PNG up to {} MiB", limits.most_bytes / (1_024 * 1_024))];
    if limits.least_side_px > 1 {
        told.push(format!("each side {} px at least", limits.least_side_px));
    } else if limits.least_long_side_px > 1 {
        told.push(format!("the longer side {} px at least", limits.least_long_side_px));
    }
    if limits.most_side_px < u32::MAX {
        told.push(format!("{} px at most", limits.most_side_px));
    }
    format!("{}; {how}", told.join(", "))
}

/// What a call is called in the table.
pub(super) const fn name(call: CatalogueCall) -> &'static str {
    match call {
        CatalogueCall::Roots => "categories",
        CatalogueCall::Path => "where a category stands",
        CatalogueCall::Predict => "a category for a title",
        CatalogueCall::Rules => "what a category asks",
        CatalogueCall::Owed => "what one offer owes besides",
        CatalogueCall::Brands => "brands",
        CatalogueCall::Upload => "a picture",
        CatalogueCall::Create => "a new listing",
        CatalogueCall::CreateAgain => "the same after an unknown end",
        CatalogueCall::Find => "listings of an offer",
        CatalogueCall::Standing => "where a listing stands",
        CatalogueCall::Update => "a listing changed",
        CatalogueCall::TakeDown => "a listing off sale",
        CatalogueCall::PutUp => "a listing on sale",
        CatalogueCall::Delete => "a listing ended",
    }
}

/// Why there is no such call.
pub(super) const fn lacking(goods: &GoodsFacts, call: CatalogueCall) -> Fact {
    match call {
        CatalogueCall::Roots | CatalogueCall::Path | CatalogueCall::Predict => goods.categories,
        CatalogueCall::Rules | CatalogueCall::Brands => goods.attributes,
        CatalogueCall::Owed => goods.owed,
        CatalogueCall::Upload => goods.pictures,
        CatalogueCall::Create
        | CatalogueCall::CreateAgain
        | CatalogueCall::Find
        | CatalogueCall::Standing
        | CatalogueCall::Update
        | CatalogueCall::TakeDown
        | CatalogueCall::PutUp
        | CatalogueCall::Delete => goods.publishing,
    }
}

/// What the facts say a channel has it has.
pub(super) fn agree(goods: &GoodsFacts, channel: &dyn Channel, asks_of_offers: bool) -> bool {
    let has = |fact: Fact| matches!(fact, Fact::Has(_));
    has(goods.categories) == channel.categories().is_some()
        && has(goods.attributes) == channel.attributes().is_some()
        && has(goods.owed) == asks_of_offers
        && has(goods.pictures) == channel.pictures().is_some()
        && has(goods.publishing) == channel.publishing().is_some()
}
