//! The register of requests, for members of the shop.

use askama::Template;
use domain::privacy::Pressure;
use store::requests::{RequestRow, RequestState};

use crate::pages::Errors;
use crate::{Badge, Chrome, Tone};

/// `GET /privacy/requests`.
#[derive(Debug, Template)]
#[template(path = "register.html")]
pub struct RegisterPage {
    /// Around it.
    pub chrome: Chrome,
    /// Where people ask.
    pub public: String,
    /// Open ones whose time is over.
    pub overdue: i64,
    /// The soonest due first, then what has ended.
    pub requests: Vec<RequestRow>,
}

impl RegisterPage {
    fn badge(&self, row: &RequestRow) -> Badge {
        badge(&self.chrome, row)
    }
}

/// `GET /privacy/requests/{id}`. Fields: `called`; `answer`, `outcome`.
#[derive(Debug, Template)]
#[template(path = "request.html")]
pub struct RequestPage {
    /// Around it.
    pub chrome: Chrome,
    /// What the register shows of it.
    pub row: RequestRow,
    /// How they are reached.
    pub contact: String,
    /// Who they say they are.
    pub called: String,
    /// What they wrote.
    pub text: String,
    /// What they were answered.
    pub answer: Option<String>,
    /// What was typed before, or who they say they are.
    pub typed_called: String,
    /// What was typed before.
    pub typed_answer: String,
    /// What is wrong.
    pub errors: Errors,
}

impl RequestPage {
    fn badge(&self) -> Badge {
        badge(&self.chrome, &self.row)
    }
}

/// How a request stands: of an open one, how near it is to being late.
fn badge(chrome: &Chrome, row: &RequestRow) -> Badge {
    if row.state != RequestState::Open {
        let text = chrome.word("request-state", row.state.as_str());
        return Badge { tone: Tone::Quiet, icon: "check", text, detail: None };
    }
    let (tone, icon, word) = match Pressure::of(row.received_at, row.due_at, chrome.now) {
        Pressure::Calm => (Tone::Good, "check", "calm"),
        Pressure::Half => (Tone::Info, "check", "half"),
        Pressure::Near => (Tone::Watch, "alert", "near"),
        Pressure::Overdue => (Tone::Bad, "alert", "overdue"),
    };
    Badge { tone, icon, text: chrome.word("register-pressure", word), detail: None }
}
