//! How far an offer is on its way to its platform.

use crate::time::Timestamp;

/// Where a publication stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublicationState {
    /// Somebody asked for it.
    Asked,
    /// Its pictures are being uploaded.
    Uploading,
    /// It is being handed in. Whether the platform has it is not known until it answers.
    HandingIn,
    /// The platform has it.
    Taken,
    /// The platform, or our own look at its rules, refuses what it says. Nothing was made.
    Refused,
    /// Given up before anything was handed in.
    Failed,
    /// Given up, and nobody knows whether the platform has it: the next try looks first.
    Unknown,
}

impl PublicationState {
    /// Every state there is.
    pub const ALL: [Self; 7] = [
        Self::Asked,
        Self::Uploading,
        Self::HandingIn,
        Self::Taken,
        Self::Refused,
        Self::Failed,
        Self::Unknown,
    ];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Uploading => "uploading",
            Self::HandingIn => "handing_in",
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The state of a word in a database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the house works on it.
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Asked | Self::Uploading | Self::HandingIn)
    }
}

/// Why nothing was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// It is on its way.
    #[error("it is on its way already")]
    UnderWay,
    /// It is at the platform.
    #[error("it is published already")]
    Published,
}

/// A publication: an offer on its way to its platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Where it stands.
    pub state: PublicationState,
    /// The house's name of the offer: the same until it is known how a try ended.
    pub reference: String,
    /// When the first try began whose end is not known.
    pub tried_since: Option<Timestamp>,
    /// When somebody asked for it last.
    pub asked_at: Timestamp,
}

impl Publication {
    /// Asks for it, after what was before. `is_over`: everything that it became has ended at the platform.
    /// `fresh` names the offer, unless a try of before may have been taken under its name.
    ///
    /// # Errors
    /// Why nothing is to be done.
    pub fn ask(
        before: Option<&Self>,
        is_over: bool,
        fresh: String,
        now: Timestamp,
    ) -> Result<Self, AskError> {
        let new = |reference, tried_since| Self {
            state: PublicationState::Asked,
            reference,
            tried_since,
            asked_at: now,
        };
        let Some(before) = before else { return Ok(new(fresh, None)) };
        match before.state {
            PublicationState::Asked | PublicationState::Uploading | PublicationState::HandingIn => {
                Err(AskError::UnderWay)
            }
            PublicationState::Taken if !is_over => Err(AskError::Published),
            PublicationState::Failed | PublicationState::Unknown if before.tried_since.is_some() => {
                Ok(new(before.reference.clone(), before.tried_since))
            }
            PublicationState::Taken
            | PublicationState::Refused
            | PublicationState::Failed
            | PublicationState::Unknown => Ok(new(fresh, None)),
        }
    }

    /// Whether a job has anything to do for it.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        !matches!(self.state, PublicationState::Taken | PublicationState::Refused)
    }

    /// It is about to be handed in: gives since when a try of before may have been taken, if there was one.
    pub fn hand_in(&mut self, now: Timestamp) -> Option<Timestamp> {
        let before = self.tried_since;
        self.state = PublicationState::HandingIn;
        self.tried_since = before.or(Some(now));
        before
    }

    /// The platform has it.
    pub const fn take(&mut self) {
        self.state = PublicationState::Taken;
        self.tried_since = None;
    }

    /// It is refused, and nothing was made.
    pub const fn refuse(&mut self) {
        self.state = PublicationState::Refused;
        self.tried_since = None;
    }

    /// No more tries are made by themselves.
    pub const fn give_up(&mut self) {
        self.state =
            if self.tried_since.is_some() { PublicationState::Unknown } else { PublicationState::Failed };
    }
}
