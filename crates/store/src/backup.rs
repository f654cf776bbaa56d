//! Backups: whole tables in chunks that stay the same while their rows do, the runs that
//! take and try them, and who was erased.

use std::collections::BTreeSet;

use domain::{
    BackupRunId, ConnectionId, DataKeyId, MemberId, OrganizationId, SubjectId, Timestamp, TypedId as _,
};
use vault::WrappedKey;

use crate::db::shape::page;
pub use crate::db::shape::{
    Table, broken_references, clear, count, count_on, flaws, history, load, tables, values,
};
use crate::db::{Row, StoreError, StoreResult, Tx, Val};
use crate::keys::KeyOwner;
use crate::params;

/// The table of wrapped keys: it is backed up apart from the data.
pub const KEY_TABLE: &str = "data_key";
/// Tables that no backup holds: whoever was signed in signs in anew after a restore, and a
/// session that was ended must not live again. Where members come from is not needed for longer
/// than it is kept. A letter is sent when it is written or not at all.
const LEFT_OUT: [&str; 11] = [
    "session",
    "setup_link",
    "recovery_link",
    "authorization_attempt",
    "familiar_network",
    "challenge",
    "provider_attempt",
    "mail",
    "privacy_ticket",
    "key_holder",
    "key_rotation",
];
/// Tables that only grow, by ids that tell when a row was made: what was settled long before
/// one backup is in the next one as it was.
pub const GROWING: [&str; 3] = ["ledger", "timeline", "audit_event"];

/// Rows read at once.
const READ_ROWS: u32 = 1_024;
/// A chunk ends behind a row about so often: 1 of 1,024 by what its key is.
const BORDER_MASK: u64 = 0x3ff;
/// Rows of a chunk at most.
const MAX_CHUNK_ROWS: u32 = 8_192;
/// Bytes of a chunk, before it is compressed, at most; one row may be longer. 1 MiB.
const MAX_CHUNK_BYTES: usize = 1 << 20;

/// Which tables a backup of the data holds, in an order in which they can be filled.
#[must_use]
pub fn of_data(tables: Vec<Table>) -> Vec<Table> {
    let mut out: BTreeSet<String> = LEFT_OUT.map(str::to_owned).into();
    let mut kept = Vec::new();
    for table in tables {
        // What hangs on a row that is left out cannot be put back either.
        if out.contains(&table.name) || table.refers_to.iter().any(|name| out.contains(name)) {
            out.insert(table.name);
        } else if table.name != KEY_TABLE {
            kept.push(table);
        }
    }
    kept
}

/// Some rows of a table that follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chunk {
    /// How many.
    pub rows: u32,
    /// Their bytes.
    pub bytes: Vec<u8>,
    /// The key of the last one.
    pub last: Vec<u8>,
}

/// Whether a chunk ends behind the row with this key. It hangs on nothing but the key, so
/// that a new or changed row changes its own chunk only.
#[must_use]
pub fn is_border(key: &[u8]) -> bool {
    // FNV-1a, and a last stir as its low bits follow the last byte closely.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in key {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    (hash >> 20) & BORDER_MASK == 0
}

/// Gives the rows of a table, behind the one with the key `after`, chunk by chunk.
pub fn dump<E: From<StoreError>>(
    tx: &mut Tx<'_>,
    table: &Table,
    after: Option<&[u8]>,
    mut give: impl FnMut(Chunk) -> Result<(), E>,
) -> Result<(), E> {
    let mut chunk = Chunk::default();
    let mut last: Option<Vec<u8>> = after.map(<[u8]>::to_vec);
    let read_rows = table.rows_at_once(READ_ROWS);
    loop {
        let rows = page(tx, table, None, last.as_deref(), read_rows)?;
        let mut count = 0;
        for (row, key) in rows.each() {
            count += 1;
            chunk.rows += 1;
            chunk.bytes.extend_from_slice(row);
            chunk.last = key.to_vec();
            if is_border(key) || chunk.rows >= MAX_CHUNK_ROWS || chunk.bytes.len() >= MAX_CHUNK_BYTES {
                give(std::mem::take(&mut chunk))?;
            }
            last = Some(key.to_vec());
        }
        if count < read_rows {
            break;
        }
    }
    if chunk.rows > 0 { give(chunk) } else { Ok(()) }
}

/// When a row of a growing table was made, by its key: ids begin with their milliseconds.
#[must_use]
pub fn made_at(key: &[u8]) -> Option<Timestamp> {
    match values(key, 1).ok()?.as_slice() {
        [Val::Bytes(id)] if id.len() == 16 => {
            let millis = id[..6].iter().fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
            Some(Timestamp::from_millis(millis))
        }
        _ => None,
    }
}

