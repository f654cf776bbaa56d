//! Prices of listings that are changed together: looked over, asked about where it looks like a slip, sent as jobs.

use domain::catalogue::COST_CURRENCY;
use domain::pricing::{BatchState, ChangeState, MAX_PRICE_MINOR, PriceWhy, is_wild};
use domain::{
    Actor, ConnectionId, ConnectionState, ListingId, ListingState, MemberId, Money, OrganizationId,
    PriceBatchId, PriceChangeId, Timestamp,
};
use store::price_changes::{Change, ChangeEnd, NewChange};
use store::{StoreResult, Tenant};

use super::Pricing;
use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::jobs::Work;

/// Prices that one form changes at most: a page of listings.
pub const MAX_CHANGES: usize = 200;
/// Days that a change may be put off, and that a span may last.
const DAYS_AHEAD: i32 = 366;

/// A listing with what it shows and is to show, and why.
type Wanted = (ListingId, Money, i64, PriceWhy);

/// What somebody wants changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceWish {
    /// At which account.
    pub connection: ConnectionId,
    /// Listings, what each is to show in minor units, and why.
    pub prices: Vec<(ListingId, i64, PriceWhy)>,
    /// When; `None` for now.
    pub from: Option<Timestamp>,
    /// When they go back to what they are; `None` where they stay.
    pub until: Option<Timestamp>,
}

