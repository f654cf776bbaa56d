//! Forms with files (`multipart/form-data`, RFC 7578): taken whole, up to a limit, by a member who may.

use std::marker::PhantomData;

use app::pictures::Upload;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;

use super::Web;
use super::guard::{Fields, Member, Need, admit, obstacle};
use super::may::Permit;
use crate::pages::account::Obstacle;

/// Longest form with pictures taken, in bytes: 40 MiB. So much is in memory while it is read.
pub const MAX_UPLOAD_BYTES: usize = 40 << 20;
/// Bytes of a longer one that are read and thrown away, so that its sender reads why: 200 MiB.
/// Whoever sends more is cut off.
const MAX_DRAINED_BYTES: usize = 200 << 20;
/// Parts of a form, files and fields together, at most.
const MAX_PARTS: usize = 64;
/// Longest head of a part, in bytes.
const MAX_HEAD_BYTES: usize = 4 * 1024;
/// Longest boundary between parts, in characters (RFC 2046 §5.1.1).
const MAX_BOUNDARY_CHARS: usize = 70;

/// A member's form with files.
pub(crate) struct Handed {
    pub(crate) member: Member,
    pub(crate) fields: Fields,
    pub(crate) files: Vec<Upload>,
}

/// A form with files of a member who may do something, with its token; or the member alone when it
/// was too long to be read. Then nothing of it was.
pub(crate) struct Hands<P>(pub(crate) Result<Handed, Member>, pub(crate) PhantomData<P>);

impl<P: Permit> FromRequest<Web> for Hands<P> {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let member = admit(&parts, web, Need::Page, Some(P::PERMISSION)).await?;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let refused = async |member: &Member, why: Obstacle| match member.chrome(None).await {
            Ok(chrome) => obstacle(&chrome, why),
            Err(failure) => failure.into_response(),
        };
        let read = match whole(body, MAX_UPLOAD_BYTES).await {
            Ok(Some(bytes)) => parse(&kind, &bytes),
            Ok(None) => return Ok(Self(Err(member), PhantomData)),
            Err(_) => None,
        };
        // What is no such form has no token either.
        let (fields, files) = read.unwrap_or_default();
        if !member.token_is_good(fields.get("csrf")) {
            return Err(refused(&member, Obstacle::StaleForm).await);
        }
        Ok(Self(Ok(Handed { member, fields, files }), PhantomData))
    }
}

/// A body; `None` when it is longer than `most` bytes. What is too long is read all the same, up to a limit: a browser
/// that is still sending reads no answer.
pub(super) async fn whole(mut body: Body, most: usize) -> Result<Option<Vec<u8>>, axum::Error> {
    let (mut bytes, mut seen) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen <= most {
            bytes.extend_from_slice(&data);
        } else {
            bytes = Vec::new();
            if seen > MAX_DRAINED_BYTES {
                break;
            }
        }
    }
    Ok((seen <= most).then_some(bytes))
}

/// The fields and files of a form; `None` when it is none. A place for a file in which there is none is
/// no file.
pub(super) fn parse(kind: &str, body: &[u8]) -> Option<(Fields, Vec<Upload>)> {
    let boundary = boundary(kind)?;
    let between = format!("\r\n--{boundary}");
    // The first one has no line before it.
    let mut rest = body.strip_prefix(&between.as_bytes()[2..])?;
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    loop {
        if rest.starts_with(b"--") {
            return Some((Fields::of(fields), files));
        }
        let part = rest.strip_prefix(b"\r\n")?;
        let head = find(&part[..part.len().min(MAX_HEAD_BYTES)], b"\r\n\r\n")?;
        let content = &part[head + 4..];
        let end = find(content, between.as_bytes())?;
        let told = disposition(&part[..head])?;
        match told.file {
            Some(name) if name.is_empty() && end == 0 => {}
            Some(name) => files.push(Upload { name, bytes: content[..end].to_vec() }),
            None => fields.push((told.name, String::from_utf8_lossy(&content[..end]).into_owned())),
        }
        if fields.len() + files.len() > MAX_PARTS {
            return None;
        }
        rest = &content[end + between.len()..];
    }
}

