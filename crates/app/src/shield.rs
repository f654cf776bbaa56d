//! The flash-sale shield in the house (`domain::shield` says what is held back, `docs/decisions/0040-shield.md` why).
//!
//! What a listing holds back is kept with the listing; whoever asks what it should show asks `Listing::told_from`. It
//! rises in the transaction of the sale that makes it necessary, and is looked at every few seconds while any of it is
//! left, until it is gone and the numbers are back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::shield::{BURST, HoldBack, LOOK_AT_BURST, Shield, Sold, is_burst, measured, span_of};
use domain::{ConnectionId, ListingId, OrganizationId, SkuId, Timestamp};
use store::listings::Listing;
use store::shield::{Measured, SoldBy};
use store::stock::Sku;
use store::{StoreResult, Tenant};

use crate::App;
use crate::error::AppError;
use crate::jobs::Work;
use crate::last_units::LastUnits;
use crate::split::head_of;

/// How many, and their sum.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: u32,
    sum: Duration,
}

impl Sum {
    fn add(&mut self, took: Duration) {
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(took);
    }

    fn mean(self) -> (u32, Duration) {
        (self.count, self.sum / self.count.max(1))
    }
}

/// Delays measured between two turns of the clockwork, in memory: a row for each account and turn is written, and not
/// one for each order. Those of a program that ends are lost; a mean can spare them.
#[derive(Debug, Default)]
pub(crate) struct Delays(Mutex<BTreeMap<(OrganizationId, ConnectionId), (Sum, Sum)>>);

impl Delays {
    fn hold(&self) -> MutexGuard<'_, BTreeMap<(OrganizationId, ConnectionId), (Sum, Sum)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self) -> Vec<(OrganizationId, ConnectionId, Measured)> {
        let taken = std::mem::take(&mut *self.hold());
        let measured = |((organization, connection), (news, writes)): ((_, _), (Sum, Sum))| {
            (organization, connection, Measured { news: news.mean(), writes: writes.mean() })
        };
        taken.into_iter().map(measured).collect()
    }
}

impl App {
    /// An order was taken in just now.
    pub(crate) fn measure_news(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        placed_at: Timestamp,
    ) {
        if let Some(took) = measured(placed_at, self.clock().now()) {
            self.delays.hold().entry((organization, connection)).or_default().0.add(took);
        }
    }

    /// A listing shows just now what it was to show since then.
    pub(crate) fn measure_write(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        wished_at: Option<Timestamp>,
    ) {
        if let Some(took) = wished_at.and_then(|wished_at| measured(wished_at, self.clock().now())) {
            self.delays.hold().entry((organization, connection)).or_default().1.add(took);
        }
    }

    /// A SKU was sold: whether it is a burst. Then its listings hold back what is necessary now, if that is more than
    /// they do.
    pub(crate) fn raise_shield(&self, tenant: &mut Tenant<'_, '_>, id: SkuId) -> StoreResult<bool> {
        let since = self.clock().now().minus(BURST);
        let sold: Vec<Sold> = tenant.sold_lately(id, since)?.into_iter().map(|by| by.sold).collect();
        let is_burst = is_burst(&sold);
        if is_burst {
            self.set_shield(tenant, id, |wanted, held| wanted > held)?;
        }
        Ok(is_burst)
    }

    /// Something that a kit contains sells in a burst: its listings hold back what is necessary now.
    pub(crate) fn raise_shield_of_kit(&self, tenant: &mut Tenant<'_, '_>, kit: SkuId) -> StoreResult<()> {
        self.set_shield(tenant, kit, |wanted, held| wanted > held)
    }

