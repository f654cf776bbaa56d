//! Packages, documents, tracking and invoices.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use connect::conformance::dispatch::{Dispatch, DispatchHarness, DispatchSamples};
use connect::conformance::{Step, now};
use connect::{Documents, ErrorKind, Invoices, Packages, Tracking};
use domain::dispatch::{
    DocumentKind, Due, Format, Handover, InvoiceState, Named, PackageLine, PackageSize, PackageState,
    PickupPlace, Slot, Way,
};
use serde_json::{Value, json};

use super::conformance::Kit;
use super::{
    ORDER, ORDER_ID, PACKAGE, PACKAGE_ID, PRODUCT_ID, SKU_ID, account, at, fault, get, get_order,
    get_package, post, scripted, with,
};
use crate::market::tests::nfe;

connect::dispatch_conformance!(Kit);

const SLOT: &str = "1794326400-1794340800";
const ADDRESS: &str = "https://open-fs-sg.tiktokshop.com/wsos/label?policy=hand-out";
const LIES_AT: &str = "/wsos/label?policy=hand-out";

pub(super) fn success(data: &Value) -> String {
    json!({ "code": 0, "message": "Success", "request_id": "2026", "data": data }).to_string()
}

fn order(changes: &[(&str, Value)]) -> Step {
    let changes: Vec<(String, Value)> =
        changes.iter().map(|(name, value)| (format!("/data/orders/0/{name}"), value.clone())).collect();
    let changes: Vec<(&str, Value)> =
        changes.iter().map(|(place, value)| (place.as_str(), value.clone())).collect();
    get_order().answer(200, &with(ORDER, &changes))
}

fn order_with(invoice: &str) -> Step {
    order(&[("need_upload_invoice", json!(invoice))])
}

fn package(changes: &[(&str, Value)]) -> Step {
    get_package().answer(200, &with(PACKAGE, changes))
}

fn open(invoice: &str) -> Vec<Step> {
    vec![package(&[]), order_with(invoice)]
}

fn arranged() -> Vec<Step> {
    vec![package(&[("/data/package_status", json!("PROCESSING"))]), order_with("INVOICE_UPLOADED")]
}

fn path(below: &str) -> String {
    format!("/fulfillment/202309/packages/{PACKAGE_ID}/{below}")
}

fn slots() -> Step {
    let slots = json!([
        { "start_time": 1_794_326_400, "end_time": 1_794_340_800, "avaliable": true },
        { "start_time": 1_794_340_800, "end_time": 1_794_355_200, "avaliable": false },
    ]);
    let told = json!({ "can_pickup": true, "can_drop_off": true, "can_van_collection": false,
        "drop_off_point_url": "https://example.com", "pickup_slots": slots });
    get(&path("handover_time_slots"), &[]).answer(200, &success(&told))
}

fn pickup() -> Handover {
    Handover::Pickup { place: None, slot: Some(SLOT.into()) }
}

fn ship(body: &str) -> Step {
    post(&path("ship"), &[], body).answer(200, &success(&json!({})))
}

const PICKUP: &str =
    r#"{"handover_method":"PICKUP","pickup_slot":{"end_time":1794340800,"start_time":1794326400}}"#;

fn address(kind: &str, form: &str) -> Step {
    let query = [("document_type", kind), ("document_size", "A6"), ("document_format", form)];
    let told = json!({ "doc_url": ADDRESS, "tracking_number": "BR0000000001" });
    get(&path("shipping_documents"), &query).answer(200, &success(&told))
}

fn lies(document: &[u8]) -> Step {
    Step::get(LIES_AT).answer_bytes(200, document)
}

fn tracked() -> Step {
    let event = |at: i64, code: i64, text: &str| json!({ "description": text, "update_time_millis": at, "action_code": code });
    let told = json!({ "tracking": [event(1_794_314_900_000, 2, "A transportadora coletou o pacote."), event(1_794_314_000_000, 1, "O vendedor preparou o pacote.")] });
    get(&format!("/fulfillment/202309/orders/{ORDER_ID}/tracking"), &[]).answer(200, &success(&told))
}

