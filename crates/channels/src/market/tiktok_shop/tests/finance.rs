use connect::conformance::{Step, now};
use connect::{
    ChannelError, ErrorKind, Finality, Finance, OrderMoney, Page, SettledOrder, Settlements, Window,
};
use domain::Currency;
use domain::settlement::{FeeKind, Sums};
use serde_json::{Value, json};

use super::{
    NOW, ORDER_ID, ORDER_MONEY, STATEMENT_TRANSACTIONS, STATEMENTS, UNSETTLED, account, at, fault, get,
    scripted, with,
};

const FIRST: &str = "/finance/202501/statements/7700000000000000001/statement_transactions";

/// The transactions of the order.
pub(super) fn of_order() -> Step {
    get(&format!("/finance/202501/orders/{ORDER_ID}/statement_transactions"), &[])
}

/// The order, before anything of it was settled.
fn nothing_yet() -> Step {
    let changes = [("/data/sku_transactions", json!([])), ("/data/total_count", json!(0))];
    of_order().answer(200, &with(ORDER_MONEY, &changes))
}

fn unsettled(token: Option<&str>) -> Step {
    let mut query =
        vec![("search_time_ge", "1794300000"), ("search_time_lt", "1794300001"), ("page_size", "100")];
    query.extend(token.map(|token| ("page_token", token)));
    get("/finance/202507/orders/unsettled", &query)
}

fn statements(token: Option<&str>) -> Step {
    let mut query = vec![
        ("sort_field", "statement_time"),
        ("sort_order", "ASC"),
        ("statement_time_ge", "1794313200"),
        ("statement_time_lt", "1794315901"),
        ("page_size", "100"),
    ];
    query.extend(token.map(|token| ("page_token", token)));
    get("/finance/202309/statements", &query)
}

fn transactions(path: &str, token: Option<&str>) -> Step {
    let mut query = vec![("sort_field", "order_create_time"), ("sort_order", "ASC"), ("page_size", "100")];
    query.extend(token.map(|token| ("page_token", token)));
    get(path, &query)
}

/// One statement and its transactions.
pub(super) fn listed() -> Vec<Step> {
    vec![
        statements(None).answer(200, STATEMENTS),
        transactions(FIRST, None).answer(200, STATEMENT_TRANSACTIONS),
    ]
}

fn read(steps: Vec<Step>) -> Result<OrderMoney, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.of_order(&account(), ORDER_ID));
    script.done();
    outcome
}

fn read_with(changes: &[(&str, Value)]) -> OrderMoney {
    read(vec![of_order().answer(200, &with(ORDER_MONEY, changes))]).unwrap()
}

fn page(cursor: Option<&str>, steps: Vec<Step>) -> Result<Page<SettledOrder>, ChannelError> {
    let window = Window { from: at("2026-11-10T12:20:00Z"), to: at("2026-11-10T13:05:00Z") };
    let (channel, script) = scripted(steps);
    let outcome = now(channel.settled_in(&account(), window, cursor));
    script.done();
    outcome
}

fn sums(pairs: &[(FeeKind, i64)]) -> Sums {
    pairs.iter().cloned().collect()
}

fn garbled<T: std::fmt::Debug>(outcome: Result<T, ChannelError>) {
    let error = outcome.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}

#[test]
fn rows_of_all_statements_are_one_order_and_an_unknown_fee_keeps_its_name() {
    let money = read_with(&[]);
    assert_eq!(
        (money.at, money.currency, money.finality),
        (at(NOW), Currency::Brl, Finality::Since(at(NOW)))
    );
    let charged = [
        (FeeKind::Goods, 17_180),
        (FeeKind::Commission, -1_339),
        (FeeKind::ItemFee, -400),
        (FeeKind::Programme, -400),
        (FeeKind::Freight, -400),
        (FeeKind::Tax, -42),
        (FeeKind::other("a_fee_of_november_amount"), -50),
    ];
    assert_eq!(money.charged, sums(&charged));
    assert!(money.forecast.is_empty());
}

