//! Returns and disputes (fact sheet §8).

use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::args::Args;
use super::envelope::{ok, refuse};
use super::item::image_url;
use super::market::Door;
use super::media::{form, keep_image};
use super::order::{Order, OrderStatus};
use super::shop::{CURRENCY, own_id};
use super::world::secs;
use super::{Event, World, push, sales};
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};
use crate::text::reais;

/// Returns of a page.
const PAGE_MAX: i64 = 100;
/// How long the seller has to answer.
const ANSWER_WITHIN: Duration = Duration::from_hours(72);

/// Where a return stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReturnStatus {
    /// The buyer asked.
    Requested,
    /// The goods are on their way back.
    Processing,
    /// The platform decides.
    Judging,
    /// The seller objects.
    SellerDispute,
    /// The money goes back.
    Accepted,
    /// The buyer took it back.
    Cancelled,
    /// Over.
    Closed,
}

impl ReturnStatus {
    /// The platform's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::Processing => "PROCESSING",
            Self::Judging => "JUDGING",
            Self::SellerDispute => "SELLER_DISPUTE",
            Self::Accepted => "ACCEPTED",
            Self::Cancelled => "CANCELLED",
            Self::Closed => "CLOSED",
        }
    }
}

/// A return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    pub(crate) sn: String,
    pub(crate) order_sn: String,
    pub(crate) shop_id: i64,
    pub(crate) status: ReturnStatus,
    pub(crate) reason: String,
    pub(crate) text: String,
    /// The goods come back, too.
    pub(crate) with_goods: bool,
    /// Raised after the order was completed.
    pub(crate) after_completion: bool,
    /// Index of the order's line, and units.
    pub(crate) parts: Vec<(usize, i64)>,
    /// In centavos.
    pub(crate) refund: i64,
    /// What the seller proposed: solution and centavos.
    pub(crate) offer: Option<(String, i64)>,
    /// What the buyer proposed instead.
    pub(crate) buyer_offer: Option<(String, i64)>,
    pub(crate) proof: Vec<Value>,
    pub(crate) proof_text: String,
    pub(crate) tracking: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) due: Timestamp,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        get("/api/v2/returns/get_return_list", Door::Shop, list),
        get("/api/v2/returns/get_return_detail", Door::Shop, detail),
        post("/api/v2/returns/confirm", Door::Shop, confirm),
        post("/api/v2/returns/offer", Door::Shop, offer),
        post("/api/v2/returns/accept_offer", Door::Shop, accept_offer),
        post("/api/v2/returns/dispute", Door::Shop, dispute),
        post("/api/v2/returns/cancel_dispute", Door::Shop, cancel_dispute),
        post("/api/v2/returns/convert_image", Door::Shop, convert_image),
        post("/api/v2/returns/upload_proof", Door::Shop, upload_proof),
        get("/api/v2/returns/query_proof", Door::Shop, query_proof),
        get("/api/v2/returns/get_available_solutions", Door::Shop, solutions),
        get("/api/v2/returns/get_return_dispute_reason", Door::Shop, dispute_reasons),
        get("/api/v2/returns/get_reverse_tracking_info", Door::Shop, reverse_tracking),
    ]
}

