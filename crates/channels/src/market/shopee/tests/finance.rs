use connect::conformance::{Step, now};
use connect::{
    ChannelError, ErrorKind, Finality, Finance, OrderMoney, Page, SettledOrder, Settlements, Window,
};
use domain::settlement::{FeeKind, Sums};
use domain::{Currency, Money};
use serde_json::{Value, json};

use super::{
    ESCROW_LIST, ESCROW_WHOLE, NOW, ORDER, account, at, fault, order_with, scripted, second, shop, with_below,
};

const NUMBER: &str = "260921ABCDEF01";

fn order_step(order: &str) -> Step {
    let query = format!("&order_sn_list={NUMBER}&request_order_status_pending=true");
    Step::get(&shop("order/get_order_detail", &query)).answer(200, order)
}

/// What is asked when all is well.
pub(super) fn asked(escrow: &str) -> Vec<Step> {
    let target = shop("payment/get_escrow_detail", &format!("&order_sn={NUMBER}"));
    vec![order_step(ORDER), Step::get(&target).answer(200, escrow)]
}

/// A page of released escrows, until 13:05.
pub(super) fn listed(from: i64, page: u32) -> Step {
    let query = format!("&release_time_from={from}&release_time_to=1794315900&page_size=100&page_no={page}");
    Step::get(&shop("payment/get_escrow_list", &query))
}

fn income(changes: &[(&str, Value)]) -> String {
    with_below(ESCROW_WHOLE, "/response/order_income", changes)
}

fn read(steps: Vec<Step>) -> Result<OrderMoney, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.of_order(&account(), NUMBER));
    script.done();
    outcome
}

fn read_with(changes: &[(&str, Value)]) -> OrderMoney {
    read(asked(&income(changes))).unwrap()
}

fn page(cursor: Option<&str>, steps: Vec<Step>) -> Result<Page<SettledOrder>, ChannelError> {
    let window = Window { from: at("2026-11-10T12:20:00Z"), to: at("2026-11-10T13:05:00Z") };
    let (channel, script) = scripted(steps);
    let outcome = now(channel.settled_in(&account(), window, cursor));
    script.done();
    outcome
}

fn named(sums: &Sums) -> Vec<(&str, i64)> {
    sums.iter().filter(|(_, minor)| *minor != 0).map(|(kind, minor)| (kind.as_words().0, minor)).collect()
}

#[test]
fn the_parts_of_an_escrow_are_its_sum() {
    let money = read_with(&[]);
    assert_eq!((money.at, money.currency, money.finality), (at(NOW), Currency::Brl, Finality::WhenListed));
    let expected = [("goods", 8_980), ("commission", -1_257), ("programme", -939)];
    assert_eq!(
        named(&money.charged),
        expected,
        "12.00 from the buyer and 8.00 from Shopee pay the carrier's 20.00"
    );
    assert_eq!(money.charged.total(), Ok(6_784));
    assert_eq!(money.forecast, money.charged);
}

#[test]
fn a_fee_that_is_told_as_nothing_is_expected_to_be_nothing() {
    let money = read_with(&[]);
    assert_eq!(money.forecast.of(&FeeKind::Payment), Some(0));
    assert_eq!(money.forecast.of(&FeeKind::Handling), None, "of this, nothing was said");
}

#[test]
fn a_share_of_another_fee_is_not_added_to_it() {
    let changes = [
        ("/seller_transaction_fee", json!(0.64)),
        ("/credit_card_transaction_fee", json!(0.64)),
        ("/escrow_amount", json!(67.2)),
    ];
    let money = read_with(&changes);
    assert_eq!(
        (money.charged.of(&FeeKind::Payment), money.charged.of(&FeeKind::Unexplained)),
        (Some(-64), None)
    );
}

#[test]
fn without_the_carriers_costs_the_forecast_has_no_freight() {
    let changes = [
        ("/actual_shipping_fee", json!(0)),
        ("/shopee_shipping_rebate", json!(0)),
        ("/escrow_amount", json!(79.84)),
    ];
    let money = read_with(&changes);
    assert_eq!(money.forecast.of(&FeeKind::Freight), None);
    assert_eq!(money.charged.of(&FeeKind::Freight), Some(1_200), "should it be released like that");
    assert_eq!(money.forecast.total(), Ok(6_784), "it looks no better than it is");
}

