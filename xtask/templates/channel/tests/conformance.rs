//! Acme Market under the checks that hold for every channel.

use std::collections::BTreeMap;
use std::sync::Arc;

use connect::conformance::dispatch::{Dispatch, DispatchHarness, DispatchSamples};
use connect::conformance::parcels::{Parcelling, ParcelsHarness, ParcelsSamples};
use connect::conformance::service::{Service, ServiceHarness, ServiceSamples};
use connect::conformance::{Capability, CatalogueSamples, Harness, HookSample, Samples, Step, text};
use connect::service::{Reply, Verb};
use connect::{Account, Channel, HookEvent, HookRejection, HookSubject, ListingKey, Outbound, Window};
use domain::{CaseKey, Currency, Desk, Money};
use http::HeaderMap;
use serde_json::{Value, json};

use super::super::Acme;
use super::{
    ACCOUNT, ACCOUNT_ID, LISTING, LISTING_ID, LISTINGS_SEARCH, NOTIFICATION, ORDER, ORDER_ID, ORDERS_SEARCH,
    SECRET, SHIPMENT, SHIPMENT_ID, TOKEN, TOKENS, at, config, with,
};

connect::channel_conformance!(Kit);

/// What the checks call with, and what the platform answers. Addresses, fields and bodies
/// that nobody has read in its documents yet are called `not-told-yet`.
pub(in crate::market) struct Kit;

const PATH: &str = "/not-told-yet";

fn hook(changes: &[(&str, Value)], reading: Result<Vec<HookEvent>, HookRejection>) -> HookSample {
    HookSample {
        url: "https://hub.example/hooks/acme/door".into(),
        headers: HeaderMap::new(),
        body: with(NOTIFICATION, changes).into_bytes(),
        reading,
    }
}

fn event(topic: &str, subject: HookSubject) -> HookEvent {
    HookEvent { account_external_id: ACCOUNT_ID.into(), subject, topic: topic.into(), sent_at: None }
}

fn quantity(shown: i64) -> Vec<Step> {
    let shown = with(LISTING, &[("/not-told-yet", json!(shown))]);
    vec![Step::put(PATH), Step::get(PATH).answer(200, &shown)]
}

impl Harness for Kit {
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
        Arc::new(Acme::new(config(), outbound))
    }

    fn account(&self) -> Account {
        super::account()
    }

    fn samples(&self) -> Samples {
        Samples {
            code: text("a-code"),
            callback: BTreeMap::new(),
            verifier: text("veri-fier"),
            redirect_uri: "https://hub.example/callback".into(),
            refresh_token: text("refresh-old"),
            order_id: ORDER_ID.into(),
            shipment_id: SHIPMENT_ID.into(),
            window: Window { from: at("2026-11-10T12:20:00Z"), to: at("2026-11-10T13:05:00Z") },
            key: ListingKey { external_id: LISTING_ID.into(), variation_external_id: None },
            quantity_units: 3,
            price: Money::new(5_990, Currency::Brl),
        }
    }

    fn authorize_url(&self) -> String {
        "https://auth.example.com/not-told-yet?state=st%2Fate".into()
    }

    fn secrets(&self, capability: Capability) -> Vec<String> {
        let secrets: &[&str] = if capability == Capability::Exchange {
            &["a-code", SECRET]
        } else if capability == Capability::Refresh {
            &["refresh-old", SECRET]
        } else {
            &[TOKEN]
        };
        secrets.iter().map(|&secret| secret.to_owned()).collect()
    }

    fn script(&self, capability: Capability) -> Option<Vec<Step>> {
        Some(match capability {
            Capability::Exchange | Capability::Refresh => vec![Step::post(PATH).answer(200, TOKENS)],
            Capability::Identify => vec![Step::get(PATH).answer(200, ACCOUNT)],
            Capability::Revoke => vec![Step::post(PATH)],
            Capability::FetchOrder => vec![Step::get(PATH).answer(200, ORDER)],
            Capability::OrdersOfShipment => vec![Step::get(PATH).answer(200, SHIPMENT)],
            Capability::UpdatedOrders => vec![Step::get(PATH).answer(200, ORDERS_SEARCH)],
            Capability::PageOfListings => vec![Step::get(PATH).answer(200, LISTINGS_SEARCH)],
            Capability::FetchListing => vec![Step::get(PATH).answer(200, LISTING)],
            Capability::WriteStock => vec![Step::put(PATH), Step::get(PATH).answer(200, LISTING)],
            Capability::WritePrice
            | Capability::MissedHooks
            | Capability::OrderMoney
            | Capability::SettledOrders
            | Capability::BuyerOfOrder
            | Capability::Catalogue(_) => return None,
        })
    }

    fn needed_step(&self, capability: Capability) -> Option<usize> {
        match capability {
            Capability::Revoke
            | Capability::WritePrice
            | Capability::MissedHooks
            | Capability::OrderMoney
            | Capability::SettledOrders
            | Capability::BuyerOfOrder
            | Capability::Catalogue(_) => None,
            Capability::WriteStock => Some(1),
            Capability::Exchange
            | Capability::Refresh
            | Capability::Identify
            | Capability::FetchOrder
            | Capability::OrdersOfShipment
            | Capability::UpdatedOrders
            | Capability::PageOfListings
            | Capability::FetchListing => Some(0),
        }
    }

    fn token_refused(&self) -> (u16, String) {
        (401, "{}".into())
    }

    fn consent_ended(&self) -> (u16, String) {
        (400, "{}".into())
    }

    fn permission_missing(&self) -> (u16, String) {
        (403, "{}".into())
    }

    fn not_found(&self) -> (u16, String) {
        (404, "{}".into())
    }

    fn order_with_status(&self, status: &str) -> Vec<Step> {
        vec![Step::get(PATH).answer(200, &with(ORDER, &[("/not-told-yet", json!(status))]))]
    }

    /// The digits go in as text: a float would not hold them.
    fn order_with_total(&self, digits: &str, currency: Currency) -> Vec<Step> {
        let changes = [("/not-told-yet", json!(digits)), ("/not-told-yet", json!(currency.code()))];
        vec![Step::get(PATH).answer(200, &with(ORDER, &changes))]
    }

    fn write_ignored(&self) -> Vec<Step> {
        quantity(7)
    }

    fn price_ignored(&self) -> Option<Vec<Step>> {
        None
    }

    fn listing_with_status(&self, status: &str) -> Vec<Step> {
        vec![Step::get(PATH).answer(200, &with(LISTING, &[("/not-told-yet", json!(status))]))]
    }

    fn hook(&self) -> HookSample {
        hook(&[], Ok(vec![event("not-told-yet", HookSubject::Order(ORDER_ID.into()))]))
    }

    fn unknown_topic(&self) -> HookSample {
        let topic = "a_topic_of_tomorrow";
        hook(&[("/not-told-yet", json!(topic))], Ok(vec![event(topic, HookSubject::NotForUs)]))
    }

    fn refused_hooks(&self) -> Vec<HookSample> {
        vec![hook(&[], Err(HookRejection::BadSignature))]
    }
    /// Nothing is published there yet: docs/adding-a-channel.md, step 4.
    fn catalogue(&self) -> Option<CatalogueSamples> {
        None
    }
}

