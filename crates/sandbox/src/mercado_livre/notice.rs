//! Events on their way to the applications, and the feed of the missed ones (fact sheet §17).

use std::time::Duration;

use serde_json::{Value, json};

use super::World;
use super::gate::USERS;
use crate::call::Call;
use crate::dates::zulu;
use crate::faults::{Fault, Occasion};
use crate::hooks::{HookDelivery, Notification, Stage};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get};

/// Topics whose body has `id` and `actions` instead of `_id`.
const TYPED_TOPICS: [&str; 5] =
    ["messages", "post_purchase", "user_products", "user_products_families", "stock-locations"];

/// All topics an application can switch on.
pub const TOPICS: [&str; 12] = [
    "orders_v2",
    "items",
    "items_prices",
    "questions",
    "messages",
    "payments",
    "shipments",
    "post_purchase",
    "stock-locations",
    "user_products",
    "user_products_families",
    "fbm_stock_operations",
];

/// Tells every application that `user_id` has granted access to and that listens to
/// `topic` that `resource` has changed. `actions` go into typed bodies only.
pub fn notify(world: &mut World, user_id: i64, topic: &str, resource: &str, actions: &[&str]) {
    let clients: Vec<i64> = world.apps.keys().copied().collect();
    for client_id in clients {
        if !world.auth.has_grant(user_id, client_id) || !world.hooks.listens(client_id, topic) {
            continue;
        }
        let typed = TYPED_TOPICS.contains(&topic);
        let shown_topic = if topic == "stock-locations" { "stock-location" } else { topic };
        let mut payload = json!({
            "resource": resource, "user_id": user_id, "topic": shown_topic, "application_id": client_id,
        });
        payload[if typed { "id" } else { "_id" }] = json!(world.dice.uuid());
        if typed {
            payload["actions"] = json!(actions);
        }
        world.hooks.add(Notification {
            client_id,
            topic: topic.to_owned(),
            user_id,
            resource: resource.to_owned(),
            payload,
            created: world.now,
            attempts: Vec::new(),
            stage: Stage::Waiting(world.now),
            raw: None,
        });
    }
}

/// The notifications to be sent now, after the faults that befall notifications.
pub(crate) fn take_due(world: &mut World) -> Vec<HookDelivery> {
    let now = world.now;
    world.hooks.give_up_unreported(now);
    let mut deliveries = Vec::new();
    let mut newest_first = false;
    for number in world.hooks.due(now) {
        let Some(notification) = world.hooks.notifications.get_mut(&number) else { continue };
        let occasion = Occasion {
            path: &notification.resource,
            method: None,
            client_id: Some(notification.client_id),
            topic: Some(&notification.topic),
        };
        let struck = world.faults.strike(now, occasion);
        if struck.contains(&Fault::HookDrop) {
            notification.stage = Stage::Lost;
            continue;
        }
        if let Some(seconds) = struck.iter().find_map(lateness) {
            notification.stage = Stage::Waiting(now.plus(Duration::from_secs(seconds)));
            continue;
        }
        newest_first |= struck.contains(&Fault::HookReorder);
        let sendings = if struck.contains(&Fault::HookDuplicate) { 2 } else { 1 };
        deliveries.extend((0..sendings).filter_map(|_| world.hooks.send(number, now)));
    }
    if newest_first {
        deliveries.reverse();
    }
    deliveries
}

fn lateness(fault: &Fault) -> Option<u64> {
    if let Fault::HookLate { seconds } = fault { Some(*seconds) } else { None }
}

/// Feeds of one page when nothing is asked, and at most.
const FEEDS_DEFAULT: usize = 10;
const FEEDS_MAX: usize = 50;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![get("/missed_feeds", USERS, missed_feeds)]
}

fn missed_feeds(world: &mut World, call: &Call) -> Answer {
    let app = call.query("app_id").and_then(|id| id.parse().ok());
    let app: i64 = app.ok_or_else(|| reply::bad_request("bad_request", "app_id is required"))?;
    if app != call.caller()?.client_id {
        return Err(reply::not_yours());
    }
    let topic = call.query("topic");
    if topic == Some("items") && call.query("site_id").is_none() {
        return Err(reply::bad_request("bad_request", "site_id is required for the topic items"));
    }
    let page = call.page(FEEDS_DEFAULT, FEEDS_MAX)?;
    let url = world.hooks.subscriptions.get(&app).and_then(|subscription| subscription.url.clone());
    let missed: Vec<&Notification> = world
        .hooks
        .notifications
        .values()
        .filter(|it| {
            it.stage == Stage::Missed && it.client_id == app && topic.is_none_or(|topic| it.topic == topic)
        })
        .collect();
    let feeds: Vec<Value> =
        page.of(&missed).into_iter().map(|it| feed_document(it, url.as_deref())).collect();
    Ok(Reply::ok(json!({"messages": feeds})))
}

fn feed_document(notification: &Notification, url: Option<&str>) -> Value {
    let last = notification.attempts.last();
    let payload = &notification.payload;
    let id = if payload["_id"].is_null() { &payload["id"] } else { &payload["_id"] };
    json!({
        "_id": id, "resource": notification.resource, "user_id": notification.user_id, "topic": payload["topic"],
        "application_id": notification.client_id, "attempts": notification.attempts.len(),
        "sent": last.map(|attempt| zulu(attempt.at)), "received": zulu(notification.created),
        "request": {"url": url, "headers": "{\"content-type\":\"application/json\"}", "data": payload.to_string()},
        "response": {"req_time": last.map(|attempt| attempt.elapsed_ms), "http_code": last.and_then(|attempt| attempt.status),
            "body": "", "headers": "{}"},
    })
}
