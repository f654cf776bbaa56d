//! Orders and their lines as data, and the status that follows from the parcels (fact sheet §9).

use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::World;
use super::ask::seconds;
use super::package::PackageStatus;
use super::shop::Address;
use super::webhook::{Kind, notify};
use crate::ids::Series;

pub(super) const ORDERS: Series = Series::new("tiktok_order", 580_000_000_000_000_000);
pub(super) const LINES: Series = Series::new("tiktok_line", 577_000_000_000_000_000);

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// The first day of Unix time was a Thursday: so many days after a Monday.
const EPOCH_WEEKDAY: i64 = 3;

/// A person who buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// The id; the same in every shop.
    pub id: i64,
    /// The name: buyers in Brazil give one.
    pub name: String,
    /// Eleven digits.
    pub cpf: String,
    /// Eleven digits.
    pub phone: String,
    /// Where parcels go.
    pub address: Address,
}

/// How far an order has come, apart from its parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Waiting for the payment.
    Unpaid,
    /// Paid; the buyer may still call it off freely.
    OnHold,
    /// To be sent, or on its way.
    Fulfilling,
    /// Received, and settled.
    Completed,
}

/// Why and by whom a line was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancelled {
    /// The machine word of the reason.
    pub reason: String,
    /// `BUYER`, `SELLER` or `SYSTEM`.
    pub user: String,
    /// When.
    pub at: Timestamp,
}

/// One unit of a SKU: three of the same are three lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The id.
    pub id: i64,
    /// The product.
    pub product_id: i64,
    /// The SKU.
    pub sku_id: i64,
    /// The title at the time of sale.
    pub product_name: String,
    /// The values that tell the SKU apart.
    pub sku_name: String,
    /// The seller's own word.
    pub seller_sku: String,
    /// The picture.
    pub image: String,
    /// Centavos.
    pub price_minor: i64,
    /// Centavos that the platform pays of it.
    pub platform_discount_minor: i64,
    /// The parcel it is in; none until the order is paid.
    pub package_id: Option<i64>,
    /// Set when it was cancelled.
    pub cancelled: Option<Cancelled>,
}

impl Line {
    /// Centavos that the buyer pays.
    #[must_use]
    pub fn paid_minor(&self) -> i64 {
        self.price_minor - self.platform_discount_minor
    }
}

/// A purchase of one buyer in one shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The id.
    pub id: i64,
    /// The shop.
    pub shop_id: i64,
    /// The buyer.
    pub buyer_id: i64,
    /// How far it has come.
    pub stage: Stage,
    /// The status that was told last.
    pub shown: String,
    /// The units.
    pub lines: Vec<Line>,
    /// The warehouse the units come from.
    pub warehouse_id: i64,
    /// `TIKTOK` or `SELLER`.
    pub shipping_type: String,
    /// `Pix` or `Cartão de crédito`.
    pub payment_method: String,
    /// The Pix end-to-end id or the card's NSU.
    pub payment_auth_code: String,
    /// Centavos of freight before discounts.
    pub freight_minor: i64,
    /// Centavos of it that the platform pays.
    pub freight_discount_minor: i64,
    /// What the buyer wrote.
    pub buyer_message: String,
    /// Where it goes, if the buyer changed it later.
    pub new_address: Option<Address>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was paid.
    pub paid: Option<Timestamp>,
    /// Since when the buyer asks to cancel, while nobody has answered.
    pub cancel_requested: Option<Timestamp>,
    /// When it was completed.
    pub completed: Option<Timestamp>,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Order {
    /// The lines that are not cancelled.
    pub fn live_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.cancelled.is_none())
    }

    /// Centavos of all lines before discounts.
    #[must_use]
    pub fn list_minor(&self) -> i64 {
        self.lines.iter().map(|line| line.price_minor).sum()
    }

    /// Centavos that the platform pays of the goods.
    #[must_use]
    pub fn discount_minor(&self) -> i64 {
        self.lines.iter().map(|line| line.platform_discount_minor).sum()
    }

    /// Centavos of freight that the buyer pays.
    #[must_use]
    pub fn freight_paid_minor(&self) -> i64 {
        self.freight_minor - self.freight_discount_minor
    }

    /// Until when the label has to be made: one business day.
    #[must_use]
    pub fn ship_by(&self) -> Option<Timestamp> {
        Some(business_days_after(self.paid?, 1))
    }

    /// Until when the carrier has to scan: two business days.
    #[must_use]
    pub fn collect_by(&self) -> Option<Timestamp> {
        Some(business_days_after(self.paid?, 2))
    }

    /// When the platform cancels what was not sent: six business days.
    #[must_use]
    pub fn cancel_at(&self) -> Option<Timestamp> {
        Some(business_days_after(self.paid?, 6))
    }

    /// Until when the buyer expects it.
    #[must_use]
    pub fn deliver_by(&self) -> Option<Timestamp> {
        Some(self.collect_by()?.plus(Duration::from_hours(24 * 7)))
    }
}

