use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::kit::{COMPANY, Market, PERSON, bytes, code, good, hours, market};

const SHIP: &str = "/api/v2/logistics/ship_order";
const KEY: &str = "35261112345678000195550010000000011000000017";

fn note(key: &str) -> String {
    format!(
        "<nfeProc><NFe><infNFe Id=\"NFe{key}\"><ide><serie>1</serie><nNF>7</nNF></ide><det><prod><CFOP>6102</CFOP><vProd>229.00</vProd></prod></det><total><vNF>241.00</vNF></total></infNFe></NFe></nfeProc>"
    )
}

fn upload(market: &Market, shop: usize, sn: &str, kind: &str, xml: &str) -> sandbox::reply::Reply {
    let parts: [(&str, &[u8]); 3] =
        [("order_sn", sn.as_bytes()), ("file_type", kind.as_bytes()), ("file", xml.as_bytes())];
    market.upload(shop, "/api/v2/order/upload_invoice_doc", &parts)
}

fn ship(market: &Market, sn: &str) {
    let reply = market.post_of(PERSON, SHIP, &json!({"order_sn": sn, "dropoff": {}}));
    assert_eq!(reply.document()["error"], "", "{}", reply.document());
}

/// An arranged order with its tracking number: order, package, number.
fn tracked(market: &Market) -> (String, String, String) {
    let sn = market.simple_order();
    ship(market, &sn);
    let _ = market.pass(Duration::from_mins(1));
    let number = market.package(PERSON, &sn);
    let found = good(&market.get_of(PERSON, "/api/v2/logistics/get_tracking_number", &[("order_sn", &sn)]));
    (sn, number, found["tracking_number"].as_str().unwrap().to_owned())
}

fn batch(market: &Market, action: &str, rows: &Value) -> sandbox::reply::Reply {
    market.post_of(PERSON, &format!("/api/v2/logistics/{action}"), &json!({"order_list": rows}))
}

#[test]
fn a_company_ships_nothing_without_its_note() {
    let market = market();
    let sn = market.sale(&json!({"sku": "TEC-MEC-60"}));
    let ask = || market.get_of(COMPANY, "/api/v2/logistics/get_shipping_parameter", &[("order_sn", &sn)]);
    assert_eq!(code(&ask()), "logistics.lack_of_invoice_data");
    let early = market.post_of(COMPANY, SHIP, &json!({"order_sn": sn, "dropoff": {}}));
    assert_eq!(code(&early), "logistics.lack_of_invoice_data");
    let number = market.package(COMPANY, &sn);
    let invoice_state = || {
        let shown = market.get("/api/v2/order/get_package_detail", &[("package_number_list", &number)]);
        shown["package_list"][0]["invoice_pending"]["status"].clone()
    };
    assert_eq!(invoice_state(), "pending");
    assert_eq!(upload(&market, COMPANY, &sn, "4", &note(KEY)).document()["error"], "");
    let order = market.order(COMPANY, &sn, "invoice_data");
    assert_eq!(
        (order["invoice_data"]["access_key"].as_str(), order["order_status"].as_str()),
        (Some(KEY), Some("READY_TO_SHIP"))
    );
    assert_eq!(invoice_state(), "valid");
    assert_eq!(good(&ask())["info_needed"]["pickup"], json!(["address_id", "pickup_time_id"]));
    assert_eq!(
        market.post_of(COMPANY, SHIP, &json!({"order_sn": sn, "dropoff": {}})).document()["error"],
        ""
    );
    let file = market.get_of(COMPANY, "/api/v2/order/download_invoice_doc", &[("order_sn", &sn)]);
    assert_eq!(bytes(&file).1, note(KEY));
}

