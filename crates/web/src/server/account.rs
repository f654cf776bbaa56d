//! Signing in and out, the owner's set-up, language and theme.

use std::time::Duration;

use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Restricted;
use serde::Deserialize;

use app::people::SetupError;
use app::sign_in::{SignIn, SignInError};
use vault::password_rules::PasswordProblem;

use super::guard::{self, Failure, Member, OpenForm, Posted, PostedAny, Reader, own_path, render};
use super::{Web, cookies, see_other};
use crate::pages::account::{Obstacle, SetupPage, SignInPage};
use crate::pages::{Errors, FieldError};
use crate::{Chrome, Lang, Theme};

#[derive(Debug, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    pub(crate) next: String,
}

/// What the sign-in page offers beside a password: passkeys, and the host of an identity provider.
fn other_ways(web: &Web) -> (bool, Option<String>) {
    (web.app.passkey_site().is_some(), web.app.provider_host())
}

/// The sign-in form.
pub(crate) async fn show_sign_in(reader: Reader, Query(query): Query<Next>) -> Response {
    let next = own_path(&query.next).to_owned();
    let (passkeys_possible, provider) = other_ways(&reader.web);
    render(&SignInPage {
        chrome: reader.into_chrome(),
        passkeys_possible,
        provider,
        email: String::new(),
        next,
        errors: Errors::default(),
    })
}

/// The sign-in form for whoever has to wait before they show another passkey.
pub(crate) fn passkeys_wait(reader: Reader, next: String, wait: Duration) -> Response {
    let (passkeys_possible, provider) = other_ways(&reader.web);
    let chrome = reader.into_chrome();
    let refusal = Refusal::for_now(&chrome, wait, "passkey-wait");
    let errors = refusal.at("email");
    let page = SignInPage { chrome, email: String::new(), next, passkeys_possible, provider, errors };
    refusal.with(render(&page))
}

/// Signs in.
pub(crate) async fn sign_in(form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let web = reader.web.clone();
    let (email, next) = (fields.get("email").to_owned(), own_path(fields.get("next")).to_owned());
    let password = Restricted::new(fields.raw("password"));
    let (passkeys_possible, provider) = other_ways(&web);
    match web.app.sign_in(&email, password, &reader.visit).await {
        Ok(SignIn::Entered(entry)) => {
            let mut response = see_other(&next);
            cookies::keep_entry(&mut response, &web, &entry);
            Ok(response)
        }
        Ok(SignIn::SecondStep(question)) => {
            let mut response = see_other(&guard::with_next("/sign-in/second", &next));
            cookies::keep_question(&mut response, &web, &question);
            Ok(response)
        }
        Err(refused) => {
            let chrome = reader.into_chrome();
            let wait = if passkeys_possible { "sign-in-wait-passkey" } else { "sign-in-wait" };
            let refusal = Refusal::of(&chrome, refused, "sign-in-wrong", wait)?;
            let errors = refusal.at("email");
            let page = SignInPage { chrome, email, next, passkeys_possible, provider, errors };
            Ok(refusal.with(render(&page)))
        }
    }
}

/// Why somebody was not let in, in their words.
pub(crate) struct Refusal {
    status: StatusCode,
    text: String,
    wait: Option<Duration>,
}

impl Refusal {
    /// `wrong` is the sentence for a wrong answer, `wait` the one for whoever has to wait.
    pub(crate) fn of(
        chrome: &Chrome,
        refused: SignInError,
        wrong: &str,
        wait: &str,
    ) -> Result<Self, Failure> {
        match refused {
            SignInError::Wait(span) => Ok(Self::for_now(chrome, span, wait)),
            SignInError::Wrong | SignInError::Closed => {
                Ok(Self { status: StatusCode::UNAUTHORIZED, text: chrome.t(wrong).to_owned(), wait: None })
            }
            SignInError::App(error) => Err(error.into()),
        }
    }

    /// Whoever has to wait is told how long, rounded up to what is said of it.
    pub(crate) fn for_now(chrome: &Chrome, wait: Duration, sentence: &str) -> Self {
        const MINUTE: u64 = 60;
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let said = if seconds < MINUTE { seconds } else { seconds.div_ceil(MINUTE) * MINUTE };
        let text = chrome.ta(sentence, "span", &chrome.span(&Duration::from_secs(said)));
        Self { status: StatusCode::TOO_MANY_REQUESTS, text, wait: Some(Duration::from_secs(seconds)) }
    }

    /// The error of a form's field.
    pub(crate) fn at(&self, field: &'static str) -> Errors {
        Errors(vec![FieldError { field, text: self.text.clone() }])
    }

    /// The answer with this page.
    pub(crate) fn with(self, page: Response) -> Response {
        let mut response = (self.status, page).into_response();
        if let Some(wait) = self.wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        response
    }
}

