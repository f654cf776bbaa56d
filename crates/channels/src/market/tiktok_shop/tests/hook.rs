use connect::{HookEvent, HookRejection, HookRequest, HookSubject, Hooks};
use domain::{CaseKey, Desk};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use proptest::prelude::*;
use serde_json::{Value, json};
use vault::hmac::HmacKey;

use super::super::SPEC;
use super::{APP_KEY, NOTIFICATION, ORDER_ID, PACKAGE_ID, PRODUCT_ID, SECRET, SHOP, at, scripted, with};

/// Where hooks are posted.
pub(super) const HOOK_URL: &str = "https://hub.example/hooks/tiktok_shop/door";
/// The published example, computed a second time with another implementation of HMAC.
const SIGNATURE: &str = "46397e9bf344345d01e5f357f0388190ae82b6321baaf52d267df66daf26d23f";
/// The same body as another app's key and the same secret would sign it.
const SIGNATURE_OF_ANOTHER_APP: &str = "4c396e1c225bc9bd1e80242820da2f02a5e1f1f626a39ad10caaf9d2fef45f0d";

pub(super) fn signed_by(app_key: &str, secret: &str, body: &[u8]) -> String {
    HmacKey::new(secret.as_bytes()).sign_hex(&[app_key.as_bytes(), body].concat())
}

pub(super) fn headers(signature: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, signature.parse().unwrap())])
}

fn posted(headers: &HeaderMap, body: &[u8]) -> Result<Vec<HookEvent>, HookRejection> {
    let (channel, _) = scripted([]);
    channel.read(HookRequest { url: HOOK_URL, headers, body })
}

/// Reads a body that is well signed.
fn read(body: &str) -> Result<Vec<HookEvent>, HookRejection> {
    posted(&headers(&signed_by(APP_KEY, SECRET, body.as_bytes())), body.as_bytes())
}

fn about(kind: u64, data: &Value) -> Result<Vec<HookSubject>, HookRejection> {
    let body = with(NOTIFICATION, &[("/type", json!(kind)), ("/data", data.clone())]);
    read(&body).map(|events| events.into_iter().map(|event| event.subject).collect())
}

fn order(id: &str) -> HookSubject {
    HookSubject::Order(id.into())
}

#[test]
fn a_notification_names_shop_topic_and_order() {
    let expected = HookEvent {
        account_external_id: SHOP.into(),
        subject: order(ORDER_ID),
        topic: "ORDER_STATUS_CHANGE".into(),
        sent_at: Some(at("2026-01-01T00:00:01Z")),
    };
    assert_eq!(posted(&headers(SIGNATURE), NOTIFICATION.as_bytes()), Ok(vec![expected]));
}

#[test]
fn a_hook_that_another_app_signed_is_refused() {
    let read = posted(&headers(SIGNATURE_OF_ANOTHER_APP), NOTIFICATION.as_bytes());
    assert_eq!(read, Err(HookRejection::BadSignature));
}

#[test]
fn a_hook_without_a_whole_signature_is_refused() {
    let mut none = vec![HeaderMap::new()];
    let odd = ["", "x", &SIGNATURE[..62], &SIGNATURE[1..], "Bearer", &format!("Bearer {SIGNATURE}")];
    none.extend(odd.iter().map(|odd| headers(odd)));
    for headers in none {
        let read = posted(&headers, NOTIFICATION.as_bytes());
        assert_eq!(read, Err(HookRejection::BadSignature), "{headers:?}");
    }
}

#[test]
fn each_topic_about_an_order_names_it() {
    for kind in [1, 2, 3, 11, 12] {
        assert_eq!(about(kind, &json!({ "order_id": ORDER_ID })), Ok(vec![order(ORDER_ID)]), "{kind}");
    }
}

#[test]
fn a_request_to_cancel_and_a_return_are_named_beside_their_order() {
    let case = |desk, id: &str| HookSubject::Case(CaseKey { desk, external_id: id.into() });
    let cancelled = json!({ "order_id": ORDER_ID, "cancel_id": "4035000000000000001" });
    let expected = vec![order(ORDER_ID), case(Desk::Cancellations, "4035000000000000001")];
    assert_eq!(about(11, &cancelled), Ok(expected));
    let returned = json!({ "order_id": ORDER_ID, "return_id": 4_036_000_000_000_000_001_u64 });
    let expected = vec![order(ORDER_ID), case(Desk::Returns, "4036000000000000001")];
    assert_eq!(about(12, &returned), Ok(expected));
    let odd = json!({ "order_id": ORDER_ID, "return_id": "../x" });
    assert_eq!(about(12, &odd), Ok(vec![order(ORDER_ID)]), "the order heals what the return's name does not");
}

#[test]
fn a_package_names_its_orders_or_itself() {
    let list = json!({ "sc_type": "SPLIT", "package_list": [
        { "package_id": PACKAGE_ID, "order_id_list": ["2", "1"] },
        { "package_id": "7", "order_id_list": [1] },
        { "package_id": "8", "order_id_list": [] },
    ] });
    let expected = vec![order("1"), order("2"), HookSubject::Shipment("8".into())];
    assert_eq!(about(4, &list), Ok(expected));
}

