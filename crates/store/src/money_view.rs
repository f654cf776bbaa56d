//! What the pages of money read: sums by day, account and SKU, what loses money, fees that changed,
//! and payouts beside what the platforms' lists say.

use domain::profit::LineProfit;
use domain::radar::{Against, Late, Nature, Seen, Shift, Sighting};
use domain::{ChannelKind, ConnectionId, Currency, ListingId, Money, OrderId, SkuId, Timestamp};

use crate::db::{Row, StoreError, StoreResult};
use crate::orders::channel;
use crate::profits::{Counts, added, line_profit};
use crate::{Tenant, params};

/// Rows of a table of SKUs at most.
pub const MAX_SKU_ROWS: u32 = 10_000;
/// Listings looked through for those that lose money, at most.
pub const MAX_LISTINGS_LOOKED_AT: u32 = 5_000;
/// Orders that the radar looks back over, for one account, at most.
pub const MAX_SIGHTINGS: u32 = 2_000;
/// Rows of a list of payouts at most.
pub const MAX_PAYOUT_ROWS: u32 = 100;
/// Shifts shown at once.
const MAX_SHIFTS: u32 = 50;

/// From a midnight until before another, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first day.
    pub from: Timestamp,
    /// The day after the last.
    pub until: Timestamp,
    /// What all amounts are in.
    pub currency: Currency,
}

/// A day's sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySum {
    /// Its midnight.
    pub day: Timestamp,
    /// What it earned.
    pub profit: LineProfit,
    /// Its orders.
    pub counts: Counts,
}

/// An account's sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSum {
    /// The account.
    pub connection: ConnectionId,
    /// What it earned.
    pub profit: LineProfit,
    /// Its orders.
    pub counts: Counts,
}

/// A SKU's sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuSum {
    /// The SKU, its code and its title; `None` for lines whose listing is linked to none.
    pub sku: Option<(SkuId, String, String)>,
    /// What it earned.
    pub profit: LineProfit,
}

/// A listing that is for sale, and what its SKU's sales of late there say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedListing {
    /// The listing.
    pub id: ListingId,
    /// Its number at the platform.
    pub external_id: String,
    /// Its title.
    pub title: String,
    /// Its account.
    pub connection: ConnectionId,
    /// The SKU.
    pub sku: SkuId,
    /// The SKU's code.
    pub code: String,
    /// What it is offered for.
    pub price: Money,
    /// What a piece costs now.
    pub cost_minor: i64,
    /// The tax on its sale; `None` where nobody said.
    pub tax_basis_points: Option<i64>,
    /// Its sales of late.
    pub late: Late,
}

/// A shift of an account's fees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftRow {
    /// The account.
    pub connection: ConnectionId,
    /// What changed.
    pub shift: Shift,
    /// What all amounts are in.
    pub currency: Currency,
    /// When the radar told it.
    pub found_at: Timestamp,
}

/// What an account took in a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeekOfFees {
    /// The account.
    pub connection: ConnectionId,
    /// Orders of one line that were settled.
    pub orders: i64,
    /// What their buyers paid.
    pub sales_minor: i64,
    /// What was taken.
    pub fee_minor: i64,
    /// Of those of which something was told at the sale: what was told, and what was charged of that.
    pub told: Option<(i64, i64)>,
}

/// An order that is not settled though its time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsettledOrder {
    /// The order.
    pub order: OrderId,
    /// Its number at the platform.
    pub number: String,
    /// Where it was placed.
    pub channel: ChannelKind,
    /// When.
    pub placed_at: Timestamp,
    /// What its buyer paid for the goods.
    pub total: Money,
}

/// An order that a platform's list named settled and that the house does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPayout {
    /// The account.
    pub connection: ConnectionId,
    /// Its number at the platform.
    pub number: String,
    /// When it was settled.
    pub settled_at: Timestamp,
}

const COUNTED: &str = "CAST(SUM(orders) AS BIGINT), CAST(SUM(cancelled) AS BIGINT), CAST(SUM(settled) AS BIGINT), \
     CAST(SUM(sent) AS BIGINT), CAST(SUM(late) AS BIGINT)";
const IN_SPAN: &str = "organization_id = $1 AND day >= $2 AND day < $3 AND currency = $4";

impl Tenant<'_, '_> {
    /// The currencies that there are sums of, the one with the most orders since `from` first.
    pub fn money_currencies(&mut self, from: Timestamp) -> StoreResult<Vec<Currency>> {
        self.tx.rows(
            "SELECT currency FROM shop_day WHERE organization_id = $1 AND day >= $2 \
             GROUP BY currency ORDER BY SUM(orders) DESC, currency",
            params![self.id, from],
            |row| row.word(0, "shop_day", "currency", Currency::from_code),
        )
    }

