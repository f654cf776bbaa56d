//! The NF-e of an order, without which a company's packages are not arranged.

use connect::{Account, Call, ChannelError, InvoiceReplacing, Invoices, Part};
use domain::dispatch::InvoiceState;
use domain::invoice::Nfe;
use http::Method;

use super::super::{Shopee, error};
use super::map;
use crate::market::{parcel, refusal};

const OPERATION: &str = "tell invoice";
/// `file_type` of an XML; the other types name no key and are refused in Brazil.
const XML: &str = "4";

impl Invoices for Shopee {
    fn tell<'a>(
        &'a self,
        account: &'a Account,
        package_external_id: &'a str,
        invoice: &'a Nfe,
    ) -> Call<'a, InvoiceState> {
        Box::pin(async move {
            let seen = self.seen(OPERATION, account, package_external_id).await?;
            let told = seen.order.invoice_data.as_ref().and_then(map::invoice_key);
            if told.is_some_and(|key| key != invoice.key().as_str()) {
                let message = "the platform has another invoice for this order";
                return Err(ChannelError::new(refusal::dispatch("another_invoice", message), OPERATION));
            }
            if !parcel::wants_invoice(OPERATION, &seen.snapshot)? {
                return Ok(seen.snapshot.invoice);
            }
            let parts = vec![
                Part::Field { name: "order_sn", value: seen.order.order_sn.0.clone() },
                Part::Field { name: "file_type", value: XML.to_owned() },
                Part::Guarded {
                    name: "file",
                    file_name: "nfe.xml",
                    media_type: "application/xml",
                    content: invoice.xml().clone(),
                },
            ];
            let spec = self.shop_call(OPERATION, Method::POST, account, ["order", "upload_invoice_doc"]);
            error::succeeded(self.outbound.call(spec.multipart(parts)).await?)?;
            // Looked at for some minutes: the key comes with the order then.
            Ok(InvoiceState::InReview)
        })
    }

    /// The documents name no way to change one that was taken; one that is refused leaves the
    /// order waiting for another.
    fn replacing(&self) -> Option<&dyn InvoiceReplacing> {
        None
    }
}