#[test]
fn costs_that_are_told_above_zero_are_turned_round_where_only_that_gives_the_sum() {
    let first = "/data/sku_transactions/0/fee_tax_breakdown";
    let second = "/data/sku_transactions/1/fee_tax_breakdown";
    let turned = with(
        ORDER_MONEY,
        &[
            ("/data/fee_and_tax_amount", json!("22.31")),
            ("/data/shipping_cost_amount", json!("4.00")),
            (&format!("{first}/fee/platform_commission_amount"), json!("5.39")),
            (&format!("{first}/fee/fee_per_item_sold_amount"), json!("4.00")),
            (&format!("{first}/fee/a_fee_of_november_amount"), json!("0.50")),
            (&format!("{first}/tax/icms_amount"), json!("0.42")),
            (&format!("{second}/fee/platform_commission_amount"), json!("8.00")),
            (&format!("{second}/fee/sfp_service_fee_amount"), json!("4.00")),
        ],
    );
    let money = read(vec![of_order().answer(200, &turned)]).unwrap();
    assert_eq!(money.charged, read_with(&[]).charged);
}

#[test]
fn a_row_without_its_parts_is_one_sum_of_fees() {
    let money = read_with(&[("/data/sku_transactions/1/fee_tax_breakdown", json!(null))]);
    assert_eq!(money.charged.of(&FeeKind::AllFees), Some(-1_200));
    assert_eq!(money.charged.total(), Ok(14_549));
}

#[test]
fn what_was_given_back_stands_apart_from_what_the_goods_brought() {
    let changes = [
        ("/data/sku_transactions/0/revenue_amount", json!("59.90")),
        (
            "/data/sku_transactions/0/revenue_breakdown/refund_subtotal_before_discount_amount",
            json!("-30.00"),
        ),
        ("/data/settlement_amount", json!("115.49")),
    ];
    let charged = read_with(&changes).charged;
    assert_eq!((charged.of(&FeeKind::Goods), charged.of(&FeeKind::Refund)), (Some(17_180), Some(-3_000)));
    let changes = [
        ("/data/sku_transactions/1/revenue_amount", json!("-81.90")),
        ("/data/settlement_amount", json!("-18.31")),
    ];
    let charged = read_with(&changes).charged;
    assert_eq!((charged.of(&FeeKind::Goods), charged.of(&FeeKind::Refund)), (Some(8_990), Some(-8_190)));
    assert_eq!(charged.of(&FeeKind::Unexplained), None);
}

#[test]
fn a_sum_that_does_not_add_up_leaves_the_rest_unexplained() {
    let charged = read_with(&[("/data/settlement_amount", json!("140.00"))]).charged;
    assert_eq!((charged.of(&FeeKind::Unexplained), charged.total()), (Some(-549), Ok(14_000)));
}

#[test]
fn a_list_that_lacks_a_row_is_garbled() {
    let body = with(ORDER_MONEY, &[("/data/total_count", json!(3))]);
    garbled(read(vec![of_order().answer(200, &body)]));
    let body = with(ORDER_MONEY, &[("/data/settlement_amount", json!(null))]);
    garbled(read(vec![of_order().answer(200, &body)]));
}

#[test]
fn before_it_is_settled_the_expected_sums_are_a_forecast() {
    let money = read(vec![nothing_yet(), unsettled(None).answer(200, UNSETTLED)]).unwrap();
    let forecast = [
        (FeeKind::Goods, 17_180),
        (FeeKind::Freight, 0),
        (FeeKind::AllFees, -2_231),
        (FeeKind::Adjustment, 0),
    ];
    assert_eq!((money.forecast, money.finality), (sums(&forecast), Finality::Open));
    assert!(money.charged.is_empty());
}

