//! What people typed, and the product that it makes.

use std::collections::BTreeSet;

use super::code::{Gtin, Ncm, Origin};
use super::fault::{Cell, Fault, Field, Wrong};
use super::number::scaled;
use super::{
    Axis, COST_CURRENCY, Facts, MAX_AXES, MAX_BRAND_CHARS, MAX_CODE_CHARS, MAX_COST_MINOR,
    MAX_DESCRIPTION_CHARS, MAX_OPTION_CHARS, MAX_OPTIONS, MAX_SIDE_MM, MAX_TAG_CHARS, MAX_TAGS,
    MAX_TAX_BASIS_POINTS, MAX_TITLE_CHARS, MAX_VARIANTS, MAX_WEIGHT_G, Product, Variant,
};
use crate::id::SkuId;
use crate::money::Money;
use crate::order_list::title_key;

/// An axis as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct TypedAxis {
    /// Its name.
    pub name: String,
    /// Its options, with commas or line ends between them.
    pub options: String,
}

impl TypedAxis {
    /// Whether it has an option.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        listed(&self.options).any(|known| known == option)
    }
}

/// A variant's row as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct TypedRow {
    /// The SKU that it is already.
    pub sku: Option<SkuId>,
    /// Whether the variant is to go; its SKU stays.
    pub goes: bool,
    /// What it is on each axis.
    pub options: [String; MAX_AXES],
    /// The SKU's code; where a new row has none, its variant is not made.
    pub code: String,
    /// Bar code.
    pub gtin: String,
    /// Cost.
    pub cost: String,
    /// Taxes, in percent.
    pub tax: String,
    /// Weight, in grams.
    pub weight: String,
    /// Length, in centimetres.
    pub length: String,
    /// Width, in centimetres.
    pub width: String,
    /// Height, in centimetres.
    pub height: String,
    /// Nomenclature.
    pub ncm: String,
    /// Origin.
    pub origin: String,
}

impl TypedRow {
    /// The cells that are typed into, besides what it is on each axis.
    pub const CELLS: [Cell; 10] = [
        Cell::Code,
        Cell::Gtin,
        Cell::Cost,
        Cell::Tax,
        Cell::Weight,
        Cell::Length,
        Cell::Width,
        Cell::Height,
        Cell::Ncm,
        Cell::Origin,
    ];

    /// What stands in a cell.
    #[must_use]
    pub fn cell(&self, cell: Cell) -> &str {
        match cell {
            Cell::Option(axis) => self.options.get(axis).map_or("", String::as_str),
            Cell::Code => &self.code,
            Cell::Gtin => &self.gtin,
            Cell::Cost => &self.cost,
            Cell::Tax => &self.tax,
            Cell::Weight => &self.weight,
            Cell::Length => &self.length,
            Cell::Width => &self.width,
            Cell::Height => &self.height,
            Cell::Ncm => &self.ncm,
            Cell::Origin => &self.origin,
        }
    }

    /// Puts a text into a cell.
    pub fn put(&mut self, cell: Cell, text: &str) {
        let place = match cell {
            Cell::Option(axis) => match self.options.get_mut(axis) {
                Some(option) => option,
                None => return,
            },
            Cell::Code => &mut self.code,
            Cell::Gtin => &mut self.gtin,
            Cell::Cost => &mut self.cost,
            Cell::Tax => &mut self.tax,
            Cell::Weight => &mut self.weight,
            Cell::Length => &mut self.length,
            Cell::Width => &mut self.width,
            Cell::Height => &mut self.height,
            Cell::Ncm => &mut self.ncm,
            Cell::Origin => &mut self.origin,
        };
        text.trim().clone_into(place);
    }

    /// Whether its variant is there or is to be made.
    #[must_use]
    pub fn counts(&self) -> bool {
        !self.goes && (self.sku.is_some() || Self::CELLS.iter().any(|cell| !self.cell(*cell).is_empty()))
    }
}

