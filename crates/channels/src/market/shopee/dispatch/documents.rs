//! Labels: asked for, made by the platform in its own time, and fetched.

use connect::{Account, Answer, Call, ChannelError, Documents, ErrorKind, Printout};
use domain::dispatch::{DocumentKind, Format, PackageState};
use http::Method;
use serde_json::{Value, json};

use super::super::wire::{Envelope, filled, owned};
use super::super::{Shopee, error, ids};
use super::map;
use super::wire::{Package, ResultRow, Results};
use crate::market::{paper, refusal};

const OPERATION: &str = "print labels";
/// `order_list` of the label calls: 1 to 50.
const MOST_PACKAGES: usize = 50;
const OFFERED: [(DocumentKind, Format); 2] =
    [(DocumentKind::Label, Format::Pdf), (DocumentKind::Label, Format::Zpl)];
/// What the platform calls a label that nobody has asked for.
const NOT_MADE: &str = "shipping_document_should_print_first";

impl Documents for Shopee {
    fn offered(&self) -> &'static [(DocumentKind, Format)] {
        &OFFERED
    }

    fn most_packages(&self) -> usize {
        MOST_PACKAGES
    }

    fn print<'a>(
        &'a self,
        account: &'a Account,
        packages: &'a [String],
        kind: DocumentKind,
        format: Format,
    ) -> Call<'a, Vec<Printout>> {
        Box::pin(async move {
            paper::check(OPERATION, &OFFERED, (kind, format), packages, MOST_PACKAGES)?;
            for number in packages {
                ids::code(OPERATION, number)?;
            }
            let (found, answer) = self.packages_by_number(OPERATION, account, packages).await?;
            let order = Labels::of(&found, &answer, form(format))?;
            // The label of an earlier try may be there: a new order would begin anew.
            match self.download(account, &order, (kind, format)).await {
                Err(ChannelError { kind: ErrorKind::Refused { code, .. }, .. })
                    if code.ends_with(NOT_MADE) => {}
                outcome => return outcome,
            }
            let made = self.label_call(account, "create_shipping_document", &order.to_make()).await?;
            statuses(&made)?;
            let result = self.label_call(account, "get_shipping_document_result", &order.to_ask()).await?;
            for status in statuses(&result)? {
                match status.as_str() {
                    "READY" => {}
                    "FAILED" => {
                        let message = "the platform could not make the label; it can be asked for again";
                        return Err(result.fail(refusal::dispatch("label_failed", message)));
                    }
                    // PROCESSING, and what nobody has seen yet.
                    _ => return Err(result.fail(ErrorKind::NotYet)),
                }
            }
            self.download(account, &order, (kind, format)).await
        })
    }
}

/// What the platform calls a label of this form.
const fn form(format: Format) -> &'static str {
    match format {
        Format::Pdf => "NORMAL_AIR_WAYBILL",
        // A zip: the labels, and the declaration of the content as pages.
        Format::Zpl => "THERMAL_AIR_WAYBILL",
    }
}

/// The rows of the label calls.
struct Labels {
    form: &'static str,
    rows: Vec<(String, String, String)>,
}

impl Labels {
    /// Of packages that have a number: without one there is no label yet.
    fn of(packages: &[Package], answer: &Answer, form: &'static str) -> Result<Self, ChannelError> {
        let row = |package: &Package| {
            let sn = owned(package.order_sn.as_ref()).filter(|sn| ids::is_code(sn));
            let number = owned(package.package_number.as_ref());
            let garbled = || answer.garbled("a package without its numbers");
            let (sn, number) = sn.zip(number).ok_or_else(garbled)?;
            let tracking = map::tracking_number(package).map(str::to_owned);
            let status = filled(package.fulfillment_status.as_ref()).unwrap_or_default();
            let is_arranged = super::super::wire::is_true(package.is_shipment_arranged.as_ref());
            let state = map::state(status, "READY_TO_SHIP", is_arranged);
            match (tracking, state) {
                (Some(tracking), _) => Ok((sn, number, tracking)),
                (None, PackageState::Arranged) => Err(answer.fail(ErrorKind::NotYet)),
                (None, _) => {
                    let message = "a label is made once the package is arranged";
                    Err(answer.fail(refusal::dispatch("not_arranged", message)))
                }
            }
        };
        Ok(Self { form, rows: packages.iter().map(row).collect::<Result<_, _>>()? })
    }

    fn rows(&self, row: impl Fn(&(String, String, String)) -> Value) -> Value {
        Value::Array(self.rows.iter().map(row).collect())
    }

    fn to_make(&self) -> Value {
        let row = |(sn, number, tracking): &(String, String, String)| {
            json!({ "order_sn": sn, "package_number": number, "tracking_number": tracking,
                "shipping_document_type": self.form })
        };
        json!({ "order_list": self.rows(row) })
    }

    fn to_ask(&self) -> Value {
        let row = |(sn, number, _): &(String, String, String)| json!({ "order_sn": sn, "package_number": number, "shipping_document_type": self.form });
        json!({ "order_list": self.rows(row) })
    }

    fn to_fetch(&self) -> Value {
        let row =
            |(sn, number, _): &(String, String, String)| json!({ "order_sn": sn, "package_number": number });
        json!({ "order_list": self.rows(row), "shipping_document_type": self.form })
    }
}

/// The status of each row. One that failed fails all: its label would be missing.
fn statuses(answer: &Answer) -> Result<Vec<String>, ChannelError> {
    let results: Envelope<Results> = answer.json()?;
    let rows = results.response.and_then(|results| results.rows);
    let rows = rows.filter(|rows| !rows.is_empty());
    let rows = rows.ok_or_else(|| answer.garbled("result_list is missing"))?;
    let status = |row: &ResultRow| match filled(row.fail_error.as_ref()) {
        None => Ok(owned(row.status.as_ref()).unwrap_or_default()),
        Some(code) => {
            let message = filled(row.fail_message.as_ref()).unwrap_or_default();
            Err(answer.fail(error::kind_of_result(answer, code, message)))
        }
    };
    rows.iter().map(status).collect()
}

impl Shopee {
    /// A label call that answers row by row: also where it says that all rows failed.
    async fn label_call(
        &self,
        account: &Account,
        action: &'static str,
        body: &Value,
    ) -> Result<Answer, ChannelError> {
        let spec = self.shop_call(OPERATION, Method::POST, account, ["logistics", action]);
        let answer = self.outbound.call(spec.json(body.to_string())).await?;
        if error::is_told_by_rows(&answer) { Ok(answer) } else { error::succeeded(answer) }
    }

    async fn download(
        &self,
        account: &Account,
        order: &Labels,
        (kind, format): (DocumentKind, Format),
    ) -> Result<Vec<Printout>, ChannelError> {
        let action = ["logistics", "download_shipping_document"];
        let spec = self.shop_call(OPERATION, Method::POST, account, action);
        let answer = error::succeeded(self.outbound.call(spec.json(order.to_fetch().to_string())).await?)?;
        paper::read(&answer, kind, format)
    }
}
