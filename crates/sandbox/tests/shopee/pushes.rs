use std::time::Duration;

use domain::Clock;
use http::Method;
use sandbox::{Fault, FaultRule, HookAnswer};
use serde_json::{Value, json};

use crate::kit::{HOOK_URL, Market, PERSON, code, hmac_hex, hours, market};

/// Lets the pushes now due fail; how many they were.
fn fail(market: &Market) -> usize {
    let sent = market.sandbox.tick(market.sandbox.now());
    for push in &sent {
        market.sandbox.hook_result(push.id, Some(500), Duration::ZERO);
    }
    sent.len()
}

fn lost(market: &Market) -> Value {
    market.public_get("/api/v2/push/get_lost_push_message")["response"].clone()
}

#[test]
fn a_push_is_signed_over_the_configured_address_and_its_raw_body() {
    let market = market();
    market.simple_order();
    let sent = market.sandbox.tick(market.sandbox.now());
    assert!(!sent.is_empty());
    for push in sent {
        let wanted = hmac_hex(&market.manifest.partner_key, &format!("{HOOK_URL}|{}", push.body));
        assert_eq!(push.headers, [("Authorization", wanted)]);
        assert_eq!(push.url, HOOK_URL);
    }
}

#[test]
fn an_order_is_told_about_by_its_number_and_status() {
    let market = market();
    let sn = market.simple_order();
    let told = market.take_pushes();
    let statuses: Vec<&Value> =
        told.iter().filter(|push| push["code"] == 3).map(|push| &push["data"]["status"]).collect();
    assert_eq!(statuses, ["UNPAID", "READY_TO_SHIP"]);
    let last = told.iter().rfind(|push| push["code"] == 3).unwrap();
    assert_eq!(last["shop_id"], market.shop_id(PERSON));
    assert_eq!(last["timestamp"], market.now());
    let data = json!({"ordersn": sn, "status": "READY_TO_SHIP", "completed_scenario": "", "update_time": market.now(), "items": []});
    assert_eq!(last["data"], data);
}

#[test]
fn a_failed_push_is_tried_after_five_and_thirty_minutes_and_three_hours() {
    let market = market();
    market.control(Method::PUT, "/_sandbox/hooks", &json!({"codes": [3]}));
    market.sale(&json!({"sku": "PEN-64", "pay_after_seconds": 999_999}));
    let start = market.clock.now();
    let mut tries = Vec::new();
    while fail(&market) > 0 {
        tries.push(market.clock.now().since(start).as_secs());
        let next = market.sandbox.with_world(|world| world.pushes_due_at());
        let Some(next) = next else { break };
        market.clock.advance(next.since(market.clock.now()));
    }
    assert_eq!(tries, [0, 300, 2_100, 12_900]);
    assert_eq!(lost(&market)["push_message_list"].as_array().unwrap().len(), 1);
}

#[test]
fn a_late_answer_and_one_with_a_body_count_as_failures() {
    let market = market();
    market.control(Method::PUT, "/_sandbox/hooks", &json!({"codes": [3]}));
    market.sale(&json!({"sku": "PEN-64", "pay_after_seconds": 999_999}));
    let answer = |answer: HookAnswer, elapsed: Duration| {
        let sent = market.sandbox.tick(market.sandbox.now());
        market.sandbox.hook_answered(sent[0].id, Some(answer), elapsed);
        market.sandbox.with_world(|world| world.pushes_due_at()).is_some()
    };
    assert!(answer(HookAnswer { status: 200, is_empty: false }, Duration::ZERO));
    market.clock.advance(Duration::from_mins(5));
    assert!(answer(HookAnswer::empty(200), Duration::from_millis(3_001)));
    market.clock.advance(Duration::from_mins(30));
    assert!(!answer(HookAnswer::empty(202), Duration::from_secs(3)));
}

