//! Connections: list, connecting, dry run, import, health, leaving.

use std::time::Duration;

use axum::extract::{Path, Query};
use axum::response::Response;
use domain::silence::Silence;
use domain::{ChannelKind, ConnectionId, ConnectionState};
use store::imports::{ImportPhase, ImportRun};

use app::clockwork::SWEEP_EVERY;
use app::connections::{CallbackError, Decision, Health, PlannedListing};

use super::guard::{Failure, Form, May, Member, Posted, Proven, ProvenForm, render, see_with};
use super::may;
use super::see_other;
use crate::pages::account::Obstacle;
use crate::pages::connections::{
    ChannelChoice, ConnectPage, ConnectionPage, ConnectionRow, ConnectionsPage, ImportPage, ImportStage,
    ImportState, LeaveReason, Plan, PlanPage, PlanRow, PlanTotals, ProblemCount,
};
use crate::{Chrome, Nav, Tone};

/// An import that has not moved for this long stands still.
const IMPORT_STALLED: Duration = Duration::from_mins(5);

/// The list of connections.
pub(crate) async fn list(May(member, ..): May<may::SeeConnections>) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Connections)).await?;
    let app = &member.web.app;
    let connections = app.organization(member.organization()).read(|tenant| tenant.connections()).await?;
    let mut rows = Vec::with_capacity(connections.len());
    for connection in connections {
        let health = app.health(member.organization(), connection.id).await?;
        let problems = problems_of(&member, connection.id).await?;
        rows.push(row_of(&health, &problems, &chrome));
    }
    Ok(render(&ConnectionsPage { chrome, rows }))
}

fn row_of(health: &Health, problems: &[ProblemCount], chrome: &Chrome) -> ConnectionRow {
    let connection = &health.connection;
    let left = connection.state == ConnectionState::Disconnected;
    ConnectionRow {
        id: connection.id,
        channel: connection.channel,
        name: connection.name.clone(),
        number: connection.account_external_id.clone(),
        state: connection.state,
        consented_at: connection.consented_at,
        life: (!left).then_some(connection.life),
        last_hook: connection.last_hook_at,
        last_sweep: connection.last_sweep_at,
        queue_age: health.queue.oldest_due.map(|due| chrome.now.since(due)),
        silent: matches!(health.silence, Silence::Alarm { .. }) && !left,
        held_back: health.paces.first().map(|(_, pace)| pace.reason),
        problems: problems.iter().map(|problem| problem.count).sum(),
    }
}

async fn problems_of(member: &Member, id: ConnectionId) -> Result<Vec<ProblemCount>, Failure> {
    let counted =
        member.web.app.organization(member.organization()).read(move |tenant| tenant.problems_of(id)).await?;
    Ok(counted.into_iter().map(|(problem, count)| ProblemCount { problem, count }).collect())
}

/// The channels that can be connected.
pub(crate) async fn choose(Proven(member, ..): Proven<may::ManageConnections>) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Connections)).await?;
    let channels = ChannelKind::ALL
        .into_iter()
        .map(|kind| ChannelChoice {
            kind,
            scopes: member.web.app.channel(kind).map(|channel| channel.spec().scopes).unwrap_or_default(),
            ready: member.web.app.channel(kind).is_some(),
            redirect_uri: member.web.app.redirect_uri(kind),
            hook_url: super::hooks::address(&member.web, kind),
        })
        .collect();
    Ok(render(&ConnectPage { chrome, channels }))
}

/// Sends the browser to the platform for consent.
pub(crate) async fn begin(
    ProvenForm(posted, ..): ProvenForm<may::ManageConnections>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Some(kind) = ChannelKind::parse(fields.get("channel")) else {
        return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Connections)).await?));
    };
    go_to_platform(&member, kind).await
}

async fn go_to_platform(member: &Member, kind: ChannelKind) -> Result<Response, Failure> {
    let begun = member.web.app.begin_authorization(member.organization(), member.who.member, kind).await;
    match begun {
        Ok(url) => Ok(see_other(&url)),
        Err(error) => Err(Failure::from(error).on(member.chrome(Some(Nav::Connections)).await?)),
    }
}

