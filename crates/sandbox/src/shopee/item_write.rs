//! Writing items: new ones, changes, stock, prices, shelf (fact sheet §5).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::args::Args;
use super::catalogue::{self, DESCRIPTION, IMAGES, PRICE, STOCK, TITLE};
use super::envelope::{ok, refuse, warned};
use super::item::{Item, ItemStatus, LOCATION, Model, base_document};
use super::item_read::{own_item, unknown_item};
use super::market::Door;
use super::shop::{own, own_id};
use super::world::secs;
use super::{World, channel, push};
use crate::call::Call;
use crate::ids::Series;
use crate::reply::{Answer, Reply};
use crate::table::{Route, post};
use crate::text::{centavos, reais};

const ITEM_IDS: Series = Series::new("shopee_item", 23_190_000_000);
/// Rows of one call that writes stock, prices or the shelf.
const ROWS_MAX: usize = 50;
/// Fields that are kept as they were sent.
const KEPT: [&str; 11] = [
    "dimension",
    "condition",
    "pre_order",
    "tax_info",
    "video_upload_id",
    "wholesale",
    "purchase_limit_info",
    "size_chart_info",
    "compatibility_info",
    "complaint_policy",
    "scheduled_publish_time",
];

/// Fields of an item that a write gives back as they are read.
const ECHOED: [&str; 11] = [
    "item_id",
    "item_name",
    "description",
    "description_type",
    "category_id",
    "item_status",
    "condition",
    "pre_order",
    "dimension",
    "brand",
    "complaint_policy",
];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        post("/api/v2/product/add_item", Door::Shop, add),
        post("/api/v2/product/update_item", Door::Shop, update),
        post("/api/v2/product/update_stock", Door::Shop, update_stock),
        post("/api/v2/product/update_price", Door::Shop, update_price),
        post("/api/v2/product/unlist_item", Door::Shop, unlist),
        post("/api/v2/product/delete_item", Door::Shop, delete),
    ]
}

fn invalid(code: &str, message: &str) -> Reply {
    refuse(&format!("product.{code}"), message)
}

/// A price within the limits, in centavos.
pub(crate) fn price_of(value: &Value) -> Result<i64, Reply> {
    let price = centavos(value)
        .ok_or_else(|| invalid("error_param", "invalid field OriginalPrice: wrong type or value"))?;
    if price < PRICE.0 {
        return Err(invalid("error_price_exceed_min_limitt", "The price is below the minimum."));
    }
    if price > PRICE.1 {
        return Err(invalid("error_price_exceed_max_limit", "The price is above the maximum."));
    }
    Ok(price)
}

/// The units that `seller_stock` names.
pub(crate) fn stock_of(rows: &Value) -> Result<i64, String> {
    let rows = rows.as_array().filter(|rows| !rows.is_empty()).ok_or("seller_stock is required")?;
    let mut units = 0;
    for row in rows {
        let location = row["location_id"].as_str().unwrap_or_default();
        if !location.is_empty() && location != LOCATION {
            return Err(format!("The location {location} is unknown."));
        }
        let stock = row["stock"].as_i64().filter(|stock| (STOCK.0..=STOCK.1).contains(stock));
        units += stock.ok_or("The stock must be a whole number between 0 and 9999999.")?;
    }
    Ok(units)
}

fn check_text(args: &Args) -> Result<(), Reply> {
    if let Some(name) = args.opt_text("item_name")? {
        match name.chars().count() {
            count if count < TITLE.0 => {
                return Err(invalid("error_item_name_is_too_short", "The item name is too short."));
            }
            count if count > TITLE.1 => {
                return Err(invalid("error_title_exceeds_max_length", "The item name is too long."));
            }
            _ => {}
        }
    }
    if let Some(text) = args.opt_text("description")?
        && !(DESCRIPTION.0..=DESCRIPTION.1).contains(&text.chars().count())
    {
        return Err(invalid(
            "error_description_length",
            "The description must have between 20 and 5000 characters.",
        ));
    }
    Ok(())
}

/// The pictures named, each of which must have been uploaded.
fn images(world: &World, args: &Args) -> Result<Option<Vec<String>>, Reply> {
    if !args.has("image") {
        return Ok(None);
    }
    let ids: Option<Vec<String>> = args.raw("image")["image_id_list"]
        .as_array()
        .and_then(|ids| ids.iter().map(|id| id.as_str().map(str::to_owned)).collect());
    let ids = ids.ok_or_else(|| invalid("error_param", "invalid field ImageIdList: value must  Not Null"))?;
    if !(IMAGES.0..=IMAGES.1).contains(&ids.len())
        || ids.iter().any(|id| !world.media.images.contains_key(id))
    {
        return Err(invalid("error_image_unavailable", "The image is unavailable."));
    }
    Ok(Some(ids))
}

