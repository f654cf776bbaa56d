//! Split mode: each listing of a SKU has units of its own (`domain::split` says why that holds; here
//! it is kept, and its steps are made).
//!
//! Whatever happens to a SKU asks for the jobs of its listings. A listing's job decides anew from what is kept, makes the
//! step that is its own, and asks for the jobs of the other listings that have one. What is about to be called is kept
//! before it is called; an answer counts only for the very call that is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use connect::{ChannelError, ErrorKind, StockControl, Window};
use domain::order::FirstSight;
use domain::shield::Shield;
use domain::split::{Demand, Mode, Plan, Quota, Rules, Split, Step};
use domain::{
    Actor, ConnectionId, ListingId, ListingState, MemberId, OrganizationId, OutboxId, SkuId, Tally, Timestamp,
};
use store::listings::Listing;
use store::{StoreResult, Tenant};

use crate::App;
use crate::audit::{Deed, NotDone};
use crate::caller::Caller;
use crate::error::AppError;
use crate::fanout::{is_same, key_of};
use crate::ingest::Taken;
use crate::jobs::Work;
use crate::last_units::LastUnits;
use crate::steps;

/// Largest threshold of an automatic switch, in units.
pub const MAX_THRESHOLD_UNITS: i64 = 10_000;
/// More than any platform shows; each connector knows its own ceiling and refuses what is above it.
const CEILING_UNITS: i64 = 9_999;
/// Orders read by one settling at most, those that wait for their turn included.
const ORDERS_AT_ONCE: usize = 300;
/// How far the settling of an account reaches back that was never swept.
const FIRST_SETTLING: Duration = Duration::from_hours(24);
/// Pages of changed orders that one settling reads at most.
const PAGES_AT_ONCE: u32 = 40;

/// Why a choice was not kept.
#[derive(Debug, thiserror::Error)]
pub enum ModeError {
    /// A threshold below one or beyond [`MAX_THRESHOLD_UNITS`].
    #[error("the threshold must be between 1 and {MAX_THRESHOLD_UNITS}")]
    Threshold,
    /// The last units cannot go to a listing that does not sell the SKU.
    #[error("the listing does not sell this SKU")]
    Listing,
    /// It is a kit, or in one: its units are offered by listings of other SKUs, too, which no quota counts.
    #[error("it is a kit or in a kit; these show all that is available")]
    InKit,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

/// What a seller chooses for a SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sharing {
    /// How its listings share its units.
    pub mode: Mode,
    /// Which of them gets the last ones; `None` for the one that sells most.
    pub last_units_to: Option<ListingId>,
    /// Whether, where none was chosen, it is rather the one that earns most.
    pub by_margin: bool,
    /// How much they may hold back in a burst of sales; `None` leaves it as it is.
    pub shield: Option<Shield>,
}

impl From<Mode> for Sharing {
    fn from(mode: Mode) -> Self {
        Self { mode, last_units_to: None, by_margin: false, shield: None }
    }
}

/// What becomes of a listing's job.
enum Decided {
    /// Its SKU is not split.
    Shared,
    /// Nothing is to be called.
    Nothing,
    /// This is to be called; it was announced at that time.
    Errand(Errand, Timestamp),
}

/// What a listing's job has to do outside.
enum Errand {
    Write(i64),
    Look,
}

impl App {
    /// Keeps how a SKU's listings share its units, and begins to.
    pub async fn choose_mode(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: SkuId,
        chosen: impl Into<Sharing>,
    ) -> Result<(), ModeError> {
        let Sharing { mode, last_units_to: preferred, by_margin, shield } = chosen.into();
        if matches!(mode, Mode::Auto { threshold_units } if !(1..=MAX_THRESHOLD_UNITS).contains(&threshold_units))
        {
            return Err(ModeError::Threshold);
        }
        let app = self.clone();
        let chosen = self
            .organization(organization)
            .write(move |tenant| {
                // Nobody makes a kit of it meanwhile.
                let Some(sku) = tenant.hold_skus(&[id])?.pop() else {
                    return Ok(Err(AppError::NotFound("SKU").into()));
                };
                if mode != Mode::Shared && (sku.is_kit || sku.is_component) {
                    return Ok(Err(ModeError::InKit));
                }
                if let Some(preferred) = preferred
                    && tenant.listings_of_sku(id)?.iter().all(|listing| listing.id != preferred)
                {
                    return Ok(Err(ModeError::Listing));
                }
                tenant.choose_mode(id, mode, preferred)?;
                tenant.choose_margin(id, by_margin)?;
                if let Some(shield) = shield {
                    tenant.choose_shield(id, shield)?;
                    app.ask_for_look(tenant, id)?;
                }
                let deed = Deed::new(Actor::Member(member), "sku.sharing_chosen", id.to_string())
                    .with("mode", mode.as_str())
                    .with("threshold", mode.threshold_units())
                    .with("last_units_to", preferred.map(|listing| listing.to_string()).unwrap_or_default())
                    .with("last_units_by_margin", by_margin)
                    .with("shield", shield.map(Shield::as_str).unwrap_or_default());
                app.outcome(tenant, &deed, "ok")?;
                app.tell_listings(tenant, id, sku.tally.version, None, &[])?;
                Ok(Ok(()))
            })
            .await
            .map_err(AppError::from)?;
        self.jobs_came.notify_one();
        chosen
    }

