//! Cancelling orders: who may, when, and what it does (fact sheet §10).

use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ask::{Ask, PageSize, amount, seconds};
use super::gate::{Door, shop};
use super::order::{Cancelled, Order, Stage, order_status, refresh};
use super::package::call_off;
use super::refusal::{Refusal, success};
use super::webhook::{Kind, notify};
use super::{Event, World, returns};
use crate::call::Call;
use crate::ids::Series;
use crate::reply::Answer;
use crate::table::{Route, get, post};
use crate::text::loose_id;

/// How long the seller may take to answer a request.
pub const ANSWER_PATIENCE: Duration = Duration::from_hours(48);
/// How long the money takes to be back with the buyer.
const REFUND_TIME: Duration = Duration::from_mins(5);
/// Ids in one search.
const FILTER_MAX: usize = 100;

const CANCELLATIONS: Series = Series::new("tiktok_cancel", 4_035_000_000_000_000_000);

/// What a seller may give as a reason: name, words, and whether the order has to be paid.
pub(super) const SELLER_REASONS: [(&str, &str, bool); 7] = [
    ("seller_cancel_reason_out_of_stock", "Sem estoque", true),
    ("seller_cancel_reason_wrong_price", "Preço errado", true),
    ("seller_cancel_paid_reason_address_not_deliver", "Não entregamos no endereço", true),
    ("seller_cancel_paid_reason_buyer_requested_cancellation", "O comprador pediu o cancelamento", true),
    ("seller_cancel_unpaid_reason_out_of_stock", "Sem estoque", false),
    ("seller_cancel_unpaid_reason_wrong_price", "Preço errado", false),
    ("seller_cancel_unpaid_reason_buyer_requested_cancellation", "O comprador pediu o cancelamento", false),
];

/// What a seller may give as a reason to refuse.
pub(super) const REJECT_REASONS: [(&str, &str); 3] = [
    ("seller_reject_apply_product_has_been_packed", "O produto já foi embalado"),
    ("seller_reject_apply_has_been_shipped", "O produto já foi enviado"),
    ("reverse_reject_request_reason_1", "O pedido não procede"),
];

/// Where a cancellation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CancelStatus {
    /// The seller has to answer.
    Pending,
    /// The order is cancelled, the money on its way.
    Success,
    /// The money is back.
    Complete,
    /// Refused or withdrawn.
    Cancel,
}

impl CancelStatus {
    /// The word of the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "CANCELLATION_REQUEST_PENDING",
            Self::Success => "CANCELLATION_REQUEST_SUCCESS",
            Self::Complete => "CANCELLATION_REQUEST_COMPLETE",
            Self::Cancel => "CANCELLATION_REQUEST_CANCEL",
        }
    }

    /// The word of the webhook, which spells one of them otherwise.
    #[must_use]
    pub fn webhook_word(self) -> &'static str {
        if self == Self::Cancel { "CANCELLATION_REQUEST_CANCELLED" } else { self.word() }
    }
}

/// A cancellation, asked for or done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// The id.
    pub id: i64,
    /// The shop.
    pub shop_id: i64,
    /// The order.
    pub order_id: i64,
    /// `BUYER`, `SELLER` or `SYSTEM`.
    pub role: String,
    /// Where it stands.
    pub status: CancelStatus,
    /// The machine word.
    pub reason: String,
    /// The words for people.
    pub reason_text: String,
    /// Until when the seller has to answer.
    pub deadline: Option<Timestamp>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const NEW: Door = shop(&[202_309, 202_602], returns::SCOPE);
    const OLD: Door = shop(&[202_309], returns::SCOPE);
    vec![
        post("/return_refund/{v}/cancellations", NEW, cancel),
        post("/return_refund/{v}/cancellations/search", NEW, search),
        post("/return_refund/{v}/cancellations/{id}/approve", OLD, approve),
        post("/return_refund/{v}/cancellations/{id}/reject", OLD, reject),
        get("/return_refund/{v}/reject_reasons", OLD, reject_reasons),
        get("/return_refund/{v}/orders/{id}/aftersale_eligibility", NEW, eligibility),
    ]
}

