use connect::conformance::{Step, now};
use connect::{Buyers, ChannelError, ErrorKind};
use domain::Buyer;
use serde_json::{Value, json};

use super::{BILLING_INFO, ORDER, SHIPMENT, account, scripted, with};
use crate::market::tests::buyer::{shown, terms};

const BILLING: &str = "/orders/billing-info/MLB/670000000000000001";

fn order(order: &str) -> Step {
    Step::get("/orders/2000010000000001").answer(200, order)
}

/// What is asked when all is well.
pub(super) fn asked(billing: &str) -> Vec<Step> {
    vec![order(ORDER), Step::get(BILLING).answer(200, billing)]
}

fn read(steps: Vec<Step>) -> Result<Buyer, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.of_order(&account(), "2000010000000001"));
    script.done();
    outcome
}

fn found_by(changes: &[(&str, Value)]) -> Vec<String> {
    terms(&read(asked(&with(BILLING_INFO, changes))).unwrap())
}

#[test]
fn a_buyer_is_found_by_the_billing_data() {
    assert_eq!(found_by(&[]), ["name:maria silva", "name:maria teste", "document:12345678909"]);
}

#[test]
fn a_firm_has_one_name_and_a_cnpj() {
    let changes = [
        ("/buyer/billing_info/name", json!("Padaria São João Ltda")),
        ("/buyer/billing_info/last_name", json!(null)),
        ("/buyer/billing_info/identification", json!({ "type": "CNPJ", "number": "12.345.678/0001-95" })),
    ];
    let due = ["name:padaria joao", "name:padaria ltda", "name:padaria sao", "document:12345678000195"];
    assert_eq!(found_by(&changes), due);
}

#[test]
fn an_order_without_billing_data_tells_of_nobody() {
    let without = with(ORDER, &[("/buyer", json!({ "id": 500 }))]);
    assert!(read(vec![order(&without)]).unwrap().terms.is_empty());
    let body = r#"{"message":"not found","error":"not_found","status":404,"cause":[]}"#;
    let gone = vec![order(ORDER), Step::get(BILLING).answer(404, body)];
    assert!(read(gone).unwrap().terms.is_empty());
}

#[test]
fn an_id_that_would_climb_is_not_called() {
    let odd = with(ORDER, &[("/buyer/billing_info/id", json!("../../users/me"))]);
    let error = read(vec![order(&odd)]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}

#[test]
fn what_is_kept_of_a_failed_call_names_nobody() {
    let cut = BILLING_INFO.replace("\"seller\"", "\"seller");
    let error = read(asked(&cut)).unwrap_err();
    let kept = format!("{:?}", error.exchange).to_lowercase();
    assert!(!kept.contains("maria") && !kept.contains("12345678909"), "{kept}");
}

fn recipient(order: &str, shipment: Option<&str>) -> Result<Vec<String>, ChannelError> {
    let at = "/shipments/44000000001";
    let step = |body: &str| Step::get(at).with_header("x-format-new", "true").answer(200, body);
    let steps = std::iter::once(self::order(order)).chain(shipment.map(step));
    let (channel, script) = scripted(steps);
    let outcome = now(channel.recipient(&account(), "2000010000000001"));
    script.done();
    outcome.map(|recipient| shown(&recipient))
}

#[test]
fn the_recipient_is_who_the_shipment_goes_to() {
    let lines = recipient(ORDER, Some(SHIPMENT)).unwrap();
    assert_eq!(
        lines,
        ["Maria Teste", "Rua Exemplo 10", "Centro", "Rio de Janeiro, Rio de Janeiro", "20040002"]
    );
}

#[test]
fn an_order_that_is_fetched_has_no_recipient() {
    let error = recipient(&with(ORDER, &[("/shipping", json!({ "id": null }))]), None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    let nowhere = with(SHIPMENT, &[("/destination", json!(null))]);
    assert_eq!(recipient(ORDER, Some(&nowhere)).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn the_recipient_of_another_shipment_is_not_shown() {
    let other = with(SHIPMENT, &[("/id", json!(44_000_000_009_u64))]);
    let error = recipient(ORDER, Some(&other)).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
    assert!(!format!("{:?}", error.exchange).contains("Maria"), "{error:?}");
}
