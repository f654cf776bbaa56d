//! Pure translations of packages.

use domain::ChannelKind;
use domain::dispatch::{
    InvoiceState, Named, PackageLine, PackageSnapshot, PackageState, ParcelEvent, PickupPlace, Slot, Way,
};
use serde_json::Value;

use super::super::goods::{Goods, goods};
use super::super::ids::{id, is_code, is_number};
use super::super::wire::{Gap, Loose, filled, instant, is_true, owned};
use super::wire::{Order, Package, PackageItem, Parameters, Place, TimeSlot, TrackingInfo};

/// How the platform writes that there is no number yet.
const NO_NUMBER: &str = "-";

/// Where a package of this status stands, of an order of that one.
pub(in super::super) fn state(status: &str, order_status: &str, is_arranged: bool) -> PackageState {
    let of_package = match (goods(status), status) {
        (Goods::Away, _) => return PackageState::Sent,
        (Goods::WithBuyer, _) => return PackageState::Delivered,
        (Goods::Off, _) => return PackageState::Cancelled,
        (Goods::Unknown, _) | (Goods::WithSeller, "LOGISTICS_PICKUP_FAILED") => {
            return PackageState::NeedsAttention;
        }
        (Goods::WithSeller, "LOGISTICS_NOT_START" | "LOGISTICS_PENDING_ARRANGE") => PackageState::Waiting,
        // The courier came in vain: another time has to be chosen.
        (Goods::WithSeller, "LOGISTICS_PICKUP_RETRY") => PackageState::ToArrange,
        (Goods::WithSeller, "LOGISTICS_READY") if !is_arranged => PackageState::ToArrange,
        (Goods::WithSeller, _) => PackageState::Arranged,
    };
    match order_status {
        "UNPAID" | "PENDING" => PackageState::Waiting,
        // The last three: of several packages another is further.
        "READY_TO_SHIP" | "PROCESSED" | "RETRY_SHIP" | "SHIPPED" | "TO_CONFIRM_RECEIVE" | "COMPLETED" => {
            of_package
        }
        "CANCELLED" => PackageState::Cancelled,
        // The buyer wants out, or a word that nobody knows.
        _ => PackageState::NeedsAttention,
    }
}

/// Whether the platform has the order's invoice: null is "none is due", an empty object
/// "missing".
pub(in super::super) fn invoice(told: Option<&Value>) -> InvoiceState {
    let Some(told) = told.filter(|told| !told.is_null()) else { return InvoiceState::NotAsked };
    let Some(fields) = told.as_object() else { return InvoiceState::Unknown };
    if invoice_key(told).is_none() {
        let is_empty = fields.get("access_key").is_none_or(|key| key.is_null() || key == "");
        return if is_empty { InvoiceState::Missing } else { InvoiceState::Unknown };
    }
    match fields.get("status").and_then(Value::as_str) {
        Some("pending") => InvoiceState::InReview,
        // The status came on 2026-08-06: before, a key said all.
        Some("valid" | "") | None => InvoiceState::Accepted,
        Some(_) => InvoiceState::Unknown,
    }
}

/// The key of the order's invoice.
pub(in super::super) fn invoice_key(told: &Value) -> Option<&str> {
    told.get("access_key").and_then(Value::as_str).map(str::trim).filter(|key| !key.is_empty())
}

