//! The API's own words, read leniently (`loose.rs`). Optional fields are left out, not
//! null, and so are empty lists.

use connect::{Answer, ChannelError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::market::loose::helpful;
pub(super) use crate::market::loose::{Amount, Gap, Listed, Loose, Reference, Tags, filled, owned};

/// What every answer says of itself.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Head {
    pub(super) code: Option<Loose>,
    pub(super) message: Option<Loose>,
}

/// What every answer wraps.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) data: Option<T>,
}

/// What a successful answer wraps.
pub(super) fn data<T: DeserializeOwned>(answer: &Answer) -> Result<T, ChannelError> {
    let envelope: Envelope<T> = answer.json()?;
    envelope.data.ok_or_else(|| answer.garbled("data is missing"))
}

/// What a batch write answers.
#[derive(Debug, Deserialize)]
pub(super) struct Batch {
    pub(super) errors: Option<Vec<Failed>>,
}

/// An entry of a batch that failed, or a reason for it.
#[derive(Debug, Deserialize)]
pub(super) struct Failed {
    code: Option<Loose>,
    pub(super) message: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) detail: Option<FailedDetail>,
}

impl Failed {
    pub(super) fn code(&self) -> Option<u64> {
        self.code.as_ref()?.count()?.try_into().ok()
    }
}

/// Why an entry failed.
#[derive(Debug, Deserialize)]
pub(super) struct FailedDetail {
    pub(super) extra_errors: Option<Vec<Failed>>,
}

/// `GET /api/v2/token/get` and `…/refresh`. The two ends are instants, whatever their
/// names say.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: Loose,
    pub(super) access_token_expire_in: Option<Loose>,
    pub(super) refresh_token: Option<Loose>,
    pub(super) refresh_token_expire_in: Option<Loose>,
    pub(super) user_type: Option<Loose>,
    pub(super) granted_scopes: Option<Tags>,
}

/// `GET /authorization/{version}/shops`.
#[derive(Debug, Deserialize)]
pub(super) struct Shops {
    pub(super) shops: Option<Vec<Shop>>,
}

/// A shop that a token is good for.
#[derive(Debug, Deserialize)]
pub(super) struct Shop {
    pub(super) id: Option<Loose>,
    pub(super) name: Option<Loose>,
    pub(super) region: Option<Loose>,
    pub(super) seller_type: Option<Loose>,
    pub(super) cipher: Option<Loose>,
    pub(super) code: Option<Loose>,
}

/// `GET /order/{version}/orders`.
#[derive(Debug, Deserialize)]
pub(super) struct Orders {
    pub(super) orders: Option<Vec<Order>>,
}

/// An order.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Order {
    pub(super) id: Loose,
    pub(super) status: Option<Loose>,
    pub(super) create_time: Option<Loose>,
    pub(super) update_time: Option<Loose>,
    pub(super) user_id: Option<Loose>,
    #[serde(rename = "order_type")]
    pub(super) kind: Option<Loose>,
    pub(super) fulfillment_type: Option<Loose>,
    pub(super) shipping_type: Option<Loose>,
    pub(super) tracking_number: Option<Loose>,
    pub(super) split_or_combine_tag: Option<Loose>,
    pub(super) need_upload_invoice: Option<Loose>,
    pub(super) rts_sla_time: Option<Loose>,
    pub(super) shipping_due_time: Option<Loose>,
    pub(super) collection_time: Option<Loose>,
    pub(super) delivery_time: Option<Loose>,
    pub(super) cancellation_initiator: Option<Loose>,
    pub(super) cancel_reason: Option<Loose>,
    pub(super) is_buyer_request_cancel: Option<Loose>,
    #[serde(rename = "is_cod")]
    pub(super) cash_on_delivery: Option<Loose>,
    #[serde(rename = "is_exchange_order")]
    pub(super) is_exchange: Option<Loose>,
    #[serde(rename = "is_on_hold_order")]
    pub(super) was_on_hold: Option<Loose>,
    #[serde(rename = "is_replacement_order")]
    pub(super) is_replacement: Option<Loose>,
    #[serde(rename = "is_sample_order")]
    pub(super) is_sample: Option<Loose>,
    pub(super) packages: Option<Vec<Reference>>,
    pub(super) payment: Option<Payment>,
    #[serde(rename = "line_items")]
    pub(super) units: Option<Vec<OrderUnit>>,
}

/// What the buyer paid.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Payment {
    pub(super) currency: Option<Loose>,
    pub(super) sub_total: Option<Amount>,
}

