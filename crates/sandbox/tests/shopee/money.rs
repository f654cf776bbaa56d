use http::Method;
use serde_json::{Value, json};

use crate::kit::{Market, PERSON, code, good, hours, market};

fn escrow(market: &Market, sn: &str) -> Value {
    good(&market.get_of(PERSON, "/api/v2/payment/get_escrow_detail", &[("order_sn", sn)]))["order_income"]
        .clone()
}

fn act(market: &Market, sn: &str, action: &str) {
    let number = market.package(PERSON, sn);
    market.control(Method::POST, &format!("/_sandbox/packages/{number}/{action}"), &json!({}));
}

#[test]
fn escrow_lines_are_totals_where_order_lines_are_units() {
    let market = market();
    let sn = market.simple_order();
    let income = escrow(&market, &sn);
    assert_eq!(income["items"][0]["discounted_price"], json!(93.8));
    assert_eq!(market.order(PERSON, &sn, "item_list")["item_list"][0]["model_discounted_price"], json!(46.9));
}

#[test]
fn what_is_left_is_what_the_buyer_paid_less_freight_and_fees() {
    let market = market();
    let sn = market.simple_order();
    // 93.80 goods, 12.00 freight, 13.13 commission, 5.63 + 4.00 service.
    let early = escrow(&market, &sn);
    assert_eq!(
        (&early["commission_fee"], &early["service_fee"], &early["actual_shipping_fee"]),
        (&json!(13.13), &json!(9.63), &json!(0.0))
    );
    assert_eq!(early["escrow_amount"], json!(83.04));
    // The carrier's cost is booked when the carrier has the parcel: 20.00, of which 8.00 come back.
    act(&market, &sn, "pickup");
    let late = escrow(&market, &sn);
    assert_eq!((&late["actual_shipping_fee"], &late["shopee_shipping_rebate"]), (&json!(20.0), &json!(8.0)));
    assert_eq!(late["escrow_amount"], json!(71.04));
    assert_eq!(late["final_shipping_fee"], json!(0.0));
}

#[test]
fn money_is_final_when_it_is_released() {
    let market = market();
    let sn = market.simple_order();
    let list = || {
        let (from, to) = ((market.now() - 86_400 * 20).to_string(), market.now().to_string());
        good(&market.get_of(
            PERSON,
            "/api/v2/payment/get_escrow_list",
            &[("release_time_from", &from), ("release_time_to", &to)],
        ))
    };
    act(&market, &sn, "pickup");
    act(&market, &sn, "deliver");
    market.control(Method::POST, &format!("/_sandbox/orders/{sn}/receive"), &json!({}));
    assert_eq!(list()["escrow_list"], json!([]));
    let _ = market.pass(hours(1));
    assert_eq!(
        (list()["escrow_list"][0]["order_sn"].as_str(), &list()["escrow_list"][0]["payout_amount"]),
        (Some(&*sn), &json!(71.04))
    );
    market.control(Method::PUT, "/_sandbox/rules", &json!({"payout_in_centavos": true}));
    assert_eq!(list()["escrow_list"][0]["payout_amount"], 7_104);
    let wallet = good(&market.get_of(
        PERSON,
        "/api/v2/payment/get_wallet_transaction_list",
        &[("page_no", "0"), ("page_size", "10")],
    ));
    assert_eq!(
        (
            wallet["transaction_list"][0]["transaction_type"].as_str(),
            &wallet["transaction_list"][0]["current_balance"]
        ),
        (Some("ESCROW_VERIFIED_ADD"), &json!(71.04))
    );
    let methods = market.public_get("/api/v2/payment/get_payment_method_list")["response"].clone();
    assert_eq!(methods, json!([{"payment_method": ["Pix", "Cartão de Crédito"], "region": "BR"}]));
}

#[test]
fn a_batch_takes_both_verbs_and_leaves_unknown_orders_out() {
    let market = market();
    let sn = market.simple_order();
    let path = "/api/v2/payment/get_escrow_detail_batch";
    let by_get = good(&market.get_of(PERSON, path, &[("order_sn_list", &format!("{sn},NOBODY"))]));
    let by_post = good(&market.post_of(PERSON, path, &json!({"order_sn_list": [sn, "NOBODY"]})));
    assert_eq!(by_get, by_post);
    assert_eq!(by_get.as_array().unwrap().len(), 1);
    assert!(by_get[0]["escrow_detail"].get("buyer_payment_info").is_none());
    // A batch says less than the question about one order.
    let income = &by_get[0]["escrow_detail"]["order_income"];
    assert!(income["escrow_amount"].is_number() && income.get("buyer_total_amount").is_none(), "{income}");
}

#[test]
fn an_unpaid_order_has_no_escrow() {
    let market = market();
    let sn = market.sale(&json!({"sku": "PEN-64", "pay_after_seconds": 60}));
    let reply = market.get_of(PERSON, "/api/v2/payment/get_escrow_detail", &[("order_sn", &sn)]);
    assert_eq!(code(&reply), "error_not_found");
    let unknown = market.get_of(PERSON, "/api/v2/payment/get_escrow_detail", &[("order_sn", "NOBODY")]);
    assert_eq!(code(&unknown), "order_not_found");
}
