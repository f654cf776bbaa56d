use std::time::Duration;

use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, Orders};
use domain::Verdict;
use serde_json::json;

use super::{ORDER, ORDER_NUMBER, TOKEN, account, fault, order_at, package_at, scripted};

fn failing(step: Step) -> ChannelError {
    let (channel, _) = scripted([step]);
    now(channel.fetch(&account(), ORDER_NUMBER)).unwrap_err()
}

fn kind(status: u16, body: &str) -> ErrorKind {
    failing(Step::get(&order_at()).answer(status, body)).kind
}

/// The kind of an error, which must not hang on the HTTP status: that is not documented.
#[track_caller]
fn said(code: &str, message: &str) -> ErrorKind {
    let kinds = [200, 400, 403].map(|status| kind(status, &fault(code, message)));
    let faults = |kind: &ErrorKind| matches!(kind, ErrorKind::PlatformFault { .. });
    let is_alike = kinds.iter().all(|other| *other == kinds[0] || (faults(other) && faults(&kinds[0])));
    assert!(is_alike, "{code}: {kinds:?}");
    kinds[0].clone()
}

#[test]
fn a_refused_token_has_both_spellings_and_a_code_that_means_other_things_too() {
    let cases = [
        ("invalid_acceess_token", "Invalid access_token, please have a check."),
        ("invalid_access_token", "Invalid access_token."),
        ("error_auth", "Invalid access_token."),
        ("error_auth", "Invalid partner_id or shopid."),
        ("common.error_auth", ""),
    ];
    for (code, message) in cases {
        assert_eq!(said(code, message), ErrorKind::TokenRefused, "{code} {message}");
    }
    assert_eq!(said("error_auth", "No permission to current api."), ErrorKind::PermissionMissing);
    assert_eq!(said("error_auth", "partner_id is invalid"), ErrorKind::AppRefused);
}

#[test]
fn after_an_ended_consent_the_renewal_is_asked_which_knows_for_sure() {
    let codes = [
        "refresh_token_expired",
        "shop_access_expired",
        "merchant_access_expired",
        "shop_no_linked",
        "partner_shop_no_link",
        "error_shop_refresh_token",
        "error_merchant_refresh_token",
        "shop_banned",
    ];
    for code in codes {
        assert_eq!(said(code, "Partner and shop has no linked."), ErrorKind::TokenRefused, "{code}");
    }
}

#[test]
fn the_apps_own_refusals_are_told_from_the_sellers() {
    let cases = [
        ("error_sign", "Wrong sign."),
        ("invalid_partner_id", "Invalid partner_id, please have a check."),
        ("error_partner_key_expired", "partner key expired"),
        ("source_ip_undeclared", "Request Source IP (192.0.2.1) is undeclared"),
        ("error_api_call_restricted", ""),
        ("error_param", "Partner_id is invalid, should be an integer between 0 and 4294967295."),
    ];
    for (code, message) in cases {
        assert_eq!(said(code, message), ErrorKind::AppRefused, "{code} {message}");
    }
}

#[test]
fn a_missing_permission_has_four_codes() {
    for code in
        ["error_api_permission", "error_permission", "error_kyc_auth", "warehouse.error_not_in_whitelist"]
    {
        assert_eq!(said(code, ""), ErrorKind::PermissionMissing, "{code}");
    }
}

#[test]
fn what_passes_by_itself_is_tried_again() {
    for code in ["error_server", "error_system_busy", "common.error_inner", "error_network", "error_busi_x"] {
        let error = failing(Step::get(&order_at()).answer(200, &fault(code, "")));
        assert_eq!(error.kind, ErrorKind::PlatformFault { status: 200 }, "{code}");
        assert_eq!(error.verdict(), Verdict::RETRY);
    }
}

#[test]
fn a_burst_waits_a_moment_and_a_spent_day_until_its_end() {
    assert_eq!(said("error_rate_limit", "Too many requests"), ErrorKind::RateLimited { not_before: None });
    let wish =
        Step::get(&order_at()).answer(200, &fault("error_rate_limit", "")).answer_header("retry-after", "7");
    assert_eq!(failing(wish).kind, ErrorKind::RateLimited { not_before: Some(Duration::from_secs(7)) });
    // It is 13:00 UTC: midnight in UTC+8 is three hours away.
    let midnight = Some(Duration::from_hours(3));
    assert_eq!(said("error_limit", "daily call limit"), ErrorKind::RateLimited { not_before: midnight });
}

