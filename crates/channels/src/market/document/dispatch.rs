//! The part of the document about dispatch: how packages are handed over, what is printed,
//! where they are, which calls that takes, and what becomes of the words.

use std::fmt::Write as _;

use connect::Documents;
use connect::conformance::dispatch::{Dispatch, DispatchHarness};
use connect::conformance::parcels::{Parcelling, ParcelsHarness};
use connect::conformance::{NOW, Script};
use domain::dispatch::{DocumentKind, Format, PackageState};
use domain::{ChannelKind, ManualClock};

use super::Fact;
use super::calls::{called, head, row, states};
use super::page::{code, table};

/// All that this part tells of a channel.
pub(in crate::market) struct DispatchSheet {
    pub(in crate::market) channel: ChannelKind,
    /// What the channel calls.
    pub(in crate::market) harness: Box<dyn DispatchHarness>,
    /// What it calls to split and combine.
    pub(in crate::market) parcels: Box<dyn ParcelsHarness>,
    /// How packages are handed over.
    pub(in crate::market) handover: Fact,
    /// What is made of a handover whose answer was lost.
    pub(in crate::market) found_again: Fact,
    /// How documents come.
    pub(in crate::market) documents: Fact,
    /// Where events come from.
    pub(in crate::market) tracking: Fact,
    /// The invoice that has to come first.
    pub(in crate::market) invoice: Fact,
    /// Another invoice in the place of one that was taken.
    pub(in crate::market) replacing: Fact,
    /// One order in several packages.
    pub(in crate::market) splitting: Fact,
    /// All of it in one again.
    pub(in crate::market) reunion: Fact,
    /// Several orders in one package, and apart again.
    pub(in crate::market) combining: Fact,
    /// The field of a package's status.
    pub(in crate::market) field: &'static str,
    /// Every word that the platform documents for it.
    pub(in crate::market) words: Vec<String>,
    /// The state of a package of this status, while its order is to be sent.
    pub(in crate::market) state: fn(&str) -> PackageState,
}

const HEAD: &str = "
## Dispatch

How packages get to their buyers. A package is looked at before its handover is said, so that one whose answer was lost is not said
twice. Labels name the buyer: they are handed on guarded and nothing of them is kept. What a document is, its bytes tell.
";

type Cell = fn(&DispatchSheet) -> String;

const ROWS: [(&str, Cell); 10] = [
    ("handing over", |it| it.handover.to_string()),
    ("a handover whose answer was lost", |it| it.found_again.to_string()),
    ("what is printed", printed),
    ("how it comes", |it| it.documents.to_string()),
    ("where a package is", |it| it.tracking.to_string()),
    ("the invoice", |it| it.invoice.to_string()),
    ("another invoice in its place", |it| it.replacing.to_string()),
    ("an order in several packages", |it| it.splitting.to_string()),
    ("in one package again", |it| it.reunion.to_string()),
    ("several orders in one package", |it| it.combining.to_string()),
];

const CALLS: [(&str, Dispatch); 9] = [
    ("packages of an order", Dispatch::PackagesOfOrder),
    ("a package", Dispatch::FetchPackage),
    ("ways to hand it over", Dispatch::Ways),
    ("a handover", Dispatch::Arrange),
    ("a label as pages", Dispatch::PrintPdf),
    ("a label for label printers", Dispatch::PrintZpl),
    ("events", Dispatch::Events),
    ("an invoice told", Dispatch::TellInvoice),
    ("an invoice replaced", Dispatch::ReplaceInvoice),
];

const PARCEL_CALLS: [(&str, Parcelling); 6] = [
    ("whether an order can be split", Parcelling::Splitting),
    ("a split", Parcelling::Split),
    ("a split taken back", Parcelling::Unsplit),
    ("orders that can be combined", Parcelling::Combinable),
    ("a combination", Parcelling::Combine),
    ("a combination taken apart", Parcelling::TakeApart),
];

