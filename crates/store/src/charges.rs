//! Money: what an order was expected to bring in and what its platform charged, and the list
//! of what differs.

use std::collections::BTreeMap;

use domain::settlement::{Difference, FeeKind, Forecast, Reckoning, Sums};
use domain::{
    ChannelKind, ConnectionId, Currency, DifferenceId, Money, OrderId, OrderSnapshot, OrderState, Timestamp,
};

use crate::db::{Row, StoreError, StoreResult, Val};
use crate::orders::channel;
use crate::pages::{PAGE_ROWS, Query};
use crate::{Tenant, params};

/// An order's money as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMoney {
    /// The order.
    pub order: OrderId,
    /// Where it was placed.
    pub channel: ChannelKind,
    /// Where it stands.
    pub state: OrderState,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// The latest settlement that a list of the platform named for it.
    pub listed_at: Option<Timestamp>,
    /// Its amounts.
    pub reckoning: Reckoning,
}

/// A difference to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDifference {
    /// Its id, where it is new to the list.
    pub id: DifferenceId,
    /// What differs.
    pub difference: Difference,
}

/// A difference as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferenceRow {
    /// Its id.
    pub id: DifferenceId,
    /// The order.
    pub order: OrderId,
    /// The order's number at the platform.
    pub order_external_id: String,
    /// Where it was placed.
    pub channel: ChannelKind,
    /// What all amounts are in.
    pub currency: Currency,
    /// What differs.
    pub difference: Difference,
    /// When it was found.
    pub found_at: Timestamp,
}

/// The differences of one channel together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferenceSum {
    /// The channel.
    pub channel: ChannelKind,
    /// How many.
    pub count: i64,
    /// What the seller got more, or (below zero) less than was forecast.
    pub difference: Money,
}

fn reckoning_of(row: &Row<'_>, at: usize) -> StoreResult<Reckoning> {
    let mut reckoning = Reckoning::new(row.word(at, "reckoning", "currency", Currency::from_code)?);
    reckoning.charged_at = row.get(at + 1)?;
    reckoning.settled_at = row.get(at + 2)?;
    Ok(reckoning)
}

fn kind(row: &Row<'_>, at: usize, table: &'static str) -> StoreResult<FeeKind> {
    let (kind, word): (String, String) = (row.get(at)?, row.get(at + 1)?);
    FeeKind::parse(&kind, &word).ok_or(StoreError::Inconsistent { table, column: "kind", value: kind })
}

