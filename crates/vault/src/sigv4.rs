//! Signatures of calls to S3-compatible storage: AWS Signature Version 4, in the `Authorization`
//! header, over one payload that is known whole ("Authenticating Requests: Using the
//! Authorization Header", Amazon S3 API Reference).

use std::fmt::Write as _;

use domain::{Restricted, Timestamp};
use zeroize::Zeroizing;

use crate::encode::to_hex;
use crate::hmac::HmacKey;
use crate::seal::sealing_grant;
use crate::token::sha256;

/// The service that is signed for.
const SERVICE: &str = "s3";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The header with the instant that was signed.
pub const DATE_HEADER: &str = "x-amz-date";
/// The header with the digest of the payload, in hexadecimal digits.
pub const PAYLOAD_HEADER: &str = "x-amz-content-sha256";

/// An access key, and the region that it signs for.
#[derive(Clone)]
pub struct AccessKey {
    id: String,
    secret: Restricted<String>,
    region: String,
}

/// A call as it is about to be sent.
#[derive(Debug, Clone, Copy)]
pub struct UnsignedCall<'a> {
    /// Method, in capitals.
    pub method: &'a str,
    /// Path as it is sent, encoded once.
    pub path: &'a str,
    /// Names and values of the query, decoded.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers that are signed, besides those that signing adds: names in lower case. `host`
    /// has to be among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; empty for none.
    pub payload: &'a [u8],
    /// Now.
    pub at: Timestamp,
}

impl AccessKey {
    /// A key of its two halves.
    #[must_use]
    pub const fn new(id: String, secret: Restricted<String>, region: String) -> Self {
        Self { id, secret, region }
    }

    /// The region that it signs for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The headers that sign `call`, `authorization` among them.
    #[must_use]
    pub fn sign(&self, call: &UnsignedCall<'_>) -> [(&'static str, String); 3] {
        let date = basic_date(call.at);
        let digest = to_hex(&sha256(call.payload));
        let mut headers: Vec<(&str, &str)> = call.headers.to_vec();
        headers.extend([(DATE_HEADER, date.as_str()), (PAYLOAD_HEADER, digest.as_str())]);
        headers.sort_unstable();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let mut canonical = format!("{}\n{}\n{}\n", call.method, call.path, canonical_query(call.query));
        for (name, value) in &headers {
            // Writing to a String cannot fail.
            let _ = writeln!(canonical, "{name}:{}", value.trim());
        }
        let _ = write!(canonical, "\n{names}\n{digest}");
        let day = &date[..8];
        let scope = format!("{day}/{}/{SERVICE}/aws4_request", self.region);
        let text = format!("{ALGORITHM}\n{date}\n{scope}\n{}", to_hex(&sha256(canonical.as_bytes())));
        let signature = self.key_of(day).sign_hex(text.as_bytes());
        let authorization =
            format!("{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={signature}", self.id);
        [(DATE_HEADER, date), (PAYLOAD_HEADER, digest), ("authorization", authorization)]
    }

    /// The key of a day, region and service.
    fn key_of(&self, day: &str) -> HmacKey {
        let first = Zeroizing::new(format!("AWS4{}", self.secret.reveal(sealing_grant())));
        let steps = [day, &self.region, SERVICE, "aws4_request"];
        steps.iter().fold(HmacKey::new(first.as_bytes()), |key, step| {
            HmacKey::new(&*Zeroizing::new(key.sign(step.as_bytes())))
        })
    }
}

/// The id and the region; the secret never.
impl std::fmt::Debug for AccessKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AccessKey({}, {})", self.id, self.region)
    }
}

