use std::collections::BTreeMap;
use std::time::Duration;

use connect::conformance::{Step, now, text};
use connect::outbound::TransportError;
use connect::{AccountProfile, Authorization, ChannelError, Consent, ErrorKind, IssuedTokens};
use domain::Verdict;
use serde_json::json;

use super::super::auth::SHORTEST_ACCESS_SPAN;
use super::super::{ConfigError, SPEC, TikTokShop, TikTokShopConfig};
use super::{
    CIPHER, NOW, SECRET, SHOP, SHOPS, TOKEN, TOKENS, account, at, fault, get_shops, reveal, scripted, with,
};

const FRESH: &str = "ROW_aaaa-Invented";

fn token_get() -> Step {
    Step::get(&format!(
        "/api/v2/token/get?app_key=6lojista01&grant_type=authorized_code&app_secret={SECRET}&auth_code=ROW_code"
    ))
}

fn token_refresh() -> Step {
    Step::get(&format!(
        "/api/v2/token/refresh?app_key=6lojista01&grant_type=refresh_token&app_secret={SECRET}&refresh_token=ROW_old"
    ))
}

fn exchanged(steps: Vec<Step>) -> Result<IssuedTokens, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.exchange(Consent {
        code: &text("ROW_code"),
        fields: &BTreeMap::new(),
        verifier: &text("veri-fier"),
        redirect_uri: "https://hub.example/cb",
    }));
    script.done();
    outcome
}

fn refreshed(steps: Vec<Step>) -> Result<IssuedTokens, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.refresh(&account(), &text("ROW_old")));
    script.done();
    outcome
}

fn refused_refresh(status: u16, body: &str) -> ErrorKind {
    refreshed(vec![token_refresh().answer(status, body)]).unwrap_err().kind
}

/// A list of shops, each an id, a region and a cipher.
fn shops(shops: &[(&str, &str, &str)]) -> Step {
    let shop = |(id, region, cipher): &(&str, &str, &str)| json!({ "id": id, "name": "Loja", "region": region, "seller_type": "CROSS_BORDER", "cipher": cipher });
    let shops: Vec<_> = shops.iter().map(shop).collect();
    get_shops(FRESH).answer(200, &with(SHOPS, &[("/data/shops", json!(shops))]))
}

#[test]
fn the_consent_page_is_asked_with_service_and_state_alone() {
    let (channel, _) = scripted([]);
    assert_eq!(
        channel.authorize_url("st+ate/1", "chal", "https://hub.example/callback"),
        "https://services.example.com/open/authorize?service_id=7440000000000000009&state=st%2Bate%2F1"
    );
}

#[test]
fn a_code_becomes_tokens_and_the_shop_that_they_are_for() {
    let tokens = exchanged(vec![token_get().answer(200, TOKENS), get_shops(FRESH)]).unwrap();
    assert_eq!((tokens.account_external_id.as_str(), tokens.handle.as_deref()), (SHOP, Some(CIPHER)));
    assert_eq!(reveal(&tokens.access_token), FRESH);
    assert_eq!(reveal(tokens.refresh_token.as_ref().unwrap()), "ROW_rrrr-Invented");
    assert_eq!(tokens.scopes, ["seller.authorization.info", "seller.order.info", "seller.product.basic"]);
    assert_eq!(tokens.life.issued_at, at(NOW));
}

#[test]
fn what_is_called_expire_in_is_an_instant() {
    let life = exchanged(vec![token_get().answer(200, TOKENS), get_shops(FRESH)]).unwrap().life;
    assert_eq!(life.access_expires_at, at(NOW).plus(Duration::from_hours(7 * 24)));
    assert_eq!(life.consent_expires_at, Some(at(NOW).plus(Duration::from_hours(365 * 24))));
}

#[test]
fn an_end_that_is_missing_or_over_is_taken_for_a_near_one() {
    for end in [json!(null), json!(604_800), json!("soon"), json!(1_794_315_600)] {
        let body = with(TOKENS, &[("/data/access_token_expire_in", end.clone())]);
        let life = refreshed(vec![token_refresh().answer(200, &body), get_shops(FRESH)]).unwrap().life;
        assert_eq!(life.access_expires_at, at(NOW).plus(SHORTEST_ACCESS_SPAN), "{end}");
    }
}

#[test]
fn without_a_refresh_token_the_consent_ends_with_the_access_token() {
    let body = with(TOKENS, &[("/data/refresh_token", json!(""))]);
    let tokens = refreshed(vec![token_refresh().answer(200, &body), get_shops(FRESH)]).unwrap();
    assert!(tokens.refresh_token.is_none());
    assert_eq!(tokens.life.consent_expires_at, Some(tokens.life.access_expires_at));
}

