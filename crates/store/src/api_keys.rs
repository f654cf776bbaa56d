//! Keys that programs of a member's call with: each may a part of what its member may.

use domain::{ApiKeyId, Granted, MemberId, OrganizationId, Permission, Timestamp};
use vault::TokenDigest;

use crate::db::{StoreResult, Tx};
use crate::{Tenant, params};

/// A key to be kept.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// Whose.
    pub member: MemberId,
    /// What its member calls it.
    pub name: String,
    /// Digest of the key.
    pub digest: TokenDigest,
    /// What it may.
    pub scopes: Vec<Permission>,
    /// When it ends.
    pub until: Timestamp,
}

/// A key, for its member's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    /// Id.
    pub id: ApiKeyId,
    /// What its member calls it.
    pub name: String,
    /// What it may.
    pub scopes: Vec<Permission>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A program that shows a good key.
#[derive(Debug, Clone)]
pub struct ApiCaller {
    /// The key.
    pub key: ApiKeyId,
    /// Whose.
    pub member: MemberId,
    /// Their organization.
    pub organization: OrganizationId,
    /// What the key was made for.
    pub scopes: Vec<Permission>,
    /// What its member may now.
    pub granted: Granted,
    /// When the key was last written as used.
    pub last_used_at: Option<Timestamp>,
}

impl ApiCaller {
    /// Whether the key was made for something, and its member may do it now.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.scopes.contains(&permission) && self.granted.may(permission)
    }
}

fn scopes(words: &str) -> Vec<Permission> {
    words.split(' ').filter_map(Permission::parse).collect()
}

/// Who shows a key; `None` when it is unknown, has ended, or its member has left.
pub fn caller(tx: &mut Tx<'_>, digest: &TokenDigest, now: Timestamp) -> StoreResult<Option<ApiCaller>> {
    let found = tx.row(
        "SELECT k.id, k.member_id, k.organization_id, k.scopes, k.last_used_at \
         FROM api_key k JOIN member m ON m.id = k.member_id \
         WHERE k.token_hash = $1 AND k.expires_at > $2 AND m.left_at IS NULL",
        params![digest.as_bytes().as_slice(), now],
        |row| {
            let words: String = row.get(3)?;
            Ok(ApiCaller {
                key: row.get(0)?,
                member: row.get(1)?,
                organization: row.get(2)?,
                scopes: scopes(&words),
                granted: Granted::default(),
                last_used_at: row.get(4)?,
            })
        },
    )?;
    let Some(mut caller) = found else { return Ok(None) };
    caller.granted = Tenant::of(tx, caller.organization).granted(caller.member, now)?;
    Ok(Some(caller))
}

impl Tenant<'_, '_> {
    /// Keeps a key.
    pub fn keep_api_key(&mut self, new: &NewApiKey, now: Timestamp) -> StoreResult<()> {
        let words: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
        self.tx.execute_exactly(
            1,
            "INSERT INTO api_key (id, organization_id, member_id, name, token_hash, scopes, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            params![
                new.id,
                self.id,
                new.member,
                &new.name,
                new.digest.as_bytes().as_slice(),
                &words.join(" "),
                now,
                new.until
            ],
        )
    }

    /// A member's keys that are good now, the newest first.
    pub fn api_keys(&mut self, member: MemberId, now: Timestamp) -> StoreResult<Vec<ApiKeyRow>> {
        self.tx.rows(
            "SELECT id, name, scopes, created_at, expires_at, last_used_at FROM api_key \
             WHERE organization_id = $1 AND member_id = $2 AND expires_at > $3 ORDER BY id DESC",
            params![self.id, member, now],
            |row| {
                let words: String = row.get(2)?;
                Ok(ApiKeyRow {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    scopes: scopes(&words),
                    created_at: row.get(3)?,
                    expires_at: row.get(4)?,
                    last_used_at: row.get(5)?,
                })
            },
        )
    }

    /// Notes that a key was used.
    pub fn touch_api_key(&mut self, id: ApiKeyId, now: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE api_key SET last_used_at = $3 WHERE organization_id = $1 AND id = $2",
            params![self.id, id, now],
        )?;
        Ok(())
    }

    /// Ends a member's key; false when it is gone already.
    pub fn end_api_key(&mut self, member: MemberId, id: ApiKeyId) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "DELETE FROM api_key WHERE organization_id = $1 AND member_id = $2 AND id = $3",
            params![self.id, member, id],
        )?;
        Ok(touched == 1)
    }
}
