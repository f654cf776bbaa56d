//! A count of the shelf that comes as a file.

use app::count_file::{BadLine, CountFileError};
use app::pictures::Upload;
use app::sheet::{ReadError, read};
use app::stock_take::TakeError;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::count_file::CountFileFault;

use super::guard::{Failure, render, see_with};
use super::may;
use super::stock_takes::{MAX_BAD_ROWS, page_of, uncounted, words};
use super::table_upload::TableForm;
use crate::pages::stock_takes::StockTakePage;
use crate::{Chrome, Tone};

/// Counts a file, all of it or nothing.
pub(crate) async fn take(
    Path(id): Path<String>,
    form: TableForm<may::ChangeStock>,
) -> Result<Response, Failure> {
    let TableForm { member, file, .. } = form;
    let page = page_of(&member, &id, "").await?;
    let Some(Upload { bytes, .. }) = file else {
        return Ok(refused(page, |chrome| chrome.t("sheet-read-long").to_owned()));
    };
    let sheet = tokio::task::spawn_blocking(move || read(&bytes)).await;
    let sheet = match sheet.unwrap_or(Err(ReadError::Broken)) {
        Ok(sheet) => sheet,
        Err(error) => {
            return Ok(refused(page, |chrome| chrome.word("sheet-read", error.as_str()).to_owned()));
        }
    };
    let take = page.row.id;
    let counted = member.web.app.count_file(member.organization(), member.who.member, take, &sheet).await;
    match counted {
        Ok(_) => Ok(see_with(&format!("/stock-takes/{take}"), Tone::Good, "flash-take-file")),
        Err(CountFileError::Columns(fault)) => Ok(refused(page, |chrome| column_text(chrome, fault))),
        Err(CountFileError::Rows(bad)) => Ok(with_rows(page, &bad)),
        Err(CountFileError::Take(TakeError::App(error))) => Err(Failure::from(error).on(page.chrome)),
        Err(CountFileError::Take(error)) => Ok(refused(page, |chrome| words(chrome, &error).1)),
    }
}

fn column_text(chrome: &Chrome, fault: CountFileFault) -> String {
    let key = match fault {
        CountFileFault::NoCode => "take-file-nocode",
        CountFileFault::NoUnits => "take-file-nounits",
        CountFileFault::NoRows => "take-file-norows",
    };
    chrome.t(key).to_owned()
}

fn refused(page: StockTakePage, text: impl FnOnce(&Chrome) -> String) -> Response {
    let file_error = Some(text(&page.chrome));
    (StatusCode::UNPROCESSABLE_ENTITY, render(&StockTakePage { file_error, ..page })).into_response()
}

/// The page with the rows that stand in the way.
fn with_rows(page: StockTakePage, bad: &[BadLine]) -> Response {
    let chrome = &page.chrome;
    let row = |(number, code, why): &BadLine| {
        let place = chrome.ta("take-file-row", "row", &number.to_string());
        (format!("{place} {code}"), uncounted(chrome, why))
    };
    let file_bad = bad.iter().take(MAX_BAD_ROWS).map(row).collect();
    let file_error = Some(chrome.tn("take-file-bad", &i64::try_from(bad.len()).unwrap_or(i64::MAX)));
    let page = StockTakePage { file_error, file_bad, ..page };
    (StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response()
}
