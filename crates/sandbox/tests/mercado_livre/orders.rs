//! Orders, packs and payments (fact sheet §11, §24).

use std::time::Duration;

use http::{Method, StatusCode};
use sandbox::mercado_livre::sales::SaleLine;
use sandbox::{SaleError, SaleRequest};
use serde_json::{Value, json};

use crate::kit::{CLASSIC, Shop, bytes, header, shop};

const SKU: &str = "CAB-HDMI-2M";

fn sell(shop: &Shop, request: &SaleRequest) -> i64 {
    shop.sandbox.sell(request).unwrap()[0]
}

fn search(shop: &Shop, more: &str) -> Vec<Value> {
    let found = shop.get(&format!("/orders/search?seller={}{more}", shop.user_id(CLASSIC)));
    found["results"].as_array().unwrap().clone()
}

fn line(sku: &str) -> SaleLine {
    SaleLine { sku: Some(sku.to_owned()), quantity: 1, ..SaleLine::default() }
}

#[test]
fn a_card_purchase_is_paid_at_once_and_takes_the_units() {
    let shop = shop();
    let id = sell(&shop, &SaleRequest::of_sku(SKU, 2));
    let order = shop.get(&format!("/orders/{id}"));
    assert!((2_000_010_000_000_000..2_000_020_000_000_000).contains(&id));
    assert_eq!(
        (&order["status"], &order["total_amount"], &order["paid_amount"]),
        (&json!("paid"), &json!(109.8), &json!(109.8))
    );
    let item = &order["order_items"][0];
    assert_eq!(
        (&item["quantity"], &item["unit_price"], &item["item"]["seller_sku"]),
        (&json!(2), &json!(54.9), &json!(SKU))
    );
    assert_eq!(order["date_created"], "2026-11-10T09:00:00.000-04:00");
    assert_eq!(order["payments"][0]["status"], "approved");
    assert_eq!(order["shipping"]["id"], Value::Null);
    assert_eq!(shop.get(&format!("/items/{}", shop.item(SKU)))["available_quantity"], 118);
}

#[test]
fn nothing_personal_about_the_buyer_is_in_an_order() {
    let shop = shop();
    let id = sell(&shop, &SaleRequest::of_sku(SKU, 1));
    let buyer = shop.get(&format!("/orders/{id}"))["buyer"].clone();
    let fields: Vec<_> = buyer.as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["billing_info", "id"]);
    assert!(buyer["billing_info"]["id"].is_string());
}

#[test]
fn the_parcel_comes_up_to_half_a_minute_after_the_payment() {
    let shop = shop();
    let id = sell(&shop, &SaleRequest::of_sku(SKU, 1));
    let path = format!("/orders/{id}/shipments");
    assert_eq!(shop.seller(Method::GET, &path).send().status, StatusCode::NO_CONTENT);
    shop.pass(Duration::from_secs(31));
    let shipment = shop.get(&format!("/orders/{id}"))["shipping"]["id"].clone();
    assert_eq!(shop.get(&path), json!([{"id": shipment, "type": "forward"}]));
}

#[test]
fn a_cart_is_several_orders_in_one_pack_with_one_parcel() {
    let shop = shop();
    let orders = shop.sandbox.sell(&SaleRequest::of_cart(vec![line(SKU), line("QC-1000-MG")])).unwrap();
    shop.pass(Duration::from_secs(31));
    let first = shop.get(&format!("/orders/{}", orders[0]));
    let pack = shop.get(&format!("/packs/{}", first["pack_id"]));
    assert_eq!(pack["orders"], json!([{"id": orders[0]}, {"id": orders[1]}]));
    assert_eq!(pack["shipment"]["id"], shop.get(&format!("/orders/{}", orders[1]))["shipping"]["id"]);
    assert!(first["tags"].as_array().unwrap().contains(&json!("pack_order")));
}

#[test]
fn a_cart_of_two_sellers_is_two_packs() {
    let shop = shop();
    let orders = shop.sandbox.sell(&SaleRequest::of_cart(vec![line(SKU), line("PEN-64")])).unwrap();
    let shots = shop.sandbox.snapshot().orders;
    assert_eq!(orders.len(), 2);
    assert_ne!(shots[0].seller_id, shots[1].seller_id);
    assert_eq!(
        shop.seller(Method::GET, &format!("/orders/{}", orders[1])).send().status,
        StatusCode::FORBIDDEN
    );
}

