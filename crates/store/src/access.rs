//! Members, and what each of them was granted.

use domain::role::{Access, Granted, Role};
use domain::{Actor, Confidential, GrantId, MemberId, Timestamp};
use vault::Sealed;

use crate::db::{StoreResult, Tx};
use crate::{Tenant, params};

/// Something to be granted.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// Id.
    pub id: GrantId,
    /// To whom.
    pub member: MemberId,
    /// What.
    pub access: Access,
    /// Why, in the granter's words.
    pub reason: String,
    /// Who grants it.
    pub by: Actor,
    /// Until when, where it ends by itself.
    pub until: Option<Timestamp>,
}

/// Something that was granted and is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// Id.
    pub id: GrantId,
    /// Whose.
    pub member: MemberId,
    /// A word of [`Access`].
    pub access: String,
    /// Why.
    pub reason: String,
    /// Who granted it, as in the audit log.
    pub granted_by: String,
    /// When.
    pub granted_at: Timestamp,
    /// Until when, where it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A member, for those who administer.
#[derive(Debug, Clone)]
pub struct MemberRow {
    /// Id.
    pub id: MemberId,
    /// The address, sealed.
    pub email: Sealed<Confidential<String>>,
    /// Since when.
    pub created_at: Timestamp,
    /// When a browser of theirs last signed in.
    pub last_seen_at: Option<Timestamp>,
    /// Passkeys and authenticator apps.
    pub factors: i64,
}

/// Grants that ended by themselves and are still open in the table: the caller ends each.
pub fn expired_grants(
    tx: &mut Tx<'_>,
    now: Timestamp,
) -> StoreResult<Vec<(domain::OrganizationId, GrantRow)>> {
    tx.rows(
        "SELECT id, member_id, access, reason, granted_by, granted_at, expires_at, organization_id \
         FROM access_grant WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY id",
        params![now],
        |row| Ok((row.get(7)?, grant(row)?)),
    )
}

fn grant(row: &crate::Row<'_>) -> StoreResult<GrantRow> {
    Ok(GrantRow {
        id: row.get(0)?,
        member: row.get(1)?,
        access: row.get(2)?,
        reason: row.get(3)?,
        granted_by: row.get(4)?,
        granted_at: row.get(5)?,
        expires_at: row.get(6)?,
    })
}

impl Tenant<'_, '_> {
    /// What a member has now. A word that this release does not know grants nothing.
    pub fn granted(&mut self, member: MemberId, now: Timestamp) -> StoreResult<Granted> {
        let words: Vec<String> = self.tx.rows(
            "SELECT access FROM access_grant \
             WHERE member_id = $2 AND organization_id = $1 AND ended_at IS NULL \
               AND (expires_at IS NULL OR expires_at > $3)",
            params![self.id, member, now],
            |row| row.get(0),
        )?;
        Ok(words.iter().filter_map(|word| Access::parse(word)).collect())
    }

    /// Everything that is open now, by member.
    pub fn grants(&mut self, now: Timestamp) -> StoreResult<Vec<GrantRow>> {
        self.tx.rows(
            "SELECT id, member_id, access, reason, granted_by, granted_at, expires_at FROM access_grant \
             WHERE organization_id = $1 AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $2) \
             ORDER BY member_id, granted_at, id",
            params![self.id, now],
            grant,
        )
    }

    /// One of them.
    pub fn open_grant(&mut self, id: GrantId, now: Timestamp) -> StoreResult<Option<GrantRow>> {
        self.tx.row(
            "SELECT id, member_id, access, reason, granted_by, granted_at, expires_at FROM access_grant \
             WHERE organization_id = $1 AND id = $2 AND ended_at IS NULL \
               AND (expires_at IS NULL OR expires_at > $3)",
            params![self.id, id, now],
            grant,
        )
    }

