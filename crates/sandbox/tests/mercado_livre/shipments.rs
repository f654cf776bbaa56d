//! Shipments and labels (fact sheet §12).

use std::time::Duration;

use http::{Method, StatusCode};
use sandbox::SaleRequest;
use sandbox::mercado_livre::sales::SaleLine;
use sandbox::mercado_livre::shipment::{Logistic, ShipmentStage};
use sandbox::reply::Reply;
use serde_json::{Value, json};

use crate::kit::{CLASSIC, Shop, bytes, shop};

/// A paid purchase of one unit whose parcel waits for its note; the shipment's id.
fn parcel(shop: &Shop) -> i64 {
    let order = shop.sandbox.sell(&SaleRequest::of_sku("CAB-HDMI-2M", 1)).unwrap()[0];
    shop.pass(Duration::from_mins(1));
    shop.get(&format!("/orders/{order}"))["shipping"]["id"].as_i64().unwrap()
}

fn printable_parcel(shop: &Shop) -> i64 {
    let id = parcel(shop);
    shop.control(Method::POST, &format!("/_sandbox/shipments/{id}/advance"), &json!({}));
    id
}

fn words(shop: &Shop, id: i64) -> (String, String) {
    let shipment = shop.get(&format!("/shipments/{id}"));
    let word = |field: &str| shipment[field].as_str().unwrap_or_default().to_owned();
    (word("status"), word("substatus"))
}

fn state(status: &str, substatus: &str) -> (String, String) {
    (status.to_owned(), substatus.to_owned())
}

#[test]
fn the_header_of_the_new_format_is_mandatory() {
    let shop = shop();
    let path = format!("/shipments/{}", parcel(&shop));
    let old = shop.ask(Method::GET, &path).bearer(&shop.token(CLASSIC)).send();
    assert_eq!(old.status, StatusCode::BAD_REQUEST);
    let orders = shop
        .ask(Method::GET, &format!("{path}/orders"))
        .bearer(&shop.token(CLASSIC))
        .header("x-format-new", "true")
        .send();
    assert_eq!(orders.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        shop.get(&path)["logistic"],
        json!({"mode": "me2", "type": "cross_docking", "direction": "forward"})
    );
}

#[test]
fn a_brazilian_parcel_waits_for_its_note_and_then_goes_its_way() {
    let shop = shop();
    let id = parcel(&shop);
    assert_eq!(words(&shop, id), state("ready_to_ship", "invoice_pending"));
    shop.pass(Duration::from_hours(2));
    assert_eq!(words(&shop, id), state("ready_to_ship", "invoice_pending"));
    shop.control(Method::POST, &format!("/_sandbox/shipments/{id}/advance"), &json!({}));
    assert_eq!(words(&shop, id), state("ready_to_ship", "ready_to_print"));
    let label =
        shop.seller(Method::GET, &format!("/shipment_labels?shipment_ids={id}&response_type=pdf")).send();
    assert!(bytes(&label).starts_with(b"%PDF-1.4"));
    assert_eq!(words(&shop, id), state("ready_to_ship", "printed"));
    shop.pass(Duration::from_hours(48));
    assert_eq!(words(&shop, id), state("delivered", ""));
    let history = shop.get(&format!("/shipments/{id}/history"));
    let steps: Vec<_> =
        history.as_array().unwrap().iter().map(|step| step["substatus"].as_str().unwrap_or("-")).collect();
    let way = [
        "-",
        "-",
        "invoice_pending",
        "ready_to_print",
        "printed",
        "picked_up",
        "in_hub",
        "-",
        "out_for_delivery",
        "-",
    ];
    assert_eq!(steps, way);
}

#[test]
fn a_delivered_parcel_marks_its_orders() {
    let shop = shop();
    let id = printable_parcel(&shop);
    shop.seller(Method::GET, &format!("/shipment_labels?shipment_ids={id}")).send();
    shop.pass(Duration::from_hours(48));
    let order = shop.get(&format!("/shipments/{id}/orders"))[0]["order_id"].as_str().unwrap().to_owned();
    let tags = shop.get(&format!("/orders/{order}"))["tags"].clone();
    assert_eq!(tags.as_array().unwrap().iter().filter(|tag| *tag == "delivered").count(), 1);
}

