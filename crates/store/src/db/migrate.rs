//! One forward-only migration history for both engines (expand, then contract).
//!
//! A migration is one text in which three words stand for what the engines spell
//! differently: `{id}`, `{int}`, `{bytes}`, and `{serial}` for a growing key. So the two
//! schemas cannot drift apart; a test compares the catalogues all the same.

use rusqlite::Connection;
use tokio_postgres::Client;

use super::error::{StoreError, StoreResult};

/// Number and text of each migration, in order. Never edit one that was released.
const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../../migrations/0001_house.sql")),
    (2, include_str!("../../migrations/0002_handle.sql")),
    (3, include_str!("../../migrations/0003_pace.sql")),
    (4, include_str!("../../migrations/0004_hook_batch.sql")),
    (5, include_str!("../../migrations/0005_money.sql")),
    (6, include_str!("../../migrations/0006_cases.sql")),
    (7, include_str!("../../migrations/0007_orders_list.sql")),
    (8, include_str!("../../migrations/0008_buyers.sql")),
    (9, include_str!("../../migrations/0009_sign_in.sql")),
    (10, include_str!("../../migrations/0010_backups.sql")),
    (11, include_str!("../../migrations/0011_audit_and_limits.sql")),
    (12, include_str!("../../migrations/0012_access.sql")),
    (13, include_str!("../../migrations/0013_familiar_places.sql")),
    (14, include_str!("../../migrations/0014_privacy.sql")),
    (15, include_str!("../../migrations/0015_key_rotation.sql")),
    (16, include_str!("../../migrations/0016_provider.sql")),
    (17, include_str!("../../migrations/0017_stock_history.sql")),
    (18, include_str!("../../migrations/0018_leaving.sql")),
    (19, include_str!("../../migrations/0019_catalogue.sql")),
    (20, include_str!("../../migrations/0020_split.sql")),
    (21, include_str!("../../migrations/0021_last_units.sql")),
    (22, include_str!("../../migrations/0022_kits.sql")),
    (23, include_str!("../../migrations/0023_money_view.sql")),
    (24, include_str!("../../migrations/0024_sheets.sql")),
    (25, include_str!("../../migrations/0025_pictures.sql")),
    (26, include_str!("../../migrations/0026_drafts.sql")),
    (27, include_str!("../../migrations/0027_lists.sql")),
    (28, include_str!("../../migrations/0028_returns.sql")),
    (29, include_str!("../../migrations/0029_shield.sql")),
    (30, include_str!("../../migrations/0030_prices.sql")),
    (31, include_str!("../../migrations/0031_last_units.sql")),
    (32, include_str!("../../migrations/0032_proposals.sql")),
];

/// Refuses a second program that migrates at the same moment (any number, ours alone).
const MIGRATION_LOCK: i64 = 7_215_110_091;

#[derive(Clone, Copy)]
struct Words {
    id: &'static str,
    int: &'static str,
    bytes: &'static str,
    serial: &'static str,
    table_end: &'static str,
}

const SQLITE: Words = Words {
    id: "BLOB",
    int: "INTEGER",
    bytes: "BLOB",
    serial: "INTEGER PRIMARY KEY AUTOINCREMENT",
    table_end: ") STRICT;",
};

const POSTGRES: Words = Words {
    id: "UUID",
    int: "BIGINT",
    bytes: "BYTEA",
    serial: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    table_end: ");",
};

fn spell(text: &str, words: Words) -> String {
    text.replace("{id}", words.id)
        .replace("{int}", words.int)
        .replace("{bytes}", words.bytes)
        .replace("{serial}", words.serial)
        .replace("\n);", &format!("\n{}", words.table_end))
}

/// Names a migration's content, so that an edited one is noticed. Not for security.
fn fingerprint(text: &str) -> i64 {
    // FNV-1a, 64 bits: stable over versions of the compiler, unlike std's hasher.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash.cast_signed()
}

/// The newest migration.
pub(super) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |last| last.0)
}

