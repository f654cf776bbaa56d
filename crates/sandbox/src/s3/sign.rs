//! Whether a call is signed as AWS Signature Version 4 has it ("Signature Version 4 signing
//! process", AWS General Reference; "Authenticating Requests: Using the Authorization Header",
//! Amazon S3 API Reference). Written from those pages and from no client.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use domain::Timestamp;
use percent_encoding::percent_decode_str;

use super::Refusal;

/// How far the caller's clock may be off, in milliseconds (15 minutes).
const MAX_SKEW_MS: i64 = 15 * 60 * 1_000;
/// What a payload's digest says when it is not signed.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Who may call, and for which region.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) key_id: String,
    pub(super) secret: String,
    pub(super) region: String,
}

/// A call as it came.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// As it stands in the request line.
    pub(super) raw_path: &'a str,
    pub(super) raw_query: &'a str,
    /// Names in lower case; values of one name joined by commas.
    pub(super) headers: &'a BTreeMap<String, String>,
    pub(super) body: &'a [u8],
}

/// Refuses a call that its owner did not sign, just now, and with this body.
pub(super) fn check(owner: &Owner, call: &Call<'_>, now: Timestamp) -> Result<(), Refusal> {
    let header = |name: &str| call.headers.get(name).map(String::as_str);
    let given = header("authorization").ok_or(Refusal::new(403, "AccessDenied"))?;
    let malformed = || Refusal::new(400, "AuthorizationHeaderMalformed");
    let fields = given.strip_prefix("AWS4-HMAC-SHA256").ok_or(Refusal::new(400, "InvalidRequest"))?;
    let field =
        |name: &str| fields.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let credential = field("Credential").ok_or_else(malformed)?;
    let names = field("SignedHeaders").ok_or_else(malformed)?;
    let signature = field("Signature").ok_or_else(malformed)?;
    let scope: Vec<&str> = credential.rsplitn(5, '/').collect();
    let ["aws4_request", "s3", region, day, key_id] = scope[..] else { return Err(malformed()) };
    if key_id != owner.key_id {
        return Err(Refusal::new(403, "InvalidAccessKeyId"));
    }
    if region != owner.region {
        return Err(Refusal { region: Some(owner.region.clone()), ..malformed() });
    }
    let date = header("x-amz-date").ok_or(Refusal::new(403, "AccessDenied"))?;
    let at = instant(date).ok_or(Refusal::new(403, "AccessDenied"))?;
    if (now.as_millis() - at).abs() > MAX_SKEW_MS {
        return Err(Refusal::new(403, "RequestTimeTooSkewed"));
    }
    if !date.starts_with(day) {
        return Err(malformed());
    }
    let told = header("x-amz-content-sha256").ok_or(Refusal::new(400, "MissingSecurityHeader"))?;
    let signed: Vec<&str> = names.split(';').collect();
    let is_whole = signed.contains(&"host")
        && call
            .headers
            .keys()
            .filter(|name| name.starts_with("x-amz-"))
            .all(|name| signed.contains(&name.as_str()));
    if !is_whole || !signed.is_sorted() {
        return Err(Refusal::new(403, "AccessDenied"));
    }
    let canonical = canonical(call, &signed, told).ok_or(Refusal::new(403, "SignatureDoesNotMatch"))?;
    let scope = format!("{day}/{region}/s3/aws4_request");
    let text =
        format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(digest(&SHA256, canonical.as_bytes()).as_ref()));
    let mut key = format!("AWS4{}", owner.secret).into_bytes();
    for step in [day, region, "s3", "aws4_request", &text] {
        key = sign(&Key::new(HMAC_SHA256, &key), step.as_bytes()).as_ref().to_vec();
    }
    if verify_slices_are_equal(hex(&key).as_bytes(), signature.as_bytes()).is_err() {
        return Err(Refusal::new(403, "SignatureDoesNotMatch"));
    }
    if told.starts_with("STREAMING-") {
        return Err(Refusal::new(501, "NotImplemented"));
    }
    if told != UNSIGNED && told != hex(digest(&SHA256, call.body).as_ref()) {
        return Err(Refusal::new(400, "XAmzContentSHA256Mismatch"));
    }
    Ok(())
}

