//! The privacy centre: what anyone may ask of their data.

use app::disclosure::Disclosure;
use askama::Template;
use domain::privacy::{Regime, RequestKind};
use domain::{OrganizationId, RequestId, Timestamp};
use store::requests::RequestState;

use crate::Chrome;
use crate::pages::Errors;
use crate::retention::{self, Row};

/// `GET /your-data` where several shops run.
#[derive(Debug, Template)]
#[template(path = "your_data_find.html")]
pub struct FindPage {
    /// Around it; nobody is signed in.
    pub chrome: Chrome,
}

/// `GET /your-data/{organization}`. Field: `email`.
#[derive(Debug, Template)]
#[template(path = "your_data.html")]
pub struct CentrePage {
    /// Around it; nobody is signed in.
    pub chrome: Chrome,
    /// Whose page.
    pub organization: OrganizationId,
    /// What it is called.
    pub shop: String,
    /// What was typed before.
    pub email: String,
    /// A request that was just made.
    pub received: Option<ReceivedView>,
    /// What is wrong.
    pub errors: Errors,
}

/// A request that was just made.
#[derive(Debug, Clone)]
pub struct ReceivedView {
    /// Its number.
    pub number: RequestId,
    /// The last day for its answer.
    pub last_day: Timestamp,
}

impl CentrePage {
    fn kept(&self) -> Vec<Row> {
        retention::rows(self.chrome.lang, false)
    }
}

/// `GET /your-data/{organization}/code`. Field: `code`.
#[derive(Debug, Template)]
#[template(path = "your_data_code.html")]
pub struct CodePage {
    /// Around it; nobody is signed in.
    pub chrome: Chrome,
    /// Whose page.
    pub organization: OrganizationId,
    /// What is wrong.
    pub errors: Errors,
}

/// `GET /your-data/{organization}/yours`. Fields: `form`, `kind`, `regime`, `text`.
#[derive(Debug, Template)]
#[template(path = "your_data_yours.html")]
pub struct YoursPage {
    /// Around it; nobody is signed in.
    pub chrome: Chrome,
    /// Whose page.
    pub organization: OrganizationId,
    /// What they asked for before.
    pub requests: Vec<OwnRequest>,
}

/// A request, for whoever made it.
#[derive(Debug, Clone)]
pub struct OwnRequest {
    /// Its number.
    pub id: RequestId,
    /// What was asked for.
    pub kind: RequestKind,
    /// How it stands.
    pub state: RequestState,
    /// The last day for its answer.
    pub last_day: Timestamp,
}

/// `POST /your-data/{organization}/copy`.
#[derive(Debug, Template)]
#[template(path = "your_data_copy.html")]
pub struct CopyPage {
    /// Around it; nobody is signed in.
    pub chrome: Chrome,
    /// Whose page.
    pub organization: OrganizationId,
    /// What is on file.
    pub copy: Disclosure,
}

impl CopyPage {
    fn kept(&self) -> Vec<Row> {
        retention::rows(self.chrome.lang, false)
    }
}

/// `GET /your-data/{organization}/ask`. Fields: `kind`, `regime`, `contact`, `called`, `text`.
#[derive(Debug, Template)]
#[template(path = "your_data_ask.html")]
pub struct AskPage {
    /// Around it; nobody is signed in.
    pub chrome: Chrome,
    /// Whose page.
    pub organization: OrganizationId,
    /// What was typed before.
    pub typed: AskedBefore,
    /// What is wrong.
    pub errors: Errors,
}

/// What was typed before.
#[derive(Debug, Clone, Default)]
pub struct AskedBefore {
    /// How they are reached.
    pub contact: String,
    /// What they are found by.
    pub called: String,
    /// What they wrote.
    pub text: String,
}
