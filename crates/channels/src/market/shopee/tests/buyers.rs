use connect::conformance::{Step, now};
use connect::{Buyers, ChannelError, ErrorKind};
use domain::Buyer;
use serde_json::{Value, json};

use super::{ORDER_BUYER, ORDER_NUMBER, account, fault, scripted, shop, with_below};
use crate::market::tests::buyer::{shown, terms};

/// What is asked, and what comes back.
pub(super) fn asked(order: &str) -> Step {
    let query = format!(
        "&order_sn_list={ORDER_NUMBER}&request_order_status_pending=true\
         &response_optional_fields=buyer_cpf_id%2Crecipient_address"
    );
    Step::get(&shop("order/get_order_detail", &query)).answer(200, order)
}

fn read(order: &str) -> Result<Buyer, ChannelError> {
    let (channel, script) = scripted([asked(order)]);
    let outcome = now(channel.of_order(&account(), ORDER_NUMBER));
    script.done();
    outcome
}

fn found_by(changes: &[(&str, Value)]) -> Vec<String> {
    terms(&read(&with_below(ORDER_BUYER, "/response/order_list/0", changes)).unwrap())
}

#[test]
fn a_buyer_is_found_by_the_receivers_name_and_the_cpf() {
    assert_eq!(found_by(&[]), ["name:maria silva", "name:maria teste", "document:12345678909"]);
}

#[test]
fn what_the_platform_masks_is_no_name() {
    let masked = [("/recipient_address/name", json!("M******a")), ("/buyer_cpf_id", json!("*********09"))];
    assert!(found_by(&masked).is_empty());
    let empty = [("/recipient_address", json!(null)), ("/buyer_cpf_id", json!(""))];
    assert!(found_by(&empty).is_empty());
}

#[test]
fn what_is_kept_of_a_failed_call_names_nobody() {
    let error = read(&ORDER_BUYER.replace("\"order_sn\"", "\"order_no\"")).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
    let kept = format!("{:?}", error.exchange).to_lowercase();
    assert!(!kept.contains("maria") && !kept.contains("12345678909"), "{kept}");
}

#[test]
fn an_order_that_is_not_there_has_no_buyer() {
    let error = read(&fault("error_not_found", "Wrong parameters, detail: the order is not found."));
    assert_eq!(error.unwrap_err().kind, ErrorKind::NotFound);
}

fn recipient(order: &str) -> Result<Vec<String>, ChannelError> {
    let (channel, script) = scripted([asked(order)]);
    let outcome = now(channel.recipient(&account(), ORDER_NUMBER));
    script.done();
    outcome.map(|recipient| shown(&recipient))
}

#[test]
fn the_recipient_is_shown_as_the_platform_shows_it() {
    let changes = [
        ("/recipient_address/name", json!("Maria Teste")),
        ("/recipient_address/full_address", json!("Rua das Flores, 100")),
        ("/recipient_address/district", json!("")),
        ("/recipient_address/city", json!("Curitiba")),
        ("/recipient_address/state", json!("Paraná")),
        ("/recipient_address/zipcode", json!("80010000")),
        ("/recipient_address/phone", json!("****")),
    ];
    let lines = recipient(&with_below(ORDER_BUYER, "/response/order_list/0", &changes)).unwrap();
    assert_eq!(lines, ["Maria Teste", "Rua das Flores, 100", "Curitiba", "Paraná", "80010000", "****"]);
}

#[test]
fn an_order_without_an_address_has_no_recipient() {
    let none = with_below(ORDER_BUYER, "/response/order_list/0", &[("/recipient_address", json!(null))]);
    assert_eq!(recipient(&none).unwrap_err().kind, ErrorKind::NotFound);
}
