//! How the listings of a SKU share its units: the seller's choice, and what each listing may at
//! most still sell (`domain::split`).

use domain::profit::Earned;
use domain::shield::Shield;
use domain::split::{Mode, Probe, Quota};
use domain::{ConnectionId, Currency, ListingId, Money, SkuId, Timestamp};

use crate::db::{Row, StoreResult};
use crate::{Tenant, Val, params};

/// Entries of a SKU's ledger, the newest, in which recent sales are looked for.
const RECENT_ENTRIES: i64 = 2_000;

/// How a SKU is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkuSplit {
    /// What the seller chose.
    pub mode: Mode,
    /// Whether it is split now.
    pub is_split: bool,
    /// The listing that gets the last units; `None` for the one that sells most.
    pub preferred: Option<ListingId>,
    /// How much its listings may hold back while it is shared.
    pub shield: Shield,
    /// Whether the last units go to where the SKU earns most, where no listing was chosen for them.
    pub by_margin: bool,
}

fn sku_split(row: &Row<'_>) -> StoreResult<SkuSplit> {
    let threshold_units = row.get(1)?;
    let mode = row.word(0, "sku_split", "mode", |word| Mode::parse(word, threshold_units))?;
    let shield = row.word(4, "sku_split", "shield", Shield::parse)?;
    Ok(SkuSplit {
        mode,
        is_split: row.get::<i64>(2)? == 1,
        preferred: row.get(3)?,
        shield,
        by_margin: row.get::<i64>(5)? == 1,
    })
}

fn quota(row: &Row<'_>) -> StoreResult<Quota> {
    let probe = match row.get::<Option<Timestamp>>(7)? {
        None => None,
        Some(began_at) => Some(Probe {
            began_at,
            written_units: row.get(8)?,
            before_units: row.get::<Option<i64>>(9)?.unwrap_or(0),
            shown: row.get::<Option<Timestamp>>(10)?.zip(row.get::<Option<i64>>(11)?),
            sold_units: row.get::<Option<i64>>(12)?.unwrap_or(0),
            given_back_units: row.get::<Option<i64>>(13)?.unwrap_or(0),
        }),
    };
    Ok(Quota {
        listing: row.get(0)?,
        bound_units: row.get(1)?,
        is_known: row.get::<i64>(2)? == 1,
        is_loose: row.get::<i64>(3)? == 1,
        is_lowering: row.get::<i64>(4)? == 1,
        doubt_until: row.get(5)?,
        stray_until: row.get(6)?,
        probe,
        not_before: row.get(14)?,
        moved_at: row.get(15)?,
        looked_at: row.get(16)?,
    })
}

impl Tenant<'_, '_> {
    /// How a SKU is shared; `None` where nobody chose.
    pub fn sku_split(&mut self, sku: SkuId) -> StoreResult<Option<SkuSplit>> {
        self.tx.row(
            "SELECT mode, threshold_units, is_split, preferred_listing_id, shield, last_by_margin FROM sku_split WHERE organization_id = $1 AND sku_id = $2",
            params![self.id, sku],
            sku_split,
        )
    }

    /// Whether a listing sells a SKU that is split now.
    pub fn is_split_listing(&mut self, listing: ListingId) -> StoreResult<bool> {
        let count = self.tx.row(
            "SELECT COUNT(*) FROM listing l JOIN sku_split s ON s.sku_id = l.sku_id \
             WHERE l.organization_id = $1 AND l.id = $2 AND s.is_split = 1",
            params![self.id, listing],
            |row| row.get::<i64>(0),
        )?;
        Ok(count.unwrap_or(0) > 0)
    }

    /// What a listing of a split SKU may at most still sell.
    pub fn quota_bound(&mut self, listing: ListingId) -> StoreResult<Option<i64>> {
        self.tx.row(
            "SELECT bound_units FROM listing_quota WHERE organization_id = $1 AND listing_id = $2",
            params![self.id, listing],
            |row| row.get(0),
        )
    }

