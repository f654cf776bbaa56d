use std::time::Duration;

use connect::conformance::{Step, now};
use connect::{Account, ChannelError, ErrorKind, Orders};
use domain::Verdict;

use super::{ORDER_ID, TOKEN, account, fault, get_order, scripted};

fn failing(step: Step) -> ChannelError {
    let (channel, script) = scripted([step]);
    let error = now(channel.fetch(&account(), ORDER_ID)).unwrap_err();
    script.done();
    error
}

fn kind(status: u16, body: &str) -> ErrorKind {
    failing(get_order().answer(status, body)).kind
}

fn said(status: u16, code: u64, message: &str) -> ErrorKind {
    kind(status, &fault(code, message))
}

fn refused(code: u64, message: &str) -> ErrorKind {
    ErrorKind::Refused { code: code.to_string(), message: message.into() }
}

const APP_KEY: &str = "Invalid credentials. The 'app_key' query parameter is invalid. For more details: https://m.tiktok.shop/s/x";
const NO_TOKEN: &str = "Invalid credentials. The 'x-tts-access-token' header is invalid.";
const OLD_TOKEN: &str = "Invalid credentials. The 'access_token' query parameter is invalid.";
const NO_SIGN: &str = "Missing credentials. The 'sign' query parameter is missing.";
const EARLY: &str = "Invalid timestamp. The timestamp is earlier than 5 minutes.";
const LATE: &str = "Invalid timestamp. The timestamp exceeds the current time by 30 seconds.";
const BELOW: &str = "Invalid timestamp. The timestamp is below 0.";
const CIPHER: &str = "Unexpected identifier 'shop_cipher'.";
const OTHER_CIPHER: &str = "Invalid identifier. The `shop_cipher` query parameter is invalid.";
const BODY: &str = "param body.timestamp_ge is missing";

#[test]
fn one_code_means_a_dozen_things_and_the_message_tells_which() {
    let meanings = [
        (400, APP_KEY, ErrorKind::AppRefused),
        (401, NO_TOKEN, ErrorKind::TokenRefused),
        (401, OLD_TOKEN, ErrorKind::TokenRefused),
        (400, NO_SIGN, refused(36_009_004, NO_SIGN)),
        (400, CIPHER, refused(36_009_004, CIPHER)),
        (400, OTHER_CIPHER, ErrorKind::TokenRefused),
        (400, BODY, refused(36_009_004, BODY)),
        (400, "invalid param error", refused(36_009_004, "invalid param error")),
    ];
    for (status, message, expected) in meanings {
        for status in [status, 200] {
            assert_eq!(said(status, 36_009_004, message), expected, "{message}");
        }
    }
}

#[test]
fn a_clock_that_is_off_is_named_and_tried_again() {
    for message in [EARLY, LATE, BELOW] {
        let error = failing(get_order().answer(400, &fault(36_009_004, message)));
        assert_eq!(error.verdict(), Verdict::RETRY);
        assert!(error.to_string().contains("clock") && error.to_string().contains(message), "{error}");
    }
}

#[test]
fn every_known_code_has_its_kind_whatever_the_status() {
    let known = [
        (105_002, "Expired credentials.", ErrorKind::TokenRefused),
        (105_001, "token invalid", ErrorKind::TokenRefused),
        (105_003, "token invalid", ErrorKind::TokenRefused),
        (105_004, "token is bound elsewhere", ErrorKind::TokenRefused),
        (105_005, "you should apply auth pkg for this api", ErrorKind::PermissionMissing),
        (101_000, "the cipher is of another shop", ErrorKind::TokenRefused),
        (10_006_402, "permission denied", ErrorKind::PermissionMissing),
        (36_009_043, "the shop is inactive", ErrorKind::PermissionMissing),
        (36_009_044, "the seller is inactive", ErrorKind::PermissionMissing),
        (106_001, "Invalid credentials. The 'sign' query parameter is invalid.", ErrorKind::AppRefused),
        (36_009_033, "the IP address is not in the allow list", ErrorKind::AppRefused),
        (21_008_111, "does not belong to the current seller", ErrorKind::NotFound),
        (12_019_150, "The product ID does not exist.", ErrorKind::NotFound),
        (12_052_393, "locked for promotion", ErrorKind::NotWritable),
        (12_052_038, "price locked due to ongoing promotion", ErrorKind::NotWritable),
        (12_019_028, "Multiple warehouses detected", ErrorKind::Conflict),
    ];
    for (code, message, expected) in known {
        for status in [200, 400, 401, 403] {
            assert_eq!(said(status, code, message), expected, "{code} {status}");
        }
    }
}

