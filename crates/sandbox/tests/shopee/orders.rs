use std::time::Duration;

use http::Method;
use sandbox::reply::Body;
use serde_json::{Value, json};

use crate::kit::{COMPANY, Market, PERSON, code, good, hours, market};

const LIST: &str = "/api/v2/order/get_order_list";
const DETAIL: &str = "/api/v2/order/get_order_detail";

fn list(market: &Market, shop: usize, more: &[(&str, &str)]) -> Value {
    let (from, to) = ((market.now() - 86_400).to_string(), market.now().to_string());
    let pairs = [
        &[("time_range_field", "create_time"), ("time_from", &*from), ("time_to", &*to), ("page_size", "50")],
        more,
    ]
    .concat();
    good(&market.get_of(shop, LIST, &pairs))
}

fn sns(listed: &Value) -> Vec<String> {
    listed["order_list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["order_sn"].as_str().unwrap().to_owned())
        .collect()
}

fn stock(market: &Market, sku: &str) -> i64 {
    market.sandbox.snapshot().shelf.into_iter().filter(|it| it.sku == sku).map(|it| it.stock).sum()
}

#[test]
fn the_list_takes_at_most_fifteen_days() {
    let market = market();
    let ask = |from: i64, to: i64| {
        let (from, to) = (from.to_string(), to.to_string());
        let pairs = [
            ("time_range_field", "update_time"),
            ("time_from", &*from),
            ("time_to", &*to),
            ("page_size", "10"),
        ];
        market.get_of(PERSON, LIST, &pairs)
    };
    let now = market.now();
    assert_eq!(ask(now - 15 * 86_400, now).document()["error"], "");
    let refused = ask(now - 15 * 86_400 - 1, now);
    assert_eq!(code(&refused), "order.order_list_invalid_time");
    assert_eq!(refused.document()["message"], "Start time must be earlier than end time and diff in 15days.");
    assert_eq!(code(&ask(now, now - 1)), "order.order_list_invalid_time");
}

#[test]
fn the_list_pages_by_cursor_and_names_the_status_only_when_asked() {
    let market = market();
    market.control(Method::POST, "/_sandbox/sales", &json!({"sku": "PEN-64", "count": 5}));
    let from = (market.now() - 60).to_string();
    let to = market.now().to_string();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let pairs = [
            ("time_range_field", "create_time"),
            ("time_from", &*from),
            ("time_to", &*to),
            ("page_size", "2"),
            ("cursor", &*cursor),
        ];
        let page = good(&market.get_of(PERSON, LIST, &pairs));
        assert!(page["order_list"][0].get("order_status").is_none());
        seen.extend(sns(&page));
        next_of(&page, &mut cursor);
        if page["more"] == false {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
    let named = list(&market, PERSON, &[("response_optional_fields", "order_status")]);
    assert_eq!(named["order_list"][0]["order_status"], "READY_TO_SHIP");
}

fn next_of(page: &Value, cursor: &mut String) {
    page["next_cursor"].as_str().unwrap().clone_into(cursor);
}

#[test]
fn bad_questions_are_named() {
    let market = market();
    let ask = |pairs: &[(&str, &str)]| code(&market.get_of(PERSON, LIST, pairs));
    let now = market.now().to_string();
    let base = [("time_range_field", "create_time"), ("time_from", &*now), ("time_to", &*now)];
    assert_eq!(ask(&base), "error_param");
    assert_eq!(ask(&[&base[..], &[("page_size", "0")]].concat()), "error_param");
    assert_eq!(
        ask(&[&base[..], &[("page_size", "10"), ("order_status", "TO_RETURN")]].concat()),
        "error_param"
    );
    assert_eq!(
        ask(&[
            ("time_range_field", "pay_time"),
            ("time_from", &*now),
            ("time_to", &*now),
            ("page_size", "1")
        ]),
        "error_param"
    );
}

#[test]
fn invoice_pending_is_a_filter_and_never_a_status() {
    let market = market();
    let sn = market.sale(&json!({"sku": "TEC-MEC-60"}));
    assert_eq!(
        sns(&list(&market, COMPANY, &[("order_status", "INVOICE_PENDING")])),
        std::slice::from_ref(&sn)
    );
    assert!(sns(&list(&market, COMPANY, &[("order_status", "READY_TO_SHIP")])).is_empty());
    let order = market.order(COMPANY, &sn, "invoice_data");
    assert_eq!((order["order_status"].as_str(), &order["invoice_data"]), (Some("READY_TO_SHIP"), &json!({})));
    // A person issues no note.
    let simple = market.simple_order();
    assert_eq!(
        sns(&list(&market, PERSON, &[("order_status", "READY_TO_SHIP")])),
        std::slice::from_ref(&simple)
    );
    assert!(market.order(PERSON, &simple, "invoice_data")["invoice_data"].is_null());
    let pending = market.get("/api/v2/order/get_pending_buyer_invoice_order_list", &[("page_size", "10")]);
    assert_eq!(pending["order_list"], json!([{"order_sn": sn}]));
}

#[test]
fn a_field_that_was_not_asked_for_is_absent() {
    let market = market();
    let sn = market.simple_order();
    let plain = market.order(PERSON, &sn, "");
    assert!(
        plain.get("item_list").is_none()
            && plain.get("total_amount").is_none()
            && plain.get("recipient_address").is_none()
    );
    for name in
        ["order_sn", "region", "currency", "cod", "order_status", "create_time", "ship_by_date", "booking_sn"]
    {
        assert!(plain.get(name).is_some(), "{name}");
    }
    let full = market.order(PERSON, &sn, "item_list,total_amount,edt,pay_time");
    assert_eq!(full["item_list"][0]["model_quantity_purchased"], 2);
    assert_eq!(full["item_list"][0]["model_discounted_price"], json!(46.9));
    // Two units and the freight.
    assert_eq!(full["total_amount"], json!(105.8));
    assert_eq!((full["edt_from"].as_i64(), full["pay_time"].as_i64()), (Some(0), Some(market.now())));
}

#[test]
fn unknown_orders_are_left_out_in_silence_unless_all_are_unknown() {
    let market = market();
    let sn = market.simple_order();
    let mixed = good(&market.get_of(PERSON, DETAIL, &[("order_sn_list", &format!("{sn},NOBODY"))]));
    assert_eq!(mixed["order_list"].as_array().unwrap().len(), 1);
    let unknown = market.get_of(PERSON, DETAIL, &[("order_sn_list", "NOBODY")]);
    assert_eq!(code(&unknown), "error_not_found");
    // Another shop's order is as unknown.
    assert_eq!(code(&market.get_of(COMPANY, DETAIL, &[("order_sn_list", &sn)])), "error_not_found");
    let many = vec!["X"; 51].join(",");
    assert_eq!(code(&market.get_of(PERSON, DETAIL, &[("order_sn_list", &many)])), "error_param");
}

#[test]
fn a_person_reads_the_address_and_a_company_name_and_cpf_too() {
    let market = market();
    let simple = market.simple_order();
    let person = market.order(PERSON, &simple, "recipient_address,buyer_cpf_id");
    assert!(person["recipient_address"]["name"].as_str().unwrap().contains('*'));
    assert!(!person["recipient_address"]["full_address"].as_str().unwrap().contains('*'));
    assert!(person["buyer_cpf_id"].as_str().unwrap().contains('*'));
    let sn = market.sale(&json!({"sku": "TEC-MEC-60"}));
    let company = market.order(COMPANY, &sn, "recipient_address,buyer_cpf_id");
    assert!(!company["recipient_address"]["name"].as_str().unwrap().contains('*'));
    assert_eq!(company["buyer_cpf_id"].as_str().unwrap().len(), 11);
    assert!(!company["buyer_cpf_id"].as_str().unwrap().contains('*'));
    assert_eq!(company["recipient_address"]["phone"], "****");
}

#[test]
fn without_declared_addresses_and_after_the_handover_everything_is_masked() {
    let market = market();
    let sn = market.sale(&json!({"sku": "TEC-MEC-60"}));
    market.control(Method::PUT, "/_sandbox/rules", &json!({"ip_declared": false}));
    let order = market.order(COMPANY, &sn, "recipient_address,buyer_cpf_id");
    assert_eq!(order["recipient_address"]["full_address"], "****");
    assert!(order["buyer_cpf_id"].as_str().unwrap().starts_with('*'));
    market.control(Method::PUT, "/_sandbox/rules", &json!({}));
    let number = market.package(COMPANY, &sn);
    market.control(Method::POST, &format!("/_sandbox/packages/{number}/pickup"), &json!({}));
    assert_eq!(market.order(COMPANY, &sn, "recipient_address")["recipient_address"]["full_address"], "****");
}

#[test]
fn an_order_waits_for_its_payment_and_is_given_up_after_a_day() {
    let market = market();
    let late = market.sale(&json!({"sku": "PEN-64", "pay_after_seconds": 600}));
    let never = market.sale(&json!({"sku": "PEN-64", "quantity": 3, "pay_after_seconds": 999_999}));
    assert_eq!(market.order(PERSON, &late, "pay_time")["pay_time"], 0);
    assert_eq!(stock(&market, "PEN-64"), 76);
    let _ = market.pass(Duration::from_mins(10));
    assert_eq!(market.status(PERSON, &late), "READY_TO_SHIP");
    let _ = market.pass(hours(24));
    let given_up = market.order(PERSON, &never, "cancel_by,cancel_reason");
    assert_eq!(
        (given_up["order_status"].as_str(), given_up["cancel_by"].as_str()),
        (Some("CANCELLED"), Some("system"))
    );
    assert_eq!(stock(&market, "PEN-64"), 79);
}

#[test]
fn a_cancelled_order_says_who_cancelled_it_whatever_its_packages_do() {
    let market = market();
    for by in ["buyer", "seller", "system"] {
        let sn = market.simple_order();
        market.control(
            Method::POST,
            &format!("/_sandbox/orders/{sn}/cancel"),
            &json!({"by": by, "reason": "Changed my mind"}),
        );
        let cancelled = market.order(PERSON, &sn, "cancel_by,cancel_reason");
        assert_eq!(cancelled["order_status"], "CANCELLED");
        assert_eq!(
            (cancelled["cancel_by"].as_str(), cancelled["cancel_reason"].as_str()),
            (Some(by), Some("Changed my mind"))
        );
    }
}

#[test]
fn pending_orders_show_themselves_only_to_those_who_ask() {
    let market = market();
    market.control(Method::PUT, "/_sandbox/rules", &json!({"pending_after_payment": true}));
    let sn = market.simple_order();
    assert!(sns(&list(&market, PERSON, &[])).is_empty());
    assert_eq!(
        sns(&list(&market, PERSON, &[("request_order_status_pending", "true")])),
        std::slice::from_ref(&sn)
    );
    assert_eq!(code(&market.get_of(PERSON, DETAIL, &[("order_sn_list", &sn)])), "error_not_found");
    let held = good(&market.get_of(
        PERSON,
        DETAIL,
        &[("order_sn_list", &sn), ("request_order_status_pending", "true")],
    ));
    assert_eq!(
        (held["order_list"][0]["order_status"].as_str(), &held["order_list"][0]["pending_terms"]),
        (Some("PENDING"), &json!(["SYSTEM_PENDING"]))
    );
    // The way into PENDING is silent.
    assert!(market.take_pushes().iter().all(|push| push["data"]["status"] != "PENDING"));
    market.control(Method::POST, &format!("/_sandbox/orders/{sn}/release"), &json!({}));
    assert_eq!(market.status(PERSON, &sn), "READY_TO_SHIP");
}

#[test]
fn a_seller_cancels_and_the_goods_return_to_the_shelf() {
    let market = market();
    let before = stock(&market, "PEN-64");
    let sn = market.simple_order();
    assert_eq!(stock(&market, "PEN-64"), before - 2);
    let order = market.order(PERSON, &sn, "item_list");
    let line = &order["item_list"][0];
    let cancel = |body: Value| market.post_of(PERSON, "/api/v2/order/cancel_order", &body);
    assert_eq!(code(&cancel(json!({"order_sn": sn, "cancel_reason": "NO_LUST"}))), "error_param");
    assert_eq!(code(&cancel(json!({"order_sn": sn, "cancel_reason": "OUT_OF_STOCK"}))), "error_param");
    let body = json!({"order_sn": sn, "cancel_reason": "OUT_OF_STOCK", "item_list": [{"item_id": line["item_id"], "model_id": line["model_id"]}]});
    assert_eq!(good(&cancel(body))["update_time"], market.now());
    assert_eq!(market.status(PERSON, &sn), "CANCELLED");
    assert_eq!(stock(&market, "PEN-64"), before);
    let again = cancel(json!({"order_sn": sn, "cancel_reason": "CUSTOMER_REQUEST"}));
    assert_eq!(again.document()["message"], "Can not cancel this order");
}

#[test]
fn an_order_is_cancelled_in_part() {
    let market = market();
    let sn = market.sale(&json!({"cart": [{"sku": "PEN-64", "quantity": 2}, {"sku": "CX-SOM-10W"}]}));
    let line = market.order(PERSON, &sn, "item_list")["item_list"][0].clone();
    let rows = json!([{"item_id": line["item_id"], "model_id": line["model_id"], "cancel_quantity": 1}]);
    let body = json!({"order_sn": sn, "cancel_reason": "CUSTOMER_REQUEST", "partial_cancel_item_list": rows});
    let preview = good(&market.post_of(PERSON, "/api/v2/order/get_estimate_cancel_value", &body));
    assert_eq!(preview["cancel_value_price"], "46.90");
    good(&market.post_of(PERSON, "/api/v2/order/cancel_order", &body));
    let after = market.order(PERSON, &sn, "item_list");
    assert_eq!(
        (after["order_status"].as_str(), after["item_list"][0]["cancelled_qty"].as_i64()),
        (Some("READY_TO_SHIP"), Some(1))
    );
}

#[test]
fn a_buyer_asks_to_cancel_and_the_seller_answers() {
    let market = market();
    let handle = |sn: &str, operation: &str| {
        market.post_of(
            PERSON,
            "/api/v2/order/handle_buyer_cancellation",
            &json!({"order_sn": sn, "operation": operation}),
        )
    };
    let ask = |sn: &str| {
        market.control(
            Method::POST,
            &format!("/_sandbox/orders/{sn}/request_cancel"),
            &json!({"reason": "Changed my mind"}),
        )
    };
    let kept = market.simple_order();
    assert_eq!(code(&handle(&kept, "ACCEPT")), "order.cancel_order_invalid_status");
    ask(&kept);
    assert_eq!(market.order(PERSON, &kept, "buyer_cancel_reason")["buyer_cancel_reason"], "Changed my mind");
    assert_eq!(market.status(PERSON, &kept), "IN_CANCEL");
    assert_eq!(code(&handle(&kept, "MAYBE")), "error_param");
    good(&handle(&kept, "REJECT"));
    assert_eq!(market.status(PERSON, &kept), "READY_TO_SHIP");
    let dropped = market.simple_order();
    ask(&dropped);
    good(&handle(&dropped, "ACCEPT"));
    assert_eq!(market.status(PERSON, &dropped), "CANCELLED");
    // A silent seller agrees.
    let silent = market.simple_order();
    ask(&silent);
    let _ = market.pass(hours(48));
    assert_eq!(market.status(PERSON, &silent), "CANCELLED");
}

#[test]
fn an_order_that_nobody_ships_is_cancelled() {
    let market = market();
    let sn = market.simple_order();
    let _ = market.pass(hours(71));
    assert_eq!(market.status(PERSON, &sn), "READY_TO_SHIP");
    let _ = market.pass(hours(1));
    assert_eq!(market.status(PERSON, &sn), "CANCELLED");
}

#[test]
fn an_order_is_split_and_combined_again() {
    let market = market();
    let sn = market.sale(&json!({"cart": [{"sku": "PEN-64"}, {"sku": "CX-SOM-10W"}]}));
    let lines = market.order(PERSON, &sn, "item_list")["item_list"].clone();
    let part = |index: usize| json!({"item_list": [{"item_id": lines[index]["item_id"], "model_id": lines[index]["model_id"]}]});
    let split = |parts: Value| {
        market.post_of(PERSON, "/api/v2/order/split_order", &json!({"order_sn": sn, "package_list": parts}))
    };
    assert_eq!(code(&split(json!([part(0)]))), "order.order_cannot_split");
    assert_eq!(code(&split(json!([part(0), part(0)]))), "order.order_cannot_split");
    let without_model = json!({"item_list": [{"item_id": lines[1]["item_id"]}]});
    assert_eq!(code(&split(json!([part(0), without_model]))), "error_param");
    let made = good(&split(json!([part(0), part(1)])));
    assert_eq!(made["package_list"].as_array().unwrap().len(), 2);
    let numbers = format!(
        "{},{}",
        made["package_list"][0]["package_number"].as_str().unwrap(),
        made["package_list"][1]["package_number"].as_str().unwrap()
    );
    let detail = good(&market.get_of(
        PERSON,
        "/api/v2/order/get_package_detail",
        &[("package_number_list", &numbers)],
    ));
    assert_eq!(
        (
            detail["package_list"][0]["is_split_up"].as_bool(),
            detail["package_list"][0]["tracking_number"].as_str()
        ),
        (Some(true), Some("-"))
    );
    assert_eq!(
        market.post_of(PERSON, "/api/v2/order/unsplit_order", &json!({"order_sn": sn})).document()["error"],
        ""
    );
    assert_eq!(market.order(PERSON, &sn, "package_list")["package_list"].as_array().unwrap().len(), 1);
    let id = market.shop_id(PERSON);
    market.control(Method::PUT, &format!("/_sandbox/shops/{id}"), &json!({"may_split": false}));
    assert_eq!(code(&split(json!([part(0), part(1)]))), "order.order_cannot_split");
}

#[test]
fn the_work_queue_lists_packages() {
    let market = market();
    let waiting = market.sale(&json!({"sku": "TEC-MEC-60"}));
    let search = |shop: usize, filter: Value| {
        let body = json!({"filter": filter, "pagination": {"page_size": 10, "cursor": ""}});
        good(&market.post_of(shop, "/api/v2/order/search_package_list", &body))
    };
    assert_eq!(search(COMPANY, json!({"invoice_pending": true}))["packages_list"][0]["order_sn"], waiting);
    let empty = search(COMPANY, json!({"package_status": 2, "invoice_pending": false}));
    assert_eq!((&empty["packages_list"], empty["pagination"]["total_count"].as_i64()), (&json!([]), Some(0)));
    let sn = market.simple_order();
    let found = search(PERSON, json!({}));
    assert_eq!(
        (
            found["packages_list"][0]["order_sn"].as_str(),
            found["packages_list"][0]["is_shipment_arranged"].as_bool()
        ),
        (Some(&*sn), Some(false))
    );
    let shipments = good(&market.get_of(PERSON, "/api/v2/order/get_shipment_list", &[("page_size", "10")]));
    assert_eq!(shipments["order_list"][0]["order_sn"], sn);
    assert_eq!(
        code(&market.post_of(PERSON, "/api/v2/order/search_package_list", &json!({"filter": {}}))),
        "error_param"
    );
}

#[test]
fn a_note_is_kept_with_its_time() {
    let market = market();
    let sn = market.simple_order();
    market.post_of(PERSON, "/api/v2/order/set_note", &json!({"order_sn": sn, "note": "embrulhar"}));
    let order = market.order(PERSON, &sn, "note,note_update_time");
    assert_eq!(
        (order["note"].as_str(), order["note_update_time"].as_i64()),
        (Some("embrulhar"), Some(market.now()))
    );
}

#[test]
fn sales_that_make_no_sense_are_refused_and_take_nothing() {
    let market = market();
    let refused = |body: Value| market.ask(Method::POST, "/_sandbox/sales", body.to_string()).status.as_u16();
    let before = market.sandbox.snapshot();
    for body in [
        json!({"sku": "NOBODY-SELLS"}),
        json!({"sku": "PEN-64", "quantity": 0}),
        json!({"sku": "PEN-64", "quantity": 900}),
        json!({"sku": "WEB-FHD"}),
        json!({"sku": "PEN-64", "buyer_id": 1}),
        json!({"sku": "PEN-64", "channel_id": 1}),
        json!({"cart": [{"sku": "CX-SOM-10W", "quantity": 20}, {"sku": "CX-SOM-10W", "quantity": 20}]}),
        json!({"skus": "PEN-64"}),
        json!({}),
    ] {
        assert_eq!(refused(body.clone()), 400, "{body}");
    }
    assert_eq!(market.sandbox.snapshot(), before);
}

#[test]
fn people_buy_one_at_the_shop_window() {
    let market = market();
    let Body::Bytes(_, page) = market.ask(Method::GET, "/_sandbox/shop", "").body else { panic!("a page") };
    let page = String::from_utf8(page.to_vec()).unwrap();
    let row = page
        .split("<tr>")
        .find(|row| row.contains("<td>CAN-INOX-500</td>") && row.contains("name=\"key\""))
        .unwrap();
    let key = row.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    let before = stock(&market, "CAN-INOX-500");
    let reply = market.ask(Method::POST, "/_sandbox/shop", format!("key={}", key.replace(':', "%3A")));
    assert!(
        reply
            .headers
            .iter()
            .any(|(name, to)| *name == "location" && to.starts_with("/_sandbox/shop?bought="))
    );
    assert_eq!(stock(&market, "CAN-INOX-500"), before - 1);
}
