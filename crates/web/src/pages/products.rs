//! What a shop sells: the list of products, and the one form of a product.

use askama::Template;
use domain::catalogue::{Cell, Fault, Field, Typed, TypedAxis, TypedRow};
use domain::{Money, PictureId, ProductId, SkuId, Timestamp};

use crate::Chrome;
use crate::pages::pictures::{self, Pictures};
use crate::pages::{Choice, Pager};

/// One product in the list.
#[derive(Debug, Clone)]
pub struct ProductLine {
    /// Its id.
    pub id: ProductId,
    /// Its title.
    pub title: String,
    /// Its brand; may be empty.
    pub brand: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// How many variants it has.
    pub variants: i64,
    /// What can be sold of all of them, in units.
    pub available_units: i64,
    /// The first of its pictures.
    pub picture: Option<PictureId>,
}

/// `GET /products?text=&tag=&show=` (`show`: empty or `archived`).
#[derive(Debug, Template)]
#[template(path = "products.html")]
pub struct ProductsPage {
    /// Around it.
    pub chrome: Chrome,
    /// Beginnings of words of title, brand, code or bar code.
    pub text: String,
    /// A tag, or empty.
    pub tag: String,
    /// Empty or `archived`.
    pub show: String,
    /// Tags to choose from.
    pub tags: Vec<Choice>,
    /// The products, the newest first.
    pub rows: Vec<ProductLine>,
    /// Before and after.
    pub pager: Pager,
}

impl ProductsPage {
    /// Whether products can be ticked: what is put away is not published.
    fn may_pick(&self) -> bool {
        self.show != "archived" && self.chrome.may(domain::Permission::ChangeCatalogue)
    }

    fn is_narrowed(&self) -> bool {
        !self.text.is_empty() || !self.tag.is_empty() || !self.show.is_empty()
    }
}

/// Something wrong with a field, in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The field.
    pub at: Field,
    /// The sentence.
    pub text: String,
}

/// What has to be agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The name of its box in the form.
    pub name: &'static str,
    /// What is agreed to by ticking it.
    pub label: &'static str,
    /// Whether somebody did.
    pub ticked: bool,
    /// What it is about.
    pub lines: Vec<String>,
}

/// What a SKU cost from an instant on.
#[derive(Debug, Clone)]
pub struct CostLine {
    /// The SKU's code.
    pub code: String,
    /// From when on.
    pub from: Timestamp,
    /// The cost.
    pub cost: Option<Money>,
    /// Taxes, as people write percents.
    pub tax: String,
}

