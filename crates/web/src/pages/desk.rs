//! The service desk: what buyers and platforms want of the seller, and one case.

use askama::Template;
use connect::service::{Party, Verb};
use domain::case::Due;
use domain::{CaseId, CaseKind, CaseState, ChannelKind, Money, OrderId, Problem, Timestamp};
use store::cases::AnswerState;

use crate::badge::Badge;
use crate::pages::{Choice, Errors, Pager};
use crate::{Chrome, Tone};

/// What the list is narrowed to; the same names are the query of `GET /desk`.
#[derive(Debug, Clone, Default)]
pub struct DeskFilter {
    /// A kind's word; empty = all.
    pub kind: String,
    /// A channel's word; empty = all.
    pub channel: String,
    /// A state's word; empty = all that is not over.
    pub state: String,
}

impl DeskFilter {
    /// Whether anything is narrowed.
    #[must_use]
    pub fn any(&self) -> bool {
        [&self.kind, &self.channel, &self.state].iter().any(|part| !part.is_empty())
    }
}

/// A state to narrow to.
#[derive(Debug, Clone)]
pub struct DeskChip {
    /// A state's word; empty = all that is not over.
    pub state: &'static str,
    /// Address of the narrowed list.
    pub href: String,
}

/// One case in the list.
#[derive(Debug, Clone)]
pub struct CaseRow {
    /// Its id.
    pub id: CaseId,
    /// Its number at the platform.
    pub number: String,
    /// What it is.
    pub kind: CaseKind,
    /// Where.
    pub channel: ChannelKind,
    /// Name of the connection.
    pub connection: String,
    /// Where it stands.
    pub state: CaseState,
    /// Until when somebody has to act.
    pub due: Option<Due>,
    /// The order it is about: its page, where the house has it, and its number.
    pub order: Option<(Option<OrderId>, String)>,
    /// Number of the listing it is about.
    pub listing: Option<String>,
    /// The money it is about.
    pub amount: Option<Money>,
    /// When it began.
    pub opened_at: Timestamp,
    /// How far the last answer has got.
    pub answer: Option<AnswerState>,
}

impl CaseRow {
    /// The word of an answer that has not arrived.
    fn open_answer(&self) -> Option<&'static str> {
        self.answer.filter(|state| *state != AnswerState::Sent).map(AnswerState::as_str)
    }

    /// The platform's word that nobody knows.
    fn unknown_word(&self) -> Option<&str> {
        match &self.state {
            CaseState::NeedsAttention(word) => Some(word),
            CaseState::WaitsForSeller { .. }
            | CaseState::WaitsForBuyer
            | CaseState::WaitsForPlatform
            | CaseState::Closed(_) => None,
        }
    }
}

/// `GET /desk?kind=&channel=&state=`.
#[derive(Debug, Template)]
#[template(path = "desk.html")]
pub struct DeskPage {
    /// Around it.
    pub chrome: Chrome,
    /// What it is narrowed to.
    pub filter: DeskFilter,
    /// States to narrow to.
    pub chips: Vec<DeskChip>,
    /// Channels to narrow to.
    pub channels: Vec<Choice>,
    /// The cases, what is due soonest first.
    pub rows: Vec<CaseRow>,
    /// Before and after.
    pub pager: Pager,
}

/// Something that was written.
#[derive(Debug, Clone)]
pub struct LetterView {
    /// By whom.
    pub by: Party,
    /// What.
    pub text: String,
    /// When.
    pub at: Option<Timestamp>,
}

impl LetterView {
    const fn by_word(&self) -> &'static str {
        match self.by {
            Party::Buyer => "buyer",
            Party::Seller => "seller",
            Party::Platform => "platform",
        }
    }
}

