//! Tables for spreadsheets, as RFC 4180 writes them. Where a comma marks decimals, a
//! semicolon parts the cells: so the spreadsheets of those languages read them.

use domain::catalogue::TypedRow;
use domain::sheet::{Column, into_cell};
use domain::{Money, Timestamp, WallClock};
use store::sheets::{SoldProduct, SoldRow};

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

/// The columns of everything that is sold.
fn sku_columns() -> impl Iterator<Item = Column> {
    Column::OURS.into_iter().chain([Column::OnHand])
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
