//! Personal data: what is kept of whom, and what a member decides about it.

use app::buyers::BUYERS_KEPT;
use askama::Template;
use domain::Timestamp;
use domain::retention::{CLASSES, Class};
use store::holds::Hold;

use crate::Chrome;
use crate::pages::Errors;
use crate::retention::{self, Row};

/// Milliseconds of a day.
const DAY_MS: u128 = 24 * 60 * 60 * 1_000;

/// `GET /privacy`.
#[derive(Debug, Template)]
#[template(path = "privacy.html")]
pub struct PrivacyPage {
    /// Around it.
    pub chrome: Chrome,
    /// Since when orders are found by their buyers; `None` where they are not.
    pub since: Option<Timestamp>,
    /// Buyers that can be found.
    pub buyers: i64,
    /// What is held, the newest first.
    pub holds: Vec<Hold>,
    /// What was typed into the form of a hold.
    pub typed: Typed,
    /// What is wrong with it.
    pub errors: Errors,
}

/// What was typed into the form of a hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// A class, or `person`.
    pub on: String,
    /// What the person is called.
    pub called: String,
    /// Why.
    pub reason: String,
    /// A day, as in 2027-01-31.
    pub review_by: String,
}

/// What a hold keeps, in words.
pub(crate) fn held(chrome: &Chrome, hold: &Hold) -> &'static str {
    let class = hold.class.as_deref().and_then(Class::parse);
    class.map_or_else(|| chrome.t("hold-person"), |class| chrome.word("retention", class.name))
}

impl PrivacyPage {
    /// The classes that can be held, by their words.
    fn holdable() -> impl Iterator<Item = &'static str> {
        CLASSES.iter().filter(|class| class.can_be_held()).map(|class| class.name)
    }

    /// What a hold keeps, in words.
    fn held(&self, hold: &Hold) -> &'static str {
        held(&self.chrome, hold)
    }

    /// What is kept of people, until when and why.
    fn kept(&self) -> Vec<Row> {
        retention::rows(self.chrome.lang, false)
    }

    /// A sentence with the days that buyers are kept.
    fn in_days(&self, key: &str) -> String {
        let days = (BUYERS_KEPT.as_millis() / DAY_MS).to_string();
        self.chrome.ta(key, "days", &days)
    }
}
