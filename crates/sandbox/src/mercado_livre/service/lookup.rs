//! How customer service sees the selling side: who sold what to whom, and how it stands.

use crate::mercado_livre::World;
use crate::mercado_livre::order::{Order, OrderStatus};
use crate::mercado_livre::payment::PaymentStatus;
use crate::mercado_livre::shipment::{Logistic, Shipment, ShipmentStage};
use crate::mercado_livre::{notice, sales};
use crate::reply::{self, Reply};

/// The seller of an item.
pub(super) fn item_owner(world: &World, item_id: &str) -> Option<i64> {
    world.items.get(item_id).map(|item| item.seller_id)
}

/// Tells the seller's applications.
pub(super) fn notify(world: &mut World, topic: &str, user_id: i64, resource: &str, actions: &[&str]) {
    notice::notify(world, user_id, topic, resource, actions);
}

/// The order, for its seller or buyer.
pub(super) fn order_of_caller(world: &World, id: i64, user: i64) -> Result<&Order, Reply> {
    let order = world.orders.get(&id);
    let order =
        order.ok_or_else(|| reply::not_found("order_not_found", &format!("Order do not exists: {id}")))?;
    if order.seller_id == user || order.buyer_id == user { Ok(order) } else { Err(reply::not_yours()) }
}

/// The purchase behind a pack id, or behind an order id where there is no pack.
pub(super) fn orders_of_pack(world: &World, pack_or_order: i64) -> Vec<&Order> {
    let of_pack: Vec<&Order> =
        world.orders.values().filter(|order| order.pack_id == Some(pack_or_order)).collect();
    if of_pack.is_empty() { world.orders.get(&pack_or_order).into_iter().collect() } else { of_pack }
}

/// The parcel of an order.
pub(super) fn parcel<'a>(world: &'a World, order: &Order) -> Option<&'a Shipment> {
    world.shipments.get(&order.shipment_id?)
}

/// True once the buyer has the parcel.
pub(super) fn is_delivered(world: &World, order: &Order) -> bool {
    parcel(world, order).is_some_and(|parcel| parcel.stage == ShipmentStage::Delivered)
}

/// True when the platform's own centre sends it.
pub(super) fn is_full(world: &World, order: &Order) -> bool {
    parcel(world, order).is_some_and(|parcel| parcel.logistic == Logistic::Fulfillment)
}

/// Gives the buyer everything back after a claim: the order ends.
pub(super) fn refund(world: &mut World, order_id: i64) {
    sales::cancel(
        world,
        &[order_id],
        "mediations",
        "mediations_refund",
        "Refunded to the buyer after a claim",
    );
}

/// Gives the buyer `minor` centavos of an order back; the order stands.
pub(super) fn refund_part(world: &mut World, order_id: i64, minor: i64) {
    let now = world.now;
    let Some(order) = world.orders.get_mut(&order_id) else { return };
    let approved = order
        .payment_ids
        .iter()
        .copied()
        .find(|id| world.payments.get(id).is_some_and(|it| it.status == PaymentStatus::Approved));
    let Some(payment) = approved.and_then(|id| world.payments.get_mut(&id)) else { return };
    payment.refunded_minor = payment.amount_minor.min(payment.refunded_minor + minor);
    payment.updated = now;
    order.status = OrderStatus::PartiallyRefunded;
    order.updated = now;
    let (seller, payment) = (order.seller_id, payment.id);
    notice::notify(world, seller, "orders_v2", &format!("/orders/{order_id}"), &[]);
    notice::notify(world, seller, "payments", &format!("/collections/{payment}"), &[]);
}
