//! The list of orders and one order.

use std::collections::{BTreeMap, BTreeSet};

use app::reveal::{RevealError, RevealPurpose};
use axum::extract::{Path, Query};
use axum::response::Response;
use domain::order::OrderState;
use domain::profit::{LineProfit, OrderProfit};
use domain::settlement::Reckoning;
use domain::{Actor, ConnectionId, EntryKind, Grant, Money, OrderId, Purpose, SkuId};
use store::connections::Connection;
use store::jobs::HOOK_CAUSE;
use store::orders::{LineRow, TimelineEvent};
use store::pages::{self, Listed, Told};
use store::views::View;

use super::guard::{Failure, May, Posted, ProvenForm, render, see_with};
use super::may;
use super::order_query::{ListQuery, Way};
use super::views::tabs_of;
use super::{money, returns};
use crate::pages::account::Obstacle;
use crate::pages::members::RecipientPage;
use crate::pages::money_view::ProfitView;
use crate::pages::order_list::Views;
use crate::pages::orders::{
    Happened, Happening, OrderLine, OrderPage, OrderRow, OrdersPage, ShipmentView, StateChip,
};
use crate::pages::returns::ReturnsView;
use crate::pages::{Choice, Pager, SkuLink};
use crate::{Chrome, Nav, Tone};

/// States that the list can be narrowed to, "all" first.
const CHIPS: [&str; 7] =
    ["", "to_dispatch", "needs_attention", "awaiting_payment", "shipped", "delivered", "cancelled"];

/// What a page of the list is made of.
struct ListParts {
    listed: Listed<pages::OrderRow>,
    connections: Vec<Connection>,
    views: Vec<View>,
    finds_buyers: bool,
}

/// The list of orders.
pub(crate) async fn list(
    May(member, ..): May<may::SeeOrders>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let now = member.web.app.clock().now();
    let (Some(turn), Some(filter)) = (query.turn(), query.filter(now)) else {
        return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Orders)).await?));
    };
    let who = member.who.member;
    let (chrome, parts) = member
        .page(Some(Nav::Orders), move |tenant| {
            Ok(ListParts {
                listed: tenant.order_page(&filter, turn)?,
                connections: tenant.connections()?,
                views: tenant.views(who)?,
                finds_buyers: tenant.finds_buyers_since()?.is_some(),
            })
        })
        .await?;
    Ok(render(&list_page(chrome, query, parts)))
}

fn list_page(chrome: Chrome, query: ListQuery, parts: ListParts) -> OrdersPage {
    let ListParts { listed, connections, views, finds_buyers } = parts;
    let names: BTreeMap<ConnectionId, String> =
        connections.iter().map(|connection| (connection.id, connection.name.clone())).collect();
    let pager = Pager {
        newer: listed.rows.first().filter(|_| listed.newer).map(|row| query.beside(row, Way::Newer)),
        older: listed.rows.last().filter(|_| listed.older).map(|row| query.beside(row, Way::Older)),
    };
    let chip = |state| StateChip { state, href: query.of_state(state).link(), count: None };
    let choice = |connection: &Connection| Choice {
        value: connection.id.to_string(),
        label: format!("{} · {}", connection.channel.label(), connection.name),
    };
    let filter = query.filter_text();
    let tabs = tabs_of(views, &filter);
    let unsaved = Views::savable(&tabs, &filter);
    OrdersPage {
        chrome,
        views: Views { tabs, unsaved },
        finds_buyers,
        chips: CHIPS.into_iter().map(chip).collect(),
        filter: query.into_page(),
        connections: connections.iter().map(choice).collect(),
        rows: listed.rows.iter().map(|row| row_of(row, &names)).collect(),
        pager,
        live: Some("/orders/live".into()),
    }
}

/// An order as lists show it.
pub(crate) fn row_of(row: &pages::OrderRow, names: &BTreeMap<ConnectionId, String>) -> OrderRow {
    let more_lines = (row.line_count - 1).max(0);
    OrderRow {
        id: row.id,
        number: row.external_id.clone(),
        channel: row.channel,
        connection: names.get(&row.connection).cloned().unwrap_or_default(),
        state: row.state,
        placed_at: row.placed_at,
        ship_by: row.ship_by,
        package: row.logistic_type.clone(),
        title: row.summary.strip_suffix(&format!(" +{more_lines}")).unwrap_or(&row.summary).to_owned(),
        more_lines,
        units: row.unit_count,
        kind: row.kind,
        total: row.total,
    }
}