fn brand(args: &Args) -> Result<Option<Value>, Reply> {
    if !args.has("brand") {
        return Ok(None);
    }
    let id = args.raw("brand")["brand_id"].as_i64();
    let known = catalogue::BRANDS.iter().find(|(known, _)| id == Some(*known));
    let (id, name) = known.ok_or_else(|| invalid("error_invalid_brand", "The brand is invalid."))?;
    Ok(Some(json!({"brand_id": id, "original_brand_name": name})))
}

/// The channels of an item: of the shop, no masked one, and not Entrega Direta alone.
fn logistics(world: &World, call: &Call, args: &Args) -> Result<Option<Vec<Value>>, Reply> {
    if !args.has("logistic_info") {
        return Ok(None);
    }
    let refusal = || invalid("error_invalid_logistic_info", "The logistic info is invalid.");
    let rows = args.raw("logistic_info").as_array().filter(|rows| !rows.is_empty()).ok_or_else(refusal)?;
    let shop = own(world, call)?;
    let on = catalogue::channel_ids(rows);
    if on.is_empty() || !on.is_subset(&shop.channels) || on.iter().all(|id| *id == channel::ENTREGA_DIRETA) {
        return Err(refusal());
    }
    let shown = rows.iter().filter_map(|row| {
        let channel = channel::find(row["logistic_id"].as_i64()?)?;
        Some(json!({"logistic_id": channel.id, "logistic_name": channel.name, "enabled": row["enabled"] == true,
            "is_free": row["is_free"] == true, "estimated_shipping_fee": reais(channel.fee), "shipping_fee": 0, "size_id": 0}))
    });
    Ok(Some(shown.collect()))
}

/// BR: all tax fields or none, with an NCM of eight digits.
fn check_tax(args: &Args) -> Result<(), Reply> {
    let Some(tax) = args.raw("tax_info").as_object() else { return Ok(()) };
    let text = |name: &str| tax.get(name).and_then(Value::as_str).unwrap_or_default();
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|it| it.is_ascii_digit());
    let basic = ["ncm", "same_state_cfop", "diff_state_cfop", "csosn", "origin", "cest", "measure_unit"];
    let filled = basic.iter().filter(|name| !text(name).is_empty()).count();
    if filled == 0 {
        return Ok(());
    }
    if filled < basic.len() {
        return Err(invalid("error_param", "tax_info: all fields must be empty or all filled"));
    }
    let good = (text("ncm") == "00" || digits(text("ncm"), 8))
        && (text("cest") == "00" || digits(text("cest"), 7))
        && matches!(text("origin").parse::<u8>(), Ok(0..=8));
    if good { Ok(()) } else { Err(invalid("error_param", "tax_info: ncm, cest or origin is invalid")) }
}

/// Puts what `args` say into `item`, or says what is wrong with it.
fn apply(world: &World, call: &Call, args: &Args, item: &mut Item) -> Result<(), Reply> {
    check_text(args)?;
    check_tax(args)?;
    if let Some(category) = args.opt_int("category_id")? {
        if !catalogue::is_leaf(category) {
            return Err(invalid("error_invalid_category", "Invalid category ID."));
        }
        item.category_id = category;
    }
    for (field, place) in
        [("item_name", &mut item.name), ("description", &mut item.description), ("item_sku", &mut item.sku)]
    {
        if args.has(field) {
            args.opt_text(field)?.unwrap_or_default().clone_into(place);
        }
    }
    if args.has("weight") {
        let weight = args
            .raw("weight")
            .as_number()
            .map(ToString::to_string)
            .filter(|text| text.parse::<u64>() != Ok(0));
        item.weight =
            weight.ok_or_else(|| invalid("error_param", "invalid field Weight: wrong type or value"))?;
    }
    if let Some(images) = images(world, args)? {
        item.images = images;
        args.raw("image")["image_ratio"].as_str().unwrap_or("1:1").clone_into(&mut item.image_ratio);
    }
    item.brand = brand(args)?.unwrap_or(item.brand.take());
    item.logistics = logistics(world, call, args)?.unwrap_or_else(|| std::mem::take(&mut item.logistics));
    if args.has("attribute_list") {
        item.attributes = args.raw("attribute_list").as_array().cloned().unwrap_or_default();
    }
    catalogue::check_attributes(&item.attributes)?;
    if let Some(word) = args.opt_text("item_status")? {
        item.status = ItemStatus::from_word(word)
            .filter(|status| matches!(status, ItemStatus::Normal | ItemStatus::Unlist))
            .ok_or_else(|| invalid("error_param", "invalid field ItemStatus: must be NORMAL or UNLIST"))?;
    }
    if let (Some(gtin), Some(model)) = (args.opt_text("gtin_code")?, item.models.first_mut()) {
        gtin.clone_into(&mut model.gtin);
    }
    for name in KEPT {
        if args.has(name) {
            item.extra.insert(name.to_owned(), args.raw(name).clone());
        }
    }
    Ok(())
}

