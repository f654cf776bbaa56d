//! What a price is made of, and what a sale at it earns: fees that somebody typed, the account's rule or the SKU's
//! own, and what a piece costs (docs/decisions/0036). Nothing is guessed: what is not known is named.

pub mod change;
pub(crate) mod push;

use std::collections::BTreeMap;

use domain::catalogue::COST_CURRENCY;
use domain::draft::Draft;
use domain::offer::{Fault, Field, Mend, Offer};
use domain::pricing::{BelowFloor, Earnings, FeeTable, Outlay, Policy, PriceError, Share};
use domain::{Actor, ConnectionId, ConnectionState, MemberId, OrganizationId, SkuId, Timestamp};
use store::prices::{GoodsCost, HeldFees};
use store::{StoreResult, Tenant};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;

/// What is missing to say what a sale earns, or why no price does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Nobody typed the account's fees.
    Fees,
    /// Nobody made a rule.
    Rule,
    /// Nobody said what a piece costs.
    Cost,
    /// Fees, tax and goal take all of any price.
    NothingLeft,
    /// The price would be beyond all reason.
    TooHigh,
}

impl Lack {
    /// The word in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fees => "fees",
            Self::Rule => "rule",
            Self::Cost => "cost",
            Self::NothingLeft => "nothing_left",
            Self::TooHigh => "too_high",
        }
    }
}

/// Everything that prices one SKU at one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pricing {
    /// What the platform takes now.
    pub fees: Option<HeldFees>,
    /// The rule.
    pub policy: Option<Policy>,
    /// Whether the rule is the SKU's own.
    pub is_own: bool,
    /// What a piece costs.
    pub goods: GoodsCost,
}

impl Pricing {
    pub(crate) fn of(
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        sku: SkuId,
        now: Timestamp,
    ) -> StoreResult<Self> {
        let fees = tenant.fees_at(connection, now)?;
        Self::with(tenant, connection, sku, fees)
    }

    /// The same, where the account's fees were read already.
    pub fn with(
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        sku: SkuId,
        fees: Option<HeldFees>,
    ) -> StoreResult<Self> {
        let own = tenant.price_rule(connection, Some(sku))?;
        let is_own = own.is_some();
        let policy = if is_own { own } else { tenant.price_rule(connection, None)? };
        Ok(Self { fees, policy, is_own, goods: tenant.goods_cost(sku)? })
    }

    fn table(&self) -> Option<&FeeTable> {
        self.fees.as_ref().map(|held| &held.table)
    }

    /// What the seller bears of a sale. A tax that nobody told counts as nothing, and the page says so.
    #[must_use]
    pub fn outlay(&self) -> Option<Outlay> {
        let points = self.goods.tax_basis_points.and_then(|points| u32::try_from(points).ok());
        Some(Outlay {
            goods_minor: self.goods.cost_minor?,
            packaging_minor: self.policy.map_or(0, |policy| policy.packaging_minor),
            tax: points.and_then(Share::from_basis_points).unwrap_or_default(),
        })
    }

    /// What a sale at a price earns.
    ///
    /// # Errors
    /// What is missing to say it.
    pub fn sale_at(&self, price_minor: i64) -> Result<Earnings, Lack> {
        let table = self.table().ok_or(Lack::Fees)?;
        Ok(Earnings::at(price_minor, table, self.outlay().ok_or(Lack::Cost)?))
    }

    /// The price that the rule makes, with what it earns.
    ///
    /// # Errors
    /// Why there is none.
    pub fn by_rule(&self) -> Result<Earnings, Lack> {
        let table = self.table().ok_or(Lack::Fees)?;
        let policy = self.policy.ok_or(Lack::Rule)?;
        let outlay = self.outlay().ok_or(Lack::Cost)?;
        policy.price(table, outlay).map_err(|error| match error {
            PriceError::NothingLeft => Lack::NothingLeft,
            PriceError::TooHigh => Lack::TooHigh,
        })
    }

    /// Whether the rule lets a price be asked. Without a rule every price may; without fees or a cost the typed floor
    /// alone holds.
    ///
    /// # Errors
    /// What may be asked instead.
    pub fn allows(&self, price_minor: i64) -> Result<(), BelowFloor> {
        let Some(policy) = self.policy else { return Ok(()) };
        policy.allows(price_minor, self.table().zip(self.outlay()))
    }
}

/// What prices the variants of an offer.
pub type Pricings = BTreeMap<SkuId, Pricing>;

/// Faults of prices below the floor.
pub(crate) fn floor_faults(offer: &Offer, skus: &[Option<SkuId>], pricings: &Pricings) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, (variant, sku)) in offer.variants.iter().zip(skus).enumerate() {
        let known = variant.price.currency == COST_CURRENCY && variant.price.minor > 0;
        let pricing = sku.and_then(|sku| pricings.get(&sku)).filter(|_| known);
        if let Some(Err(below)) = pricing.map(|pricing| pricing.allows(variant.price.minor)) {
            faults.push(Fault { field: Field::Price(at), mend: Mend::OverFloor(below.least_minor) });
        }
    }
    faults
}

