use http::Method;
use serde_json::{Value, json};

use crate::kit::{COMPANY, Market, PERSON, code, good, hours, market};

fn deliver(market: &Market, sn: &str) {
    let number = market.package(PERSON, sn);
    market.control(Method::POST, &format!("/_sandbox/packages/{number}/pickup"), &json!({}));
    market.control(Method::POST, &format!("/_sandbox/packages/{number}/deliver"), &json!({}));
}

/// A delivered order that its buyer wants to give back: order and return.
fn returned(market: &Market) -> (String, String) {
    let sn = market.simple_order();
    deliver(market, &sn);
    let made =
        market.control(Method::POST, "/_sandbox/returns", &json!({"order_sn": sn, "text": "Veio quebrado"}));
    (sn, made["return_sn"].as_str().unwrap().to_owned())
}

fn act(market: &Market, action: &str, body: &Value) -> sandbox::reply::Reply {
    market.post_of(PERSON, &format!("/api/v2/returns/{action}"), body)
}

fn detail(market: &Market, sn: &str) -> Value {
    good(&market.get_of(PERSON, "/api/v2/returns/get_return_detail", &[("return_sn", sn)]))
}

#[test]
fn a_return_is_listed_read_and_confirmed() {
    let market = market();
    let (order, sn) = returned(&market);
    assert_eq!(market.status(PERSON, &order), "TO_RETURN");
    for page in ["0", "1"] {
        let list = good(&market.get_of(
            PERSON,
            "/api/v2/returns/get_return_list",
            &[("page_no", page), ("page_size", "1")],
        ));
        assert_eq!(list["return"].as_array().unwrap().len(), usize::from(page == "0"));
    }
    let case = detail(&market, &sn);
    assert_eq!((case["status"].as_str(), &case["refund_amount"]), (Some("REQUESTED"), &json!(93.8)));
    assert_eq!(case["negotiation"]["negotiation_status"], "PENDING_RESPOND");
    good(&act(&market, "confirm", &json!({"return_sn": sn})));
    assert_eq!(
        (detail(&market, &sn)["status"].as_str(), market.status(PERSON, &order).as_str()),
        (Some("ACCEPTED"), "COMPLETED")
    );
    let again = act(&market, "confirm", &json!({"return_sn": sn}));
    assert_eq!(
        (code(&again).as_str(), again.document()["message"].as_str()),
        ("error_return_status", Some("Invalid return status: ACCEPTED"))
    );
    let escrow = good(&market.get_of(PERSON, "/api/v2/payment/get_escrow_detail", &[("order_sn", &order)]));
    assert_eq!(escrow["order_income"]["seller_return_refund"], json!(-93.8));
    assert_eq!(escrow["return_order_sn_list"], json!([sn]));
}

#[test]
fn pushes_tell_each_step_of_a_return() {
    let market = market();
    let (_, sn) = returned(&market);
    act(&market, "dispute", &json!({"return_sn": sn, "email": "loja@example.com", "dispute_reason_id": 41}));
    let steps: Vec<Value> = market
        .take_pushes()
        .into_iter()
        .filter(|push| push["code"] == 29)
        .map(|push| push["data"]["updated_values"][0]["new_value"].clone())
        .collect();
    assert_eq!(steps, ["REQUESTED", "SELLER_DISPUTE"]);
}

#[test]
fn another_shops_return_does_not_exist() {
    let market = market();
    let (_, sn) = returned(&market);
    let reply = market.get_of(COMPANY, "/api/v2/returns/get_return_detail", &[("return_sn", &sn)]);
    assert_eq!(
        (code(&reply).as_str(), reply.document()["message"].as_str()),
        ("error_data", Some("The return you queried doesn't exist"))
    );
}

#[test]
fn seller_and_buyer_haggle() {
    let market = market();
    let (order, sn) = returned(&market);
    let offer = |amount: Value| {
        act(
            &market,
            "offer",
            &json!({"return_sn": sn, "proposed_solution": "REFUND", "proposed_adjusted_refund_amount": amount}),
        )
    };
    assert_eq!(code(&act(&market, "accept_offer", &json!({"return_sn": sn}))), "error_no_buyer_offer");
    assert_eq!(code(&offer(json!(1_000))), "error_param");
    good(&offer(json!(20)));
    assert_eq!(detail(&market, &sn)["negotiation"]["negotiation_status"], "PENDING_BUYER_RESPOND");
    assert_eq!(code(&offer(json!(25))), "error_negotiation_status");
    market.control(
        Method::POST,
        &format!("/_sandbox/returns/{sn}/counter"),
        &json!({"amount": 40, "solution": "REFUND"}),
    );
    good(&act(&market, "accept_offer", &json!({"return_sn": sn})));
    let case = detail(&market, &sn);
    assert_eq!((case["status"].as_str(), &case["refund_amount"]), (Some("ACCEPTED"), &json!(40.0)));
    assert_eq!(market.status(PERSON, &order), "COMPLETED");
}

