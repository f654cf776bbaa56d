//! Tables for spreadsheets, as RFC 4180 writes them. Where a comma marks decimals, a
//! semicolon parts the cells: so the spreadsheets of those languages read them.

use domain::catalogue::TypedRow;
use domain::sheet::{Column, into_cell};
use domain::{Money, Timestamp, WallClock};
use store::sheets::{SoldProduct, SoldRow};

use crate::pages::listings::ListingRow;
use crate::pages::money_view::{About, COLUMNS, SumRow};
use crate::pages::orders::OrderRow;
use crate::pages::products::decimal_mark;
use crate::pages::sheets::heading_of;
use crate::{Chrome, Lang};

/// Tells spreadsheets that the text is UTF-8.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Orders with the columns of their list. Nothing of the buyer is in it.
#[must_use]
pub fn orders(chrome: &Chrome, rows: &[OrderRow]) -> String {
    let mut out = String::from(BYTE_ORDER_MARK);
    let heads = [
        "col-order",
        "csv-channel",
        "col-connection",
        "col-state",
        "col-ship-by",
        "csv-title",
        "csv-more-lines",
        "col-units",
        "filter-kind",
        "col-package",
        "col-total",
        "csv-currency",
        "col-placed",
    ];
    line(&mut out, chrome.lang, &heads.map(|key| chrome.t(key).to_owned()));
    for row in rows {
        let (state, _) = row.state.as_words();
        let kind = row.kind.map(|kind| chrome.word("order-kind", kind.as_str()).to_owned());
        let package = row.package.as_deref().map(|word| chrome.word("package", word).to_owned());
        let cells = [
            row.number.clone(),
            row.channel.label().to_owned(),
            row.connection.clone(),
            chrome.word("order-state", state).to_owned(),
            row.open_deadline().map(instant).unwrap_or_default(),
            row.title.clone(),
            row.more_lines.to_string(),
            row.units.to_string(),
            kind.unwrap_or_default(),
            package.unwrap_or_default(),
            amount(chrome.lang, row.total),
            row.total.currency.code().to_owned(),
            instant(row.placed_at),
        ];
        line(&mut out, chrome.lang, &cells);
    }
    out
}

/// Sums by day, account or SKU, with the columns of their table.
#[must_use]
pub fn sums(chrome: &Chrome, by: &str, rows: &[SumRow]) -> String {
    let mut out = String::from(BYTE_ORDER_MARK);
    let mut heads = vec![chrome.word("money-by", by).to_owned(), chrome.t("csv-title").to_owned()];
    heads.extend(["col-units", "profit-uncosted"].map(|key| chrome.t(key).to_owned()));
    heads.extend(COLUMNS.map(|word| chrome.word("part", word).to_owned()));
    let last = ["profit-earned", "csv-currency", "nav-orders", "money-cancelled", "money-sent", "money-late"];
    heads.extend(last.map(|key| chrome.t(key).to_owned()));
    line(&mut out, chrome.lang, &heads);
    for SumRow { about, sum } in rows {
        let (name, title) = match about {
            About::Day(day) => (instant(*day).chars().take(DAY_CHARS).collect(), String::new()),
            About::Account { channel, name } => {
                (name.clone(), channel.map(|channel| channel.label().to_owned()).unwrap_or_default())
            }
            About::Sku(Some((_, code, title))) => (code.clone(), title.clone()),
            About::Sku(None) => (String::new(), chrome.t("money-unlinked").to_owned()),
        };
        let separator = separator(chrome.lang);
        let text = |cell: &str| quoted(cell, separator);
        // Numbers of our own making are no formulas, whatever their sign, and stay numbers.
        let money = |money: Money| amount(chrome.lang, money);
        let mut cells = vec![text(&name), text(&title), sum.profit.units.to_string()];
        cells.push(sum.profit.uncosted_units.to_string());
        cells.extend(sum.columns().into_iter().map(|(_, minor)| money(minor)));
        cells.extend([money(sum.earned()), sum.currency.code().to_owned()]);
        let counts = sum.counts.map(|counts| [counts.orders, counts.cancelled, counts.sent, counts.late]);
        let counts = counts.map(|counts| counts.map(|count| count.to_string()));
        cells.extend(counts.unwrap_or_default());
        out.push_str(&cells.join(&separator.to_string()));
        out.push_str("\r\n");
    }
    out
}

/// Characters of a day (`2026-11-22`).
const DAY_CHARS: usize = 10;
/// The columns of everything that is sold.
fn sku_columns() -> impl Iterator<Item = Column> {
    Column::OURS.into_iter().chain([Column::OnHand])
}

/// The heading of a table of listings.
pub(crate) fn listing_heads(chrome: &Chrome) -> Vec<String> {
    let heads = [
        "csv-channel",
        "col-connection",
        "col-listing",
        "csv-variation",
        "csv-title",
        "csv-sku",
        "csv-seller-sku",
        "col-state",
        "col-shows",
        "col-should",
        "col-price",
        "csv-currency",
        "csv-link",
    ];
    heads.iter().map(|key| chrome.t(key).to_owned()).collect()
}

/// A listing's row in it.
pub(crate) fn listing_cells(chrome: &Chrome, row: &ListingRow) -> Vec<String> {
    let should = row.should_units.filter(|_| !row.platform_stock);
    vec![
        row.channel.label().to_owned(),
        row.connection.clone(),
        row.number.clone(),
        row.variation.clone().unwrap_or_default(),
        row.title.clone(),
        row.sku.as_ref().map(|sku| sku.code.clone()).unwrap_or_default(),
        row.seller_sku.clone().unwrap_or_default(),
        chrome.word("listing-state", row.state.as_str()).to_owned(),
        row.shows_units.to_string(),
        should.map(|units| units.to_string()).unwrap_or_default(),
        row.price.map(|price| amount(chrome.lang, price)).unwrap_or_default(),
        row.price.map(|price| price.currency.code().to_owned()).unwrap_or_default(),
        row.permalink.clone().unwrap_or_default(),
    ]
}

