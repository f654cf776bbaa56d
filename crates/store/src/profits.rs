//! What orders earn: reckoned in the transaction that changes them, kept order by order, and added up
//! by day, account and SKU.
//!
//! Sums are only ever changed by the difference between what an order added before and what it adds
//! now, at the transaction's end and in one order ([`crate::Tx::at_the_end`]), so no two transactions
//! wait for each other. [`sums_that_differ`] proves them, and [`Tenant::rebuild_profits`] makes them
//! anew.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Add, Sub};

use domain::goods_return::can_come_back;
use domain::profit::{Amounts, CameBack, LineProfit, OrderProfit, Part, SoldLine, Standing};
use domain::radar::Seen;
use domain::settlement::{News, Reckoning, Sums};
use domain::{
    ConnectionId, Currency, LineId, OrderId, OrderSnapshot, OrderState, OrganizationId, SkuId, StockPosition,
    Timestamp, TypedId,
};

use crate::db::{Row, StoreError, StoreResult, Val};
use crate::{Tenant, Tx, params};

/// Stands for the SKU of lines whose listing is linked to none.
fn no_sku() -> SkuId {
    SkuId::from_bytes([0; 16])
}

/// The columns of [`LineProfit`], in the order of [`values`].
macro_rules! sums {
    () => {
        "sales_minor, discounts_minor, fees_minor, freight_minor, tax_minor, refunds_minor, adjustments_minor, \
         cost_minor, units, uncosted_units, untaxed_units"
    };
}

/// Each of them added up.
macro_rules! added {
    () => {
        "CAST(SUM(sales_minor) AS BIGINT), CAST(SUM(discounts_minor) AS BIGINT), CAST(SUM(fees_minor) AS BIGINT), \
         CAST(SUM(freight_minor) AS BIGINT), CAST(SUM(tax_minor) AS BIGINT), CAST(SUM(refunds_minor) AS BIGINT), \
         CAST(SUM(adjustments_minor) AS BIGINT), CAST(SUM(cost_minor) AS BIGINT), CAST(SUM(units) AS BIGINT), \
         CAST(SUM(uncosted_units) AS BIGINT), CAST(SUM(untaxed_units) AS BIGINT)"
    };
}
pub(crate) use added;

const KEEP_ORDER: &str = "INSERT INTO profit_order (order_id, organization_id, connection_id, day, currency, orders, \
       cancelled, settled, sent, late, fee_minor, told_minor, told_charged_minor) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
     ON CONFLICT (order_id) DO UPDATE SET connection_id = excluded.connection_id, day = excluded.day, \
       currency = excluded.currency, orders = excluded.orders, cancelled = excluded.cancelled, \
       settled = excluded.settled, sent = excluded.sent, late = excluded.late, fee_minor = excluded.fee_minor, \
       told_minor = excluded.told_minor, told_charged_minor = excluded.told_charged_minor \
     WHERE profit_order.organization_id = excluded.organization_id";

const KEEP_LINE: &str = concat!(
    "INSERT INTO profit_line (order_id, line_number, organization_id, sku_id, ",
    sums!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
     ON CONFLICT (order_id, line_number) DO UPDATE SET sku_id = excluded.sku_id, \
       sales_minor = excluded.sales_minor, discounts_minor = excluded.discounts_minor, \
       fees_minor = excluded.fees_minor, freight_minor = excluded.freight_minor, tax_minor = excluded.tax_minor, \
       refunds_minor = excluded.refunds_minor, adjustments_minor = excluded.adjustments_minor, \
       cost_minor = excluded.cost_minor, units = excluded.units, uncosted_units = excluded.uncosted_units, \
       untaxed_units = excluded.untaxed_units \
     WHERE profit_line.organization_id = excluded.organization_id"
);

const RAISE_DAY: &str = concat!(
    "INSERT INTO profit_day (organization_id, day, connection_id, sku_id, currency, ",
    sums!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
     ON CONFLICT (organization_id, day, connection_id, sku_id, currency) DO UPDATE SET \
       sales_minor = profit_day.sales_minor + excluded.sales_minor, \
       discounts_minor = profit_day.discounts_minor + excluded.discounts_minor, \
       fees_minor = profit_day.fees_minor + excluded.fees_minor, \
       freight_minor = profit_day.freight_minor + excluded.freight_minor, \
       tax_minor = profit_day.tax_minor + excluded.tax_minor, \
       refunds_minor = profit_day.refunds_minor + excluded.refunds_minor, \
       adjustments_minor = profit_day.adjustments_minor + excluded.adjustments_minor, \
       cost_minor = profit_day.cost_minor + excluded.cost_minor, units = profit_day.units + excluded.units, \
       uncosted_units = profit_day.uncosted_units + excluded.uncosted_units, \
       untaxed_units = profit_day.untaxed_units + excluded.untaxed_units"
);

