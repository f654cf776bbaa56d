//! Returns and refunds as data and as a way with turns (fact sheet §10).

use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ask::seconds;
use super::cancellation::ANSWER_PATIENCE;
use super::order::{Line, order_status};
use super::package::tracking_number;
use super::webhook::{Kind, notify};
use super::{Event, World};
use crate::ids::Series;

/// The scope of everything here.
pub(super) const SCOPE: &str = "seller.return_refund.basic";
/// How long a seller may take to answer a request for a replacement.
const REPLACEMENT_PATIENCE: Duration = Duration::from_hours(24);
/// How long the money takes to be back with the buyer.
const REFUND_TIME: Duration = Duration::from_mins(5);

const RETURNS: Series = Series::new("tiktok_return", 4_036_000_000_000_000_000);

/// Why buyers give things back: name and words.
pub(super) const REASONS: [(&str, &str); 4] = [
    ("ecom_order_delivered_refund_and_return_reason_defective", "Produto com defeito"),
    ("ecom_order_delivered_refund_and_return_reason_wrong_product", "Produto errado"),
    ("ecom_order_delivered_refund_reason_missing_product", "Faltou produto"),
    // Spelled so by the platform.
    ("PACKAGE_DAMAGAED", "Pacote danificado"),
];

/// What the buyer wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReturnKind {
    /// Money, nothing comes back.
    Refund,
    /// Money for goods.
    ReturnAndRefund,
    /// Other goods.
    Replacement,
}

impl ReturnKind {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Refund => "REFUND",
            Self::ReturnAndRefund => "RETURN_AND_REFUND",
            Self::Replacement => "REPLACEMENT",
        }
    }
}

/// Where a return stands. Replacements have words of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnStage {
    /// The seller has to answer.
    Requested,
    /// The seller offered a part of the money; the buyer has to answer.
    Offered,
    /// The buyer has to send.
    AwaitingBuyerShip,
    /// On its way back.
    BuyerShipped,
    /// Back; the seller has to look.
    Arrived,
    /// Agreed; the money is on its way.
    Agreed,
    /// Done.
    Complete,
    /// The seller refused the request.
    Rejected,
    /// The seller refused what came back.
    ParcelRejected,
    /// The buyer took it back.
    Withdrawn,
}

/// Something that happened to a return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The event.
    pub event: String,
    /// `BUYER`, `SELLER` or `SYSTEM`.
    pub role: String,
    /// What was written.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// A return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// The id.
    pub id: i64,
    /// The shop.
    pub shop_id: i64,
    /// The order.
    pub order_id: i64,
    /// The units.
    pub line_ids: Vec<i64>,
    /// What is wanted.
    pub kind: ReturnKind,
    /// Where it stands.
    pub stage: ReturnStage,
    /// `IN_PROGRESS`, `SUPPORT_BUYER`, `SUPPORT_SELLER` or `CLOSED`.
    pub arbitration: Option<String>,
    /// Who asked.
    pub role: String,
    /// The machine word of the reason.
    pub reason: String,
    /// Centavos to be given back.
    pub refund_minor: i64,
    /// Centavos offered in place of all of it.
    pub offer_minor: Option<i64>,
    /// The tracking number of the parcel that comes back.
    pub tracking_number: String,
    /// Until when the seller has to answer.
    pub deadline: Option<Timestamp>,
    /// What happened, oldest first.
    pub records: Vec<Record>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Return {
    /// The `return_status`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let replacement = self.kind == ReturnKind::Replacement;
        match self.stage {
            ReturnStage::Requested if replacement => "REPLACEMENT_REQUEST_PENDING",
            ReturnStage::Requested => "RETURN_OR_REFUND_REQUEST_PENDING",
            ReturnStage::Offered => "AWAITING_BUYER_RESPONSE",
            ReturnStage::AwaitingBuyerShip => "AWAITING_BUYER_SHIP",
            ReturnStage::BuyerShipped | ReturnStage::Arrived => "BUYER_SHIPPED_ITEM",
            ReturnStage::Agreed if replacement => "REPLACEMENT_REQUEST_REFUND_SUCCESS",
            ReturnStage::Agreed => "RETURN_OR_REFUND_REQUEST_SUCCESS",
            ReturnStage::Complete if replacement => "REPLACEMENT_REQUEST_COMPLETE",
            ReturnStage::Complete => "RETURN_OR_REFUND_REQUEST_COMPLETE",
            ReturnStage::Rejected if replacement => "REPLACEMENT_REQUEST_REJECT",
            ReturnStage::Rejected => "REFUND_OR_RETURN_REQUEST_REJECT",
            ReturnStage::ParcelRejected => "REJECT_RECEIVE_PACKAGE",
            ReturnStage::Withdrawn if replacement => "REPLACEMENT_REQUEST_CANCEL",
            ReturnStage::Withdrawn => "RETURN_OR_REFUND_REQUEST_CANCEL",
        }
    }

    /// What the seller has to do.
    #[must_use]
    pub fn next_action(&self) -> Option<&'static str> {
        match (self.stage, self.kind) {
            (ReturnStage::Requested, ReturnKind::Refund) => Some("SELLER_RESPOND_REFUND"),
            (ReturnStage::Requested, ReturnKind::ReturnAndRefund) => Some("SELLER_RESPOND_RETURN"),
            (ReturnStage::Requested, ReturnKind::Replacement) => Some("SELLER_RESPOND_REPLACEMENT"),
            (ReturnStage::Arrived, _) => Some("SELLER_RESPOND_RECEIVE_PACKAGE"),
            _ => None,
        }
    }

    /// True while it is neither done nor refused.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.stage {
            ReturnStage::Requested
            | ReturnStage::Offered
            | ReturnStage::AwaitingBuyerShip
            | ReturnStage::BuyerShipped
            | ReturnStage::Arrived
            | ReturnStage::Agreed => true,
            ReturnStage::Complete
            | ReturnStage::Rejected
            | ReturnStage::ParcelRejected
            | ReturnStage::Withdrawn => false,
        }
    }
}

