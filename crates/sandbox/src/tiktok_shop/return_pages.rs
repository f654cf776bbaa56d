//! Returns as they are searched, answered and begun by the seller (fact sheet §10).

use serde_json::{Value, json};

use super::World;
use super::ask::{Ask, PageSize, amount, centavos, seconds};
use super::cancellation::{REJECT_REASONS, repeated};
use super::gate::{Door, shop};
use super::order::Line;
use super::refusal::{Refusal, success};
use super::returns::{REASONS, Request, Return, ReturnKind, ReturnStage, SCOPE, agree, enter, open};
use super::shop::{PROVIDERS, WarehouseKind};
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, get, post};
use crate::text::loose_id;

/// Ids in one search.
const FILTER_MAX: usize = 100;
/// Characters of a comment, and its pictures.
const COMMENT_MAX: usize = 500;
const IMAGES_MAX: usize = 6;

const WRONG_DECISION: i64 = 25_020_003;
const WRONG_STATUS: i64 = 25_011_012;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const NEW: Door = shop(&[202_309, 202_602], SCOPE);
    const OLD: Door = shop(&[202_309], SCOPE);
    const REJECT: Door = shop(&[202_309, 202_606], SCOPE);
    vec![
        post("/return_refund/{v}/returns", NEW, create),
        post("/return_refund/{v}/returns/search", NEW, search),
        post("/return_refund/{v}/returns/{id}/approve", OLD, approve),
        post("/return_refund/{v}/returns/{id}/reject", REJECT, reject),
        get("/return_refund/{v}/returns/{id}/records", OLD, records),
        post("/return_refund/{v}/refunds/calculate", NEW, calculate),
    ]
}

fn own<'a>(world: &'a World, ask: &Ask<'_>) -> Result<&'a Return, Refusal> {
    let found = world.returns.get(&ask.id("id")).filter(|it| it.shop_id == ask.shop_id());
    found.ok_or_else(|| Refusal::business(25_001_001, "The return does not exist"))
}

fn search(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let ids = ask.id_filter("return_ids", FILTER_MAX)?;
    let orders = ask.id_filter("order_ids", FILTER_MAX)?;
    let buyers = ask.id_filter("buyer_user_ids", FILTER_MAX)?;
    let [types, statuses, arbitrations] =
        ["return_types", "return_status", "arbitration_status"].map(|name| ask.word_filter(name));
    let has = |words: &[String], word: &str| words.is_empty() || words.iter().any(|it| it == word);
    let buyer = |it: &Return| world.orders.get(&it.order_id).map_or(0, |order| order.buyer_id);
    let fits = |it: &&Return| {
        it.shop_id == ask.shop_id()
            && ids.as_ref().is_none_or(|ids| ids.contains(&it.id))
            && orders.as_ref().is_none_or(|ids| ids.contains(&it.order_id))
            && buyers.as_ref().is_none_or(|ids| ids.contains(&buyer(it)))
            && has(&types, it.kind.word())
            && has(&statuses, it.word())
            && has(&arbitrations, it.arbitration.as_deref().unwrap_or_default())
            && ask.in_window("create_time", it.created)
            && ask.in_window("update_time", it.updated)
    };
    let rows = world.returns.values().filter(fits).map(|it| document(world, it)).collect();
    // Without any return the key is left out.
    success(ask.page(rows, PageSize { default: Some(10), min: 10, max: 50 })?.data("return_orders", true))
}

fn refund(minor: i64) -> Value {
    json!({"currency": "BRL", "refund_total": amount(minor), "refund_subtotal": amount(minor),
        "refund_shipping_fee": "0.00", "refund_tax": "0.00"})
}

fn reason_text(reason: &str) -> &str {
    REASONS.iter().find(|it| it.0 == reason).map_or(reason, |it| it.1)
}

