use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, OrderRef, Orders, Window};
use domain::order::{Attention, CancelledBy, LineSnapshot, ShipmentSnapshot, SnapshotVersion};
use domain::{ChannelKind, Currency, Money, OrderSnapshot, OrderState, Timestamp, Verdict};
use serde_json::{Value, json};

use super::{ORDER, ORDERS_SEARCH, SHIPMENT, SHIPMENT_ORDERS, SLA, account, at, scripted, with};

const ORDER_AT: &str = "/orders/2000010000000001";
const SHIPMENT_AT: &str = "/shipments/44000000001";
const SLA_AT: &str = "/shipments/44000000001/sla";

fn brl(minor: i64) -> Money {
    Money::new(minor, Currency::Brl)
}

fn fetched(steps: Vec<Step>) -> Result<OrderSnapshot, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.fetch(&account(), "2000010000000001"));
    script.done();
    outcome
}

/// The order as the fixtures have it, with changes; no deadline is known.
fn order_with(order: &[(&str, Value)], shipment: &[(&str, Value)]) -> OrderSnapshot {
    let (channel, _) = scripted([
        Step::get(ORDER_AT).answer(200, &with(ORDER, order)),
        Step::get(SHIPMENT_AT).answer(200, &with(SHIPMENT, shipment)),
        Step::get(SLA_AT).answer(404, ""),
    ]);
    now(channel.fetch(&account(), "2000010000000001")).unwrap()
}

fn state(status: &str, tags: &[&str], shipment: (&str, &str)) -> OrderState {
    order_with(
        &[("/status", json!(status)), ("/tags", json!(tags))],
        &[("/status", json!(shipment.0)), ("/substatus", json!(shipment.1))],
    )
    .state
}

#[test]
fn an_order_is_fetched_with_its_shipment_and_deadline() {
    let bearer = |step: Step| step.with_header("authorization", "Bearer APP_USR-access");
    let snapshot = fetched(vec![
        bearer(Step::get(ORDER_AT)).answer(200, ORDER),
        bearer(Step::get(SHIPMENT_AT)).with_header("x-format-new", "true").answer(200, SHIPMENT),
        bearer(Step::get(SLA_AT)).with_header("x-format-new", "true").answer(200, SLA),
    ])
    .unwrap();
    let expected = OrderSnapshot {
        channel: ChannelKind::MercadoLivre,
        external_id: "2000010000000001".into(),
        pack_external_id: Some("2000006000000001".into()),
        version: SnapshotVersion {
            order_at: at("2026-11-10T13:01:00Z"),
            shipment_at: at("2026-11-10T13:05:00Z"),
        },
        placed_at: at("2026-11-10T13:00:00Z"),
        state: OrderState::ToDispatch,
        platform_status: "paid".into(),
        lines: vec![LineSnapshot {
            key: "MLB4000000001".into(),
            listing_external_id: "MLB4000000001".into(),
            variation_external_id: None,
            title: "Caneca Esmaltada".into(),
            seller_sku: Some("ACME-X1".into()),
            units: 2,
            unit_price: brl(5_000),
            sale_fee: Some(brl(1_200)),
        }],
        total: brl(10_000),
        buyer_external_id: Some("500".into()),
        shipment: Some(ShipmentSnapshot {
            external_id: "44000000001".into(),
            platform_status: "ready_to_ship/invoice_pending".into(),
            logistic_type: Some("cross_docking".into()),
            tracking_code: Some("MEL44000000001FMXDF01".into()),
            ship_by: Some(at("2026-11-11T15:00:00Z")),
        }),
        tags: vec!["pack_order".into(), "paid".into(), "not_delivered".into()],
    };
    assert_eq!(snapshot, expected);
}

#[test]
fn right_after_the_sale_there_is_no_shipment_and_that_is_normal() {
    for shipping in [json!({ "id": null }), json!(null)] {
        let order = with(ORDER, &[("/shipping", shipping)]);
        let snapshot = fetched(vec![Step::get(ORDER_AT).answer(200, &order)]).unwrap();
        assert_eq!((snapshot.state, snapshot.shipment), (OrderState::ToDispatch, None));
        assert_eq!(snapshot.version.shipment_at, Timestamp::EPOCH);
    }
}

