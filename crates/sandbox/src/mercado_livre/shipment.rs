//! Shipments: the parcel and its way (fact sheet §12, §24).

use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::notice::notify;
use super::order::{Order, OrderStatus};
use super::{Event, World, sales};
use crate::ids::Series;

/// How a parcel travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Logistic {
    /// The carrier collects at the seller's.
    CrossDocking,
    /// The seller brings it to a partner shop.
    XdDropOff,
    /// The seller brings it to an agency.
    DropOff,
    /// The seller delivers (Flex).
    SelfService,
    /// The platform's own centre (Full).
    Fulfillment,
    /// A carrier of the seller's own (mode `me1`); the seller reports where it is.
    Default,
}

/// One step of a parcel's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStage {
    /// pending
    Pending,
    /// pending/under_review: a fraud alert holds it.
    UnderReview,
    /// handling
    Handling,
    /// ready_to_ship/invoice_pending: the note is missing.
    InvoicePending,
    /// ready_to_ship/ready_to_print
    ReadyToPrint,
    /// ready_to_ship/printed
    Printed,
    /// ready_to_ship/picked_up
    PickedUp,
    /// ready_to_ship/dropped_off
    DroppedOff,
    /// ready_to_ship/in_hub
    InHub,
    /// shipped
    Shipped,
    /// shipped/out_for_delivery
    OutForDelivery,
    /// delivered
    Delivered,
    /// not_delivered/returning_to_sender
    NotDelivered,
    /// cancelled, with the sub-status.
    Cancelled(Option<String>),
    /// Any other pair, set through the control API.
    Other(String, Option<String>),
}

impl ShipmentStage {
    /// Status and sub-status in JSON.
    #[must_use]
    pub fn words(&self) -> (&str, Option<&str>) {
        match self {
            Self::Pending => ("pending", None),
            Self::UnderReview => ("pending", Some("under_review")),
            Self::Handling => ("handling", None),
            Self::InvoicePending => ("ready_to_ship", Some("invoice_pending")),
            Self::ReadyToPrint => ("ready_to_ship", Some("ready_to_print")),
            Self::Printed => ("ready_to_ship", Some("printed")),
            Self::PickedUp => ("ready_to_ship", Some("picked_up")),
            Self::DroppedOff => ("ready_to_ship", Some("dropped_off")),
            Self::InHub => ("ready_to_ship", Some("in_hub")),
            Self::Shipped => ("shipped", None),
            Self::OutForDelivery => ("shipped", Some("out_for_delivery")),
            Self::Delivered => ("delivered", None),
            Self::NotDelivered => ("not_delivered", Some("returning_to_sender")),
            Self::Cancelled(substatus) => ("cancelled", substatus.as_deref()),
            Self::Other(status, substatus) => (status, substatus.as_deref()),
        }
    }

