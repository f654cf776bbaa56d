//! User products: what physically exists, and how many of it (fact sheet §7, §8).

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::gate::{Group, PUBLISHING};
use super::item::{Item, ItemStatus};
use super::notice::notify;
use super::{SITE, World, full};
use crate::call::Call;
use crate::dates::{plus_compact, zulu};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get, put};
use crate::text::loose_text;

/// What kind of place stock lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocationKind {
    /// The seller's own address.
    SellingAddress,
    /// One of the seller's depots.
    SellerWarehouse,
    /// The platform's own centre (Full); not writable.
    MeliFacility,
}

/// Units in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The kind of place.
    pub kind: LocationKind,
    /// The depot; `None` for the other kinds.
    pub depot: Option<Depot>,
    /// Units for sale.
    pub quantity: i64,
}

/// A depot of a seller with several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depot {
    /// The store id.
    pub store_id: String,
    /// The node in the logistics network.
    pub network_node_id: String,
}

/// A physical variant of a seller: owner of stock, attributes and pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserProduct {
    /// `MLBU` and digits.
    pub id: String,
    /// The seller.
    pub user_id: i64,
    /// The name.
    pub name: String,
    /// The domain, as in `MLB-CELLPHONES`.
    pub domain_id: String,
    /// The family, in the new listing model.
    pub family_id: Option<i64>,
    /// The name of the family, in the new listing model.
    pub family_name: Option<String>,
    /// The attributes.
    pub attributes: Vec<Value>,
    /// The catalog product it stands for.
    pub catalog_product_id: Option<String>,
    /// Where its units lie.
    pub locations: Vec<Location>,
    /// Counts every change of stock; the `x-version` header.
    pub version: i64,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl UserProduct {
    /// Units for sale in all places.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.locations.iter().map(|location| location.quantity).sum()
    }

    /// True when it lies in the platform's own centre.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.locations.iter().any(|location| location.kind == LocationKind::MeliFacility)
    }
}

impl LocationKind {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SellingAddress => "selling_address",
            Self::SellerWarehouse => "seller_warehouse",
            Self::MeliFacility => "meli_facility",
        }
    }
}

impl World {
    /// Units of an item for sale, over all its variations.
    #[must_use]
    pub fn available(&self, item: &Item) -> i64 {
        item.stock_holders().iter().map(|id| self.stock_of(id)).sum()
    }

    /// Units that a user product has for sale.
    #[must_use]
    pub fn stock_of(&self, user_product_id: &str) -> i64 {
        self.user_products.get(user_product_id).map_or(0, UserProduct::available)
    }
}

/// Takes units out of stock for a sale; gives the depot they came from. The caller has
/// made sure that there are enough.
pub(crate) fn take(world: &mut World, user_product_id: &str, quantity: i64) -> Option<Depot> {
    let product = world.user_products.get_mut(user_product_id)?;
    let mut left = quantity;
    let mut source = None;
    // The fullest place first, so that an order comes from one depot whenever it can.
    let mut places: Vec<&mut Location> = product.locations.iter_mut().collect();
    places.sort_by_key(|location| -location.quantity);
    for location in places {
        let units = left.min(location.quantity);
        location.quantity -= units;
        left -= units;
        if units > 0 && source.is_none() {
            source.clone_from(&location.depot);
        }
    }
    full::note(world, user_product_id, full::SALE, -quantity);
    touch(world, user_product_id);
    source
}

/// Puts the units of a cancelled sale back.
pub(crate) fn put_back(world: &mut World, user_product_id: &str, depot: Option<&Depot>, quantity: i64) {
    let Some(product) = world.user_products.get_mut(user_product_id) else { return };
    let home = product.locations.iter().position(|location| location.depot.as_ref() == depot).unwrap_or(0);
    if let Some(location) = product.locations.get_mut(home) {
        location.quantity += quantity;
    }
    full::note(world, user_product_id, full::SALE_CANCELLED, quantity);
    touch(world, user_product_id);
}

/// Sets the units of a seller without depots, as `PUT /items/{id}` does.
pub(crate) fn set(world: &mut World, user_product_id: &str, quantity: i64) {
    let Some(product) = world.user_products.get_mut(user_product_id) else { return };
    if let Some(location) =
        product.locations.iter_mut().find(|location| location.kind == LocationKind::SellingAddress)
    {
        location.quantity = quantity;
        touch(world, user_product_id);
    }
}

/// After any change of stock: a new version, and every item of the product shows it.
pub(super) fn touch(world: &mut World, user_product_id: &str) {
    let now = world.now;
    let Some(product) = world.user_products.get_mut(user_product_id) else { return };
    product.version += 1;
    product.updated = now;
    let seller = product.user_id;
    let ids: Vec<String> = world
        .items
        .values()
        .filter(|item| item.stock_holders().contains(&user_product_id))
        .map(|item| item.id.clone())
        .collect();
    for id in ids {
        settle(world, &id);
        notify(world, seller, "items", &format!("/items/{id}"), &[]);
    }
    notify(
        world,
        seller,
        "stock-locations",
        &format!("/user-products/{user_product_id}/stock"),
        &["updated"],
    );
}

