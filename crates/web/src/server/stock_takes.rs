//! The shelf is counted: by scanner or table, previewed, applied.

use app::stock_take::{TakeError, Uncounted, correction_of};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::stock_take::{MAX_LINES, MAX_UNITS, RowFault};
use domain::{Money, SkuId, StockTakeId};
use serde::Deserialize;
use store::stock_takes::{StockTake, TakeLine};

use super::guard::{Failure, Fields, Form, May, Member, Posted, render, see_with};
use super::{may, see_other};
use crate::pages::account::Obstacle;
use crate::pages::stock_takes::{StockTakePage, StockTakesPage, TakeLineRow, TakeRow};
use crate::pages::{Errors, FieldError};
use crate::{Chrome, Nav, Tone};

/// Rows that could not be counted are told in so many lines at most; all of them stay in the field.
pub(super) const MAX_BAD_ROWS: usize = 50;

fn row_of(take: StockTake) -> TakeRow {
    TakeRow {
        id: take.id,
        state: take.state.as_str(),
        begun_at: take.begun_at,
        lines: take.lines,
        reason: take.reason,
    }
}

fn line_of(line: TakeLine) -> TakeLineRow {
    let delta = correction_of(&line).unwrap_or(line.counted_units - line.expected_units);
    let value = line.cost.filter(|_| delta != 0);
    TakeLineRow {
        sku: line.sku,
        value: value.map(|cost| Money::new(cost.minor.saturating_mul(delta), cost.currency)),
        code: line.code,
        title: line.title,
        counted_units: line.counted_units,
        expected_units: line.expected_units,
        counted_at: line.counted_at,
        has_moved: line.has_moved,
    }
}

/// The counts.
pub(crate) async fn list(May(member, ..): May<may::SeeStock>) -> Result<Response, Failure> {
    let (chrome, takes) = member.page(Some(Nav::Skus), |tenant| tenant.stock_takes()).await?;
    Ok(render(&StockTakesPage { chrome, rows: takes.into_iter().map(row_of).collect() }))
}

/// Begins a count.
pub(crate) async fn begin(Form(posted, ..): Form<may::ChangeStock>) -> Result<Response, Failure> {
    let Posted { member, .. } = posted;
    let id = member.web.app.begin_stock_take(member.organization(), member.who.member).await?;
    Ok(see_other(&format!("/stock-takes/{id}")))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LastQuery {
    last: String,
}

pub(super) async fn page_of(member: &Member, id: &str, last: &str) -> Result<StockTakePage, Failure> {
    let Ok(id) = id.parse::<StockTakeId>() else {
        return Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Skus)).await?));
    };
    let (chrome, (take, lines)) = member
        .page(Some(Nav::Skus), move |tenant| Ok((tenant.stock_take(id)?, tenant.stock_take_lines(id)?)))
        .await?;
    let Some(take) = take else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    let counted = last.parse::<SkuId>().ok().and_then(|sku| lines.iter().find(|line| line.sku == sku));
    Ok(StockTakePage {
        last: counted.map(|line| (line.code.clone(), line.counted_units)),
        chrome,
        row: row_of(take),
        lines: lines.into_iter().map(line_of).collect(),
        scan: String::new(),
        table: String::new(),
        bad: Vec::new(),
        file_error: None,
        file_bad: Vec::new(),
        reason: String::new(),
        errors: Errors::default(),
    })
}

/// One count.
pub(crate) async fn show(
    May(member, ..): May<may::SeeStock>,
    Path(id): Path<String>,
    Query(query): Query<LastQuery>,
) -> Result<Response, Failure> {
    page_of(&member, &id, &query.last).await.map(|page| render(&page))
}

