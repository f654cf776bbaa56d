use connect::{HookEvent, HookRejection, HookRequest, HookSubject, Hooks};
use domain::{CaseKey, Desk};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use proptest::prelude::*;
use serde_json::{Value, json};
use vault::hmac::HmacKey;

use super::super::SPEC;
use super::{HOOK_URL, KEY, PARTNER, PUSH, SHOP, scripted, second, with};

type Reading = Result<Vec<HookEvent>, HookRejection>;

fn sign(url: &str, body: &[u8]) -> String {
    HmacKey::new(KEY.as_bytes()).sign_hex(&[url.as_bytes(), b"|", body].concat())
}

fn read_signed(sign: &str, url: &str, body: &[u8]) -> Reading {
    let (channel, _) = scripted([]);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, sign.parse().unwrap());
    channel.read(HookRequest { url, headers: &headers, body })
}

/// Reads a push with a good signature.
fn read(body: &str) -> Reading {
    read_signed(&sign(HOOK_URL, body.as_bytes()), HOOK_URL, body.as_bytes())
}

fn push(code: &Value, data: &Value) -> String {
    json!({ "code": code, "shop_id": 880_012_345, "timestamp": 1_794_313_606, "data": data }).to_string()
}

fn subjects(code: u32, data: &Value) -> Result<Vec<HookSubject>, HookRejection> {
    Ok(read(&push(&json!(code), data))?.into_iter().map(|event| event.subject).collect())
}

fn order(number: &str) -> HookSubject {
    HookSubject::Order(number.into())
}

fn listing(number: &str) -> HookSubject {
    HookSubject::Listing(number.into())
}

#[test]
fn a_push_names_shop_topic_and_order() {
    let expected = HookEvent {
        account_external_id: SHOP.into(),
        subject: order("260921ABCDEF01"),
        topic: "order_status_push".into(),
        sent_at: Some(second(1_794_313_606)),
    };
    assert_eq!(read(PUSH), Ok(vec![expected]));
}

#[test]
fn a_signature_is_over_the_address_and_the_raw_bytes() {
    let good = sign(HOOK_URL, PUSH.as_bytes());
    assert!(read_signed(&good, HOOK_URL, PUSH.as_bytes()).is_ok());
    assert!(read_signed(&good.to_uppercase(), HOOK_URL, PUSH.as_bytes()).is_ok());
    for at in [0, PUSH.len() / 2, PUSH.len() - 1] {
        let mut body = PUSH.as_bytes().to_vec();
        body[at] = if body[at] == b' ' { b'\n' } else { b' ' };
        assert_eq!(read_signed(&good, HOOK_URL, &body), Err(HookRejection::BadSignature), "byte {at}");
    }
    let reserialized = serde_json::from_str::<Value>(PUSH).unwrap().to_string();
    assert_eq!(read_signed(&good, HOOK_URL, reserialized.as_bytes()), Err(HookRejection::BadSignature));
    for url in ["https://hub.example/hooks/shopee/door/", "http://hub.example/hooks/shopee/door", ""] {
        assert_eq!(read_signed(&good, url, PUSH.as_bytes()), Err(HookRejection::BadSignature), "{url}");
    }
    for odd in
        ["", "0", &good[..62], &format!("{good}00"), &format!("Bearer {good}"), &format!("SHA256 {good}")]
    {
        assert_eq!(read_signed(odd, HOOK_URL, PUSH.as_bytes()), Err(HookRejection::BadSignature), "{odd}");
    }
    let (channel, _) = scripted([]);
    let unsigned =
        channel.read(HookRequest { url: HOOK_URL, headers: &HeaderMap::new(), body: PUSH.as_bytes() });
    assert_eq!(unsigned, Err(HookRejection::BadSignature));
}

#[test]
fn another_apps_key_signs_nothing_of_ours() {
    let foreign = HmacKey::new(b"the-key-of-another-app")
        .sign_hex(&[HOOK_URL.as_bytes(), b"|", PUSH.as_bytes()].concat());
    assert_eq!(read_signed(&foreign, HOOK_URL, PUSH.as_bytes()), Err(HookRejection::BadSignature));
}

