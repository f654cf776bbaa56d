//! Creating items: validation, publication, relisting (fact sheet §6, §7, §8).

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};

use super::account::User;
use super::catalogue::attributes::attributes_of;
use super::catalogue::data::Category;
use super::catalogue::pictures;
use super::catalogue::{ListingModel, leaf_for, refusal, type_mismatch, validate_item, warnings};
use super::gate::PUBLISHING;
use super::item::{Item, ItemStatus, Variation, attribute_text};
use super::item_read::item_document;
use super::notice::notify;
use super::stock::{self, Depot, Location, LocationKind, UserProduct, depots_of};
use super::{SITE, World, item_update};
use crate::call::Call;
use crate::ids::Series;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, post};
use crate::text::{centavos, loose_text};

const ITEMS: Series = Series::new("item", 4_000_000_000);
const USER_PRODUCTS: Series = Series::new("user_product", 3_000_000_000);
const FAMILIES: Series = Series::new("family", 1_000_000_000_000_000);
const VARIATIONS: Series = Series::new("variation", 180_000_000_000);
/// Items of one user product at most.
const ITEMS_PER_USER_PRODUCT_MAX: usize = 30;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    let own = vec![
        post("/items", PUBLISHING, create),
        post("/items/validate", PUBLISHING, validate),
        post("/items/multiwarehouse", PUBLISHING, create_in_depots),
        post("/items/{id}/relist", PUBLISHING, relist),
        post("/user-products/{id}/items", PUBLISHING, add_condition),
    ];
    [own, item_update::routes()].concat()
}

/// A body that has passed validation.
struct Accepted {
    body: Value,
    category: &'static Category,
    warnings: Value,
}

fn accept(world: &World, seller: &User, call: &Call) -> Result<Accepted, Reply> {
    let mut body = call.json()?;
    if !body.is_object() {
        return Err(reply::bad_request("body.invalid", "The body must be a JSON object"));
    }
    if let Some(refused) = type_mismatch(&body) {
        return Err(Reply::json(StatusCode::BAD_REQUEST, refused));
    }
    if body["stock_locations"].is_array() {
        let total: i64 = stock_locations(&body).iter().map(|location| location.quantity).sum();
        body["available_quantity"] = json!(total);
    }
    if !seller.active {
        return Err(reply::error(
            StatusCode::FORBIDDEN,
            "seller.unable_to_list",
            "Seller is not allowed to list",
        ));
    }
    let leaf = leaf_for(&body).map_err(|cause| refused(&[cause]))?;
    let model = if seller.sells_user_products() { ListingModel::UserProduct } else { ListingModel::Classic };
    let causes = validate_item(leaf, &body, model, &|id| pictures::check(world, id));
    match refusal(&causes) {
        Some(refused) => Err(Reply::json(StatusCode::BAD_REQUEST, refused)),
        None => Ok(Accepted { body, category: leaf, warnings: warnings(&causes) }),
    }
}

pub(crate) fn refused(causes: &[super::catalogue::Cause]) -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, refusal(causes).unwrap_or_default())
}

fn seller_of<'a>(world: &'a World, call: &Call) -> Result<&'a User, Reply> {
    world.users.get(&call.user_id()?).ok_or_else(reply::not_yours)
}

fn validate(world: &mut World, call: &Call) -> Answer {
    accept(world, seller_of(world, call)?, call)?;
    Ok(Reply::no_content())
}

fn create(world: &mut World, call: &Call) -> Answer {
    let seller = seller_of(world, call)?;
    let (id, has_depots) = (seller.id, seller.has_depots());
    if has_depots {
        let message = "Sellers with several stock locations must use /items/multiwarehouse";
        return Err(reply::bad_request("validation_error", message));
    }
    let accepted = accept(world, seller, call)?;
    let item = publish(world, id, accepted.category, &accepted.body);
    answer_created(world, &item, &accepted.warnings)
}

fn create_in_depots(world: &mut World, call: &Call) -> Answer {
    let seller = seller_of(world, call)?;
    let body = call.json()?;
    if !seller.has_depots() {
        return Err(reply::bad_request(
            "validation_error",
            "The seller does not have several stock locations",
        ));
    }
    if !body["available_quantity"].is_null() || !body["stock_locations"].is_array() {
        let message = "stock_locations is required and available_quantity is not allowed";
        return Err(reply::bad_request("validation_error", message));
    }
    let mine = depots_of(seller.id);
    if stock_locations(&body)
        .iter()
        .any(|location| location.depot.as_ref().is_none_or(|depot| !mine.contains(depot)))
    {
        return Err(reply::bad_request(
            "validation_error",
            "the store is not a stock location of the seller",
        ));
    }
    let id = seller.id;
    let accepted = accept(world, seller, call)?;
    let item = publish(world, id, accepted.category, &accepted.body);
    answer_created(world, &item, &accepted.warnings)
}

