//! Offering an item on a catalog page: a second item, in step with the first (fact sheet §9).

use serde_json::json;

use super::World;
use super::gate::PUBLISHING;
use super::item::ItemStatus;
use super::item_read::item_document;
use super::item_write::next_item_id;
use super::notice::notify;
use crate::call::Call;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, post};
use crate::text::loose_id;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![post("/items/catalog_listings", PUBLISHING, opt_in)]
}

fn opt_in(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let (Some(item_id), Some(product)) = (body["item_id"].as_str(), body["catalog_product_id"].as_str())
    else {
        return Err(reply::bad_request(
            "body.required_fields",
            "item_id and catalog_product_id are required",
        ));
    };
    let source = world
        .items
        .get(item_id)
        .ok_or_else(|| reply::not_found("not_found", &format!("Item with id {item_id} not found")))?;
    if source.seller_id != call.user_id()? {
        return Err(reply::not_yours());
    }
    if source.status != ItemStatus::Active || source.catalog_listing || source.twin.is_some() {
        let message = "The item must be active and not yet be in the catalog";
        return Err(reply::bad_request("validation_error", message));
    }
    let variation = source.variation(loose_id(&body["variation_id"]));
    if !source.variations.is_empty() && variation.is_none() {
        return Err(reply::bad_request(
            "validation_error",
            "variation_id is required for items with variations",
        ));
    }
    let mut listing = source.clone();
    if let Some(variation) = variation {
        listing.user_product_id.clone_from(&variation.user_product_id);
        listing.price_minor = variation.price_minor;
        listing.attributes.extend(variation.attributes.iter().chain(&variation.combinations).cloned());
    }
    listing.variations.clear();
    listing.sold = 0;
    listing.catalog_listing = true;
    listing.catalog_product_id = Some(product.to_owned());
    listing.twin = Some(item_id.to_owned());
    listing.created = world.now;
    listing.updated = world.now;
    listing.id = next_item_id(world);
    let (id, seller) = (listing.id.clone(), listing.seller_id);
    if let Some(source) = world.items.get_mut(item_id) {
        source.twin = Some(id.clone());
    }
    world.items.insert(id.clone(), listing);
    notify(world, seller, "items", &format!("/items/{id}"), &[]);
    let listing = world.items.get(&id).ok_or_else(reply::item_locked)?;
    Ok(Reply::created(item_document(world, listing, true)))
}

/// After a price change: the other half of the pair follows.
pub(super) fn sync_price(world: &mut World, item_id: &str) {
    let Some(item) = world.items.get(item_id) else { return };
    let (price, now) = (item.price_minor, world.now);
    let Some(twin) = item.twin.clone().and_then(|twin| world.items.get_mut(&twin)) else { return };
    if twin.variations.is_empty() && twin.price_minor != price {
        twin.price_minor = price;
        twin.updated = now;
        let (id, seller) = (twin.id.clone(), twin.seller_id);
        notify(world, seller, "items", &format!("/items/{id}"), &[]);
    }
}

/// The relation to the other half, as items show it.
pub(super) fn relations(twin: Option<&str>) -> serde_json::Value {
    twin.map_or(json!([]), |id| json!([{"id": id, "variation_id": null, "stock_relation": 1}]))
}
