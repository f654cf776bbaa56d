//! What comes back from buyers: which orders wait for it, what may still come, and what was received
//! (`domain::goods_return`).

use domain::goods_return::{Back, can_come_back};
use domain::profit::CameBack;
use domain::{
    ChannelKind, ConnectionId, Currency, EntryKind, LineId, OrderId, OrderState, SkuId, StockPosition,
    Timestamp, TypedId as _,
};

use crate::db::{StoreError, StoreResult};
use crate::pages::PAGE_ROWS;
use crate::{Tenant, params};

/// One SKU that a line of an order took, and what of it came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnLine {
    /// The line.
    pub line: LineId,
    /// Its title at the time of the order.
    pub title: String,
    /// The SKU: of a kit, one of its components.
    pub sku: SkuId,
    /// The SKU's code.
    pub code: String,
    /// Whether that SKU is a kit by now, and so has no shelf.
    pub is_kit: bool,
    /// Units.
    pub back: Back,
}

/// What was received of an order by one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Counts from 1 within the order.
    pub number: i64,
    /// Units that went onto the shelf.
    pub whole_units: i64,
    /// Units that came back and cannot be sold.
    pub damaged_units: i64,
    /// In a person's words.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// An order whose goods are said to have come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingReturn {
    /// The order.
    pub order: OrderId,
    /// Its number at the platform.
    pub external_id: String,
    /// Where it was placed.
    pub channel: ChannelKind,
    /// The account.
    pub connection: ConnectionId,
    /// What was bought, in a line.
    pub summary: String,
    /// Since when it waits.
    pub since: Timestamp,
}

impl Tenant<'_, '_> {
    /// What a line sold, taken apart: what it booked, or where it booked nothing, its SKU or the components of
    /// that one's recipe of today.
    pub(crate) fn parts_of_line(
        &mut self,
        line: LineId,
        sku: SkuId,
        units: i64,
    ) -> StoreResult<Vec<(SkuId, i64)>> {
        let booked = self.booked(line)?;
        if !booked.is_empty() {
            return Ok(booked);
        }
        let recipe = self.recipe(sku)?;
        if recipe.is_empty() {
            return Ok(vec![(sku, units)]);
        }
        Ok(recipe.into_iter().map(|part| (part.sku, part.units.saturating_mul(units))).collect())
    }

    /// What came back of a line so far: each SKU with all units, and those that could not be sold.
    pub fn came_back(&mut self, line: LineId) -> StoreResult<Vec<(SkuId, i64, i64)>> {
        self.tx.rows(
            "SELECT sku_id, CAST(SUM(CASE WHEN kind = $3 THEN on_hand_delta ELSE 0 END) AS BIGINT), \
                    CAST(SUM(CASE WHEN kind = $4 THEN -on_hand_delta ELSE 0 END) AS BIGINT) \
             FROM ledger WHERE organization_id = $1 AND returned_line_id = $2 GROUP BY sku_id ORDER BY sku_id",
            params![self.id, line, EntryKind::Return.as_str(), EntryKind::WriteOff.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
    }

    /// What of a line that sold so many units of a SKU came back whole, with what that cost at `at`: of a kit as many
    /// whole ones as its components make, and the cost of all of those, unless it has a cost of its `own`.
    pub(crate) fn back_of_line(
        &mut self,
        line: LineId,
        (sold, units): (SkuId, i64),
        own: Option<i64>,
        at: Timestamp,
        currency: Currency,
    ) -> StoreResult<CameBack> {
        let came = self.came_back(line)?;
        if came.is_empty() || units < 1 {
            return Ok(CameBack::default());
        }
        let (mut whole, mut cost_minor) = (units, 0_i64);
        for (part, left) in self.parts_of_line(line, sold, units)? {
            let back = came.iter().find(|(sku, ..)| *sku == part);
            let back = back.map_or(0, |(_, all, damaged)| all - damaged);
            whole = whole.min(back / (left / units).max(1));
            if own.is_none() {
                let of_one = self.cost_of_one(part, at, currency)?.unwrap_or_default();
                cost_minor = cost_minor.saturating_add(of_one.saturating_mul(back));
            }
        }
        let cost_minor = own.map_or(cost_minor, |cost| cost.saturating_mul(whole));
        Ok(CameBack { units: whole, cost_minor })
    }

    /// What of an order left and may come back, line by line.
    pub fn return_lines(&mut self, order: OrderId) -> StoreResult<Vec<ReturnLine>> {
        let lines = self.tx.rows(
            "SELECT n.id, n.title, n.sku_id, n.units, n.position, o.state, o.state_detail \
             FROM order_line n JOIN orders o ON o.id = n.order_id \
             WHERE n.organization_id = $1 AND n.order_id = $2 AND n.sku_id IS NOT NULL ORDER BY n.line_number",
            params![self.id, order],
            |row| {
                let position = row.word(4, "order_line", "position", StockPosition::parse)?;
                let (state, detail): (String, String) = (row.get(5)?, row.get(6)?);
                let state = OrderState::parse(&state, &detail).ok_or(StoreError::Inconsistent {
                    table: "orders",
                    column: "state",
                    value: state,
                })?;
                let line = (row.get::<LineId>(0)?, row.get::<String>(1)?);
                Ok((line, row.get::<SkuId>(2)?, row.get::<i64>(3)?, can_come_back(position, state)))
            },
        )?;
        let mut rows = Vec::new();
        for ((line, title), sold, units, _) in lines.into_iter().filter(|(.., can)| *can) {
            let came = self.came_back(line)?;
            for (sku, left_units) in self.parts_of_line(line, sold, units)? {
                let Some(sku) = self.sku(sku)? else { continue };
                let known = came.iter().find(|(id, ..)| *id == sku.id);
                let (back_units, damaged_units) =
                    known.map_or((0, 0), |(_, back, damaged)| (*back, *damaged));
                rows.push(ReturnLine {
                    line,
                    title: title.clone(),
                    sku: sku.id,
                    code: sku.code,
                    is_kit: sku.is_kit,
                    back: Back { left_units, back_units, damaged_units },
                });
            }
        }
        Ok(rows)
    }

    /// What was received of an order, the first first.
    pub fn receipts(&mut self, order: OrderId) -> StoreResult<Vec<Receipt>> {
        self.tx.rows(
            "SELECT number, whole_units, damaged_units, reason, actor, at FROM stock_return \
             WHERE organization_id = $1 AND order_id = $2 ORDER BY number",
            params![self.id, order],
            |row| {
                Ok(Receipt {
                    number: row.get(0)?,
                    whole_units: row.get(1)?,
                    damaged_units: row.get(2)?,
                    reason: row.get(3)?,
                    actor: row.get(4)?,
                    at: row.get(5)?,
                })
            },
        )
    }

    /// Keeps what was received, and that its order waits no more. A number is taken once.
    pub fn keep_receipt(&mut self, order: OrderId, receipt: &Receipt) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO stock_return (order_id, number, organization_id, whole_units, damaged_units, reason, actor, at) \
             SELECT id, $3, organization_id, $4, $5, $6, $7, $8 FROM orders WHERE organization_id = $1 AND id = $2",
            params![
                self.id,
                order,
                receipt.number,
                receipt.whole_units,
                receipt.damaged_units,
                &receipt.reason,
                &receipt.actor,
                receipt.at
            ],
        )?;
        self.tx.execute(
            "DELETE FROM return_due WHERE organization_id = $1 AND order_id = $2",
            params![self.id, order],
        )?;
        Ok(())
    }

