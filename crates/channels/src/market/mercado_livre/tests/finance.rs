use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, Finality, Finance, OrderMoney};
use domain::Currency;
use domain::settlement::{FeeKind, Sums};
use serde_json::{Value, json};

use super::{COSTS, NOW, ORDER, SHIPMENT, SHIPMENT_ORDERS, account, at, scripted, with};

/// What is asked, when all is well, of an order that shares its shipment.
pub(super) fn asked(order: &str, shipment: &str, costs: &str) -> Vec<Step> {
    let of_shipment =
        |tail: &str| Step::get(&format!("/shipments/44000000001{tail}")).with_header("x-format-new", "true");
    vec![
        Step::get("/orders/2000010000000001").answer(200, order),
        of_shipment("").answer(200, shipment),
        of_shipment("/costs").answer(200, costs),
        of_shipment("/orders").with_header("x-new-domain", "true").answer(200, SHIPMENT_ORDERS),
    ]
}

fn read(steps: Vec<Step>) -> Result<OrderMoney, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.of_order(&account(), "2000010000000001"));
    script.done();
    outcome
}

fn delivered() -> String {
    with(SHIPMENT, &[("/status", json!("delivered")), ("/substatus", json!(null))])
}

fn read_at_the_end(changes: &[(&str, Value)]) -> OrderMoney {
    read(asked(&with(ORDER, changes), &delivered(), COSTS)).unwrap()
}

fn sums(pairs: &[(FeeKind, i64)]) -> Sums {
    pairs.iter().cloned().collect()
}

/// Of 10.45 for two orders, the first bears the odd centavo.
const FREIGHT: (FeeKind, i64) = (FeeKind::Freight, -523);

#[test]
fn the_line_tells_the_fee_of_one_unit_and_the_payment_that_of_all() {
    let money = read(asked(ORDER, SHIPMENT, COSTS)).unwrap();
    assert_eq!((money.at, money.currency, money.finality), (at(NOW), Currency::Brl, Finality::Open));
    let expected = sums(&[(FeeKind::Goods, 10_000), (FeeKind::Commission, -1_200), FREIGHT]);
    assert_eq!(money.forecast, expected);
    let charged = sums(&[(FeeKind::Goods, 10_000), (FeeKind::Commission, -1_200)]);
    assert_eq!(money.charged, charged, "what the parcel costs may still change");
}

#[test]
fn money_is_final_when_the_parcel_has_arrived_or_stopped_for_good() {
    let money = read_at_the_end(&[]);
    assert_eq!(money.finality, Finality::Since(at(NOW)));
    assert_eq!(money.charged, sums(&[(FeeKind::Goods, 10_000), (FeeKind::Commission, -1_200), FREIGHT]));
    for (status, is_final) in [("not_delivered", true), ("shipped", false), ("tomorrow", false)] {
        let shipment = with(SHIPMENT, &[("/status", json!(status)), ("/substatus", json!(null))]);
        let money = read(asked(ORDER, &shipment, COSTS)).unwrap();
        assert_eq!(money.finality == Finality::Since(at(NOW)), is_final, "{status}");
    }
}

#[test]
fn a_parcel_that_was_called_off_costs_nothing() {
    let shipment = with(SHIPMENT, &[("/status", json!("cancelled")), ("/substatus", json!(null))]);
    let mut steps = asked(ORDER, &shipment, COSTS);
    steps.truncate(2);
    let money = read(steps).unwrap();
    assert_eq!((money.charged.of(&FeeKind::Freight), money.finality), (None, Finality::Since(at(NOW))));
}

#[test]
fn an_order_alone_bears_its_parcel_alone() {
    let mut steps = asked(&with(ORDER, &[("/pack_id", json!(null))]), SHIPMENT, COSTS);
    steps.pop();
    assert_eq!(read(steps).unwrap().forecast.of(&FeeKind::Freight), Some(-1_045));
}

