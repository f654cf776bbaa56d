//! The privacy centre: what anyone may ask of their data, who they are shown by a code to an
//! address on file, and what they get on the spot (docs/decisions/0026).
//!
//! Whoever names an address learns nothing from what happens: a ticket is kept either way, and a
//! job looks later whether there is somebody to send a code to.

use std::time::Duration;

use domain::limit::{MESSAGE_PER_NETWORK, MESSAGE_PER_RECIPIENT, Taken};
use domain::privacy::{Regime, RequestKind, due};
use domain::retention::TICKET_LIFE;
use domain::{Actor, Confidential, Grant, MemberId, OrganizationId, Purpose, RequestId, TicketId, Timestamp};
use serde::{Deserialize, Serialize};
use store::keys::KeyOwner;
use store::requests::{self, NewRequest, NewTicket, RequestState, Ticket};
use store::{StoreError, StoreResult, Tenant};
use vault::{Place, SubKey, Token, TokenDigest};
use zeroize::Zeroize;

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::jobs::Work;
use crate::mail::Draft;
use crate::people::normalised;

/// Codes that may be tried for one ticket.
pub const CODE_TRIES: i64 = 5;
/// Digits of a code: with five tries each half minute, a day's guessing finds one address's code
/// once in seven thousand.
const CODE_DIGITS: usize = 8;
/// Numbers that a code can be.
const CODES: u64 = 100_000_000;
/// Longest text that a person writes, in characters.
pub const MAX_TEXT_CHARS: usize = 4_000;
/// Longest line that a person writes, in characters.
pub const MAX_LINE_CHARS: usize = 254;
/// Stands in a letter where its code goes.
pub const CODE_MARK: &str = "{code}";

/// A letter whose code is not made yet.
#[derive(Debug, Clone)]
pub struct CodeLetter {
    /// One line.
    pub subject: String,
    /// Plain text, with [`CODE_MARK`] in it.
    pub text: String,
}

/// What a person writes when they ask for something. Shows none of it in `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// How they are reached.
    pub contact: String,
    /// What they may be found by: a name, a document, a telephone number.
    pub called: String,
    /// What they write.
    pub text: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Person(…)")
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.contact.zeroize();
        self.called.zeroize();
        self.text.zeroize();
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// What.
    pub kind: RequestKind,
    /// By which law.
    pub regime: Regime,
}

/// Why something was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    /// It was asked for too soon after the last time.
    #[error("too soon after the last time")]
    Wait(Duration),
    /// The address is none, or a text is missing or too long.
    #[error("a field is missing or too long")]
    Incomplete,
    /// The code is wrong, or the ticket too old or used up.
    #[error("the code is not right")]
    Wrong,
    /// Nobody has shown who they are, or too long ago.
    #[error("nobody has shown who they are")]
    Unproven,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for PrivacyError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// A letter with its recipient, as it waits in a ticket.
#[derive(Serialize, Deserialize)]
struct Waiting {
    to: String,
    subject: String,
    text: String,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.to.zeroize();
    }
}