fn blank(world: &World, shop_id: i64) -> Item {
    Item {
        id: 0,
        shop_id,
        category_id: 0,
        name: String::new(),
        description: String::new(),
        sku: String::new(),
        status: ItemStatus::Normal,
        created: world.now,
        updated: world.now,
        images: Vec::new(),
        image_ratio: "1:1".to_owned(),
        weight: String::new(),
        attributes: Vec::new(),
        brand: Value::Null,
        logistics: Vec::new(),
        extra: Map::new(),
        tiers: Vec::new(),
        models: Vec::new(),
        deboosted: false,
        violations: Vec::new(),
        sold: 0,
        dead_models: BTreeMap::new(),
    }
}

fn add(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let shop = own_id(call)?;
    for field in ["item_name", "category_id", "original_price", "weight", "image", "logistic_info"] {
        if !args.has(field) {
            return Err(args.refuse(&format!("{field} is required")));
        }
    }
    if args.opt_text("description")?.is_none() {
        return Err(args.refuse("invalid field Description: value must  Not Null"));
    }
    if !args.has("brand") {
        return Err(invalid("error_less_required_brand", "The brand is required."));
    }
    let mut item = blank(world, shop);
    let stock = if args.has("seller_stock") {
        stock_of(args.raw("seller_stock")).map_err(|why| args.refuse(&why))?
    } else {
        0
    };
    item.models = vec![Model {
        id: 0,
        tier_index: Vec::new(),
        sku: args.opt_text("item_sku")?.unwrap_or_default().to_owned(),
        price: price_of(args.raw("original_price"))?,
        stock,
        gtin: String::new(),
        campaign: None,
        extra: Map::new(),
    }];
    apply(world, call, &args, &mut item)?;
    item.id = world.ids.next(ITEM_IDS);
    let mut body = echo(world, &item, &["logistic_id", "enabled", "is_free", "size_id", "shipping_fee"]);
    body["attribute"] = narrowed(&item.attributes, &["attribute_id", "attribute_value_list"]);
    body["seller_stock"] = json!([{"location_id": LOCATION, "stock": stock}]);
    let price = item.models.first().map_or(0, |model| model.price);
    body["price_info"] = json!({"original_price": reais(price), "current_price": reais(price)});
    world.items.insert(item.id, item);
    ok(body)
}

/// What both writes say of an item: less than a read, its weight as a number.
fn echo(world: &World, item: &Item, of_channels: &[&str]) -> Value {
    let read = base_document(world, item, false);
    let mut body = json!({});
    for name in ECHOED.into_iter().filter(|name| !read[*name].is_null()) {
        body[name] = read[name].clone();
    }
    body["weight"] = serde_json::from_str(&item.weight).unwrap_or_default();
    let image = &read["image"];
    body["images"] =
        json!({"image_id_list": image["image_id_list"], "image_url_list": image["image_url_list"]});
    body["logistic_info"] = narrowed(&item.logistics, of_channels);
    body
}

/// The rows with these of their fields.
fn narrowed(rows: &[Value], names: &[&str]) -> Value {
    let row = |row: &Value| {
        let fields = row.as_object().into_iter().flatten().filter(|(name, _)| names.contains(&name.as_str()));
        fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<String, Value>>()
    };
    rows.iter().map(|it| Value::Object(row(it))).collect()
}

/// One of the shop's own items, to be changed.
pub(crate) fn change<'a>(world: &'a mut World, call: &Call, id: i64) -> Result<&'a mut Item, Reply> {
    let item = own_item(world, call, id)?;
    if item.status.is_deleted() || matches!(item.status, ItemStatus::Banned | ItemStatus::Reviewing) {
        return Err(invalid("error_item_uneditable", "The item cannot be edited in its status."));
    }
    let now = world.now;
    let item = world.items.get_mut(&id).ok_or_else(unknown_item)?;
    item.updated = now;
    Ok(item)
}

fn update(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let id = args.int("item_id")?;
    let mut item = change(world, call, id)?.clone();
    if args.has("original_price") || args.has("seller_stock") {
        return Err(args.refuse("price and stock are written by update_price and update_stock"));
    }
    apply(world, call, &args, &mut item)?;
    let shown = ["logistic_id", "logistic_name", "enabled", "is_free", "estimated_shipping_fee"];
    let body = echo(world, &item, &shown);
    world.items.insert(id, item);
    ok(body)
}

