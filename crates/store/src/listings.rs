//! Listings: what the platforms show, and which SKU each one sells.

use domain::shield::shielded;
use domain::{ConnectionId, Currency, ListingId, ListingState, Money, SkuId, Tally, Timestamp};

use crate::db::{Row, StoreResult};
use crate::stock::Sku;
use crate::{Tenant, params};

/// A listing (or one variation of it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Id.
    pub id: ListingId,
    /// Whose listing.
    pub connection: ConnectionId,
    /// The platform's id.
    pub external_id: String,
    /// The platform's id of the variation; empty where there is none.
    pub variation_external_id: String,
    /// Listings of one group share a quantity at the platform; empty where alone.
    pub stock_group: String,
    /// Title.
    pub title: String,
    /// The seller's own code.
    pub seller_sku: Option<String>,
    /// Where it stands.
    pub state: ListingState,
    /// The platform's own word.
    pub platform_status: String,
    /// Whether the hub writes its quantity.
    pub ours: bool,
    /// Price of one unit.
    pub price: Option<Money>,
    /// Its public page.
    pub permalink: Option<String>,
    /// What the platform showed when it was last read.
    pub shown_units: i64,
    /// When that was.
    pub shown_at: Timestamp,
    /// The SKU it sells.
    pub sku: Option<SkuId>,
    /// The quantity last sent.
    pub sent_units: Option<i64>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// The quantity last read back.
    pub confirmed_units: Option<i64>,
    /// When it was read back.
    pub confirmed_at: Option<Timestamp>,
    /// The ledger version it was confirmed for; 0 for none.
    pub confirmed_version: i64,
    /// Units that it keeps back while news of sales elsewhere is on its way (`domain::shield`).
    pub held_units: i64,
    /// Since when it keeps any back.
    pub held_since: Option<Timestamp>,
}

impl Listing {
    /// The sums that it is told from where its SKU is shared: the one place that says what it should show.
    #[must_use]
    pub const fn told_from(&self, tally: Tally) -> Tally {
        shielded(tally, self.held_units)
    }
}

/// What the platform shows of a listing, to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenListing {
    /// The platform's id.
    pub external_id: String,
    /// The platform's id of the variation; empty where there is none.
    pub variation_external_id: String,
    /// Group of a shared quantity; empty where alone.
    pub stock_group: String,
    /// Title.
    pub title: String,
    /// The seller's own code.
    pub seller_sku: Option<String>,
    /// Where it stands.
    pub state: ListingState,
    /// The platform's own word.
    pub platform_status: String,
    /// Whether the hub writes its quantity.
    pub ours: bool,
    /// Price of one unit.
    pub price: Option<Money>,
    /// Its public page.
    pub permalink: Option<String>,
    /// What it shows.
    pub shown_units: i64,
}

pub(crate) const COLUMNS: &str = "id, connection_id, external_id, variation_external_id, stock_group, title, seller_sku, \
    state, platform_status, stock_control, price_minor, currency, permalink, shown_units, shown_at, sku_id, \
    sent_units, sent_at, confirmed_units, confirmed_at, confirmed_version, held_units, held_since";

pub(crate) fn listing(row: &Row<'_>) -> StoreResult<Listing> {
    let control: String = row.get(9)?;
    Ok(Listing {
        id: row.get(0)?,
        connection: row.get(1)?,
        external_id: row.get(2)?,
        variation_external_id: row.get(3)?,
        stock_group: row.get(4)?,
        title: row.get(5)?,
        seller_sku: row.get(6)?,
        state: row.word(7, "listing", "state", ListingState::parse)?,
        platform_status: row.get(8)?,
        ours: control == "seller",
        price: money(row.get(10)?, row.get::<Option<String>>(11)?.as_deref()),
        permalink: row.get(12)?,
        shown_units: row.get(13)?,
        shown_at: row.get(14)?,
        sku: row.get(15)?,
        sent_units: row.get(16)?,
        sent_at: row.get(17)?,
        confirmed_units: row.get(18)?,
        confirmed_at: row.get(19)?,
        confirmed_version: row.get(20)?,
        held_units: row.get(21)?,
        held_since: row.get(22)?,
    })
}

fn money(minor: Option<i64>, currency: Option<&str>) -> Option<Money> {
    Some(Money::new(minor?, Currency::from_code(currency?)?))
}