    /// How a SKU is shared, for whoever is about to change that or its quotas: others wait until this
    /// transaction is over.
    pub fn hold_sku_split(&mut self, sku: SkuId) -> StoreResult<Option<SkuSplit>> {
        self.tx.row(
            "UPDATE sku_split SET turn = turn + 1 WHERE organization_id = $1 AND sku_id = $2 \
             RETURNING mode, threshold_units, is_split, preferred_listing_id, shield, last_by_margin",
            params![self.id, sku],
            sku_split,
        )
    }

    /// Keeps what a seller chose for a SKU of this shop, and the listing of it that gets the last units. Whether it is split stays as it was.
    pub fn choose_mode(&mut self, sku: SkuId, mode: Mode, preferred: Option<ListingId>) -> StoreResult<()> {
        self.tx.execute(
            "INSERT INTO sku_split (sku_id, organization_id, mode, threshold_units, is_split, turn, \
                                    preferred_listing_id) \
             SELECT id, organization_id, $3, $4, 0, 0, \
               (SELECT l.id FROM listing l WHERE l.organization_id = $1 AND l.id = $5) FROM sku WHERE organization_id = $1 AND id = $2 \
             ON CONFLICT (sku_id) DO UPDATE SET mode = excluded.mode, threshold_units = excluded.threshold_units, \
               preferred_listing_id = excluded.preferred_listing_id",
            params![self.id, sku, mode.as_str(), mode.threshold_units(), preferred],
        )?;
        Ok(())
    }

