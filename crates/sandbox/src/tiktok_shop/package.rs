//! Parcels: what is in them and the way they go (fact sheet §11).

use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ask::seconds;
use super::invoice::Invoice;
use super::order::{Stage, refresh};
use super::shop::{Address, PLATFORM_OPTION, PROVIDERS, SELLER_OPTION};
use super::webhook::{Kind, notify};
use super::{Event, World};
use crate::ids::Series;

const PACKAGES: Series = Series::new("tiktok_package", 1_153_000_000_000_000_000);
const TRACKING_NUMBERS: Series = Series::new("tiktok_tracking", 888_000_000_000);

/// Where a parcel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PackageStatus {
    /// Nothing done yet.
    ToFulfill,
    /// Shipping is arranged; it waits for the carrier.
    Processing,
    /// The carrier has it.
    Fulfilling,
    /// The buyer has it.
    Completed,
    /// Called off.
    Cancelled,
}

impl PackageStatus {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ToFulfill => "TO_FULFILL",
            Self::Processing => "PROCESSING",
            Self::Fulfilling => "FULFILLING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The finer word.
    #[must_use]
    pub fn sub_word(self) -> &'static str {
        match self {
            Self::ToFulfill => "CREATED",
            Self::Processing => "RTS",
            Self::Fulfilling => "TTS",
            Self::Completed => "DELIVERED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// One step of a parcel's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What people read.
    pub description: String,
    /// The machine word.
    pub action_code: i64,
}

/// A parcel: lines of one order, or of several that were combined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// The id.
    pub id: i64,
    /// The shop.
    pub shop_id: i64,
    /// The orders.
    pub order_ids: Vec<i64>,
    /// The units.
    pub line_ids: Vec<i64>,
    /// Where it stands.
    pub status: PackageStatus,
    /// `SPLIT`, `COMBINED` or empty.
    pub tag: String,
    /// `TIKTOK` or `SELLER`.
    pub shipping_type: String,
    /// The warehouse it leaves from.
    pub warehouse_id: i64,
    /// `PICKUP` or `DROP_OFF`, once shipped.
    pub handover_method: Option<String>,
    /// Beginning and end of the pick-up, Unix seconds.
    pub pickup_slot: Option<(i64, i64)>,
    /// The tracking number; empty until shipped.
    pub tracking_number: String,
    /// The carrier.
    pub provider_id: Option<i64>,
    /// How often the tracking number was corrected.
    pub corrections: u32,
    /// The note for it.
    pub invoice: Invoice,
    /// When the label is there.
    pub label_at: Option<Timestamp>,
    /// When shipping was arranged.
    pub shipped: Option<Timestamp>,
    /// When the carrier scanned it.
    pub collected: Option<Timestamp>,
    /// When it arrived.
    pub delivered: Option<Timestamp>,
    /// The steps of its way, oldest first.
    pub steps: Vec<Step>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Package {
    /// The way it travels by.
    #[must_use]
    pub fn option_id(&self) -> i64 {
        if self.shipping_type == "SELLER" { SELLER_OPTION.id } else { PLATFORM_OPTION.id }
    }
}

/// A parcel with these lines, in its first state; the lines are put into it.
pub(crate) fn create(world: &mut World, order_ids: &[i64], line_ids: &[i64], tag: &str) -> Option<i64> {
    let id = world.ids.next(PACKAGES);
    let now = world.now;
    let first = world.orders.get(order_ids.first()?)?;
    let package = Package {
        id,
        shop_id: first.shop_id,
        order_ids: order_ids.to_vec(),
        line_ids: line_ids.to_vec(),
        status: PackageStatus::ToFulfill,
        tag: tag.to_owned(),
        shipping_type: first.shipping_type.clone(),
        warehouse_id: first.warehouse_id,
        handover_method: None,
        pickup_slot: None,
        tracking_number: String::new(),
        provider_id: None,
        corrections: 0,
        invoice: Invoice::default(),
        label_at: None,
        shipped: None,
        collected: None,
        delivered: None,
        steps: Vec::new(),
        created: now,
        updated: now,
    };
    world.packages.insert(id, package);
    for order_id in order_ids {
        let Some(order) = world.orders.get_mut(order_id) else { continue };
        for line in order.lines.iter_mut().filter(|line| line_ids.contains(&line.id)) {
            line.package_id = Some(id);
        }
    }
    Some(id)
}

/// The parcel of a paid order.
pub(crate) fn begin(world: &mut World, order_id: i64) {
    let Some(order) = world.orders.get(&order_id) else { return };
    let lines: Vec<i64> = order.live_lines().map(|line| line.id).collect();
    create(world, &[order_id], &lines, "");
}

/// Ends a parcel that is not to leave.
pub(crate) fn call_off(world: &mut World, id: i64) {
    let now = world.now;
    if let Some(package) = world.packages.get_mut(&id) {
        package.status = PackageStatus::Cancelled;
        package.updated = now;
    }
}

/// A tracking number of the platform's carrier.
pub(crate) fn tracking_number(world: &mut World) -> String {
    format!("BR{}", world.ids.next(TRACKING_NUMBERS))
}

/// Tells of a parcel that was split off, combined or called off.
pub(crate) fn tell_change(world: &mut World, shop_id: i64, change: &str, packages: &[i64]) {
    let list: Vec<Value> = packages
        .iter()
        .filter_map(|id| world.packages.get(id))
        .map(|package| {
            let orders: Vec<String> = package.order_ids.iter().map(i64::to_string).collect();
            json!({"package_id": package.id.to_string(), "order_id_list": orders})
        })
        .collect();
    let data = json!({"sc_type": change, "role_type": "ROLE_SELLER", "package_list": list, "update_time": seconds(world.now)});
    notify(world, shop_id, Kind::PackageUpdate, &data);
}

fn note_step(world: &mut World, id: i64, description: &str, action_code: i64) {
    let now = world.now;
    if let Some(package) = world.packages.get_mut(&id) {
        package.steps.push(Step { at: now, description: description.to_owned(), action_code });
        package.updated = now;
    }
}

fn refresh_orders(world: &mut World, id: i64) {
    let orders = world.packages.get(&id).map(|package| package.order_ids.clone()).unwrap_or_default();
    for order in orders {
        refresh(world, order);
    }
}

/// How a parcel is handed over.
pub(crate) struct Handover {
    /// `PICKUP`, `DROP_OFF` or `None` for the seller's own shipping.
    pub(crate) method: Option<String>,
    /// Beginning and end of the pick-up.
    pub(crate) slot: Option<(i64, i64)>,
    /// The seller's tracking number and carrier.
    pub(crate) own: Option<(String, i64)>,
}

/// Shipping is arranged: tracking number, label soon, carrier later.
pub(crate) fn arrange(world: &mut World, id: i64, handover: Handover) {
    let now = world.now;
    let (tracking, provider) = match handover.own {
        Some((tracking, provider)) => (tracking, provider),
        None => (tracking_number(world), PROVIDERS[0].0),
    };
    let label_at = now.plus(Duration::from_secs(world.rules.label_seconds));
    let Some(package) = world.packages.get_mut(&id) else { return };
    package.status = PackageStatus::Processing;
    package.handover_method = handover.method;
    package.pickup_slot = handover.slot;
    package.tracking_number = tracking;
    package.provider_id = Some(provider);
    package.label_at = Some(label_at);
    package.shipped = Some(now);
    note_step(world, id, "O vendedor preparou o pacote.", 1);
    if let Some(after) = world.rules.collect_seconds {
        world.agenda.plan(now.plus(Duration::from_secs(after)), Event::Collected(id));
    }
    refresh_orders(world, id);
}

/// The seller arranges the platform's shipping by hand, in the seller centre. False while
/// something stands in the way.
pub(crate) fn ship_by_hand(world: &mut World, id: i64) -> bool {
    let ready = |package: &Package| package.shipping_type != "SELLER" && obstacle(world, package).is_none();
    let is_ready = world.packages.get(&id).is_some_and(ready);
    if is_ready {
        arrange(world, id, Handover { method: Some("DROP_OFF".to_owned()), slot: None, own: None });
    }
    is_ready
}

/// The carrier scans the parcel: its units are gone for good.
pub fn collect(world: &mut World, id: i64) -> bool {
    let now = world.now;
    let Some(package) = world.packages.get_mut(&id) else { return false };
    if package.status != PackageStatus::Processing {
        return false;
    }
    package.status = PackageStatus::Fulfilling;
    package.collected = Some(now);
    let warehouse = package.warehouse_id;
    let (orders, lines) = (package.order_ids.clone(), package.line_ids.clone());
    for order in orders {
        let Some(order) = world.orders.get(&order) else { continue };
        let gone: Vec<(i64, i64)> = order
            .live_lines()
            .filter(|line| lines.contains(&line.id))
            .map(|line| (line.product_id, line.sku_id))
            .collect();
        for (product, sku) in gone {
            world.hand_over_units(product, sku, warehouse, 1);
        }
    }
    note_step(world, id, "A transportadora coletou o pacote.", 2);
    let arrival = now.plus(Duration::from_secs(world.rules.transit_seconds));
    world.agenda.plan(arrival, Event::Delivered(id));
    refresh_orders(world, id);
    true
}

/// The parcel arrives.
pub fn deliver(world: &mut World, id: i64) -> bool {
    let now = world.now;
    let Some(package) = world.packages.get_mut(&id) else { return false };
    if package.status != PackageStatus::Fulfilling {
        return false;
    }
    package.status = PackageStatus::Completed;
    package.delivered = Some(now);
    let orders = package.order_ids.clone();
    note_step(world, id, "O pacote foi entregue.", 3);
    refresh_orders(world, id);
    for order in orders {
        let end = now.plus(Duration::from_secs(world.rules.complete_seconds));
        world.agenda.plan(end, Event::Completed(order));
    }
    true
}

/// Why a parcel of an order cannot leave now; `None` when it can.
pub(crate) fn obstacle(world: &World, package: &Package) -> Option<(i64, &'static str)> {
    if package.status != PackageStatus::ToFulfill {
        return Some((11_006_021, "The package has already been shipped"));
    }
    for order in package.order_ids.iter().filter_map(|id| world.orders.get(id)) {
        if order.stage != Stage::Fulfilling {
            return Some((11_006_022, "The order is not awaiting shipment"));
        }
        if order.cancel_requested.is_some() {
            return Some((21_011_007, "The order has a pending after-sale request"));
        }
    }
    if world.rules.invoice_required && package.shipping_type == "TIKTOK" && !package.invoice.is_accepted() {
        return Some((11_006_023, "The invoice of the package has to be uploaded and accepted first"));
    }
    None
}

/// Where a parcel goes.
pub(crate) fn destination<'a>(
    world: &'a World,
    package: &Package,
) -> Option<(&'a super::order::Buyer, &'a Address)> {
    let order = world.orders.get(package.order_ids.first()?)?;
    let buyer = world.buyers.get(&order.buyer_id)?;
    Some((buyer, order.new_address.as_ref().unwrap_or(&buyer.address)))
}
