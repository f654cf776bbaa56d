//! Who is told, how it is signed, and how often it is tried.

use std::time::Duration;

use http::Method;
use sandbox::tiktok_shop::Rules;
use sandbox::tiktok_shop::sign;
use sandbox::{Fault, FaultRule, HookAnswer};
use serde_json::{Value, json};

use crate::kit::{CASA, HOOK_URL, Shop, shop, shop_with};

const STATUS: &str = "PRODUCT_STATUS_CHANGE";
const SECOND: Duration = Duration::from_secs(1);

/// Sends what is due; the deliveries, not answered yet.
fn due(shop: &Shop) -> Vec<sandbox::HookDelivery> {
    shop.sandbox.tick(shop.sandbox.now())
}

fn answered(shop: &Shop, id: u64, status: u16, elapsed: Duration) {
    shop.sandbox.hook_answered(id, Some(HookAnswer::empty(status)), elapsed);
}

/// One webhook on its way, nothing else.
fn one_webhook(shop: &Shop) {
    let (id, _) = shop.sku(CASA, "ORG-GAV-6");
    shop.control(Method::POST, &format!("/_sandbox/products/{id}/fail"), &json!({}));
    // One of the two things told of a failed audit.
    shop.sandbox.with_world(|world| world.webhooks.notifications.retain(|_, it| it.event_type == STATUS));
}

#[test]
fn a_webhook_is_signed_over_key_and_body() {
    let shop = shop();
    one_webhook(&shop);
    let delivery = &due(&shop)[0];
    assert_eq!(delivery.url, HOOK_URL);
    let signature =
        sign::of_webhook(&shop.manifest.app_secret, &shop.manifest.app_key, delivery.body.as_bytes());
    assert_eq!(delivery.headers, [("authorization", signature)]);
    let body: Value = serde_json::from_str(&delivery.body).unwrap();
    assert_eq!(body["shop_id"], shop.manifest.shops[CASA].shop_id.as_str());
    assert!(body["tts_notification_id"].is_string() && body["timestamp"].is_i64());
}

#[test]
fn an_answer_in_time_ends_the_matter() {
    let shop = shop();
    one_webhook(&shop);
    answered(&shop, due(&shop)[0].id, 200, Duration::from_secs(3));
    shop.clock.advance(Duration::from_hours(24));
    assert!(due(&shop).is_empty());
}

#[test]
fn a_refusal_and_a_late_answer_are_tried_again_four_times() {
    let shop = shop();
    one_webhook(&shop);
    let pauses = [2, 30, 180, 720].map(Duration::from_mins);
    for (attempt, pause) in pauses.into_iter().enumerate() {
        let sent = due(&shop);
        assert_eq!(sent.len(), 1, "attempt {attempt}");
        let (status, elapsed) =
            if attempt % 2 == 0 { (500, SECOND) } else { (200, Duration::from_millis(3_001)) };
        answered(&shop, sent[0].id, status, elapsed);
        shop.clock.advance(pause.saturating_sub(SECOND));
        assert!(due(&shop).is_empty(), "attempt {attempt}");
        shop.clock.advance(SECOND);
    }
    answered(&shop, due(&shop)[0].id, 500, SECOND);
    shop.clock.advance(Duration::from_hours(48));
    assert!(due(&shop).is_empty());
}

#[test]
fn a_body_in_the_answer_can_be_held_against_it() {
    let shop = shop_with(Rules { webhook_needs_empty_body: true, ..Rules::default() });
    one_webhook(&shop);
    let answer = HookAnswer { status: 200, is_empty: false };
    shop.sandbox.hook_answered(due(&shop)[0].id, Some(answer), SECOND);
    assert!(
        shop.sandbox.next_event_at().is_some_and(|at| at <= shop.sandbox.now().plus(Duration::from_mins(2)))
    );
}

#[test]
fn a_shop_registers_its_own_address_for_one_type() {
    let shop = shop();
    let path = "/event/202309/webhooks";
    let body = json!({"address": "https://erp.example.com/tts", "event_type": "PRODUCT_STATUS_CHANGE"});
    shop.ask(Method::PUT, path).json(&body).data();
    let shown = shop.get(path);
    assert_eq!((&shown["total_count"], &shown["webhooks"][0]["address"]), (&json!(1), &body["address"]));
    assert!(shown["webhooks"][0]["create_time"].as_i64().unwrap() > 1_000_000_000_000);
    one_webhook(&shop);
    let urls: Vec<_> = due(&shop).into_iter().map(|it| it.url).collect();
    assert_eq!(urls, ["https://erp.example.com/tts"]);
    // Deleting has a body, and succeeds even when nothing is there.
    for _ in 0..2 {
        shop.ask(Method::DELETE, path).json(&json!({"event_type": "PRODUCT_STATUS_CHANGE"})).data();
    }
    assert_eq!(shop.get(path)["total_count"], 0);
}

#[test]
fn a_shops_own_address_can_stand_beside_the_common_one() {
    let shop = shop_with(Rules { shop_webhook_replaces: false, ..Rules::default() });
    let body = json!({"address": "https://erp.example.com/tts", "event_type": "PRODUCT_STATUS_CHANGE"});
    shop.ask(Method::PUT, "/event/202309/webhooks").json(&body).data();
    one_webhook(&shop);
    assert_eq!(due(&shop).len(), 2);
}

#[test]
fn addresses_and_types_that_make_no_sense_are_refused() {
    let shop = shop();
    let put = |address: &str, event_type: &str| {
        let body = json!({"address": address, "event_type": event_type});
        shop.ask(Method::PUT, "/event/202309/webhooks").json(&body).refusal()
    };
    assert_eq!(put("http://erp.example.com/", "NEW_MESSAGE"), (200, 98_001_004));
    assert_eq!(put("https://erp.example.com/", "WEATHER"), (200, 98_001_004));
}

#[test]
fn ids_in_webhooks_can_be_numbers() {
    let shop = shop_with(Rules { numeric_webhook_ids: true, ..Rules::default() });
    shop.sell(&json!({"sku": "ORG-GAV-6"}));
    let told = shop.told(1)[0].clone();
    assert!(told["shop_id"].is_i64() && told["data"]["order_id"].is_i64());
}

#[test]
fn webhooks_vanish_double_and_turn_around_on_demand() {
    let count = |fault: Fault| {
        let shop = shop();
        shop.sandbox.set_faults(vec![FaultRule::new("", fault)]);
        shop.sell(&json!({"sku": "ORG-GAV-6"}));
        due(&shop).iter().map(|it| it.body.contains("UNPAID")).collect::<Vec<_>>()
    };
    assert_eq!(count(Fault::HookDrop), Vec::<bool>::new());
    assert_eq!(count(Fault::HookDuplicate), [true, true, false, false]);
    assert_eq!(count(Fault::HookReorder), [false, true]);
    assert_eq!(count(Fault::HookLate { seconds: 9 }), Vec::<bool>::new());
}

#[test]
fn a_forged_webhook_has_the_signature_it_was_given() {
    let shop = shop();
    let body = json!({"body": {"type": 1, "data": {"order_id": "1"}}, "sign": "00ff"});
    shop.control(Method::POST, "/_sandbox/hooks/send", &body);
    assert_eq!(due(&shop)[0].headers, [("authorization", "00ff".to_owned())]);
}
