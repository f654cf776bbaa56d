//! Filling an empty database from a backup, and proving that it is what it was.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Actor, AuditId, Clock, Entropy, OrganizationId, Timestamp, TypedId as _};
use store::backup::{self as tables, KEY_TABLE, Table};
use store::{Db, Location, Store, StoreError, Tx, Val, leaving};
use vault::backup::{ChunkPlace, from_hex};
use vault::{BackupKeys, Keyring, SubKey};

use super::depot::Depot;
use super::error::BackupError;
use super::list::{ChunkPart, List, Set, TablePart, fetch, listed};
use super::prove::{self, Check};
use super::take::{MAX_SEALED_BYTES, chunk_file};

/// Longest content of a chunk once it is unpacked, in bytes: 64 MiB.
const MAX_CONTENT_BYTES: usize = 64 << 20;
/// Where the erasure ledger lies.
pub(super) const ERASURES: &str = "erasures";
/// First line of an entry in the erasure ledger.
pub(super) const ERASURE_TITLE: &str = "lojista/erasure";
/// The table of buyers, and its column of those who opposed.
pub(super) const BUYERS: &str = "buyer";
const OPPOSED: &str = "opposed_at";
/// What the ledger calls a person, and a tenant.
const SUBJECT: &str = "subject";
const ORGANIZATION: &str = "organization";
/// What a database says about the keys of its key file; older ones say nothing.
const KEK_TABLE: &str = "kek";
/// Longest entry of the erasure ledger, in bytes.
const MAX_ERASURE_BYTES: usize = 4_096;

/// Told how many rows of how many are back.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// A restore.
#[derive(Clone)]
pub struct Restore {
    /// Where the backups lie.
    pub depot: Arc<dyn Depot>,
    /// The key file.
    pub keyring: Arc<Keyring>,
    /// The newest backup up to this instant; `None` for the newest.
    pub at: Option<Timestamp>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Told of rows.
    pub progress: Progress,
}

impl std::fmt::Debug for Restore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Restore({:?}, {:?})", self.depot, self.at)
    }
}

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// The backup's list.
    pub list: List,
    /// The list's digest.
    pub digest: String,
    /// Everything that was looked at. All of it is good, unless a drill wanted to know.
    pub checks: Vec<Check>,
}

/// Who was erased, and when, by the owner's hash.
pub(super) type Erasures = BTreeMap<Vec<u8>, Timestamp>;

impl Restore {
    /// The list that is to be restored, and the newest list of keys.
    fn choose(&self, keys: &BackupKeys) -> Result<(List, String, List), BackupError> {
        let names = listed(&*self.depot, Set::Data)?;
        let chosen = names.iter().rfind(|listed| self.at.is_none_or(|at| listed.taken_at <= at));
        let Some(chosen) = chosen else {
            let when = self.at.map(|at| format!(" of {} or before", at.to_rfc3339())).unwrap_or_default();
            return Err(BackupError::NoBackup { place: self.depot.place(), when });
        };
        let (data, digest) = fetch(&*self.depot, Set::Data, &chosen.name, keys)?;
        // Always the newest keys: what was destroyed since stays destroyed.
        let newest = listed(&*self.depot, Set::Keys)?.pop().ok_or(BackupError::NoKeys(data.number))?;
        let (held, _) = fetch(&*self.depot, Set::Keys, &newest.name, keys)?;
        if held.number < data.number || held.installation != data.installation {
            return Err(BackupError::NoKeys(data.number));
        }
        Ok((data, digest, held))
    }

