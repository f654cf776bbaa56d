//! Items (fact sheet §6, §7).

use std::time::Duration;

use http::{Method, StatusCode};
use sandbox::SaleRequest;
use serde_json::{Value, json};

use crate::kit::{CLASSIC, FAMILY, Shop, shop};

fn listing() -> Value {
    json!({
        "title": "Item de Teste - Nao Ofertar", "category_id": "MLB3530", "price": 49.9, "currency_id": "BRL",
        "available_quantity": 10, "buying_mode": "buy_it_now", "condition": "new", "listing_type_id": "gold_special",
        "pictures": [{"source": "http://img.example/a.jpg"}],
        "attributes": [{"id": "BRAND", "value_name": "Acme"}, {"id": "SELLER_SKU", "value_name": "ACME-X1"}],
        "shipping": {"mode": "me2", "local_pick_up": false, "free_shipping": false},
    })
}

fn with(field: &str, value: &Value) -> Value {
    let mut body = listing();
    body[field] = value.clone();
    body
}

#[track_caller]
fn publish(shop: &Shop, body: &Value) -> Value {
    let reply = shop.seller(Method::POST, "/items").json(body).send();
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.document());
    reply.document().clone()
}

#[track_caller]
fn assert_validation_error(shop: &Shop, body: &Value, code: &str) {
    for path in ["/items", "/items/validate"] {
        let reply = shop.seller(Method::POST, path).json(body).send();
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        assert_eq!(reply.document()["error"], "validation_error");
        let codes: Vec<_> =
            reply.document()["cause"].as_array().unwrap().iter().map(|cause| &cause["code"]).collect();
        assert!(codes.contains(&&json!(code)), "{codes:?}");
    }
}

#[test]
fn a_valid_body_validates_without_content_and_publishes_as_a_whole_item() {
    let shop = shop();
    let dry = shop.seller(Method::POST, "/items/validate").json(&listing()).send();
    assert_eq!(dry.status, StatusCode::NO_CONTENT);
    let item = publish(&shop, &listing());
    assert_eq!(item["price"], 49.9);
    assert_eq!(item["available_quantity"], 10);
    assert_eq!(item["seller_id"], shop.user_id(CLASSIC));
    assert!(item["id"].as_str().unwrap().starts_with("MLB4"));
    assert!(item["user_product_id"].as_str().unwrap().starts_with("MLBU3"));
    assert_eq!(item["family_name"], Value::Null);
    assert!(item["tags"].as_array().unwrap().contains(&json!("test_item")));
    assert_eq!(shop.get(&format!("/items/{}", item["id"].as_str().unwrap()))["title"], listing()["title"]);
}

#[test]
fn a_picture_by_url_is_fetched_later_and_the_item_waits_paused() {
    let shop = shop();
    let item = publish(&shop, &listing());
    assert_eq!(
        (&item["status"], &item["sub_status"]),
        (&json!("paused"), &json!(["picture_downloading_pending"]))
    );
    shop.pass(Duration::from_mins(5));
    assert_eq!(shop.get(&format!("/items/{}", item["id"].as_str().unwrap()))["status"], "active");
}

#[test]
fn what_is_wrong_is_named() {
    let shop = shop();
    assert_validation_error(&shop, &with("category_id", &json!("MLB1051")), "item.category_id.invalid");
    assert_validation_error(&shop, &with("title", &Value::Null), "body.required_fields");
    let wrong_type = shop.seller(Method::POST, "/items").json(&with("price", &json!("p"))).send();
    let expected = json!({"message": "body.invalid_field_types",
        "error": "[invalid property type: [price] expected Number but was String value: p]", "status": 400, "cause": []});
    assert_eq!(wrong_type.document(), &expected);
}

#[test]
fn publishing_twice_makes_two_items() {
    let shop = shop();
    assert_ne!(publish(&shop, &listing())["id"], publish(&shop, &listing())["id"]);
}

