//! Labels and splitting (fact sheet §12).

use http::StatusCode;
use serde_json::{Value, json};

use super::gate::SALES;
use super::label;
use super::notice::notify;
use super::order::{Order, Pack};
use super::shipment::{self, Logistic, Shipment, ShipmentStage};
use super::shipment_read::own_shipment;
use super::{Event, World, sales};
use crate::call::Call;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get, post};
use crate::text::loose_id;

/// Shipments on one label call at most.
const LABELS_MAX: usize = 50;
/// Packs that a shipment is split into.
const SPLIT_PACKS: usize = 2;
/// Reasons a seller may give for a split.
const SPLIT_REASONS: [&str; 5] =
    ["FRAGILE", "ANOTHER_WAREHOUSE", "IRREGULAR_SHAPE", "OTHER_MOTIVE", "DIMENSIONS_EXCEEDED"];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/shipment_labels", SALES, labels),
        post("/shipments/{id}/split", SALES, split),
        post("/shipments/{id}/process/ready_to_ship", SALES, ready_to_ship),
    ]
}

fn labels(world: &mut World, call: &Call) -> Answer {
    let ids = call.query_list("shipment_ids");
    let ids: Option<Vec<i64>> = ids.iter().map(|id| id.parse().ok()).collect();
    let ids = ids
        .filter(|ids| !ids.is_empty())
        .ok_or_else(|| reply::not_found("not_found", "Missing a valid shipment id value"))?;
    if ids.len() > LABELS_MAX {
        return Err(reply::bad_request("shipment_ids", "shipment_ids must not hold more than 50 values"));
    }
    let user = call.user_id()?;
    let mut printed: Vec<&Shipment> = Vec::new();
    for id in &ids {
        let shipment = world
            .shipments
            .get(id)
            .ok_or_else(|| reply::not_found("not_found", "Missing a valid shipment id value"))?;
        printable(shipment, user)?;
        printed.push(shipment);
    }
    let zpl = call.query("response_type") == Some("zpl2");
    let reply = if zpl {
        Reply::bytes("application/octet-stream", label::zpl_archive(world, &printed))
            .header("content-disposition", "attachment; filename=\"Etiquetas.zip\"")
    } else {
        Reply::bytes("application/pdf", label::pdf(world, &printed))
            .header("content-disposition", "attachment; filename=\"Etiquetas.pdf\"")
    };
    let first: Vec<i64> = printed
        .iter()
        .filter(|shipment| shipment.stage == ShipmentStage::ReadyToPrint)
        .map(|shipment| shipment.id)
        .collect();
    for id in first {
        shipment::enter(world, id, &ShipmentStage::Printed);
    }
    Ok(reply)
}

fn printable(shipment: &Shipment, user: i64) -> Result<(), Reply> {
    let refuse = |code: &str, message: String| Err(reply::bad_request(code, &message));
    let id = shipment.id;
    if shipment.seller_id != user {
        return refuse("invalid_shipment_caller", format!("The caller is not the sender of shipment {id}"));
    }
    if shipment.logistic == Logistic::Fulfillment {
        return refuse(
            "invalid_shipment_ff_public",
            format!("The shipment {id} is fulfilled by the platform"),
        );
    }
    if shipment.logistic == Logistic::Default {
        return refuse("invalid_shipment_mode", format!("The shipment {id} is not of mode me2"));
    }
    if matches!(shipment.stage, ShipmentStage::ReadyToPrint | ShipmentStage::Printed) {
        Ok(())
    } else {
        refuse("not_printable_status", format!("The shipment {id} is not in a printable status"))
    }
}

fn ready_to_ship(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?;
    let id = shipment.id;
    // What is still to be made waits as `pending` or `handling`.
    let is_made_to_order = matches!(shipment.stage.words(), ("pending" | "handling", Some("manufacturing")));
    if shipment.stage != ShipmentStage::Handling && !is_made_to_order {
        return Err(reply::bad_request(
            "invalid_shipment_status",
            "The shipment is not waiting to be manufactured",
        ));
    }
    if let Some(next) = shipment::next_stage(shipment.logistic, &ShipmentStage::Handling) {
        shipment::enter(world, id, &next);
    }
    Ok(Reply::ok(json!({"id": id})))
}

