//! Mercado Livre under the checks that hold for every channel.

use std::collections::BTreeMap;
use std::sync::Arc;

use connect::conformance::{Capability, CatalogueSamples, Harness, HookSample, Samples, Step, text};
use connect::{Account, Channel, HookEvent, HookRejection, HookSubject, ListingKey, Outbound, Window};
use domain::{Currency, Money};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::super::MercadoLivre;
use super::catalogue;
use super::{
    ITEM, ITEM_USER_PRODUCT, ITEMS_SEARCH, MISSED_FEEDS, NOTIFICATION, ORDER, ORDERS_SEARCH, SHIPMENT,
    SHIPMENT_ORDERS, SLA, TOKENS, USER, at, config, with,
};

connect::channel_conformance!(Kit);

const READ: &str = "/items/MLB4000000001?include_attributes=all";

pub(in crate::market) struct Kit;

fn fault(status: u16, code: &str) -> (u16, String) {
    (status, json!({ "message": "…", "error": code, "status": status, "cause": [] }).to_string())
}

fn hook(changes: &[(&str, Value)], reading: Result<Vec<HookEvent>, HookRejection>) -> HookSample {
    HookSample {
        url: super::HOOK_URL.into(),
        headers: HeaderMap::new(),
        body: with(NOTIFICATION, changes).into_bytes(),
        reading,
    }
}

fn event(topic: &str, subject: HookSubject) -> HookEvent {
    HookEvent {
        account_external_id: "100200300".into(),
        subject,
        topic: topic.into(),
        sent_at: Some(at("2026-11-10T13:00:06.129Z")),
    }
}

fn order(order: &str) -> Vec<Step> {
    vec![
        Step::get("/orders/2000010000000001").answer(200, order),
        Step::get("/shipments/44000000001").with_header("x-format-new", "true").answer(200, SHIPMENT),
        Step::get("/shipments/44000000001/sla").answer(200, SLA),
    ]
}

fn listings() -> Vec<Step> {
    let item = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let bulk = json!([
        { "id": "MLB4000000001", "status_code": 200, "body": item(ITEM) },
        { "id": "MLB4000000003", "status_code": 200, "body": item(ITEM_USER_PRODUCT) },
    ]);
    let changes = [
        ("/results", json!(["MLB4000000001", "MLB4000000003"])),
        ("/scroll_id", json!(null)),
        ("/paging/total", json!(2)),
    ];
    vec![
        Step::get("/users/100200300/items/search?search_type=scan&limit=100")
            .answer(200, &with(ITEMS_SEARCH, &changes)),
        Step::get("/items/bulk?ids=MLB4000000001%2CMLB4000000003&include_attributes=all")
            .answer(200, &bulk.to_string()),
    ]
}

fn search() -> Step {
    let target = "/orders/search?seller=100200300&order.date_last_updated.from=2026-11-10T12%3A00%3A00.000Z\
                  &order.date_last_updated.to=2026-11-10T14%3A00%3A00.000Z&sort=date_asc&limit=50&offset=0";
    Step::get(target).answer(200, ORDERS_SEARCH)
}

