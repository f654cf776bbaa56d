//! The audit trail, and what outsiders check it by.

use app::audit_export::{EXPORT_CHUNK, ExportForm, MAX_EXPORTED, ocsf_line};
use app::audit_push::PushState;
use app::{App, AppError};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Actor, AuditId, CaseId, ConnectionId, MemberId, OrderId, OrganizationId, SkuId, WallClock};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use store::audit::{self as log, Event};
use store::audit_page::{AuditEnd, AuditFilter};
use store::pages::PAGE_ROWS;
use vault::ocsf;

use super::Web;
use super::audit_query::AuditQuery;
use super::guard::{Failure, Form, May, Posted, render};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::audit::{AuditPage, AuditRow, CheckpointView, Outcome, PushView};
use crate::pages::{Choice, Pager};
use crate::{Chrome, Nav, audit_csv};

/// The parts of the program that act by themselves, as the log names them.
const PARTS: [&str; 18] = [
    "access",
    "backup",
    "checkpoints",
    "clock",
    "command",
    "fan-out",
    "import",
    "ingest",
    "keys",
    "leaving",
    "mail",
    "money",
    "restore",
    "retention",
    "service",
    "set-up",
    "tokens",
    "unknown",
];

/// The list of events.
pub(crate) async fn list(
    May(member, ..): May<may::SeeAudit>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Audit)).await?;
    let Some(filter) = query.filter(chrome.now) else {
        return Err(Failure::of(Obstacle::BadRequest).on(chrome));
    };
    let (app, before) = (&member.web.app, query.before());
    let (mut events, members) = app
        .organization(member.organization())
        .read(move |tenant| Ok((tenant.audit_page(&filter, before, PAGE_ROWS + 1)?, tenant.audit_members()?)))
        .await?;
    let more = events.len() > PAGE_ROWS as usize;
    events.truncate(PAGE_ROWS as usize);
    let checkpoint = app.store().installation().read(log::last_checkpoint).await?;
    let pager = Pager {
        newer: before.map(|_| query.link(None)),
        older: events.last().filter(|_| more).map(|event| query.link(Some(event.id))),
    };
    let me = member.who.member;
    Ok(render(&AuditPage {
        whos: whos(&chrome, &members, me),
        kinds: kinds(&chrome),
        actions: actions(&chrome),
        ends: AuditEnd::ALL.map(|end| choice(end.as_str(), chrome.word("audit-end", end.as_str()))).to_vec(),
        checkpoint: checkpoint.map(|(size, note, at)| CheckpointView {
            size,
            // The third line of a checkpoint (C2SP tlog-checkpoint).
            root: note.lines().nth(2).unwrap_or_default().to_owned(),
            at,
            key: app.audit_verifier(),
        }),
        pushes: app.push_states().await?.into_iter().map(push_view).collect(),
        rows: events.into_iter().map(|event| row_of(&chrome, me, event)).collect(),
        pager,
        filter: query.into_page(),
        chrome,
    }))
}

fn choice(value: &str, label: &str) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned() }
}

/// Members by their ids, the reader first, then the parts of the program.
fn whos(chrome: &Chrome, members: &[MemberId], me: MemberId) -> Vec<Choice> {
    let others = members.iter().filter(|id| **id != me).map(ToString::to_string);
    let mut all = vec![choice(&me.to_string(), chrome.t("actor-you"))];
    all.extend(others.map(|id| choice(&id, &id)));
    all.extend(PARTS.map(|part| match part {
        "unknown" => choice(part, chrome.t("actor-unknown")),
        _ => choice(part, chrome.word("actor-system", part)),
    }));
    all
}

fn kinds(chrome: &Chrome) -> Vec<Choice> {
    let mut kinds: Vec<&str> =
        ocsf::ACTIONS.iter().filter_map(|(action, ..)| action.split('.').next()).collect();
    kinds.dedup();
    let mut all: Vec<Choice> =
        kinds.into_iter().map(|kind| choice(kind, chrome.word("audit-kind", kind))).collect();
    all.sort_by(|one, next| one.label.cmp(&next.label));
    all
}

