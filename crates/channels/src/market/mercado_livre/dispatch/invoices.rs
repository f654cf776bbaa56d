//! The NF-e of a shipment, without which most have no label in Brazil.

use connect::{Account, Call, ChannelError, ErrorKind, Invoices};
use domain::dispatch::InvoiceState;
use domain::invoice::Nfe;
use http::Method;

use super::super::MercadoLivre;
use super::super::wire::owned;
use super::wire::Invoice;
use crate::market::{parcel, refusal};

const TELL: &str = "tell invoice";

impl Invoices for MercadoLivre {
    fn tell<'a>(
        &'a self,
        account: &'a Account,
        package_external_id: &'a str,
        invoice: &'a Nfe,
    ) -> Call<'a, InvoiceState> {
        Box::pin(async move {
            let seen = self.package(TELL, account, package_external_id).await?;
            let waits = seen.package.invoice != InvoiceState::NotAsked;
            let told = match seen.invoice_key {
                // It was taken in the meantime, perhaps.
                None if !waits => self.told_invoice(TELL, account, package_external_id).await?,
                told => told,
            };
            match told {
                Some(key) if key != invoice.key().as_str() => {
                    let message = "the platform has another invoice for this package";
                    return Err(ChannelError::new(refusal::dispatch("another_invoice", message), TELL));
                }
                Some(_) if waits => return Ok(InvoiceState::InReview),
                Some(_) => return Ok(InvoiceState::Accepted),
                None => {}
            }
            if !parcel::wants_invoice(TELL, &seen.package)? {
                return Ok(seen.package.invoice);
            }
            // The platform writes this path with a slash at its end, and the reading's without.
            let path = ["invoice_data"];
            let spec = self.about_shipment(TELL, Method::POST, account, package_external_id, &path)?;
            let spec = spec.slash().query("siteId", &self.config.site);
            self.ask(spec.guarded("application/xml", invoice.xml())).await?;
            Ok(InvoiceState::InReview)
        })
    }
}

impl MercadoLivre {
    /// The key of the invoice that the platform has for a shipment.
    pub(super) async fn told_invoice(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<Option<String>, ChannelError> {
        let spec = self.about_shipment(operation, Method::GET, account, id, &["invoice_data"])?;
        match self.ask(spec.query("siteId", &self.config.site)).await {
            Err(ChannelError { kind: ErrorKind::NotFound, .. }) => Ok(None),
            Err(error) => Err(error),
            Ok(answer) => {
                let told: Invoice = answer.json()?;
                let key = owned(told.fiscal_key.as_ref());
                key.map(Some).ok_or_else(|| answer.garbled("an invoice without its key"))
            }
        }
    }
}