/// A product as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Typed {
    /// Title.
    pub title: String,
    /// Brand.
    pub brand: String,
    /// Description.
    pub description: String,
    /// Tags, with commas or line ends between them.
    pub tags: String,
    /// What its variants differ in.
    pub axes: [TypedAxis; MAX_AXES],
    /// Its variants.
    pub rows: Vec<TypedRow>,
}

/// A whole number of small units as people write it: 1250 with two digits is `12,5`.
fn written(units: i64, digits: usize, mark: char) -> String {
    let text = format!("{units:0>width$}", width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}{mark}{fraction}"),
    }
}

impl TypedRow {
    /// A variant as somebody would have typed it, with this decimal mark.
    #[must_use]
    pub fn of(variant: &Variant, mark: char) -> Self {
        let facts = &variant.facts;
        let number =
            |units: Option<i64>, digits| units.map(|units| written(units, digits, mark)).unwrap_or_default();
        let mut options: [String; MAX_AXES] = Default::default();
        for (place, option) in options.iter_mut().zip(&variant.options) {
            place.clone_from(option);
        }
        Self {
            sku: variant.sku,
            goes: false,
            options,
            code: variant.code.clone(),
            gtin: facts.gtin.as_ref().map(Gtin::to_string).unwrap_or_default(),
            cost: facts
                .cost
                .map(|cost| cost.to_decimal().replace('.', &mark.to_string()))
                .unwrap_or_default(),
            tax: number(facts.tax_basis_points, 2),
            weight: number(facts.weight_g, 0),
            length: number(facts.length_mm, 1),
            width: number(facts.width_mm, 1),
            height: number(facts.height_mm, 1),
            ncm: facts.ncm.as_ref().map(|ncm| ncm.as_str().to_owned()).unwrap_or_default(),
            origin: facts.origin.map(|origin| origin.code().to_string()).unwrap_or_default(),
        }
    }
}

impl Typed {
    /// A product as somebody would have typed it, with this decimal mark.
    #[must_use]
    pub fn of(product: &Product, mark: char) -> Self {
        let mut axes: [TypedAxis; MAX_AXES] = Default::default();
        for (typed, axis) in axes.iter_mut().zip(&product.axes) {
            *typed = TypedAxis { name: axis.name.clone(), options: axis.options.join(", ") };
        }
        Self {
            title: product.title.clone(),
            brand: product.brand.clone(),
            description: product.description.clone(),
            tags: product.tags.join(", "),
            axes,
            rows: product.variants.iter().map(|variant| TypedRow::of(variant, mark)).collect(),
        }
    }

    /// Brings in what somebody else made of the product meanwhile: their variants get rows, and a
    /// row whose variant is none any more is that of a new one. What was typed stays.
    pub fn catch_up(&mut self, now: &Self) {
        for row in &mut self.rows {
            row.sku = row.sku.filter(|sku| now.rows.iter().any(|known| known.sku == Some(*sku)));
        }
        let new = now.rows.iter().filter(|known| !self.rows.iter().any(|row| row.sku == known.sku));
        let new: Vec<TypedRow> = new.cloned().collect();
        self.rows.extend(new);
    }
}

/// Collects what is wrong.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, at: Field, what: Wrong) {
        self.0.push(Fault { at, what });
    }

    /// A text of one line.
    fn line(&mut self, at: Field, text: &str, most: usize) -> String {
        let text = text.trim();
        if text.chars().count() > most {
            self.add(at, Wrong::TooLong(most));
        } else if text.chars().any(char::is_control) {
            self.add(at, Wrong::Invisible);
        }
        text.to_owned()
    }
}

/// The parts of a list that people type, without those that are empty.
pub(super) fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '\n', '\r', ';']).map(str::trim).filter(|part| !part.is_empty())
}

impl Typed {
    /// The axes into which something was typed.
    pub fn used_axes(&self) -> impl Iterator<Item = &TypedAxis> {
        self.axes.iter().filter(|axis| !axis.name.trim().is_empty() || listed(&axis.options).next().is_some())
    }