pub(super) fn upload() -> Step {
    let body = json!({ "invoices": [{ "file": STANDARD.encode(nfe::xml()), "file_type": "XML",
        "order_ids": [ORDER_ID], "package_id": PACKAGE_ID }] });
    post("/fulfillment/202502/invoice/upload", &[], &body.to_string()).answer(200, &success(&json!({})))
}

impl DispatchHarness for Kit {
    fn dispatch_samples(&self) -> Option<DispatchSamples> {
        Some(DispatchSamples {
            order_id: ORDER_ID.into(),
            package_id: PACKAGE_ID.into(),
            handover: pickup(),
            invoice: nfe::nfe(),
            buyer: nfe::BUYER.into(),
        })
    }

    fn dispatch_script(&self, dispatch: Dispatch) -> Option<Vec<Step>> {
        Some(match dispatch {
            Dispatch::PackagesOfOrder => {
                [vec![order_with("INVOICE_UPLOADED")], open("INVOICE_UPLOADED")].concat()
            }
            Dispatch::FetchPackage => open("INVOICE_UPLOADED"),
            Dispatch::Ways => [open("INVOICE_UPLOADED"), vec![slots()]].concat(),
            Dispatch::Arrange => [open("INVOICE_UPLOADED"), vec![ship(PICKUP)], arranged()].concat(),
            Dispatch::PrintPdf => vec![address("SHIPPING_LABEL", "PDF"), lies(&nfe::pdf())],
            Dispatch::PrintZpl => vec![address("SHIPPING_LABEL", "ZPL"), lies(&nfe::zpl())],
            Dispatch::Events => [arranged(), vec![tracked()]].concat(),
            Dispatch::TellInvoice => [open("NEED_INVOICE"), vec![upload()]].concat(),
            Dispatch::ReplaceInvoice => return None,
        })
    }

    fn dispatched_already(&self, dispatch: Dispatch) -> Option<Vec<Step>> {
        if dispatch == Dispatch::Arrange {
            return Some(arranged());
        }
        (dispatch == Dispatch::TellInvoice).then(|| open("INVOICE_PROCESSING"))
    }

    fn arrangement_ignored(&self) -> Option<Vec<Step>> {
        Some([open("INVOICE_UPLOADED"), vec![ship(PICKUP)], open("INVOICE_UPLOADED")].concat())
    }

    fn package_with_status(&self, status: &str) -> Option<Vec<Step>> {
        Some(vec![package(&[("/data/package_status", json!(status))]), order_with("INVOICE_UPLOADED")])
    }

    fn invoice_missing(&self) -> Option<(Dispatch, Vec<Step>)> {
        Some((Dispatch::Arrange, open("NEED_INVOICE")))
    }
}

#[test]
fn a_package_is_read_with_what_its_orders_say() {
    let sides = json!({ "length": "20,5", "width": "15", "height": "10", "unit": "CM" });
    let (channel, script) = scripted([package(&[("/data/dimension", sides)]), order_with("NEED_INVOICE")]);
    let package = now(Packages::fetch(&channel, &account(), PACKAGE_ID)).unwrap();
    script.done();
    let line = |listing: &str, variation: &str, units| PackageLine {
        order_external_id: ORDER_ID.into(),
        listing_external_id: listing.into(),
        variation_external_id: Some(variation.into()),
        units,
    };
    let due = [line(PRODUCT_ID, SKU_ID, 2), line("1729500000000000030", "1729500000000000031", 1)];
    assert_eq!(package.lines, due);
    assert_eq!((package.state, package.invoice), (PackageState::ToArrange, InvoiceState::Missing));
    assert_eq!((package.due(), package.platform_status.as_str()), (Some(Due::Invoice), "TO_FULFILL/CREATED"));
    assert_eq!(package.size, PackageSize::told(Some(300), Some([205, 150, 100])));
    assert_eq!(package.ship_by, Some(at("2026-11-12T13:00:00Z")));
}

