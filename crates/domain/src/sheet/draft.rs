//! Which rows are one product.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::lay::variation;
use super::{Column, ColumnMap, Sheet, SheetFault, Trouble};
use crate::catalogue::{MAX_CODE_CHARS, Wrong};
use crate::order_list::title_key;

/// Rows of one product, by their places in the table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// The row that stands for the product itself and is no SKU.
    pub parent: Option<usize>,
    /// Its SKUs.
    pub rows: Vec<usize>,
    /// Rows of it that cannot be taken: then nothing of the product is.
    pub broken: bool,
}

impl Draft {
    /// The row that comes first in the file.
    #[must_use]
    pub fn first(&self) -> usize {
        self.rows.iter().copied().chain(self.parent).min().unwrap_or_default()
    }
}

/// What rows of one product have in common.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Parent(String),
    Title(String),
    Alone(usize),
}

/// The products of a table in its order, and rows whose code cannot be taken.
#[must_use]
pub fn drafts(sheet: &Sheet, map: &ColumnMap) -> (Vec<Draft>, Vec<SheetFault>) {
    let parents: BTreeSet<String> = sheet
        .rows
        .iter()
        .map(|row| title_key(map.cell(row, Column::Parent)))
        .filter(|parent| !parent.is_empty())
        .collect();
    let is_parent = |place: usize| {
        let row = &sheet.rows[place];
        map.cell(row, Column::Parent).is_empty() && parents.contains(&title_key(map.cell(row, Column::Code)))
    };
    let mut by_code: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, row) in sheet.rows.iter().enumerate() {
        by_code.entry(map.cell(row, Column::Code).to_lowercase()).or_default().push(place);
    }
    let (mut drafts, mut faults): (Vec<Draft>, Vec<SheetFault>) = (Vec::new(), Vec::new());
    let mut places: HashMap<Key, usize> = HashMap::new();
    for (place, row) in sheet.rows.iter().enumerate() {
        let code = map.cell(row, Column::Code);
        let key = key_of(sheet, map, place, is_parent(place));
        let draft = *places.entry(key).or_insert_with(|| {
            drafts.push(Draft::default());
            drafts.len() - 1
        });
        let draft = &mut drafts[draft];
        let twins = &by_code[&code.to_lowercase()];
        let other = twins.iter().find(|other| **other != place).filter(|_| !code.is_empty());
        let trouble = if code.is_empty() {
            Some(Trouble::Cell(Wrong::Missing))
        } else if code.chars().count() > MAX_CODE_CHARS {
            Some(Trouble::Cell(Wrong::TooLong(MAX_CODE_CHARS)))
        } else {
            other.map(|other| Trouble::AlsoInRow(sheet.rows[*other].number))
        };
        if let Some(trouble) = trouble {
            draft.broken = true;
            faults.push(SheetFault::of(row, Column::Code, map, trouble));
        }
        if is_parent(place) {
            draft.parent = Some(place);
        } else {
            draft.rows.push(place);
        }
    }
    (drafts, faults)
}

fn key_of(sheet: &Sheet, map: &ColumnMap, place: usize, is_parent: bool) -> Key {
    let row = &sheet.rows[place];
    let parent = map.cell(row, if is_parent { Column::Code } else { Column::Parent });
    let title = map.cell(row, Column::Title);
    let differs = !map.cell(row, Column::AxisOption(0)).is_empty()
        || !variation(map.cell(row, Column::Variation)).is_empty();
    if !parent.is_empty() {
        Key::Parent(title_key(parent))
    } else if differs && !title.is_empty() {
        Key::Title(title.to_owned())
    } else {
        Key::Alone(place)
    }
}
