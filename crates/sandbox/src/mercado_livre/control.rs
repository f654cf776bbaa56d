//! The control API: what a developer does to the world from outside. Documented in
//! `docs/sandbox.md`.

use std::time::Duration;

use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::gate::{Door, Group};
use super::manifest::Manifest;
use super::notice;
use super::robot::{self, Traffic};
use super::sales::{self, SaleRequest};
use super::shipment::{self, ShipmentStage};
use super::snapshot::Snapshot;
use super::{World, auth, full, item, stock};
use crate::call::Call;
use crate::faults::FaultRule;
use crate::hooks::{Notification, Stage};
use crate::reply::{self, Answer, Reply};
use crate::storefront;
use crate::table::{Handler, Route};
use crate::text::loose_id;

/// The longest jump in time: ten years, in seconds.
const ADVANCE_MAX_SECONDS: u64 = 10 * 365 * 86_400;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    let line = |method: Method, path, run: Handler| {
        Route::new(method, path, Door::Open, run).counted_in(Group::Free)
    };
    vec![
        line(Method::GET, "/_sandbox/manifest", |world, _| document(&Manifest::of(world))),
        line(Method::GET, "/_sandbox/snapshot", |world, _| document(&Snapshot::of(world))),
        line(Method::POST, "/_sandbox/sales", sell),
        line(Method::POST, "/_sandbox/orders/{id}/{action}", act_on_order),
        line(Method::POST, "/_sandbox/shipments/{id}/advance", advance_shipment),
        line(Method::PUT, "/_sandbox/shipments/{id}", set_shipment),
        line(Method::GET, storefront::PATH, |world, call| Ok(storefront::show(world, call))),
        line(Method::POST, storefront::PATH, |world, call| Ok(storefront::buy(world, call))),
        line(Method::GET, "/_sandbox/time", |world, _| Ok(show_time(world))),
        line(Method::POST, "/_sandbox/time", advance_time),
        line(Method::GET, "/_sandbox/traffic", |world, _| document(&world.traffic)),
        line(Method::PUT, "/_sandbox/traffic", set_traffic),
        line(Method::GET, "/_sandbox/faults", |world, _| document(&world.faults.rules())),
        line(Method::PUT, "/_sandbox/faults", set_faults),
        line(Method::GET, "/_sandbox/rules", |world, _| document(&world.rules)),
        line(Method::PUT, "/_sandbox/rules", set_rules),
        line(Method::POST, "/_sandbox/tokens/revoke", revoke_tokens),
        line(Method::POST, "/_sandbox/tokens/grant", grant_tokens),
        line(Method::POST, "/_sandbox/apps/{id}/rotate_secret", rotate_secret),
        line(Method::PUT, "/_sandbox/apps/{id}", set_app),
        line(Method::PUT, "/_sandbox/users/{id}", set_user),
        line(Method::POST, "/_sandbox/inventories/{id}", full::act),
        line(Method::PUT, "/_sandbox/items/{id}", set_item),
        line(Method::GET, "/_sandbox/hooks", show_hooks),
        line(Method::PUT, "/_sandbox/hooks", set_hooks),
        line(Method::POST, "/_sandbox/hooks/send", send_hook),
        line(Method::GET, "/_sandbox/state", |world, _| document(world)),
        line(Method::PUT, "/_sandbox/state", restore),
        line(Method::GET, "/_sandbox/log", |world, _| document(&world.log)),
    ]
}

fn document(value: &impl Serialize) -> Answer {
    serde_json::to_value(value).map(Reply::ok).map_err(|error| {
        reply::error(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", &error.to_string())
    })
}

/// The body as `T`; an empty body counts as `{}`. What is wrong is said in full.
fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    let body: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    serde_json::from_slice(body).map_err(|error| reply::bad_request("bad_request", &error.to_string()))
}

fn unknown(what: &str, id: &str) -> Reply {
    reply::not_found("not_found", &format!("there is no {what} {id}"))
}

fn sell(world: &mut World, call: &Call) -> Answer {
    let request: SaleRequest = read(call)?;
    let orders = sales::sell(world, &request)
        .map_err(|error| reply::bad_request("bad_request", &error.to_string()))?;
    Ok(Reply::created(json!({"orders": orders})))
}

