//! Why a program gets nothing: problems of RFC 9457, and nothing else.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Permission;
use serde_json::{Value, json};

/// The type of every problem's answer.
pub(super) const PROBLEM_TYPE: &str = "application/problem+json";
/// Longest name of a parameter that is said again, in characters.
const MAX_ECHOED_CHARS: usize = 40;

/// Why a program gets nothing.
pub(crate) enum Problem {
    /// No key, or one that is unknown or has ended.
    NoKey,
    /// The key was not made for this, or its member may not do it any more.
    NotAllowed(Permission),
    /// Too many calls.
    TooOften(Duration),
    /// A parameter means nothing, or is none.
    BadRequest(String),
    /// There is no such thing.
    NotFound,
    /// The thing cannot be called by this method.
    NoSuchMethod,
    /// Something of ours failed.
    Internal,
}

impl Problem {
    /// The problem with a parameter.
    pub(super) fn of_parameter(name: &str, why: &str) -> Self {
        let name: String = name.chars().take(MAX_ECHOED_CHARS).collect();
        Self::BadRequest(format!("{name}: {why}"))
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::NoKey => StatusCode::UNAUTHORIZED,
            Self::NotAllowed(_) => StatusCode::FORBIDDEN,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn title(&self) -> &'static str {
        match self {
            Self::NoKey => "a key is needed",
            Self::NotAllowed(_) => "this key was not made for that",
            Self::TooOften(_) => "too many calls",
            Self::BadRequest(_) => "a parameter is not understood",
            Self::NotFound => "there is no such thing",
            Self::NoSuchMethod => "this can only be read",
            Self::Internal => "something failed here",
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::NotAllowed(scope) => Some(format!("it takes the scope {}", scope.as_str())),
            Self::TooOften(wait) => Some(format!("try again in {} s", wait.as_secs().max(1))),
            Self::BadRequest(detail) => Some(detail.clone()),
            Self::NoKey | Self::NotFound | Self::NoSuchMethod | Self::Internal => None,
        }
    }
}

/// What a problem's answer looks like.
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "description": "Why there is no answer (RFC 9457).",
        "required": ["type", "title", "status"],
        "additionalProperties": false,
        "properties": {
            "type": { "type": "string", "const": "about:blank" },
            "title": { "type": "string", "description": "What is wrong; the same words for the same status." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What is wrong with this call." },
        },
    })
}

impl From<app::AppError> for Problem {
    fn from(error: app::AppError) -> Self {
        tracing::error!(error = %error, "a program's call failed");
        Self::Internal
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        app::AppError::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut body = json!({ "type": "about:blank", "title": self.title(), "status": status.as_u16() });
        if let Some(detail) = self.detail() {
            body["detail"] = detail.into();
        }
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_TYPE)], body.to_string()).into_response();
        let headers = response.headers_mut();
        if let Self::NoKey = self {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Self::TooOften(wait) = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response
    }
}
