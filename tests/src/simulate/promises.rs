//! What a shop promises: always, and once it has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use domain::stock::StockWish;
use domain::{ConnectionId, OrderState, SkuId, Timestamp};
use store::jobs::LEASE;
use store::kits::kits_that_differ;
use store::listings::Listing;
use store::stock::{self, Sku};
use store::{StoreResult, Tx, params};
use vault::verify_export;

use super::Run;
use super::kits::from_shelf;
use super::outside::{self, Outside, Stands, Truth};
use crate::database;
use crate::shop::TestApp;

/// A count that has to be zero, and what it means when it is not.
const ZERO: [(&str, &str); 10] = [
    (
        "an order is held twice",
        "SELECT COUNT(*) FROM (SELECT external_id FROM orders GROUP BY external_id HAVING COUNT(*) > 1) twice",
    ),
    (
        "an effect happened twice",
        "SELECT COUNT(*) FROM (SELECT line_id FROM ledger WHERE line_id IS NOT NULL \
         GROUP BY line_id, sku_id, kind HAVING COUNT(*) > 1) twice",
    ),
    (
        "a line's position is not what the ledger says of it",
        "SELECT COUNT(*) FROM order_line n WHERE n.sku_id IS NOT NULL AND \
         (SELECT COUNT(DISTINCT l.kind) FROM ledger l WHERE l.line_id = n.id) <> \
         CASE n.position WHEN 'reserved' THEN 1 WHEN 'released' THEN 2 WHEN 'taken' THEN 2 ELSE 0 END",
    ),
    (
        "a line that is over gave back or took other units than it had set aside",
        "SELECT COUNT(*) FROM (SELECT l.sku_id FROM ledger l JOIN order_line n ON n.id = l.line_id \
         WHERE n.position IN ('released', 'taken') GROUP BY l.line_id, l.sku_id \
         HAVING SUM(l.reserved_delta) <> 0) uneven",
    ),
    (
        "a SKU has other units set aside than its open lines have",
        "SELECT COUNT(*) FROM sku s WHERE s.reserved_units <> (SELECT COALESCE(SUM(n.units), 0) \
         FROM order_line n WHERE n.sku_id = s.id AND n.position = 'reserved' AND s.is_kit = 0) \
         + (SELECT COALESCE(SUM(n.units * k.units), 0) FROM order_line n JOIN kit_component k ON k.kit_id = n.sku_id \
            WHERE k.component_id = s.id AND n.position = 'reserved')",
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
    let held = "SELECT c.channel || ' ' || o.external_id FROM orders o \
                JOIN connection c ON c.id = o.connection_id";
    let held: BTreeSet<String> = shop.texts(held).await.into_iter().collect();
    let known: BTreeSet<String> =
        outside::all(shop).into_iter().flat_map(numbers_with_their_channel).collect();
    if let Some(invented) = held.difference(&known).next() {
        return Err(format!("order {invented} is held and nobody placed it"));
    }
    let writes: usize = outside::all(shop).into_iter().map(Outside::stock_writes).sum();
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

fn numbers_with_their_channel(market: &dyn Outside) -> Vec<String> {
    let channel = market.kind().as_str();
    market.numbers().into_iter().map(|number| format!("{channel} {number}")).collect()
}

fn always(tx: &mut Tx<'_>, now: Timestamp) -> StoreResult<Result<(), String>> {
    let differ = stock::sums_that_differ(tx)?;
    if !differ.is_empty() {
        return Ok(Err(format!("sums are not those of the ledger: {differ:?}")));
    }
    let odd = kits_that_differ(tx)?;
    if !odd.is_empty() {
        return Ok(Err(format!("a kit, or what is in one, is not what its recipe says: {odd:?}")));
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

/// What holds soon after a storm: the shop is what its marketplaces are.
pub(super) async fn kept_after_a_storm(run: &Run) -> Result<(), String> {
    let hidden = every_order_is_held(run).await?;
    every_listing_shows_what_is_available(run, &hidden).await
}

/// What holds when the storm is over and everything that was due has been done.
pub(super) async fn kept_at_rest(run: &Run) -> Result<(), String> {
    let shop = &run.shop;
    if let Some(letter) = shop.problems().await.first() {
        return Err(format!(
            "a dead letter without a reason: {} {}: {}",
            letter.kind, letter.payload, letter.error
        ));
    }
    let held_back = "SELECT external_id || ': ' || held_units FROM listing WHERE held_units <> 0";
    let held_back = shop.texts(held_back).await;
    if !held_back.is_empty() {
        return Err(format!("units are held back though nothing sells: {held_back:?}"));
    }
    let open = shop.texts("SELECT kind || ' ' || state FROM job").await;
    if !open.is_empty() {
        return Err(format!("jobs are left: {open:?}"));
    }
    no_listing_is_held_for_another(run).await?;
    kept_after_a_storm(run).await?;
    the_audit_log_proves_itself(shop).await?;
    let unmatched = shop.markets().unmatched();
    if unmatched.is_empty() { Ok(()) } else { Err(format!("calls that no platform answers: {unmatched:?}")) }
}

/// Where every held order stands, and its units, by channel and number.
async fn held_orders(shop: &TestApp) -> BTreeMap<(String, String), (OrderState, i64)> {
    let rows = shop.read(|tx| {
        let sql = "SELECT c.channel, o.external_id, o.state, o.state_detail, \
                     (SELECT COALESCE(SUM(n.units), 0) FROM order_line n WHERE n.order_id = o.id) \
                   FROM orders o JOIN connection c ON c.id = o.connection_id";
        tx.rows(sql, &[], |row| {
            let (state, detail): (String, String) = (row.get(2)?, row.get(3)?);
            Ok(((row.get(0)?, row.get(1)?), (state, detail), row.get(4)?))
        })
    });
    let state =
        |(state, detail): (String, String)| OrderState::parse(&state, &detail).expect("a known state");
    rows.await.into_iter().map(|(order, words, units)| (order, (state(words), units))).collect()
}

/// Orders of which units are set aside, by channel and number.
async fn orders_with_units_set_aside(shop: &TestApp) -> BTreeSet<String> {
    let sql = "SELECT DISTINCT c.channel || ' ' || o.external_id FROM order_line n \
               JOIN orders o ON o.id = n.order_id JOIN connection c ON c.id = o.connection_id \
               WHERE n.position = 'reserved'";
    shop.texts(sql).await.into_iter().collect()
}

/// Units that buyers hold by orders that no list shows, by channel and the seller's code.
type Hidden = BTreeMap<(&'static str, String), i64>;

/// Every order of every marketplace is held as it stands there, and what is set aside of a
/// SKU is what the open orders of all of them together have bought. Gives what orders that
/// no list shows keep back.
async fn every_order_is_held(run: &Run) -> Result<Hidden, String> {
    let held = held_orders(&run.shop).await;
    let aside = orders_with_units_set_aside(&run.shop).await;
    let (mut set_aside, mut hidden) = (BTreeMap::<String, i64>::new(), Hidden::new());
    for market in outside::all(&run.shop) {
        let channel = market.kind().as_str();
        for truth in run.own_orders(market) {
            let found = held.get(&(channel.to_owned(), truth.number.clone())).copied();
            is_held_right(channel, &truth, found)?;
            let is_hidden = found.is_none() && truth.stands == Stands::NotShown;
            let wishes = found.is_some_and(|(state, _)| matches!(state.stock_wish(), StockWish::Hold));
            let is_open = match truth.stands {
                Stands::At(_) | Stands::NotShown => wishes,
                // It may have been seen as called off before it left, and freed; or as left, and kept.
                Stands::CalledOffOnItsWay { .. } => {
                    wishes && aside.contains(&format!("{channel} {}", truth.number))
                }
                Stands::Cancelled => false,
            };
            for (code, units) in truth.from_shelf {
                if is_hidden {
                    *hidden.entry((channel, code)).or_default() += units;
                } else if is_open {
                    for (part, units) in from_shelf(&run.recipes, &code, units) {
                        *set_aside.entry(part).or_default() += units;
                    }
                }
            }
        }
    }
    for sku in run.shop.skus().await {
        let sold = set_aside.get(&sku.code).copied().unwrap_or_default();
        if sku.tally.reserved_units != sold {
            let (code, aside) = (&sku.code, sku.tally.reserved_units);
            let by = set_aside_by(&run.shop).await;
            return Err(format!("open orders have {sold} units of {code} and {aside} are set aside: {by:?}"));
        }
    }
    Ok(hidden)
}

/// The orders that have units set aside, for whoever looks into it.
async fn set_aside_by(shop: &TestApp) -> Vec<String> {
    let sql = "SELECT c.channel || ' ' || o.external_id || ' ' || o.state || ' ' || n.units || ' of ' || s.code \
                 || ': ' || l.reserved_delta || ' of ' || part.code \
               FROM order_line n JOIN orders o ON o.id = n.order_id JOIN connection c ON c.id = o.connection_id \
               JOIN sku s ON s.id = n.sku_id JOIN ledger l ON l.line_id = n.id AND l.kind = 'reserve' \
               JOIN sku part ON part.id = l.sku_id WHERE n.position = 'reserved'";
    shop.texts(sql).await
}

fn is_held_right(channel: &str, truth: &Truth, held: Option<(OrderState, i64)>) -> Result<(), String> {
    let Truth { number, words, .. } = truth;
    let is_right = truth.stands.fits(held.map(|(state, _)| state));
    match held {
        None if !is_right => Err(format!("{channel} order {number} is lost ({words})")),
        Some((state, units)) if !is_right || units != truth.units => Err(format!(
            "{channel} order {number} is {words}, {} units, and held as {state:?}, {units} units",
            truth.units
        )),
        None | Some(_) => Ok(()),
    }
}

/// Every listing of every marketplace shows what is on the one shelf, less what its platform
/// keeps back for orders that it shows nobody.
async fn every_listing_shows_what_is_available(run: &Run, hidden: &Hidden) -> Result<(), String> {
    let skus: BTreeMap<SkuId, Sku> = run.shop.skus().await.into_iter().map(|sku| (sku.id, sku)).collect();
    let connections = run.shop.see(|tenant| tenant.connections()).await;
    let listings = run.shop.listings().await;
    for connection in connections {
        let channel = connection.channel.as_str();
        let offers: BTreeMap<(String, String), i64> = run
            .at(connection.channel)
            .offers()
            .into_iter()
            .map(|offer| ((offer.listing, offer.variation), offer.units))
            .collect();
        let linked = linked(&listings, connection.id, &skus);
        if linked.is_empty() {
            return Err(format!("no listing is linked on {channel}"));
        }
        for (listing, sku) in linked {
            let key = (listing.external_id.clone(), listing.variation_external_id.clone());
            let shown = offers.get(&key).copied();
            let available = listing.told_from(sku.tally).available_units();
            let kept_back = hidden.get(&(channel, sku.code.clone())).copied().unwrap_or_default();
            if !shown.is_some_and(|units| (available - kept_back..=available).contains(&units)) {
                let code = &sku.code;
                return Err(format!(
                    "listing {channel} {key:?} ({code}) shows {shown:?}, available are {available}"
                ));
            }
        }
    }
    Ok(())
}

/// A connection's listings that take stock, each with its SKU.
fn linked<'a>(
    listings: &'a [Listing],
    connection: ConnectionId,
    skus: &'a BTreeMap<SkuId, Sku>,
) -> Vec<(&'a Listing, &'a Sku)> {
    let own = listings.iter().filter(|listing| listing.connection == connection);
    own.filter(|listing| listing.ours && listing.state.takes_stock())
        .filter_map(|listing| Some((listing, skus.get(&listing.sku?)?)))
        .collect()
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

async fn no_listing_is_held_for_another(run: &Run) -> Result<(), String> {
    let owners = "SELECT c.channel || ' ' || c.account_external_id || ' ' || l.external_id \
                  FROM listing l JOIN connection c ON c.id = l.connection_id";
    let held = run.shop.texts(owners).await;
    let owned: BTreeSet<String> = outside::all(&run.shop)
        .into_iter()
        .flat_map(|market| {
            let channel = market.kind().as_str();
            let of = move |offer: outside::Offer| format!("{channel} {} {}", offer.account, offer.listing);
            market.offers().into_iter().map(of)
        })
        .collect();
    match held.iter().find(|triple| !owned.contains(*triple)) {
        Some(triple) => Err(format!("a listing is held for an account that does not own it: {triple}")),
        None => Ok(()),
    }
}
