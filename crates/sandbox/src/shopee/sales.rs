//! What buyers do: buy, pay, cancel, keep (fact sheet §6).

use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::channel;
use super::item::ItemStatus;
use super::order::{Cancellation, Line, Order, OrderStatus, Package, PackageStatus, PaymentMethod};
use super::shipping::set_package;
use super::shop::TaxId;
use super::world::secs;
use super::{Event, World, push};
use crate::ids::Series;

const LINE_IDS: Series = Series::new("shopee_line", 242_000_000_000);
const PACKAGE_IDS: Series = Series::new("shopee_package", 240_000_000_000_000);
/// How long an unpaid order waits.
const PAYMENT_PATIENCE: Duration = Duration::from_hours(24);
/// How long the seller has to ship.
const SHIP_WITHIN: Duration = Duration::from_hours(48);
/// How long after that day the platform cancels.
const SHIP_GRACE: Duration = Duration::from_hours(24);
/// How long a request to cancel waits for the seller.
const CANCEL_PATIENCE: Duration = Duration::from_hours(48);
/// How long after an order's end its money is released.
const RELEASE_AFTER: Duration = Duration::from_hours(1);
/// Units of a line, lines of a cart, and orders of one request.
const QUANTITY_MAX: i64 = 999;
const CART_MAX: usize = 50;
const COUNT_MAX: u32 = 1_000;
/// How far Brazil is behind UTC: order numbers begin with its date.
const BRAZIL_BEHIND: Duration = Duration::from_hours(3);
/// Letters and digits of an order number.
const SN_LETTERS: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M',
    'N', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y',
];

/// What is put into the cart: an item (with a model), or the first one for sale with a SKU.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaleLine {
    /// The item.
    pub item_id: Option<i64>,
    /// Its model.
    pub model_id: Option<i64>,
    /// The seller's SKU.
    pub sku: Option<String>,
    /// Units; 1 when absent.
    pub quantity: Option<i64>,
}

/// A purchase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SaleRequest {
    /// Only of this shop.
    pub shop_id: Option<i64>,
    /// The item.
    pub item_id: Option<i64>,
    /// Its model.
    pub model_id: Option<i64>,
    /// The seller's SKU.
    pub sku: Option<String>,
    /// Units; 1 when absent.
    pub quantity: Option<i64>,
    /// Several lines, instead of the one above.
    pub cart: Vec<SaleLine>,
    /// Who buys; anybody when absent.
    pub buyer_id: Option<i64>,
    /// How it is paid.
    pub payment: PaymentMethod,
    /// Seconds until it is paid; at once when absent.
    pub pay_after_seconds: Option<u64>,
    /// How often; once when absent.
    pub count: Option<u32>,
    /// The logistics channel; the shop's standard one when absent.
    pub channel_id: Option<i64>,
    /// What the buyer writes to the seller.
    pub message: String,
}

impl SaleRequest {
    /// `quantity` units of a SKU.
    #[must_use]
    pub fn of_sku(sku: &str, quantity: i64) -> Self {
        Self { sku: Some(sku.to_owned()), quantity: Some(quantity), ..Self::default() }
    }
}

/// Why nobody could buy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SaleError {
    /// Nothing for sale fits.
    #[error("nothing for sale fits {0}")]
    NotForSale(String),
    /// Fewer units are left.
    #[error("{wanted} units of {what} were wanted and {left} are left")]
    OutOfStock {
        /// Item and model.
        what: String,
        /// Units wanted.
        wanted: i64,
        /// Units left.
        left: i64,
    },
    /// A number is out of bounds.
    #[error("{0}")]
    OutOfBounds(&'static str),
    /// There is no such buyer.
    #[error("there is no buyer {0}")]
    UnknownBuyer(i64),
    /// There is no such channel.
    #[error("the shop has no channel {0}")]
    UnknownChannel(i64),
}

/// A line of a cart, found on the shelf.
struct Picked {
    shop_id: i64,
    item_id: i64,
    model_id: i64,
    quantity: i64,
}