/// Takes the browser back from the platform.
pub(crate) async fn finish(
    Proven(member, ..): Proven<may::ManageConnections>,
    Path(channel): Path<String>,
    Query(returned): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Connections)).await?;
    let Some(kind) = ChannelKind::parse(&channel) else {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    };
    // Of a name that stands twice the first counts: what is added behind it is not the platform's.
    let returned = returned.into_iter().rev().collect();
    let app = &member.web.app;
    let finished = app.finish_authorization(member.organization(), member.who.member, kind, returned).await;
    match finished {
        Ok(id) => {
            let connection =
                app.organization(member.organization()).read(move |tenant| tenant.connection(id)).await?;
            let dry_run = connection.is_some_and(|held| held.state == ConnectionState::DryRun);
            let page = if dry_run { "/plan" } else { "" };
            Ok(see_with(&format!("/connections/{id}{page}"), Tone::Good, "flash-connected"))
        }
        Err(CallbackError::UnknownState | CallbackError::AccountTaken) => {
            Err(Failure::of(Obstacle::ForeignConsent).on(chrome))
        }
        Err(CallbackError::Denied(_)) => Err(Failure::of(Obstacle::ConsentRefused).on(chrome)),
        Err(CallbackError::App(error)) => Err(Failure::from(error).on(chrome)),
    }
}

/// One connection.
pub(crate) async fn show(
    May(member, ..): May<may::SeeConnections>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Connections)).await?;
    let Ok(id) = id.parse::<ConnectionId>() else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let health = match member.web.app.health(member.organization(), id).await {
        Ok(health) => health,
        Err(error) => return Err(Failure::from(error).on(chrome)),
    };
    let problems = problems_of(&member, id).await?;
    let (run, lag) = member
        .web
        .app
        .organization(member.organization())
        .read(move |tenant| Ok((tenant.import_run(id)?, tenant.lag(id)?)))
        .await?;
    let active = health.connection.state == ConnectionState::Active;
    Ok(render(&ConnectionPage {
        row: row_of(&health, &problems, &chrome),
        paces: health.paces.iter().map(|(scope, pace)| (scope.word(), *pace)).collect(),
        next_sweep: health.connection.last_sweep_at.filter(|_| active).map(|at| at.plus(SWEEP_EVERY)),
        queue_length: health.queue.waiting,
        lag,
        news_delay: health.connection.news_delay.measured(),
        write_delay: health.connection.write_delay.measured(),
        silence: health.silence,
        problems,
        import: run.filter(|run| run.phase != ImportPhase::Done).map(|run| import_state(&run, &chrome)),
        chrome,
    }))
}

/// The dry run.
pub(crate) async fn plan(
    May(member, ..): May<may::ManageConnections>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Connections)).await?;
    let Ok(id) = id.parse::<ConnectionId>() else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let app = &member.web.app;
    let connection =
        app.organization(member.organization()).read(move |tenant| tenant.connection(id)).await?;
    let Some(connection) = connection else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let plan = match app.plan(member.organization(), id).await {
        Ok(plan) => plan,
        Err(error) => return Err(Failure::from(error).on(chrome)),
    };
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    Ok(render(&PlanPage {
        chrome,
        connection: id,
        channel: connection.channel,
        name: plan.profile.name,
        number: plan.profile.external_id,
        site: plan.profile.site,
        may_sell: plan.profile.may_sell,
        totals: PlanTotals {
            link: count(plan.link),
            create: count(plan.create),
            leave: count(plan.leave),
            change: count(plan.change),
            orders: plan.orders.and_then(|orders| i64::try_from(orders).ok()).unwrap_or_default(),
        },
        rows: plan.rows.into_iter().map(plan_row).collect(),
    }))
}

