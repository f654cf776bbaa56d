//! Tables that people bring along: chosen, looked at, applied, taken back; and the same table to take away.

use app::pictures::Upload;
use app::sheet::{ApplyError, Heading, ReadError, SheetAgreed, StageError, Wish, read};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::SheetId;
use domain::catalogue::Agreed;
use domain::sheet::{HeaderFault, SheetFault};
use futures::{TryStreamExt as _, stream};
use serde::Deserialize;
use store::pages::PAGE_ROWS;
use store::sheets::{HeldSheet, ItemKind, ItemState, SheetItem, SheetState};
use store::{StoreResult, Tenant};

use super::guard::{Failure, Form, May, Member, Posted, render, see_with};
use super::table_download::download;
use super::table_upload::TableForm;
use super::{may, see_other};
use crate::pages::Pager;
use crate::pages::account::Obstacle;
use crate::pages::sheets::{
    FaultLine, ItemLine, SheetLine, SheetPage, SheetsPage, column_label, trouble_text,
};
use crate::{Chrome, Nav, Tone, csv, i18n};

const LIST: &str = "/products/import";
/// Cells that cannot be taken, written out at once.
const FAULTS_AT_ONCE: u32 = 500;
/// Rows of the table of everything, read at once.
const ROWS_AT_ONCE: u32 = 500;

/// Where a table is chosen, and the last ones.
pub(crate) async fn list(May(member, ..): May<may::ChangeCatalogue>) -> Result<Response, Failure> {
    Ok(render(&choose(&member, None).await?))
}

async fn choose(member: &Member, error: Option<String>) -> Result<SheetsPage, Failure> {
    let (chrome, last) = member.page(Some(Nav::Products), |tenant| tenant.last_sheets()).await?;
    let line = |sheet: HeldSheet| SheetLine {
        id: sheet.id,
        name: sheet.name,
        state: sheet.state.as_str(),
        rows: sheet.counts.rows,
        at: sheet.created_at,
    };
    Ok(SheetsPage { chrome, error, last: last.into_iter().map(line).collect() })
}

/// Takes a table in and shows what it would do. Nothing of the shop changes.
pub(crate) async fn take(form: TableForm<may::ChangeCatalogue>) -> Result<Response, Failure> {
    let TableForm { member, file, .. } = form;
    let Some(Upload { name, bytes }) = file else { return refuse(&member, "sheet-read-long").await };
    let table = tokio::task::spawn_blocking(move || read(&bytes)).await;
    let table = match table.unwrap_or(Err(ReadError::Broken)) {
        Ok(table) => table,
        Err(error) => return refuse(&member, &format!("sheet-read-{}", error.as_str())).await,
    };
    let staged = member.web.app.stage_sheet(member.organization(), member.who.member, &name, table).await;
    match staged {
        Ok(id) => Ok(see_other(&format!("{LIST}/{id}"))),
        Err(StageError::NoRows) => refuse(&member, "sheet-read-norows").await,
        Err(StageError::Header(HeaderFault::NoCode)) => refuse(&member, "sheet-read-nocode").await,
        Err(StageError::Header(HeaderFault::Twice(one, other))) => {
            let chrome = member.chrome(None).await?;
            let text = i18n::t(chrome.lang, "sheet-read-twice", &[("one", &one), ("other", &other)]);
            again(&member, text).await
        }
        Err(StageError::App(error)) => Err(Failure::from(error)),
    }
}

async fn refuse(member: &Member, key: &str) -> Result<Response, Failure> {
    let text = member.chrome(None).await?.t(key).to_owned();
    again(member, text).await
}