/// A cell as it stands in the form.
#[derive(Debug, Clone)]
pub struct CellView {
    /// Its name in the form; also the id of its input.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// What stands in it.
    pub value: String,
    /// Whether people type letters, whole numbers or others.
    pub mode: &'static str,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

/// A row as it stands in the form.
#[derive(Debug, Clone)]
pub struct RowView {
    /// Its number.
    pub at: usize,
    /// What it is, in words.
    pub name: String,
    /// The SKU that it is already.
    pub sku: Option<SkuId>,
    /// Its code.
    pub code: String,
    /// Whether it is to go.
    pub goes: bool,
    /// What it is on each axis, where that has to be typed: no such option is there any more.
    pub open: Vec<CellView>,
    /// What it is on each axis, where that is settled: name and value.
    pub settled: Vec<(String, String)>,
    /// Cells that everybody fills.
    pub first: Vec<CellView>,
    /// Cells that few fill.
    pub more: Vec<CellView>,
    /// Whether one of the latter is wrong.
    pub more_wrong: bool,
}

/// `GET /products/new`, `GET /products/{id}`, and what `POST /products` and `POST /products/{id}`
/// answer when the product was not kept: everything stands as it was typed. `do` is `spread` (rows
/// for all combinations, nothing is kept) or `save`.
#[derive(Debug, Template)]
#[template(path = "product.html")]
pub struct ProductPage {
    /// Around it.
    pub chrome: Chrome,
    /// Which product; `None` for a new one.
    pub id: Option<ProductId>,
    /// The version that the form is of.
    pub version: i64,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// What stands in the form.
    pub typed: Typed,
    /// What codes are proposed from.
    pub base: String,
    /// What goes into empty cells.
    pub common: TypedRow,
    /// What is wrong.
    pub mistakes: Vec<Mistake>,
    /// What has to be agreed to.
    pub asks: Vec<Ask>,
    /// What somebody else saved meanwhile and stands otherwise in the form.
    pub stale: Vec<String>,
    /// What its SKUs cost, the newest first.
    pub costs: Vec<CostLine>,
    /// Its pictures.
    pub pictures: Pictures,
}

/// Cells that everybody fills.
const FIRST: [Cell; 4] = [Cell::Code, Cell::Gtin, Cell::Cost, Cell::Weight];
/// Cells that few fill.
const MORE: [Cell; 6] = [Cell::Length, Cell::Width, Cell::Height, Cell::Tax, Cell::Ncm, Cell::Origin];

/// What a phone's keyboard shows for a cell.
const fn mode(cell: Cell) -> &'static str {
    match cell {
        Cell::Option(_) | Cell::Code => "text",
        Cell::Gtin | Cell::Weight | Cell::Ncm | Cell::Origin => "numeric",
        Cell::Cost | Cell::Tax | Cell::Length | Cell::Width | Cell::Height => "decimal",
    }
}

impl ProductPage {
    fn title_text(&self) -> &str {
        match self.id {
            Some(_) if !self.typed.title.is_empty() => &self.typed.title,
            Some(_) => self.chrome.t("product-untitled"),
            None => self.chrome.t("product-new"),
        }
    }

    fn action(&self) -> String {
        self.id.map_or_else(|| "/products".to_owned(), |id| format!("/products/{id}"))
    }

    /// A text about the picture at a place.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates lend")]
    fn picture_text(&self, key: &str, place: &usize) -> String {
        let (place, count) = (place.to_string(), self.pictures.lines.len().to_string());
        let values = [("title", self.title_text()), ("n", &place), ("count", &count)];
        crate::i18n::t(self.chrome.lang, key, &values)
    }

    /// What may be handed in.
    fn picture_hint(&self) -> String {
        pictures::told(&self.chrome, "pictures-hint", 0)
    }

    /// That no more may be.
    fn pictures_full(&self) -> String {
        pictures::told(&self.chrome, "pictures-full", 0)
    }

    fn may_change(&self) -> bool {
        self.chrome.may(domain::Permission::ChangeCatalogue)
    }

    fn wrong(&self, at: &Field) -> Option<&str> {
        self.mistakes.iter().find(|mistake| mistake.at == *at).map(|mistake| mistake.text.as_str())
    }

    /// Where a mistake is mended.
    fn place(&self, mistake: &Mistake) -> String {
        let Field::Row(at, cell) = mistake.at else { return mistake.at.name() };
        match self.typed.rows.get(at) {
            None => "rows".to_owned(),
            // The code of a SKU stays.
            Some(row) if cell == Cell::Code && row.sku.is_some() => format!("row-{at}"),
            Some(_) => mistake.at.name(),
        }
    }

    fn text(&self, field: Field, value: &str) -> CellView {
        CellView {
            name: field.name(),
            label: self.field_label(&field),
            value: value.to_owned(),
            mode: "text",
            wrong: self.wrong(&field).map(str::to_owned),
        }
    }

    /// What every product has, in one line each.
    fn texts(&self) -> Vec<CellView> {
        vec![
            self.text(Field::Title, &self.typed.title),
            self.text(Field::Brand, &self.typed.brand),
            self.text(Field::Tags, &self.typed.tags),
        ]
    }

    fn description(&self) -> CellView {
        self.text(Field::Description, &self.typed.description)
    }

