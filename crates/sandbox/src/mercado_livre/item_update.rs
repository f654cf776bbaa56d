//! Changing items: fields, status, variations, description, listing type (fact sheet §6).

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::catalogue::data::Category;
use super::catalogue::{
    Cause, Level, ListingModel, check_description, leaf_for, pictures, refusal, type_mismatch, validate_item,
};
use super::gate::PUBLISHING;
use super::item::{Description, Item, ItemStatus, attribute_text};
use super::item_read::{item_document, variation_document};
use super::item_write::{
    add_variation, complete_attributes, complete_shipping, complete_terms, generated_title, refused,
};
use super::notice::notify;
use super::service::moderation;
use super::{CURRENCY, World, catalog_listing, stock};
use crate::call::Call;
use crate::dates::zulu;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, delete, get, post, put};
use crate::text::{centavos, loose_id, reais};

/// Deleting sooner after closing than this is refused with 409.
const CLOSING_SETTLES: Duration = Duration::from_secs(3);
/// Variations of one item at most.
const VARIATIONS_MAX: usize = 100;

/// The resources of this module.
pub(super) fn routes() -> Vec<Route> {
    vec![
        put("/items/{id}", PUBLISHING, update),
        post("/items/{id}/listing_type", PUBLISHING, change_listing_type),
        post("/items/{id}/description", PUBLISHING, write_description),
        put("/items/{id}/description", PUBLISHING, rewrite_description),
        get("/items/{id}/description", PUBLISHING, show_description),
        get("/items/{id}/variations", PUBLISHING, list_variations),
        post("/items/{id}/variations", PUBLISHING, create_variation),
        get("/items/{id}/variations/{variation}", PUBLISHING, show_variation),
        put("/items/{id}/variations/{variation}", PUBLISHING, update_variation),
        delete("/items/{id}/variations/{variation}", PUBLISHING, delete_variation),
    ]
}

/// The item of the path, if the caller owns it.
pub(crate) fn own_item<'a>(world: &'a World, call: &Call) -> Result<&'a Item, Reply> {
    let id = call.param("id");
    let item = world
        .items
        .get(id)
        .ok_or_else(|| reply::not_found("not_found", &format!("Item with id {id} not found")))?;
    if item.seller_id == call.user_id()? { Ok(item) } else { Err(reply::not_yours()) }
}

fn invalid(code: &'static str, message: &str) -> Reply {
    Reply::json(
        StatusCode::BAD_REQUEST,
        json!({"message": "Validation error", "error": "validation_error", "status": 400, "cause": [
            {"department": "items", "cause_id": 0, "type": "error", "code": code, "references": ["item"], "message": message}]}),
    )
}

fn update(world: &mut World, call: &Call) -> Answer {
    let before = own_item(world, call)?.clone();
    let body = call.json()?;
    let fields = body
        .as_object()
        .ok_or_else(|| reply::bad_request("body.invalid", "The body must be a JSON object"))?;
    if let Some(refused) = type_mismatch(&body) {
        return Err(Reply::json(StatusCode::BAD_REQUEST, refused));
    }
    if body["deleted"] == "true" || body["deleted"] == true {
        return delete_item(world, &before);
    }
    let category =
        leaf_for(&json!({"category_id": before.category_id})).map_err(|cause| refused(&[cause]))?;
    let mut warnings = Vec::new();
    let mut body = body.clone();
    if before.price_automation && fields.contains_key("price") {
        if fields.len() == 1 {
            let message = "Cannot modify price on items with dynamic pricing";
            return Err(reply::bad_request("item.price.not_modifiable", message));
        }
        body["price"] = Value::Null;
        warnings.push(json!({"department": "items", "cause_id": 502, "type": "warning", "code": "item.price.not_modifiable",
            "references": ["item.price"], "message": "Cannot modify price on items with dynamic pricing"}));
    }
    check_state(&before, &body)?;
    check_frozen(&before, &body)?;
    check_values(world, &before, category, &body)?;
    apply(world, &before, category, &body)?;
    let item = world.items.get_mut(&before.id).ok_or_else(reply::item_locked)?;
    item.warnings = warnings;
    let item = world.items.get(&before.id).ok_or_else(reply::item_locked)?;
    Ok(Reply::ok(item_document(world, item, true)))
}

