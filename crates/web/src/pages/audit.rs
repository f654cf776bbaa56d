//! Who did what, when, and how an outsider can check it.

use askama::Template;
use domain::{Actor, Timestamp};

use crate::pages::Pager;
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
    /// The e-mail of a member who did it.
    pub member: Option<String>,
    /// What, as the log's word (`order.applied`); label `audit-<word>` where there is one.
    pub action: String,
    /// What it was done to (an id, a number).
    pub subject: String,
    /// That thing's page.
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

/// `GET /audit?text=`.
#[derive(Debug, Template)]
#[template(path = "audit.html")]
pub struct AuditPage {
    /// Around it.
    pub chrome: Chrome,
    /// Word, subject or person.
    pub text: String,
    /// The newest checkpoint; `None` before the first.
    pub checkpoint: Option<CheckpointView>,
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
