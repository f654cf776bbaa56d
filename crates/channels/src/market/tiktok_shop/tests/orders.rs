use std::sync::Arc;
use std::time::Duration;

use connect::conformance::{Script, Step, now};
use connect::{ChannelError, ErrorKind, OrderRef, Orders, Window};
use domain::order::{
    Applied, Attention, CancelledBy, FirstSight, LineSnapshot, ShipmentSnapshot, SnapshotVersion,
};
use domain::{ChannelKind, Currency, ManualClock, Money, OrderSnapshot, OrderState, Timestamp, Verdict};
use serde_json::{Value, json};

use super::super::TikTokShop;
use super::{
    NOW, ORDER, ORDER_ID, ORDERS_SEARCH, PACKAGE, PACKAGE_ID, account, at, config, fault, get, get_at,
    get_order, get_package, post, scripted, with,
};
use crate::market::tests::odd::UNKNOWN;

const OTHER_PACKAGE: &str = "1153000000000000002";
const CANCELLED_YET_SENT: OrderState = OrderState::NeedsAttention(Attention::CancelledYetSent);

fn brl(minor: i64) -> Money {
    Money::new(minor, Currency::Brl)
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn fetched(steps: Vec<Step>) -> Result<OrderSnapshot, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.fetch(&account(), ORDER_ID));
    script.done();
    outcome
}

/// The order as the fixtures have it, with changes to order and package.
fn order_with(order: &[(&str, Value)], package: &[(&str, Value)]) -> OrderSnapshot {
    let order: Vec<_> = order.iter().map(|(at, value)| (format!("/data/orders/0{at}"), value)).collect();
    let order: Vec<_> = order.iter().map(|(at, value)| (at.as_str(), (*value).clone())).collect();
    let package: Vec<_> = package.iter().map(|(at, value)| (format!("/data{at}"), value)).collect();
    let package: Vec<_> = package.iter().map(|(at, value)| (at.as_str(), (*value).clone())).collect();
    let steps = vec![
        get_order().answer(200, &with(ORDER, &order)),
        get_package().answer(200, &with(PACKAGE, &package)),
    ];
    fetched(steps).unwrap()
}

fn state(order: &[(&str, Value)], package_status: &str) -> OrderState {
    order_with(order, &[("/package_status", json!(package_status))]).state
}

#[test]
fn an_order_is_fetched_with_its_package() {
    let snapshot = fetched(vec![get_order().answer(200, ORDER), get_package().answer(200, PACKAGE)]).unwrap();
    let expected = OrderSnapshot {
        channel: ChannelKind::TikTokShop,
        external_id: ORDER_ID.into(),
        pack_external_id: None,
        version: SnapshotVersion { order_at: seconds(1_794_313_700), shipment_at: seconds(1_794_313_800) },
        placed_at: seconds(1_794_310_000),
        state: OrderState::ToDispatch,
        platform_status: "AWAITING_SHIPMENT".into(),
        lines: vec![
            LineSnapshot {
                key: "577000000000000011".into(),
                listing_external_id: "1729500000000000010".into(),
                variation_external_id: Some("1729500000000000012".into()),
                title: "Camiseta de algodão (Azul, M)".into(),
                seller_sku: Some("CAM-AZ-M".into()),
                units: 2,
                unit_price: brl(7_990),
                sale_fee: None,
            },
            LineSnapshot {
                key: "577000000000000021".into(),
                listing_external_id: "1729500000000000030".into(),
                variation_external_id: Some("1729500000000000031".into()),
                title: "Meia".into(),
                seller_sku: Some("MEIA".into()),
                units: 1,
                unit_price: brl(1_200),
                sale_fee: None,
            },
        ],
        total: brl(17_180),
        buyer_external_id: Some("7021000000000000001".into()),
        shipment: Some(ShipmentSnapshot {
            external_id: PACKAGE_ID.into(),
            platform_status: "TO_FULFILL/CREATED".into(),
            logistic_type: Some("TIKTOK".into()),
            tracking_code: Some("BR0000000001".into()),
            ship_by: Some(seconds(1_794_488_400)),
        }),
        tags: vec!["NEED_INVOICE".into()],
    };
    assert_eq!(snapshot, expected);
}