/// A request as it comes in.
pub(crate) struct Request<'a> {
    pub(crate) order_id: i64,
    /// Units; all of the order when empty.
    pub(crate) line_ids: Vec<i64>,
    pub(crate) kind: ReturnKind,
    pub(crate) reason: &'a str,
    pub(crate) role: &'a str,
    /// Centavos; all that was paid when absent.
    pub(crate) refund_minor: Option<i64>,
}

/// Why a request cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Objection {
    pub(crate) code: i64,
    pub(crate) message: &'static str,
}

/// Writes a return down. One that the seller asks for is agreed to by that.
pub(crate) fn open(world: &mut World, request: &Request<'_>) -> Result<i64, Objection> {
    let object = |code, message| Err(Objection { code, message });
    let Some(order) = world.orders.get(&request.order_id) else {
        return object(25_007_006, "The order does not exist");
    };
    if !matches!(order_status(world, order), "IN_TRANSIT" | "DELIVERED" | "COMPLETED") {
        return object(25_001_003, "The status of the order does not allow it");
    }
    let wanted = |line: &&Line| request.line_ids.is_empty() || request.line_ids.contains(&line.id);
    let lines: Vec<&Line> = order.live_lines().filter(wanted).collect();
    let line_ids: Vec<i64> = lines.iter().map(|line| line.id).collect();
    if line_ids.is_empty() || (!request.line_ids.is_empty() && line_ids.len() != request.line_ids.len()) {
        return object(25_001_001, "The lines are not of this order");
    }
    let most: i64 = lines.iter().map(|line| line.paid_minor()).sum();
    let refund_minor = request.refund_minor.unwrap_or(most);
    if refund_minor > most || refund_minor <= 0 {
        return object(25_005_005, "The amount is above what can be refunded");
    }
    let returned = |it: &Return| {
        !matches!(it.stage, ReturnStage::Rejected | ReturnStage::ParcelRejected | ReturnStage::Withdrawn)
            && it.line_ids.iter().any(|line| line_ids.contains(line))
    };
    if world.returns.values().any(returned) {
        return object(25_001_011, "A line is already returned or in process");
    }
    let shop_id = order.shop_id;
    let id = world.ids.next(RETURNS);
    let it = Return {
        id,
        shop_id,
        order_id: request.order_id,
        line_ids,
        kind: request.kind,
        stage: ReturnStage::Requested,
        arbitration: None,
        role: request.role.to_owned(),
        reason: request.reason.to_owned(),
        refund_minor,
        offer_minor: None,
        tracking_number: String::new(),
        deadline: None,
        records: Vec::new(),
        created: world.now,
        updated: world.now,
    };
    world.returns.insert(id, it);
    enter(world, id, ReturnStage::Requested, request.role, "REQUEST_CREATED", "");
    if request.role == "SELLER" {
        agree(world, id, "SELLER");
    }
    Ok(id)
}

/// Moves a return on, writes that down and tells it.
pub(crate) fn enter(world: &mut World, id: i64, stage: ReturnStage, role: &str, event: &str, note: &str) {
    let now = world.now;
    let Some(it) = world.returns.get_mut(&id) else { return };
    it.stage = stage;
    it.updated = now;
    it.records.push(Record {
        event: event.to_owned(),
        role: role.to_owned(),
        note: note.to_owned(),
        at: now,
    });
    let patience = if it.kind == ReturnKind::Replacement { REPLACEMENT_PATIENCE } else { ANSWER_PATIENCE };
    it.deadline = it.next_action().map(|_| now.plus(patience));
    let (shop_id, deadline) = (it.shop_id, it.deadline);
    let data = json!({
        "order_id": it.order_id.to_string(), "return_id": it.id.to_string(), "return_role": it.role,
        "return_type": it.kind.word(), "return_status": it.word(), "create_time": seconds(it.created), "update_time": seconds(now),
    });
    notify(world, shop_id, Kind::ReturnStatusChange, &data);
    world.agenda.forget(|event| *event == Event::ReturnOverdue(id));
    match (stage, deadline) {
        (_, Some(at)) => world.agenda.plan(at, Event::ReturnOverdue(id)),
        (ReturnStage::Agreed, None) => world.agenda.plan(now.plus(REFUND_TIME), Event::Refunded(id)),
        (_, None) => {}
    }
}