/// The fields of an answer's form.
#[must_use]
pub const fn fields_of(verb: Verb) -> (&'static str, &'static str) {
    match verb {
        Verb::Reply => ("text-reply", "reason-reply"),
        Verb::ReplyToMediator => ("text-mediator", "reason-mediator"),
        Verb::Accept => ("text-accept", "reason-accept"),
        Verb::Refuse => ("text-refuse", "reason-refuse"),
        Verb::Refund => ("text-refund", "reason-refund"),
        Verb::AllowReturn => ("text-return", "reason-return"),
        Verb::OpenDispute => ("text-dispute", "reason-dispute"),
    }
}

/// What can be answered, and what was typed.
#[derive(Debug, Clone)]
pub struct AnswerForm {
    /// What it does.
    pub verb: Verb,
    /// The platform's reasons; one has to be chosen where there are any.
    pub reasons: Vec<Choice>,
    /// Longest text, in characters; 0 for none.
    pub max_chars: i64,
    /// Whether there has to be a text.
    pub text_needed: bool,
    /// What was typed.
    pub text: String,
    /// What was chosen.
    pub reason: String,
}

impl AnswerForm {
    const fn text_field(&self) -> &'static str {
        fields_of(self.verb).0
    }

    const fn reason_field(&self) -> &'static str {
        fields_of(self.verb).1
    }
}

/// The last answer.
#[derive(Debug, Clone)]
pub struct AnswerView {
    /// What it does.
    pub verb: Verb,
    /// How far it has got.
    pub state: AnswerState,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// In the platform's own words.
    pub said: Option<String>,
    /// When it was given.
    pub created_at: Timestamp,
    /// When it arrived or was given up.
    pub ended_at: Option<Timestamp>,
}

/// `GET /desk/{id}`. `POST /desk/{id}/answer` takes `verb`, `reason` and `text`.
#[derive(Debug, Template)]
#[template(path = "case.html")]
pub struct CasePage {
    /// Around it.
    pub chrome: Chrome,
    /// The case as lists show it.
    pub row: CaseRow,
    /// The platform's own status.
    pub platform_status: String,
    /// The platform's code of the reason.
    pub reason: Option<String>,
    /// What was written, the oldest first.
    pub letters: Vec<LetterView>,
    /// Why what was written cannot be shown now.
    pub unread: Option<Problem>,
    /// What can be done.
    pub forms: Vec<AnswerForm>,
    /// The last answer.
    pub answer: Option<AnswerView>,
    /// What is wrong with a form.
    pub errors: Errors,
}

impl CasePage {
    fn is_on_its_way(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.state == AnswerState::Waiting)
    }

    fn failure(&self) -> Option<&AnswerView> {
        self.answer.as_ref().filter(|answer| answer.state == AnswerState::Failed)
    }

    fn sent(&self) -> Option<&AnswerView> {
        self.answer.as_ref().filter(|answer| answer.state == AnswerState::Sent)
    }
}

impl Chrome {
    /// A word of the service desk.
    #[must_use]
    pub fn case_word(&self, part: &str, word: &str) -> &'static str {
        self.t(&format!("case-{part}-{word}"))
    }

    /// The badge of a case's state.
    #[must_use]
    pub fn case_badge(&self, state: &CaseState) -> Badge {
        let (word, detail) = state.as_words();
        let (tone, icon) = match state {
            CaseState::WaitsForSeller { .. } => (Tone::Watch, "person"),
            CaseState::NeedsAttention(_) => (Tone::Watch, "alert"),
            CaseState::WaitsForBuyer | CaseState::WaitsForPlatform => (Tone::Quiet, "clock"),
            CaseState::Closed(_) => (Tone::Good, "check"),
        };
        let detail = match state {
            CaseState::WaitsForSeller { .. } => Some(self.t(&format!("case-task-{detail}"))),
            CaseState::Closed(_) => Some(self.t(&format!("case-outcome-{detail}"))),
            CaseState::WaitsForBuyer | CaseState::WaitsForPlatform | CaseState::NeedsAttention(_) => None,
        };
        Badge { tone, icon, text: self.t(&format!("case-state-{word}")), detail }
    }
}
