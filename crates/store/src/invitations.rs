//! Invitations: who may become a member, as what, by a link that works once.

use domain::role::Role;
use domain::{Confidential, InvitationId, MemberId, OrganizationId, Timestamp};
use vault::{Sealed, TokenDigest};

use crate::db::{StoreResult, Tx};
use crate::people::NewMember;
use crate::{Tenant, params};

/// An invitation to be kept.
#[derive(Debug)]
pub struct NewInvitation {
    /// Id.
    pub id: InvitationId,
    /// Digest of the token in its link.
    pub digest: TokenDigest,
    /// Blind index of the normalised address.
    pub email_index: [u8; 32],
    /// The address, sealed.
    pub email_sealed: Sealed<Confidential<String>>,
    /// What the new member will be.
    pub roles: Vec<Role>,
    /// Why, in the inviter's words.
    pub reason: String,
    /// Who invites.
    pub by: MemberId,
    /// When the link ends.
    pub until: Timestamp,
}

/// An invitation that is open.
#[derive(Debug, Clone)]
pub struct InvitationRow {
    /// Id.
    pub id: InvitationId,
    /// To which organization.
    pub organization: OrganizationId,
    /// Blind index of the address.
    pub email_index: [u8; 32],
    /// The address, sealed.
    pub email_sealed: Sealed<Confidential<String>>,
    /// What the new member will be.
    pub roles: Vec<Role>,
    /// Why.
    pub reason: String,
    /// Who invited.
    pub invited_by: MemberId,
    /// When.
    pub created_at: Timestamp,
    /// When the link ends.
    pub expires_at: Timestamp,
}

const COLUMNS: &str = "id, organization_id, email_index, email_sealed, roles, reason, invited_by, created_at, \
                       expires_at";

fn invitation(row: &crate::Row<'_>) -> StoreResult<InvitationRow> {
    let (index, roles): (Vec<u8>, String) = (row.get(2)?, row.get(4)?);
    let email_index = index.try_into().map_err(|_| crate::StoreError::Inconsistent {
        table: "invitation",
        column: "email_index",
        value: "not 32 bytes".to_owned(),
    })?;
    Ok(InvitationRow {
        id: row.get(0)?,
        organization: row.get(1)?,
        email_index,
        email_sealed: Sealed::from_bytes(row.get(3)?),
        roles: roles.split(' ').filter_map(Role::parse).collect(),
        reason: row.get(5)?,
        invited_by: row.get(6)?,
        created_at: row.get(7)?,
        expires_at: row.get(8)?,
    })
}

/// The invitation of a link, if it is good now.
pub fn invitation_of(
    tx: &mut Tx<'_>,
    digest: &TokenDigest,
    now: Timestamp,
) -> StoreResult<Option<InvitationRow>> {
    tx.row(
        &format!("SELECT {COLUMNS} FROM invitation WHERE token_hash = $1 AND expires_at > $2"),
        params![digest.as_bytes().as_slice(), now],
        invitation,
    )
}

/// Invitations to an address that are open, of whatever organization, the oldest first.
pub fn invitations_to(
    tx: &mut Tx<'_>,
    email_index: &[u8; 32],
    now: Timestamp,
) -> StoreResult<Vec<InvitationRow>> {
    tx.rows(
        &format!("SELECT {COLUMNS} FROM invitation WHERE email_index = $1 AND expires_at > $2 ORDER BY id"),
        params![email_index.as_slice(), now],
        invitation,
    )
}

impl Tenant<'_, '_> {
    /// Keeps an invitation; an earlier one to the same address ends.
    pub fn invite(&mut self, new: &NewInvitation, now: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "DELETE FROM invitation WHERE organization_id = $1 AND email_index = $2",
            params![self.id, new.email_index.as_slice()],
        )?;
        let roles: Vec<&str> = new.roles.iter().map(|role| role.as_str()).collect();
        self.tx.execute_exactly(
            1,
            "INSERT INTO invitation (id, organization_id, token_hash, email_index, email_sealed, roles, reason, \
                                     invited_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            params![
                new.id,
                self.id,
                new.digest.as_bytes().as_slice(),
                new.email_index.as_slice(),
                new.email_sealed.as_bytes(),
                &roles.join(" "),
                &new.reason,
                new.by,
                now,
                new.until
            ],
        )
    }

    /// Invitations that are open, the newest first.
    pub fn invitations(&mut self, now: Timestamp) -> StoreResult<Vec<InvitationRow>> {
        self.tx.rows(
            &format!(
                "SELECT {COLUMNS} FROM invitation WHERE organization_id = $1 AND expires_at > $2 ORDER BY id DESC"
            ),
            params![self.id, now],
            invitation,
        )
    }

    /// Uses an invitation up, or takes it back; false when it is gone already.
    pub fn end_invitation(&mut self, id: InvitationId) -> StoreResult<bool> {
        let touched = self
            .tx
            .execute("DELETE FROM invitation WHERE organization_id = $1 AND id = $2", params![self.id, id])?;
        Ok(touched == 1)
    }

    /// Whether a member, of whatever organization, has an address. One address signs in to one.
    pub fn is_taken(&mut self, email_index: &[u8; 32]) -> StoreResult<bool> {
        // A former member of another organization keeps the address, too: it is unique in the table.
        let found = self.tx.row(
            "SELECT 1 FROM member WHERE email_index = $2 AND (left_at IS NULL OR organization_id <> $1)",
            params![self.id, email_index.as_slice()],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// Somebody of that address who left, whom an invitation brings back.
    pub fn former_member(&mut self, email_index: &[u8; 32]) -> StoreResult<Option<MemberId>> {
        self.tx.row(
            "SELECT id FROM member WHERE organization_id = $1 AND email_index = $2 AND left_at IS NOT NULL",
            params![self.id, email_index.as_slice()],
            |row| row.get(0),
        )
    }

    /// A former member is one again, with another password.
    pub fn bring_back(&mut self, member: &NewMember) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE member SET left_at = NULL, password_hash = $3, language = $4, email_sealed = $5 \
             WHERE organization_id = $1 AND id = $2 AND left_at IS NOT NULL",
            params![
                self.id,
                member.id,
                &member.password_hash,
                &member.language,
                member.email_sealed.as_bytes()
            ],
        )
    }
}