fn actions(chrome: &Chrome) -> Vec<Choice> {
    let mut all: Vec<Choice> =
        ocsf::ACTIONS.iter().map(|(action, ..)| choice(action, chrome.word("audit", action))).collect();
    all.sort_by(|one, next| one.label.cmp(&next.label));
    all
}

fn push_view(state: PushState) -> PushView {
    PushView { place: state.place, newest: state.newest, trouble: state.trouble }
}

/// The page of a subject that has one. A connection that only began is named by its
/// channel, and has none yet.
fn page_of(kind: &str, id: &str) -> Option<String> {
    let (page, is_one) = match kind {
        "order" => ("orders", id.parse::<OrderId>().is_ok()),
        "sku" => ("skus", id.parse::<SkuId>().is_ok()),
        "connection" => ("connections", id.parse::<ConnectionId>().is_ok()),
        "case" => ("desk", id.parse::<CaseId>().is_ok()),
        _ => return None,
    };
    is_one.then(|| format!("/{page}/{id}"))
}

/// Everything that happened to a thing that has no page.
fn events_of(id: &str, whose: &str) -> Option<String> {
    (!id.is_empty()).then(|| {
        let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        format!("/audit?{whose}thing={id}")
    })
}

fn row_of(chrome: &Chrome, me: MemberId, event: Event) -> AuditRow {
    let actor = match event.actor.split_once(':') {
        Some(("member", id)) => id.parse::<MemberId>().map_or(Actor::Unknown, Actor::Member),
        Some(("system", name)) => Actor::System(name.to_owned().into()),
        _ => Actor::Unknown,
    };
    let member = match &actor {
        Actor::Member(id) if *id == me => Some(chrome.t("actor-you").to_owned()),
        Actor::Member(id) => Some(id.to_string()),
        Actor::System(_) | Actor::Unknown => None,
    };
    let whose = if event.organization.is_none() { "whose=installation&" } else { "" };
    AuditRow {
        number: event.seq.map_or(0, |seq| seq + 1),
        at: event.at,
        actor,
        member,
        href: page_of(&event.subject_kind, &event.subject_id).or_else(|| events_of(&event.subject_id, whose)),
        kind: event.subject_kind,
        action: event.action,
        subject: event.subject_id,
        outcome: match event.phase.as_str() {
            "intent" => Outcome::Begun,
            "done" => Outcome::Done,
            "refused" => Outcome::Refused,
            _ => Outcome::Failed,
        },
    }
}