const RAISE_SHOP: &str = "INSERT INTO shop_day (organization_id, day, connection_id, currency, orders, cancelled, settled, \
       sent, late) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (organization_id, day, connection_id, currency) DO UPDATE SET \
       orders = shop_day.orders + excluded.orders, cancelled = shop_day.cancelled + excluded.cancelled, \
       settled = shop_day.settled + excluded.settled, sent = shop_day.sent + excluded.sent, \
       late = shop_day.late + excluded.late";

/// What is counted of orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sales.
    pub orders: i64,
    /// Orders that were called off.
    pub cancelled: i64,
    /// Sales whose money is final.
    pub settled: i64,
    /// Parcels that were seen to leave.
    pub sent: i64,
    /// Those that left after their deadline.
    pub late: i64,
}

impl Counts {
    pub(crate) fn read(row: &Row<'_>, at: usize) -> StoreResult<Self> {
        Ok(Self {
            orders: row.get(at)?,
            cancelled: row.get(at + 1)?,
            settled: row.get(at + 2)?,
            sent: row.get(at + 3)?,
            late: row.get(at + 4)?,
        })
    }

    fn map2(self, other: Self, by: fn(i64, i64) -> i64) -> [i64; 5] {
        [
            by(self.orders, other.orders),
            by(self.cancelled, other.cancelled),
            by(self.settled, other.settled),
            by(self.sent, other.sent),
            by(self.late, other.late),
        ]
    }

    const fn of([orders, cancelled, settled, sent, late]: [i64; 5]) -> Self {
        Self { orders, cancelled, settled, sent, late }
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::of(self.map2(other, i64::saturating_add))
    }
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::of(self.map2(other, i64::saturating_sub))
    }
}

/// Where an order's sums go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    day: Timestamp,
    connection: ConnectionId,
    currency: &'static str,
}

/// What an order adds to the sums.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Added {
    place: Place,
    counts: Counts,
    lines: BTreeMap<i64, (SkuId, LineProfit)>,
}

/// What a reckoning of an order is made of.
struct Case {
    order: OrderId,
    place: Place,
    placed_at: Timestamp,
    currency: Currency,
    total_minor: i64,
    state: OrderState,
    reckoning: Option<Reckoning>,
}

fn values(profit: &LineProfit) -> impl Iterator<Item = Val<'static>> + use<> {
    let counts = [profit.units, profit.uncosted_units, profit.untaxed_units];
    (*profit.amounts.all()).into_iter().chain(counts).map(Val::from)
}

/// The sums in the columns from `at` on.
pub(crate) fn line_profit(row: &Row<'_>, at: usize) -> StoreResult<LineProfit> {
    let mut amounts = [0; Part::ALL.len()];
    for (index, minor) in amounts.iter_mut().enumerate() {
        *minor = row.get::<Option<i64>>(at + index)?.unwrap_or_default();
    }
    let after = at + Part::ALL.len();
    let count =
        |index: usize| Ok::<i64, StoreError>(row.get::<Option<i64>>(after + index)?.unwrap_or_default());
    Ok(LineProfit {
        amounts: Amounts::new(amounts),
        units: count(0)?,
        uncosted_units: count(1)?,
        untaxed_units: count(2)?,
    })
}

fn counts_of(profit: &OrderProfit, handover: Option<bool>, before: Counts) -> Counts {
    let one = |fits: bool| i64::from(fits);
    let is_on = profit.standing == Standing::On;
    Counts {
        orders: one(is_on),
        cancelled: one(profit.standing == Standing::Off),
        settled: one(is_on && profit.is_settled),
        sent: handover.map_or(before.sent, |_| 1),
        late: handover.map_or(before.late, i64::from),
    }
}

