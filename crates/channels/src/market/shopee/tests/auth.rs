use std::collections::BTreeMap;
use std::time::Duration;

use connect::conformance::{Step, now, text};
use connect::outbound::BaseUrl;
use connect::{AccountProfile, Authorization, ChannelError, Consent, ErrorKind, IssuedTokens};
use domain::{Timestamp, Verdict};
use serde_json::{Value, json};

use super::super::auth::{ACCESS_SPAN, REFRESH_SPAN, SHORTEST_ACCESS_SPAN};
use super::super::{ConfigError, Region, ShopeeConfig};
use super::{
    KEY, NEW_TOKEN, NOW, PARTNER, REFRESHED, SHOP, SHOP_INFO, TOKENS, account, app, at, fault, reveal,
    scripted, second, shop, shop_with, with,
};

fn end_step(body: &str) -> Step {
    Step::get(&shop_with(NEW_TOKEN, "shop/get_shop_info", "")).answer(200, body)
}

fn exchanged(fields: &[(&str, &str)], steps: Vec<Step>) -> Result<IssuedTokens, ChannelError> {
    let fields: BTreeMap<String, String> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (channel, script) = scripted(steps);
    let (code, verifier) = (text("the-code"), text("unused"));
    let redirect_uri = "https://hub.example/callback";
    let consent = Consent { code: &code, fields: &fields, verifier: &verifier, redirect_uri };
    let outcome = now(channel.exchange(consent));
    script.done();
    outcome
}

fn refreshed(steps: Vec<Step>) -> Result<IssuedTokens, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.refresh(&account(), &text("the-refresh-token")));
    script.done();
    outcome
}

fn refresh_step(status: u16, body: &str) -> Step {
    Step::post(&app("auth/access_token/get")).answer(status, body)
}

