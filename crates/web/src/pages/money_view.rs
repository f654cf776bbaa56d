//! What the shop earns: sums and charts, fees that changed, payouts, and costs that are missing.

use askama::Template;
use domain::profit::{Amounts, Lack, LineProfit, Part, Truth};
use domain::radar::{Against, Nature};
use domain::{ChannelKind, Currency, ListingId, Money, OrderId, SkuId, Timestamp};
use store::profits::Counts;

use crate::Chrome;
use crate::chart::Chart;

/// Rows of a table on the page at most; the file has all.
pub const MAX_ROWS: usize = 200;

/// The parts of a sum that have a column of their own: what is seldom is put together.
pub const COLUMNS: [&str; 7] = ["sales", "discounts", "fees", "freight", "tax", "returned", "cost"];

/// The amounts of [`COLUMNS`].
#[must_use]
pub const fn columns(amounts: &Amounts) -> [i64; COLUMNS.len()] {
    [
        amounts.of(Part::Sales),
        amounts.of(Part::Discounts),
        amounts.of(Part::Fees),
        amounts.of(Part::Freight),
        amounts.of(Part::Tax),
        amounts.of(Part::Refunds).saturating_add(amounts.of(Part::Adjustments)),
        amounts.of(Part::Cost),
    ]
}

/// A sum as the page shows it.
#[derive(Debug, Clone)]
pub struct SumView {
    /// What all amounts are in.
    pub currency: Currency,
    /// What was earned.
    pub profit: LineProfit,
    /// Its orders; of a SKU they are not counted.
    pub counts: Option<Counts>,
}

impl SumView {
    /// An amount of it.
    #[must_use]
    pub const fn money(&self, minor: &i64) -> Money {
        Money::new(*minor, self.currency)
    }

    /// What was earned.
    #[must_use]
    pub fn earned(&self) -> Money {
        self.money(&self.profit.amounts.profit())
    }

    /// What was sold.
    #[must_use]
    pub const fn sales(&self) -> Money {
        self.money(&self.profit.amounts.of(Part::Sales))
    }

    /// Amounts with the words of their columns.
    #[must_use]
    pub fn columns(&self) -> Vec<(&'static str, Money)> {
        let amounts = columns(&self.profit.amounts);
        COLUMNS.into_iter().zip(amounts).map(|(word, minor)| (word, self.money(&minor))).collect()
    }

    /// What is earned of what is sold, in basis points; `None` where nothing was.
    #[must_use]
    pub fn margin(&self) -> Option<i64> {
        part_of(self.profit.amounts.profit(), self.profit.amounts.of(Part::Sales))
    }
}

/// A share in basis points; `None` of nothing.
#[must_use]
pub fn part_of(part: i64, whole: i64) -> Option<i64> {
    let share = (whole > 0).then(|| i128::from(part) * 10_000 / i128::from(whole))?;
    i64::try_from(share).ok()
}

/// What a row of sums is about.
#[derive(Debug, Clone)]
pub enum About {
    /// A day.
    Day(Timestamp),
    /// An account.
    Account {
        /// Where it is.
        channel: Option<ChannelKind>,
        /// What it is called.
        name: String,
    },
    /// A SKU; `None` for what is linked to none.
    Sku(Option<(SkuId, String, String)>),
}

/// A place to go to.
#[derive(Debug, Clone)]
pub struct Tab {
    /// Its address.
    pub href: String,
    /// What people read.
    pub label: String,
    /// Whether it is shown.
    pub is_here: bool,
}

/// The pages of money.
#[must_use]
pub fn tabs(chrome: &Chrome) -> Vec<Tab> {
    let here = chrome.path.split('?').next().unwrap_or_default();
    let pages = [
        ("/money", "money-tab-earned"),
        ("/money/costs", "money-tab-costs"),
        ("/money/fees", "money-tab-fees"),
        ("/money/payouts", "money-tab-payouts"),
        ("/differences", "differences-title"),
    ];
    let tab = |(path, key): (&str, &str)| Tab {
        href: path.to_owned(),
        label: chrome.t(key).to_owned(),
        is_here: path == here,
    };
    pages.into_iter().map(tab).collect()
}

