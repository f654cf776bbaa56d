//! What pages read: one query made for each list, keyset pages everywhere, no count that
//! has to walk a table.

use std::time::Duration;

use domain::stock::{LOW_COVER_DAYS, SALES_SPAN_DAYS};
use domain::{
    ChannelKind, ConnectionId, Currency, JobId, ListingId, Money, OrderId, OrderState, PackageKind, Problem,
    SkuId, Tally, Timestamp,
};

use crate::db::{Row, StoreError, StoreResult, Val};
use crate::kits::FREE;
use crate::listings::Listing;
use crate::orders::channel;
use crate::stock::Sku;
use crate::stock_history::SOLD_SINCE;
use crate::{Tenant, listings, params, stock};

pub use crate::order_list::OrderFilter;

/// Rows on a page.
pub const PAGE_ROWS: u32 = 50;
/// Dead jobs shown at once.
pub const MAX_PROBLEMS: u32 = 200;

/// An order as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// Id.
    pub id: OrderId,
    /// Its connection.
    pub connection: ConnectionId,
    /// Its channel.
    pub channel: ChannelKind,
    /// The platform's number.
    pub external_id: String,
    /// The platform's number of the cart.
    pub pack_external_id: Option<String>,
    /// Where it stands.
    pub state: OrderState,
    /// The platform's own word.
    pub platform_status: String,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// What the buyer pays for the goods.
    pub total: Money,
    /// What was bought, in short.
    pub summary: String,
    /// Different lines.
    pub line_count: i64,
    /// Units over all lines.
    pub unit_count: i64,
    /// When it has to be handed over.
    pub ship_by: Option<Timestamp>,
    /// The platform's number of the shipment.
    pub shipment_external_id: Option<String>,
    /// The platform's own word for the shipment.
    pub shipment_status: Option<String>,
    /// Who carries it.
    pub logistic_type: Option<String>,
    /// Tracking code.
    pub tracking_code: Option<String>,
    /// The platform's pseudonym of the buyer.
    pub buyer_external_id: Option<String>,
    /// The platform's tags, separated by spaces.
    pub tags: String,
    /// When it last changed here.
    pub updated_at: Timestamp,
    /// What the package holds; `None` on one that an older program took in.
    pub kind: Option<PackageKind>,
}

pub(crate) const ORDER_COLUMNS: &str = "id, connection_id, channel, external_id, pack_external_id, state, state_detail, \
    platform_status, placed_at, total_minor, currency, summary, line_count, unit_count, ship_by, \
    shipment_external_id, shipment_status, logistic_type, tracking_code, buyer_external_id, tags, updated_at, package_kind";

pub(crate) fn order_row(row: &Row<'_>) -> StoreResult<OrderRow> {
    let (state, detail): (String, String) = (row.get(5)?, row.get(6)?);
    Ok(OrderRow {
        id: row.get(0)?,
        connection: row.get(1)?,
        channel: channel(row, 2, "orders")?,
        external_id: row.get(3)?,
        pack_external_id: row.get(4)?,
        state: OrderState::parse(&state, &detail).ok_or(StoreError::Inconsistent {
            table: "orders",
            column: "state",
            value: state,
        })?,
        platform_status: row.get(7)?,
        placed_at: row.get(8)?,
        total: Money::new(row.get(9)?, row.word(10, "orders", "currency", Currency::from_code)?),
        summary: row.get(11)?,
        line_count: row.get(12)?,
        unit_count: row.get(13)?,
        ship_by: row.get(14)?,
        shipment_external_id: row.get(15)?,
        shipment_status: row.get(16)?,
        logistic_type: row.get(17)?,
        tracking_code: row.get(18)?,
        buyer_external_id: row.get(19)?,
        tags: row.get(20)?,
        updated_at: row.get(21)?,
        kind: row.get::<Option<String>>(22)?.as_deref().and_then(PackageKind::parse),
    })
}