    /// The stage of a status and sub-status; [`ShipmentStage::Other`] where the pair is no
    /// step of the way.
    #[must_use]
    pub fn from_words(status: &str, substatus: Option<&str>) -> Self {
        const STEPS: [ShipmentStage; 13] = [
            ShipmentStage::Pending,
            ShipmentStage::UnderReview,
            ShipmentStage::Handling,
            ShipmentStage::InvoicePending,
            ShipmentStage::ReadyToPrint,
            ShipmentStage::Printed,
            ShipmentStage::PickedUp,
            ShipmentStage::DroppedOff,
            ShipmentStage::InHub,
            ShipmentStage::Shipped,
            ShipmentStage::OutForDelivery,
            ShipmentStage::Delivered,
            ShipmentStage::NotDelivered,
        ];
        if status == "cancelled" {
            return Self::Cancelled(substatus.map(str::to_owned));
        }
        let other = || Self::Other(status.to_owned(), substatus.map(str::to_owned));
        STEPS.into_iter().find(|step| step.words() == (status, substatus)).unwrap_or_else(other)
    }
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shipment {
    /// Eleven digits.
    pub id: i64,
    /// The orders inside.
    pub order_ids: Vec<i64>,
    /// The pack, when there is one.
    pub pack_id: Option<i64>,
    /// The seller.
    pub seller_id: i64,
    /// The buyer.
    pub buyer_id: i64,
    /// How it travels.
    pub logistic: Logistic,
    /// Where it stands.
    pub stage: ShipmentStage,
    /// Every stage so far, oldest first.
    pub history: Vec<(Timestamp, ShipmentStage)>,
    /// The shipping option the buyer chose.
    pub option_id: i64,
    /// The tracking number; empty until a seller with a carrier of their own gives one.
    pub tracking_number: String,
    /// Where the seller's own carrier shows the parcel.
    #[serde(default)]
    pub tracking_url: Option<String>,
    /// The 44 digits of the accepted note.
    pub fiscal_key: Option<String>,
    /// When the label was first fetched.
    pub first_printed: Option<Timestamp>,
    /// Until when the parcel must leave the seller.
    pub dispatch_by: Timestamp,
    /// Freight in centavos that the buyer pays.
    pub buyer_cost_minor: i64,
    /// Freight in centavos before subsidies.
    pub list_cost_minor: i64,
    /// The shipment this one was split from.
    pub split_from: Option<i64>,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

const SHIPMENTS: Series = Series::new("shipment", 44_000_000_000);
const OPTIONS: Series = Series::new("shipping_option", 3_000_000_000);
/// How long the platform takes to check a note.
pub const INVOICE_CHECK: Duration = Duration::from_mins(1);
/// How long the seller has from payment to dispatch.
const DISPATCH_SPAN: Duration = Duration::from_hours(24);
/// Freight before subsidies, in centavos.
pub(super) const LIST_COST_MINOR: i64 = 2_090;
/// From this order total (centavos) on, the buyer pays no freight.
pub(super) const FREE_SHIPPING_FROM_MINOR: i64 = 7_900;

impl Logistic {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CrossDocking => "cross_docking",
            Self::XdDropOff => "xd_drop_off",
            Self::DropOff => "drop_off",
            Self::SelfService => "self_service",
            Self::Fulfillment => "fulfillment",
            Self::Default => "default",
        }
    }

    /// The shipping mode it belongs to.
    #[must_use]
    pub fn mode(self) -> &'static str {
        if self == Self::Default { "me1" } else { "me2" }
    }

    /// The type of this name; `None` for one that is not simulated.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::CrossDocking,
            Self::XdDropOff,
            Self::DropOff,
            Self::SelfService,
            Self::Fulfillment,
            Self::Default,
        ]
        .into_iter()
        .find(|logistic| logistic.word() == word)
    }

    /// True where a note must be accepted before the label.
    #[must_use]
    pub fn needs_invoice(self) -> bool {
        matches!(self, Self::CrossDocking | Self::XdDropOff | Self::DropOff)
    }
}

/// The step that follows `stage`; `None` at the end of the way.
#[must_use]
pub fn next_stage(logistic: Logistic, stage: &ShipmentStage) -> Option<ShipmentStage> {
    use ShipmentStage as Stage;
    let full = logistic == Logistic::Fulfillment;
    Some(match stage {
        Stage::Pending | Stage::UnderReview => Stage::Handling,
        Stage::Handling if full => Stage::Shipped,
        Stage::Handling if logistic.needs_invoice() => Stage::InvoicePending,
        Stage::Handling | Stage::InvoicePending => Stage::ReadyToPrint,
        Stage::ReadyToPrint if logistic == Logistic::Default => Stage::Shipped,
        Stage::ReadyToPrint => Stage::Printed,
        Stage::Printed => match logistic {
            Logistic::CrossDocking => Stage::PickedUp,
            Logistic::XdDropOff | Logistic::DropOff => Stage::DroppedOff,
            Logistic::SelfService | Logistic::Fulfillment | Logistic::Default => Stage::Shipped,
        },
        Stage::PickedUp | Stage::DroppedOff => Stage::InHub,
        Stage::InHub => Stage::Shipped,
        Stage::Shipped => Stage::OutForDelivery,
        Stage::OutForDelivery => Stage::Delivered,
        Stage::Delivered | Stage::NotDelivered | Stage::Cancelled(_) | Stage::Other(..) => return None,
    })
}

