use std::sync::Arc;
use std::time::Duration;

use connect::conformance::{Script, Step, now};
use connect::{ChannelError, ErrorKind, OrderRef, Orders, Page, Window};
use domain::order::{Attention, CancelledBy, LineSnapshot, ShipmentSnapshot, SnapshotVersion};
use domain::{ChannelKind, Currency, ManualClock, Money, OrderSnapshot, OrderState, Timestamp, Verdict};
use serde_json::{Value, json};

use super::super::Shopee;
use super::{
    ESCROW, NOW, ORDER, ORDER_CLOCKS, ORDER_LIST, ORDER_NUMBER, PACKAGE_NUMBER, PACKAGES, account, at,
    config, fault, order_at, order_at_second, order_with, package_at, package_with, scripted, second, shop,
    with,
};
use crate::market::tests::odd::UNKNOWN;

fn fetched(steps: Vec<Step>) -> Result<OrderSnapshot, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.fetch(&account(), ORDER_NUMBER));
    script.done();
    outcome
}

fn steps(order: &str, package: &str) -> Vec<Step> {
    vec![Step::get(&order_at()).answer(200, order), Step::get(&package_at()).answer(200, package)]
}

fn order(changes: &[(&str, Value)], package: &[(&str, Value)]) -> OrderSnapshot {
    fetched(steps(&order_with(changes), &package_with(package))).unwrap()
}

/// The state of an order of `status` whose package is at `package`.
fn state(status: &str, package: &str) -> OrderState {
    order(&[("/order_status", json!(status))], &[("/fulfillment_status", json!(package))]).state
}

fn brl(minor: i64) -> Money {
    Money::new(minor, Currency::Brl)
}

#[test]
fn an_order_is_fetched_with_its_package() {
    let expected = OrderSnapshot {
        channel: ChannelKind::Shopee,
        external_id: ORDER_NUMBER.into(),
        pack_external_id: None,
        version: SnapshotVersion { order_at: second(1_794_313_605), shipment_at: second(1_794_314_000) },
        placed_at: second(1_794_310_000),
        state: OrderState::ToDispatch,
        platform_status: "READY_TO_SHIP".into(),
        lines: vec![LineSnapshot {
            key: "930001/7700011".into(),
            listing_external_id: "930001".into(),
            variation_external_id: Some("7700011".into()),
            title: "Camiseta de algodão (Preta,M)".into(),
            seller_sku: Some("CAM-01-PM".into()),
            units: 2,
            unit_price: brl(4_490),
            sale_fee: None,
        }],
        total: brl(8_980),
        buyer_external_id: Some("55501".into()),
        shipment: Some(ShipmentSnapshot {
            external_id: PACKAGE_NUMBER.into(),
            platform_status: "LOGISTICS_REQUEST_CREATED".into(),
            logistic_type: Some("Entrega Padrão".into()),
            tracking_code: Some("BR240000000001A".into()),
            ship_by: Some(second(1_794_504_400)),
        }),
        tags: vec!["fulfilled_by_local_seller".into()],
    };
    assert_eq!(order(&[], &[]), expected);
}

#[test]
fn every_call_is_signed_with_the_time_of_its_sending() {
    let clock = Arc::new(ManualClock::at(at(NOW)));
    let later = order_at_second(1_794_315_600 + 360);
    let script = Script::new([
        Step::get(&order_at()).answer(200, &fault("error_param", "Timestamp is expired.")),
        Step::get(&later).answer(200, &fault("error_not_found", "")),
    ]);
    let channel = Shopee::new(config(), script.outbound(clock.clone()));
    assert_eq!(now(channel.fetch(&account(), ORDER_NUMBER)).unwrap_err().verdict(), Verdict::RETRY);
    clock.advance(Duration::from_mins(6));
    assert_eq!(now(channel.fetch(&account(), ORDER_NUMBER)).unwrap_err().kind, ErrorKind::NotFound);
    script.done();
}

#[test]
fn nothing_about_the_buyer_is_asked_for_but_their_number() {
    for personal in
        ["recipient_address", "buyer_username", "buyer_cpf_id", "invoice_data", "note", "dropshipper"]
    {
        assert!(!order_at().contains(personal), "{personal}");
    }
}

