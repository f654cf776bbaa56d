//! Tables that the parts of the document have in common: a row for each fact and each call, a
//! column for each channel, and what becomes of words.

use std::collections::BTreeSet;

use connect::conformance::Step;
use domain::ChannelKind;

use super::page::{UNDOCUMENTED, code, table};

/// The head of a table: what its rows are, and the channels.
pub(super) fn head(of: &str, channels: impl Iterator<Item = ChannelKind>) -> Vec<String> {
    std::iter::once(of.to_owned()).chain(channels.map(|channel| channel.label().to_owned())).collect()
}

/// A row of it.
pub(super) fn row<Sheet>(name: &str, sheets: &[Sheet], cell: impl Fn(&Sheet) -> String) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(sheets.iter().map(cell)).collect()
}

/// What a number is that follows one of these segments.
const NUMBERS: [(&str, &str); 2] = [("packages", "{package}"), ("shipment_invoice", "{invoice}")];

/// The calls of a script, each once. A segment of a path that is the first of a pair is called
/// by the second.
pub(super) fn called(steps: Option<Vec<Step>>, names: &[(&str, &str)]) -> String {
    let Some(steps) = steps else { return "–".to_owned() };
    let told = |before: &str, segment: &str| {
        let by_id = names.iter().find(|(id, _)| *id == segment);
        let is_number = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        let by_place = NUMBERS.iter().find(|(place, _)| is_number && *place == before);
        by_id.or(by_place).map_or_else(|| segment.to_owned(), |(_, name)| (*name).to_owned())
    };
    let mut seen = BTreeSet::new();
    let calls = steps.iter().map(|step| {
        let (method, target) = step.request();
        let path: Vec<&str> = target.split('?').next().unwrap_or_default().split('/').collect();
        let before = std::iter::once("").chain(path.iter().copied());
        let general: Vec<String> = before.zip(&path).map(|(before, segment)| told(before, segment)).collect();
        code(&format!("{method} {}", general.join("/")))
    });
    calls.filter(|call| seen.insert(call.clone())).collect::<Vec<_>>().join(", ")
}

/// What becomes of each word, and of any other.
pub(super) fn states<'a>(words: impl Iterator<Item = &'a str>, state: impl Fn(&str) -> String) -> String {
    let known = words.map(|word| vec![code(word), state(word)]);
    let rows: Vec<_> = known.chain([vec!["any other word".to_owned(), state(UNDOCUMENTED)]]).collect();
    table(&["word".to_owned(), "state".to_owned()], &rows)
}
