//! Tables that people bring along: where they are chosen, and what each would do, does and did.

use app::sheet::{Heading, SheetAgreed};
use askama::Template;
use domain::catalogue::{Cell, Fault, Field, Wrong};
use domain::sheet::{Column, SheetFault, Trouble};
use domain::{SheetId, Timestamp};
use store::sheets::{SheetCounts, SheetState};

use crate::pages::{Pager, products};
use crate::{Chrome, Lang, Tone};

/// One of the last tables.
#[derive(Debug, Clone)]
pub struct SheetLine {
    /// Id.
    pub id: SheetId,
    /// What the file was called; empty where text was pasted.
    pub name: String,
    /// How far it got, as a word.
    pub state: &'static str,
    /// Rows with something in them.
    pub rows: i64,
    /// When it was read.
    pub at: Timestamp,
}

/// `GET /products/import`. Fields: `file`, `text`.
#[derive(Debug, Template)]
#[template(path = "sheets.html")]
pub struct SheetsPage {
    /// Around it.
    pub chrome: Chrome,
    /// Why the last file was not taken.
    pub error: Option<String>,
    /// The last tables.
    pub last: Vec<SheetLine>,
}

/// A product of a table.
#[derive(Debug, Clone)]
pub struct ItemLine {
    /// The first of its rows.
    pub row: i64,
    /// What it is called.
    pub title: String,
    /// The code of its first SKU.
    pub code: String,
    /// What becomes what, a sentence each.
    pub changes: Vec<String>,
    /// What is asked about it.
    pub asks: Vec<String>,
    /// Why it was left out, or stays.
    pub why: Option<String>,
}

/// A cell that cannot be taken.
#[derive(Debug, Clone)]
pub struct FaultLine {
    /// The row's number in the file.
    pub row: i64,
    /// The column as our own table calls it.
    pub column: String,
    /// What stands there.
    pub found: String,
    /// What is wrong and what to write instead.
    pub text: String,
}

/// `GET /products/import/{id}?after=`. Fields: `do` (`apply`, `drop`, `undo`), `agreed-cost`,
/// `agreed-adopt`, `agreed-refused`.
#[derive(Debug, Template)]
#[template(path = "sheet.html")]
pub struct SheetPage {
    /// Around it.
    pub chrome: Chrome,
    /// Id.
    pub id: SheetId,
    /// What the file was called.
    pub name: String,
    /// How far it got.
    pub state: SheetState,
    /// When it was read.
    pub at: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
    /// What it would do.
    pub counts: SheetCounts,
    /// Its columns.
    pub heading: Heading,
    /// The first products that would be made.
    pub creates: Vec<ItemLine>,
    /// The first that would be changed.
    pub changes: Vec<ItemLine>,
    /// The first that something is asked about.
    pub asked: Vec<ItemLine>,
    /// The first that were left out, or stay.
    pub left: Vec<ItemLine>,
    /// Cells that cannot be taken, a page of them.
    pub faults: Vec<FaultLine>,
    /// The other pages.
    pub pager: Pager,
    /// How many products are waiting, in, left out, taken back, and stay.
    pub states: [i64; 5],
    /// What was ticked.
    pub agreed: SheetAgreed,
    /// Whether something was not ticked that has to be.
    pub is_open: bool,
}

impl SheetPage {
    fn name(&self) -> &str {
        if self.name.is_empty() { self.chrome.t("sheet-pasted") } else { &self.name }
    }

    fn is(&self, state: &str) -> bool {
        self.state.as_str() == state
    }

    const fn work(&self) -> i64 {
        self.counts.creates + self.counts.changes
    }

    /// How many are in, left out or taken back, of how many.
    const fn progress(&self) -> i64 {
        match self.state {
            SheetState::Undoing => self.states[3] + self.states[4],
            SheetState::Reading
            | SheetState::Staged
            | SheetState::Applying
            | SheetState::Applied
            | SheetState::Undone
            | SheetState::Dropped => self.states[1] + self.states[2],
        }
    }

    /// How many are in a state, by its place in [`SheetPage::states`].
    fn state_count(&self, at: usize) -> String {
        self.chrome.number(&self.states.get(at).copied().unwrap_or_default())
    }

    fn can_undo(&self) -> bool {
        self.state == SheetState::Applied && self.states[1] > 0
    }

    fn taken(&self) -> Vec<String> {
        let label = |(column, heading): &(String, String)| {
            let label = column_label(&self.chrome, column);
            if label == heading { heading.clone() } else { format!("{heading} → {label}") }
        };
        self.heading.taken.iter().map(label).collect()
    }