/// A row of sums.
#[derive(Debug, Clone)]
pub struct SumRow {
    /// What it is about.
    pub about: About,
    /// Its sums.
    pub sum: SumView,
}

/// A listing that loses money with each sale at its present price.
#[derive(Debug, Clone)]
pub struct LosingListing {
    /// The listing.
    pub id: ListingId,
    /// Its number at the platform.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its account.
    pub account: String,
    /// The SKU.
    pub sku: SkuId,
    /// Its code.
    pub code: String,
    /// What it is offered for.
    pub price: Money,
    /// What the next unit earns.
    pub earns: Money,
}

/// `GET /money?period=&by=&sort=&currency=`.
#[derive(Debug, Template)]
#[template(path = "money.html")]
pub struct MoneyPage {
    /// Around it.
    pub chrome: Chrome,
    /// The period's word.
    pub period: &'static str,
    /// `day`, `channel` or `sku`.
    pub by: &'static str,
    /// `name`, `sales`, `profit`, `margin` or `units`.
    pub sort: &'static str,
    /// The first day and the day after the last.
    pub span: (Timestamp, Timestamp),
    /// The currency shown.
    pub currency: Currency,
    /// Currencies that there are sums of.
    pub currencies: Vec<Currency>,
    /// All of it.
    pub total: SumView,
    /// Sales and what was earned, by day.
    pub earned: Option<Chart>,
    /// Orders called off and parcels that left late, by day, in basis points.
    pub trouble: Option<Chart>,
    /// The table.
    pub rows: Vec<SumRow>,
    /// Rows that the page leaves out.
    pub left_out: i64,
    /// SKUs that lost money in the period.
    pub losing: Vec<SumRow>,
    /// Listings that lose money with each sale.
    pub losing_listings: Vec<LosingListing>,
    /// Fees that changed of late.
    pub shifts: i64,
    /// Orders that wait to be reckoned.
    pub waiting: i64,
}

