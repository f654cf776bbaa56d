use std::time::Duration;

use http::Method;
use sandbox::{Fault, FaultRule};
use serde_json::json;

use crate::kit::{COMPANY, Market, PERSON, code, good, hmac_hex, market};

const INFO: &str = "/api/v2/shop/get_shop_info";

/// A shop call with parts of its query replaced.
fn with(market: &Market, change: impl Fn(&mut Vec<(String, String)>)) -> (u16, String, String) {
    let mut pairs = sandbox::text::form_pairs(&market.shop_query(COMPANY, INFO));
    change(&mut pairs);
    let query = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let reply = market.ask(Method::GET, &format!("{INFO}?{query}"), "");
    let message = reply.document()["message"].as_str().unwrap().to_owned();
    (reply.status.as_u16(), code(&reply), message)
}

fn set(pairs: &mut [(String, String)], name: &str, value: &str) {
    value.clone_into(&mut pairs.iter_mut().find(|(field, _)| field == name).unwrap().1);
}

/// Changes something that is signed, and signs anew.
fn resign(market: &Market, pairs: &mut [(String, String)]) {
    let at = |name: &str| pairs.iter().find(|(field, _)| field == name).unwrap().1.clone();
    let base =
        [&at("partner_id"), INFO, &at("timestamp"), &at("access_token"), &at("shop_id")].map(String::from);
    let sign = hmac_hex(&market.manifest.partner_key, &base.concat());
    set(pairs, "sign", &sign);
}

#[test]
fn a_signed_call_is_answered_with_a_fresh_request_id() {
    let market = market();
    let (first, second) = (market.get_of(COMPANY, INFO, &[]), market.get_of(COMPANY, INFO, &[]));
    assert_eq!(first.document()["shop_name"], "Casa do Treco 3D");
    assert_eq!(first.document()["region"], "BR");
    assert_ne!(first.document()["request_id"], second.document()["request_id"]);
}

#[test]
fn each_common_parameter_must_be_there_once() {
    let market = market();
    for name in ["partner_id", "timestamp", "sign", "access_token", "shop_id"] {
        let missing = with(&market, |pairs| pairs.retain(|(field, _)| field != name));
        assert_eq!(missing, (200, "error_param".into(), format!("There is no {name} in query.")));
        let twice = with(&market, |pairs| pairs.push((name.to_owned(), "1".to_owned())));
        assert_eq!(twice.1, "error_param", "{name}");
    }
}

#[test]
fn common_parameters_in_the_body_do_not_count() {
    let market = market();
    let body = json!({"partner_id": market.manifest.partner_id, "timestamp": market.now(), "sign": "x"});
    let reply = market.ask(Method::POST, "/api/v2/product/update_stock", body.to_string());
    assert_eq!(code(&reply), "error_param");
}

#[test]
fn a_wrong_signature_is_403_error_sign() {
    let market = market();
    let refused = with(&market, |pairs| set(pairs, "sign", &"0".repeat(64)));
    assert_eq!(refused, (403, "error_sign".into(), "Wrong sign.".into()));
    // Parts in another order give another signature.
    let reordered = with(&market, |pairs| {
        let at = |name: &str| pairs.iter().find(|(field, _)| field == name).unwrap().1.clone();
        let base = [&at("partner_id"), INFO, &at("access_token"), &at("timestamp"), &at("shop_id")]
            .map(String::from);
        let sign = hmac_hex(&market.manifest.partner_key, &base.concat());
        set(pairs, "sign", &sign);
    });
    assert_eq!(reordered.1, "error_sign");
    // The token is signed along: without it the call is not a Public one either.
    let public = with(&market, |pairs| {
        let sign = market.public_query(INFO).split("sign=").last().unwrap().to_owned();
        set(pairs, "sign", &sign);
    });
    assert_eq!(public.1, "error_sign");
}

#[test]
fn a_timestamp_may_be_off_by_five_minutes_and_no_more() {
    let market = market();
    let at = |off: i64| {
        with(&market, |pairs| {
            set(pairs, "timestamp", &(market.now() + off).to_string());
            // An answer is what `with` reads: the wrong token keeps the call from being good.
            set(pairs, "access_token", "unknown");
            resign(&market, pairs);
        })
    };
    assert_eq!(at(-300).1, "invalid_acceess_token");
    assert_eq!(at(300).1, "invalid_acceess_token");
    assert_eq!(at(-301), (200, "error_param".into(), "Timestamp is expired.".into()));
    assert_eq!(at(301), (200, "error_param".into(), "Invalid timestamp.".into()));
    let milliseconds = with(&market, |pairs| set(pairs, "timestamp", "1790000000000"));
    assert_eq!(milliseconds.2, "Timestamp is invalid, should be an integer between 0 and 4294967295.");
}

#[test]
fn after_a_leap_of_time_a_client_at_the_machines_clock_is_right_as_well() {
    let market = market();
    let machine = market.now();
    market.control(Method::POST, "/_sandbox/time", &json!({"advance_seconds": 86_400}));
    let path = "/api/v2/public/get_shops_by_partner";
    let ask = |at: i64| {
        let partner = market.manifest.partner_id;
        let sign = hmac_hex(&market.manifest.partner_key, &format!("{partner}{path}{at}"));
        let query = format!("partner_id={partner}&timestamp={at}&sign={sign}");
        market.ask(Method::GET, &format!("{path}?{query}"), "").document().clone()
    };
    for at in [machine - 300, machine + 300, machine + 86_400] {
        assert_eq!(ask(at)["error"], "", "{at}");
    }
    assert_eq!(ask(machine + 301)["message"], "Timestamp is expired.");
    assert_eq!(ask(machine + 86_701)["message"], "Invalid timestamp.");
}

