//! Splitting: which of a package's goods go into which parcel. Pure: a plan is looked at
//! here before a platform sees it, and known again afterwards by what the parcels hold.

use std::collections::BTreeMap;

use crate::dispatch::PackageLine;

/// Why a package is split, for platforms that want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SplitReason {
    /// Something in it breaks easily.
    Fragile,
    /// Its goods lie in several places.
    OtherPlace,
    /// Its goods do not fit beside each other.
    Shape,
    /// It would be too large or too heavy.
    TooLarge,
    /// Any other.
    Other,
}

impl SplitReason {
    /// Every reason there is.
    pub const ALL: [Self; 5] = [Self::Fragile, Self::OtherPlace, Self::Shape, Self::TooLarge, Self::Other];
}

/// Why a plan is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitFault {
    /// All of it would go into one parcel.
    #[error("a package is split into two parcels or more")]
    OneParcel,
    /// A parcel has nothing in it.
    #[error("a parcel is empty")]
    EmptyParcel,
    /// A parcel has less than one unit of something.
    #[error("{0} has less than one unit")]
    NoUnits(String),
    /// Units go into no parcel.
    #[error("{units} units of {listing} are in no parcel")]
    UnitsLost {
        /// The listing.
        listing: String,
        /// How many.
        units: i64,
    },
    /// Units go into several parcels at once, or are not in the package at all.
    #[error("{units} units of {listing} are in the parcels and not in the package")]
    UnitsTwice {
        /// The listing.
        listing: String,
        /// How many.
        units: i64,
    },
    /// More parcels than the platform makes of one package.
    #[error("{parcels} parcels; the platform makes {most} at most")]
    TooManyParcels {
        /// Parcels of the plan.
        parcels: usize,
        /// The platform's most.
        most: usize,
    },
    /// Units of one line go into several parcels, and the platform keeps them together.
    #[error("the platform keeps all units of {0} in one parcel")]
    LineDivided(String),
}

/// How far a platform splits packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitLimits {
    /// Whether units of one line may go into several parcels.
    pub divides_lines: bool,
    /// Parcels that it makes of one package at most; `None` where it names no number.
    pub most_parcels: Option<usize>,
}

/// Goods by order, listing and variation, with their units.
type Goods<'a> = BTreeMap<(&'a str, &'a str, Option<&'a str>), i64>;

fn goods<'a>(lines: impl IntoIterator<Item = &'a PackageLine>) -> Goods<'a> {
    let mut goods = Goods::new();
    for line in lines {
        let variation = line.variation_external_id.as_deref();
        let key = (line.order_external_id.as_str(), line.listing_external_id.as_str(), variation);
        let units = goods.entry(key).or_insert(0);
        *units = units.saturating_add(line.units);
    }
    goods
}

/// Two parcels or more that hold all goods of a package, each unit once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitPlan {
    parcels: Vec<Vec<PackageLine>>,
    reason: SplitReason,
}

impl SplitPlan {
    /// A plan for a package that holds `whole`.
    ///
    /// # Errors
    /// One parcel only, an empty one, units that are lost or that come twice.
    pub fn new(
        whole: &[PackageLine],
        parcels: Vec<Vec<PackageLine>>,
        reason: SplitReason,
    ) -> Result<Self, SplitFault> {
        if parcels.len() < 2 {
            return Err(SplitFault::OneParcel);
        }
        if parcels.iter().any(Vec::is_empty) {
            return Err(SplitFault::EmptyParcel);
        }
        if let Some(line) = parcels.iter().flatten().find(|line| line.units < 1) {
            return Err(SplitFault::NoUnits(line.listing_external_id.clone()));
        }
        let plan = Self { parcels, reason };
        plan.fits(whole)?;
        Ok(plan)
    }

    /// What goes into each parcel.
    #[must_use]
    pub fn parcels(&self) -> &[Vec<PackageLine>] {
        &self.parcels
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> SplitReason {
        self.reason
    }

    /// Whether its parcels hold what a package holds: it may have changed since the plan was
    /// made.
    ///
    /// # Errors
    /// Units that are lost or that come twice.
    pub fn fits(&self, whole: &[PackageLine]) -> Result<(), SplitFault> {
        let (whole, planned) = (goods(whole), goods(self.parcels.iter().flatten()));
        for key in whole.keys().chain(planned.keys()) {
            let units = |of: &Goods<'_>| of.get(key).copied().unwrap_or_default();
            let (held, planned) = (units(&whole), units(&planned));
            let listing = key.1.to_owned();
            if planned < held {
                return Err(SplitFault::UnitsLost { listing, units: held.saturating_sub(planned) });
            }
            if planned > held {
                return Err(SplitFault::UnitsTwice { listing, units: planned.saturating_sub(held) });
            }
        }
        Ok(())
    }

    /// Whether a platform splits so far.
    ///
    /// # Errors
    /// Too many parcels, or a line that would be divided.
    pub fn keeps_to(&self, limits: SplitLimits) -> Result<(), SplitFault> {
        let parcels = self.parcels.len();
        if let Some(most) = limits.most_parcels.filter(|most| parcels > *most) {
            return Err(SplitFault::TooManyParcels { parcels, most });
        }
        let mut seen = Goods::new();
        for goods in self.parcels.iter().map(goods) {
            for (key, units) in goods {
                let is_divided = seen.insert(key, units).is_some();
                if is_divided && !limits.divides_lines {
                    return Err(SplitFault::LineDivided(key.1.to_owned()));
                }
            }
        }
        Ok(())
    }

    /// Whether it stands: these packages hold what its parcels do, in whatever order.
    #[must_use]
    pub fn stands<'a>(&self, packages: impl IntoIterator<Item = &'a [PackageLine]>) -> bool {
        let mut planned: Vec<Goods<'_>> = self.parcels.iter().map(goods).collect();
        let mut standing: Vec<Goods<'_>> = packages.into_iter().map(goods).collect();
        planned.sort_unstable();
        standing.sort_unstable();
        planned == standing
    }
}