/// What an order's page is made of.
struct Found {
    row: pages::OrderRow,
    connection: String,
    lines: Vec<LineRow>,
    codes: BTreeMap<SkuId, String>,
    timeline: Vec<TimelineEvent>,
    told: Vec<Told>,
    reckoning: Option<Reckoning>,
    profit: Option<OrderProfit>,
    returns: ReturnsView,
}

/// One order.
pub(crate) async fn show(
    May(member, ..): May<may::SeeOrders>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Orders)).await?;
    let Ok(id) = id.parse::<OrderId>() else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let me = member.who.member;
    let found = member
        .web
        .app
        .organization(member.organization())
        .read(move |tenant| {
            let Some(row) = tenant.order(id)? else { return Ok(None) };
            let lines = tenant.order_lines(id)?;
            let mut codes = BTreeMap::new();
            let connection = tenant.connection(row.connection)?.map(|held| held.name).unwrap_or_default();
            let (timeline, told) = (tenant.timeline(id)?, tenant.told(id)?);
            // Of a kit the components, too: they are what moved.
            let moved = timeline.iter().filter_map(moved_sku);
            for id in lines.iter().filter_map(|line| line.sku).chain(moved).collect::<BTreeSet<_>>() {
                codes.extend(tenant.sku(id)?.map(|sku| (sku.id, sku.code)));
            }
            let reckoning = tenant.reckoning(id)?;
            let profit = tenant.order_profit(id)?;
            let returns = returns::view_of(tenant, id, me)?;
            Ok(Some(Found { row, connection, lines, codes, timeline, told, reckoning, profit, returns }))
        })
        .await?;
    let Some(found) = found else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let names = BTreeMap::from([(found.row.connection, found.connection.clone())]);
    let lines: Vec<OrderLine> = found.lines.iter().map(|line| line_of(line, &found.codes)).collect();
    let fees = lines.iter().filter_map(|line| line.fee).try_fold(None, |sum: Option<Money>, fee| {
        sum.map_or(Some(Some(fee)), |sum| sum.checked_add(fee).ok().map(Some))
    });
    let row = &found.row;
    let shipment = row.shipment_external_id.as_ref().map(|number| ShipmentView {
        number: number.clone(),
        platform_status: row.shipment_status.clone().unwrap_or_default(),
        package: row.logistic_type.clone(),
        tracking_code: row.tracking_code.clone(),
        ship_by: row.ship_by,
    });
    Ok(render(&OrderPage {
        row: row_of(row, &names),
        platform_status: row.platform_status.clone(),
        pack_number: row.pack_external_id.clone(),
        tags: row.tags.split_whitespace().map(str::to_owned).collect(),
        lines,
        fees: fees.flatten(),
        money: found
            .reckoning
            .as_ref()
            // What was expected of an order that is off is of no interest any more.
            .filter(|held| !matches!(row.state, OrderState::Cancelled(_)) || !held.charged.is_empty())
            .and_then(money::view),
        profit: found.profit.as_ref().and_then(|profit| profit_of(profit, &found)),
        shipment,
        timeline: happened(&found),
        returns: found.returns,
        live: None,
        chrome,
    }))
}

/// Shows who gets an order's package to whom that was granted, once.
pub(crate) async fn reveal_recipient(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::SeeOrders>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let chrome = member.chrome(Some(Nav::Orders)).await?;
    let purpose = RevealPurpose::parse(fields.get("purpose"));
    let (Ok(order), Some(purpose)) = (id.parse::<OrderId>(), purpose) else {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    };
    let recipient = match member.web.app.reveal_recipient(&member.who, order, purpose).await {
        Ok(recipient) => recipient,
        Err(RevealError::NotGranted) => return Err(Failure::of(Obstacle::NotAllowed).on(chrome)),
        Err(RevealError::Nobody) => {
            return Ok(see_with(&format!("/orders/{order}"), Tone::Watch, "flash-recipient-none"));
        }
        Err(RevealError::App(error)) => return Err(Failure::from(error).on(chrome)),
    };
    // tidy: allowed because the event stands in the log since before the platform was asked.
    let grant = Grant::issue(Actor::Member(member.who.member), Purpose::DispatchOrder, chrome.now);
    let lines = recipient.reveal(&grant).clone();
    Ok(render(&RecipientPage { chrome, order, lines }))
}

