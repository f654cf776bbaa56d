//! The API's own words: only what the hub needs of them, and of buyers their number alone.
#![expect(clippy::struct_field_names, reason = "fields are called what the platform calls them")]

use domain::Timestamp;
use serde::Deserialize;

use crate::market::loose::helpful;
pub(super) use crate::market::loose::{Amount, Gap, Listed, Loose, filled, owned};

/// Whether a field says yes; one that is absent does not.
pub(super) fn is_true(field: Option<&Loose>) -> bool {
    field.is_some_and(Loose::is_true)
}

/// The time of a field: seconds, in a few pushes milliseconds.
pub(super) fn instant(field: Option<&Loose>) -> Option<Timestamp> {
    field.and_then(Loose::unix_seconds_or_millis)
}

/// What most answers come in. Success is told by the error's code, which `error.rs` reads.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) response: Option<T>,
}

/// An error, in any of the shapes that the API has for it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Fault {
    pub(super) error: Option<Loose>,
    pub(super) message: Option<Loose>,
    pub(super) msg: Option<Loose>,
}

/// `POST /auth/token/get` and `POST /auth/access_token/get`; flat.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    /// Seconds; one sample prints the end itself.
    pub(super) expire_in: Option<Loose>,
    pub(super) shop_id: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) shop_id_list: Option<Vec<Loose>>,
}

/// `GET /shop/get_shop_info`; flat.
#[derive(Debug, Deserialize)]
pub(super) struct ShopInfo {
    pub(super) shop_name: Option<Loose>,
    pub(super) region: Option<Loose>,
    pub(super) status: Option<Loose>,
    /// When the consent ends.
    pub(super) expire_time: Option<Loose>,
    pub(super) is_cb: Option<Loose>,
    pub(super) is_sip: Option<Loose>,
    pub(super) shop_fulfillment_flag: Option<Loose>,
}

/// `GET /order/get_order_list`.
#[derive(Debug, Deserialize)]
pub(super) struct OrderList {
    #[serde(rename = "order_list")]
    pub(super) orders: Option<Vec<FoundOrder>>,
    pub(super) more: Option<Loose>,
    pub(super) next_cursor: Option<Loose>,
}

/// An order in a list, or what the sweep needs of its detail.
#[derive(Debug, Deserialize)]
pub(super) struct FoundOrder {
    pub(super) order_sn: Loose,
    pub(super) update_time: Option<Loose>,
}

/// The same orders by themselves, from `GET /order/get_order_detail`.
#[derive(Debug, Deserialize)]
pub(super) struct ListedOrders {
    #[serde(rename = "order_list")]
    pub(super) orders: Option<Vec<Listed<FoundOrder, Order>>>,
}

/// `GET /order/get_order_detail`.
#[derive(Debug, Deserialize)]
pub(super) struct OrderDetails {
    #[serde(rename = "order_list")]
    pub(super) orders: Option<Vec<Order>>,
}

/// An order.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Order {
    pub(super) order_sn: Loose,
    pub(super) currency: Option<Loose>,
    pub(super) order_status: Option<Loose>,
    pub(super) create_time: Option<Loose>,
    pub(super) update_time: Option<Loose>,
    pub(super) ship_by_date: Option<Loose>,
    pub(super) buyer_user_id: Option<Loose>,
    pub(super) cancel_by: Option<Loose>,
    pub(super) fulfillment_flag: Option<Loose>,
    pub(super) cod: Option<Loose>,
    pub(super) split_up: Option<Loose>,
    pub(super) advance_package: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) pending_terms: Option<Vec<Loose>>,
    #[serde(rename = "item_list")]
    pub(super) lines: Option<Vec<OrderItem>>,
    #[serde(rename = "package_list")]
    pub(super) packages: Option<Vec<OrderPackage>>,
}

/// One line of an order.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OrderItem {
    pub(super) item_id: Option<Loose>,
    pub(super) item_name: Option<Loose>,
    pub(super) item_sku: Option<Loose>,
    pub(super) model_id: Option<Loose>,
    pub(super) model_name: Option<Loose>,
    pub(super) model_sku: Option<Loose>,
    pub(super) model_quantity_purchased: Option<Loose>,
    pub(super) cancelled_qty: Option<Loose>,
    /// Of one unit.
    pub(super) model_original_price: Option<Amount>,
    /// Of one unit; 0 in a bundle.
    pub(super) model_discounted_price: Option<Amount>,
    pub(super) line_item_id: Option<Loose>,
}

/// A package as its order shows it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OrderPackage {
    pub(super) package_number: Option<Loose>,
    pub(super) logistics_status: Option<Loose>,
    pub(super) shipping_carrier: Option<Loose>,
}

/// `GET /order/get_package_detail`.
#[derive(Debug, Deserialize)]
pub(super) struct PackageDetails {
    #[serde(rename = "package_list")]
    pub(super) packages: Option<Vec<Package>>,
}

/// A package as it stands.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Package {
    pub(super) order_sn: Option<Loose>,
    pub(super) package_number: Option<Loose>,
    pub(super) fulfillment_status: Option<Loose>,
    pub(super) update_time: Option<Loose>,
    pub(super) shipping_carrier: Option<Loose>,
    pub(super) tracking_number: Option<Loose>,
    pub(super) ship_by_date: Option<Loose>,
}

/// `GET /payment/get_escrow_detail`.
#[derive(Debug, Deserialize)]
pub(super) struct Escrow {
    pub(super) order_sn: Option<Loose>,
    pub(super) order_income: Option<OrderIncome>,
}

