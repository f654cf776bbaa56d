//! Counts of the shelf: drafts that several people add to, applied whole (`domain::stock_take`).

use domain::stock_take::MAX_LINES;
use domain::{Actor, Currency, Money, SkuId, StockTakeId, Timestamp};

use crate::db::{Row, StoreError, StoreResult};
use crate::pages::PAGE_ROWS;
use crate::{Tenant, params};

/// Where a count stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeState {
    /// People add to it.
    Open,
    /// Its differences are in the ledger.
    Applied,
    /// It was left, and changed nothing.
    Left,
}

impl TakeState {
    const ALL: [Self; 3] = [Self::Open, Self::Applied, Self::Left];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Applied => "applied",
            Self::Left => "left",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockTake {
    /// Id.
    pub id: StockTakeId,
    /// Where it stands.
    pub state: TakeState,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it was applied or left.
    pub ended_at: Option<Timestamp>,
    /// Why the shelf differed.
    pub reason: String,
    /// SKUs in it.
    pub lines: i64,
}

/// What was counted of a SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeLine {
    /// The SKU.
    pub sku: SkuId,
    /// Its code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// Units counted.
    pub counted_units: i64,
    /// Units that the ledger had on hand when they were.
    pub expected_units: i64,
    /// Units that the ledger has on hand now.
    pub on_hand_units: i64,
    /// When it was last counted.
    pub counted_at: Timestamp,
    /// Whether the shelf changed by the ledger between two counts of it.
    pub has_moved: bool,
    /// Whether it became a kit since: such a line cannot be applied.
    pub is_kit: bool,
    /// What a piece costs.
    pub cost: Option<Money>,
}

/// Whether units are added to what was counted, or are all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// So many more.
    More(i64),
    /// So many in all.
    Exactly(i64),
}

fn take(row: &Row<'_>) -> StoreResult<StockTake> {
    Ok(StockTake {
        id: row.get(0)?,
        state: row.word(1, "stock_take", "state", TakeState::parse)?,
        begun_at: row.get(2)?,
        ended_at: row.get(3)?,
        reason: row.get(4)?,
        lines: row.get(5)?,
    })
}

const TAKE_COLUMNS: &str = "id, state, begun_at, ended_at, reason, \
    (SELECT COUNT(*) FROM stock_take_line l WHERE l.stock_take_id = stock_take.id)";

