//! What was published is followed until its platform has looked at it, and sells the shop's units from
//! the moment on at which it takes numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use connect::ListingSnapshot;
use domain::{Actor, ConnectionId, DraftId, ListingId, ListingState, OrganizationId, SkuId};
use store::drafts::MadeListing;
use store::{StoreResult, Tenant};

use crate::audit::Deed;
use crate::caller::Caller;
use crate::error::AppError;
use crate::jobs::Work;
use crate::{App, Change};

/// How often a listing under review is looked at: often while most reviews end, then seldom.
const PACE: [(Duration, Duration); 3] = [
    (Duration::from_mins(10), Duration::from_secs(30)),
    (Duration::from_hours(24), Duration::from_mins(10)),
    (Duration::from_hours(30 * 24), Duration::from_hours(1)),
];

/// When a listing that was made so long ago is looked at again; `None` once it is left to the
/// check of all listings.
fn next_look(age: Duration) -> Option<Duration> {
    PACE.into_iter().find(|(until, _)| age < *until).map(|(_, pause)| pause)
}

/// Whether there is nothing more to wait for.
fn is_settled(made: &MadeListing) -> bool {
    match made.state {
        Some(ListingState::Active | ListingState::Paused) => made.is_linked,
        Some(ListingState::Closed | ListingState::NeedsAttention) => true,
        Some(ListingState::UnderReview) | None => false,
    }
}

impl App {
    /// Looks where the listings of an offer stand, takes them in, and has them sell their SKUs.
    pub(crate) async fn follow_listings(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: DraftId,
    ) -> Result<(), AppError> {
        let found = self
            .organization(organization)
            .read(move |tenant| {
                let Some(held) = tenant.draft(id)? else { return Ok(None) };
                let Some(product) = tenant.product(held.product)? else { return Ok(None) };
                let codes: BTreeMap<String, SkuId> = product
                    .product
                    .variants
                    .into_iter()
                    .filter_map(|variant| Some((variant.code, variant.sku?)))
                    .collect();
                Ok(tenant.publication(id)?.map(|publication| (publication, codes)))
            })
            .await?;
        let Some((publication, codes)) = found else { return Ok(()) };
        let open: Vec<MadeListing> =
            publication.listings.into_iter().filter(|made| !is_settled(made)).collect();
        let Some(made_at) = open.iter().map(|made| made.made_at).min() else { return Ok(()) };
        let caller = self.caller(organization, connection).await?;
        let mut all_settled = true;
        for made in open {
            all_settled &= self.look_at(organization, &caller, id, made, &codes).await?;
        }
        let now = self.clock().now();
        if let Some(pause) = next_look(now.since(made_at)).filter(|_| !all_settled) {
            let app = self.clone();
            let work = Work::FollowListings { draft: id };
            self.organization(organization)
                .write(move |tenant| app.ask(tenant, connection, &work, "under review", now.plus(pause)))
                .await?;
        }
        self.announce(organization, Change::Connection(connection));
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Looks at one listing; true when there is nothing more to wait for.
    async fn look_at(
        &self,
        organization: OrganizationId,
        caller: &Caller,
        id: DraftId,
        made: MadeListing,
        codes: &BTreeMap<String, SkuId>,
    ) -> Result<bool, AppError> {
        let publishing = caller.channel.publishing().ok_or(AppError::NotFound("way to publish"))?;
        let read = publishing.standing(&caller.account, &made.external_id).await;
        let standing = caller.heard(read).await?;
        let read = caller.channel.listings().fetch(&caller.account, &made.external_id).await;
        let shown = caller.heard(read).await?;
        let (app, now, connection, codes) =
            (self.clone(), self.clock().now(), caller.connection.id, codes.clone());
        let after = MadeListing {
            state: Some(standing.state),
            platform_status: standing.platform_status,
            objections: standing.objections,
            ..made
        };
        let settled = self
            .organization(organization)
            .write(move |tenant| {
                let mut is_linked = !shown.is_empty();
                for snapshot in &shown {
                    is_linked &= app.take_in_made(tenant, connection, snapshot, &codes)?;
                }
                let after = MadeListing { is_linked, ..after };
                tenant.note_standing(id, &after, now)?;
                Ok(is_settled(&after))
            })
            .await?;
        Ok(settled)
    }

    /// Keeps a listing that an offer became; once its platform takes numbers, it sells the SKU of its code.
    /// True when there is nothing left to link.
    fn take_in_made(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        snapshot: &ListingSnapshot,
        codes: &BTreeMap<String, SkuId>,
    ) -> StoreResult<bool> {
        let now = self.clock().now();
        let id = ListingId::new(now, self.entropy());
        let listing = match tenant.listing_of(
            connection,
            &snapshot.key.external_id,
            snapshot.key.variation_external_id.as_deref().unwrap_or_default(),
        )? {
            // The sweep or a hook may have brought it; somebody may have linked it.
            Some(listing) if listing.sku.is_some() => return Ok(true),
            _ => tenant.keep_listing(id, connection, &crate::sweep::seen(snapshot), now)?,
        };
        let code = snapshot.seller_sku.as_deref().map(str::trim).unwrap_or_default();
        if !listing.ours {
            return Ok(true);
        }
        let sells = codes.get(code).copied().filter(|_| snapshot.state.takes_stock());
        let Some(sku) = sells else { return Ok(false) };
        tenant.link_listing(listing.id, Some(sku))?;
        self.settle_open_lines(tenant, &listing, sku, None)?;
        let deed = Deed::new(Actor::system("publishing"), "listing.linked", listing.id.to_string());
        self.outcome(tenant, &deed.with("sku", sku), "ok")?;
        let version = tenant.sku(sku)?.map_or(0, |sku| sku.tally.version);
        if version > 0 {
            self.tell_listings(tenant, sku, version, None, &[])?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    fn made(state: Option<ListingState>, is_linked: bool) -> MadeListing {
        MadeListing {
            external_id: "1".into(),
            state,
            platform_status: String::new(),
            is_linked,
            made_at: Timestamp::EPOCH,
            objections: Vec::new(),
        }
    }

    #[test]
    fn a_listing_is_followed_until_it_sells_or_has_ended() {
        assert!(!is_settled(&made(None, false)));
        assert!(!is_settled(&made(Some(ListingState::UnderReview), false)));
        assert!(!is_settled(&made(Some(ListingState::Active), false)), "its units are nobody's yet");
        assert!(is_settled(&made(Some(ListingState::Paused), true)));
        assert!(is_settled(&made(Some(ListingState::Closed), false)));
    }

    #[test]
    fn it_is_looked_at_less_often_and_then_no_more() {
        assert_eq!(next_look(Duration::ZERO), Some(Duration::from_secs(30)));
        assert_eq!(next_look(Duration::from_hours(1)), Some(Duration::from_mins(10)));
        assert_eq!(next_look(Duration::from_hours(48)), Some(Duration::from_hours(1)));
        assert_eq!(next_look(Duration::from_hours(31 * 24)), None);
    }
}
