//! The service desk: the list of cases, one case, and the answers that members give.

use std::collections::BTreeMap;

use app::cases::{AnswerError, OpenCase};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use connect::service::Verb;
use domain::{Actor, CaseId, CaseKind, CaseState, ChannelKind, ConnectionId, Grant, Purpose};
use serde::Deserialize;
use store::cases::{CaseFilter, CasePlace, HeldCase};
use store::pages::PAGE_ROWS;

use super::guard::{Failure, Form, May, Member, Posted, render, see_with};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::desk::{
    AnswerForm, AnswerView, CasePage, CaseRow, DeskChip, DeskFilter, DeskPage, LetterView, fields_of,
};
use crate::pages::{Choice, Errors, FieldError, Pager};
use crate::{Chrome, Nav, Tone};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    kind: String,
    channel: String,
    state: String,
    after: String,
}

/// The list of cases.
pub(crate) async fn list(
    May(member, ..): May<may::SeeCases>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Desk)).await?;
    let filter = CaseFilter {
        kind: CaseKind::parse(&query.kind),
        channel: ChannelKind::parse(&query.channel),
        state: Some(query.state.clone()).filter(|state| CaseState::WORDS.contains(&state.as_str())),
    };
    let after = parse_place(&query.after);
    let (mut held, connections) = member
        .web
        .app
        .organization(member.organization())
        .read(move |tenant| Ok((tenant.case_page(&filter, after)?, tenant.connections()?)))
        .await?;
    let names: BTreeMap<ConnectionId, String> =
        connections.into_iter().map(|connection| (connection.id, connection.name)).collect();
    let more = held.len() > PAGE_ROWS as usize;
    held.truncate(PAGE_ROWS as usize);
    let to = |after: String| link(&ListQuery { after, ..query.clone() });
    let pager = Pager {
        newer: after.map(|_| to(String::new())),
        older: held.last().filter(|_| more).map(|case| to(place_of(case))),
    };
    let chip = |state| DeskChip {
        state,
        href: link(&ListQuery { state: state.to_owned(), after: String::new(), ..query.clone() }),
    };
    let channels = member.web.app.channel_kinds();
    let channels = channels
        .map(|kind| Choice { value: kind.as_str().to_owned(), label: kind.label().to_owned() })
        .collect();
    Ok(render(&DeskPage {
        chrome,
        filter: DeskFilter {
            kind: query.kind.clone(),
            channel: query.channel.clone(),
            state: query.state.clone(),
        },
        chips: std::iter::once("").chain(CaseState::WORDS).map(chip).collect(),
        channels,
        rows: held.iter().map(|case| row_of(case, names.get(&case.connection).cloned())).collect(),
        pager,
    }))
}

fn row_of(held: &HeldCase, connection: Option<String>) -> CaseRow {
    let case = &held.case;
    CaseRow {
        id: held.id,
        number: held.key.external_id.clone(),
        kind: case.kind,
        channel: held.channel,
        connection: connection.unwrap_or_default(),
        state: case.state.clone(),
        due: case.due(held.version),
        order: case.order_external_id.clone().map(|number| (held.order, number)),
        listing: case.listing_external_id.clone(),
        amount: case.amount,
        opened_at: case.opened_at,
        answer: held.answer,
    }
}

fn place_of(held: &HeldCase) -> String {
    let place = held.case.place(held.version);
    format!("{}.{}.{}", place.rank, place.at, held.id)
}

fn parse_place(text: &str) -> Option<CasePlace> {
    let mut parts = text.splitn(3, '.');
    let (rank, at, id) = (parts.next()?, parts.next()?, parts.next()?);
    Some(CasePlace { rank: rank.parse().ok()?, at: at.parse().ok()?, id: id.parse().ok()? })
}

fn link(query: &ListQuery) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    let all = [
        ("kind", &query.kind),
        ("channel", &query.channel),
        ("state", &query.state),
        ("after", &query.after),
    ];
    for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
        pairs.append_pair(name, value);
    }
    let pairs = pairs.finish();
    if pairs.is_empty() { "/desk".into() } else { format!("/desk?{pairs}") }
}

/// One case.
pub(crate) async fn show(
    May(member, ..): May<may::ReadCases>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Desk)).await?;
    let Ok(id) = id.parse::<CaseId>() else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let opened = member.web.app.open_case(member.organization(), member.who.member, id).await;
    match opened {
        Ok(opened) => Ok(render(&page(&member, chrome, opened, &Typed::default(), Errors::default()))),
        Err(error) => Err(Failure::from(error).on(chrome)),
    }
}

/// What was typed into a form.
#[derive(Debug, Default)]
struct Typed {
    verb: Option<Verb>,
    reason: String,
    text: String,
}

