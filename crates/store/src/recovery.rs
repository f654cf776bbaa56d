//! One-time links for members who lost every way in.

use domain::{MemberId, OrganizationId, Timestamp};
use vault::TokenDigest;

use crate::db::{StoreResult, Tx};
use crate::{Tenant, params};

/// A link that is good now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryLink {
    /// Whose organization.
    pub organization: OrganizationId,
    /// Who comes back with it.
    pub member: MemberId,
    /// Why it was made.
    pub because: String,
}

/// The link of a digest, if it is good now.
pub fn recovery_link(
    tx: &mut Tx<'_>,
    digest: &TokenDigest,
    now: Timestamp,
) -> StoreResult<Option<RecoveryLink>> {
    tx.row(
        "SELECT organization_id, member_id, because FROM recovery_link WHERE token_hash = $1 AND expires_at > $2",
        params![digest.as_bytes().as_slice(), now],
        |row| Ok(RecoveryLink { organization: row.get(0)?, member: row.get(1)?, because: row.get(2)? }),
    )
}

impl Tenant<'_, '_> {
    /// Keeps the digest of a member's link; an earlier one is worth nothing from then on.
    pub fn keep_recovery_link(
        &mut self,
        member: MemberId,
        digest: &TokenDigest,
        because: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute(
            "DELETE FROM recovery_link WHERE organization_id = $1 AND member_id = $2",
            params![self.id, member],
        )?;
        self.tx.execute_exactly(
            1,
            "INSERT INTO recovery_link (token_hash, organization_id, member_id, because, created_at, expires_at) \
             VALUES ($3, $1, $2, $4, $5, $6)",
            params![self.id, member, digest.as_bytes().as_slice(), because, now, until],
        )
    }

    /// Uses a member's link up; false when somebody was faster, or it is too old.
    pub fn use_recovery_link(
        &mut self,
        member: MemberId,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "DELETE FROM recovery_link \
             WHERE organization_id = $1 AND member_id = $2 AND token_hash = $3 AND expires_at > $4",
            params![self.id, member, digest.as_bytes().as_slice(), now],
        )?;
        Ok(touched == 1)
    }

    /// Takes everything from a member that they come in with or are known by, but the password:
    /// sessions, second factors, recovery codes, open questions, keys for programs, browsers, networks.
    pub fn forget_ways_in(&mut self, member: MemberId) -> StoreResult<()> {
        for sql in [
            "DELETE FROM session WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM authenticator WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM passkey WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM recovery_code WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM provider_link WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM provider_attempt WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM challenge WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM device WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM api_key WHERE organization_id = $1 AND member_id = $2",
            "DELETE FROM familiar_network WHERE organization_id = $1 AND member_id = $2",
        ] {
            self.tx.execute(sql, params![self.id, member])?;
        }
        Ok(())
    }
}
