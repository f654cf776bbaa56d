//! Buying and paying: what a buyer does to the world.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ask::seconds;
use super::order::{LINES, Line, ORDERS, Order, Stage, refresh};
use super::package;
use super::product::Product;
use super::shop::Address;
use super::webhook::{Kind, notify};
use super::{Event, World, cancellation};

/// How long an order can be paid.
pub const PAYMENT_PATIENCE: Duration = Duration::from_mins(30);
/// How long a buyer may call off freely after paying.
pub const REMORSE: Duration = Duration::from_hours(1);
/// Centavos of freight before and of discount on it.
const FREIGHT_MINOR: i64 = 2_000;
const FREIGHT_DISCOUNT_MINOR: i64 = 800;
/// Purchases above this travel free for the buyer: the platform pays all of it.
const FREE_FREIGHT_FROM_MINOR: i64 = 7_900;

/// How a purchase is paid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    /// At once.
    #[default]
    Card,
    /// Later, or never.
    Pix,
}

/// One thing in the cart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaleLine {
    /// The seller's SKU: the first product for sale that has it.
    pub sku: Option<String>,
    /// The platform's SKU id.
    pub sku_id: Option<String>,
    /// Units; 0 means 1.
    pub quantity: usize,
}

/// What a buyer wants to buy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaleRequest {
    /// The thing, when it is one.
    #[serde(flatten)]
    pub line: SaleLine,
    /// The things, when it is a cart. Each shop's share becomes one order.
    pub cart: Vec<SaleLine>,
    /// Only what this shop sells.
    pub shop_id: Option<String>,
    /// The buyer; somebody when absent.
    pub buyer_id: Option<String>,
    /// How it is paid.
    pub payment: Payment,
    /// Pix only: seconds until the buyer pays. Absent: not by itself.
    pub pay_after_seconds: Option<u64>,
    /// True for parcels that the seller sends as he likes.
    pub sent_by_seller: bool,
    /// Centavos that the platform pays of every unit.
    pub platform_discount_minor: i64,
    /// What the buyer writes.
    pub message: String,
    /// How many such purchases; 0 means 1.
    pub count: u32,
}

impl SaleRequest {
    /// One purchase of `quantity` units of a seller's SKU, by card.
    #[must_use]
    pub fn of_sku(sku: &str, quantity: usize) -> Self {
        let line = SaleLine { sku: Some(sku.to_owned()), sku_id: None, quantity };
        Self { line, ..Self::default() }
    }

    fn lines(&self) -> Vec<&SaleLine> {
        let single = (self.line.sku.is_some() || self.line.sku_id.is_some()).then_some(&self.line);
        single.into_iter().chain(&self.cart).collect()
    }
}

/// Why a buyer cannot buy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SaleError {
    /// The request names nothing.
    #[error("name a sku or a sku_id, or fill the cart")]
    Empty,
    /// No product for sale has it.
    #[error("no product for sale has the SKU {0}")]
    Unknown(String),
    /// Fewer units than wanted.
    #[error("only {1} units of {0} are left")]
    NotEnough(String, i64),
    /// One order leaves from one warehouse, and none has all of it.
    #[error("no warehouse has everything in the cart")]
    Scattered,
    /// No such buyer.
    #[error("there is no buyer {0}")]
    NoBuyer(String),
}

/// A line that can be bought.
struct Wanted {
    shop_id: i64,
    product_id: i64,
    sku_id: i64,
    quantity: usize,
}

/// A buyer buys: orders, stock and webhooks. Nothing is changed when any line cannot be
/// bought. Gives the ids of the orders made.
pub fn sell(world: &mut World, request: &SaleRequest) -> Result<Vec<i64>, SaleError> {
    let mut made = Vec::new();
    for _ in 0..request.count.max(1) {
        let mut by_shop: BTreeMap<i64, Vec<Wanted>> = BTreeMap::new();
        for wanted in check(world, request)? {
            by_shop.entry(wanted.shop_id).or_default().push(wanted);
        }
        let mut shares = Vec::new();
        for (shop_id, lines) in by_shop {
            let warehouse = choose_warehouse(world, &lines).ok_or(SaleError::Scattered)?;
            shares.push((shop_id, warehouse, lines));
        }
        let buyer_id = choose_buyer(world, request)?;
        for (shop_id, warehouse_id, lines) in shares {
            made.extend(place(world, request, (shop_id, warehouse_id), buyer_id, &lines));
        }
    }
    Ok(made)
}

