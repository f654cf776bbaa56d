//! The inbox: a hook is kept durably before the platform is answered.
//!
//! Hooks that arrive together are one row of one commit ([`Intake`]); the table has no
//! index but its key. Sorting them into jobs is later, unhurried work.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::{ChannelKind, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::db::{Db, Engine, StoreError, StoreResult, Tx};

/// Hooks that may wait for their commit; beyond it the platform is told to come again.
pub const MAX_WAITING: usize = 16_384;
/// Requests whose hooks one commit keeps at most.
const MAX_REQUESTS_PER_COMMIT: usize = 1_024;
/// Commits under way at once. SQLite's writer makes one of those that wait, and while it
/// waits for the disk the next fills up; on PostgreSQL a second one would only halve the
/// first, and each costs as much as many hooks.
const fn commits_at_once(engine: Engine) -> usize {
    match engine {
        Engine::Sqlite => 2,
        Engine::Postgres => 1,
    }
}

/// A hook as it is kept: a hint, no body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The channel it came by.
    pub channel: ChannelKind,
    /// The platform's id of the account.
    pub account_external_id: String,
    /// `order`, `shipment` or `listing`.
    pub subject_kind: &'static str,
    /// The platform's id of the thing.
    pub subject_id: String,
    /// The platform's word.
    pub topic: String,
    /// When it arrived.
    pub received_at: Timestamp,
}

struct Waiting {
    hooks: Vec<Hook>,
    answer: oneshot::Sender<StoreResult<()>>,
}

/// The way in for hooks: gathers those that arrive together into one commit.
#[derive(Debug, Clone)]
pub struct Intake {
    queue: mpsc::Sender<Waiting>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Waiting({})", self.hooks.len())
    }
}

impl Intake {
    /// Starts the gathering task on the running runtime.
    #[must_use]
    pub fn start(db: Db) -> Self {
        let (queue, waiting) = mpsc::channel(MAX_WAITING);
        tokio::spawn(gather(db, waiting));
        Self { queue }
    }

    /// Keeps hooks; returns after the commit. [`StoreError::Overloaded`] when too many wait.
    pub async fn keep(&self, hooks: Vec<Hook>) -> StoreResult<()> {
        let (answer, kept) = oneshot::channel();
        self.queue.try_send(Waiting { hooks, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        kept.await.map_err(|_| StoreError::Closed)?
    }
}

async fn gather(db: Db, mut waiting: mpsc::Receiver<Waiting>) {
    let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(commits_at_once(db.engine())));
    let mut batch = Vec::new();
    loop {
        // The slot first: while all commits are under way the queue fills the next batch.
        let Ok(slot) = std::sync::Arc::clone(&slots).acquire_owned().await else { return };
        if waiting.recv_many(&mut batch, MAX_REQUESTS_PER_COMMIT).await == 0 {
            return;
        }
        let batch = std::mem::take(&mut batch);
        let db = db.clone();
        tokio::spawn(async move {
            let mut hooks = Vec::with_capacity(batch.len());
            let mut answers = Vec::with_capacity(batch.len());
            for entry in batch {
                hooks.extend(entry.hooks);
                answers.push(entry.answer);
            }
            let kept = keep(&db, &hooks).await;
            for answer in answers {
                // A platform that hung up meanwhile sends again; the hook is kept all the same.
                let _ = answer.send(kept.clone());
            }
            drop(slot);
        });
    }
}

/// Hooks that one commit keeps.
struct Batch {
    hooks: String,
    count: i64,
    received_at: Timestamp,
}

async fn keep(db: &Db, hooks: &[Hook]) -> StoreResult<()> {
    let Some(first) = hooks.first() else { return Ok(()) };
    let told: Vec<Told> = hooks.iter().map(Told::of).collect();
    let batch = Batch {
        hooks: serde_json::to_string(&told).map_err(|error| StoreError::Driver(error.to_string()))?,
        count: i64::try_from(hooks.len()).unwrap_or(i64::MAX),
        received_at: first.received_at,
    };
    let sql = "INSERT INTO hook_batch (hooks, hook_count, received_at) VALUES ($1, $2, $3)";
    db.insert(sql, batch, |batch| [(&batch.hooks).into(), batch.count.into(), batch.received_at.into()]).await
}

/// A hook as its batch holds it: channel, account, kind and id of the subject, topic, and
/// when it arrived, in milliseconds.
#[derive(serde::Serialize, serde::Deserialize)]
struct Told<'t>(
    #[serde(borrow)] Cow<'t, str>,
    #[serde(borrow)] Cow<'t, str>,
    #[serde(borrow)] Cow<'t, str>,
    #[serde(borrow)] Cow<'t, str>,
    #[serde(borrow)] Cow<'t, str>,
    i64,
);

