//! Arranging shipments and following parcels (fact sheet §7).

use std::time::Duration;

use serde_json::{Value, json};

use super::args::Args;
use super::channel::{self, Channel};
use super::envelope::{bare, ok, refuse};
use super::market::Door;
use super::order::{Order, OrderStatus, Package, PackageStatus};
use super::order_read::own_order;
use super::shop::{REGION, own, own_id};
use super::world::secs;
use super::{World, shipping};
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};

/// Packages of one call.
const BATCH_MAX: usize = 50;
/// Orders of `batch_ship_order`.
const BATCH_ORDERS_MAX: usize = 150;
/// The one address of a shop.
const ADDRESS_ID: i64 = 200_018_001;
/// Days on which a courier can come.
const PICKUP_DAYS: u64 = 3;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        get("/api/v2/logistics/get_channel_list", Door::Shop, channels),
        get("/api/v2/logistics/get_address_list", Door::Shop, addresses),
        get("/api/v2/logistics/get_shipping_parameter", Door::Shop, parameters),
        post("/api/v2/logistics/get_mass_shipping_parameter", Door::Shop, mass_parameters),
        post("/api/v2/logistics/ship_order", Door::Shop, ship),
        post("/api/v2/logistics/mass_ship_order", Door::Shop, mass_ship),
        post("/api/v2/logistics/batch_ship_order", Door::Shop, batch_ship),
        post("/api/v2/logistics/update_shipping_order", Door::Shop, update_shipping),
        get("/api/v2/logistics/get_tracking_number", Door::Shop, tracking_number),
        post("/api/v2/logistics/get_mass_tracking_number", Door::Shop, mass_tracking),
        get("/api/v2/logistics/get_tracking_info", Door::Shop, tracking_info),
        post("/api/v2/logistics/update_tracking_status", Door::Shop, report_way),
    ]
}

fn channels(world: &mut World, call: &Call) -> Answer {
    let shop = own(world, call)?;
    let all = channel::CHANNELS.iter().map(|it| channel::document(it, shop.channels.contains(&it.id)));
    ok(json!({"logistics_channel_list": all.collect::<Vec<_>>()}))
}

fn address() -> Value {
    json!({"address_id": ADDRESS_ID, "region": REGION, "state": "São Paulo", "city": "São Paulo", "district": "Vila Mariana",
        "town": "", "address": "Rua Vergueiro, 100", "zipcode": "01504000"})
}

fn addresses(_: &mut World, _: &Call) -> Answer {
    let mut only = address();
    only["address_type"] = json!(["DEFAULT_ADDRESS", "PICK_UP_ADDRESS", "RETURN_ADDRESS"]);
    ok(json!({"show_pickup_address": true, "address_list": [only]}))
}

/// The times at which a courier can come, by the name that `ship_order` takes.
fn time_slots(world: &World) -> Vec<Value> {
    (1..=PICKUP_DAYS)
        .map(|days| {
            let at = secs(world.now.plus(Duration::from_hours(days * 24)));
            let midnight = at - at.rem_euclid(86_400);
            let flags = if days == 1 { json!(["recommended"]) } else { json!([]) };
            json!({"date": midnight, "time_text": "09:00-18:00", "pickup_time_id": midnight.to_string(), "flags": flags})
        })
        .collect()
}

/// The package of an order that a call means.
fn package_of<'a>(order: &'a Order, number: Option<&str>) -> Result<&'a Package, Reply> {
    match number {
        Some(number) => order.package(number).ok_or_else(|| {
            refuse("logistics.package_number_not_exist", "The package number does not exist.")
        }),
        None if order.is_split() => {
            Err(refuse("logistics.package_number_not_exist", "A split order needs the package number."))
        }
        None => order
            .packages
            .first()
            .ok_or_else(|| refuse("logistics.error_not_found", "The order has no package.")),
    }
}

fn lacks_invoice() -> Reply {
    refuse("logistics.lack_of_invoice_data", "The invoice data is missing: upload the NF-e first.")
}

