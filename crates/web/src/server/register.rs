//! The register of requests about data: read, answered, refused, erased for.

use app::register::{Answered, Erased, OpenRequest, RegisterError};
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::RequestId;
use store::requests::RequestState;

use super::centre::{PDF, attached};
use super::guard::{Failure, May, Member, Posted, Proven, ProvenForm, render, see_with};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::register::{RegisterPage, RequestPage};
use crate::pages::{Errors, FieldError};
use crate::{Lang, Nav, Tone, i18n, papers};

/// The register.
pub(crate) async fn list(May(member, ..): May<may::SeePrivacy>) -> Result<Response, Failure> {
    let (chrome, requests) = member.page(Some(Nav::Privacy), |tenant| tenant.requests()).await?;
    let late = requests.iter().filter(|row| row.state == RequestState::Open && row.due_at <= chrome.now);
    let overdue = i64::try_from(late.count()).unwrap_or(i64::MAX);
    let public = format!("{}/your-data/{}", member.web.app.public_url(), member.organization());
    Ok(render(&RegisterPage { chrome, public, overdue, requests }))
}

/// One request, with what it says.
pub(crate) async fn show(
    Path(id): Path<String>,
    Proven(member, ..): Proven<may::ManagePrivacy>,
) -> Result<Response, Failure> {
    Ok(render(&page(&member, &id, Typed::default(), Errors::default()).await?))
}

/// The same as a paper to keep.
pub(crate) async fn pdf(
    Path(id): Path<String>,
    Proven(member, ..): Proven<may::ManagePrivacy>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Privacy)).await?;
    let Ok(id) = id.parse::<RequestId>() else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    match member.web.app.open_request(member.organization(), member.who.member, id).await {
        Ok(open) => {
            let paper = papers::of_request(&chrome, &member.who.organization_name, &open);
            Ok(attached(PDF, &format!("lojista-{id}.pdf"), paper.bytes()))
        }
        Err(error) => Err(Failure::from(error).on(chrome)),
    }
}

/// What was typed into the forms.
#[derive(Default)]
struct Typed {
    called: Option<String>,
    answer: String,
}

async fn page(member: &Member, id: &str, typed: Typed, errors: Errors) -> Result<RequestPage, Failure> {
    let chrome = member.chrome(Some(Nav::Privacy)).await?;
    let Ok(id) = id.parse::<RequestId>() else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let opened = member.web.app.open_request(member.organization(), member.who.member, id).await;
    let OpenRequest { row, person, answer } = match opened {
        Ok(opened) => opened,
        Err(error) => return Err(Failure::from(error).on(chrome)),
    };
    Ok(RequestPage {
        chrome,
        row,
        contact: person.contact.clone(),
        called: person.called.clone(),
        text: person.text.clone(),
        answer,
        typed_called: typed.called.unwrap_or_else(|| person.called.clone()),
        typed_answer: typed.answer,
        errors,
    })
}

async fn again(
    member: &Member,
    id: &str,
    typed: Typed,
    field: &'static str,
    key: &str,
) -> Result<Response, Failure> {
    let mut page = page(member, id, typed, Errors::default()).await?;
    page.errors = Errors(vec![FieldError { field, text: page.chrome.t(key).to_owned() }]);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

/// Answers or refuses.
pub(crate) async fn answer(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManagePrivacy>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let chrome = member.chrome(Some(Nav::Privacy)).await?;
    let Ok(number) = id.parse::<RequestId>() else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let text = fields.get("answer").replace("\r\n", "\n");
    let held = member.web.app.organization(member.organization());
    let row = held.read(move |tenant| tenant.request(number)).await?;
    let Some(row) = row else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let lang = Lang::parse(&row.language).unwrap_or_default();
    let words =
        [("name", member.who.organization_name.as_str()), ("number", id.as_str()), ("answer", text.as_str())];
    let letter = (
        i18n::text(lang, "mail-answer-subject").to_owned(),
        crate::letters::text(lang, "mail-answer-text", &words),
    );
    let answered = Answered { refused: fields.get("outcome") == "refused", text: text.clone(), letter };
    let (organization, by) = (member.organization(), member.who.member);
    let back = format!("/privacy/requests/{id}");
    match member.web.app.end_request(organization, by, number, answered).await {
        Ok(true) => Ok(see_with(&back, Tone::Good, "flash-request-sent")),
        Ok(false) => Ok(see_with(&back, Tone::Watch, "flash-request-closed")),
        Err(RegisterError::Ended) => Ok(see_with(&back, Tone::Watch, "flash-request-ended")),
        Err(RegisterError::App(error)) => Err(Failure::from(error).on(chrome)),
        Err(RegisterError::Incomplete | RegisterError::Unreadable | RegisterError::TooMany) => {
            let typed = Typed { called: None, answer: text };
            again(&member, &id, typed, "answer", "request-error-text").await
        }
    }
}

/// Erases what a buyer is found by.
pub(crate) async fn erase(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManagePrivacy>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let chrome = member.chrome(Some(Nav::Privacy)).await?;
    let Ok(number) = id.parse::<RequestId>() else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let called = fields.get("called").to_owned();
    let (organization, by) = (member.organization(), member.who.member);
    let back = format!("/privacy/requests/{id}");
    let key = match member.web.app.erase_buyers(organization, by, number, &called).await {
        Ok(Erased { held: 1.., .. }) => return Ok(see_with(&back, Tone::Watch, "flash-request-held")),
        Ok(Erased { buyers: 0, .. }) => return Ok(see_with(&back, Tone::Watch, "flash-request-none")),
        Ok(_) => return Ok(see_with(&back, Tone::Good, "flash-request-erased")),
        Err(RegisterError::App(error)) => return Err(Failure::from(error).on(chrome)),
        Err(RegisterError::TooMany) => "request-error-many",
        Err(RegisterError::Unreadable | RegisterError::Incomplete | RegisterError::Ended) => {
            "request-error-called"
        }
    };
    again(&member, &id, Typed { called: Some(called), answer: String::new() }, "called", key).await
}
