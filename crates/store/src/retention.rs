//! Deletes what outlived its time, and counts what should have been deleted and was not: both
//! by the table of `domain::retention`.

use domain::Timestamp;
use domain::retention::{CLASSES, Class, Term, subject_column};

use crate::db::{StoreResult, Tx};
use crate::params;

/// Tables whose rows each organization's own log tells of when they go: the use case deletes
/// them (`Tenant::forget_buyers_before`).
const TOLD: [&str; 1] = ["buyer"];

/// What a clock points at: rows of a table whose time is over.
struct Due {
    class: &'static str,
    table: &'static str,
    column: &'static str,
    /// Rows whose instant is not after this.
    before: Timestamp,
}

impl Due {
    fn of(class: &'static str, term: &Term, now: Timestamp) -> Option<Self> {
        match *term {
            Term::After { table, column, span, .. } => {
                Some(Self { class, table, column, before: now.minus(span) })
            }
            Term::At { table, column, .. } => Some(Self { class, table, column, before: now }),
            Term::With(..) | Term::Files { .. } => None,
        }
    }

    fn condition(&self) -> String {
        format!("{} <= $1{}", self.column, spared(self.table))
    }

    /// The same, but for what a hold keeps.
    fn unheld(&self) -> String {
        let held = held(self.class, self.table).map(|held| format!(" AND NOT {held}"));
        self.condition() + held.as_deref().unwrap_or_default()
    }
}

/// Whether a hold keeps a row of a table; `None` where none can.
pub(crate) fn held(class: &str, table: &str) -> Option<String> {
    let subject = subject_column(table)?;
    Some(format!(
        "EXISTS (SELECT 1 FROM retention_hold h WHERE h.organization_id = {table}.organization_id \
         AND h.lifted_at IS NULL AND (h.class = '{class}' OR h.subject_id = {table}.{subject}))"
    ))
}

/// What stays although its instant has passed.
fn spared(table: &str) -> &'static str {
    match table {
        // An answer that was sent has no text any more; it belongs to its case.
        "case_answer" => " AND state = 'failed'",
        // That somebody opposed is remembered for as long as their orders.
        "buyer" => " AND opposed_at IS NULL",
        // The newest good run of each kind says when the last backup and drill were.
        "backup_run" => {
            " AND id NOT IN (SELECT k.id FROM backup_run k WHERE k.state = 'good' AND NOT EXISTS \
               (SELECT 1 FROM backup_run n WHERE n.kind = k.kind AND n.state = 'good' AND n.id > k.id))"
        }
        _ => "",
    }
}

/// Every clock of the house.
fn due(now: Timestamp) -> impl Iterator<Item = (&'static Class, Due)> {
    let of = move |class: &'static Class| {
        class.terms.iter().filter_map(move |term| Some((class, Due::of(class.name, term, now)?)))
    };
    CLASSES.iter().flat_map(of)
}

/// Deletes what outlived its time and no hold keeps, but for what an organization's log tells of.
/// Returns how many rows.
pub fn forget(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<u64> {
    let mut gone = 0;
    for (_, due) in due(now).filter(|(_, due)| !TOLD.contains(&due.table)) {
        let sql = format!("DELETE FROM {} WHERE {}", due.table, due.unheld());
        gone += tx.execute(&sql, params![due.before])?;
    }
    Ok(gone)
}

/// Rows of a class that should have been deleted at `now` or before and are still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// The class.
    pub class: &'static str,
    /// How many rows.
    pub rows: i64,
    /// How many more that a hold keeps.
    pub held: i64,
}

/// What should have been deleted at `now` or before and is still there, by class; those with
/// nothing overdue stand with zero.
pub fn overdue(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<Vec<Overdue>> {
    let mut all: Vec<Overdue> = Vec::new();
    for (class, due) in due(now) {
        let mut count = |which: &str| {
            let sql = format!("SELECT COUNT(*) FROM {} WHERE {which}", due.table);
            StoreResult::Ok(tx.row(&sql, params![due.before], |row| row.get::<i64>(0))?.unwrap_or_default())
        };
        let rows = count(&due.unheld())?;
        let held = count(&due.condition())? - rows;
        match all.last_mut().filter(|last| last.class == class.name) {
            Some(last) => {
                last.rows += rows;
                last.held += held;
            }
            None => all.push(Overdue { class: class.name, rows, held }),
        }
    }
    Ok(all)
}
