//! The job table: leases, attempts, one job per key, one lane per account.
//!
//! A job is at least once: the lease saves work, the job's own idempotence does the
//! correctness. A job that is asked for while it runs runs once more.

use domain::{ConnectionId, JobId, OrganizationId, Problem, Timestamp};
use std::time::Duration;

use crate::db::{Row, StoreResult, Tx, Val};
use crate::paces::Paces;
use crate::{Tenant, params};

/// How the cause begins of a job that a hook alone asked for.
///
/// Anybody can make up a hook that no platform signed; whatever else asks for the same job
/// knows that its thing is real. So a hook never takes the place of another cause.
pub const HOOK_CAUSE: &str = "hook ";

/// A lease ends by itself after this span: a worker that died gives its job back.
pub const LEASE: Duration = Duration::from_secs(90);

/// What goes first. Lower goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// What renews a token: without it nothing else is answered.
    Tokens = 0,
    /// Orders: the buyer waits.
    Order = 1,
    /// Stock: another buyer may buy what is gone.
    Stock = 2,
    /// Prices.
    Price = 3,
    /// Catalogue, sweeps, history.
    Background = 4,
}

impl Priority {
    /// Those that a [`crate::paces::Scope`] can hold back.
    pub const PACED: [Self; 4] = [Self::Order, Self::Stock, Self::Price, Self::Background];

    fn of(number: i64) -> Option<Self> {
        [Self::Tokens].into_iter().chain(Self::PACED).find(|priority| *priority as i64 == number)
    }
}

/// A job to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Its account's lane; `None` for work of the organization itself.
    pub connection: Option<ConnectionId>,
    /// What to do.
    pub kind: &'static str,
    /// Two jobs of one kind and key are one job.
    pub dedup_key: String,
    /// What to do it with, as JSON.
    pub payload: String,
    /// What goes first.
    pub priority: Priority,
    /// Not before.
    pub run_at: Timestamp,
    /// What caused it.
    pub cause: String,
}

/// A job as a worker gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its account's lane.
    pub connection: Option<ConnectionId>,
    /// What to do.
    pub kind: String,
    /// Its key.
    pub dedup_key: String,
    /// What to do it with, as JSON.
    pub payload: String,
    /// Tries so far, this one included.
    pub attempts: u32,
    /// What caused it.
    pub cause: String,
    /// When it was first asked for.
    pub created_at: Timestamp,
    /// What goes first.
    pub priority: Priority,
}

const JOB_COLUMNS: &str =
    "id, organization_id, connection_id, kind, dedup_key, payload, attempts, cause, created_at, priority";

fn job(row: &Row<'_>) -> StoreResult<Job> {
    Ok(Job {
        id: row.get(0)?,
        organization: row.get(1)?,
        connection: row.get(2)?,
        kind: row.get(3)?,
        dedup_key: row.get(4)?,
        payload: row.get(5)?,
        attempts: u32::try_from(row.get::<i64>(6)?).unwrap_or(u32::MAX),
        cause: row.get(7)?,
        created_at: row.get(8)?,
        // One of a newer program goes last.
        priority: Priority::of(row.get(9)?).unwrap_or(Priority::Background),
    })
}

/// How a try ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What a person reads about.
    pub problem: Problem,
    /// The error's own words.
    pub error: String,
    /// The redacted exchange, as JSON.
    pub exchange: Option<String>,
}

/// A job, and what becomes of one of the same kind and key.
macro_rules! insert_job {
    ($of_the_same_key:literal) => {
        concat!(
            "INSERT INTO job (id, organization_id, connection_id, kind, dedup_key, payload, priority, state, \
                              run_at, attempts, again, cause, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'ready', $8, 0, 0, $9, $10, $10) \
             ON CONFLICT (organization_id, kind, dedup_key) DO UPDATE SET ",
            $of_the_same_key
        )
    };
}