fn tell(world: &mut World, id: i64) {
    let Some(it) = world.cancellations.get(&id) else { return };
    let shop_id = it.shop_id;
    let data = json!({
        "order_id": it.order_id.to_string(), "cancel_id": it.id.to_string(), "cancellations_role": it.role,
        "cancel_status": it.status.webhook_word(), "create_time": seconds(it.created),
    });
    notify(world, shop_id, Kind::CancellationStatusChange, &data);
}

/// Writes a cancellation down. What is done at once is carried out at once.
fn open(
    world: &mut World,
    order_id: i64,
    role: &str,
    (reason, text): (&str, &str),
    pending: bool,
) -> Option<i64> {
    let shop_id = world.orders.get(&order_id)?.shop_id;
    let id = world.ids.next(CANCELLATIONS);
    let now = world.now;
    let it = Cancellation {
        id,
        shop_id,
        order_id,
        role: role.to_owned(),
        status: CancelStatus::Pending,
        reason: reason.to_owned(),
        reason_text: text.to_owned(),
        deadline: pending.then(|| now.plus(ANSWER_PATIENCE)),
        created: now,
        updated: now,
    };
    world.cancellations.insert(id, it);
    if pending {
        if let Some(order) = world.orders.get_mut(&order_id) {
            order.cancel_requested = Some(now);
        }
        refresh(world, order_id);
        tell(world, id);
        world.agenda.plan(now.plus(ANSWER_PATIENCE), Event::CancelOverdue(id));
    } else {
        succeed(world, id);
    }
    Some(id)
}

/// The order is cancelled: parcels called off, units back on the shelf, money on its way.
fn succeed(world: &mut World, id: i64) {
    let now = world.now;
    let Some(it) = world.cancellations.get_mut(&id) else { return };
    it.status = CancelStatus::Success;
    it.deadline = None;
    it.updated = now;
    let (order_id, reason, role) = (it.order_id, it.reason.clone(), it.role.clone());
    let Some(order) = world.orders.get_mut(&order_id) else { return };
    let mut freed = Vec::new();
    for line in order.lines.iter_mut().filter(|line| line.cancelled.is_none()) {
        line.cancelled = Some(Cancelled { reason: reason.clone(), user: role.clone(), at: now });
        freed.push((line.product_id, line.sku_id));
    }
    order.cancel_requested = None;
    let (warehouse, was_paid) = (order.warehouse_id, order.paid.is_some());
    for (product, sku) in freed {
        world.commit_units(product, sku, warehouse, -1);
    }
    drop_parcels(world, order_id);
    refresh(world, order_id);
    tell(world, id);
    if was_paid {
        world.agenda.plan(now.plus(REFUND_TIME), Event::CancelSettled(id));
    }
}

/// Parcels with nothing left in them do not leave; a combined one goes on without the order.
fn drop_parcels(world: &mut World, order_id: i64) {
    let held: Vec<i64> =
        world.packages.values().filter(|it| it.order_ids.contains(&order_id)).map(|it| it.id).collect();
    for id in held {
        let lines: Vec<i64> = world
            .orders
            .get(&order_id)
            .into_iter()
            .flat_map(|order| &order.lines)
            .map(|line| line.id)
            .collect();
        let Some(package) = world.packages.get_mut(&id) else { continue };
        if package.order_ids.len() > 1 {
            package.order_ids.retain(|order| *order != order_id);
            package.line_ids.retain(|line| !lines.contains(line));
            let shop_id = package.shop_id;
            super::package::tell_change(world, shop_id, "PARTLY_CANCEL_SPLIT", &[id]);
        } else {
            call_off(world, id);
        }
    }
}

/// The money is back.
pub(crate) fn settled(world: &mut World, id: i64) {
    let now = world.now;
    if let Some(it) = world.cancellations.get_mut(&id).filter(|it| it.status == CancelStatus::Success) {
        it.status = CancelStatus::Complete;
        it.updated = now;
        tell(world, id);
    }
}