#[test]
fn a_shipment_that_cannot_be_read_yet_does_not_hold_the_order_back() {
    let steps = vec![Step::get(ORDER_AT).answer(200, ORDER), Step::get(SHIPMENT_AT).answer(404, "")];
    assert_eq!(fetched(steps).unwrap().shipment, None);
}

#[test]
fn a_fault_at_the_shipment_is_tried_again_and_never_read_as_no_shipment() {
    let steps = vec![Step::get(ORDER_AT).answer(200, ORDER), Step::get(SHIPMENT_AT).answer(503, "")];
    assert_eq!(fetched(steps).unwrap_err().kind, ErrorKind::PlatformFault { status: 503 });
}

#[test]
fn an_order_does_not_wait_for_its_deadline() {
    for failure in [(500, "oops"), (200, "<html>"), (200, r#"{"expected_date":null}"#)] {
        let steps = vec![
            Step::get(ORDER_AT).answer(200, ORDER),
            Step::get(SHIPMENT_AT).answer(200, SHIPMENT),
            Step::get(SLA_AT).answer(failure.0, failure.1),
        ];
        assert_eq!(fetched(steps).unwrap().shipment.unwrap().ship_by, None);
    }
}

#[test]
fn nobody_asks_for_the_deadline_of_what_the_seller_does_not_hand_over() {
    for change in [("/status", json!("shipped")), ("/logistic/type", json!("fulfillment"))] {
        let shipment = with(SHIPMENT, &[change]);
        let steps =
            vec![Step::get(ORDER_AT).answer(200, ORDER), Step::get(SHIPMENT_AT).answer(200, &shipment)];
        fetched(steps).unwrap();
    }
}

#[test]
fn an_order_that_is_not_there_yet_is_tried_again() {
    let body = r#"{"message":"order_not_found","error":"order_not_found","status":404,"cause":[]}"#;
    let error = fetched(vec![Step::get(ORDER_AT).answer(404, body)]).unwrap_err();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::NotFound, Verdict::RETRY));
}

#[test]
fn the_state_of_a_paid_order_is_where_its_goods_are() {
    use OrderState::{Delivered, NeedsAttention, Shipped, ToDispatch};
    let unknown = NeedsAttention(Attention::UnknownStatus);
    let cases = [
        ("pending", "buffered", ToDispatch),
        ("handling", "waiting_for_label_generation", ToDispatch),
        ("ready_to_ship", "ready_to_print", ToDispatch),
        ("ready_to_ship", "printed", ToDispatch),
        ("ready_to_ship", "a_substatus_of_tomorrow", unknown),
        ("ready_to_ship", "picked_up", Shipped),
        ("ready_to_ship", "dropped_off", Shipped),
        ("ready_to_ship", "in_hub", Shipped),
        ("shipped", "out_for_delivery", Shipped),
        ("not_delivered", "returning_to_sender", Shipped),
        ("delivered", "inferred", Delivered),
        ("cancelled", "label_expired", unknown),
        ("cancelled", "fraudulent", NeedsAttention(Attention::FraudRisk)),
        ("a_status_of_tomorrow", "", unknown),
    ];
    for (status, substatus, expected) in cases {
        assert_eq!(state("paid", &["paid"], (status, substatus)), expected, "{status}/{substatus}");
        assert_eq!(state("partially_refunded", &["paid"], (status, substatus)), expected);
    }
}

#[test]
fn an_order_waits_for_its_money() {
    for status in ["confirmed", "payment_required", "payment_in_process", "partially_paid"] {
        assert_eq!(state(status, &["not_paid"], ("pending", "")), OrderState::AwaitingPayment, "{status}");
    }
}

