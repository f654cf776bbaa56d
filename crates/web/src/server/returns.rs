//! Goods that come back from buyers: who waits for them, and the form that receives them.

use std::collections::{BTreeMap, BTreeSet};

use app::goods_return::{Arrival, ReturnError};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::catalogue::scaled;
use domain::goods_return::Found;
use domain::{Actor, ConnectionId, LineId, MemberId, OrderId, SkuId, Timestamp};
use serde::Deserialize;
use store::goods_returns::{Receipt, ReturnLine, WaitingReturn};
use store::pages::PAGE_ROWS;
use store::{StoreResult, Tenant};

use super::guard::{Failure, Fields, Form, May, Member, Posted, render, see_with};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::returns::{BackRow, ReceiptRow, ReturnPage, ReturnsPage, ReturnsView, WaitingRow};
use crate::pages::{Errors, FieldError, Pager};
use crate::{Chrome, Nav, Tone};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AfterQuery {
    after: String,
}

/// Where a page of the list begins: behind this one.
fn place_of(row: &WaitingReturn) -> String {
    format!("{}.{}", row.since.as_millis(), row.order)
}

fn parse_place(text: &str) -> Option<(Timestamp, OrderId)> {
    let (since, order) = text.split_once('.')?;
    Some((Timestamp::from_millis(since.parse().ok()?), order.parse().ok()?))
}

/// Orders whose goods wait to be received.
pub(crate) async fn list(
    May(member, ..): May<may::SeeOrders>,
    Query(query): Query<AfterQuery>,
) -> Result<Response, Failure> {
    let after = parse_place(&query.after);
    let (chrome, (mut rows, connections)) = member
        .page(Some(Nav::Orders), move |tenant| Ok((tenant.returns_waiting(after)?, tenant.connections()?)))
        .await?;
    let names: BTreeMap<ConnectionId, String> =
        connections.into_iter().map(|connection| (connection.id, connection.name)).collect();
    let more = rows.len() > PAGE_ROWS as usize;
    rows.truncate(PAGE_ROWS as usize);
    let pager = Pager {
        newer: after.map(|_| "/returns".to_owned()),
        older: rows.last().filter(|_| more).map(|row| format!("/returns?after={}", place_of(row))),
    };
    let row = |row: WaitingReturn| WaitingRow {
        order: row.order,
        number: row.external_id,
        channel: row.channel,
        connection: names.get(&row.connection).cloned().unwrap_or_default(),
        summary: row.summary,
        since: row.since,
    };
    Ok(render(&ReturnsPage { chrome, rows: rows.into_iter().map(row).collect(), pager }))
}

/// What an order's page shows of its returns.
pub(super) fn view_of(tenant: &mut Tenant<'_, '_>, order: OrderId, me: MemberId) -> StoreResult<ReturnsView> {
    let (lines, receipts) = (tenant.return_lines(order)?, tenant.receipts(order)?);
    Ok(view(&lines, receipts, tenant.waits_for_return(order)?, me))
}

fn view(lines: &[ReturnLine], receipts: Vec<Receipt>, is_waiting: bool, me: MemberId) -> ReturnsView {
    let me = Actor::Member(me).to_string();
    let row = |receipt: Receipt| ReceiptRow {
        at: receipt.at,
        whole_units: receipt.whole_units,
        damaged_units: receipt.damaged_units,
        reason: receipt.reason,
        is_reader: receipt.actor == me,
        who: receipt.actor.rsplit(':').next().unwrap_or_default().to_owned(),
    };
    ReturnsView {
        receipts: receipts.into_iter().map(row).collect(),
        is_open: lines.iter().any(|line| line.back.open_units() > 0),
        is_waiting,
    }
}

fn back_row(line: ReturnLine) -> BackRow {
    BackRow {
        line: line.line,
        sku: line.sku,
        code: line.code,
        title: line.title,
        back: line.back,
        whole: String::new(),
        damaged: String::new(),
        error: None,
    }
}