#[test]
fn lost_pushes_are_fetched_and_confirmed_up_to_a_mark() {
    let market = market();
    market.control(Method::PUT, "/_sandbox/hooks", &json!({"codes": [3]}));
    market.control(Method::POST, "/_sandbox/sales", &json!({"sku": "PEN-64", "count": 51}));
    for pause in [0, 300, 1_800, 10_800] {
        market.clock.advance(Duration::from_secs(pause));
        assert_eq!(fail(&market), 102);
    }
    let page = lost(&market);
    assert_eq!(
        (page["push_message_list"].as_array().unwrap().len(), page["has_next_page"].as_bool()),
        (100, Some(true))
    );
    // The whole original envelope, as text.
    let envelope: Value =
        serde_json::from_str(page["push_message_list"][0]["data"].as_str().unwrap()).unwrap();
    assert_eq!((envelope["code"].as_i64(), envelope["data"]["status"].as_str()), (Some(3), Some("UNPAID")));
    let confirm = |last: &Value| {
        market
            .public_post("/api/v2/push/confirm_consumed_lost_push_message", &json!({"last_message_id": last}))
    };
    assert_eq!(confirm(&page["last_message_id"]).document()["error"], "");
    assert_eq!(lost(&market)["push_message_list"].as_array().unwrap().len(), 2);
    assert_eq!(code(&confirm(&json!(999_999))), "error_param");
    market.clock.advance(hours(72));
    assert_eq!(lost(&market)["push_message_list"], json!([]));
}

#[test]
fn chronic_failure_ends_the_subscription() {
    let market = market();
    market.control(Method::PUT, "/_sandbox/hooks", &json!({"codes": [3, 30]}));
    for _ in 0..11 {
        market.control(Method::POST, "/_sandbox/sales", &json!({"sku": "SUP-CEL-ART", "count": 14}));
    }
    for pause in [0, 300] {
        market.clock.advance(Duration::from_secs(pause));
        fail(&market);
    }
    let config = market.public_get("/api/v2/push/get_app_push_config");
    assert_eq!(config["response"]["live_push_status"], "Suspended");
    // What happens meanwhile is never sent; switching on again is for the developer.
    let before = market.sandbox.with_world(|world| world.pushes_count());
    market.simple_order();
    assert_eq!(market.sandbox.with_world(|world| world.pushes_count()), before);
    market.public_post("/api/v2/push/set_app_push_config", &json!({"callback_url": HOOK_URL}));
    market.simple_order();
    assert!(market.sandbox.with_world(|world| world.pushes_count()) > before);
}

#[test]
fn codes_are_switched_and_shops_left_out() {
    let market = market();
    let set = |body: &Value| market.public_post("/api/v2/push/set_app_push_config", body);
    assert_eq!(
        set(&json!({"set_push_config_off": [30], "blocked_shop_id_list": []})).document()["error"],
        ""
    );
    market.simple_order();
    assert!(market.take_pushes().iter().all(|push| push["code"] != 30));
    set(&json!({"blocked_shop_id_list": [market.shop_id(PERSON)]}));
    market.simple_order();
    assert!(market.take_pushes().is_empty());
    assert_eq!(code(&set(&json!({"set_push_config_on": [10]}))), "error_param");
    assert_eq!(code(&set(&json!({"callback_url": "ftp://x"}))), "error_param");
}

#[test]
fn pushes_vanish_come_twice_and_come_late_on_demand() {
    let market = market();
    market.control(Method::PUT, "/_sandbox/hooks", &json!({"codes": [3]}));
    let sale = || market.sale(&json!({"sku": "PEN-64", "pay_after_seconds": 999_999}));
    let with = |fault: Fault| market.sandbox.set_faults(vec![FaultRule::new("/push/3", fault)]);
    let sent = || market.sandbox.tick(market.sandbox.now()).len();
    with(Fault::HookDrop);
    sale();
    assert_eq!(sent(), 0);
    with(Fault::HookDuplicate);
    sale();
    assert_eq!(sent(), 2);
    with(Fault::HookLate { seconds: 60 });
    sale();
    assert_eq!(sent(), 0);
    market.sandbox.set_faults(Vec::new());
    market.clock.advance(Duration::from_mins(1));
    assert!(sent() >= 1);
}

#[test]
fn a_forged_push_goes_out_with_a_forged_signature() {
    let market = market();
    let body = json!({"raw": "{not json", "authorization": "00"});
    market.control(Method::POST, "/_sandbox/hooks/send", &body);
    let sent = market.sandbox.tick(market.sandbox.now());
    assert_eq!(
        (sent[0].body.as_str(), &sent[0].headers),
        ("{not json", &vec![("Authorization", "00".to_owned())])
    );
}
