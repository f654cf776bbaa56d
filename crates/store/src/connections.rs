//! Connections: their state, their sealed tokens and who may renew them.

use domain::connection::ReauthorizationReason;
use domain::shield::Delay;
use domain::{
    ChannelKind, ConnectionId, ConnectionState, DataKeyId, MemberId, Restricted, Timestamp, TokenLife,
};
use std::time::Duration;
use vault::{Sealed, TokenDigest, WrappedKey};

use crate::db::{Row, StoreError, StoreResult, Tx};
use crate::{Tenant, params, shield};

/// A renewal's lease: longer than the client's own deadline for the call.
pub const RENEWAL_LEASE: Duration = Duration::from_mins(1);

/// A connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Id.
    pub id: ConnectionId,
    /// Its channel.
    pub channel: ChannelKind,
    /// The platform's id of the account.
    pub account_external_id: String,
    /// What the platform wants the account called by in calls, where that is not its id.
    pub handle: Option<String>,
    /// The shop's public name.
    pub name: String,
    /// The platform's site or region.
    pub site: String,
    /// Where it stands.
    pub state: ConnectionState,
    /// Since when.
    pub state_since: Timestamp,
    /// How long its consent lasts.
    pub life: TokenLife,
    /// Counts the pairs; the pair in use is sealed for this version.
    pub token_version: i64,
    /// Scopes granted, in the platform's words.
    pub scopes: String,
    /// What the last renewal failed with; `None` after one that succeeded.
    pub renewal_error: Option<String>,
    /// When the last hook came.
    pub last_hook_at: Option<Timestamp>,
    /// When the last sweep ended.
    pub last_sweep_at: Option<Timestamp>,
    /// Orders updated before this instant have been seen by a sweep.
    pub swept_to: Option<Timestamp>,
    /// When the list of missed hooks was last read.
    pub last_missed_at: Option<Timestamp>,
    /// How long news of a sale there takes to get here.
    pub news_delay: Delay,
    /// How long a wish of ours takes until the platform shows it.
    pub write_delay: Delay,
    /// When it was first connected.
    pub created_at: Timestamp,
    /// When its owner last said yes in the browser.
    pub consented_at: Timestamp,
}

/// A connection's pair, sealed.
#[derive(Debug, Clone)]
pub struct SealedTokens {
    /// For calls.
    pub access: Sealed<Restricted<String>>,
    /// For the next pair.
    pub refresh: Option<Sealed<Restricted<String>>>,
    /// How long both last.
    pub life: TokenLife,
    /// Scopes granted, in the platform's words, separated by spaces.
    pub scopes: String,
    /// The account's next handle; `None` leaves the one that is known.
    pub handle: Option<String>,
}

/// All that a call for a connection needs.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The connection.
    pub connection: Connection,
    /// Its pair, of the version that the connection names.
    pub tokens: SealedTokens,
    /// The wrapped key that the pair is sealed under; `None` once it was destroyed.
    pub key: Option<(DataKeyId, WrappedKey)>,
}

/// Connections that wait for their owner and are told at once.
const NEEDING_OWNER: u32 = 3;
const COLUMNS: &str = "id, channel, account_external_id, name, site, state, state_reason, state_since, \
    tokens_issued_at, access_expires_at, consent_expires_at, token_version, scopes, renewal_error, last_hook_at, \
    last_sweep_at, swept_to, last_missed_at, created_at, consented_at, handle, news_delay_ms, write_delay_ms";

fn connection(row: &Row<'_>) -> StoreResult<Connection> {
    let state: String = row.get(5)?;
    let reason: Option<String> = row.get(6)?;
    Ok(Connection {
        id: row.get(0)?,
        channel: row.word(1, "connection", "channel", ChannelKind::parse)?,
        account_external_id: row.get(2)?,
        name: row.get(3)?,
        site: row.get(4)?,
        state: ConnectionState::parse(&state, reason.as_deref()).ok_or(StoreError::Inconsistent {
            table: "connection",
            column: "state",
            value: state,
        })?,
        state_since: row.get(7)?,
        life: TokenLife {
            issued_at: row.get(8)?,
            access_expires_at: row.get(9)?,
            consent_expires_at: row.get(10)?,
        },
        token_version: row.get(11)?,
        scopes: row.get(12)?,
        renewal_error: row.get(13)?,
        last_hook_at: row.get(14)?,
        last_sweep_at: row.get(15)?,
        swept_to: row.get(16)?,
        last_missed_at: row.get(17)?,
        created_at: row.get(18)?,
        consented_at: row.get(19)?,
        handle: row.get(20)?,
        news_delay: shield::delay(row.get(21)?),
        write_delay: shield::delay(row.get(22)?),
    })
}

