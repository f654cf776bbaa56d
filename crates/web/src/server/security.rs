//! A member's own sign-in.

use app::factors::{Added, FactorError};
use app::members::AccessError;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::{PasskeyId, Restricted, SessionId};
use store::sessions::NoticeRow;

use super::account::{Refusal, min_chars, password_problem};
use super::guard::{Failure, Member, Own, Posted, PostedOwn, PostedOwnProven, render, see_with};
use super::second_step::as_json;
use super::{cookies, see_other};
use crate::pages::account::Obstacle;
use crate::pages::security::{
    AuthenticatorPage, CodesPage, NoticeView, PasskeyView, ProviderView, SecurityPage, SessionView,
};
use crate::pages::{Errors, FieldError};
use crate::{Tone, qr};

const PAGE: &str = "/security";
const APP: &str = "/security/app";
/// Letters of a secret that stand together.
const SECRET_GROUP: usize = 4;

/// The member's own sign-in.
pub(crate) async fn show(Own(member): Own) -> Result<Response, Failure> {
    Ok(render(&security_page(&member, Errors::default()).await?))
}

async fn security_page(member: &Member, errors: Errors) -> Result<SecurityPage, Failure> {
    let app = &member.web.app;
    let found = app.security(&member.who).await?;
    let notice =
        |row: NoticeRow| NoticeView { kind: row.kind, device: row.device, at: row.at, seen: row.seen };
    let standing = member.who.standing;
    Ok(SecurityPage {
        chrome: member.chrome(None).await?,
        must_add: !standing.has_factor && app.second_factor().demands(standing.administers),
        passkeys_possible: app.passkey_site().is_some(),
        passkeys: found
            .passkeys
            .into_iter()
            .map(|row| PasskeyView {
                id: row.id,
                name: row.name,
                created_at: row.created_at,
                last_used_at: row.last_used_at,
                backed_up: row.passkey.backed_up,
            })
            .collect(),
        authenticator_since: found.authenticator_since,
        codes_left: found.codes_left,
        provider: app
            .provider_host()
            .map(|host| ProviderView { host, linked_since: found.provider.map(|link| link.created_at) }),
        sessions: found
            .sessions
            .into_iter()
            .map(|row| SessionView {
                id: row.id,
                device: row.device,
                created_at: row.created_at,
                last_seen_at: row.last_seen_at,
                own: row.id == member.who.session,
            })
            .collect(),
        notices: found.notices.into_iter().map(notice).collect(),
        password_min_chars: min_chars(app.password_min_chars(standing.administers)),
        errors,
    })
}

/// The member has read what they were told.
pub(crate) async fn read(PostedOwn(posted): PostedOwn) -> Result<Response, Failure> {
    posted.member.web.app.notices_read(&posted.member.who).await?;
    Ok(see_other(PAGE))
}

/// Begins with an authenticator app.
pub(crate) async fn begin_app(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    match posted.member.web.app.begin_authenticator(&posted.member.who).await {
        Ok(()) => Ok(see_other(APP)),
        Err(error) => refused(&posted.member, error).await,
    }
}

/// The code to scan.
pub(crate) async fn show_app(Own(member): Own) -> Result<Response, Failure> {
    app_page(&member, |_| Errors::default()).await
}

async fn app_page(
    member: &Member,
    errors: impl FnOnce(&crate::Chrome) -> Errors,
) -> Result<Response, Failure> {
    let chrome = member.chrome(None).await?;
    let account = chrome.member.as_ref().map(|member| member.email.clone()).unwrap_or_default();
    let Some(new) = member.web.app.new_authenticator(&member.who, &account).await? else {
        return Ok(see_other(PAGE));
    };
    let letters: Vec<char> = new.secret.chars().collect();
    let groups: Vec<String> = letters.chunks(SECRET_GROUP).map(|group| group.iter().collect()).collect();
    Ok(render(&AuthenticatorPage {
        drawing: qr::draw(&new.uri),
        secret: groups.join(" "),
        uri: new.uri.to_string(),
        errors: errors(&chrome),
        chrome,
    }))
}

/// Takes the app's first code.
pub(crate) async fn confirm_app(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    match member.web.app.confirm_authenticator(&member.who, fields.get("code")).await {
        Ok(added) => shown_once(&member, added).await,
        Err(FactorError::Wrong) => {
            let wrong = |chrome: &crate::Chrome| {
                Errors(vec![FieldError { field: "code", text: chrome.t("app-code-wrong").to_owned() }])
            };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, app_page(&member, wrong).await?).into_response())
        }
        Err(error) => refused(&member, error).await,
    }
}

/// Removes the authenticator app.
pub(crate) async fn remove_app(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    match posted.member.web.app.remove_authenticator(&posted.member.who).await {
        Ok(()) => Ok(see_with(PAGE, Tone::Good, "flash-factor-removed")),
        Err(error) => refused(&posted.member, error).await,
    }
}

/// Asks the browser to make a passkey.
pub(crate) async fn begin_passkey(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    let member = posted.member;
    let chrome = member.chrome(None).await?;
    let account = chrome.member.map(|member| member.email).unwrap_or_default();
    match member.web.app.begin_passkey(&member.who, &account).await {
        Ok(Some((question, json))) => {
            let mut response = as_json(json);
            cookies::keep_question(&mut response, &member.web, &question);
            Ok(response)
        }
        Ok(None) => Ok(StatusCode::NOT_FOUND.into_response()),
        Err(error) => refused(&member, error).await,
    }
}

