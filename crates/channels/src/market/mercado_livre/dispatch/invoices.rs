//! The NF-e of a shipment, without which most have no label in Brazil.

use connect::{Account, Call, ChannelError, ErrorKind, InvoiceReplacing, Invoices};
use domain::dispatch::InvoiceState;
use domain::invoice::Nfe;
use http::Method;

use super::super::MercadoLivre;
use super::super::goods::{Goods, goods};
use super::super::hook::is_number;
use super::super::map::shipment_status;
use super::super::wire::owned;
use super::map;
use super::wire::Invoice;
use crate::market::{parcel, refusal};

const TELL: &str = "tell invoice";
const REPLACE: &str = "replace invoice";
/// From here on "the note is immutable".
const PRINTED: &str = "ready_to_ship/printed";

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
                None if !waits => {
                    self.told_invoice(TELL, account, package_external_id).await?.map(|told| told.key)
                }
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

    fn replacing(&self) -> Option<&dyn InvoiceReplacing> {
        Some(self)
    }
}

impl InvoiceReplacing for MercadoLivre {
    fn replace<'a>(
        &'a self,
        account: &'a Account,
        package_external_id: &'a str,
        invoice: &'a Nfe,
    ) -> Call<'a, InvoiceState> {
        Box::pin(async move {
            let refuse =
                |code: &str, message: &str| Err(ChannelError::new(refusal::dispatch(code, message), REPLACE));
            let (shipment, answer) = self.seen_shipment(REPLACE, account, package_external_id).await?;
            let Some(told) = self.told_invoice(REPLACE, account, package_external_id).await? else {
                return refuse("no_invoice_yet", "the platform has no invoice for this package");
            };
            if told.key == invoice.key().as_str() {
                let waits = map::waits_for_invoice(&shipment);
                return Ok(if waits { InvoiceState::InReview } else { InvoiceState::Accepted });
            }
            let has_left = !matches!(goods(&shipment), Goods::WithSeller);
            if has_left || shipment_status(&shipment) == PRINTED {
                return refuse("invoice_final", "the label is printed: the invoice stays as it is");
            }
            let Some(id) = told.id.filter(|id| is_number(id)) else {
                return Err(answer.garbled("an invoice without its id"));
            };
            let spec = self.request(REPLACE, Method::PUT, account, &["shipment_invoice", &id]);
            let spec = spec.header("x-format-new", "true").slash().query("siteId", &self.config.site);
            self.ask(spec.guarded("application/xml", invoice.xml())).await?;
            Ok(InvoiceState::InReview)
        })
    }
}

/// The invoice that the platform has.
pub(super) struct Told {
    pub(super) key: String,
    id: Option<String>,
}

impl MercadoLivre {
    /// The invoice that the platform has for a shipment.
    pub(super) async fn told_invoice(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<Option<Told>, ChannelError> {
        let spec = self.about_shipment(operation, Method::GET, account, id, &["invoice_data"])?;
        match self.ask(spec.query("siteId", &self.config.site)).await {
            Err(ChannelError { kind: ErrorKind::NotFound, .. }) => Ok(None),
            Err(error) => Err(error),
            Ok(answer) => {
                let told: Invoice = answer.json()?;
                let key = owned(told.fiscal_key.as_ref());
                let key = key.ok_or_else(|| answer.garbled("an invoice without its key"))?;
                Ok(Some(Told { key, id: owned(told.id.as_ref()) }))
            }
        }
    }
}