fn delete_item(world: &mut World, item: &Item) -> Answer {
    if item.status != ItemStatus::Closed && !item.sub_status.contains("forbidden") {
        return Err(invalid("item.status.invalid", "Only closed items can be deleted"));
    }
    if world.now.since(item.updated) < CLOSING_SETTLES {
        return Err(reply::item_locked());
    }
    if let Some(stored) = world.items.get_mut(&item.id) {
        stored.sub_status.insert("deleted".to_owned());
        stored.status = ItemStatus::Closed;
    }
    written(world, &item.id, false);
    let item = world.items.get(&item.id).ok_or_else(reply::item_locked)?;
    Ok(Reply::ok(item_document(world, item, true)))
}

/// What the item's status forbids.
fn check_state(item: &Item, body: &Value) -> Result<(), Reply> {
    match item.status {
        ItemStatus::Closed => Err(invalid(
            "item.status.invalid",
            "Item in status closed is not possible to change. Relist it instead.",
        )),
        ItemStatus::UnderReview if body["status"] != "closed" && !moderation::takes_patch(item, body) => {
            Err(invalid("item.status.invalid", "Item in status under_review cannot be updated"))
        }
        ItemStatus::Active | ItemStatus::Paused | ItemStatus::UnderReview => Ok(()),
    }
}

/// Fields that can no longer be changed, or never could on this kind of item.
fn check_frozen(item: &Item, body: &Value) -> Result<(), Reply> {
    let changes = |field: &str, now: &str| body[field].as_str().is_some_and(|wish| wish != now);
    if changes("title", &item.title) {
        if item.family_name.is_some() {
            return Err(invalid(
                "item.title.not_modifiable",
                "The title of items with family name is generated",
            ));
        }
        if item.catalog_listing {
            return Err(invalid(
                "item.title.not_modifiable",
                "The title of catalog items cannot be modified",
            ));
        }
        if item.sold > 0 {
            return Err(invalid("item.title.not_modifiable", "Cannot update item title with sales"));
        }
    }
    if item.sold > 0 && (changes("buying_mode", &item.buying_mode) || changes("condition", &item.condition)) {
        return Err(invalid(
            "item.condition.not_modifiable",
            "Cannot update condition or buying mode with sales",
        ));
    }
    let family = item.family_name.as_deref().unwrap_or_default();
    if changes("family_name", family) && (item.family_name.is_none() || item.sold > 0) {
        return Err(invalid("item.family_name.not_modifiable", "family_name cannot be modified"));
    }
    if item.family_name.is_some() && body["variations"].as_array().is_some_and(|all| !all.is_empty()) {
        return Err(invalid("item.variations.invalid", "The field variations is invalid with family name"));
    }
    if item.catalog_listing && !body["pictures"].is_null() {
        return Err(invalid(
            "item.pictures.not_modifiable",
            "The pictures of catalog items cannot be modified",
        ));
    }
    let of_variations = !body["price"].is_null() || !body["available_quantity"].is_null();
    if !item.variations.is_empty() && of_variations && body["variations"].is_null() {
        return Err(invalid(
            "item.variations.required",
            "Price and quantity of an item with variations are set on its variations",
        ));
    }
    if body["available_quantity"].as_i64().is_some_and(|quantity| quantity < 0) {
        return Err(invalid("item.available_quantity.invalid", "available_quantity must not be negative"));
    }
    let count = body["variations"].as_array().map_or(0, Vec::len);
    if count > VARIATIONS_MAX {
        return Err(reply::bad_request("validation_error", "Variations should not exceed max size of 100"));
    }
    match body["status"].as_str() {
        None | Some("active" | "paused" | "closed") => Ok(()),
        Some(_) => Err(invalid("item.status.invalid", "status must be active, paused or closed")),
    }
}

/// The item as the body that would create it.
fn as_body(world: &World, item: &Item) -> Value {
    let mut body = json!({
        "category_id": item.category_id, "price": reais(item.price_minor), "currency_id": CURRENCY,
        "available_quantity": world.available(item).max(1), "buying_mode": item.buying_mode,
        "listing_type_id": item.listing_type_id, "condition": item.condition, "pictures": item.pictures,
        "attributes": item.attributes, "shipping": {"mode": "me2"},
    });
    let name = if item.family_name.is_some() { "family_name" } else { "title" };
    body[name] = json!(item.family_name.as_ref().unwrap_or(&item.title));
    body
}