/// How long a parcel stays at `stage` by itself; `None` where it waits for somebody.
fn stay(logistic: Logistic, stage: &ShipmentStage) -> Option<Duration> {
    use ShipmentStage as Stage;
    match stage {
        Stage::Shipped | Stage::OutForDelivery if logistic == Logistic::Default => None,
        Stage::Pending => Some(Duration::from_secs(5)),
        Stage::Handling => Some(Duration::from_secs(10)),
        Stage::Printed | Stage::PickedUp | Stage::DroppedOff => Some(Duration::from_hours(2)),
        Stage::InHub => Some(Duration::from_hours(6)),
        Stage::Shipped => Some(Duration::from_hours(24)),
        Stage::OutForDelivery => Some(Duration::from_hours(4)),
        Stage::UnderReview
        | Stage::InvoicePending
        | Stage::ReadyToPrint
        | Stage::Delivered
        | Stage::NotDelivered
        | Stage::Cancelled(_)
        | Stage::Other(..) => None,
    }
}

impl Shipment {
    /// True once the parcel is out of the seller's hands.
    #[must_use]
    pub fn has_left_seller(&self) -> bool {
        use ShipmentStage as Stage;
        match &self.stage {
            Stage::PickedUp
            | Stage::DroppedOff
            | Stage::InHub
            | Stage::Shipped
            | Stage::OutForDelivery
            | Stage::Delivered
            | Stage::NotDelivered => true,
            Stage::Other(status, _) => matches!(status.as_str(), "shipped" | "delivered" | "not_delivered"),
            Stage::Pending
            | Stage::UnderReview
            | Stage::Handling
            | Stage::InvoicePending
            | Stage::ReadyToPrint
            | Stage::Printed
            | Stage::Cancelled(_) => false,
        }
    }

    /// True while it should have left and has not.
    #[must_use]
    pub fn is_late(&self, now: Timestamp) -> bool {
        let open = !matches!(self.stage, ShipmentStage::Cancelled(_));
        open && !self.has_left_seller() && now > self.dispatch_by
    }
}

/// The parcel of these paid orders of one purchase comes into being. Orders called off
/// meanwhile are left out; without any there is no parcel.
pub(crate) fn begin(world: &mut World, order_ids: &[i64]) {
    let paid: Vec<i64> = order_ids
        .iter()
        .filter(|id| {
            world.orders.get(id).is_some_and(|it| it.status == OrderStatus::Paid && it.shipment_id.is_none())
        })
        .copied()
        .collect();
    let Some(first) = paid.first().and_then(|id| world.orders.get(id)).cloned() else { return };
    let fraud =
        paid.iter().filter_map(|id| world.orders.get(id)).any(|it| it.tags.contains("fraud_risk_detected"));
    let total: i64 = paid.iter().filter_map(|id| world.orders.get(id)).map(Order::total_minor).sum();
    let logistic = world
        .items
        .get(&first.item_id)
        .and_then(|item| Logistic::from_word(item.shipping["logistic_type"].as_str()?))
        .unwrap_or(Logistic::CrossDocking);
    let id = world.ids.next(SHIPMENTS);
    let shipment = Shipment {
        id,
        order_ids: paid.clone(),
        pack_id: first.pack_id,
        seller_id: first.seller_id,
        buyer_id: first.buyer_id,
        logistic,
        stage: ShipmentStage::Pending,
        history: Vec::new(),
        option_id: world.ids.next(OPTIONS),
        tracking_number: if logistic == Logistic::Default {
            String::new()
        } else {
            format!("MEL{id}FMXDF01")
        },
        tracking_url: None,
        fiscal_key: None,
        first_printed: None,
        dispatch_by: world.now.plus(DISPATCH_SPAN),
        buyer_cost_minor: if total >= FREE_SHIPPING_FROM_MINOR { 0 } else { LIST_COST_MINOR },
        list_cost_minor: LIST_COST_MINOR,
        split_from: first.pack_id.and_then(|pack| world.splits.remove(&pack)),
        created: world.now,
        updated: world.now,
    };
    world.shipments.insert(id, shipment);
    for order_id in &paid {
        if let Some(order) = world.orders.get_mut(order_id) {
            order.shipment_id = Some(id);
            order.updated = world.now;
        }
    }
    if let Some(pack) = first.pack_id.and_then(|pack| world.packs.get_mut(&pack)) {
        pack.shipment_id = Some(id);
        pack.updated = world.now;
    }
    enter(world, id, if fraud { &ShipmentStage::UnderReview } else { &ShipmentStage::Pending });
    sales::notify_orders(world, &paid);
}