    fn erasures(&self, keys: &BackupKeys) -> Result<Erasures, BackupError> {
        let mut found = Erasures::new();
        for name in self.depot.list(ERASURES)? {
            let file = self.depot.get(&name, MAX_ERASURE_BYTES)?;
            let note = String::from_utf8(file).map_err(|_| BackupError::NotAList)?;
            let text = keys.verify(&note).map_err(BackupError::Forged)?;
            let mut lines = text.lines();
            let is_one = lines.next() == Some(ERASURE_TITLE);
            let entry = lines
                .next()
                .and_then(|line| line.split_once(' '))
                .and_then(|(hash, at)| Some((from_hex(hash)?, Timestamp::from_millis(at.parse().ok()?))));
            let (hash, at) = entry.filter(|_| is_one).ok_or(BackupError::ListMisplaced)?;
            let known = found.entry(hash).or_insert(at);
            *known = at.max(*known);
        }
        Ok(found)
    }

    /// Fills the database at `location`, which must be empty, and proves it. On PostgreSQL
    /// all of it is one transaction; a file is of no use until this has returned, so the
    /// caller gives a scratch one and moves it.
    pub async fn run(&self, location: &Location) -> Result<Restored, BackupError> {
        let restored = self.try_out(location).await?;
        match restored.checks.iter().find(|check| !check.good) {
            None => Ok(restored),
            Some(check) => Err(BackupError::NotWhole(format!("{}: {}", check.name, check.finding))),
        }
    }

    /// The same, and tells what is wrong instead of failing; on PostgreSQL nothing is kept
    /// then.
    pub(super) async fn try_out(&self, location: &Location) -> Result<Restored, BackupError> {
        let (chosen, its) = (self.clone(), BackupKeys::of(&self.keyring));
        let ((data, digest, held), keys) = tokio::task::spawn_blocking(move || {
            let found = chosen.choose(&its)?;
            Ok::<_, BackupError>((found, its))
        })
        .await
        .map_err(|_| StoreError::Panicked)??;
        let up_to = data.schema.last().map_or(0, |(number, _)| *number);
        let known = store::db::newest_schema();
        if up_to > known {
            return Err(BackupError::NewerSchema { found: up_to, known });
        }
        // Said before anything is made; a chunk would say it, too.
        for list in [&data, &held] {
            if !list.kek.parse().is_ok_and(|kek| self.keyring.holds(kek)) {
                return Err(BackupError::KeyLacking { number: list.number, kek: list.kek.clone() });
            }
        }
        let asked = self.clone();
        let (erasures, keys) = tokio::task::spawn_blocking(move || {
            let found = asked.erasures(&keys)?;
            Ok::<_, BackupError>((found, keys))
        })
        .await
        .map_err(|_| StoreError::Panicked)??;
        let place = location.clone();
        let opened = tokio::task::spawn_blocking(move || Store::open_to_load(&place, up_to)).await;
        let store = opened.map_err(|_| StoreError::Panicked)??;
        let loader = Arc::new(Loader {
            restore: self.clone(),
            keys,
            data,
            digest,
            held,
            erasures,
            gone: Mutex::default(),
        });
        let checks = loader.fill(store.installation(), location).await?;
        drop(store);
        if up_to < known && checks.iter().all(|check| check.good) {
            let place = location.clone();
            let opened = tokio::task::spawn_blocking(move || match place {
                Location::File(_) => Store::open_to_load(&place, i64::MAX).map(drop),
                Location::Server(_) => Store::open(&place).map(drop),
            });
            opened.await.map_err(|_| StoreError::Panicked)??;
        }
        Ok(Restored { list: loader.data.clone(), digest: loader.digest.clone(), checks })
    }
}

/// A restore under way.
struct Loader {
    restore: Restore,
    keys: BackupKeys,
    data: List,
    digest: String,
    held: List,
    erasures: Erasures,
    /// Rows that the erasures took, by table.
    gone: Mutex<BTreeMap<String, u64>>,
}

/// Chunks that one transaction loads into a file.
const CHUNKS_AT_ONCE: usize = 16;

