//! SKUs, the append-only ledger and the stock outbox.
//!
//! A ledger row and the SKU's sums change in one statement each, in one transaction; the
//! row's `version` is the SKU's own count, so two writers cannot both be the next.

use domain::{
    Actor, Delta, EntryKind, LedgerEntryId, LineId, ListingId, OrderId, OutboxId, SkuId, Tally, Timestamp,
};

use crate::db::{Row, StoreError, StoreResult};
use crate::{Tenant, params};

/// What is stocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sku {
    /// Id.
    pub id: SkuId,
    /// The seller's own code.
    pub code: String,
    /// Title.
    pub title: String,
    /// The ledger's sums; of a kit, what its components allow: all of it on hand, nothing set aside, and a version of
    /// [`domain::kit::VERSIONS_FROM`] and more.
    pub tally: Tally,
    /// Whether it is a kit.
    pub is_kit: bool,
    /// Whether some kit contains it.
    pub is_component: bool,
}

/// What a SKU is read by, in statements about `sku`. A kit's own sums are all zero.
pub(crate) const COLUMNS: &str = concat!(
    "id, code, title, CASE WHEN sku.is_kit = 1 THEN ",
    crate::kits::kits_possible!(),
    " ELSE on_hand_units END, reserved_units, safety_units, \
     CASE WHEN is_kit = 1 THEN 1000000000 + kit_version ELSE version END, is_kit, is_component"
);

pub(crate) fn sku(row: &Row<'_>) -> StoreResult<Sku> {
    Ok(Sku {
        id: row.get(0)?,
        code: row.get(1)?,
        title: row.get(2)?,
        tally: Tally {
            on_hand_units: row.get(3)?,
            reserved_units: row.get(4)?,
            safety_units: row.get(5)?,
            version: row.get(6)?,
        },
        is_kit: row.get::<i64>(7)? == 1,
        is_component: row.get::<i64>(8)? == 1,
    })
}

/// A row to be written into the ledger.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// Id.
    pub id: LedgerEntryId,
    /// The SKU.
    pub sku: SkuId,
    /// Why.
    pub kind: EntryKind,
    /// What changes.
    pub delta: Delta,
    /// The order line, for effects of orders and for what came back of them.
    pub line: Option<LineId>,
    /// In a person's words, for adjustments.
    pub reason: String,
    /// Who.
    pub actor: Actor,
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Id.
    pub id: LedgerEntryId,
    /// Number within its SKU.
    pub version: i64,
    /// Why.
    pub kind: EntryKind,
    /// What changed.
    pub delta: Delta,
    /// The order whose line it was, with the platform's number.
    pub order: Option<(OrderId, String)>,
    /// In a person's words.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

impl Tenant<'_, '_> {
    /// A SKU.
    pub fn sku(&mut self, id: SkuId) -> StoreResult<Option<Sku>> {
        self.tx.row(
            &format!("SELECT {COLUMNS} FROM sku WHERE organization_id = $1 AND id = $2"),
            params![self.id, id],
            sku,
        )
    }

    /// A SKU by the seller's code.
    pub fn sku_by_code(&mut self, code: &str) -> StoreResult<Option<Sku>> {
        self.tx.row(
            &format!("SELECT {COLUMNS} FROM sku WHERE organization_id = $1 AND code = $2"),
            params![self.id, code],
            sku,
        )
    }

    /// Creates a SKU with an empty ledger; the one that stands when the code is taken.
    pub fn create_sku(&mut self, id: SkuId, code: &str, title: &str, now: Timestamp) -> StoreResult<Sku> {
        let made = self.tx.execute(
            "INSERT INTO sku (id, organization_id, code, title, on_hand_units, reserved_units, safety_units, version, \
                              created_at) \
             VALUES ($1, $2, $3, $4, 0, 0, 0, 0, $5) ON CONFLICT (organization_id, code) DO NOTHING",
            params![id, self.id, code, title, now],
        )?;
        if made == 1 {
            self.keep_sku_words(id, code, title)?;
        }
        self.sku_by_code(code)?.ok_or(StoreError::RowCount { expected: 1, touched: 0 })
    }

    /// Sets the units that are never offered.
    pub fn set_safety(&mut self, id: SkuId, units: i64) -> StoreResult<()> {
        // What can be offered of its kits moves with it; kits come first (`hold_kits_of`).
        self.tx.execute(
            "UPDATE sku SET unsure = 1 WHERE organization_id = $1 \
               AND id IN (SELECT kit_id FROM kit_component WHERE component_id = $2)",
            params![self.id, id],
        )?;
        self.tx.execute_exactly(
            1,
            "UPDATE sku SET safety_units = $3, unsure = 1 WHERE organization_id = $1 AND id = $2",
            params![self.id, id, units],
        )
    }

