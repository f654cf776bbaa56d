//! The way back in for who lost everything.

use app::recovery::{MAX_REASON_CHARS, RECOVERY_LINK_LIFE, RecoveryError};
use app::sign_in::{Entry, SignIn, Visit};
use axum::body::Body;
use domain::Restricted;
use domain::limit::ADDRESS_PER_RECOVERY_LINK;
use domain::member::{Proof, SecurityNotice};
use http::{Request, header};
use tests::TestApp;
use tests::shop::{EMAIL, PASSWORD, PUBLIC_URL};
use tower::ServiceExt as _;
use web::WebConfig;

const NEW: &str = "quatro bananas na janela";
const WHY: &str = "phone lost, recognised in a video call";

fn visit() -> Visit {
    Visit::from_network("203.0.113.9")
}

async fn link(shop: &TestApp) -> String {
    let link = shop.app().recovery_link(EMAIL, WHY).await.expect("a link is made");
    assert!(link.starts_with(&format!("{PUBLIC_URL}/recover/")), "{link}");
    link.rsplit('/').next().unwrap_or_default().to_owned()
}

async fn recovers(shop: &TestApp, token: &str, email: &str, password: &str) -> Result<Entry, RecoveryError> {
    shop.app().recover(token, email, Restricted::new(password.to_owned()), &visit()).await
}

async fn signs_in(shop: &TestApp, password: &str) -> Option<SignIn> {
    shop.app().sign_in(EMAIL, Restricted::new(password.to_owned()), &visit()).await.ok()
}

/// The owner with an authenticator app and recovery codes; gives the session.
async fn with_a_factor(shop: &TestApp) -> Entry {
    let entry = signs_in(shop, PASSWORD).await.and_then(SignIn::entered).expect("the password is enough");
    let app = shop.app();
    let who = app.session(entry.session.expose()).await.unwrap().expect("the session is good");
    app.begin_authenticator(&who).await.expect("an app is begun");
    let new = app.new_authenticator(&who, EMAIL).await.unwrap().expect("it waits for its code");
    let code = tests::authenticator::given(&new.secret).code(shop.now());
    let added = app.confirm_authenticator(&who, &code).await.expect("the first code is right");
    Entry { session: added.session, device: entry.device }
}

async fn told(shop: &TestApp) -> Vec<String> {
    let member = shop.member;
    shop.see(move |tenant| tenant.notices(member)).await.into_iter().map(|row| row.kind).collect()
}

async fn left(shop: &TestApp) -> i64 {
    shop.number(
        "SELECT (SELECT COUNT(*) FROM session) + (SELECT COUNT(*) FROM authenticator) \
         + (SELECT COUNT(*) FROM recovery_code) + (SELECT COUNT(*) FROM passkey) + (SELECT COUNT(*) FROM device)",
    )
    .await
}

