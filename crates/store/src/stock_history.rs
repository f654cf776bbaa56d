//! Stock as it stood at a moment, and how fast it sold since one: both from the ledger.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::{ListingId, SkuId, Timestamp};

use crate::db::{StoreResult, Val};
use crate::{Tenant, params};

/// What a listing had been told, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Units.
    pub units: i64,
    /// When the platform had them.
    pub at: Timestamp,
}

/// Units that orders took since an instant, without those that were cancelled, as a condition of
/// a statement about `sku`; of a kit, which has no ledger, by its order lines. It takes the instant twice.
pub(crate) const SOLD_SINCE: &str = "(CASE WHEN sku.is_kit = 1 THEN \
    (SELECT CAST(COALESCE(SUM(n.units), 0) AS BIGINT) FROM order_line n JOIN orders o ON o.id = n.order_id \
     WHERE n.sku_id = sku.id AND n.position IN ('reserved', 'taken') AND o.placed_at >= ?) ELSE \
    (SELECT CAST(COALESCE(SUM(reserved_delta), 0) AS BIGINT) FROM ledger \
     WHERE ledger.sku_id = sku.id AND ledger.at >= ? AND kind IN ('reserve', 'release')) END)";

impl Tenant<'_, '_> {
    /// The number of the last ledger entry of a SKU that was there at a moment; 0 before the first.
    pub fn version_at(&mut self, sku: SkuId, at: Timestamp) -> StoreResult<i64> {
        let found = self.tx.row(
            "SELECT version FROM ledger WHERE organization_id = $1 AND sku_id = $2 AND at <= $3 \
             ORDER BY at DESC, version DESC LIMIT 1",
            params![self.id, sku, at],
            |row| row.get(0),
        )?;
        Ok(found.unwrap_or_default())
    }

    /// What a listing had last been told at a moment; `None` where nothing was known to be.
    pub fn told_at(&mut self, listing: ListingId, at: Timestamp) -> StoreResult<Option<Told>> {
        self.tx.row(
            "SELECT told_units, told_at FROM outbox WHERE organization_id = $1 AND listing_id = $2 AND told_at <= $3 \
             ORDER BY told_at DESC, ledger_version DESC LIMIT 1",
            params![self.id, listing, at],
            |row| Ok(Told { units: row.get(0)?, at: row.get(1)? }),
        )
    }

    /// Units of each SKU that orders took since an instant, without those that were cancelled. A SKU
    /// of which nothing moved is not there.
    pub fn sold_since(&mut self, skus: &[SkuId], since: Timestamp) -> StoreResult<BTreeMap<SkuId, i64>> {
        if skus.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut values: Vec<Val<'_>> = vec![self.id.into(), since.into()];
        let mut marks = String::new();
        for sku in skus {
            values.push((*sku).into());
            // Writing to a String cannot fail.
            let _ = write!(marks, "{}${}", if marks.is_empty() { "" } else { ", " }, values.len());
        }
        let sql = format!(
            "SELECT sku_id, CAST(SUM(reserved_delta) AS BIGINT) FROM ledger \
             WHERE organization_id = $1 AND at >= $2 AND kind IN ('reserve', 'release') AND sku_id IN ({marks}) \
             GROUP BY sku_id"
        );
        let rows = self.tx.rows(&sql, &values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }
}