#[test]
fn of_several_shops_the_one_of_the_configured_region_is_meant() {
    let several = shops(&[("1", "MX", "ROW_mx"), (SHOP, "BR", CIPHER), ("3", "US", "TTP_us")]);
    let tokens = exchanged(vec![token_get().answer(200, TOKENS), several]).unwrap();
    assert_eq!((tokens.account_external_id.as_str(), tokens.handle.as_deref()), (SHOP, Some(CIPHER)));
}

#[test]
fn a_consent_that_fits_no_shop_or_several_is_no_connection() {
    let none = exchanged(vec![token_get().answer(200, TOKENS), shops(&[])]).unwrap_err();
    assert_eq!(none.kind, ErrorKind::PermissionMissing);
    let two = shops(&[("1", "BR", "ROW_1"), ("2", "BR", "ROW_2")]);
    let two = exchanged(vec![token_get().answer(200, TOKENS), two]).unwrap_err();
    assert!(matches!(&two.kind, ErrorKind::Refused { code, .. } if code == "several_shops"), "{two}");
    let elsewhere = shops(&[("1", "MX", "ROW_1"), ("2", "US", "ROW_2")]);
    let elsewhere = exchanged(vec![token_get().answer(200, TOKENS), elsewhere]).unwrap_err();
    assert_eq!(elsewhere.kind, ErrorKind::PermissionMissing);
}

#[test]
fn a_creator_or_a_partner_is_no_seller() {
    for user_type in [json!(1), json!("3")] {
        let body = with(TOKENS, &[("/data/user_type", user_type)]);
        let error = exchanged(vec![token_get().answer(200, &body)]).unwrap_err();
        assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "not_a_seller"), "{error}");
    }
}

#[test]
fn a_refused_code_is_a_refusal_and_not_an_ended_consent() {
    let said = fault(36_004_004, "Invalid auth code");
    let error = exchanged(vec![token_get().answer(200, &said)]).unwrap_err();
    let expected = ErrorKind::Refused { code: "36004004".into(), message: "Invalid auth code".into() };
    assert_eq!((&error.kind, error.verdict()), (&expected, Verdict::Fail));
    let ended = exchanged(vec![token_get().answer(200, &fault(36_004_001, "expired"))]).unwrap_err();
    assert_ne!(ended.kind, ErrorKind::ConsentEnded);
}

#[test]
fn a_refresh_gives_both_tokens_anew_and_reads_the_cipher_again() {
    let changed = shops(&[(SHOP, "BR", "ROW_another")]);
    let tokens = refreshed(vec![token_refresh().answer(200, TOKENS), changed]).unwrap();
    assert_eq!(reveal(&tokens.access_token), FRESH);
    assert_eq!(reveal(tokens.refresh_token.as_ref().unwrap()), "ROW_rrrr-Invented");
    assert_eq!(tokens.handle.as_deref(), Some("ROW_another"));
}

#[test]
fn a_new_pair_is_not_lost_over_the_list_of_shops() {
    let failures = [
        get_shops(FRESH).fail(TransportError::Deadline),
        get_shops(FRESH).answer(503, ""),
        get_shops(FRESH).answer(401, &fault(105_005, "Access denied")),
        get_shops(FRESH).answer(200, "<html>"),
        shops(&[("8", "BR", "ROW_somebody")]),
    ];
    for failure in failures {
        let tokens = refreshed(vec![token_refresh().answer(200, TOKENS), failure]).unwrap();
        assert_eq!((tokens.account_external_id.as_str(), tokens.handle), (SHOP, None));
    }
}

#[test]
fn only_the_platforms_no_to_the_refresh_token_ends_the_consent() {
    let ended = [
        (36_004_001, "refresh token expired"),
        (36_004_005, "no matching authorization record"),
        (36_004_002, "Invalid refresh_token"),
    ];
    for (code, message) in ended {
        assert_eq!(refused_refresh(200, &fault(code, message)), ErrorKind::ConsentEnded, "{code}");
    }
    let others = [
        (36_004_003, "app_secret is wrong", ErrorKind::AppRefused),
        (36_009_004, "Invalid credentials. The 'app_key' query parameter is invalid.", ErrorKind::AppRefused),
        (36_009_002, "Too many requests", ErrorKind::RateLimited { not_before: None }),
        (36_009_003, "Internal error", ErrorKind::PlatformFault { status: 200 }),
    ];
    for (code, message, kind) in others {
        assert_eq!(refused_refresh(200, &fault(code, message)), kind, "{code}");
    }
    let unknown = refused_refresh(200, &fault(36_004_099, "something of tomorrow"));
    assert!(matches!(unknown, ErrorKind::Refused { .. }), "{unknown:?}");
}