/// The modes in which a channel takes parcels, with what each of them needs.
fn info_needed(channel: &Channel) -> Value {
    let mut needed = json!({});
    if channel.pickup {
        needed["pickup"] = json!(["address_id", "pickup_time_id"]);
    }
    if channel.dropoff {
        needed["dropoff"] = json!([]);
    }
    needed
}

fn channel_of(order: &Order) -> Result<&'static Channel, Reply> {
    channel::find(order.channel_id)
        .ok_or_else(|| refuse("logistics.error_not_found", "The channel is unknown."))
}

fn parameter_document(world: &World, channel: &Channel) -> Value {
    let mut body = json!({"info_needed": info_needed(channel)});
    if channel.pickup {
        let mut place = address();
        place["address_flag"] = json!(["default_address", "pickup_address", "return_address"]);
        place["time_slot_list"] = json!(time_slots(world));
        body["pickup"] = json!({"address_list": [place]});
    }
    if channel.dropoff {
        body["dropoff"] = json!({"branch_list": null, "slug_list": null});
    }
    body
}

fn parameters(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let order = own_order(world, call, args.text("order_sn")?)?;
    let package = package_of(order, args.opt_text("package_number")?)?;
    if !matches!(package.status, PackageStatus::Ready | PackageStatus::PickupRetry) {
        let message = "Shipping parameters can only be obtained when package is ready to be shipped";
        return Err(refuse("logistics.error_status", message));
    }
    if order.lacks_invoice() {
        return Err(lacks_invoice());
    }
    ok(parameter_document(world, channel_of(order)?))
}

/// The one mode that a body chooses.
fn mode(body: &Value) -> Result<&'static str, Reply> {
    let given: Vec<&str> =
        ["pickup", "dropoff", "non_integrated"].into_iter().filter(|mode| !body[*mode].is_null()).collect();
    match given[..] {
        ["pickup"] => Ok("pickup"),
        ["dropoff"] => Ok("dropoff"),
        ["non_integrated"] => Ok("non_integrated"),
        _ => Err(refuse(
            "logistics.ship_order_only_support_one_type",
            "Exactly one of pickup, dropoff and non_integrated is required.",
        )),
    }
}

fn check_mode(world: &World, channel: &Channel, body: &Value) -> Result<(), Reply> {
    let mode = mode(body)?;
    let offered = match mode {
        "pickup" => channel.pickup,
        "dropoff" => channel.dropoff,
        _ => false,
    };
    if !offered {
        let code = format!("logistics.ship_order_unsupport_{mode}");
        return Err(refuse(&code, &format!("The channel does not support {mode}.")));
    }
    if mode == "pickup" {
        let (address, time) = (&body["pickup"]["address_id"], &body["pickup"]["pickup_time_id"]);
        if *address != ADDRESS_ID || time.as_str().is_none_or(str::is_empty) {
            return Err(refuse(
                "logistics.ship_order_need_address_pickup_time",
                "address_id and pickup_time_id are required.",
            ));
        }
        if !time_slots(world).iter().any(|slot| slot["pickup_time_id"] == *time) {
            return Err(refuse("logistics.ship_order_pickup_time_invalid", "The pickup time is invalid."));
        }
    }
    Ok(())
}

/// Refuses a package that cannot be arranged now.
fn check_ready(order: &Order, package: &Package) -> Result<(), Reply> {
    if package.arranged {
        return Err(refuse("logistics.package_already_shipped", "The package is already shipped."));
    }
    if order.status != OrderStatus::ReadyToShip && order.status != OrderStatus::Processed
        || package.status != PackageStatus::Ready
    {
        return Err(refuse("logistics.ship_order_not_ready_to_ship", "The package is not ready to ship."));
    }
    if order.lacks_invoice() { Err(lacks_invoice()) } else { Ok(()) }
}

