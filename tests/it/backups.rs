//! What was in the house comes back, whole or not at all, on either database; what was
//! erased does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use app::backup::depot::{Depot, DepotError, DepotName, Folder, Held};
use app::backup::{BackupError, DrillReport, Plan, Restore, Restored};
use domain::id::uuid_v7;
use domain::{Actor, Timestamp};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use store::backup::{self as tables, Run, RunKind, RunState};
use store::{Location, Store, Tx, Val};
use tempfile::TempDir;
use tests::TestApp;
use tests::database::{file_in, folder, one_more_schema};
use vault::Keyring;

const SHARED: &str = "CAN-INOX-500";
/// What changes by the backup itself.
const ITS_OWN: [&str; 4] = ["backup_run", "audit_tree", "audit_checkpoint", "counter"];

pub(crate) async fn a_days_work(shop: &TestApp) {
    shop.connect_classic().await;
    for units in [1, 2, 1] {
        shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], units);
    }
    shop.run_until_idle().await;
}

/// A folder with backups of a shop.
pub(crate) struct Vaulted {
    folder: TempDir,
}

impl Vaulted {
    pub(crate) fn of(shop: &TestApp) -> Self {
        let vaulted = Self { folder: folder() };
        vaulted.plan(shop, vaulted.depot());
        vaulted
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    fn depot(&self) -> Arc<dyn Depot> {
        Arc::new(Folder::at(self.path()))
    }

    fn plan(&self, shop: &TestApp, depot: Arc<dyn Depot>) {
        let scratch = self.folder.path().join("scratch");
        let every = Duration::from_hours(1);
        shop.app().plan_backups(Plan { depot, every, keep_days: 30, scratch });
    }

    /// Files below one part of it.
    fn files(&self, first: &str) -> Vec<PathBuf> {
        let names = self.depot().list(first).expect("the depot can be listed");
        names.iter().map(|name| self.path().join(name.as_str())).collect()
    }

    pub(crate) fn restore(&self, shop: &TestApp) -> Restore {
        Restore {
            depot: self.depot(),
            keyring: keys_of(shop),
            at: None,
            clock: Arc::new(domain::ManualClock::at(shop.now())),
            entropy: Arc::new(vault::OsEntropy),
            progress: Arc::new(|_, _| {}),
        }
    }
}

pub(crate) fn keys_of(shop: &TestApp) -> Arc<Keyring> {
    shop.app().shared_keyring()
}

pub(crate) async fn run(shop: &TestApp, kind: RunKind) -> Run {
    let asked = shop.app().ask_for_backup(kind, &Actor::system("test")).await.expect("it can be asked for");
    assert!(asked, "nothing else waits");
    shop.app().do_waiting_run().await.expect("it ends").expect("it was done")
}

pub(crate) async fn backed_up(shop: &TestApp) -> Run {
    let run = run(shop, RunKind::Backup).await;
    assert_eq!((run.state, run.error.as_deref()), (RunState::Good, None));
    shop.wait(Duration::from_secs(1));
    run
}

pub(crate) async fn drilled(shop: &TestApp) -> (Run, DrillReport) {
    let run = run(shop, RunKind::Drill).await;
    let report = run.report.as_deref().unwrap_or_else(|| panic!("no report: {:?}", run.error));
    let report = serde_json::from_str(report).expect("the report reads back");
    (run, report)
}

/// Every row of every table that backups hold, and the keys.
fn everything(tx: &mut Tx<'_>) -> store::StoreResult<BTreeMap<String, Vec<Vec<u8>>>> {
    let all = tables::tables(tx)?;
    let keys = all.iter().filter(|table| table.name == tables::KEY_TABLE).cloned();
    let mut found = BTreeMap::new();
    for table in keys.collect::<Vec<_>>().into_iter().chain(tables::of_data(all)) {
        let mut rows = Vec::new();
        tables::dump(tx, &table, None, |chunk| {
            let values = tables::values(&chunk.bytes, table.columns.len())?;
            rows.extend(values.chunks(table.columns.len()).map(|row| format!("{row:?}").into_bytes()));
            Ok::<_, store::StoreError>(())
        })?;
        found.insert(table.name, rows);
    }
    Ok(found)
}

async fn rows_at(location: &Location) -> BTreeMap<String, Vec<Vec<u8>>> {
    let place = location.clone();
    let store = tokio::task::spawn_blocking(move || Store::open(&place)).await.expect("it ends");
    let store = store.expect("the restored database opens");
    store.installation().read(everything).await.expect("it can be read")
}

pub(crate) async fn assert_same(shop: &TestApp, location: &Location) {
    let (there, back) = (shop.read(everything).await, rows_at(location).await);
    assert_eq!(there.keys().collect::<Vec<_>>(), back.keys().collect::<Vec<_>>());
    assert!(back["orders"].len() > 1 && back["order_line"].len() > 1 && back["audit_event"].len() > 10);
    for (table, rows) in &back {
        if table == "audit_event" {
            let new: Vec<_> = rows.iter().filter(|row| !there[table].contains(row)).collect();
            assert_eq!(new.len(), 1, "all but what tells of the restore is as it was");
            assert!(String::from_utf8_lossy(new[0]).contains("backup.restored"));
            assert!(there[table].len() < rows.len() + 10, "all but the newest are there");
        } else if !ITS_OWN.contains(&table.as_str()) {
            assert!(rows == &there[table], "{table} came back otherwise");
        }
    }
}

pub(crate) async fn restored_to_a_file(
    restore: &Restore,
) -> (TempDir, Location, Result<Restored, BackupError>) {
    let folder = folder();
    let place = file_in(&folder);
    let restored = restore.run(&place).await;
    (folder, place, restored)
}

pub(crate) async fn refusal(restore: &Restore) -> BackupError {
    restored_to_a_file(restore).await.2.expect_err("this is not restored")
}

fn change(path: &Path, how: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    how(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Dies after so many puts or gets.
#[derive(Debug)]
struct Dying {
    inner: Folder,
    puts: AtomicI64,
    gets: AtomicI64,
    full: bool,
}

impl Dying {
    fn at(path: PathBuf, puts: i64, gets: i64, full: bool) -> Arc<Self> {
        Arc::new(Self { inner: Folder::at(path), puts: puts.into(), gets: gets.into(), full })
    }

    fn step(&self, left: &AtomicI64) -> Result<(), DepotError> {
        if left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        let error = std::io::Error::other("the power failed");
        Err(if self.full {
            DepotError::Full
        } else {
            DepotError::Io { doing: "cannot", what: "go on".into(), error }
        })
    }
}

impl Depot for Dying {
    fn put(&self, name: &DepotName, bytes: &[u8]) -> Result<(), DepotError> {
        self.step(&self.puts)?;
        self.inner.put(name, bytes)
    }
    fn get(&self, name: &DepotName, limit: usize) -> Result<Vec<u8>, DepotError> {
        self.step(&self.gets)?;
        self.inner.get(name, limit)
    }
    fn replace(&self, name: &DepotName, bytes: &[u8]) -> Result<(), DepotError> {
        self.step(&self.puts)?;
        self.inner.replace(name, bytes)
    }
    fn settle(&self) -> Result<(), DepotError> {
        self.inner.settle()
    }
    fn held(&self, first: &str) -> Result<Held, DepotError> {
        self.inner.held(first)
    }
    fn remove(&self, name: &DepotName) -> Result<(), DepotError> {
        self.inner.remove(name)
    }
    fn tidy(&self) -> Result<(), DepotError> {
        self.inner.tidy()
    }
    fn place(&self) -> String {
        self.inner.place()
    }
}

/// Many rows of a table that changes, and of one that only grows.
async fn many_rows(shop: &TestApp) {
    let (now, organization) = (shop.now(), shop.organization);
    let order =
        shop.read(|tx| tx.row("SELECT id FROM orders LIMIT 1", &[], |row| row.get::<domain::OrderId>(0)));
    let order = order.await.expect("there is an order");
    let db = shop.app().store().installation().clone();
    db.write(move |tx| {
        // Enough that one chunk, wherever its random borders fall, is a small part.
        for number in 0..15_000_i64 {
            let id = uuid_v7(now, &vault::OsEntropy);
            tx.execute(
                "INSERT INTO timeline (id, organization_id, order_id, at, kind, detail) VALUES ($1, $2, $3, $4, 'seen', 'x')",
                &[Val::Id(id), organization.into(), order.into(), now.into()],
            )?;
            let label = format!("label {number:05}");
            tx.execute(
                "INSERT INTO counter (name, label, value, updated_at) VALUES ('many', $1, $2, 0)",
                &[(&label).into(), number.into()],
            )?;
        }
        Ok(())
    })
    .await
    .expect("the rows are kept");
}

on_both! {
    async fn everything_comes_back_row_for_row_on_either_database(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        backed_up(&shop).await;
        let restore = vaulted.restore(&shop);
        let (_folder, place, restored) = restored_to_a_file(&restore).await;
        let restored = restored.expect("a file is filled");
        let names: Vec<&str> = restored.checks.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["integrity", "references", "rows", "audit", "opens", "erasures"]);
        let opened = restored.checks.iter().find(|check| check.name == "opens").unwrap();
        assert!(opened.count >= 4, "two keys, a token and an address at least: {opened:?}");
        assert_same(&shop, &place).await;

        let Some(schema) = one_more_schema() else { return };
        restore.run(&schema.location()).await.expect("a schema is filled");
        assert_same(&shop, &schema.location()).await;
        // Numbers that the engine counts go on behind those that came back.
        let place = schema.location();
        let store = tokio::task::spawn_blocking(move || Store::open(&place)).await.unwrap().unwrap();
        let db = store.installation();
        db.write(|tx| {
            tx.execute("INSERT INTO hook_batch (hooks, hook_count, received_at) VALUES ('[]', 0, 0)", &[])
        })
        .await
        .expect("a hook finds its number");
        let Location::Server(url) = schema.location() else { unreachable!("a schema is on a server") };
        let empty = tokio::task::spawn_blocking(move || store::db::is_empty(&url)).await.unwrap().unwrap();
        assert!(!empty, "no second restore goes there");
    }

    async fn a_backup_adds_only_what_changed_and_takes_over_what_is_settled(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        many_rows(&shop).await;
        let first = backed_up(&shop).await.bytes_added.unwrap();
        let second = backed_up(&shop).await.bytes_added.unwrap();
        assert!(second * 4 < first, "{second} bytes after {first}");

        shop.wait(Duration::from_hours(3));
        backed_up(&shop).await;
        let db = shop.app().store().installation().clone();
        let touched = db
            .write(|tx| {
                let some = "SELECT id FROM timeline WHERE kind = 'seen' ORDER BY id LIMIT 1";
                tx.execute(&format!("DELETE FROM timeline WHERE id = ({some})"), &[])?;
                tx.execute("UPDATE counter SET value = -1 WHERE label = 'label 03000'", &[])
            })
            .await;
        assert_eq!(touched, Ok(1));
        let fourth = backed_up(&shop).await;
        assert!(fourth.bytes_added.unwrap() * 4 < first, "{fourth:?} after {first}");
        let (_folder, place, restored) = restored_to_a_file(&vaulted.restore(&shop)).await;
        restored.expect("it is whole");
        let back = rows_at(&place).await;
        let there = shop.read(everything).await;
        // Rows of a log are never deleted. This one was, unseen: nobody looked there again.
        assert_eq!(back["timeline"].len(), there["timeline"].len() + 1);
        assert_eq!(back["counter"].iter().filter(|row| row.ends_with(b"Int(-1), Int(0)]")).count(), 1);
    }

    async fn who_was_erased_stays_erased_in_older_backups_too(shop) {
        let vaulted = Vaulted::of(&shop);
        let connection = shop.connect_classic().await;
        shop.run_until_idle().await;
        let before = backed_up(&shop).await;
        let newest_before = vaulted.files("key-lists");
        shop.app().disconnect(shop.organization, shop.member, connection).await.expect("it is left");
        shop.run_until_idle().await;
        shop.wait(Duration::from_secs(1));
        backed_up(&shop).await;

        let keys = |rows: &BTreeMap<String, Vec<Vec<u8>>>| rows["data_key"].len();
        let older = Restore { at: before.taken_at, ..vaulted.restore(&shop) };
        for back_to_the_older_keys in [false, true] {
            if back_to_the_older_keys {
                for file in vaulted.files("key-lists") {
                    if !newest_before.contains(&file) {
                        fs::remove_file(file).unwrap();
                    }
                }
            }
            let (_folder, place, restored) = restored_to_a_file(&older).await;
            let restored = restored.expect("it is whole");
            assert_eq!(Some(restored.list.number), before.number);
            let back = rows_at(&place).await;
            assert_eq!(back["connection"].len(), 1, "the account is remembered");
            assert_eq!(keys(&back), 1, "its key is gone, the organization's is not");
        }
        // Without the ledger and with the older keys it would have come back.
        for file in vaulted.files("erasures") {
            fs::remove_file(file).unwrap();
        }
        let (_folder, place, restored) = restored_to_a_file(&older).await;
        restored.expect("it is whole");
        assert_eq!(keys(&rows_at(&place).await), 2);
    }

    async fn every_table_can_be_read_in_the_order_of_a_key(shop) {
        let all = shop.read(tables::tables).await;
        let without: Vec<&str> =
            all.iter().filter(|table| table.key.is_empty()).map(|table| table.name.as_str()).collect();
        assert_eq!(without, [""; 0], "give them a primary key: backups follow it");
        let left: Vec<String> = all.iter().map(|table| table.name.clone()).collect();
        let held: Vec<String> = tables::of_data(all).into_iter().map(|table| table.name).collect();
        let out: Vec<&String> = left.iter().filter(|name| !held.contains(name)).collect();
        // Whoever adds one that must not come back (a session, a one-time secret) adds it here.
        let mut out: Vec<&str> = out.into_iter().map(String::as_str).collect();
        out.sort_unstable();
        let expected = [
            "authorization_attempt",
            "challenge",
            "data_key",
            "familiar_network",
            "key_holder",
            "key_rotation",
            "mail",
            "privacy_ticket",
            "provider_attempt",
            "recovery_link",
            "session",
            "setup_link",
        ];
        assert_eq!(out, expected);
    }

    async fn with_another_key_file_nothing_is_touched(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        backed_up(&shop).await;
        let other = Arc::new(Keyring::generate(&domain::SeededEntropy::new(99)));
        let restore = Restore { keyring: other, ..vaulted.restore(&shop) };
        let (folder, _, refused) = restored_to_a_file(&restore).await;
        let words = refused.expect_err("the wrong key file").to_string();
        assert!(words.contains("put back a copy of the key file"), "{words}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
    }

    async fn a_backup_that_was_tampered_with_is_refused_by_name(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        backed_up(&shop).await;
        let restore = vaulted.restore(&shop);
        let chunks = vaulted.files("chunks");
        assert!(chunks.len() > 10);

        for chunk in chunks.iter().step_by(3) {
            let whole = fs::read(chunk).unwrap();
            change(chunk, |bytes| bytes.truncate(bytes.len() / 2));
            let words = refusal(&restore).await.to_string();
            assert!(words.contains("it was cut"), "{words}");
            fs::remove_file(chunk).unwrap();
            assert!(matches!(refusal(&restore).await, BackupError::Depot(DepotError::Missing(_))));
            fs::write(chunk, whole).unwrap();
        }
        let (one, other) = (fs::read(&chunks[0]).unwrap(), fs::read(&chunks[1]).unwrap());
        fs::write(&chunks[0], &other).unwrap();
        fs::write(&chunks[1], &one).unwrap();
        let words = refusal(&restore).await.to_string();
        assert!(words.contains("another chunk"), "{words}");
        fs::write(&chunks[0], &one).unwrap();
        fs::write(&chunks[1], &other).unwrap();

        let list = vaulted.files("lists").pop().unwrap();
        let whole = fs::read(&list).unwrap();
        change(&list, |bytes| bytes.truncate(bytes.len() - 10));
        assert!(matches!(refusal(&restore).await, BackupError::ListCut));
        fs::write(&list, &whole).unwrap();
        change(&list, |bytes| bytes[300] ^= 1);
        refusal(&restore).await;
        fs::write(&list, &whole).unwrap();

        let newer = list.with_file_name(format!("000000000009-{:015}", shop.now().as_millis()));
        fs::rename(&list, &newer).unwrap();
        assert!(matches!(refusal(&restore).await, BackupError::ListMisplaced));
        fs::rename(&newer, &list).unwrap();
        fs::remove_file(vaulted.files("key-lists").pop().unwrap()).unwrap();
        assert!(matches!(refusal(&restore).await, BackupError::NoKeys(1)));
        fs::remove_file(&list).unwrap();
        assert!(matches!(refusal(&restore).await, BackupError::NoBackup { .. }));
    }

    async fn a_damaged_chunk_is_put_there_anew_by_the_next_backup(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        backed_up(&shop).await;
        for chunk in vaulted.files("chunks") {
            change(&chunk, |bytes| bytes.truncate(bytes.len() - 1));
        }
        refusal(&vaulted.restore(&shop)).await;
        backed_up(&shop).await;
        let (_folder, place, restored) = restored_to_a_file(&vaulted.restore(&shop)).await;
        restored.expect("it is whole again");
        assert_same(&shop, &place).await;
    }

    async fn a_backup_cut_off_anywhere_leaves_the_one_before(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        let mut deaths = 0;
        for (puts, begin_anew) in (0..).map(|puts| (puts, true)).take(30).chain((0..).map(|puts| (puts, false))) {
            shop.restart("node-1").await;
            if begin_anew {
                let _ = fs::remove_dir_all(vaulted.path());
            }
            vaulted.plan(&shop, Dying::at(vaulted.path(), puts, i64::MAX, puts % 2 == 0));
            let run = run(&shop, RunKind::Backup).await;
            if run.state == RunState::Good {
                break;
            }
            deaths += 1;
            let words = run.error.unwrap_or_default();
            assert!(words.contains("the power failed") || words.contains("is full"), "{words}");
            assert!(matches!(refusal(&vaulted.restore(&shop)).await, BackupError::NoBackup { .. }));
            shop.wait(Duration::from_millis(10));
        }
        assert!(deaths > 15, "{deaths} deaths");
        let (_folder, place, restored) = restored_to_a_file(&vaulted.restore(&shop)).await;
        restored.expect("the whole one is restored");
        assert_same(&shop, &place).await;
    }

    async fn a_restore_cut_off_anywhere_can_be_repeated(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        backed_up(&shop).await;
        let Some(schema) = one_more_schema() else { return };
        for gets in (0..).step_by(5) {
            let dying = Dying::at(vaulted.path(), i64::MAX, gets, false);
            let restore = Restore { depot: dying, ..vaulted.restore(&shop) };
            if restore.run(&schema.location()).await.is_ok() {
                break;
            }
            let Location::Server(url) = schema.location() else { unreachable!("a schema is on a server") };
            let empty = tokio::task::spawn_blocking(move || store::db::is_empty(&url)).await.unwrap().unwrap();
            assert!(empty, "after {gets} reads");
        }
        assert_same(&shop, &schema.location()).await;
    }

    async fn a_drill_restores_proves_and_tells(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        backed_up(&shop).await;
        shop.wait(Duration::from_secs(40));
        let (run, report) = drilled(&shop).await;
        assert_eq!((run.state, run.number), (RunState::Good, Some(1)), "{:?}", run.error);
        assert!(report.is_good());
        assert_eq!(report.recovery_point_ms, 41_000);
        assert!(report.rows > 20);
        assert_eq!(fs::read_dir(vaulted.folder.path().join("scratch")).unwrap().count(), 0, "nothing is left");
        let told = "SELECT COUNT(*) FROM audit_event WHERE action IN ('backup.taken', 'backup.drilled') AND phase = 'done'";
        assert_eq!(shop.number(told).await, 2);
    }

    async fn a_drill_notices_an_event_that_was_rewritten(shop) {
        let _vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        while shop.app().sequence_audit().await.unwrap() > 0 {}
        let db = shop.app().store().installation().clone();
        let forged = "UPDATE audit_event SET actor = 'member:nobody' WHERE seq = 3";
        assert_eq!(db.write(move |tx| tx.execute(forged, &[])).await, Ok(1));
        backed_up(&shop).await;
        let (run, report) = drilled(&shop).await;
        assert_eq!(run.state, RunState::Failed);
        assert!(!report.is_good());
        assert!(run.error.unwrap_or_default().contains("no longer says what was signed"));
    }

    async fn a_drill_notices_that_newer_backups_were_taken_away(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        backed_up(&shop).await;
        let first = vaulted.files("lists");
        backed_up(&shop).await;
        for file in vaulted.files("lists").iter().chain(&vaulted.files("key-lists")) {
            if file.file_name() > first[0].file_name() {
                fs::remove_file(file).unwrap();
            }
        }
        let run = run(&shop, RunKind::Drill).await;
        assert_eq!(run.state, RunState::Failed);
        let words = run.error.unwrap_or_default();
        assert!(words.contains("number 2 was taken"), "{words}");
    }

    async fn backups_of_another_installation_are_not_mixed_with_ours(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        backed_up(&shop).await;
        let db = shop.app().store().installation().clone();
        let other = "UPDATE setting SET value = '00112233445566778899aabbccddeeff' WHERE name = 'backup_set'";
        assert_eq!(db.write(move |tx| tx.execute(other, &[])).await, Ok(1));
        let run = run(&shop, RunKind::Backup).await;
        assert_eq!(run.state, RunState::Failed);
        assert!(run.error.unwrap_or_default().contains("another installation"));
        assert_eq!(vaulted.files("lists").len(), 1);
    }

    async fn one_run_at_a_time_whatever_the_number_of_nodes(shop) {
        let _vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        let app = shop.app();
        let by = Actor::system("test");
        assert!(app.ask_for_backup(RunKind::Backup, &by).await.unwrap());
        assert!(!app.ask_for_backup(RunKind::Backup, &by).await.unwrap(), "it is asked for already");
        let (now, until) = (shop.now(), shop.now().plus(Duration::from_mins(2)));
        let db = app.store().installation().clone();
        let theirs = db.write(move |tx| tables::take(tx, "node-2", now, until)).await.unwrap();
        assert!(theirs.is_some());
        assert!(app.ask_for_backup(RunKind::Drill, &by).await.unwrap());
        assert!(app.do_waiting_run().await.unwrap().is_none(), "the other node is at it");
        shop.wait(Duration::from_mins(3));
        let mine = app.do_waiting_run().await.unwrap().expect("the other node is gone");
        assert_eq!((mine.kind, mine.state), (RunKind::Drill, RunState::Failed));
        let id = theirs.unwrap().id;
        let cut = shop.read(move |tx| tables::find(tx, id)).await.unwrap();
        assert_eq!((cut.state, cut.error.as_deref()), (RunState::Failed, Some("cut off")));
    }

    async fn a_run_that_was_cut_off_does_not_hold_up_the_next_one(shop) {
        let _vaulted = Vaulted::of(&shop);
        let by = Actor::system("test");
        assert!(shop.app().ask_for_backup(RunKind::Backup, &by).await.unwrap());
        let (now, until) = (shop.now(), shop.now().plus(Duration::from_mins(2)));
        let db = shop.app().store().installation().clone();
        assert!(db.write(move |tx| tables::take(tx, "node-2", now, until)).await.unwrap().is_some());
        shop.wait(Duration::from_mins(3));
        let run = shop.app().backup_now(RunKind::Backup, &by).await.expect("nobody is at it any more");
        assert_eq!((run.state, run.number), (RunState::Good, Some(1)));
    }

    async fn the_clock_takes_backups_and_thins_them_out(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        for _ in 0..30 {
            let done = shop.app().look_after_backups().await.unwrap();
            assert_eq!(done.map(|run| run.state), Some(RunState::Good));
            // The first backup is followed by the first drill.
            shop.app().look_after_backups().await.unwrap();
            assert!(shop.app().look_after_backups().await.unwrap().is_none(), "nothing is due");
            shop.wait(Duration::from_mins(61));
        }
        let kept = vaulted.files("lists").len();
        assert!((24..=27).contains(&kept), "{kept} are kept");
        assert!(shop.number("SELECT COUNT(*) FROM audit_event WHERE action = 'backup.retired'").await > 0);
        let (_folder, place, restored) = restored_to_a_file(&vaulted.restore(&shop)).await;
        restored.expect("what is kept is whole");
        assert_same(&shop, &place).await;
        let oldest = vaulted.files("lists").remove(0);
        let taken = oldest.file_name().unwrap().to_str().unwrap().split('-').next_back().unwrap().parse().unwrap();
        let oldest = Restore { at: Some(Timestamp::from_millis(taken)), ..vaulted.restore(&shop) };
        restored_to_a_file(&oldest).await.2.expect("the oldest one is whole, too");
    }
}
