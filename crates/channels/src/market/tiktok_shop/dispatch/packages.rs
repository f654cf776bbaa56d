//! Packages, and how they are handed over.

use connect::{Account, Answer, Call, ChannelError, ErrorKind, Packages};
use domain::dispatch::{Handover, PackageSnapshot, Way};
use http::Method;
use serde_json::{Value, json};

use super::super::map::is_cancelled;
use super::super::orders::MAX_PARCELS;
use super::super::wire::{self as api, Gap, Order, OrderUnit, filled};
use super::super::{TikTokShop, is_id, parcels, version};
use super::map;
use super::wire::{HandoverSlots, Package, Providers};
use crate::market::parcel::{self, Look};
use crate::market::refusal;

const FETCH: &str = "fetch package";
const OF_ORDER: &str = "list packages of order";
const WAYS: &str = "list ways to hand over";
const ARRANGE: &str = "arrange package";
/// "The package has already been shipped."
const ARRANGED_BEFORE: &str = "11006021";
/// How the seller's own carriers are called.
const OWN_CARRIER: &str = "SELLER";

impl Packages for TikTokShop {
    fn of_order<'a>(
        &'a self,
        account: &'a Account,
        order_external_id: &'a str,
    ) -> Call<'a, Vec<PackageSnapshot>> {
        Box::pin(async move {
            let asked = [order_external_id.to_owned()];
            let (orders, answer) = self.dispatched_orders(OF_ORDER, account, &asked).await?;
            let garbled = |gap: Gap| answer.garbled(gap.0);
            let mut packages = Vec::new();
            for parcel in parcels::of(&orders[0]).map_err(garbled)?.iter().take(MAX_PARCELS) {
                packages.push(self.seen(OF_ORDER, account, &parcel.id).await?.snapshot);
            }
            Ok(packages)
        })
    }

    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, PackageSnapshot> {
        Box::pin(async move { Ok(self.seen(FETCH, account, external_id).await?.snapshot) })
    }

    fn ways<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<Way>> {
        Box::pin(async move {
            let seen = self.seen(WAYS, account, external_id).await?;
            if let Some(ways) = parcel::open_ways(WAYS, &seen.snapshot)? {
                return Ok(ways);
            }
            if seen.is_own_carrier() {
                let option = filled(seen.package.delivery_option_id.as_ref()).filter(|id| is_id(id));
                let option = option.ok_or_else(|| ChannelError::new(no_option(), WAYS))?;
                let path =
                    ["logistics", version::WAREHOUSES, "delivery_options", option, "shipping_providers"];
                let answer = self.ask(self.request(WAYS, Method::GET, account, &path)?).await?;
                let told: Providers = api::data(&answer)?;
                return Ok(vec![Way::OwnCarrier { carriers: map::carriers(&told) }]);
            }
            let path = ["fulfillment", version::PACKAGE, "packages", external_id, "handover_time_slots"];
            let answer = self.ask(self.request(WAYS, Method::GET, account, &path)?).await?;
            let told: HandoverSlots = api::data(&answer)?;
            Ok(map::ways(&told))
        })
    }

    fn arrange<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        handover: &'a Handover,
    ) -> Call<'a, PackageSnapshot> {
        Box::pin(async move {
            let seen = self.seen(ARRANGE, account, external_id).await?;
            if parcel::look(ARRANGE, &seen.snapshot)? == Look::Done {
                return Ok(seen.snapshot);
            }
            let body = body(&seen, handover)?;
            let path = ["fulfillment", version::PACKAGE, "packages", external_id, "ship"];
            let spec = self.request(ARRANGE, Method::POST, account, &path)?.json(body.to_string());
            match self.ask(spec).await {
                Ok(_) => {}
                // Somebody else was faster.
                Err(ChannelError { kind: ErrorKind::Refused { code, .. }, .. })
                    if code == ARRANGED_BEFORE => {}
                Err(error) => return Err(without_invoice(error)),
            }
            parcel::arranged(ARRANGE, self.seen(ARRANGE, account, external_id).await?.snapshot)
        })
    }
}

fn no_option() -> ErrorKind {
    ErrorKind::Garbled { what: "a package without its delivery option".into() }
}