    /// Grants something. What the member has of the same kind already is ended first: the new
    /// reason and the new day count.
    pub fn give(&mut self, new: &NewGrant, now: Timestamp) -> StoreResult<()> {
        let by = new.by.to_string();
        self.tx.execute(
            "UPDATE access_grant SET ended_at = $4, ended_by = $5, ended_because = 'replaced' \
             WHERE organization_id = $1 AND member_id = $2 AND access = $3 AND ended_at IS NULL",
            params![self.id, new.member, new.access.as_str(), now, &by],
        )?;
        self.tx.execute_exactly(
            1,
            "INSERT INTO access_grant (id, organization_id, member_id, access, reason, granted_by, granted_at, \
                                       expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            params![
                new.id,
                self.id,
                new.member,
                new.access.as_str(),
                &new.reason,
                &by,
                now,
                new.until
            ],
        )
    }

    /// Ends something that was granted; false when it had ended.
    pub fn end_grant(&mut self, id: GrantId, by: &Actor, because: &str, now: Timestamp) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE access_grant SET ended_at = $3, ended_by = $4, ended_because = $5 \
             WHERE organization_id = $1 AND id = $2 AND ended_at IS NULL",
            params![self.id, id, now, &by.to_string(), because],
        )?;
        Ok(touched == 1)
    }

    /// Members who have a role now.
    pub fn members_with(&mut self, role: Role, now: Timestamp) -> StoreResult<Vec<MemberId>> {
        self.tx.rows(
            "SELECT member_id FROM access_grant \
             WHERE organization_id = $1 AND access = $2 AND ended_at IS NULL \
               AND (expires_at IS NULL OR expires_at > $3) \
             ORDER BY member_id",
            params![self.id, role.as_str(), now],
            |row| row.get(0),
        )
    }

    /// Members who have not left, the first one first.
    pub fn members(&mut self) -> StoreResult<Vec<MemberRow>> {
        self.tx.rows(
            "SELECT m.id, m.email_sealed, m.created_at, \
                    (SELECT MAX(s.last_seen_at) FROM session s WHERE s.member_id = m.id), \
                    (SELECT MAX(d.last_seen_at) FROM device d WHERE d.member_id = m.id), \
                    (SELECT COUNT(*) FROM passkey p WHERE p.organization_id = m.organization_id \
                       AND p.member_id = m.id) \
                    + (SELECT COUNT(*) FROM authenticator a WHERE a.member_id = m.id \
                         AND a.confirmed_at IS NOT NULL) \
             FROM member m WHERE m.organization_id = $1 AND m.left_at IS NULL ORDER BY m.id",
            params![self.id],
            |row| {
                let (session, device): (Option<Timestamp>, Option<Timestamp>) = (row.get(3)?, row.get(4)?);
                Ok(MemberRow {
                    id: row.get(0)?,
                    email: Sealed::from_bytes(row.get(1)?),
                    created_at: row.get(2)?,
                    last_seen_at: session.max(device),
                    factors: row.get(5)?,
                })
            },
        )
    }

    /// Whether somebody is a member and has not left.
    pub fn is_member(&mut self, member: MemberId) -> StoreResult<bool> {
        let found = self.tx.row(
            "SELECT 1 FROM member WHERE organization_id = $1 AND id = $2 AND left_at IS NULL",
            params![self.id, member],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// Lets a member leave: sessions, browsers, factors, questions and everything granted end
    /// at once, and the password opens nothing any more. Returns how many sessions and grants
    /// ended; `None` when there is no such member.
    pub fn leave(&mut self, member: MemberId, by: &Actor, now: Timestamp) -> StoreResult<Option<(u64, u64)>> {
        let left = self.tx.execute(
            "UPDATE member SET left_at = $3, password_hash = '' \
             WHERE organization_id = $1 AND id = $2 AND left_at IS NULL",
            params![self.id, member, now],
        )?;
        if left == 0 {
            return Ok(None);
        }
        let own = params![self.id, member];
        let sessions =
            self.tx.execute("DELETE FROM session WHERE organization_id = $1 AND member_id = $2", own)?;
        self.forget_ways_in(member)?;
        for sql in [
            "DELETE FROM security_notice WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM recovery_link WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM authorization_attempt WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM invitation WHERE organization_id = $1 AND invited_by = $2",
        ] {
            self.tx.execute(sql, own)?;
        }
        let grants = self.tx.execute(
            "UPDATE access_grant SET ended_at = $3, ended_by = $4, ended_because = 'left' \
             WHERE organization_id = $1 AND member_id = $2 AND ended_at IS NULL",
            params![self.id, member, now, &by.to_string()],
        )?;
        Ok(Some((sessions, grants)))
    }
}