/// A LIKE pattern for "contains", to be compared by `LOWER(…) LIKE LOWER(?) ESCAPE '\\'`.
/// The engine lowers both sides: what it knows of letters beyond ASCII is its own matter,
/// and a text is found by itself whatever that is.
fn contains(text: &str) -> String {
    format!("%{}%", literal(text))
}

/// A text that means itself in a LIKE pattern with `ESCAPE '\\'`.
pub(crate) fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// A listing shows another number than its SKU has, less what the listing holds back, where each shows all of it. That
/// comes behind it, as `Listing::told_from` says it.
const DRIFTS: &str = "stock_control = 'seller' AND state IN ('active', 'paused') \
    AND NOT EXISTS (SELECT 1 FROM sku_split d WHERE d.sku_id = listing.sku_id AND d.is_split = 1) AND EXISTS (\
    SELECT 1 FROM sku WHERE sku.id = listing.sku_id AND listing.shown_units <> ";

/// Which SKUs a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkuFilter {
    /// A part of the code or title; empty for all.
    pub text: String,
    /// Which of them.
    pub show: SkuShow,
}

/// Which SKUs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SkuShow {
    /// All.
    #[default]
    All,
    /// Sold more often than they lie on the shelf.
    Oversold,
    /// Nothing to offer.
    Out,
    /// Less to offer than sells in [`LOW_COVER_DAYS`], as it sold since an instant
    /// [`SALES_SPAN_DAYS`] ago.
    Low {
        /// That instant.
        sold_since: Timestamp,
    },
}

/// Which listings a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListingFilter {
    /// A number or code, whole, or a part of the title; empty for all.
    pub text: String,
    /// Only of this connection.
    pub connection: Option<ConnectionId>,
    /// Which of them.
    pub show: ListingShow,
}

/// Which listings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListingShow {
    /// All.
    #[default]
    All,
    /// Linked to no SKU.
    Unlinked,
    /// Showing another number than they should.
    Drift,
}

/// A place in a list of orders: before or after this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderKey {
    /// When the order was placed.
    pub placed_at: Timestamp,
    /// Its id.
    pub id: OrderId,
}

/// Which way a list is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// From the newest.
    First,
    /// To what is older than this row.
    Older(OrderKey),
    /// Back to what is newer than this row.
    Newer(OrderKey),
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The rows, the newest first.
    pub rows: Vec<T>,
    /// Whether there is more that is older.
    pub older: bool,
    /// Whether there is more that is newer.
    pub newer: bool,
}

impl Tenant<'_, '_> {
    /// An order, for its page.
    pub fn order(&mut self, id: OrderId) -> StoreResult<Option<OrderRow>> {
        self.tx.row(
            &format!("SELECT {ORDER_COLUMNS} FROM orders WHERE organization_id = $1 AND id = $2"),
            params![self.id, id],
            order_row,
        )
    }

    /// SKUs by code, after `after`, and how many listings sell each.
    pub fn sku_page(&mut self, after: &str, filter: &SkuFilter) -> StoreResult<Vec<(Sku, i64)>> {
        let like = contains(&filter.text);
        let mut query = Query::new("organization_id = ?", self.id.into());
        query.and("code > ?", &[after.into()]);
        if !filter.text.is_empty() {
            query.and(
                "(LOWER(code) LIKE LOWER(?) ESCAPE '\\' OR LOWER(title) LIKE LOWER(?) ESCAPE '\\')",
                &[Val::from(&like), Val::from(&like)],
            );
        }
        match filter.show {
            SkuShow::All => {}
            SkuShow::Oversold => query.and("reserved_units > on_hand_units", &[]),
            SkuShow::Out => query.and_taken(&format!("({FREE}) <= 0")),
            SkuShow::Low { sold_since } => {
                let sold = query.take(SOLD_SINCE, &[sold_since.into(), sold_since.into()]);
                let free = format!("({FREE})");
                query.and_taken(&format!("{sold} > 0"));
                query.and_taken(&format!("{free} * {SALES_SPAN_DAYS} <= {sold} * {LOW_COVER_DAYS}"));
            }
        }
        let sql = format!(
            "SELECT {}, (SELECT COUNT(*) FROM listing WHERE listing.sku_id = sku.id) FROM sku WHERE {} \
             ORDER BY code LIMIT {}",
            stock::COLUMNS,
            query.conditions,
            PAGE_ROWS + 1
        );
        self.tx.rows(&sql, &query.params, |row| Ok((stock::sku(row)?, row.get(9)?)))
    }