    /// The product that was typed.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(&self) -> Result<Product, Vec<Fault>> {
        let mut faults = Faults::default();
        let title = faults.line(Field::Title, &self.title, MAX_TITLE_CHARS);
        if title.is_empty() {
            faults.add(Field::Title, Wrong::Missing);
        }
        let brand = faults.line(Field::Brand, &self.brand, MAX_BRAND_CHARS);
        let description = self.checked_description(&mut faults);
        let tags = self.checked_tags(&mut faults);
        let axes = self.checked_axes(&mut faults);
        let variants = self.checked_rows(&axes, &mut faults);
        let product = Product { title, brand, description, tags, axes, variants };
        if faults.0.is_empty() { Ok(product) } else { Err(faults.0) }
    }

    fn checked_description(&self, faults: &mut Faults) -> String {
        let text = self.description.trim().replace("\r\n", "\n");
        let unseen = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
        if text.chars().count() > MAX_DESCRIPTION_CHARS {
            faults.add(Field::Description, Wrong::TooLong(MAX_DESCRIPTION_CHARS));
        } else if text.chars().any(unseen) {
            faults.add(Field::Description, Wrong::Invisible);
        }
        text
    }

    fn checked_tags(&self, faults: &mut Faults) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let tags: Vec<String> =
            listed(&self.tags).filter(|tag| seen.insert(title_key(tag))).map(str::to_owned).collect();
        if tags.len() > MAX_TAGS {
            faults.add(Field::Tags, Wrong::TooMany { most: MAX_TAGS, found: tags.len() });
        } else if tags.iter().any(|tag| tag.chars().count() > MAX_TAG_CHARS) {
            faults.add(Field::Tags, Wrong::TooLong(MAX_TAG_CHARS));
        } else if tags.iter().any(|tag| tag.chars().any(char::is_control)) {
            faults.add(Field::Tags, Wrong::Invisible);
        }
        tags
    }

    /// The axes that were typed; those that are empty are left out.
    pub(super) fn checked_axes(&self, faults: &mut Faults) -> Vec<Axis> {
        let mut axes: Vec<Axis> = Vec::new();
        for (place, typed) in self.axes.iter().enumerate() {
            let name = faults.line(Field::AxisName(place), &typed.name, MAX_OPTION_CHARS);
            let options: Vec<String> = listed(&typed.options).map(str::to_owned).collect();
            match (name.is_empty(), options.is_empty()) {
                (true, true) => continue,
                (true, false) => faults.add(Field::AxisName(place), Wrong::HalfAnAxis),
                (false, true) => faults.add(Field::AxisOptions(place), Wrong::HalfAnAxis),
                (false, false) => {}
            }
            if axes.iter().any(|axis| title_key(&axis.name) == title_key(&name)) {
                faults.add(Field::AxisName(place), Wrong::Twice(name.clone()));
            }
            check_options(place, &options, faults);
            axes.push(Axis { name, options });
        }
        axes
    }

    fn checked_rows(&self, axes: &[Axis], faults: &mut Faults) -> Vec<Variant> {
        let kept: Vec<(usize, &TypedRow)> =
            self.rows.iter().enumerate().filter(|(_, row)| row.counts()).collect();
        if kept.is_empty() {
            faults.add(Field::Row(0, Cell::Code), Wrong::Missing);
        }
        if kept.len() > MAX_VARIANTS {
            let too_many = Wrong::TooMany { most: MAX_VARIANTS, found: kept.len() };
            faults.add(Field::AxisOptions(0), too_many);
            return Vec::new();
        }
        let (mut combinations, mut codes, mut gtins) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut variants = Vec::with_capacity(kept.len());
        for (place, row) in kept {
            let variant = row.checked(place, axes, faults);
            if !combinations.insert(variant.options.clone()) {
                let (cell, what) = if variant.options.is_empty() {
                    (Cell::Code, variant.code.clone())
                } else {
                    (Cell::Option(0), variant.options.join(" · "))
                };
                faults.add(Field::Row(place, cell), Wrong::Twice(what));
            }
            if !variant.code.is_empty() && !codes.insert(variant.code.to_lowercase()) {
                faults.add(Field::Row(place, Cell::Code), Wrong::Twice(variant.code.clone()));
            }
            if let Some(gtin) = &variant.facts.gtin
                && !gtins.insert(gtin.clone())
            {
                faults.add(Field::Row(place, Cell::Gtin), Wrong::Twice(gtin.to_string()));
            }
            variants.push(variant);
        }
        variants
    }
}