fn act_on_order(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    if !world.orders.contains_key(&id) {
        return Err(unknown("order", call.param("id")));
    }
    match call.param("action") {
        "pay" => sales::pay(world, &[id]),
        "expire" => sales::expire(world, &[id]),
        "fraud" => sales::flag_fraud(world, id),
        "cancel" => {
            let body: Value = read(call)?;
            let group = body["group"].as_str().unwrap_or("buyer");
            let code = if group == "fraud" { "fraud" } else { "buyer_cancel_express" };
            sales::cancel(world, &[id], group, code, "Cancelado pela API de controle");
        }
        "notify" => sales::notify_orders(world, &[id]),
        other => {
            let message = format!("unknown action {other}: use pay, expire, cancel, fraud or notify");
            return Err(reply::not_found("not_found", &message));
        }
    }
    let order = world.orders.get(&id).ok_or_else(|| unknown("order", call.param("id")))?;
    Ok(Reply::ok(super::order_read::order_document(world, order)))
}

fn shipment_answer(world: &World, id: i64) -> Answer {
    let shipment = world.shipments.get(&id).ok_or_else(|| unknown("shipment", &id.to_string()))?;
    Ok(Reply::ok(super::shipment_read::shipment_document(world, shipment)))
}

fn advance_shipment(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    if world.shipments.contains_key(&id) && !shipment::advance(world, id) {
        return Err(reply::conflict("conflict", "the shipment is at the end of its way"));
    }
    shipment_answer(world, id)
}

fn set_shipment(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    let body: Value = read(call)?;
    let status =
        body["status"].as_str().ok_or_else(|| reply::bad_request("bad_request", "status is required"))?;
    let stage = ShipmentStage::from_words(status, body["substatus"].as_str());
    shipment::enter(world, id, &stage);
    shipment_answer(world, id)
}

fn show_time(world: &World) -> Reply {
    Reply::ok(json!({"now": world.now.to_rfc3339()}))
}

fn advance_time(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let seconds = body["advance_seconds"].as_u64().filter(|seconds| *seconds <= ADVANCE_MAX_SECONDS);
    let seconds = seconds.ok_or_else(|| {
        reply::bad_request("bad_request", "advance_seconds must be a whole number of at most ten years")
    })?;
    world.advance_to(world.now.plus(Duration::from_secs(seconds)));
    Ok(show_time(world))
}

fn set_traffic(world: &mut World, call: &Call) -> Answer {
    let traffic: Option<Traffic> = read(call)?;
    robot::set_traffic(world, traffic);
    document(&world.traffic)
}

fn set_faults(world: &mut World, call: &Call) -> Answer {
    let rules: Vec<FaultRule> = read(call)?;
    world.faults.set(rules);
    document(&world.faults.rules())
}

fn set_rules(world: &mut World, call: &Call) -> Answer {
    world.rules = read(call)?;
    document(&world.rules)
}

fn revoke_tokens(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let user =
        loose_id(&body["user_id"]).ok_or_else(|| reply::bad_request("bad_request", "user_id is required"))?;
    // A revoked authorization is gone; a changed password only ends the tokens.
    if body["keep_grant"] == true {
        world.auth.kill_tokens(user);
    } else {
        let clients: Vec<i64> = world.apps.keys().copied().collect();
        for client in clients {
            world.auth.revoke(user, client);
        }
    }
    document(&Manifest::of(world))
}

fn grant_tokens(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let user = loose_id(&body["user_id"]).filter(|user| world.users.contains_key(user));
    let client = loose_id(&body["client_id"]).or_else(|| world.apps.keys().next().copied());
    let (Some(user), Some(client)) = (user, client) else {
        return Err(reply::bad_request("bad_request", "user_id must name a user"));
    };
    let pair = auth::grant(world, user, client).ok_or_else(|| unknown("application", &client.to_string()))?;
    Ok(Reply::created(
        json!({"user_id": user, "access_token": pair.access_token, "refresh_token": pair.refresh_token}),
    ))
}

fn rotate_secret(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    let body: Value = read(call)?;
    let secret = auth::rotate_secret(world, id, body["scheduled"] == true);
    Ok(Reply::ok(json!({"client_secret": secret.ok_or_else(|| unknown("application", call.param("id")))?})))
}

