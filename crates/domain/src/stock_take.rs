//! A count of the shelf: what a scanner or a table says, and what it makes of the ledger.
//!
//! A SKU is counted as of an instant: what leaves the shelf later is not missing, and the difference to what the ledger
//! had at that instant is what is put right (`docs/decisions/0039-kits.md`).

use crate::catalogue::scaled;

/// SKUs in one count, at most.
pub const MAX_LINES: usize = 2_000;
/// Units of one SKU, at most.
pub const MAX_UNITS: i64 = 1_000_000;
/// Letters of a code, at most.
pub const MAX_CODE_CHARS: usize = 120;
/// Signs that stand between how many and of what.
const TIMES: [char; 4] = ['x', 'X', '×', '*'];

/// What came out of a scanner, or was typed: a code alone is one unit, `12×code` twelve.
///
/// A code may itself look like that (`3x4-BOX`), so both readings are given: as it stands, then with how many.
#[must_use]
pub fn read_scan(text: &str) -> Vec<(String, i64)> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_CODE_CHARS {
        return Vec::new();
    }
    let mut readings = vec![(text.to_owned(), 1)];
    if let Some((times, code)) = text.split_once(TIMES) {
        let (times, code) = (times.trim(), code.trim());
        let is_number = !times.is_empty() && times.bytes().all(|byte| byte.is_ascii_digit());
        if let (true, false, Ok(times)) = (is_number, code.is_empty(), times.parse::<i64>())
            && (1..=MAX_UNITS).contains(&times)
        {
            readings.push((code.to_owned(), times));
        }
    }
    readings
}

/// What is wrong with a row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFault {
    /// No code, or no units beside it.
    Cells,
    /// The units are no whole number from 0 to [`MAX_UNITS`].
    Units,
    /// The code stands in an earlier row.
    Twice,
    /// More rows than one count has.
    TooMany,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// As it was sent, without its end.
    pub text: String,
    /// The code and its units.
    pub read: Result<(String, i64), RowFault>,
}

/// Reads a table of codes and units: parted by semicolon, tab or comma, quoted or not, with or without a heading.
/// Empty lines are left out.
#[must_use]
pub fn read_table(text: &str) -> Vec<Row> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (place, line) in lines.enumerate() {
        let mut read = read_row(line);
        if place == 0 && read == Err(RowFault::Units) && !line.bytes().any(|byte| byte.is_ascii_digit()) {
            // A heading.
            continue;
        }
        if let Ok((code, _)) = &read {
            if rows.len() >= MAX_LINES {
                read = Err(RowFault::TooMany);
            } else if !seen.insert(code.clone()) {
                read = Err(RowFault::Twice);
            }
        }
        rows.push(Row { text: line.to_owned(), read });
    }
    rows
}

fn read_row(line: &str) -> Result<(String, i64), RowFault> {
    let mark = [';', '\t', ','].into_iter().find(|mark| line.contains(*mark)).ok_or(RowFault::Cells)?;
    // What a code holds of the mark itself stays in it: units are behind the last but for empty cells.
    let line = line.trim_end_matches(mark);
    let (code, units) = line.rsplit_once(mark).ok_or(RowFault::Cells)?;
    let (code, units) = (bare(code), bare(units));
    if code.is_empty() || code.chars().count() > MAX_CODE_CHARS {
        return Err(RowFault::Cells);
    }
    let units = scaled(units, 0).map_err(|_| RowFault::Units)?;
    if units > MAX_UNITS { Err(RowFault::Units) } else { Ok((code.to_owned(), units)) }
}

fn bare(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell).trim()
}