#[test]
fn a_size_in_other_units_is_none() {
    let odd = [
        ("/data/weight", json!({ "value": "1", "unit": "POUND" })),
        ("/data/dimension", json!({ "length": "1", "width": "1", "height": "1", "unit": "INCH" })),
    ];
    let (channel, _) = scripted([package(&odd), order_with("NO_NEED")]);
    assert_eq!(now(Packages::fetch(&channel, &account(), PACKAGE_ID)).unwrap().size, None);
    let heavy = [("/data/weight", json!({ "value": "1.25", "unit": "KILOGRAM" }))];
    let (channel, _) = scripted([package(&heavy), order_with("NO_NEED")]);
    let size = now(Packages::fetch(&channel, &account(), PACKAGE_ID)).unwrap().size;
    assert_eq!(size, PackageSize::told(Some(1_250), None));
}

#[test]
fn what_the_platform_says_of_an_invoice_has_four_words() {
    for (word, state) in [
        ("NEED_INVOICE", InvoiceState::Missing),
        ("INVOICE_PROCESSING", InvoiceState::InReview),
        ("INVOICE_UPLOADED", InvoiceState::Accepted),
        ("NO_NEED", InvoiceState::NotAsked),
        ("UNKNOWN", InvoiceState::Unknown),
        ("", InvoiceState::NotAsked),
    ] {
        let (channel, _) = scripted(open(word));
        assert_eq!(now(Packages::fetch(&channel, &account(), PACKAGE_ID)).unwrap().invoice, state, "{word}");
    }
}

#[test]
fn an_order_that_its_buyer_wants_cancelled_is_not_arranged() {
    for change in [
        ("is_buyer_request_cancel", json!(true)),
        ("status", json!("ON_HOLD")),
        ("status", json!("CANCELLED")),
        ("status", json!("a_word_of_tomorrow")),
    ] {
        let changes = [("need_upload_invoice", json!("NO_NEED")), change];
        let (channel, script) = scripted([package(&[]), order(&changes)]);
        let error = now(channel.arrange(&account(), PACKAGE_ID, &pickup())).unwrap_err();
        script.done();
        assert!(
            matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "not_to_be_sent"),
            "{error}"
        );
    }
}

#[test]
fn an_invoice_that_is_looked_at_is_waited_for() {
    let (channel, script) = scripted(open("INVOICE_PROCESSING"));
    let error = now(channel.arrange(&account(), PACKAGE_ID, &pickup())).unwrap_err();
    script.done();
    assert_eq!(error.kind, ErrorKind::NotYet);
}

#[test]
fn times_that_are_free_are_offered() {
    let (channel, _) = scripted([open("NO_NEED"), vec![slots()]].concat());
    let ways = now(channel.ways(&account(), PACKAGE_ID)).unwrap();
    let slot = Slot {
        id: SLOT.into(),
        from: Some(at("2026-11-10T16:00:00Z")),
        to: Some(at("2026-11-10T20:00:00Z")),
        words: String::new(),
    };
    let pickup = Way::Pickup { places: vec![PickupPlace { place: None, slots: vec![slot] }] };
    assert_eq!(ways, [pickup, Way::DropOff { branches: Vec::new() }]);
}

fn own_carrier() -> Vec<Step> {
    let changes = [
        ("/data/shipping_type", json!("SELLER")),
        ("/data/delivery_option_id", json!("7091000000000000002")),
    ];
    vec![package(&changes), order_with("NO_NEED")]
}

