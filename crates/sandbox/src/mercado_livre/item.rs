//! Items: the offers of a seller (fact sheet §6).

use std::collections::BTreeSet;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// For sale.
    Active,
    /// Not for sale; see the sub-statuses for why.
    Paused,
    /// Over for good; may be relisted under a new id.
    Closed,
    /// Held by moderation.
    UnderReview,
}

impl ItemStatus {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Closed => "closed",
            Self::UnderReview => "under_review",
        }
    }
}

/// One combination (colour, size) of a classic item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variation {
    /// The id.
    pub id: i64,
    /// The price in centavos.
    pub price_minor: i64,
    /// What makes it differ, as in `[{"id":"COLOR","value_name":"Preto"}]`.
    pub combinations: Vec<Value>,
    /// Its own attributes, `SELLER_SKU` among them.
    pub attributes: Vec<Value>,
    /// Its pictures.
    pub picture_ids: Vec<Value>,
    /// Units sold.
    pub sold: i64,
    /// Who holds its stock.
    pub user_product_id: String,
    /// The seller's own field of old.
    pub custom_field: Option<String>,
}

/// An offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// `MLB` and digits.
    pub id: String,
    /// The seller.
    pub seller_id: i64,
    /// The title (generated in the new listing model).
    pub title: String,
    /// The family name; `None` in the classic model.
    pub family_name: Option<String>,
    /// The category.
    pub category_id: String,
    /// The domain, as in `MLB-CELLPHONES`.
    pub domain_id: String,
    /// Who holds its stock (when it has no variations).
    pub user_product_id: String,
    /// The price in centavos.
    pub price_minor: i64,
    /// The price before a discount, in centavos.
    pub original_price_minor: Option<i64>,
    /// Units at creation.
    pub initial_quantity: i64,
    /// Units sold.
    pub sold: i64,
    /// `buy_it_now`.
    pub buying_mode: String,
    /// `free`, `gold_special` or `gold_pro`.
    pub listing_type_id: String,
    /// True once the listing type has been changed: it changes once.
    pub listing_type_changed: bool,
    /// `new`, `used`, `refurbished` or `not_specified`.
    pub condition: String,
    /// Pictures as sent back: `{id,url,secure_url,size,max_size,quality}`.
    pub pictures: Vec<Value>,
    /// Attributes as sent back.
    pub attributes: Vec<Value>,
    /// Sale terms as sent back.
    pub sale_terms: Vec<Value>,
    /// Combinations, in the classic model.
    pub variations: Vec<Variation>,
    /// The `shipping` object as sent back.
    pub shipping: Value,
    /// Where it stands.
    pub status: ItemStatus,
    /// Why it stands there.
    pub sub_status: BTreeSet<String>,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Non-blocking remarks of the last validation.
    pub warnings: Vec<Value>,
    /// The catalog product.
    pub catalog_product_id: Option<String>,
    /// True for an offer on a catalog page.
    pub catalog_listing: bool,
    /// The other half of a pair of classic and catalog offer.
    pub twin: Option<String>,
    /// The item this one was relisted from.
    pub parent_item_id: Option<String>,
    /// The item this one was relisted as.
    pub relisted_as: Option<String>,
    /// The seller's own field of old.
    pub custom_field: Option<String>,
    /// The plain text of the description, and when it was written and rewritten.
    pub description: Option<Description>,
    /// True while the platform sets the price by itself.
    pub price_automation: bool,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// The description of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The text.
    pub plain_text: String,
    /// When it was first written.
    pub created: Timestamp,
    /// When it was last rewritten.
    pub updated: Timestamp,
}

/// The value name of an attribute, in any list of attributes.
#[must_use]
pub fn attribute_text<'a>(attributes: &'a [Value], id: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| attribute["id"] == id)?["value_name"].as_str()
}

impl Item {
    /// The SKU of the item itself: attribute before the old field.
    #[must_use]
    pub fn sku(&self) -> Option<&str> {
        attribute_text(&self.attributes, "SELLER_SKU").or(self.custom_field.as_deref())
    }

    /// The SKU an order shows: variation attribute, variation field, item attribute, item field.
    #[must_use]
    pub fn sku_of(&self, variation_id: Option<i64>) -> Option<&str> {
        self.variation(variation_id)
            .and_then(|it| attribute_text(&it.attributes, "SELLER_SKU").or(it.custom_field.as_deref()))
            .or_else(|| self.sku())
    }

    /// The variation of this id.
    #[must_use]
    pub fn variation(&self, id: Option<i64>) -> Option<&Variation> {
        self.variations.iter().find(|variation| Some(variation.id) == id)
    }

    /// Everything that holds stock for this item.
    #[must_use]
    pub fn stock_holders(&self) -> Vec<&str> {
        if self.variations.is_empty() {
            vec![&self.user_product_id]
        } else {
            self.variations.iter().map(|variation| variation.user_product_id.as_str()).collect()
        }
    }

    /// What holds the stock of one variation, or of the item without variations.
    #[must_use]
    pub fn stock_holder(&self, variation_id: Option<i64>) -> &str {
        self.variation(variation_id).map_or(&self.user_product_id, |variation| &variation.user_product_id)
    }
}
