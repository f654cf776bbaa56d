//! Orders from the purchase to the moment they may be sent.

use std::time::Duration;

use http::Method;
use sandbox::tiktok_shop::Rules;
use serde_json::json;

use crate::kit::{CASA, SERRA, bytes, header, shop, shop_with};

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn a_paid_order_waits_an_hour_and_then_for_shipment() {
    let shop = shop();
    let id = shop.sell(&json!({"sku": "ORG-GAV-6", "quantity": 1}));
    let held = shop.order(&id);
    assert_eq!((held["status"].as_str(), held["is_on_hold_order"].as_bool()), (Some("ON_HOLD"), Some(true)));
    assert!(held["recipient_address"].get("district_info").is_none());
    shop.pass(HOUR);
    let order = shop.order(&id);
    assert_eq!(order["status"], "AWAITING_SHIPMENT");
    assert_eq!(order["recipient_address"]["district_info"][0]["address_level"], "L0");
    let told: Vec<_> = shop.told(1).iter().map(|it| it["data"]["order_status"].clone()).collect();
    assert_eq!(told, ["UNPAID", "ON_HOLD", "AWAITING_SHIPMENT"]);
}

#[test]
fn markets_without_remorse_go_straight_on() {
    let shop = shop_with(Rules { remorse_hold: false, ..Rules::default() });
    let id = shop.sell(&json!({"sku": "ORG-GAV-6"}));
    assert_eq!(shop.order(&id)["status"], "AWAITING_SHIPMENT");
}

#[test]
fn every_unit_is_a_line_of_its_own() {
    let shop = shop();
    let id = shop.sell(&json!({"sku": "ORG-GAV-6", "quantity": 3}));
    let order = shop.order(&id);
    let lines = order["line_items"].as_array().unwrap();
    assert_eq!(lines.len(), 3);
    assert_ne!(lines[0]["id"], lines[1]["id"]);
    assert_eq!(lines[0]["package_id"], order["packages"][0]["id"]);
    assert_eq!(lines[0]["package_status"], "TO_FULFILL");
}

#[test]
fn stock_is_taken_from_the_moment_of_purchase() {
    let shop = shop();
    shop.sell(&json!({"sku": "ORG-GAV-6", "quantity": 2, "payment": "pix"}));
    assert_eq!(shop.units("ORG-GAV-6"), (58, 2));
}

#[test]
fn what_nobody_pays_is_cancelled_and_comes_back() {
    let shop = shop();
    let id = shop.sell(&json!({"sku": "ORG-GAV-6", "quantity": 2, "payment": "pix"}));
    shop.pass(Duration::from_mins(30));
    let order = shop.order(&id);
    assert_eq!(order["status"], "CANCELLED");
    assert_eq!(order["cancel_reason"], "system_cancel_unpaid_time_out");
    assert_eq!(shop.units("ORG-GAV-6"), (60, 0));
    // The webhook has another word for it.
    assert_eq!(shop.told(1).last().unwrap()["data"]["order_status"], "CANCEL");
}

#[test]
fn a_pix_payment_comes_when_it_was_promised() {
    let shop = shop();
    let id = shop.sell(&json!({"sku": "ORG-GAV-6", "payment": "pix", "pay_after_seconds": 60}));
    assert_eq!(shop.order(&id)["status"], "UNPAID");
    shop.pass(Duration::from_mins(1));
    let order = shop.order(&id);
    assert_eq!(
        (order["status"].as_str(), order["payment_method_name"].as_str()),
        (Some("ON_HOLD"), Some("Pix"))
    );
    assert!(order["payment_auth_code"].as_str().unwrap().starts_with('E'));
    // Only the detail says so.
    let found = shop.post("/order/202309/orders/search", &json!({}));
    assert_eq!(found["orders"][0]["id"], id.as_str());
    assert!(found["orders"][0].get("payment_auth_code").is_none());
}

#[test]
fn amounts_keep_the_documented_identities() {
    let shop = shop();
    let id = shop.sell(&json!({"sku": "ORG-GAV-6", "quantity": 1, "platform_discount_minor": 500}));
    let order = shop.order(&id);
    let cents =
        |name: &str| -> i64 { order["payment"][name].as_str().unwrap().replace('.', "").parse().unwrap() };
    assert_eq!(cents("original_total_product_price"), 4_590);
    assert_eq!(cents("sub_total"), 4_590 - 500);
    assert_eq!(
        cents("shipping_fee"),
        cents("original_shipping_fee") - cents("shipping_fee_platform_discount")
    );
    assert_eq!(cents("total_amount"), cents("sub_total") + cents("shipping_fee"));
    assert_eq!(order["line_items"][0]["sale_price"], "40.90");
    let detail = shop.get(&format!("/order/202407/orders/{id}/price_detail"));
    assert_eq!(detail["total"], order["payment"]["total_amount"]);
}

