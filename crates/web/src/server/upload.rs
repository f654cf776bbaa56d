//! A form with a file in it, and the same form with pasted text instead.
//!
//! The body is taken up to its limit and not a byte further, and only so many at a time are held in memory.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use app::sheet::MAX_FILE_BYTES;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Web;
use super::guard::{Fields, Member, Need, admit, obstacle};
use super::may::Permit;
use crate::pages::account::Obstacle;

/// Longest body taken, in bytes: the longest file, and the fields beside it.
pub(super) const MAX_UPLOAD_BYTES: usize = MAX_FILE_BYTES + 64 * 1024;
/// Files that are held and read at the same time.
const AT_ONCE: usize = 2;
/// Parts of one form.
const MAX_PARTS: usize = 16;
/// The file's field, and the field for pasted text.
const FILE: &str = "file";
const TEXT: &str = "text";

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// A file that came with a form.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
}

/// A member's form with a file, which has shown its token.
pub(crate) struct Upload<P> {
    pub(crate) member: Member,
    /// `None` when it was longer than is taken.
    pub(crate) file: Option<File>,
    /// Whoever holds it is one of the few who may.
    pub(crate) _place: SemaphorePermit<'static>,
    pub(crate) _permit: PhantomData<P>,
}

impl<P: Permit> FromRequest<Web> for Upload<P> {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let member = admit(&parts, web, Need::Page, Some(P::PERMISSION)).await?;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let place = PLACES.acquire().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())?;
        let body = match Bytes::from_request(Request::from_parts(parts, body), web).await {
            Ok(body) => body,
            // Nothing was taken in, so nothing has to be proven.
            Err(refused) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Ok(Self { member, file: None, _place: place, _permit: PhantomData });
            }
            Err(refused) => return Err(refused.into_response()),
        };
        let (fields, file) = if let Some(boundary) = boundary(&kind) {
            form(&boundary, &body)
        } else {
            let fields = Fields::parse(&body);
            let text = fields.raw(TEXT).into_bytes();
            (fields, File { name: String::new(), bytes: text.into() })
        };
        if !member.token_is_good(fields.get("csrf")) {
            let chrome = member.chrome(None).await.map_err(IntoResponse::into_response)?;
            return Err(obstacle(&chrome, Obstacle::StaleForm));
        }
        Ok(Self { member, file: Some(file), _place: place, _permit: PhantomData })
    }
}

/// What parts the fields of a form (RFC 7578, section 4.1).
fn boundary(kind: &str) -> Option<String> {
    let (form, parameters) = kind.split_once(';')?;
    if !form.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameters.split(';').find_map(|one| one.trim().strip_prefix("boundary="))?;
    let value = value.trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

/// Where a needle begins.
fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(step) = hay.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + step;
        if hay[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// The fields of a form and its file; pasted text where the file is empty.
fn form(boundary: &str, body: &Bytes) -> (Fields, File) {
    let mark = format!("\r\n--{boundary}");
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut file = File { name: String::new(), bytes: Bytes::new() };
    let Some(begin) = find(body, &mark.as_bytes()[2..]) else { return (Fields::default(), file) };
    let mut rest = body.slice(begin + mark.len() - 2..);
    for _ in 0..MAX_PARTS {
        let (Some(head_end), Some(end)) = (find(&rest, b"\r\n\r\n"), find(&rest, mark.as_bytes())) else {
            break;
        };
        if head_end + 4 <= end + 2 {
            let head = String::from_utf8_lossy(&rest[..head_end]).into_owned();
            let content = rest.slice((head_end + 4).min(end)..end);
            match parameter(&head, "name").as_deref() {
                Some(FILE) => {
                    let name = parameter(&head, "filename").unwrap_or_default();
                    file = File { name, bytes: content };
                }
                Some(name) => {
                    let text = String::from_utf8_lossy(&content).into_owned();
                    fields.entry(name.to_owned()).or_default().push(text);
                }
                None => {}
            }
        }
        rest = rest.slice(end + mark.len()..);
    }
    let fields = Fields::of(fields);
    if file.bytes.is_empty() {
        file.bytes = fields.raw(TEXT).into_bytes().into();
    }
    (fields, file)
}

/// A parameter of a part's `Content-Disposition` (RFC 7578, section 4.2).
fn parameter(head: &str, name: &str) -> Option<String> {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let begin = line.find(&format!("; {name}=\""))? + name.len() + 4;
    let rest = &line[begin..];
    rest.find('"').map(|end| rest[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> (Fields, File) {
        form("x-1", &Bytes::from(body.as_bytes().to_vec()))
    }

    #[test]
    fn fields_and_file_come_as_they_were_sent() {
        let body = "--x-1\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n--x-1\r\nContent-Disposition: form-data; \
            name=\"file\"; filename=\"preço.csv\"\r\nContent-Type: text/csv\r\n\r\nSKU\r\n\r\n--x-2\r\nA\r\n--x-1--\r\n";
        let (fields, file) = parsed(body);
        assert_eq!((fields.get("csrf"), file.name.as_str()), ("abc", "preço.csv"));
        assert_eq!(&file.bytes[..], b"SKU\r\n\r\n--x-2\r\nA");
    }

    #[test]
    fn text_that_was_pasted_counts_where_no_file_was_chosen() {
        let body = "--x-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n--x-1\r\n\
            Content-Disposition: form-data; name=\"text\"\r\n\r\nSKU\nA\r\n--x-1--\r\n";
        assert_eq!(&parsed(body).1.bytes[..], b"SKU\nA");
    }

    #[test]
    fn what_is_cut_or_bent_gives_nothing_and_does_not_panic() {
        let whole = "--x-1\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n--x-1--\r\n";
        for end in 0..whole.len() {
            let _ = parsed(&whole[..end]);
        }
        for body in
            ["", "--x-1", "--x-1\r\n\r\n\r\n--x-1", "--x-1\r\n\r\n--x-1--", "\r\n--x-1\r\n--x-1\r\n--x-1"]
        {
            assert_eq!(parsed(body).0.get("csrf"), "");
        }
        assert_eq!((boundary("text/plain"), boundary("multipart/form-data; boundary=\"\"")), (None, None));
        assert_eq!(boundary("multipart/form-data; charset=x; boundary=\"a b\"").as_deref(), Some("a b"));
    }
}
