//! A shipment in two: the old one, its pack and its orders end, and new ones come by hooks.

use std::collections::{BTreeMap, BTreeSet};

use connect::{Account, Answer, Call, ChannelError, Combining, ErrorKind, Parcels, Reunion, Split};
use domain::dispatch::{PackageLine, PackageSnapshot, PackageState};
use domain::parcels::{SplitLimits, SplitPlan, SplitReason, Splitting};
use http::Method;

use super::super::MercadoLivre;
use super::super::hook::is_number;
use super::super::map::{logistic_type, shipment_status};
use super::super::wire::{Order, Shipment, filled};
use crate::market::division::{self, Look};
use crate::market::json::Object;
use crate::market::refusal;

const SPLITTING: &str = "look whether package can be split";
const SPLIT: &str = "split package";
/// "Split": exactly two packs, by orders and their units.
const LIMITS: SplitLimits = SplitLimits { divides_lines: true, most_parcels: Some(2) };
/// What became of a shipment that was split.
const WAS_SPLIT: &str = "cancelled/pack_splitted";
/// Carried by the seller or from the platform's warehouse: not split.
const NEVER_SPLIT: [&str; 2] = ["self_service", "fulfillment"];

impl Parcels for MercadoLivre {
    fn splitting<'a>(&'a self, account: &'a Account, order_external_id: &'a str) -> Call<'a, Splitting> {
        Box::pin(async move {
            let (shipment, answer) = self.shipment_of(SPLITTING, account, order_external_id).await?;
            if shipment_status(&shipment) == WAS_SPLIT {
                return Ok(Splitting::Done);
            }
            if let Some(why) = obstacle(&shipment) {
                return Ok(Splitting::Impossible(why));
            }
            let package = self.package_of(SPLITTING, account, &shipment, &answer).await?.package;
            Ok(match hindrance(&package) {
                None => Splitting::Possible { limits: LIMITS, must: Vec::new() },
                Some(why) => Splitting::Impossible(why),
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
            let (shipment, answer) = self.shipment_of(SPLIT, account, order_external_id).await?;
            if shipment_status(&shipment) == WAS_SPLIT {
                return Ok(Split::Coming);
            }
            if let Some(why) = obstacle(&shipment) {
                return Err(division::refuse(SPLIT, "not_to_be_split", &why));
            }
            let package = self.package_of(SPLIT, account, &shipment, &answer).await?.package;
            if let Some(why) = hindrance(&package) {
                return Err(division::refuse(SPLIT, "not_to_be_split", &why));
            }
            let id = shipment.id.0.as_str();
            if division::look(SPLIT, &[package], plan, LIMITS)? == Look::Split {
                let spec = self.about_shipment(SPLIT, Method::POST, account, id, &["split"])?;
                self.ask(spec.json(body(plan)?)).await?;
            }
            let (after, _) = self.seen_shipment(SPLIT, account, id).await?;
            if shipment_status(&after) == WAS_SPLIT {
                return Ok(Split::Coming);
            }
            Err(ChannelError::new(ErrorKind::WriteNotApplied, SPLIT))
        })
    }

    /// The platform has no way back.
    fn reunion(&self) -> Option<&dyn Reunion> {
        None
    }

    /// What a buyer put into one cart is one shipment from the beginning; nothing else is
    /// combined.
    fn combining(&self) -> Option<&dyn Combining> {
        None
    }
}

/// Why a shipment is not split by the way it goes.
fn obstacle(shipment: &Shipment) -> Option<String> {
    let kind = logistic_type(shipment).filter(|kind| NEVER_SPLIT.contains(kind))?;
    Some(format!("shipments of the kind {kind} are not split"))
}

/// Why it is not by what it holds or where it is.
fn hindrance(package: &PackageSnapshot) -> Option<String> {
    let is_here =
        matches!(package.state, PackageState::Waiting | PackageState::ToArrange | PackageState::Arranged);
    if !is_here {
        return Some(format!("the platform has the package at {}", package.platform_status));
    }
    let units: i64 = package.lines.iter().map(|line| line.units).sum();
    (units < 2).then(|| "there is one unit in it".to_owned())
}

/// The platform's word for a reason.
const fn word(reason: SplitReason) -> &'static str {
    match reason {
        SplitReason::Fragile => "FRAGILE",
        SplitReason::OtherPlace => "ANOTHER_WAREHOUSE",
        SplitReason::Shape => "IRREGULAR_SHAPE",
        SplitReason::TooLarge => "DIMENSIONS_EXCEEDED",
        SplitReason::Other => "OTHER_MOTIVE",
    }
}

/// Two packs of orders, each with its units: which of its goods these are the platform cannot be
/// told, so an order of several goods stays whole.
fn body(plan: &SplitPlan) -> Result<String, ChannelError> {
    let mut packs = Vec::new();
    for parcel in plan.parcels() {
        let mut units: BTreeMap<&str, i64> = BTreeMap::new();
        for line in parcel {
            *units.entry(&line.order_external_id).or_insert(0) += line.units;
        }
        let mut orders = Vec::new();
        for (order, units) in units {
            if !is_number(order) {
                return Err(refusal::id(SPLIT));
            }
            if is_torn(plan, order) {
                let message = "an order of several goods goes into one parcel";
                return Err(division::refuse(SPLIT, "plan_not_possible", message));
            }
            orders.push(Object::default().digits("id", order).with("quantity", &units));
        }
        packs.push(Object::default().with("orders", &orders));
    }
    Ok(Object::default().with("packs", &packs).with("reason", &word(plan.reason())).text())
}

/// Whether an order of several goods would go into both parcels.
fn is_torn(plan: &SplitPlan, order: &str) -> bool {
    let of_order = |parcel: &&Vec<PackageLine>| parcel.iter().any(|line| line.order_external_id == order);
    let lines = plan.parcels().iter().flatten().filter(|line| line.order_external_id == order);
    let goods: BTreeSet<_> =
        lines.map(|line| (&line.listing_external_id, &line.variation_external_id)).collect();
    goods.len() > 1 && plan.parcels().iter().filter(of_order).count() > 1
}

impl MercadoLivre {
    /// The shipment of an order, in the format of now.
    async fn shipment_of(
        &self,
        operation: &'static str,
        account: &Account,
        order: &str,
    ) -> Result<(Shipment, Answer), ChannelError> {
        let shipment = self.shipment_id(operation, account, order).await?;
        let id = shipment.ok_or_else(|| division::no_package(operation))?;
        self.seen_shipment(operation, account, &id).await
    }

    /// The id of an order's shipment, as soon as it has one.
    pub(super) async fn shipment_id(
        &self,
        operation: &'static str,
        account: &Account,
        order_external_id: &str,
    ) -> Result<Option<String>, ChannelError> {
        if !is_number(order_external_id) {
            return Err(refusal::id(operation));
        }
        let spec = self.request(operation, Method::GET, account, &["orders", order_external_id]);
        let answer = self.ask(spec).await?;
        let order: Order = answer.json()?;
        if order.id.0 != order_external_id {
            return Err(answer.garbled("another order than was asked for"));
        }
        match order.shipping.as_ref().and_then(|shipping| filled(shipping.id.as_ref())) {
            Some(id) if !is_number(id) => Err(answer.garbled("shipping.id is no number")),
            id => Ok(id.map(str::to_owned)),
        }
    }
}
