//! What tables a database has, and whole tables in and out: where backups touch what the
//! engines tell apart.
//!
//! A row travels as bytes that mean the same on both engines: for each column in turn a tag,
//! and what stands in it. Ids are their 16 bytes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use domain::OrganizationId;

use super::error::{StoreError, StoreResult};
use super::value::{RawId, Row, Val};
use super::{Engine, Tx};

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, as they were made.
    pub columns: Vec<String>,
    /// The columns of its primary key, in the key's order.
    pub key: Vec<String>,
    /// Tables that its rows refer to.
    pub refers_to: BTreeSet<String>,
    /// Those of its key that are texts.
    text_keys: BTreeSet<String>,
    /// The column that the engine counts up by itself.
    counted: Option<String>,
}

struct ColumnShape {
    table: String,
    name: String,
    is_text: bool,
    key_place: i64,
    is_counted: bool,
}

/// Every table but the history of migrations, each behind those that it refers to.
pub fn tables(tx: &mut Tx<'_>) -> StoreResult<Vec<Table>> {
    let (columns, references) = match tx.engine() {
        Engine::Sqlite => (
            "SELECT m.name, c.name, c.type, c.pk, \
               CASE WHEN m.sql LIKE '%AUTOINCREMENT%' AND c.pk = 1 THEN 1 ELSE 0 END \
             FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid",
            "SELECT DISTINCT m.name, f.\"table\" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
             WHERE m.type = 'table'",
        ),
        Engine::Postgres => (
            "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)::text, \
               COALESCE((SELECT p.place FROM pg_index i, \
                           unnest(i.indkey::int2[]) WITH ORDINALITY AS p(attnum, place) \
                         WHERE i.indrelid = c.oid AND i.indisprimary AND p.attnum = a.attnum), 0)::bigint, \
               CASE WHEN a.attidentity <> '' THEN 1 ELSE 0 END::bigint \
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace \
             ORDER BY c.relname COLLATE \"C\", a.attnum",
            "SELECT DISTINCT o.relname::text, t.relname::text FROM pg_constraint k \
             JOIN pg_class o ON o.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid \
             WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace",
        ),
    };
    let columns = tx.rows(columns, &[], |row| {
        Ok(ColumnShape {
            table: row.get(0)?,
            name: row.get(1)?,
            is_text: row.get::<String>(2)?.eq_ignore_ascii_case("text"),
            key_place: row.get(3)?,
            is_counted: row.get(4)?,
        })
    })?;
    let references: Vec<(String, String)> = tx.rows(references, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    in_order(gather(columns, &references))
}

fn gather(columns: Vec<ColumnShape>, references: &[(String, String)]) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut places: Vec<Vec<(i64, String)>> = Vec::new();
    for column in columns.into_iter().filter(|column| column.table != "schema_history") {
        if tables.last().is_none_or(|table| table.name != column.table) {
            tables.push(Table {
                refers_to: references
                    .iter()
                    .filter(|(owner, target)| *owner == column.table && target != owner)
                    .map(|(_, target)| target.clone())
                    .collect(),
                name: column.table,
                columns: Vec::new(),
                key: Vec::new(),
                text_keys: BTreeSet::new(),
                counted: None,
            });
            places.push(Vec::new());
        }
        let (Some(table), Some(places)) = (tables.last_mut(), places.last_mut()) else { continue };
        if column.key_place > 0 {
            places.push((column.key_place, column.name.clone()));
            if column.is_text {
                table.text_keys.insert(column.name.clone());
            }
        }
        if column.is_counted {
            table.counted = Some(column.name.clone());
        }
        table.columns.push(column.name);
    }
    for (table, mut places) in tables.iter_mut().zip(places) {
        places.sort();
        table.key = places.into_iter().map(|(_, name)| name).collect();
    }
    tables
}

