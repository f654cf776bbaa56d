//! Dead letters for people: what happened, what to mend, try again.

use askama::Template;
use domain::{ConnectionId, JobId, Problem, Timestamp};

use crate::Chrome;

/// An outside call as it was recorded: redacted before it was stored.
#[derive(Debug, Clone)]
pub struct ExchangeView {
    /// When.
    pub at: Timestamp,
    /// Method and address (`PUT /items/MLB…`).
    pub request_line: String,
    /// What we sent.
    pub request_body: String,
    /// The answer's status; `None` when none came.
    pub status: Option<u16>,
    /// What came back.
    pub response_body: String,
}

/// One failed job.
#[derive(Debug, Clone)]
pub struct ProblemItem {
    /// The job.
    pub job: JobId,
    /// What it was about (`Pedido 2000…`, `MLB…`).
    pub subject: String,
    /// That thing's page.
    pub href: Option<String>,
    /// The last try.
    pub failed_at: Timestamp,
    /// How many tries.
    pub attempts: i64,
    /// The platform's own words.
    pub said: Option<String>,
    /// The last outside call.
    pub exchange: Option<ExchangeView>,
}

/// Failed jobs with the same kind, connection and problem.
#[derive(Debug, Clone)]
pub struct ProblemGroup {
    /// What went wrong.
    pub problem: Problem,
    /// The kind of job (`fetch_order`, `push_stock`…); label `job-<word>`.
    pub kind: String,
    /// The connection.
    pub connection: Option<(ConnectionId, String)>,
    /// How many.
    pub count: i64,
    /// When the first failed.
    pub first_at: Timestamp,
    /// The newest of them.
    pub items: Vec<ProblemItem>,
}

impl ProblemGroup {
    /// Whether the mend begins on the connection's page.
    #[must_use]
    pub fn mends_at_connection(&self) -> bool {
        matches!(self.problem, Problem::ConsentEnded | Problem::PermissionMissing | Problem::AppRefused)
    }

    fn left_out(&self) -> i64 {
        self.count - i64::try_from(self.items.len()).unwrap_or(self.count)
    }
}

/// `GET /problems`. `POST /problems/retry` takes `job` (one), or `problem`, `kind` and
/// `connection` (all alike).
#[derive(Debug, Template)]
#[template(path = "problems.html")]
pub struct ProblemsPage {
    /// Around it.
    pub chrome: Chrome,
    /// The groups, largest first.
    pub groups: Vec<ProblemGroup>,
}

impl Chrome {
    /// What went wrong, in the reader's words.
    #[must_use]
    pub fn problem_title(&self, problem: &Problem) -> &'static str {
        self.t(&format!("problem-{}-title", problem.as_str()))
    }

    /// What to mend.
    #[must_use]
    pub fn problem_mend(&self, problem: &Problem) -> &'static str {
        self.t(&format!("problem-{}-mend", problem.as_str()))
    }
}