#[test]
fn units_of_one_variation_at_one_price_are_one_line() {
    let lines = |changes: &[(&str, Value)]| {
        let lines = order_with(changes, &[]).lines;
        lines.into_iter().map(|line| (line.key, line.units, line.unit_price.minor)).collect::<Vec<_>>()
    };
    let line = |key: &str, units, minor| (key.to_owned(), units, minor);
    let sock = line("577000000000000021", 1, 1_200);
    assert_eq!(lines(&[]), [line("577000000000000011", 2, 7_990), sock.clone()]);
    let gift = [("/line_items/0/sale_price", json!("0.00"))];
    let expected = [line("577000000000000012", 1, 0), line("577000000000000011", 1, 7_990), sock.clone()];
    assert_eq!(lines(&gift), expected);
    // A longer id is a higher one.
    let longer = [("/line_items/1/id", json!("99")), ("/line_items/0/id", json!("100"))];
    assert_eq!(lines(&longer), [line("99", 2, 7_990), sock]);
}

#[test]
fn the_name_of_an_only_variation_says_nothing() {
    let title =
        |name: &str| order_with(&[("/line_items/2/sku_name", json!(name))], &[]).lines[1].title.clone();
    assert_eq!((title("Default"), title(""), title("P")), ("Meia".into(), "Meia".into(), "Meia (P)".into()));
}

#[test]
fn a_cancelled_unit_is_no_longer_sold_and_a_cancelled_order_keeps_its_lines() {
    let cancelled = json!("CANCELLED");
    let one = order_with(&[("/line_items/1/display_status", cancelled.clone())], &[]);
    let lines: Vec<_> = one.lines.iter().map(|line| (line.key.as_str(), line.units)).collect();
    assert_eq!(lines, [("577000000000000011", 1), ("577000000000000021", 1)], "the line keeps its name");
    let all: Vec<_> = ["/line_items/0", "/line_items/1", "/line_items/2"]
        .map(|unit| format!("{unit}/display_status"))
        .into_iter()
        .collect();
    let all: Vec<_> = all.iter().map(|unit| (unit.as_str(), cancelled.clone())).collect();
    let whole = order_with(&all, &[]);
    assert_eq!(whole.lines, order_with(&[], &[]).lines);
}

#[test]
fn the_total_is_what_the_goods_cost_without_freight() {
    assert_eq!(order_with(&[], &[]).total, brl(17_180));
    let told = [("/payment", json!({ "currency": "BRL", "sub_total": 171.8 }))];
    assert_eq!(order_with(&told, &[]).total, brl(17_180), "a number means the same");
    let untold = [("/payment", json!({ "currency": "BRL", "total_amount": "183.80" }))];
    assert_eq!(order_with(&untold, &[]).total, brl(17_180), "the sum of the lines");
}

#[test]
fn the_state_of_an_order_is_its_status() {
    let states = [
        ("UNPAID", OrderState::AwaitingPayment),
        ("ON_HOLD", OrderState::AwaitingPayment),
        ("AWAITING_SHIPMENT", OrderState::ToDispatch),
        ("PARTIALLY_SHIPPING", OrderState::ToDispatch),
        ("AWAITING_COLLECTION", OrderState::ToDispatch),
        ("IN_TRANSIT", OrderState::Shipped),
        ("DELIVERED", OrderState::Delivered),
        ("COMPLETED", OrderState::Delivered),
        ("CANCELLED", OrderState::Cancelled(CancelledBy::Marketplace)),
        ("CANCEL", OrderState::Cancelled(CancelledBy::Marketplace)),
        ("TO_BE_TELEPORTED", UNKNOWN),
        ("", UNKNOWN),
    ];
    for (status, expected) in states {
        let snapshot = order_with(&[("/status", json!(status))], &[]);
        assert_eq!((snapshot.state, snapshot.platform_status.as_str()), (expected, status));
    }
}

