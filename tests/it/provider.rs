//! Signing in with the team's identity provider, and everything that is wrong with one.

use std::collections::BTreeMap;

use app::provider::ProviderRules;
use axum::Router;
use axum::body::{Body, to_bytes};
use connect::identity::{KEPT, KEYS_AGAIN};
use domain::limit::PROVIDER_PER_NETWORK;
use domain::member::{Proof, SecurityNotice};
use domain::retention::ERRAND_LIFE;
use domain::role::Role;
use http::{Method, Request, StatusCode, header};
use sandbox::identity::{
    Identity, IdentityAlgorithm, IdentityDocument, IdentityFault as Fault, IdentityFaultRule,
};
use tests::TestApp;
use tests::identity::TeamDoor;
use tests::shop::{EMAIL, PASSWORD};
use tower::ServiceExt as _;
use web::WebConfig;

const ANA: &str = "ana-0001";
const BIA: &str = "bia-0001";
const ANAS_ADDRESS: &str = "ana@casa.example";
const LONGEST_PAGE: usize = 1024 * 1024;
const CALLBACK: &str = app::provider::CALLBACK;

/// A provider whose word is as good as a password.
fn untrusted() -> ProviderRules {
    ProviderRules { domains: vec!["casa.example".into()], ..ProviderRules::default() }
}

/// One that is believed when it says `mfa`.
fn trusted() -> ProviderRules {
    ProviderRules { trusted_amr: vec!["mfa".into()], ..untrusted() }
}

struct Answer {
    status: StatusCode,
    location: String,
    refresh: String,
    text: String,
}

/// Somebody's browser.
struct Browser<'s> {
    shop: &'s TestApp,
    router: Router,
    jar: BTreeMap<String, String>,
}

impl<'s> Browser<'s> {
    fn of(shop: &'s TestApp) -> Self {
        let config = WebConfig {
            secure_cookies: false,
            trusted_proxies: Vec::new(),
            pages_per_minute: None,
            hook_door: "door".into(),
        };
        Self { shop, router: web::router(shop.app(), config), jar: BTreeMap::new() }
    }

    /// The owner's, signed in by the password.
    async fn of_owner(shop: &'s TestApp) -> Self {
        let mut browser = Self::of(shop);
        browser.press("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
        assert!(browser.jar.contains_key("session"), "the password is right");
        browser
    }

    async fn ask(&mut self, method: Method, path: &str, body: String) -> Answer {
        let cookies: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, cookies.join("; "))
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .expect("a request");
        let (parts, body) = self.router.clone().oneshot(request).await.expect("an answer").into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().expect("a cookie");
            let (name, value) = text.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            if text.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        let read = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (location, refresh) = (read(header::LOCATION).to_owned(), read(header::REFRESH).to_owned());
        let bytes = to_bytes(body, LONGEST_PAGE).await.expect("a page");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, location, refresh, text }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, String::new()).await
    }

    /// Presses a button; the form's token is taken from a page of the member's.
    async fn press(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = if self.jar.contains_key("session") {
            let page = self.get("/security").await.text;
            let token = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
            token.unwrap_or_default().to_owned()
        } else {
            String::new()
        };
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("csrf", &csrf);
        self.ask(Method::POST, path, form.finish()).await
    }

    /// Goes to the provider; returns where it was sent.
    async fn leaves(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.press(path, fields).await;
        let address = answer.refresh.strip_prefix("0; url=").unwrap_or_default();
        assert!(!address.is_empty(), "{path}: {} {} {:?}", answer.status, answer.location, self.said());
        address.to_owned()
    }

    /// Signs in with an account at the provider; returns where that leads.
    async fn comes_by(&mut self, team: &TeamDoor, sub: &str) -> String {
        let address = self.leaves("/sign-in/provider", &[("next", "/skus")]).await;
        let back = team.lets(&address, sub, true);
        self.get(&back).await.location
    }

    /// Links an account at the provider to the member who is signed in.
    async fn links(&mut self, team: &TeamDoor, sub: &str) -> String {
        let address = self.leaves("/security/provider", &[]).await;
        let back = team.lets(&address, sub, true);
        assert_eq!(self.get(&back).await.location, "/security");
        self.said()
    }

    /// What the last action said, without its beginning; forgotten then.
    fn said(&mut self) -> String {
        let flash = self.jar.remove("flash").unwrap_or_default();
        flash.split_once("flash-provider-").map(|(_, word)| word.to_owned()).unwrap_or_default()
    }

    fn is_in(&self) -> bool {
        self.jar.contains_key("session")
    }

    async fn standing(&self) -> domain::member::Standing {
        let token = self.jar.get("session").expect("a session");
        self.shop.app().session(token).await.expect("sessions are read").expect("it is good").standing
    }
}

