//! Which listing the last units of a SKU go to, and why.

use std::time::Duration;

use domain::profit::best_margin;
use domain::{ListingId, Money, SkuId, Timestamp};
use store::listings::Listing;
use store::splits::SkuSplit;
use store::{StoreResult, Tenant};

/// Over how long it counts where a SKU earns most.
pub const MARGIN_OVER: Duration = Duration::from_hours(24 * 90);

/// Which listing, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastUnits {
    /// The one that the seller chose.
    Chosen(ListingId),
    /// A unit earned most there.
    Earns {
        /// The listing.
        listing: ListingId,
        /// What a unit earned.
        of_a_unit: Money,
    },
    /// It is to be where it earns most, and that is not known of any: as if nothing had been chosen.
    NothingKnown,
    /// The one that sells most.
    Most,
}

impl LastUnits {
    /// The listing, where it is known beforehand.
    #[must_use]
    pub const fn listing(self) -> Option<ListingId> {
        match self {
            Self::Chosen(listing) | Self::Earns { listing, .. } => Some(listing),
            Self::NothingKnown | Self::Most => None,
        }
    }

    /// Finds it. A listing that takes no quantity now gets nothing; of several of one account the first does.
    pub fn find(
        tenant: &mut Tenant<'_, '_>,
        sku: SkuId,
        listings: &[Listing],
        chosen: Option<SkuSplit>,
        now: Timestamp,
    ) -> StoreResult<Self> {
        let Some(chosen) = chosen else { return Ok(Self::Most) };
        if let Some(listing) = chosen.preferred {
            return Ok(Self::Chosen(listing));
        }
        if !chosen.by_margin {
            return Ok(Self::Most);
        }
        let takes = |listing: &&Listing| listing.ours && listing.state.takes_stock();
        let mut earned = tenant.earned_of(sku, now.minus(MARGIN_OVER))?;
        earned.retain(|earned| listings.iter().filter(takes).any(|listing| listing.connection == earned.at));
        let best = best_margin(&earned);
        let found = best.and_then(|best| {
            let listing = listings.iter().filter(takes).find(|listing| listing.connection == best.at)?;
            Some(Self::Earns { listing: listing.id, of_a_unit: best.of_a_unit()? })
        });
        Ok(found.unwrap_or(Self::NothingKnown))
    }
}