/// Adds to a count, or ends it.
pub(crate) async fn change(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeStock>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let page = page_of(&member, &id, "").await?;
    let (app, organization, who) = (&member.web.app, member.organization(), member.who.member);
    let (take, path) = (page.row.id, format!("/stock-takes/{}", page.row.id));
    let done = match fields.get("do") {
        "apply" => {
            let applied = app.apply_stock_take(organization, who, take, fields.get("reason")).await;
            applied.map(|_| see_with(&path, Tone::Good, "flash-take-applied"))
        }
        "leave" => {
            let left = app.leave_stock_take(organization, who, take).await;
            left.map(|()| see_with("/stock-takes", Tone::Quiet, "flash-take-left"))
        }
        "table" => return table(&member, page, &fields).await,
        "set" | "drop" => {
            let sku = fields.get("sku").parse::<SkuId>();
            let Ok(sku) = sku else { return Err(Failure::of(Obstacle::NotFound).on(page.chrome)) };
            // What is no number is none that can be counted.
            let units = fields.get("units").parse::<i64>().unwrap_or(-1);
            let units = (fields.get("do") == "set").then_some(units);
            let set = app.set_counted(organization, take, sku, units).await;
            set.map(|()| see_other(&format!("{path}?last={sku}")))
        }
        _ => {
            let counted = app.scan(organization, take, fields.get("scan")).await;
            counted.map(|counted| see_other(&format!("{path}?last={}", counted.sku)))
        }
    };
    match done {
        Ok(response) => Ok(response),
        Err(TakeError::App(error)) => Err(Failure::from(error).on(page.chrome)),
        Err(error) => {
            let (field, text) = words(&page.chrome, &error);
            let page = StockTakePage {
                scan: fields.get("scan").to_owned(),
                reason: fields.get("reason").to_owned(),
                errors: Errors(vec![FieldError { field, text }]),
                ..page
            };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
        }
    }
}

/// Takes a table in; rows that could not be counted stay in the field.
async fn table(member: &Member, page: StockTakePage, fields: &Fields) -> Result<Response, Failure> {
    let taken = member.web.app.take_table(member.organization(), page.row.id, &fields.raw("table")).await;
    let path = format!("/stock-takes/{}", page.row.id);
    match taken {
        Ok((0, bad)) if bad.is_empty() => Ok(see_with(&path, Tone::Watch, "flash-take-nothing")),
        Ok((_, bad)) if bad.is_empty() => Ok(see_with(&path, Tone::Good, "flash-take-table")),
        Ok((_, bad)) => {
            let id = page.row.id.to_string();
            let page = page_of(member, &id, "").await?;
            let texts: Vec<&str> = bad.iter().map(|(text, _)| text.as_str()).collect();
            let table = texts.join("\n");
            let said = bad.iter().take(MAX_BAD_ROWS);
            let bad = said.map(|(text, why)| (text.clone(), uncounted(&page.chrome, why))).collect();
            let page = StockTakePage { table, bad, ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
        }
        Err(TakeError::App(error)) => Err(Failure::from(error).on(page.chrome)),
        Err(error) => {
            let (_, text) = words(&page.chrome, &error);
            let page = StockTakePage { bad: vec![(String::new(), text)], ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
        }
    }
}

/// The field that something is wrong with, and what.
pub(super) fn words(chrome: &Chrome, error: &TakeError) -> (&'static str, String) {
    match error {
        TakeError::Over => ("end", chrome.t("take-error-over").to_owned()),
        TakeError::Uncounted(why) => ("scan", uncounted(chrome, why)),
        TakeError::Reason => ("reason", chrome.t("count-error-reason").to_owned()),
        TakeError::Empty => ("scan", chrome.t("take-error-empty").to_owned()),
        TakeError::Kits(codes) => ("lines", chrome.ta("take-error-kit", "code", &codes.join(", "))),
        TakeError::Negative(codes) => ("lines", chrome.ta("take-error-negative", "code", &codes.join(", "))),
        TakeError::App(error) => ("end", error.to_string()),
    }
}

pub(super) fn uncounted(chrome: &Chrome, why: &Uncounted) -> String {
    match why {
        Uncounted::Unknown(code) if code.is_empty() => chrome.t("take-error-nothing").to_owned(),
        Uncounted::Unknown(code) => chrome.ta("take-error-unknown", "code", code),
        Uncounted::Ambiguous(code, codes) => crate::i18n::t(
            chrome.lang,
            "take-error-ambiguous",
            &[("code", code), ("codes", &codes.join(", "))],
        ),
        Uncounted::Kit(code) => chrome.ta("take-error-kit", "code", code),
        Uncounted::Units | Uncounted::Row(RowFault::Units) => {
            chrome.ta("take-error-units", "most", &chrome.number(&MAX_UNITS))
        }
        Uncounted::Row(RowFault::Cells) => chrome.t("take-error-cells").to_owned(),
        Uncounted::Row(RowFault::Twice) => chrome.t("take-error-twice").to_owned(),
        Uncounted::Row(RowFault::TooMany) | Uncounted::Full => {
            chrome.tn("take-error-full", &i64::try_from(MAX_LINES).unwrap_or(i64::MAX))
        }
    }
}
