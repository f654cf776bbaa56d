//! The Brazilian electronic note (NF-e) of a shipment (fact sheet §13).

use std::collections::BTreeMap;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::documents::Document;
use crate::call::Call;
use crate::dates::west;
use crate::ids::Series;
use crate::mercado_livre::gate::SALES;
use crate::mercado_livre::order::Order;
use crate::mercado_livre::shipment::{self, Shipment, ShipmentStage};
use crate::mercado_livre::{SITE, World};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get, post, put};
use crate::text::{centavos, reais};

const IDS: Series = Series::new("invoice", 9_100_000_000);

/// A note that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// The id.
    pub id: i64,
    /// The shipment.
    pub shipment_id: i64,
    /// The seller.
    pub seller_id: i64,
    /// 44 digits.
    pub fiscal_key: String,
    /// Series.
    pub serie: String,
    /// Number.
    pub number: String,
    /// Total in centavos.
    pub amount_minor: i64,
    /// When the note says it was issued, as written.
    pub issued: String,
    /// When it came.
    pub created: Timestamp,
    /// When it was replaced.
    pub updated: Timestamp,
}

/// All notes and attached files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fiscal {
    /// By shipment id.
    pub invoices: BTreeMap<i64, Invoice>,
    /// By pack (or order) id.
    pub documents: BTreeMap<i64, Vec<Document>>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/shipments/{id}/invoice_data", SALES, upload),
        get("/shipments/{id}/invoice_data", SALES, show),
        put("/shipment_invoice/{id}", SALES, replace),
    ]
}

pub(super) fn refuse(code: &str, message: &str) -> Reply {
    reply::bad_request(code, message)
}

/// What the note says, as far as it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Note {
    key: String,
    serie: String,
    number: String,
    issued: String,
    amount_minor: i64,
    sender_document: String,
    receiver_document: String,
    receiver_zip: String,
}

/// The text of the first `<tag>` in `xml`, attributes and name space prefixes ignored.
fn text_of<'a>(xml: &'a str, tag: &str) -> Option<&'a str> {
    inside(xml, tag).map(str::trim)
}

/// What stands between the first `<tag …>` and its `</tag>`.
fn inside<'a>(xml: &'a str, tag: &str) -> Option<&'a str> {
    let mut rest = xml;
    loop {
        let at = rest.find('<')? + 1;
        rest = &rest[at..];
        let name_end = rest.find(|letter: char| letter == '>' || letter == '/' || letter.is_whitespace())?;
        let name = &rest[..name_end];
        if name.rsplit(':').next() == Some(tag) {
            let body = &rest[rest.find('>')? + 1..];
            let end = body.find(&format!("</{name}"))?;
            return Some(&body[..end]);
        }
    }
}

