//! Backups: taken by the clock or on somebody's word, tried by drills, restored into an
//! empty place. What they are made of and why: docs/decisions/0022.
//!
//! One run at a time, whatever the number of nodes: a lease in the database says whose it
//! is. A run that was cut off counts as failed and leaves nothing that could be taken for a
//! backup: only a signed list makes one, and it is put there last.

pub mod bucket;
pub mod depot;
pub mod error;
mod keep;
pub mod list;
mod prove;
mod restore;
mod take;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{Actor, BackupRunId, MemberId, Timestamp, TypedId as _};
use serde::{Deserialize, Serialize};
use store::backup::{self as runs, End, Run, RunKind, RunState};
use store::keys::KeyOwner;
use store::{Location, StoreError, StoreResult, Tenant, settings};
use vault::BackupKeys;
use vault::backup::{digest, to_hex};

use crate::App;
use crate::audit::Deed;
use depot::{Depot, DepotError, DepotName};
pub use error::BackupError;
use list::{List, Listed, Set, fetch, listed};
pub use prove::Check;
pub use restore::{Progress, Restore, Restored};
pub use take::Taken;

/// How long a run is its node's after each sign of life.
const LEASE: Duration = Duration::from_mins(2);
/// How often a run shows that its node lives, and how far it is.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How often a node looks whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a page waits for a place that is far away.
const LOOK_PATIENCE: Duration = Duration::from_secs(3);
/// How soon one that failed is tried again, at the latest.
const RETRY_AFTER: Duration = Duration::from_mins(5);
/// How often the newest backup is tried without anybody asking.
const DRILL_EVERY: Duration = Duration::from_hours(7 * 24);
/// What a drill's scratch folder is called, before its number.
const SCRATCH: &str = "restore-drill-";

/// Where backups go, how often, and how long they are kept.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where they lie.
    pub depot: Arc<dyn Depot>,
    /// How often one is taken.
    pub every: Duration,
    /// Days that they are kept for.
    pub keep_days: u32,
    /// Where drills may make a folder of their own.
    pub scratch: PathBuf,
}

/// What a drill found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillReport {
    /// How old the newest backup was when the drill began, in milliseconds: so much would
    /// have been lost.
    pub recovery_point_ms: u64,
    /// How long it took until the restored copy was proven, in milliseconds.
    pub recovery_time_ms: u64,
    /// Rows that came back.
    pub rows: u64,
    /// What was looked at.
    pub checks: Vec<Check>,
}

impl DrillReport {
    /// Whether everything was as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.good)
    }
}

/// What the depot holds and the database remembers, before a run.
struct Known {
    installation: String,
    /// The newest list of data there, if it can be believed.
    newest: Option<(List, String)>,
    newest_keys: Option<(List, String)>,
    /// The highest number there.
    highest: i64,
    /// The last backup there that this database remembers.
    last: Option<Run>,
}

impl App {
    /// Has backups taken as planned. The first plan stands.
    pub fn plan_backups(&self, plan: Plan) {
        let _ = self.backups.set(plan);
    }

    /// Where backups go, if anybody said.
    #[must_use]
    pub fn backup_plan(&self) -> Option<&Plan> {
        self.backups.get()
    }

    /// Keeps that an owner's key was destroyed, in the transaction that does it.
    pub(crate) fn keep_erasure(&self, tenant: &mut Tenant<'_, '_>, owner: KeyOwner) -> StoreResult<()> {
        let (kind, id) = match owner {
            KeyOwner::Organization => ("organization", tenant.organization_id().to_bytes()),
            KeyOwner::Connection(id) => ("connection", id.to_bytes()),
            KeyOwner::Subject(id) => ("subject", id.to_bytes()),
        };
        tenant.keep_erasure(&restore::owner_hash(self.keyring(), kind, id), self.clock().now())
    }