/// Pauses an item that has run out and wakes one that has units again, unless something
/// else holds it.
pub(crate) fn settle(world: &mut World, item_id: &str) {
    let Some(item) = world.items.get(item_id) else { return };
    let available = world.available(item);
    let now = world.now;
    let Some(item) = world.items.get_mut(item_id) else { return };
    item.updated = now;
    if available == 0 && matches!(item.status, ItemStatus::Active | ItemStatus::Paused) {
        item.status = ItemStatus::Paused;
        item.sub_status.insert("out_of_stock".to_owned());
    } else if available > 0 && item.sub_status.remove("out_of_stock") {
        let held = !item.sub_status.is_empty();
        if item.status == ItemStatus::Paused && !held {
            item.status = ItemStatus::Active;
        }
    }
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/user-products/{id}", PUBLISHING, show),
        get("/user-products/{id}/stock", PUBLISHING, show_stock).counted_in(Group::Stock),
        put("/user-products/{id}/stock/type/{kind}", PUBLISHING, write_stock).counted_in(Group::Stock),
        get("/sites/{site}/user-products-families/{id}", PUBLISHING, show_family_of_site),
        get("/user-products-families/{id}", PUBLISHING, show_family),
        get("/user-products-families/{id}/user-products", PUBLISHING, list_family),
        get("/users/{id}/stores/search", PUBLISHING, stores),
    ]
}

/// The user product of the path, if the caller owns it.
pub(crate) fn own_product<'a>(world: &'a World, call: &Call) -> Result<&'a UserProduct, Reply> {
    let id = call.param("id");
    let product = world
        .user_products
        .get(id)
        .ok_or_else(|| reply::not_found("not_found", &format!("User product with id {id} not found")))?;
    if product.user_id == call.user_id()? { Ok(product) } else { Err(reply::access_denied()) }
}

fn show(world: &mut World, call: &Call) -> Answer {
    let product = own_product(world, call)?;
    let attribute = |entry: &Value| {
        json!({"id": entry["id"], "name": entry["name"],
            "values": [{"id": entry["value_id"], "name": entry["value_name"], "struct": entry["value_struct"]}]})
    };
    let item = world.items.values().find(|item| item.stock_holders().contains(&product.id.as_str()));
    let pictures = item.map_or(json!([]), |item| json!(item.pictures));
    Ok(Reply::ok(json!({
        "id": product.id, "name": product.name, "user_id": product.user_id, "domain_id": product.domain_id,
        "attributes": product.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "thumbnail": {"id": pictures[0]["id"], "secure_url": pictures[0]["secure_url"]}, "pictures": pictures,
        "catalog_product_id": product.catalog_product_id, "family_id": product.family_id, "tags": [],
        "date_created": plus_compact(product.created), "last_updated": plus_compact(product.updated),
    })))
}

fn stock_document(product: &UserProduct) -> Value {
    let location = |location: &Location| {
        let mut entry = json!({"type": location.kind.word(), "quantity": location.quantity});
        if let Some(depot) = &location.depot {
            entry["network_node_id"] = json!(depot.network_node_id);
            entry["store_id"] = json!(depot.store_id);
        }
        entry
    };
    json!({"id": product.id, "user_id": product.user_id,
        "locations": product.locations.iter().map(location).collect::<Vec<_>>()})
}

fn show_stock(world: &mut World, call: &Call) -> Answer {
    let product = own_product(world, call)?;
    if product.locations.is_empty() {
        return Err(reply::not_found("not_found", "stock-locations not found"));
    }
    Ok(Reply::ok(stock_document(product)).header("x-version", product.version.to_string()))
}

fn write_stock(world: &mut World, call: &Call) -> Answer {
    let product = own_product(world, call)?;
    match call.param("kind") {
        "seller_warehouse" => {}
        "selling_address" => {
            let message = "the site is blocked for modifications to the selling address";
            return Err(reply::bad_request("bad_request", message));
        }
        _ => return Err(reply::bad_request("bad_request", "invalid stock location type")),
    }
    let version = call
        .header("x-version")
        .ok_or_else(|| reply::bad_request("bad_request", "Missing X-Version header"))?;
    if version.trim().parse() != Ok(product.version) {
        return Err(reply::conflict("conflict", "Version mismatch"));
    }
    let body = call.json()?;
    let changes = body["locations"]
        .as_array()
        .ok_or_else(|| reply::bad_request("bad_request", "locations is required"))?;
    let mut locations = product.locations.clone();
    for change in changes {
        change_location(&mut locations, change)?;
    }
    let id = product.id.clone();
    if let Some(product) = world.user_products.get_mut(&id) {
        product.locations = locations;
    }
    touch(world, &id);
    let product = own_product(world, call)?;
    Ok(Reply::ok(stock_document(product)).header("x-version", product.version.to_string()))
}