    /// Codes of SKUs, for suggestions.
    pub fn sku_codes(&mut self, limit: u32) -> StoreResult<Vec<String>> {
        self.tx.rows(
            "SELECT code FROM sku WHERE organization_id = $1 ORDER BY code LIMIT $2",
            params![self.id, limit],
            |row| row.get(0),
        )
    }

    /// Listings after `after`, the oldest first, each with its SKU.
    pub fn listing_page(
        &mut self,
        after: Option<ListingId>,
        filter: &ListingFilter,
    ) -> StoreResult<Vec<(Listing, Option<Sku>)>> {
        let like = contains(&filter.text);
        let mut query = Query::new("organization_id = ?", self.id.into());
        if let Some(after) = after {
            query.and("id > ?", &[after.into()]);
        }
        if let Some(connection) = filter.connection {
            query.and("connection_id = ?", &[connection.into()]);
        }
        if !filter.text.is_empty() {
            query.and(
                "(external_id = ? OR seller_sku = ? OR LOWER(title) LIKE LOWER(?) ESCAPE '\\')",
                &[Val::from(&filter.text), Val::from(&filter.text), Val::from(&like)],
            );
        }
        match filter.show {
            ListingShow::All => {}
            ListingShow::Unlinked => query.and("sku_id IS NULL", &[]),
            ListingShow::Drift => {
                let should = format!("({FREE}) - listing.held_units");
                query.and_taken(&format!("{DRIFTS}CASE WHEN {should} > 0 THEN {should} ELSE 0 END)"));
            }
        }
        let sql = format!(
            "SELECT {} FROM listing WHERE {} ORDER BY id LIMIT {}",
            listings::COLUMNS,
            query.conditions,
            PAGE_ROWS + 1
        );
        self.tx
            .rows(&sql, &query.params, listings::listing)?
            .into_iter()
            .map(|listing| {
                let sku = listing.sku.map(|sku| self.sku(sku)).transpose()?.flatten();
                Ok((listing, sku))
            })
            .collect()
    }

    /// The sums of a SKU after the entry `version`.
    pub fn tally_at(&mut self, sku: SkuId, version: i64) -> StoreResult<Tally> {
        let found = self.tx.row(
            "SELECT CAST(COALESCE(SUM(on_hand_delta), 0) AS BIGINT), \
                    CAST(COALESCE(SUM(reserved_delta), 0) AS BIGINT) \
             FROM ledger WHERE organization_id = $1 AND sku_id = $2 AND version <= $3",
            params![self.id, sku, version],
            |row| {
                Ok(Tally {
                    on_hand_units: row.get(0)?,
                    reserved_units: row.get(1)?,
                    safety_units: 0,
                    version,
                })
            },
        )?;
        Ok(found.unwrap_or_default())
    }

    /// Dead jobs, for people, the newest first.
    pub fn problems(&mut self) -> StoreResult<Vec<ProblemRow>> {
        self.tx.rows(
            "SELECT id, connection_id, kind, payload, problem, error, exchange, attempts, cause, created_at, updated_at \
             FROM job WHERE organization_id = $1 AND state = 'dead' ORDER BY problem, kind, id DESC LIMIT $2",
            params![self.id, MAX_PROBLEMS],
            problem_row,
        )
    }

