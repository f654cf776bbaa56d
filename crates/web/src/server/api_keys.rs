//! A member's keys for programs.

use std::time::Duration;

use app::api_keys::{ApiKeyError, SCOPES};
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::{ApiKeyId, Permission};

use super::guard::{Failure, Member, Own, Posted, PostedOwn, PostedOwnProven, render, see_with};
use crate::Tone;
use crate::pages::account::Obstacle;
use crate::pages::security::{ApiKeyView, ApiKeysPage};
use crate::pages::{Errors, FieldError};

const PAGE: &str = "/security/api-keys";

/// The member's keys.
pub(crate) async fn show(Own(member): Own) -> Result<Response, Failure> {
    Ok(render(&page(&member, "", None, Errors::default()).await?))
}

async fn page(
    member: &Member,
    typed_name: &str,
    made: Option<String>,
    errors: Errors,
) -> Result<ApiKeysPage, Failure> {
    let keys = member.web.app.api_keys(&member.who).await?;
    Ok(ApiKeysPage {
        chrome: member.chrome(None).await?,
        keys: keys
            .into_iter()
            .map(|row| ApiKeyView {
                id: row.id,
                name: row.name,
                scopes: row.scopes,
                created_at: row.created_at,
                expires_at: row.expires_at,
                last_used_at: row.last_used_at,
            })
            .collect(),
        scopes: SCOPES.into_iter().filter(|scope| member.who.granted.may(*scope)).collect(),
        typed_name: typed_name.to_owned(),
        made,
        errors,
    })
}

/// Makes a key, and shows it once.
pub(crate) async fn make(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let scopes: Vec<Permission> = fields.all("scope").filter_map(Permission::parse).collect();
    let days: Option<u64> = fields.get("days").parse().ok();
    let life = days.map(|days| Duration::from_hours(days.saturating_mul(24)));
    let name = fields.get("name").to_owned();
    let (field, key) = match member.web.app.make_api_key(&member.who, &name, scopes, life).await {
        Ok(key) => return Ok(render(&page(&member, "", Some(key.to_string()), Errors::default()).await?)),
        Err(ApiKeyError::Name) => ("name", "api-key-error-name"),
        Err(ApiKeyError::Scopes) => ("scope", "api-key-error-scope"),
        Err(ApiKeyError::Until) => ("days", "api-key-error-until"),
        Err(ApiKeyError::TooMany) => ("name", "api-key-error-many"),
        Err(ApiKeyError::App(error)) => return Err(Failure::from(error).on(member.chrome(None).await?)),
    };
    let text = member.chrome(None).await?.t(key).to_owned();
    let page = page(&member, &name, None, Errors(vec![FieldError { field, text }])).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

/// Ends a key.
pub(crate) async fn end(Path(id): Path<String>, PostedOwn(posted): PostedOwn) -> Result<Response, Failure> {
    let member = posted.member;
    let Ok(id) = id.parse::<ApiKeyId>() else {
        return Err(Failure::of(Obstacle::NotFound).on(member.chrome(None).await?));
    };
    match member.web.app.end_api_key(&member.who, id).await {
        Ok(()) => Ok(see_with(PAGE, Tone::Good, "flash-api-key-ended")),
        Err(error) => Err(Failure::from(error).on(member.chrome(None).await?)),
    }
}