/// Where something begins for the first time.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == first)?;
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// What stands between the parts.
fn boundary(kind: &str) -> Option<String> {
    let (media, rest) = kind.split_once(';')?;
    if !media.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let (_, boundary) = parameters(rest).into_iter().find(|(name, _)| name == "boundary")?;
    let fits = (1..=MAX_BOUNDARY_CHARS).contains(&boundary.len());
    (fits && boundary.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')).then_some(boundary)
}

struct Disposition {
    name: String,
    file: Option<String>,
}

/// What a part says of itself.
fn disposition(head: &[u8]) -> Option<Disposition> {
    let head = String::from_utf8_lossy(head);
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let (kind, rest) = line.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let mut told = parameters(rest);
    let mut take = |wanted: &str| {
        let at = told.iter().position(|(name, _)| name == wanted)?;
        Some(told.swap_remove(at).1)
    };
    let file = take("filename");
    Some(Disposition { name: take("name")?, file })
}

/// `a=b; c="d"`. Browsers write quotes within a name as `%22`.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_start_matches([';', ' ', '\t']).trim_end().to_ascii_lowercase();
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            let Some((value, after)) = quoted.split_once('"') else { break };
            (value.replace("%22", "\""), after)
        } else {
            let (value, after) = after.split_once(';').unwrap_or((after, ""));
            (value.trim().to_owned(), after)
        };
        found.push((name, value));
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KIND: &str = "multipart/form-data; boundary=----x7";

    fn part(head: &str, content: &[u8]) -> Vec<u8> {
        [format!("------x7\r\n{head}\r\n\r\n").as_bytes(), content, b"\r\n"].concat()
    }

    fn field(name: &str, text: &str) -> Vec<u8> {
        part(&format!("Content-Disposition: form-data; name=\"{name}\""), text.as_bytes())
    }

    fn file(name: &str, content: &[u8]) -> Vec<u8> {
        let head = format!(
            "content-disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: image/png"
        );
        part(&head, content)
    }

    fn form(parts: &[Vec<u8>]) -> Vec<u8> {
        [parts.concat(), b"------x7--\r\n".to_vec()].concat()
    }

    #[test]
    fn fields_and_files_come_as_a_browser_sends_them() {
        let body = form(&[
            field("csrf", "token"),
            file("frente; \"a\"=1.png", b"\r\n--x\r\n\0"),
            file("b.png", b""),
        ]);
        let body = String::from_utf8_lossy(&body).replace("\"a\"", "%22a%22").into_bytes();
        let (fields, files) = parse(KIND, &body).expect("a form");
        assert_eq!(fields.get("csrf"), "token");
        let names: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())).collect();
        assert_eq!(names, [("frente; \"a\"=1.png", &b"\r\n--x\r\n\0"[..]), ("b.png", b"")]);
    }

    #[test]
    fn a_place_for_files_that_stayed_empty_is_no_file() {
        let (_, files) = parse(KIND, &form(&[field("csrf", ""), file("", b"")])).expect("a form");
        assert!(files.is_empty());
    }

    #[test]
    fn the_boundary_may_be_quoted_and_bytes_that_look_like_one_are_content() {
        let body = form(&[file("a", b"\r\n-----x7 and \r\n------x")]);
        let (_, files) =
            parse("Multipart/Form-Data; charset=utf-8; boundary=\"----x7\"", &body).expect("a form");
        assert_eq!(files[0].bytes, b"\r\n-----x7 and \r\n------x");
    }

    #[test]
    fn what_is_no_such_form_is_none() {
        let whole = form(&[field("csrf", "token"), file("a.png", b"123")]);
        for length in 0..whole.len() - 4 {
            assert!(parse(KIND, &whole[..length]).is_none(), "cut at {length}");
        }
        for kind in [
            "",
            "multipart/form-data",
            "text/plain; boundary=----x7",
            "multipart/form-data; boundary=\"----x7",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=other",
        ] {
            assert!(parse(kind, &whole).is_none(), "{kind}");
        }
        let long = format!("multipart/form-data; boundary={}", "x".repeat(MAX_BOUNDARY_CHARS + 1));
        assert!(parse(&long, &whole).is_none());
        assert!(parse(KIND, &form(&[part("X: form-data; name=\"a\"", b"")])).is_none());
        assert!(parse(KIND, &form(&[part("Content-Disposition: attachment; name=\"a\"", b"")])).is_none());
        assert!(parse(KIND, &form(&[part(&"x".repeat(MAX_HEAD_BYTES), b"")])).is_none());
    }

    #[test]
    fn more_parts_than_any_form_of_ours_has_are_refused() {
        let parts = |count: usize| form(&vec![field("a", "b"); count]);
        assert!(parse(KIND, &parts(MAX_PARTS)).is_some());
        assert!(parse(KIND, &parts(MAX_PARTS + 1)).is_none());
    }

    #[tokio::test]
    async fn what_is_too_long_is_read_to_its_end_and_not_kept() {
        let fits = whole(Body::from(vec![0; MAX_UPLOAD_BYTES]), MAX_UPLOAD_BYTES).await.expect("it is read");
        assert_eq!(fits.map(|bytes| bytes.len()), Some(MAX_UPLOAD_BYTES));
        let long =
            whole(Body::from(vec![0; MAX_UPLOAD_BYTES + 1]), MAX_UPLOAD_BYTES).await.expect("it is read");
        assert_eq!(long, None);
    }

    proptest! {
        #[test]
        fn any_content_comes_back_as_it_was(content: Vec<u8>) {
            let body = form(&[field("csrf", "token"), file("a.png", &content)]);
            let (_, files) = parse(KIND, &body).expect("a form");
            prop_assert_eq!(&files[0].bytes, &content);
        }

        #[test]
        fn no_bytes_make_reading_panic(kind in ".{0,40}", bytes: Vec<u8>) {
            let _ = parse(&kind, &bytes);
            let _ = parse(KIND, &[b"------x7\r\n", bytes.as_slice()].concat());
        }
    }
}