    /// Sums of each day on which anything was, the oldest first.
    pub fn day_sums(&mut self, span: Span) -> StoreResult<Vec<DaySum>> {
        let given = params![self.id, span.from, span.until, span.currency.code()];
        let sql = format!("SELECT day, {COUNTED} FROM shop_day WHERE {IN_SPAN} GROUP BY day ORDER BY day");
        let mut days = self.tx.rows(&sql, given, |row| {
            let counts = Counts::read(row, 1)?;
            Ok(DaySum { day: row.get(0)?, profit: LineProfit::default(), counts })
        })?;
        let sql =
            format!("SELECT day, {} FROM profit_day WHERE {IN_SPAN} GROUP BY day ORDER BY day", added!());
        let profits =
            self.tx.rows(&sql, given, |row| Ok((row.get::<Timestamp>(0)?, line_profit(row, 1)?)))?;
        for (day, profit) in profits {
            match days.binary_search_by_key(&day, |sum| sum.day) {
                Ok(at) => days[at].profit = profit,
                Err(at) => days.insert(at, DaySum { day, profit, counts: Counts::default() }),
            }
        }
        Ok(days)
    }

    /// Sums of each account.
    pub fn connection_sums(&mut self, span: Span) -> StoreResult<Vec<ConnectionSum>> {
        let given = params![self.id, span.from, span.until, span.currency.code()];
        let by = "GROUP BY connection_id ORDER BY connection_id";
        let sql = format!("SELECT connection_id, {COUNTED} FROM shop_day WHERE {IN_SPAN} {by}");
        let mut sums = self.tx.rows(&sql, given, |row| {
            let counts = Counts::read(row, 1)?;
            Ok(ConnectionSum { connection: row.get(0)?, profit: LineProfit::default(), counts })
        })?;
        let sql = format!("SELECT connection_id, {} FROM profit_day WHERE {IN_SPAN} {by}", added!());
        let profits =
            self.tx.rows(&sql, given, |row| Ok((row.get::<ConnectionId>(0)?, line_profit(row, 1)?)))?;
        for (connection, profit) in profits {
            match sums.iter_mut().find(|sum| sum.connection == connection) {
                Some(sum) => sum.profit = profit,
                None => sums.push(ConnectionSum { connection, profit, counts: Counts::default() }),
            }
        }
        Ok(sums)
    }

    /// Sums of each SKU that was sold, up to [`MAX_SKU_ROWS`].
    pub fn sku_sums(&mut self, span: Span) -> StoreResult<Vec<SkuSum>> {
        let sql = format!(
            "SELECT s.id, s.code, s.title, d.* FROM (SELECT sku_id AS sold_id, {} FROM profit_day WHERE {IN_SPAN} \
             GROUP BY sku_id) d LEFT JOIN sku s ON s.id = d.sold_id ORDER BY d.sold_id LIMIT $5",
            added!()
        );
        let given = params![self.id, span.from, span.until, span.currency.code(), MAX_SKU_ROWS];
        self.tx.rows(&sql, given, |row| {
            let (id, code, title): (Option<SkuId>, Option<String>, Option<String>) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let sku = id.zip(code).zip(title).map(|((id, code), title)| (id, code, title));
            Ok(SkuSum { sku, profit: line_profit(row, 4)? })
        })
    }

    /// Listings for sale whose SKU has a cost and was sold there since `since`, with those sales.
    pub fn priced_listings(&mut self, since: Timestamp) -> StoreResult<Vec<PricedListing>> {
        self.tx.rows(
            "SELECT l.id, l.external_id, l.title, l.connection_id, l.sku_id, s.code, l.price_minor, l.currency, \
                    c.cost_minor, c.tax_basis_points, x.units, x.sales, x.fees, x.freight \
             FROM (SELECT connection_id, sku_id, currency, CAST(SUM(units) AS BIGINT) AS units, \
                     CAST(SUM(sales_minor) AS BIGINT) AS sales, \
                     CAST(SUM(fees_minor + discounts_minor) AS BIGINT) AS fees, \
                     CAST(SUM(freight_minor) AS BIGINT) AS freight \
                   FROM profit_day WHERE organization_id = $1 AND day >= $2 \
                   GROUP BY connection_id, sku_id, currency) x \
             JOIN listing l ON l.organization_id = $1 AND l.connection_id = x.connection_id AND l.sku_id = x.sku_id \
               AND l.currency = x.currency \
             JOIN sku s ON s.id = l.sku_id \
             JOIN sku_cost c ON c.organization_id = $1 AND c.sku_id = l.sku_id AND c.currency = l.currency \
               AND c.valid_from = (SELECT MAX(n.valid_from) FROM sku_cost n WHERE n.sku_id = l.sku_id) \
             WHERE l.state = 'active' AND l.price_minor IS NOT NULL AND c.cost_minor IS NOT NULL AND x.units > 0 \
             ORDER BY l.id LIMIT $3",
            params![self.id, since, MAX_LISTINGS_LOOKED_AT],
            |row| {
                let currency = row.word(7, "listing", "currency", Currency::from_code)?;
                Ok(PricedListing {
                    id: row.get(0)?,
                    external_id: row.get(1)?,
                    title: row.get(2)?,
                    connection: row.get(3)?,
                    sku: row.get(4)?,
                    code: row.get(5)?,
                    price: Money::new(row.get(6)?, currency),
                    cost_minor: row.get(8)?,
                    tax_basis_points: row.get(9)?,
                    late: Late {
                        units: row.get(10)?,
                        sales_minor: row.get(11)?,
                        fees_minor: row.get(12)?,
                        freight_minor: row.get(13)?,
                    },
                })
            },
        )
    }