on_both! {
    /// ASVS 6.4.4.
    async fn a_link_changes_nothing_before_it_is_used_and_everything_then(shop) {
        let lost = with_a_factor(&shop).await;
        let before = left(&shop).await;
        let token = link(&shop).await;
        assert_eq!(left(&shop).await, before);
        assert!(shop.app().session(lost.session.expose()).await.unwrap().is_some());
        assert!(told(&shop).await.contains(&SecurityNotice::RecoveryBegun.as_str().to_owned()), "the member is told");

        let entry = recovers(&shop, &token, EMAIL, NEW).await.expect("the link is good");
        let app = shop.app();
        assert!(app.session(lost.session.expose()).await.unwrap().is_none(), "every session ended");
        let who = app.session(entry.session.expose()).await.unwrap().expect("the new one is good");
        assert_eq!((who.standing.proof, who.standing.has_factor), (Proof::Password, false));
        assert_eq!(left(&shop).await, 2, "a session and its browser");
        assert!(told(&shop).await.contains(&SecurityNotice::Recovered.as_str().to_owned()));
        assert!(signs_in(&shop, PASSWORD).await.is_none(), "the old password is worth nothing");
        assert!(matches!(signs_in(&shop, NEW).await, Some(SignIn::Entered(_))));
        for action in ["member.recovery_begun", "member.recovered"] {
            let details = shop.read(move |tx| {
                tx.rows("SELECT details FROM audit_event WHERE action = $1", store::params![action], |row| row.get::<String>(0))
            });
            let details = details.await.concat();
            assert!(details.contains(WHY) && !details.contains(EMAIL), "{action}: {details}");
        }
    }

    async fn a_link_is_good_once_for_an_hour_and_only_the_newest(shop) {
        let older = link(&shop).await;
        let newer = link(&shop).await;
        for wrong in [older.as_str(), "", "not-a-token", &"A".repeat(10_000)] {
            let refused = recovers(&shop, wrong, EMAIL, NEW).await;
            assert!(matches!(refused, Err(RecoveryError::LinkNotGood)), "{refused:?}");
        }
        recovers(&shop, &newer, EMAIL, NEW).await.expect("the newest is good");
        let again = recovers(&shop, &newer, EMAIL, "cinco bananas na janela").await;
        assert!(matches!(again, Err(RecoveryError::LinkNotGood)), "{again:?}");

        let late = link(&shop).await;
        shop.wait(RECOVERY_LINK_LIFE);
        let refused = recovers(&shop, &late, EMAIL, "cinco bananas na janela").await;
        assert!(matches!(refused, Err(RecoveryError::LinkNotGood)), "{refused:?}");
        shop.turn().await;
        assert_eq!(shop.number("SELECT COUNT(*) FROM recovery_link").await, 0, "it is forgotten");
    }

    async fn a_link_that_went_astray_helps_nobody_else(shop) {
        let token = link(&shop).await;
        for _ in 0..ADDRESS_PER_RECOVERY_LINK.burst {
            let guess = recovers(&shop, &token, "ninguem@loja.example", NEW).await;
            assert!(matches!(guess, Err(RecoveryError::WrongAddress)), "{guess:?}");
        }
        let waits = recovers(&shop, &token, EMAIL, NEW).await;
        assert!(matches!(waits, Err(RecoveryError::Wait(_))), "{waits:?}");
        shop.wait(ADDRESS_PER_RECOVERY_LINK.every);
        let weak = recovers(&shop, &token, EMAIL, "Loja de Teste 1").await;
        assert!(matches!(weak, Err(RecoveryError::Password(_))), "{weak:?}");
        recovers(&shop, &token, EMAIL, NEW).await.expect("still good");
    }

    async fn without_a_member_or_a_reason_there_is_no_link(shop) {
        let make = async |email: &str, because: &str| shop.app().recovery_link(email, because).await;
        assert!(matches!(make("ninguem@loja.example", WHY).await, Err(RecoveryError::Nobody)));
        for because in ["", "   ", &"x".repeat(MAX_REASON_CHARS + 1)] {
            assert!(matches!(make(EMAIL, because).await, Err(RecoveryError::Reason)), "{because:?}");
        }
        assert_eq!(shop.number("SELECT COUNT(*) FROM recovery_link").await, 0);
    }
}

on_both! { demanding:
    /// ASVS 6.4.3.
    async fn who_came_back_adds_a_second_factor_before_anything_else(shop) {
        with_a_factor(&shop).await;
        let entry = recovers(&shop, &link(&shop).await, EMAIL, NEW).await.expect("the link is good");
        let config = WebConfig { secure_cookies: true, trusted_proxies: Vec::new(), pages_per_minute: None, hook_door: "door".into() };
        let router = web::router(shop.app(), config);
        let cookie = format!("__Host-session={}", entry.session.expose());
        let request = Request::get("/orders").header(header::COOKIE, cookie).body(Body::empty()).expect("a request");
        let answer = router.oneshot(request).await.expect("it is answered");
        assert_eq!(answer.headers().get(header::LOCATION).map(|value| value.as_bytes()), Some(&b"/security"[..]));
    }
}
