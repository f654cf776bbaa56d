//! What is true of Mercado Livre, for `docs/channels.md`.

use domain::{ListingState, OrderState};
use serde_json::{Value, json};

use super::auth::{CONSENT_SPAN, SHORTEST_ACCESS_SPAN};
use super::goods::{self, Goods, PENDING, READY, READY_YET_AWAY};
use super::tests::conformance::Kit;
use super::tests::{ITEM, ORDER, SHIPMENT, with};
use super::{Limits, map, wire};
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
        pkce: Has("S256; whether it is due is a switch of the app's registration"),
        scopes: Has("switched on in the app's registration; the address names none"),
        account: "`user_id` beside the tokens, or the end of the access token",
        access_token: ("`expires_in` seconds".into(), SHORTEST_ACCESS_SPAN),
        refresh_token: "works once",
        consent_ends: ("six months, counted short", Some(CONSENT_SPAN)),
        revoke: Has("the call below"),
        calls_signed: Lacks("the bearer token alone authorises a call"),
        hooks_signed: Lacks(
            "the platform signs nothing; the door's secret address, the app's id and the form of what is named are checked",
        ),
        missed_hooks: Has("listed for the whole app; those of other sellers are passed over"),
        packages: "one shipment, shared by the orders of a pack; none in the first moments".into(),
        ship_by: "asked for apart, while the seller has the goods and not for Full",
        sale_fee: Has("of one unit in the order, kept for the line"),
        sweep: format!(
            "whole hours; a span of more than {} orders is halved",
            Limits::default().orders_offset_ceiling
        ),
        cancelled_in_sweep: Lacks("the search leaves them out; open orders are read again by their id"),
        variations: Has("`variations`, each with an id, a quantity and a price; most items have none"),
        shared_quantity: Has("items of one user product"),
        permalink: Has("`permalink`"),
        stock_version: Has("`x-version` of a user product's places; a listing's own quantity has none"),
        places: Has(
            "depots: the first by age takes the difference; where it holds too little, the fullest give first",
        ),
        fixed_units: "Full (`meli_facility`) and places of unknown kinds count and stay; Full alone is read only",
        max_quantity: "undocumented: what the seller centre takes",
        prices: Has("the price without promotions; under one, `sale_price` tells whether it holds"),
        money: Has(
            "sale fees of the lines; charged: fees of the payments and, once it has arrived, the parcel's costs",
        ),
        settlements: Lacks(
            "only Mercado Pago tells what was paid out, to an application and a token of its own",
        ),
        buyers: Has("name and CPF or CNPJ of the billing data; no telephone number"),
        goods: GoodsFacts {
            categories: Has("level by level; the predictor proposes up to eight for a title"),
            attributes: Has("settings and attributes of the category; a brand is one of them"),
            owed: Has("asked with the whole offer (`conditional`)"),
            pictures: Has("larger ones are shown with 1920 px"),
            publishing: Has(
                "one call; a seller of user products has a listing for each variant, others variations of one",
            ),
            found_again: Has("by the seller's codes: the platform knows no repeated try"),
            end: Has("closed, then deleted; a deletion right after closing is tried again"),
        },
    }
}

pub(super) fn life() -> Life {
    Life {
        status: "`status` of the order",
        words: &[
            "confirmed",
            "payment_required",
            "payment_in_process",
            "partially_paid",
            "paid",
            "partially_refunded",
            "pending_cancel",
            "cancelled",
            "invalid",
        ],
        package: "`status`/`substatus` of the shipment",
        package_words: package_words(),
        place,
        state,
        cases: vec![
            case("`paid` with the tag `delivered`, no shipment", "paid", &[("/tags", json!(["delivered"]))]),
            case("`paid` with the tag `unfulfilled`", "paid", &[("/tags", json!(["unfulfilled"]))]),
            case(
                "`paid` with the tag `fraud_risk_detected`",
                "paid",
                &[("/tags", json!(["fraud_risk_detected"]))],
            ),
            case("`cancelled`, `cancel_detail.group` is `buyer`", "cancelled", &[by("buyer")]),
            case("`cancelled`, `cancel_detail.group` is `seller`", "cancelled", &[by("seller")]),
            case("`cancelled` by any other group", "cancelled", &[by("fraud")]),
        ],
        listing_status: "`status` of the item",
        listing_words: &[
            "active",
            "paused",
            "payment_required",
            "not_yet_active",
            "inactive",
            "under_review",
            "closed",
        ],
        listing,
    }
}

/// Statuses of `GET /shipment_statuses`. Where the seller has the goods the substatus
/// decides, so each is named; elsewhere the status says all.
fn package_words() -> Vec<String> {
    let with = |status: &'static str, substatuses: &'static [&'static str]| {
        let named = substatuses.iter().map(move |substatus| format!("{status}/{substatus}"));
        std::iter::once(status.to_owned()).chain(named)
    };
    let whole = ["shipped", "stale_shipped", "not_delivered", "delivered", "cancelled"];
    let others = ["not_verified", "closed", "error", "active"];
    with("to_be_agreed", &[])
        .chain(with("not_specified", &[]))
        .chain(with("pending", &PENDING))
        .chain(with("handling", &goods::HANDLING))
        .chain(with("ready_to_ship", &READY))
        .chain(with("stale_ready_to_ship", &[]))
        .chain(with("ready_to_ship", &READY_YET_AWAY).skip(1))
        .chain(whole.map(str::to_owned))
        .chain(["pending/fraudulent".to_owned(), "cancelled/fraudulent".to_owned()])
        .chain(others.map(str::to_owned))
        .collect()
}

fn place(word: &str) -> &'static str {
    match goods::goods(&shipment(word)) {
        Goods::WithSeller => "with the seller",
        Goods::Away => "on its way",
        Goods::WithBuyer => "with the buyer",
        Goods::Stopped => "stopped",
        Goods::Suspect => "suspect",
        Goods::Unknown => "unknown",
    }
}

fn state(word: &str, package: Option<&str>) -> OrderState {
    order_state(&[("/status", json!(word)), ("/cancel_detail", json!({ "group": "buyer" }))], package)
}

fn case(says: &'static str, status: &str, changes: &[(&str, Value)]) -> Case {
    let changes: Vec<_> = [("/status", json!(status))].into_iter().chain(changes.iter().cloned()).collect();
    Case { says, state: order_state(&changes, None) }
}

fn by(group: &str) -> (&'static str, Value) {
    ("/cancel_detail", json!({ "group": group }))
}

fn order_state(changes: &[(&str, Value)], package: Option<&str>) -> OrderState {
    let order: wire::Order = serde_json::from_str(&with(ORDER, changes)).expect("an order");
    map::order(&order, package.map(shipment).as_ref(), None).expect("a snapshot").state
}

fn shipment(word: &str) -> wire::Shipment {
    let (status, substatus) = word.split_once('/').unwrap_or((word, ""));
    let changes = [("/status", json!(status)), ("/substatus", json!(substatus))];
    serde_json::from_str(&with(SHIPMENT, &changes)).expect("a shipment")
}

fn listing(word: &str) -> ListingState {
    let item: wire::Item = serde_json::from_str(&with(ITEM, &[("/status", json!(word))])).expect("an item");
    map::item(&item).expect("snapshots")[0].state
}