    /// How many jobs wait for a person.
    pub fn problem_count(&mut self) -> StoreResult<i64> {
        Ok(self
            .tx
            .row(
                "SELECT COUNT(*) FROM job WHERE organization_id = $1 AND state = 'dead'",
                params![self.id],
                |row| row.get(0),
            )?
            .unwrap_or(0))
    }

    /// Dead jobs of a connection, counted by problem.
    pub fn problems_of(&mut self, connection: ConnectionId) -> StoreResult<Vec<(Problem, i64)>> {
        self.tx.rows(
            "SELECT problem, COUNT(*) FROM job \
             WHERE organization_id = $1 AND connection_id = $2 AND state = 'dead' GROUP BY problem ORDER BY problem",
            params![self.id, connection],
            |row| Ok((row.word(0, "job", "problem", Problem::parse)?, row.get(1)?)),
        )
    }

    /// The lag of a connection: how long its last told listing waited, from the change of
    /// stock to the platform's own number. `None` while none was told.
    pub fn lag(&mut self, connection: ConnectionId) -> StoreResult<Option<Duration>> {
        self.tx.row(
            "SELECT b.created_at, b.told_at FROM outbox b JOIN listing l ON l.id = b.listing_id \
             WHERE b.organization_id = $1 AND l.connection_id = $2 AND b.told_at IS NOT NULL \
             ORDER BY b.id DESC LIMIT 1",
            params![self.id, connection],
            |row| {
                let (asked, told): (Timestamp, Timestamp) = (row.get(0)?, row.get(1)?);
                Ok(told.since(asked))
            },
        )
    }

    /// The queue of a connection: how many jobs wait, since when the oldest is due, and
    /// how many wait after a failure.
    pub fn queue(&mut self, connection: ConnectionId) -> StoreResult<Queue> {
        let found = self.tx.row(
            "SELECT COUNT(*), MIN(run_at), COALESCE(SUM(CASE WHEN problem IS NOT NULL THEN 1 ELSE 0 END), 0) \
             FROM job WHERE state = 'ready' AND connection_id = $2 AND organization_id = $1",
            params![self.id, connection],
            |row| Ok(Queue { waiting: row.get(0)?, oldest_due: row.get(1)?, after_failure: row.get(2)? }),
        )?;
        Ok(found.unwrap_or_default())
    }

    /// The last failure of a connection's waiting jobs, in the error's own words.
    pub fn last_failure(
        &mut self,
        connection: ConnectionId,
    ) -> StoreResult<Option<(Problem, String, Timestamp)>> {
        self.tx.row(
            "SELECT problem, error, updated_at FROM job \
             WHERE organization_id = $1 AND connection_id = $2 AND problem IS NOT NULL \
             ORDER BY updated_at DESC LIMIT 1",
            params![self.id, connection],
            |row| Ok((row.word(0, "job", "problem", Problem::parse)?, row.get(1)?, row.get(2)?)),
        )
    }

    /// The listings that an order had told, and when: the end of its way.
    pub fn told(&mut self, order: OrderId) -> StoreResult<Vec<Told>> {
        self.tx.rows(
            "SELECT l.id, l.title, l.external_id, b.created_at, b.told_at, b.told_units \
             FROM outbox b JOIN listing l ON l.id = b.listing_id \
             WHERE b.organization_id = $1 AND b.order_id = $2 ORDER BY b.id",
            params![self.id, order],
            |row| {
                Ok(Told {
                    listing: row.get(0)?,
                    title: row.get(1)?,
                    external_id: row.get(2)?,
                    asked_at: row.get(3)?,
                    told_at: row.get(4)?,
                    units: row.get(5)?,
                })
            },
        )
    }

