//! A file's bytes into a table: which kind it is, which letters it is written in, and how large it may be.

use domain::sheet::{MAX_CELL_BYTES, MAX_COLUMNS, MAX_ROWS, MAX_TEXT_BYTES, Sheet, SheetRow, from_cell};

use super::{csv, xlsx};

/// Longest file taken, in bytes: 50,000 rows of 25 columns are 4 MB as XLSX and 12 MB as CSV.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;

/// Why a file is no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is a workbook of before 2007, or locked with a password.
    #[error("the file is an old or locked workbook")]
    OldWorkbook,
    /// It is none, or not whole.
    #[error("the file cannot be read")]
    Broken,
    /// It would unpack to more than is taken.
    #[error("the file unpacks to more than is taken")]
    Bomb,
    /// A quotation mark opens a cell and none closes it.
    #[error("a quotation mark is never closed")]
    OpenQuote,
    /// More than [`MAX_FILE_BYTES`].
    #[error("the file is longer than {MAX_FILE_BYTES} bytes")]
    TooLong,
    /// More than [`MAX_ROWS`].
    #[error("more than {MAX_ROWS} rows")]
    TooManyRows,
    /// More than [`MAX_COLUMNS`].
    #[error("more than {MAX_COLUMNS} columns")]
    TooManyColumns,
    /// A cell is longer than [`MAX_CELL_BYTES`], or all together than [`MAX_TEXT_BYTES`].
    #[error("more text than is taken")]
    TooMuchText,
}

impl ReadError {
    /// The word in translation keys (`sheet-read-<word>`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::OldWorkbook => "old",
            Self::Broken => "broken",
            Self::Bomb => "bomb",
            Self::OpenQuote => "quote",
            Self::TooLong => "long",
            Self::TooManyRows => "rows",
            Self::TooManyColumns => "columns",
            Self::TooMuchText => "text",
        }
    }
}

/// Gathers cells within the limits.
#[derive(Default)]
pub(super) struct Gather {
    header: Option<Vec<String>>,
    row: Vec<String>,
    rows: Vec<SheetRow>,
    bytes: usize,
}

impl Gather {
    /// Whether a cell of so many bytes is still one.
    pub(super) const fn fits(bytes: usize) -> Result<(), ReadError> {
        if bytes > MAX_CELL_BYTES { Err(ReadError::TooMuchText) } else { Ok(()) }
    }

    /// The next cell of the row.
    pub(super) fn cell(&mut self, text: String) -> Result<(), ReadError> {
        Self::fits(text.len())?;
        if self.row.len() >= MAX_COLUMNS {
            // A spreadsheet writes empty cells far to the right of everything.
            return if text.trim().is_empty() { Ok(()) } else { Err(ReadError::TooManyColumns) };
        }
        self.bytes += text.len();
        if self.bytes > MAX_TEXT_BYTES {
            return Err(ReadError::TooMuchText);
        }
        let trimmed = text.trim();
        let same = trimmed.len() == text.len() && !trimmed.starts_with('\'');
        self.row.push(if same { text } else { from_cell(trimmed).to_owned() });
        Ok(())
    }

    /// How many cells the row has.
    pub(super) const fn width(&self) -> usize {
        self.row.len()
    }

    /// The row is over; one with nothing in it counts for nothing.
    pub(super) fn end_row(&mut self, number: u32) -> Result<(), ReadError> {
        let mut cells = std::mem::take(&mut self.row);
        while cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(());
        }
        if self.header.is_none() {
            self.header = Some(cells);
            return Ok(());
        }
        if self.rows.len() >= MAX_ROWS {
            return Err(ReadError::TooManyRows);
        }
        cells.shrink_to_fit();
        self.rows.push(SheetRow { number, cells });
        Ok(())
    }

    fn end(self, knows_numbers: bool) -> Result<Sheet, ReadError> {
        let header = self.header.ok_or(ReadError::Empty)?;
        Ok(Sheet { header, rows: self.rows, knows_numbers })
    }
}

/// Reads a file. Blocks: it is for a thread that may.
///
/// # Errors
/// Why it is no table.
pub fn read(bytes: &[u8]) -> Result<Sheet, ReadError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ReadError::TooLong);
    }
    // What OLE2 files begin with (MS-CFB 2.2): XLS, and an XLSX with a password.
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(ReadError::OldWorkbook);
    }
    let mut gather = Gather::default();
    if bytes.starts_with(b"PK\x03\x04") {
        xlsx::rows(bytes, &mut gather)?;
        return gather.end(true);
    }
    let text = decode(bytes)?;
    csv::rows(&text, &mut gather)?;
    gather.end(false)
}

/// The letters of 0x80 to 0x9f in Windows-1252 (unicode.org's CP1252.TXT); the five that it leaves free
/// are their control characters.
const CP1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The text of a file: UTF-16 and UTF-8 by their marks, UTF-8 if it is that, otherwise what Windows writes in
/// Brazil.
fn decode(bytes: &[u8]) -> Result<String, ReadError> {
    let wide = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]]));
        char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| ReadError::Broken)
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).map_err(|_| ReadError::Broken)?.to_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| letter(*byte)).collect(),
        },
    };
    // A picture or a program is no table, in whatever letters.
    if text.contains('\0') { Err(ReadError::Broken) } else { Ok(text) }
}

fn letter(byte: u8) -> char {
    match byte {
        0x80..=0x9f => CP1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}
