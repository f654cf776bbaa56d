//! Every way of saying no (fact sheet §3).

use http::{Method, StatusCode};
use sandbox::faults::{Fault, FaultRule, Refusal};
use serde_json::json;

use crate::kit::{CLASSIC, FAMILY, header, shop};

#[test]
fn no_token_a_wrong_token_and_garbage_are_three_answers() {
    let shop = shop();
    let absent = shop.ask(Method::GET, "/users/me").send();
    assert_eq!(absent.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        absent.document(),
        &json!({"code": "unauthorized", "message": "authorization value not present"})
    );
    let wrong = shop.ask(Method::GET, "/users/me").bearer("APP_USR-1-111013-00-1").send();
    assert_eq!(wrong.document(), &json!({"code": "unauthorized", "message": "invalid access token"}));
    let garbage = shop.ask(Method::GET, "/users/me").bearer("abc").send();
    assert_eq!(garbage.status, StatusCode::BAD_REQUEST);
    assert_eq!(garbage.document()["message"], "Malformed access_token: abc");
}

#[test]
fn a_token_in_the_query_counts_only_where_the_rules_allow_it() {
    let shop = shop();
    let path = format!("/users/me?access_token={}", shop.token(CLASSIC));
    assert_eq!(shop.ask(Method::GET, &path).send().status, StatusCode::UNAUTHORIZED);
    shop.control(Method::PUT, "/_sandbox/rules", &json!({"access_token_query_allowed": true}));
    assert_eq!(shop.ask(Method::GET, &path).send().status, StatusCode::OK);
}

#[test]
fn a_missing_functional_permission_is_refused_by_the_policy_agent() {
    let shop = shop();
    let app = format!("/_sandbox/apps/{}", shop.manifest.apps[0].client_id);
    shop.control(Method::PUT, &app, &json!({"permissions": ["users"]}));
    let reply = shop.seller(Method::GET, "/orders/1").send();
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    let expected = json!({"code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES", "blocked_by": "PolicyAgent",
        "message": "At least one policy returned UNAUTHORIZED.", "status": 403});
    assert_eq!(reply.document(), &expected);
    assert_eq!(shop.seller(Method::GET, "/users/me").send().status, StatusCode::OK);
}

#[test]
fn a_token_that_may_only_read_cannot_write() {
    let shop = shop();
    let app = format!("/_sandbox/apps/{}", shop.manifest.apps[0].client_id);
    shop.control(Method::PUT, &app, &json!({"scopes": ["read"]}));
    let user = shop.user_id(CLASSIC);
    let token = shop.control(Method::POST, "/_sandbox/tokens/grant", &json!({"user_id": user}));
    assert_eq!(token["refresh_token"], json!(null));
    let token = token["access_token"].as_str().unwrap();
    let path = format!("/items/{}", shop.sandbox.snapshot().items[0].id);
    assert_eq!(shop.ask(Method::GET, &path).bearer(token).send().status, StatusCode::OK);
    let refused = shop.ask(Method::PUT, &path).bearer(token).json(&json!({"price": 10})).send();
    assert_eq!(refused.document(), &json!({"status": 403, "error": "Invalid scopes", "code": "FORBIDDEN"}));
}

#[test]
fn what_belongs_to_another_seller_is_forbidden() {
    let shop = shop();
    let item = shop.item("CAB-HDMI-2M");
    let reply = shop.family_seller(Method::PUT, &format!("/items/{item}")).json(&json!({"price": 10})).send();
    let expected = json!({"message": "The caller is not authorized to access this resource", "error": "forbidden",
        "status": 403, "cause": []});
    assert_eq!((reply.status, reply.document()), (StatusCode::FORBIDDEN, &expected));
    let private = format!("/users/{}/items/search", shop.user_id(FAMILY));
    assert_eq!(shop.seller(Method::GET, &private).send().document()["error"], "access_denied");
}

#[test]
fn too_many_calls_in_a_minute_are_429_until_the_minute_is_over() {
    let shop = shop();
    shop.control(Method::PUT, "/_sandbox/rules", &json!({"requests_per_minute": 3}));
    let call = || shop.seller(Method::GET, "/users/me").send();
    for _ in 0..3 {
        assert_eq!(call().status, StatusCode::OK);
    }
    let refused = call();
    let expected =
        json!({"message": "Too Many Requests", "error": "too_many_requests", "status": 429, "cause": []});
    assert_eq!((refused.status, refused.document()), (StatusCode::TOO_MANY_REQUESTS, &expected));
    shop.pass(std::time::Duration::from_mins(1));
    assert_eq!(call().status, StatusCode::OK);
}

