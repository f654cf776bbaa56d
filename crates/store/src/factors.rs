//! Second factors: authenticator apps, passkeys, recovery codes, and the questions that
//! browsers have not answered yet.

use domain::{MemberId, OrganizationId, PasskeyId, Restricted, Timestamp};
use vault::passkey::{Challenge, Passkey};
use vault::{Sealed, TokenDigest};

use crate::db::{StoreError, StoreResult, Tx};
use crate::{Tenant, params};

/// An authenticator app.
#[derive(Debug, Clone)]
pub struct Authenticator {
    /// What it and we know, sealed.
    pub seed: Sealed<Restricted<Vec<u8>>>,
    /// Since when it counts; `None` until its first code came back.
    pub confirmed_at: Option<Timestamp>,
    /// The step of the code that was taken last.
    pub last_step: Option<i64>,
}

/// A passkey with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    /// Id.
    pub id: PasskeyId,
    /// What its member calls it.
    pub name: String,
    /// Its public half.
    pub passkey: Passkey,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last signed somebody in.
    pub last_used_at: Option<Timestamp>,
}

/// What a browser is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A second factor, after the right password.
    SecondStep,
    /// A passkey, of nobody in particular.
    PasskeySignIn,
    /// A new passkey.
    PasskeyNew,
    /// A proof before something sensitive.
    Confirm,
}

impl Asked {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SecondStep => "second_step",
            Self::PasskeySignIn => "passkey_sign_in",
            Self::PasskeyNew => "passkey_new",
            Self::Confirm => "confirm",
        }
    }
}

/// A question that waits for its answer.
#[derive(Debug, Clone)]
pub struct Question {
    /// What for.
    pub asked: Asked,
    /// Whose answer, where that is known.
    pub of: Option<(OrganizationId, MemberId)>,
    /// What a passkey has to sign.
    pub challenge: Challenge,
}

/// Keeps a question under the digest of its token.
pub fn keep_question(
    tx: &mut Tx<'_>,
    digest: &TokenDigest,
    question: &Question,
    until: Timestamp,
) -> StoreResult<()> {
    let (organization, member) = question.of.unzip();
    tx.execute_exactly(
        1,
        "INSERT INTO challenge (token_hash, purpose, organization_id, member_id, challenge, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            digest.as_bytes().as_slice(),
            question.asked.as_str(),
            organization,
            member,
            question.challenge.as_str(),
            until
        ],
    )
}

/// A question that is still open.
pub fn question(
    tx: &mut Tx<'_>,
    digest: &TokenDigest,
    asked: Asked,
    now: Timestamp,
) -> StoreResult<Option<Question>> {
    tx.row(
        "SELECT organization_id, member_id, challenge FROM challenge \
         WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3",
        params![digest.as_bytes().as_slice(), asked.as_str(), now],
        |row| {
            let organization: Option<OrganizationId> = row.get(0)?;
            Ok(Question {
                asked,
                of: organization.zip(row.get(1)?),
                challenge: Challenge::from_kept(row.get(2)?),
            })
        },
    )
}

/// Uses a question up; false when it is gone already.
pub fn use_question(tx: &mut Tx<'_>, digest: &TokenDigest) -> StoreResult<bool> {
    let touched =
        tx.execute("DELETE FROM challenge WHERE token_hash = $1", params![digest.as_bytes().as_slice()])?;
    Ok(touched == 1)
}

/// Whose passkey a credential is.
pub fn passkey_owner(
    tx: &mut Tx<'_>,
    credential: &str,
) -> StoreResult<Option<(OrganizationId, MemberId, PasskeyRow)>> {
    tx.row(
        "SELECT id, name, credential, created_at, last_used_at, organization_id, member_id \
         FROM passkey WHERE credential_id = $1",
        params![credential],
        |row| Ok((row.get(5)?, row.get(6)?, passkey_row(row)?)),
    )
}

fn passkey_row(row: &crate::Row<'_>) -> StoreResult<PasskeyRow> {
    let kept: String = row.get(2)?;
    let passkey = serde_json::from_str(&kept).map_err(|error| StoreError::Inconsistent {
        table: "passkey",
        column: "credential",
        value: error.to_string(),
    })?;
    Ok(PasskeyRow {
        id: row.get(0)?,
        name: row.get(1)?,
        passkey,
        created_at: row.get(3)?,
        last_used_at: row.get(4)?,
    })
}

fn as_json(passkey: &Passkey) -> StoreResult<String> {
    serde_json::to_string(passkey).map_err(|error| StoreError::Driver(error.to_string()))
}