    /// Takes backups and drills as they are due or asked for, until the task is dropped.
    pub async fn keep_backups(self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            if let Err(error) = self.look_after_backups().await {
                tracing::error!(error = %error, "a backup or drill did not come about");
            }
        }
    }

    /// Tells the depot of erasures, asks for what is due, and does what waits. Returns the
    /// run that was done, if there was one.
    pub async fn look_after_backups(&self) -> Result<Option<Run>, BackupError> {
        let Some(plan) = self.backup_plan() else { return Ok(None) };
        let now = self.clock().now();
        let db = self.store().installation();
        let (last, last_good, last_drill) = db
            .read(|tx| {
                let backup = runs::last(tx, RunKind::Backup, None)?;
                let good = runs::last(tx, RunKind::Backup, Some(RunState::Good))?;
                Ok((backup, good, runs::last(tx, RunKind::Drill, None)?))
            })
            .await?;
        let due = |run: &Option<Run>, every: Duration| {
            run.as_ref().is_none_or(|run| {
                // What failed is tried again soon.
                let every = if run.state == RunState::Failed { every.min(RETRY_AFTER) } else { every };
                now.since(run.asked_at) >= every
            })
        };
        let mut waits = [&last, &last_drill]
            .into_iter()
            .flatten()
            .any(|run| matches!(run.state, RunState::Waiting | RunState::Running));
        if due(&last, plan.every) {
            waits |= self.ask_for_backup(RunKind::Backup, &Actor::system("clock")).await?;
        }
        if last_good.is_some() && due(&last_drill, DRILL_EVERY) {
            waits |= self.ask_for_backup(RunKind::Drill, &Actor::system("clock")).await?;
        }
        if !waits {
            return Ok(None);
        }
        self.do_waiting_run().await
    }

    /// How many backups there are, and of when the oldest is; `None` when their place cannot
    /// be looked at.
    pub async fn backups_kept(&self) -> Option<(i64, Option<Timestamp>)> {
        let depot = Arc::clone(&self.backup_plan()?.depot);
        let looking = tokio::task::spawn_blocking(move || listed(&*depot, Set::Data));
        let lists = tokio::time::timeout(LOOK_PATIENCE, looking).await.ok()?.ok()?.ok()?;
        Some((i64::try_from(lists.len()).unwrap_or(i64::MAX), lists.first().map(|listed| listed.taken_at)))
    }

    /// Asks for a backup or a drill on a member's word; says whether one was not asked for
    /// already.
    pub async fn ask_for_backup_as(&self, member: MemberId, kind: RunKind) -> Result<bool, BackupError> {
        self.ask_for_backup(kind, &Actor::Member(member)).await
    }

    /// Asks for a backup or a drill, unless one waits or runs.
    pub async fn ask_for_backup(&self, kind: RunKind, by: &Actor) -> Result<bool, BackupError> {
        let now = self.clock().now();
        let id = BackupRunId::new(now, self.entropy());
        let (app, by) = (self.clone(), by.clone());
        let db = self.store().installation();
        let asked = db.write(move |tx| {
            let asked = runs::ask(tx, id, kind, &by.to_string(), now)?;
            if asked && matches!(by, Actor::Member(_)) {
                let deed = Deed::new(by, "backup.asked", id.to_string()).with("kind", kind.as_str());
                app.installation_event(tx, &deed, "done")?;
            }
            Ok(asked)
        });
        Ok(asked.await?)
    }

    /// Takes a backup or tries the newest one now, in this process.
    pub async fn backup_now(&self, kind: RunKind, by: &Actor) -> Result<Run, BackupError> {
        self.ask_for_backup(kind, by).await?;
        while let Some(run) = self.do_waiting_run().await? {
            if run.kind == kind {
                return Ok(run);
            }
        }
        Err(BackupError::Busy)
    }

    /// Does the run that waits longest, if no other one is under way.
    pub async fn do_waiting_run(&self) -> Result<Option<Run>, BackupError> {
        let plan = self.backup_plan().ok_or(BackupError::NoPlace)?.clone();
        let now = self.clock().now();
        let (node, until) = (self.parts.node.clone(), now.plus(LEASE));
        let db = self.store().installation().clone();
        let Some(run) = db.write(move |tx| runs::take(tx, &node, now, until)).await? else {
            return Ok(None);
        };
        let done = Arc::new(AtomicI64::new(0));
        let total = Arc::new(AtomicI64::new(0));
        let work = self.perform_run(&plan, &run, &done, &total);
        let heart = self.show_life(run.id, &done, &total);
        let end = tokio::select! {
            end = work => end,
            never = heart => match never {},
        };
        let mut end = end.unwrap_or_else(|error| End { error: Some(error.to_string()), ..End::default() });
        if run.kind == RunKind::Backup && end.good {
            // The backup stands, whatever becomes of those it outlives.
            match self.retire_backups(&plan).await {
                Ok(()) => {}
                Err(error) => end.error = Some(error.to_string()),
            }
        }
        end.place = plan.depot.place();
        if let Some(error) = &end.error {
            tracing::error!(kind = run.kind.as_str(), error, "a backup or drill failed");
        }
        self.end_run(&run, end).await?;
        Ok(db.read(move |tx| runs::find(tx, run.id)).await?)
    }

    async fn show_life(
        &self,
        run: BackupRunId,
        done: &AtomicI64,
        total: &AtomicI64,
    ) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let until = self.clock().now().plus(LEASE);
            let (done, total) = (done.load(Ordering::Relaxed), total.load(Ordering::Relaxed));
            let kept = self.store().installation().note(move |tx| runs::advance(tx, run, done, total, until));
            if let Err(error) = kept.await {
                tracing::warn!(error = %error, "how far the backup is could not be kept");
            }
        }
    }

    async fn end_run(&self, run: &Run, end: End) -> Result<(), BackupError> {
        let (app, now, id) = (self.clone(), self.clock().now(), run.id);
        let action = match run.kind {
            RunKind::Backup => "backup.taken",
            RunKind::Drill => "backup.drilled",
        };
        let actor = match run.asked_by.strip_prefix("member:").and_then(|id| id.parse().ok()) {
            Some(member) => Actor::Member(member),
            None => Actor::system("backup"),
        };
        let mut deed = Deed::new(actor, action, id.to_string()).with("rows", end.rows);
        if let Some(number) = end.number {
            deed = deed.with("number", number);
        }
        if let Some(digest) = &end.list_digest {
            deed = deed.with("list", digest);
        }
        let phase = if end.good { "done" } else { "failed" };
        self.store()
            .installation()
            .write(move |tx| {
                runs::finish(tx, id, &app.parts.node, now, &end)?;
                app.installation_event(tx, &deed, phase)
            })
            .await?;
        Ok(())
    }

    async fn perform_run(
        &self,
        plan: &Plan,
        run: &Run,
        done: &Arc<AtomicI64>,
        total: &Arc<AtomicI64>,
    ) -> Result<End, BackupError> {
        match run.kind {
            RunKind::Backup => {
                let taken = self.take_backup(plan, done, total).await?;
                Ok(End {
                    good: true,
                    number: Some(taken.number),
                    taken_at: Some(taken.taken_at),
                    list_digest: Some(taken.digest),
                    bytes_added: i64::try_from(taken.bytes_added).ok(),
                    rows: i64::try_from(taken.rows).unwrap_or(i64::MAX),
                    ..End::default()
                })
            }
            RunKind::Drill => self.drill(plan, run.id, done, total).await,
        }
    }

    /// What there is already, and which installation this is.
    async fn known(&self, plan: &Plan) -> Result<Known, BackupError> {
        let mut chance = [0; 16];
        self.entropy().fill(&mut chance);
        let fresh = digest(&chance)[..32].to_owned();
        let (db, place) = (self.store().installation(), plan.depot.place());
        let (installation, last) = db
            .write(move |tx| {
                let installation = settings::get_or_set(tx, settings::BACKUP_SET, &fresh)?;
                Ok((installation, runs::last_at(tx, &place)?))
            })
            .await?;
        let (depot, keyring) = (Arc::clone(&plan.depot), self.shared_keyring());
        let newest = tokio::task::spawn_blocking(move || {
            let keys = BackupKeys::of(&keyring);
            let of = |set| newest_of(&*depot, set, &keys);
            Ok::<_, BackupError>((of(Set::Data)?, of(Set::Keys)?))
        });
        let newest = newest.await.map_err(|_| StoreError::Panicked)?;
        let ((newest, highest), (newest_keys, highest_keys)) = newest?;
        if newest.iter().chain(&newest_keys).any(|(list, _)| list.installation != installation) {
            return Err(BackupError::OtherInstallation(plan.depot.place()));
        }
        Ok(Known { installation, newest, newest_keys, highest: highest.max(highest_keys), last })
    }

    async fn take_backup(
        &self,
        plan: &Plan,
        done: &Arc<AtomicI64>,
        total: &Arc<AtomicI64>,
    ) -> Result<Taken, BackupError> {
        let known = self.known(plan).await?;
        let depot = Arc::clone(&plan.depot);
        let there = tokio::task::spawn_blocking(move || {
            depot.tidy()?;
            Ok::<_, BackupError>([depot.held(Set::Data.chunks())?, depot.held(Set::Keys.chunks())?])
        });
        let there = there.await.map_err(|_| StoreError::Panicked)??;
        self.tell_erasures(plan).await?;
        // What the log tells up to now gets its place, so that the tree covers it.
        while self.sequence_audit().await? > 0 {}
        let last = known.last.as_ref();
        let last_number = last.and_then(|run| run.number).unwrap_or_default();
        if known.highest > 0 && known.highest < last_number {
            tracing::error!(
                found = known.highest,
                taken = last_number,
                "newer backups were removed from their place, or an older state of it was put back"
            );
        }
        let same =
            last.and_then(|run| run.list_digest.as_ref()) == known.newest.as_ref().map(|(_, digest)| digest);
        let rows = known.newest.as_ref().map_or(0, |(list, _)| list.rows());
        total.store(i64::try_from(rows).unwrap_or(i64::MAX), Ordering::Relaxed);
        let take = take::Take {
            depot: Arc::clone(&plan.depot),
            keys: BackupKeys::of(self.keyring()),
            there,
            clock: Arc::clone(&self.parts.clock),
            entropy: Arc::clone(&self.parts.entropy),
            installation: known.installation,
            number: known.highest.max(last_number) + 1,
            continues: same && known.newest.is_some(),
            before: [known.newest, known.newest_keys],
            done: Arc::clone(done),
        };
        self.store().installation().read(move |tx| Ok(take.run(tx))).await?
    }

    /// Puts erasures beside the backups that are not there yet.
    async fn tell_erasures(&self, plan: &Plan) -> Result<(), BackupError> {
        let all = self.store().installation().read(|tx| runs::erasures(tx, Timestamp::EPOCH)).await?;
        let (depot, keyring) = (Arc::clone(&plan.depot), self.shared_keyring());
        let told = tokio::task::spawn_blocking(move || {
            let keys = BackupKeys::of(&keyring);
            let there = depot.held(restore::ERASURES)?;
            for (hash, at) in all {
                let hash = to_hex(&hash);
                let name = format!("{}/{hash}-{:015}", restore::ERASURES, at.as_millis());
                let name = DepotName::parse(&name).ok_or(BackupError::ListMisplaced)?;
                if !there.contains_key(&name) {
                    let note = keys.sign(&format!("{}\n{hash} {}\n", restore::ERASURE_TITLE, at.as_millis()));
                    depot.put(&name, note.as_bytes())?;
                }
            }
            Ok::<_, BackupError>(depot.settle()?)
        });
        told.await.map_err(|_| StoreError::Panicked)?
    }

    /// Restores the newest backup into a scratch file and proves it.
    async fn drill(
        &self,
        plan: &Plan,
        id: BackupRunId,
        done: &Arc<AtomicI64>,
        total: &Arc<AtomicI64>,
    ) -> Result<End, BackupError> {
        let begun = self.clock().now();
        let known = self.known(plan).await?;
        let last_number = known.last.as_ref().and_then(|run| run.number).unwrap_or_default();
        if known.highest < last_number {
            return Err(BackupError::RolledBack { found: known.highest, known: last_number });
        }
        let scratch = Scratch::make(plan, id)?;
        let (did, of) = (Arc::clone(done), Arc::clone(total));
        let restore = Restore {
            depot: Arc::clone(&plan.depot),
            keyring: Arc::clone(&self.parts.keyring),
            at: None,
            clock: Arc::clone(&self.parts.clock),
            entropy: Arc::clone(&self.parts.entropy),
            progress: Arc::new(move |done, total| {
                did.store(i64::try_from(done).unwrap_or(i64::MAX), Ordering::Relaxed);
                of.store(i64::try_from(total).unwrap_or(i64::MAX), Ordering::Relaxed);
            }),
        };
        let restored = restore.try_out(&Location::File(scratch.0.join("lojista.sqlite"))).await?;
        if let Some(last) = &known.last
            && last.number == Some(restored.list.number)
            && last.list_digest.as_ref() != Some(&restored.digest)
        {
            return Err(BackupError::Replaced(restored.list.number));
        }
        if restored.list.installation != known.installation {
            return Err(BackupError::OtherInstallation(plan.depot.place()));
        }
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let report = DrillReport {
            recovery_point_ms: millis(begun.since(restored.list.taken_at())),
            recovery_time_ms: millis(self.clock().now().since(begun)),
            rows: restored.list.rows(),
            checks: restored.checks,
        };
        let finding = report.checks.iter().find(|check| !check.good);
        Ok(End {
            good: report.is_good(),
            number: Some(restored.list.number),
            taken_at: Some(restored.list.taken_at()),
            list_digest: Some(restored.digest),
            rows: i64::try_from(report.rows).unwrap_or(i64::MAX),
            error: finding.map(|check| format!("{}: {}", check.name, check.finding)),
            report: serde_json::to_string(&report).ok(),
            ..End::default()
        })
    }
}