fn set_app(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    let body: Value = read(call)?;
    let app = world.apps.get_mut(&id).ok_or_else(|| unknown("application", call.param("id")))?;
    let invalid = |error: serde_json::Error| reply::bad_request("bad_request", &error.to_string());
    if !body["redirect_uris"].is_null() {
        app.redirect_uris = serde_json::from_value(body["redirect_uris"].clone()).map_err(invalid)?;
    }
    if !body["permissions"].is_null() {
        app.permissions = serde_json::from_value(body["permissions"].clone()).map_err(invalid)?;
    }
    if !body["scopes"].is_null() {
        app.scopes = serde_json::from_value(body["scopes"].clone()).map_err(invalid)?;
    }
    app.pkce_required = body["pkce_required"].as_bool().unwrap_or(app.pkce_required);
    app.active = body["active"].as_bool().unwrap_or(app.active);
    document(app)
}

fn set_user(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    let body: Value = read(call)?;
    let user = world.users.get_mut(&id).ok_or_else(|| unknown("user", call.param("id")))?;
    let several_before = user.has_depots();
    user.active = body["active"].as_bool().unwrap_or(user.active);
    if !body["tags"].is_null() {
        user.tags = serde_json::from_value(body["tags"].clone())
            .map_err(|error| reply::bad_request("bad_request", &error.to_string()))?;
    }
    let several = user.has_depots();
    if several_before != several {
        stock::set_depots(world, id, several);
    }
    document(&world.users.get(&id))
}

fn set_item(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let item: &mut item::Item =
        world.items.get_mut(call.param("id")).ok_or_else(|| unknown("item", call.param("id")))?;
    item.price_automation = body["price_automation"].as_bool().unwrap_or(item.price_automation);
    if let Some(kind) = body["logistic_type"].as_str() {
        let logistic = shipment::Logistic::from_word(kind)
            .ok_or_else(|| reply::bad_request("bad_request", "unknown logistic_type"))?;
        item.shipping["logistic_type"] = json!(kind);
        item.shipping["mode"] = json!(logistic.mode());
        let holders: Vec<String> = item.stock_holders().into_iter().map(str::to_owned).collect();
        for holder in holders {
            full::keep(world, &holder, logistic == shipment::Logistic::Fulfillment);
        }
    }
    document(&world.items.get(call.param("id")))
}

fn show_hooks(world: &mut World, _: &Call) -> Answer {
    let newest_first: Vec<_> = world.hooks.notifications.values().rev().collect();
    document(&json!({"subscriptions": world.hooks.subscriptions, "notifications": newest_first}))
}

fn set_hooks(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let client = loose_id(&body["client_id"]).or_else(|| world.apps.keys().next().copied()).unwrap_or(0);
    let subscription = world.hooks.subscriptions.entry(client).or_default();
    if let Some(url) = body["url"].as_str() {
        if !url.starts_with("http://") {
            return Err(reply::bad_request("bad_request", "url must begin with http://"));
        }
        subscription.url = Some(url.to_owned());
    }
    subscription.topics = if body["topics"].is_null() {
        notice::TOPICS.iter().map(|topic| (*topic).to_owned()).collect()
    } else {
        serde_json::from_value(body["topics"].clone())
            .map_err(|error| reply::bad_request("bad_request", &error.to_string()))?
    };
    subscription.disabled.clear();
    subscription.misses.clear();
    document(subscription)
}

/// Sends a notification that no event stands behind: forged, malformed, repeated.
fn send_hook(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let client_id = loose_id(&body["client_id"]).or_else(|| world.apps.keys().next().copied()).unwrap_or(0);
    if world.hooks.subscriptions.get(&client_id).is_none_or(|subscription| subscription.url.is_none()) {
        return Err(reply::conflict("conflict", "no callback address is set: PUT /_sandbox/hooks first"));
    }
    // `raw` is sent as it is; anything else under `body` as JSON.
    let raw = body["raw"].as_str().map_or_else(|| body["body"].to_string(), str::to_owned);
    world.hooks.add(Notification {
        client_id,
        topic: body["body"]["topic"].as_str().unwrap_or_default().to_owned(),
        user_id: loose_id(&body["body"]["user_id"]).unwrap_or(0),
        resource: body["body"]["resource"].as_str().unwrap_or_default().to_owned(),
        payload: Value::Null,
        created: world.now,
        attempts: Vec::new(),
        stage: Stage::Waiting(world.now),
        raw: Some(raw),
    });
    Ok(Reply::created(json!({"sent": true})))
}

fn restore(world: &mut World, call: &Call) -> Answer {
    let restored: World = read(call)?;
    *world = restored;
    Ok(Reply::no_content())
}