impl Tenant<'_, '_> {
    /// Begins a count.
    pub fn begin_stock_take(&mut self, id: StockTakeId, by: &Actor, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO stock_take (id, organization_id, state, begun_at, begun_by, reason) \
             VALUES ($1, $2, 'open', $3, $4, '')",
            params![id, self.id, now, &by.to_string()],
        )
    }

    /// The newest counts.
    pub fn stock_takes(&mut self) -> StoreResult<Vec<StockTake>> {
        let sql = format!(
            "SELECT {TAKE_COLUMNS} FROM stock_take WHERE organization_id = $1 ORDER BY id DESC LIMIT {PAGE_ROWS}"
        );
        self.tx.rows(&sql, params![self.id], take)
    }

    /// A count.
    pub fn stock_take(&mut self, id: StockTakeId) -> StoreResult<Option<StockTake>> {
        let sql = format!("SELECT {TAKE_COLUMNS} FROM stock_take WHERE organization_id = $1 AND id = $2");
        self.tx.row(&sql, params![self.id, id], take)
    }

    /// A count, for whoever is about to add to it or to end it: others wait until this transaction is over.
    pub fn hold_stock_take(&mut self, id: StockTakeId) -> StoreResult<Option<StockTake>> {
        self.tx.execute(
            "UPDATE stock_take SET state = state WHERE organization_id = $1 AND id = $2",
            params![self.id, id],
        )?;
        self.stock_take(id)
    }

    /// What was counted, by code.
    pub fn stock_take_lines(&mut self, id: StockTakeId) -> StoreResult<Vec<TakeLine>> {
        let sql = format!(
            "SELECT s.id, s.code, s.title, t.counted_units, t.expected_units, s.on_hand_units, t.counted_at, \
                    t.has_moved, s.is_kit, c.cost_minor, c.currency \
             FROM stock_take_line t JOIN sku s ON s.id = t.sku_id \
             LEFT JOIN sku_cost c ON c.sku_id = s.id \
               AND c.valid_from = (SELECT MAX(l.valid_from) FROM sku_cost l WHERE l.sku_id = s.id) \
             WHERE t.organization_id = $1 AND t.stock_take_id = $2 ORDER BY s.code LIMIT {MAX_LINES}"
        );
        self.tx.rows(&sql, params![self.id, id], |row| {
            let (minor, currency): (Option<i64>, Option<String>) = (row.get(9)?, row.get(10)?);
            let currency = currency.as_deref().and_then(Currency::from_code);
            Ok(TakeLine {
                sku: row.get(0)?,
                code: row.get(1)?,
                title: row.get(2)?,
                counted_units: row.get(3)?,
                expected_units: row.get(4)?,
                on_hand_units: row.get(5)?,
                counted_at: row.get(6)?,
                has_moved: row.get::<i64>(7)? == 1,
                is_kit: row.get::<i64>(8)? == 1,
                cost: minor.zip(currency).map(|(minor, currency)| Money::new(minor, currency)),
            })
        })
    }

    /// Units counted of a SKU so far; `None` where it is not in the count.
    pub fn counted_units(&mut self, take: StockTakeId, sku: SkuId) -> StoreResult<Option<i64>> {
        self.tx.row(
            "SELECT counted_units FROM stock_take_line \
             WHERE organization_id = $1 AND stock_take_id = $2 AND sku_id = $3",
            params![self.id, take, sku],
            |row| row.get(0),
        )
    }

    /// Notes what was counted of a SKU, as of the ledger as it stands. Gives the units counted by now.
    pub fn count_line(
        &mut self,
        take: StockTakeId,
        sku: SkuId,
        counting: Counting,
        now: Timestamp,
    ) -> StoreResult<i64> {
        let (units, is_more) = match counting {
            Counting::More(units) => (units, 1_i64),
            Counting::Exactly(units) => (units, 0),
        };
        let counted = self.tx.row(
            "INSERT INTO stock_take_line (stock_take_id, sku_id, organization_id, counted_units, at_version, \
               expected_units, counted_at, has_moved) \
             SELECT t.id, s.id, t.organization_id, $4, s.version, s.on_hand_units, $6, 0 \
             FROM stock_take t JOIN sku s ON s.organization_id = t.organization_id \
             WHERE t.organization_id = $1 AND t.id = $2 AND s.id = $3 AND t.state = 'open' AND s.is_kit = 0 \
             ON CONFLICT (stock_take_id, sku_id) DO UPDATE SET \
               counted_units = excluded.counted_units + stock_take_line.counted_units * $5, \
               has_moved = CASE WHEN $5 = 0 THEN 0 \
                 WHEN stock_take_line.has_moved = 1 OR stock_take_line.expected_units <> excluded.expected_units \
                 THEN 1 ELSE 0 END, \
               at_version = excluded.at_version, expected_units = excluded.expected_units, \
               counted_at = excluded.counted_at \
             RETURNING counted_units",
            params![self.id, take, sku, units, is_more, now],
            |row| row.get(0),
        )?;
        counted.ok_or(StoreError::RowCount { expected: 1, touched: 0 })
    }

    /// Takes a SKU out of an open count.
    pub fn drop_line(&mut self, take: StockTakeId, sku: SkuId) -> StoreResult<()> {
        self.tx.execute(
            "DELETE FROM stock_take_line WHERE organization_id = $1 AND stock_take_id = $2 AND sku_id = $3",
            params![self.id, take, sku],
        )?;
        Ok(())
    }

    /// Ends an open count.
    pub fn end_stock_take(
        &mut self,
        id: StockTakeId,
        state: TakeState,
        reason: &str,
        by: &Actor,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE stock_take SET state = $3, reason = $4, ended_by = $5, ended_at = $6 \
             WHERE organization_id = $1 AND id = $2 AND state = 'open'",
            params![self.id, id, state.as_str(), reason, &by.to_string(), now],
        )
    }

    /// Codes of the SKUs that have a bar code, a few at most.
    pub fn codes_of_gtin(&mut self, gtin: &str) -> StoreResult<Vec<String>> {
        self.tx.rows(
            "SELECT s.code FROM sku_fact f JOIN sku s ON s.id = f.sku_id \
             WHERE f.organization_id = $1 AND f.gtin = $2 ORDER BY s.code LIMIT 5",
            params![self.id, gtin],
            |row| row.get(0),
        )
    }
}
