use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, ListingKey, ListingSnapshot, Listings, Page, StockControl};
use domain::{Currency, ListingState, Money, Verdict};
use serde_json::{Value, json};

use super::{ITEM, ITEM_USER_PRODUCT, ITEM_VARIATIONS, ITEMS_SEARCH, account, at, scripted, with};

const SCAN: &str = "/users/100200300/items/search?search_type=scan&limit=100";
const SCROLL: &str = "/users/100200300/items/search?search_type=scan&limit=100&scroll_id=YXBpY29yZS1pdGVtcw%3D%3D%3AABCDEF%3A1";
const BULK: &str = "/items/bulk?ids=MLB4000000001%2CMLB4000000002%2CMLB4000000003&include_attributes=all";
const OLD_BULK: &str = "/items?ids=MLB4000000001%2CMLB4000000002%2CMLB4000000003&include_attributes=all";
const NO_MORE: &str = r#"{"results":[],"scroll_id":null,"paging":{"total":3}}"#;

fn item_at(id: &str) -> Step {
    Step::get(&format!("/items/{id}?include_attributes=all"))
        .with_header("authorization", "Bearer APP_USR-access")
}

fn fetched(body: &str) -> Result<Vec<ListingSnapshot>, ChannelError> {
    let item: Value = serde_json::from_str(body).unwrap();
    let id = item["id"].as_str().unwrap();
    let (channel, script) = scripted([item_at(id).answer(200, body)]);
    let outcome = now(channel.fetch(&account(), id));
    script.done();
    outcome
}

fn one(changes: &[(&str, Value)]) -> ListingSnapshot {
    fetched(&with(ITEM, changes)).unwrap().remove(0)
}

fn bulk_body(status_field: &str) -> String {
    let item = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let entry = |text| json!({ "id": item(text)["id"], status_field: 200, "body": item(text) });
    json!([entry(ITEM), entry(ITEM_VARIATIONS), entry(ITEM_USER_PRODUCT)]).to_string()
}

fn listed(steps: Vec<Step>) -> Result<Page<ListingSnapshot>, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.page(&account(), None));
    script.done();
    outcome
}

#[test]
fn a_listing_is_one_snapshot() {
    let expected = ListingSnapshot {
        key: ListingKey { external_id: "MLB4000000001".into(), variation_external_id: None },
        stock_group: Some("MLBU3000000001".into()),
        title: "Caneca Esmaltada".into(),
        seller_sku: Some("ACME-X1".into()),
        state: ListingState::Active,
        platform_status: "active".into(),
        quantity_units: 7,
        stock_control: StockControl::Seller,
        price: Some(Money::new(4_990, Currency::Brl)),
        permalink: Some("https://produto.example/MLB-4000000001".into()),
        updated_at: at("2026-11-10T13:01:00Z"),
    };
    assert_eq!(fetched(ITEM).unwrap(), [expected]);
}

#[test]
fn a_listing_with_variations_is_one_snapshot_for_each() {
    let snapshots = fetched(ITEM_VARIATIONS).unwrap();
    let told = |index: usize| {
        let it = &snapshots[index];
        (
            it.key.variation_external_id.as_deref(),
            it.title.as_str(),
            it.seller_sku.as_deref(),
            it.quantity_units,
        )
    };
    assert_eq!(snapshots.len(), 2);
    assert_eq!(told(0), (Some("180000000001"), "Camiseta (Preto, M)", Some("SHIRT-M"), 4));
    // The variation's own old field comes before the item's attribute.
    assert_eq!(told(1), (Some("180000000002"), "Camiseta (Preto, G)", Some("old-g"), 5));
    assert_eq!(snapshots[0].stock_group.as_deref(), Some("MLBU3000000011"));
    assert_eq!(snapshots[0].platform_status, "paused/paused_by_seller");
    assert_eq!(snapshots[0].price, Some(Money::new(8_000, Currency::Brl)));
}