#[test]
fn what_another_sender_pays_is_not_the_accounts() {
    let costs = with(COSTS, &[("/senders/1/user_id", json!(100_200_302))]);
    let mut steps = asked(ORDER, SHIPMENT, &costs);
    steps.pop();
    assert_eq!(read(steps).unwrap().forecast.of(&FeeKind::Freight), None);
}

#[test]
fn money_is_told_without_a_shipment_and_without_its_costs() {
    let no_shipment = with(ORDER, &[("/shipping/id", json!(null))]);
    let money = read(vec![Step::get("/orders/2000010000000001").answer(200, &no_shipment)]).unwrap();
    assert_eq!((money.forecast.of(&FeeKind::Freight), money.finality), (None, Finality::Open));
    let tagged = with(ORDER, &[("/shipping/id", json!(null)), ("/tags", json!(["paid", "delivered"]))]);
    let money = read(vec![Step::get("/orders/2000010000000001").answer(200, &tagged)]).unwrap();
    assert_eq!(money.finality, Finality::Since(at(NOW)));
    let mut steps = asked(ORDER, SHIPMENT, COSTS);
    steps.truncate(3);
    steps[2] = steps[2].clone().answer(404, r#"{"error":"not_found","status":404,"message":"…","cause":[]}"#);
    assert_eq!(read(steps).unwrap().forecast.of(&FeeKind::Freight), None);
}

#[test]
fn a_payment_that_waits_or_was_refused_brings_nothing() {
    for status in ["pending", "in_process", "rejected", "cancelled", "a_status_of_tomorrow"] {
        let money = read_at_the_end(&[("/payments/0/status", json!(status))]);
        assert!(money.charged.is_empty(), "{status}: {:?}", money.charged);
        assert_eq!(money.finality, Finality::Open, "{status}");
    }
}

#[test]
fn what_was_given_back_is_shown_and_its_fee_stays_a_forecast() {
    let money = read_at_the_end(&[("/payments/0/status", json!("refunded"))]);
    assert_eq!(money.charged.of(&FeeKind::Refund), Some(-10_000));
    assert_eq!((money.charged.of(&FeeKind::Commission), money.finality), (None, Finality::Open));
    let money = read_at_the_end(&[("/payments/0/transaction_amount_refunded", json!(25.5))]);
    assert_eq!(money.charged.of(&FeeKind::Refund), Some(-2_550));
    assert_eq!(money.finality, Finality::Since(at(NOW)));
}

#[test]
fn a_line_without_its_fee_leaves_the_forecast_without_one() {
    let money = read_at_the_end(&[("/order_items/0/sale_fee", json!(null))]);
    assert_eq!(money.forecast.of(&FeeKind::Commission), None);
    assert_eq!(money.charged.of(&FeeKind::Commission), Some(-1_200));
}

#[test]
fn a_fee_that_gives_and_another_currency_are_garbled() {
    for changes in [
        [("/payments/0/marketplace_fee", json!(-12))],
        [("/payments/0/currency_id", json!("ARS"))],
        [("/currency_id", json!("EUR"))],
        [("/shipping/id", json!("4 4"))],
    ] {
        let (channel, _) = scripted(asked(&with(ORDER, &changes), &delivered(), COSTS));
        let error = now(channel.of_order(&account(), "2000010000000001")).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{changes:?}: {error}");
    }
}

#[test]
fn a_shipment_that_carries_other_orders_is_garbled() {
    let mut steps = asked(ORDER, SHIPMENT, COSTS);
    steps[3] = steps[3].clone().answer(200, r#"[{"order_id":"2000010000000002"}]"#);
    assert!(matches!(read(steps).unwrap_err().kind, ErrorKind::Garbled { .. }));
}

#[test]
fn there_is_no_list_of_what_was_paid_out() {
    let (channel, _) = scripted(Vec::new());
    assert!(channel.settlements().is_none());
}