fn pick(world: &World, shop: Option<i64>, line: &SaleLine) -> Result<Picked, SaleError> {
    let quantity = line.quantity.unwrap_or(1);
    if !(1..=QUANTITY_MAX).contains(&quantity) {
        return Err(SaleError::OutOfBounds("quantity must be between 1 and 999"));
    }
    let on_shelf = world
        .items
        .values()
        .filter(|item| item.status == ItemStatus::Normal && shop.is_none_or(|shop| item.shop_id == shop))
        .filter(|item| line.item_id.is_none_or(|id| item.id == id))
        .flat_map(|item| item.models.iter().map(move |model| (item, model)))
        .filter(|(_, model)| line.model_id.is_none_or(|id| model.id == id))
        .filter(|(_, model)| line.sku.as_ref().is_none_or(|sku| model.sku == *sku));
    let what = || match (&line.sku, line.item_id) {
        (Some(sku), _) => format!("the SKU {sku}"),
        (None, Some(id)) => format!("the item {id}"),
        (None, None) => "a line without item and SKU".to_owned(),
    };
    if line.item_id.is_none() && line.sku.is_none() {
        return Err(SaleError::NotForSale(what()));
    }
    // A full shelf before an empty one.
    let best = on_shelf.max_by_key(|(item, model)| (model.stock >= quantity, std::cmp::Reverse(item.id)));
    let (item, model) = best.ok_or_else(|| SaleError::NotForSale(what()))?;
    if model.stock < quantity {
        return Err(SaleError::OutOfStock { what: what(), wanted: quantity, left: model.stock });
    }
    Ok(Picked { shop_id: item.shop_id, item_id: item.id, model_id: model.id, quantity })
}

/// A buyer buys. A cart over several shops becomes several orders. Gives their numbers.
pub(crate) fn sell(world: &mut World, request: &SaleRequest) -> Result<Vec<String>, SaleError> {
    let count = request.count.unwrap_or(1);
    if !(1..=COUNT_MAX).contains(&count) {
        return Err(SaleError::OutOfBounds("count must be between 1 and 1000"));
    }
    if request.cart.len() > CART_MAX {
        return Err(SaleError::OutOfBounds("a cart has at most 50 lines"));
    }
    let buyers: Vec<i64> = world.buyers.keys().copied().collect();
    let mut made = Vec::new();
    for _ in 0..count {
        let buyer = match request.buyer_id {
            Some(id) if world.buyers.contains_key(&id) => id,
            Some(id) => return Err(SaleError::UnknownBuyer(id)),
            None => world.dice.pick(&buyers).copied().unwrap_or(0),
        };
        made.extend(buy(world, request, buyer)?);
    }
    Ok(made)
}

fn buy(world: &mut World, request: &SaleRequest, buyer: i64) -> Result<Vec<String>, SaleError> {
    let single = SaleLine {
        item_id: request.item_id,
        model_id: request.model_id,
        sku: request.sku.clone(),
        quantity: request.quantity,
    };
    let lines = if request.cart.is_empty() { vec![single] } else { request.cart.clone() };
    // Nothing is taken from the shelf before every line was found there.
    let picked: Vec<Picked> =
        lines.iter().map(|line| pick(world, request.shop_id, line)).collect::<Result<_, _>>()?;
    let mut shops: Vec<i64> = picked.iter().map(|it| it.shop_id).collect();
    shops.sort_unstable();
    shops.dedup();
    for shop in &shops {
        let channel = request.channel_id.unwrap_or(channel::PADRAO);
        if !world.shops.get(shop).is_some_and(|it| it.channels.contains(&channel)) {
            return Err(SaleError::UnknownChannel(channel));
        }
    }
    for it in &picked {
        let same: i64 = picked
            .iter()
            .filter(|other| other.item_id == it.item_id && other.model_id == it.model_id)
            .map(|other| other.quantity)
            .sum();
        let left = world
            .items
            .get(&it.item_id)
            .and_then(|item| item.model(it.model_id))
            .map_or(0, |model| model.stock);
        if same > left {
            return Err(SaleError::OutOfStock {
                what: format!("the item {}", it.item_id),
                wanted: same,
                left,
            });
        }
    }
    let place = |shop: i64, world: &mut World| {
        let own: Vec<&Picked> = picked.iter().filter(|it| it.shop_id == shop).collect();
        place_order(world, request, buyer, shop, &own)
    };
    Ok(shops.into_iter().map(|shop| place(shop, world)).collect())
}