fn document(world: &World, it: &Return) -> Value {
    let order = world.orders.get(&it.order_id);
    let lines =
        order.into_iter().flat_map(|order| &order.lines).filter(|line| it.line_ids.contains(&line.id));
    let rows: Vec<Value> = lines
        .map(|line| {
            json!({"return_line_item_id": format!("{}{}", it.id % 1_000_000, line.id), "order_line_item_id": line.id.to_string(),
                "sku_id": line.sku_id.to_string(), "sku_name": line.sku_name, "product_name": line.product_name,
                "seller_sku": line.seller_sku, "refund_amount": refund(line.paid_minor())})
        })
        .collect();
    let mut document = json!({
        "return_id": it.id.to_string(), "order_id": it.order_id.to_string(), "return_type": it.kind.word(),
        "return_status": it.word(), "role": it.role, "return_reason": it.reason, "return_reason_text": reason_text(&it.reason),
        "shipment_type": "PLATFORM", "handover_method": "DROP_OFF", "return_tracking_number": it.tracking_number,
        "refund_amount": refund(it.refund_minor), "discount_amount": [], "shipping_fee_amount": [], "return_line_items": rows,
        "is_quick_refund": false, "create_time": seconds(it.created), "update_time": seconds(it.updated),
    });
    if let Some(arbitration) = &it.arbitration {
        document["arbitration_status"] = json!(arbitration);
    }
    if !it.tracking_number.is_empty() {
        document["return_provider_id"] = json!(PROVIDERS[0].0.to_string());
        document["return_provider_name"] = json!(PROVIDERS[0].1);
    }
    if let Some(offer) = it.offer_minor {
        document["partial_refund"] = json!({"amount": amount(offer), "currency": "BRL"});
    }
    if let (Some(action), Some(deadline)) = (it.next_action(), it.deadline) {
        document["seller_next_action_response"] = json!([{"action": action, "deadline": seconds(deadline)}]);
    }
    let mut warehouses = world.shops.get(&it.shop_id).into_iter().flat_map(|shop| &shop.warehouses);
    if let Some(back) = warehouses.find(|place| place.kind == WarehouseKind::ReturnWarehouse) {
        document["return_warehouse_address"] = json!({"full_address": back.address.full()});
    }
    document
}

fn kind_of(word: &str) -> Result<ReturnKind, Refusal> {
    match word {
        "REFUND" => Ok(ReturnKind::Refund),
        "RETURN_AND_REFUND" => Ok(ReturnKind::ReturnAndRefund),
        _ => Err(Refusal::parameter("return_type", "Expected REFUND or RETURN_AND_REFUND")),
    }
}

/// The lines that a body names: by line, or by SKU and quantity; none for all.
fn named_lines(world: &World, order_id: i64, body: &Value) -> Vec<i64> {
    let listed = |name: &str| body[name].as_array().cloned().unwrap_or_default();
    let direct: Vec<i64> = listed("order_line_item_ids").iter().filter_map(loose_id).collect();
    let grouped = listed("order_line_list");
    let grouped = grouped.iter().filter_map(|row| loose_id(&row["order_line_item_id"]));
    let mut named: Vec<i64> = direct.into_iter().chain(grouped).collect();
    for row in listed("skus") {
        let sku = loose_id(&row["sku_id"]).unwrap_or(0);
        let count = loose_id(&row["quantity"]).and_then(|it| usize::try_from(it).ok()).unwrap_or(1);
        let order = world.orders.get(&order_id);
        let of_sku = order.into_iter().flat_map(|order| order.live_lines()).filter(|line| line.sku_id == sku);
        named.extend(of_sku.take(count).map(|line| line.id));
    }
    named
}

fn create(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let order = world.order_of(ask.shop_id(), ask.body_id("order_id")?);
    let order_id = order.map_err(|_| Refusal::business(25_007_006, "The order does not exist"))?.id;
    let (reason, kind) = (ask.text("return_reason")?, kind_of(&ask.text("return_type")?)?);
    if !REASONS.iter().any(|it| it.0 == reason) {
        return Err(Refusal::business(25_001_014, "The reason does not exist").into());
    }
    let sent = &ask.body["refund_total"];
    let refund_minor = centavos(sent);
    if refund_minor.is_none() && !sent.is_null() {
        return Err(Refusal::parameter("refund_total", "it is no amount").into());
    }
    let line_ids = named_lines(world, order_id, &ask.body);
    let request = Request { order_id, line_ids, kind, reason: &reason, role: "SELLER", refund_minor };
    let id = open(world, &request).map_err(|it| Refusal::business(it.code, it.message))?;
    let status = world.returns.get(&id).map_or("", Return::word);
    success(json!({"return_id": id.to_string(), "return_status": status}))
}

fn calculate(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    ask.text("request_type")?;
    ask.text("reason_name")?;
    let order = world.order_of(ask.shop_id(), ask.body_id("order_id")?);
    let order = order.map_err(|_| Refusal::business(25_007_006, "The order does not exist"))?;
    let named = named_lines(world, order.id, &ask.body);
    let wanted = |line: &&Line| named.is_empty() || named.contains(&line.id);
    let minor: i64 = order.live_lines().filter(wanted).map(Line::paid_minor).sum();
    success(json!({"currency": "BRL", "refund_total": amount(minor), "refund_subtotal": amount(minor),
        "refund_shipping_fee": "0.00", "refund_tax": "0.00"}))
}

/// The comment and pictures of an answer, within their limits.
fn check_words(body: &Value) -> Result<String, Refusal> {
    let comment = body["comment"].as_str().unwrap_or_default();
    if comment.chars().count() > COMMENT_MAX {
        return Err(Refusal::parameter("comment", "Expected at most 500 characters"));
    }
    if body["images"].as_array().is_some_and(|images| images.len() > IMAGES_MAX) {
        return Err(Refusal::parameter("images", "Expected at most 6 entries"));
    }
    Ok(comment.to_owned())
}