#[test]
fn an_order_without_a_package_needs_no_second_call() {
    for none in [json!([]), json!(null)] {
        let body = order_with(&[("/package_list", none), ("/order_status", json!("UNPAID"))]);
        let snapshot = fetched(vec![Step::get(&order_at()).answer(200, &body)]).unwrap();
        assert_eq!((snapshot.state, snapshot.shipment), (OrderState::AwaitingPayment, None));
        assert_eq!(snapshot.version.shipment_at, Timestamp::EPOCH);
    }
}

#[test]
fn a_package_that_cannot_be_read_yet_is_taken_as_the_order_tells_it() {
    let none = with(PACKAGES, &[("/response/package_list", json!([]))]);
    let refused = fault("error_api_permission", "");
    for unreadable in [fault("error_not_found", ""), fault("odd", ""), refused, none] {
        let snapshot = fetched(steps(ORDER, &unreadable)).unwrap();
        let shipment = snapshot.shipment.unwrap();
        assert_eq!(
            (snapshot.state, shipment.platform_status.as_str()),
            (OrderState::ToDispatch, "LOGISTICS_READY")
        );
        assert_eq!(shipment.tracking_code, None);
        assert_eq!(shipment.ship_by, Some(second(1_794_518_000)), "the order's own");
    }
}

#[test]
fn a_fault_at_the_package_is_tried_again_and_never_read_as_no_package() {
    let error = fetched(steps(ORDER, &fault("error_server", ""))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PlatformFault { status: 200 });
    let error = fetched(steps(ORDER, &package_with(&[("/package_number", json!("OFG9"))]))).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
    let nameless = order_with(&[("/package_list/0/package_number", json!(""))]);
    let error = fetched(vec![Step::get(&order_at()).answer(200, &nameless)]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Garbled { what: "package_number is missing".into() });
}

#[test]
fn an_order_that_is_not_there_yet_is_tried_again() {
    let empty = with(ORDER, &[("/response/order_list", json!([]))]);
    for body in [empty, fault("error_not_found", "Wrong parameters, detail: the order is not found.")] {
        let error = fetched(vec![Step::get(&order_at()).answer(200, &body)]).unwrap_err();
        assert_eq!((&error.kind, error.verdict()), (&ErrorKind::NotFound, Verdict::RETRY));
    }
}

#[test]
fn the_state_of_a_paid_order_is_where_its_packages_are() {
    use OrderState::{Delivered, Shipped, ToDispatch};
    let cases = [
        ("LOGISTICS_NOT_START", ToDispatch),
        ("LOGISTICS_PENDING_ARRANGE", ToDispatch),
        ("LOGISTICS_READY", ToDispatch),
        ("LOGISTICS_REQUEST_CREATED", ToDispatch),
        ("LOGISTICS_PICKUP_RETRY", ToDispatch),
        ("LOGISTICS_PICKUP_FAILED", ToDispatch),
        ("LOGISTICS_PICKUP_DONE", Shipped),
        ("LOGISTICS_DELIVERY_FAILED", Shipped),
        ("LOGISTICS_LOST", Shipped),
        ("LOGISTICS_DELIVERY_DONE", Delivered),
        ("LOGISTICS_INVALID", UNKNOWN),
        ("LOGISTICS_REQUEST_CANCELED", UNKNOWN),
        ("LOGISTICS_COD_REJECTED", UNKNOWN),
        ("LOGISTICS_OF_TOMORROW", UNKNOWN),
    ];
    for status in ["READY_TO_SHIP", "PROCESSED", "RETRY_SHIP"] {
        for (package, expected) in cases {
            assert_eq!(state(status, package), expected, "{status} {package}");
        }
    }
}

#[test]
fn later_states_say_all_by_themselves() {
    use OrderState::{AwaitingPayment, Delivered, Shipped};
    let cases = [
        ("UNPAID", "LOGISTICS_NOT_START", AwaitingPayment),
        ("PENDING", "LOGISTICS_NOT_START", AwaitingPayment),
        ("SHIPPED", "LOGISTICS_PICKUP_DONE", Shipped),
        ("SHIPPED", "LOGISTICS_OF_TOMORROW", Shipped),
        ("SHIPPED", "LOGISTICS_DELIVERY_DONE", Delivered),
        ("TO_CONFIRM_RECEIVE", "LOGISTICS_DELIVERY_DONE", Delivered),
        ("COMPLETED", "LOGISTICS_DELIVERY_DONE", Delivered),
        ("TO_RETURN", "LOGISTICS_DELIVERY_DONE", Delivered),
        ("TO_RETURN", "LOGISTICS_PICKUP_DONE", Shipped),
    ];
    for (status, package, expected) in cases {
        assert_eq!(state(status, package), expected, "{status} {package}");
    }
}

