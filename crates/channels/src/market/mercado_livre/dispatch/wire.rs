//! The API's own words about shipments: nothing of their receivers.

use serde::Deserialize;

use super::super::wire::Loose;
use crate::market::loose::helpful;

/// `GET /shipments/{id}` with `x-format-new`: what dispatch needs besides.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct Parcel {
    pub(in super::super) tracking_method: Option<Loose>,
    #[serde(default, deserialize_with = "helpful")]
    pub(in super::super) dimensions: Option<Dimensions>,
    #[serde(default, deserialize_with = "helpful")]
    pub(in super::super) logistic: Option<Mode>,
}

/// Centimetres and grams.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct Dimensions {
    pub(in super::super) height: Option<Loose>,
    pub(in super::super) width: Option<Loose>,
    pub(in super::super) length: Option<Loose>,
    pub(in super::super) weight: Option<Loose>,
}

/// `me2` for the platform's carriers, `me1` for the seller's own.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct Mode {
    pub(in super::super) mode: Option<Loose>,
}

/// One row of `GET /shipments/{id}/orders`.
#[derive(Debug, Clone, Deserialize)]
pub(in super::super) struct Row {
    pub(in super::super) order_id: Option<Loose>,
    pub(in super::super) item_id: Option<Loose>,
    pub(in super::super) variation_id: Option<Loose>,
    pub(in super::super) requested_quantity: Option<Loose>,
}

/// One row of `GET /shipments/{id}/history`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Step {
    pub(in super::super) status: Option<Loose>,
    pub(in super::super) substatus: Option<Loose>,
    pub(in super::super) date: Option<Loose>,
}

/// `GET /shipments/{id}/invoice_data`.
#[derive(Debug, Deserialize)]
pub(in super::super) struct Invoice {
    pub(in super::super) id: Option<Loose>,
    pub(in super::super) fiscal_key: Option<Loose>,
}
