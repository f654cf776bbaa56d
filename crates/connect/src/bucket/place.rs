//! Where a bucket lies and who asks for it, checked before anything is called.

use std::fmt;
use std::str::FromStr;

use url::Url;
use vault::sigv4::AccessKey;

use crate::outbound::{BaseUrl, BaseUrlError};

/// The region that servers without regions are called with.
pub const DEFAULT_REGION: &str = "us-east-1";
/// Where Amazon's own storage lies, which wants the bucket in the host's name.
const AMAZON: &str = ".amazonaws.com";
/// Longest prefix, in bytes: what is put below it stays far below the 1,024 of a key.
const MAX_PREFIX_BYTES: usize = 200;
/// Longest region, in bytes.
const MAX_REGION_BYTES: usize = 40;

/// How a bucket is named in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `https://host/bucket/key`.
    Path,
    /// `https://bucket.host/key`.
    VirtualHost,
}

impl FromStr for Style {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "path" => Ok(Self::Path),
            "virtual-host" => Ok(Self::VirtualHost),
            _ => Err(()),
        }
    }
}

/// Why a text is no part of a bucket's address. The words say what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The server's address.
    #[error("the address of the server alone, as in https://s3.sa-east-1.amazonaws.com: {0}")]
    Endpoint(BaseUrlError),
    /// A path in it.
    #[error("the address of the server alone; bucket and prefix are settings of their own")]
    EndpointPath,
    /// The bucket's name.
    #[error(
        "the name of a bucket: 3 to 63 small letters, digits, dots and hyphens, a letter or digit at both ends"
    )]
    Bucket,
    /// The prefix.
    #[error(
        "a prefix of letters, digits, dots, hyphens and underscores, with single slashes between its parts"
    )]
    Prefix,
    /// The region.
    #[error("the name of a region, as in sa-east-1")]
    Region,
}

/// A bucket, a prefix in it, and the key to it.
#[derive(Clone)]
pub struct BucketPlace {
    endpoint: BaseUrl,
    bucket: String,
    prefix: String,
    style: Style,
    key: AccessKey,
}

/// Checks a server's address.
pub fn endpoint(text: &str) -> Result<BaseUrl, PlaceError> {
    let base = BaseUrl::of_own_server(text).map_err(PlaceError::Endpoint)?;
    let path = base.below(&["x"]).map(|url| url.path().to_owned());
    if path.as_deref() == Some("/x") { Ok(base) } else { Err(PlaceError::EndpointPath) }
}

/// Checks a bucket's name ("Bucket naming rules", Amazon S3 User Guide).
pub fn bucket_name(text: &str) -> Result<String, PlaceError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (first, last) = (text.bytes().next(), text.bytes().last());
    let good = (3..=63).contains(&text.len())
        && text.bytes().all(|byte| is_plain(byte) || matches!(byte, b'.' | b'-'))
        && first.is_some_and(is_plain)
        && last.is_some_and(is_plain)
        && !text.contains("..");
    if good { Ok(text.to_owned()) } else { Err(PlaceError::Bucket) }
}

/// Checks a prefix; a slash at its ends is left out.
pub fn prefix(text: &str) -> Result<String, PlaceError> {
    let text = text.trim_matches('/');
    let good = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if text.is_empty() || (text.len() <= MAX_PREFIX_BYTES && text.split('/').all(good)) {
        Ok(text.to_owned())
    } else {
        Err(PlaceError::Prefix)
    }
}

/// Checks a region.
pub fn region(text: &str) -> Result<String, PlaceError> {
    let good = (1..=MAX_REGION_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if good { Ok(text.to_owned()) } else { Err(PlaceError::Region) }
}

/// The style that a server wants when nobody says.
#[must_use]
pub fn usual_style(endpoint: &BaseUrl, bucket: &str) -> Style {
    let is_amazon = endpoint.url().host_str().is_some_and(|host| host.ends_with(AMAZON));
    if is_amazon && !bucket.contains('.') { Style::VirtualHost } else { Style::Path }
}

impl BucketPlace {
    /// Puts the checked parts together; `None` where the bucket cannot be part of a host's name
    /// (one with dots, or a server that is an IP address).
    #[must_use]
    pub fn new(
        endpoint: BaseUrl,
        bucket: String,
        prefix: String,
        style: Style,
        key: AccessKey,
    ) -> Option<Self> {
        let place = Self { endpoint, bucket, prefix, style, key };
        place.root().map(|_| place.clone())
    }

    /// The key that calls are signed with.
    pub(crate) const fn key(&self) -> &AccessKey {
        &self.key
    }

    /// The bucket's name.
    pub(crate) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The bucket itself, which lists are asked of.
    fn root(&self) -> Option<BaseUrl> {
        match self.style {
            Style::Path => Some(self.endpoint.clone()),
            Style::VirtualHost if self.bucket.contains('.') => None,
            Style::VirtualHost => self.endpoint.with_label(&self.bucket),
        }
    }

    /// The base to call, and the address of the bucket (`key` empty) or of something in it.
    pub(crate) fn address(&self, key: &str) -> Option<(BaseUrl, Url)> {
        let base = self.root()?;
        let bucket = Some(self.bucket.as_str()).filter(|_| self.style == Style::Path);
        let segments: Vec<&str> =
            bucket.into_iter().chain(key.split('/').filter(|part| !part.is_empty())).collect();
        let url = base.below(&segments)?;
        Some((base, url))
    }

    /// What something of ours is called in the bucket.
    pub(crate) fn key_of(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }

    /// What something in the bucket is called by us, if it lies below the prefix.
    pub(crate) fn name_of<'a>(&self, key: &'a str) -> Option<&'a str> {
        if self.prefix.is_empty() { Some(key) } else { key.strip_prefix(&self.prefix)?.strip_prefix('/') }
    }
}