#[test]
fn a_status_that_nobody_knows_or_that_asks_for_an_answer_waits_for_a_person() {
    for status in ["IN_CANCEL", "INVOICE_PENDING", "A_STATUS_OF_TOMORROW", "", "ready_to_ship"] {
        let snapshot = order(&[("/order_status", json!(status))], &[]);
        assert_eq!((snapshot.state, snapshot.platform_status.as_str()), (UNKNOWN, status));
    }
    let ahead = order(&[("/advance_package", json!(true))], &[]);
    assert_eq!(ahead.state, UNKNOWN, "sent ahead of the order: not to be sent once more");
}

#[test]
fn a_cancelled_order_says_by_whom() {
    for (word, by) in [
        ("buyer", CancelledBy::Buyer),
        ("Buyer", CancelledBy::Buyer),
        ("seller", CancelledBy::Seller),
        ("system", CancelledBy::Marketplace),
        ("", CancelledBy::Marketplace),
    ] {
        let changes = [("/order_status", json!("CANCELLED")), ("/cancel_by", json!(word))];
        let cancelled = order(&changes, &[("/fulfillment_status", json!("LOGISTICS_INVALID"))]);
        assert_eq!(cancelled.state, OrderState::Cancelled(by), "{word}");
    }
}

#[test]
fn a_cancelled_order_whose_goods_are_away_frees_no_units() {
    for package in ["LOGISTICS_PICKUP_DONE", "LOGISTICS_DELIVERY_DONE", "LOGISTICS_LOST"] {
        let expected = OrderState::NeedsAttention(Attention::CancelledYetSent);
        assert_eq!(state("CANCELLED", package), expected, "{package}");
    }
    assert_eq!(state("CANCELLED", "LOGISTICS_OF_TOMORROW"), UNKNOWN);
    assert!(matches!(state("CANCELLED", "LOGISTICS_READY"), OrderState::Cancelled(_)));
}

fn split(first: &str, second: &str) -> OrderSnapshot {
    let number = "OFG240000000000002";
    let order = order_with(&[("/package_list/0/logistics_status", json!(first)), ("/split_up", json!(true))]);
    let mut order: Value = serde_json::from_str(&order).unwrap();
    let packages = order["response"]["order_list"][0]["package_list"].as_array_mut().unwrap();
    let mut other = packages[0].clone();
    other["package_number"] = json!(number);
    other["logistics_status"] = json!(second);
    packages.push(other);
    let both =
        shop("order/get_package_detail", "&package_number_list=OFG240000000000001%2COFG240000000000002");
    let steps = vec![
        Step::get(&order_at()).answer(200, &order.to_string()),
        Step::get(&both).answer(200, &fault("error_not_found", "")),
    ];
    fetched(steps).unwrap()
}

#[test]
fn of_several_packages_the_one_that_is_still_to_be_sent_decides() {
    let (ready, gone) = ("LOGISTICS_READY", "LOGISTICS_PICKUP_DONE");
    let (there, off) = ("LOGISTICS_DELIVERY_DONE", "LOGISTICS_INVALID");
    let cases = [
        (gone, ready, OrderState::ToDispatch, "OFG240000000000002"),
        (gone, there, OrderState::Shipped, PACKAGE_NUMBER),
        (there, there, OrderState::Delivered, PACKAGE_NUMBER),
        (off, there, OrderState::Delivered, "OFG240000000000002"),
        (off, off, UNKNOWN, PACKAGE_NUMBER),
        (ready, "LOGISTICS_OF_TOMORROW", UNKNOWN, PACKAGE_NUMBER),
    ];
    for (first, second, state, shown) in cases {
        let snapshot = split(first, second);
        assert_eq!(
            (snapshot.state, snapshot.shipment.unwrap().external_id.as_str()),
            (state, shown),
            "{first} {second}"
        );
        assert_eq!(snapshot.tags[0], "split_up");
    }
}

#[test]
fn what_shopees_own_warehouse_sends_has_no_deadline_for_the_seller() {
    let snapshot = order(&[("/fulfillment_flag", json!("fulfilled_by_shopee"))], &[]);
    let shipment = snapshot.shipment.unwrap();
    assert_eq!((shipment.logistic_type.as_deref(), shipment.ship_by), (Some("fulfilled_by_shopee"), None));
    let gone = order(&[], &[("/fulfillment_status", json!("LOGISTICS_PICKUP_DONE"))]);
    assert_eq!(gone.shipment.unwrap().ship_by, None, "a package that is away is due no more");
}

