//! The API's own words, read leniently (`loose.rs`).

use domain::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::market::loose::helpful;
pub(super) use crate::market::loose::{Amount, Gap, Listed, Loose, Reference, Tags, filled, owned};

/// `POST /oauth/token`.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) expires_in: Option<Loose>,
    pub(super) scope: Option<Loose>,
    pub(super) user_id: Option<Loose>,
}

/// `GET /users/me`.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: Loose,
    pub(super) nickname: Option<Loose>,
    pub(super) site_id: Option<Loose>,
    pub(super) tags: Option<Tags>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) status: Option<UserStatus>,
}

/// What the account may do.
#[derive(Debug, Deserialize)]
pub(super) struct UserStatus {
    pub(super) site_status: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) list: Option<Permission>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) sell: Option<Permission>,
}

/// One permission of an account.
#[derive(Debug, Deserialize)]
pub(super) struct Permission {
    pub(super) allow: Option<Loose>,
}

/// `GET /orders/{id}`, and one result of `GET /orders/search`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Order {
    pub(super) id: Loose,
    pub(super) date_created: Option<Loose>,
    pub(super) last_updated: Option<Loose>,
    pub(super) date_last_updated: Option<Loose>,
    pub(super) pack_id: Option<Loose>,
    pub(super) total_amount: Option<Amount>,
    pub(super) currency_id: Option<Loose>,
    #[serde(rename = "order_items")]
    pub(super) lines: Option<Vec<OrderItem>>,
    pub(super) shipping: Option<Reference>,
    pub(super) status: Option<Loose>,
    pub(super) tags: Option<Tags>,
    pub(super) buyer: Option<Reference>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) cancel_detail: Option<CancelDetail>,
}

impl Order {
    /// The order's own clock: the search names it otherwise than the order itself.
    pub(super) fn updated_at(&self) -> Option<Timestamp> {
        self.last_updated.as_ref().or(self.date_last_updated.as_ref())?.instant()
    }
}

/// One line of an order.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OrderItem {
    pub(super) item: SoldItem,
    pub(super) quantity: Option<Loose>,
    pub(super) unit_price: Option<Amount>,
    pub(super) sale_fee: Option<Amount>,
}

/// What a line sold.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SoldItem {
    pub(super) id: Loose,
    pub(super) title: Option<Loose>,
    pub(super) variation_id: Option<Loose>,
    pub(super) seller_sku: Option<Loose>,
    pub(super) seller_custom_field: Option<Loose>,
}

/// Why an order ended.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CancelDetail {
    pub(super) group: Option<Loose>,
}

/// `GET /orders/search`.
#[derive(Debug, Deserialize)]
pub(super) struct OrderSearch {
    pub(super) results: Vec<Listed<FoundOrder, Order>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) paging: Option<Paging>,
}

/// An order in a search: only what the sweep needs, so that nothing else can spoil it.
#[derive(Debug, Deserialize)]
pub(super) struct FoundOrder {
    pub(super) id: Loose,
    pub(super) last_updated: Option<Loose>,
    pub(super) date_last_updated: Option<Loose>,
}

/// How long a list is.
#[derive(Debug, Deserialize)]
pub(super) struct Paging {
    total: Option<Loose>,
}

impl Paging {
    pub(super) fn total(&self) -> Option<u64> {
        self.total.as_ref()?.count()?.try_into().ok()
    }
}

/// `GET /shipments/{id}` with `x-format-new`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Shipment {
    pub(super) id: Loose,
    pub(super) status: Option<Loose>,
    pub(super) substatus: Option<Loose>,
    pub(super) last_updated: Option<Loose>,
    pub(super) tracking_number: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) logistic: Option<Logistic>,
    /// The flat shape of before `x-format-new`.
    pub(super) logistic_type: Option<Loose>,
}

/// Who carries a shipment.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Logistic {
    #[serde(rename = "type")]
    pub(super) kind: Option<Loose>,
}

/// `GET /shipments/{id}/sla`.
#[derive(Debug, Deserialize)]
pub(super) struct Sla {
    pub(super) expected_date: Option<Loose>,
}

/// One row of `GET /shipments/{id}/orders`.
#[derive(Debug, Deserialize)]
pub(super) struct ShipmentOrder {
    pub(super) order_id: Option<Loose>,
}

