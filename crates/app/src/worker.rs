//! The worker: takes due jobs, one fair lane per account, runs them, and ends each one as
//! done, to be tried again, or as a dead letter for a person.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connect::{ChannelError, ErrorKind};
use domain::pace::{Blow, Pace};
use domain::retry::{MAX_ATTEMPTS, delay_before_retry};
use domain::{CaseKey, ConnectionId, Desk, JobId, OrganizationId, Timestamp, Verdict};
use store::jobs::{self, Failure, HOOK_CAUSE, Job, Priority};
use store::paces::{Paces, Scope};
use store::{StoreResult, Tx};
use tokio::task::JoinSet;

use crate::error::{AppError, JobError};
use crate::jobs::Work;
use crate::{App, Change, steps};

/// Jobs of one account that run side by side on one node.
pub const LANE_WIDTH: u32 = 8;
/// How long the worker sleeps when nobody rings: other nodes' jobs are found this way.
const POLL: Duration = Duration::from_millis(250);
/// Tries for an order that is shown older than its list says: two minutes of them.
const TRIES_FOR_NEWS: u32 = 6;

type Lane = Option<ConnectionId>;

/// What this node has in hand.
#[derive(Debug, Default)]
struct Hands {
    /// Jobs that run, by lane.
    running: BTreeMap<Lane, u32>,
    /// Ends that are not kept yet. The next round keeps them with what it takes: a busy
    /// shop needs one transaction for both. Lost with the program they cost nothing but
    /// the doing over, as the leases give those jobs back.
    ended: Vec<Ended>,
}

/// A job that is over, and how.
#[derive(Debug, Clone)]
struct Ended {
    job: JobId,
    organization: OrganizationId,
    connection: Lane,
    priority: Priority,
    began_at: Timestamp,
    how: How,
    heard: Heard,
}

/// What a job heard of its platform.
#[derive(Debug, Clone, Copy)]
enum Heard {
    /// It was not called.
    Nothing,
    /// It answers.
    Answer,
    /// It wants to be called less.
    Blow(Blow),
}

#[derive(Debug, Clone)]
enum How {
    Done,
    /// To be tried again at this time.
    Later(Failure, Timestamp),
    /// For a person.
    Dead(Failure),
}

impl App {
    /// Runs jobs until the task is dropped.
    pub async fn work(self) {
        self.work_until(std::future::pending()).await;
    }

