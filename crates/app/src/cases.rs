//! Service to buyers: cases are read and kept, swept, opened by people and answered.
//!
//! A hook, the sweep and an order that moved all end in [`App::fetch_case`]; what the
//! platform shows decides, and old news changes nothing. What people wrote is read at the
//! platform when somebody opens the case, and is not kept. A member's answer waits sealed
//! until the platform has it; the channel looks there before it sends, so that an answer
//! whose outcome was lost is not given twice.

use std::time::Duration;

use connect::service::{Choice, Letter, Reading, Reply, Verb};
use connect::{Account, Call, Channel, Window};
use domain::case::News;
use domain::{
    Actor, AnswerId, CaseId, CaseKey, CaseSnapshot, ConnectionId, Desk, Grant, MemberId, OrganizationId,
    Purpose, Restricted, Verdict,
};
use store::cases::{Answer, AnswerState, HeldCase, NewAnswer};
use store::keys::KeyOwner;
use store::{StoreResult, Tenant};
use vault::Place;

use crate::App;
use crate::audit::{Deed, NotDone};
use crate::caller::Caller;
use crate::error::AppError;
use crate::jobs::Work;

/// How far the first sweep of a connection's cases reaches back: returns and claims live long.
const FIRST_SWEEP: Duration = Duration::from_hours(30 * 24);
/// Pages of one list that a sweep reads at most. Well inside a lease.
const PAGES_OF_A_LIST: u32 = 100;
/// An open case that nobody read for this long is read again: lists leave out what was
/// answered elsewhere.
const REREAD_OPEN_AFTER: Duration = Duration::from_mins(30);
/// Open cases read again by one sweep at most.
const REREAD_AT_ONCE: u32 = 100;

/// A case as somebody opens it.
#[derive(Debug)]
pub struct OpenCase {
    /// What is held of it.
    pub held: HeldCase,
    /// The account's name.
    pub connection: String,
    /// The last answer.
    pub answer: Option<Answer>,
    /// What was written, and what can be done; or why the platform does not show it now.
    pub reading: Result<(Vec<Letter>, Vec<Choice>), AppError>,
}