    /// Name and options of each axis that there is a place for.
    fn axes(&self) -> Vec<[CellView; 2]> {
        let view = |(at, axis): (usize, &TypedAxis)| {
            [self.text(Field::AxisName(at), &axis.name), self.text(Field::AxisOptions(at), &axis.options)]
        };
        self.typed.axes.iter().enumerate().map(view).collect()
    }

    /// What an axis is called.
    fn axis_name(&self, at: usize) -> String {
        let name = self.typed.used_axes().nth(at).map(|axis| axis.name.trim().to_owned());
        name.filter(|name| !name.is_empty())
            .unwrap_or_else(|| self.chrome.ta("product-axis", "n", &(at + 1).to_string()))
    }

    /// A cell's name as people read it.
    fn cell_label(&self, cell: Cell) -> String {
        match cell {
            Cell::Option(axis) => self.axis_name(axis),
            Cell::Code
            | Cell::Gtin
            | Cell::Cost
            | Cell::Tax
            | Cell::Weight
            | Cell::Length
            | Cell::Width
            | Cell::Height
            | Cell::Ncm
            | Cell::Origin => self.chrome.word("product-cell", cell.as_str()).to_owned(),
        }
    }

    fn cell(&self, row: &TypedRow, at: usize, cell: Cell) -> CellView {
        let field = Field::Row(at, cell);
        let label = self.cell_label(cell);
        CellView {
            name: field.name(),
            label,
            value: row.cell(cell).to_owned(),
            mode: mode(cell),
            wrong: self.wrong(&field).map(str::to_owned),
        }
    }

    /// The cells that can be filled for all rows at once.
    fn common_cells(&self) -> Vec<CellView> {
        let view = |cell: Cell| CellView {
            name: format!("{}-all", cell.as_str()),
            label: self.chrome.word("product-cell", cell.as_str()).to_owned(),
            value: self.common.cell(cell).to_owned(),
            mode: mode(cell),
            wrong: None,
        };
        Cell::COMMON.into_iter().map(view).collect()
    }

    fn rows(&self) -> Vec<RowView> {
        let axes: Vec<&TypedAxis> = self.typed.used_axes().collect();
        let view = |(at, row): (usize, &TypedRow)| {
            let options: Vec<&str> =
                row.options.iter().map(String::as_str).filter(|option| !option.is_empty()).collect();
            let (mut open, mut settled) = (Vec::new(), Vec::new());
            for axis in 0..row.options.len() {
                let cell = self.cell(row, at, Cell::Option(axis));
                let is_none = axes.get(axis).is_some_and(|axis| !axis.has(&cell.value));
                if cell.wrong.is_some() || is_none {
                    open.push(cell);
                } else {
                    settled.push((cell.name, cell.value));
                }
            }
            let more: Vec<CellView> = MORE.into_iter().map(|cell| self.cell(row, at, cell)).collect();
            let alone = || self.chrome.t("product-one-variant").to_owned();
            RowView {
                at,
                name: if options.is_empty() { alone() } else { options.join(" · ") },
                sku: row.sku,
                code: row.code.clone(),
                goes: row.goes,
                open,
                settled,
                first: FIRST
                    .into_iter()
                    .filter(|cell| *cell != Cell::Code || row.sku.is_none())
                    .map(|cell| self.cell(row, at, cell))
                    .collect(),
                more_wrong: more.iter().any(|cell| cell.wrong.is_some()),
                more,
            }
        };
        self.typed.rows.iter().enumerate().map(view).collect()
    }