/// What an order earns; `None` where nothing of it counts.
fn profit_of(profit: &OrderProfit, found: &Found) -> Option<ProfitView> {
    let is_empty = profit.lines.iter().all(|line| *line == LineProfit::default());
    let titles: Vec<String> = found.lines.iter().map(|line| line.title.clone()).collect();
    (!is_empty).then(|| ProfitView::of(profit, &titles, found.row.total.currency))
}

fn line_of(line: &LineRow, codes: &BTreeMap<SkuId, String>) -> OrderLine {
    let sku = line.sku.and_then(|id| codes.get(&id).map(|code| SkuLink { id, code: code.clone() }));
    OrderLine {
        title: line.title.clone(),
        sku,
        listing_number: line.listing_external_id.clone(),
        units: line.units,
        unit_price: line.unit_price,
        total: line.unit_price.checked_mul(line.units).unwrap_or(line.unit_price),
        fee: line.sale_fee,
        position: line.position,
    }
}

/// The timeline, the newest first: what the order's own rows say, and when which listing
/// was told.
fn happened(found: &Found) -> Vec<Happened> {
    let mut all: Vec<Happened> = found
        .timeline
        .iter()
        .filter_map(|event| {
            let what = happening(event, &found.codes)?;
            Some(Happened { at: event.at, actor: Actor::system("ingest"), member: None, what })
        })
        .collect();
    for told in &found.told {
        let actor = || Actor::system("fanout");
        if let (Some(at), Some(units)) = (told.told_at, told.units) {
            let what = Happening::Confirmed {
                listing: told.listing,
                listing_number: told.external_id.clone(),
                units,
            };
            all.push(Happened { at, actor: actor(), member: None, what });
        }
    }
    newest_first(&mut all);
    all
}

/// The SKU that an entry of the timeline is about.
fn moved_sku(event: &TimelineEvent) -> Option<SkuId> {
    event.detail.rsplit(' ').next().filter(|_| event.kind == "stock")?.parse().ok()
}

fn newest_first(all: &mut [Happened]) {
    all.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.what.step())));
}

fn happening(event: &TimelineEvent, codes: &BTreeMap<SkuId, String>) -> Option<Happening> {
    match event.kind.as_str() {
        "arrived" => Some(match event.detail.strip_prefix(HOOK_CAUSE) {
            Some(topic) => Happening::Hook { topic: topic.to_owned() },
            None => Happening::Swept,
        }),
        "state" => {
            let (state, detail) = event.detail.split_once(' ').unwrap_or((&event.detail, ""));
            OrderState::parse(state, detail).map(Happening::Applied)
        }
        "stock" => {
            let mut parts = event.detail.split(' ');
            let kind = EntryKind::parse(parts.next()?)?;
            let units = parts.next()?.parse().ok()?;
            let id: SkuId = parts.next()?.parse().ok()?;
            let code = codes.get(&id).cloned().unwrap_or_else(|| id.to_string());
            Some(Happening::Stock { sku: SkuLink { id, code }, kind, units })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    #[test]
    fn of_one_instant_the_effect_stands_above_its_cause() {
        let at = Timestamp::from_millis(5);
        let entry = |at, what| Happened { at, actor: Actor::system("ingest"), member: None, what };
        let hook = || Happening::Hook { topic: "orders_v2".into() };
        let applied = || Happening::Applied(OrderState::ToDispatch);
        let later = Timestamp::from_millis(6);
        let mut all = vec![entry(at, applied()), entry(later, Happening::Swept), entry(at, hook())];
        newest_first(&mut all);
        let told: Vec<_> = all.iter().map(|entry| (entry.at, entry.what.step())).collect();
        assert_eq!(told, [(later, 0), (at, 2), (at, 0)]);
    }
}
