//! The buyer robot: customers who come by themselves.

use std::time::Duration;

use super::item::ItemStatus;
use super::order::{OrderStatus, PaymentMethod};
use super::sales::{self, SaleLine, SaleRequest};
use super::{Event, World, returns};
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
    world.plan_in(Duration::from_millis(pause.max(1)), Event::Robot);
}

/// One visit of the robot, and the plan for the next.
pub(crate) fn call(world: &mut World) {
    match world.robot_dice.below(100) {
        0..50 => buy(world, 1, PaymentMethod::Card),
        50..65 => buy(world, 2, PaymentMethod::Pix),
        65..87 => buy(world, 1, PaymentMethod::Pix),
        87..94 => change_mind(world),
        94..97 => ask_to_cancel(world),
        _ => give_back(world),
    }
    plan_next(world);
}

fn buy(world: &mut World, lines: usize, payment: PaymentMethod) {
    let for_sale: Vec<SaleLine> = world
        .items
        .values()
        .filter(|item| item.status == ItemStatus::Normal)
        .flat_map(|item| item.models.iter().map(move |model| (item.id, model)))
        .filter(|(_, model)| model.stock > 0)
        .map(|(item, model)| SaleLine {
            item_id: Some(item),
            model_id: Some(model.id),
            sku: None,
            quantity: Some(1),
        })
        .collect();
    let cart: Vec<SaleLine> = (0..lines).filter_map(|_| world.robot_dice.pick(&for_sale).cloned()).collect();
    if cart.is_empty() {
        return;
    }
    let buyers: Vec<i64> = world.buyers.keys().copied().collect();
    let mut request = SaleRequest {
        cart,
        payment,
        buyer_id: world.robot_dice.pick(&buyers).copied(),
        ..SaleRequest::default()
    };
    if payment == PaymentMethod::Pix && world.robot_dice.chance(60) {
        request.pay_after_seconds = Some(20 + world.robot_dice.below(600));
    }
    // The last unit twice in one cart: this customer leaves.
    if let Err(reason) = sales::sell(world, &request) {
        tracing::debug!(%reason, "the robot left without buying");
    }
}

/// An order in one of these states, by chance.
fn some_order(world: &mut World, statuses: &[OrderStatus]) -> Option<String> {
    let fitting: Vec<String> =
        world.orders.values().filter(|it| statuses.contains(&it.status)).map(|it| it.sn.clone()).collect();
    world.robot_dice.pick(&fitting).cloned()
}

fn change_mind(world: &mut World) {
    if let Some(sn) = some_order(world, &[OrderStatus::ReadyToShip, OrderStatus::Unpaid]) {
        sales::cancel(world, &sn, "buyer", "Change of mind");
    }
}

fn ask_to_cancel(world: &mut World) {
    if let Some(sn) = some_order(world, &[OrderStatus::ReadyToShip, OrderStatus::Processed]) {
        sales::request_cancellation(world, &sn, "Need to change delivery address");
    }
}

fn give_back(world: &mut World) {
    if let Some(sn) = some_order(world, &[OrderStatus::ToConfirmReceive]) {
        returns::open(world, &sn, "NOT_RECEIPT", "O produto veio com defeito", true);
    }
}
