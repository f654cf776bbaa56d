//! Full: what lies in the platform's own centre, and every movement there (fact sheet §8).
//!
//! The sheet names the resources and their fields but no words for movements and states;
//! those are our choice.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::gate::PUBLISHING;
use super::notice::notify;
use super::stock::{self, Location, LocationKind};
use super::{SITE, World};
use crate::call::Call;
use crate::dates::zulu;
use crate::ids::Series;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get};

/// Units went out to a buyer.
pub(crate) const SALE: &str = "SALE_CONFIRMATION";
/// The units of a cancelled sale lie in their place again.
pub(crate) const SALE_CANCELLED: &str = "SALE_CANCELATION";
/// Units came in.
const INBOUND: &str = "INBOUND_RECEPTION";
/// Units can no longer be sold.
const DAMAGED: &str = "QUARANTINE_RESERVATION";
/// Units went back to the seller.
const WITHDRAWN: &str = "WITHDRAWAL_DELIVERY";

const INVENTORIES: Series = Series::new("inventory", 10_000);
const OPERATIONS: Series = Series::new("fulfillment operation", 700_000_000);
/// How far back movements can be read.
const MEMORY: Duration = Duration::from_hours(24 * 365);
/// Movements of one page when nothing is asked, and at most.
const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 1_000;

/// One movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The id.
    pub id: i64,
    /// What happened.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// By how many units what can be sold changed.
    pub available: i64,
    /// By how many units what cannot be sold changed.
    pub not_available: i64,
    /// Units for sale afterwards.
    pub available_after: i64,
    /// Units that cannot be sold afterwards.
    pub not_available_after: i64,
}

/// The units of one user product in the centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// Letters and digits.
    pub id: String,
    /// Units that cannot be sold, by reason.
    pub not_available: BTreeMap<String, i64>,
    /// Movements, oldest first.
    pub operations: Vec<Operation>,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/inventories/{id}/stock/fulfillment", PUBLISHING, show),
        get("/stock/fulfillment/operations/search", PUBLISHING, search),
        get("/stock/fulfillment/operations/{id}", PUBLISHING, show_operation),
    ]
}

/// The inventory of a user product that lies in the centre.
#[must_use]
pub fn inventory_id<'a>(world: &'a World, user_product_id: &str) -> Option<&'a str> {
    let in_centre = world.user_products.get(user_product_id).is_some_and(stock::UserProduct::is_full);
    world.inventories.get(user_product_id).filter(|_| in_centre).map(|inventory| inventory.id.as_str())
}

/// Moves all units of a user product into the centre, or home again.
pub(crate) fn keep(world: &mut World, user_product_id: &str, in_centre: bool) {
    let Some(product) = world.user_products.get_mut(user_product_id) else { return };
    if product.is_full() == in_centre {
        return;
    }
    let units = product.available();
    let kind = if in_centre { LocationKind::MeliFacility } else { LocationKind::SellingAddress };
    product.locations = vec![Location { kind, depot: None, quantity: units }];
    if in_centre && !world.inventories.contains_key(user_product_id) {
        let id = format!("LOJI{:05}", world.ids.next(INVENTORIES));
        let inventory = Inventory { id, not_available: BTreeMap::new(), operations: Vec::new() };
        world.inventories.insert(user_product_id.to_owned(), inventory);
    }
    let (what, change) = if in_centre { (INBOUND, units) } else { (WITHDRAWN, -units) };
    record(world, user_product_id, what, change, 0, if in_centre { units } else { 0 });
    stock::touch(world, user_product_id);
}

/// Notes a movement whose units are counted already; nothing for what lies elsewhere.
pub(crate) fn note(world: &mut World, user_product_id: &str, kind: &str, change: i64) {
    let Some(product) = world.user_products.get(user_product_id).filter(|product| product.is_full()) else {
        return;
    };
    let after = product.available();
    record(world, user_product_id, kind, change, 0, after);
}