fn stock_locations(body: &Value) -> Vec<Location> {
    let read = |entry: &Value| Location {
        kind: LocationKind::SellerWarehouse,
        depot: Some(Depot {
            store_id: loose_text(&entry["store_id"]).unwrap_or_default(),
            network_node_id: entry["network_node_id"].as_str().unwrap_or_default().to_owned(),
        }),
        quantity: entry["quantity"].as_i64().unwrap_or(0).max(0),
    };
    body["stock_locations"].as_array().map(|all| all.iter().map(read).collect()).unwrap_or_default()
}

fn answer_created(world: &mut World, id: &str, warnings: &Value) -> Answer {
    let item = world.items.get_mut(id).ok_or_else(reply::item_locked)?;
    item.warnings = warnings.as_array().cloned().unwrap_or_default();
    let item = world.items.get(id).ok_or_else(reply::item_locked)?;
    Ok(Reply::created(item_document(world, item, true)))
}

/// Puts a valid body on sale. Gives the item's id.
pub(crate) fn publish(world: &mut World, seller_id: i64, category: &Category, body: &Value) -> String {
    let sent = body["pictures"].as_array().cloned().unwrap_or_default();
    let (pictures, pending) = pictures::accept(world, seller_id, &sent);
    let attributes = complete_attributes(category, &body["attributes"]);
    let family_name = body["family_name"].as_str().map(str::to_owned);
    let title = match (&family_name, body["title"].as_str()) {
        (Some(family), _) => generated_title(family, &attributes),
        (None, title) => title.unwrap_or_default().to_owned(),
    };
    let quantity = body["available_quantity"].as_i64().unwrap_or(0).max(0);
    let places = match stock_locations(body) {
        places if places.is_empty() => one_address(quantity),
        places => places,
    };
    let holder = Holder { seller_id, category, family_name: family_name.as_deref(), name: &title };
    let variations = make_variations(world, &holder, &body["variations"]);
    let user_product_id = holder.find_or_make(world, &attributes, places);
    let id = next_item_id(world);
    let mut item = Item {
        id: id.clone(),
        seller_id,
        title,
        category_id: category.id.to_owned(),
        domain_id: category.domain.map(|domain| domain.0.to_owned()).unwrap_or_default(),
        user_product_id,
        price_minor: centavos(&body["price"])
            .or_else(|| variations.iter().map(|it| it.price_minor).max())
            .unwrap_or(0),
        original_price_minor: None,
        initial_quantity: quantity,
        sold: 0,
        buying_mode: "buy_it_now".to_owned(),
        listing_type_id: body["listing_type_id"].as_str().unwrap_or("gold_special").to_owned(),
        listing_type_changed: false,
        condition: condition_of(body, &attributes),
        pictures,
        attributes,
        sale_terms: complete_terms(&body["sale_terms"]),
        variations,
        shipping: complete_shipping(&body["shipping"]),
        status: ItemStatus::Active,
        sub_status: BTreeSet::new(),
        tags: starting_tags(body, family_name.is_some()),
        warnings: Vec::new(),
        catalog_product_id: body["catalog_product_id"].as_str().map(str::to_owned),
        catalog_listing: body["catalog_listing"] == true,
        twin: None,
        parent_item_id: None,
        relisted_as: None,
        custom_field: body["seller_custom_field"].as_str().map(str::to_owned),
        description: None,
        price_automation: false,
        created: world.now,
        updated: world.now,
        family_name,
    };
    if pending {
        item.status = ItemStatus::Paused;
        item.sub_status.insert("picture_downloading_pending".to_owned());
    }
    world.items.insert(id.clone(), item);
    stock::settle(world, &id);
    notify(world, seller_id, "items", &format!("/items/{id}"), &[]);
    id
}

/// A family id that nobody has yet.
pub(super) fn next_family_id(world: &mut World) -> i64 {
    world.ids.next(FAMILIES)
}

/// An item id that nobody has yet.
pub(super) fn next_item_id(world: &mut World) -> String {
    format!("{SITE}{}", world.ids.next(ITEMS))
}