#[test]
fn a_label_has_a_page_for_each_parcel() {
    let shop = shop();
    let (first, second) = (printable_parcel(&shop), printable_parcel(&shop));
    let label = shop.seller(Method::GET, &format!("/shipment_labels?shipment_ids={first},{second}")).send();
    let text = String::from_utf8_lossy(&bytes(&label)).into_owned();
    assert!(text.contains("/Count 2") && text.contains(&second.to_string()));
}

#[test]
fn zpl_comes_in_a_zip() {
    let shop = shop();
    let id = printable_parcel(&shop);
    let label =
        shop.seller(Method::GET, &format!("/shipment_labels?shipment_ids={id}&response_type=zpl2")).send();
    let archive = bytes(&label);
    assert!(archive.starts_with(b"PK\x03\x04"));
    let text = String::from_utf8_lossy(&archive);
    assert!(text.contains("Etiqueta de envio.txt") && text.contains("^XA"));
}

#[test]
fn labels_are_refused_in_their_own_words() {
    let shop = shop();
    let error = |query: &str| {
        let reply = shop.seller(Method::GET, &format!("/shipment_labels?{query}")).send();
        (reply.status.as_u16(), reply.document()["error"].as_str().unwrap().to_owned())
    };
    let waiting = parcel(&shop);
    assert_eq!(error(&format!("shipment_ids={waiting}")), (400, "not_printable_status".to_owned()));
    assert_eq!(error("shipment_ids=1"), (404, "not_found".to_owned()));
    assert_eq!(error("response_type=pdf"), (404, "not_found".to_owned()));
    let many = vec![waiting.to_string(); 51].join(",");
    assert_eq!(error(&format!("shipment_ids={many}")), (400, "shipment_ids".to_owned()));
    let full = shop.item("QC-1000-MG");
    shop.control(Method::PUT, &format!("/_sandbox/items/{full}"), &json!({"logistic_type": "fulfillment"}));
    let order = shop.sandbox.sell(&SaleRequest::of_item(&full, 1)).unwrap()[0];
    shop.pass(Duration::from_secs(31));
    let full = shop.get(&format!("/orders/{order}"))["shipping"]["id"].clone();
    assert_eq!(error(&format!("shipment_ids={full}")), (400, "invalid_shipment_ff_public".to_owned()));
    let foreign = shop.family_seller(Method::GET, &format!("/shipment_labels?shipment_ids={waiting}")).send();
    assert_eq!(foreign.document()["error"], "invalid_shipment_caller");
}

#[test]
fn a_parcel_that_should_have_left_is_late() {
    let shop = shop();
    let id = parcel(&shop);
    let delays = || shop.seller(Method::GET, &format!("/shipments/{id}/delays")).send();
    assert_eq!(delays().status, StatusCode::NOT_FOUND);
    assert_eq!(shop.get(&format!("/shipments/{id}/sla"))["status"], "on_time");
    shop.pass(Duration::from_hours(25));
    assert_eq!(delays().status, StatusCode::OK);
    assert_eq!(shop.get(&format!("/shipments/{id}/sla"))["status"], "delayed");
}

#[test]
fn a_full_parcel_needs_nobody() {
    let shop = shop();
    let item = shop.item("QC-1000-MG");
    shop.control(
        Method::PUT,
        &format!("/_sandbox/items/{item}"),
        &json!({"logistic_type": Logistic::Fulfillment.word()}),
    );
    let order = shop.sandbox.sell(&SaleRequest::of_item(&item, 1)).unwrap()[0];
    shop.pass(Duration::from_hours(48));
    let id = shop.get(&format!("/orders/{order}"))["shipping"]["id"].as_i64().unwrap();
    assert_eq!(words(&shop, id), state("delivered", ""));
}

