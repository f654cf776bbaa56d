//! Legal holds: placed and lifted by whoever administers the shop.

use app::holds::{HoldError, HoldOn};
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::{HoldId, Timestamp};

use super::buyers;
use super::guard::{Failure, Posted, ProvenForm, render, see_with};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::privacy::Typed;
use crate::pages::{Errors, FieldError};
use crate::{Nav, Tone};

const PAGE: &str = "/privacy";
/// A date has no time of its own: noon is the same day in every zone that people here live in.
const NOON: &str = "T12:00:00-03:00";

/// Places a hold.
pub(crate) async fn place(
    ProvenForm(posted, ..): ProvenForm<may::ManagePrivacy>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let text = |name| fields.get(name).to_owned();
    let typed = Typed {
        on: text("on"),
        called: text("called"),
        reason: text("reason"),
        review_by: text("review_by"),
    };
    let on = match typed.on.as_str() {
        "person" => HoldOn::Person(typed.called.clone()),
        class => HoldOn::Class(class.to_owned()),
    };
    let day = Timestamp::parse(&format!("{}{NOON}", typed.review_by));
    let review_by = day.map_or(Timestamp::EPOCH, |noon| noon.business_midnight(1));
    let (organization, by) = (member.organization(), member.who.member);
    let placed = member.web.app.place_hold(organization, by, &on, &typed.reason, review_by).await;
    let (field, key) = match placed {
        Ok(_) => return Ok(see_with(PAGE, Tone::Good, "flash-hold-placed")),
        Err(HoldError::Incomplete) if typed.reason.is_empty() => ("reason", "hold-error-reason"),
        Err(HoldError::Incomplete) => ("review_by", "hold-error-review"),
        Err(HoldError::Nobody) => ("called", "hold-error-nobody"),
        Err(HoldError::TooMany) => ("called", "hold-error-many"),
        Err(HoldError::NoClass) => {
            return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Privacy)).await?));
        }
        Err(HoldError::App(error)) => {
            return Err(Failure::from(error).on(member.chrome(Some(Nav::Privacy)).await?));
        }
    };
    let mut page = buyers::page(&member, typed, Errors::default()).await?;
    page.errors = Errors(vec![FieldError { field, text: page.chrome.t(key).to_owned() }]);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

/// Lifts a hold.
pub(crate) async fn lift(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManagePrivacy>,
) -> Result<Response, Failure> {
    let member = posted.member;
    let gone = Failure::of(Obstacle::NotFound);
    let Ok(id) = id.parse::<HoldId>() else { return Err(gone.on(member.chrome(Some(Nav::Privacy)).await?)) };
    match member.web.app.lift_hold(member.organization(), member.who.member, id).await {
        Ok(()) => Ok(see_with(PAGE, Tone::Good, "flash-hold-lifted")),
        Err(error) => Err(Failure::from(error).on(member.chrome(Some(Nav::Privacy)).await?)),
    }
}