impl Loader {
    async fn fill(self: &Arc<Self>, db: &Db, location: &Location) -> Result<Vec<Check>, BackupError> {
        let chunks: Vec<(usize, usize)> = self
            .data
            .tables
            .iter()
            .enumerate()
            .flat_map(|(table, part)| (0..part.chunks.len()).map(move |chunk| (table, chunk)))
            .collect();
        let loader = Arc::clone(self);
        if let Location::Server(_) = location {
            return in_one(db, move |tx| {
                let tables = loader.begin(tx)?;
                loader.load_chunks(tx, &tables, &chunks)?;
                loader.finish(tx, &tables)?;
                let checks = loader.prove(tx, &tables)?;
                match checks.iter().find(|check| !check.good) {
                    None => {
                        loader.tell(tx)?;
                        Ok(checks)
                    }
                    Some(check) => Err(BackupError::NotWhole(format!("{}: {}", check.name, check.finding))),
                }
            })
            .await;
        }
        let tables = Arc::new(in_one(db, move |tx| loader.begin(tx)).await?);
        for some in chunks.chunks(CHUNKS_AT_ONCE) {
            let (loader, tables, some) = (Arc::clone(self), Arc::clone(&tables), some.to_vec());
            in_one(db, move |tx| loader.load_chunks(tx, &tables, &some)).await?;
        }
        let (loader, its) = (Arc::clone(self), Arc::clone(&tables));
        in_one(db, move |tx| loader.finish(tx, &its)).await?;
        let loader = Arc::clone(self);
        in_one(db, move |tx| {
            let checks = loader.prove(tx, &tables)?;
            loader.tell(tx)?;
            Ok(checks)
        })
        .await
    }

    /// The log of what was restored says that it was.
    fn tell(&self, tx: &mut Tx<'_>) -> Result<(), BackupError> {
        let place = self.restore.depot.place();
        tables::end_restored(tx, &place, self.data.number, self.data.taken_at(), &self.digest)?;
        if tables::tables(tx)?.iter().any(|table| table.name == KEK_TABLE) {
            store::rotation::adopt_restored(tx, &self.restore.keyring.kek_ids(), self.data.taken_at())?;
        }
        let at = self.restore.clock.now();
        let details =
            serde_json::json!({"taken_at": self.data.taken_at().to_rfc3339(), "program": self.data.program});
        store::audit::record(
            tx,
            &store::audit::Event {
                id: AuditId::new(at, &*self.restore.entropy),
                organization: None,
                at,
                phase: "done".to_owned(),
                actor: Actor::system("restore").to_string(),
                action: "backup.restored".to_owned(),
                subject_kind: "backup".to_owned(),
                subject_id: self.data.number.to_string(),
                details: details.to_string(),
                seq: None,
            },
        )?;
        Ok(())
    }

    /// The tables to fill, which are those of the list, and empty.
    fn begin(&self, tx: &mut Tx<'_>) -> Result<Vec<Table>, BackupError> {
        if tables::history(tx)? != self.data.schema {
            return Err(BackupError::OtherSchema);
        }
        let all = tables::tables(tx)?;
        let fits = |table: &Table, part: &TablePart| {
            let mut columns = part.columns.clone();
            let mut ours = table.columns.clone();
            columns.sort();
            ours.sort();
            columns == ours
        };
        let expected = tables::of_data(all.clone());
        let same = expected.len() == self.data.tables.len()
            && self
                .data
                .tables
                .iter()
                .all(|part| expected.iter().any(|table| table.name == part.name && fits(table, part)));
        let keys_fit = self.held.tables.len() == 1
            && self.held.tables.iter().all(|part| {
                part.name == KEY_TABLE && all.iter().any(|table| table.name == KEY_TABLE && fits(table, part))
            });
        if !same || !keys_fit {
            return Err(BackupError::OtherSchema);
        }
        // A migration may bring rows of its own.
        tables::clear(tx, &all)?;
        Ok(all)
    }