/// Each table behind those that it refers to; otherwise by name.
fn in_order(mut left: Vec<Table>) -> StoreResult<Vec<Table>> {
    let mut ordered: Vec<Table> = Vec::new();
    while !left.is_empty() {
        let ready = |table: &Table| {
            table.refers_to.iter().all(|name| ordered.iter().any(|before| before.name == *name))
        };
        let Some(next) = left.iter().position(ready) else {
            let names: Vec<&str> = left.iter().map(|table| table.name.as_str()).collect();
            return Err(StoreError::Driver(format!("tables that refer to each other: {}", names.join(", "))));
        };
        ordered.push(left.remove(next));
    }
    Ok(ordered)
}

/// Tables whose rows are some megabytes each.
const HEAVY: [&str; 1] = ["product_picture"];
/// Rows of such a table that are read at once.
const HEAVY_ROWS: u32 = 4;

impl Table {
    /// How many of its rows may be in memory at once, where so many are of a table of small ones.
    #[must_use]
    pub fn rows_at_once(&self, of_small_ones: u32) -> u32 {
        if HEAVY.contains(&self.name.as_str()) { HEAVY_ROWS.min(of_small_ones) } else { of_small_ones }
    }

    /// The key's columns as they are sorted and compared: by their bytes, on both engines.
    fn key_list(&self, engine: Engine) -> String {
        let column = |name: &String| match engine {
            Engine::Postgres if self.text_keys.contains(name) => format!("\"{name}\" COLLATE \"C\""),
            Engine::Postgres | Engine::Sqlite => format!("\"{name}\""),
        };
        self.key.iter().map(column).collect::<Vec<_>>().join(", ")
    }
}

/// Rows of a table as bytes: all columns, and the key's.
#[derive(Debug, Default)]
pub struct Rows {
    /// One behind the other.
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    keys: Vec<Vec<u8>>,
}

impl Rows {
    /// The rows, each with its key.
    pub fn each(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let rows = begins.zip(&self.ends).map(|(begin, end)| &self.bytes[begin..*end]);
        rows.zip(self.keys.iter().map(Vec::as_slice))
    }
}

/// Up to `limit` rows in the order of the key, behind the row with the key `after`; those of one
/// organization alone, where one is named.
pub fn page(
    tx: &mut Tx<'_>,
    table: &Table,
    whose: Option<OrganizationId>,
    after: Option<&[u8]>,
    limit: u32,
) -> StoreResult<Rows> {
    let list = table.columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let keys = table.key_list(tx.engine());
    let mut sql = format!("SELECT {list} FROM \"{}\"", table.name);
    let mut params = after.map(|key| values(key, table.key.len())).transpose()?.unwrap_or_default();
    let mut wanted = Vec::new();
    if !params.is_empty() {
        let marks: Vec<String> = (1..=params.len()).map(|number| format!("${number}")).collect();
        wanted.push(format!("({keys}) > ({})", marks.join(", ")));
    }
    if let Some(organization) = whose {
        params.push(organization.into());
        wanted.push(format!("organization_id = ${}", params.len()));
    }
    if !wanted.is_empty() {
        let _ = write!(sql, " WHERE {}", wanted.join(" AND "));
    }
    let _ = write!(sql, " ORDER BY {keys} LIMIT {limit}");
    let key_places: Vec<usize> =
        table.key.iter().filter_map(|name| table.columns.iter().position(|column| column == name)).collect();
    let mut rows = Rows::default();
    let mut borders = vec![0; table.columns.len() + 1];
    tx.rows(&sql, &params, |row| {
        borders[0] = rows.bytes.len();
        for index in 0..table.columns.len() {
            encode(row, index, &mut rows.bytes)?;
            borders[index + 1] = rows.bytes.len();
        }
        let key = key_places.iter().flat_map(|place| &rows.bytes[borders[*place]..borders[place + 1]]);
        rows.keys.push(key.copied().collect());
        rows.ends.push(rows.bytes.len());
        Ok(())
    })?;
    Ok(rows)
}

const NULL: u8 = 0;
const INT: u8 = 1;
const TEXT: u8 = 2;
const BYTES: u8 = 3;

