use connect::{HookEvent, HookRejection, HookRequest, HookSubject, Hooks};
use domain::{CaseKey, Desk};
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::SPEC;
use super::{HOOK_URL, NOTIFICATION, at, scripted};

fn read(body: &str) -> Result<HookEvent, HookRejection> {
    let (channel, _) = scripted([]);
    let mut events =
        channel.read(HookRequest { url: HOOK_URL, headers: &HeaderMap::new(), body: body.as_bytes() })?;
    assert_eq!(events.len(), 1, "one notification holds one event");
    Ok(events.remove(0))
}

fn with(changes: &[(&str, Value)]) -> String {
    let mut note: Value = serde_json::from_str(NOTIFICATION).unwrap();
    for (field, value) in changes {
        note[*field] = value.clone();
    }
    note.to_string()
}

fn about(topic: &str, resource: &str) -> Result<HookSubject, HookRejection> {
    read(&with(&[("topic", json!(topic)), ("resource", json!(resource))])).map(|event| event.subject)
}

#[test]
fn a_notification_names_account_topic_and_order() {
    let expected = HookEvent {
        account_external_id: "100200300".into(),
        subject: HookSubject::Order("2000010000000001".into()),
        topic: "orders_v2".into(),
        sent_at: Some(at("2026-11-10T13:00:06.129Z")),
    };
    assert_eq!(read(NOTIFICATION), Ok(expected));
}

#[test]
fn each_topic_has_its_path() {
    let order = |id: &str| Ok(HookSubject::Order(id.into()));
    let listing = |id: &str| Ok(HookSubject::Listing(id.into()));
    assert_eq!(about("orders_v2", "/orders/1"), order("1"));
    assert_eq!(about("orders", "orders/1"), order("1"));
    assert_eq!(about("shipments", "/shipments/44000000001"), Ok(HookSubject::Shipment("44000000001".into())));
    assert_eq!(about("items", "/items/MLB4000000001"), listing("MLB4000000001"));
    assert_eq!(about("items", "/items/MLB4000000001/prices"), listing("MLB4000000001"));
    assert_eq!(about("items_prices", "items/MLB4000000001/prices"), listing("MLB4000000001"));
}

#[test]
fn questions_messages_and_claims_are_named_by_their_ids() {
    let case = |desk, id: &str| Ok(HookSubject::Case(CaseKey { desk, external_id: id.into() }));
    assert_eq!(about("questions", "/questions/13050000001"), case(Desk::Questions, "13050000001"));
    let message = "fd1d0000ad004ede9e0bf25d00000001";
    assert_eq!(about("messages", message), Ok(HookSubject::Message(message.into())));
    for path in ["/post-purchase/v1/claims/5300000001", "/v1/claims/5300000001", "claims/5300000001"] {
        assert_eq!(about("post_purchase", path), case(Desk::Claims, "5300000001"), "{path}");
        assert_eq!(about("claims", path), case(Desk::Claims, "5300000001"), "{path}");
    }
}

#[test]
fn other_topics_are_not_for_us_whatever_they_name() {
    let topics = [
        ("payments", "/collections/1"),
        ("messages", "/packs/1/sellers/2"),
        ("post_purchase", "/post-purchase/v9/something"),
        ("stock-location", "/user-products/MLBU1/stock"),
        ("a_topic_of_tomorrow", "http://evil.example/"),
    ];
    for (topic, resource) in topics {
        assert_eq!(about(topic, resource), Ok(HookSubject::NotForUs), "{topic}");
    }
}

#[test]
fn a_resource_that_leads_elsewhere_is_refused() {
    let resources = [
        "https://api.mercadolibre.com/orders/1",
        "http://169.254.169.254/orders/1",
        "//evil.example/orders/1",
        "/orders/1/../../users/me",
        "/orders/..",
        "/orders/",
        "/orders",
        "/orders/1?x=1",
        "/orders/1/",
        "/orders/1e3",
        "/orders/%31",
        "/orders/١",
        "/items/MLB1",
        "/shipments/1",
        "",
        "/",
        "/orders/1234567890123456789012345678901234567890",
    ];
    for resource in resources {
        assert!(matches!(about("orders_v2", resource), Err(HookRejection::Malformed(_))), "{resource}");
    }
    for resource in
        ["/items/1", "/items/mlb1", "/items/MLB", "/items/MLB1x", "/items/MLB1/price", "/items/ÃÃ1"]
    {
        assert!(matches!(about("items", resource), Err(HookRejection::Malformed(_))), "{resource}");
    }
}

#[test]
fn the_fields_come_in_many_spellings() {
    let shapes = [
        with(&[("user_id", json!("100200300")), ("application_id", json!("1234567890123456"))]),
        with(&[("_id", Value::Null), ("id", json!("typed")), ("actions", json!(["created"]))]),
        with(&[("recieved", json!("2026-11-10T13:00:06.106Z")), ("attempts", json!("1"))]),
        with(&[("a_field_of_tomorrow", json!({ "deep": [1, null] }))]),
    ];
    for body in shapes {
        assert_eq!(read(&body).unwrap().account_external_id, "100200300", "{body}");
    }
    assert_eq!(read(&with(&[("sent", json!("yesterday"))])).unwrap().sent_at, None);
}

#[test]
fn a_hook_of_another_app_is_refused() {
    assert_eq!(read(&with(&[("application_id", json!(999))])), Err(HookRejection::ForeignApp));
}

#[test]
fn a_hook_without_what_it_needs_is_malformed() {
    for field in ["application_id", "user_id", "topic"] {
        for value in [Value::Null, json!("")] {
            assert!(matches!(read(&with(&[(field, value)])), Err(HookRejection::Malformed(_))), "{field}");
        }
    }
    for body in ["", "[]", "null", "{}", "not json", r#"{"user_id":{}}"#, &NOTIFICATION[..80]] {
        assert!(matches!(read(body), Err(HookRejection::Malformed(_))), "{body}");
    }
    assert!(matches!(read(&with(&[("user_id", json!("1/../2"))])), Err(HookRejection::Malformed(_))));
}

#[test]
fn a_hook_larger_than_any_notification_is_refused_unread() {
    let padded = format!("{NOTIFICATION}{}", " ".repeat(SPEC.hook_max_bytes));
    assert!(matches!(read(&padded), Err(HookRejection::Malformed(_))));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_no_resource_climbs(bytes: Vec<u8>, resource: String) {
        let (channel, _) = scripted([]);
        let _ = channel.read(HookRequest { url: HOOK_URL, headers: &HeaderMap::new(), body: &bytes });
        if let Ok(HookSubject::Order(id)) = about("orders_v2", &resource) {
            prop_assert!(id.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