#[test]
fn pix_is_hidden_from_the_search_until_it_is_paid() {
    let shop = shop();
    let id = sell(&shop, &SaleRequest::of_sku(SKU, 1).by_pix(Some(90)));
    assert!(search(&shop, "").is_empty());
    assert_eq!(shop.get(&format!("/orders/{id}"))["status"], "payment_required");
    shop.pass(Duration::from_secs(90));
    assert_eq!(search(&shop, "")[0]["id"], id);
    assert_eq!(search(&shop, "")[0]["payments"][0]["payment_method_id"], "pix");
}

#[test]
fn unpaid_pix_runs_out_and_gives_the_units_back() {
    let shop = shop();
    let id = sell(&shop, &SaleRequest::of_sku(SKU, 3).by_pix(None));
    let quantity = || shop.get(&format!("/items/{}", shop.item(SKU)))["available_quantity"].clone();
    assert_eq!(quantity(), 117);
    shop.pass(Duration::from_mins(30));
    assert_eq!(shop.get(&format!("/orders/{id}"))["status"], "cancelled");
    assert_eq!(quantity(), 120);
}

#[test]
fn a_cancelled_order_vanishes_from_the_search_and_gives_everything_back() {
    let shop = shop();
    let id = sell(&shop, &SaleRequest::of_sku(SKU, 2));
    shop.pass(Duration::from_secs(31));
    let order = shop.control(Method::POST, &format!("/_sandbox/orders/{id}/cancel"), &json!({}));
    assert_eq!((&order["status"], &order["cancel_detail"]["group"]), (&json!("cancelled"), &json!("buyer")));
    assert_eq!(order["payments"][0]["status"], "refunded");
    assert!(search(&shop, "").is_empty());
    assert_eq!(shop.get(&format!("/shipments/{}", order["shipping"]["id"]))["status"], "cancelled");
    assert_eq!(shop.get(&format!("/items/{}", shop.item(SKU)))["available_quantity"], 120);
}

#[test]
fn units_that_have_left_do_not_come_back_with_a_cancellation() {
    let shop = shop();
    let id = sell(&shop, &SaleRequest::of_sku(SKU, 2));
    shop.pass(Duration::from_secs(31));
    let shipment = shop.get(&format!("/orders/{id}"))["shipping"]["id"].clone();
    while shop.get(&format!("/shipments/{shipment}"))["status"] != "shipped" {
        shop.control(Method::POST, &format!("/_sandbox/shipments/{shipment}/advance"), &json!({}));
    }
    shop.control(Method::POST, &format!("/_sandbox/orders/{id}/cancel"), &json!({"group": "mediations"}));
    assert_eq!(shop.get(&format!("/items/{}", shop.item(SKU)))["available_quantity"], 118);
}

#[test]
fn suspected_fraud_tags_the_order_and_holds_the_parcel() {
    let shop = shop();
    let id = sell(&shop, &SaleRequest::of_sku(SKU, 1));
    shop.pass(Duration::from_secs(31));
    let order = shop.control(Method::POST, &format!("/_sandbox/orders/{id}/fraud"), &json!({}));
    assert!(order["tags"].as_array().unwrap().contains(&json!("fraud_risk_detected")));
    let shipment = shop.get(&format!("/shipments/{}", order["shipping"]["id"]));
    assert_eq!((&shipment["status"], &shipment["substatus"]), (&json!("pending"), &json!("under_review")));
}

#[test]
fn date_filters_see_only_the_hour() {
    let shop = shop();
    sell(&shop, &SaleRequest::of_sku(SKU, 1));
    let from = |text: &str| search(&shop, &format!("&order.date_created.from={text}")).len();
    assert_eq!(from("2026-11-10T09:59:59.999-04:00"), 1);
    assert_eq!(from("2026-11-10T10:00:00.000-04:00"), 0);
    assert_eq!(search(&shop, "&order.date_created.to=2026-11-10T09:00:00.000-04:00").len(), 1);
}

