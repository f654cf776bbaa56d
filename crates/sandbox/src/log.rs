//! The requests seen, for the person who wonders what the client really sent.

use std::collections::VecDeque;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// How many requests are remembered.
const REMEMBERED_REQUESTS: usize = 1_000;

/// One request and how it was answered. Never holds a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When it arrived, in sandbox time.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query without tokens and secrets.
    pub query: String,
    /// The application, when the token was good.
    pub client_id: Option<i64>,
    /// The token's owner, when the token was good.
    pub user_id: Option<i64>,
    /// The HTTP status answered.
    pub status: u16,
    /// The fault that was injected, if one was.
    pub fault: Option<String>,
}

/// The last requests, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log(VecDeque<Seen>);

impl Log {
    /// Remembers a request, forgetting the oldest when there are too many.
    pub fn note(&mut self, seen: Seen) {
        self.0.push_front(seen);
        self.0.truncate(REMEMBERED_REQUESTS);
    }

    /// The requests, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Seen> {
        self.0.iter()
    }
}

/// A query as it may be shown: secrets replaced by a mark.
#[must_use]
pub fn shown_query(query: &[(String, String)]) -> String {
    const SECRET_FIELDS: [&str; 7] = [
        "access_token",
        "client_secret",
        "code",
        "refresh_token",
        "code_verifier",
        "app_secret",
        "auth_code",
    ];
    let show = |(name, value): &(String, String)| {
        let value = if SECRET_FIELDS.contains(&name.as_str()) { "***" } else { value };
        format!("{name}={value}")
    };
    query.iter().map(show).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::form_pairs;

    #[test]
    fn a_token_in_the_query_is_not_remembered() {
        assert_eq!(shown_query(&form_pairs("limit=5&access_token=APP_USR-1")), "limit=5&access_token=***");
    }
}
