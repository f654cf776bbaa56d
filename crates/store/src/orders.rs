//! Orders and their lines, and the timeline that people read.

use domain::order::{Line, SENT_BY_PLATFORM, SnapshotVersion};
use domain::order_list::title_key;
use domain::{
    ChannelKind, ConnectionId, Currency, LineId, ListingId, Money, Order, OrderId, OrderSnapshot, OrderState,
    PackageKind, SkuId, StockPosition, Timestamp,
};

use crate::db::{Row, StoreError, StoreResult};
use crate::{Tenant, params};

/// An order as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOrder {
    /// Id.
    pub id: OrderId,
    /// The part that decisions need.
    pub order: Order,
    /// Its lines' rows, in the same order as `order.lines`.
    pub lines: Vec<HeldLine>,
}

/// A line's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLine {
    /// Id.
    pub id: LineId,
    /// Names the line within its order.
    pub key: String,
    /// The listing it was sold by, where it is known.
    pub listing: Option<ListingId>,
    /// The SKU, where the listing is linked.
    pub sku: Option<SkuId>,
}

/// A line to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    /// Id.
    pub id: LineId,
    /// The listing it was sold by, where it is known.
    pub listing: Option<ListingId>,
    /// The SKU, where the listing is linked.
    pub sku: Option<SkuId>,
}

/// A word of the timeline. Its detail is a short text or number, never personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEvent {
    /// What happened (`placed`, `state`, `stock`, `told`…); a translation key's tail.
    pub kind: String,
    /// What of it.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

fn summary(snapshot: &OrderSnapshot) -> String {
    let first = snapshot.lines.first().map_or("", |line| line.title.as_str());
    match snapshot.lines.len() {
        0 | 1 => first.to_owned(),
        more => format!("{first} +{}", more - 1),
    }
}

impl Tenant<'_, '_> {
    /// The order of a platform's id, as it is held. Other transactions on the same order
    /// wait until this one ends.
    pub fn held_order(
        &mut self,
        connection: ConnectionId,
        external_id: &str,
    ) -> StoreResult<Option<HeldOrder>> {
        self.tx.hold(&format!("{connection}/{external_id}"))?;
        let found = self.tx.row(
            "SELECT id, order_at, shipment_at, state, state_detail, platform_status FROM orders \
             WHERE organization_id = $1 AND connection_id = $2 AND external_id = $3",
            params![self.id, connection, external_id],
            |row| {
                let (state, detail): (String, String) = (row.get(3)?, row.get(4)?);
                let version = SnapshotVersion { order_at: row.get(1)?, shipment_at: row.get(2)? };
                Ok((row.get::<OrderId>(0)?, version, state, detail, row.get::<String>(5)?))
            },
        )?;
        let Some((id, version, state, detail, platform_status)) = found else { return Ok(None) };
        let state = OrderState::parse(&state, &detail).ok_or(StoreError::Inconsistent {
            table: "orders",
            column: "state",
            value: format!("{state}/{detail}"),
        })?;
        let rows = self.tx.rows(
            "SELECT id, line_key, listing_id, sku_id, units, position FROM order_line \
             WHERE organization_id = $1 AND order_id = $2 ORDER BY line_number",
            params![self.id, id],
            |row| {
                let held =
                    HeldLine { id: row.get(0)?, key: row.get(1)?, listing: row.get(2)?, sku: row.get(3)? };
                let position = row.word(5, "order_line", "position", StockPosition::parse)?;
                let line = Line { key: held.key.clone(), units: row.get(4)?, position };
                Ok((held, line))
            },
        )?;
        let (lines, order_lines) = rows.into_iter().unzip();
        Ok(Some(HeldOrder {
            id,
            order: Order { version, state, platform_status, lines: order_lines },
            lines,
        }))
    }

    /// The platform's clock on an order that is held, without waiting for anyone.
    pub fn order_version(
        &mut self,
        connection: ConnectionId,
        external_id: &str,
    ) -> StoreResult<Option<SnapshotVersion>> {
        self.tx.row(
            "SELECT order_at, shipment_at FROM orders \
             WHERE organization_id = $1 AND connection_id = $2 AND external_id = $3",
            params![self.id, connection, external_id],
            |row| Ok(SnapshotVersion { order_at: row.get(0)?, shipment_at: row.get(1)? }),
        )
    }

