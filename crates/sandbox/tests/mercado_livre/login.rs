//! OAuth (fact sheet §2).

use std::time::Duration;

use http::{Method, StatusCode};
use sandbox::reply::Reply;
use serde_json::json;

use crate::kit::{CLASSIC, REDIRECT_URI, Shop, header, shop};

/// The published example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn decide(shop: &Shop, decision: &str, more: &[(&str, &str)]) -> Reply {
    let (client, user) = (shop.manifest.apps[0].client_id.clone(), shop.user_id(CLASSIC).to_string());
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", &client),
        ("redirect_uri", REDIRECT_URI),
        ("state", "a state"),
        ("user_id", &user),
        ("decision", decision),
    ];
    fields.extend(more);
    shop.ask(Method::POST, "/authorization").form(&fields).send()
}

#[track_caller]
fn code(shop: &Shop, more: &[(&str, &str)]) -> String {
    let reply = decide(shop, "approve", more);
    let location = header(&reply, "location").unwrap();
    let query = location.strip_prefix(REDIRECT_URI).unwrap().strip_prefix("?code=").unwrap();
    let (code, state) = query.split_once("&state=").unwrap();
    assert_eq!(state, "a%20state");
    code.replace("%2D", "-")
}

fn exchange(shop: &Shop, code: &str, more: &[(&str, &str)]) -> Reply {
    let app = &shop.manifest.apps[0];
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.client_secret.as_str()),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
    ];
    fields.extend(more);
    shop.ask(Method::POST, "/oauth/token").form(&fields).send()
}

fn refresh(shop: &Shop, token: &str) -> Reply {
    let app = &shop.manifest.apps[0];
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.client_secret.as_str()),
        ("refresh_token", token),
    ];
    shop.ask(Method::POST, "/oauth/token").form(&fields).send()
}

fn me(shop: &Shop, token: &str) -> Reply {
    shop.ask(Method::GET, "/users/me").bearer(token).send()
}

#[track_caller]
fn assert_refused(reply: &Reply, code: &str) {
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(reply.document()["error"], code);
    assert_eq!(reply.document()["status"], 400);
    assert_eq!(reply.document()["cause"], json!([]));
}

#[test]
fn an_approved_seller_becomes_a_pair_of_tokens_that_work() {
    let shop = shop();
    let reply = exchange(&shop, &code(&shop, &[]), &[]);
    let token = reply.document();
    assert_eq!(token["token_type"], "bearer");
    assert_eq!(token["expires_in"], 21_600);
    assert_eq!(token["scope"], "offline_access read write");
    assert_eq!(token["user_id"], shop.user_id(CLASSIC));
    assert!(token["refresh_token"].as_str().unwrap().starts_with("TG-"));
    let access_token = token["access_token"].as_str().unwrap();
    assert!(access_token.starts_with("APP_USR-1234567890123456-111013-"), "{access_token}");
    assert_eq!(me(&shop, access_token).document()["id"], shop.user_id(CLASSIC));
}

#[test]
fn the_page_offers_every_seller_and_carries_the_request_along() {
    let shop = shop();
    let client = &shop.manifest.apps[0].client_id;
    let uri = sandbox::text::query_escape(REDIRECT_URI);
    let path =
        format!("/authorization?response_type=code&client_id={client}&redirect_uri={uri}&state=x%22%3E");
    let page = String::from_utf8(crate::kit::bytes(&shop.ask(Method::GET, &path).send()).to_vec()).unwrap();
    assert!(page.contains("CASA.DO.TRECO.3D") && page.contains("ATELIE.DA.SERRA"));
    assert!(page.contains("value=\"x&quot;&gt;\""));
}

