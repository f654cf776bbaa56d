//! Events on their way to the applications, and the feed of the missed ones (fact sheet §17).

use std::time::Duration;

use serde_json::json;

use super::World;
use crate::faults::{Fault, Occasion};
use crate::hooks::{HookDelivery, Notification, Stage};

/// Topics whose body has `id` and `actions` instead of `_id`.
const TYPED_TOPICS: [&str; 5] =
    ["messages", "post_purchase", "user_products", "user_products_families", "stock-locations"];

/// All topics an application can switch on.
pub const TOPICS: [&str; 11] = [
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