#[test]
fn the_sellers_own_shipping_is_told_with_carrier_and_number() {
    let target = "/logistics/202309/delivery_options/7091000000000000002/shipping_providers";
    let told = json!({ "shipping_providers": [{ "id": "7117858858072016001", "name": "Correios" }, { "name": "?" }] });
    let (channel, _) =
        scripted([own_carrier(), vec![get(target, &[]).answer(200, &success(&told))]].concat());
    let carrier = Named { id: "7117858858072016001".into(), name: "Correios".into() };
    let ways = now(channel.ways(&account(), PACKAGE_ID)).unwrap();
    assert_eq!(ways, [Way::OwnCarrier { carriers: vec![carrier] }]);
    let body = r#"{"self_shipment":{"shipping_provider_id":"7117858858072016001","tracking_number":"AA123456789BR"}}"#;
    let handover = Handover::OwnCarrier {
        carrier: Some("7117858858072016001".into()),
        tracking_code: "AA123456789BR".into(),
    };
    let (channel, script) = scripted([own_carrier(), vec![ship(body)], arranged()].concat());
    now(channel.arrange(&account(), PACKAGE_ID, &handover)).unwrap();
    script.done();
    for other in [pickup(), Handover::Ready, Handover::DropOff { branch: Some("1".into()) }] {
        let (channel, script) = scripted(own_carrier());
        let error = now(channel.arrange(&account(), PACKAGE_ID, &other)).unwrap_err();
        script.done();
        assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "handover_not_possible"));
    }
}

#[test]
fn a_package_is_taken_away_or_collected_when_the_platform_wants() {
    for (handover, body) in [
        (Handover::DropOff { branch: None }, r#"{"handover_method":"DROP_OFF"}"#),
        (Handover::Pickup { place: None, slot: None }, r#"{"handover_method":"PICKUP"}"#),
    ] {
        let (channel, script) = scripted([open("NO_NEED"), vec![ship(body)], arranged()].concat());
        now(channel.arrange(&account(), PACKAGE_ID, &handover)).unwrap();
        script.done();
    }
    for slot in ["", "1794326400", "x-y", "9-1", "-1-5"] {
        let (channel, script) = scripted(open("NO_NEED"));
        let handover = Handover::Pickup { place: None, slot: Some(slot.into()) };
        assert!(now(channel.arrange(&account(), PACKAGE_ID, &handover)).is_err(), "{slot}");
        script.done();
    }
}

#[test]
fn an_arrangement_that_somebody_else_made_meanwhile_is_one() {
    let before = fault(11_006_021, "The package has already been shipped");
    let (channel, script) =
        scripted([open("NO_NEED"), vec![ship(PICKUP).answer(200, &before)], arranged()].concat());
    now(channel.arrange(&account(), PACKAGE_ID, &pickup())).unwrap();
    script.done();
    let lacks = fault(11_006_023, "The invoice of the package has to be uploaded first");
    let (channel, _) = scripted([open("NO_NEED"), vec![ship(PICKUP).answer(200, &lacks)]].concat());
    let error = now(channel.arrange(&account(), PACKAGE_ID, &pickup())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvoiceMissing);
}

#[test]
fn a_combined_package_goes_only_if_all_its_orders_may() {
    let both =
        with(PACKAGE, &[("/data/orders", json!([{ "id": ORDER_ID }, { "id": "580000000000000002" }]))]);
    let first: Value = serde_json::from_str(ORDER).unwrap();
    let first = first["data"]["orders"][0].clone();
    let mut second = first.clone();
    second["id"] = json!("580000000000000002");
    second["status"] = json!("ON_HOLD");
    second["need_upload_invoice"] = json!("INVOICE_UPLOADED");
    let orders = success(&json!({ "orders": [first, second] }));
    let asked = get("/order/202507/orders", &[("ids", "580000000000000001,580000000000000002")]);
    let (channel, _) = scripted([get_package().answer(200, &both), asked.answer(200, &orders)]);
    let package = now(Packages::fetch(&channel, &account(), PACKAGE_ID)).unwrap();
    assert_eq!((package.state, package.invoice), (PackageState::Waiting, InvoiceState::Missing));
    assert_eq!(package.orders.len(), 2);
}

fn print(steps: Vec<Step>, kind: DocumentKind, packages: &[String]) -> Result<usize, ErrorKind> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.print(&account(), packages, kind, Format::Pdf));
    script.done();
    outcome.map(|printed| printed.len()).map_err(|error| error.kind)
}

