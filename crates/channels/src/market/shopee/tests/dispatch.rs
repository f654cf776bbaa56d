//! Packages, labels, tracking and invoices.

use connect::conformance::dispatch::{Dispatch, DispatchHarness, DispatchSamples};
use connect::conformance::{Step, now};
use connect::{Documents, ErrorKind, Invoices, Packages, Tracking};
use domain::dispatch::{
    DocumentKind, Due, Format, Handover, InvoiceState, Named, PackageLine, PackageState, PickupPlace, Slot,
    Way,
};
use serde_json::{Value, json};

use super::conformance::Kit;
use super::{ORDER_NUMBER, PACKAGE_NUMBER, account, fault, package_at, package_with, scripted, second, shop};
use crate::market::tests::nfe;

connect::dispatch_conformance!(Kit);

const TRACKING: &str = "BR240000000001A";
pub(super) const BARE: &str = r#"{"error":"","message":"","request_id":"b1"}"#;
const SLOT: &str = "1794355200";

pub(super) fn answered(response: &Value) -> String {
    json!({ "error": "", "message": "", "request_id": "d1", "response": response }).to_string()
}

fn order_with(status: &str, invoice: &Value) -> Step {
    let query = format!(
        "&order_sn_list={ORDER_NUMBER}&request_order_status_pending=true\
         &response_optional_fields=fulfillment_flag%2Cinvoice_data%2Cpackage_list"
    );
    let order = json!({ "order_sn": ORDER_NUMBER, "order_status": status, "advance_package": false,
        "fulfillment_flag": "fulfilled_by_local_seller", "invoice_data": invoice,
        "package_list": [{ "package_number": PACKAGE_NUMBER }] });
    Step::get(&shop("order/get_order_detail", &query))
        .answer(200, &answered(&json!({ "order_list": [order] })))
}

pub(super) fn taken() -> Value {
    json!({ "number": "780", "access_key": nfe::KEY, "status": "valid", "pending_reason": "" })
}

fn package(status: &str, is_arranged: bool) -> Step {
    let tracking = if is_arranged { TRACKING } else { "-" };
    let changes = [
        ("/fulfillment_status", json!(status)),
        ("/is_shipment_arranged", json!(is_arranged)),
        ("/tracking_number", json!(tracking)),
    ];
    Step::get(&package_at()).answer(200, &package_with(&changes))
}

fn ready(invoice: &Value) -> Vec<Step> {
    vec![package("LOGISTICS_READY", false), order_with("READY_TO_SHIP", invoice)]
}

fn arranged() -> Vec<Step> {
    vec![package("LOGISTICS_REQUEST_CREATED", true), order_with("PROCESSED", &taken())]
}

fn parameters() -> Step {
    let slots = json!([{ "date": 1_794_355_200, "time_text": "09:00-18:00", "pickup_time_id": SLOT, "flags": ["recommended"] }]);
    let told = json!({
        "info_needed": { "pickup": ["address_id", "pickup_time_id"], "dropoff": [] },
        "pickup": { "address_list": [{ "address_id": 200_018_001, "address": "Rua Vergueiro, 100", "city": "São Paulo",
            "address_flag": ["default_address"], "time_slot_list": slots }] },
        "dropoff": { "branch_list": null, "slug_list": null },
    });
    let query = format!("&order_sn={ORDER_NUMBER}");
    Step::get(&shop("logistics/get_shipping_parameter", &query)).answer(200, &answered(&told))
}

fn pickup() -> Handover {
    Handover::Pickup { place: Some("200018001".into()), slot: Some(SLOT.into()) }
}

fn ship() -> Step {
    let body = format!(
        r#"{{"order_sn":"{ORDER_NUMBER}","pickup":{{"address_id":200018001,"pickup_time_id":"{SLOT}"}}}}"#
    );
    Step::post(&shop("logistics/ship_order", "")).with_body(&body).answer(200, BARE)
}

fn rows(row: &Value) -> String {
    answered(&json!({ "result_list": [row] }))
}

