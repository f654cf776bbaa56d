//! What is true of Shopee, for `docs/channels.md`.

use domain::{ListingState, OrderState};
use serde_json::{Value, json};

use super::auth::{ACCESS_SPAN, REFRESH_SPAN, SHORTEST_ACCESS_SPAN};
use super::goods::{Goods, goods};
use super::tests::conformance::Kit;
use super::tests::{item_with, order_with};
use super::{map, offers, sweep, wire};
use crate::market::document::Fact::{Has, Lacks};
use crate::market::document::{Case, Facts, GoodsFacts, Life, Sheet, span};

pub(in crate::market) use super::dispatch::facts::sheet as dispatch;
pub(in crate::market) use super::service::facts::sheet as service;

/// All that the document tells.
pub(in crate::market) fn sheet() -> Sheet {
    Sheet { harness: Box::new(Kit), facts: facts(), life: life() }
}

fn facts() -> Facts {
    Facts {
        pkce: Lacks("the consent page takes no challenge; the exchange is signed with the app's key"),
        scopes: Lacks("what an app may do hangs on its category, and consent is to all of it"),
        account: "`shop_id` of the callback, or the only shop of a main account",
        access_token: (format!("`expire_in` seconds, at most {}", span(ACCESS_SPAN)), SHORTEST_ACCESS_SPAN),
        refresh_token: "works once",
        consent_ends: ("`expire_time` of `get_shop_info`, or with the refresh token", Some(REFRESH_SPAN)),
        revoke: Lacks("only the shop's owner ends a consent, in the seller centre"),
        calls_signed: Has("HMAC-SHA-256 by the app's key over number, path, time, token and shop"),
        hooks_signed: Has("`Authorization`: HMAC-SHA-256 by the app's key over address, bar and raw body"),
        missed_hooks: Has("the earliest hundred of the whole app; a page is confirmed when it is kept"),
        packages: "one or several: the order is only as far as the slowest".into(),
        ship_by: "`ship_by_date` of the package, or else of the order",
        sale_fee: Lacks("fees are told for the whole order, and only by the escrow"),
        sweep: format!("whole seconds, {} s at a time (the list takes 15 days)", sweep::SPAN_SECONDS),
        cancelled_in_sweep: Has("listed like others"),
        variations: Has("models; an item without them has the model 0"),
        shared_quantity: Lacks("each item or model has its own"),
        permalink: Lacks("the API tells no address of an item's page"),
        stock_version: Lacks("a write follows its reading at once and is read back instead"),
        places: Has(
            "locations: the first by age takes the difference; where it holds too little, the fullest give first",
        ),
        fixed_units: "`shopee_stock` counts and stays; what a promotion holds is the least that can be shown",
        max_quantity: "differs from category to category: what none is known to refuse",
        prices: Has("the price without promotions; refused while one runs"),
        money: Has(
            "the escrow, which moves until it is released; without freight while the carrier's costs are not booked",
        ),
        settlements: Has("released escrows, by the second"),
        buyers: Has(
            "receiver's name and buyer's CPF, to sellers with a CNPJ while an order is to be sent; never a telephone number",
        ),
        goods: GoodsFacts {
            categories: Has("the whole tree at once; the platform proposes some for a title"),
            attributes: Has("a tree of attributes, the category's limits, and whether it wants a brand"),
            owed: Lacks("the tree tells what each value asks for besides"),
            pictures: Has("of the app, not of a shop; pixels are not documented"),
            publishing: Has(
                "the item, then its variations; until they are there it is off sale; every way of sending that the shop has on",
            ),
            found_again: Has("by the item's code: the house's own where variations have codes of their own"),
            end: Has("one call; readable for 90 days"),
        },
    }
}

pub(super) fn life() -> Life {
    Life {
        status: "`order_status`",
        words: &[
            "UNPAID",
            "PENDING",
            "READY_TO_SHIP",
            "PROCESSED",
            "RETRY_SHIP",
            "SHIPPED",
            "TO_CONFIRM_RECEIVE",
            "COMPLETED",
            "TO_RETURN",
            "IN_CANCEL",
            "CANCELLED",
        ],
        package: "`fulfillment_status` of the package, or `logistics_status` of the order's",
        package_words: [
            "NOT_START",
            "PENDING_ARRANGE",
            "READY",
            "REQUEST_CREATED",
            "PICKUP_RETRY",
            "PICKUP_FAILED",
            "PICKUP_DONE",
            "DELIVERY_FAILED",
            "LOST",
            "DELIVERY_DONE",
            "INVALID",
            "REQUEST_CANCELED",
            "COD_REJECTED",
        ]
        .map(|word| format!("LOGISTICS_{word}"))
        .into(),
        place,
        state,
        cases: vec![
            case(
                "`READY_TO_SHIP` with `advance_package`",
                "READY_TO_SHIP",
                &[("/advance_package", json!(true))],
            ),
            case("`CANCELLED`, `cancel_by` is `buyer`", "CANCELLED", &[("/cancel_by", json!("buyer"))]),
            case("`CANCELLED`, `cancel_by` is `seller`", "CANCELLED", &[("/cancel_by", json!("seller"))]),
            case("`CANCELLED` by anybody else", "CANCELLED", &[("/cancel_by", json!("system"))]),
        ],
        listing_status: "`item_status`",
        listing_words: &["NORMAL", "UNLIST", "BANNED", "REVIEWING", "SELLER_DELETE", "SHOPEE_DELETE"],
        listing,
    }
}

fn place(word: &str) -> &'static str {
    match goods(word) {
        Goods::WithSeller => "with the seller",
        Goods::Away => "on its way",
        Goods::WithBuyer => "with the buyer",
        Goods::Off => "off",
        Goods::Unknown => "unknown",
    }
}

fn state(word: &str, package: Option<&str>) -> OrderState {
    order_state(&[("/order_status", json!(word)), ("/cancel_by", json!("buyer"))], package)
}

fn case(says: &'static str, status: &str, changes: &[(&str, Value)]) -> Case {
    let status = [("/order_status", json!(status))];
    let changes: Vec<_> = status.into_iter().chain(changes.iter().cloned()).collect();
    Case { says, state: order_state(&changes, None) }
}

fn order_state(changes: &[(&str, Value)], package: Option<&str>) -> OrderState {
    let row = |word| json!([{ "package_number": "OFG240000000000001", "logistics_status": word }]);
    let packages = ("/package_list", package.map_or_else(|| json!([]), row));
    let changes: Vec<_> = changes.iter().cloned().chain([packages]).collect();
    let found: wire::Envelope<wire::OrderDetails> =
        serde_json::from_str(&order_with(&changes)).expect("an order's answer");
    let orders = found.response.and_then(|found| found.orders).expect("orders");
    map::order(&orders[0], &[], &[]).expect("a snapshot").state
}

fn listing(word: &str) -> ListingState {
    let answer = item_with(&[("/item_status", json!(word))]);
    let found: wire::Envelope<wire::ItemDetails> = serde_json::from_str(&answer).expect("an item's answer");
    let items = found.response.and_then(|found| found.items).expect("items");
    offers::single(&items[0]).expect("an offer").snapshot.state
}
