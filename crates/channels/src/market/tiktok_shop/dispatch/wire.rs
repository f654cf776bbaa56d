//! The API's own words about packages: nothing of their receivers.

use serde::Deserialize;

use super::super::wire::{Loose, Reference, Tags};
use crate::market::loose::helpful;

/// `GET /fulfillment/{version}/packages/{id}`, as far as dispatch needs it.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct Package {
    #[serde(rename = "package_id")]
    pub(in super::super) id: Loose,
    #[serde(rename = "package_status")]
    pub(in super::super) status: Option<Loose>,
    #[serde(rename = "package_sub_status")]
    pub(in super::super) sub_status: Option<Loose>,
    pub(in super::super) orders: Option<Vec<Reference>>,
    pub(in super::super) shipping_type: Option<Loose>,
    pub(in super::super) delivery_option_id: Option<Loose>,
    pub(in super::super) tracking_number: Option<Loose>,
    pub(in super::super) shipping_provider_name: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(in super::super) weight: Option<Weight>,
    #[serde(default, deserialize_with = "helpful")]
    pub(in super::super) dimension: Option<Dimension>,
}

/// How heavy it is.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct Weight {
    pub(in super::super) value: Option<Loose>,
    pub(in super::super) unit: Option<Loose>,
}

/// How large it is.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct Dimension {
    pub(in super::super) length: Option<Loose>,
    pub(in super::super) width: Option<Loose>,
    pub(in super::super) height: Option<Loose>,
    pub(in super::super) unit: Option<Loose>,
}

/// `GET /fulfillment/{version}/packages/{id}/handover_time_slots`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct HandoverSlots {
    pub(in super::super) can_pickup: Option<Loose>,
    pub(in super::super) can_drop_off: Option<Loose>,
    #[serde(rename = "pickup_slots")]
    pub(in super::super) slots: Option<Vec<PickupSlot>>,
}

/// A time, in seconds since 1970.
#[derive(Debug, Deserialize)]
pub(in super::super) struct PickupSlot {
    pub(in super::super) start_time: Option<Loose>,
    pub(in super::super) end_time: Option<Loose>,
    /// Spelled so by the platform.
    #[serde(alias = "available")]
    pub(in super::super) avaliable: Option<Loose>,
}

/// `GET /logistics/{version}/delivery_options/{id}/shipping_providers`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Providers {
    #[serde(rename = "shipping_providers")]
    pub(in super::super) providers: Option<Vec<Provider>>,
}

/// A carrier.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Provider {
    pub(in super::super) id: Option<Loose>,
    pub(in super::super) name: Option<Loose>,
}

/// `GET /fulfillment/{version}/packages/{id}/shipping_documents`.
#[derive(Deserialize)]
pub(in super::super) struct Document {
    pub(in super::super) doc_url: Option<Loose>,
}

/// `GET /fulfillment/{version}/orders/{id}/tracking`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Tracking {
    pub(in super::super) tracking: Option<Vec<Event>>,
}

/// Something that happened.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Event {
    pub(in super::super) description: Option<Loose>,
    pub(in super::super) update_time_millis: Option<Loose>,
    pub(in super::super) action_code: Option<Loose>,
}

/// `GET /fulfillment/{version}/orders/split_attributes`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct SplitAttributes {
    #[serde(rename = "split_attributes")]
    pub(in super::super) rows: Option<Vec<SplitAttribute>>,
}

/// Whether an order can be split, and why it cannot or must be.
#[derive(Debug, Deserialize)]
pub(in super::super) struct SplitAttribute {
    pub(in super::super) order_id: Option<Loose>,
    pub(in super::super) can_split: Option<Loose>,
    pub(in super::super) reason: Option<Loose>,
    pub(in super::super) must_split: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(in super::super) must_split_reasons: Option<Tags>,
}

/// `GET /fulfillment/{version}/combinable_packages/search`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct CombinablePackages {
    #[serde(rename = "combinable_packages")]
    pub(in super::super) rows: Option<Vec<CombinablePackage>>,
    pub(in super::super) next_page_token: Option<Loose>,
    pub(in super::super) total_count: Option<Loose>,
}

/// Orders that can travel together.
#[derive(Debug, Deserialize)]
pub(in super::super) struct CombinablePackage {
    pub(in super::super) id: Option<Loose>,
    pub(in super::super) order_ids: Option<Vec<Loose>>,
}
