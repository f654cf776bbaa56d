//! The envelope of every answer, and the ways in which TikTok Shop says no (fact sheet §4).

use http::StatusCode;
use serde_json::{Value, json};

use crate::reply::{Answer, Body, Reply};

/// Code reused by the platform for a dozen failures: only the message tells them apart.
pub const INVALID_REQUEST: i64 = 36_009_004;

/// An answer whose `code` is not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The platform's code.
    pub code: i64,
    /// The message; clients look for words in it.
    pub message: String,
    /// Seconds for the `Retry-After` header.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// A refusal with any status.
    #[must_use]
    pub fn new(status: StatusCode, code: i64, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None }
    }

    /// A business rule said no: HTTP 200 and a code.
    #[must_use]
    pub fn business(code: i64, message: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, code, message)
    }

    /// 98001004: a value that the endpoint does not take.
    #[must_use]
    pub fn parameter(name: &str, reason: &str) -> Self {
        Self::business(98_001_004, format!("Parameter {name} is invalid. Reason: {reason}"))
    }

    /// 36009004: a body or query field that has to be there.
    #[must_use]
    pub fn missing(place: &str, name: &str) -> Self {
        Self::bad(INVALID_REQUEST, format!("Invalid request. param {place}.{name} is missing"))
    }

    fn bad(code: i64, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    fn unauthorized(code: i64, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// 36009009.
    #[must_use]
    pub fn unknown_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, 36_009_009, "Invalid path. The path does not exist.")
    }

    /// 36009010.
    #[must_use]
    pub fn unknown_method() -> Self {
        let message = "Invalid method. The HTTP method is not supported for this path.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, 36_009_010, message)
    }

    /// 36009014: the path exists, in other versions.
    #[must_use]
    pub fn unknown_version(version: &str) -> Self {
        Self::bad(36_009_014, format!("Invalid API version. {version} is not supported for this endpoint."))
    }

    /// 36009004 about the application; checked before the signature.
    #[must_use]
    pub fn wrong_app_key() -> Self {
        Self::bad(INVALID_REQUEST, "Invalid credentials. The `app_key` query parameter is invalid.")
    }

    /// 36009004 about the clock.
    #[must_use]
    pub fn wrong_timestamp(why: &str) -> Self {
        Self::bad(INVALID_REQUEST, format!("Invalid timestamp. The `timestamp` query parameter {why}."))
    }

    /// 36009004: not signed.
    #[must_use]
    pub fn missing_sign() -> Self {
        Self::bad(INVALID_REQUEST, "Missing credentials. The `sign` query parameter is missing.")
    }

    /// 106001: signed otherwise.
    #[must_use]
    pub fn wrong_sign() -> Self {
        Self::unauthorized(106_001, "Invalid credentials. The `sign` query parameter is invalid.")
    }

    /// 36009004: no token, or one that nobody gave out.
    #[must_use]
    pub fn unknown_token() -> Self {
        let message = "Invalid credentials. The `x-tts-access-token` header parameter is invalid.";
        Self::unauthorized(INVALID_REQUEST, message)
    }

    /// 105002.
    #[must_use]
    pub fn expired_token() -> Self {
        let message = "Expired credentials. The `x-tts-access-token` header parameter has expired.";
        Self::unauthorized(105_002, message)
    }

    /// 105005: the grant does not reach this endpoint.
    #[must_use]
    pub fn missing_scope(scope: &str) -> Self {
        let message = format!("Access denied. The access scope {scope} has not been authorized.");
        Self::new(StatusCode::FORBIDDEN, 105_005, message)
    }

    /// 106013.
    #[must_use]
    pub fn missing_cipher() -> Self {
        Self::bad(106_013, "Missing identifier. The `shop_cipher` query parameter is missing.")
    }

    /// 36009004: the endpoint takes no cipher.
    #[must_use]
    pub fn unexpected_cipher() -> Self {
        Self::bad(
            INVALID_REQUEST,
            "Unexpected identifier. The `shop_cipher` query parameter is not expected.",
        )
    }

    /// 36009004: a cipher that belongs to no shop (any more).
    #[must_use]
    pub fn unknown_cipher() -> Self {
        Self::bad(INVALID_REQUEST, "Invalid identifier. The `shop_cipher` query parameter is invalid.")
    }

    /// 101000: the cipher of a shop that this token does not reach.
    #[must_use]
    pub fn foreign_cipher() -> Self {
        Self::bad(101_000, "Invalid credentials. The access token does not match the `shop_cipher`.")
    }

    /// 36009043.
    #[must_use]
    pub fn inactive_shop() -> Self {
        Self::unauthorized(36_009_043, "The shop is inactive.")
    }

    /// 36009021.
    #[must_use]
    pub fn too_large() -> Self {
        Self::bad(36_009_021, "Invalid request. The file is too large.")
    }

    /// 36009022.
    #[must_use]
    pub fn neither_json_nor_form() -> Self {
        Self::bad(
            36_009_022,
            "Invalid content type. The body must be application/json or multipart/form-data.",
        )
    }

    /// 36009023.
    #[must_use]
    pub fn not_a_form() -> Self {
        Self::bad(36_009_023, "Invalid content type. The body must be multipart/form-data.")
    }

    /// 36009004: the body is no JSON object.
    #[must_use]
    pub fn not_json() -> Self {
        Self::bad(INVALID_REQUEST, "invalid param error: the body is not a JSON object")
    }

    /// 36009002 with HTTP 429.
    #[must_use]
    pub fn too_many(retry_after: u32) -> Self {
        let message = "Too many requests. Please try again later.";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, 36_009_002, message);
        Self { retry_after: Some(retry_after), ..refusal }
    }

    /// 36009037: a test shop has used up its hour.
    #[must_use]
    pub fn hour_used_up(retry_after: u32) -> Self {
        let message = "The hourly request limit of the test shop has been reached.";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, 36_009_037, message);
        Self { retry_after: Some(retry_after), ..refusal }
    }

    /// 36009003.
    #[must_use]
    pub fn internal(status: StatusCode) -> Self {
        Self::new(status, 36_009_003, "Internal error. Please try again later.")
    }
}