/// Brings a shipment to `stage`: history, notifications, and the plan for what follows by itself.
pub(crate) fn enter(world: &mut World, id: i64, stage: &ShipmentStage) {
    let now = world.now;
    let Some(shipment) = world.shipments.get_mut(&id) else { return };
    if *stage == ShipmentStage::Printed && shipment.first_printed.is_none() {
        shipment.first_printed = Some(now);
    }
    shipment.history.push((now, stage.clone()));
    shipment.stage = stage.clone();
    shipment.updated = now;
    let (seller, logistic, orders) = (shipment.seller_id, shipment.logistic, shipment.order_ids.clone());
    world.agenda.forget(|event| *event == Event::ShipmentMoves(id));
    if let Some(span) = stay(logistic, stage) {
        world.agenda.plan(now.plus(span), Event::ShipmentMoves(id));
    }
    notify(world, seller, "shipments", &format!("/shipments/{id}"), &[]);
    if matches!(stage, ShipmentStage::Shipped | ShipmentStage::Delivered) {
        for order in &orders {
            let Some(order) = world.orders.get_mut(order) else { continue };
            order.updated = now;
            if *stage == ShipmentStage::Delivered {
                order.tags.remove("not_delivered");
                order.tags.insert("delivered".to_owned());
            }
        }
        sales::notify_orders(world, &orders);
    }
}

/// Takes the next step, whoever it would have needed; false at the end of the way.
pub(crate) fn advance(world: &mut World, id: i64) -> bool {
    let next = world.shipments.get(&id).and_then(|shipment| next_stage(shipment.logistic, &shipment.stage));
    let Some(next) = next else { return false };
    enter(world, id, &next);
    true
}

/// Takes the next step that the platform takes by itself.
pub(crate) fn move_by_itself(world: &mut World, id: i64) {
    if world.shipments.get(&id).is_some_and(|it| stay(it.logistic, &it.stage).is_some()) {
        advance(world, id);
    }
}

/// The note of a shipment has been taken in; it will be checked for a while.
pub(crate) fn take_invoice(world: &mut World, id: i64, fiscal_key: &str) {
    let Some(shipment) = world.shipments.get_mut(&id) else { return };
    shipment.fiscal_key = Some(fiscal_key.to_owned());
    world.agenda.plan(world.now.plus(INVOICE_CHECK), Event::InvoiceChecked(id));
}

/// The note has been checked: the label may be printed.
pub(crate) fn invoice_checked(world: &mut World, id: i64) {
    if world.shipments.get(&id).is_some_and(|shipment| shipment.stage == ShipmentStage::InvoicePending) {
        enter(world, id, &ShipmentStage::ReadyToPrint);
    }
}