async fn page_of(member: &Member, id: &str) -> Result<ReturnPage, Failure> {
    let Ok(id) = id.parse::<OrderId>() else {
        return Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Orders)).await?));
    };
    let (chrome, found) = member
        .page(Some(Nav::Orders), move |tenant| {
            let Some(order) = tenant.order(id)? else { return Ok(None) };
            let (lines, receipts) = (tenant.return_lines(id)?, tenant.receipts(id)?);
            Ok(Some((order, lines, receipts, tenant.waits_for_return(id)?)))
        })
        .await?;
    let Some((order, lines, receipts, is_waiting)) = found else {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    };
    Ok(ReturnPage {
        chrome,
        order: id,
        order_number: order.external_id,
        channel: order.channel,
        next: receipts.last().map_or(0, |last| last.number) + 1,
        view: view(&lines, receipts, is_waiting, member.who.member),
        rows: lines.into_iter().map(back_row).collect(),
        reason: String::new(),
        errors: Errors::default(),
    })
}

/// The form that receives what came back of an order.
pub(crate) async fn show(
    May(member, ..): May<may::ChangeStock>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    page_of(&member, &id).await.map(|page| render(&page))
}

/// Units of a field: nothing typed is none, and what is no number is less than none.
fn units_of(text: &str) -> i64 {
    if text.is_empty() { 0 } else { scaled(text, 0).unwrap_or(-1) }
}

/// What was typed, by line and SKU. What names none is left out.
fn found_in(fields: &Fields, rows: usize) -> BTreeMap<(LineId, SkuId), Found> {
    let row = |index: usize| {
        let of = |name: &str| fields.get(&format!("{name}-{index}")).to_owned();
        let key = (of("line").parse().ok()?, of("sku").parse().ok()?);
        let found = Found { whole_units: units_of(&of("whole")), damaged_units: units_of(&of("damaged")) };
        Some((key, found))
    };
    (0..rows).filter_map(row).collect()
}

/// Receives what came back, or notes that nothing did.
pub(crate) async fn receive(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeStock>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let page = page_of(&member, &id).await?;
    let (app, organization, who, order) =
        (&member.web.app, member.organization(), member.who.member, page.order);
    let (number, reason) = (fields.get("number").parse().unwrap_or_default(), fields.get("reason"));
    let is_nothing = fields.get("do") == "nothing";
    let done = if is_nothing {
        app.nothing_came_back(organization, who, order, number, reason).await
    } else {
        let found = found_in(&fields, page.rows.len());
        let arrival = Arrival { number, found, reason: reason.to_owned() };
        app.receive_return(organization, who, order, arrival).await
    };
    let flash = if is_nothing { "flash-return-nothing" } else { "flash-return-received" };
    match done {
        Ok(()) => Ok(see_with(&format!("/orders/{order}"), Tone::Good, flash)),
        Err(ReturnError::App(error)) => Err(Failure::from(error).on(page.chrome)),
        Err(error) => {
            let page = with_error(page, &fields, &error);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
        }
    }
}

/// The form as it was typed, with what is wrong. After another receipt it begins anew.
fn with_error(mut page: ReturnPage, fields: &Fields, error: &ReturnError) -> ReturnPage {
    let (field, text) = words(&page.chrome, error);
    page.errors = Errors(vec![FieldError { field, text: text.clone() }]);
    fields.get("reason").clone_into(&mut page.reason);
    if matches!(error, ReturnError::Meanwhile) {
        return page;
    }
    let wrong: BTreeSet<(LineId, SkuId)> = match error {
        ReturnError::TooMany { row, .. } => [*row].into(),
        ReturnError::Reason
        | ReturnError::Nothing
        | ReturnError::Kit(_)
        | ReturnError::Meanwhile
        | ReturnError::App(_) => BTreeSet::new(),
    };
    for (index, row) in page.rows.iter_mut().enumerate() {
        fields.get(&format!("whole-{index}")).clone_into(&mut row.whole);
        fields.get(&format!("damaged-{index}")).clone_into(&mut row.damaged);
        row.error = wrong.contains(&(row.line, row.sku)).then(|| text.clone());
    }
    page
}

/// The field that something is wrong with, and what.
fn words(chrome: &Chrome, error: &ReturnError) -> (&'static str, String) {
    match error {
        ReturnError::Reason => ("reason", chrome.t("count-error-reason").to_owned()),
        ReturnError::Nothing => ("whole-0", chrome.t("return-error-nothing").to_owned()),
        ReturnError::TooMany { most_units, .. } => ("whole-0", chrome.tn("return-error-many", most_units)),
        ReturnError::Kit(code) => ("whole-0", chrome.ta("return-error-kit", "code", code)),
        ReturnError::Meanwhile => ("whole-0", chrome.t("return-error-meanwhile").to_owned()),
        ReturnError::App(error) => ("reason", error.to_string()),
    }
}
