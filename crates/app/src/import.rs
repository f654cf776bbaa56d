//! The first import of an account: listings and the SKUs they sell, then the orders of
//! the last weeks. A few pages a job, each page and its place kept in one transaction, so
//! that it can be left, cut off and resumed anywhere.

use std::time::Duration;

use connect::{ListingSnapshot, OrderRef, Page, Window};
use domain::order::{FirstSight, SnapshotVersion};
use domain::{
    Actor, ConnectionId, Delta, EntryKind, LedgerEntryId, ListingId, OrderSnapshot, OrganizationId, SkuId,
    Timestamp,
};
use futures::stream::{self, StreamExt as _};
use store::imports::{ImportPhase, ImportRun};
use store::stock::{NewEntry, Sku};
use store::{StoreResult, Tenant};

use crate::audit::Deed;
use crate::caller::Caller;
use crate::error::AppError;
use crate::ingest::Taken;
use crate::jobs::Work;
use crate::{App, Change};

/// How far back orders are imported.
pub const IMPORT_ORDERS_OF: Duration = Duration::from_hours(30 * 24);

/// Orders of one page that are read by themselves at the same time.
const FETCHES_AT_ONCE: usize = 8;

/// Pages of orders that one job keeps: few, since the account's other work waits for it.
const PAGES_A_TURN: u32 = 4;

/// Whether a job keeps another page after this one.
#[derive(Debug, Clone, Copy)]
enum Turn {
    GoesOn,
    Ends,
}

/// What a page of orders tells that the shop does not know.
struct News {
    /// Orders that were over before the import began, as the list shows them: they move no
    /// stock, so a whole page of them is kept at once.
    over: Vec<OrderSnapshot>,
    /// The numbers of those that have to be read by themselves.
    unread: Vec<String>,
}

impl News {
    /// `held` tells what the shop holds of an order, by the platform's number.
    fn among(
        page: Vec<OrderRef>,
        began_at: Timestamp,
        mut held: impl FnMut(&str) -> StoreResult<Option<SnapshotVersion>>,
    ) -> StoreResult<Self> {
        let mut news = Self { over: Vec::new(), unread: Vec::new() };
        for order in page {
            match (held(&order.external_id)?, order.over) {
                (Some(held), _) if held.order_at >= order.updated_at => {}
                (None, Some(over)) if over.placed_at < began_at => news.over.push(*over),
                (None | Some(_), _) => news.unread.push(order.external_id),
            }
        }
        Ok(news)
    }
}

impl App {
    /// Reads the next pages of an import and asks for those after them.
    pub(crate) async fn import_page(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
    ) -> Result<(), AppError> {
        let run = self
            .organization(organization)
            .read(move |tenant| tenant.import_run(connection))
            .await?
            .ok_or(AppError::NotFound("import"))?;
        match run.phase {
            ImportPhase::Listings => self.import_listings(organization, run).await?,
            ImportPhase::Orders => self.import_orders(organization, run).await?,
            ImportPhase::Done => return Ok(()),
        }
        self.announce(organization, Change::Connection(connection));
        self.jobs_came.notify_one();
        Ok(())
    }

    async fn import_listings(
        &self,
        organization: OrganizationId,
        mut run: ImportRun,
    ) -> Result<(), AppError> {
        let connection = run.connection;
        let caller = self.caller(organization, connection).await?;
        let read_at = self.clock().now();
        let read = caller.channel.listings().page(&caller.account, run.next_page.as_deref()).await;
        let app = self.clone();
        let page = match caller.heard(read).await {
            Ok(page) => page,
            Err(error) => {
                if error.is_page_expired() {
                    // The next try begins anew; what is held already stays as it is.
                    (run.next_page, run.listings_done) = (None, 0);
                    self.organization(organization)
                        .write(move |tenant| tenant.advance_import(&run, read_at))
                        .await?;
                }
                return Err(error);
            }
        };
        self.organization(organization)
            .write(move |tenant| {
                run.listings_done += i64::try_from(page.items.len()).unwrap_or(i64::MAX);
                run.listings_total =
                    page.total.and_then(|total| i64::try_from(total).ok()).or(run.listings_total);
                for snapshot in &page.items {
                    app.import_listing(tenant, &run, snapshot, read_at)?;
                }
                if page.next.is_none() {
                    run.phase = ImportPhase::Orders;
                }
                run.next_page.clone_from(&page.next);
                app.advance(tenant, &run)
            })
            .await?;
        Ok(())
    }

