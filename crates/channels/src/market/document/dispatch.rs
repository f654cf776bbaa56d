//! The part of the document about dispatch: how packages are handed over, what is printed,
//! where they are, which calls that takes, and what becomes of the words.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use connect::Documents;
use connect::conformance::dispatch::{Dispatch, DispatchHarness};
use connect::conformance::{NOW, Script};
use domain::dispatch::{DocumentKind, Format, PackageState};
use domain::{ChannelKind, ManualClock};

use super::Fact;
use super::page::{UNDOCUMENTED, code, table};

/// All that this part tells of a channel.
pub(in crate::market) struct DispatchSheet {
    pub(in crate::market) channel: ChannelKind,
    /// What the channel calls.
    pub(in crate::market) harness: Box<dyn DispatchHarness>,
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

const ROWS: [(&str, Cell); 6] = [
    ("handing over", |it| it.handover.to_string()),
    ("a handover whose answer was lost", |it| it.found_again.to_string()),
    ("what is printed", printed),
    ("how it comes", |it| it.documents.to_string()),
    ("where a package is", |it| it.tracking.to_string()),
    ("the invoice", |it| it.invoice.to_string()),
];

const CALLS: [(&str, Dispatch); 8] = [
    ("packages of an order", Dispatch::PackagesOfOrder),
    ("a package", Dispatch::FetchPackage),
    ("ways to hand it over", Dispatch::Ways),
    ("a handover", Dispatch::Arrange),
    ("a label as pages", Dispatch::PrintPdf),
    ("a label for label printers", Dispatch::PrintZpl),
    ("events", Dispatch::Events),
    ("an invoice told", Dispatch::TellInvoice),
];

/// This part of the document.
pub(super) fn section(sheets: &[DispatchSheet]) -> String {
    let head = |of: &str| -> Vec<String> {
        let names = sheets.iter().map(|sheet| sheet.channel.label().to_owned());
        std::iter::once(of.to_owned()).chain(names).collect()
    };
    let row = |name: &str, cell: &dyn Fn(&DispatchSheet) -> String| {
        std::iter::once(name.to_owned()).chain(sheets.iter().map(cell)).collect::<Vec<_>>()
    };
    let facts = ROWS.map(|(name, cell)| row(name, &cell));
    let calls = CALLS.map(|(name, dispatch)| row(name, &|sheet| called(sheet, dispatch)));
    let mut text = HEAD.to_owned() + &table(&head("what"), &facts) + &table(&head("what is called"), &calls);
    for sheet in sheets.iter().filter(|sheet| !sheet.words.is_empty()) {
        let _ = write!(text, "\n### Packages of {}: {}\n", sheet.channel.label(), sheet.field);
        text += &states(sheet);
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

/// The calls of a capability, each once.
fn called(sheet: &DispatchSheet, dispatch: Dispatch) -> String {
    let steps = sheet.harness.dispatch_script(dispatch);
    let (Some(steps), Some(it)) = (steps, sheet.harness.dispatch_samples()) else { return "–".to_owned() };
    let segment = |segment: &str| match segment {
        it_is if it_is == it.package_id => "{package}".to_owned(),
        it_is if it_is == it.order_id => "{order}".to_owned(),
        other => other.to_owned(),
    };
    let mut seen = BTreeSet::new();
    let calls = steps.iter().map(|step| {
        let (method, target) = step.request();
        let path = target.split('?').next().unwrap_or_default();
        code(&format!("{method} {}", path.split('/').map(segment).collect::<Vec<_>>().join("/")))
    });
    calls.filter(|call| seen.insert(call.clone())).collect::<Vec<_>>().join(", ")
}

fn states(sheet: &DispatchSheet) -> String {
    let row = |word: &str, name: String| vec![name, code((sheet.state)(word).as_str())];
    let known = sheet.words.iter().map(|word| row(word, code(word)));
    let rows: Vec<_> = known.chain([row(UNDOCUMENTED, "any other word".to_owned())]).collect();
    table(&["word".to_owned(), "state".to_owned()], &rows)
}

#[cfg(test)]
mod unit {
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
