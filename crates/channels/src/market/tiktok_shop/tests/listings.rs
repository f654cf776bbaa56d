use std::collections::BTreeSet;

use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, ListingKey, ListingSnapshot, Listings, StockControl};
use domain::{Currency, ListingState, Money, Timestamp, Verdict};
use serde_json::{Value, json};

use super::super::TikTokShopConfig;
use super::{
    PRODUCT, PRODUCT_ID, PRODUCTS_SEARCH, SKU_ID, WAREHOUSE, account, config, configured, fault, get_product,
    post, scripted, with,
};

const OTHER_SKU: &str = "1729500000000000013";

fn key(sku: &str) -> ListingKey {
    ListingKey { external_id: PRODUCT_ID.into(), variation_external_id: Some(sku.into()) }
}

fn fetched(body: &str) -> Result<Vec<ListingSnapshot>, ChannelError> {
    let (channel, script) = scripted([get_product().answer(200, body)]);
    let outcome = now(channel.fetch(&account(), PRODUCT_ID));
    script.done();
    outcome
}

fn product(changes: &[(&str, Value)]) -> Vec<ListingSnapshot> {
    let changes: Vec<_> = changes.iter().map(|(at, value)| (format!("/data{at}"), value)).collect();
    let changes: Vec<_> = changes.iter().map(|(at, value)| (at.as_str(), (*value).clone())).collect();
    fetched(&with(PRODUCT, &changes)).unwrap()
}

fn search(token: Option<&str>, body: &str) -> Step {
    let query: Vec<_> =
        [("page_size", "100")].into_iter().chain(token.map(|token| ("page_token", token))).collect();
    post("/product/202502/products/search", &query, body)
}

const ALL: &str = r#"{"status":"ALL"}"#;

#[test]
fn a_product_is_one_listing_for_each_variation() {
    let first = ListingSnapshot {
        key: key(SKU_ID),
        stock_group: None,
        title: "Camiseta de algodão (Azul, M)".into(),
        seller_sku: Some("CAM-AZ-M".into()),
        state: ListingState::Active,
        platform_status: "ACTIVATE".into(),
        quantity_units: 7,
        stock_control: StockControl::Seller,
        price: Some(Money::new(7_990, Currency::Brl)),
        permalink: None,
        updated_at: Timestamp::from_millis(1_794_300_000_000),
    };
    let second = ListingSnapshot {
        key: key(OTHER_SKU),
        title: "Camiseta de algodão (Azul, G)".into(),
        seller_sku: Some("CAM-AZ-G".into()),
        state: ListingState::Paused,
        platform_status: "ACTIVATE/DEACTIVATED".into(),
        quantity_units: 9,
        price: Some(Money::new(8_490, Currency::Brl)),
        ..first.clone()
    };
    assert_eq!(fetched(PRODUCT).unwrap(), [first, second]);
}

#[test]
fn a_state_says_whether_the_platform_takes_a_quantity() {
    let states = [
        ("ACTIVATE", ListingState::Active),
        ("DRAFT", ListingState::Paused),
        ("PENDING", ListingState::Paused),
        ("FAILED", ListingState::Paused),
        ("SELLER_DEACTIVATED", ListingState::Paused),
        ("SCHEDULED", ListingState::Paused),
        ("PLATFORM_DEACTIVATED", ListingState::UnderReview),
        ("FREEZE", ListingState::UnderReview),
        ("DELETED", ListingState::Closed),
        ("SOMETHING_OF_TOMORROW", ListingState::NeedsAttention),
    ];
    for (status, expected) in states {
        let shown = product(&[("/status", json!(status))]);
        assert_eq!((shown[0].state, shown[0].platform_status.as_str()), (expected, status));
    }
    let old = product(&[("/status", json!(null)), ("/product_status", json!("FREEZE"))]);
    assert_eq!(old[0].state, ListingState::UnderReview);
}

