//! What happens to packages, by the carrier's hand or by time (fact sheet §6.1, §7).

use std::time::Duration;

use serde_json::json;

use super::order::{Cancellation, OrderStatus, PackageStatus, TrackEvent};
use super::world::secs;
use super::{Event, World, push, sales};
use crate::ids::Series;

const TRACKING_IDS: Series = Series::new("shopee_tracking", 250_000_000_000);
/// How long after the tracking number the courier comes.
const PICKUP_AFTER: Duration = Duration::from_hours(6);
/// How long the parcel travels.
const DELIVERY_AFTER: Duration = Duration::from_hours(48);
/// How long after the delivery the order is completed by itself.
const COMPLETION_AFTER: Duration = Duration::from_hours(7 * 24);

/// Moves a package, and the order with it; tells about both.
pub(crate) fn set_package(world: &mut World, number: &str, status: PackageStatus) {
    let now = world.now;
    let Some(sn) = world.packages.get(number).cloned() else { return };
    let Some(order) = world.orders.get_mut(&sn) else { return };
    let shop = order.shop_id;
    let Some(package) = order.package_mut(number).filter(|package| package.status != status) else { return };
    package.status = status;
    package.updated = now;
    if status == PackageStatus::PickupDone {
        package.picked_up.get_or_insert(now);
    }
    if let Some((word, text)) = event_of(status) {
        package.events.push(TrackEvent { at: now, word: word.to_owned(), text: text.to_owned() });
    }
    order.updated = now;
    let data = json!({"ordersn": sn, "package_number": number, "fulfillment_status": status.word(), "update_time": secs(now)});
    push::emit(world, shop, 30, &data);
    follow(world, &sn, number);
}

/// What the tracking page says of a status.
fn event_of(status: PackageStatus) -> Option<(&'static str, &'static str)> {
    match status {
        PackageStatus::RequestCreated => Some(("ORDER_CREATED", "Envio solicitado à transportadora")),
        PackageStatus::PickupDone => Some(("PICKED_UP", "Pedido coletado")),
        PackageStatus::DeliveryDone => Some(("DELIVERED", "Pedido entregue")),
        PackageStatus::PickupRetry => Some(("PICKUP_RETRY", "Coleta não realizada; nova tentativa")),
        PackageStatus::PickupFailed => Some(("PICKUP_FAILED", "Coleta não realizada")),
        PackageStatus::DeliveryFailed => Some(("FAILED_DELIVERED", "Entrega não realizada")),
        PackageStatus::Lost => Some(("LOST", "Pedido extraviado")),
        PackageStatus::RequestCanceled => Some(("CANCELED", "Envio cancelado")),
        PackageStatus::NotStart | PackageStatus::Ready | PackageStatus::Invalid => None,
    }
}

/// The order follows its packages, unless somebody else decides about it.
fn follow(world: &mut World, sn: &str, number: &str) {
    let Some(order) = world.orders.get(sn) else { return };
    let led = matches!(
        order.status,
        OrderStatus::ReadyToShip
            | OrderStatus::Processed
            | OrderStatus::RetryShip
            | OrderStatus::Shipped
            | OrderStatus::ToConfirmReceive
    );
    if !led {
        return;
    }
    let status = order.status_by_packages();
    let package = order.package(number).map(|package| package.status);
    if status == OrderStatus::Cancelled
        && let Some(order) = world.orders.get_mut(sn)
    {
        // The buyer gets the money back; the goods do not come back by themselves.
        let reason = if package == Some(PackageStatus::Lost) { "Parcel is lost" } else { "Failed delivery" };
        order.cancellation = Some(Cancellation { by: "system".to_owned(), reason: reason.to_owned() });
    }
    sales::set_status(world, sn, status);
    if status == OrderStatus::ToConfirmReceive {
        world.agenda.forget(|event| *event == Event::Completes(sn.to_owned()));
        world.plan_in(COMPLETION_AFTER, Event::Completes(sn.to_owned()));
    }
}

/// A shipment was arranged: the number comes a little later.
pub(crate) fn arrange(world: &mut World, number: &str) {
    let Some(sn) = world.packages.get(number).cloned() else { return };
    if let Some(package) = world.orders.get_mut(&sn).and_then(|order| order.package_mut(number)) {
        package.arranged = true;
    }
    set_package(world, number, PackageStatus::RequestCreated);
    let wait = Duration::from_secs(world.rules.tracking_seconds);
    if wait.is_zero() {
        give_tracking(world, number);
    } else {
        world.plan_in(wait, Event::TrackingComes(number.to_owned()));
    }
}

/// A package gets its tracking number.
pub(crate) fn give_tracking(world: &mut World, number: &str) {
    let Some(sn) = world.packages.get(number).cloned() else { return };
    let code = format!("BR{}X", world.ids.next(TRACKING_IDS));
    let now = world.now;
    let Some(order) = world.orders.get_mut(&sn) else { return };
    let shop = order.shop_id;
    let by_seller = super::channel::find(order.channel_id).is_some_and(|channel| channel.by_seller);
    let wanted = order.package_mut(number).filter(|package| package.arranged && package.tracking.is_none());
    let Some(package) = wanted.filter(|package| !package.status.has_failed()) else { return };
    package.tracking = Some(code.clone());
    package.updated = now;
    order.updated = now;
    push::emit(
        world,
        shop,
        4,
        &json!({"ordersn": sn, "package_number": number, "tracking_no": code, "forder_id": number}),
    );
    if !by_seller {
        world.plan_in(PICKUP_AFTER, Event::PackageMoves(number.to_owned()));
    }
}

/// The step that a package takes by itself, given time.
pub(crate) fn move_by_itself(world: &mut World, number: &str) {
    advance(world, number);
}

/// The next step on a package's way, whoever it would have needed; false at its end.
pub(crate) fn advance(world: &mut World, number: &str) -> bool {
    let Some(sn) = world.packages.get(number).cloned() else { return false };
    let Some(package) = world.orders.get(&sn).and_then(|order| order.package(number)) else { return false };
    let (status, tracked) = (package.status, package.tracking.is_some());
    world.agenda.forget(|event| *event == Event::PackageMoves(number.to_owned()));
    match status {
        PackageStatus::Ready => arrange(world, number),
        PackageStatus::RequestCreated | PackageStatus::PickupRetry if !tracked => {
            give_tracking(world, number);
        }
        PackageStatus::RequestCreated | PackageStatus::PickupRetry => {
            set_package(world, number, PackageStatus::PickupDone);
            world.plan_in(DELIVERY_AFTER, Event::PackageMoves(number.to_owned()));
        }
        PackageStatus::PickupDone => set_package(world, number, PackageStatus::DeliveryDone),
        PackageStatus::NotStart
        | PackageStatus::DeliveryDone
        | PackageStatus::Invalid
        | PackageStatus::RequestCanceled
        | PackageStatus::PickupFailed
        | PackageStatus::DeliveryFailed
        | PackageStatus::Lost => return false,
    }
    true
}
