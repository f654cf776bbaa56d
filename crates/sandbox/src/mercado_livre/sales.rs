//! Buying, paying and calling off: what a buyer does to the world (fact sheet §24).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::catalogue::data::category;
use super::catalogue::fees::{Freight, ListingType, sale_fee};
use super::item::ItemStatus;
use super::notice::notify;
use super::order::{CancelDetail, Order, OrderStatus, Pack};
use super::payment::{Payment, PaymentMethod, PaymentStatus};
use super::shipment::{self, ShipmentStage};
use super::{Event, World, stock};
use crate::ids::Series;

const ORDERS: Series = Series::new("order", 2_000_010_000_000_000);
const PACKS: Series = Series::new("pack", 2_000_006_000_000_000);
const PAYMENTS: Series = Series::new("payment", 90_000_000_000);
const BILLING_INFOS: Series = Series::new("billing_info", 670_000_000_000_000_000);

/// How long a PIX charge can be paid.
pub const PIX_LIFE: Duration = Duration::from_mins(30);
/// The longest time between payment and the parcel's creation, in seconds.
const SHIPMENT_DELAY_MAX_SECONDS: u64 = 30;

/// One thing in the cart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaleLine {
    /// The item; or else name a SKU.
    pub item_id: Option<String>,
    /// The SKU: the first active item that carries it.
    pub sku: Option<String>,
    /// The variation, where the item has several.
    pub variation_id: Option<i64>,
    /// Units; 0 means 1.
    pub quantity: i64,
}

/// What a buyer wants to buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleRequest {
    /// The thing, when it is one.
    #[serde(flatten)]
    pub line: SaleLine,
    /// The things, when it is a cart. Each seller's share becomes one pack.
    #[serde(default)]
    pub cart: Vec<SaleLine>,
    /// The buyer; somebody when absent.
    #[serde(default)]
    pub buyer_id: Option<i64>,
    /// How it is paid.
    #[serde(default = "by_card")]
    pub payment: PaymentMethod,
    /// PIX only: seconds until the buyer pays. Absent: not by itself.
    #[serde(default)]
    pub pay_after_seconds: Option<u64>,
    /// How many such purchases; 0 means 1.
    #[serde(default)]
    pub count: u32,
}

const fn by_card() -> PaymentMethod {
    PaymentMethod::Card
}

impl SaleRequest {
    /// One purchase of `quantity` units of an item, by card.
    #[must_use]
    pub fn of_item(item_id: &str, quantity: i64) -> Self {
        Self::of(SaleLine { item_id: Some(item_id.to_owned()), quantity, ..SaleLine::default() })
    }

    /// One purchase of `quantity` units of a SKU, by card.
    #[must_use]
    pub fn of_sku(sku: &str, quantity: i64) -> Self {
        Self::of(SaleLine { sku: Some(sku.to_owned()), quantity, ..SaleLine::default() })
    }

    fn of(line: SaleLine) -> Self {
        Self { line, cart: Vec::new(), buyer_id: None, payment: by_card(), pay_after_seconds: None, count: 1 }
    }

    /// One purchase of several things, by card.
    #[must_use]
    pub fn of_cart(cart: Vec<SaleLine>) -> Self {
        Self { cart, ..Self::of(SaleLine::default()) }
    }

    /// The purchase, paid by PIX after a while or (with `None`) not by itself.
    #[must_use]
    pub fn by_pix(self, pay_after_seconds: Option<u64>) -> Self {
        Self { payment: PaymentMethod::Pix, pay_after_seconds, ..self }
    }

    fn lines(&self) -> Vec<&SaleLine> {
        let single = (self.line.item_id.is_some() || self.line.sku.is_some()).then_some(&self.line);
        single.into_iter().chain(&self.cart).collect()
    }
}

/// Why a buyer cannot buy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SaleError {
    /// The request names nothing.
    #[error("name an item_id or a sku, or fill the cart")]
    Empty,
    /// No such item or SKU.
    #[error("there is no item or SKU {0}")]
    Unknown(String),
    /// The item is not active.
    #[error("item {0} is {1}, not active")]
    NotForSale(String, &'static str),
    /// The item has variations and the request names none of them.
    #[error("name a variation_id of item {0}")]
    NoVariation(String),
    /// Fewer units than wanted.
    #[error("only {1} units of {0} are left")]
    NotEnough(String, i64),
    /// No such buyer.
    #[error("there is no buyer {0}")]
    NoBuyer(i64),
}

