//! Pure translations of an offer into the bodies that the platform takes. A seller of the
//! classic model sends one with all variations; one of user products sends a body for each
//! variant, with a family's name in the place of a title.

use domain::attribute::Value;
use domain::offer::{Attribute, Axis, Brand, Choice, Condition, Offer, Package, Variant};
use serde_json::{Value as Json, json};

use crate::market::json::{Object, centimetres};

/// The plan that is usual ("Clássico").
const USUAL_PLAN: &str = "gold_special";

/// The whole offer as a seller of the classic model sends it.
pub(super) fn whole(offer: &Offer) -> Object {
    let body = common(offer).with("title", &offer.title);
    match offer.variants.as_slice() {
        [only] if offer.axes.is_empty() => {
            let attributes = [attributes(offer), of_variant(only)].concat();
            sold(body, only).with("attributes", &attributes)
        }
        several => {
            let rows: Vec<Object> = several.iter().map(|variant| variation(offer, variant)).collect();
            body.with("attributes", &attributes(offer)).with("variations", &rows)
        }
    }
}

/// One variant of the offer as a seller of user products sends it: what it is on the axes
/// stands among its attributes.
pub(super) fn variant(offer: &Offer, variant: &Variant) -> Object {
    let on_axes: Vec<Json> = combination(offer, variant);
    let attributes = [attributes(offer), on_axes, of_variant(variant)].concat();
    let body = common(offer).with("family_name", &offer.title).with("attributes", &attributes);
    let body = sold(body, variant);
    match &variant.picture {
        Some(own) => body.with("pictures", &pictures(&first(own, &offer.pictures))),
        None => body,
    }
}

/// The same body for a seller whose units lie in depots: all in this one.
pub(super) fn in_depot(body: Object, units: i64, store_id: &str, node: Option<&str>) -> Object {
    let mut place = json!({ "store_id": store_id, "quantity": units });
    if let Some(node) = node {
        place["network_node_id"] = json!(node);
    }
    body.without("available_quantity").with("stock_locations", &[place])
}

fn common(offer: &Offer) -> Object {
    let currency = offer.variants.first().map(|variant| variant.price.currency.code());
    Object::default()
        .with("category_id", &offer.category)
        .maybe("currency_id", currency.as_ref())
        .with("buying_mode", &"buy_it_now")
        .with("channels", &["marketplace"])
        .maybe("condition", condition(offer.condition).0.as_ref())
        .with("listing_type_id", &offer.plan.as_deref().unwrap_or(USUAL_PLAN))
        .with("pictures", &pictures(&offer.pictures))
        .with("shipping", &json!({ "mode": "me2", "local_pick_up": false, "free_shipping": false }))
}

fn sold(body: Object, variant: &Variant) -> Object {
    body.money("price", variant.price).with("available_quantity", &variant.quantity_units)
}

fn variation(offer: &Offer, variant: &Variant) -> Object {
    let own = variant.picture.as_ref().map_or_else(|| offer.pictures.clone(), |own| vec![own.clone()]);
    sold(Object::default(), variant)
        .with("attribute_combinations", &combination(offer, variant))
        .with("attributes", &of_variant(variant))
        .with("picture_ids", &own)
}

/// Ids with this one first.
fn first(id: &String, others: &[String]) -> Vec<String> {
    std::iter::once(id).chain(others.iter().filter(|other| *other != id)).cloned().collect()
}

/// Pictures as an item names them.
pub(super) fn pictures(ids: &[String]) -> Vec<Json> {
    ids.iter().map(|id| json!({ "id": id })).collect()
}

fn combination(offer: &Offer, variant: &Variant) -> Vec<Json> {
    offer.axes.iter().zip(&variant.choices).map(|(axis, choice)| chosen(axis, choice)).collect()
}

fn chosen(axis: &Axis, choice: &Choice) -> Json {
    let mut row = match &axis.id {
        Some(id) => json!({ "id": id }),
        None => json!({ "name": axis.name }),
    };
    match &choice.id {
        Some(id) => row["value_id"] = json!(id),
        None => row["value_name"] = json!(choice.name),
    }
    row
}

/// What is said of the goods whatever the variant: attributes, brand, condition, package.
fn attributes(offer: &Offer) -> Vec<Json> {
    let told = offer.attributes.iter().map(attribute);
    let has_brand = offer.attributes.iter().any(|attribute| attribute.id == "BRAND");
    let brand = offer.brand.as_ref().filter(|_| !has_brand).map(brand);
    let state = json!({ "id": "ITEM_CONDITION", "value_id": condition(offer.condition).1 });
    let package = offer.package.iter().flat_map(package);
    told.chain(brand).chain([state]).chain(package).collect()
}

/// An attribute as an item has it.
pub(super) fn attribute(attribute: &Attribute) -> Json {
    match attribute.values.as_slice() {
        [only] => {
            let (by, text) = value(only);
            let field = if by == "id" { "value_id" } else { "value_name" };
            json!({ "id": attribute.id, field: text })
        }
        several => {
            let values: Vec<Json> = several
                .iter()
                .map(|each| {
                    let (by, text) = value(each);
                    json!({ by: text })
                })
                .collect();
            json!({ "id": attribute.id, "values": values })
        }
    }
}

/// A value, and whether it is told by its id or its name.
fn value(value: &Value) -> (&'static str, String) {
    match value {
        Value::Listed(id) => ("id", id.clone()),
        Value::Text(text) => ("name", text.clone()),
        Value::Number(number) => ("name", number.as_str().to_owned()),
        Value::Measure { amount, unit } => ("name", format!("{} {unit}", amount.as_str())),
        Value::Date(day) => ("name", day.to_rfc3339()),
    }
}

fn brand(brand: &Brand) -> Json {
    match &brand.id {
        Some(id) => json!({ "id": "BRAND", "value_id": id }),
        None => json!({ "id": "BRAND", "value_name": brand.name }),
    }
}

/// The word of old, where there is one, and the value of the attribute that takes its place.
const fn condition(condition: Condition) -> (Option<&'static str>, &'static str) {
    match condition {
        Condition::New => (Some("new"), "2230284"),
        Condition::Used => (Some("used"), "2230581"),
        Condition::Refurbished => (None, "2230582"),
    }
}

/// The package as attributes, in whole centimetres and grams.
pub(super) fn package(package: &Package) -> Vec<Json> {
    let side = |name: &str, millimetres: u32| json!({ "id": format!("SELLER_PACKAGE_{name}"), "value_name": format!("{} cm", centimetres(millimetres)) });
    vec![
        side("HEIGHT", package.height_mm),
        side("LENGTH", package.length_mm),
        side("WIDTH", package.width_mm),
        json!({ "id": "SELLER_PACKAGE_WEIGHT", "value_name": format!("{} g", package.weight_grams) }),
    ]
}

/// What names a variant: the seller's code and the product's.
fn of_variant(variant: &Variant) -> Vec<Json> {
    let sku = json!({ "id": "SELLER_SKU", "value_name": variant.seller_sku });
    let gtin = variant.gtin.as_ref().map(|code| json!({ "id": "GTIN", "value_name": code }));
    std::iter::once(sku).chain(gtin).collect()
}
