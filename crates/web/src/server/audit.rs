//! The audit trail.

use axum::extract::Query;
use axum::response::Response;
use domain::{Actor, AuditId, ConnectionId, MemberId, OrderId, SkuId};
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

/// The page of a subject that has one. A connection that only began is named by its
/// channel, and has none yet.
fn page_of(kind: &str, id: &str) -> Option<String> {
    let (page, is_one) = match kind {
        "order" => ("orders", id.parse::<OrderId>().is_ok()),
        "sku" => ("skus", id.parse::<SkuId>().is_ok()),
        "connection" => ("connections", id.parse::<ConnectionId>().is_ok()),
        _ => return None,
    };
    is_one.then(|| format!("/{page}/{id}"))
}

fn row_of(event: Event) -> AuditRow {
    let actor = match event.actor.split_once(':') {
        Some(("member", id)) => id.parse::<MemberId>().map_or(Actor::Unknown, Actor::Member),
        Some(("system", name)) => Actor::System(name.to_owned().into()),
        _ => Actor::Unknown,
    };
    AuditRow {
        number: event.seq.map_or(0, |seq| seq + 1),
        at: event.at,
        actor,
        member: None,
        href: page_of(&event.subject_kind, &event.subject_id),
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{SeededEntropy, Timestamp};

    #[test]
    fn only_what_has_a_page_is_a_link() {
        let id = OrderId::new(Timestamp::EPOCH, &SeededEntropy::new(1));
        assert_eq!(page_of("order", &id.to_string()), Some(format!("/orders/{id}")));
        assert_eq!(page_of("connection", "mercado_livre"), None);
        assert_eq!(page_of("sku", &id.to_string()), None);
        assert_eq!(page_of("session", &id.to_string()), None);
    }
}
