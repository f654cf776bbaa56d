//! Limits that hold for all nodes together and survive a restart: in the database, or in Redis
//! where one is configured. All limits of a deed are taken, or none.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::limit::{Limit, Taken};

use crate::db::{Db, StoreError, StoreResult, Tx};
use crate::params;
use crate::redis_limits::{Away, RedisLimits};

/// A go that is wanted: of which limit, and of whom, by a keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The limit.
    pub limit: Limit,
    /// Keyed hash of the limit's name and the subject.
    pub subject: [u8; 32],
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// The database, because no Redis is configured.
    Database,
    /// Redis.
    Redis,
    /// The database, because Redis did not answer.
    Fallback,
}

/// Whoever keeps the limits: cheap to clone, safe to share.
#[derive(Debug, Clone)]
pub struct Limits {
    db: Db,
    redis: Option<Arc<RedisLimits>>,
}

impl Limits {
    /// Kept in the database.
    #[must_use]
    pub const fn in_database(db: Db) -> Self {
        Self { db, redis: None }
    }

    /// Kept in Redis, and in the database while that is away.
    #[must_use]
    pub fn in_redis(self, redis: RedisLimits) -> Self {
        Self { redis: Some(Arc::new(redis)), ..self }
    }

    /// Takes one go of each limit, or none of any.
    ///
    /// While Redis is away the database decides, which does not know what Redis counted: at
    /// such a change a subject may get one more burst. It is never left open.
    pub async fn take(&self, wanted: Vec<Wanted>, now: Timestamp) -> StoreResult<(Taken, Keeper)> {
        let wanted = in_order(wanted);
        let asked = wanted.clone();
        if let Some(taken) = self.ask_redis(move |redis| redis.take(&asked, now)).await? {
            return Ok((taken, Keeper::Redis));
        }
        let keeper = if self.redis.is_some() { Keeper::Fallback } else { Keeper::Database };
        // Whoever is refused costs a look and no write.
        let asked = wanted.clone();
        if let Some(wait) = self.db.read(move |tx| longest_wait(tx, &asked, now)).await? {
            return Ok((Taken::Wait(wait), keeper));
        }
        let taken = self.db.write(move |tx| take(tx, &wanted, now)).await?;
        Ok((taken, keeper))
    }

    /// Hands back what `keeper` gave at `taken_at` ([`Limit::back_after`]). When that is Redis and
    /// it is away, what was taken stays taken: the database never had it.
    pub async fn hand_back(
        &self,
        wanted: Vec<Wanted>,
        keeper: Keeper,
        taken_at: Timestamp,
        now: Timestamp,
    ) -> StoreResult<()> {
        let (wanted, elapsed) = (in_order(wanted), now.since(taken_at));
        if keeper == Keeper::Redis {
            self.ask_redis(move |redis| redis.hand_back(&wanted, elapsed, now)).await?;
            return Ok(());
        }
        self.db
            .write(move |tx| {
                for it in &wanted {
                    move_back(tx, it, it.limit.back_after(elapsed))?;
                }
                Ok(())
            })
            .await
    }

    /// How long whoever wants a go of each has to wait, if at all. Takes none.
    pub async fn wait(&self, wanted: Vec<Wanted>, now: Timestamp) -> StoreResult<Option<Duration>> {
        let wanted = in_order(wanted);
        let asked = wanted.clone();
        match self.ask_redis(move |redis| redis.wait(&asked, now)).await? {
            Some(wait) => Ok(wait),
            None => self.db.read(move |tx| longest_wait(tx, &wanted, now)).await,
        }
    }

    /// Asks Redis, on a thread that may block; `None` where there is none, or while it is away.
    async fn ask_redis<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&RedisLimits) -> Result<T, Away> + Send + 'static,
    ) -> StoreResult<Option<T>> {
        let Some(redis) = self.redis.clone() else { return Ok(None) };
        let asked = tokio::task::spawn_blocking(move || ask(&redis)).await;
        match asked.map_err(|_| StoreError::Panicked)? {
            Ok(answer) => Ok(Some(answer)),
            Err(away) => {
                if away.is_news {
                    tracing::warn!(error = %away.error, "Redis does not answer: the database keeps the limits");
                }
                Ok(None)
            }
        }
    }
}

/// The same order for everybody, so that nobody waits for each other.
fn in_order(mut wanted: Vec<Wanted>) -> Vec<Wanted> {
    wanted.sort_unstable_by_key(|it| it.subject);
    wanted.dedup_by_key(|it| it.subject);
    wanted
}

/// Takes one go of each, or none; the wanted ones in the order of their subjects.
fn take(tx: &mut Tx<'_>, wanted: &[Wanted], now: Timestamp) -> StoreResult<Taken> {
    let mut taken = Vec::new();
    let mut longest: Option<Duration> = None;
    for it in wanted {
        if take_one(tx, it, now)? {
            taken.push(it);
        } else {
            // The row that refused us is there still: what gives it back asks for more time than this.
            longest = longest.max(Some(wait_of(tx, it, now)?.unwrap_or(it.limit.every)));
        }
    }
    let Some(wait) = longest else { return Ok(Taken::Allowed) };
    // Nobody saw it: the rows are held until this transaction ends.
    for it in taken {
        move_back(tx, it, it.limit.every)?;
    }
    Ok(Taken::Wait(wait))
}

/// [`Limit::take`] as one statement, which sees the newest row however many come at once.
fn take_one(tx: &mut Tx<'_>, it: &Wanted, now: Timestamp) -> StoreResult<bool> {
    let latest = now.plus(it.limit.slack());
    let touched = tx.execute(
        "INSERT INTO limit_taken (subject, given_back_at) VALUES ($1, $2) ON CONFLICT (subject) DO UPDATE \
         SET given_back_at = $3 + CASE WHEN limit_taken.given_back_at > $4 THEN limit_taken.given_back_at ELSE $4 END \
         WHERE limit_taken.given_back_at <= $5",
        params![it.subject.as_slice(), now.plus(it.limit.every), millis(it.limit.every), now, latest],
    )?;
    Ok(touched == 1)
}

fn longest_wait(tx: &mut Tx<'_>, wanted: &[Wanted], now: Timestamp) -> StoreResult<Option<Duration>> {
    let mut longest = None;
    for it in wanted {
        longest = longest.max(wait_of(tx, it, now)?);
    }
    Ok(longest)
}

fn wait_of(tx: &mut Tx<'_>, it: &Wanted, now: Timestamp) -> StoreResult<Option<Duration>> {
    let kept: Option<Timestamp> = tx.row(
        "SELECT given_back_at FROM limit_taken WHERE subject = $1",
        params![it.subject.as_slice()],
        |row| row.get(0),
    )?;
    Ok(it.limit.take(kept, now).err())
}

/// Moves what is kept of a subject back. Its row may be gone: then all of it came back by itself.
fn move_back(tx: &mut Tx<'_>, it: &Wanted, by: Duration) -> StoreResult<()> {
    if by > Duration::ZERO {
        tx.execute(
            "UPDATE limit_taken SET given_back_at = given_back_at - $2 WHERE subject = $1",
            params![it.subject.as_slice(), millis(by)],
        )?;
    }
    Ok(())
}

pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
