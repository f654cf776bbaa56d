use std::collections::BTreeSet;

use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, ListingKey, ListingSnapshot, Prices, Stock};
use domain::{Currency, Money, Verdict};
use serde_json::{Value, json};

use super::super::{SPEC, TikTokShopConfig};
use super::{
    PRODUCT, PRODUCT_ID, SKU_ID, WAREHOUSE, account, config, configured, fault, get_product, post, scripted,
    with,
};

const OTHER_SKU: &str = "1729500000000000013";
const OTHER_WAREHOUSE: &str = "7068000000000000002";
const DONE: &str = r#"{"code":0,"message":"Success","data":{}}"#;

fn key(sku: &str) -> ListingKey {
    ListingKey { external_id: PRODUCT_ID.into(), variation_external_id: Some(sku.into()) }
}

fn read(changes: &[(&str, Value)]) -> Step {
    let changes: Vec<_> = changes.iter().map(|(at, value)| (format!("/data/skus{at}"), value)).collect();
    let changes: Vec<_> = changes.iter().map(|(at, value)| (at.as_str(), (*value).clone())).collect();
    get_product().answer(200, &with(PRODUCT, &changes))
}

/// Expects the write of a variation's warehouses, each an id and its units.
fn update(sku: &str, places: &[(&str, i64)]) -> Step {
    let place = |(warehouse, units): &(&str, i64)| json!({ "warehouse_id": warehouse, "quantity": units });
    let inventory: Vec<_> = places.iter().map(place).collect();
    let body = json!({ "skus": [{ "id": sku, "inventory": inventory }] }).to_string();
    post(&format!("/product/202309/products/{PRODUCT_ID}/inventory/update"), &[], &body).answer(200, DONE)
}

fn reprice(amount: &str) -> Step {
    let price = json!({ "amount": amount, "currency": "BRL" });
    let body = json!({ "skus": [{ "id": SKU_ID, "price": price }] }).to_string();
    post(&format!("/product/202309/products/{PRODUCT_ID}/prices/update"), &[], &body).answer(200, DONE)
}

fn written(steps: Vec<Step>, sku: &str, units: i64) -> Result<ListingSnapshot, ChannelError> {
    written_with(config(), steps, sku, units)
}

fn written_with(
    config: TikTokShopConfig,
    steps: Vec<Step>,
    sku: &str,
    units: i64,
) -> Result<ListingSnapshot, ChannelError> {
    let (channel, script) = configured(config, steps);
    let outcome = now(Stock::write(&channel, &account(), &key(sku), units));
    script.done();
    outcome
}

fn priced(steps: Vec<Step>, price: Money) -> Result<ListingSnapshot, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(Prices::write(&channel, &account(), &key(SKU_ID), price));
    script.done();
    outcome
}

/// What a write that ends in this answer says.
fn refused(answer: &str) -> ErrorKind {
    let steps = vec![read(&[]), update(SKU_ID, &[(WAREHOUSE, 3)]).answer(200, answer)];
    written(steps, SKU_ID, 3).unwrap_err().kind
}

fn failed_entry(entry: &Value) -> String {
    json!({ "code": 0, "message": "Success", "data": { "errors": [entry] } }).to_string()
}

#[test]
fn a_quantity_is_written_to_the_one_warehouse_and_read_back() {
    let steps =
        vec![read(&[]), update(SKU_ID, &[(WAREHOUSE, 3)]), read(&[("/0/inventory/0/quantity", json!(3))])];
    let shown = written(steps, SKU_ID, 3).unwrap();
    assert_eq!((shown.key, shown.quantity_units), (key(SKU_ID), 3));
}

#[test]
fn nothing_left_is_a_zero() {
    let steps =
        vec![read(&[]), update(SKU_ID, &[(WAREHOUSE, 0)]), read(&[("/0/inventory/0/quantity", json!(0))])];
    assert_eq!(written(steps, SKU_ID, 0).unwrap().quantity_units, 0);
}

