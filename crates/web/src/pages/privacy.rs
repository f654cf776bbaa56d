//! Personal data: what is kept of whom, and what a member decides about it.

use app::buyers::BUYERS_KEPT;
use askama::Template;
use domain::Timestamp;

use crate::Chrome;
use crate::i18n;

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
}

impl PrivacyPage {
    /// What is kept and why, by the words of the translation keys `kept-…`, `kept-how-…` and
    /// `kept-until-…`.
    const KEPT: [&'static str; 5] = ["buyer", "answer", "token", "member", "session"];

    fn until(&self, what: &str) -> String {
        let days = (BUYERS_KEPT.as_millis() / DAY_MS).to_string();
        i18n::t(self.chrome.lang, &format!("kept-until-{what}"), &[("days", &days)])
    }

    /// A sentence with the days that buyers are kept.
    fn in_days(&self, key: &str) -> String {
        let days = (BUYERS_KEPT.as_millis() / DAY_MS).to_string();
        self.chrome.ta(key, "days", &days)
    }
}
