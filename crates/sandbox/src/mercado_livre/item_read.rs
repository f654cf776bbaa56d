//! Reading items: one, many, search, prices (fact sheet §3, §6, §9).

use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::catalog_listing::relations;
use super::gate::PUBLISHING;
use super::item::{Item, ItemStatus, Variation};
use super::item_update::{carries_sku, own_item};
use super::{CURRENCY, SITE, World, full};
use crate::call::Call;
use crate::dates::zulu;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get};
use crate::text::reais;

/// Ids of one multiget at most.
const MULTIGET_MAX: usize = 20;
/// Offsets beyond this many results are refused; scan instead.
const OFFSET_CEILING: usize = 1_000;
/// Results of one page of a search at most.
const PAGE_MAX: usize = 100;
/// How long a scroll can be continued.
const SCROLL_LIFE: Duration = Duration::from_mins(5);
/// How long an item stays on sale: about twenty years.
const LISTING_LIFE: Duration = Duration::from_hours(24 * 7_300);

/// A search that is being scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scroll {
    /// What the next call shows.
    pub id: String,
    /// Whose search it is.
    pub user_id: i64,
    /// The results not yet shown.
    pub left: Vec<String>,
    /// Until when it can be continued.
    pub until: Timestamp,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/items", PUBLISHING, multiget_old),
        get("/items/bulk", PUBLISHING, multiget),
        get("/items/{id}", PUBLISHING, show),
        get("/users/{id}/items/search", PUBLISHING, search),
        get("/users/{id}/items/search/restrictions", PUBLISHING, |_, _| {
            Ok(Reply::ok(json!({"filters": [], "sorts": []})))
        }),
        get("/items/{id}/sale_price", PUBLISHING, sale_price),
        get("/items/{id}/prices", PUBLISHING, prices),
        get("/items/{id}/available_listing_types", PUBLISHING, |world, call| {
            own_item(world, call)?;
            Ok(Reply::ok(json!({"available": ["gold_special", "gold_pro"]})))
        }),
    ]
}

/// What strangers see instead of the true quantity.
fn bucket(quantity: i64) -> i64 {
    [50_000, 5_000, 500, 250, 200, 150, 100, 50]
        .into_iter()
        .find(|floor| quantity > *floor)
        .unwrap_or(i64::from(quantity > 0))
}

/// A variation as the platform shows it.
pub(crate) fn variation_document(world: &World, variation: &Variation, with_attributes: bool) -> Value {
    let mut document = json!({
        "id": variation.id, "price": reais(variation.price_minor), "attribute_combinations": variation.combinations,
        "available_quantity": world.stock_of(&variation.user_product_id), "sold_quantity": variation.sold, "sale_terms": [],
        "picture_ids": variation.picture_ids, "seller_custom_field": variation.custom_field, "catalog_product_id": null,
        "inventory_id": full::inventory_id(world, &variation.user_product_id), "item_relations": [],
        "user_product_id": variation.user_product_id,
    });
    if with_attributes {
        document["attributes"] = json!(variation.attributes);
    }
    document
}

/// An item as the platform shows it to its owner or to strangers.
pub(crate) fn item_document(world: &World, item: &Item, owner: bool) -> Value {
    let available = world.available(item);
    let seller = world.users.get(&item.seller_id);
    let thumbnail = item.pictures.first().cloned().unwrap_or_default();
    let variations: Vec<_> = item.variations.iter().map(|it| variation_document(world, it, false)).collect();
    let mut document = json!({
        "id": item.id, "site_id": SITE, "title": item.title, "family_name": item.family_name, "seller_id": item.seller_id,
        "category_id": item.category_id, "user_product_id": item.variations.is_empty().then_some(&item.user_product_id),
        "official_store_id": null, "price": reais(item.price_minor), "base_price": reais(item.price_minor),
        "original_price": item.original_price_minor.map(reais), "inventory_id": item.variations.is_empty().then(|| full::inventory_id(world, &item.user_product_id)).flatten(),
        "currency_id": CURRENCY,
        "initial_quantity": item.initial_quantity, "available_quantity": if owner { available } else { bucket(available) },
        "sale_terms": item.sale_terms, "buying_mode": item.buying_mode, "listing_type_id": item.listing_type_id,
        "stop_time": zulu(item.created.plus(LISTING_LIFE)), "end_time": zulu(item.created.plus(LISTING_LIFE)),
        "expiration_time": zulu(item.created.plus(Duration::from_hours(24 * 80))), "condition": item.condition,
        "permalink": format!("http://produto.mercadolivre.com.br/{SITE}-{}-_JM", item.id.trim_start_matches(SITE)),
        "thumbnail_id": thumbnail["id"], "thumbnail": thumbnail["url"], "pictures": item.pictures, "video_id": null,
        "descriptions": [], "accepts_mercadopago": true, "non_mercado_pago_payment_methods": [],
    });
    let rest = json!({
        "shipping": item.shipping, "international_delivery_mode": "none", "seller_contact": null, "location": {}, "geolocation": {"latitude": "", "longitude": ""},
        "seller_address": seller.map(|seller| json!({
            "city": {"name": seller.address.city}, "state": {"id": format!("BR-{}", seller.address.state), "name": seller.address.state},
            "country": {"id": "BR", "name": "Brasil"}, "search_location": {}, "id": seller.id})),
        "coverage_areas": [], "attributes": item.attributes, "warnings": item.warnings, "listing_source": "", "variations": variations,
        "status": item.status.word(), "sub_status": item.sub_status, "tags": item.tags, "warranty": warranty(item),
        "catalog_product_id": item.catalog_product_id, "domain_id": item.domain_id, "seller_custom_field": item.custom_field,
        "parent_item_id": item.parent_item_id, "differential_pricing": null, "deal_ids": [], "automatic_relist": false,
        "date_created": zulu(item.created), "last_updated": zulu(item.updated), "health": 0.85, "catalog_listing": item.catalog_listing,
        "item_relations": relations(item.twin.as_deref()), "channels": ["marketplace"], "bundle": null,
    });
    merge(&mut document, rest);
    if owner {
        let private = json!({"sold_quantity": item.sold, "start_time": zulu(item.created)});
        merge(&mut document, private);
    }
    document
}

