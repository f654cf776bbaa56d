//! What the flash-sale shield measures, and what listings hold back by it (`domain::shield`).

use std::time::Duration;

use domain::shield::{Delay, HoldBack, Sold};
use domain::{ConnectionId, Delta, EntryKind, LineId, ListingId, SkuId, Timestamp};

use crate::db::{Row, StoreResult};
use crate::{Tenant, params};

/// A delay as a column holds it, in milliseconds.
pub(crate) fn delay(millis: Option<i64>) -> Delay {
    Delay::of(millis.map(span))
}

fn span(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// What a listing sold lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoldBy {
    /// Which; it may sell a kit that contains the SKU.
    pub listing: Option<ListingId>,
    /// How much, with the delay of its account.
    pub sold: Sold,
}

/// An entry of a ledger, with the sale that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// When it was kept.
    pub at: Timestamp,
    /// Why.
    pub kind: EntryKind,
    /// What changed.
    pub delta: Delta,
    /// The sale.
    pub sale: Option<Sale>,
}

/// A sale, as a ledger's entry knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    /// The line of the order.
    pub line: LineId,
    /// Which listing sold it.
    pub listing: Option<ListingId>,
    /// On which account.
    pub connection: ConnectionId,
    /// When, by the platform's clock.
    pub placed_at: Timestamp,
}

/// What a listing held back from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldBack {
    /// How much and why.
    pub what: HoldBack,
    /// From when on.
    pub at: Timestamp,
}

/// Measurements of one account, with their means; nothing was measured where the count is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// Of news of sales.
    pub news: (u32, Duration),
    /// Of writes.
    pub writes: (u32, Duration),
}

impl Tenant<'_, '_> {
    /// Adds measurements to an account's means.
    pub fn note_delays(&mut self, connection: ConnectionId, measured: Measured) -> StoreResult<()> {
        let Some(held) = self.connection(connection)? else { return Ok(()) };
        let mean = |delay: Delay, (count, mean): (u32, Duration)| {
            delay.after_all(count, mean).measured().map(millis)
        };
        self.tx.execute(
            "UPDATE connection SET news_delay_ms = $3, write_delay_ms = $4 WHERE organization_id = $1 AND id = $2",
            params![
                self.id,
                connection,
                mean(held.news_delay, measured.news),
                mean(held.write_delay, measured.writes)
            ],
        )?;
        Ok(())
    }

    /// What was set aside of a SKU since an instant of our own clock, by the listing that sold it.
    pub fn sold_lately(&mut self, sku: SkuId, since: Timestamp) -> StoreResult<Vec<SoldBy>> {
        self.tx.rows(
            "SELECT n.listing_id, COUNT(*), CAST(SUM(l.reserved_delta) AS BIGINT), MIN(o.placed_at), MAX(o.placed_at), \
                    MAX(c.news_delay_ms) \
             FROM ledger l JOIN order_line n ON n.id = l.line_id JOIN orders o ON o.id = n.order_id \
             JOIN connection c ON c.id = o.connection_id \
             WHERE l.organization_id = $1 AND l.sku_id = $2 AND l.at >= $3 AND l.kind = 'reserve' \
             GROUP BY n.listing_id, c.id ORDER BY n.listing_id, c.id",
            params![self.id, sku, since],
            |row| {
                let sold = Sold {
                    sales: row.get(1)?,
                    units: row.get(2)?,
                    first_at: row.get(3)?,
                    last_at: row.get(4)?,
                    news: delay(row.get(5)?).mean(),
                };
                Ok(SoldBy { listing: row.get(0)?, sold })
            },
        )
    }

