//! Getting packages to their buyers: how they are handed over, what is printed for them,
//! where they are, and the invoice that a platform wants first.
//!
//! A label names the buyer. It is handed on guarded, for whoever prints it; nothing of it is
//! kept, neither here nor in what is kept of a failed call (docs/decisions/0008).

use domain::Confidential;
use domain::dispatch::{DocumentKind, Format, Handover, InvoiceState, PackageSnapshot, ParcelEvent, Way};
use domain::invoice::Nfe;

use crate::channel::{Account, Call};

/// Largest document taken, in bytes: fifty labels on one call, each with a picture.
pub const MAX_DOCUMENT_BYTES: usize = 6 * 1024 * 1024;

/// Packages.
pub trait Packages: Send + Sync {
    /// The packages of an order as they stand; none before the platform has made them.
    fn of_order<'a>(
        &'a self,
        account: &'a Account,
        order_external_id: &'a str,
    ) -> Call<'a, Vec<PackageSnapshot>>;

    /// A package as it stands. An answer about another one is
    /// [`crate::ErrorKind::Garbled`].
    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, PackageSnapshot>;

    /// How it can be handed over now; none where there is nothing to say. One whose invoice
    /// is missing is [`crate::ErrorKind::InvoiceMissing`].
    fn ways<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<Way>>;

    /// Says how it is handed over. No platform takes that twice: the package is looked at
    /// first, and one that is arranged already is given back as it stands, so that a try
    /// whose outcome was lost can be repeated. One whose invoice is missing is
    /// [`crate::ErrorKind::InvoiceMissing`], one that is not to be sent (now)
    /// [`crate::ErrorKind::Refused`], and one that is no further after a "yes"
    /// [`crate::ErrorKind::WriteNotApplied`].
    fn arrange<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        handover: &'a Handover,
    ) -> Call<'a, PackageSnapshot>;
}

/// Something to print.
#[derive(Debug, Clone)]
pub struct Printout {
    /// What.
    pub kind: DocumentKind,
    /// Of what form it is, by its own bytes.
    pub format: Format,
    /// Its bytes: [`MAX_DOCUMENT_BYTES`] at most.
    pub content: Confidential<Vec<u8>>,
}

impl Printout {
    /// What these bytes are, as long as they are a document of a form that is known.
    #[must_use]
    pub fn read(kind: DocumentKind, bytes: Vec<u8>) -> Option<Self> {
        let format = Format::of(&bytes)?;
        Some(Self { kind, format, content: Confidential::new(bytes) })
    }
}

/// Labels and what else is printed.
pub trait Documents: Send + Sync {
    /// What can be printed, and in which forms.
    fn offered(&self) -> &'static [(DocumentKind, Format)];

    /// Packages that one call prints for, at most.
    fn most_packages(&self) -> usize;

    /// Prints for packages, in their order: one document for all or one for each, as the
    /// platform has it, and what has to go with them. What is not offered, and more packages
    /// than [`Documents::most_packages`], are [`crate::ErrorKind::Refused`] without a call.
    /// While the platform still makes it, it is [`crate::ErrorKind::NotYet`]; before the
    /// invoice is told, [`crate::ErrorKind::InvoiceMissing`].
    fn print<'a>(
        &'a self,
        account: &'a Account,
        packages: &'a [String],
        kind: DocumentKind,
        format: Format,
    ) -> Call<'a, Vec<Printout>>;
}

/// Where packages are.
pub trait Tracking: Send + Sync {
    /// What happened to a package, the oldest first; nothing while the platform knows nothing.
    fn events<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<ParcelEvent>>;
}

/// Invoices for the platform.
pub trait Invoices: Send + Sync {
    /// Tells a package's invoice, unless the platform has it: it is looked at first, so that
    /// a try whose outcome was lost can be repeated. Platforms decide about it later;
    /// [`Packages::fetch`] tells how. One that the platform does not take is
    /// [`crate::ErrorKind::Refused`] with its reason.
    fn tell<'a>(
        &'a self,
        account: &'a Account,
        package_external_id: &'a str,
        invoice: &'a Nfe,
    ) -> Call<'a, InvoiceState>;

    /// Putting another invoice in the place of one that the platform has; `None` where it takes
    /// none. One that it refused was never there: another is told by [`Invoices::tell`].
    fn replacing(&self) -> Option<&dyn InvoiceReplacing>;
}

/// Mending an invoice that was taken and is wrong.
pub trait InvoiceReplacing: Send + Sync {
    /// Puts this invoice in the place of the one that a package has, unless it is this one
    /// already: it is looked at first. Without one to replace, and once the platform holds it
    /// for good, it is [`crate::ErrorKind::Refused`].
    fn replace<'a>(
        &'a self,
        account: &'a Account,
        package_external_id: &'a str,
        invoice: &'a Nfe,
    ) -> Call<'a, InvoiceState>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printout_is_what_its_bytes_are_and_shows_none_of_them() {
        let page = Printout::read(DocumentKind::Label, b"%PDF-1.4 Maria Teste %%EOF".to_vec()).unwrap();
        assert_eq!(page.format, Format::Pdf);
        assert!(!format!("{page:?}").contains("Maria"));
        assert!(Printout::read(DocumentKind::Label, b"{\"error\":\"later\"}".to_vec()).is_none());
    }
}
