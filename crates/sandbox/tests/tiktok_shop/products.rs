//! Categories, uploads, products, their audits, stock and prices.

use std::time::Duration;

use http::Method;
use sandbox::tiktok_shop::Rules;
use serde_json::{Value, json};

use crate::kit::{CASA, SERRA, Shop, bytes, shop, shop_with};

const AUDIT: Duration = Duration::from_mins(1);

/// A PNG's head: enough to be measured.
fn png(width: u32, height: u32) -> Vec<u8> {
    let sizes = [width.to_be_bytes(), height.to_be_bytes()].concat();
    [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &sizes, &[8, 2, 0, 0, 0]].concat()
}

fn upload<'a>(shop: &'a Shop, use_case: &str, data: &[u8]) -> crate::kit::Ask<'a> {
    shop.ask(Method::POST, "/product/202309/images/upload")
        .without_cipher()
        .form(&[("use_case", use_case)], data)
}

fn warehouse(shop: &Shop) -> String {
    let found = shop.get("/logistics/202309/warehouses");
    found["warehouses"][0]["id"].as_str().unwrap().to_owned()
}

/// A shirt in two colours, right in everything.
fn shirt(shop: &Shop) -> Value {
    let image = upload(shop, "MAIN_IMAGE", &png(800, 800)).data()["uri"].clone();
    let sku = |seller_sku: &str, color: &str| {
        json!({"seller_sku": seller_sku, "price": {"amount": "79.90", "currency": "BRL"},
            "inventory": [{"warehouse_id": warehouse(shop), "quantity": 15}],
            "sales_attributes": [{"id": "100000", "value_name": color}]})
    };
    json!({
        "title": "Capa de celular azul", "description": "<p>Silicone</p>", "category_id": "601251",
        "main_images": [{"uri": image}], "package_weight": {"value": "0.300", "unit": "KILOGRAM"},
        "package_dimensions": {"length": "25", "width": "20", "height": "3", "unit": "CENTIMETER"},
        "product_attributes": [{"id": "100157", "values": [{"id": "1000058"}]}],
        "skus": [sku("NOVO-AZ", "Azul"), sku("NOVO-LI", "Lilás")],
    })
}

fn create(shop: &Shop, body: &Value) -> Value {
    shop.post("/product/202309/products", body)
}

fn product(shop: &Shop, id: &Value) -> Value {
    shop.get(&format!("/product/202309/products/{}", id.as_str().unwrap()))
}

#[test]
fn the_tree_has_three_levels_and_only_leaves_have_attributes() {
    let shop = shop();
    let found = shop.get("/product/202309/categories?locale=pt-BR");
    let categories = found["categories"].as_array().unwrap();
    let root = categories.iter().find(|it| it["parent_id"] == "0").unwrap();
    assert_eq!(
        (root["is_leaf"].as_bool(), root["permission_statuses"][0].as_str()),
        (Some(false), Some("AVAILABLE"))
    );
    let attributes = shop.get("/product/202309/categories/601251/attributes");
    let material =
        attributes["attributes"].as_array().unwrap().iter().find(|it| it["id"] == "100157").unwrap();
    // The platform's own spelling.
    assert_eq!((&material["is_requried"], &material["type"]), (&json!(true), &json!("PRODUCT_PROPERTY")));
    let path = format!("/product/202309/categories/{}/rules", root["id"].as_str().unwrap());
    assert_eq!(shop.ask(Method::GET, &path).refusal(), (200, 12_052_024));
}

#[test]
fn prohibited_categories_are_shown_on_request_only() {
    let shop = shop();
    let count = |path: &str| shop.get(path)["categories"].as_array().unwrap().len();
    let all = count("/product/202309/categories?include_prohibited_categories=true");
    assert_eq!(count("/product/202309/categories") + 1, all);
}

#[test]
fn the_wrong_tree_is_refused() {
    let shop = shop();
    let asked = |path: &str| shop.ask(Method::GET, path).refusal();
    assert_eq!(asked("/product/202309/categories?category_version=v2"), (200, 12_052_230));
    let modern = shop_with(Rules { category_version: "v2".to_owned(), ..Rules::default() });
    assert_eq!(modern.ask(Method::GET, "/product/202309/categories").refusal(), (200, 12_052_217));
}