/// The newest list of a set, if it can be believed, and the highest number there.
fn newest_of(
    depot: &dyn Depot,
    set: Set,
    keys: &BackupKeys,
) -> Result<(Option<(List, String)>, i64), BackupError> {
    let lists = listed(depot, set)?;
    let highest = lists.last().map_or(0, |listed: &Listed| listed.number);
    let newest = match lists.last().map(|listed| fetch(depot, set, &listed.name, keys)) {
        None => None,
        Some(Ok(found)) => Some(found),
        // A place that is not reached now is no damaged backup.
        Some(Err(error @ (BackupError::OtherKeys { .. } | BackupError::Depot(DepotError::Bucket(_))))) => {
            return Err(error);
        }
        // The next one is whole again; drills and restores tell of this one.
        Some(Err(error)) => {
            tracing::error!(error = %error, "the newest backup cannot be believed");
            None
        }
    };
    Ok((newest, highest))
}

/// A drill's folder; gone with it.
struct Scratch(PathBuf);

impl Scratch {
    /// Makes one, and takes away what drills that were cut off left there: only one runs at
    /// a time.
    fn make(plan: &Plan, id: BackupRunId) -> Result<Self, BackupError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let io = |doing: &str, error| BackupError::Io {
            doing: format!("{doing} {}", plan.scratch.display()),
            error,
        };
        std::fs::create_dir_all(&plan.scratch).map_err(|error| io("cannot make", error))?;
        for entry in std::fs::read_dir(&plan.scratch).map_err(|error| io("cannot read", error))?.flatten() {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(SCRATCH)) {
                std::fs::remove_dir_all(entry.path()).map_err(|error| io("cannot tidy", error))?;
            }
        }
        let path = plan.scratch.join(format!("{SCRATCH}{id}"));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| io("cannot write into", error))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "a drill's scratch folder is left over");
        }
    }
}