    /// The platform's clock on an order that is held, and when it was last read.
    pub fn order_reading(
        &mut self,
        connection: ConnectionId,
        external_id: &str,
    ) -> StoreResult<Option<(SnapshotVersion, Timestamp)>> {
        self.tx.row(
            "SELECT order_at, shipment_at, updated_at FROM orders \
             WHERE organization_id = $1 AND connection_id = $2 AND external_id = $3",
            params![self.id, connection, external_id],
            |row| Ok((SnapshotVersion { order_at: row.get(0)?, shipment_at: row.get(1)? }, row.get(2)?)),
        )
    }

    /// Keeps an order seen for the first time. `lines` are those of the snapshot, in order.
    pub fn insert_order(
        &mut self,
        id: OrderId,
        connection: ConnectionId,
        snapshot: &OrderSnapshot,
        order: &Order,
        lines: &[NewLine],
        now: Timestamp,
    ) -> StoreResult<()> {
        let (state, detail) = order.state.as_words();
        let shipment = snapshot.shipment.as_ref();
        let units: i64 = snapshot.lines.iter().map(|line| line.units).sum();
        self.tx.execute_exactly(
            1,
            "INSERT INTO orders (id, organization_id, connection_id, channel, external_id, pack_external_id, order_at, \
               shipment_at, state, state_detail, platform_status, placed_at, total_minor, currency, summary, \
               line_count, unit_count, buyer_external_id, shipment_external_id, shipment_status, logistic_type, \
               tracking_code, ship_by, tags, created_at, updated_at, package_kind) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
                     $22, $23, $24, $25, $25, $26)",
            params![
                id,
                self.id,
                connection,
                snapshot.channel.as_str(),
                &snapshot.external_id,
                snapshot.pack_external_id.as_deref(),
                order.version.order_at,
                order.version.shipment_at,
                state,
                detail,
                &order.platform_status,
                snapshot.placed_at,
                snapshot.total.minor,
                snapshot.total.currency.code(),
                &summary(snapshot),
                i64::try_from(snapshot.lines.len()).unwrap_or(i64::MAX),
                units,
                snapshot.buyer_external_id.as_deref(),
                shipment.map(|shipment| shipment.external_id.as_str()),
                shipment.map(|shipment| shipment.platform_status.as_str()),
                shipment.and_then(|shipment| shipment.logistic_type.as_deref()),
                shipment.and_then(|shipment| shipment.tracking_code.as_deref()),
                shipment.and_then(|shipment| shipment.ship_by),
                &snapshot.tags.join(" "),
                now,
                PackageKind::of(&snapshot.lines).as_str()
            ],
        )?;
        self.insert_lines(id, snapshot, order, lines)
    }

    fn insert_lines(
        &mut self,
        id: OrderId,
        snapshot: &OrderSnapshot,
        order: &Order,
        lines: &[NewLine],
    ) -> StoreResult<()> {
        for (number, ((line, new), held)) in (1_i64..).zip(snapshot.lines.iter().zip(lines).zip(&order.lines))
        {
            self.tx.execute_exactly(
                1,
                "INSERT INTO order_line (id, organization_id, order_id, line_key, listing_external_id, \
                   variation_external_id, listing_id, sku_id, title, seller_sku, units, unit_price_minor, currency, \
                   sale_fee_minor, position, line_number, title_key) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
                params![
                    new.id,
                    self.id,
                    id,
                    &line.key,
                    &line.listing_external_id,
                    line.variation_external_id.as_deref().unwrap_or_default(),
                    new.listing,
                    new.sku,
                    &line.title,
                    line.seller_sku.as_deref(),
                    line.units,
                    line.unit_price.minor,
                    line.unit_price.currency.code(),
                    line.sale_fee.map(|fee| fee.minor),
                    held.position.as_str(),
                    number,
                    &title_key(&line.title)
                ],
            )?;
        }
        Ok(())
    }

    /// Keeps what newer news changed.
    pub fn update_order(
        &mut self,
        held: &HeldOrder,
        snapshot: &OrderSnapshot,
        order: &Order,
        now: Timestamp,
    ) -> StoreResult<()> {
        let (state, detail) = order.state.as_words();
        let shipment = snapshot.shipment.as_ref();
        self.tx.execute_exactly(
            1,
            "UPDATE orders SET pack_external_id = $3, order_at = $4, shipment_at = $5, state = $6, state_detail = $7, \
               platform_status = $8, shipment_external_id = $9, shipment_status = $10, logistic_type = $11, \
               tracking_code = $12, ship_by = $13, tags = $14, total_minor = $15, updated_at = $16 \
             WHERE organization_id = $1 AND id = $2",
            params![
                self.id,
                held.id,
                snapshot.pack_external_id.as_deref(),
                order.version.order_at,
                order.version.shipment_at,
                state,
                detail,
                &order.platform_status,
                shipment.map(|shipment| shipment.external_id.as_str()),
                shipment.map(|shipment| shipment.platform_status.as_str()),
                shipment.and_then(|shipment| shipment.logistic_type.as_deref()),
                shipment.and_then(|shipment| shipment.tracking_code.as_deref()),
                shipment.and_then(|shipment| shipment.ship_by),
                &snapshot.tags.join(" "),
                snapshot.total.minor,
                now
            ],
        )?;
        for (row, line) in held.lines.iter().zip(&order.lines) {
            self.set_line_position(row.id, line.position)?;
        }
        Ok(())
    }

    /// Notes what has happened to a line's stock.
    pub fn set_line_position(&mut self, line: LineId, position: StockPosition) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE order_line SET position = $3 WHERE organization_id = $1 AND id = $2",
            params![self.id, line, position.as_str()],
        )
    }

    /// Says which listing and SKU a line sold (found after the order).
    pub fn link_line(&mut self, line: LineId, listing: ListingId, sku: SkuId) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE order_line SET listing_id = $3, sku_id = $4 WHERE organization_id = $1 AND id = $2",
            params![self.id, line, listing, sku],
        )?;
        // What its SKU costs is known from now on.
        self.tx.execute(
            "INSERT INTO profit_due (organization_id, order_id) \
             SELECT organization_id, order_id FROM order_line WHERE organization_id = $1 AND id = $2 \
             ON CONFLICT (organization_id, order_id) DO NOTHING",
            params![self.id, line],
        )?;
        Ok(())
    }

    /// Says that a line sold nothing of ours: its goods lie elsewhere.
    pub fn unlink_line(&mut self, line: LineId) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE order_line SET sku_id = NULL WHERE organization_id = $1 AND id = $2",
            params![self.id, line],
        )
    }

    /// Lines of a listing that no SKU is known for, of orders whose units are held and that no platform's own
    /// warehouse sends: they are settled when the listing is linked. (line, units, when its order was placed)
    pub fn unlinked_open_lines(
        &mut self,
        connection: ConnectionId,
        external_id: &str,
        variation: &str,
    ) -> StoreResult<Vec<(LineId, i64, Timestamp)>> {
        self.tx.rows(
            "SELECT n.id, n.units, o.placed_at FROM order_line n JOIN orders o ON o.id = n.order_id \
             WHERE o.organization_id = $1 AND o.connection_id = $2 AND n.listing_external_id = $3 \
               AND n.variation_external_id = $4 AND n.sku_id IS NULL AND n.position = 'reserved' \
               AND COALESCE(o.logistic_type, '') NOT IN ($5, $6, $7) ORDER BY o.id, n.line_number",
            params![
                self.id,
                connection,
                external_id,
                variation,
                SENT_BY_PLATFORM[0],
                SENT_BY_PLATFORM[1],
                SENT_BY_PLATFORM[2]
            ],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
    }

    /// Adds to an order's timeline.
    pub fn tell(&mut self, order: OrderId, event_id: [u8; 16], event: &TimelineEvent) -> StoreResult<()> {
        self.tx.at_the_end(
            "",
            Some(1),
            "INSERT INTO timeline (id, organization_id, order_id, at, kind, detail) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                crate::Val::Id(event_id),
                self.id.into(),
                order.into(),
                event.at.into(),
                (&event.kind).into(),
                (&event.detail).into(),
            ],
        )
    }

    /// An order's timeline, the oldest first.
    pub fn timeline(&mut self, order: OrderId) -> StoreResult<Vec<TimelineEvent>> {
        self.tx.rows(
            "SELECT kind, detail, at FROM timeline WHERE organization_id = $1 AND order_id = $2 ORDER BY at, id",
            params![self.id, order],
            |row| Ok(TimelineEvent { kind: row.get(0)?, detail: row.get(1)?, at: row.get(2)? }),
        )
    }

    /// Orders that are not over and were not read since `before`: what a platform's own list
    /// does not show (a cancelled one) is found this way. Those that hold units come before
    /// those on their way, of each the one that waited longest.
    pub fn unfinished_orders_unread_since(
        &mut self,
        connection: ConnectionId,
        before: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<String>> {
        self.tx.rows(
            "SELECT external_id FROM orders WHERE organization_id = $1 AND connection_id = $2 \
               AND state IN ('awaiting_payment', 'to_dispatch', 'needs_attention', 'shipped') \
               AND updated_at < $3 \
             ORDER BY CASE state WHEN 'shipped' THEN 1 ELSE 0 END, updated_at LIMIT $4",
            params![self.id, connection, before, limit],
            |row| row.get(0),
        )
    }

    /// Notes that an order was read and nothing had changed.
    pub fn note_order_read(&mut self, id: OrderId, now: Timestamp) -> StoreResult<()> {
        self.tx.execute(
            "UPDATE orders SET updated_at = $3 WHERE organization_id = $1 AND id = $2",
            params![self.id, id, now],
        )?;
        Ok(())
    }

    /// When the last orders of a connection were placed, for the alarm of silence.
    pub fn order_times(
        &mut self,
        connection: ConnectionId,
        since: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<Timestamp>> {
        self.tx.rows(
            "SELECT placed_at FROM orders WHERE organization_id = $1 AND connection_id = $2 AND placed_at >= $3 \
             ORDER BY placed_at DESC LIMIT $4",
            params![self.id, connection, since, limit],
            |row| row.get(0),
        )
    }
}

/// A line as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    /// Title at the time of the order.
    pub title: String,
    /// The seller's own code at the time of the order.
    pub seller_sku: Option<String>,
    /// The SKU, where linked.
    pub sku: Option<SkuId>,
    /// The listing, where known.
    pub listing: Option<ListingId>,
    /// The platform's id of the listing.
    pub listing_external_id: String,
    /// Units.
    pub units: i64,
    /// Price of one unit.
    pub unit_price: Money,
    /// The marketplace's fee.
    pub sale_fee: Option<Money>,
    /// What has happened to its stock.
    pub position: StockPosition,
}

