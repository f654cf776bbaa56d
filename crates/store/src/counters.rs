//! Counters that outlive a restart: refused hooks by reason, drift repaired, jobs dead.

use domain::Timestamp;

use crate::db::{StoreResult, Tx};
use crate::params;

/// A counter as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// What is counted (`hook_refused`).
    pub name: String,
    /// Which of it (`malformed`).
    pub label: String,
    /// How many.
    pub value: i64,
    /// When it last moved.
    pub updated_at: Timestamp,
}

/// Adds to a counter.
pub fn add(tx: &mut Tx<'_>, name: &str, label: &str, by: i64, now: Timestamp) -> StoreResult<()> {
    tx.execute(
        "INSERT INTO counter (name, label, value, updated_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (name, label) DO UPDATE \
         SET value = counter.value + excluded.value, updated_at = excluded.updated_at",
        params![name, label, by, now],
    )?;
    Ok(())
}

/// All counters, by name.
pub fn all(tx: &mut Tx<'_>) -> StoreResult<Vec<Counter>> {
    tx.rows("SELECT name, label, value, updated_at FROM counter ORDER BY name, label", &[], |row| {
        Ok(Counter { name: row.get(0)?, label: row.get(1)?, value: row.get(2)?, updated_at: row.get(3)? })
    })
}
