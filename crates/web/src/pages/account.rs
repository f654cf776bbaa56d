//! Coming in, and what is shown when something is in the way.

use askama::Template;
use domain::Problem;

use crate::Chrome;
use crate::pages::Errors;

/// `GET|POST /sign-in`. Fields: `email`, `password`, `next`.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// Around it; nobody is signed in.
    pub chrome: Chrome,
    /// What was typed before.
    pub email: String,
    /// Where to go afterwards: a path of our own.
    pub next: String,
    /// Whether the shop has an address that passkeys can be made for.
    pub passkeys_possible: bool,
    /// The host of the team's identity provider, if there is one.
    pub provider: Option<String>,
    /// What is wrong. A refused pair is an error of `email` that names neither.
    pub errors: Errors,
}

/// Between the shop and the team's identity provider: goes on by itself.
#[derive(Debug, Template)]
#[template(path = "provider.html")]
pub struct ProviderPage {
    /// Around it, without navigation.
    pub chrome: Chrome,
    /// Where the provider is, for people.
    pub host: String,
    /// Where the browser goes.
    pub address: String,
}

/// `GET|POST /setup/{token}`. Fields: `organization`, `email`, `password`.
#[derive(Debug, Template)]
#[template(path = "setup.html")]
pub struct SetupPage {
    /// Around it; nobody is signed in.
    pub chrome: Chrome,
    /// The one-time token of the address.
    pub token: String,
    /// What was typed before.
    pub organization: String,
    /// What was typed before.
    pub email: String,
    /// Fewest characters of a password.
    pub password_min_chars: i64,
    /// What is wrong.
    pub errors: Errors,
}

/// `GET|POST /recover/{token}`. Fields: `email`, `password`.
#[derive(Debug, Template)]
#[template(path = "recover.html")]
pub struct RecoverPage {
    /// Around it; nobody is signed in.
    pub chrome: Chrome,
    /// The one-time token of the address.
    pub token: String,
    /// What was typed before.
    pub email: String,
    /// Fewest characters of a password.
    pub password_min_chars: i64,
    /// What is wrong.
    pub errors: Errors,
}

/// Why a page cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// No such page or thing (also: somebody else's).
    NotFound,
    /// The form's token is missing or old.
    StaleForm,
    /// The form or address is not readable.
    BadRequest,
    /// The member's roles do not include it.
    NotAllowed,
    /// Too many tries.
    TooMany,
    /// The one-time link was used or has run out.
    LinkUsed,
    /// The marketplace sent back a consent that was not asked for here.
    ForeignConsent,
    /// The seller said no at the marketplace.
    ConsentRefused,
    /// Something changed in between; look again and repeat.
    Changed,
    /// There is no space left to write.
    DiskFull,
    /// Something of ours failed.
    Internal,
    /// Something outside failed, in the words of the dead letters.
    Problem(Problem),
}

impl Obstacle {
    /// Every obstacle but the outside problems.
    pub const OWN: [Self; 11] = [
        Self::NotFound,
        Self::StaleForm,
        Self::BadRequest,
        Self::NotAllowed,
        Self::TooMany,
        Self::LinkUsed,
        Self::ForeignConsent,
        Self::ConsentRefused,
        Self::Changed,
        Self::DiskFull,
        Self::Internal,
    ];

    /// The HTTP status it is answered with.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::StaleForm | Self::ForeignConsent | Self::NotAllowed => 403,
            Self::BadRequest | Self::ConsentRefused => 400,
            Self::TooMany => 429,
            Self::LinkUsed => 410,
            Self::Changed => 409,
            Self::DiskFull => 503,
            Self::Internal => 500,
            Self::Problem(_) => 502,
        }
    }

    /// The stem of its translation keys; `-title` and `-mend` follow.
    #[must_use]
    pub fn key(self) -> String {
        let word = match self {
            Self::NotFound => "not_found",
            Self::StaleForm => "stale_form",
            Self::BadRequest => "bad_request",
            Self::NotAllowed => "not_allowed",
            Self::TooMany => "too_many",
            Self::LinkUsed => "link_used",
            Self::ForeignConsent => "foreign_consent",
            Self::ConsentRefused => "consent_refused",
            Self::Changed => "changed",
            Self::DiskFull => "disk_full",
            Self::Internal => "internal",
            Self::Problem(problem) => return format!("problem-{}", problem.as_str()),
        };
        format!("obstacle-{word}")
    }
}

/// Any page that cannot be shown, with a way out.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Around it.
    pub chrome: Chrome,
    /// What is in the way.
    pub obstacle: Obstacle,
    /// Where the way out leads.
    pub way_out: String,
    /// Finds the case in the log; for support.
    pub reference: Option<String>,
}

impl ErrorPage {
    fn title(&self) -> &'static str {
        self.chrome.t(&format!("{}-title", self.obstacle.key()))
    }

    fn mend(&self) -> &'static str {
        self.chrome.t(&format!("{}-mend", self.obstacle.key()))
    }
}