    /// Something happened to a SKU. True when it is split: then its listings' jobs are asked for, and nothing
    /// else is to be told. Switches by itself where the seller lets it.
    pub(crate) fn tell_split(&self, tenant: &mut Tenant<'_, '_>, id: SkuId) -> StoreResult<bool> {
        let Some(chosen) = tenant.hold_sku_split(id)? else { return Ok(false) };
        let Some(sku) = tenant.sku(id)? else { return Ok(false) };
        // What is in kits is offered by their listings, too, which no quota counts.
        let may_split = !sku.is_kit && !sku.is_component;
        let is_split = may_split && chosen.mode.is_split(sku.tally.available_units(), chosen.is_split);
        if is_split != chosen.is_split {
            tenant.note_split(id, is_split)?;
            tenant.keep_quotas(id, &[])?;
            let word = if is_split { "sku.split" } else { "sku.shared" };
            let deed = Deed::new(Actor::system("fan-out"), word, id.to_string());
            self.outcome(tenant, &deed.with("available", sku.tally.available_units()), "ok")?;
        }
        let now = self.clock().now();
        for listing in tenant.listings_of_sku(id)?.iter().filter(|listing| listing.ours) {
            if is_split && !chosen.is_split {
                // What waited to be told is told by its quota from now on.
                tenant.settle_outbox(listing.id, now)?;
            }
            if is_split {
                self.ask_for_listing(tenant, listing, now)?;
            } else if chosen.is_split {
                let outbox = OutboxId::new(now, self.entropy());
                tenant.put_out_again(outbox, listing.id, sku.tally.version, now)?;
                self.ask_for_listing(tenant, listing, now)?;
            }
        }
        Ok(is_split || chosen.is_split)
    }

    fn ask_for_listing(
        &self,
        tenant: &mut Tenant<'_, '_>,
        listing: &Listing,
        at: Timestamp,
    ) -> StoreResult<()> {
        let work = Work::PushStock { listing: listing.id };
        self.ask(tenant, listing.connection, &work, "units are shared out", at)
    }

    /// Changes the quotas of a SKU and keeps them; `None` where it is not split.
    pub(crate) fn in_split<T>(
        &self,
        tenant: &mut Tenant<'_, '_>,
        id: SkuId,
        change: impl FnOnce(&mut Split, Tally, &[Listing]) -> T,
    ) -> StoreResult<Option<T>> {
        if !tenant.hold_sku_split(id)?.is_some_and(|chosen| chosen.is_split) {
            return Ok(None);
        }
        let Some(sku) = tenant.sku(id)? else { return Ok(None) };
        let listings = tenant.listings_of_sku(id)?;
        let held = tenant.quotas(id)?;
        let now = self.clock().now();
        let quotas = heads(&listings).map(|head| {
            let known = held.iter().find(|quota| quota.listing == head.id);
            known.copied().unwrap_or_else(|| unsure(head, &listings, now))
        });
        let mut split = Split { quotas: quotas.collect(), rules: Rules::HOUSE };
        let came_of_it = change(&mut split, sku.tally, &listings);
        if split.quotas != held {
            tenant.keep_quotas(id, &split.quotas)?;
        }
        Ok(Some(came_of_it))
    }

