//! Taking a backup: one moment of the database, in chunks, most of which lie in the depot
//! already.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::{Clock, Entropy, Timestamp};
use store::Tx;
use store::backup::{self as tables, Chunk, GROWING, KEY_TABLE, Table};
use vault::backup::{CHUNK_OVERHEAD_BYTES, ChunkPlace, MAX_CHUNK_BYTES};
use vault::{BackupKeys, ChunkName};

use super::depot::{Depot, DepotName, Held};
use super::error::BackupError;
use super::list::{ChunkPart, List, Set, TablePart};

/// A row of a growing table is settled this long after it was made: no transaction that
/// could still bring an older one runs so long.
const SETTLED_AFTER: Duration = Duration::from_hours(1);
/// How hard chunks are compressed, 0 to 10: harder costs more time than the space is worth.
const COMPRESSION: u8 = 2;

/// Longest chunk in a depot, in bytes.
pub(super) const MAX_SEALED_BYTES: usize = MAX_CHUNK_BYTES + CHUNK_OVERHEAD_BYTES;

/// Where a chunk lies: a folder for each first two digits keeps folders short.
pub(super) fn chunk_file(set: Set, name: &ChunkName) -> Result<DepotName, BackupError> {
    let name = name.to_string();
    let text = format!("{}/{}/{name}", set.chunks(), &name[..2]);
    DepotName::parse(&text).ok_or(BackupError::Broken(text))
}

/// What taking a backup needs.
pub(super) struct Take {
    pub(super) depot: Arc<dyn Depot>,
    pub(super) keys: BackupKeys,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) installation: String,
    pub(super) number: i64,
    /// The newest lists there, of data and of keys. What they hold need not be put again.
    pub(super) before: [Option<(List, String)>; 2],
    /// The data's list before is the one that this very database was last backed up to: what
    /// had settled then may be taken over unread.
    pub(super) continues: bool,
    /// What lay there when it began: chunks of data and of keys.
    pub(super) there: [Held; 2],
    /// Rows done so far.
    pub(super) done: Arc<AtomicI64>,
}

/// A backup that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its number.
    pub number: i64,
    /// The instant that it shows.
    pub taken_at: Timestamp,
    /// The digest of its list.
    pub digest: String,
    /// Rows in it.
    pub rows: u64,
    /// Chunks that it is made of.
    pub chunks: usize,
    /// Chunks that were new.
    pub new_chunks: u64,
    /// Bytes that were new, as they lie in the depot.
    pub bytes_added: u64,
}

/// What was put, so far.
#[derive(Default)]
struct Added {
    chunks: Cell<u64>,
    bytes: Cell<u64>,
}

impl Take {
    /// Takes it, within one reading transaction. Nothing of it counts before its two lists
    /// are there, the keys' one first.
    pub(super) fn run(&self, tx: &mut Tx<'_>) -> Result<Taken, BackupError> {
        // Before the first look: what it shows is never older than it says.
        let taken_at = self.clock.now();
        let schema = tables::history(tx)?;
        let (size, edge) = tables::audit_edge(tx)?;
        let tree = crate::audit::frontier(size, &edge)?;
        let all = tables::tables(tx)?;
        let empty = List {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            installation: self.installation.clone(),
            number: self.number,
            taken_at: taken_at.as_millis(),
            engine: format!("{:?}", tx.engine()).to_lowercase(),
            schema,
            kek: self.keys.kek().to_string(),
            audit_size: tree.size(),
            audit_root: BASE64.encode(tree.root()),
            previous: None,
            tables: Vec::new(),
        };
        let added = Added::default();
        let key_table: Vec<Table> = all.iter().filter(|table| table.name == KEY_TABLE).cloned().collect();
        let sets = [(Set::Keys, key_table), (Set::Data, tables::of_data(all))];
        let mut lists = Vec::new();
        for (set, tables) in &sets {
            let before = self.before(*set);
            let mut list = List { previous: before.map(|(_, digest)| digest.clone()), ..empty.clone() };
            for table in tables {
                list.tables.push(self.table(tx, *set, table, &added)?);
            }
            lists.push((*set, list));
        }
        // Nothing is listed that is not there for good.
        self.depot.settle()?;
        // A list of data that is there has its keys beside it.
        let mut digest = String::new();
        for (set, list) in &lists {
            let (file, its) = list.write(*set, &self.keys)?;
            self.depot.put(&list.file_name(*set)?, &file)?;
            self.depot.settle()?;
            added.bytes.set(added.bytes.get() + file.len() as u64);
            digest = its;
        }
        Ok(Taken {
            number: self.number,
            taken_at,
            digest,
            rows: lists.iter().map(|(_, list)| list.rows()).sum(),
            chunks: lists.iter().map(|(_, list)| list.chunks().count()).sum(),
            new_chunks: added.chunks.get(),
            bytes_added: added.bytes.get(),
        })
    }

