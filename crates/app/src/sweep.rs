//! What got lost heals: the sweep reads what changed since the last one with the same
//! code as a hook would, reads again what no list shows any more, and compares what every
//! listing shows with what it should. It should find nothing; that is its evidence.

use std::time::Duration;

use connect::{ListingSnapshot, StockControl, Window};
use domain::{ConnectionId, ListingId, OrganizationId, OutboxId, Timestamp};
use store::listings::{Listing, SeenListing};
use store::{StoreResult, Tenant};

use crate::App;
use crate::caller::Caller;
use crate::error::AppError;
use crate::ingest::WRITE_RACE_MARGIN;
use crate::jobs::{Bookmark, Work};
use crate::split::head_of;

/// How far the first sweep of a connection reaches back.
const FIRST_SWEEP: Duration = Duration::from_hours(24);
/// The longest span that one sweep covers: after an outage the next one goes on, and what
/// was covered stays so.
const LONGEST_SPAN: Duration = Duration::from_hours(6);
/// The shortest span that a sweep is cut to when too much changed in a longer one.
const SHORTEST_SPAN: Duration = Duration::from_mins(1);
/// Pages of one span at most; beyond it the span is cut in half. Well inside a lease.
const PAGES_OF_A_SPAN: u32 = 200;
/// Unfinished orders read again by one sweep at most, those that waited longest first: some
/// hundred calls, a small part of what an account may call between two sweeps.
const REREAD_AT_ONCE: u32 = 40;
/// A platform's clock tells whole seconds: an order read within this span of its last
/// change may have changed once more behind the reading.
const TICK: Duration = Duration::from_secs(1);
/// Listings looked at again by one sweep at most.
const LOOKED_AT_AGAIN: u32 = 200;

/// How long a number that moved without us waits before it is looked at: a sale moves the
/// number at once, and its order is usually taken in a moment later.
const DRIFT_PATIENCE: Duration = Duration::from_secs(5);

