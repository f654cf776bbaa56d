//! Audit events: written in the transaction of what they tell, later put into their
//! place in the Merkle tree and covered by a signed checkpoint.
//!
//! A change writes an intent before and an outcome after where the two can part (an
//! outside call in between); a change that is one transaction writes its outcome in it.

use domain::{AuditId, OrganizationId, Timestamp};

use crate::db::{StoreError, StoreResult, Tx};
use crate::params;

/// Events sequenced by one transaction at most.
pub const MAX_SEQUENCED: u32 = 1_000;

/// An event as pages and exports read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// `intent` or `outcome`.
    pub phase: String,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// How it ended.
    pub outcome: String,
    /// Its place in the tree, once it has one.
    pub seq: Option<i64>,
}

/// An event to be kept. `leaf` is the canonical form that the tree hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Id.
    pub id: AuditId,
    /// Whose; `None` for the installation.
    pub organization: Option<OrganizationId>,
    /// When.
    pub at: Timestamp,
    /// `intent` or `outcome`.
    pub phase: &'static str,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// How it ended; empty for an intent.
    pub outcome: String,
    /// Canonical bytes.
    pub leaf: Vec<u8>,
}

/// Keeps an event.
pub fn record(tx: &mut Tx<'_>, event: &NewEvent) -> StoreResult<()> {
    tx.execute_exactly(
        1,
        "INSERT INTO audit_event (id, organization_id, at, phase, actor, action, subject, outcome, leaf) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            event.id,
            event.organization,
            event.at,
            event.phase,
            &event.actor,
            &event.action,
            &event.subject,
            &event.outcome,
            &event.leaf
        ],
    )
}

/// The tree's size and right edge, as they were last kept.
pub fn tree(tx: &mut Tx<'_>) -> StoreResult<(i64, Vec<u8>)> {
    tx.hold("audit tree")?;
    Ok(tx
        .row("SELECT size, edge FROM audit_tree WHERE one = 1", &[], |row| Ok((row.get(0)?, row.get(1)?)))?
        .unwrap_or_default())
}

/// Events that have no place in the tree yet, the oldest first.
pub fn unsequenced(tx: &mut Tx<'_>) -> StoreResult<Vec<(AuditId, Vec<u8>)>> {
    tx.rows(
        "SELECT id, leaf FROM audit_event WHERE seq IS NULL ORDER BY id LIMIT $1",
        params![MAX_SEQUENCED],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Gives events their places, from `first` on, and keeps the tree's new right edge.
pub fn sequence(tx: &mut Tx<'_>, first: i64, events: &[AuditId], edge: &[u8]) -> StoreResult<()> {
    for (seq, id) in (first..).zip(events) {
        tx.execute_exactly(
            1,
            "UPDATE audit_event SET seq = $2 WHERE id = $1 AND seq IS NULL",
            params![*id, seq],
        )?;
    }
    let size = first + i64::try_from(events.len()).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO audit_tree (one, size, edge) VALUES (1, $1, $2) \
         ON CONFLICT (one) DO UPDATE SET size = excluded.size, edge = excluded.edge",
        params![size, edge],
    )?;
    Ok(())
}

/// Keeps a signed checkpoint.
pub fn keep_checkpoint(tx: &mut Tx<'_>, size: i64, note: &str, at: Timestamp) -> StoreResult<()> {
    tx.execute(
        "INSERT INTO audit_checkpoint (size, note, at) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING",
        params![size, note, at],
    )?;
    Ok(())
}

/// The newest checkpoint: size, signed note, when.
pub fn last_checkpoint(tx: &mut Tx<'_>) -> StoreResult<Option<(i64, String, Timestamp)>> {
    tx.row("SELECT size, note, at FROM audit_checkpoint ORDER BY size DESC LIMIT 1", &[], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })
}

/// All checkpoints, the oldest first, for an export.
pub fn checkpoints(tx: &mut Tx<'_>) -> StoreResult<Vec<(i64, String)>> {
    tx.rows("SELECT size, note FROM audit_checkpoint ORDER BY size", &[], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// Leaves in their places, from `first` on, for an export.
pub fn leaves(tx: &mut Tx<'_>, first: i64, limit: u32) -> StoreResult<Vec<(i64, Vec<u8>)>> {
    tx.rows(
        "SELECT seq, leaf FROM audit_event WHERE seq >= $1 ORDER BY seq LIMIT $2",
        params![first, limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

impl crate::Tenant<'_, '_> {
    /// Keeps an event of this organization, in the running transaction; refuses another's.
    pub fn record(&mut self, event: &NewEvent) -> StoreResult<()> {
        if event.organization != Some(self.id) {
            return Err(StoreError::RowCount { expected: 1, touched: 0 });
        }
        record(self.tx, event)
    }

    /// Events of this organization before `before`, the newest first.
    pub fn audit_page(&mut self, before: Option<AuditId>, limit: u32) -> StoreResult<Vec<StoredEvent>> {
        const SELECT: &str = "SELECT id, at, phase, actor, action, subject, outcome, seq FROM audit_event \
                              WHERE organization_id = $1";
        let event = |row: &crate::Row<'_>| {
            Ok(StoredEvent {
                id: row.get(0)?,
                at: row.get(1)?,
                phase: row.get(2)?,
                actor: row.get(3)?,
                action: row.get(4)?,
                subject: row.get(5)?,
                outcome: row.get(6)?,
                seq: row.get(7)?,
            })
        };
        match before {
            Some(before) => self.tx.rows(
                &format!("{SELECT} AND id < $2 ORDER BY id DESC LIMIT $3"),
                params![self.id, before, limit],
                event,
            ),
            None => {
                self.tx.rows(&format!("{SELECT} ORDER BY id DESC LIMIT $2"), params![self.id, limit], event)
            }
        }
    }
}
