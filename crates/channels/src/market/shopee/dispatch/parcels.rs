//! An order in several packages, and in one again.

use connect::{Account, Answer, Call, ChannelError, Combining, ErrorKind, Parcels, Reunion, Split};
use domain::dispatch::PackageSnapshot;
use domain::parcels::{SplitLimits, SplitPlan, Splitting};
use http::Method;

use super::super::ids::{self, id, is_code};
use super::super::wire::{Loose, filled, is_true, owned};
use super::super::{Shopee, error};
use super::map;
use super::wire::{Order, Package, PackageItem};
use crate::market::division::{self, Look};
use crate::market::json::Object;

const SPLITTING: &str = "look whether order can be split";
const SPLIT: &str = "split order";
const UNSPLIT: &str = "put order together";
/// "split_order": up to 5 packages (30 in Taiwan); units of one SKU stay together unless the
/// shop is on a list of the platform's.
const LIMITS: SplitLimits = SplitLimits { divides_lines: false, most_parcels: Some(5) };

impl Parcels for Shopee {
    fn splitting<'a>(&'a self, account: &'a Account, order_external_id: &'a str) -> Call<'a, Splitting> {
        Box::pin(async move {
            let seen = self.packages_of(SPLITTING, account, order_external_id).await?;
            let may_split = |of: &PackageSnapshot| {
                seen.named(&of.external_id).any(|package| is_true(package.can_split_order.as_ref()))
            };
            Ok(match division::standing(seen.snapshots.clone()).as_slice() {
                [] => Splitting::Impossible("the order has no package".into()),
                [package] if may_split(package) => Splitting::Possible { limits: LIMITS, must: Vec::new() },
                [_] => Splitting::Impossible("can_split_order is not true".into()),
                _ => Splitting::Done,
            })
        })
    }

    fn split<'a>(
        &'a self,
        account: &'a Account,
        order_external_id: &'a str,
        plan: &'a SplitPlan,
    ) -> Call<'a, Split> {
        Box::pin(async move {
            let seen = self.packages_of(SPLIT, account, order_external_id).await?;
            let standing = division::standing(seen.snapshots.clone());
            if division::look(SPLIT, &standing, plan, LIMITS)? == Look::Done {
                return Ok(Split::Standing(standing));
            }
            let rows = standing.iter().flat_map(|package| seen.named(&package.external_id));
            let rows: Vec<&PackageItem> = rows.flat_map(|package| package.lines.iter().flatten()).collect();
            let body = body(order_external_id, &rows, plan)
                .ok_or_else(|| seen.answer.garbled("a package without what the plan puts into it"))?;
            let spec = self.shop_call(SPLIT, Method::POST, account, ["order", "split_order"]).json(body);
            error::succeeded(self.outbound.call(spec).await?)?;
            let after = self.packages_of(SPLIT, account, order_external_id).await?;
            division::split(SPLIT, division::standing(after.snapshots), plan)
        })
    }

    fn reunion(&self) -> Option<&dyn Reunion> {
        Some(self)
    }

    /// The platform puts what is bought together into one order; several are never combined.
    fn combining(&self) -> Option<&dyn Combining> {
        None
    }
}

impl Reunion for Shopee {
    fn unsplit<'a>(&'a self, account: &'a Account, order_external_id: &'a str) -> Call<'a, PackageSnapshot> {
        Box::pin(async move {
            let before = self.packages_of(UNSPLIT, account, order_external_id).await?.snapshots;
            match only(division::standing(before)) {
                Ok(package) => return Ok(package),
                Err(0) => return Err(division::no_package(UNSPLIT)),
                Err(_) => {}
            }
            let body = Object::default().with("order_sn", &order_external_id).text();
            let spec = self.shop_call(UNSPLIT, Method::POST, account, ["order", "unsplit_order"]).json(body);
            error::succeeded(self.outbound.call(spec).await?)?;
            let after = self.packages_of(UNSPLIT, account, order_external_id).await?.snapshots;
            let after = only(division::standing(after));
            after.map_err(|_| ChannelError::new(ErrorKind::WriteNotApplied, UNSPLIT))
        })
    }
}

/// The only one of these packages; else how many there are.
fn only(packages: Vec<PackageSnapshot>) -> Result<PackageSnapshot, usize> {
    <[PackageSnapshot; 1]>::try_from(packages).map(|[one]| one).map_err(|packages| packages.len())
}

/// What goes into each package, by the platform's own rows; `None` when a line of the plan has
/// none.
fn body(sn: &str, rows: &[&PackageItem], plan: &SplitPlan) -> Option<String> {
    let mut parcels = Vec::new();
    for parcel in plan.parcels() {
        let mut items = Vec::new();
        for row in rows {
            let (item, model) = (id(row.item_id.as_ref())?, id(row.model_id.as_ref()));
            let is_here = parcel.iter().any(|line| {
                line.listing_external_id == item && line.variation_external_id.as_deref() == model
            });
            if is_here {
                items.push(self::item(row, item, model)?);
            }
        }
        if items.is_empty() {
            return None;
        }
        parcels.push(Object::default().with("item_list", &items));
    }
    Some(Object::default().with("order_sn", &sn).with("package_list", &parcels).text())
}

fn item(row: &PackageItem, item: &str, model: Option<&str>) -> Option<Object> {
    let units = row.model_quantity.as_ref().and_then(Loose::count)?;
    let object = Object::default()
        .digits("item_id", item)
        .digits("model_id", model.unwrap_or("0"))
        .with("model_quantity", &units);
    let object = match id(row.order_item_id.as_ref()) {
        Some(of_order) => object.digits("order_item_id", of_order),
        None => object,
    };
    Some(match id(row.promotion_group_id.as_ref()) {
        Some(group) => object.digits("promotion_group_id", group),
        None => object,
    })
}

/// An order's packages as they were seen.
pub(super) struct SeenPackages {
    pub(super) snapshots: Vec<PackageSnapshot>,
    packages: Vec<Package>,
    answer: Answer,
}

impl SeenPackages {
    fn named<'a>(&'a self, number: &'a str) -> impl Iterator<Item = &'a Package> {
        self.packages.iter().filter(move |it| filled(it.package_number.as_ref()) == Some(number))
    }
}

impl Shopee {
    /// The packages of an order.
    pub(super) async fn packages_of(
        &self,
        operation: &'static str,
        account: &Account,
        order_external_id: &str,
    ) -> Result<SeenPackages, ChannelError> {
        let number = ids::code(operation, order_external_id)?;
        let (order, answer) = self.dispatched_order(operation, account, number).await?;
        let numbers = numbers(&order).ok_or_else(|| answer.garbled("a package without its number"))?;
        if numbers.is_empty() {
            return Ok(SeenPackages { snapshots: Vec::new(), packages: Vec::new(), answer });
        }
        let (packages, answer) = self.packages_by_number(operation, account, &numbers).await?;
        let snapshots = packages.iter().map(|package| map::package(package, &order));
        let snapshots = snapshots.collect::<Result<_, _>>().map_err(|gap| answer.garbled(gap.0))?;
        Ok(SeenPackages { snapshots, packages, answer })
    }
}

/// The numbers of an order's packages.
fn numbers(order: &Order) -> Option<Vec<String>> {
    let listed = order.packages.iter().flatten();
    listed.map(|it| owned(it.package_number.as_ref()).filter(|it| is_code(it))).collect()
}
