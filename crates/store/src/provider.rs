//! The team's identity provider: whose account there signs in as whom, and browsers that are on
//! their way to it.

use domain::{MemberId, OrganizationId, SessionId, Timestamp};
use vault::TokenDigest;

use crate::db::{StoreError, StoreResult, Tx};
use crate::{Tenant, params};

/// What a browser was sent to the provider for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// To come in.
    SignIn,
    /// So that the account there signs in as this member from now on.
    Link,
    /// To prove once more who they are.
    Confirm,
}

impl Errand {
    const ALL: [Self; 3] = [Self::SignIn, Self::Link, Self::Confirm];

    /// The word in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Link => "link",
            Self::Confirm => "confirm",
        }
    }
}

/// Whose browser it is, where somebody was signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traveller {
    /// Their organization.
    pub organization: OrganizationId,
    /// Who.
    pub member: MemberId,
    /// In which session.
    pub session: SessionId,
}

/// A browser that was sent to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What for.
    pub errand: Errand,
    /// Whose; nobody's yet for whoever comes in.
    pub of: Option<Traveller>,
    /// Where to go afterwards.
    pub next: String,
    /// When it left.
    pub began_at: Timestamp,
}

/// A member's account at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// The provider.
    pub issuer: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it last signed them in.
    pub last_used_at: Option<Timestamp>,
}

/// Keeps that a browser left, under the digest of its token.
pub fn keep_attempt(
    tx: &mut Tx<'_>,
    digest: &TokenDigest,
    attempt: &Attempt,
    until: Timestamp,
) -> StoreResult<()> {
    let of = attempt.of;
    tx.execute_exactly(
        1,
        "INSERT INTO provider_attempt (token_hash, purpose, organization_id, member_id, session_id, next, \
                                       began_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            digest.as_bytes().as_slice(),
            attempt.errand.as_str(),
            of.map(|of| of.organization),
            of.map(|of| of.member),
            of.map(|of| of.session),
            &attempt.next,
            attempt.began_at,
            until
        ],
    )
}

/// Takes a browser that came back; `None` when it is unknown, too late or was taken before.
pub fn take_attempt(tx: &mut Tx<'_>, digest: &TokenDigest, now: Timestamp) -> StoreResult<Option<Attempt>> {
    let found = tx.row(
        "SELECT purpose, organization_id, member_id, session_id, next, began_at FROM provider_attempt \
         WHERE token_hash = $1 AND expires_at > $2",
        params![digest.as_bytes().as_slice(), now],
        |row| {
            let word: String = row.get(0)?;
            let errand = Errand::ALL.into_iter().find(|errand| errand.as_str() == word);
            let errand = errand.ok_or(StoreError::Inconsistent {
                table: "provider_attempt",
                column: "purpose",
                value: word,
            })?;
            let organization: Option<OrganizationId> = row.get(1)?;
            let (member, session): (Option<MemberId>, Option<SessionId>) = (row.get(2)?, row.get(3)?);
            let of = organization.zip(member).zip(session);
            let of = of.map(|((organization, member), session)| Traveller { organization, member, session });
            Ok(Attempt { errand, of, next: row.get(4)?, began_at: row.get(5)? })
        },
    )?;
    let touched = tx.execute(
        "DELETE FROM provider_attempt WHERE token_hash = $1",
        params![digest.as_bytes().as_slice()],
    )?;
    Ok(found.filter(|_| touched == 1))
}

/// Who an account at a provider signs in as; nobody who left.
pub fn linked_member(
    tx: &mut Tx<'_>,
    subject_index: &[u8; 32],
) -> StoreResult<Option<(OrganizationId, MemberId)>> {
    tx.row(
        "SELECT m.organization_id, m.id FROM provider_link l \
         JOIN member m ON m.organization_id = l.organization_id AND m.id = l.member_id \
         WHERE l.subject_index = $1 AND m.left_at IS NULL",
        params![subject_index.as_slice()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

impl Tenant<'_, '_> {
    /// A member's account at a provider.
    pub fn provider_link(&mut self, member: MemberId) -> StoreResult<Option<LinkRow>> {
        self.tx.row(
            "SELECT issuer, created_at, last_used_at FROM provider_link \
             WHERE organization_id = $1 AND member_id = $2",
            params![self.id, member],
            |row| Ok(LinkRow { issuer: row.get(0)?, created_at: row.get(1)?, last_used_at: row.get(2)? }),
        )
    }

    /// Keeps that an account at a provider signs in as a member. [`StoreError::Duplicate`] when it
    /// is somebody's already, or the member has one.
    pub fn link_provider(
        &mut self,
        member: MemberId,
        issuer: &str,
        subject_index: &[u8; 32],
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO provider_link (subject_index, organization_id, member_id, issuer, created_at) \
             VALUES ($3, $1, $2, $4, $5)",
            params![self.id, member, subject_index.as_slice(), issuer, now],
        )
    }

    /// Notes that a member's account at the provider vouched for them.
    pub fn provider_used(&mut self, member: MemberId, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE provider_link SET last_used_at = $3 WHERE organization_id = $1 AND member_id = $2",
            params![self.id, member, now],
        )
    }

    /// Forgets a member's account at the provider; false when there is none.
    pub fn unlink_provider(&mut self, member: MemberId) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "DELETE FROM provider_link WHERE organization_id = $1 AND member_id = $2",
            params![self.id, member],
        )?;
        Ok(touched == 1)
    }
}
