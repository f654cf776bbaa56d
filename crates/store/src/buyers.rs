//! Buyers, as far as their orders are found by them: the platform's pseudonym, and keyed
//! hashes of what they are called (`docs/decisions/0019`).

use domain::{ConnectionId, OrganizationId, SubjectId, Timestamp};

use crate::db::{StoreResult, Tx, Val};
use crate::pages::Query;
use crate::retention::held;
use crate::{Tenant, params};

/// Hashes kept of one buyer at most; who has more has names of many receivers.
pub const MAX_TERMS: i64 = 64;

/// A keyed hash of something that a buyer is found by.
pub type TermHash = [u8; 32];

/// An order whose buyer is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownBuyer {
    /// The platform's id of the order.
    pub order_external_id: String,
    /// The platform's id of its buyer.
    pub buyer_external_id: String,
    /// When it was placed.
    pub placed_at: Timestamp,
}

/// What is kept of buyers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuyersKept {
    /// Since when buyers are asked for; `None` where they are not.
    pub since: Option<Timestamp>,
    /// How many can be found.
    pub count: i64,
}

/// Organizations that keep a buyer whose last order was placed before an instant and whom no
/// hold keeps.
pub fn with_buyers_before(tx: &mut Tx<'_>, before: Timestamp) -> StoreResult<Vec<OrganizationId>> {
    let sql = format!("SELECT DISTINCT organization_id FROM buyer WHERE last_placed_at <= $1{}", unheld());
    tx.rows(&sql, params![before], |row| row.get(0))
}

/// The condition that no hold keeps a buyer. Of one who opposed there is nothing but that to
/// forget, and it is remembered.
fn unheld() -> String {
    let held = held("buyer", "buyer").map(|held| format!(" AND NOT {held}")).unwrap_or_default();
    held + " AND opposed_at IS NULL"
}

impl Tenant<'_, '_> {
    /// What is kept of buyers.
    pub fn buyers_kept(&mut self) -> StoreResult<BuyersKept> {
        let since = self.finds_buyers_since()?;
        let count = self.tx.row(
            "SELECT COUNT(DISTINCT buyer_id) FROM buyer_term WHERE organization_id = $1",
            params![self.id],
            |row| row.get(0),
        )?;
        Ok(BuyersKept { since, count: count.unwrap_or(0) })
    }

    /// Since when orders are found by their buyers.
    pub fn finds_buyers_since(&mut self) -> StoreResult<Option<Timestamp>> {
        let sql = "SELECT finds_buyers_since FROM organization WHERE id = $1";
        Ok(self.tx.row(sql, params![self.id], |row| row.get(0))?.flatten())
    }

