//! Writing and reading stock, writing prices (fact sheet §8.3).

use std::collections::BTreeSet;

use domain::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::ask::Ask;
use super::gate::{Door, shop};
use super::product::{Offer, Product, State};
use super::product_check::{QUANTITY_MAX, check_price};
use super::refusal::{Refusal, batch, item_error, success};
use super::webhook::{Kind, notify};
use crate::call::Call;
use crate::ids::Series;
use crate::reply::Answer;
use crate::table::{Route, post};
use crate::text::loose_id;

/// SKUs in one write: as many as a product can have.
const WRITE_MAX: usize = 300;
/// Products in one inventory search.
const PRODUCTS_MAX: usize = 100;
/// SKUs in one inventory search.
const SKUS_MAX: usize = 600;
/// The code of an entry of `data.errors` that has reasons of its own.
const ENTRY_FAILED: i64 = 12_052_990;

const EVENTS: Series = Series::new("tiktok_inventory_event", 7_500_000_000_000_000_000);

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const WRITE: Door = shop(&[202_309], "seller.product.write");
    vec![
        post("/product/{v}/products/{id}/inventory/update", WRITE, update_inventory),
        post("/product/{v}/products/{id}/prices/update", WRITE, update_prices),
        post("/product/{v}/inventory/search", shop(&[202_309], "seller.product.basic"), search_inventory),
    ]
}

fn own_product<'a>(world: &'a World, ask: &Ask<'_>) -> Result<&'a Product, Refusal> {
    let found = world.product_of(ask.shop_id(), ask.id("id"));
    found.ok_or_else(|| Refusal::business(12_052_900, "The product does not exist"))
}

/// A reason why one warehouse of one SKU was not written.
struct Objection {
    warehouse_id: i64,
    code: i64,
    message: &'static str,
}

fn update_inventory(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let product = own_product(world, &ask)?;
    let id = product.id;
    if matches!(product.state, State::PlatformDeactivated | State::Freeze | State::Deleted) {
        return Err(
            Refusal::business(12_052_048, "The product cannot be changed in its present status").into()
        );
    }
    let rows = ask.list("skus", WRITE_MAX)?.clone();
    let mut errors = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let sku_id = loose_id(&row["id"]).unwrap_or(0);
        let written = if world.every_second_fails && place % 2 == 1 {
            Err(vec![Objection { warehouse_id: 0, code: 12_001_000, message: "Internal error" }])
        } else {
            read_stock(world, ask.shop_id(), id, sku_id, &row["inventory"])
        };
        match written {
            Ok(quantities) => write_stock(world, id, sku_id, &quantities, "OPEN_API"),
            Err(objections) => errors.push(entry_error(sku_id, &objections)),
        }
    }
    success(batch(&errors))
}

fn entry_error(sku_id: i64, objections: &[Objection]) -> Value {
    let extra: Vec<Value> = objections
        .iter()
        .map(
            |it| json!({"warehouse_id": it.warehouse_id.to_string(), "code": it.code, "message": it.message}),
        )
        .collect();
    let detail = json!({"sku_id": sku_id.to_string(), "extra_errors": extra});
    item_error(ENTRY_FAILED, "Failed to update the inventory of the SKU", detail)
}

/// The quantities asked for, by warehouse, or everything that speaks against them.
fn read_stock(
    world: &World,
    shop_id: i64,
    product_id: i64,
    sku_id: i64,
    sent: &Value,
) -> Result<Vec<(i64, i64)>, Vec<Objection>> {
    let object = |warehouse_id, code, message| vec![Objection { warehouse_id, code, message }];
    let product = world.products.get(&product_id);
    let Some(offer) = product.and_then(|product| product.offers.get(&sku_id)) else {
        return Err(object(0, 12_052_901, "The SKU does not exist"));
    };
    let rows = sent.as_array().map(Vec::as_slice).unwrap_or_default();
    let only = if offer.stock.len() == 1 { offer.stock.keys().next().copied() } else { None };
    let shop = world.shops.get(&shop_id);
    let (mut quantities, mut objections) = (Vec::new(), Vec::new());
    for row in rows {
        let warehouse_id = loose_id(&row["warehouse_id"]).or(only).unwrap_or(0);
        let quantity = row["quantity"].as_i64().filter(|it| (0..=QUANTITY_MAX).contains(it));
        let quantity = quantity.filter(|it| *it > 0 || world.rules.zero_quantity_allowed);
        let known = shop.is_some_and(|shop| shop.sales_warehouse(warehouse_id).is_some());
        if !known || !offer.stock.contains_key(&warehouse_id) {
            objections.extend(object(warehouse_id, 12_052_097, "The warehouse does not belong to the SKU"));
        } else if offer.in_promotion {
            objections.extend(object(warehouse_id, 12_052_393, "The stock is locked by a promotion"));
        } else if let Some(quantity) = quantity {
            quantities.push((warehouse_id, quantity));
        } else {
            objections.extend(object(warehouse_id, 98_001_004, "The quantity must be from 1 to 99999"));
        }
    }
    let named: BTreeSet<i64> = quantities.iter().map(|(warehouse, _)| *warehouse).collect();
    if objections.is_empty() && (named.len() != offer.stock.len() || quantities.len() != named.len()) {
        objections.extend(object(0, 12_019_028, "All warehouses of the SKU have to be named, once each"));
    }
    if objections.is_empty() { Ok(quantities) } else { Err(objections) }
}

