use std::sync::Arc;

use connect::conformance::{Script, Step, now};
use connect::{ChannelError, ErrorKind, ListingKey, ListingSnapshot, Prices, Stock};
use domain::{Currency, ManualClock, Money, Verdict};
use serde_json::{Value, json};

use super::super::{MercadoLivre, MercadoLivreConfig, SPEC};
use super::{ITEM, ITEM_USER_PRODUCT, ITEM_VARIATIONS, NOW, account, at, config, scripted, with};

const READ: &str = "/items/MLB4000000001?include_attributes=all";
const STOCK: &str = "/user-products/MLBU3000000001/stock";
const SALE_PRICE: &str = "/items/MLB4000000001/sale_price?context=channel_marketplace";
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

/// The places of the fixture's user product: by default the seller's one address.
fn places(locations: &Value) -> Step {
    let body = json!({ "id": "MLBU3000000001", "user_id": 100_200_300, "locations": locations });
    Step::get(STOCK).answer(200, &body.to_string()).answer_header("x-version", "41")
}

fn one_address(units: i64) -> Step {
    places(&json!([{ "type": "selling_address", "quantity": units }]))
}

fn depot(store: u64, units: i64) -> Value {
    json!({ "type": "seller_warehouse", "network_node_id": "BRP1", "store_id": store.to_string(), "quantity": units })
}

fn put_depots() -> Step {
    Step::put("/user-products/MLBU3000000001/stock/type/seller_warehouse")
        .with_header("authorization", "Bearer APP_USR-access")
        .with_header("content-type", "application/json")
        .with_header("x-version", "41")
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
    let error =
        stocked(&listing(), 3, vec![put().answer(200, warned), read(&[]), one_address(7)]).unwrap_err();
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
        let mut steps = vec![put().answer(400, REFUSAL), read(&[("/status", json!(status))])];
        if status == "active" {
            steps.push(one_address(7));
        }
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
    let steps = vec![read(&[]), put().answer(200, ignored), read(&[]), sale_price("49.9", "null")];
    assert_eq!(priced(&listing(), brl(100), steps).unwrap_err().kind, ErrorKind::WriteNotApplied);
}

#[test]
fn a_price_in_another_currency_is_never_sent() {
    let error = priced(&listing(), brl(100), vec![read(&[("/currency_id", json!("ARS"))])]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Refused { .. }));
    for minor in [0, -1, i64::MIN] {
        assert!(matches!(
            priced(&listing(), brl(minor), vec![]).unwrap_err().kind,
            ErrorKind::Refused { .. }
        ));
    }
}

fn sale_price(amount: &str, regular_amount: &str) -> Step {
    let body = format!(
        r#"{{"price_id":"1","amount":{amount},"regular_amount":{regular_amount},"currency_id":"BRL","metadata":{{}}}}"#
    );
    Step::get(SALE_PRICE).with_header("authorization", "Bearer APP_USR-access").answer(200, &body)
}