#[test]
fn each_package_has_its_document_and_each_kind_its_word() {
    let other = "1153000000000000002";
    let query = [("document_type", "PACKING_SLIP"), ("document_size", "A6"), ("document_format", "PDF")];
    let told = success(&json!({ "doc_url": ADDRESS }));
    let at = format!("/fulfillment/202309/packages/{other}/shipping_documents");
    let second = get(&at, &query).answer(200, &told);
    let steps = vec![address("PACKING_SLIP", "PDF"), lies(&nfe::pdf()), second, lies(&nfe::pdf())];
    let ids = [PACKAGE_ID.to_owned(), other.to_owned()];
    assert_eq!(print(steps, DocumentKind::PackingList, &ids), Ok(2));
    let steps = vec![address("INVOICE_LABEL", "PDF"), lies(&nfe::pdf())];
    assert_eq!(print(steps, DocumentKind::InvoiceLabel, &ids[..1]), Ok(1));
}

#[test]
fn a_document_in_the_making_is_waited_for_and_one_too_early_refused() {
    let ids = [PACKAGE_ID.to_owned()];
    let said = |code, message| {
        print(
            vec![address("SHIPPING_LABEL", "PDF").answer(200, &fault(code, message))],
            DocumentKind::Label,
            &ids,
        )
    };
    assert_eq!(said(11_034_037, "still being generated"), Err(ErrorKind::NotYet));
    let early = said(21_023_035, "The package has to be shipped first").unwrap_err();
    assert!(matches!(&early, ErrorKind::Refused { code, .. } if code == "21023035"), "{early:?}");
    let gone = Step::get(LIES_AT).answer(403, "<h1>Request has expired</h1>");
    let gone = print(vec![address("SHIPPING_LABEL", "PDF"), gone], DocumentKind::Label, &ids).unwrap_err();
    assert!(matches!(gone, ErrorKind::Garbled { .. }), "{gone:?}");
}

#[test]
fn a_document_is_fetched_from_the_platform_alone() {
    for address in
        ["https://evil.example/label", "http://open-fs-sg.tiktokshop.com/label", "https://10.0.0.1/x"]
    {
        let query =
            [("document_type", "SHIPPING_LABEL"), ("document_size", "A6"), ("document_format", "PDF")];
        let told = success(&json!({ "doc_url": address }));
        let step = get(&path("shipping_documents"), &query).answer(200, &told);
        let refused = print(vec![step], DocumentKind::Label, &[PACKAGE_ID.to_owned()]);
        assert_eq!(refused, Err(ErrorKind::AddressNotAllowed), "{address}");
    }
}

#[test]
fn events_are_told_from_the_first() {
    let (channel, _) = scripted([arranged(), vec![tracked()]].concat());
    let events = now(Tracking::events(&channel, &account(), PACKAGE_ID)).unwrap();
    let told: Vec<_> = events.iter().map(|it| (it.words.as_str(), it.platform_word.as_deref())).collect();
    let due =
        [("O vendedor preparou o pacote.", Some("1")), ("A transportadora coletou o pacote.", Some("2"))];
    assert_eq!(told, due);
}

#[test]
fn an_invoice_that_is_refused_says_why() {
    let failed = json!({ "errors": [{ "code": 10_007_001, "message": "Not the XML of an NF-e", "detail": { "package_id": PACKAGE_ID } }] });
    let (channel, _) =
        scripted([open("NEED_INVOICE"), vec![upload().answer(200, &success(&failed))]].concat());
    let error = now(channel.tell(&account(), PACKAGE_ID, &nfe::nfe())).unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "10007001"), "{error}");
    let (channel, script) = scripted(open("NO_NEED"));
    let error = now(channel.tell(&account(), PACKAGE_ID, &nfe::nfe())).unwrap_err();
    script.done();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "invoice_not_asked"), "{error}");
}
