//! Reviews of everything that was granted: each grant is decided by a person, and what nobody
//! decides ends.

use domain::{Actor, GrantId, OrganizationId, ReviewId, Timestamp};

use crate::db::{StoreResult, Tx};
use crate::{Tenant, params};

/// A review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRow {
    /// Id.
    pub id: ReviewId,
    /// Who opened it, as in the audit log.
    pub opened_by: String,
    /// When.
    pub opened_at: Timestamp,
    /// What nobody has decided by then ends.
    pub due_at: Timestamp,
    /// When the last grant was decided.
    pub closed_at: Option<Timestamp>,
}

/// What somebody decided of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is still needed.
    Keep,
    /// It ends.
    End,
    /// Nobody decided in time: it ended.
    Undecided,
}

impl Decision {
    const ALL: [Self; 3] = [Self::Keep, Self::End, Self::Undecided];

    /// The word in rows and forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::End => "end",
            Self::Undecided => "undecided",
        }
    }

    /// The decision of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.as_str() == word)
    }
}

/// A grant under review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemRow {
    /// The grant.
    pub grant: GrantId,
    /// What was decided of it, once it was.
    pub decision: Option<Decision>,
    /// Whether its own holder decided, because nobody else administers.
    pub by_holder: bool,
}

/// Organizations whose last review was opened before an instant, or that never had one and are
/// older than that.
pub fn unreviewed_since(tx: &mut Tx<'_>, since: Timestamp) -> StoreResult<Vec<OrganizationId>> {
    tx.rows(
        "SELECT o.id FROM organization o WHERE o.created_at <= $1 AND NOT EXISTS \
           (SELECT 1 FROM access_review r WHERE r.organization_id = o.id \
              AND (r.closed_at IS NULL OR r.opened_at > $1)) \
         ORDER BY o.id",
        params![since],
        |row| row.get(0),
    )
}

/// Reviews whose last day has come.
pub fn overdue(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<Vec<(OrganizationId, ReviewId)>> {
    tx.rows(
        "SELECT organization_id, id FROM access_review WHERE closed_at IS NULL AND due_at <= $1 ORDER BY id",
        params![now],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

impl Tenant<'_, '_> {
    /// Opens a review of everything that is open now. Returns of how many grants;
    /// [`crate::StoreError::Duplicate`] when one is open already.
    pub fn open_review(
        &mut self,
        id: ReviewId,
        by: &Actor,
        now: Timestamp,
        due: Timestamp,
    ) -> StoreResult<u64> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO access_review (id, organization_id, opened_by, opened_at, due_at) \
             VALUES ($1, $2, $3, $4, $5)",
            params![id, self.id, &by.to_string(), now, due],
        )?;
        self.tx.execute(
            "INSERT INTO access_review_item (review_id, grant_id, organization_id) \
             SELECT $1, g.id, g.organization_id FROM access_grant g \
             WHERE g.organization_id = $2 AND g.ended_at IS NULL \
               AND (g.expires_at IS NULL OR g.expires_at > $3)",
            params![id, self.id, now],
        )
    }

    /// The review that is open, or else the last one.
    pub fn last_review(&mut self) -> StoreResult<Option<ReviewRow>> {
        self.tx.row(
            "SELECT id, opened_by, opened_at, due_at, closed_at FROM access_review \
             WHERE organization_id = $1 ORDER BY id DESC LIMIT 1",
            params![self.id],
            |row| {
                Ok(ReviewRow {
                    id: row.get(0)?,
                    opened_by: row.get(1)?,
                    opened_at: row.get(2)?,
                    due_at: row.get(3)?,
                    closed_at: row.get(4)?,
                })
            },
        )
    }

    /// What is asked in a review, and what was decided.
    pub fn review_items(&mut self, review: ReviewId) -> StoreResult<Vec<ItemRow>> {
        self.tx.rows(
            "SELECT grant_id, decision, by_holder FROM access_review_item \
             WHERE organization_id = $1 AND review_id = $2 ORDER BY grant_id",
            params![self.id, review],
            |row| {
                let decision: Option<String> = row.get(1)?;
                Ok(ItemRow {
                    grant: row.get(0)?,
                    decision: decision.as_deref().and_then(Decision::parse),
                    by_holder: row.get::<i64>(2)? == 1,
                })
            },
        )
    }

    /// Keeps a decision; false when there is nothing to decide (any more).
    pub fn decide(
        &mut self,
        review: ReviewId,
        item: ItemRow,
        by: &Actor,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let Some(decision) = item.decision else { return Ok(false) };
        let touched = self.tx.execute(
            "UPDATE access_review_item SET decision = $4, decided_by = $5, decided_at = $6, by_holder = $7 \
             WHERE organization_id = $1 AND review_id = $2 AND grant_id = $3 AND decision IS NULL",
            params![
                self.id,
                review,
                item.grant,
                decision.as_str(),
                &by.to_string(),
                now,
                i64::from(item.by_holder)
            ],
        )?;
        Ok(touched == 1)
    }

    /// Closes a review of which everything is decided, or has ended otherwise meanwhile; false
    /// while something is left.
    pub fn close_review(&mut self, review: ReviewId, now: Timestamp) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE access_review SET closed_at = $3 \
             WHERE organization_id = $1 AND id = $2 AND closed_at IS NULL AND NOT EXISTS \
               (SELECT 1 FROM access_review_item i JOIN access_grant g ON g.id = i.grant_id \
                WHERE i.review_id = $2 AND i.decision IS NULL AND g.ended_at IS NULL)",
            params![self.id, review, now],
        )?;
        Ok(touched == 1)
    }
}
