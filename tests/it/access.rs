//! Who may what: the matrix of routes and roles, and how access is given, reviewed and taken.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use app::members::{AccessError, Wish};
use app::reveal::{RevealError, RevealPurpose};
use app::reviews::{REVIEW_EVERY, REVIEW_TIME};
use app::sign_in::{Entry, Visit};
use axum::Router;
use axum::body::{Body, to_bytes};
use domain::member::SecurityNotice;
use domain::role::{Access, Permission, Role, matrix};
use domain::{Actor, Grant, MemberId, Purpose, Restricted};
use http::{Method, Request, StatusCode, header};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use store::sessions::SignedIn;
use tests::TestApp;
use tests::shop::{EMAIL, PASSWORD};
use tower::ServiceExt as _;
use web::WebConfig;

const SHARED: &str = "CAN-INOX-500";
const THEIR_PASSWORD: &str = "quatro bananas na janela";
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
const LONGEST_PAGE: usize = 1024 * 1024;

fn visit() -> Visit {
    Visit::from_network("203.0.113.9")
}

async fn who(shop: &TestApp, entry: &Entry) -> Option<SignedIn> {
    shop.app().session(entry.session.expose()).await.expect("sessions are read")
}

async fn owner(shop: &TestApp) -> SignedIn {
    let password = Restricted::new(PASSWORD.to_owned());
    let entry = shop.app().sign_in(EMAIL, password, &visit()).await.expect("the owner").entered();
    who(shop, &entry.expect("comes in")).await.expect("and has a session")
}

/// Somebody who was invited as these and joined.
async fn joined(shop: &TestApp, name: &str, roles: &[Role]) -> (Entry, SignedIn) {
    let (app, inviter) = (shop.app(), owner(shop).await);
    let email = format!("{name}@loja.example");
    let link = app.invite(&inviter, &email, roles, "equipe").await.expect("an invitation");
    let token = link.rsplit('/').next().expect("a token");
    let password = Restricted::new(THEIR_PASSWORD.to_owned());
    let email = app.join(token, password.clone(), "pt-BR").await.expect("they join");
    let entry = app.sign_in_joined(&email, password, &visit()).await.expect("they come in").entered();
    let entry = entry.expect("by the password");
    let who = who(shop, &entry).await.expect("with a session");
    (entry, who)
}

fn wish(access: Access, days: Option<u32>, shop: &TestApp) -> Wish {
    let until = days.map(|days| shop.now().plus(DAY * days));
    Wish { access, reason: "etiquetas à mão".to_owned(), until }
}

async fn told(shop: &TestApp, member: MemberId) -> Vec<String> {
    shop.see(move |tenant| tenant.notices(member)).await.into_iter().map(|row| row.kind).collect()
}

fn router(shop: &TestApp) -> Router {
    let config = WebConfig {
        secure_cookies: false,
        trusted_proxies: Vec::new(),
        pages_per_minute: None,
        hook_door: "door".into(),
    };
    web::router(shop.app(), config)
}

/// What becomes of a request, without sending a form's token: so that nothing is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// There is no such method.
    None,
    /// The visitor has to sign in first.
    SignIn,
    /// The visitor's roles do not include it.
    Refused,
    /// The handler is reached.
    Reached,
}

async fn fate(router: &Router, method: Method, path: &str, session: Option<&Entry>) -> Fate {
    let cookie = session.map(|entry| format!("session={}", entry.session.expose())).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::empty())
        .expect("a request");
    let (parts, body) = router.clone().oneshot(request).await.expect("an answer").into_parts();
    let to = parts.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match parts.status {
        StatusCode::METHOD_NOT_ALLOWED => Fate::None,
        StatusCode::SEE_OTHER if to.starts_with("/sign-in?") => Fate::SignIn,
        StatusCode::UNAUTHORIZED => Fate::SignIn,
        StatusCode::FORBIDDEN => {
            let page = to_bytes(body, LONGEST_PAGE).await.expect("a page");
            let title = web::i18n::text(web::Lang::PtBr, "obstacle-not_allowed-title");
            if String::from_utf8_lossy(&page).contains(title) { Fate::Refused } else { Fate::Reached }
        }
        _ => Fate::Reached,
    }
}