/// Why an answer was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// A text is needed.
    #[error("an answer needs a text")]
    TextMissing,
    /// The text is longer than the platform takes.
    #[error("a text has up to {max_chars} characters")]
    TextTooLong {
        /// The limit.
        max_chars: usize,
    },
    /// The platform does not offer this (any more).
    #[error("the platform does not offer this now")]
    NotOffered,
    /// One of the platform's reasons has to be chosen.
    #[error("one of the platform's reasons is needed")]
    ReasonMissing,
    /// An answer is on its way.
    #[error("an answer is on its way")]
    OnItsWay,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl App {
    /// Reads a case and takes it in.
    pub(crate) async fn fetch_case(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        key: &CaseKey,
        cause: &str,
    ) -> Result<(), AppError> {
        let caller = self.caller(organization, connection).await?;
        let read = match fetching(caller.channel.as_ref(), &caller.account, key) {
            Some(call) => call.await,
            None => return Ok(()),
        };
        let snapshot = caller.heard(read).await?;
        self.take_cases(organization, connection, vec![snapshot], cause).await
    }

    /// Reads which thread a message belongs to, and asks for it.
    pub(crate) async fn fetch_message(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        message_id: &str,
        cause: &str,
    ) -> Result<(), AppError> {
        let caller = self.caller(organization, connection).await?;
        let Some(messages) = caller.channel.messages() else { return Ok(()) };
        let read = messages.thread_of(&caller.account, message_id).await;
        let external_id = caller.heard(read).await?;
        let key = CaseKey { desk: Desk::Messages, external_id };
        self.ask_for_cases(organization, connection, vec![key], cause).await
    }

    async fn ask_for_cases(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        keys: Vec<CaseKey>,
        cause: &str,
    ) -> Result<(), AppError> {
        if keys.is_empty() {
            return Ok(());
        }
        let (app, cause, now) = (self.clone(), cause.to_owned(), self.clock().now());
        self.organization(organization)
            .write(move |tenant| {
                for key in &keys {
                    app.ask(tenant, connection, &Work::of_case(key), &cause, now)?;
                }
                Ok(())
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    async fn take_cases(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        snapshots: Vec<CaseSnapshot>,
        cause: &str,
    ) -> Result<(), AppError> {
        if snapshots.is_empty() {
            return Ok(());
        }
        let (app, cause) = (self.clone(), cause.to_owned());
        self.organization(organization)
            .write(move |tenant| {
                for snapshot in &snapshots {
                    app.take_case(tenant, connection, snapshot, &cause)?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// The decision about a snapshot, inside the transaction.
    fn take_case(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        snapshot: &CaseSnapshot,
        cause: &str,
    ) -> StoreResult<()> {
        let now = self.clock().now();
        let (state, _) = snapshot.case.state.as_words();
        let deed = |action, id: CaseId| {
            let deed = Deed::new(Actor::system("service"), action, id.to_string());
            deed.with("kind", snapshot.case.kind.as_str()).with("state", state).with("cause", cause)
        };
        let Some(held) = tenant.held_case(connection, &snapshot.key)? else {
            if !snapshot.case.is_worth_keeping() {
                return Ok(());
            }
            let id = CaseId::new(now, self.entropy());
            tenant.insert_case(id, connection, snapshot, now)?;
            self.expect_return_of(tenant, connection, snapshot)?;
            if cause == "sweep" {
                self.tallies.add("sweep_found", "case");
            }
            return self.outcome(tenant, &deed("case.opened", id), "ok");
        };
        let news = held.case.hear(held.version, snapshot);
        if news != News::Old {
            self.expect_return_of(tenant, connection, snapshot)?;
        }
        match news {
            News::Old => Ok(()),
            News::Same => tenant.update_case(held.id, snapshot),
            News::Changed => {
                tenant.update_case(held.id, snapshot)?;
                self.outcome(tenant, &deed("case.changed", held.id), "ok")
            }
        }
    }

    /// Asks for the open cases about an order that has moved.
    pub(crate) fn ask_for_cases_of(
        &self,
        tenant: &mut Tenant<'_, '_>,
        connection: ConnectionId,
        order_external_id: &str,
    ) -> StoreResult<()> {
        let now = self.clock().now();
        for key in tenant.open_cases_of_order(connection, order_external_id)? {
            self.ask(tenant, connection, &Work::of_case(&key), "its order moved", now)?;
        }
        Ok(())
    }

    /// Reads every list of cases of an account: what hooks did not tell heals here.
    pub(crate) async fn sweep_cases(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
    ) -> Result<(), AppError> {
        let caller = self.caller(organization, connection).await?;
        let now = self.clock().now();
        let covered = self
            .organization(organization)
            .read(move |tenant| tenant.cases_swept_to(connection))
            .await?
            .unwrap_or_else(|| now.minus(FIRST_SWEEP));
        let window = Window { from: covered.minus(caller.channel.spec().sweep_overlap), to: now };
        self.sweep_questions(organization, &caller).await?;
        self.sweep_threads(organization, &caller).await?;
        self.sweep_returns(organization, &caller, window).await?;
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                let before = now.minus(REREAD_OPEN_AFTER);
                for key in tenant.open_cases_unread_since(connection, before, REREAD_AT_ONCE)? {
                    app.ask(tenant, connection, &Work::of_case(&key), "open case read again", now)?;
                }
                tenant.note_case_sweep(connection, now)
            })
            .await?;
        self.jobs_came.notify_one();
        Ok(())
    }

    async fn sweep_questions(&self, organization: OrganizationId, caller: &Caller) -> Result<(), AppError> {
        let Some(questions) = caller.channel.questions() else { return Ok(()) };
        let mut next: Option<String> = None;
        for _ in 0..PAGES_OF_A_LIST {
            let read = questions.open(&caller.account, next.as_deref()).await;
            let page = caller.heard(read).await?;
            self.take_cases(organization, caller.connection.id, page.items, "sweep").await?;
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
        Err(AppError::Endless("open questions"))
    }

    async fn sweep_threads(&self, organization: OrganizationId, caller: &Caller) -> Result<(), AppError> {
        let Some(messages) = caller.channel.messages() else { return Ok(()) };
        let connection = caller.connection.id;
        let mut next: Option<String> = None;
        for _ in 0..PAGES_OF_A_LIST {
            let read = messages.waiting(&caller.account, next.as_deref()).await;
            let page = caller.heard(read).await?;
            let unknown = self
                .organization(organization)
                .read(move |tenant| {
                    let mut unknown = Vec::new();
                    for external_id in page.items {
                        let key = CaseKey { desk: Desk::Messages, external_id };
                        // One that waits is known to; it is read again in its time.
                        let held = tenant.look_at_case(connection, &key)?;
                        if held.is_none_or(|held| held.case.state.is_closed()) {
                            unknown.push(key);
                        }
                    }
                    Ok(unknown)
                })
                .await?;
            self.ask_for_cases(organization, connection, unknown, "sweep").await?;
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
        Err(AppError::Endless("unread threads"))
    }

    async fn sweep_returns(
        &self,
        organization: OrganizationId,
        caller: &Caller,
        window: Window,
    ) -> Result<(), AppError> {
        let Some(returns) = caller.channel.returns() else { return Ok(()) };
        let mut next: Option<String> = None;
        for _ in 0..PAGES_OF_A_LIST {
            let read = returns.updated_in(&caller.account, window, next.as_deref()).await;
            let page = caller.heard(read).await?;
            self.take_cases(organization, caller.connection.id, page.items, "sweep").await?;
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
        Err(AppError::Endless("returns"))
    }

    /// A case for the member who opens it, with what was written. Who has read it is kept.
    pub async fn open_case(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: CaseId,
    ) -> Result<OpenCase, AppError> {
        let app = self.clone();
        let (held, connection, answer) = self
            .organization(organization)
            .write(move |tenant| {
                let Some(held) = tenant.case(id)? else { return Ok(None) };
                let name = tenant.connection(held.connection)?.map(|held| held.name).unwrap_or_default();
                let deed = Deed::new(Actor::Member(member), "case.read", id.to_string());
                app.outcome(tenant, &deed.with("purpose", Purpose::AnswerBuyer.as_str()), "ok")?;
                let answer = tenant.case_answer(id)?;
                Ok(Some((held, name, answer)))
            })
            .await?
            .ok_or(AppError::NotFound("case"))?;
        let reading = self.read_case(organization, &held).await;
        Ok(OpenCase { held, connection, answer, reading })
    }

    async fn read_case(
        &self,
        organization: OrganizationId,
        held: &HeldCase,
    ) -> Result<(Vec<Letter>, Vec<Choice>), AppError> {
        let caller = self.caller(organization, held.connection).await?;
        let reading = match reading(caller.channel.as_ref(), &caller.account, &held.key) {
            Some(call) => caller.heard(call.await).await?,
            None => return Err(AppError::NotFound("desk")),
        };
        let Reading { case, letters, choices } = reading;
        self.take_cases(organization, held.connection, vec![case], "read").await?;
        Ok((letters, choices))
    }

    /// Takes a member's answer: it is kept, and sent by a job.
    pub async fn answer_case(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: CaseId,
        verb: Verb,
        reason: &str,
        text: &str,
    ) -> Result<(), AnswerError> {
        let held = self.organization(organization).read(move |tenant| tenant.case(id)).await;
        let held = held.map_err(AppError::from)?.ok_or(AppError::NotFound("case"))?;
        let (_, choices) = self.read_case(organization, &held).await?;
        let choice = choices.into_iter().find(|choice| choice.verb == verb).ok_or(AnswerError::NotOffered)?;
        let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        let is_known = |word: &String| choice.reasons.iter().any(|known| known.word == *word);
        if !choice.reasons.is_empty() && !reason.as_ref().is_some_and(is_known) {
            return Err(AnswerError::ReasonMissing);
        }
        let text = Some(text.trim()).filter(|text| !text.is_empty() && choice.max_chars > 0);
        if text.is_none() && choice.text_needed {
            return Err(AnswerError::TextMissing);
        }
        if text.is_some_and(|text| text.chars().count() > choice.max_chars) {
            return Err(AnswerError::TextTooLong { max_chars: choice.max_chars });
        }
        let text = text.map(|text| Restricted::new(text.to_owned()));
        let (app, now, connection) = (self.clone(), self.clock().now(), held.connection);
        let kept = self
            .organization(organization)
            .write(move |tenant| {
                let answer = AnswerId::new(now, app.entropy());
                let text = match &text {
                    Some(text) => {
                        let key = app.data_key(tenant, KeyOwner::Organization)?;
                        let place = text_place(tenant.organization_id(), answer);
                        Some(app.seal(&key, &place, text)?)
                    }
                    None => None,
                };
                let reason = reason.filter(|_| !choice.reasons.is_empty());
                let new = NewAnswer { id: answer, case: id, member, verb: verb.as_str(), reason, text };
                if !tenant.keep_answer(&new, now)? {
                    return Ok(false);
                }
                let deed = Deed::new(Actor::Member(member), "case.answered", id.to_string());
                app.intent(tenant, &deed.with("verb", verb.as_str()).with("answer", answer))?;
                app.ask(tenant, connection, &Work::AnswerCase { case: id }, "a member answered", now)?;
                Ok(true)
            })
            .await
            .map_err(AppError::from)?;
        self.jobs_came.notify_one();
        if kept { Ok(()) } else { Err(AnswerError::OnItsWay) }
    }

    /// Sends the last answer of a case. False when there is nothing to send.
    pub(crate) async fn send_answer(
        &self,
        organization: OrganizationId,
        case: CaseId,
        is_last_try: bool,
    ) -> Result<bool, AppError> {
        let Some((held, answer)) = self.answer_to_send(organization, case).await? else { return Ok(false) };
        let id = answer.id;
        let text = self.answer_text(organization, id).await?;
        let verb = Verb::parse(&answer.verb).ok_or_else(|| AppError::BadJob(answer.verb.clone()))?;
        let reply = Reply { verb, reason: answer.reason.clone(), text, reference: id.to_string() };
        let deed = Deed::new(Actor::Member(answer.member), "case.answered", case.to_string());
        let deed = deed.with("verb", verb.as_str()).with("answer", id);
        let sent = match self.caller(organization, held.connection).await {
            Ok(caller) => match answering(caller.channel.as_ref(), &caller.account, &held.key, &reply) {
                Some(call) => caller.heard(call.await).await,
                None => Err(AppError::NotFound("desk")),
            },
            Err(error) => Err(error),
        };
        let (app, now, connection) = (self.clone(), self.clock().now(), held.connection);
        match sent {
            Ok(snapshot) => {
                self.organization(organization)
                    .write(move |tenant| {
                        app.take_case(tenant, connection, &snapshot, "answered")?;
                        tenant.note_answer_sent(id, now)?;
                        app.outcome(tenant, &deed, "confirmed")
                    })
                    .await?;
                Ok(true)
            }
            Err(error) => {
                if error.verdict() == Verdict::Fail || is_last_try {
                    let (problem, words) = (error.problem(), error.to_string());
                    self.organization(organization)
                        .write(move |tenant| {
                            tenant.note_answer_failed(id, problem, &words, now)?;
                            app.not_done(tenant, &deed, NotDone::Failed, problem.as_str())
                        })
                        .await?;
                }
                Err(error)
            }
        }
    }

    async fn answer_to_send(
        &self,
        organization: OrganizationId,
        case: CaseId,
    ) -> Result<Option<(HeldCase, Answer)>, AppError> {
        Ok(self
            .organization(organization)
            .write(move |tenant| {
                let (Some(held), Some(answer)) = (tenant.case(case)?, tenant.case_answer(case)?) else {
                    return Ok(None);
                };
                if answer.state == AnswerState::Sent {
                    return Ok(None);
                }
                tenant.note_answer_tried(answer.id)?;
                Ok(Some((held, answer)))
            })
            .await?)
    }

    async fn answer_text(
        &self,
        organization: OrganizationId,
        id: AnswerId,
    ) -> Result<Option<Restricted<String>>, AppError> {
        let app = self.clone();
        // The answer and its sending are what the audit log tells.
        // tidy: allowed because the program itself opens the text to send it, and shows it to nobody
        let grant = Grant::issue(Actor::system("service"), Purpose::AnswerBuyer, self.clock().now());
        Ok(self
            .organization(organization)
            .read(move |tenant| {
                let Some(sealed) = tenant.answer_text(id)? else { return Ok(None) };
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let place = text_place(tenant.organization_id(), id);
                crate::secrets::open(&key, &place, &sealed, &grant).map(Some)
            })
            .await?)
    }

    /// Whether a case is held; for hooks that anybody can make up.
    pub(crate) async fn holds_case(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        key: CaseKey,
    ) -> Result<bool, AppError> {
        let held = self.organization(organization);
        Ok(held.read(move |tenant| tenant.look_at_case(connection, &key)).await?.is_some())
    }
}

fn text_place(organization: OrganizationId, id: AnswerId) -> Place {
    Place::new(organization, "case_answer", "text_sealed", id, 1)
}

/// The call that reads a case; `None` where the channel has no such desk.
fn fetching<'a>(
    channel: &'a dyn Channel,
    account: &'a Account,
    key: &'a CaseKey,
) -> Option<Call<'a, CaseSnapshot>> {
    match key.desk {
        Desk::Questions => channel.questions().map(|them| them.fetch(account, &key.external_id)),
        Desk::Messages => channel.messages().map(|them| them.fetch(account, &key.external_id)),
        Desk::Cancellations | Desk::Returns | Desk::Claims => {
            channel.returns().map(|them| them.fetch(account, key))
        }
    }
}

/// The call that reads a case with its texts.
fn reading<'a>(
    channel: &'a dyn Channel,
    account: &'a Account,
    key: &'a CaseKey,
) -> Option<Call<'a, Reading>> {
    match key.desk {
        Desk::Questions => channel.questions().map(|them| them.read(account, &key.external_id)),
        Desk::Messages => channel.messages().map(|them| them.read(account, &key.external_id)),
        Desk::Cancellations | Desk::Returns | Desk::Claims => {
            channel.returns().map(|them| them.read(account, key))
        }
    }
}

/// The call that gives an answer.
fn answering<'a>(
    channel: &'a dyn Channel,
    account: &'a Account,
    key: &'a CaseKey,
    reply: &'a Reply,
) -> Option<Call<'a, CaseSnapshot>> {
    match key.desk {
        Desk::Questions => channel.questions().map(|them| them.answer(account, &key.external_id, reply)),
        Desk::Messages => channel.messages().map(|them| them.send(account, &key.external_id, reply)),
        Desk::Cancellations | Desk::Returns | Desk::Claims => {
            channel.returns().map(|them| them.answer(account, key, reply))
        }
    }
}
