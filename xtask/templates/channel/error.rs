//! The API's failures in the house's words. What holds at every platform stands here; its
//! own codes come before the last line of `kind`, and into `QUIRKS.md`.

use std::future;

use connect::{Answer, Call, ChannelError, ErrorKind};

/// The answer, if it is a success.
pub(super) fn succeeded(answer: Answer) -> Result<Answer, ChannelError> {
    if answer.status().is_success() { Ok(answer) } else { Err(answer.fail(kind(&answer))) }
}

/// What went wrong, of an answer that is no success.
fn kind(answer: &Answer) -> ErrorKind {
    let status = answer.status().as_u16();
    match status {
        429 => ErrorKind::RateLimited { not_before: answer.retry_after() },
        408 | 500.. => ErrorKind::PlatformFault { status },
        // Proxies in between answer with pages of their own: they say nothing about us.
        _ => ErrorKind::Garbled { what: format!("status {status}, of which nothing is known") },
    }
}

/// What a capability answers that is not written yet. It fails for good, so that no job
/// waits for it.
pub(super) fn not_written<'a, T: Send + 'a>(operation: &'static str, file: &str) -> Call<'a, T> {
    let kind = ErrorKind::Refused { code: "not_written".into(), message: belongs_to(file) };
    Box::pin(future::ready(Err(ChannelError::new(kind, operation))))
}

/// Where something is to be written.
pub(super) fn belongs_to(file: &str) -> String {
    format!(
        "acme: this is not written yet; it belongs into crates/channels/src/market/acme/{file} \
         (docs/adding-a-channel.md, step 4)"
    )
}