/// A line that can be bought.
struct Wanted {
    item_id: String,
    variation_id: Option<i64>,
    quantity: i64,
}

/// A buyer buys: orders, pack, payment, stock and notifications. Nothing is changed when
/// any line cannot be bought.
pub fn sell(world: &mut World, request: &SaleRequest) -> Result<Vec<i64>, SaleError> {
    let mut made = Vec::new();
    for _ in 0..request.count.max(1) {
        let wanted = check(world, request)?;
        let buyer_id = choose_buyer(world, request)?;
        let mut by_seller: BTreeMap<i64, Vec<Wanted>> = BTreeMap::new();
        for line in wanted {
            let seller = world.items.get(&line.item_id).map_or(0, |item| item.seller_id);
            by_seller.entry(seller).or_default().push(line);
        }
        for lines in by_seller.into_values() {
            made.extend(buy_from_one_seller(world, request, buyer_id, &lines));
        }
    }
    Ok(made)
}

fn check(world: &World, request: &SaleRequest) -> Result<Vec<Wanted>, SaleError> {
    let mut wanted: Vec<Wanted> = Vec::new();
    for line in request.lines() {
        let found = match (&line.item_id, &line.sku) {
            (Some(id), _) => world.items.get(id).map(|item| (item, line.variation_id)),
            (None, Some(sku)) => find_sku(world, sku),
            (None, None) => None,
        };
        let name = line.item_id.as_ref().or(line.sku.as_ref()).cloned().unwrap_or_default();
        let (item, variation_id) = found.ok_or(SaleError::Unknown(name))?;
        if item.status != ItemStatus::Active {
            return Err(SaleError::NotForSale(item.id.clone(), item.status.word()));
        }
        if !item.variations.is_empty() && item.variation(variation_id).is_none() {
            return Err(SaleError::NoVariation(item.id.clone()));
        }
        wanted.push(Wanted { item_id: item.id.clone(), variation_id, quantity: line.quantity.max(1) });
    }
    let mut needed: BTreeMap<&str, i64> = BTreeMap::new();
    for line in &wanted {
        let Some(item) = world.items.get(&line.item_id) else { continue };
        let holder = item.stock_holder(line.variation_id);
        let total = needed.entry(holder).or_insert(0);
        *total += line.quantity;
        let available = world.stock_of(holder);
        if *total > available {
            return Err(SaleError::NotEnough(item.id.clone(), available));
        }
    }
    if wanted.is_empty() { Err(SaleError::Empty) } else { Ok(wanted) }
}

fn find_sku<'a>(world: &'a World, sku: &str) -> Option<(&'a super::item::Item, Option<i64>)> {
    let fits = |item: &'a super::item::Item| {
        let variation = item.variations.iter().find(|it| item.sku_of(Some(it.id)) == Some(sku));
        match variation {
            Some(variation) => Some((item, Some(variation.id))),
            None => (item.variations.is_empty() && item.sku() == Some(sku)).then_some((item, None)),
        }
    };
    let all: Vec<_> = world.items.values().filter_map(fits).collect();
    let for_sale = all.iter().find(|(item, _)| item.status == ItemStatus::Active);
    for_sale.or(all.first()).copied()
}

fn choose_buyer(world: &mut World, request: &SaleRequest) -> Result<i64, SaleError> {
    if let Some(id) = request.buyer_id {
        return if world.users.contains_key(&id) { Ok(id) } else { Err(SaleError::NoBuyer(id)) };
    }
    let buyers: Vec<i64> = world.users.values().filter(|user| !user.seller).map(|user| user.id).collect();
    world.dice.pick(&buyers).copied().ok_or(SaleError::NoBuyer(0))
}

