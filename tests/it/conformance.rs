//! The connector under the checks that hold for every channel, with the answers of the
//! sandbox instead of fixtures: each capability is performed once against the simulated
//! marketplace, and what was asked and answered becomes the script that is then spoilt.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use channels::market::mercado_livre::{Limits, MercadoLivre, MercadoLivreConfig};
use connect::conformance::{
    Capability, CatalogueCall, CatalogueSamples, Harness, HookSample, NOW, Samples, Step, now, text,
};
use connect::outbound::{BaseUrl, Outbound, Sending};
use connect::{
    Account, Channel, Consent, ErrorKind, HookEvent, HookRejection, HookSubject, ListingKey, Transport,
    Window, WireRequest, WireResponse,
};
use domain::{Clock, ConnectionId, Currency, ManualClock, Money, Restricted, Timestamp, TypedId};
use http::{HeaderMap, Method};
use sandbox::SaleRequest;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use serde_json::{Value, json};
use tests::Market;
use tests::market::{BASE_URL, HOOK_URL};
use url::{Position, form_urlencoded};

mod goods;
mod packages;
mod parcels;

macro_rules! checks {
    ($shelves:expr; $($check:ident)*) => {$(
        #[test]
        fn $check() {
            connect::conformance::checks::$check(&super::Recorded::of($shelves));
        }
    )*};
}

mod a_plain_seller {
    connect::channel_conformance!(recorded: super::Recorded::of(super::Shelves::One));
}

/// What writing depots makes different.
mod a_seller_with_depots {
    checks! { super::Shelves::Depots;
        a_quantity_is_written_and_read_back
        a_write_that_was_ignored_is_no_success
        a_failure_on_the_way_is_no_success
        an_answer_cut_anywhere_is_asked_for_again
        an_answer_that_is_no_json_is_garbled_and_retried
        a_refused_token_asks_for_the_next
        a_missing_permission_is_for_a_person
        a_field_of_tomorrow_is_harmless
        a_number_where_a_text_was_means_the_same
        a_key_that_climbs_is_never_written
    }
}

const REDIRECT: &str = "https://loja.example/connections/callback/mercado_livre";
/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SKU: &str = "CAN-INOX-500";
/// How long nobody answers the sandbox's hooks, so that it gives up on them.
const SILENCE: Duration = Duration::from_mins(90);

/// Where the seller keeps the units.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shelves {
    One,
    Depots,
}

/// The way to the sandbox, noting what passes.
#[derive(Debug, Clone)]
struct Recorder {
    market: Market,
    noted: Arc<Mutex<Noted>>,
}

#[derive(Debug, Default)]
struct Noted {
    steps: Vec<Step>,
    /// Answers writes with a yes and keeps them from the sandbox.
    ignores_writes: bool,
}

impl Recorder {
    fn noted(&self) -> std::sync::MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `perform` asked and was answered, and what came of it.
    fn record<T>(&self, perform: impl FnOnce() -> T) -> (T, Vec<Step>) {
        self.noted().steps.clear();
        let outcome = perform();
        (outcome, std::mem::take(&mut self.noted().steps))
    }
}

impl Transport for Recorder {
    fn send(&self, request: WireRequest) -> Sending<'_> {
        Box::pin(async move {
            let target = request.url[Position::BeforePath..].to_owned();
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let asked = Step::expect(request.method.clone(), &target).with_body(&body);
            let is_dispatch = ["/process/ready_to_ship", "/split"].iter().any(|end| target.ends_with(end));
            if self.noted().ignores_writes && (request.method == Method::PUT || is_dispatch) {
                self.noted().steps.push(asked);
                let (status, headers) = (http::StatusCode::OK, HeaderMap::new());
                return Ok(WireResponse { status, headers, body: b"{}".to_vec().into() });
            }
            let answer = self.market.send(request).await?;
            let mut step = asked.answer_bytes(answer.status.as_u16(), &answer.body);
            if let Some(version) = answer.headers.get("x-version").and_then(|value| value.to_str().ok()) {
                step = step.answer_header("x-version", version);
            }
            self.noted().steps.push(step);
            Ok(answer)
        })
    }
}

/// Everything that the kit asks for, as it went in front of the sandbox.
struct Recorded {
    shelves: Shelves,
    config: MercadoLivreConfig,
    account: Account,
    samples: Samples,
    secrets: Vec<(Capability, Vec<String>)>,
    scripts: Vec<(Capability, Vec<Step>)>,
    quantity_ignored: Vec<Step>,
    price_ignored: Vec<Step>,
    hook: Value,
    /// Publishing, which depots change nothing of but one address.
    goods: Option<CatalogueSamples>,
    /// Dispatch, which depots change nothing of at all.
    packages: Option<packages::Recording>,
    parcels: Option<parcels::Recording>,
}

