//! What goes wrong in a use case or job: whose fault, retry or fail, what a person reads.

use std::time::Duration;

use connect::{ChannelError, ErrorKind, MailError};
use domain::{Problem, Verdict};
use store::StoreError;
use store::jobs::Failure;
use vault::SealError;

/// A failure of the application.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A channel's call failed.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A sealed value did not open.
    #[error("a sealed value does not open")]
    Seal(#[from] SealError),
    /// The key file is not the one the data is sealed under.
    #[error("the key file does not belong to this database; start with the key file that made it")]
    WrongKeys,
    /// There is no such thing (in this organization).
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The connection waits for its owner.
    #[error("the connection waits for its owner")]
    ConnectionStopped,
    /// Something else has to happen first; try again soon.
    #[error("{0}")]
    NotYet(&'static str),
    /// A limit of the member's is reached; so long to wait.
    #[error("too much at once; wait {0:?}")]
    TooSoon(Duration),
    /// A list of the platform has more pages than any shop's list has.
    #[error("the platform's list of {0} does not end")]
    Endless(&'static str),
    /// The channel is not configured in this installation.
    #[error("the channel {0} is not configured")]
    ChannelMissing(&'static str),
    /// A job's payload is not of its kind.
    #[error("a job holds something that its kind does not know: {0}")]
    BadJob(String),
    /// The simulator ended the program at this step.
    #[error("the program ended at {0}")]
    Died(&'static str),
}

impl AppError {
    /// Whether a list has to be read from its beginning again.
    pub(crate) const fn is_page_expired(&self) -> bool {
        matches!(self, Self::Channel(ChannelError { kind: ErrorKind::PageExpired, .. }))
    }

    /// Retry or fail.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Channel(error) => error.verdict(),
            Self::Store(error) => error.verdict(),
            Self::NotYet(_) | Self::TooSoon(_) | Self::Died(_) => Verdict::RETRY,
            Self::Seal(_)
            | Self::WrongKeys
            | Self::NotFound(_)
            | Self::ConnectionStopped
            | Self::ChannelMissing(_)
            | Self::Endless(_)
            | Self::BadJob(_) => Verdict::Fail,
        }
    }

    /// What a person reads about.
    #[must_use]
    pub const fn problem(&self) -> Problem {
        match self {
            Self::Channel(error) => error.problem(),
            Self::ConnectionStopped => Problem::ConsentEnded,
            Self::NotFound(_) => Problem::NotFound,
            Self::Endless(_) => Problem::Garbled,
            Self::ChannelMissing(_) => Problem::AppRefused,
            Self::Store(_)
            | Self::Seal(_)
            | Self::WrongKeys
            | Self::NotYet(_)
            | Self::TooSoon(_)
            | Self::BadJob(_)
            | Self::Died(_) => Problem::Internal,
        }
    }

    /// The failure as a job keeps it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let mut exchange = None;
        if let Self::Channel(ChannelError { exchange: Some(last), .. }) = self {
            exchange = serde_json::to_string(last).ok();
        }
        Failure { problem: self.problem(), error: self.to_string(), exchange }
    }
}

/// Why a job failed: what also happens on pages, or what jobs alone do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// A use case failed.
    #[error(transparent)]
    App(#[from] AppError),
    /// A letter was not taken.
    #[error(transparent)]
    Mail(#[from] MailError),
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl JobError {
    /// Retry or fail.
    pub(crate) const fn verdict(&self) -> Verdict {
        match self {
            Self::App(error) => error.verdict(),
            Self::Mail(error) => error.verdict(),
        }
    }

    /// The failure as the job keeps it.
    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::App(error) => error.failure(),
            Self::Mail(error) => {
                Failure { problem: error.problem(), error: self.to_string(), exchange: None }
            }
        }
    }
}
