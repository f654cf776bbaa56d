//! Reading shipments in the new format (fact sheet §12).

use std::time::Duration;

use serde_json::{Value, json};

use super::account::{Address, User};
use super::gate::SALES;
use super::payment::PaymentStatus;
use super::service::returns;
use super::shipment::{Logistic, Shipment, ShipmentStage};
use super::{CURRENCY, SITE, World};
use crate::call::Call;
use crate::dates::{brazil_day, west};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get};
use crate::text::reais;

/// Days until delivery that the buyer is promised, and the very last day.
const DELIVERY_SPAN: Duration = Duration::from_hours(24 * 4);
const DELIVERY_LIMIT: Duration = Duration::from_hours(24 * 21);

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/shipments/{id}", SALES, show),
        get("/shipments/{id}/orders", SALES, orders),
        get("/shipments/{id}/items", SALES, items),
        get("/shipments/{id}/costs", SALES, costs),
        get("/shipments/{id}/payments", SALES, payments),
        get("/shipments/{id}/history", SALES, history),
        get("/shipments/{id}/carrier", SALES, carrier),
        get("/shipments/{id}/delays", SALES, delays),
        get("/shipments/{id}/lead_time", SALES, lead_time),
        get("/shipments/{id}/sla", SALES, sla),
        get("/shipment_statuses", SALES, |_, _| Ok(statuses())),
    ]
}

/// The shipment of the path, in the caller's hands and asked for in the new format.
pub(crate) fn own_shipment<'a>(world: &'a World, call: &Call) -> Result<&'a Shipment, Reply> {
    if !call.switched_on("x-format-new") && !world.rules.old_shipment_format_allowed {
        return Err(reply::bad_request("bad_request", "The header x-format-new: true is required"));
    }
    let id = call.number("id")?;
    let shipment = world
        .shipments
        .get(&id)
        .ok_or_else(|| reply::not_found("not_found_shipment_id", &format!("Shipment {id} not found")))?;
    let user = call.user_id()?;
    if shipment.seller_id == user || shipment.buyer_id == user {
        Ok(shipment)
    } else {
        Err(reply::not_yours())
    }
}

fn address_document(id: i64, address: &Address) -> Value {
    json!({
        "address_id": id, "address_line": format!("{} {}", address.street, address.number), "street_name": address.street,
        "street_number": address.number, "comment": null, "zip_code": address.zip, "city": {"id": null, "name": address.city},
        "state": {"id": format!("BR-{}", address.state), "name": address.state}, "country": {"id": "BR", "name": "Brasil"},
        "neighborhood": {"id": null, "name": address.neighborhood}, "municipality": {"id": null, "name": null}, "agency": null,
        "latitude": null, "longitude": null, "geolocation_type": "ROOFTOP", "delivery_preference": "residential", "types": [],
    })
}

fn masked() -> Value {
    json!({"address_id": null, "address_line": "XXXXXXX", "street_name": "XXXXXXX", "street_number": "XXXXXXX", "comment": "XXXXXXX",
        "zip_code": "XXXXXXX", "city": {"id": null, "name": null}, "state": {"id": null, "name": null}, "country": {"id": "BR", "name": "Brasil"},
        "neighborhood": {"id": null, "name": null}})
}

fn destination(world: &World, shipment: &Shipment, buyer: Option<&User>) -> Value {
    let paid = shipment
        .order_ids
        .iter()
        .filter_map(|id| world.orders.get(id))
        .flat_map(|order| &order.payment_ids)
        .all(|id| world.payments.get(id).is_some_and(|payment| payment.status != PaymentStatus::Pending));
    let (name, address) = match buyer {
        Some(buyer) if paid => (
            json!(format!("{} {}", buyer.first_name, buyer.last_name)),
            address_document(buyer.id, &buyer.address),
        ),
        Some(_) | None => (json!("XXXXXXX"), masked()),
    };
    json!({"receiver_id": shipment.buyer_id, "receiver_name": name, "receiver_phone": null, "comments": null,
        "type": "buying_address", "shipping_address": address, "snapshot": null})
}