#[test]
fn a_price_under_a_promotion_is_read_back_where_the_promotion_does_not_hide_it() {
    let steps = vec![
        read(&[("/price", json!(39.9))]),
        put().with_body(r#"{"price":59.90}"#),
        read(&[("/price", json!(39.9))]),
        sale_price("39.9", "59.9"),
    ];
    assert_eq!(priced(&listing(), brl(5_990), steps).unwrap().price, Some(brl(5_990)));
}

#[test]
fn a_listing_that_shows_no_price_any_more_is_asked_for_its_sale_price() {
    let none = [("/price", json!(null))];
    let steps = vec![
        read(&none),
        sale_price("49.9", "null"),
        put().with_body(r#"{"price":59.90}"#),
        read(&none),
        sale_price("59.9", "null"),
    ];
    assert_eq!(priced(&listing(), brl(5_990), steps).unwrap().price, Some(brl(5_990)));
}

#[test]
fn a_sale_price_that_cannot_be_read_is_no_success() {
    let after = |answer: Step| vec![read(&[]), put(), read(&[]), answer];
    for body in
        [r#"{"amount":59.9}"#, r#"{"currency_id":"BRL"}"#, r#"{"amount":"x","currency_id":"BRL"}"#, "[]"]
    {
        let error =
            priced(&listing(), brl(5_990), after(Step::get(SALE_PRICE).answer(200, body))).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{body}");
    }
    let error = priced(&listing(), brl(5_990), after(Step::get(SALE_PRICE).answer(503, ""))).unwrap_err();
    assert_eq!((error.kind, error.operation), (ErrorKind::PlatformFault { status: 503 }, "write price"));
}

#[test]
fn a_variations_price_that_did_not_take_is_no_success() {
    let steps = vec![
        Step::get(READ_VARIATIONS).answer(200, ITEM_VARIATIONS),
        Step::put("/items/MLB4000000002/variations/180000000002"),
        Step::get(READ_VARIATIONS).answer(200, ITEM_VARIATIONS),
    ];
    assert_eq!(priced(&variation(), brl(7_000), steps).unwrap_err().kind, ErrorKind::WriteNotApplied);
}

#[test]
fn the_items_of_a_user_product_have_a_price_each() {
    let (read, key) = ("/items/MLB4000000003?include_attributes=all", "MLB4000000003");
    let steps = vec![
        Step::get(read).answer(200, ITEM_USER_PRODUCT),
        Step::put("/items/MLB4000000003").with_body(r#"{"price":30.00}"#),
        Step::get(read).answer(200, &with(ITEM_USER_PRODUCT, &[("/price", json!(30))])),
    ];
    let key = ListingKey { external_id: key.into(), variation_external_id: None };
    assert_eq!(priced(&key, brl(3_000), steps).unwrap().price, Some(brl(3_000)));
}

#[test]
fn a_seller_with_depots_is_written_depot_by_depot_under_the_version_that_was_read() {
    let body = r#"{"locations":[{"network_node_id":"BRP1","quantity":1,"store_id":"987"},{"network_node_id":"BRP1","quantity":2,"store_id":"1000"}]}"#;
    let steps = vec![
        put().with_body(r#"{"available_quantity":3}"#),
        read(&[]),
        places(&json!([depot(1000, 2), depot(987, 5)])).with_header("authorization", "Bearer APP_USR-access"),
        put_depots().with_body(body),
        places(&json!([depot(1000, 2), depot(987, 1)])),
    ];
    assert_eq!(stocked(&listing(), 3, steps).unwrap().quantity_units, 3);
}

#[test]
fn a_listing_that_refuses_its_quantity_because_of_depots_is_written_there() {
    let steps = vec![
        put().answer(400, REFUSAL),
        read(&[]),
        places(&json!([depot(987, 7)])),
        put_depots(),
        places(&json!([depot(987, 0)])),
    ];
    assert_eq!(stocked(&listing(), 0, steps).unwrap().quantity_units, 0);
}

#[test]
fn a_variation_in_depots_is_written_at_its_own_user_product() {
    let stock = "/user-products/MLBU3000000012/stock";
    let held = |units| {
        let body = json!({ "locations": [depot(987, units)] }).to_string();
        Step::get(stock).answer(200, &body).answer_header("x-version", "7")
    };
    let steps = vec![
        Step::put("/items/MLB4000000002/variations/180000000002"),
        Step::get(READ_VARIATIONS).answer(200, ITEM_VARIATIONS),
        held(5),
        Step::put(&format!("{stock}/type/seller_warehouse")).with_header("x-version", "7"),
        held(9),
    ];
    assert_eq!(stocked(&variation(), 9, steps).unwrap().quantity_units, 9);
}

#[test]
fn depots_that_hold_the_quantity_already_are_not_written() {
    let steps = vec![put(), read(&[]), places(&json!([depot(987, 1), depot(988, 2)]))];
    assert_eq!(stocked(&listing(), 3, steps).unwrap().quantity_units, 3);
}

#[test]
fn a_version_that_moved_is_a_conflict_and_the_quantity_has_to_be_computed_again() {
    let stale = r#"{"message":"Version mismatch","error":"conflict","status":409,"cause":[]}"#;
    let steps = vec![put(), read(&[]), places(&json!([depot(987, 7)])), put_depots().answer(409, stale)];
    let error = stocked(&listing(), 3, steps).unwrap_err();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::Conflict, Verdict::RETRY));
}

#[test]
fn depots_that_show_something_else_after_the_write_are_no_success() {
    let held = || places(&json!([depot(987, 7)]));
    let error = stocked(&listing(), 3, vec![put(), read(&[]), held(), put_depots(), held()]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::WriteNotApplied);
    assert!(error.exchange.unwrap().response_body.contains("seller_warehouse"));
}

#[test]
fn a_depot_that_the_platform_refuses_says_why() {
    let refusal =
        r#"{"message":"the store is not a stock location","error":"bad_request","status":400,"cause":[]}"#;
    let steps = vec![put(), read(&[]), places(&json!([depot(987, 7)])), put_depots().answer(400, refusal)];
    let expected = ErrorKind::Refused {
        code: "bad_request".into(),
        message: "the store is not a stock location".into(),
    };
    assert_eq!(stocked(&listing(), 3, steps).unwrap_err().kind, expected);
}

#[test]
fn units_at_full_stay_and_where_they_are_too_many_nothing_more_can_be_written() {
    let full = json!({ "type": "meli_facility", "quantity": 5 });
    let steps = vec![
        put(),
        read(&[]),
        places(&json!([full, depot(987, 2)])),
        put_depots().with_body(r#"{"locations":[{"network_node_id":"BRP1","quantity":0,"store_id":"987"}]}"#),
        places(&json!([full, depot(987, 0)])),
    ];
    assert_eq!(stocked(&listing(), 3, steps).unwrap_err().kind, ErrorKind::NotWritable);
    let only_full = vec![
        put(),
        Step::get(READ).answer(
            200,
            &with(ITEM_USER_PRODUCT, &[("/id", json!("MLB4000000001")), ("/user_product_id", json!(null))]),
        ),
    ];
    assert_eq!(stocked(&listing(), 3, only_full).unwrap_err().kind, ErrorKind::NotWritable);
}

#[test]
fn an_address_beside_full_is_written_where_the_site_lets_it() {
    let held = |units: i64| {
        places(
            &json!([{ "type": "selling_address", "quantity": units }, { "type": "meli_facility", "quantity": 2 }]),
        )
    };
    let write = |site: &str, steps: Vec<Step>| {
        let script = Script::new(steps);
        let config = MercadoLivreConfig { site: site.into(), ..config() };
        let channel = MercadoLivre::new(config, script.outbound(Arc::new(ManualClock::at(at(NOW)))));
        let outcome = now(Stock::write(&channel, &account(), &listing(), 3));
        script.done();
        outcome
    };
    let address = Step::put("/user-products/MLBU3000000001/stock/type/selling_address")
        .with_header("x-version", "41")
        .with_body(r#"{"quantity":1}"#)
        .answer(204, "");
    let shown = write("MLA", vec![put(), read(&[]), held(5), address, held(1)]).unwrap();
    assert_eq!(shown.quantity_units, 3);
    let blocked = write("MLB", vec![put(), read(&[]), held(5)]).unwrap_err();
    assert_eq!(blocked.kind, ErrorKind::WriteNotApplied);
}

#[test]
fn places_that_cannot_be_read_are_never_written() {
    let write = |answer: Step| stocked(&listing(), 3, vec![put(), read(&[]), answer]).unwrap_err().kind;
    let unversioned = Step::get(STOCK).answer(200, r#"{"locations":[]}"#);
    assert_eq!(write(unversioned), ErrorKind::Garbled { what: "a stock without its x-version".into() });
    for body in ["<html></html>", "{}", r#"{"locations":[{}]}"#, r#"{"locations":[7]}"#, r#"{"locations":"#] {
        let odd = Step::get(STOCK).answer(200, body).answer_header("x-version", "1");
        assert!(matches!(write(odd), ErrorKind::Garbled { .. }), "{body}");
    }
    let absent = r#"{"message":"stock-locations not found","error":"not_found","status":404,"cause":[]}"#;
    assert_eq!(write(Step::get(STOCK).answer(404, absent)), ErrorKind::WriteNotApplied);
    assert_eq!(write(Step::get(STOCK).answer(429, "")), ErrorKind::RateLimited { not_before: None });
}
