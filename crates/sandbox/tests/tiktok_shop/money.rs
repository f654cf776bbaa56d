//! Statements, transactions, payments.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::kit::{Shop, shop};

const DAY: Duration = Duration::from_hours(24);
const STATEMENTS: &str = "/finance/202309/statements?sort_field=statement_time&page_size=10";

fn cents(value: &Value) -> i64 {
    value.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// A completed order of one cheap unit.
fn completed(shop: &Shop) -> String {
    let order = shop.delivered_order("ORG-GAV-6", 1);
    shop.control(Method::POST, &format!("/_sandbox/orders/{order}/complete"), &json!({}));
    order
}

#[test]
fn a_completed_order_is_settled_at_midnight_and_paid_a_day_later() {
    let shop = shop();
    let order = completed(&shop);
    // Statements are not counted, unlike most listings.
    assert_eq!(shop.get(STATEMENTS), json!({"next_page_token": "", "statements": []}));
    let expected = shop.get("/finance/202507/orders/unsettled?page_size=10");
    assert_eq!(expected["transactions"][0]["order_id"], order.as_str());
    // From one o'clock in the afternoon to midnight, UTC.
    shop.pass(Duration::from_hours(11));
    let statement = shop.get(STATEMENTS)["statements"][0].clone();
    assert_eq!(statement["statement_time"].as_i64().unwrap() % 86_400, 0);
    assert_eq!(statement["payment_status"], "PROCESSING");
    assert_eq!(statement["settlement_amount"], expected["transactions"][0]["est_settlement_amount"]);
    assert_eq!(shop.get("/finance/202507/orders/unsettled?page_size=10")["total_count"], 0);
    shop.pass(DAY);
    assert_eq!(shop.get(STATEMENTS)["statements"][0]["payment_status"], "PAID");
    let payments = shop.get("/finance/202605/payments?page_size=10");
    assert_eq!(payments["payments"][0]["id"], statement["payment_id"]);
    assert!(payments.get("total_count").is_none());
    let withdrawn = shop.get("/finance/202309/withdrawals?types=WITHDRAW,SETTLE&page_size=10");
    assert_eq!(withdrawn["withdrawals"][0]["amount"], statement["settlement_amount"]);
}

#[test]
fn fees_are_negative_and_everything_adds_up() {
    let shop = shop();
    let order = completed(&shop);
    shop.pass(Duration::from_hours(11));
    let id = shop.get(STATEMENTS)["statements"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/finance/202501/statements/{id}/statement_transactions?sort_field=order_create_time");
    let data = shop.get(&path);
    let row = &data["transactions"][0];
    // 45.90: ten percent and four reais.
    let fee = &row["fee_tax_breakdown"]["fee"];
    assert_eq!(
        (&fee["platform_commission_amount"], &fee["fee_per_item_sold_amount"]),
        (&json!("-4.59"), &json!("-4.00"))
    );
    assert_eq!(
        cents(&row["settlement_amount"]),
        cents(&row["revenue_amount"])
            + cents(&row["shipping_cost_amount"])
            + cents(&row["fee_tax_amount"])
            + cents(&row["adjustment_amount"])
    );
    assert_eq!(data["total_settlement_amount"], row["settlement_amount"]);
    let own = shop.get(&format!("/finance/202501/orders/{order}/statement_transactions"));
    assert_eq!(own["sku_transactions"][0]["statement_id"], id.as_str());
    // Text, as amounts are.
    assert_eq!(own["sku_transactions"][0]["quantity"], "1");
    assert_eq!(own["settlement_amount"], row["settlement_amount"]);
}

#[test]
fn money_given_back_after_the_settlement_is_taken_from_a_later_one() {
    let shop = shop();
    let order = completed(&shop);
    shop.pass(DAY);
    let made = shop.control(Method::POST, "/_sandbox/returns", &json!({"order_id": order, "type": "REFUND"}));
    let path = format!("/return_refund/202309/returns/{}/approve", made["return_id"].as_str().unwrap());
    shop.post(&path, &json!({"decision": "APPROVE_REFUND"}));
    shop.pass(DAY);
    let statements = shop.get(STATEMENTS)["statements"].clone();
    assert_eq!(statements.as_array().unwrap().len(), 2);
    // Newest first.
    assert_eq!(cents(&statements[0]["settlement_amount"]), -cents(&statements[1]["settlement_amount"]));
}

#[test]
fn what_has_to_be_named_has_to_be_named() {
    let shop = shop();
    assert_eq!(shop.ask(Method::GET, "/finance/202309/statements").refusal(), (400, 36_009_004));
    assert_eq!(shop.ask(Method::GET, "/finance/202309/withdrawals").refusal(), (400, 36_009_004));
}

#[test]
fn a_part_given_back_before_the_settlement_is_taken_off_it() {
    let shop = shop();
    let order = shop.delivered_order("ORG-GAV-6", 1);
    let made = shop.control(Method::POST, "/_sandbox/returns", &json!({"order_id": order, "type": "REFUND"}));
    let id = made["return_id"].as_str().unwrap();
    let offer =
        json!({"decision": "OFFER_PARTIAL_REFUND", "partial_refund": {"amount": "10.00", "currency": "BRL"}});
    shop.post(&format!("/return_refund/202309/returns/{id}/approve"), &offer);
    shop.control(Method::POST, &format!("/_sandbox/returns/{id}/accept_offer"), &json!({}));
    shop.pass(Duration::from_mins(5));
    shop.control(Method::POST, &format!("/_sandbox/orders/{order}/complete"), &json!({}));
    shop.pass(DAY);
    let statement = shop.get(STATEMENTS)["statements"][0].clone();
    assert_eq!((&statement["revenue_amount"], &statement["fee_amount"]), (&json!("35.90"), &json!("-8.59")));
}
