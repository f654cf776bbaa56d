//! What a product would be with the table's cells in it.

use super::{Column, ColumnMap, Draft, MAX_ON_HAND_UNITS, Sheet, SheetFault, SheetRow, Trouble};
use crate::catalogue::{Cell, Field, MAX_AXES, Product, Typed, TypedRow, Wrong, scaled};
use crate::order_list::title_key;

/// The decimal mark that known numbers are written with while they lie beside the table's.
const MARK: char = ',';
/// Grams of a kilogram, as digits behind its mark.
const KILO_DIGITS: u32 = 3;

/// What is counted of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Count {
    /// The SKU's code.
    pub code: String,
    /// What lies on the shelf by the file, in units.
    pub on_hand_units: i64,
}

/// A product with the table's cells in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid {
    /// As it would have been typed.
    pub typed: Typed,
    /// What it makes; `None` where something is wrong.
    pub product: Option<Product>,
    /// What is counted.
    pub counts: Vec<Count>,
    /// What is wrong, row by row.
    pub faults: Vec<SheetFault>,
}

/// `Cor:Preta;Tamanho:P` (Bling), also with `|` between the parts (Olist Tiny, uncertain): name and option of
/// each part; nothing where it is something else.
pub(super) fn variation(text: &str) -> Vec<(String, String)> {
    let parts = text.split([';', '|']).map(str::trim).filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, option) = part.split_once(':')?;
        let (name, option) = (name.trim(), option.trim());
        (!name.is_empty() && !option.is_empty()).then(|| (name.to_owned(), option.to_owned()))
    };
    parts.map(pair).collect::<Option<_>>().unwrap_or_default()
}

const CELLS: [(Column, Cell); 9] = [
    (Column::Gtin, Cell::Gtin),
    (Column::Cost, Cell::Cost),
    (Column::Tax, Cell::Tax),
    (Column::Weight, Cell::Weight),
    (Column::Length, Cell::Length),
    (Column::Width, Cell::Width),
    (Column::Height, Cell::Height),
    (Column::Ncm, Cell::Ncm),
    (Column::Origin, Cell::Origin),
];

/// The column that a cell of the form came from.
const fn column_of(cell: Cell) -> Column {
    match cell {
        Cell::Option(axis) => Column::AxisOption(axis),
        Cell::Code => Column::Code,
        Cell::Gtin => Column::Gtin,
        Cell::Cost => Column::Cost,
        Cell::Tax => Column::Tax,
        Cell::Weight => Column::Weight,
        Cell::Length => Column::Length,
        Cell::Width => Column::Width,
        Cell::Height => Column::Height,
        Cell::Ncm => Column::Ncm,
        Cell::Origin => Column::Origin,
    }
}

/// Lays a draft's cells over what is known. An empty cell leaves what is there; `known` is the product
/// that its SKUs belong to already.
#[must_use]
pub fn lay(sheet: &Sheet, map: &ColumnMap, draft: &Draft, known: Option<&Product>) -> Laid {
    let mut at = At { sheet, map, draft, places: Vec::new(), faults: Vec::new() };
    let mut typed = known.map(|product| Typed::of(product, MARK)).unwrap_or_default();
    at.places = vec![None; typed.rows.len()];
    at.texts(&mut typed);
    let mut counts = Vec::new();
    for place in &draft.rows {
        at.row(&mut typed, *place);
        counts.extend(at.count(*place));
    }
    if typed.title.is_empty() {
        at.blame(draft.first(), Column::Title, Trouble::NoTitle);
        // The other cells are looked at all the same.
        typed.title = String::from("-");
    }
    let product = match typed.check() {
        Ok(product) => Some(product),
        Err(faults) => {
            for fault in faults {
                at.form_fault(fault.at, fault.what);
            }
            None
        }
    };
    let product = product.filter(|_| at.faults.is_empty() && !draft.broken);
    Laid { typed, product, counts, faults: at.faults }
}

struct At<'a> {
    sheet: &'a Sheet,
    map: &'a ColumnMap,
    draft: &'a Draft,
    /// For each row of the form the table's, where it has one.
    places: Vec<Option<usize>>,
    faults: Vec<SheetFault>,
}

