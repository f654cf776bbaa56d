//! What a check found.

use std::fmt;

use super::policy::Level;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nobody has to do anything.
    Note,
    /// Somebody should look.
    Warning,
    /// It has to be mended.
    Error,
}

impl Weight {
    /// What a level of the policy makes of something found; `None` when it is allowed.
    #[must_use]
    pub fn of(level: Level) -> Option<Self> {
        match level {
            Level::Deny => Some(Self::Error),
            Level::Warn => Some(Self::Warning),
            Level::Allow => None,
        }
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// What it is.
    pub what: String,
    /// What one has to know to mend it, line by line.
    pub more: Vec<String>,
}

impl Finding {
    /// A finding.
    #[must_use]
    pub fn new(weight: Weight, what: String, more: Vec<String>) -> Self {
        Self { weight, what, more }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Error => "ERROR",
            Weight::Warning => "WARNING",
            Weight::Note => "note",
        };
        write!(out, "{weight}: {}", self.what)?;
        self.more.iter().try_for_each(|line| write!(out, "\n    {line}"))
    }
}
