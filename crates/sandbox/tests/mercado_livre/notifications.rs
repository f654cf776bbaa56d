//! Notifications (fact sheet §17).

use std::time::Duration;

use http::{Method, StatusCode};
use sandbox::faults::{Fault, FaultRule};
use sandbox::{HookDelivery, SaleRequest};
use serde_json::{Value, json};

use crate::kit::{CLASSIC, HOOK_URL, Shop, shop};

fn due(shop: &Shop) -> Vec<HookDelivery> {
    shop.sandbox.tick(shop.sandbox.now())
}

fn body(delivery: &HookDelivery) -> Value {
    serde_json::from_str(&delivery.body).unwrap()
}

/// Takes everything due and answers 200.
fn drain(shop: &Shop) -> Vec<Value> {
    let deliveries = due(shop);
    for delivery in &deliveries {
        shop.sandbox.hook_result(delivery.id, Some(200), Duration::from_millis(20));
    }
    deliveries.iter().map(body).collect()
}

fn sell(shop: &Shop) -> i64 {
    shop.sandbox.sell(&SaleRequest::of_sku("CAB-HDMI-2M", 1)).unwrap()[0]
}

#[test]
fn a_sale_is_told_by_order_payment_item_and_stock() {
    let shop = shop();
    assert_eq!(due(&shop), []);
    let order = sell(&shop);
    let sent = drain(&shop);
    let of_topic = |topic: &str| sent.iter().filter(|hook| hook["topic"] == topic).count();
    assert_eq!(
        [of_topic("orders_v2"), of_topic("items"), of_topic("stock-location"), of_topic("payments")],
        [2, 1, 1, 1]
    );
    let hook = sent.iter().find(|hook| hook["topic"] == "orders_v2").unwrap();
    assert_eq!(hook["resource"], format!("/orders/{order}"));
    assert_eq!(hook["user_id"], shop.user_id(CLASSIC));
    assert_eq!(hook["application_id"], 1_234_567_890_123_456_i64);
    assert_eq!((&hook["attempts"], &hook["received"]), (&json!(1), &json!("2026-11-10T13:00:00.000Z")));
    assert!(hook["_id"].is_string());
    let typed = sent.iter().find(|hook| hook["topic"] == "stock-location").unwrap();
    assert!(typed["id"].is_string() && typed["actions"] == json!(["updated"]) && typed.get("_id").is_none());
}

#[test]
fn an_answered_notification_is_not_repeated_and_an_unanswered_one_is() {
    let shop = shop();
    sell(&shop);
    let deliveries = due(&shop);
    let (failed, others) = deliveries.split_first().unwrap();
    assert_eq!(failed.url, HOOK_URL);
    shop.sandbox.hook_result(failed.id, None, Duration::from_secs(2));
    for other in others {
        shop.sandbox.hook_result(other.id, Some(200), Duration::ZERO);
    }
    shop.clock.advance(Duration::from_mins(1));
    let again: Vec<Value> = due(&shop).iter().map(body).collect();
    let again: Vec<_> = again.iter().filter(|hook| hook["attempts"] == 2).collect();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["_id"], body(failed)["_id"]);
}

#[test]
fn what_was_never_taken_ends_in_the_missed_feeds_for_two_days() {
    let shop = shop();
    sell(&shop);
    for _ in 0..61 {
        for delivery in due(&shop) {
            shop.sandbox.hook_result(delivery.id, Some(503), Duration::ZERO);
        }
        shop.clock.advance(Duration::from_mins(1));
    }
    let app = &shop.manifest.apps[0].client_id;
    let feeds = |more: &str| {
        shop.get(&format!("/missed_feeds?app_id={app}{more}"))["messages"].as_array().unwrap().clone()
    };
    let missed = feeds("&topic=orders_v2");
    assert_eq!((&missed[0]["attempts"], &missed[0]["response"]["http_code"]), (&json!(8), &json!(503)));
    assert_eq!(feeds("&limit=1").len(), 1);
    let items = shop.seller(Method::GET, &format!("/missed_feeds?app_id={app}&topic=items")).send();
    assert_eq!(items.status, StatusCode::BAD_REQUEST);
    assert!(!feeds("&topic=items&site_id=MLB").is_empty());
    shop.clock.advance(Duration::from_hours(48));
    assert!(feeds("&topic=orders_v2").is_empty());
}

#[test]
fn nobody_is_told_about_a_seller_who_has_revoked() {
    let shop = shop();
    let user = shop.user_id(CLASSIC);
    shop.control(Method::POST, "/_sandbox/tokens/revoke", &json!({"user_id": user}));
    sell(&shop);
    assert_eq!(due(&shop), []);
}

#[test]
fn only_the_topics_switched_on_are_sent() {
    let shop = shop();
    shop.control(Method::PUT, "/_sandbox/hooks", &json!({"topics": ["payments"]}));
    sell(&shop);
    assert!(drain(&shop).iter().all(|hook| hook["topic"] == "payments"));
}

#[test]
fn notifications_can_be_dropped_doubled_reordered_and_late() {
    let shop = shop();
    let topics = |shop: &Shop| {
        drain(shop).iter().map(|hook| hook["topic"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    sell(&shop);
    let plain = topics(&shop);
    shop.sandbox.set_faults(vec![FaultRule::new("/orders", Fault::HookDrop)]);
    sell(&shop);
    assert!(!topics(&shop).contains(&"orders_v2".to_owned()));
    shop.sandbox.set_faults(vec![FaultRule::new("", Fault::HookDuplicate)]);
    sell(&shop);
    assert_eq!(topics(&shop).len(), plain.len() * 2);
    shop.sandbox.set_faults(vec![FaultRule::new("", Fault::HookReorder)]);
    sell(&shop);
    assert_eq!(topics(&shop), plain.iter().rev().cloned().collect::<Vec<_>>());
    shop.sandbox.set_faults(vec![FaultRule::new("", Fault::HookLate { seconds: 90 })]);
    sell(&shop);
    assert!(topics(&shop).is_empty());
    shop.sandbox.set_faults(Vec::new());
    shop.clock.advance(Duration::from_secs(90));
    assert!(topics(&shop).len() >= plain.len());
}

#[test]
fn a_forged_and_a_malformed_notification_can_be_sent() {
    let shop = shop();
    let forged =
        json!({"body": {"topic": "orders_v2", "resource": "/orders/1", "user_id": "7", "recieved": "x"}});
    shop.control(Method::POST, "/_sandbox/hooks/send", &forged);
    shop.control(Method::POST, "/_sandbox/hooks/send", &json!({"raw": "{\"topic\":"}));
    let sent = due(&shop);
    assert_eq!(body(&sent[0]), forged["body"]);
    assert_eq!(sent[1].body, "{\"topic\":");
}

#[test]
fn a_write_of_the_client_itself_is_told_as_well() {
    let shop = shop();
    let item = shop.item("CAB-HDMI-2M");
    shop.put(&format!("/items/{item}"), &json!({"price": 60}));
    let sent = drain(&shop);
    assert!(sent.iter().any(|hook| hook["topic"] == "items" && hook["resource"] == format!("/items/{item}")));
    assert!(sent.iter().any(|hook| hook["topic"] == "items_prices"));
}
