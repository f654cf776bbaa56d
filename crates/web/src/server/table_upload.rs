//! A form with a table in it: a file, or pasted cells instead.
//!
//! Only so many at a time are held in memory.

use std::marker::PhantomData;

use app::pictures::Upload;
use app::sheet::MAX_FILE_BYTES;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Web;
use super::guard::{Fields, Member, Need, admit, obstacle};
use super::may::Permit;
use super::upload::{parse, whole};
use crate::pages::account::Obstacle;

/// Longest body taken, in bytes: the longest file, and the fields beside it.
const MAX_TABLE_BYTES: usize = MAX_FILE_BYTES + 64 * 1024;
/// Tables that are held and read at the same time.
const AT_ONCE: usize = 2;
/// The field for pasted cells.
const TEXT: &str = "text";

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// A member's form with a table, which has shown its token.
pub(crate) struct TableForm<P> {
    pub(crate) member: Member,
    /// `None` when it was longer than is taken. Pasted cells have no name.
    pub(crate) file: Option<Upload>,
    /// Whoever holds it is one of the few who may.
    pub(crate) _place: SemaphorePermit<'static>,
    pub(crate) _permit: PhantomData<P>,
}

impl<P: Permit> FromRequest<Web> for TableForm<P> {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let member = admit(&parts, web, Need::Page, Some(P::PERMISSION)).await?;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let place = PLACES.acquire().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())?;
        let read = whole(body, MAX_TABLE_BYTES).await.map_err(|_| StatusCode::BAD_REQUEST.into_response())?;
        // Of what was too long nothing was taken in, so nothing has to be proven.
        let Some(body) = read else {
            return Ok(Self { member, file: None, _place: place, _permit: PhantomData });
        };
        let (fields, files) = parse(&kind, &body).unwrap_or_else(|| (Fields::parse(&body), Vec::new()));
        if !member.token_is_good(fields.get("csrf")) {
            let chrome = member.chrome(None).await.map_err(IntoResponse::into_response)?;
            return Err(obstacle(&chrome, Obstacle::StaleForm));
        }
        let chosen = files.into_iter().find(|file| !file.bytes.is_empty());
        let pasted = || Upload { name: String::new(), bytes: fields.raw(TEXT).into_bytes() };
        let file = Some(chosen.unwrap_or_else(pasted));
        Ok(Self { member, file, _place: place, _permit: PhantomData })
    }
}