/// Each route and method with a line of who reaches it.
async fn routes_by_role(shop: &TestApp) -> String {
    let router = router(shop);
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push(joined(shop, role.as_str(), &[role]).await.0);
    }
    let mut text = String::from("| route | nobody |");
    for role in Role::ALL {
        let _ = write!(text, " {} |", role.as_str());
    }
    text.push_str("\n|---|:-:|");
    text.push_str(&":-:|".repeat(Role::ALL.len()));
    for route in web::paths() {
        let path: Vec<&str> =
            route.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        let path = path.join("/");
        for method in [Method::GET, Method::POST] {
            let stranger = fate(&router, method.clone(), &path, None).await;
            if stranger == Fate::None {
                continue;
            }
            let _ = write!(text, "\n| `{method} {route}` |");
            text.push_str(if stranger == Fate::Reached { " ● |" } else { "  |" });
            for person in &people {
                let reached = fate(&router, method.clone(), &path, Some(person)).await == Fate::Reached;
                text.push_str(if reached { " ● |" } else { "  |" });
            }
        }
    }
    text.push('\n');
    text
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

on_both! {
    /// ASVS 8.1.1, 8.2.1, 8.3.1.
    async fn each_route_opens_to_the_roles_that_were_approved_for_it(shop) {
        let kept = std::fs::read_to_string(root().join("docs/security/access.md")).unwrap_or_default();
        let intro = kept.split("| permission |").next().unwrap_or_default();
        let between = "\n## Routes\n\nWho reaches which route, found by asking each of them as each role (`tests/it/access.rs`).\n\n";
        let right = format!("{intro}{}{between}{}", matrix(), routes_by_role(&shop).await);
        if kept != right {
            let place = std::env::temp_dir().join("access.md");
            std::fs::write(&place, &right).expect("the right one is written");
            panic!("docs/security/access.md is not what the code does; read it and take it over: cp {} docs/security/access.md", place.display());
        }
    }

    /// ASVS 8.2.1, 16.3.2.
    async fn who_asks_for_more_than_their_role_has_is_refused_and_it_is_written_down(shop) {
        let (entry, analyst) = joined(&shop, "analu", &[Role::Analyst]).await;
        let router = router(&shop);
        assert_eq!(fate(&router, Method::GET, "/orders", Some(&entry)).await, Fate::Reached);
        assert_eq!(fate(&router, Method::GET, "/members", Some(&entry)).await, Fate::Refused);
        assert_eq!(fate(&router, Method::POST, "/backups/take", Some(&entry)).await, Fate::Refused);
        let refused = shop.texts("SELECT details FROM audit_event WHERE action = 'access.used' AND phase = 'refused'").await;
        assert!(refused.iter().any(|details| details.contains(Permission::SeeMembers.as_str())), "{refused:?}");
        assert!(refused.iter().any(|details| details.contains(Permission::ManageBackups.as_str())), "{refused:?}");
        assert!(!analyst.granted.administers());
    }

    /// ASVS 6.4.1.
    async fn an_invitation_works_once_and_only_while_its_maker_may_invite(shop) {
        let (app, dona) = (shop.app(), owner(&shop).await);
        let (_, boss) = joined(&shop, "chefe", &[Role::Administrator]).await;
        let password = || Restricted::new(THEIR_PASSWORD.to_owned());
        let token = |link: String| link.rsplit('/').next().expect("a token").to_owned();
        let link = app.invite(&dona, "bia@loja.example", &[Role::Dispatch], "expedição").await.unwrap();
        let first = token(link);
        let invited = app.invited_to(&first).await.unwrap().expect("a good link");
        assert_eq!((invited.organization.as_str(), invited.administers), ("Loja de Teste", false));
        let second = token(app.invite(&dona, "bia@loja.example", &[Role::Support], "atendimento").await.unwrap());
        assert_eq!(app.invited_to(&first).await.unwrap(), None, "the later link is the one that counts");
        app.join(&second, password(), "en").await.expect("she joins");
        assert!(app.join(&second, password(), "en").await.is_err(), "once");
        let again = app.invite(&dona, " BIA@loja.example ", &[Role::Support], "de novo").await;
        assert!(matches!(again, Err(AccessError::Known)), "{again:?}");
        let late = token(app.invite(&boss, "caio@loja.example", &[Role::Support], "férias").await.unwrap());
        app.leave(&dona, boss.member, "saiu da empresa").await.expect("the inviter leaves");
        assert!(app.join(&late, password(), "en").await.is_err(), "whoever left invites nobody");
        let expiring = token(app.invite(&dona, "caio@loja.example", &[Role::Support], "férias").await.unwrap());
        shop.wait(app::invitations::INVITATION_LIFE);
        assert_eq!(app.invited_to(&expiring).await.unwrap(), None);
    }

    async fn an_invitation_without_a_role_a_reason_or_an_address_says_what_is_missing(shop) {
        let (app, dona) = (shop.app(), owner(&shop).await);
        let invite = async |email: &str, roles: &[Role], why: &str| app.invite(&dona, email, roles, why).await.unwrap_err();
        assert!(matches!(invite("bia", &[Role::Support], "equipe").await, AccessError::Email));
        assert!(matches!(invite("bia@loja.example", &[], "equipe").await, AccessError::Nothing));
        assert!(matches!(invite("bia@loja.example", &[Role::Support], "  ").await, AccessError::Reason));
        let long = "x".repeat(app::members::MAX_REASON_CHARS + 1);
        assert!(matches!(invite("bia@loja.example", &[Role::Support], &long).await, AccessError::Reason));
    }

    /// ASVS 8.3.1.
    async fn an_administrator_makes_no_administrator_and_nobody_serves_themselves(shop) {
        let (app, dona) = (shop.app(), owner(&shop).await);
        let (_, boss) = joined(&shop, "chefe", &[Role::Administrator]).await;
        for access in [Access::Role(Role::Owner), Access::Role(Role::Administrator), Access::BreakGlass] {
            let asked = app.grant(&boss, boss.member, wish(access, None, &shop)).await;
            assert!(matches!(asked, Err(AccessError::NotAllowed)), "{access:?}: {asked:?}");
        }
        let oneself = app.grant(&boss, boss.member, wish(Access::BuyerData, Some(7), &shop)).await;
        assert!(matches!(oneself, Err(AccessError::NotOneself)), "{oneself:?}");
        let oneself = app.grant(&dona, dona.member, wish(Access::BuyerData, Some(7), &shop)).await;
        assert!(matches!(oneself, Err(AccessError::NotOneself)), "also an owner, while somebody else administers: {oneself:?}");
        app.grant(&dona, boss.member, wish(Access::BuyerData, Some(7), &shop)).await.expect("the other one may");
        assert!(told(&shop, boss.member).await.contains(&SecurityNotice::AccessChanged.as_str().to_owned()));
    }

    async fn who_alone_administers_may_and_that_is_written_down(shop) {
        let (app, dona) = (shop.app(), owner(&shop).await);
        joined(&shop, "bia", &[Role::Dispatch]).await;
        app.grant(&dona, dona.member, wish(Access::BuyerData, Some(7), &shop)).await.expect("there is nobody else");
        let details = shop.texts("SELECT details FROM audit_event WHERE action = 'access.granted'").await;
        assert!(details.iter().any(|it| it.contains("sole_operator") && it.contains("buyer_data")), "{details:?}");
    }

    async fn an_organization_always_has_an_owner(shop) {
        let (app, dona) = (shop.app(), owner(&shop).await);
        let grants = { let now = shop.now(); shop.see(move |tenant| tenant.grants(now)).await };
        let ended = app.end_grant(&dona, grants[0].id, "engano").await;
        assert!(matches!(ended, Err(AccessError::LastOwner)), "{ended:?}");
        let left = app.leave(&dona, dona.member, "férias").await;
        assert!(matches!(left, Err(AccessError::LastOwner)), "{left:?}");
        let (_, other) = joined(&shop, "socia", &[Role::Owner]).await;
        app.leave(&other, dona.member, "vendeu a parte").await.expect("with another owner it goes");
    }

    /// ASVS 7.4.2.
    async fn a_leaver_is_out_at_once_and_everywhere(shop) {
        let app = shop.app();
        let dona = owner(&shop).await;
        let (entry, bia) = joined(&shop, "bia", &[Role::Dispatch, Role::Support]).await;
        app.leave(&dona, bia.member, "saiu da empresa").await.expect("she leaves");
        assert!(who(&shop, &entry).await.is_none(), "the session is gone");
        let password = Restricted::new(THEIR_PASSWORD.to_owned());
        assert!(app.sign_in("bia@loja.example", password, &visit()).await.is_err(), "the password opens nothing");
        let (member, now) = (bia.member, shop.now());
        let left = shop.see(move |tenant| Ok((tenant.granted(member, now)?, tenant.members()?.len()))).await;
        assert_eq!((left.0.roles().count(), left.1), (0, 1));
        let twice = app.leave(&dona, member, "de novo").await;
        assert!(twice.is_err(), "{twice:?}");
        let (_, back) = joined(&shop, "bia", &[Role::Support]).await;
        assert_eq!(back.member, member, "who comes back is the same person in the log");
        assert_eq!(back.granted.roles().collect::<Vec<_>>(), [Role::Support], "with what is granted now, and no more");
    }

    /// ASVS 7.4.5.
    async fn whoever_administers_ends_the_sessions_of_one_member_or_of_everybody(shop) {
        let (app, dona) = (shop.app(), owner(&shop).await);
        let (bia_in, bia) = joined(&shop, "bia", &[Role::Support]).await;
        let (caio_in, caio) = joined(&shop, "caio", &[Role::Administrator]).await;
        let silent = app.end_sessions_of(&dona, Some(bia.member), " ").await;
        assert!(matches!(silent, Err(AccessError::Reason)), "{silent:?}");
        let upwards = app.end_sessions_of(&caio, Some(dona.member), "engano").await;
        assert!(matches!(upwards, Err(AccessError::NotAllowed)), "an administrator does not put the owner out: {upwards:?}");
        let all = app.end_sessions_of(&caio, None, "engano").await;
        assert!(matches!(all, Err(AccessError::NotAllowed)), "nor everybody, where one of them is the owner: {all:?}");

        assert_eq!(app.end_sessions_of(&caio, Some(bia.member), "perdeu o celular").await.expect("hers end"), 1);
        assert!(who(&shop, &bia_in).await.is_none());
        assert!(who(&shop, &caio_in).await.is_some(), "nobody else's");
        let kind = SecurityNotice::SessionsEnded.as_str();
        assert!(told(&shop, bia.member).await.iter().any(|told| told == kind));
        let password = Restricted::new(THEIR_PASSWORD.to_owned());
        app.sign_in("bia@loja.example", password, &visit()).await.expect("she stays a member");

        // Owner's helpers above opened sessions of her own besides: they end, too, but this one.
        assert!(app.end_sessions_of(&dona, None, "suspeita de invasão").await.expect("all end") >= 2);
        assert!(who(&shop, &caio_in).await.is_none());
        let member = dona.member;
        let now = shop.now();
        let left = shop.see(move |tenant| tenant.sessions(member, now)).await;
        assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), [dona.session], "whoever asks stays in");
    }

    async fn what_was_granted_until_a_day_ends_on_it(shop) {
        let (app, dona) = (shop.app(), owner(&shop).await);
        let (_, bia) = joined(&shop, "bia", &[Role::Dispatch]).await;
        let (member, endless) = (bia.member, wish(Access::BuyerData, None, &shop));
        assert!(matches!(app.grant(&dona, member, endless).await, Err(AccessError::Until)));
        assert!(matches!(app.grant(&dona, member, wish(Access::BuyerData, Some(91), &shop)).await, Err(AccessError::Until)));
        app.grant(&dona, member, wish(Access::BuyerData, Some(7), &shop)).await.expect("a week");
        let has = async |shop: &TestApp| {
            let now = shop.now();
            shop.see(move |tenant| tenant.granted(member, now)).await.has(Access::BuyerData)
        };
        shop.wait(DAY * 6);
        assert!(has(&shop).await);
        shop.wait(DAY);
        assert!(!has(&shop).await, "also before the clockwork has turned");
        shop.turn().await;
        let ended = shop.texts("SELECT ended_because FROM access_grant WHERE access = 'buyer_data'").await;
        assert_eq!(ended, ["expired"]);
    }

    /// ASVS 8.2.3.
    async fn an_address_is_shown_under_a_grant_alone_and_each_time_is_in_the_log(shop) {
        shop.connect_classic().await;
        let number = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
        shop.run_until_idle().await;
        // The marketplace makes the package a moment after the payment.
        shop.pass(MINUTE, MINUTE / 6).await;
        let order = shop.order(&number).await.expect("the order is held").id;
        let (app, dona) = (shop.app(), owner(&shop).await);
        let (_, bia) = joined(&shop, "bia", &[Role::Dispatch]).await;
        let without = app.reveal_recipient(&bia, order, RevealPurpose::Dispatch).await;
        assert!(matches!(without, Err(RevealError::NotGranted)), "{without:?}");
        app.grant(&dona, bia.member, wish(Access::BuyerData, Some(7), &shop)).await.expect("a grant");
        let shown = app.reveal_recipient(&bia, order, RevealPurpose::Dispatch).await.expect("it is shown");
        let grant = Grant::issue(Actor::system("test"), Purpose::DispatchOrder, shop.now());
        assert!(shown.reveal(&grant).len() >= 3, "a name and where");
        let name = shown.reveal(&grant)[0].clone();
        let told = shop.texts("SELECT phase FROM audit_event WHERE action = 'recipient.revealed' ORDER BY phase").await;
        assert_eq!(told, ["done", "intent", "refused"]);
        let details = shop.texts("SELECT details FROM audit_event WHERE action = 'recipient.revealed' AND phase = 'done'").await;
        assert!(details[0].contains("grt_") && details[0].contains("dispatch") && !details[0].contains(&name), "{details:?}");
        shop.wait(DAY * 7);
        let after = app.reveal_recipient(&bia, order, RevealPurpose::Dispatch).await;
        assert!(matches!(after, Err(RevealError::NotGranted)), "{after:?}");
    }

    async fn a_review_asks_of_every_grant_and_what_nobody_decides_ends(shop) {
        let (app, dona) = (shop.app(), owner(&shop).await);
        let (_, boss) = joined(&shop, "chefe", &[Role::Administrator]).await;
        let (_, bia) = joined(&shop, "bia", &[Role::Dispatch, Role::Support]).await;
        app.open_review(&dona).await.expect("a review");
        app.open_review(&boss).await.expect("pressed twice is one");
        let now = shop.now();
        let grants = shop.see(move |tenant| tenant.grants(now)).await;
        let of = |member: MemberId, access: Role| grants.iter().find(|it| it.member == member && it.access == access.as_str()).expect("a grant").id;
        let own = app.decide(&dona, of(dona.member, Role::Owner), true).await;
        assert!(matches!(own, Err(AccessError::NotOneself)), "{own:?}");
        app.decide(&boss, of(dona.member, Role::Owner), true).await.expect("somebody else says that she stays");
        app.decide(&dona, of(boss.member, Role::Administrator), true).await.expect("and the other way round");
        app.decide(&boss, of(bia.member, Role::Dispatch), false).await.expect("that one ends");
        shop.wait(REVIEW_TIME);
        shop.turn().await;
        let (member, now) = (bia.member, shop.now());
        let left = shop.see(move |tenant| tenant.granted(member, now)).await;
        assert_eq!(left.roles().count(), 0, "one was ended, and of the other nobody said anything");
        let decisions = shop.texts("SELECT decision FROM access_review_item ORDER BY decision").await;
        assert_eq!(decisions, ["end", "keep", "keep", "undecided"]);
        assert_eq!(shop.number("SELECT COUNT(*) FROM access_review WHERE closed_at IS NULL").await, 0);
    }

    async fn a_review_begins_by_itself_and_never_ends_the_last_owner(shop) {
        shop.wait(REVIEW_EVERY);
        shop.turn().await;
        assert_eq!(shop.number("SELECT COUNT(*) FROM access_review").await, 1);
        shop.wait(REVIEW_TIME);
        shop.turn().await;
        let dona = owner(&shop).await;
        assert!(dona.granted.is(Role::Owner), "without an owner nobody could mend it");
        assert_eq!(shop.number("SELECT COUNT(*) FROM access_review WHERE closed_at IS NULL").await, 1, "it stays overdue");
        let now = shop.now();
        let grant = shop.see(move |tenant| tenant.grants(now)).await[0].id;
        shop.app().decide(&dona, grant, true).await.expect("who is alone decides of themselves");
        assert_eq!(shop.number("SELECT COUNT(*) FROM access_review_item WHERE by_holder = 1").await, 1);
        assert_eq!(shop.number("SELECT COUNT(*) FROM access_review WHERE closed_at IS NULL").await, 0);
    }

    /// ASVS 6.4.4.
    async fn the_glass_is_broken_with_a_passkey_by_who_was_trusted_with_it(shop) {
        let (app, dona) = (shop.app(), owner(&shop).await);
        let (entry, mut bia) = joined(&shop, "bia", &[Role::Dispatch]).await;
        let before = app.break_glass(&bia, "banco fora do ar").await;
        assert!(matches!(before, Err(AccessError::NotAllowed)), "{before:?}");
        app.grant(&dona, bia.member, wish(Access::BreakGlass, None, &shop)).await.expect("she is trusted");
        bia = who(&shop, &entry).await.expect("her session");
        let by_password = app.break_glass(&bia, "banco fora do ar").await;
        assert!(matches!(by_password, Err(AccessError::Passkey)), "{by_password:?}");
        bia.standing.proof = domain::member::Proof::Passkey;
        app.break_glass(&bia, "banco fora do ar").await.expect("the glass breaks");
        assert!(who(&shop, &entry).await.expect("her session").granted.administers());
        assert!(told(&shop, dona.member).await.contains(&SecurityNotice::GlassBroken.as_str().to_owned()));
        shop.wait(Access::BROKEN_GLASS);
        let again = shop.see({ let (member, now) = (bia.member, shop.now()); move |tenant| tenant.granted(member, now) }).await;
        assert!(!again.administers(), "after an hour it is over");
    }
}