fn new_sn(world: &mut World) -> String {
    let date = world.now.minus(BRAZIL_BEHIND).to_rfc3339();
    loop {
        let tail: String = (0..8).filter_map(|_| world.dice.pick(&SN_LETTERS).copied()).collect();
        let sn = [&date[2..4], &date[5..7], &date[8..10], &tail].concat();
        if !world.orders.contains_key(&sn) {
            return sn;
        }
    }
}

pub(crate) fn new_package(
    world: &mut World,
    sn: &str,
    parts: Vec<(usize, i64)>,
    status: PackageStatus,
) -> Package {
    let number = format!("OFG{}", world.ids.next(PACKAGE_IDS));
    world.packages.insert(number.clone(), sn.to_owned());
    Package {
        number,
        parts,
        status,
        arranged: false,
        tracking: None,
        updated: world.now,
        picked_up: None,
        events: Vec::new(),
        label: None,
    }
}

fn place_order(
    world: &mut World,
    request: &SaleRequest,
    buyer: i64,
    shop: i64,
    picked: &[&Picked],
) -> String {
    let sn = new_sn(world);
    let lines: Vec<Line> = picked.iter().filter_map(|it| take_from_shelf(world, &sn, it)).collect();
    let parts = lines.iter().enumerate().map(|(index, line)| (index, line.quantity)).collect();
    let package = new_package(world, &sn, parts, PackageStatus::NotStart);
    let company = world.shops.get(&shop).is_some_and(|shop| shop.tax_id == TaxId::Cnpj);
    let order = Order {
        sn: sn.clone(),
        shop_id: shop,
        buyer_id: buyer,
        status: OrderStatus::Unpaid,
        before_cancel: None,
        created: world.now,
        updated: world.now,
        paid: None,
        completed: None,
        released: None,
        ship_by: None,
        payment: request.payment,
        channel_id: request.channel_id.unwrap_or(channel::PADRAO),
        lines,
        packages: vec![package],
        note: String::new(),
        note_updated: None,
        message: request.message.clone(),
        cancellation: None,
        buyer_cancel_reason: String::new(),
        invoice: if company { json!({}) } else { Value::Null },
        invoice_file: None,
        refunded: 0,
        overcharged: 0,
    };
    world.orders.insert(sn.clone(), order);
    tell(world, &sn, "");
    match request.pay_after_seconds {
        None => pay(world, &sn),
        Some(seconds) => {
            world.plan_in(PAYMENT_PATIENCE, Event::PaymentExpires(sn.clone()));
            world.plan_in(Duration::from_secs(seconds), Event::Paid(sn.clone()));
        }
    }
    sn
}

fn take_from_shelf(world: &mut World, sn: &str, picked: &Picked) -> Option<Line> {
    let id = world.ids.next(LINE_IDS);
    let now = secs(world.now);
    let item = world.items.get_mut(&picked.item_id)?;
    item.sold += picked.quantity;
    let (shop, sku, name, weight) = (item.shop_id, item.sku.clone(), item.name.clone(), item.weight.clone());
    let image_id = item.images.first().cloned();
    let model_name = item.model(picked.model_id).map(|model| item.model_name(model)).unwrap_or_default();
    let single = !item.has_models();
    let model = item.model_mut(picked.model_id)?;
    model.stock -= picked.quantity;
    let line = Line {
        item_id: picked.item_id,
        model_id: picked.model_id,
        item_name: name,
        item_sku: sku,
        model_name,
        model_sku: if single { String::new() } else { model.sku.clone() },
        original: model.price,
        discounted: model.current_price(),
        quantity: picked.quantity,
        weight,
        image_id,
        id,
        campaign_id: model.campaign.as_ref().map_or(0, |campaign| campaign.id),
        cancelled: 0,
        returned: 0,
    };
    if let Some(campaign) = model.campaign.as_mut() {
        let old = campaign.reserved;
        campaign.reserved = (old - picked.quantity).max(0);
        let data = json!({"action": "place_order", "item_id": line.item_id, "variation_id": line.model_id, "ordersn": sn,
            "promotion_id": campaign.id, "promotion_type": "product_promotion", "update_time": now,
            "changed_values": [{"name": "reserved_stock", "old": old, "new": campaign.reserved}]});
        push::emit(world, shop, 8, &data);
    }
    Some(line)
}