fn buy_from_one_seller(
    world: &mut World,
    request: &SaleRequest,
    buyer_id: i64,
    lines: &[Wanted],
) -> Vec<i64> {
    // A single purchase often has no pack: then the order id stands in its place.
    let in_pack = lines.len() > 1 || world.dice.chance(50);
    let pack_id = in_pack.then(|| world.ids.next(PACKS));
    let order_ids: Vec<i64> =
        lines.iter().filter_map(|line| place_order(world, request, buyer_id, pack_id, line)).collect();
    let Some(first) = order_ids.first().and_then(|id| world.orders.get(id)) else { return order_ids };
    let seller_id = first.seller_id;
    if let Some(id) = pack_id {
        let (created, updated) = (world.now, world.now);
        let status = "released".to_owned();
        let order_ids = order_ids.clone();
        let pack = Pack {
            id,
            status,
            status_detail: None,
            seller_id,
            buyer_id,
            order_ids,
            shipment_id: None,
            created,
            updated,
        };
        world.packs.insert(id, pack);
    }
    for id in &order_ids {
        notify(world, seller_id, "orders_v2", &format!("/orders/{id}"), &[]);
    }
    match request.payment {
        PaymentMethod::Card => pay(world, &order_ids),
        PaymentMethod::Pix => {
            notify_payments(world, &order_ids);
            if let Some(seconds) = request.pay_after_seconds {
                world
                    .agenda
                    .plan(world.now.plus(Duration::from_secs(seconds)), Event::PixPaid(order_ids.clone()));
            }
            world.agenda.plan(world.now.plus(PIX_LIFE), Event::PixExpires(order_ids.clone()));
        }
    }
    order_ids
}

fn place_order(
    world: &mut World,
    request: &SaleRequest,
    buyer_id: i64,
    pack_id: Option<i64>,
    line: &Wanted,
) -> Option<i64> {
    let item = world.items.get(&line.item_id)?;
    let variation = item.variation(line.variation_id);
    let unit_price = variation.map_or(item.price_minor, |it| it.price_minor);
    let listing = ListingType::from_id(&item.listing_type_id).unwrap_or(ListingType::Classic);
    let freight = Freight { mode: Some("me2"), logistic_type: item.shipping["logistic_type"].as_str() };
    let mut order = Order {
        id: 0,
        pack_id,
        seller_id: item.seller_id,
        buyer_id,
        billing_info_id: 0,
        item_id: item.id.clone(),
        variation_id: line.variation_id,
        variation_attributes: variation.map(|it| it.combinations.clone()).unwrap_or_default(),
        user_product_id: item.stock_holder(line.variation_id).to_owned(),
        title: item.title.clone(),
        category_id: item.category_id.clone(),
        condition: item.condition.clone(),
        sku: item.sku_of(line.variation_id).map(str::to_owned),
        custom_field: item.custom_field.clone(),
        quantity: line.quantity,
        unit_price_minor: unit_price,
        full_price_minor: item.original_price_minor.unwrap_or(unit_price),
        sale_fee_minor: sale_fee(category(&item.category_id), listing, unit_price, freight).total,
        listing_type_id: item.listing_type_id.clone(),
        depot: None,
        status: match request.payment {
            PaymentMethod::Card => OrderStatus::Confirmed,
            PaymentMethod::Pix => OrderStatus::PaymentRequired,
        },
        tags: BTreeSet::from(["not_paid".to_owned(), "not_delivered".to_owned()]),
        payment_ids: Vec::new(),
        shipment_id: None,
        mediations: Vec::new(),
        cancel: None,
        holds_stock: true,
        created: world.now,
        closed: None,
        updated: world.now,
    };
    if pack_id.is_some() {
        order.tags.insert("pack_order".to_owned());
    }
    if item.tags.contains("test_item") {
        order.tags.insert("test_order".to_owned());
    }
    order.id = world.ids.next(ORDERS);
    order.billing_info_id = world.ids.next(BILLING_INFOS);
    order.payment_ids.push(open_payment(world, &order, request.payment));
    order.depot = stock::take(world, &order.user_product_id, order.quantity);
    count_sold(world, &order, order.quantity);
    let id = order.id;
    world.orders.insert(id, order);
    Some(id)
}

fn count_sold(world: &mut World, order: &Order, units: i64) {
    let Some(item) = world.items.get_mut(&order.item_id) else { return };
    item.sold += units;
    if let Some(variation) = item.variations.iter_mut().find(|it| Some(it.id) == order.variation_id) {
        variation.sold += units;
    }
}

