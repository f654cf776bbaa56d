//! Splitting and combining parcels before they are shipped (fact sheet §11).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::World;
use super::ask::{Ask, PageSize};
use super::gate::{Door, shop};
use super::order::{Order, Stage, refresh};
use super::package::{self, Package, PackageStatus, call_off, tell_change};
use super::refusal::{Refusal, item_error, success};
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, get, post};
use crate::text::loose_id;

/// Orders in one look at what can be split.
const ORDERS_MAX: usize = 50;
/// Groups of one split, combinations of one call.
const GROUPS_MAX: usize = 20;

const NOT_SPLITTABLE: i64 = 21_011_002;
const NOT_COMBINABLE: i64 = 21_011_003;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const WRITE: Door = shop(&[202_309], "seller.fulfillment.package.write");
    vec![
        get("/fulfillment/{v}/orders/split_attributes", WRITE, split_attributes),
        post("/fulfillment/{v}/orders/{id}/split", WRITE, split),
        get("/fulfillment/{v}/combinable_packages/search", WRITE, combinable),
        post("/fulfillment/{v}/packages/combine", WRITE, combine),
        post("/fulfillment/{v}/packages/{id}/uncombine", WRITE, uncombine),
    ]
}

/// The parcels of an order that nobody has touched yet.
fn waiting<'a>(world: &'a World, order: &Order) -> Vec<&'a Package> {
    let mut ids: Vec<i64> = order.live_lines().filter_map(|line| line.package_id).collect();
    ids.dedup();
    let found = ids.iter().filter_map(|id| world.packages.get(id));
    found.filter(|package| package.status == PackageStatus::ToFulfill).collect()
}

/// Why an order cannot be split; `None` when it can.
fn split_obstacle(world: &World, order: &Order) -> Option<&'static str> {
    let packages = waiting(world, order);
    if order.stage != Stage::Fulfilling || packages.is_empty() {
        Some("The order is not awaiting shipment")
    } else if packages.iter().any(|package| package.order_ids.len() > 1) {
        Some("The package is combined with other orders")
    } else if packages.iter().any(|package| package.invoice.is_known()) {
        Some("The invoice was already uploaded")
    } else if order.live_lines().map(|line| line.sku_id).collect::<BTreeSet<_>>().len() < 2 {
        // In Brazil all units of a SKU stay together.
        Some("The order has a single SKU")
    } else {
        None
    }
}

fn split_attributes(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let ids = ask.query_ids("order_ids");
    if ids.is_empty() || ids.len() > ORDERS_MAX {
        return Err(Refusal::parameter("order_ids", "Expected 1 to 50 entries").into());
    }
    let mut rows = Vec::new();
    for id in ids {
        let order = world.order_of(ask.shop_id(), id)?;
        let obstacle = split_obstacle(world, order);
        rows.push(json!({"order_id": id.to_string(), "can_split": obstacle.is_none(), "reason": obstacle.unwrap_or_default(),
            "must_split": false, "must_split_reasons": []}));
    }
    success(json!({ "split_attributes": rows }))
}

/// The groups asked for: every line once, whole SKUs together.
fn read_groups(order: &Order, rows: &[Value]) -> Result<Vec<(String, Vec<i64>)>, Refusal> {
    let live: BTreeSet<i64> = order.live_lines().map(|line| line.id).collect();
    let mut seen = BTreeSet::new();
    let mut sku_group: std::collections::BTreeMap<i64, usize> = std::collections::BTreeMap::new();
    let mut groups = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let name = row["id"].as_str().unwrap_or_default().to_owned();
        let sent = row["order_line_item_ids"].as_array().map(Vec::as_slice).unwrap_or_default();
        let lines: Vec<i64> = sent.iter().filter_map(loose_id).collect();
        if lines.is_empty() || lines.len() != sent.len() {
            return Err(Refusal::parameter("order_line_item_ids", "it is empty or holds no ids"));
        }
        for line in &lines {
            let known = order.live_lines().find(|it| it.id == *line);
            let sku =
                known.ok_or_else(|| Refusal::parameter("order_line_item_ids", "not of this order"))?.sku_id;
            if !seen.insert(*line) {
                return Err(Refusal::parameter("order_line_item_ids", "a line comes twice"));
            }
            if *sku_group.entry(sku).or_insert(place) != place {
                return Err(Refusal::business(NOT_SPLITTABLE, "The units of one SKU cannot be split"));
            }
        }
        groups.push((name, lines));
    }
    if groups.len() < 2 || seen != live {
        return Err(Refusal::parameter("splittable_groups", "Expected 2 groups or more with every line"));
    }
    Ok(groups)
}

fn split(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let order = world.order_of(ask.shop_id(), ask.id("id"))?;
    if let Some(obstacle) = split_obstacle(world, order) {
        return Err(Refusal::business(NOT_SPLITTABLE, obstacle).into());
    }
    let groups = read_groups(order, ask.list("splittable_groups", GROUPS_MAX)?)?;
    let (id, shop_id) = (order.id, order.shop_id);
    let before: Vec<i64> = waiting(world, order).iter().map(|package| package.id).collect();
    for package in before {
        call_off(world, package);
    }
    let mut made = Vec::new();
    let mut rows = Vec::new();
    for (name, lines) in groups {
        if let Some(package) = package::create(world, &[id], &lines, "SPLIT") {
            made.push(package);
            rows.push(json!({"splittable_group_id": name, "id": package.to_string()}));
        }
    }
    refresh(world, id);
    tell_change(world, shop_id, "SPLIT", &made);
    success(json!({ "packages": rows }))
}