/// Whose connection an account is: hooks name the account, not the organization.
pub fn by_account(
    tx: &mut Tx<'_>,
    channel: &str,
    account_external_id: &str,
) -> StoreResult<Option<(domain::OrganizationId, ConnectionId, bool)>> {
    tx.row(
        "SELECT organization_id, id, state FROM connection WHERE channel = $1 AND account_external_id = $2",
        params![channel, account_external_id],
        |row| {
            let state: String = row.get(2)?;
            Ok((row.get(0)?, row.get(1)?, state != "disconnected" && state != "dry_run"))
        },
    )
}

/// Every connection of every organization that runs: for the clockwork.
pub fn running(tx: &mut Tx<'_>) -> StoreResult<Vec<(domain::OrganizationId, Connection)>> {
    let after_the_others = COLUMNS.split(',').count();
    tx.rows(
        &format!("SELECT {COLUMNS}, organization_id FROM connection WHERE state = 'active' ORDER BY id"),
        &[],
        |row| Ok((row.get(after_the_others)?, connection(row)?)),
    )
}

impl Tenant<'_, '_> {
    /// A connection.
    pub fn connection(&mut self, id: ConnectionId) -> StoreResult<Option<Connection>> {
        self.tx.row(
            &format!("SELECT {COLUMNS} FROM connection WHERE organization_id = $1 AND id = $2"),
            params![self.id, id],
            connection,
        )
    }