#[test]
fn a_status_that_nobody_knows_waits_for_a_person() {
    let unknown = OrderState::NeedsAttention(Attention::UnknownStatus);
    for status in ["a_status_of_tomorrow", "", "pending_cancel", "invalid"] {
        assert_eq!(state(status, &["paid"], ("ready_to_ship", "printed")), unknown, "{status}");
    }
    assert_eq!(state("a_status_of_tomorrow", &["paid"], ("delivered", "")), unknown);
    let snapshot = order_with(&[("/status", json!(7))], &[]);
    assert_eq!((snapshot.state, snapshot.platform_status.as_str()), (unknown, "7"));
}

#[test]
fn a_possible_fraud_is_not_shipped() {
    let fraud = OrderState::NeedsAttention(Attention::FraudRisk);
    assert_eq!(state("paid", &["paid", "fraud_risk_detected"], ("ready_to_ship", "printed")), fraud);
    assert_eq!(state("paid", &["fraud_risk_detected"], ("pending", "under_review")), fraud);
    let order =
        with(ORDER, &[("/shipping/id", json!(null)), ("/tags", json!({ "fraud_risk_detected": true }))]);
    assert_eq!(fetched(vec![Step::get(ORDER_AT).answer(200, &order)]).unwrap().state, fraud);
}

#[test]
fn a_refund_that_is_still_called_paid_is_not_shipped() {
    let unknown = OrderState::NeedsAttention(Attention::UnknownStatus);
    assert_eq!(state("paid", &["paid", "unfulfilled"], ("ready_to_ship", "printed")), unknown);
}

#[test]
fn goods_with_the_buyer_are_delivered_whatever_became_of_the_money() {
    for status in ["paid", "partially_refunded", "confirmed"] {
        assert_eq!(state(status, &["unfulfilled"], ("delivered", "")), OrderState::Delivered, "{status}");
    }
}

#[test]
fn without_a_shipment_the_tag_tells_of_the_delivery() {
    for (tag, expected) in [("delivered", OrderState::Delivered), ("not_delivered", OrderState::ToDispatch)] {
        let order =
            with(ORDER, &[("/shipping", json!(null)), ("/tags", json!(["paid", "no_shipping", tag]))]);
        assert_eq!(fetched(vec![Step::get(ORDER_AT).answer(200, &order)]).unwrap().state, expected);
    }
}

#[test]
fn a_line_of_no_units_is_garbled() {
    for quantity in [json!(0), json!(-1), json!(1.5), json!("many")] {
        let order = with(ORDER, &[("/order_items/0/quantity", quantity), ("/shipping", json!(null))]);
        let error = fetched(vec![Step::get(ORDER_AT).answer(200, &order)]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Garbled { what: "quantity is missing".into() });
    }
}

#[test]
fn a_cancelled_order_says_by_whom() {
    let cases = [
        (json!({ "group": "buyer", "code": "buyer_cancel_express" }), CancelledBy::Buyer),
        (json!({ "group": "seller" }), CancelledBy::Seller),
        (json!({ "group": "fraud" }), CancelledBy::Marketplace),
        (json!({ "group": "a_group_of_tomorrow" }), CancelledBy::Marketplace),
        (json!(null), CancelledBy::Marketplace),
    ];
    for (detail, by) in cases {
        let changes = [("/status", json!("cancelled")), ("/cancel_detail", detail)];
        let cancelled = order_with(&changes, &[("/status", json!("cancelled"))]);
        assert_eq!(cancelled.state, OrderState::Cancelled(by));
    }
}

#[test]
fn a_cancelled_order_whose_goods_are_away_frees_no_units() {
    for status in ["shipped", "delivered", "not_delivered"] {
        let state = state("cancelled", &[], (status, ""));
        assert_eq!(state, OrderState::NeedsAttention(Attention::CancelledYetSent), "{status}");
    }
    let unknown = OrderState::NeedsAttention(Attention::UnknownStatus);
    assert_eq!(state("cancelled", &[], ("a_status_of_tomorrow", "")), unknown);
}

