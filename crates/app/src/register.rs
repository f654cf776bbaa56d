//! The register of requests, for members of the shop: read, answered, refused, erased for.

use domain::buyer::readings;
use domain::retention::MAIL_KEPT;
use domain::{Actor, Confidential, Grant, MemberId, OrganizationId, Purpose, RequestId, SubjectId};
use store::buyers::TermHash;
use store::keys::KeyOwner;
use store::requests::{RequestRow, RequestState, RequestTexts};
use store::{StoreError, Tenant};

use crate::App;
use crate::audit::{Deed, NotDone};
use crate::buyers::{MAX_BUYERS_FOUND, found_by};
use crate::error::AppError;
use crate::mail::Draft;
use crate::privacy::{MAX_TEXT_CHARS, Person, answer_place, person_place, unreadable};

/// A request with what it says. Shows no text in `Debug`.
#[derive(Clone)]
pub struct OpenRequest {
    /// What the register shows of it.
    pub row: RequestRow,
    /// Who asks, and what they wrote.
    pub person: Person,
    /// What they were answered; empty where nobody wrote anything.
    pub answer: Option<String>,
}

impl std::fmt::Debug for OpenRequest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "OpenRequest({})", self.row.id)
    }
}

/// An answer to a request. Shows no text in `Debug`.
#[derive(Clone)]
pub struct Answered {
    /// Whether it is refused.
    pub refused: bool,
    /// The answer, or the reason.
    pub text: String,
    /// The letter that brings it: one line, and plain text with the answer in it.
    pub letter: (String, String),
}

impl std::fmt::Debug for Answered {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Answered(refused: {})", self.refused)
    }
}

/// Why the register could not do something.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// A text is missing or too long.
    #[error("a text is missing or too long")]
    Incomplete,
    /// The request has ended.
    #[error("the request has ended")]
    Ended,
    /// The text can be neither a name nor a document nor a telephone number.
    #[error("neither two names nor a CPF, CNPJ or telephone number")]
    Unreadable,
    /// Too many buyers are called so to be sure who is meant.
    #[error("more than {MAX_BUYERS_FOUND} buyers are called so")]
    TooMany,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// What an erasure has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Buyers who cannot be found any more.
    pub buyers: i64,
    /// Buyers that a hold keeps.
    pub held: i64,
}