#[test]
fn whatever_may_pass_says_retry_because_the_old_pair_may_still_be_good() {
    let passing = [
        token_refresh().fail(TransportError::Deadline),
        token_refresh().answer(500, &fault(36_004_001, "refresh token expired")),
        token_refresh().answer(502, ""),
        token_refresh().answer(400, "<html>a proxy's page</html>"),
        token_refresh().answer(403, "<html>a firewall's page</html>"),
        token_refresh().answer(200, r#"{"code":0,"message":"success"}"#),
        token_refresh().answer(200, r#"{"code":0,"data":{"access_token":""}}"#),
        token_refresh().answer(200, r#"{"code":0,"data":{"access_token":"ROW_"#),
        token_refresh().answer(200, r#"{"data":{"access_token":"ROW_x"}}"#),
    ];
    for step in passing {
        let error = refreshed(vec![step]).unwrap_err();
        assert_eq!(error.verdict(), Verdict::RETRY, "{error}");
    }
}

#[test]
fn the_account_says_who_it_is() {
    let (channel, script) = scripted([get_shops(TOKEN)]);
    let profile = now(channel.identify(&account())).unwrap();
    script.done();
    let expected = AccountProfile {
        external_id: SHOP.into(),
        name: "Loja Exemplo".into(),
        site: "BR".into(),
        tags: vec!["LOCAL".into(), "BRLCABC1".into()],
        may_sell: true,
    };
    assert_eq!(profile, expected);
}

#[test]
fn a_token_that_no_longer_covers_the_shop_is_a_missing_permission() {
    let other = with(SHOPS, &[("/data/shops/0/id", json!("8"))]);
    let (channel, _) = scripted([get_shops(TOKEN).answer(200, &other)]);
    assert_eq!(now(channel.identify(&account())).unwrap_err().kind, ErrorKind::PermissionMissing);
    let (channel, _) = scripted([get_shops(TOKEN).answer(401, &fault(36_009_043, "The shop is inactive."))]);
    assert_eq!(now(channel.identify(&account())).unwrap_err().kind, ErrorKind::PermissionMissing);
}

#[test]
fn only_the_seller_can_end_the_consent() {
    let (channel, _) = scripted([]);
    let error = now(channel.revoke(&account())).unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "seller_revokes"), "{error}");
    assert!(error.exchange.is_none(), "nothing was sent");
}

#[test]
fn the_platform_itself_is_found_by_its_region() {
    let production = |region: &str| TikTokShopConfig::production(region, "7", "k", text("s"));
    let below = |base: &connect::BaseUrl| base.below(&["x"]).unwrap().to_string();
    let brazil = production("BR").unwrap();
    assert_eq!(below(&brazil.consent_base), "https://services.tiktokshop.com/x");
    assert_eq!(below(&brazil.api_base), "https://open-api.tiktokglobalshop.com/x");
    assert_eq!(below(&brazil.token_base), "https://auth.tiktok-shops.com/x");
    let states = production("US").unwrap();
    assert_eq!(below(&states.consent_base), "https://services.us.tiktokshop.com/x");
    for odd in ["", "br", "BRA", "B1"] {
        assert_eq!(production(odd).unwrap_err(), ConfigError::NoRegion(odd.into()), "{odd}");
    }
}

#[test]
fn every_scope_is_one_that_a_call_needs() {
    let families =
        ["authorization", "finance", "fulfillment", "order", "product", "product", "return_refund"];
    for (scope, family) in SPEC.scopes.iter().zip(families) {
        assert_eq!(scope.split('.').take(2).collect::<Vec<_>>(), ["seller", family], "{scope}");
    }
    assert_eq!(SPEC.scopes.len(), families.len());
}

#[test]
fn no_debug_shows_a_secret() {
    let (channel, _): (TikTokShop, _) = scripted([token_refresh().answer(200, TOKENS), get_shops(FRESH)]);
    let tokens = now(channel.refresh(&account(), &text("ROW_old"))).unwrap();
    let shown = format!("{channel:?} {tokens:?} {:?}", account());
    for secret in [SECRET, FRESH, "ROW_rrrr", "ROW_old", TOKEN] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn no_kept_exchange_shows_the_secrets_that_stand_in_the_address() {
    let error = exchanged(vec![token_get().answer(500, &format!("{SECRET} ROW_code"))]).unwrap_err();
    let shown = format!("{error:?}");
    assert!(shown.contains("/api/v2/token/get?app_key=6lojista01"), "{shown}");
    for secret in [SECRET, "ROW_code"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