fn record(
    world: &mut World,
    user_product_id: &str,
    kind: &str,
    available: i64,
    not_available: i64,
    after: i64,
) {
    let (id, at) = (world.ids.next(OPERATIONS), world.now);
    let Some(inventory) = world.inventories.get_mut(user_product_id) else { return };
    inventory.operations.push(Operation {
        id,
        kind: kind.to_owned(),
        at,
        available,
        not_available,
        available_after: after,
        not_available_after: inventory.not_available.values().sum(),
    });
    let Some(seller) = world.user_products.get(user_product_id).map(|product| product.user_id) else {
        return;
    };
    notify(world, seller, "fbm_stock_operations", &format!("/stock/fulfillment/operations/{id}"), &[]);
}

/// The inventory of this id, in the caller's hands, and the user product it belongs to.
fn own<'a>(world: &'a World, call: &Call, id: &str) -> Result<(&'a str, &'a Inventory), Reply> {
    let found = world.inventories.iter().find(|(_, inventory)| inventory.id == id);
    let (product, inventory) =
        found.ok_or_else(|| reply::not_found("not_found", &format!("Inventory {id} not found")))?;
    let owner = world.user_products.get(product).map(|product| product.user_id);
    if owner == Some(call.user_id()?) { Ok((product, inventory)) } else { Err(reply::access_denied()) }
}

fn show(world: &mut World, call: &Call) -> Answer {
    let (product, inventory) = own(world, call, call.param("id"))?;
    let available = if inventory_id(world, product).is_some() { world.stock_of(product) } else { 0 };
    let not_available: i64 = inventory.not_available.values().sum();
    let detail: Vec<Value> = inventory
        .not_available
        .iter()
        .filter(|(_, quantity)| **quantity > 0)
        .map(|(status, quantity)| json!({"status": status, "quantity": quantity}))
        .collect();
    let references: Vec<Value> = world
        .items
        .values()
        .filter(|item| item.stock_holders().contains(&product))
        .map(|item| {
            let variation = item.variations.iter().find(|it| it.user_product_id == product).map(|it| it.id);
            json!({"type": "item", "id": item.id, "variation_id": variation})
        })
        .collect();
    Ok(Reply::ok(json!({
        "inventory_id": inventory.id, "total": available + not_available, "available_quantity": available,
        "not_available_quantity": not_available, "not_available_detail": detail, "external_references": references,
    })))
}

fn operation_document(seller_id: i64, inventory: &Inventory, operation: &Operation) -> Value {
    json!({
        "id": operation.id, "seller_id": seller_id, "inventory_id": inventory.id, "site_id": SITE, "type": operation.kind,
        "date_created": zulu(operation.at),
        "detail": {"available_quantity": operation.available, "not_available_quantity": operation.not_available},
        "result": {"total": operation.available_after + operation.not_available_after,
            "available_quantity": operation.available_after, "not_available_quantity": operation.not_available_after},
        "external_references": [],
    })
}

fn day(call: &Call, name: &str) -> Result<Timestamp, Reply> {
    let text =
        call.query(name).ok_or_else(|| reply::bad_request("bad_request", &format!("{name} is required")))?;
    // A day alone means its beginning; the query turns the plus of a zone into a space.
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.replace(' ', "+") };
    Timestamp::parse(&whole)
        .ok_or_else(|| reply::bad_request("bad_request", &format!("invalid {name}: {text}")))
}

