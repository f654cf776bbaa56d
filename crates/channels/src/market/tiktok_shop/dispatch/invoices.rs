//! The NF-e of a package, without which it is not arranged in Brazil.

use connect::{Account, Call, ChannelError, ErrorKind, InvoiceReplacing, Invoices};
use domain::dispatch::InvoiceState;
use domain::invoice::Nfe;
use http::Method;
use serde_json::json;

use super::super::{TikTokShop, error, version};
use crate::market::parcel;

const OPERATION: &str = "tell invoice";
/// "The invoice is already being uploaded."
const LOOKED_AT: &str = "10007014";

impl Invoices for TikTokShop {
    /// The platform does not tell which invoice it has: one that is looked at or taken counts
    /// as this. For packages of a split order it says so only when the invoice comes again.
    fn tell<'a>(
        &'a self,
        account: &'a Account,
        package_external_id: &'a str,
        invoice: &'a Nfe,
    ) -> Call<'a, InvoiceState> {
        Box::pin(async move {
            let seen = self.seen(OPERATION, account, package_external_id).await?;
            let package = seen.snapshot;
            // An order that is split has one word for the invoices of all its packages.
            if !parcel::wants_invoice(OPERATION, &package)? && !seen.is_split {
                return Ok(package.invoice);
            }
            let told = json!({ "invoices": [{
                "file": null, "file_type": "XML", "order_ids": package.orders,
                "package_id": package.external_id,
            }] });
            let path = ["fulfillment", version::INVOICES, "invoice", "upload"];
            let spec = self.request(OPERATION, Method::POST, account, &path)?.json_around(
                told,
                "/invoices/0/file",
                invoice.xml(),
            );
            match error::wholly_succeeded(self.ask(spec).await?) {
                Err(ChannelError { kind: ErrorKind::Refused { code, .. }, .. })
                    if seen.is_split && code == LOOKED_AT => {}
                outcome => drop(outcome?),
            }
            Ok(InvoiceState::InReview)
        })
    }

    /// The documents name no way to change one that was taken; one that is refused later leaves
    /// the order waiting for another.
    fn replacing(&self) -> Option<&dyn InvoiceReplacing> {
        None
    }
}
