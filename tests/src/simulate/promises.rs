//! What a shop promises: always, and once it has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use domain::order::Attention;
use domain::{OrderState, Timestamp};
use sandbox::mercado_livre::order::OrderStatus;
use sandbox::mercado_livre::shipment::ShipmentStage;
use store::jobs::LEASE;
use store::{StoreResult, Tx, params, stock};
use vault::verify_export;

use crate::database;
use crate::shop::TestApp;

/// A count that has to be zero, and what it means when it is not.
const ZERO: [(&str, &str); 9] = [
    (
        "an order is held twice",
        "SELECT COUNT(*) FROM (SELECT external_id FROM orders GROUP BY external_id HAVING COUNT(*) > 1) twice",
    ),
    (
        "an effect happened twice",
        "SELECT COUNT(*) FROM (SELECT line_id FROM ledger WHERE line_id IS NOT NULL \
         GROUP BY line_id, kind HAVING COUNT(*) > 1) twice",
    ),
    (
        "a line's position is not what the ledger says of it",
        "SELECT COUNT(*) FROM order_line n WHERE n.sku_id IS NOT NULL AND \
         (SELECT COUNT(*) FROM ledger l WHERE l.line_id = n.id) <> \
         CASE n.position WHEN 'reserved' THEN 1 WHEN 'released' THEN 2 WHEN 'taken' THEN 2 ELSE 0 END",
    ),
    (
        "a SKU has other units set aside than its open lines have",
        "SELECT COUNT(*) FROM sku s WHERE s.reserved_units <> (SELECT COALESCE(SUM(n.units), 0) \
         FROM order_line n WHERE n.sku_id = s.id AND n.position = 'reserved')",
    ),
    (
        "a line's stock has not moved as its order's state asks",
        "SELECT COUNT(*) FROM order_line n JOIN orders o ON o.id = n.order_id \
         WHERE (n.position = 'untouched' AND o.state <> 'cancelled') \
         OR (n.position = 'reserved' AND o.state IN ('shipped', 'delivered', 'cancelled'))",
    ),
    (
        "an order moved on and no audit event says so",
        "SELECT CASE WHEN (SELECT COUNT(*) FROM timeline WHERE kind = 'state') > \
         (SELECT COUNT(*) FROM audit_event WHERE action IN ('order.taken_in', 'order.changed')) THEN 1 ELSE 0 END",
    ),
    (
        "a quantity below zero was sent",
        "SELECT COUNT(*) FROM listing WHERE sent_units < 0 OR confirmed_units < 0",
    ),
    (
        "an order moved stock and its timeline does not say so",
        "SELECT ABS((SELECT COUNT(*) FROM ledger WHERE line_id IS NOT NULL AND reason = '') - \
         (SELECT COUNT(*) FROM timeline WHERE kind = 'stock'))",
    ),
    (
        "a job's lease has an end and no owner, or the reverse",
        "SELECT COUNT(*) FROM job WHERE (lease_owner IS NULL) <> (lease_until IS NULL)",
    ),
];

/// Pairs of counts that have to be equal: what changed, and the audit events of it.
const AUDITED: [(&str, &str, &str); 5] = [
    ("orders", "SELECT COUNT(*) FROM orders", "action = 'order.taken_in'"),
    ("counts by people", "SELECT COUNT(*) FROM ledger WHERE kind = 'adjustment'", "action = 'sku.adjusted'"),
    (
        "first counts",
        "SELECT COUNT(*) FROM ledger WHERE kind = 'opening' AND reason = 'import'",
        "action = 'sku.opened'",
    ),
    (
        "token pairs",
        "SELECT COALESCE(SUM(token_version), 0) FROM connection",
        "action IN ('connection.authorized', 'connection.tokens_renewed')",
    ),
    ("arrivals", "SELECT COUNT(*) FROM timeline WHERE kind = 'arrived'", "action = 'order.taken_in'"),
];

/// Rows of tables that only grow, and what is broken when one is gone.
const APPEND_ONLY: [(&str, &str); 3] = [
    ("ledger entries", "SELECT COUNT(*) FROM ledger"),
    ("audit events", "SELECT COUNT(*) FROM audit_event"),
    ("lines of timelines", "SELECT COUNT(*) FROM timeline"),
];

/// What the shop held when it was last looked at: all of it has to stay.
#[derive(Debug, Default)]
pub(super) struct Memory {
    orders: BTreeSet<String>,
    rows: [i64; APPEND_ONLY.len()],
}

impl Memory {
    fn compare(&mut self, orders: BTreeSet<String>, rows: [i64; APPEND_ONLY.len()]) -> Result<(), String> {
        if let Some(gone) = self.orders.difference(&orders).next() {
            return Err(format!("order {gone} was held and is gone"));
        }
        for ((what, _), (before, after)) in APPEND_ONLY.iter().zip(self.rows.iter().zip(rows)) {
            if after < *before {
                return Err(format!("{what} are gone: there were {before}, {after} are left"));
            }
        }
        *self = Self { orders, rows };
        Ok(())
    }
}