#[test]
fn a_code_is_exchanged_with_the_shop_in_the_body_and_a_signature_without_a_token() {
    let post = Step::post(&app("auth/token/get"))
        .with_header("content-type", "application/json")
        .with_body(r#"{"code":"the-code","partner_id":2099001,"shop_id":880012345}"#)
        .answer(200, TOKENS);
    let tokens = exchanged(&[("shop_id", SHOP)], vec![post, end_step(SHOP_INFO)]).unwrap();
    assert_eq!((tokens.account_external_id.as_str(), tokens.handle), (SHOP, None));
    assert_eq!(reveal(&tokens.access_token), NEW_TOKEN);
    assert_eq!(reveal(tokens.refresh_token.as_ref().unwrap()), "6e6577726566726573685f746f6b656e5f3032");
    assert_eq!(tokens.life.issued_at, at(NOW));
    assert_eq!(tokens.life.access_expires_at, at(NOW).plus(Duration::from_secs(14_386)));
    assert_eq!(tokens.life.consent_expires_at, Some(second(1_795_500_000)), "the shop's own page tells");
    assert!(tokens.scopes.is_empty());
}

fn consent_end(shop_info: &str) -> Timestamp {
    let steps = vec![refresh_step(200, REFRESHED), end_step(shop_info)];
    refreshed(steps).unwrap().life.consent_expires_at.unwrap()
}

#[test]
fn the_consent_ends_with_its_term_or_with_a_refresh_token_that_nobody_used() {
    let unused = at(NOW).plus(REFRESH_SPAN);
    let told = |end: Value| consent_end(&with(SHOP_INFO, &[("/expire_time", end)]));
    assert_eq!(told(json!(1_795_500_000)), second(1_795_500_000));
    assert_eq!(told(json!("1795500000")), second(1_795_500_000));
    assert_eq!(told(json!(1_826_000_000)), unused);
    for unreadable in [json!(0), json!(null), json!("soon"), json!({})] {
        assert_eq!(told(unreadable), unused);
    }
    assert_eq!(told(json!(1_794_315_660)), at(NOW).plus(ACCESS_SPAN), "not before the token itself");
}

#[test]
fn a_pair_is_not_lost_because_the_end_of_the_consent_cannot_be_read() {
    for (status, body) in [(500, ""), (403, &fault("error_api_permission", "")[..]), (200, "<html>")] {
        let end = Step::get(&shop_with(NEW_TOKEN, "shop/get_shop_info", "")).answer(status, body);
        let tokens = refreshed(vec![refresh_step(200, REFRESHED), end]).unwrap();
        assert_eq!(tokens.life.consent_expires_at, Some(at(NOW).plus(REFRESH_SPAN)));
    }
}

#[test]
fn a_main_account_is_taken_when_it_opened_one_shop() {
    let step = |shops: Value| {
        Step::post(&app("auth/token/get"))
            .with_body(r#"{"code":"the-code","main_account_id":77,"partner_id":2099001}"#)
            .answer(200, &with(TOKENS, &[("/shop_id_list", shops)]))
    };
    let main = [("main_account_id", "77")];
    let one = exchanged(&main, vec![step(json!([880_012_345])), end_step(SHOP_INFO)]).unwrap();
    assert_eq!(one.account_external_id, SHOP);
    let several = exchanged(&main, vec![step(json!([1, 2]))]).unwrap_err();
    assert!(
        matches!(several.kind, ErrorKind::Refused { ref code, .. } if code == "several_shops"),
        "{several}"
    );
    assert!(matches!(exchanged(&main, vec![step(json!([]))]).unwrap_err().kind, ErrorKind::Garbled { .. }));
}

#[test]
fn a_callback_without_a_shop_is_refused_before_any_call() {
    let odd: [&[(&str, &str)]; 5] = [
        &[],
        &[("shop_id", "")],
        &[("shop_id", "88/../1")],
        &[("shop_id", "-1")],
        &[("main_account_id", "me"), ("state", "x")],
    ];
    for fields in odd {
        let error = exchanged(fields, Vec::new()).unwrap_err();
        assert!(
            matches!(error.kind, ErrorKind::Refused { ref code, .. } if code == "shop_id_missing"),
            "{error}"
        );
    }
}

#[test]
fn tokens_of_another_shop_are_not_taken() {
    let step =
        Step::post(&app("auth/token/get")).answer(200, &with(TOKENS, &[("/shop_id_list", json!([1]))]));
    assert!(matches!(
        exchanged(&[("shop_id", SHOP)], vec![step]).unwrap_err().kind,
        ErrorKind::Garbled { .. }
    ));
    let other = with(REFRESHED, &[("/shop_id", json!(1))]);
    let error = refreshed(vec![refresh_step(200, &other)]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}

#[test]
fn a_single_use_pair_is_not_lost_over_a_missing_or_odd_field() {
    let end = |expire_in: Value| {
        let body = with(REFRESHED, &[("/expire_in", expire_in), ("/shop_id", json!(null))]);
        let steps = vec![refresh_step(200, &body), end_step(SHOP_INFO)];
        refreshed(steps).unwrap().life.access_expires_at.since(at(NOW))
    };
    assert_eq!(end(json!(14_400)), ACCESS_SPAN);
    assert_eq!(end(json!("14386")), Duration::from_secs(14_386));
    assert_eq!(
        end(json!(1_794_315_600 + 600)),
        Duration::from_mins(10),
        "the end itself, as one sample prints"
    );
    assert_eq!(end(json!(90_000)), ACCESS_SPAN, "never longer than documented");
    for odd in [json!(null), json!(0), json!(-5), json!("soon"), json!(1_700_000_000), json!([])] {
        assert_eq!(end(odd), SHORTEST_ACCESS_SPAN);
    }
}

#[test]
fn without_a_refresh_token_the_consent_is_worth_the_access_token() {
    for none in [json!(null), json!(""), json!(" ")] {
        let body = with(REFRESHED, &[("/refresh_token", none)]);
        let tokens = refreshed(vec![refresh_step(200, &body)]).unwrap();
        assert!(tokens.refresh_token.is_none());
        assert_eq!(tokens.life.consent_expires_at, Some(tokens.life.access_expires_at));
    }
}

#[test]
fn only_the_platforms_own_no_ends_a_consent() {
    let ended = [
        ("error_auth", "Invalid refresh_token."),
        ("error_param", "Wrong parameters, detail: invalid refresh_token."),
        ("refresh_token_expired", ""),
        ("shop_access_expired", ""),
        ("shop_no_linked", "Partner and shop has no linked."),
        ("error_shop_refresh_token", ""),
        ("shop_banned", ""),
    ];
    for (code, message) in ended {
        for status in [200, 403] {
            let error = refreshed(vec![refresh_step(status, &fault(code, message))]).unwrap_err();
            assert_eq!((&error.kind, error.verdict()), (&ErrorKind::ConsentEnded, Verdict::Fail), "{code}");
        }
    }
    let else_wrong = [
        ("error_sign", "Wrong sign.", ErrorKind::AppRefused),
        ("error_auth", "partner_id is invalid", ErrorKind::AppRefused),
        ("error_auth", "No permission to current api.", ErrorKind::PermissionMissing),
    ];
    for (code, message, kind) in else_wrong {
        assert_eq!(
            refreshed(vec![refresh_step(403, &fault(code, message))]).unwrap_err().kind,
            kind,
            "{code}"
        );
    }
}

#[test]
fn whatever_may_pass_says_retry_and_leaves_the_old_pair_alone() {
    let passing = [
        (500, fault("error_auth", "Invalid refresh_token.")),
        (429, String::new()),
        (403, "<html>blocked</html>".into()),
        (200, "<html>maintenance</html>".into()),
        (200, fault("error_server", "")),
        (200, fault("error_system_busy", "")),
        (200, fault("error_rate_limit", "")),
        (200, fault("error_param", "Timestamp is expired.")),
        (200, json!({ "error": "", "access_token": "" }).to_string()),
    ];
    for (status, body) in passing {
        let error = refreshed(vec![refresh_step(status, &body)]).unwrap_err();
        assert!(matches!(error.verdict(), Verdict::Retry { .. }), "{status} {body}: {error}");
        assert_ne!(error.kind, ErrorKind::ConsentEnded);
    }
}

#[test]
fn a_refused_code_is_a_refusal_and_not_an_ended_consent() {
    let codes = [
        ("invalid_code", "expired or used or invalid"),
        ("error_auth", "Invalid code"),
        ("invalid_shop_id", ""),
        ("invalid_main_acount_id", ""),
        ("shop_no_linked", ""),
    ];
    for (code, message) in codes {
        let step = Step::post(&app("auth/token/get")).answer(403, &fault(code, message));
        let error = exchanged(&[("shop_id", SHOP)], vec![step]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused { code: code.into(), message: message.into() });
    }
}

fn identified(info: &str) -> AccountProfile {
    let (channel, script) = scripted([Step::get(&shop("shop/get_shop_info", "")).answer(200, info)]);
    let profile = now(channel.identify(&account())).unwrap();
    script.done();
    profile
}

#[test]
fn a_shop_says_its_name_region_and_whether_it_may_sell() {
    let expected = AccountProfile {
        external_id: SHOP.into(),
        name: "Loja da Maria".into(),
        site: "BR".into(),
        tags: vec!["NORMAL".into(), "Others".into()],
        may_sell: true,
    };
    assert_eq!(identified(SHOP_INFO), expected);
    for status in ["BANNED", "FROZEN", "A_WORD_OF_TOMORROW"] {
        let profile = identified(&with(SHOP_INFO, &[("/status", json!(status)), ("/is_cb", json!(true))]));
        assert!(!profile.may_sell, "{status}");
        assert_eq!(profile.tags, [status, "is_cb", "Others"]);
    }
    assert_eq!(identified(&with(SHOP_INFO, &[("/shop_name", json!(null))])).name, SHOP);
}

#[test]
fn no_call_ends_a_consent() {
    let (channel, _) = scripted([]);
    let error = now(channel.revoke(&account())).unwrap_err();
    assert_eq!(error.verdict(), Verdict::Fail);
    assert!(error.exchange.is_none() && error.to_string().contains("owner"), "{error}");
}

#[test]
fn the_platform_itself_has_hosts_by_region() {
    let hosts = |region| {
        let config = ShopeeConfig::production(region, PARTNER, text(KEY)).unwrap();
        (config.api_base, config.auth_base)
    };
    let base = |text: &str| BaseUrl::parse(text).unwrap();
    let brazil = (base("https://openplatform.shopee.com.br"), base("https://open.shopee.com.br"));
    let elsewhere = (base("https://partner.shopeemobile.com"), base("https://open.shopee.com"));
    assert_eq!((hosts(Region::Brazil), hosts(Region::Elsewhere)), (brazil, elsewhere));
    for odd in ["", "my-app", "12a"] {
        assert_eq!(
            ShopeeConfig::production(Region::Brazil, odd, text(KEY)).unwrap_err(),
            ConfigError::PartnerId
        );
    }
}

#[test]
fn the_key_is_not_shown() {
    let (channel, _) = scripted([]);
    assert!(!format!("{channel:?} {:?}", super::config()).contains(KEY));
}
