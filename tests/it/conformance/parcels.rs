//! A shipment split at the sandbox, each call recorded once.

use std::time::Duration;

use connect::conformance::parcels::{Parcelling, ParcelsHarness, ParcelsSamples};
use connect::conformance::{Step, now};
use connect::{Account, Channel, Combinable, ErrorKind, Split};
use domain::ManualClock;
use domain::parcels::{SplitPlan, SplitReason};
use sandbox::SaleRequest;

use super::packages::{A_WHILE, wait};
use super::{Recorded, Recorder, Shelves};

/// What was asked and answered.
pub(super) struct Recording {
    samples: ParcelsSamples,
    splitting: Vec<Step>,
    split: Vec<Step>,
    already: Vec<Step>,
    ignored: Vec<Step>,
}

/// What every call asked and was answered, of one more sale of two units of `item`.
pub(super) fn record(
    channel: &dyn Channel,
    recorder: &Recorder,
    account: &Account,
    clock: &ManualClock,
    item: &str,
) -> Recording {
    let sale = SaleRequest::of_item(item, 2);
    let order = recorder.market.sandbox().sell(&sale).expect("the item is on sale")[0].to_string();
    wait(recorder, clock, A_WHILE);
    let packages = channel.packages().expect("the channel has packages");
    let parcels = channel.parcels().expect("the channel splits");
    let package = now(packages.of_order(account, &order)).expect("its packages").swap_remove(0);
    let plan = |units: [i64; 2]| {
        let part = |units| vec![domain::dispatch::PackageLine { units, ..package.lines[0].clone() }];
        let whole = part(units.iter().sum());
        SplitPlan::new(&whole, units.map(part).to_vec(), SplitReason::Fragile).expect("two parcels")
    };
    let wanted = plan([1, 1]);
    let (outcome, splitting) = recorder.record(|| now(parcels.splitting(account, &order)));
    outcome.expect("an answer");
    let split = || recorder.record(|| now(parcels.split(account, &order, &wanted)));
    recorder.noted().ignores_writes = true;
    let (outcome, ignored) = split();
    assert_eq!(outcome.expect_err("an ignored write").kind, ErrorKind::WriteNotApplied);
    recorder.noted().ignores_writes = false;
    let (outcome, of_split) = split();
    assert_eq!(outcome.expect("it is split"), Split::Coming);
    wait(recorder, clock, Duration::from_mins(1));
    let (outcome, already) = split();
    assert_eq!(outcome.expect("it was split"), Split::Coming);
    let samples = ParcelsSamples {
        order_id: order,
        plan: wanted.clone(),
        other_plan: plan([1, 2]),
        group: Combinable { external_id: String::new(), orders: Vec::new() },
        combined_id: package.external_id.clone(),
    };
    Recording { samples, splitting, split: of_split, already, ignored }
}

impl Recorded {
    fn parcels(&self) -> &Recording {
        assert!(self.shelves == Shelves::One, "depots change nothing of splitting");
        self.parcels.as_ref().expect("a split was recorded")
    }
}

impl ParcelsHarness for Recorded {
    fn parcels_samples(&self) -> Option<ParcelsSamples> {
        Some(self.parcels().samples.clone())
    }

    fn parcels_script(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        match parcelling {
            Parcelling::Splitting => Some(self.parcels().splitting.clone()),
            Parcelling::Split => Some(self.parcels().split.clone()),
            Parcelling::Unsplit | Parcelling::Combinable | Parcelling::Combine | Parcelling::TakeApart => {
                None
            }
        }
    }

    fn parcelled_already(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        (parcelling == Parcelling::Split).then(|| self.parcels().already.clone())
    }

    fn parcelling_ignored(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        (parcelling == Parcelling::Split).then(|| self.parcels().ignored.clone())
    }
}

connect::parcels_conformance!(recorded: Recorded::of(Shelves::One));