async fn again(member: &Member, text: String) -> Result<Response, Failure> {
    let page = choose(member, Some(text)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FaultQuery {
    after: i64,
}

/// What a table's page is made of.
struct Found {
    sheet: HeldSheet,
    creates: Vec<SheetItem>,
    changes: Vec<SheetItem>,
    asked: Vec<SheetItem>,
    /// What was left out, or stays.
    left: Vec<SheetItem>,
    faults: Vec<(i64, SheetFault)>,
    /// How many are waiting, in, left out, taken back, and stay.
    states: [i64; 5],
}

fn look(tenant: &mut Tenant<'_, '_>, id: SheetId, after: i64) -> StoreResult<Option<Found>> {
    let Some(sheet) = tenant.sheet(id)?.filter(|sheet| sheet.state != SheetState::Reading) else {
        return Ok(None);
    };
    let is_new = sheet.state == SheetState::Staged;
    let mut samples = |kind| if is_new { tenant.sheet_samples(id, kind) } else { Ok(Vec::new()) };
    let (creates, changes) = (samples(ItemKind::Create)?, samples(ItemKind::Change)?);
    let asked = if is_new { tenant.sheet_questions(id, PAGE_ROWS)? } else { Vec::new() };
    let mut left = Vec::new();
    let done = [ItemKind::Create, ItemKind::Change];
    for state in [ItemState::Left, ItemState::Stays] {
        left.extend(tenant.sheet_items(id, state, &done, 0, PAGE_ROWS)?);
    }
    let faults = tenant.sheet_faults(id, after, PAGE_ROWS)?;
    let mut states = [0; 5];
    let all = [ItemState::Waiting, ItemState::Done, ItemState::Left, ItemState::Undone, ItemState::Stays];
    for (count, state) in states.iter_mut().zip(all) {
        *count = tenant.sheet_item_count(id, state)?;
    }
    Ok(Some(Found { sheet, creates, changes, asked, left, faults, states }))
}

async fn page_of(
    member: &Member,
    id: &str,
    after: i64,
    agreed: SheetAgreed,
    is_open: bool,
) -> Result<SheetPage, Failure> {
    let id = id.parse::<SheetId>().ok();
    let (chrome, found) = member
        .page(Some(Nav::Products), move |tenant| match id {
            Some(id) => look(tenant, id, after),
            None => Ok(None),
        })
        .await?;
    let Some(found) = found else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let Found { sheet, creates, changes, asked, left, mut faults, states } = found;
    let more = faults.len() > PAGE_ROWS as usize;
    faults.truncate(PAGE_ROWS as usize);
    let path = format!("{LIST}/{}", sheet.id);
    let pager = Pager {
        newer: (after > 0).then(|| path.clone()),
        older: faults.last().filter(|_| more).map(|(place, _)| format!("{path}?after={place}")),
    };
    let lines = |items: Vec<SheetItem>| items.into_iter().map(|item| item_line(&chrome, item)).collect();
    Ok(SheetPage {
        id: sheet.id,
        name: sheet.name.clone(),
        state: sheet.state,
        at: sheet.created_at,
        until: sheet.expires_at,
        counts: sheet.counts,
        heading: serde_json::from_str::<Heading>(&sheet.heading).unwrap_or_default(),
        creates: lines(creates),
        changes: lines(changes),
        asked: lines(asked),
        left: lines(left),
        faults: faults.iter().map(|(_, fault)| fault_line(&chrome, fault)).collect(),
        pager,
        states,
        agreed,
        is_open,
        chrome,
    })
}

fn item_line(chrome: &Chrome, item: SheetItem) -> ItemLine {
    let wish = serde_json::from_str::<Wish>(&item.wish).ok();
    let changes = wish.map(|wish| wish.changes).unwrap_or_default();
    let line = |change: app::sheet::Difference| {
        let label = column_label(chrome, &change.column);
        let part = |text: String| if text.is_empty() { "–".to_owned() } else { text };
        let (before, after) = (part(change.before), part(change.after));
        let values =
            [("code", change.code.as_str()), ("what", label), ("before", &before), ("after", &after)];
        let key = if change.code.is_empty() { "sheet-change-own" } else { "sheet-change" };
        i18n::t(chrome.lang, key, &values)
    };
    ItemLine {
        row: i64::from(item.row),
        title: item.title,
        code: item.code,
        changes: changes.into_iter().map(line).collect(),
        asks: item.asks.split_whitespace().map(|word| chrome.word("sheet-ask", word).to_owned()).collect(),
        why: (!item.why.is_empty()).then(|| chrome.word("sheet-why", &item.why).to_owned()),
    }
}

fn fault_line(chrome: &Chrome, fault: &SheetFault) -> FaultLine {
    FaultLine {
        row: i64::from(fault.row),
        column: column_label(chrome, fault.column.as_str()).to_owned(),
        found: fault.found.clone(),
        text: trouble_text(chrome, fault),
    }
}

/// One table: what it would do, how far it is, what became of it.
pub(crate) async fn show(
    May(member, ..): May<may::ChangeCatalogue>,
    Path(id): Path<String>,
    Query(query): Query<FaultQuery>,
) -> Result<Response, Failure> {
    Ok(render(&page_of(&member, &id, query.after, SheetAgreed::default(), false).await?))
}

/// Applies it, drops it or takes it back, as the pressed button says.
pub(crate) async fn act(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Ok(sheet) = id.parse::<SheetId>() else {
        return Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Products)).await?));
    };
    let (app, organization, who) = (&member.web.app, member.organization(), member.who.member);
    let path = format!("{LIST}/{sheet}");
    let past = |done: bool, key| {
        if done { see_with(&path, Tone::Good, key) } else { see_with(&path, Tone::Watch, "flash-sheet-past") }
    };
    match fields.get("do") {
        "apply" => {
            let ticked = |name: &str| fields.get(name) == "1";
            let form = Agreed { cost: ticked("agreed-cost"), adopt: ticked("agreed-adopt"), drop: false };
            let agreed = SheetAgreed { form, without_refused: ticked("agreed-refused") };
            match app.apply_sheet(organization, who, sheet, agreed).await {
                Ok(()) => Ok(see_with(&path, Tone::Good, "flash-sheet-applying")),
                Err(ApplyError::Past) => Ok(see_with(&path, Tone::Watch, "flash-sheet-past")),
                Err(ApplyError::Asks) => {
                    let page = page_of(&member, &id, 0, agreed, true).await?;
                    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
                }
                Err(ApplyError::App(error)) => {
                    Err(Failure::from(error).on(member.chrome(Some(Nav::Products)).await?))
                }
            }
        }
        "drop" => Ok(past(app.drop_sheet(organization, who, sheet).await?, "flash-sheet-dropped")),
        "undo" => Ok(past(app.undo_sheet(organization, who, sheet).await?, "flash-sheet-undoing")),
        _ => Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Products)).await?)),
    }
}