#[test]
fn taxes_of_any_name_vouchers_refunds_and_corrections_have_their_kinds() {
    let changes = [
        ("/withholding_pit_tax", json!(1.5)),
        ("/withholding_tax", json!(0.5)),
        ("/voucher_from_seller", json!(5)),
        ("/seller_return_refund", json!(-20)),
        ("/total_adjustment_amount", json!(-3)),
        ("/fbs_fee", json!(2)),
        ("/escrow_amount", json!(38.84)),
    ];
    let charged = read_with(&changes).charged;
    let kinds = [FeeKind::Tax, FeeKind::Campaign, FeeKind::Refund, FeeKind::Adjustment, FeeKind::Handling];
    assert_eq!(kinds.map(|kind| charged.of(&kind)), [-200, -500, -2_000, -300, -200].map(Some));
    assert_eq!(
        (charged.total(), charged.of(&FeeKind::Unexplained)),
        (Ok(3_584), None),
        "the sum after the correction"
    );
}

#[test]
fn what_no_part_explains_is_said_to_be_unexplained() {
    let charged = read_with(&[("/escrow_amount", json!(60.0)), ("/a_regional_tax", json!(7.84))]).charged;
    assert_eq!((charged.of(&FeeKind::Unexplained), charged.total()), (Some(-784), Ok(6_000)));
}

#[test]
fn money_is_in_the_orders_currency() {
    let mut steps = asked(ESCROW_WHOLE);
    steps[0] = order_step(&order_with(&[("/currency", json!("CLP"))]));
    let money = read(steps).unwrap();
    assert_eq!(money.currency, Currency::Clp);
    assert_eq!(
        money.charged.of(&FeeKind::Goods),
        Some(Money::parse_decimal("89.8", Currency::Clp).unwrap().minor)
    );
}

#[test]
fn an_escrow_that_says_no_more_than_nothing_is_garbled() {
    for changes in [
        vec![("/escrow_amount", json!(null))],
        vec![("/commission_fee", json!(-12.57))],
        vec![("/original_cost_of_goods_sold", json!(-1))],
    ] {
        let error = read(asked(&income(&changes))).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{changes:?}: {error}");
    }
}

#[test]
fn an_unpaid_order_has_no_escrow_yet() {
    let mut steps = asked(ESCROW_WHOLE);
    steps[1] = steps[1].clone().answer(200, &fault("order_not_found", "The order is not found."));
    assert_eq!(read(steps).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn released_escrows_are_listed_by_their_second() {
    let page = page(None, vec![listed(1_794_313_200, 1).answer(200, ESCROW_LIST)]).unwrap();
    let row =
        |number: &str, seconds| SettledOrder { external_id: number.into(), settled_at: second(seconds) };
    assert_eq!(page.items, [row(NUMBER, 1_794_314_000), row("260921ABCDEF02", 1_794_314_100)]);
    assert_eq!(page.next, None);
}

#[test]
fn the_list_goes_on_by_pages_while_it_says_so() {
    let more = super::with(ESCROW_LIST, &[("/response/more", json!(true))]);
    let first = page(None, vec![listed(1_794_313_200, 1).answer(200, &more)]).unwrap();
    let next = first.next.expect("there is more");
    let second = page(Some(&next), vec![listed(1_794_313_200, 2).answer(200, ESCROW_LIST)]).unwrap();
    assert_eq!((second.items.len(), second.next), (2, None));
}

#[test]
fn a_list_that_leads_nowhere_or_names_no_order_is_garbled() {
    let changes = [
        vec![("/response/escrow_list", json!([])), ("/response/more", json!(true))],
        vec![("/response/escrow_list", json!(null))],
        vec![("/response/escrow_list/0/order_sn", json!("A,B"))],
    ];
    for changes in changes {
        let body = super::with(ESCROW_LIST, &changes);
        let error = page(None, vec![listed(1_794_313_200, 1).answer(200, &body)]).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{changes:?}: {error}");
    }
}

#[test]
fn a_cursor_of_the_sweep_over_orders_is_not_the_lists() {
    for cursor in
        ["updated:1794313200-1794315900:", "settled:", "settled:updated:1-2:x", "settled:updated:1-2:-1"]
    {
        assert!(page(Some(cursor), Vec::new()).is_err(), "{cursor}");
    }
}
