//! Goods that come back from buyers: the orders that wait for them, and the form that receives them.

use askama::Template;
use domain::goods_return::Back;
use domain::{ChannelKind, LineId, OrderId, SkuId, Timestamp};

use crate::Chrome;
use crate::pages::{Errors, Pager};

/// An order whose goods are said to have come back.
#[derive(Debug, Clone)]
pub struct WaitingRow {
    /// The order.
    pub order: OrderId,
    /// Its number at the platform.
    pub number: String,
    /// Where it was placed.
    pub channel: ChannelKind,
    /// Name of the account.
    pub connection: String,
    /// What was bought, in a line.
    pub summary: String,
    /// Since when it waits.
    pub since: Timestamp,
}

/// `GET /returns?after=`.
#[derive(Debug, Template)]
#[template(path = "returns.html")]
pub struct ReturnsPage {
    /// Around it.
    pub chrome: Chrome,
    /// Those that waited longest first.
    pub rows: Vec<WaitingRow>,
    /// Further ones.
    pub pager: Pager,
}

/// What was received of an order.
#[derive(Debug, Clone)]
pub struct ReceiptRow {
    /// When.
    pub at: Timestamp,
    /// Units that went onto the shelf.
    pub whole_units: i64,
    /// Units that cannot be sold.
    pub damaged_units: i64,
    /// In the words of whoever received it.
    pub reason: String,
    /// Who: a member's id.
    pub who: String,
    /// Whether that is the reader.
    pub is_reader: bool,
}

/// What an order's own page shows of its returns.
#[derive(Debug, Clone, Default)]
pub struct ReturnsView {
    /// What was received, the first first.
    pub receipts: Vec<ReceiptRow>,
    /// Whether anything may still come.
    pub is_open: bool,
    /// Whether something is said to have come.
    pub is_waiting: bool,
}

impl ReturnsView {
    pub(crate) fn any(&self) -> bool {
        self.is_open || !self.receipts.is_empty()
    }
}

/// One SKU that may come back.
#[derive(Debug, Clone)]
pub struct BackRow {
    /// The order line.
    pub line: LineId,
    /// The SKU.
    pub sku: SkuId,
    /// Its code.
    pub code: String,
    /// The line's title at the time of the order.
    pub title: String,
    /// Units.
    pub back: Back,
    /// What was typed for units that are as good as new.
    pub whole: String,
    /// What was typed for units that are damaged.
    pub damaged: String,
    /// What is wrong with either.
    pub error: Option<String>,
}

/// `GET /orders/{id}/return`. `POST /orders/{id}/return` takes `do` (`receive` or `nothing`), `number`, `reason`, and
/// `line-N`, `sku-N`, `whole-N` and `damaged-N` for each row, counted from 0.
#[derive(Debug, Template)]
#[template(path = "return.html")]
pub struct ReturnPage {
    /// Around it.
    pub chrome: Chrome,
    /// The order.
    pub order: OrderId,
    /// Its number at the platform.
    pub order_number: String,
    /// Where it was placed.
    pub channel: ChannelKind,
    /// What left.
    pub rows: Vec<BackRow>,
    /// What was received, and whether anything is awaited.
    pub view: ReturnsView,
    /// Which receipt the form makes.
    pub next: i64,
    /// As typed.
    pub reason: String,
    /// What is wrong.
    pub errors: Errors,
}