/// Refuses what the change makes wrong; what was wrong already is nobody's fault now.
fn check_values(world: &World, item: &Item, category: &'static Category, body: &Value) -> Result<(), Reply> {
    let model = if item.family_name.is_some() { ListingModel::UserProduct } else { ListingModel::Classic };
    let check = |body: &Value| validate_item(category, body, model, &|id| pictures::check(world, id));
    let before = as_body(world, item);
    let mut after = before.clone();
    for field in ["title", "family_name", "price", "condition", "pictures", "listing_type_id"] {
        if !body[field].is_null() {
            after[field] = body[field].clone();
        }
    }
    after["attributes"] = json!(merged_attributes(item, category, &body["attributes"]));
    let old = check(&before);
    let fresh: Vec<Cause> = check(&after)
        .into_iter()
        .filter(|cause| cause.level == Level::Error && !old.contains(cause))
        .collect();
    match refusal(&fresh) {
        Some(refused) => Err(Reply::json(StatusCode::BAD_REQUEST, refused)),
        None => Ok(()),
    }
}

/// Attributes sent replace those of the same id; the others stay.
fn merged_attributes(item: &Item, category: &Category, sent: &Value) -> Vec<Value> {
    let fresh = complete_attributes(category, sent);
    let kept = item.attributes.iter().filter(|old| !fresh.iter().any(|new| new["id"] == old["id"])).cloned();
    let mut all: Vec<Value> = kept.collect();
    all.extend(fresh);
    all
}

fn apply(world: &mut World, before: &Item, category: &Category, body: &Value) -> Result<(), Reply> {
    let mut item = before.clone();
    if let Some(title) = body["title"].as_str() {
        title.clone_into(&mut item.title);
    }
    if let Some(price) = centavos(&body["price"]) {
        item.price_minor = price;
    }
    if let Some(condition) = body["condition"].as_str() {
        condition.clone_into(&mut item.condition);
    }
    if let Some(field) = body["seller_custom_field"].as_str() {
        item.custom_field = Some(field.to_owned());
    }
    if !body["attributes"].is_null() {
        item.attributes = merged_attributes(before, category, &body["attributes"]);
    }
    // The platform makes the title of it.
    if let Some(family) = body["family_name"].as_str().filter(|_| before.family_name.is_some()) {
        item.title = generated_title(family, &item.attributes);
        item.family_name = Some(family.to_owned());
    }
    if !body["sale_terms"].is_null() {
        item.sale_terms = complete_terms(&body["sale_terms"]);
    }
    if let Some(sent) = body["pictures"].as_array() {
        item.pictures = pictures::accept(world, item.seller_id, sent).0;
    }
    if body["shipping"].is_object() {
        let logistic = item.shipping["logistic_type"].clone();
        item.shipping = complete_shipping(&body["shipping"]);
        item.shipping["logistic_type"] = logistic;
    }
    if let Some(sent) = body["variations"].as_array() {
        replace_variations(world, &mut item, category, sent)?;
    }
    change_status(&mut item, body["status"].as_str());
    let price_changed = item.price_minor != before.price_minor;
    let (id, holder) = (item.id.clone(), item.user_product_id.clone());
    let depots = world.users.get(&item.seller_id).is_some_and(super::account::User::has_depots);
    world.items.insert(id.clone(), item);
    // A seller with depots gets a 200 and nothing changes: stock is written per depot.
    match body["available_quantity"].as_i64() {
        Some(quantity) if !depots && before.variations.is_empty() => stock::set(world, &holder, quantity),
        Some(_) | None => {}
    }
    stock::settle(world, &id);
    written(world, &id, price_changed);
    moderation::item_written(world, &id, body);
    Ok(())
}

fn change_status(item: &mut Item, wish: Option<&str>) {
    match wish {
        Some("paused") => {
            item.status = ItemStatus::Paused;
            item.sub_status.insert("paused_by_seller".to_owned());
        }
        Some("closed") => {
            item.status = ItemStatus::Closed;
            item.sub_status.clear();
        }
        Some("active") => {
            item.sub_status.remove("paused_by_seller");
            item.tags.remove("moderation_penalty");
            if item.sub_status.is_empty() {
                item.status = ItemStatus::Active;
            }
        }
        Some(_) | None => {}
    }
}

