//! Backups: the last good one, what the last drill found, and what to do now.

use std::time::Duration;

use app::backup::DrillReport;
use askama::Template;
use domain::Timestamp;
use store::backup::RunState;

use crate::{Badge, Chrome, Tone};

/// `GET /backups`.
#[derive(Debug, Template)]
#[template(path = "backups.html")]
pub struct BackupsPage {
    /// Around it.
    pub chrome: Chrome,
    /// Where backups go and how; `None` when nobody said where.
    pub plan: Option<PlanView>,
    /// The last good one.
    pub last_good: Option<BackupView>,
    /// Why the last one failed, if it did.
    pub failed: Option<FailedView>,
    /// What waits or runs.
    pub under_way: Vec<UnderWay>,
    /// The last drill.
    pub drill: Option<DrillView>,
}

/// Where backups go and how.
#[derive(Debug, Clone)]
pub struct PlanView {
    /// The place.
    pub place: String,
    /// How often one is taken.
    pub every: Duration,
    /// Days that they are kept for.
    pub keep_days: i64,
    /// How many there are; `None` when the place cannot be looked at.
    pub kept: Option<i64>,
    /// The oldest one.
    pub oldest: Option<Timestamp>,
}

/// A backup that was taken.
#[derive(Debug, Clone)]
pub struct BackupView {
    /// Its number.
    pub number: i64,
    /// The instant that it shows.
    pub taken_at: Timestamp,
    /// Rows in it.
    pub rows: i64,
    /// Bytes that were new.
    pub bytes_added: i64,
    /// It is older than it should be.
    pub is_late: bool,
}

/// A backup or drill that failed.
#[derive(Debug, Clone)]
pub struct FailedView {
    /// When.
    pub at: Timestamp,
    /// Why, in the program's words.
    pub error: String,
}

/// A backup or drill that waits or runs.
#[derive(Debug, Clone)]
pub struct UnderWay {
    /// `backup` or `drill`.
    pub kind: &'static str,
    /// Whether it runs.
    pub state: RunState,
    /// Rows done.
    pub done: i64,
    /// Of about how many; `None` when nobody knows.
    pub total: Option<i64>,
}

/// A drill that ended.
#[derive(Debug, Clone)]
pub struct DrillView {
    /// When it ended.
    pub at: Timestamp,
    /// Whether all was as it should be.
    pub good: bool,
    /// The backup it tried.
    pub number: Option<i64>,
    /// What it found; `None` when it did not get so far.
    pub report: Option<DrillReport>,
    /// What is wrong, in the program's words.
    pub error: Option<String>,
}

impl BackupsPage {
    /// A number of bytes as people write it.
    #[must_use]
    pub fn bytes(&self, bytes: &i64) -> String {
        let (unit, word) = match bytes {
            ..1_000 => (1, "B"),
            1_000..1_000_000 => (1_000, "kB"),
            1_000_000..1_000_000_000 => (1_000_000, "MB"),
            _ => (1_000_000_000, "GB"),
        };
        format!("{} {word}", self.chrome.number(&(bytes / unit)))
    }

    /// How many things were looked at.
    #[must_use]
    pub fn count(&self, count: &u64) -> String {
        self.chrome.number(&i64::try_from(*count).unwrap_or(i64::MAX))
    }

    /// A time of so many milliseconds.
    #[must_use]
    pub fn millis(&self, millis: &u64) -> String {
        self.chrome.delay(&Duration::from_millis(*millis))
    }

    /// The badge of a verdict.
    #[must_use]
    pub fn verdict(&self, good: &bool) -> Badge {
        let (tone, icon, key) =
            if *good { (Tone::Good, "check", "drill-good") } else { (Tone::Bad, "alert", "drill-bad") };
        Badge { tone, icon, text: self.chrome.t(key), detail: None }
    }

    fn is_under_way(&self, kind: &str) -> bool {
        self.under_way.iter().any(|run| run.kind == kind)
    }
}
