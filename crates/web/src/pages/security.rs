//! A member's own sign-in: what they show, what they have, and what they are told.

use app::factors::Codes;
use app::sign_in::Choices;
use askama::Template;
use domain::{ApiKeyId, PasskeyId, Permission, SessionId, Timestamp};

use crate::Chrome;
use crate::pages::Errors;
use crate::qr::Drawing;

/// `GET|POST /sign-in/second` and `GET|POST /confirm`. Fields: `code`, `password`,
/// `credential`, `next`.
#[derive(Debug, Template)]
#[template(path = "second_step.html")]
pub struct SecondStepPage {
    /// Around it, without navigation.
    pub chrome: Chrome,
    /// Where the form goes.
    pub action: &'static str,
    /// Where to go afterwards.
    pub next: String,
    /// Whether somebody signed in proves once more who they are.
    pub again: bool,
    /// What is taken.
    pub choices: Choices,
    /// What is wrong.
    pub errors: Errors,
}

impl SecondStepPage {
    fn code_label(&self) -> &'static str {
        self.chrome.t(if self.choices.authenticator { "field-code" } else { "field-recovery-code" })
    }

    fn code_hint(&self) -> &'static str {
        match (self.choices.authenticator, self.choices.codes) {
            (true, true) => self.chrome.t("field-code-hint"),
            (true, false) => self.chrome.t("app-code-hint"),
            (false, _) => self.chrome.t("field-recovery-code-hint"),
        }
    }
}

/// A passkey in its member's list.
#[derive(Debug, Clone)]
pub struct PasskeyView {
    /// Id.
    pub id: PasskeyId,
    /// Its name.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Whether it is on several devices.
    pub backed_up: bool,
}

/// A session in its member's list.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// Id.
    pub id: SessionId,
    /// Its browser; may be empty.
    pub device: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// Whether the page is in it.
    pub own: bool,
}

/// Something that the member is told.
#[derive(Debug, Clone)]
pub struct NoticeView {
    /// A word of [`domain::member::SecurityNotice`].
    pub kind: String,
    /// The browser; may be empty.
    pub device: String,
    /// When.
    pub at: Timestamp,
    /// Whether it was read.
    pub seen: bool,
}

/// The team's identity provider, on a member's own page.
#[derive(Debug, Clone)]
pub struct ProviderView {
    /// Where it is, for people.
    pub host: String,
    /// Since when the member's account there signs in here.
    pub linked_since: Option<Timestamp>,
}

/// `GET /security`.
#[derive(Debug, Template)]
#[template(path = "security.html")]
pub struct SecurityPage {
    /// Around it.
    pub chrome: Chrome,
    /// A second factor is demanded, and there is none.
    pub must_add: bool,
    /// Whether the shop has an address that passkeys can be made for.
    pub passkeys_possible: bool,
    /// Passkeys, the oldest first.
    pub passkeys: Vec<PasskeyView>,
    /// Since when an authenticator app counts.
    pub authenticator_since: Option<Timestamp>,
    /// Recovery codes that are left.
    pub codes_left: i64,
    /// The team's identity provider, if there is one.
    pub provider: Option<ProviderView>,
    /// Sessions, the one used last first.
    pub sessions: Vec<SessionView>,
    /// What the member was told.
    pub notices: Vec<NoticeView>,
    /// Fewest characters of a password.
    pub password_min_chars: i64,
    /// What is wrong with the password form.
    pub errors: Errors,
}

impl SecurityPage {
    const MAX_NAME: usize = app::factors::MAX_PASSKEY_NAME_CHARS;
    /// With so few recovery codes left, new ones are due.
    const FEW_CODES: i64 = 3;

    fn has_factor(&self) -> bool {
        !self.passkeys.is_empty() || self.authenticator_since.is_some()
    }

    fn has_unread(&self) -> bool {
        self.notices.iter().any(|notice| !notice.seen)
    }

    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.own)
    }
}

/// `GET /security/app`, `POST /security/app/code`. Field: `code`.
#[derive(Debug, Template)]
#[template(path = "security_app.html")]
pub struct AuthenticatorPage {
    /// Around it.
    pub chrome: Chrome,
    /// What is scanned.
    pub drawing: Option<Drawing>,
    /// What is typed where nothing can be scanned, in groups.
    pub secret: String,
    /// The same as a link, for an app on this very device.
    pub uri: String,
    /// What is wrong.
    pub errors: Errors,
}

/// Recovery codes, shown once.
#[derive(Debug, Template)]
#[template(path = "security_codes.html")]
pub struct CodesPage {
    /// Around it.
    pub chrome: Chrome,
    /// The codes.
    pub codes: Codes,
}

/// A key in its member's list.
#[derive(Debug, Clone)]
pub struct ApiKeyView {
    /// Id.
    pub id: ApiKeyId,
    /// What its member calls it.
    pub name: String,
    /// What it may.
    pub scopes: Vec<Permission>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// `GET|POST /security/api-keys`. Fields: `name`, `scope` (several), `days`.
#[derive(Debug, Template)]
#[template(path = "api_keys.html")]
pub struct ApiKeysPage {
    /// Around it.
    pub chrome: Chrome,
    /// Keys, the newest first.
    pub keys: Vec<ApiKeyView>,
    /// What the member can make keys for.
    pub scopes: Vec<Permission>,
    /// What was typed.
    pub typed_name: String,
    /// The key that was just made, shown once.
    pub made: Option<String>,
    /// What is wrong.
    pub errors: Errors,
}

impl ApiKeysPage {
    /// Lives to choose from, in days.
    const DAYS: [i64; 4] = [30, 90, 180, 365];
}