fn ship(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let order = own_order(world, call, args.text("order_sn")?)?;
    let named = args.raw("package_number");
    if order.is_split() && named.as_str().is_none_or(str::is_empty) {
        return Err(refuse(
            "logistics.ship_order_need_pacakge_number",
            "A split order needs the package number.",
        ));
    }
    if !order.is_split() && named == "" {
        return Err(refuse(
            "logistics.ship_order_not_need_pacakge_number",
            "The package number must not be empty.",
        ));
    }
    let package = package_of(order, named.as_str())?;
    check_ready(order, package)?;
    check_mode(world, channel_of(order)?, &Value::Object(args.fields().clone()))?;
    let number = package.number.clone();
    shipping::arrange(world, &number);
    bare()
}

/// The shop's own package of a number, with its order.
fn own_package<'a>(world: &'a World, call: &Call, number: &str) -> Result<(&'a Order, &'a Package), Reply> {
    let shop = own_id(call)?;
    let missing = || refuse("logistics.package_number_not_exist", "The package number does not exist.");
    let sn = world.packages.get(number).ok_or_else(missing)?;
    let order = world.orders.get(sn).filter(|order| order.shop_id == shop).ok_or_else(missing)?;
    Ok((order, order.package(number).ok_or_else(missing)?))
}

fn package_numbers(args: &Args) -> Result<Vec<String>, Reply> {
    let rows = args.rows("package_list", BATCH_MAX)?;
    Ok(rows.iter().map(|row| row["package_number"].as_str().unwrap_or_default().to_owned()).collect())
}

fn why(refusal: &Reply) -> &Value {
    &refusal.document()["message"]
}

/// Success and failure side by side in a good answer.
fn two_lists(success: &[Value], failed: &[Value], mut more: Value) -> Answer {
    more["success_list"] = json!(success);
    more["fail_list"] = json!(failed);
    ok(more)
}

fn mass_parameters(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let (mut success, mut failed, mut more) = (Vec::new(), Vec::new(), json!({}));
    for number in package_numbers(&args)? {
        let checked = own_package(world, call, &number).and_then(|(order, package)| {
            check_ready(order, package)?;
            channel_of(order)
        });
        match checked {
            Ok(channel) => {
                more = parameter_document(world, channel);
                success.push(json!({"package_number": number}));
            }
            Err(refusal) => failed.push(json!({"package_number": number, "fail_reason": why(&refusal)})),
        }
    }
    two_lists(&success, &failed, more)
}

fn mass_ship(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let body = Value::Object(args.fields().clone());
    mode(&body)?;
    let (mut success, mut failed) = (Vec::new(), Vec::new());
    for number in package_numbers(&args)? {
        let checked = own_package(world, call, &number).and_then(|(order, package)| {
            check_ready(order, package)?;
            check_mode(world, channel_of(order)?, &body)
        });
        match checked {
            Ok(()) => {
                shipping::arrange(world, &number);
                success.push(json!({"package_number": number}));
            }
            Err(refusal) => failed.push(json!({"package_number": number, "fail_reason": why(&refusal)})),
        }
    }
    two_lists(&success, &failed, json!({}))
}

/// Many orders of the standard channel at once.
fn batch_ship(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let body = Value::Object(args.fields().clone());
    mode(&body)?;
    let rows = args.rows("order_list", BATCH_ORDERS_MAX)?.iter().map(|row| {
        let sn = row["order_sn"].as_str().unwrap_or_default();
        let checked = own_order(world, call, sn).and_then(|order| {
            let package = package_of(order, row["package_number"].as_str().filter(|it| !it.is_empty()))?;
            check_ready(order, package)?;
            let channel = channel_of(order)?;
            if channel.id != channel::PADRAO {
                return Err(refuse(
                    "logistics.batch_ship_not_support",
                    "Only channel 90003 is shipped in batches.",
                ));
            }
            check_mode(world, channel, &body)?;
            Ok(package.number.clone())
        });
        match checked {
            Ok(number) => {
                shipping::arrange(world, &number);
                json!({"order_sn": sn, "package_number": number})
            }
            Err(refusal) => {
                let said = refusal.document();
                json!({"order_sn": sn, "fail_error": said["error"], "fail_message": said["message"]})
            }
        }
    });
    super::envelope::batch(&rows.collect::<Vec<_>>())
}