/// Model, environment, authorisation: what makes an XML a usable note.
fn read_note(xml: &str) -> Result<Note, Reply> {
    if !xml.trim_start().starts_with('<') {
        return Err(refuse("malformed_XML", "The body is not XML"));
    }
    let root = inside(xml, "nfeProc")
        .ok_or_else(|| refuse("invalid_nfe", "The XML is not an authorised nfeProc"))?;
    let field = |tag: &str| {
        text_of(root, tag)
            .ok_or_else(|| refuse("error_parse_invoice_data", &format!("The field {tag} is missing")))
    };
    if !xml.contains("versao=\"4.00\"") {
        return Err(refuse("nfe_layout_not_supported", "Only layout 4.00 is supported"));
    }
    if root.matches("<infNFe").count() > 1 {
        return Err(refuse("batch_nfe_not_supported", "Only one note at a time is supported"));
    }
    if field("mod")? != "55" {
        return Err(refuse("wrong_invoice_type", "Only model 55 is supported"));
    }
    if field("tpAmb")? != "1" {
        return Err(refuse("invalid_nfe", "The note was not issued in the production environment"));
    }
    if field("cStat")? != "100" {
        return Err(refuse("invalid_nfe_cstat", "The note is not authorised (cStat must be 100)"));
    }
    let key = field("chNFe")?;
    if key.len() != 44 || !key.bytes().all(|digit| digit.is_ascii_digit()) || !has_check_digit(key) {
        return Err(refuse("invalid_nfe", "The access key must have 44 digits and a right check digit"));
    }
    let party = |tag: &str| {
        inside(root, tag)
            .ok_or_else(|| refuse("error_parse_invoice_data", &format!("The group {tag} is missing")))
    };
    let (sender, receiver) = (party("emit")?, party("dest")?);
    let document =
        |party: &str| text_of(party, "CPF").or_else(|| text_of(party, "CNPJ")).unwrap_or_default().to_owned();
    let amount = serde_json::from_str::<Value>(field("vNF")?).ok().as_ref().and_then(centavos);
    Ok(Note {
        key: key.to_owned(),
        serie: field("serie")?.to_owned(),
        number: field("nNF")?.to_owned(),
        issued: field("dhEmi")?.to_owned(),
        amount_minor: amount
            .ok_or_else(|| refuse("error_parse_invoice_data", "The field vNF is no amount"))?,
        sender_document: document(sender),
        receiver_document: document(receiver),
        receiver_zip: text_of(receiver, "CEP").unwrap_or_default().to_owned(),
    })
}

/// Modulo 11 with weights 2 to 9 from the right (Manual de Orientação do Contribuinte §5.4).
fn has_check_digit(key: &str) -> bool {
    let digits: Vec<u32> = key.chars().filter_map(|digit| digit.to_digit(10)).collect();
    let Some((check, body)) = digits.split_last() else { return false };
    let sum: u32 = body.iter().rev().zip((2..=9).cycle()).map(|(digit, weight)| digit * weight).sum();
    let expected = if sum % 11 < 2 { 0 } else { 11 - sum % 11 };
    *check == expected
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Whether the note belongs to this shipment.
fn check_against(world: &World, parcel: &Shipment, note: &Note) -> Result<(), Reply> {
    let seller = world.users.get(&parcel.seller_id);
    let buyer = world.users.get(&parcel.buyer_id);
    let (Some(seller), Some(buyer)) = (seller, buyer) else {
        return Err(refuse("invalid_user", "The users of the shipment are not known"));
    };
    if seller.document.0 == "CNPJ" && digits(&seller.document.1) != digits(&note.sender_document) {
        return Err(refuse("invalid_sender_cnpj", "The CNPJ of the sender is not the seller's"));
    }
    if digits(&buyer.document.1) != digits(&note.receiver_document) {
        let code = if buyer.document.0 == "CNPJ" { "wrong_receiver_cnpj" } else { "wrong_receiver_cpf" };
        return Err(refuse(code, "The document of the receiver is not the buyer's"));
    }
    if digits(&buyer.address.zip) != digits(&note.receiver_zip) {
        return Err(refuse("wrong_receiver_zipcode", "The zip code of the receiver is not the buyer's"));
    }
    let sold: i64 =
        parcel.order_ids.iter().filter_map(|id| world.orders.get(id)).map(Order::total_minor).sum();
    if note.amount_minor < sold {
        return Err(refuse("nfe_order_value_divergence", "The total of the note is lower than the orders"));
    }
    let issued = Timestamp::parse(&note.issued);
    let first =
        parcel.order_ids.iter().filter_map(|id| world.orders.get(id)).map(|order| order.created).min();
    let day = std::time::Duration::from_hours(24);
    if issued.is_none_or(|at| at > world.now.plus(day) || first.is_some_and(|first| at.plus(day) < first)) {
        return Err(refuse("wrong_invoice_date", "The date of the note is not between the sale and now"));
    }
    Ok(())
}

fn brazil_only(call: &Call) -> Result<(), Reply> {
    if call.query("siteId") == Some(SITE) {
        return Ok(());
    }
    Err(refuse("invalid_operation_for_site_id", "The parameter siteId=MLB is required"))
}

fn own_parcel<'a>(world: &'a World, call: &Call) -> Result<&'a Shipment, Reply> {
    let id = call.number("id")?;
    let parcel = world.shipments.get(&id);
    let parcel =
        parcel.ok_or_else(|| reply::not_found("invalid_shipment", &format!("Shipment {id} not found")))?;
    if parcel.seller_id == call.user_id()? {
        return Ok(parcel);
    }
    Err(reply::error(StatusCode::FORBIDDEN, "invalid_user", "The shipment belongs to another seller"))
}

