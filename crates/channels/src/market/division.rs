//! What all channels make of splitting in the same way.

use connect::{ChannelError, ErrorKind, Split};
use domain::dispatch::{PackageSnapshot, PackageState};
use domain::parcels::{SplitLimits, SplitPlan};

use super::refusal;

/// What a split has to do with packages that were looked at first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing: it stands.
    Done,
    /// Split the only one.
    Split,
}

/// A split or combination that cannot be.
pub(super) fn refuse(operation: &'static str, code: &str, message: &str) -> ChannelError {
    ChannelError::new(refusal::dispatch(code, message), operation)
}

/// Packages without those that are off, which hold nothing any more.
pub(super) fn standing(packages: Vec<PackageSnapshot>) -> Vec<PackageSnapshot> {
    packages.into_iter().filter(|package| package.state != PackageState::Cancelled).collect()
}

/// Whether the packages of an order, as they stand, are to be split by this plan; the reason
/// where they cannot be.
pub(super) fn look(
    operation: &'static str,
    packages: &[PackageSnapshot],
    plan: &SplitPlan,
    limits: SplitLimits,
) -> Result<Look, ChannelError> {
    let [package] = packages else {
        return match packages {
            [] => Err(no_package(operation)),
            several if stands(several, plan) => Ok(Look::Done),
            _ => Err(refuse(operation, "split_otherwise", "the order is split in another way")),
        };
    };
    if package.by_platform {
        let message = "the platform sends this package itself";
        return Err(refuse(operation, "sent_by_platform", message));
    }
    let fault = plan.fits(&package.lines).and_then(|()| plan.keeps_to(limits));
    match fault {
        Ok(()) => Ok(Look::Split),
        Err(fault) => Err(refuse(operation, "plan_not_possible", &fault.to_string())),
    }
}

/// An order without a package that could be split.
pub(super) fn no_package(operation: &'static str) -> ChannelError {
    refuse(operation, "no_package", "the order has no package that is to be sent")
}

fn stands(packages: &[PackageSnapshot], plan: &SplitPlan) -> bool {
    plan.stands(packages.iter().map(|package| package.lines.as_slice()))
}

/// The split packages, as they are read back.
pub(super) fn split(
    operation: &'static str,
    packages: Vec<PackageSnapshot>,
    plan: &SplitPlan,
) -> Result<Split, ChannelError> {
    if stands(&packages, plan) {
        return Ok(Split::Standing(packages));
    }
    Err(ChannelError::new(ErrorKind::WriteNotApplied, operation))
}

#[cfg(test)]
mod unit {
    use domain::ChannelKind;
    use domain::dispatch::{InvoiceState, PackageLine};
    use domain::parcels::SplitReason;

    use super::*;

    const LIMITS: SplitLimits = SplitLimits { divides_lines: false, most_parcels: Some(2) };

    fn line(listing: &str) -> PackageLine {
        PackageLine {
            order_external_id: "O1".into(),
            listing_external_id: listing.into(),
            variation_external_id: None,
            units: 1,
        }
    }

    fn package(listings: &[&str], state: PackageState) -> PackageSnapshot {
        PackageSnapshot {
            channel: ChannelKind::Shopee,
            external_id: "P1".into(),
            orders: vec!["O1".into()],
            lines: listings.iter().map(|listing| line(listing)).collect(),
            state,
            platform_status: "WORD".into(),
            carrier: None,
            tracking_code: None,
            invoice: InvoiceState::NotAsked,
            by_platform: false,
            ship_by: None,
            size: None,
        }
    }

    fn plan() -> SplitPlan {
        let parcels = vec![vec![line("mug")], vec![line("lid")]];
        SplitPlan::new(&[line("mug"), line("lid")], parcels, SplitReason::Other).unwrap()
    }

    fn looked(packages: Vec<PackageSnapshot>) -> Result<Look, String> {
        look("x", &standing(packages), &plan(), LIMITS).map_err(|error| {
            let ErrorKind::Refused { code, .. } = error.kind else { panic!("{error}") };
            code
        })
    }

    #[test]
    fn what_stands_is_left_alone_and_what_cannot_be_split_says_why() {
        let open = |listings: &[&str]| package(listings, PackageState::ToArrange);
        let refused = |code: &str| Err(code.to_owned());
        assert_eq!(looked(vec![open(&["lid", "mug"])]), Ok(Look::Split));
        assert_eq!(looked(vec![open(&["lid"]), open(&["mug"])]), Ok(Look::Done));
        assert_eq!(looked(vec![]), refused("no_package"));
        assert_eq!(looked(vec![package(&["lid", "mug"], PackageState::Cancelled)]), refused("no_package"));
        assert_eq!(looked(vec![open(&["mug", "lid"]), open(&["cup"])]), refused("split_otherwise"));
        assert_eq!(looked(vec![open(&["mug"])]), refused("plan_not_possible"));
        let off = package(&["lid", "mug"], PackageState::Cancelled);
        assert_eq!(looked(vec![off, open(&["lid"]), open(&["mug"])]), Ok(Look::Done));
        let full = PackageSnapshot { by_platform: true, ..open(&["lid", "mug"]) };
        assert_eq!(looked(vec![full]), refused("sent_by_platform"));
    }

    #[test]
    fn a_split_that_is_not_there_was_not_applied() {
        let whole = vec![package(&["lid", "mug"], PackageState::ToArrange)];
        assert_eq!(split("x", whole, &plan()).unwrap_err().kind, ErrorKind::WriteNotApplied);
        let two = ["lid", "mug"].map(|one| package(&[one], PackageState::ToArrange)).to_vec();
        assert_eq!(split("x", two.clone(), &plan()).unwrap(), Split::Standing(two));
    }
}
