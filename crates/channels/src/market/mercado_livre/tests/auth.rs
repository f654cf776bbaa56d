use std::collections::BTreeMap;
use std::time::Duration;

use connect::conformance::{Step, now, text};
use connect::outbound::TransportError;
use connect::{AccountProfile, Authorization, Consent, ErrorKind, IssuedTokens};
use domain::Verdict;

use super::super::auth::{CONSENT_SPAN, SHORTEST_ACCESS_SPAN};
use super::super::{ConfigError, MercadoLivre, MercadoLivreConfig};
use super::{NOW, TOKENS, USER, account, at, reveal, scripted};

const REFRESH_BODY: &str =
    "grant_type=refresh_token&client_id=1234567890123456&client_secret=app-secret&refresh_token=TG-old";

fn refreshed(step: Step) -> Result<IssuedTokens, connect::ChannelError> {
    let (channel, script) = scripted([step]);
    let outcome = now(channel.refresh(&account(), &text("TG-old")));
    script.done();
    outcome
}

fn exchanged(channel: &MercadoLivre) -> Result<IssuedTokens, connect::ChannelError> {
    now(channel.exchange(Consent {
        code: &text("TG-code"),
        fields: &BTreeMap::new(),
        verifier: &text("veri-fier"),
        redirect_uri: "https://hub.example/cb",
    }))
}

fn token_endpoint() -> Step {
    Step::post("/oauth/token").with_body(REFRESH_BODY)
}

#[test]
fn the_consent_page_is_asked_with_state_and_pkce() {
    let (channel, _) = scripted([]);
    assert_eq!(
        channel.authorize_url("st+ate/1", "chal_lenge-1", "https://hub.example/callback?x=1"),
        "https://auth.example.com/authorization?response_type=code&client_id=1234567890123456\
         &redirect_uri=https%3A%2F%2Fhub.example%2Fcallback%3Fx%3D1&state=st%2Bate%2F1\
         &code_challenge=chal_lenge-1&code_challenge_method=S256"
    );
}

#[test]
fn a_code_is_exchanged_by_a_form_without_anything_in_the_address() {
    let step = Step::post("/oauth/token")
        .with_header("accept", "application/json")
        .with_header("content-type", "application/x-www-form-urlencoded")
        .with_body(
            "grant_type=authorization_code&client_id=1234567890123456&client_secret=app-secret\
             &code=TG-code&redirect_uri=https%3A%2F%2Fhub.example%2Fcb&code_verifier=veri-fier",
        )
        .answer(200, TOKENS);
    let (channel, script) = scripted([step]);
    let tokens = exchanged(&channel).unwrap();
    script.done();
    assert_eq!(tokens.account_external_id, "100200300");
    assert!(reveal(&tokens.access_token).starts_with("APP_USR-"));
    assert_eq!(reveal(tokens.refresh_token.as_ref().unwrap()), "TG-6740aa11bb22cc0001dd33ee-100200300");
    assert_eq!(tokens.scopes, ["offline_access", "read", "write"]);
    assert_eq!(tokens.life.issued_at, at(NOW));
    assert_eq!(tokens.life.access_expires_at, at(NOW).plus(Duration::from_hours(6)));
    assert_eq!(tokens.life.consent_expires_at, Some(at(NOW).plus(CONSENT_SPAN)));
}

#[test]
fn a_refused_code_is_a_refusal_and_not_an_ended_consent() {
    let body = r#"{"message":"Error validating grant.","error":"invalid_grant","status":400,"cause":[]}"#;
    let (channel, _) = scripted([Step::post("/oauth/token").answer(400, body)]);
    let error = exchanged(&channel).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Refused { ref code, .. } if code == "invalid_grant"), "{error}");
}

#[test]
fn a_refresh_gives_a_new_pair() {
    let tokens = refreshed(token_endpoint().answer(200, TOKENS)).unwrap();
    assert_eq!(reveal(tokens.refresh_token.as_ref().unwrap()), "TG-6740aa11bb22cc0001dd33ee-100200300");
}

#[test]
fn a_single_use_pair_is_not_lost_over_a_missing_field() {
    let bare = r#"{"access_token":"APP_USR-1-2-3-100200300","refresh_token":"TG-new","expires_in":"21600"}"#;
    let tokens = refreshed(token_endpoint().answer(200, bare)).unwrap();
    assert_eq!(tokens.account_external_id, "100200300");
    assert_eq!(tokens.life.access_expires_at, at(NOW).plus(Duration::from_hours(6)));
    let barer = r#"{"access_token":"APP_USR-1-2-3-100200300","user_id":"7","refresh_token":"TG-new"}"#;
    let tokens = refreshed(token_endpoint().answer(200, barer)).unwrap();
    assert_eq!(tokens.account_external_id, "7");
    assert_eq!(tokens.life.access_expires_at, at(NOW).plus(SHORTEST_ACCESS_SPAN));
}

#[test]
fn without_a_refresh_token_the_consent_ends_with_the_access_token() {
    let body = r#"{"access_token":"APP_USR-1","expires_in":60,"user_id":1,"scope":"read"}"#;
    let tokens = refreshed(token_endpoint().answer(200, body)).unwrap();
    assert!(tokens.refresh_token.is_none());
    assert_eq!(tokens.life.consent_expires_at, Some(at(NOW).plus(Duration::from_mins(1))));
}