impl App {
    /// Takes a wish for a code, whoever's address it is. Gives what the browser is known by.
    pub async fn want_code(
        &self,
        organization: OrganizationId,
        email: &str,
        network: &str,
        letter: CodeLetter,
    ) -> Result<Token, PrivacyError> {
        let to = normalised(email);
        if !connect::mail::is_address(&to) || to.len() > MAX_LINE_CHARS {
            return Err(PrivacyError::Incomplete);
        }
        self.keep_pace_of_letters(network, &to).await?;
        let (token, now) = (Token::random(self.entropy()), self.clock().now());
        let (app, digest, id) = (self.clone(), token.digest(), TicketId::new(now, self.entropy()));
        let waiting = Waiting { to, subject: letter.subject, text: letter.text };
        self.organization(organization)
            .write(move |tenant| {
                let letter = serde_json::to_string(&waiting).map_err(|error| unreadable(&error))?;
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let place = ticket_place(tenant.organization_id(), id);
                let letter = app.seal(&key, &place, &Confidential::new(letter))?;
                let expires_at = now.plus(TICKET_LIFE);
                tenant.keep_ticket(&NewTicket { id, digest, letter, tries: CODE_TRIES, expires_at })?;
                app.ask_for_house(tenant, &Work::OfferCode { ticket: id }, "a code was wanted", now)?;
                let deed = Deed::new(Actor::Unknown, "privacy.code_wanted", id.to_string());
                app.outcome(tenant, &deed, "ok")
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(token)
    }

    /// One letter in 30 seconds for whoever asks and for whoever gets.
    async fn keep_pace_of_letters(&self, network: &str, to: &str) -> Result<(), PrivacyError> {
        let wanted = [(MESSAGE_PER_NETWORK, network), (MESSAGE_PER_RECIPIENT, to)];
        match self.limits().take(&wanted).await? {
            Taken::Allowed => Ok(()),
            Taken::Wait(wait) => Err(PrivacyError::Wait(wait)),
        }
    }

    /// Sends a code, where the address of a ticket is on file. False where it is not.
    pub(crate) async fn offer_code(
        &self,
        organization: OrganizationId,
        id: TicketId,
    ) -> Result<bool, AppError> {
        let now = self.clock().now();
        let held = self.organization(organization);
        let found =
            held.read(move |tenant| Ok((tenant.ticket_letter(id, now)?, tenant.ticket_digest(id)?))).await?;
        let (Some((sealed, expires_at)), Some(digest)) = found else { return Ok(false) };
        let app = self.clone();
        // tidy: allowed because the program itself reads whom a letter is for, and shows it to nobody
        let grant = Grant::issue(Actor::system("privacy"), Purpose::SendMail, now);
        let opening = grant.clone();
        let waiting = held
            .read(move |tenant| {
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let place = ticket_place(tenant.organization_id(), id);
                let text = crate::secrets::open(&key, &place, &sealed, &opening)?;
                serde_json::from_str::<Waiting>(text.reveal(&opening)).map_err(|error| unreadable(&error))
            })
            .await?;
        let member = self.member_of(&waiting.to).await?.filter(|(theirs, _)| *theirs == organization);
        let Some((_, member)) = member else { return Ok(false) };
        let code = self.new_code();
        let hash = self.code_hash(&digest, &code);
        let draft = Draft {
            kind: "privacy code",
            to: Confidential::new(waiting.to.clone()),
            subject: waiting.subject.clone(),
            text: Confidential::new(waiting.text.replace(CODE_MARK, &spaced(&code))),
            good_for: expires_at.since(now),
        };
        let app = self.clone();
        held.write(move |tenant| {
            if tenant.code_ticket(id, member, &hash)? {
                app.post(tenant, &draft)?;
            }
            Ok(())
        })
        .await?;
        self.jobs_came.notify_one();
        Ok(true)
    }

    fn new_code(&self) -> String {
        format!("{:0width$}", self.entropy().below(CODES), width = CODE_DIGITS)
    }

    fn code_hash(&self, ticket: &TokenDigest, code: &str) -> [u8; 32] {
        let key = self.keyring().derived(SubKey::Session);
        key.sign(&[b"privacy code ".as_slice(), ticket.as_bytes(), code.as_bytes()].concat())
    }

    /// Takes a code. The browser has shown who it is for, for a while.
    pub async fn show_code(&self, token: &str, code: &str) -> Result<(), PrivacyError> {
        let digest = Token::parse(token).map_err(|_| PrivacyError::Wrong)?.digest();
        let code: String = code.chars().filter(char::is_ascii_digit).collect();
        let shown = self.code_hash(&digest, &code);
        let (app, now) = (self.clone(), self.clock().now());
        let proven = self
            .store()
            .installation()
            .write(move |tx| {
                let Some((organization, kept)) = requests::take_try(tx, &digest, now)? else {
                    return Ok(false);
                };
                let is_right = kept.is_some_and(|kept| vault::token::equal(&kept, &shown))
                    && requests::prove_ticket(tx, &digest, now, now.plus(TICKET_LIFE))?;
                let who = requests::proven_ticket(tx, &digest, now)?.map(|ticket| ticket.member);
                let actor = who.map_or(Actor::Unknown, Actor::Member);
                let deed = Deed::new(actor, "privacy.code_shown", organization.to_string());
                let mut tenant = Tenant::of(tx, organization);
                if is_right {
                    app.outcome(&mut tenant, &deed, "ok")?;
                } else {
                    app.not_done(&mut tenant, &deed, crate::audit::NotDone::Refused, "wrong code")?;
                }
                Ok(is_right)
            })
            .await?;
        if proven { Ok(()) } else { Err(PrivacyError::Wrong) }
    }

    /// Who a browser has shown to be.
    pub async fn shown_to_be(&self, token: &str) -> Result<Ticket, PrivacyError> {
        let digest = Token::parse(token).map_err(|_| PrivacyError::Unproven)?.digest();
        let now = self.clock().now();
        let found =
            self.store().installation().read(move |tx| requests::proven_ticket(tx, &digest, now)).await?;
        found.ok_or(PrivacyError::Unproven)
    }

    /// Ends what a browser has shown.
    pub async fn forget_ticket(&self, token: &str) -> Result<(), PrivacyError> {
        let Ok(token) = Token::parse(token) else { return Ok(()) };
        let (app, digest, now) = (self.clone(), token.digest(), self.clock().now());
        let left = move |tx: &mut store::Tx<'_>| {
            let shown = requests::proven_ticket(tx, &digest, now)?;
            requests::drop_ticket(tx, &digest)?;
            let Some(Ticket { organization, member }) = shown else { return Ok(()) };
            let deed = Deed::new(Actor::Member(member), "privacy.left", organization.to_string());
            app.outcome(&mut Tenant::of(tx, organization), &deed, "ok")
        };
        Ok(self.store().installation().write(left).await?)
    }

    /// Takes a request into the register. `member` is who a code has shown; of anybody else, a
    /// person of the shop finds out who they are.
    pub async fn ask_privacy(
        &self,
        organization: OrganizationId,
        member: Option<MemberId>,
        asked: Asked,
        person: Person,
        language: &str,
        network: &str,
    ) -> Result<RequestId, PrivacyError> {
        let too_long = person.text.chars().count() > MAX_TEXT_CHARS
            || [&person.contact, &person.called].iter().any(|line| line.chars().count() > MAX_LINE_CHARS);
        let unreachable = member.is_none() && (person.contact.is_empty() || person.called.is_empty());
        if too_long || unreachable {
            return Err(PrivacyError::Incomplete);
        }
        if member.is_none() {
            match self.limits().take(&[(MESSAGE_PER_NETWORK, network)]).await? {
                Taken::Allowed => {}
                Taken::Wait(wait) => return Err(PrivacyError::Wait(wait)),
            }
        }
        let now = self.clock().now();
        let new = self.new_request(asked, member, language, now);
        let (app, id) = (self.clone(), new.id);
        self.organization(organization).write(move |tenant| app.keep_request(tenant, new, &person)).await?;
        Ok(id)
    }

    pub(crate) fn new_request(
        &self,
        asked: Asked,
        member: Option<MemberId>,
        language: &str,
        now: Timestamp,
    ) -> Unsealed {
        Unsealed {
            id: RequestId::new(now, self.entropy()),
            asked,
            member,
            language: language.to_owned(),
            received_at: now,
        }
    }

    pub(crate) fn keep_request(
        &self,
        tenant: &mut Tenant<'_, '_>,
        new: Unsealed,
        person: &Person,
    ) -> StoreResult<()> {
        let Unsealed { id, asked: Asked { kind, regime }, member, language, received_at } = new;
        let text = serde_json::to_string(person).map_err(|error| unreadable(&error))?;
        let key = self.data_key(tenant, KeyOwner::Organization)?;
        let place = person_place(tenant.organization_id(), id);
        let person = self.seal(&key, &place, &Confidential::new(text))?;
        let due_at = due(kind, regime, received_at);
        tenant.keep_request(&NewRequest {
            id,
            kind,
            regime,
            language,
            member,
            person,
            received_at,
            due_at,
        })?;
        let actor = member.map_or(Actor::Unknown, Actor::Member);
        let deed = Deed::new(actor, "request.received", id.to_string());
        self.outcome(tenant, &deed.with("kind", kind.as_str()).with("regime", regime.as_str()), "open")
    }

    /// Keeps that a request was answered on the spot.
    pub(crate) fn answer_on_the_spot(
        &self,
        tenant: &mut Tenant<'_, '_>,
        id: RequestId,
        member: MemberId,
        now: Timestamp,
    ) -> StoreResult<()> {
        let key = self.data_key(tenant, KeyOwner::Organization)?;
        let place = answer_place(tenant.organization_id(), id);
        let nothing = self.seal(&key, &place, &Confidential::new(String::new()))?;
        tenant.end_request(id, RequestState::Answered, &nothing, None, now)?;
        let deed = Deed::new(Actor::Member(member), "request.answered", id.to_string());
        self.outcome(tenant, &deed, "on the spot")
    }

    /// Open requests whose time is over (check K18 of the security programme: none).
    pub async fn overdue_requests(&self) -> Result<i64, AppError> {
        let now = self.clock().now();
        Ok(self.store().installation().read(move |tx| requests::overdue_requests(tx, now)).await?)
    }
}

/// A request whose person is not sealed yet.
pub(crate) struct Unsealed {
    pub(crate) id: RequestId,
    asked: Asked,
    member: Option<MemberId>,
    language: String,
    received_at: Timestamp,
}

/// Eight digits are read in two groups.
fn spaced(code: &str) -> String {
    let (first, second) = code.split_at(code.len() / 2);
    format!("{first} {second}")
}

pub(crate) fn unreadable(_: &serde_json::Error) -> StoreError {
    // Its words could hold what it could not read.
    StoreError::Driver("a sealed text is not in its form".into())
}

fn ticket_place(organization: OrganizationId, id: TicketId) -> Place {
    Place::new(organization, "privacy_ticket", "letter_sealed", id, 1)
}

pub(crate) fn person_place(organization: OrganizationId, id: RequestId) -> Place {
    Place::new(organization, "privacy_request", "person_sealed", id, 1)
}

pub(crate) fn answer_place(organization: OrganizationId, id: RequestId) -> Place {
    Place::new(organization, "privacy_request", "answer_sealed", id, 1)
}
