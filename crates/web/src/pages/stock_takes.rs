//! The shelf is counted: the list of counts, and one of them.

use askama::Template;
use domain::{Money, SkuId, StockTakeId, Timestamp};

use crate::Chrome;
use crate::pages::Errors;

/// One count in the list.
#[derive(Debug, Clone)]
pub struct TakeRow {
    /// Its id.
    pub id: StockTakeId,
    /// `open`, `applied` or `left`.
    pub state: &'static str,
    /// When it began.
    pub begun_at: Timestamp,
    /// SKUs in it.
    pub lines: i64,
    /// Why the shelf differed; empty until it was applied.
    pub reason: String,
}

/// `GET /stock-takes`. `POST /stock-takes` begins one.
#[derive(Debug, Template)]
#[template(path = "stock_takes.html")]
pub struct StockTakesPage {
    /// Around it.
    pub chrome: Chrome,
    /// The newest first.
    pub rows: Vec<TakeRow>,
}

/// A SKU in a count.
#[derive(Debug, Clone)]
pub struct TakeLineRow {
    /// Its id.
    pub sku: SkuId,
    /// Its code.
    pub code: String,
    /// What it is.
    pub title: String,
    /// Units counted.
    pub counted_units: i64,
    /// Units that the ledger had then.
    pub expected_units: i64,
    /// When.
    pub counted_at: Timestamp,
    /// Whether the shelf changed by the ledger while it was counted.
    pub has_moved: bool,
    /// The difference at cost; `None` where nobody said what it costs.
    pub value: Option<Money>,
}

impl TakeLineRow {
    fn difference(&self) -> i64 {
        self.counted_units - self.expected_units
    }
}

/// `GET /stock-takes/{id}?last=` (a SKU that was just counted). `POST /stock-takes/{id}` takes `do`: `scan` with `scan`,
/// `table` with `table`, `set` and `drop` with `sku` and `units`, `apply` with `reason`, `leave`.
#[derive(Debug, Template)]
#[template(path = "stock_take.html")]
pub struct StockTakePage {
    /// Around it.
    pub chrome: Chrome,
    /// The count.
    pub row: TakeRow,
    /// What was counted, by code.
    pub lines: Vec<TakeLineRow>,
    /// What was just counted.
    pub last: Option<(String, i64)>,
    /// What was typed into the field for codes and could not be counted.
    pub scan: String,
    /// Rows of a table that could not be counted.
    pub table: String,
    /// Each of them with what is wrong.
    pub bad: Vec<(String, String)>,
    /// Why nothing of a file was counted.
    pub file_error: Option<String>,
    /// Its rows that cannot be, with what is wrong.
    pub file_bad: Vec<(String, String)>,
    /// Why the shelf differs, as typed.
    pub reason: String,
    /// What is wrong.
    pub errors: Errors,
}

impl StockTakePage {
    fn is_open(&self) -> bool {
        self.row.state == "open"
    }

    fn may_count(&self) -> bool {
        self.is_open() && self.chrome.may(domain::Permission::ChangeStock)
    }

    fn differing(&self) -> i64 {
        i64::try_from(self.lines.iter().filter(|line| line.difference() != 0).count()).unwrap_or(i64::MAX)
    }

    /// All differences at cost, where what differs has one.
    fn value(&self) -> Option<Money> {
        let mut values = self.lines.iter().filter_map(|line| line.value);
        let first = values.next()?;
        let minor = values.filter(|value| value.currency == first.currency).map(|value| value.minor);
        Some(Money::new(minor.fold(first.minor, i64::saturating_add), first.currency))
    }

    /// Of how much that differs nobody knows the cost.
    fn without_cost(&self) -> i64 {
        let unknown = self.lines.iter().filter(|line| line.difference() != 0 && line.value.is_none());
        i64::try_from(unknown.count()).unwrap_or(i64::MAX)
    }
}
