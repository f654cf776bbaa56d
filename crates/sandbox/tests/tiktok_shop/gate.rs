//! What a call has to bring, and what it is told when something is missing.

use http::Method;
use sandbox::tiktok_shop::Rules;
use serde_json::json;

use crate::kit::{CASA, SERRA, header, shop, shop_with};

const SEARCH: &str = "/order/202309/orders/search?page_size=5";

#[test]
fn a_call_that_is_right_in_everything_is_answered_in_the_envelope() {
    let shop = shop();
    let reply = shop.ask(Method::POST, SEARCH).json(&json!({})).send();
    let document = reply.document();
    assert_eq!((document["code"].as_i64(), document["message"].as_str()), (Some(0), Some("Success")));
    assert!(document["request_id"].as_str().unwrap().starts_with("20261110130000"));
}

#[test]
fn an_unknown_path_method_and_version_are_told_apart() {
    let shop = shop();
    assert_eq!(shop.ask(Method::GET, "/order/202309/nothing").refusal(), (404, 36_009_009));
    assert_eq!(shop.ask(Method::DELETE, "/order/202309/orders").refusal(), (405, 36_009_010));
    assert_eq!(shop.ask(Method::GET, "/order/202212/orders?ids=1").refusal(), (400, 36_009_014));
}

#[test]
fn versions_are_per_endpoint() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    for version in ["202309", "202507"] {
        shop.get(&format!("/order/{version}/orders?ids={order}"));
    }
    assert_eq!(shop.ask(Method::POST, "/order/202507/orders/search").refusal().1, 36_009_014);
}

#[test]
fn the_application_is_looked_at_before_the_signature() {
    let shop = shop();
    let ask = || shop.ask(Method::POST, SEARCH).json(&json!({}));
    assert_eq!(ask().field("app_key", Some("6nobody")).signed("wrong").refusal(), (400, 36_009_004));
    assert_eq!(ask().field("app_key", None).refusal(), (400, 36_009_004));
}

#[test]
fn a_timestamp_may_be_five_minutes_late_and_half_a_minute_early() {
    let shop = shop();
    let now = shop.sandbox.now().as_millis() / 1_000;
    let code = |at: i64| {
        let ask = shop.ask(Method::POST, SEARCH).json(&json!({}));
        ask.field("timestamp", Some(&at.to_string())).send().document()["code"].as_i64().unwrap()
    };
    assert_eq!([now - 300, now + 30].map(code), [0, 0]);
    assert_eq!([now - 301, now + 31, -1, now * 1_000].map(code), [36_009_004; 4]);
}

#[test]
fn after_a_leap_of_time_a_client_at_the_machines_clock_is_right_as_well() {
    let shop = shop();
    let machine = shop.sandbox.now().as_millis() / 1_000;
    shop.control(Method::POST, "/_sandbox/time", &json!({"advance_seconds": 86_400}));
    let code = |at: i64| {
        let ask = shop.ask(Method::POST, SEARCH).json(&json!({}));
        ask.field("timestamp", Some(&at.to_string())).send().document()["code"].as_i64().unwrap()
    };
    assert_eq!([machine, machine + 86_400].map(code), [0, 0]);
    assert_eq!([machine - 301, machine + 31, machine + 86_431].map(code), [36_009_004; 3]);
}

#[test]
fn a_signature_is_compared_byte_for_byte() {
    let shop = shop();
    let ask = || shop.ask(Method::POST, SEARCH).json(&json!({"order_status": "UNPAID"}));
    let right = ask().right_sign();
    assert_eq!(ask().signed(&right).send().document()["code"], 0);
    assert_eq!(ask().signed(&right.to_uppercase()).refusal(), (401, 106_001));
    assert_eq!(ask().signed("").refusal(), (400, 36_009_004));
    // The same body with its keys in another order is another body.
    let body = json!({"create_time_ge": 1, "order_status": "UNPAID"}).to_string();
    let reordered = "{\"order_status\":\"UNPAID\",\"create_time_ge\":1}";
    assert_ne!(body, reordered);
    let signed_for_other = shop.ask(Method::POST, SEARCH).json(&json!({"create_time_ge": 1})).right_sign();
    assert_eq!(ask().signed(&signed_for_other).refusal(), (401, 106_001));
}

#[test]
fn a_wrong_signature_has_the_documented_body() {
    let shop = shop();
    let reply = shop.ask(Method::POST, SEARCH).signed("0000").send();
    let document = reply.document();
    assert_eq!(document["code"], 106_001);
    assert!(document["message"].as_str().unwrap().starts_with("Invalid credentials. The `sign`"));
    assert!(document.get("data").is_some_and(serde_json::Value::is_null));
}

