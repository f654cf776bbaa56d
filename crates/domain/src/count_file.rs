//! A count of the shelf that comes as a file: which columns say what was counted, and how many.

use std::collections::BTreeSet;

use crate::catalogue::scaled;
use crate::sheet::{Column, Sheet, SheetRow, column_of, heading_key};
use crate::stock_take::{MAX_CODE_CHARS, MAX_LINES, MAX_UNITS, RowFault};

/// Headings of what was counted, in small letters without accents and marks. They stand before a column that says what
/// lies there by some other program's count.
const COUNTED: [&str; 16] = [
    "contado",
    "contados",
    "contadas",
    "contagem",
    "unidades",
    "unidadescontadas",
    "quantidade",
    "quantidadecontada",
    "qtd",
    "qtde",
    "conteo",
    "cantidad",
    "counted",
    "units",
    "quantity",
    "qty",
];

/// Why a file is no count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountFileFault {
    /// No column has codes or bar codes.
    NoCode,
    /// No column says how many.
    NoUnits,
    /// There is no row.
    NoRows,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountRow {
    /// Its number in the file, as people count.
    pub number: u32,
    /// The code or bar code that stands in it.
    pub code: String,
    /// How many were counted.
    pub units: Result<i64, RowFault>,
}

/// Where a file says what.
#[derive(Debug, PartialEq, Eq)]
struct Places {
    code: Option<usize>,
    gtin: Option<usize>,
    units: usize,
}

fn places(header: &[String]) -> Result<Places, CountFileFault> {
    let keys: Vec<String> = header.iter().map(|heading| heading_key(heading)).collect();
    let place = |wanted| keys.iter().position(|key| column_of(key) == Some(wanted));
    let (code, gtin) = (place(Column::Code), place(Column::Gtin));
    if code.is_none() && gtin.is_none() {
        return Err(CountFileFault::NoCode);
    }
    let counted = keys.iter().position(|key| COUNTED.contains(&key.as_str()));
    let units = counted.or_else(|| place(Column::OnHand)).ok_or(CountFileFault::NoUnits)?;
    Ok(Places { code, gtin, units })
}

/// A file without a heading: its first line is a code and a number already.
fn is_row(header: &[String]) -> bool {
    matches!(header, [code, units] if !code.is_empty() && scaled(units, 0).is_ok())
}

/// Reads the rows of a count.
///
/// # Errors
/// Why it is none.
pub fn read_count(sheet: &Sheet) -> Result<Vec<CountRow>, CountFileFault> {
    let first = SheetRow { number: 1, cells: sheet.header.clone() };
    let (places, first) = match places(&sheet.header) {
        Ok(places) => (places, None),
        Err(_) if is_row(&sheet.header) => (Places { code: Some(0), gtin: None, units: 1 }, Some(&first)),
        Err(fault) => return Err(fault),
    };
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for row in first.into_iter().chain(&sheet.rows) {
        let cell =
            |place: Option<usize>| place.and_then(|at| row.cells.get(at)).map_or("", |cell| cell.trim());
        let code = if cell(places.code).is_empty() { cell(places.gtin) } else { cell(places.code) };
        let units = if code.is_empty() || code.chars().count() > MAX_CODE_CHARS {
            Err(RowFault::Cells)
        } else if rows.len() >= MAX_LINES {
            Err(RowFault::TooMany)
        } else if !seen.insert(code.to_owned()) {
            Err(RowFault::Twice)
        } else {
            units_of(cell(Some(places.units)))
        };
        rows.push(CountRow { number: row.number, code: code.chars().take(MAX_CODE_CHARS).collect(), units });
    }
    if rows.is_empty() { Err(CountFileFault::NoRows) } else { Ok(rows) }
}

