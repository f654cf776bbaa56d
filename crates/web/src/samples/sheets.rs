use app::sheet::{Heading, SheetAgreed};
use domain::SheetId;
use domain::catalogue::{GtinFault, NumberFault, Wrong};
use domain::sheet::{Column, SheetFault, Trouble};
use store::sheets::{SheetCounts, SheetState};

use super::{Reader, Rendered, add};
use crate::Nav;
use crate::pages::Pager;
use crate::pages::sheets::{
    EditCell, EditRow, FaultLine, ItemLine, SheetLine, SheetPage, SheetsPage, SkuEditPage, column_label,
    trouble_text,
};

impl Reader {
    fn sheets_page(&self, error: Option<&str>, rows: usize) -> SheetsPage {
        let chrome = self.chrome(Nav::Products);
        let states = ["staged", "applying", "applied", "undoing", "undone", "dropped"];
        let line = |at: usize| SheetLine {
            id: SheetId::new(super::NOW, &self.entropy),
            name: if at == 1 { String::new() } else { "produtos-bling.xlsx".to_owned() },
            state: states[at % states.len()],
            rows: 1_240,
            at: Self::ago(90),
        };
        SheetsPage {
            error: error.map(|key| chrome.t(key).to_owned()),
            last: (0..rows).map(line).collect(),
            chrome,
        }
    }

    fn sheet_faults(&self) -> Vec<FaultLine> {
        let chrome = self.chrome(Nav::Products);
        let ambiguous = NumberFault::Ambiguous { before: "1".into(), after: "234".into() };
        let all = [
            (Column::Cost, "1.234", Trouble::Cell(Wrong::Number(ambiguous))),
            (Column::OnHand, "-3", Trouble::Cell(Wrong::Number(NumberFault::NotANumber))),
            (Column::Gtin, "7891", Trouble::Cell(Wrong::Gtin(GtinFault::Length(4)))),
            (Column::Origin, "9", Trouble::Cell(Wrong::Code)),
            (Column::Code, "CAN-P", Trouble::AlsoInRow(41)),
            (Column::Code, "CAN-B", Trouble::Apart),
            (Column::Title, "", Trouble::NoTitle),
            (Column::AxisName(0), "Voltagem", Trouble::TooManyAxes),
        ];
        let line = |(row, (column, found, trouble)): (u32, (Column, &str, Trouble))| {
            let fault = SheetFault { row, column, found: found.to_owned(), trouble };
            FaultLine {
                row: i64::from(row),
                column: column_label(&chrome, column.as_str()).to_owned(),
                found: found.to_owned(),
                text: trouble_text(&chrome, &fault),
            }
        };
        (7_u32..).zip(all).map(line).collect()
    }

    fn sheet_page(&self, state: SheetState) -> SheetPage {
        let chrome = self.chrome(Nav::Products);
        let item = |row, title: &str, code: &str| ItemLine {
            row,
            title: title.to_owned(),
            code: code.to_owned(),
            changes: Vec::new(),
            asks: Vec::new(),
            why: None,
        };
        let values = [("code", "GAR-1L-INOX"), ("what", "Custo"), ("before", "3,90"), ("after", "390")];
        let changes = vec![crate::i18n::t(self.lang, "sheet-change", &values)];
        let asks = ["cost", "adopt"].map(|word| chrome.word("sheet-ask", word).to_owned()).to_vec();
        let asked_of = ItemLine { changes, asks, ..item(3, "Garrafa térmica inox 1 litro", "GAR-1L-INOX") };
        let left = |row, why: &str| ItemLine {
            why: Some(chrome.word("sheet-why", why).to_owned()),
            ..item(row, "Balde", "BALDE")
        };
        let is_new = state == SheetState::Staged;
        let over = matches!(state, SheetState::Applied | SheetState::Undone);
        SheetPage {
            id: SheetId::new(super::NOW, &self.entropy),
            name: "produtos-bling.xlsx".to_owned(),
            state,
            at: Self::ago(30),
            until: Self::ahead(30 * 24 * 60),
            counts: SheetCounts {
                rows: 1_240,
                creates: 310,
                changes: 42,
                same: 5,
                refused: 8,
                faults: 120,
                costs: 1,
                adopts: 2,
            },
            heading: heading(),
            creates: if is_new {
                vec![item(2, "Caneca esmaltada 500 ml", "CAN-ESM-PRETA")]
            } else {
                Vec::new()
            },
            changes: if is_new { vec![asked_of.clone()] } else { Vec::new() },
            asked: if is_new { vec![asked_of] } else { Vec::new() },
            left: if over {
                ["changed", "taken", "gone", "stock", "kit", "broken"]
                    .into_iter()
                    .zip(9..)
                    .map(|(why, row)| left(row, why))
                    .collect()
            } else {
                Vec::new()
            },
            faults: self.sheet_faults(),
            pager: Pager { newer: None, older: Some("?after=8".to_owned()) },
            states: [120, 230, 2, 40, 3],
            agreed: SheetAgreed::default(),
            is_open: false,
            chrome,
        }
    }

