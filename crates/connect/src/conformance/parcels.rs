//! The checks of splitting and combining. A channel's tests implement [`ParcelsHarness`] beside
//! [`Harness`] and call [`parcels_conformance!`](crate::parcels_conformance).
#![expect(clippy::missing_panics_doc, reason = "a check fails by panicking")]

use std::fmt;

use domain::Verdict;
use domain::dispatch::PackageSnapshot;
use domain::parcels::{SplitPlan, Splitting};

use super::harness::{Harness, scripted};
use super::script::{Step, now};
use super::trial::{Trial, a_failed_call_says_what_failed, writes};
use crate::channel::{Channel, Page};
use crate::error::{ChannelError, ErrorKind};
use crate::parcels::{Combinable, Combining, Parcels, Reunion, Split};

/// Bytes between two cuts: a prime, so that cuts fall everywhere.
const CUT_STRIDE: usize = 37;

/// One thing that a channel does with parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the method of the contract that its text names")]
pub enum Parcelling {
    Splitting,
    Split,
    Unsplit,
    Combinable,
    Combine,
    TakeApart,
}

impl Parcelling {
    /// Every one there is.
    pub const ALL: [Self; 6] =
        [Self::Splitting, Self::Split, Self::Unsplit, Self::Combinable, Self::Combine, Self::TakeApart];

    /// Whether it changes something at the platform.
    #[must_use]
    pub const fn is_write(self) -> bool {
        !matches!(self, Self::Splitting | Self::Combinable)
    }
}

/// The method of the contract that does it.
impl fmt::Display for Parcelling {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Splitting => "Parcels::splitting",
            Self::Split => "Parcels::split",
            Self::Unsplit => "Reunion::unsplit",
            Self::Combinable => "Combining::combinable",
            Self::Combine => "Combining::combine",
            Self::TakeApart => "Combining::take_apart",
        })
    }
}

/// What the checks call with.
#[derive(Debug, Clone)]
pub struct ParcelsSamples {
    /// The order that is split.
    pub order_id: String,
    /// How.
    pub plan: SplitPlan,
    /// A plan for a package that holds other goods.
    pub other_plan: SplitPlan,
    /// Orders that are combined.
    pub group: Combinable,
    /// Their package then.
    pub combined_id: String,
}

/// What a channel's tests tell the checks.
pub trait ParcelsHarness: Harness {
    /// What to call with; `None` for a channel that does nothing with parcels.
    fn parcels_samples(&self) -> Option<ParcelsSamples>;
    /// Requests and answers when all is well; `None` for what the channel lacks. The order can
    /// be split in the script of [`Parcelling::Splitting`]. Writes look first, write once and
    /// read back.
    fn parcels_script(&self, parcelling: Parcelling) -> Option<Vec<Step>>;
    /// The script of a write whose outcome was lost and that the platform has done; `None` for
    /// what the channel lacks.
    fn parcelled_already(&self, parcelling: Parcelling) -> Option<Vec<Step>>;
    /// The script of a write where the platform says yes and nothing changes.
    fn parcelling_ignored(&self, parcelling: Parcelling) -> Option<Vec<Step>>;
}

/// Expands to one test for each check. After `recorded:`, the answers of the harness are a
/// platform's own and long: the check that replaces each of their values is left to fixtures.
#[macro_export]
macro_rules! parcels_conformance {
    ($harness:expr) => {
        $crate::parcels_conformance!(recorded: $harness);
        mod parcels_values {
            use super::*;
            $crate::parcels_conformance! { @each $harness; an_odd_value_in_a_parcel_is_never_fatal }
        }
    };
    (recorded: $harness:expr) => {
        mod parcels_checks {
            use super::*;
            $crate::parcels_conformance! { @each $harness;
                what_a_channel_splits_and_combines_it_does
                a_failed_call_about_parcels_says_what_failed
                an_answer_about_parcels_cut_anywhere_is_asked_for_again
                what_stands_is_not_split_or_combined_twice
                a_split_that_got_lost_is_tried_again
                a_split_that_was_ignored_is_no_success
                a_plan_for_other_goods_is_never_sent
                an_order_that_climbs_is_never_split
            }
        }
    };
    (@each $harness:expr; $($check:ident)*) => {
        $(
            #[test]
            fn $check() {
                $crate::conformance::parcels::$check(&$harness);
            }
        )*
    };
}

