//! Key-encryption keys as the installation uses them, and the rotations that wrap every
//! data key anew. The keys themselves are in the key file; here is which of them counts.
//!
//! Who wraps a new data key holds [`HOLD`] together with others of its kind, who changes
//! which key wraps holds it alone: so no key is ever wrapped by one that was just given up.

use domain::{ConnectionId, DataKeyId, KeyRotationId, OrganizationId, Timestamp, TypedId as _};
use vault::{KekId, WrappedKey};

use crate::backup::KeptKey;
use crate::db::{Row, StoreError, StoreResult, Tx};
use crate::params;

/// Held by who wraps keys (together) and who changes which key wraps (alone).
pub(crate) const HOLD: &str = "keys";
/// How long a process is believed to run after it last showed itself, in milliseconds.
pub const HOLDER_LIVES_MS: i64 = 30_000;
/// How long a process that went is remembered, in milliseconds: a day.
const HOLDER_REMEMBERED_MS: i64 = 86_400_000;

/// What a key-encryption key is to the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KekState {
    /// In a key file, but not yet in that of every running node.
    Coming,
    /// Wraps.
    Primary,
    /// Unwraps what it wrapped.
    Former,
    /// Nothing is wrapped by it any more, and nothing will be.
    Retired,
}

impl KekState {
    /// Its word in the database and the pages' keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::Primary => "primary",
            Self::Former => "former",
            Self::Retired => "retired",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Coming, Self::Primary, Self::Former, Self::Retired]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A key-encryption key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kek {
    /// Its id.
    pub id: KekId,
    /// What it is.
    pub state: KekState,
    /// When it was made.
    pub made_at: Timestamp,
    /// Since when it is what it is.
    pub since: Timestamp,
}

fn kek_id(row: &Row<'_>, column: usize) -> StoreResult<KekId> {
    let bytes: Vec<u8> = row.get(column)?;
    let found = bytes.len();
    bytes.try_into().map(KekId::from_bytes).map_err(|_| StoreError::Inconsistent {
        table: "kek",
        column: "id",
        value: format!("{found} bytes"),
    })
}

/// Every key that the installation knows, the newest first.
pub fn keks(tx: &mut Tx<'_>) -> StoreResult<Vec<Kek>> {
    tx.rows("SELECT id, state, made_at, since FROM kek ORDER BY made_at DESC, id", &[], |row| {
        Ok(Kek {
            id: kek_id(row, 0)?,
            state: row.word(1, "kek", "state", KekState::parse)?,
            made_at: row.get(2)?,
            since: row.get(3)?,
        })
    })
}

/// The key that wraps now; `None` before the first start said so.
pub fn primary(tx: &mut Tx<'_>) -> StoreResult<Option<KekId>> {
    tx.row("SELECT id FROM kek WHERE state = 'primary'", &[], |row| kek_id(row, 0))
}

/// The key that wraps now, which stays so until this transaction ends.
pub fn held_primary(tx: &mut Tx<'_>) -> StoreResult<Option<KekId>> {
    tx.hold_together(HOLD)?;
    primary(tx)
}

fn keep(tx: &mut Tx<'_>, id: KekId, state: KekState, made_at: Timestamp, now: Timestamp) -> StoreResult<()> {
    tx.execute(
        "INSERT INTO kek (id, state, made_at, since) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING",
        params![id.to_bytes().as_slice(), state.as_str(), made_at, now],
    )
    .map(drop)
}

fn set_state(tx: &mut Tx<'_>, id: KekId, state: KekState, now: Timestamp) -> StoreResult<()> {
    tx.execute(
        "UPDATE kek SET state = $2, since = $3 WHERE id = $1 AND state <> $2",
        params![id.to_bytes().as_slice(), state.as_str(), now],
    )
    .map(drop)
}

/// Takes over the keys of the key file, its primary one first, where the installation knows
/// none yet. The age of keys that are in use already is that of what they wrapped first.
pub fn adopt(tx: &mut Tx<'_>, keks: &[KekId], now: Timestamp) -> StoreResult<()> {
    tx.hold(HOLD)?;
    let known: i64 = tx.row("SELECT COUNT(*) FROM kek", &[], |row| row.get(0))?.unwrap_or_default();
    if known > 0 {
        return Ok(());
    }
    let mut state = KekState::Primary;
    for kek in keks {
        let first =
            "SELECT created_at FROM data_key WHERE substr(wrapped, 3, 8) = $1 ORDER BY created_at LIMIT 1";
        let first = tx.row(first, params![kek.to_bytes().as_slice()], |row| row.get(0))?;
        keep(tx, *kek, state, first.unwrap_or(now), now)?;
        state = KekState::Former;
    }
    Ok(())
}