impl Tenant<'_, '_> {
    /// An order's lines, for its page.
    pub fn order_lines(&mut self, order: OrderId) -> StoreResult<Vec<LineRow>> {
        self.tx.rows(
            "SELECT title, seller_sku, sku_id, listing_id, listing_external_id, units, unit_price_minor, currency, \
                    sale_fee_minor, position \
             FROM order_line WHERE organization_id = $1 AND order_id = $2 ORDER BY line_number",
            params![self.id, order],
            line_row,
        )
    }
}

fn line_row(row: &Row<'_>) -> StoreResult<LineRow> {
    let currency = row.word(7, "order_line", "currency", Currency::from_code)?;
    Ok(LineRow {
        title: row.get(0)?,
        seller_sku: row.get(1)?,
        sku: row.get(2)?,
        listing: row.get(3)?,
        listing_external_id: row.get(4)?,
        units: row.get(5)?,
        unit_price: Money::new(row.get(6)?, currency),
        sale_fee: row.get::<Option<i64>>(8)?.map(|minor| Money::new(minor, currency)),
        position: row.word(9, "order_line", "position", StockPosition::parse)?,
    })
}

/// The channel of a word in a database row.
pub(crate) fn channel(row: &Row<'_>, index: usize, table: &'static str) -> StoreResult<ChannelKind> {
    row.word(index, table, "channel", ChannelKind::parse)
}