fn check(world: &World, request: &SaleRequest) -> Result<Vec<Wanted>, SaleError> {
    let mut wanted = Vec::new();
    let mut needed: BTreeMap<i64, i64> = BTreeMap::new();
    for line in request.lines() {
        let name = line.sku.clone().or_else(|| line.sku_id.clone()).unwrap_or_default();
        let (product, sku_id) = find(world, request, line).ok_or_else(|| SaleError::Unknown(name.clone()))?;
        let quantity = line.quantity.max(1);
        let units = needed.entry(sku_id).or_insert(0);
        *units += i64::try_from(quantity).unwrap_or(i64::MAX);
        // One order leaves from one warehouse, so one warehouse has to have it all.
        let most = product.offers.get(&sku_id).map_or(0, most_in_one_warehouse);
        if *units > most {
            return Err(SaleError::NotEnough(name, most));
        }
        wanted.push(Wanted { shop_id: product.shop_id, product_id: product.id, sku_id, quantity });
    }
    if wanted.is_empty() { Err(SaleError::Empty) } else { Ok(wanted) }
}

fn most_in_one_warehouse(offer: &super::product::Offer) -> i64 {
    offer.stock.values().map(|units| units.available).max().unwrap_or(0)
}

fn find<'a>(world: &'a World, request: &SaleRequest, line: &SaleLine) -> Option<(&'a Product, i64)> {
    let shop: Option<i64> = request.shop_id.as_ref().and_then(|id| id.parse().ok());
    let fits = |product: &&Product| product.is_for_sale() && shop.is_none_or(|shop| product.shop_id == shop);
    let by_id: Option<i64> = line.sku_id.as_ref().and_then(|id| id.parse().ok());
    world.products.values().filter(fits).find_map(|product| {
        let sku = product.content.skus.iter().find(|sku| match by_id {
            Some(id) => sku.id == id,
            None => line.sku.as_ref() == Some(&sku.seller_sku),
        })?;
        Some((product, sku.id))
    })
}

fn choose_buyer(world: &mut World, request: &SaleRequest) -> Result<i64, SaleError> {
    if let Some(text) = &request.buyer_id {
        let known = text.parse().ok().filter(|id| world.buyers.contains_key(id));
        return known.ok_or_else(|| SaleError::NoBuyer(text.clone()));
    }
    let buyers: Vec<i64> = world.buyers.keys().copied().collect();
    world.dice.pick(&buyers).copied().ok_or_else(|| SaleError::NoBuyer(String::new()))
}

fn place(
    world: &mut World,
    request: &SaleRequest,
    (shop_id, warehouse_id): (i64, i64),
    buyer_id: i64,
    wanted: &[Wanted],
) -> Option<i64> {
    let mut lines = Vec::new();
    for it in wanted {
        for _ in 0..it.quantity {
            lines.push(line_of(world, it, request.platform_discount_minor)?);
        }
        let units = i64::try_from(it.quantity).unwrap_or(0);
        world.commit_units(it.product_id, it.sku_id, warehouse_id, units);
    }
    let goods: i64 = lines.iter().map(Line::paid_minor).sum();
    let (payment_method, code) = match request.payment {
        Payment::Card => ("Cartão de crédito", world.dice.below(1_000_000_000).to_string()),
        Payment::Pix => ("Pix", format!("E{}", world.dice.hex(31))),
    };
    let id = world.ids.next(ORDERS);
    let order = Order {
        id,
        shop_id,
        buyer_id,
        stage: Stage::Unpaid,
        shown: String::new(),
        lines,
        warehouse_id,
        shipping_type: if request.sent_by_seller { "SELLER" } else { "TIKTOK" }.to_owned(),
        payment_method: payment_method.to_owned(),
        payment_auth_code: code,
        freight_minor: FREIGHT_MINOR,
        freight_discount_minor: if goods >= FREE_FREIGHT_FROM_MINOR {
            FREIGHT_MINOR
        } else {
            FREIGHT_DISCOUNT_MINOR
        },
        buyer_message: request.message.clone(),
        new_address: None,
        created: world.now,
        paid: None,
        cancel_requested: None,
        completed: None,
        updated: world.now,
    };
    world.orders.insert(id, order);
    refresh(world, id);
    match (request.payment, request.pay_after_seconds) {
        (Payment::Card, _) => pay(world, id),
        (Payment::Pix, after) => {
            if let Some(seconds) = after {
                world.agenda.plan(world.now.plus(Duration::from_secs(seconds)), Event::Paid(id));
            }
            world.agenda.plan(world.now.plus(PAYMENT_PATIENCE), Event::PaymentOverdue(id));
        }
    }
    Some(id)
}

