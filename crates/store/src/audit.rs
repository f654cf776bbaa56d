//! Audit events: written in the transaction of what they tell, later put into their
//! place in the Merkle tree and covered by a signed checkpoint.
//!
//! A change writes an intent before and an outcome after where the two can part (an
//! outside call in between); a change that is one transaction writes its outcome in it.

use domain::{AuditId, OrganizationId, Timestamp};

use crate::db::{Row, StoreError, StoreResult, Tx};
use crate::params;

/// Events sequenced by one transaction at most.
pub const MAX_SEQUENCED: u32 = 1_000;

/// An event. Personal data never stands in it: subjects stand by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Id.
    pub id: AuditId,
    /// Whose; `None` for the installation.
    pub organization: Option<OrganizationId>,
    /// When.
    pub at: Timestamp,
    /// `intent`, or how it ended: `done`, `refused`, `failed`.
    pub phase: String,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what kind of thing.
    pub subject_kind: String,
    /// To which.
    pub subject_id: String,
    /// More, by name, as a JSON object of texts.
    pub details: String,
    /// Its place in the tree, once it has one.
    pub seq: Option<i64>,
}

pub(crate) const COLUMNS: &str =
    "id, organization_id, at, phase, actor, action, subject_kind, subject_id, details, seq";

pub(crate) fn event(row: &Row<'_>) -> StoreResult<Event> {
    Ok(Event {
        id: row.get(0)?,
        organization: row.get(1)?,
        at: row.get(2)?,
        phase: row.get(3)?,
        actor: row.get(4)?,
        action: row.get(5)?,
        subject_kind: row.get(6)?,
        subject_id: row.get(7)?,
        details: row.get(8)?,
        seq: row.get(9)?,
    })
}

/// Keeps an event, in the running transaction.
pub fn record(tx: &mut Tx<'_>, event: &Event) -> StoreResult<()> {
    tx.at_the_end(
        "",
        Some(1),
        "INSERT INTO audit_event (id, organization_id, at, phase, actor, action, subject_kind, subject_id, details) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            event.id,
            event.organization,
            event.at,
            &event.phase,
            &event.actor,
            &event.action,
            &event.subject_kind,
            &event.subject_id,
            &event.details
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
pub fn unsequenced(tx: &mut Tx<'_>) -> StoreResult<Vec<Event>> {
    tx.rows(
        &format!("SELECT {COLUMNS} FROM audit_event WHERE seq IS NULL ORDER BY id LIMIT $1"),
        params![MAX_SEQUENCED],
        event,
    )
}

/// Gives events their places, from `first` on, and keeps the tree's new right edge.
pub fn sequence(tx: &mut Tx<'_>, first: i64, leaves: &[(AuditId, Vec<u8>)], edge: &[u8]) -> StoreResult<()> {
    for (seq, (id, leaf)) in (first..).zip(leaves) {
        tx.at_the_end(
            "",
            Some(1),
            "UPDATE audit_event SET seq = $2, leaf = $3 WHERE id = $1 AND seq IS NULL",
            params![*id, seq, leaf],
        )?;
    }
    let size = first + i64::try_from(leaves.len()).unwrap_or(i64::MAX);
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

/// Events in their places, from `first` on, each with the leaf that the tree hashed.
pub fn sequenced(tx: &mut Tx<'_>, first: i64, limit: u32) -> StoreResult<Vec<(Event, Vec<u8>)>> {
    tx.rows(
        &format!("SELECT {COLUMNS}, leaf FROM audit_event WHERE seq >= $1 ORDER BY seq LIMIT $2"),
        params![first, limit],
        |row| Ok((event(row)?, row.get(10)?)),
    )
}

/// What the tree hashed for the events from place `first` on, in their order.
pub fn leaves(tx: &mut Tx<'_>, first: i64, limit: u32) -> StoreResult<Vec<Vec<u8>>> {
    tx.rows(
        "SELECT leaf FROM audit_event WHERE seq >= $1 ORDER BY seq LIMIT $2",
        params![first, limit],
        |row| row.get(0),
    )
}

impl crate::Tenant<'_, '_> {
    /// Keeps an event of this organization, in the running transaction; refuses another's.
    pub fn record(&mut self, event: &Event) -> StoreResult<()> {
        if event.organization != Some(self.id) {
            return Err(StoreError::RowCount { expected: 1, touched: 0 });
        }
        record(self.tx, event)
    }
}
