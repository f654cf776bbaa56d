//! Facts of the installation: the key check, the address of the hook door.

use crate::db::{StoreResult, Tx};
use crate::params;

/// Proof that the key file in use is the one the data is sealed under.
pub const KEY_CHECK: &str = "key_check";
/// The unguessable part of the address that platforms post hooks to.
pub const HOOK_DOOR: &str = "hook_door";
/// The seed of the audit log's signing key, sealed.
pub const AUDIT_KEY: &str = "audit_key";

/// Names this installation in its backups.
pub const BACKUP_SET: &str = "backup_set";

/// A setting's value.
pub fn get(tx: &mut Tx<'_>, name: &str) -> StoreResult<Option<String>> {
    tx.row("SELECT value FROM setting WHERE name = $1", params![name], |row| row.get(0))
}

/// Sets a setting unless it is set; returns the value that now stands. Two nodes that
/// start together agree on one.
pub fn get_or_set(tx: &mut Tx<'_>, name: &str, value: &str) -> StoreResult<String> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        params![name, value],
    )?;
    Ok(get(tx, name)?.unwrap_or_else(|| value.to_owned()))
}

/// Puts another value in the place of one; nothing when another stands there by now.
pub fn replace(tx: &mut Tx<'_>, name: &str, before: &str, after: &str) -> StoreResult<()> {
    tx.execute("UPDATE setting SET value = $3 WHERE name = $1 AND value = $2", params![name, before, after])
        .map(drop)
}