/// The request is agreed to: money where nothing comes back, otherwise the buyer sends.
pub(crate) fn agree(world: &mut World, id: i64, role: &str) {
    let Some(it) = world.returns.get(&id) else { return };
    match (it.stage, it.kind) {
        (ReturnStage::Requested, ReturnKind::Refund)
        | (ReturnStage::Arrived, ReturnKind::ReturnAndRefund) => {
            enter(world, id, ReturnStage::Agreed, role, "REFUND_APPROVED", "");
        }
        (ReturnStage::Requested, ReturnKind::ReturnAndRefund | ReturnKind::Replacement) => {
            enter(world, id, ReturnStage::AwaitingBuyerShip, role, "RETURN_APPROVED", "");
        }
        (ReturnStage::Arrived, ReturnKind::Replacement) => {
            enter(world, id, ReturnStage::Complete, role, "REPLACEMENT_SENT", "");
        }
        _ => {}
    }
}

/// Nobody answered in time: the platform agrees.
pub(crate) fn overdue(world: &mut World, id: i64) {
    if world.returns.get(&id).is_some_and(|it| it.next_action().is_some()) {
        agree(world, id, "SYSTEM");
    }
}

/// The money is back.
pub(crate) fn refunded(world: &mut World, id: i64) {
    if world.returns.get(&id).is_some_and(|it| it.stage == ReturnStage::Agreed) {
        enter(world, id, ReturnStage::Complete, "SYSTEM", "REFUND_COMPLETED", "");
        super::finance::take_back(world, id);
    }
}

/// What the buyer (or the platform's judge) does next, by the word of the control API.
pub fn step(world: &mut World, id: i64, action: &str) -> Result<(), &'static str> {
    let it = world.returns.get(&id).ok_or("there is no such return")?;
    let (stage, offer) = (it.stage, it.offer_minor);
    match (action, stage) {
        ("ship", ReturnStage::AwaitingBuyerShip) => {
            let number = tracking_number(world);
            if let Some(it) = world.returns.get_mut(&id) {
                it.tracking_number = number;
            }
            enter(world, id, ReturnStage::BuyerShipped, "BUYER", "BUYER_SHIPPED", "");
        }
        ("arrive", ReturnStage::BuyerShipped) => {
            enter(world, id, ReturnStage::Arrived, "SYSTEM", "PACKAGE_DELIVERED", "");
        }
        ("accept_offer", ReturnStage::Offered) => {
            if let Some(it) = world.returns.get_mut(&id) {
                it.refund_minor = offer.unwrap_or(it.refund_minor);
            }
            enter(world, id, ReturnStage::Agreed, "BUYER", "PARTIAL_REFUND_ACCEPTED", "");
        }
        ("refuse_offer", ReturnStage::Offered) => {
            enter(world, id, ReturnStage::Requested, "BUYER", "PARTIAL_REFUND_REFUSED", "");
        }
        ("withdraw", _) if it.is_open() && stage != ReturnStage::Agreed => {
            enter(world, id, ReturnStage::Withdrawn, "BUYER", "REQUEST_CANCELLED", "");
        }
        ("dispute", ReturnStage::Rejected | ReturnStage::ParcelRejected) => {
            arbitrate(world, id, "IN_PROGRESS");
        }
        ("support_buyer", _) if in_arbitration(world, id) => {
            arbitrate(world, id, "SUPPORT_BUYER");
            enter(world, id, ReturnStage::Agreed, "SYSTEM", "ARBITRATION_FOR_BUYER", "");
        }
        ("support_seller", _) if in_arbitration(world, id) => arbitrate(world, id, "SUPPORT_SELLER"),
        _ => {
            return Err(
                "use ship, arrive, accept_offer, refuse_offer, withdraw, dispute, support_buyer or support_seller, at its time",
            );
        }
    }
    Ok(())
}

fn in_arbitration(world: &World, id: i64) -> bool {
    world.returns.get(&id).is_some_and(|it| it.arbitration.as_deref() == Some("IN_PROGRESS"))
}

fn arbitrate(world: &mut World, id: i64, decision: &str) {
    let now = world.now;
    if let Some(it) = world.returns.get_mut(&id) {
        it.arbitration = Some(decision.to_owned());
        it.updated = now;
    }
}
