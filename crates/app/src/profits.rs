//! What orders earn: those that wait are reckoned batch by batch, fees are watched, a cost of before
//! is entered.

use std::time::Duration;

use domain::catalogue::{COST_CURRENCY, Facts};
use domain::{Actor, ChannelKind, ConnectionId, MemberId, Money, OrganizationId, SkuId, Timestamp, radar};
use store::money_view::ShiftRow;
use store::{StoreResult, Tenant, profits};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::jobs::Work;

/// Orders reckoned in one transaction: some hundredths of a second, so that a sale never waits long.
const RECKONED_AT_ONCE: u32 = 100;
/// Organizations that are reminded at once.
const MAX_REMINDED: usize = 64;
/// How far the radar looks back: what is older says nothing of today's fees.
const RADAR_LOOKS_BACK: Duration = Duration::from_hours(56 * 24);
/// A shift that began so near one that is known is that one: which orders are looked back over
/// changes a little each day.
const SAME_SHIFT: Duration = Duration::from_hours(7 * 24);
/// A cost of before is entered for no more than this: the law keeps books for five years.
pub const LONGEST_COST: Duration = Duration::from_hours(5 * 365 * 24);
/// Highest cost of a piece, in minor units.
const MAX_COST_MINOR: i64 = 100_000_000_000;
/// The whole price, in hundredths of a percent.
const WHOLE_BASIS_POINTS: i64 = 10_000;
/// An order that arrived and is not settled so long after its sale is asked about. Marketplaces settle
/// within weeks of the arrival; this is our own margin, no platform's promise.
pub const PAYOUT_TERM: Duration = Duration::from_hours(45 * 24);

/// Why a cost of before was not kept.
#[derive(Debug, thiserror::Error)]
pub enum PastCostError {
    /// Below zero, or more than anything costs.
    #[error("the cost is below zero or too high")]
    Cost,
    /// Below zero, or more than the whole price.
    #[error("the tax is below zero or more than all of the price")]
    Tax,
    /// In the future, or too long ago.
    #[error("the day is in the future or too long ago")]
    Day,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

/// What a SKU cost from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastCost {
    /// The SKU.
    pub sku: SkuId,
    /// What a piece cost, in minor units.
    pub cost_minor: i64,
    /// The tax on its sale, in hundredths of a percent.
    pub tax_basis_points: Option<i64>,
    /// From when on.
    pub from: Timestamp,
}

impl PastCost {
    fn check(&self, now: Timestamp) -> Result<(), PastCostError> {
        if !(0..=MAX_COST_MINOR).contains(&self.cost_minor) {
            return Err(PastCostError::Cost);
        }
        if self.tax_basis_points.is_some_and(|points| !(0..=WHOLE_BASIS_POINTS).contains(&points)) {
            return Err(PastCostError::Tax);
        }
        if self.from > now || now.since(self.from) > LONGEST_COST { Err(PastCostError::Day) } else { Ok(()) }
    }
}

impl App {
    /// Reminds organizations of their orders that wait to be reckoned.
    pub(crate) async fn remind_of_profits(&self) -> Result<(), AppError> {
        let installation = self.store().installation();
        let waiting = installation.read(|tx| profits::organizations_due(tx, MAX_REMINDED)).await?;
        for organization in &waiting {
            let app = self.clone();
            self.organization(*organization)
                .write(move |tenant| app.remind_house(tenant, &Work::ReckonProfits, "clock"))
                .await?;
        }
        if !waiting.is_empty() {
            self.jobs_came.notify_one();
        }
        Ok(())
    }