fn xml_body(call: &Call) -> Result<String, Reply> {
    let kind = call.header("content-type").unwrap_or_default();
    if !kind.contains("xml") {
        let message = "Content-Type must be application/xml";
        return Err(reply::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
    }
    String::from_utf8(call.body.to_vec()).map_err(|_| refuse("malformed_XML", "The body is not UTF-8"))
}

fn upload(world: &mut World, call: &Call) -> Answer {
    brazil_only(call)?;
    let parcel = own_parcel(world, call)?.clone();
    let xml = xml_body(call)?;
    if world.service.fiscal.invoices.contains_key(&parcel.id) {
        return Err(reply::conflict("shipment_invoice_already_saved", "The shipment already has a note"));
    }
    if !parcel.logistic.needs_invoice() {
        return Err(refuse("seller_not_allowed_to_import_nfe", "This kind of shipment takes no note"));
    }
    if parcel.stage != ShipmentStage::InvoicePending {
        return Err(refuse("invalid_shipment", "The shipment does not wait for a note"));
    }
    let note = accepted_note(world, &parcel, &xml)?;
    let id = world.ids.next(IDS);
    let invoice = Invoice {
        id,
        shipment_id: parcel.id,
        seller_id: parcel.seller_id,
        fiscal_key: note.key.clone(),
        serie: note.serie,
        number: note.number,
        amount_minor: note.amount_minor,
        issued: note.issued,
        created: world.now,
        updated: world.now,
    };
    let answer = invoice.as_json(world);
    world.service.fiscal.invoices.insert(parcel.id, invoice);
    shipment::take_invoice(world, parcel.id, &note.key);
    Ok(Reply::ok(answer))
}

fn accepted_note(world: &World, parcel: &Shipment, xml: &str) -> Result<Note, Reply> {
    let note = read_note(xml)?;
    check_against(world, parcel, &note)?;
    let taken = |invoice: &Invoice| invoice.fiscal_key == note.key && invoice.shipment_id != parcel.id;
    if world.service.fiscal.invoices.values().any(taken) {
        return Err(reply::conflict("duplicated_fiscal_key", "The note belongs to another shipment"));
    }
    Ok(note)
}

impl Invoice {
    fn as_json(&self, world: &World) -> Value {
        let title = world
            .shipments
            .get(&self.shipment_id)
            .and_then(|parcel| world.orders.get(parcel.order_ids.first()?))
            .map(|order| order.title.clone());
        json!({
            "id": self.id,
            "sender_id": self.seller_id,
            "shipment_id": self.shipment_id,
            "fiscal_key": self.fiscal_key,
            "weight": 0.5,
            "item_title": title,
            "invoice_serie": self.serie,
            "invoice_number": self.number,
            "invoice_amount": reais(self.amount_minor),
            "status": "approved",
            "invoice_date": self.issued,
            "date_created": west(self.created),
            "last_updated": west(self.updated),
        })
    }
}

fn show(world: &mut World, call: &Call) -> Answer {
    brazil_only(call)?;
    let parcel = own_parcel(world, call)?.id;
    let invoice = world.service.fiscal.invoices.get(&parcel);
    let invoice =
        invoice.ok_or_else(|| reply::not_found("not_found", &format!("Shipment {parcel} has no invoice")))?;
    Ok(Reply::ok(invoice.as_json(world)))
}

fn replace(world: &mut World, call: &Call) -> Answer {
    brazil_only(call)?;
    let (id, user) = (call.number("id")?, call.user_id()?);
    let found =
        world.service.fiscal.invoices.values().find(|invoice| invoice.id == id && invoice.seller_id == user);
    let found =
        found.ok_or_else(|| reply::not_found("not_found", &format!("Invoice {id} not found")))?.clone();
    let xml = xml_body(call)?;
    let parcel = world.shipments.get(&found.shipment_id).cloned();
    let parcel = parcel.ok_or_else(|| refuse("invalid_shipment", "The shipment does not exist"))?;
    if parcel.first_printed.is_some() {
        return Err(reply::conflict(
            "nf_already_generated",
            "The label has been printed: the note cannot be changed",
        ));
    }
    let note = accepted_note(world, &parcel, &xml)?;
    shipment::take_invoice(world, parcel.id, &note.key);
    let invoice = Invoice {
        fiscal_key: note.key,
        serie: note.serie,
        number: note.number,
        amount_minor: note.amount_minor,
        issued: note.issued,
        updated: world.now,
        ..found
    };
    let answer = invoice.as_json(world);
    world.service.fiscal.invoices.insert(parcel.id, invoice);
    Ok(Reply::ok(answer))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::{SELLER, STRANGER, Shop};
    use super::*;

    /// The example of the taxpayer's manual.
    const MANUAL_KEY: &str = "52060433009911002506550120000007800267301615";

    fn nfe() -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><nfeProc versao="4.00" xmlns="http://www.portalfiscal.inf.br/nfe">
            <NFe><infNFe Id="NFe{MANUAL_KEY}" versao="4.00"><ide><mod>55</mod><serie>12</serie><nNF>780</nNF>
            <dhEmi>2026-11-10T09:30:00-03:00</dhEmi><tpAmb>1</tpAmb></ide>
            <emit><CNPJ>14200166000166</CNPJ><enderEmit><CEP>01001000</CEP></enderEmit></emit>
            <dest><CPF>12345678909</CPF><enderDest><CEP>20040002</CEP></enderDest></dest>
            <total><ICMSTot><vNF>100.00</vNF></ICMSTot></total></infNFe></NFe>
            <protNFe versao="4.00"><infProt><chNFe>{MANUAL_KEY}</chNFe><cStat>100</cStat></infProt></protNFe></nfeProc>"#
        )
    }

    fn sold() -> (Shop, i64) {
        let mut shop = Shop::open();
        let order = shop.sell();
        let parcel = shop.order(order).shipment_id.unwrap();
        (shop, parcel)
    }

    fn send(shop: &mut Shop, parcel: i64, xml: &str) -> Reply {
        shop.post_xml(&format!("/shipments/{parcel}/invoice_data/?siteId=MLB"), xml)
    }

    #[test]
    fn an_accepted_note_opens_the_label_after_a_while() {
        let (mut shop, parcel) = sold();
        assert_eq!(shop.world.shipments[&parcel].stage, ShipmentStage::InvoicePending);
        let answer = send(&mut shop, parcel, &nfe());
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(shop.world.shipments[&parcel].stage, ShipmentStage::InvoicePending);
        shop.wait(Duration::from_mins(10));
        assert_eq!(shop.world.shipments[&parcel].stage, ShipmentStage::ReadyToPrint);
        let shown = shop.get(&format!("/shipments/{parcel}/invoice_data?siteId=MLB"));
        assert_eq!(shown.document()["fiscal_key"], MANUAL_KEY);
        assert_eq!(shown.document()["invoice_amount"], 100.0);
        assert_eq!(shown.document()["sender_id"], SELLER);
    }

    #[test]
    fn each_fault_of_a_note_has_its_own_code() {
        let (mut shop, parcel) = sold();
        let cases = [
            ("<mod>55<", "<mod>65<", "wrong_invoice_type"),
            ("<cStat>100<", "<cStat>110<", "invalid_nfe_cstat"),
            ("<tpAmb>1<", "<tpAmb>2<", "invalid_nfe"),
            ("301615</chNFe>", "301614</chNFe>", "invalid_nfe"),
            ("<CEP>20040002<", "<CEP>20040003<", "wrong_receiver_zipcode"),
            ("<CPF>12345678909<", "<CPF>11144477735<", "wrong_receiver_cpf"),
            ("<CNPJ>14200166000166<", "<CNPJ>11222333000181<", "invalid_sender_cnpj"),
            ("<vNF>100.00<", "<vNF>10.00<", "nfe_order_value_divergence"),
            ("2026-11-10T09:30", "2025-01-01T09:30", "wrong_invoice_date"),
            ("nfeProc", "nfe", "invalid_nfe"),
            ("4.00", "3.10", "nfe_layout_not_supported"),
            ("<nNF>780</nNF>", "", "error_parse_invoice_data"),
        ];
        for (from, to, code) in cases {
            let refused = send(&mut shop, parcel, &nfe().replace(from, to));
            assert_eq!(
                (refused.status, &refused.document()["error"]),
                (StatusCode::BAD_REQUEST, &json!(code)),
                "{to}"
            );
        }
        assert_eq!(send(&mut shop, parcel, "no xml").document()["error"], "malformed_XML");
    }

    #[test]
    fn a_note_is_taken_once_and_its_key_serves_one_shipment() {
        let (mut shop, parcel) = sold();
        let other = shop.sell();
        let other = shop.order(other).shipment_id.unwrap();
        send(&mut shop, parcel, &nfe());
        let again = send(&mut shop, parcel, &nfe());
        assert_eq!(again.document()["error"], "shipment_invoice_already_saved");
        assert_eq!(send(&mut shop, other, &nfe()).document()["error"], "duplicated_fiscal_key");
    }

    #[test]
    fn site_media_type_and_owner_are_checked_first() {
        let (mut shop, parcel) = sold();
        let target = format!("/shipments/{parcel}/invoice_data");
        assert_eq!(shop.post_xml(&target, &nfe()).document()["error"], "invalid_operation_for_site_id");
        let target = format!("{target}?siteId=MLB");
        assert_eq!(shop.post(&target, &json!({})).status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(shop.get_as(STRANGER, &target).document()["error"], "invalid_user");
        assert_eq!(shop.get(&target).status, StatusCode::NOT_FOUND);
    }

    #[test]
    fn once_printed_the_note_stays() {
        let (mut shop, parcel) = sold();
        let id = send(&mut shop, parcel, &nfe()).document()["id"].clone();
        shop.wait(Duration::from_mins(10));
        shipment::enter(&mut shop.world, parcel, &ShipmentStage::Printed);
        let request = http::Request::builder()
            .method("PUT")
            .uri(format!("/shipment_invoice/{id}/?siteId=MLB"))
            .header("content-type", "application/xml");
        let refused = shop.send(SELLER, request.body(nfe().into()).unwrap());
        assert_eq!(
            (refused.status, &refused.document()["error"]),
            (StatusCode::CONFLICT, &json!("nf_already_generated"))
        );
    }

    #[test]
    fn a_field_is_found_whatever_its_prefix_and_attributes() {
        let xml = "<a><ns:infNFe versao=\"4.00\"><emit><CNPJ>1</CNPJ></emit><dest><CPF>2</CPF></dest></ns:infNFe></a>";
        assert_eq!(inside(xml, "dest").and_then(|dest| text_of(dest, "CPF")), Some("2"));
        assert!(inside(xml, "infNFe").is_some());
        assert_eq!(text_of(xml, "CNPJs"), None);
    }

    #[test]
    fn an_access_key_needs_its_check_digit() {
        assert!(has_check_digit(MANUAL_KEY));
        assert!(!has_check_digit(&MANUAL_KEY.replace("301615", "301616")));
    }
}
