//! Labels.

use connect::{Account, Call, ChannelError, Documents, ErrorKind, Printout};
use domain::dispatch::{DocumentKind, Due, Format, PackageState};
use http::Method;

use super::super::MercadoLivre;
use super::super::hook::is_number;
use crate::market::{paper, refusal};

const OPERATION: &str = "print labels";
/// "shipment_labels": up to 50 ids.
const MOST_PACKAGES: usize = 50;
const OFFERED: [(DocumentKind, Format); 2] =
    [(DocumentKind::Label, Format::Pdf), (DocumentKind::Label, Format::Zpl)];
/// The platform's word for a shipment that has no label now.
const NOT_PRINTABLE: &str = "not_printable_status";

impl Documents for MercadoLivre {
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
            if !packages.iter().all(|id| is_number(id)) {
                return Err(refusal::id(OPERATION));
            }
            let form = match format {
                Format::Pdf => "pdf",
                Format::Zpl => "zpl2",
            };
            let spec = self
                .request(OPERATION, Method::GET, account, &["shipment_labels"])
                .header("x-format-new", "true")
                .query("shipment_ids", &packages.join(","))
                .query("response_type", form);
            match self.ask(spec).await {
                Ok(answer) => paper::read(&answer, kind, format),
                Err(error) => Err(self.reason(account, packages, error).await),
            }
        })
    }
}

impl MercadoLivre {
    /// Why there is no label: the refusal does not tell, the shipments do.
    async fn reason(&self, account: &Account, packages: &[String], error: ChannelError) -> ChannelError {
        if !matches!(&error.kind, ErrorKind::Refused { code, .. } if code == NOT_PRINTABLE) {
            return error;
        }
        for id in packages {
            let Ok(seen) = self.package(OPERATION, account, id).await else { continue };
            let kind = match (seen.package.due(), seen.package.state) {
                (Some(Due::Invoice), _) => ErrorKind::InvoiceMissing,
                (None, PackageState::Waiting) => ErrorKind::NotYet,
                _ => continue,
            };
            return ChannelError { kind, ..error };
        }
        error
    }
}