#[test]
fn an_order_on_a_later_page_is_found_and_one_on_none_has_no_forecast() {
    let other = with(
        UNSETTLED,
        &[
            ("/data/transactions/1/order_id", json!("580000000000000008")),
            ("/data/next_page_token", json!("b64+/=")),
        ],
    );
    let steps = vec![
        nothing_yet(),
        unsettled(None).answer(200, &other),
        unsettled(Some("b64+/=")).answer(200, UNSETTLED),
    ];
    assert_eq!(read(steps).unwrap().forecast.of(&FeeKind::AllFees), Some(-2_231));
    let none = json!({ "code": 0, "message": "Success", "data": { "total_count": 0 } }).to_string();
    let money = read(vec![nothing_yet(), unsettled(None).answer(200, &none)]).unwrap();
    assert!(money.forecast.is_empty() && money.charged.is_empty());
}

#[test]
fn the_same_page_again_is_garbled() {
    let other = with(
        UNSETTLED,
        &[
            ("/data/transactions/1/order_id", json!("580000000000000008")),
            ("/data/next_page_token", json!("x")),
        ],
    );
    let steps =
        vec![nothing_yet(), unsettled(None).answer(200, &other), unsettled(Some("x")).answer(200, &other)];
    garbled(read(steps));
}

#[test]
fn an_account_without_the_scope_is_told_so() {
    let refused = of_order().answer(403, &fault(105_005, "Access denied. The scope is not granted."));
    assert_eq!(read(vec![refused]).unwrap_err().kind, ErrorKind::PermissionMissing);
}

#[test]
fn a_statement_names_the_orders_of_its_transactions_and_of_its_corrections() {
    let page = page(None, listed()).unwrap();
    let closed = at("2026-11-10T00:00:00Z");
    let row = |id: &str| SettledOrder { external_id: id.into(), settled_at: closed };
    assert_eq!(page.items, [row(ORDER_ID), row("580000000000000002")]);
    assert_eq!(page.next, None);
}

#[test]
fn statements_and_their_transactions_are_read_page_by_page() {
    let two = json!([{ "id": "7700000000000000001", "statement_time": 1_794_268_800 },
        { "id": "7700000000000000002", "statement_time": 1_794_355_200 }]);
    let list =
        with(STATEMENTS, &[("/data/statements", two), ("/data/next_page_token", json!("more;statements"))]);
    let more = with(STATEMENT_TRANSACTIONS, &[("/data/next_page_token", json!("\"more\""))]);
    let second = FIRST.replace("0001/", "0002/");
    let calls = [
        vec![statements(None).answer(200, &list), transactions(FIRST, None).answer(200, &more)],
        vec![transactions(FIRST, Some("\"more\"")).answer(200, STATEMENT_TRANSACTIONS)],
        vec![transactions(&second, None).answer(200, STATEMENT_TRANSACTIONS)],
        vec![statements(Some("more;statements")).answer(200, r#"{"code":0,"message":"Success","data":{}}"#)],
    ];
    let (mut cursor, mut count) = (None, 0);
    for steps in calls {
        let page = page(cursor.as_deref(), steps).unwrap();
        count += page.items.len();
        cursor = page.next;
    }
    assert_eq!((count, cursor), (6, None));
}

#[test]
fn a_statement_without_a_number_and_a_repeated_page_are_garbled() {
    let body = with(STATEMENTS, &[("/data/statements/0/id", json!("../7"))]);
    garbled(page(None, vec![statements(None).answer(200, &body)]));
    let again = with(STATEMENT_TRANSACTIONS, &[("/data/next_page_token", json!("x"))]);
    let first = page(
        None,
        vec![statements(None).answer(200, STATEMENTS), transactions(FIRST, None).answer(200, &again)],
    );
    let cursor = first.unwrap().next;
    garbled(page(cursor.as_deref(), vec![transactions(FIRST, Some("x")).answer(200, &again)]));
}

#[test]
fn a_cursor_that_names_another_resource_is_refused() {
    let climbing = r#"settled:{"from_s":1,"to_s":2,"statements":[["..",1]],"token":null,"list":null}"#;
    for cursor in [climbing, "settled:", "orders;*;", "settled:{}"] {
        assert!(page(Some(cursor), Vec::new()).is_err(), "{cursor}");
    }
}