/// Answers are for returns that wait for one.
fn answerable(it: &Return) -> Result<(), Refusal> {
    if it.arbitration.as_deref() == Some("IN_PROGRESS") {
        return Err(Refusal::business(25_011_010, "The request was moved to arbitration"));
    }
    if it.next_action().is_none() {
        return Err(Refusal::business(WRONG_STATUS, "The status of the request does not allow it"));
    }
    Ok(())
}

fn approve(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let decision = ask.text("decision")?;
    let it = own(world, &ask)?.clone();
    if repeated(world, &ask) {
        return success(json!({}));
    }
    answerable(&it)?;
    let requested = it.stage == ReturnStage::Requested;
    match (decision.as_str(), it.kind) {
        ("APPROVE_RETURN", ReturnKind::ReturnAndRefund) if requested => {
            let keeps = ask.body["buyer_keep_item"] == true;
            if keeps {
                enter(world, it.id, ReturnStage::Agreed, "SELLER", "REFUND_APPROVED", "");
            } else {
                agree(world, it.id, "SELLER");
            }
        }
        ("APPROVE_REFUND", ReturnKind::Refund) | ("APPROVE_REPLACEMENT", ReturnKind::Replacement)
            if requested =>
        {
            agree(world, it.id, "SELLER");
        }
        ("APPROVE_RECEIVED_PACKAGE", _) if !requested => agree(world, it.id, "SELLER"),
        ("DIRECT_REFUND", ReturnKind::Refund | ReturnKind::ReturnAndRefund)
        | ("ISSUE_REPLACEMENT_REFUND", ReturnKind::Replacement) => {
            enter(world, it.id, ReturnStage::Agreed, "SELLER", "REFUND_APPROVED", "");
        }
        ("OFFER_PARTIAL_REFUND", ReturnKind::Refund | ReturnKind::ReturnAndRefund) if requested => {
            offer(world, &it, &ask.body)?;
        }
        _ => return Err(Refusal::business(WRONG_DECISION, "The decision does not fit the request").into()),
    }
    success(json!({}))
}

fn offer(world: &mut World, it: &Return, body: &Value) -> Result<(), Refusal> {
    let minor = centavos(&body["partial_refund"]["amount"]).filter(|minor| *minor > 0);
    let minor = minor.ok_or_else(|| Refusal::missing("body", "partial_refund"))?;
    if minor >= it.refund_minor {
        return Err(Refusal::business(25_005_005, "The amount is above what can be refunded"));
    }
    if let Some(it) = world.returns.get_mut(&it.id) {
        it.offer_minor = Some(minor);
    }
    enter(world, it.id, ReturnStage::Offered, "SELLER", "PARTIAL_REFUND_OFFERED", "");
    Ok(())
}

fn reject(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let (decision, reason) = (ask.text("decision")?, ask.text("reject_reason")?);
    let note = check_words(&ask.body)?;
    let it = own(world, &ask)?.clone();
    if repeated(world, &ask) {
        return success(json!({}));
    }
    answerable(&it)?;
    if !REJECT_REASONS.iter().any(|it| it.0 == reason) {
        return Err(Refusal::business(25_001_014, "The reason does not exist").into());
    }
    let requested = it.stage == ReturnStage::Requested;
    let stage = match (decision.as_str(), it.kind) {
        ("REJECT_REFUND", ReturnKind::Refund)
        | ("REJECT_RETURN", ReturnKind::ReturnAndRefund)
        | ("REJECT_REPLACEMENT", ReturnKind::Replacement)
            if requested =>
        {
            ReturnStage::Rejected
        }
        ("REJECT_RECEIVED_PACKAGE", _) if !requested => ReturnStage::ParcelRejected,
        ("OFFER_PARTIAL_REFUND_AFTER_RECEIVING_PKG", ReturnKind::ReturnAndRefund) if !requested => {
            offer(world, &it, &ask.body)?;
            return success(json!({}));
        }
        _ => return Err(Refusal::business(WRONG_DECISION, "The decision does not fit the request").into()),
    };
    enter(world, it.id, stage, "SELLER", "REQUEST_REJECTED", &note);
    success(json!({}))
}

fn records(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let it = own(world, &ask)?;
    let rows: Vec<Value> = it
        .records
        .iter()
        .map(|record| {
            json!({"event": record.event, "role": record.role, "description": record.event.replace('_', " ").to_lowercase(),
                "reason_text": reason_text(&it.reason), "note": record.note, "images": [], "videos": [],
                "create_time": seconds(record.at)})
        })
        .collect();
    success(json!({ "records": rows }))
}