    /// Appends a ledger row and moves the SKU's sums, and with them the kits that contain it. `None` when that
    /// effect of that line on this SKU is in the ledger already: done before, nothing to do. A kit has no ledger:
    /// who finds that it became one meanwhile has to begin anew.
    pub fn append(&mut self, new: &NewEntry, now: Timestamp) -> StoreResult<Option<Tally>> {
        if let (Some(line), EntryKind::Line(_)) = (new.line, new.kind) {
            let known = self.tx.row(
                "SELECT 1 FROM ledger WHERE organization_id = $1 AND line_id = $2 AND kind = $3 AND sku_id = $4",
                params![self.id, line, new.kind.as_str(), new.sku],
                |_| Ok(()),
            )?;
            if known.is_some() {
                return Ok(None);
            }
        }
        let moved = self.tx.row(
            "UPDATE sku SET on_hand_units = on_hand_units + $3, reserved_units = reserved_units + $4, \
               version = version + 1, unsure = 1 \
             WHERE organization_id = $1 AND id = $2 AND is_kit = 0 \
             RETURNING on_hand_units, reserved_units, safety_units, version, is_component",
            params![self.id, new.sku, new.delta.on_hand_units, new.delta.reserved_units],
            |row| {
                let tally = Tally {
                    on_hand_units: row.get(0)?,
                    reserved_units: row.get(1)?,
                    safety_units: row.get(2)?,
                    version: row.get(3)?,
                };
                Ok((tally, row.get::<i64>(4)? == 1))
            },
        )?;
        let Some((tally, is_component)) = moved else {
            let is_kit = self.sku(new.sku)?.is_some_and(|sku| sku.is_kit);
            return Err(if is_kit {
                StoreError::Locked
            } else {
                StoreError::RowCount { expected: 1, touched: 0 }
            });
        };
        if is_component {
            for kit in self.kits_of(&[new.sku])? {
                self.turn_kit(kit)?;
            }
        }
        let is_return = matches!(new.kind, EntryKind::Return | EntryKind::WriteOff);
        self.tx.execute_exactly(
            1,
            "INSERT INTO ledger (id, organization_id, sku_id, version, kind, on_hand_delta, reserved_delta, line_id, \
                                 reason, actor, at, returned_line_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            params![
                new.id,
                self.id,
                new.sku,
                tally.version,
                new.kind.as_str(),
                new.delta.on_hand_units,
                new.delta.reserved_units,
                new.line.filter(|_| !is_return),
                &new.reason,
                &new.actor.to_string(),
                now,
                new.line.filter(|_| is_return)
            ],
        )?;
        Ok(Some(tally))
    }

    /// The latest ledger rows of a SKU before `below`, the newest first.
    pub fn ledger(&mut self, id: SkuId, below: i64, limit: u32) -> StoreResult<Vec<Entry>> {
        self.tx.rows(
            "SELECT l.id, l.version, l.kind, l.on_hand_delta, l.reserved_delta, o.id, o.external_id, l.reason, \
                    l.actor, l.at \
             FROM ledger l LEFT JOIN order_line n ON n.id = COALESCE(l.line_id, l.returned_line_id) \
             LEFT JOIN orders o ON o.id = n.order_id \
             WHERE l.organization_id = $1 AND l.sku_id = $2 AND l.version < $3 \
             ORDER BY l.version DESC LIMIT $4",
            params![self.id, id, below, limit],
            |row| {
                let order: Option<OrderId> = row.get(5)?;
                let number: Option<String> = row.get(6)?;
                Ok(Entry {
                    id: row.get(0)?,
                    version: row.get(1)?,
                    kind: row.word(2, "ledger", "kind", EntryKind::parse)?,
                    delta: Delta { on_hand_units: row.get(3)?, reserved_units: row.get(4)? },
                    order: order.zip(number),
                    reason: row.get(7)?,
                    actor: row.get(8)?,
                    at: row.get(9)?,
                })
            },
        )
    }

    /// Notes that a listing has to be told a ledger version. Keyed by version, never by
    /// value: selling one and restocking one are two versions. False when noted before.
    pub fn put_out(
        &mut self,
        id: OutboxId,
        listing: ListingId,
        version: i64,
        order: Option<OrderId>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "INSERT INTO outbox (id, organization_id, listing_id, ledger_version, order_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (listing_id, ledger_version) DO NOTHING",
            params![id, self.id, listing, version, order, now],
        )?;
        Ok(touched == 1)
    }

    /// Notes that a listing has to be told a ledger version once more: it drifted, or was
    /// linked anew. It waits from now on, or from when it already waited.
    pub fn put_out_again(
        &mut self,
        id: OutboxId,
        listing: ListingId,
        version: i64,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute(
            "INSERT INTO outbox (id, organization_id, listing_id, ledger_version, order_id, created_at) \
             VALUES ($1, $2, $3, $4, NULL, $5) \
             ON CONFLICT (listing_id, ledger_version) DO UPDATE SET told_at = NULL, told_units = NULL, \
               created_at = CASE WHEN outbox.told_at IS NULL THEN outbox.created_at ELSE excluded.created_at END \
             WHERE outbox.organization_id = excluded.organization_id",
            params![id, self.id, listing, version, now],
        )?;
        Ok(())
    }

    /// The newest ledger version that a listing still has to be told.
    pub fn due_version(&mut self, listing: ListingId) -> StoreResult<Option<i64>> {
        Ok(self
            .tx
            .row(
                "SELECT MAX(ledger_version) FROM outbox \
                 WHERE organization_id = $1 AND listing_id = $2 AND told_at IS NULL",
                params![self.id, listing],
                |row| row.get(0),
            )?
            .flatten())
    }
}

/// SKUs whose sums differ from their ledger's: must be none, ever. For invariants and
/// the audit.
pub fn sums_that_differ(tx: &mut crate::Tx<'_>) -> StoreResult<Vec<SkuId>> {
    tx.rows(
        "SELECT s.id FROM sku s LEFT JOIN ledger l ON l.sku_id = s.id \
         GROUP BY s.id, s.on_hand_units, s.reserved_units, s.version \
         HAVING s.on_hand_units <> COALESCE(SUM(l.on_hand_delta), 0) \
             OR s.reserved_units <> COALESCE(SUM(l.reserved_delta), 0) \
             OR s.version <> COUNT(l.id)",
        &[],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use domain::kit::VERSIONS_FROM;

    use super::*;

    #[test]
    fn a_kits_versions_begin_where_the_domain_says() {
        assert!(COLUMNS.contains(&format!("{VERSIONS_FROM} + kit_version")));
    }
}