    /// The entries of a SKU's ledger that were kept from an instant on and before another, in their order, at most
    /// `limit`.
    pub fn moved_between(
        &mut self,
        sku: SkuId,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<Moved>> {
        self.tx.rows(
            "SELECT l.at, l.kind, l.on_hand_delta, l.reserved_delta, l.line_id, n.listing_id, o.connection_id, \
                    o.placed_at \
             FROM ledger l LEFT JOIN order_line n ON n.id = l.line_id LEFT JOIN orders o ON o.id = n.order_id \
             WHERE l.organization_id = $1 AND l.sku_id = $2 AND l.at >= $3 AND l.at < $4 \
             ORDER BY l.at, l.version LIMIT $5",
            params![self.id, sku, from, to, limit],
            |row| {
                let line: Option<LineId> = row.get(4)?;
                let (connection, placed_at): (Option<ConnectionId>, Option<Timestamp>) =
                    (row.get(6)?, row.get(7)?);
                let listing = row.get(5)?;
                let sale = line.zip(connection).zip(placed_at).map(|((line, connection), placed_at)| Sale {
                    line,
                    listing,
                    connection,
                    placed_at,
                });
                Ok(Moved {
                    at: row.get(0)?,
                    kind: row.word(1, "ledger", "kind", EntryKind::parse)?,
                    delta: Delta { on_hand_units: row.get(2)?, reserved_units: row.get(3)? },
                    sale,
                })
            },
        )
    }

    /// Keeps what a listing holds back from now on.
    pub fn hold_back(&mut self, listing: ListingId, what: &HoldBack, now: Timestamp) -> StoreResult<()> {
        if what.units > 0 {
            self.tx.execute_exactly(
                1,
                "UPDATE listing SET held_since = CASE WHEN held_units > 0 THEN held_since ELSE $4 END, \
                   held_units = $3, unsure = 1 WHERE organization_id = $1 AND id = $2",
                params![self.id, listing, what.units, now],
            )?;
        } else {
            self.tx.execute_exactly(
                1,
                "UPDATE listing SET held_since = NULL, held_units = 0, unsure = 1 WHERE organization_id = $1 AND id = $2",
                params![self.id, listing],
            )?;
        }
        self.tx.execute_exactly(
            1,
            "INSERT INTO hold_back (listing_id, at, organization_id, units, sold_units, over_ms, delay_ms) \
             SELECT id, $3, organization_id, $4, $5, $6, $7 FROM listing WHERE organization_id = $1 AND id = $2 \
             ON CONFLICT (listing_id, at) DO UPDATE SET units = excluded.units, sold_units = excluded.sold_units, \
               over_ms = excluded.over_ms, delay_ms = excluded.delay_ms",
            params![self.id, listing, now, what.units, what.sold_units, millis(what.over), millis(what.delay)],
        )
    }

    /// What a listing holds back, for whoever is about to note what it shows: others who change either wait until
    /// this transaction is over.
    pub fn lock_held_units(&mut self, listing: ListingId) -> StoreResult<Option<i64>> {
        self.tx.row(
            "UPDATE listing SET held_units = held_units WHERE organization_id = $1 AND id = $2 RETURNING held_units",
            params![self.id, listing],
            |row| row.get(0),
        )
    }

    /// What a listing held back at a moment; `None` before it ever did.
    pub fn held_back_at(&mut self, listing: ListingId, at: Timestamp) -> StoreResult<Option<HeldBack>> {
        self.tx.row(
            "SELECT units, sold_units, over_ms, delay_ms, at FROM hold_back \
             WHERE organization_id = $1 AND listing_id = $2 AND at <= $3 ORDER BY at DESC LIMIT 1",
            params![self.id, listing, at],
            held_back,
        )
    }

    /// Since when the oldest wish waits that a listing was not told of yet.
    pub fn wished_at(&mut self, listing: ListingId) -> StoreResult<Option<Timestamp>> {
        let first = self.tx.row(
            "SELECT MIN(created_at) FROM outbox WHERE organization_id = $1 AND listing_id = $2 AND told_at IS NULL",
            params![self.id, listing],
            |row| row.get::<Option<Timestamp>>(0),
        )?;
        Ok(first.flatten())
    }
}

fn held_back(row: &Row<'_>) -> StoreResult<HeldBack> {
    let what = HoldBack {
        units: row.get(0)?,
        sold_units: row.get(1)?,
        over: span(row.get(2)?),
        delay: span(row.get(3)?),
    };
    Ok(HeldBack { what, at: row.get(4)? })
}
