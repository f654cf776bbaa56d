//! The note (NF-e) of a parcel: sent in, looked at, accepted or not (fact sheet §12).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ask::Ask;
use super::gate::{Door, shop};
use super::package::PackageStatus;
use super::refusal::{Refusal, batch, item_error, success};
use super::rules::Rules;
use super::webhook::{Kind, notify};
use super::{Event, World};
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, post};
use crate::text::loose_id;

/// Notes of one call.
const NOTES_MAX: usize = 500;
/// The largest XML file.
const XML_BYTES_MAX: usize = 1024 * 1024;
/// Digits of an access key.
const KEY_DIGITS: usize = 44;
/// Where the issuer's CNPJ stands in an access key.
const KEY_CNPJ: std::ops::Range<usize> = 6..20;
/// The first digits of a CNPJ name the company, the others its branch.
const CNPJ_ROOT: usize = 8;

/// The note of a parcel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Where it stands.
    pub state: InvoiceState,
    /// The key found in the XML.
    pub access_key: Option<String>,
    /// The verdict to come.
    pub verdict: Option<Verdict>,
    /// Why it was refused.
    pub invalid_reason: Option<String>,
}

/// Where a note stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InvoiceState {
    /// None was sent, or the last one was refused.
    #[default]
    Needed,
    /// Being looked at.
    Processing,
    /// Accepted.
    Uploaded,
}

/// What a look at a note finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All is well.
    Success,
    /// Not readable.
    Failed(String),
    /// Readable, and wrong.
    Invalid(String),
}

impl Invoice {
    /// The `need_upload_invoice` of the order.
    #[must_use]
    pub fn order_word(&self, rules: &Rules) -> &'static str {
        match self.state {
            InvoiceState::Needed if !rules.invoice_required => "NO_NEED",
            InvoiceState::Needed => "NEED_INVOICE",
            InvoiceState::Processing => "INVOICE_PROCESSING",
            InvoiceState::Uploaded => "INVOICE_UPLOADED",
        }
    }

    /// True when the parcel may leave.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.state == InvoiceState::Uploaded
    }

    /// True once one was sent in and not refused: the parcel stays as it is.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.state != InvoiceState::Needed
    }
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const DOOR: Door = shop(&[202_502], "seller.fulfillment.basic");
    vec![post("/fulfillment/{v}/invoice/upload", DOOR, upload)]
}

fn upload(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let rows = ask.list("invoices", NOTES_MAX)?.clone();
    let mut errors = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let failed = world.every_second_fails && place % 2 == 1;
        let outcome = if failed {
            Err(Refusal::business(10_007_001, "Internal error, please try again"))
        } else {
            take(world, ask.shop_id(), row)
        };
        if let Err(refusal) = outcome {
            let detail = json!({"package_id": row["package_id"], "order_ids": row["order_ids"]});
            errors.push(item_error(refusal.code, &refusal.message, detail));
        }
    }
    success(batch(&errors))
}

