//! Stock by user product (fact sheet §8).

use http::{Method, StatusCode};
use sandbox::SaleRequest;
use sandbox::reply::Reply;
use serde_json::{Value, json};

use crate::kit::{CLASSIC, Shop, header, shop};

/// The path of the stock behind a SKU of the classic seller.
fn stock_path(shop: &Shop) -> String {
    let item = shop.get(&format!("/items/{}", shop.item("CAB-HDMI-2M")));
    format!("/user-products/{}/stock", item["user_product_id"].as_str().unwrap())
}

fn give_depots(shop: &Shop) {
    let tags = json!({"tags": ["normal", "warehouse_management", "multiwarehouse"]});
    shop.control(Method::PUT, &format!("/_sandbox/users/{}", shop.user_id(CLASSIC)), &tags);
}

fn write(shop: &Shop, version: Option<&str>, body: &Value) -> Reply {
    let ask = shop.seller(Method::PUT, &format!("{}/type/seller_warehouse", stock_path(shop))).json(body);
    match version {
        Some(version) => ask.header("x-version", version).send(),
        None => ask.send(),
    }
}

#[test]
fn stock_comes_with_its_version_and_every_sale_counts_it_up() {
    let shop = shop();
    let path = stock_path(&shop);
    let read = || shop.seller(Method::GET, &path).send();
    assert_eq!(read().document()["locations"], json!([{"type": "selling_address", "quantity": 120}]));
    let before: i64 = header(&read(), "x-version").unwrap().parse().unwrap();
    shop.sandbox.sell(&SaleRequest::of_sku("CAB-HDMI-2M", 2)).unwrap();
    assert_eq!(read().document()["locations"][0]["quantity"], 118);
    assert_eq!(header(&read(), "x-version").unwrap().parse(), Ok(before + 1));
}

#[test]
fn a_depot_write_needs_the_present_version() {
    let shop = shop();
    give_depots(&shop);
    let read = shop.seller(Method::GET, &stock_path(&shop)).send();
    let mut location = read.document()["locations"][0].clone();
    location["quantity"] = json!(7);
    let body = json!({"locations": [location]});
    let missing = write(&shop, None, &body);
    assert_eq!(
        (missing.status, &missing.document()["message"]),
        (StatusCode::BAD_REQUEST, &json!("Missing X-Version header"))
    );
    let version = header(&read, "x-version").unwrap();
    let written = write(&shop, Some(version), &body);
    assert_eq!(
        (written.status, &written.document()["locations"][0]["quantity"]),
        (StatusCode::OK, &json!(7))
    );
    let stale = write(&shop, Some(version), &body);
    assert_eq!(
        (stale.status, &stale.document()["message"]),
        (StatusCode::CONFLICT, &json!("Version mismatch"))
    );
}

#[test]
fn a_sale_between_reading_and_writing_makes_the_write_stale() {
    let shop = shop();
    give_depots(&shop);
    let read = || shop.seller(Method::GET, &stock_path(&shop)).send();
    let before = read();
    shop.sandbox.sell(&SaleRequest::of_sku("CAB-HDMI-2M", 1)).unwrap();
    let locations = before.document()["locations"].clone();
    let stale = write(&shop, header(&before, "x-version"), &json!({"locations": locations}));
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let units = |document: &Value| -> i64 {
        document["locations"].as_array().unwrap().iter().map(|it| it["quantity"].as_i64().unwrap()).sum()
    };
    assert_eq!(units(read().document()), units(before.document()) - 1);
}

#[test]
fn a_store_that_is_not_the_sellers_is_refused() {
    let shop = shop();
    give_depots(&shop);
    let read = shop.seller(Method::GET, &stock_path(&shop)).send();
    let body = json!({"locations": [{"store_id": "1", "network_node_id": "X", "quantity": 1}]});
    assert_eq!(write(&shop, header(&read, "x-version"), &body).status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_seller_with_depots_gets_200_for_an_item_quantity_and_nothing_changes() {
    let shop = shop();
    give_depots(&shop);
    let path = format!("/items/{}", shop.item("CAB-HDMI-2M"));
    let reply = shop.seller(Method::PUT, &path).json(&json!({"available_quantity": 5})).send();
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(shop.get(&path)["available_quantity"], 120);
}

#[test]
fn the_depots_of_a_seller_can_be_found_and_used_at_creation() {
    let shop = shop();
    give_depots(&shop);
    let stores = shop.get(&format!("/users/{}/stores/search?tags=stock_location", shop.user_id(CLASSIC)));
    let store = &stores["results"][1];
    let body = json!({
        "title": "Item de Teste", "category_id": "MLB3530", "price": 49.9, "currency_id": "BRL", "buying_mode": "buy_it_now",
        "listing_type_id": "gold_special", "condition": "new", "pictures": [{"source": "http://img.example/a.jpg"}],
        "stock_locations": [{"store_id": store["id"], "network_node_id": store["network_node_id"], "quantity": 6}],
    });
    let plain = shop.seller(Method::POST, "/items").json(&body).send();
    assert_eq!(plain.status, StatusCode::BAD_REQUEST);
    let item = shop.seller(Method::POST, "/items/multiwarehouse").json(&body).send();
    assert_eq!(
        (item.status, &item.document()["available_quantity"]),
        (StatusCode::CREATED, &json!(6)),
        "{}",
        item.document()
    );
}

#[test]
fn the_selling_address_cannot_be_written_in_brazil() {
    let shop = shop();
    let path = format!("{}/type/selling_address", stock_path(&shop));
    let reply = shop.seller(Method::PUT, &path).header("x-version", "1").json(&json!({"quantity": 3})).send();
    assert_eq!(reply.document()["message"], "the site is blocked for modifications to the selling address");
}