#[test]
fn a_push_about_consent_names_its_app() {
    let of_app = |partner: Value| read(&with(PUSH, &[("/partner_id", partner)]));
    assert!(of_app(json!(PARTNER)).is_ok() && of_app(json!(2_099_001)).is_ok());
    assert_eq!(of_app(json!(2_099_002)), Err(HookRejection::ForeignApp));
}

#[test]
fn each_code_names_its_thing() {
    let of_order = json!({ "ordersn": "260921ABCDEF01", "package_number": "OFG1" });
    for code in [3, 4, 30] {
        assert_eq!(subjects(code, &of_order), Ok(vec![order("260921ABCDEF01")]), "{code}");
    }
    let other_spelling = json!({ "order_sn": "260921ABCDEF01", "package_number": "OFG1" });
    for code in [29, 47] {
        assert_eq!(subjects(code, &other_spelling), Ok(vec![order("260921ABCDEF01")]), "{code}");
    }
    let of_item = json!({ "item_id": 930_001, "model_id": 1 });
    for code in [6, 7, 9, 16, 22, 27] {
        assert_eq!(subjects(code, &of_item), Ok(vec![listing("930001")]), "{code}");
    }
}

fn case(desk: Desk, number: &str) -> HookSubject {
    HookSubject::Case(CaseKey { desk, external_id: number.into() })
}

#[test]
fn a_return_is_named_beside_its_order() {
    let data = json!({ "order_sn": "260921ABCDEF01", "return_sn": "2609230ABCDE01" });
    let expected = vec![order("260921ABCDEF01"), case(Desk::Returns, "2609230ABCDE01")];
    assert_eq!(subjects(29, &data), Ok(expected));
    let alone = json!({ "return_sn": "2609230ABCDE01" });
    assert_eq!(subjects(29, &alone), Ok(vec![case(Desk::Returns, "2609230ABCDE01")]));
}

#[test]
fn an_order_whose_buyer_asks_to_cancel_is_a_request_as_well() {
    let data = json!({ "ordersn": "260921ABCDEF01", "status": "IN_CANCEL" });
    let expected = vec![order("260921ABCDEF01"), case(Desk::Cancellations, "260921ABCDEF01")];
    assert_eq!(subjects(3, &data), Ok(expected));
}

#[test]
fn a_package_stands_for_an_order_that_is_not_named() {
    let data = json!({ "package_number": "OFG240000000000001" });
    assert_eq!(subjects(30, &data), Ok(vec![HookSubject::Shipment("OFG240000000000001".into())]));
}

#[test]
fn reserved_units_are_the_first_that_is_heard_of_an_unpaid_order() {
    let data = json!({ "action": "place_order", "item_id": 930_001, "variation_id": 1, "ordersn": "260921ABCDEF01" });
    assert_eq!(subjects(8, &data), Ok(vec![listing("930001"), order("260921ABCDEF01")]));
    assert_eq!(subjects(8, &json!({ "item_id": "930001", "ordersn": "" })), Ok(vec![listing("930001")]));
    assert!(matches!(subjects(8, &json!({})), Err(HookRejection::Malformed(_))));
}

#[test]
fn other_codes_are_not_for_us_whatever_they_name() {
    for code in [1, 2, 5, 10, 11, 12, 13, 15, 23, 28, 31, 37, 38, 4_711] {
        for data in [json!({ "ordersn": "../x" }), json!("a text"), json!([1]), json!(null)] {
            assert_eq!(subjects(code, &data), Ok(vec![HookSubject::NotForUs]), "{code} {data}");
        }
    }
}