impl Recorded {
    fn of(shelves: Shelves) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let market = Market::new(7, clock.clone(), REDIRECT);
        let recorder = Recorder { market: market.clone(), noted: Arc::default() };
        let config = config(&market);
        let transport: Arc<dyn Transport> = Arc::new(recorder.clone());
        let channel = MercadoLivre::new(config.clone(), Arc::new(Outbound::new(transport, clock.clone())));
        let mut scripts = Vec::new();

        let url = channel.authorization().authorize_url("state", CHALLENGE, REDIRECT);
        let mut callback = market.consent(&url, CLASSIC_SELLER, "approve");
        let code = text(&callback.remove("code").expect("the seller consents"));
        let verifier = text(VERIFIER);
        let consent = Consent { code: &code, fields: &callback, verifier: &verifier, redirect_uri: REDIRECT };
        let (first, steps) = recorder.record(|| now(channel.authorization().exchange(consent)));
        scripts.push((Capability::Exchange, steps));
        let first = first.expect("the code is good");
        let refresh_token = first.refresh_token.expect("a lasting consent");
        let mut account = Account {
            connection: ConnectionId::from_bytes([1; 16]),
            external_id: CLASSIC_SELLER.to_string(),
            handle: None,
            access_token: first.access_token.clone(),
        };
        let (second, steps) =
            recorder.record(|| now(channel.authorization().refresh(&account, &refresh_token)));
        let issued = json_of(&steps[0]);
        scripts.push((Capability::Refresh, steps));
        account.access_token = second.expect("the refresh token is good").access_token;

        let key = prepare(&market, shelves);
        let order_id = market.sandbox().sell(&SaleRequest::of_item(&key, 2)).expect("the item is on sale")[0];
        let hook = stay_silent(&market, &clock, order_id);
        let shipment_id = market.sandbox().with_world(|world| world.orders[&order_id].shipment_id);
        let samples = Samples {
            code,
            callback,
            verifier,
            redirect_uri: REDIRECT.to_owned(),
            refresh_token,
            order_id: order_id.to_string(),
            shipment_id: shipment_id.expect("a parcel was made").to_string(),
            window: Window { from: NOW, to: clock.now() },
            key: ListingKey { external_id: key, variation_external_id: None },
            quantity_units: 3,
            price: Money::new(5_990, Currency::Brl),
        };
        let mut all = Self {
            shelves,
            secrets: secrets(&config, &samples, &issued),
            config,
            account,
            samples,
            scripts,
            quantity_ignored: Vec::new(),
            price_ignored: Vec::new(),
            hook,
            goods: None,
            packages: None,
            parcels: None,
        };
        if shelves == Shelves::One {
            all.record_goods(&channel, &recorder, &clock);
        }
        all.record_calls(&channel, &recorder);
        all
    }

    fn record_goods(&mut self, channel: &dyn Channel, recorder: &Recorder, clock: &ManualClock) {
        let (samples, scripts) = goods::record(channel, recorder, &self.account, clock);
        self.goods = Some(samples);
        self.scripts.extend(scripts);
        let key = &self.samples.key.external_id;
        self.packages = Some(packages::record(channel, recorder, &self.account, clock, key));
        self.parcels = Some(parcels::record(channel, recorder, &self.account, clock, key));
    }

    fn record_calls(&mut self, channel: &dyn Channel, recorder: &Recorder) {
        let (account, it) = (&self.account, &self.samples);
        let prices = channel.prices().expect("the channel writes prices");
        let missed = channel.missed_hooks().expect("the channel keeps missed hooks");
        let stock = || now(channel.stock().write(account, &it.key, it.quantity_units));
        let price = || now(prices.write(account, &it.key, it.price));

        recorder.noted().ignores_writes = true;
        let (outcome, steps) = recorder.record(stock);
        assert_eq!(outcome.expect_err("an ignored write").kind, ErrorKind::WriteNotApplied);
        self.quantity_ignored = steps;
        let (outcome, steps) = recorder.record(price);
        assert_eq!(outcome.expect_err("an ignored write").kind, ErrorKind::WriteNotApplied);
        self.price_ignored = steps;
        recorder.noted().ignores_writes = false;

        let mut keep = |capability, steps| self.scripts.push((capability, steps));
        keep(Capability::Identify, recorder.record(|| now(channel.authorization().identify(account))).1);
        keep(
            Capability::FetchOrder,
            recorder.record(|| now(channel.orders().fetch(account, &it.order_id))).1,
        );
        let of_shipment = || now(channel.orders().of_shipment(account, &it.shipment_id));
        keep(Capability::OrdersOfShipment, recorder.record(of_shipment).1);
        let updated = || now(channel.orders().updated_in(account, it.window, None));
        keep(Capability::UpdatedOrders, recorder.record(updated).1);
        keep(Capability::PageOfListings, recorder.record(|| now(channel.listings().page(account, None))).1);
        let listing = || now(channel.listings().fetch(account, &it.key.external_id));
        keep(Capability::FetchListing, recorder.record(listing).1);
        keep(Capability::WriteStock, recorder.record(stock).1);
        keep(Capability::WritePrice, recorder.record(price).1);
        keep(Capability::MissedHooks, recorder.record(|| now(missed.page(account, None))).1);
        let finance = channel.finance().expect("the channel tells what it charges");
        keep(Capability::OrderMoney, recorder.record(|| now(finance.of_order(account, &it.order_id))).1);
        let buyers = channel.buyers().expect("the channel tells who bought");
        keep(Capability::BuyerOfOrder, recorder.record(|| now(buyers.of_order(account, &it.order_id))).1);
        keep(Capability::Revoke, recorder.record(|| now(channel.authorization().revoke(account))).1);
    }

    fn steps(&self, capability: Capability) -> Vec<Step> {
        let found = self.scripts.iter().find(|(recorded, _)| *recorded == capability);
        found.map(|(_, steps)| steps.clone()).expect("each capability was recorded")
    }

    /// A script whose first answer is changed.
    fn changed(&self, capability: Capability, change: impl FnOnce(&mut Value)) -> Vec<Step> {
        let mut steps = self.steps(capability);
        let mut answer = json_of(&steps[0]);
        change(&mut answer);
        steps[0] = steps[0].clone().map_body(|_| answer.to_string());
        steps
    }

    fn hook_with(&self, field: &str, value: Value) -> Vec<u8> {
        let mut hook = self.hook.clone();
        hook[field] = value;
        hook.to_string().into_bytes()
    }

    fn event(&self, topic: &str, subject: HookSubject) -> HookEvent {
        HookEvent {
            account_external_id: self.account.external_id.clone(),
            subject,
            topic: topic.to_owned(),
            sent_at: self.hook["sent"].as_str().and_then(Timestamp::parse),
        }
    }
}