    /// Runs jobs until `stop` is ready; then takes no more and lets those that run end.
    pub async fn work_until(self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let hands: Arc<Mutex<Hands>> = Arc::default();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let mut pause = POLL;
            match self.round(&hands).await {
                Ok(jobs) => {
                    pause = if jobs.is_empty() { self.until_soon() } else { Duration::ZERO };
                    for job in jobs {
                        let (app, hands) = (self.clone(), Arc::clone(&hands));
                        tasks.spawn(async move {
                            let lane = job.connection;
                            let ended = app.run_job(job).await;
                            let mut held = hold(&hands);
                            held.ended.extend(ended);
                            held.release(lane);
                            drop(held);
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
        let ended = std::mem::take(&mut hold(&hands).ended);
        if let Err(error) = self.keep_the_rest(ended).await {
            tracing::error!(error = %error, "the last jobs' ends could not be kept; their leases give them back");
        }
    }

    /// How long the worker may sleep: what was put off by a moment is not late by a poll.
    fn until_soon(&self) -> Duration {
        let now = self.clock().now();
        let first = hold_soon(&self.soon).iter().filter(|due| **due > now).min().copied();
        first.map_or(POLL, |due| due.since(now).min(POLL))
    }

    /// Has this node's worker awake at `due`, for work that was put off by a moment.
    pub(crate) fn wake_at(&self, due: Timestamp) {
        let now = self.clock().now();
        let mut soon = hold_soon(&self.soon);
        soon.retain(|due| *due > now);
        soon.push(due);
    }

    /// Runs what is due now, one job after the other, in the lanes' order. Returns how
    /// many ran. For tests and the simulator, which own the time.
    pub async fn work_once(&self) -> Result<usize, AppError> {
        let jobs = self.round(&Mutex::default()).await?;
        let count = jobs.len();
        for job in jobs {
            let ended = self.run_job(job).await;
            self.keep_the_rest(ended.into_iter().collect()).await?;
        }
        Ok(count)
    }

    /// Keeps the ends of jobs and takes jobs for every lane that has room: each account
    /// gets its turn, however much another one has waiting.
    async fn round(&self, hands: &Mutex<Hands>) -> Result<Vec<Job>, AppError> {
        let now = self.clock().now();
        if hold(hands).ended.is_empty() {
            // A look first, in a reading transaction: an idle shop writes nothing.
            let lanes = self.store().installation().read(move |tx| jobs::lanes_due(tx, now)).await?;
            if lanes.iter().all(|lane| hold(hands).room(*lane) == 0) {
                return Ok(Vec::new());
            }
        }
        let owner = self.parts.node.clone();
        let (ended, running) = {
            let mut held = hold(hands);
            (std::mem::take(&mut held.ended), held.running.clone())
        };
        let room = Hands { running, ended: Vec::new() };
        let (app, ends) = (self.clone(), ended.clone());
        let taken = self
            .store()
            .installation()
            .note(move |tx| {
                let mut paces = Paces::hold(tx)?;
                keep_ends(tx, &ends, &owner, now)?;
                app.keep_pace(&mut paces, &ends, now);
                let mut taken = Vec::new();
                for lane in jobs::lanes_due(tx, now)? {
                    let free = room.room(lane);
                    if free > 0 {
                        taken.extend(jobs::claim(tx, lane, &mut paces, &owner, free, now)?);
                    }
                }
                paces.keep(tx)?;
                Ok(taken)
            })
            .await;
        let mut held = hold(hands);
        match taken {
            Ok(taken) => {
                for job in &taken {
                    *held.running.entry(job.connection).or_default() += 1;
                }
                drop(held);
                self.tell_of_dead(&ended);
                Ok(taken)
            }
            Err(error) => {
                held.ended.extend(ended);
                Err(error.into())
            }
        }
    }

    async fn keep_the_rest(&self, ended: Vec<Ended>) -> Result<(), AppError> {
        let (owner, now) = (self.parts.node.clone(), self.clock().now());
        let (app, ends) = (self.clone(), ended.clone());
        self.store()
            .installation()
            .note(move |tx| {
                let mut paces = Paces::hold(tx)?;
                keep_ends(tx, &ends, &owner, now)?;
                app.keep_pace(&mut paces, &ends, now);
                paces.keep(tx)
            })
            .await?;
        self.tell_of_dead(&ended);
        Ok(())
    }

    /// Each account's pace after what its jobs have heard.
    fn keep_pace(&self, paces: &mut Paces, ended: &[Ended], now: Timestamp) {
        for end in ended {
            let Some(connection) = end.connection else { continue };
            let mut change = |scope, change: &dyn Fn(Option<Pace>) -> Option<Pace>| {
                paces.change(end.organization, connection, scope, change);
            };
            let work = Scope::Work(end.priority);
            match end.heard {
                Heard::Nothing => change(Scope::Connection, &|pace| Some(pace?.unused(now))),
                Heard::Answer => {
                    for scope in [Scope::Connection, work] {
                        change(scope, &|pace| pace?.eased(end.began_at, now));
                    }
                }
                Heard::Blow(blow) => {
                    let scope = if blow == Blow::Down { Scope::Connection } else { work };
                    change(scope, &|pace| Some(Pace::after(pace, blow, end.began_at, now, self.entropy())));
                }
            }
        }
    }

    fn tell_of_dead(&self, ended: &[Ended]) {
        for end in ended.iter().filter(|end| matches!(end.how, How::Dead(_))) {
            self.announce(end.organization, Change::Problems);
        }
    }

    /// Runs a job; gives how it ended, or `None` when the program ended in it.
    async fn run_job(&self, job: Job) -> Option<Ended> {
        let began_at = self.clock().now();
        let result = match self.step(steps::JOB_TAKEN) {
            Ok(()) => self.perform(&job).await,
            Err(died) => Err(died.into()),
        };
        let (how, heard) = match result {
            Ok(true) => (How::Done, Heard::Answer),
            Ok(false) => (How::Done, Heard::Nothing),
            // The simulator ended the program here: nothing more is written, as after a
            // power cut; the lease gives the job back.
            Err(JobError::App(AppError::Died(_))) => return None,
            Err(error) => (self.judge(&job, &error).await, heard_in(&error)),
        };
        let Job { id, organization, connection, priority, .. } = job;
        Some(Ended { job: id, organization, connection, priority, began_at, how, heard })
    }

    /// Work that belongs to no account; `None` of any other.
    async fn perform_for_house(&self, job: &Job, work: &Work) -> Result<Option<bool>, JobError> {
        let organization = job.organization;
        let called = if let Work::SendMail { mail } = work {
            self.send_mail(organization, *mail, job.attempts >= MAX_ATTEMPTS).await?
        } else if let Work::OfferCode { ticket } = work {
            self.offer_code(organization, *ticket).await?
        } else if let Work::ReckonProfits = work {
            self.reckon_profits(organization).await.map(|()| false)?
        } else if let Work::SettleLists = work {
            self.settle_lists(organization).await.map(|()| false)?
        } else if let Work::Sheet { sheet } = work {
            self.work_on_sheet(organization, *sheet).await?
        } else if let Work::LookAtBurst { sku } = work {
            self.look_at_burst(organization, *sku).await.map(|()| false)?
        } else {
            return Ok(None);
        };
        Ok(Some(called))
    }

    /// False when the platform was not called.
    async fn perform(&self, job: &Job) -> Result<bool, JobError> {
        let organization = job.organization;
        let work = Work::parse(&job.payload)?;
        if let Some(called) = self.perform_for_house(job, &work).await? {
            return Ok(called);
        }
        let connection = job.connection.ok_or_else(|| AppError::BadJob("no connection".into()))?;
        let called = match work {
            Work::PushStock { listing } => {
                return Ok(self.push_stock(organization, listing, job).await?);
            }
            Work::FetchOrder { external_id, changed_at } => {
                // The list may tell another clock than the order: in the end what is shown does.
                let changed_at = changed_at.filter(|_| job.attempts <= TRIES_FOR_NEWS);
                self.fetch_order(organization, connection, &external_id, changed_at, &job.cause).await
            }
            Work::FetchShipment { external_id } => {
                self.fetch_shipment(organization, connection, &external_id, &job.cause).await
            }
            Work::FetchListing { external_id } => {
                self.fetch_listing(organization, connection, &external_id).await
            }
            Work::Sweep => self.sweep(organization, connection).await,
            Work::SettleSales => self.settle_sales(organization, connection).await,
            Work::ReadMissed(bookmark) => self.read_missed(organization, connection, &bookmark).await,
            Work::Import => self.import_page(organization, connection).await,
            Work::CheckListings(bookmark) => self.check_listings(organization, connection, &bookmark).await,
            Work::RenewTokens => self.ready(organization, connection).await.map(|_| ()),
            Work::FetchCharges { external_id } => {
                self.fetch_charges(organization, connection, &external_id).await
            }
            Work::CheckCharges { bookmark, until } => {
                self.check_charges(organization, connection, &bookmark, until).await
            }
            Work::FetchCase { desk, external_id } => {
                let key = case_key(&desk, external_id)?;
                self.fetch_case(organization, connection, &key, &job.cause).await
            }
            Work::FetchMessage { external_id } => {
                self.fetch_message(organization, connection, &external_id, &job.cause).await
            }
            Work::SweepCases => self.sweep_cases(organization, connection).await,
            Work::FetchBuyer { external_id } => {
                self.fetch_buyer(organization, connection, &external_id).await
            }
            Work::AnswerCase { case } => {
                return Ok(self.send_answer(organization, case, job.attempts >= MAX_ATTEMPTS).await?);
            }
            Work::Publish { draft } => {
                let last = job.attempts >= MAX_ATTEMPTS;
                self.publish_draft(organization, connection, draft, last).await
            }
            Work::PushPrice { change } => {
                return Ok(self.push_price(organization, connection, change).await?);
            }
            Work::FollowListings { draft } => self.follow_listings(organization, connection, draft).await,
            // Taken above: they have no account.
            Work::SendMail { .. }
            | Work::OfferCode { .. }
            | Work::ReckonProfits
            | Work::SettleLists
            | Work::Sheet { .. }
            | Work::LookAtBurst { .. } => return Ok(false),
        };
        Ok(called.map(|()| true)?)
    }

    /// What becomes of a job that failed.
    async fn judge(&self, job: &Job, error: &JobError) -> How {
        let id = job.id;
        // When not even that can be looked up, the job's own failure decides.
        if self.names_nothing_of_ours(job, error).await.unwrap_or(false) {
            tracing::info!(job.id = %id, job.kind = job.kind, error = %error, "a hook named nothing of this account");
            self.tallies.add("hook_refused", "names_nothing");
            return How::Done;
        }
        let failure = error.failure();
        match error.verdict() {
            Verdict::Retry { not_before } if job.attempts < MAX_ATTEMPTS => {
                tracing::info!(job.id = %id, job.kind = job.kind, attempts = job.attempts, error = %error, "job waits for its next try");
                let delay = delay_before_retry(job.attempts, not_before, self.entropy());
                How::Later(failure, self.clock().now().plus(delay))
            }
            Verdict::Retry { .. } | Verdict::Fail => {
                tracing::warn!(job.id = %id, job.kind = job.kind, attempts = job.attempts, error = %error, "job waits for a person");
                self.tallies.add("job_dead", failure.problem.as_str());
                How::Dead(failure)
            }
        }
    }

    /// Whether only a hook spoke of this, the platform refuses to show it for good, and the
    /// shop does not hold it. Hooks that nobody signs can be made up by anyone; people
    /// must not be asked to look at each. An order that is real is found by the sweep.
    async fn names_nothing_of_ours(&self, job: &Job, error: &JobError) -> Result<bool, AppError> {
        let JobError::App(AppError::Channel(ChannelError { kind, .. })) = error else { return Ok(false) };
        // What was just made may take a while to be found; what is another's stays so.
        let refused = *kind == ErrorKind::PermissionMissing
            || (*kind == ErrorKind::NotFound && job.attempts >= MAX_ATTEMPTS);
        let (true, true, Some(connection)) = (refused, job.cause.starts_with(HOOK_CAUSE), job.connection)
        else {
            return Ok(false);
        };
        let held = self.organization(job.organization);
        match Work::parse(&job.payload)? {
            Work::FetchOrder { external_id, .. } => {
                Ok(held.read(move |tenant| tenant.order_version(connection, &external_id)).await?.is_none())
            }
            Work::FetchListing { external_id } => {
                Ok(held.read(move |tenant| tenant.listing_of(connection, &external_id, "")).await?.is_none())
            }
            Work::FetchShipment { .. } | Work::FetchMessage { .. } => Ok(true),
            Work::FetchCase { desk, external_id } => {
                let key = case_key(&desk, external_id)?;
                Ok(!self.holds_case(job.organization, connection, key).await?)
            }
            Work::PushStock { .. }
            | Work::Sweep
            | Work::SettleSales
            | Work::ReadMissed(_)
            | Work::Import
            | Work::CheckListings(_)
            | Work::RenewTokens
            | Work::FetchCharges { .. }
            | Work::CheckCharges { .. }
            | Work::SweepCases
            | Work::FetchBuyer { .. }
            | Work::AnswerCase { .. }
            | Work::ReckonProfits
            | Work::SettleLists
            | Work::SendMail { .. }
            | Work::Publish { .. }
            | Work::FollowListings { .. }
            | Work::PushPrice { .. }
            | Work::OfferCode { .. }
            | Work::Sheet { .. }
            | Work::LookAtBurst { .. } => Ok(false),
        }
    }
}

impl Hands {
    /// How many more jobs the lane may run.
    fn room(&self, lane: Lane) -> u32 {
        LANE_WIDTH.saturating_sub(self.running.get(&lane).copied().unwrap_or(0))
    }

    fn release(&mut self, lane: Lane) {
        if let Some(count) = self.running.get_mut(&lane) {
            *count = count.saturating_sub(1);
        }
    }
}

fn case_key(desk: &str, external_id: String) -> Result<CaseKey, AppError> {
    let desk = Desk::parse(desk).ok_or_else(|| AppError::BadJob(desk.to_owned()))?;
    Ok(CaseKey { desk, external_id })
}

/// What a failed job heard: a refusal is an answer as well.
fn heard_in(error: &JobError) -> Heard {
    let JobError::App(AppError::Channel(error)) = error else { return Heard::Nothing };
    let answered = error.exchange.as_ref().is_some_and(|exchange| exchange.status.is_some());
    match error.blow() {
        Some(blow) => Heard::Blow(blow),
        None if answered => Heard::Answer,
        None => Heard::Nothing,
    }
}

fn hold(hands: &Mutex<Hands>) -> MutexGuard<'_, Hands> {
    hands.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hold_soon(soon: &Mutex<Vec<Timestamp>>) -> MutexGuard<'_, Vec<Timestamp>> {
    soon.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep_ends(tx: &mut Tx<'_>, ended: &[Ended], owner: &str, now: Timestamp) -> StoreResult<()> {
    let done: Vec<JobId> =
        ended.iter().filter(|end| matches!(end.how, How::Done)).map(|end| end.job).collect();
    jobs::finish(tx, &done, owner, now)?;
    for end in ended {
        match &end.how {
            How::Done => {}
            How::Later(failure, run_at) => jobs::postpone(tx, end.job, owner, failure, *run_at, now)?,
            How::Dead(failure) => jobs::bury(tx, end.job, owner, failure, now)?,
        }
    }
    Ok(())
}
