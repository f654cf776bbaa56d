//! The inbox: a hook is kept durably before the platform is answered.
//!
//! Hooks that arrive together are appended by one commit ([`Intake`]);
//! the table has no index but its key. Sorting them into jobs is later, unhurried work.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{ChannelKind, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::db::{Db, Engine, StoreError, StoreResult, Tx, Val};

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
            let kept = db.append("hook_inbox", COLUMNS, hooks, values).await;
            for answer in answers {
                // A platform that hung up meanwhile sends again; the hook is kept all the same.
                let _ = answer.send(kept.clone());
            }
            drop(slot);
        });
    }
}

const COLUMNS: [&str; 6] =
    ["channel", "account_external_id", "subject_kind", "subject_id", "topic", "received_at"];

fn values(hook: &Hook) -> [Val<'_>; COLUMNS.len()] {
    [
        Val::from(hook.channel.as_str()),
        Val::from(&hook.account_external_id),
        Val::from(hook.subject_kind),
        Val::from(&hook.subject_id),
        Val::from(&hook.topic),
        Val::from(hook.received_at),
    ]
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

/// Takes up to `limit` of the oldest hooks out of the inbox, the same ones folded into
/// one. Runs in the transaction that makes jobs of them: either both or neither.
pub fn take(tx: &mut Tx<'_>, limit: u32) -> StoreResult<Vec<SortedHook>> {
    let rows = tx.rows(
        "DELETE FROM hook_inbox WHERE seq IN (SELECT seq FROM hook_inbox ORDER BY seq LIMIT $1) \
         RETURNING channel, account_external_id, subject_kind, subject_id, topic, received_at",
        &[limit.into()],
        |row| {
            Ok(SortedHook {
                channel: row.get(0)?,
                account_external_id: row.get(1)?,
                subject_kind: row.get(2)?,
                subject_id: row.get(3)?,
                topic: row.get(4)?,
                received_at: row.get(5)?,
                count: 1,
            })
        },
    )?;
    let mut folded: BTreeMap<(String, String, String, String), SortedHook> = BTreeMap::new();
    for hook in rows {
        let key = (
            hook.channel.clone(),
            hook.account_external_id.clone(),
            hook.subject_kind.clone(),
            hook.subject_id.clone(),
        );
        folded
            .entry(key)
            .and_modify(|held| {
                held.count += 1;
                held.received_at = held.received_at.max(hook.received_at);
            })
            .or_insert(hook);
    }
    Ok(folded.into_values().collect())
}

/// How many hooks wait to be sorted, and since when the oldest does.
pub fn waiting(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<(i64, Duration)> {
    let found = tx.row("SELECT COUNT(*), MIN(received_at) FROM hook_inbox", &[], |row| {
        Ok((row.get::<i64>(0)?, row.get::<Option<Timestamp>>(1)?))
    })?;
    let (count, oldest) = found.unwrap_or((0, None));
    Ok((count, oldest.map_or(Duration::ZERO, |oldest| now.since(oldest))))
}
