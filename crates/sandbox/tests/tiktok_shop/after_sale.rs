//! Cancellations and returns.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::kit::{CASA, Shop, shop};

const HOUR: Duration = Duration::from_hours(1);
const OUT_OF_STOCK: &str = "seller_cancel_reason_out_of_stock";

fn cancel(shop: &Shop, order: &str, reason: &str) -> (u16, i64) {
    let body = json!({"order_id": order, "cancel_reason": reason});
    shop.ask(Method::POST, "/return_refund/202309/cancellations").json(&body).refusal()
}

/// The only cancellation there is.
fn cancellation(shop: &Shop) -> Value {
    let found = shop.post("/return_refund/202602/cancellations/search?page_size=10", &json!({}));
    found["cancellations"][0].clone()
}

fn buyer_cancels(shop: &Shop, order: &str) {
    shop.control(Method::POST, &format!("/_sandbox/orders/{order}/cancel"), &json!({}));
}

#[test]
fn a_seller_cancels_before_shipping_with_a_reason_that_fits() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 2);
    let path = format!(
        "/return_refund/202309/orders/{order}/aftersale_eligibility?request_types=CANCEL&initiate_aftersale_user=SELLER"
    );
    let eligible = shop.get(&path)["sku_eligibility"][0]["line_item_eligibility"][0].clone();
    assert!(eligible["available_reason_names"].as_array().unwrap().contains(&json!(OUT_OF_STOCK)));
    // Two units of one SKU: two lines in one answer.
    assert_eq!(eligible["order_line_items_ids"].as_array().unwrap().len(), 2);
    assert_eq!(cancel(&shop, &order, "because"), (200, 25_001_014));
    assert_eq!(cancel(&shop, &order, "seller_cancel_unpaid_reason_wrong_price"), (200, 25_001_021));
    let body = json!({"order_id": order, "cancel_reason": OUT_OF_STOCK});
    let made = shop.post("/return_refund/202309/cancellations", &body);
    assert_eq!(made["cancel_status"], "CANCELLATION_REQUEST_SUCCESS");
    assert_eq!(shop.order(&order)["status"], "CANCELLED");
    assert_eq!(shop.units("ORG-GAV-6"), (60, 0));
    assert_eq!(cancel(&shop, &order, OUT_OF_STOCK), (200, 25_001_051));
    shop.pass(Duration::from_mins(5));
    assert_eq!(cancellation(&shop)["cancel_status"], "CANCELLATION_REQUEST_COMPLETE");
}

#[test]
fn a_shipped_order_cannot_be_cancelled_by_the_seller() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    shop.ship(&order);
    assert_eq!(cancel(&shop, &order, OUT_OF_STOCK), (200, 25_001_045));
}

#[test]
fn single_lines_are_not_cancelled_here() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 2);
    let line = shop.order(&order)["line_items"][0]["id"].clone();
    let body = json!({"order_id": order, "cancel_reason": OUT_OF_STOCK, "order_line_item_ids": [line]});
    let ask = shop.ask(Method::POST, "/return_refund/202309/cancellations").json(&body);
    assert_eq!(ask.refusal(), (200, 25_005_010));
}

#[test]
fn a_buyer_cancels_freely_while_the_order_is_on_hold() {
    let shop = shop();
    let order = shop.sell(&json!({"sku": "ORG-GAV-6"}));
    buyer_cancels(&shop, &order);
    assert_eq!(shop.order(&order)["status"], "CANCELLED");
    assert_eq!(shop.told(11)[0]["data"]["cancel_status"], "CANCELLATION_REQUEST_SUCCESS");
}

