//! How fast each account's work may go. All nodes go by the same rows: they are read, and
//! held, in the transaction that takes jobs.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::pace::{Pace, Reason};
use domain::{ConnectionId, OrganizationId, Timestamp};

use crate::db::{Row, StoreResult, Tx};
use crate::jobs::Priority;
use crate::{Tenant, params};

/// Which work of a connection a pace is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All of it, but for its tokens.
    Connection,
    /// The jobs of one priority: what a platform counts together.
    Work(Priority),
}

impl Scope {
    const fn number(self) -> i64 {
        match self {
            Self::Connection => 0,
            Self::Work(priority) => priority as i64,
        }
    }

    /// The word in translation keys (`pace-work-<word>`).
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connection | Self::Work(Priority::Tokens) => "connection",
            Self::Work(Priority::Order) => "order",
            Self::Work(Priority::Stock) => "stock",
            Self::Work(Priority::Price) => "price",
            Self::Work(Priority::Background) => "background",
        }
    }

    fn of(number: i64) -> Option<Self> {
        if number == 0 {
            return Some(Self::Connection);
        }
        Priority::PACED.into_iter().find(|priority| *priority as i64 == number).map(Self::Work)
    }

    /// Whether jobs of `priority` go by it. What renews tokens is never held back: without
    /// it nothing would ever be answered again.
    fn holds(self, priority: Priority) -> bool {
        match self {
            Self::Connection => priority != Priority::Tokens,
            Self::Work(own) => own == priority,
        }
    }
}

const COLUMNS: &str = "scope, reason, blows, since, changed_at, gap_ms, next_at";
const COLUMN_COUNT: usize = 7;

/// `None` for a scope that an older program does not know.
fn pace(row: &Row<'_>) -> StoreResult<Option<(Scope, Pace)>> {
    let pace = Pace {
        reason: row.word(1, "pace", "reason", Reason::parse)?,
        blows: u32::try_from(row.get::<i64>(2)?).unwrap_or(u32::MAX),
        since: row.get(3)?,
        changed_at: row.get(4)?,
        gap: Duration::from_millis(u64::try_from(row.get::<i64>(5)?).unwrap_or_default()),
        next_at: row.get(6)?,
    };
    Ok(Scope::of(row.get(0)?).map(|scope| (scope, pace)))
}

impl Tenant<'_, '_> {
    /// What holds a connection's work back now.
    pub fn paces_of(&mut self, id: ConnectionId) -> StoreResult<Vec<(Scope, Pace)>> {
        let found = self.tx.rows(
            &format!(
                "SELECT {COLUMNS} FROM pace WHERE organization_id = $1 AND connection_id = $2 ORDER BY scope"
            ),
            params![self.id, id],
            pace,
        )?;
        Ok(found.into_iter().flatten().filter(|(_, pace)| pace.is_holding()).collect())
    }
}

/// One pace, as it was read and as it is to be.
#[derive(Debug, Clone, Copy)]
struct Held {
    organization: OrganizationId,
    before: Option<Pace>,
    after: Option<Pace>,
}

/// The paces of all accounts, while jobs are ended and taken.
#[derive(Debug)]
pub struct Paces(BTreeMap<(ConnectionId, Scope), Held>);

impl Paces {
    /// Reads them, to be changed; another node waits with its own round until this
    /// transaction ends.
    pub fn hold(tx: &mut Tx<'_>) -> StoreResult<Self> {
        let held = tx.for_update();
        Self::read(tx, held)
    }

    /// Reads them as they are.
    pub(crate) fn look(tx: &mut Tx<'_>) -> StoreResult<Self> {
        Self::read(tx, "")
    }