fn page(member: &Member, chrome: Chrome, opened: OpenCase, typed: &Typed, errors: Errors) -> CasePage {
    let OpenCase { held, connection, answer, reading } = opened;
    // Who opened the case is in the audit log by now.
    // tidy: allowed because this is the page that the member opened, and its audit row is written
    let grant = Grant::issue(Actor::Member(member.who.member), Purpose::AnswerBuyer, chrome.now);
    let (letters, choices, unread) = match reading {
        Ok((letters, choices)) => (letters, choices, None),
        Err(error) => (Vec::new(), Vec::new(), Some(error.problem())),
    };
    let letters = letters
        .iter()
        .map(|letter| LetterView { by: letter.by, text: letter.text.reveal(&grant).clone(), at: letter.at })
        .collect();
    let forms = choices.into_iter().map(|choice| {
        let is_typed = typed.verb == Some(choice.verb);
        let again = |text: &String| if is_typed { text.clone() } else { String::new() };
        AnswerForm {
            verb: choice.verb,
            reasons: choice
                .reasons
                .into_iter()
                .map(|reason| Choice { value: reason.word, label: reason.text })
                .collect(),
            max_chars: i64::try_from(choice.max_chars).unwrap_or(i64::MAX),
            text_needed: choice.text_needed,
            text: again(&typed.text),
            reason: again(&typed.reason),
        }
    });
    let answer = answer.and_then(|answer| {
        Some(AnswerView {
            verb: Verb::parse(&answer.verb)?,
            state: answer.state,
            problem: answer.problem,
            said: answer.error,
            created_at: answer.created_at,
            ended_at: answer.ended_at,
        })
    });
    CasePage {
        row: row_of(&held, Some(connection)),
        platform_status: held.case.platform_status.clone(),
        reason: held.case.reason.clone(),
        letters,
        unread,
        forms: forms.collect(),
        answer,
        errors,
        chrome,
    }
}

/// Takes an answer.
pub(crate) async fn answer(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::AnswerCases>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let chrome = member.chrome(Some(Nav::Desk)).await?;
    let (Ok(id), Some(verb)) = (id.parse::<CaseId>(), Verb::parse(fields.get("verb"))) else {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    };
    let typed = Typed {
        verb: Some(verb),
        reason: fields.get("reason").to_owned(),
        text: fields.get("text").replace("\r\n", "\n"),
    };
    let (organization, person) = (member.organization(), member.who.member);
    let taken = member.web.app.answer_case(organization, person, id, verb, &typed.reason, &typed.text).await;
    let (text_field, reason_field) = fields_of(verb);
    let (field, text) = match taken {
        Ok(()) => return Ok(see_with(&format!("/desk/{id}"), Tone::Good, "flash-case-answered")),
        Err(AnswerError::NotOffered) => {
            return Ok(see_with(&format!("/desk/{id}"), Tone::Watch, "flash-case-not-offered"));
        }
        Err(AnswerError::OnItsWay) => {
            return Ok(see_with(&format!("/desk/{id}"), Tone::Watch, "flash-case-on-its-way"));
        }
        Err(AnswerError::TextMissing) => (text_field, chrome.t("case-error-text-missing").to_owned()),
        Err(AnswerError::TextTooLong { max_chars }) => {
            let most = i64::try_from(max_chars).unwrap_or(i64::MAX);
            (text_field, chrome.tn("case-error-text-long", &most))
        }
        Err(AnswerError::ReasonMissing) => (reason_field, chrome.t("case-error-reason").to_owned()),
        Err(AnswerError::App(error)) => return Err(Failure::from(error).on(chrome)),
    };
    let opened = match member.web.app.open_case(organization, person, id).await {
        Ok(opened) => opened,
        Err(error) => return Err(Failure::from(error).on(chrome)),
    };
    let errors = Errors(vec![FieldError { field, text }]);
    let again = page(&member, chrome, opened, &typed, errors);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&again)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{SeededEntropy, Timestamp};

    #[test]
    fn a_place_survives_its_address() {
        let id = CaseId::new(Timestamp::from_millis(5), &SeededEntropy::new(1));
        for (rank, at) in [(0, 5), (2, -1_794_315_600_000)] {
            assert_eq!(parse_place(&format!("{rank}.{at}.{id}")), Some(CasePlace { rank, at, id }));
        }
        for wrong in ["", "0", "0.5", "0.5.", "x.5.cas_1", "0.5.ord_00000000000000000000000000"] {
            assert_eq!(parse_place(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_keeps_what_the_list_was_narrowed_to() {
        let query = ListQuery { kind: "return".into(), state: "closed".into(), ..ListQuery::default() };
        assert_eq!(link(&query), "/desk?kind=return&state=closed");
        assert_eq!(link(&ListQuery::default()), "/desk");
    }
}