    /// Looks whether a burst is over.
    pub(crate) async fn look_at_burst(
        &self,
        organization: OrganizationId,
        id: SkuId,
    ) -> Result<(), AppError> {
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                // Sales of it wait until this is over.
                tenant.hold_skus(&[id])?;
                app.set_shield(tenant, id, |wanted, held| wanted != held)
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Looks at once, as the seller chose another shield.
    pub(crate) fn ask_for_look(&self, tenant: &mut Tenant<'_, '_>, id: SkuId) -> StoreResult<()> {
        self.ask_for_house(tenant, &Work::LookAtBurst { sku: id }, "another shield", self.clock().now())
    }

    /// Keeps what the listings of a SKU hold back from now on, of those where that `is_due`, and tells them. While any
    /// is held back, it is looked at again.
    fn set_shield(
        &self,
        tenant: &mut Tenant<'_, '_>,
        id: SkuId,
        is_due: impl Fn(i64, i64) -> bool,
    ) -> StoreResult<()> {
        let now = self.clock().now();
        let Some(sku) = tenant.sku(id)? else { return Ok(()) };
        let listings = tenant.listings_of_sku(id)?;
        let wanted = hold_backs(tenant, &sku, &listings, now)?;
        let mut is_any_held = false;
        let mut changed = Vec::new();
        for (listing, wanted) in listings.iter().zip(&wanted) {
            if is_due(wanted.units, listing.held_units) {
                tenant.hold_back(listing.id, wanted, now)?;
                changed.push(listing);
                is_any_held |= wanted.units > 0;
            } else {
                is_any_held |= listing.held_units > 0;
            }
        }
        for listing in changed.into_iter().filter(|listing| listing.ours) {
            self.tell_one(tenant, listing, sku.tally.version, now)?;
        }
        if is_any_held {
            let at = now.plus(LOOK_AT_BURST);
            self.ask_for_house(tenant, &Work::LookAtBurst { sku: id }, "units are held back", at)?;
        }
        Ok(())
    }
}

/// What each of a SKU's listings has to hold back.
fn hold_backs(
    tenant: &mut Tenant<'_, '_>,
    sku: &Sku,
    listings: &[Listing],
    now: Timestamp,
) -> StoreResult<Vec<HoldBack>> {
    let mut held = vec![HoldBack::default(); listings.len()];
    let chosen = tenant.sku_split(sku.id)?;
    let shield = chosen.map_or_else(Shield::default, |chosen| chosen.shield);
    if shield == Shield::Off || chosen.is_some_and(|chosen| chosen.is_split) {
        return Ok(held);
    }
    let parts = match tenant.recipe(sku.id)? {
        recipe if recipe.is_empty() => vec![(sku.id, 1)],
        recipe => recipe.into_iter().map(|part| (part.sku, part.units)).collect(),
    };
    let mut writes: Option<BTreeMap<ConnectionId, Duration>> = None;
    let mut sold_here = Vec::new();
    for (part, units) in parts {
        let sold_by = tenant.sold_lately(part, now.minus(BURST))?;
        let sold: Vec<Sold> = sold_by.iter().map(|by| by.sold).collect();
        if !is_burst(&sold) {
            continue;
        }
        if writes.is_none() {
            let connections = tenant.connections()?.into_iter();
            writes = Some(connections.map(|one| (one.id, one.write_delay.mean())).collect());
        }
        for (listing, held) in listings.iter().zip(&mut held) {
            let write = writes.as_ref().and_then(|writes| writes.get(&listing.connection));
            let own = head_of(listings, listing.id);
            let elsewhere =
                sold_by.iter().filter(|by| by.listing.is_none_or(|by| head_of(listings, by) != own));
            let write = write.copied().unwrap_or_default();
            let of_part = HoldBack::of(elsewhere.map(|by| &by.sold), span_of(&sold), write);
            let of_part = of_part.in_kits_of(units);
            if of_part.units > held.units {
                *held = of_part;
            }
        }
        sold_here = sold_by;
    }
    let chosen = LastUnits::find(tenant, sku.id, listings, chosen, now)?.listing();
    let last = has_the_last(sku, listings, chosen, &sold_here);
    let limit_units = shield.limit_units(sku.tally.available_units());
    for (listing, held) in listings.iter().zip(&mut held) {
        let is_last = last.is_some_and(|last| head_of(listings, listing.id) == head_of(listings, last));
        let is_told = listing.ours && listing.state.takes_stock() && !is_last;
        *held = if is_told { held.at_most(limit_units) } else { HoldBack::default() };
    }
    Ok(held)
}

/// The listing that holds nothing back: the one that the last units go to, or the one that sells most.
/// None of a kit or of what is in one: their units are offered by listings of other SKUs, too.
fn has_the_last(
    sku: &Sku,
    listings: &[Listing],
    chosen: Option<ListingId>,
    sold: &[SoldBy],
) -> Option<ListingId> {
    if sku.is_kit || sku.is_component {
        return None;
    }
    let can = |id: ListingId| {
        let listing = listings.iter().find(|listing| listing.id == id);
        listing.is_some_and(|listing| listing.ours && listing.state.takes_stock())
    };
    chosen.filter(|id| can(*id)).or_else(|| {
        let sold = sold.iter().filter_map(|by| Some((by.listing.filter(|id| can(*id))?, by.sold.units)));
        sold.max_by_key(|(id, units)| (*units, std::cmp::Reverse(*id))).map(|(id, _)| id)
    })
}