/// The audit tree's size and right edge, without holding up who appends to it.
pub fn audit_edge(tx: &mut Tx<'_>) -> StoreResult<(i64, Vec<u8>)> {
    let edge =
        tx.row("SELECT size, edge FROM audit_tree WHERE one = 1", &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(edge.unwrap_or_default())
}

/// The ids of all organizations.
pub fn organizations(tx: &mut Tx<'_>) -> StoreResult<Vec<OrganizationId>> {
    tx.rows("SELECT id FROM organization ORDER BY id", &[], |row| row.get(0))
}

/// Some connections, with their organizations, for a sample.
pub fn some_connections(tx: &mut Tx<'_>, limit: u32) -> StoreResult<Vec<(OrganizationId, ConnectionId)>> {
    tx.rows("SELECT organization_id, id FROM connection ORDER BY id LIMIT $1", params![limit], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// Some members, with their organizations, for a sample.
pub fn some_members(tx: &mut Tx<'_>, limit: u32) -> StoreResult<Vec<(OrganizationId, MemberId)>> {
    tx.rows("SELECT organization_id, id FROM member ORDER BY id LIMIT $1", params![limit], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// A wrapped key with whose it is.
#[derive(Debug, Clone)]
pub struct KeptKey {
    /// Its id.
    pub id: DataKeyId,
    /// The tenant.
    pub organization: OrganizationId,
    /// `organization`, `connection` or `subject`.
    pub owner_kind: String,
    /// The owner's id.
    pub owner: [u8; 16],
    /// The key.
    pub wrapped: WrappedKey,
    /// Since when.
    pub created_at: Timestamp,
}

impl KeptKey {
    /// The text that the wrapped key is bound to.
    #[must_use]
    pub fn context(&self) -> String {
        match self.owner_kind.as_str() {
            "connection" => KeyOwner::Connection(ConnectionId::from_bytes(self.owner)),
            "subject" => KeyOwner::Subject(SubjectId::from_bytes(self.owner)),
            _ => KeyOwner::Organization,
        }
        .context()
    }
}

/// Every wrapped key.
pub fn keys(tx: &mut Tx<'_>) -> StoreResult<Vec<KeptKey>> {
    tx.rows(
        "SELECT id, organization_id, owner_kind, owner_id, wrapped, created_at FROM data_key ORDER BY id",
        &[],
        kept_key,
    )
}

pub(crate) fn kept_key(row: &Row<'_>) -> StoreResult<KeptKey> {
    Ok(KeptKey {
        id: row.get(0)?,
        organization: row.get(1)?,
        owner_kind: row.get(2)?,
        // Any id reads as 16 bytes.
        owner: domain::TypedId::to_bytes(row.get::<OrganizationId>(3)?),
        wrapped: WrappedKey::from_bytes(row.get(4)?),
        created_at: row.get(5)?,
    })
}

/// Destroys a key by its id.
pub fn destroy_key(tx: &mut Tx<'_>, id: DataKeyId) -> StoreResult<()> {
    tx.execute("DELETE FROM data_key WHERE id = $1", params![id]).map(drop)
}

/// Every buyer, with the instant since when.
pub fn buyers(tx: &mut Tx<'_>) -> StoreResult<Vec<([u8; 16], Timestamp)>> {
    // Any id reads as 16 bytes.
    tx.rows("SELECT id, created_at FROM buyer ORDER BY id", &[], |row| {
        Ok((domain::TypedId::to_bytes(row.get::<OrganizationId>(0)?), row.get(1)?))
    })
}

/// Whether anything is kept that finds a buyer.
pub fn finds_buyer(tx: &mut Tx<'_>, id: [u8; 16]) -> StoreResult<bool> {
    let sql = "SELECT 1 FROM buyer_term WHERE buyer_id = $1 LIMIT 1";
    Ok(tx.row(sql, &[Val::Id(id)], |_| Ok(()))?.is_some())
}

/// Destroys what finds a buyer, as [`crate::Tenant::oppose_buyer`] does; in a schema that knows
/// nothing of that, the buyer as well. Returns how many rows are gone of terms and of buyers.
pub fn erase_buyer(tx: &mut Tx<'_>, id: [u8; 16], at: Timestamp, opposes: bool) -> StoreResult<(u64, u64)> {
    let terms = tx.execute("DELETE FROM buyer_term WHERE buyer_id = $1", &[Val::Id(id)])?;
    if opposes {
        let sql = "UPDATE buyer SET opposed_at = $2 WHERE id = $1 AND opposed_at IS NULL";
        tx.execute(sql, &[Val::Id(id), at.into()])?;
        return Ok((terms, 0));
    }
    Ok((terms, tx.execute("DELETE FROM buyer WHERE id = $1", &[Val::Id(id)])?))
}

/// Keeps that an owner's keys were destroyed; the latest time stands.
pub fn keep_erasure(tx: &mut Tx<'_>, owner_hash: &[u8], at: Timestamp) -> StoreResult<()> {
    tx.execute(
        "INSERT INTO erasure (owner_hash, at) VALUES ($1, $2) \
         ON CONFLICT (owner_hash) DO UPDATE SET at = excluded.at WHERE erasure.at < excluded.at",
        params![owner_hash, at],
    )
    .map(drop)
}

/// Every erasure from an instant on: the owner's hash and when.
pub fn erasures(tx: &mut Tx<'_>, from: Timestamp) -> StoreResult<Vec<(Vec<u8>, Timestamp)>> {
    tx.rows("SELECT owner_hash, at FROM erasure WHERE at >= $1 ORDER BY at", params![from], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

impl crate::Tenant<'_, '_> {
    /// Keeps that an owner's keys were destroyed, in the running transaction.
    pub fn keep_erasure(&mut self, owner_hash: &[u8], at: Timestamp) -> StoreResult<()> {
        keep_erasure(self.tx, owner_hash, at)
    }
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// Takes a backup.
    Backup,
    /// Tries the newest one.
    Drill,
}

impl RunKind {
    /// Its word in the database, the log and the pages' keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Drill => "drill",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Backup, Self::Drill].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Asked for.
    Waiting,
    /// Under way.
    Running,
    /// Ended well.
    Good,
    /// Ended otherwise, or was cut off.
    Failed,
}

impl RunState {
    /// Its word in the database and the pages' keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Good => "good",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Waiting, Self::Running, Self::Good, Self::Failed];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// A backup or drill, asked for or done.
#[derive(Debug, Clone)]
pub struct Run {
    /// Id.
    pub id: BackupRunId,
    /// What.
    pub kind: RunKind,
    /// How far.
    pub state: RunState,
    /// `clock`, `command`, or a member's id.
    pub asked_by: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Rows done.
    pub rows_done: i64,
    /// Of about how many.
    pub rows_total: i64,
    /// The backup's number.
    pub number: Option<i64>,
    /// The instant that the backup shows.
    pub taken_at: Option<Timestamp>,
    /// The digest of its signed list.
    pub list_digest: Option<String>,
    /// Bytes that it added to the depot.
    pub bytes_added: Option<i64>,
    /// A drill's checks, as JSON.
    pub report: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

const RUN: &str = "id, kind, state, asked_by, asked_at, started_at, ended_at, rows_done, rows_total, number, \
    taken_at, list_digest, bytes_added, report, error";

fn run(row: &Row<'_>) -> StoreResult<Run> {
    Ok(Run {
        id: row.get(0)?,
        kind: row.word(1, "backup_run", "kind", RunKind::parse)?,
        state: row.word(2, "backup_run", "state", RunState::parse)?,
        asked_by: row.get(3)?,
        asked_at: row.get(4)?,
        started_at: row.get(5)?,
        ended_at: row.get(6)?,
        rows_done: row.get(7)?,
        rows_total: row.get(8)?,
        number: row.get(9)?,
        taken_at: row.get(10)?,
        list_digest: row.get(11)?,
        bytes_added: row.get(12)?,
        report: row.get(13)?,
        error: row.get(14)?,
    })
}

/// Asks for a run, unless one of its kind waits or runs already; says whether it did.
pub fn ask(tx: &mut Tx<'_>, id: BackupRunId, kind: RunKind, by: &str, now: Timestamp) -> StoreResult<bool> {
    tx.hold("backup")?;
    fail_dead_runs(tx, now)?;
    let touched = tx.execute(
        "INSERT INTO backup_run (id, kind, state, asked_by, asked_at, rows_done, rows_total) \
         SELECT $1, $2, 'waiting', $3, $4, 0, 0 WHERE NOT EXISTS \
           (SELECT 1 FROM backup_run WHERE kind = $2 AND state IN ('waiting', 'running'))",
        params![id, kind.as_str(), by, now],
    )?;
    Ok(touched > 0)
}

/// A run whose node is gone counts as failed, and is in nobody's way.
fn fail_dead_runs(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<()> {
    tx.execute(
        "UPDATE backup_run SET state = 'failed', node = NULL, ended_at = $1, error = 'cut off' \
         WHERE state = 'running' AND lease_until < $1",
        params![now],
    )
    .map(drop)
}

/// Takes the run that waits longest, unless one is under way: one at a time, whatever the
/// number of nodes.
pub fn take(tx: &mut Tx<'_>, node: &str, now: Timestamp, until: Timestamp) -> StoreResult<Option<Run>> {
    tx.hold("backup")?;
    fail_dead_runs(tx, now)?;
    let running = tx.row("SELECT 1 FROM backup_run WHERE state = 'running' LIMIT 1", &[], |_| Ok(()))?;
    if running.is_some() {
        return Ok(None);
    }
    let next = format!("SELECT {RUN} FROM backup_run WHERE state = 'waiting' ORDER BY id LIMIT 1");
    let Some(next) = tx.row(&next, &[], run)? else { return Ok(None) };
    tx.execute_exactly(
        1,
        "UPDATE backup_run SET state = 'running', node = $2, lease_until = $3, started_at = $4 WHERE id = $1",
        params![next.id, node, until, now],
    )?;
    Ok(Some(Run { state: RunState::Running, started_at: Some(now), ..next }))
}

/// Keeps how far a run is, and that its node lives.
pub fn advance(tx: &mut Tx<'_>, id: BackupRunId, done: i64, total: i64, until: Timestamp) -> StoreResult<()> {
    tx.execute(
        "UPDATE backup_run SET rows_done = $2, rows_total = $3, lease_until = $4 \
         WHERE id = $1 AND state = 'running'",
        params![id, done, total, until],
    )
    .map(drop)
}

/// How a run ended.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// Whether well.
    pub good: bool,
    /// Where the backup lies.
    pub place: String,
    /// The backup's number.
    pub number: Option<i64>,
    /// The instant that it shows.
    pub taken_at: Option<Timestamp>,
    /// The digest of its signed list.
    pub list_digest: Option<String>,
    /// Bytes added to the depot.
    pub bytes_added: Option<i64>,
    /// Rows in it.
    pub rows: i64,
    /// A drill's checks.
    pub report: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Keeps how a run ended. Refuses when its lease was lost meanwhile.
pub fn finish(tx: &mut Tx<'_>, id: BackupRunId, node: &str, now: Timestamp, end: &End) -> StoreResult<()> {
    let state = if end.good { RunState::Good } else { RunState::Failed };
    tx.execute_exactly(
        1,
        "UPDATE backup_run SET state = $3, node = NULL, ended_at = $4, number = $5, taken_at = $6, \
           list_digest = $7, bytes_added = $8, rows_done = $9, rows_total = $9, report = $10, error = $11, \
           place = $12 \
         WHERE id = $1 AND node = $2 AND state = 'running'",
        params![
            id,
            node,
            state.as_str(),
            now,
            end.number,
            end.taken_at,
            end.list_digest.as_deref(),
            end.bytes_added,
            end.rows,
            end.report.as_deref(),
            end.error.as_deref(),
            &end.place,
        ],
    )
}

/// In a restored database the run that took its backup is still under way: it was, when it
/// looked. It ended well, or there would be nothing to restore.
pub fn end_restored(
    tx: &mut Tx<'_>,
    place: &str,
    number: i64,
    taken_at: Timestamp,
    digest: &str,
) -> StoreResult<()> {
    tx.execute(
        "UPDATE backup_run SET state = 'good', node = NULL, ended_at = $3, place = $1, number = $2, taken_at = $3, \
           list_digest = $4 WHERE state = 'running' AND kind = 'backup'",
        params![place, number, taken_at, digest],
    )
    .map(drop)
}

/// The last good backup in one place.
pub fn last_at(tx: &mut Tx<'_>, place: &str) -> StoreResult<Option<Run>> {
    tx.row(
        &format!(
            "SELECT {RUN} FROM backup_run WHERE kind = 'backup' AND state = 'good' AND place = $1 \
             ORDER BY id DESC LIMIT 1"
        ),
        params![place],
        run,
    )
}

/// A run.
pub fn find(tx: &mut Tx<'_>, id: BackupRunId) -> StoreResult<Option<Run>> {
    tx.row(&format!("SELECT {RUN} FROM backup_run WHERE id = $1"), params![id], run)
}

/// The newest run of a kind, in a state where one is named.
pub fn last(tx: &mut Tx<'_>, kind: RunKind, state: Option<RunState>) -> StoreResult<Option<Run>> {
    match state {
        Some(state) => tx.row(
            &format!("SELECT {RUN} FROM backup_run WHERE kind = $1 AND state = $2 ORDER BY id DESC LIMIT 1"),
            params![kind.as_str(), state.as_str()],
            run,
        ),
        None => tx.row(
            &format!("SELECT {RUN} FROM backup_run WHERE kind = $1 ORDER BY id DESC LIMIT 1"),
            params![kind.as_str()],
            run,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_come_about_as_often_as_meant() {
        let borders = (0_u64..200_000).filter(|number| is_border(&number.to_be_bytes())).count();
        assert!((140..260).contains(&borders), "{borders} borders in 200,000 rows");
        let texts = (0_u64..200_000).filter(|number| is_border(format!("name {number}").as_bytes())).count();
        assert!((140..260).contains(&texts), "{texts} borders in 200,000 rows");
    }
}