fn open_payment(world: &mut World, order: &Order, method: PaymentMethod) -> i64 {
    let id = world.ids.next(PAYMENTS);
    let payment = Payment {
        id,
        order_id: order.id,
        payer_id: order.buyer_id,
        collector_id: order.seller_id,
        reason: order.title.clone(),
        method,
        status: PaymentStatus::Pending,
        amount_minor: order.total_minor(),
        refunded_minor: 0,
        fee_minor: order.sale_fee_minor * order.quantity,
        created: world.now,
        approved: None,
        updated: world.now,
    };
    world.payments.insert(id, payment);
    id
}

/// The buyer pays these orders of one purchase. Those no longer waiting stay as they are.
pub(crate) fn pay(world: &mut World, order_ids: &[i64]) {
    let now = world.now;
    let mut paid = Vec::new();
    for id in order_ids {
        let Some(order) = world.orders.get_mut(id) else { continue };
        let waiting = matches!(
            order.status,
            OrderStatus::Confirmed | OrderStatus::PaymentRequired | OrderStatus::PaymentInProcess
        );
        if !waiting {
            continue;
        }
        order.status = OrderStatus::Paid;
        order.closed = Some(now);
        order.updated = now;
        order.tags.remove("not_paid");
        order.tags.insert("paid".to_owned());
        for payment in &order.payment_ids {
            if let Some(payment) = world.payments.get_mut(payment) {
                payment.status = PaymentStatus::Approved;
                payment.approved = Some(now);
                payment.updated = now;
            }
        }
        paid.push(*id);
    }
    if paid.is_empty() {
        return;
    }
    notify_payments(world, &paid);
    notify_orders(world, &paid);
    let delay = 1 + world.dice.below(SHIPMENT_DELAY_MAX_SECONDS);
    world.agenda.plan(now.plus(Duration::from_secs(delay)), Event::ShipmentBegins(paid));
}

/// The PIX charge has run out: unpaid orders are cancelled.
pub(crate) fn expire(world: &mut World, order_ids: &[i64]) {
    let unpaid: Vec<i64> = order_ids
        .iter()
        .filter(|id| world.orders.get(id).is_some_and(|order| order.status == OrderStatus::PaymentRequired))
        .copied()
        .collect();
    cancel(world, &unpaid, "internal", "payment_expired", "O pagamento não foi feito a tempo");
}

/// Calls orders off: money back, parcel stopped, units back on the shelf unless they have
/// left it already. Orders that are cancelled stay as they are.
pub fn cancel(world: &mut World, order_ids: &[i64], group: &str, code: &str, description: &str) {
    let requested_by = match group {
        "buyer" => "buyer",
        "seller" => "seller",
        _ => "ML",
    };
    for id in order_ids {
        let now = world.now;
        let Some(order) = world.orders.get_mut(id) else { continue };
        if order.status == OrderStatus::Cancelled {
            continue;
        }
        order.status = OrderStatus::Cancelled;
        order.updated = now;
        order.cancel = Some(CancelDetail {
            group: group.to_owned(),
            code: code.to_owned(),
            description: description.to_owned(),
            requested_by: requested_by.to_owned(),
            date: now,
        });
        let order = order.clone();
        let left = order
            .shipment_id
            .and_then(|shipment| world.shipments.get(&shipment))
            .is_some_and(shipment::Shipment::has_left_seller);
        if order.holds_stock && !left {
            restore_stock(world, &order);
        }
        refund(world, &order, now);
        cancel_pack(world, &order, now);
        stop_parcel(world, &order, code);
        notify_orders(world, &[order.id]);
        notify_payments(world, &[order.id]);
    }
}

fn restore_stock(world: &mut World, order: &Order) {
    stock::put_back(world, &order.user_product_id, order.depot.as_ref(), order.quantity);
    count_sold(world, order, -order.quantity);
    if let Some(order) = world.orders.get_mut(&order.id) {
        order.holds_stock = false;
    }
}

fn refund(world: &mut World, order: &Order, now: domain::Timestamp) {
    for id in &order.payment_ids {
        let Some(payment) = world.payments.get_mut(id) else { continue };
        payment.updated = now;
        if payment.status == PaymentStatus::Approved {
            payment.status = PaymentStatus::Refunded;
            payment.refunded_minor = payment.amount_minor;
        } else {
            payment.status = PaymentStatus::Cancelled;
        }
    }
}

fn all_cancelled(world: &World, order_ids: &[i64]) -> bool {
    order_ids.iter().all(|id| world.orders.get(id).is_none_or(|order| order.status == OrderStatus::Cancelled))
}

