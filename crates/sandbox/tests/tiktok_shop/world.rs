//! The world as a whole: manifest, faults, repetition, dump, robot.

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, ManualClock};
use http::Method;
use sandbox::tiktok_shop::{TikTokShop, TikTokShopConfig};
use sandbox::{Fault, FaultRule, Sandbox, SandboxConfig, Traffic};
use serde_json::json;

use crate::kit::{CASA, shop, start};

#[test]
fn the_manifest_says_how_to_connect() {
    let shop = shop();
    let manifest = shop.control(Method::GET, "/_sandbox/manifest", &json!({}));
    assert_eq!(manifest["api_url"], "http://127.0.0.1:9102");
    assert_eq!(manifest["shops"][CASA]["name"], "Casa do Treco 3D");
    assert!(manifest["shops"][CASA]["access_token"].as_str().unwrap().starts_with("ROW_"));
}

#[test]
fn the_log_shows_what_was_asked_and_no_secret() {
    let shop = shop();
    let secret = shop.manifest.app_secret.clone();
    let uri = format!(
        "/api/v2/token/get?app_key=x&app_secret={secret}&auth_code=ROW_code&grant_type=authorized_code"
    );
    shop.plain(Method::GET, &uri, "");
    let log = shop.control(Method::GET, "/_sandbox/log", &json!({})).to_string();
    assert!(log.contains("/api/v2/token/get") && !log.contains(&secret) && !log.contains("ROW_code"));
}

#[test]
fn a_dump_put_back_is_the_same_world() {
    let shop = shop();
    shop.sell(&json!({"sku": "ORG-GAV-6"}));
    let dump = shop.control(Method::GET, "/_sandbox/state", &json!({}));
    let other = crate::kit::shop();
    other.control(Method::PUT, "/_sandbox/state", &dump);
    assert_eq!(other.control(Method::GET, "/_sandbox/state", &json!({})), dump);
}

#[test]
fn the_same_seed_and_calls_give_the_same_answers() {
    let run = || {
        let shop = shop();
        shop.sandbox.set_traffic(Some(Traffic { orders_per_minute: 10, seed: 3 }));
        shop.pass(Duration::from_hours(2));
        shop.control(Method::GET, "/_sandbox/snapshot", &json!({}))
    };
    let snapshot = run();
    assert!(snapshot["orders"].as_array().unwrap().len() > 100);
    assert_eq!(snapshot, run());
}

#[test]
fn units_are_neither_made_nor_lost_by_the_robot() {
    let shop = shop();
    let units = |shop: &crate::kit::Shop| -> i64 {
        shop.sandbox.snapshot().skus.iter().map(|it| it.available + it.committed).sum()
    };
    let before = units(&shop);
    shop.sandbox.set_traffic(Some(Traffic { orders_per_minute: 6, seed: 5 }));
    // Nobody ships, so everything sold is still in the house.
    shop.pass(Duration::from_hours(24));
    assert_eq!(units(&shop), before);
    assert!(shop.sandbox.snapshot().skus.iter().all(|it| it.available >= 0 && it.committed >= 0));
}

#[test]
fn faults_speak_the_platforms_words() {
    let shop = shop();
    let search = "/order/202309/orders/search?page_size=5";
    let refused = |fault: Fault| {
        shop.sandbox.set_faults(vec![FaultRule::new("/order", fault).times(1)]);
        let reply = shop.ask(Method::POST, search).json(&json!({})).send();
        (reply.status.as_u16(), reply.document()["code"].as_i64())
    };
    assert_eq!(refused(Fault::Status { status: 429 }), (429, Some(36_009_002)));
    assert_eq!(refused(Fault::Status { status: 503 }), (503, Some(36_009_003)));
    let own = Fault::Code { code: "11001027".to_owned(), message: "Try again".to_owned(), status: None };
    assert_eq!(refused(own), (200, Some(11_001_027)));
    assert_eq!(refused(Fault::HtmlBody), (502, None));
    assert_eq!(shop.post(search, &json!({}))["total_count"], 0);
}

#[test]
fn every_second_entry_of_a_batch_can_fail() {
    let shop = shop();
    let ids: Vec<String> = ["ORG-GAV-6", "ORG-3D-MOD"].map(|sku| shop.sku(CASA, sku).0).to_vec();
    shop.sandbox.set_faults(vec![FaultRule::new("/product", Fault::PartialMultiget).times(1)]);
    let data = shop.post("/product/202309/products/deactivate", &json!({"product_ids": ids}));
    assert_eq!(data["errors"].as_array().unwrap().len(), 1);
    assert_eq!(data["errors"][0]["detail"]["product_id"], ids[1].as_str());
}

#[test]
fn a_fresh_order_can_be_missing_from_a_stale_read() {
    let shop = shop();
    let order = shop.sell(&json!({"sku": "ORG-GAV-6"}));
    shop.order(&order);
    shop.sandbox.set_faults(vec![FaultRule::new("/order", Fault::StaleRead { seconds: 60 })]);
    shop.pass(Duration::from_secs(1));
    let fresh = shop.sell(&json!({"sku": "ORG-GAV-6"}));
    let path = format!("/order/202507/orders?ids={fresh}");
    assert_eq!(shop.ask(Method::GET, &path).refusal(), (200, 21_008_111));
}

#[test]
fn answers_can_hold_fields_that_nobody_knows() {
    let shop = shop();
    let mut rules = shop.control(Method::GET, "/_sandbox/rules", &json!({}));
    rules["unknown_extra_fields"] = json!(true);
    shop.control(Method::PUT, "/_sandbox/rules", &rules);
    let found = shop.get("/logistics/202309/warehouses");
    assert_eq!(found["warehouses"][0]["novel_field"], "novel");
}

#[test]
fn a_leap_of_time_is_shared_with_the_market_beside() {
    let clock = Arc::new(ManualClock::at(start()));
    let mercado_livre = Sandbox::new(SandboxConfig::new(clock));
    let tiktok_shop = TikTokShop::new(TikTokShopConfig::beside(mercado_livre.clock()));
    let request = http::Request::builder().method(Method::POST).uri("/_sandbox/time");
    let body = bytes::Bytes::from_static(b"{\"advance_seconds\":3600}");
    let _answer = tiktok_shop.answer(request.body(body).unwrap());
    assert_eq!(mercado_livre.clock().now(), start().plus(Duration::from_hours(1)));
    assert_eq!(mercado_livre.now(), tiktok_shop.now());
}