#[test]
fn an_unknown_partner_is_told_so() {
    let market = market();
    let refused = with(&market, |pairs| set(pairs, "partner_id", "7"));
    assert_eq!((refused.0, refused.1.as_str()), (403, "invalid_partner_id"));
    assert_eq!(with(&market, |pairs| set(pairs, "partner_id", "abc")).1, "error_param");
}

#[test]
fn a_token_opens_its_own_shop_only() {
    let market = market();
    let other = market.shop_id(PERSON).to_string();
    let refused = with(&market, |pairs| {
        set(pairs, "shop_id", &other);
        resign(&market, pairs);
    });
    assert_eq!(refused, (403, "error_auth".into(), "Invalid partner_id or shopid.".into()));
}

#[test]
fn an_access_token_lives_four_hours() {
    let market = market();
    let token = market.token(COMPANY);
    let ask = || {
        let (partner, at, id) = (market.manifest.partner_id, market.now(), market.shop_id(COMPANY));
        let sign = hmac_hex(&market.manifest.partner_key, &format!("{partner}{INFO}{at}{token}{id}"));
        let query =
            format!("partner_id={partner}&timestamp={at}&access_token={token}&shop_id={id}&sign={sign}");
        market.ask(Method::GET, &format!("{INFO}?{query}"), "")
    };
    market.clock.advance(Duration::from_secs(4 * 3_600 - 1));
    assert_eq!(ask().document()["error"], "");
    market.clock.advance(Duration::from_secs(1));
    assert_eq!(code(&ask()), "invalid_acceess_token");
}

#[test]
fn an_unknown_path_is_404_and_a_wrong_verb_a_wrong_parameter() {
    let market = market();
    let unknown = market.get_of(COMPANY, "/api/v2/product/get_everything", &[]);
    assert_eq!((unknown.status.as_u16(), code(&unknown).as_str()), (404, "error_not_found"));
    let verb = market.post_of(COMPANY, INFO, &json!({}));
    assert_eq!((verb.status.as_u16(), code(&verb).as_str()), (200, "error_param"));
}

#[test]
fn clients_may_sign_a_public_call_with_the_token_of_a_shop() {
    let market = market();
    let path = "/api/v2/push/get_app_push_config";
    let reply = market.ask(Method::GET, &format!("{path}?{}", market.shop_query(COMPANY, path)), "");
    assert_eq!(good(&reply)["live_push_status"], "Normal");
    assert_eq!(market.public_get(path)["response"]["live_push_status"], "Normal");
}

#[test]
fn a_banned_shop_and_one_that_left_are_told_apart() {
    let market = market();
    let id = market.shop_id(COMPANY);
    market.control(Method::PUT, &format!("/_sandbox/shops/{id}"), &json!({"status": "BANNED"}));
    assert_eq!(code(&market.get_of(COMPANY, INFO, &[])), "shop_banned");
    let query = market.shop_query(COMPANY, INFO);
    market.control(Method::POST, &format!("/_sandbox/shops/{id}/leave"), &json!({}));
    let reply = market.ask(Method::GET, &format!("{INFO}?{query}"), "");
    assert_eq!(code(&reply), "shop_no_linked");
}

#[test]
fn a_burst_is_refused_with_a_good_status() {
    let market = market();
    market.control(Method::PUT, "/_sandbox/rules", &json!({"calls_per_second": 1}));
    assert_eq!(market.get_of(COMPANY, INFO, &[]).document()["error"], "");
    let refused = market.get_of(COMPANY, INFO, &[]);
    assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (200, "error_rate_limit"));
}

#[test]
fn an_injected_error_stands_in_the_platforms_envelope() {
    let market = market();
    let fault = Fault::Code { code: "error_server".into(), message: "Something wrong.".into(), status: None };
    market.sandbox.set_faults(vec![FaultRule::new("/api/v2/shop", fault).times(1)]);
    let reply = market.get_of(COMPANY, INFO, &[]);
    assert_eq!((reply.status.as_u16(), code(&reply).as_str()), (200, "error_server"));
    assert_eq!(market.get_of(COMPANY, INFO, &[]).document()["error"], "");
    market.sandbox.set_faults(vec![FaultRule::new("/api/v2", Fault::Status { status: 503 }).times(1)]);
    assert_eq!(market.get_of(COMPANY, INFO, &[]).status.as_u16(), 503);
}

#[test]
fn an_empty_error_may_be_a_dash() {
    let market = market();
    market.control(Method::PUT, "/_sandbox/rules", &json!({"empty_error": "-"}));
    assert_eq!(market.get_of(COMPANY, INFO, &[]).document()["error"], "-");
}

#[test]
fn the_log_remembers_requests_without_tokens() {
    let market = market();
    market.get_of(COMPANY, INFO, &[]);
    let log = market.control(Method::GET, "/_sandbox/log", &json!({}));
    assert_eq!((log[0]["path"].as_str(), log[0]["status"].as_u64()), (Some(INFO), Some(200)));
    assert!(!log.to_string().contains(&market.token(COMPANY)));
}
