use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, ListingKey, ListingSnapshot, Prices, Stock};
use domain::{Currency, Money, Verdict};
use serde_json::{Value, json};

use super::super::SPEC;
use super::{
    ITEM, ITEM_WITH_MODELS, MODELS, account, fault, item_at, item_with, models_at, scripted, shop, with,
};

fn item_key() -> ListingKey {
    ListingKey { external_id: "930002".into(), variation_external_id: None }
}

fn model_key() -> ListingKey {
    ListingKey { external_id: "930001".into(), variation_external_id: Some("7700011".into()) }
}

fn stocked(key: &ListingKey, units: i64, steps: Vec<Step>) -> Result<ListingSnapshot, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(Stock::write(&channel, &account(), key, units));
    script.done();
    outcome
}

fn priced(key: &ListingKey, minor: i64, steps: Vec<Step>) -> Result<ListingSnapshot, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(Prices::write(&channel, &account(), key, Money::new(minor, Currency::Brl)));
    script.done();
    outcome
}

fn read(item: &str) -> Step {
    Step::get(&item_at("930002")).answer(200, item)
}

fn read_models(models: &str) -> [Step; 2] {
    [
        Step::get(&item_at("930001")).answer(200, ITEM_WITH_MODELS),
        Step::get(&models_at("930001")).answer(200, models),
    ]
}

fn success() -> String {
    json!({ "error": "", "message": "", "response": { "success_list": [], "failure_list": [] } }).to_string()
}

fn failed_row(reason: &str) -> Value {
    json!({ "success_list": [], "failure_list": [{ "model_id": 0, "failed_reason": reason }] })
}

fn put_stock(answer: &str) -> Step {
    Step::post(&shop("product/update_stock", "")).answer(200, answer)
}

fn put_price(answer: &str) -> Step {
    Step::post(&shop("product/update_price", "")).answer(200, answer)
}

fn units(shown: i64) -> String {
    item_with(&[("/stock_info_v2/seller_stock/0/stock", json!(shown))])
}

/// A refused quantity of an item that took writes.
fn refused(answer: &str) -> ErrorKind {
    stocked(&item_key(), 3, vec![read(ITEM), put_stock(answer)]).unwrap_err().kind
}

#[test]
fn a_quantity_is_written_for_model_zero_and_read_back() {
    let body = r#"{"item_id":930002,"stock_list":[{"model_id":0,"seller_stock":[{"stock":3}]}]}"#;
    let put = put_stock(&success()).with_header("content-type", "application/json").with_body(body);
    assert_eq!(stocked(&item_key(), 3, vec![read(ITEM), put, read(&units(3))]).unwrap().quantity_units, 3);
}

#[test]
fn a_models_quantity_names_every_place() {
    let body = r#"{"item_id":930001,"stock_list":[{"model_id":7700011,"seller_stock":[{"location_id":"BRA","stock":6},{"location_id":"BRB","stock":5}]}]}"#;
    let mut steps = read_models(MODELS).to_vec();
    steps.push(put_stock(&success()).with_body(body));
    let stock = "/response/model/0/stock_info_v2/seller_stock/0/stock";
    steps.extend(read_models(&with(MODELS, &[(stock, json!(6))])));
    let written = stocked(&model_key(), 11, steps).unwrap();
    assert_eq!((written.key, written.quantity_units), (model_key(), 11));
}

#[test]
fn a_quantity_that_is_shown_already_is_not_sent() {
    assert_eq!(stocked(&item_key(), 7, vec![read(ITEM)]).unwrap().quantity_units, 7);
}

#[test]
fn units_at_shopee_count_and_stay_as_they_are() {
    let shelves = |own: i64| {
        item_with(&[
            ("/stock_info_v2/seller_stock", json!([{ "stock": own }])),
            ("/stock_info_v2/shopee_stock", json!([{ "location_id": "BRZ", "stock": 5 }])),
        ])
    };
    let put = |own: i64| {
        let body = format!(
            r#"{{"item_id":930002,"stock_list":[{{"model_id":0,"seller_stock":[{{"stock":{own}}}]}}]}}"#
        );
        put_stock(&success()).with_body(&body)
    };
    let steps = vec![read(&shelves(2)), put(4), read(&shelves(4))];
    assert_eq!(stocked(&item_key(), 9, steps).unwrap().quantity_units, 9);
    let too_few = vec![read(&shelves(2)), put(0), read(&shelves(0))];
    assert_eq!(stocked(&item_key(), 3, too_few).unwrap_err().kind, ErrorKind::NotWritable);
}

#[test]
fn below_what_a_promotion_holds_as_few_as_possible_are_shown() {
    let held = |stock: i64| {
        item_with(&[
            ("/stock_info_v2/summary_info/total_reserved_stock", json!(5)),
            ("/stock_info_v2/seller_stock", json!([{ "stock": stock }])),
        ])
    };
    let body = r#"{"item_id":930002,"stock_list":[{"model_id":0,"seller_stock":[{"stock":5}]}]}"#;
    let steps = vec![read(&held(25)), put_stock(&success()).with_body(body), read(&held(5))];
    assert_eq!(stocked(&item_key(), 2, steps).unwrap_err().kind, ErrorKind::NotWritable);
    let there = vec![read(&held(5))];
    assert_eq!(
        stocked(&item_key(), 2, there).unwrap_err().kind,
        ErrorKind::NotWritable,
        "nothing is left to do"
    );
}