/// The cells that cannot be taken, as a table with what is wrong.
pub(crate) async fn faults(
    May(member, ..): May<may::ChangeCatalogue>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Products)).await?;
    let found = id.parse::<SheetId>().ok();
    let reader = member.web.app.organization(member.organization());
    let held = match found {
        Some(id) => reader.read(move |tenant| tenant.sheet(id)).await?,
        None => None,
    };
    let (Some(id), Some(_)) = (found, held) else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let mut first_line = String::from(csv::BYTE_ORDER_MARK);
    let columns = ["sheet-fault-row", "sheet-fault-column", "sheet-fault-found", "sheet-fault-wrong"];
    csv::line(&mut first_line, chrome.lang, &columns.map(|key| chrome.t(key).to_owned()));
    let named = chrome.clone();
    let pages = stream::try_unfold(0_i64, move |after| {
        let reader = reader.clone();
        async move {
            let rows = reader.read(move |tenant| tenant.sheet_faults(id, after, FAULTS_AT_ONCE)).await?;
            Ok::<_, store::StoreError>(rows.last().map(|(last, _)| *last).map(|last| (rows, last)))
        }
    });
    let lines = pages.map_ok(move |rows| {
        let mut out = String::new();
        for (_, fault) in rows {
            let FaultLine { row, column, found, text } = fault_line(&named, &fault);
            csv::line(&mut out, named.lang, &[row.to_string(), column, found, text]);
        }
        out
    });
    Ok(download(&chrome, "erros", first_line, lines))
}

/// Everything that is sold, as the table that comes in again.
pub(crate) async fn export(Form(posted, ..): Form<may::SeeCatalogue>) -> Result<Response, Failure> {
    let member = posted.member;
    let chrome = member.chrome(Some(Nav::Products)).await?;
    member.web.app.note_export(member.organization(), member.who.member).await?;
    let reader = member.web.app.organization(member.organization());
    let named = chrome.clone();
    let pages = stream::try_unfold(String::new(), move |after| {
        let reader = reader.clone();
        async move {
            let rows = reader.read(move |tenant| tenant.sku_rows(&after, ROWS_AT_ONCE)).await?;
            let last = rows.last().map(|row| row.variant.code.clone());
            Ok::<_, store::StoreError>(last.map(|last| (rows, last)))
        }
    });
    let lines = pages.map_ok(move |rows| {
        let mut out = String::new();
        for row in rows {
            csv::line(&mut out, named.lang, &csv::sku_cells(named.lang, &row));
        }
        out
    });
    let mut head = String::from(csv::BYTE_ORDER_MARK);
    csv::line(&mut head, chrome.lang, &csv::sku_heads(chrome.lang));
    Ok(download(&chrome, "produtos", head, lines))
}