impl Tenant<'_, '_> {
    /// Reckons an order that is taken in for the first time, with what it tells of its own money.
    /// Kept at the transaction's end.
    pub fn begin_profit(
        &mut self,
        order: OrderId,
        connection: ConnectionId,
        snapshot: &OrderSnapshot,
        forecast: &Sums,
        now: Timestamp,
    ) -> StoreResult<()> {
        let currency = snapshot.total.currency;
        let mut reckoning = Reckoning::new(currency);
        let charged = Sums::default();
        let news = News { at: now, currency, forecast: forecast.clone(), charged, settled_at: None };
        let is_told = reckoning.settle(&news).is_ok();
        let day = snapshot.placed_at.business_midnight(0);
        let case = Case {
            order,
            place: Place { day, connection, currency: currency.code() },
            placed_at: snapshot.placed_at,
            currency,
            total_minor: snapshot.total.minor,
            state: snapshot.state,
            reckoning: is_told.then_some(reckoning),
        };
        let (profit, skus) = self.profit_in(&case)?;
        let added = added_by(&case, &profit, &skus, counts_of(&profit, None, Counts::default()));
        self.keep_profit_rows(&case, &added, true)?;
        self.raise(None, &added)
    }

    /// Reckons an order anew after a change, inside the transaction that made it; whoever calls it holds
    /// the order. `handover` says whether its parcel was just seen to leave, and too late. An order that
    /// was never reckoned waits for [`Tenant::reckon_due`].
    pub fn reckon_profit(&mut self, order: OrderId, handover: Option<bool>) -> StoreResult<()> {
        match self.added_before(order)? {
            Some(before) => self.reckon_from(order, Some(&before), handover),
            None => self.profit_is_due(order),
        }
    }

    fn reckon_from(
        &mut self,
        order: OrderId,
        before: Option<&Added>,
        handover: Option<bool>,
    ) -> StoreResult<()> {
        let Some(case) = self.profit_case(order)? else { return Ok(()) };
        let (profit, skus) = self.profit_in(&case)?;
        let counted = before.map(|before| before.counts).unwrap_or_default();
        let added = added_by(&case, &profit, &skus, counts_of(&profit, handover, counted));
        // The rows at once: another change of this transaction has to see them.
        self.keep_profit_rows(&case, &added, false)?;
        self.raise(before, &added)
    }

    /// Notes that an order has to be reckoned anew, by and by.
    pub fn profit_is_due(&mut self, order: OrderId) -> StoreResult<()> {
        self.tx.execute(
            "INSERT INTO profit_due (organization_id, order_id) \
             SELECT organization_id, id FROM orders WHERE organization_id = $1 AND id = $2 \
             ON CONFLICT (organization_id, order_id) DO NOTHING",
            params![self.id, order],
        )?;
        Ok(())
    }

    /// Reckons up to `limit` orders that wait for it; how many those were.
    pub fn reckon_due(&mut self, limit: u32) -> StoreResult<usize> {
        let due = self.tx.rows(
            "SELECT d.order_id, o.connection_id, o.external_id FROM profit_due d JOIN orders o ON o.id = d.order_id \
             WHERE d.organization_id = $1 ORDER BY d.order_id LIMIT $2",
            params![self.id, limit],
            |row| Ok((row.get::<OrderId>(0)?, row.get::<ConnectionId>(1)?, row.get::<String>(2)?)),
        )?;
        for (order, connection, external_id) in &due {
            self.tx.hold(&format!("{connection}/{external_id}"))?;
            let before = self.added_before(*order)?;
            self.reckon_from(*order, before.as_ref(), None)?;
            self.tx.execute(
                "DELETE FROM profit_due WHERE organization_id = $1 AND order_id = $2",
                params![self.id, *order],
            )?;
        }
        Ok(due.len())
    }

    /// How many orders wait to be reckoned, up to `limit`.
    pub fn profits_due(&mut self, limit: u32) -> StoreResult<i64> {
        let counted = self.tx.row(
            "SELECT COUNT(*) FROM (SELECT order_id FROM profit_due WHERE organization_id = $1 LIMIT $2) d",
            params![self.id, limit],
            |row| row.get(0),
        )?;
        Ok(counted.unwrap_or_default())
    }

    /// What an order earns, with how sure that is.
    pub fn order_profit(&mut self, order: OrderId) -> StoreResult<Option<OrderProfit>> {
        let Some(case) = self.profit_case(order)? else { return Ok(None) };
        self.profit_in(&case).map(|(profit, _)| Some(profit))
    }