#[test]
fn quantity_zero_pauses_and_a_raise_wakes_unless_the_seller_paused() {
    let shop = shop();
    let path = format!("/items/{}", shop.item("CAB-HDMI-2M"));
    let empty = shop.put(&path, &json!({"available_quantity": 0}));
    assert_eq!((&empty["status"], &empty["sub_status"]), (&json!("paused"), &json!(["out_of_stock"])));
    assert_eq!(shop.put(&path, &json!({"available_quantity": 5}))["status"], "active");
    shop.put(&path, &json!({"status": "paused"}));
    shop.put(&path, &json!({"available_quantity": 0}));
    let raised = shop.put(&path, &json!({"available_quantity": 5}));
    assert_eq!((&raised["status"], &raised["sub_status"]), (&json!("paused"), &json!(["paused_by_seller"])));
    assert_eq!(shop.put(&path, &json!({"status": "active"}))["status"], "active");
}

#[test]
fn the_title_is_frozen_by_the_first_sale() {
    let shop = shop();
    let id = shop.item("CAB-HDMI-2M");
    let path = format!("/items/{id}");
    assert_eq!(shop.put(&path, &json!({"title": "Cabo HDMI 2 Metros"}))["title"], "Cabo HDMI 2 Metros");
    shop.sandbox.sell(&SaleRequest::of_item(&id, 1)).unwrap();
    let refused = shop.seller(Method::PUT, &path).json(&json!({"title": "Cabo"})).send();
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_price_below_the_minimum_is_refused_and_the_old_one_stays() {
    let shop = shop();
    let path = format!("/items/{}", shop.item("CAB-HDMI-2M"));
    let refused = shop.seller(Method::PUT, &path).json(&json!({"price": 0.5})).send();
    assert_eq!(refused.document()["cause"][0]["code"], "item.price.invalid");
    assert_eq!(shop.get(&path)["price"], 54.9);
}

#[test]
fn a_price_under_automation_is_refused_alone_and_ignored_in_company() {
    let shop = shop();
    let id = shop.item("CAB-HDMI-2M");
    shop.control(Method::PUT, &format!("/_sandbox/items/{id}"), &json!({"price_automation": true}));
    let path = format!("/items/{id}");
    let alone = shop.seller(Method::PUT, &path).json(&json!({"price": 60})).send();
    let expected = json!({"message": "Cannot modify price on items with dynamic pricing",
        "error": "item.price.not_modifiable", "status": 400, "cause": []});
    assert_eq!(alone.document(), &expected);
    let company = shop.put(&path, &json!({"price": 60, "available_quantity": 7}));
    assert_eq!((&company["price"], &company["available_quantity"]), (&json!(54.9), &json!(7)));
    assert_eq!(company["warnings"][0]["cause_id"], 502);
}

#[test]
fn closed_is_final_deletion_must_wait_and_relisting_gives_a_new_id_once() {
    let shop = shop();
    let id = shop.item("CAB-HDMI-2M");
    let path = format!("/items/{id}");
    assert_eq!(shop.put(&path, &json!({"status": "closed"}))["status"], "closed");
    let reopened = shop.seller(Method::PUT, &path).json(&json!({"status": "active"})).send();
    assert_eq!(reopened.status, StatusCode::BAD_REQUEST);
    let too_soon = shop.seller(Method::PUT, &path).json(&json!({"deleted": "true"})).send();
    assert_eq!(
        (too_soon.status, &too_soon.document()["message"]),
        (StatusCode::CONFLICT, &json!("item optimistic locking error"))
    );
    let relist = || {
        shop.seller(Method::POST, &format!("{path}/relist")).json(&json!({"price": 60, "quantity": 2})).send()
    };
    let fresh = relist();
    assert_eq!(fresh.status, StatusCode::CREATED, "{}", fresh.document());
    assert_eq!(fresh.document()["parent_item_id"], id);
    assert_ne!(fresh.document()["id"], id);
    assert_eq!(relist().status, StatusCode::BAD_REQUEST);
    shop.pass(Duration::from_secs(5));
    assert_eq!(shop.put(&path, &json!({"deleted": "true"}))["sub_status"], json!(["deleted"]));
}

#[test]
fn a_description_is_posted_once_then_put_and_stays_plain() {
    let shop = shop();
    let item = publish(&shop, &with("description", &json!({"plain_text": "dropped"})));
    let path = format!("/items/{}/description", item["id"].as_str().unwrap());
    assert_eq!(shop.seller(Method::GET, &path).send().status, StatusCode::NOT_FOUND);
    let post = |text: &str| shop.seller(Method::POST, &path).json(&json!({"plain_text": text})).send();
    assert_eq!(post("Primeira").status, StatusCode::CREATED);
    assert_eq!(post("Segunda").status, StatusCode::BAD_REQUEST);
    assert_eq!(
        shop.put(&format!("{path}?api_version=2"), &json!({"plain_text": "Nova"}))["plain_text"],
        "Nova"
    );
    let html = shop.seller(Method::PUT, &path).json(&json!({"plain_text": "Texto com <b>"})).send();
    assert_eq!(html.document()["cause"][0]["references"], json!(["plain_text[10]"]));
}

#[test]
fn an_attribute_that_the_seller_made_up_tells_variations_apart() {
    let shop = shop();
    let variation = |size: &str| {
        json!({"price": 49.9, "available_quantity": 1, "picture_ids": ["http://img.example/a.jpg"],
               "attribute_combinations": [{"id": "COLOR", "value_name": "Preto"}, {"name": "Tamanho", "value_name": size}]})
    };
    let item = publish(&shop, &with("variations", &json!([variation("P"), variation("M")])));
    let told = |place: usize| item["variations"][place]["attribute_combinations"][1].clone();
    assert_eq!((&told(0)["id"], &told(0)["name"]), (&Value::Null, &json!("Tamanho")));
    assert_eq!((&told(0)["value_name"], &told(1)["value_name"]), (&json!("P"), &json!("M")));
}

#[test]
fn a_variation_left_out_of_the_array_is_gone() {
    let shop = shop();
    let path = format!("/items/{}", shop.item("CAPA-SIL"));
    let item = shop.get(&path);
    let kept: Vec<Value> = item["variations"].as_array().unwrap()[..2]
        .iter()
        .map(|it| json!({"id": it["id"], "available_quantity": 4}))
        .collect();
    let after = shop.put(&path, &json!({"variations": kept}));
    assert_eq!(after["variations"].as_array().unwrap().len(), 2);
    assert_eq!(after["available_quantity"], 8);
}

#[test]
fn price_and_quantity_of_an_item_with_variations_are_set_on_the_variations() {
    let shop = shop();
    let path = format!("/items/{}", shop.item("CAPA-SIL"));
    let refused = shop.seller(Method::PUT, &path).json(&json!({"available_quantity": 4})).send();
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let variations = shop.get(&format!("{path}/variations?include_attributes=all"));
    assert_eq!(variations[0]["attributes"][0]["id"], "SELLER_SKU");
    let one = format!("{path}/variations/{}", variations[0]["id"]);
    shop.put(&one, &json!({"available_quantity": 3}));
    assert_eq!(shop.get(&one)["available_quantity"], 3);
}

#[test]
fn the_new_model_takes_a_family_name_and_refuses_title_and_variations() {
    let shop = shop();
    let create = |body: &Value| shop.family_seller(Method::POST, "/items").json(body).send();
    assert_eq!(create(&listing()).status, StatusCode::BAD_REQUEST);
    let mut body = listing();
    body.as_object_mut().unwrap().remove("title");
    body["family_name"] = json!("Item de Teste");
    body["attributes"].as_array_mut().unwrap().push(json!({"id": "COLOR", "value_name": "Azul"}));
    let item = create(&body);
    assert_eq!(item.status, StatusCode::CREATED, "{}", item.document());
    assert_eq!(item.document()["family_name"], "Item de Teste");
    assert!(item.document()["tags"].as_array().unwrap().contains(&json!("user_product_listing")));
    let path = format!("/items/{}", item.document()["id"].as_str().unwrap());
    let titled = shop.family_seller(Method::PUT, &path).json(&json!({"title": "Outro"})).send();
    assert_eq!(titled.status, StatusCode::BAD_REQUEST);
}

#[test]
fn variants_of_a_family_are_user_products_and_conditions_of_one_share_stock() {
    let shop = shop();
    let search = format!("/users/{}/items/search?seller_sku=CAN-INOX-500", shop.user_id(FAMILY));
    let twins = shop.family_seller(Method::GET, &search).send().document()["results"].clone();
    let item = |id: &Value| {
        shop.family_seller(Method::GET, &format!("/items/{}", id.as_str().unwrap())).send().document().clone()
    };
    let (classic, premium) = (item(&twins[0]), item(&twins[1]));
    assert_eq!(classic["user_product_id"], premium["user_product_id"]);
    let path = format!("/items/{}", classic["id"].as_str().unwrap());
    shop.family_seller(Method::PUT, &path).json(&json!({"available_quantity": 9})).send();
    assert_eq!(item(&twins[1])["available_quantity"], 9);
    let product = format!("/user-products/{}", classic["user_product_id"].as_str().unwrap());
    let product = shop.family_seller(Method::GET, &product).send().document().clone();
    let family = format!("/sites/MLB/user-products-families/{}", product["family_id"]);
    let family = shop.family_seller(Method::GET, &family).send().document().clone();
    assert_eq!(family["user_products_ids"].as_array().unwrap().len(), 2);
}

#[test]
fn a_multiget_answers_for_each_id_in_both_forms() {
    let shop = shop();
    let id = shop.item("CAB-HDMI-2M");
    let bulk = shop.get(&format!("/items/bulk?ids={id},MLB1&attributes=body.id,body.price"));
    assert_eq!(bulk[0], json!({"id": id, "status_code": 200, "body": {"id": id, "price": 54.9}}));
    assert_eq!((&bulk[1]["id"], &bulk[1]["status_code"]), (&json!("MLB1"), &json!(404)));
    let old = shop.get(&format!("/items?ids={id}&attributes=id"));
    assert_eq!(old, json!([{"code": 200, "body": {"id": id}}]));
    let many = vec!["MLB1"; 21].join(",");
    assert_eq!(
        shop.seller(Method::GET, &format!("/items/bulk?ids={many}")).send().status,
        StatusCode::BAD_REQUEST
    );
}

#[test]
fn a_stranger_sees_a_bucket_instead_of_the_quantity() {
    let shop = shop();
    let path = format!("/items/{}", shop.item("CAB-HDMI-2M"));
    assert_eq!(shop.get(&path)["available_quantity"], 120);
    let stranger = shop.family_seller(Method::GET, &path).send().document().clone();
    assert_eq!(stranger["available_quantity"], 100);
    assert!(stranger.get("sold_quantity").is_none());
}

#[test]
fn offsets_over_the_ceiling_are_refused_and_a_scan_reaches_everything() {
    let shop = shop();
    let path = format!("/users/{}/items/search", shop.user_id(CLASSIC));
    assert_eq!(
        shop.seller(Method::GET, &format!("{path}?offset=1000")).send().status,
        StatusCode::BAD_REQUEST
    );
    let total = shop.get(&path)["paging"]["total"].as_u64().unwrap();
    let mut seen = 0;
    let mut page = shop.get(&format!("{path}?search_type=scan&limit=8"));
    while let Some(scroll) = page["scroll_id"].as_str() {
        seen += page["results"].as_array().unwrap().len();
        page = shop.get(&format!("{path}?search_type=scan&limit=8&scroll_id={scroll}"));
    }
    assert_eq!(u64::try_from(seen).unwrap(), total);
    assert_eq!(page["results"], json!([]));
}

#[test]
fn a_scroll_dies_after_five_minutes() {
    let shop = shop();
    let path = format!("/users/{}/items/search?search_type=scan&limit=1", shop.user_id(CLASSIC));
    let scroll = shop.get(&path)["scroll_id"].as_str().unwrap().to_owned();
    shop.pass(Duration::from_mins(5));
    let late = shop.seller(Method::GET, &format!("{path}&scroll_id={scroll}")).send();
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
}

#[test]
fn the_listing_type_changes_once() {
    let shop = shop();
    let path = format!("/items/{}/listing_type", shop.item("CAB-HDMI-2M"));
    let change = |kind: &str| shop.seller(Method::POST, &path).json(&json!({"id": kind})).send();
    assert_eq!(change("gold_pro").document()["listing_type_id"], "gold_pro");
    assert_eq!(change("gold_special").status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_mode_the_account_does_not_use_silently_becomes_not_specified() {
    let shop = shop();
    let item = publish(&shop, &with("shipping", &json!({"mode": "me1"})));
    assert_eq!(item["shipping"]["mode"], "not_specified");
}

#[test]
fn the_public_search_is_closed_to_applications() {
    let shop = shop();
    assert_eq!(shop.seller(Method::GET, "/sites/MLB/search?q=x").send().status, StatusCode::FORBIDDEN);
}

#[test]
fn an_opt_in_to_the_catalog_is_a_new_item_in_step_with_the_old_one() {
    let shop = shop();
    let id = shop.item("CAB-HDMI-2M");
    let opt_in = || {
        let body = json!({"item_id": id, "catalog_product_id": "MLB19000000"});
        shop.seller(Method::POST, "/items/catalog_listings").json(&body).send()
    };
    let listing = opt_in();
    assert_eq!(listing.status, StatusCode::CREATED, "{}", listing.document());
    assert_eq!(
        (&listing.document()["catalog_listing"], &listing.document()["item_relations"][0]["id"]),
        (&json!(true), &json!(id))
    );
    assert_eq!(opt_in().status, StatusCode::BAD_REQUEST);
    let path = format!("/items/{}", listing.document()["id"].as_str().unwrap());
    shop.put(&format!("/items/{id}"), &json!({"price": 61.5, "available_quantity": 8}));
    let twin = shop.get(&path);
    assert_eq!((&twin["price"], &twin["available_quantity"]), (&json!(61.5), &json!(8)));
    let titled = shop.seller(Method::PUT, &path).json(&json!({"title": "Outro"})).send();
    assert_eq!(titled.status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_migrated_item_is_closed_and_lives_on_under_one_new_id_per_variation() {
    let shop = shop();
    let old = shop.item("CAPA-SIL");
    assert_eq!(
        shop.get(&format!("/items/{old}/user_product_listings/validate")),
        json!({"is_valid": true, "cause": []})
    );
    let start = || {
        shop.seller(Method::POST, "/sites/MLB/items/user_product_listings")
            .json(&json!({"item_id": old}))
            .send()
    };
    assert_eq!(start().status, StatusCode::CREATED);
    assert_eq!(start().status, StatusCode::BAD_REQUEST);
    shop.pass(Duration::from_secs(30));
    let closed = shop.get(&format!("/items/{old}"));
    assert_eq!(closed["status"], "closed");
    assert!(closed["tags"].as_array().unwrap().contains(&json!("variations_migration_source")));
    let migration = shop.get(&format!("/items/{old}/migration_live_listing"))["new_items"].clone();
    let fresh =
        |index: usize| shop.get(&format!("/items/{}", migration[index]["new_item_id"].as_str().unwrap()));
    assert_eq!((&fresh(0)["status"], &fresh(0)["available_quantity"]), (&json!("active"), &json!(30)));
    assert_eq!((&fresh(2)["status"], &fresh(2)["sub_status"]), (&json!("paused"), &json!(["out_of_stock"])));
    assert_eq!(fresh(0)["family_name"], closed["title"]);
    assert_eq!(shop.sandbox.sell(&SaleRequest::of_sku("CAPA-SIL-AZ", 1)).map(|orders| orders.len()), Ok(1));
}

#[test]
fn an_item_without_variations_is_not_migrated() {
    let shop = shop();
    let item = shop.item("CAB-HDMI-2M");
    assert_eq!(shop.get(&format!("/items/{item}/user_product_listings/validate"))["is_valid"], false);
}
