//! Delivering by oneself (fact sheet §12).

use std::time::Duration;

use http::{Method, StatusCode};
use sandbox::SaleRequest;
use serde_json::json;

use crate::kit::{CLASSIC, FAMILY, Shop, shop};

/// The settings of the classic seller's service.
fn settings(shop: &Shop, which: &str) -> String {
    let seller = shop.user_id(CLASSIC);
    let subscriptions = shop.get(&format!("/flex/sites/MLB/users/{seller}/subscriptions/v1"));
    assert_eq!(subscriptions[0]["status"]["id"], "in");
    format!(
        "/flex/sites/MLB/users/{seller}/services/{}/configurations/{which}/v1",
        subscriptions[0]["service_id"]
    )
}

#[test]
fn the_zones_served_are_chosen_from_the_coverage() {
    let shop = shop();
    let path = settings(&shop, "coverage/zones");
    let served = |document: serde_json::Value| -> Vec<String> {
        let zones = document["zones"].as_array().unwrap().clone();
        let selected = zones.into_iter().filter(|zone| zone["selected"] == true);
        selected.map(|zone| zone["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(served(shop.get(&path)).len(), 5);
    shop.put(&path, &json!({"zones": ["BR-SP-SUL"]}));
    assert_eq!(served(shop.get(&path)), ["BR-SP-SUL"]);
    for zones in [json!(["BR-RJ-SUL"]), json!([]), json!("BR-SP-SUL")] {
        let refused = shop.seller(Method::PUT, &path).json(&json!({"zones": zones})).send();
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{zones}");
    }
}

#[test]
fn delivery_hours_follow_the_cutoff() {
    let shop = shop();
    let path = settings(&shop, "delivery-ranges");
    let hours = json!({"cutoff_hour": 12, "delivery_ranges": [{"from": 13, "to": 20}]});
    shop.put(&path, &hours);
    assert_eq!(shop.get(&path), hours);
    for (cutoff, from, to) in [(15, 13, 20), (12, 20, 13), (12, 13, 25)] {
        let odd = json!({"cutoff_hour": cutoff, "delivery_ranges": [{"from": from, "to": to}]});
        assert_eq!(
            shop.seller(Method::PUT, &path).json(&odd).send().status,
            StatusCode::BAD_REQUEST,
            "{odd}"
        );
    }
}

#[test]
fn holidays_are_days() {
    let shop = shop();
    let path = settings(&shop, "holidays");
    assert_eq!(shop.get(&path), json!({"holidays": []}));
    shop.put(&path, &json!({"holidays": ["2026-12-25", "2026-11-15"]}));
    assert_eq!(shop.get(&path), json!({"holidays": ["2026-11-15", "2026-12-25"]}));
    let refused = shop.seller(Method::PUT, &path).json(&json!({"holidays": ["Natal"]})).send();
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[test]
fn the_settings_belong_to_their_seller_site_and_service() {
    let shop = shop();
    let path = settings(&shop, "holidays");
    assert_eq!(shop.family_seller(Method::GET, &path).send().status, StatusCode::FORBIDDEN);
    let elsewhere = path.replace("/MLB/", "/MLA/");
    assert_eq!(shop.seller(Method::GET, &elsewhere).send().status, StatusCode::NOT_FOUND);
    let unknown =
        format!("/flex/sites/MLB/users/{}/services/1/configurations/holidays/v1", shop.user_id(CLASSIC));
    assert_eq!(shop.seller(Method::GET, &unknown).send().status, StatusCode::NOT_FOUND);
}

#[test]
fn a_driver_is_known_once_the_parcel_is_on_its_way() {
    let shop = shop();
    let item = shop.item("CAB-HDMI-2M");
    shop.seller(Method::POST, &format!("/flex/sites/MLB/items/{item}/v2")).send();
    let order = shop.sandbox.sell(&SaleRequest::of_item(&item, 1)).unwrap()[0];
    shop.pass(Duration::from_mins(2));
    let parcel = shop.get(&format!("/orders/{order}"))["shipping"]["id"].clone();
    let path = format!("/flex/sites/MLB/shipments/{parcel}/assignment/v2");
    assert_eq!(shop.seller(Method::GET, &path).send().status, StatusCode::NOT_FOUND);
    shop.control(Method::PUT, &format!("/_sandbox/shipments/{parcel}"), &json!({"status": "shipped"}));
    assert!(shop.get(&path)["driver_id"].is_i64());
    assert_eq!(shop.family_seller(Method::GET, &path).send().status, StatusCode::FORBIDDEN);
}

#[test]
fn the_capacity_of_a_day_is_a_positive_number() {
    let shop = shop();
    let path = format!("/users/{}/capacity_middleend/self_service", shop.user_id(CLASSIC));
    assert_eq!(shop.get(&path)["capacity"], 50);
    assert_eq!(shop.put(&path, &json!({"capacity": 80}))["capacity"], 80);
    let refused = shop.seller(Method::PUT, &path).json(&json!({"capacity": 0})).send();
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let other = format!("/users/{}/capacity_middleend/self_service", shop.user_id(FAMILY));
    assert_eq!(shop.seller(Method::GET, &other).send().status, StatusCode::FORBIDDEN);
    let collected = path.replace("self_service", "cross_docking");
    assert_eq!(shop.seller(Method::GET, &collected).send().status, StatusCode::NOT_FOUND);
}
