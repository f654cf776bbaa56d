//! Parcels as they are searched and read, and where they are (fact sheet §11).

use serde_json::{Value, json};

use super::World;
use super::ask::{Ask, PageSize, seconds};
use super::gate::{Door, shop};
use super::order_read::recipient_document;
use super::package::{Package, PackageStatus, destination};
use super::refusal::{Refusal, success};
use super::shop::{own, provider_name};
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, get, post};

/// A pick-up window in seconds, and how many are offered.
const SLOT_SECONDS: i64 = 4 * 3_600;
const SLOTS: i64 = 3;
/// Grams and centimetres of every parcel here.
const WEIGHT_GRAMS: &str = "500";

/// Parts of a recipient that orders show and parcels do not.
const ORDERS_ALONE: [&str; 5] =
    ["first_name", "last_name", "first_name_local_script", "last_name_local_script", "district_info"];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const READ: Door = shop(&[202_309], "seller.fulfillment.basic");
    const SLOTS: Door = shop(&[202_309], "seller.fulfillment.package.write");
    vec![
        post("/fulfillment/{v}/packages/search", READ, search),
        get("/fulfillment/{v}/packages/{id}", READ, show),
        get("/fulfillment/{v}/packages/{id}/handover_time_slots", SLOTS, slots),
        get("/fulfillment/{v}/orders/{id}/tracking", shop(&[202_309], "seller.logistics"), tracking),
    ]
}

impl World {
    /// The parcel of `shop_id` with this id, or the refusal.
    pub(crate) fn package_of(&self, shop_id: i64, id: i64) -> Result<&Package, Refusal> {
        let found = self.packages.get(&id).filter(|package| package.shop_id == shop_id);
        found.ok_or_else(|| Refusal::business(21_011_001, "The package does not exist"))
    }

    /// When the first of a parcel's orders was paid.
    fn paid(&self, package: &Package) -> Option<domain::Timestamp> {
        self.orders.get(package.order_ids.first()?)?.paid
    }
}

fn texts(ids: &[i64]) -> Vec<String> {
    ids.iter().map(i64::to_string).collect()
}

fn search(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let status = ask.body["package_status"].as_str().filter(|it| !it.is_empty());
    let fits = |it: &&Package| {
        it.shop_id == ask.shop_id()
            && status.is_none_or(|status| it.status.word() == status)
            && ask.in_window("create_time", it.created)
            && ask.in_window("update_time", it.updated)
    };
    let mut found: Vec<&Package> = world.packages.values().filter(fits).collect();
    match ask.query("sort_field") {
        None | Some("create_time") => found.sort_by_key(|it| (it.created, it.id)),
        Some("update_time") => found.sort_by_key(|it| (it.updated, it.id)),
        Some("order_pay_time") => found.sort_by_key(|it| (world.paid(it), it.id)),
        Some(_) => return Err(Refusal::parameter("sort_field", "it is unknown").into()),
    }
    if ask.query("sort_order") != Some("ASC") {
        found.reverse();
    }
    let rows = found.into_iter().map(row).collect();
    success(ask.page(rows, PageSize { default: Some(20), min: 1, max: 50 })?.data("packages", false))
}

fn row(package: &Package) -> Value {
    let orders: Vec<Value> =
        package.order_ids.iter().map(|id| json!({"id": id.to_string(), "skus": []})).collect();
    json!({
        "id": package.id.to_string(), "status": package.status, "orders": orders,
        "order_line_item_ids": texts(&package.line_ids), "tracking_number": package.tracking_number,
        "shipping_provider_id": package.provider_id.map(|id| id.to_string()).unwrap_or_default(),
        "shipping_provider_name": package.provider_id.and_then(provider_name).unwrap_or_default(),
        "create_time": seconds(package.created), "update_time": seconds(package.updated),
    })
}

fn show(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let package = world.package_of(ask.shop_id(), ask.id("id"))?;
    success(document(world, package))
}