/// Push 3 about an order as it stands.
pub(crate) fn tell(world: &mut World, sn: &str, scenario: &str) {
    let Some(order) = world.orders.get(sn) else { return };
    let data = json!({"ordersn": sn, "status": order.shown_status().word(), "completed_scenario": scenario,
        "update_time": secs(order.updated), "items": []});
    let shop = order.shop_id;
    push::emit(world, shop, 3, &data);
}

/// Moves an order and tells about it.
pub(crate) fn set_status(world: &mut World, sn: &str, status: OrderStatus) {
    let now = world.now;
    let Some(order) = world.orders.get_mut(sn) else { return };
    if order.status == status {
        return;
    }
    order.status = status;
    order.updated = now;
    // The way into PENDING is silent.
    if status != OrderStatus::Pending {
        tell(world, sn, "");
    }
}

/// The buyer pays.
pub(crate) fn pay(world: &mut World, sn: &str) {
    let now = world.now;
    let hold = world.rules.pending_after_payment;
    let Some(order) = world.orders.get_mut(sn).filter(|order| order.status == OrderStatus::Unpaid) else {
        return;
    };
    order.paid = Some(now);
    order.ship_by = Some(now.plus(SHIP_WITHIN));
    forget(world, sn);
    plan_deadline(world, sn, now.plus(SHIP_WITHIN));
    if hold {
        set_status(world, sn, OrderStatus::Pending);
    } else {
        make_ready(world, sn);
    }
}

/// The seller has until `ship_by`, and a little longer before the platform cancels.
pub(crate) fn plan_deadline(world: &mut World, sn: &str, ship_by: Timestamp) {
    let deadline = Event::ShipDeadline(sn.to_owned());
    world.agenda.forget(|event| *event == deadline);
    world.agenda.plan(ship_by.plus(SHIP_GRACE), deadline);
}

/// What is paid (and no longer held back) is to be shipped.
pub(crate) fn make_ready(world: &mut World, sn: &str) {
    set_status(world, sn, OrderStatus::ReadyToShip);
    for number in numbers(world, sn) {
        set_package(world, &number, PackageStatus::Ready);
    }
}

/// The numbers of an order's packages.
pub(crate) fn numbers(world: &World, sn: &str) -> Vec<String> {
    world
        .orders
        .get(sn)
        .map(|it| it.packages.iter().map(|it| it.number.clone()).collect())
        .unwrap_or_default()
}

/// Drops everything planned for an order.
fn forget(world: &mut World, sn: &str) {
    world.agenda.forget(|event| match event {
        Event::Paid(it) | Event::PaymentExpires(it) | Event::ShipDeadline(it) | Event::CancelGranted(it) => {
            it == sn
        }
        Event::TrackingComes(_)
        | Event::PackageMoves(_)
        | Event::Completes(_)
        | Event::Released(_)
        | Event::ReturnExpires(_)
        | Event::ConsentExpiresSoon(_)
        | Event::ConsentExpires(_)
        | Event::Robot => false,
    });
}

/// Nobody paid.
pub(crate) fn expire(world: &mut World, sn: &str) {
    if world.orders.get(sn).is_some_and(|order| order.status == OrderStatus::Unpaid) {
        cancel(world, sn, "system", "Order is not paid in time");
    }
}

