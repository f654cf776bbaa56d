//! Tables that people bring along: which column is which, which rows are one product, and what
//! each of them would change.
//!
//! Pure: a file is read elsewhere (`app::sheet`), and what it would change is looked up there. A cell
//! that cannot be taken says its row, its column and what stands in it; nothing is guessed, and a
//! column that nobody knows is named.

mod column;
mod draft;
mod lay;
mod mark;
#[cfg(test)]
mod tests;

pub use column::{Column, ColumnMap, HeaderFault, Waiting};
pub(crate) use column::{column_of, heading_key};
pub use draft::{Draft, drafts};
pub use lay::{Count, Laid, lay};
pub use mark::{from_cell, into_cell, settle_numbers};

use crate::catalogue::Wrong;

/// Rows below the heading. A shop of 50,000 SKUs has room to grow.
pub const MAX_ROWS: usize = 100_000;
/// Columns of a table.
pub const MAX_COLUMNS: usize = 200;
/// Bytes of a cell. Excel holds 32,767 characters (its specifications and limits).
pub const MAX_CELL_BYTES: usize = 64 * 1024;
/// Bytes of all cells together.
pub const MAX_TEXT_BYTES: usize = 64 * 1024 * 1024;
/// Greatest count taken, in units.
pub const MAX_ON_HAND_UNITS: i64 = 1_000_000;
/// What stands in a cell is told with so many characters.
pub const MAX_FOUND_CHARS: usize = 80;

/// A row below the heading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SheetRow {
    /// Its number in the file as people count: the heading is usually 1.
    pub number: u32,
    /// Its cells, without blanks around them.
    pub cells: Vec<String>,
}

/// A table as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// The heading.
    pub header: Vec<String>,
    /// The rows.
    pub rows: Vec<SheetRow>,
    /// Whether the file tells numbers from text: then none of them has two readings.
    pub knows_numbers: bool,
}

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// What would be wrong with it in a form, too.
    Cell(Wrong),
    /// The same code stands in another row, too.
    AlsoInRow(u32),
    /// The rows of one product are SKUs of different products.
    Apart,
    /// A new product has no title.
    NoTitle,
    /// More things that variants differ in than are taken.
    TooManyAxes,
}

/// A cell that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetFault {
    /// The row's number in the file.
    pub row: u32,
    /// The column.
    pub column: Column,
    /// What stands there, cut at [`MAX_FOUND_CHARS`].
    pub found: String,
    /// What is wrong with it.
    pub trouble: Trouble,
}

impl SheetFault {
    /// A fault of a row's cell.
    #[must_use]
    pub fn of(row: &SheetRow, column: Column, map: &ColumnMap, trouble: Trouble) -> Self {
        let found = map.cell(row, column).chars().take(MAX_FOUND_CHARS).collect();
        Self { row: row.number, column, found, trouble }
    }
}