/// Nobody answered in time: the platform agrees.
pub(crate) fn overdue(world: &mut World, id: i64) {
    if world.cancellations.get(&id).is_some_and(|it| it.status == CancelStatus::Pending) {
        succeed(world, id);
    }
}

/// The platform cancels.
pub(crate) fn cancel_by_system(world: &mut World, order_id: i64, reason: &str) {
    open(world, order_id, "SYSTEM", (reason, "Cancelado pelo sistema"), false);
}

/// The buyer calls off: at once before the parcel may be sent, otherwise by a request. The
/// word says why not, when it cannot be.
pub fn cancel_by_buyer(world: &mut World, order_id: i64) -> Result<i64, &'static str> {
    let order = world.orders.get(&order_id).ok_or("there is no such order")?;
    let reason = ("ecom_order_to_ship_canceled_reason_no_longer_needed", "Não preciso mais");
    let pending = match order_status(world, order) {
        "UNPAID" | "ON_HOLD" => false,
        "AWAITING_SHIPMENT" | "PARTIALLY_SHIPPING" | "AWAITING_COLLECTION" => true,
        _ => return Err("the order is beyond cancelling"),
    };
    if order.cancel_requested.is_some() {
        return Err("the buyer has already asked");
    }
    open(world, order_id, "BUYER", reason, pending).ok_or("there is no such order")
}

/// The buyer takes the request back.
pub fn withdraw(world: &mut World, order_id: i64) -> bool {
    let pending = |it: &&Cancellation| it.order_id == order_id && it.status == CancelStatus::Pending;
    let Some(id) = world.cancellations.values().find(pending).map(|it| it.id) else { return false };
    close(world, id);
    true
}

fn close(world: &mut World, id: i64) {
    let now = world.now;
    let Some(it) = world.cancellations.get_mut(&id) else { return };
    it.status = CancelStatus::Cancel;
    it.deadline = None;
    it.updated = now;
    let order_id = it.order_id;
    if let Some(order) = world.orders.get_mut(&order_id) {
        order.cancel_requested = None;
    }
    refresh(world, order_id);
    tell(world, id);
}

/// True when the body names all units of the order, or none in particular.
fn names_all(order: &Order, body: &Value) -> bool {
    let lines: Vec<i64> = order.live_lines().map(|line| line.id).collect();
    let listed = |name: &str| body[name].as_array().filter(|rows| !rows.is_empty());
    if let Some(rows) = listed("order_line_item_ids") {
        let named: Vec<i64> = rows.iter().filter_map(loose_id).collect();
        return lines.iter().all(|line| named.contains(line));
    }
    if let Some(rows) = listed("skus") {
        let units: i64 = rows.iter().filter_map(|row| loose_id(&row["quantity"])).sum();
        return usize::try_from(units).is_ok_and(|units| units >= lines.len());
    }
    true
}

fn cancel(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let reason = ask.text("cancel_reason")?;
    let order = world.order_of(ask.shop_id(), ask.body_id("order_id")?);
    let order = order.map_err(|_| Refusal::business(25_007_006, "The order does not exist"))?;
    let refuse = |code, message: &str| Err(Refusal::business(code, message).into());
    let unpaid = match order_status(world, order) {
        "UNPAID" => true,
        "ON_HOLD" | "AWAITING_SHIPMENT" => false,
        "AWAITING_COLLECTION" | "PARTIALLY_SHIPPING" | "IN_TRANSIT" => {
            return refuse(25_001_045, "The order has already been shipped");
        }
        _ => return refuse(25_001_051, "The order is completed or cancelled"),
    };
    if order.cancel_requested.is_some() {
        return refuse(25_001_010, "The order has a request in process");
    }
    let Some((name, text, _)) = SELLER_REASONS.iter().find(|it| it.0 == reason) else {
        return refuse(25_001_014, "The reason does not exist");
    };
    if SELLER_REASONS.iter().any(|it| it.0 == reason && it.2 == unpaid) {
        return refuse(25_001_021, "The reason does not fit the status of the order");
    }
    if !names_all(order, &ask.body) {
        return refuse(25_005_010, "Single lines cannot be cancelled in this market");
    }
    let order_id = order.id;
    let id = open(world, order_id, "SELLER", (name, text), false).unwrap_or(0);
    let status = world.cancellations.get(&id).map_or(CancelStatus::Success, |it| it.status);
    success(json!({"cancel_id": id.to_string(), "cancel_status": status.word()}))
}