fn download(form: &str) -> Step {
    let body = json!({ "order_list": [{ "order_sn": ORDER_NUMBER, "package_number": PACKAGE_NUMBER }],
        "shipping_document_type": form });
    Step::post(&shop("logistics/download_shipping_document", "")).with_body(&body.to_string())
}

/// The label is asked for, made and fetched.
fn printed(form: &str, label: &[u8]) -> Vec<Step> {
    let not_made = fault("logistics.shipping_document_should_print_first", "Create it first.");
    let row = json!({ "order_sn": ORDER_NUMBER, "package_number": PACKAGE_NUMBER,
        "shipping_document_type": form, "tracking_number": TRACKING });
    let ask =
        json!({ "order_sn": ORDER_NUMBER, "package_number": PACKAGE_NUMBER, "shipping_document_type": form });
    let made = json!({ "order_sn": ORDER_NUMBER, "package_number": PACKAGE_NUMBER });
    let ready = json!({ "order_sn": ORDER_NUMBER, "package_number": PACKAGE_NUMBER, "status": "READY" });
    vec![
        package("LOGISTICS_REQUEST_CREATED", true),
        download(form).answer(200, &not_made),
        Step::post(&shop("logistics/create_shipping_document", ""))
            .with_body(&json!({ "order_list": [row] }).to_string())
            .answer(200, &rows(&made)),
        Step::post(&shop("logistics/get_shipping_document_result", ""))
            .with_body(&json!({ "order_list": [ask] }).to_string())
            .answer(200, &rows(&ready)),
        download(form).answer_bytes(200, label),
    ]
}

fn tracked() -> Step {
    let event = |at: i64, word: &str, text: &str| json!({ "update_time": at, "description": text, "logistics_status": word });
    let told = json!({ "order_sn": ORDER_NUMBER, "package_number": PACKAGE_NUMBER, "logistics_status": "LOGISTICS_PICKUP_DONE",
        "tracking_info": [event(1_794_314_900, "PICKED_UP", "Pedido coletado"), event(1_794_314_000, "ORDER_CREATED", "Envio solicitado")] });
    let query = format!("&order_sn={ORDER_NUMBER}");
    Step::get(&shop("logistics/get_tracking_info", &query)).answer(200, &answered(&told))
}

fn upload() -> Step {
    Step::post(&shop("order/upload_invoice_doc", "")).answer(200, BARE)
}

impl DispatchHarness for Kit {
    fn dispatch_samples(&self) -> Option<DispatchSamples> {
        Some(DispatchSamples {
            order_id: ORDER_NUMBER.into(),
            package_id: PACKAGE_NUMBER.into(),
            handover: pickup(),
            invoice: nfe::nfe(),
            buyer: nfe::BUYER.into(),
        })
    }

    fn dispatch_script(&self, dispatch: Dispatch) -> Option<Vec<Step>> {
        Some(match dispatch {
            Dispatch::PackagesOfOrder => arranged().into_iter().rev().collect(),
            Dispatch::FetchPackage => arranged(),
            Dispatch::Ways => [ready(&taken()), vec![parameters()]].concat(),
            Dispatch::Arrange => [ready(&taken()), vec![ship()], arranged()].concat(),
            Dispatch::PrintPdf => printed("NORMAL_AIR_WAYBILL", &nfe::pdf()),
            Dispatch::PrintZpl => {
                printed("THERMAL_AIR_WAYBILL", &nfe::archive(&[("declaracao.pdf", &nfe::pdf())]))
            }
            Dispatch::Events => vec![package("LOGISTICS_PICKUP_DONE", true), tracked()],
            Dispatch::TellInvoice => [ready(&json!({})), vec![upload()]].concat(),
            Dispatch::ReplaceInvoice => return None,
        })
    }

    fn dispatched_already(&self, dispatch: Dispatch) -> Option<Vec<Step>> {
        if dispatch == Dispatch::Arrange {
            return Some(arranged());
        }
        (dispatch == Dispatch::TellInvoice).then(|| ready(&taken()))
    }

    fn arrangement_ignored(&self) -> Option<Vec<Step>> {
        Some([ready(&taken()), vec![ship()], ready(&taken())].concat())
    }

