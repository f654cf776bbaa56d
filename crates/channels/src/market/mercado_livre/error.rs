//! The API's failures in the house's words. The same trouble has several shapes; what
//! they are: `QUIRKS.md`.

use connect::{Answer, ChannelError, ErrorKind};
use http::StatusCode;
use serde_json::Value;

use super::wire::{Fault, Loose, filled};

/// What must not be missing from a partial answer: without it an order would look like
/// one that has no shipment, a listing like one that has no variations. Other parts
/// (`buyer`, `feedback`) nobody needs.
const NEEDED: [&str; 8] =
    ["order_items", "shipping", "status", "substatus", "tags", "results", "variations", "available_quantity"];

/// The answer, if it is a success; a partial one (206) only when it lacks nothing needed.
pub(super) fn succeeded(answer: Answer) -> Result<Answer, ChannelError> {
    if answer.status() == StatusCode::PARTIAL_CONTENT {
        return complete(answer);
    }
    if answer.status().is_success() { Ok(answer) } else { Err(answer.fail(kind(&answer))) }
}

fn complete(answer: Answer) -> Result<Answer, ChannelError> {
    let Some(missing) = answer.header("x-content-missing") else {
        return Err(answer.garbled("a partial answer that does not say what is missing"));
    };
    match missing.split(',').map(str::trim).find(|field| NEEDED.contains(field)) {
        Some(field) => Err(answer.garbled(format!("a partial answer without {field}"))),
        None => Ok(answer),
    }
}

/// What went wrong, of an answer that is no success.
pub(super) fn kind(answer: &Answer) -> ErrorKind {
    let said = Said::read(answer);
    let status = answer.status().as_u16();
    match status {
        429 => ErrorKind::RateLimited { not_before: answer.retry_after() },
        _ if said.rate_limited() => ErrorKind::RateLimited { not_before: answer.retry_after() },
        401 => ErrorKind::TokenRefused,
        404 | 410 => ErrorKind::NotFound,
        409 | 423 => ErrorKind::Conflict,
        408 | 499.. => ErrorKind::PlatformFault { status },
        // Proxies in between answer with pages of their own: they say nothing about us.
        400..=498 if !said.is_json => ErrorKind::Garbled { what: format!("status {status} without JSON") },
        400..=498 if said.token_refused() => ErrorKind::TokenRefused,
        403 => ErrorKind::PermissionMissing,
        400..=498 => said.refusal(answer),
        _ => ErrorKind::Garbled { what: format!("status {status}") },
    }
}

/// An error body, read as far as it goes.
pub(super) struct Said {
    fault: Fault,
    is_json: bool,
}

impl Said {
    /// Reads any body; one that is no error says nothing.
    pub(super) fn read(answer: &Answer) -> Self {
        let fault = serde_json::from_slice::<Fault>(answer.body());
        Self { is_json: fault.is_ok(), fault: fault.unwrap_or_default() }
    }

    /// Whether it was of the form of an error.
    pub(super) const fn is_json(&self) -> bool {
        self.is_json
    }

    /// The machine code: of the cause that blocks, else of the whole.
    pub(super) fn code(&self) -> Option<String> {
        let of_cause = self.blocking_cause().and_then(|cause| cause.get("code")).and_then(Value::as_str);
        of_cause.or(filled(self.fault.error.as_ref())).or(filled(self.fault.code.as_ref())).map(str::to_owned)
    }

    /// The refusal that it says.
    pub(super) fn refusal(&self, answer: &Answer) -> ErrorKind {
        let cause = self.blocking_cause();
        let of_cause =
            cause.and_then(|cause| cause.as_str().or(cause.get("message").and_then(Value::as_str)));
        let message = of_cause.or(self.message()).unwrap_or_default();
        ErrorKind::Refused {
            code: self
                .code()
                .map_or_else(|| answer.status().as_str().to_owned(), |code| answer.redacted(&code)),
            message: answer.redacted(message),
        }
    }

    fn message(&self) -> Option<&str> {
        filled(self.fault.message.as_ref()).or(filled(self.fault.error_description.as_ref()))
    }

    /// Causes of type `warning` come along with errors and block nothing.
    fn blocking_cause(&self) -> Option<&Value> {
        let causes = self.fault.cause.as_ref()?.as_array()?;
        causes.iter().find(|cause| cause.get("type").and_then(Value::as_str) != Some("warning"))
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        [&self.fault.error, &self.fault.code, &self.fault.message]
            .into_iter()
            .filter_map(|word| word.as_ref().and_then(Loose::filled))
    }

    fn rate_limited(&self) -> bool {
        self.words().any(|word| matches!(word, "local_rate_limited" | "too_many_requests"))
    }

    fn token_refused(&self) -> bool {
        self.words().any(|word| {
            matches!(word, "invalid_token" | "invalid access token" | "authorization value not present")
                || word.starts_with("Malformed access_token")
        })
    }
}

/// What a failed entry of a multiget means: the whole answer succeeded, so only the
/// entry's status speaks.
pub(super) fn kind_of_entry(status: i64) -> ErrorKind {
    match u16::try_from(status).unwrap_or_default() {
        401 => ErrorKind::TokenRefused,
        403 => ErrorKind::PermissionMissing,
        429 => ErrorKind::RateLimited { not_before: None },
        status @ 500.. => ErrorKind::PlatformFault { status },
        status => ErrorKind::Garbled { what: format!("an entry with status {status}") },
    }
}