/// A price that the rule forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLow {
    /// The listing.
    pub listing: ListingId,
    /// Its title.
    pub title: String,
    /// What may be asked; `None` where the rule allows no price.
    pub least: Option<Money>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum WishError {
    /// Nothing is to change.
    #[error("nothing is to change")]
    Nothing,
    /// More than [`MAX_CHANGES`].
    #[error("more than {MAX_CHANGES} prices at once")]
    TooMany,
    /// A listing is not there any more, shows no price, or one in another currency.
    #[error("a listing's price cannot be changed: {0}")]
    Unpriced(String),
    /// A price is none.
    #[error("a price is not above nothing: {0}")]
    NoPrice(String),
    /// Prices below the floor.
    #[error("{} prices are below the floor", .0.len())]
    BelowFloor(Vec<TooLow>),
    /// The span is over, ends before it begins, or is too far off.
    #[error("the span is over, ends before it begins, or is more than a year away")]
    Span,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<store::StoreError> for WishError {
    fn from(error: store::StoreError) -> Self {
        Self::App(error.into())
    }
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Somebody has to say first that it is meant.
    Staged(PriceBatchId),
    /// It is on its way.
    Agreed(PriceBatchId),
}

impl Asked {
    /// The batch.
    #[must_use]
    pub const fn batch(self) -> PriceBatchId {
        match self {
            Self::Staged(id) | Self::Agreed(id) => id,
        }
    }
}

impl App {
    /// Looks a wish over and keeps it: on its way at once, or to be agreed to where it changes more than
    /// [`App::unasked_changes`] prices or one by more than ten times.
    ///
    /// # Errors
    /// Why nothing of it was kept.
    pub async fn change_prices(
        &self,
        organization: OrganizationId,
        member: MemberId,
        wish: PriceWish,
    ) -> Result<Asked, WishError> {
        let now = self.clock().now();
        let far = now.business_midnight(DAYS_AHEAD);
        let due_at = wish.from.filter(|from| *from > now).unwrap_or(now);
        if due_at > far || wish.until.is_some_and(|until| until <= due_at || until > far) {
            return Err(WishError::Span);
        }
        if wish.prices.len() > MAX_CHANGES {
            return Err(WishError::TooMany);
        }
        let app = self.clone();
        let asked = self
            .organization(organization)
            .write(move |tenant| app.keep_wish(tenant, member, &wish, due_at))
            .await??;
        self.jobs_came.notify_one();
        Ok(asked)
    }

    fn keep_wish(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        wish: &PriceWish,
        due_at: Timestamp,
    ) -> StoreResult<Result<Asked, WishError>> {
        let (now, actor) = (self.clock().now(), Actor::Member(member));
        let account = tenant.connection(wish.connection)?;
        if account.is_none_or(|it| it.state == ConnectionState::Disconnected) {
            return Ok(Err(AppError::NotFound("connection").into()));
        }
        let checked = self.look_over(tenant, wish)?;
        let changes = match checked {
            Ok(changes) if changes.is_empty() => return Ok(Err(WishError::Nothing)),
            Ok(changes) => changes,
            Err(error) => return Ok(Err(error)),
        };
        let is_odd = changes.iter().any(|(_, from, to, _)| is_wild(from.minor, *to));
        let is_staged = is_odd || changes.len() > self.unasked_changes();
        let batch = PriceBatchId::new(now, self.entropy());
        let state = if is_staged { BatchState::Staged } else { BatchState::Agreed };
        tenant.insert_price_batch(batch, wish.connection, state, &actor, now)?;
        for (listing, from, to_minor, why) in &changes {
            let new = NewChange {
                id: PriceChangeId::new(now, self.entropy()),
                batch,
                listing: *listing,
                from: *from,
                to_minor: *to_minor,
                why: *why,
                due_at,
                until_at: wish.until,
            };
            tenant.insert_price_change(&new)?;
            if !is_staged {
                self.send_price(tenant, wish.connection, new.id, due_at)?;
            }
        }
        let word = if is_staged { "price.changes_staged" } else { "price.changes_agreed" };
        let deed = Deed::new(actor, word, batch.to_string()).with("prices", changes.len());
        self.outcome(tenant, &deed, "ok")?;
        Ok(Ok(if is_staged { Asked::Staged(batch) } else { Asked::Agreed(batch) }))
    }

    /// What is to change: each listing with what it shows and is to show. Those that show it already are left out.
    fn look_over(
        &self,
        tenant: &mut Tenant<'_, '_>,
        wish: &PriceWish,
    ) -> StoreResult<Result<Vec<Wanted>, WishError>> {
        let (mut changes, mut low): (Vec<Wanted>, Vec<TooLow>) = (Vec::new(), Vec::new());
        let fees = tenant.fees_at(wish.connection, self.clock().now())?;
        for (id, to_minor, why) in &wish.prices {
            let listing = tenant.listing(*id)?.filter(|it| it.connection == wish.connection);
            let Some(listing) = listing else { return Ok(Err(WishError::Unpriced(id.to_string()))) };
            let shown = listing.price.filter(|price| price.currency == COST_CURRENCY);
            let (Some(from), Some(sku)) = (shown, listing.sku) else {
                return Ok(Err(WishError::Unpriced(listing.title)));
            };
            if listing.state == ListingState::Closed {
                return Ok(Err(WishError::Unpriced(listing.title)));
            }
            if *to_minor <= 0 || *to_minor > MAX_PRICE_MINOR {
                return Ok(Err(WishError::NoPrice(listing.title)));
            }
            let is_twice = changes.iter().any(|(other, ..)| other == id);
            if from.minor == *to_minor || is_twice {
                continue;
            }
            let pricing = Pricing::with(tenant, wish.connection, sku, fees.clone())?;
            if let Err(below) = pricing.allows(*to_minor) {
                let least = below.least_minor.map(|minor| Money::new(minor, COST_CURRENCY));
                low.push(TooLow { listing: *id, title: listing.title, least });
            }
            changes.push((*id, from, *to_minor, *why));
        }
        Ok(if low.is_empty() { Ok(changes) } else { Err(WishError::BelowFloor(low)) })
    }

    pub(super) fn send_price(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        change: PriceChangeId,
        at: Timestamp,
    ) -> StoreResult<()> {
        self.ask(tenant, connection, &Work::PushPrice { change }, "a price was changed", at)
    }

    /// Sends staged prices on their way. One that is far from the present price goes only if it is `meant`; the
    /// others of that kind are called off. False when nothing waits to be agreed to.
    pub async fn agree_to_prices(
        &self,
        organization: OrganizationId,
        member: MemberId,
        batch: PriceBatchId,
        meant: Vec<PriceChangeId>,
    ) -> Result<bool, AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let agreed = self
            .organization(organization)
            .write(move |tenant| {
                let Some(held) = tenant.price_batch(batch)? else { return Ok(None) };
                if !tenant.settle_price_batch(batch, BatchState::Agreed)? {
                    return Ok(Some(false));
                }
                let (mut sent, mut left) = (0_u32, 0_u32);
                for change in tenant.price_changes(batch)? {
                    if is_odd(&change) && !meant.contains(&change.asked.id) {
                        tenant.end_price_change(change.asked.id, &CALLED_OFF, now)?;
                        left += 1;
                        continue;
                    }
                    let at = change.asked.due_at.max(now);
                    app.send_price(tenant, held.connection, change.asked.id, at)?;
                    sent += 1;
                }
                let deed = Deed::new(Actor::Member(member), "price.changes_agreed", batch.to_string())
                    .with("prices", sent)
                    .with("left_out", left);
                app.outcome(tenant, &deed, "ok").map(|()| Some(true))
            })
            .await?;
        self.jobs_came.notify_one();
        agreed.ok_or(AppError::NotFound("price batch"))
    }

    /// Calls off what waits of a batch: all of a staged one, or changes that are not written yet.
    pub async fn call_off_prices(
        &self,
        organization: OrganizationId,
        member: MemberId,
        batch: PriceBatchId,
    ) -> Result<usize, AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let ended = self
            .organization(organization)
            .write(move |tenant| {
                if tenant.price_batch(batch)?.is_none() {
                    return Ok(None);
                }
                tenant.settle_price_batch(batch, BatchState::Dropped)?;
                let mut ended = 0_usize;
                for change in tenant.price_changes(batch)? {
                    ended += usize::from(tenant.end_price_change(change.asked.id, &CALLED_OFF, now)?);
                }
                if ended > 0 {
                    let deed =
                        Deed::new(Actor::Member(member), "price.changes_called_off", batch.to_string());
                    app.outcome(tenant, &deed.with("prices", ended), "ok")?;
                }
                Ok(Some(ended))
            })
            .await?;
        ended.ok_or(AppError::NotFound("price batch"))
    }
}

const CALLED_OFF: ChangeEnd = ChangeEnd { state: ChangeState::CalledOff, found_minor: None, trouble: None };

/// Whether a change has to be meant by name.
#[must_use]
pub fn is_odd(change: &Change) -> bool {
    is_wild(change.asked.from.minor, change.asked.to_minor)
}