fn merge(document: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (document, more) {
        fields.extend(more);
    }
}

fn warranty(item: &Item) -> Option<String> {
    let term = |id: &str| item.sale_terms.iter().find(|term| term["id"] == id)?["value_name"].as_str();
    let kind = term("WARRANTY_TYPE")?;
    Some(term("WARRANTY_TIME").map_or_else(|| kind.to_owned(), |time| format!("{kind}: {time}")))
}

fn item_not_found(id: &str) -> Reply {
    reply::not_found("not_found", &format!("Item with id {id} not found"))
}

fn show(world: &mut World, call: &Call) -> Answer {
    let id = call.param("id");
    let item = world.items.get(id).ok_or_else(|| item_not_found(id))?;
    let owner = item.seller_id == call.user_id()?;
    let mut document = item_document(world, item, owner);
    if call.query("include_attributes") == Some("all") {
        document["variations"] =
            item.variations.iter().map(|it| variation_document(world, it, true)).collect();
    }
    Ok(Reply::ok(document))
}

fn multiget(world: &mut World, call: &Call) -> Answer {
    let wanted: Vec<&str> =
        call.query_list("attributes").iter().filter_map(|it| it.strip_prefix("body.")).collect();
    let entries = bodies(world, call)?.into_iter().map(|(id, status, body)| {
        json!({"id": id, "status_code": status.as_u16(), "body": select(body, status, &wanted)})
    });
    Ok(Reply::ok(entries.collect()))
}

fn multiget_old(world: &mut World, call: &Call) -> Answer {
    let wanted = call.query_list("attributes");
    let entries = bodies(world, call)?
        .into_iter()
        .map(|(_, status, body)| json!({"code": status.as_u16(), "body": select(body, status, &wanted)}));
    Ok(Reply::ok(entries.collect()))
}

fn bodies(world: &World, call: &Call) -> Result<Vec<(String, StatusCode, Value)>, Reply> {
    let (ids, user) = (call.query_list("ids"), call.user_id()?);
    if ids.is_empty() || ids.len() > MULTIGET_MAX {
        return Err(reply::bad_request("bad_request", "ids must hold 1 to 20 values"));
    }
    let body = |id: &str| match world.items.get(id) {
        Some(item) => (id.to_owned(), StatusCode::OK, item_document(world, item, item.seller_id == user)),
        None => (id.to_owned(), StatusCode::NOT_FOUND, item_not_found(id).document().clone()),
    };
    Ok(ids.into_iter().map(body).collect())
}

fn select(body: Value, status: StatusCode, wanted: &[&str]) -> Value {
    match body {
        Value::Object(fields) if status == StatusCode::OK && !wanted.is_empty() => Value::Object(
            fields.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect::<Map<_, _>>(),
        ),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => body,
    }
}

