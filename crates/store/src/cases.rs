//! Cases: what buyers and platforms want of the seller, and what members answered.

use domain::case::{Case, CaseState};
use domain::{
    AnswerId, CaseId, CaseKey, CaseKind, CaseSnapshot, CaseVersion, ChannelKind, ConnectionId, Currency,
    Desk, MemberId, Money, OrderId, Problem, Restricted, Timestamp,
};
use vault::Sealed;

use crate::db::{Row, StoreError, StoreResult, Val};
use crate::orders::channel;
use crate::pages::{PAGE_ROWS, Query};
use crate::{Tenant, params};

/// A case as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCase {
    /// Id.
    pub id: CaseId,
    /// Whose account it is.
    pub connection: ConnectionId,
    /// Its channel.
    pub channel: ChannelKind,
    /// Its name there.
    pub key: CaseKey,
    /// How new what is held is.
    pub version: CaseVersion,
    /// What is known of it.
    pub case: Case,
    /// The order it is about, where the house holds it.
    pub order: Option<OrderId>,
    /// What became of the last answer.
    pub answer: Option<AnswerState>,
}

/// How far an answer has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerState {
    /// On its way.
    Waiting,
    /// The platform has it.
    Sent,
    /// It did not arrive: a person has to look.
    Failed,
}

impl AnswerState {
    const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::Failed];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What a member answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Names this answer in every try.
    pub id: AnswerId,
    /// Who.
    pub member: MemberId,
    /// What (`connect::service::Verb`).
    pub verb: String,
    /// The platform's word of the reason.
    pub reason: Option<String>,
    /// How far it has got.
    pub state: AnswerState,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// In the error's own words.
    pub error: Option<String>,
    /// When it was given.
    pub created_at: Timestamp,
    /// When it arrived or was given up.
    pub ended_at: Option<Timestamp>,
}

/// An answer to be kept.
#[derive(Debug)]
pub struct NewAnswer {
    /// Names it in every try.
    pub id: AnswerId,
    /// Of which case.
    pub case: CaseId,
    /// Who.
    pub member: MemberId,
    /// What.
    pub verb: &'static str,
    /// The platform's word of the reason.
    pub reason: Option<String>,
    /// The text.
    pub text: Option<Sealed<Restricted<String>>>,
}

/// Which cases a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Only of this kind.
    pub kind: Option<CaseKind>,
    /// Only of this channel.
    pub channel: Option<ChannelKind>,
    /// Only of this state (`waits_for_seller`…); all but those that are over where nothing
    /// is said.
    pub state: Option<String>,
}

/// A place in the list: after this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CasePlace {
    /// What the shop has to do, what others have to, what is over.
    pub rank: i64,
    /// Within the rank.
    pub at: i64,
    /// Its id.
    pub id: CaseId,
}

const COLUMNS: &str = "c.id, c.connection_id, c.channel, c.desk, c.external_id, c.kind, c.version_at, c.read_at, \
    c.state, c.state_detail, c.until_at, c.platform_status, c.reason, c.opened_at, c.order_external_id, \
    c.listing_external_id, c.amount_minor, c.currency, a.state, \
    (SELECT o.id FROM orders o WHERE o.connection_id = c.connection_id \
       AND o.organization_id = c.organization_id AND o.external_id = c.order_external_id)";

fn case_row(row: &Row<'_>) -> StoreResult<HeldCase> {
    let (state, detail): (String, String) = (row.get(8)?, row.get(9)?);
    let parsed = CaseState::parse(&state, &detail, row.get(10)?);
    let inconsistent = StoreError::Inconsistent { table: "service_case", column: "state", value: state };
    let currency: Option<String> = row.get(17)?;
    let currency = currency.as_deref().and_then(Currency::from_code);
    let amount: Option<i64> = row.get(16)?;
    let answer: Option<String> = row.get(18)?;
    Ok(HeldCase {
        id: row.get(0)?,
        connection: row.get(1)?,
        channel: channel(row, 2, "service_case")?,
        key: CaseKey { desk: row.word(3, "service_case", "desk", Desk::parse)?, external_id: row.get(4)? },
        version: CaseVersion { at: row.get(6)?, read_at: row.get(7)? },
        case: Case {
            kind: row.word(5, "service_case", "kind", CaseKind::parse)?,
            state: parsed.ok_or(inconsistent)?,
            platform_status: row.get(11)?,
            reason: row.get(12)?,
            opened_at: row.get(13)?,
            order_external_id: row.get(14)?,
            listing_external_id: row.get(15)?,
            amount: amount.zip(currency).map(|(minor, currency)| Money::new(minor, currency)),
        },
        order: row.get(19)?,
        answer: answer.as_deref().and_then(AnswerState::parse),
    })
}

impl Tenant<'_, '_> {
    /// The case of a platform's key, as it is held. Other transactions on the same case wait
    /// until this one ends.
    pub fn held_case(&mut self, connection: ConnectionId, key: &CaseKey) -> StoreResult<Option<HeldCase>> {
        self.tx.hold(&format!("case {connection}/{}/{}", key.desk.as_str(), key.external_id))?;
        self.look_at_case(connection, key)
    }

