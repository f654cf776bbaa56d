//! Everything that changes or reveals something has its event: each route that takes a form is
//! pressed, and its event has to appear. A new route is in the router's own table, so it is
//! asked for here before anybody remembers to.

mod drafts;
mod kits;
mod leaving;
mod members;
mod money;
mod pictures;
mod prices;
mod provider;
mod returns;
mod reveals;
mod sheets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use app::backup::Plan;
use app::backup::depot::Folder;
use app::provider::ProviderRules;
use app::{App, Parts};
use axum::Router;
use axum::body::{Body, to_bytes};
use domain::member::SecondFactorRule;
use domain::{Clock, ManualClock, PasskeyId, SeededEntropy};
use http::{HeaderMap, Method, Request, StatusCode, header};
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};
use serde_json::{Value, json};
use store::{Location, Store};
use tests::TestApp;
use tests::mailbox::Mailbox;
use tests::shop::{EMAIL, PASSWORD, PUBLIC_URL, SHOP};
use tower::ServiceExt as _;
use vault::Keyring;
use vault::passkey::Passkey;
use vault::password::{Cost, Passwords};
use web::WebConfig;

const SHARED: &str = "CAN-INOX-500";
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Routes that take a form and leave no event, and why. An entry that leaves one by now, or that
/// no route has any more, fails the test: this list only gets shorter.
const NO_EVENT: &[(&str, &str)] = &[
    ("/preferences", "how a page looks to its reader: nothing of the shop changes"),
    ("/security/read", "a member has read what they were told: nothing else changes"),
    ("/security/app", "a secret that counts once its first code came back, which has its event"),
    ("/security/passkeys/begin", "a question to a browser: what it answers has its event"),
    ("/sign-in/passkey/begin", "a question to a browser: what it answers has its event"),
    ("/sign-in/provider", "a browser is sent to the provider: what it comes back with has its event"),
    ("/confirm/provider", "the same"),
    ("/security/provider", "the same"),
    ("/hooks/{channel}/{door}", "a hint that nobody believes; what is read because of it has its event"),
];

/// Places that open a sealed value for a member, and the event of it.
const REVEALS: &[(&str, &str)] = &[
    ("crates/app/src/people.rs", "none: members see their own address in the top bar of their own pages"),
    ("crates/web/src/server/guard.rs", "none: the same address"),
    ("crates/app/src/disclosure.rs", "privacy.disclosed"),
    ("crates/app/src/register.rs", "request.read"),
    ("crates/app/src/factors.rs", "none: a member's own code is checked, or their new secret shown to them"),
    ("crates/app/src/leaving/along.rs", "organization.copied"),
    ("crates/web/src/server/desk.rs", "case.read"),
    ("crates/app/src/members.rs", "member.listed"),
    ("crates/web/src/server/members.rs", "member.listed"),
    ("crates/web/src/server/orders.rs", "recipient.revealed"),
];

fn router(app: App) -> Router {
    let config = WebConfig {
        secure_cookies: false,
        trusted_proxies: Vec::new(),
        pages_per_minute: None,
        hook_door: "door".to_owned(),
    };
    web::router(app, config)
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

async fn ask(router: &Router, method: Method, path: &str, cookie: &str, body: String) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .expect("a request");
    let (parts, body) = router.clone().oneshot(request).await.expect("an answer").into_parts();
    let bytes = to_bytes(body, LONGEST_ANSWER).await.expect("a whole answer");
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Somebody at a browser.
struct Visitor<'s> {
    shop: &'s TestApp,
    router: Router,
    /// What the browser keeps, by name.
    jar: BTreeMap<String, String>,
    cookie: String,
    csrf: String,
    pressed: BTreeSet<&'static str>,
}

impl<'s> Visitor<'s> {
    /// The owner, who signs in as people do.
    async fn comes(shop: &'s TestApp) -> Self {
        let mut visitor = Self::at_the_door(shop);
        let fields = [("email", EMAIL), ("password", PASSWORD)];
        visitor.press("/sign-in", "/sign-in", &fields, Some("session.opened")).await;
        let page = visitor.get("/orders").await.text;
        let token = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let csrf = token.expect("a form has its token").to_owned();
        Self { csrf, ..visitor }
    }