/// What holds after every event, however bad the weather.
pub(super) async fn kept_always(shop: &TestApp, memory: &mut Memory) -> Result<(), String> {
    let now = shop.now();
    shop.read(move |tx| always(tx, now)).await?;
    let known: BTreeSet<String> = shop
        .market()
        .sandbox()
        .with_world(|world| world.orders.values().map(|order| order.id.to_string()).collect());
    let held: BTreeSet<String> = shop.texts("SELECT external_id FROM orders").await.into_iter().collect();
    if let Some(invented) = held.difference(&known).next() {
        return Err(format!("order {invented} is held and nobody placed it"));
    }
    let writes = shop.market().count(&http::Method::PUT, "/items/");
    let intents =
        "SELECT COUNT(*) FROM audit_event WHERE action = 'listing.stock_written' AND phase = 'intent'";
    let intents = shop.number(intents).await;
    if i64::try_from(writes).unwrap_or(i64::MAX) > intents {
        return Err(format!("{writes} quantities were written, {intents} were announced in the audit log"));
    }
    let rows = shop
        .read(|tx| {
            let mut rows = [0; APPEND_ONLY.len()];
            for (row, (_, sql)) in rows.iter_mut().zip(APPEND_ONLY) {
                *row = number(tx, sql)?;
            }
            Ok(rows)
        })
        .await;
    memory.compare(held, rows)
}