fn config(market: &Market) -> MercadoLivreConfig {
    let (client_id, client_secret) = market.credentials();
    let base = BaseUrl::parse(BASE_URL).expect("the address is one of this machine");
    MercadoLivreConfig {
        site: "MLB".into(),
        client_id,
        client_secret,
        api_base: base.clone(),
        auth_base: base,
        limits: Limits::default(),
    }
}

/// Leaves the seller two listings of one SKU, which keeps the scripts short, and gives
/// depots if that is asked for. Returns the first listing.
fn prepare(market: &Market, shelves: Shelves) -> String {
    let kept = market.items_of(CLASSIC_SELLER, SKU);
    market.sandbox().with_world(|world| {
        world.items.retain(|id, item| item.seller_id != CLASSIC_SELLER || kept.contains(id));
    });
    if shelves == Shelves::Depots {
        let tags = json!({ "tags": ["normal", "warehouse_management", "multiwarehouse"] });
        market.control(Method::PUT, &format!("/_sandbox/users/{CLASSIC_SELLER}"), &tags);
    }
    kept.into_iter().next().expect("the seed has the SKU")
}

/// Answers no hook until the sandbox gives up; returns the order's hook.
fn stay_silent(market: &Market, clock: &ManualClock, order_id: i64) -> Value {
    let (end, resource) = (clock.now().plus(SILENCE), format!("/orders/{order_id}"));
    let mut hook = Value::Null;
    while clock.now() < end {
        clock.advance(Duration::from_mins(1));
        for delivery in market.sandbox().tick(clock.now()) {
            let body: Value = serde_json::from_str(&delivery.body).expect("hooks are JSON");
            if body["resource"] == resource.as_str() {
                hook = body;
            }
            market.sandbox().hook_result(delivery.id, None, Duration::ZERO);
        }
    }
    assert!(hook.is_object(), "the order was announced");
    hook
}

fn json_of(step: &Step) -> Value {
    serde_json::from_slice(step.body()).expect("the sandbox answers JSON")
}

fn secrets(config: &MercadoLivreConfig, it: &Samples, issued: &Value) -> Vec<(Capability, Vec<String>)> {
    let shown = |secret: &Restricted<String>| {
        let grant = domain::Grant::issue(
            domain::Actor::system("test"),
            domain::Purpose::CallChannel,
            Timestamp::EPOCH,
        );
        secret.reveal(&grant).clone()
    };
    let app = shown(&config.client_secret);
    let access = issued["access_token"].as_str().unwrap_or_default().to_owned();
    let of = |capability| {
        if capability == Capability::Exchange {
            vec![shown(&it.code), VERIFIER.to_owned(), app.clone()]
        } else if capability == Capability::Refresh {
            vec![shown(&it.refresh_token), app.clone()]
        } else {
            vec![access.clone()]
        }
    };
    Capability::ALL.into_iter().map(|capability| (capability, of(capability))).collect()
}