#[test]
fn a_bad_note_is_refused_with_its_reason() {
    let market = market();
    let (first, second) =
        (market.sale(&json!({"sku": "TEC-MEC-60"})), market.sale(&json!({"sku": "TEC-MEC-60"})));
    let why = |reply: &sandbox::reply::Reply| reply.document()["message"].as_str().unwrap().to_owned();
    assert_eq!(
        why(&upload(&market, COMPANY, &first, "4", "<html/>")),
        "Wrong parameters, detail: Please upload a valid Invoice XML file."
    );
    assert_eq!(
        why(&upload(&market, COMPANY, &first, "9", &note(KEY))),
        "Wrong parameters, detail: file_type must be 1, 2, 3 or 4."
    );
    assert_eq!(
        code(&upload(&market, COMPANY, &first, "4", &"x".repeat(1024 * 1024 + 1))),
        "order.upload_invoice_error"
    );
    assert_eq!(upload(&market, COMPANY, &first, "4", &note(KEY)).document()["error"], "");
    assert_eq!(
        why(&upload(&market, COMPANY, &second, "4", &note(KEY))),
        "Wrong parameters, detail: Access Key duplicated."
    );
    let simple = market.simple_order();
    assert_eq!(
        why(&upload(&market, PERSON, &simple, "4", &note(KEY))),
        "Wrong parameters, detail: invoice status is invalid to upload invoice data."
    );
    let none = market.get_of(COMPANY, "/api/v2/order/download_invoice_doc", &[("order_sn", &second)]);
    assert_eq!(code(&none), "order.download_invoice_error");
}

#[test]
fn exactly_one_mode_is_chosen_and_it_must_be_offered() {
    let market = market();
    let sn = market.simple_order();
    let refused = |body: Value| {
        let mut whole = json!({"order_sn": sn});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        code(&market.post_of(PERSON, SHIP, &whole))
    };
    assert_eq!(refused(json!({})), "logistics.ship_order_only_support_one_type");
    assert_eq!(refused(json!({"pickup": {}, "dropoff": {}})), "logistics.ship_order_only_support_one_type");
    assert_eq!(
        refused(json!({"non_integrated": {"tracking_number": "X"}})),
        "logistics.ship_order_unsupport_non_integrated"
    );
    assert_eq!(
        refused(json!({"pickup": {"address_id": 1}})),
        "logistics.ship_order_need_address_pickup_time"
    );
    assert_eq!(
        refused(json!({"package_number": "", "dropoff": {}})),
        "logistics.ship_order_not_need_pacakge_number"
    );
    let place =
        good(&market.get_of(PERSON, "/api/v2/logistics/get_shipping_parameter", &[("order_sn", &sn)]));
    let address = &place["pickup"]["address_list"][0];
    assert_eq!(
        refused(json!({"pickup": {"address_id": address["address_id"], "pickup_time_id": "1"}})),
        "logistics.ship_order_pickup_time_invalid"
    );
    let body = json!({"order_sn": sn, "pickup": {"address_id": address["address_id"], "pickup_time_id": address["time_slot_list"][0]["pickup_time_id"]}});
    assert_eq!(market.post_of(PERSON, SHIP, &body).document()["error"], "");
}

