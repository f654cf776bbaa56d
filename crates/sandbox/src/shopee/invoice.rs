//! The NF-e, without which a company ships nothing (fact sheet §6.4).

use serde_json::json;

use super::World;
use super::args::Args;
use super::envelope::{bare, refuse, wrong_parameters};
use super::market::Door;
use super::media::form;
use super::order::OrderStatus;
use super::order_read::own_order;
use super::world::secs;
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};

/// The largest file, in bytes.
const FILE_BYTES_MAX: usize = 1024 * 1024;
/// Digits of an access key.
const KEY_DIGITS: usize = 44;
/// CFOP codes that are taken.
const CFOPS: [&str; 45] = [
    "5101", "5102", "5103", "5104", "5105", "5106", "5109", "5111", "5112", "5113", "5114", "5115", "5116",
    "5117", "5118", "5119", "5120", "5401", "5402", "5403", "5405", "6101", "6102", "6103", "6104", "6105",
    "6106", "6107", "6108", "6109", "6111", "6112", "6113", "6114", "6115", "6116", "6117", "6118", "6119",
    "6120", "6123", "6401", "6402", "6403", "6404",
];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        post("/api/v2/order/upload_invoice_doc", Door::Shop, upload),
        get("/api/v2/order/download_invoice_doc", Door::Shop, download),
    ]
}

/// The text of the first `<name>…</name>`.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let start = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let length = xml.get(start..)?.find(&format!("</{name}>"))?;
    Some(xml.get(start..start + length)?.trim())
}

/// The access key: from the protocol, or from the `Id` of the note.
fn access_key(xml: &str) -> Option<String> {
    let from_id = || {
        let start = xml.find("Id=\"NFe")? + "Id=\"NFe".len();
        xml.get(start..)?.split('"').next()
    };
    element(xml, "chNFe").or_else(from_id).map(str::to_owned)
}

/// What a note says, or why it is refused.
struct Note {
    key: String,
    number: String,
    series: String,
    total: String,
    products: String,
    cfop: String,
}

fn read_note(xml: &str) -> Result<Note, Reply> {
    if !xml.contains("<infNFe") {
        return Err(wrong_parameters("Please upload a valid Invoice XML file."));
    }
    let key = access_key(xml).unwrap_or_default();
    if key.len() != KEY_DIGITS || !key.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(wrong_parameters("access_key must be 44 characters."));
    }
    if key.get(20..22) != Some("55") {
        return Err(wrong_parameters("Only model 55 is accepted."));
    }
    let text = |name: &str| element(xml, name).unwrap_or_default().to_owned();
    let cfop = text("CFOP");
    if !cfop.is_empty() && !CFOPS.contains(&cfop.as_str()) {
        return Err(wrong_parameters("CFOP invalid."));
    }
    Ok(Note {
        number: text("nNF"),
        series: text("serie"),
        total: text("vNF"),
        products: text("vProd"),
        cfop,
        key,
    })
}

fn upload(world: &mut World, call: &Call) -> Answer {
    let parts = form(call)?;
    let text = |name: &str| {
        parts
            .iter()
            .find(|part| part.name == name)
            .map(|part| String::from_utf8_lossy(&part.content).into_owned())
    };
    let sn = text("order_sn").ok_or_else(|| wrong_parameters("order_sn is required."))?;
    let file =
        parts.iter().find(|part| part.name == "file").ok_or_else(|| wrong_parameters("file is required."))?;
    if file.content.is_empty() || file.content.len() > FILE_BYTES_MAX {
        return Err(refuse("order.upload_invoice_error", "File error."));
    }
    let order = own_order(world, call, &sn)?;
    let timely = matches!(order.status, OrderStatus::ReadyToShip | OrderStatus::Processed);
    if order.invoice.is_null() || !timely {
        return Err(wrong_parameters("invoice status is invalid to upload invoice data."));
    }
    let kind = match text("file_type").as_deref().map(str::trim) {
        Some("1") => "application/pdf",
        Some("2") => "image/jpeg",
        Some("3") => "image/png",
        Some("4") => "application/xml",
        _ => return Err(wrong_parameters("file_type must be 1, 2, 3 or 4.")),
    };
    if kind != "application/xml" {
        // A picture of a note names no key: only the XML does in Brazil.
        return Err(wrong_parameters("Please upload a valid Invoice XML file."));
    }
    let xml = String::from_utf8_lossy(&file.content).into_owned();
    let note = read_note(&xml)?;
    if world.orders.values().any(|other| other.sn != sn && other.invoice["access_key"] == note.key.as_str()) {
        return Err(wrong_parameters("Access Key duplicated."));
    }
    let now = world.now;
    if let Some(order) = world.orders.get_mut(&sn) {
        order.invoice = json!({
            "number": note.number, "series_number": note.series, "access_key": note.key, "issue_date": secs(now),
            "total_value": amount(&note.total), "products_total_value": amount(&note.products), "tax_code": note.cfop,
            "status": "valid", "pending_reason": "",
        });
        order.invoice_file = Some((kind.to_owned(), xml));
        order.updated = now;
    }
    bare()
}

/// An amount of the note as a JSON number; 0 where there is none.
fn amount(text: &str) -> serde_json::Value {
    let number = serde_json::from_str::<serde_json::Number>(text).map(serde_json::Value::from);
    number.unwrap_or_else(|_| json!(0))
}

fn download(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let order = own_order(world, call, args.text("order_sn")?)?;
    match &order.invoice_file {
        Some((_, text)) => Ok(Reply::bytes("application/xml", text.clone())),
        None => Err(refuse("order.download_invoice_error", "There is no invoice for this order.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "35261112345678000195550010000000011000000017";

    fn note(key: &str, cfop: &str) -> String {
        format!(
            "<nfeProc><NFe><infNFe Id=\"NFe{key}\"><ide><serie>1</serie><nNF>7</nNF></ide><det><prod><CFOP>{cfop}</CFOP></prod></det><total><vNF>89.80</vNF></total></infNFe></NFe></nfeProc>"
        )
    }

    fn refusal(xml: &str) -> String {
        read_note(xml)
            .err()
            .map(|it| it.document()["message"].as_str().unwrap().to_owned())
            .unwrap_or_default()
    }

    #[test]
    fn a_good_note_gives_its_key() {
        let read = read_note(&note(KEY, "6102")).ok().unwrap();
        assert_eq!((read.key.as_str(), read.number.as_str(), read.total.as_str()), (KEY, "7", "89.80"));
    }

    #[test]
    fn a_note_that_is_none_is_refused_with_its_reason() {
        assert_eq!(refusal("<html/>"), "Wrong parameters, detail: Please upload a valid Invoice XML file.");
        assert_eq!(
            refusal(&note("123", "6102")),
            "Wrong parameters, detail: access_key must be 44 characters."
        );
        assert_eq!(
            refusal(&note(&KEY.replacen("9555", "9565", 1), "6102")),
            "Wrong parameters, detail: Only model 55 is accepted."
        );
        assert_eq!(refusal(&note(KEY, "6110")), "Wrong parameters, detail: CFOP invalid.");
    }
}
