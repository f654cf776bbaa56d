use std::time::Duration;

use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, Orders};

use super::{account, scripted};

fn failing(step: Step) -> ChannelError {
    let (channel, _) = scripted([step]);
    now(channel.fetch(&account(), "2000010000000001")).unwrap_err()
}

fn kind(status: u16, body: &str) -> ErrorKind {
    failing(Step::get("/orders/2000010000000001").answer(status, body)).kind
}

#[test]
fn a_refused_token_has_four_shapes() {
    let shapes = [
        (401, r#"{"code":"unauthorized","message":"invalid access token"}"#),
        (401, r#"{"code":"unauthorized","message":"authorization value not present"}"#),
        (401, r#"{"message":"invalid_token","error":"not_found","status":401,"cause":[]}"#),
        (
            401,
            r#"{"code":401,"error":"unauthorized_request_error","message":"Invalid caller.id","cause":null}"#,
        ),
        (400, r#"{"message":"Malformed access_token: xyz","error":"bad_request","status":400,"cause":[]}"#),
        (403, r#"{"code":"unauthorized","message":"invalid access token"}"#),
        (401, ""),
    ];
    for (status, body) in shapes {
        assert_eq!(kind(status, body), ErrorKind::TokenRefused, "{body}");
    }
}

#[test]
fn a_missing_permission_has_four_shapes() {
    let shapes = [
        r#"{"status":403,"error":"Invalid scopes","code":"FORBIDDEN"}"#,
        r#"{"status":403,"error":"access_denied","message":"access to the requested resource is forbidden","code":"FORBIDDEN"}"#,
        r#"{"code":"PA_UNAUTHORIZED_RESULT_FROM_POLICIES","blocked_by":"PolicyAgent","message":"At least one policy returned UNAUTHORIZED.","status":403}"#,
        r#"{"message":"The caller is not authorized to access this resource","error":"forbidden","status":403,"cause":[]}"#,
    ];
    for body in shapes {
        assert_eq!(kind(403, body), ErrorKind::PermissionMissing, "{body}");
    }
}

#[test]
fn too_many_calls_has_two_shapes_and_perhaps_a_wish() {
    for body in [
        r#"{"message":"Too Many Requests","error":"too_many_requests","status":429,"cause":[]}"#,
        r#"{"status":429,"error":"local_rate_limited"}"#,
        "",
    ] {
        assert_eq!(kind(429, body), ErrorKind::RateLimited { not_before: None });
    }
    let step = Step::get("/orders/2000010000000001").answer(429, "").answer_header("retry-after", "7");
    let wish = Some(Duration::from_secs(7));
    assert_eq!(failing(step).kind, ErrorKind::RateLimited { not_before: wish });
}

#[test]
fn a_status_means_what_it_means_whatever_the_body() {
    let cases = [
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (423, ErrorKind::Conflict),
        (500, ErrorKind::PlatformFault { status: 500 }),
        (504, ErrorKind::PlatformFault { status: 504 }),
        (534, ErrorKind::PlatformFault { status: 534 }),
    ];
    for (status, expected) in cases {
        for body in ["", "<html></html>", r#"{"message":"x","error":"y","cause":null}"#] {
            assert_eq!(kind(status, body), expected, "{status} {body}");
        }
    }
}

#[test]
fn a_refusal_names_the_cause_that_blocks_and_no_warning() {
    let body = r#"{"message":"Validation error","error":"validation_error","status":400,"cause":[
        {"department":"shipping","cause_id":4029,"type":"warning","code":"shipping.me2_adoption_mandatory","references":[],"message":"w"},
        {"department":"structured-data","cause_id":147,"type":"error","code":"item.attributes.missing_required","references":["item.attributes"],"message":"BRAND is required"}]}"#;
    let expected = ErrorKind::Refused {
        code: "item.attributes.missing_required".into(),
        message: "BRAND is required".into(),
    };
    assert_eq!(kind(400, body), expected);
}

#[test]
fn a_cause_is_a_list_of_objects_or_texts_or_nothing() {
    let refused = |message: &str| ErrorKind::Refused { code: "bad".into(), message: message.into() };
    assert_eq!(kind(400, r#"{"message":"m","error":"bad","status":400,"cause":[]}"#), refused("m"));
    assert_eq!(kind(400, r#"{"message":"m","error":"bad","cause":null}"#), refused("m"));
    assert_eq!(kind(400, r#"{"message":"m","error":"bad","cause":["why"]}"#), refused("why"));
    assert_eq!(kind(400, r#"{"message":"m","error":"bad","cause":"why"}"#), refused("m"));
}

#[test]
fn a_page_of_a_proxy_says_nothing_about_the_account() {
    assert!(matches!(kind(403, "<html>blocked</html>"), ErrorKind::Garbled { .. }));
    assert!(matches!(kind(400, ""), ErrorKind::Garbled { .. }));
    assert!(matches!(kind(302, ""), ErrorKind::Garbled { .. }));
}

#[test]
fn the_kept_exchange_holds_no_token_even_when_the_platform_repeats_it() {
    let body = r#"{"message":"Malformed access_token: APP_USR-access","error":"bad_request","status":400,"cause":["APP_USR-access"]}"#;
    let error = failing(Step::get("/orders/2000010000000001").answer(400, body));
    assert!(!format!("{error:?} {error}").contains("APP_USR"), "{error:?}");
}
