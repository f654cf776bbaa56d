//! What can be asked of the simulated storage besides what storage does: what is in it, what is to
//! go wrong, what it allows.

use serde::{Deserialize, Serialize};

/// What goes wrong, where and how often.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct S3Fault {
    /// Only calls of this method; any when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// Only keys that begin so; any when empty. A list has the key that it asks for.
    #[serde(default)]
    pub key_prefix: String,
    /// So many of them go well before.
    #[serde(default)]
    pub after: u32,
    /// How often; for ever when absent.
    #[serde(default)]
    pub count: Option<u32>,
    /// What.
    #[serde(flatten)]
    pub kind: S3Trouble,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum S3Trouble {
    /// Nothing is done; this is answered.
    Refuse {
        /// Status.
        status: u16,
        /// Its word.
        code: String,
    },
    /// It is done, and the connection breaks.
    LostAnswer,
    /// It is not done, and the connection breaks.
    Broken,
    /// The connection breaks in the middle of the body.
    HalfBody,
    /// The body ends in its middle, and its length says so.
    CutBody,
    /// One bit of the body is another.
    FlippedBody,
    /// A gateway's page, with 200.
    HtmlBody,
}

/// What the storage allows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3Rules {
    /// What the key may not: `write`, `read`, `list`, `delete`.
    pub denied: Vec<String>,
    /// Whether it writes only what is not there when it is asked to.
    pub is_conditional: bool,
    /// How far its clock is ahead of the world's, in seconds.
    pub clock_ahead_seconds: i64,
    /// Most keys on a page of a list.
    pub page_keys: usize,
    /// Whether each object wants a checksum of its own, as under an object lock.
    pub wants_checksums: bool,
}

impl Default for S3Rules {
    fn default() -> Self {
        Self {
            denied: Vec::new(),
            is_conditional: true,
            clock_ahead_seconds: 0,
            page_keys: 1_000,
            wants_checksums: false,
        }
    }
}

impl S3Fault {
    /// Always this, for every call.
    #[must_use]
    pub const fn of(kind: S3Trouble) -> Self {
        Self { method: None, key_prefix: String::new(), after: 0, count: None, kind }
    }

    /// Whether it strikes now; counts itself down.
    pub(super) fn strikes(&mut self, method: &str, key: &str) -> bool {
        let fits =
            self.method.as_ref().is_none_or(|only| only == method) && key.starts_with(&self.key_prefix);
        if !fits || self.count == Some(0) {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        if let Some(count) = &mut self.count {
            *count -= 1;
        }
        true
    }
}
