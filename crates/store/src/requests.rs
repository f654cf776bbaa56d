//! What people ask of their data: one-time codes, and the register.

use domain::privacy::{Regime, RequestKind};
use domain::{Confidential, MemberId, OrganizationId, RequestId, TicketId, Timestamp};
use vault::{Sealed, TokenDigest};

use crate::db::{Row, StoreResult, Tx};
use crate::{Tenant, params};

/// Requests shown at once.
pub const REQUEST_ROWS: u32 = 200;
/// Events about a member that are handed out, at most.
pub const MEMBER_EVENTS: u32 = 1_000;

/// A browser that wants a code.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// Id, for the job.
    pub id: TicketId,
    /// Digest of the token in the browser.
    pub digest: TokenDigest,
    /// The address that was named, and the letter for it.
    pub letter: Sealed<Confidential<String>>,
    /// Codes that may be tried.
    pub tries: i64,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What a right code shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Where.
    pub organization: OrganizationId,
    /// Who.
    pub member: MemberId,
}

/// Takes one try of a ticket; gives what its code is to be held against. `None` when there is no
/// such ticket, it is too old, or has no try left. One of an address that is not on file has no
/// code that anything could be equal to.
pub fn take_try(
    tx: &mut Tx<'_>,
    digest: &TokenDigest,
    now: Timestamp,
) -> StoreResult<Option<(OrganizationId, Option<Vec<u8>>)>> {
    tx.row(
        "UPDATE privacy_ticket SET tries_left = tries_left - 1 \
         WHERE token_hash = $1 AND expires_at > $2 AND tries_left > 0 AND proven_at IS NULL \
         RETURNING organization_id, code_hash",
        params![digest.as_bytes().as_slice(), now],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Notes that a ticket's code was right; the code is gone with that. False when somebody else was
/// quicker.
pub fn prove_ticket(
    tx: &mut Tx<'_>,
    digest: &TokenDigest,
    now: Timestamp,
    until: Timestamp,
) -> StoreResult<bool> {
    let touched = tx.execute(
        "UPDATE privacy_ticket SET proven_at = $2, code_hash = NULL, expires_at = $3 \
         WHERE token_hash = $1 AND expires_at > $2 AND proven_at IS NULL AND member_id IS NOT NULL",
        params![digest.as_bytes().as_slice(), now, until],
    )?;
    Ok(touched == 1)
}

/// Who a browser has shown to be, if its ticket is proven and good.
pub fn proven_ticket(tx: &mut Tx<'_>, digest: &TokenDigest, now: Timestamp) -> StoreResult<Option<Ticket>> {
    tx.row(
        "SELECT organization_id, member_id FROM privacy_ticket \
         WHERE token_hash = $1 AND expires_at > $2 AND proven_at IS NOT NULL AND member_id IS NOT NULL",
        params![digest.as_bytes().as_slice(), now],
        |row| Ok(Ticket { organization: row.get(0)?, member: row.get(1)? }),
    )
}

/// Ends a ticket.
pub fn drop_ticket(tx: &mut Tx<'_>, digest: &TokenDigest) -> StoreResult<()> {
    tx.execute("DELETE FROM privacy_ticket WHERE token_hash = $1", params![digest.as_bytes().as_slice()])
        .map(drop)
}

/// A request to be kept.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Id.
    pub id: RequestId,
    /// What is asked for.
    pub kind: RequestKind,
    /// By which law.
    pub regime: Regime,
    /// The language that they read.
    pub language: String,
    /// The member who asks, where a code has shown it.
    pub member: Option<MemberId>,
    /// Who they say they are, how they are reached, and what they wrote.
    pub person: Sealed<Confidential<String>>,
    /// When it came.
    pub received_at: Timestamp,
    /// The first instant that is too late for an answer.
    pub due_at: Timestamp,
}

/// How a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// It waits.
    Open,
    /// It was answered.
    Answered,
    /// It was refused, with the reason.
    Refused,
}

impl RequestState {
    /// The word in the database and in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Refused => "refused",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Answered, Self::Refused].into_iter().find(|state| state.as_str() == text)
    }
}

/// A request of the register; what it says of the person is apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Id.
    pub id: RequestId,
    /// What is asked for.
    pub kind: RequestKind,
    /// By which law.
    pub regime: Regime,
    /// How it stands.
    pub state: RequestState,
    /// The language that they read.
    pub language: String,
    /// The member who asks, where a code has shown it.
    pub member: Option<MemberId>,
    /// When it came.
    pub received_at: Timestamp,
    /// The first instant that is too late for an answer.
    pub due_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Buyers whose data was erased for it.
    pub erased: i64,
}

