//! The control API: what a developer does to the world from outside. Documented in
//! `docs/sandbox.md`.

use std::time::Duration;

use domain::Timestamp;
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::item::{Campaign, ItemStatus};
use super::manifest::Manifest;
use super::market::Door;
use super::order::{OrderStatus, PackageStatus};
use super::push::{Push, Stage};
use super::returns::{self, ReturnStatus};
use super::review::Review;
use super::sales::{self, SaleRequest};
use super::snapshot::Snapshot;
use super::world::secs;
use super::{World, auth, channel, label, push, robot, shipping};
use crate::call::Call;
use crate::faults::FaultRule;
use crate::ids::Series;
use crate::reply::{self, Answer, Reply};
use crate::storefront;
use crate::table::{Handler, Route};
use crate::text::{centavos, loose_id};
use crate::traffic::Traffic;

const REVIEW_IDS: Series = Series::new("shopee_review", 610_000_000);
const CAMPAIGN_IDS: Series = Series::new("shopee_campaign", 410_000_000);
/// The longest jump in time: ten years, in seconds.
const ADVANCE_MAX_SECONDS: u64 = 10 * 365 * 86_400;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    let line = |method: Method, path, run: Handler<World>| Route::new(method, path, Door::Open, run);
    vec![
        line(Method::GET, "/_sandbox/manifest", |world, _| document(&Manifest::of(world))),
        line(Method::GET, "/_sandbox/snapshot", |world, _| document(&Snapshot::of(world))),
        line(Method::POST, "/_sandbox/sales", sell),
        line(Method::POST, "/_sandbox/orders/{sn}/{action}", act_on_order),
        line(Method::POST, "/_sandbox/packages/{number}/{action}", act_on_package),
        line(Method::POST, "/_sandbox/returns", open_return),
        line(Method::POST, "/_sandbox/returns/{sn}/{step}", step_return),
        line(Method::POST, "/_sandbox/comments", comment),
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
        line(Method::POST, "/_sandbox/codes", give_code),
        line(Method::POST, "/_sandbox/tokens/revoke", revoke_tokens),
        line(Method::POST, "/_sandbox/tokens/grant", grant_tokens),
        line(Method::PUT, "/_sandbox/shops/{id}", set_shop),
        line(Method::POST, "/_sandbox/shops/{id}/leave", leave),
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

fn bad(message: &str) -> Reply {
    reply::bad_request("bad_request", message)
}

/// The body as `T`; an empty body counts as `{}`. What is wrong is said in full.
fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Reply> {
    let body: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    serde_json::from_slice(body).map_err(|error| bad(&error.to_string()))
}

fn unknown(what: &str, id: &str) -> Reply {
    reply::not_found("not_found", &format!("there is no {what} {id}"))
}

fn unfit(what: &str) -> Reply {
    reply::conflict("conflict", &format!("the {what} is in no state for this"))
}

fn sell(world: &mut World, call: &Call) -> Answer {
    let request: SaleRequest = read(call)?;
    let orders = sales::sell(world, &request).map_err(|error| bad(&error.to_string()))?;
    Ok(Reply::created(json!({"orders": orders})))
}

fn act_on_order(world: &mut World, call: &Call) -> Answer {
    let sn = call.param("sn").to_owned();
    let order = world.orders.get(&sn).ok_or_else(|| unknown("order", &sn))?;
    let status = order.status;
    let cancellable = sales::is_cancellable(order);
    let body: Value = read(call)?;
    let reason = body["reason"].as_str().unwrap_or("Change of mind");
    match call.param("action") {
        "pay" => sales::pay(world, &sn),
        "release" if status == OrderStatus::Pending => sales::make_ready(world, &sn),
        "expire" => sales::expire(world, &sn),
        "cancel" if cancellable => sales::cancel(world, &sn, body["by"].as_str().unwrap_or("buyer"), reason),
        "request_cancel" if sales::request_cancellation(world, &sn, reason) => {}
        "withdraw_cancel" => sales::drop_cancellation(world, &sn),
        "receive" => sales::complete(world, &sn),
        "notify" => sales::tell(world, &sn, ""),
        "overcharge" => {
            let minor = body["minor"].as_i64().unwrap_or_default();
            if let Some(order) = world.orders.get_mut(&sn) {
                order.overcharged = minor;
            }
        }
        "cancel" | "request_cancel" | "release" => return Err(unfit("order")),
        other => {
            let known = "pay, release, expire, cancel, request_cancel, withdraw_cancel, receive, overcharge or notify";
            return Err(reply::not_found("not_found", &format!("unknown action {other}: use {known}")));
        }
    }
    document(&world.orders.get(&sn))
}

fn act_on_package(world: &mut World, call: &Call) -> Answer {
    let number = call.param("number").to_owned();
    let sn = world.packages.get(&number).cloned().ok_or_else(|| unknown("package", &number))?;
    match call.param("action") {
        "advance" if shipping::advance(world, &number) => {}
        "advance" => return Err(unfit("package")),
        "tracking" => shipping::give_tracking(world, &number),
        "pickup" => shipping::set_package(world, &number, PackageStatus::PickupDone),
        "deliver" => shipping::set_package(world, &number, PackageStatus::DeliveryDone),
        "retry_pickup" => shipping::set_package(world, &number, PackageStatus::PickupRetry),
        "fail_pickup" => shipping::set_package(world, &number, PackageStatus::PickupFailed),
        "fail_delivery" => shipping::set_package(world, &number, PackageStatus::DeliveryFailed),
        "lose" => shipping::set_package(world, &number, PackageStatus::Lost),
        "fail_label" => fail_label(world, &sn, &number)?,
        "change" => change_package(world, &sn, &number, &read(call)?)?,
        other => {
            let known = "advance, tracking, pickup, deliver, retry_pickup, fail_pickup, fail_delivery, lose, fail_label or change";
            return Err(reply::not_found("not_found", &format!("unknown action {other}: use {known}")));
        }
    }
    document(&world.orders.get(&sn))
}

fn fail_label(world: &mut World, sn: &str, number: &str) -> Result<(), Reply> {
    let package = world.orders.get_mut(sn).and_then(|order| order.package_mut(number));
    let made = package.and_then(|package| package.label.as_mut()).ok_or_else(|| unfit("package"))?;
    (made.failed, made.polls_left) = (true, 0);
    label::tell(world, sn, number);
    Ok(())
}

/// The platform gives more time, or another carrier; push 47.
fn change_package(world: &mut World, sn: &str, number: &str, body: &Value) -> Result<(), Reply> {
    let channel = body["logistics_channel_id"].as_i64();
    if channel.is_some_and(|id| channel::find(id).is_none()) {
        return Err(bad("logistics_channel_id is unknown"));
    }
    let ship_by =
        body["ship_by_date"].as_i64().map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1_000)));
    let now = world.now;
    let order = world.orders.get_mut(sn).ok_or_else(|| unknown("order", sn))?;
    let (mut fields, mut old, mut new) = (Vec::new(), json!({}), json!({}));
    if let Some(at) = ship_by {
        fields.push("ship_by_date");
        (old["ship_by_date"], new["ship_by_date"]) = (json!(order.ship_by.map_or(0, secs)), json!(secs(at)));
        order.ship_by = Some(at);
    }
    if let Some(id) = channel {
        fields.push("logistics_channel_id");
        (old["logistics_channel_id"], new["logistics_channel_id"]) = (json!(order.channel_id), json!(id));
        order.channel_id = id;
    }
    order.updated = now;
    let shop = order.shop_id;
    if let Some(at) = ship_by {
        sales::plan_deadline(world, sn, at);
    }
    let data = json!({"order_sn": sn, "package_number": number, "changed_fields": fields, "old": old, "new": new,
        "update_time": secs(now)});
    push::emit(world, shop, 47, &data);
    Ok(())
}

