//! The API's own words about packages: nothing of their receivers.
#![expect(clippy::struct_field_names, reason = "fields are called what the platform calls them")]

use serde::Deserialize;
use serde_json::Value;

use super::super::wire::Loose;
use crate::market::loose::helpful;

/// `GET /order/get_package_detail`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct PackageDetails {
    #[serde(rename = "package_list")]
    pub(in super::super) packages: Option<Vec<Package>>,
}

/// A package as it stands.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct Package {
    pub(in super::super) order_sn: Option<Loose>,
    pub(in super::super) package_number: Option<Loose>,
    pub(in super::super) fulfillment_status: Option<Loose>,
    pub(in super::super) shipping_carrier: Option<Loose>,
    pub(in super::super) tracking_number: Option<Loose>,
    pub(in super::super) ship_by_date: Option<Loose>,
    pub(in super::super) is_shipment_arranged: Option<Loose>,
    pub(in super::super) is_split_up: Option<Loose>,
    pub(in super::super) can_split_order: Option<Loose>,
    #[serde(rename = "item_list")]
    pub(in super::super) lines: Option<Vec<PackageItem>>,
}

/// Goods in it.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct PackageItem {
    pub(in super::super) item_id: Option<Loose>,
    pub(in super::super) model_id: Option<Loose>,
    pub(in super::super) model_quantity: Option<Loose>,
    pub(in super::super) order_item_id: Option<Loose>,
    pub(in super::super) promotion_group_id: Option<Loose>,
}

/// `GET /order/get_order_detail`, as far as dispatch needs it.
#[derive(Debug, Deserialize)]
pub(in super::super) struct OrderDetails {
    #[serde(rename = "order_list")]
    pub(in super::super) orders: Option<Vec<Order>>,
}

/// An order. Its invoice is null where none is due, and empty while it is missing.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct Order {
    pub(in super::super) order_sn: Loose,
    pub(in super::super) order_status: Option<Loose>,
    pub(in super::super) fulfillment_flag: Option<Loose>,
    pub(in super::super) advance_package: Option<Loose>,
    pub(in super::super) invoice_data: Option<Value>,
    #[serde(rename = "package_list")]
    pub(in super::super) packages: Option<Vec<OrderPackage>>,
}

/// A package that an order names.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct OrderPackage {
    pub(in super::super) package_number: Option<Loose>,
}

/// `GET /logistics/get_shipping_parameter`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Parameters {
    pub(in super::super) info_needed: Option<serde_json::Map<String, Value>>,
    #[serde(default, deserialize_with = "helpful")]
    pub(in super::super) pickup: Option<Pickup>,
    #[serde(default, deserialize_with = "helpful")]
    pub(in super::super) dropoff: Option<Dropoff>,
}

/// Where the carrier comes to.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Pickup {
    #[serde(rename = "address_list")]
    pub(in super::super) places: Option<Vec<Place>>,
}

/// An address of the seller's.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Place {
    pub(in super::super) address_id: Option<Loose>,
    pub(in super::super) address: Option<Loose>,
    pub(in super::super) city: Option<Loose>,
    #[serde(rename = "time_slot_list")]
    pub(in super::super) slots: Option<Vec<TimeSlot>>,
}

/// A time of it.
#[derive(Debug, Deserialize)]
pub(in super::super) struct TimeSlot {
    pub(in super::super) date: Option<Loose>,
    pub(in super::super) time_text: Option<Loose>,
    pub(in super::super) pickup_time_id: Option<Loose>,
}

/// Where the seller can take it.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Dropoff {
    #[serde(rename = "branch_list")]
    pub(in super::super) branches: Option<Vec<Branch>>,
}

/// A branch.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Branch {
    pub(in super::super) branch_id: Option<Loose>,
    pub(in super::super) address: Option<Loose>,
    pub(in super::super) city: Option<Loose>,
}

/// `POST /logistics/create_shipping_document` and `…/get_shipping_document_result`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Results {
    #[serde(rename = "result_list")]
    pub(in super::super) rows: Option<Vec<ResultRow>>,
}

/// What became of one package.
#[derive(Debug, Deserialize)]
pub(in super::super) struct ResultRow {
    pub(in super::super) status: Option<Loose>,
    pub(in super::super) fail_error: Option<Loose>,
    pub(in super::super) fail_message: Option<Loose>,
}

/// `GET /logistics/get_tracking_info`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct TrackingInfo {
    pub(in super::super) tracking_info: Option<Vec<Event>>,
}

/// Something that happened.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Event {
    pub(in super::super) update_time: Option<Loose>,
    pub(in super::super) description: Option<Loose>,
    pub(in super::super) logistics_status: Option<Loose>,
}