fn pending(world: &World, ask: &Ask<'_>) -> Result<i64, Refusal> {
    let found = world.cancellations.get(&ask.id("id")).filter(|it| it.shop_id == ask.shop_id());
    let found = found.ok_or_else(|| Refusal::business(25_001_001, "The cancellation does not exist"))?;
    match found.status {
        CancelStatus::Pending => Ok(found.id),
        CancelStatus::Success | CancelStatus::Complete => {
            Err(Refusal::business(25_020_009, "The order is already cancelled"))
        }
        CancelStatus::Cancel => Err(Refusal::business(25_011_012, "The request cannot be answered any more")),
    }
}

fn approve(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    if repeated(world, &ask) {
        return success(json!({}));
    }
    let id = pending(world, &ask)?;
    succeed(world, id);
    success(json!({}))
}

fn reject(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let reason = ask.text("reject_reason")?;
    if repeated(world, &ask) {
        return success(json!({}));
    }
    let id = pending(world, &ask)?;
    if !REJECT_REASONS.iter().any(|it| it.0 == reason) {
        return Err(Refusal::business(25_001_014, "The reason does not exist").into());
    }
    close(world, id);
    success(json!({}))
}

/// True when the `idempotency_key` of the query was seen on this path before.
pub(crate) fn repeated(world: &mut World, ask: &Ask<'_>) -> bool {
    let Some(key) = ask.query("idempotency_key") else { return false };
    !world.idempotency_keys.insert(format!("{} {key}", ask.call.path))
}

fn reject_reasons(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let id: i64 = ask.query("return_or_cancel_id").and_then(|id| id.parse().ok()).unwrap_or(0);
    if !world.cancellations.contains_key(&id) && !world.returns.contains_key(&id) {
        return Err(Refusal::business(25_001_001, "The request does not exist").into());
    }
    let rows: Vec<Value> =
        REJECT_REASONS.iter().map(|(name, text)| json!({"name": name, "text": text})).collect();
    success(json!({ "reasons": rows }))
}

fn search(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let ids = ask.id_filter("cancel_ids", FILTER_MAX)?;
    let orders = ask.id_filter("order_ids", FILTER_MAX)?;
    let buyers = ask.id_filter("buyer_user_ids", FILTER_MAX)?;
    let (types, statuses) = (ask.word_filter("cancel_types"), ask.word_filter("cancel_status"));
    let has = |words: &[String], word: &str| words.is_empty() || words.iter().any(|it| it == word);
    let buyer = |it: &Cancellation| world.orders.get(&it.order_id).map_or(0, |order| order.buyer_id);
    let fits = |it: &&Cancellation| {
        it.shop_id == ask.shop_id()
            && ids.as_ref().is_none_or(|ids| ids.contains(&it.id))
            && orders.as_ref().is_none_or(|ids| ids.contains(&it.order_id))
            && buyers.as_ref().is_none_or(|ids| ids.contains(&buyer(it)))
            && has(&types, kind_word(it))
            && has(&statuses, it.status.word())
            && ask.in_window("create_time", it.created)
            && ask.in_window("update_time", it.updated)
    };
    let rows = world.cancellations.values().filter(fits).map(|it| document(world, it)).collect();
    success(ask.page(rows, PageSize { default: Some(10), min: 1, max: 50 })?.data("cancellations", true))
}