impl Tenant<'_, '_> {
    /// Keeps a job. One of the same kind and key that waits is brought forward, one that
    /// runs will run once more, a dead one gets a new life. It is kept at the transaction's
    /// end: a job that is being ended elsewhere is waited for with nothing else to do.
    pub fn enqueue(&mut self, id: JobId, new: &NewJob, now: Timestamp) -> StoreResult<()> {
        let hooks = format!("{HOOK_CAUSE}%");
        let sql = insert_job!(
            "payload = CASE WHEN job.state <> 'dead' AND excluded.cause LIKE $11 \
                            AND job.cause NOT LIKE $11 THEN job.payload ELSE excluded.payload END, \
             cause = CASE WHEN job.state <> 'dead' AND excluded.cause LIKE $11 \
                          AND job.cause NOT LIKE $11 THEN job.cause ELSE excluded.cause END, \
             updated_at = excluded.updated_at, \
             again = CASE WHEN job.state = 'leased' THEN 1 ELSE 0 END, \
             attempts = CASE WHEN job.state = 'dead' THEN 0 ELSE job.attempts END, \
             run_at = CASE WHEN (job.state = 'ready' OR job.again = 1) AND job.run_at < excluded.run_at \
                           THEN job.run_at ELSE excluded.run_at END, \
             state = CASE WHEN job.state = 'dead' THEN 'ready' ELSE job.state END"
        );
        self.put_job(sql, id, new, now, Some(&hooks))
    }

    /// Keeps a job that somebody asks for again and again, as the clock does. One of the same
    /// kind and key stays as it is: what waits for its next try is not brought forward, or
    /// no platform that is away would ever be left in peace. A dead one gets a new life.
    pub fn enqueue_if_none(&mut self, id: JobId, new: &NewJob, now: Timestamp) -> StoreResult<()> {
        let sql = insert_job!(
            "payload = excluded.payload, cause = excluded.cause, updated_at = excluded.updated_at, \
             attempts = 0, run_at = excluded.run_at, state = 'ready' \
             WHERE job.state = 'dead'"
        );
        self.put_job(sql, id, new, now, None)
    }

    /// Has a text of `insert_job!` run at the transaction's end; `hooks` is its `$11`.
    fn put_job(
        &mut self,
        sql: &'static str,
        id: JobId,
        new: &NewJob,
        now: Timestamp,
        hooks: Option<&str>,
    ) -> StoreResult<()> {
        let mut given = params![
            id,
            self.id,
            new.connection,
            new.kind,
            &new.dedup_key,
            &new.payload,
            new.priority as i64,
            new.run_at,
            &new.cause,
            now
        ]
        .to_vec();
        given.extend(hooks.map(Val::from));
        self.tx.at_the_end(&format!("job {} {}", new.kind, new.dedup_key), None, sql, &given)
    }

    /// Gives dead jobs a new life: one, or all of a problem and kind. Returns how many.
    pub fn revive(&mut self, which: &DeadJobs, now: Timestamp) -> StoreResult<u64> {
        const REVIVE: &str = "UPDATE job SET state = 'ready', attempts = 0, run_at = $2, updated_at = $2 \
                              WHERE organization_id = $1 AND state = 'dead'";
        match which {
            DeadJobs::One(id) => {
                self.tx.execute(&format!("{REVIVE} AND id = $3"), params![self.id, now, *id])
            }
            DeadJobs::Alike { problem, kind, connection: None } => self.tx.execute(
                &format!("{REVIVE} AND problem = $3 AND kind = $4"),
                params![self.id, now, problem.as_str(), kind],
            ),
            DeadJobs::Alike { problem, kind, connection: Some(id) } => self.tx.execute(
                &format!("{REVIVE} AND problem = $3 AND kind = $4 AND connection_id = $5"),
                params![self.id, now, problem.as_str(), kind, *id],
            ),
            DeadJobs::OfConnection(id) => {
                self.tx.execute(&format!("{REVIVE} AND connection_id = $3"), params![self.id, now, *id])
            }
        }
    }

    /// Drops a dead job that a person has settled otherwise.
    pub fn drop_dead(&mut self, id: JobId) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "DELETE FROM job WHERE organization_id = $1 AND id = $2 AND state = 'dead'",
            params![self.id, id],
        )?;
        Ok(touched > 0)
    }
}

/// Which dead jobs to revive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadJobs {
    /// One.
    One(JobId),
    /// All of one problem and kind, of one connection or of all.
    Alike {
        /// What went wrong.
        problem: Problem,
        /// What was to be done.
        kind: String,
        /// Whose.
        connection: Option<ConnectionId>,
    },
    /// All of one connection (it works again).
    OfConnection(ConnectionId),
}

