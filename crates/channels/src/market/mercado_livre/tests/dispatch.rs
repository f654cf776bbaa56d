//! Packages, labels, tracking and invoices.

use connect::conformance::dispatch::{Dispatch, DispatchHarness, DispatchSamples};
use connect::conformance::{Step, now};
use connect::{Documents, ErrorKind, Invoices, Packages, Tracking};
use domain::dispatch::{
    DocumentKind, Due, Format, Handover, InvoiceState, PackageLine, PackageSize, PackageState, Way,
};
use serde_json::{Value, json};

use super::conformance::Kit;
use super::parcels::{looked_at, replacement};
use super::{ORDER, SHIPMENT, SHIPMENT_ORDERS, SLA, account, at, scripted, with};
use crate::market::tests::nfe;

connect::dispatch_conformance!(Kit);

const ID: &str = "44000000001";
const LABELS: &str = "/shipment_labels?shipment_ids=44000000001&response_type";
const HISTORY: &str = r#"[{"status":"ready_to_ship","substatus":"picked_up","date":"2026-11-10T11:00:00.000-04:00"},
 {"status":"pending","substatus":null,"date":"2026-11-10T09:00:10.000-04:00"},
 {"status":"handling","substatus":"a_word_of_tomorrow","date":"2026-11-10T09:01:00.000-04:00"},{"status":"shipped"}]"#;

pub(super) fn get(below: &str) -> Step {
    Step::get(&format!("/shipments/{ID}{below}"))
        .with_header("x-format-new", "true")
        .with_header("authorization", "Bearer APP_USR-access")
}

pub(super) fn shipment(status: &str, substatus: &str) -> String {
    with(SHIPMENT, &[("/status", json!(status)), ("/substatus", json!(substatus))])
}

pub(super) fn fault(code: &str) -> String {
    json!({ "message": "…", "error": code, "status": 400, "cause": [] }).to_string()
}

/// What is read of a shipment. `invoice` is what the platform says of its invoice while it
/// waits for one.
fn seen(shipment: &str, invoice: Option<(u16, String)>) -> Vec<Step> {
    let told: Value = serde_json::from_str(shipment).unwrap();
    let mut steps = vec![
        get("").answer(200, shipment),
        get("/orders").with_header("x-new-domain", "true").answer(200, SHIPMENT_ORDERS),
    ];
    if let Some((status, body)) = invoice {
        steps.push(get("/invoice_data?siteId=MLB").answer(status, &body));
    }
    if matches!(told["status"].as_str(), Some("pending" | "handling" | "ready_to_ship")) {
        steps.push(get("/sla").answer(200, SLA));
    }
    steps
}

pub(super) fn printable() -> Vec<Step> {
    seen(&shipment("ready_to_ship", "ready_to_print"), None)
}

fn manufactured() -> Vec<Step> {
    seen(&shipment("handling", "manufacturing"), None)
}

fn waiting(invoice: (u16, String)) -> Vec<Step> {
    seen(&shipment("ready_to_ship", "invoice_pending"), Some(invoice))
}

fn no_invoice() -> (u16, String) {
    (404, fault("not_found"))
}

pub(super) fn told(key: &str) -> (u16, String) {
    (200, json!({ "id": 9, "fiscal_key": key, "status": "approved" }).to_string())
}

fn say_ready() -> Step {
    Step::post(&format!("/shipments/{ID}/process/ready_to_ship")).with_body("{}").answer(200, "{}")
}

fn upload() -> Step {
    Step::post(&format!("/shipments/{ID}/invoice_data/?siteId=MLB"))
        .with_header("content-type", "application/xml")
        .with_body(&nfe::xml())
        .answer(200, &told(nfe::KEY).1)
}

impl DispatchHarness for Kit {
    fn dispatch_samples(&self) -> Option<DispatchSamples> {
        Some(DispatchSamples {
            order_id: "2000010000000001".into(),
            package_id: ID.into(),
            handover: Handover::Ready,
            invoice: nfe::nfe(),
            buyer: nfe::BUYER.into(),
        })
    }