#[test]
fn a_redirect_uri_that_differs_by_a_slash_is_refused_on_the_page() {
    let shop = shop();
    let client = &shop.manifest.apps[0].client_id;
    let uri = sandbox::text::query_escape(&format!("{REDIRECT_URI}/"));
    let path = format!("/authorization?response_type=code&client_id={client}&redirect_uri={uri}");
    assert_eq!(shop.ask(Method::GET, &path).send().status, StatusCode::BAD_REQUEST);
}

#[test]
fn refusal_and_collaborators_come_back_as_errors_with_the_state() {
    let shop = shop();
    let denied = decide(&shop, "deny", &[]);
    assert!(header(&denied, "location").unwrap().contains("?error=access_denied&"));
    let collaborator = decide(&shop, "collaborator", &[]);
    let location = header(&collaborator, "location").unwrap();
    assert!(location.contains("?error=invalid_operator_user_id&") && location.ends_with("&state=a%20state"));
}

#[test]
fn a_code_works_once() {
    let shop = shop();
    let code = code(&shop, &[]);
    assert_eq!(exchange(&shop, &code, &[]).status, StatusCode::OK);
    assert_refused(&exchange(&shop, &code, &[]), "invalid_grant");
}

#[test]
fn a_code_is_dead_after_ten_minutes() {
    let shop = shop();
    let code = code(&shop, &[]);
    shop.pass(Duration::from_mins(10));
    assert_refused(&exchange(&shop, &code, &[]), "invalid_grant");
}

#[test]
fn the_verifier_must_fit_the_challenge() {
    let shop = shop();
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let right = exchange(&shop, &code(&shop, &pkce), &[("code_verifier", VERIFIER)]);
    assert_eq!(right.status, StatusCode::OK);
    let wrong = exchange(&shop, &code(&shop, &pkce), &[("code_verifier", "something-else")]);
    assert_refused(&wrong, "invalid_grant");
    assert_refused(&exchange(&shop, &code(&shop, &pkce), &[]), "invalid_request");
    let plain = [("code_challenge", VERIFIER), ("code_challenge_method", "plain")];
    assert_eq!(exchange(&shop, &code(&shop, &plain), &[("code_verifier", VERIFIER)]).status, StatusCode::OK);
}

