//! A statement that is wrong on purpose, over a scratch database in memory: what
//! `cargo xtask scan --planted` has sqlmap find. No program that anyone runs has it.

use rusqlite::Connection;

/// Titles on a shelf of three, by code.
pub fn find(code: &str) -> Result<Vec<String>, String> {
    let looked = || -> rusqlite::Result<Vec<String>> {
        let scratch = Connection::open_in_memory()?;
        scratch.execute_batch(
            "CREATE TABLE shelf (code TEXT, title TEXT); \
             INSERT INTO shelf VALUES ('1', 'Caneca'), ('2', 'Prato'), ('3', 'Copo')",
        )?;
        let mut statement = scratch.prepare(&format!("SELECT title FROM shelf WHERE code = '{code}'"))?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    looked().map_err(|error| error.to_string())
}
