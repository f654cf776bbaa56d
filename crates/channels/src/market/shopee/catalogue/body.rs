//! Pure translations of an offer into the bodies that the platform takes.

use domain::attribute::Value;
use domain::offer::{Attribute, Change, Condition, Fiscal, Offer, Package, Variant};
use serde_json::{Value as Json, json};

use crate::market::json::{Object, centimetres};

/// What the platform calls goods without a brand.
const NO_BRAND: (&str, &str) = ("0", "NoBrand");
/// Stands for a code that there is none of.
const NONE: &str = "00";

/// The code that an item is found by again: its own where it is all that is sold, the
/// house's where variations have codes of their own.
pub(super) fn item_sku(offer: &Offer) -> &str {
    match offer.variants.as_slice() {
        [only] if offer.axes.is_empty() => &only.seller_sku,
        _ => &offer.reference,
    }
}

/// The item. With variations it is made off sale, as they are a call of their own.
pub(super) fn item(offer: &Offer, channels: &[String]) -> Object {
    let is_single = offer.axes.is_empty();
    let brand = offer.brand.as_ref().map(|brand| (brand.id.as_deref().unwrap_or("0"), brand.name.as_str()));
    let (brand_id, brand_name) = brand.unwrap_or(NO_BRAND);
    let channels: Vec<Object> = channels
        .iter()
        .map(|channel| Object::default().digits("logistic_id", channel).with("enabled", &true))
        .collect();
    let body = Object::default()
        .with("item_name", &offer.title)
        .with("description", &offer.description)
        .digits("category_id", &offer.category)
        .with("item_sku", &item_sku(offer))
        .with("condition", &condition(offer.condition))
        .with("item_status", &if is_single { "NORMAL" } else { "UNLIST" })
        .with("image", &json!({ "image_id_list": offer.pictures }))
        .with("logistic_info", &channels)
        .with("attribute_list", &attributes(&offer.attributes))
        .with(
            "brand",
            &Object::default().digits("brand_id", brand_id).with("original_brand_name", &brand_name),
        )
        .with("pre_order", &json!({ "is_pre_order": false }))
        .maybe("tax_info", offer.fiscal.as_ref().map(fiscal).as_ref());
    let body = offer.package.iter().fold(body, package);
    match offer.variants.first() {
        Some(first) => {
            let body = body
                .money("original_price", first.price)
                .with("seller_stock", &json!([{ "stock": first.quantity_units }]));
            body.maybe("gtin_code", first.gtin.as_ref().filter(|_| is_single))
        }
        None => body,
    }
}

/// The tiers of an item and a model for each variant.
pub(super) fn tiers(item: &str, offer: &Offer) -> Object {
    let options = |tier: usize| {
        let mut names: Vec<&str> = Vec::new();
        for variant in &offer.variants {
            let name = variant.choices.get(tier).map(|choice| choice.name.as_str());
            names.extend(name.filter(|name| !names.contains(name)));
        }
        names
    };
    let all: Vec<Vec<&str>> = (0..offer.axes.len()).map(options).collect();
    let rows: Vec<Json> = offer
        .axes
        .iter()
        .zip(&all)
        .enumerate()
        .map(|(tier, (axis, names))| {
            // Pictures stand on the first tier, for all its options or for none.
            let pictures: Option<Vec<&str>> = names.iter().map(|name| picture_of(offer, name)).collect();
            let pictures = pictures.filter(|_| tier == 0).unwrap_or_default();
            let option = |(at, name): (usize, &&str)| {
                let mut row = json!({ "variation_option_id": 0, "variation_option_name": name });
                if let Some(picture) = pictures.get(at) {
                    row["image_id"] = json!(picture);
                }
                row
            };
            let options: Vec<Json> = names.iter().enumerate().map(option).collect();
            json!({ "variation_id": 0, "variation_name": axis.name, "variation_option_list": options })
        })
        .collect();
    let models: Vec<Object> = offer.variants.iter().map(|variant| model(variant, &all)).collect();
    Object::default().digits("item_id", item).with("standardise_tier_variation", &rows).with("model", &models)
}

/// The picture of an option of the first tier.
fn picture_of<'a>(offer: &'a Offer, option: &str) -> Option<&'a str> {
    let fits = |variant: &&Variant| variant.choices.first().is_some_and(|choice| choice.name == option);
    offer.variants.iter().filter(fits).find_map(|variant| variant.picture.as_deref())
}

fn model(variant: &Variant, tiers: &[Vec<&str>]) -> Object {
    let place = |(choice, names): (&domain::offer::Choice, &Vec<&str>)| {
        names.iter().position(|name| *name == choice.name).unwrap_or_default()
    };
    let index: Vec<usize> = variant.choices.iter().zip(tiers).map(place).collect();
    Object::default()
        .with("tier_index", &index)
        .money("original_price", variant.price)
        .with("seller_stock", &json!([{ "stock": variant.quantity_units }]))
        .with("model_sku", &variant.seller_sku)
        .maybe("gtin_code", variant.gtin.as_ref())
}

/// What changes of an item.
pub(super) fn change(item: &str, change: &Change) -> Object {
    let body = Object::default()
        .digits("item_id", item)
        .maybe("item_name", change.title.as_ref())
        .maybe("description", change.description.as_ref())
        .maybe("attribute_list", change.attributes.as_deref().map(attributes).as_ref())
        .maybe("image", change.pictures.as_ref().map(|ids| json!({ "image_id_list": ids })).as_ref());
    change.package.iter().fold(body, package)
}

/// An item on the shelf or off it.
pub(super) fn shelf(item: &str, on_sale: bool) -> Object {
    let row = Object::default().digits("item_id", item).with("unlist", &!on_sale);
    Object::default().with("item_list", &[row])
}

const fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::New => "NEW",
        Condition::Used | Condition::Refurbished => "USED",
    }
}

/// Weight in kilograms, sides in whole centimetres.
fn package(body: Object, package: &Package) -> Object {
    let body = body.digits("weight", domain::attribute::Decimal::thousandths(package.weight_grams).as_str());
    if package.length_mm == 0 {
        return body;
    }
    let sides = json!({
        "package_length": centimetres(package.length_mm),
        "package_width": centimetres(package.width_mm),
        "package_height": centimetres(package.height_mm),
    });
    body.with("dimension", &sides)
}

fn attributes(told: &[Attribute]) -> Vec<Object> {
    let row = |attribute: &Attribute| {
        let values: Vec<Object> = attribute.values.iter().map(value).collect();
        Object::default().digits("attribute_id", &attribute.id).with("attribute_value_list", &values)
    };
    told.iter().map(row).collect()
}

/// A value: one of one's own has the id 0; a day is told in seconds.
fn value(value: &Value) -> Object {
    let own = |text: &str| Object::default().digits("value_id", "0").with("original_value_name", &text);
    match value {
        Value::Listed(id) => Object::default().digits("value_id", id),
        Value::Text(text) => own(text),
        Value::Number(number) => own(number.as_str()),
        Value::Measure { amount, unit } => own(amount.as_str()).with("value_unit", unit),
        Value::Date(day) => own(&day.as_millis().div_euclid(1_000).to_string()),
    }
}

fn fiscal(fiscal: &Fiscal) -> Json {
    json!({
        "ncm": fiscal.ncm, "cest": fiscal.cest.as_deref().unwrap_or(NONE), "origin": fiscal.origin,
        "same_state_cfop": fiscal.cfop_same_state, "diff_state_cfop": fiscal.cfop_other_state,
        "csosn": fiscal.csosn, "measure_unit": fiscal.unit,
    })
}