    fn before(&self, set: Set) -> Option<&(List, String)> {
        match set {
            Set::Data => self.before[0].as_ref(),
            Set::Keys => self.before[1].as_ref(),
        }
    }

    /// How long something is that lay there already.
    fn size(&self, set: Set, name: &DepotName) -> Option<u64> {
        let [data, keys] = &self.there;
        match set {
            Set::Data => data.get(name).copied(),
            Set::Keys => keys.get(name).copied(),
        }
    }

    fn table(
        &self,
        tx: &mut Tx<'_>,
        set: Set,
        table: &Table,
        added: &Added,
    ) -> Result<TablePart, BackupError> {
        let grows = set == Set::Data && GROWING.contains(&table.name.as_str());
        let before = self.before(set).map(|(list, _)| list);
        let known: BTreeMap<&str, u64> = before
            .iter()
            .flat_map(|list| list.chunks())
            .map(|chunk| (chunk.name.as_str(), chunk.bytes))
            .collect();
        let mut part = TablePart {
            name: table.name.clone(),
            columns: table.columns.clone(),
            rows: 0,
            chunks: Vec::new(),
        };
        let mut after = None;
        if let (true, true, Some(list)) = (grows, self.continues, before) {
            for (chunk, last) in self.settled(table, list)? {
                part.chunks.push(chunk);
                after = Some(last);
            }
        }
        tables::dump(tx, table, after.as_deref(), |chunk| {
            self.done.fetch_add(i64::from(chunk.rows), Ordering::Relaxed);
            part.chunks.push(self.keep(set, table, &chunk, grows, &known, added)?);
            Ok::<_, BackupError>(())
        })?;
        part.rows = part.chunks.iter().map(|chunk| u64::from(chunk.rows)).sum();
        Ok(part)
    }

    /// Chunks at the beginning of a growing table that are in this backup as they were in the
    /// one before, each with its last key.
    fn settled(&self, table: &Table, before: &List) -> Result<Vec<(ChunkPart, Vec<u8>)>, BackupError> {
        let same = |part: &&TablePart| part.name == table.name && part.columns == table.columns;
        let Some(part) = before.tables.iter().find(same) else { return Ok(Vec::new()) };
        if before.kek != self.keys.kek().to_string() {
            return Ok(Vec::new());
        }
        let settled_at = before.taken_at().minus(SETTLED_AFTER);
        let mut settled = Vec::new();
        let mut whole = 0;
        for chunk in &part.chunks {
            let last = chunk.last.as_ref().and_then(|last| BASE64.decode(last).ok()).unwrap_or_default();
            if tables::made_at(&last).is_none_or(|at| at >= settled_at) {
                break;
            }
            let Ok(name) = chunk.name.parse() else { break };
            // One that was lost or cut is put there again.
            if self.size(Set::Data, &chunk_file(Set::Data, &name)?) != Some(chunk.bytes) {
                break;
            }
            let border = tables::is_border(&last);
            settled.push((chunk.clone(), last));
            if border {
                whole = settled.len();
            }
        }
        settled.truncate(whole);
        Ok(settled)
    }

    /// Has a chunk in the depot, whole, under its name.
    fn keep(
        &self,
        set: Set,
        table: &Table,
        chunk: &Chunk,
        grows: bool,
        known: &BTreeMap<&str, u64>,
        added: &Added,
    ) -> Result<ChunkPart, BackupError> {
        let place = ChunkPlace { set: &self.installation, table: &table.name };
        let name = self.keys.name(place, &chunk.bytes);
        let file = chunk_file(set, &name)?;
        let part = |bytes| ChunkPart {
            name: name.to_string(),
            rows: chunk.rows,
            bytes,
            last: grows.then(|| BASE64.encode(&chunk.last)),
        };
        let lies_there = self.size(set, &file);
        if let Some(size) = lies_there {
            let whole = known.get(name.to_string().as_str()) == Some(&size)
                || self
                    .depot
                    .get(&file, MAX_SEALED_BYTES)
                    .is_ok_and(|bytes| self.keys.open(place, name, &bytes).is_ok());
            if whole {
                return Ok(part(size));
            }
            tracing::error!(chunk = %name, "a chunk of the backups was damaged; it is put there anew");
        }
        let content = miniz_oxide::deflate::compress_to_vec(&chunk.bytes, COMPRESSION);
        let sealed = self.keys.seal(place, name, &content, &*self.entropy).map_err(|error| {
            BackupError::Chunk { table: table.name.clone(), name: name.to_string(), error }
        })?;
        match lies_there {
            None => self.depot.put(&file, &sealed)?,
            Some(_) => self.depot.replace(&file, &sealed)?,
        }
        let bytes = sealed.len() as u64;
        added.chunks.set(added.chunks.get() + 1);
        added.bytes.set(added.bytes.get() + bytes);
        Ok(part(bytes))
    }
}
