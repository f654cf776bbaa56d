//! Keys: which there are, how old, what each wraps, and how far a change is.

use app::keys::{KekStanding, Standing};
use askama::Template;
use store::rotation::{KekState, Rotation, RotationState};

use crate::{Badge, Chrome, Tone};

/// `GET /keys`.
#[derive(Debug, Template)]
#[template(path = "keys.html")]
pub struct KeysPage {
    /// Around it.
    pub chrome: Chrome,
    /// How they stand.
    pub keys: Standing,
}

impl KeysPage {
    /// What a key is, as a badge.
    #[must_use]
    pub fn state(&self, it: &KekStanding) -> Badge {
        let (tone, icon) = match it.kek.state {
            KekState::Coming => (Tone::Info, "info"),
            KekState::Primary => (Tone::Good, "check"),
            KekState::Former | KekState::Retired => (Tone::Quiet, "info"),
        };
        Badge { tone, icon, text: self.chrome.word("kek-state", it.kek.state.as_str()), detail: None }
    }

    /// Whether the key file here holds it.
    #[must_use]
    pub fn in_file(&self, it: &KekStanding) -> &'static str {
        self.chrome.t(if it.in_file { "keys-yes" } else { "keys-no" })
    }

    fn total(&self, rotation: &Rotation) -> Option<i64> {
        self.keys.under_way().map(|_| rotation.total.max(rotation.done))
    }

    fn is_overdue(&self) -> bool {
        self.keys.is_overdue(self.chrome.now)
    }

    fn may_retire(&self) -> bool {
        self.keys.to_retire().next().is_some()
    }
}
