//! Backups: how they stand, and the two buttons.

use app::backup::BackupError;
use axum::response::Response;
use domain::Timestamp;
use store::StoreResult;
use store::Tx;
use store::backup::{self as runs, Run, RunKind, RunState};

use super::guard::{Failure, May, Posted, ProvenForm, render, see_with};
use super::may;
use crate::pages::backups::{BackupView, BackupsPage, DrillView, FailedView, PlanView, UnderWay};
use crate::{Nav, Tone};

const PAGE: &str = "/backups";
/// A backup is late when it is so many times older than it may become.
const LATE_AFTER: u32 = 2;

/// What the database remembers.
struct Remembered {
    last: Option<Run>,
    last_good: Option<Run>,
    drill: Option<Run>,
    under_way: Vec<Run>,
}

fn remembered(tx: &mut Tx<'_>) -> StoreResult<Remembered> {
    let ended = |run: &Run| matches!(run.state, RunState::Good | RunState::Failed);
    let last_ended = |tx: &mut Tx<'_>, kind| {
        let (good, failed) =
            (runs::last(tx, kind, Some(RunState::Good))?, runs::last(tx, kind, Some(RunState::Failed))?);
        StoreResult::Ok(good.into_iter().chain(failed).max_by_key(|run| run.id))
    };
    let mut under_way = Vec::new();
    for kind in [RunKind::Backup, RunKind::Drill] {
        under_way.extend(runs::last(tx, kind, None)?.filter(|run| !ended(run)));
    }
    Ok(Remembered {
        last: last_ended(tx, RunKind::Backup)?,
        last_good: runs::last(tx, RunKind::Backup, Some(RunState::Good))?,
        drill: last_ended(tx, RunKind::Drill)?,
        under_way,
    })
}

/// How backups stand.
pub(crate) async fn show(May(member, ..): May<may::SeeBackups>) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Backups)).await?;
    let app = &member.web.app;
    let held = app.store().installation().read(remembered).await?;
    let kept = app.backups_kept().await;
    let plan = app.backup_plan();
    let now = chrome.now;
    let is_late = |at: Timestamp| plan.is_some_and(|plan| now.since(at) > plan.every * LATE_AFTER);
    Ok(render(&BackupsPage {
        plan: plan.map(|plan| PlanView {
            place: plan.depot.place(),
            every: plan.every,
            keep_days: plan.keep_days.into(),
            kept: kept.as_ref().map(|(count, _)| *count),
            oldest: kept.and_then(|(_, oldest)| oldest),
        }),
        last_good: held.last_good.as_ref().and_then(|run| {
            let taken_at = run.taken_at?;
            Some(BackupView {
                number: run.number?,
                taken_at,
                rows: run.rows_done,
                bytes_added: run.bytes_added.unwrap_or_default(),
                is_late: is_late(taken_at),
            })
        }),
        failed: held
            .last
            .and_then(|run| Some(FailedView { at: run.ended_at.unwrap_or(run.asked_at), error: run.error? })),
        under_way: held.under_way.iter().map(under_way).collect(),
        drill: held.drill.map(drill),
        chrome,
    }))
}

fn under_way(run: &Run) -> UnderWay {
    let total = Some(run.rows_total).filter(|total| *total > 0).map(|total| total.max(run.rows_done));
    UnderWay { kind: run.kind.as_str(), state: run.state, done: run.rows_done, total }
}

fn drill(run: Run) -> DrillView {
    DrillView {
        at: run.ended_at.unwrap_or(run.asked_at),
        good: run.state == RunState::Good,
        number: run.number,
        report: run.report.as_deref().and_then(|report| serde_json::from_str(report).ok()),
        error: run.error,
    }
}

/// Has a backup taken.
pub(crate) async fn take(
    ProvenForm(posted, ..): ProvenForm<may::ManageBackups>,
) -> Result<Response, Failure> {
    ask(posted, RunKind::Backup, "flash-backup-asked").await
}

/// Has the newest backup tried.
pub(crate) async fn try_out(
    ProvenForm(posted, ..): ProvenForm<may::ManageBackups>,
) -> Result<Response, Failure> {
    ask(posted, RunKind::Drill, "flash-drill-asked").await
}

async fn ask(posted: Posted, kind: RunKind, done: &'static str) -> Result<Response, Failure> {
    let member = posted.member;
    let app = &member.web.app;
    if app.backup_plan().is_none() {
        return Ok(see_with(PAGE, Tone::Watch, "flash-backup-no-place"));
    }
    match app.ask_for_backup_as(member.who.member, kind).await {
        Ok(true) => Ok(see_with(PAGE, Tone::Good, done)),
        Ok(false) => Ok(see_with(PAGE, Tone::Watch, "flash-backup-busy")),
        Err(BackupError::Store(error)) => {
            Err(Failure::from(error).on(member.chrome(Some(Nav::Backups)).await?))
        }
        Err(error) => {
            tracing::error!(error = %error, "a backup could not be asked for");
            Ok(see_with(PAGE, Tone::Bad, "flash-backup-no-place"))
        }
    }
}
