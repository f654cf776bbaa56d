//! Consent, tokens, and their end.

use std::time::Duration;

use http::{Method, StatusCode};
use sandbox::tiktok_shop::Rules;
use serde_json::{Value, json};

use crate::kit::{CASA, REDIRECT_URL, Shop, header, shop, shop_with};

const DAY: Duration = Duration::from_hours(24);

/// The seller presses a button; where the browser is sent.
fn decide(shop: &Shop, decision: &str) -> String {
    let body = format!(
        "service_id={}&state=s%201&shop_id={}&decision={decision}",
        shop.manifest.service_id, shop.manifest.shops[CASA].shop_id
    );
    let reply = shop.plain(Method::POST, "/open/authorize", &body);
    assert_eq!(reply.status, StatusCode::FOUND);
    header(&reply, "location").unwrap().to_owned()
}

fn code(shop: &Shop) -> String {
    let location = decide(shop, "approve");
    let (_, rest) = location.split_once("code=").unwrap();
    rest.split('&').next().unwrap().replace("%5F", "_")
}

fn token(shop: &Shop, path: &str, fields: &str) -> Value {
    let manifest = &shop.manifest;
    let uri = format!("{path}?app_key={}&app_secret={}&{fields}", manifest.app_key, manifest.app_secret);
    let reply = shop.plain(Method::GET, &uri, "");
    assert_eq!(reply.status, StatusCode::OK);
    reply.document().clone()
}

fn exchange(shop: &Shop, code: &str) -> Value {
    token(shop, "/api/v2/token/get", &format!("auth_code={code}&grant_type=authorized_code"))
}

fn refresh(shop: &Shop, refresh_token: &str) -> Value {
    token(shop, "/api/v2/token/refresh", &format!("refresh_token={refresh_token}&grant_type=refresh_token"))
}

