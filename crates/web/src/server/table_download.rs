//! Tables that people take away, as they are read.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use domain::WallClock;
use futures::{Stream, StreamExt as _, stream};
use store::StoreError;

use crate::Chrome;

/// A table to take away, called `lojista-{name}-` and when it was taken. An error cuts it off, so that nobody takes a part for the whole.
pub(super) fn download(
    chrome: &Chrome,
    name: &str,
    head: String,
    lines: impl Stream<Item = Result<String, StoreError>> + Send + 'static,
) -> Response {
    let WallClock { year, month, day, hour, minute, .. } = chrome.now.in_business_zone();
    let name = format!(
        "attachment; filename=\"lojista-{name}-{year}-{month:02}-{day:02}-{hour:02}{minute:02}.csv\""
    );
    let first = stream::once(std::future::ready(Ok::<_, StoreError>(head)));
    let mut response = Body::from_stream(first.chain(lines)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}
