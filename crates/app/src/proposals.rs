//! Which SKUs listings without one may sell, and what a person confirmed of that.

use domain::proposal::{Offered, Proposal, best, weigh};
use domain::{ListingId, ListingState, MemberId, OrganizationId, SkuId};
use store::listings::Listing;
use store::stock::Sku;
use store::{StoreError, StoreResult, Tenant};

use crate::App;
use crate::error::AppError;

/// Listings on a page of proposals, and links that are confirmed at once.
pub const MAX_AT_ONCE: usize = 25;
/// Tries to confirm while somebody else links the same listings at the same moment.
const MAX_TRIES: u32 = 3;

/// Why a link that was confirmed cannot be made any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    /// The listing has a SKU by now.
    Linked,
    /// The listing is over, or gone.
    Over,
    /// The SKU is gone, or its product was put away.
    Away,
    /// Listing or SKU were changed, so that nothing speaks for it any more.
    Changed,
}

impl Stale {
    /// The word in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Over => "over",
            Self::Away => "away",
            Self::Changed => "changed",
        }
    }
}

/// Why nothing was linked.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// More than [`MAX_AT_ONCE`], or one listing twice.
    #[error("at most {MAX_AT_ONCE} listings are linked at once, each to one SKU")]
    Picked,
    /// These cannot be linked so any more.
    #[error("{} proposals are stale", .0.len())]
    Stale(Vec<(ListingId, Stale)>),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for ConfirmError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

fn offered(listing: &Listing) -> Offered {
    let is_variation = !listing.variation_external_id.is_empty();
    Offered::read(&listing.title, is_variation, listing.seller_sku.as_deref())
}

/// The next listings without a SKU after `after`, each with its proposals, and one listing more than a page has.
///
/// # Errors
/// When the store fails.
pub fn page(
    tenant: &mut Tenant<'_, '_>,
    after: Option<ListingId>,
) -> StoreResult<Vec<(Listing, Vec<Proposal>)>> {
    let limit = u32::try_from(MAX_AT_ONCE).unwrap_or(u32::MAX).saturating_add(1);
    let listings = tenant.unlinked_page(after, limit)?;
    let with_proposals = |listing: Listing| {
        let offered = offered(&listing);
        let goods = tenant.goods_for(&offered, &listing.title)?;
        Ok((listing, best(&offered, &goods)))
    };
    listings.into_iter().map(with_proposals).collect()
}

/// A link that still can be made.
type Confirmed = (Listing, Sku);

impl App {
    /// Links each listing to the SKU that a person confirmed for it: all of them, or none.
    ///
    /// # Errors
    /// Why nothing was linked.
    pub async fn confirm_links(
        &self,
        organization: OrganizationId,
        member: MemberId,
        mut picked: Vec<(ListingId, SkuId)>,
    ) -> Result<(), ConfirmError> {
        // By SKU, as orders take their locks.
        picked.sort_unstable_by_key(|(listing, sku)| (*sku, *listing));
        let mut listings: Vec<ListingId> = picked.iter().map(|(listing, _)| *listing).collect();
        listings.sort_unstable();
        listings.dedup();
        if picked.len() > MAX_AT_ONCE || listings.len() != picked.len() {
            return Err(ConfirmError::Picked);
        }
        for _ in 1..MAX_TRIES {
            let done = self.try_links(organization, member, picked.clone()).await;
            let raced = matches!(&done, Err(ConfirmError::App(AppError::Store(StoreError::RowCount { .. }))));
            if !raced {
                return done;
            }
        }
        self.try_links(organization, member, picked).await
    }

    async fn try_links(
        &self,
        organization: OrganizationId,
        member: MemberId,
        picked: Vec<(ListingId, SkuId)>,
    ) -> Result<(), ConfirmError> {
        let app = self.clone();
        let done = self
            .organization(organization)
            .write(move |tenant| {
                // Products are not put away meanwhile.
                tenant.hold_catalogue()?;
                let (mut confirmed, mut stale) = (Vec::new(), Vec::new());
                for (listing, sku) in picked {
                    match confirm(tenant, listing, sku)? {
                        Ok(both) => confirmed.push(both),
                        Err(why) => stale.push((listing, why)),
                    }
                }
                if !stale.is_empty() {
                    return Ok(Err(ConfirmError::Stale(stale)));
                }
                app.link_confirmed(tenant, member, &confirmed).map(Ok)
            })
            .await?;
        self.jobs_came.notify_one();
        done
    }

    fn link_confirmed(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        confirmed: &[Confirmed],
    ) -> StoreResult<()> {
        for (listing, sku) in confirmed {
            if !tenant.link_unlinked(listing.id, sku.id)? {
                // Somebody linked it since it was looked up.
                return Err(StoreError::RowCount { expected: 1, touched: 0 });
            }
        }
        for (listing, sku) in confirmed {
            if !sku.is_kit {
                // Counts it by what the listing shows, if nobody counted it yet.
                self.sku_for(tenant, &sku.code, listing)?;
            }
            self.after_link(tenant, member, listing, Some(sku.id))?;
        }
        Ok(())
    }
}

/// Looks again whether a link can be made.
fn confirm(
    tenant: &mut Tenant<'_, '_>,
    listing: ListingId,
    sku: SkuId,
) -> StoreResult<Result<Confirmed, Stale>> {
    let Some(listing) = tenant.listing(listing)?.filter(|it| it.state != ListingState::Closed) else {
        return Ok(Err(Stale::Over));
    };
    if listing.sku.is_some() {
        return Ok(Err(Stale::Linked));
    }
    let (Some(goods), Some(sku)) = (tenant.goods(sku)?, tenant.sku(sku)?) else {
        return Ok(Err(Stale::Away));
    };
    Ok(weigh(&offered(&listing), &goods).map(|_| (listing, sku)).ok_or(Stale::Changed))
}
