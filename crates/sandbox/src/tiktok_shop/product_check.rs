//! What a product must look like, and the codes for everything else (fact sheet §8.2).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::World;
use super::ask::centavos;
use super::catalogue::{ATTRIBUTES, BRANDS, CERTIFIED_CATEGORY, attribute, category};
use super::product::{Content, Offer, Product, SKUS, SalesAttribute, Sku, Units};
use super::refusal::Refusal;
use crate::ids::Series;
use crate::text::{loose_id, loose_text};

/// The most characters of a title in Brazil.
const TITLE_MAX: usize = 300;
/// The most characters of a description.
const DESCRIPTION_MAX: usize = 10_000;
/// The most pictures inside a description.
const DESCRIPTION_IMAGES_MAX: usize = 30;
/// The most main pictures.
const IMAGES_MAX: usize = 9;
/// The most SKUs in Brazil.
const SKUS_MAX: usize = 300;
/// The most kinds of sales attributes.
const SALES_ATTRIBUTES_MAX: usize = 3;
/// The most characters of a seller's SKU.
const SELLER_SKU_MAX: usize = 50;
/// The same character this often in a row is no title.
const REPEATED_MAX: usize = 9;
/// The most units of a SKU in a warehouse.
pub(super) const QUANTITY_MAX: i64 = 99_999;

const CUSTOM_VALUES: Series = Series::new("tiktok_value", 7_370_000_000_000_000_000);

/// The top-level properties that are kept as they come.
const KEPT: [&str; 20] = [
    "title",
    "description",
    "category_id",
    "brand_id",
    "main_images",
    "package_dimensions",
    "package_weight",
    "product_attributes",
    "certifications",
    "size_chart",
    "video",
    "is_cod_allowed",
    "is_not_for_sale",
    "external_product_id",
    "shipping_template_id",
    "minimum_order_quantity",
    "search_terms",
    "key_product_features",
    "scheduled_sale",
    "category_version",
];

/// A body that passed: what is kept of it, and what was dropped in silence.
pub(crate) struct Checked {
    /// The properties and SKUs.
    pub(crate) content: Content,
    /// Price and stock of every SKU named.
    pub(crate) offers: BTreeMap<i64, Offer>,
    /// Sentences about dropped fields.
    pub(crate) warnings: Vec<Value>,
}

fn no(code: i64, message: &str) -> Refusal {
    Refusal::business(code, message)
}

/// Checks the whole body of a create or edit. `earlier` is the product being edited. A draft
/// may lack what a listing may not.
pub(crate) fn check(
    world: &mut World,
    shop_id: i64,
    body: &Value,
    earlier: Option<&Product>,
    draft: bool,
) -> Result<Checked, Refusal> {
    let mut fields: Map<String, Value> = Map::new();
    for name in KEPT {
        if !body[name].is_null() {
            fields.insert(name.to_owned(), body[name].clone());
        }
    }
    check_title(&fields, draft)?;
    check_category(world, &fields, draft)?;
    check_description(world, &fields, draft)?;
    check_images(world, &fields, draft)?;
    check_package(&fields, draft)?;
    check_attributes(world, &mut fields, draft)?;
    let warnings = check_brand(world, &mut fields)?;
    let (skus, offers) = check_skus(world, shop_id, body, earlier, draft)?;
    Ok(Checked { content: Content { fields, skus }, offers, warnings })
}

fn check_title(fields: &Map<String, Value>, draft: bool) -> Result<(), Refusal> {
    let Some(title) = fields.get("title").and_then(Value::as_str).filter(|title| !title.trim().is_empty())
    else {
        return if draft { Ok(()) } else { Err(Refusal::missing("body", "title")) };
    };
    if title.chars().count() > TITLE_MAX {
        return Err(no(12_052_051, "The product title is too long"));
    }
    let mut run = 0;
    let mut last = None;
    for sign in title.chars() {
        run = if last == Some(sign) { run + 1 } else { 1 };
        last = Some(sign);
        // Emoji live in the symbol blocks from U+2600 and in the planes above the first.
        let is_emoji = ('\u{2600}'..='\u{27BF}').contains(&sign) || sign > '\u{1F000}';
        if run > REPEATED_MAX || is_emoji {
            return Err(no(12_052_931, "The product title has an invalid format"));
        }
    }
    let is_entity = title
        .split('&')
        .skip(1)
        .any(|rest| rest.split_once(';').is_some_and(|(name, _)| name.len() < 8 && !name.contains(' ')));
    if is_entity { Err(no(12_052_931, "The product title has an invalid format")) } else { Ok(()) }
}