/// After a courier came in vain: another time.
fn update_shipping(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let order = own_order(world, call, args.text("order_sn")?)?;
    let package = package_of(order, args.opt_text("package_number")?)?;
    if package.status != PackageStatus::PickupRetry {
        return Err(refuse("logistics.error_status", "Only a package whose pickup failed can be updated."));
    }
    check_mode(world, channel_of(order)?, &Value::Object(args.fields().clone()))?;
    let number = package.number.clone();
    shipping::set_package(world, &number, PackageStatus::RequestCreated);
    world.plan_in(Duration::from_hours(6), super::Event::PackageMoves(number));
    bare()
}

fn tracking_number(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let order = own_order(world, call, args.text("order_sn")?)?;
    let package = package_of(order, args.opt_text("package_number")?)?;
    let hint = if package.tracking.is_none() { "The tracking number is being generated." } else { "" };
    let mut body = json!({"tracking_number": package.tracking.as_deref().unwrap_or_default(), "hint": hint});
    for name in args.list("response_optional_fields") {
        body[name] = json!("");
    }
    ok(body)
}

fn mass_tracking(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let (mut success, mut failed) = (Vec::new(), Vec::new());
    for number in package_numbers(&args)? {
        match own_package(world, call, &number) {
            Ok((_, package)) => success.push(json!({"package_number": number,
                "tracking_number": package.tracking.as_deref().unwrap_or_default()})),
            Err(refusal) => failed.push(json!({"package_number": number, "fail_reason": why(&refusal)})),
        }
    }
    two_lists(&success, &failed, json!({}))
}

fn tracking_info(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let order = own_order(world, call, args.text("order_sn")?)?;
    let package = package_of(order, args.opt_text("package_number")?)?;
    let events = package.events.iter().rev().map(|event| {
        json!({"update_time": secs(event.at), "description": event.text, "logistics_status": event.word})
    });
    ok(
        json!({"order_sn": order.sn, "package_number": package.number, "logistics_status": package.status.word(),
        "tracking_info": events.collect::<Vec<_>>()}),
    )
}

/// A seller with own couriers reports a parcel's way. Failure stands inside a good answer.
fn report_way(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let order = own_order(world, call, args.text("order_sn")?)?;
    let status = args.text("logistics_status")?;
    let package = package_of(order, args.opt_text("package_number")?)?;
    let failed = |reason: &str| ok(json!({"update_result": "failed", "fail_reason": reason}));
    if !channel_of(order)?.by_seller {
        return failed("The channel is not the seller's own logistics.");
    }
    let next = match (status, package.status) {
        ("logistics_pickup_done", PackageStatus::RequestCreated) => PackageStatus::PickupDone,
        ("logistics_delivery_done", PackageStatus::PickupDone) => PackageStatus::DeliveryDone,
        ("logistics_delivery_failed", PackageStatus::PickupDone) => {
            let reasons = ["buyer_unreachable", "buyer_unresponsive", "no_delivery_location_consensus"];
            if !reasons.contains(&args.opt_text("failed_reason")?.unwrap_or_default()) {
                return failed("failed_reason is required.");
            }
            PackageStatus::DeliveryFailed
        }
        _ => return failed("The status does not follow the present one."),
    };
    let (number, own_code) = (package.number.clone(), args.opt_text("tracking_number")?.map(str::to_owned));
    let sn = order.sn.clone();
    if let (Some(code), Some(package)) =
        (own_code, world.orders.get_mut(&sn).and_then(|it| it.package_mut(&number)))
    {
        package.tracking = Some(code);
    }
    shipping::set_package(world, &number, next);
    ok(json!({"update_result": "succeed"}))
}