#[test]
fn only_invalid_grant_ends_the_consent() {
    let ended = [
        r#"{"error_description":"expired","error":"invalid_grant","status":400,"cause":[]}"#,
        r#"{"message":"Error validating grant. Your authorization code or refresh token may be expired or it was already used","error":"invalid_grant","status":400,"cause":[]}"#,
    ];
    for body in ended {
        let error = refreshed(token_endpoint().answer(400, body)).unwrap_err();
        assert_eq!((&error.kind, error.verdict()), (&ErrorKind::ConsentEnded, Verdict::Fail), "{body}");
    }
    let others = [
        (400, "invalid_client", ErrorKind::AppRefused),
        (401, "invalid_client", ErrorKind::AppRefused),
        (400, "unauthorized_application", ErrorKind::AppRefused),
        (403, "forbidden", ErrorKind::AppRefused),
        (400, "unauthorized_client", ErrorKind::PermissionMissing),
        (400, "invalid_scope", ErrorKind::PermissionMissing),
        (429, "local_rate_limited", ErrorKind::RateLimited { not_before: None }),
        (400, "local_rate_limited", ErrorKind::RateLimited { not_before: None }),
        (503, "internal_error", ErrorKind::PlatformFault { status: 503 }),
    ];
    for (status, code, kind) in others {
        let body = format!(r#"{{"message":"…","error":"{code}","status":{status},"cause":[]}}"#);
        assert_eq!(refreshed(token_endpoint().answer(status, &body)).unwrap_err().kind, kind, "{code}");
    }
}

#[test]
fn whatever_may_pass_says_retry_because_the_old_pair_may_still_be_good() {
    let passing = [
        token_endpoint().fail(TransportError::Deadline),
        token_endpoint().fail(TransportError::Broken),
        token_endpoint().answer(500, "<html>oops</html>"),
        token_endpoint().answer(502, ""),
        token_endpoint().answer(400, "<html>a proxy's page</html>"),
        token_endpoint().answer(403, "<html>a firewall's page</html>"),
        token_endpoint().answer(302, ""),
        token_endpoint().answer(200, "<html>maintenance</html>"),
        token_endpoint().answer(200, r#"{"access_token":"APP_U"#),
    ];
    for step in passing {
        let error = refreshed(step).unwrap_err();
        assert_eq!(error.verdict(), Verdict::RETRY, "{error}");
    }
}

#[test]
fn the_account_says_who_it_is() {
    let step = Step::get("/users/me").with_header("authorization", "Bearer APP_USR-access").answer(200, USER);
    let (channel, script) = scripted([step]);
    let profile = now(channel.identify(&account())).unwrap();
    script.done();
    let expected = AccountProfile {
        external_id: "100200300".into(),
        name: "LOJA DE TESTE".into(),
        site: "MLB".into(),
        tags: vec!["normal".into(), "user_product_seller".into()],
        may_sell: true,
    };
    assert_eq!(profile, expected);
}

#[test]
fn a_suspended_account_may_not_sell() {
    for (from, to) in [
        (r#""list":{"allow":true"#, r#""list":{"allow":false"#),
        (r#""site_status":"active""#, r#""site_status":"deactive""#),
    ] {
        let (channel, _) = scripted([Step::get("/users/me").answer(200, &USER.replace(from, to))]);
        assert!(!now(channel.identify(&account())).unwrap().may_sell, "{to}");
    }
}

#[test]
fn a_consent_is_revoked_once_and_for_all() {
    let target = "/users/100200300/applications/1234567890123456";
    let expect = || Step::expect(http::Method::DELETE, target);
    let gone = r#"{"message":"not found","error":"not_found","status":404,"cause":[]}"#;
    for step in [expect().answer(200, r#"{"msg":"Autorización eliminada"}"#), expect().answer(404, gone)] {
        let (channel, script) = scripted([step]);
        now(channel.revoke(&account())).unwrap();
        script.done();
    }
    let (channel, _) = scripted([expect().answer(500, "")]);
    assert_eq!(now(channel.revoke(&account())).unwrap_err().kind, ErrorKind::PlatformFault { status: 500 });
}

#[test]
fn the_platform_itself_is_found_by_its_site() {
    let config = MercadoLivreConfig::production("MLB", "1", text("s")).unwrap();
    assert_eq!(config.auth_base.below(&["x"]).unwrap().as_str(), "https://auth.mercadolivre.com.br/x");
    assert_eq!(config.api_base.below(&["x"]).unwrap().as_str(), "https://api.mercadolibre.com/x");
    let unknown = MercadoLivreConfig::production("CBT", "1", text("s")).unwrap_err();
    assert_eq!(unknown, ConfigError::UnknownSite("CBT".into()));
}

#[test]
fn no_debug_shows_a_secret() {
    let (channel, _) = scripted([Step::post("/oauth/token").answer(200, TOKENS)]);
    let tokens = now(channel.refresh(&account(), &text("TG-old"))).unwrap();
    let shown = format!("{channel:?} {tokens:?} {:?}", account());
    for secret in ["app-secret", "APP_USR-", "TG-"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