/// Sets what is for sale and tells of the change; what is committed stays.
pub(crate) fn write_stock(world: &mut World, id: i64, sku_id: i64, quantities: &[(i64, i64)], source: &str) {
    let now = world.now;
    let Some(product) = world.products.get_mut(&id) else { return };
    let shop_id = product.shop_id;
    let Some(offer) = product.offers.get_mut(&sku_id) else { return };
    let before = offer.available();
    for (warehouse, quantity) in quantities {
        offer.stock.entry(*warehouse).or_default().available = *quantity;
    }
    product.updated = now;
    let after = offer.clone();
    if after.available() != before {
        tell_change(world, shop_id, (id, sku_id), &after, after.available() - before, source, now);
    }
}

fn tell_change(
    world: &mut World,
    shop_id: i64,
    (product_id, sku_id): (i64, i64),
    offer: &Offer,
    delta: i64,
    source: &str,
    now: Timestamp,
) {
    let event_id = world.ids.next(EVENTS).to_string();
    let data = json!({
        "event_id": event_id, "occurred_at": now.to_rfc3339(), "product_id": product_id.to_string(), "sku_id": sku_id.to_string(),
        "quantity_snapshot_after_change": {"available_quantity": offer.available(), "committed_quantity": offer.committed()},
        "change_detail": [{"idempotency_key": event_id, "trigger_source": source, "available_quantity_delta": delta}],
    });
    notify(world, shop_id, Kind::InventoryChange, &data);
}

fn update_prices(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let product = own_product(world, &ask)?;
    let id = product.id;
    if product.state != State::Activate {
        return Err(
            Refusal::business(12_052_048, "Prices can be changed while the product is active only").into()
        );
    }
    // Prices are written all or none: the answer has no place for partial failures.
    let mut prices = Vec::new();
    for row in ask.list("skus", WRITE_MAX)? {
        let sku_id = loose_id(&row["id"]).unwrap_or(0);
        let offer = product.offers.get(&sku_id);
        let offer = offer.ok_or_else(|| Refusal::business(12_052_901, "The SKU does not exist"))?;
        if offer.in_promotion {
            return Err(Refusal::business(12_052_038, "The price is locked by a promotion").into());
        }
        prices.push((sku_id, check_price(&row["price"])?));
    }
    let now = world.now;
    if let Some(product) = world.products.get_mut(&id) {
        product.updated = now;
        for (sku_id, minor) in prices {
            if let Some(offer) = product.offers.get_mut(&sku_id) {
                offer.price_minor = minor;
            }
        }
    }
    success(json!({}))
}

fn search_inventory(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let products = ask.id_filter("product_ids", PRODUCTS_MAX)?;
    let skus = ask.id_filter("sku_ids", SKUS_MAX)?;
    if products.is_none() && skus.is_none() {
        return Err(Refusal::missing("body", "product_ids").into());
    }
    let wanted = |product: &Product, sku_id: i64| {
        products.as_ref().is_some_and(|ids| ids.contains(&product.id))
            || skus.as_ref().is_some_and(|ids| ids.contains(&sku_id))
    };
    let mut rows = Vec::new();
    for product in world.products.values().filter(|it| it.shop_id == ask.shop_id()) {
        let shown: Vec<Value> = product
            .content
            .skus
            .iter()
            .filter(|sku| wanted(product, sku.id))
            .map(|sku| {
                let offer = product.offers.get(&sku.id).cloned().unwrap_or_default();
                inventory_document(sku.id, &sku.seller_sku, &offer)
            })
            .collect();
        if !shown.is_empty() {
            rows.push(json!({"product_id": product.id.to_string(), "skus": shown}));
        }
    }
    success(json!({ "inventory": rows }))
}

fn inventory_document(sku_id: i64, seller_sku: &str, offer: &Offer) -> Value {
    let warehouses: Vec<Value> = offer
        .stock
        .iter()
        .map(|(id, units)| {
            json!({"warehouse_id": id.to_string(), "available_quantity": units.available, "committed_quantity": units.committed})
        })
        .collect();
    json!({
        "id": sku_id.to_string(), "seller_sku": seller_sku, "total_available_quantity": offer.available(),
        "total_committed_quantity": offer.committed(), "warehouse_inventory": warehouses,
        "total_available_inventory_distribution": {"in_shop_inventory": {"quantity": offer.available()},
            "creator_inventory": [], "campaign_inventory": []},
    })
}
