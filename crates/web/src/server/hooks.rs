//! The door for platforms: checked on raw bytes, kept durably, answered. Refusals are
//! problem+json (RFC 9457).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use connect::HookRequest;
use domain::ChannelKind;

use super::Web;
use app::hooks::DoorError;

/// What a platform is asked to wait before it sends again, in seconds.
const RETRY_AFTER_SECONDS: &str = "30";

/// Where a platform posts its hooks.
pub(crate) fn address(web: &Web, channel: ChannelKind) -> String {
    format!("{}/hooks/{}/{}", web.app.public_url(), channel.as_str(), web.config.hook_door)
}

/// Takes a hook in. 200 means that it survives a power cut.
pub(crate) async fn take(
    State(web): State<Web>,
    Path((channel, door)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let right_door = vault::token::equal(door.as_bytes(), web.config.hook_door.as_bytes());
    let Some(kind) = ChannelKind::parse(&channel).filter(|_| right_door) else {
        return problem(&DoorError::NoSuchDoor);
    };
    let url = address(&web, kind);
    match web.app.take_hook(kind, HookRequest { url: &url, headers: &headers, body: &body }).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => problem(&error),
    }
}

fn problem(error: &DoorError) -> Response {
    let (status, retry) = match error {
        DoorError::NoSuchDoor => (StatusCode::NOT_FOUND, false),
        DoorError::TooLong { .. } => (StatusCode::PAYLOAD_TOO_LARGE, false),
        DoorError::Rejected(connect::HookRejection::BadSignature) => (StatusCode::UNAUTHORIZED, false),
        DoorError::Rejected(_) => (StatusCode::BAD_REQUEST, false),
        DoorError::NotKept(_) | DoorError::Died(_) => (StatusCode::SERVICE_UNAVAILABLE, true),
    };
    let body = serde_json::json!({
        "type": format!("urn:lojista:hook:{}", error.label()),
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": error.to_string(),
    });
    let headers =
        [(header::CONTENT_TYPE, "application/problem+json"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    let mut response = (status, headers, body.to_string()).into_response();
    if retry {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    }
    response
}