/// The canonical request.
fn canonical(call: &Call<'_>, signed: &[&str], payload: &str) -> Option<String> {
    let path = percent_decode_str(call.raw_path).decode_utf8().ok()?;
    let mut query = Vec::new();
    for pair in call.raw_query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let clear = |text: &str| percent_decode_str(text).decode_utf8().map(|text| encode(&text, false)).ok();
        query.push(format!("{}={}", clear(name)?, clear(value)?));
    }
    query.sort();
    let mut out = format!("{}\n{}\n{}\n", call.method, encode(&path, true), query.join("&"));
    for name in signed {
        let value = call.headers.get(*name)?;
        let value: Vec<&str> = value.split_ascii_whitespace().collect();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{name}:{}", value.join(" "));
    }
    let _ = write!(out, "\n{}\n{payload}", signed.join(";"));
    Some(out)
}

/// `UriEncode` of the documents.
pub(super) fn encode(text: &str, keeps_slashes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'/' if keeps_slashes => out.push('/'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// `20130524T000000Z`, in milliseconds since 1970.
fn instant(date: &str) -> Option<i64> {
    let (day, time) = date.strip_suffix('Z')?.split_once('T')?;
    if day.len() != 8 || time.len() != 6 || !date.is_ascii() {
        return None;
    }
    let text =
        format!("{}-{}-{}T{}:{}:{}Z", &day[..4], &day[4..6], &day[6..], &time[..2], &time[2..4], &time[4..]);
    Timestamp::parse(&text).map(Timestamp::as_millis)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first example of the page on the `Authorization` header, and what it must not be.
    #[test]
    fn the_published_example_is_signed_and_any_change_of_it_is_not() {
        let owner = Owner {
            key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            region: "us-east-1".into(),
        };
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        let headers: BTreeMap<String, String> = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("x-amz-date", "20130524T000000Z"),
            ("authorization", authorization),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let call = Call { method: "GET", raw_path: "/test.txt", raw_query: "", headers: &headers, body: b"" };
        let now = Timestamp::parse("2013-05-24T00:10:00Z").unwrap();
        assert_eq!(check(&owner, &call, now).map_err(|refusal| refusal.code), Ok(()));
        let refused = |owner: &Owner, call: &Call<'_>, now| check(owner, call, now).unwrap_err().code;
        assert_eq!(refused(&owner, &Call { raw_path: "/other.txt", ..call }, now), "SignatureDoesNotMatch");
        assert_eq!(refused(&owner, &Call { method: "HEAD", ..call }, now), "SignatureDoesNotMatch");
        assert_eq!(refused(&owner, &Call { raw_query: "a=b", ..call }, now), "SignatureDoesNotMatch");
        assert_eq!(refused(&owner, &Call { body: b"x", ..call }, now), "XAmzContentSHA256Mismatch");
        let late = Timestamp::parse("2013-05-24T00:15:01Z").unwrap();
        assert_eq!(refused(&owner, &call, late), "RequestTimeTooSkewed");
        let other = |how: &dyn Fn(&mut Owner)| {
            let mut other = owner.clone();
            how(&mut other);
            refused(&other, &call, now)
        };
        assert_eq!(other(&|owner| owner.secret.push('x')), "SignatureDoesNotMatch");
        assert_eq!(other(&|owner| owner.key_id.push('x')), "InvalidAccessKeyId");
        assert_eq!(other(&|owner| owner.region.push('x')), "AuthorizationHeaderMalformed");
        let mut more = headers.clone();
        more.insert("x-amz-acl".into(), "public-read".into());
        assert_eq!(refused(&owner, &Call { headers: &more, ..call }, now), "AccessDenied");
        let mut none = headers.clone();
        none.remove("authorization");
        assert_eq!(refused(&owner, &Call { headers: &none, ..call }, now), "AccessDenied");
    }
}
