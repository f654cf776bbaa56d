//! Fees as somebody typed them, rules for prices, and what a piece costs: what a price is made of. Changes of prices
//! are in `price_changes`.

use domain::catalogue::COST_CURRENCY;
use domain::pricing::{Ending, FeeTable, Fees, Goal, Policy, Share};
use domain::{Actor, ConnectionId, Currency, ListingId, ListingState, Money, SkuId, Timestamp, TypedId};

use crate::db::{Row, StoreError, StoreResult};
use crate::{Tenant, params};

/// Tables of fees that are shown of an account: one for each time that its platform changed them.
const MAX_TABLES: u32 = 50;
/// Rules of SKUs that are shown of an account.
const MAX_OWN_RULES: u32 = 200;

/// A table of fees, and from when on it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFees {
    /// From when on.
    pub valid_from: Timestamp,
    /// When it was typed.
    pub kept_at: Timestamp,
    /// What its amounts are in.
    pub currency: Currency,
    /// The table.
    pub table: FeeTable,
}

/// A rule of one SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRule {
    /// The SKU.
    pub sku: SkuId,
    /// Its code.
    pub code: String,
    /// The rule.
    pub policy: Policy,
}

/// What a piece costs now, as far as prices ask; of a kit, what its components cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GoodsCost {
    /// In [`COST_CURRENCY`]; `None` where somebody has still to say it.
    pub cost_minor: Option<i64>,
    /// The tax on its sale in basis points; `None` where nobody said.
    pub tax_basis_points: Option<i64>,
}

/// A listing that sells a SKU, for a list of prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingPrice {
    /// The listing.
    pub id: ListingId,
    /// Its number at the platform.
    pub external_id: String,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub state: ListingState,
    /// What it shows.
    pub price: Option<Money>,
    /// The SKU.
    pub sku: SkuId,
    /// The SKU's code.
    pub code: String,
}

/// The id that the rule of an account has in the place of a SKU's.
fn whole_account() -> SkuId {
    SkuId::from_bytes([0; 16])
}

fn goal_words(goal: Goal) -> (&'static str, i64) {
    match goal {
        Goal::Amount(minor) => ("amount", minor),
        Goal::OfPrice(share) => ("price", share.basis_points().into()),
        Goal::OfCost(points) => ("cost", points.into()),
    }
}

fn goal(word: &str, value: i64) -> Option<Goal> {
    let points = || u32::try_from(value).ok();
    match word {
        "amount" => Some(Goal::Amount(value)),
        "price" => points().and_then(Share::from_basis_points).map(Goal::OfPrice),
        "cost" => points().map(Goal::OfCost),
        _ => None,
    }
}

fn inconsistent(table: &'static str, column: &'static str, value: &impl ToString) -> StoreError {
    StoreError::Inconsistent { table, column, value: value.to_string() }
}

const RULE: &str = "r.goal, r.goal_value, r.every_minor, r.ending_minor, r.floor_minor, r.never_at_a_loss, r.packaging_minor";

fn policy(row: &Row<'_>, first: usize) -> StoreResult<Policy> {
    let (word, value): (String, i64) = (row.get(first)?, row.get(first + 1)?);
    let (every, end): (i64, i64) = (row.get(first + 2)?, row.get(first + 3)?);
    Ok(Policy {
        goal: goal(&word, value).ok_or_else(|| inconsistent("price_rule", "goal", &value))?,
        ending: Ending::new(every, end).ok_or_else(|| inconsistent("price_rule", "ending_minor", &end))?,
        floor_minor: row.get(first + 4)?,
        never_at_a_loss: row.get::<i64>(first + 5)? == 1,
        packaging_minor: row.get(first + 6)?,
    })
}