#[test]
fn buyers_are_masked_on_platform_parcels_and_clear_on_own_ones() {
    let shop = shop();
    let own =
        shop.sell(&json!({"sku": "ORG-GAV-6", "sent_by_seller": true, "buyer_id": "7021000000000000001"}));
    let platform = shop.sell(&json!({"sku": "ORG-GAV-6", "buyer_id": "7021000000000000001"}));
    let (own, platform) = (shop.order(&own), shop.order(&platform));
    assert_eq!(own["recipient_address"]["name"], "Maria Teste");
    assert_eq!(platform["recipient_address"]["name"], "M***e");
    let phone = platform["recipient_address"]["phone_number"].as_str().unwrap();
    assert!(phone.contains("*****"), "{phone}");
    // One name only: the last one stays empty.
    let recipient = &platform["recipient_address"];
    assert_eq!((&recipient["first_name"], &recipient["last_name"]), (&recipient["name"], &json!("")));
    let cpf = platform["cpf"].as_str().unwrap();
    assert!(cpf.starts_with("***.") && cpf.ends_with("-**"), "{cpf}");
}

#[test]
fn the_cpf_can_come_clear_and_the_lines_in_the_other_order() {
    let rules = Rules { cpf_masked: false, recipient_lines_as_warehouse: true, ..Rules::default() };
    let shop = shop_with(rules);
    let body = json!({"sku": "ORG-GAV-6", "sent_by_seller": true, "buyer_id": "7021000000000000001"});
    let order = shop.order(&shop.sell(&body));
    assert!(!order["cpf"].as_str().unwrap().contains('*'));
    assert_eq!(order["recipient_address"]["address_line1"], "Santa Cecília");
    assert_eq!(order["recipient_address"]["address_line2"], "Rua das Palmeiras");
}