#[test]
fn lines_keep_their_names_in_every_answer() {
    let mut order: Value = serde_json::from_str(ORDER).unwrap();
    let mut line = order["order_items"][0].clone();
    line["item"]["variation_id"] = json!(180_000_000_001_i64);
    line["element_id"] = json!(null);
    order["order_items"] = json!([order["order_items"][0], line, line]);
    let keys = |order: &Value| {
        let steps =
            vec![Step::get(ORDER_AT).answer(200, &order.to_string()), Step::get(SHIPMENT_AT).answer(404, "")];
        let lines = fetched(steps).unwrap().lines;
        lines.into_iter().map(|line| line.key).collect::<Vec<_>>()
    };
    let expected = ["MLB4000000001", "MLB4000000001/180000000001", "MLB4000000001/180000000001#2"];
    assert_eq!(keys(&order), expected);
    order["order_items"][0]["item"]["variation_id"] = json!("");
    order["order_items"][1]["item"]["variation_id"] = json!("180000000001");
    order["order_items"][1]["element_id"] = json!(9);
    assert_eq!(keys(&order), expected);
}

#[test]
fn the_sellers_own_code_falls_back_to_the_old_field() {
    let sku = |sku: Value, custom: Value| {
        let changes =
            [("/order_items/0/item/seller_sku", sku), ("/order_items/0/item/seller_custom_field", custom)];
        order_with(&changes, &[]).lines[0].seller_sku.clone()
    };
    assert_eq!(sku(json!("A"), json!("B")).as_deref(), Some("A"));
    assert_eq!(sku(json!(null), json!("B")).as_deref(), Some("B"));
    assert_eq!(sku(json!("  "), json!(17)).as_deref(), Some("17"));
    assert_eq!(sku(json!(null), json!(null)), None);
}

#[test]
fn an_order_without_what_it_needs_is_garbled_and_names_the_field() {
    let cases = [
        ("/last_updated", "last_updated"),
        ("/currency_id", "currency_id"),
        ("/order_items", "order_items"),
        ("/order_items/0/quantity", "quantity"),
        ("/order_items/0/unit_price", "unit_price"),
    ];
    for (pointer, field) in cases {
        let order = with(ORDER, &[(pointer, json!(null)), ("/shipping", json!(null))]);
        let error = fetched(vec![Step::get(ORDER_AT).answer(200, &order)]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Garbled { what: format!("{field} is missing") });
        assert!(error.exchange.is_some());
    }
}

#[test]
fn a_missing_total_is_the_sum_of_the_lines() {
    assert_eq!(order_with(&[("/total_amount", json!(null))], &[]).total, brl(10_000));
}

#[test]
fn a_partial_answer_is_taken_when_it_lacks_only_what_nobody_needs() {
    let order = with(ORDER, &[("/shipping/id", json!(null))]);
    let partial = |missing: &str| {
        let step = Step::get(ORDER_AT).answer(206, &order).answer_header("x-content-missing", missing);
        fetched(vec![step])
    };
    assert!(partial("buyer, feedback").is_ok());
    assert!(matches!(partial("buyer, shipping").unwrap_err().kind, ErrorKind::Garbled { .. }));
    let silent = fetched(vec![Step::get(ORDER_AT).answer(206, &order)]).unwrap_err();
    assert_eq!(silent.verdict(), Verdict::RETRY);
}

#[test]
fn a_shipment_names_each_of_its_orders_once() {
    let step = Step::get("/shipments/44000000001/orders")
        .with_header("x-new-domain", "true")
        .with_header("x-format-new", "true")
        .answer(200, SHIPMENT_ORDERS);
    let (channel, script) = scripted([step]);
    let orders = now(channel.of_shipment(&account(), "44000000001")).unwrap();
    script.done();
    assert_eq!(orders, ["2000010000000001", "2000010000000002"]);
}

#[test]
fn a_shipment_that_nobody_knows_is_not_found() {
    let (channel, _) = scripted([Step::get("/shipments/1/orders").answer(404, "")]);
    assert_eq!(now(channel.of_shipment(&account(), "1")).unwrap_err().kind, ErrorKind::NotFound);
}

fn window() -> Window {
    Window { from: at("2026-11-10T12:20:00Z"), to: at("2026-11-10T13:05:00Z") }
}