#[test]
fn an_application_with_pkce_switched_on_demands_both_parameters() {
    let shop = shop();
    let app = format!("/_sandbox/apps/{}", shop.manifest.apps[0].client_id);
    shop.control(Method::PUT, &app, &json!({"pkce_required": true}));
    assert_eq!(decide(&shop, "approve", &[]).status, StatusCode::BAD_REQUEST);
    assert_eq!(decide(&shop, "approve", &[("code_challenge", CHALLENGE)]).status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_refresh_gives_a_new_pair_and_a_second_use_kills_the_family() {
    let shop = shop();
    let old = shop.manifest.sellers[CLASSIC].refresh_token.clone().unwrap();
    let fresh = refresh(&shop, &old);
    let access_token = fresh.document()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(me(&shop, &access_token).status, StatusCode::OK);
    assert_refused(&refresh(&shop, &old), "invalid_grant");
    assert_eq!(me(&shop, &access_token).status, StatusCode::UNAUTHORIZED);
    assert_refused(&refresh(&shop, fresh.document()["refresh_token"].as_str().unwrap()), "invalid_grant");
}

#[test]
fn an_access_token_works_for_six_hours() {
    let shop = shop();
    shop.pass(Duration::from_hours(6) - Duration::from_millis(1));
    assert_eq!(me(&shop, &shop.token(CLASSIC)).status, StatusCode::OK);
    shop.pass(Duration::from_millis(1));
    assert_eq!(me(&shop, &shop.token(CLASSIC)).status, StatusCode::UNAUTHORIZED);
}

#[test]
fn four_months_without_a_call_end_the_grant_before_the_refresh_token_does() {
    let shop = shop();
    let token = shop.manifest.sellers[CLASSIC].refresh_token.clone().unwrap();
    shop.pass(Duration::from_hours(24 * 122));
    assert_refused(&refresh(&shop, &token), "invalid_grant");
}

#[test]
fn the_token_endpoint_takes_only_a_form_body_unless_told_otherwise() {
    let shop = shop();
    let app = &shop.manifest.apps[0];
    let token = shop.manifest.sellers[CLASSIC].refresh_token.as_deref().unwrap();
    let path = format!(
        "/oauth/token?grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={token}",
        app.client_id, app.client_secret
    );
    assert_refused(&shop.ask(Method::POST, &path).send(), "invalid_request");
    shop.control(Method::PUT, "/_sandbox/rules", &json!({"token_query_allowed": true}));
    assert_eq!(shop.ask(Method::POST, &path).send().status, StatusCode::OK);
}

#[test]
fn wrong_credentials_and_wrong_grant_types_have_their_own_words() {
    let shop = shop();
    let form = |fields: &[(&str, &str)]| shop.ask(Method::POST, "/oauth/token").form(fields).send();
    let client = shop.manifest.apps[0].client_id.as_str();
    assert_refused(&form(&[("grant_type", "password")]), "unsupported_grant_type");
    assert_refused(&form(&[]), "invalid_request");
    let wrong = [
        ("grant_type", "refresh_token"),
        ("client_id", client),
        ("client_secret", "no"),
        ("refresh_token", "x"),
    ];
    assert_refused(&form(&wrong), "invalid_client");
}

#[test]
fn a_scheduled_rotation_keeps_the_old_secret_for_seven_days() {
    let shop = shop();
    let path = format!("/_sandbox/apps/{}/rotate_secret", shop.manifest.apps[0].client_id);
    shop.control(Method::POST, &path, &json!({"scheduled": true}));
    let token = shop.manifest.sellers[CLASSIC].refresh_token.clone().unwrap();
    let fresh = refresh(&shop, &token);
    assert_eq!(fresh.status, StatusCode::OK);
    shop.pass(Duration::from_hours(24 * 7));
    assert_refused(&refresh(&shop, fresh.document()["refresh_token"].as_str().unwrap()), "invalid_client");
}

#[test]
fn an_unscheduled_rotation_ends_every_token() {
    let shop = shop();
    let path = format!("/_sandbox/apps/{}/rotate_secret", shop.manifest.apps[0].client_id);
    shop.control(Method::POST, &path, &json!({}));
    assert_eq!(me(&shop, &shop.token(CLASSIC)).status, StatusCode::UNAUTHORIZED);
}

#[test]
fn a_seller_can_end_the_grant_through_the_api() {
    let shop = shop();
    let (user, app) = (shop.user_id(CLASSIC), shop.manifest.apps[0].client_id.clone());
    let grants = shop.get(&format!("/applications/{app}/grants"));
    assert_eq!(grants["paging"]["total"], 2);
    let reply = shop.seller(Method::DELETE, &format!("/users/{user}/applications/{app}")).send();
    let expected = json!({"user_id": user.to_string(), "app_id": app, "msg": "Autorización eliminada"});
    assert_eq!(reply.document(), &expected);
    assert_eq!(me(&shop, &shop.token(CLASSIC)).status, StatusCode::UNAUTHORIZED);
}

#[test]
fn ten_test_users_can_be_made_and_signed_in_as() {
    let shop = shop();
    let make = || shop.seller(Method::POST, "/users/test_user").json(&json!({"site_id": "MLB"})).send();
    let first = make().document()["id"].as_i64().unwrap();
    for _ in 1..10 {
        assert_eq!(make().status, StatusCode::CREATED);
    }
    assert_eq!(make().status, StatusCode::BAD_REQUEST);
    let token = shop.control(Method::POST, "/_sandbox/tokens/grant", &json!({"user_id": first}));
    let me = me(&shop, token["access_token"].as_str().unwrap());
    assert!(me.document()["tags"].as_array().unwrap().contains(&json!("test_user")));
}
