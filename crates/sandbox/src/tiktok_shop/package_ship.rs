//! Shipping parcels and correcting their tracking (fact sheet §11).

use std::time::Duration;

use serde_json::{Value, json};

use super::World;
use super::ask::Ask;
use super::gate::{Door, shop};
use super::package::{Handover, Package, PackageStatus, arrange, obstacle};
use super::refusal::{Refusal, batch, item_error, success};
use super::shop::provider_name;
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, post};
use crate::text::{loose_id, loose_text};

/// Parcels in one batch.
const BATCH_MAX: usize = 50;
/// Characters of a tracking number.
const TRACKING_LENGTH: std::ops::RangeInclusive<usize> = 4..=50;
/// How long after shipping a tracking number may be corrected.
const CORRECTION_PATIENCE: Duration = Duration::from_hours(72);
/// How often.
const CORRECTIONS_MAX: u32 = 1;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const SHIP: Door = shop(&[202_309], "seller.fulfillment.basic");
    const CORRECT: Door = shop(&[202_309, 202_610], "seller.fulfillment.basic");
    vec![
        post("/fulfillment/{v}/packages/{id}/ship", SHIP, ship_one),
        post("/fulfillment/{v}/packages/ship", SHIP, ship_many),
        post("/fulfillment/{v}/packages/{id}/shipping_info/update", CORRECT, correct_package),
        post(
            "/fulfillment/{v}/orders/{id}/shipping_info/update",
            shop(&[202_309], "seller.logistics"),
            correct_order,
        ),
    ]
}

fn ship_one(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let id = world.package_of(ask.shop_id(), ask.id("id"))?.id;
    ship(world, id, &ask.body)?;
    success(json!({}))
}

fn ship_many(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let mut errors = Vec::new();
    for (place, row) in ask.list("packages", BATCH_MAX)?.iter().enumerate() {
        let id = loose_id(&row["id"]).unwrap_or(0);
        let outcome = world.package_of(ask.shop_id(), id).map(|package| package.id).and_then(|id| {
            if world.every_second_fails && place % 2 == 1 {
                return Err(Refusal::business(11_001_027, "Internal error, please try again"));
            }
            ship(world, id, row)
        });
        if let Err(refusal) = outcome {
            errors.push(item_error(refusal.code, &refusal.message, json!({"package_id": id.to_string()})));
        }
    }
    success(batch(&errors))
}

fn ship(world: &mut World, id: i64, body: &Value) -> Result<(), Refusal> {
    let Some(package) = world.packages.get(&id) else { return Ok(()) };
    if let Some((code, message)) = obstacle(world, package) {
        return Err(Refusal::business(code, message));
    }
    let handover =
        if package.shipping_type == "SELLER" { own_shipping(body)? } else { platform_shipping(world, body)? };
    arrange(world, id, handover);
    Ok(())
}

/// A tracking number and a carrier, as far as they make sense.
fn tracking_of(body: &Value) -> Result<(String, i64), Refusal> {
    let invalid = || Refusal::business(21_011_022, "The tracking number or the shipping provider is invalid");
    let number = loose_text(&body["tracking_number"]).ok_or_else(invalid)?;
    let fits = |sign: char| sign.is_ascii_alphanumeric() || "-_./".contains(sign);
    let provider = loose_id(&body["shipping_provider_id"]).filter(|id| provider_name(*id).is_some());
    if !TRACKING_LENGTH.contains(&number.chars().count()) || !number.chars().all(fits) {
        return Err(invalid());
    }
    Ok((number, provider.ok_or_else(invalid)?))
}

fn own_shipping(body: &Value) -> Result<Handover, Refusal> {
    if body["self_shipment"].is_null() {
        return Err(Refusal::missing("body", "self_shipment"));
    }
    Ok(Handover { method: None, slot: None, own: Some(tracking_of(&body["self_shipment"])?) })
}

fn platform_shipping(world: &World, body: &Value) -> Result<Handover, Refusal> {
    let method = body["handover_method"].as_str().unwrap_or("PICKUP");
    let slot = &body["pickup_slot"];
    let slot = loose_id(&slot["start_time"]).zip(loose_id(&slot["end_time"]));
    match method {
        "DROP_OFF" => Ok(Handover { method: Some(method.to_owned()), slot: None, own: None }),
        "PICKUP" => {
            let offered = super::package_read::pickup_slots(super::ask::seconds(world.now));
            if slot.is_some_and(|slot| !offered.contains(&slot)) {
                return Err(Refusal::parameter("pickup_slot", "it is not offered"));
            }
            let slot = slot.or_else(|| offered.first().copied());
            Ok(Handover { method: Some(method.to_owned()), slot, own: None })
        }
        _ => Err(Refusal::parameter("handover_method", "Expected PICKUP or DROP_OFF")),
    }
}

fn correct_package(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let id = world.package_of(ask.shop_id(), ask.id("id"))?.id;
    let wanted = if ask.version() == 202_610 {
        let list = ask.list("shipping_info_list", 1)?;
        tracking_of(&list[0])?
    } else {
        tracking_of(&ask.body)?
    };
    correct(world, id, wanted)?;
    success(json!({}))
}

fn correct_order(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let order = world.order_of(ask.shop_id(), ask.id("id"))?;
    let mut packages: Vec<i64> = order.live_lines().filter_map(|line| line.package_id).collect();
    packages.dedup();
    let wanted = tracking_of(&ask.body)?;
    match packages.as_slice() {
        [one] => correct(world, *one, wanted)?,
        [] => return Err(Refusal::business(21_011_043, "The order has not been shipped").into()),
        _ => {
            let message = "The order was split: update each of its packages";
            return Err(Refusal::business(21_011_004, message).into());
        }
    }
    success(json!({}))
}

fn correct(world: &mut World, id: i64, (number, provider): (String, i64)) -> Result<(), Refusal> {
    let now = world.now;
    let Some(package) = world.packages.get_mut(&id) else { return Ok(()) };
    let refuse = |code, message: &str| Err(Refusal::business(code, message));
    match package.status {
        PackageStatus::ToFulfill => return refuse(21_011_043, "The package has not been shipped"),
        PackageStatus::Cancelled => return refuse(21_011_042, "The package is cancelled"),
        PackageStatus::Completed => return refuse(21_011_030, "The package is delivered"),
        PackageStatus::Processing | PackageStatus::Fulfilling => {}
    }
    if package.shipping_type != "SELLER" {
        return refuse(21_011_022, "The tracking of a platform package cannot be changed");
    }
    if package.corrections >= CORRECTIONS_MAX {
        return refuse(21_011_051, "The tracking was already changed once");
    }
    if package.shipped.is_some_and(|at| now.since(at) > CORRECTION_PATIENCE) {
        return refuse(21_011_050, "The tracking can no longer be changed");
    }
    set_tracking(package, number, provider);
    package.updated = now;
    Ok(())
}

fn set_tracking(package: &mut Package, number: String, provider: i64) {
    package.tracking_number = number;
    package.provider_id = Some(provider);
    package.corrections += 1;
}