/// A query as it is signed, which is also a right way to send it: by name, then value, everything
/// but letters, digits and `-._~` encoded.
#[must_use]
pub fn canonical_query(query: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(String, String)> =
        query.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// An instant in the basic form of ISO 8601 (`20130524T000000Z`), to the second.
fn basic_date(at: Timestamp) -> String {
    let text = at.to_rfc3339();
    let mut date: String = text.chars().take(19).filter(|letter| !matches!(letter, '-' | ':')).collect();
    date.push('Z');
    date
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn signature(key: &AccessKey, call: &UnsignedCall<'_>) -> String {
        let [_, _, (_, authorization)] = key.sign(call);
        authorization.rsplit_once("Signature=").expect("a signature").1.to_owned()
    }

    /// The examples of "Authenticating Requests: Using the Authorization Header" in the Amazon S3
    /// API Reference, with the key pair that is printed there for them.
    #[test]
    fn calls_are_signed_as_in_the_published_examples() {
        let secret = Restricted::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned());
        let key = AccessKey::new("AKIAIOSFODNN7EXAMPLE".into(), secret, "us-east-1".into());
        let host = ("host", "examplebucket.s3.amazonaws.com");
        let at = Timestamp::parse("2013-05-24T00:00:00Z").expect("an instant");
        let call = UnsignedCall { method: "GET", path: "/", query: &[], headers: &[host], payload: b"", at };
        let range = UnsignedCall { path: "/test.txt", headers: &[("range", "bytes=0-9"), host], ..call };
        let [date, payload, (_, authorization)] = key.sign(&range);
        assert_eq!(date, (DATE_HEADER, "20130524T000000Z".to_owned()));
        assert_eq!(payload, (PAYLOAD_HEADER, EMPTY.to_owned()));
        assert_eq!(
            authorization,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let list = UnsignedCall { query: &[("prefix", "J"), ("max-keys", "2")], ..call };
        let expected = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        assert_eq!(signature(&key, &list), expected);
        let put = UnsignedCall {
            method: "PUT",
            path: "/test%24file.text",
            headers: &[
                host,
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            payload: b"Welcome to Amazon S3.",
            ..call
        };
        let expected = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
        assert_eq!(signature(&key, &put), expected);
    }

    /// The expected signature is what botocore 1.44 makes of the same call.
    #[test]
    fn odd_letters_of_a_query_are_signed_as_another_signer_does() {
        let key = AccessKey::new(
            "key-one".into(),
            Restricted::new("secret/two+three".to_owned()),
            "sa-east-1".into(),
        );
        let query = [("list-type", "2"), ("prefix", "a/b c"), ("continuation-token", "x+y=/=")];
        let call = UnsignedCall {
            method: "GET",
            path: "/loja/",
            query: &query,
            headers: &[("host", "s3.example:9000")],
            payload: b"",
            at: Timestamp::parse("2026-11-23T08:30:00.999Z").expect("an instant"),
        };
        let expected = "70f7255e1044b3112ab5bd640b2c0399dedb4bc15f39c76788d8f8765adba96d";
        assert_eq!(signature(&key, &call), expected);
        assert_eq!(canonical_query(&query), "continuation-token=x%2By%3D%2F%3D&list-type=2&prefix=a%2Fb%20c");
    }

    #[test]
    fn everything_that_is_sent_is_signed() {
        let secret = Restricted::new("one".to_owned());
        let key = AccessKey::new("id".into(), secret.clone(), "r".into());
        let call = UnsignedCall {
            method: "PUT",
            path: "/a",
            query: &[("b", "c")],
            headers: &[("host", "h"), ("if-none-match", "*")],
            payload: b"p",
            at: Timestamp::EPOCH,
        };
        let one = signature(&key, &call);
        let others = [
            UnsignedCall { method: "GET", ..call },
            UnsignedCall { path: "/b", ..call },
            UnsignedCall { query: &[("b", "d")], ..call },
            UnsignedCall { headers: &[("host", "i"), ("if-none-match", "*")], ..call },
            UnsignedCall { headers: &[("host", "h")], ..call },
            UnsignedCall { payload: b"q", ..call },
            UnsignedCall { at: Timestamp::from_millis(1_000), ..call },
        ];
        assert!(others.iter().all(|other| signature(&key, other) != one));
        for other in [
            AccessKey::new("id".into(), Restricted::new("two".to_owned()), "r".into()),
            AccessKey::new("id".into(), secret, "s".into()),
        ] {
            assert_ne!(signature(&other, &call), one);
        }
        assert!(!format!("{key:?}").contains("one"));
    }
}
