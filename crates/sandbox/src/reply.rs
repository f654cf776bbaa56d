//! Answers, and the many shapes in which Mercado Livre says no (fact sheet §3).

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

/// What a handler gives back: an answer, or a refusal that is an answer as well.
pub type Answer = Result<Reply, Reply>;

/// The content of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Nothing, as with 204.
    Empty,
    /// A JSON document.
    Json(Value),
    /// Bytes of a named media type.
    Bytes(&'static str, Bytes),
}

/// One answer, before it becomes HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// Headers beyond the content type.
    pub headers: Vec<(&'static str, String)>,
    /// The content.
    pub body: Body,
}

impl Reply {
    /// A JSON answer with any status.
    #[must_use]
    pub fn json(status: StatusCode, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Body::Json(body) }
    }

    /// 200 with a JSON document.
    #[must_use]
    pub fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// 201 with a JSON document.
    #[must_use]
    pub fn created(body: Value) -> Self {
        Self::json(StatusCode::CREATED, body)
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: Body::Empty }
    }

    /// 200 with bytes of the media type `kind`.
    #[must_use]
    pub fn bytes(kind: &'static str, content: impl Into<Bytes>) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: Body::Bytes(kind, content.into()) }
    }

    /// A web page.
    #[must_use]
    pub fn html(status: StatusCode, page: String) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes("text/html; charset=utf-8", page.into()) }
    }

    /// 302 to `location`.
    #[must_use]
    pub fn redirect(location: String) -> Self {
        Self { status: StatusCode::FOUND, headers: vec![("location", location)], body: Body::Empty }
    }

    /// The answer with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The JSON document inside, or null.
    #[must_use]
    pub fn document(&self) -> &Value {
        match &self.body {
            Body::Json(document) => document,
            Body::Empty | Body::Bytes(..) => &Value::Null,
        }
    }
}

/// The standard error: `{"message","error","status","cause":[]}`.
#[must_use]
pub fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    error_with_cause(status, code, message, json!([]))
}

/// The standard error with a `cause`.
#[must_use]
pub fn error_with_cause(status: StatusCode, code: &str, message: &str, cause: Value) -> Reply {
    let mut body = json!({ "message": message, "error": code, "status": status.as_u16() });
    body["cause"] = cause;
    Reply::json(status, body)
}

/// 400 in the standard shape.
#[must_use]
pub fn bad_request(code: &str, message: &str) -> Reply {
    error(StatusCode::BAD_REQUEST, code, message)
}

/// 404 in the standard shape.
#[must_use]
pub fn not_found(code: &str, message: &str) -> Reply {
    error(StatusCode::NOT_FOUND, code, message)
}

/// 409 in the standard shape.
#[must_use]
pub fn conflict(code: &str, message: &str) -> Reply {
    error(StatusCode::CONFLICT, code, message)
}

/// 403: the resource belongs to somebody else.
#[must_use]
pub fn not_yours() -> Reply {
    let message = "The caller is not authorized to access this resource";
    error(StatusCode::FORBIDDEN, "forbidden", message)
}

/// 403 `access_denied`, as items and users answer for foreign private data.
#[must_use]
pub fn access_denied() -> Reply {
    Reply::json(
        StatusCode::FORBIDDEN,
        json!({"status": 403, "error": "access_denied", "message": "access to the requested resource is forbidden", "code": "FORBIDDEN"}),
    )
}

/// 403: the token lacks the scope for the method.
#[must_use]
pub fn invalid_scopes() -> Reply {
    Reply::json(StatusCode::FORBIDDEN, json!({"status": 403, "error": "Invalid scopes", "code": "FORBIDDEN"}))
}

/// 403: the application lacks the functional permission.
#[must_use]
pub fn blocked_by_policy() -> Reply {
    Reply::json(
        StatusCode::FORBIDDEN,
        json!({"code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES", "blocked_by": "PolicyAgent",
            "message": "At least one policy returned UNAUTHORIZED.", "status": 403}),
    )
}

/// 401 A: the token is unknown, expired or revoked.
#[must_use]
pub fn invalid_access_token() -> Reply {
    Reply::json(StatusCode::UNAUTHORIZED, json!({"code": "unauthorized", "message": "invalid access token"}))
}

/// 401 B: there is no `Authorization` header.
#[must_use]
pub fn authorization_absent() -> Reply {
    Reply::json(
        StatusCode::UNAUTHORIZED,
        json!({"code": "unauthorized", "message": "authorization value not present"}),
    )
}

/// 401 C: the shape of some older resources.
#[must_use]
pub fn invalid_token_old_shape() -> Reply {
    error(StatusCode::UNAUTHORIZED, "not_found", "invalid_token")
}

/// 401 of the claims resources.
#[must_use]
pub fn invalid_caller_of_claims() -> Reply {
    Reply::json(
        StatusCode::UNAUTHORIZED,
        json!({"code": 401, "error": "unauthorized_request_error", "message": "Invalid caller.id", "cause": null}),
    )
}

/// 400: the token does not even look like one.
#[must_use]
pub fn malformed_token(token: &str) -> Reply {
    bad_request("bad_request", &format!("Malformed access_token: {token}"))
}

/// 429 in the standard shape.
#[must_use]
pub fn too_many_requests() -> Reply {
    error(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too Many Requests")
}

/// 429 as the gateway says it.
#[must_use]
pub fn locally_rate_limited() -> Reply {
    Reply::json(StatusCode::TOO_MANY_REQUESTS, json!({"status": 429, "error": "local_rate_limited"}))
}

/// 409: somebody else wrote the item a moment ago.
#[must_use]
pub fn item_locked() -> Reply {
    conflict("conflict", "item optimistic locking error")
}