fn check_options(place: usize, options: &[String], faults: &mut Faults) {
    let at = Field::AxisOptions(place);
    if options.len() > MAX_OPTIONS {
        faults.add(at, Wrong::TooMany { most: MAX_OPTIONS, found: options.len() });
        return;
    }
    let mut seen = BTreeSet::new();
    for option in options {
        if option.chars().count() > MAX_OPTION_CHARS {
            faults.add(at, Wrong::TooLong(MAX_OPTION_CHARS));
        } else if option.chars().any(char::is_control) {
            faults.add(at, Wrong::Invisible);
        } else if !seen.insert(title_key(option)) {
            faults.add(at, Wrong::Twice(option.clone()));
        }
    }
}

impl TypedRow {
    fn checked(&self, place: usize, axes: &[Axis], faults: &mut Faults) -> Variant {
        let code = faults.line(Field::Row(place, Cell::Code), &self.code, MAX_CODE_CHARS);
        if code.is_empty() {
            faults.add(Field::Row(place, Cell::Code), Wrong::Missing);
        }
        let mut options = Vec::with_capacity(axes.len());
        for (axis, (known, option)) in axes.iter().zip(&self.options).enumerate() {
            let at = Field::Row(place, Cell::Option(axis));
            if option.is_empty() {
                faults.add(at, Wrong::Missing);
            } else if !known.options.contains(option) {
                faults.add(at, Wrong::NoSuchOption(option.clone()));
            }
            options.push(option.clone());
        }
        Variant { sku: self.sku, options, code, facts: self.facts(place, faults) }
    }

    fn facts(&self, place: usize, faults: &mut Faults) -> Facts {
        let mut number = |cell, digits, most| self.number(place, cell, digits, most, faults);
        let cost = number(Cell::Cost, COST_CURRENCY.exponent(), MAX_COST_MINOR);
        let facts = Facts {
            gtin: None,
            cost: cost.map(|minor| Money::new(minor, COST_CURRENCY)),
            tax_basis_points: number(Cell::Tax, 2, MAX_TAX_BASIS_POINTS),
            weight_g: number(Cell::Weight, 0, MAX_WEIGHT_G),
            length_mm: number(Cell::Length, 1, MAX_SIDE_MM),
            width_mm: number(Cell::Width, 1, MAX_SIDE_MM),
            height_mm: number(Cell::Height, 1, MAX_SIDE_MM),
            ncm: None,
            origin: None,
        };
        let mut code = |cell: Cell, is_good: bool| {
            if !self.cell(cell).is_empty() && !is_good {
                faults.add(Field::Row(place, cell), Wrong::Code);
            }
        };
        let (ncm, origin) = (Ncm::parse(&self.ncm), Origin::parse(&self.origin));
        code(Cell::Ncm, ncm.is_some());
        code(Cell::Origin, origin.is_some());
        let gtin = match (self.gtin.is_empty(), Gtin::parse(&self.gtin)) {
            (true, _) => None,
            (false, Ok(gtin)) => Some(gtin),
            (false, Err(fault)) => {
                faults.add(Field::Row(place, Cell::Gtin), Wrong::Gtin(fault));
                None
            }
        };
        Facts { gtin, ncm, origin, ..facts }
    }

    /// A number of so many digits behind its mark; `None` where nothing was typed.
    fn number(&self, place: usize, cell: Cell, digits: u32, most: i64, faults: &mut Faults) -> Option<i64> {
        let text = self.cell(cell);
        if text.is_empty() {
            return None;
        }
        let at = Field::Row(place, cell);
        match scaled(text, digits) {
            Ok(units) if units <= most => return Some(units),
            Ok(_) => faults.add(at, Wrong::Beyond(most / 10_i64.pow(digits))),
            Err(fault) => faults.add(at, Wrong::Number(fault)),
        }
        None
    }
}
