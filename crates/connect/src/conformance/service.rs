//! The checks of service to buyers: questions, messages, returns. A channel's tests implement
//! [`ServiceHarness`] beside [`Harness`] and call
//! [`service_conformance!`](crate::service_conformance).
#![expect(clippy::missing_panics_doc, reason = "a check fails by panicking")]

use std::fmt;

use domain::{CaseKey, CaseSnapshot, CaseState, Desk, Verdict};
use serde_json::json;

use super::harness::{Harness, NOW, scripted};
use super::script::{Step, now};
use super::trial::{Trial, a_failed_call_says_what_failed};
use crate::channel::{Channel, Page};
use crate::error::{ChannelError, ErrorKind};
use crate::service::{Reading, Reply};

/// Bytes between two cuts: a prime, so that cuts fall everywhere.
const CUT_STRIDE: usize = 29;

/// One thing that a channel does for buyers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the method of the contract that its text names")]
pub enum Service {
    OpenQuestions,
    FetchQuestion,
    ReadQuestion,
    AnswerQuestion,
    WaitingThreads,
    ThreadOfMessage,
    FetchThread,
    ReadThread,
    SendMessage,
    UpdatedCases,
    FetchCase,
    ReadCase,
    AnswerCase,
}

impl Service {
    /// Every one there is.
    pub const ALL: [Self; 13] = [
        Self::OpenQuestions,
        Self::FetchQuestion,
        Self::ReadQuestion,
        Self::AnswerQuestion,
        Self::WaitingThreads,
        Self::ThreadOfMessage,
        Self::FetchThread,
        Self::ReadThread,
        Self::SendMessage,
        Self::UpdatedCases,
        Self::FetchCase,
        Self::ReadCase,
        Self::AnswerCase,
    ];

    /// Whether it changes something at the platform.
    #[must_use]
    pub const fn is_write(self) -> bool {
        matches!(self, Self::AnswerQuestion | Self::SendMessage | Self::AnswerCase)
    }

    const fn is_list(self) -> bool {
        matches!(self, Self::OpenQuestions | Self::WaitingThreads | Self::UpdatedCases)
    }
}

/// The method of the contract that does it.
impl fmt::Display for Service {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::OpenQuestions => "Questions::open",
            Self::FetchQuestion => "Questions::fetch",
            Self::ReadQuestion => "Questions::read",
            Self::AnswerQuestion => "Questions::answer",
            Self::WaitingThreads => "Messages::waiting",
            Self::ThreadOfMessage => "Messages::thread_of",
            Self::FetchThread => "Messages::fetch",
            Self::ReadThread => "Messages::read",
            Self::SendMessage => "Messages::send",
            Self::UpdatedCases => "Returns::updated_in",
            Self::FetchCase => "Returns::fetch",
            Self::ReadCase => "Returns::read",
            Self::AnswerCase => "Returns::answer",
        })
    }
}

/// What the checks call with.
#[derive(Debug, Clone)]
pub struct ServiceSamples {
    /// The question of the scripts.
    pub question_id: String,
    /// A message of the thread.
    pub message_id: String,
    /// The thread of the scripts.
    pub thread_id: String,
    /// The return, request or claim of the scripts.
    pub key: CaseKey,
    /// The text that answers questions and messages.
    pub text: Reply,
    /// What is decided about the case.
    pub decision: Reply,
    /// What the buyer wrote; it stands in every script that reads a text.
    pub buyer_text: String,
    /// What the answers say, where they are texts.
    pub seller_text: String,
}

/// What a channel's tests tell the checks.
pub trait ServiceHarness: Harness {
    /// What to call with.
    fn service_samples(&self) -> ServiceSamples;
    /// Requests and answers when all is well; `None` for what the channel lacks.
    fn service_script(&self, service: Service) -> Option<Vec<Step>>;
    /// The script of a write whose outcome was lost and that the platform has done; `None`
    /// for what the channel lacks.
    fn done_already(&self, service: Service) -> Option<Vec<Step>>;
    /// The script of [`Service::FetchCase`] with the platform's status replaced.
    fn case_with_status(&self, status: &str) -> Option<Vec<Step>>;
}

/// Expands to one test for each check.
#[macro_export]
macro_rules! service_conformance {
    ($harness:expr) => {
        $crate::service_conformance! { @each $harness;
            what_a_channel_does_for_buyers_it_does
            a_failed_call_for_a_buyer_says_what_failed
            an_answer_for_a_buyer_cut_anywhere_is_asked_for_again
            an_odd_value_in_a_case_is_never_fatal
            an_answer_that_was_given_is_not_given_twice
            an_answer_that_got_lost_is_tried_again
            a_case_of_an_unknown_status_waits_for_a_person
            a_case_that_climbs_is_never_called
            a_list_of_cases_goes_on_from_its_own_cursor_alone
            what_people_wrote_is_nowhere_kept
        }
    };
    (@each $harness:expr; $($check:ident)*) => {
        mod service_checks {
            use super::*;
            $(
                #[test]
                fn $check() {
                    $crate::conformance::service::$check(&$harness);
                }
            )*
        }
    };
}

