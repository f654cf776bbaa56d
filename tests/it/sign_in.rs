//! Who comes in, with what, and what they are told of it.

use std::time::Duration;

use app::factors::FactorError;
use app::sign_in::{Entry, QUESTION_LIFE, Shown, SignIn, SignInError, Visit};
use axum::Router;
use axum::body::Body;
use domain::limit::{CODE_PER_MEMBER_OF_STRANGERS, SIGN_IN_PER_ACCOUNT_AND_NETWORK};
use domain::member::{Proof, SecurityNotice};
use domain::{Restricted, Timestamp};
use http::{Request, Response, header};
use store::audit_page::{AuditFilter, Whose};
use store::sessions::SignedIn;
use tests::TestApp;
use tests::shop::{EMAIL, PASSWORD};
use tower::ServiceExt as _;
use vault::totp::{STEP_SECONDS, Seed};
use web::WebConfig;

const STEP: Duration = Duration::from_secs(STEP_SECONDS.unsigned_abs());
const NETWORK: &str = "203.0.113.9";

fn visit() -> Visit {
    Visit::from_network(NETWORK)
}

async fn password(shop: &TestApp, text: &str) -> Result<SignIn, SignInError> {
    shop.app().sign_in(EMAIL, Restricted::new(text.to_owned()), &visit()).await
}

/// Comes in by the password alone.
async fn enter(shop: &TestApp) -> Entry {
    password(shop, PASSWORD).await.expect("the password is right").entered().expect("and enough")
}

/// The question that a right password leads to.
async fn question(shop: &TestApp) -> String {
    match password(shop, PASSWORD).await.expect("the password is right") {
        SignIn::SecondStep(token) => token.expose().to_owned(),
        SignIn::Entered(_) => panic!("the password was enough"),
    }
}

async fn code(shop: &TestApp, question: &str, code: &str) -> Result<Entry, SignInError> {
    shop.app().second_step(question, Shown::Code(code.to_owned()), &visit()).await
}

async fn who(shop: &TestApp, entry: &Entry) -> SignedIn {
    shop.app().session(entry.session.expose()).await.unwrap().expect("the session is good")
}

/// An authenticator app of the owner's, and the recovery codes that came with it.
struct Phone {
    seed: Seed,
    codes: Vec<String>,
}

impl Phone {
    async fn added(shop: &TestApp) -> Self {
        let who = who(shop, &enter(shop).await).await;
        shop.app().begin_authenticator(&who).await.expect("an app is begun");
        let new = shop.app().new_authenticator(&who, EMAIL).await.unwrap().expect("it waits for its code");
        let seed = tests::authenticator::given(&new.secret);
        let code = seed.code(shop.now());
        let added = shop.app().confirm_authenticator(&who, &code).await.expect("the first code is right");
        shop.wait(STEP);
        let codes = added.codes.expect("recovery codes come with the first factor");
        Self { seed, codes: codes.iter().map(|code| code.to_string()).collect() }
    }

    fn shows(&self, now: Timestamp) -> String {
        self.seed.code(now).to_string()
    }
}

async fn told(shop: &TestApp) -> Vec<String> {
    let member = shop.member;
    shop.see(move |tenant| tenant.notices(member)).await.into_iter().map(|row| row.kind).collect()
}

/// The shop as it is behind TLS.
fn router(shop: &TestApp) -> Router {
    let config = WebConfig {
        secure_cookies: true,
        trusted_proxies: Vec::new(),
        pages_per_minute: None,
        hook_door: "door".into(),
    };
    web::router(shop.app(), config)
}

/// Asks for a page of the shop with a session.
async fn page(shop: &TestApp, path: &str, session: Option<&Entry>) -> Response<Body> {
    let mut request = Request::get(path);
    if let Some(entry) = session {
        request = request.header(header::COOKIE, format!("__Host-session={}", entry.session.expose()));
    }
    let request = request.body(Body::empty()).expect("a request");
    router(shop).oneshot(request).await.expect("it is answered")
}

async fn leads_to(shop: &TestApp, path: &str, session: Option<&Entry>) -> String {
    let answer = page(shop, path, session).await;
    let to =
        answer.headers().get(header::LOCATION).map(|value| value.to_str().unwrap_or_default().to_owned());
    to.unwrap_or_else(|| answer.status().as_str().to_owned())
}