fn search(offset: u64) -> Step {
    Step::get(&format!(
        "/orders/search?seller=100200300&order.date_last_updated.from=2026-11-10T12%3A00%3A00.000Z\
         &order.date_last_updated.to=2026-11-10T14%3A00%3A00.000Z&sort=date_asc&limit=50&offset={offset}"
    ))
}

#[test]
fn the_sweep_asks_for_whole_hours_and_reads_both_names_of_the_date() {
    let (channel, script) = scripted([search(0).answer(200, ORDERS_SEARCH)]);
    let page = now(channel.updated_in(&account(), window(), None)).unwrap();
    script.done();
    let found = |id: &str, instant: &str| OrderRef::new(id, at(instant), None);
    let expected = [
        found("2000010000000001", "2026-11-10T13:01:00Z"),
        found("2000010000000002", "2026-11-10T13:11:00Z"),
    ];
    assert_eq!(page.items, expected);
    assert_eq!((page.next, page.total), (None, Some(2)));
}

#[test]
fn the_list_shows_an_order_that_is_over_whole_unless_its_shipment_has_the_last_word() {
    let listed = |changes: &[(&str, Value)]| {
        let order: Value = serde_json::from_str(&with(ORDER, changes)).unwrap();
        let body = json!({ "results": [order], "paging": { "total": 1 } }).to_string();
        let (channel, _) = scripted([search(0).answer(200, &body)]);
        now(channel.updated_in(&account(), window(), None)).unwrap().items.remove(0).over
    };
    let delivered = ("/tags", json!(["delivered", "paid"]));
    let over = listed(std::slice::from_ref(&delivered)).expect("it is over");
    assert_eq!((over.state, over.external_id.as_str()), (OrderState::Delivered, "2000010000000001"));
    assert_eq!(over.lines.len(), 1);
    let called_off = ("/status", json!("cancelled"));
    assert_eq!(listed(std::slice::from_ref(&called_off)), None, "its parcel may be on its way");
    let sent_nothing = listed(&[called_off, ("/shipping", json!({ "id": null }))]).expect("it is over");
    assert!(matches!(sent_nothing.state, OrderState::Cancelled(_)));
    assert_eq!(listed(&[]), None, "it goes on");
    assert_eq!(listed(&[delivered, ("/currency_id", json!(null))]), None, "it cannot be told");
}

#[test]
fn the_sweep_goes_on_where_its_cursor_says() {
    let row = |id: u64| json!({ "id": id, "last_updated": "2026-11-10T13:01:00.000Z" });
    let rows = |ids: std::ops::Range<u64>| ids.map(row).collect::<Vec<_>>();
    let body = |ids| json!({ "results": rows(ids), "paging": { "total": 52 } }).to_string();
    let (channel, script) =
        scripted([search(0).answer(200, &body(0..50)), search(45).answer(200, &body(45..52))]);
    let first = now(channel.updated_in(&account(), window(), None)).unwrap();
    let second = now(channel.updated_in(&account(), window(), first.next.as_deref())).unwrap();
    script.done();
    assert_eq!((first.items.len(), second.items.len(), second.next), (50, 7, None));
}

#[test]
fn an_order_without_a_date_counts_as_just_updated() {
    let body = r#"{"results":[{"id":1}],"paging":{"total":1}}"#;
    let (channel, _) = scripted([search(0).answer(200, body)]);
    let page = now(channel.updated_in(&account(), window(), None)).unwrap();
    assert_eq!(page.items[0].updated_at, window().to);
}

#[test]
fn a_foreign_cursor_is_refused_before_any_call() {
    for cursor in ["", "x", "1-2", "1-2@", "1-2@-1"] {
        let (channel, _) = scripted([]);
        let error = now(channel.updated_in(&account(), window(), Some(cursor))).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{cursor}");
    }
}

#[test]
fn a_refused_search_says_why() {
    let body = r#"{"message":"Offset too large","error":"bad_request","status":400,"cause":[]}"#;
    let (channel, _) = scripted([search(0).answer(400, body)]);
    let error = now(channel.updated_in(&account(), window(), None)).unwrap_err();
    let expected = ErrorKind::Refused { code: "bad_request".into(), message: "Offset too large".into() };
    assert_eq!(error.kind, expected);
}