/// Units of an order that go into one of the new packs.
struct Share {
    order_id: i64,
    quantity: i64,
}

fn read_packs(body: &Value) -> Option<Vec<Vec<Share>>> {
    let share = |entry: &Value| {
        Some(Share { order_id: loose_id(&entry["id"])?, quantity: entry["quantity"].as_i64()? })
    };
    let pack = |entry: &Value| entry["orders"].as_array()?.iter().map(share).collect::<Option<Vec<_>>>();
    body["packs"].as_array()?.iter().map(pack).collect()
}

fn names_all_or_none(body: &Value) -> bool {
    let packs = body["packs"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = packs.iter().filter(|pack| !pack["package_id"].is_null()).count();
    named == 0 || named == packs.len()
}

fn split(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?.clone();
    let body = call.json()?;
    let refuse = |message: &str| reply::bad_request("invalid_split", message);
    if !body["reason"].as_str().is_some_and(|reason| SPLIT_REASONS.contains(&reason)) {
        return Err(refuse("reason is not valid"));
    }
    if matches!(shipment.logistic, Logistic::SelfService | Logistic::Fulfillment) {
        return Err(refuse("shipments of this logistic type cannot be split"));
    }
    if shipment.has_left_seller() || matches!(shipment.stage, ShipmentStage::Cancelled(_)) {
        return Err(reply::error(
            StatusCode::CONFLICT,
            "invalid_shipment_status",
            "The shipment can no longer be split",
        ));
    }
    let packs = read_packs(&body)
        .filter(|packs| packs.len() == SPLIT_PACKS)
        .ok_or_else(|| refuse("exactly two packs are required"))?;
    if !names_all_or_none(&body) {
        return Err(refuse("package_id must be in all packs or in none"));
    }
    let shares: Vec<&Share> = packs.iter().flatten().collect();
    let covered = shipment.order_ids.iter().all(|id| {
        let units: i64 =
            shares.iter().filter(|share| share.order_id == *id).map(|share| share.quantity).sum();
        world.orders.get(id).is_some_and(|order| order.quantity == units)
    });
    let known = shares.iter().all(|share| share.quantity > 0 && shipment.order_ids.contains(&share.order_id));
    if !covered || !known || packs.iter().any(Vec::is_empty) {
        return Err(refuse("all orders and units must be in the packs"));
    }
    carry_out_split(world, &shipment, &packs);
    Ok(Reply::ok(json!({})))
}

/// The old pack, orders and shipment end; new ones take over payment and units, and become
/// known only by notification.
fn carry_out_split(world: &mut World, shipment: &Shipment, packs: &[Vec<Share>]) {
    let olds: Vec<Order> = shipment.order_ids.iter().filter_map(|id| world.orders.get(id)).cloned().collect();
    for shares in packs {
        let orders =
            sales::move_shares(world, &olds, shares.iter().map(|share| (share.order_id, share.quantity)));
        world.agenda.plan(world.now, Event::ShipmentBegins(orders.clone()));
        if let Some(pack) = orders.first().and_then(|id| world.orders.get(id)).and_then(|order| order.pack_id)
        {
            world.splits.insert(pack, shipment.id);
        }
        sales::notify_orders(world, &orders);
    }
    sales::end_split_orders(world, &olds);
    if let Some(pack) = shipment.pack_id.and_then(|id| world.packs.get_mut(&id)) {
        mark_split(pack);
    }
    shipment::enter(world, shipment.id, &ShipmentStage::Cancelled(Some("pack_splitted".to_owned())));
    notify(world, shipment.seller_id, "shipments", &format!("/shipments/{}", shipment.id), &[]);
}

fn mark_split(pack: &mut Pack) {
    "cancelled".clone_into(&mut pack.status);
    pack.status_detail = Some("splitted".to_owned());
}
