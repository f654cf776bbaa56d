//! What went wrong, in words a seller can act on. Each problem has a translation
//! (`problem-<word>-title`, `-mend`) in every language; the page tests check that.

/// The kinds of trouble that end on the page of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Problem {
    /// The account's consent has ended; its owner must connect again.
    ConsentEnded,
    /// The app's own credentials were refused.
    AppRefused,
    /// The account lacks a permission for this.
    PermissionMissing,
    /// The platform does not answer, or answers with faults of its own.
    PlatformDown,
    /// The platform says: too many calls.
    RateLimited,
    /// The platform answered something that is not what its documents describe.
    Garbled,
    /// The platform does not know the thing (any more).
    NotFound,
    /// The listing is closed or under review: its stock cannot be written.
    ListingNotWritable,
    /// The platform accepted a write but shows another value.
    WriteNotApplied,
    /// The platform refused the request, with its own reason.
    Refused,
    /// Something in our own program or database failed.
    Internal,
    /// The platform wants the invoice first.
    InvoiceMissing,
    /// The platform is still making it.
    NotYet,
    /// The mail server does not answer, or is not set up as it has to be.
    MailServer,
    /// The mail server does not take this letter.
    MailRefused,
}

impl Problem {
    /// Every problem there is.
    pub const ALL: [Self; 15] = [
        Self::ConsentEnded,
        Self::AppRefused,
        Self::PermissionMissing,
        Self::PlatformDown,
        Self::RateLimited,
        Self::Garbled,
        Self::NotFound,
        Self::ListingNotWritable,
        Self::WriteNotApplied,
        Self::Refused,
        Self::Internal,
        Self::InvoiceMissing,
        Self::NotYet,
        Self::MailServer,
        Self::MailRefused,
    ];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsentEnded => "consent_ended",
            Self::AppRefused => "app_refused",
            Self::PermissionMissing => "permission_missing",
            Self::PlatformDown => "platform_down",
            Self::RateLimited => "rate_limited",
            Self::Garbled => "garbled",
            Self::NotFound => "not_found",
            Self::ListingNotWritable => "listing_not_writable",
            Self::WriteNotApplied => "write_not_applied",
            Self::Refused => "refused",
            Self::Internal => "internal",
            Self::InvoiceMissing => "invoice_missing",
            Self::NotYet => "not_yet",
            Self::MailServer => "mail_server",
            Self::MailRefused => "mail_refused",
        }
    }

    /// The problem of a word in a database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_survives_its_word() {
        for problem in Problem::ALL {
            assert_eq!(Problem::parse(problem.as_str()), Some(problem));
        }
    }
}
