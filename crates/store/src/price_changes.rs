//! Prices that are changed: what somebody asked for, and what came of it.

use domain::pricing::{BatchState, ChangeState, PriceWhy};
use domain::{
    Actor, ConnectionId, Currency, ListingId, Money, PriceBatchId, PriceChangeId, Problem, SkuId, Timestamp,
};

use crate::db::{Row, StoreResult};
use crate::{Tenant, params};

/// Batches that are shown of an account, and changes of a listing.
const MAX_SHOWN: u32 = 20;

/// Prices that were changed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Id.
    pub id: PriceBatchId,
    /// At which account.
    pub connection: ConnectionId,
    /// How it stands.
    pub state: BatchState,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// By whom.
    pub actor: String,
}

/// A change as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// Id.
    pub id: PriceChangeId,
    /// Of which batch.
    pub batch: PriceBatchId,
    /// Of which listing.
    pub listing: ListingId,
    /// What it shows.
    pub from: Money,
    /// What it is to show, in the same currency.
    pub to_minor: i64,
    /// Why.
    pub why: PriceWhy,
    /// When it is due.
    pub due_at: Timestamp,
    /// When the price goes back to what it was.
    pub until_at: Option<Timestamp>,
}

/// A change as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// As it was asked for.
    pub asked: NewChange,
    /// At which account.
    pub connection: ConnectionId,
    /// How it stands.
    pub state: ChangeState,
    /// How its batch stands.
    pub batch_state: BatchState,
    /// What the platform showed right before.
    pub found_minor: Option<i64>,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// The error's own words.
    pub error: Option<String>,
    /// When it came to an end.
    pub ended_at: Option<Timestamp>,
    /// The listing's title.
    pub title: String,
    /// The listing's number at the platform.
    pub external_id: String,
    /// The SKU that it sells.
    pub sku: Option<SkuId>,
    /// Who asked for it.
    pub actor: String,
}

impl Change {
    /// What it is to show.
    #[must_use]
    pub const fn to(&self) -> Money {
        Money::new(self.asked.to_minor, self.asked.from.currency)
    }
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeEnd {
    /// In what.
    pub state: ChangeState,
    /// What the platform showed right before.
    pub found_minor: Option<i64>,
    /// What went wrong, and the error's own words.
    pub trouble: Option<(Problem, String)>,
}

const COLUMNS: &str = "c.id, c.batch_id, c.listing_id, c.currency, c.from_minor, c.to_minor, c.why, c.state, c.due_at, \
    c.until_at, c.found_minor, c.problem, c.error, c.ended_at, b.connection_id, b.state, b.actor, l.title, \
    l.external_id, l.sku_id";
const FROM: &str = "FROM price_change c JOIN price_batch b ON b.id = c.batch_id JOIN listing l ON l.id = c.listing_id \
    AND l.organization_id = c.organization_id";

fn change(row: &Row<'_>) -> StoreResult<Change> {
    let currency = row.word(3, "price_change", "currency", Currency::from_code)?;
    let problem: Option<String> = row.get(11)?;
    Ok(Change {
        asked: NewChange {
            id: row.get(0)?,
            batch: row.get(1)?,
            listing: row.get(2)?,
            from: Money::new(row.get(4)?, currency),
            to_minor: row.get(5)?,
            why: row.word(6, "price_change", "why", PriceWhy::parse)?,
            due_at: row.get(8)?,
            until_at: row.get(9)?,
        },
        state: row.word(7, "price_change", "state", ChangeState::parse)?,
        found_minor: row.get(10)?,
        problem: problem.as_deref().and_then(Problem::parse),
        error: row.get(12)?,
        ended_at: row.get(13)?,
        connection: row.get(14)?,
        batch_state: row.word(15, "price_batch", "state", BatchState::parse)?,
        actor: row.get(16)?,
        title: row.get(17)?,
        external_id: row.get(18)?,
        sku: row.get(19)?,
    })
}

fn batch(row: &Row<'_>) -> StoreResult<Batch> {
    Ok(Batch {
        id: row.get(0)?,
        connection: row.get(1)?,
        state: row.word(2, "price_batch", "state", BatchState::parse)?,
        made_at: row.get(3)?,
        actor: row.get(4)?,
    })
}

impl Tenant<'_, '_> {
    /// Keeps a batch without changes.
    pub fn insert_price_batch(
        &mut self,
        id: PriceBatchId,
        connection: ConnectionId,
        state: BatchState,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO price_batch (id, organization_id, connection_id, state, made_at, actor) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            params![id, self.id, connection, state.as_str(), now, &actor.to_string()],
        )
    }