/// Sends what the filter shows as a file, while it is read.
pub(crate) async fn export(Form(posted, ..): Form<may::SeeAudit>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let chrome = member.chrome(Some(Nav::Audit)).await?;
    let filter = AuditQuery::parse(fields.get("filter")).filter(chrome.now);
    let (Some(filter), Some(form)) = (filter, ExportForm::parse(fields.get("form"))) else {
        return Err(Failure::of(Obstacle::BadRequest).on(chrome));
    };
    let (app, organization, me) = (member.web.app.clone(), member.organization(), member.who.member);
    let before = app.begin_audit_export(organization, me, form, &filter).await?;
    let (kind, ending) = match form {
        ExportForm::Ocsf => ("application/x-ndjson", "jsonl"),
        ExportForm::Csv => ("text/csv; charset=utf-8", "csv"),
    };
    let WallClock { year, month, day, hour, minute, .. } = chrome.now.in_business_zone();
    let stamp = format!("{year}-{month:02}-{day:02}-{hour:02}{minute:02}");
    let name = format!("attachment; filename=\"lojista-audit-{stamp}.{ending}\"");
    let events = exported(app, organization, filter, before);
    let body = match form {
        ExportForm::Ocsf => Body::from_stream(events.and_then(|chunk| {
            std::future::ready(chunk.iter().map(ocsf_line).collect::<Result<String, _>>())
        })),
        ExportForm::Csv => {
            let head = audit_csv::head(&chrome);
            let lines = events.map_ok(move |chunk| {
                let rows: Vec<AuditRow> = chunk.into_iter().map(|event| row_of(&chrome, me, event)).collect();
                audit_csv::lines(&chrome, &rows)
            });
            Body::from_stream(stream::once(std::future::ready(Ok(head))).chain(lines))
        }
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Events older than `before` chunk by chunk, the newest first. An error cuts the answer off,
/// so that nobody takes a part for the whole.
fn exported(
    app: App,
    organization: OrganizationId,
    filter: AuditFilter,
    before: AuditId,
) -> impl Stream<Item = Result<Vec<Event>, AppError>> + Send + 'static {
    stream::try_unfold((before, MAX_EXPORTED), move |(before, left)| {
        let (reader, filter) = (app.organization(organization), filter.clone());
        async move {
            let limit = u32::try_from(left).unwrap_or(EXPORT_CHUNK).min(EXPORT_CHUNK);
            if limit == 0 {
                return Ok(None);
            }
            let events = reader.read(move |tenant| tenant.audit_page(&filter, Some(before), limit)).await?;
            let last = events.last().map(|event| event.id);
            Ok(last.map(|last| {
                let left = left - events.len().min(left);
                (events, (last, left))
            }))
        }
    })
}

/// The newest signed checkpoint as it is, for anybody who wants to keep one.
pub(crate) async fn checkpoint(State(web): State<Web>) -> Result<Response, Failure> {
    let newest = web.app.store().installation().read(log::last_checkpoint).await?;
    Ok(match newest {
        Some((_, note, _)) => note.into_response(),
        None => (StatusCode::NOT_FOUND, "nothing is signed yet\n").into_response(),
    })
}

/// The key that checkpoints are signed with, as verifiers take it.
pub(crate) async fn verifier_key(State(web): State<Web>) -> Response {
    format!("{}\n", web.app.audit_verifier()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lang, i18n};
    use domain::{SeededEntropy, Timestamp};

    #[test]
    fn what_has_a_page_leads_there_and_what_has_none_to_its_events() {
        let id = OrderId::new(Timestamp::EPOCH, &SeededEntropy::new(1));
        assert_eq!(page_of("order", &id.to_string()), Some(format!("/orders/{id}")));
        assert_eq!(page_of("connection", "mercado_livre"), None);
        assert_eq!(page_of("sku", &id.to_string()), None);
        assert_eq!(page_of("session", &id.to_string()), None);
        assert_eq!(events_of("push_stock/refused", "").as_deref(), Some("/audit?thing=push_stock%2Frefused"));
        assert_eq!(events_of("", ""), None);
    }

    #[test]
    fn every_action_kind_end_and_part_has_its_words_in_every_language() {
        let actions = ocsf::ACTIONS.iter().map(|(action, ..)| format!("audit-{action}"));
        let kinds = ocsf::ACTIONS.iter().filter_map(|(action, ..)| action.split('.').next());
        let kinds = kinds.map(|kind| format!("audit-kind-{kind}"));
        let ends = AuditEnd::ALL.map(|end| format!("audit-end-{}", end.as_str()));
        let parts =
            PARTS.iter().filter(|part| **part != "unknown").map(|part| format!("actor-system-{part}"));
        let troubles = app::audit_push::PushTrouble::ALL.map(|it| format!("push-trouble-{}", it.as_str()));
        for key in actions.chain(kinds).chain(ends).chain(parts).chain(troubles) {
            for lang in Lang::ALL {
                assert!(i18n::find(lang, &key).is_some(), "{key} in {}", lang.tag());
            }
        }
    }
}
