//! One call and its answer as support may see them: secrets and personal data taken out.

use domain::Timestamp;

/// Longest body kept of a request or an answer, in bytes.
pub const MAX_BODY_BYTES: usize = 4_096;

/// A redacted exchange.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exchange {
    /// HTTP method.
    pub method: String,
    /// Host, path and query, values of secret parameters replaced.
    pub url: String,
    /// Request body, redacted and cut at [`MAX_BODY_BYTES`].
    pub request_body: String,
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// Answer body, redacted and cut at [`MAX_BODY_BYTES`].
    pub response_body: String,
    /// When the call began.
    pub started_at: Timestamp,
    /// How long it took.
    pub elapsed_ms: u64,
}
