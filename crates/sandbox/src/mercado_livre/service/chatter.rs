//! What the buyer robot says after a sale.

use super::claims::{self, Problem};
use super::{lookup, messages};
use crate::mercado_livre::World;
use crate::mercado_livre::order::{Order, OrderStatus};

/// What buyers write about a purchase.
const MESSAGES: [&str; 5] = [
    "Olá! Quando o meu pedido vai ser enviado?",
    "Boa tarde, é possível trocar o endereço de entrega?",
    "Podem caprichar na embalagem? É presente.",
    "O código de rastreio não atualiza, podem verificar?",
    "Preciso da nota fiscal, por favor.",
];

/// What buyers complain about.
const COMPLAINTS: [&str; 3] =
    ["O produto chegou quebrado.", "Veio a cor errada.", "O produto não funciona como no anúncio."];

fn pick_order(world: &mut World, fits: impl Fn(&World, &Order) -> bool) -> Option<i64> {
    let orders = world.orders.values().filter(|order| order.status == OrderStatus::Paid);
    let ids: Vec<i64> = orders.filter(|order| fits(world, order)).map(|order| order.id).collect();
    world.robot_dice.pick(&ids).copied()
}

/// Some buyer of a paid order writes.
pub(crate) fn write(world: &mut World) {
    let Some(order) = pick_order(world, |_, _| true) else { return };
    let text = world.robot_dice.pick(&MESSAGES).copied().unwrap_or_default();
    if let Some(purchase) = messages::purchase(world, order) {
        messages::write_as_buyer(world, purchase, text);
    }
}

/// Some buyer with a delivered parcel complains; while nothing is delivered nobody does.
pub(crate) fn complain(world: &mut World) {
    let Some(order) = pick_order(world, lookup::is_delivered) else { return };
    let text = world.robot_dice.pick(&COMPLAINTS).copied().unwrap_or_default();
    // A buyer whose claim is open already keeps quiet.
    let claim = claims::open(world, order, Problem::Pdd, text);
    tracing::debug!(?claim, order, "the robot complained");
}

#[cfg(test)]
mod tests {
    use super::super::testing::Shop;
    use super::*;

    #[test]
    fn a_buyer_writes_about_a_purchase() {
        let mut shop = Shop::open();
        write(&mut shop.world);
        assert!(shop.heard("messages").is_empty());
        shop.sell();
        write(&mut shop.world);
        assert_eq!(shop.heard("messages").len(), 1);
    }

    #[test]
    fn only_a_delivered_parcel_is_complained_about_and_only_once() {
        let mut shop = Shop::open();
        let order = shop.sell();
        complain(&mut shop.world);
        assert!(shop.world.service.claims.is_empty());
        shop.deliver(order);
        complain(&mut shop.world);
        complain(&mut shop.world);
        assert_eq!(shop.world.service.claims.len(), 1);
    }
}