    /// Notes that goods of an order, or of a cart's orders, are said to have come back: where any left, and nothing was
    /// received since `opened_at`. Said twice it waits since the first time.
    pub fn expect_return(
        &mut self,
        connection: ConnectionId,
        external_id: &str,
        opened_at: Timestamp,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute(
            "INSERT INTO return_due (order_id, organization_id, since) \
             SELECT o.id, o.organization_id, $5 FROM orders o \
             WHERE o.organization_id = $1 AND o.connection_id = $2 \
               AND (o.external_id = $3 OR o.pack_external_id = $3) \
               AND (SELECT COUNT(*) FROM order_line n WHERE n.order_id = o.id AND n.sku_id IS NOT NULL \
                      AND (n.position = 'taken' OR (n.position = 'before_opening' \
                           AND o.state IN ('shipped', 'delivered')))) > 0 \
               AND (SELECT COUNT(*) FROM stock_return r WHERE r.order_id = o.id AND r.at >= $4) = 0 \
             ON CONFLICT (order_id) DO NOTHING",
            params![self.id, connection, external_id, opened_at, now],
        )?;
        Ok(())
    }

    /// Orders whose goods wait to be received, behind one, those that waited longest first; one more than a page.
    pub fn returns_waiting(
        &mut self,
        after: Option<(Timestamp, OrderId)>,
    ) -> StoreResult<Vec<WaitingReturn>> {
        let (since, order) =
            after.unwrap_or((Timestamp::from_millis(i64::MIN), OrderId::from_bytes([0; 16])));
        self.tx.rows(
            "SELECT o.id, o.external_id, o.channel, o.connection_id, o.summary, d.since \
             FROM return_due d JOIN orders o ON o.id = d.order_id \
             WHERE d.organization_id = $1 AND (d.since, d.order_id) > ($2, $3) \
             ORDER BY d.since, d.order_id LIMIT $4",
            params![self.id, since, order, PAGE_ROWS + 1],
            |row| {
                Ok(WaitingReturn {
                    order: row.get(0)?,
                    external_id: row.get(1)?,
                    channel: row.word(2, "orders", "channel", ChannelKind::parse)?,
                    connection: row.get(3)?,
                    summary: row.get(4)?,
                    since: row.get(5)?,
                })
            },
        )
    }

    /// Whether an order's goods are said to have come back, and nobody received them.
    pub fn waits_for_return(&mut self, order: OrderId) -> StoreResult<bool> {
        let count = self.tx.row(
            "SELECT COUNT(*) FROM return_due WHERE organization_id = $1 AND order_id = $2",
            params![self.id, order],
            |row| row.get::<i64>(0),
        )?;
        Ok(count.unwrap_or_default() > 0)
    }
}
