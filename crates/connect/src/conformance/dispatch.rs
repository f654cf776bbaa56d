//! The checks of dispatch: packages, documents, tracking, invoices. A channel's tests
//! implement [`DispatchHarness`] beside [`Harness`] and call
//! [`dispatch_conformance!`](crate::dispatch_conformance).
#![expect(clippy::missing_panics_doc, reason = "a check fails by panicking")]

use std::fmt;

use domain::Verdict;
use domain::dispatch::{
    DocumentKind, Due, Format, Handover, InvoiceState, PackageSnapshot, PackageState, ParcelEvent, Way,
};
use domain::invoice::Nfe;

use super::harness::{Harness, scripted};
use super::script::{Step, now};
use super::trial::{Attempt, Trial, a_failed_call_says_what_failed, writes};
use crate::channel::Channel;
use crate::dispatch::{InvoiceReplacing, Invoices, Printout};
use crate::error::{ChannelError, ErrorKind};

/// Bytes between two cuts: a prime, so that cuts fall everywhere.
const CUT_STRIDE: usize = 31;

/// One thing that a channel does to get packages to their buyers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the method of the contract that its text names")]
pub enum Dispatch {
    PackagesOfOrder,
    FetchPackage,
    Ways,
    Arrange,
    PrintPdf,
    PrintZpl,
    Events,
    TellInvoice,
    ReplaceInvoice,
}

impl Dispatch {
    /// Every one there is.
    pub const ALL: [Self; 9] = [
        Self::PackagesOfOrder,
        Self::FetchPackage,
        Self::Ways,
        Self::Arrange,
        Self::PrintPdf,
        Self::PrintZpl,
        Self::Events,
        Self::TellInvoice,
        Self::ReplaceInvoice,
    ];

    /// Whether it changes something at the platform.
    #[must_use]
    pub const fn is_write(self) -> bool {
        matches!(self, Self::Arrange | Self::TellInvoice | Self::ReplaceInvoice)
    }
}

/// The method of the contract that does it.
impl fmt::Display for Dispatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::PackagesOfOrder => "Packages::of_order",
            Self::FetchPackage => "Packages::fetch",
            Self::Ways => "Packages::ways",
            Self::Arrange => "Packages::arrange",
            Self::PrintPdf => "Documents::print(Pdf)",
            Self::PrintZpl => "Documents::print(Zpl)",
            Self::Events => "Tracking::events",
            Self::TellInvoice => "Invoices::tell",
            Self::ReplaceInvoice => "InvoiceReplacing::replace",
        })
    }
}

/// What the checks call with.
#[derive(Debug, Clone)]
pub struct DispatchSamples {
    /// The order of the scripts.
    pub order_id: String,
    /// Its package.
    pub package_id: String,
    /// One of its ways.
    pub handover: Handover,
    /// Its invoice.
    pub invoice: Nfe,
    /// What stands in its invoice and on its label of the buyer.
    pub buyer: String,
}

/// What a channel's tests tell the checks.
pub trait DispatchHarness: Harness {
    /// What to call with; `None` for a channel that dispatches nothing.
    fn dispatch_samples(&self) -> Option<DispatchSamples>;
    /// Requests and answers when all is well; `None` for what the channel lacks. The package
    /// waits for its invoice in the script of [`Dispatch::TellInvoice`], has another one in that of
    /// [`Dispatch::ReplaceInvoice`] and is to be arranged in
    /// those of [`Dispatch::Ways`] and [`Dispatch::Arrange`].
    fn dispatch_script(&self, dispatch: Dispatch) -> Option<Vec<Step>>;
    /// The script of a write whose outcome was lost and that the platform has done; `None`
    /// for what the channel lacks.
    fn dispatched_already(&self, dispatch: Dispatch) -> Option<Vec<Step>>;
    /// The script of [`Dispatch::Arrange`] where the platform says yes and nothing changes.
    fn arrangement_ignored(&self) -> Option<Vec<Step>>;
    /// The script of [`Dispatch::FetchPackage`] with the platform's status replaced.
    fn package_with_status(&self, status: &str) -> Option<Vec<Step>>;
    /// The script of a call for a package whose invoice is missing: an arrangement, or a print
    /// where the platform asks for it only then.
    fn invoice_missing(&self) -> Option<(Dispatch, Vec<Step>)>;
}

