//! The privacy centre: public pages on which anyone asks of their data. What an address is on
//! file for shows in no answer.

use app::disclosure::Disclosure;
use app::privacy::{Asked, CodeLetter, Person, PrivacyError};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::privacy::{Regime, RequestKind};
use domain::{OrganizationId, RequestId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::requests::{self, RequestRow, Ticket};

use super::cookies::{cookie, drop_ticket, keep_ticket, ticket_cookie};
use super::guard::{Failure, Fields, OpenForm, Reader, obstacle, render, see_with};
use super::{Web, see_other};
use crate::pages::account::Obstacle;
use crate::pages::centre::{
    AskPage, AskedBefore, CentrePage, CodePage, CopyPage, FindPage, OwnRequest, ReceivedView, YoursPage,
};
use crate::pages::{Errors, FieldError};
use crate::{Chrome, Tone, letters, papers, retention};

/// What files of somebody's data are called.
const JSON_NAME: &str = "lojista-data.json";
const PDF_NAME: &str = "lojista-data.pdf";
/// The kind of a paper.
pub(super) const PDF: &str = "application/pdf";

#[derive(Debug, Deserialize)]
pub(crate) struct Received {
    #[serde(default)]
    request: String,
}

/// The shop whose page it is, and its name; `None` for no shop.
async fn shop_of(web: &Web, text: &str) -> Result<Option<(OrganizationId, String)>, Failure> {
    let Ok(id) = text.parse::<OrganizationId>() else { return Ok(None) };
    let name = web.app.store().installation().read(move |tx| requests::public_name(tx, id)).await?;
    Ok(name.map(|name| (id, name)))
}

fn nowhere(reader: Reader) -> Response {
    obstacle(&reader.into_chrome(), Obstacle::NotFound)
}

fn wrong(field: &'static str, text: String) -> Errors {
    Errors(vec![FieldError { field, text }])
}

fn wait_text(chrome: &Chrome, wait: std::time::Duration) -> String {
    // A wait of less than a second is one.
    let wait = wait.max(std::time::Duration::from_secs(1));
    chrome.ta("centre-error-wait", "span", &chrome.span(&wait))
}

/// Leads to the only shop's page.
pub(crate) async fn find(reader: Reader, State(web): State<Web>) -> Result<Response, Failure> {
    let only = web.app.store().installation().read(requests::only_organization).await?;
    Ok(match only {
        Some(id) => see_other(&format!("/your-data/{id}")),
        None => render(&FindPage { chrome: reader.into_chrome() }),
    })
}

/// The first page.
pub(crate) async fn show(
    reader: Reader,
    Path(id): Path<String>,
    Query(query): Query<Received>,
) -> Result<Response, Failure> {
    let Some((organization, shop)) = shop_of(&reader.web, &id).await? else { return Ok(nowhere(reader)) };
    let received = match query.request.parse::<RequestId>() {
        Ok(number) => {
            let held = reader.web.app.organization(organization);
            let row = held.read(move |tenant| tenant.request(number)).await?;
            row.map(|row| ReceivedView { number, last_day: last_day(&row) })
        }
        Err(_) => None,
    };
    let (chrome, email, errors) = (reader.into_chrome(), String::new(), Errors::default());
    Ok(render(&CentrePage { chrome, organization, shop, email, received, errors }))
}

/// The last day on which an answer is in time: its end is the first instant that is not.
fn last_day(row: &RequestRow) -> domain::Timestamp {
    row.due_at.minus(std::time::Duration::from_millis(1))
}

/// Takes an address; whether it is on file shows nowhere.
pub(crate) async fn want_code(Path(id): Path<String>, form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let web = reader.web.clone();
    let Some((organization, shop)) = shop_of(&web, &id).await? else { return Ok(nowhere(reader)) };
    let (network, chrome) = (reader.visit.network.clone(), reader.into_chrome());
    let email = fields.get("email").to_owned();
    let letter = CodeLetter {
        subject: chrome.t("mail-code-subject").to_owned(),
        // The mark of the code is put in again: it is filled in when the code is made.
        text: letters::text(chrome.lang, "mail-code-text", &[("name", &shop), ("code", "{code}")]),
    };
    let text = match web.app.want_code(organization, &email, &network, letter).await {
        Ok(token) => {
            let mut response = see_other(&format!("/your-data/{organization}/code"));
            keep_ticket(&mut response, &web, &token);
            return Ok(response);
        }
        Err(PrivacyError::Wait(wait)) => wait_text(&chrome, wait),
        Err(PrivacyError::App(error)) => return Err(Failure::from(error).on(chrome)),
        Err(PrivacyError::Incomplete | PrivacyError::Wrong | PrivacyError::Unproven) => {
            chrome.t("centre-error-email").to_owned()
        }
    };
    let (errors, received) = (wrong("email", text), None);
    let page = CentrePage { chrome, organization, shop, email, received, errors };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

/// Where the code goes.
pub(crate) async fn show_code(reader: Reader, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some((organization, _)) = shop_of(&reader.web, &id).await? else { return Ok(nowhere(reader)) };
    Ok(render(&CodePage { chrome: reader.into_chrome(), organization, errors: Errors::default() }))
}

fn ticket(web: &Web, headers: &HeaderMap) -> String {
    cookie(headers, ticket_cookie(web)).unwrap_or_default()
}

/// Takes a code.
pub(crate) async fn take_code(Path(id): Path<String>, form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let web = reader.web.clone();
    let Some((organization, _)) = shop_of(&web, &id).await? else { return Ok(nowhere(reader)) };
    let token = ticket(&web, &reader.headers);
    let chrome = reader.into_chrome();
    match web.app.show_code(&token, fields.get("code")).await {
        Ok(()) => Ok(see_other(&format!("/your-data/{organization}/yours"))),
        Err(PrivacyError::App(error)) => Err(Failure::from(error).on(chrome)),
        Err(
            PrivacyError::Wrong | PrivacyError::Unproven | PrivacyError::Incomplete | PrivacyError::Wait(_),
        ) => {
            let errors = wrong("code", chrome.t("centre-error-code").to_owned());
            let page = CodePage { chrome, organization, errors };
            Ok((StatusCode::UNAUTHORIZED, render(&page)).into_response())
        }
    }
}

/// Who the browser has shown to be, at this shop.
async fn shown(web: &Web, headers: &HeaderMap, id: &str) -> Result<Option<Ticket>, Failure> {
    match web.app.shown_to_be(&ticket(web, headers)).await {
        Ok(ticket) => Ok(Some(ticket).filter(|ticket| ticket.organization.to_string() == id)),
        Err(PrivacyError::App(error)) => Err(error.into()),
        Err(
            PrivacyError::Unproven | PrivacyError::Wrong | PrivacyError::Incomplete | PrivacyError::Wait(_),
        ) => Ok(None),
    }
}

/// What somebody may do who has shown who they are.
pub(crate) async fn yours(reader: Reader, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some(ticket) = shown(&reader.web, &reader.headers, &id).await? else {
        return Ok(see_other(&format!("/your-data/{id}")));
    };
    let held = reader.web.app.organization(ticket.organization);
    let rows = held.read(move |tenant| tenant.requests_of(ticket.member)).await?;
    let own = |row: RequestRow| OwnRequest {
        last_day: last_day(&row),
        id: row.id,
        kind: row.kind,
        state: row.state,
    };
    let requests = rows.into_iter().map(own).collect();
    Ok(render(&YoursPage { chrome: reader.into_chrome(), organization: ticket.organization, requests }))
}

fn asked(fields: &Fields) -> Option<Asked> {
    Some(Asked {
        kind: RequestKind::parse(fields.get("kind"))?,
        regime: Regime::parse(fields.get("regime"))?,
    })
}

/// Hands out everything on file, to read or to take along.
pub(crate) async fn copy(Path(id): Path<String>, form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let web = reader.web.clone();
    let Some(ticket) = shown(&web, &reader.headers, &id).await? else {
        return Ok(see_other(&format!("/your-data/{id}")));
    };
    let chrome = reader.into_chrome();
    let form = fields.get("form");
    let kind = if form == "json" { RequestKind::Portability } else { RequestKind::Access };
    let Some(regime) = Regime::parse(fields.get("regime")) else {
        return Ok(obstacle(&chrome, Obstacle::BadRequest));
    };
    let copy = match web.app.disclose(ticket, Asked { kind, regime }, chrome.lang.tag()).await {
        Ok(copy) => copy,
        Err(error) => return Err(Failure::from(error).on(chrome)),
    };
    Ok(match form {
        "json" => attached("application/json; charset=utf-8", JSON_NAME, json_of(&chrome, &copy)),
        "pdf" => {
            let organization = ticket.organization;
            let named = move |tx: &mut store::Tx<'_>| requests::public_name(tx, organization);
            let shop = web.app.store().installation().read(named).await?.unwrap_or_default();
            attached(PDF, PDF_NAME, papers::of_person(&chrome, &shop, &copy).bytes())
        }
        _ => render(&CopyPage { chrome, organization: ticket.organization, copy }),
    })
}

/// A file to keep.
pub(super) fn attached(kind: &'static str, name: &str, bytes: impl IntoResponse) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, bytes).into_response()
}

/// The same for programs.
fn json_of(chrome: &Chrome, copy: &Disclosure) -> String {
    let mut document = Map::new();
    document.insert("made_at".into(), copy.at.to_rfc3339().into());
    document.insert("request".into(), copy.request.to_string().into());
    for section in &copy.sections {
        let entry = |entry: &app::disclosure::Entry| {
            let fields = entry.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())));
            Value::Object(fields.collect())
        };
        document.insert(section.name.into(), section.entries.iter().map(entry).collect());
    }
    let rows = retention::rows(chrome.lang, false);
    let kept: Vec<Value> =
        rows.iter().map(|row| json!({"what": row.what, "until": row.until, "why": row.why})).collect();
    document.insert("kept".into(), kept.into());
    document.insert("shared_with".into(), chrome.t("centre-shared-text").into());
    document.insert("not_kept".into(), chrome.t("centre-not-kept").into());
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// The form of somebody whom no code can reach.
pub(crate) async fn show_ask(reader: Reader, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some((organization, _)) = shop_of(&reader.web, &id).await? else { return Ok(nowhere(reader)) };
    let (chrome, typed, errors) = (reader.into_chrome(), AskedBefore::default(), Errors::default());
    Ok(render(&AskPage { chrome, organization, typed, errors }))
}

