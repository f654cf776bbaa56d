//! Editing families of user products (fact sheet §7).

use std::time::Duration;

use http::{Method, StatusCode};
use sandbox::SaleRequest;
use sandbox::reply::Reply;
use serde_json::{Value, json};

use crate::kit::{FAMILY, Shop, shop};

/// A family of the seller in the new model, with one variant in black that never sold.
struct Family {
    id: i64,
    product: String,
    item: String,
}

fn publish(shop: &Shop, name: &str) -> Family {
    let body = json!({
        "family_name": name, "category_id": "MLB1672", "price": 59.9, "currency_id": "BRL", "available_quantity": 5,
        "buying_mode": "buy_it_now", "condition": "new", "listing_type_id": "gold_special",
        "pictures": [{"source": "http://img.example/a.jpg"}],
        "attributes": [{"id": "BRAND", "value_name": "Acme"}, {"id": "MODEL", "value_name": "X1"}, {"id": "COLOR", "value_name": "Preto"}],
    });
    let item = shop.family_seller(Method::POST, "/items").json(&body).send();
    assert_eq!(item.status, StatusCode::CREATED, "{}", item.document());
    let product = item.document()["user_product_id"].as_str().unwrap().to_owned();
    let shown = shop.family_seller(Method::GET, &format!("/user-products/{product}")).send();
    Family {
        id: shown.document()["family_id"].as_i64().unwrap(),
        product,
        item: item.document()["id"].as_str().unwrap().to_owned(),
    }
}

fn ask(shop: &Shop, method: Method, family: &Family, tail: &str, body: &Value) -> Reply {
    shop.family_seller(method, &format!("/user-products-families/{}{tail}", family.id)).json(body).send()
}

fn read(shop: &Shop, path: &str) -> Value {
    let reply = shop.family_seller(Method::GET, path).send();
    assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.document());
    reply.document().clone()
}

/// The changes of a family's only variant.
fn variants(family: &Family, attributes: &Value) -> Value {
    json!({"user_products": [{"id": family.product, "attributes": attributes}]})
}

#[test]
fn an_item_that_gets_another_family_name_gets_its_title() {
    let shop = shop();
    let family = publish(&shop, "Item de Teste Alfa");
    let path = format!("/items/{}", family.item);
    let renamed = json!({"family_name": "Item de Teste Gama"});
    let answer = shop.family_seller(Method::PUT, &path).json(&renamed).send();
    assert_eq!(answer.document()["title"], "Item de Teste Gama Preto");
    assert_eq!(read(&shop, &path)["family_name"], "Item de Teste Gama");
}

#[test]
fn a_new_name_reaches_the_items_after_a_while() {
    let shop = shop();
    let family = publish(&shop, "Item de Teste Alfa");
    let edited = ask(&shop, Method::PUT, &family, "", &json!({"family_name": "Item de Teste Beta"}));
    assert_eq!(edited.status, StatusCode::CREATED);
    let title = || read(&shop, &format!("/items/{}", family.item))["title"].clone();
    assert_eq!(title(), "Item de Teste Alfa Preto");
    shop.pass(Duration::from_secs(20));
    assert_eq!(title(), "Item de Teste Beta Preto");
    assert_eq!(
        read(&shop, &format!("/user-products/{}", family.product))["name"],
        "Item de Teste Beta Preto"
    );
    assert_eq!(
        read(&shop, &format!("/user-products-families/{}", family.id))["family_name"],
        "Item de Teste Beta"
    );
}

#[test]
fn a_family_is_blocked_while_a_task_is_at_work() {
    let shop = shop();
    let family = publish(&shop, "Item de Teste Alfa");
    let rename = |name: &str| ask(&shop, Method::PUT, &family, "", &json!({"family_name": name})).status;
    assert_eq!(rename("Item de Teste Beta"), StatusCode::CREATED);
    assert_eq!(rename("Item de Teste Gama"), StatusCode::CONFLICT);
    shop.pass(Duration::from_secs(20));
    assert_eq!(rename("Item de Teste Gama"), StatusCode::CREATED);
}

