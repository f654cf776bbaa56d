//! Organizations that leave: what was asked for, what they take along, and everything of theirs,
//! deleted piece by piece.

use std::collections::BTreeMap;

use domain::{Actor, MemberId, OrganizationId, Timestamp};

use crate::db::shape::{Rows, Table, page};
use crate::db::{Row, StoreResult, Tx};
use crate::{Tenant, params};

/// What an organization's rows are known by.
pub const OWNER: &str = "organization_id";
/// Rows of the log stay: without them it proves nothing, and they name nobody but by ids.
pub const STAYS: &str = "audit_event";
/// Where it stands that an organization leaves; its row goes when nothing else is left.
const LEAVING: &str = "leaving";

/// An organization's wish to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Who asked.
    pub asked_by: MemberId,
    /// Why, in their words.
    pub reason: String,
    /// When.
    pub asked_at: Timestamp,
    /// When everything is destroyed.
    pub due_at: Timestamp,
    /// Since when it is.
    pub begun_at: Option<Timestamp>,
}

/// What ended when nothing opened to anybody any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Closed {
    /// Members who were let go.
    pub members: u64,
    /// Sessions.
    pub sessions: u64,
    /// Keys for programs.
    pub api_keys: u64,
    /// What members had been granted.
    pub grants: u64,
}

impl Tenant<'_, '_> {
    /// The organization's wish to leave, if there is one.
    pub fn leaving(&mut self) -> StoreResult<Option<Leaving>> {
        self.tx.row(
            "SELECT asked_by, reason, asked_at, due_at, begun_at FROM leaving WHERE organization_id = $1",
            params![self.id],
            leaving,
        )
    }

    /// Keeps the wish to leave. False when there is one already.
    pub fn ask_to_leave(&mut self, wish: &Leaving) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "INSERT INTO leaving (organization_id, asked_by, reason, asked_at, due_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id) DO NOTHING",
            params![self.id, wish.asked_by, &wish.reason, wish.asked_at, wish.due_at],
        )?;
        Ok(touched == 1)
    }

    /// Calls it off. False when there is no wish, or it has begun.
    pub fn stay(&mut self) -> StoreResult<bool> {
        let sql = "DELETE FROM leaving WHERE organization_id = $1 AND begun_at IS NULL";
        Ok(self.tx.execute(sql, params![self.id])? == 1)
    }

    /// Makes it this node's until `until` to destroy what is theirs. False when it is not due, is
    /// somebody's already, or a hold keeps anything of theirs; what has begun no hold stops.
    pub fn begin_leaving(&mut self, node: &str, now: Timestamp, until: Timestamp) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE leaving SET begun_at = COALESCE(begun_at, $2), node = $3, lease_until = $4 \
             WHERE organization_id = $1 AND due_at <= $2 AND (lease_until IS NULL OR lease_until <= $2) \
             AND (begun_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM retention_hold h \
               WHERE h.organization_id = leaving.organization_id AND h.lifted_at IS NULL))",
            params![self.id, now, node, until],
        )?;
        Ok(touched == 1)
    }

    /// Keeps it this node's until `until`. False when it is not any more.
    pub fn keep_leaving(&mut self, node: &str, until: Timestamp) -> StoreResult<bool> {
        let sql = "UPDATE leaving SET lease_until = $3 WHERE organization_id = $1 AND node = $2";
        Ok(self.tx.execute(sql, params![self.id, node, until])? == 1)
    }

    /// Orders that were paid and have not been sent.
    pub fn orders_not_sent(&mut self) -> StoreResult<i64> {
        let found = self.tx.row(
            "SELECT COUNT(*) FROM orders \
             WHERE organization_id = $1 AND state IN ('to_dispatch', 'needs_attention')",
            params![self.id],
            |row| row.get(0),
        )?;
        Ok(found.unwrap_or_default())
    }

    /// Lets nobody in any more: members leave with all their ways in, sessions, keys for programs,
    /// links and grants end.
    pub fn close_to_everybody(&mut self, by: &Actor, now: Timestamp) -> StoreResult<Closed> {
        let mut closed = Closed::default();
        let counted = "SELECT COUNT(*) FROM api_key WHERE organization_id = $1";
        let api_keys: Option<i64> = self.tx.row(counted, params![self.id], |row| row.get(0))?;
        closed.api_keys = api_keys.unwrap_or_default().unsigned_abs();
        for member in self.members()? {
            if let Some((sessions, grants)) = self.leave(member.id, by, now)? {
                closed.members += 1;
                closed.sessions += sessions;
                closed.grants += grants;
            }
        }
        for sql in [
            "DELETE FROM api_key WHERE organization_id = $1",
            "DELETE FROM invitation WHERE organization_id = $1",
            "DELETE FROM privacy_ticket WHERE organization_id = $1",
        ] {
            self.tx.execute(sql, params![self.id])?;
        }
        Ok(closed)
    }

    /// Up to `limit` of the organization's rows of a table that names their owner, in the order of
    /// the key and behind the row with the key `after`.
    pub fn own_rows(&mut self, table: &Table, after: Option<&[u8]>, limit: u32) -> StoreResult<Rows> {
        page(self.tx, table, Some(self.id), after, limit)
    }
}

