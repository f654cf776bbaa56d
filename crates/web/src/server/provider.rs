//! Ways to the team's identity provider and back.

use app::provider::{Arrived, Errand, Refused, Returned, Turned};
use app::sign_in::SignIn;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;

use super::guard::{
    Failure, Member, OpenForm, Posted, PostedAny, PostedOwnProven, Reader, own_path, render, see_with,
    with_next,
};
use super::{Web, cookies, see_other};
use crate::pages::account::{Obstacle, ProviderPage};
use crate::{Chrome, Tone};

const SECURITY: &str = "/security";

/// What a browser comes back with (OpenID Connect Core 1.0 §3.1.2.5 and §3.1.2.6).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Back {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    iss: Option<String>,
    error: Option<String>,
}

/// Where an errand that came to nothing leads back to.
fn way_back(errand: Errand, next: &str) -> String {
    match errand {
        Errand::SignIn => with_next("/sign-in", own_path(next)),
        Errand::Link => SECURITY.to_owned(),
        Errand::Confirm => with_next("/confirm", own_path(next)),
    }
}

/// Why it came to nothing, in words, with a way out.
fn turned_away(refused: Refused, errand: Errand, next: &str) -> Result<Response, Failure> {
    match refused {
        Refused::Off => Err(Failure::of(Obstacle::NotFound)),
        Refused::App(error) => Err(error.into()),
        Refused::Wait(_)
        | Refused::StartAgain
        | Refused::Away
        | Refused::Clock
        | Refused::NotBelieved(_)
        | Refused::Denied
        | Refused::NotLinked
        | Refused::Taken
        | Refused::OtherAccount
        | Refused::NotFresh
        | Refused::NotEnough => {
            let key = format!("flash-provider-{}", refused.word());
            Ok(see_with(&way_back(errand, next), Tone::Bad, &key))
        }
    }
}

/// Sends a browser on by a page of our own: browsers hold a form against `form-action` through all
/// redirects behind it, and where a provider leads its people is its own affair.
async fn send(
    web: &Web,
    chrome: Chrome,
    errand: Errand,
    who: Option<&Member>,
    next: &str,
    visit: &app::sign_in::Visit,
) -> Result<Response, Failure> {
    match web.app.to_provider(errand, who.map(|member| &member.who), next, visit).await {
        Ok((token, address)) => {
            let refresh = HeaderValue::from_str(&format!("0; url={address}"));
            let host = web.app.provider_host().unwrap_or_default();
            let mut response = render(&ProviderPage { chrome, host, address });
            if let Ok(refresh) = refresh {
                response.headers_mut().insert(header::REFRESH, refresh);
            }
            cookies::keep_errand(&mut response, web, &token);
            Ok(response)
        }
        Err(refused) => turned_away(refused, errand, next),
    }
}

/// To come in.
pub(crate) async fn begin(form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let (web, visit) = (reader.web.clone(), reader.visit.clone());
    let next = own_path(fields.get("next")).to_owned();
    send(&web, reader.into_chrome(), Errand::SignIn, None, &next, &visit).await
}

/// To prove once more who the member is.
pub(crate) async fn confirm(PostedAny(posted): PostedAny) -> Result<Response, Failure> {
    let Posted { member, fields, visit, .. } = posted;
    let next = own_path(fields.get("next")).to_owned();
    send(&member.web, member.gate(), Errand::Confirm, Some(&member), &next, &visit).await
}

/// So that the member's account there signs in here.
pub(crate) async fn link(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    let Posted { member, visit, .. } = posted;
    send(&member.web, member.gate(), Errand::Link, Some(&member), SECURITY, &visit).await
}

/// So that it does not any more.
pub(crate) async fn unlink(PostedOwnProven(posted): PostedOwnProven) -> Result<Response, Failure> {
    posted.member.web.app.unlink_provider(&posted.member.who).await?;
    Ok(see_with(SECURITY, Tone::Good, "flash-provider-unlinked"))
}

/// A browser comes back.
pub(crate) async fn finish(
    reader: Reader,
    back: Result<Query<Back>, QueryRejection>,
) -> Result<Response, Failure> {
    let back = back.map(|Query(back)| back).unwrap_or_default();
    let returned = Returned { state: back.state, code: back.code, iss: back.iss, error: back.error };
    let web = reader.web.clone();
    let token = cookies::errand(&web, &reader.headers);
    let member = Member::of(&reader).await?;
    let session = member.as_ref().map(|member| &member.who);
    let visit = reader.visit.clone();
    let lang = reader.into_chrome().lang;
    let arrived = web.app.back_from_provider(&token, &returned, session, lang.tag(), &visit).await;
    let mut response = match arrived {
        Ok((arrived, next)) => come_in(&web, arrived, &next),
        // Another browser's answer ends nothing here, the bond of this one included.
        Err(Turned { refused: refused @ Refused::StartAgain, errand, next }) => {
            return turned_away(refused, errand, &next);
        }
        Err(Turned { refused, errand, next }) => turned_away(refused, errand, &next)?,
    };
    cookies::drop_errand(&mut response, &web);
    Ok(response)
}

fn come_in(web: &Web, arrived: Arrived, next: &str) -> Response {
    let next = own_path(next);
    match arrived {
        Arrived::SignedIn(SignIn::Entered(entry)) => {
            let mut response = see_other(next);
            cookies::keep_entry(&mut response, web, &entry);
            response
        }
        Arrived::SignedIn(SignIn::SecondStep(question)) => {
            let mut response = see_other(&with_next("/sign-in/second", next));
            cookies::keep_question(&mut response, web, &question);
            response
        }
        Arrived::Linked => see_with(SECURITY, Tone::Good, "flash-provider-linked"),
        Arrived::Proven(session) => {
            let mut response = see_other(next);
            cookies::keep_session(&mut response, web, &session);
            response
        }
    }
}
