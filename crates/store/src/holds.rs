//! Holds: what keeps data from being deleted, by retention and by erasure, while somebody needs
//! it as it is (a dispute, an authority).

use domain::{HoldId, MemberId, SubjectId, Timestamp, TypedId as _};

use crate::db::{Row, StoreResult, Val};
use crate::{Tenant, params};

/// Holds of an organization that stand at once, at most.
pub const MAX_HOLDS: i64 = 100;

/// What a hold keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Everything of a class of `domain::retention`.
    Class(String),
    /// What is kept of a buyer.
    Buyer(SubjectId),
    /// What is kept of a member.
    Member(MemberId),
}

/// A hold to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// Id.
    pub id: HoldId,
    /// What it keeps.
    pub held: Held,
    /// Why, in its owner's words.
    pub reason: String,
    /// By when somebody looks whether it is still needed.
    pub review_by: Timestamp,
    /// Who placed it.
    pub by: MemberId,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Id.
    pub id: HoldId,
    /// The class that it keeps; `None` for a person.
    pub class: Option<String>,
    /// Why, in its owner's words.
    pub reason: String,
    /// By when somebody looks whether it is still needed.
    pub review_by: Timestamp,
    /// When it was placed.
    pub placed_at: Timestamp,
}

impl Tenant<'_, '_> {
    /// Places a hold. False when so many stand already that another is refused.
    pub fn place_hold(&mut self, hold: &NewHold, now: Timestamp) -> StoreResult<bool> {
        let standing: Option<i64> = self.tx.row(
            "SELECT COUNT(*) FROM retention_hold WHERE organization_id = $1 AND lifted_at IS NULL",
            params![self.id],
            |row| row.get(0),
        )?;
        if standing.unwrap_or_default() >= MAX_HOLDS {
            return Ok(false);
        }
        let (class, subject) = match &hold.held {
            Held::Class(class) => (Val::from(class), Val::Null),
            Held::Buyer(id) => (Val::Null, Val::Id(id.to_bytes())),
            Held::Member(id) => (Val::Null, Val::Id(id.to_bytes())),
        };
        self.tx.execute_exactly(
            1,
            "INSERT INTO retention_hold (id, organization_id, class, subject_id, reason, review_by, placed_by, placed_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                hold.id.into(),
                self.id.into(),
                class,
                subject,
                Val::from(&hold.reason),
                hold.review_by.into(),
                hold.by.into(),
                now.into(),
            ],
        )?;
        Ok(true)
    }

    /// The holds that stand, the newest first.
    pub fn holds(&mut self) -> StoreResult<Vec<Hold>> {
        self.tx.rows(
            "SELECT id, class, reason, review_by, placed_at FROM retention_hold \
             WHERE organization_id = $1 AND lifted_at IS NULL ORDER BY id DESC",
            params![self.id],
            hold,
        )
    }

    /// Lifts a hold. False when none of that id stands.
    pub fn lift_hold(&mut self, id: HoldId, by: MemberId, now: Timestamp) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE retention_hold SET lifted_at = $3, lifted_by = $4 \
             WHERE organization_id = $1 AND id = $2 AND lifted_at IS NULL",
            params![self.id, id, now, by],
        )?;
        Ok(touched == 1)
    }

    /// Whether a hold keeps what is kept of a buyer.
    pub fn buyer_is_held(&mut self, id: SubjectId) -> StoreResult<bool> {
        let found: Option<i64> = self.tx.row(
            "SELECT COUNT(*) FROM retention_hold WHERE organization_id = $1 AND lifted_at IS NULL \
             AND (class = 'buyer' OR subject_id = $2)",
            params![self.id, id],
            |row| row.get(0),
        )?;
        Ok(found.unwrap_or_default() > 0)
    }
}

fn hold(row: &Row<'_>) -> StoreResult<Hold> {
    Ok(Hold {
        id: row.get(0)?,
        class: row.get(1)?,
        reason: row.get(2)?,
        review_by: row.get(3)?,
        placed_at: row.get(4)?,
    })
}
