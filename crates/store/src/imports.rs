//! The first import of an account: where it stands, so that it can be left and resumed.

use domain::{ConnectionId, ImportId, Timestamp};

use crate::db::{Row, StoreResult};
use crate::{Tenant, params};

/// What the import reads at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportPhase {
    /// Listings, and the SKUs they sell.
    Listings,
    /// Orders.
    Orders,
    /// Over.
    Done,
}

impl ImportPhase {
    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listings => "listings",
            Self::Orders => "orders",
            Self::Done => "done",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Listings, Self::Orders, Self::Done].into_iter().find(|phase| phase.as_str() == text)
    }
}

/// Where an import stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRun {
    /// Id.
    pub id: ImportId,
    /// Whose import.
    pub connection: ConnectionId,
    /// What it reads.
    pub phase: ImportPhase,
    /// The platform's name of the next page; `None` at the beginning of a phase.
    pub next_page: Option<String>,
    /// Listings read.
    pub listings_done: i64,
    /// Listings in all, once known.
    pub listings_total: Option<i64>,
    /// Orders read.
    pub orders_done: i64,
    /// Orders in all, once known.
    pub orders_total: Option<i64>,
    /// Orders updated from here…
    pub orders_from: Timestamp,
    /// …to here are imported.
    pub orders_to: Timestamp,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, connection_id, phase, next_page, listings_done, listings_total, orders_done, orders_total, \
    orders_from, orders_to, started_at, updated_at, finished_at";

fn run(row: &Row<'_>) -> StoreResult<ImportRun> {
    Ok(ImportRun {
        id: row.get(0)?,
        connection: row.get(1)?,
        phase: row.word(2, "import_run", "phase", ImportPhase::parse)?,
        next_page: row.get(3)?,
        listings_done: row.get(4)?,
        listings_total: row.get(5)?,
        orders_done: row.get(6)?,
        orders_total: row.get(7)?,
        orders_from: row.get(8)?,
        orders_to: row.get(9)?,
        started_at: row.get(10)?,
        updated_at: row.get(11)?,
        finished_at: row.get(12)?,
    })
}

impl Tenant<'_, '_> {
    /// Begins an import, or finds the one that was begun: pressing the button twice is once.
    pub fn begin_import(
        &mut self,
        id: ImportId,
        connection: ConnectionId,
        orders_from: Timestamp,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute(
            "INSERT INTO import_run (id, organization_id, connection_id, phase, listings_done, orders_done, \
               orders_from, orders_to, started_at, updated_at) \
             VALUES ($1, $2, $3, 'listings', 0, 0, $4, $5, $5, $5) ON CONFLICT (connection_id) DO NOTHING",
            params![id, self.id, connection, orders_from, now],
        )?;
        Ok(())
    }

    /// Where the import of a connection stands.
    pub fn import_run(&mut self, connection: ConnectionId) -> StoreResult<Option<ImportRun>> {
        self.tx.row(
            &format!("SELECT {COLUMNS} FROM import_run WHERE organization_id = $1 AND connection_id = $2"),
            params![self.id, connection],
            run,
        )
    }

    /// Keeps how far the import has come, in the transaction of the page it has read.
    pub fn advance_import(&mut self, run: &ImportRun, now: Timestamp) -> StoreResult<()> {
        let finished = (run.phase == ImportPhase::Done).then_some(now);
        self.tx.execute_exactly(
            1,
            "UPDATE import_run SET phase = $3, next_page = $4, listings_done = $5, listings_total = $6, \
               orders_done = $7, orders_total = $8, updated_at = $9, finished_at = $10 \
             WHERE organization_id = $1 AND id = $2",
            params![
                self.id,
                run.id,
                run.phase.as_str(),
                run.next_page.as_deref(),
                run.listings_done,
                run.listings_total,
                run.orders_done,
                run.orders_total,
                now,
                finished
            ],
        )
    }
}