#[test]
fn a_variation_has_a_state_of_its_own() {
    let own = |status: Value| product(&[("/skus/0/status_info", status)])[0].state;
    assert_eq!(own(json!({ "status": "NORMAL" })), ListingState::Active);
    assert_eq!(own(json!({ "status": "DEACTIVATED" })), ListingState::Paused);
    assert_eq!(own(json!({ "status": "ASLEEP" })), ListingState::NeedsAttention);
    assert_eq!(own(json!(null)), ListingState::Active, "it is left out where all is normal");
}

#[test]
fn an_audit_that_goes_on_or_failed_is_shown() {
    let status = |audit: &str| product(&[("/audit/status", json!(audit))])[0].platform_status.clone();
    assert_eq!(status("AUDITING"), "ACTIVATE/AUDITING");
    assert_eq!(status("FAILED"), "ACTIVATE/FAILED");
    assert_eq!((status("APPROVED"), status("NONE")), ("ACTIVATE".into(), "ACTIVATE".into()));
}

#[test]
fn a_bundle_shows_what_its_parts_allow_and_is_not_the_sellers_to_count() {
    let parts = json!([{ "product_id": "1", "sku_id": "2", "sku_count": 3 }]);
    let shown = product(&[("/skus/0/combined_skus", parts)]);
    assert_eq!(shown[0].stock_control, StockControl::Platform);
    assert_eq!(shown[1].stock_control, StockControl::Seller);
    assert_eq!(product(&[("/skus/0/combined_skus", json!([]))])[0].stock_control, StockControl::Seller);
}

#[test]
fn units_in_the_platforms_own_warehouse_alone_are_read_only() {
    let config = TikTokShopConfig { platform_warehouses: BTreeSet::from([WAREHOUSE.into()]), ..config() };
    let (channel, _) = configured(config, [get_product().answer(200, PRODUCT)]);
    let shown = now(channel.fetch(&account(), PRODUCT_ID)).unwrap();
    let controls: Vec<_> = shown.iter().map(|listing| listing.stock_control).collect();
    assert_eq!(controls, [StockControl::Platform, StockControl::Seller], "the second lies with both");
}

#[test]
fn a_price_has_two_names_and_the_one_that_does_not_apply_may_be_zero() {
    let price = |price: Value| product(&[("/skus/0/price", price)])[0].price.map(|price| price.minor);
    assert_eq!(
        price(json!({ "currency": "BRL", "sale_price": "79.90", "tax_exclusive_price": "70" })),
        Some(7_990)
    );
    assert_eq!(price(json!({ "currency": "BRL", "tax_exclusive_price": "79.9" })), Some(7_990));
    assert_eq!(
        price(json!({ "currency": "BRL", "sale_price": "0", "tax_exclusive_price": 79.9 })),
        Some(7_990)
    );
    assert_eq!(price(json!({ "currency": "XYZ", "sale_price": "79.90" })), None);
    assert_eq!(price(json!(null)), None);
}

#[test]
fn what_is_left_out_is_nothing_and_what_is_odd_is_no_count() {
    assert_eq!(product(&[("/skus/0/inventory", json!(null))])[0].quantity_units, 0);
    assert!(product(&[("/skus", json!([])), ("/status", json!("DRAFT"))]).is_empty());
    let changes = [
        ("/data/skus", json!([])),
        ("/data/skus/0/id", json!("x")),
        ("/data/skus/0/inventory/0/quantity", json!("many")),
        ("/data/skus/0/inventory/0/quantity", json!(-1)),
        ("/data/update_time", json!(0)),
    ];
    for change in changes {
        let error = fetched(&with(PRODUCT, std::slice::from_ref(&change))).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{change:?}: {error}");
    }
}

#[test]
fn a_product_that_is_not_there_or_not_ours_is_an_error() {
    let gone = fetched(&fault(12_019_150, "The product ID does not exist.")).unwrap_err();
    assert_eq!((&gone.kind, gone.verdict()), (&ErrorKind::NotFound, Verdict::RETRY));
    let foreign = fetched(&fault(12_052_048, "it isn't listed in your account or shop")).unwrap_err();
    assert_eq!(foreign.kind, ErrorKind::PermissionMissing);
    let other = fetched(&with(PRODUCT, &[("/data/id", json!("1"))])).unwrap_err();
    assert!(matches!(other.kind, ErrorKind::Garbled { .. }), "{other}");
}