impl Tenant<'_, '_> {
    /// Keeps what the platform shows; a new listing gets `id`. Returns its row.
    pub fn keep_listing(
        &mut self,
        id: ListingId,
        connection: ConnectionId,
        seen: &SeenListing,
        now: Timestamp,
    ) -> StoreResult<Listing> {
        let before = self.listing_of(connection, &seen.external_id, &seen.variation_external_id)?;
        let kept = self.tx.row(
            &format!(
                "INSERT INTO listing (id, organization_id, connection_id, external_id, variation_external_id, \
                   stock_group, title, seller_sku, state, platform_status, stock_control, price_minor, currency, \
                   permalink, shown_units, shown_at, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16) \
                 ON CONFLICT (connection_id, external_id, variation_external_id) DO UPDATE SET \
                   stock_group = excluded.stock_group, title = excluded.title, seller_sku = excluded.seller_sku, \
                   state = excluded.state, platform_status = excluded.platform_status, \
                   stock_control = excluded.stock_control, price_minor = excluded.price_minor, \
                   currency = excluded.currency, permalink = excluded.permalink, \
                   shown_units = excluded.shown_units, shown_at = excluded.shown_at, \
                   unsure = CASE WHEN listing.shown_units = excluded.shown_units AND listing.state = excluded.state \
                     AND listing.stock_control = excluded.stock_control THEN listing.unsure ELSE 1 END \
                 WHERE listing.organization_id = excluded.organization_id \
                 RETURNING {COLUMNS}"
            ),
            params![
                id,
                self.id,
                connection,
                &seen.external_id,
                &seen.variation_external_id,
                &seen.stock_group,
                &seen.title,
                seen.seller_sku.as_deref(),
                seen.state.as_str(),
                &seen.platform_status,
                if seen.ours { "seller" } else { "platform" },
                seen.price.map(|price| price.minor),
                seen.price.map(|price| price.currency.code()),
                seen.permalink.as_deref(),
                seen.shown_units,
                now
            ],
            listing,
        )?;
        let kept = kept.ok_or(crate::StoreError::RowCount { expected: 1, touched: 0 })?;
        let is_called_so =
            |before: &Listing| (&before.title, &before.seller_sku) == (&kept.title, &kept.seller_sku);
        if !before.as_ref().is_some_and(is_called_so) {
            self.keep_listing_words(&kept)?;
        }
        Ok(kept)
    }

    /// A listing.
    pub fn listing(&mut self, id: ListingId) -> StoreResult<Option<Listing>> {
        self.tx.row(
            &format!("SELECT {COLUMNS} FROM listing WHERE organization_id = $1 AND id = $2"),
            params![self.id, id],
            listing,
        )
    }

    /// The listing that an order line names.
    pub fn listing_of(
        &mut self,
        connection: ConnectionId,
        external_id: &str,
        variation: &str,
    ) -> StoreResult<Option<Listing>> {
        self.tx.row(
            &format!(
                "SELECT {COLUMNS} FROM listing WHERE organization_id = $1 AND connection_id = $2 \
                   AND external_id = $3 AND variation_external_id = $4"
            ),
            params![self.id, connection, external_id, variation],
            listing,
        )
    }

    /// The listings that sell a SKU.
    pub fn listings_of_sku(&mut self, sku: SkuId) -> StoreResult<Vec<Listing>> {
        self.tx.rows(
            &format!("SELECT {COLUMNS} FROM listing WHERE organization_id = $1 AND sku_id = $2 ORDER BY id"),
            params![self.id, sku],
            listing,
        )
    }

