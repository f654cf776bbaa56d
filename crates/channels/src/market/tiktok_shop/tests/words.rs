//! Words that nobody has documented yet: each is kept, and none is fatal.

use connect::conformance::now;
use connect::{ListingSnapshot, Listings, Orders};
use domain::order::CancelledBy;
use domain::{ListingState, OrderSnapshot, OrderState};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    ORDER, ORDER_ID, PACKAGE, PACKAGE_ID, PRODUCT, PRODUCT_ID, account, get_order, get_package, get_product,
    scripted, with,
};
use crate::market::tests::odd::{UNKNOWN, anything, word};

fn order(order: &[(&str, Value)], package: &[(&str, Value)]) -> OrderSnapshot {
    let (channel, _) = scripted([
        get_order().answer(200, &with(ORDER, order)),
        get_package().answer(200, &with(PACKAGE, package)),
    ]);
    now(Orders::fetch(&channel, &account(), ORDER_ID)).expect("an order")
}

fn listing(changes: &[(&str, Value)]) -> ListingSnapshot {
    let (channel, _) = scripted([get_product().answer(200, &with(PRODUCT, changes))]);
    now(Listings::fetch(&channel, &account(), PRODUCT_ID)).expect("a listing").remove(0)
}

proptest! {
    #[test]
    fn an_orders_unknown_status_is_kept_and_waits_for_a_person(word in word()) {
        let snapshot = order(&[("/data/orders/0/status", json!(word))], &[]);
        prop_assert_eq!((snapshot.state, snapshot.platform_status), (UNKNOWN, word));
    }

    #[test]
    fn a_packages_unknown_status_is_kept_and_decides_only_where_units_would_be_freed(word in word()) {
        let cases = [("AWAITING_SHIPMENT", OrderState::ToDispatch), ("CANCELLED", UNKNOWN)];
        for (status, expected) in cases {
            let package = [("/data/package_status", json!(word)), ("/data/package_sub_status", json!(null))];
            let snapshot = order(&[("/data/orders/0/status", json!(status))], &package);
            prop_assert_eq!(snapshot.state, expected);
            prop_assert_eq!(&snapshot.shipment.expect("a package").platform_status, &word);
        }
    }

    #[test]
    fn an_unknown_sub_status_kind_or_reason_is_kept_and_changes_nothing(word in word()) {
        let changes = [("/data/orders/0/order_type", json!(word)), ("/data/orders/0/shipping_type", json!(word))];
        let snapshot = order(&changes, &[("/data/package_sub_status", json!(word))]);
        prop_assert_eq!(snapshot.state, OrderState::ToDispatch);
        prop_assert!(snapshot.tags.contains(&word));
        let shipment = snapshot.shipment.expect("a package");
        prop_assert_eq!(shipment.platform_status, format!("TO_FULFILL/{word}"));
        prop_assert_eq!(shipment.logistic_type, Some(word.clone()));
        let cancelled =
            [("/data/orders/0/status", json!("CANCELLED")), ("/data/orders/0/cancellation_initiator", json!(word))];
        prop_assert_eq!(order(&cancelled, &[]).state, OrderState::Cancelled(CancelledBy::Marketplace));
    }

    #[test]
    fn a_listings_unknown_status_is_kept_and_waits_for_a_person(word in word()) {
        let snapshot = listing(&[("/data/status", json!(word)), ("/data/audit/status", json!(word))]);
        prop_assert_eq!(snapshot.state, ListingState::NeedsAttention);
        prop_assert_eq!(snapshot.platform_status, format!("{word}/{word}"));
    }

    #[test]
    fn nothing_that_a_word_can_be_hides_an_order(value in anything()) {
        let places = [
            "status", "order_type", "fulfillment_type", "shipping_type", "user_id", "tracking_number",
            "split_or_combine_tag", "need_upload_invoice", "rts_sla_time", "collection_time",
            "cancellation_initiator", "is_buyer_request_cancel", "is_cod", "create_time", "buyer_message",
            "line_items/0/product_name", "line_items/0/display_status", "line_items/0/package_status",
        ];
        for place in places {
            let snapshot = order(&[(&format!("/data/orders/0/{place}"), value.clone())], &[]);
            prop_assert_eq!(snapshot.lines.len(), 2, "{}", place);
        }
        for place in ["package_status", "package_sub_status", "tracking_number", "update_time"] {
            let shipment = order(&[], &[(&format!("/data/{place}"), value.clone())]).shipment;
            prop_assert_eq!(shipment.expect("a package").external_id, PACKAGE_ID);
        }
    }

    #[test]
    fn nothing_that_a_word_can_be_hides_a_listing(value in anything()) {
        let places = [
            "status", "title", "audit", "product_status", "skus/0/seller_sku", "skus/0/price",
            "skus/0/sales_attributes", "skus/0/status_info", "skus/0/combined_skus", "skus/0/price/currency",
        ];
        for place in places {
            prop_assert_eq!(listing(&[(&format!("/data/{place}"), value.clone())]).quantity_units, 7);
        }
    }
}