    fn profit_case(&mut self, order: OrderId) -> StoreResult<Option<Case>> {
        let found = self.tx.row(
            "SELECT connection_id, placed_at, total_minor, currency, state, state_detail FROM orders \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, order],
            |row| {
                let (state, detail): (String, String) = (row.get(4)?, row.get(5)?);
                let state = OrderState::parse(&state, &detail).ok_or(StoreError::Inconsistent {
                    table: "orders",
                    column: "state",
                    value: state,
                })?;
                let currency = row.word(3, "orders", "currency", Currency::from_code)?;
                let placed_at: Timestamp = row.get(1)?;
                let day = placed_at.business_midnight(0);
                Ok(Case {
                    order,
                    place: Place { day, connection: row.get(0)?, currency: currency.code() },
                    placed_at,
                    currency,
                    total_minor: row.get(2)?,
                    state,
                    reckoning: None,
                })
            },
        )?;
        let Some(mut case) = found else { return Ok(None) };
        case.reckoning = self.reckoning(order)?;
        Ok(Some(case))
    }

    /// The lines as they were sold, with what their SKUs cost then; reckoned.
    fn profit_in(&mut self, case: &Case) -> StoreResult<(OrderProfit, Vec<(i64, SkuId)>)> {
        let rows = self.tx.rows(
            "SELECT n.line_number, n.sku_id, n.units, n.unit_price_minor, n.position, c.cost_minor, c.currency, \
                    c.tax_basis_points, n.id \
             FROM order_line n LEFT JOIN sku_cost c ON c.sku_id = n.sku_id AND c.organization_id = n.organization_id \
               AND c.valid_from = (SELECT MAX(l.valid_from) FROM sku_cost l \
                                   WHERE l.sku_id = n.sku_id AND l.valid_from <= $3) \
             WHERE n.organization_id = $1 AND n.order_id = $2 ORDER BY n.line_number",
            params![self.id, case.order, case.placed_at],
            |row| {
                let (units, price): (i64, i64) = (row.get(2)?, row.get(3)?);
                let currency: Option<String> = row.get(6)?;
                let is_ours = currency.as_deref() == Some(case.currency.code());
                let tax: Option<i64> = row.get(7)?;
                let line = SoldLine {
                    price_minor: price.saturating_mul(units),
                    units,
                    position: row.word(4, "order_line", "position", StockPosition::parse)?,
                    cost_minor: row.get::<Option<i64>>(5)?.filter(|_| is_ours),
                    tax_basis_points: tax.and_then(|points| u32::try_from(points).ok()),
                    back: CameBack::default(),
                };
                Ok((row.get::<LineId>(8)?, row.get::<i64>(0)?, row.get::<Option<SkuId>>(1)?, line))
            },
        )?;
        let (mut skus, mut lines) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for (id, number, sku, mut line) in rows {
            let own = line.cost_minor;
            if let (None, Some(sku)) = (own, sku) {
                line.cost_minor = self.kit_cost(id, sku, line.units, case.placed_at, case.currency)?;
            }
            if let (true, Some(sku)) = (can_come_back(line.position, case.state), sku) {
                let (at, currency) = (case.placed_at, case.currency);
                line.back = self.back_of_line(id, (sku, line.units), own, at, currency)?;
            }
            skus.push((number, sku.unwrap_or_else(no_sku)));
            lines.push(line);
        }
        let standing = Standing::of(case.state);
        Ok((OrderProfit::of(standing, case.total_minor, case.reckoning.as_ref(), &lines), skus))
    }

    /// What an order added so far.
    fn added_before(&mut self, order: OrderId) -> StoreResult<Option<Added>> {
        let found = self.tx.row(
            "SELECT day, connection_id, currency, orders, cancelled, settled, sent, late FROM profit_order \
             WHERE organization_id = $1 AND order_id = $2",
            params![self.id, order],
            |row| {
                let currency = row.word(2, "profit_order", "currency", Currency::from_code)?.code();
                let place = Place { day: row.get(0)?, connection: row.get(1)?, currency };
                Ok(Added { place, counts: Counts::read(row, 3)?, lines: BTreeMap::new() })
            },
        )?;
        let Some(mut added) = found else { return Ok(None) };
        let lines = self.tx.rows(
            concat!(
                "SELECT line_number, sku_id, ",
                sums!(),
                " FROM profit_line WHERE organization_id = $1 AND order_id = $2"
            ),
            params![self.id, order],
            |row| Ok((row.get(0)?, (row.get(1)?, line_profit(row, 2)?))),
        )?;
        added.lines = lines.into_iter().collect();
        Ok(Some(added))
    }