    /// Keeps how much the listings of a SKU of this shop may hold back, of which a mode was chosen.
    pub fn choose_shield(&mut self, sku: SkuId, shield: Shield) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE sku_split SET shield = $3 WHERE organization_id = $1 AND sku_id = $2",
            params![self.id, sku, shield.as_str()],
        )
    }

    /// Keeps whether the last units of a SKU of this shop, of which a mode was chosen, go to where it earns most.
    pub fn choose_margin(&mut self, sku: SkuId, by_margin: bool) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE sku_split SET last_by_margin = $3 WHERE organization_id = $1 AND sku_id = $2",
            params![self.id, sku, by_margin],
        )
    }

    /// What a SKU earned on each account since an instant: of days that began after it.
    pub fn earned_of(&mut self, sku: SkuId, since: Timestamp) -> StoreResult<Vec<Earned<ConnectionId>>> {
        self.tx.rows(
            "SELECT connection_id, currency, CAST(SUM(units) AS BIGINT), CAST(SUM(uncosted_units) AS BIGINT), \
                    CAST(SUM(sales_minor + discounts_minor + fees_minor + freight_minor + tax_minor + refunds_minor \
                             + adjustments_minor + cost_minor) AS BIGINT) \
             FROM profit_day WHERE organization_id = $1 AND sku_id = $2 AND day >= $3 \
             GROUP BY connection_id, currency ORDER BY connection_id, currency",
            params![self.id, sku, since],
            |row| {
                let currency = row.word(1, "profit_day", "currency", Currency::from_code)?;
                Ok(Earned {
                    at: row.get(0)?,
                    units: row.get(2)?,
                    uncosted_units: row.get(3)?,
                    profit: Money::new(row.get(4)?, currency),
                })
            },
        )
    }

    /// Notes whether a SKU is split now.
    pub fn note_split(&mut self, sku: SkuId, is_split: bool) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE sku_split SET is_split = $3 WHERE organization_id = $1 AND sku_id = $2",
            params![self.id, sku, i64::from(is_split)],
        )
    }

    /// The quotas of a SKU's listings.
    pub fn quotas(&mut self, sku: SkuId) -> StoreResult<Vec<Quota>> {
        self.tx.rows(
            "SELECT listing_id, bound_units, is_known, is_loose, is_lowering, doubt_until, stray_until, \
                    probe_began_at, probe_written_units, probe_before_units, probe_shown_at, probe_shown_units, \
                    probe_sold_units, probe_given_back_units, not_before, moved_at, looked_at \
             FROM listing_quota WHERE organization_id = $1 AND sku_id = $2 ORDER BY listing_id",
            params![self.id, sku],
            quota,
        )
    }

    /// Keeps the quotas of a SKU, and none beside them.
    pub fn keep_quotas(&mut self, sku: SkuId, quotas: &[Quota]) -> StoreResult<()> {
        self.tx.execute(
            "DELETE FROM listing_quota WHERE organization_id = $1 AND sku_id = $2",
            params![self.id, sku],
        )?;
        for quota in quotas {
            let probe = quota.probe;
            let shown = probe.and_then(|probe| probe.shown);
            let mut given = params![
                self.id,
                sku,
                quota.listing,
                quota.bound_units,
                i64::from(quota.is_known),
                i64::from(quota.is_loose),
                i64::from(quota.is_lowering),
                quota.doubt_until,
                quota.stray_until
            ]
            .to_vec();
            given.extend([
                Val::from(probe.map(|probe| probe.began_at)),
                Val::from(probe.and_then(|probe| probe.written_units)),
                Val::from(probe.map(|probe| probe.before_units)),
                Val::from(shown.map(|(at, _)| at)),
                Val::from(shown.map(|(_, units)| units)),
                Val::from(probe.map(|probe| probe.sold_units)),
                Val::from(probe.map(|probe| probe.given_back_units)),
                Val::from(quota.not_before),
                Val::from(quota.moved_at),
                Val::from(quota.looked_at),
            ]);
            self.tx.execute_exactly(
                1,
                "INSERT INTO listing_quota (organization_id, sku_id, listing_id, bound_units, is_known, is_loose, \
                   is_lowering, doubt_until, stray_until, probe_began_at, probe_written_units, probe_before_units, \
                   probe_shown_at, probe_shown_units, probe_sold_units, probe_given_back_units, not_before, \
                   moved_at, looked_at) \
                 SELECT organization_id, sku_id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
                        $17, $18, $19 FROM sku_split WHERE organization_id = $1 AND sku_id = $2",
                &given,
            )?;
        }
        Ok(())
    }

    /// Nothing waits to be told to a listing any more: its SKU is split from now on.
    pub fn settle_outbox(&mut self, listing: ListingId, now: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE outbox SET told_at = $3, \
               told_units = (SELECT shown_units FROM listing WHERE listing.id = outbox.listing_id) \
             WHERE organization_id = $1 AND listing_id = $2 AND told_at IS NULL",
            params![self.id, listing, now],
        )?;
        Ok(())
    }

    /// The split SKUs that an account sells.
    pub fn split_skus_of(&mut self, connection: ConnectionId) -> StoreResult<Vec<SkuId>> {
        self.tx.rows(
            "SELECT q.sku_id FROM listing_quota q JOIN listing l ON l.id = q.listing_id \
             WHERE q.organization_id = $1 AND l.connection_id = $2 GROUP BY q.sku_id ORDER BY q.sku_id",
            params![self.id, connection],
            |row| row.get(0),
        )
    }

    /// Units of a SKU that were set aside since, each with the listing that sold them; of the newest entries of a
    /// ledger that is at `version`.
    pub fn sold_by_listing(
        &mut self,
        sku: SkuId,
        version: i64,
        since: Timestamp,
    ) -> StoreResult<Vec<(Option<ListingId>, i64)>> {
        self.tx.rows(
            "SELECT n.listing_id, l.reserved_delta FROM ledger l JOIN order_line n ON n.id = l.line_id \
             WHERE l.organization_id = $1 AND l.sku_id = $2 AND l.version > $3 AND l.kind = 'reserve' AND l.at >= $4",
            params![self.id, sku, version - RECENT_ENTRIES, since],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// The platform's numbers of an account's orders that wait to be read, those too that nobody tries any more.
    pub fn orders_to_read(&mut self, connection: ConnectionId, limit: u32) -> StoreResult<Vec<String>> {
        self.tx.rows(
            "SELECT dedup_key FROM job WHERE organization_id = $1 AND connection_id = $2 AND kind = 'fetch_order' \
             ORDER BY id LIMIT $3",
            params![self.id, connection, limit],
            |row| row.get(0),
        )
    }
}
