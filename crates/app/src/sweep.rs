//! What got lost heals: the sweep reads what changed since the last one with the same
//! code as a hook would, reads again what no list shows any more, and compares what every
//! listing shows with what it should. It should find nothing; that is its evidence.

use std::time::Duration;

use connect::{ListingSnapshot, StockControl, Window};
use domain::{ConnectionId, ListingId, OrganizationId, OutboxId, Timestamp};
use store::listings::{Listing, SeenListing};
use store::{StoreResult, Tenant};

use crate::App;
use crate::error::AppError;
use crate::jobs::Work;

/// How far the first sweep of a connection reaches back.
const FIRST_SWEEP: Duration = Duration::from_hours(24);
/// An open order that nobody read for this long is read again: platforms leave cancelled
/// orders out of the seller's list.
const REREAD_OPEN_AFTER: Duration = Duration::from_hours(6);
/// Open orders read again by one sweep at most.
const REREAD_AT_ONCE: u32 = 200;
/// Pages of one sweep at most; the next one goes on.
const MAX_PAGES: u32 = 2_000;

impl App {
    /// Asks for every order that changed since the last sweep and is not held so.
    pub(crate) async fn sweep(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
    ) -> Result<(), AppError> {
        let ready = self.ready(organization, connection).await?;
        let channel = self.channel_of(organization, connection).await?;
        let now = self.clock().now();
        let overlap = channel.spec().sweep_overlap;
        let from = ready.connection.swept_to.map_or(now.minus(FIRST_SWEEP), |swept| swept.minus(overlap));
        let window = Window { from, to: now };
        let mut next: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let read = channel.orders().updated_in(&ready.account, window, next.as_deref()).await;
            let page = self.watch_token(organization, connection, ready.token_version, read).await?;
            let app = self.clone();
            self.organization(organization)
                .write(move |tenant| {
                    for order in &page.items {
                        let held = tenant.order_version(connection, &order.external_id)?;
                        if held.is_none_or(|held| held.order_at < order.updated_at) {
                            let work = Work::FetchOrder { external_id: order.external_id.clone() };
                            app.tallies.add("sweep_found", "order");
                            app.ask(tenant, connection, &work, "sweep", now)?;
                        }
                    }
                    Ok(())
                })
                .await?;
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                let before = now.minus(REREAD_OPEN_AFTER);
                for external_id in tenant.open_orders_unread_since(connection, before, REREAD_AT_ONCE)? {
                    app.ask(
                        tenant,
                        connection,
                        &Work::FetchOrder { external_id },
                        "open order read again",
                        now,
                    )?;
                }
                tenant.note_sweep(connection, now, now)
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Asks for what the platform's list of lost hooks names.
    pub(crate) async fn read_missed(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
    ) -> Result<(), AppError> {
        let ready = self.ready(organization, connection).await?;
        let channel = self.channel_of(organization, connection).await?;
        let Some(missed) = channel.missed_hooks() else { return Ok(()) };
        let mut next: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let read = missed.page(&ready.account, next.as_deref()).await;
            let page = self.watch_token(organization, connection, ready.token_version, read).await?;
            let (app, now, account) = (self.clone(), self.clock().now(), ready.account.external_id.clone());
            self.organization(organization)
                .write(move |tenant| {
                    for event in page.items.iter().filter(|event| event.account_external_id == account) {
                        let Some(work) = work_of(&event.subject) else { continue };
                        app.tallies.add("missed_hook", &event.topic);
                        app.ask(tenant, connection, &work, "missed hook", now)?;
                    }
                    Ok(())
                })
                .await?;
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        let now = self.clock().now();
        self.organization(organization).write(move |tenant| tenant.note_missed(connection, now)).await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Reads one listing as it stands.
    pub(crate) async fn fetch_listing(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        external_id: &str,
    ) -> Result<(), AppError> {
        let ready = self.ready(organization, connection).await?;
        let channel = self.channel_of(organization, connection).await?;
        let read = channel.listings().fetch(&ready.account, external_id).await;
        let seen = self.watch_token(organization, connection, ready.token_version, read).await?;
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                for snapshot in &seen {
                    app.see_listing(tenant, connection, snapshot)?;
                }
                Ok(())
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Compares what every listing of an account shows with what it should show.
    pub(crate) async fn check_listings(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
    ) -> Result<(), AppError> {
        let ready = self.ready(organization, connection).await?;
        let channel = self.channel_of(organization, connection).await?;
        let mut next: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let read = channel.listings().page(&ready.account, next.as_deref()).await;
            let page = self.watch_token(organization, connection, ready.token_version, read).await?;
            let app = self.clone();
            let items = page.items;
            self.organization(organization)
                .write(move |tenant| {
                    for snapshot in &items {
                        app.see_listing(tenant, connection, snapshot)?;
                    }
                    Ok(())
                })
                .await?;
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Keeps what a platform shows of a listing; a linked one that shows another quantity
    /// than it should is told, as drift.
    pub(crate) fn see_listing(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        snapshot: &ListingSnapshot,
    ) -> StoreResult<Listing> {
        let now = self.clock().now();
        let seen = seen(snapshot);
        let held = tenant.listing_of(connection, &seen.external_id, &seen.variation_external_id)?;
        if let Some(held) = &held
            && held.sku.is_some()
            && held.ours
        {
            // What it shows is kept by the push itself, which first asks whether a
            // number that moved without us is a sale not seen yet.
            self.tell_if_it_drifted(tenant, held, seen.shown_units, now)?;
            tenant.note_shown(held.id, held.shown_units, seen.state, &seen.platform_status, now)?;
            return Ok(held.clone());
        }
        let id = held.map_or_else(|| ListingId::new(now, self.entropy()), |held| held.id);
        tenant.keep_listing(id, connection, &seen, now)
    }

    fn tell_if_it_drifted(
        &self,
        tenant: &mut Tenant<'_, '_>,
        held: &Listing,
        shown_units: i64,
        now: Timestamp,
    ) -> StoreResult<()> {
        let Some(sku) = held.sku.map(|sku| tenant.sku(sku)).transpose()?.flatten() else { return Ok(()) };
        if shown_units == sku.tally.available_units() || tenant.due_version(held.id)?.is_some() {
            return Ok(());
        }
        let id = OutboxId::new(now, self.entropy());
        tenant.put_out_again(id, held.id, sku.tally.version, now)?;
        self.tallies.add("drift", "listing");
        self.ask(tenant, held.connection, &Work::PushStock { listing: held.id }, "drift", now)
    }
}

fn work_of(subject: &connect::HookSubject) -> Option<Work> {
    match subject {
        connect::HookSubject::Order(id) => Some(Work::FetchOrder { external_id: id.clone() }),
        connect::HookSubject::Shipment(id) => Some(Work::FetchShipment { external_id: id.clone() }),
        connect::HookSubject::Listing(id) => Some(Work::FetchListing { external_id: id.clone() }),
        connect::HookSubject::NotForUs => None,
    }
}

pub(crate) fn seen(snapshot: &ListingSnapshot) -> SeenListing {
    SeenListing {
        external_id: snapshot.key.external_id.clone(),
        variation_external_id: snapshot.key.variation_external_id.clone().unwrap_or_default(),
        stock_group: snapshot.stock_group.clone().unwrap_or_default(),
        title: snapshot.title.clone(),
        seller_sku: snapshot.seller_sku.clone(),
        state: snapshot.state,
        platform_status: snapshot.platform_status.clone(),
        ours: snapshot.stock_control == StockControl::Seller,
        price: snapshot.price,
        permalink: snapshot.permalink.clone(),
        shown_units: snapshot.quantity_units,
    }
}
