//! Money: what an order brings in, and the list of what was charged otherwise than forecast.

use askama::Template;
use domain::settlement::FeeKind;
use domain::{ChannelKind, Money, OrderId, Timestamp};

use crate::Chrome;
use crate::pages::{Choice, Pager};

/// One fee of an order.
#[derive(Debug, Clone)]
pub struct MoneyRow {
    /// What for.
    pub kind: FeeKind,
    /// What was to be expected; `None` where nothing was said.
    pub forecast: Option<Money>,
    /// What was charged; `None` while nothing is.
    pub charged: Option<Money>,
    /// Counted in the row of all fees already.
    pub is_part: bool,
    /// Charged otherwise than forecast.
    pub differs: bool,
}

/// An order's money.
#[derive(Debug, Clone)]
pub struct MoneyView {
    /// Its fees, what the goods bring first.
    pub rows: Vec<MoneyRow>,
    /// What was to be expected of it all; `None` where there was no forecast.
    pub expected: Option<Money>,
    /// What it comes to, as far as it is known.
    pub net: Money,
    /// Since when that is final.
    pub settled_at: Option<Timestamp>,
}

/// The differences of a channel together.
#[derive(Debug, Clone)]
pub struct DifferenceSum {
    /// The channel.
    pub channel: ChannelKind,
    /// How many.
    pub count: i64,
    /// What the seller got more, or less.
    pub difference: Money,
}

/// One difference.
#[derive(Debug, Clone)]
pub struct DifferenceRow {
    /// The order.
    pub order: OrderId,
    /// Its number at the platform.
    pub number: String,
    /// Where it was placed.
    pub channel: ChannelKind,
    /// What for.
    pub kind: FeeKind,
    /// What was to be expected.
    pub forecast: Money,
    /// What was charged.
    pub charged: Money,
    /// What the seller got more, or less.
    pub difference: Money,
    /// When it was found.
    pub found_at: Timestamp,
}

/// `GET /differences?channel=&before=`.
#[derive(Debug, Template)]
#[template(path = "differences.html")]
pub struct DifferencesPage {
    /// Around it.
    pub chrome: Chrome,
    /// A channel's word; empty = all.
    pub channel: String,
    /// Channels to narrow to.
    pub channels: Vec<Choice>,
    /// Sums of the last days, by channel.
    pub sums: Vec<DifferenceSum>,
    /// The differences, the newest first.
    pub rows: Vec<DifferenceRow>,
    /// Newer and older.
    pub pager: Pager,
}

/// A change of money, always with its sign.
#[must_use]
pub fn change(chrome: &Chrome, amount: &Money) -> String {
    let text = chrome.money(amount);
    if amount.minor > 0 { format!("+{text}") } else { text }
}