    fn import_listing(
        &self,
        tenant: &mut Tenant<'_, '_>,
        run: &ImportRun,
        snapshot: &ListingSnapshot,
        read_at: Timestamp,
    ) -> StoreResult<()> {
        let now = self.clock().now();
        let id = ListingId::new(now, self.entropy());
        let listing = tenant.keep_listing(id, run.connection, &crate::sweep::seen(snapshot), now)?;
        let Some(code) = snapshot.seller_sku.as_deref().map(str::trim).filter(|code| !code.is_empty()) else {
            return Ok(());
        };
        if !listing.ours || listing.sku.is_some() || listing.state == domain::ListingState::Closed {
            return Ok(());
        }
        let sku = tenant.create_sku(SkuId::new(now, self.entropy()), code, &snapshot.title, now)?;
        tenant.link_listing(listing.id, Some(sku.id))?;
        // A kit is never counted: what its listing shows says nothing of the shelf.
        let counted_before =
            sku.is_kit || tenant.sku_counted_at(sku.id)?.is_some_and(|counted| counted < run.started_at);
        if !counted_before {
            self.opening_count(tenant, &sku, listing.shown_units)?;
        }
        // A hook may have brought an order before its listing was read.
        self.settle_open_lines(tenant, &listing, sku.id, (!counted_before).then_some(read_at))
    }

    /// The first count of a SKU is what its listing shows; where several listings of the
    /// import show different numbers, the lowest: offering less can be mended, selling
    /// what is not there cannot. Units set aside meanwhile are on the shelf beside it.
    fn opening_count(&self, tenant: &mut Tenant<'_, '_>, sku: &Sku, shown: i64) -> StoreResult<()> {
        let offered = sku.tally.on_hand_units - sku.tally.reserved_units;
        if sku.tally.version > 0 && shown >= offered {
            return Ok(());
        }
        let now = self.clock().now();
        let entry = NewEntry {
            id: LedgerEntryId::new(now, self.entropy()),
            sku: sku.id,
            kind: EntryKind::Opening,
            delta: Delta { on_hand_units: shown - offered, reserved_units: 0 },
            line: None,
            reason: "import".into(),
            actor: Actor::system("import"),
        };
        tenant.append(&entry, now)?;
        let deed = Deed::new(Actor::system("import"), "sku.opened", sku.id.to_string()).with("units", shown);
        self.outcome(tenant, &deed, "ok")
    }

    /// Keeps some pages of orders; the next one is read while one is kept.
    async fn import_orders(&self, organization: OrganizationId, mut run: ImportRun) -> Result<(), AppError> {
        let caller = self.caller(organization, run.connection).await?;
        let window = Window { from: run.orders_from, to: run.orders_to };
        let orders = caller.channel.orders();
        let read = orders.updated_in(&caller.account, window, run.next_page.as_deref()).await;
        let mut page = caller.heard(read).await?;
        for _ in 1..PAGES_A_TURN {
            let Some(next) = page.next.clone() else { break };
            let (kept, read) = tokio::join!(
                self.keep_orders(organization, &caller, run, page, Turn::GoesOn),
                orders.updated_in(&caller.account, window, Some(&next)),
            );
            run = kept?;
            page = caller.heard(read).await?;
        }
        self.keep_orders(organization, &caller, run, page, Turn::Ends).await?;
        Ok(())
    }