/// Whether a package can be split now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Splitting {
    /// It can.
    Possible {
        /// How far.
        limits: SplitLimits,
        /// Why the platform wants it split, in its words; empty where it only may be.
        must: Vec<String>,
    },
    /// It is in several parcels already.
    Done,
    /// It cannot, for this reason in the platform's words.
    Impossible(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(listing: &str, units: i64) -> PackageLine {
        PackageLine {
            order_external_id: "O1".into(),
            listing_external_id: listing.into(),
            variation_external_id: None,
            units,
        }
    }

    fn plan(parcels: &[&[PackageLine]]) -> Result<SplitPlan, SplitFault> {
        let whole = [line("mug", 2), line("lid", 1)];
        SplitPlan::new(&whole, parcels.iter().map(|it| it.to_vec()).collect(), SplitReason::Fragile)
    }

    #[test]
    fn a_plan_puts_every_unit_into_one_of_several_parcels() {
        let plan = plan(&[&[line("mug", 1)], &[line("mug", 1), line("lid", 1)]]).unwrap();
        assert_eq!((plan.parcels().len(), plan.reason()), (2, SplitReason::Fragile));
    }

    #[test]
    fn a_unit_that_is_lost_is_named() {
        let lost = plan(&[&[line("mug", 1)], &[line("lid", 1)]]).unwrap_err();
        assert_eq!(lost, SplitFault::UnitsLost { listing: "mug".into(), units: 1 });
    }

    #[test]
    fn a_unit_that_comes_twice_or_from_nowhere_is_named() {
        let twice = plan(&[&[line("mug", 2)], &[line("mug", 1), line("lid", 1)]]).unwrap_err();
        assert_eq!(twice, SplitFault::UnitsTwice { listing: "mug".into(), units: 1 });
        let stranger = plan(&[&[line("mug", 2)], &[line("lid", 1), line("cup", 3)]]).unwrap_err();
        assert_eq!(stranger, SplitFault::UnitsTwice { listing: "cup".into(), units: 3 });
        let mut of_another = line("lid", 1);
        of_another.order_external_id = "O2".into();
        assert!(plan(&[&[line("mug", 2)], &[of_another]]).is_err(), "another order's lid is another lid");
    }

    #[test]
    fn one_parcel_an_empty_one_and_less_than_a_unit_are_no_plan() {
        assert_eq!(plan(&[]), Err(SplitFault::OneParcel));
        assert_eq!(plan(&[&[line("mug", 2), line("lid", 1)]]), Err(SplitFault::OneParcel));
        assert_eq!(plan(&[&[line("mug", 2), line("lid", 1)], &[]]), Err(SplitFault::EmptyParcel));
        for units in [0, -1, i64::MIN] {
            let none = plan(&[&[line("mug", 2), line("lid", 1)], &[line("lid", units)]]);
            assert_eq!(none, Err(SplitFault::NoUnits("lid".into())));
        }
        assert!(plan(&[&[line("mug", i64::MAX)], &[line("mug", i64::MAX), line("lid", 1)]]).is_err());
    }

    #[test]
    fn a_package_that_changed_since_is_another() {
        let plan = plan(&[&[line("mug", 2)], &[line("lid", 1)]]).unwrap();
        assert_eq!(plan.fits(&[line("lid", 1), line("mug", 1), line("mug", 1)]), Ok(()));
        assert!(plan.fits(&[line("mug", 2)]).is_err());
        assert!(plan.fits(&[line("mug", 3), line("lid", 1)]).is_err());
    }

    #[test]
    fn a_plan_keeps_to_what_the_platform_does() {
        let limits = |divides_lines, most_parcels| SplitLimits { divides_lines, most_parcels };
        let whole = plan(&[&[line("mug", 2)], &[line("lid", 1)]]).unwrap();
        assert_eq!(whole.keeps_to(limits(false, Some(2))), Ok(()));
        let divided = plan(&[&[line("mug", 1)], &[line("mug", 1)], &[line("lid", 1)]]).unwrap();
        assert_eq!(divided.keeps_to(limits(true, None)), Ok(()));
        assert_eq!(divided.keeps_to(limits(false, None)), Err(SplitFault::LineDivided("mug".into())));
        let fault = SplitFault::TooManyParcels { parcels: 3, most: 2 };
        assert_eq!(divided.keeps_to(limits(true, Some(2))), Err(fault));
        // Two rows of the same in one parcel are one.
        let rows = plan(&[&[line("mug", 1), line("mug", 1)], &[line("lid", 1)]]).unwrap();
        assert_eq!(rows.keeps_to(limits(false, None)), Ok(()));
    }

    #[test]
    fn a_plan_is_known_again_by_what_the_parcels_hold() {
        let plan = plan(&[&[line("mug", 2)], &[line("lid", 1)]]).unwrap();
        let (mugs, one, lid) = ([line("mug", 2)], [line("mug", 1)], [line("lid", 1)]);
        let rows = [line("mug", 1), line("mug", 1)];
        assert!(plan.stands([&lid[..], &mugs[..]]));
        assert!(plan.stands([&rows[..], &lid[..]]));
        for other in [vec![&mugs[..]], vec![&one[..], &lid[..]], vec![&mugs[..], &lid[..], &lid[..]], vec![]]
        {
            assert!(!plan.stands(other.clone()), "{other:?}");
        }
    }
}