#[test]
fn what_is_shown_already_is_not_written_again() {
    assert_eq!(written(vec![read(&[])], SKU_ID, 7).unwrap().quantity_units, 7);
}

#[test]
fn a_write_names_every_warehouse_of_the_variation() {
    let after = json!([{ "warehouse_id": OTHER_WAREHOUSE, "quantity": 4 }, { "warehouse_id": WAREHOUSE, "quantity": 2 }]);
    let steps = vec![
        read(&[("/1/status_info", json!(null))]),
        update(OTHER_SKU, &[(WAREHOUSE, 2), (OTHER_WAREHOUSE, 4)]),
        read(&[("/1/inventory", after)]),
    ];
    assert_eq!(written(steps, OTHER_SKU, 6).unwrap().quantity_units, 6);
}

#[test]
fn a_variation_that_shows_no_warehouse_has_the_default_one() {
    let body = json!({ "skus": [{ "id": SKU_ID, "inventory": [{ "quantity": 3 }] }] }).to_string();
    let path = format!("/product/202309/products/{PRODUCT_ID}/inventory/update");
    let steps = vec![
        read(&[("/0/inventory", json!([]))]),
        post(&path, &[], &body).answer(200, DONE),
        read(&[("/0/inventory", json!([{ "quantity": 3 }]))]),
    ];
    assert_eq!(written(steps, SKU_ID, 3).unwrap().quantity_units, 3);
}

#[test]
fn units_in_the_platforms_own_warehouse_stay_as_they_are() {
    let config = || TikTokShopConfig { platform_warehouses: BTreeSet::from([WAREHOUSE.into()]), ..config() };
    let steps = vec![
        read(&[]),
        update(OTHER_SKU, &[(WAREHOUSE, 5), (OTHER_WAREHOUSE, 1)]),
        read(&[("/1/inventory/0/quantity", json!(1))]),
    ];
    assert_eq!(written_with(config(), steps, OTHER_SKU, 6).unwrap().quantity_units, 6);
    // Five lie there: three cannot be reached, but the seller's own go.
    let steps = vec![
        read(&[]),
        update(OTHER_SKU, &[(WAREHOUSE, 5), (OTHER_WAREHOUSE, 0)]),
        read(&[("/1/inventory/0/quantity", json!(0))]),
    ];
    let error = written_with(config(), steps, OTHER_SKU, 3).unwrap_err();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::NotWritable, Verdict::Fail));
    // All of it lies there: nothing is written.
    let error = written_with(config(), vec![read(&[])], SKU_ID, 3).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotWritable);
}

#[test]
fn a_listing_that_takes_no_quantity_is_not_written() {
    for status in ["FREEZE", "PLATFORM_DEACTIVATED", "DELETED", "SOMETHING_OF_TOMORROW"] {
        let before = get_product().answer(200, &with(PRODUCT, &[("/data/status", json!(status))]));
        let error = written(vec![before], SKU_ID, 3).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotWritable, "{status}");
    }
    let bundle = read(&[("/0/combined_skus", json!([{ "sku_id": "1" }]))]);
    assert_eq!(written(vec![bundle], SKU_ID, 3).unwrap_err().kind, ErrorKind::NotWritable);
}

#[test]
fn a_write_under_audit_is_taken() {
    let before = get_product().answer(200, &with(PRODUCT, &[("/data/status", json!("PENDING"))]));
    let steps =
        vec![before, update(SKU_ID, &[(WAREHOUSE, 3)]), read(&[("/0/inventory/0/quantity", json!(3))])];
    assert_eq!(written(steps, SKU_ID, 3).unwrap().quantity_units, 3);
}

#[test]
fn a_write_that_was_accepted_and_ignored_is_not_a_success() {
    let steps = vec![read(&[]), update(SKU_ID, &[(WAREHOUSE, 3)]), read(&[])];
    let error = written(steps, SKU_ID, 3).unwrap_err();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::WriteNotApplied, Verdict::RETRY));
}

