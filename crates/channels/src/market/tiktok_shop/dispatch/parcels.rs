//! One order in several packages, and several orders in one.

use std::collections::BTreeSet;

use connect::{Account, Call, ChannelError, Combinable, Combining, ErrorKind, Page, Parcels, Reunion, Split};
use domain::dispatch::PackageSnapshot;
use domain::parcels::{SplitLimits, SplitPlan, Splitting};
use http::Method;
use serde_json::{Value, json};

use super::super::map::{is_cancelled, is_true};
use super::super::wire::{self as api, Order, OrderUnit, filled, owned};
use super::super::{TikTokShop, error, is_id, version};
use super::wire::{CombinablePackages, SplitAttributes};
use crate::market::division::{self, Look};
use crate::market::loose::distinct;
use crate::market::refusal;

const SPLITTING: &str = "look whether order can be split";
const SPLIT: &str = "split order";
const COMBINABLE: &str = "list orders that can be combined";
const COMBINE: &str = "combine orders";
const TAKE_APART: &str = "take combined orders apart";
/// In Brazil all units of a SKU stay together; a number of parcels is not documented.
const LIMITS: SplitLimits = SplitLimits { divides_lines: false, most_parcels: None };
/// Groups of one page.
const PAGE: &str = "20";
/// What our cursors begin with, so that no other list's is taken for one.
const WORD: &str = "combinable/";

impl Parcels for TikTokShop {
    fn splitting<'a>(&'a self, account: &'a Account, order_external_id: &'a str) -> Call<'a, Splitting> {
        Box::pin(async move {
            let order = self.one_order(SPLITTING, account, order_external_id).await?;
            if packages_of(&order).len() > 1 {
                return Ok(Splitting::Done);
            }
            let path = ["fulfillment", version::PARCELS, "orders", "split_attributes"];
            let spec = self.request(SPLITTING, Method::GET, account, &path)?;
            let answer = self.ask(spec.query("order_ids", order_external_id)).await?;
            let told: SplitAttributes = api::data(&answer)?;
            let mut rows = told.rows.into_iter().flatten();
            let row = rows.find(|row| filled(row.order_id.as_ref()) == Some(order_external_id));
            let row = row.ok_or_else(|| answer.garbled("another order than was asked for"))?;
            if !is_true(row.can_split.as_ref()) {
                return Ok(Splitting::Impossible(owned(row.reason.as_ref()).unwrap_or_default()));
            }
            let reasons = row.must_split_reasons.unwrap_or_default().0;
            let must = if is_true(row.must_split.as_ref()) { reasons } else { Vec::new() };
            Ok(Splitting::Possible { limits: LIMITS, must })
        })
    }

    fn split<'a>(
        &'a self,
        account: &'a Account,
        order_external_id: &'a str,
        plan: &'a SplitPlan,
    ) -> Call<'a, Split> {
        Box::pin(async move {
            let order = self.one_order(SPLIT, account, order_external_id).await?;
            let standing = self.standing(SPLIT, account, &order).await?;
            if division::look(SPLIT, &standing, plan, LIMITS)? == Look::Done {
                return Ok(Split::Standing(standing));
            }
            let body = groups(&order, plan)?;
            let path = ["fulfillment", version::PARCELS, "orders", order_external_id, "split"];
            let spec = self.request(SPLIT, Method::POST, account, &path)?;
            self.ask(spec.json(body.to_string())).await?;
            let after = self.one_order(SPLIT, account, order_external_id).await?;
            division::split(SPLIT, self.standing(SPLIT, account, &after).await?, plan)
        })
    }

    /// The documents name no way back from a split.
    fn reunion(&self) -> Option<&dyn Reunion> {
        None
    }

    fn combining(&self) -> Option<&dyn Combining> {
        Some(self)
    }
}

impl Combining for TikTokShop {
    fn combinable<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<Combinable>> {
        Box::pin(async move {
            let token = match cursor {
                None => None,
                Some(cursor) => {
                    let token = cursor.strip_prefix(WORD).filter(|token| !token.is_empty());
                    Some(token.ok_or_else(|| refusal::cursor(COMBINABLE))?)
                }
            };
            let path = ["fulfillment", version::PARCELS, "combinable_packages", "search"];
            let spec = self.request(COMBINABLE, Method::GET, account, &path)?.query("page_size", PAGE);
            let spec = token.into_iter().fold(spec, |spec, token| spec.query("page_token", token));
            let answer = self.ask(spec).await?;
            let told: CombinablePackages = api::data(&answer)?;
            let group = |row: &super::wire::CombinablePackage| {
                let orders = row.order_ids.iter().flatten().map(|id| owned(Some(id)).filter(|id| is_id(id)));
                let orders = distinct(orders).filter(|orders| orders.len() > 1)?;
                Some(Combinable { external_id: owned(row.id.as_ref()).filter(|id| is_id(id))?, orders })
            };
            let next = filled(told.next_page_token.as_ref()).filter(|next| Some(*next) != token);
            Ok(Page {
                // One that cannot be named cannot be combined, and spoils no other.
                items: told.rows.iter().flatten().filter_map(group).collect(),
                next: next.map(|next| format!("{WORD}{next}")),
                total: told.total_count.as_ref().and_then(api::Loose::count).and_then(|n| n.try_into().ok()),
            })
        })
    }