/// Signs out.
pub(crate) async fn sign_out(PostedAny(posted): PostedAny) -> Result<Response, Failure> {
    let Posted { member, .. } = posted;
    member.web.app.sign_out(&member.who).await?;
    let mut response = see_other("/sign-in");
    cookies::drop_session(&mut response, &member.web);
    Ok(response)
}

fn setup_page(web: &Web, chrome: Chrome, token: String) -> SetupPage {
    SetupPage {
        chrome,
        token,
        organization: String::new(),
        email: String::new(),
        password_min_chars: min_chars(web.app.password_min_chars(true)),
        errors: Errors::default(),
    }
}

/// Fewest characters of a password, for its hint.
pub(crate) fn min_chars(chars: usize) -> i64 {
    i64::try_from(chars).unwrap_or(i64::MAX)
}

/// The owner's form behind the one-time link.
pub(crate) async fn show_setup(reader: Reader, Path(token): Path<String>) -> Result<Response, Failure> {
    let web = reader.web.clone();
    let good = web.app.setup_link_is_good(&token).await?;
    let chrome = reader.into_chrome();
    if !good {
        return Ok(guard::obstacle(&chrome, Obstacle::LinkUsed));
    }
    Ok(render(&setup_page(&web, chrome, token)))
}

/// Makes the organization and its owner, and signs them in.
pub(crate) async fn set_up(Path(token): Path<String>, form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let (web, visit) = (reader.web.clone(), reader.visit.clone());
    let chrome = reader.into_chrome();
    let (email, name) = (fields.get("email"), fields.get("organization"));
    let password = Restricted::new(fields.raw("password"));
    let made = web.app.set_up(&token, email, password.clone(), name, chrome.lang.tag()).await;
    match made {
        Ok(_) => {}
        Err(SetupError::LinkNotGood) => return Ok(guard::obstacle(&chrome, Obstacle::LinkUsed)),
        Err(SetupError::App(error)) => return Err(Failure::from(error).on(chrome)),
        Err(SetupError::Form(problems)) => {
            let errors = setup_errors(&chrome, &problems);
            let page = SetupPage {
                organization: name.to_owned(),
                email: email.to_owned(),
                errors,
                ..setup_page(&web, chrome, token)
            };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response());
        }
    }
    let Some(entry) = web.app.sign_in(email, password, &visit).await.ok().and_then(SignIn::entered) else {
        return Ok(see_other("/sign-in"));
    };
    let mut response = see_other("/connections/new");
    cookies::keep_entry(&mut response, &web, &entry);
    Ok(response)
}

fn setup_errors(chrome: &Chrome, problems: &app::people::SetupProblems) -> Errors {
    let mut errors = Vec::new();
    if problems.name {
        errors.push(FieldError { field: "organization", text: chrome.t("setup-error-organization").into() });
    }
    if problems.email {
        errors.push(FieldError { field: "email", text: chrome.t("setup-error-email").into() });
    }
    if let Some(problem) = problems.password {
        errors.push(FieldError { field: "password", text: password_problem(chrome, problem) });
    }
    Errors(errors)
}

/// What is wrong with a new password, in its member's words.
pub(crate) fn password_problem(chrome: &Chrome, problem: PasswordProblem) -> String {
    match problem {
        PasswordProblem::TooShort(chars) => chrome.tn("field-password-hint", &min_chars(chars)),
        PasswordProblem::TooLong => chrome.t("setup-error-password-long").into(),
        PasswordProblem::ContainsEmail => chrome.t("setup-error-password-email").into(),
        PasswordProblem::ContainsName => chrome.t("setup-error-password-name").into(),
        PasswordProblem::Repetitive | PasswordProblem::Sequence | PasswordProblem::Common => {
            chrome.t("setup-error-password-common").into()
        }
        PasswordProblem::Classes => chrome.t("setup-error-password-classes").into(),
        PasswordProblem::Breached => chrome.t("setup-error-password-breached").into(),
        PasswordProblem::Unchecked => chrome.t("setup-error-password-unchecked").into(),
    }
}

/// Keeps language and theme: with the member, and in the browser for the sign-in page.
pub(crate) async fn set_preferences(form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let lang = Lang::parse(fields.get("lang")).unwrap_or_default();
    let theme = Theme::parse(fields.get("theme")).unwrap_or_default();
    let next = match fields.get("next") {
        // The page that was asked for may not be one to come back to with GET.
        path if path.starts_with("/preferences") => "/orders",
        path => own_path(path),
    };
    let mut response = see_other(next);
    cookies::keep_look(&mut response, lang, theme);
    if let Some(member) = Member::of(&reader).await? {
        member.web.app.set_preferences(&member.who, lang.tag(), theme.as_str()).await?;
    }
    Ok(response)
}
