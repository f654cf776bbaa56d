//! What goes wrong with a bucket, in words that say the mend.

use std::time::Duration;

use crate::outbound::TransportError;

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Writing an object.
    Write,
    /// Reading one.
    Read,
    /// Listing them.
    List,
    /// Deleting one.
    Delete,
}

impl Doing {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::List => "list",
            Self::Delete => "delete",
        }
    }

    /// What a policy calls the permission ("Actions, resources, and condition keys for Amazon S3",
    /// Service Authorization Reference).
    #[must_use]
    pub const fn permission(self) -> &'static str {
        match self {
            Self::Write => "s3:PutObject",
            Self::Read => "s3:GetObject",
            Self::List => "s3:ListBucket",
            Self::Delete => "s3:DeleteObject",
        }
    }
}

/// Why a bucket did not do as it was asked, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// No answer, whatever was tried.
    #[error(
        "{place} gave no answer in {tries} tries ({why}): look at network, name service and the server's address"
    )]
    Unreachable {
        /// Where.
        place: String,
        /// The last one's end.
        why: TransportError,
        /// How often.
        tries: u32,
    },
    /// The server has trouble of its own, or too much to do.
    #[error(
        "{place} still answers {status} {code} after {tries} tries: it has trouble of its own; this is tried again later"
    )]
    Busy {
        /// Where.
        place: String,
        /// The last one's status.
        status: u16,
        /// Its word.
        code: String,
        /// How often.
        tries: u32,
    },
    /// The key may not do that.
    #[error(
        "the access key may not {} in {place}: allow it {} there (the server says {status} {code})",
        doing.as_str(),
        doing.permission()
    )]
    Denied {
        /// Where.
        place: String,
        /// What.
        doing: Doing,
        /// Status.
        status: u16,
        /// Its word.
        code: String,
    },
    /// No such bucket.
    #[error("there is no bucket {bucket} at {place}: make it, or correct LOJISTA_BACKUP_S3_BUCKET")]
    NoBucket {
        /// Where.
        place: String,
        /// Its name.
        bucket: String,
    },
    /// Nobody has this key.
    #[error("{place} does not know the access key: correct LOJISTA_BACKUP_S3_ACCESS_KEY_ID")]
    UnknownKey {
        /// Where.
        place: String,
    },
    /// The two halves of the key do not belong together.
    #[error(
        "{place} refuses the signature: the secret is not the one of this access key; correct \
         LOJISTA_BACKUP_S3_SECRET_ACCESS_KEY"
    )]
    WrongSecret {
        /// Where.
        place: String,
    },
    /// The clocks disagree.
    #[error(
        "the clock of this machine and that of {place} are too far apart{}: let this machine set its clock by NTP \
         (timedatectl set-ntp true)",
        off.map(|off| format!(" ({} s)", off.as_secs())).unwrap_or_default()
    )]
    Clock {
        /// Where.
        place: String,
        /// By how much, if it told its time.
        off: Option<Duration>,
    },
    /// The bucket lies in another region.
    #[error(
        "{place} is not in the region that is set{}: correct LOJISTA_BACKUP_S3_REGION",
        found.as_ref().map(|found| format!(" but in {found}")).unwrap_or_default()
    )]
    Region {
        /// Where.
        place: String,
        /// Where it says it is.
        found: Option<String>,
    },
    /// The bucket lies elsewhere.
    #[error(
        "{place} lies at another address{}: correct LOJISTA_BACKUP_S3_ENDPOINT",
        found.as_ref().map(|found| format!(", {found}")).unwrap_or_default()
    )]
    Elsewhere {
        /// Where.
        place: String,
        /// Where it says it is.
        found: Option<String>,
    },
    /// No space left, or none that is ours.
    #[error("{place} is full: free some space there, or name another place")]
    Full {
        /// Where.
        place: String,
    },
    /// Longer than such a thing ever is.
    #[error("{name} in {place} has more than {limit} bytes")]
    TooLong {
        /// Where.
        place: String,
        /// What.
        name: String,
        /// The limit.
        limit: usize,
    },
    /// An answer that is not that of a bucket.
    #[error("{place} does not answer like S3-compatible storage ({what}): look at the server's address")]
    Garbled {
        /// Where.
        place: String,
        /// What is odd.
        what: &'static str,
    },
    /// Anything else that it said.
    #[error("{place} refuses to {}: it says {status} {code}", doing.as_str())]
    Refused {
        /// Where.
        place: String,
        /// What.
        doing: Doing,
        /// Status.
        status: u16,
        /// Its word.
        code: String,
    },
    /// The place's parts make no address that may be called.
    #[error("{place} cannot be called: look at the server's address")]
    Address {
        /// Where.
        place: String,
    },
}