/// A buyer wants to give back. `None` when the order cannot be returned.
pub(crate) fn open(
    world: &mut World,
    sn: &str,
    reason: &str,
    text: &str,
    with_goods: bool,
) -> Option<String> {
    let order = world.orders.get(sn)?;
    let after_completion = order.status == OrderStatus::Completed;
    if !after_completion && !matches!(order.status, OrderStatus::ToConfirmReceive | OrderStatus::Shipped) {
        return None;
    }
    let parts: Vec<(usize, i64)> = order
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| (index, line.quantity - line.cancelled - line.returned))
        .filter(|(_, units)| *units > 0)
        .collect();
    let refund = order.goods() - order.refunded;
    let (shop_id, order_sn) = (order.shop_id, order.sn.clone());
    let date = world.now.to_rfc3339();
    let sn_of_return = [&date[2..4], &date[5..7], &date[8..10], &world.dice.hex(9).to_uppercase()].concat();
    let case = Return {
        sn: sn_of_return.clone(),
        order_sn,
        shop_id,
        status: ReturnStatus::Requested,
        reason: reason.to_owned(),
        text: text.to_owned(),
        with_goods,
        after_completion,
        parts,
        refund,
        offer: None,
        buyer_offer: None,
        proof: Vec::new(),
        proof_text: String::new(),
        tracking: String::new(),
        created: world.now,
        updated: world.now,
        due: world.now.plus(ANSWER_WITHIN),
    };
    world.returns.insert(sn_of_return.clone(), case);
    world.agenda.forget(|event| *event == Event::Completes(sn.to_owned()));
    sales::set_status(world, sn, OrderStatus::ToReturn);
    world.plan_in(ANSWER_WITHIN, Event::ReturnExpires(sn_of_return.clone()));
    tell(world, &sn_of_return, "return_status", "", ReturnStatus::Requested.word());
    Some(sn_of_return)
}

fn tell(world: &mut World, sn: &str, field: &str, old: &str, new: &str) {
    let Some(case) = world.returns.get(sn) else { return };
    let data = json!({"order_sn": case.order_sn, "return_sn": sn, "updated_values": [{"update_field": field,
        "old_value": old, "new_value": new, "update_time": secs(world.now)}]});
    let shop = case.shop_id;
    push::emit(world, shop, 29, &data);
}

/// Moves a return and tells about it; an end settles the order.
pub(crate) fn set_status(world: &mut World, sn: &str, status: ReturnStatus) {
    let now = world.now;
    let Some(case) = world.returns.get_mut(sn).filter(|case| case.status != status) else { return };
    let old = case.status;
    case.status = status;
    case.updated = now;
    tell(world, sn, "return_status", old.word(), status.word());
    match status {
        ReturnStatus::Accepted => settle(world, sn, true),
        ReturnStatus::Cancelled | ReturnStatus::Closed if old != ReturnStatus::Accepted => {
            settle(world, sn, false);
        }
        ReturnStatus::Requested
        | ReturnStatus::Processing
        | ReturnStatus::Judging
        | ReturnStatus::SellerDispute
        | ReturnStatus::Cancelled
        | ReturnStatus::Closed => {}
    }
}

fn settle(world: &mut World, sn: &str, refunded: bool) {
    world.agenda.forget(|event| *event == Event::ReturnExpires(sn.to_owned()));
    let Some(case) = world.returns.get(sn).cloned() else { return };
    let Some(order) = world.orders.get_mut(&case.order_sn) else { return };
    if refunded {
        order.refunded += case.refund;
        for (index, units) in &case.parts {
            if let Some(line) = order.lines.get_mut(*index) {
                line.returned += units;
            }
        }
    }
    if case.after_completion {
        // Money of a completed order was released before; the order itself only says why.
        order.status = OrderStatus::Completed;
        order.updated = world.now;
        sales::tell(world, &case.order_sn, "RRAOC");
    } else {
        sales::complete(world, &case.order_sn);
    }
}

/// The buyer posts the goods.
pub(crate) fn ship_back(world: &mut World, sn: &str) {
    let code = format!("BRR{}", world.dice.below(1_000_000_000));
    let Some(case) = world.returns.get_mut(sn).filter(|case| case.with_goods && case.tracking.is_empty())
    else {
        return;
    };
    case.tracking = code;
    tell(world, sn, "logistics_status", "LOGISTICS_READY", "LOGISTICS_PICKUP_DONE");
    if world.returns.get(sn).is_some_and(|case| case.status == ReturnStatus::Requested) {
        set_status(world, sn, ReturnStatus::Processing);
    }
}

/// The seller said nothing: the buyer is right.
pub(crate) fn expire(world: &mut World, sn: &str) {
    if world.returns.get(sn).is_some_and(|case| case.status == ReturnStatus::Requested) {
        set_status(world, sn, ReturnStatus::Accepted);
    }
}