#[test]
fn an_order_that_the_buyer_wants_to_cancel_is_not_sent_before_a_person_has_answered() {
    let wish = ("/is_buyer_request_cancel", json!(true));
    for status in ["AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "AWAITING_COLLECTION"] {
        let snapshot = order_with(&[("/status", json!(status)), wish.clone()], &[]);
        assert_eq!(snapshot.state, UNKNOWN, "{status}");
        assert_eq!(snapshot.platform_status, format!("{status}/is_buyer_request_cancel"));
        assert!(snapshot.tags.contains(&"is_buyer_request_cancel".to_owned()));
    }
    let late = order_with(&[("/status", json!("IN_TRANSIT")), wish], &[]);
    assert_eq!(late.state, OrderState::Shipped);
}

#[test]
fn a_cancelled_order_whose_goods_are_away_frees_no_units() {
    let cancelled = ("/status", json!("CANCELLED"));
    assert_eq!(state(std::slice::from_ref(&cancelled), "FULFILLING"), CANCELLED_YET_SENT);
    assert_eq!(state(std::slice::from_ref(&cancelled), "COMPLETED"), CANCELLED_YET_SENT);
    let lost = [cancelled.clone(), ("/collection_time", json!(1_794_314_000))];
    assert_eq!(state(&lost, "CANCELLED"), CANCELLED_YET_SENT);
    let never = [cancelled.clone(), ("/collection_time", json!(0))];
    let freed = OrderState::Cancelled(CancelledBy::Marketplace);
    for status in ["TO_FULFILL", "PROCESSING", "CANCELLED"] {
        assert_eq!(state(&never, status), freed, "{status}");
    }
    assert_eq!(state(&[cancelled], "ON_THE_MOON"), UNKNOWN);
}

#[test]
fn who_cancelled_is_told_or_read_from_the_reason() {
    let by = |at: &str, word: &str| {
        let state = state(&[("/status", json!("CANCELLED")), (at, json!(word))], "CANCELLED");
        let OrderState::Cancelled(by) = state else { panic!("{state:?}") };
        by
    };
    for place in ["/cancellation_initiator", "/line_items/0/cancel_user"] {
        assert_eq!(by(place, "BUYER"), CancelledBy::Buyer, "{place}");
        assert_eq!(by(place, "SELLER"), CancelledBy::Seller, "{place}");
        assert_eq!(by(place, "SYSTEM"), CancelledBy::Marketplace, "{place}");
        assert_eq!(by(place, "OPERATOR"), CancelledBy::Marketplace, "{place}");
    }
    for place in ["/cancel_reason", "/line_items/0/cancel_reason"] {
        assert_eq!(by(place, "seller_cancel_reason_out_of_stock"), CancelledBy::Seller);
        assert_eq!(by(place, "ecom_order_to_ship_canceled_reason_better_price"), CancelledBy::Buyer);
        assert_eq!(by(place, "system_cancel_order_untracked"), CancelledBy::Marketplace);
    }
}

#[test]
fn before_there_is_a_package_an_order_has_none() {
    let mut order: Value = serde_json::from_str(ORDER).unwrap();
    let fields = order["data"]["orders"][0].as_object_mut().unwrap();
    fields.insert("status".into(), json!("UNPAID"));
    fields.remove("packages");
    for unit in fields["line_items"].as_array_mut().unwrap() {
        unit.as_object_mut().unwrap().remove("package_id");
        unit.as_object_mut().unwrap().remove("package_status");
    }
    let snapshot = fetched(vec![get_order().answer(200, &order.to_string())]).unwrap();
    assert_eq!((snapshot.state, &snapshot.shipment), (OrderState::AwaitingPayment, &None));
    assert_eq!(snapshot.version.shipment_at, snapshot.version.order_at);
}

#[test]
fn a_package_that_cannot_be_read_is_what_the_order_says_of_it() {
    let order = with(ORDER, &[("/data/orders/0/line_items/0/tracking_number", json!("BR7"))]);
    let not_yet = fault(21_008_111, "The order or package does not belong to the current seller.");
    let never = fault(105_005, "Access denied. The scope is not granted.");
    for answer in [not_yet, never] {
        let steps = vec![get_order().answer(200, &order), get_package().answer(200, &answer)];
        let snapshot = fetched(steps).unwrap();
        let shipment = snapshot.shipment.unwrap();
        let said = (shipment.external_id.as_str(), shipment.platform_status.as_str());
        assert_eq!(said, (PACKAGE_ID, "TO_FULFILL"));
        assert_eq!(shipment.tracking_code.as_deref(), Some("BR7"));
        assert_eq!(snapshot.version.shipment_at, snapshot.version.order_at);
    }
}