fn search(world: &mut World, call: &Call) -> Answer {
    let user = call.user_id()?;
    if call.number("id")? != user {
        return Err(reply::access_denied());
    }
    let results = matching(world, call, user);
    if call.query("search_type") == Some("scan") {
        return scan(world, call, user, results);
    }
    let page = call.page(50, PAGE_MAX)?;
    if page.offset >= OFFSET_CEILING {
        return Err(reply::bad_request(
            "bad_request",
            "Invalid limit and offset values: offset must be lower than 1000",
        ));
    }
    let mut document = json!({
        "seller_id": user.to_string(), "query": call.query("q"), "paging": page.paging(results.len()), "results": page.of(&results),
        "orders": [{"id": "stop_time_asc", "name": "Encerramento"}],
        "available_orders": [{"id": "stop_time_asc", "name": "Encerramento"}, {"id": "last_updated_desc", "name": "Última atualização"}],
    });
    if call.query("include_filters") == Some("true") {
        document["filters"] = json!([]);
        document["available_filters"] = json!([]);
    }
    Ok(Reply::ok(document))
}

/// Ids of the user's items that fit every filter of the query.
fn matching(world: &World, call: &Call, user: i64) -> Vec<String> {
    let any_of = |field: &str, fits: &dyn Fn(&str) -> bool| {
        let wanted = call.query_list(field);
        wanted.is_empty() || wanted.iter().any(|value| fits(value))
    };
    let fits = |item: &&Item| {
        item.seller_id == user
            && !item.sub_status.contains("deleted")
            && any_of("status", &|status| match status {
                "pending" => item.status == ItemStatus::UnderReview,
                status => item.status.word() == status,
            })
            && any_of("sub_status", &|sub_status| item.sub_status.contains(sub_status))
            && any_of("sku", &|sku| item.custom_field.as_deref() == Some(sku))
            && any_of("seller_sku", &|sku| carries_sku(item, sku))
            && any_of("listing_type_id", &|kind| item.listing_type_id == kind)
            && any_of("tags", &|tag| item.tags.contains(tag))
            && any_of("logistic_type", &|kind| item.shipping["logistic_type"] == kind)
            && any_of("user_product_id", &|id| item.stock_holders().contains(&id))
            && any_of("q", &|text| item.title.to_lowercase().contains(&text.to_lowercase()))
    };
    let mut found: Vec<&Item> = world.items.values().filter(fits).collect();
    match call.query("orders") {
        Some("last_updated_desc") => found.sort_by_key(|item| std::cmp::Reverse(item.updated)),
        Some("last_updated_asc") => found.sort_by_key(|item| item.updated),
        Some(_) | None => {}
    }
    found.into_iter().map(|item| item.id.clone()).collect()
}

fn scan(world: &mut World, call: &Call, user: i64, results: Vec<String>) -> Answer {
    if call.query("offset").is_some() {
        return Err(reply::bad_request("bad_request", "offset cannot be combined with search_type=scan"));
    }
    let limit = call.page(50, PAGE_MAX)?.limit;
    let (now, total) = (world.now, results.len());
    world.scrolls.retain(|scroll| scroll.until > now);
    let continued = call.query("scroll_id").filter(|id| !id.is_empty());
    let place = if let Some(id) = continued {
        let known = world.scrolls.iter().position(|scroll| scroll.id == id && scroll.user_id == user);
        known.ok_or_else(|| reply::bad_request("bad_request", "Invalid or expired scroll_id"))?
    } else {
        let id = world.dice.hex(40);
        world.scrolls.push(Scroll { id, user_id: user, left: results, until: now.plus(SCROLL_LIFE) });
        world.scrolls.len() - 1
    };
    let scroll = &mut world.scrolls[place];
    let shown: Vec<String> = scroll.left.drain(..limit.min(scroll.left.len())).collect();
    let scroll_id = (!shown.is_empty()).then(|| scroll.id.clone());
    Ok(Reply::ok(json!({
        "seller_id": user.to_string(), "query": null, "paging": {"limit": limit, "total": total}, "scroll_id": scroll_id,
        "results": shown, "orders": [], "available_orders": [],
    })))
}

fn sale_price(world: &mut World, call: &Call) -> Answer {
    let id = call.param("id");
    let item = world.items.get(id).ok_or_else(|| item_not_found(id))?;
    Ok(Reply::ok(json!({
        "price_id": "1", "amount": reais(item.price_minor), "regular_amount": item.original_price_minor.map(reais),
        "currency_id": CURRENCY, "reference_date": zulu(world.now), "metadata": {},
    })))
}

fn prices(world: &mut World, call: &Call) -> Answer {
    let id = call.param("id");
    let item = world.items.get(id).ok_or_else(|| item_not_found(id))?;
    Ok(Reply::ok(json!({"id": item.id, "prices": [{
        "id": "1", "type": "standard", "amount": reais(item.price_minor), "regular_amount": null, "currency_id": CURRENCY,
        "last_updated": zulu(item.updated), "conditions": {"context_restrictions": ["channel_marketplace"], "start_time": null, "end_time": null, "eligible": true},
        "exchange_rate_context": "DEFAULT", "metadata": {}}]})))
}