#[test]
fn a_title_leads_to_a_category() {
    let shop = shop();
    let path = "/product/202309/categories/recommend";
    let found = shop.post(path, &json!({"product_title": "Capa para celular transparente"}));
    assert_eq!(found["leaf_category_id"], "601251");
    let nothing = shop.ask(Method::POST, path).json(&json!({"product_title": "xyz"}));
    assert_eq!(nothing.refusal(), (200, 12_052_912));
}

#[test]
fn pictures_are_measured() {
    let shop = shop();
    let uploaded = upload(&shop, "MAIN_IMAGE", &png(800, 600)).data();
    assert_eq!((&uploaded["width"], &uploaded["height"]), (&json!(800), &json!(600)));
    let url = uploaded["url"].as_str().unwrap().split_once("9102").unwrap().1;
    assert!(bytes(&shop.plain(Method::GET, url, "")).starts_with(b"\x89PNG"));
    assert_eq!(upload(&shop, "MAIN_IMAGE", &png(200, 200)).refusal(), (200, 12_038_005));
    assert_eq!(upload(&shop, "MAIN_IMAGE", b"GIF89a").refusal(), (200, 12_038_002));
    assert_eq!(upload(&shop, "SELFIE", &png(800, 800)).refusal(), (200, 98_001_004));
}

#[test]
fn an_upload_takes_no_cipher_and_signs_no_body() {
    let shop = shop();
    let ask = upload(&shop, "MAIN_IMAGE", &png(800, 800));
    let cipher = shop.manifest.shops[CASA].cipher.clone();
    assert_eq!(ask.field("shop_cipher", Some(&cipher)).refusal(), (400, 36_009_004));
}

