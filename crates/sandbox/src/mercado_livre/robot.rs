//! The buyer robot: customers who come by themselves.

use std::time::Duration;

use super::item::ItemStatus;
use super::order::OrderStatus;
use super::payment::PaymentMethod;
use super::sales::{self, SaleLine, SaleRequest};
use super::service::{chatter, questions};
use super::{Event, World};
pub use crate::traffic::Traffic;

/// A minute in milliseconds.
const MINUTE_MS: u64 = 60_000;

/// Sets the robot to work or (with `None`) sends it home.
pub fn set_traffic(world: &mut World, traffic: Option<Traffic>) {
    world.agenda.forget(|event| *event == Event::Robot);
    if let Some(traffic) = &traffic {
        world.robot_dice = crate::dice::Dice::new(traffic.seed);
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
        0..55 => buy(world, 1, PaymentMethod::Card),
        55..70 => buy(world, 2, PaymentMethod::Card),
        70..85 => buy(world, 1, PaymentMethod::Pix),
        85..92 => change_mind(world),
        92..95 => ask(world),
        95..97 => chatter::write(world),
        97..98 => chatter::complain(world),
        _ => suspect_fraud(world),
    }
    plan_next(world);
}

fn buy(world: &mut World, lines: usize, payment: PaymentMethod) {
    let for_sale: Vec<SaleLine> = world
        .items
        .values()
        .filter(|item| item.status == ItemStatus::Active)
        .flat_map(|item| {
            let variations: Vec<Option<i64>> = if item.variations.is_empty() {
                vec![None]
            } else {
                item.variations.iter().map(|variation| Some(variation.id)).collect()
            };
            variations.into_iter().map(move |variation_id| (item, variation_id))
        })
        .filter(|(item, variation_id)| world.stock_of(item.stock_holder(*variation_id)) > 0)
        .map(|(item, variation_id)| SaleLine {
            item_id: Some(item.id.clone()),
            variation_id,
            quantity: 1,
            sku: None,
        })
        .collect();
    let cart = (0..lines).filter_map(|_| world.robot_dice.pick(&for_sale).cloned()).collect();
    let mut request = SaleRequest::of_cart(cart);
    request.payment = payment;
    if payment == PaymentMethod::Pix && world.robot_dice.chance(80) {
        request.pay_after_seconds = Some(20 + world.robot_dice.below(600));
    }
    // An empty shop or the last unit twice in one cart: this customer leaves.
    if let Err(reason) = sales::sell(world, &request) {
        tracing::debug!(%reason, "the robot left without buying");
    }
}

/// A paid order whose parcel is still at the seller's.
fn waiting_order(world: &mut World) -> Option<i64> {
    let waiting: Vec<i64> = world
        .orders
        .values()
        .filter(|order| order.status == OrderStatus::Paid)
        .filter(|order| {
            let shipment = order.shipment_id.and_then(|id| world.shipments.get(&id));
            shipment.is_none_or(|shipment| !shipment.has_left_seller() && shipment.first_printed.is_none())
        })
        .map(|order| order.id)
        .collect();
    world.robot_dice.pick(&waiting).copied()
}

fn change_mind(world: &mut World) {
    if let Some(order) = waiting_order(world) {
        sales::cancel(
            world,
            &[order],
            "buyer",
            "buyer_cancel_express",
            "O comprador se arrependeu da compra",
        );
    }
}

fn suspect_fraud(world: &mut World) {
    if let Some(order) = waiting_order(world) {
        sales::flag_fraud(world, order);
    }
}

/// What customers want to know before they buy.
const QUESTIONS: [&str; 5] = [
    "Boa tarde, tem a pronta entrega?",
    "Qual o prazo de entrega para Belo Horizonte?",
    "Acompanha nota fiscal?",
    "Serve para presente? Vem em caixa?",
    "Qual a medida exata do produto?",
];

fn ask(world: &mut World) {
    let items: Vec<String> = world
        .items
        .values()
        .filter(|item| item.status == ItemStatus::Active)
        .map(|item| item.id.clone())
        .collect();
    let buyers: Vec<i64> = world.users.values().filter(|user| !user.seller).map(|user| user.id).collect();
    let (Some(item), Some(buyer), Some(text)) =
        (world.robot_dice.pick(&items), world.robot_dice.pick(&buyers), world.robot_dice.pick(&QUESTIONS))
    else {
        return;
    };
    // A seller may have blocked this customer; then the question is not asked.
    if questions::put_question(world, item, *buyer, text).is_err() {
        tracing::debug!("the robot was not allowed to ask");
    }
}