    /// A listing's job. `None` where its SKU is not split; false when nobody was called.
    pub(crate) async fn push_split(
        &self,
        organization: OrganizationId,
        id: ListingId,
    ) -> Result<Option<bool>, AppError> {
        let app = self.clone();
        let decided = self
            .organization(organization)
            .write(move |tenant| {
                let Some(listing) = tenant.listing(id)? else { return Ok(None) };
                let Some(sku) = listing.sku else { return Ok(None) };
                let decided = app.decide_split(tenant, sku, &listing)?;
                Ok(Some((listing, sku, decided)))
            })
            .await?;
        let Some((listing, sku, decided)) = decided else { return Ok(None) };
        self.jobs_came.notify_one();
        let (errand, began_at) = match decided {
            Decided::Shared => return Ok(None),
            Decided::Nothing => return Ok(Some(false)),
            Decided::Errand(errand, began_at) => (errand, began_at),
        };
        let caller = self.caller(organization, listing.connection).await;
        if matches!(errand, Errand::Write(_)) {
            self.step(steps::STOCK_ANNOUNCED)?;
        }
        let outcome = match caller {
            Ok(caller) => self.run_errand(&caller, &listing, &errand).await,
            Err(error) => Err(error),
        };
        let shown = outcome.as_ref().ok().copied();
        let why = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
        self.step(steps::STOCK_WRITTEN)?;
        let (app, now) = (self.clone(), self.clock().now());
        self.organization(organization)
            .write(move |tenant| {
                app.in_split(tenant, sku, |split, _, _| {
                    end_errand(split, id, began_at, &errand, shown, now);
                })?;
                let Some(units) = shown else {
                    return match errand {
                        Errand::Write(units) => {
                            app.not_done(tenant, &written(id, units), NotDone::Failed, &why)
                        }
                        Errand::Look => Ok(()),
                    };
                };
                tenant.note_shown(id, units, listing.state, &listing.platform_status, now)?;
                if matches!(errand, Errand::Write(_)) {
                    app.outcome(tenant, &written(id, units), "confirmed")?;
                }
                app.ask_for_listing(tenant, &listing, now)
            })
            .await?;
        self.step(steps::STOCK_NOTED)?;
        outcome.map(|_| Some(true))
    }

    /// Decides for a SKU and announces the step of one listing; asks for the jobs of the other steps.
    fn decide_split(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sku: SkuId,
        listing: &Listing,
    ) -> StoreResult<Decided> {
        let (id, now) = (listing.id, self.clock().now());
        let version = tenant.sku(sku)?.map_or(0, |sku| sku.tally.version);
        let sold = tenant.sold_by_listing(sku, version, now.minus(Rules::HOUSE.recent))?;
        let (chosen, sellers) = (tenant.sku_split(sku)?, tenant.listings_of_sku(sku)?);
        let preferred = LastUnits::find(tenant, sku, &sellers, chosen, now)?.listing();
        let decided = self.in_split(tenant, sku, |split, tally, listings| {
            // This job is the only one of its listing: for a call that is under way nobody waits any more.
            split.lost(id, now);
            let plan = split.decide(tally, &demands(listings, &sold, preferred), now);
            let errand = announce(split, &plan, id, tally, now);
            (plan, errand, listings.to_vec())
        })?;
        let Some((plan, errand, listings)) = decided else { return Ok(Decided::Shared) };
        let of = |id: ListingId| listings.iter().find(|listing| listing.id == id);
        for step in &plan.steps {
            match step {
                Step::Settle(listing) => {
                    if let Some(listing) = of(*listing) {
                        self.ask(
                            tenant,
                            listing.connection,
                            &Work::SettleSales,
                            "a quantity was shown",
                            now,
                        )?;
                    }
                }
                Step::Lower(other) | Step::Look(other) | Step::Raise { listing: other, .. }
                    if *other != id =>
                {
                    if let Some(other) = of(*other) {
                        self.ask_for_listing(tenant, other, now)?;
                    }
                }
                Step::Lower(_) | Step::Look(_) | Step::Raise { .. } => {}
            }
        }
        if let Some(at) = plan.wait_until {
            self.ask_for_listing(tenant, listing, at)?;
        }
        if let Some((Errand::Write(units), _)) = &errand {
            tenant.note_sent(id, *units, now)?;
            self.intent(tenant, &written(id, *units))?;
        }
        Ok(errand.map_or(Decided::Nothing, |(errand, began_at)| Decided::Errand(errand, began_at)))
    }

