//! What is asked before a change that may be a slip.

use super::Product;
use crate::money::Money;

/// A cost that becomes so many times higher or lower is asked about: a digit too many, or a mark
/// in the wrong place.
const ODD_FACTOR: i64 = 10;

/// A SKU that is there already, has the code that was typed, and belongs to no product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// What lies on the shelf of it, in units.
    pub on_hand_units: i64,
}

/// What somebody has to agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Is the cost right? It was a very different one.
    Cost {
        /// The SKU's code.
        code: String,
        /// What it was.
        before: Money,
        /// What it would be.
        after: Money,
    },
    /// Is this the SKU that is meant?
    Adopt(Found),
    /// Shall the variant go?
    Drop {
        /// The SKU's code.
        code: String,
    },
}

/// What somebody agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreed {
    /// Costs that are very different.
    pub cost: bool,
    /// SKUs that are there already.
    pub adopt: bool,
    /// Variants that go.
    pub drop: bool,
}

/// Whether a cost changes so much that it may be a slip.
#[must_use]
pub const fn is_odd_jump(before: Money, after: Money) -> bool {
    let (low, high) =
        if before.minor < after.minor { (before.minor, after.minor) } else { (after.minor, before.minor) };
    before.minor > 0 && low != high && high >= low.saturating_mul(ODD_FACTOR)
}

/// What is left to ask before `after` takes the place of `before`.
#[must_use]
pub fn questions(
    before: Option<&Product>,
    after: &Product,
    found: &[Found],
    agreed: Agreed,
) -> Vec<Question> {
    let mut open = Vec::new();
    let known = before.map_or(&[][..], |product| &product.variants);
    if !agreed.cost {
        for variant in &after.variants {
            let was = known.iter().find(|was| was.sku.is_some() && was.sku == variant.sku);
            let costs = was.and_then(|was| was.facts.cost).zip(variant.facts.cost);
            if let Some((before, after)) = costs.filter(|(before, after)| is_odd_jump(*before, *after)) {
                open.push(Question::Cost { code: variant.code.clone(), before, after });
            }
        }
    }
    if !agreed.adopt {
        open.extend(found.iter().cloned().map(Question::Adopt));
    }
    if !agreed.drop {
        let gone = known.iter().filter(|was| !after.variants.iter().any(|variant| variant.sku == was.sku));
        open.extend(gone.map(|was| Question::Drop { code: was.code.clone() }));
    }
    open
}
