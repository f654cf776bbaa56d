//! A listing is given its price. The platform is read first and written only where it shows another price; what was
//! allowed when it was asked for is held against the rule and the cost of now.

use connect::{ErrorKind, ListingSnapshot};
use domain::catalogue::COST_CURRENCY;
use domain::pricing::{BatchState, ChangeState, PriceStep, PriceWhy, next_step};
use domain::{Actor, ConnectionId, Money, OrganizationId, PriceChangeId, Problem, Verdict};
use store::listings::Listing;
use store::price_changes::{Change, ChangeEnd, NewChange};
use store::{StoreResult, Tenant};

use super::Pricing;
use crate::App;
use crate::audit::{Deed, NotDone};
use crate::caller::Caller;
use crate::error::AppError;
use crate::fanout::{is_same, key_of};
use crate::steps;

fn end(state: ChangeState, found_minor: Option<i64>) -> ChangeEnd {
    ChangeEnd { state, found_minor, trouble: None }
}

fn refused(found_minor: Option<i64>, error: &AppError) -> ChangeEnd {
    let trouble = Some((error.problem(), error.to_string()));
    ChangeEnd { state: ChangeState::Refused, found_minor, trouble }
}

fn deed_of(change: &Change) -> Deed {
    Deed::new(Actor::system("prices"), "listing.price_written", change.asked.listing.to_string())
        .with("price", change.to().to_decimal())
        .with("currency", change.asked.from.currency.code())
        .with("change", change.asked.id)
}

impl App {
    /// Writes a price that waits. False when nobody was called.
    pub(crate) async fn push_price(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: PriceChangeId,
    ) -> Result<bool, AppError> {
        let found = self
            .organization(organization)
            .read(move |tenant| {
                let Some(change) = tenant.price_change(id)? else { return Ok(None) };
                Ok(tenant.listing(change.asked.listing)?.map(|listing| (change, listing)))
            })
            .await?;
        let waits = |change: &Change| {
            change.state == ChangeState::Waiting && change.batch_state == BatchState::Agreed
        };
        let Some((change, listing)) = found.filter(|(change, _)| waits(change)) else { return Ok(false) };
        let caller = self.caller(organization, connection).await?;
        match self.write_price(organization, &change, &listing, &caller).await {
            // Whatever is not worth another try is told where it was asked for.
            Err(error) if error.verdict() == Verdict::Fail && is_of_the_price(&error) => {
                self.end_price(organization, &change, refused(change.found_minor, &error)).await?;
                Ok(true)
            }
            done => done.map(|()| true),
        }
    }

    async fn write_price(
        &self,
        organization: OrganizationId,
        change: &Change,
        listing: &Listing,
        caller: &Caller,
    ) -> Result<(), AppError> {
        let Some(prices) = caller.channel.prices() else {
            return Err(connect::ChannelError::new(ErrorKind::NotWritable, "write price").into());
        };
        let read = caller.channel.listings().fetch(&caller.account, &listing.external_id).await;
        let seen = caller.heard(read).await?;
        let seen = seen.into_iter().find(|seen| is_same(listing, &seen.key));
        let shown = seen.as_ref().and_then(|seen: &ListingSnapshot| seen.price);
        let Some(shown) = shown.filter(|shown| shown.currency == change.asked.from.currency) else {
            return Err(connect::ChannelError::new(ErrorKind::NotWritable, "write price").into());
        };
        // What was found at a try that was cut off behind its write is what it goes back to.
        let ours = change.found_minor.filter(|found| *found != change.asked.to_minor);
        let found = if shown == change.to() { ours.unwrap_or(shown.minor) } else { shown.minor };
        if !self.price_goes_on(organization, change, shown, found).await? {
            return Ok(());
        }
        if shown != change.to() {
            self.step(steps::PRICE_ANNOUNCED)?;
            let written = prices.write(&caller.account, &key_of(listing), change.to()).await;
            self.step(steps::PRICE_WRITTEN)?;
            if let Err(error) = written {
                let (app, deed, why) = (self.clone(), deed_of(change), error.to_string());
                self.organization(organization)
                    .write(move |tenant| app.not_done(tenant, &deed, NotDone::Failed, &why))
                    .await?;
                return caller.heard(Err(error)).await;
            }
        }
        self.price_is_written(organization, change, found).await?;
        self.step(steps::PRICE_NOTED)
    }