on_both! {
    async fn with_an_app_the_password_alone_opens_nothing(shop) {
        let phone = Phone::added(&shop).await;
        let question = question(&shop).await;
        let entry = code(&shop, &question, &phone.shows(shop.now())).await.unwrap();
        let standing = who(&shop, &entry).await.standing;
        assert_eq!((standing.proof, standing.has_factor), (Proof::Authenticator, true));
        let again = code(&shop, &question, &phone.shows(shop.now())).await;
        assert!(matches!(again, Err(SignInError::Closed)), "a question is answered once: {again:?}");
    }

    /// ASVS 6.5.1.
    async fn a_code_that_was_seen_over_the_shoulder_is_worth_nothing(shop) {
        let phone = Phone::added(&shop).await;
        let seen = phone.shows(shop.now());
        code(&shop, &question(&shop).await, &seen).await.unwrap();
        let replayed = code(&shop, &question(&shop).await, &seen).await;
        assert!(matches!(replayed, Err(SignInError::Wrong)), "{replayed:?}");
        shop.wait(STEP);
        code(&shop, &question(&shop).await, &phone.shows(shop.now())).await.unwrap();
    }

    /// ASVS 6.5.1.
    async fn a_recovery_code_lets_in_once_and_the_member_is_told(shop) {
        let phone = Phone::added(&shop).await;
        let entry = code(&shop, &question(&shop).await, &phone.codes[0].to_lowercase()).await.unwrap();
        assert_eq!(who(&shop, &entry).await.standing.proof, Proof::RecoveryCode);
        assert!(told(&shop).await.contains(&SecurityNotice::CodeUsed.as_str().to_owned()));
        let again = code(&shop, &question(&shop).await, &phone.codes[0]).await;
        assert!(matches!(again, Err(SignInError::Wrong)), "{again:?}");
    }

    /// ASVS 6.6.3.
    async fn whoever_guesses_codes_has_to_wait_and_the_member_is_told(shop) {
        let phone = Phone::added(&shop).await;
        let open = question(&shop).await;
        for _ in 0..CODE_PER_MEMBER_OF_STRANGERS.burst {
            let wrong = code(&shop, &open, "000000").await;
            assert!(matches!(wrong, Err(SignInError::Wrong)), "{wrong:?}");
        }
        let waits = code(&shop, &open, &phone.shows(shop.now())).await;
        assert!(matches!(waits, Err(SignInError::Wait(_))), "the right one, too: {waits:?}");
        assert!(told(&shop).await.contains(&SecurityNotice::SecondFactorRefused.as_str().to_owned()));
        shop.wait(CODE_PER_MEMBER_OF_STRANGERS.every);
        code(&shop, &question(&shop).await, &phone.shows(shop.now())).await.unwrap();
    }

    async fn a_question_that_waits_too_long_is_closed(shop) {
        let phone = Phone::added(&shop).await;
        let open = question(&shop).await;
        shop.wait(QUESTION_LIFE);
        let late = code(&shop, &open, &phone.shows(shop.now())).await;
        assert!(matches!(late, Err(SignInError::Closed)), "{late:?}");
    }

    /// ASVS 6.3.1.
    async fn failures_of_a_stranger_keep_the_owner_out_of_nothing(shop) {
        let elsewhere = Visit::from_network("198.51.100.66");
        for _ in 0..SIGN_IN_PER_ACCOUNT_AND_NETWORK.burst * 4 {
            let guess = Restricted::new("a wrong guess of a stranger".to_owned());
            assert!(shop.app().sign_in(EMAIL, guess, &elsewhere).await.is_err());
        }
        let right = Restricted::new(PASSWORD.to_owned());
        let refused = shop.app().sign_in(EMAIL, right, &elsewhere).await;
        assert!(matches!(refused, Err(SignInError::Wait(_))), "there: {refused:?}");
        enter(&shop).await;
    }

    async fn a_wrong_password_stands_in_the_log_of_its_organization_and_a_try_for_nobody_in_the_houses(shop) {
        assert!(password(&shop, "the wrong one").await.is_err());
        let nobody = shop.app().sign_in("nobody@loja.example", Restricted::new("x".to_owned()), &visit()).await;
        assert!(nobody.is_err());
        for (whose, subject) in
            [(Whose::Organization, shop.member.to_string()), (Whose::Installation, String::new())]
        {
            let filter =
                AuditFilter { whose, action: Some("session.refused".to_owned()), ..AuditFilter::default() };
            let found = shop.see(move |tenant| tenant.audit_page(&filter, None, 9)).await;
            let subjects: Vec<_> = found.iter().map(|event| event.subject_id.clone()).collect();
            assert_eq!(subjects, [subject], "{whose:?}");
        }
    }

    async fn an_unknown_address_is_refused_as_a_wrong_password_is(shop) {
        let nobody = shop.app().sign_in("nobody@loja.example", Restricted::new(PASSWORD.into()), &visit()).await;
        let wrong = password(&shop, "a wrong password all the same").await;
        assert_eq!(nobody.unwrap_err().to_string(), wrong.unwrap_err().to_string());
    }

    async fn a_new_browser_is_told_and_a_known_one_is_not(shop) {
        let desk = enter(&shop).await.device.expect("the first browser gets a mark");
        assert!(told(&shop).await.is_empty(), "the first of all is no news");
        let again = Visit { device: Some(desk.expose().to_owned()), ..visit() };
        shop.app().sign_in(EMAIL, Restricted::new(PASSWORD.into()), &again).await.unwrap();
        assert!(told(&shop).await.is_empty());
        enter(&shop).await;
        assert_eq!(told(&shop).await, [SecurityNotice::NewDevice.as_str()]);
    }

    /// ASVS 6.2.2, 6.2.3, 7.4.3.
    async fn a_new_password_ends_the_other_sessions(shop) {
        let (here, elsewhere) = (enter(&shop).await, enter(&shop).await);
        let own = who(&shop, &here).await;
        let (right, new) = (|| Restricted::new(PASSWORD.to_owned()), "quatro bananas na janela");
        let change = async |current: Restricted<String>, to: &str| {
            shop.app().change_password(&own, EMAIL, current, Restricted::new(to.to_owned())).await
        };
        let weak = change(right(), "123456789012").await;
        assert!(matches!(weak, Err(FactorError::Password(_))), "{weak:?}");
        let stranger = change(Restricted::new("whoever found the screen open".into()), new).await;
        assert!(matches!(stranger, Err(FactorError::Wrong)), "{stranger:?}");
        change(right(), new).await.unwrap();
        assert!(shop.app().session(elsewhere.session.expose()).await.unwrap().is_none());
        who(&shop, &here).await;
        assert!(password(&shop, PASSWORD).await.is_err());
        password(&shop, new).await.unwrap();
    }

    /// ASVS 7.2.4.
    async fn a_proof_gives_the_session_another_token(shop) {
        let before = enter(&shop).await;
        let signed_in = who(&shop, &before).await;
        shop.wait(Proof::LIFE);
        let (asked, choices) = shop.app().ask_proof(&signed_in).await.unwrap();
        assert!(choices.password && !choices.authenticator, "there is nothing else");
        let wrong = Shown::Password(Restricted::new("not the password".into()));
        assert!(shop.app().prove(&signed_in, asked.expose(), wrong, &visit()).await.is_err());
        let right = Shown::Password(Restricted::new(PASSWORD.into()));
        let after = shop.app().prove(&signed_in, asked.expose(), right, &visit()).await.unwrap();
        assert!(shop.app().session(before.session.expose()).await.unwrap().is_none());
        let standing = shop.app().session(after.expose()).await.unwrap().unwrap().standing;
        assert_eq!(standing.proven_at, shop.now());
    }

    /// ASVS 7.5.1.
    async fn the_password_is_no_proof_for_whoever_has_more(shop) {
        let signed_in = who(&shop, &enter(&shop).await).await;
        Phone::added(&shop).await;
        let (asked, choices) = shop.app().ask_proof(&signed_in).await.unwrap();
        assert!(choices.authenticator && !choices.password);
        let right = Shown::Password(Restricted::new(PASSWORD.into()));
        let refused = shop.app().prove(&signed_in, asked.expose(), right, &visit()).await;
        assert!(matches!(refused, Err(SignInError::Wrong)), "{refused:?}");
    }

    /// ASVS 3.3.1, 3.3.3, 3.3.4, 3.4.1, 3.4.4, 3.4.5, 3.4.6, 14.3.2.
    async fn what_a_browser_gets_is_guarded(shop) {
        let page = page(&shop, "/sign-in", None).await;
        let header = |name: &str| page.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kept_for = header("strict-transport-security").strip_prefix("max-age=").and_then(|text| text.split(';').next());
        assert!(kept_for.and_then(|text| text.parse().ok()).is_some_and(|seconds: u64| seconds >= 365 * 24 * 3_600));
        assert!(header("strict-transport-security").contains("includeSubDomains"));
        assert_eq!((header("x-content-type-options"), header("referrer-policy"), header("cache-control")), ("nosniff", "same-origin", "no-store"));
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(header("content-type").starts_with("text/html; charset=utf-8"));

        let body = format!("email={EMAIL}&password={}", PASSWORD.replace(' ', "+"));
        let request = Request::post("/sign-in").header("sec-fetch-site", "same-origin").body(Body::from(body)).expect("a request");
        let answer = router(&shop).oneshot(request).await.expect("it is answered");
        let cookies: Vec<_> = answer.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()).collect();
        let cleared: Vec<_> = page.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()).collect();
        assert!(!cleared.is_empty() && cookies.iter().chain(&cleared).all(|cookie| cookie.contains("; Secure")), "{cookies:?} {cleared:?}");
        for name in ["__Host-session=", "__Host-device="] {
            let cookie = cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap_or_else(|| panic!("{name} {cookies:?}"));
            for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
                assert!(cookie.contains(part), "{cookie}");
            }
        }
    }

    /// ASVS 8.3.1.
    async fn what_administers_wants_a_fresh_proof_and_the_rest_does_not(shop) {
        let entry = enter(&shop).await;
        assert_eq!(leads_to(&shop, "/connections/new", Some(&entry)).await, "200");
        shop.wait(Proof::LIFE);
        assert_eq!(leads_to(&shop, "/connections/new", Some(&entry)).await, "/confirm?next=%2Fconnections%2Fnew");
        assert_eq!(leads_to(&shop, "/orders", Some(&entry)).await, "200");
        assert_eq!(leads_to(&shop, "/security", Some(&entry)).await, "200");
    }

    /// ASVS 2.3.1.
    async fn a_session_from_before_the_second_factor_has_to_show_it(shop) {
        let before = enter(&shop).await;
        Phone::added(&shop).await;
        for path in ["/orders", "/security", "/audit"] {
            assert!(leads_to(&shop, path, Some(&before)).await.starts_with("/confirm?next="), "{path}");
        }
        assert_eq!(leads_to(&shop, "/orders", None).await, "/sign-in?next=%2Forders");
    }
}