/// A shop whose owner has linked Ana's account.
async fn linked(shop: &TestApp, rules: ProviderRules) -> TeamDoor {
    let team = shop.gets_provider(rules).await;
    assert_eq!(Browser::of_owner(shop).await.links(&team, ANA).await, "linked");
    team
}

fn strikes(fault: Fault, at: IdentityDocument) -> Vec<IdentityFaultRule> {
    vec![IdentityFaultRule { fault, at: Some(at), count: 1 }]
}

async fn refusals(shop: &TestApp) -> Vec<String> {
    let sql = "SELECT details FROM audit_event WHERE action = 'session.refused' ORDER BY id";
    shop.texts(sql).await
}

async fn count(shop: &TestApp, action: &'static str) -> i64 {
    shop.read(move |tx| {
        let sql = "SELECT COUNT(*) FROM audit_event WHERE action = $1";
        tx.row(sql, store::params![action], |row| row.get(0))
    })
    .await
    .unwrap_or_default()
}

async fn invite(shop: &TestApp, email: &str) {
    let owner = Browser::of_owner(shop).await;
    let token = owner.jar.get("session").expect("a session");
    let who = shop.app().session(token).await.unwrap().expect("a session");
    shop.app().invite(&who, email, &[Role::Dispatch], "expedição").await.expect("an invitation");
}