    /// Takes in what a page tells and notes how far the import is.
    async fn keep_orders(
        &self,
        organization: OrganizationId,
        caller: &Caller,
        mut run: ImportRun,
        page: Page<OrderRef>,
        turn: Turn,
    ) -> Result<ImportRun, AppError> {
        let (connection, began_at) = (run.connection, run.started_at);
        let Page { items, next, total } = page;
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let News { over, unread } = self
            .organization(organization)
            .read(move |tenant| News::among(items, began_at, |id| tenant.order_version(connection, id)))
            .await?;
        let taken: Vec<Result<(), AppError>> = stream::iter(unread)
            .map(|id| self.import_order(organization, caller, id, began_at))
            .buffer_unordered(FETCHES_AT_ONCE)
            .collect()
            .await;
        taken.into_iter().collect::<Result<(), AppError>>()?;
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                for snapshot in &over {
                    app.take_over(tenant, connection, snapshot)?;
                }
                run.orders_done += count;
                run.orders_total = total.and_then(|total| i64::try_from(total).ok()).or(run.orders_total);
                if next.is_none() {
                    run.phase = ImportPhase::Done;
                    app.finish_import(tenant, &run)?;
                }
                run.next_page = next;
                match turn {
                    Turn::GoesOn => tenant.advance_import(&run, app.clock().now())?,
                    Turn::Ends => app.advance(tenant, &run)?,
                }
                Ok(run)
            })
            .await
            .map_err(AppError::from)
    }

    /// Reads an order and takes it in.
    async fn import_order(
        &self,
        organization: OrganizationId,
        caller: &Caller,
        external_id: String,
        began_at: Timestamp,
    ) -> Result<(), AppError> {
        let read = caller.channel.orders().fetch(&caller.account, &external_id).await;
        let snapshot = caller.heard(read).await?;
        // An order placed since the import began is news, whoever finds it first.
        let sight = if snapshot.placed_at < began_at { FirstSight::Import } else { FirstSight::Live };
        self.take_order(organization, caller.account.connection, snapshot, sight, "import").await?;
        Ok(())
    }

    /// Takes an order in that was over before the import began, as its list showed it. One
    /// that a hook brought meanwhile, and that shows otherwise, is read by itself.
    fn take_over(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        snapshot: &OrderSnapshot,
    ) -> StoreResult<()> {
        match self.take_in(tenant, connection, snapshot, FirstSight::Import, "import")? {
            Taken::New(_) | Taken::Changed(_) | Taken::Unchanged => Ok(()),
            Taken::ReadAgain => {
                let work = Work::fetch_order(&snapshot.external_id);
                self.ask(tenant, connection, &work, "import", self.clock().now())
            }
        }
    }

    /// The end of an import: what it promised in the dry run is done — listings that show
    /// another number than their SKU has are told — and the sweep takes over.
    fn finish_import(&self, tenant: &mut Tenant<'_, '_>, run: &ImportRun) -> StoreResult<()> {
        let now = self.clock().now();
        for (listing, sku) in tenant.listings_to_align(run.connection)? {
            self.tell_one(tenant, &listing, sku.tally.version, now)?;
        }
        tenant.note_sweep(run.connection, run.started_at, now)?;
        self.ask(tenant, run.connection, &Work::Sweep, "after the import", now)?;
        let deed = Deed::new(Actor::system("import"), "connection.imported", run.connection.to_string())
            .with("listings", run.listings_done)
            .with("orders", run.orders_done);
        self.outcome(tenant, &deed, "ok")
    }

    fn advance(&self, tenant: &mut Tenant<'_, '_>, run: &ImportRun) -> StoreResult<()> {
        let now = self.clock().now();
        tenant.advance_import(run, now)?;
        if run.phase != ImportPhase::Done {
            self.ask(tenant, run.connection, &Work::Import, "import", now)?;
        }
        Ok(())
    }

    pub(crate) fn tell_one(
        &self,
        tenant: &mut Tenant<'_, '_>,
        listing: &store::listings::Listing,
        version: i64,
        now: Timestamp,
    ) -> StoreResult<()> {
        if tenant.is_split_listing(listing.id)? {
            let work = Work::PushStock { listing: listing.id };
            return self.ask(tenant, listing.connection, &work, "units are shared out", now);
        }
        tenant.put_out_again(domain::OutboxId::new(now, self.entropy()), listing.id, version, now)?;
        self.ask(tenant, listing.connection, &Work::PushStock { listing: listing.id }, "align", now)
    }
}