fn always(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<Result<(), String>> {
    let differ = stock::sums_that_differ(tx)?;
    if !differ.is_empty() {
        return Ok(Err(format!("sums are not those of the ledger: {differ:?}")));
    }
    for (meaning, sql) in ZERO {
        let count = number(tx, sql)?;
        if count != 0 {
            return Ok(Err(format!("{meaning} ({count} times)")));
        }
    }
    for (what, counted, events) in AUDITED {
        let changed = number(tx, counted)?;
        let told = number(tx, &format!("SELECT COUNT(*) FROM audit_event WHERE {events}"))?;
        if changed != told {
            return Ok(Err(format!("{changed} {what}, {told} audit events of them")));
        }
    }
    let for_ever = "SELECT COUNT(*) FROM job WHERE state = 'leased' AND lease_until > $1";
    let leased: i64 = tx.row(for_ever, params![now.plus(LEASE)], |row| row.get(0))?.unwrap_or_default();
    Ok(if leased == 0 { Ok(()) } else { Err(format!("{leased} jobs are leased for longer than any lease")) })
}

fn number(tx: &mut Tx<'_>, sql: &str) -> StoreResult<i64> {
    Ok(tx.row(sql, &[], |row| row.get(0))?.unwrap_or_default())
}

/// What holds when the storm is over and everything that was due has been done.
pub(super) async fn kept_at_rest(shop: &TestApp) -> Result<(), String> {
    if let Some(letter) = shop.problems().await.first() {
        return Err(format!(
            "a dead letter without a reason: {} {}: {}",
            letter.kind, letter.payload, letter.error
        ));
    }
    let open = shop.texts("SELECT kind || ' ' || state FROM job").await;
    if !open.is_empty() {
        return Err(format!("jobs are left: {open:?}"));
    }
    every_order_is_held(shop).await?;
    every_listing_shows_what_is_available(shop).await?;
    no_listing_is_held_for_another(shop).await?;
    the_audit_log_proves_itself(shop).await?;
    let unmatched = shop.market().unmatched();
    if unmatched.is_empty() { Ok(()) } else { Err(format!("calls that no platform answers: {unmatched:?}")) }
}

/// What the world says of an order.
struct Truth {
    number: String,
    status: OrderStatus,
    stage: Option<ShipmentStage>,
    left_seller: bool,
    holds_stock: bool,
    suspect: bool,
    units: i64,
}

impl Truth {
    /// Whether a shop that says `state` says it right.
    fn is(&self, state: OrderState) -> bool {
        let delivered = self.stage == Some(ShipmentStage::Delivered);
        match self.status {
            // Away and called off: whether it comes back, only a person can say.
            OrderStatus::Cancelled if self.left_seller => {
                // A pack's parcel goes on without an order called off before; seen late, that
                // looks like an order called off on its way. Where units may be gone, a
                // person is asked.
                matches!(state, OrderState::NeedsAttention(_))
                    || (!self.holds_stock && matches!(state, OrderState::Cancelled(_)))
            }
            OrderStatus::Cancelled => matches!(state, OrderState::Cancelled(_)),
            OrderStatus::Paid | OrderStatus::PartiallyRefunded if delivered => state == OrderState::Delivered,
            OrderStatus::Paid | OrderStatus::PartiallyRefunded if self.suspect => {
                state == OrderState::NeedsAttention(Attention::FraudRisk)
            }
            OrderStatus::Paid | OrderStatus::PartiallyRefunded if self.left_seller => {
                state == OrderState::Shipped
            }
            OrderStatus::Paid | OrderStatus::PartiallyRefunded => state == OrderState::ToDispatch,
            OrderStatus::Confirmed | OrderStatus::PaymentRequired | OrderStatus::PaymentInProcess => {
                state == OrderState::AwaitingPayment
            }
        }
    }
}

fn truths(shop: &TestApp) -> Vec<Truth> {
    shop.market().sandbox().with_world(|world| {
        let truth = |order: &sandbox::mercado_livre::order::Order| {
            let shipment = order.shipment_id.and_then(|id| world.shipments.get(&id));
            Truth {
                number: order.id.to_string(),
                status: order.status,
                stage: shipment.map(|shipment| shipment.stage.clone()),
                left_seller: shipment
                    .is_some_and(sandbox::mercado_livre::shipment::Shipment::has_left_seller),
                holds_stock: order.holds_stock,
                suspect: order.tags.contains("fraud_risk_detected"),
                units: order.quantity,
            }
        };
        world.orders.values().map(truth).collect()
    })
}

async fn every_order_is_held(shop: &TestApp) -> Result<(), String> {
    for truth in truths(shop) {
        let Some(held) = shop.order(&truth.number).await else {
            // Called off before it was ever read: nothing to hold, no stock to move.
            if truth.status == OrderStatus::Cancelled {
                continue;
            }
            return Err(format!("order {} is lost ({:?}, {:?})", truth.number, truth.status, truth.stage));
        };
        if !truth.is(held.state) || held.unit_count != truth.units {
            return Err(format!(
                "order {} is {:?}, parcel {:?}, and held as {:?}",
                truth.number, truth.status, truth.stage, held.state
            ));
        }
    }
    Ok(())
}

async fn every_listing_shows_what_is_available(shop: &TestApp) -> Result<(), String> {
    let available: BTreeMap<_, _> =
        shop.skus().await.into_iter().map(|sku| (sku.id, sku.tally.available_units())).collect();
    let mut listings = Vec::new();
    for listing in shop.listings().await {
        if listing.ours
            && listing.state.takes_stock()
            && let Some(units) = listing.sku.and_then(|sku| available.get(&sku))
        {
            listings.push((listing, *units));
        }
    }
    if listings.is_empty() {
        return Err("no listing is linked".into());
    }
    let snapshot = shop.market().sandbox().snapshot();
    let on_display: BTreeMap<&str, i64> =
        snapshot.items.iter().map(|item| (item.id.as_str(), item.available_quantity)).collect();
    for (listing, available) in listings {
        // A listing with variations shows the sum of them.
        if !listing.variation_external_id.is_empty() {
            continue;
        }
        let offers = on_display.get(listing.external_id.as_str()).copied();
        if offers != Some(available) {
            return Err(format!(
                "listing {} ({}) shows {offers:?}, available are {available}",
                listing.external_id,
                listing.seller_sku.unwrap_or_default()
            ));
        }
    }
    Ok(())
}

/// An outsider who has the export and the published key finds nothing amiss.
async fn the_audit_log_proves_itself(shop: &TestApp) -> Result<(), String> {
    shop.turn().await;
    let (folder, app) = (database::folder(), shop.app());
    let exported = app.export_audit(folder.path()).await;
    let entries = exported.map_err(|error| format!("the audit log does not prove itself: {error}"))?;
    let verifier = app.audit_verifier().parse().map_err(|_| "the published key is none".to_owned())?;
    let report = verify_export(folder.path(), &verifier).map_err(|error| format!("no audit: {error}"))?;
    match report.findings.first() {
        Some(finding) => Err(format!("the audit log does not prove itself: {finding}")),
        None if u64::try_from(entries) != Ok(report.proven) => {
            Err(format!("the audit log does not prove itself: {} of {entries} entries", report.proven))
        }
        None => Ok(()),
    }
}

async fn no_listing_is_held_for_another(shop: &TestApp) -> Result<(), String> {
    let owners = "SELECT l.external_id || ' ' || c.account_external_id \
                  FROM listing l JOIN connection c ON c.id = l.connection_id";
    let held = shop.texts(owners).await;
    let snapshot = shop.market().sandbox().snapshot();
    let owned: Vec<String> =
        snapshot.items.iter().map(|item| format!("{} {}", item.id, item.seller_id)).collect();
    match held.iter().find(|pair| !owned.contains(pair)) {
        Some(pair) => Err(format!("a listing is held for an account that does not own it: {pair}")),
        None => Ok(()),
    }
}
