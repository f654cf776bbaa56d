//! User products: what physically exists, and how many of it (fact sheet §7, §8).

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of place stock lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocationKind {
    /// The seller's own address.
    SellingAddress,
    /// One of the seller's depots.
    SellerWarehouse,
    /// The platform's own centre (Full); not writable.
    MeliFacility,
}

/// Units in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The kind of place.
    pub kind: LocationKind,
    /// The depot; `None` for the other kinds.
    pub depot: Option<Depot>,
    /// Units for sale.
    pub quantity: i64,
}

/// A depot of a seller with several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depot {
    /// The store id.
    pub store_id: String,
    /// The node in the logistics network.
    pub network_node_id: String,
}

/// A physical variant of a seller: owner of stock, attributes and pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserProduct {
    /// `MLBU` and digits.
    pub id: String,
    /// The seller.
    pub user_id: i64,
    /// The name.
    pub name: String,
    /// The domain, as in `MLB-CELLPHONES`.
    pub domain_id: String,
    /// The family, in the new listing model.
    pub family_id: Option<i64>,
    /// The name of the family, in the new listing model.
    pub family_name: Option<String>,
    /// The attributes.
    pub attributes: Vec<Value>,
    /// The catalog product it stands for.
    pub catalog_product_id: Option<String>,
    /// Where its units lie.
    pub locations: Vec<Location>,
    /// Counts every change of stock; the `x-version` header.
    pub version: i64,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl UserProduct {
    /// Units for sale in all places.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.locations.iter().map(|location| location.quantity).sum()
    }
}
