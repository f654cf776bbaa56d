//! The way back in behind a one-time link that whoever runs the server made.

use app::recovery::RecoveryError;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::Restricted;

use super::account::{Refusal, min_chars, password_problem};
use super::guard::{self, Failure, OpenForm, Reader, render};
use super::{Web, cookies, see_other};
use crate::Chrome;
use crate::pages::account::{Obstacle, RecoverPage};
use crate::pages::{Errors, FieldError};

fn page(web: &Web, chrome: Chrome, token: String, email: &str, errors: Errors) -> RecoverPage {
    // Every member administers so far.
    let password_min_chars = min_chars(web.app.password_min_chars(true));
    RecoverPage { chrome, token, email: email.to_owned(), password_min_chars, errors }
}

/// The form behind the link.
pub(crate) async fn show(reader: Reader, Path(token): Path<String>) -> Result<Response, Failure> {
    let web = reader.web.clone();
    let good = web.app.recovery_link_is_good(&token).await?;
    let chrome = reader.into_chrome();
    if !good {
        return Ok(guard::obstacle(&chrome, Obstacle::LinkUsed));
    }
    Ok(render(&page(&web, chrome, token, "", Errors::default())))
}

/// Sets the new password, and lets the member in to add a new second factor.
pub(crate) async fn take(Path(token): Path<String>, form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let (web, visit) = (reader.web.clone(), reader.visit.clone());
    let chrome = reader.into_chrome();
    let (email, password) = (fields.get("email"), Restricted::new(fields.raw("password")));
    let (field, text) = match web.app.recover(&token, email, password, &visit).await {
        Ok(entry) => {
            let mut response = see_other("/security");
            cookies::keep_entry(&mut response, &web, &entry);
            return Ok(response);
        }
        Err(RecoveryError::App(error)) => return Err(Failure::from(error).on(chrome)),
        Err(RecoveryError::Wait(wait)) => {
            let refusal = Refusal::for_now(&chrome, wait, "recover-wait");
            let errors = refusal.at("email");
            return Ok(refusal.with(render(&page(&web, chrome, token, email, errors))));
        }
        Err(RecoveryError::WrongAddress) => ("email", chrome.t("recover-wrong-address").to_owned()),
        Err(RecoveryError::Password(problem)) => ("password", password_problem(&chrome, problem)),
        Err(RecoveryError::LinkNotGood | RecoveryError::Nobody | RecoveryError::Reason) => {
            return Ok(guard::obstacle(&chrome, Obstacle::LinkUsed));
        }
    };
    let errors = Errors(vec![FieldError { field, text }]);
    let page = page(&web, chrome, token, email, errors);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}
