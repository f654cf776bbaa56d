//! SQLite and the disk: durability, locks of other programs, and no space left.

use domain::Verdict;
use store::{Location, StoreError, StoreResult, Tx, params};
use tokio::task::JoinSet;

use crate::kit::{House, on_sqlite};

fn pragma(tx: &mut Tx<'_>, text: &str) -> StoreResult<i64> {
    tx.row(text, &[], |row| row.get(0)).map(Option::unwrap)
}

fn put(tx: &mut Tx<'_>, name: &str, bytes: usize) -> StoreResult<()> {
    let value = "x".repeat(bytes);
    tx.execute_exactly(1, "INSERT INTO setting (name, value) VALUES ($1, $2)", params![name, &value])
}

async fn leave_pages(house: &House, spare: i64) {
    house
        .write(move |tx| {
            let used = pragma(tx, "PRAGMA page_count")?;
            pragma(tx, &format!("PRAGMA max_page_count = {}", used + spare))
        })
        .await;
}

#[test]
fn a_commit_waits_for_the_disk() {
    on_sqlite(async |house: House| {
        const FULL: i64 = 2;
        assert_eq!(house.write(|tx| pragma(tx, "PRAGMA synchronous")).await, FULL);
        let mode = house.read(|tx| tx.row("PRAGMA journal_mode", &[], |row| row.get::<String>(0))).await;
        assert_eq!(mode.as_deref(), Some("wal"));
    });
}

#[test]
fn a_full_disk_is_named_saves_nothing_and_passes() {
    on_sqlite(async |house: House| {
        house.write(|tx| put(tx, "before", 10)).await;
        leave_pages(&house, 8).await;
        let full = house.try_write(|tx| {
            put(tx, "half", 10)?;
            put(tx, "too much", 1_000_000)
        });
        assert!(!house.store.installation().is_full());
        assert_eq!(full.await, Err(StoreError::DiskFull));
        assert!(house.store.installation().is_full());
        assert_eq!(StoreError::DiskFull.verdict(), Verdict::RETRY);
        assert_eq!(house.count("SELECT COUNT(*) FROM setting").await, 1);

        leave_pages(&house, 1_000_000).await;
        house.write(|tx| put(tx, "after", 1_000_000)).await;
        assert_eq!(house.count("SELECT COUNT(*) FROM setting").await, 2);
        assert!(house.store.installation().is_full(), "whoever wrote it says what it proves");
        house.store.installation().found_room();
        assert!(!house.store.installation().is_full());
    });
}

#[test]
fn on_a_full_disk_exactly_what_was_answered_with_success_is_kept() {
    on_sqlite(async |house: House| {
        leave_pages(&house, 8).await;
        let gate = house.shut_gate();
        let mut writes = JoinSet::new();
        for index in 0..30 {
            let db = house.store.installation().clone();
            let bytes = if index % 10 == 5 { 1_000_000 } else { 10 };
            writes.spawn(async move {
                let name = format!("{index:02}");
                let kept = db
                    .write({
                        let name = name.clone();
                        move |tx| put(tx, &name, bytes)
                    })
                    .await;
                (name, kept)
            });
        }
        gate.open();
        let (mut kept, mut refused) = (Vec::new(), Vec::new());
        while let Some(done) = writes.join_next().await {
            match done.unwrap() {
                (name, Ok(())) => kept.push(name),
                (_, Err(error)) => refused.push(error),
            }
        }
        kept.sort();
        assert!(refused.len() >= 3, "three did not fit");
        assert!(refused.iter().all(|error| *error == StoreError::DiskFull), "{refused:?}");
        let found = house
            .read(|tx| tx.rows("SELECT name FROM setting ORDER BY name", &[], |row| row.get::<String>(0)))
            .await;
        assert_eq!(found, kept);
    });
}

#[test]
fn a_lock_of_another_program_is_named_and_passes() {
    on_sqlite(async |house: House| {
        let Location::File(path) = house.location.clone() else { panic!("SQLite is a file") };
        house.write(|tx| pragma(tx, "PRAGMA busy_timeout = 20")).await;
        let other = rusqlite::Connection::open(path).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert_eq!(house.try_write(|tx| put(tx, "x", 1)).await, Err(StoreError::Locked));
        assert_eq!(StoreError::Locked.verdict(), Verdict::RETRY);
        assert_eq!(house.count("SELECT COUNT(*) FROM setting").await, 0, "reading goes on");
        other.execute_batch("ROLLBACK").unwrap();
        house.write(|tx| put(tx, "x", 1)).await;
    });
}

#[test]
fn what_was_answered_is_there_after_the_process_lost_everything_else() {
    on_sqlite(async |house: House| {
        let Location::File(path) = house.location.clone() else { panic!("SQLite is a file") };
        house.write(|tx| put(tx, "acknowledged", 10)).await;
        // The files as a crash at this instant would leave them: no checkpoint, no close.
        let after = tempfile::tempdir().unwrap();
        for end in ["", "-wal"] {
            let name = format!("lojista.db{end}");
            std::fs::copy(path.with_file_name(&name), after.path().join(&name)).unwrap();
        }
        let store = store::Store::open(&Location::File(after.path().join("lojista.db"))).unwrap();
        let found = store.installation().read(|tx| store::settings::get(tx, "acknowledged")).await.unwrap();
        assert_eq!(found.as_deref(), Some("xxxxxxxxxx"));
    });
}