    /// SKUs sold more often than they lie on the shelf.
    pub fn oversold(&mut self) -> StoreResult<Vec<(SkuId, String, i64)>> {
        self.tx.rows(
            "SELECT id, code, reserved_units - on_hand_units FROM sku \
             WHERE organization_id = $1 AND reserved_units > on_hand_units ORDER BY code LIMIT $2",
            params![self.id, PAGE_ROWS],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
    }
}

/// Conditions put together from fixed fragments: a filter adds a fragment and its values,
/// never a text of its own.
pub(crate) struct Query<'v> {
    conditions: String,
    params: Vec<Val<'v>>,
}

impl<'v> Query<'v> {
    pub(crate) fn new(fragment: &'static str, value: Val<'v>) -> Self {
        let mut query = Self { conditions: String::new(), params: Vec::new() };
        query.and(fragment, &[value]);
        query
    }

    pub(crate) fn conditions(&self) -> &str {
        &self.conditions
    }

    pub(crate) fn params(&self) -> &[Val<'v>] {
        &self.params
    }

    /// A query without a condition, for values alone.
    pub(crate) const fn empty() -> Self {
        Self { conditions: String::new(), params: Vec::new() }
    }

    pub(crate) fn and(&mut self, fragment: &'static str, values: &[Val<'v>]) {
        let condition = self.take(fragment, values);
        self.and_taken(&condition);
    }

    /// Adds a condition whose values were taken already.
    pub(crate) fn and_taken(&mut self, condition: &str) {
        if !self.conditions.is_empty() {
            self.conditions.push_str(" AND ");
        }
        self.conditions.push_str(condition);
    }

    /// Takes a text's values in and numbers its question marks; the text itself is made of
    /// fixed words.
    pub(crate) fn take(&mut self, text: &str, values: &[Val<'v>]) -> String {
        let mut numbered = String::with_capacity(text.len() + 2 * values.len());
        let mut values = values.iter();
        for part in text.split_inclusive('?') {
            match (part.strip_suffix('?'), values.next()) {
                (Some(text), Some(value)) => {
                    self.params.push(*value);
                    numbered.push_str(text);
                    numbered.push('$');
                    numbered.push_str(&self.params.len().to_string());
                }
                _ => numbered.push_str(part),
            }
        }
        numbered
    }
}

/// A connection's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// Jobs that wait.
    pub waiting: i64,
    /// When the oldest was or is due.
    pub oldest_due: Option<Timestamp>,
    /// How many of them failed before.
    pub after_failure: i64,
}

/// A listing that an order had told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The listing.
    pub listing: ListingId,
    /// Its title.
    pub title: String,
    /// The platform's id.
    pub external_id: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When the platform had it.
    pub told_at: Option<Timestamp>,
    /// What it was told.
    pub units: Option<i64>,
}

/// A dead job, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemRow {
    /// Id.
    pub id: JobId,
    /// Its account.
    pub connection: Option<ConnectionId>,
    /// What was to be done.
    pub kind: String,
    /// With what, as JSON.
    pub payload: String,
    /// What went wrong.
    pub problem: Problem,
    /// In the error's own words.
    pub error: String,
    /// The redacted exchange, as JSON.
    pub exchange: Option<String>,
    /// Tries.
    pub attempts: i64,
    /// What caused it.
    pub cause: String,
    /// When it was first asked for.
    pub created_at: Timestamp,
    /// When it was given up.
    pub failed_at: Timestamp,
}

fn problem_row(row: &Row<'_>) -> StoreResult<ProblemRow> {
    Ok(ProblemRow {
        id: row.get(0)?,
        connection: row.get(1)?,
        kind: row.get(2)?,
        payload: row.get(3)?,
        problem: row.word(4, "job", "problem", Problem::parse)?,
        error: row.get::<Option<String>>(5)?.unwrap_or_default(),
        exchange: row.get(6)?,
        attempts: row.get(7)?,
        cause: row.get(8)?,
        created_at: row.get(9)?,
        failed_at: row.get(10)?,
    })
}