impl App {
    /// Opens a request for a member of the shop.
    pub async fn open_request(
        &self,
        organization: OrganizationId,
        by: MemberId,
        id: RequestId,
    ) -> Result<OpenRequest, AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        // tidy: allowed because a member of the shop answers the request; that they read it is in the log
        let grant = Grant::issue(Actor::Member(by), Purpose::Disclose, now);
        let found = self
            .organization(organization)
            .write(move |tenant| {
                let (Some(row), Some(RequestTexts { person, answer })) =
                    (tenant.request(id)?, tenant.request_texts(id)?)
                else {
                    return Ok(None);
                };
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let own = tenant.organization_id();
                let person = crate::secrets::open(&key, &person_place(own, id), &person, &grant)?;
                let person: Person =
                    serde_json::from_str(person.reveal(&grant)).map_err(|error| unreadable(&error))?;
                let answer = match answer {
                    Some(sealed) => {
                        let text = crate::secrets::open(&key, &answer_place(own, id), &sealed, &grant)?;
                        Some(text.reveal(&grant).clone())
                    }
                    None => None,
                };
                let deed = Deed::new(Actor::Member(by), "request.read", id.to_string());
                app.outcome(tenant, &deed.with("purpose", Purpose::Disclose.as_str()), "ok")?;
                Ok(Some(OpenRequest { row, person, answer }))
            })
            .await?;
        found.ok_or(AppError::NotFound("request"))
    }

    /// Answers or refuses a request; the answer goes by letter where an address was given.
    /// Returns whether a letter is on its way.
    pub async fn end_request(
        &self,
        organization: OrganizationId,
        by: MemberId,
        id: RequestId,
        answered: Answered,
    ) -> Result<bool, RegisterError> {
        let length = answered.text.chars().count();
        if length == 0 || length > MAX_TEXT_CHARS {
            return Err(RegisterError::Incomplete);
        }
        let open = self.open_request(organization, by, id).await?;
        let to = self.address_of(organization, &open).await?;
        let (app, now) = (self.clone(), self.clock().now());
        let ended = self
            .organization(organization)
            .write(move |tenant| {
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let place = answer_place(tenant.organization_id(), id);
                let sealed = app.seal(&key, &place, &Confidential::new(answered.text))?;
                let state = if answered.refused { RequestState::Refused } else { RequestState::Answered };
                if !tenant.end_request(id, state, &sealed, Some(by), now)? {
                    return Ok(None);
                }
                let deed = Deed::new(Actor::Member(by), "request.answered", id.to_string());
                app.outcome(tenant, &deed, state.as_str())?;
                let (subject, text) = answered.letter;
                let Some(to) = to.filter(|_| app.sends_mail()) else { return Ok(Some(false)) };
                let (text, kind) = (Confidential::new(text), "privacy answer");
                app.post(tenant, &Draft { kind, to, subject, text, good_for: MAIL_KEPT })?;
                Ok(Some(true))
            })
            .await?;
        self.jobs_came.notify_one();
        ended.ok_or(RegisterError::Ended)
    }

    /// Where an answer goes: the address of the member who asked, or the one that was given.
    async fn address_of(
        &self,
        organization: OrganizationId,
        open: &OpenRequest,
    ) -> Result<Option<Confidential<String>>, AppError> {
        if let Some(member) = open.row.member {
            let app = self.clone();
            let held = self.organization(organization);
            let around = held.read(move |tenant| app.surroundings(tenant, member)).await?;
            return Ok(Some(around.email));
        }
        let given = &open.person.contact;
        Ok(connect::mail::is_address(given).then(|| Confidential::new(given.clone())))
    }

    /// Destroys what buyers of this name, document or number are found by, for a request; they are
    /// not asked for again. Whom a hold keeps stays, and is counted.
    pub async fn erase_buyers(
        &self,
        organization: OrganizationId,
        by: MemberId,
        id: RequestId,
        called: &str,
    ) -> Result<Erased, RegisterError> {
        let wanted: Vec<Vec<TermHash>> =
            readings(called).iter().map(|terms| self.hashes(organization, terms)).collect();
        if wanted.is_empty() {
            return Err(RegisterError::Unreadable);
        }
        let app = self.clone();
        let done = self
            .organization(organization)
            .write(move |tenant| {
                if tenant.request(id)?.is_none() {
                    return Ok(None);
                }
                let found = found_by(tenant, &wanted)?;
                if found.len() > MAX_BUYERS_FOUND {
                    return Ok(Some(Err(RegisterError::TooMany)));
                }
                Ok(Some(Ok(app.erase_found(tenant, by, id, &found)?)))
            })
            .await?;
        done.ok_or(RegisterError::App(AppError::NotFound("request")))?
    }

    fn erase_found(
        &self,
        tenant: &mut Tenant<'_, '_>,
        by: MemberId,
        id: RequestId,
        found: &[SubjectId],
    ) -> store::StoreResult<Erased> {
        let mut erased = Erased::default();
        for buyer in found {
            if tenant.buyer_is_held(*buyer)? {
                erased.held += 1;
                continue;
            }
            tenant.oppose_buyer(*buyer, self.clock().now())?;
            self.keep_erasure(tenant, KeyOwner::Subject(*buyer))?;
            erased.buyers += 1;
        }
        tenant.note_erased(id, erased.buyers)?;
        let deed = Deed::new(Actor::Member(by), "request.erased", id.to_string())
            .with("buyers", erased.buyers)
            .with("held", erased.held);
        if erased.buyers == 0 && erased.held > 0 {
            self.not_done(tenant, &deed, NotDone::Refused, "held")?;
        } else {
            self.outcome(tenant, &deed, "ok")?;
        }
        Ok(erased)
    }
}