impl Tenant<'_, '_> {
    /// A member's authenticator app, confirmed or not.
    pub fn authenticator(&mut self, member: MemberId) -> StoreResult<Option<Authenticator>> {
        self.tx.row(
            "SELECT seed_sealed, confirmed_at, last_step FROM authenticator \
             WHERE organization_id = $1 AND member_id = $2",
            params![self.id, member],
            |row| {
                Ok(Authenticator {
                    seed: Sealed::from_bytes(row.get(0)?),
                    confirmed_at: row.get(1)?,
                    last_step: row.get(2)?,
                })
            },
        )
    }

    /// Keeps an authenticator app that is not confirmed yet, in place of another such one;
    /// false when the member has a confirmed one.
    pub fn keep_authenticator(
        &mut self,
        member: MemberId,
        seed: &Sealed<Restricted<Vec<u8>>>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "INSERT INTO authenticator (member_id, organization_id, seed_sealed, created_at) \
             VALUES ($2, $1, $3, $4) \
             ON CONFLICT (member_id) DO UPDATE SET seed_sealed = excluded.seed_sealed, \
               created_at = excluded.created_at \
             WHERE authenticator.confirmed_at IS NULL \
               AND authenticator.organization_id = excluded.organization_id",
            params![self.id, member, seed.as_bytes(), now],
        )?;
        Ok(touched == 1)
    }

    /// Takes the code of a step; false when that step's code, or a later one's, was taken
    /// before. The first code confirms the app.
    pub fn take_step(&mut self, member: MemberId, step: i64, now: Timestamp) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE authenticator SET last_step = $3, confirmed_at = COALESCE(confirmed_at, $4) \
             WHERE organization_id = $1 AND member_id = $2 AND (last_step IS NULL OR last_step < $3)",
            params![self.id, member, step, now],
        )?;
        Ok(touched == 1)
    }

    /// Removes an authenticator app; false when there is none.
    pub fn remove_authenticator(&mut self, member: MemberId) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "DELETE FROM authenticator WHERE organization_id = $1 AND member_id = $2",
            params![self.id, member],
        )?;
        Ok(touched == 1)
    }

    /// A member's passkeys, the oldest first.
    pub fn passkeys(&mut self, member: MemberId) -> StoreResult<Vec<PasskeyRow>> {
        self.tx.rows(
            "SELECT id, name, credential, created_at, last_used_at FROM passkey \
             WHERE organization_id = $1 AND member_id = $2 ORDER BY created_at, id",
            params![self.id, member],
            passkey_row,
        )
    }

    /// Keeps a new passkey. [`StoreError::Duplicate`] when it is known already.
    pub fn keep_passkey(
        &mut self,
        id: PasskeyId,
        member: MemberId,
        name: &str,
        passkey: &Passkey,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO passkey (id, organization_id, member_id, credential_id, credential, name, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![id, self.id, member, &passkey.id, &as_json(passkey)?, name, now],
        )
    }

    /// Notes that a passkey was used, with its new count.
    pub fn passkey_used(&mut self, id: PasskeyId, passkey: &Passkey, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE passkey SET credential = $3, last_used_at = $4 WHERE organization_id = $1 AND id = $2",
            params![self.id, id, &as_json(passkey)?, now],
        )
    }

    /// Removes a passkey; false when the member has no such one.
    pub fn remove_passkey(&mut self, member: MemberId, id: PasskeyId) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "DELETE FROM passkey WHERE organization_id = $1 AND member_id = $2 AND id = $3",
            params![self.id, member, id],
        )?;
        Ok(touched == 1)
    }

    /// Replaces a member's recovery codes.
    pub fn replace_codes(
        &mut self,
        member: MemberId,
        hashes: &[[u8; 32]],
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute(
            "DELETE FROM recovery_code WHERE organization_id = $1 AND member_id = $2",
            params![self.id, member],
        )?;
        for hash in hashes {
            self.tx.execute_exactly(
                1,
                "INSERT INTO recovery_code (code_hash, organization_id, member_id, created_at) \
                 VALUES ($1, $2, $3, $4)",
                params![hash.as_slice(), self.id, member, now],
            )?;
        }
        Ok(())
    }

    /// Uses a recovery code up; false when it is not the member's or was used.
    pub fn use_code(&mut self, member: MemberId, hash: &[u8; 32], now: Timestamp) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE recovery_code SET used_at = $4 \
             WHERE organization_id = $1 AND member_id = $2 AND code_hash = $3 AND used_at IS NULL",
            params![self.id, member, hash.as_slice(), now],
        )?;
        Ok(touched == 1)
    }

    /// Recovery codes that were not used yet.
    pub fn codes_left(&mut self, member: MemberId) -> StoreResult<i64> {
        let count = self.tx.row(
            "SELECT COUNT(*) FROM recovery_code \
             WHERE organization_id = $1 AND member_id = $2 AND used_at IS NULL",
            params![self.id, member],
            |row| row.get(0),
        )?;
        Ok(count.unwrap_or_default())
    }
}
