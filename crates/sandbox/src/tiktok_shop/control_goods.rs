//! The control API: products, orders, parcels, notes, returns.

use serde_json::{Value, json};

use super::ask::centavos;
use super::control::{document, read, unknown};
use super::gate::Door;
use super::invoice::{self, Verdict};
use super::product::State;
use super::returns::{self, ReturnKind};
use super::shop::Address;
use super::{World, cancellation, order_read, package, package_read, product_state, sale, stock};
use crate::call::Call;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, post, put};
use crate::text::loose_id;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const OPEN: Door = Door::Open;
    vec![
        post("/_sandbox/products/{id}/{action}", OPEN, act_on_product),
        put("/_sandbox/stock", OPEN, set_stock),
        post("/_sandbox/orders/{id}/{action}", OPEN, act_on_order),
        post("/_sandbox/packages/{id}/{action}", OPEN, act_on_package),
        post("/_sandbox/returns", OPEN, ask_back),
        post("/_sandbox/returns/{id}/{action}", OPEN, act_on_return),
    ]
}

fn id_of(call: &Call) -> i64 {
    call.param("id").parse().unwrap_or(0)
}

fn no_action(call: &Call, known: &str) -> Reply {
    reply::not_found("not_found", &format!("unknown action {}: use {known}", call.param("action")))
}

fn refused(why: &str) -> Reply {
    reply::conflict("conflict", why)
}

fn act_on_product(world: &mut World, call: &Call) -> Answer {
    let id = id_of(call);
    let body: Value = read(call)?;
    let reason = body["reason"].as_str().unwrap_or("Decisão da plataforma").to_owned();
    if !world.products.contains_key(&id) {
        return Err(unknown("product", call.param("id")));
    }
    match call.param("action") {
        "pass" => product_state::pass(world, id),
        "fail" => product_state::fail(world, id, &reason),
        "suspend" => product_state::suspend(world, id, State::PlatformDeactivated, &reason),
        "freeze" => product_state::suspend(world, id, State::Freeze, &reason),
        "restore" => product_state::suspend(world, id, State::Activate, ""),
        "promote" | "unpromote" => {
            let locked = call.param("action") == "promote";
            let product = world.products.get_mut(&id);
            for offer in product.into_iter().flat_map(|it| it.offers.values_mut()) {
                offer.in_promotion = locked;
            }
        }
        _ => return Err(no_action(call, "pass, fail, suspend, freeze, restore, promote or unpromote")),
    }
    document(&world.products.get(&id))
}

/// Somebody writes stock in the seller centre.
fn set_stock(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let sku_id = loose_id(&body["sku_id"]).unwrap_or(0);
    let quantity = body["quantity"].as_i64().filter(|it| *it >= 0);
    let quantity = quantity.ok_or_else(|| reply::bad_request("bad_request", "quantity must be 0 or more"))?;
    let product = world.products.values().find(|it| it.offers.contains_key(&sku_id));
    let Some((id, offer)) = product.and_then(|it| Some((it.id, it.offers.get(&sku_id)?.clone()))) else {
        return Err(unknown("SKU", &sku_id.to_string()));
    };
    let first = offer.stock.keys().next().copied().unwrap_or(0);
    let warehouse = loose_id(&body["warehouse_id"]).unwrap_or(first);
    stock::write_stock(world, id, sku_id, &[(warehouse, quantity)], "SELLER_CENTER");
    document(&world.products.get(&id).and_then(|it| it.offers.get(&sku_id)))
}

fn act_on_order(world: &mut World, call: &Call) -> Answer {
    let id = id_of(call);
    if !world.orders.contains_key(&id) {
        return Err(unknown("order", call.param("id")));
    }
    match call.param("action") {
        "pay" => sale::pay(world, id),
        "expire" => sale::payment_overdue(world, id),
        "end_remorse" => sale::end_remorse(world, id),
        "cancel" => {
            cancellation::cancel_by_buyer(world, id).map_err(refused)?;
        }
        "withdraw" => {
            if !cancellation::withdraw(world, id) {
                return Err(refused("no request waits for an answer"));
            }
        }
        "complete" => sale::complete(world, id),
        "overcharge" => {
            let body: Value = read(call)?;
            world.finance.overcharges.insert(id, body["minor"].as_i64().unwrap_or_default());
        }
        "move" => {
            let address: Address = read(call)?;
            if !sale::change_address(world, id, address) {
                return Err(refused("the parcel has left"));
            }
        }
        _ => {
            return Err(no_action(
                call,
                "pay, expire, end_remorse, cancel, withdraw, complete, overcharge or move",
            ));
        }
    }
    let order = world.orders.get(&id).ok_or_else(|| unknown("order", call.param("id")))?;
    Ok(Reply::ok(order_read::document(world, order)))
}

fn verdict(body: &Value) -> Result<Verdict, Reply> {
    let reason = body["reason"].as_str().unwrap_or("UNKNOWN").to_owned();
    match body["status"].as_str() {
        None | Some("SUCCESS") => Ok(Verdict::Success),
        Some("FAILED") => Ok(Verdict::Failed(reason)),
        Some("INVALID") => Ok(Verdict::Invalid(reason)),
        Some(_) => Err(reply::bad_request("bad_request", "status must be SUCCESS, FAILED or INVALID")),
    }
}

fn act_on_package(world: &mut World, call: &Call) -> Answer {
    let id = id_of(call);
    let body: Value = read(call)?;
    if !world.packages.contains_key(&id) {
        return Err(unknown("package", call.param("id")));
    }
    match call.param("action") {
        "ship" if package::ship_by_hand(world, id) => {}
        "collect" if package::collect(world, id) => {}
        "deliver" if package::deliver(world, id) => {}
        "ship" | "collect" | "deliver" => return Err(refused("the package is not at that step")),
        "invoice" => invoice::decide(world, id, &verdict(&body)?),
        _ => return Err(no_action(call, "ship, collect, deliver or invoice")),
    }
    let package = world.packages.get(&id).ok_or_else(|| unknown("package", call.param("id")))?;
    Ok(Reply::ok(package_read::document(world, package)))
}

/// A buyer asks for money, for a return or for other goods.
fn ask_back(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let kind = match body["type"].as_str() {
        None | Some("RETURN_AND_REFUND") => ReturnKind::ReturnAndRefund,
        Some("REFUND") => ReturnKind::Refund,
        Some("REPLACEMENT") => ReturnKind::Replacement,
        Some(_) => {
            let known = "type must be REFUND, RETURN_AND_REFUND or REPLACEMENT";
            return Err(reply::bad_request("bad_request", known));
        }
    };
    let lines = body["line_ids"].as_array().into_iter().flatten().filter_map(loose_id).collect();
    let request = returns::Request {
        order_id: loose_id(&body["order_id"]).unwrap_or(0),
        line_ids: lines,
        kind,
        reason: body["reason"].as_str().unwrap_or(returns::REASONS[0].0),
        role: "BUYER",
        refund_minor: centavos(&body["refund_total"]),
    };
    let id = returns::open(world, &request).map_err(|it| refused(it.message))?;
    Ok(Reply::created(json!({"return_id": id.to_string()})))
}

fn act_on_return(world: &mut World, call: &Call) -> Answer {
    let id = id_of(call);
    returns::step(world, id, call.param("action")).map_err(refused)?;
    document(&world.returns.get(&id))
}