/// What two orders must share to travel in one parcel.
fn parcel_key(order: &Order) -> (i64, i64, String) {
    (order.buyer_id, order.warehouse_id, order.shipping_type.clone())
}

/// The order's only parcel, untouched, if it may be combined.
fn combinable_package(world: &World, order: &Order) -> Option<i64> {
    let packages = waiting(world, order);
    let [one] = packages.as_slice() else { return None };
    let free = order.stage == Stage::Fulfilling
        && order.cancel_requested.is_none()
        && order.new_address.is_none()
        && one.tag.is_empty()
        && !one.invoice.is_known();
    free.then_some(one.id)
}

fn combinable(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let mut groups: std::collections::BTreeMap<_, Vec<(i64, i64)>> = std::collections::BTreeMap::new();
    for order in world.orders.values().filter(|order| order.shop_id == ask.shop_id()) {
        if let Some(package) = combinable_package(world, order) {
            groups.entry(parcel_key(order)).or_default().push((package, order.id));
        }
    }
    let rows = groups
        .into_values()
        .filter(|group| group.len() > 1)
        .map(|group| {
            let orders: Vec<String> = group.iter().map(|(_, order)| order.to_string()).collect();
            json!({"id": group[0].0.to_string(), "order_ids": orders})
        })
        .collect();
    success(
        ask.page(rows, PageSize { default: Some(20), min: 1, max: 50 })?.data("combinable_packages", false),
    )
}

fn combine(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let rows = ask.list("combinable_packages", GROUPS_MAX)?.clone();
    let (mut packages, mut errors) = (Vec::new(), Vec::new());
    for row in &rows {
        let orders: Vec<i64> =
            row["order_ids"].as_array().into_iter().flatten().filter_map(loose_id).collect();
        match combine_one(world, ask.shop_id(), &orders) {
            Ok(package) => packages.push(json!({"id": package.to_string(), "order_ids": row["order_ids"]})),
            Err(refusal) => {
                let detail = json!({"id": row["id"], "order_ids": row["order_ids"]});
                errors.push(item_error(refusal.code, &refusal.message, detail));
            }
        }
    }
    success(json!({"packages": packages, "errors": errors}))
}

fn combine_one(world: &mut World, shop_id: i64, orders: &[i64]) -> Result<i64, Refusal> {
    let no = |message: &str| Refusal::business(NOT_COMBINABLE, message);
    if orders.len() < 2 || orders.iter().collect::<BTreeSet<_>>().len() != orders.len() {
        return Err(no("Two or more orders are needed"));
    }
    let mut keys = BTreeSet::new();
    let (mut before, mut lines) = (Vec::new(), Vec::new());
    for id in orders {
        let order = world.order_of(shop_id, *id)?;
        keys.insert(parcel_key(order));
        before.push(combinable_package(world, order).ok_or_else(|| no("An order cannot be combined"))?);
        lines.extend(order.live_lines().map(|line| line.id));
    }
    if keys.len() != 1 {
        return Err(no("The orders differ in buyer, warehouse or shipping"));
    }
    for package in before {
        call_off(world, package);
    }
    let package =
        package::create(world, orders, &lines, "COMBINED").ok_or_else(|| no("The orders are unknown"))?;
    for id in orders {
        refresh(world, *id);
    }
    tell_change(world, shop_id, "COMBINE", &[package]);
    Ok(package)
}

/// Takes orders out of a combined parcel; each gets one of its own.
fn uncombine(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let package = world.package_of(ask.shop_id(), ask.id("id"))?.clone();
    if package.tag != "COMBINED" || package.status != PackageStatus::ToFulfill {
        return Err(
            Refusal::business(NOT_COMBINABLE, "The package is not combined, or already shipped").into()
        );
    }
    let named = ask.id_filter("order_ids", ORDERS_MAX)?.unwrap_or_else(|| package.order_ids.clone());
    if !named.iter().all(|id| package.order_ids.contains(id)) {
        return Err(Refusal::parameter("order_ids", "an order is not in the package").into());
    }
    let rest: Vec<i64> = package.order_ids.iter().copied().filter(|id| !named.contains(id)).collect();
    // A single order left behind is no combination any more.
    let mut parts: Vec<Vec<i64>> = named.iter().map(|id| vec![*id]).collect();
    if !rest.is_empty() {
        parts.push(rest);
    }
    call_off(world, package.id);
    let mut made = Vec::new();
    let mut rows = Vec::new();
    for orders in parts {
        let lines: Vec<i64> = orders
            .iter()
            .filter_map(|id| world.orders.get(id))
            .flat_map(|order| order.live_lines().map(|line| line.id))
            .collect();
        let tag = if orders.len() > 1 { "COMBINED" } else { "" };
        if let Some(id) = package::create(world, &orders, &lines, tag) {
            made.push(id);
            let orders: Vec<String> = orders.iter().map(i64::to_string).collect();
            rows.push(json!({"id": id.to_string(), "order_ids": orders}));
        }
    }
    for id in &package.order_ids {
        refresh(world, *id);
    }
    tell_change(world, package.shop_id, "CANCEL_COMBINE", &made);
    success(json!({ "packages": rows }))
}