/// The heading of everything that is sold: the table that comes in again (docs/spreadsheets.md).
pub(crate) fn sku_heads(lang: Lang) -> Vec<String> {
    sku_columns().map(|column| heading_of(lang, column).to_owned()).collect()
}

/// A SKU's row in it.
pub(crate) fn sku_cells(lang: Lang, row: &SoldRow) -> Vec<String> {
    let typed = TypedRow::of(&row.variant, decimal_mark(lang));
    let product = row.product.as_ref();
    let text = |of: fn(&SoldProduct) -> &str| product.map_or("", of).to_owned();
    let cell = |column: Column| match column {
        Column::Parent => product.map(|product| product.id.to_string()).unwrap_or_default(),
        Column::Title => text(|product| &product.title),
        Column::Brand => text(|product| &product.brand),
        Column::Description => text(|product| &product.description),
        Column::Tags => product.map(|product| product.tags.join(", ")).unwrap_or_default(),
        Column::AxisName(axis) => {
            product.and_then(|product| product.axes.get(axis).cloned()).unwrap_or_default()
        }
        Column::AxisOption(axis) => typed.options.get(axis).cloned().unwrap_or_default(),
        Column::Code => typed.code.clone(),
        Column::SkuName => {
            if product.is_none() {
                row.title.clone()
            } else {
                String::new()
            }
        }
        Column::Gtin => typed.gtin.clone(),
        Column::Cost => typed.cost.clone(),
        Column::Tax => typed.tax.clone(),
        Column::Weight => typed.weight.clone(),
        Column::Length => typed.length.clone(),
        Column::Width => typed.width.clone(),
        Column::Height => typed.height.clone(),
        Column::Ncm => typed.ncm.clone(),
        Column::Origin => typed.origin.clone(),
        Column::OnHand => row.on_hand_units.map(|units| units.to_string()).unwrap_or_default(),
        Column::Variation | Column::WeightKg => String::new(),
    };
    sku_columns().map(|column| into_cell(&cell(column))).collect()
}

/// The business wall clock, in an order that spreadsheets of every language read.
pub(crate) fn instant(at: Timestamp) -> String {
    let WallClock { year, month, day, hour, minute, .. } = at.in_business_zone();
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

fn amount(lang: Lang, amount: Money) -> String {
    let plain = amount.to_decimal();
    if separator(lang) == ';' { plain.replace('.', ",") } else { plain }
}

const fn separator(lang: Lang) -> char {
    match lang {
        Lang::PtBr | Lang::Es => ';',
        Lang::En => ',',
    }
}

pub(crate) fn line(out: &mut String, lang: Lang, cells: &[String]) {
    let separator = separator(lang);
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.push(separator);
        }
        out.push_str(&quoted(cell, separator));
    }
    out.push_str("\r\n");
}

/// A cell that stays one cell and stays text: what a title begins with must not become a
/// formula (OWASP, "CSV Injection").
fn quoted(cell: &str, separator: char) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if formula || cell.contains([separator, '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Currency;

    fn written(lang: Lang, cells: &[&str]) -> String {
        let mut out = String::new();
        line(&mut out, lang, &cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
        out
    }

    #[test]
    fn a_cell_stays_one_cell() {
        assert_eq!(written(Lang::En, &["a", "b, c", "d \"e\"", ""]), "a,\"b, c\",\"d \"\"e\"\"\",\r\n");
        assert_eq!(written(Lang::PtBr, &["a; b", "c, d", "e\nf"]), "\"a; b\";c, d;\"e\nf\"\r\n");
    }

    #[test]
    fn no_cell_becomes_a_formula() {
        for hostile in ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            let cell = quoted(hostile, ',');
            assert!(cell.starts_with("\"'"), "{cell}");
        }
    }

    #[test]
    fn a_loss_stays_a_number_and_a_hostile_code_a_text() {
        use domain::SkuId;
        use domain::profit::{Amounts, LineProfit};

        let chrome = crate::samples::chrome_of_tests(Lang::PtBr);
        let amounts = Amounts::new([1_000, 0, -150, 0, 0, 0, 0, -1_200]);
        let profit = LineProfit { amounts, units: 1, ..LineProfit::default() };
        let sum = crate::pages::money_view::SumView { currency: Currency::Brl, profit, counts: None };
        let sku = (
            SkuId::new(Timestamp::EPOCH, &domain::SeededEntropy::new(1)),
            "=1+1".to_owned(),
            "@x".to_owned(),
        );
        let file = sums(&chrome, "sku", &[SumRow { about: About::Sku(Some(sku)), sum }]);
        let row = file.lines().nth(1).unwrap();
        assert_eq!(row, "\"'=1+1\";\"'@x\";1;0;10,00;0,00;-1,50;0,00;0,00;0,00;-12,00;-3,50;BRL;;;;");
    }

    #[test]
    fn an_amount_is_a_number_where_it_is_read() {
        let money = Money::new(123_456, Currency::Brl);
        assert_eq!(amount(Lang::PtBr, money), "1234,56");
        assert_eq!(amount(Lang::En, money), "1234.56");
    }

    #[test]
    fn a_time_is_of_the_business_wall_clock() {
        assert_eq!(
            Timestamp::parse("2026-11-22T02:30:00Z").map(instant).as_deref(),
            Some("2026-11-21 23:30")
        );
    }
}