#[test]
fn searches_filter_sort_and_page() {
    let shop = shop();
    let first = sell(&shop, &SaleRequest::of_sku(SKU, 1));
    shop.pass(Duration::from_mins(2));
    let second = sell(&shop, &SaleRequest::of_sku("QC-1000-MG", 1));
    let ids = |more: &str| {
        search(&shop, more).iter().map(|order| order["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(""), [first, second]);
    assert_eq!(ids("&sort=date_desc"), [second, first]);
    assert_eq!(ids("&limit=1&offset=1"), [second]);
    assert_eq!(ids(&format!("&q={first}")), [first]);
    assert_eq!(ids("&order.status=cancelled,invalid"), [] as [i64; 0]);
    assert_eq!(ids("&tags=paid&tags.not=delivered"), [first, second]);
}

#[test]
fn a_search_without_its_owner_or_too_far_out_is_refused() {
    let shop = shop();
    let error = |path: &str| shop.seller(Method::GET, path).send().document()["error"].clone();
    assert_eq!(error("/orders/search"), "not_identified_user");
    assert_eq!(error("/orders/search?seller=1"), "caller.id.invalid");
    let far = format!("/orders/search?seller={}&offset=10001", shop.user_id(CLASSIC));
    assert_eq!(shop.seller(Method::GET, &far).send().status, StatusCode::BAD_REQUEST);
}

#[test]
fn orders_that_do_not_exist_and_ids_that_are_none_have_their_own_words() {
    let shop = shop();
    let missing = shop.seller(Method::GET, "/orders/2000010000000999").send();
    assert_eq!(
        (missing.status, &missing.document()["error"]),
        (StatusCode::NOT_FOUND, &json!("order_not_found"))
    );
    let wrong = shop.seller(Method::GET, "/orders/abc").send();
    assert_eq!(
        (wrong.status, &wrong.document()["error"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_order_id"))
    );
}

#[test]
fn what_cannot_be_bought_changes_nothing() {
    let shop = shop();
    let before = shop.sandbox.snapshot();
    let sell = |request: &SaleRequest| shop.sandbox.sell(request).unwrap_err();
    assert_eq!(sell(&SaleRequest::of_sku("NO-SUCH", 1)), SaleError::Unknown("NO-SUCH".to_owned()));
    assert_eq!(
        sell(&SaleRequest::of_sku("RPG-DADOS-7", 4)),
        SaleError::NotEnough(shop.item("RPG-DADOS-7"), 3)
    );
    assert_eq!(
        sell(&SaleRequest::of_sku("WEB-FHD", 1)),
        SaleError::NotForSale(shop.item("WEB-FHD"), "paused")
    );
    assert_eq!(
        sell(&SaleRequest::of_item(&shop.item("CAPA-SIL"), 1)),
        SaleError::NoVariation(shop.item("CAPA-SIL"))
    );
    let cart = SaleRequest::of_cart(vec![line(SKU), line("WEB-FHD")]);
    assert_eq!(sell(&cart), SaleError::NotForSale(shop.item("WEB-FHD"), "paused"));
    assert_eq!(shop.sandbox.snapshot(), before);
}

#[test]
fn the_last_unit_sold_pauses_the_item() {
    let shop = shop();
    sell(&shop, &SaleRequest::of_sku("RPG-DADOS-7", 3));
    let item = shop.get(&format!("/items/{}", shop.item("RPG-DADOS-7")));
    assert_eq!((&item["status"], &item["sub_status"]), (&json!("paused"), &json!(["out_of_stock"])));
}

#[test]
fn an_order_shows_the_sku_of_the_variation_first() {
    let shop = shop();
    let id = sell(&shop, &SaleRequest::of_sku("CAPA-SIL-AZ", 1));
    let item = shop.get(&format!("/orders/{id}"))["order_items"][0]["item"].clone();
    assert_eq!(item["seller_sku"], "CAPA-SIL-AZ");
    assert_eq!(item["variation_attributes"][0]["value_name"], "Azul");
    assert!(item["variation_id"].is_i64());
}

#[test]
fn people_buy_one_at_the_shop_window_until_nothing_is_left() {
    let shop = shop();
    let item = shop.item("CAN-INOX-500");
    let shown =
        || String::from_utf8(bytes(&shop.ask(Method::GET, "/_sandbox/shop").send()).to_vec()).unwrap();
    let buys = || {
        let reply = shop.ask(Method::POST, "/_sandbox/shop").form(&[("key", &item)]).send();
        header(&reply, "location").unwrap().to_owned()
    };
    assert!(shown().contains(&format!("value=\"{item}\"")));
    let left = shop.get(&format!("/items/{item}"))["available_quantity"].as_i64().unwrap();
    for _ in 0..left {
        assert!(buys().starts_with("/_sandbox/shop?bought="));
    }
    assert!(buys().starts_with("/_sandbox/shop?refused="));
    assert!(!shown().contains(&format!("value=\"{item}\"")), "what is sold out has no button");
}
