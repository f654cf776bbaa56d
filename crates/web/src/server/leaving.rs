//! The shop is closed: taken along, asked for and called off by an owner.

use app::leaving::{LeavingError, along::TakenAlong};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::{ConnectionState, WallClock};
use futures::stream;
use store::Tenant;

use super::guard::{Failure, Member, Posted, Proven, ProvenForm, render, see_with};
use super::may;
use crate::pages::leaving::LeavingPage;
use crate::pages::{Errors, FieldError};
use crate::{Nav, Tone, letters};

const PAGE: &str = "/privacy/leaving";

/// What happens when the shop is closed, and whether it will be.
pub(crate) async fn show(Proven(member, ..): Proven<may::EndShop>) -> Result<Response, Failure> {
    Ok(render(&page(&member, String::new(), String::new()).await?))
}

async fn page(member: &Member, typed_name: String, typed_reason: String) -> Result<LeavingPage, Failure> {
    let read = |tenant: &mut Tenant<'_, '_>| {
        let connected =
            tenant.connections()?.into_iter().filter(|it| it.state != ConnectionState::Disconnected);
        let mut channels: Vec<_> = connected.map(|it| it.channel).collect();
        channels.sort_unstable_by_key(|kind| kind.as_str());
        channels.dedup();
        Ok((tenant.leaving()?, tenant.holds()?, tenant.orders_not_sent()?, channels))
    };
    let (chrome, (wish, holds, orders_not_sent, channels)) = member.page(Some(Nav::Privacy), read).await?;
    let (shop, errors) = (member.who.organization_name.clone(), Errors::default());
    Ok(LeavingPage { chrome, shop, wish, holds, orders_not_sent, channels, typed_name, typed_reason, errors })
}

/// Asks for it.
pub(crate) async fn ask(ProvenForm(posted, ..): ProvenForm<may::EndShop>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let (name, reason) = (fields.get("name").to_owned(), fields.get("reason").to_owned());
    let (organization, by) = (member.organization(), member.who.member);
    let (field, key) = match member.web.app.ask_to_leave(organization, by, &name, &reason).await {
        Ok(_) => return Ok(see_with(PAGE, Tone::Watch, "flash-leaving-asked")),
        Err(LeavingError::Already) => return Ok(see_with(PAGE, Tone::Watch, "flash-leaving-already")),
        // The page names them.
        Err(LeavingError::Held) => return Ok(see_with(PAGE, Tone::Bad, "flash-leaving-held")),
        Err(LeavingError::TooLate) => return Ok(see_with(PAGE, Tone::Bad, "flash-leaving-late")),
        Err(LeavingError::App(error)) => {
            return Err(Failure::from(error).on(member.chrome(Some(Nav::Privacy)).await?));
        }
        Err(LeavingError::Name) => ("name", "leaving-error-name"),
        Err(LeavingError::Reason) => ("reason", "leaving-error-reason"),
    };
    let mut page = page(&member, name, reason).await?;
    page.errors = Errors(vec![FieldError { field, text: page.chrome.t(key).to_owned() }]);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

/// Calls it off.
pub(crate) async fn stay(ProvenForm(posted, ..): ProvenForm<may::EndShop>) -> Result<Response, Failure> {
    let member = posted.member;
    match member.web.app.stay(member.organization(), member.who.member).await {
        Ok(()) => Ok(see_with(PAGE, Tone::Good, "flash-leaving-stays")),
        Err(LeavingError::App(error)) => {
            Err(Failure::from(error).on(member.chrome(Some(Nav::Privacy)).await?))
        }
        Err(
            LeavingError::TooLate
            | LeavingError::Already
            | LeavingError::Held
            | LeavingError::Name
            | LeavingError::Reason,
        ) => Ok(see_with(PAGE, Tone::Bad, "flash-leaving-late")),
    }
}

/// Hands everything of the shop out, while it is read.
pub(crate) async fn copy(ProvenForm(posted, ..): ProvenForm<may::EndShop>) -> Result<Response, Failure> {
    let member = posted.member;
    let chrome = member.chrome(Some(Nav::Privacy)).await?;
    let name = [("name", member.who.organization_name.as_str())];
    let readme = letters::text(chrome.lang, "leaving-readme", &name);
    let taken = member.web.app.take_along(member.organization(), member.who.member, readme).await;
    let archive = match taken {
        Ok(archive) => archive,
        Err(error) => return Err(Failure::from(error).on(chrome)),
    };
    let WallClock { year, month, day, .. } = chrome.now.in_business_zone();
    let file = format!("attachment; filename=\"lojista-{year}-{month:02}-{day:02}.zip\"");
    let mut response = Body::from_stream(stream::try_unfold(archive, TakenAlong::next)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    if let Ok(file) = HeaderValue::from_str(&file) {
        headers.insert(header::CONTENT_DISPOSITION, file);
    }
    Ok(response)
}