#[test]
fn a_package_that_is_gone_does_not_hide_what_becomes_of_the_order() {
    let (held, _) = domain::Order::first_seen(&order_with(&[], &[]), FirstSight::Live);
    let cancelled = with(
        ORDER,
        &[
            ("/data/orders/0/status", json!("CANCELLED")),
            ("/data/orders/0/update_time", json!(1_794_313_900)),
        ],
    );
    let gone = fault(21_008_111, "The order or package does not belong to the current seller.");
    let steps = vec![get_order().answer(200, &cancelled), get_package().answer(200, &gone)];
    let Applied::Changed { order, .. } = held.apply(&fetched(steps).unwrap()) else {
        panic!("nothing changed")
    };
    assert_eq!(order.state, OrderState::Cancelled(CancelledBy::Marketplace));
}

#[test]
fn of_several_packages_the_one_with_most_to_do_stands_for_the_order() {
    let order = with(
        ORDER,
        &[
            ("/data/orders/0/packages", json!([{ "id": OTHER_PACKAGE }, { "id": PACKAGE_ID }])),
            ("/data/orders/0/split_or_combine_tag", json!("SPLIT")),
        ],
    );
    let first = with(
        PACKAGE,
        &[("/data/package_status", json!("FULFILLING")), ("/data/update_time", json!(1_794_315_000))],
    );
    let second = with(PACKAGE, &[("/data/package_id", json!(OTHER_PACKAGE))]);
    let other = get(&format!("/fulfillment/202309/packages/{OTHER_PACKAGE}"), &[]);
    let steps =
        vec![get_order().answer(200, &order), get_package().answer(200, &first), other.answer(200, &second)];
    let snapshot = fetched(steps).unwrap();
    assert_eq!(snapshot.shipment.unwrap().external_id, OTHER_PACKAGE);
    assert_eq!(snapshot.version.shipment_at, seconds(1_794_315_000), "the clock of the latest");
    assert!(snapshot.tags.contains(&"SPLIT".to_owned()));
}

#[test]
fn only_what_the_seller_still_has_to_hand_over_has_a_deadline() {
    let ship_by = |order: &[(&str, Value)], package_status: &str| {
        order_with(order, &[("/package_status", json!(package_status))]).shipment.unwrap().ship_by
    };
    let due = Some(seconds(1_794_488_400));
    assert_eq!((ship_by(&[], "TO_FULFILL"), ship_by(&[], "PROCESSING")), (due, due));
    assert_eq!((ship_by(&[], "FULFILLING"), ship_by(&[], "COMPLETED")), (None, None));
    let other = [("/rts_sla_time", json!(0)), ("/shipping_due_time", json!(1_794_500_000))];
    assert_eq!(ship_by(&other, "TO_FULFILL"), Some(seconds(1_794_500_000)));
    let by_platform = [("/fulfillment_type", json!("FULFILLMENT_BY_TIKTOK"))];
    let shipment = order_with(&by_platform, &[]).shipment.unwrap();
    assert_eq!(shipment.logistic_type.as_deref(), Some("FULFILLMENT_BY_TIKTOK"));
    assert_eq!(shipment.ship_by, None);
}

#[test]
fn flags_and_kinds_are_kept_as_tags() {
    let changes = [
        ("/order_type", json!("PRE_ORDER")),
        ("/is_sample_order", json!(true)),
        ("/is_cod", json!("true")),
        ("/is_on_hold_order", json!(true)),
    ];
    let tags = order_with(&changes, &[]).tags;
    assert_eq!(tags, ["PRE_ORDER", "NEED_INVOICE", "is_cod", "is_on_hold_order", "is_sample_order"]);
}