    fn keep_profit_rows(&mut self, case: &Case, added: &Added, at_the_end: bool) -> StoreResult<()> {
        let Counts { orders, cancelled, settled, sent, late } = added.counts;
        let is_sale = added.counts.orders == 1;
        let seen = case.reckoning.as_ref().and_then(Seen::of).filter(|_| is_sale);
        let told = seen.and_then(|seen| seen.told);
        let (told_minor, told_charged) = (told.map(|told| told.0), told.map(|told| told.1));
        let Place { day, connection, currency } = added.place;
        let owner = params![
            case.order,
            self.id,
            connection,
            day,
            currency,
            orders,
            cancelled,
            settled,
            sent,
            late,
            seen.map(|seen| seen.fee_minor),
            told_minor,
            told_charged
        ];
        self.put_profit(KEEP_ORDER, owner, at_the_end)?;
        for (number, (sku, profit)) in &added.lines {
            let mut given = params![case.order, *number, self.id, *sku].to_vec();
            given.extend(values(profit));
            self.put_profit(KEEP_LINE, &given, at_the_end)?;
        }
        Ok(())
    }

    fn put_profit(&mut self, sql: &'static str, given: &[Val<'_>], at_the_end: bool) -> StoreResult<()> {
        if at_the_end {
            self.tx.at_the_end("", Some(1), sql, given)
        } else {
            self.tx.execute_exactly(1, sql, given)
        }
    }

    /// Changes the sums by the difference.
    fn raise(&mut self, before: Option<&Added>, after: &Added) -> StoreResult<()> {
        let mut days: BTreeMap<(Place, SkuId), LineProfit> = BTreeMap::new();
        let mut shops: BTreeMap<Place, Counts> = BTreeMap::new();
        for (added, is_new) in before.into_iter().map(|added| (added, false)).chain([(after, true)]) {
            let counts = shops.entry(added.place).or_default();
            *counts = if is_new { *counts + added.counts } else { *counts - added.counts };
            for (sku, profit) in added.lines.values() {
                let sum = days.entry((added.place, *sku)).or_default();
                *sum = if is_new { *sum + *profit } else { *sum - *profit };
            }
        }
        for ((place, sku), sum) in days.iter().filter(|(_, sum)| **sum != LineProfit::default()) {
            let turn = format!("profit/{}/{}/{sku}", place.day.as_millis(), place.connection);
            let mut given = params![self.id, place.day, place.connection, *sku, place.currency].to_vec();
            given.extend(values(sum));
            self.tx.at_the_end(&turn, Some(1), RAISE_DAY, &given)?;
        }
        for (place, counts) in shops.iter().filter(|(_, counts)| **counts != Counts::default()) {
            let turn = format!("profit/{}/{}", place.day.as_millis(), place.connection);
            let Counts { orders, cancelled, settled, sent, late } = *counts;
            let given = params![
                self.id,
                place.day,
                place.connection,
                place.currency,
                orders,
                cancelled,
                settled,
                sent,
                late
            ];
            self.tx.at_the_end(&turn, Some(1), RAISE_SHOP, given)?;
        }
        Ok(())
    }

    /// Makes all sums of the organization anew from what its orders added.
    pub fn rebuild_profits(&mut self) -> StoreResult<()> {
        for sql in [
            "DELETE FROM profit_day WHERE organization_id = $1",
            "DELETE FROM shop_day WHERE organization_id = $1",
            concat!(
                "INSERT INTO profit_day (organization_id, day, connection_id, sku_id, currency, ",
                sums!(),
                ") SELECT p.organization_id, p.day, p.connection_id, l.sku_id, p.currency, ",
                added!(),
                " FROM profit_order p JOIN profit_line l ON l.order_id = p.order_id WHERE p.organization_id = $1 \
                 GROUP BY p.organization_id, p.day, p.connection_id, l.sku_id, p.currency"
            ),
            "INSERT INTO shop_day (organization_id, day, connection_id, currency, orders, cancelled, settled, sent, late) \
             SELECT organization_id, day, connection_id, currency, SUM(orders), SUM(cancelled), SUM(settled), SUM(sent), \
               SUM(late) FROM profit_order WHERE organization_id = $1 \
             GROUP BY organization_id, day, connection_id, currency",
        ] {
            self.tx.execute(sql, params![self.id])?;
        }
        Ok(())
    }

    /// Notes an order's SKU's cost of before: orders of the SKU, and of kits of it, placed from `from` until `until` are
    /// reckoned anew, by and by.
    pub(crate) fn profits_of_sku_are_due(
        &mut self,
        sku: SkuId,
        from: Timestamp,
        until: Timestamp,
    ) -> StoreResult<u64> {
        self.tx.execute(
            "INSERT INTO profit_due (organization_id, order_id) \
             SELECT DISTINCT o.organization_id, o.id FROM order_line n JOIN orders o ON o.id = n.order_id \
             WHERE n.organization_id = $1 AND o.placed_at >= $3 AND o.placed_at < $4 \
               AND (n.sku_id = $2 OR n.id IN (SELECT l.line_id FROM ledger l WHERE l.sku_id = $2)) \
             ON CONFLICT (organization_id, order_id) DO NOTHING",
            params![self.id, sku, from, until],
        )
    }
}