#[test]
fn arranging_twice_is_refused_and_the_number_comes_a_minute_later() {
    let market = market();
    let sn = market.simple_order();
    market.take_pushes();
    ship(&market, &sn);
    assert_eq!(market.status(PERSON, &sn), "PROCESSED");
    assert_eq!(
        code(&market.post_of(PERSON, SHIP, &json!({"order_sn": sn, "dropoff": {}}))),
        "logistics.package_already_shipped"
    );
    let number = || {
        good(&market.get_of(PERSON, "/api/v2/logistics/get_tracking_number", &[("order_sn", &sn)]))["tracking_number"].clone()
    };
    assert_eq!(number(), "");
    let codes: Vec<i64> = market.take_pushes().iter().map(|push| push["code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [30, 3]);
    market.clock.advance(Duration::from_mins(1));
    let told = market.take_pushes();
    assert_eq!((told[0]["code"].as_i64(), &told[0]["data"]["tracking_no"]), (Some(4), &number()));
}

#[test]
fn a_parcel_travels_by_itself_and_the_order_is_completed() {
    let market = market();
    let (sn, number, _) = tracked(&market);
    let status = || market.status(PERSON, &sn);
    let _ = market.pass(hours(6));
    assert_eq!(status(), "SHIPPED");
    let _ = market.pass(hours(48));
    assert_eq!(status(), "TO_CONFIRM_RECEIVE");
    let way = good(&market.get_of(
        PERSON,
        "/api/v2/logistics/get_tracking_info",
        &[("order_sn", &sn), ("package_number", &number)],
    ));
    assert_eq!(
        (way["logistics_status"].as_str(), way["tracking_info"][0]["logistics_status"].as_str()),
        (Some("LOGISTICS_DELIVERY_DONE"), Some("DELIVERED"))
    );
    let _ = market.pass(hours(7 * 24));
    assert_eq!(status(), "COMPLETED");
}

#[test]
fn a_courier_who_came_in_vain_comes_again() {
    let market = market();
    let (sn, number, _) = tracked(&market);
    let act = |action: &str| {
        market.control(Method::POST, &format!("/_sandbox/packages/{number}/{action}"), &json!({}))
    };
    act("retry_pickup");
    assert_eq!(market.status(PERSON, &sn), "RETRY_SHIP");
    let update = || {
        market.post_of(
            PERSON,
            "/api/v2/logistics/update_shipping_order",
            &json!({"order_sn": sn, "dropoff": {}}),
        )
    };
    assert_eq!(update().document()["error"], "");
    assert_eq!(market.status(PERSON, &sn), "PROCESSED");
    assert_eq!(code(&update()), "logistics.error_status");
    act("lose");
    let lost = market.order(PERSON, &sn, "cancel_by,cancel_reason");
    assert_eq!(
        (lost["order_status"].as_str(), lost["cancel_reason"].as_str()),
        (Some("CANCELLED"), Some("Parcel is lost"))
    );
}

#[test]
fn a_label_is_asked_for_made_and_printed() {
    let market = market();
    let (sn, number, tracking) = tracked(&market);
    let row = json!([{"order_sn": sn, "package_number": number, "tracking_number": tracking, "shipping_document_type": "NORMAL_AIR_WAYBILL"}]);
    let kinds = good(&batch(&market, "get_shipping_document_parameter", &row));
    assert_eq!(
        kinds["result_list"][0]["selectable_shipping_document_type"],
        json!(["NORMAL_AIR_WAYBILL", "THERMAL_AIR_WAYBILL"])
    );
    let unmade = batch(&market, "get_shipping_document_result", &row);
    assert_eq!(
        unmade.document()["response"]["result_list"][0]["fail_error"],
        "logistics.shipping_document_should_print_first"
    );
    good(&batch(&market, "create_shipping_document", &row));
    let download = || {
        let body = json!({"shipping_document_type": "NORMAL_AIR_WAYBILL", "order_list": [{"order_sn": sn, "package_number": number}]});
        market.post_of(PERSON, "/api/v2/logistics/download_shipping_document", &body)
    };
    assert_eq!(code(&download()), "logistics.download_later");
    let status =
        || good(&batch(&market, "get_shipping_document_result", &row))["result_list"][0]["status"].clone();
    assert_eq!([status(), status()], ["PROCESSING", "READY"]);
    let told = market.take_pushes().into_iter().find(|push| push["code"] == 15).unwrap();
    assert_eq!(told["data"]["status"], "READY");
    let (kind, file) = {
        let reply = download();
        bytes(&reply)
    };
    assert_eq!(kind, "application/pdf");
    assert!(file.starts_with(b"%PDF"));
    assert!(file.windows(tracking.len()).any(|window| window == tracking.as_bytes()));
}

#[test]
fn a_thermal_label_is_a_zip_of_printer_text() {
    let market = market();
    market.control(Method::PUT, "/_sandbox/rules", &json!({"label_polls": 0}));
    let (sn, number, tracking) = tracked(&market);
    let row = json!([{"order_sn": sn, "package_number": number, "tracking_number": tracking, "shipping_document_type": "THERMAL_AIR_WAYBILL"}]);
    good(&batch(&market, "create_shipping_document", &row));
    let body = json!({"shipping_document_type": "THERMAL_AIR_WAYBILL", "order_list": [{"order_sn": sn}]});
    let reply = market.post_of(PERSON, "/api/v2/logistics/download_shipping_document", &body);
    let (kind, file) = bytes(&reply);
    assert_eq!(kind, "application/octet-stream");
    assert!(file.starts_with(b"PK\x03\x04"));
    assert!(file.windows(3).any(|window| window == b"^XA"));
    assert!(file.windows(4).any(|window| window == b"%PDF"));
}

#[test]
fn rows_of_a_label_batch_fail_one_by_one_and_a_batch_of_failures_is_an_error() {
    let market = market();
    let (sn, number, tracking) = tracked(&market);
    let early = market.simple_order();
    let good_row = json!({"order_sn": sn, "package_number": number, "tracking_number": tracking});
    let mixed = batch(&market, "create_shipping_document", &json!([good_row, {"order_sn": early}]));
    assert_eq!(mixed.document()["error"], "");
    assert_eq!(mixed.document()["response"]["result_list"][1]["fail_error"], "logistics.order_status_error");
    assert_eq!(mixed.document()["warning"][0]["order_sn"], early);
    let wrong =
        batch(&market, "create_shipping_document", &json!([{"order_sn": sn, "tracking_number": "BR0"}]));
    assert_eq!(code(&wrong), "common.batch_api_all_failed");
    assert_eq!(
        wrong.document()["response"]["result_list"][0]["fail_error"],
        "logistics.tracking_number_invalid"
    );
    market.control(Method::POST, &format!("/_sandbox/packages/{number}/pickup"), &json!({}));
    let late = batch(&market, "create_shipping_document", &json!([good_row]));
    assert_eq!(
        late.document()["response"]["result_list"][0]["fail_error"],
        "logistics.package_can_not_print"
    );
    assert_eq!(code(&batch(&market, "create_shipping_document", &json!([]))), "error_param");
}

#[test]
fn a_sellers_own_couriers_are_reported_by_the_seller() {
    let market = market();
    let sn = market.sale(&json!({"sku": "PEN-64", "channel_id": 90_021}));
    ship(&market, &sn);
    // The order hides that it is arranged: the package tells.
    assert_eq!(market.status(PERSON, &sn), "READY_TO_SHIP");
    let report = |status: &str, reason: &str| {
        let body = json!({"order_sn": sn, "logistics_status": status, "failed_reason": reason, "tracking_number": "MOTO-1"});
        good(&market.post_of(PERSON, "/api/v2/logistics/update_tracking_status", &body))["update_result"]
            .clone()
    };
    assert_eq!(report("logistics_delivery_done", ""), "failed");
    assert_eq!(report("logistics_pickup_done", ""), "succeed");
    assert_eq!(market.status(PERSON, &sn), "SHIPPED");
    assert_eq!(report("logistics_delivery_failed", ""), "failed");
    assert_eq!(report("logistics_delivery_done", ""), "succeed");
    assert_eq!(market.status(PERSON, &sn), "TO_CONFIRM_RECEIVE");
}

#[test]
fn many_packages_are_arranged_at_once() {
    let market = market();
    let (first, second) = (market.simple_order(), market.simple_order());
    let rows = json!([{"package_number": market.package(PERSON, &first)}, {"package_number": "OFG0"}]);
    let body = json!({"package_list": rows, "dropoff": {}});
    let answer = good(&market.post_of(PERSON, "/api/v2/logistics/mass_ship_order", &body));
    assert_eq!(
        (answer["success_list"].as_array().unwrap().len(), answer["fail_list"][0]["package_number"].as_str()),
        (1, Some("OFG0"))
    );
    let body = json!({"order_list": [{"order_sn": first}, {"order_sn": second}], "dropoff": {}});
    let answer = good(&market.post_of(PERSON, "/api/v2/logistics/batch_ship_order", &body));
    assert_eq!(answer["result_list"][0]["fail_error"], "logistics.package_already_shipped");
    assert!(answer["result_list"][1].get("fail_error").is_none());
}

#[test]
fn channels_and_addresses_are_listed() {
    let market = market();
    let channels = market.get("/api/v2/logistics/get_channel_list", &[]);
    let ids: Vec<i64> = channels["logistics_channel_list"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["enabled"] == true)
        .map(|it| it["logistics_channel_id"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, [90_003, 90_021, 90_022, 90_026]);
    let addresses = market.get("/api/v2/logistics/get_address_list", &[]);
    assert_eq!(addresses["address_list"][0]["address_type"][1], "PICK_UP_ADDRESS");
}

#[test]
fn more_time_to_ship_is_told_by_push_and_kept() {
    let market = market();
    let sn = market.simple_order();
    let number = market.package(PERSON, &sn);
    market.take_pushes();
    let later = market.now() + 5 * 86_400;
    let body = json!({"ship_by_date": later});
    market.control(Method::POST, &format!("/_sandbox/packages/{number}/change"), &body);
    let told = market.take_pushes();
    assert_eq!(
        (told[0]["code"].as_i64(), &told[0]["data"]["new"]["ship_by_date"]),
        (Some(47), &json!(later))
    );
    let _ = market.pass(hours(5 * 24));
    assert_eq!(market.status(PERSON, &sn), "READY_TO_SHIP");
    let _ = market.pass(hours(24));
    assert_eq!(market.status(PERSON, &sn), "CANCELLED");
}