#[test]
fn a_listing_that_takes_no_writes_is_left_alone() {
    for status in ["BANNED", "REVIEWING", "SELLER_DELETE", "A_WORD_OF_TOMORROW"] {
        let item = item_with(&[("/item_status", json!(status))]);
        assert_eq!(
            stocked(&item_key(), 3, vec![read(&item)]).unwrap_err().kind,
            ErrorKind::NotWritable,
            "{status}"
        );
        assert_eq!(
            priced(&item_key(), 100, vec![read(&item)]).unwrap_err().kind,
            ErrorKind::NotWritable,
            "{status}"
        );
    }
    let theirs = item_with(&[
        ("/stock_info_v2/seller_stock", json!([])),
        ("/stock_info_v2/shopee_stock", json!([{ "stock": 5 }])),
    ]);
    assert_eq!(stocked(&item_key(), 3, vec![read(&theirs)]).unwrap_err().kind, ErrorKind::NotWritable);
}

#[test]
fn a_write_that_was_accepted_and_ignored_is_not_a_success() {
    let steps = vec![read(ITEM), put_stock(&success()), read(ITEM)];
    let error = stocked(&item_key(), 3, steps).unwrap_err();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::WriteNotApplied, Verdict::RETRY));
}

#[test]
fn a_row_can_fail_inside_a_success() {
    let envelope = |code: &str, reason: &str| {
        json!({ "error": code, "message": "", "response": failed_row(reason) }).to_string()
    };
    for code in ["", "common.batch_api_all_failed"] {
        let of = |reason: &str| refused(&envelope(code, reason));
        assert_eq!(of("item is in promotion"), ErrorKind::NotWritable);
        assert_eq!(of("stock is less than reserved stock"), ErrorKind::NotWritable);
        assert_eq!(of("The model is not found"), ErrorKind::NotFound);
        assert_eq!(of("System busy, try again later"), ErrorKind::PlatformFault { status: 200 });
        let expected = ErrorKind::Refused { code: "failure_list".into(), message: "why not".into() };
        assert_eq!(of("why not"), expected);
    }
    let token = envelope("invalid_acceess_token", "why not");
    assert_eq!(refused(&token), ErrorKind::TokenRefused, "a code that says all comes first");
}

#[test]
fn a_refused_write_says_why() {
    for code in ["product.error_item_uneditable", "error_holiday_mode_change_stock"] {
        assert_eq!(refused(&fault(code, "")), ErrorKind::NotWritable, "{code}");
    }
    let expected = ErrorKind::Refused { code: "product.error_param".into(), message: "m".into() };
    assert_eq!(refused(&fault("product.error_param", "m")), expected);
    assert!(matches!(refused(r#"{"error":"","message":""}"#), ErrorKind::Garbled { .. }));
}

#[test]
fn a_variation_whose_number_died_with_its_tiers_is_not_found() {
    let key = ListingKey { variation_external_id: Some("1".into()), ..model_key() };
    assert_eq!(stocked(&key, 3, read_models(MODELS).to_vec()).unwrap_err().kind, ErrorKind::NotFound);
    let whole = ListingKey { variation_external_id: None, ..model_key() };
    assert_eq!(stocked(&whole, 3, read_models(MODELS).to_vec()).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn an_impossible_quantity_is_never_sent() {
    for units in [-1, SPEC.max_quantity_units + 1, i64::MIN, i64::MAX] {
        let error = stocked(&item_key(), units, Vec::new()).unwrap_err();
        assert_eq!(error.verdict(), Verdict::Fail, "{units}");
    }
}

fn price(shown: &str) -> String {
    item_with(&[("/price_info/0/original_price", json!("the digits"))]).replace("\"the digits\"", shown)
}

#[test]
fn a_price_is_written_by_its_digits_and_read_back() {
    for (minor, digits) in [(5_990, "59.90"), (9_007_199_254_740_993, "90071992547409.93"), (1, "0.01")] {
        let body = format!(r#"{{"item_id":930002,"price_list":[{{"original_price":{digits}}}]}}"#);
        let steps = vec![read(ITEM), put_price(&success()).with_body(&body), read(&price(digits))];
        let written = priced(&item_key(), minor, steps).unwrap();
        assert_eq!(written.price, Some(Money::new(minor, Currency::Brl)));
    }
}

#[test]
fn a_models_price_names_the_model() {
    let mut steps = read_models(MODELS).to_vec();
    let body = r#"{"item_id":930001,"price_list":[{"model_id":7700011,"original_price":59.90}]}"#;
    steps.push(put_price(&success()).with_body(body));
    let shown = "/response/model/0/price_info/0/original_price";
    steps.extend(read_models(&with(MODELS, &[(shown, json!(59.9))])));
    assert_eq!(priced(&model_key(), 5_990, steps).unwrap().price, Some(Money::new(5_990, Currency::Brl)));
}

#[test]
fn a_price_under_a_promotion_is_not_written() {
    let answers = [
        fault("product.error_cannt_edit_price_in_promotion", ""),
        json!({ "error": "", "response": failed_row("item in promotion cannot edit price") }).to_string(),
    ];
    for answer in answers {
        let error = priced(&item_key(), 5_990, vec![read(ITEM), put_price(&answer)]).unwrap_err();
        assert_eq!((&error.kind, error.verdict()), (&ErrorKind::NotWritable, Verdict::Fail));
    }
}

#[test]
fn a_price_that_was_accepted_and_ignored_is_not_a_success() {
    let steps = vec![read(ITEM), put_price(&success()), read(ITEM)];
    assert_eq!(priced(&item_key(), 5_990, steps).unwrap_err().kind, ErrorKind::WriteNotApplied);
}

#[test]
fn a_price_whose_currency_cannot_be_told_is_not_written() {
    let item = item_with(&[("/price_info", json!([]))]);
    let error = priced(&item_key(), 5_990, vec![read(&item)]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}