fn encode(row: &Row<'_>, index: usize, out: &mut Vec<u8>) -> StoreResult<()> {
    use rusqlite::types::ValueRef;
    use tokio_postgres::types::Type;
    let unknown =
        |kind: &str| StoreError::Driver(format!("column {index} holds {kind}, which no backup knows"));
    match row {
        Row::Sqlite(row) => match row.get_ref(index)? {
            ValueRef::Null => out.push(NULL),
            ValueRef::Integer(value) => push_int(out, value),
            ValueRef::Text(value) => push_bytes(out, TEXT, value),
            ValueRef::Blob(value) => push_bytes(out, BYTES, value),
            ValueRef::Real(_) => return Err(unknown("a fraction")),
        },
        Row::Postgres(row) => {
            let kind = row.columns()[index].type_();
            if *kind == Type::INT8 {
                match row.try_get::<_, Option<i64>>(index)? {
                    Some(value) => push_int(out, value),
                    None => out.push(NULL),
                }
            } else if *kind == Type::TEXT {
                push_or_null(out, TEXT, row.try_get::<_, Option<&str>>(index)?.map(str::as_bytes));
            } else if *kind == Type::BYTEA {
                push_or_null(out, BYTES, row.try_get(index)?);
            } else if *kind == Type::UUID {
                let id: Option<RawId> = row.try_get(index)?;
                push_or_null(out, BYTES, id.as_ref().map(|id| id.0.as_slice()));
            } else {
                return Err(unknown(kind.name()));
            }
        }
    }
    Ok(())
}

