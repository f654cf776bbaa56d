//! Flex on and off, and what freight would cost (fact sheet §12).

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::gate::{Group, SALES};
use super::item::ItemStatus;
use super::item_update::own_item;
use super::shipment::{FREE_SHIPPING_FROM_MINOR, LIST_COST_MINOR};
use super::{CURRENCY, SITE, World};
use crate::call::Call;
use crate::dates::brazil_day;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, delete, get, post};
use crate::text::{centavos, reais};

/// How a Flex item travels, and how every other does.
const FLEX: &str = "self_service";
const COLLECTED: &str = "cross_docking";

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    let flex = "/flex/sites/{site}/items/{id}/v2";
    vec![
        get(flex, SALES, show_flex).counted_in(Group::Flex),
        post(flex, SALES, |world, call| set_flex(world, call, true)).counted_in(Group::Flex),
        delete(flex, SALES, |world, call| set_flex(world, call, false)).counted_in(Group::Flex),
        get("/items/{id}/shipping_options", SALES, options),
        get("/users/{id}/shipping_options/free", SALES, free_options),
    ]
}

fn check_site(call: &Call) -> Result<(), Reply> {
    if call.param("site") == SITE { Ok(()) } else { Err(reply::not_found("not_found", "site not found")) }
}

fn show_flex(world: &mut World, call: &Call) -> Answer {
    check_site(call)?;
    let item = own_item(world, call)?;
    Ok(Reply::ok(json!({"has_flex": item.shipping["logistic_type"] == FLEX})))
}

fn set_flex(world: &mut World, call: &Call, on: bool) -> Answer {
    check_site(call)?;
    let item = own_item(world, call)?;
    if item.status != ItemStatus::Active {
        return Err(reply::error(StatusCode::FORBIDDEN, "forbidden", "The item is not active"));
    }
    if (item.shipping["logistic_type"] == FLEX) == on {
        let message = if on { "The item is already in flex" } else { "The item is not in flex" };
        return Err(reply::bad_request("bad_request", message));
    }
    let id = item.id.clone();
    if let Some(item) = world.items.get_mut(&id) {
        item.shipping["logistic_type"] = json!(if on { FLEX } else { COLLECTED });
        item.shipping["tags"] = json!([if on { "self_service_in" } else { "self_service_out" }]);
        item.updated = world.now;
    }
    Ok(Reply::no_content())
}

fn options(world: &mut World, call: &Call) -> Answer {
    let id = call.param("id");
    let item = world
        .items
        .get(id)
        .ok_or_else(|| reply::not_found("not_found", &format!("Item with id {id} not found")))?;
    let zip =
        call.query("zip_code").filter(|zip| zip.len() == 8 && zip.bytes().all(|byte| byte.is_ascii_digit()));
    let zip = zip.ok_or_else(|| reply::bad_request("invalid_zip_code", "zip_code must have eight digits"))?;
    let free = item.price_minor >= FREE_SHIPPING_FROM_MINOR || item.shipping["free_shipping"] == true;
    let cost = if free { 0 } else { LIST_COST_MINOR };
    Ok(Reply::ok(json!({
        "destination": {"zip_code": zip, "country": {"id": "BR", "name": "Brasil"}},
        "options": [{
            "id": 1, "name": "Normal", "shipping_method_id": 100_009, "shipping_method_type": "standard", "currency_id": CURRENCY,
            "cost": reais(cost), "list_cost": reais(LIST_COST_MINOR), "base_cost": reais(LIST_COST_MINOR), "display": "recommended",
            "estimated_delivery_time": {"type": "known", "date": brazil_day(world.now.plus(Duration::from_hours(96))), "unit": "hour", "shipping": 72, "handling": 24},
        }],
    })))
}

fn free_options(_: &mut World, call: &Call) -> Answer {
    if call.number("id")? != call.user_id()? {
        return Err(reply::access_denied());
    }
    let price = call.query("item_price").and_then(|text| centavos(&serde_json::from_str(text).ok()?));
    let price = price.ok_or_else(|| reply::bad_request("bad_request", "item_price is required"))?;
    // The platform pays half of the freight where free shipping is mandatory.
    let rate = if price >= FREE_SHIPPING_FROM_MINOR { 2 } else { 1 };
    Ok(Reply::ok(json!({"coverage": {"all_country": {
        "list_cost": reais(LIST_COST_MINOR / rate), "currency_id": CURRENCY, "billable_weight": 500,
        "discount": {"rate": if rate == 2 { 0.5 } else { 0.0 }, "type": "mandatory", "promoted_amount": reais(LIST_COST_MINOR)},
    }}})))
}