#[test]
fn a_name_that_is_taken_or_sold_under_stays() {
    let shop = shop();
    let family = publish(&shop, "Item de Teste Alfa");
    publish(&shop, "Item de Teste Beta");
    let taken = ask(&shop, Method::PUT, &family, "", &json!({"family_name": "Item de Teste Beta"}));
    assert_eq!(taken.status, StatusCode::CONFLICT);
    shop.pass(Duration::from_mins(1));
    shop.sandbox.sell(&SaleRequest::of_item(&family.item, 1)).unwrap();
    let sold = ask(&shop, Method::PUT, &family, "", &json!({"family_name": "Item de Teste Gama"}));
    assert_eq!(sold.status, StatusCode::BAD_REQUEST);
    assert_eq!(sold.document()["cause"][0]["code"], "user_products.family_name.not_modifiable");
    let nothing = ask(&shop, Method::PUT, &family, "", &json!({}));
    assert_eq!(nothing.status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_task_goes_from_pending_to_finished_and_says_what_became_of_each_variant() {
    let shop = shop();
    let family = publish(&shop, "Item de Teste Alfa");
    let body = variants(&family, &json!([{"id": "COLOR", "value_name": "Azul"}]));
    let asked = ask(&shop, Method::POST, &family, "/tasks", &body);
    assert_eq!((asked.status, &asked.document()["status"]), (StatusCode::ACCEPTED, &json!("pending")));
    let path = format!("/user-products-families/tasks/{}", asked.document()["task_id"].as_str().unwrap());
    let mut seen = vec![read(&shop, &path)["status"].clone()];
    for _ in 0..2 {
        shop.pass(Duration::from_secs(10));
        seen.push(read(&shop, &path)["status"].clone());
    }
    assert_eq!(seen, ["pending", "processing", "finished"]);
    let line = json!({"id": family.product, "status": "succeeded", "reasons": []});
    assert_eq!(read(&shop, &path)["user_products"], json!([line]));
    assert_eq!(read(&shop, &format!("/items/{}", family.item))["title"], "Item de Teste Alfa Azul");
    assert_eq!(shop.seller(Method::GET, &path).send().status, StatusCode::FORBIDDEN);
    let unknown = shop.family_seller(Method::GET, "/user-products-families/tasks/none").send();
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[test]
fn a_list_without_every_variant_is_cause_38() {
    let shop = shop();
    let family = publish(&shop, "Item de Teste Alfa");
    let refused = ask(&shop, Method::PUT, &family, "/user-products", &json!({"user_products": []}));
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let cause = &refused.document()["cause"][0];
    assert_eq!((&cause["cause_id"], &cause["code"]), (&json!(38), &json!("user_products.incomplete")));
}

#[test]
fn a_variant_is_added_once() {
    let shop = shop();
    let family = publish(&shop, "Item de Teste Alfa");
    let blue = json!({"attributes": [{"id": "COLOR", "value_name": "Azul"}], "price": 64.9, "available_quantity": 3});
    let added = ask(&shop, Method::POST, &family, "/user-products", &blue);
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.document());
    let item = read(&shop, &format!("/items/{}", added.document()["item_id"].as_str().unwrap()));
    assert_eq!((&item["title"], &item["available_quantity"]), (&json!("Item de Teste Alfa Azul"), &json!(3)));
    let members = read(&shop, &format!("/sites/MLB/user-products-families/{}", family.id));
    assert_eq!(members["user_products_ids"].as_array().map(Vec::len), Some(2));
    assert_eq!(ask(&shop, Method::POST, &family, "/user-products", &blue).status, StatusCode::CONFLICT);
}

#[test]
fn two_variants_that_would_become_one_fail_and_stay() {
    let shop = shop();
    let family = publish(&shop, "Item de Teste Alfa");
    let blue = json!({"attributes": [{"id": "COLOR", "value_name": "Azul"}], "available_quantity": 3});
    let added = ask(&shop, Method::POST, &family, "/user-products", &blue);
    let second = added.document()["user_product_id"].clone();
    let black = json!([{"id": "COLOR", "value_name": "Preto"}]);
    let body = json!({"user_products": [{"id": family.product}, {"id": second, "attributes": black}]});
    let asked = ask(&shop, Method::PUT, &family, "/user-products", &body);
    shop.pass(Duration::from_secs(20));
    let path = format!("/user-products-families/tasks/{}", asked.document()["task_id"].as_str().unwrap());
    let task = read(&shop, &path);
    let line = task["user_products"].as_array().unwrap().iter().find(|line| line["id"] == second).unwrap();
    assert_eq!(
        (&line["status"], &line["reasons"][0]["code"]),
        (&json!("failed"), &json!("user_products.duplicated"))
    );
}

#[test]
fn a_family_of_somebody_else_is_not_edited() {
    let shop = shop();
    let family = publish(&shop, "Item de Teste Alfa");
    let path = format!("/user-products-families/{}", family.id);
    let reply = shop.seller(Method::PUT, &path).json(&json!({"family_name": "Minha"})).send();
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert!(shop.user_id(FAMILY) > i64::from(u32::MAX));
}