    /// Somebody who has not signed in.
    fn at_the_door(shop: &'s TestApp) -> Self {
        Self {
            shop,
            router: router(shop.app()),
            jar: BTreeMap::new(),
            cookie: String::new(),
            csrf: String::new(),
            pressed: BTreeSet::new(),
        }
    }

    /// Keeps what an answer gives the browser to keep.
    fn keeps(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|text| text.split(';').next());
            if let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        let kept: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.cookie = kept.join("; ");
    }

    async fn get(&self, path: &str) -> Answer {
        ask(&self.router, Method::GET, path, &self.cookie, String::new()).await
    }

    async fn events(&self, action: Option<&'static str>) -> i64 {
        self.shop
            .read(move |tx| match action {
                Some(action) => tx.row(
                    "SELECT COUNT(*) FROM audit_event WHERE action = $1",
                    store::params![action],
                    |row| row.get(0),
                ),
                None => tx.row("SELECT COUNT(*) FROM audit_event", &[], |row| row.get(0)),
            })
            .await
            .unwrap_or_default()
    }

    /// Presses a route's button; `told` is the event that has to appear, `None` for the routes
    /// of [`NO_EVENT`].
    async fn press(
        &mut self,
        route: &'static str,
        path: &str,
        fields: &[(&str, &str)],
        told: Option<&'static str>,
    ) -> Answer {
        let before = self.events(told).await;
        let body = form(&[fields, &[("csrf", self.csrf.as_str())]].concat());
        let answer = ask(&self.router, Method::POST, path, &self.cookie, body).await;
        let done = answer.status.is_success() || answer.status == StatusCode::SEE_OTHER;
        assert!(done, "{path} was not done: {} {}", answer.status, answer.text);
        let after = self.events(told).await;
        let excused = NO_EVENT.iter().any(|(excused, _)| *excused == route);
        if let Some(action) = told {
            assert!(after > before && !excused, "{path} left no {action}");
        } else {
            assert!(excused, "{route} has no event and no reason");
            assert_eq!(after, before, "{route} has an event: take it off the list");
        }
        self.pressed.insert(route);
        self.keeps(&answer);
        answer
    }

    /// Opens a page that changes or reveals something by being opened.
    async fn open(&self, path: &str, told: &'static str) -> Answer {
        let before = self.events(Some(told)).await;
        let answer = self.get(path).await;
        let done = answer.status.is_success() || answer.status == StatusCode::SEE_OTHER;
        assert!(done, "{path} was not shown: {}", answer.status);
        assert!(self.events(Some(told)).await > before, "{path} left no {told}");
        answer
    }

    /// Holds what was pressed against the router.
    async fn has_pressed_everything(&self) {
        for route in web::paths() {
            let path: Vec<&str> =
                route.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
            let nobody = ask(&self.router, Method::POST, &path.join("/"), "", String::new()).await;
            let takes_forms = nobody.status != StatusCode::METHOD_NOT_ALLOWED;
            let pressed = self.pressed.contains(route);
            assert_eq!(takes_forms, pressed, "{route}: press it in this test, and name its event");
        }
        for (route, _) in NO_EVENT {
            assert!(self.pressed.contains(route), "{route} is no route any more: take it off the list");
        }
    }
}

/// The application's number at the marketplace.
fn client(shop: &TestApp) -> u64 {
    shop.market().credentials().0.parse().expect("the app's id is a number")
}

/// An application that nobody owns yet, over a database of its own.
async fn unowned() -> (App, tempfile::TempDir) {
    let folder = tests::database::folder();
    let location: Location = tests::database::file_in(&folder);
    let store = tokio::task::spawn_blocking(move || Store::open(&location)).await.expect("the opening ends");
    let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(domain::Timestamp::from_millis(1_767_623_400_000)));
    let app = App::start(Parts {
        store: store.expect("the database opens"),
        keyring: Arc::new(Keyring::generate(&SeededEntropy::new(3))),
        passwords: Passwords::new(cost).expect("the cost is allowed"),
        channels: BTreeMap::new(),
        clock,
        entropy: Arc::new(SeededEntropy::new(4)),
        public_url: PUBLIC_URL.to_owned(),
        second_factor: SecondFactorRule::Offered,
        node: "node-1".into(),
        faults: None,
    });
    (app.await.expect("the application starts"), folder)
}