    fn combine<'a>(&'a self, account: &'a Account, group: &'a Combinable) -> Call<'a, PackageSnapshot> {
        Box::pin(async move {
            if !is_id(&group.external_id) || !group.orders.iter().all(|id| is_id(id)) {
                return Err(refusal::id(COMBINE));
            }
            if group.orders.iter().collect::<BTreeSet<_>>().len() < 2 {
                return Err(division::refuse(
                    COMBINE,
                    "plan_not_possible",
                    "two orders or more are combined",
                ));
            }
            let orders = self.dispatched_orders(COMBINE, account, &group.orders).await?.0;
            if let Some(package) = common(&orders) {
                return Ok(self.seen(COMBINE, account, &package).await?.snapshot);
            }
            let rows = json!([{ "id": group.external_id, "order_ids": group.orders }]);
            let body = json!({ "combinable_packages": rows });
            let path = ["fulfillment", version::PARCELS, "packages", "combine"];
            let spec = self.request(COMBINE, Method::POST, account, &path)?;
            error::wholly_succeeded(self.ask(spec.json(body.to_string())).await?)?;
            let after = self.dispatched_orders(COMBINE, account, &group.orders).await?.0;
            match common(&after) {
                Some(package) => Ok(self.seen(COMBINE, account, &package).await?.snapshot),
                None => Err(ChannelError::new(ErrorKind::WriteNotApplied, COMBINE)),
            }
        })
    }

    fn take_apart<'a>(
        &'a self,
        account: &'a Account,
        package_external_id: &'a str,
        orders: &'a [String],
    ) -> Call<'a, Vec<PackageSnapshot>> {
        Box::pin(async move {
            if orders.is_empty() || !is_id(package_external_id) || !orders.iter().all(|id| is_id(id)) {
                return Err(refusal::id(TAKE_APART));
            }
            let before = self.dispatched_orders(TAKE_APART, account, orders).await?.0;
            let packages = self.all_standing(TAKE_APART, account, &before).await?;
            let Some(combined) = packages.iter().find(|package| package.orders.len() > 1) else {
                return Ok(packages);
            };
            if combined.external_id != package_external_id {
                let message = "an order is combined in another package";
                return Err(division::refuse(TAKE_APART, "combined_otherwise", message));
            }
            let named: Vec<&String> = orders.iter().filter(|id| combined.orders.contains(id)).collect();
            let path = ["fulfillment", version::PARCELS, "packages", package_external_id, "uncombine"];
            let spec = self.request(TAKE_APART, Method::POST, account, &path)?;
            let body = json!({ "order_ids": named });
            error::wholly_succeeded(self.ask(spec.json(body.to_string())).await?)?;
            let after = self.dispatched_orders(TAKE_APART, account, orders).await?.0;
            let packages = self.all_standing(TAKE_APART, account, &after).await?;
            if packages.iter().all(|package| package.orders.len() == 1) {
                return Ok(packages);
            }
            Err(ChannelError::new(ErrorKind::WriteNotApplied, TAKE_APART))
        })
    }
}

/// Units of an order that are not called off.
fn live(order: &Order) -> impl Iterator<Item = &OrderUnit> {
    order.units.iter().flatten().filter(|unit| !is_cancelled(unit))
}

/// The packages that its units are in, each once.
fn packages_of(order: &Order) -> BTreeSet<&str> {
    live(order).filter_map(|unit| filled(unit.package_id.as_ref())).collect()
}

/// The one package that all units of all orders are in.
fn common(orders: &[Order]) -> Option<String> {
    let packages: Vec<BTreeSet<&str>> = orders.iter().map(packages_of).collect();
    let first = packages.first().filter(|first| first.len() == 1)?;
    let is_common = packages.iter().all(|of| of == first);
    first.iter().next().filter(|id| is_common && is_id(id)).map(|id| (*id).to_owned())
}

/// Which units go into which parcel.
fn groups(order: &Order, plan: &SplitPlan) -> Result<Value, ChannelError> {
    let mut groups = Vec::new();
    for (at, parcel) in plan.parcels().iter().enumerate() {
        let is_here = |unit: &&OrderUnit| {
            parcel.iter().any(|line| {
                line.listing_external_id == unit.product_id.0
                    && line.variation_external_id.as_deref() == Some(unit.sku_id.0.as_str())
            })
        };
        let mut units: Vec<&str> = live(order).filter(is_here).map(|unit| unit.id.0.as_str()).collect();
        units.sort_unstable();
        if !units.iter().all(|id| is_id(id)) {
            let what = "a unit has an id that is no number".into();
            return Err(ChannelError::new(ErrorKind::Garbled { what }, SPLIT));
        }
        groups.push(json!({ "id": (at + 1).to_string(), "order_line_item_ids": units }));
    }
    Ok(json!({ "splittable_groups": groups }))
}

impl TikTokShop {
    async fn one_order(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<Order, ChannelError> {
        let (mut orders, _) = self.dispatched_orders(operation, account, &[id.to_owned()]).await?;
        Ok(orders.swap_remove(0))
    }

    /// The packages that an order's units are in, as they stand.
    async fn standing(
        &self,
        operation: &'static str,
        account: &Account,
        order: &Order,
    ) -> Result<Vec<PackageSnapshot>, ChannelError> {
        self.all_standing(operation, account, std::slice::from_ref(order)).await
    }

    /// The same of several orders, each package once.
    async fn all_standing(
        &self,
        operation: &'static str,
        account: &Account,
        orders: &[Order],
    ) -> Result<Vec<PackageSnapshot>, ChannelError> {
        let mut packages = Vec::new();
        let ids: BTreeSet<&str> = orders.iter().flat_map(packages_of).collect();
        for id in ids {
            packages.push(self.seen(operation, account, id).await?.snapshot);
        }
        Ok(division::standing(packages))
    }
}