/// What a call gave.
#[derive(Debug)]
enum Outcome {
    Case(Box<CaseSnapshot>),
    Cases(Page<CaseSnapshot>),
    Ids(Page<String>),
    Id(String),
    Reading(Box<Reading>),
    Lacking,
}

fn perform(
    harness: &dyn ServiceHarness,
    service: Service,
    channel: &dyn Channel,
) -> Result<Outcome, ChannelError> {
    let (it, account, window) = (harness.service_samples(), harness.account(), harness.samples().window);
    let case = |case| Outcome::Case(Box::new(case));
    let reading = |reading| Outcome::Reading(Box::new(reading));
    let (questions, messages, returns) = (channel.questions(), channel.messages(), channel.returns());
    let done = match service {
        Service::OpenQuestions => questions.map(|them| now(them.open(&account, None)).map(Outcome::Cases)),
        Service::FetchQuestion => questions.map(|them| now(them.fetch(&account, &it.question_id)).map(case)),
        Service::ReadQuestion => questions.map(|them| now(them.read(&account, &it.question_id)).map(reading)),
        Service::AnswerQuestion => {
            questions.map(|them| now(them.answer(&account, &it.question_id, &it.text)).map(case))
        }
        Service::WaitingThreads => messages.map(|them| now(them.waiting(&account, None)).map(Outcome::Ids)),
        Service::ThreadOfMessage => {
            messages.map(|them| now(them.thread_of(&account, &it.message_id)).map(Outcome::Id))
        }
        Service::FetchThread => messages.map(|them| now(them.fetch(&account, &it.thread_id)).map(case)),
        Service::ReadThread => messages.map(|them| now(them.read(&account, &it.thread_id)).map(reading)),
        Service::SendMessage => {
            messages.map(|them| now(them.send(&account, &it.thread_id, &it.text)).map(case))
        }
        Service::UpdatedCases => {
            returns.map(|them| now(them.updated_in(&account, window, None)).map(Outcome::Cases))
        }
        Service::FetchCase => returns.map(|them| now(them.fetch(&account, &it.key)).map(case)),
        Service::ReadCase => returns.map(|them| now(them.read(&account, &it.key)).map(reading)),
        Service::AnswerCase => {
            returns.map(|them| now(them.answer(&account, &it.key, &it.decision)).map(case))
        }
    };
    done.unwrap_or(Ok(Outcome::Lacking))
}