#[test]
fn an_invoice_names_the_orders_that_it_is_for() {
    let data = json!({ "package_id": PACKAGE_ID, "order_ids": [ORDER_ID], "invoice_status": "SUCCESS" });
    assert_eq!(about(36, &data), Ok(vec![order(ORDER_ID)]));
    let data = json!({ "package_id": PACKAGE_ID, "invoice_status": "INVALID" });
    assert_eq!(about(36, &data), Ok(vec![HookSubject::Shipment(PACKAGE_ID.into())]));
}

#[test]
fn each_topic_about_a_product_names_it_as_number_or_text() {
    let product = Ok(vec![HookSubject::Listing(PRODUCT_ID.into())]);
    for kind in [5, 15, 16, 18, 27, 37, 38, 50, 71] {
        assert_eq!(about(kind, &json!({ "product_id": PRODUCT_ID })), product, "{kind}");
        let number: u64 = PRODUCT_ID.parse().unwrap();
        assert_eq!(about(kind, &json!({ "product_id": number })), product, "{kind}");
    }
}

#[test]
fn other_topics_are_not_for_us_whatever_they_name() {
    for kind in [6, 7, 13, 14, 17, 20, 33, 39, 64, 65, 67, 998] {
        for data in [json!({ "message": "x", "order_id": "../x" }), json!(null), json!([])] {
            assert_eq!(about(kind, &data), Ok(vec![HookSubject::NotForUs]), "{kind}");
        }
    }
    let topic = |kind: u64| read(&with(NOTIFICATION, &[("/type", json!(kind))])).unwrap()[0].topic.clone();
    assert_eq!((topic(6).as_str(), topic(998).as_str()), ("SELLER_DEAUTHORIZATION", "998"));
}

#[test]
fn the_fields_come_in_many_spellings() {
    let shapes = [
        vec![("/shop_id", json!(7_490_000_000_000_000_001_u64)), ("/type", json!("1"))],
        vec![("/type", json!("ORDER_STATUS_CHANGE"))],
        vec![("/data/order_id", json!(580_000_000_000_000_001_u64))],
        vec![("/timestamp", json!("1767225601")), ("/tts_notification_id", json!(null))],
        vec![("/a_field_of_tomorrow", json!({ "deep": [1, null] }))],
    ];
    for changes in shapes {
        assert_eq!(read(&with(NOTIFICATION, &changes)), read(NOTIFICATION), "{changes:?}");
    }
    assert_eq!(read(&with(NOTIFICATION, &[("/timestamp", json!("now"))])).unwrap()[0].sent_at, None);
}

#[test]
fn a_hook_without_what_it_needs_is_malformed() {
    let changes = [
        ("/type", json!(null)),
        ("/type", json!("")),
        ("/shop_id", json!(null)),
        ("/shop_id", json!("1/../2")),
        ("/data", json!(null)),
        ("/data", json!([])),
        ("/data/order_id", json!("")),
        ("/data/order_id", json!("../x")),
        ("/data/order_id", json!("٧")),
        ("/data/order_id", json!("123456789012345678901")),
    ];
    for change in changes {
        let read = read(&with(NOTIFICATION, std::slice::from_ref(&change)));
        assert!(matches!(read, Err(HookRejection::Malformed(_))), "{change:?}: {read:?}");
    }
    for data in [json!({}), json!({ "package_list": [] }), json!({ "package_list": [{}] })] {
        assert!(matches!(about(4, &data), Err(HookRejection::Malformed(_))), "{data}");
    }
    for body in ["", "[]", "null", "{}", "not json", &NOTIFICATION[..80]] {
        assert!(matches!(read(body), Err(HookRejection::Malformed(_))), "{body}");
    }
}

#[test]
fn a_hook_larger_than_any_notification_is_refused_unread() {
    let padded = format!("{NOTIFICATION}{}", " ".repeat(SPEC.hook_max_bytes));
    assert!(matches!(read(&padded), Err(HookRejection::Malformed(_))));
}

proptest! {
    #[test]
    fn one_byte_of_body_or_signature_changed_is_refused(at in 0..NOTIFICATION.len(), digit in 0_usize..64, bit in 0_u8..7) {
        let mut body = NOTIFICATION.as_bytes().to_vec();
        body[at] ^= 1 << bit;
        prop_assert_eq!(posted(&headers(SIGNATURE), &body), Err(HookRejection::BadSignature));
        let mut signature = SIGNATURE.as_bytes().to_vec();
        signature[digit] = if signature[digit] == b'0' { b'1' } else { b'0' };
        let signature = String::from_utf8(signature).unwrap();
        prop_assert_eq!(posted(&headers(&signature), NOTIFICATION.as_bytes()), Err(HookRejection::BadSignature));
    }

    #[test]
    fn no_signed_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = posted(&headers(&signed_by(APP_KEY, SECRET, &bytes)), &bytes);
    }

    #[test]
    fn no_id_climbs(kind in 0_u64..80, id: String) {
        let data = json!({ "order_id": id, "product_id": id, "package_id": id, "order_ids": [id],
            "package_list": [{ "package_id": id, "order_id_list": [id] }], "cancel_id": id, "return_id": id });
        for subject in about(kind, &data).unwrap_or_default() {
            match subject {
                HookSubject::Order(id)
                | HookSubject::Shipment(id)
                | HookSubject::Listing(id)
                | HookSubject::Case(CaseKey { external_id: id, .. })
                | HookSubject::Message(id) => {
                    prop_assert!(id.bytes().all(|byte| byte.is_ascii_digit()), "{}", id);
                }
                HookSubject::NotForUs => {}
            }
        }
    }
}