impl Tenant<'_, '_> {
    /// Keeps the fees of an account from an instant on, in place of what was typed for just that instant.
    pub fn keep_fees(
        &mut self,
        connection: ConnectionId,
        valid_from: Timestamp,
        table: &FeeTable,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute(
            "DELETE FROM fee_stretch WHERE organization_id = $1 AND connection_id = $2 AND valid_from = $3",
            params![self.id, connection, valid_from],
        )?;
        self.tx.execute_exactly(
            1,
            "INSERT INTO fee_table (connection_id, valid_from, organization_id, currency, kept_at, actor) \
             VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (connection_id, valid_from) DO UPDATE SET kept_at = excluded.kept_at, actor = excluded.actor \
             WHERE fee_table.organization_id = excluded.organization_id",
            params![connection, valid_from, self.id, COST_CURRENCY.code(), now, &actor.to_string()],
        )?;
        for (from_minor, fees) in table.rows() {
            self.tx.execute_exactly(
                1,
                "INSERT INTO fee_stretch (connection_id, valid_from, from_minor, organization_id, \
                   commission_basis_points, commission_cap_minor, per_item_minor, freight_minor) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                params![
                    connection,
                    valid_from,
                    *from_minor,
                    self.id,
                    i64::from(fees.commission.basis_points()),
                    fees.commission_cap_minor,
                    fees.per_item_minor,
                    fees.freight_minor
                ],
            )?;
        }
        Ok(())
    }

    /// The fees of an account that hold at an instant.
    pub fn fees_at(&mut self, connection: ConnectionId, at: Timestamp) -> StoreResult<Option<HeldFees>> {
        let newest = self.tx.row(
            "SELECT valid_from, kept_at, currency FROM fee_table \
             WHERE organization_id = $1 AND connection_id = $2 AND valid_from <= $3 ORDER BY valid_from DESC LIMIT 1",
            params![self.id, connection, at],
            fee_head,
        )?;
        newest.map(|head| self.with_stretches(connection, head)).transpose()
    }

    /// All fees of an account, the newest first.
    pub fn fee_tables(&mut self, connection: ConnectionId) -> StoreResult<Vec<HeldFees>> {
        let heads = self.tx.rows(
            "SELECT valid_from, kept_at, currency FROM fee_table \
             WHERE organization_id = $1 AND connection_id = $2 ORDER BY valid_from DESC LIMIT $3",
            params![self.id, connection, MAX_TABLES],
            fee_head,
        )?;
        heads.into_iter().map(|head| self.with_stretches(connection, head)).collect()
    }

    fn with_stretches(
        &mut self,
        connection: ConnectionId,
        (valid_from, kept_at, currency): (Timestamp, Timestamp, Currency),
    ) -> StoreResult<HeldFees> {
        let rows = self.tx.rows(
            "SELECT from_minor, commission_basis_points, commission_cap_minor, per_item_minor, freight_minor \
             FROM fee_stretch WHERE organization_id = $1 AND connection_id = $2 AND valid_from = $3 ORDER BY from_minor",
            params![self.id, connection, valid_from],
            |row| {
                let points: i64 = row.get(1)?;
                let commission = u32::try_from(points).ok().and_then(Share::from_basis_points);
                let fees = Fees {
                    commission: commission
                        .ok_or_else(|| inconsistent("fee_stretch", "commission_basis_points", &points))?,
                    commission_cap_minor: row.get(2)?,
                    per_item_minor: row.get(3)?,
                    freight_minor: row.get(4)?,
                };
                Ok((row.get(0)?, fees))
            },
        )?;
        let table = FeeTable::new(rows).map_err(|error| inconsistent("fee_stretch", "from_minor", &error))?;
        Ok(HeldFees { valid_from, kept_at, currency, table })
    }

    /// Keeps how prices are made at an account, or with a SKU how that one's are.
    pub fn keep_price_rule(
        &mut self,
        connection: ConnectionId,
        sku: Option<SkuId>,
        policy: &Policy,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<()> {
        if let Some(sku) = sku
            && self.sku(sku)?.is_none()
        {
            return Err(StoreError::RowCount { expected: 1, touched: 0 });
        }
        let (goal, value) = goal_words(policy.goal);
        self.tx.execute_exactly(
            1,
            "INSERT INTO price_rule (connection_id, sku_id, organization_id, goal, goal_value, every_minor, \
               ending_minor, floor_minor, never_at_a_loss, packaging_minor, changed_at, actor) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (connection_id, sku_id) DO UPDATE SET goal = excluded.goal, goal_value = excluded.goal_value, \
               every_minor = excluded.every_minor, ending_minor = excluded.ending_minor, \
               floor_minor = excluded.floor_minor, never_at_a_loss = excluded.never_at_a_loss, \
               packaging_minor = excluded.packaging_minor, changed_at = excluded.changed_at, actor = excluded.actor \
             WHERE price_rule.organization_id = excluded.organization_id",
            params![
                connection,
                sku.unwrap_or(whole_account()),
                self.id,
                goal,
                value,
                policy.ending.every_minor(),
                policy.ending.ending_minor(),
                policy.floor_minor,
                i64::from(policy.never_at_a_loss),
                policy.packaging_minor,
                now,
                &actor.to_string()
            ],
        )
    }

    /// Ends a rule; false where there was none.
    pub fn end_price_rule(&mut self, connection: ConnectionId, sku: Option<SkuId>) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "DELETE FROM price_rule WHERE organization_id = $1 AND connection_id = $2 AND sku_id = $3",
            params![self.id, connection, sku.unwrap_or(whole_account())],
        )?;
        Ok(touched > 0)
    }

    /// The rule of an account, or with a SKU that one's own.
    pub fn price_rule(
        &mut self,
        connection: ConnectionId,
        sku: Option<SkuId>,
    ) -> StoreResult<Option<Policy>> {
        let sql = format!(
            "SELECT {RULE} FROM price_rule r \
             WHERE r.organization_id = $1 AND r.connection_id = $2 AND r.sku_id = $3"
        );
        let values = params![self.id, connection, sku.unwrap_or(whole_account())];
        self.tx.row(&sql, values, |row| policy(row, 0))
    }

    /// The rules of SKUs at an account, by their codes.
    pub fn own_price_rules(&mut self, connection: ConnectionId) -> StoreResult<Vec<OwnRule>> {
        let sql = format!(
            "SELECT s.id, s.code, {RULE} FROM price_rule r \
             JOIN sku s ON s.organization_id = r.organization_id AND s.id = r.sku_id \
             WHERE r.organization_id = $1 AND r.connection_id = $2 ORDER BY s.code LIMIT $3"
        );
        self.tx.rows(&sql, params![self.id, connection, MAX_OWN_RULES], |row| {
            Ok(OwnRule { sku: row.get(0)?, code: row.get(1)?, policy: policy(row, 2)? })
        })
    }

    /// What a piece of a SKU costs now. Of a kit it is what its components cost, and known only if all of theirs is.
    pub fn goods_cost(&mut self, sku: SkuId) -> StoreResult<GoodsCost> {
        let own = self.facts_of(sku)?;
        let known = |cost: Option<Money>| cost.filter(|it| it.currency == COST_CURRENCY).map(|it| it.minor);
        let recipe = self.recipe(sku)?;
        let mut cost_minor = if recipe.is_empty() { known(own.cost) } else { Some(0_i64) };
        for part in recipe {
            let one = known(self.facts_of(part.sku)?.cost);
            cost_minor =
                cost_minor.zip(one).map(|(sum, one)| sum.saturating_add(one.saturating_mul(part.units)));
        }
        Ok(GoodsCost { cost_minor, tax_basis_points: own.tax_basis_points })
    }

    /// Listings of an account that sell a SKU and have not ended, from behind `after` on.
    pub fn listing_prices(
        &mut self,
        connection: ConnectionId,
        after: Option<ListingId>,
        limit: u32,
    ) -> StoreResult<Vec<ListingPrice>> {
        let after = after.unwrap_or(ListingId::from_bytes([0; 16]));
        self.tx.rows(
            "SELECT l.id, l.external_id, l.title, l.state, l.price_minor, l.currency, s.id, s.code FROM listing l \
             JOIN sku s ON s.id = l.sku_id \
             WHERE l.organization_id = $1 AND l.connection_id = $2 AND l.id > $3 AND l.state <> 'closed' \
             ORDER BY l.id LIMIT $4",
            params![self.id, connection, after, limit],
            |row| {
                let (minor, currency): (Option<i64>, Option<String>) = (row.get(4)?, row.get(5)?);
                let currency = currency.as_deref().and_then(Currency::from_code);
                Ok(ListingPrice {
                    id: row.get(0)?,
                    external_id: row.get(1)?,
                    title: row.get(2)?,
                    state: row.word(3, "listing", "state", ListingState::parse)?,
                    price: minor.zip(currency).map(|(minor, currency)| Money::new(minor, currency)),
                    sku: row.get(6)?,
                    code: row.get(7)?,
                })
            },
        )
    }
}

fn fee_head(row: &Row<'_>) -> StoreResult<(Timestamp, Timestamp, Currency)> {
    Ok((row.get(0)?, row.get(1)?, row.word(2, "fee_table", "currency", Currency::from_code)?))
}
