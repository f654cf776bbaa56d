//! The world as a whole: determinism, dump and restore, time, the robot, the documents of the control API.

use std::time::Duration;

use http::Method;
use sandbox::mercado_livre::order::OrderStatus;
use sandbox::{SaleRequest, Traffic};
use serde_json::{Value, json};

use crate::kit::{CLASSIC, Shop, shop, shop_of_seed};

/// An hour of a busy shop.
fn busy_hour(shop: &Shop) {
    shop.sandbox.set_traffic(Some(Traffic { orders_per_minute: 4, seed: 9 }));
    for _ in 0..60 {
        shop.pass(Duration::from_mins(1));
    }
}

fn state(shop: &Shop) -> Value {
    shop.control(Method::GET, "/_sandbox/state", &json!({}))
}

#[test]
fn the_same_seed_and_the_same_calls_give_the_same_world() {
    let (first, second, other) = (shop_of_seed(5), shop_of_seed(5), shop_of_seed(6));
    for shop in [&first, &second, &other] {
        busy_hour(shop);
    }
    assert_eq!(state(&first), state(&second));
    assert_ne!(first.manifest, other.manifest);
}

#[test]
fn time_in_one_leap_ends_where_time_in_steps_ends() {
    let (leap, steps) = (shop(), shop());
    for shop in [&leap, &steps] {
        shop.control(Method::PUT, "/_sandbox/hooks", &json!({"topics": []}));
        shop.sandbox.set_traffic(Some(Traffic { orders_per_minute: 2, seed: 3 }));
    }
    for _ in 0..60 {
        steps.pass(Duration::from_mins(1));
    }
    leap.pass(Duration::from_hours(1));
    assert_eq!(leap.sandbox.snapshot(), steps.sandbox.snapshot());
}

#[test]
fn a_dump_can_be_restored_and_lived_on() {
    let shop = shop();
    shop.sandbox.sell(&SaleRequest::of_sku("CAB-HDMI-2M", 1)).unwrap();
    let dump = state(&shop);
    shop.sandbox.sell(&SaleRequest::of_sku("CAB-HDMI-2M", 5)).unwrap();
    shop.ask(Method::PUT, "/_sandbox/state").json(&dump).send();
    assert_eq!(state(&shop), dump);
    shop.pass(Duration::from_mins(1));
    assert!(shop.sandbox.snapshot().orders[0].shipment_status.is_some());
}

#[test]
fn units_are_neither_made_nor_lost() {
    let shop = shop();
    let total = |shop: &Shop| {
        let snapshot = shop.sandbox.snapshot();
        let held: i64 =
            snapshot.orders.iter().filter(|order| order.holds_stock).map(|order| order.quantity).sum();
        snapshot.stock.iter().map(|stock| stock.quantity).sum::<i64>() + held
    };
    let before = total(&shop);
    busy_hour(&shop);
    let snapshot = shop.sandbox.snapshot();
    assert!(snapshot.orders.len() > 100, "{}", snapshot.orders.len());
    assert!(snapshot.orders.iter().any(|order| order.status == OrderStatus::Cancelled));
    assert!(snapshot.stock.iter().all(|stock| stock.quantity >= 0));
    assert_eq!(total(&shop), before);
}

#[test]
fn the_robot_makes_about_as_many_purchases_as_asked_and_goes_home_when_told() {
    let shop = shop();
    shop.sandbox.set_traffic(Some(Traffic { orders_per_minute: 2, seed: 9 }));
    shop.pass(Duration::from_mins(30));
    let made = shop.sandbox.snapshot().orders.len();
    assert!((40..=110).contains(&made), "{made}");
    shop.sandbox.set_traffic(None);
    shop.pass(Duration::from_mins(30));
    assert_eq!(shop.sandbox.snapshot().orders.len(), made);
}

#[test]
fn the_control_api_moves_time_and_everything_with_it() {
    let shop = shop();
    let order = shop.control(Method::POST, "/_sandbox/sales", &json!({"sku": "CAB-HDMI-2M", "quantity": 1}))
        ["orders"][0]
        .clone();
    let time = shop.control(Method::POST, "/_sandbox/time", &json!({"advance_seconds": 60}));
    assert_eq!(time, json!({"now": "2026-11-10T13:01:00.000Z"}));
    assert!(shop.get(&format!("/orders/{order}"))["shipping"]["id"].is_i64());
    let wrong = shop.ask(Method::POST, "/_sandbox/time").json(&json!({"advance_seconds": -1})).send();
    assert_eq!(wrong.status.as_u16(), 400);
}

#[test]
fn the_manifest_says_all_that_a_client_needs() {
    let shop = shop();
    let manifest = shop.control(Method::GET, "/_sandbox/manifest", &json!({}));
    assert_eq!(manifest["api_url"], "http://127.0.0.1:9080");
    assert_eq!(manifest["authorization_url"], "http://127.0.0.1:9080/authorization");
    assert_eq!(manifest["sellers"][0]["nickname"], "CASA.DO.TRECO.3D");
    assert!(manifest["apps"][0]["client_secret"].is_string());
}

#[test]
fn the_log_shows_the_newest_request_first_and_no_token() {
    let shop = shop();
    shop.get("/users/me");
    shop.seller(Method::GET, "/nothing?access_token=APP_USR-secret").send();
    let log = shop.control(Method::GET, "/_sandbox/log", &json!({}));
    assert_eq!(
        (&log[0]["path"], &log[0]["status"], &log[0]["query"]),
        (&json!("/nothing"), &json!(404), &json!("access_token=***"))
    );
    assert_eq!((&log[1]["path"], &log[1]["user_id"]), (&json!("/users/me"), &json!(shop.user_id(CLASSIC))));
}

#[test]
fn what_the_control_api_cannot_read_it_says() {
    let shop = shop();
    let faults = shop.ask(Method::PUT, "/_sandbox/faults").json(&json!([{"kind": "gremlins"}])).send();
    assert_eq!(faults.status.as_u16(), 400);
    assert!(faults.document()["message"].as_str().unwrap().contains("gremlins"));
    let sale = shop.ask(Method::POST, "/_sandbox/sales").json(&json!({})).send();
    assert_eq!(sale.document()["message"], "name an item_id or a sku, or fill the cart");
    let order = shop.ask(Method::POST, "/_sandbox/orders/1/cancel").send();
    assert_eq!(order.status.as_u16(), 404);
}