#[test]
fn a_success_may_hold_a_failure() {
    let entry = |code: u64| json!({ "code": code, "message": "why", "detail": { "sku_id": SKU_ID } });
    let kinds = [
        (12_052_393, ErrorKind::NotWritable),
        (12_052_850, ErrorKind::NotWritable),
        (12_052_556, ErrorKind::NotFound),
        (12_052_533, ErrorKind::Conflict),
        (36_009_003, ErrorKind::PlatformFault { status: 200 }),
        (12_052_055, ErrorKind::Refused { code: "12052055".into(), message: "why".into() }),
    ];
    for (code, expected) in kinds {
        assert_eq!(refused(&failed_entry(&entry(code))), expected, "{code}");
    }
}

#[test]
fn the_reason_of_a_failed_entry_may_be_wrapped() {
    let wrapped = |code: u64, extra: Value| {
        let detail = json!({ "sku_id": SKU_ID, "extra_errors": extra });
        refused(&failed_entry(&json!({ "code": code, "message": "The check failed.", "detail": detail })))
    };
    let gone =
        json!([{ "warehouse_id": WAREHOUSE, "code": 12_052_097, "message": "The warehouse does not exist" }]);
    let inner =
        ErrorKind::Refused { code: "12052097".into(), message: "The warehouse does not exist".into() };
    assert_eq!(wrapped(12_052_990, gone), inner);
    assert_eq!(wrapped(12_052_990, json!([{ "code": "12019028" }])), ErrorKind::Conflict);
    let outer = ErrorKind::Refused { code: "12052990".into(), message: "The check failed.".into() };
    for nothing in [json!([]), json!(null), json!("x")] {
        assert_eq!(wrapped(12_052_990, nothing), outer);
    }
    assert_eq!(wrapped(12_052_393, json!([{ "code": 1, "message": "x" }])), ErrorKind::NotWritable);
}

#[test]
fn a_list_of_failures_comes_in_many_spellings_and_none_passes_for_a_success() {
    for odd in [json!({}), json!("x"), json!(true), json!([7]), json!([{}]), json!([{ "code": 0 }])] {
        let answer = json!({ "code": 0, "data": { "errors": odd } }).to_string();
        let kind = refused(&answer);
        assert!(matches!(kind, ErrorKind::Garbled { .. }), "{odd}: {kind:?}");
    }
    for empty in [json!([]), json!(null)] {
        let answer = json!({ "code": 0, "data": { "errors": empty } }).to_string();
        let steps = vec![
            read(&[]),
            update(SKU_ID, &[(WAREHOUSE, 3)]).answer(200, &answer),
            read(&[("/0/inventory/0/quantity", json!(3))]),
        ];
        assert!(written(steps, SKU_ID, 3).is_ok(), "{empty}");
    }
    for answer in [r#"{"code":0,"message":"Success"}"#, r#"{"code":0,"data":null}"#] {
        let steps = vec![read(&[]), update(SKU_ID, &[(WAREHOUSE, 3)]).answer(200, answer), read(&[])];
        assert_eq!(written(steps, SKU_ID, 3).unwrap_err().kind, ErrorKind::WriteNotApplied, "{answer}");
    }
}

#[test]
fn warehouses_that_changed_meanwhile_are_a_conflict_and_nothing_is_written() {
    let many = fault(12_019_028, "Multiple warehouses detected. Include all warehouse IDs.");
    assert_eq!(refused(&many), ErrorKind::Conflict);
}

#[test]
fn a_quantity_that_no_listing_can_show_is_never_sent() {
    for units in [-1, SPEC.max_quantity_units + 1, i64::MIN, i64::MAX] {
        let error = written(Vec::new(), SKU_ID, units).unwrap_err();
        assert_eq!((error.verdict(), error.exchange.is_none()), (Verdict::Fail, true), "{units}");
    }
}