fn missing() -> Reply {
    refuse("error_data", "The return you queried doesn't exist")
}

fn own_return<'a>(world: &'a World, call: &Call, args: &Args) -> Result<&'a Return, Reply> {
    let shop = own_id(call)?;
    world.returns.get(args.text("return_sn")?).filter(|case| case.shop_id == shop).ok_or_else(missing)
}

fn wrong_status(status: ReturnStatus) -> Reply {
    refuse("error_return_status", &format!("Invalid return status: {}", status.word()))
}

fn negotiation_word(case: &Return) -> &'static str {
    match (case.status, &case.offer, &case.buyer_offer) {
        (ReturnStatus::Requested, Some(_), None) => "PENDING_BUYER_RESPOND",
        (ReturnStatus::Requested, _, _) => "PENDING_RESPOND",
        _ => "TERMINATED",
    }
}

fn proof_word(case: &Return) -> &'static str {
    match case.status {
        _ if !case.proof.is_empty() => "UPLOADED",
        ReturnStatus::SellerDispute | ReturnStatus::Judging => "PENDING",
        ReturnStatus::Requested
        | ReturnStatus::Processing
        | ReturnStatus::Accepted
        | ReturnStatus::Cancelled
        | ReturnStatus::Closed => "NOT_NEEDED",
    }
}

fn item_documents(world: &World, case: &Return, order: &Order) -> Vec<Value> {
    let part = |(index, units): &(usize, i64)| {
        let line = order.lines.get(*index)?;
        let images: Vec<String> = line.image_id.iter().map(|id| image_url(world, id)).collect();
        Some(
            json!({"item_id": line.item_id, "model_id": line.model_id, "name": line.item_name, "images": images,
            "amount": units, "item_price": reais(line.discounted), "refund_amount": reais(line.discounted * units),
            "is_add_on_deal": false, "is_main_item": false, "add_on_deal_id": 0, "item_sku": line.item_sku,
            "variation_sku": line.model_sku}),
        )
    };
    case.parts.iter().filter_map(part).collect()
}

/// Where the goods are on their way back.
fn way_back(case: &Return) -> &'static str {
    match (case.with_goods, case.tracking.is_empty()) {
        (false, _) => "LOGISTICS_NOT_START",
        (true, true) => "LOGISTICS_READY",
        (true, false) => "LOGISTICS_PICKUP_DONE",
    }
}

/// What list and detail have in common.
fn document(world: &World, case: &Return) -> Value {
    let order = world.orders.get(&case.order_sn);
    let buyer = order.and_then(|order| world.buyers.get(&order.buyer_id));
    json!({
        "return_sn": case.sn, "order_sn": case.order_sn, "reason": case.reason, "text_reason": case.text,
        "reassessed_request_reason": "NONE", "status": case.status.word(), "refund_amount": reais(case.refund),
        "amount_before_discount": reais(case.refund), "currency": CURRENCY, "create_time": secs(case.created),
        "update_time": secs(case.updated), "due_date": secs(case.due), "return_ship_due_date": 0,
        "return_seller_due_date": secs(case.due), "tracking_number": case.tracking, "needs_logistics": case.with_goods,
        "image": [], "return_solution": i32::from(!case.with_goods),
        "return_refund_type": if case.after_completion { "RRAOC" } else { "RRBOC" }, "return_refund_request_type": 0,
        "validation_type": "seller_validation", "is_seller_arrange": false, "is_shipping_proof_mandatory": false,
        "item": order.map(|order| item_documents(world, case, order)),
        "user": {"username": buyer.map(|it| &it.username), "email": "****", "portrait": ""},
    })
}