    /// Switches the search by buyer on or off. What is kept stays until it is forgotten.
    pub fn set_finds_buyers(&mut self, since: Option<Timestamp>) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE organization SET finds_buyers_since = $2 WHERE id = $1",
            params![self.id, since],
        )
    }

    /// Orders under way whose buyer was not asked for yet, or not since this order: those to be
    /// dispatched first, of each state the oldest.
    pub fn unknown_buyers(&mut self, connection: ConnectionId, limit: u32) -> StoreResult<Vec<UnknownBuyer>> {
        // By the date alone, an engine walks through everything that the account ever sold.
        self.tx.rows(
            "SELECT o.external_id, o.buyer_external_id, o.placed_at \
             FROM orders o LEFT JOIN buyer b \
               ON b.connection_id = o.connection_id AND b.external_id = o.buyer_external_id \
             WHERE o.organization_id = $1 AND o.connection_id = $2 AND o.buyer_external_id IS NOT NULL \
               AND o.state IN ('to_dispatch', 'shipped', 'needs_attention') \
               AND (b.id IS NULL OR (b.last_placed_at < o.placed_at AND b.opposed_at IS NULL)) \
             ORDER BY o.state DESC, o.placed_at LIMIT $3",
            params![self.id, connection, limit],
            |row| {
                Ok(UnknownBuyer {
                    order_external_id: row.get(0)?,
                    buyer_external_id: row.get(1)?,
                    placed_at: row.get(2)?,
                })
            },
        )
    }

    /// Notes that a buyer is asked for, as of an order; `id` names one that is new.
    pub fn expect_buyer(
        &mut self,
        id: SubjectId,
        connection: ConnectionId,
        external_id: &str,
        placed_at: Timestamp,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute(
            "INSERT INTO buyer (id, organization_id, connection_id, external_id, last_placed_at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (connection_id, external_id) DO UPDATE SET last_placed_at = excluded.last_placed_at \
             WHERE buyer.last_placed_at < excluded.last_placed_at AND buyer.opposed_at IS NULL",
            params![id, self.id, connection, external_id, placed_at, now],
        )?;
        Ok(())
    }

    /// Keeps what the buyer of an order is found by, beside what is kept already. Nothing
    /// where nobody asked for that buyer, or not any more.
    pub fn keep_terms(
        &mut self,
        connection: ConnectionId,
        order_external_id: &str,
        terms: &[TermHash],
    ) -> StoreResult<()> {
        let found: Option<(SubjectId, i64)> = self.tx.row(
            "SELECT b.id, (SELECT COUNT(*) FROM buyer_term t \
                           WHERE t.organization_id = b.organization_id AND t.buyer_id = b.id) \
             FROM orders o JOIN buyer b \
               ON b.connection_id = o.connection_id AND b.external_id = o.buyer_external_id \
             WHERE o.organization_id = $1 AND o.connection_id = $2 AND o.external_id = $3 \
               AND b.opposed_at IS NULL",
            params![self.id, connection, order_external_id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let Some((buyer, kept)) = found else { return Ok(()) };
        let room = usize::try_from(MAX_TERMS - kept).unwrap_or(0);
        for term in terms.iter().take(room) {
            self.tx.execute(
                "INSERT INTO buyer_term (organization_id, term, buyer_id) VALUES ($1, $2, $3) \
                 ON CONFLICT (organization_id, term, buyer_id) DO NOTHING",
                params![self.id, term.as_slice(), buyer],
            )?;
        }
        Ok(())
    }

    /// Buyers of whom all these hashes are kept, at most so many.
    pub fn buyers_by_terms(&mut self, terms: &[TermHash], limit: u32) -> StoreResult<Vec<SubjectId>> {
        let Some((first, others)) = terms.split_first() else { return Ok(Vec::new()) };
        let mut query = Query::new("t.organization_id = ?", self.id.into());
        query.and("t.term = ?", &[first.as_slice().into()]);
        for other in others {
            query.and(
                "EXISTS (SELECT 1 FROM buyer_term n WHERE n.organization_id = t.organization_id \
                 AND n.term = ? AND n.buyer_id = t.buyer_id)",
                &[Val::from(other.as_slice())],
            );
        }
        let sql = format!(
            "SELECT t.buyer_id FROM buyer_term t WHERE {} ORDER BY t.buyer_id LIMIT {limit}",
            query.conditions()
        );
        self.tx.rows(&sql, query.params(), |row| row.get(0))
    }

    /// Destroys what a buyer is found by, for good: they are not asked for again.
    pub fn oppose_buyer(&mut self, id: SubjectId, now: Timestamp) -> StoreResult<()> {
        let terms = "DELETE FROM buyer_term WHERE organization_id = $1 AND buyer_id = $2";
        self.tx.execute(terms, params![self.id, id])?;
        let sql = "UPDATE buyer SET opposed_at = $3 WHERE organization_id = $1 AND id = $2";
        self.tx.execute_exactly(1, sql, params![self.id, id, now])
    }

    /// Buyers that a hold keeps from being forgotten.
    pub fn held_buyers(&mut self) -> StoreResult<i64> {
        let held = held("buyer", "buyer").unwrap_or_default();
        let sql = format!("SELECT COUNT(*) FROM buyer WHERE organization_id = $1 AND {held}");
        Ok(self.tx.row(&sql, params![self.id], |row| row.get(0))?.unwrap_or_default())
    }

    /// Forgets buyers whose last order was placed before an instant and whom no hold keeps.
    /// Returns how many.
    pub fn forget_buyers_before(&mut self, before: Timestamp) -> StoreResult<u64> {
        self.forget("last_placed_at <= $2", before.into())
    }

    /// Forgets all buyers of a connection. Returns how many.
    pub fn forget_buyers_of(&mut self, connection: ConnectionId) -> StoreResult<u64> {
        self.forget("connection_id = $2", connection.into())
    }

    /// Forgets all buyers. Returns how many.
    pub fn forget_all_buyers(&mut self) -> StoreResult<u64> {
        self.forget("organization_id = $2", self.id.into())
    }

    fn forget(&mut self, which: &'static str, value: Val<'_>) -> StoreResult<u64> {
        let unheld = unheld();
        let terms = format!(
            "DELETE FROM buyer_term WHERE organization_id = $1 AND buyer_id IN \
             (SELECT id FROM buyer WHERE organization_id = $1 AND {which}{unheld})"
        );
        self.tx.execute(&terms, &[self.id.into(), value])?;
        let buyers = format!("DELETE FROM buyer WHERE organization_id = $1 AND {which}{unheld}");
        self.tx.execute(&buyers, &[self.id.into(), value])
    }
}
