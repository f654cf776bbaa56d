//! What can go wrong in a call to a channel: one list for all channels, each kind with
//! its verdict (retry or fail) and the problem a person reads about.

use std::fmt;
use std::time::Duration;

use domain::pace::Blow;
use domain::{Problem, Verdict};

use crate::exchange::Exchange;

/// Kinds of failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// No connection, broken connection, no answer within the deadline.
    Unreachable,
    /// The platform answered 5xx.
    PlatformFault {
        /// HTTP status.
        status: u16,
    },
    /// Too many calls.
    RateLimited {
        /// What the platform asked for, if it did.
        not_before: Option<Duration>,
    },
    /// The access token was refused: renew it and try again.
    TokenRefused,
    /// The refresh token was refused for good: only the account's owner can help.
    ConsentEnded,
    /// The app's own credentials were refused.
    AppRefused,
    /// The account or the app lacks a permission.
    PermissionMissing,
    /// There is no such thing (yet: a hook can come before the thing is readable).
    NotFound,
    /// Somebody else wrote at the same time.
    Conflict,
    /// The listing takes no writes in its state.
    NotWritable,
    /// The write was accepted, yet the platform shows another value.
    WriteNotApplied,
    /// The platform wants the invoice (Brazil: the NF-e) of a package first.
    InvoiceMissing,
    /// The platform is still making what was asked for.
    NotYet,
    /// A list cannot be gone on with where it was left: it has to be read from its beginning.
    PageExpired,
    /// The platform refused the request.
    Refused {
        /// Its machine code.
        code: String,
        /// Its sentence.
        message: String,
    },
    /// The answer is not what the platform's documents describe.
    Garbled {
        /// What was wrong with it.
        what: String,
    },
    /// The address may not be called (an internal network, a host not of this channel).
    AddressNotAllowed,
}

/// A failed call. `Display` says what failed; the redacted exchange is for support.
#[derive(Debug, Clone)]
pub struct ChannelError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// What was attempted (`fetch order`).
    pub operation: &'static str,
    /// The exchange, with secrets and personal data taken out; `None` when nothing was sent.
    pub exchange: Option<Box<Exchange>>,
}

impl ChannelError {
    /// A failure before anything was sent.
    #[must_use]
    pub const fn new(kind: ErrorKind, operation: &'static str) -> Self {
        Self { kind, operation, exchange: None }
    }

    /// The same failure with the exchange that shows it.
    #[must_use]
    pub fn with_exchange(mut self, exchange: Exchange) -> Self {
        self.exchange = Some(Box::new(exchange));
        self
    }

    /// Retry or fail.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match &self.kind {
            ErrorKind::RateLimited { not_before } => Verdict::Retry { not_before: *not_before },
            ErrorKind::Unreachable
            | ErrorKind::PlatformFault { .. }
            | ErrorKind::TokenRefused
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::WriteNotApplied
            | ErrorKind::NotYet
            | ErrorKind::PageExpired
            | ErrorKind::Garbled { .. } => Verdict::RETRY,
            ErrorKind::ConsentEnded
            | ErrorKind::InvoiceMissing
            | ErrorKind::AppRefused
            | ErrorKind::PermissionMissing
            | ErrorKind::NotWritable
            | ErrorKind::Refused { .. }
            | ErrorKind::AddressNotAllowed => Verdict::Fail,
        }
    }

    /// What it says about how fast the account may be called; `None` where it says nothing.
    #[must_use]
    pub fn blow(&self) -> Option<Blow> {
        if let ErrorKind::RateLimited { not_before } = self.kind {
            return Some(Blow::TooMany { wish: not_before });
        }
        let is_down = matches!(self.kind, ErrorKind::Unreachable | ErrorKind::PlatformFault { .. });
        is_down.then_some(Blow::Down)
    }

    /// What a person reads about.
    #[must_use]
    pub const fn problem(&self) -> Problem {
        match &self.kind {
            ErrorKind::Unreachable | ErrorKind::PlatformFault { .. } => Problem::PlatformDown,
            ErrorKind::RateLimited { .. } => Problem::RateLimited,
            ErrorKind::TokenRefused | ErrorKind::ConsentEnded => Problem::ConsentEnded,
            ErrorKind::AppRefused => Problem::AppRefused,
            ErrorKind::PermissionMissing => Problem::PermissionMissing,
            ErrorKind::NotFound => Problem::NotFound,
            ErrorKind::NotWritable => Problem::ListingNotWritable,
            ErrorKind::WriteNotApplied => Problem::WriteNotApplied,
            ErrorKind::InvoiceMissing => Problem::InvoiceMissing,
            ErrorKind::NotYet => Problem::NotYet,
            ErrorKind::Conflict | ErrorKind::PageExpired | ErrorKind::Refused { .. } => Problem::Refused,
            ErrorKind::Garbled { .. } => Problem::Garbled,
            ErrorKind::AddressNotAllowed => Problem::Internal,
        }
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.operation)?;
        match &self.kind {
            ErrorKind::Unreachable => out.write_str("the platform did not answer"),
            ErrorKind::PlatformFault { status } => write!(out, "the platform failed with status {status}"),
            ErrorKind::RateLimited { .. } => out.write_str("too many calls"),
            ErrorKind::TokenRefused => out.write_str("the access token was refused"),
            ErrorKind::ConsentEnded => out.write_str("the consent has ended"),
            ErrorKind::AppRefused => out.write_str("the app's credentials were refused"),
            ErrorKind::PermissionMissing => out.write_str("a permission is missing"),
            ErrorKind::NotFound => out.write_str("not found"),
            ErrorKind::Conflict => out.write_str("another write came in between"),
            ErrorKind::NotWritable => out.write_str("takes no writes in its state"),
            ErrorKind::WriteNotApplied => out.write_str("the write was accepted but not applied"),
            ErrorKind::InvoiceMissing => out.write_str("the platform wants the invoice first"),
            ErrorKind::NotYet => out.write_str("the platform is still making it"),
            ErrorKind::PageExpired => out.write_str("the list has to be read from its beginning"),
            ErrorKind::Refused { code, message } => write!(out, "refused as {code}: {message}"),
            ErrorKind::Garbled { what } => write!(out, "unexpected answer: {what}"),
            ErrorKind::AddressNotAllowed => out.write_str("the address may not be called"),
        }
    }
}

impl std::error::Error for ChannelError {}