/// Without the secret; the same for either style.
impl fmt::Display for BucketPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(out, "{}{}{slash}{}", self.endpoint.url(), self.bucket, self.prefix)
    }
}

impl fmt::Debug for BucketPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "BucketPlace({self}, {:?}, {:?})", self.style, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Restricted;

    fn place(server: &str, bucket: &str, prefix: &str, style: Style) -> Option<BucketPlace> {
        let key = AccessKey::new("id".into(), Restricted::new("s3cret".to_owned()), DEFAULT_REGION.into());
        BucketPlace::new(endpoint(server).unwrap(), bucket.into(), prefix.into(), style, key)
    }

    #[test]
    fn a_server_is_an_https_address_and_nothing_more() {
        for text in [
            "",
            "s3.example",
            "http://s3.example",
            "https://user:word@s3.example",
            "https://s3.example/bucket",
            "https://s3.example?x=1",
            "https://169.254.169.254",
        ] {
            assert!(endpoint(text).is_err(), "{text:?}");
        }
        for text in
            ["https://s3.example", "https://10.0.0.7:9000/", "http://127.0.0.1:9000", "http://localhost"]
        {
            assert!(endpoint(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn names_and_prefixes_that_could_mean_something_else_are_refused() {
        let long = "a".repeat(64);
        for text in ["", "ab", "Loja", "loja/", "-loja", "loja-", "a..b", "lo ja", "l\u{f3}ja", long.as_str()]
        {
            assert_eq!(bucket_name(text), Err(PlaceError::Bucket), "{text:?}");
        }
        assert_eq!(bucket_name("loja.backups-1"), Ok("loja.backups-1".into()));
        let long = "a".repeat(MAX_PREFIX_BYTES + 1);
        for text in ["a//b", "..", "a/../b", ".", "a b", "\u{e3}", "a?b", "a%2fb", long.as_str()] {
            assert_eq!(prefix(text), Err(PlaceError::Prefix), "{text:?}");
        }
        assert_eq!(prefix("/a/B_c.d-e/"), Ok("a/B_c.d-e".into()));
        assert_eq!(prefix("/"), Ok(String::new()));
        for text in ["", "sa east", "sa/east"] {
            assert_eq!(region(text), Err(PlaceError::Region), "{text:?}");
        }
    }

    #[test]
    fn either_style_names_the_bucket_once() {
        let at = |place: &BucketPlace, key: &str| place.address(key).unwrap().1.to_string();
        let path = place("https://s3.example:9000", "loja", "casa/1", Style::Path).unwrap();
        assert_eq!(at(&path, ""), "https://s3.example:9000/loja");
        assert_eq!(at(&path, &path.key_of("lists/1")), "https://s3.example:9000/loja/casa/1/lists/1");
        let host = place("https://s3.example:9000", "loja", "", Style::VirtualHost).unwrap();
        assert_eq!(at(&host, ""), "https://loja.s3.example:9000/");
        assert_eq!(at(&host, &host.key_of("lists/1")), "https://loja.s3.example:9000/lists/1");
        assert_eq!(path.to_string(), "https://s3.example:9000/loja/casa/1");
        assert_eq!(host.to_string(), "https://s3.example:9000/loja");
        assert!(!format!("{path:?}").contains("s3cret"));
        assert!(place("https://s3.example", "lo.ja", "", Style::VirtualHost).is_none());
        assert!(place("https://10.0.0.1", "loja", "", Style::VirtualHost).is_none());
        let amazon = endpoint("https://s3.sa-east-1.amazonaws.com").unwrap();
        assert_eq!(usual_style(&amazon, "loja"), Style::VirtualHost);
        assert_eq!(usual_style(&amazon, "lo.ja"), Style::Path);
        assert_eq!(usual_style(&endpoint("https://s3.example").unwrap(), "loja"), Style::Path);
    }

    #[test]
    fn only_what_lies_below_the_prefix_is_ours() {
        let place = place("https://s3.example", "loja", "casa", Style::Path).unwrap();
        assert_eq!(place.name_of("casa/lists/1"), Some("lists/1"));
        assert_eq!(place.name_of("casada/lists/1"), None);
        assert_eq!(place.name_of("lists/1"), None);
    }
}
