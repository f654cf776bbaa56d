//! The API's failures in the house's words. Success is `code` 0, whatever the status; one
//! code is reused for a dozen failures, so code *and* message decide. The table:
//! `QUIRKS.md`.

use std::time::Duration;

use connect::{Answer, ChannelError, ErrorKind};

use super::wire::{self, Envelope, Head, Loose, filled};

/// The platform's "try again later", whatever the status.
const FAULTS: [u64; 10] = [
    36_009_003, 36_009_007, 10_002_014, 10_002_015, 10_037_002, 10_037_003, 10_037_004, 11_001_027,
    11_001_031, 12_001_000,
];
/// Order, package, product or variation unknown, or somebody else's.
const NOT_FOUND: [u64; 6] = [21_008_111, 25_007_006, 12_019_150, 12_052_032, 12_052_260, 12_052_556];
/// The access token has ended, is unknown or bound elsewhere, or the cipher is another
/// shop's: new tokens bring the shop's present one.
const TOKEN_REFUSED: [u64; 5] = [105_001, 105_002, 105_003, 105_004, 101_000];
/// A scope, or the shop's standing.
const PERMISSION_MISSING: [u64; 6] = [105_005, 10_006_402, 36_009_043, 36_009_044, 12_052_048, 12_052_700];
/// Wrong signature, address not on the app's list: the operator mends it, no seller.
const APP_REFUSED: [u64; 2] = [106_001, 36_009_033];
/// Locked by a promotion, an appeal or an auction, decided elsewhere (a bundle, the source
/// shop, allocation by the platform), or of a status that takes no writes.
const NOT_WRITABLE: [u64; 12] = [
    12_052_393, 12_052_038, 12_019_045, 12_019_113, 12_052_901, 12_052_308, 12_052_371, 12_052_163,
    12_052_850, 12_052_037, 12_052_141, 12_052_921,
];
/// The warehouses are no longer those that were read.
const CONFLICT: [u64; 2] = [12_019_028, 12_052_533];
const TOO_MANY_REQUESTS: u64 = 36_009_002;
const TEST_SHOP_SPENT: u64 = 36_009_037;
/// Reused for a dozen failures: the message tells them apart.
const MANY_MEANINGS: u64 = 36_009_004;
/// The code of a batch's entry whose reason is in `extra_errors`.
const CHECK_FAILED: u64 = 12_052_990;

/// Test shops have a number of calls for each hour.
const TEST_SHOP_PAUSE: Duration = Duration::from_hours(1);

/// The answer, if it is a success.
pub(super) fn succeeded(answer: Answer) -> Result<Answer, ChannelError> {
    match kind(&answer) {
        None => Ok(answer),
        Some(kind) => Err(answer.fail(kind)),
    }
}

/// What went wrong; `None` when nothing did.
pub(super) fn kind(answer: &Answer) -> Option<ErrorKind> {
    let status = answer.status().as_u16();
    let head = head(answer);
    let code = head.code.as_ref().and_then(Loose::count).and_then(|code| u64::try_from(code).ok());
    match (status, code) {
        (429, _) | (_, Some(TOO_MANY_REQUESTS | TEST_SHOP_SPENT)) => {
            let pause = (code == Some(TEST_SHOP_SPENT)).then_some(TEST_SHOP_PAUSE);
            Some(ErrorKind::RateLimited { not_before: answer.retry_after().or(pause) })
        }
        (408 | 500.., _) => Some(ErrorKind::PlatformFault { status }),
        (200..=299, Some(0)) => None,
        (_, Some(code @ 1..)) => Some(meaning(answer, code, message(&head))),
        // Proxies in between answer with pages of their own: they say nothing about us.
        (_, Some(0) | None) => Some(ErrorKind::Garbled { what: format!("status {status} without a code") }),
    }
}

/// Code and message of any body; one that is no envelope says nothing.
pub(super) fn head(answer: &Answer) -> Head {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

fn message(head: &Head) -> &str {
    filled(head.message.as_ref()).unwrap_or_default()
}

fn meaning(answer: &Answer, code: u64, message: &str) -> ErrorKind {
    match code {
        MANY_MEANINGS => one_of_many(answer, message),
        _ if FAULTS.contains(&code) => ErrorKind::PlatformFault { status: answer.status().as_u16() },
        _ if NOT_FOUND.contains(&code) => ErrorKind::NotFound,
        _ if TOKEN_REFUSED.contains(&code) => ErrorKind::TokenRefused,
        _ if PERMISSION_MISSING.contains(&code) => ErrorKind::PermissionMissing,
        _ if APP_REFUSED.contains(&code) => ErrorKind::AppRefused,
        _ if NOT_WRITABLE.contains(&code) => ErrorKind::NotWritable,
        _ if CONFLICT.contains(&code) => ErrorKind::Conflict,
        _ if says_that_it_is_not_there(message) => ErrorKind::NotFound,
        _ => refused(answer, code, message),
    }
}

/// The codes for what is not there are many and not all documented; what else may not be
/// there (a category, a warehouse) is a mistake in what was asked.
fn says_that_it_is_not_there(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    let things = ["product", "package", "order", "sku"];
    let is_absent = ["does not exist", "not exist", "not found"].iter().any(|words| lower.contains(words));
    is_absent && things.iter().any(|thing| lower.contains(thing))
}

/// What 36009004 means, by what its message names.
fn one_of_many(answer: &Answer, message: &str) -> ErrorKind {
    let lower = message.to_ascii_lowercase();
    let names = |word: &str| lower.contains(word);
    if names("access_token") || names("access-token") {
        ErrorKind::TokenRefused
    } else if names("app_key") || names("app_secret") {
        ErrorKind::AppRefused
    } else if names("shop_cipher") && names("invalid") {
        // The shop has another cipher by now, which a refresh reads.
        ErrorKind::TokenRefused
    } else if names("timestamp") && !names("param") {
        // The clock of this machine is off: once it is set right, the same call succeeds.
        ErrorKind::Garbled { what: format!("our clock is refused: {}", answer.redacted(message)) }
    } else {
        refused(answer, MANY_MEANINGS, message)
    }
}

fn refused(answer: &Answer, code: u64, message: &str) -> ErrorKind {
    ErrorKind::Refused { code: code.to_string(), message: answer.redacted(message) }
}

/// The answer of a batch write, if no entry of it failed: a batch says success and names
/// in `data.errors` what did not succeed.
pub(super) fn wholly_succeeded(answer: Answer) -> Result<Answer, ChannelError> {
    let batch: Envelope<wire::Batch> = answer.json()?;
    let entries = batch.data.and_then(|batch| batch.errors).unwrap_or_default();
    match entries.first() {
        None => Ok(answer),
        Some(entry) => Err(answer.fail(of_entry(&answer, entry))),
    }
}

/// The reason that comes first: of the entry itself, or the one that it only wraps.
fn of_entry(answer: &Answer, entry: &wire::Failed) -> ErrorKind {
    let own = (entry.code(), filled(entry.message.as_ref()).unwrap_or_default());
    let inner = entry.detail.as_ref().and_then(|detail| detail.extra_errors.as_ref()?.first());
    let (code, message) = match inner {
        Some(inner) if own.0 == Some(CHECK_FAILED) => {
            (inner.code(), filled(inner.message.as_ref()).unwrap_or_default())
        }
        Some(_) | None => own,
    };
    match code {
        Some(code @ 1..) => meaning(answer, code, message),
        Some(0) | None => ErrorKind::Garbled { what: "an entry of errors without a code".into() },
    }
}