/// Keeps the passkey that the browser made.
pub(crate) async fn add_passkey(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    let Posted { member, fields, visit, question } = posted;
    let name = match fields.get("name") {
        "" => visit.agent.as_str(),
        name => name,
    };
    match member.web.app.add_passkey(&member.who, &question, fields.get("credential"), name).await {
        Ok(added) => shown_once(&member, added).await,
        Err(error) => refused(&member, error).await,
    }
}

/// Removes a passkey.
pub(crate) async fn remove_passkey(
    Path(id): Path<String>,
    PostedOwnProven(posted): PostedOwnProven,
) -> Result<Response, Failure> {
    let member = posted.member;
    let Ok(id) = id.parse::<PasskeyId>() else {
        return Err(Failure::of(Obstacle::NotFound).on(member.chrome(None).await?));
    };
    match member.web.app.remove_passkey(&member.who, id).await {
        Ok(()) => Ok(see_with(PAGE, Tone::Good, "flash-factor-removed")),
        Err(error) => refused(&member, error).await,
    }
}

/// Makes recovery codes anew.
pub(crate) async fn new_codes(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    let member = posted.member;
    match member.web.app.new_codes(&member.who).await {
        Ok(codes) => Ok(render(&CodesPage { chrome: member.chrome(None).await?, codes })),
        Err(error) => refused(&member, error).await,
    }
}

/// Replaces the password.
pub(crate) async fn change_password(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let chrome = member.chrome(None).await?;
    let account = chrome.member.as_ref().map(|member| member.email.clone()).unwrap_or_default();
    let typed = |name| Restricted::new(fields.raw(name));
    let (current, password) = (typed("current"), typed("password"));
    match member.web.app.change_password(&member.who, &account, current, password).await {
        Ok(()) => Ok(see_with(PAGE, Tone::Good, "flash-password-changed")),
        Err(FactorError::Password(problem)) => {
            let text = password_problem(&chrome, problem);
            wrong_field(&member, "password", text).await
        }
        Err(FactorError::Wrong) => {
            wrong_field(&member, "current", chrome.t("confirm-password-wrong").to_owned()).await
        }
        Err(FactorError::Wait(wait)) => {
            let refusal = Refusal::for_now(&chrome, wait, "password-wait");
            let page = security_page(&member, refusal.at("current")).await?;
            Ok(refusal.with(render(&page)))
        }
        Err(error) => refused(&member, error).await,
    }
}

/// Makes the member an administrator for an hour.
pub(crate) async fn break_glass(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let key = match member.web.app.break_glass(&member.who, fields.get("reason")).await {
        Ok(()) => return Ok(see_with(PAGE, Tone::Good, "flash-glass-broken")),
        Err(AccessError::App(error)) => return Err(Failure::from(error).on(member.chrome(None).await?)),
        Err(AccessError::Reason) => "access-error-reason",
        Err(AccessError::Passkey) => "access-error-passkey",
        Err(_) => return Ok(see_with(PAGE, Tone::Watch, "access-error-not-allowed")),
    };
    let text = member.chrome(None).await?.t(key).to_owned();
    wrong_field(&member, "reason", text).await
}

async fn wrong_field(member: &Member, field: &'static str, text: String) -> Result<Response, Failure> {
    let page = security_page(member, Errors(vec![FieldError { field, text }])).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

/// Ends one other session, or all of them.
pub(crate) async fn end_sessions(PostedOwn(posted): PostedOwn) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let only = match fields.get("session") {
        "" => None,
        id => match id.parse::<SessionId>() {
            Ok(id) => Some(id),
            Err(_) => return Err(Failure::of(Obstacle::NotFound).on(member.chrome(None).await?)),
        },
    };
    member.web.app.end_sessions(&member.who, only).await?;
    Ok(see_with(PAGE, Tone::Good, "flash-sessions-ended"))
}

/// A second factor was added; its recovery codes are shown once.
async fn shown_once(member: &Member, added: Added) -> Result<Response, Failure> {
    let mut response = match added.codes {
        Some(codes) => render(&CodesPage { chrome: member.chrome(None).await?, codes }),
        None => see_with(PAGE, Tone::Good, "flash-factor-added"),
    };
    cookies::keep_session(&mut response, &member.web, &added.session);
    Ok(response)
}

/// Why the sign-in was not changed, in the member's words.
async fn refused(member: &Member, error: FactorError) -> Result<Response, Failure> {
    let key = match error {
        FactorError::Wrong => "flash-passkey-refused",
        FactorError::Closed => "flash-question-closed",
        FactorError::Known => "flash-factor-known",
        FactorError::TooMany => "flash-passkeys-many",
        FactorError::LastOne => "flash-factor-last",
        FactorError::Wait(_) | FactorError::Password(_) => {
            return Err(Failure::of(Obstacle::TooMany).on(member.chrome(None).await?));
        }
        FactorError::App(error) => return Err(Failure::from(error).on(member.chrome(None).await?)),
    };
    Ok(see_with(PAGE, Tone::Watch, key))
}
