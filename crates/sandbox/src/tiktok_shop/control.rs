//! The control API: time, faults, switches, tokens, webhooks and the state as a whole.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::gate::Door;
use super::manifest::Manifest;
use super::sale::{self, SaleRequest};
use super::snapshot::Snapshot;
use super::webhook::Notification;
use super::{World, grants, robot};
use crate::call::Call;
use crate::faults::FaultRule;
use crate::hooks::Stage;
use crate::reply::{self, Answer, Reply};
use crate::storefront;
use crate::table::{Route, get, post, put};
use crate::text::loose_id;
use crate::traffic::Traffic;

/// Time leaps at most this far at once: ten years.
const ADVANCE_MAX_SECONDS: u64 = 10 * 366 * 24 * 3_600;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const OPEN: Door = Door::Open;
    vec![
        get("/_sandbox/manifest", OPEN, |world, _| document(&Manifest::of(world))),
        get("/_sandbox/snapshot", OPEN, |world, _| document(&Snapshot::of(world))),
        post("/_sandbox/sales", OPEN, sell),
        get(storefront::PATH, OPEN, |world, call| Ok(storefront::show(world, call))),
        post(storefront::PATH, OPEN, |world, call| Ok(storefront::buy(world, call))),
        get("/_sandbox/time", OPEN, |world, _| Ok(show_time(world))),
        post("/_sandbox/time", OPEN, advance_time),
        get("/_sandbox/traffic", OPEN, |world, _| document(&world.traffic)),
        put("/_sandbox/traffic", OPEN, set_traffic),
        get("/_sandbox/faults", OPEN, |world, _| document(&world.faults.rules())),
        put("/_sandbox/faults", OPEN, set_faults),
        get("/_sandbox/rules", OPEN, |world, _| document(&world.rules)),
        put("/_sandbox/rules", OPEN, set_rules),
        post("/_sandbox/tokens/revoke", OPEN, revoke_tokens),
        post("/_sandbox/tokens/expire", OPEN, expire_tokens),
        post("/_sandbox/tokens/grant", OPEN, grant_tokens),
        put("/_sandbox/app", OPEN, set_app),
        put("/_sandbox/shops/{id}", OPEN, set_shop),
        get("/_sandbox/hooks", OPEN, show_hooks),
        put("/_sandbox/hooks", OPEN, set_hooks),
        post("/_sandbox/hooks/send", OPEN, send_hook),
        get("/_sandbox/state", OPEN, |world, _| document(world)),
        put("/_sandbox/state", OPEN, restore),
        get("/_sandbox/log", OPEN, |world, _| document(&world.log)),
    ]
}

pub(super) fn document(value: &impl Serialize) -> Answer {
    serde_json::to_value(value).map(Reply::ok).map_err(|error| {
        reply::error(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", &error.to_string())
    })
}

/// The body as `T`; an empty body counts as `{}`. What is wrong is said in full.
pub(super) fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    let body: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    serde_json::from_slice(body).map_err(|error| reply::bad_request("bad_request", &error.to_string()))
}

pub(super) fn unknown(what: &str, id: &str) -> Reply {
    reply::not_found("not_found", &format!("there is no {what} {id}"))
}

/// The shop that the body names.
fn shop_of(world: &World, body: &Value) -> Result<i64, Reply> {
    let id = loose_id(&body["shop_id"]).filter(|id| world.shops.contains_key(id));
    id.ok_or_else(|| reply::bad_request("bad_request", "shop_id must name a shop"))
}

fn sell(world: &mut World, call: &Call) -> Answer {
    let request: SaleRequest = read(call)?;
    let orders =
        sale::sell(world, &request).map_err(|error| reply::bad_request("bad_request", &error.to_string()))?;
    let orders: Vec<String> = orders.iter().map(i64::to_string).collect();
    Ok(Reply::created(json!({ "orders": orders })))
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

/// The seller takes the consent back.
fn revoke_tokens(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let shop = shop_of(world, &body)?;
    grants::revoke(world, shop);
    document(&Manifest::of(world))
}

/// Access tokens end now; the consent stays.
fn expire_tokens(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let shop = shop_of(world, &body)?;
    grants::expire_tokens(world, shop);
    document(&Manifest::of(world))
}

/// A consent without the browser, with the scopes that the application has now.
fn grant_tokens(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let shop = shop_of(world, &body)?;
    grants::consent(world, shop);
    Ok(Reply::created(grants::pair(world, shop)))
}

fn set_app(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let invalid = |error: serde_json::Error| reply::bad_request("bad_request", &error.to_string());
    if !body["scopes"].is_null() {
        world.app.scopes = serde_json::from_value(body["scopes"].clone()).map_err(invalid)?;
    }
    if let Some(url) = body["redirect_url"].as_str() {
        url.clone_into(&mut world.app.redirect_url);
    }
    if body["new_secret"] == true {
        world.app.secret = world.dice.hex(40);
    }
    document(&world.app)
}

fn set_shop(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let cipher = format!("ROW_{}", world.dice.hex(22));
    let id: i64 = call.param("id").parse().unwrap_or(0);
    let shop = world.shops.get_mut(&id).ok_or_else(|| unknown("shop", call.param("id")))?;
    shop.active = body["active"].as_bool().unwrap_or(shop.active);
    if body["new_cipher"] == true {
        shop.cipher = cipher;
    }
    let status = body["warehouse_status"].as_str();
    if let Some(status) = status {
        if !["ENABLED", "DISABLED", "RESTRICTED"].contains(&status) {
            return Err(reply::bad_request("bad_request", "unknown warehouse_status"));
        }
        shop.warehouses.iter_mut().for_each(|it| status.clone_into(&mut it.effect_status));
    }
    if body["second_warehouse"] == true && shop.sales_warehouses() == 1 {
        let mut second = shop.warehouses[0].clone();
        second.id += 5;
        "Depósito 2".clone_into(&mut second.name);
        second.is_default = false;
        shop.warehouses.push(second);
    }
    document(shop)
}

fn show_hooks(world: &mut World, _: &Call) -> Answer {
    let newest_first: Vec<_> = world.webhooks.notifications.values().rev().collect();
    document(
        &json!({"url": world.webhooks.url, "by_shop": world.webhooks.by_shop, "notifications": newest_first}),
    )
}

fn set_hooks(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let sent = &body["url"];
    let url = sent.as_str().filter(|url| url.starts_with("http://"));
    if url.is_none() && !sent.is_null() {
        return Err(reply::bad_request("bad_request", "url must begin with http://"));
    }
    world.webhooks.url = url.map(str::to_owned);
    document(&json!({"url": world.webhooks.url}))
}

/// Sends a webhook that no event stands behind: forged, malformed, repeated. `raw` is sent
/// as it is, anything else under `body` as JSON; `sign` takes the place of the right one.
fn send_hook(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let url = world.webhooks.url.clone();
    let url = url.ok_or_else(|| {
        reply::conflict("conflict", "no callback address is set: PUT /_sandbox/hooks first")
    })?;
    world.webhooks.add(Notification {
        shop_id: loose_id(&body["body"]["shop_id"]).unwrap_or(0),
        event_type: String::new(),
        url,
        body: body["raw"].as_str().map_or_else(|| body["body"].to_string(), str::to_owned),
        forged_sign: body["sign"].as_str().map(str::to_owned),
        created: world.now,
        attempts: Vec::new(),
        stage: Stage::Waiting(world.now),
    });
    Ok(Reply::created(json!({"sent": true})))
}

fn restore(world: &mut World, call: &Call) -> Answer {
    let restored: World = read(call)?;
    *world = restored;
    Ok(Reply::no_content())
}