/// The lanes that have work due: connections, and `None` for work without one.
pub fn lanes_due(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<Vec<Option<ConnectionId>>> {
    // One index look-up per lane instead of a walk over its jobs.
    tx.rows(
        "SELECT c.id FROM connection c WHERE EXISTS (\
           SELECT 1 FROM job j WHERE j.state = 'ready' AND j.connection_id = c.id AND j.run_at <= $1) \
         UNION ALL \
         SELECT NULL WHERE EXISTS (\
           SELECT 1 FROM job j WHERE j.state = 'ready' AND j.connection_id IS NULL AND j.run_at <= $1) \
         ORDER BY 1 NULLS LAST",
        params![now],
        |row| row.get(0),
    )
}

/// Leases up to `limit` due jobs of one lane, the most urgent first, as far as the paces
/// let them start.
pub fn claim(
    tx: &mut Tx<'_>,
    lane: Option<ConnectionId>,
    paces: &mut Paces,
    owner: &str,
    limit: u32,
    now: Timestamp,
) -> StoreResult<Vec<Job>> {
    let Some(connection) = lane.filter(|connection| paces.hold_back(*connection)) else {
        return claim_any(tx, lane, None, owner, limit, now);
    };
    let mut taken = Vec::new();
    let mut room = limit;
    for priority in [Priority::Tokens].into_iter().chain(Priority::PACED) {
        let free = paces.free(connection, priority, room, now);
        if free == 0 {
            continue;
        }
        let jobs = claim_any(tx, lane, Some(priority), owner, free, now)?;
        let count = u32::try_from(jobs.len()).unwrap_or(free);
        paces.taken(connection, priority, count, limit, now);
        room = room.saturating_sub(count);
        taken.extend(jobs);
    }
    Ok(taken)
}

/// The same for jobs of one priority, or of all, whatever their paces.
fn claim_any(
    tx: &mut Tx<'_>,
    lane: Option<ConnectionId>,
    priority: Option<Priority>,
    owner: &str,
    limit: u32,
    now: Timestamp,
) -> StoreResult<Vec<Job>> {
    let lane_is = match (lane, priority) {
        (None, _) => "connection_id IS NULL",
        (Some(_), None) => "connection_id = $5",
        (Some(_), Some(_)) => "connection_id = $5 AND priority = $6",
    };
    // The choice is made once, before the update: PostgreSQL may run a subquery again for
    // each row, and would then lease more than the limit.
    let skip_locked = tx.skip_locked();
    let sql = format!(
        "WITH chosen AS MATERIALIZED (\
           SELECT id FROM job WHERE state = 'ready' AND {lane_is} AND run_at <= $3 \
           ORDER BY priority, run_at LIMIT $4 {skip_locked}) \
         UPDATE job SET state = 'leased', lease_owner = $1, lease_until = $2, attempts = attempts + 1, \
                        again = 0, updated_at = $3 \
         WHERE id IN (SELECT id FROM chosen) \
         RETURNING {JOB_COLUMNS}, run_at"
    );
    let until = now.plus(LEASE);
    // What an UPDATE returns is in no order, whatever it has chosen by.
    let with_time = |row: &Row<'_>| Ok((row.get::<i64>(10)?, job(row)?));
    let mut given = params![owner, until, now, limit].to_vec();
    given.extend(lane.map(Val::from));
    given.extend(lane.and(priority).map(|priority| Val::from(priority as i64)));
    let mut jobs = tx.rows(&sql, &given, with_time)?;
    jobs.sort_by_key(|(run_at, job)| (job.priority, *run_at, job.id));
    Ok(jobs.into_iter().map(|(_, job)| job).collect())
}

/// Whether any worker let a lease end.
pub fn expired_leases(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<bool> {
    let found = tx.row(
        "SELECT 1 FROM job WHERE state = 'leased' AND lease_until < $1 LIMIT 1",
        params![now],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Gives jobs back whose worker let the lease end: they are due at once, whatever they
/// asked for themselves before they were cut short. Returns how many.
pub fn reclaim(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<u64> {
    tx.execute(
        "UPDATE job SET state = 'ready', lease_owner = NULL, lease_until = NULL, updated_at = $1, \
                        run_at = CASE WHEN run_at > $1 THEN $1 ELSE run_at END \
         WHERE state = 'leased' AND lease_until < $1",
        params![now],
    )
}

/// Jobs that one statement ends.
const ENDED_AT_ONCE: usize = 8;

/// Ends jobs that are done; one asked for again meanwhile goes back to the queue, for the
/// earliest time it was asked for. Nothing happens to those whose lease has passed to
/// another worker.
pub fn finish(tx: &mut Tx<'_>, ids: &[JobId], owner: &str, now: Timestamp) -> StoreResult<()> {
    for ids in ids.chunks(ENDED_AT_ONCE) {
        // One text for any number: the places that are left over repeat the last job.
        let ids_and_last = (0..ENDED_AT_ONCE).filter_map(|at| ids.get(at).or(ids.last()));
        let mut params: Vec<Val<'_>> = ids_and_last.map(|id| Val::from(*id)).collect();
        params.push(owner.into());
        let ended = tx.execute(
            "DELETE FROM job WHERE id IN ($1, $2, $3, $4, $5, $6, $7, $8) \
               AND state = 'leased' AND lease_owner = $9 AND again = 0",
            &params,
        )?;
        if usize::try_from(ended).is_ok_and(|ended| ended == ids.len()) {
            continue;
        }
        params.push(now.into());
        tx.execute(
            "UPDATE job SET state = 'ready', attempts = 0, again = 0, lease_owner = NULL, lease_until = NULL, \
                            problem = NULL, error = NULL, exchange = NULL, updated_at = $10 \
             WHERE id IN ($1, $2, $3, $4, $5, $6, $7, $8) AND state = 'leased' AND lease_owner = $9",
            &params,
        )?;
    }
    Ok(())
}

/// Puts a job back for a later try.
pub fn postpone(
    tx: &mut Tx<'_>,
    id: JobId,
    owner: &str,
    failure: &Failure,
    run_at: Timestamp,
    now: Timestamp,
) -> StoreResult<()> {
    tx.execute(
        "UPDATE job SET state = 'ready', again = 0, lease_owner = NULL, lease_until = NULL, run_at = $3, \
                        problem = $4, error = $5, exchange = $6, updated_at = $7 \
         WHERE id = $1 AND state = 'leased' AND lease_owner = $2",
        params![
            id,
            owner,
            run_at,
            failure.problem.as_str(),
            &failure.error,
            failure.exchange.as_deref(),
            now
        ],
    )?;
    Ok(())
}

/// Makes a job a dead letter for a person to look at.
pub fn bury(tx: &mut Tx<'_>, id: JobId, owner: &str, failure: &Failure, now: Timestamp) -> StoreResult<()> {
    tx.execute(
        "UPDATE job SET state = CASE WHEN again = 1 THEN 'ready' ELSE 'dead' END, \
                        attempts = CASE WHEN again = 1 THEN 0 ELSE attempts END, \
                        again = 0, lease_owner = NULL, lease_until = NULL, \
                        problem = $3, error = $4, exchange = $5, run_at = $6, updated_at = $6 \
         WHERE id = $1 AND state = 'leased' AND lease_owner = $2",
        params![id, owner, failure.problem.as_str(), &failure.error, failure.exchange.as_deref(), now],
    )?;
    Ok(())
}

/// How many jobs wait or run, over all organizations; for the end of a test and for `doctor`.
pub fn open_jobs(tx: &mut Tx<'_>) -> StoreResult<i64> {
    Ok(tx
        .row("SELECT COUNT(*) FROM job WHERE state IN ('ready', 'leased')", &[], |row| row.get(0))?
        .unwrap_or(0))
}

/// When the next waiting job may start; `None` when none waits.
pub fn next_due(tx: &mut Tx<'_>) -> StoreResult<Option<Timestamp>> {
    let paces = Paces::look(tx)?;
    let due = tx.rows(
        "SELECT connection_id, priority, MIN(run_at) FROM job WHERE state = 'ready' \
         GROUP BY connection_id, priority",
        &[],
        |row| Ok((row.get::<Option<ConnectionId>>(0)?, Priority::of(row.get(1)?), row.get(2)?)),
    )?;
    let may_start = due.into_iter().map(|(connection, priority, due)| match (connection, priority) {
        (Some(connection), Some(priority)) => paces.earliest(connection, priority, due),
        _ => due,
    });
    Ok(may_start.min())
}