    fn waiting(&self) -> Vec<String> {
        let label = |(what, heading): &(String, String)| {
            format!("{heading} ({})", self.chrome.word("sheet-waiting", what))
        };
        self.heading.waiting.iter().map(label).collect()
    }

    /// The boxes that have to be ticked: name, whether it is, and the sentence.
    fn boxes(&self) -> Vec<(&'static str, bool, String)> {
        let counts = self.counts;
        let all = [
            ("agreed-cost", self.agreed.form.cost, counts.costs, "sheet-agree-cost"),
            ("agreed-adopt", self.agreed.form.adopt, counts.adopts, "sheet-agree-adopt"),
            ("agreed-refused", self.agreed.without_refused, counts.refused, "sheet-agree-refused"),
        ];
        let needed = all.into_iter().filter(|(_, _, count, _)| *count > 0);
        needed.map(|(name, ticked, count, key)| (name, ticked, self.chrome.tn(key, &count))).collect()
    }
}

/// A column as our own table calls it in the reader's language; its word where nobody knows it.
#[must_use]
pub fn column_label<'a>(chrome: &Chrome, word: &'a str) -> &'a str {
    Column::parse(word).map_or(word, |column| heading_of(chrome.lang, column))
}

/// A column's heading in our own table.
#[must_use]
pub const fn heading_of(lang: Lang, column: Column) -> &'static str {
    let [pt, es, en] = column.headings();
    match lang {
        Lang::PtBr => pt,
        Lang::Es => es,
        Lang::En => en,
    }
}

/// What is wrong with a cell, and what to write instead.
#[must_use]
pub fn trouble_text(chrome: &Chrome, fault: &SheetFault) -> String {
    match &fault.trouble {
        Trouble::AlsoInRow(row) => chrome.ta("sheet-trouble-also", "row", &row.to_string()),
        Trouble::Apart => chrome.t("sheet-trouble-apart").to_owned(),
        Trouble::NoTitle => chrome.t("sheet-trouble-title").to_owned(),
        Trouble::TooManyAxes => chrome.t("sheet-trouble-axes").to_owned(),
        Trouble::Cell(Wrong::Number(_)) if fault.column == Column::OnHand && fault.found.starts_with('-') => {
            chrome.t("sheet-trouble-negative").to_owned()
        }
        Trouble::Cell(what) => {
            let cell = if fault.column == Column::Origin { Cell::Origin } else { Cell::Code };
            products::sentence(chrome, &Fault { at: Field::Row(0, cell), what: what.clone() })
        }
    }
}

/// A number in a list, as it was and as it was typed.
#[derive(Debug, Clone, Default)]
pub struct EditCell {
    /// What stood there when the list was shown.
    pub was: String,
    /// What stands there now.
    pub typed: String,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

impl EditCell {
    /// Whether something else was typed; an emptied cell leaves what is known.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.typed.is_empty() && self.typed != self.was
    }
}

/// A SKU in the list.
#[derive(Debug, Clone)]
pub struct EditRow {
    /// Its place in the list.
    pub at: usize,
    /// Its code, which also names its fields.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// What lies on the shelf.
    pub on_hand: EditCell,
    /// What it costs.
    pub cost: EditCell,
}

/// `GET /skus/edit?after=`. Fields: `after`, and of each row `on_hand-<code>`, `was-on_hand-<code>`,
/// `cost-<code>`, `was-cost-<code>`.
#[derive(Debug, Template)]
#[template(path = "sku_edit.html")]
pub struct SkuEditPage {
    /// Around it.
    pub chrome: Chrome,
    /// The SKUs.
    pub rows: Vec<EditRow>,
    /// Behind which code they begin.
    pub after: String,
    /// Other pages.
    pub pager: Pager,
}

impl SkuEditPage {
    /// What is wrong: the field's id, and the sentence with its SKU.
    fn wrong(&self) -> Vec<(String, String)> {
        let cells =
            self.rows.iter().flat_map(|row| [("on_hand", row, &row.on_hand), ("cost", row, &row.cost)]);
        cells
            .filter_map(|(name, row, cell)| {
                Some((format!("{name}-{}", row.at), format!("{}: {}", row.code, cell.wrong.as_ref()?)))
            })
            .collect()
    }

    /// The two numbers of a row: name of the field, label, and the cell.
    fn cells<'a>(&'a self, row: &'a EditRow) -> [(&'static str, &'static str, &'a EditCell); 2] {
        [
            ("on_hand", self.chrome.t("tally-on-hand"), &row.on_hand),
            ("cost", self.chrome.t("product-cell-cost"), &row.cost),
        ]
    }
}
