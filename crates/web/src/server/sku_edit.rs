//! Stock and costs of many SKUs, typed into one list and saved in one go.
//!
//! What was typed goes the way of a table that somebody brought (`app::sheet`): so it is checked cell by cell,
//! asked about where it looks like a slip, kept whole for each product, and can be taken back.

use app::sheet::SheetAgreed;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::SheetId;
use domain::catalogue::TypedRow;
use domain::sheet::{Column, Sheet, SheetFault, SheetRow};
use serde::Deserialize;
use store::pages::PAGE_ROWS;
use store::sheets::{LOOK_UP_CODES, SoldRow};

use super::guard::{Failure, Fields, Form, May, Member, Posted, render, see_with};
use super::{may, see_other};
use crate::pages::products::decimal_mark;
use crate::pages::sheets::{EditCell, EditRow, SkuEditPage, trouble_text};
use crate::pages::{Pager, query_of};
use crate::{Chrome, Nav, Tone};

const LIST: &str = "/skus/edit";
const COLUMNS: [Column; 3] = [Column::Code, Column::Cost, Column::OnHand];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    after: String,
}

/// The list with a field for each number.
pub(crate) async fn show(
    May(member, ..): May<may::ChangeCatalogue>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    Ok(render(&page(&member, query.after).await?))
}

async fn page(member: &Member, after: String) -> Result<SkuEditPage, Failure> {
    let from = after.clone();
    let (chrome, mut rows) =
        member.page(Some(Nav::Skus), move |tenant| tenant.sku_rows(&from, PAGE_ROWS + 1)).await?;
    let more = rows.len() > PAGE_ROWS as usize;
    rows.truncate(PAGE_ROWS as usize);
    let link = |after: &str| query_of("/skus/edit").append_pair("after", after).finish();
    let older = rows.last().filter(|_| more).map(|row| link(&row.variant.code));
    let newer = (!after.is_empty()).then(|| LIST.to_owned());
    let rows = rows.into_iter().enumerate().map(|(at, row)| edit_row(&chrome, at, row)).collect();
    Ok(SkuEditPage { chrome, rows, after, pager: Pager { newer, older } })
}

fn edit_row(chrome: &Chrome, at: usize, row: SoldRow) -> EditRow {
    let cost = TypedRow::of(&row.variant, decimal_mark(chrome.lang)).cost;
    let on_hand = row.on_hand_units.map(|units| units.to_string()).unwrap_or_default();
    let cell = |was: String| EditCell { typed: was.clone(), was, wrong: None };
    EditRow { at, code: row.variant.code, title: row.title, on_hand: cell(on_hand), cost: cell(cost) }
}

/// What was typed, in place of what is kept.
fn typed(fields: &Fields, rows: &mut [EditRow]) {
    for row in rows {
        for (name, cell) in [("on_hand", &mut row.on_hand), ("cost", &mut row.cost)] {
            let of = |prefix: &str| fields.get(&format!("{prefix}{name}-{}", row.code)).to_owned();
            (cell.typed, cell.was) = (of(""), of("was-"));
        }
    }
}

/// Saves what was typed, or says what is wrong with it, cell by cell.
pub(crate) async fn save(Form(posted, ..): Form<may::ChangeCatalogue>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let mut page = page(&member, fields.get("after").to_owned()).await?;
    typed(&fields, &mut page.rows);
    let table = table_of(&member, &page.rows).await?;
    let back = || see_with(LIST, Tone::Watch, "flash-edit-nothing");
    if table.rows.is_empty() {
        return Ok(back());
    }
    let (app, organization, who) = (&member.web.app, member.organization(), member.who.member);
    let name = page.chrome.t("edit-name");
    let id = app.stage_sheet(organization, who, name, table).await.map_err(|error| match error {
        app::sheet::StageError::App(error) => Failure::from(error),
        app::sheet::StageError::Header(_) | app::sheet::StageError::NoRows => {
            Failure::of(crate::pages::account::Obstacle::BadRequest)
        }
    })?;
    let (sheet, faults) = app
        .organization(organization)
        .read(move |tenant| Ok((tenant.sheet(id)?, tenant.sheet_faults(id, 0, PAGE_ROWS)?)))
        .await?;
    let counts = sheet.map(|sheet| sheet.counts).unwrap_or_default();
    if counts.faults > 0 {
        app.drop_sheet(organization, who, id).await?;
        blame(&mut page, faults);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response());
    }
    let unasked = i64::try_from(app.unasked_changes()).unwrap_or(i64::MAX);
    let asks = counts.costs + counts.adopts > 0 || counts.creates + counts.changes > unasked;
    if asks || app.apply_sheet(organization, who, id, SheetAgreed::default()).await.is_err() {
        return Ok(see_other(&staged(id)));
    }
    Ok(see_with(&staged(id), Tone::Good, "flash-sheet-applying"))
}

fn staged(id: SheetId) -> String {
    format!("/products/import/{id}")
}

/// The rows in which something else was typed, as a table. Units that left the shelf since the list was shown
/// stay gone: what was meant is the difference to what was looked at.
async fn table_of(member: &Member, rows: &[EditRow]) -> Result<Sheet, Failure> {
    let changed: Vec<&EditRow> =
        rows.iter().filter(|row| row.cost.is_changed() || row.on_hand.is_changed()).collect();
    let codes: Vec<String> = changed.iter().map(|row| row.code.clone()).take(LOOK_UP_CODES).collect();
    let reader = member.web.app.organization(member.organization());
    let held = reader.read(move |tenant| tenant.codes_held(&codes)).await?;
    let lies = |code: &str| held.iter().find(|held| held.code == code).map(|held| held.tally.on_hand_units);
    let on_hand = |row: &EditRow| -> String {
        let parsed = row.on_hand.typed.parse::<i64>().ok().zip(row.on_hand.was.parse::<i64>().ok());
        match parsed.zip(lies(&row.code)) {
            Some(((typed, was), lies)) if typed >= 0 => {
                (typed.saturating_add(lies.saturating_sub(was))).to_string()
            }
            _ => row.on_hand.typed.clone(),
        }
    };
    let cell = |cell: &EditCell, text: String| if cell.is_changed() { text } else { String::new() };
    let row = |row: &EditRow| SheetRow {
        number: u32::try_from(row.at).unwrap_or(u32::MAX),
        cells: vec![
            row.code.clone(),
            cell(&row.cost, row.cost.typed.clone()),
            cell(&row.on_hand, on_hand(row)),
        ],
    };
    let header = COLUMNS.map(|column| column.headings()[0].to_owned()).to_vec();
    // Each number is read by itself, as in any form.
    Ok(Sheet { header, rows: changed.into_iter().map(row).collect(), knows_numbers: true })
}

/// Puts what is wrong beside its cell.
fn blame(page: &mut SkuEditPage, faults: Vec<(i64, SheetFault)>) {
    for (_, fault) in faults {
        let text = trouble_text(&page.chrome, &fault);
        let row = page.rows.iter_mut().find(|row| u32::try_from(row.at) == Ok(fault.row));
        let Some(row) = row else { continue };
        let cell = if fault.column == Column::Cost { &mut row.cost } else { &mut row.on_hand };
        cell.wrong = Some(text);
    }
}