fn cancel_pack(world: &mut World, order: &Order, now: domain::Timestamp) {
    let Some(pack) = order.pack_id.and_then(|id| world.packs.get(&id)) else { return };
    if all_cancelled(world, &pack.order_ids)
        && let Some(pack) = order.pack_id.and_then(|id| world.packs.get_mut(&id))
    {
        "cancelled".clone_into(&mut pack.status);
        pack.updated = now;
    }
}

fn stop_parcel(world: &mut World, order: &Order, code: &str) {
    let Some(shipment) = order.shipment_id.and_then(|id| world.shipments.get(&id)) else { return };
    if all_cancelled(world, &shipment.order_ids) && !shipment.has_left_seller() {
        let substatus = match code {
            "fraud" => Some("fraudulent"),
            "pack_splitted" => Some("pack_splitted"),
            _ => None,
        };
        let id = shipment.id;
        shipment::enter(world, id, &ShipmentStage::Cancelled(substatus.map(str::to_owned)));
    }
}

/// The platform suspects fraud after payment: the seller must not ship.
pub fn flag_fraud(world: &mut World, order_id: i64) {
    let now = world.now;
    let Some(order) = world.orders.get_mut(&order_id) else { return };
    order.tags.insert("fraud_risk_detected".to_owned());
    order.updated = now;
    let shipment = order.shipment_id.and_then(|id| world.shipments.get(&id));
    if let Some(shipment) = shipment.filter(|shipment| !shipment.has_left_seller()) {
        let id = shipment.id;
        shipment::enter(world, id, &ShipmentStage::UnderReview);
    }
    notify_orders(world, &[order_id]);
}

/// Tells the sellers that these orders changed.
pub(crate) fn notify_orders(world: &mut World, order_ids: &[i64]) {
    for id in order_ids {
        if let Some(seller) = world.orders.get(id).map(|order| order.seller_id) {
            notify(world, seller, "orders_v2", &format!("/orders/{id}"), &[]);
        }
    }
}

fn notify_payments(world: &mut World, order_ids: &[i64]) {
    for id in order_ids {
        let Some(order) = world.orders.get(id) else { continue };
        let (seller, payments) = (order.seller_id, order.payment_ids.clone());
        for payment in payments {
            notify(world, seller, "payments", &format!("/collections/{payment}"), &[]);
        }
    }
}

/// Makes the orders of one half of a split: units and payment move over from the old ones
/// into a new pack, and stock is not touched.
pub(crate) fn move_shares(
    world: &mut World,
    olds: &[Order],
    shares: impl Iterator<Item = (i64, i64)>,
) -> Vec<i64> {
    let pack_id = world.ids.next(PACKS);
    let mut made = Vec::new();
    for (old_id, quantity) in shares {
        let Some(old) = olds.iter().find(|order| order.id == old_id) else { continue };
        let mut order = Order { id: world.ids.next(ORDERS), pack_id: Some(pack_id), quantity, ..old.clone() };
        order.shipment_id = None;
        order.created = world.now;
        order.updated = world.now;
        order.tags.insert("pack_order".to_owned());
        let payment = open_payment(world, &order, PaymentMethod::Card);
        if let Some(payment) = world.payments.get_mut(&payment) {
            payment.status = PaymentStatus::Approved;
            payment.approved = Some(payment.created);
        }
        order.payment_ids = vec![payment];
        made.push(order.id);
        world.orders.insert(order.id, order);
    }
    if let Some(first) = olds.first() {
        let pack = Pack {
            id: pack_id,
            status: "released".to_owned(),
            status_detail: None,
            seller_id: first.seller_id,
            buyer_id: first.buyer_id,
            order_ids: made.clone(),
            shipment_id: None,
            created: world.now,
            updated: world.now,
        };
        world.packs.insert(pack_id, pack);
    }
    made
}

/// Ends the orders that a split has replaced. Their units have moved, so none come back.
pub(crate) fn end_split_orders(world: &mut World, olds: &[Order]) {
    let ids: Vec<i64> = olds.iter().map(|order| order.id).collect();
    for id in &ids {
        if let Some(order) = world.orders.get_mut(id) {
            order.holds_stock = false;
        }
    }
    cancel(world, &ids, "shipment", "pack_splitted", "O pacote foi dividido");
}