/// This part of the document.
pub(super) fn section(sheets: &[DispatchSheet]) -> String {
    let head = |of| head(of, sheets.iter().map(|sheet| sheet.channel));
    let facts = ROWS.map(|(name, cell)| row(name, sheets, cell));
    let mut calls: Vec<_> =
        CALLS.map(|(name, dispatch)| row(name, sheets, |sheet| dispatched(sheet, dispatch))).to_vec();
    calls.extend(PARCEL_CALLS.map(|(name, call)| row(name, sheets, |sheet| parcelled(sheet, call))));
    let mut text = HEAD.to_owned() + &table(&head("what"), &facts) + &table(&head("what is called"), &calls);
    for sheet in sheets.iter().filter(|sheet| !sheet.words.is_empty()) {
        let _ = write!(text, "\n### Packages of {}: {}\n", sheet.channel.label(), sheet.field);
        text += &states(sheet.words.iter().map(String::as_str), |word| code((sheet.state)(word).as_str()));
    }
    text
}

fn printed(sheet: &DispatchSheet) -> String {
    let outbound = Script::new([]).outbound(std::sync::Arc::new(ManualClock::at(NOW)));
    let channel = sheet.harness.channel(outbound);
    let Some(documents) = channel.documents() else { return sheet.documents.to_string() };
    let name = |(kind, format): &(DocumentKind, Format)| {
        let kind = match kind {
            DocumentKind::Label => "label",
            DocumentKind::PackingList => "packing list",
            DocumentKind::InvoiceLabel => "invoice in short",
            DocumentKind::ContentDeclaration => "declaration of the content",
        };
        let format = match format {
            Format::Pdf => "PDF",
            Format::Zpl => "ZPL",
        };
        format!("{kind} as {format}")
    };
    let offered: Vec<String> = Documents::offered(documents).iter().map(name).collect();
    format!("{}; {} packages at once", offered.join(", "), documents.most_packages())
}

fn dispatched(sheet: &DispatchSheet, dispatch: Dispatch) -> String {
    let it = sheet.harness.dispatch_samples();
    let ids = it.map(|it| (it.package_id, it.order_id)).unwrap_or_default();
    called(sheet.harness.dispatch_script(dispatch), &[(&ids.0, "{package}"), (&ids.1, "{order}")])
}

fn parcelled(sheet: &DispatchSheet, parcelling: Parcelling) -> String {
    let (of_package, it) = (sheet.harness.dispatch_samples(), sheet.parcels.parcels_samples());
    let package = of_package.map(|it| it.package_id).unwrap_or_default();
    let ids = it.map(|it| (it.order_id, it.combined_id)).unwrap_or_default();
    let names = [(ids.0.as_str(), "{order}"), (&ids.1, "{package}"), (&package, "{package}")];
    called(sheet.parcels.parcels_script(parcelling), &names)
}

#[cfg(test)]
mod unit {
    use super::super::page::UNDOCUMENTED;
    use super::*;

    #[test]
    fn every_channel_has_its_part_and_what_it_says_to_have_it_has() {
        let sheets = super::super::dispatch_sheets();
        assert_eq!(sheets.iter().map(|sheet| sheet.channel).collect::<Vec<_>>(), ChannelKind::ALL);
        for sheet in sheets {
            let has = |fact: Fact| matches!(fact, Fact::Has(_));
            let calls = |dispatch| sheet.harness.dispatch_script(dispatch).is_some();
            let name = sheet.channel.label();
            assert_eq!(has(sheet.handover), calls(Dispatch::Arrange), "{name}");
            assert_eq!(has(sheet.found_again), calls(Dispatch::Arrange), "{name}");
            assert_eq!(has(sheet.documents), calls(Dispatch::PrintPdf), "{name}");
            assert_eq!(has(sheet.tracking), calls(Dispatch::Events), "{name}");
            assert_eq!(has(sheet.invoice), calls(Dispatch::TellInvoice), "{name}");
            assert_eq!(has(sheet.replacing), calls(Dispatch::ReplaceInvoice), "{name}");
            let parcels = |call| sheet.parcels.parcels_script(call).is_some();
            assert_eq!(has(sheet.splitting), parcels(Parcelling::Split), "{name}");
            assert_eq!(has(sheet.reunion), parcels(Parcelling::Unsplit), "{name}");
            assert_eq!(has(sheet.combining), parcels(Parcelling::Combine), "{name}");
        }
    }

    #[test]
    fn a_package_of_a_word_that_nobody_documented_waits_for_a_person() {
        for sheet in super::super::dispatch_sheets() {
            assert_eq!(
                (sheet.state)(UNDOCUMENTED),
                PackageState::NeedsAttention,
                "{}",
                sheet.channel.label()
            );
        }
    }
}