    fn package_with_status(&self, status: &str) -> Option<Vec<Step>> {
        Some(vec![package(status, false), order_with("READY_TO_SHIP", &taken())])
    }

    fn invoice_missing(&self) -> Option<(Dispatch, Vec<Step>)> {
        Some((Dispatch::Arrange, ready(&json!({}))))
    }
}

#[test]
fn a_package_is_read_with_what_is_in_it() {
    let (channel, script) = scripted(ready(&json!({})));
    let package = now(Packages::fetch(&channel, &account(), PACKAGE_NUMBER)).unwrap();
    script.done();
    let line = PackageLine {
        order_external_id: ORDER_NUMBER.into(),
        listing_external_id: "930001".into(),
        variation_external_id: Some("7700011".into()),
        units: 2,
    };
    assert_eq!((package.lines, package.orders), (vec![line], vec![ORDER_NUMBER.to_owned()]));
    assert_eq!((package.state, package.invoice), (PackageState::ToArrange, InvoiceState::Missing));
    assert_eq!((package.tracking_code, package.size), (None, None));
    assert_eq!(package.carrier.as_deref(), Some("Entrega Padrão"));
    assert_eq!(package.ship_by, Some(second(1_794_504_400)));
}

#[test]
fn what_the_order_says_of_its_invoice_has_three_forms() {
    let pending = json!({ "access_key": nfe::KEY, "status": "pending", "pending_reason": "SEFAZ" });
    let old = json!({ "access_key": nfe::KEY });
    let odd = json!({ "access_key": nfe::KEY, "status": "a_word_of_tomorrow" });
    for (told, state, due) in [
        (json!(null), InvoiceState::NotAsked, Some(Due::Handover)),
        (json!({}), InvoiceState::Missing, Some(Due::Invoice)),
        (json!({ "access_key": "" }), InvoiceState::Missing, Some(Due::Invoice)),
        (pending, InvoiceState::InReview, None),
        (taken(), InvoiceState::Accepted, Some(Due::Handover)),
        (old, InvoiceState::Accepted, Some(Due::Handover)),
        (odd, InvoiceState::Unknown, Some(Due::Handover)),
        (json!("yes"), InvoiceState::Unknown, Some(Due::Handover)),
    ] {
        let (channel, _) = scripted(ready(&told));
        let package = now(Packages::fetch(&channel, &account(), PACKAGE_NUMBER)).unwrap();
        assert_eq!((package.invoice, package.due()), (state, due), "{told}");
    }
}

#[test]
fn an_order_that_its_buyer_wants_cancelled_is_not_arranged() {
    for status in ["IN_CANCEL", "UNPAID", "CANCELLED", "a_word_of_tomorrow"] {
        let (channel, script) = scripted([package("LOGISTICS_READY", false), order_with(status, &taken())]);
        let error = now(channel.arrange(&account(), PACKAGE_NUMBER, &pickup())).unwrap_err();
        script.done();
        assert!(
            matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "not_to_be_sent"),
            "{error}"
        );
    }
}

#[test]
fn only_the_ways_that_are_needed_are_offered() {
    let (channel, _) = scripted([ready(&taken()), vec![parameters()]].concat());
    let place = Named { id: "200018001".into(), name: "Rua Vergueiro, 100, São Paulo".into() };
    let slot =
        Slot { id: SLOT.into(), from: Some(second(1_794_355_200)), to: None, words: "09:00-18:00".into() };
    let pickup = Way::Pickup { places: vec![PickupPlace { place: Some(place), slots: vec![slot] }] };
    let ways = now(channel.ways(&account(), PACKAGE_NUMBER)).unwrap();
    assert_eq!(ways, [pickup, Way::DropOff { branches: Vec::new() }]);
    let (channel, script) = scripted(arranged());
    assert_eq!(now(channel.ways(&account(), PACKAGE_NUMBER)).unwrap(), []);
    script.done();
    let (channel, _) = scripted(ready(&json!({})));
    let error = now(channel.ways(&account(), PACKAGE_NUMBER)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvoiceMissing);
}