fn added_by(case: &Case, profit: &OrderProfit, skus: &[(i64, SkuId)], counts: Counts) -> Added {
    let lines = skus.iter().zip(&profit.lines).map(|((number, sku), line)| (*number, (*sku, *line)));
    Added { place: case.place, counts, lines: lines.collect() }
}

/// Organizations of which orders wait to be reckoned; no more than `limit`.
pub fn organizations_due(tx: &mut Tx<'_>, limit: usize) -> StoreResult<Vec<OrganizationId>> {
    let mut found: Vec<OrganizationId> = Vec::new();
    while found.len() < limit {
        let after = found.last().copied().unwrap_or(OrganizationId::from_bytes([0; 16]));
        // One look into the key for each: no list of orders is walked.
        let next = tx.row(
            "SELECT organization_id FROM profit_due WHERE organization_id > $1 ORDER BY organization_id LIMIT 1",
            params![after],
            |row| row.get(0),
        )?;
        let Some(next) = next else { break };
        found.push(next);
    }
    Ok(found)
}

/// Days, accounts and SKUs whose sums are not those of their orders: must be none, ever. For
/// invariants and tests.
pub fn sums_that_differ(tx: &mut Tx<'_>) -> StoreResult<Vec<String>> {
    type Key = (OrganizationId, Timestamp, ConnectionId, SkuId, String);
    let mut sums = |sql: &str| {
        let key = |row: &Row<'_>| -> StoreResult<(Key, LineProfit)> {
            let key = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok((key, line_profit(row, 5)?))
        };
        let rows = tx.rows(sql, &[], key)?;
        let some = rows.into_iter().filter(|(_, sum)| *sum != LineProfit::default());
        Ok::<BTreeMap<Key, LineProfit>, StoreError>(some.collect())
    };
    let kept = sums(concat!(
        "SELECT organization_id, day, connection_id, sku_id, currency, ",
        sums!(),
        " FROM profit_day"
    ))?;
    let added = sums(concat!(
        "SELECT p.organization_id, p.day, p.connection_id, l.sku_id, p.currency, ",
        added!(),
        " FROM profit_order p JOIN profit_line l ON l.order_id = p.order_id \
         GROUP BY p.organization_id, p.day, p.connection_id, l.sku_id, p.currency"
    ))?;
    let keys: BTreeSet<&Key> = kept.keys().chain(added.keys()).collect();
    let mut differ: Vec<String> = keys
        .into_iter()
        .filter(|key| kept.get(*key) != added.get(*key))
        .map(|key| format!("{key:?}"))
        .collect();
    differ.extend(tx.rows(
        "SELECT s.day FROM shop_day s LEFT JOIN profit_order p ON p.organization_id = s.organization_id \
           AND p.day = s.day AND p.connection_id = s.connection_id AND p.currency = s.currency \
         GROUP BY s.organization_id, s.day, s.connection_id, s.currency, s.orders, s.cancelled, s.settled, s.sent, s.late \
         HAVING s.orders <> COALESCE(SUM(p.orders), 0) OR s.cancelled <> COALESCE(SUM(p.cancelled), 0) \
             OR s.settled <> COALESCE(SUM(p.settled), 0) OR s.sent <> COALESCE(SUM(p.sent), 0) \
             OR s.late <> COALESCE(SUM(p.late), 0)",
        &[],
        |row| Ok(format!("orders of {:?}", row.get::<Timestamp>(0)?)),
    )?);
    Ok(differ)
}