/// What has to be put into the ledger now for a SKU of which so many were counted when the ledger had so many on hand.
/// `None` where more has left since than was counted: then the count, or the ledger, is wrong by more than this.
#[must_use]
pub const fn correction(counted_units: i64, expected_units: i64, on_hand_units: i64) -> Option<i64> {
    let delta = counted_units - expected_units;
    if on_hand_units + delta < 0 && delta < 0 { None } else { Some(delta) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scans(text: &str) -> Vec<(String, i64)> {
        read_scan(text)
    }

    #[test]
    fn what_is_no_scan_reads_as_nothing() {
        assert_eq!(scans(""), []);
        assert_eq!(scans("   "), []);
        assert_eq!(scans(&"9".repeat(121)), []);
        for text in ["0×A", "-1×A", "1000001×A", "×A", "3×", "99999999999999999999×A"] {
            let read = scans(text);
            assert_eq!(read, [(text.to_owned(), 1)], "{text} is a code at best");
        }
    }

    #[test]
    fn a_code_is_one_and_a_number_before_it_is_how_many() {
        assert_eq!(scans(" 7891234567895 "), [("7891234567895".to_owned(), 1)]);
        for text in ["12×CAN-1", "12 x CAN-1", "12*CAN-1", "12XCAN-1"] {
            assert_eq!(scans(text)[1], ("CAN-1".to_owned(), 12), "{text}");
        }
        assert_eq!(scans("3x4-BOX"), [("3x4-BOX".to_owned(), 1), ("4-BOX".to_owned(), 3)]);
    }

    fn read(text: &str) -> Vec<Result<(String, i64), RowFault>> {
        read_table(text).into_iter().map(|row| row.read).collect()
    }

    fn row(code: &str, units: i64) -> (String, i64) {
        (code.to_owned(), units)
    }

    #[test]
    fn bad_rows_are_named_and_the_others_taken() {
        let text = "A;3\nB\n;4\nC;\nD;-1\nE;1,5\nF;1.234\nG;muitos\nA;5\nH;1000001\nI;0";
        let expected = [
            Ok(row("A", 3)),
            Err(RowFault::Cells),
            Err(RowFault::Cells),
            Err(RowFault::Cells),
            Err(RowFault::Units),
            Err(RowFault::Units),
            Err(RowFault::Units),
            Err(RowFault::Units),
            Err(RowFault::Twice),
            Err(RowFault::Units),
            Ok(row("I", 0)),
        ];
        assert_eq!(read(text), expected);
        assert_eq!(read(""), []);
    }

    #[test]
    fn tables_of_every_kind_are_read() {
        assert_eq!(
            read("\u{feff}código;unidades\r\nA;3\r\n\r\n\"B\";\"4\"\r\n"),
            [Ok(row("A", 3)), Ok(row("B", 4))]
        );
        assert_eq!(read("A\t3\nB\t4"), [Ok(row("A", 3)), Ok(row("B", 4))]);
        assert_eq!(read("A,3\nB;4;;"), [Ok(row("A", 3)), Ok(row("B", 4))]);
        assert_eq!(read("1.234.567 ; 5"), [Ok(row("1.234.567", 5))]);
    }

    #[test]
    fn too_many_rows_are_refused_from_there_on() {
        let lines: Vec<String> = (0..=MAX_LINES).map(|number| format!("C{number};1")).collect();
        let text = lines.join("\n");
        let rows = read(&text);
        assert!(rows[..MAX_LINES].iter().all(Result::is_ok));
        assert_eq!(rows[MAX_LINES], Err(RowFault::TooMany));
    }

    #[test]
    fn what_left_since_is_not_missing() {
        assert_eq!(correction(5, 7, 7), Some(-2));
        assert_eq!(correction(5, 7, 4), Some(-2), "three left since");
        assert_eq!(correction(9, 7, 4), Some(2));
        assert_eq!(correction(0, 7, 4), None, "three left of nothing");
        assert_eq!(correction(3, 3, -1), Some(0), "what is short already is not this count's doing");
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in ".{0,200}") {
            for row in read_table(&text) {
                if let Ok((code, units)) = row.read {
                    prop_assert!(!code.is_empty() && (0..=MAX_UNITS).contains(&units));
                }
            }
            for (code, times) in read_scan(&text) {
                prop_assert!(!code.is_empty() && (1..=MAX_UNITS).contains(&times));
            }
        }

        #[test]
        fn a_count_never_takes_the_shelf_below_nothing(counted in 0_i64..100, expected in 0_i64..100, left in 0_i64..100) {
            let now = expected - left;
            if let Some(delta) = correction(counted, expected, now) {
                prop_assert!(delta >= 0 || now + delta >= 0);
                prop_assert_eq!(now + delta, counted - left, "as if it had been right from the beginning");
            }
        }
    }
}
