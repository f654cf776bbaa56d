//! The NF-e of a package, without which it is not arranged in Brazil.

use connect::{Account, Call, Invoices};
use domain::dispatch::InvoiceState;
use domain::invoice::Nfe;
use http::Method;
use serde_json::json;

use super::super::{TikTokShop, error, version};
use crate::market::parcel;

const OPERATION: &str = "tell invoice";

impl Invoices for TikTokShop {
    /// The platform does not tell which invoice it has: one that is looked at or taken counts
    /// as this.
    fn tell<'a>(
        &'a self,
        account: &'a Account,
        package_external_id: &'a str,
        invoice: &'a Nfe,
    ) -> Call<'a, InvoiceState> {
        Box::pin(async move {
            let package = self.seen(OPERATION, account, package_external_id).await?.snapshot;
            if !parcel::wants_invoice(OPERATION, &package)? {
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
            error::wholly_succeeded(self.ask(spec).await?)?;
            Ok(InvoiceState::InReview)
        })
    }
}