/// The code of a missing invoice is not documented; its sentence names it.
pub(super) fn without_invoice(error: ChannelError) -> ChannelError {
    let names_it = matches!(&error.kind, ErrorKind::Refused { message, .. }
        if message.to_ascii_lowercase().contains("invoice"));
    if names_it { ChannelError { kind: ErrorKind::InvoiceMissing, ..error } } else { error }
}

/// A package as it was seen.
pub(super) struct Seen {
    pub(super) snapshot: PackageSnapshot,
    /// Whether units of its orders are in other packages, too.
    pub(super) is_split: bool,
    package: Package,
}

impl Seen {
    fn is_own_carrier(&self) -> bool {
        filled(self.package.shipping_type.as_ref()) == Some(OWN_CARRIER)
    }
}

/// What is said of the handover.
fn body(seen: &Seen, handover: &Handover) -> Result<Value, ChannelError> {
    match (handover, seen.is_own_carrier()) {
        (Handover::DropOff { branch: None }, false) => Ok(json!({ "handover_method": "DROP_OFF" })),
        (Handover::Pickup { place: None, slot: None }, false) => Ok(json!({ "handover_method": "PICKUP" })),
        (Handover::Pickup { place: None, slot: Some(slot) }, false) => {
            let (from, to) = map::slot_times(slot).ok_or_else(|| parcel::other_way(ARRANGE))?;
            let slot = json!({ "end_time": to, "start_time": from });
            Ok(json!({ "handover_method": "PICKUP", "pickup_slot": slot }))
        }
        (Handover::OwnCarrier { carrier: Some(carrier), .. }, true) if is_id(carrier) => {
            let code = parcel::tracking_code(ARRANGE, handover)?;
            let own = json!({ "shipping_provider_id": carrier, "tracking_number": code });
            Ok(json!({ "self_shipment": own }))
        }
        _ => Err(parcel::other_way(ARRANGE)),
    }
}

impl TikTokShop {
    /// A package and its orders: these say whether it may go (now).
    pub(super) async fn seen(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<Seen, ChannelError> {
        if !is_id(id) {
            return Err(refusal::id(operation));
        }
        let path = ["fulfillment", version::PACKAGE, "packages", id];
        let answer = self.ask(self.request(operation, Method::GET, account, &path)?).await?;
        let package: Package = api::data(&answer)?;
        if package.id.0 != id {
            return Err(answer.garbled("another package"));
        }
        let ids = map::order_ids(&package).map_err(|gap| answer.garbled(gap.0))?;
        let (orders, _) = self.dispatched_orders(operation, account, &ids).await?;
        let snapshot = map::package(&package, &orders).map_err(|gap| answer.garbled(gap.0))?;
        let elsewhere = |unit: &OrderUnit| {
            !is_cancelled(unit) && filled(unit.package_id.as_ref()).is_some_and(|of| of != id)
        };
        let is_split = orders.iter().flat_map(|order| order.units.iter().flatten()).any(elsewhere);
        Ok(Seen { snapshot, is_split, package })
    }

    /// Orders by their ids, each of them and no other.
    pub(super) async fn dispatched_orders(
        &self,
        operation: &'static str,
        account: &Account,
        ids: &[String],
    ) -> Result<(Vec<Order>, Answer), ChannelError> {
        if !ids.iter().all(|id| is_id(id)) {
            return Err(refusal::id(operation));
        }
        let path = ["order", version::ORDER, "orders"];
        let spec = self.request(operation, Method::GET, account, &path)?.query("ids", &ids.join(","));
        let answer = self.ask(spec).await?;
        let found: api::Orders = api::data(&answer)?;
        let found = found.orders.unwrap_or_default();
        if found.is_empty() {
            return Err(answer.fail(ErrorKind::NotFound));
        }
        let named = |id: &String| found.iter().find(|order| order.id.0 == *id).cloned();
        let orders: Option<Vec<Order>> = ids.iter().map(named).collect();
        match orders {
            Some(orders) => Ok((orders, answer)),
            None => Err(answer.garbled("other orders than were asked for")),
        }
    }
}
