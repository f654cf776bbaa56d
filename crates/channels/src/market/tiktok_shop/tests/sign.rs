//! The signature against worked cases; each value was computed a second time with another
//! implementation of HMAC.

use connect::{Signer, Unsigned};
use domain::Timestamp;
use proptest::prelude::*;

use super::super::sign::AppSignature;
use super::{APP_KEY, CIPHER, SECRET, grant};
use connect::conformance::text;

const AT: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn sign_at(at: Timestamp, path: &str, query: &[(&str, &str)], body: &[u8]) -> Vec<(&'static str, String)> {
    let query: Vec<_> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    AppSignature::new(text(SECRET)).sign(&Unsigned { path, query: &query, body, at }, &grant())
}

fn sign(path: &str, query: &[(&str, &str)], body: &str) -> String {
    let added = sign_at(AT, path, query, body.as_bytes());
    assert_eq!(added[0], ("timestamp", "1767225600".to_owned()));
    assert_eq!(added[1].0, "sign");
    added[1].1.clone()
}

const SEARCH: &str = "/order/202309/orders/search";
const SEARCH_BODY: &str = r#"{"order_status":"AWAITING_SHIPMENT","update_time_ge":1767139200}"#;
const SEARCH_SIGN: &str = "ec87765f5720f94ed4e385e04ae1ed9866572944c5139e57d62bc6babbf0f6ba";

fn search_query() -> [(&'static str, &'static str); 5] {
    [
        ("app_key", APP_KEY),
        ("shop_cipher", CIPHER),
        ("page_size", "20"),
        ("sort_field", "update_time"),
        ("sort_order", "ASC"),
    ]
}

#[test]
fn a_call_without_a_shop_is_signed_over_path_key_and_time() {
    assert_eq!(
        sign("/authorization/202309/shops", &[("app_key", APP_KEY)], ""),
        "9417a7ccbb8fa22736fbc90f81bdabbad4e854ab3380be2678c773aedcc2b358"
    );
}

#[test]
fn a_search_is_signed_over_its_sorted_query_and_its_raw_body() {
    assert_eq!(sign(SEARCH, &search_query(), SEARCH_BODY), SEARCH_SIGN);
}

#[test]
fn an_upload_would_be_signed_without_its_body() {
    assert_eq!(
        sign("/product/202309/images/upload", &[("app_key", APP_KEY)], ""),
        "5e7432811883202880010e9b36e2957b0a42a99c019b8e09635a1a8d266a2e93"
    );
}

#[test]
fn values_are_signed_as_they_are_and_not_as_the_address_writes_them() {
    let query =
        [("brand_name", "Café & Cia"), ("page_size", "10"), ("app_key", APP_KEY), ("shop_cipher", CIPHER)];
    assert_eq!(
        sign("/product/202309/brands", &query, ""),
        "8df8cef1593898b9f097d96f14d954d72fd2ec7ab83f7d47f6d822c0b2a4a115"
    );
}

#[test]
fn a_list_is_one_value_with_commas() {
    let query =
        [("ids", "580000000000000001,580000000000000002"), ("app_key", APP_KEY), ("shop_cipher", CIPHER)];
    assert_eq!(
        sign("/order/202507/orders", &query, ""),
        "99af635887a89183795c53332493b3e9f411eb6b85089c342ae2289ae8f0946b"
    );
}

#[test]
fn a_second_later_the_signature_is_another() {
    let later = Timestamp::from_millis(AT.as_millis() + 1_999);
    let added = sign_at(later, "/authorization/202309/shops", &[("app_key", APP_KEY)], b"");
    let expected = "82c846005ca1db5139c91eda6fd40712e4e210a642f0b55fe832bd54161e7ca9";
    assert_eq!(added, [("timestamp", "1767225601".to_owned()), ("sign", expected.to_owned())]);
}

#[test]
fn neither_token_nor_signature_is_ever_signed() {
    let mut query = search_query().to_vec();
    query.extend([("access_token", "ROW_x"), ("sign", "x")]);
    assert_eq!(sign(SEARCH, &query, SEARCH_BODY), SEARCH_SIGN);
}

#[test]
fn no_debug_shows_the_secret() {
    assert!(!format!("{:?}", AppSignature::new(text(SECRET))).contains("f00d"));
}

proptest! {
    #[test]
    fn one_byte_of_the_body_makes_another_signature(at in 0..SEARCH_BODY.len(), bit in 0_u8..8) {
        let mut body = SEARCH_BODY.as_bytes().to_vec();
        body[at] ^= 1 << bit;
        let added = sign_at(AT, SEARCH, &search_query(), &body);
        prop_assert_ne!(&added[1].1, SEARCH_SIGN);
    }

    #[test]
    fn the_order_of_the_query_does_not_matter(seed in any::<proptest::sample::Index>()) {
        let mut query = search_query();
        let length = query.len();
        query.rotate_left(seed.index(length));
        query.swap(0, length - 1);
        prop_assert_eq!(sign(SEARCH, &query, SEARCH_BODY), SEARCH_SIGN);
    }
}
