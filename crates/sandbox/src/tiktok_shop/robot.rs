//! The buyer robot: customers who come by themselves.

use std::time::Duration;

use super::order::order_status;
use super::returns::{self, ReturnKind};
use super::sale::{self, Payment, SaleLine, SaleRequest};
use super::{Event, World, cancellation};
use crate::dice::Dice;
use crate::traffic::Traffic;

/// A minute in milliseconds.
const MINUTE_MS: u64 = 60_000;

/// Sets the robot to work or (with `None`) sends it home.
pub(crate) fn set_traffic(world: &mut World, traffic: Option<Traffic>) {
    world.agenda.forget(|event| *event == Event::Robot);
    if let Some(traffic) = &traffic {
        world.robot_dice = Dice::new(traffic.seed);
    }
    world.traffic = traffic;
    plan_next(world);
}

fn plan_next(world: &mut World) {
    let Some(traffic) = world.traffic.as_ref().filter(|traffic| traffic.orders_per_minute > 0) else {
        return;
    };
    let mean = MINUTE_MS / u64::from(traffic.orders_per_minute);
    // Between a half and one and a half times the mean.
    let pause = mean / 2 + world.robot_dice.below(mean.max(1));
    world.agenda.plan(world.now.plus(Duration::from_millis(pause.max(1))), Event::Robot);
}

/// One visit of the robot, and the plan for the next.
pub(crate) fn call(world: &mut World) {
    match world.robot_dice.below(100) {
        0..60 => buy(world, 1, Payment::Card),
        60..75 => buy(world, 2, Payment::Card),
        75..90 => buy(world, 1, Payment::Pix),
        90..97 => change_mind(world),
        _ => complain(world),
    }
    plan_next(world);
}

fn buy(world: &mut World, lines: usize, payment: Payment) {
    let for_sale: Vec<String> = world
        .products
        .values()
        .filter(|product| product.is_for_sale())
        .flat_map(|product| &product.offers)
        .filter(|(_, offer)| offer.available() > 0)
        .map(|(sku, _)| sku.to_string())
        .collect();
    let cart = (0..lines)
        .filter_map(|_| world.robot_dice.pick(&for_sale).cloned())
        .map(|sku_id| SaleLine { sku: None, sku_id: Some(sku_id), quantity: 1 })
        .collect();
    let mut request = SaleRequest { cart, payment, ..SaleRequest::default() };
    if payment == Payment::Pix && world.robot_dice.chance(80) {
        request.pay_after_seconds = Some(20 + world.robot_dice.below(600));
    }
    // An empty shop or the last unit twice in one cart: this customer leaves.
    if let Err(reason) = sale::sell(world, &request) {
        tracing::debug!(%reason, "the robot left without buying");
    }
}

fn orders_in(world: &World, statuses: &[&str]) -> Vec<i64> {
    let fits = |order: &&super::Order| statuses.contains(&order_status(world, order));
    world.orders.values().filter(fits).map(|order| order.id).collect()
}

fn change_mind(world: &mut World) {
    let orders = orders_in(world, &["UNPAID", "ON_HOLD", "AWAITING_SHIPMENT"]);
    if let Some(order) = world.robot_dice.pick(&orders).copied()
        && let Err(reason) = cancellation::cancel_by_buyer(world, order)
    {
        tracing::debug!(reason, "the robot kept its order");
    }
}

fn complain(world: &mut World) {
    let orders = orders_in(world, &["DELIVERED"]);
    let Some(order_id) = world.robot_dice.pick(&orders).copied() else { return };
    let request = returns::Request {
        order_id,
        line_ids: Vec::new(),
        kind: ReturnKind::ReturnAndRefund,
        reason: returns::REASONS[0].0,
        role: "BUYER",
        refund_minor: None,
    };
    if let Err(objection) = returns::open(world, &request) {
        tracing::debug!(objection.code, "the robot kept its goods");
    }
}