fn one_address(quantity: i64) -> Vec<Location> {
    vec![Location { kind: LocationKind::SellingAddress, depot: None, quantity }]
}

fn starting_tags(body: &Value, of_family: bool) -> BTreeSet<String> {
    let mut tags = BTreeSet::from(["cart_eligible".to_owned(), "immediate_payment".to_owned()]);
    let name = body["title"].as_str().or(body["family_name"].as_str()).unwrap_or_default().to_lowercase();
    if name.starts_with("item de teste") {
        tags.insert("test_item".to_owned());
    }
    if of_family {
        tags.insert("user_product_listing".to_owned());
    }
    tags
}

fn condition_of(body: &Value, attributes: &[Value]) -> String {
    let by_attribute =
        attributes.iter().find(|it| it["id"] == "ITEM_CONDITION").and_then(|it| it["value_id"].as_str());
    let word = match by_attribute {
        Some("2230284") => "new",
        Some("2230581") => "used",
        Some("2230582") => "refurbished",
        Some(_) | None => body["condition"].as_str().unwrap_or("new"),
    };
    word.to_owned()
}

/// The title that the platform makes in the new listing model.
pub(super) fn generated_title(family_name: &str, attributes: &[Value]) -> String {
    let axes = ["COLOR", "SIZE", "INTERNAL_MEMORY", "VOLTAGE"];
    let values = axes.iter().filter_map(|axis| attribute_text(attributes, axis));
    std::iter::once(family_name)
        .chain(values.filter(|value| !family_name.contains(value)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Who is to hold the stock of a new item or variation.
struct Holder<'a> {
    seller_id: i64,
    category: &'a Category,
    family_name: Option<&'a str>,
    name: &'a str,
}

impl Holder<'_> {
    /// In the new listing model the same variant of the same family is one user product;
    /// in the classic model every item and variation has its own.
    fn find_or_make(&self, world: &mut World, attributes: &[Value], locations: Vec<Location>) -> String {
        if let Some(id) = self.find(world, attributes) {
            let quantity = locations.iter().map(|location| location.quantity).sum();
            stock::set(world, &id, quantity);
            return id;
        }
        let family_id = self.family_name.map(|name| self.family_of(world, name));
        let id = format!("{SITE}U{}", world.ids.next(USER_PRODUCTS));
        let product = UserProduct {
            id: id.clone(),
            user_id: self.seller_id,
            name: self.name.to_owned(),
            domain_id: self.category.domain.map(|domain| domain.0.to_owned()).unwrap_or_default(),
            family_id,
            family_name: self.family_name.map(str::to_owned),
            attributes: attributes.to_vec(),
            catalog_product_id: None,
            locations,
            version: 1,
            created: world.now,
            updated: world.now,
        };
        world.user_products.insert(id.clone(), product);
        notify(world, self.seller_id, "user_products", &format!("/user-products/{id}"), &["created"]);
        id
    }

    fn find(&self, world: &World, attributes: &[Value]) -> Option<String> {
        let name = self.family_name?;
        let fits = |product: &&UserProduct| {
            product.user_id == self.seller_id
                && product.family_name.as_deref() == Some(name)
                && product.attributes == attributes
        };
        world.user_products.values().find(fits).map(|product| product.id.clone())
    }

    fn family_of(&self, world: &mut World, name: &str) -> i64 {
        let domain = self.category.domain.map(|domain| domain.0).unwrap_or_default();
        let fits = |product: &&UserProduct| {
            product.user_id == self.seller_id
                && product.family_name.as_deref() == Some(name)
                && product.domain_id == domain
        };
        let known = world.user_products.values().find(fits).and_then(|product| product.family_id);
        known.unwrap_or_else(|| world.ids.next(FAMILIES))
    }
}

fn make_variations(world: &mut World, holder: &Holder<'_>, sent: &Value) -> Vec<Variation> {
    let sent = sent.as_array().map(Vec::as_slice).unwrap_or_default();
    sent.iter().map(|body| make_variation(world, holder, body)).collect()
}

fn make_variation(world: &mut World, holder: &Holder<'_>, body: &Value) -> Variation {
    let attributes = complete_attributes(holder.category, &body["attributes"]);
    let quantity = body["available_quantity"].as_i64().unwrap_or(0).max(0);
    Variation {
        id: world.ids.next(VARIATIONS),
        price_minor: centavos(&body["price"]).unwrap_or(0),
        combinations: complete_attributes(holder.category, &body["attribute_combinations"]),
        picture_ids: body["picture_ids"].as_array().cloned().unwrap_or_default(),
        sold: 0,
        user_product_id: holder.find_or_make(world, &attributes, one_address(quantity)),
        custom_field: body["seller_custom_field"].as_str().map(str::to_owned),
        attributes,
    }
}

/// A new variation of an existing item.
pub(crate) fn add_variation(world: &mut World, item: &Item, category: &Category, body: &Value) -> Variation {
    let holder = Holder { seller_id: item.seller_id, category, family_name: None, name: &item.title };
    make_variation(world, &holder, body)
}

/// Attributes as the platform shows them: names and ids looked up, each value also in `values`. One that the seller
/// made up has a name and no id.
pub(crate) fn complete_attributes(category: &Category, sent: &Value) -> Vec<Value> {
    let known = attributes_of(category);
    let complete = |entry: &Value| {
        let id = entry["id"].as_str();
        let attribute = known.iter().find(|attribute| Some(attribute.id) == id);
        let name = attribute.map(|attribute| attribute.name).or(id).or_else(|| entry["name"].as_str())?;
        let choices = attribute.map_or(&[][..], |attribute| attribute.values);
        let (value_id, value_name) = (loose_text(&entry["value_id"]), loose_text(&entry["value_name"]));
        let by_id = choices.iter().find(|(choice, _)| value_id.as_deref() == Some(choice));
        let by_name = choices
            .iter()
            .find(|(_, name)| value_name.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(name)));
        let value_name = value_name.or_else(|| by_id.map(|(_, name)| (*name).to_owned()))?;
        let value_id = value_id.or_else(|| by_name.map(|(choice, _)| (*choice).to_owned()));
        let value_type = attribute.map_or("string", |attribute| attribute.value_type);
        let value_struct =
            if value_type == "number_unit" { number_and_unit(&value_name) } else { Value::Null };
        Some(json!({
            "id": id, "name": name, "value_id": value_id,
            "value_name": value_name, "value_struct": value_struct,
            "values": [{"id": value_id, "name": value_name, "struct": value_struct}],
            "attribute_group_id": "OTHERS", "attribute_group_name": "Outros", "value_type": value_type,
        }))
    };
    sent.as_array().map(|all| all.iter().filter_map(complete).collect()).unwrap_or_default()
}