/// The whole answer, without its `request_id`; `data` is null on every refusal.
impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let body = json!({"code": refusal.code, "message": refusal.message, "data": null});
        let reply = Self::json(refusal.status, body);
        match refusal.retry_after {
            Some(seconds) => reply.header("retry-after", seconds.to_string()),
            None => reply,
        }
    }
}

/// A success with its `data`.
pub fn success(data: Value) -> Answer {
    Ok(enveloped("Success", data))
}

/// A success whose message is `word`: in lower case on the token endpoints.
#[must_use]
pub fn enveloped(word: &str, data: Value) -> Reply {
    let mut body = json!({"code": 0, "message": word});
    body["data"] = data;
    Reply::ok(body)
}

/// The answer with its `request_id`. Answers without the envelope stay as they are.
#[must_use]
pub fn numbered(mut reply: Reply, request_id: &str) -> Reply {
    if let Body::Json(Value::Object(fields)) = &mut reply.body
        && fields.contains_key("code")
        && fields.contains_key("message")
    {
        fields.insert("request_id".to_owned(), json!(request_id));
    }
    reply
}

/// One entry of `data.errors` in a batch that otherwise succeeded.
#[must_use]
pub fn item_error(code: i64, message: &str, detail: Value) -> Value {
    let mut error = json!({"code": code, "message": message});
    error["detail"] = detail;
    error
}

/// `data` of a batch: the failed entries, or an empty object when all went well.
#[must_use]
pub fn batch(errors: &[Value]) -> Value {
    if errors.is_empty() { json!({}) } else { json!({ "errors": errors }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_documented_shape() {
        let reply = numbered(Refusal::wrong_sign().into(), "2026");
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            *reply.document(),
            json!({"code": 106_001, "data": null, "request_id": "2026",
                "message": "Invalid credentials. The `sign` query parameter is invalid."})
        );
    }

    #[test]
    fn too_many_requests_says_when_to_come_back() {
        let reply = Reply::from(Refusal::too_many(2));
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(reply.headers, [("retry-after", "2".to_owned())]);
    }
}