fn check_category(world: &World, fields: &Map<String, Value>, draft: bool) -> Result<(), Refusal> {
    let Some(id) = fields.get("category_id") else {
        return if draft { Ok(()) } else { Err(Refusal::missing("body", "category_id")) };
    };
    let found =
        loose_id(id).and_then(category).ok_or_else(|| no(12_052_023, "The category does not exist"))?;
    if !found.is_leaf() {
        return Err(no(12_052_024, "The category is not a leaf category"));
    }
    if found.permission == "PROHIBITED" {
        return Err(no(12_052_220, "The category is prohibited"));
    }
    let sent = fields.get("category_version").and_then(Value::as_str).unwrap_or("v1");
    if sent != world.rules.category_version {
        let code = if sent == "v1" { 12_052_217 } else { 12_052_230 };
        return Err(no(code, "The category_version does not fit the shop"));
    }
    let certified = fields.get("certifications").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
    if found.id == CERTIFIED_CATEGORY && !certified && !draft {
        return Err(no(12_052_105, "A required certification is missing"));
    }
    Ok(())
}

fn check_description(world: &World, fields: &Map<String, Value>, draft: bool) -> Result<(), Refusal> {
    let Some(text) = fields.get("description").and_then(Value::as_str).filter(|text| !text.is_empty()) else {
        return if draft { Ok(()) } else { Err(no(12_052_015, "The description is missing")) };
    };
    if text.chars().count() > DESCRIPTION_MAX {
        return Err(no(12_052_013, "The description is too long"));
    }
    let images: Vec<&str> = text.split("<img").skip(1).collect();
    if images.len() > DESCRIPTION_IMAGES_MAX {
        return Err(no(12_052_344, "The description has too many pictures"));
    }
    let ours = format!("{}/images/", world.base_url);
    let from_here = |tag: &&str| tag.split('>').next().is_some_and(|tag| tag.contains(&ours));
    if !images.iter().all(from_here) {
        return Err(no(12_052_345, "A picture of the description is not on the platform"));
    }
    if text.contains("<script") || text.contains("<a ") {
        return Err(no(12_052_346, "The description has an HTML tag that is not supported"));
    }
    Ok(())
}

/// The uri is one that an upload gave out.
fn check_uri(world: &World, image: &Value) -> Result<(), Refusal> {
    let known = image["uri"].as_str().is_some_and(|uri| world.pictures.contains_key(uri));
    if known { Ok(()) } else { Err(no(12_052_300, "The image uri does not exist")) }
}

fn check_images(world: &World, fields: &Map<String, Value>, draft: bool) -> Result<(), Refusal> {
    let images = fields.get("main_images").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if images.is_empty() && !draft {
        return Err(no(12_052_028, "The main images are missing"));
    }
    if images.len() > IMAGES_MAX {
        return Err(Refusal::parameter("main_images", "Expected 1 to 9 entries"));
    }
    images.iter().try_for_each(|image| check_uri(world, image))
}

fn check_package(fields: &Map<String, Value>, draft: bool) -> Result<(), Refusal> {
    match fields.get("package_weight") {
        None if draft => {}
        None => return Err(Refusal::missing("body", "package_weight")),
        Some(weight) => check_weight(weight)?,
    }
    match fields.get("package_dimensions") {
        None if draft => Ok(()),
        None => Err(Refusal::missing("body", "package_dimensions")),
        Some(size) => {
            if size["unit"] != "CENTIMETER" {
                return Err(no(12_052_916, "The unit of the dimensions does not fit the market"));
            }
            let edge = |name: &str| {
                loose_text(&size[name]).and_then(|text| centavos(&json!(text.replace(',', "."))))
            };
            let whole =
                ["length", "width", "height"].into_iter().all(|name| edge(name).is_some_and(|it| it > 0));
            if whole {
                Ok(())
            } else {
                Err(Refusal::parameter("package_dimensions", "every side is above 0"))
            }
        }
    }
}

