use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::kit::{COMPANY, Market, PERSON, code, hmac_hex, hours, market, query_of};

const GET: &str = "/api/v2/auth/token/get";
const REFRESH: &str = "/api/v2/auth/access_token/get";
const REDIRECT: &str = "http://127.0.0.1:8080/callback";

fn consent_fields(market: &Market) -> Vec<(&'static str, String)> {
    vec![
        ("partner_id", market.manifest.partner_id.to_string()),
        ("auth_type", "seller".to_owned()),
        ("redirect_uri", REDIRECT.to_owned()),
        ("response_type", "code".to_owned()),
        ("state", "a b".to_owned()),
    ]
}

/// Consents in the browser; gives the query that the redirect carries.
fn consent(market: &Market, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let fields = consent_fields(market);
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.extend(more);
    let reply = market.ask(Method::POST, "/auth", query_of(&fields));
    assert_eq!(reply.status.as_u16(), 302, "{reply:?}");
    let location = reply.headers.iter().find(|(name, _)| *name == "location").unwrap().1.clone();
    let (address, query) = location.split_once('?').unwrap();
    assert_eq!(address, REDIRECT);
    sandbox::text::form_pairs(query)
}

fn value(pairs: &[(String, String)], name: &str) -> String {
    pairs.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

fn code_of(market: &Market, shop: usize) -> String {
    let made = market.control(Method::POST, "/_sandbox/codes", &json!({"shop_id": market.shop_id(shop)}));
    made["code"].as_str().unwrap().to_owned()
}

fn exchange(market: &Market, code: &str, shop: usize) -> Value {
    let body =
        json!({"code": code, "partner_id": market.manifest.partner_id, "shop_id": market.shop_id(shop)});
    market.public_post(GET, &body).document().clone()
}

fn refresh(market: &Market, token: &Value, shop: usize) -> Value {
    let body = json!({"refresh_token": token, "partner_id": market.manifest.partner_id, "shop_id": market.shop_id(shop)});
    market.public_post(REFRESH, &body).document().clone()
}

/// Whether an access token opens a shop.
fn opens(market: &Market, token: &Value, shop: usize) -> bool {
    let (partner, at, id) = (market.manifest.partner_id, market.now(), market.shop_id(shop));
    let (path, token) = ("/api/v2/shop/get_shop_info", token.as_str().unwrap());
    let sign = hmac_hex(&market.manifest.partner_key, &format!("{partner}{path}{at}{token}{id}"));
    let query = format!("partner_id={partner}&timestamp={at}&access_token={token}&shop_id={id}&sign={sign}");
    market.ask(Method::GET, &format!("{path}?{query}"), "").document()["error"] == ""
}

#[test]
fn a_seller_consents_and_the_code_is_exchanged_for_tokens() {
    let market = market();
    let shop = market.shop_id(COMPANY).to_string();
    let fields = consent_fields(&market);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = market.ask(Method::GET, &format!("/auth?{}", query_of(&fields)), "");
    assert_eq!(page.status.as_u16(), 200);
    let back = consent(&market, &[("account", &shop), ("decision", "approve"), ("otp", "123456")]);
    assert_eq!((value(&back, "shop_id"), value(&back, "state")), (shop, "a b".to_owned()));
    let tokens = exchange(&market, &value(&back, "code"), COMPANY);
    assert_eq!((tokens["error"].as_str(), tokens["expire_in"].as_i64()), (Some(""), Some(14_400)));
    assert_eq!(tokens["shop_id_list"], json!([market.shop_id(COMPANY)]));
    // Flat: there is no `response`.
    assert!(tokens["response"].is_null());
}

#[test]
fn the_redirect_of_a_main_account_names_no_shop() {
    let market = market();
    let back = consent(&market, &[("account", "main")]);
    assert_eq!(value(&back, "main_account_id"), market.manifest.main_account_id.to_string());
    assert_eq!(value(&back, "shop_id"), "");
}

#[test]
fn the_redirect_must_have_the_declared_domain() {
    let market = market();
    let mut fields = consent_fields(&market);
    fields[2].1 = "http://evil.example/callback".to_owned();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let reply = market.ask(Method::GET, &format!("/auth?{}", query_of(&fields)), "");
    assert_eq!(
        (reply.document()["code"].as_i64(), reply.document()["error"].as_str()),
        (Some(1), Some("error_param"))
    );
    assert!(reply.document()["msg"].as_str().unwrap().starts_with("The domain of redirect_uri"));
}

#[test]
fn a_wrong_password_and_a_sub_account_authorize_nothing() {
    let market = market();
    let shop = market.shop_id(COMPANY).to_string();
    for (account, otp) in [(shop.as_str(), "000000"), ("sub", "123456"), ("1", "123456")] {
        let fields = consent_fields(&market);
        let mut fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.extend([("account", account), ("otp", otp)]);
        assert_eq!(market.ask(Method::POST, "/auth", query_of(&fields)).status.as_u16(), 400, "{account}");
    }
}

#[test]
fn the_signed_link_of_old_leads_to_the_same_page_for_five_minutes() {
    let market = market();
    let path = "/api/v2/shop/auth_partner";
    let link =
        format!("{path}?{}&redirect={}", market.public_query(path), sandbox::text::query_escape(REDIRECT));
    let reply = market.ask(Method::GET, &link, "");
    assert_eq!(reply.status.as_u16(), 302);
    assert!(reply.headers[0].1.contains("/auth?partner_id="), "{reply:?}");
    market.clock.advance(Duration::from_secs(301));
    assert_eq!(market.ask(Method::GET, &link, "").document()["message"], "Timestamp is expired.");
}

#[test]
fn a_code_is_good_once_for_ten_minutes_and_for_its_shop() {
    let market = market();
    let code = code_of(&market, COMPANY);
    assert_eq!(exchange(&market, &code, PERSON)["error"], "invalid_shop_id");
    assert_eq!(exchange(&market, &code, COMPANY)["error"], "");
    assert_eq!(exchange(&market, &code, COMPANY)["error"], "invalid_code");
    let late = code_of(&market, COMPANY);
    market.clock.advance(Duration::from_mins(10));
    assert_eq!(exchange(&market, &late, COMPANY)["error"], "invalid_code");
}

#[test]
fn exactly_one_subject_is_named() {
    let market = market();
    let partner = market.manifest.partner_id;
    for body in [
        json!({"code": "x", "partner_id": partner}),
        json!({"code": "x", "partner_id": partner, "shop_id": 1, "main_account_id": 2}),
        json!({"partner_id": partner, "shop_id": 1}),
        json!({"code": "x", "shop_id": 1}),
    ] {
        assert_eq!(code(&market.public_post(GET, &body)), "error_param", "{body}");
    }
}

#[test]
fn a_refresh_token_rotates_and_the_old_access_token_lives_five_minutes_more() {
    let market = market();
    let first = exchange(&market, &code_of(&market, COMPANY), COMPANY);
    let second = refresh(&market, &first["refresh_token"], COMPANY);
    assert_eq!(second["error"], "");
    assert_eq!(second["shop_id"], market.shop_id(COMPANY));
    assert_ne!(second["access_token"], first["access_token"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let works = |token: &Value| opens(&market, token, COMPANY);
    assert!(works(&first["access_token"]));
    market.clock.advance(Duration::from_mins(5));
    assert!(!works(&first["access_token"]));
    assert!(works(&second["access_token"]));
}

#[test]
fn a_spent_refresh_token_is_refused_unless_the_rule_says_otherwise() {
    let market = market();
    let first = exchange(&market, &code_of(&market, COMPANY), COMPANY);
    let second = refresh(&market, &first["refresh_token"], COMPANY);
    let again = refresh(&market, &first["refresh_token"], COMPANY);
    assert_eq!(
        (again["error"].as_str(), again["message"].as_str()),
        (Some("error_auth"), Some("Invalid refresh_token."))
    );
    market.control(Method::PUT, "/_sandbox/rules", &json!({"refresh_repeats": true}));
    let repeated = refresh(&market, &first["refresh_token"], COMPANY);
    assert_eq!(repeated["access_token"], second["access_token"]);
    market.clock.advance(hours(4) + Duration::from_secs(1));
    assert_eq!(refresh(&market, &first["refresh_token"], COMPANY)["error"], "error_auth");
}

#[test]
fn a_refresh_token_dies_after_thirty_days() {
    let market = market();
    let tokens = exchange(&market, &code_of(&market, COMPANY), COMPANY);
    market.clock.advance(hours(30 * 24));
    assert_eq!(refresh(&market, &tokens["refresh_token"], COMPANY)["error"], "refresh_token_expired");
}

#[test]
fn the_first_pair_of_a_main_account_is_shared_and_then_parts() {
    let market = market();
    let main = market.manifest.main_account_id;
    let made = market.control(Method::POST, "/_sandbox/codes", &json!({"main_account_id": main}));
    let body =
        json!({"code": made["code"], "partner_id": market.manifest.partner_id, "main_account_id": main});
    let shared = market.public_post(GET, &body).document().clone();
    assert_eq!(shared["shop_id_list"], json!([market.shop_id(COMPANY), market.shop_id(PERSON)]));
    let company = refresh(&market, &shared["refresh_token"], COMPANY);
    // The shop that refreshed has five minutes left; the other one goes on.
    let both = || [COMPANY, PERSON].map(|shop| opens(&market, &shared["access_token"], shop));
    assert_eq!(both(), [true, true]);
    market.clock.advance(Duration::from_mins(5));
    assert_eq!(both(), [false, true]);
    let person = refresh(&market, &shared["refresh_token"], PERSON);
    assert_eq!((company["error"].as_str(), person["error"].as_str()), (Some(""), Some("")));
    assert_ne!(company["access_token"], person["access_token"]);
    assert_eq!(refresh(&market, &shared["refresh_token"], PERSON)["error"], "error_auth");
    // From here on each pair is of its shop alone.
    assert_eq!(refresh(&market, &company["refresh_token"], PERSON)["error"], "error_shop_refresh_token");
}

#[test]
fn consenting_again_ends_the_tokens_before() {
    let market = market();
    let first = exchange(&market, &code_of(&market, COMPANY), COMPANY);
    let second = exchange(&market, &code_of(&market, COMPANY), COMPANY);
    assert_eq!(refresh(&market, &first["refresh_token"], COMPANY)["error"], "error_auth");
    assert_eq!(refresh(&market, &second["refresh_token"], COMPANY)["error"], "");
}

#[test]
fn an_authorization_ends_when_the_seller_chose_and_is_warned_of_a_week_before() {
    let market = market();
    let shop = market.shop_id(PERSON);
    let made = market.control(Method::POST, "/_sandbox/codes", &json!({"shop_id": shop, "days": 10}));
    let tokens = exchange(&market, made["code"].as_str().unwrap(), PERSON);
    market.take_pushes();
    market.clock.advance(hours(3 * 24));
    let warning = market.take_pushes();
    assert_eq!(
        (warning[0]["code"].as_i64(), &warning[0]["data"]["shop_expire_soon"]),
        (Some(12), &json!([shop]))
    );
    market.clock.advance(hours(7 * 24));
    assert_eq!(market.take_pushes()[0]["data"]["authorize_type"], "expiry");
    assert_eq!(refresh(&market, &tokens["refresh_token"], PERSON)["error"], "shop_access_expired");
}

#[test]
fn a_seller_takes_the_consent_back() {
    let market = market();
    let shop = market.shop_id(COMPANY);
    let tokens = exchange(&market, &code_of(&market, COMPANY), COMPANY);
    market.take_pushes();
    assert_eq!(market.ask(Method::POST, "/cancel_auth", format!("shop_id={shop}")).status.as_u16(), 200);
    let told = market.take_pushes();
    assert_eq!((told[0]["code"].as_i64(), told[0]["data"]["shop_id"].as_i64()), (Some(2), Some(shop)));
    assert_eq!(refresh(&market, &tokens["refresh_token"], COMPANY)["error"], "shop_no_linked");
    let linked = market.public_get("/api/v2/public/get_shops_by_partner");
    assert_eq!(linked["authed_shop_list"].as_array().unwrap().len(), 1);
    assert_eq!(linked["more"], false);
}

#[test]
fn a_resend_code_of_the_console_gives_tokens_anew() {
    let market = market();
    let body = json!({"shop_id": market.shop_id(COMPANY), "resend": true});
    let made = market.control(Method::POST, "/_sandbox/codes", &body);
    let path = "/api/v2/public/get_token_by_resend_code";
    let reply = market.public_post(path, &json!({"resend_code": made["resend_code"]}));
    // Flat, as all of this module.
    assert!(reply.document()["access_token"].is_string());
    assert_eq!(code(&market.public_post(path, &json!({"resend_code": made["resend_code"]}))), "invalid_code");
}