    /// A field's name as people read it, for the list of what is wrong.
    fn field_label(&self, at: &Field) -> String {
        match at {
            Field::Title | Field::Brand | Field::Description | Field::Tags => {
                self.chrome.word("product-field", &at.name()).to_owned()
            }
            Field::AxisName(axis) => self.chrome.ta("product-axis", "n", &(axis + 1).to_string()),
            Field::AxisOptions(axis) => self.chrome.ta("product-options", "n", &(axis + 1).to_string()),
            Field::Row(at, cell) => {
                let row = self.typed.rows.get(*at);
                let options = row.map(|row| row.options.join(" ").trim().to_owned()).unwrap_or_default();
                let name = if options.is_empty() { (at + 1).to_string() } else { options };
                let cell = self.cell_label(*cell);
                format!("{cell}, {name}")
            }
        }
    }
}

/// What is wrong, in the reader's language.
#[must_use]
pub fn mistakes(chrome: &Chrome, faults: &[Fault]) -> Vec<Mistake> {
    faults.iter().map(|fault| Mistake { at: fault.at, text: sentence(chrome, fault) }).collect()
}

pub(crate) fn sentence(chrome: &Chrome, fault: &Fault) -> String {
    use domain::catalogue::{GtinFault, NumberFault, Wrong};
    let one = |key: &str, name: &str, value: &dyn ToString| chrome.ta(key, name, &value.to_string());
    match &fault.what {
        Wrong::Missing => chrome.t("product-wrong-missing").to_owned(),
        Wrong::TooLong(most) => one("product-wrong-long", "most", most),
        Wrong::TooMany { most, found } => {
            let (most, found) = (count(chrome, *most), count(chrome, *found));
            let values = [("most", most.as_str()), ("found", found.as_str())];
            crate::i18n::t(chrome.lang, "product-wrong-many", &values)
        }
        Wrong::Twice(what) => one("product-wrong-twice", "what", what),
        Wrong::Number(NumberFault::NotANumber) => chrome.t("product-wrong-number").to_owned(),
        Wrong::Number(NumberFault::Ambiguous { before, after }) => {
            let mark = decimal_mark(chrome.lang);
            let (whole, fraction) = (format!("{before}{after}"), format!("{before}{mark}{after}"));
            let values = [("whole", whole.as_str()), ("fraction", fraction.as_str())];
            crate::i18n::t(chrome.lang, "product-wrong-ambiguous", &values)
        }
        Wrong::Number(NumberFault::TooFine { digits: 0 }) => chrome.t("product-wrong-whole").to_owned(),
        Wrong::Number(NumberFault::TooFine { digits }) => one("product-wrong-fine", "digits", digits),
        Wrong::Number(NumberFault::TooLarge) => chrome.t("product-wrong-large").to_owned(),
        Wrong::Beyond(most) => chrome.ta("product-wrong-beyond", "most", &chrome.number(most)),
        Wrong::Gtin(GtinFault::Letters) => chrome.t("product-wrong-gtin-letters").to_owned(),
        Wrong::Gtin(GtinFault::Length(found)) => one("product-wrong-gtin-length", "found", found),
        Wrong::Gtin(GtinFault::Zeros) => chrome.t("product-wrong-gtin-zeros").to_owned(),
        Wrong::Gtin(GtinFault::CheckDigit(wanted)) => one("product-wrong-gtin-check", "digit", wanted),
        Wrong::Code if matches!(fault.at, Field::Row(_, Cell::Origin)) => {
            chrome.t("product-wrong-origin").to_owned()
        }
        Wrong::Code => chrome.t("product-wrong-ncm").to_owned(),
        Wrong::NoSuchOption(what) => one("product-wrong-option", "what", what),
        Wrong::HalfAnAxis => chrome.t("product-wrong-axis").to_owned(),
        Wrong::Invisible => chrome.t("product-wrong-invisible").to_owned(),
    }
}

fn count(chrome: &Chrome, value: usize) -> String {
    chrome.number(&i64::try_from(value).unwrap_or(i64::MAX))
}

/// What stands between whole and part in a language.
#[must_use]
pub const fn decimal_mark(lang: crate::Lang) -> char {
    match lang {
        crate::Lang::PtBr | crate::Lang::Es => ',',
        crate::Lang::En => '.',
    }
}