/// The owner's form behind the one-time link, at a house of its own.
async fn set_up_leaves_its_event() {
    let (app, _folder) = unowned().await;
    let link = app.setup_link().await.expect("a link is made").expect("nobody owns a fresh shop");
    let path = link.strip_prefix(PUBLIC_URL).expect("the link leads to us");
    let fields = [("email", EMAIL), ("password", PASSWORD), ("organization", "Casa Verde")];
    let answer = ask(&router(app.clone()), Method::POST, path, "", form(&fields)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let sql = "SELECT COUNT(*) FROM audit_event WHERE action = 'member.created'";
    let told = app.store().installation().read(move |tx| tx.row(sql, &[], |row| row.get::<i64>(0))).await;
    assert_eq!(told, Ok(Some(1)));
}

async fn things_of_the_shop_are_pressed(visitor: &mut Visitor<'_>) {
    let shop = visitor.shop;
    let number = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
    shop.run_until_idle().await;
    let order = shop.order(&number).await.expect("the order is held").id.to_string();
    for (what, told) in [("read", "order.read_asked"), ("export", "order.exported")] {
        let fields = [("do", what), ("order", order.as_str()), ("next", "/orders")];
        visitor.press("/orders/picked", "/orders/picked", &fields, Some(told)).await;
    }
    shop.run_until_idle().await;

    let fields = [("name", "A enviar"), ("filter", "state=to_dispatch")];
    visitor.press("/orders/views", "/orders/views", &fields, Some("view.saved")).await;
    let member = shop.member;
    let views = shop.see(move |tenant| tenant.views(member)).await;
    let path = format!("/orders/views/{}", views[0].id);
    let renamed = [("do", "rename"), ("name", "Para hoje")];
    visitor.press("/orders/views/{id}", &path, &renamed, Some("view.renamed")).await;
    visitor.press("/orders/views/{id}", &path, &[("do", "delete")], Some("view.deleted")).await;

    let sku = shop.sku(SHARED).await.id;
    let count = [("on_hand_units", "33"), ("safety_units", "2"), ("reason", "contagem")];
    visitor.press("/skus/{id}/adjust", &format!("/skus/{sku}/adjust"), &count, Some("sku.adjusted")).await;
    let sharing = [("mode", "auto"), ("threshold_units", "5")];
    let told = Some("sku.sharing_chosen");
    visitor.press("/skus/{id}/sharing", &format!("/skus/{sku}/sharing"), &sharing, told).await;
    kits::pressed(visitor, shop).await;
    returns::pressed(visitor, shop).await;
    let listing = shop.listings().await.into_iter().find(|it| it.sku == Some(sku)).expect("a linked listing");
    let path = format!("/listings/{}", listing.id);
    let away = visitor.press("/listings/export", "/listings/export", &[], Some("listing.exported")).await;
    let listings = visitor.shop.number("SELECT COUNT(*) FROM listing").await;
    assert_eq!(i64::try_from(away.text.lines().count()), Ok(listings + 1), "a heading and every listing");
    visitor.press("/listings/{id}/unlink", &format!("{path}/unlink"), &[], Some("listing.linked")).await;
    let (pick, code) = (format!("pick-{}", listing.id), sku.to_string());
    let picked = [(pick.as_str(), code.as_str())];
    visitor.press("/listings/proposals", "/listings/proposals", &picked, Some("listing.linked")).await;
    let code = [("sku", SHARED)];
    visitor.press("/listings/{id}/link", &format!("{path}/link"), &code, Some("listing.linked")).await;
    shop.run_until_idle().await;

    let bucket = [("do", "save"), ("title", "Balde"), ("rows", "1"), ("code-0", "BALDE"), ("version", "1")];
    visitor.press("/products", "/products", &bucket, Some("product.created")).await;
    let owner = shop.see(|tenant| tenant.code_owner("BALDE")).await.expect("its SKU is there");
    let (product, sku) = (owner.product.expect("its product, too"), owner.sku.to_string());
    let path = format!("/products/{product}");
    let changed = [&bucket[..], &[("sku-0", sku.as_str()), ("brand", "Casa Verde")]].concat();
    visitor.press("/products/{id}", &path, &changed, Some("product.changed")).await;
    pictures::are_pressed(visitor, &path).await;
    drafts::are_pressed(visitor).await;
    prices::are_pressed(visitor).await;
    let (away, route) = (format!("{path}/archive"), "/products/{id}/archive");
    visitor.press(route, &away, &[("do", "archive")], Some("product.archived")).await;

    sheets::are_pressed(visitor).await;
    money::is_pressed(visitor, &sku).await;
    let alike = [("problem", "refused"), ("kind", "push_stock")];
    visitor.press("/problems/retry", "/problems/retry", &alike, Some("job.revived")).await;
}

async fn buyers_are_pressed(visitor: &mut Visitor<'_>) {
    let on = [("search", "on")];
    visitor.press("/privacy/buyers", "/privacy/buyers", &on, Some("buyer_search.on")).await;
    let held = [("on", "buyer"), ("called", ""), ("reason", "processo 1"), ("review_by", "2026-02-05")];
    visitor.press("/privacy/holds", "/privacy/holds", &held, Some("hold.placed")).await;
    let placed = visitor.shop.see(|tenant| tenant.holds()).await.swap_remove(0).id;
    let path = format!("/privacy/holds/{placed}/lift");
    visitor.press("/privacy/holds/{id}/lift", &path, &[], Some("hold.lifted")).await;
    let name = [("buyer", "Benedita Nogueira"), ("filter", "")];
    visitor.press("/orders/buyer", "/orders/buyer", &name, Some("buyer.searched")).await;
    let off = [("search", "off")];
    visitor.press("/privacy/buyers", "/privacy/buyers", &off, Some("buyer_search.off")).await;

    let shop = visitor.shop;
    let item = shop.market().items_of(CLASSIC_SELLER, SHARED).swap_remove(0);
    let question = json!({"item_id": item, "text": "Serve na geladeira?"});
    shop.market().control(Method::POST, "/_sandbox/questions", &question);
    shop.run_until_idle().await;
    let cases = shop.see(|tenant| tenant.case_page(&store::cases::CaseFilter::default(), None)).await;
    let path = format!("/desk/{}", cases[0].id);
    visitor.open(&path, "case.read").await;
    let answer = [("verb", "reply"), ("text", "Serve sim.")];
    visitor.press("/desk/{id}/answer", &format!("{path}/answer"), &answer, Some("case.answered")).await;
    shop.run_until_idle().await;
}

/// Somebody asks for their data, and a member of the shop answers.
async fn the_privacy_centre_is_pressed(visitor: &mut Visitor<'_>, mailbox: &Mailbox) {
    let shop = visitor.shop;
    let mut person = Visitor::at_the_door(shop);
    let at = |last: &str| format!("/your-data/{}/{last}", shop.organization);
    let route = |last: &str| -> &'static str {
        web::paths()
            .into_iter()
            .find(|path| *path == format!("/your-data/{{organization}}/{last}"))
            .expect("a route")
    };
    let email = [("email", EMAIL)];
    person.press(route("code"), &at("code"), &email, Some("privacy.code_wanted")).await;
    shop.run_until_idle().await;
    let code = tests::mailbox::code_in(&mailbox.catcher.mails()[0].text);
    let shown = [("code", code.as_str())];
    person.press(route("code/show"), &at("code/show"), &shown, Some("privacy.code_shown")).await;
    let copy = [("form", "page"), ("regime", "lgpd")];
    person.press(route("copy"), &at("copy"), &copy, Some("privacy.disclosed")).await;
    let paper = [("form", "pdf"), ("regime", "lgpd")];
    let paper = person.press(route("copy"), &at("copy"), &paper, Some("privacy.disclosed")).await.text;
    for part in ["%PDF-1.7", EMAIL, SHOP, "gina 1 de ", "gina 2 de "] {
        assert!(paper.contains(part), "{part} is not in {paper}");
    }
    let asked = [("kind", "correct"), ("regime", "gdpr"), ("text", "Meu nome")];
    person.press(route("ask"), &at("ask"), &asked, Some("request.received")).await;
    person.press(route("leave"), &at("leave"), &[], Some("privacy.left")).await;
    visitor.pressed.append(&mut person.pressed);

    let open = shop.see(|tenant| tenant.requests()).await.into_iter().find(|row| row.ended_at.is_none());
    let path = format!("/privacy/requests/{}", open.expect("a request is open").id);
    visitor.open(&path, "request.read").await;
    let paper = visitor.open(&format!("{path}/pdf"), "request.read").await;
    assert!(paper.headers[header::CONTENT_TYPE] == "application/pdf" && paper.text.contains("(Meu nome) Tj"));
    let called = [("called", "Zuleica Inexistente")];
    let erased = Some("request.erased");
    visitor.press("/privacy/requests/{id}/erase", &format!("{path}/erase"), &called, erased).await;
    let answer = [("answer", "Corrigido."), ("outcome", "answered")];
    let answered = Some("request.answered");
    visitor.press("/privacy/requests/{id}/answer", &format!("{path}/answer"), &answer, answered).await;
    shop.run_until_idle().await;
}