    /// Calls the platform; gives the units that it shows.
    async fn run_errand(&self, caller: &Caller, listing: &Listing, errand: &Errand) -> Result<i64, AppError> {
        match errand {
            Errand::Write(units) => {
                let wrote = caller.channel.stock().write(&caller.account, &key_of(listing), *units).await;
                Ok(caller.heard(wrote).await?.quantity_units)
            }
            Errand::Look => {
                let read = caller.channel.listings().fetch(&caller.account, &listing.external_id).await;
                let seen = caller.heard(read).await?;
                // What is gone, closed or not ours sells nothing of ours.
                let ours = seen.into_iter().find(|seen| {
                    let sells =
                        seen.stock_control == StockControl::Seller && seen.state != ListingState::Closed;
                    sells && is_same(listing, &seen.key)
                });
                Ok(ours.map_or(0, |seen| seen.quantity_units))
            }
        }
    }

    /// Reads every order of an account that changed, or that waits to be read, and takes it in at once; then the
    /// numbers that were shown before are worth something.
    pub(crate) async fn settle_sales(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
    ) -> Result<(), AppError> {
        let began_at = self.clock().now();
        let caller = self.caller(organization, connection).await?;
        for (external_id, is_listed) in self.orders_to_settle(organization, &caller, began_at).await? {
            let read = caller.channel.orders().fetch(&caller.account, &external_id).await;
            if !is_listed && read.as_ref().is_err_and(is_nobodys) {
                // Only a hook spoke of it, and no list does.
                continue;
            }
            let snapshot = caller.heard(read).await?;
            let taken =
                self.take_order(organization, connection, snapshot, FirstSight::Live, "settling").await?;
            if taken == Taken::ReadAgain {
                return Err(AppError::NotYet("the order changed while it was read"));
            }
        }
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                for sku in tenant.split_skus_of(connection)? {
                    let settled = app.in_split(tenant, sku, |split, _, listings| {
                        let here: Vec<Listing> = listings
                            .iter()
                            .filter(|listing| listing.connection == connection)
                            .cloned()
                            .collect();
                        for listing in &here {
                            split.settled(listing.id, began_at);
                        }
                        here
                    })?;
                    for listing in heads(&settled.unwrap_or_default()) {
                        app.ask_for_listing(tenant, listing, app.clock().now())?;
                    }
                }
                Ok(())
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    /// The platform's numbers of the orders that a settling has to read, and whether its list has them.
    async fn orders_to_settle(
        &self,
        organization: OrganizationId,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<BTreeMap<String, bool>, AppError> {
        let connection = caller.connection.id;
        let covered = caller.connection.swept_to.unwrap_or_else(|| now.minus(FIRST_SETTLING)).min(now);
        let window = Window { from: covered.minus(caller.channel.spec().sweep_overlap), to: now };
        let limit = u32::try_from(ORDERS_AT_ONCE).unwrap_or(u32::MAX);
        let waiting = self
            .organization(organization)
            .read(move |tenant| tenant.orders_to_read(connection, limit))
            .await?;
        let prefix = format!("{connection}/");
        let waiting = waiting.iter().filter_map(|key| key.strip_prefix(&prefix));
        let mut orders: BTreeMap<String, bool> = waiting.map(|id| (id.to_owned(), false)).collect();
        let mut next: Option<String> = None;
        for _ in 0..PAGES_AT_ONCE {
            let read = caller.channel.orders().updated_in(&caller.account, window, next.as_deref()).await;
            let page = caller.heard(read).await?;
            let listed = page.items;
            let news = self
                .organization(organization)
                .read(move |tenant| {
                    let mut news = Vec::new();
                    for order in listed {
                        let held = tenant.order_reading(connection, &order.external_id)?;
                        if held.is_none_or(|(held, _)| held.order_at < order.updated_at) {
                            news.push(order.external_id);
                        }
                    }
                    Ok(news)
                })
                .await?;
            orders.extend(news.into_iter().map(|id| (id, true)));
            next = page.next;
            if orders.len() > ORDERS_AT_ONCE {
                break;
            }
            if next.is_none() {
                return Ok(orders);
            }
        }
        Err(AppError::NotYet("too many orders changed; the sweep reads them first"))
    }
}

fn written(id: ListingId, units: i64) -> Deed {
    Deed::new(Actor::system("fan-out"), "listing.stock_written", id.to_string()).with("units", units)
}

/// Listings that share one number at their platform count as one: the first of them stands for all.
fn heads(listings: &[Listing]) -> impl Iterator<Item = &Listing> {
    listings
        .iter()
        .enumerate()
        .filter(|(place, listing)| {
            let is_first = listings[..*place].iter().all(|earlier| !is_one_number(earlier, listing));
            listing.ours && is_first
        })
        .map(|(_, listing)| listing)
}

fn is_one_number(one: &Listing, other: &Listing) -> bool {
    one.ours
        && one.connection == other.connection
        && !one.stock_group.is_empty()
        && one.stock_group == other.stock_group
}

/// The listing whose quota a sale of `id` falls on.
pub(crate) fn head_of(listings: &[Listing], id: ListingId) -> ListingId {
    let sold = listings.iter().find(|listing| listing.id == id);
    let head = sold.and_then(|sold| listings.iter().find(|listing| is_one_number(listing, sold)));
    head.map_or(id, |head| head.id)
}

/// Whether an account has no such order.
const fn is_nobodys(error: &ChannelError) -> bool {
    matches!(error.kind, ErrorKind::NotFound | ErrorKind::PermissionMissing)
}

/// A listing that was shared until now, with those that show its number.
fn unsure(head: &Listing, listings: &[Listing], now: Timestamp) -> Quota {
    let beside = listings.iter().filter(|listing| listing.id == head.id || is_one_number(head, listing));
    let (mut guess, mut doubt_until) = (0, None);
    for listing in beside {
        guess = listing.shown_units.max(listing.sent_units.unwrap_or(0)).max(guess);
        let unanswered =
            listing.sent_at.filter(|sent| listing.confirmed_at.is_none_or(|confirmed| confirmed < *sent));
        doubt_until = unanswered.map(|sent| sent.plus(Rules::HOUSE.latest_apply)).max(doubt_until);
    }
    Quota::unknown(head.id, guess, doubt_until.filter(|until| *until > now))
}

/// Who sells how much, and who gets the last units: a listing that sells the SKU no more gets nothing.
fn demands(
    listings: &[Listing],
    sold: &[(Option<ListingId>, i64)],
    preferred: Option<ListingId>,
) -> Vec<Demand> {
    let heads: Vec<&Listing> = heads(listings).collect();
    let preferred = preferred.map(|listing| head_of(listings, listing));
    let sold_of = |id: ListingId| {
        sold.iter()
            .filter(|(listing, _)| listing.is_some_and(|listing| head_of(listings, listing) == id))
            .map(|(_, units)| units)
            .sum()
    };
    let demand = |listing: &&Listing| Demand {
        listing: listing.id,
        sold_units: sold_of(listing.id),
        ceiling_units: if listing.state.takes_stock() { CEILING_UNITS } else { 0 },
        is_preferred: preferred == Some(listing.id),
    };
    heads.iter().map(demand).collect()
}

/// Announces the step of one listing, if the plan has one.
fn announce(
    split: &mut Split,
    plan: &Plan,
    id: ListingId,
    tally: Tally,
    now: Timestamp,
) -> Option<(Errand, Timestamp)> {
    let errand = plan.steps.iter().find_map(|step| match step {
        Step::Lower(listing) if *listing == id => Some(Errand::Write(0)),
        Step::Raise { listing, units } if *listing == id => Some(Errand::Write(*units)),
        Step::Look(listing) if *listing == id => Some(Errand::Look),
        Step::Lower(_) | Step::Raise { .. } | Step::Look(_) | Step::Settle(_) => None,
    })?;
    let allowed = match errand {
        Errand::Write(units) => split.announce(id, units, tally, now),
        Errand::Look => split.look(id, now),
    };
    allowed.ok().map(|()| (errand, now))
}

/// What an answer proves, if it is the answer to the call that is kept.
fn end_errand(
    split: &mut Split,
    id: ListingId,
    began_at: Timestamp,
    errand: &Errand,
    shown: Option<i64>,
    now: Timestamp,
) {
    let is_kept = split.quota(id).is_some_and(|quota| {
        quota.is_calling() && quota.probe.is_some_and(|probe| probe.began_at == began_at)
    });
    if !is_kept {
        return;
    }
    match (shown, errand) {
        (Some(units), Errand::Write(_)) => split.answered(id, units, now),
        (Some(units), Errand::Look) => split.seen(id, units, now),
        (None, _) => split.lost(id, now),
    }
}