/// Takes a note in; whether it is any good is said later.
fn take(world: &mut World, shop_id: i64, row: &Value) -> Result<(), Refusal> {
    let package = world.package_of(shop_id, loose_id(&row["package_id"]).unwrap_or(0))?;
    let id = package.id;
    let orders: Vec<i64> = row["order_ids"].as_array().into_iter().flatten().filter_map(loose_id).collect();
    if orders.is_empty() || !orders.iter().all(|order| package.order_ids.contains(order)) {
        return Err(Refusal::parameter("order_ids", "they are not the orders of the package"));
    }
    if row["file_type"] != "XML" {
        return Err(Refusal::parameter("file_type", "Expected XML"));
    }
    if package.status != PackageStatus::ToFulfill {
        return Err(Refusal::business(10_007_015, "The package is not awaiting shipment"));
    }
    match package.invoice.state {
        InvoiceState::Processing => {
            return Err(Refusal::business(10_007_014, "The invoice is already being uploaded"));
        }
        InvoiceState::Uploaded => {
            return Err(Refusal::business(10_007_016, "The invoice is already uploaded"));
        }
        InvoiceState::Needed => {}
    }
    let bytes = row["file"].as_str().and_then(|text| STANDARD.decode(text.trim()).ok());
    let bytes = bytes.ok_or_else(|| Refusal::parameter("file", "it is not base64"))?;
    if bytes.len() > XML_BYTES_MAX {
        return Err(Refusal::too_large());
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let key = access_key(&text);
    let verdict = judge(world, shop_id, id, key.as_deref());
    if let Some(package) = world.packages.get_mut(&id) {
        let invoice = &mut package.invoice;
        *invoice = Invoice {
            state: InvoiceState::Processing,
            access_key: key,
            verdict: Some(verdict),
            invalid_reason: None,
        };
    }
    tell(world, id, "PROCESSING", "");
    let end = world.now.plus(Duration::from_secs(world.rules.invoice_seconds));
    world.agenda.plan(end, Event::InvoiceChecked(id));
    Ok(())
}

/// The key of an NF-e: in the `Id` of `infNFe`, or in `chNFe`.
fn access_key(xml: &str) -> Option<String> {
    let after = |mark: &str| xml.split_once(mark).map(|(_, rest)| rest);
    let rest = after("Id=\"NFe").or_else(|| after("<chNFe>"))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (digits.len() == KEY_DIGITS).then_some(digits)
}

/// The last digit of a key follows from the others (modulo 11, weights 2 to 9 from the right).
fn check_digit_fits(key: &str) -> bool {
    let digits: Vec<u32> = key.chars().filter_map(|sign| sign.to_digit(10)).collect();
    let Some((last, body)) = digits.split_last() else { return false };
    let sum: u32 = body.iter().rev().zip((2..=9).cycle()).map(|(digit, weight)| digit * weight).sum();
    let expected = match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    *last == expected
}

fn judge(world: &World, shop_id: i64, package_id: i64, key: Option<&str>) -> Verdict {
    let Some(key) = key.filter(|key| check_digit_fits(key)) else {
        return Verdict::Failed("FAILED".to_owned());
    };
    let root = |cnpj: &str| cnpj.get(..CNPJ_ROOT).map(str::to_owned);
    let ours = world.shops.get(&shop_id).and_then(|shop| root(&shop.cnpj));
    if key.get(KEY_CNPJ).and_then(root) != ours {
        return Verdict::Invalid("CNPJ_NOT_MATCH".to_owned());
    }
    let same = |it: &super::package::Package| {
        it.id != package_id && it.invoice.is_known() && it.invoice.access_key.as_deref() == Some(key)
    };
    if world.packages.values().any(same) {
        return Verdict::Invalid("ACCESS_KEY_DUPLICATE".to_owned());
    }
    Verdict::Success
}

fn tell(world: &mut World, package_id: i64, status: &str, reason: &str) {
    let Some(package) = world.packages.get(&package_id) else { return };
    let orders: Vec<String> = package.order_ids.iter().map(i64::to_string).collect();
    let shop_id = package.shop_id;
    let mut data =
        json!({"package_id": package_id.to_string(), "order_ids": orders, "invoice_status": status});
    if !reason.is_empty() {
        data["invalid_reason"] = json!(reason);
    }
    notify(world, shop_id, Kind::InvoiceStatusChange, &data);
}

/// The look at a note is over.
pub(crate) fn checked(world: &mut World, package_id: i64) {
    let verdict = world.packages.get_mut(&package_id).and_then(|package| package.invoice.verdict.take());
    if let Some(verdict) = verdict {
        decide(world, package_id, &verdict);
    }
}

/// Says what became of a note.
pub(crate) fn decide(world: &mut World, package_id: i64, verdict: &Verdict) {
    let Some(package) = world.packages.get_mut(&package_id) else { return };
    package.updated = world.now;
    let (state, status, reason) = match verdict {
        Verdict::Success => (InvoiceState::Uploaded, "SUCCESS", ""),
        Verdict::Failed(reason) => (InvoiceState::Needed, "FAILED", reason.as_str()),
        Verdict::Invalid(reason) => (InvoiceState::Needed, "INVALID", reason.as_str()),
    };
    package.invoice.state = state;
    package.invoice.verdict = None;
    package.invoice.invalid_reason = (!reason.is_empty()).then(|| reason.to_owned());
    tell(world, package_id, status, reason);
}

/// A small note for `cnpj`, as sellers would upload it; for tests and trying out.
#[must_use]
pub fn sample_xml(cnpj: &str, number: u32) -> String {
    let body = format!("352611{cnpj:0>14}55001{number:09}1{number:08}");
    let last = (0..10).map(|digit| format!("{body}{digit}")).find(|key| check_digit_fits(key));
    let key = last.unwrap_or(body);
    format!(
        "<?xml version=\"1.0\"?><nfeProc><NFe><infNFe Id=\"NFe{key}\" versao=\"4.00\"></infNFe></NFe></nfeProc>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_both_places_and_only_whole() {
        let key = "4".repeat(44);
        assert_eq!(access_key(&format!("<infNFe Id=\"NFe{key}\">")), Some(key.clone()));
        assert_eq!(access_key(&format!("<chNFe>{key}</chNFe>")), Some(key));
        assert_eq!(access_key("<infNFe Id=\"NFe123\">"), None);
        assert_eq!(access_key("no xml"), None);
    }

    #[test]
    fn the_check_digit_is_the_one_of_a_published_key() {
        // The example key of the NF-e integration manual.
        assert!(check_digit_fits("52060433009911002506550120000007800267301615"));
        assert!(!check_digit_fits("52060433009911002506550120000007800267301614"));
    }

    #[test]
    fn a_sample_note_has_a_key_that_fits() {
        let key = access_key(&sample_xml("12345678000195", 7)).unwrap();
        assert!(check_digit_fits(&key));
        assert_eq!(&key[KEY_CNPJ], "12345678000195");
    }
}