fn push_int(out: &mut Vec<u8>, value: i64) {
    out.push(INT);
    // Small numbers of either sign are short.
    push_number(out, (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned());
}

fn push_or_null(out: &mut Vec<u8>, tag: u8, value: Option<&[u8]>) {
    match value {
        Some(value) => push_bytes(out, tag, value),
        None => out.push(NULL),
    }
}

fn push_bytes(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    push_number(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Seven bits a byte, the lowest first.
fn push_number(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        // Bits beyond the 64th fall away; such a number was never written.
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take_value<'b>(bytes: &mut &'b [u8]) -> Option<Val<'b>> {
    let (tag, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(match *tag {
        NULL => Val::Null,
        INT => {
            let value = take_number(bytes)?;
            Val::Int((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
        }
        TEXT | BYTES => {
            let length = usize::try_from(take_number(bytes)?).ok()?;
            let (value, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            if *tag == TEXT { Val::Text(std::str::from_utf8(value).ok()?) } else { Val::Bytes(value) }
        }
        _ => return None,
    })
}

/// The values of rows with so many columns, one row behind the other.
pub fn values(mut bytes: &[u8], columns: usize) -> StoreResult<Vec<Val<'_>>> {
    let damaged = || StoreError::Driver("rows of a backup are not of their form".into());
    let mut found = Vec::new();
    while !bytes.is_empty() {
        found.push(take_value(&mut bytes).ok_or_else(damaged)?);
    }
    if columns > 0 && found.len() % columns == 0 { Ok(found) } else { Err(damaged()) }
}

/// Rows in one statement.
const ROWS_AT_ONCE: usize = 64;

/// Puts rows into a table that holds none with their keys. `columns` name what stands in the
/// rows; all of them must be the table's. Returns how many rows that were.
pub fn load(tx: &mut Tx<'_>, table: &Table, columns: &[String], values: &[Val<'_>]) -> StoreResult<u64> {
    if let Some(strange) = columns.iter().find(|name| !table.columns.contains(name)) {
        return Err(StoreError::Driver(format!("{} has no column {strange:?}", table.name)));
    }
    let list = columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    // PostgreSQL counts such a column by itself unless told otherwise.
    let counted = match (tx.engine(), &table.counted) {
        (Engine::Postgres, Some(_)) => " OVERRIDING SYSTEM VALUE",
        (Engine::Postgres | Engine::Sqlite, _) => "",
    };
    let mut count = 0;
    for some in values.chunks(ROWS_AT_ONCE * columns.len()) {
        let rows = some.len() / columns.len();
        let mut sql = format!("INSERT INTO \"{}\" ({list}){counted} VALUES ", table.name);
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..columns.len() {
                let separator = if column == 0 { "" } else { ", " };
                let _ = write!(sql, "{separator}${}", row * columns.len() + column + 1);
            }
            sql.push(')');
        }
        tx.execute_exactly(rows as u64, &sql, some)?;
        count += rows as u64;
    }
    Ok(count)
}

/// Empties tables, those first that others do not refer to.
pub fn clear(tx: &mut Tx<'_>, tables: &[Table]) -> StoreResult<()> {
    for table in tables.iter().rev() {
        tx.execute(&format!("DELETE FROM \"{}\"", table.name), &[])?;
    }
    Ok(())
}

/// How many rows a table has.
pub fn count(tx: &mut Tx<'_>, table: &Table) -> StoreResult<i64> {
    let sql = format!("SELECT COUNT(*) FROM \"{}\"", table.name);
    Ok(tx.row(&sql, &[], |row| row.get(0))?.unwrap_or_default())
}

/// Lets the engine go on counting behind the rows that were loaded.
pub fn count_on(tx: &mut Tx<'_>, table: &Table) -> StoreResult<()> {
    match (tx.engine(), &table.counted) {
        // SQLite has seen the rows as they came.
        (Engine::Sqlite, _) | (Engine::Postgres, None) => Ok(()),
        (Engine::Postgres, Some(column)) => {
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('\"{0}\"', '{column}'), \
                   COALESCE((SELECT MAX(\"{column}\") FROM \"{0}\"), 0) + 1, false)",
                table.name
            );
            tx.rows(&sql, &[], |_| Ok(())).map(drop)
        }
    }
}

/// What the engine itself finds wrong with its file; PostgreSQL looks by itself, by its
/// checksums.
pub fn flaws(tx: &mut Tx<'_>) -> StoreResult<Vec<String>> {
    if tx.engine() == Engine::Postgres {
        return Ok(Vec::new());
    }
    let found = tx.rows("PRAGMA integrity_check(20)", &[], |row| row.get::<String>(0))?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}

/// Rows that refer to one that is not there, in words; PostgreSQL refuses such rows.
pub fn broken_references(tx: &mut Tx<'_>) -> StoreResult<Vec<String>> {
    if tx.engine() == Engine::Postgres {
        return Ok(Vec::new());
    }
    tx.rows("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 20", &[], |row| {
        Ok(format!("a row of {} refers to one that {} lacks", row.get::<String>(0)?, row.get::<String>(1)?))
    })
}

/// Migrations that ran: number and fingerprint.
pub fn history(tx: &mut Tx<'_>) -> StoreResult<Vec<(i64, i64)>> {
    tx.rows("SELECT number, fingerprint FROM schema_history ORDER BY number", &[], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_that_were_cut_are_refused_at_any_length() {
        let mut row = Vec::new();
        push_int(&mut row, -70_000);
        push_bytes(&mut row, TEXT, "ação".as_bytes());
        row.push(NULL);
        push_bytes(&mut row, BYTES, &[0; 16]);
        assert_eq!(
            values(&row, 4).unwrap(),
            [Val::Int(-70_000), Val::Text("ação"), Val::Null, Val::Bytes(&[0; 16])]
        );
        for length in 1..row.len() {
            assert!(values(&row[..length], 4).is_err(), "{length} bytes");
        }
        assert!(values(&row, 3).is_err(), "another number of columns");
        assert!(values(&[9], 1).is_err(), "an unknown tag");
        assert!(values(&[TEXT, 1, 0xff], 1).is_err(), "no text");
        assert!(values(&[TEXT, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 1).is_err());
    }

    proptest! {
        #[test]
        fn every_number_survives(value: i64) {
            let mut row = Vec::new();
            push_int(&mut row, value);
            prop_assert_eq!(values(&row, 1).unwrap(), vec![Val::Int(value)]);
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes: Vec<u8>, columns in 0_usize..5) {
            let _ = values(&bytes, columns);
        }
    }
}
