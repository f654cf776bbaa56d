//! One request as the handlers see it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::reply::{self, Reply};
use crate::text::form_pairs;

/// Whose token a request carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user who granted the access.
    pub user_id: i64,
    /// The application that was granted it.
    pub client_id: i64,
}

/// One request: what was asked, by whom.
#[derive(Debug, Clone)]
pub struct Call {
    /// The HTTP method.
    pub method: Method,
    /// The path, decoded, without the query and without a trailing slash.
    pub path: String,
    /// Values of the `{…}` parts of the matched route.
    pub params: BTreeMap<&'static str, String>,
    /// Decoded query pairs, in order.
    pub query: Vec<(String, String)>,
    /// The request headers.
    pub headers: HeaderMap,
    /// The raw body.
    pub body: Bytes,
    /// The token's owner; `None` behind doors that ask for no token.
    pub caller: Option<Caller>,
    /// How far the sandbox's time has been pushed ahead of the caller's own clock.
    pub ahead: Duration,
}

/// A page of a listing: `offset` and `limit` as asked, within the resource's bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Entries to skip.
    pub offset: usize,
    /// Entries to return at most.
    pub limit: usize,
}

impl Page {
    /// The part of `all` that this page shows.
    #[must_use]
    pub fn of<T: Clone>(self, all: &[T]) -> Vec<T> {
        all.iter().skip(self.offset).take(self.limit).cloned().collect()
    }

    /// The `paging` object for a listing of `total` entries.
    #[must_use]
    pub fn paging(self, total: usize) -> Value {
        serde_json::json!({"total": total, "offset": self.offset, "limit": self.limit})
    }
}

impl Call {
    /// A call from an HTTP request, before a route is known.
    #[must_use]
    pub fn new(request: http::Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        // Decoded whole, before it is taken apart: the platform's own generated clients
        // escape the slashes of the resource they ask for.
        let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
        let path = path.trim_end_matches('/').to_owned();
        let query = form_pairs(parts.uri.query().unwrap_or_default());
        Self {
            method: parts.method,
            path: if path.is_empty() { "/".to_owned() } else { path },
            params: BTreeMap::new(),
            query,
            headers: parts.headers,
            body,
            caller: None,
            ahead: Duration::ZERO,
        }
    }

    /// The text of the `{name}` part of the path; empty when the route has no such part.
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// The number in the `{name}` part of the path, or 400.
    pub fn number(&self, name: &str) -> Result<i64, Reply> {
        let text = self.param(name);
        text.parse().map_err(|_| reply::bad_request("bad_request", &format!("invalid id: {text}")))
    }

    /// The first value of a query field.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The comma-separated values of a query field; none when it is absent or empty.
    #[must_use]
    pub fn query_list(&self, name: &str) -> Vec<&str> {
        self.query(name)
            .map(|text| text.split(',').filter(|part| !part.is_empty()).collect())
            .unwrap_or_default()
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// True when a switch header such as `x-format-new` says `true`.
    #[must_use]
    pub fn switched_on(&self, header: &str) -> bool {
        self.header(header).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The body as JSON, or 400.
    pub fn json(&self) -> Result<Value, Reply> {
        serde_json::from_slice(&self.body)
            .map_err(|_| reply::bad_request("bad_request", "The request body is not valid JSON"))
    }

    /// The token's owner, or 401.
    pub fn caller(&self) -> Result<&Caller, Reply> {
        self.caller.as_ref().ok_or_else(reply::authorization_absent)
    }

    /// The id of the token's owner, or 401.
    pub fn user_id(&self) -> Result<i64, Reply> {
        self.caller().map(|caller| caller.user_id)
    }

    /// `offset` and `limit` of the query; 400 when they are no numbers. A larger limit is
    /// clamped to `max_limit`.
    pub fn page(&self, default_limit: usize, max_limit: usize) -> Result<Page, Reply> {
        let read = |name: &str, default: usize| {
            self.query(name).map_or(Ok(default), |text| {
                text.parse()
                    .map_err(|_| reply::bad_request("bad_request", &format!("invalid {name}: {text}")))
            })
        };
        Ok(Page { offset: read("offset", 0)?, limit: read("limit", default_limit)?.min(max_limit) })
    }
}