/// Service to buyers: none is told yet. Where the platform has it, its scripts come here, and
/// `connect::service_conformance!(Kit)` beside the line above.
impl ServiceHarness for Kit {
    fn service_samples(&self) -> ServiceSamples {
        let reply = Reply { verb: Verb::Reply, reason: None, text: None, reference: "ans_1".into() };
        ServiceSamples {
            question_id: "not-told-yet".into(),
            message_id: "not-told-yet".into(),
            thread_id: "not-told-yet".into(),
            key: CaseKey { desk: Desk::Returns, external_id: "not-told-yet".into() },
            text: reply.clone(),
            decision: reply,
            buyer_text: "not-told-yet".into(),
            seller_text: "not-told-yet".into(),
        }
    }

    fn service_script(&self, _: Service) -> Option<Vec<Step>> {
        None
    }

    fn done_already(&self, _: Service) -> Option<Vec<Step>> {
        None
    }

    fn case_with_status(&self, _: &str) -> Option<Vec<Step>> {
        None
    }
}

/// Nothing is dispatched yet. What is written gets its samples and scripts here, and
/// `connect::dispatch_conformance!(Kit)` beside the line above.
impl DispatchHarness for Kit {
    fn dispatch_samples(&self) -> Option<DispatchSamples> {
        None
    }

    fn dispatch_script(&self, _: Dispatch) -> Option<Vec<Step>> {
        None
    }

    fn dispatched_already(&self, _: Dispatch) -> Option<Vec<Step>> {
        None
    }

    fn arrangement_ignored(&self) -> Option<Vec<Step>> {
        None
    }

    fn package_with_status(&self, _: &str) -> Option<Vec<Step>> {
        None
    }

    fn invoice_missing(&self) -> Option<(Dispatch, Vec<Step>)> {
        None
    }
}

/// Nothing is split or combined yet. What is written gets its samples and scripts here, and
/// `connect::parcels_conformance!(Kit)` beside the line above.
impl ParcelsHarness for Kit {
    fn parcels_samples(&self) -> Option<ParcelsSamples> {
        None
    }

    fn parcels_script(&self, _: Parcelling) -> Option<Vec<Step>> {
        None
    }

    fn parcelled_already(&self, _: Parcelling) -> Option<Vec<Step>> {
        None
    }

    fn parcelling_ignored(&self, _: Parcelling) -> Option<Vec<Step>> {
        None
    }
}