    fn sku_edit(&self, wrong: bool) -> SkuEditPage {
        let chrome = self.chrome(Nav::Skus);
        let said = |key: &str| wrong.then(|| chrome.t(key).to_owned());
        let row = |at: usize| EditRow {
            at,
            code: format!("CAN-ESM-{at}"),
            title: "Caneca esmaltada 500 ml".to_owned(),
            on_hand: EditCell { was: "7".into(), typed: "-1".into(), wrong: said("sheet-trouble-negative") },
            cost: EditCell {
                was: "12,50".into(),
                typed: "1,2,3".into(),
                wrong: said("product-wrong-number"),
            },
        };
        let rows = (0..3).map(row).collect();
        SkuEditPage { chrome, rows, after: String::new(), pager: Pager::default() }
    }

    pub(super) fn sheets(&self, pages: &mut Vec<Rendered>) {
        add(pages, "sheets", &self.sheets_page(None, 6));
        add(pages, "sheets-none-yet", &self.sheets_page(None, 0));
        for (name, key) in [
            ("sheets-empty", "sheet-read-empty"),
            ("sheets-old", "sheet-read-old"),
            ("sheets-broken", "sheet-read-broken"),
            ("sheets-bomb", "sheet-read-bomb"),
            ("sheets-quote", "sheet-read-quote"),
            ("sheets-long", "sheet-read-long"),
            ("sheets-rows", "sheet-read-rows"),
            ("sheets-columns", "sheet-read-columns"),
            ("sheets-text", "sheet-read-text"),
        ] {
            add(pages, name, &self.sheets_page(Some(key), 1));
        }
        add(pages, "sheet-staged", &self.sheet_page(SheetState::Staged));
        add(pages, "sheet-asks", &SheetPage { is_open: true, ..self.sheet_page(SheetState::Staged) });
        add(pages, "sheet-applying", &self.sheet_page(SheetState::Applying));
        add(pages, "sheet-applied", &self.sheet_page(SheetState::Applied));
        add(pages, "sheet-undoing", &self.sheet_page(SheetState::Undoing));
        add(pages, "sheet-undone", &self.sheet_page(SheetState::Undone));
        let nothing = SheetCounts { rows: 3, same: 3, ..SheetCounts::default() };
        let page = self.sheet_page(SheetState::Staged);
        let empty =
            SheetPage { counts: nothing, name: String::new(), faults: Vec::new(), asked: Vec::new(), ..page };
        add(pages, "sheet-no-work", &empty);
        add(pages, "sku-edit", &self.sku_edit(false));
        add(pages, "sku-edit-wrong", &self.sku_edit(true));
        add(pages, "sku-edit-none", &SkuEditPage { rows: Vec::new(), ..self.sku_edit(false) });
    }
}

/// Columns as Bling calls them.
fn heading() -> Heading {
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    Heading {
        taken: vec![pair("code", "Código"), pair("title", "Descrição"), pair("cost", "Preço de custo")],
        waiting: vec![
            pair("prices", "Preço"),
            pair("pictures", "URL Imagens Externas"),
            pair("kits", "Kit"),
            pair("links", "Link Externo"),
        ],
        unknown: vec!["CEST".to_owned(), "Cross-Docking".to_owned()],
    }
}
