//! What a seller does to orders: split, combine, cancel, note (fact sheet §6.3).

use serde_json::{Value, json};

use super::args::Args;
use super::envelope::{bare, ok, refuse, wrong_parameters};
use super::market::Door;
use super::order::{Order, OrderStatus, PackageStatus};
use super::order_read::own_order;
use super::shop::own;
use super::world::secs;
use super::{World, sales};
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, post};

/// Parcels that an order can be split into.
const PARCELS_MAX: usize = 5;
/// Why a seller cancels.
const REASONS: [&str; 2] = ["OUT_OF_STOCK", "CUSTOMER_REQUEST"];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        post("/api/v2/order/split_order", Door::Shop, split),
        post("/api/v2/order/unsplit_order", Door::Shop, combine),
        post("/api/v2/order/cancel_order", Door::Shop, cancel),
        post("/api/v2/order/get_estimate_cancel_value", Door::Shop, estimate),
        post("/api/v2/order/handle_buyer_cancellation", Door::Shop, answer_cancellation),
        post("/api/v2/order/set_note", Door::Shop, note),
    ]
}

fn cannot_split(why: &str) -> Reply {
    refuse("order.order_cannot_split", why)
}

/// An order whose parcels nobody has touched yet.
fn untouched<'a>(world: &'a World, call: &Call, sn: &str) -> Result<&'a Order, Reply> {
    let order = own_order(world, call, sn)?;
    if order.status != OrderStatus::ReadyToShip || order.packages.iter().any(|package| package.arranged) {
        return Err(cannot_split("The order is not READY_TO_SHIP or its shipment is arranged."));
    }
    Ok(order)
}

/// The line that a row of a parcel names.
fn line_index(order: &Order, row: &Value) -> Result<usize, Reply> {
    let model = row["model_id"].as_i64().unwrap_or(0);
    let found = order.lines.iter().position(|line| row["item_id"] == line.item_id && line.model_id == model);
    found.ok_or_else(|| wrong_parameters("an item of package_list is not in the order."))
}

fn split(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let sn = args.text("order_sn")?.to_owned();
    let rows = args.rows("package_list", PARCELS_MAX)?;
    if !own(world, call)?.may_split {
        return Err(cannot_split("The shop has no permission to split orders."));
    }
    let order = untouched(world, call, &sn)?;
    if rows.len() < 2 {
        return Err(cannot_split("An order is split into at least two packages."));
    }
    let mut parcels: Vec<Vec<(usize, i64)>> = Vec::new();
    for row in rows {
        let items = row["item_list"].as_array().filter(|items| !items.is_empty());
        let items = items.ok_or_else(|| wrong_parameters("a package without items."))?;
        let part = |item: &Value| {
            if !item["model_id"].is_i64() {
                return Err(wrong_parameters("model_id is required."));
            }
            let index = line_index(order, item)?;
            let whole = order.lines.get(index).map_or(0, |line| line.quantity);
            let quantity = item["model_quantity"].as_i64().unwrap_or(whole);
            // Units of one SKU stay together unless the shop is whitelisted.
            if quantity == whole {
                Ok((index, quantity))
            } else {
                Err(cannot_split("A SKU cannot be divided."))
            }
        };
        parcels.push(items.iter().map(part).collect::<Result<_, Reply>>()?);
    }
    let mut covered: Vec<usize> = parcels.iter().flatten().map(|(index, _)| *index).collect();
    covered.sort_unstable();
    if covered != (0..order.lines.len()).collect::<Vec<_>>() {
        return Err(cannot_split("Every item of the order must be in exactly one package."));
    }
    repack(world, &sn, parcels);
    parcels_answer(world, call, &sn)
}

/// Replaces the packages of an order.
fn repack(world: &mut World, sn: &str, parcels: Vec<Vec<(usize, i64)>>) {
    for number in sales::numbers(world, sn) {
        world.packages.remove(&number);
    }
    let packages =
        parcels.into_iter().map(|parts| sales::new_package(world, sn, parts, PackageStatus::Ready)).collect();
    let now = world.now;
    if let Some(order) = world.orders.get_mut(sn) {
        order.packages = packages;
        order.updated = now;
    }
}

fn parcels_answer(world: &World, call: &Call, sn: &str) -> Answer {
    let order = own_order(world, call, sn)?;
    let parcels = order.packages.iter().map(|package| {
        let items = package.parts.iter().filter_map(|(index, quantity)| {
            let line = order.lines.get(*index)?;
            Some(json!({"item_id": line.item_id, "model_id": line.model_id, "order_item_id": line.item_id,
                "promotion_group_id": 0, "model_quantity": quantity}))
        });
        json!({"package_number": package.number, "item_list": items.collect::<Vec<_>>()})
    });
    ok(json!({"order_sn": sn, "package_list": parcels.collect::<Vec<_>>()}))
}