fn list(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let shop = own_id(call)?;
    let page = args.by_number(world.rules.returns_first_page, PAGE_MAX, None)?;
    let too_long = || refuse("error_param", "The time range must be at most 15 days.");
    let created = args.window("create_time_from", "create_time_to", too_long())?;
    let updated = args.window("update_time_from", "update_time_to", too_long())?;
    let within = |span: Option<(Timestamp, Timestamp)>, at: Timestamp| {
        span.is_none_or(|(from, to)| (secs(from)..=secs(to)).contains(&secs(at)))
    };
    let status = args.opt_text("status")?;
    let (negotiation, proof) = (args.opt_text("negotiation_status")?, args.opt_text("seller_proof_status")?);
    let rows: Vec<Value> = world
        .returns
        .values()
        .filter(|case| case.shop_id == shop && within(created, case.created) && within(updated, case.updated))
        .filter(|case| status.is_none_or(|status| case.status.word() == status))
        .filter(|case| negotiation.is_none_or(|word| negotiation_word(case) == word))
        .filter(|case| proof.is_none_or(|word| proof_word(case) == word))
        .map(|case| {
            let mut row = document(world, case);
            row["negotiation_status"] = json!(negotiation_word(case));
            row["seller_proof_status"] = json!(proof_word(case));
            row["seller_compensation_status"] = json!("COMPENSATION_NOT_APPLICABLE");
            for item in row["item"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                item.remove("refund_amount");
            }
            row
        })
        .collect();
    let (rows, more) = page.of(&rows);
    ok(json!({"more": more, "return": rows}))
}

fn detail(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let case = own_return(world, call, &args)?;
    let offered = |offer: &Option<(String, i64)>| {
        offer
            .as_ref()
            .map_or((json!(""), json!(0)), |(solution, centavos)| (json!(solution), reais(*centavos)))
    };
    let (solution, amount) =
        offered(if case.buyer_offer.is_some() { &case.buyer_offer } else { &case.offer });
    let mut body = document(world, case);
    let way = way_back(case);
    // The reference and its own sample spell one of them differently.
    for name in ["logistics_status", "reverse_logistics_status", "reverse_logistic_status"] {
        body[name] = json!(way);
    }
    body["buyer_videos"] = json!([]);
    body["negotiation"] = json!({"negotiation_status": negotiation_word(case), "latest_solution": solution,
        "latest_offer_amount": amount, "latest_offer_creator": if case.buyer_offer.is_some() { "BUYER" } else { "SELLER" },
        "counter_limit": 1, "offer_due_date": secs(case.due)});
    body["seller_proof"] =
        json!({"seller_proof_status": proof_word(case), "seller_evidence_deadline": secs(case.due)});
    body["seller_compensation"] =
        json!({"seller_compensation_status": "COMPENSATION_NOT_APPLICABLE", "compensation_amount": 0});
    ok(body)
}

fn answered(sn: &str) -> Answer {
    ok(json!({"return_sn": sn}))
}

fn confirm(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let case = own_return(world, call, &args)?;
    if !matches!(case.status, ReturnStatus::Requested | ReturnStatus::Processing) {
        return Err(wrong_status(case.status));
    }
    let sn = case.sn.clone();
    set_status(world, &sn, ReturnStatus::Accepted);
    answered(&sn)
}

fn offer(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let case = own_return(world, call, &args)?;
    let solution = args.text("proposed_solution")?.to_owned();
    if !matches!(solution.as_str(), "RETURN_REFUND" | "REFUND") {
        return Err(args.refuse("proposed_solution must be RETURN_REFUND or REFUND"));
    }
    if case.status != ReturnStatus::Requested {
        return Err(wrong_status(case.status));
    }
    if case.offer.is_some() && case.buyer_offer.is_none() {
        return Err(refuse("error_negotiation_status", "The buyer has not answered the last offer."));
    }
    let whole = case.refund;
    let amount = if args.has("proposed_adjusted_refund_amount") {
        args.money("proposed_adjusted_refund_amount")?
    } else {
        whole
    };
    if !(1..=whole).contains(&amount) {
        return Err(args.refuse("proposed_adjusted_refund_amount is out of bounds"));
    }
    let sn = case.sn.clone();
    if let Some(case) = world.returns.get_mut(&sn) {
        case.offer = Some((solution.clone(), amount));
        case.buyer_offer = None;
    }
    tell(world, &sn, "return_solution", "", &solution);
    answered(&sn)
}