#[test]
fn an_hourly_cap_counts_all_groups_and_is_shown_by_the_application() {
    let shop = shop();
    let app = format!("/applications/{}", shop.manifest.apps[0].client_id);
    assert_eq!(shop.get(&app)["max_requests_per_hour"], 18_000);
    shop.control(Method::PUT, "/_sandbox/rules", &json!({"requests_per_hour": 3}));
    let product = shop.sandbox.snapshot().stock[0].user_product_id.clone();
    assert_eq!(shop.get(&app)["max_requests_per_hour"], 3);
    for path in ["/users/me", &format!("/user-products/{product}/stock")] {
        assert_eq!(shop.seller(Method::GET, path).send().status, StatusCode::OK);
    }
    let refused = shop.seller(Method::GET, "/users/me").send();
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.document()["error"], "too_many_requests");
    shop.pass(std::time::Duration::from_mins(5));
    assert_eq!(shop.seller(Method::GET, "/users/me").send().status, StatusCode::TOO_MANY_REQUESTS);
    shop.pass(std::time::Duration::from_hours(1));
    assert_eq!(shop.seller(Method::GET, "/users/me").send().status, StatusCode::OK);
}

#[test]
fn stock_has_a_budget_of_its_own() {
    let shop = shop();
    let product = shop.sandbox.snapshot().stock[0].user_product_id.clone();
    let call = || shop.seller(Method::GET, &format!("/user-products/{product}/stock")).send().status;
    for _ in 0..100 {
        assert_eq!(call(), StatusCode::OK);
    }
    assert_eq!(call(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(shop.seller(Method::GET, "/users/me").send().status, StatusCode::OK);
}

#[test]
fn an_unknown_path_a_wrong_method_and_a_trailing_slash() {
    let shop = shop();
    assert_eq!(shop.seller(Method::GET, "/nothing/here").send().status, StatusCode::NOT_FOUND);
    assert_eq!(shop.seller(Method::DELETE, "/users/me").send().status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(shop.seller(Method::GET, "/users/me/").send().status, StatusCode::OK);
}

#[test]
fn a_path_with_escaped_slashes_is_the_same_resource() {
    let shop = shop();
    let escaped = shop.seller(Method::GET, "/users%2Fme").send();
    assert_eq!((escaped.status, &escaped.document()["id"]), (StatusCode::OK, &json!(shop.user_id(CLASSIC))));
}

#[test]
fn every_refusal_can_be_injected() {
    let shop = shop();
    let inject = |refusal| {
        shop.sandbox.set_faults(vec![FaultRule::new("/users", Fault::Refuse { refusal }).times(1)]);
        let reply = shop.seller(Method::GET, "/users/me").send();
        (reply.status.as_u16(), reply.document().clone())
    };
    let old_shape = json!({"message": "invalid_token", "error": "not_found", "status": 401, "cause": []});
    assert_eq!(inject(Refusal::InvalidTokenOldShape), (401, old_shape));
    let claims = json!({"code": 401, "error": "unauthorized_request_error", "message": "Invalid caller.id", "cause": null});
    assert_eq!(inject(Refusal::InvalidCallerOfClaims), (401, claims));
    assert_eq!(
        inject(Refusal::LocallyRateLimited),
        (429, json!({"status": 429, "error": "local_rate_limited"}))
    );
    assert_eq!(inject(Refusal::ItemLocked).1["message"], "item optimistic locking error");
    assert_eq!(shop.seller(Method::GET, "/users/me").send().status, StatusCode::OK);
}

#[test]
fn an_incomplete_answer_says_what_is_missing() {
    let shop = shop();
    let fault = Fault::Partial { missing: vec!["seller_reputation".to_owned()] };
    shop.sandbox.set_faults(vec![FaultRule::new("/users/me", fault)]);
    let reply = shop.seller(Method::GET, "/users/me").send();
    assert_eq!(reply.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&reply, "x-content-missing"), Some("seller_reputation"));
    assert!(reply.document().get("seller_reputation").is_none());
}

#[test]
fn only_the_wanted_attributes_come_back() {
    let shop = shop();
    let reply = shop.get("/users/me?attributes=id,nickname");
    assert_eq!(reply, json!({"id": shop.user_id(CLASSIC), "nickname": "CASA.DO.TRECO.3D"}));
}

#[test]
fn a_stranger_sees_only_the_public_half_of_a_user() {
    let shop = shop();
    let stranger = shop.get(&format!("/users/{}", shop.user_id(FAMILY)));
    assert!(
        stranger.get("email").is_none()
            && stranger["tags"].as_array().unwrap().contains(&json!("user_product_seller"))
    );
    assert!(shop.get("/users/me")["email"].is_string());
}
