//! Words that nobody has documented yet: each is kept, and none is fatal.

use connect::conformance::{Step, now};
use connect::{ErrorKind, ListingSnapshot, Listings, Orders};
use domain::{ListingState, OrderSnapshot, OrderState, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    ORDER_NUMBER, account, fault, item_at, item_with, order_at, order_with, package_at, package_with,
    scripted,
};
use crate::market::tests::odd::{UNKNOWN, anything, word};

fn order(order: &[(&str, Value)], package: &[(&str, Value)]) -> OrderSnapshot {
    let (channel, _) = scripted([
        Step::get(&order_at()).answer(200, &order_with(order)),
        Step::get(&package_at()).answer(200, &package_with(package)),
    ]);
    now(Orders::fetch(&channel, &account(), ORDER_NUMBER)).expect("an order")
}

fn item(changes: &[(&str, Value)]) -> ListingSnapshot {
    let (channel, _) = scripted([Step::get(&item_at("930002")).answer(200, &item_with(changes))]);
    now(Listings::fetch(&channel, &account(), "930002")).expect("a listing").remove(0)
}

proptest! {
    #[test]
    fn an_orders_unknown_status_is_kept_and_waits_for_a_person(word in word()) {
        let snapshot = order(&[("/order_status", json!(word))], &[]);
        prop_assert_eq!((snapshot.state, snapshot.platform_status), (UNKNOWN, word));
    }

    #[test]
    fn a_packages_unknown_status_is_kept_and_waits_for_a_person(word in word()) {
        for status in ["READY_TO_SHIP", "PROCESSED", "CANCELLED"] {
            let snapshot = order(&[("/order_status", json!(status))], &[("/fulfillment_status", json!(word))]);
            prop_assert_eq!(snapshot.state, UNKNOWN);
            prop_assert_eq!(&snapshot.shipment.unwrap().platform_status, &word);
        }
    }

    #[test]
    fn a_listings_unknown_status_is_kept_and_waits_for_a_person(word in word()) {
        let listing = item(&[("/item_status", json!(word))]);
        prop_assert_eq!((listing.state, listing.platform_status), (ListingState::NeedsAttention, word));
    }

    #[test]
    fn nothing_in_a_status_frees_units_or_calls_them_sent(odd in anything()) {
        let snapshot = order(&[("/order_status", odd.clone())], &[("/fulfillment_status", odd)]);
        prop_assert_eq!(snapshot.state, UNKNOWN);
    }

    #[test]
    fn what_only_helps_is_never_fatal(odd in anything()) {
        let fields = ["/cancel_by", "/fulfillment_flag", "/cod", "/split_up", "/pending_terms", "/ship_by_date", "/buyer_user_id"];
        let changes: Vec<_> = fields.iter().map(|field| (*field, odd.clone())).collect();
        prop_assert_eq!(order(&changes, &[]).state, OrderState::ToDispatch);
        let shown = item(&[("/price_info", odd.clone()), ("/item_name", odd.clone()), ("/item_sku", odd)]);
        prop_assert_eq!(shown.quantity_units, 7);
    }

    #[test]
    fn a_code_that_nobody_knows_is_a_refusal_with_its_words(code in "[a-z]{3,12}_[a-z]{2,8}[0-9]", message in "[a-z ]{0,20}") {
        let (channel, _) = scripted([Step::get(&order_at()).answer(200, &fault(&code, &message))]);
        let error = now(Orders::fetch(&channel, &account(), ORDER_NUMBER)).unwrap_err();
        prop_assert_eq!(error.verdict(), Verdict::Fail);
        prop_assert_eq!(error.kind, ErrorKind::Refused { code, message: message.trim().to_owned() });
    }
}