    fn load_chunks(
        &self,
        tx: &mut Tx<'_>,
        tables: &[Table],
        chunks: &[(usize, usize)],
    ) -> Result<(), BackupError> {
        let total = self.data.rows();
        for (table, chunk) in chunks {
            let part = &self.data.tables[*table];
            let table = tables.iter().find(|it| it.name == part.name).ok_or(BackupError::OtherSchema)?;
            let bytes = self.content(Set::Data, part, &part.chunks[*chunk])?;
            let values = tables::values(&bytes, part.columns.len())?;
            let rows = tables::load(tx, table, &part.columns, &values)?;
            if rows != u64::from(part.chunks[*chunk].rows) {
                return Err(BackupError::Rows(part.name.clone()));
            }
            let before: u64 =
                self.data.tables.iter().take_while(|it| it.name != part.name).map(|it| it.rows).sum();
            let here: u64 = part.chunks[..=*chunk].iter().map(|it| u64::from(it.rows)).sum();
            (self.restore.progress)(before + here, total);
        }
        Ok(())
    }

    /// The rows of a chunk, if it is the one that was put there.
    fn content(&self, set: Set, part: &TablePart, chunk: &ChunkPart) -> Result<Vec<u8>, BackupError> {
        let name = chunk.name.parse().map_err(|_| BackupError::Broken(chunk.name.clone()))?;
        let sealed = self.restore.depot.get(&chunk_file(set, &name)?, MAX_SEALED_BYTES)?;
        let place = ChunkPlace { set: &self.data.installation, table: &part.name };
        let content = self.keys.open(place, name, &sealed).map_err(|error| BackupError::Chunk {
            table: part.name.clone(),
            name: chunk.name.clone(),
            error,
        })?;
        miniz_oxide::inflate::decompress_to_vec_with_limit(&content, MAX_CONTENT_BYTES)
            .map_err(|_| BackupError::Rows(part.name.clone()))
    }

    /// Puts the keys back that may come back, and lets the engine count on.
    fn finish(&self, tx: &mut Tx<'_>, tables: &[Table]) -> Result<(), BackupError> {
        let organizations = tables::organizations(tx)?;
        for (part, table) in self.held.tables.iter().flat_map(|part| {
            tables.iter().filter(|table| table.name == part.name).map(move |table| (part, table))
        }) {
            let whose = part.columns.iter().position(|name| name == "organization_id");
            let whose = whose.ok_or(BackupError::OtherSchema)?;
            for chunk in &part.chunks {
                let bytes = self.content(Set::Keys, part, chunk)?;
                let values = tables::values(&bytes, part.columns.len())?;
                // Newer than the data, they may be of an organization that it lacks.
                let ours: Vec<Val<'_>> = values
                    .chunks(part.columns.len())
                    .filter(|row| match row[whose] {
                        Val::Bytes(id) => <[u8; 16]>::try_from(id)
                            .is_ok_and(|id| organizations.contains(&OrganizationId::from_bytes(id))),
                        Val::Id(_) | Val::Null | Val::Int(_) | Val::Text(_) => false,
                    })
                    .flatten()
                    .copied()
                    .collect();
                if !ours.is_empty() {
                    tables::load(tx, table, &part.columns, &ours)?;
                }
            }
        }
        for (hash, at) in &self.erasures {
            tables::keep_erasure(tx, hash, *at)?;
        }
        let erased: Erasures = tables::erasures(tx, Timestamp::EPOCH)?.into_iter().collect();
        for key in tables::keys(tx)? {
            if is_erased(&self.restore.keyring, &erased, &key) {
                tables::destroy_key(tx, key.id)?;
            }
        }
        self.erase_buyers(tx, tables, &erased)?;
        self.erase_organizations(tx, tables, &erased)?;
        for table in tables {
            tables::count_on(tx, table)?;
        }
        Ok(())
    }

