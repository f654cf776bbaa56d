//! Tables as text: RFC 4180, with whichever mark parts the cells.

use super::read::{Gather, ReadError};

/// What may part cells.
const SEPARATORS: [char; 4] = [';', ',', '\t', '|'];

/// The mark that parts the cells: the one that the first line has most of, outside of quotes.
fn separator(text: &str) -> char {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut quoted = false;
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            '\n' | '\r' if !quoted && counts.iter().any(|count| *count > 0) => break,
            _ if !quoted => {
                if let Some(at) = SEPARATORS.iter().position(|mark| *mark == letter) {
                    counts[at] += 1;
                }
            }
            _ => {}
        }
    }
    let most = (0..SEPARATORS.len()).max_by_key(|at| (counts[*at], SEPARATORS.len() - at));
    most.map_or(';', |at| SEPARATORS[at])
}

/// Reads a text's rows.
pub(super) fn rows(text: &str, gather: &mut Gather) -> Result<(), ReadError> {
    let mark = separator(text);
    let (mut cell, mut quoted, mut row) = (String::new(), false, 1_u32);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            '\n' | '\r' if !quoted => {
                if letter == '\r' && letters.peek() == Some(&'\n') {
                    letters.next();
                }
                gather.cell(std::mem::take(&mut cell))?;
                gather.end_row(row)?;
                row = row.saturating_add(1);
            }
            _ if letter == mark && !quoted => gather.cell(std::mem::take(&mut cell))?,
            _ => {
                Gather::fits(cell.len())?;
                cell.push(letter);
            }
        }
    }
    if quoted {
        return Err(ReadError::OpenQuote);
    }
    gather.cell(cell)?;
    gather.end_row(row)
}