    fn read(tx: &mut Tx<'_>, how: &str) -> StoreResult<Self> {
        let sql = format!(
            "SELECT {COLUMNS}, connection_id, organization_id FROM pace ORDER BY connection_id, scope {how}"
        );
        let found =
            tx.rows(&sql, &[], |row| Ok((row.get(COLUMN_COUNT)?, row.get(COLUMN_COUNT + 1)?, pace(row)?)))?;
        let held = found.into_iter().filter_map(|(connection, organization, found)| {
            let (scope, pace) = found?;
            Some(((connection, scope), Held { organization, before: Some(pace), after: Some(pace) }))
        });
        Ok(Self(held.collect()))
    }

    /// Changes a pace; what is `None` holds nothing back.
    pub fn change(
        &mut self,
        organization: OrganizationId,
        connection: ConnectionId,
        scope: Scope,
        change: impl FnOnce(Option<Pace>) -> Option<Pace>,
    ) {
        let held = self.0.entry((connection, scope));
        let held = held.or_insert(Held { organization, before: None, after: None });
        held.after = change(held.after);
    }

    /// Whether any work of this connection is held back.
    pub(crate) fn hold_back(&self, connection: ConnectionId) -> bool {
        self.of(connection).any(|(_, held)| held.after.is_some())
    }

    /// How many jobs of `priority` may start now, at most `room`.
    pub(crate) fn free(
        &self,
        connection: ConnectionId,
        priority: Priority,
        room: u32,
        now: Timestamp,
    ) -> u32 {
        let paces = self.of(connection).filter(|(scope, _)| scope.holds(priority));
        paces.filter_map(|(_, held)| Some(held.after?.free(now, room))).min().unwrap_or(room)
    }

    /// The first instant from `due` on at which a job of `priority` may start.
    pub(crate) fn earliest(&self, connection: ConnectionId, priority: Priority, due: Timestamp) -> Timestamp {
        let paces = self.of(connection).filter(|(scope, _)| scope.holds(priority));
        paces.filter_map(|(_, held)| Some(held.after?.next_at)).fold(due, Timestamp::max)
    }

    /// So many jobs of `priority` have started.
    pub(crate) fn taken(
        &mut self,
        connection: ConnectionId,
        priority: Priority,
        jobs: u32,
        room: u32,
        now: Timestamp,
    ) {
        let all = (connection, Scope::Connection)..=(connection, Scope::Work(Priority::Background));
        for ((_, scope), held) in self.0.range_mut(all) {
            if scope.holds(priority) {
                held.after = held.after.map(|pace| pace.taken(jobs, now, room));
            }
        }
    }

    fn of(&self, connection: ConnectionId) -> impl Iterator<Item = (Scope, &Held)> {
        let all = (connection, Scope::Connection)..=(connection, Scope::Work(Priority::Background));
        self.0.range(all).map(|((_, scope), held)| (*scope, held))
    }

    /// Writes what has changed.
    pub fn keep(self, tx: &mut Tx<'_>) -> StoreResult<()> {
        for ((connection, scope), held) in self.0 {
            if held.before == held.after {
                continue;
            }
            match held.after {
                Some(pace) => write(tx, held.organization, connection, scope, &pace)?,
                None => {
                    tx.execute(
                        "DELETE FROM pace WHERE connection_id = $1 AND scope = $2",
                        params![connection, scope.number()],
                    )?;
                }
            }
        }
        Ok(())
    }
}

fn write(
    tx: &mut Tx<'_>,
    organization: OrganizationId,
    connection: ConnectionId,
    scope: Scope,
    pace: &Pace,
) -> StoreResult<()> {
    tx.execute_exactly(
        1,
        "INSERT INTO pace (organization_id, connection_id, scope, reason, blows, since, changed_at, gap_ms, next_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (connection_id, scope) DO UPDATE SET \
           reason = excluded.reason, blows = excluded.blows, since = excluded.since, \
           changed_at = excluded.changed_at, gap_ms = excluded.gap_ms, next_at = excluded.next_at",
        params![
            organization,
            connection,
            scope.number(),
            pace.reason.as_str(),
            i64::from(pace.blows),
            pace.since,
            pace.changed_at,
            i64::try_from(pace.gap.as_millis()).unwrap_or(i64::MAX),
            pace.next_at
        ],
    )
}