#[test]
fn a_split_replaces_pack_orders_and_parcel_by_new_ones() {
    let shop = shop();
    let line = |sku: &str| SaleLine { sku: Some(sku.to_owned()), quantity: 2, ..SaleLine::default() };
    let orders =
        shop.sandbox.sell(&SaleRequest::of_cart(vec![line("CAB-HDMI-2M"), line("QC-1000-MG")])).unwrap();
    shop.pass(Duration::from_mins(1));
    let old = shop.get(&format!("/orders/{}", orders[0]));
    let id = &old["shipping"]["id"];
    let split = |body: &Value| shop.seller(Method::POST, &format!("/shipments/{id}/split")).json(body).send();
    let pack = |order: i64, quantity: i64| json!({"orders": [{"id": order, "quantity": quantity}]});
    let half = json!({"reason": "FRAGILE", "packs": [pack(orders[0], 2), pack(orders[1], 1)]});
    assert_eq!(split(&half).status, StatusCode::BAD_REQUEST);
    let whole = json!({"reason": "FRAGILE", "packs": [pack(orders[0], 2), pack(orders[1], 2)]});
    let mut named = whole.clone();
    named["packs"][0]["package_id"] = json!(1);
    assert_eq!(split(&named).status, StatusCode::BAD_REQUEST, "both packs are named or none");
    let reply = split(&whole);
    assert_eq!((reply.status, reply.document()), (StatusCode::OK, &json!({})));
    shop.pass(Duration::from_mins(1));
    assert_eq!(shop.get(&format!("/packs/{}", old["pack_id"]))["status_detail"], "splitted");
    assert_eq!(shop.get(&format!("/orders/{}", orders[0]))["cancel_detail"]["code"], "pack_splitted");
    assert_eq!(shop.get(&format!("/shipments/{id}"))["substatus"], "pack_splitted");
    let fresh = shop.get(&format!("/orders/search?seller={}", shop.user_id(CLASSIC)))["results"].clone();
    assert_eq!(fresh.as_array().unwrap().len(), 2);
    let shipment = shop.get(&format!("/shipments/{}", fresh[0]["shipping"]["id"]));
    assert_eq!(&shipment["sibling"]["sibling_id"], id);
    assert_eq!(shop.get(&format!("/items/{}", shop.item("CAB-HDMI-2M")))["available_quantity"], 118);
}

#[test]
fn flex_is_switched_by_item_and_needs_no_note() {
    let shop = shop();
    let item = shop.item("CAB-HDMI-2M");
    let path = format!("/flex/sites/MLB/items/{item}/v2");
    assert_eq!(shop.get(&path), json!({"has_flex": false}));
    let switch = |method: Method| shop.seller(method, &path).send().status;
    assert_eq!(switch(Method::POST), StatusCode::NO_CONTENT);
    assert_eq!(switch(Method::POST), StatusCode::BAD_REQUEST);
    let id = parcel(&shop);
    assert_eq!(words(&shop, id), state("ready_to_ship", "ready_to_print"));
    assert_eq!(switch(Method::DELETE), StatusCode::NO_CONTENT);
    shop.put(&format!("/items/{item}"), &json!({"status": "paused"}));
    assert_eq!(switch(Method::POST), StatusCode::FORBIDDEN);
}

#[test]
fn freight_is_free_from_the_threshold_on() {
    let shop = shop();
    let cost = |sku: &str| {
        shop.get(&format!("/items/{}/shipping_options?zip_code=20040002", shop.item(sku)))["options"][0]["cost"].clone()
    };
    assert_eq!((cost("CAB-HDMI-2M"), cost("MOC-NB-25")), (json!(20.9), json!(0.0)));
    let wrong = shop
        .seller(Method::GET, &format!("/items/{}/shipping_options?zip_code=1", shop.item("CAB-HDMI-2M")))
        .send();
    assert_eq!(wrong.document()["error"], "invalid_zip_code");
}

#[test]
fn a_parcel_put_into_a_known_state_goes_on_from_there() {
    let shop = shop();
    let id = parcel(&shop);
    let put = |status: &str, substatus: &str| {
        let state = json!({"status": status, "substatus": substatus});
        shop.control(Method::PUT, &format!("/_sandbox/shipments/{id}"), &state);
    };
    put("shipped", "a_word_nobody_lists");
    assert_eq!(words(&shop, id), state("shipped", "a_word_nobody_lists"));
    put("ready_to_ship", "ready_to_print");
    let label =
        shop.seller(Method::GET, &format!("/shipment_labels?shipment_ids={id}&response_type=pdf")).send();
    assert_eq!(label.status, StatusCode::OK);
    assert_eq!(words(&shop, id), state("ready_to_ship", "printed"));
}