/// So many days later, Saturdays and Sundays not counted.
#[must_use]
pub fn business_days_after(at: Timestamp, days: i64) -> Timestamp {
    let mut day = at.as_millis().div_euclid(DAY_MS);
    let mut left = days;
    while left > 0 {
        day += 1;
        let weekday = (day + EPOCH_WEEKDAY).rem_euclid(7);
        if weekday < 5 {
            left -= 1;
        }
    }
    Timestamp::from_millis(day * DAY_MS + at.as_millis().rem_euclid(DAY_MS))
}

/// The `display_status` of a line.
#[must_use]
pub fn line_status(world: &World, order: &Order, line: &Line) -> &'static str {
    if line.cancelled.is_some() {
        return "CANCELLED";
    }
    match order.stage {
        Stage::Unpaid => "UNPAID",
        Stage::OnHold => "ON_HOLD",
        Stage::Completed => "COMPLETED",
        Stage::Fulfilling => {
            let package = line.package_id.and_then(|id| world.packages.get(&id));
            match package.map_or(PackageStatus::ToFulfill, |package| package.status) {
                PackageStatus::ToFulfill => "AWAITING_SHIPMENT",
                PackageStatus::Processing => "AWAITING_COLLECTION",
                PackageStatus::Fulfilling => "IN_TRANSIT",
                PackageStatus::Completed => "DELIVERED",
                PackageStatus::Cancelled => "CANCELLED",
            }
        }
    }
}

/// The status of an order: the one its lines share, or what follows from the slowest.
#[must_use]
pub fn order_status(world: &World, order: &Order) -> &'static str {
    const WAY: [&str; 4] = ["AWAITING_SHIPMENT", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED"];
    let mut live: Vec<&str> = order.live_lines().map(|line| line_status(world, order, line)).collect();
    live.dedup();
    match live.as_slice() {
        [] => "CANCELLED",
        [one] => one,
        several if several.contains(&"AWAITING_SHIPMENT") => "PARTIALLY_SHIPPING",
        several => WAY.into_iter().find(|status| several.contains(status)).unwrap_or("IN_TRANSIT"),
    }
}

/// Notes that an order has changed, and tells it when its status is another one.
pub(crate) fn refresh(world: &mut World, id: i64) {
    let now = world.now;
    let Some(order) = world.orders.get(&id) else { return };
    let status = order_status(world, order);
    let (changed, shop_id) = (order.shown != status, order.shop_id);
    let Some(order) = world.orders.get_mut(&id) else { return };
    order.updated = now;
    if changed {
        status.clone_into(&mut order.shown);
        let on_hold = order.stage == Stage::OnHold;
        // The webhook has a word of its own for the end.
        let told = if status == "CANCELLED" { "CANCEL" } else { status };
        let data = json!({"order_id": id.to_string(), "order_status": told, "is_on_hold_order": on_hold, "update_time": seconds(now)});
        notify(world, shop_id, Kind::OrderStatusChange, &data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_are_no_business_days() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        // 13 November 2026 is a Friday.
        let friday = at("2026-11-13T13:00:00Z");
        assert_eq!(business_days_after(friday, 1), at("2026-11-16T13:00:00Z"));
        assert_eq!(business_days_after(friday, 6), at("2026-11-23T13:00:00Z"));
        assert_eq!(business_days_after(at("2026-11-10T13:00:00Z"), 2), at("2026-11-12T13:00:00Z"));
    }
}