#[test]
fn a_tracking_number_that_is_none_is_none() {
    for none in ["-", "", " "] {
        let snapshot = order(&[], &[("/tracking_number", json!(none))]);
        assert_eq!(snapshot.shipment.unwrap().tracking_code, None);
    }
}

#[test]
fn lines_keep_their_names_in_every_answer() {
    let mut body: Value = serde_json::from_str(ORDER).unwrap();
    let lines = &mut body["response"]["order_list"][0]["item_list"];
    let line = lines[0].clone();
    let mut single = line.clone();
    single["model_id"] = json!(0);
    *lines = json!([single, line, line]);
    let keys = |body: &Value| {
        let lines = fetched(steps(&body.to_string(), PACKAGES)).unwrap().lines;
        lines.into_iter().map(|line| line.key).collect::<Vec<_>>()
    };
    let expected = ["930001", "930001/7700011", "930001/7700011#2"];
    assert_eq!(keys(&body), expected);
    let lines = &mut body["response"]["order_list"][0]["item_list"];
    lines[0]["model_id"] = json!(null);
    lines[1]["model_id"] = json!("7700011");
    lines[1]["line_item_id"] = json!(null);
    assert_eq!(keys(&body), expected);
}

#[test]
fn units_that_were_cancelled_out_of_an_order_are_not_wanted_any_more() {
    let units = |status: &str, cancelled: Value| {
        let changes = [("/order_status", json!(status)), ("/item_list/0/cancelled_qty", cancelled)];
        order(&changes, &[]).lines[0].units
    };
    assert_eq!(units("READY_TO_SHIP", json!(1)), 1);
    assert_eq!(units("READY_TO_SHIP", json!(-1)), 2);
    assert_eq!(units("READY_TO_SHIP", json!(null)), 2);
    assert_eq!(units("CANCELLED", json!(2)), 2, "a cancelled order keeps its lines");
}

#[test]
fn a_line_without_its_model_is_the_item_and_falls_back_to_its_code() {
    let changes = [
        ("/item_list/0/model_id", json!(0)),
        ("/item_list/0/model_name", json!("")),
        ("/item_list/0/model_sku", json!("")),
    ];
    let line = order(&changes, &[]).lines.remove(0);
    assert_eq!((line.variation_external_id, line.title.as_str()), (None, "Camiseta de algodão"));
    assert_eq!(line.seller_sku.as_deref(), Some("CAM-01"));
}

const ESCROW_AT: &str = "&order_sn=260921ABCDEF01";

fn bundle(escrow: &Step) -> Result<OrderSnapshot, ChannelError> {
    let body = order_with(&[("/item_list/0/model_discounted_price", json!(0))]);
    let mut steps = steps(&body, PACKAGES);
    steps.push(escrow.clone());
    fetched(steps)
}

#[test]
fn the_order_tells_the_price_of_one_and_the_escrow_of_all() {
    let escrow_at = shop("payment/get_escrow_detail", ESCROW_AT);
    let snapshot = bundle(&Step::get(&escrow_at).answer(200, ESCROW)).unwrap();
    assert_eq!((snapshot.lines[0].unit_price, snapshot.total), (brl(4_490), brl(8_980)));
    let odd = with(ESCROW, &[("/response/order_income/items/0/discounted_price", json!(89.81))]);
    let snapshot = bundle(&Step::get(&escrow_at).answer(200, &odd)).unwrap();
    assert_eq!(
        (snapshot.lines[0].unit_price, snapshot.total),
        (brl(4_490), brl(8_981)),
        "the sum stays exact"
    );
}

#[test]
fn a_line_of_the_escrow_is_found_by_its_number_or_by_what_it_sold() {
    let escrow_at = shop("payment/get_escrow_detail", ESCROW_AT);
    let row = "/response/order_income/items/0";
    let total = |changes: &[(&str, Value)]| {
        let changes: Vec<_> =
            changes.iter().map(|(name, value)| (format!("{row}{name}"), value.clone())).collect();
        let changes: Vec<_> = changes.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        bundle(&Step::get(&escrow_at).answer(200, &with(ESCROW, &changes))).unwrap().total
    };
    assert_eq!(total(&[("/line_item_id", json!(null))]), brl(8_980));
    assert_eq!(total(&[("/item_id", json!(1))]), brl(8_980));
    assert_eq!(total(&[("/line_item_id", json!(1)), ("/model_id", json!(1))]), brl(0));
}

