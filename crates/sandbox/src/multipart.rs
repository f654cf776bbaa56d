//! Reads `multipart/form-data` bodies (RFC 7578): the few that uploads need.

use bytes::Bytes;
use http::StatusCode;

use crate::call::Call;
use crate::reply::{self, Reply};

/// One part of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Field name.
    pub name: String,
    /// File name, when the part is a file.
    pub filename: Option<String>,
    /// Declared media type.
    pub content_type: Option<String>,
    /// The bytes themselves.
    pub content: Bytes,
}

/// All parts of a call's body; 415 when it is no multipart form, 400 when it is cut short.
pub fn parts(call: &Call) -> Result<Vec<Part>, Reply> {
    let boundary = call.header("content-type").and_then(boundary_of).ok_or_else(|| {
        reply::error(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Content-Type must be multipart/form-data",
        )
    })?;
    parse(&call.body, &boundary)
        .ok_or_else(|| reply::bad_request("bad_request", "The multipart body is malformed"))
}

/// The file sent under `field`, or 400.
pub fn file(call: &Call, field: &str) -> Result<Part, Reply> {
    let parts = parts(call)?;
    parts.into_iter().find(|part| part.name == field).ok_or_else(|| {
        reply::bad_request("bad_request", &format!("Required request part '{field}' is not present"))
    })
}

fn boundary_of(content_type: &str) -> Option<String> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(rest, "boundary")
}

/// The value of `name="value"` or `name=value` among `;`-separated parameters.
fn parameter(text: &str, name: &str) -> Option<String> {
    text.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn find(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let rest = haystack.get(from..)?;
    rest.windows(needle.len()).position(|window| window == needle).map(|at| at + from)
}

fn parse(body: &Bytes, boundary: &str) -> Option<Vec<Part>> {
    let (first, next) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut at = find(body, first.as_bytes(), 0)? + first.len();
    let mut parts = Vec::new();
    while !body.get(at..)?.starts_with(b"--") {
        let head_end = find(body, b"\r\n\r\n", at)?;
        let end = find(body, next.as_bytes(), head_end + 2)?;
        let head = String::from_utf8_lossy(&body[at..head_end]).into_owned();
        parts.push(part(&head, body.slice((head_end + 4).min(end)..end))?);
        at = end + next.len();
    }
    Some(parts)
}

fn part(head: &str, content: Bytes) -> Option<Part> {
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let disposition = header("content-disposition")?;
    Some(Part {
        name: parameter(&disposition, "name")?,
        filename: parameter(&disposition, "filename"),
        content_type: header("content-type"),
        content,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Bytes {
        Bytes::from_static(
            b"--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nola\r\n--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\n\x00\r\n--XX--\r\n",
        )
    }

    #[test]
    fn fields_and_files_are_told_apart_and_bytes_kept() {
        let parts = parse(&form(), "XX").unwrap();
        assert_eq!((parts[0].name.as_str(), parts[0].filename.as_deref()), ("note", None));
        assert_eq!(parts[0].content, "ola");
        assert_eq!(parts[1].filename.as_deref(), Some("a.png"));
        assert_eq!(parts[1].content_type.as_deref(), Some("image/png"));
        assert_eq!(parts[1].content, &b"\x89PNG\r\n\r\n\x00"[..]);
    }

    #[test]
    fn a_body_cut_short_is_refused() {
        let whole = form();
        for end in 0..whole.len() - 5 {
            assert_eq!(parse(&whole.slice(..end), "XX"), None, "cut at {end}");
        }
    }

    #[test]
    fn an_empty_file_is_an_empty_part() {
        let body = Bytes::from_static(
            b"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"e\"\r\n\r\n\r\n--X--",
        );
        assert!(parse(&body, "X").unwrap()[0].content.is_empty());
    }

    #[test]
    fn the_boundary_may_be_quoted() {
        assert_eq!(boundary_of("multipart/form-data; boundary=\"a b\"").as_deref(), Some("a b"));
        assert_eq!(boundary_of("application/json; boundary=x"), None);
    }
}
