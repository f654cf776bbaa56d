//! Shipments: the parcel and its way (fact sheet §12, §24).

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::World;

/// How a parcel travels (all of them mode `me2`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Logistic {
    /// The carrier collects at the seller's.
    CrossDocking,
    /// The seller brings it to a partner shop.
    XdDropOff,
    /// The seller brings it to an agency.
    DropOff,
    /// The seller delivers (Flex).
    SelfService,
    /// The platform's own centre (Full).
    Fulfillment,
}

/// One step of a parcel's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStage {
    /// pending
    Pending,
    /// pending/under_review: a fraud alert holds it.
    UnderReview,
    /// handling
    Handling,
    /// ready_to_ship/invoice_pending: the note is missing.
    InvoicePending,
    /// ready_to_ship/ready_to_print
    ReadyToPrint,
    /// ready_to_ship/printed
    Printed,
    /// ready_to_ship/picked_up
    PickedUp,
    /// ready_to_ship/dropped_off
    DroppedOff,
    /// ready_to_ship/in_hub
    InHub,
    /// shipped
    Shipped,
    /// shipped/out_for_delivery
    OutForDelivery,
    /// delivered
    Delivered,
    /// not_delivered/returning_to_sender
    NotDelivered,
    /// cancelled, with the sub-status.
    Cancelled(Option<String>),
    /// Any other pair, set through the control API.
    Other(String, Option<String>),
}

impl ShipmentStage {
    /// Status and sub-status in JSON.
    #[must_use]
    pub fn words(&self) -> (&str, Option<&str>) {
        match self {
            Self::Pending => ("pending", None),
            Self::UnderReview => ("pending", Some("under_review")),
            Self::Handling => ("handling", None),
            Self::InvoicePending => ("ready_to_ship", Some("invoice_pending")),
            Self::ReadyToPrint => ("ready_to_ship", Some("ready_to_print")),
            Self::Printed => ("ready_to_ship", Some("printed")),
            Self::PickedUp => ("ready_to_ship", Some("picked_up")),
            Self::DroppedOff => ("ready_to_ship", Some("dropped_off")),
            Self::InHub => ("ready_to_ship", Some("in_hub")),
            Self::Shipped => ("shipped", None),
            Self::OutForDelivery => ("shipped", Some("out_for_delivery")),
            Self::Delivered => ("delivered", None),
            Self::NotDelivered => ("not_delivered", Some("returning_to_sender")),
            Self::Cancelled(substatus) => ("cancelled", substatus.as_deref()),
            Self::Other(status, substatus) => (status, substatus.as_deref()),
        }
    }
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shipment {
    /// Eleven digits.
    pub id: i64,
    /// The orders inside.
    pub order_ids: Vec<i64>,
    /// The pack, when there is one.
    pub pack_id: Option<i64>,
    /// The seller.
    pub seller_id: i64,
    /// The buyer.
    pub buyer_id: i64,
    /// How it travels.
    pub logistic: Logistic,
    /// Where it stands.
    pub stage: ShipmentStage,
    /// Every stage so far, oldest first.
    pub history: Vec<(Timestamp, ShipmentStage)>,
    /// The tracking number.
    pub tracking_number: String,
    /// The 44 digits of the accepted note.
    pub fiscal_key: Option<String>,
    /// When the label was first fetched.
    pub first_printed: Option<Timestamp>,
    /// Until when the parcel must leave the seller.
    pub dispatch_by: Timestamp,
    /// Freight in centavos that the buyer pays.
    pub buyer_cost_minor: i64,
    /// Freight in centavos before subsidies.
    pub list_cost_minor: i64,
    /// The shipment this one was split from.
    pub split_from: Option<i64>,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}