/// What a call gave.
#[derive(Debug)]
enum Outcome {
    Splitting(Splitting),
    Split(Split),
    Package(Box<PackageSnapshot>),
    Packages(Vec<PackageSnapshot>),
    Groups(Page<Combinable>),
    Lacking,
}

fn reunion(channel: &dyn Channel) -> Option<&dyn Reunion> {
    channel.parcels().and_then(Parcels::reunion)
}

fn combining(channel: &dyn Channel) -> Option<&dyn Combining> {
    channel.parcels().and_then(Parcels::combining)
}

fn perform(
    harness: &dyn ParcelsHarness,
    parcelling: Parcelling,
    channel: &dyn Channel,
) -> Result<Outcome, ChannelError> {
    let Some(it) = harness.parcels_samples() else { return Ok(Outcome::Lacking) };
    let (account, order) = (harness.account(), it.order_id.as_str());
    let package = |package| Outcome::Package(Box::new(package));
    let (parcels, combining) = (channel.parcels(), combining(channel));
    let done = match parcelling {
        Parcelling::Splitting => {
            parcels.map(|them| now(them.splitting(&account, order)).map(Outcome::Splitting))
        }
        Parcelling::Split => {
            parcels.map(|them| now(them.split(&account, order, &it.plan)).map(Outcome::Split))
        }
        Parcelling::Unsplit => reunion(channel).map(|them| now(them.unsplit(&account, order)).map(package)),
        Parcelling::Combinable => {
            combining.map(|them| now(them.combinable(&account, None)).map(Outcome::Groups))
        }
        Parcelling::Combine => combining.map(|them| now(them.combine(&account, &it.group)).map(package)),
        Parcelling::TakeApart => combining.map(|them| {
            now(them.take_apart(&account, &it.combined_id, &it.group.orders)).map(Outcome::Packages)
        }),
    };
    done.unwrap_or(Ok(Outcome::Lacking))
}

