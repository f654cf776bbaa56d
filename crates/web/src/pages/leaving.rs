//! The shop is closed: what happens then, what is taken along, and the way back.

use app::leaving::{CALL_OFF_FOR, Leaving};
use askama::Template;
use domain::ChannelKind;
use store::holds::Hold;

use crate::pages::{Errors, privacy};
use crate::{Chrome, Tone};

/// Seconds of a day.
const DAY_S: u64 = 24 * 60 * 60;

/// `GET /privacy/leaving`. Fields: `name`, `reason`.
#[derive(Debug, Template)]
#[template(path = "leaving.html")]
pub struct LeavingPage {
    /// Around it.
    pub chrome: Chrome,
    /// What the shop is called.
    pub shop: String,
    /// What was asked for, if it was.
    pub wish: Option<Leaving>,
    /// The holds that stand.
    pub holds: Vec<Hold>,
    /// Orders that were paid and have not been sent.
    pub orders_not_sent: i64,
    /// The marketplaces whose consent ends, or has to be ended by the seller.
    pub channels: Vec<ChannelKind>,
    /// The name that was typed.
    pub typed_name: String,
    /// The reason that was typed.
    pub typed_reason: String,
    /// What is wrong with them.
    pub errors: Errors,
}

impl LeavingPage {
    fn in_days(&self, key: &str) -> String {
        self.chrome.ta(key, "days", &(CALL_OFF_FOR.as_secs() / DAY_S).to_string())
    }

    fn name_label(&self) -> String {
        self.chrome.ta("leaving-name", "name", &self.shop)
    }

    fn held(&self, hold: &Hold) -> &'static str {
        privacy::held(&self.chrome, hold)
    }
}