/// The array is the whole truth: a variation whose id is missing is gone.
fn replace_variations(
    world: &mut World,
    item: &mut Item,
    category: &Category,
    sent: &[Value],
) -> Result<(), Reply> {
    let mut next = Vec::new();
    for body in sent {
        match loose_id(&body["id"]) {
            Some(id) => {
                let Some(mut variation) = item.variation(Some(id)).cloned() else {
                    return Err(invalid(
                        "item.variations.not_found",
                        &format!("Variation {id} does not belong to the item"),
                    ));
                };
                change_variation(world, &mut variation, category, body);
                next.push(variation);
            }
            None => next.push(add_variation(world, item, category, body)),
        }
    }
    // The highest price counts for all of them.
    if let Some(price) = next.iter().map(|variation| variation.price_minor).max() {
        item.price_minor = price;
        for variation in &mut next {
            variation.price_minor = price;
        }
    }
    item.variations = next;
    Ok(())
}

fn change_variation(
    world: &mut World,
    variation: &mut super::item::Variation,
    category: &Category,
    body: &Value,
) {
    if let Some(price) = centavos(&body["price"]) {
        variation.price_minor = price;
    }
    if let Some(quantity) = body["available_quantity"].as_i64() {
        stock::set(world, &variation.user_product_id, quantity.max(0));
    }
    if !body["attributes"].is_null() {
        variation.attributes = complete_attributes(category, &body["attributes"]);
    }
    if !body["attribute_combinations"].is_null() {
        variation.combinations = complete_attributes(category, &body["attribute_combinations"]);
    }
    if let Some(pictures) = body["picture_ids"].as_array() {
        variation.picture_ids.clone_from(pictures);
    }
    if let Some(field) = body["seller_custom_field"].as_str() {
        variation.custom_field = Some(field.to_owned());
    }
}

/// After any write: a new date and the notifications (which storm, as the real ones do).
fn written(world: &mut World, id: &str, price_changed: bool) {
    let now = world.now;
    let Some(item) = world.items.get_mut(id) else { return };
    item.updated = now;
    let seller = item.seller_id;
    notify(world, seller, "items", &format!("/items/{id}"), &[]);
    if price_changed {
        catalog_listing::sync_price(world, id);
        notify(world, seller, "items_prices", &format!("/items/{id}/prices"), &[]);
    }
}

fn change_listing_type(world: &mut World, call: &Call) -> Answer {
    let item = own_item(world, call)?;
    let body = call.json()?;
    let wish = body["id"].as_str().unwrap_or_default();
    if super::catalogue::fees::ListingType::from_id(wish).is_none() {
        return Err(invalid("item.listing_type_id.invalid", "The listing type does not exist"));
    }
    if item.listing_type_changed {
        return Err(invalid(
            "item.listing_type_id.not_modifiable",
            "The listing type can be changed only once",
        ));
    }
    let id = item.id.clone();
    let item = world.items.get_mut(&id).ok_or_else(reply::item_locked)?;
    wish.clone_into(&mut item.listing_type_id);
    item.listing_type_changed = true;
    written(world, &id, false);
    let item = world.items.get(&id).ok_or_else(reply::item_locked)?;
    Ok(Reply::ok(item_document(world, item, true)))
}

fn read_description(call: &Call) -> Result<String, Reply> {
    let body = call.json()?;
    let text = body["plain_text"]
        .as_str()
        .ok_or_else(|| reply::bad_request("body.required_fields", "plain_text is required"))?;
    match check_description(text) {
        Some(cause) => Err(refused(&[cause])),
        None => Ok(text.to_owned()),
    }
}

fn write_description(world: &mut World, call: &Call) -> Answer {
    let item = own_item(world, call)?;
    if item.description.is_some() {
        return Err(reply::bad_request(
            "item.description.exists",
            "The item already has a description, use PUT",
        ));
    }
    let text = read_description(call)?;
    store_description(world, call, text, StatusCode::CREATED)
}

fn rewrite_description(world: &mut World, call: &Call) -> Answer {
    let item = own_item(world, call)?;
    if item.description.is_none() {
        return Err(reply::not_found("not_found", "The item has no description, use POST"));
    }
    let text = read_description(call)?;
    store_description(world, call, text, StatusCode::OK)
}