    /// Decides, with what is known now, and announces the write. False where nothing is to be written.
    async fn price_goes_on(
        &self,
        organization: OrganizationId,
        change: &Change,
        shown: Money,
        found: i64,
    ) -> Result<bool, AppError> {
        let (app, change, now) = (self.clone(), change.clone(), self.clock().now());
        let goes_on = move |tenant: &mut Tenant<'_, '_>| {
            let id = change.asked.id;
            // Somebody may have called it off while the platform was read.
            let held = tenant.price_change(id)?;
            if held.is_none_or(|held| held.state != ChangeState::Waiting) {
                return Ok(false);
            }
            tenant.note_price(change.asked.listing, shown)?;
            if found != shown.minor {
                return Ok(true);
            }
            let allowed = match change.sku.filter(|_| change.asked.from.currency == COST_CURRENCY) {
                Some(sku) => Pricing::of(tenant, change.connection, sku, now)?.allows(change.asked.to_minor),
                None => Ok(()),
            };
            let prices = (change.asked.from.minor, change.asked.to_minor);
            match next_step(change.asked.why, prices, found, allowed.is_ok()) {
                PriceStep::Write => {
                    tenant.note_found_price(id, found)?;
                    app.intent(tenant, &deed_of(&change)).map(|()| true)
                }
                PriceStep::End(state) => {
                    tenant.end_price_change(id, &end(state, Some(found)), now)?;
                    if matches!(state, ChangeState::BelowFloor | ChangeState::Overtaken) {
                        app.not_done(tenant, &deed_of(&change), NotDone::Refused, state.as_str())?;
                    }
                    Ok(false)
                }
            }
        };
        Ok(self.organization(organization).write(goes_on).await?)
    }

    async fn price_is_written(
        &self,
        organization: OrganizationId,
        change: &Change,
        found: i64,
    ) -> Result<(), AppError> {
        let (app, change, now) = (self.clone(), change.clone(), self.clock().now());
        let written = move |tenant: &mut Tenant<'_, '_>| {
            tenant.note_price(change.asked.listing, change.to())?;
            if !tenant.end_price_change(change.asked.id, &end(ChangeState::Done, Some(found)), now)? {
                // Called off in the moment in which it was written: it is, and stays in the log.
                return app.outcome(tenant, &deed_of(&change), "confirmed, called off too late");
            }
            app.outcome(tenant, &deed_of(&change), "confirmed")?;
            app.ask_back(tenant, &change, found)
        };
        Ok(self.organization(organization).write(written).await?)
    }

    /// Asks for the price of before at the end of a span.
    fn ask_back(&self, tenant: &mut Tenant<'_, '_>, change: &Change, found: i64) -> StoreResult<()> {
        let Some(until) = change.asked.until_at else { return Ok(()) };
        let now = self.clock().now();
        let back = NewChange {
            id: PriceChangeId::new(now, self.entropy()),
            batch: change.asked.batch,
            listing: change.asked.listing,
            from: change.to(),
            to_minor: found,
            why: PriceWhy::Back,
            due_at: until,
            until_at: None,
        };
        tenant.insert_price_change(&back)?;
        self.send_price(tenant, change.connection, back.id, until.max(now))
    }

    async fn end_price(
        &self,
        organization: OrganizationId,
        change: &Change,
        how: ChangeEnd,
    ) -> Result<(), AppError> {
        let (id, now) = (change.asked.id, self.clock().now());
        self.organization(organization)
            .write(move |tenant| tenant.end_price_change(id, &how, now).map(drop))
            .await?;
        Ok(())
    }
}

/// Whether a failure is about the price or its listing: an account that stands still is told elsewhere, and the price
/// goes on waiting for it.
const fn is_of_the_price(error: &AppError) -> bool {
    matches!(
        error.problem(),
        Problem::Refused | Problem::NotFound | Problem::ListingNotWritable | Problem::WriteNotApplied
    )
}