#[test]
fn later_a_buyer_has_to_ask_and_the_parcel_waits() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    let package = shop.package_id(&order);
    shop.accept_invoice(&package);
    buyer_cancels(&shop, &order);
    assert_eq!(shop.order(&order)["is_buyer_request_cancel"], true);
    let leave = format!("/fulfillment/202309/packages/{package}/ship");
    assert_eq!(shop.ask(Method::POST, &leave).json(&json!({})).refusal(), (200, 21_011_007));
    let request = cancellation(&shop);
    assert_eq!(request["cancel_type"], "BUYER_CANCEL");
    assert_eq!(request["seller_next_action_response"][0]["action"], "SELLER_RESPOND_BUYER_CANCEL");
    let id = request["cancel_id"].as_str().unwrap();
    let reasons =
        shop.get(&format!("/return_refund/202309/reject_reasons?return_or_cancel_id={id}&locale=pt-BR"));
    let path = format!("/return_refund/202309/cancellations/{id}/reject?idempotency_key=k1");
    let body = json!({"reject_reason": reasons["reasons"][0]["name"]});
    shop.post(&path, &body);
    // The same key again changes nothing and is no error.
    shop.post(&path, &body);
    assert_eq!(cancellation(&shop)["cancel_status"], "CANCELLATION_REQUEST_CANCEL");
    assert_eq!(shop.told(11).last().unwrap()["data"]["cancel_status"], "CANCELLATION_REQUEST_CANCELLED");
    shop.post(&leave, &json!({"handover_method": "DROP_OFF"}));
}

#[test]
fn a_request_can_be_approved_once() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    buyer_cancels(&shop, &order);
    let id = cancellation(&shop)["cancel_id"].as_str().unwrap().to_owned();
    let path = format!("/return_refund/202309/cancellations/{id}/approve");
    shop.post(&path, &json!({}));
    assert_eq!(shop.order(&order)["status"], "CANCELLED");
    assert_eq!(shop.ask(Method::POST, &path).json(&json!({})).refusal(), (200, 25_020_009));
}

#[test]
fn a_request_that_nobody_answers_is_approved_after_two_days() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    buyer_cancels(&shop, &order);
    shop.pass((HOUR * 48).saturating_sub(Duration::from_secs(1)));
    assert_eq!(shop.order(&order)["status"], "AWAITING_SHIPMENT");
    shop.pass(Duration::from_secs(1));
    assert_eq!(shop.order(&order)["status"], "CANCELLED");
}

#[test]
fn a_buyer_may_take_the_request_back() {
    let shop = shop();
    let order = shop.paid_order("ORG-GAV-6", 1);
    buyer_cancels(&shop, &order);
    shop.control(Method::POST, &format!("/_sandbox/orders/{order}/withdraw"), &json!({}));
    assert_eq!(shop.order(&order)["is_buyer_request_cancel"], false);
}

#[test]
fn an_order_that_leaves_a_combined_parcel_does_not_stop_the_others() {
    let shop = shop();
    let casa = shop.manifest.shops[CASA].shop_id.clone();
    let sale = json!({"sku": "ORG-GAV-6", "shop_id": casa, "buyer_id": "7021000000000000001"});
    let orders = [(); 2].map(|()| shop.sell(&sale));
    shop.pass(HOUR);
    let groups = json!({"combinable_packages": [{"id": "1", "order_ids": orders}]});
    shop.post("/fulfillment/202309/packages/combine", &groups);
    shop.ship(&orders[0]);
    buyer_cancels(&shop, &orders[0]);
    let id = cancellation(&shop)["cancel_id"].as_str().unwrap().to_owned();
    shop.post(&format!("/return_refund/202309/cancellations/{id}/approve"), &json!({}));
    let statuses = orders.each_ref().map(|order| shop.order(order)["status"].clone());
    assert_eq!(statuses, ["CANCELLED", "AWAITING_COLLECTION"]);
}

/// A buyer asks for something back; the id.
fn asked(shop: &Shop, kind: &str, order: &str) -> String {
    let made = shop.control(Method::POST, "/_sandbox/returns", &json!({"order_id": order, "type": kind}));
    made["return_id"].as_str().unwrap().to_owned()
}