/// The calls of service under trial.
fn trial<R>(harness: &dyn ServiceHarness, run: impl FnOnce(&Trial<'_, Service, Outcome>) -> R) -> R {
    run(&Trial {
        harness,
        calls: &Service::ALL,
        script: &|service| harness.service_script(service),
        perform: &|service, channel| perform(harness, service, channel),
    })
}

#[track_caller]
fn succeed(harness: &dyn ServiceHarness, service: Service, steps: Vec<Step>) -> Outcome {
    trial(harness, |it| it.succeed(service, steps))
}

/// The key that a capability's outcome has to have.
fn key_of(it: &ServiceSamples, service: Service) -> CaseKey {
    let key = |desk, id: &str| CaseKey { desk, external_id: id.to_owned() };
    match service {
        Service::OpenQuestions | Service::FetchQuestion | Service::ReadQuestion | Service::AnswerQuestion => {
            key(Desk::Questions, &it.question_id)
        }
        Service::WaitingThreads
        | Service::ThreadOfMessage
        | Service::FetchThread
        | Service::ReadThread
        | Service::SendMessage => key(Desk::Messages, &it.thread_id),
        Service::UpdatedCases | Service::FetchCase | Service::ReadCase | Service::AnswerCase => {
            it.key.clone()
        }
    }
}

/// Each capability that has a script succeeds with it and names its case; one without a
/// script is none.
pub fn what_a_channel_does_for_buyers_it_does(harness: &dyn ServiceHarness) {
    let it = harness.service_samples();
    for service in Service::ALL {
        let Some(steps) = harness.service_script(service) else {
            let (channel, _) = scripted(harness, Vec::new());
            let outcome = perform(harness, service, channel.as_ref());
            assert!(matches!(outcome, Ok(Outcome::Lacking)), "{service} without a script: {outcome:?}");
            continue;
        };
        let due = key_of(&it, service);
        let (channel, _) = scripted(harness, Vec::new());
        let kind = channel.spec().kind;
        match succeed(harness, service, steps) {
            Outcome::Case(case) => assert_eq!((case.key, case.channel), (due, kind), "{service}"),
            Outcome::Cases(page) => {
                let found = page.items.iter().find(|case| case.key == due);
                let found = found.unwrap_or_else(|| panic!("{service}: {due:?} is not on {page:?}"));
                assert!(found.case.state.is_ours(), "{service}: the case of the script waits: {found:?}");
                assert!(found.version.read_at == NOW, "{service}: a case tells when it was read");
            }
            Outcome::Ids(page) => assert!(page.items.contains(&due.external_id), "{service}: {page:?}"),
            Outcome::Id(id) => assert_eq!(id, due.external_id, "{service}"),
            Outcome::Reading(reading) => {
                assert_eq!(reading.case.key, due, "{service}");
                assert!(!reading.choices.is_empty(), "{service}: the case of the script can be answered");
            }
            Outcome::Lacking => panic!("{service} has a script and the channel lacks it"),
        }
    }
}

/// Nothing, 5xx, 429, a refused token, a missing permission.
pub fn a_failed_call_for_a_buyer_says_what_failed(harness: &dyn ServiceHarness) {
    trial(harness, a_failed_call_says_what_failed);
}

/// Half a JSON, however long the half is, and what proxies send instead. The answer to a
/// write may say nothing: what counts is read back.
pub fn an_answer_for_a_buyer_cut_anywhere_is_asked_for_again(harness: &dyn ServiceHarness) {
    let judge = |service: Service, _, step: &Step, outcome: Result<Outcome, ChannelError>| match outcome {
        Ok(outcome) => {
            let is_write = service.is_write() && !step.is_read();
            assert!(is_write, "{service} took a broken answer for a good one: {outcome:?}");
        }
        Err(error) => {
            let is_retried = matches!(error.verdict(), Verdict::Retry { .. });
            assert!(is_retried, "{service}: a broken answer has to be asked for again: {error}");
        }
    };
    trial(harness, |it| it.cut_each(CUT_STRIDE, judge));
}

/// A number, text, list, object or nothing where something else was.
pub fn an_odd_value_in_a_case_is_never_fatal(harness: &dyn ServiceHarness) {
    let judge = |service: Service, _, _: &Step, outcome: Result<Outcome, ChannelError>| {
        let Err(error) = outcome else { return };
        let is_retried = matches!(error.verdict(), Verdict::Retry { .. });
        let may_fail = error.kind == ErrorKind::PermissionMissing || service.is_write() || service.is_list();
        assert!(
            is_retried || may_fail,
            "{service}: an odd value has to be read over or asked for again: {error}"
        );
    };
    trial(harness, |it| it.replace_each_value(judge));
}

/// A write whose outcome was lost is looked for before it is tried again.
pub fn an_answer_that_was_given_is_not_given_twice(harness: &dyn ServiceHarness) {
    for service in Service::ALL.into_iter().filter(|service| service.is_write()) {
        let Some(ordinary) = harness.service_script(service) else {
            assert!(harness.done_already(service).is_none(), "{service} is lacking");
            continue;
        };
        let done = harness.done_already(service).expect("a write has a script for one that was done");
        let write = |steps: &[Step]| {
            let looks = harness.service_script(Service::FetchCase).unwrap_or_default();
            let is_look =
                |step: &Step| step.is_read() || looks.iter().any(|look| look.request() == step.request());
            steps.iter().filter(|step| !is_look(step)).count()
        };
        assert_eq!(
            (write(&ordinary), write(&done)),
            (1, 0),
            "{service}: one write, and none when it is done"
        );
        let outcome = succeed(harness, service, done);
        assert!(matches!(outcome, Outcome::Case(_)), "{service}: {outcome:?}");
    }
}

/// Whether the write arrived nobody knows: it is tried again.
pub fn an_answer_that_got_lost_is_tried_again(harness: &dyn ServiceHarness) {
    let judge = |service, _, _: &Step, outcome: Result<Outcome, ChannelError>| {
        let error = outcome.expect_err("an answer that got lost is no good one");
        assert!(matches!(error.verdict(), Verdict::Retry { .. }), "{service}: {error}");
    };
    trial(harness, |it| it.lose_each(judge));
}

/// Nothing unknown is guessed at, and the platform's word is kept.
pub fn a_case_of_an_unknown_status_waits_for_a_person(harness: &dyn ServiceHarness) {
    let Some(steps) = harness.case_with_status("a_status_of_tomorrow") else {
        assert!(harness.service_script(Service::FetchCase).is_none());
        return;
    };
    let Outcome::Case(case) = succeed(harness, Service::FetchCase, steps) else { panic!("no case") };
    let CaseState::NeedsAttention(word) = &case.case.state else { panic!("a guess: {case:?}") };
    assert!(word.contains("a_status_of_tomorrow"), "{word}");
    assert!(case.case.platform_status.contains("a_status_of_tomorrow"), "{case:?}");
}

/// Ids come back from a database and cannot turn one resource into another.
pub fn a_case_that_climbs_is_never_called(harness: &dyn ServiceHarness) {
    let (channel, _) = scripted(harness, Vec::new());
    let (it, account) = (harness.service_samples(), harness.account());
    let refused = |error: &ChannelError, what: &str| {
        assert!(error.kind == ErrorKind::AddressNotAllowed, "{what} was not refused: {error}");
    };
    for id in ["..", ".", "", "1/../2", "1,2"] {
        if let Some(questions) = channel.questions() {
            refused(&now(questions.fetch(&account, id)).unwrap_err(), id);
            refused(&now(questions.read(&account, id)).unwrap_err(), id);
            refused(&now(questions.answer(&account, id, &it.text)).unwrap_err(), id);
        }
        if let Some(messages) = channel.messages() {
            refused(&now(messages.fetch(&account, id)).unwrap_err(), id);
            refused(&now(messages.read(&account, id)).unwrap_err(), id);
            refused(&now(messages.send(&account, id, &it.text)).unwrap_err(), id);
            refused(&now(messages.thread_of(&account, id)).unwrap_err(), id);
        }
        if let Some(returns) = channel.returns() {
            for desk in Desk::ALL {
                let key = CaseKey { desk: *desk, external_id: id.to_owned() };
                refused(&now(returns.fetch(&account, &key)).unwrap_err(), id);
                refused(&now(returns.read(&account, &key)).unwrap_err(), id);
                refused(&now(returns.answer(&account, &key, &it.decision)).unwrap_err(), id);
            }
        }
    }
    if let Some(returns) = channel.returns() {
        let key = CaseKey { desk: Desk::Questions, external_id: it.key.external_id };
        refused(&now(returns.fetch(&account, &key)).unwrap_err(), "another desk's case");
    }
}

/// Cursors come back from a database: one that is not the channel's leads nowhere.
pub fn a_list_of_cases_goes_on_from_its_own_cursor_alone(harness: &dyn ServiceHarness) {
    let (channel, _) = scripted(harness, Vec::new());
    let (account, window) = (harness.account(), harness.samples().window);
    for cursor in ["not a cursor", "../../users/me", "", "orders:0"] {
        if let Some(questions) = channel.questions() {
            assert!(now(questions.open(&account, Some(cursor))).is_err(), "{cursor}");
        }
        if let Some(messages) = channel.messages() {
            assert!(now(messages.waiting(&account, Some(cursor))).is_err(), "{cursor}");
        }
        if let Some(returns) = channel.returns() {
            assert!(now(returns.updated_in(&account, window, Some(cursor))).is_err(), "{cursor}");
        }
    }
}

/// Neither a `Debug` nor what is kept of a failed call shows what people wrote.
pub fn what_people_wrote_is_nowhere_kept(harness: &dyn ServiceHarness) {
    let it = harness.service_samples();
    let texts = [it.buyer_text.as_str(), it.seller_text.as_str()];
    let check = |shown: &str, service: Service| {
        for text in texts {
            assert!(!shown.contains(text), "{service}: {text:?} shows in {shown}");
        }
    };
    for service in Service::ALL {
        let Some(steps) = harness.service_script(service) else { continue };
        check(&format!("{:?}", succeed(harness, service, steps.clone())), service);
        for (at, step) in steps.iter().enumerate() {
            // A good answer that cannot be read, and a bad one to what was sent.
            let texts = texts.join(" ");
            let mut spoilt = vec![step.clone().map_body(|body| {
                let half = body.floor_char_boundary(body.len() / 2);
                format!("{}#{texts}", &body[..half])
            })];
            if matches!(service, Service::AnswerQuestion | Service::SendMessage) && !step.is_read() {
                spoilt.push(step.clone().answer(400, &json!({ "message": it.seller_text }).to_string()));
            }
            for odd in spoilt {
                let mut steps = steps.clone();
                steps[at] = odd;
                if let Err(error) = trial(harness, |it| it.survive(service, steps)) {
                    check(&format!("{error} {error:?}"), service);
                }
            }
        }
    }
}