/// The texts of a request.
#[derive(Debug, Clone)]
pub struct RequestTexts {
    /// Who asks, and what they wrote.
    pub person: Sealed<Confidential<String>>,
    /// The answer, if there is one.
    pub answer: Option<Sealed<Confidential<String>>>,
}

const COLUMNS: &str = "id, kind, regime, state, language, member_id, received_at, due_at, ended_at, erased";

fn request(row: &Row<'_>) -> StoreResult<RequestRow> {
    Ok(RequestRow {
        id: row.get(0)?,
        kind: row.word(1, "privacy_request", "kind", RequestKind::parse)?,
        regime: row.word(2, "privacy_request", "regime", Regime::parse)?,
        state: row.word(3, "privacy_request", "state", RequestState::parse)?,
        language: row.get(4)?,
        member: row.get(5)?,
        received_at: row.get(6)?,
        due_at: row.get(7)?,
        ended_at: row.get(8)?,
        erased: row.get(9)?,
    })
}

/// Open requests of all organizations whose time is over.
pub fn overdue_requests(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<i64> {
    let sql = "SELECT COUNT(*) FROM privacy_request WHERE state = 'open' AND due_at <= $1";
    Ok(tx.row(sql, params![now], |row| row.get(0))?.unwrap_or_default())
}

impl Tenant<'_, '_> {
    /// Keeps that a browser wants a code.
    pub fn keep_ticket(&mut self, new: &NewTicket) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO privacy_ticket (token_hash, id, organization_id, letter_sealed, tries_left, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            params![
                new.digest.as_bytes().as_slice(),
                new.id,
                self.id,
                new.letter.as_bytes(),
                new.tries,
                new.expires_at
            ],
        )
    }

    /// The address and letter of a ticket that has no code yet, and until when it is good.
    pub fn ticket_letter(
        &mut self,
        id: TicketId,
        now: Timestamp,
    ) -> StoreResult<Option<(Sealed<Confidential<String>>, Timestamp)>> {
        self.tx.row(
            "SELECT letter_sealed, expires_at FROM privacy_ticket \
             WHERE organization_id = $1 AND id = $2 AND expires_at > $3 AND code_hash IS NULL AND proven_at IS NULL",
            params![self.id, id, now],
            |row| Ok((Sealed::from_bytes(row.get(0)?), row.get(1)?)),
        )
    }

    /// The digest that a ticket stands under.
    pub fn ticket_digest(&mut self, id: TicketId) -> StoreResult<Option<TokenDigest>> {
        let bytes: Option<Vec<u8>> = self.tx.row(
            "SELECT token_hash FROM privacy_ticket WHERE organization_id = $1 AND id = $2",
            params![self.id, id],
            |row| row.get(0),
        )?;
        Ok(bytes.and_then(|bytes| Some(TokenDigest::from_bytes(bytes.try_into().ok()?))))
    }

    /// Gives a ticket its code and whose it is. False when it has one.
    pub fn code_ticket(&mut self, id: TicketId, member: MemberId, code: &[u8; 32]) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE privacy_ticket SET code_hash = $3, member_id = $4 \
             WHERE organization_id = $1 AND id = $2 AND code_hash IS NULL AND proven_at IS NULL",
            params![self.id, id, code.as_slice(), member],
        )?;
        Ok(touched == 1)
    }

    /// Keeps a request.
    pub fn keep_request(&mut self, new: &NewRequest) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO privacy_request (id, organization_id, kind, regime, state, language, member_id, \
                                          person_sealed, received_at, due_at, erased) \
             VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9, 0)",
            params![
                new.id,
                self.id,
                new.kind.as_str(),
                new.regime.as_str(),
                &new.language,
                new.member,
                new.person.as_bytes(),
                new.received_at,
                new.due_at
            ],
        )
    }

    /// The register: what is open, the soonest due first, then what has ended, the newest first.
    pub fn requests(&mut self) -> StoreResult<Vec<RequestRow>> {
        let open = format!(
            "SELECT {COLUMNS} FROM privacy_request WHERE organization_id = $1 AND state = 'open' \
             ORDER BY due_at, id LIMIT {REQUEST_ROWS}"
        );
        let ended = format!(
            "SELECT {COLUMNS} FROM privacy_request WHERE organization_id = $1 AND state <> 'open' \
             ORDER BY id DESC LIMIT {REQUEST_ROWS}"
        );
        let mut all = self.tx.rows(&open, params![self.id], request)?;
        all.extend(self.tx.rows(&ended, params![self.id], request)?);
        Ok(all)
    }

    /// A request of the register.
    pub fn request(&mut self, id: RequestId) -> StoreResult<Option<RequestRow>> {
        let sql = format!("SELECT {COLUMNS} FROM privacy_request WHERE organization_id = $1 AND id = $2");
        self.tx.row(&sql, params![self.id, id], request)
    }

    /// The requests that a member made, the newest first.
    pub fn requests_of(&mut self, member: MemberId) -> StoreResult<Vec<RequestRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM privacy_request WHERE organization_id = $1 AND member_id = $2 \
             ORDER BY id DESC LIMIT {REQUEST_ROWS}"
        );
        self.tx.rows(&sql, params![self.id, member], request)
    }

    /// What a request says of its person, and its answer if there is one.
    pub fn request_texts(&mut self, id: RequestId) -> StoreResult<Option<RequestTexts>> {
        self.tx.row(
            "SELECT person_sealed, answer_sealed FROM privacy_request WHERE organization_id = $1 AND id = $2",
            params![self.id, id],
            |row| {
                let answer: Option<Vec<u8>> = row.get(1)?;
                Ok(RequestTexts {
                    person: Sealed::from_bytes(row.get(0)?),
                    answer: answer.map(Sealed::from_bytes),
                })
            },
        )
    }

    /// Ends a request that is open. False when it is not.
    pub fn end_request(
        &mut self,
        id: RequestId,
        state: RequestState,
        answer: &Sealed<Confidential<String>>,
        by: Option<MemberId>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE privacy_request SET state = $3, answer_sealed = $4, ended_by = $5, ended_at = $6 \
             WHERE organization_id = $1 AND id = $2 AND state = 'open'",
            params![self.id, id, state.as_str(), answer.as_bytes(), by, now],
        )?;
        Ok(touched == 1)
    }

    /// Notes how many buyers' data was erased for a request.
    pub fn note_erased(&mut self, id: RequestId, count: i64) -> StoreResult<()> {
        let sql = "UPDATE privacy_request SET erased = erased + $3 WHERE organization_id = $1 AND id = $2";
        self.tx.execute_exactly(1, sql, params![self.id, id, count])
    }

    /// What a member is besides their address: language, theme, and since when.
    pub fn member_facts(&mut self, member: MemberId) -> StoreResult<Option<MemberFacts>> {
        self.tx.row(
            "SELECT language, theme, created_at FROM member WHERE organization_id = $1 AND id = $2",
            params![self.id, member],
            |row| Ok(MemberFacts { language: row.get(0)?, theme: row.get(1)?, created_at: row.get(2)? }),
        )
    }

    /// The browsers that a member signed in with: name, first and last seen.
    pub fn devices(&mut self, member: MemberId) -> StoreResult<Vec<(String, Timestamp, Timestamp)>> {
        self.tx.rows(
            "SELECT name, first_seen_at, last_seen_at FROM device \
             WHERE organization_id = $1 AND member_id = $2 ORDER BY last_seen_at DESC",
            params![self.id, member],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
    }

    /// What a member did, as the log has it, the newest first: instant, action, subject.
    pub fn events_of(&mut self, member: MemberId) -> StoreResult<Vec<(Timestamp, String, String)>> {
        let actor = format!("member:{member}");
        let sql = format!(
            "SELECT at, action, subject_id FROM audit_event \
             WHERE organization_id = $1 AND actor = $2 \
               AND actor <> 'system:ingest' AND actor <> 'system:fan-out' \
             ORDER BY id DESC LIMIT {MEMBER_EVENTS}"
        );
        self.tx.rows(&sql, params![self.id, &actor], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }
}

/// What a member is besides their address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberFacts {
    /// Their language.
    pub language: String,
    /// `auto`, `light` or `dark`.
    pub theme: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// An organization that is the only one.
pub fn only_organization(tx: &mut Tx<'_>) -> StoreResult<Option<OrganizationId>> {
    let some: Vec<OrganizationId> =
        tx.rows("SELECT id FROM organization ORDER BY id LIMIT 2", &[], |row| row.get(0))?;
    match some.as_slice() {
        [only] => Ok(Some(*only)),
        _ => Ok(None),
    }
}

/// The name of an organization, for pages that anyone may read.
pub fn public_name(tx: &mut Tx<'_>, id: OrganizationId) -> StoreResult<Option<String>> {
    tx.row("SELECT name FROM organization WHERE id = $1", params![id], |row| row.get(0))
}