/// Takes a request into the register.
pub(crate) async fn ask(Path(id): Path<String>, form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let web = reader.web.clone();
    let Some((organization, _)) = shop_of(&web, &id).await? else { return Ok(nowhere(reader)) };
    let member = shown(&web, &reader.headers, &id).await?.map(|ticket| ticket.member);
    let (network, chrome) = (reader.visit.network.clone(), reader.into_chrome());
    let Some(asked) = asked(&fields) else { return Ok(obstacle(&chrome, Obstacle::BadRequest)) };
    let typed = AskedBefore {
        contact: fields.get("contact").to_owned(),
        called: fields.get("called").to_owned(),
        text: fields.get("text").replace("\r\n", "\n"),
    };
    let person =
        Person { contact: typed.contact.clone(), called: typed.called.clone(), text: typed.text.clone() };
    let taken = web.app.ask_privacy(organization, member, asked, person, chrome.lang.tag(), &network).await;
    let text = match taken {
        Ok(_) if member.is_some() => {
            return Ok(see_with(
                &format!("/your-data/{organization}/yours"),
                Tone::Good,
                "flash-request-received",
            ));
        }
        Ok(number) => return Ok(see_other(&format!("/your-data/{organization}?request={number}"))),
        Err(PrivacyError::Wait(wait)) => wait_text(&chrome, wait),
        Err(PrivacyError::App(error)) => return Err(Failure::from(error).on(chrome)),
        Err(PrivacyError::Incomplete | PrivacyError::Wrong | PrivacyError::Unproven) => {
            chrome.t("centre-error-ask").to_owned()
        }
    };
    let page = AskPage { chrome, organization, typed, errors: wrong("contact", text) };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

/// Ends what the browser has shown.
pub(crate) async fn leave(Path(id): Path<String>, form: OpenForm) -> Result<Response, Failure> {
    let reader = form.reader;
    let web = reader.web.clone();
    let Some((organization, _)) = shop_of(&web, &id).await? else { return Ok(nowhere(reader)) };
    let left = web.app.forget_ticket(&ticket(&web, &reader.headers)).await;
    if let Err(PrivacyError::App(error)) = left {
        return Err(Failure::from(error).on(reader.into_chrome()));
    }
    let mut response = see_other(&format!("/your-data/{organization}"));
    drop_ticket(&mut response, &web);
    Ok(response)
}