/// A member's own sign-in: an app, its codes, a passkey that a browser gets wrong and one
/// that goes, a password, other sessions.
async fn sign_in_is_pressed(visitor: &mut Visitor<'_>) {
    let shop = visitor.shop;
    let security = |last: &str| format!("/security/{last}");
    visitor.press("/security/app", &security("app"), &[], None).await;
    let page = visitor.get("/security/app").await.text;
    let secret = page.split("<code>").nth(1).and_then(|rest| rest.split('<').next()).expect("a secret");
    let app = tests::authenticator::given(secret);
    let code = app.code(shop.now());
    let first = [("code", code.as_str())];
    visitor.press("/security/app/code", &security("app/code"), &first, Some("member.factor_added")).await;

    shop.wait(Duration::from_secs(vault::totp::STEP_SECONDS.unsigned_abs()));
    let mut elsewhere = Visitor::at_the_door(shop);
    let fields = form(&[("email", EMAIL), ("password", PASSWORD)]);
    let asked = ask(&elsewhere.router, Method::POST, "/sign-in", "", fields).await;
    elsewhere.keeps(&asked);
    let code = app.code(shop.now());
    let second = [("code", code.as_str())];
    elsewhere.press("/sign-in/second", "/sign-in/second", &second, Some("session.opened")).await;
    elsewhere.press("/sign-in/passkey/begin", "/sign-in/passkey/begin", &[], None).await;
    let wrong = [("credential", "{}")];
    elsewhere.press("/sign-in/passkey", "/sign-in/passkey", &wrong, Some("session.refused")).await;
    visitor.pressed.append(&mut elsewhere.pressed);

    visitor.press("/security/sessions/end", &security("sessions/end"), &[], Some("session.ended")).await;
    visitor.press("/security/codes", &security("codes"), &[], Some("member.codes_made")).await;
    visitor.press("/security/passkeys/begin", &security("passkeys/begin"), &[], None).await;
    let added = Some("member.factor_added");
    visitor.press("/security/passkeys", &security("passkeys"), &wrong, added).await;
    let (member, now) = (shop.member, shop.now());
    let id = PasskeyId::new(now, &SeededEntropy::new(8));
    let kept: Passkey =
        serde_json::from_value(json!({ "id": "cred", "key": { "kind": "ed_dsa", "key": "AA" },
                                                       "signatures": 0, "backed_up": false }))
        .expect("a passkey");
    let data = shop.app().organization(shop.organization);
    data.write(move |tenant| tenant.keep_passkey(id, member, "phone", &kept, now)).await.expect("it is kept");
    let gone = Some("member.factor_removed");
    let path = format!("/security/passkeys/{id}/remove");
    visitor.press("/security/passkeys/{id}/remove", &path, &[], gone).await;
    visitor.press("/security/app/remove", &security("app/remove"), &[], gone).await;
    let new = [("current", PASSWORD), ("password", "quatro bananas na janela")];
    visitor.press("/security/password", &security("password"), &new, Some("member.password_changed")).await;
    visitor.press("/security/read", &security("read"), &[], None).await;
    let asked = visitor.get("/confirm").await;
    visitor.keeps(&asked);
    visitor.press("/confirm", "/confirm", &new, Some("session.proven")).await;
}

