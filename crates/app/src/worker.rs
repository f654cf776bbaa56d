//! The worker: takes due jobs, one fair lane per account, runs them, and ends each one as
//! done, to be tried again, or as a dead letter for a person.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connect::{ChannelError, ErrorKind};
use domain::retry::{MAX_ATTEMPTS, delay_before_retry};
use domain::{ConnectionId, Verdict};
use store::jobs::{self, Job};
use tokio::task::JoinSet;

use crate::error::AppError;
use crate::jobs::Work;
use crate::{App, Change, steps};

/// Jobs of one account that run side by side on one node.
pub const LANE_WIDTH: u32 = 8;
/// How long the worker sleeps when nobody rings: other nodes' jobs are found this way.
const POLL: Duration = Duration::from_millis(250);

type Lane = Option<ConnectionId>;

impl App {
    /// Runs jobs until the task is dropped.
    pub async fn work(self) {
        self.work_until(std::future::pending()).await;
    }

    /// Runs jobs until `stop` is ready; then takes no more and lets those that run end.
    pub async fn work_until(self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let running: Arc<Mutex<BTreeMap<Lane, u32>>> = Arc::default();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let mut pause = POLL;
            match self.claim_round(&running).await {
                Ok(jobs) => {
                    if !jobs.is_empty() {
                        pause = Duration::ZERO;
                    }
                    for job in jobs {
                        let (app, running) = (self.clone(), Arc::clone(&running));
                        tasks.spawn(async move {
                            let lane = job.connection;
                            app.run_job(job).await;
                            release(&running, lane);
                            // A place in the lane is free: maybe there is more for it.
                            app.jobs_came.notify_one();
                        });
                    }
                }
                Err(error) => tracing::error!(error = %error, "jobs cannot be read; trying again"),
            }
            // Between two rounds only: a job that was taken is also begun.
            tokio::select! {
                biased;
                () = &mut stop => break,
                _ = tokio::time::timeout(pause, self.jobs_came.notified()) => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Runs what is due now, one job after the other, in the lanes' order. Returns how
    /// many ran. For tests and the simulator, which own the time.
    pub async fn work_once(&self) -> Result<usize, AppError> {
        let running = Mutex::default();
        let jobs = self.claim_round(&running).await?;
        let count = jobs.len();
        for job in jobs {
            self.run_job(job).await;
        }
        Ok(count)
    }

    /// Takes jobs for every lane that has room: each account gets its turn, however much
    /// another one has waiting.
    async fn claim_round(&self, running: &Mutex<BTreeMap<Lane, u32>>) -> Result<Vec<Job>, AppError> {
        let room: BTreeMap<Lane, u32> = running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (owner, now) = (self.parts.node.clone(), self.clock().now());
        // A look first, in a reading transaction: an idle shop writes nothing.
        let lanes = self.store().installation().read(move |tx| jobs::lanes_due(tx, now)).await?;
        let lanes: Vec<(Lane, u32)> = lanes
            .into_iter()
            .map(|lane| (lane, LANE_WIDTH - room.get(&lane).copied().unwrap_or(0).min(LANE_WIDTH)))
            .filter(|(_, free)| *free > 0)
            .collect();
        if lanes.is_empty() {
            return Ok(Vec::new());
        }
        let claimed = self
            .store()
            .installation()
            .note(move |tx| {
                let mut claimed = Vec::new();
                for (lane, free) in &lanes {
                    claimed.extend(jobs::claim(tx, *lane, &owner, *free, now)?);
                }
                Ok(claimed)
            })
            .await?;
        let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
        for job in &claimed {
            *running.entry(job.connection).or_default() += 1;
        }
        Ok(claimed)
    }

    async fn run_job(&self, job: Job) {
        let result = match self.step(steps::JOB_TAKEN) {
            Ok(()) => self.perform(&job).await,
            Err(died) => Err(died),
        };
        if let Err(AppError::Died(_)) = result {
            // The simulator ended the program here: nothing more is written, as after a
            // power cut; the lease gives the job back.
            return;
        }
        if let Err(error) = self.end_job(&job, result).await {
            tracing::error!(job.id = %job.id, error = %error, "a job's end could not be kept; its lease gives it back");
        }
    }

    async fn perform(&self, job: &Job) -> Result<(), AppError> {
        let organization = job.organization;
        let connection = job.connection.ok_or_else(|| AppError::BadJob("no connection".into()))?;
        match Work::parse(&job.payload)? {
            Work::FetchOrder { external_id } => {
                self.fetch_order(organization, connection, &external_id, &job.cause).await
            }
            Work::FetchShipment { external_id } => {
                self.fetch_shipment(organization, connection, &external_id, &job.cause).await
            }
            Work::FetchListing { external_id } => {
                self.fetch_listing(organization, connection, &external_id).await
            }
            Work::PushStock { listing } => self.push_stock(organization, listing, job.attempts).await,
            Work::Sweep => self.sweep(organization, connection).await,
            Work::ReadMissed(bookmark) => self.read_missed(organization, connection, &bookmark).await,
            Work::Import => self.import_page(organization, connection).await,
            Work::CheckListings(bookmark) => self.check_listings(organization, connection, &bookmark).await,
            Work::RenewTokens => self.ready(organization, connection).await.map(|_| ()),
        }
    }

    async fn end_job(&self, job: &Job, result: Result<(), AppError>) -> Result<(), AppError> {
        let (id, owner, now) = (job.id, self.parts.node.clone(), self.clock().now());
        let db = self.store().installation();
        let Err(error) = result else {
            db.note(move |tx| jobs::finish(tx, id, &owner, now)).await?;
            return Ok(());
        };
        if self.names_nothing_of_ours(job, &error).await? {
            tracing::info!(job.id = %id, job.kind = job.kind, error = %error, "a hook named nothing of this account");
            self.tallies.add("hook_refused", "names_nothing");
            db.note(move |tx| jobs::finish(tx, id, &owner, now)).await?;
            return Ok(());
        }
        let failure = error.failure();
        match error.verdict() {
            Verdict::Retry { not_before } if job.attempts < MAX_ATTEMPTS => {
                tracing::info!(job.id = %id, job.kind = job.kind, attempts = job.attempts, error = %error, "job waits for its next try");
                let run_at = now.plus(delay_before_retry(job.attempts, not_before, self.entropy()));
                db.note(move |tx| jobs::postpone(tx, id, &owner, &failure, run_at, now)).await?;
            }
            Verdict::Retry { .. } | Verdict::Fail => {
                tracing::warn!(job.id = %id, job.kind = job.kind, attempts = job.attempts, error = %error, "job waits for a person");
                self.tallies.add("job_dead", failure.problem.as_str());
                db.note(move |tx| jobs::bury(tx, id, &owner, &failure, now)).await?;
                self.announce(job.organization, Change::Problems);
            }
        }
        Ok(())
    }

    /// Whether only a hook spoke of this, the platform refuses to show it for good, and the
    /// shop does not hold it. Hooks that nobody signs can be made up by anyone; people
    /// must not be asked to look at each. An order that is real is found by the sweep.
    async fn names_nothing_of_ours(&self, job: &Job, error: &AppError) -> Result<bool, AppError> {
        let AppError::Channel(ChannelError { kind, .. }) = error else { return Ok(false) };
        // What was just made may take a while to be found; what is another's stays so.
        let refused = *kind == ErrorKind::PermissionMissing
            || (*kind == ErrorKind::NotFound && job.attempts >= MAX_ATTEMPTS);
        let (true, true, Some(connection)) = (refused, job.cause.starts_with("hook"), job.connection) else {
            return Ok(false);
        };
        let held = self.organization(job.organization);
        match Work::parse(&job.payload)? {
            Work::FetchOrder { external_id } => {
                Ok(held.read(move |tenant| tenant.order_version(connection, &external_id)).await?.is_none())
            }
            Work::FetchListing { external_id } => {
                Ok(held.read(move |tenant| tenant.listing_of(connection, &external_id, "")).await?.is_none())
            }
            Work::FetchShipment { .. } => Ok(true),
            Work::PushStock { .. }
            | Work::Sweep
            | Work::ReadMissed(_)
            | Work::Import
            | Work::CheckListings(_)
            | Work::RenewTokens => Ok(false),
        }
    }
}

fn release(running: &Mutex<BTreeMap<Lane, u32>>, lane: Lane) {
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(count) = running.get_mut(&lane) {
        *count = count.saturating_sub(1);
    }
}