on_both! {
    /// ASVS 6.8.1, 7.2.4, 10.1.2, 10.2.1, 10.5.2.
    async fn a_linked_account_signs_its_member_in_with_a_new_session(shop) {
        let team = linked(&shop, untrusted()).await;
        let mut browser = Browser::of(&shop);
        assert!(browser.get("/sign-in").await.text.contains("/sign-in/provider"));
        browser.jar.insert("session".into(), "A".repeat(43));
        assert_eq!(browser.comes_by(&team, ANA).await, "/skus");
        assert_ne!(browser.jar["session"], "A".repeat(43), "what stood there before is worth nothing");
        assert!(!browser.jar.contains_key("errand"));
        assert_eq!(browser.standing().await.proof, Proof::Provider);
        assert_eq!(browser.get("/skus").await.status, StatusCode::OK);
        assert_eq!((count(&shop, "member.provider_linked").await, count(&shop, "session.vouched").await), (1, 1));
        let member = shop.member;
        let told: Vec<_> = shop.see(move |tenant| tenant.notices(member)).await.into_iter().map(|row| row.kind).collect();
        assert!(told.contains(&SecurityNotice::ProviderLinked.as_str().to_owned()), "{told:?}");
        for text in shop.texts("SELECT details || subject_id FROM audit_event").await {
            assert!(!text.contains(ANA) && !text.contains(ANAS_ADDRESS), "{text}");
        }
    }

    /// ASVS 6.8.2, 9.1.1, 9.1.2, 9.2.1, 9.2.3, 10.2.2, 10.5.1, 10.5.4.
    async fn whatever_is_wrong_with_an_answer_lets_nobody_in_and_says_what_to_do(shop) {
        let team = linked(&shop, untrusted()).await;
        let wrong = [
            (Fault::WrongNonce, "not-believed"), (Fault::WrongAudience, "not-believed"), (Fault::WrongIssuer, "not-believed"),
            (Fault::AlgNone, "not-believed"), (Fault::HmacWithPublicKey, "not-believed"), (Fault::UnknownKey, "not-believed"),
            (Fault::BadSignature, "not-believed"), (Fault::AnswerOfAnother, "not-believed"), (Fault::AnswerOfNobody, "not-believed"),
            (Fault::Expired, "clock"), (Fault::FromTheFuture, "clock"), (Fault::NoIdToken, "away"),
        ];
        for (fault, word) in wrong {
            let (mut browser, before) = (Browser::of(&shop), refusals(&shop).await.len());
            team.sandbox.fails_once(fault);
            assert_eq!(browser.comes_by(&team, ANA).await, "/sign-in?next=%2Fskus", "{fault:?}");
            assert_eq!((browser.said().as_str(), browser.is_in()), (word, false), "{fault:?}");
            assert_eq!(refusals(&shop).await.len(), before + 1, "{fault:?}");
            assert_eq!(browser.comes_by(&team, ANA).await, "/skus", "{fault:?} is over");
        }
        for at in [IdentityDocument::Token, IdentityDocument::Keys] {
            for fault in [Fault::ServerError, Fault::Html, Fault::Huge] {
                shop.wait(KEPT);
                let mut browser = Browser::of(&shop);
                team.sandbox.set_faults(strikes(fault, at));
                assert_eq!(browser.comes_by(&team, ANA).await, "/sign-in?next=%2Fskus", "{fault:?} {at:?}");
                assert_eq!((browser.said().as_str(), browser.is_in()), ("away", false), "{fault:?} {at:?}");
            }
        }
        let reasons = refusals(&shop).await.join("\n");
        assert!(reasons.contains("nonce") && reasons.contains("audience"), "{reasons}");
    }

    /// ASVS 10.5.3.
    async fn a_provider_that_is_away_or_another_one_is_told_before_anybody_leaves(shop) {
        let team = linked(&shop, untrusted()).await;
        for fault in [Fault::ServerError, Fault::Html, Fault::Huge, Fault::OtherName] {
            shop.wait(KEPT);
            team.sandbox.set_faults(strikes(fault, IdentityDocument::Discovery));
            if fault == Fault::OtherName {
                team.sandbox.fails_once(fault);
            }
            let mut browser = Browser::of(&shop);
            let answer = browser.press("/sign-in/provider", &[("next", "/skus")]).await;
            assert_eq!((answer.location.as_str(), browser.said().as_str()), ("/sign-in?next=%2Fskus", "away"), "{fault:?}");
        }
        assert_eq!(Browser::of(&shop).comes_by(&team, ANA).await, "/skus");
    }

    async fn a_turned_key_is_asked_for_once_and_not_at_a_strangers_will(shop) {
        let team = linked(&shop, untrusted()).await;
        for algorithm in [IdentityAlgorithm::Es256, IdentityAlgorithm::Rs256, IdentityAlgorithm::Ps256] {
            shop.wait(KEYS_AGAIN);
            team.sandbox.rotate(algorithm);
            assert_eq!(Browser::of(&shop).comes_by(&team, ANA).await, "/skus", "{algorithm:?}");
        }
        team.sandbox.rotate(IdentityAlgorithm::Es256);
        let mut browser = Browser::of(&shop);
        browser.comes_by(&team, ANA).await;
        assert_eq!(browser.said(), "not-believed", "they were asked for a moment ago");
        shop.wait(KEYS_AGAIN);
        assert_eq!(browser.comes_by(&team, ANA).await, "/skus");
    }

    /// ASVS 10.1.2, 10.2.1.
    async fn an_answer_is_taken_once_and_only_from_the_browser_that_left(shop) {
        let team = linked(&shop, untrusted()).await;
        let mut own = Browser::of(&shop);
        let address = own.leaves("/sign-in/provider", &[]).await;
        let back = team.lets(&address, ANA, true);
        // Somebody else's browser is led to that answer: with nothing, and with an errand of its own.
        let mut victim = Browser::of(&shop);
        assert_eq!(victim.get(&back).await.location, "/sign-in?next=%2F");
        assert_eq!((victim.said().as_str(), victim.is_in()), ("start-again", false));
        let theirs = victim.leaves("/sign-in/provider", &[]).await;
        victim.get(&back).await;
        assert_eq!((victim.said().as_str(), victim.is_in()), ("start-again", false));
        let theirs = team.lets(&theirs, ANA, true);
        assert!(victim.get(&theirs).await.location.starts_with('/') && victim.is_in(), "their own errand goes on");

        let errand = own.jar["errand"].clone();
        own.get(&back).await;
        assert!(own.is_in());
        let mut again = Browser::of(&shop);
        again.jar.insert("errand".into(), errand);
        again.get(&back).await;
        assert_eq!((again.said().as_str(), again.is_in()), ("start-again", false));

        // A code of another errand: the provider does not redeem it for this one's verifier.
        let mut one = Browser::of(&shop);
        let mine = one.leaves("/sign-in/provider", &[]).await;
        let stolen = team.lets(&own.leaves("/sign-in/provider", &[]).await, ANA, true);
        let state = url::Url::parse(&mine).unwrap().query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let code = stolen.split("code=").nth(1).and_then(|rest| rest.split('&').next()).unwrap();
        let iss: String = url::form_urlencoded::byte_serialize(team.sandbox.issuer().as_bytes()).collect();
        one.get(&format!("{CALLBACK}?state={state}&code={code}&iss={iss}")).await;
        assert_eq!((one.said().as_str(), one.is_in()), ("start-again", false));
        for odd in ["", "?state=a&state=b", "?code=%ff", "?state=&code=&iss=&error="] {
            let answer = Browser::of(&shop).get(&format!("{CALLBACK}{odd}")).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{odd}");
        }
    }

    async fn who_comes_back_too_late_or_says_no_begins_again(shop) {
        let team = linked(&shop, untrusted()).await;
        let mut browser = Browser::of(&shop);
        let address = browser.leaves("/sign-in/provider", &[("next", "/skus")]).await;
        browser.get(&team.lets(&address, ANA, false)).await;
        assert_eq!((browser.said().as_str(), browser.is_in()), ("denied", false));
        let address = browser.leaves("/sign-in/provider", &[]).await;
        shop.wait(ERRAND_LIFE);
        browser.get(&team.lets(&address, ANA, true)).await;
        assert_eq!((browser.said().as_str(), browser.is_in()), ("start-again", false));
    }

    /// ASVS 6.8.1.
    async fn an_address_alone_opens_nothing(shop) {
        let rules = ProviderRules { domains: vec!["loja.example".into(), "casa.example".into()], ..untrusted() };
        let team = shop.gets_provider(rules).await;
        let owners = Identity {
            sub: "somebody".into(), email: EMAIL.into(), email_verified: true, acr: None, amr: vec!["mfa".into()],
        };
        team.sandbox.welcome(owners);
        for sub in ["somebody", ANA] {
            let mut browser = Browser::of(&shop);
            assert_eq!(browser.comes_by(&team, sub).await, "/sign-in?next=%2Fskus");
            assert_eq!((browser.said().as_str(), browser.is_in()), ("not-linked", false), "{sub}");
        }
        assert_eq!(shop.number("SELECT COUNT(*) FROM provider_link").await, 0);
    }

    /// ASVS 6.4.1.
    async fn an_invitation_is_accepted_with_a_checked_address_of_a_known_domain(shop) {
        let team = shop.gets_provider(untrusted()).await;
        invite(&shop, ANAS_ADDRESS).await;
        let mut browser = Browser::of(&shop);
        team.sandbox.fails_once(Fault::UnverifiedEmail);
        browser.comes_by(&team, ANA).await;
        assert_eq!((browser.said().as_str(), browser.is_in()), ("not-linked", false));
        assert_eq!(browser.comes_by(&team, ANA).await, "/skus");
        assert_eq!(browser.get("/orders").await.status, StatusCode::OK, "with what the invitation says");
        assert_eq!(browser.get("/connections/new").await.status, StatusCode::FORBIDDEN, "and nothing else");
        assert_eq!(shop.number("SELECT COUNT(*) FROM invitation").await, 0);
        assert_eq!(Browser::of(&shop).comes_by(&team, ANA).await, "/skus", "and again later");

        let outside = Identity { sub: "eva".into(), email: "eva@fora.example".into(), email_verified: true, acr: None, amr: Vec::new() };
        team.sandbox.welcome(outside);
        invite(&shop, "eva@fora.example").await;
        let mut browser = Browser::of(&shop);
        browser.comes_by(&team, "eva").await;
        assert_eq!((browser.said().as_str(), browser.is_in()), ("not-linked", false), "the domain is not named");
    }

    /// ASVS 7.4.2.
    async fn whoever_left_stays_out(shop) {
        let team = shop.gets_provider(untrusted()).await;
        invite(&shop, ANAS_ADDRESS).await;
        let mut browser = Browser::of(&shop);
        assert_eq!(browser.comes_by(&team, ANA).await, "/skus");
        let owner = Browser::of_owner(&shop).await;
        let app = shop.app();
        let owner = app.session(&owner.jar["session"]).await.unwrap().unwrap();
        let ana = app.session(&browser.jar["session"]).await.unwrap().unwrap().member;
        app.leave(&owner, ana, "saiu da empresa").await.expect("she leaves");
        assert_eq!(browser.get("/orders").await.location, "/sign-in?next=%2Forders");
        let mut again = Browser::of(&shop);
        again.comes_by(&team, ANA).await;
        assert_eq!((again.said().as_str(), again.is_in()), ("not-linked", false));
        assert_eq!(shop.number("SELECT COUNT(*) FROM provider_link").await, 0);
    }

    async fn an_account_belongs_to_one_member_and_a_member_has_one(shop) {
        let team = shop.gets_provider(untrusted()).await;
        invite(&shop, ANAS_ADDRESS).await;
        Browser::of(&shop).comes_by(&team, ANA).await;
        let mut owner = Browser::of_owner(&shop).await;
        assert_eq!(owner.links(&team, ANA).await, "taken");
        assert_eq!(owner.links(&team, BIA).await, "linked");
        assert_eq!(owner.links(&team, BIA).await, "taken");
        assert!(owner.get("/security").await.text.contains("/security/provider/remove"));
        owner.press("/security/provider/remove", &[]).await;
        assert_eq!(owner.said(), "unlinked");
        let mut browser = Browser::of(&shop);
        browser.comes_by(&team, BIA).await;
        assert_eq!(browser.said(), "not-linked");
        assert_eq!(owner.links(&team, BIA).await, "linked");
    }

    /// ASVS 3.5.1, 7.5.1.
    async fn linking_wants_a_fresh_proof_the_forms_token_and_the_same_session(shop) {
        let team = shop.gets_provider(untrusted()).await;
        let mut owner = Browser::of_owner(&shop).await;
        let address = owner.leaves("/security/provider", &[]).await;
        let back = team.lets(&address, ANA, true);
        // The same browser, but somebody signed in anew meanwhile.
        owner.jar.remove("session");
        owner.press("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
        owner.get(&back).await;
        assert_eq!(owner.said(), "start-again");
        let forged = owner.ask(Method::POST, "/security/provider", "csrf=x".into()).await;
        assert_eq!((forged.status, forged.refresh.as_str()), (StatusCode::FORBIDDEN, ""));
        shop.wait(Proof::LIFE);
        let late = owner.press("/security/provider", &[]).await;
        assert!(late.location.starts_with("/confirm?next="), "{}", late.location);
        assert_eq!(shop.number("SELECT COUNT(*) FROM provider_link").await, 0);
    }

    /// ASVS 6.8.4.
    async fn a_proof_by_the_provider_has_to_be_fresh_and_of_the_same_account(shop) {
        let team = linked(&shop, untrusted()).await;
        let mut owner = Browser::of(&shop);
        owner.comes_by(&team, ANA).await;
        shop.wait(Proof::LIFE);
        let asked = owner.get("/connections/new").await.location;
        assert!(owner.get(&asked).await.text.contains("/confirm/provider"));
        let next = [("next", "/connections/new")];
        let address = owner.leaves("/confirm/provider", &next).await;
        assert!(address.contains("prompt=login") && address.contains("max_age=0"), "{address}");
        team.sandbox.fails_once(Fault::OldAuthTime);
        let back = team.lets(&address, ANA, true);
        assert_eq!(owner.get(&back).await.location, "/confirm?next=%2Fconnections%2Fnew");
        assert_eq!(owner.said(), "not-fresh");
        let back = team.lets(&owner.leaves("/confirm/provider", &next).await, BIA, true);
        owner.get(&back).await;
        assert_eq!(owner.said(), "other-account");
        let before = owner.jar["session"].clone();
        let back = team.lets(&owner.leaves("/confirm/provider", &next).await, ANA, true);
        assert_eq!(owner.get(&back).await.location, "/connections/new");
        assert_ne!(owner.jar["session"], before, "a proof gives the session another token");
        assert_eq!(owner.standing().await.proven_at, shop.now());
        assert_eq!(owner.get("/connections/new").await.status, StatusCode::OK);
    }

    /// ASVS 6.3.1.
    async fn whoever_goes_round_in_circles_waits(shop) {
        let _team = shop.gets_provider(untrusted()).await;
        let mut browser = Browser::of(&shop);
        for _ in 0..PROVIDER_PER_NETWORK.burst {
            browser.leaves("/sign-in/provider", &[]).await;
        }
        browser.press("/sign-in/provider", &[]).await;
        assert_eq!(browser.said(), "wait");
        shop.wait(PROVIDER_PER_NETWORK.every);
        browser.leaves("/sign-in/provider", &[]).await;
    }

    async fn without_a_provider_there_is_no_such_way(shop) {
        let mut browser = Browser::of(&shop);
        assert!(!browser.get("/sign-in").await.text.contains("/sign-in/provider"));
        assert_eq!(browser.press("/sign-in/provider", &[]).await.status, StatusCode::NOT_FOUND);
        let mut owner = Browser::of_owner(&shop).await;
        assert!(!owner.get("/security").await.text.contains("/security/provider"));
        assert_eq!(owner.press("/security/provider", &[]).await.status, StatusCode::NOT_FOUND);
    }
}

on_both! { demanding:
    /// ASVS 6.3.3, 6.8.4.
    async fn the_providers_word_is_a_second_factor_only_where_the_operator_says_so(shop) {
        let team = linked(&shop, trusted()).await;
        assert_eq!(Browser::of_owner(&shop).await.get("/orders").await.location, "/security", "a password alone is not enough");
        let mut ana = Browser::of(&shop);
        ana.comes_by(&team, ANA).await;
        assert_eq!(ana.standing().await.proof, Proof::TrustedProvider);
        assert_eq!((ana.get("/orders").await.status, ana.get("/members").await.status), (StatusCode::OK, StatusCode::OK));
        let weak = Identity { sub: ANA.into(), email: ANAS_ADDRESS.into(), email_verified: true, acr: None, amr: vec!["pwd".into()] };
        team.sandbox.welcome(weak);
        let mut once_more = Browser::of(&shop);
        once_more.comes_by(&team, ANA).await;
        assert_eq!(once_more.standing().await.proof, Proof::Provider);
        for path in ["/orders", "/members", "/connections/new", "/audit"] {
            assert_eq!(once_more.get(path).await.location, "/security", "{path}");
        }
    }

    /// ASVS 6.3.3.
    async fn whoever_has_a_second_factor_shows_it_after_the_provider(shop) {
        let team = linked(&shop, untrusted()).await;
        let app = shop.app();
        let mut owner = Browser::of(&shop);
        owner.comes_by(&team, ANA).await;
        let who = app.session(&owner.jar["session"]).await.unwrap().unwrap();
        app.begin_authenticator(&who).await.expect("an app is begun");
        let new = app.new_authenticator(&who, EMAIL).await.unwrap().expect("it waits for its code");
        let seed = tests::authenticator::given(&new.secret);
        app.confirm_authenticator(&who, &seed.code(shop.now())).await.expect("the first code is right");
        shop.wait(std::time::Duration::from_secs(30));
        let mut browser = Browser::of(&shop);
        assert_eq!(browser.comes_by(&team, ANA).await, "/sign-in/second?next=%2Fskus");
        assert!(!browser.is_in(), "nothing is open yet");
        let code = seed.code(shop.now());
        let answer = browser.press("/sign-in/second", &[("next", "/skus"), ("code", code.as_str())]).await;
        assert_eq!(answer.location, "/skus");
        assert_eq!(browser.standing().await.proof, Proof::Authenticator);
        shop.wait(Proof::LIFE);
        let asked = browser.get("/connections/new").await.location;
        assert!(!browser.get(&asked).await.text.contains("/confirm/provider"), "its word would not be enough");
        let address = browser.leaves("/confirm/provider", &[]).await;
        browser.get(&team.lets(&address, ANA, true)).await;
        assert_eq!(browser.said(), "not-enough");
    }
}