#[test]
fn a_token_that_ends_between_two_calls_asks_for_the_next_and_nothing_is_kept() {
    let expired = fault(105_002, "Expired credentials.");
    let steps = vec![get_order().answer(200, ORDER), get_package().answer(401, &expired)];
    let error = fetched(steps).unwrap_err();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::TokenRefused, Verdict::RETRY));
}

#[test]
fn a_clock_that_was_six_minutes_off_signs_with_the_new_time_when_it_is_right() {
    let early = fault(36_009_004, "Invalid timestamp. The timestamp is earlier than 5 minutes.");
    let order = |now_s: &str| get_at(now_s, "/order/202507/orders", &[("ids", ORDER_ID)]);
    let package = get_at("1794315960", &format!("/fulfillment/202309/packages/{PACKAGE_ID}"), &[]);
    let script = Script::new([
        order("1794315600").answer(400, &early),
        order("1794315960").answer(200, ORDER),
        package.answer(200, PACKAGE),
    ]);
    let clock = Arc::new(ManualClock::at(at(NOW)));
    let channel = TikTokShop::new(config(), script.outbound(clock.clone()));
    assert_eq!(now(channel.fetch(&account(), ORDER_ID)).unwrap_err().verdict(), Verdict::RETRY);
    clock.advance(Duration::from_mins(6));
    now(channel.fetch(&account(), ORDER_ID)).unwrap();
    script.done();
}

