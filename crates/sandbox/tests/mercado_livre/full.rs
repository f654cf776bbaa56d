//! What lies in the platform's own centre (fact sheet §8).

use std::time::Duration;

use http::{Method, StatusCode};
use sandbox::SaleRequest;
use sandbox::reply::Reply;
use serde_json::{Value, json};

use crate::kit::{CLASSIC, Shop, shop};

const SKU: &str = "CAB-HDMI-2M";

/// Sends the item with this SKU into the centre; gives the inventory.
fn send_in(shop: &Shop) -> String {
    let item = shop.item(SKU);
    let full = json!({"logistic_type": "fulfillment"});
    shop.control(Method::PUT, &format!("/_sandbox/items/{item}"), &full);
    let shown = shop.get(&format!("/items/{item}"));
    shown["inventory_id"].as_str().unwrap().to_owned()
}

fn stock(shop: &Shop, inventory: &str) -> Value {
    shop.get(&format!("/inventories/{inventory}/stock/fulfillment?include_attributes=conditions"))
}

fn movements(shop: &Shop, inventory: &str, more: &str) -> Reply {
    let seller = shop.user_id(CLASSIC);
    let path = "/stock/fulfillment/operations/search";
    let query =
        format!("seller_id={seller}&inventory_id={inventory}&date_from=2026-11-01&date_to=2026-12-01{more}");
    shop.seller(Method::GET, &format!("{path}?{query}")).send()
}

fn kinds(reply: &Reply) -> Vec<&str> {
    let results = reply.document()["results"].as_array().unwrap();
    results.iter().map(|operation| operation["type"].as_str().unwrap()).collect()
}

#[test]
fn an_item_outside_the_centre_has_no_inventory() {
    let shop = shop();
    assert_eq!(shop.get(&format!("/items/{}", shop.item(SKU)))["inventory_id"], json!(null));
    let unknown = shop.seller(Method::GET, "/inventories/NONE00000/stock/fulfillment").send();
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[test]
fn units_in_the_centre_are_counted_by_what_can_be_sold() {
    let shop = shop();
    let inventory = send_in(&shop);
    let control = format!("/_sandbox/inventories/{inventory}");
    shop.control(Method::POST, &control, &json!({"action": "inbound", "quantity": 30}));
    shop.control(Method::POST, &control, &json!({"action": "damage", "quantity": 4}));
    let shown = stock(&shop, &inventory);
    assert_eq!((&shown["total"], &shown["available_quantity"]), (&json!(150), &json!(146)));
    assert_eq!(shown["not_available_detail"], json!([{"status": "damage", "quantity": 4}]));
    assert_eq!(shown["external_references"][0]["id"], shop.item(SKU));
    assert_eq!(shop.get(&format!("/items/{}", shop.item(SKU)))["available_quantity"], 146);
}

#[test]
fn a_sale_and_its_cancellation_are_movements_that_are_told() {
    let shop = shop();
    let inventory = send_in(&shop);
    shop.pass(Duration::from_secs(1));
    let order = shop.sandbox.sell(&SaleRequest::of_sku(SKU, 3)).unwrap()[0];
    shop.control(Method::POST, &format!("/_sandbox/orders/{order}/cancel"), &json!({"group": "buyer"}));
    let found = movements(&shop, &inventory, "");
    assert_eq!(kinds(&found), ["SALE_CANCELATION", "SALE_CONFIRMATION", "INBOUND_RECEPTION"]);
    let sale = &found.document()["results"][1];
    assert_eq!((&sale["detail"]["available_quantity"], &sale["result"]["total"]), (&json!(-3), &json!(117)));
    let resource = format!("/stock/fulfillment/operations/{}", sale["id"]);
    assert_eq!(&shop.get(&resource), sale);
    let heard = shop.control(Method::GET, "/_sandbox/hooks", &json!(null));
    let told =
        heard["notifications"].as_array().unwrap().iter().any(|it| it["resource"] == resource.as_str());
    assert!(told);
}

#[test]
fn movements_come_by_type_and_in_pages() {
    let shop = shop();
    let inventory = send_in(&shop);
    for _ in 0..3 {
        shop.sandbox.sell(&SaleRequest::of_sku(SKU, 1)).unwrap();
    }
    assert_eq!(kinds(&movements(&shop, &inventory, "&type=INBOUND_RECEPTION")), ["INBOUND_RECEPTION"]);
    let first = movements(&shop, &inventory, "&limit=3");
    let scroll = first.document()["paging"]["scroll"].as_str().unwrap();
    let second = movements(&shop, &inventory, &format!("&limit=3&scroll={scroll}"));
    assert_eq!((kinds(&first).len(), kinds(&second)), (3, vec!["INBOUND_RECEPTION"]));
    assert_eq!(second.document()["paging"], json!({"total": 4, "scroll": null}));
}

#[test]
fn a_search_of_movements_says_what_it_lacks() {
    let shop = shop();
    let inventory = send_in(&shop);
    let seller = shop.user_id(CLASSIC);
    let search = |query: &str| {
        shop.seller(Method::GET, &format!("/stock/fulfillment/operations/search?{query}")).send().status
    };
    let days = "date_from=2026-11-01&date_to=2026-12-01";
    assert_eq!(search(&format!("inventory_id={inventory}&{days}")), StatusCode::BAD_REQUEST);
    assert_eq!(search(&format!("seller_id={seller}&{days}")), StatusCode::BAD_REQUEST);
    assert_eq!(search(&format!("seller_id={seller}&inventory_id={inventory}")), StatusCode::BAD_REQUEST);
    let long_ago =
        format!("seller_id={seller}&inventory_id={inventory}&date_from=2024-01-01&date_to=2026-12-01");
    assert_eq!(search(&long_ago), StatusCode::BAD_REQUEST);
    assert_eq!(search(&format!("seller_id=1&inventory_id={inventory}&{days}")), StatusCode::FORBIDDEN);
    let foreign = format!("/inventories/{inventory}/stock/fulfillment");
    assert_eq!(shop.family_seller(Method::GET, &foreign).send().status, StatusCode::FORBIDDEN);
}

#[test]
fn the_seller_cannot_write_what_lies_in_the_centre() {
    let shop = shop();
    let inventory = send_in(&shop);
    let path = format!("/items/{}", shop.item(SKU));
    shop.seller(Method::PUT, &path).json(&json!({"available_quantity": 5})).send();
    assert_eq!(stock(&shop, &inventory)["available_quantity"], 120);
}

#[test]
fn more_units_than_there_are_cannot_leave_the_centre() {
    let shop = shop();
    let inventory = send_in(&shop);
    for body in
        [json!({"action": "withdraw", "quantity": 500}), json!({"action": "burn", "quantity": 1}), json!({})]
    {
        let reply = shop.ask(Method::POST, &format!("/_sandbox/inventories/{inventory}")).json(&body).send();
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
    }
}