fn check_weight(weight: &Value) -> Result<(), Refusal> {
    let text = loose_text(&weight["value"]).unwrap_or_default();
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let most = match weight["unit"].as_str() {
        Some("KILOGRAM") => 3,
        Some("GRAM") => 0,
        _ => return Err(no(12_052_915, "The unit of the weight does not fit the market")),
    };
    let digits = text.replacen('.', "", 1);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) || decimals > most {
        return Err(Refusal::parameter("package_weight", "the value is not a weight"));
    }
    if digits.bytes().all(|byte| byte == b'0') {
        return Err(no(12_052_181, "The weight must not be zero"));
    }
    Ok(())
}

/// Custom names and values get ids here.
fn check_attributes(world: &mut World, fields: &mut Map<String, Value>, draft: bool) -> Result<(), Refusal> {
    let sent = fields.get("product_attributes").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut kept: BTreeMap<i64, Value> = BTreeMap::new();
    for entry in &sent {
        let id = loose_id(&entry["id"]).ok_or_else(|| Refusal::missing("body.product_attributes", "id"))?;
        let known = attribute(id).filter(|it| !it.is_sales);
        let known = known.ok_or_else(|| Refusal::parameter("product_attributes.id", "it is unknown here"))?;
        let mut values = Vec::new();
        for value in entry["values"].as_array().into_iter().flatten() {
            let by_id = loose_id(&value["id"]).and_then(|id| known.values.iter().find(|it| it.0 == id));
            let by_name = || known.values.iter().find(|it| value["name"].as_str() == Some(it.1));
            values.push(match (by_id.or_else(by_name), value["name"].as_str()) {
                (Some((id, name)), _) => json!({"id": id.to_string(), "name": name}),
                (None, Some(name)) => {
                    json!({"id": world.ids.next(CUSTOM_VALUES).to_string(), "name": name})
                }
                (None, None) => return Err(Refusal::parameter("product_attributes.values", "it is unknown")),
            });
        }
        let row = json!({"id": id.to_string(), "name": known.name, "values": values});
        if kept.insert(id, row).is_some() {
            return Err(no(12_052_560, "An attribute comes twice"));
        }
    }
    let needed = ATTRIBUTES.iter().filter(|it| it.is_required && !it.is_sales);
    if let (Some(missing), false) = (needed.clone().find(|it| !kept.contains_key(&it.id)), draft) {
        return Err(no(12_052_104, &format!("The required attribute {} is missing", missing.name)));
    }
    fields.insert("product_attributes".to_owned(), kept.into_values().collect());
    Ok(())
}

/// An unknown brand is dropped with a warning; a protected one is refused.
fn check_brand(world: &World, fields: &mut Map<String, Value>) -> Result<Vec<Value>, Refusal> {
    let Some(id) = fields.get("brand_id").and_then(loose_id) else { return Ok(Vec::new()) };
    match BRANDS.iter().find(|it| it.id == id) {
        Some(brand) if brand.is_t1 && !brand.is_authorized => {
            Err(no(12_052_201, "The shop is not authorized to use the brand"))
        }
        Some(_) => Ok(Vec::new()),
        None if world.brands.contains_key(&id) => Ok(Vec::new()),
        None => {
            fields.remove("brand_id");
            Ok(vec![json!({"message": "The [brand_id] is not available and was cleared."})])
        }
    }
}

type SkusAndOffers = (Vec<Sku>, BTreeMap<i64, Offer>);