fn accept_offer(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let case = own_return(world, call, &args)?;
    let none = || refuse("error_no_buyer_offer", "There is no offer of the buyer.");
    let (solution, amount) = case.buyer_offer.clone().ok_or_else(none)?;
    let sn = case.sn.clone();
    take_offer(world, &sn, &solution, amount);
    answered(&sn)
}

/// What one side proposed is agreed on.
pub(crate) fn take_offer(world: &mut World, sn: &str, solution: &str, amount: i64) {
    let with_goods = solution == "RETURN_REFUND";
    if let Some(case) = world.returns.get_mut(sn) {
        case.refund = amount;
        case.with_goods = with_goods;
    }
    set_status(world, sn, if with_goods { ReturnStatus::Processing } else { ReturnStatus::Accepted });
}

fn dispute(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let case = own_return(world, call, &args)?;
    if args.opt_text("email")?.is_none() || args.opt_int("dispute_reason_id")?.is_none() {
        return Err(refuse("dispute.request.param.error", "email and dispute_reason_id are required."));
    }
    let disputable = [ReturnStatus::Requested, ReturnStatus::Processing, ReturnStatus::Accepted];
    if !disputable.contains(&case.status) {
        return Err(wrong_status(case.status));
    }
    let sn = case.sn.clone();
    world.agenda.forget(|event| *event == Event::ReturnExpires(sn.clone()));
    set_status(world, &sn, ReturnStatus::SellerDispute);
    answered(&sn)
}

fn cancel_dispute(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    args.text("email")?;
    own_return(world, call, &args)?;
    // Only disputes about a compensation can be taken back, and there are none here.
    Err(refuse("dispute.cancel.ineligible", "The dispute cannot be cancelled."))
}

fn convert_image(world: &mut World, call: &Call) -> Answer {
    let parts = form(call)?;
    if !parts.iter().any(|part| part.name == "upload_image" && !part.content.is_empty()) {
        return Err(refuse("error_param", "upload_image is required."));
    }
    let id = keep_image(world, "image/jpeg");
    let url = image_url(world, &id);
    ok(json!({"thumbnail": format!("{url}_tn"), "url": url}))
}

fn upload_proof(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let sn = own_return(world, call, &args)?.sn.clone();
    let photos = args.raw("photo").as_array().cloned().unwrap_or_default();
    let text = args.opt_text("description")?.unwrap_or_default().to_owned();
    if photos.is_empty() && text.is_empty() {
        return Err(args.refuse("photo or description is required"));
    }
    if let Some(case) = world.returns.get_mut(&sn) {
        (case.proof, case.proof_text) = (photos, text);
    }
    tell(world, &sn, "seller_proof_status", "PENDING", "UPLOADED");
    answered(&sn)
}

fn query_proof(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let case = own_return(world, call, &args)?;
    ok(json!({"image": case.proof, "video": [], "description": case.proof_text}))
}

fn solutions(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let case = own_return(world, call, &args)?;
    let open = case.status == ReturnStatus::Requested;
    let row = json!({"eligibility": open, "refund_amount_adjustable": open, "max_refund_amount": reais(case.refund),
        "min_refund_amount": reais(1)});
    ok(json!({"return_sn": case.sn, "offer_return_refund": row, "offer_refund": row}))
}

fn dispute_reasons(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    own_return(world, call, &args)?;
    let reason = |id: i64, text: &str| {
        json!({"dispute_reason_id": id, "dispute_reason": text, "dispute_requirement": "Explain what happened.",
            "sample_evidence": [], "evidence_module_list": [{"module_index": 0, "requirement": "Photos of the goods",
                "is_required": false}]})
    };
    let all = [reason(41, "I disagree with the reason"), reason(42, "I did not get the goods back")];
    ok(json!({ "dispute_reason_list": all }))
}

fn reverse_tracking(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let case = own_return(world, call, &args)?;
    ok(json!({"return_sn": case.sn, "tracking_number": case.tracking, "tracking_info": [],
        "reverse_logistics_status": way_back(case), "return_refund_request_type": 0,
        "validation_type": "seller_validation"}))
}
