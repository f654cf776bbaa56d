//! What a SKU's page says of kits: what it is made of, which kits it is in, and the form for a recipe.

use domain::SkuId;

use crate::pages::Errors;

/// Empty rows that a recipe's form has beneath those that are filled.
pub const FREE_ROWS: usize = 3;

/// A component of the kit, as it stands.
#[derive(Debug, Clone)]
pub struct PartRow {
    /// Its id.
    pub id: SkuId,
    /// The seller's code.
    pub code: String,
    /// What it is.
    pub title: String,
    /// Units of it in one kit.
    pub units: i64,
    /// Units of it that are available.
    pub available_units: i64,
    /// Kits that it allows.
    pub makes: i64,
}

/// A kit that the SKU is a component of.
#[derive(Debug, Clone)]
pub struct InKit {
    /// Its id.
    pub id: SkuId,
    /// The seller's code.
    pub code: String,
    /// Units of the SKU in one such kit.
    pub units: i64,
}

/// One row of a recipe's form, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedPart {
    /// The component's code.
    pub code: String,
    /// Its units.
    pub units: String,
}

/// Kits, as a SKU's page shows them. `POST /skus/{id}/kit` takes `do` (`save`, `end`), and `code-0`, `units-0`,
/// `code-1` and so on.
#[derive(Debug, Clone, Default)]
pub struct KitView {
    /// Whether the SKU is a kit.
    pub is_kit: bool,
    /// Of a kit: what it is made of.
    pub parts: Vec<PartRow>,
    /// The kits that contain it.
    pub inside: Vec<InKit>,
    /// The rows of the form.
    pub rows: Vec<TypedPart>,
    /// Codes of SKUs, for suggestions.
    pub codes: Vec<String>,
    /// What is wrong.
    pub errors: Errors,
}

impl KitView {
    /// The components that allow the fewest kits.
    pub(crate) fn limits(&self) -> String {
        let least = self.parts.iter().map(|part| part.makes).min();
        let limiting = self.parts.iter().filter(|part| Some(part.makes) == least);
        limiting.map(|part| part.code.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Whether the SKU may become a kit: what is in one cannot.
    pub(crate) fn may_become(&self) -> bool {
        self.is_kit || self.inside.is_empty()
    }
}
