//! What is wrong with a form, and where.

use super::code::GtinFault;
use super::number::NumberFault;

/// A cell of a variant's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// What it is on an axis.
    Option(usize),
    /// The SKU's code.
    Code,
    /// Bar code.
    Gtin,
    /// Cost.
    Cost,
    /// Taxes.
    Tax,
    /// Weight.
    Weight,
    /// Length.
    Length,
    /// Width.
    Width,
    /// Height.
    Height,
    /// Nomenclature.
    Ncm,
    /// Origin.
    Origin,
}

impl Cell {
    /// What can be known of a SKU and may be the same for many.
    pub const COMMON: [Self; 8] = [
        Self::Cost,
        Self::Tax,
        Self::Weight,
        Self::Length,
        Self::Width,
        Self::Height,
        Self::Ncm,
        Self::Origin,
    ];

    /// The word in names of fields and in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Option(0) => "option1",
            Self::Option(1) => "option2",
            Self::Option(_) => "option3",
            Self::Code => "code",
            Self::Gtin => "gtin",
            Self::Cost => "cost",
            Self::Tax => "tax",
            Self::Weight => "weight",
            Self::Length => "length",
            Self::Width => "width",
            Self::Height => "height",
            Self::Ncm => "ncm",
            Self::Origin => "origin",
        }
    }
}

/// A field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Title.
    Title,
    /// Brand.
    Brand,
    /// Description.
    Description,
    /// Tags.
    Tags,
    /// The name of an axis.
    AxisName(usize),
    /// The options of an axis.
    AxisOptions(usize),
    /// A cell of a variant's row.
    Row(usize, Cell),
}

impl Field {
    /// Its name in the form, which is also the id of its input.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Title => "title".into(),
            Self::Brand => "brand".into(),
            Self::Description => "description".into(),
            Self::Tags => "tags".into(),
            Self::AxisName(axis) => format!("axis-{axis}"),
            Self::AxisOptions(axis) => format!("options-{axis}"),
            Self::Row(row, cell) => format!("{}-{row}", cell.as_str()),
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// It has to be filled.
    Missing,
    /// It has more characters than are taken.
    TooLong(usize),
    /// There are more than are taken.
    TooMany {
        /// How many are taken.
        most: usize,
        /// How many there are; more than this machine counts is the greatest count.
        found: usize,
    },
    /// The same twice.
    Twice(String),
    /// No number, or no single one.
    Number(NumberFault),
    /// A number beyond what there is, in the units that the field is typed in.
    Beyond(i64),
    /// No bar code.
    Gtin(GtinFault),
    /// No code of the table.
    Code,
    /// The axis has no such option.
    NoSuchOption(String),
    /// The axis has options and no name, or a name and no options.
    HalfAnAxis,
    /// Signs that nobody can see.
    Invisible,
}

/// Something wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub at: Field,
    /// What.
    pub what: Wrong,
}