impl At<'_> {
    fn blame(&mut self, place: usize, column: Column, trouble: Trouble) {
        let Some(row) = self.sheet.rows.get(place) else { return };
        self.faults.push(SheetFault::of(row, column, self.map, trouble));
    }

    fn form_fault(&mut self, at: Field, what: Wrong) {
        let first = self.draft.first();
        let (place, column) = match at {
            Field::Title => (first, Column::Title),
            Field::Brand => (first, Column::Brand),
            Field::Description => (first, Column::Description),
            Field::Tags => (first, Column::Tags),
            Field::AxisName(axis) => (first, Column::AxisName(axis)),
            Field::AxisOptions(axis) => (first, Column::AxisOption(axis)),
            Field::Row(row, cell) => {
                (self.places.get(row).copied().flatten().unwrap_or(first), column_of(cell))
            }
        };
        self.blame(place, column, Trouble::Cell(what));
    }

    /// The rows in which the product's own texts are looked for.
    fn rows(&self) -> impl Iterator<Item = &SheetRow> {
        self.draft.parent.iter().chain(&self.draft.rows).filter_map(|place| self.sheet.rows.get(*place))
    }

    fn texts(&self, typed: &mut Typed) {
        let first = |column: Column| {
            self.rows().map(|row| self.map.cell(row, column)).find(|text| !text.is_empty()).map(str::to_owned)
        };
        let is_title = |text: &&str| !text.is_empty() && variation(text).is_empty();
        let title = self.rows().map(|row| self.map.cell(row, Column::Title)).find(is_title);
        if let Some(title) = title {
            title.clone_into(&mut typed.title);
        }
        for (column, text) in [
            (Column::Brand, &mut typed.brand),
            (Column::Description, &mut typed.description),
            (Column::Tags, &mut typed.tags),
        ] {
            if let Some(found) = first(column) {
                *text = found;
            }
        }
    }

    /// Puts a row's cells into the form's row of its code.
    fn row(&mut self, typed: &mut Typed, place: usize) {
        let Some(row) = self.sheet.rows.get(place) else { return };
        let code = self.map.cell(row, Column::Code);
        let found = typed.rows.iter().position(|known| known.code == code);
        let at = found.unwrap_or_else(|| {
            typed.rows.push(TypedRow { code: code.to_owned(), ..TypedRow::default() });
            self.places.push(None);
            typed.rows.len() - 1
        });
        self.places[at] = Some(place);
        for (column, cell) in CELLS {
            let text = self.map.cell(row, column);
            if !text.is_empty() {
                typed.rows[at].put(cell, text);
            }
        }
        let kilos = self.map.cell(row, Column::WeightKg);
        if !kilos.is_empty() {
            match scaled(kilos, KILO_DIGITS) {
                Ok(grams) => typed.rows[at].put(Cell::Weight, &grams.to_string()),
                Err(fault) => self.blame(place, Column::WeightKg, Trouble::Cell(Wrong::Number(fault))),
            }
        }
        for (name, option) in self.options(row) {
            match axis_of(typed, &name) {
                Some(axis) => {
                    let known = &mut typed.axes[axis];
                    if !known.has(&option) {
                        let comma = if known.options.is_empty() { "" } else { ", " };
                        known.options = format!("{}{comma}{option}", known.options);
                    }
                    typed.rows[at].put(Cell::Option(axis), &option);
                }
                None => self.blame(place, Column::AxisName(0), Trouble::TooManyAxes),
            }
        }
    }

    /// What a row is on each axis, with the axis's name.
    fn options(&self, row: &SheetRow) -> Vec<(String, String)> {
        let packed = variation(self.map.cell(row, Column::Variation));
        if !packed.is_empty() {
            return packed;
        }
        let in_title = variation(self.map.cell(row, Column::Title));
        if !in_title.is_empty() && !self.map.cell(row, Column::Parent).is_empty() {
            return in_title;
        }
        let pair = |axis: usize| {
            let (name, option) =
                (self.map.cell(row, Column::AxisName(axis)), self.map.cell(row, Column::AxisOption(axis)));
            (!option.is_empty()).then(|| (name.to_owned(), option.to_owned()))
        };
        (0..MAX_AXES).filter_map(pair).collect()
    }

    fn count(&mut self, place: usize) -> Option<Count> {
        let row = self.sheet.rows.get(place)?;
        let text = self.map.cell(row, Column::OnHand);
        if text.is_empty() {
            return None;
        }
        let wrong = match scaled(text, 0) {
            Ok(on_hand_units) if on_hand_units <= MAX_ON_HAND_UNITS => {
                let code = self.map.cell(row, Column::Code).to_owned();
                return Some(Count { code, on_hand_units });
            }
            Ok(_) => Wrong::Beyond(MAX_ON_HAND_UNITS),
            Err(fault) => Wrong::Number(fault),
        };
        self.blame(place, Column::OnHand, Trouble::Cell(wrong));
        None
    }
}

/// The axis of a name; a new one where there is a free place. An axis without a name is the first that
/// has none either.
fn axis_of(typed: &mut Typed, name: &str) -> Option<usize> {
    let is_it = |known: &str| title_key(known.trim()) == title_key(name);
    let known = typed.axes.iter().position(|axis| !axis.options.is_empty() && is_it(&axis.name));
    known.or_else(|| {
        let free = typed
            .axes
            .iter()
            .position(|axis| axis.name.trim().is_empty() && axis.options.trim().is_empty())?;
        name.clone_into(&mut typed.axes[free].name);
        Some(free)
    })
}