fn change_location(locations: &mut [Location], change: &Value) -> Result<(), Reply> {
    let (store, node) = (loose_text(&change["store_id"]), change["network_node_id"].as_str());
    let quantity = change["quantity"]
        .as_i64()
        .filter(|quantity| *quantity >= 0)
        .ok_or_else(|| reply::bad_request("bad_request", "quantity must be a non negative integer"))?;
    let fits = |location: &&mut Location| {
        location.depot.as_ref().is_some_and(|depot| {
            store.as_ref().is_some_and(|store| *store == depot.store_id)
                && node.is_none_or(|node| node == depot.network_node_id)
        })
    };
    let location = locations.iter_mut().find(fits).ok_or_else(|| {
        reply::bad_request("bad_request", "the store is not a stock location of the seller")
    })?;
    location.quantity = quantity;
    Ok(())
}

/// The user products of a family that belongs to the caller.
pub(super) fn family<'a>(world: &'a World, call: &Call) -> Result<Vec<&'a UserProduct>, Reply> {
    let (family, user) = (call.number("id")?, call.user_id()?);
    let members: Vec<_> =
        world.user_products.values().filter(|product| product.family_id == Some(family)).collect();
    match members.first() {
        None => Err(reply::not_found("not_found", &format!("Family with id {family} not found"))),
        Some(first) if first.user_id != user => Err(reply::access_denied()),
        Some(_) => Ok(members),
    }
}

fn show_family_of_site(world: &mut World, call: &Call) -> Answer {
    if call.param("site") != SITE {
        return Err(reply::not_found("not_found", "site not found"));
    }
    let ids: Vec<_> = family(world, call)?.into_iter().map(|product| product.id.clone()).collect();
    Ok(Reply::ok(
        json!({"user_products_ids": ids, "family_id": call.number("id")?, "site_id": SITE, "user_id": call.user_id()?}),
    ))
}

fn show_family(world: &mut World, call: &Call) -> Answer {
    let members = family(world, call)?;
    let first = members.first().copied();
    Ok(Reply::ok(json!({
        "id": call.number("id")?, "family_name": first.and_then(|it| it.family_name.clone()),
        "domain_id": first.map(|it| it.domain_id.clone()), "site_id": SITE, "user_id": call.user_id()?,
        "date_created": members.iter().map(|it| it.created).min().map(plus_compact),
        "last_updated": members.iter().map(|it| it.updated).max().map(plus_compact),
    })))
}

fn list_family(world: &mut World, call: &Call) -> Answer {
    let entry = |product: &UserProduct| json!({"id": product.id, "name": product.name, "last_updated": zulu(product.updated)});
    let members: Vec<_> = family(world, call)?.into_iter().map(entry).collect();
    Ok(Reply::ok(json!({"family_id": call.number("id")?, "user_products": members})))
}

fn stores(world: &mut World, call: &Call) -> Answer {
    let user = call.user_id()?;
    if call.number("id")? != user {
        return Err(reply::access_denied());
    }
    let user = world
        .users
        .get(&user)
        .ok_or_else(|| reply::error(StatusCode::NOT_FOUND, "not_found", "user not found"))?;
    let results: Vec<_> =
        if user.has_depots() { depots_of(user.id).iter().map(store_document).collect() } else { Vec::new() };
    Ok(Reply::ok(json!({"paging": {"limit": 50, "offset": 0, "total": results.len()}, "results": results})))
}

fn store_document(depot: &Depot) -> Value {
    json!({"id": depot.store_id, "network_node_id": depot.network_node_id, "description": format!("Depósito {}", depot.network_node_id),
        "status": "active", "site_id": SITE, "tags": ["stock_location"], "services": {"stock_location": {"schedule": []}}})
}

/// The depots of a seller with several: the same two for everybody, numbered by the seller.
#[must_use]
pub fn depots_of(user_id: i64) -> [Depot; 2] {
    [1, 2].map(|number| Depot {
        store_id: format!("{}{number}", user_id % 100_000),
        network_node_id: format!("BRP{user_id}{number}"),
    })
}

/// Gives a seller several depots, or one address again. Units stay as many as they were.
pub(crate) fn set_depots(world: &mut World, user_id: i64, several: bool) {
    for product in world.user_products.values_mut().filter(|product| product.user_id == user_id) {
        // What lies in the platform's centre is in none of the seller's places.
        if product.is_full() {
            continue;
        }
        let units = product.available();
        product.locations = if several {
            let [first, second] = depots_of(user_id);
            let place = |depot, quantity| Location {
                kind: LocationKind::SellerWarehouse,
                depot: Some(depot),
                quantity,
            };
            vec![place(first, units - units / 2), place(second, units / 2)]
        } else {
            vec![Location { kind: LocationKind::SellingAddress, depot: None, quantity: units }]
        };
        product.version += 1;
    }
}
