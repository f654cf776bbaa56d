//! ME1: the seller has a carrier of their own and reports where the parcel is (fact sheet §12).

use serde_json::json;

use super::World;
use super::gate::SALES;
use super::shipment::{self, Logistic, ShipmentStage};
use super::shipment_read::own_shipment;
use crate::call::Call;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, post};
use crate::text::loose_text;

/// The service of ME1 in Brazil.
const SERVICE: i64 = 11;
/// Where a parcel may be said to be.
const STATUSES: [&str; 3] = ["shipped", "not_delivered", "delivered"];
/// What more may be said; the text `null` says nothing.
const SUBSTATUSES: [&str; 6] = [
    "out_for_delivery",
    "receiver_absent",
    "bad_address",
    "dangerous_area",
    "unauthorized_receiver",
    "returning_to_sender",
];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![post("/shipments/{id}/seller_notifications", SALES, report)]
}

fn report(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?;
    let id = shipment.id;
    if shipment.seller_id != call.user_id()? {
        return Err(reply::not_yours());
    }
    let refuse = |code: &str, message: &str| reply::bad_request(code, message);
    if shipment.logistic != Logistic::Default {
        return Err(refuse("invalid_shipment_mode", "Only shipments of mode me1 are reported by the seller"));
    }
    let over = matches!(shipment.stage.words().0, "delivered" | "not_delivered" | "cancelled");
    if over {
        return Err(refuse("invalid_shipment_status", "The status of the shipment can no longer be changed"));
    }
    let body = call.json()?;
    if body["payload"]["service_id"] != SERVICE {
        return Err(refuse("invalid_service_id", "service_id must be 11"));
    }
    let status = body["status"].as_str().filter(|status| STATUSES.contains(status));
    let status = status
        .ok_or_else(|| refuse("invalid_status", "status must be shipped, not_delivered or delivered"))?;
    let substatus = body["substatus"].as_str().filter(|substatus| *substatus != "null");
    if substatus.is_some_and(|substatus| !SUBSTATUSES.contains(&substatus)) {
        return Err(refuse("invalid_substatus", "substatus is not valid"));
    }
    let (number, url) =
        (loose_text(&body["tracking_number"]), body["tracking_url"].as_str().map(str::to_owned));
    let stage = ShipmentStage::from_words(status, substatus);
    if let Some(shipment) = world.shipments.get_mut(&id) {
        shipment.tracking_number = number.unwrap_or_else(|| shipment.tracking_number.clone());
        shipment.tracking_url = url.or_else(|| shipment.tracking_url.clone());
    }
    shipment::enter(world, id, &stage);
    Ok(Reply::ok(json!({"id": id, "status": status, "substatus": substatus})))
}