/// What is left to run, after checking what already ran.
fn pending(applied: &[(i64, i64)]) -> StoreResult<&'static [(i64, &'static str)]> {
    let known = MIGRATIONS.last().map_or(0, |last| last.0);
    for (number, print) in applied {
        match MIGRATIONS.iter().find(|known| known.0 == *number) {
            None => return Err(StoreError::NewerSchema { found: *number, known }),
            Some((_, text)) if fingerprint(text) != *print => {
                return Err(StoreError::ChangedMigration { number: *number });
            }
            Some(_) => {}
        }
    }
    Ok(&MIGRATIONS[applied.len().min(MIGRATIONS.len())..])
}

const CREATE_HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_history (\n  number {int} PRIMARY KEY,\n  fingerprint {int} NOT NULL\n);";
const READ_HISTORY: &str = "SELECT number, fingerprint FROM schema_history ORDER BY number";

pub(super) fn sqlite(conn: &mut Connection, up_to: i64) -> StoreResult<()> {
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    tx.execute_batch(&spell(CREATE_HISTORY, SQLITE))?;
    let applied: Vec<(i64, i64)> = tx
        .prepare(READ_HISTORY)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (number, text) in pending(&applied)?.iter().filter(|(number, _)| *number <= up_to) {
        tx.execute_batch(&spell(text, SQLITE))?;
        tx.execute(
            "INSERT INTO schema_history (number, fingerprint) VALUES (?1, ?2)",
            (number, fingerprint(text)),
        )?;
    }
    tx.commit()?;
    Ok(())
}

pub(super) async fn postgres(client: &mut Client, up_to: i64) -> StoreResult<()> {
    let tx = client.transaction().await?;
    tx.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await?;
    tx.batch_execute(&spell(CREATE_HISTORY, POSTGRES)).await?;
    let applied: Vec<(i64, i64)> =
        tx.query(READ_HISTORY, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect();
    for (number, text) in pending(&applied)?.iter().filter(|(number, _)| *number <= up_to) {
        tx.batch_execute(&spell(text, POSTGRES)).await?;
        tx.execute(
            "INSERT INTO schema_history (number, fingerprint) VALUES ($1, $2)",
            &[number, &fingerprint(text)],
        )
        .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// How many migrations wait in an SQLite file, which is only read.
pub(super) fn waiting_in_sqlite(conn: &Connection) -> StoreResult<usize> {
    let begun = conn
        .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_history'")?
        .exists([])?;
    if !begun {
        return Ok(MIGRATIONS.len());
    }
    let applied: Vec<(i64, i64)> = conn
        .prepare(READ_HISTORY)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(pending(&applied)?.len())
}

/// How many migrations wait in a PostgreSQL database, which is only read.
pub(super) async fn waiting_in_postgres(client: &Client) -> StoreResult<usize> {
    let begun: bool = client.query_one("SELECT to_regclass('schema_history') IS NOT NULL", &[]).await?.get(0);
    if !begun {
        return Ok(MIGRATIONS.len());
    }
    let applied: Vec<(i64, i64)> =
        client.query(READ_HISTORY, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect();
    Ok(pending(&applied)?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_applied() -> Vec<(i64, i64)> {
        MIGRATIONS.iter().map(|(number, text)| (*number, fingerprint(text))).collect()
    }

    #[test]
    fn a_database_of_a_newer_program_is_refused() {
        let mut applied = all_applied();
        applied.push((999, 0));
        let known = MIGRATIONS.last().unwrap().0;
        assert_eq!(pending(&applied), Err(StoreError::NewerSchema { found: 999, known }));
    }

    #[test]
    fn an_edited_migration_is_noticed() {
        let mut applied = all_applied();
        applied[0].1 ^= 1;
        assert_eq!(pending(&applied), Err(StoreError::ChangedMigration { number: 1 }));
    }

    #[test]
    fn an_up_to_date_database_needs_nothing_and_an_empty_one_everything() {
        assert_eq!(pending(&all_applied()), Ok(&[][..]));
        assert_eq!(pending(&[]).unwrap().len(), MIGRATIONS.len());
    }
}