#[test]
fn one_code_means_different_things_with_different_sentences() {
    assert_eq!(said("error_param", "Wrong parameters, detail: the order is not found."), ErrorKind::NotFound);
    assert_eq!(said("error_data", "The return you queried doesn't exist"), ErrorKind::NotFound);
    assert_eq!(said(".", "product is not found"), ErrorKind::NotFound);
    let refused =
        |code: &str, message: &str| ErrorKind::Refused { code: code.into(), message: message.into() };
    for (code, message) in [
        ("product.error_param", "invalid field ItemId: value must Not Null"),
        ("error_data", "Invalid return status: CLOSED"),
        ("order.order_list_invalid_time", "Start time must be earlier than end time and diff in 15days."),
        (".", "another sentence"),
    ] {
        assert_eq!(said(code, message), refused(code, message));
    }
}

#[test]
fn a_clock_that_is_off_is_said_so_and_tried_again() {
    for message in ["Timestamp is expired.", "Invalid timestamp", "no timestamp"] {
        let error = failing(Step::get(&order_at()).answer(200, &fault("error_param", message)));
        assert_eq!(error.verdict(), Verdict::RETRY, "{message}");
        assert!(error.to_string().contains("machine's time"), "{error}");
    }
}

#[test]
fn a_code_comes_bare_or_behind_its_module_and_with_stray_spaces() {
    for code in ["error_not_found", "order.error_not_found", "order. error_not_found", " error_not_found\t"] {
        assert_eq!(said(code, ""), ErrorKind::NotFound, "{code}");
    }
    for code in ["order_not_found", "error_item_not_found", "logistics.package_number_not_exist"] {
        assert_eq!(said(code, ""), ErrorKind::NotFound, "{code}");
    }
}

#[test]
fn a_sentence_is_in_message_or_in_msg() {
    let body =
        json!({ "code": 1, "error": "error_param", "msg": "The order is not found", "debug_message": "" });
    let kind = kind(200, &body.to_string());
    assert_eq!(kind, ErrorKind::NotFound);
}

#[test]
fn an_error_beside_content_is_a_contradiction_and_asked_again() {
    let error =
        failing(Step::get(&order_at()).answer(200, &ORDER.replacen(r#""error":"""#, r#""error":"odd""#, 1)));
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
    let empty = json!({ "error": "odd", "message": "m", "warning": "w", "response": {} }).to_string();
    assert_eq!(kind(200, &empty), ErrorKind::Refused { code: "odd".into(), message: "m".into() });
}

#[test]
fn no_error_is_written_in_four_ways() {
    for none in [r#""error":"-""#, r#""error":" ""#, r#""error":null"#, r#""err":"""#] {
        let order = ORDER.replacen(r#""error":"""#, none, 1).replace("READY_TO_SHIP", "UNPAID");
        let steps = [
            Step::get(&order_at()).answer(200, &order),
            Step::get(&package_at()).answer(200, &fault("error_not_found", "")),
        ];
        let (channel, _) = scripted(steps);
        assert!(now(channel.fetch(&account(), ORDER_NUMBER)).is_ok(), "{none}");
    }
}

#[test]
fn a_status_counts_where_no_code_does() {
    for body in ["<html>blocked</html>", "", "[]"] {
        assert!(
            matches!(kind(403, body), ErrorKind::Garbled { .. }),
            "a page says nothing about the account"
        );
    }
    assert!(matches!(kind(403, "{}"), ErrorKind::Garbled { .. }));
    assert_eq!(kind(404, "{}"), ErrorKind::NotFound);
    assert_eq!(kind(408, "{}"), ErrorKind::PlatformFault { status: 408 });
    assert_eq!(kind(503, &fault("error_auth", "")), ErrorKind::PlatformFault { status: 503 });
}

#[test]
fn a_token_that_ends_on_the_way_is_renewed() {
    let refused = fault("invalid_acceess_token", "Invalid access_token, please have a check.");
    let steps = [Step::get(&order_at()).answer(200, ORDER), Step::get(&package_at()).answer(403, &refused)];
    let (channel, script) = scripted(steps);
    let error = now(channel.fetch(&account(), ORDER_NUMBER)).unwrap_err();
    script.done();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::TokenRefused, Verdict::RETRY));
}

#[test]
fn neither_token_nor_signature_is_kept_of_a_failed_call() {
    let body = fault("odd", &format!("wrong token {TOKEN}"));
    let error = failing(Step::get(&order_at()).answer(200, &body));
    let kept = error.exchange.as_ref().unwrap();
    assert!(
        kept.url.contains("access_token=[redacted]") && kept.url.contains("sign=[redacted]"),
        "{}",
        kept.url
    );
    assert!(!format!("{error:?} {error}").contains(TOKEN), "{error:?}");
}