/// Nobody shipped.
pub(crate) fn miss_deadline(world: &mut World, sn: &str) {
    let waiting = [OrderStatus::ReadyToShip, OrderStatus::Pending, OrderStatus::RetryShip];
    if world.orders.get(sn).is_some_and(|order| waiting.contains(&order.status)) {
        cancel(world, sn, "system", "Seller did not ship order in time");
    }
}

/// True while an order can still be cancelled.
pub(crate) fn is_cancellable(order: &Order) -> bool {
    let early = matches!(
        order.status,
        OrderStatus::Unpaid
            | OrderStatus::Pending
            | OrderStatus::ReadyToShip
            | OrderStatus::Processed
            | OrderStatus::InCancel
            | OrderStatus::RetryShip
    );
    early && order.packages.iter().all(|package| package.picked_up.is_none())
}

/// Ends an order without a sale: the goods go back on the shelf.
pub(crate) fn cancel(world: &mut World, sn: &str, by: &str, reason: &str) {
    let Some(order) = world.orders.get_mut(sn).filter(|order| order.status != OrderStatus::Cancelled) else {
        return;
    };
    order.cancellation = Some(Cancellation { by: by.to_owned(), reason: reason.to_owned() });
    let lines = order.lines.clone();
    for line in &lines {
        restock(world, line.item_id, line.model_id, line.quantity - line.cancelled);
    }
    forget(world, sn);
    // First the order: one that is led by its packages would be cancelled by the system.
    set_status(world, sn, OrderStatus::Cancelled);
    for number in numbers(world, sn) {
        let arranged = world.orders.get(sn).and_then(|it| it.package(&number)).is_some_and(|it| it.arranged);
        let end = if arranged { PackageStatus::RequestCanceled } else { PackageStatus::Invalid };
        set_package(world, &number, end);
    }
}

/// Puts units back on the shelf.
pub(crate) fn restock(world: &mut World, item_id: i64, model_id: i64, units: i64) {
    if let Some(model) = world.items.get_mut(&item_id).and_then(|item| item.model_mut(model_id)) {
        model.stock += units;
    }
}

/// The buyer asks to cancel; the seller has two days to answer.
pub(crate) fn request_cancellation(world: &mut World, sn: &str, reason: &str) -> bool {
    let Some(order) = world.orders.get_mut(sn) else { return false };
    let askable =
        matches!(order.status, OrderStatus::ReadyToShip | OrderStatus::Processed | OrderStatus::RetryShip);
    if !askable {
        return false;
    }
    order.before_cancel = Some(order.status);
    reason.clone_into(&mut order.buyer_cancel_reason);
    set_status(world, sn, OrderStatus::InCancel);
    world.plan_in(CANCEL_PATIENCE, Event::CancelGranted(sn.to_owned()));
    true
}

/// The request to cancel is granted.
pub(crate) fn grant_cancellation(world: &mut World, sn: &str) {
    let Some(order) = world.orders.get(sn).filter(|order| order.status == OrderStatus::InCancel) else {
        return;
    };
    let reason = order.buyer_cancel_reason.clone();
    cancel(world, sn, "buyer", &reason);
}

/// The request to cancel is refused or taken back: the order goes on.
pub(crate) fn drop_cancellation(world: &mut World, sn: &str) {
    world.agenda.forget(|event| *event == Event::CancelGranted(sn.to_owned()));
    let Some(order) = world.orders.get_mut(sn).filter(|order| order.status == OrderStatus::InCancel) else {
        return;
    };
    let before = order.before_cancel.take().unwrap_or(OrderStatus::ReadyToShip);
    set_status(world, sn, before);
}

/// The buyer keeps the goods.
pub(crate) fn complete(world: &mut World, sn: &str) {
    let now = world.now;
    let Some(order) = world.orders.get_mut(sn) else { return };
    if !matches!(order.status, OrderStatus::ToConfirmReceive | OrderStatus::ToReturn) {
        return;
    }
    order.status = OrderStatus::Completed;
    order.updated = now;
    order.completed = Some(now);
    world.agenda.forget(|event| *event == Event::Completes(sn.to_owned()));
    tell(world, sn, "NORMAL");
    world.plan_in(RELEASE_AFTER, Event::Released(sn.to_owned()));
}