    /// The platform's ids of a connection's listings that were told a quantity, or found to
    /// show the right one, since `since`: at most `limit`, the earliest first.
    pub fn listings_told_since(
        &mut self,
        connection: ConnectionId,
        since: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<String>> {
        self.tx.rows(
            "SELECT external_id FROM listing \
             WHERE organization_id = $1 AND connection_id = $2 AND confirmed_at >= $3 \
             GROUP BY external_id ORDER BY MIN(confirmed_at), external_id LIMIT $4",
            params![self.id, connection, since, limit],
            |row| row.get(0),
        )
    }

    /// Listings of the SKUs that a connection sells, of what their kits are made of and of all kits that contain
    /// any of these, those of other connections too, that show another number than their SKU has.
    pub fn listings_to_align(&mut self, connection: ConnectionId) -> StoreResult<Vec<(Listing, Sku)>> {
        let linked = self.tx.rows(
            &format!(
                "SELECT {COLUMNS} FROM listing WHERE organization_id = $1 AND stock_control = 'seller' \
                   AND sku_id IN (SELECT sku_id FROM listing WHERE organization_id = $1 AND connection_id = $2 \
                     UNION SELECT k.component_id FROM kit_component k JOIN listing l ON l.sku_id = k.kit_id \
                       WHERE l.organization_id = $1 AND l.connection_id = $2 \
                     UNION SELECT other.kit_id FROM kit_component other JOIN listing l ON l.sku_id = other.component_id \
                       WHERE l.organization_id = $1 AND l.connection_id = $2 \
                     UNION SELECT other.kit_id FROM kit_component other \
                       JOIN kit_component k ON k.component_id = other.component_id \
                       JOIN listing l ON l.sku_id = k.kit_id \
                       WHERE l.organization_id = $1 AND l.connection_id = $2) \
                 ORDER BY id"
            ),
            params![self.id, connection],
            listing,
        )?;
        let mut differing = Vec::new();
        for listing in linked {
            let Some(sku) = listing.sku.map(|sku| self.sku(sku)).transpose()?.flatten() else { continue };
            let should = listing.told_from(sku.tally).available_units();
            if listing.state.takes_stock() && should != listing.shown_units {
                differing.push((listing, sku));
            }
        }
        Ok(differing)
    }

    /// Says which SKU a listing sells (or none).
    pub fn link_listing(&mut self, id: ListingId, sku: Option<SkuId>) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE listing SET sku_id = $3, confirmed_version = 0, held_units = 0, held_since = NULL, unsure = 1 \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, id, sku],
        )
    }

    /// Notes that a quantity is about to be sent.
    pub fn note_sent(&mut self, id: ListingId, units: i64, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE listing SET sent_units = $3, sent_at = $4 WHERE organization_id = $1 AND id = $2",
            params![self.id, id, units, now],
        )
    }

    /// Notes what the platform shows after a quantity for `version` was sent or found
    /// right, and settles the outbox up to that version.
    pub fn note_confirmed(
        &mut self,
        id: ListingId,
        units: i64,
        version: i64,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE listing SET unsure = CASE WHEN shown_units = $3 THEN unsure ELSE 1 END, \
               confirmed_units = $3, confirmed_at = $4, shown_units = $3, shown_at = $4, \
               confirmed_version = CASE WHEN confirmed_version < $5 THEN $5 ELSE confirmed_version END \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, id, units, now, version],
        )?;
        self.tx.execute(
            "UPDATE outbox SET told_at = $4, told_units = $5 \
             WHERE organization_id = $1 AND listing_id = $2 AND ledger_version <= $3 AND told_at IS NULL",
            params![self.id, id, version, now, units],
        )?;
        Ok(())
    }

    /// Notes what the platform was seen to show, outside of our own writes.
    pub fn note_shown(
        &mut self,
        id: ListingId,
        units: i64,
        state: ListingState,
        status: &str,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE listing SET unsure = CASE WHEN shown_units = $3 AND state = $5 THEN unsure ELSE 1 END, \
               shown_units = $3, shown_at = $4, state = $5, platform_status = $6 \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, id, units, now, state.as_str(), status],
        )
    }

    /// Notes that a listing sold units: its platform takes them off what it shows by
    /// itself (and off every listing of the same group), unless it was read since.
    pub fn note_sold(&mut self, id: ListingId, units: i64, placed_at: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE listing SET shown_units = CASE WHEN shown_units > $3 THEN shown_units - $3 ELSE 0 END, unsure = 1 \
             WHERE organization_id = $1 AND shown_at < $4 AND id IN (\
               SELECT id FROM listing WHERE id = $2 \
               UNION ALL \
               SELECT beside.id FROM listing sold JOIN listing beside \
                 ON beside.connection_id = sold.connection_id AND beside.stock_group = sold.stock_group \
               WHERE sold.id = $2 AND beside.stock_group <> '')",
            params![self.id, id, units, placed_at],
        )?;
        Ok(())
    }
}