/// What an order brings in.
#[derive(Debug, Deserialize)]
pub(super) struct OrderIncome {
    pub(super) items: Option<Vec<EscrowItem>>,
}

/// One line of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct EscrowItem {
    pub(super) item_id: Option<Loose>,
    pub(super) model_id: Option<Loose>,
    pub(super) line_item_id: Option<Loose>,
    /// Of all units of the line.
    pub(super) discounted_price: Option<Amount>,
}

/// `GET /product/get_item_list`.
#[derive(Debug, Deserialize)]
pub(super) struct ItemList {
    #[serde(rename = "item")]
    pub(super) items: Option<Vec<FoundItem>>,
    pub(super) total_count: Option<Loose>,
    pub(super) has_next_page: Option<Loose>,
    pub(super) next_offset: Option<Loose>,
}

/// An item in the list.
#[derive(Debug, Deserialize)]
pub(super) struct FoundItem {
    pub(super) item_id: Option<Loose>,
}

/// `GET /product/get_item_base_info`.
#[derive(Debug, Deserialize)]
pub(super) struct ItemDetails {
    #[serde(rename = "item_list")]
    pub(super) items: Option<Vec<Item>>,
}

/// An item. Without models it has price and stock of its own.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Item {
    pub(super) item_id: Loose,
    pub(super) item_name: Option<Loose>,
    pub(super) item_sku: Option<Loose>,
    pub(super) item_status: Option<Loose>,
    pub(super) update_time: Option<Loose>,
    pub(super) has_model: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) price_info: Option<Vec<PriceInfo>>,
    pub(super) stock_info_v2: Option<StockInfo>,
}

/// `GET /product/get_model_list`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ModelList {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) tier_variation: Option<Vec<Tier>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) standardise_tier_variation: Option<Vec<StandardTier>>,
    #[serde(rename = "model")]
    pub(super) models: Option<Vec<Model>>,
}

/// A tier of variations, in the form that left the documents on 2025-09-12.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Tier {
    pub(super) option_list: Vec<TierOption>,
}

/// An option of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct TierOption {
    pub(super) option: Loose,
}

/// A tier in the form that took its place.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StandardTier {
    pub(super) variation_option_list: Vec<StandardOption>,
}

/// An option of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StandardOption {
    pub(super) variation_option_name: Loose,
}

/// A variation of an item.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Model {
    pub(super) model_id: Option<Loose>,
    pub(super) model_name: Option<Loose>,
    pub(super) model_sku: Option<Loose>,
    pub(super) model_status: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) tier_index: Option<Vec<Loose>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) price_info: Option<Vec<PriceInfo>>,
    pub(super) stock_info_v2: Option<StockInfo>,
}

/// A price.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PriceInfo {
    pub(super) currency: Option<Loose>,
    /// Without promotions.
    pub(super) original_price: Option<Amount>,
    pub(super) current_price: Option<Amount>,
}

/// Units.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StockInfo {
    #[serde(default, deserialize_with = "helpful")]
    pub(super) summary_info: Option<StockSummary>,
    pub(super) seller_stock: Option<Vec<StockPlace>>,
    pub(super) shopee_stock: Option<Vec<StockPlace>>,
}

/// Units in sum.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StockSummary {
    /// Set aside for promotions.
    pub(super) total_reserved_stock: Option<Loose>,
    pub(super) total_available_stock: Option<Loose>,
}

/// Units in one place.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StockPlace {
    pub(super) location_id: Option<Loose>,
    pub(super) stock: Option<Loose>,
    pub(super) if_saleable: Option<Loose>,
}

/// `POST /product/update_stock` and `POST /product/update_price`.
#[derive(Debug, Deserialize)]
pub(super) struct Updated {
    pub(super) failure_list: Option<Vec<FailedRow>>,
}

/// A row that was not taken, in an answer that calls itself a success.
#[derive(Debug, Deserialize)]
pub(super) struct FailedRow {
    pub(super) failed_reason: Option<Loose>,
}

/// A push.
#[derive(Debug, Deserialize)]
pub(super) struct Push {
    pub(super) code: Option<Loose>,
    pub(super) partner_id: Option<Loose>,
    pub(super) shop_id: Option<Loose>,
    pub(super) timestamp: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) data: Option<PushData>,
}

/// What it is about, under the names of all its kinds.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PushData {
    pub(super) ordersn: Option<Loose>,
    pub(super) order_sn: Option<Loose>,
    pub(super) package_number: Option<Loose>,
    pub(super) return_sn: Option<Loose>,
    pub(super) status: Option<Loose>,
    pub(super) item_id: Option<Loose>,
    pub(super) shop_id: Option<Loose>,
    pub(super) shopid: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) shop_id_list: Option<Vec<Loose>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(super) shop_expire_soon: Option<Vec<Loose>>,
}

/// `GET /push/get_lost_push_message`.
#[derive(Debug, Deserialize)]
pub(super) struct LostPushes {
    #[serde(rename = "push_message_list")]
    pub(super) pushes: Option<Vec<LostPush>>,
    pub(super) last_message_id: Option<Loose>,
}

/// A push that was given up: in `data`, as a text, the whole of it once more.
#[derive(Debug, Deserialize)]
pub(super) struct LostPush {
    pub(super) code: Option<Loose>,
    pub(super) shop_id: Option<Loose>,
    pub(super) timestamp: Option<Loose>,
    pub(super) data: Option<Loose>,
}
