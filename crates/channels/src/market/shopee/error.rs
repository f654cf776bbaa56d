//! The API's failures in the house's words. Success is an empty `error`, whatever the HTTP
//! status; the same code comes bare or behind a module's name, and some mean different
//! things with different sentences. What they are: `QUIRKS.md`.

use std::time::Duration;

use connect::{Answer, ChannelError, ErrorKind};
use domain::Timestamp;
use http::StatusCode;
use serde_json::Value;

use super::wire::{Fault, filled};

/// What an answer holds besides its content.
const ENVELOPE: [&str; 8] =
    ["error", "message", "msg", "request_id", "warning", "debug_message", "debug_msg", "error_msg"];
/// Shopee counts days of calls in UTC+8.
const QUOTA_DAY_BEGINS_MS: i64 = 8 * 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The answer, if it is a success.
pub(super) fn succeeded(answer: Answer) -> Result<Answer, ChannelError> {
    match kind(&answer) {
        None => Ok(answer),
        Some(kind) => Err(answer.fail(kind)),
    }
}

/// What went wrong, of any answer; `None` of a success. Answers that are no JSON are told
/// apart later, by whoever reads them.
pub(super) fn kind(answer: &Answer) -> Option<ErrorKind> {
    let status = answer.status().as_u16();
    match status {
        429 => return Some(ErrorKind::RateLimited { not_before: answer.retry_after() }),
        408 | 499.. => return Some(ErrorKind::PlatformFault { status }),
        _ => {}
    }
    let Ok(fault) = serde_json::from_slice::<Fault>(answer.body()) else {
        // Proxies in between answer with pages of their own: they say nothing about us.
        let is_success = answer.status().is_success();
        return (!is_success).then(|| ErrorKind::Garbled { what: format!("status {status} without JSON") });
    };
    let said = Said::of(&fault);
    if said.is_nothing() {
        return without_code(answer);
    }
    Some(said.kind(answer))
}

/// No code, yet no success either.
fn without_code(answer: &Answer) -> Option<ErrorKind> {
    let status = answer.status();
    if status == StatusCode::NOT_FOUND {
        return Some(ErrorKind::NotFound);
    }
    let what = format!("status {} without an error's code", status.as_u16());
    (!status.is_success()).then_some(ErrorKind::Garbled { what })
}

/// Code and sentence of an error, trimmed and in lower case.
#[derive(Debug)]
struct Said {
    code: String,
    message: String,
    as_sent: (String, String),
}

impl Said {
    fn of(fault: &Fault) -> Self {
        let code = filled(fault.error.as_ref()).unwrap_or_default();
        let message = filled(fault.message.as_ref()).or(filled(fault.msg.as_ref())).unwrap_or_default();
        Self {
            code: tail(code).to_ascii_lowercase(),
            message: message.to_ascii_lowercase(),
            as_sent: (code.to_owned(), message.to_owned()),
        }
    }

    /// Samples of the documents write `-` and a space for no error. A lone point, on the
    /// other hand, is one.
    fn is_nothing(&self) -> bool {
        matches!(self.as_sent.0.as_str(), "" | "-")
    }

    fn speaks_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.message.contains(word))
    }

    fn kind(&self, answer: &Answer) -> ErrorKind {
        let status = answer.status().as_u16();
        match self.code.as_str() {
            "error_rate_limit" => ErrorKind::RateLimited { not_before: answer.retry_after() },
            "error_limit" => ErrorKind::RateLimited { not_before: Some(next_quota(answer.started_at())) },
            "error_server" | "error_system_busy" | "error_inner" | "error_network" => {
                ErrorKind::PlatformFault { status }
            }
            code if code.starts_with("error_busi") => ErrorKind::PlatformFault { status },
            "invalid_acceess_token" | "invalid_access_token" => ErrorKind::TokenRefused,
            "error_auth" => self.refused_authorization(),
            // Whether the consent is over, the renewal of the token tells for sure.
            code if ends_consent(code) => ErrorKind::TokenRefused,
            "error_sign"
            | "invalid_partner_id"
            | "error_partner_key_expired"
            | "source_ip_undeclared"
            | "error_api_call_restricted" => ErrorKind::AppRefused,
            "error_api_permission" | "error_permission" | "error_kyc_auth" | "error_not_in_whitelist" => {
                ErrorKind::PermissionMissing
            }
            "error_not_found" | "order_not_found" | "error_item_not_found" | "package_number_not_exist" => {
                ErrorKind::NotFound
            }
            "error_item_uneditable"
            | "error_holiday_mode_change_stock"
            | "error_cannt_edit_price_in_promotion" => ErrorKind::NotWritable,
            "lack_of_invoice_data" => ErrorKind::InvoiceMissing,
            "download_later" => ErrorKind::NotYet,
            "error_param" if self.speaks_of(&["timestamp"]) => ErrorKind::Garbled {
                what: format!(
                    "the platform does not take this machine's time: {}",
                    answer.redacted(&self.as_sent.1)
                ),
            },
            "error_param" if self.speaks_of(&["partner_id is invalid"]) => ErrorKind::AppRefused,
            "" | "error_param" | "error_data" if self.says_not_found() => ErrorKind::NotFound,
            _ => self.unknown(answer),
        }
    }

    /// One code for a token that ended, an app that is none and a permission that lacks.
    /// Where the sentence says nothing, a new token is worth one try.
    fn refused_authorization(&self) -> ErrorKind {
        if self.speaks_of(&["permission"]) {
            ErrorKind::PermissionMissing
        } else if self.speaks_of(&["partner_id is invalid"]) {
            ErrorKind::AppRefused
        } else {
            ErrorKind::TokenRefused
        }
    }

    fn says_not_found(&self) -> bool {
        self.speaks_of(&["not found", "not exist", "n't exist"])
    }

    /// A code that nobody documented. Beside content it is a contradiction, and worth
    /// another try; alone it is a refusal.
    fn unknown(&self, answer: &Answer) -> ErrorKind {
        let body = serde_json::from_slice::<Value>(answer.body()).unwrap_or_default();
        let has_content = body
            .as_object()
            .into_iter()
            .flatten()
            .any(|(name, value)| !ENVELOPE.contains(&name.as_str()) && !is_empty(value));
        if has_content {
            let what = format!("the error {} beside content", answer.redacted(&self.as_sent.0));
            return ErrorKind::Garbled { what };
        }
        self.refusal(answer)
    }

    fn refusal(&self, answer: &Answer) -> ErrorKind {
        let (code, message) = &self.as_sent;
        ErrorKind::Refused { code: answer.redacted(code), message: answer.redacted(message) }
    }
}