/// What is posted for a handover of this package.
fn posted(changes: &[(&str, Value)], action: &str, body: &str, handover: &Handover) {
    let first = Step::get(&package_at()).answer(200, &package_with(changes));
    let post = Step::post(&shop(&format!("logistics/{action}"), "")).with_body(body).answer(200, BARE);
    let steps = [vec![first, order_with("READY_TO_SHIP", &taken()), post], arranged()].concat();
    let (channel, script) = scripted(steps);
    now(channel.arrange(&account(), PACKAGE_NUMBER, handover)).unwrap();
    script.done();
}

#[test]
fn each_way_is_said_alone_and_a_package_is_named_only_where_there_are_several() {
    let open = ("/fulfillment_status", json!("LOGISTICS_READY"));
    let new = ("/is_shipment_arranged", json!(false));
    let one = [open.clone(), new.clone()];
    let split = [open, new, ("/is_split_up", json!(true))];
    let drop_off = Handover::DropOff { branch: None };
    posted(&one, "ship_order", r#"{"dropoff":{},"order_sn":"260921ABCDEF01"}"#, &drop_off);
    let named = r#"{"dropoff":{},"order_sn":"260921ABCDEF01","package_number":"OFG240000000000001"}"#;
    posted(&split, "ship_order", named, &drop_off);
    let branch = Handover::DropOff { branch: Some("77".into()) };
    posted(&one, "ship_order", r#"{"dropoff":{"branch_id":77},"order_sn":"260921ABCDEF01"}"#, &branch);
    let own = Handover::OwnCarrier { carrier: None, tracking_code: "AB-1234".into() };
    let body = r#"{"non_integrated":{"tracking_number":"AB-1234"},"order_sn":"260921ABCDEF01"}"#;
    posted(&one, "ship_order", body, &own);
}

#[test]
fn a_courier_that_came_in_vain_comes_again() {
    let retry = [("/fulfillment_status", json!("LOGISTICS_PICKUP_RETRY"))];
    let body = format!(
        r#"{{"order_sn":"260921ABCDEF01","pickup":{{"address_id":200018001,"pickup_time_id":"{SLOT}"}}}}"#
    );
    posted(&retry, "update_shipping_order", &body, &pickup());
    let again = Step::get(&package_at()).answer(200, &package_with(&retry));
    let (channel, script) = scripted([again, order_with("RETRY_SHIP", &taken())]);
    let error = now(channel.arrange(&account(), PACKAGE_NUMBER, &Handover::DropOff { branch: None }));
    script.done();
    assert!(matches!(error.unwrap_err().kind, ErrorKind::Refused { .. }));
}

#[test]
fn an_arrangement_that_somebody_else_made_meanwhile_is_one() {
    let before = fault("logistics.package_already_shipped", "The package is already shipped.");
    let (channel, script) =
        scripted([ready(&taken()), vec![ship().answer(200, &before)], arranged()].concat());
    now(channel.arrange(&account(), PACKAGE_NUMBER, &pickup())).unwrap();
    script.done();
    let lacks = fault("logistics.lack_of_invoice_data", "The invoice data is missing.");
    let (channel, _) = scripted([ready(&taken()), vec![ship().answer(200, &lacks)]].concat());
    let error = now(channel.arrange(&account(), PACKAGE_NUMBER, &pickup())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvoiceMissing);
}

fn print(steps: Vec<Step>, format: Format) -> Result<Vec<(DocumentKind, Format)>, ErrorKind> {
    let (channel, script) = scripted(steps);
    let ids = [PACKAGE_NUMBER.to_owned()];
    let outcome = now(channel.print(&account(), &ids, DocumentKind::Label, format));
    script.done();
    let printed = outcome.map_err(|error| error.kind)?;
    Ok(printed.into_iter().map(|it| (it.kind, it.format)).collect())
}

#[test]
fn a_label_that_was_made_before_is_fetched_at_once_and_one_in_the_making_is_waited_for() {
    let label = download("NORMAL_AIR_WAYBILL").answer_bytes(200, &nfe::pdf());
    let package = || package("LOGISTICS_REQUEST_CREATED", true);
    assert_eq!(print(vec![package(), label], Format::Pdf).unwrap(), [(DocumentKind::Label, Format::Pdf)]);
    let later = download("NORMAL_AIR_WAYBILL").answer(200, &fault("logistics.download_later", "Later."));
    assert_eq!(print(vec![package(), later], Format::Pdf), Err(ErrorKind::NotYet));
    for (status, is_failed) in [("PROCESSING", false), ("a_word_of_tomorrow", false), ("FAILED", true)] {
        let mut steps = printed("NORMAL_AIR_WAYBILL", b"");
        steps.truncate(4);
        steps[3] = steps[3].clone().map_body(|body| body.replace("READY", status));
        let kind = print(steps, Format::Pdf).unwrap_err();
        assert_eq!(matches!(kind, ErrorKind::Refused { .. }), is_failed, "{status}");
        assert!(is_failed || kind == ErrorKind::NotYet, "{status}");
    }
}

#[test]
fn the_declaration_of_the_content_comes_with_the_label() {
    let steps = printed("THERMAL_AIR_WAYBILL", &nfe::archive(&[("declaracao.pdf", &nfe::pdf())]));
    let due = [(DocumentKind::Label, Format::Zpl), (DocumentKind::ContentDeclaration, Format::Pdf)];
    assert_eq!(print(steps, Format::Zpl).unwrap(), due);
}

#[test]
fn a_label_without_a_number_is_not_asked_for() {
    let changes = [("/tracking_number", json!("-"))];
    let early = Step::get(&package_at()).answer(200, &package_with(&changes));
    assert_eq!(print(vec![early], Format::Pdf), Err(ErrorKind::NotYet));
    let refused = print(vec![package("LOGISTICS_READY", false)], Format::Pdf).unwrap_err();
    assert!(matches!(&refused, ErrorKind::Refused { code, .. } if code == "not_arranged"), "{refused:?}");
}

#[test]
fn a_row_that_failed_says_why_also_where_all_of_them_did() {
    let row = json!({ "order_sn": ORDER_NUMBER, "fail_error": "logistics.package_can_not_print",
        "fail_message": "The package can not print now." });
    let all = json!({ "error": "common.batch_api_all_failed", "message": "Failed, please check result_list",
        "request_id": "l1", "response": { "result_list": [row] } });
    for body in [rows(&row), all.to_string()] {
        let mut steps = printed("NORMAL_AIR_WAYBILL", b"");
        steps.truncate(3);
        steps[2] = steps[2].clone().map_body(|_| body);
        let refused = print(steps, Format::Pdf).unwrap_err();
        let ErrorKind::Refused { code, message } = refused else { panic!("{refused:?}") };
        assert_eq!(code, "logistics.package_can_not_print");
        assert_eq!(message, "The package can not print now.");
    }
}

#[test]
fn events_are_told_from_the_first() {
    let (channel, _) = scripted([package("LOGISTICS_PICKUP_DONE", true), tracked()]);
    let events = now(Tracking::events(&channel, &account(), PACKAGE_NUMBER)).unwrap();
    let told: Vec<_> = events.iter().map(|it| (it.words.as_str(), it.platform_word.as_deref())).collect();
    assert_eq!(told, [("Envio solicitado", Some("ORDER_CREATED")), ("Pedido coletado", Some("PICKED_UP"))]);
    assert_eq!(events[0].at, second(1_794_314_000));
}

#[test]
fn an_invoice_is_told_as_a_file_and_another_one_is_not_overwritten() {
    let (channel, script) = scripted([ready(&json!({})), vec![upload()]].concat());
    assert_eq!(now(channel.tell(&account(), PACKAGE_NUMBER, &nfe::nfe())).unwrap(), InvoiceState::InReview);
    script.done();
    let other = json!({ "access_key": "1", "status": "valid" });
    let (channel, script) = scripted(ready(&other));
    let error = now(channel.tell(&account(), PACKAGE_NUMBER, &nfe::nfe())).unwrap_err();
    script.done();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "another_invoice"), "{error}");
    let (channel, _) = scripted(ready(&json!(null)));
    let error = now(channel.tell(&account(), PACKAGE_NUMBER, &nfe::nfe())).unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "invoice_not_asked"), "{error}");
}