/// A parcel that travels with the seller's own carrier.
fn own_carrier(shop: &Shop) -> i64 {
    let item = shop.item("CAN-INOX-500");
    shop.control(Method::PUT, &format!("/_sandbox/items/{item}"), &json!({"logistic_type": "default"}));
    let order = shop.sandbox.sell(&SaleRequest::of_item(&item, 1)).unwrap()[0];
    shop.pass(Duration::from_mins(2));
    shop.get(&format!("/orders/{order}"))["shipping"]["id"].as_i64().unwrap()
}

fn report(shop: &Shop, id: i64, status: &str, substatus: &str) -> Reply {
    let body = json!({"payload": {"service_id": 11, "comment": "Saiu", "date": "2026-11-10T10:00:00.000-04:00"},
        "tracking_number": "TR123", "tracking_url": "https://carrier.example/TR123", "status": status, "substatus": substatus});
    shop.seller(Method::POST, &format!("/shipments/{id}/seller_notifications")).json(&body).send()
}

#[test]
fn with_a_carrier_of_their_own_the_seller_says_where_the_parcel_is() {
    let shop = shop();
    let id = own_carrier(&shop);
    let path = format!("/shipments/{id}");
    let parcel = shop.get(&path);
    assert_eq!(parcel["logistic"], json!({"mode": "me1", "type": "default", "direction": "forward"}));
    assert_eq!(parcel["tracking_number"], json!(null));
    assert_eq!(report(&shop, id, "shipped", "null").status, StatusCode::OK);
    assert_eq!(report(&shop, id, "shipped", "out_for_delivery").status, StatusCode::OK);
    shop.pass(Duration::from_hours(24 * 10));
    assert_eq!(words(&shop, id), state("shipped", "out_for_delivery"));
    assert_eq!(shop.get(&path)["tracking_number"], "TR123");
    assert_eq!(shop.get(&format!("{path}/carrier"))["url"], "https://carrier.example/TR123");
    assert_eq!(report(&shop, id, "delivered", "null").status, StatusCode::OK);
    let again = report(&shop, id, "shipped", "null");
    assert_eq!(
        (again.status, &again.document()["error"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_shipment_status"))
    );
}

#[test]
fn a_report_that_the_carrier_of_the_platform_makes_or_nobody_knows_is_refused() {
    let shop = shop();
    let id = own_carrier(&shop);
    let error = |reply: Reply| reply.document()["error"].as_str().unwrap().to_owned();
    assert_eq!(error(report(&shop, id, "lost", "null")), "invalid_status");
    assert_eq!(error(report(&shop, id, "shipped", "somewhere")), "invalid_substatus");
    let foreign = json!({"payload": {"service_id": 154}, "status": "shipped"});
    let path = format!("/shipments/{id}/seller_notifications");
    assert_eq!(error(shop.seller(Method::POST, &path).json(&foreign).send()), "invalid_service_id");
    let label = shop.seller(Method::GET, &format!("/shipment_labels?shipment_ids={id}")).send();
    assert_eq!(error(label), "invalid_shipment_mode");
    assert_eq!(error(report(&shop, parcel(&shop), "shipped", "null")), "invalid_shipment_mode");
    let others = shop.family_seller(Method::POST, &path).header("x-format-new", "true").json(&foreign).send();
    assert_eq!(others.status, StatusCode::FORBIDDEN);
}

#[test]
fn goods_made_to_order_go_on_once_they_are_there() {
    let shop = shop();
    let id = parcel(&shop);
    let ready = || {
        let path = format!("/shipments/{id}/process/ready_to_ship");
        shop.seller(Method::POST, &path).json(&json!({})).send()
    };
    assert_eq!(ready().document()["error"], "invalid_shipment_status");
    shop.sandbox.with_world(|world| {
        let parcel = world.shipments.get_mut(&id).unwrap();
        parcel.stage = ShipmentStage::from_words("handling", Some("manufacturing"));
    });
    assert_eq!(words(&shop, id), state("handling", "manufacturing"));
    assert_eq!(ready().status, StatusCode::OK);
    assert_eq!(words(&shop, id), state("ready_to_ship", "invoice_pending"));
}
