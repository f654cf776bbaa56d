//! The audit trail.

use axum::extract::Query;
use axum::response::Response;
use domain::{Actor, AuditId, MemberId};
use serde::Deserialize;
use store::audit::{self as log, Event};
use store::pages::PAGE_ROWS;

use super::guard::{Failure, Member, render};
use crate::Nav;
use crate::pages::Pager;
use crate::pages::audit::{AuditPage, AuditRow, CheckpointView, Outcome};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    text: String,
    before: String,
}

/// The list of events.
pub(crate) async fn list(member: Member, Query(query): Query<ListQuery>) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Audit)).await?;
    let before: Option<AuditId> = query.before.parse().ok();
    let text = query.text.trim().to_owned();
    let app = &member.web.app;
    let mut events = app
        .organization(member.organization())
        .read(move |tenant| tenant.audit_page(before, &text, PAGE_ROWS + 1))
        .await?;
    let more = events.len() > PAGE_ROWS as usize;
    events.truncate(PAGE_ROWS as usize);
    let checkpoint = app.store().installation().read(log::last_checkpoint).await?;
    let link = |before: &str| {
        let mut pairs = url::form_urlencoded::Serializer::new(String::from("/audit?"));
        pairs.append_pair("text", &query.text).append_pair("before", before);
        pairs.finish()
    };
    let pager = Pager {
        newer: before.map(|_| link("")),
        older: events.last().filter(|_| more).map(|event| link(&event.id.to_string())),
    };
    Ok(render(&AuditPage {
        text: query.text.clone(),
        checkpoint: checkpoint.map(|(size, note, at)| CheckpointView {
            size,
            // The third line of a checkpoint (C2SP tlog-checkpoint).
            root: note.lines().nth(2).unwrap_or_default().to_owned(),
            at,
            key: app.audit_verifier(),
        }),
        rows: events.into_iter().map(row_of).collect(),
        pager,
        chrome,
    }))
}

fn row_of(event: Event) -> AuditRow {
    let actor = match event.actor.split_once(':') {
        Some(("member", id)) => id.parse::<MemberId>().map_or(Actor::Unknown, Actor::Member),
        Some(("system", name)) => Actor::System(name.to_owned().into()),
        _ => Actor::Unknown,
    };
    let page = match event.subject_kind.as_str() {
        "order" => Some("orders"),
        "sku" => Some("skus"),
        "connection" => Some("connections"),
        _ => None,
    };
    AuditRow {
        number: event.seq.map_or(0, |seq| seq + 1),
        at: event.at,
        actor,
        member: None,
        href: page
            .filter(|_| event.subject_id.contains('_'))
            .map(|page| format!("/{page}/{}", event.subject_id)),
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