#[test]
fn a_product_is_audited_and_goes_live() {
    let shop = shop();
    let made = create(&shop, &shirt(&shop));
    assert_eq!(made["skus"].as_array().unwrap().len(), 2);
    let pending = product(&shop, &made["product_id"]);
    assert_eq!((&pending["status"], &pending["audit"]["status"]), (&json!("PENDING"), &json!("AUDITING")));
    assert_eq!(pending["product_status"], "INITIAL");
    let found = shop.post("/product/202502/products/search?page_size=10", &json!({"status": "PENDING"}));
    // A search says less of a product.
    assert!(found["products"][0].get("product_status").is_none());
    assert_eq!(found["products"][0]["audit"], json!({"status": "AUDITING", "pre_approved_reasons": []}));
    shop.pass(AUDIT);
    let live = product(&shop, &made["product_id"]);
    assert_eq!((&live["status"], &live["audit"]["status"]), (&json!("ACTIVATE"), &json!("APPROVED")));
    // One writes amount and reads sale_price.
    assert_eq!(live["skus"][0]["price"]["sale_price"], "79.90");
    let id: i64 = made["product_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(shop.told(16)[0]["data"]["product_id"], id);
    assert_eq!(shop.told(5)[0]["data"]["status"], "PRODUCT_FIRST_PASS_REVIEW");
    assert_eq!(shop.told(37)[0]["data"]["audit"]["status"], "APPROVED");
}

#[test]
fn a_forbidden_word_fails_the_audit_and_says_why() {
    let shop = shop();
    let mut body = shirt(&shop);
    body["title"] = json!("Capa réplica de celular");
    let made = create(&shop, &body);
    shop.pass(AUDIT);
    let failed = product(&shop, &made["product_id"]);
    assert_eq!(failed["status"], "FAILED");
    assert!(failed["audit_failed_reasons"][0]["reasons"][0].as_str().unwrap().contains("réplica"));
    assert_eq!(shop.told(5)[0]["data"]["status"], "PRODUCT_AUDIT_FAILURE");
}

#[test]
fn names_made_up_by_the_seller_get_ids_and_keep_them() {
    let shop = shop();
    let value = |made: &Value| made["skus"][1]["sales_attributes"][0]["value_id"].clone();
    let first = value(&create(&shop, &shirt(&shop)));
    assert!(first.as_str().unwrap().starts_with("73700"));
    assert_eq!(first, value(&create(&shop, &shirt(&shop))));
}

#[test]
fn what_is_wrong_with_a_product_has_a_code() {
    let shop = shop();
    let body = shirt(&shop);
    let cases: [(&str, Value, i64); 19] = [
        ("/title", json!("a".repeat(301)), 12_052_051),
        ("/title", json!("Capa 😀"), 12_052_931),
        ("/title", json!("Capa aaaaaaaaaa"), 12_052_931),
        ("/title", json!("Capa &amp; cia"), 12_052_931),
        ("/description", json!(""), 12_052_015),
        ("/description", json!("<img src=\"http://elsewhere/a.png\">"), 12_052_345),
        ("/category_id", json!("1"), 12_052_023),
        ("/category_id", json!("600001"), 12_052_024),
        ("/category_id", json!("601299"), 12_052_220),
        ("/category_id", json!("601253"), 12_052_105),
        ("/main_images", json!([]), 12_052_028),
        ("/main_images/0/uri", json!("tos-br/unknown"), 12_052_300),
        ("/product_attributes", json!([]), 12_052_104),
        ("/package_weight/value", json!("0.000"), 12_052_181),
        ("/package_weight/unit", json!("POUND"), 12_052_915),
        ("/skus/0/price/currency", json!("USD"), 12_052_084),
        ("/skus/0/seller_sku", json!("COM ESPAÇO"), 12_052_054),
        ("/skus/0/inventory/0/warehouse_id", json!("1"), 12_052_097),
        ("/skus/0/sales_attributes/0/value_name", json!("Lilás"), 12_052_560),
    ];
    for (place, value, code) in cases {
        let mut wrong = body.clone();
        *wrong.pointer_mut(place).unwrap() = value.clone();
        let asked = shop.ask(Method::POST, "/product/202309/products").json(&wrong);
        assert_eq!(asked.refusal(), (200, code), "{place} {value}");
        let checked = shop.post("/product/202309/products/listing_check", &wrong);
        assert_eq!(checked["fail_reasons"][0]["code"], code, "{place} {value}");
    }
}

#[test]
fn an_unknown_brand_is_dropped_with_a_warning_and_a_protected_one_refused() {
    let shop = shop();
    let mut body = shirt(&shop);
    body["brand_id"] = json!("1");
    let made = create(&shop, &body);
    assert!(made["warnings"][0]["message"].as_str().unwrap().contains("brand_id"));
    assert!(product(&shop, &made["product_id"]).get("brand").is_none());
    let brands = shop.get("/product/202309/brands?page_size=10&brand_name=Marca%20F");
    assert_eq!(brands["brands"][0]["authorized_status"], "UNAUTHORIEZD");
    body["brand_id"] = brands["brands"][0]["id"].clone();
    assert_eq!(shop.ask(Method::POST, "/product/202309/products").json(&body).refusal(), (200, 12_052_201));
}

#[test]
fn the_same_idempotency_key_makes_one_product() {
    let shop = shop();
    let mut body = shirt(&shop);
    body["idempotency_key"] = json!("0b2c");
    assert_eq!(create(&shop, &body)["product_id"], create(&shop, &body)["product_id"]);
}

#[test]
fn a_draft_may_lack_what_a_listing_may_not() {
    let shop = shop();
    let made = create(&shop, &json!({"title": "Só um começo", "save_mode": "AS_DRAFT"}));
    assert_eq!(product(&shop, &made["product_id"])["status"], "DRAFT");
    shop.pass(AUDIT);
    assert_eq!(product(&shop, &made["product_id"])["status"], "DRAFT");
}

#[test]
fn a_partial_edit_keeps_what_is_not_sent_and_deletes_omitted_skus() {
    let shop = shop();
    let made = create(&shop, &shirt(&shop));
    shop.pass(AUDIT);
    let id = made["product_id"].as_str().unwrap();
    let path = format!("/product/202509/products/{id}/partial_edit");
    let kept = json!({"id": made["skus"][0]["id"], "seller_sku": "NOVO-AZ", "sales_attributes": [{"id": "100000", "value_name": "Azul"}]});
    shop.post(&path, &json!({"title": "Capa nova", "skus": [kept]}));
    // The live version stays until the audit of the edit is over.
    let live = product(&shop, &made["product_id"]);
    assert_eq!(
        (live["title"].as_str(), live["status"].as_str()),
        (Some("Capa de celular azul"), Some("ACTIVATE"))
    );
    let review = shop.get(&format!("/product/202309/products/{id}?return_under_review_version=true"));
    assert_eq!(review["title"], "Capa nova");
    shop.pass(AUDIT);
    let edited = product(&shop, &made["product_id"]);
    assert_eq!((&edited["title"], &edited["description"]), (&json!("Capa nova"), &live["description"]));
    assert_eq!(edited["skus"].as_array().unwrap().len(), 1);
    assert_eq!(edited["skus"][0]["inventory"][0]["quantity"], 15);
    assert_eq!(shop.told(15)[0]["data"]["changed_fields"], json!(["title", "skus"]));
    let gone = shop.told(50).last().unwrap()["data"]["skus"][0].clone();
    assert_eq!((&gone["sku_id"], &gone["status"]), (&made["skus"][1]["id"], &json!("DELETED")));
}

#[test]
fn products_go_down_and_up_and_away_and_back() {
    let shop = shop();
    let (id, _) = shop.sku(CASA, "ORG-GAV-6");
    let status = || product(&shop, &json!(id))["status"].clone();
    let batch = |method: Method, path: &str| {
        shop.ask(method, path).json(&json!({"product_ids": [id, "1"]})).data()["errors"].clone()
    };
    let errors = batch(Method::POST, "/product/202309/products/deactivate");
    assert_eq!((errors.as_array().unwrap().len(), &errors[0]["detail"]["product_id"]), (1, &json!("1")));
    assert_eq!(status(), "SELLER_DEACTIVATED");
    batch(Method::POST, "/product/202309/products/activate");
    assert_eq!(status(), "PENDING");
    shop.pass(AUDIT);
    assert_eq!(status(), "ACTIVATE");
    batch(Method::DELETE, "/product/202309/products");
    assert_eq!(status(), "DELETED");
    batch(Method::POST, "/product/202309/products/recover");
    assert_eq!(status(), "SELLER_DEACTIVATED");
}

#[test]
fn stock_is_written_absolutely_and_partly() {
    let shop = shop();
    let (id, sku) = shop.sku(CASA, "ORG-GAV-6");
    let path = format!("/product/202309/products/{id}/inventory/update");
    let row = |sku: &str, quantity: i64| json!({"id": sku, "inventory": [{"quantity": quantity}]});
    let data = shop.post(&path, &json!({"skus": [row(&sku, 7), row("1", 7)]}));
    assert_eq!(shop.units("ORG-GAV-6"), (7, 0));
    let errors = data["errors"].as_array().unwrap();
    assert_eq!((errors.len(), &errors[0]["code"]), (1, &json!(12_052_990)));
    assert_eq!(errors[0]["detail"]["sku_id"], "1");
    assert_eq!(shop.post(&path, &json!({"skus": [row(&sku, 0)]})), json!({}));
    assert_eq!(shop.units("ORG-GAV-6"), (0, 0));
    let change = &shop.told(71)[0]["data"];
    assert_eq!(change["quantity_snapshot_after_change"]["available_quantity"], 7);
    assert_eq!(change["change_detail"][0]["available_quantity_delta"], -53);
}

#[test]
fn zero_can_be_forbidden() {
    let shop = shop_with(Rules { zero_quantity_allowed: false, ..Rules::default() });
    let (id, sku) = shop.sku(CASA, "ORG-GAV-6");
    let path = format!("/product/202309/products/{id}/inventory/update");
    let data = shop.post(&path, &json!({"skus": [{"id": sku, "inventory": [{"quantity": 0}]}]}));
    assert_eq!(data["errors"][0]["detail"]["extra_errors"][0]["code"], 98_001_004);
    assert_eq!(shop.units("ORG-GAV-6"), (60, 0));
}

#[test]
fn all_warehouses_of_a_sku_have_to_be_named() {
    let shop = shop();
    let path = format!("/_sandbox/shops/{}", shop.manifest.shops[CASA].shop_id);
    let second =
        shop.control(Method::PUT, &path, &json!({"second_warehouse": true}))["warehouses"][2]["id"].clone();
    let mut body = shirt(&shop);
    for sku in body["skus"].as_array_mut().unwrap() {
        let more = json!({"warehouse_id": second.to_string(), "quantity": 5});
        sku["inventory"].as_array_mut().unwrap().push(more);
    }
    let made = create(&shop, &body);
    let path = format!("/product/202309/products/{}/inventory/update", made["product_id"].as_str().unwrap());
    let one = json!([{"warehouse_id": second.to_string(), "quantity": 9}]);
    let data = shop.post(&path, &json!({"skus": [{"id": made["skus"][0]["id"], "inventory": one}]}));
    assert_eq!(data["errors"][0]["detail"]["extra_errors"][0]["code"], 12_019_028);
}

#[test]
fn a_promotion_locks_stock_and_prices() {
    let shop = shop();
    let (id, sku) = shop.sku(CASA, "ORG-GAV-6");
    shop.control(Method::POST, &format!("/_sandbox/products/{id}/promote"), &json!({}));
    let stock = json!({"skus": [{"id": sku, "inventory": [{"quantity": 3}]}]});
    let data = shop.post(&format!("/product/202309/products/{id}/inventory/update"), &stock);
    assert_eq!(data["errors"][0]["detail"]["extra_errors"][0]["code"], 12_052_393);
    let price = json!({"skus": [{"id": sku, "price": {"amount": "10.00", "currency": "BRL"}}]});
    let path = format!("/product/202309/products/{id}/prices/update");
    assert_eq!(shop.ask(Method::POST, &path).json(&price).refusal(), (200, 12_052_038));
}

#[test]
fn prices_are_text_in_reais() {
    let shop = shop();
    let (id, sku) = shop.sku(CASA, "ORG-GAV-6");
    let path = format!("/product/202309/products/{id}/prices/update");
    let price = |amount: &str| json!({"skus": [{"id": sku, "price": {"amount": amount, "currency": "BRL"}}]});
    assert_eq!(shop.post(&path, &price("47.5")), json!({}));
    assert_eq!(product(&shop, &json!(id))["skus"][0]["price"]["sale_price"], "47.50");
    assert_eq!(shop.ask(Method::POST, &path).json(&price("0")).refusal(), (200, 12_052_073));
}

#[test]
fn a_foreign_product_is_none() {
    let shop = shop();
    let (id, _) = shop.sku(SERRA, "PEN-64");
    let path = format!("/product/202309/products/{id}");
    assert_eq!(shop.ask(Method::GET, &path).refusal().0, 200);
    let found =
        shop.post("/product/202309/products/search?page_size=100", &json!({"seller_skus": ["PEN-64"]}));
    assert!(found.get("products").is_none());
}

#[test]
fn what_the_platform_takes_down_cannot_be_written() {
    let shop = shop();
    let (id, sku) = shop.sku(CASA, "ORG-GAV-6");
    shop.control(Method::POST, &format!("/_sandbox/products/{id}/freeze"), &json!({"reason": "Marca"}));
    assert_eq!(shop.told(5)[0]["data"]["suspended_reason"], "Marca");
    let stock = json!({"skus": [{"id": sku, "inventory": [{"quantity": 3}]}]});
    let path = format!("/product/202309/products/{id}/inventory/update");
    assert_eq!(shop.ask(Method::POST, &path).json(&stock).refusal().0, 200);
    assert_eq!(shop.units("ORG-GAV-6"), (60, 0));
}