fn combine(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let sn = args.text("order_sn")?.to_owned();
    let order = untouched(world, call, &sn)?;
    if !order.is_split() {
        return Err(refuse("order.order_cannot_unsplit", "The order is not split."));
    }
    let all = order.lines.iter().enumerate().map(|(index, line)| (index, line.quantity)).collect();
    repack(world, &sn, vec![all]);
    bare()
}

/// The lines that a partial cancellation names, and how many units of each.
fn partial_lines(order: &Order, rows: &[Value]) -> Result<Vec<(usize, i64)>, Reply> {
    if order.lines.len() < 2 {
        return Err(refuse("order.error_cancel", "The order cannot be cancelled in part."));
    }
    let line = |row: &Value| {
        let index = line_index(order, row)?;
        let whole = order.lines.get(index).map_or(0, |line| line.quantity - line.cancelled);
        let units = row["cancel_quantity"].as_i64().or(row["model_quantity"].as_i64()).unwrap_or(whole);
        if (1..=whole).contains(&units) {
            Ok((index, units))
        } else {
            Err(wrong_parameters("a quantity is too large."))
        }
    };
    rows.iter().map(line).collect()
}

fn partial_rows(args: &Args) -> Option<&Vec<Value>> {
    args.raw("partial_cancel_item_list").as_array().filter(|rows| !rows.is_empty())
}

fn cancel(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let sn = args.text("order_sn")?.to_owned();
    let reason = args.text("cancel_reason")?.to_owned();
    if !REASONS.contains(&reason.as_str()) {
        return Err(wrong_parameters("the cancel reason is not offered."));
    }
    let order = own_order(world, call, &sn)?;
    if !sales::is_cancellable(order) || order.packages.iter().any(|package| package.tracking.is_some()) {
        return Err(refuse("order.error_cancel", "Can not cancel this order"));
    }
    if let Some(rows) = partial_rows(&args) {
        let lines = partial_lines(order, rows)?;
        cancel_lines(world, &sn, &lines);
    } else {
        if reason == "OUT_OF_STOCK" {
            for row in args.rows("item_list", PARCELS_MAX * PARCELS_MAX)? {
                line_index(order, row)?;
            }
        }
        sales::cancel(world, &sn, "seller", &reason);
    }
    ok(json!({"update_time": secs(world.now)}))
}

fn cancel_lines(world: &mut World, sn: &str, lines: &[(usize, i64)]) {
    let now = world.now;
    for (index, units) in lines {
        let Some(line) = world.orders.get_mut(sn).and_then(|order| order.lines.get_mut(*index)) else {
            continue;
        };
        line.cancelled += units;
        let (item, model) = (line.item_id, line.model_id);
        sales::restock(world, item, model, *units);
    }
    let Some(order) = world.orders.get_mut(sn) else { return };
    order.updated = now;
    if order.lines.iter().all(|line| line.cancelled == line.quantity) {
        sales::cancel(world, sn, "seller", "OUT_OF_STOCK");
    }
}

fn estimate(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let order = own_order(world, call, args.text("order_sn")?)?;
    let centavos: i64 = match partial_rows(&args) {
        None => order.total(),
        Some(rows) => {
            let price = |index: usize| order.lines.get(index).map_or(0, |line| line.discounted);
            partial_lines(order, rows)?.into_iter().map(|(index, units)| price(index) * units).sum()
        }
    };
    // The one amount that is text.
    ok(
        json!({"order_sn": order.sn, "cancel_value_price": format!("{}.{:02}", centavos / 100, centavos % 100), "currency": "BRL"}),
    )
}

fn answer_cancellation(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let sn = args.text("order_sn")?.to_owned();
    let operation = args.text("operation")?.to_owned();
    if own_order(world, call, &sn)?.status != OrderStatus::InCancel {
        return Err(refuse("order.cancel_order_invalid_status", "The order has no request to cancel."));
    }
    match operation.as_str() {
        "ACCEPT" => sales::grant_cancellation(world, &sn),
        "REJECT" => sales::drop_cancellation(world, &sn),
        _ => return Err(wrong_parameters("operation must be ACCEPT or REJECT.")),
    }
    ok(json!({"update_time": secs(world.now)}))
}

fn note(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let sn = args.text("order_sn")?.to_owned();
    let text = args.opt_text("note")?.unwrap_or_default().to_owned();
    own_order(world, call, &sn)?;
    let now = world.now;
    if let Some(order) = world.orders.get_mut(&sn) {
        order.note = text;
        order.note_updated = Some(now);
        order.updated = now;
    }
    bare()
}
