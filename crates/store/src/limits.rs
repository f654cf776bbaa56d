//! Limits that hold for all nodes together and survive a restart: in the database, or in Redis
//! where one is configured. All limits of a deed are taken, or none.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::limit::{Limit, Taken};

use crate::db::{Db, StoreError, StoreResult, Tx};
use crate::params;
use crate::redis_limits::RedisLimits;

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
    pub async fn take(&self, mut wanted: Vec<Wanted>, now: Timestamp) -> StoreResult<(Taken, Keeper)> {
        // The same order for everybody, so that nobody waits for each other.
        wanted.sort_unstable_by_key(|it| it.subject);
        wanted.dedup_by_key(|it| it.subject);
        let keeper = match &self.redis {
            None => Keeper::Database,
            Some(redis) => {
                let (redis, asked) = (Arc::clone(redis), wanted.clone());
                let decided = tokio::task::spawn_blocking(move || redis.take(&asked, now)).await;
                match decided.map_err(|_| StoreError::Panicked)? {
                    Ok(taken) => return Ok((taken, Keeper::Redis)),
                    Err(away) => {
                        if away.is_news {
                            tracing::warn!(error = %away.error, "Redis does not answer: the database keeps the limits");
                        }
                        Keeper::Fallback
                    }
                }
            }
        };
        let taken = self.db.write(move |tx| take(tx, &wanted, now)).await?;
        Ok((taken, keeper))
    }
}

/// Takes one go of each, or none; the wanted ones in the order of their subjects.
fn take(tx: &mut Tx<'_>, wanted: &[Wanted], now: Timestamp) -> StoreResult<Taken> {
    let mut taken = Vec::new();
    let mut longest: Option<Duration> = None;
    for it in wanted {
        if take_one(tx, it, now)? {
            taken.push(it);
        } else {
            let wait = wait_of(tx, it, now)?;
            longest = longest.max(Some(wait));
        }
    }
    let Some(wait) = longest else { return Ok(Taken::Allowed) };
    // Nobody saw it: the rows are held until this transaction ends.
    for it in taken {
        give_back(tx, it)?;
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

fn wait_of(tx: &mut Tx<'_>, it: &Wanted, now: Timestamp) -> StoreResult<Duration> {
    let kept: Option<Timestamp> = tx.row(
        "SELECT given_back_at FROM limit_taken WHERE subject = $1",
        params![it.subject.as_slice()],
        |row| row.get(0),
    )?;
    // The row that refused us is there still: what gives it back asks for more time than this.
    Ok(it.limit.take(kept, now).err().unwrap_or(it.limit.every))
}

fn give_back(tx: &mut Tx<'_>, it: &Wanted) -> StoreResult<()> {
    tx.execute_exactly(
        1,
        "UPDATE limit_taken SET given_back_at = given_back_at - $2 WHERE subject = $1",
        params![it.subject.as_slice(), millis(it.limit.every)],
    )
}

pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