    fn dispatch_script(&self, dispatch: Dispatch) -> Option<Vec<Step>> {
        Some(match dispatch {
            Dispatch::PackagesOfOrder => {
                [vec![Step::get("/orders/2000010000000001").answer(200, ORDER)], printable()].concat()
            }
            Dispatch::FetchPackage => printable(),
            Dispatch::Ways => manufactured(),
            Dispatch::Arrange => [manufactured(), vec![say_ready()], printable()].concat(),
            Dispatch::PrintPdf => vec![Step::get(&format!("{LABELS}=pdf")).answer_bytes(200, &nfe::pdf())],
            Dispatch::PrintZpl => {
                vec![Step::get(&format!("{LABELS}=zpl2")).answer_bytes(200, &nfe::archive(&[]))]
            }
            Dispatch::Events => vec![get("/history").answer(200, HISTORY)],
            Dispatch::TellInvoice => [waiting(no_invoice()), vec![upload()]].concat(),
            Dispatch::ReplaceInvoice => {
                [looked_at("ready_to_print", &told("1")), vec![replacement()]].concat()
            }
        })
    }

    fn dispatched_already(&self, dispatch: Dispatch) -> Option<Vec<Step>> {
        if dispatch == Dispatch::Arrange {
            return Some(printable());
        }
        if dispatch == Dispatch::ReplaceInvoice {
            return Some(looked_at("ready_to_print", &told(nfe::KEY)));
        }
        (dispatch == Dispatch::TellInvoice).then(|| waiting(told(nfe::KEY)))
    }

    fn arrangement_ignored(&self) -> Option<Vec<Step>> {
        Some([manufactured(), vec![say_ready()], manufactured()].concat())
    }

    fn package_with_status(&self, status: &str) -> Option<Vec<Step>> {
        Some(seen(&shipment(status, ""), None))
    }

    fn invoice_missing(&self) -> Option<(Dispatch, Vec<Step>)> {
        let refused = Step::get(&format!("{LABELS}=pdf")).answer(400, &fault("not_printable_status"));
        Some((Dispatch::PrintPdf, [vec![refused], waiting(no_invoice())].concat()))
    }
}

#[test]
fn a_shipment_is_read_with_all_its_orders_and_no_receiver() {
    let (channel, script) = scripted(waiting(no_invoice()));
    let package = now(Packages::fetch(&channel, &account(), ID)).unwrap();
    script.done();
    assert_eq!(package.orders, ["2000010000000001", "2000010000000002"]);
    let line = |order: &str, item: &str, units| PackageLine {
        order_external_id: order.into(),
        listing_external_id: item.into(),
        variation_external_id: None,
        units,
    };
    let due = [
        line("2000010000000002", "MLB4000000002", 1),
        line("2000010000000001", "MLB4000000001", 2),
        line("2000010000000001", "MLB4000000003", 1),
    ];
    assert_eq!(package.lines, due);
    assert_eq!((package.state, package.invoice), (PackageState::Waiting, InvoiceState::Missing));
    assert_eq!(package.due(), Some(Due::Invoice));
    assert_eq!(package.platform_status, "ready_to_ship/invoice_pending");
    assert_eq!(package.carrier.as_deref(), Some("MEL Distribution"));
    assert_eq!(package.tracking_code.as_deref(), Some("MEL44000000001FMXDF01"));
    assert_eq!(package.size, PackageSize::told(Some(500), Some([200, 150, 100])));
    assert!(package.ship_by.is_some() && !package.by_platform);
    assert!(!format!("{package:?}").contains(nfe::BUYER));
}

#[test]
fn an_order_has_no_package_until_its_shipment_can_be_read() {
    let without = with(ORDER, &[("/shipping/id", json!(null))]);
    let order = |body: &str| Step::get("/orders/2000010000000001").answer(200, body);
    let gone = get("").answer(404, &fault("not_found"));
    for steps in [vec![order(&without)], vec![order(ORDER), gone]] {
        let (channel, script) = scripted(steps);
        assert_eq!(now(channel.of_order(&account(), "2000010000000001")).unwrap(), []);
        script.done();
    }
}

#[test]
fn full_is_sent_by_the_platform() {
    let full = with(SHIPMENT, &[("/logistic/type", json!("fulfillment")), ("/substatus", json!("printed"))]);
    let steps = vec![get("").answer(200, &full), get("/orders").answer(200, SHIPMENT_ORDERS)];
    let (channel, _) = scripted(steps.clone());
    let package = now(Packages::fetch(&channel, &account(), ID)).unwrap();
    assert!(package.by_platform && package.due().is_none());
    let (channel, script) = scripted(steps);
    let error = now(channel.arrange(&account(), ID, &Handover::Ready)).unwrap_err();
    script.done();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "sent_by_platform"), "{error}");
}