#[test]
fn a_missing_an_unknown_and_an_expired_token_are_told_apart() {
    let shop = shop();
    let ask = || shop.ask(Method::POST, SEARCH);
    assert_eq!(ask().no_header("x-tts-access-token").refusal(), (401, 36_009_004));
    assert_eq!(ask().header("x-tts-access-token", "ROW_unknown").refusal(), (401, 36_009_004));
    let token = shop.manifest.shops[CASA].access_token.clone().unwrap();
    let body = json!({"shop_id": shop.manifest.shops[CASA].shop_id});
    shop.control(Method::POST, "/_sandbox/tokens/expire", &body);
    assert_eq!(ask().header("x-tts-access-token", &token).refusal(), (401, 105_002));
}

#[test]
fn the_cipher_is_needed_here_and_unexpected_there() {
    let shop = shop();
    let foreign = shop.manifest.shops[SERRA].cipher.clone();
    let ask = || shop.ask(Method::POST, SEARCH);
    assert_eq!(ask().without_cipher().refusal(), (400, 106_013));
    assert_eq!(ask().field("shop_cipher", Some("ROW_gone")).refusal(), (400, 36_009_004));
    assert_eq!(ask().field("shop_cipher", Some(&foreign)).refusal(), (400, 101_000));
    let shops = || shop.ask(Method::GET, "/authorization/202309/shops");
    assert_eq!(shops().refusal(), (400, 36_009_004));
    let found = shops().without_cipher().data();
    assert_eq!(found["shops"][0]["cipher"], shop.manifest.shops[CASA].cipher.as_str());
    assert_eq!(found["shops"][0]["seller_type"], "LOCAL");
}

#[test]
fn a_scope_that_was_not_granted_is_refused() {
    let shop = shop();
    shop.control(Method::PUT, "/_sandbox/app", &json!({"scopes": ["seller.authorization.info"]}));
    assert_eq!(shop.ask(Method::POST, SEARCH).refusal(), (403, 105_005));
}

#[test]
fn a_body_has_to_be_what_the_endpoint_takes() {
    let shop = shop();
    let ask = || shop.ask(Method::POST, SEARCH).json(&json!({}));
    assert_eq!(ask().header("content-type", "text/plain").refusal(), (400, 36_009_022));
    let upload = shop.ask(Method::POST, "/product/202309/images/upload").without_cipher().json(&json!({}));
    assert_eq!(upload.refusal(), (400, 36_009_023));
    assert_eq!(shop.ask(Method::POST, SEARCH).json(&json!([1])).refusal(), (400, 36_009_004));
}

#[test]
fn too_many_calls_are_told_when_to_come_back() {
    let shop = shop_with(Rules { requests_per_second: 2, ..Rules::default() });
    let call = || shop.ask(Method::POST, SEARCH).send();
    let statuses: Vec<u16> = (0..3).map(|_| call().status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(header(&call(), "retry-after"), Some("1"));
    shop.pass(std::time::Duration::from_secs(1));
    assert_eq!(call().status.as_u16(), 200);
}

#[test]
fn a_test_shop_has_an_hourly_limit() {
    let shop = shop_with(Rules { requests_per_hour: Some(1), ..Rules::default() });
    shop.post(SEARCH, &json!({}));
    assert_eq!(shop.ask(Method::POST, SEARCH).refusal(), (429, 36_009_037));
}

#[test]
fn a_closed_shop_is_told_so() {
    let shop = shop();
    let path = format!("/_sandbox/shops/{}", shop.manifest.shops[CASA].shop_id);
    shop.control(Method::PUT, &path, &json!({"active": false}));
    assert_eq!(shop.ask(Method::POST, SEARCH).refusal(), (401, 36_009_043));
}

#[test]
fn a_page_token_survives_its_way_through_the_query_and_belongs_to_its_listing() {
    let shop = shop();
    let search = "/product/202309/products/search?page_size=7";
    let first = shop.post(search, &json!({}));
    let token = first["next_page_token"].as_str().unwrap();
    let second = shop.ask(Method::POST, search).json(&json!({})).field("page_token", Some(token)).data();
    assert_ne!(first["products"][0]["id"], second["products"][0]["id"]);
    assert_eq!(first["total_count"], second["total_count"]);
    let other =
        shop.ask(Method::POST, search).json(&json!({"status": "DRAFT"})).field("page_token", Some(token));
    assert_eq!(other.refusal(), (200, 98_001_004));
}

#[test]
fn refusals_can_come_with_http_200() {
    let shop = shop_with(Rules { refusals_with_200: true, ..Rules::default() });
    assert_eq!(shop.ask(Method::POST, SEARCH).signed("0").refusal(), (200, 106_001));
}