#[test]
fn the_sellers_own_code_is_looked_for_in_four_places() {
    let sku = |changes: &[(&str, Value)]| {
        fetched(&with(ITEM_VARIATIONS, changes)).unwrap()[1].seller_sku.clone().unwrap_or_default()
    };
    let own = json!([{ "id": "SELLER_SKU", "value_name": "OWN" }]);
    let (field, attribute) = ("/variations/1/seller_custom_field", "/variations/1/attributes");
    assert_eq!(sku(&[(attribute, own)]), "OWN");
    assert_eq!(sku(&[]), "old-g");
    assert_eq!(sku(&[(field, json!(null))]), "SHIRT");
    assert_eq!(sku(&[(field, json!(null)), ("/attributes", json!([]))]), "old-shirt");
    let none = [(field, json!(null)), ("/attributes", json!([])), ("/seller_custom_field", json!(""))];
    assert_eq!(sku(&none), "");
}

#[test]
fn a_user_product_shares_its_stock_and_full_is_read_only() {
    let snapshot = fetched(ITEM_USER_PRODUCT).unwrap().remove(0);
    assert_eq!(snapshot.stock_group.as_deref(), Some("MLBU3000000003"));
    assert_eq!(snapshot.stock_control, StockControl::Platform);
    let untitled = fetched(&with(ITEM_USER_PRODUCT, &[("/title", json!(null))])).unwrap().remove(0);
    assert_eq!(untitled.title, "Prato Fundo");
}

#[test]
fn each_status_has_its_state_and_an_unknown_one_waits_for_a_person() {
    let cases = [
        ("active", "", ListingState::Active),
        ("paused", "out_of_stock", ListingState::Paused),
        ("payment_required", "", ListingState::Paused),
        ("not_yet_active", "", ListingState::Paused),
        ("under_review", "waiting_for_patch", ListingState::UnderReview),
        ("closed", "expired", ListingState::Closed),
        ("closed", "deleted", ListingState::Closed),
        ("a_status_of_tomorrow", "", ListingState::NeedsAttention),
        ("", "", ListingState::NeedsAttention),
    ];
    for (status, sub, state) in cases {
        assert_eq!(
            one(&[("/status", json!(status)), ("/sub_status", json!([sub]))]).state,
            state,
            "{status}"
        );
    }
    assert_eq!(
        one(&[("/status", json!(3)), ("/sub_status", json!(null))]).state,
        ListingState::NeedsAttention
    );
}

#[test]
fn numbers_and_texts_are_taken_alike() {
    let changes =
        [("/available_quantity", json!("7")), ("/price", json!("49.90")), ("/seller_custom_field", json!(1))];
    assert_eq!(one(&changes), fetched(ITEM).unwrap()[0]);
}

#[test]
fn a_price_that_cannot_be_read_hides_no_listing() {
    assert_eq!(one(&[("/price", json!(null))]).price, None);
    assert_eq!(one(&[("/currency_id", json!("XYZ"))]).price, None);
}

#[test]
fn a_listing_without_its_quantity_is_garbled() {
    let error = fetched(&with(ITEM, &[("/available_quantity", json!(null))])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Garbled { what: "available_quantity is missing".into() });
}

#[test]
fn a_partial_listing_is_never_taken_for_one_without_variations() {
    let step = item_at("MLB4000000002").answer(206, ITEM).answer_header("x-content-missing", "variations");
    let (channel, _) = scripted([step]);
    let error = now(channel.fetch(&account(), "MLB4000000002")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Garbled { what: "a partial answer without variations".into() });
}

#[test]
fn a_listing_of_another_account_is_not_taken_for_ours() {
    let error = fetched(&with(ITEM, &[("/seller_id", json!(999))])).unwrap_err();
    assert_eq!((error.kind.clone(), error.verdict()), (ErrorKind::PermissionMissing, Verdict::Fail));
}

