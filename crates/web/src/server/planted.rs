//! Pages that are wrong on purpose, for `cargo xtask scan --planted`: a scanner that does not
//! find them proves nothing when it finds nothing elsewhere. No program that anyone runs has them:
//! an optimised build with this feature does not compile (docs/security/scans.md).

use axum::extract::RawQuery;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::Routes;

/// The routes.
pub(super) fn routes() -> Routes {
    Routes::new().route("/planted/echo", get(echo)).route("/planted/find", get(find))
}

/// The first parameter's text.
fn asked(query: Option<&str>) -> String {
    let query = query.unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(_, text)| text.into_owned())
        .unwrap_or_default()
}

fn page(status: StatusCode, text: &str) -> Response {
    let html =
        format!("<!doctype html><html><head><title>planted</title></head><body><p>{text}</p></body></html>");
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

/// Says again what it was told, as it was told: cross-site scripting.
async fn echo(RawQuery(query): RawQuery) -> Response {
    page(StatusCode::OK, &asked(query.as_deref()))
}

/// Looks for what it was told as part of its statement: SQL injection.
async fn find(RawQuery(query): RawQuery) -> Response {
    match store::planted::find(&asked(query.as_deref())) {
        Ok(titles) => page(StatusCode::OK, &titles.join(", ")),
        Err(error) => page(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}