/// Newest first, in pages that the `scroll` of the page before continues.
fn search(world: &mut World, call: &Call) -> Answer {
    let seller = call.query("seller_id").and_then(|id| id.parse::<i64>().ok());
    let seller = seller.ok_or_else(|| reply::bad_request("bad_request", "seller_id is required"))?;
    if seller != call.user_id()? {
        return Err(reply::access_denied());
    }
    let wanted = call.query("inventory_id");
    let wanted = wanted.ok_or_else(|| reply::bad_request("bad_request", "inventory_id is required"))?;
    let (from, to) = (day(call, "date_from")?, day(call, "date_to")?);
    if from < world.now.minus(MEMORY) || from > to {
        return Err(reply::bad_request(
            "bad_request",
            "date_from must be before date_to and within twelve months",
        ));
    }
    let limit = call.page(PAGE_DEFAULT, PAGE_MAX)?.limit;
    let skip = call.query("scroll").map_or(Some(0), |scroll| scroll.parse::<usize>().ok());
    let skip = skip.ok_or_else(|| reply::bad_request("bad_request", "invalid scroll"))?;
    let (_, inventory) = own(world, call, wanted)?;
    let fits = |it: &&Operation| {
        it.at >= from
            && it.at <= to
            && call.query("type").is_none_or(|kind| kind.eq_ignore_ascii_case(&it.kind))
    };
    let found: Vec<&Operation> = inventory.operations.iter().rev().filter(fits).collect();
    let shown: Vec<Value> =
        found.iter().skip(skip).take(limit).map(|it| operation_document(seller, inventory, it)).collect();
    let next = (skip + shown.len() < found.len()).then(|| (skip + shown.len()).to_string());
    Ok(Reply::ok(json!({"paging": {"total": found.len(), "scroll": next}, "results": shown})))
}

fn show_operation(world: &mut World, call: &Call) -> Answer {
    let (id, user) = (call.number("id")?, call.user_id()?);
    let found = world.inventories.iter().find_map(|(product, inventory)| {
        let operation = inventory.operations.iter().find(|operation| operation.id == id)?;
        Some((world.user_products.get(product)?.user_id, inventory, operation))
    });
    match found {
        None => Err(reply::not_found("not_found", &format!("Operation {id} not found"))),
        Some((owner, ..)) if owner != user => Err(reply::access_denied()),
        Some((owner, inventory, operation)) => Ok(Reply::ok(operation_document(owner, inventory, operation))),
    }
}

/// Control: `{"action": "inbound" | "damage" | "withdraw", "quantity": n}` on an inventory.
pub(super) fn act(world: &mut World, call: &Call) -> Answer {
    let wanted = call.param("id");
    let product =
        world.inventories.iter().find(|(_, inventory)| inventory.id == wanted).map(|(id, _)| id.clone());
    let product =
        product.ok_or_else(|| reply::not_found("not_found", &format!("There is no inventory {wanted}")))?;
    let body = call.json()?;
    let refuse = |message: &str| reply::bad_request("bad_request", message);
    let quantity = body["quantity"].as_i64().filter(|quantity| *quantity > 0);
    let quantity = quantity.ok_or_else(|| refuse("quantity must be a positive whole number"))?;
    let (kind, available, not_available) = match body["action"].as_str() {
        Some("inbound") => (INBOUND, quantity, 0),
        Some("damage") => (DAMAGED, -quantity, quantity),
        Some("withdraw") => (WITHDRAWN, -quantity, 0),
        Some(_) | None => return Err(refuse("action must be inbound, damage or withdraw")),
    };
    let places = world.user_products.get_mut(&product).map(|product| &mut product.locations);
    let place = places.and_then(|all| all.iter_mut().find(|place| place.kind == LocationKind::MeliFacility));
    let place = place.ok_or_else(|| refuse("the product is not in the centre"))?;
    if place.quantity + available < 0 {
        return Err(refuse("there are not as many units"));
    }
    place.quantity += available;
    let after = place.quantity;
    if not_available > 0
        && let Some(inventory) = world.inventories.get_mut(&product)
    {
        *inventory.not_available.entry("damage".to_owned()).or_insert(0) += not_available;
    }
    record(world, &product, kind, available, not_available, after);
    stock::touch(world, &product);
    Ok(Reply::ok(json!({"inventory_id": wanted, "available_quantity": after})))
}