/// Expands to one test for each check. After `recorded:`, the answers of the harness are a
/// platform's own and long: the check that replaces each of their values is left to fixtures.
#[macro_export]
macro_rules! dispatch_conformance {
    ($harness:expr) => {
        $crate::dispatch_conformance!(recorded: $harness);
        mod dispatch_values {
            use super::*;
            $crate::dispatch_conformance! { @each $harness; an_odd_value_in_a_package_is_never_fatal }
        }
    };
    (recorded: $harness:expr) => {
        mod dispatch_checks {
            use super::*;
            $crate::dispatch_conformance! { @each $harness;
                what_a_channel_dispatches_it_dispatches
                a_failed_call_of_dispatch_says_what_failed
                an_answer_of_dispatch_cut_anywhere_is_asked_for_again
                what_is_arranged_or_told_is_not_arranged_or_told_twice
                a_lost_arrangement_is_tried_again
                an_arrangement_that_was_ignored_is_no_success
                a_package_of_an_unknown_status_waits_for_a_person
                a_missing_invoice_has_a_kind_of_its_own
                a_package_that_climbs_is_never_called
                what_is_not_offered_is_never_asked_for
                no_label_and_no_invoice_is_kept
            }
        }
    };
    (@each $harness:expr; $($check:ident)*) => {
        $(
            #[test]
            fn $check() {
                $crate::conformance::dispatch::$check(&$harness);
            }
        )*
    };
}

/// What a call gave.
#[derive(Debug)]
enum Outcome {
    Packages(Vec<PackageSnapshot>),
    Package(Box<PackageSnapshot>),
    Ways(Vec<Way>),
    Printouts(Vec<Printout>),
    Events(Vec<ParcelEvent>),
    Invoice(InvoiceState),
    Lacking,
}

fn replacing(channel: &dyn Channel) -> Option<&dyn InvoiceReplacing> {
    channel.invoices().and_then(Invoices::replacing)
}

fn perform(
    harness: &dyn DispatchHarness,
    dispatch: Dispatch,
    channel: &dyn Channel,
) -> Result<Outcome, ChannelError> {
    let Some(it) = harness.dispatch_samples() else { return Ok(Outcome::Lacking) };
    let (account, id) = (harness.account(), it.package_id.as_str());
    let packages = channel.packages();
    let print = |format| {
        let ids = [it.package_id.clone()];
        let kind = DocumentKind::Label;
        let printed = channel.documents().map(|them| now(them.print(&account, &ids, kind, format)));
        printed.map(|printed| printed.map(Outcome::Printouts))
    };
    let package = |package| Outcome::Package(Box::new(package));
    let done = match dispatch {
        Dispatch::PackagesOfOrder => {
            packages.map(|them| now(them.of_order(&account, &it.order_id)).map(Outcome::Packages))
        }
        Dispatch::FetchPackage => packages.map(|them| now(them.fetch(&account, id)).map(package)),
        Dispatch::Ways => packages.map(|them| now(them.ways(&account, id)).map(Outcome::Ways)),
        Dispatch::Arrange => packages.map(|them| now(them.arrange(&account, id, &it.handover)).map(package)),
        Dispatch::PrintPdf => print(Format::Pdf),
        Dispatch::PrintZpl => print(Format::Zpl),
        Dispatch::Events => {
            channel.tracking().map(|them| now(them.events(&account, id)).map(Outcome::Events))
        }
        Dispatch::TellInvoice => {
            channel.invoices().map(|them| now(them.tell(&account, id, &it.invoice)).map(Outcome::Invoice))
        }
        Dispatch::ReplaceInvoice => {
            replacing(channel).map(|them| now(them.replace(&account, id, &it.invoice)).map(Outcome::Invoice))
        }
    };
    done.unwrap_or(Ok(Outcome::Lacking))
}