/// A package of an order.
pub(in super::super) fn package(package: &Package, order: &Order) -> Result<PackageSnapshot, Gap> {
    let number = filled(package.package_number.as_ref()).filter(|number| is_code(number));
    let number = number.ok_or_else(|| Gap::missing("package_number"))?;
    let sn = &order.order_sn.0;
    let lines = package.lines.iter().flatten().map(|item| line(sn, item)).collect::<Option<Vec<_>>>();
    let status = filled(package.fulfillment_status.as_ref()).unwrap_or_default();
    let order_status = filled(order.order_status.as_ref()).unwrap_or_default();
    let state = state(status, order_status, is_true(package.is_shipment_arranged.as_ref()));
    let is_early = is_true(order.advance_package.as_ref()) && state == PackageState::ToArrange;
    Ok(PackageSnapshot {
        channel: ChannelKind::Shopee,
        external_id: number.to_owned(),
        orders: vec![sn.clone()],
        lines: lines.ok_or_else(|| Gap("a row of item_list without what it is of".into()))?,
        // "advance_package": do not ship.
        state: if is_early { PackageState::Waiting } else { state },
        platform_status: format!("{status}/{order_status}"),
        carrier: owned(package.shipping_carrier.as_ref()),
        tracking_code: tracking_number(package).map(str::to_owned),
        invoice: invoice(order.invoice_data.as_ref()),
        by_platform: filled(order.fulfillment_flag.as_ref()) == Some("fulfilled_by_shopee"),
        ship_by: instant(package.ship_by_date.as_ref()),
        size: None,
    })
}

/// The carrier's number of a package.
pub(in super::super) fn tracking_number(package: &Package) -> Option<&str> {
    filled(package.tracking_number.as_ref()).filter(|number| *number != NO_NUMBER)
}

fn line(order: &str, item: &PackageItem) -> Option<PackageLine> {
    Some(PackageLine {
        order_external_id: order.to_owned(),
        listing_external_id: id(item.item_id.as_ref())?.to_owned(),
        variation_external_id: id(item.model_id.as_ref()).map(str::to_owned),
        units: item.model_quantity.as_ref().and_then(Loose::count).filter(|units| *units > 0)?,
    })
}

/// What is offered for a package: only what `info_needed` names, whatever else is listed.
pub(in super::super) fn ways(parameters: &Parameters) -> Result<Vec<Way>, Gap> {
    let needed = parameters.info_needed.as_ref().ok_or_else(|| Gap::missing("info_needed"))?;
    let mut ways = Vec::new();
    if needed.contains_key("pickup") {
        let places = parameters.pickup.iter().flat_map(|pickup| pickup.places.iter().flatten());
        ways.push(Way::Pickup { places: places.filter_map(place).collect() });
    }
    if needed.contains_key("dropoff") {
        let branches = parameters.dropoff.iter().flat_map(|dropoff| dropoff.branches.iter().flatten());
        let branch = |branch: &super::wire::Branch| {
            named(branch.branch_id.as_ref(), [branch.address.as_ref(), branch.city.as_ref()])
        };
        ways.push(Way::DropOff { branches: branches.filter_map(branch).collect() });
    }
    if needed.contains_key("non_integrated") {
        ways.push(Way::OwnCarrier { carriers: Vec::new() });
    }
    Ok(ways)
}

fn named(id: Option<&Loose>, words: [Option<&Loose>; 2]) -> Option<Named> {
    let id = owned(id).filter(|id| is_number(id))?;
    let words: Vec<&str> = words.into_iter().filter_map(filled).collect();
    Some(Named { id, name: words.join(", ") })
}

fn place(place: &Place) -> Option<PickupPlace> {
    let name = named(place.address_id.as_ref(), [place.address.as_ref(), place.city.as_ref()])?;
    let slots = place.slots.iter().flatten().filter_map(slot).collect();
    Some(PickupPlace { place: Some(name), slots })
}

fn slot(slot: &TimeSlot) -> Option<Slot> {
    Some(Slot {
        id: owned(slot.pickup_time_id.as_ref())?,
        from: instant(slot.date.as_ref()),
        to: None,
        words: owned(slot.time_text.as_ref()).unwrap_or_default(),
    })
}

/// What happened, the oldest first.
pub(in super::super) fn events(told: &TrackingInfo) -> Vec<ParcelEvent> {
    let event = |event: &super::wire::Event| {
        let word = owned(event.logistics_status.as_ref());
        Some(ParcelEvent {
            at: instant(event.update_time.as_ref())?,
            words: owned(event.description.as_ref()).or_else(|| word.clone())?,
            platform_word: word,
            place: None,
        })
    };
    let mut events: Vec<ParcelEvent> = told.tracking_info.iter().flatten().filter_map(event).collect();
    events.sort_by_key(|event| event.at);
    events
}