    /// The same without waiting for anyone.
    pub fn look_at_case(&mut self, connection: ConnectionId, key: &CaseKey) -> StoreResult<Option<HeldCase>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM service_case c LEFT JOIN case_answer a ON a.case_id = c.id \
             WHERE c.organization_id = $1 AND c.connection_id = $2 AND c.desk = $3 AND c.external_id = $4"
        );
        self.tx.row(&sql, params![self.id, connection, key.desk.as_str(), &key.external_id], case_row)
    }

    /// A case, for its page.
    pub fn case(&mut self, id: CaseId) -> StoreResult<Option<HeldCase>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM service_case c LEFT JOIN case_answer a ON a.case_id = c.id \
             WHERE c.organization_id = $1 AND c.id = $2"
        );
        self.tx.row(&sql, params![self.id, id], case_row)
    }

    /// Keeps a case seen for the first time.
    pub fn insert_case(
        &mut self,
        id: CaseId,
        connection: ConnectionId,
        snapshot: &CaseSnapshot,
        now: Timestamp,
    ) -> StoreResult<()> {
        let case = &snapshot.case;
        let (state, detail) = case.state.as_words();
        let place = case.place(snapshot.version);
        self.tx.execute_exactly(
            1,
            "INSERT INTO service_case (id, organization_id, connection_id, channel, desk, external_id, kind, version_at, \
               read_at, state, state_detail, platform_status, reason, opened_at, until_at, place_rank, place_at, \
               order_external_id, listing_external_id, amount_minor, currency, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
            params![
                id,
                self.id,
                connection,
                snapshot.channel.as_str(),
                snapshot.key.desk.as_str(),
                &snapshot.key.external_id,
                case.kind.as_str(),
                snapshot.version.at,
                snapshot.version.read_at,
                state,
                detail,
                &case.platform_status,
                case.reason.as_deref(),
                case.opened_at,
                case.state.until(),
                place.rank,
                place.at,
                case.order_external_id.as_deref(),
                case.listing_external_id.as_deref(),
                case.amount.map(|amount| amount.minor),
                case.amount.map(|amount| amount.currency.code()),
                now
            ],
        )
    }

    /// Keeps what newer news says of a case.
    pub fn update_case(&mut self, id: CaseId, snapshot: &CaseSnapshot) -> StoreResult<()> {
        let case = &snapshot.case;
        let (state, detail) = case.state.as_words();
        let place = case.place(snapshot.version);
        self.tx.execute_exactly(
            1,
            "UPDATE service_case SET kind = $3, version_at = $4, read_at = $5, state = $6, state_detail = $7, \
               platform_status = $8, reason = $9, opened_at = $10, until_at = $11, place_rank = $12, place_at = $13, \
               order_external_id = $14, listing_external_id = $15, amount_minor = $16, currency = $17 \
             WHERE organization_id = $1 AND id = $2",
            params![
                self.id,
                id,
                case.kind.as_str(),
                snapshot.version.at,
                snapshot.version.read_at,
                state,
                detail,
                &case.platform_status,
                case.reason.as_deref(),
                case.opened_at,
                case.state.until(),
                place.rank,
                place.at,
                case.order_external_id.as_deref(),
                case.listing_external_id.as_deref(),
                case.amount.map(|amount| amount.minor),
                case.amount.map(|amount| amount.currency.code())
            ],
        )
    }

    /// Cases of a connection that are not over and were not read since `before`: what no list
    /// shows any more is found this way.
    pub fn open_cases_unread_since(
        &mut self,
        connection: ConnectionId,
        before: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<CaseKey>> {
        self.tx.rows(
            "SELECT desk, external_id FROM service_case WHERE organization_id = $1 AND connection_id = $2 \
               AND state <> 'closed' AND read_at < $3 ORDER BY read_at LIMIT $4",
            params![self.id, connection, before, limit],
            case_key,
        )
    }

    /// Cases about an order that are not over.
    pub fn open_cases_of_order(
        &mut self,
        connection: ConnectionId,
        order_external_id: &str,
    ) -> StoreResult<Vec<CaseKey>> {
        self.tx.rows(
            "SELECT desk, external_id FROM service_case WHERE organization_id = $1 AND connection_id = $2 \
               AND order_external_id = $3 AND state <> 'closed' ORDER BY id",
            params![self.id, connection, order_external_id],
            case_key,
        )
    }

    /// A page of cases, what is due soonest first. One row more than a page tells that there
    /// is another.
    pub fn case_page(&mut self, filter: &CaseFilter, after: Option<CasePlace>) -> StoreResult<Vec<HeldCase>> {
        let mut query = Query::new("c.organization_id = ?", self.id.into());
        match &filter.state {
            Some(state) => query.and("c.state = ?", &[state.into()]),
            None => query.and("c.place_rank < 2", &[]),
        }
        if let Some(kind) = filter.kind {
            query.and("c.kind = ?", &[kind.as_str().into()]);
        }
        if let Some(channel) = filter.channel {
            query.and("c.channel = ?", &[channel.as_str().into()]);
        }
        if let Some(place) = after {
            let place: [Val<'_>; 3] = [place.rank.into(), place.at.into(), place.id.into()];
            query.and("(c.place_rank, c.place_at, c.id) > (?, ?, ?)", &place);
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM service_case c LEFT JOIN case_answer a ON a.case_id = c.id WHERE {} \
             ORDER BY c.place_rank, c.place_at, c.id LIMIT {}",
            query.conditions(),
            PAGE_ROWS + 1
        );
        self.tx.rows(&sql, query.params(), case_row)
    }

    /// Keeps an answer in the place of one that has ended. False while one is on its way.
    pub fn keep_answer(&mut self, new: &NewAnswer, now: Timestamp) -> StoreResult<bool> {
        let kept = self.tx.execute(
            "INSERT INTO case_answer (case_id, organization_id, id, member_id, verb, reason, text_sealed, state, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8) \
             ON CONFLICT (case_id) DO UPDATE SET id = excluded.id, member_id = excluded.member_id, \
               verb = excluded.verb, reason = excluded.reason, text_sealed = excluded.text_sealed, \
               state = 'waiting', problem = NULL, error = NULL, created_at = excluded.created_at, ended_at = NULL \
             WHERE case_answer.state <> 'waiting'",
            params![
                new.case,
                self.id,
                new.id,
                new.member,
                new.verb,
                new.reason.as_deref(),
                new.text.as_ref().map(Sealed::as_bytes),
                now
            ],
        )?;
        Ok(kept > 0)
    }

    /// The last answer of a case.
    pub fn case_answer(&mut self, case: CaseId) -> StoreResult<Option<Answer>> {
        self.tx.row(
            "SELECT id, member_id, verb, reason, state, problem, error, created_at, ended_at FROM case_answer \
             WHERE organization_id = $1 AND case_id = $2",
            params![self.id, case],
            |row| {
                let problem: Option<String> = row.get(5)?;
                Ok(Answer {
                    id: row.get(0)?,
                    member: row.get(1)?,
                    verb: row.get(2)?,
                    reason: row.get(3)?,
                    state: row.word(4, "case_answer", "state", AnswerState::parse)?,
                    problem: problem.as_deref().and_then(Problem::parse),
                    error: row.get(6)?,
                    created_at: row.get(7)?,
                    ended_at: row.get(8)?,
                })
            },
        )
    }

    /// The text of an answer, while it has not arrived.
    pub fn answer_text(&mut self, id: AnswerId) -> StoreResult<Option<Sealed<Restricted<String>>>> {
        let found = self.tx.row(
            "SELECT text_sealed FROM case_answer WHERE organization_id = $1 AND id = $2",
            params![self.id, id],
            |row| row.get::<Option<Vec<u8>>>(0),
        )?;
        Ok(found.flatten().map(Sealed::from_bytes))
    }

    /// Notes that an answer is tried (again): no other takes its place meanwhile.
    pub fn note_answer_tried(&mut self, id: AnswerId) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE case_answer SET state = 'waiting' WHERE organization_id = $1 AND id = $2 AND state = 'failed'",
            params![self.id, id],
        )?;
        Ok(())
    }

    /// Notes that the platform has an answer: its text is forgotten.
    pub fn note_answer_sent(&mut self, id: AnswerId, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE case_answer SET state = 'sent', text_sealed = NULL, problem = NULL, error = NULL, ended_at = $3 \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, id, now],
        )
    }

    /// Notes that an answer did not arrive. Its text stays: it can be tried again.
    pub fn note_answer_failed(
        &mut self,
        id: AnswerId,
        problem: Problem,
        error: &str,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE case_answer SET state = 'failed', problem = $3, error = $4, ended_at = $5 \
             WHERE organization_id = $1 AND id = $2 AND state <> 'sent'",
            params![self.id, id, problem.as_str(), error, now],
        )
    }

    /// How far a connection's cases have been swept.
    pub fn cases_swept_to(&mut self, connection: ConnectionId) -> StoreResult<Option<Timestamp>> {
        self.tx.row(
            "SELECT swept_to FROM case_sweep WHERE organization_id = $1 AND connection_id = $2",
            params![self.id, connection],
            |row| row.get(0),
        )
    }

    /// Notes how far a connection's cases have been swept.
    pub fn note_case_sweep(&mut self, connection: ConnectionId, swept_to: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO case_sweep (connection_id, organization_id, swept_to) VALUES ($1, $2, $3) \
             ON CONFLICT (connection_id) DO UPDATE SET swept_to = excluded.swept_to",
            params![connection, self.id, swept_to],
        )
    }
}

fn case_key(row: &Row<'_>) -> StoreResult<CaseKey> {
    Ok(CaseKey { desk: row.word(0, "service_case", "desk", Desk::parse)?, external_id: row.get(1)? })
}