fn number_and_unit(text: &str) -> Value {
    let parts = text.split_once(' ').and_then(|(number, unit)| Some((number.parse::<f64>().ok()?, unit)));
    parts.map_or(Value::Null, |(number, unit)| json!({"number": number, "unit": unit}))
}

/// Sale terms as the platform shows them.
pub(crate) fn complete_terms(sent: &Value) -> Vec<Value> {
    let terms = [
        ("WARRANTY_TYPE", "Tipo de garantia"),
        ("WARRANTY_TIME", "Tempo de garantia"),
        ("MANUFACTURING_TIME", "Tempo de disponibilidade"),
        ("PURCHASE_MAX_QUANTITY", "Quantidade máxima por compra"),
        ("INVOICE", "Faturamento"),
    ];
    let warranties = [
        ("2230280", "Garantia do vendedor"),
        ("2230279", "Garantia de fábrica"),
        ("6150835", "Sem garantia"),
    ];
    let complete = |entry: &Value| {
        let id = entry["id"].as_str()?;
        let value_id = loose_text(&entry["value_id"]);
        let named = warranties.iter().find(|(warranty, _)| value_id.as_deref() == Some(warranty));
        let value_name =
            loose_text(&entry["value_name"]).or_else(|| named.map(|(_, name)| (*name).to_owned()));
        let name = terms.iter().find(|(term, _)| *term == id).map_or(id, |(_, name)| name);
        let value_struct = value_name.as_deref().map_or(Value::Null, number_and_unit);
        Some(
            json!({"id": id, "name": name, "value_id": value_id, "value_name": value_name, "value_struct": value_struct,
            "values": [{"id": value_id, "name": value_name, "struct": value_struct}]}),
        )
    };
    sent.as_array().map(|all| all.iter().filter_map(complete).collect()).unwrap_or_default()
}

