use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, ListingKey, ListingSnapshot, Prices, Stock};
use domain::{Currency, Money, Verdict};
use serde_json::{Value, json};

use super::super::SPEC;
use super::{ITEM, ITEM_USER_PRODUCT, ITEM_VARIATIONS, account, scripted, with};

const READ: &str = "/items/MLB4000000001?include_attributes=all";
const READ_VARIATIONS: &str = "/items/MLB4000000002?include_attributes=all";
const PRICE_AUTOMATION: &str = r#"{"message":"Cannot modify price on items with dynamic pricing","error":"item.price.not_modifiable","status":400,"cause":[]}"#;
const REFUSAL: &str = r#"{"message":"Validation error","error":"validation_error","status":400,"cause":[
    {"type":"error","code":"item.status.invalid","message":"Cannot update"}]}"#;

fn listing() -> ListingKey {
    ListingKey { external_id: "MLB4000000001".into(), variation_external_id: None }
}

fn variation() -> ListingKey {
    ListingKey { external_id: "MLB4000000002".into(), variation_external_id: Some("180000000002".into()) }
}

fn put() -> Step {
    Step::put("/items/MLB4000000001")
        .with_header("authorization", "Bearer APP_USR-access")
        .with_header("content-type", "application/json")
}

fn read(changes: &[(&str, Value)]) -> Step {
    Step::get(READ).answer(200, &with(ITEM, changes))
}

fn stocked(key: &ListingKey, units: i64, steps: Vec<Step>) -> Result<ListingSnapshot, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(Stock::write(&channel, &account(), key, units));
    script.done();
    outcome
}

fn priced(key: &ListingKey, price: Money, steps: Vec<Step>) -> Result<ListingSnapshot, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(Prices::write(&channel, &account(), key, price));
    script.done();
    outcome
}

fn brl(minor: i64) -> Money {
    Money::new(minor, Currency::Brl)
}

#[test]
fn a_quantity_is_written_and_read_back() {
    let steps =
        vec![put().with_body(r#"{"available_quantity":3}"#), read(&[("/available_quantity", json!(3))])];
    assert_eq!(stocked(&listing(), 3, steps).unwrap().quantity_units, 3);
}

#[test]
fn a_variation_is_written_at_its_own_address_so_that_its_siblings_live() {
    let steps = vec![
        Step::put("/items/MLB4000000002/variations/180000000002").with_body(r#"{"available_quantity":0}"#),
        Step::get(READ_VARIATIONS)
            .answer(200, &with(ITEM_VARIATIONS, &[("/variations/1/available_quantity", json!(0))])),
    ];
    let shown = stocked(&variation(), 0, steps).unwrap();
    assert_eq!((shown.key, shown.quantity_units), (variation(), 0));
}

#[test]
fn a_write_that_was_accepted_and_ignored_is_not_a_success() {
    let warned = r#"{"id":"MLB4000000001","available_quantity":3,"warnings":[]}"#;
    let error = stocked(&listing(), 3, vec![put().answer(200, warned), read(&[])]).unwrap_err();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::WriteNotApplied, Verdict::RETRY));
    assert!(error.exchange.unwrap().response_body.contains("available_quantity"));
}

#[test]
fn a_variation_that_is_gone_after_the_write_is_not_found() {
    let steps = vec![
        Step::put("/items/MLB4000000002/variations/180000000002"),
        Step::get(READ_VARIATIONS).answer(200, &with(ITEM_VARIATIONS, &[("/variations", json!([]))])),
    ];
    assert_eq!(stocked(&variation(), 1, steps).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_refusal_because_of_the_state_says_so() {
    for (status, expected) in [("closed", true), ("under_review", true), ("active", false)] {
        let steps = vec![put().answer(400, REFUSAL), read(&[("/status", json!(status))])];
        let kind = stocked(&listing(), 3, steps).unwrap_err().kind;
        assert_eq!(kind == ErrorKind::NotWritable, expected, "{status}");
    }
    let full = vec![
        put().answer(400, REFUSAL),
        Step::get(READ).answer(200, &with(ITEM_USER_PRODUCT, &[("/id", json!("MLB4000000001"))])),
    ];
    assert_eq!(stocked(&listing(), 3, full).unwrap_err().kind, ErrorKind::NotWritable);
}

#[test]
fn a_refusal_stays_what_it_is_when_the_state_cannot_be_read() {
    let steps = vec![put().answer(400, REFUSAL), Step::get(READ).answer(500, "")];
    let kind = stocked(&listing(), 3, steps).unwrap_err().kind;
    assert_eq!(
        kind,
        ErrorKind::Refused { code: "item.status.invalid".into(), message: "Cannot update".into() }
    );
}

#[test]
fn somebody_elses_write_in_between_is_a_conflict() {
    let body = r#"{"message":"item optimistic locking error","error":"conflict","status":409,"cause":[]}"#;
    let error = stocked(&listing(), 3, vec![put().answer(409, body)]).unwrap_err();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::Conflict, Verdict::RETRY));
}

#[test]
fn a_failed_read_back_is_a_failure_of_the_write() {
    let error = stocked(&listing(), 3, vec![put(), Step::get(READ).answer(503, "")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PlatformFault { status: 503 });
    assert_eq!(error.operation, "write stock");
}

#[test]
fn an_impossible_quantity_is_never_sent() {
    for units in [-1, SPEC.max_quantity_units + 1, i64::MIN, i64::MAX] {
        let error = stocked(&listing(), units, vec![]).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Refused { ref code, .. } if code == "quantity_out_of_range"));
    }
}

#[test]
fn a_price_is_written_in_its_exact_digits_and_read_back() {
    let steps = vec![read(&[]), put().with_body(r#"{"price":1234.50}"#), read(&[("/price", json!(1234.5))])];
    assert_eq!(priced(&listing(), brl(123_450), steps).unwrap().price, Some(brl(123_450)));
}

#[test]
fn a_variations_price_is_written_at_the_variation() {
    let steps = vec![
        Step::get(READ_VARIATIONS).answer(200, ITEM_VARIATIONS),
        Step::put("/items/MLB4000000002/variations/180000000002").with_body(r#"{"price":70.00}"#),
        Step::get(READ_VARIATIONS).answer(200, &with(ITEM_VARIATIONS, &[("/variations/1/price", json!(70))])),
    ];
    assert_eq!(priced(&variation(), brl(7_000), steps).unwrap().price, Some(brl(7_000)));
}

#[test]
fn a_price_under_automation_is_refused_or_ignored_and_never_taken_for_written() {
    let refused = vec![read(&[]), put().answer(400, PRICE_AUTOMATION), read(&[])];
    let kind = priced(&listing(), brl(100), refused).unwrap_err().kind;
    assert!(
        matches!(kind, ErrorKind::Refused { ref code, .. } if code == "item.price.not_modifiable"),
        "{kind:?}"
    );
    let ignored = r#"{"warnings":[{"cause_id":502,"code":"item.price.not_modifiable"}]}"#;
    let steps = vec![read(&[]), put().answer(200, ignored), read(&[])];
    assert_eq!(priced(&listing(), brl(100), steps).unwrap_err().kind, ErrorKind::WriteNotApplied);
}

#[test]
fn a_price_in_another_currency_is_never_sent() {
    for changes in [[("/currency_id", json!("ARS"))], [("/price", json!(null))]] {
        let error = priced(&listing(), brl(100), vec![read(&changes)]).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Refused { .. }));
    }
    assert!(priced(&listing(), brl(0), vec![]).is_err());
}