fn kind_word(it: &Cancellation) -> &'static str {
    if it.role == "BUYER" { "BUYER_CANCEL" } else { "CANCEL" }
}

fn document(world: &World, it: &Cancellation) -> Value {
    let order = world.orders.get(&it.order_id);
    let goods: i64 = order.map_or(0, |order| order.lines.iter().map(super::order::Line::paid_minor).sum());
    let freight = order.map_or(0, Order::freight_paid_minor);
    let refund = |goods: i64, freight: i64| {
        json!({"currency": "BRL", "refund_total": amount(goods + freight), "refund_subtotal": amount(goods),
            "refund_shipping_fee": amount(freight), "refund_tax": "0.00"})
    };
    let lines: Vec<Value> = order
        .into_iter()
        .flat_map(|order| &order.lines)
        .map(|line| {
            json!({"cancel_line_item_id": format!("{}{}", it.id % 1_000_000, line.id), "order_line_item_id": line.id.to_string(),
                "sku_id": line.sku_id.to_string(), "sku_name": line.sku_name, "product_name": line.product_name,
                "seller_sku": line.seller_sku, "refund_amount": refund(line.paid_minor(), 0)})
        })
        .collect();
    let mut document = json!({
        "cancel_id": it.id.to_string(), "order_id": it.order_id.to_string(), "cancel_type": kind_word(it),
        "cancel_status": it.status.word(), "role": it.role, "cancel_reason": it.reason, "cancel_reason_text": it.reason_text,
        "create_time": seconds(it.created), "update_time": seconds(it.updated), "refund_amount": refund(goods, freight),
        "cancel_line_items": lines, "should_replenish_stock": true,
    });
    if let Some(deadline) = it.deadline {
        document["seller_next_action_response"] =
            json!([{"action": "SELLER_RESPOND_BUYER_CANCEL", "deadline": seconds(deadline)}]);
    }
    document
}

fn eligibility(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let order = world.order_of(ask.shop_id(), ask.id("id"));
    let order = order.map_err(|_| Refusal::business(25_007_006, "The order does not exist"))?;
    let status = order_status(world, order);
    let wanted = ask.query_list("request_types");
    let asked = |kind: &str| wanted.is_empty() || wanted.iter().any(|it| it == kind);
    let mut kinds = Vec::new();
    if asked("CANCEL") {
        let can =
            matches!(status, "UNPAID" | "ON_HOLD" | "AWAITING_SHIPMENT") && order.cancel_requested.is_none();
        let paid = order.stage != Stage::Unpaid;
        let reasons: Vec<&str> = SELLER_REASONS.iter().filter(|it| it.2 == paid).map(|it| it.0).collect();
        kinds.push(("CANCEL", can, reasons));
    }
    for kind in ["REFUND", "RETURN_AND_REFUND"].into_iter().filter(|kind| asked(kind)) {
        let can = matches!(status, "IN_TRANSIT" | "DELIVERED" | "COMPLETED");
        kinds.push((kind, can, returns::REASONS.iter().map(|it| it.0).collect()));
    }
    let skus: std::collections::BTreeSet<i64> = order.lines.iter().map(|line| line.sku_id).collect();
    let row = |sku: i64| {
        let of_sku = order.lines.iter().filter(|line| line.sku_id == sku);
        let lines: Vec<String> = of_sku.map(|line| line.id.to_string()).collect();
        let items: Vec<Value> = kinds
            .iter()
            .map(|(kind, can, reasons)| {
                let mut item = json!({"order_line_items_ids": lines, "request_type": kind, "eligible": can,
                    "available_reason_names": if *can { reasons.clone() } else { Vec::new() }});
                if !can {
                    item["ineligible_code"] = json!(25_001_003);
                    item["ineligible_reason"] = json!("The status of the order does not allow it");
                }
                item
            })
            .collect();
        json!({"sku_id": sku.to_string(), "line_item_eligibility": items})
    };
    success(json!({"sku_eligibility": skus.into_iter().map(row).collect::<Vec<_>>()}))
}
