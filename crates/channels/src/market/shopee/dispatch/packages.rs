//! Packages, and how they are handed over.

use connect::{Account, Answer, Call, ChannelError, ErrorKind, Packages};
use domain::dispatch::{Handover, PackageSnapshot, Way};
use http::Method;

use super::super::ids::{self, is_code, is_number};
use super::super::wire::{filled, is_true, owned};
use super::super::{Shopee, error};
use super::map;
use super::wire::{Order, OrderDetails, Package, PackageDetails, Parameters};
use crate::market::json::Object;
use crate::market::parcel::{self, Look};

const FETCH: &str = "fetch package";
const OF_ORDER: &str = "list packages of order";
const WAYS: &str = "list ways to hand over";
const ARRANGE: &str = "arrange package";
/// What is asked of an order: nothing about its buyer.
const FIELDS: &str = "fulfillment_flag,invoice_data,package_list";
/// The status of a package that the courier did not get.
const RETRY: &str = "LOGISTICS_PICKUP_RETRY";
/// What the platform calls a package that is arranged already.
const ARRANGED_BEFORE: &str = "package_already_shipped";

impl Packages for Shopee {
    fn of_order<'a>(
        &'a self,
        account: &'a Account,
        order_external_id: &'a str,
    ) -> Call<'a, Vec<PackageSnapshot>> {
        Box::pin(async move { Ok(self.packages_of(OF_ORDER, account, order_external_id).await?.snapshots) })
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
            let spec = self
                .shop_call(WAYS, Method::GET, account, ["logistics", "get_shipping_parameter"])
                .query("order_sn", &seen.order.order_sn.0);
            let spec = if seen.is_split { spec.query("package_number", external_id) } else { spec };
            let (parameters, answer): (Parameters, _) = self.ask(spec).await?;
            map::ways(&parameters).map_err(|gap| answer.garbled(gap.0))
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
            let action = if seen.is_retry { "update_shipping_order" } else { "ship_order" };
            let body = body(&seen, handover)?;
            let spec = self.shop_call(ARRANGE, Method::POST, account, ["logistics", action]).json(body);
            match error::succeeded(self.outbound.call(spec).await?) {
                Ok(_) => {}
                // Somebody else was faster.
                Err(ChannelError { kind: ErrorKind::Refused { code, .. }, .. })
                    if code.ends_with(ARRANGED_BEFORE) => {}
                Err(error) => return Err(error),
            }
            parcel::arranged(ARRANGE, self.seen(ARRANGE, account, external_id).await?.snapshot)
        })
    }
}

/// A package with its order.
pub(super) struct Seen {
    pub(super) snapshot: PackageSnapshot,
    pub(super) order: Order,
    /// A package of an order of several is named, the only one must not be.
    pub(super) is_split: bool,
    is_retry: bool,
}

/// What is said of the handover: exactly one way.
fn body(seen: &Seen, handover: &Handover) -> Result<String, ChannelError> {
    let number = |id: &str| if is_number(id) { Ok(()) } else { Err(parcel::other_way(ARRANGE)) };
    let body = Object::default().with("order_sn", &seen.order.order_sn.0);
    let body = if seen.is_split { body.with("package_number", &seen.snapshot.external_id) } else { body };
    let way = Object::default();
    let (name, way) = match handover {
        Handover::Pickup { place: Some(place), slot } => {
            number(place)?;
            ("pickup", way.digits("address_id", place).maybe("pickup_time_id", slot.as_ref()))
        }
        Handover::DropOff { branch: Some(branch) } if !seen.is_retry => {
            number(branch)?;
            ("dropoff", way.digits("branch_id", branch))
        }
        Handover::DropOff { branch: None } if !seen.is_retry => ("dropoff", way),
        Handover::OwnCarrier { .. } if !seen.is_retry => {
            ("non_integrated", way.with("tracking_number", &parcel::tracking_code(ARRANGE, handover)?))
        }
        Handover::Pickup { .. }
        | Handover::DropOff { .. }
        | Handover::OwnCarrier { .. }
        | Handover::Ready => {
            return Err(parcel::other_way(ARRANGE));
        }
    };
    Ok(body.with(name, &way).text())
}

impl Shopee {
    /// A package and its order.
    pub(super) async fn seen(
        &self,
        operation: &'static str,
        account: &Account,
        number: &str,
    ) -> Result<Seen, ChannelError> {
        let number = ids::code(operation, number)?;
        let asked = [number.to_owned()];
        let (packages, answer) = self.packages_by_number(operation, account, &asked).await?;
        let package = &packages[0];
        let sn = owned(package.order_sn.as_ref()).filter(|sn| is_code(sn));
        let sn = sn.ok_or_else(|| answer.garbled("a package without the number of its order"))?;
        let (order, _) = self.dispatched_order(operation, account, &sn).await?;
        let snapshot = map::package(package, &order).map_err(|gap| answer.garbled(gap.0))?;
        let is_split = is_true(package.is_split_up.as_ref());
        let is_retry = filled(package.fulfillment_status.as_ref()) == Some(RETRY);
        Ok(Seen { snapshot, order, is_split, is_retry })
    }

    /// Packages by their numbers, each of them and no other, in the order that was asked.
    pub(super) async fn packages_by_number(
        &self,
        operation: &'static str,
        account: &Account,
        numbers: &[String],
    ) -> Result<(Vec<Package>, Answer), ChannelError> {
        let spec = self.package_details(operation, account, &numbers.join(","));
        let (found, answer): (PackageDetails, _) = self.ask(spec).await?;
        let found = found.packages.ok_or_else(|| answer.garbled("package_list is missing"))?;
        if found.is_empty() {
            return Err(answer.fail(ErrorKind::NotFound));
        }
        let named = |number: &String| {
            found.iter().find(|it| filled(it.package_number.as_ref()) == Some(number)).cloned()
        };
        let packages: Option<Vec<Package>> = numbers.iter().map(named).collect();
        match packages {
            Some(packages) => Ok((packages, answer)),
            None => Err(answer.garbled("other packages than were asked for")),
        }
    }

    pub(super) async fn dispatched_order(
        &self,
        operation: &'static str,
        account: &Account,
        number: &str,
    ) -> Result<(Order, Answer), ChannelError> {
        let spec = self.details(operation, account, number).query("response_optional_fields", FIELDS);
        let (found, answer): (OrderDetails, _) = self.ask(spec).await?;
        let orders = found.orders.ok_or_else(|| answer.garbled("order_list is missing"))?;
        let is_empty = orders.is_empty();
        match orders.into_iter().find(|order| order.order_sn.0 == number) {
            Some(order) => Ok((order, answer)),
            None if is_empty => Err(answer.fail(ErrorKind::NotFound)),
            None => Err(answer.garbled("another order than was asked for")),
        }
    }
}
