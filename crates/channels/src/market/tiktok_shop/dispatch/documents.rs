//! Labels and what else is printed: an address for each, and the document that lies there.

use connect::{Account, Call, CallSpec, ChannelError, Documents, ErrorKind, Printout};
use domain::dispatch::{DocumentKind, Format};
use http::Method;

use super::super::wire::{self as api, filled};
use super::super::{TikTokShop, is_id, version};
use super::packages::without_invoice;
use super::wire::Document;
use crate::market::{paper, refusal};

const OPERATION: &str = "print documents";
/// Documents that are fetched one after the other for one call of ours.
const MOST_PACKAGES: usize = 20;
const OFFERED: [(DocumentKind, Format); 4] = [
    (DocumentKind::Label, Format::Pdf),
    (DocumentKind::Label, Format::Zpl),
    (DocumentKind::PackingList, Format::Pdf),
    (DocumentKind::InvoiceLabel, Format::Pdf),
];
/// Where documents lie besides the API's own host.
const HOSTS: [&str; 3] = [".tiktokshop.com", ".tiktokglobalshop.com", ".tiktokcdn.com"];
/// "The document is still being generated."
const STILL_MADE: &str = "11034037";

impl Documents for TikTokShop {
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
            if !packages.iter().all(|id| is_id(id)) {
                return Err(refusal::id(OPERATION));
            }
            let mut printouts = Vec::new();
            for package in packages {
                let address = self.address(account, package, kind, format).await?;
                printouts.extend(self.document(&address, kind, format).await?);
            }
            Ok(printouts)
        })
    }
}

/// What the platform calls a document.
const fn word(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Label | DocumentKind::ContentDeclaration => "SHIPPING_LABEL",
        DocumentKind::PackingList => "PACKING_SLIP",
        DocumentKind::InvoiceLabel => "INVOICE_LABEL",
    }
}

impl TikTokShop {
    /// Where a document lies, for 24 hours.
    async fn address(
        &self,
        account: &Account,
        package: &str,
        kind: DocumentKind,
        format: Format,
    ) -> Result<String, ChannelError> {
        let path = ["fulfillment", version::DOCUMENTS, "packages", package, "shipping_documents"];
        let form = match format {
            Format::Pdf => "PDF",
            Format::Zpl => "ZPL",
        };
        let spec = self
            .request(OPERATION, Method::GET, account, &path)?
            .query("document_type", word(kind))
            .query("document_size", "A6")
            .query("document_format", form);
        let answer = self.ask(spec).await.map_err(|error| {
            let is_still_made = matches!(&error.kind, ErrorKind::Refused { code, .. } if code == STILL_MADE);
            if is_still_made {
                ChannelError { kind: ErrorKind::NotYet, ..error }
            } else {
                without_invoice(error)
            }
        })?;
        let document: Document = api::data(&answer)?;
        let address = filled(document.doc_url.as_ref()).map(str::to_owned);
        address.ok_or_else(|| answer.garbled("doc_url is missing"))
    }

    async fn document(
        &self,
        address: &str,
        kind: DocumentKind,
        format: Format,
    ) -> Result<Vec<Printout>, ChannelError> {
        let spec = CallSpec::given(OPERATION, &self.config.api_base, &HOSTS, address);
        let answer = self.outbound.call(spec).await?;
        let status = answer.status().as_u16();
        match status {
            200..=299 => paper::read(&answer, kind, format),
            429 => Err(answer.fail(ErrorKind::RateLimited { not_before: answer.retry_after() })),
            500.. => Err(answer.fail(ErrorKind::PlatformFault { status })),
            // The address ends: the next try gets another.
            _ => Err(answer.garbled(format!("status {status} where a document should lie"))),
        }
    }
}