/// Brings what a restored database says about keys into line with the key file that it was
/// restored with, whose primary key comes first. A key that the database does not know was
/// made after the backup, whose instant is `taken_at`.
pub fn adopt_restored(tx: &mut Tx<'_>, file: &[KekId], taken_at: Timestamp) -> StoreResult<()> {
    let known = keks(tx)?;
    for kek in &known {
        if !file.contains(&kek.id) && kek.state != KekState::Retired {
            set_state(tx, kek.id, KekState::Retired, taken_at)?;
        }
    }
    let mut state = KekState::Primary;
    for kek in file {
        keep(tx, *kek, state, taken_at, taken_at)?;
        set_state(tx, *kek, state, taken_at)?;
        state = KekState::Former;
    }
    Ok(())
}

/// How many data keys each key wraps.
pub fn counts(tx: &mut Tx<'_>) -> StoreResult<Vec<(KekId, i64)>> {
    tx.rows(
        "SELECT substr(wrapped, 3, 8), COUNT(*) FROM data_key GROUP BY substr(wrapped, 3, 8)",
        &[],
        |row| Ok((kek_id(row, 0)?, row.get(1)?)),
    )
}

/// How many data keys one key wraps.
pub fn count_under(tx: &mut Tx<'_>, kek: KekId) -> StoreResult<i64> {
    let count = "SELECT COUNT(*) FROM data_key WHERE substr(wrapped, 3, 8) = $1";
    Ok(tx.row(count, params![kek.to_bytes().as_slice()], |row| row.get(0))?.unwrap_or_default())
}

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationState {
    /// Until every running node holds the new key.
    Waiting,
    /// The new key wraps; what the others wrapped is wrapped anew.
    Running,
    /// Everything is wrapped by the new key.
    Done,
}

impl RotationState {
    /// Its word in the database and the pages' keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Running, Self::Done].into_iter().find(|state| state.as_str() == text)
    }
}

/// A rotation.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Id.
    pub id: KeyRotationId,
    /// The new key.
    pub kek: KekId,
    /// How far.
    pub state: RotationState,
    /// `command`, `clock`, or a member's id.
    pub asked_by: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When the new key began to wrap.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Everything up to this key is done.
    pub last_key: Option<DataKeyId>,
    /// Keys looked at.
    pub done: i64,
    /// Of about how many.
    pub total: i64,
    /// Why it could not go on when it was last tried.
    pub error: Option<String>,
}

const ROTATION: &str =
    "id, kek, state, asked_by, asked_at, started_at, ended_at, last_key, keys_done, keys_total, error";

fn rotation(row: &Row<'_>) -> StoreResult<Rotation> {
    Ok(Rotation {
        id: row.get(0)?,
        kek: kek_id(row, 1)?,
        state: row.word(2, "key_rotation", "state", RotationState::parse)?,
        asked_by: row.get(3)?,
        asked_at: row.get(4)?,
        started_at: row.get(5)?,
        ended_at: row.get(6)?,
        last_key: row.get(7)?,
        done: row.get(8)?,
        total: row.get(9)?,
        error: row.get(10)?,
    })
}

/// The rotation that is under way.
pub fn open(tx: &mut Tx<'_>) -> StoreResult<Option<Rotation>> {
    let sql = format!("SELECT {ROTATION} FROM key_rotation WHERE state <> 'done' ORDER BY id LIMIT 1");
    tx.row(&sql, &[], rotation)
}

/// The newest rotation.
pub fn last(tx: &mut Tx<'_>) -> StoreResult<Option<Rotation>> {
    tx.row(&format!("SELECT {ROTATION} FROM key_rotation ORDER BY id DESC LIMIT 1"), &[], rotation)
}

/// Asks for a rotation to a key that is in the key file here, unless one is under way; says
/// whether it did.
pub fn ask(tx: &mut Tx<'_>, id: KeyRotationId, kek: KekId, by: &str, now: Timestamp) -> StoreResult<bool> {
    tx.hold(HOLD)?;
    if open(tx)?.is_some() {
        return Ok(false);
    }
    keep(tx, kek, KekState::Coming, now, now)?;
    tx.execute_exactly(
        1,
        "INSERT INTO key_rotation (id, kek, state, asked_by, asked_at, keys_done, keys_total, lease_until) \
         VALUES ($1, $2, 'waiting', $3, $4, 0, 0, 0)",
        params![id, kek.to_bytes().as_slice(), by, now],
    )?;
    Ok(true)
}

/// Asks for what other keys still wrap to be wrapped by the one that wraps now, where no
/// rotation is under way: a restore or an older program may leave some. Says whether it did.
pub fn ask_for_strays(tx: &mut Tx<'_>, id: KeyRotationId, now: Timestamp) -> StoreResult<bool> {
    tx.hold(HOLD)?;
    let Some(primary) = primary(tx)? else { return Ok(false) };
    let strays = counts(tx)?.iter().any(|(kek, _)| *kek != primary);
    Ok(strays && open(tx)?.is_none() && ask(tx, id, primary, "clock", now)?)
}

