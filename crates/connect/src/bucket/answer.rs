//! What S3-compatible storage answers, in the little XML that it answers with.

use std::borrow::Cow;

use domain::Timestamp;
use http::StatusCode;
use percent_encoding::percent_decode_str;

use super::error::{BucketError, Doing};
use super::place::BucketPlace;
use crate::outbound::WireResponse;

/// Longest word of a server that is shown, in characters.
const MAX_WORD_CHARS: usize = 60;
/// Words for something that passes, whatever their status ("Error responses", Amazon S3 API
/// Reference): most have 5xx, and a body that was lost or changed on its way has 400.
const PASSING: [&str; 9] = [
    "BadDigest",
    "ConditionalRequestConflict",
    "IncompleteBody",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "SlowDown",
    "ThrottlingException",
    "XAmzContentSHA256Mismatch",
];

/// What an answer of trouble means.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It passes: try again.
    Passing { status: u16, code: String },
    /// There is no such object.
    Missing,
    /// An object of that name is there already.
    Taken,
    /// The server does not know how to write only what is not there.
    Unconditional,
    /// It stays.
    Final(BucketError),
}

/// A page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListPage {
    /// Keys and lengths in bytes.
    pub(super) objects: Vec<(String, u64)>,
    /// What asks for the next page.
    pub(super) next: Option<String>,
}

/// The text of the first element of this name, as it stands there.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let (_, rest) = text.split_once(&open)?;
    rest.split_once(&close).map(|(inside, _)| inside)
}

/// An element's text as it is meant.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, more) = after.split_once(';')?;
        out.push_str(before);
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let digits = name.strip_prefix('#')?;
                let code = match digits.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => digits.parse(),
                };
                char::from_u32(code.ok()?)?
            }
        });
        rest = more;
    }
    out.push_str(rest);
    Some(out)
}

/// A word of the server that may be shown: nothing that could be a secret or break a line.
fn word(text: &str, extra: &str) -> String {
    let fits = |letter: &char| letter.is_ascii_alphanumeric() || extra.contains(*letter);
    text.chars().filter(fits).take(MAX_WORD_CHARS).collect()
}

/// Reads a page of `ListObjectsV2`, with its keys URL-encoded; says what is odd about it.
pub(super) fn list_page(body: &[u8]) -> Result<ListPage, &'static str> {
    let text = std::str::from_utf8(body).map_err(|_| "a list that is no text")?;
    let (_, inside) = text.split_once("<ListBucketResult").ok_or("no list where one was asked for")?;
    if !inside.trim_end().ends_with("</ListBucketResult>") {
        return Err("a list that was cut");
    }
    let mut objects = Vec::new();
    for entry in inside.split("<Contents>").skip(1) {
        let (entry, _) = entry.split_once("</Contents>").ok_or("an entry without an end")?;
        let key = element(entry, "Key").and_then(unescaped).ok_or("an entry without a name")?;
        let key = percent_decode_str(&key).decode_utf8().map(Cow::into_owned);
        let size = element(entry, "Size").and_then(|size| size.trim().parse().ok());
        objects.push((key.map_err(|_| "a name that is no text")?, size.ok_or("an entry without a length")?));
    }
    let next = match element(inside, "IsTruncated").map(str::trim) {
        Some("true") => {
            let token = element(inside, "NextContinuationToken").and_then(unescaped);
            Some(token.filter(|token| !token.is_empty()).ok_or("a list without its next page")?)
        }
        Some("false") => None,
        _ => return Err("a list that does not say whether it ends"),
    };
    Ok(ListPage { objects, next })
}

/// What an answer of 300 and above means. `sent_at` is when the call was made.
pub(super) fn trouble(
    place: &BucketPlace,
    doing: Doing,
    answer: &WireResponse,
    sent_at: Timestamp,
) -> Trouble {
    let body = std::str::from_utf8(&answer.body).unwrap_or_default();
    let code = element(body, "Code").map(|code| word(code, "")).unwrap_or_default();
    let status = answer.status;
    let passes = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
    if code == "QuotaExceeded" || code == "XMinioStorageFull" || status == StatusCode::INSUFFICIENT_STORAGE {
        return Trouble::Final(BucketError::Full { place: place.to_string() });
    }
    if passes
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
        || PASSING.contains(&code.as_str())
    {
        return Trouble::Passing { status: status.as_u16(), code };
    }
    match (status, code.as_str()) {
        (StatusCode::PRECONDITION_FAILED, _) => Trouble::Taken,
        (StatusCode::NOT_IMPLEMENTED, _) if doing == Doing::Write => Trouble::Unconditional,
        (StatusCode::NOT_FOUND, "NoSuchKey" | "") if matches!(doing, Doing::Read | Doing::Delete) => {
            Trouble::Missing
        }
        _ => Trouble::Final(refusal(place, doing, answer, &code, sent_at)),
    }
}