impl Harness for Recorded {
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
        Arc::new(MercadoLivre::new(self.config.clone(), outbound))
    }

    fn account(&self) -> Account {
        self.account.clone()
    }

    fn samples(&self) -> Samples {
        self.samples.clone()
    }

    fn authorize_url(&self) -> String {
        let redirect: String = form_urlencoded::byte_serialize(REDIRECT.as_bytes()).collect();
        format!(
            "{BASE_URL}/authorization?response_type=code&client_id={}&redirect_uri={redirect}\
             &state=st%2Fate&code_challenge=chal-lenge&code_challenge_method=S256",
            self.config.client_id
        )
    }

    fn secrets(&self, capability: Capability) -> Vec<String> {
        let found = self.secrets.iter().find(|(held, _)| *held == capability);
        found.map(|(_, secrets)| secrets.clone()).unwrap_or_default()
    }

    fn script(&self, capability: Capability) -> Option<Vec<Step>> {
        // Who was paid out is told elsewhere.
        let is_told = capability != Capability::SettledOrders;
        let has_goods = self.goods.is_some() || !matches!(capability, Capability::Catalogue(_));
        (is_told && has_goods).then(|| self.steps(capability))
    }

    fn needed_step(&self, capability: Capability) -> Option<usize> {
        match (capability, self.shelves) {
            (Capability::Revoke | Capability::SettledOrders, _) => None,
            (Capability::Catalogue(CatalogueCall::TakeDown | CatalogueCall::PutUp), _)
            | (Capability::WriteStock, Shelves::One) => Some(1),
            // The listing's own answer shows the old quantity; its places decide.
            (Capability::WriteStock, Shelves::Depots) => Some(2),
            (_, _) => Some(0),
        }
    }

    fn token_refused(&self) -> (u16, String) {
        (401, r#"{"code":"unauthorized","message":"invalid access token"}"#.into())
    }

    fn consent_ended(&self) -> (u16, String) {
        let body = json!({ "error_description": "…", "error": "invalid_grant", "status": 400, "cause": [] });
        (400, body.to_string())
    }

    fn permission_missing(&self) -> (u16, String) {
        (403, json!({ "status": 403, "error": "Invalid scopes", "code": "FORBIDDEN" }).to_string())
    }

    fn not_found(&self) -> (u16, String) {
        (404, json!({ "message": "…", "error": "not_found", "status": 404, "cause": [] }).to_string())
    }

    fn order_with_status(&self, status: &str) -> Vec<Step> {
        self.changed(Capability::FetchOrder, |order| order["status"] = json!(status))
    }

    fn order_with_total(&self, digits: &str, currency: Currency) -> Vec<Step> {
        let mut steps = self.changed(Capability::FetchOrder, |order| {
            order["total_amount"] = json!("the total");
            order["currency_id"] = json!(currency.code());
        });
        steps[0] = steps[0].clone().map_body(|body| body.replace(r#""the total""#, digits));
        steps
    }

    fn write_ignored(&self) -> Vec<Step> {
        self.quantity_ignored.clone()
    }

    fn price_ignored(&self) -> Option<Vec<Step>> {
        Some(self.price_ignored.clone())
    }

    fn listing_with_status(&self, status: &str) -> Vec<Step> {
        self.changed(Capability::FetchListing, |item| item["status"] = json!(status))
    }

    fn hook(&self) -> HookSample {
        let event = self.event("orders_v2", HookSubject::Order(self.samples.order_id.clone()));
        let body = self.hook.to_string().into_bytes();
        HookSample { url: HOOK_URL.into(), headers: HeaderMap::new(), body, reading: Ok(vec![event]) }
    }

    fn unknown_topic(&self) -> HookSample {
        let body = self.hook_with("topic", json!("a_topic_of_tomorrow"));
        let reading = Ok(vec![self.event("a_topic_of_tomorrow", HookSubject::NotForUs)]);
        HookSample { url: HOOK_URL.into(), headers: HeaderMap::new(), body, reading }
    }

    fn refused_hooks(&self) -> Vec<HookSample> {
        let body = self.hook_with("application_id", json!(1));
        vec![HookSample {
            url: HOOK_URL.into(),
            headers: HeaderMap::new(),
            body,
            reading: Err(HookRejection::ForeignApp),
        }]
    }
    fn catalogue(&self) -> Option<CatalogueSamples> {
        self.goods.clone()
    }
}