fn leaving(row: &Row<'_>) -> StoreResult<Leaving> {
    Ok(Leaving {
        asked_by: row.get(0)?,
        reason: row.get(1)?,
        asked_at: row.get(2)?,
        due_at: row.get(3)?,
        begun_at: row.get(4)?,
    })
}

/// The organizations whose time has come.
pub fn due(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<Vec<OrganizationId>> {
    let sql = "SELECT organization_id FROM leaving WHERE due_at <= $1 ORDER BY due_at, organization_id";
    tx.rows(sql, params![now], |row| row.get(0))
}

/// The tables that hold an organization's own rows and are emptied of them, in an order in which
/// that can be done.
#[must_use]
pub fn emptied(tables: Vec<Table>) -> Vec<Table> {
    let is_theirs = |table: &Table| {
        table.columns.iter().any(|column| column == OWNER) && table.name != STAYS && table.name != LEAVING
    };
    tables.into_iter().rev().filter(is_theirs).collect()
}

/// Deletes up to `limit` of an organization's rows of a table; how many those were.
pub fn delete_some(
    tx: &mut Tx<'_>,
    table: &Table,
    organization: OrganizationId,
    limit: u32,
) -> StoreResult<u64> {
    let key = table.key.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let name = &table.name;
    let sql = format!(
        "DELETE FROM \"{name}\" WHERE organization_id = $1 AND ({key}) IN \
         (SELECT {key} FROM \"{name}\" WHERE organization_id = $1 LIMIT {limit})"
    );
    tx.execute(&sql, params![organization])
}

/// Deletes whatever is left of an organization, and the organization itself; how many rows of which
/// table. `tables` are all that there are, each behind those that it refers to.
pub fn delete_all(
    tx: &mut Tx<'_>,
    tables: &[Table],
    organization: OrganizationId,
) -> StoreResult<BTreeMap<String, u64>> {
    let mut gone = BTreeMap::new();
    let mut theirs: Vec<String> = emptied(tables.to_vec()).into_iter().map(|table| table.name).collect();
    // A backup may be older than the table.
    theirs.extend(tables.iter().map(|table| table.name.clone()).filter(|name| name == LEAVING));
    for name in theirs {
        let sql = format!("DELETE FROM \"{name}\" WHERE organization_id = $1");
        let rows = tx.execute(&sql, params![organization])?;
        if rows > 0 {
            gone.insert(name, rows);
        }
    }
    let rows = tx.execute("DELETE FROM organization WHERE id = $1", params![organization])?;
    if rows > 0 {
        gone.insert("organization".to_owned(), rows);
    }
    Ok(gone)
}

/// When an organization was made.
pub fn made_at(tx: &mut Tx<'_>, organization: OrganizationId) -> StoreResult<Option<Timestamp>> {
    tx.row("SELECT created_at FROM organization WHERE id = $1", params![organization], |row| row.get(0))
}