#[test]
fn a_carrier_of_the_sellers_own_is_told_with_its_number() {
    let own = |status: &str| {
        let mode = ("/logistic", json!({ "mode": "me1", "type": "default", "direction": "forward" }));
        let word = [("/status", json!(status)), ("/substatus", json!(null)), mode];
        seen(&with(SHIPMENT, &word), None)
    };
    let (channel, _) = scripted(own("ready_to_ship"));
    let ways = now(channel.ways(&account(), ID)).unwrap();
    assert_eq!(ways, [Way::OwnCarrier { carriers: Vec::new() }]);
    let body = r#"{"payload":{"comment":"","service_id":11},"status":"shipped","substatus":"null","tracking_number":"AB-123456"}"#;
    let say = Step::post(&format!("/shipments/{ID}/seller_notifications")).with_body(body);
    let (channel, script) = scripted([own("ready_to_ship"), vec![say], own("shipped")].concat());
    let handover = Handover::OwnCarrier { carrier: None, tracking_code: "AB-123456".into() };
    let sent = now(channel.arrange(&account(), ID, &handover)).unwrap();
    script.done();
    assert_eq!(sent.state, PackageState::Sent);
    let (channel, script) = scripted(own("ready_to_ship"));
    let error = now(channel.arrange(&account(), ID, &Handover::Ready)).unwrap_err();
    script.done();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "handover_not_possible"));
}

#[test]
fn several_shipments_are_printed_on_one_call() {
    let target = "/shipment_labels?shipment_ids=44000000001%2C44000000002&response_type=pdf";
    let (channel, script) = scripted([Step::get(target).answer_bytes(200, &nfe::pdf())]);
    let ids = [ID.to_owned(), "44000000002".to_owned()];
    let printed = now(channel.print(&account(), &ids, DocumentKind::Label, Format::Pdf)).unwrap();
    script.done();
    assert_eq!(printed.len(), 1);
}

#[test]
fn a_label_that_is_not_there_yet_is_waited_for() {
    let refused = Step::get(&format!("{LABELS}=pdf")).answer(400, &fault("not_printable_status"));
    for (status, substatus, kind) in [("pending", "buffered", Some(ErrorKind::NotYet)), ("shipped", "", None)]
    {
        let steps = [vec![refused.clone()], seen(&shipment(status, substatus), None)].concat();
        let (channel, script) = scripted(steps);
        let ids = [ID.to_owned()];
        let error = now(channel.print(&account(), &ids, DocumentKind::Label, Format::Pdf)).unwrap_err();
        script.done();
        match kind {
            Some(kind) => assert_eq!(error.kind, kind),
            None => assert!(
                matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "not_printable_status")
            ),
        }
    }
}

#[test]
fn an_invoice_that_was_taken_meanwhile_is_known_by_its_key() {
    let asked = |key: &str| {
        let (status, body) = told(key);
        [printable(), vec![get("/invoice_data?siteId=MLB").answer(status, &body)]].concat()
    };
    let (channel, _) = scripted(asked(nfe::KEY));
    assert_eq!(now(channel.tell(&account(), ID, &nfe::nfe())).unwrap(), InvoiceState::Accepted);
    let (channel, script) = scripted(asked("1"));
    let error = now(channel.tell(&account(), ID, &nfe::nfe())).unwrap_err();
    script.done();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "another_invoice"), "{error}");
    let none = [printable(), vec![get("/invoice_data?siteId=MLB").answer(404, &no_invoice().1)]].concat();
    let (channel, _) = scripted(none);
    let error = now(channel.tell(&account(), ID, &nfe::nfe())).unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "invoice_not_asked"), "{error}");
}

#[test]
fn an_invoice_that_is_refused_says_why() {
    let refused = Step::post(&format!("/shipments/{ID}/invoice_data/?siteId=MLB"))
        .answer(400, &fault("wrong_receiver_cpf"));
    let (channel, _) = scripted([waiting(no_invoice()), vec![refused]].concat());
    let error = now(channel.tell(&account(), ID, &nfe::nfe())).unwrap_err();
    assert!(
        matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "wrong_receiver_cpf"),
        "{error}"
    );
}

#[test]
fn history_is_told_from_its_beginning_in_the_platforms_words() {
    let (channel, _) = scripted([get("/history").answer(200, HISTORY)]);
    let events = now(Tracking::events(&channel, &account(), ID)).unwrap();
    let words: Vec<&str> = events.iter().map(|event| event.words.as_str()).collect();
    assert_eq!(words, ["pending", "handling/a_word_of_tomorrow", "ready_to_ship/picked_up"]);
    assert_eq!(events[0].at, at("2026-11-10T13:00:10Z"));
}