#[test]
fn what_the_platform_calls_passing_is_retried_with_any_status() {
    for code in [36_009_003, 36_009_007, 10_002_014, 10_002_015, 10_037_002, 10_037_003, 10_037_004] {
        for status in [200, 400, 500] {
            let error = failing(get_order().answer(status, &fault(code, "Failed to get orders")));
            assert_eq!(
                (&error.kind, error.verdict()),
                (&ErrorKind::PlatformFault { status }, Verdict::RETRY)
            );
        }
    }
}

#[test]
fn an_unknown_code_is_a_refusal_in_the_platforms_words() {
    for (status, code) in [(200, 98_001_004), (404, 36_009_009), (400, 36_009_014), (400, 106_013)] {
        assert_eq!(said(status, code, "why"), refused(code, "why"), "{code}");
    }
    let silent = format!(r#"{{"code":{},"data":null}}"#, 11_050_001);
    assert_eq!(kind(200, &silent), refused(11_050_001, ""));
}

#[test]
fn what_is_not_there_has_more_codes_than_are_documented() {
    for message in ["The product does not exist", "Package not found", "The SKU id not exist."] {
        assert_eq!(said(200, 12_059_999, message), ErrorKind::NotFound, "{message}");
    }
    for message in ["The warehouse does not exist", "Category does not exist", "The product is fine"] {
        assert_eq!(said(200, 12_059_999, message), refused(12_059_999, message), "{message}");
    }
}

#[test]
fn too_many_calls_has_two_shapes_and_perhaps_a_wish() {
    for (status, code) in [(429, 36_009_002), (200, 36_009_002), (429, 999)] {
        let body = fault(code, "Too many requests");
        assert_eq!(kind(status, &body), ErrorKind::RateLimited { not_before: None }, "{status} {code}");
        let step = get_order().answer(status, &body).answer_header("retry-after", "7");
        let wish = Some(Duration::from_secs(7));
        assert_eq!(failing(step).kind, ErrorKind::RateLimited { not_before: wish });
        let date = "Tue, 10 Nov 2026 13:00:07 GMT";
        let step = get_order().answer(status, &body).answer_header("retry-after", date);
        assert_eq!(failing(step).kind, ErrorKind::RateLimited { not_before: wish });
    }
}

#[test]
fn a_test_shop_that_is_spent_waits_for_its_hour() {
    let body = fault(36_009_037, "The hourly limit of the test shop is reached");
    let hour = Some(Duration::from_hours(1));
    assert_eq!(kind(429, &body), ErrorKind::RateLimited { not_before: hour });
    let step = get_order().answer(429, &body).answer_header("retry-after", "90");
    assert_eq!(failing(step).kind, ErrorKind::RateLimited { not_before: Some(Duration::from_secs(90)) });
}

#[test]
fn a_success_is_code_zero_and_nothing_else() {
    let bodies = [
        "{}",
        r#"{"message":"Success","data":{"orders":[]}}"#,
        r#"{"code":null,"data":{"orders":[]}}"#,
        r#"{"code":"","data":{"orders":[]}}"#,
        r#"{"code":-1,"data":{"orders":[]}}"#,
        r#"{"code":0.5,"data":{"orders":[]}}"#,
        r#"{"code":0,"message":"Success"}"#,
        r#"{"code":0,"message":"Success","data":null}"#,
    ];
    for body in bodies {
        assert!(matches!(kind(200, body), ErrorKind::Garbled { .. }), "{body}");
    }
    let whole = r#"{"code":0,"message":"Success","data":{"orders":[]}}"#;
    assert!(matches!(kind(403, whole), ErrorKind::Garbled { .. }));
    assert_eq!(kind(200, whole), ErrorKind::NotFound);
}

#[test]
fn a_page_of_a_proxy_says_nothing_about_the_account() {
    for status in [200, 302, 400, 401, 403, 404] {
        assert!(matches!(kind(status, "<html>blocked</html>"), ErrorKind::Garbled { .. }), "{status}");
    }
    for status in [408, 500, 503, 504] {
        assert_eq!(kind(status, "<html>busy</html>"), ErrorKind::PlatformFault { status });
    }
}

#[test]
fn an_account_without_its_cipher_asks_for_the_next_tokens_which_bring_it() {
    let (channel, _) = scripted([]);
    let account = Account { handle: None, ..account() };
    let error = now(channel.fetch(&account, ORDER_ID)).unwrap_err();
    assert_eq!((&error.kind, error.exchange.is_none()), (&ErrorKind::TokenRefused, true));
}

#[test]
fn the_kept_exchange_holds_no_token_even_when_the_platform_repeats_it() {
    let error = failing(get_order().answer(400, &fault(98_001_004, &format!("bad: {TOKEN}"))));
    assert!(!format!("{error:?} {error}").contains(TOKEN), "{error:?}");
}
