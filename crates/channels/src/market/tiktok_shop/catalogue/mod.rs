//! Publishing: where goods belong, what is asked of them, their pictures and the listing
//! itself. One file for each thing that a seller does.

mod body;
mod categories;
mod objections;
mod pictures;
mod publishing;
mod rules;
mod wire;

use domain::Currency;

/// What a region's shops have that answers do not tell.
struct Region {
    /// The only currency.
    currency: Option<Currency>,
    /// The language that names come in.
    locale: &'static str,
    /// Which tree of categories, where it is not the first.
    tree: Option<&'static str>,
    /// Most variations of a product.
    most_skus: usize,
    /// Characters of a title.
    title: (usize, usize),
}

/// The facts of a region: "Create Product", "Get Categories" (2026-10). The second tree is
/// compulsory in the United States and in the south-east of Asia.
fn region(code: &str) -> Region {
    let brazil = Region {
        currency: Some(Currency::Brl),
        locale: "pt-BR",
        tree: None,
        most_skus: 300,
        title: (1, 300),
    };
    match code {
        "BR" => brazil,
        "MX" => Region { currency: Some(Currency::Mxn), locale: "es-MX", ..brazil },
        "US" => Region {
            currency: Some(Currency::Usd),
            locale: "en-US",
            tree: Some("v2"),
            title: (1, 255),
            ..brazil
        },
        "ID" | "MY" | "PH" | "SG" | "TH" | "VN" => {
            Region { currency: None, locale: "en-US", tree: Some("v2"), most_skus: 100, title: (25, 255) }
        }
        _ => Region { currency: None, locale: "en-US", title: (1, 255), ..brazil },
    }
}

/// For tests: the body of the product.
#[cfg(test)]
pub(super) fn sent(offer: &domain::offer::Offer) -> String {
    body::product(offer, "7068000000000000001", None).to_string()
}
