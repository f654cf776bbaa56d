//! Organizations, their members and one-time links.

use domain::{Confidential, MemberId, OrganizationId, Timestamp};
use vault::{Sealed, TokenDigest};

use crate::db::{StoreError, StoreResult, Tx};
use crate::{Tenant, params};

/// A new member, to be kept.
#[derive(Debug)]
pub struct NewMember {
    /// Id.
    pub id: MemberId,
    /// Blind index of the normalised address.
    pub email_index: [u8; 32],
    /// The address, sealed.
    pub email_sealed: Sealed<Confidential<String>>,
    /// PHC string.
    pub password_hash: String,
    /// `pt-BR`, `es` or `en`.
    pub language: String,
}

/// What a sign-in is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The member.
    pub member: MemberId,
    /// Their organization.
    pub organization: OrganizationId,
    /// PHC string.
    pub password_hash: String,
}

/// Whether any organization exists; if not, the owner's one-time link is due.
pub fn any_organization(tx: &mut Tx<'_>) -> StoreResult<bool> {
    Ok(tx.row("SELECT 1 FROM organization LIMIT 1", &[], |_| Ok(()))?.is_some())
}

/// All organizations, the oldest first.
pub fn organizations(tx: &mut Tx<'_>) -> StoreResult<Vec<OrganizationId>> {
    tx.rows("SELECT id FROM organization ORDER BY id", &[], |row| row.get(0))
}

/// Creates an organization.
pub fn create_organization(
    tx: &mut Tx<'_>,
    id: OrganizationId,
    name: &str,
    now: Timestamp,
) -> StoreResult<()> {
    tx.execute_exactly(
        1,
        "INSERT INTO organization (id, name, created_at) VALUES ($1, $2, $3)",
        params![id, name, now],
    )
}

/// Keeps the digest of a one-time link.
pub fn keep_setup_link(
    tx: &mut Tx<'_>,
    digest: &TokenDigest,
    now: Timestamp,
    until: Timestamp,
) -> StoreResult<()> {
    tx.execute("DELETE FROM setup_link WHERE used_at IS NULL", &[])?;
    tx.execute_exactly(
        1,
        "INSERT INTO setup_link (token_hash, created_at, expires_at) VALUES ($1, $2, $3)",
        params![digest.as_bytes().as_slice(), now, until],
    )
}

/// Whether a one-time link is good now.
pub fn setup_link_is_good(tx: &mut Tx<'_>, digest: &TokenDigest, now: Timestamp) -> StoreResult<bool> {
    let found = tx.row(
        "SELECT 1 FROM setup_link WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2",
        params![digest.as_bytes().as_slice(), now],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Uses a one-time link up; false when it is unknown, used or too old.
pub fn use_setup_link(tx: &mut Tx<'_>, digest: &TokenDigest, now: Timestamp) -> StoreResult<bool> {
    let touched = tx.execute(
        "UPDATE setup_link SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2",
        params![digest.as_bytes().as_slice(), now],
    )?;
    Ok(touched == 1)
}

/// What to check a sign-in against.
pub fn credentials(tx: &mut Tx<'_>, email_index: &[u8; 32]) -> StoreResult<Option<Credentials>> {
    tx.row(
        "SELECT id, organization_id, password_hash FROM member WHERE email_index = $1 AND left_at IS NULL",
        params![email_index.as_slice()],
        |row| Ok(Credentials { member: row.get(0)?, organization: row.get(1)?, password_hash: row.get(2)? }),
    )
}

impl Tenant<'_, '_> {
    /// Keeps a new member, who may nothing until something is granted. [`StoreError::Duplicate`] when the address is taken.
    pub fn create_member(&mut self, member: &NewMember, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO member (id, organization_id, email_index, email_sealed, password_hash, language, theme, \
                                 created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 'auto', $7)",
            params![
                member.id,
                self.id,
                member.email_index.as_slice(),
                member.email_sealed.as_bytes(),
                &member.password_hash,
                &member.language,
                now
            ],
        )
    }

    /// A member's sealed address.
    pub fn member_email(&mut self, member: MemberId) -> StoreResult<Option<Sealed<Confidential<String>>>> {
        self.tx.row(
            "SELECT email_sealed FROM member WHERE organization_id = $1 AND id = $2",
            params![self.id, member],
            |row| Ok(Sealed::from_bytes(row.get(0)?)),
        )
    }

    /// A member's password hash.
    pub fn password_hash(&mut self, member: MemberId) -> StoreResult<Option<String>> {
        self.tx.row(
            "SELECT password_hash FROM member WHERE organization_id = $1 AND id = $2",
            params![self.id, member],
            |row| row.get(0),
        )
    }

    /// Replaces a password hash: the password is another, or it was made with older parameters.
    pub fn set_password_hash(&mut self, member: MemberId, hash: &str) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE member SET password_hash = $3 WHERE organization_id = $1 AND id = $2",
            params![self.id, member, hash],
        )
    }

    /// Keeps what a member likes: language and theme.
    pub fn set_preferences(&mut self, member: MemberId, language: &str, theme: &str) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE member SET language = $3, theme = $4 WHERE organization_id = $1 AND id = $2",
            params![self.id, member, language, theme],
        )
    }

    /// The organization's name.
    pub fn name(&mut self) -> StoreResult<String> {
        self.tx
            .row("SELECT name FROM organization WHERE id = $1", params![self.id], |row| row.get(0))?
            .ok_or(StoreError::RowCount { expected: 1, touched: 0 })
    }
}