/// The calls about parcels under trial.
fn trial<R>(harness: &dyn ParcelsHarness, run: impl FnOnce(&Trial<'_, Parcelling, Outcome>) -> R) -> R {
    run(&Trial {
        harness,
        calls: &Parcelling::ALL,
        script: &|parcelling| harness.parcels_script(parcelling),
        perform: &|parcelling, channel| perform(harness, parcelling, channel),
    })
}

#[track_caller]
fn succeed(harness: &dyn ParcelsHarness, parcelling: Parcelling, steps: Vec<Step>) -> Outcome {
    trial(harness, |it| it.succeed(parcelling, steps))
}

/// What has to stand after a call.
#[track_caller]
fn check(it: &ParcelsSamples, parcelling: Parcelling, outcome: &Outcome) {
    let carries_all =
        |package: &PackageSnapshot| it.group.orders.iter().all(|order| package.orders.contains(order));
    match outcome {
        Outcome::Splitting(splitting) => {
            assert!(matches!(splitting, Splitting::Possible { .. }), "{parcelling}: {splitting:?}");
        }
        Outcome::Split(Split::Standing(packages)) => {
            let lines = packages.iter().map(|package| package.lines.as_slice());
            assert!(it.plan.stands(lines), "{parcelling}: {packages:?}");
        }
        Outcome::Split(Split::Coming) => {}
        Outcome::Package(package) if parcelling == Parcelling::Combine => {
            assert!(carries_all(package), "{parcelling}: {package:?}");
            assert_eq!(package.external_id, it.combined_id, "{parcelling}");
        }
        Outcome::Package(package) => assert!(package.orders.contains(&it.order_id), "{package:?}"),
        Outcome::Packages(packages) => {
            assert!(packages.len() >= it.group.orders.len(), "{parcelling}: {packages:?}");
            assert!(packages.iter().all(|package| package.orders.len() == 1), "{parcelling}: {packages:?}");
        }
        Outcome::Groups(page) => assert!(page.items.contains(&it.group), "{parcelling}: {page:?}"),
        Outcome::Lacking => panic!("{parcelling} has a script and the channel lacks it"),
    }
}

/// Each capability that has a script succeeds with it; one without a script is none.
pub fn what_a_channel_splits_and_combines_it_does(harness: &dyn ParcelsHarness) {
    for parcelling in Parcelling::ALL {
        let Some(steps) = harness.parcels_script(parcelling) else {
            let (channel, _) = scripted(harness, Vec::new());
            let has = match parcelling {
                Parcelling::Splitting | Parcelling::Split => channel.parcels().is_some(),
                Parcelling::Unsplit => reunion(channel.as_ref()).is_some(),
                Parcelling::Combinable | Parcelling::Combine | Parcelling::TakeApart => {
                    combining(channel.as_ref()).is_some()
                }
            };
            assert!(!has, "{parcelling} has no script, and the channel has it");
            continue;
        };
        let it = harness.parcels_samples().expect("a channel with scripts has samples");
        check(&it, parcelling, &succeed(harness, parcelling, steps));
    }
}

/// Nothing, 5xx, 429, a refused token, a missing permission.
pub fn a_failed_call_about_parcels_says_what_failed(harness: &dyn ParcelsHarness) {
    trial(harness, a_failed_call_says_what_failed);
}

/// The answer to a write may say nothing, as what counts is read back.
pub fn an_answer_about_parcels_cut_anywhere_is_asked_for_again(harness: &dyn ParcelsHarness) {
    let judge = |parcelling, at, step: &Step, outcome: Result<Outcome, ChannelError>| match outcome {
        Ok(outcome) => {
            let is_needed = at == 0 && step.is_read();
            assert!(!is_needed, "{parcelling} took a broken answer for a good one at step {at}: {outcome:?}");
        }
        Err(error) => {
            let is_retried = matches!(error.verdict(), Verdict::Retry { .. });
            assert!(is_retried, "{parcelling}: a broken answer at step {at} is asked for again: {error}");
        }
    };
    trial(harness, |it| it.cut_each(CUT_STRIDE, judge));
}

/// A number, text, list, object or nothing where something else was.
pub fn an_odd_value_in_a_parcel_is_never_fatal(harness: &dyn ParcelsHarness) {
    let judge = |parcelling, at, _: &Step, outcome: Result<Outcome, ChannelError>| {
        let Err(error) = outcome else { return };
        let is_retried = matches!(error.verdict(), Verdict::Retry { .. });
        // What seems to hold other goods, or to stand elsewhere, is not split.
        let says_no = matches!(
            error.kind,
            ErrorKind::Refused { .. } | ErrorKind::PermissionMissing | ErrorKind::AddressNotAllowed
        );
        assert!(
            is_retried || says_no,
            "{parcelling}: an odd value at step {at} has to be read over or asked for again: {error}"
        );
    };
    trial(harness, |it| it.replace_each_value(judge));
}

/// A write whose outcome was lost is looked for before it is tried again.
pub fn what_stands_is_not_split_or_combined_twice(harness: &dyn ParcelsHarness) {
    for parcelling in Parcelling::ALL.into_iter().filter(|it| it.is_write()) {
        let Some(ordinary) = harness.parcels_script(parcelling) else {
            assert!(harness.parcelled_already(parcelling).is_none(), "{parcelling} is lacking");
            continue;
        };
        let done = harness.parcelled_already(parcelling).expect("a write has a script for one that was done");
        assert_eq!(
            (writes(&ordinary), writes(&done)),
            (1, 0),
            "{parcelling}: one write, and none when it is done"
        );
        assert!(ordinary[0].is_read(), "{parcelling}: what stands is looked at first");
        let it = harness.parcels_samples().expect("a channel with scripts has samples");
        check(&it, parcelling, &succeed(harness, parcelling, done));
    }
}

/// Whether it arrived nobody knows: the next try looks.
pub fn a_split_that_got_lost_is_tried_again(harness: &dyn ParcelsHarness) {
    let judge =
        |parcelling: Parcelling, at, step: &Step, outcome: Result<Outcome, ChannelError>| match outcome {
            Ok(outcome) => assert!(
                !parcelling.is_write() || step.is_read(),
                "{parcelling} calls a write done whose step {at} failed: {outcome:?}"
            ),
            Err(error) => {
                assert!(matches!(error.verdict(), Verdict::Retry { .. }), "{parcelling}: {error}");
            }
        };
    trial(harness, |it| it.lose_each(judge));
}

/// What the platform shows counts, not what it says.
pub fn a_split_that_was_ignored_is_no_success(harness: &dyn ParcelsHarness) {
    for parcelling in Parcelling::ALL.into_iter().filter(|it| it.is_write()) {
        let Some(steps) = harness.parcelling_ignored(parcelling) else {
            assert!(harness.parcels_script(parcelling).is_none(), "{parcelling}");
            continue;
        };
        let (outcome, script) = trial(harness, |it| it.attempt(parcelling, steps));
        let error = outcome.expect_err("a write that was ignored is no success");
        script.done();
        assert!(error.kind == ErrorKind::WriteNotApplied, "{parcelling}: {error}");
    }
}

/// What the package holds counts, not what it held when the plan was made.
pub fn a_plan_for_other_goods_is_never_sent(harness: &dyn ParcelsHarness) {
    let Some(steps) = harness.parcels_script(Parcelling::Split) else { return };
    let it = harness.parcels_samples().expect("a channel with scripts has samples");
    let looks = steps.into_iter().take_while(Step::is_read).collect::<Vec<_>>();
    let (channel, script) = scripted(harness, looks);
    let parcels = channel.parcels().expect("it splits");
    let error =
        now(parcels.split(&harness.account(), &it.order_id, &it.other_plan)).expect_err("other goods");
    script.done();
    assert!(matches!(error.kind, ErrorKind::Refused { .. }), "{error}");
}

/// Ids and cursors come back from a database and cannot turn one resource into another.
pub fn an_order_that_climbs_is_never_split(harness: &dyn ParcelsHarness) {
    let Some(it) = harness.parcels_samples() else { return };
    let (channel, _) = scripted(harness, Vec::new());
    let account = harness.account();
    let refused = |error: &ChannelError, what: &str| {
        assert!(error.kind == ErrorKind::AddressNotAllowed, "{what:?} was not refused: {error}");
    };
    for id in ["..", ".", "", "1/../2", "1,2"] {
        if let Some(parcels) = channel.parcels() {
            refused(&now(parcels.splitting(&account, id)).unwrap_err(), id);
            refused(&now(parcels.split(&account, id, &it.plan)).unwrap_err(), id);
        }
        if let Some(reunion) = reunion(channel.as_ref()) {
            refused(&now(reunion.unsplit(&account, id)).unwrap_err(), id);
        }
        if let Some(combining) = combining(channel.as_ref()) {
            let orders = vec![it.order_id.clone(), id.to_owned()];
            refused(&now(combining.take_apart(&account, &it.combined_id, &orders)).unwrap_err(), id);
            refused(&now(combining.take_apart(&account, id, &it.group.orders)).unwrap_err(), id);
            let group = Combinable { orders, ..it.group.clone() };
            refused(&now(combining.combine(&account, &group)).unwrap_err(), id);
            let group = Combinable { external_id: id.to_owned(), ..it.group.clone() };
            refused(&now(combining.combine(&account, &group)).unwrap_err(), id);
        }
    }
    for cursor in ["not a cursor", "../../users/me", "", "orders:0"] {
        if let Some(combining) = combining(channel.as_ref()) {
            assert!(now(combining.combinable(&account, Some(cursor))).is_err(), "{cursor}");
        }
    }
}
