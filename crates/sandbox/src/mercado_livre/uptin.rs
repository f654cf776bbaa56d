//! Moving a classic item with variations into the new listing model: one new item per
//! variation, the old one closed (fact sheet §7).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::gate::PUBLISHING;
use super::item::{Item, ItemStatus, Variation};
use super::item_update::own_item;
use super::item_write::{next_family_id, next_item_id};
use super::notice::notify;
use super::{Event, SITE, World, stock};
use crate::call::Call;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get, post};

/// How long a migration takes (our choice).
const MIGRATION_TIME: Duration = Duration::from_secs(30);

/// What became of one variation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrated {
    /// The item that took its place; `None` while it is under way.
    pub new_item_id: Option<String>,
    /// The variation of the old item.
    pub variation_id: i64,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/items/{id}/user_product_listings/validate", PUBLISHING, validate),
        post("/sites/{site}/items/user_product_listings", PUBLISHING, start),
        get("/items/{id}/migration_live_listing", PUBLISHING, show),
    ]
}

/// Why an item cannot be moved; `None` when it can.
fn obstacle(world: &World, item: &Item) -> Option<&'static str> {
    if item.variations.is_empty() || item.family_name.is_some() {
        return Some("Only classic items with variations are migrated");
    }
    if !matches!(item.status, ItemStatus::Active | ItemStatus::Paused) {
        return Some("The item is neither active nor paused");
    }
    world.migrations.contains_key(&item.id).then_some("The migration has already been started")
}

fn validate(world: &mut World, call: &Call) -> Answer {
    let obstacle = obstacle(world, own_item(world, call)?);
    let cause: Vec<Value> =
        obstacle.iter().map(|message| json!({"type": "error", "message": message})).collect();
    Ok(Reply::ok(json!({"is_valid": obstacle.is_none(), "cause": cause})))
}

fn start(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let id = body["item_id"].as_str().unwrap_or_default();
    let item = world
        .items
        .get(id)
        .ok_or_else(|| reply::not_found("not_found", &format!("Item with id {id} not found")))?;
    if call.param("site") != SITE || item.seller_id != call.user_id()? {
        return Err(reply::not_yours());
    }
    if let Some(obstacle) = obstacle(world, item) {
        return Err(reply::bad_request("validation_error", obstacle));
    }
    let waiting = |variation: &Variation| Migrated { new_item_id: None, variation_id: variation.id };
    let migration = item.variations.iter().map(waiting).collect();
    world.migrations.insert(id.to_owned(), migration);
    world.agenda.plan(world.now.plus(MIGRATION_TIME), Event::Migrates(id.to_owned()));
    if let Some(item) = world.items.get_mut(id) {
        item.tags.insert("variations_migration_pending".to_owned());
    }
    Ok(Reply::created(json!({"item_id": id})))
}

fn show(world: &mut World, call: &Call) -> Answer {
    let item = own_item(world, call)?;
    let migration = world.migrations.get(&item.id);
    let migration = migration.ok_or_else(|| reply::not_found("not_found", "The item has no migration"))?;
    let entry = |it: &Migrated| {
        let status = if it.new_item_id.is_some() { "migrated" } else { "pending" };
        json!({"new_item_id": it.new_item_id, "variation_id": it.variation_id, "migration_status": status})
    };
    Ok(Reply::ok(json!({"item_id": item.id, "new_items": migration.iter().map(entry).collect::<Vec<_>>()})))
}

/// The migration happens: stock stays where it is, only the items that show it change.
pub(crate) fn migrate(world: &mut World, item_id: &str) {
    let Some(old) = world.items.get(item_id).cloned() else { return };
    let family_id = next_family_id(world);
    for variation in &old.variations {
        let id = next_item_id(world);
        let fresh = successor(world, &old, variation, id.clone());
        if let Some(product) = world.user_products.get_mut(&variation.user_product_id) {
            product.family_id = Some(family_id);
            product.family_name.clone_from(&fresh.family_name);
            product.attributes.clone_from(&fresh.attributes);
            product.name.clone_from(&fresh.title);
        }
        world.items.insert(id.clone(), fresh);
        stock::settle(world, &id);
        notify(world, old.seller_id, "items", &format!("/items/{id}"), &[]);
        let moved = world.migrations.get_mut(item_id).into_iter().flatten();
        for entry in moved.filter(|entry| entry.variation_id == variation.id) {
            entry.new_item_id = Some(id.clone());
        }
    }
    if let Some(item) = world.items.get_mut(item_id) {
        item.status = ItemStatus::Closed;
        item.sub_status.clear();
        item.tags.remove("variations_migration_pending");
        item.tags.insert("variations_migration_source".to_owned());
        item.updated = world.now;
    }
    notify(world, old.seller_id, "items", &format!("/items/{item_id}"), &[]);
}

fn successor(world: &World, old: &Item, variation: &Variation, id: String) -> Item {
    let own: Vec<Value> = variation.attributes.iter().chain(&variation.combinations).cloned().collect();
    let replaced = |entry: &&Value| own.iter().any(|mine| mine["id"] == entry["id"]);
    let mut attributes: Vec<Value> =
        old.attributes.iter().filter(|entry| !replaced(entry)).cloned().collect();
    let values = variation.combinations.iter().filter_map(|entry| entry["value_name"].as_str());
    let title = std::iter::once(old.title.as_str()).chain(values).collect::<Vec<_>>().join(" ");
    attributes.extend(own);
    let mut fresh = Item {
        id,
        title,
        family_name: Some(old.title.clone()),
        user_product_id: variation.user_product_id.clone(),
        price_minor: variation.price_minor,
        initial_quantity: world.stock_of(&variation.user_product_id),
        sold: variation.sold,
        attributes,
        variations: Vec::new(),
        created: world.now,
        updated: world.now,
        ..old.clone()
    };
    fresh.tags.remove("variations_migration_pending");
    fresh.tags.extend(["user_product_listing", "variations_migration_uptin"].map(str::to_owned));
    // What held the old item as a whole (all its variations sold out) says nothing of this one.
    if fresh.sub_status.remove("out_of_stock") && fresh.sub_status.is_empty() {
        fresh.status = ItemStatus::Active;
    }
    fresh
}