/// The shipping object as the platform shows it. Asking for another mode than me2 is
/// silently turned into `not_specified`.
pub(crate) fn complete_shipping(sent: &Value) -> Value {
    let me2 = matches!(sent["mode"].as_str(), Some("me2") | None);
    json!({
        "mode": if me2 { "me2" } else { "not_specified" }, "methods": [], "tags": if me2 { json!(["me2_available"]) } else { json!([]) },
        "dimensions": null, "local_pick_up": sent["local_pick_up"] == true, "free_shipping": sent["free_shipping"] == true,
        "logistic_type": if me2 { "cross_docking" } else { "not_specified" }, "store_pick_up": false, "free_methods": [],
    })
}

fn relist(world: &mut World, call: &Call) -> Answer {
    let parent = item_update::own_item(world, call)?.clone();
    let body = call.json()?;
    if parent.status != ItemStatus::Closed {
        return Err(reply::bad_request("item.relist.invalid", "Only closed items can be relisted"));
    }
    if parent.relisted_as.is_some() {
        return Err(reply::bad_request("item.relist.invalid", "The item was already relisted"));
    }
    let category =
        leaf_for(&json!({"category_id": parent.category_id})).map_err(|cause| refused(&[cause]))?;
    let price = centavos(&body["price"]).unwrap_or(parent.price_minor);
    let mut fresh = json!({
        "title": parent.title, "price": crate::text::reais(price), "available_quantity": body["quantity"].as_i64().unwrap_or(1),
        "listing_type_id": body["listing_type_id"].as_str().unwrap_or(&parent.listing_type_id), "condition": parent.condition,
        "pictures": parent.pictures, "attributes": parent.attributes, "sale_terms": parent.sale_terms, "shipping": parent.shipping,
        "seller_custom_field": parent.custom_field, "variations": relisted_variations(&parent, &body["variations"]),
    });
    if let Some(family) = &parent.family_name {
        fresh["family_name"] = json!(family);
    }
    let id = publish(world, parent.seller_id, category, &fresh);
    if let Some(item) = world.items.get_mut(&id) {
        item.parent_item_id = Some(parent.id.clone());
        item.tags.extend(["relist".to_owned(), "dragged_bids_and_visits".to_owned()]);
        item.description.clone_from(&parent.description);
    }
    if let Some(parent) = world.items.get_mut(&parent.id) {
        parent.relisted_as = Some(id.clone());
    }
    answer_created(world, &id, &json!([]))
}

fn relisted_variations(parent: &Item, sent: &Value) -> Value {
    let sent = sent.as_array().map(Vec::as_slice).unwrap_or_default();
    let again = |variation: &Variation| {
        let wish = sent.iter().find(|entry| entry["id"] == variation.id)?;
        Some(json!({
            "price": if wish["price"].is_null() { crate::text::reais(variation.price_minor) } else { wish["price"].clone() },
            "available_quantity": wish["quantity"], "attribute_combinations": variation.combinations,
            "attributes": variation.attributes, "picture_ids": variation.picture_ids,
        }))
    };
    parent.variations.iter().filter_map(again).collect()
}

/// Another selling condition of a user product: quantity, attributes and pictures are inherited.
fn add_condition(world: &mut World, call: &Call) -> Answer {
    let product = stock::own_product(world, call)?.clone();
    let body = call.json()?;
    for inherited in ["available_quantity", "attributes", "pictures", "title", "variations"] {
        if !body[inherited].is_null() {
            let message =
                format!("The field {inherited} is inherited from the user product and must not be sent");
            return Err(reply::bad_request("validation_error", &message));
        }
    }
    let siblings: Vec<&Item> =
        world.items.values().filter(|item| item.user_product_id == product.id).collect();
    let Some(model) = siblings.first().copied().cloned() else {
        return Err(reply::bad_request("validation_error", "The user product has no item to inherit from"));
    };
    if siblings.len() >= ITEMS_PER_USER_PRODUCT_MAX {
        return Err(reply::bad_request(
            "validation_error",
            "The user product has reached its maximum of 30 items",
        ));
    }
    let category = leaf_for(&json!({"category_id": model.category_id})).map_err(|cause| refused(&[cause]))?;
    if centavos(&body["price"]).is_none_or(|price| price < category.minimum_price) {
        return Err(reply::bad_request(
            "item.price.invalid",
            "The price is required and must reach the minimum",
        ));
    }
    let mut fresh = body.clone();
    fresh["family_name"] = json!(product.family_name);
    fresh["available_quantity"] = json!(product.available());
    fresh["attributes"] = json!(product.attributes);
    fresh["pictures"] = json!(model.pictures);
    let id = publish(world, product.user_id, category, &fresh);
    answer_created(world, &id, &json!([]))
}