/// Takes the rotation that is under way for one process, unless another one does it.
pub fn take(tx: &mut Tx<'_>, node: &str, now: Timestamp, until: Timestamp) -> StoreResult<Option<Rotation>> {
    let touched = tx.execute(
        "UPDATE key_rotation SET node = $1, lease_until = $3 \
         WHERE state <> 'done' AND (node IS NULL OR node = $1 OR lease_until < $2)",
        params![node, now, until],
    )?;
    if touched == 0 { Ok(None) } else { open(tx) }
}

/// Gives a rotation back that cannot go on now, and says why.
pub fn give_back(tx: &mut Tx<'_>, id: KeyRotationId, node: &str, error: Option<&str>) -> StoreResult<()> {
    tx.execute(
        "UPDATE key_rotation SET node = NULL, lease_until = 0, error = $3 WHERE id = $1 AND node = $2",
        params![id, node, error],
    )
    .map(drop)
}

/// Has the new key wrap from now on, if every running node holds it; `node`, which asks, does.
/// Returns the nodes that do not; then nothing was changed.
pub fn switch(tx: &mut Tx<'_>, rotation: &Rotation, node: &str, now: Timestamp) -> StoreResult<Vec<Holder>> {
    tx.hold(HOLD)?;
    let lacks = |holder: &Holder| holder.node != node && !holder.keks.contains(&rotation.kek);
    let lacking: Vec<Holder> = holders(tx, now)?.into_iter().filter(lacks).collect();
    if !lacking.is_empty() {
        return Ok(lacking);
    }
    if let Some(former) = primary(tx)?.filter(|primary| *primary != rotation.kek) {
        set_state(tx, former, KekState::Former, now)?;
    }
    set_state(tx, rotation.kek, KekState::Primary, now)?;
    tx.execute_exactly(
        1,
        "UPDATE key_rotation SET state = 'running', started_at = $3, last_key = NULL, keys_done = 0, \
           keys_total = (SELECT COUNT(*) FROM data_key) WHERE id = $1 AND node = $2 AND state = 'waiting'",
        params![rotation.id, node, now],
    )?;
    Ok(Vec::new())
}

/// Some wrapped keys behind one, in the order of their ids.
pub fn keys_after(tx: &mut Tx<'_>, after: Option<DataKeyId>, limit: u32) -> StoreResult<Vec<KeptKey>> {
    let after = after.unwrap_or(DataKeyId::from_bytes([0; 16]));
    tx.rows(
        "SELECT id, organization_id, owner_kind, owner_id, wrapped, created_at FROM data_key \
         WHERE id > $1 ORDER BY id LIMIT $2",
        params![after, limit],
        crate::backup::kept_key,
    )
}

/// A data key that was wrapped anew.
#[derive(Debug, Clone)]
pub struct Rewrapped {
    /// Its id.
    pub id: DataKeyId,
    /// As it was.
    pub before: WrappedKey,
    /// As it is to be.
    pub after: WrappedKey,
}

/// A batch of a rotation.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What was wrapped anew.
    pub keys: Vec<Rewrapped>,
    /// The last key that was looked at.
    pub last: DataKeyId,
    /// How many were looked at.
    pub looked_at: i64,
}

/// Keeps a batch, and that everything up to its end is done. A key that was destroyed or
/// replaced meanwhile is left alone.
///
/// # Errors
/// [`StoreError::RowCount`] when another process does the rotation by now, or the key that
/// wraps is another one; nothing is kept then.
pub fn rewrap(
    tx: &mut Tx<'_>,
    rotation: &Rotation,
    node: &str,
    batch: &Batch,
    until: Timestamp,
) -> StoreResult<()> {
    if held_primary(tx)? != Some(rotation.kek) {
        return Err(StoreError::RowCount { expected: 1, touched: 0 });
    }
    for key in &batch.keys {
        tx.execute(
            "UPDATE data_key SET wrapped = $3 WHERE id = $1 AND wrapped = $2",
            params![key.id, key.before.as_bytes(), key.after.as_bytes()],
        )?;
    }
    tx.execute_exactly(
        1,
        "UPDATE key_rotation SET last_key = $3, keys_done = keys_done + $4, lease_until = $5 \
         WHERE id = $1 AND node = $2 AND state = 'running'",
        params![rotation.id, node, batch.last, batch.looked_at, until],
    )
}