#[test]
fn an_answer_without_what_is_asked_for_is_no_order() {
    let empty = r#"{"code":0,"message":"Success","data":{}}"#;
    assert_eq!(fetched(vec![get_order().answer(200, empty)]).unwrap_err().kind, ErrorKind::NotFound);
    let other = with(ORDER, &[("/data/orders/0/id", json!("580000000000000002"))]);
    let error = fetched(vec![get_order().answer(200, &other)]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
    let other = with(PACKAGE, &[("/data/package_id", json!(OTHER_PACKAGE))]);
    let steps = vec![get_order().answer(200, ORDER), get_package().answer(200, &other)];
    let error = fetched(steps).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}

#[test]
fn an_order_without_what_units_hang_on_is_never_taken() {
    let changes = [
        ("/update_time", json!(0)),
        ("/line_items", json!([])),
        ("/line_items/0/sale_price", json!("free")),
        ("/line_items/0/sku_id", json!("../x")),
        ("/line_items/0/product_id", json!("")),
        ("/line_items/0/currency", json!("USD")),
        ("/line_items/0/package_id", json!("../x")),
        ("/payment/currency", json!("XYZ")),
        ("/payment/sub_total", json!("much")),
    ];
    for (place, value) in changes {
        let body = with(ORDER, &[(&format!("/data/orders/0{place}"), value)]);
        let script =
            Script::lenient([get_order().answer(200, &body), get_package().answer(200, PACKAGE)], 404, "");
        let channel = TikTokShop::new(config(), script.outbound(Arc::new(ManualClock::at(at(NOW)))));
        let error = now(channel.fetch(&account(), ORDER_ID)).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{place}: {error}");
        let shown = format!("{error:?}");
        for personal in ["Escondida", "Maria", "456.789", "chat.seller", "(+55)", "01000-000", "E000000"] {
            assert!(!shown.contains(personal), "{personal} in {shown}");
        }
    }
}

#[test]
fn a_package_names_its_orders_once_each() {
    let orders = json!([{ "id": "2" }, { "id": 1 }, { "id": "2" }]);
    let (channel, script) =
        scripted([get_package().answer(200, &with(PACKAGE, &[("/data/orders", orders)]))]);
    assert_eq!(now(channel.of_shipment(&account(), PACKAGE_ID)).unwrap(), ["1", "2"]);
    script.done();
    for orders in [json!([]), json!(null), json!([{ "id": "../x" }]), json!([{}])] {
        let body = with(PACKAGE, &[("/data/orders", orders)]);
        let (channel, _) = scripted([get_package().answer(200, &body)]);
        let error = now(channel.of_shipment(&account(), PACKAGE_ID)).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
    }
}

const WINDOW: Window =
    Window { from: Timestamp::from_millis(1_794_313_200_400), to: Timestamp::from_millis(1_794_315_900_600) };

fn search(token: Option<&str>) -> Step {
    let mut query = vec![("page_size", "100"), ("sort_field", "update_time"), ("sort_order", "ASC")];
    query.extend(token.map(|token| ("page_token", token)));
    let body = r#"{"update_time_ge":1794313200,"update_time_lt":1794315901}"#;
    post("/order/202309/orders/search", &query, body)
}

#[test]
fn the_sweep_asks_oldest_first_for_whole_seconds() {
    let (channel, script) = scripted([search(None).answer(200, ORDERS_SEARCH)]);
    let page = now(channel.updated_in(&account(), WINDOW, None)).unwrap();
    script.done();
    let expected = [
        OrderRef { external_id: ORDER_ID.into(), updated_at: seconds(1_794_313_700) },
        // Later than the window: it was updated while the search ran.
        OrderRef { external_id: "580000000000000002".into(), updated_at: seconds(1_794_315_601) },
    ];
    assert_eq!((page.items.as_slice(), page.next, page.total), (expected.as_slice(), None, Some(2)));
}

#[test]
fn a_page_token_comes_back_as_it_was_with_the_window_that_it_is_for() {
    let token = "b64;+/= é&";
    let more = with(ORDERS_SEARCH, &[("/data/next_page_token", json!(token))]);
    let (channel, script) =
        scripted([search(None).answer(200, &more), search(Some(token)).answer(200, ORDERS_SEARCH)]);
    let cursor = now(channel.updated_in(&account(), WINDOW, None)).unwrap().next.unwrap();
    // The clock has moved on, and with it the window of whoever asks.
    let later = Window { to: at("2026-11-11T00:00:00Z"), ..WINDOW };
    let page = now(channel.updated_in(&account(), later, Some(&cursor))).unwrap();
    script.done();
    assert_eq!((page.next, page.total), (None, None));
}

#[test]
fn a_page_that_leads_to_itself_is_no_end_and_no_loop() {
    let again = with(ORDERS_SEARCH, &[("/data/next_page_token", json!("same"))]);
    let (channel, _) = scripted([search(None).answer(200, &again), search(Some("same")).answer(200, &again)]);
    let cursor = now(channel.updated_in(&account(), WINDOW, None)).unwrap().next.unwrap();
    let error = now(channel.updated_in(&account(), WINDOW, Some(&cursor))).unwrap_err();
    assert_eq!((matches!(error.kind, ErrorKind::Garbled { .. }), error.verdict()), (true, Verdict::RETRY));
}

#[test]
fn an_empty_page_leaves_its_list_out() {
    for body in
        [r#"{"code":0,"data":{"total_count":0}}"#, r#"{"code":0,"data":{"orders":[],"next_page_token":""}}"#]
    {
        let (channel, _) = scripted([search(None).answer(200, body)]);
        let page = now(channel.updated_in(&account(), WINDOW, None)).unwrap();
        assert_eq!((page.items.len(), page.next), (0, None), "{body}");
    }
}

#[test]
fn a_row_without_a_date_counts_as_just_updated_and_one_without_an_id_is_no_row() {
    let dateless = with(ORDERS_SEARCH, &[("/data/orders/0/update_time", json!(null))]);
    let (channel, _) = scripted([search(None).answer(200, &dateless)]);
    let page = now(channel.updated_in(&account(), WINDOW, None)).unwrap();
    assert_eq!(page.items[0].updated_at, WINDOW.to);
    let nameless = with(ORDERS_SEARCH, &[("/data/orders/0/id", json!(""))]);
    let (channel, _) = scripted([search(None).answer(200, &nameless)]);
    let error = now(channel.updated_in(&account(), WINDOW, None)).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}

#[test]
fn an_id_that_would_change_the_question_is_never_asked() {
    let (channel, _) = scripted([]);
    for id in ["1,2", "1&x=2", "../1", "", "one", "123456789012345678901"] {
        let error = now(channel.fetch(&account(), id)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::AddressNotAllowed, "{id}");
    }
}