fn status(shop: &Shop, id: &str) -> String {
    let found = shop.post("/return_refund/202309/returns/search?page_size=10", &json!({"return_ids": [id]}));
    found["return_orders"][0]["return_status"].as_str().unwrap().to_owned()
}

fn approve(shop: &Shop, id: &str, decision: &str) {
    let path = format!("/return_refund/202309/returns/{id}/approve");
    shop.post(&path, &json!({ "decision": decision }));
}

fn step(shop: &Shop, id: &str, action: &str) {
    shop.control(Method::POST, &format!("/_sandbox/returns/{id}/{action}"), &json!({}));
}

#[test]
fn an_empty_page_of_returns_lacks_the_key() {
    let shop = shop();
    let found = shop.post("/return_refund/202309/returns/search?page_size=10", &json!({}));
    assert!(found.get("return_orders").is_none());
    assert_eq!(found["total_count"], 0);
    let small = shop.ask(Method::POST, "/return_refund/202309/returns/search?page_size=9").json(&json!({}));
    assert_eq!(small.refusal(), (200, 98_001_004));
}

#[test]
fn a_return_goes_its_way() {
    let shop = shop();
    let order = shop.delivered_order("ORG-GAV-6", 1);
    let id = asked(&shop, "RETURN_AND_REFUND", &order);
    assert_eq!(status(&shop, &id), "RETURN_OR_REFUND_REQUEST_PENDING");
    approve(&shop, &id, "APPROVE_RETURN");
    assert_eq!(status(&shop, &id), "AWAITING_BUYER_SHIP");
    step(&shop, &id, "ship");
    assert_eq!(status(&shop, &id), "BUYER_SHIPPED_ITEM");
    step(&shop, &id, "arrive");
    approve(&shop, &id, "APPROVE_RECEIVED_PACKAGE");
    assert_eq!(status(&shop, &id), "RETURN_OR_REFUND_REQUEST_SUCCESS");
    shop.pass(Duration::from_mins(5));
    assert_eq!(status(&shop, &id), "RETURN_OR_REFUND_REQUEST_COMPLETE");
    let records = shop.get(&format!("/return_refund/202309/returns/{id}/records"));
    assert_eq!(records["records"].as_array().unwrap().len(), 6);
    assert_eq!(shop.told(12).len(), 6);
}

#[test]
fn a_decision_has_to_fit_the_request() {
    let shop = shop();
    let order = shop.delivered_order("ORG-GAV-6", 1);
    let id = asked(&shop, "REFUND", &order);
    let path = format!("/return_refund/202309/returns/{id}/approve");
    let wrong = shop.ask(Method::POST, &path).json(&json!({"decision": "APPROVE_RETURN"}));
    assert_eq!(wrong.refusal(), (200, 25_020_003));
    approve(&shop, &id, "APPROVE_REFUND");
    let late = shop.ask(Method::POST, &path).json(&json!({"decision": "APPROVE_REFUND"}));
    assert_eq!(late.refusal(), (200, 25_011_012));
}

#[test]
fn a_refused_request_can_go_to_arbitration() {
    let shop = shop();
    let order = shop.delivered_order("ORG-GAV-6", 1);
    let id = asked(&shop, "REFUND", &order);
    let path = format!("/return_refund/202606/returns/{id}/reject");
    let body = json!({"decision": "REJECT_REFUND", "reject_reason": "reverse_reject_request_reason_1"});
    let unknown = json!({"decision": "REJECT_REFUND", "reject_reason": "no"});
    assert_eq!(shop.ask(Method::POST, &path).json(&unknown).refusal(), (200, 25_001_014));
    shop.post(&path, &body);
    assert_eq!(status(&shop, &id), "REFUND_OR_RETURN_REQUEST_REJECT");
    step(&shop, &id, "dispute");
    assert_eq!(shop.ask(Method::POST, &path).json(&body).refusal(), (200, 25_011_010));
    step(&shop, &id, "support_buyer");
    assert_eq!(status(&shop, &id), "RETURN_OR_REFUND_REQUEST_SUCCESS");
}