/// The parcel in full.
pub(crate) fn document(world: &World, package: &Package) -> Value {
    let orders: Vec<Value> = package
        .order_ids
        .iter()
        .filter_map(|id| world.orders.get(id))
        .map(|order| {
            let lines = order.lines.iter().filter(|line| package.line_ids.contains(&line.id));
            let skus: Vec<Value> = lines
                .map(|line| {
                    json!({"id": line.sku_id.to_string(), "name": line.sku_name, "quantity": 1,
                        "image_url": super::uploads::image_url(world, &line.image)})
                })
                .collect();
            json!({"id": order.id.to_string(), "skus": skus})
        })
        .collect();
    let mut document = json!({
        "package_id": package.id.to_string(), "package_status": package.status,
        "package_sub_status": package.status.sub_word(), "orders": orders, "order_line_item_ids": texts(&package.line_ids),
        "shipping_type": package.shipping_type, "delivery_option_id": package.option_id().to_string(),
        "tracking_number": package.tracking_number, "split_and_combine_tag": package.tag, "note_tag": "NONE",
        "has_multi_skus": package.line_ids.len() > 1, "warehouse_id": package.warehouse_id.to_string(),
        "weight": {"value": WEIGHT_GRAMS, "unit": "GRAM"},
        "dimension": {"length": "20", "width": "15", "height": "10", "unit": "CM"},
        "create_time": seconds(package.created), "update_time": seconds(package.updated),
    });
    if let Some(provider) = package.provider_id {
        document["shipping_provider_id"] = json!(provider.to_string());
        document["shipping_provider_name"] = json!(provider_name(provider));
    }
    if let Some(method) = &package.handover_method {
        document["handover_method"] = json!(method);
    }
    if let Some((start, end)) = package.pickup_slot {
        document["pickup_slot"] = json!({"start_time": start, "end_time": end});
    }
    if let Some((buyer, address)) = destination(world, package) {
        let masked = package.shipping_type == "TIKTOK";
        let lines = world.rules.recipient_lines_as_warehouse;
        let mut recipient = recipient_document(buyer, address, masked, lines);
        if let Some(fields) = recipient.as_object_mut() {
            fields.retain(|name, _| !ORDERS_ALONE.contains(&name.as_str()));
        }
        document["recipient_address"] = recipient;
    }
    let shop = world.shops.get(&package.shop_id);
    if let Some((shop, warehouse)) =
        shop.and_then(|shop| Some((shop, shop.sales_warehouse(package.warehouse_id)?)))
    {
        document["sender_address"] = json!({"name": shop.name, "full_address": warehouse.address.full(),
            "postal_code": warehouse.address.postal_code, "region_code": "BR"});
    }
    document
}

/// The pick-up windows that begin after `now`, Unix seconds.
pub(crate) fn pickup_slots(now: i64) -> Vec<(i64, i64)> {
    let first = now.div_euclid(SLOT_SECONDS) + 1;
    (first..first + SLOTS).map(|slot| (slot * SLOT_SECONDS, (slot + 1) * SLOT_SECONDS)).collect()
}

fn slots(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let package = world.package_of(ask.shop_id(), ask.id("id"))?;
    if package.shipping_type != "TIKTOK" {
        return Err(Refusal::business(11_021_009, "No logistics service is available for the package").into());
    }
    let rows: Vec<Value> = pickup_slots(seconds(world.now))
        .into_iter()
        // Spelled so by the platform.
        .map(|(start, end)| json!({"start_time": start, "end_time": end, "avaliable": true}))
        .collect();
    let shop = own(world, &ask)?;
    success(json!({"can_pickup": true, "can_drop_off": true, "can_van_collection": false,
        "drop_off_point_url": format!("{}/drop_off_points?shop={}", world.base_url, shop.code), "pickup_slots": rows}))
}

fn tracking(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let order = world.order_of(ask.shop_id(), ask.id("id"))?;
    let packages = world.packages.values().filter(|it| it.order_ids.contains(&order.id));
    let mut steps: Vec<_> = packages
        .filter(|it| it.status != PackageStatus::Cancelled)
        .flat_map(|package| &package.steps)
        .collect();
    steps.sort_by_key(|step| std::cmp::Reverse((step.at, step.action_code)));
    let rows: Vec<Value> = steps
        .into_iter()
        .map(|step| {
            json!({"description": step.description, "update_time_millis": step.at.as_millis(),
                "action_code": step.action_code})
        })
        .collect();
    success(json!({ "tracking": rows }))
}