#[test]
fn both_addresses_of_the_consent_page_show_the_shops() {
    let shop = shop();
    let manifest = &shop.manifest;
    for path in [
        format!("/open/authorize?service_id={}&state=1", manifest.service_id),
        format!("/oauth/authorize?app_key={}&state=1", manifest.app_key),
    ] {
        let page = shop.plain(Method::GET, &path, "");
        let text = String::from_utf8(crate::kit::bytes(&page).to_vec()).unwrap();
        assert!(text.contains("Casa do Treco 3D") && text.contains("seller.order.info"), "{path}");
    }
    let reply = shop.plain(Method::GET, "/open/authorize?service_id=1", "");
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_seller_who_agrees_comes_back_with_code_and_state() {
    let shop = shop();
    let location = decide(&shop, "approve");
    assert!(location.starts_with(&format!("{REDIRECT_URL}?")), "{location}");
    assert!(location.contains("&state=s%201") && location.contains("shop_region=BR"), "{location}");
}

#[test]
fn a_seller_who_refuses_comes_back_with_an_error() {
    let shop = shop();
    assert!(decide(&shop, "deny").contains("code=null&error=auth_denied"));
}

#[test]
fn a_code_gives_a_pair_whose_ends_are_instants() {
    let shop = shop();
    let answer = exchange(&shop, &code(&shop));
    assert_eq!(answer["message"], "success");
    let data = &answer["data"];
    let now = shop.sandbox.now().as_millis() / 1_000;
    assert_eq!(data["access_token_expire_in"], now + 7 * 86_400);
    assert_eq!(data["refresh_token_expire_in"], now + 365 * 86_400);
    assert_eq!((data["user_type"].as_i64(), data["seller_base_region"].as_str()), (Some(0), Some("BR")));
    assert!(data["granted_scopes"].as_array().unwrap().contains(&json!("seller.order.info")));
}

#[test]
fn a_code_works_once_and_for_half_an_hour() {
    let shop = shop();
    let used = code(&shop);
    exchange(&shop, &used);
    assert_eq!(exchange(&shop, &used)["code"], 36_004_004);
    let late = code(&shop);
    shop.pass(Duration::from_mins(30));
    assert_eq!(exchange(&shop, &late)["code"], 36_004_004);
    assert_eq!(exchange(&shop, "ROW_made_up")["code"], 36_004_004);
}

#[test]
fn a_refresh_token_is_used_up_by_its_use() {
    let shop = shop();
    let first = shop.manifest.shops[CASA].refresh_token.clone().unwrap();
    let second = refresh(&shop, &first);
    assert_ne!(second["data"]["refresh_token"], first.as_str());
    assert_eq!(refresh(&shop, &first)["code"], 36_004_005);
    let again = refresh(&shop, second["data"]["refresh_token"].as_str().unwrap());
    assert_eq!(again["code"], 0);
}

#[test]
fn a_used_refresh_token_can_be_let_live() {
    let shop = shop_with(Rules { old_refresh_token_works: true, ..Rules::default() });
    let first = shop.manifest.shops[CASA].refresh_token.clone().unwrap();
    refresh(&shop, &first);
    assert_eq!(refresh(&shop, &first)["code"], 0);
}

#[test]
fn a_wrong_secret_gets_no_tokens() {
    let shop = shop();
    let uri = format!(
        "/api/v2/token/refresh?app_key={}&app_secret=0&refresh_token=x&grant_type=refresh_token",
        shop.manifest.app_key
    );
    let reply = shop.plain(Method::GET, &uri, "");
    assert_eq!((reply.status, reply.document()["code"].as_i64()), (StatusCode::OK, Some(36_009_004)));
}

#[test]
fn an_access_token_ends_after_seven_days() {
    let shop = shop();
    let old = shop.manifest.shops[CASA].access_token.clone().unwrap();
    let ask = || shop.ask(Method::GET, "/logistics/202309/warehouses").header("x-tts-access-token", &old);
    shop.pass((DAY * 7).saturating_sub(Duration::from_secs(1)));
    ask().data();
    shop.pass(Duration::from_secs(1));
    assert_eq!(ask().refusal(), (401, 105_002));
}

#[test]
fn a_refresh_after_the_consent_ended_is_refused() {
    let shop = shop();
    let token = shop.manifest.shops[CASA].refresh_token.clone().unwrap();
    shop.pass(DAY * 365);
    assert_eq!(refresh(&shop, &token)["code"], 36_004_001);
}

#[test]
fn scopes_are_those_of_the_moment_of_consent() {
    let shop = shop();
    let scopes = |list: &[&str]| shop.control(Method::PUT, "/_sandbox/app", &json!({ "scopes": list }));
    scopes(&["seller.authorization.info"]);
    exchange(&shop, &code(&shop));
    // Switched on afterwards: the seller has to agree again.
    scopes(&["seller.authorization.info", "seller.logistics"]);
    let warehouses = || shop.ask(Method::GET, "/logistics/202309/warehouses");
    assert_eq!(warehouses().refusal(), (403, 105_005));
    exchange(&shop, &code(&shop));
    warehouses().data();
}

#[test]
fn a_consent_taken_back_ends_every_token_and_is_told() {
    let shop = shop();
    let entry = shop.manifest.shops[CASA].clone();
    shop.control(Method::POST, "/_sandbox/tokens/revoke", &json!({"shop_id": entry.shop_id}));
    let ask = shop.ask_as(1, Method::GET, "/logistics/202309/warehouses");
    let ask = ask.field("shop_cipher", Some(&entry.cipher));
    assert_eq!(ask.header("x-tts-access-token", &entry.access_token.unwrap()).refusal(), (401, 36_009_004));
    assert_eq!(refresh(&shop, &entry.refresh_token.unwrap())["code"], 36_004_005);
    assert_eq!(shop.told(6)[0]["shop_id"], entry.shop_id.as_str());
}

#[test]
fn the_end_of_a_consent_is_spoken_of_a_month_before_and_then_every_midnight() {
    let shop = shop();
    shop.pass((DAY * 335).saturating_sub(Duration::from_secs(1)));
    assert!(shop.told(7).is_empty());
    shop.pass(Duration::from_secs(1));
    // Two shops, one word each.
    assert_eq!(shop.told(7).len(), 2);
    shop.pass(DAY * 2);
    assert_eq!(shop.told(7).len(), 6);
    assert!(shop.told(7)[0]["data"]["expiration_time"].is_string());
}