fn refusal(
    place: &BucketPlace,
    doing: Doing,
    answer: &WireResponse,
    code: &str,
    sent_at: Timestamp,
) -> BucketError {
    let body = std::str::from_utf8(&answer.body).unwrap_or_default();
    let (status, shown, code_text) = (answer.status.as_u16(), place.to_string(), code.to_owned());
    let told = |name: &str, extra: &str| {
        element(body, name).map(|text| word(text, extra)).filter(|text| !text.is_empty())
    };
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    match code {
        "NoSuchBucket" => BucketError::NoBucket { place: shown, bucket: place.bucket().to_owned() },
        "InvalidAccessKeyId" => BucketError::UnknownKey { place: shown },
        "SignatureDoesNotMatch" => BucketError::WrongSecret { place: shown },
        "RequestTimeTooSkewed" => {
            let theirs = header("date").and_then(Timestamp::parse_http_date);
            let off = theirs.map(|theirs| theirs.since(sent_at).max(sent_at.since(theirs)));
            BucketError::Clock { place: shown, off }
        }
        "AuthorizationHeaderMalformed" | "InvalidRegion" | "IllegalLocationConstraintException" => {
            let found = told("Region", "-").or_else(|| header("x-amz-bucket-region").map(|it| word(it, "-")));
            BucketError::Region { place: shown, found }
        }
        "PermanentRedirect" | "TemporaryRedirect" => {
            BucketError::Elsewhere { place: shown, found: told("Endpoint", ".-:") }
        }
        _ if answer.status.is_redirection() => BucketError::Elsewhere { place: shown, found: None },
        _ if matches!(status, 401 | 403) => {
            BucketError::Denied { place: shown, doing, status, code: code_text }
        }
        // A bucket's methods that an object lock or a rule of the place forbids.
        "" if status == 404 => BucketError::NoBucket { place: shown, bucket: place.bucket().to_owned() },
        "MethodNotAllowed" | "AccessForbidden" | "ObjectLocked" => {
            BucketError::Denied { place: shown, doing, status, code: code_text }
        }
        _ => BucketError::Refused { place: shown, doing, status, code: code_text },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                        <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>loja</Name>";

    fn page(inside: &str) -> Result<ListPage, &'static str> {
        list_page(format!("{HEAD}{inside}</ListBucketResult>").as_bytes())
    }

    #[test]
    fn a_page_names_what_it_holds_and_what_asks_for_the_next() {
        let entries = "<IsTruncated>true</IsTruncated><NextContinuationToken>1/a+b&amp;c=&#x3d;&#61;</NextContinuationToken>\
             <Contents><Key>a/b%20%C3%A3</Key><LastModified>x</LastModified><Size>12</Size></Contents>\
             <Contents><Size> 0 </Size><Key>c&amp;d</Key></Contents>";
        let expected = ListPage {
            objects: vec![("a/b \u{e3}".into(), 12), ("c&d".into(), 0)],
            next: Some("1/a+b&c===".into()),
        };
        assert_eq!(page(entries), Ok(expected));
        assert_eq!(page("<IsTruncated>false</IsTruncated>"), Ok(ListPage { objects: vec![], next: None }));
    }

    #[test]
    fn a_page_that_is_not_whole_is_refused() {
        for inside in [
            "",
            "<IsTruncated>true</IsTruncated>",
            "<IsTruncated>true</IsTruncated><NextContinuationToken></NextContinuationToken>",
            "<IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size>",
            "<IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents>",
            "<IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents>",
            "<IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>-1</Size></Contents>",
            "<IsTruncated>false</IsTruncated><Contents><Key>&unknown;</Key><Size>1</Size></Contents>",
            "<IsTruncated>false</IsTruncated><Contents><Key>%ff</Key><Size>1</Size></Contents>",
        ] {
            assert!(page(inside).is_err(), "{inside}");
        }
        let whole = format!(
            "{HEAD}<IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>"
        );
        for length in 0..whole.len() {
            assert!(list_page(&whole.as_bytes()[..length]).is_err(), "{length} bytes");
        }
        assert!(list_page(b"<html>welcome</html>").is_err());
        assert!(list_page(&[0xff, 0xfe]).is_err());
    }

    #[test]
    fn a_servers_words_are_shown_short_and_plain() {
        assert_eq!(word("No\nSuch<Key>", ""), "NoSuchKey");
        assert_eq!(word(&"a".repeat(500), "").len(), MAX_WORD_CHARS);
    }
}