impl App {
    /// Asks for every order that changed since the last sweep and is not held so. What it
    /// notes as covered, it has read to the end. Listings told meanwhile are looked at again:
    /// a sale that our write has erased and that was called off before anybody read it is in
    /// no list, and only their number shows it.
    pub(crate) async fn sweep(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
    ) -> Result<(), AppError> {
        let caller = self.caller(organization, connection).await?;
        let now = self.clock().now();
        let covered = caller.connection.swept_to.unwrap_or_else(|| now.minus(FIRST_SWEEP));
        let from = covered.minus(caller.channel.spec().sweep_overlap);
        let mut span = LONGEST_SPAN;
        let mut to = now.min(covered.plus(span));
        while !self.sweep_window(organization, &caller, Window { from, to }).await? {
            span /= 2;
            if span < SHORTEST_SPAN {
                return Err(AppError::Endless("updated orders"));
            }
            to = now.min(covered.plus(span));
        }
        let (app, reread) = (self.clone(), caller.channel.spec().open_order_reread);
        self.organization(organization)
            .write(move |tenant| {
                let before = now.minus(reread);
                for external_id in
                    tenant.unfinished_orders_unread_since(connection, before, REREAD_AT_ONCE)?
                {
                    let work = Work::fetch_order(&external_id);
                    // What the list has just told of is asked for already, and better.
                    app.remind(tenant, connection, &work, "open order read again")?;
                }
                let told_since = covered.minus(WRITE_RACE_MARGIN);
                for external_id in tenant.listings_told_since(connection, told_since, LOOKED_AT_AGAIN)? {
                    let work = Work::FetchListing { external_id };
                    app.remind(tenant, connection, &work, "told since the last sweep")?;
                }
                app.ask(tenant, connection, &Work::SweepCases, "sweep", now)?;
                app.ask_for_buyers(tenant, connection)?;
                if to < now {
                    app.ask(tenant, connection, &Work::Sweep, "the sweep goes on", now)?;
                }
                tenant.note_sweep(connection, to, now)
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Reads one window; false when it has more pages than a sweep may read.
    async fn sweep_window(
        &self,
        organization: OrganizationId,
        caller: &Caller,
        window: Window,
    ) -> Result<bool, AppError> {
        let connection = caller.connection.id;
        let mut next: Option<String> = None;
        for _ in 0..PAGES_OF_A_SPAN {
            let read = caller.channel.orders().updated_in(&caller.account, window, next.as_deref()).await;
            let page = caller.heard(read).await?;
            let (app, now) = (self.clone(), self.clock().now());
            self.organization(organization)
                .write(move |tenant| {
                    for order in &page.items {
                        let held = tenant.order_reading(connection, &order.external_id)?;
                        let is_news = held.is_none_or(|(held, _)| held.order_at < order.updated_at);
                        let may_be = held.is_some_and(|(_, read)| read < order.updated_at.plus(TICK));
                        if is_news {
                            app.tallies.add("sweep_found", "order");
                        }
                        if is_news || may_be {
                            let work = Work::FetchOrder {
                                external_id: order.external_id.clone(),
                                changed_at: Some(order.updated_at),
                            };
                            app.ask(tenant, connection, &work, "sweep", now)?;
                        }
                    }
                    Ok(())
                })
                .await?;
            next = page.next;
            if next.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks for what one page of the platform's list of lost hooks names.
    pub(crate) async fn read_missed(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        bookmark: &Bookmark,
    ) -> Result<(), AppError> {
        let caller = self.caller(organization, connection).await?;
        let Some(missed) = caller.channel.missed_hooks() else { return Ok(()) };
        let read = missed.page(&caller.account, bookmark.page.as_deref()).await;
        let page = caller.heard(read).await?;
        let next = bookmark.after(page.next, "missed hooks")?;
        let (app, now, account) = (self.clone(), self.clock().now(), caller.account.external_id.clone());
        self.organization(organization)
            .write(move |tenant| {
                for event in page.items.iter().filter(|event| event.account_external_id == account) {
                    let Some(work) = work_of(&event.subject) else { continue };
                    app.tallies.add("missed_hook", &event.topic);
                    app.ask(tenant, connection, &work, "missed hook", now)?;
                }
                match next {
                    Some(next) => {
                        app.ask(tenant, connection, &Work::ReadMissed(next), "the list goes on", now)
                    }
                    None => tenant.note_missed(connection, now),
                }
            })
            .await?;
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
        let caller = self.caller(organization, connection).await?;
        let read = caller.channel.listings().fetch(&caller.account, external_id).await;
        let seen = caller.heard(read).await?;
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

    /// Compares what one page of an account's listings shows with what it should show.
    pub(crate) async fn check_listings(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        bookmark: &Bookmark,
    ) -> Result<(), AppError> {
        let caller = self.caller(organization, connection).await?;
        let read = caller.channel.listings().page(&caller.account, bookmark.page.as_deref()).await;
        let (items, next) = match caller.heard(read).await {
            Ok(page) => (page.items, bookmark.after(page.next, "listings")?),
            Err(error) if error.is_page_expired() => (Vec::new(), Some(bookmark.back("listings")?)),
            Err(error) => return Err(error),
        };
        let (app, now) = (self.clone(), self.clock().now());
        self.organization(organization)
            .write(move |tenant| {
                for snapshot in &items {
                    app.see_listing(tenant, connection, snapshot)?;
                }
                let Some(next) = next else { return Ok(()) };
                app.ask(tenant, connection, &Work::CheckListings(next), "the list goes on", now)
            })
            .await?;
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
            && seen.ours
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
        let suspected = self.in_split(tenant, sku.id, |split, _, listings| {
            split.suspect(head_of(listings, held.id), shown_units);
        })?;
        if suspected.is_some() {
            return self.ask(
                tenant,
                held.connection,
                &Work::PushStock { listing: held.id },
                "looked at",
                now,
            );
        }
        if shown_units == held.told_from(sku.tally).available_units()
            || tenant.due_version(held.id)?.is_some()
        {
            return Ok(());
        }
        let id = OutboxId::new(now, self.entropy());
        tenant.put_out_again(id, held.id, sku.tally.version, now)?;
        self.tallies.add("drift", "listing");
        let at = now.plus(DRIFT_PATIENCE);
        self.ask(tenant, held.connection, &Work::PushStock { listing: held.id }, "drift", at)
    }
}

fn work_of(subject: &connect::HookSubject) -> Option<Work> {
    match subject {
        connect::HookSubject::Order(id) => Some(Work::fetch_order(id)),
        connect::HookSubject::Shipment(id) => Some(Work::FetchShipment { external_id: id.clone() }),
        connect::HookSubject::Listing(id) => Some(Work::FetchListing { external_id: id.clone() }),
        connect::HookSubject::Case(key) => Some(Work::of_case(key)),
        connect::HookSubject::Message(id) => Some(Work::FetchMessage { external_id: id.clone() }),
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
