//! Pure translations of packages.

use domain::dispatch::{
    InvoiceState, Named, PackageLine, PackageSize, PackageSnapshot, PackageState, ParcelEvent, PickupPlace,
    Slot, Way,
};
use domain::{ChannelKind, Timestamp};

use super::super::is_id;
use super::super::map::{is_cancelled, is_true};
use super::super::parcels::Stage;
use super::super::wire::{Gap, Loose, Order, filled, owned};
use super::wire::{Event, HandoverSlots, Package, PickupSlot, Providers, Tracking};
use crate::market::loose::distinct;
use crate::market::parcel::{CM, KG, measure};

/// Orders of these statuses are to be sent.
const OPEN: [&str; 3] = ["AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "AWAITING_COLLECTION"];

/// What an order says of its package that nobody has arranged yet.
fn allowed(order: &Order) -> PackageState {
    match filled(order.status.as_ref()).unwrap_or_default() {
        // Paid, but for an hour the buyer may take it back.
        "UNPAID" | "ON_HOLD" => PackageState::Waiting,
        // The buyer wants out: the seller has to answer first.
        status if OPEN.contains(&status) && is_true(order.is_buyer_request_cancel.as_ref()) => {
            PackageState::NeedsAttention
        }
        status if OPEN.contains(&status) => PackageState::ToArrange,
        "CANCELLED" | "CANCEL" => PackageState::Cancelled,
        _ => PackageState::NeedsAttention,
    }
}

/// Where a package of this status stands, with those orders.
pub(in super::super) fn state(status: &str, orders: &[Order]) -> PackageState {
    match Stage::of(status) {
        Stage::ToFulfil => {
            let said = orders.iter().map(allowed);
            // It goes only if all of it may go.
            let worst = [PackageState::NeedsAttention, PackageState::Cancelled, PackageState::Waiting];
            let said: Vec<PackageState> = said.collect();
            worst.into_iter().find(|state| said.contains(state)).unwrap_or(PackageState::ToArrange)
        }
        Stage::Arranged => PackageState::Arranged,
        Stage::Away => PackageState::Sent,
        Stage::WithBuyer => PackageState::Delivered,
        Stage::Cancelled => PackageState::Cancelled,
        Stage::Unknown => PackageState::NeedsAttention,
    }
}

/// Whether the platform has the invoice of an order, by its word for it.
pub(in super::super) fn invoice(word: Option<&str>) -> InvoiceState {
    match word {
        None | Some("NO_NEED") => InvoiceState::NotAsked,
        Some("NEED_INVOICE") => InvoiceState::Missing,
        Some("INVOICE_PROCESSING") => InvoiceState::InReview,
        Some("INVOICE_UPLOADED") => InvoiceState::Accepted,
        Some(_) => InvoiceState::Unknown,
    }
}

/// A package with its orders.
pub(in super::super) fn package(package: &Package, orders: &[Order]) -> Result<PackageSnapshot, Gap> {
    let status = filled(package.status.as_ref()).unwrap_or_default();
    let first = orders.first().ok_or_else(|| Gap::missing("orders"))?;
    // One invoice for each order: the one that is furthest behind counts.
    let rank = |state: &InvoiceState| match state {
        InvoiceState::Missing => 0,
        InvoiceState::Unknown => 1,
        InvoiceState::InReview => 2,
        InvoiceState::Accepted => 3,
        InvoiceState::NotAsked => 4,
    };
    let invoices = orders.iter().map(|order| invoice(filled(order.need_upload_invoice.as_ref())));
    let state = state(status, orders);
    let told = [&first.rts_sla_time, &first.shipping_due_time];
    let ship_by = told.into_iter().flatten().find_map(Loose::unix_seconds);
    Ok(PackageSnapshot {
        channel: ChannelKind::TikTokShop,
        external_id: package.id.0.clone(),
        orders: orders.iter().map(|order| order.id.0.clone()).collect(),
        lines: lines(package, orders)?,
        state,
        platform_status: match filled(package.sub_status.as_ref()) {
            Some(sub_status) => format!("{status}/{sub_status}"),
            None => status.to_owned(),
        },
        carrier: owned(package.shipping_provider_name.as_ref()),
        tracking_code: owned(package.tracking_number.as_ref()),
        invoice: invoices.min_by_key(rank).unwrap_or(InvoiceState::NotAsked),
        by_platform: filled(first.fulfillment_type.as_ref()) == Some("FULFILLMENT_BY_TIKTOK"),
        ship_by,
        size: size(package),
    })
}

/// Ids of a package's orders, each once.
pub(in super::super) fn order_ids(package: &Package) -> Result<Vec<String>, Gap> {
    let ids = package.orders.iter().flatten().map(|order| owned(order.id.as_ref()).filter(|id| is_id(id)));
    distinct(ids).filter(|ids| !ids.is_empty()).ok_or_else(|| Gap("a package without its orders".into()))
}

/// Units of one variation of one order are one line.
fn lines(package: &Package, orders: &[Order]) -> Result<Vec<PackageLine>, Gap> {
    let mut lines: Vec<PackageLine> = Vec::new();
    for order in orders {
        for unit in order.units.iter().flatten() {
            let is_in = filled(unit.package_id.as_ref()) == Some(package.id.0.as_str());
            if !is_in || is_cancelled(unit) {
                continue;
            }
            if ![&unit.product_id, &unit.sku_id].into_iter().all(|id| is_id(&id.0)) {
                return Err(Gap("a unit has an id that is no number".into()));
            }
            let alike = |line: &&mut PackageLine| {
                line.order_external_id == order.id.0
                    && line.listing_external_id == unit.product_id.0
                    && line.variation_external_id.as_ref() == Some(&unit.sku_id.0)
            };
            match lines.iter_mut().find(alike) {
                Some(line) => line.units += 1,
                None => lines.push(PackageLine {
                    order_external_id: order.id.0.clone(),
                    listing_external_id: unit.product_id.0.clone(),
                    variation_external_id: Some(unit.sku_id.0.clone()),
                    units: 1,
                }),
            }
        }
    }
    Ok(lines)
}

/// Grams and millimetres of the units that are certain; none of others.
fn size(package: &Package) -> Option<PackageSize> {
    let weight = package.weight.as_ref().and_then(|weight| {
        let parts = match filled(weight.unit.as_ref())? {
            "GRAM" => 1,
            "KILOGRAM" | "KG" => KG,
            _ => return None,
        };
        measure(weight.value.as_ref(), parts)
    });
    let sides = package.dimension.as_ref().and_then(|sides| {
        let parts = match filled(sides.unit.as_ref())? {
            "CM" | "CENTIMETER" => CM,
            _ => return None,
        };
        let side = |side: &Option<Loose>| measure(side.as_ref(), parts);
        Some([side(&sides.length)?, side(&sides.width)?, side(&sides.height)?])
    });
    PackageSize::told(weight, sides)
}

/// The ways of a package that the platform's carriers take.
pub(in super::super) fn ways(told: &HandoverSlots) -> Vec<Way> {
    let mut ways = Vec::new();
    if is_true(told.can_pickup.as_ref()) {
        let slots = told.slots.iter().flatten().filter_map(slot).collect();
        ways.push(Way::Pickup { places: vec![PickupPlace { place: None, slots }] });
    }
    if is_true(told.can_drop_off.as_ref()) {
        ways.push(Way::DropOff { branches: Vec::new() });
    }
    ways
}

/// A time is called by its beginning and end, as the platform takes it.
fn slot(slot: &PickupSlot) -> Option<Slot> {
    let times = (filled(slot.start_time.as_ref())?, filled(slot.end_time.as_ref())?);
    let id = format!("{}-{}", times.0, times.1);
    slot_times(&id)?;
    let is_free = slot.avaliable.is_none() || is_true(slot.avaliable.as_ref());
    let at = |time: &Option<Loose>| time.as_ref().and_then(Loose::unix_seconds);
    is_free.then(|| Slot { id, from: at(&slot.start_time), to: at(&slot.end_time), words: String::new() })
}

/// Beginning and end of a time, Unix seconds.
pub(in super::super) fn slot_times(id: &str) -> Option<(i64, i64)> {
    let (from, to) = id.split_once('-')?;
    let times = (from.parse().ok()?, to.parse().ok()?);
    (0 < times.0 && times.0 < times.1).then_some(times)
}

/// Carriers that the seller can choose.
pub(in super::super) fn carriers(told: &Providers) -> Vec<Named> {
    let carrier = |provider: &super::wire::Provider| {
        let id = owned(provider.id.as_ref()).filter(|id| is_id(id))?;
        Some(Named { id, name: owned(provider.name.as_ref()).unwrap_or_default() })
    };
    told.providers.iter().flatten().filter_map(carrier).collect()
}

/// What happened, the oldest first.
pub(in super::super) fn events(told: &Tracking) -> Vec<ParcelEvent> {
    let event = |event: &Event| {
        let millis = event.update_time_millis.as_ref()?.count().filter(|millis| *millis > 0)?;
        let word = owned(event.action_code.as_ref());
        Some(ParcelEvent {
            at: Timestamp::from_millis(millis),
            words: owned(event.description.as_ref()).or_else(|| word.clone())?,
            platform_word: word,
            place: None,
        })
    };
    let mut events: Vec<ParcelEvent> = told.tracking.iter().flatten().filter_map(event).collect();
    // The newest comes first: what happened in the same moment keeps its order.
    events.reverse();
    events.sort_by_key(|event| event.at);
    events
}