/// A hook, and one row of `GET /missed_feeds`.
#[derive(Debug, Deserialize)]
pub(super) struct Notification {
    pub(super) resource: Option<Loose>,
    pub(super) user_id: Option<Loose>,
    pub(super) topic: Option<Loose>,
    pub(super) application_id: Option<Loose>,
    pub(super) sent: Option<Loose>,
}

/// `GET /missed_feeds`.
#[derive(Debug, Deserialize)]
pub(super) struct MissedFeeds {
    pub(super) messages: Option<Vec<Notification>>,
}

/// `GET /users/{id}/items/search`.
#[derive(Debug, Deserialize)]
pub(super) struct ItemSearch {
    pub(super) results: Option<Vec<Loose>>,
    pub(super) scroll_id: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) paging: Option<Paging>,
}

/// One entry of `GET /items/bulk`, or (with `code`) of the older `GET /items?ids=`.
#[derive(Debug, Deserialize)]
pub(super) struct BulkEntry {
    #[serde(alias = "code")]
    pub(super) status_code: Option<Loose>,
    pub(super) body: Option<Box<RawValue>>,
}

/// `GET /items/{id}`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Item {
    pub(super) id: Loose,
    pub(super) seller_id: Option<Loose>,
    pub(super) title: Option<Loose>,
    pub(super) family_name: Option<Loose>,
    pub(super) user_product_id: Option<Loose>,
    pub(super) price: Option<Amount>,
    pub(super) currency_id: Option<Loose>,
    pub(super) available_quantity: Option<Loose>,
    pub(super) status: Option<Loose>,
    pub(super) sub_status: Option<Tags>,
    pub(super) permalink: Option<Loose>,
    pub(super) last_updated: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) shipping: Option<ItemShipping>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) attributes: Option<Vec<Attribute>>,
    pub(super) seller_custom_field: Option<Loose>,
    pub(super) variations: Option<Vec<Variation>>,
}

/// How an item is shipped.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ItemShipping {
    pub(super) logistic_type: Option<Loose>,
}

/// One attribute of an item or variation.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Attribute {
    pub(super) id: Option<Loose>,
    pub(super) value_name: Option<Loose>,
}

/// One variation of an item.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Variation {
    pub(super) id: Loose,
    pub(super) price: Option<Amount>,
    pub(super) available_quantity: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) attribute_combinations: Option<Vec<Attribute>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) attributes: Option<Vec<Attribute>>,
    pub(super) seller_custom_field: Option<Loose>,
    pub(super) user_product_id: Option<Loose>,
}

/// `GET /user-products/{id}/stock`.
#[derive(Debug, Deserialize)]
pub(super) struct ProductStock {
    pub(super) locations: Option<Vec<StockLocation>>,
}

/// Where units of a user product lie.
#[derive(Debug, Deserialize)]
pub(super) struct StockLocation {
    #[serde(rename = "type")]
    pub(super) kind: Option<Loose>,
    pub(super) store_id: Option<Loose>,
    pub(super) network_node_id: Option<Loose>,
    pub(super) quantity: Option<Loose>,
}

/// `GET /items/{id}/sale_price`.
#[derive(Debug, Deserialize)]
pub(super) struct SalePrice {
    pub(super) amount: Option<Amount>,
    pub(super) regular_amount: Option<Amount>,
    pub(super) currency_id: Option<Loose>,
}

/// An error, in any of the shapes that the API has for it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Fault {
    pub(super) message: Option<Loose>,
    pub(super) error_description: Option<Loose>,
    pub(super) error: Option<Loose>,
    pub(super) code: Option<Loose>,
    pub(super) cause: Option<Value>,
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_part_that_only_helps_is_left_out_when_it_has_another_form() {
        let shipment = |logistic: &str| -> Shipment {
            serde_json::from_str(&format!(r#"{{"id":1,"logistic":{logistic}}}"#)).unwrap()
        };
        assert!(shipment(r#"{"type":"turbo"}"#).logistic.is_some());
        for odd in [r#""turbo""#, "7", "[]", "null"] {
            assert!(shipment(odd).logistic.is_none(), "{odd}");
        }
    }
}