fn open_return(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let sn = body["order_sn"].as_str().ok_or_else(|| bad("order_sn is required"))?;
    if !world.orders.contains_key(sn) {
        return Err(unknown("order", sn));
    }
    let reason = body["reason"].as_str().unwrap_or("NOT_AS_DESCRIBED");
    let text = body["text"].as_str().unwrap_or("O produto não é como na foto");
    let with_goods = body["with_goods"].as_bool().unwrap_or(true);
    let made = returns::open(world, sn, reason, text, with_goods).ok_or_else(|| unfit("order"))?;
    Ok(Reply::created(json!({"return_sn": made})))
}

fn step_return(world: &mut World, call: &Call) -> Answer {
    let sn = call.param("sn").to_owned();
    let case = world.returns.get(&sn).cloned().ok_or_else(|| unknown("return", &sn))?;
    let body: Value = read(call)?;
    let status = match call.param("step") {
        "judge" => ReturnStatus::Judging,
        "refund" => ReturnStatus::Accepted,
        "withdraw" => ReturnStatus::Cancelled,
        "close" => ReturnStatus::Closed,
        "ship_back" => {
            returns::ship_back(world, &sn);
            return document(&world.returns.get(&sn));
        }
        "accept_offer" => {
            let (solution, amount) = case.offer.ok_or_else(|| unfit("return"))?;
            returns::take_offer(world, &sn, &solution, amount);
            return document(&world.returns.get(&sn));
        }
        "counter" => {
            let amount = centavos(&body["amount"]).unwrap_or(case.refund);
            if let Some(case) = world.returns.get_mut(&sn) {
                case.buyer_offer = Some((body["solution"].as_str().unwrap_or("REFUND").to_owned(), amount));
            }
            return document(&world.returns.get(&sn));
        }
        other => {
            let message = format!(
                "unknown step {other}: use ship_back, judge, refund, withdraw, close, accept_offer or counter"
            );
            return Err(reply::not_found("not_found", &message));
        }
    };
    returns::set_status(world, &sn, status);
    document(&world.returns.get(&sn))
}