    /// Reckons some of the orders that wait, and asks for itself while there are more. A run that is cut
    /// off leaves its orders waiting.
    pub(crate) async fn reckon_profits(&self, organization: OrganizationId) -> Result<(), AppError> {
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                let reckoned = tenant.reckon_due(RECKONED_AT_ONCE)?;
                if reckoned == usize::try_from(RECKONED_AT_ONCE).unwrap_or(usize::MAX) {
                    let now = app.clock().now();
                    return app.ask_for_house(tenant, &Work::ReckonProfits, "more of them", now);
                }
                Ok(())
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    /// Looks whether an account's fees stopped being what they were, and keeps what is new.
    pub(crate) fn look_at_fees(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        now: Timestamp,
    ) -> StoreResult<()> {
        let since = now.minus(RADAR_LOOKS_BACK);
        for currency in tenant.money_currencies(since)? {
            let sightings = tenant.sightings(connection, since, currency)?;
            for shift in radar::shifts(&sightings) {
                let nearby = (shift.since.minus(SAME_SHIFT), shift.since.plus(SAME_SHIFT));
                let row = ShiftRow { connection, shift, currency, found_at: now };
                if !tenant.keep_shift(&row, nearby)? {
                    continue;
                }
                let extra = Money::new(row.shift.extra_minor(), currency).to_decimal();
                let deed = Deed::new(Actor::system("money"), "fees.shifted", connection.to_string());
                let deed = deed.with("against", row.shift.against.as_str()).with("orders", row.shift.orders);
                self.outcome(tenant, &deed.with("extra", extra), "ok")?;
            }
        }
        Ok(())
    }

    /// Keeps what a SKU cost from a day that has passed until the next cost that is known. Its orders of
    /// that time are reckoned anew, by and by.
    ///
    /// # Errors
    /// Why it was not kept.
    pub async fn enter_past_cost(
        &self,
        organization: OrganizationId,
        member: MemberId,
        cost: PastCost,
    ) -> Result<(), PastCostError> {
        let now = self.clock().now();
        cost.check(now)?;
        let app = self.clone();
        let found = self
            .organization(organization)
            .write(move |tenant| {
                if tenant.sku(cost.sku)?.is_none() {
                    return Ok(false);
                }
                let actor = Actor::Member(member);
                let facts = Facts {
                    cost: Some(Money::new(cost.cost_minor, COST_CURRENCY)),
                    tax_basis_points: cost.tax_basis_points,
                    ..Facts::default()
                };
                let orders = tenant.keep_past_cost(cost.sku, &facts, &actor, cost.from)?;
                if orders > 0 {
                    app.ask_for_house(tenant, &Work::ReckonProfits, "a cost of before", now)?;
                }
                let tax = cost.tax_basis_points.map_or_else(|| "none".to_owned(), |tax| tax.to_string());
                let deed = Deed::new(actor, "sku.cost_set", cost.sku.to_string())
                    .with("to_minor", cost.cost_minor)
                    .with("to_tax", tax)
                    .with("valid_from", cost.from.to_rfc3339())
                    .with("orders", orders);
                app.outcome(tenant, &deed, "ok")?;
                Ok(true)
            })
            .await
            .map_err(AppError::from)?;
        self.jobs_came.notify_one();
        if found { Ok(()) } else { Err(AppError::NotFound("SKU").into()) }
    }

    /// Writes down that a member took sums out to a table.
    pub async fn note_money_exported(
        &self,
        organization: OrganizationId,
        member: MemberId,
        table: &str,
        period: &str,
        rows: usize,
    ) -> Result<(), AppError> {
        let deed = Deed::new(Actor::Member(member), "money.exported", organization.to_string());
        let deed = deed.with("table", table).with("period", period).with("rows", rows);
        let app = self.clone();
        self.organization(organization).write(move |tenant| app.outcome(tenant, &deed, "ok")).await?;
        Ok(())
    }

    /// Whether a platform has a list of settlements that the app may read; `None` where it tells nothing
    /// of money.
    #[must_use]
    pub fn lists_payouts(&self, kind: ChannelKind) -> Option<bool> {
        let channel = self.channel(kind)?;
        channel.finance().map(|finance| finance.settlements().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::TypedId;

    const NOW: Timestamp = Timestamp::from_millis(1_767_623_400_000);

    #[test]
    fn a_cost_that_nothing_has_is_refused() {
        let fine = PastCost {
            sku: SkuId::from_bytes([1; 16]),
            cost_minor: 1_000,
            tax_basis_points: Some(400),
            from: NOW.minus(Duration::from_hours(24)),
        };
        assert!(fine.check(NOW).is_ok());
        assert!(PastCost { tax_basis_points: None, from: NOW, ..fine }.check(NOW).is_ok());
        for cost_minor in [-1, MAX_COST_MINOR + 1] {
            assert!(matches!(PastCost { cost_minor, ..fine }.check(NOW), Err(PastCostError::Cost)));
        }
        for points in [-1, 10_001] {
            let wrong = PastCost { tax_basis_points: Some(points), ..fine };
            assert!(matches!(wrong.check(NOW), Err(PastCostError::Tax)));
        }
        let later = NOW.plus(Duration::from_millis(1));
        for from in [later, NOW.minus(LONGEST_COST + Duration::from_secs(1))] {
            assert!(matches!(PastCost { from, ..fine }.check(NOW), Err(PastCostError::Day)));
        }
    }
}
