//! For tests: goods that are to be published.

use domain::attribute::Value;
use domain::offer::{Attribute, Change, Choice, Condition, Offer, Package, Variant};
use domain::picture::Picture;
use domain::{Currency, Money};

/// What an upload's boundary is where no part holds it.
pub(in crate::market) const FORM: &str = "multipart/form-data; boundary=lojista-form-boundary-0";

/// A picture of 800 pixels on each side, as far as its head goes.
pub(in crate::market) fn picture() -> Picture {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x03\x20\x08\0\0\0\0";
    Picture::read(head.to_vec()).expect("a picture")
}

/// Seven units of a variant, 49.90 each.
pub(in crate::market) fn variant(seller_sku: &str, choices: &[(&str, &str)]) -> Variant {
    let choice = |(id, name): &(&str, &str)| Choice {
        id: Some((*id).to_owned()).filter(|id| !id.is_empty()),
        name: (*name).to_owned(),
    };
    Variant {
        choices: choices.iter().map(choice).collect(),
        seller_sku: seller_sku.into(),
        gtin: Some("7891234567895".into()),
        price: Money::new(4_990, Currency::Brl),
        quantity_units: 7,
        picture: None,
    }
}

/// One mug, without attributes.
pub(in crate::market) fn offer(category: &str, seller_sku: &str, picture: &str) -> Offer {
    Offer {
        reference: "7d3c9a52-0b1e-4f68-9a3d-5c2e8f104b77".into(),
        title: "Caneca Esmaltada de Ágata".into(),
        description: "Uma caneca de ágata.\nBranca por dentro.".into(),
        category: category.into(),
        condition: Condition::New,
        brand: None,
        attributes: Vec::new(),
        pictures: vec![picture.into()],
        axes: Vec::new(),
        variants: vec![variant(seller_sku, &[])],
        package: Some(Package { weight_grams: 300, length_mm: 121, width_mm: 100, height_mm: 90 }),
        fiscal: None,
        plan: None,
    }
}

/// An attribute with one listed value.
pub(in crate::market) fn listed(id: &str, value: &str) -> Attribute {
    Attribute { id: id.into(), values: vec![Value::Listed(value.into())] }
}

/// An attribute with a word of one's own.
pub(in crate::market) fn told(id: &str, text: &str) -> Attribute {
    Attribute { id: id.into(), values: vec![Value::Text(text.into())] }
}

/// Another title.
pub(in crate::market) fn retitled() -> Change {
    Change { title: Some("Caneca Esmaltada Azul".into()), ..Change::default() }
}