#[test]
fn a_dispute_needs_its_reason_and_ends_with_the_platform() {
    let market = market();
    let (order, sn) = returned(&market);
    assert_eq!(code(&act(&market, "dispute", &json!({"return_sn": sn}))), "dispute.request.param.error");
    good(&act(
        &market,
        "dispute",
        &json!({"return_sn": sn, "email": "loja@example.com", "dispute_reason_id": 41}),
    ));
    good(&act(
        &market,
        "upload_proof",
        &json!({"return_sn": sn, "photo": [{"url": "http://x/1"}], "description": "Foto"}),
    ));
    assert_eq!(detail(&market, &sn)["seller_proof"]["seller_proof_status"], "UPLOADED");
    assert_eq!(
        code(&act(&market, "cancel_dispute", &json!({"return_sn": sn, "email": "loja@example.com"}))),
        "dispute.cancel.ineligible"
    );
    market.control(Method::POST, &format!("/_sandbox/returns/{sn}/close"), &json!({}));
    assert_eq!(market.status(PERSON, &order), "COMPLETED");
}

#[test]
fn a_silent_seller_refunds_after_three_days() {
    let market = market();
    let (_, sn) = returned(&market);
    let _ = market.pass(hours(72));
    assert_eq!(detail(&market, &sn)["status"], "ACCEPTED");
}

#[test]
fn a_completed_order_can_still_be_returned() {
    let market = market();
    let sn = market.simple_order();
    deliver(&market, &sn);
    market.control(Method::POST, &format!("/_sandbox/orders/{sn}/receive"), &json!({}));
    market.take_pushes();
    let made = market.control(Method::POST, "/_sandbox/returns", &json!({"order_sn": sn}));
    let case = detail(&market, made["return_sn"].as_str().unwrap());
    assert_eq!(case["return_refund_type"], "RRAOC");
    good(&act(&market, "confirm", &json!({"return_sn": case["return_sn"]})));
    let told = market.take_pushes().into_iter().rfind(|push| push["code"] == 3).unwrap();
    assert_eq!(
        (told["data"]["status"].as_str(), told["data"]["completed_scenario"].as_str()),
        (Some("COMPLETED"), Some("RRAOC"))
    );
}

#[test]
fn what_was_never_delivered_cannot_be_returned() {
    let market = market();
    let sn = market.simple_order();
    let reply = market.ask(Method::POST, "/_sandbox/returns", json!({"order_sn": sn}).to_string());
    assert_eq!(reply.status.as_u16(), 409);
}

#[test]
fn pages_of_returns_begin_where_the_rule_says() {
    let market = market();
    returned(&market);
    let page = |number: &str| {
        let pairs = [("page_no", number), ("page_size", "10")];
        market.get_of(PERSON, "/api/v2/returns/get_return_list", &pairs)
    };
    assert_eq!(good(&page("0"))["return"].as_array().unwrap().len(), 1);
    market.control(Method::PUT, "/_sandbox/rules", &json!({"returns_first_page": 1}));
    assert_eq!(good(&page("1"))["return"].as_array().unwrap().len(), 1);
    assert_eq!(code(&page("0")), "error_param");
}

#[test]
fn a_buyer_posts_the_goods_and_the_seller_sees_the_way() {
    let market = market();
    let (_, sn) = returned(&market);
    market.control(Method::POST, &format!("/_sandbox/returns/{sn}/ship_back"), &json!({}));
    let case = detail(&market, &sn);
    assert_eq!(
        (case["status"].as_str(), case["logistics_status"].as_str()),
        (Some("PROCESSING"), Some("LOGISTICS_PICKUP_DONE"))
    );
    assert!(case["tracking_number"].as_str().unwrap().starts_with("BRR"));
}

#[test]
fn a_return_says_what_can_be_offered_and_what_was_proved() {
    let market = market();
    let (_, sn) = returned(&market);
    let ask = |action: &str| {
        good(&market.get_of(PERSON, &format!("/api/v2/returns/{action}"), &[("return_sn", &sn)]))
    };
    let offer = json!({"eligibility": true, "refund_amount_adjustable": true, "max_refund_amount": 93.8, "min_refund_amount": 0.01});
    assert_eq!(
        ask("get_available_solutions"),
        json!({"return_sn": sn, "offer_return_refund": offer, "offer_refund": offer})
    );
    let reason = ask("get_return_dispute_reason")["dispute_reason_list"][0].clone();
    assert_eq!(
        (&reason["dispute_reason_id"], &reason["evidence_module_list"][0]["is_required"]),
        (&json!(41), &json!(false))
    );
    let photo = json!([{"url": "https://img.example/1", "thumbnail": "https://img.example/1_tn"}]);
    good(&act(
        &market,
        "upload_proof",
        &json!({"return_sn": sn, "photo": photo, "description": "Saiu inteiro"}),
    ));
    assert_eq!(ask("query_proof"), json!({"image": photo, "video": [], "description": "Saiu inteiro"}));
}

#[test]
fn where_the_goods_are_is_told_by_the_detail_and_not_by_the_list() {
    let market = market();
    let (_, sn) = returned(&market);
    let list = good(&market.get_of(
        PERSON,
        "/api/v2/returns/get_return_list",
        &[("page_no", "0"), ("page_size", "1")],
    ));
    let row = &list["return"][0];
    assert_eq!(row["negotiation_status"], "PENDING_RESPOND");
    assert!(
        row.get("reverse_logistics_status").is_none() && row["item"][0].get("refund_amount").is_none(),
        "{row}"
    );
    market.control(Method::POST, &format!("/_sandbox/returns/{sn}/ship_back"), &json!({}));
    assert_eq!(detail(&market, &sn)["reverse_logistics_status"], "LOGISTICS_PICKUP_DONE");
    let way =
        good(&market.get_of(PERSON, "/api/v2/returns/get_reverse_tracking_info", &[("return_sn", &sn)]));
    assert_eq!(way["reverse_logistics_status"], "LOGISTICS_PICKUP_DONE");
}
