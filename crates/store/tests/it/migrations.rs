//! Opening: the schema, and files that are not ours.

use std::fs;

use store::db::catalogue;
use store::{Location, Store, StoreError, params};

use crate::kit::{House, folder, on_postgres, on_sqlite};

on_both! {
    async fn opening_a_second_time_changes_nothing(house: House) {
        let before = house.read(catalogue).await;
        let applied = house.count("SELECT COUNT(*) FROM schema_history").await;
        house.write(|tx| store::settings::get_or_set(tx, "door", "first")).await;
        let again = house.open_again().unwrap();
        assert_eq!(again.installation().read(catalogue).await.unwrap(), before);
        let door = again.installation().read(|tx| store::settings::get(tx, "door")).await.unwrap();
        assert_eq!(door.as_deref(), Some("first"));
        assert_eq!(house.count("SELECT COUNT(*) FROM schema_history").await, applied);
    }

    async fn a_database_of_a_newer_program_is_refused_and_left_alone(house: House) {
        house.write(|tx| tx.execute("INSERT INTO schema_history (number, fingerprint) VALUES ($1, $2)",
            params![999_i64, 0_i64])).await;
        let known = house.count("SELECT MAX(number) FROM schema_history WHERE number < 999").await;
        assert_eq!(house.open_again().err(), Some(StoreError::NewerSchema { found: 999, known }));
    }

    async fn a_migration_that_was_edited_is_noticed(house: House) {
        house.write(|tx| tx.execute("UPDATE schema_history SET fingerprint = fingerprint - 1", &[])).await;
        assert_eq!(house.open_again().err(), Some(StoreError::ChangedMigration { number: 1 }));
    }

    async fn programs_that_start_together_make_one_schema(house: House) {
        let openings: Vec<_> = (0..4).map(|_| {
            let location = house.location.clone();
            tokio::task::spawn_blocking(move || Store::open(&location).map(|_| ()))
        }).collect();
        for opening in openings {
            assert_eq!(opening.await.unwrap(), Ok(()));
        }
        assert_eq!(house.count("SELECT COUNT(*) - MAX(number) FROM schema_history").await, 0);
    }
}

#[test]
fn both_engines_have_the_same_tables_and_columns() {
    on_sqlite(async |embedded: House| {
        let sqlite = embedded.read(catalogue).await;
        assert!(sqlite.contains(&("orders".into(), "placed_at".into())));
        let other = std::thread::spawn(move || {
            on_postgres(async |server: House| assert_eq!(server.read(catalogue).await, sqlite));
        });
        assert!(other.join().is_ok(), "the catalogues differ");
    });
}

#[test]
fn a_file_that_is_no_database_is_refused_by_name_and_left_alone() {
    let folder = folder();
    for (name, text) in [("long.db", "a shopping list\n".repeat(400)), ("short.db", "a shopping list".into())]
    {
        let path = folder.path().join(name);
        fs::write(&path, &text).unwrap();
        let refused = Store::open(&Location::File(path.clone())).err();
        assert_eq!(refused, Some(StoreError::NotADatabase(path.display().to_string())));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("music.db");
    let music = rusqlite::Connection::open(&path).unwrap();
    music.execute_batch("CREATE TABLE song (title TEXT)").unwrap();
    let refused = Store::open(&Location::File(path.clone())).err();
    assert_eq!(refused, Some(StoreError::NotADatabase(path.display().to_string())));
    let tables: i64 = music
        .query_row("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_folder_that_does_not_exist_is_an_error() {
    let folder = folder();
    let refused = Store::open(&Location::File(folder.path().join("missing").join("lojista.db"))).err();
    assert!(matches!(refused, Some(StoreError::Driver(_))), "{refused:?}");
}
