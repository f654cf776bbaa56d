//! Dead letters for people.

use std::collections::BTreeMap;

use axum::response::Response;
use connect::Exchange;
use domain::{ConnectionId, JobId, Problem};
use store::jobs::DeadJobs;
use store::pages::ProblemRow;

use super::guard::{Failure, Form, May, Posted, render, see_with};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::problems::{ExchangeView, ProblemGroup, ProblemItem, ProblemsPage};
use crate::{Nav, Tone};

/// Jobs of a group shown one by one.
const ITEMS_SHOWN: usize = 10;

/// The page of dead letters.
pub(crate) async fn list(May(member, ..): May<may::SeeProblems>) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Problems)).await?;
    let (rows, connections) = member
        .web
        .app
        .organization(member.organization())
        .read(|tenant| Ok((tenant.problems()?, tenant.connections()?)))
        .await?;
    let names: BTreeMap<ConnectionId, String> =
        connections.into_iter().map(|connection| (connection.id, connection.name)).collect();
    Ok(render(&ProblemsPage { chrome, groups: groups_of(rows, &names) }))
}

fn groups_of(rows: Vec<ProblemRow>, names: &BTreeMap<ConnectionId, String>) -> Vec<ProblemGroup> {
    let mut alike: BTreeMap<(Problem, String, Option<ConnectionId>), Vec<ProblemRow>> = BTreeMap::new();
    for row in rows {
        alike.entry((row.problem, row.kind.clone(), row.connection)).or_default().push(row);
    }
    let mut groups: Vec<ProblemGroup> = alike
        .into_iter()
        .filter_map(|((problem, kind, connection), rows)| {
            let first_at = rows.iter().map(|row| row.failed_at).min()?;
            Some(ProblemGroup {
                problem,
                kind,
                connection: connection.map(|id| (id, names.get(&id).cloned().unwrap_or_default())),
                count: i64::try_from(rows.len()).unwrap_or(i64::MAX),
                first_at,
                items: rows.iter().take(ITEMS_SHOWN).map(item_of).collect(),
            })
        })
        .collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

fn item_of(row: &ProblemRow) -> ProblemItem {
    let exchange: Option<Exchange> = row.exchange.as_deref().and_then(|text| serde_json::from_str(text).ok());
    ProblemItem {
        job: row.id,
        subject: subject_of(&row.payload),
        href: None,
        failed_at: row.failed_at,
        attempts: row.attempts,
        said: Some(row.error.clone()).filter(|said| !said.is_empty()),
        exchange: exchange.map(|exchange| ExchangeView {
            at: exchange.started_at,
            request_line: format!("{} {}", exchange.method, exchange.url),
            request_body: exchange.request_body,
            status: exchange.status,
            response_body: exchange.response_body,
        }),
    }
}

/// The thing a job was about: the one id in its payload.
fn subject_of(payload: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
    ["external_id", "listing", "case"]
        .iter()
        .find_map(|name| value.get(name).and_then(serde_json::Value::as_str))
        .unwrap_or("–")
        .to_owned()
}

/// Tries one again, or all alike.
pub(crate) async fn retry(Form(posted, ..): Form<may::RetryProblems>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let which = if let Ok(id) = fields.get("job").parse::<JobId>() {
        DeadJobs::One(id)
    } else if let Some(problem) = Problem::parse(fields.get("problem")) {
        DeadJobs::Alike {
            problem,
            kind: fields.get("kind").to_owned(),
            connection: fields.get("connection").parse().ok(),
        }
    } else {
        return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Problems)).await?));
    };
    let revived = member.web.app.retry_dead(member.organization(), member.who.member, which).await?;
    let (tone, key) =
        if revived > 0 { (Tone::Good, "flash-retrying") } else { (Tone::Info, "flash-nothing-to-retry") };
    Ok(see_with("/problems", tone, key))
}
