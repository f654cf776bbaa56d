//! What stands in cells: text that no spreadsheet takes for a formula, and numbers by the marks that
//! the whole file uses.

use super::{ColumnMap, Sheet};

/// What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
const BEGINS_FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
/// Tells a spreadsheet that text follows.
const TEXT_MARK: char = '\'';
/// Digits between two marks of thousands.
const GROUP: usize = 3;

fn needs_mark(text: &str) -> bool {
    text.starts_with(BEGINS_FORMULA) || text.starts_with(TEXT_MARK)
}

/// A text as it goes out: what would become a formula gets an apostrophe before it.
#[must_use]
pub fn into_cell(text: &str) -> String {
    if needs_mark(text) { format!("{TEXT_MARK}{text}") } else { text.to_owned() }
}

/// A text as it came in: [`into_cell`] undone.
#[must_use]
pub fn from_cell(cell: &str) -> &str {
    cell.strip_prefix(TEXT_MARK).filter(|rest| needs_mark(rest)).unwrap_or(cell)
}

/// What a number alone tells of the file's marks.
fn decimal_mark_of(text: &str) -> Option<char> {
    let bare = text.trim().trim_start_matches("R$").trim_end_matches('%').trim();
    if bare.is_empty() || !bare.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, ',' | '.')) {
        return None;
    }
    let (comma, point) = (bare.rfind(','), bare.rfind('.'));
    let count = |mark| bare.matches(mark).count();
    match (comma, point) {
        (Some(comma), Some(point)) => Some(if comma > point { ',' } else { '.' }),
        (Some(_), None) if count(',') > 1 => Some('.'),
        (None, Some(_)) if count('.') > 1 => Some(','),
        (Some(at), None) | (None, Some(at)) => {
            let mark = if comma.is_some() { ',' } else { '.' };
            let (whole, fraction) = (&bare[..at], &bare[at + 1..]);
            let is_open = fraction.len() == GROUP && whole.len() <= GROUP && !whole.starts_with('0');
            (!is_open && !whole.is_empty() && !fraction.is_empty()).then_some(mark)
        }
        (None, None) => None,
    }
}

/// Takes the second reading from numbers such as `1.500` where the rest of the file shows which of
/// its marks is the decimal one. Where it shows none, or both, they are left as they are and refused.
pub fn settle_numbers(sheet: &mut Sheet, map: &ColumnMap) {
    if sheet.knows_numbers {
        return;
    }
    let places: Vec<usize> =
        map.places().filter(|(column, _)| column.is_number()).map(|(_, place)| place).collect();
    let cells = |sheet: &Sheet| -> Vec<char> {
        let of = |row: &super::SheetRow| -> Vec<char> {
            places.iter().filter_map(|place| decimal_mark_of(row.cells.get(*place)?)).collect()
        };
        let mut seen: Vec<char> = sheet.rows.iter().flat_map(of).collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    };
    let [mark] = cells(sheet)[..] else { return };
    for row in &mut sheet.rows {
        for place in &places {
            if let Some(cell) = row.cells.get_mut(*place)
                && decimal_mark_of(cell).is_none()
                && cell.contains([',', '.'])
            {
                *cell = if cell.contains(mark) { format!("{cell}0") } else { cell.replace([',', '.'], "") };
            }
        }
    }
}