fn store_description(world: &mut World, call: &Call, plain_text: String, status: StatusCode) -> Answer {
    let (id, now) = (call.param("id"), world.now);
    let item = world.items.get_mut(id).ok_or_else(reply::item_locked)?;
    let created = item.description.as_ref().map_or(now, |old| old.created);
    let description = Description { plain_text, created, updated: now };
    let document = description_document(&description);
    item.description = Some(description);
    written(world, id, false);
    Ok(Reply::json(status, document))
}

fn description_document(description: &Description) -> Value {
    json!({"text": "", "plain_text": description.plain_text, "last_updated": zulu(description.updated),
        "date_created": zulu(description.created), "snapshot": {"url": "", "width": 0, "height": 0, "status": ""}})
}

fn show_description(world: &mut World, call: &Call) -> Answer {
    let id = call.param("id");
    let item = world
        .items
        .get(id)
        .ok_or_else(|| reply::not_found("not_found", &format!("Item with id {id} not found")))?;
    match &item.description {
        Some(description) => Ok(Reply::ok(description_document(description))),
        None => Err(reply::not_found("not_found", &format!("Description for item {id} not found"))),
    }
}

fn list_variations(world: &mut World, call: &Call) -> Answer {
    let item = own_item(world, call)?;
    let with_attributes = call.query("include_attributes") == Some("all");
    Ok(Reply::ok(item.variations.iter().map(|it| variation_document(world, it, with_attributes)).collect()))
}

fn variation_id(world: &World, call: &Call) -> Result<i64, Reply> {
    let (item, id) = (own_item(world, call)?, call.number("variation")?);
    let found = item.variation(Some(id)).is_some();
    if found {
        Ok(id)
    } else {
        Err(reply::not_found("not_found", &format!("Variation with id {id} not found")))
    }
}

fn show_variation(world: &mut World, call: &Call) -> Answer {
    let id = variation_id(world, call)?;
    let variation = own_item(world, call)?.variation(Some(id)).ok_or_else(reply::item_locked)?;
    Ok(Reply::ok(variation_document(world, variation, true)))
}

fn create_variation(world: &mut World, call: &Call) -> Answer {
    let mut item = own_item(world, call)?.clone();
    let body = call.json()?;
    if item.family_name.is_some() {
        return Err(invalid("item.variations.invalid", "The field variations is invalid with family name"));
    }
    if item.variations.len() >= VARIATIONS_MAX {
        return Err(reply::bad_request("validation_error", "Variations should not exceed max size of 100"));
    }
    let category = leaf_for(&json!({"category_id": item.category_id})).map_err(|cause| refused(&[cause]))?;
    if complete_attributes(category, &body["attribute_combinations"]).is_empty() {
        return Err(invalid(
            "item.variations.attribute_combinations.required",
            "attribute_combinations is required",
        ));
    }
    let variation = add_variation(world, &item, category, &body);
    item.variations.push(variation);
    store_variations(world, item, StatusCode::CREATED)
}

fn update_variation(world: &mut World, call: &Call) -> Answer {
    let id = variation_id(world, call)?;
    let mut item = own_item(world, call)?.clone();
    let body = call.json()?;
    let category = leaf_for(&json!({"category_id": item.category_id})).map_err(|cause| refused(&[cause]))?;
    if let Some(variation) = item.variations.iter_mut().find(|variation| variation.id == id) {
        change_variation(world, variation, category, &body);
    }
    store_variations(world, item, StatusCode::OK)
}

fn delete_variation(world: &mut World, call: &Call) -> Answer {
    let id = variation_id(world, call)?;
    let mut item = own_item(world, call)?.clone();
    item.variations.retain(|variation| variation.id != id);
    store_variations(world, item, StatusCode::OK)
}

fn store_variations(world: &mut World, item: Item, status: StatusCode) -> Answer {
    let id = item.id.clone();
    world.items.insert(id.clone(), item);
    stock::settle(world, &id);
    written(world, &id, false);
    let item = world.items.get(&id).ok_or_else(reply::item_locked)?;
    Ok(Reply::json(status, item.variations.iter().map(|it| variation_document(world, it, true)).collect()))
}

/// True when the item or one of its variations carries the SKU.
pub(crate) fn carries_sku(item: &Item, sku: &str) -> bool {
    item.sku() == Some(sku)
        || item
            .variations
            .iter()
            .any(|variation| attribute_text(&variation.attributes, "SELLER_SKU") == Some(sku))
}