async fn accounts_are_pressed(visitor: &mut Visitor<'_>) {
    let shop = visitor.shop;
    let begun = Some("connection.authorization_begun");
    let channel = [("channel", "mercado_livre")];
    let sent = visitor.press("/connections/new", "/connections/new", &channel, begun).await;
    let back: Vec<(String, String)> =
        shop.market().consent(sent.location(), FAMILY_SELLER, "approve").into_iter().collect();
    let back: Vec<(&str, &str)> = back.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let callback = format!("/connections/callback/mercado_livre?{}", form(&back));
    let landed = visitor.open(&callback, "connection.authorized").await;
    let path = landed.location().trim_end_matches("/plan").to_owned();
    for (route, told) in [
        ("/connections/{id}/import", "connection.import_started"),
        ("/connections/{id}/sweep", "connection.sweep_asked"),
        ("/connections/{id}/reconnect", "connection.authorization_begun"),
        ("/connections/{id}/disconnect", "connection.disconnected"),
    ] {
        let last = route.rsplit('/').next().unwrap_or_default();
        visitor.press(route, &format!("{path}/{last}"), &[], Some(told)).await;
        shop.run_until_idle().await;
    }
}

on_both! {
    /// ASVS 3.5.3, 14.3.1, 16.2.1, 16.3.1.
    async fn every_form_that_changes_something_leaves_its_event(shop) {
        shop.connect_classic().await;
        set_up_leaves_its_event().await;
        let mailbox = shop.gets_mailbox().await;
        let team = shop.gets_provider(ProviderRules::default()).await;
        let mut visitor = Visitor::comes(&shop).await;
        visitor.pressed.insert("/setup/{token}");
        things_of_the_shop_are_pressed(&mut visitor).await;
        buyers_are_pressed(&mut visitor).await;
        the_privacy_centre_is_pressed(&mut visitor, &mailbox).await;
        accounts_are_pressed(&mut visitor).await;
        members::are_pressed(&mut visitor).await;
        provider::is_pressed(&mut visitor, &team).await;
        sign_in_is_pressed(&mut visitor).await;
        let look = [("lang", "en"), ("theme", "dark"), ("next", "/orders")];
        visitor.press("/preferences", "/preferences", &look, None).await;
        let taken_out = [("filter", ""), ("form", "csv")];
        visitor.press("/audit/export", "/audit/export", &taken_out, Some("audit.exported")).await;
        let hook = "/hooks/mercado_livre/door";
        let body = json!({"topic": "orders_v2", "resource": "/orders/1", "user_id": 1, "application_id": client(&shop), "attempts": 1}).to_string();
        let before = visitor.events(None).await;
        let answer = ask(&visitor.router, Method::POST, hook, "", body).await;
        assert_eq!((answer.status, visitor.events(None).await), (StatusCode::OK, before), "{}", answer.text);
        visitor.pressed.insert("/hooks/{channel}/{door}");
        let folder = tests::database::folder();
        let depot = Arc::new(Folder::at(folder.path().join("backups")));
        let scratch = folder.path().join("scratch");
        shop.app().plan_backups(Plan { depot, every: Duration::from_hours(1), keep_days: 7, scratch });
        leaving::is_pressed(&mut visitor).await;
        visitor.press("/keys/rotate", "/keys/rotate", &[], Some("keys.rotation_begun")).await;
        shop.app().turn_keys().await.expect("the rotation ends");
        visitor.press("/backups/take", "/backups/take", &[], Some("backup.asked")).await;
        shop.app().do_waiting_run().await.expect("the backup ends");
        visitor.press("/backups/drill", "/backups/drill", &[], Some("backup.asked")).await;
        shop.app().do_waiting_run().await.expect("the drill ends");
        shop.run_until_idle().await;
        let left = visitor.press("/sign-out", "/sign-out", &[], Some("session.closed")).await;
        assert!(left.headers.contains_key("clear-site-data"), "nothing stays in the browser");
        let link = shop.app().recovery_link(EMAIL, "phone lost").await.expect("a link is made");
        let path = link.strip_prefix(PUBLIC_URL).expect("the link leads to us");
        let new = [("email", EMAIL), ("password", "cinco bananas na janela")];
        visitor.press("/recover/{token}", path, &new, Some("member.recovered")).await;
        shop.run_until_idle().await;
        visitor.has_pressed_everything().await;
    }

    /// ASVS 5.4.1.
    async fn an_export_holds_what_the_filter_shows_and_nobody_by_name(shop) {
        shop.connect_classic().await;
        shop.app().sequence_audit().await.expect("the events are sequenced");
        let mut visitor = Visitor::comes(&shop).await;
        let export = async |visitor: &mut Visitor<'_>, filter: &str, form: &str| {
            let fields = [("filter", filter), ("form", form)];
            let answer = visitor.press("/audit/export", "/audit/export", &fields, Some("audit.exported")).await;
            assert!(answer.headers[header::CONTENT_DISPOSITION].to_str().is_ok_and(|it| it.starts_with("attachment")));
            answer.text
        };
        let lines = export(&mut visitor, "kind=sku", "ocsf").await;
        let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
        let opened = shop.number("SELECT COUNT(*) FROM audit_event WHERE subject_kind = 'sku'").await;
        assert!(opened > 0);
        assert_eq!(i64::try_from(events.len()).ok(), Some(opened));
        for event in &events {
            assert_eq!(event["metadata"]["event_code"], "sku.opened");
            assert_eq!((event["class_uid"].as_u64(), event["metadata"]["version"].as_str()), (Some(6003), Some("1.8.0")));
            assert!(event["metadata"]["sequence"].is_u64(), "{event}");
        }
        let all = export(&mut visitor, "", "ocsf").await + &export(&mut visitor, "", "csv").await;
        assert!(all.contains("connection.import_started") && !all.contains(EMAIL) && !all.contains("dona"), "{all}");
        let refused = ask(&visitor.router, Method::POST, "/audit/export", &visitor.cookie,
                          form(&[("filter", "end=perhaps"), ("form", "csv"), ("csrf", &visitor.csrf)])).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    }

    async fn the_audit_page_is_narrowed_by_its_address_and_leads_to_things(shop) {
        shop.connect_classic().await;
        let number = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
        shop.run_until_idle().await;
        let order = shop.order(&number).await.expect("the order is held").id;
        let visitor = Visitor::comes(&shop).await;
        let page = visitor.get("/audit?kind=order&action=order.taken_in").await.text;
        assert!(page.contains(&format!("/orders/{order}")), "{page}");
        assert!(!page.contains("order.taken_in</small>"), "no raw words");
        let none = visitor.get("/audit?kind=order&end=refused").await.text;
        assert!(!none.contains(&format!("/orders/{order}")));
        let mine = visitor.get(&format!("/audit?who={}", shop.member)).await;
        assert_eq!(mine.status, StatusCode::OK);
        assert_eq!(visitor.get("/audit?end=perhaps").await.status, StatusCode::BAD_REQUEST);
    }

    async fn anybody_reads_the_newest_checkpoint_and_its_key_without_signing_in(shop) {
        let router = router(shop.app());
        let get = async |path: &str| ask(&router, Method::GET, path, "", String::new()).await;
        assert_eq!(get("/audit/checkpoint").await.status, StatusCode::NOT_FOUND, "nothing is signed yet");
        shop.app().sequence_audit().await.expect("the events are sequenced");
        let (note, key) = (get("/audit/checkpoint").await, get("/audit/verifier-key").await);
        let verifier: vault::LogVerifier = key.text.trim().parse().expect("a verifier key");
        let checkpoint = verifier.verify(&note.text).expect("the note as it was signed");
        assert_eq!(i64::try_from(checkpoint.size).ok(), Some(shop.number("SELECT COUNT(*) FROM audit_event").await));
        assert!(note.headers[header::CONTENT_TYPE].to_str().is_ok_and(|kind| kind.starts_with("text/plain")));
    }
}
