use connect::conformance::{Step, now};
use connect::{Buyers, ChannelError, ErrorKind};
use domain::Buyer;
use serde_json::{Value, json};

use super::{ORDER, ORDER_ID, account, get, scripted, with};
use crate::market::tests::buyer::{self, terms};

/// What is asked, and what comes back.
pub(super) fn asked(order: &str) -> Step {
    get("/order/202507/orders", &[("ids", ORDER_ID)]).answer(200, order)
}

/// An order that the seller ships: nothing is masked.
pub(super) fn shown() -> String {
    let of_order = |changes: &[(&str, Value)]| {
        let below = |(name, value): &(&str, Value)| (format!("/data/orders/0/{name}"), value.clone());
        let changes: Vec<(String, Value)> = changes.iter().map(below).collect();
        let changes: Vec<(&str, Value)> =
            changes.iter().map(|(pointer, value)| (pointer.as_str(), value.clone())).collect();
        with(ORDER, &changes)
    };
    of_order(&[
        ("cpf", json!("123.456.789-09")),
        ("cpf_name", json!("Maria da Silva Teste")),
        ("recipient_address/name", json!("João Teste")),
        ("recipient_address/phone_number", json!("(+55)11987654321")),
    ])
}

fn read(order: &str) -> Result<Buyer, ChannelError> {
    let (channel, script) = scripted([asked(order)]);
    let outcome = now(channel.of_order(&account(), ORDER_ID));
    script.done();
    outcome
}

#[test]
fn a_buyer_is_found_by_who_pays_and_who_receives() {
    let due = [
        "name:maria silva",
        "name:maria teste",
        "name:joao teste",
        "document:12345678909",
        "phone:11987654321",
    ];
    assert_eq!(terms(&read(&shown()).unwrap()), due);
}

#[test]
fn what_the_platform_masks_is_no_name() {
    assert!(read(ORDER).unwrap().terms.is_empty());
}

#[test]
fn what_is_kept_of_a_failed_call_names_nobody() {
    let error = read(&shown().replace(ORDER_ID, "580000000000000009")).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
    let kept = format!("{:?}", error.exchange).to_lowercase();
    assert!(!kept.contains("maria") && !kept.contains("987654321"), "{kept}");
}

fn recipient(order: &str) -> Result<Vec<String>, ChannelError> {
    let (channel, script) = scripted([asked(order)]);
    let outcome = now(channel.recipient(&account(), ORDER_ID));
    script.done();
    outcome.map(|recipient| buyer::shown(&recipient))
}

#[test]
fn the_recipient_is_shown_as_the_platform_shows_it() {
    let lines = recipient(&shown()).unwrap();
    assert_eq!((lines.first().map(String::as_str), lines.len()), (Some("João Teste"), 4), "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("(+55)11987654321"));
}

#[test]
fn an_order_without_an_address_has_no_recipient() {
    let none = with(ORDER, &[("/data/orders/0/recipient_address", json!(null))]);
    assert_eq!(recipient(&none).unwrap_err().kind, ErrorKind::NotFound);
}