/// One unit of an order: three of one kind are three of these.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OrderUnit {
    pub(super) id: Loose,
    pub(super) product_id: Loose,
    pub(super) sku_id: Loose,
    pub(super) product_name: Option<Loose>,
    pub(super) sku_name: Option<Loose>,
    pub(super) seller_sku: Option<Loose>,
    pub(super) currency: Option<Loose>,
    pub(super) sale_price: Option<Amount>,
    pub(super) display_status: Option<Loose>,
    pub(super) package_id: Option<Loose>,
    pub(super) package_status: Option<Loose>,
    pub(super) tracking_number: Option<Loose>,
    pub(super) cancel_user: Option<Loose>,
    pub(super) cancel_reason: Option<Loose>,
}

/// `POST /order/{version}/orders/search`.
#[derive(Debug, Deserialize)]
pub(super) struct OrderSearch {
    pub(super) orders: Option<Vec<Listed<FoundOrder, Order>>>,
    pub(super) next_page_token: Option<Loose>,
    pub(super) total_count: Option<Loose>,
}

/// An order in a search: only what the sweep needs, so that nothing else can spoil it.
#[derive(Debug, Deserialize)]
pub(super) struct FoundOrder {
    pub(super) id: Loose,
    pub(super) update_time: Option<Loose>,
}

/// `GET /fulfillment/{version}/packages/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    #[serde(rename = "package_id")]
    pub(super) id: Loose,
    #[serde(rename = "package_status")]
    pub(super) status: Option<Loose>,
    #[serde(rename = "package_sub_status")]
    pub(super) sub_status: Option<Loose>,
    pub(super) tracking_number: Option<Loose>,
    pub(super) update_time: Option<Loose>,
    pub(super) orders: Option<Vec<Reference>>,
}

/// `POST /product/{version}/products/search`.
#[derive(Debug, Deserialize)]
pub(super) struct ProductSearch {
    pub(super) products: Option<Vec<Product>>,
    pub(super) next_page_token: Option<Loose>,
    pub(super) total_count: Option<Loose>,
}

/// `GET /product/{version}/products/{id}`, and a row of the search.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Product {
    pub(super) id: Loose,
    pub(super) title: Option<Loose>,
    pub(super) status: Option<Loose>,
    #[serde(rename = "product_status")]
    pub(super) status_but_audit: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) audit: Option<Status>,
    pub(super) update_time: Option<Loose>,
    pub(super) skus: Option<Vec<Sku>>,
}

/// A status that is wrapped.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    pub(super) status: Option<Loose>,
}

/// One variation of a product; every product has at least one.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Sku {
    pub(super) id: Loose,
    #[serde(rename = "seller_sku")]
    pub(super) code: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) price: Option<SkuPrice>,
    pub(super) inventory: Option<Vec<Inventory>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) sales_attributes: Option<Vec<SalesAttribute>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) status_info: Option<Status>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) combined_skus: Option<Vec<serde::de::IgnoredAny>>,
}

/// What a variation costs before promotions.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SkuPrice {
    pub(super) currency: Option<Loose>,
    pub(super) sale_price: Option<Amount>,
    pub(super) tax_exclusive_price: Option<Amount>,
}

/// Units of a variation in one warehouse.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Inventory {
    pub(super) warehouse_id: Option<Loose>,
    pub(super) quantity: Option<Loose>,
}

/// What tells a variation from the others.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SalesAttribute {
    pub(super) value_name: Option<Loose>,
}

/// A hook. What it is about depends on its type; the fields of all types that matter.
#[derive(Debug, Deserialize)]
pub(super) struct Notification {
    #[serde(rename = "type")]
    pub(super) kind: Option<Loose>,
    pub(super) shop_id: Option<Loose>,
    pub(super) timestamp: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) data: Option<NotificationData>,
}

/// What a hook says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct NotificationData {
    pub(super) order_id: Option<Loose>,
    pub(super) order_ids: Option<Vec<Loose>>,
    pub(super) product_id: Option<Loose>,
    pub(super) package_id: Option<Loose>,
    pub(super) package_list: Option<Vec<NotifiedPackage>>,
    pub(super) cancel_id: Option<Loose>,
    pub(super) return_id: Option<Loose>,
}

/// A package in a hook.
#[derive(Debug, Deserialize)]
pub(super) struct NotifiedPackage {
    pub(super) package_id: Option<Loose>,
    pub(super) order_id_list: Option<Vec<Loose>>,
}