#[test]
fn a_page_of_products_is_all_their_variations() {
    let (channel, script) = scripted([search(None, ALL).answer(200, PRODUCTS_SEARCH)]);
    let page = now(channel.page(&account(), None)).unwrap();
    script.done();
    let shown: Vec<_> = page
        .items
        .iter()
        .map(|listing| {
            (listing.key.variation_external_id.as_deref().unwrap(), listing.quantity_units, listing.state)
        })
        .collect();
    let expected = [
        (SKU_ID, 7, ListingState::Active),
        (OTHER_SKU, 5, ListingState::Active),
        ("1729500000000000031", 2, ListingState::Paused),
    ];
    assert_eq!((shown.as_slice(), page.next), (expected.as_slice(), None));
    assert_eq!(page.items[0].price, Some(Money::new(7_990, Currency::Brl)));
}

#[test]
fn the_list_goes_on_where_its_cursor_says() {
    let more = with(PRODUCTS_SEARCH, &[("/data/next_page_token", json!("p;2"))]);
    let (channel, script) = scripted([
        search(None, ALL).answer(200, &more),
        search(Some("p;2"), ALL).answer(200, PRODUCTS_SEARCH),
    ]);
    let cursor = now(channel.page(&account(), None)).unwrap().next.unwrap();
    assert_eq!(now(channel.page(&account(), Some(&cursor))).unwrap().next, None);
    script.done();
}

/// The two halves of everything: from the platform's birth to now.
const FIRST_HALF: &str = r#"{"create_time_ge":1577836800,"create_time_le":1686076200,"status":"ALL"}"#;
const SECOND_HALF: &str = r#"{"create_time_ge":1686076201,"create_time_le":1794315600,"status":"ALL"}"#;

#[test]
fn a_search_that_finds_more_than_it_lists_is_made_in_halves() {
    let total = with(PRODUCTS_SEARCH, &[("/data/total_count", json!(10_001))]);
    let refusal = fault(12_052_180, "The total number of search results can not exceed 10000.");
    for too_many in [total, refusal] {
        let (channel, script) = scripted([
            search(None, ALL).answer(200, &too_many),
            search(None, FIRST_HALF).answer(200, r#"{"code":0,"data":{"total_count":0}}"#),
            search(None, SECOND_HALF).answer(200, PRODUCTS_SEARCH),
        ]);
        let (mut cursor, mut listed) = (None, 0);
        for _ in 0..3 {
            let page = now(channel.page(&account(), cursor.as_deref())).unwrap();
            listed += page.items.len();
            cursor = page.next;
        }
        script.done();
        assert_eq!((listed, cursor), (3, None));
    }
}

#[test]
fn more_products_in_one_second_than_a_search_lists_are_refused_for_good() {
    let refusal = fault(12_052_180, "The total number of search results can not exceed 10000.");
    let body = r#"{"create_time_ge":7,"create_time_le":7,"status":"ALL"}"#;
    let (channel, _) = scripted([search(None, body).answer(200, &refusal)]);
    let error = now(channel.page(&account(), Some("products;7-7;"))).unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "12052180"), "{error}");
}

#[test]
fn a_page_that_fails_says_why() {
    let (channel, _) = scripted([search(None, ALL).answer(401, &fault(105_002, "Expired credentials."))]);
    assert_eq!(now(channel.page(&account(), None)).unwrap_err().kind, ErrorKind::TokenRefused);
    let again = with(PRODUCTS_SEARCH, &[("/data/next_page_token", json!("same"))]);
    let (channel, _) = scripted([search(Some("same"), ALL).answer(200, &again)]);
    let error = now(channel.page(&account(), Some("products;*;same"))).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}