#[test]
fn a_search_filters_sorts_and_pages() {
    let shop = shop();
    let casa = shop.manifest.shops[CASA].shop_id.clone();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(shop.sell(&json!({"sku": "ORG-GAV-6", "shop_id": casa})));
        shop.pass(Duration::from_secs(10));
    }
    let start = crate::kit::start().as_millis() / 1_000;
    let found = |query: &str, body: serde_json::Value| {
        let data = shop.post(&format!("/order/202309/orders/search?page_size=2{query}"), &body);
        let rows = data["orders"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(found("", json!({})), [ids[2].clone(), ids[1].clone()]);
    assert_eq!(found("&sort_field=create_time&sort_order=ASC", json!({})), [ids[0].clone(), ids[1].clone()]);
    let window = json!({"create_time_ge": start + 10, "create_time_lt": start + 20});
    assert_eq!(found("", window), [ids[1].clone()]);
    assert!(found("", json!({"order_status": "DELIVERED"})).is_empty());
    let wrong = shop.ask(Method::POST, "/order/202309/orders/search?page_size=101").json(&json!({}));
    assert_eq!(wrong.refusal(), (200, 98_001_004));
}

#[test]
fn an_unknown_or_foreign_order_is_refused() {
    let shop = shop();
    let foreign = shop.sell(&json!({"sku": "PEN-64", "shop_id": shop.manifest.shops[SERRA].shop_id}));
    let path = format!("/order/202507/orders?ids={foreign}");
    assert_eq!(shop.ask(Method::GET, &path).refusal(), (200, 21_008_111));
    assert_eq!(shop.ask(Method::GET, "/order/202507/orders?ids=1").refusal(), (200, 21_008_111));
    let many = vec!["1"; 51].join(",");
    assert_eq!(
        shop.ask(Method::GET, &format!("/order/202507/orders?ids={many}")).refusal(),
        (200, 98_001_004)
    );
}

#[test]
fn ids_may_be_joined_or_repeated() {
    let shop = shop();
    let casa = shop.manifest.shops[CASA].shop_id.clone();
    let [one, two] = [(); 2].map(|()| shop.sell(&json!({"sku": "ORG-GAV-6", "shop_id": casa})));
    for query in [format!("ids={one},{two}"), format!("ids={one}&ids={two}")] {
        let orders = shop.get(&format!("/order/202309/orders?{query}"))["orders"].clone();
        assert_eq!(orders.as_array().unwrap().len(), 2, "{query}");
    }
}

#[test]
fn a_cart_over_two_shops_is_two_orders() {
    let shop = shop();
    let cart = json!({"cart": [{"sku": "ORG-GAV-6"}, {"sku": "PEN-64"}]});
    let made = shop.control(Method::POST, "/_sandbox/sales", &cart);
    assert_eq!(made["orders"].as_array().unwrap().len(), 2);
}

#[test]
fn nobody_buys_what_is_not_there() {
    let shop = shop();
    for body in [
        json!({"sku": "WEB-FHD"}),
        json!({"sku": "NADA"}),
        json!({"sku": "RPG-DADOS-7", "quantity": 4}),
        json!({}),
    ] {
        assert_eq!(
            shop.plain(Method::POST, "/_sandbox/sales", &body.to_string()).status.as_u16(),
            400,
            "{body}"
        );
    }
}

#[test]
fn a_cart_that_no_warehouse_has_whole_is_not_sold() {
    let shop = shop();
    let cart =
        json!({"cart": [{"sku": "RPG-DADOS-7", "quantity": 2}, {"sku": "RPG-DADOS-7", "quantity": 2}]});
    assert_eq!(shop.plain(Method::POST, "/_sandbox/sales", &cart.to_string()).status.as_u16(), 400);
    // Two depots: one holds the dice, the other the drawers.
    let path = format!("/_sandbox/shops/{}", shop.manifest.shops[CASA].shop_id);
    let second =
        shop.control(Method::PUT, &path, &json!({"second_warehouse": true}))["warehouses"][2]["id"].clone();
    let (_, dice) = shop.sku(CASA, "RPG-DADOS-7");
    shop.control(
        Method::PUT,
        "/_sandbox/stock",
        &json!({"sku_id": dice, "warehouse_id": second, "quantity": 3}),
    );
    shop.control(Method::PUT, "/_sandbox/stock", &json!({"sku_id": dice, "quantity": 0}));
    let cart = json!({"cart": [{"sku": "RPG-DADOS-7"}, {"sku": "ORG-GAV-6"}]});
    assert_eq!(shop.plain(Method::POST, "/_sandbox/sales", &cart.to_string()).status.as_u16(), 400);
    let order = shop.order(&shop.sell(&json!({"sku": "RPG-DADOS-7"})));
    assert_eq!(order["warehouse_id"], second.to_string());
}

#[test]
fn a_buyer_who_moves_is_told_of() {
    let shop = shop();
    let id = shop.sell(&json!({"sku": "ORG-GAV-6", "sent_by_seller": true}));
    let address = json!({"street": "Rua Nova", "number": "7", "neighborhood": "Sé", "complement": "", "city": "São Paulo",
        "state": "São Paulo", "postal_code": "01001-000"});
    shop.control(Method::POST, &format!("/_sandbox/orders/{id}/move"), &address);
    let order = shop.order(&id);
    assert_eq!(order["recipient_address"]["postal_code"], "01001-000");
    assert_eq!(order["has_updated_recipient_address"], true);
    let told = shop.told(3);
    // The one kind without a notification id.
    assert!(told[0].get("tts_notification_id").is_none());
}

#[test]
fn an_order_carries_its_name_in_another_system() {
    let shop = shop();
    let orders = [(); 2].map(|()| shop.sell(&json!({"sku": "ORG-GAV-6"})));
    let line = |order: &str| shop.order(order)["line_items"][0]["id"].clone();
    let row = |order: &str, name: &str, line: serde_json::Value| {
        let lines = json!([{"id": "L1", "origin_id": line}]);
        json!({"id": order, "external_order": {"id": name, "platform": "ERP_SYSTEM", "line_items": lines}})
    };
    let add = |rows: serde_json::Value| {
        shop.post("/order/202406/orders/external_orders", &json!({ "orders": rows }))
    };
    let answer = add(json!([
        row(&orders[0], "A", line(&orders[0])),
        row(&orders[1], "B", json!("1")),
        row("1", "C", json!("1"))
    ]));
    let failed: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
    assert_eq!(failed, ["98001004", "21008111"]);
    let find = |name: &str| {
        let path = format!(
            "/order/202406/orders/external_order_search?platform=ERP_SYSTEM&external_order_id={name}"
        );
        shop.post(&path, &json!({}))
    };
    assert_eq!(find("A")["orders"][0]["id"], orders[0].as_str());
    assert_eq!(find("B"), json!({}));
    // A later name takes the place of the earlier one.
    add(json!([row(&orders[0], "A2", line(&orders[0]))]));
    let shown = |platform: &str| {
        shop.get(&format!("/order/202406/orders/{}/external_orders?platform={platform}", orders[0]))
    };
    assert_eq!(shown("ERP_SYSTEM")["external_orders"][0]["id"], "A2");
    assert_eq!(shown("SHOPIFY"), json!({}));
    assert_eq!(find("A"), json!({}));
    let unknown = format!("/order/202406/orders/{}/external_orders?platform=ABACUS", orders[0]);
    assert_eq!(shop.ask(Method::GET, &unknown).refusal(), (200, 98_001_004));
}

#[test]
fn people_buy_one_at_the_shop_window() {
    let shop = shop();
    let (_, sku) = shop.sku(CASA, "ORG-GAV-6");
    let page = String::from_utf8(bytes(&shop.plain(Method::GET, "/_sandbox/shop", "")).to_vec()).unwrap();
    assert!(page.contains(&format!("value=\"{sku}\"")), "{page}");
    let (before, _) = shop.units("ORG-GAV-6");
    let reply = shop.plain(Method::POST, "/_sandbox/shop", &format!("key={sku}"));
    assert!(header(&reply, "location").unwrap().starts_with("/_sandbox/shop?bought="));
    assert_eq!(shop.units("ORG-GAV-6").0, before - 1);
}
