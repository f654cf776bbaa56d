//! Way 1, the end: a listing is told its quantity. Always the absolute quantity, computed
//! from the ledger when it is sent; never more often than it changes.
//!
//! An absolute write can erase a sale that we have not seen yet. So the platform is read
//! first and written only when it shows another number; a number that moved without us
//! is taken for an unseen sale and the orders are read before anything is raised; and a
//! sale near one of our writes makes the selling listing be looked at again (`ingest`).

use std::time::Duration;

use connect::{ErrorKind, ListingKey, ListingSnapshot, StockControl};
use domain::kit::is_kit_version;
use domain::listing::decide_push;
use domain::{Actor, ConnectionId, ListingId, ListingState, OrganizationId, Push, SkuId, Tally, Timestamp};
use store::jobs::Job;
use store::listings::Listing;
use store::{StoreResult, Tenant};

use crate::App;
use crate::audit::Deed;
use crate::caller::Caller;
use crate::error::AppError;
use crate::jobs::Work;
use crate::steps;

/// Tries that wait for the orders behind a number that moved without us. Then the ledger
/// is believed: the orders were read meanwhile.
const TRIES_FOR_UNSEEN_SALES: u32 = 3;
/// How soon after a suspicious number the orders are looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long after a write a listing is written again: what changed meanwhile is told in one
/// number, and a burst of sales does not use up what the account may ask of its platform.
const WRITES_APART: Duration = Duration::from_secs(1);

impl App {
    /// Tells a listing its quantity. False when it has to be told nothing, or not yet, and
    /// nobody was called.
    pub(crate) async fn push_stock(
        &self,
        organization: OrganizationId,
        id: ListingId,
        job: &Job,
    ) -> Result<bool, AppError> {
        let found = move |tenant: &mut Tenant<'_, '_>| {
            let Some(listing) = tenant.listing(id)? else { return Ok(None) };
            Ok(Some((listing, tenant.is_split_listing(id)?)))
        };
        let Some((listing, is_split)) = self.organization(organization).read(found).await? else {
            return Ok(false);
        };
        if let Some(at) = self.not_before(&listing) {
            return self.push_later(organization, &listing, &job.cause, at).await.map(|()| false);
        }
        if is_split && let Some(called) = self.push_split(organization, id).await? {
            return Ok(called);
        }
        let Some((listing, tally)) = self.due(organization, id).await? else { return Ok(false) };
        self.align(organization, listing, tally, job.attempts).await.map(|()| true)
    }

    /// Until when a listing that was just written is left alone. A clock that was put back
    /// keeps nobody waiting.
    fn not_before(&self, listing: &Listing) -> Option<Timestamp> {
        let (sent, now) = (listing.sent_at?, self.clock().now());
        let again = sent.plus(WRITES_APART);
        (sent <= now && now < again).then_some(again)
    }

    async fn push_later(
        &self,
        organization: OrganizationId,
        listing: &Listing,
        cause: &str,
        at: Timestamp,
    ) -> Result<(), AppError> {
        let (app, connection, cause) = (self.clone(), listing.connection, cause.to_owned());
        let work = Work::PushStock { listing: listing.id };
        self.organization(organization)
            .write(move |tenant| app.ask(tenant, connection, &work, &cause, at))
            .await?;
        self.wake_at(at);
        Ok(())
    }

    async fn align(
        &self,
        organization: OrganizationId,
        listing: Listing,
        tally: Tally,
        attempts: u32,
    ) -> Result<(), AppError> {
        let id = listing.id;
        let connection = listing.connection;
        let caller = self.caller(organization, connection).await?;
        let read = caller.channel.listings().fetch(&caller.account, &listing.external_id).await;
        let seen = caller.heard(read).await?;
        let Some(seen) = seen.into_iter().find(|seen| is_same(&listing, &seen.key)) else {
            // The variation is gone: nobody can buy it, there is nothing to tell.
            return self.settle(organization, &listing, 0, tally.version).await;
        };
        if seen.stock_control == StockControl::Platform || seen.state == ListingState::Closed {
            return self.settle_unwritten(organization, &listing, &seen, tally.version).await;
        }
        // The ledger may have moved on while the platform was read.
        let Some((listing, tally)) = self.due(organization, id).await? else { return Ok(()) };
        match decide_push(seen.state, seen.quantity_units, tally, caller.channel.spec().max_quantity_units) {
            Push::Nothing => self.settle(organization, &listing, seen.quantity_units, tally.version).await,
            Push::NotWritable => {
                self.settle_unwritten(organization, &listing, &seen, 0).await?;
                Err(connect::ChannelError::new(ErrorKind::NotWritable, "write stock").into())
            }
            Push::Write { quantity_units } => {
                let moved_without_us = seen.quantity_units < listing.shown_units;
                if moved_without_us
                    && quantity_units > seen.quantity_units
                    && attempts <= TRIES_FOR_UNSEEN_SALES
                {
                    self.look_for_unseen_sales(organization, connection).await?;
                    return Err(AppError::NotYet("the quantity moved without us; its orders are read first"));
                }
                self.write(organization, &listing, tally, quantity_units, &caller).await
            }
        }
    }

