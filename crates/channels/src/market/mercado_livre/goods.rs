//! Where a shipment's goods are, read from its status and substatus.

use super::wire::{Shipment, filled};

/// Where the goods are, as far as stock and the seller's work are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goods {
    WithSeller,
    Away,
    WithBuyer,
    /// The shipment is off, the order (so far) is not.
    Stopped,
    Suspect,
    Unknown,
}

/// Substatuses under which the seller still has something to do. While a shipment is
/// with the seller its substatus decides, so one that is not listed here waits for a
/// person; once it is away, or over, the status says all. From `GET /shipment_statuses`.
pub(super) const PENDING: [&str; 9] = [
    "cost_exceeded",
    "under_review",
    "reviewed",
    "waiting_for_payment",
    "shipment_paid",
    "creating_route",
    "manufacturing",
    "buffered",
    "creating_shipping_order",
];
pub(super) const HANDLING: [&str; 7] = [
    "regenerating",
    "waiting_for_label_generation",
    "invoice_pending",
    "waiting_for_return_confirmation",
    "return_confirmed",
    "manufacturing",
    "agency_unavailable",
];
pub(super) const READY: [&str; 24] = [
    "ready_to_print",
    "invoice_pending",
    "printed",
    "in_pickup_list",
    "ready_for_pkl_creation",
    "ready_for_pickup",
    "ready_for_dropoff",
    "stale",
    "delayed",
    "claimed_me",
    "waiting_for_last_mile_authorization",
    "in_warehouse",
    "ready_to_pack",
    "measures_ready",
    "waiting_for_carrier_authorization",
    "authorized_by_carrier",
    "in_packing_list",
    "in_plp",
    "on_hold",
    "packed",
    "on_route_to_pickup",
    "picking_up",
    "shipping_order_initialized",
    "looking_for_driver",
];
/// Substatuses of `ready_to_ship` after the carrier has taken the package over.
pub(super) const READY_YET_AWAY: [&str; 5] =
    ["picked_up", "dropped_off", "in_hub", "in_transit", "rejected_in_hub"];

/// Where the goods of `shipment` are.
pub(super) fn goods(shipment: &Shipment) -> Goods {
    let status = filled(shipment.status.as_ref()).unwrap_or_default();
    let substatus = filled(shipment.substatus.as_ref()).unwrap_or_default();
    let with_seller = |known: &[&str]| {
        if substatus.is_empty() || known.contains(&substatus) { Goods::WithSeller } else { Goods::Unknown }
    };
    match status {
        _ if substatus == "fraudulent" => Goods::Suspect,
        "pending" => with_seller(&PENDING),
        "handling" => with_seller(&HANDLING),
        "ready_to_ship" if READY_YET_AWAY.contains(&substatus) => Goods::Away,
        "ready_to_ship" | "stale_ready_to_ship" => with_seller(&READY),
        "to_be_agreed" | "not_specified" => with_seller(&[]),
        "shipped" | "stale_shipped" | "not_delivered" => Goods::Away,
        "delivered" => Goods::WithBuyer,
        "cancelled" => Goods::Stopped,
        _ => Goods::Unknown,
    }
}
