//! Pure translations of an offer into the bodies that the platform takes. Numbers are texts
//! in all of them.

use domain::attribute::{Decimal, Value};
use domain::offer::{Attribute, Change, Offer, Package, Variant};
use serde_json::{Map, Value as Json, json};

use crate::market::json::centimetres;

/// A product with all its variations in one warehouse.
pub(super) fn product(offer: &Offer, warehouse: &str, tree: Option<&str>) -> Json {
    let skus: Vec<Json> = offer.variants.iter().map(|variant| sku(offer, variant, warehouse)).collect();
    let mut body = json!({
        "title": offer.title,
        "description": html(&offer.description),
        "category_id": offer.category,
        "save_mode": "LISTING",
        // Two tries of one offer are one product.
        "idempotency_key": offer.reference,
        "external_product_id": offer.reference,
        "main_images": images(&offer.pictures),
        "product_attributes": attributes(&offer.attributes),
        "skus": skus,
    });
    if let Some(brand) = offer.brand.as_ref().and_then(|brand| brand.id.as_ref()) {
        body["brand_id"] = json!(brand);
    }
    if let Some(tree) = tree {
        body["category_version"] = json!(tree);
    }
    with_package(body, offer.package.as_ref())
}

/// The properties that change, each of them whole.
pub(super) fn change(change: &Change) -> Json {
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<Json>| value.map(|value| body.insert(name.to_owned(), value));
    put("title", change.title.as_ref().map(|title| json!(title)));
    put("description", change.description.as_ref().map(|text| json!(html(text))));
    put("main_images", change.pictures.as_deref().map(|ids| json!(images(ids))));
    put("product_attributes", change.attributes.as_deref().map(|told| json!(attributes(told))));
    with_package(Json::Object(body), change.package.as_ref())
}

fn with_package(mut body: Json, package: Option<&Package>) -> Json {
    if let Some(package) = package {
        let kilograms = Decimal::thousandths(package.weight_grams);
        body["package_weight"] = json!({ "value": kilograms.as_str(), "unit": "KILOGRAM" });
        let side = |millimetres| centimetres(millimetres).to_string();
        body["package_dimensions"] = json!({
            "length": side(package.length_mm), "width": side(package.width_mm),
            "height": side(package.height_mm), "unit": "CENTIMETER",
        });
    }
    body
}

fn images(ids: &[String]) -> Vec<Json> {
    ids.iter().map(|uri| json!({ "uri": uri })).collect()
}

fn attributes(told: &[Attribute]) -> Vec<Json> {
    let row = |attribute: &Attribute| {
        let values: Vec<Json> = attribute.values.iter().map(value).collect();
        json!({ "id": attribute.id, "values": values })
    };
    told.iter().map(row).collect()
}

fn value(value: &Value) -> Json {
    match value {
        Value::Listed(id) => json!({ "id": id }),
        Value::Text(text) => json!({ "name": text }),
        Value::Number(number) => json!({ "name": number.as_str() }),
        Value::Measure { amount, unit } => json!({ "name": format!("{} {unit}", amount.as_str()) }),
        Value::Date(day) => json!({ "name": day.to_rfc3339() }),
    }
}

fn sku(offer: &Offer, variant: &Variant, warehouse: &str) -> Json {
    let of_axes: Vec<Json> = offer
        .axes
        .iter()
        .zip(&variant.choices)
        .enumerate()
        .map(|(at, (axis, choice))| {
            let mut row = match &axis.id {
                Some(id) => json!({ "id": id }),
                None => json!({ "name": axis.name }),
            };
            match &choice.id {
                Some(id) => row["value_id"] = json!(id),
                None => row["value_name"] = json!(choice.name),
            }
            // Pictures stand on one attribute only.
            if let Some(picture) = variant.picture.as_ref().filter(|_| at == 0) {
                row["sku_img"] = json!({ "uri": picture });
            }
            row
        })
        .collect();
    let mut row = json!({
        "seller_sku": variant.seller_sku,
        "external_sku_id": variant.seller_sku,
        "price": { "amount": variant.price.to_decimal(), "currency": variant.price.currency.code() },
        "inventory": [{ "warehouse_id": warehouse, "quantity": variant.quantity_units }],
    });
    if !of_axes.is_empty() {
        row["sales_attributes"] = json!(of_axes);
    }
    if let Some(code) = &variant.gtin {
        row["identifier_code"] = json!({ "code": code, "type": "GTIN" });
    }
    row
}

/// Plain text as the HTML that descriptions are: a paragraph for each line.
fn html(text: &str) -> String {
    let escaped = |line: &str| line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| ["<p>", &escaped(line), "</p>"].concat()).collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn each_line_is_a_paragraph_and_nothing_in_it_a_tag() {
        assert_eq!(
            html("Uma caneca.\n\n 1 < 2 & <b>3</b>\n"),
            "<p>Uma caneca.</p><p>1 &lt; 2 &amp; &lt;b&gt;3&lt;/b&gt;</p>"
        );
        assert_eq!(html(""), "");
    }
}