    /// Settled orders of one line of an account since `since`, as they were placed: the newest
    /// [`MAX_SIGHTINGS`].
    pub fn sightings(
        &mut self,
        connection: ConnectionId,
        since: Timestamp,
        currency: Currency,
    ) -> StoreResult<Vec<Sighting>> {
        let mut newest = self.tx.rows(
            "SELECT o.placed_at, n.listing_external_id, n.variation_external_id, n.unit_price_minor, n.units, p.fee_minor, \
                    p.told_minor, p.told_charged_minor \
             FROM profit_order p JOIN orders o ON o.id = p.order_id \
             JOIN order_line n ON n.organization_id = p.organization_id AND n.order_id = p.order_id \
             WHERE p.organization_id = $1 AND p.connection_id = $2 AND p.day >= $3 AND p.currency = $4 \
               AND p.fee_minor IS NOT NULL AND o.line_count = 1 \
             ORDER BY o.placed_at DESC, o.id DESC LIMIT $5",
            params![self.id, connection, since, currency.code(), MAX_SIGHTINGS],
            |row| {
                let (listing, variation): (String, String) = (row.get(1)?, row.get(2)?);
                let told: Option<i64> = row.get(6)?;
                Ok(Sighting {
                    at: row.get(0)?,
                    offer: format!("{listing}/{variation}"),
                    price_minor: row.get(3)?,
                    units: row.get(4)?,
                    seen: Seen { fee_minor: row.get(5)?, told: told.zip(row.get(7)?) },
                })
            },
        )?;
        newest.reverse();
        Ok(newest)
    }

    /// Keeps a shift of fees that is not known yet: none of its kind and direction began within
    /// `nearby` of it. False where it is known.
    pub fn keep_shift(&mut self, row: &ShiftRow, (from, until): (Timestamp, Timestamp)) -> StoreResult<bool> {
        let (nature, value) = match row.shift.nature {
            Nature::Share(points) => ("share", points),
            Nature::Fixed(minor) => ("fixed", minor),
            Nature::Unclear => ("unclear", 0),
        };
        let shift = &row.shift;
        let direction = if shift.extra_minor() > 0 { ">" } else { "<" };
        let known = format!(
            "SELECT COUNT(*) FROM fee_shift WHERE organization_id = $1 AND connection_id = $2 AND against = $3 \
               AND since >= $4 AND since <= $5 AND charged_minor {direction} expected_minor"
        );
        let given = params![self.id, row.connection, shift.against.as_str(), from, until];
        let known: Option<i64> = self.tx.row(&known, given, |row| row.get(0))?;
        if known.unwrap_or_default() > 0 {
            return Ok(false);
        }
        let touched = self.tx.execute(
            "INSERT INTO fee_shift (connection_id, against, since, organization_id, seen_at, found_at, currency, orders, \
                                    sales_minor, expected_minor, charged_minor, nature, nature_value) \
             VALUES ($2, $3, $4, $1, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT (connection_id, against, since) DO NOTHING",
            params![
                self.id,
                row.connection,
                shift.against.as_str(),
                shift.since,
                shift.seen_at,
                row.found_at,
                row.currency.code(),
                i64::try_from(shift.orders).unwrap_or(i64::MAX),
                shift.sales_minor,
                shift.expected_minor,
                shift.charged_minor,
                nature,
                value
            ],
        )?;
        Ok(touched == 1)
    }

    /// Shifts of fees that were found since `since`, the newest first.
    pub fn shifts(&mut self, since: Timestamp) -> StoreResult<Vec<ShiftRow>> {
        self.tx.rows(
            "SELECT connection_id, against, since, seen_at, found_at, currency, orders, sales_minor, expected_minor, \
                    charged_minor, nature, nature_value \
             FROM fee_shift WHERE organization_id = $1 AND found_at >= $2 \
             ORDER BY found_at DESC, connection_id, against, since LIMIT $3",
            params![self.id, since, MAX_SHIFTS],
            shift_row,
        )
    }

