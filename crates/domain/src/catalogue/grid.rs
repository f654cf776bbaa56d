//! The rows of all combinations, made of the axes.

use super::fault::{Cell, Fault, Field, Wrong};
use super::typed::{Faults, Typed, TypedRow};
use super::{MAX_AXES, MAX_VARIANTS};
use crate::order_list::title_key;

/// Letters of an option that go into a code that is proposed.
const CODE_PIECE_CHARS: usize = 12;

impl Typed {
    /// Gives each combination of the axes its row. Rows that are there keep what was typed into
    /// them, and rows of SKUs stay whatever the axes say. Where `base` is given, rows without a
    /// code get one made of it.
    ///
    /// # Errors
    /// What is wrong with the axes; there may be more combinations than a product can have.
    pub fn spread(&mut self, base: &str) -> Result<(), Vec<Fault>> {
        let mut faults = Faults::default();
        let axes = self.checked_axes(&mut faults);
        let found = axes.iter().fold(1_usize, |all, axis| all.saturating_mul(axis.options.len()));
        if found > MAX_VARIANTS {
            faults.add(Field::AxisOptions(0), Wrong::TooMany { most: MAX_VARIANTS, found });
        }
        if !faults.0.is_empty() {
            return Err(faults.0);
        }
        let mut combinations: Vec<[String; MAX_AXES]> = vec![Default::default()];
        for (place, axis) in axes.iter().enumerate() {
            let longer = |known: [String; MAX_AXES]| {
                axis.options.iter().map(move |option| {
                    let mut next = known.clone();
                    if let Some(free) = next.get_mut(place) {
                        free.clone_from(option);
                    }
                    next
                })
            };
            combinations = combinations.into_iter().flat_map(longer).collect();
        }
        let mut left = std::mem::take(&mut self.rows);
        for options in combinations {
            let known = left.iter().position(|row| row.options == options);
            let mut row =
                known.map_or_else(|| TypedRow { options, ..TypedRow::default() }, |at| left.remove(at));
            row.propose(base);
            self.rows.push(row);
        }
        self.rows.extend(left.into_iter().filter(|row| row.sku.is_some()));
        Ok(())
    }

    /// Puts what is the same for all into the empty cells of the rows that have a code.
    pub fn fill(&mut self, common: &TypedRow) {
        for row in self.rows.iter_mut().filter(|row| !row.code.is_empty()) {
            for cell in Cell::COMMON {
                if row.cell(cell).is_empty() {
                    row.put(cell, common.cell(cell));
                }
            }
        }
    }
}

impl TypedRow {
    fn propose(&mut self, base: &str) {
        let base = base.trim();
        if base.is_empty() || !self.code.is_empty() {
            return;
        }
        let piece = |option: &String| -> String {
            let plain = title_key(option).to_uppercase();
            plain.chars().filter(|letter| letter.is_alphanumeric()).take(CODE_PIECE_CHARS).collect()
        };
        let pieces = self.options.iter().map(piece).filter(|piece| !piece.is_empty());
        self.code = std::iter::once(base.to_owned()).chain(pieces).collect::<Vec<_>>().join("-");
    }
}