fn lists(success: &[Value], failure: &[Value]) -> Answer {
    let warning = if failure.is_empty() { "" } else { "Some rows failed." };
    warned(json!({"success_list": success, "failure_list": failure}), json!(warning))
}

fn update_stock(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let id = args.int("item_id")?;
    let rows = args.rows("stock_list", ROWS_MAX)?;
    if own(world, call)?.on_holiday {
        return Err(invalid(
            "error_holiday_mode_change_stock",
            "The stock cannot be changed in holiday mode.",
        ));
    }
    let item = change(world, call, id)?;
    if item.has_models() && rows.iter().any(|row| row["model_id"].as_i64().unwrap_or(0) == 0) {
        let message = "The stock of an item with models is the stock of its models.";
        return Err(invalid("error_edit_item_stock_for_item_has_model", message));
    }
    let (mut success, mut failure) = (Vec::new(), Vec::new());
    for row in rows {
        let model_id = row["model_id"].as_i64().unwrap_or(0);
        let written = stock_of(&row["seller_stock"]).and_then(|units| {
            let model = item.model_mut(model_id).ok_or("The model does not exist.")?;
            if units < model.reserved() {
                return Err("The stock must not be below the reserved stock.".to_owned());
            }
            model.stock = units;
            Ok(units)
        });
        match written {
            Ok(units) => success.push(json!({"model_id": model_id, "location_id": LOCATION, "stock": units})),
            Err(reason) => failure.push(json!({"model_id": model_id, "failed_reason": reason})),
        }
    }
    lists(&success, &failure)
}

/// The dearest model may cost at most four times the cheapest one.
pub(crate) fn ratio_is_fair(prices: impl Iterator<Item = i64> + Clone) -> bool {
    prices.clone().max().unwrap_or(0) <= prices.min().unwrap_or(0).saturating_mul(4)
}

fn update_price(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let id = args.int("item_id")?;
    let rows = args.rows("price_list", ROWS_MAX)?;
    let item = change(world, call, id)?;
    let (mut success, mut failure) = (Vec::new(), Vec::new());
    let mut changes = Vec::new();
    for row in rows {
        let model_id = row["model_id"].as_i64().unwrap_or(0);
        let mut fail = |reason: &str| failure.push(json!({"model_id": model_id, "failed_reason": reason}));
        let price = match price_of(&row["original_price"]) {
            Ok(price) => price,
            Err(refusal) => {
                fail(refusal.document()["message"].as_str().unwrap_or_default());
                continue;
            }
        };
        let others: Vec<i64> =
            item.models.iter().map(|it| if it.id == model_id { price } else { it.price }).collect();
        match item.model_mut(model_id) {
            None => fail("The model does not exist."),
            Some(model) if model.campaign.is_some() => fail("error_cannt_edit_price_in_promotion"),
            Some(_) if !ratio_is_fair(others.iter().copied()) => {
                fail("The highest price must be at most 4 times the lowest one.");
            }
            Some(model) => {
                changes.push((model_id, model.price, price));
                model.price = price;
                success.push(json!({"model_id": model_id, "original_price": reais(price)}));
            }
        }
    }
    let (shop, at) = (own_id(call)?, secs(world.now));
    for (model_id, old, new) in changes {
        let data = json!({"item_id": id, "model_id": model_id, "update_field": "original_price",
            "old_value": reais(old), "new_value": reais(new), "update_time": at});
        push::emit(world, shop, 22, &data);
    }
    lists(&success, &failure)
}

fn unlist(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let rows = args.rows("item_list", ROWS_MAX)?;
    let (mut success, mut failure) = (Vec::new(), Vec::new());
    for row in rows {
        let id = row["item_id"].as_i64().unwrap_or(0);
        let Some(unlist) = row["unlist"].as_bool() else {
            return Err(args.refuse("invalid field Unlist: value must  Not Null"));
        };
        match change(world, call, id) {
            Ok(item) => {
                item.status = if unlist { ItemStatus::Unlist } else { ItemStatus::Normal };
                success.push(json!({"item_id": id, "unlist": unlist}));
            }
            Err(refusal) => {
                failure.push(json!({"item_id": id, "failed_reason": refusal.document()["message"]}));
            }
        }
    }
    lists(&success, &failure)
}

fn delete(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let id = args.int("item_id")?;
    let now = world.now;
    if own_item(world, call, id)?.status.is_deleted() {
        return Err(unknown_item());
    }
    let item = world.items.get_mut(&id).ok_or_else(unknown_item)?;
    item.status = ItemStatus::SellerDelete;
    item.updated = now;
    super::envelope::bare()
}