#[test]
fn an_order_does_not_wait_for_prices_that_may_not_be_read() {
    let escrow = |body: &str| Step::get(&shop("payment/get_escrow_detail", ESCROW_AT)).answer(200, body);
    for code in ["error_api_permission", "order_not_found", "odd"] {
        assert_eq!(bundle(&escrow(&fault(code, ""))).unwrap().total, brl(0), "{code}");
    }
    let passing = bundle(&escrow(&fault("error_server", ""))).unwrap_err();
    assert_eq!(passing.verdict(), Verdict::RETRY);
    let other = with(ESCROW, &[("/response/order_sn", json!("260921ABCDEF99"))]);
    assert!(matches!(bundle(&escrow(&other)).unwrap_err().kind, ErrorKind::Garbled { .. }));
}

#[test]
fn an_order_without_what_it_needs_is_garbled_and_names_the_field() {
    let cases = [
        ("/update_time", "update_time"),
        ("/currency", "currency"),
        ("/item_list", "item_list"),
        ("/item_list/0/item_id", "item_id"),
        ("/item_list/0/model_quantity_purchased", "model_quantity_purchased"),
    ];
    for (pointer, field) in cases {
        let error = fetched(steps(&order_with(&[(pointer, json!(null))]), PACKAGES)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Garbled { what: format!("{field} is missing") });
        assert!(error.exchange.is_some());
    }
    for quantity in [json!(0), json!(-1), json!(1.5), json!("many")] {
        let body = order_with(&[("/item_list/0/model_quantity_purchased", quantity)]);
        assert!(matches!(fetched(steps(&body, PACKAGES)).unwrap_err().kind, ErrorKind::Garbled { .. }));
    }
    let priceless = order_with(&[
        ("/item_list/0/model_discounted_price", json!(null)),
        ("/item_list/0/model_original_price", json!(null)),
    ]);
    assert!(matches!(fetched(steps(&priceless, PACKAGES)).unwrap_err().kind, ErrorKind::Garbled { .. }));
}

fn carried(body: &str) -> Result<Vec<String>, ChannelError> {
    let (channel, script) = scripted([Step::get(&package_at()).answer(200, body)]);
    let outcome = now(channel.of_shipment(&account(), PACKAGE_NUMBER));
    script.done();
    outcome
}

#[test]
fn a_package_names_its_order() {
    assert_eq!(carried(PACKAGES).unwrap(), [ORDER_NUMBER]);
}

#[test]
fn a_package_that_nobody_knows_is_not_found_and_another_one_is_no_answer() {
    let none = with(PACKAGES, &[("/response/package_list", json!([]))]);
    for body in [none, fault("logistics.package_number_not_exist", "")] {
        assert_eq!(carried(&body).unwrap_err().kind, ErrorKind::NotFound);
    }
    for change in [("/package_number", json!("OFG9")), ("/order_sn", json!("")), ("/order_sn", json!("A,B"))]
    {
        let error = carried(&package_with(&[change])).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
    }
}

fn window() -> Window {
    Window { from: at("2026-11-10T12:20:00Z"), to: at("2026-11-10T13:05:00Z") }
}

fn list_at(from: i64, to: i64, cursor: &str) -> String {
    let query = format!(
        "&time_range_field=update_time&time_from={from}&time_to={to}&page_size=50&cursor={cursor}\
         &request_order_status_pending=true"
    );
    shop("order/get_order_list", &query)
}

fn clocks_at(numbers: &str) -> String {
    shop("order/get_order_detail", &format!("&order_sn_list={numbers}&request_order_status_pending=true"))
}

fn swept(window: Window, cursor: Option<&str>, steps: Vec<Step>) -> Result<Page<OrderRef>, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.updated_in(&account(), window, cursor));
    script.done();
    outcome
}

const FROM: i64 = 1_794_313_200;
const TO: i64 = 1_794_315_900;
const BOTH: &str = "260921ABCDEF01%2C260921ABCDEF02";