fn comment(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let sn = body["order_sn"].as_str().ok_or_else(|| bad("order_sn is required"))?;
    let order = world.orders.get(sn).cloned().ok_or_else(|| unknown("order", sn))?;
    let line = order.lines.first().ok_or_else(|| unfit("order"))?;
    let id = world.ids.next(REVIEW_IDS);
    world.reviews.push(Review {
        id,
        shop_id: order.shop_id,
        order_sn: order.sn.clone(),
        item_id: line.item_id,
        model_id: line.model_id,
        username: world.buyers.get(&order.buyer_id).map(|it| it.username.clone()).unwrap_or_default(),
        stars: body["stars"].as_i64().filter(|stars| (1..=5).contains(stars)).unwrap_or(5),
        text: body["text"].as_str().unwrap_or("Chegou antes do prazo, recomendo.").to_owned(),
        created: world.now,
        reply: None,
    });
    Ok(Reply::created(json!({"comment_id": id})))
}

fn show_time(world: &World) -> Reply {
    Reply::ok(json!({"now": world.now.to_rfc3339(), "seconds": secs(world.now)}))
}

fn advance_time(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let seconds = body["advance_seconds"].as_u64().filter(|seconds| *seconds <= ADVANCE_MAX_SECONDS);
    let seconds =
        seconds.ok_or_else(|| bad("advance_seconds must be a whole number of at most ten years"))?;
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

/// The shop that a body names.
fn shop_in(world: &World, body: &Value) -> Result<i64, Reply> {
    let shop = loose_id(&body["shop_id"]).filter(|shop| world.shops.contains_key(shop));
    shop.ok_or_else(|| bad("shop_id must name a shop"))
}

/// A code without the browser: of a shop, or of the main account with all its shops.
fn give_code(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let main = loose_id(&body["main_account_id"]);
    let shops = match main {
        Some(id) if id == world.partner.main_account => world.shops.keys().copied().collect(),
        Some(_) => return Err(bad("main_account_id is unknown")),
        None => std::iter::once(shop_in(world, &body)?).collect(),
    };
    let days = body["days"].as_u64().and_then(|days| u32::try_from(days).ok()).unwrap_or(auth::CONSENT_DAYS);
    if !(1..=auth::CONSENT_DAYS).contains(&days) {
        return Err(bad("days must be between 1 and 365"));
    }
    auth::consent(world, &shops, days);
    let code = auth::open_code(world, shops, main);
    if body["resend"] == true {
        let resend = world.dice.hex(32);
        if let Some(open) = world.auth.codes.remove(&code) {
            world.auth.resend_codes.insert(resend.clone(), open);
        }
        return Ok(Reply::created(json!({"resend_code": resend})));
    }
    Ok(Reply::created(json!({"code": code})))
}

/// The tokens of a shop end; its consent stays.
fn revoke_tokens(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let shop = shop_in(world, &body)?;
    if body["access_only"] == true {
        world.auth.strip_access(shop);
    } else {
        world.auth.strip(shop);
    }
    document(&Manifest::of(world))
}

fn grant_tokens(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let shop = shop_in(world, &body)?;
    let pair = auth::grant(world, shop);
    Ok(Reply::created(
        json!({"shop_id": shop, "access_token": pair.access_token, "refresh_token": pair.refresh_token}),
    ))
}

fn set_shop(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let id = call.number("id")?;
    let shop = world.shops.get_mut(&id).ok_or_else(|| unknown("shop", call.param("id")))?;
    let invalid = |error: serde_json::Error| bad(&error.to_string());
    if !body["status"].is_null() {
        shop.status = serde_json::from_value(body["status"].clone()).map_err(invalid)?;
    }
    if !body["tax_id"].is_null() {
        shop.tax_id = serde_json::from_value(body["tax_id"].clone()).map_err(invalid)?;
    }
    if !body["channels"].is_null() {
        shop.channels = serde_json::from_value(body["channels"].clone()).map_err(invalid)?;
    }
    shop.may_split = body["may_split"].as_bool().unwrap_or(shop.may_split);
    shop.on_holiday = body["on_holiday"].as_bool().unwrap_or(shop.on_holiday);
    document(shop)
}

/// The seller takes the consent back, or the platform does.
fn leave(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let id = call.number("id")?;
    if !world.auth.links.contains_key(&id) {
        return Err(unknown("consent of shop", call.param("id")));
    }
    auth::leave(world, id, body["authorize_type"].as_str().unwrap_or("user cancel shop authorization"));
    document(&Manifest::of(world))
}

fn set_item(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    let id = call.number("id")?;
    let (now, campaign_id) = (world.now, world.ids.next(CAMPAIGN_IDS));
    let item = world.items.get_mut(&id).ok_or_else(|| unknown("item", call.param("id")))?;
    let status = match body["status"].as_str() {
        None => None,
        Some(text) => Some(ItemStatus::from_word(text).ok_or_else(|| bad("unknown status"))?),
    };
    item.deboosted = body["deboost"].as_bool().unwrap_or(item.deboosted);
    if let Some(campaign) = body["campaign"].as_object() {
        let model = campaign.get("model_id").and_then(Value::as_i64).unwrap_or(0);
        let price =
            campaign.get("price").and_then(centavos).ok_or_else(|| bad("campaign.price is required"))?;
        let reserved = campaign.get("reserved").and_then(Value::as_i64).unwrap_or(0);
        let model = item.model_mut(model).ok_or_else(|| bad("campaign.model_id names no model"))?;
        let until = now.plus(Duration::from_hours(24 * 7));
        model.campaign = Some(Campaign { id: campaign_id.unsigned_abs(), price, reserved, until });
    } else if body.get("campaign").is_some_and(Value::is_null) {
        item.models.iter_mut().for_each(|model| model.campaign = None);
    }
    let Some(status) = status else { return document(item) };
    (item.status, item.updated) = (status, now);
    let (shop, name, deboost) = (item.shop_id, item.name.clone(), item.deboosted);
    if matches!(status, ItemStatus::Banned | ItemStatus::Reviewing | ItemStatus::ShopeeDelete) {
        let detail = json!({"violation_type": body["violation_type"].as_str().unwrap_or("Prohibited"),
            "violation_reason": body["violation_reason"].as_str().unwrap_or("Prohibited listing"),
            "suggestion": "Remove the prohibited content", "update_time": secs(now), "fix_deadline_time": 0,
            "suggested_category": []});
        item.violations = vec![detail];
        let data = json!({"item_id": id, "item_name": name, "item_status": status, "deboost": deboost,
            "item_status_details": item.violations});
        push::emit(world, shop, 16, &data);
    }
    document(&world.items.get(&id))
}

fn show_hooks(world: &mut World, _: &Call) -> Answer {
    let newest_first: Vec<_> = world.pushes.messages.values().rev().collect();
    document(&json!({"callback_url": world.pushes.callback_url, "on": world.pushes.on,
        "suspended": world.pushes.suspended, "pushes": newest_first}))
}

fn set_hooks(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    if let Some(url) = body["url"].as_str() {
        if !url.starts_with("http://") {
            return Err(bad("url must begin with http://"));
        }
        world.pushes.callback_url = Some(url.to_owned());
    }
    if !body["codes"].is_null() {
        world.pushes.on =
            serde_json::from_value(body["codes"].clone()).map_err(|error| bad(&error.to_string()))?;
    }
    world.pushes.suspended = None;
    Ok(Reply::ok(json!({"callback_url": world.pushes.callback_url, "on": world.pushes.on})))
}

/// Sends a push that no event stands behind: forged, malformed, repeated.
fn send_hook(world: &mut World, call: &Call) -> Answer {
    let body: Value = read(call)?;
    if world.pushes.callback_url.is_none() {
        return Err(reply::conflict("conflict", "no callback address is set: PUT /_sandbox/hooks first"));
    }
    // `raw` is sent as it is; anything else under `body` as JSON.
    let text = body["raw"].as_str().map_or_else(|| body["body"].to_string(), str::to_owned);
    world.pushes.add(Push {
        code: body["body"]["code"].as_i64().unwrap_or(0),
        shop_id: loose_id(&body["body"]["shop_id"]),
        body: text,
        authorization: body["authorization"].as_str().map(str::to_owned),
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
