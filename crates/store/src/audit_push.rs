//! Which checkpoints have left the house, by place.

use domain::Timestamp;

use crate::db::{StoreResult, Tx};
use crate::params;

/// What a place has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The newest checkpoint there: size, signed note, since when.
    pub newest: Option<(i64, String, Timestamp)>,
    /// When somebody last tried.
    pub tried_at: Timestamp,
    /// Tries that failed since the last success.
    pub failures: i64,
    /// What is wrong, as a word; `None` while all is well.
    pub trouble: Option<String>,
}

/// What a place has; `None` for one that was never tried.
pub fn push(tx: &mut Tx<'_>, place: &str) -> StoreResult<Option<Push>> {
    tx.row(
        "SELECT size, note, pushed_at, tried_at, failures, trouble FROM audit_push WHERE place = $1",
        params![place],
        |row| {
            let (size, note): (Option<i64>, Option<String>) = (row.get(0)?, row.get(1)?);
            let at: Option<Timestamp> = row.get(2)?;
            Ok(Push {
                newest: size.zip(note).zip(at).map(|((size, note), at)| (size, note, at)),
                tried_at: row.get(3)?,
                failures: row.get(4)?,
                trouble: row.get(5)?,
            })
        },
    )
}

/// Takes a place on, unless somebody else did since it was read (`seen`: when it was last tried
/// then). Whether it was taken.
pub fn take_on(tx: &mut Tx<'_>, place: &str, seen: Option<Timestamp>, now: Timestamp) -> StoreResult<bool> {
    let taken = match seen {
        None => tx.execute(
            "INSERT INTO audit_push (place, tried_at, failures) VALUES ($1, $2, 0) ON CONFLICT (place) DO NOTHING",
            params![place, now],
        )?,
        Some(seen) => tx.execute(
            "UPDATE audit_push SET tried_at = $2 WHERE place = $1 AND tried_at = $3",
            params![place, now, seen],
        )?,
    };
    Ok(taken == 1)
}

/// Keeps that a place has a checkpoint.
pub fn arrived(tx: &mut Tx<'_>, place: &str, size: i64, note: &str, at: Timestamp) -> StoreResult<()> {
    tx.execute_exactly(
        1,
        "UPDATE audit_push SET size = $2, note = $3, pushed_at = $4, failures = 0, trouble = NULL WHERE place = $1",
        params![place, size, note, at],
    )
}

/// Keeps that a place does not have the newest checkpoint, and why. Whether that is news.
pub fn stayed(tx: &mut Tx<'_>, place: &str, trouble: &str) -> StoreResult<bool> {
    let before = push(tx, place)?.and_then(|push| push.trouble);
    tx.execute_exactly(
        1,
        "UPDATE audit_push SET failures = failures + 1, trouble = $2 WHERE place = $1",
        params![place, trouble],
    )?;
    Ok(before.as_deref() != Some(trouble))
}