#[test]
fn the_sweep_asks_by_update_and_reads_the_clocks_besides() {
    let steps = vec![
        Step::get(&list_at(FROM, TO, "")).answer(200, ORDER_LIST),
        Step::get(&clocks_at(BOTH)).answer(200, ORDER_CLOCKS),
    ];
    let page = swept(window(), None, steps).unwrap();
    let found = |id: &str, seconds| OrderRef { external_id: id.into(), updated_at: second(seconds) };
    assert_eq!(page.items, [found("260921ABCDEF01", 1_794_313_605), found("260921ABCDEF02", 1_794_314_205)]);
    assert_eq!((page.next, page.total), (None, None));
}

#[test]
fn the_sweep_goes_on_while_there_is_more_however_short_the_page() {
    let more =
        with(ORDER_LIST, &[("/response/more", json!(true)), ("/response/next_cursor", json!("20:a&b"))]);
    let none = with(ORDER_LIST, &[("/response/order_list", json!([]))]);
    let first = vec![
        Step::get(&list_at(FROM, TO, "")).answer(200, &more),
        Step::get(&clocks_at(BOTH)).answer(200, ORDER_CLOCKS),
    ];
    let page = swept(window(), None, first).unwrap();
    assert_eq!(page.items.len(), 2);
    let second = vec![Step::get(&list_at(FROM, TO, "20%3Aa%26b")).answer(200, &none)];
    let page = swept(window(), page.next.as_deref(), second).unwrap();
    assert_eq!((page.items.len(), page.next), (0, None));
}

#[test]
fn a_list_that_leads_in_a_circle_is_garbled() {
    for next in [json!(""), json!(null), json!("20")] {
        let body = with(ORDER_LIST, &[("/response/more", json!(true)), ("/response/next_cursor", next)]);
        let cursor = format!("updated:{FROM}-{TO}:20");
        let error =
            swept(window(), Some(&cursor), vec![Step::get(&list_at(FROM, TO, "20")).answer(200, &body)]);
        assert!(matches!(error.unwrap_err().kind, ErrorKind::Garbled { .. }));
    }
}

#[test]
fn a_window_of_a_month_is_read_in_spans_of_less_than_fifteen_days() {
    let window = Window { from: at("2026-10-11T13:05:00Z"), to: at("2026-11-10T13:05:00Z") };
    let none = with(ORDER_LIST, &[("/response/order_list", json!([]))]);
    let (start, span) = (TO - 30 * 86_400, 15 * 86_400 - 60);
    let ends = [start, start + span, start + 2 * span, TO];
    let mut cursor = None;
    for pair in ends.windows(2) {
        let step = Step::get(&list_at(pair[0], pair[1], "")).answer(200, &none);
        let page = swept(window, cursor.as_deref(), vec![step]).unwrap();
        cursor = page.next;
    }
    assert_eq!(cursor, None);
}

#[test]
fn an_order_without_a_clock_counts_as_just_updated() {
    let one = with(ORDER_CLOCKS, &[("/response/order_list/1/update_time", json!(0))]);
    for (body, known) in [(one, true), (fault("error_not_found", ""), false)] {
        let steps = vec![
            Step::get(&list_at(FROM, TO, "")).answer(200, ORDER_LIST),
            Step::get(&clocks_at(BOTH)).answer(200, &body),
        ];
        let page = swept(window(), None, steps).unwrap();
        assert_eq!(page.items[0].updated_at, second(TO));
        assert_eq!(page.items[1].updated_at == second(1_794_314_205), known);
    }
}

#[test]
fn a_foreign_cursor_is_refused_before_any_call() {
    let foreign = [
        "",
        "x",
        "updated",
        "updated:",
        "updated:1-2",
        "updated:2-1:",
        "updated:1-1:",
        "updated:-1-2:",
        "updated:1-99999999999:",
        "items:0",
        "lost:1",
        "1794-1795@0",
        "20",
    ];
    for cursor in foreign {
        let error = swept(window(), Some(cursor), Vec::new()).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{cursor}");
    }
}

#[test]
fn a_row_that_is_no_order_and_a_refused_list_say_why() {
    let odd = with(ORDER_LIST, &[("/response/order_list/0/order_sn", json!("A,B"))]);
    let error = swept(window(), None, vec![Step::get(&list_at(FROM, TO, "")).answer(200, &odd)]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
    let (code, message) = ("order.order_list_invalid_time", "diff in 15days.");
    let step = Step::get(&list_at(FROM, TO, "")).answer(200, &fault(code, message));
    let error = swept(window(), None, vec![step]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused { code: code.into(), message: message.into() });
}
