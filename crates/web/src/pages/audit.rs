//! Who did what, when, and how an outsider can check it.

use app::audit_push::PushTrouble;
use askama::Template;
use domain::{Actor, Timestamp};

use crate::pages::{Choice, Pager};
use crate::{Badge, Chrome, Tone};

/// How an audited action ended (it is written down before it begins).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Begun; its end is not written yet.
    Begun,
    /// Done.
    Done,
    /// Refused.
    Refused,
    /// Failed.
    Failed,
}

/// One event.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Its number in the log.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What a member who did it is called.
    pub member: Option<String>,
    /// To what kind of thing (`order`); label `audit-kind-<word>`.
    pub kind: String,
    /// What, as the log's word (`order.changed`); label `audit-<word>`.
    pub action: String,
    /// What it was done to (an id, a number).
    pub subject: String,
    /// That thing's page, else its events.
    pub href: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

/// The newest signed statement of the log's content.
#[derive(Debug, Clone)]
pub struct CheckpointView {
    /// Events it covers.
    pub size: i64,
    /// Root of the tree, as printed in exports.
    pub root: String,
    /// When it was signed.
    pub at: Timestamp,
    /// The key that signed it.
    pub key: String,
}

/// A place that checkpoints are sent to.
#[derive(Debug, Clone)]
pub struct PushView {
    /// Where it is.
    pub place: String,
    /// Events covered by the newest checkpoint there, and since when.
    pub newest: Option<(i64, Timestamp)>,
    /// What is wrong.
    pub trouble: Option<PushTrouble>,
}

impl PushView {
    /// What is wrong, and how much it matters.
    #[must_use]
    pub fn trouble(&self) -> Option<(Tone, &'static str)> {
        let trouble = self.trouble?;
        Some((if trouble.is_alarm() { Tone::Bad } else { Tone::Watch }, trouble.as_str()))
    }
}

/// What the list is narrowed to, as the form shows it.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the names are the form's")]
pub struct AuditFields {
    /// All of it as an address writes it; empty for all events.
    pub text: String,
    /// Whether it is the installation's own events.
    pub installation: bool,
    pub period: String,
    pub from: String,
    pub until: String,
    pub who: String,
    pub kind: String,
    pub action: String,
    pub end: String,
    pub thing: String,
}

/// `GET /audit`.
#[derive(Debug, Template)]
#[template(path = "audit.html")]
pub struct AuditPage {
    /// Around it.
    pub chrome: Chrome,
    /// What it is narrowed to.
    pub filter: AuditFields,
    /// Who can be asked for.
    pub whos: Vec<Choice>,
    /// What kinds of things there are.
    pub kinds: Vec<Choice>,
    /// What can be done.
    pub actions: Vec<Choice>,
    /// How it can end.
    pub ends: Vec<Choice>,
    /// The newest checkpoint; `None` before the first.
    pub checkpoint: Option<CheckpointView>,
    /// Where checkpoints are sent.
    pub pushes: Vec<PushView>,
    /// The events, newest first.
    pub rows: Vec<AuditRow>,
    /// Newer and older.
    pub pager: Pager,
}

impl Chrome {
    /// Who did something, in the reader's words.
    #[must_use]
    pub fn actor<'a>(&self, actor: &'a Actor, member: &'a Option<String>) -> &'a str {
        match (actor, member) {
            (_, Some(email)) => email,
            (Actor::Member(_), None) => self.t("actor-member"),
            (Actor::System(name), None) => self.word("actor-system", name),
            (Actor::Unknown, None) => self.t("actor-unknown"),
        }
    }

    /// The badge of an audited action's end.
    #[must_use]
    pub fn outcome_badge(&self, outcome: &Outcome) -> Badge {
        let (tone, icon, key) = match outcome {
            Outcome::Begun => (Tone::Info, "clock", "outcome-begun"),
            Outcome::Done => (Tone::Quiet, "check", "outcome-done"),
            Outcome::Refused => (Tone::Watch, "cross", "outcome-refused"),
            Outcome::Failed => (Tone::Bad, "alert", "outcome-failed"),
        };
        Badge { tone, icon, text: self.t(key), detail: None }
    }
}
