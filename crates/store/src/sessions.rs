//! Sessions, the browsers they are in, and what members are told of their sign-in.

use std::time::Duration;

use domain::member::{Proof, SecurityNotice, Standing};
pub use domain::retention::{DEVICE_KEPT, NETWORK_KEPT, NOTICE_KEPT, SESSION_IDLE, SESSION_MAX};
use domain::{Granted, MemberId, NoticeId, OrganizationId, SessionId, Timestamp};
use vault::TokenDigest;

use crate::db::{StoreError, StoreResult, Tx};
use crate::{Tenant, params};

/// A session's "last seen" is written at most this often.
pub const SEEN_RESOLUTION: Duration = Duration::from_mins(1);
/// Most notices shown at once.
const MAX_NOTICES: i64 = 50;

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: SessionId,
    /// The member.
    pub member: MemberId,
    /// Their organization.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// Their language.
    pub language: String,
    /// `auto`, `light` or `dark`.
    pub theme: String,
    /// When the session was last written as seen.
    pub last_seen_at: Timestamp,
    /// What it has shown, and what its member has to show.
    pub standing: Standing,
    /// What its member may.
    pub granted: Granted,
}

/// A new session.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Id.
    pub id: SessionId,
    /// Digest of the token in the browser.
    pub digest: TokenDigest,
    /// Whose.
    pub member: MemberId,
    /// How they proved who they are.
    pub proof: Proof,
    /// The browser in a few words.
    pub device: String,
}

/// A session, for its member's own list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Id.
    pub id: SessionId,
    /// The browser in a few words.
    pub device: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
}

/// Whether a member knows a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// They signed in with it before.
    Known,
    /// It is the first of all.
    First,
    /// They have others.
    New,
}

/// Something that a member is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// Id.
    pub id: NoticeId,
    /// A word of [`SecurityNotice`].
    pub kind: String,
    /// The browser that it came from, in a few words.
    pub device: String,
    /// When it happened.
    pub at: Timestamp,
    /// Whether it was read.
    pub seen: bool,
}

/// The session of a token, if it is good now; [`Tenant::touch_session`] notes its use.
pub fn session(tx: &mut Tx<'_>, digest: &TokenDigest, now: Timestamp) -> StoreResult<Option<SignedIn>> {
    let found = tx.row(
        "SELECT s.id, s.member_id, s.organization_id, o.name, m.language, m.theme, s.last_seen_at, s.proof, \
                s.proven_at, \
                (SELECT COUNT(*) FROM passkey p \
                 WHERE p.organization_id = s.organization_id AND p.member_id = s.member_id) \
                + (SELECT COUNT(*) FROM authenticator a \
                   WHERE a.member_id = s.member_id AND a.confirmed_at IS NOT NULL) \
         FROM session s JOIN member m ON m.id = s.member_id JOIN organization o ON o.id = s.organization_id \
         WHERE s.token_hash = $1 AND s.last_seen_at > $2 AND s.created_at > $3 AND m.left_at IS NULL",
        params![digest.as_bytes().as_slice(), now.minus(SESSION_IDLE), now.minus(SESSION_MAX)],
        |row| {
            let proof: String = row.get(7)?;
            let proof = Proof::parse(&proof).ok_or(StoreError::Inconsistent {
                table: "session",
                column: "proof",
                value: proof,
            })?;
            Ok(SignedIn {
                session: row.get(0)?,
                member: row.get(1)?,
                organization: row.get(2)?,
                organization_name: row.get(3)?,
                language: row.get(4)?,
                theme: row.get(5)?,
                last_seen_at: row.get(6)?,
                standing: Standing {
                    proof,
                    proven_at: row.get(8)?,
                    has_factor: row.get::<i64>(9)? > 0,
                    administers: false,
                },
                granted: Granted::default(),
            })
        },
    )?;
    let Some(mut who) = found else { return Ok(None) };
    who.granted = Tenant::of(tx, who.organization).granted(who.member, now)?;
    who.standing.administers = who.granted.administers();
    Ok(Some(who))
}

