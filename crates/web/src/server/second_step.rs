//! The second factor at sign-in, a passkey instead of both, and the proof that is asked
//! for again before something sensitive.

use app::sign_in::{Choices, Shown, SignInError};
use axum::extract::Query;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::Restricted;

use super::account::{Next, Refusal, passkeys_wait};
use super::guard::{
    self, AnySession, Failure, Fields, OpenForm, Posted, PostedAny, Reader, own_path, render, see_with,
    with_next,
};
use super::{cookies, see_other};
use crate::pages::Errors;
use crate::pages::security::SecondStepPage;
use crate::{Chrome, Tone};

const SECOND: &str = "/sign-in/second";
const CONFIRM: &str = "/confirm";

fn page(
    chrome: Chrome,
    action: &'static str,
    next: &str,
    choices: Choices,
    errors: Errors,
) -> SecondStepPage {
    SecondStepPage { chrome, action, next: next.to_owned(), again: action == CONFIRM, choices, errors }
}

/// What a form shows: a passkey's answer, a password or a code.
fn shown(fields: &Fields) -> Shown {
    match (fields.get("credential"), fields.raw("password")) {
        ("", password) if !password.is_empty() => Shown::Password(Restricted::new(password)),
        ("", _) => Shown::Code(fields.get("code").to_owned()),
        (credential, _) => Shown::Passkey(credential.to_owned()),
    }
}

/// The form of the second step.
pub(crate) async fn show(reader: Reader, Query(query): Query<Next>) -> Result<Response, Failure> {
    let question = cookies::question(&reader.web, &reader.headers);
    match reader.web.app.second_step_choices(&question).await {
        Ok(choices) => {
            let chrome = reader.into_chrome();
            Ok(render(&page(chrome, SECOND, own_path(&query.next), choices, Errors::default())))
        }
        Err(SignInError::App(error)) => Err(error.into()),
        Err(_) => Ok(closed(&query.next)),
    }
}

/// The question is closed: from the beginning.
fn closed(next: &str) -> Response {
    see_with(&with_next("/sign-in", own_path(next)), Tone::Watch, "flash-question-closed")
}

/// Takes the second step.
pub(crate) async fn take(form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let (web, next) = (reader.web.clone(), own_path(fields.get("next")).to_owned());
    let question = cookies::question(&web, &reader.headers);
    match web.app.second_step(&question, shown(&fields), &reader.visit).await {
        Ok(entry) => {
            let mut response = see_other(&next);
            cookies::keep_entry(&mut response, &web, &entry);
            Ok(response)
        }
        Err(SignInError::Closed) => Ok(closed(&next)),
        Err(refused) => {
            let Ok(choices) = web.app.second_step_choices(&question).await else { return Ok(closed(&next)) };
            let chrome = reader.into_chrome();
            let refusal = Refusal::of(&chrome, refused, "second-step-wrong", code_wait(&choices))?;
            let errors = refusal.at("code");
            Ok(refusal.with(render(&page(chrome, SECOND, &next, choices, errors))))
        }
    }
}

/// What whoever typed too many wrong codes is told.
fn code_wait(choices: &Choices) -> &'static str {
    if choices.passkey.is_some() { "second-step-wait-passkey" } else { "second-step-wait" }
}

/// Asks a browser for any passkey of ours.
pub(crate) async fn begin_passkey(reader: Reader) -> Result<Response, Failure> {
    match reader.web.app.ask_passkey(&reader.visit).await {
        Ok(Some((question, json))) => {
            let mut response = as_json(json);
            cookies::keep_question(&mut response, &reader.web, &question);
            Ok(response)
        }
        Ok(None) => Ok(axum::http::StatusCode::NOT_FOUND.into_response()),
        Err(SignInError::App(error)) => Err(error.into()),
        Err(_) => Ok(axum::http::StatusCode::TOO_MANY_REQUESTS.into_response()),
    }
}

pub(crate) fn as_json(json: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// Signs in with a passkey alone.
pub(crate) async fn passkey(form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let (web, next) = (reader.web.clone(), own_path(fields.get("next")).to_owned());
    let question = cookies::question(&web, &reader.headers);
    match web.app.sign_in_with_passkey(&question, fields.get("credential"), &reader.visit).await {
        Ok(entry) => {
            let mut response = see_other(&next);
            cookies::keep_entry(&mut response, &web, &entry);
            Ok(response)
        }
        Err(SignInError::App(error)) => Err(error.into()),
        Err(SignInError::Closed) => Ok(closed(&next)),
        Err(SignInError::Wait(wait)) => Ok(passkeys_wait(reader, next, wait)),
        Err(SignInError::Wrong) => {
            Ok(see_with(&with_next("/sign-in", &next), Tone::Bad, "flash-passkey-refused"))
        }
    }
}

/// Asks a member to prove again who they are.
pub(crate) async fn show_confirm(
    AnySession(member): AnySession,
    Query(query): Query<Next>,
) -> Result<Response, Failure> {
    let next = own_path(&query.next);
    match confirm_page(&member, next).await? {
        Ok(page) => Ok(page.answer(&member, Errors::default())),
        Err(closed) => Ok(closed),
    }
}

/// A question that is put to a signed-in member, and its page.
struct Confirmation {
    page: SecondStepPage,
    question: vault::Token,
}

impl Confirmation {
    fn answer(self, member: &guard::Member, errors: Errors) -> Response {
        let mut response = render(&SecondStepPage { errors, ..self.page });
        cookies::keep_question(&mut response, &member.web, &self.question);
        response
    }
}

async fn confirm_page(member: &guard::Member, next: &str) -> Result<Result<Confirmation, Response>, Failure> {
    match member.web.app.ask_proof(&member.who).await {
        Ok((question, choices)) => {
            let page = page(member.gate(), CONFIRM, next, choices, Errors::default());
            Ok(Ok(Confirmation { page, question }))
        }
        Err(SignInError::App(error)) => Err(error.into()),
        Err(_) => Ok(Err(closed(next))),
    }
}

/// Takes that proof.
pub(crate) async fn confirm(PostedAny(posted): PostedAny) -> Result<Response, Failure> {
    let Posted { member, fields, visit, question } = posted;
    let next = own_path(fields.get("next")).to_owned();
    match member.web.app.prove(&member.who, &question, shown(&fields), &visit).await {
        Ok(session) => {
            let mut response = see_other(&next);
            cookies::keep_session(&mut response, &member.web, &session);
            Ok(response)
        }
        Err(SignInError::App(error)) => Err(error.into()),
        Err(refused) => {
            let asked = match confirm_page(&member, &next).await? {
                Ok(asked) => asked,
                Err(closed) => return Ok(closed),
            };
            let (field, wrong, wait) = if fields.raw("password").is_empty() {
                ("code", "second-step-wrong", code_wait(&asked.page.choices))
            } else {
                ("password", "confirm-password-wrong", "password-wait")
            };
            let refusal = Refusal::of(&asked.page.chrome, refused, wrong, wait)?;
            let errors = refusal.at(field);
            Ok(refusal.with(asked.answer(&member, errors)))
        }
    }
}