    /// The listing and the sums that it is told from, if it still has to be told something.
    async fn due(
        &self,
        organization: OrganizationId,
        id: ListingId,
    ) -> Result<Option<(Listing, Tally)>, AppError> {
        Ok(self
            .organization(organization)
            .read(move |tenant| {
                let Some(listing) = tenant.listing(id)? else { return Ok(None) };
                let Some(sku) = listing.sku else { return Ok(None) };
                if tenant.due_version(id)?.is_none() {
                    return Ok(None);
                }
                Ok(tenant.sku(sku)?.map(|sku| {
                    let tally = listing.told_from(sku.tally);
                    (listing, tally)
                }))
            })
            .await?)
    }

    async fn write(
        &self,
        organization: OrganizationId,
        listing: &Listing,
        tally: Tally,
        units: i64,
        caller: &Caller,
    ) -> Result<(), AppError> {
        let (app, id, now) = (self.clone(), listing.id, self.clock().now());
        let deed = Deed::new(Actor::system("fan-out"), "listing.stock_written", id.to_string())
            .with("units", units)
            .with("ledger_version", tally.version);
        let kept = deed.clone();
        let sku = listing.sku;
        let is_shared = self
            .organization(organization)
            .write(move |tenant| {
                // It may have been split since: then its units are not for this write to say.
                let chosen = sku.map(|sku| tenant.hold_sku_split(sku)).transpose()?.flatten();
                if chosen.is_some_and(|chosen| chosen.is_split) {
                    return Ok(false);
                }
                tenant.note_sent(id, units, now)?;
                app.intent(tenant, &kept).map(|()| true)
            })
            .await?;
        if !is_shared {
            return Ok(());
        }
        self.step(steps::STOCK_ANNOUNCED)?;
        let key = key_of(listing);
        let written = caller.channel.stock().write(&caller.account, &key, units).await;
        self.step(steps::STOCK_WRITTEN)?;
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                let (app, why) = (self.clone(), error.to_string());
                self.organization(organization)
                    .write(move |tenant| app.not_done(tenant, &deed, crate::audit::NotDone::Failed, &why))
                    .await?;
                return caller.heard(Err(error)).await;
            }
        };
        let (app, now, version, shown) =
            (self.clone(), self.clock().now(), tally.version, written.quantity_units);
        let told = Told::of(listing, version);
        let wished_at = self
            .organization(organization)
            .write(move |tenant| {
                let wished_at = tenant.wished_at(id)?;
                confirm(tenant, told, shown, now)?;
                app.outcome(tenant, &deed, "confirmed").map(|()| wished_at)
            })
            .await?;
        self.measure_write(organization, listing.connection, wished_at);
        self.step(steps::STOCK_NOTED)
    }

    /// It shows what it should: nothing was written, the outbox is settled.
    async fn settle(
        &self,
        organization: OrganizationId,
        listing: &Listing,
        shown: i64,
        version: i64,
    ) -> Result<(), AppError> {
        let (told, now) = (Told::of(listing, version), self.clock().now());
        self.organization(organization).write(move |tenant| confirm(tenant, told, shown, now)).await?;
        Ok(())
    }

    /// It takes no writes: what it shows is noted, and with `version` the outbox settled.
    async fn settle_unwritten(
        &self,
        organization: OrganizationId,
        listing: &Listing,
        seen: &ListingSnapshot,
        version: i64,
    ) -> Result<(), AppError> {
        let (id, told, now) = (listing.id, Told::of(listing, version), self.clock().now());
        let (units, state, status) = (seen.quantity_units, seen.state, seen.platform_status.clone());
        self.organization(organization)
            .write(move |tenant| {
                tenant.note_shown(id, units, state, &status, now)?;
                if version > 0 {
                    confirm(tenant, told, units, now)?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    async fn look_for_unseen_sales(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
    ) -> Result<(), AppError> {
        let (app, at) = (self.clone(), self.clock().now().plus(LOOK_AGAIN));
        self.organization(organization)
            .write(move |tenant| app.ask(tenant, connection, &Work::Sweep, "a quantity moved without us", at))
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }
}

/// What a listing was told, or found to show: of which SKU, which version, and with how much held back.
#[derive(Debug, Clone, Copy)]
struct Told {
    listing: ListingId,
    sku: Option<SkuId>,
    version: i64,
    held_units: i64,
}

impl Told {
    const fn of(listing: &Listing, version: i64) -> Self {
        Self { listing: listing.id, sku: listing.sku, version, held_units: listing.held_units }
    }
}

/// Notes what a listing shows, for a version of what it sold when that was read. If it sells another SKU since, or its
/// SKU became a kit or ceased to be one, or it holds back another number since, what waits to be told is of that, and
/// goes on waiting.
fn confirm(tenant: &mut Tenant<'_, '_>, told: Told, units: i64, now: Timestamp) -> StoreResult<()> {
    let Told { listing, sku, version, held_units } = told;
    let stays = match sku {
        Some(sku) => {
            // Whoever changes what it holds back waits from here on, or has waited.
            tenant.lock_held_units(listing)? == Some(held_units)
                && tenant.still_sells(listing, sku, is_kit_version(version))?
        }
        None => false,
    };
    tenant.note_confirmed(listing, units, if stays { version } else { 0 }, now)
}

pub(crate) fn key_of(listing: &Listing) -> ListingKey {
    ListingKey {
        external_id: listing.external_id.clone(),
        variation_external_id: Some(listing.variation_external_id.clone()).filter(|id| !id.is_empty()),
    }
}

pub(crate) fn is_same(listing: &Listing, key: &ListingKey) -> bool {
    listing.external_id == key.external_id
        && listing.variation_external_id == key.variation_external_id.as_deref().unwrap_or_default()
}