fn lead_time_document(shipment: &Shipment) -> Value {
    let promised = brazil_day(shipment.created.plus(DELIVERY_SPAN));
    let free = shipment.buyer_cost_minor == 0;
    json!({
        "option_id": shipment.option_id, "shipping_method": {"id": 100_009, "name": "Normal", "type": "standard", "deliver_to": "address"},
        "currency_id": CURRENCY, "cost": reais(shipment.buyer_cost_minor), "list_cost": reais(shipment.list_cost_minor),
        "cost_type": if free { "free" } else { "charged" }, "service_id": 22, "delivery_type": "estimated", "delivery_promise": "estimated",
        "processing_time": null, "pickup_promise": {"from": null, "to": null}, "buffering": {"date": null},
        "estimated_delivery_time": {"type": "known", "date": promised, "pay_before": brazil_day(shipment.created), "unit": "hour",
            "shipping": 72, "handling": 24, "offset": {"date": null, "shipping": null}, "time_frame": {"from": null, "to": null}, "schedule": null},
        "estimated_delivery_limit": {"date": promised}, "estimated_delivery_final": {"date": brazil_day(shipment.created.plus(DELIVERY_LIMIT))},
        "estimated_delivery_extended": {"date": null}, "estimated_schedule_limit": {"date": null},
    })
}

/// A shipment in the new format.
pub(crate) fn shipment_document(world: &World, shipment: &Shipment) -> Value {
    let (status, substatus) = shipment.stage.words();
    let orders: Vec<_> = shipment.order_ids.iter().filter_map(|id| world.orders.get(id)).collect();
    let seller = world.users.get(&shipment.seller_id);
    let sibling = match shipment.split_from {
        Some(id) => {
            json!({"reason": "pack_splitted", "sibling_id": id, "description": null, "source": "seller",
            "date_created": west(shipment.created), "last_updated": west(shipment.updated)})
        }
        None => {
            json!({"reason": null, "sibling_id": null, "description": null, "source": null, "date_created": null, "last_updated": null})
        }
    };
    let mut document = json!({
        "id": shipment.id, "status": status, "substatus": substatus, "date_created": west(shipment.created),
        "last_updated": west(shipment.updated), "declared_value": reais(orders.iter().map(|order| order.total_minor()).sum()),
        "tracking_number": (!shipment.tracking_number.is_empty()).then_some(&shipment.tracking_number),
        "tracking_method": (shipment.logistic != Logistic::Default).then_some("MEL Distribution"), "items_types": ["new"], "tags": [],
        "quotation": null, "dimensions": {"height": 10, "width": 15, "length": 20, "weight": 500},
        "logistic": {"mode": shipment.logistic.mode(), "type": shipment.logistic.word(), "direction": "forward"},
        "origin": {"node": null, "type": "selling_address", "sender_id": shipment.seller_id,
            "shipping_address": seller.map(|seller| address_document(seller.id, &seller.address)), "snapshot": null},
        "source": {"site_id": SITE, "market_place": "MELI", "customer_id": null, "application_id": null},
        "sibling": sibling, "priority_class": {"id": null}, "snapshot_packing": null,
    });
    document["destination"] = destination(world, shipment, world.users.get(&shipment.buyer_id));
    document["lead_time"] = lead_time_document(shipment);
    document
}

fn show(world: &mut World, call: &Call) -> Answer {
    match own_shipment(world, call) {
        Ok(shipment) => Ok(Reply::ok(shipment_document(world, shipment))),
        Err(refusal) if refusal.status == http::StatusCode::NOT_FOUND => {
            returns::parcel(world, call).map(Reply::ok).ok_or(refusal)
        }
        Err(refusal) => Err(refusal),
    }
}

fn orders(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?;
    if !call.switched_on("x-new-domain") {
        return Err(reply::bad_request("bad_request", "The header X-New-Domain: true is required"));
    }
    let entry = |id: &i64| {
        let order = world.orders.get(id)?;
        Some(json!({
            "order_id": id.to_string(), "pack_id": order.pack_id.unwrap_or(*id).to_string(), "item_id": order.item_id,
            "variation_id": order.variation_id, "user_product_id": order.user_product_id, "seller_id": order.seller_id,
            "requested_quantity": order.quantity,
        }))
    };
    Ok(Reply::ok(shipment.order_ids.iter().filter_map(entry).collect()))
}