#[test]
fn a_listing_without_that_variation_is_not_there() {
    assert_eq!(written(vec![read(&[])], "99", 3).unwrap_err().kind, ErrorKind::NotFound);
    let (channel, _) = scripted([read(&[])]);
    let whole = ListingKey { external_id: PRODUCT_ID.into(), variation_external_id: None };
    assert_eq!(now(Stock::write(&channel, &account(), &whole, 3)).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_variation_that_is_no_id_is_never_written() {
    for id in ["1\",\"x\":\"", "1,2", "../1"] {
        let error = written(Vec::new(), id, 3).unwrap_err();
        assert_eq!(error.kind, ErrorKind::AddressNotAllowed, "{id}");
    }
}

fn brl(minor: i64) -> Money {
    Money::new(minor, Currency::Brl)
}

#[test]
fn a_price_is_written_as_text_with_its_currency_and_read_back_under_either_name() {
    for name in ["/0/price/sale_price", "/0/price/tax_exclusive_price"] {
        let steps = vec![read(&[]), reprice("59.90"), read(&[(name, json!("59.9"))])];
        let shown = priced(steps, brl(5_990)).unwrap();
        assert_eq!((shown.key, shown.price), (key(SKU_ID), Some(brl(5_990))), "{name}");
    }
    let whole = vec![read(&[]), reprice("60.00"), read(&[("/0/price/sale_price", json!(60))])];
    assert_eq!(priced(whole, brl(6_000)).unwrap().price, Some(brl(6_000)));
}

#[test]
fn a_price_that_a_promotion_locks_is_not_writable() {
    for code in [12_052_038, 12_019_045] {
        let locked = fault(code, "Product price locked due to ongoing promotion.");
        let error = priced(vec![read(&[]), reprice("59.90").answer(200, &locked)], brl(5_990)).unwrap_err();
        assert_eq!((&error.kind, error.verdict()), (&ErrorKind::NotWritable, Verdict::Fail), "{code}");
        let entry = failed_entry(&json!({ "code": code, "message": "price is locked" }));
        let error = priced(vec![read(&[]), reprice("59.90").answer(200, &entry)], brl(5_990)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotWritable, "{code}");
    }
}

#[test]
fn only_a_listing_that_is_on_sale_takes_a_price() {
    for status in ["DRAFT", "PENDING", "SELLER_DEACTIVATED", "FREEZE", "DELETED"] {
        let before = get_product().answer(200, &with(PRODUCT, &[("/data/status", json!(status))]));
        assert_eq!(priced(vec![before], brl(5_990)).unwrap_err().kind, ErrorKind::NotWritable, "{status}");
    }
}

#[test]
fn a_price_that_was_accepted_and_ignored_is_not_a_success() {
    let steps = vec![read(&[]), reprice("59.90"), read(&[])];
    assert_eq!(priced(steps, brl(5_990)).unwrap_err().kind, ErrorKind::WriteNotApplied);
}

#[test]
fn an_impossible_price_is_refused_before_anything_is_written() {
    for minor in [0, -1] {
        assert_eq!(priced(Vec::new(), brl(minor)).unwrap_err().verdict(), Verdict::Fail);
    }
    let other = priced(vec![read(&[])], Money::new(5_990, Currency::Mxn)).unwrap_err();
    assert!(matches!(other.kind, ErrorKind::Refused { .. }), "{other}");
}

#[test]
fn a_price_that_the_platform_refuses_is_refused_in_its_words() {
    let said = fault(12_052_570, "product price exceed limit");
    let error = priced(vec![read(&[]), reprice("59.90").answer(200, &said)], brl(5_990)).unwrap_err();
    let expected =
        ErrorKind::Refused { code: "12052570".into(), message: "product price exceed limit".into() };
    assert_eq!(error.kind, expected);
}