impl MoneyPage {
    /// Words of periods.
    pub const PERIODS: [&'static str; 5] = ["today", "7", "30", "90", "month"];
    /// Words of tables.
    pub const TABLES: [&'static str; 3] = ["day", "channel", "sku"];
    /// Words of orders of rows.
    pub const SORTS: [&'static str; 5] = ["name", "sales", "profit", "margin", "units"];

    fn counts(&self) -> Counts {
        self.total.counts.unwrap_or_default()
    }

    fn cancelled_share(&self) -> Option<i64> {
        let counts = self.counts();
        part_of(counts.cancelled, counts.orders + counts.cancelled)
    }

    fn late_share(&self) -> Option<i64> {
        part_of(self.counts().late, self.counts().sent)
    }

    fn link(by: &str, period: &str, currency: Currency) -> String {
        format!("/money?period={period}&by={by}&currency={}", currency.code())
    }

    fn periods(&self) -> Vec<Tab> {
        let tab = |word: &str| Tab {
            href: Self::link(self.by, word, self.currency),
            label: self.chrome.word("money-period", word).to_owned(),
            is_here: word == self.period,
        };
        Self::PERIODS.into_iter().map(tab).collect()
    }

    fn tables(&self) -> Vec<Tab> {
        let tab = |word: &str| Tab {
            href: Self::link(word, self.period, self.currency),
            label: self.chrome.word("money-by", word).to_owned(),
            is_here: word == self.by,
        };
        Self::TABLES.into_iter().map(tab).collect()
    }

    fn currency_tabs(&self) -> Vec<Tab> {
        let tab = |currency: &Currency| Tab {
            href: Self::link(self.by, self.period, *currency),
            label: currency.code().to_owned(),
            is_here: *currency == self.currency,
        };
        self.currencies.iter().map(tab).collect()
    }

    /// Orders of rows; the word stands for the address.
    fn sorts(&self) -> Vec<Tab> {
        let tab = |word: &str| Tab {
            href: word.to_owned(),
            label: self.chrome.word("money-sort", word).to_owned(),
            is_here: word == self.sort,
        };
        Self::SORTS.into_iter().map(tab).collect()
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The last day shown.
    fn last_day(&self) -> Timestamp {
        self.span.1.business_midnight(-1)
    }
}

/// A shift of fees.
#[derive(Debug, Clone)]
pub struct ShiftView {
    /// The account.
    pub account: String,
    /// What it was compared with.
    pub against: Against,
    /// The first order that was off.
    pub since: Timestamp,
    /// When it was told.
    pub found_at: Timestamp,
    /// Orders that were off.
    pub orders: i64,
    /// What was to be expected of what was sold, in basis points.
    pub expected_share: Option<i64>,
    /// What was taken of it.
    pub charged_share: Option<i64>,
    /// What was taken more, or less.
    pub extra: Money,
    /// How it changed.
    pub nature: Nature,
}

/// What an account took in a week.
#[derive(Debug, Clone)]
pub struct FeeWeek {
    /// The account.
    pub account: String,
    /// The week's first day.
    pub from: Timestamp,
    /// Settled orders of one line.
    pub orders: i64,
    /// What was taken of what was sold, in basis points.
    pub share: Option<i64>,
    /// What was told at the sale of it, in basis points of what was charged; the whole where it was kept.
    pub kept: Option<i64>,
}

/// `GET /money/fees`.
#[derive(Debug, Template)]
#[template(path = "money_fees.html")]
pub struct FeesPage {
    /// Around it.
    pub chrome: Chrome,
    /// Fees that changed.
    pub shifts: Vec<ShiftView>,
    /// What was taken week by week.
    pub weeks: Vec<FeeWeek>,
    /// Listings that lose money with each sale.
    pub losing_listings: Vec<LosingListing>,
}

/// Whether a marketplace has a list of payouts.
#[derive(Debug, Clone)]
pub struct PayoutList {
    /// The marketplace.
    pub channel: ChannelKind,
    /// Whether it has one that the app may read.
    pub has_list: bool,
}

/// An order that is not settled though its time has come.
#[derive(Debug, Clone)]
pub struct Unsettled {
    /// The order.
    pub order: OrderId,
    /// Its number.
    pub number: String,
    /// Where it was placed.
    pub channel: ChannelKind,
    /// When.
    pub placed_at: Timestamp,
    /// What its buyer paid.
    pub total: Money,
}

/// A settlement of an order that the house does not hold.
#[derive(Debug, Clone)]
pub struct Unknown {
    /// The account.
    pub account: String,
    /// The order's number.
    pub number: String,
    /// When it was settled.
    pub settled_at: Timestamp,
}

/// `GET /money/payouts`.
#[derive(Debug, Template)]
#[template(path = "money_payouts.html")]
pub struct PayoutsPage {
    /// Around it.
    pub chrome: Chrome,
    /// The marketplaces with an account.
    pub lists: Vec<PayoutList>,
    /// Differences found of late.
    pub differences: i64,
    /// What they come to, by currency.
    pub difference: Vec<Money>,
    /// Orders that are not settled.
    pub unsettled: Vec<Unsettled>,
    /// Settlements of orders that are not held.
    pub unknown: Vec<Unknown>,
}

/// A SKU whose sales have no cost.
#[derive(Debug, Clone)]
pub struct Uncosted {
    /// The SKU.
    pub sku: SkuId,
    /// Its code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// Units without a cost.
    pub units: i64,
}

/// `GET /money/costs`.
#[derive(Debug, Template)]
#[template(path = "money_costs.html")]
pub struct CostsPage {
    /// Around it.
    pub chrome: Chrome,
    /// SKUs whose sales of late have no cost, the most units first.
    pub rows: Vec<Uncosted>,
    /// Units that are linked to no SKU.
    pub unlinked_units: i64,
    /// The day that a form proposes (`2026-11-22`), and the last one.
    pub days: (String, String),
    /// What was typed and is refused.
    pub typed: Option<TypedCost>,
}

/// What was typed for a SKU, as it came, and what is wrong with it.
#[derive(Debug, Clone)]
pub struct TypedCost {
    /// The SKU.
    pub sku: SkuId,
    /// Of a piece.
    pub cost: String,
    /// In percent.
    pub tax: String,
    /// The day.
    pub from: String,
    /// Which of them is wrong, by its name in the form.
    pub wrong: &'static str,
    /// How.
    pub text: &'static str,
}

impl CostsPage {
    /// A field of a SKU's form: what stands in it, and what is wrong with that.
    fn field(&self, name: &str, sku: &SkuId) -> (&str, Option<&str>) {
        let Some(typed) = self.typed.as_ref().filter(|typed| typed.sku == *sku) else {
            return (if name == "from" { &self.days.0 } else { "" }, None);
        };
        let value = match name {
            "cost" => &typed.cost,
            "tax" => &typed.tax,
            _ => &typed.from,
        };
        (value, Some(typed.text).filter(|_| typed.wrong == name))
    }

    fn may_enter(&self) -> bool {
        self.chrome.may(domain::Permission::ChangeCatalogue)
    }
}

/// One line of an order's profit.
#[derive(Debug, Clone)]
pub struct ProfitLine {
    /// Title at the time of the order.
    pub title: String,
    /// What it earns.
    pub sum: SumView,
}

/// What an order earns.
#[derive(Debug, Clone)]
pub struct ProfitView {
    /// Its lines.
    pub lines: Vec<ProfitLine>,
    /// All of them.
    pub total: SumView,
    /// What is missing, part by part.
    pub lacks: Vec<(Part, Lack)>,
    /// Whether anything is a forecast still.
    pub is_forecast: bool,
}

impl ProfitView {
    /// What an order's page shows of what it earns; `titles` are of its lines.
    #[must_use]
    pub fn of(profit: &domain::profit::OrderProfit, titles: &[String], currency: Currency) -> Self {
        let sum = |profit| SumView { currency, profit, counts: None };
        let total = profit.lines.iter().fold(LineProfit::default(), |all, line| all + *line);
        let lines = profit.lines.iter().zip(titles);
        let lacks = Part::ALL.into_iter().filter_map(|part| match profit.truth(part) {
            Truth::Missing(lack) => Some((part, lack)),
            Truth::Known | Truth::Forecast => None,
        });
        Self {
            lines: lines.map(|(line, title)| ProfitLine { title: title.clone(), sum: sum(*line) }).collect(),
            total: sum(total),
            lacks: lacks.collect(),
            is_forecast: Part::ALL.into_iter().any(|part| profit.truth(part) == Truth::Forecast),
        }
    }
}

/// What a page says of something missing.
#[must_use]
pub fn lack(chrome: &Chrome, part: &Part, lack: &Lack) -> String {
    match lack {
        Lack::NotTold => {
            chrome.t(if *part == Part::Freight { "profit-no-freight" } else { "profit-no-fees" }).to_owned()
        }
        Lack::NoCost(units) => chrome.tn("profit-no-cost", units),
        Lack::NoTax(units) => chrome.tn("profit-no-tax", units),
    }
}

/// How fees changed, in words.
#[must_use]
pub fn nature(chrome: &Chrome, shift: &ShiftView) -> String {
    match shift.nature {
        Nature::Share(points) => {
            let more = if points > 0 { "shift-share-more" } else { "shift-share-less" };
            chrome.ta(more, "share", &chrome.percent(&points.abs()))
        }
        Nature::Fixed(minor) => {
            let more = if minor > 0 { "shift-fixed-more" } else { "shift-fixed-less" };
            chrome.ta(more, "amount", &chrome.money(&Money::new(minor.abs(), shift.extra.currency)))
        }
        Nature::Unclear => chrome.t("shift-unclear").to_owned(),
    }
}
