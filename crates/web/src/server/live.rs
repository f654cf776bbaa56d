//! Live changes by server-sent events. A page that falls behind is told to read anew;
//! nothing depends on an event arriving.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use app::{Change, Event};
use askama::Template;
use axum::extract::Path;
use axum::response::sse::{self, KeepAlive, Sse};
use domain::{ConnectionId, OrderId, ProductId};
use futures::{Stream, StreamExt as _, stream};
use store::imports::ImportPhase;
use tokio_stream::wrappers::BroadcastStream;

use super::connections::{import_state, stages_of};
use super::guard::{Failure, May, Member};
use super::may;
use super::orders::row_of;
use crate::pages::connections::ImportProgress;
use crate::pages::orders::OrderRowPartial;

/// A silent line is kept open by a comment this often; proxies cut at 60 seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

type Events =
    Sse<sse::KeepAliveStream<std::pin::Pin<Box<dyn Stream<Item = Result<sse::Event, Infallible>> + Send>>>>;

fn sent(events: impl Stream<Item = sse::Event> + Send + 'static) -> Events {
    let boxed: std::pin::Pin<Box<dyn Stream<Item = Result<sse::Event, Infallible>> + Send>> =
        Box::pin(events.map(Ok));
    Sse::new(boxed).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// Changes of one organization, from now on.
fn changes(member: &Member) -> impl Stream<Item = Change> + Send + 'static {
    let organization = member.organization();
    BroadcastStream::new(member.web.app.watch()).filter_map(move |event| {
        let change = match event {
            Ok(Event { organization: of, change }) if of == organization => Some(change),
            _ => None,
        };
        std::future::ready(change)
    })
}

/// Rows of the orders list, new orders and the count of problems.
pub(crate) async fn orders(May(member, ..): May<may::SeeOrders>) -> Result<Events, Failure> {
    // The count as it stands first: it may have changed between the page and this line.
    let events = stream::iter([Change::Problems]).chain(changes(&member));
    let member = std::sync::Arc::new(member);
    Ok(sent(events.filter_map(move |change| {
        let member = std::sync::Arc::clone(&member);
        async move {
            match change {
                Change::Order { id, new } => order_row(&member, id, if new { "new" } else { "row" }).await,
                Change::Problems => problem_count(&member).await,
                Change::Connection(_) | Change::Draft { .. } => None,
            }
        }
    })))
}

async fn order_row(member: &Member, id: OrderId, event: &'static str) -> Option<sse::Event> {
    let found = member
        .web
        .app
        .organization(member.organization())
        .read(move |tenant| {
            let Some(row) = tenant.order(id)? else { return Ok(None) };
            let name = tenant.connection(row.connection)?.map(|held| held.name).unwrap_or_default();
            Ok(Some((row, name)))
        })
        .await
        .ok()??;
    let (row, name) = found;
    let row = row_of(&row, &BTreeMap::from([(row.connection, name)]));
    let chrome = member.chrome(None).await.ok()?;
    let html = OrderRowPartial { chrome: &chrome, row: &row }.render().ok()?;
    Some(sse::Event::default().event(event).data(html))
}

async fn problem_count(member: &Member) -> Option<sse::Event> {
    let organization = member.web.app.organization(member.organization());
    let count = organization.read(|tenant| tenant.problem_count()).await.ok()?;
    Some(sse::Event::default().event("problems").data(count.to_string()))
}

/// The moving part of an import's page.
pub(crate) async fn import(
    May(member, ..): May<may::SeeConnections>,
    Path(id): Path<String>,
) -> Result<Events, Failure> {
    let id: Option<ConnectionId> = id.parse().ok();
    // As it stands first: a quick import may end between the page and this line.
    let events = stream::iter(id.map(Change::Connection)).chain(changes(&member));
    let member = std::sync::Arc::new(member);
    Ok(sent(events.filter_map(move |change| {
        let member = std::sync::Arc::clone(&member);
        async move {
            match (change, id) {
                (Change::Connection(changed), Some(id)) if changed == id => {
                    import_progress(&member, id).await
                }
                _ => None,
            }
        }
    })))
}

async fn import_progress(member: &Member, id: ConnectionId) -> Option<sse::Event> {
    let organization = member.web.app.organization(member.organization());
    let run = organization.read(move |tenant| tenant.import_run(id)).await.ok()??;
    if run.phase == ImportPhase::Done {
        return Some(sse::Event::default().event("done").data("1"));
    }
    let chrome = member.chrome(None).await.ok()?;
    let stages = stages_of(&run);
    let progress = ImportProgress {
        chrome: &chrome,
        connection: &id,
        state: import_state(&run, &chrome),
        stages: &stages,
        problems: &[],
    };
    Some(sse::Event::default().event("fragment").data(progress.render().ok()?))
}

/// The versions of a draft as they are saved, whoever saves them.
pub(crate) async fn draft(
    May(member, ..): May<may::SeeCatalogue>,
    Path((product, connection)): Path<(String, String)>,
) -> Result<Events, Failure> {
    let (product, connection) = (product.parse::<ProductId>().ok(), connection.parse::<ConnectionId>().ok());
    let at = product.zip(connection);
    Ok(sent(changes(&member).filter_map(move |change| {
        let made = match change {
            Change::Draft { product, connection, version } => {
                (at == Some((product, connection))).then_some(version)
            }
            Change::Order { .. } | Change::Connection(_) | Change::Problems => None,
        };
        let event = made.map(|version| sse::Event::default().event("draft").data(version.to_string()));
        std::future::ready(event)
    })))
}