    /// What each account took of orders of one line placed since `since`.
    pub fn fees_since(
        &mut self,
        since: Timestamp,
        until: Timestamp,
        currency: Currency,
    ) -> StoreResult<Vec<WeekOfFees>> {
        self.tx.rows(
            "SELECT p.connection_id, COUNT(*), CAST(SUM(o.total_minor) AS BIGINT), CAST(SUM(p.fee_minor) AS BIGINT), \
                    CAST(SUM(p.told_minor) AS BIGINT), CAST(SUM(p.told_charged_minor) AS BIGINT) \
             FROM profit_order p JOIN orders o ON o.id = p.order_id \
             WHERE p.organization_id = $1 AND p.day >= $2 AND p.day < $3 AND p.currency = $4 AND p.fee_minor IS NOT NULL \
               AND p.connection_id IN (SELECT id FROM connection WHERE organization_id = $1) \
             GROUP BY p.connection_id ORDER BY p.connection_id",
            params![self.id, since, until, currency.code()],
            |row| {
                let told: Option<i64> = row.get(4)?;
                Ok(WeekOfFees {
                    connection: row.get(0)?,
                    orders: row.get(1)?,
                    sales_minor: row.get(2)?,
                    fee_minor: row.get(3)?,
                    told: told.zip(row.get(5)?),
                })
            },
        )
    }

    /// Orders that arrived, were placed before `before` and are not settled; the oldest first.
    pub fn unsettled(&mut self, before: Timestamp) -> StoreResult<Vec<UnsettledOrder>> {
        self.tx.rows(
            "SELECT o.id, o.external_id, o.channel, o.placed_at, o.total_minor, o.currency \
             FROM reckoning r JOIN orders o ON o.id = r.order_id \
             WHERE r.organization_id = $1 AND r.settled_at IS NULL AND o.state = 'delivered' AND o.placed_at < $2 \
             ORDER BY o.placed_at, o.id LIMIT $3",
            params![self.id, before, MAX_PAYOUT_ROWS],
            |row| {
                let currency = row.word(5, "orders", "currency", Currency::from_code)?;
                Ok(UnsettledOrder {
                    order: row.get(0)?,
                    number: row.get(1)?,
                    channel: channel(row, 2, "orders")?,
                    placed_at: row.get(3)?,
                    total: Money::new(row.get(4)?, currency),
                })
            },
        )
    }

    /// Notes that a list named a settlement of an order that the house does not hold.
    pub fn note_unknown_payout(
        &mut self,
        connection: ConnectionId,
        external_id: &str,
        settled_at: Timestamp,
    ) -> StoreResult<()> {
        if self.order_version(connection, external_id)?.is_some() {
            return Ok(());
        }
        self.tx.execute(
            "INSERT INTO payout_unknown (connection_id, external_id, organization_id, settled_at) \
             VALUES ($2, $3, $1, $4) ON CONFLICT (connection_id, external_id) DO NOTHING",
            params![self.id, connection, external_id, settled_at],
        )?;
        Ok(())
    }

    /// Settlements of orders that the house still does not hold, the newest first.
    pub fn unknown_payouts(&mut self) -> StoreResult<Vec<UnknownPayout>> {
        self.tx.rows(
            "SELECT p.connection_id, p.external_id, p.settled_at FROM payout_unknown p \
             LEFT JOIN orders o ON o.organization_id = p.organization_id AND o.connection_id = p.connection_id \
               AND o.external_id = p.external_id \
             WHERE p.organization_id = $1 AND o.id IS NULL \
             ORDER BY p.settled_at DESC, p.connection_id, p.external_id LIMIT $2",
            params![self.id, MAX_PAYOUT_ROWS],
            |row| {
                Ok(UnknownPayout { connection: row.get(0)?, number: row.get(1)?, settled_at: row.get(2)? })
            },
        )
    }
}

fn shift_row(row: &Row<'_>) -> StoreResult<ShiftRow> {
    let (nature, value): (String, i64) = (row.get(10)?, row.get(11)?);
    let nature = match nature.as_str() {
        "share" => Nature::Share(value),
        "fixed" => Nature::Fixed(value),
        "unclear" => Nature::Unclear,
        _ => return Err(StoreError::Inconsistent { table: "fee_shift", column: "nature", value: nature }),
    };
    let orders: i64 = row.get(6)?;
    Ok(ShiftRow {
        connection: row.get(0)?,
        shift: Shift {
            against: row.word(1, "fee_shift", "against", Against::parse)?,
            since: row.get(2)?,
            seen_at: row.get(3)?,
            orders: usize::try_from(orders).unwrap_or_default(),
            sales_minor: row.get(7)?,
            expected_minor: row.get(8)?,
            charged_minor: row.get(9)?,
            nature,
        },
        currency: row.word(5, "fee_shift", "currency", Currency::from_code)?,
        found_at: row.get(4)?,
    })
}