impl Tenant<'_, '_> {
    /// Begins the reckoning of an order that is seen for the first time, with what the order
    /// itself tells of its money; its platform is asked from `due_at` on. Kept at the
    /// transaction's end.
    pub fn begin_reckoning(
        &mut self,
        order: OrderId,
        connection: ConnectionId,
        snapshot: &OrderSnapshot,
        forecast: &Sums,
        now: Timestamp,
        due_at: Option<Timestamp>,
    ) -> StoreResult<()> {
        self.tx.at_the_end(
            "",
            Some(1),
            "INSERT INTO reckoning (order_id, organization_id, connection_id, channel, currency, due_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            params![
                order,
                self.id,
                connection,
                snapshot.channel.as_str(),
                snapshot.total.currency.code(),
                due_at
            ],
        )?;
        for (kind, minor) in forecast.iter() {
            let (kind, word) = kind.as_words();
            self.tx.at_the_end(
                "",
                Some(1),
                "INSERT INTO charge (organization_id, order_id, kind, word, forecast_minor, forecast_at) \
                 VALUES ($1, $2, $3, $4, $5, $6)",
                params![self.id, order, kind, word, minor, now],
            )?;
        }
        Ok(())
    }

    /// The money of the order of a platform's id. Other transactions on the same order wait
    /// until this one ends.
    pub fn money_of(
        &mut self,
        connection: ConnectionId,
        external_id: &str,
    ) -> StoreResult<Option<HeldMoney>> {
        self.tx.hold(&format!("{connection}/{external_id}"))?;
        let found = self.tx.row(
            "SELECT o.id, o.channel, o.state, o.state_detail, o.placed_at, r.listed_at, r.currency, r.charged_at, \
                    r.settled_at \
             FROM orders o JOIN reckoning r ON r.order_id = o.id \
             WHERE o.organization_id = $1 AND o.connection_id = $2 AND o.external_id = $3",
            params![self.id, connection, external_id],
            |row| {
                let (state, detail): (String, String) = (row.get(2)?, row.get(3)?);
                Ok(HeldMoney {
                    order: row.get(0)?,
                    channel: channel(row, 1, "orders")?,
                    state: OrderState::parse(&state, &detail).ok_or(StoreError::Inconsistent {
                        table: "orders",
                        column: "state",
                        value: state,
                    })?,
                    placed_at: row.get(4)?,
                    listed_at: row.get(5)?,
                    reckoning: reckoning_of(row, 6)?,
                })
            },
        )?;
        let Some(mut held) = found else { return Ok(None) };
        self.read_charges(held.order, &mut held.reckoning)?;
        Ok(Some(held))
    }

    /// An order's money, for its page.
    pub fn reckoning(&mut self, order: OrderId) -> StoreResult<Option<Reckoning>> {
        let found = self.tx.row(
            "SELECT currency, charged_at, settled_at FROM reckoning WHERE organization_id = $1 AND order_id = $2",
            params![self.id, order],
            |row| reckoning_of(row, 0),
        )?;
        let Some(mut reckoning) = found else { return Ok(None) };
        self.read_charges(order, &mut reckoning)?;
        Ok(Some(reckoning))
    }

    fn read_charges(&mut self, order: OrderId, reckoning: &mut Reckoning) -> StoreResult<()> {
        let rows = self.tx.rows(
            "SELECT kind, word, forecast_minor, forecast_at, charged_minor FROM charge \
             WHERE organization_id = $1 AND order_id = $2 ORDER BY kind, word",
            params![self.id, order],
            |row| {
                let forecast: (Option<i64>, Option<Timestamp>) = (row.get(2)?, row.get(3)?);
                Ok((kind(row, 0, "charge")?, forecast, row.get::<Option<i64>>(4)?))
            },
        )?;
        let mut charged = Vec::new();
        for (kind, forecast, minor) in rows {
            if let (Some(minor), Some(at)) = forecast {
                reckoning.forecast.insert(kind.clone(), Forecast { minor, at });
            }
            charged.extend(minor.map(|minor| (kind, minor)));
        }
        reckoning.charged = charged.into_iter().collect();
        Ok(())
    }

    /// Keeps what news changed, and what differs now. A difference that is on the list already
    /// keeps its place.
    pub fn keep_reckoning(
        &mut self,
        held: &HeldMoney,
        reckoning: &Reckoning,
        differences: &[NewDifference],
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE reckoning SET charged_at = $3, settled_at = $4 WHERE organization_id = $1 AND order_id = $2",
            params![self.id, held.order, reckoning.charged_at, reckoning.settled_at],
        )?;
        self.tx.execute(
            "DELETE FROM charge WHERE organization_id = $1 AND order_id = $2",
            params![self.id, held.order],
        )?;
        let mut rows: BTreeMap<&FeeKind, (Option<Forecast>, Option<i64>)> = BTreeMap::new();
        for (kind, forecast) in &reckoning.forecast {
            rows.entry(kind).or_default().0 = Some(*forecast);
        }
        for (kind, minor) in reckoning.charged.iter() {
            rows.entry(kind).or_default().1 = Some(minor);
        }
        for (kind, (forecast, charged)) in rows {
            let (kind, word) = kind.as_words();
            self.tx.execute_exactly(
                1,
                "INSERT INTO charge (organization_id, order_id, kind, word, forecast_minor, forecast_at, charged_minor) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                params![
                    self.id,
                    held.order,
                    kind,
                    word,
                    forecast.map(|told| told.minor),
                    forecast.map(|told| told.at),
                    charged
                ],
            )?;
        }
        self.keep_differences(held, reckoning.currency, differences, now)
    }

    fn keep_differences(
        &mut self,
        held: &HeldMoney,
        currency: Currency,
        differences: &[NewDifference],
        now: Timestamp,
    ) -> StoreResult<()> {
        let known = self.tx.rows(
            "SELECT id, kind, word FROM charge_difference WHERE organization_id = $1 AND order_id = $2 ORDER BY id",
            params![self.id, held.order],
            |row| Ok((row.get::<DifferenceId>(0)?, kind(row, 1, "charge_difference")?)),
        )?;
        for (id, kind) in &known {
            if !differences.iter().any(|new| new.difference.kind == *kind) {
                self.tx.execute_exactly(
                    1,
                    "DELETE FROM charge_difference WHERE organization_id = $1 AND id = $2",
                    params![self.id, *id],
                )?;
            }
        }
        for NewDifference { id, difference } in differences {
            let (kind, word) = difference.kind.as_words();
            self.tx.execute_exactly(
                1,
                "INSERT INTO charge_difference (id, organization_id, order_id, channel, kind, word, currency, \
                   forecast_minor, charged_minor, found_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                 ON CONFLICT (order_id, kind, word) DO UPDATE SET \
                   forecast_minor = excluded.forecast_minor, charged_minor = excluded.charged_minor",
                params![
                    *id,
                    self.id,
                    held.order,
                    held.channel.as_str(),
                    kind,
                    word,
                    currency.code(),
                    difference.forecast,
                    difference.charged,
                    now
                ],
            )?;
        }
        Ok(())
    }

    /// Notes that a platform was asked for an order's money, and when it is asked again.
    pub fn note_money_read(
        &mut self,
        order: OrderId,
        now: Timestamp,
        due_at: Option<Timestamp>,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE reckoning SET read_at = $3, due_at = $4 WHERE organization_id = $1 AND order_id = $2",
            params![self.id, order, now, due_at],
        )
    }

    /// Orders of a connection whose money is to be asked for by now, the longest due first,
    /// with the platform's ids.
    pub fn money_due(
        &mut self,
        connection: ConnectionId,
        now: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<(OrderId, String)>> {
        self.tx.rows(
            "SELECT o.id, o.external_id FROM reckoning r JOIN orders o ON o.id = r.order_id \
             WHERE r.organization_id = $1 AND r.connection_id = $2 AND r.due_at IS NOT NULL AND r.due_at <= $3 \
             ORDER BY r.due_at, r.order_id LIMIT $4",
            params![self.id, connection, now, limit],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Notes when an order's money is asked for again, should nothing else say so.
    pub fn note_money_due(&mut self, order: OrderId, due_at: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE reckoning SET due_at = $3 WHERE organization_id = $1 AND order_id = $2",
            params![self.id, order, due_at],
        )
    }

    /// Notes that a list of the platform named a settlement of an order; false where that is
    /// known, or the order is not.
    pub fn note_listed(
        &mut self,
        connection: ConnectionId,
        external_id: &str,
        settled_at: Timestamp,
    ) -> StoreResult<bool> {
        let changed = self.tx.execute(
            "UPDATE reckoning SET listed_at = $4 \
             WHERE organization_id = $1 AND (listed_at IS NULL OR listed_at < $4) AND order_id = \
               (SELECT id FROM orders WHERE organization_id = $1 AND connection_id = $2 AND external_id = $3)",
            params![self.id, connection, external_id, settled_at],
        )?;
        Ok(changed > 0)
    }

    /// How far a connection's list of settlements has been read.
    pub fn settlements_covered_to(&mut self, connection: ConnectionId) -> StoreResult<Option<Timestamp>> {
        self.tx.row(
            "SELECT covered_to FROM settlement_sweep WHERE organization_id = $1 AND connection_id = $2",
            params![self.id, connection],
            |row| row.get(0),
        )
    }

    /// Notes how far it has been read.
    pub fn note_settlements(&mut self, connection: ConnectionId, covered_to: Timestamp) -> StoreResult<()> {
        let changed = self.tx.execute(
            "UPDATE settlement_sweep SET covered_to = $3 WHERE organization_id = $1 AND connection_id = $2",
            params![self.id, connection, covered_to],
        )?;
        if changed > 0 {
            return Ok(());
        }
        self.tx.execute_exactly(
            1,
            "INSERT INTO settlement_sweep (connection_id, organization_id, covered_to) VALUES ($2, $1, $3)",
            params![self.id, connection, covered_to],
        )
    }

    /// Differences, the newest first, before `before`; one more than a page, where there is.
    pub fn difference_page(
        &mut self,
        only: Option<ChannelKind>,
        before: Option<DifferenceId>,
    ) -> StoreResult<Vec<DifferenceRow>> {
        let mut query = Query::new("d.organization_id = ?", self.id.into());
        if let Some(only) = only {
            query.and("d.channel = ?", &[Val::from(only.as_str())]);
        }
        if let Some(before) = before {
            query.and("d.id < ?", &[before.into()]);
        }
        let sql = format!(
            "SELECT d.id, d.order_id, o.external_id, d.channel, d.currency, d.kind, d.word, d.forecast_minor, \
                    d.charged_minor, d.found_at \
             FROM charge_difference d JOIN orders o ON o.id = d.order_id WHERE {} ORDER BY d.id DESC LIMIT {}",
            query.conditions(),
            PAGE_ROWS + 1
        );
        self.tx.rows(&sql, query.params(), |row| {
            Ok(DifferenceRow {
                id: row.get(0)?,
                order: row.get(1)?,
                order_external_id: row.get(2)?,
                channel: channel(row, 3, "charge_difference")?,
                currency: row.word(4, "charge_difference", "currency", Currency::from_code)?,
                difference: Difference {
                    kind: kind(row, 5, "charge_difference")?,
                    forecast: row.get(7)?,
                    charged: row.get(8)?,
                },
                found_at: row.get(9)?,
            })
        })
    }

    /// All differences found from `since` on, added up by channel and currency.
    pub fn difference_sums(&mut self, since: Timestamp) -> StoreResult<Vec<DifferenceSum>> {
        self.tx.rows(
            "SELECT channel, currency, COUNT(*), CAST(SUM(charged_minor - forecast_minor) AS BIGINT) \
             FROM charge_difference WHERE organization_id = $1 AND found_at >= $2 \
             GROUP BY channel, currency ORDER BY channel, currency",
            params![self.id, since],
            |row| {
                let currency = row.word(1, "charge_difference", "currency", Currency::from_code)?;
                Ok(DifferenceSum {
                    channel: channel(row, 0, "charge_difference")?,
                    count: row.get(2)?,
                    difference: Money::new(row.get(3)?, currency),
                })
            },
        )
    }
}