    /// Destroys again what found buyers who were erased since.
    fn erase_buyers(&self, tx: &mut Tx<'_>, tables: &[Table], erased: &Erasures) -> Result<(), BackupError> {
        let Some(table) = tables.iter().find(|table| table.name == BUYERS) else { return Ok(()) };
        let opposes = table.columns.iter().any(|column| column == OPPOSED);
        for (id, since) in tables::buyers(tx)? {
            if let Some(at) = buyer_erased_at(&self.restore.keyring, erased, id, since) {
                let (terms, buyers) = tables::erase_buyer(tx, id, at, opposes)?;
                self.note_gone([("buyer_term".to_owned(), terms), (BUYERS.to_owned(), buyers)]);
            }
        }
        Ok(())
    }

    /// Destroys again whatever is of organizations that left since.
    fn erase_organizations(
        &self,
        tx: &mut Tx<'_>,
        tables: &[Table],
        erased: &Erasures,
    ) -> Result<(), BackupError> {
        for organization in left_since(tx, &self.restore.keyring, erased)? {
            self.note_gone(leaving::delete_all(tx, tables, organization)?);
        }
        Ok(())
    }

    fn note_gone(&self, rows: impl IntoIterator<Item = (String, u64)>) {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        for (table, rows) in rows {
            *gone.entry(table).or_default() += rows;
        }
    }

    fn prove(&self, tx: &mut Tx<'_>, tables: &[Table]) -> Result<Vec<Check>, BackupError> {
        let proof = prove::Proof {
            list: &self.data,
            keyring: &self.restore.keyring,
            clock: &*self.restore.clock,
            tables,
            keys_are_newer: self.held.number > self.data.number,
            gone: self.gone.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        Ok(proof.run(tx)?)
    }
}

/// Whether a key is one whose owner was erased after it was made.
pub(super) fn is_erased(keyring: &Keyring, erased: &Erasures, key: &tables::KeptKey) -> bool {
    let hash = owner_hash(keyring, &key.owner_kind, key.owner);
    erased.get(hash.as_slice()).is_some_and(|at| key.created_at <= *at)
}

/// When what found a buyer was destroyed, if that was after it was kept.
pub(super) fn buyer_erased_at(
    keyring: &Keyring,
    erased: &Erasures,
    id: [u8; 16],
    since: Timestamp,
) -> Option<Timestamp> {
    let hash = owner_hash(keyring, SUBJECT, id);
    erased.get(hash.as_slice()).copied().filter(|at| since <= *at)
}

/// Organizations that are there and were destroyed after they were made.
pub(super) fn left_since(
    tx: &mut Tx<'_>,
    keyring: &Keyring,
    erased: &Erasures,
) -> Result<Vec<OrganizationId>, StoreError> {
    let mut left = Vec::new();
    for id in tables::organizations(tx)? {
        let hash = owner_hash(keyring, ORGANIZATION, id.to_bytes());
        let Some(at) = erased.get(hash.as_slice()) else { continue };
        if leaving::made_at(tx, id)?.is_some_and(|made| made <= *at) {
            left.push(id);
        }
    }
    Ok(left)
}

/// Names an owner in the erasure ledger without keeping who it was.
pub(super) fn owner_hash(keyring: &Keyring, kind: &str, owner: [u8; 16]) -> [u8; 32] {
    keyring.derived(SubKey::ErasureLedger).sign(&[kind.as_bytes(), b":", &owner].concat())
}

/// Runs `work` in one writing transaction, undone when it fails for whatever reason.
async fn in_one<T: Send + 'static>(
    db: &Db,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let why = Arc::new(Mutex::new(None));
    let told = Arc::clone(&why);
    let done = db
        .write(move |tx| {
            work(tx).map_err(|error| {
                if let BackupError::Store(error) = error {
                    return error;
                }
                let words = error.to_string();
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                StoreError::Driver(words)
            })
        })
        .await;
    let why = why.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (done, why) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(why)) => Err(why),
        (Err(error), None) => Err(error.into()),
    }
}
