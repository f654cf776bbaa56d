//! Words that nobody has documented yet: each is kept, and none is fatal.

use connect::conformance::{Step, now};
use connect::{ListingSnapshot, Listings, Orders};
use domain::order::CancelledBy;
use domain::{ListingState, OrderSnapshot, OrderState};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ITEM, ORDER, SHIPMENT, account, scripted, with};
use crate::market::tests::odd::{self, UNKNOWN, anything};

/// The platform writes its words small.
fn word() -> impl Strategy<Value = String> {
    odd::word().prop_map(|word| word.to_lowercase())
}

fn order(order: &[(&str, Value)], shipment: &[(&str, Value)]) -> OrderSnapshot {
    let (channel, _) = scripted([
        Step::get("/orders/2000010000000001").answer(200, &with(ORDER, order)),
        Step::get("/shipments/44000000001").answer(200, &with(SHIPMENT, shipment)),
        Step::get("/shipments/44000000001/sla").answer(404, ""),
    ]);
    now(Orders::fetch(&channel, &account(), "2000010000000001")).expect("an order")
}

fn item(changes: &[(&str, Value)]) -> ListingSnapshot {
    let step = Step::get("/items/MLB4000000001?include_attributes=all").answer(200, &with(ITEM, changes));
    let (channel, _) = scripted([step]);
    now(Listings::fetch(&channel, &account(), "MLB4000000001")).expect("a listing").remove(0)
}

fn shipment_status(snapshot: OrderSnapshot) -> String {
    snapshot.shipment.expect("a shipment").platform_status
}

proptest! {
    #[test]
    fn an_orders_unknown_status_is_kept_and_waits_for_a_person(word in word()) {
        let snapshot = order(&[("/status", json!(word))], &[]);
        prop_assert_eq!((snapshot.state, snapshot.platform_status), (UNKNOWN, word));
    }

    #[test]
    fn a_shipments_unknown_status_is_kept_and_waits_for_a_person(word in word()) {
        for status in ["paid", "cancelled"] {
            let shipment = [("/status", json!(word)), ("/substatus", json!(null))];
            let snapshot = order(&[("/status", json!(status))], &shipment);
            prop_assert_eq!(snapshot.state, UNKNOWN);
            prop_assert_eq!(&shipment_status(snapshot), &word);
        }
    }

    #[test]
    fn an_unknown_substatus_waits_for_a_person_while_the_seller_has_the_goods(word in word()) {
        let cases = [
            ("pending", UNKNOWN),
            ("handling", UNKNOWN),
            ("ready_to_ship", UNKNOWN),
            ("shipped", OrderState::Shipped),
            ("not_delivered", OrderState::Shipped),
            ("delivered", OrderState::Delivered),
        ];
        for (status, state) in cases {
            let snapshot = order(&[], &[("/status", json!(status)), ("/substatus", json!(word))]);
            prop_assert_eq!(snapshot.state, state, "{}", status);
            prop_assert_eq!(shipment_status(snapshot), format!("{status}/{word}"));
        }
    }

    #[test]
    fn an_unknown_tag_logistic_type_or_reason_is_kept_and_changes_nothing(word in word()) {
        let snapshot = order(&[("/tags/2", json!(word))], &[("/logistic/type", json!(word))]);
        prop_assert_eq!(snapshot.state, OrderState::ToDispatch);
        prop_assert!(snapshot.tags.contains(&word));
        let logistic_type = snapshot.shipment.and_then(|shipment| shipment.logistic_type);
        prop_assert_eq!(logistic_type, Some(word.clone()));
        let cancelled = [("/status", json!("cancelled")), ("/cancel_detail", json!({ "group": word }))];
        prop_assert_eq!(order(&cancelled, &[]).state, OrderState::Cancelled(CancelledBy::Marketplace));
    }

    #[test]
    fn a_listings_unknown_status_is_kept_and_waits_for_a_person(word in word()) {
        let snapshot = item(&[("/status", json!(word)), ("/sub_status", json!([word]))]);
        prop_assert_eq!(snapshot.state, ListingState::NeedsAttention);
        prop_assert_eq!(snapshot.platform_status, format!("{word}/{word}"));
    }

    #[test]
    fn a_listings_unknown_sub_status_is_kept_and_its_stock_still_told(word in word()) {
        let snapshot = item(&[("/sub_status", json!([word]))]);
        prop_assert_eq!(snapshot.state, ListingState::Active);
        prop_assert_eq!(snapshot.platform_status, format!("active/{word}"));
    }

    #[test]
    fn nothing_that_a_word_can_be_hides_an_order(value in anything()) {
        for place in ["/status", "/tags", "/cancel_detail", "/buyer", "/pack_id", "/date_created"] {
            prop_assert_eq!(order(&[(place, value.clone())], &[]).lines.len(), 1);
        }
        for place in ["/status", "/substatus", "/logistic", "/tracking_number", "/last_updated"] {
            let shipment = order(&[], &[(place, value.clone())]).shipment;
            prop_assert_eq!(shipment.expect("a shipment").external_id, "44000000001");
        }
    }

    #[test]
    fn nothing_that_a_word_can_be_hides_a_listing(value in anything()) {
        let places = [
            "/status", "/sub_status", "/title", "/shipping", "/attributes", "/seller_custom_field", "/price",
            "/currency_id", "/user_product_id", "/permalink",
        ];
        for place in places {
            prop_assert_eq!(item(&[(place, value.clone())]).quantity_units, 7);
        }
    }
}