impl Tenant<'_, '_> {
    /// Opens a session.
    pub fn open_session(&mut self, new: &NewSession, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO session (token_hash, id, organization_id, member_id, created_at, last_seen_at, proof, \
                                  proven_at, device) \
             VALUES ($1, $2, $3, $4, $5, $5, $6, $5, $7)",
            params![
                new.digest.as_bytes().as_slice(),
                new.id,
                self.id,
                new.member,
                now,
                new.proof.as_str(),
                &new.device
            ],
        )
    }

    /// Notes a proof, and gives the session another token: one that leaked before is worth
    /// nothing after.
    pub fn prove_session(
        &mut self,
        id: SessionId,
        digest: &TokenDigest,
        proof: Proof,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE session SET token_hash = $3, proof = $4, proven_at = $5, last_seen_at = $5 \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, id, digest.as_bytes().as_slice(), proof.as_str(), now],
        )
    }

    /// Notes that a session was used.
    pub fn touch_session(&mut self, id: SessionId, now: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE session SET last_seen_at = $3 WHERE organization_id = $1 AND id = $2",
            params![self.id, id, now],
        )?;
        Ok(())
    }

    /// Ends a session.
    pub fn close_session(&mut self, id: SessionId) -> StoreResult<()> {
        self.tx
            .execute("DELETE FROM session WHERE organization_id = $1 AND id = $2", params![self.id, id])?;
        Ok(())
    }

    /// Ends a member's other sessions, or one of them. Returns how many.
    pub fn close_others(
        &mut self,
        member: MemberId,
        own: SessionId,
        only: Option<SessionId>,
    ) -> StoreResult<u64> {
        match only {
            Some(only) => self.tx.execute(
                "DELETE FROM session WHERE organization_id = $1 AND member_id = $2 AND id <> $3 AND id = $4",
                params![self.id, member, own, only],
            ),
            None => self.tx.execute(
                "DELETE FROM session WHERE organization_id = $1 AND member_id = $2 AND id <> $3",
                params![self.id, member, own],
            ),
        }
    }

    /// A member's sessions that are good now, the one used last first.
    pub fn sessions(&mut self, member: MemberId, now: Timestamp) -> StoreResult<Vec<SessionRow>> {
        self.tx.rows(
            "SELECT id, device, created_at, last_seen_at FROM session \
             WHERE organization_id = $1 AND member_id = $2 AND last_seen_at > $3 AND created_at > $4 \
             ORDER BY last_seen_at DESC, id DESC",
            params![self.id, member, now.minus(SESSION_IDLE), now.minus(SESSION_MAX)],
            |row| {
                Ok(SessionRow {
                    id: row.get(0)?,
                    device: row.get(1)?,
                    created_at: row.get(2)?,
                    last_seen_at: row.get(3)?,
                })
            },
        )
    }

    /// Notes that a browser signed a member in.
    pub fn meet_device(
        &mut self,
        member: MemberId,
        digest: &TokenDigest,
        name: &str,
        now: Timestamp,
    ) -> StoreResult<Met> {
        let known = self.tx.execute(
            "UPDATE device SET last_seen_at = $4, name = $5 \
             WHERE organization_id = $1 AND member_id = $2 AND token_hash = $3",
            params![self.id, member, digest.as_bytes().as_slice(), now, name],
        )?;
        if known == 1 {
            return Ok(Met::Known);
        }
        let another = self.tx.row(
            "SELECT 1 FROM device WHERE organization_id = $1 AND member_id = $2 LIMIT 1",
            params![self.id, member],
            |_| Ok(()),
        )?;
        self.tx.execute_exactly(
            1,
            "INSERT INTO device (member_id, token_hash, organization_id, name, first_seen_at, last_seen_at) \
             VALUES ($2, $3, $1, $5, $4, $4)",
            params![self.id, member, digest.as_bytes().as_slice(), now, name],
        )?;
        Ok(if another.is_some() { Met::New } else { Met::First })
    }

    /// Whether a member signed in with a browser before.
    pub fn knows_device(&mut self, member: MemberId, digest: &TokenDigest) -> StoreResult<bool> {
        let found = self.tx.row(
            "SELECT 1 FROM device WHERE organization_id = $1 AND member_id = $2 AND token_hash = $3",
            params![self.id, member, digest.as_bytes().as_slice()],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// Notes that a member signed in from a network; `hash` is a keyed hash of both.
    pub fn meet_network(&mut self, member: MemberId, hash: &[u8; 32], now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO familiar_network (network_hash, organization_id, member_id, last_seen_at) \
             VALUES ($3, $1, $2, $4) ON CONFLICT (network_hash) DO UPDATE SET last_seen_at = excluded.last_seen_at \
             WHERE familiar_network.organization_id = $1 AND familiar_network.member_id = $2",
            params![self.id, member, hash.as_slice(), now],
        )
    }

    /// Whether a member signed in from a network lately; `hash` is a keyed hash of both.
    pub fn knows_network(&mut self, member: MemberId, hash: &[u8; 32], now: Timestamp) -> StoreResult<bool> {
        let found = self.tx.row(
            "SELECT 1 FROM familiar_network \
             WHERE organization_id = $1 AND member_id = $2 AND network_hash = $3 AND last_seen_at > $4",
            params![self.id, member, hash.as_slice(), now.minus(NETWORK_KEPT)],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// Tells a member something of their own sign-in.
    pub fn notify(
        &mut self,
        id: NoticeId,
        member: MemberId,
        notice: SecurityNotice,
        device: &str,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO security_notice (id, organization_id, member_id, kind, device, at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            params![id, self.id, member, notice.as_str(), device, now],
        )
    }

    /// What a member was told, the newest first.
    pub fn notices(&mut self, member: MemberId) -> StoreResult<Vec<NoticeRow>> {
        self.tx.rows(
            "SELECT id, kind, device, at, seen_at FROM security_notice \
             WHERE organization_id = $1 AND member_id = $2 ORDER BY at DESC, id DESC LIMIT $3",
            params![self.id, member, MAX_NOTICES],
            |row| {
                Ok(NoticeRow {
                    id: row.get(0)?,
                    kind: row.get(1)?,
                    device: row.get(2)?,
                    at: row.get(3)?,
                    seen: row.get::<Option<Timestamp>>(4)?.is_some(),
                })
            },
        )
    }

    /// How many notices a member has not read.
    pub fn unread_notices(&mut self, member: MemberId) -> StoreResult<i64> {
        let count = self.tx.row(
            "SELECT COUNT(*) FROM security_notice \
             WHERE organization_id = $1 AND member_id = $2 AND seen_at IS NULL",
            params![self.id, member],
            |row| row.get(0),
        )?;
        Ok(count.unwrap_or_default())
    }

    /// Notes that a member has read what they were told.
    pub fn notices_read(&mut self, member: MemberId, now: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE security_notice SET seen_at = $3 \
             WHERE organization_id = $1 AND member_id = $2 AND seen_at IS NULL",
            params![self.id, member, now],
        )?;
        Ok(())
    }
}