/// Why fees or a rule were not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// Fees hold from now on or from a day to come, at most a year ahead.
    #[error("fees hold from today on or from a day within a year")]
    Day,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<store::StoreError> for KeepError {
    fn from(error: store::StoreError) -> Self {
        Self::App(error.into())
    }
}

/// Days that fees may be typed ahead.
const DAYS_AHEAD: i32 = 366;

fn is_live(tenant: &mut Tenant<'_, '_>, connection: ConnectionId) -> StoreResult<bool> {
    Ok(tenant.connection(connection)?.is_some_and(|it| it.state != ConnectionState::Disconnected))
}

impl App {
    /// Keeps what an account's platform takes, from now on or from a day on. What held before stays known.
    ///
    /// # Errors
    /// Why it was not kept.
    pub async fn keep_fees(
        &self,
        organization: OrganizationId,
        member: MemberId,
        connection: ConnectionId,
        from: Option<Timestamp>,
        table: FeeTable,
    ) -> Result<(), KeepError> {
        let (app, now) = (self.clone(), self.clock().now());
        // Today's fees hold from this moment: nobody changes what was true this morning.
        let valid_from = match from {
            Some(day) if day > now => day,
            Some(day) if day < now.business_midnight(0) => return Err(KeepError::Day),
            Some(_) | None => now,
        };
        if valid_from > now.business_midnight(DAYS_AHEAD) {
            return Err(KeepError::Day);
        }
        let kept = self
            .organization(organization)
            .write(move |tenant| {
                if !is_live(tenant, connection)? {
                    return Ok(false);
                }
                let actor = Actor::Member(member);
                tenant.keep_fees(connection, valid_from, &table, &actor, now)?;
                let deed = Deed::new(actor, "price.fees_kept", connection.to_string())
                    .with("from", valid_from.to_rfc3339())
                    .with("stretches", table.rows().len());
                app.outcome(tenant, &deed, "ok").map(|()| true)
            })
            .await?;
        if kept { Ok(()) } else { Err(AppError::NotFound("connection").into()) }
    }

    /// Keeps how prices are made at an account, or with a SKU how that one's are; `None` ends the rule.
    pub async fn keep_price_rule(
        &self,
        organization: OrganizationId,
        member: MemberId,
        connection: ConnectionId,
        sku: Option<SkuId>,
        policy: Option<Policy>,
    ) -> Result<(), AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let kept = self
            .organization(organization)
            .write(move |tenant| {
                let known = sku.map(|sku| tenant.sku(sku)).transpose()?.is_none_or(|sku| sku.is_some());
                if !known || !is_live(tenant, connection)? {
                    return Ok(false);
                }
                let actor = Actor::Member(member);
                let mut action = "price.rule_kept";
                if let Some(policy) = &policy {
                    tenant.keep_price_rule(connection, sku, policy, &actor, now)?;
                } else {
                    action = "price.rule_ended";
                    if !tenant.end_price_rule(connection, sku)? {
                        return Ok(true);
                    }
                }
                let mut deed = Deed::new(actor, action, connection.to_string());
                if let Some(sku) = sku {
                    deed = deed.with("sku", sku);
                }
                if let Some(policy) = &policy {
                    let floor = if policy.never_at_a_loss { "never at a loss" } else { "typed" };
                    deed = deed.with("floor_minor", policy.floor_minor).with("floor", floor);
                }
                app.outcome(tenant, &deed, "ok").map(|()| true)
            })
            .await?;
        if kept { Ok(()) } else { Err(AppError::NotFound("connection")) }
    }

    /// A draft with the prices that its account's rule makes; a variant whose price cannot be made keeps what was
    /// typed. Gives what is missing for those, each thing once.
    #[must_use]
    pub fn suggest_prices(draft: &Draft, skus: &[Option<SkuId>], pricings: &Pricings) -> (Draft, Vec<Lack>) {
        let (mut suggested, mut lacks) = (draft.clone(), Vec::new());
        let mut prices = Vec::new();
        for sku in skus.iter().flatten() {
            match pricings.get(sku).map_or(Err(Lack::Rule), Pricing::by_rule) {
                Ok(sale) => prices.push((*sku, sale.price_minor)),
                Err(lack) if !lacks.contains(&lack) => lacks.push(lack),
                Err(_) => {}
            }
        }
        let text = |minor| domain::Money::new(minor, COST_CURRENCY).to_decimal().replace('.', ",");
        let first = prices.first().map(|(_, minor)| *minor);
        let are_alike = prices.iter().all(|(_, minor)| Some(*minor) == first);
        if let Some(price) = first.filter(|_| are_alike && lacks.is_empty()) {
            suggested.price = text(price);
            for sku in skus.iter().flatten() {
                suggested.put(&domain::draft::price_cell(*sku), Vec::new());
            }
        } else {
            for (sku, minor) in prices {
                suggested.put(&domain::draft::price_cell(sku), vec![text(minor)]);
            }
        }
        (suggested, lacks)
    }
}