fn plan_row(planned: PlannedListing) -> PlanRow {
    let plan = match planned.decision {
        Decision::Link(code) => Plan::Link { code },
        Decision::Create(code) => Plan::Create { code },
        Decision::LeaveClosed => Plan::Leave(LeaveReason::Closed),
        Decision::LeavePlatformStock => Plan::Leave(LeaveReason::PlatformStock),
        Decision::LeaveWithoutCode => Plan::Leave(LeaveReason::WithoutCode),
    };
    PlanRow {
        number: planned.number,
        title: planned.title,
        shows_units: planned.shows,
        will_show_units: planned.will_show,
        plan,
    }
}

/// Agrees to the dry run, or goes on with an import that stands still.
pub(crate) async fn import(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManageConnections>,
) -> Result<Response, Failure> {
    let (member, id) = member_and_connection(posted, &id).await?;
    member.web.app.start_import(member.organization(), member.who.member, id).await?;
    Ok(see_other(&format!("/connections/{id}/import")))
}

async fn member_and_connection(posted: Posted, id: &str) -> Result<(Member, ConnectionId), Failure> {
    let member = posted.member;
    match id.parse::<ConnectionId>() {
        Ok(id) => Ok((member, id)),
        Err(_) => Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Connections)).await?)),
    }
}

/// How the import stands.
pub(crate) async fn show_import(
    May(member, ..): May<may::SeeConnections>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Connections)).await?;
    let Ok(id) = id.parse::<ConnectionId>() else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let (connection, run) = member
        .web
        .app
        .organization(member.organization())
        .read(move |tenant| Ok((tenant.connection(id)?, tenant.import_run(id)?)))
        .await?;
    let (Some(connection), Some(run)) = (connection, run) else {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    };
    let problems = problems_of(&member, id).await?;
    Ok(render(&ImportPage {
        connection: id,
        name: connection.name,
        state: import_state(&run, &chrome),
        started_at: run.started_at,
        stages: stages_of(&run),
        problems,
        live: (run.phase != ImportPhase::Done).then(|| format!("/connections/{id}/import/live")),
        chrome,
    }))
}

/// How an import stands, from how far it has come and when it last moved.
pub(crate) fn import_state(run: &ImportRun, chrome: &Chrome) -> ImportState {
    match run.phase {
        ImportPhase::Done => ImportState::Done,
        ImportPhase::Listings | ImportPhase::Orders => {
            if chrome.now.since(run.updated_at) > IMPORT_STALLED {
                ImportState::Paused
            } else {
                ImportState::Running
            }
        }
    }
}

/// The two parts of an import.
pub(crate) fn stages_of(run: &ImportRun) -> Vec<ImportStage> {
    let listings_over = run.phase != ImportPhase::Listings;
    let orders_over = run.phase == ImportPhase::Done;
    let total = |over: bool, done: i64, total: Option<i64>| if over { Some(done) } else { total };
    vec![
        ImportStage {
            word: "listings",
            done: run.listings_done,
            total: total(listings_over, run.listings_done, run.listings_total),
        },
        ImportStage {
            word: "orders",
            done: run.orders_done,
            total: total(orders_over, run.orders_done, run.orders_total),
        },
    ]
}

/// Sweeps now.
pub(crate) async fn sweep(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::SweepConnections>,
) -> Result<Response, Failure> {
    let (member, id) = member_and_connection(posted, &id).await?;
    member.web.app.sweep_now(member.organization(), member.who.member, id).await?;
    Ok(see_with(&format!("/connections/{id}"), Tone::Good, "flash-sweeping"))
}

/// Sends the browser to the platform for a new consent of a known account.
pub(crate) async fn reconnect(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManageConnections>,
) -> Result<Response, Failure> {
    let (member, id) = member_and_connection(posted, &id).await?;
    let connection =
        member.web.app.organization(member.organization()).read(move |tenant| tenant.connection(id)).await?;
    match connection {
        Some(connection) => go_to_platform(&member, connection.channel).await,
        None => Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Connections)).await?)),
    }
}

/// Leaves an account.
pub(crate) async fn disconnect(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManageConnections>,
) -> Result<Response, Failure> {
    let (member, id) = member_and_connection(posted, &id).await?;
    member.web.app.disconnect(member.organization(), member.who.member, id).await?;
    Ok(see_with("/connections", Tone::Good, "flash-disconnected"))
}