impl<'t> Told<'t> {
    fn of(hook: &'t Hook) -> Self {
        Self(
            hook.channel.as_str().into(),
            (&hook.account_external_id).into(),
            hook.subject_kind.into(),
            (&hook.subject_id).into(),
            (&hook.topic).into(),
            hook.received_at.as_millis(),
        )
    }
}

/// Hooks that say the same, taken out of the inbox together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortedHook {
    /// The channel, as a word.
    pub channel: String,
    /// The platform's id of the account.
    pub account_external_id: String,
    /// `order`, `shipment` or `listing`.
    pub subject_kind: String,
    /// The platform's id of the thing.
    pub subject_id: String,
    /// The platform's word.
    pub topic: String,
    /// When the last of them arrived.
    pub received_at: Timestamp,
    /// How many said it.
    pub count: u32,
}

/// Takes the oldest hooks out of the inbox, batch by batch until there are `enough`, the
/// same ones folded into one. Runs in the transaction that makes jobs of them: either both
/// or neither.
pub fn take(tx: &mut Tx<'_>, enough: u32) -> StoreResult<Vec<SortedHook>> {
    let mut batches = tx.rows(
        "DELETE FROM hook_batch WHERE seq IN (\
           SELECT seq FROM (\
             SELECT seq, SUM(hook_count) OVER (ORDER BY seq) - hook_count AS before \
             FROM (SELECT seq, hook_count FROM hook_batch ORDER BY seq LIMIT $1) oldest) summed \
           WHERE before < $1) \
         RETURNING seq, hooks",
        &[enough.into()],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
    )?;
    // What a DELETE returns is in no order.
    batches.sort_by_key(|(seq, _)| *seq);
    let mut folded: BTreeMap<(String, String, String, String), SortedHook> = BTreeMap::new();
    for (_, hooks) in &batches {
        let hooks: Vec<Told<'_>> = serde_json::from_str(hooks).map_err(|error| StoreError::Inconsistent {
            table: "hook_batch",
            column: "hooks",
            value: error.to_string(),
        })?;
        for Told(channel, account, kind, subject, topic, at) in hooks {
            let key = (channel.into_owned(), account.into_owned(), kind.into_owned(), subject.into_owned());
            let held = folded.entry(key).or_insert_with_key(|(channel, account, kind, subject)| SortedHook {
                channel: channel.clone(),
                account_external_id: account.clone(),
                subject_kind: kind.clone(),
                subject_id: subject.clone(),
                topic: topic.into_owned(),
                received_at: Timestamp::from_millis(at),
                count: 0,
            });
            held.count += 1;
            held.received_at = held.received_at.max(Timestamp::from_millis(at));
        }
    }
    Ok(folded.into_values().collect())
}

/// How many hooks wait to be sorted.
pub fn waiting(tx: &mut Tx<'_>) -> StoreResult<i64> {
    let sum = "SELECT CAST(COALESCE(SUM(hook_count), 0) AS BIGINT) FROM hook_batch";
    Ok(tx.row(sum, &[], |row| row.get(0))?.unwrap_or(0))
}