fn check_skus(
    world: &mut World,
    shop_id: i64,
    body: &Value,
    earlier: Option<&Product>,
    draft: bool,
) -> Result<SkusAndOffers, Refusal> {
    let sent = body["skus"].as_array().cloned().unwrap_or_default();
    if (sent.is_empty() && !draft) || sent.len() > SKUS_MAX {
        return Err(Refusal::parameter("skus", &format!("Expected 1 to {SKUS_MAX} entries")));
    }
    let (mut skus, mut offers) = (Vec::new(), BTreeMap::new());
    let mut combinations = BTreeSet::new();
    let mut kinds: Option<BTreeSet<i64>> = None;
    for entry in &sent {
        let known = loose_id(&entry["id"]).and_then(|id| earlier?.offers.get_key_value(&id));
        if !entry["id"].is_null() && known.is_none() {
            return Err(Refusal::parameter("skus.id", "the product has no such SKU"));
        }
        let attributes = check_sales_attributes(world, entry)?;
        let own_kinds: BTreeSet<i64> = attributes.iter().map(|it| it.id).collect();
        if kinds.get_or_insert_with(|| own_kinds.clone()) != &own_kinds
            || (own_kinds.is_empty() && sent.len() > 1)
        {
            return Err(no(12_052_550, "All SKUs must have the same sales attributes"));
        }
        let values: Vec<i64> = attributes.iter().map(|it| it.value_id).collect();
        if !combinations.insert(values) {
            return Err(no(12_052_560, "Two SKUs have the same sales attributes"));
        }
        let offer = check_offer(world, shop_id, entry, known.map(|(_, offer)| offer), draft)?;
        let id = known.map_or_else(|| world.ids.next(SKUS), |(id, _)| *id);
        skus.push(Sku { id, seller_sku: check_seller_sku(entry)?, attributes, extras: check_extras(entry)? });
        offers.insert(id, offer);
    }
    Ok((skus, offers))
}

fn check_seller_sku(entry: &Value) -> Result<String, Refusal> {
    let sku = loose_text(&entry["seller_sku"]).unwrap_or_default();
    if sku.chars().count() > SELLER_SKU_MAX || sku.contains(char::is_whitespace) {
        return Err(no(12_052_054, "The seller_sku must have 1 to 50 characters without spaces"));
    }
    Ok(sku)
}

fn check_extras(entry: &Value) -> Result<Map<String, Value>, Refusal> {
    let code = &entry["identifier_code"];
    if !code.is_null() {
        let text = loose_text(&code["code"]).unwrap_or_default();
        let lengths: &[usize] = match code["type"].as_str() {
            Some("GTIN") => &[8, 12, 13, 14],
            Some("EAN" | "JAN") => &[8, 13],
            Some("UPC") => &[12],
            Some("ISBN") => &[10, 13],
            _ => return Err(no(12_052_592, "The type of the identifier code is unknown")),
        };
        if !lengths.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(no(12_052_591, "The identifier code does not fit its type"));
        }
    }
    let names =
        ["identifier_code", "external_sku_id", "sku_weight", "sku_dimensions", "pre_sale", "combined_skus"];
    let kept = names.into_iter().filter(|name| !entry[*name].is_null());
    Ok(kept.map(|name| (name.to_owned(), entry[name].clone())).collect())
}