fn units_of(text: &str) -> Result<i64, RowFault> {
    let units = scaled(text, 0).map_err(|_| RowFault::Units)?;
    if units > MAX_UNITS { Err(RowFault::Units) } else { Ok(units) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sheet(header: &[&str], rows: &[&[&str]]) -> Sheet {
        let texts = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let row = |(number, cells): (u32, &&[&str])| SheetRow { number, cells: texts(cells) };
        Sheet { header: texts(header), rows: (2..).zip(rows).map(row).collect(), knows_numbers: false }
    }

    fn units(header: &[&str], rows: &[&[&str]]) -> Vec<Result<i64, RowFault>> {
        read_count(&sheet(header, rows)).expect("a count").into_iter().map(|row| row.units).collect()
    }

    #[test]
    fn a_file_that_is_no_count_says_what_it_lacks() {
        let fault = |header: &[&str]| read_count(&sheet(header, &[&["A", "1"]]));
        assert_eq!(fault(&["Nome", "Quantidade"]), Err(CountFileFault::NoCode));
        assert_eq!(fault(&["SKU", "Nome"]), Err(CountFileFault::NoUnits));
        assert_eq!(fault(&["A", "um"]), Err(CountFileFault::NoCode), "neither a heading nor a count");
        assert_eq!(fault(&[]), Err(CountFileFault::NoCode));
        assert_eq!(read_count(&sheet(&["SKU", "Qtd."], &[])), Err(CountFileFault::NoRows));
    }

    #[test]
    fn a_cell_that_cannot_be_counted_says_so() {
        let rows: [&[&str]; 8] = [
            &["A", "muitos"],
            &["B", "-1"],
            &["C", "1,5"],
            &["D", "1000001"],
            &["", "3"],
            &["E", ""],
            &["F", "7"],
            &["F", "8"],
        ];
        let bad = Err(RowFault::Units);
        let expected = [bad, bad, bad, bad, Err(RowFault::Cells), bad, Ok(7), Err(RowFault::Twice)];
        assert_eq!(units(&["SKU", "Unidades"], &rows), expected);
        let long = "9".repeat(121);
        let far: [&[&str]; 1] = [&[&long, "1"]];
        assert_eq!(units(&["SKU", "Unidades"], &far), [Err(RowFault::Cells)]);
    }

    #[test]
    fn columns_are_found_by_their_names_in_any_order() {
        let rows: [&[&str]; 2] = [&["Copo", "12", "CAN-1", "40"], &["Prato", "0", "CAN-2", "7"]];
        assert_eq!(units(&["Título", "Contagem", "Código", "Estoque"], &rows), [Ok(12), Ok(0)]);
        assert_eq!(units(&["Título", "x", "SKU", "Estoque"], &rows), [Ok(40), Ok(7)], "all there is of it");
        let rows: [&[&str]; 2] = [&["", "7891234567895", "3"], &["CAN-2", "7891234567888", "4"]];
        let read = read_count(&sheet(&["SKU", "Código de barras", "Quantity"], &rows)).unwrap();
        let codes: Vec<&str> = read.iter().map(|row| row.code.as_str()).collect();
        assert_eq!(codes, ["7891234567895", "CAN-2"], "the bar code where there is no code");
    }

    #[test]
    fn without_a_heading_the_first_line_counts() {
        let read = read_count(&sheet(&["CAN-1", "3"], &[&["CAN-2", "4"]])).unwrap();
        let rows: Vec<_> = read.iter().map(|row| (row.number, row.code.as_str(), row.units)).collect();
        assert_eq!(rows, [(1, "CAN-1", Ok(3)), (2, "CAN-2", Ok(4))]);
    }

    proptest! {
        #[test]
        fn whatever_a_file_holds_what_is_counted_is_within_limits_and_once(
            cells in proptest::collection::vec(("[A-C]?", "[0-9.,-]{0,8}"), 0..20),
        ) {
            let rows = cells.iter().zip(2..).map(|((code, units), number)| SheetRow {
                number, cells: vec![code.clone(), units.clone()],
            });
            let header = vec!["SKU".to_owned(), "Unidades".to_owned()];
            let read = read_count(&Sheet { header, rows: rows.collect(), knows_numbers: false });
            let read = read.unwrap_or_default();
            prop_assert_eq!(read.len(), cells.len());
            let good: Vec<_> = read.iter().filter(|row| row.units.is_ok()).collect();
            prop_assert!(good.iter().all(|row| row.units.is_ok_and(|units| (0..=MAX_UNITS).contains(&units))));
            let codes: BTreeSet<_> = good.iter().map(|row| &row.code).collect();
            prop_assert_eq!(codes.len(), good.len());
        }
    }
}