/// The calls of dispatch under trial.
fn trial<R>(harness: &dyn DispatchHarness, run: impl FnOnce(&Trial<'_, Dispatch, Outcome>) -> R) -> R {
    run(&Trial {
        harness,
        calls: &Dispatch::ALL,
        script: &|dispatch| harness.dispatch_script(dispatch),
        perform: &|dispatch, channel| perform(harness, dispatch, channel),
    })
}

fn attempt(harness: &dyn DispatchHarness, dispatch: Dispatch, steps: Vec<Step>) -> Attempt<Outcome> {
    trial(harness, |it| it.attempt(dispatch, steps))
}

#[track_caller]
fn succeed(harness: &dyn DispatchHarness, dispatch: Dispatch, steps: Vec<Step>) -> Outcome {
    trial(harness, |it| it.succeed(dispatch, steps))
}

/// The package of a call that gives one.
fn package_of(outcome: Outcome) -> Option<PackageSnapshot> {
    match outcome {
        Outcome::Package(package) => Some(*package),
        Outcome::Packages(packages) => packages.into_iter().next(),
        Outcome::Ways(_)
        | Outcome::Printouts(_)
        | Outcome::Events(_)
        | Outcome::Invoice(_)
        | Outcome::Lacking => None,
    }
}

/// Each capability that has a script succeeds with it; one without a script is none.
pub fn what_a_channel_dispatches_it_dispatches(harness: &dyn DispatchHarness) {
    for dispatch in Dispatch::ALL {
        let Some(steps) = harness.dispatch_script(dispatch) else {
            let (channel, _) = scripted(harness, Vec::new());
            let has = [
                channel.packages().is_some(),
                channel.documents().is_some(),
                channel.tracking().is_some(),
                channel.invoices().is_some(),
            ];
            let lacks = match dispatch {
                Dispatch::PackagesOfOrder | Dispatch::FetchPackage | Dispatch::Ways | Dispatch::Arrange => {
                    !has[0]
                }
                Dispatch::PrintPdf => !has[1],
                // Some label printers are served and some are not.
                Dispatch::PrintZpl => true,
                Dispatch::Events => !has[2],
                Dispatch::TellInvoice => !has[3],
                Dispatch::ReplaceInvoice => replacing(channel.as_ref()).is_none(),
            };
            assert!(lacks, "{dispatch} has no script, and the channel has it");
            continue;
        };
        let it = harness.dispatch_samples().expect("a channel with scripts has samples");
        let (channel, _) = scripted(harness, Vec::new());
        let kind = channel.spec().kind;
        match succeed(harness, dispatch, steps) {
            Outcome::Printouts(printouts) => {
                let due = if dispatch == Dispatch::PrintPdf { Format::Pdf } else { Format::Zpl };
                let label = printouts.iter().find(|it| it.kind == DocumentKind::Label);
                assert_eq!(label.map(|label| label.format), Some(due), "{dispatch}: {printouts:?}");
            }
            Outcome::Ways(ways) => assert!(!ways.is_empty(), "{dispatch}: the script offers a way"),
            Outcome::Events(events) => {
                assert!(!events.is_empty(), "{dispatch}: something happened in the script");
                let in_order = events.windows(2).all(|two| two[0].at <= two[1].at);
                assert!(in_order, "{dispatch}: the oldest comes first: {events:?}");
            }
            Outcome::Invoice(state) => {
                let is_told = matches!(state, InvoiceState::InReview | InvoiceState::Accepted);
                assert!(is_told, "{dispatch}: {state:?}");
            }
            Outcome::Lacking => panic!("{dispatch} has a script and the channel lacks it"),
            outcome @ (Outcome::Package(_) | Outcome::Packages(_)) => {
                let package = package_of(outcome).expect("a package");
                assert_eq!((&package.external_id, package.channel), (&it.package_id, kind), "{dispatch}");
                assert!(package.orders.contains(&it.order_id), "{dispatch}: {package:?}");
                let of_order =
                    package.lines.iter().any(|line| line.order_external_id == it.order_id && line.units > 0);
                assert!(of_order, "{dispatch}: what is in it is told: {package:?}");
                if dispatch == Dispatch::Arrange {
                    assert_ne!(package.due(), Some(Due::Handover), "{dispatch}: {package:?}");
                }
            }
        }
    }
}

/// Nothing, 5xx, 429, a refused token, a missing permission.
pub fn a_failed_call_of_dispatch_says_what_failed(harness: &dyn DispatchHarness) {
    trial(harness, a_failed_call_says_what_failed);
}

/// Half an answer, however long the half is, and what proxies send instead. The answer to a
/// write may say nothing, as what counts is read back, and a step that only helps may fail.
pub fn an_answer_of_dispatch_cut_anywhere_is_asked_for_again(harness: &dyn DispatchHarness) {
    let judge = |dispatch, at, step: &Step, outcome: Result<Outcome, ChannelError>| match outcome {
        Ok(outcome) => {
            let is_needed = at == 0 && step.is_read();
            assert!(!is_needed, "{dispatch} took a broken answer for a good one at step {at}: {outcome:?}");
            if let Outcome::Printouts(printouts) = outcome {
                assert!(!printouts.is_empty(), "{dispatch}: nothing was printed, and no error came");
            }
        }
        Err(error) => {
            let is_retried = matches!(error.verdict(), Verdict::Retry { .. });
            assert!(is_retried, "{dispatch}: a broken answer at step {at} is asked for again: {error}");
        }
    };
    trial(harness, |it| it.cut_each(CUT_STRIDE, judge));
}

/// A number, text, list, object or nothing where something else was.
pub fn an_odd_value_in_a_package_is_never_fatal(harness: &dyn DispatchHarness) {
    let judge = |dispatch, at, _: &Step, outcome: Result<Outcome, ChannelError>| {
        let Err(error) = outcome else { return };
        let is_retried = matches!(error.verdict(), Verdict::Retry { .. });
        // A package that seems to stand elsewhere is not to be arranged or printed for.
        let says_no = matches!(
            error.kind,
            ErrorKind::Refused { .. }
                | ErrorKind::InvoiceMissing
                | ErrorKind::PermissionMissing
                | ErrorKind::AddressNotAllowed
        );
        let may_say_no = says_no && !matches!(dispatch, Dispatch::PackagesOfOrder | Dispatch::Events);
        assert!(
            is_retried || may_say_no || error.kind == ErrorKind::PermissionMissing,
            "{dispatch}: an odd value at step {at} has to be read over or asked for again: {error}"
        );
    };
    trial(harness, |it| it.replace_each_value(judge));
}

/// A write whose outcome was lost is looked for before it is tried again.
pub fn what_is_arranged_or_told_is_not_arranged_or_told_twice(harness: &dyn DispatchHarness) {
    for dispatch in Dispatch::ALL.into_iter().filter(|dispatch| dispatch.is_write()) {
        let Some(ordinary) = harness.dispatch_script(dispatch) else {
            assert!(harness.dispatched_already(dispatch).is_none(), "{dispatch} is lacking");
            continue;
        };
        let done = harness.dispatched_already(dispatch).expect("a write has a script for one that was done");
        assert_eq!(
            (writes(&ordinary), writes(&done)),
            (1, 0),
            "{dispatch}: one write, and none when it is done"
        );
        assert!(ordinary[0].is_read(), "{dispatch}: the package is looked at first");
        match succeed(harness, dispatch, done) {
            Outcome::Package(package) => assert!(package.state.is_arranged(), "{package:?}"),
            Outcome::Invoice(state) => assert_ne!(state, InvoiceState::Missing),
            other @ (Outcome::Packages(_)
            | Outcome::Ways(_)
            | Outcome::Printouts(_)
            | Outcome::Events(_)
            | Outcome::Lacking) => panic!("{dispatch}: {other:?}"),
        }
    }
}

/// Whether it arrived nobody knows: the next try looks.
pub fn a_lost_arrangement_is_tried_again(harness: &dyn DispatchHarness) {
    let judge = |dispatch: Dispatch, at, step: &Step, outcome: Result<Outcome, ChannelError>| match outcome {
        Ok(outcome) => assert!(
            !dispatch.is_write() || step.is_read(),
            "{dispatch} calls a write done whose step {at} failed: {outcome:?}"
        ),
        Err(error) => assert!(matches!(error.verdict(), Verdict::Retry { .. }), "{dispatch}: {error}"),
    };
    trial(harness, |it| it.lose_each(judge));
}

/// What the platform shows counts, not what it says.
pub fn an_arrangement_that_was_ignored_is_no_success(harness: &dyn DispatchHarness) {
    let Some(steps) = harness.arrangement_ignored() else {
        assert!(harness.dispatch_script(Dispatch::Arrange).is_none());
        return;
    };
    let (outcome, script) = attempt(harness, Dispatch::Arrange, steps);
    let error = outcome.expect_err("an arrangement that was ignored is no success");
    script.done();
    assert!(error.kind == ErrorKind::WriteNotApplied, "{error}");
}

/// Nothing unknown is guessed at, and the platform's word is kept.
pub fn a_package_of_an_unknown_status_waits_for_a_person(harness: &dyn DispatchHarness) {
    let Some(steps) = harness.package_with_status("a_status_of_tomorrow") else {
        assert!(harness.dispatch_script(Dispatch::FetchPackage).is_none());
        return;
    };
    let package = package_of(succeed(harness, Dispatch::FetchPackage, steps)).expect("a package");
    assert_eq!((package.state, package.due()), (PackageState::NeedsAttention, None));
    assert!(package.platform_status.contains("a_status_of_tomorrow"), "{package:?}");
}

/// The seller can mend it, and reads so.
pub fn a_missing_invoice_has_a_kind_of_its_own(harness: &dyn DispatchHarness) {
    let Some((dispatch, steps)) = harness.invoice_missing() else {
        assert!(harness.dispatch_script(Dispatch::TellInvoice).is_none());
        return;
    };
    assert_eq!(writes(&steps), 0, "nothing is written for want of the invoice");
    let (outcome, script) = attempt(harness, dispatch, steps);
    let error = outcome.expect_err("without its invoice nothing goes");
    script.done();
    assert_eq!((&error.kind, error.verdict()), (&ErrorKind::InvoiceMissing, Verdict::Fail), "{error}");
    assert_eq!(error.problem(), domain::Problem::InvoiceMissing);
}

/// Ids come back from a database and cannot turn one resource into another.
pub fn a_package_that_climbs_is_never_called(harness: &dyn DispatchHarness) {
    let Some(it) = harness.dispatch_samples() else { return };
    let (channel, _) = scripted(harness, Vec::new());
    let account = harness.account();
    let refused = |error: &ChannelError, what: &str| {
        assert!(error.kind == ErrorKind::AddressNotAllowed, "{what:?} was not refused: {error}");
    };
    for id in ["..", ".", "", "1/../2", "1,2"] {
        if let Some(packages) = channel.packages() {
            refused(&now(packages.of_order(&account, id)).unwrap_err(), id);
            refused(&now(packages.fetch(&account, id)).unwrap_err(), id);
            refused(&now(packages.ways(&account, id)).unwrap_err(), id);
            refused(&now(packages.arrange(&account, id, &it.handover)).unwrap_err(), id);
        }
        if let Some(documents) = channel.documents() {
            let ids = [it.package_id.clone(), id.to_owned()];
            let (kind, format) = (DocumentKind::Label, Format::Pdf);
            refused(&now(documents.print(&account, &ids, kind, format)).unwrap_err(), id);
        }
        if let Some(tracking) = channel.tracking() {
            refused(&now(tracking.events(&account, id)).unwrap_err(), id);
        }
        if let Some(invoices) = channel.invoices() {
            refused(&now(invoices.tell(&account, id, &it.invoice)).unwrap_err(), id);
        }
        if let Some(invoices) = replacing(channel.as_ref()) {
            refused(&now(invoices.replace(&account, id, &it.invoice)).unwrap_err(), id);
        }
    }
}

/// Neither a document that the platform does not make nor more than it prints at once.
pub fn what_is_not_offered_is_never_asked_for(harness: &dyn DispatchHarness) {
    let Some(it) = harness.dispatch_samples() else { return };
    let (channel, _) = scripted(harness, Vec::new());
    let Some(documents) = channel.documents() else { return };
    let account = harness.account();
    let refused = |packages: &[String], kind, format| {
        let error = now(documents.print(&account, packages, kind, format)).expect_err("not possible");
        assert!(matches!(error.kind, ErrorKind::Refused { .. }), "{error}");
    };
    let kinds = [
        DocumentKind::Label,
        DocumentKind::PackingList,
        DocumentKind::InvoiceLabel,
        DocumentKind::ContentDeclaration,
    ];
    for kind in kinds {
        for format in [Format::Pdf, Format::Zpl] {
            if !documents.offered().contains(&(kind, format)) {
                refused(std::slice::from_ref(&it.package_id), kind, format);
            }
        }
    }
    let (kind, format) = documents.offered()[0];
    refused(&[], kind, format);
    refused(&vec![it.package_id; documents.most_packages() + 1], kind, format);
}

/// Neither a `Debug` nor what is kept of a failed call shows the buyer.
pub fn no_label_and_no_invoice_is_kept(harness: &dyn DispatchHarness) {
    let Some(it) = harness.dispatch_samples() else { return };
    let check = |shown: &str, dispatch: Dispatch| {
        assert!(!shown.contains(&it.buyer), "{dispatch}: {:?} shows in {shown}", it.buyer);
    };
    let invoices = [Dispatch::TellInvoice, Dispatch::ReplaceInvoice];
    for dispatch in [Dispatch::PrintPdf, Dispatch::PrintZpl].into_iter().chain(invoices) {
        let Some(steps) = harness.dispatch_script(dispatch) else { continue };
        let last = steps.len() - 1;
        if !invoices.contains(&dispatch) {
            let label = String::from_utf8_lossy(steps[last].body()).into_owned();
            let is_archive = label.starts_with("PK");
            assert!(
                is_archive || label.contains(&it.buyer),
                "{dispatch}: the script's label names the buyer"
            );
        }
        check(&format!("{:?}", succeed(harness, dispatch, steps.clone())), dispatch);
        let mut spoilt = vec![steps[last].clone().answer(400, "{}")];
        if !invoices.contains(&dispatch) {
            let texts = [format!("%PDF-1.4 {}", it.buyer), format!("{}, Rua Exemplo 10", it.buyer)];
            spoilt.extend(texts.map(|text| steps[last].clone().answer(200, &text)));
        }
        for odd in spoilt {
            let mut steps = steps.clone();
            steps[last] = odd;
            if let Err(error) = trial(harness, |it| it.survive(dispatch, steps)) {
                check(&format!("{error} {error:?}"), dispatch);
            }
        }
    }
}