fn check_sales_attributes(world: &mut World, entry: &Value) -> Result<Vec<SalesAttribute>, Refusal> {
    let sent = entry["sales_attributes"].as_array().cloned().unwrap_or_default();
    if sent.len() > SALES_ATTRIBUTES_MAX {
        return Err(Refusal::parameter("sales_attributes", "Expected at most 3 entries"));
    }
    let mut kept: Vec<SalesAttribute> = Vec::new();
    for it in &sent {
        let by_id = loose_id(&it["id"]).and_then(attribute);
        let by_name = || ATTRIBUTES.iter().find(|known| it["name"].as_str() == Some(known.name));
        let known = by_id.or_else(by_name).filter(|known| known.is_sales);
        let (id, name) = match (known, it["name"].as_str()) {
            (Some(known), _) => (known.id, known.name.to_owned()),
            (None, Some(name)) => (custom(world, name), name.to_owned()),
            (None, None) => return Err(Refusal::missing("body.skus.sales_attributes", "id")),
        };
        let values = known.map_or(&[][..], |known| known.values);
        let value = loose_id(&it["value_id"]).and_then(|id| values.iter().find(|value| value.0 == id));
        let value = value.or_else(|| values.iter().find(|value| it["value_name"].as_str() == Some(value.1)));
        let (value_id, value_name) = match (value, it["value_name"].as_str()) {
            (Some((id, name)), _) => (*id, (*name).to_owned()),
            (None, Some(name)) => (custom(world, name), name.to_owned()),
            (None, None) => return Err(Refusal::missing("body.skus.sales_attributes", "value_name")),
        };
        if kept.iter().any(|other| other.id == id) {
            return Err(no(12_052_560, "A sales attribute comes twice"));
        }
        if !it["sku_img"]["uri"].is_null() {
            check_uri(world, &it["sku_img"])?;
        }
        let image = it["sku_img"]["uri"].as_str().map(str::to_owned);
        kept.push(SalesAttribute { id, name, value_id, value_name, image });
    }
    if kept.iter().filter(|it| it.image.is_some()).count() > 1 {
        return Err(Refusal::parameter("sku_img", "only one sales attribute may have pictures"));
    }
    kept.sort_by_key(|it| it.id);
    Ok(kept)
}

/// The id of a custom name; the same name keeps its id.
fn custom(world: &mut World, name: &str) -> i64 {
    if let Some(id) = world.custom_values.get(name) {
        return *id;
    }
    let id = world.ids.next(CUSTOM_VALUES);
    world.custom_values.insert(name.to_owned(), id);
    id
}

fn check_offer(
    world: &World,
    shop_id: i64,
    entry: &Value,
    earlier: Option<&Offer>,
    draft: bool,
) -> Result<Offer, Refusal> {
    let mut offer = earlier.cloned().unwrap_or_default();
    match (&entry["price"], earlier) {
        (Value::Null, Some(_)) => {}
        (Value::Null, None) if draft => {}
        (price, _) => offer.price_minor = check_price(price)?,
    }
    let sent = entry["inventory"].as_array().map(Vec::as_slice).unwrap_or_default();
    if sent.is_empty() && earlier.is_none() && !draft {
        return Err(no(12_052_115, "The SKU has no warehouse"));
    }
    let mut written = BTreeSet::new();
    for row in sent {
        let warehouse = loose_id(&row["warehouse_id"]).unwrap_or(0);
        let known = world.shops.get(&shop_id).is_some_and(|shop| shop.sales_warehouse(warehouse).is_some());
        if !known {
            return Err(no(12_052_097, "The warehouse does not exist"));
        }
        let quantity = row["quantity"].as_i64().filter(|it| (0..=QUANTITY_MAX).contains(it));
        let quantity = quantity.filter(|it| *it > 0 || world.rules.zero_quantity_allowed);
        let quantity = quantity.ok_or_else(|| Refusal::parameter("quantity", "Expected 1 to 99999"))?;
        written.insert(warehouse);
        let committed = offer.stock.get(&warehouse).map_or(0, |units| units.committed);
        offer.stock.insert(warehouse, Units { available: quantity, committed });
    }
    if let Some(earlier) = earlier.filter(|_| !sent.is_empty()) {
        let before: BTreeSet<i64> = earlier.stock.keys().copied().collect();
        if !before.is_subset(&written) {
            return Err(no(12_052_534, "Warehouses of a SKU cannot be removed"));
        }
        if !written.is_subset(&before) {
            return Err(no(12_052_533, "Warehouses of a SKU cannot be added"));
        }
    }
    Ok(offer)
}

/// A price in reais, above zero and with at most two decimals.
pub(super) fn check_price(price: &Value) -> Result<i64, Refusal> {
    if price["amount"].is_null() {
        return Err(no(12_052_012, "The price is missing"));
    }
    if price["currency"] != "BRL" {
        return Err(no(12_052_084, "The currency does not fit the market"));
    }
    let minor = centavos(&price["amount"]).filter(|minor| *minor > 0);
    minor.ok_or_else(|| no(12_052_073, "The price is out of range"))
}
