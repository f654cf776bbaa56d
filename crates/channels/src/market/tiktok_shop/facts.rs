//! What is true of TikTok Shop, for `docs/channels.md`.

use domain::{ListingState, OrderState};
use serde_json::{Value, json};

use super::auth::SHORTEST_ACCESS_SPAN;
use super::orders::MAX_PARCELS;
use super::parcels::{self, Stage};
use super::tests::conformance::Kit;
use super::tests::{ORDER, PRODUCT, with};
use super::{map, wire};
use crate::market::document::Fact::{Has, Lacks};
use crate::market::document::{Case, Facts, GoodsFacts, Life, Sheet};

pub(in crate::market) use super::dispatch::facts::sheet as dispatch;
pub(in crate::market) use super::service::facts::sheet as service;

/// All that the document tells.
pub(in crate::market) fn sheet() -> Sheet {
    Sheet { harness: Box::new(Kit), facts: facts(), life: life() }
}

fn facts() -> Facts {
    Facts {
        pkce: Lacks("the consent page takes neither a challenge nor an address to come back to"),
        scopes: Has("switched on in the app's registration; the address names none"),
        account: "the list of shops that the token opens; of several, the one of the configured region",
        access_token: ("`access_token_expire_in`, an instant".into(), SHORTEST_ACCESS_SPAN),
        refresh_token: "replaced by each refresh; whether the old one goes on is not documented",
        consent_ends: ("`refresh_token_expire_in`, an instant; without one, no end", None),
        revoke: Lacks("only the seller ends a consent, in the seller centre"),
        calls_signed: Has(
            "HMAC-SHA-256 by the app's secret over path, query and body; only token calls are not",
        ),
        hooks_signed: Has("`Authorization`: HMAC-SHA-256 by the app's secret over its key and the raw body"),
        missed_hooks: Lacks("the platform keeps no list of them; the sweep heals them"),
        packages: format!(
            "one or several; the first {MAX_PARCELS} are read by themselves; none before payment"
        ),
        ship_by: "`rts_sla_time`, or else `shipping_due_time` of the order",
        sale_fee: Lacks("known only from the settlement"),
        sweep: "whole seconds, oldest first".into(),
        cancelled_in_sweep: Has("listed like others"),
        variations: Has("every product has at least one; each is a listing of its own"),
        shared_quantity: Lacks("each variation has its own"),
        permalink: Lacks("the API tells no address of a product's page"),
        stock_version: Lacks("a write follows its reading at once and is read back instead"),
        places: Has(
            "warehouses: the first by age takes the difference; where it holds too little, the fullest give first",
        ),
        fixed_units: "warehouses that the configuration names as the platform's; bundles are counted by the platform",
        max_quantity: "\"Update Inventory\"",
        prices: Has("the price without promotions, as text; only for a listing that is on sale and in none"),
        money: Has("expected sums; charged: fee by fee, as settled"),
        settlements: Has("statements, closed daily at 00:00 UTC, and their transactions"),
        buyers: Has(
            "name and CPF of the invoice, receiver's name and telephone number; masked where the platform ships",
        ),
        goods: GoodsFacts {
            categories: Has("the whole tree at once; the platform proposes one for a title"),
            attributes: Has(
                "attributes and rules of the category; papers that it wants are handed in by hand",
            ),
            owed: Lacks("the attributes tell what each value asks for besides"),
            pictures: Has("each says whether it shows the product or a variation"),
            publishing: Has("one call with all variations, in the default warehouse; on sale after an audit"),
            found_again: Has("by the seller's codes, and a key makes two tries one product"),
            end: Has("one call; recoverable at the platform"),
        },
    }
}

pub(super) fn life() -> Life {
    Life {
        status: "`status` of the order",
        words: &[
            "UNPAID",
            "ON_HOLD",
            "AWAITING_SHIPMENT",
            "PARTIALLY_SHIPPING",
            "AWAITING_COLLECTION",
            "IN_TRANSIT",
            "DELIVERED",
            "COMPLETED",
            "CANCELLED",
            "CANCEL",
        ],
        package: "`package_status`",
        package_words: ["TO_FULFILL", "PROCESSING", "FULFILLING", "COMPLETED", "CANCELLED"]
            .map(str::to_owned)
            .into(),
        place,
        state,
        cases: vec![
            case(
                "`AWAITING_SHIPMENT` with `is_buyer_request_cancel`",
                "AWAITING_SHIPMENT",
                &[("is_buyer_request_cancel", json!(true))],
            ),
            case(
                "`CANCELLED` with a `collection_time`",
                "CANCELLED",
                &[("collection_time", json!(1_794_313_000))],
            ),
            case(
                "`CANCELLED` with a `delivery_time`",
                "CANCELLED",
                &[("delivery_time", json!(1_794_313_000))],
            ),
            case("`CANCELLED`, the initiator is `BUYER`", "CANCELLED", &[by("BUYER")]),
            case("`CANCELLED`, the initiator is `SELLER`", "CANCELLED", &[by("SELLER")]),
            case("`CANCELLED` by anybody else", "CANCELLED", &[by("SYSTEM")]),
        ],
        listing_status: "`status` of the product",
        listing_words: &[
            "ACTIVATE",
            "DRAFT",
            "PENDING",
            "FAILED",
            "SELLER_DEACTIVATED",
            "SCHEDULED",
            "PLATFORM_DEACTIVATED",
            "FREEZE",
            "DELETED",
        ],
        listing,
    }
}

fn place(word: &str) -> &'static str {
    match Stage::of(word) {
        Stage::ToFulfil => "to be fulfilled",
        Stage::Arranged => "arranged",
        Stage::Away => "on its way",
        Stage::WithBuyer => "with the buyer",
        Stage::Cancelled => "off",
        Stage::Unknown => "unknown",
    }
}

fn state(word: &str, package: Option<&str>) -> OrderState {
    order_state(&[("status", json!(word)), by("BUYER")], package)
}

fn case(says: &'static str, status: &str, changes: &[(&str, Value)]) -> Case {
    let changes: Vec<_> = [("status", json!(status))].into_iter().chain(changes.iter().cloned()).collect();
    Case { says, state: order_state(&changes, None) }
}

fn by(initiator: &str) -> (&'static str, Value) {
    ("cancellation_initiator", json!(initiator))
}

fn order_state(changes: &[(&str, Value)], package: Option<&str>) -> OrderState {
    let places: Vec<(String, &Value)> =
        changes.iter().map(|(field, value)| (format!("/data/orders/0/{field}"), value)).collect();
    let changes: Vec<(&str, Value)> =
        places.iter().map(|(place, value)| (place.as_str(), (*value).clone())).collect();
    let found: wire::Envelope<wire::Orders> =
        serde_json::from_str(&with(ORDER, &changes)).expect("an order's answer");
    let orders = found.data.and_then(|found| found.orders).expect("orders");
    let mut parcels = parcels::of(&orders[0]).expect("packages");
    match package {
        Some(word) => parcels[0].status = word.to_owned(),
        None => parcels.clear(),
    }
    map::order(&orders[0], &parcels).expect("a snapshot").state
}

fn listing(word: &str) -> ListingState {
    let answer = with(PRODUCT, &[("/data/status", json!(word))]);
    let found: wire::Envelope<wire::Product> = serde_json::from_str(&answer).expect("a product's answer");
    let shown = map::product(&found.data.expect("a product"), &std::collections::BTreeSet::new());
    shown.expect("snapshots")[0].state
}