    /// Keeps a change of a listing that belongs to the batch's account.
    pub fn insert_price_change(&mut self, new: &NewChange) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO price_change (id, organization_id, batch_id, listing_id, currency, from_minor, to_minor, why, \
               state, due_at, until_at) \
             SELECT $1, l.organization_id, b.id, l.id, $5, $6, $7, $8, 'waiting', $9, $10 \
             FROM listing l JOIN price_batch b ON b.connection_id = l.connection_id \
             WHERE l.organization_id = $2 AND b.organization_id = $2 AND b.id = $3 AND l.id = $4",
            params![
                new.id,
                self.id,
                new.batch,
                new.listing,
                new.from.currency.code(),
                new.from.minor,
                new.to_minor,
                new.why.as_str(),
                new.due_at,
                new.until_at
            ],
        )
    }

    /// A batch.
    pub fn price_batch(&mut self, id: PriceBatchId) -> StoreResult<Option<Batch>> {
        self.tx.row(
            "SELECT id, connection_id, state, made_at, actor FROM price_batch WHERE organization_id = $1 AND id = $2",
            params![self.id, id],
            batch,
        )
    }

    /// The newest batches of an account.
    pub fn price_batches(&mut self, connection: ConnectionId) -> StoreResult<Vec<Batch>> {
        self.tx.rows(
            "SELECT id, connection_id, state, made_at, actor FROM price_batch \
             WHERE organization_id = $1 AND connection_id = $2 ORDER BY id DESC LIMIT $3",
            params![self.id, connection, MAX_SHOWN],
            batch,
        )
    }

    /// Turns a staged batch into one that is agreed or dropped; false where it is staged no more.
    pub fn settle_price_batch(&mut self, id: PriceBatchId, state: BatchState) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE price_batch SET state = $3 WHERE organization_id = $1 AND id = $2 AND state = 'staged'",
            params![self.id, id, state.as_str()],
        )?;
        Ok(touched == 1)
    }

    /// A change.
    pub fn price_change(&mut self, id: PriceChangeId) -> StoreResult<Option<Change>> {
        let sql = format!("SELECT {COLUMNS} {FROM} WHERE c.organization_id = $1 AND c.id = $2");
        self.tx.row(&sql, params![self.id, id], change)
    }

    /// The changes of a batch, what is due first before the rest.
    pub fn price_changes(&mut self, batch: PriceBatchId) -> StoreResult<Vec<Change>> {
        let sql = format!(
            "SELECT {COLUMNS} {FROM} WHERE c.organization_id = $1 AND c.batch_id = $2 ORDER BY c.due_at, c.id"
        );
        self.tx.rows(&sql, params![self.id, batch], change)
    }

    /// The newest changes of a listing's price.
    pub fn price_history(&mut self, listing: ListingId) -> StoreResult<Vec<Change>> {
        let sql = format!(
            "SELECT {COLUMNS} {FROM} WHERE c.organization_id = $1 AND c.listing_id = $2 ORDER BY c.due_at DESC, c.id DESC LIMIT $3"
        );
        self.tx.rows(&sql, params![self.id, listing, MAX_SHOWN], change)
    }

    /// Notes what a platform showed right before its price is written.
    pub fn note_found_price(&mut self, id: PriceChangeId, found_minor: i64) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE price_change SET found_minor = $3 WHERE organization_id = $1 AND id = $2 AND state = 'waiting'",
            params![self.id, id, found_minor],
        )
    }

    /// Ends a change that waits; false where it waits no more.
    pub fn end_price_change(
        &mut self,
        id: PriceChangeId,
        end: &ChangeEnd,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let (problem, error) = end.trouble.as_ref().map(|(problem, error)| (*problem, error)).unzip();
        let touched = self.tx.execute(
            "UPDATE price_change SET state = $3, found_minor = $4, problem = $5, error = $6, ended_at = $7 \
             WHERE organization_id = $1 AND id = $2 AND state = 'waiting'",
            params![
                self.id,
                id,
                end.state.as_str(),
                end.found_minor,
                problem.map(Problem::as_str),
                error,
                now
            ],
        )?;
        Ok(touched == 1)
    }

    /// Notes the price that a platform shows of a listing.
    pub fn note_price(&mut self, id: ListingId, price: Money) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE listing SET price_minor = $3, currency = $4 WHERE organization_id = $1 AND id = $2",
            params![self.id, id, price.minor, price.currency.code()],
        )
    }
}