/// Ends a rotation, if nothing is wrapped by another key any more; else it begins from the
/// first key again. Says whether it ended.
pub fn finish(tx: &mut Tx<'_>, rotation: &Rotation, node: &str, now: Timestamp) -> StoreResult<bool> {
    tx.hold(HOLD)?;
    let strays = counts(tx)?.iter().any(|(kek, _)| *kek != rotation.kek);
    let sql = if strays {
        "UPDATE key_rotation SET last_key = NULL, keys_done = 0, started_at = COALESCE(started_at, $3) \
         WHERE id = $1 AND node = $2 AND state = 'running'"
    } else {
        "UPDATE key_rotation SET state = 'done', ended_at = $3, node = NULL, keys_total = keys_done, error = NULL \
         WHERE id = $1 AND node = $2 AND state = 'running'"
    };
    tx.execute_exactly(1, sql, params![rotation.id, node, now])?;
    Ok(!strays)
}

/// Gives a key up for good, if nothing is wrapped by it and it is not the one that wraps.
/// Returns how many keys it still wraps; anything but 0 changed nothing.
pub fn retire(tx: &mut Tx<'_>, kek: KekId, now: Timestamp) -> StoreResult<i64> {
    tx.hold(HOLD)?;
    let wrapped = count_under(tx, kek)?;
    if wrapped == 0 {
        tx.execute_exactly(
            1,
            "UPDATE kek SET state = 'retired', \
               since = CASE WHEN state = 'retired' THEN since ELSE $2 END \
             WHERE id = $1 AND state IN ('former', 'retired')",
            params![kek.to_bytes().as_slice(), now],
        )?;
    }
    Ok(wrapped)
}

/// What a running process finds in its key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Names the process.
    pub node: String,
    /// The machine that it runs on.
    pub host: String,
    /// Where its key file is.
    pub place: String,
    /// The keys in the file, its primary one first.
    pub keks: Vec<KekId>,
    /// Why the file cannot be read.
    pub problem: Option<String>,
    /// When it last showed itself.
    pub seen_at: Timestamp,
}

/// Keeps what a process found, and forgets those that went long ago.
pub fn note_holder(tx: &mut Tx<'_>, holder: &Holder) -> StoreResult<()> {
    let keks: Vec<String> = holder.keks.iter().map(ToString::to_string).collect();
    tx.execute(
        "INSERT INTO key_holder (node, host, place, keks, problem, seen_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (node) DO UPDATE SET keks = excluded.keks, problem = excluded.problem, \
           seen_at = excluded.seen_at",
        params![
            &holder.node,
            &holder.host,
            &holder.place,
            &keks.join(" "),
            holder.problem.as_deref(),
            holder.seen_at
        ],
    )?;
    let gone = holder.seen_at.as_millis() - HOLDER_REMEMBERED_MS;
    tx.execute("DELETE FROM key_holder WHERE seen_at < $1", params![gone]).map(drop)
}

/// Keeps what a process that shows itself holds now.
pub fn note_keks(tx: &mut Tx<'_>, node: &str, keks: &[KekId]) -> StoreResult<()> {
    let keks: Vec<String> = keks.iter().map(ToString::to_string).collect();
    tx.execute("UPDATE key_holder SET keks = $2 WHERE node = $1", params![node, &keks.join(" ")]).map(drop)
}

/// Forgets a process that ends in good order.
pub fn forget_holder(tx: &mut Tx<'_>, node: &str) -> StoreResult<()> {
    tx.execute("DELETE FROM key_holder WHERE node = $1", params![node]).map(drop)
}

/// The processes that run.
pub fn holders(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<Vec<Holder>> {
    let since = now.as_millis() - HOLDER_LIVES_MS;
    tx.rows(
        "SELECT node, host, place, keks, problem, seen_at FROM key_holder WHERE seen_at >= $1 ORDER BY node",
        params![since],
        |row| {
            let keks: String = row.get(3)?;
            Ok(Holder {
                node: row.get(0)?,
                host: row.get(1)?,
                place: row.get(2)?,
                keks: keks.split_whitespace().filter_map(|id| id.parse().ok()).collect(),
                problem: row.get(4)?,
                seen_at: row.get(5)?,
            })
        },
    )
}

/// Connections whose token key was made before an instant, the oldest first.
pub fn old_token_keys(
    tx: &mut Tx<'_>,
    before: Timestamp,
    limit: u32,
) -> StoreResult<Vec<(OrganizationId, ConnectionId)>> {
    tx.rows(
        "SELECT organization_id, owner_id FROM data_key \
         WHERE owner_kind = 'connection' AND created_at < $1 ORDER BY created_at, id LIMIT $2",
        params![before, limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// How many token keys there are, and when the oldest was made.
pub fn token_keys(tx: &mut Tx<'_>) -> StoreResult<(i64, Option<Timestamp>)> {
    let found = tx.row(
        "SELECT COUNT(*), MIN(created_at) FROM data_key WHERE owner_kind = 'connection'",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found.unwrap_or_default())
}