fn quantity(written: i64, shown: i64) -> Vec<Step> {
    let put = Step::put("/items/MLB4000000001").with_body(&format!(r#"{{"available_quantity":{written}}}"#));
    vec![put, Step::get(READ).answer(200, &with(ITEM, &[("/available_quantity", json!(shown))]))]
}

impl Harness for Kit {
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
        Arc::new(MercadoLivre::new(config(), outbound))
    }

    fn account(&self) -> Account {
        super::account()
    }

    fn samples(&self) -> Samples {
        Samples {
            code: text("TG-code"),
            callback: BTreeMap::new(),
            verifier: text("veri-fier"),
            redirect_uri: "https://hub.example/callback".into(),
            refresh_token: text("TG-old"),
            order_id: "2000010000000001".into(),
            shipment_id: "44000000001".into(),
            window: Window { from: at("2026-11-10T12:20:00Z"), to: at("2026-11-10T13:05:00Z") },
            key: ListingKey { external_id: "MLB4000000001".into(), variation_external_id: None },
            quantity_units: 3,
            price: Money::new(5_990, Currency::Brl),
        }
    }

    fn authorize_url(&self) -> String {
        "https://auth.example.com/authorization?response_type=code&client_id=1234567890123456\
         &redirect_uri=https%3A%2F%2Fhub.example%2Fcallback&state=st%2Fate\
         &code_challenge=chal-lenge&code_challenge_method=S256"
            .into()
    }

    fn secrets(&self, capability: Capability) -> Vec<String> {
        let secrets: &[&str] = if capability == Capability::Exchange {
            &["TG-code", "veri-fier", "app-secret"]
        } else if capability == Capability::Refresh {
            &["TG-old", "app-secret"]
        } else {
            &["APP_USR-access"]
        };
        secrets.iter().map(|&secret| secret.to_owned()).collect()
    }

    fn script(&self, capability: Capability) -> Option<Vec<Step>> {
        Some(match capability {
            Capability::Exchange | Capability::Refresh => {
                vec![Step::post("/oauth/token").answer(200, TOKENS)]
            }
            Capability::Identify => vec![Step::get("/users/me").answer(200, USER)],
            Capability::Revoke => {
                vec![Step::expect(Method::DELETE, "/users/100200300/applications/1234567890123456")]
            }
            Capability::FetchOrder => order(ORDER),
            Capability::OrdersOfShipment => {
                vec![Step::get("/shipments/44000000001/orders").answer(200, SHIPMENT_ORDERS)]
            }
            Capability::UpdatedOrders => vec![search()],
            Capability::PageOfListings => listings(),
            Capability::FetchListing => vec![Step::get(READ).answer(200, ITEM)],
            Capability::WriteStock => quantity(3, 3),
            Capability::WritePrice => vec![
                Step::get(READ).answer(200, ITEM),
                Step::put("/items/MLB4000000001").with_body(r#"{"price":59.90}"#),
                Step::get(READ).answer(200, &with(ITEM, &[("/price", json!(59.9))])),
            ],
            Capability::MissedHooks => {
                let target = "/missed_feeds?app_id=1234567890123456&topic=orders_v2&limit=10&offset=0";
                vec![Step::get(target).answer(200, MISSED_FEEDS)]
            }
            Capability::OrderMoney => super::finance::asked(ORDER, SHIPMENT, super::COSTS),
            Capability::SettledOrders => return None,
            Capability::BuyerOfOrder => super::buyers::asked(super::BILLING_INFO),
            Capability::Catalogue(call) => catalogue::script(call),
        })
    }

    fn needed_step(&self, capability: Capability) -> Option<usize> {
        match capability {
            Capability::Revoke | Capability::SettledOrders => None,
            Capability::WriteStock => Some(1),
            Capability::Exchange
            | Capability::Refresh
            | Capability::Identify
            | Capability::FetchOrder
            | Capability::OrdersOfShipment
            | Capability::UpdatedOrders
            | Capability::PageOfListings
            | Capability::FetchListing
            | Capability::WritePrice
            | Capability::MissedHooks
            | Capability::OrderMoney
            | Capability::BuyerOfOrder => Some(0),
            Capability::Catalogue(call) => Some(catalogue::needed(call)),
        }
    }

    fn token_refused(&self) -> (u16, String) {
        fault(401, "not_found")
    }

    fn consent_ended(&self) -> (u16, String) {
        fault(400, "invalid_grant")
    }

    fn permission_missing(&self) -> (u16, String) {
        (
            403,
            json!({ "code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES", "blocked_by": "PolicyAgent" })
                .to_string(),
        )
    }

    fn not_found(&self) -> (u16, String) {
        fault(404, "not_found")
    }

    fn order_with_status(&self, status: &str) -> Vec<Step> {
        order(&with(ORDER, &[("/status", json!(status))]))
    }

    fn order_with_total(&self, digits: &str, currency: Currency) -> Vec<Step> {
        let currency = format!(r#""currency_id":"{}""#, currency.code());
        let total = format!(r#""total_amount":{digits},"#);
        order(&ORDER.replace(r#""total_amount":100.0,"#, &total).replace(r#""currency_id":"BRL""#, &currency))
    }

    fn write_ignored(&self) -> Vec<Step> {
        let places = r#"{"locations":[{"type":"selling_address","quantity":7}]}"#;
        let mut steps = quantity(3, 7);
        let stock = Step::get("/user-products/MLBU3000000001/stock");
        steps.push(stock.answer(200, places).answer_header("x-version", "1"));
        steps
    }

    fn price_ignored(&self) -> Option<Vec<Step>> {
        let standard = r#"{"amount":49.9,"regular_amount":null,"currency_id":"BRL"}"#;
        Some(vec![
            Step::get(READ).answer(200, ITEM),
            Step::put("/items/MLB4000000001"),
            Step::get(READ).answer(200, ITEM),
            Step::get("/items/MLB4000000001/sale_price?context=channel_marketplace").answer(200, standard),
        ])
    }

    fn listing_with_status(&self, status: &str) -> Vec<Step> {
        vec![Step::get(READ).answer(200, &with(ITEM, &[("/status", json!(status))]))]
    }

    fn hook(&self) -> HookSample {
        hook(&[], Ok(vec![event("orders_v2", HookSubject::Order("2000010000000001".into()))]))
    }

    fn unknown_topic(&self) -> HookSample {
        let topic = [("/topic", json!("a_topic_of_tomorrow"))];
        hook(&topic, Ok(vec![event("a_topic_of_tomorrow", HookSubject::NotForUs)]))
    }

    fn refused_hooks(&self) -> Vec<HookSample> {
        vec![hook(&[("/application_id", json!(1))], Err(HookRejection::ForeignApp))]
    }

    fn catalogue(&self) -> Option<CatalogueSamples> {
        Some(catalogue::samples())
    }
}