fn items(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?;
    let entry = |id: &i64| {
        let order = world.orders.get(id)?;
        Some(json!({
            "item_id": order.item_id, "description": order.title, "quantity": order.quantity, "variation_id": order.variation_id,
            "dimensions": {"height": 10, "width": 15, "length": 20, "weight": 500}, "order_id": id, "sender_id": order.seller_id,
            "user_product_id": order.user_product_id,
        }))
    };
    Ok(Reply::ok(shipment.order_ids.iter().filter_map(entry).collect()))
}

fn costs(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?;
    let (buyer, list) = (shipment.buyer_cost_minor, shipment.list_cost_minor);
    // Where the buyer pays nothing, the seller bears half of the list cost.
    let seller = if buyer == 0 { list / 2 } else { 0 };
    Ok(Reply::ok(json!({
        "gross_amount": reais(list),
        "receiver": {"user_id": shipment.buyer_id, "cost": reais(buyer), "compensation": 0, "save": reais(list - buyer), "discounts": []},
        "senders": [{"user_id": shipment.seller_id, "cost": reais(seller), "compensation": 0, "save": reais(list - seller), "discounts": [],
            "charges": {"charge_flex": 0}}],
    })))
}

fn payments(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?;
    let all =
        shipment.order_ids.iter().filter_map(|id| world.orders.get(id)).flat_map(|order| &order.payment_ids);
    let entry = |id: &i64| {
        let payment = world.payments.get(id)?;
        Some(json!({"payment_id": id, "user_id": payment.payer_id, "amount": 0, "status": "approved"}))
    };
    Ok(Reply::ok(all.filter_map(entry).collect()))
}

fn history(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?;
    let entry = |(at, stage): &(domain::Timestamp, ShipmentStage)| {
        let (status, substatus) = stage.words();
        json!({"status": status, "substatus": substatus, "date": west(*at)})
    };
    Ok(Reply::ok(shipment.history.iter().map(entry).collect()))
}

fn carrier(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?;
    Ok(Reply::ok(if shipment.logistic == Logistic::Default {
        json!({"name": null, "url": shipment.tracking_url})
    } else {
        json!({"name": "Mercado Envios", "url": "https://www.mercadolivre.com.br"})
    }))
}

fn delays(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?;
    if !shipment.is_late(world.now) {
        return Err(reply::not_found("not_found", &format!("Delays Not Found for shipment {}", shipment.id)));
    }
    Ok(Reply::ok(
        json!({"shipment_id": shipment.id, "delays": [{"type": "sla_delayed", "date": west(shipment.dispatch_by), "source": "sla"}]}),
    ))
}

fn lead_time(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(lead_time_document(own_shipment(world, call)?)))
}

fn sla(world: &mut World, call: &Call) -> Answer {
    let shipment = own_shipment(world, call)?;
    if shipment.logistic == Logistic::Fulfillment || matches!(shipment.stage, ShipmentStage::Cancelled(_)) {
        return Err(reply::not_found("not_found", &format!("SLA not found for shipment {}", shipment.id)));
    }
    Ok(Reply::ok(json!({
        "status": if shipment.is_late(world.now) { "delayed" } else { "on_time" }, "service": null,
        "expected_date": west(shipment.dispatch_by), "last_updated": west(shipment.updated),
    })))
}

/// The part of the catalogue of statuses that this world produces.
fn statuses() -> Reply {
    let catalogue = [
        ("to_be_agreed", &[][..]),
        ("pending", &["under_review", "waiting_for_payment", "buffered"]),
        ("handling", &["invoice_pending", "manufacturing"]),
        (
            "ready_to_ship",
            &["ready_to_print", "invoice_pending", "printed", "picked_up", "dropped_off", "in_hub", "stale"],
        ),
        ("shipped", &["out_for_delivery", "receiver_absent", "delayed"]),
        ("delivered", &["damaged", "fulfilled_feedback", "inferred"]),
        ("not_delivered", &["returning_to_sender", "receiver_absent", "returned", "lost", "stolen"]),
        ("not_verified", &[]),
        ("cancelled", &["fraudulent", "pack_splitted", "label_expired", "cancelled_manually"]),
    ];
    let word = |id: &&str| json!({"id": id, "name": id.replace('_', " ")});
    let entry = |(status, substatuses): (&str, &[&str])| json!({"id": status, "name": status.replace('_', " "), "substatuses": substatuses.iter().map(word).collect::<Vec<_>>()});
    Reply::ok(catalogue.into_iter().map(entry).collect())
}