    /// Connections that stand still until their owner acts, then those whose consent ends
    /// before `until`, the soonest first; a few, for a page to tell.
    pub fn needing_owner(&mut self, until: Timestamp) -> StoreResult<Vec<Connection>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM connection WHERE organization_id = $1 AND (state = 'needs_reauthorization' \
               OR (state IN ('active', 'dry_run') AND consent_expires_at <= $2)) \
             ORDER BY state DESC, consent_expires_at, id LIMIT {NEEDING_OWNER}"
        );
        self.tx.rows(&sql, params![self.id, until], connection)
    }

    /// A connection with all that a call for it needs, in one look.
    pub fn credentials(&mut self, id: ConnectionId) -> StoreResult<Option<Credentials>> {
        let sql = format!(
            "SELECT {COLUMNS}, access_sealed, refresh_sealed, \
               (SELECT k.id FROM data_key k \
                WHERE k.organization_id = $1 AND k.owner_kind = 'connection' AND k.owner_id = $2), \
               (SELECT k.wrapped FROM data_key k \
                WHERE k.organization_id = $1 AND k.owner_kind = 'connection' AND k.owner_id = $2) \
             FROM connection WHERE organization_id = $1 AND id = $2"
        );
        let behind = COLUMNS.split(',').count();
        self.tx.row(&sql, params![self.id, id], |row| {
            let connection = connection(row)?;
            let tokens = SealedTokens {
                access: Sealed::from_bytes(row.get(behind)?),
                refresh: row.get::<Option<Vec<u8>>>(behind + 1)?.map(Sealed::from_bytes),
                life: connection.life,
                scopes: connection.scopes.clone(),
                handle: connection.handle.clone(),
            };
            let wrapped: Option<Vec<u8>> = row.get(behind + 3)?;
            let key = match (row.get::<Option<DataKeyId>>(behind + 2)?, wrapped) {
                (Some(id), Some(wrapped)) => Some((id, WrappedKey::from_bytes(wrapped))),
                _ => None,
            };
            Ok(Credentials { connection, tokens, key })
        })
    }

    /// The connection of an account.
    pub fn connection_of_account(
        &mut self,
        channel: ChannelKind,
        account: &str,
    ) -> StoreResult<Option<Connection>> {
        self.tx.row(
            &format!(
                "SELECT {COLUMNS} FROM connection \
                 WHERE organization_id = $1 AND channel = $2 AND account_external_id = $3"
            ),
            params![self.id, channel.as_str(), account],
            connection,
        )
    }

    /// All connections, the oldest first.
    pub fn connections(&mut self) -> StoreResult<Vec<Connection>> {
        self.tx.rows(
            &format!("SELECT {COLUMNS} FROM connection WHERE organization_id = $1 ORDER BY id"),
            params![self.id],
            connection,
        )
    }

    /// Keeps a new connection in the state [`ConnectionState::DryRun`].
    /// [`StoreError::Duplicate`] when the account is connected already (to anyone).
    #[expect(clippy::too_many_arguments, reason = "one row, written in one place")]
    pub fn create_connection(
        &mut self,
        id: ConnectionId,
        channel: ChannelKind,
        account: &str,
        name: &str,
        site: &str,
        tokens: &SealedTokens,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO connection (id, organization_id, channel, account_external_id, name, site, state, \
               state_since, access_sealed, refresh_sealed, token_version, tokens_issued_at, access_expires_at, \
               consent_expires_at, scopes, consented_at, created_at, handle) \
             VALUES ($1, $2, $3, $4, $5, $6, 'dry_run', $7, $8, $9, 1, $10, $11, $12, $13, $7, $7, $14)",
            params![
                id,
                self.id,
                channel.as_str(),
                account,
                name,
                site,
                now,
                tokens.access.as_bytes(),
                tokens.refresh.as_ref().map(Sealed::as_bytes),
                tokens.life.issued_at,
                tokens.life.access_expires_at,
                tokens.life.consent_expires_at,
                &tokens.scopes,
                tokens.handle.as_deref()
            ],
        )
    }

    /// Moves a connection to another state.
    pub fn set_connection_state(
        &mut self,
        id: ConnectionId,
        state: ConnectionState,
        now: Timestamp,
    ) -> StoreResult<()> {
        let (word, reason) = state.as_words();
        self.tx.execute_exactly(
            1,
            "UPDATE connection SET state = $3, state_reason = $4, state_since = $5 \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, id, word, reason, now],
        )
    }

    /// Takes the right to renew the pair of `version`: one worker of one process gets it.
    /// False when another holds it or the pair is a newer one already.
    pub fn lease_renewal(
        &mut self,
        id: ConnectionId,
        version: i64,
        owner: &str,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE connection SET renewal_owner = $4, renewal_until = $5 \
             WHERE organization_id = $1 AND id = $2 AND token_version = $3 AND renewal_until < $6 \
               AND state IN ('active', 'dry_run')",
            params![self.id, id, version, owner, now.plus(RENEWAL_LEASE), now],
        )?;
        Ok(touched == 1)
    }

    /// Puts a new pair in the place of the pair of `version`, and ends the lease. The
    /// former pair is overwritten only here, when the new one is kept.
    pub fn replace_tokens(
        &mut self,
        id: ConnectionId,
        version: i64,
        tokens: &SealedTokens,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE connection SET access_sealed = $4, refresh_sealed = $5, token_version = token_version + 1, \
               tokens_issued_at = $6, access_expires_at = $7, consent_expires_at = $8, scopes = $9, \
               handle = COALESCE($10, handle), \
               renewal_owner = NULL, renewal_until = 0, renewal_error = NULL \
             WHERE organization_id = $1 AND id = $2 AND token_version = $3",
            params![
                self.id,
                id,
                version,
                tokens.access.as_bytes(),
                tokens.refresh.as_ref().map(Sealed::as_bytes),
                tokens.life.issued_at,
                tokens.life.access_expires_at,
                tokens.life.consent_expires_at,
                &tokens.scopes,
                tokens.handle.as_deref()
            ],
        )?;
        Ok(touched == 1)
    }

    /// Puts the pair of `version`, sealed anew for the next version, in its own place, unless
    /// somebody renews it just now.
    pub fn reseal_tokens(
        &mut self,
        id: ConnectionId,
        version: i64,
        access: &Sealed<Restricted<String>>,
        refresh: Option<&Sealed<Restricted<String>>>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE connection SET access_sealed = $4, refresh_sealed = $5, token_version = token_version + 1 \
             WHERE organization_id = $1 AND id = $2 AND token_version = $3 AND renewal_until < $6",
            params![self.id, id, version, access.as_bytes(), refresh.map(Sealed::as_bytes), now],
        )?;
        Ok(touched == 1)
    }

    /// Ends a lease whose renewal failed in a way that may pass; the pair stays.
    pub fn release_renewal(&mut self, id: ConnectionId, owner: &str, error: &str) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE connection SET renewal_owner = NULL, renewal_until = 0, renewal_error = $4 \
             WHERE organization_id = $1 AND id = $2 AND renewal_owner = $3",
            params![self.id, id, owner, error],
        )?;
        Ok(())
    }

    /// Counts an access token as ended before its time, unless it has been replaced.
    pub fn expire_access(&mut self, id: ConnectionId, version: i64, now: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE connection SET access_expires_at = $4 \
             WHERE organization_id = $1 AND id = $2 AND token_version = $3 AND access_expires_at > $4",
            params![self.id, id, version, now],
        )?;
        Ok(())
    }

    /// Stops a connection until a person acts, unless its pair has been replaced meanwhile.
    pub fn stop_connection(
        &mut self,
        id: ConnectionId,
        version: i64,
        reason: ReauthorizationReason,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE connection SET state = 'needs_reauthorization', state_reason = $4, state_since = $5, \
               renewal_owner = NULL, renewal_until = 0 \
             WHERE organization_id = $1 AND id = $2 AND token_version = $3 AND state IN ('active', 'dry_run')",
            params![self.id, id, version, reason.as_str(), now],
        )?;
        Ok(touched == 1)
    }

    /// Notes that the owner said yes in the browser.
    pub fn note_consent(&mut self, id: ConnectionId, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE connection SET consented_at = $3 WHERE organization_id = $1 AND id = $2",
            params![self.id, id, now],
        )
    }

    /// Notes that a hook came.
    pub fn note_hook(&mut self, id: ConnectionId, at: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE connection SET last_hook_at = $3 \
             WHERE organization_id = $1 AND id = $2 AND (last_hook_at IS NULL OR last_hook_at < $3)",
            params![self.id, id, at],
        )?;
        Ok(())
    }

    /// Notes that a sweep has covered everything up to `to`.
    pub fn note_sweep(&mut self, id: ConnectionId, to: Timestamp, now: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE connection SET last_sweep_at = $4, \
               swept_to = CASE WHEN swept_to IS NULL OR swept_to < $3 THEN $3 ELSE swept_to END \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, id, to, now],
        )?;
        Ok(())
    }

    /// Notes that the list of missed hooks was read.
    pub fn note_missed(&mut self, id: ConnectionId, now: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE connection SET last_missed_at = $3 WHERE organization_id = $1 AND id = $2",
            params![self.id, id, now],
        )?;
        Ok(())
    }

    /// Keeps an authorisation that was begun in a browser.
    pub fn begin_authorization(&mut self, attempt: &AuthorizationAttempt, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO authorization_attempt (state_hash, organization_id, member_id, channel, verifier_sealed, \
                                               verifier_row, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            params![
                attempt.state.as_bytes().as_slice(),
                self.id,
                attempt.member,
                attempt.channel.as_str(),
                attempt.verifier.as_bytes(),
                attempt.verifier_row,
                now,
                attempt.expires_at
            ],
        )
    }

    /// Takes an authorisation that comes back: once, by the member who began it.
    pub fn take_authorization(
        &mut self,
        state: &TokenDigest,
        member: MemberId,
        now: Timestamp,
    ) -> StoreResult<Option<AuthorizationAttempt>> {
        self.tx.row(
            "DELETE FROM authorization_attempt \
             WHERE state_hash = $1 AND organization_id = $2 AND member_id = $3 AND expires_at > $4 \
             RETURNING channel, verifier_sealed, verifier_row, expires_at",
            params![state.as_bytes().as_slice(), self.id, member, now],
            |row| {
                Ok(AuthorizationAttempt {
                    state: *state,
                    member,
                    channel: row.word(0, "authorization_attempt", "channel", ChannelKind::parse)?,
                    verifier: Sealed::from_bytes(row.get(1)?),
                    verifier_row: row.get(2)?,
                    expires_at: row.get(3)?,
                })
            },
        )
    }
}

/// An authorisation under way: what must come back, and the PKCE verifier.
#[derive(Debug, Clone)]
pub struct AuthorizationAttempt {
    /// Digest of the `state` parameter.
    pub state: TokenDigest,
    /// Who began it.
    pub member: MemberId,
    /// With which channel.
    pub channel: ChannelKind,
    /// The PKCE verifier (RFC 7636 §4.1), sealed.
    pub verifier: Sealed<Restricted<String>>,
    /// Names the sealed verifier's place.
    pub verifier_row: domain::SessionId,
    /// When it is no longer taken.
    pub expires_at: Timestamp,
}
