//! The audit trail as a table for spreadsheets. Details stay in the log: they are not made for
//! columns.

use crate::Chrome;
use crate::csv::{BYTE_ORDER_MARK, instant, line};
use crate::pages::audit::AuditRow;

/// The first line.
#[must_use]
pub fn head(chrome: &Chrome) -> String {
    let heads = [
        "col-number",
        "col-when",
        "col-who",
        "col-what",
        "csv-action",
        "audit-filter-kind",
        "col-subject",
        "col-outcome",
    ];
    let mut out = String::from(BYTE_ORDER_MARK);
    line(&mut out, chrome.lang, &heads.map(|key| chrome.t(key).to_owned()));
    out
}

/// A line for each event.
#[must_use]
pub fn lines(chrome: &Chrome, rows: &[AuditRow]) -> String {
    let mut out = String::new();
    for row in rows {
        let number = if row.number > 0 { row.number.to_string() } else { String::new() };
        let cells = [
            number,
            instant(row.at),
            chrome.actor(&row.actor, &row.member).to_owned(),
            chrome.word("audit", &row.action).to_owned(),
            row.action.clone(),
            chrome.word("audit-kind", &row.kind).to_owned(),
            row.subject.clone(),
            chrome.outcome_badge(&row.outcome).text.to_owned(),
        ];
        line(&mut out, chrome.lang, &cells);
    }
    out
}