#[test]
fn a_part_of_the_money_can_be_offered() {
    let shop = shop();
    let order = shop.delivered_order("ORG-GAV-6", 1);
    let id = asked(&shop, "REFUND", &order);
    let path = format!("/return_refund/202309/returns/{id}/approve");
    let offer = |amount: &str| json!({"decision": "OFFER_PARTIAL_REFUND", "partial_refund": {"amount": amount, "currency": "BRL"}});
    assert_eq!(shop.ask(Method::POST, &path).json(&offer("99.00")).refusal(), (200, 25_005_005));
    shop.post(&path, &offer("10.00"));
    assert_eq!(status(&shop, &id), "AWAITING_BUYER_RESPONSE");
    step(&shop, &id, "accept_offer");
    let found = shop.post("/return_refund/202309/returns/search?page_size=10", &json!({"return_ids": [id]}));
    assert_eq!(found["return_orders"][0]["refund_amount"]["refund_total"], "10.00");
}

#[test]
fn silence_is_consent_after_two_days_and_after_one_for_replacements() {
    let shop = shop();
    let order = shop.delivered_order("ORG-GAV-6", 2);
    let lines = shop.order(&order)["line_items"].clone();
    let ask = |kind: &str, line: &Value| {
        let body = json!({"order_id": order, "type": kind, "line_ids": [line["id"]]});
        shop.control(Method::POST, "/_sandbox/returns", &body)["return_id"].as_str().unwrap().to_owned()
    };
    let (back, other) = (ask("RETURN_AND_REFUND", &lines[0]), ask("REPLACEMENT", &lines[1]));
    shop.pass(HOUR * 24);
    assert_eq!(status(&shop, &other), "AWAITING_BUYER_SHIP");
    assert_eq!(status(&shop, &back), "RETURN_OR_REFUND_REQUEST_PENDING");
    shop.pass(HOUR * 24);
    assert_eq!(status(&shop, &back), "AWAITING_BUYER_SHIP");
}

#[test]
fn nothing_is_returned_twice_or_before_it_left() {
    let shop = shop();
    let waiting = shop.paid_order("ORG-3D-MOD", 1);
    let body = json!({"order_id": waiting, "type": "REFUND"}).to_string();
    assert_eq!(shop.plain(Method::POST, "/_sandbox/returns", &body).status.as_u16(), 409);
    let order = shop.delivered_order("ORG-GAV-6", 1);
    asked(&shop, "REFUND", &order);
    let create = json!({"order_id": order, "return_reason": "PACKAGE_DAMAGAED", "return_type": "REFUND"});
    let ask = shop.ask(Method::POST, "/return_refund/202309/returns").json(&create);
    assert_eq!(ask.refusal(), (200, 25_001_011));
}

#[test]
fn a_seller_may_give_money_back_unasked() {
    let shop = shop();
    let order = shop.delivered_order("ORG-GAV-6", 2);
    let sku = shop.order(&order)["line_items"][0]["sku_id"].clone();
    let named = json!({"order_id": order, "skus": [{"sku_id": sku, "quantity": 1}], "request_type": "REFUND", "reason_name": "x"});
    let sum = shop.post("/return_refund/202602/refunds/calculate", &named);
    assert_eq!(sum["refund_total"], "45.90");
    let create = json!({"order_id": order, "return_reason": "PACKAGE_DAMAGAED", "return_type": "REFUND", "skus": [{"sku_id": sku, "quantity": 1}]});
    let made = shop.post("/return_refund/202309/returns", &create);
    assert_eq!(made["return_status"], "RETURN_OR_REFUND_REQUEST_SUCCESS");
}