#[test]
fn a_listing_that_is_gone_is_not_found() {
    let (channel, _) = scripted([item_at("MLB1").answer(404, "")]);
    assert_eq!(now(channel.fetch(&account(), "MLB1")).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn the_list_is_scanned_and_fetched_in_bulk() {
    let page = listed(vec![
        Step::get(SCAN).answer(200, ITEMS_SEARCH),
        Step::get(BULK).answer(200, &bulk_body("status_code")),
        Step::get(SCROLL).answer(200, NO_MORE),
    ])
    .unwrap();
    assert_eq!((page.items.len(), page.next, page.total), (4, None, Some(3)));
}

#[test]
fn an_item_whose_variations_come_without_their_codes_is_read_by_itself() {
    let mut bulk: Value = serde_json::from_str(&bulk_body("status_code")).unwrap();
    let entries = bulk.as_array_mut().unwrap();
    let variations = entries.iter_mut().filter_map(|entry| entry["body"]["variations"].as_array_mut());
    for variation in variations.flatten() {
        variation
            .as_object_mut()
            .unwrap()
            .retain(|field, _| !["attributes", "seller_custom_field"].contains(&field.as_str()));
    }
    let page = listed(vec![
        Step::get(SCAN).answer(200, ITEMS_SEARCH),
        Step::get(BULK).answer(200, &bulk.to_string()),
        item_at("MLB4000000002").answer(200, ITEM_VARIATIONS),
        Step::get(SCROLL).answer(200, NO_MORE),
    ])
    .unwrap();
    let codes: Vec<_> = page.items.iter().filter_map(|listing| listing.seller_sku.as_deref()).collect();
    assert!(codes.contains(&"SHIRT-M") && codes.contains(&"old-g"), "{codes:?}");
    assert_eq!(page.items.len(), 4);
}

#[test]
fn where_the_new_multiget_is_missing_the_old_one_serves() {
    let page = listed(vec![
        Step::get(SCAN).answer(200, ITEMS_SEARCH),
        Step::get(BULK).answer(404, r#"{"message":"not found","error":"not_found","status":404,"cause":[]}"#),
        Step::get(OLD_BULK).answer(200, &bulk_body("code")),
        Step::get(SCROLL).answer(200, NO_MORE),
    ])
    .unwrap();
    assert_eq!(page.items.len(), 4);
}

#[test]
fn a_shop_without_listings_is_an_empty_page() {
    let page = listed(vec![Step::get(SCAN).answer(200, r#"{"results":[],"paging":{"total":0}}"#)]).unwrap();
    assert_eq!(page, Page { items: Vec::new(), next: None, total: Some(0) });
}

#[test]
fn a_page_without_a_scroll_is_the_last() {
    let search = with(ITEMS_SEARCH, &[("/scroll_id", json!(null))]);
    let bulk = bulk_body("status_code");
    let page =
        listed(vec![Step::get(SCAN).answer(200, &search), Step::get(BULK).answer(200, &bulk)]).unwrap();
    assert_eq!(page.next, None);
}

#[test]
fn a_scan_that_ends_short_of_its_total_begins_again() {
    let error = listed(vec![
        Step::get(SCAN).answer(200, &with(ITEMS_SEARCH, &[("/paging/total", json!(9))])),
        Step::get(BULK).answer(200, &bulk_body("status_code")),
        Step::get(SCROLL).answer(200, NO_MORE),
    ])
    .unwrap_err();
    assert_eq!(error.kind, ErrorKind::PageExpired);
}

#[test]
fn a_scroll_that_is_refused_has_expired_and_a_first_page_that_is_refused_has_not() {
    const EXPIRED: &str = r#"{"message":"Invalid or expired scroll_id","error":"bad_request","status":400}"#;
    let error = listed(vec![
        Step::get(SCAN).answer(200, ITEMS_SEARCH),
        Step::get(BULK).answer(200, &bulk_body("status_code")),
        Step::get(SCROLL).answer(400, EXPIRED),
    ])
    .unwrap_err();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::PageExpired, Verdict::RETRY));
    let error = listed(vec![Step::get(SCAN).answer(400, EXPIRED)]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Refused { .. }), "{error}");
}

#[test]
fn the_list_goes_on_where_its_cursor_says_and_a_failed_page_can_be_asked_again() {
    let ids = |range: std::ops::Range<u64>| range.map(|n| format!("MLB{n}")).collect::<Vec<_>>();
    let search = json!({ "results": ids(0..30), "scroll_id": "s", "paging": { "total": 30 } }).to_string();
    let bulk = |range: std::ops::Range<u64>| {
        let target = format!("/items/bulk?ids={}&include_attributes=all", ids(range.clone()).join("%2C"));
        let entry = |id| json!({ "status_code": 200, "body": serde_json::from_str::<Value>(&with(ITEM, &[("/id", json!(id))])).unwrap() });
        Step::get(&target)
            .answer(200, &json!(ids(range).into_iter().map(entry).collect::<Vec<_>>()).to_string())
    };
    let (channel, script) = scripted([
        Step::get(SCAN).answer(200, &search),
        bulk(0..20),
        bulk(20..30).answer(500, ""),
        bulk(20..30),
        Step::get(&format!("{SCAN}&scroll_id=s")).answer(200, NO_MORE),
    ]);
    let first = now(channel.page(&account(), None)).unwrap();
    let failed = now(channel.page(&account(), first.next.as_deref())).unwrap_err();
    assert_eq!(failed.kind, ErrorKind::PlatformFault { status: 500 });
    let second = now(channel.page(&account(), first.next.as_deref())).unwrap();
    script.done();
    assert_eq!((first.items.len(), second.items.len(), second.next), (20, 10, None));
    assert_eq!(second.items[9].key.external_id, "MLB29");
}

#[test]
fn an_entry_that_is_gone_is_left_out_and_one_that_failed_fails_the_page() {
    let with_entry = |entry: Value| {
        let mut entries: Value = serde_json::from_str(&bulk_body("status_code")).unwrap();
        entries[1] = entry;
        vec![Step::get(SCAN).answer(200, ITEMS_SEARCH), Step::get(BULK).answer(200, &entries.to_string())]
    };
    let mut steps =
        with_entry(json!({ "id": "MLB4000000002", "status_code": 404, "body": { "error": "not_found" } }));
    steps.push(Step::get(SCROLL).answer(200, NO_MORE));
    assert_eq!(listed(steps).unwrap().items.len(), 2);
    let kinds = [
        (json!({ "status_code": 500, "body": {} }), ErrorKind::PlatformFault { status: 500 }),
        (json!({ "status_code": 429, "body": {} }), ErrorKind::RateLimited { not_before: None }),
        (json!({ "status_code": 403, "body": {} }), ErrorKind::PermissionMissing),
        (json!({ "status_code": "401", "body": {} }), ErrorKind::TokenRefused),
    ];
    for (entry, kind) in kinds {
        assert_eq!(listed(with_entry(entry)).unwrap_err().kind, kind);
    }
    for entry in
        [json!({ "status_code": 200 }), json!({ "body": {} }), json!({ "status_code": 200, "body": [] })]
    {
        assert!(matches!(listed(with_entry(entry)).unwrap_err().kind, ErrorKind::Garbled { .. }));
    }
}

#[test]
fn a_result_that_is_no_id_is_never_asked_for() {
    let search = with(ITEMS_SEARCH, &[("/results/0", json!("../users/me"))]);
    let error = listed(vec![Step::get(SCAN).answer(200, &search)]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }));
}

#[test]
fn a_foreign_cursor_is_refused_before_any_call() {
    for cursor in ["", "x", "1;2", "1;2;..;s", "a;2;MLB1;s"] {
        let (channel, _) = scripted([]);
        assert!(now(channel.page(&account(), Some(cursor))).is_err(), "{cursor}");
    }
}
