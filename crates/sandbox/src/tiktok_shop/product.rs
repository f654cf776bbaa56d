//! Products as data: content, offers, and where they stand (fact sheet §8.3).

use std::collections::BTreeMap;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::World;
use crate::ids::Series;

pub(super) const PRODUCTS: Series = Series::new("tiktok_product", 1_729_500_000_000_000_000);
pub(super) const SKUS: Series = Series::new("tiktok_sku", 1_729_600_000_000_000_000);

/// Where a product stands. One word for listing and audit together, as the platform has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Kept, not sent in.
    Draft,
    /// In its first audit, or waiting to go live.
    Pending,
    /// The first audit failed.
    Failed,
    /// For sale.
    Activate,
    /// Taken down by the seller.
    SellerDeactivated,
    /// Taken down by the platform.
    PlatformDeactivated,
    /// Locked by the platform.
    Freeze,
    /// Gone, and recoverable.
    Deleted,
}

impl State {
    /// The `status`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Pending => "PENDING",
            Self::Failed => "FAILED",
            Self::Activate => "ACTIVATE",
            Self::SellerDeactivated => "SELLER_DEACTIVATED",
            Self::PlatformDeactivated => "PLATFORM_DEACTIVATED",
            Self::Freeze => "FREEZE",
            Self::Deleted => "DELETED",
        }
    }

    /// The `product_status`, which knows nothing of audits.
    #[must_use]
    pub fn product_word(self) -> &'static str {
        match self {
            Self::Pending | Self::Failed => "INITIAL",
            Self::Draft
            | Self::Activate
            | Self::SellerDeactivated
            | Self::PlatformDeactivated
            | Self::Freeze
            | Self::Deleted => self.word(),
        }
    }

    /// True once a first audit has passed: edits are audited beside what is shown.
    #[must_use]
    pub fn was_live(self) -> bool {
        matches!(self, Self::Activate | Self::SellerDeactivated | Self::PlatformDeactivated)
    }
}

/// Where the audit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Audit {
    /// Nothing was sent in.
    None,
    /// Being looked at.
    Auditing,
    /// Refused.
    Failed,
    /// Passed.
    Approved,
}

impl Audit {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Auditing => "AUDITING",
            Self::Failed => "FAILED",
            Self::Approved => "APPROVED",
        }
    }
}

/// One property that tells a SKU apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesAttribute {
    /// The attribute.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The value.
    pub value_id: i64,
    /// Its name.
    pub value_name: String,
    /// The picture of the SKU.
    pub image: Option<String>,
}

/// A SKU without price and stock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sku {
    /// The id.
    pub id: i64,
    /// The seller's own word.
    pub seller_sku: String,
    /// What tells it apart.
    pub attributes: Vec<SalesAttribute>,
    /// The other properties, as they were sent.
    pub extras: Map<String, Value>,
}

impl Sku {
    /// The values, as buyers see them; `Default` for the only one.
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<&str> = self.attributes.iter().map(|it| it.value_name.as_str()).collect();
        if names.is_empty() { "Default".to_owned() } else { names.join(", ") }
    }
}

/// Units of a SKU in one warehouse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    /// For sale; what the seller writes.
    pub available: i64,
    /// Sold and not yet collected by the carrier.
    pub committed: i64,
}

/// Price and stock of a SKU; changed without any audit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Centavos.
    pub price_minor: i64,
    /// Units by warehouse.
    pub stock: BTreeMap<i64, Units>,
    /// True while a promotion locks price and stock.
    pub in_promotion: bool,
}

impl Offer {
    /// Units for sale in all warehouses.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.stock.values().map(|units| units.available).sum()
    }

    /// Units sold and not yet collected, in all warehouses.
    #[must_use]
    pub fn committed(&self) -> i64 {
        self.stock.values().map(|units| units.committed).sum()
    }
}

/// What a product shows: its top-level properties as they were sent, and its SKUs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// `title`, `description`, `category_id`, `main_images`…
    pub fields: Map<String, Value>,
    /// The SKUs.
    pub skus: Vec<Sku>,
}

impl Content {
    /// The title.
    #[must_use]
    pub fn title(&self) -> &str {
        self.fields.get("title").and_then(Value::as_str).unwrap_or_default()
    }

    /// The uri of the first picture.
    #[must_use]
    pub fn first_image(&self) -> &str {
        self.fields
            .get("main_images")
            .and_then(|images| images.get(0)?.get("uri")?.as_str())
            .unwrap_or_default()
    }
}

/// A product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// The id.
    pub id: i64,
    /// The shop.
    pub shop_id: i64,
    /// What buyers see, or would see.
    pub content: Content,
    /// An edit of a live product, in its audit.
    pub under_review: Option<Content>,
    /// An edit that was saved as a draft beside the live product.
    pub draft: Option<Content>,
    /// Price and stock by SKU.
    pub offers: BTreeMap<i64, Offer>,
    /// Where it stands.
    pub state: State,
    /// Where the audit stands.
    pub audit: Audit,
    /// Why the audit failed.
    pub failures: Vec<Value>,
    /// True once it was for sale.
    pub passed_once: bool,
    /// The key it was created with.
    pub idempotency_key: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Product {
    /// The SKU with this id, as it is shown.
    #[must_use]
    pub fn sku(&self, id: i64) -> Option<&Sku> {
        self.content.skus.iter().find(|sku| sku.id == id)
    }
}

impl World {
    /// The product of `shop_id` with this id.
    #[must_use]
    pub fn product_of(&self, shop_id: i64, id: i64) -> Option<&Product> {
        self.products.get(&id).filter(|product| product.shop_id == shop_id)
    }

    /// Moves `units` of a SKU (negative: back) from what is for sale to what is committed.
    pub(crate) fn commit_units(&mut self, product_id: i64, sku_id: i64, warehouse_id: i64, units: i64) {
        let now = self.now;
        let Some(product) = self.products.get_mut(&product_id) else { return };
        let Some(offer) = product.offers.get_mut(&sku_id) else { return };
        let held = offer.stock.entry(warehouse_id).or_default();
        held.available -= units;
        held.committed += units;
        product.updated = now;
    }

    /// Takes `units` that were committed away for good: the carrier has them.
    pub(crate) fn hand_over_units(&mut self, product_id: i64, sku_id: i64, warehouse_id: i64, units: i64) {
        let offer = self.products.get_mut(&product_id).and_then(|product| product.offers.get_mut(&sku_id));
        if let Some(held) = offer.and_then(|offer| offer.stock.get_mut(&warehouse_id)) {
            held.committed -= units;
        }
    }
}