/// The first warehouse that has everything.
fn choose_warehouse(world: &World, wanted: &[Wanted]) -> Option<i64> {
    let mut needed: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for it in wanted {
        let units = needed.entry((it.product_id, it.sku_id)).or_insert(0);
        *units += i64::try_from(it.quantity).unwrap_or(i64::MAX);
    }
    let stock = |(product, sku): &(i64, i64)| Some(&world.products.get(product)?.offers.get(sku)?.stock);
    let has_all = |warehouse: &i64| {
        needed.iter().all(|(key, units)| {
            stock(key).and_then(|stock| stock.get(warehouse)).is_some_and(|held| held.available >= *units)
        })
    };
    let first = stock(needed.keys().next()?)?;
    first.keys().copied().find(has_all)
}

fn line_of(world: &mut World, wanted: &Wanted, discount: i64) -> Option<Line> {
    let id = world.ids.next(LINES);
    let product = world.products.get(&wanted.product_id)?;
    let sku = product.sku(wanted.sku_id)?;
    let price_minor = product.offers.get(&wanted.sku_id)?.price_minor;
    let own_image = sku.attributes.iter().find_map(|it| it.image.clone());
    Some(Line {
        id,
        product_id: product.id,
        sku_id: sku.id,
        product_name: product.content.title().to_owned(),
        sku_name: sku.name(),
        seller_sku: sku.seller_sku.clone(),
        image: own_image.unwrap_or_else(|| product.content.first_image().to_owned()),
        price_minor,
        platform_discount_minor: discount.clamp(0, price_minor),
        package_id: None,
        cancelled: None,
    })
}

/// The payment arrives: the parcel exists, and the hour of remorse begins.
pub fn pay(world: &mut World, id: i64) {
    let now = world.now;
    let hold = world.rules.remorse_hold;
    let Some(order) = world.orders.get_mut(&id) else { return };
    if order.stage != Stage::Unpaid || order.live_lines().next().is_none() {
        return;
    }
    order.paid = Some(now);
    order.stage = if hold { Stage::OnHold } else { Stage::Fulfilling };
    let cut_off = order.cancel_at();
    package::begin(world, id);
    if hold {
        world.agenda.plan(now.plus(REMORSE), Event::RemorseOver(id));
    }
    if let Some(at) = cut_off {
        world.agenda.plan(at, Event::ShipmentOverdue(id));
    }
    refresh(world, id);
}

/// Nobody paid in time.
pub(crate) fn payment_overdue(world: &mut World, id: i64) {
    if world.orders.get(&id).is_some_and(|order| order.stage == Stage::Unpaid) {
        cancellation::cancel_by_system(world, id, "system_cancel_unpaid_time_out");
    }
}

/// The hour of remorse is over: the parcel may be sent.
pub(crate) fn end_remorse(world: &mut World, id: i64) {
    let Some(order) = world.orders.get_mut(&id) else { return };
    if order.stage == Stage::OnHold && order.live_lines().next().is_some() {
        order.stage = Stage::Fulfilling;
        refresh(world, id);
    }
}

/// Nobody sent the parcel in time.
pub(crate) fn shipment_overdue(world: &mut World, id: i64) {
    let Some(order) = world.orders.get(&id) else { return };
    if super::order::order_status(world, order) == "AWAITING_SHIPMENT" {
        cancellation::cancel_by_system(world, id, "system_cancel_order_reason_shipping_timeout");
    }
}

/// The buyer changes where the parcel goes, as long as it is here.
pub(crate) fn change_address(world: &mut World, id: i64, address: Address) -> bool {
    let Some(order) = world.orders.get(&id) else { return false };
    let status = super::order::order_status(world, order);
    if !matches!(status, "UNPAID" | "ON_HOLD" | "AWAITING_SHIPMENT") {
        return false;
    }
    let shop_id = order.shop_id;
    if let Some(order) = world.orders.get_mut(&id) {
        order.new_address = Some(address);
    }
    refresh(world, id);
    let data = json!({"order_id": id.to_string(), "update_time": seconds(world.now)});
    notify(world, shop_id, Kind::RecipientAddressUpdate, &data);
    true
}

/// The order is complete: the money is settled at the next midnight.
pub(crate) fn complete(world: &mut World, id: i64) {
    let now = world.now;
    let Some(order) = world.orders.get(&id) else { return };
    if order.stage != Stage::Fulfilling || super::order::order_status(world, order) != "DELIVERED" {
        return;
    }
    if let Some(order) = world.orders.get_mut(&id) {
        order.stage = Stage::Completed;
        order.completed = Some(now);
    }
    refresh(world, id);
    super::finance::await_settlement(world, id);
}