on_both! { demanding:
    /// ASVS 6.3.3.
    async fn where_a_second_factor_is_demanded_nothing_opens_before_there_is_one(shop) {
        let entry = enter(&shop).await;
        for path in ["/orders", "/skus", "/connections", "/connections/new", "/privacy", "/audit", "/desk", "/orders/live"] {
            assert_eq!(leads_to(&shop, path, Some(&entry)).await, "/security", "{path}");
        }
        assert_eq!(leads_to(&shop, "/security", Some(&entry)).await, "200");
        let phone = Phone::added(&shop).await;
        let entry = code(&shop, &question(&shop).await, &phone.shows(shop.now())).await.unwrap();
        assert_eq!(leads_to(&shop, "/orders", Some(&entry)).await, "200");
    }

    async fn the_last_second_factor_stays_while_one_is_demanded(shop) {
        let phone = Phone::added(&shop).await;
        let entry = code(&shop, &question(&shop).await, &phone.shows(shop.now())).await.unwrap();
        let kept = shop.app().remove_authenticator(&who(&shop, &entry).await).await;
        assert!(matches!(kept, Err(FactorError::LastOne)), "{kept:?}");
        question(&shop).await;
    }

    /// ASVS 6.5.2.
    async fn the_seed_and_the_codes_are_nowhere_as_they_are(shop) {
        let phone = Phone::added(&shop).await;
        let plain = phone.codes[0].replace('-', "");
        let rows = shop.number("SELECT COUNT(*) FROM recovery_code").await;
        assert_eq!(rows, i64::try_from(phone.codes.len()).unwrap());
        for text in shop.texts("SELECT details FROM audit_event").await {
            assert!(!text.contains(&plain) && !text.contains(&phone.codes[0]), "{text}");
        }
    }
}