#[test]
fn the_shops_of_a_consent_stand_in_its_data() {
    let shops = |data: Value| -> Vec<String> {
        let body = json!({ "code": 2, "timestamp": 1, "partner_id": 2_099_001, "data": data }).to_string();
        read(&body).unwrap().into_iter().map(|event| event.account_external_id).collect()
    };
    assert_eq!(shops(json!({ "shop_id": 7 })), ["7"]);
    assert_eq!(shops(json!({ "shopid": "7" })), ["7"]);
    assert_eq!(shops(json!({ "shop_id_list": [9, 7, 7] })), ["7", "9"]);
    assert_eq!(shops(json!({ "shop_expire_soon": [9] })), ["9"]);
    assert_eq!(shops(json!({ "authorize_type": "expiry" })), [""; 0]);
}

#[test]
fn the_consoles_ping_is_answered_and_says_nothing() {
    assert_eq!(
        read(r#"{"code":0,"data":{"verify_info":"This is a Verification message."}}"#),
        Ok(Vec::new())
    );
}

#[test]
fn numbers_come_as_texts_and_times_in_milliseconds() {
    let body = r#"{"code":"28","shop_id":"880012345","timestamp":1794313606000,"data":{"action_type":"2"}}"#;
    let event = read(body).unwrap().remove(0);
    assert_eq!((event.account_external_id.as_str(), event.subject), (SHOP, HookSubject::NotForUs));
    assert_eq!(
        (event.topic.as_str(), event.sent_at),
        ("shop_penalty_update_push", Some(second(1_794_313_606)))
    );
    assert_eq!(read(&with(PUSH, &[("/code", json!("3"))])).unwrap()[0].subject, order("260921ABCDEF01"));
}

#[test]
fn a_push_without_what_it_needs_is_malformed() {
    for (pointer, value) in [
        ("/code", json!(null)),
        ("/code", json!("three")),
        ("/shop_id", json!(null)),
        ("/shop_id", json!(0)),
        ("/shop_id", json!("../1")),
        ("/data", json!(null)),
        ("/data", json!("text")),
        ("/data/ordersn", json!("")),
        ("/data/ordersn", json!("A,B")),
        ("/data/ordersn", json!("../x")),
        ("/data/ordersn", json!({ "id": 1 })),
    ] {
        let reading = read(&with(PUSH, &[(pointer, value.clone())]));
        assert!(matches!(reading, Err(HookRejection::Malformed(_))), "{pointer} {value}: {reading:?}");
    }
    for item in [json!(null), json!(0), json!("x"), json!("1,2")] {
        assert!(
            matches!(subjects(16, &json!({ "item_id": item })), Err(HookRejection::Malformed(_))),
            "{item}"
        );
    }
    for body in ["", "[]", "null", "{}", "not json", &PUSH[..80]] {
        assert!(matches!(read(body), Err(HookRejection::Malformed(_))), "{body}");
    }
}

#[test]
fn a_push_larger_than_any_is_refused_unread() {
    let padded = format!("{PUSH}{}", " ".repeat(SPEC.hook_max_bytes));
    assert!(matches!(read(&padded), Err(HookRejection::Malformed(_))));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_unsigned_ones_are_never_read(bytes: Vec<u8>, sign in "[0-9a-f]{64}") {
        prop_assert_eq!(read_signed(&sign, HOOK_URL, &bytes), Err(HookRejection::BadSignature));
        let signed = self::sign(HOOK_URL, &bytes);
        let _ = read_signed(&signed, HOOK_URL, &bytes);
    }

    #[test]
    fn what_is_read_names_a_shop_and_an_id_that_a_call_may_carry(code in 0_u32..60, id in "\\PC{0,12}", shop in "\\PC{0,12}") {
        let data = json!({ "ordersn": id, "item_id": id, "package_number": id, "return_sn": id, "status": "IN_CANCEL" });
        let body = json!({ "code": code, "shop_id": shop, "data": data }).to_string();
        for event in read(&body).unwrap_or_default() {
            prop_assert!(event.account_external_id.bytes().all(|byte| byte.is_ascii_digit()));
            match event.subject {
                HookSubject::Order(id)
                | HookSubject::Shipment(id)
                | HookSubject::Listing(id)
                | HookSubject::Case(CaseKey { external_id: id, .. })
                | HookSubject::Message(id) => {
                    prop_assert!(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
                }
                HookSubject::NotForUs => {}
            }
        }
    }
}