/// The part of a code after the module's name; some codes carry spaces and tabs.
fn tail(code: &str) -> &str {
    code.rsplit_once('.').map_or(code, |(_, tail)| tail).trim()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Codes after which only the account's owner can help.
fn ends_consent(code: &str) -> bool {
    matches!(
        code,
        "refresh_token_expired"
            | "shop_access_expired"
            | "merchant_access_expired"
            | "error_shop_refresh_token"
            | "error_merchant_refresh_token"
            | "shop_no_linked"
            | "partner_shop_no_link"
            | "shop_banned"
    )
}

/// Until the quota of calls begins anew, at midnight in UTC+8.
fn next_quota(now: Timestamp) -> Duration {
    let of_day = (now.as_millis() + QUOTA_DAY_BEGINS_MS).rem_euclid(DAY_MS);
    Duration::from_millis(u64::try_from(DAY_MS - of_day).unwrap_or_default())
}

/// What is exchanged for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spent {
    /// The code of the callback.
    Code,
    /// A refresh token.
    Refresh,
}

/// What went wrong where tokens are given out. Everything that may pass has to say retry:
/// the old refresh token may still be good, and a wrong "ended" sends the owner away to
/// consent again.
pub(super) fn token_kind(answer: &Answer, spent: Spent) -> Option<ErrorKind> {
    let general = kind(answer)?;
    let fault = serde_json::from_slice::<Fault>(answer.body()).unwrap_or_default();
    let said = Said::of(&fault);
    // "error_param" is what a bad token is called, too.
    let may_be_token = matches!(general, ErrorKind::Refused { .. } | ErrorKind::NotFound)
        && said.speaks_of(&["refresh_token", "refresh token"])
        && said.speaks_of(&["invalid", "expired", "wrong"]);
    if general != ErrorKind::TokenRefused && !may_be_token {
        return Some(general);
    }
    Some(match spent {
        Spent::Refresh => ErrorKind::ConsentEnded,
        // There was none yet.
        Spent::Code => said.refusal(answer),
    })
}

/// What a failed row of a list means: the whole answer succeeded, so only its sentence speaks.
pub(super) fn kind_of_row(answer: &Answer, reason: &str) -> ErrorKind {
    let lower = reason.to_ascii_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if speaks_of(&["promotion", "reserved", "holiday", "uneditable", "banned", "reviewing"]) {
        ErrorKind::NotWritable
    } else if speaks_of(&["busy", "try again", "timeout", "error_server", "error_inner"]) {
        ErrorKind::PlatformFault { status: answer.status().as_u16() }
    } else if speaks_of(&["not found", "not exist", "n't exist"]) {
        ErrorKind::NotFound
    } else {
        ErrorKind::Refused { code: "failure_list".into(), message: answer.redacted(reason) }
    }
}

/// Whether a failure says no more than that each row tells its own.
pub(super) fn is_told_by_rows(answer: &Answer) -> bool {
    let fault = serde_json::from_slice::<Fault>(answer.body()).unwrap_or_default();
    answer.status().is_success() && Said::of(&fault).code == "batch_api_all_failed"
}

/// What the code of a failed row means, which stands beside the content of others.
pub(super) fn kind_of_result(answer: &Answer, code: &str, message: &str) -> ErrorKind {
    let lower = |text: &str| text.to_ascii_lowercase();
    let as_sent = (code.to_owned(), message.to_owned());
    let said = Said { code: lower(tail(code)), message: lower(message), as_sent };
    let kind = said.kind(answer);
    if matches!(kind, ErrorKind::Garbled { .. }) { said.refusal(answer) } else { kind }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_quota_begins_anew_at_sixteen_hours_utc() {
        let until = |text: &str| next_quota(Timestamp::parse(text).unwrap());
        assert_eq!(until("2026-11-10T13:00:00Z"), Duration::from_hours(3));
        assert_eq!(until("2026-11-10T16:00:00Z"), Duration::from_hours(24));
        assert_eq!(until("2026-11-10T15:59:59.999Z"), Duration::from_millis(1));
    }

    #[test]
    fn a_code_is_what_follows_its_module() {
        let codes = [
            ("product.error_param", "error_param"),
            ("order. error_param", "error_param"),
            ("logistics.no\tbuyer_store", "no\tbuyer_store"),
            ("error_param\t", "error_param"),
            (".", ""),
            ("", ""),
        ];
        for (code, expected) in codes {
            assert_eq!(tail(code), expected, "{code}");
        }
    }
}
