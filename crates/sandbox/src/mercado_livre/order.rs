//! Orders and packs (fact sheet §11).

use std::collections::BTreeSet;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::stock::Depot;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed, nothing paid yet.
    Confirmed,
    /// Waiting for the buyer to pay.
    PaymentRequired,
    /// The payment is on its way.
    PaymentInProcess,
    /// Paid in full.
    Paid,
    /// Paid, and a part given back.
    PartiallyRefunded,
    /// Over.
    Cancelled,
}

impl OrderStatus {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::PaymentRequired => "payment_required",
            Self::PaymentInProcess => "payment_in_process",
            Self::Paid => "paid",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why and by whom an order was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelDetail {
    /// `buyer`, `seller`, `fraud`, `mediations`, `shipment`, `internal`…
    pub group: String,
    /// The machine word.
    pub code: String,
    /// The human text.
    pub description: String,
    /// `buyer`, `seller` or `ML`.
    pub requested_by: String,
    /// When.
    pub date: Timestamp,
}

/// One item (or variation) times a quantity, sold to one buyer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Sixteen digits from 2000….
    pub id: i64,
    /// The pack it is grouped in; `None` until there is one.
    pub pack_id: Option<i64>,
    /// The seller.
    pub seller_id: i64,
    /// The buyer.
    pub buyer_id: i64,
    /// The buyer's billing data of this purchase.
    pub billing_info_id: i64,
    /// The item, as it was called then.
    pub item_id: String,
    /// The variation of a classic item.
    pub variation_id: Option<i64>,
    /// What makes the variation differ.
    pub variation_attributes: Vec<Value>,
    /// What held the stock.
    pub user_product_id: String,
    /// The title at the time of sale.
    pub title: String,
    /// The category at the time of sale.
    pub category_id: String,
    /// The condition at the time of sale.
    pub condition: String,
    /// The SKU, by the order of precedence of the platform.
    pub sku: Option<String>,
    /// The seller's own field of old.
    pub custom_field: Option<String>,
    /// Units.
    pub quantity: i64,
    /// Centavos per unit, discounts taken off.
    pub unit_price_minor: i64,
    /// Centavos per unit before discounts.
    pub full_price_minor: i64,
    /// The platform's fee per unit in centavos.
    pub sale_fee_minor: i64,
    /// The listing type at the time of sale.
    pub listing_type_id: String,
    /// The depot the units were taken from.
    pub depot: Option<Depot>,
    /// Where it stands.
    pub status: OrderStatus,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// The payments, oldest first.
    pub payment_ids: Vec<i64>,
    /// The parcel, once it exists.
    pub shipment_id: Option<i64>,
    /// Claims about it.
    pub mediations: Vec<i64>,
    /// Why it was cancelled.
    pub cancel: Option<CancelDetail>,
    /// True while its units are taken out of stock.
    pub holds_stock: bool,
    /// When it was created.
    pub created: Timestamp,
    /// When it was first confirmed or paid: the moment stock is taken.
    pub closed: Option<Timestamp>,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Order {
    /// Centavos for all units.
    #[must_use]
    pub fn total_minor(&self) -> i64 {
        self.unit_price_minor * self.quantity
    }

    /// True when the seller's searches and reads show it: paid at some time.
    #[must_use]
    pub fn reached_seller(&self) -> bool {
        self.closed.is_some()
    }
}

/// A purchase of one buyer at one seller: one or more orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    /// Sixteen digits from 2000….
    pub id: i64,
    /// `released`, `error`, `pending_cancel` or `cancelled`.
    pub status: String,
    /// `splitted` after a split.
    pub status_detail: Option<String>,
    /// The seller.
    pub seller_id: i64,
    /// The buyer.
    pub buyer_id: i64,
    /// The orders.
    pub order_ids: Vec<i64>,
    /// The parcel, once it exists.
    pub shipment_id: Option<i64>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}
