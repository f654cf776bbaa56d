//! Returns: the product on its way back (fact sheet §15, §24).

use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::claim_pages::{own_claim, refuse};
use super::claims::{self, Claim, SELLER_ROLE};
use super::{ServiceEvent, changes, lookup, multipart};
use crate::call::Call;
use crate::dates::plus;
use crate::ids::Series;
use crate::mercado_livre::gate::AFTER_SALE;
use crate::mercado_livre::shipment::{Shipment, ShipmentStage};
use crate::mercado_livre::shipment_read::shipment_document;
use crate::mercado_livre::{Event, World};
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};
use crate::text::{loose_id, reais};

/// Time between two steps of the way back (our choice).
pub const STEP: Duration = Duration::from_hours(24);
/// How long the seller may look at what came back before it counts as fine.
pub const REVIEW_TIME: Duration = Duration::from_hours(3 * 24);
/// What the way back costs, in centavos (our choice).
const RETURN_COST: i64 = 2_090;
const IDS: Series = Series::new("return", 70_000_000);
const SHIPMENT_IDS: Series = Series::new("return shipment", 45_000_000_000);

/// Where the product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnStatus {
    /// Allowed, nothing sent yet.
    Pending,
    /// The buyer has a label.
    LabelGenerated,
    /// On its way.
    Shipped,
    /// Back at the seller.
    Delivered,
    /// The buyer kept it too long.
    Expired,
    /// Called off.
    Cancelled,
}

impl ReturnStatus {
    /// The next step that comes by itself.
    const fn next(self) -> Option<Self> {
        match self {
            Self::Pending => Some(Self::LabelGenerated),
            Self::LabelGenerated => Some(Self::Shipped),
            Self::Shipped => Some(Self::Delivered),
            Self::Delivered | Self::Expired | Self::Cancelled => None,
        }
    }
}

/// What the seller found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// `None` when all was fine, else the reasons given (`SRF2`, …).
    pub problems: Option<Vec<String>>,
    /// When.
    pub date_created: Timestamp,
}

/// A product on its way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// The id.
    pub id: i64,
    /// The parcel that brings it back.
    pub shipment_id: i64,
    /// Where it is.
    pub status: ReturnStatus,
    /// What the seller found.
    pub review: Option<Review>,
    /// When it was allowed.
    pub created: Timestamp,
    /// When it ended.
    pub closed: Option<Timestamp>,
    /// When it last changed.
    pub updated: Timestamp,
}

const REASONS: [(&str, &str); 6] = [
    ("SRF2", "O produto chegou danificado"),
    ("SRF3", "O produto chegou incompleto"),
    ("SRF4", "O produto é diferente do enviado"),
    ("SRF5", "O pacote chegou vazio"),
    ("SRF6", "O produto foi usado"),
    ("SRF7", "O produto não chegou"),
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/post-purchase/v2/claims/{id}/returns", AFTER_SALE, show),
        get("/post-purchase/v1/returns/{id}/reviews", AFTER_SALE, list_reviews),
        get("/post-purchase/v1/returns/reasons", AFTER_SALE, list_reasons),
        post("/post-purchase/v1/returns/{id}/return-review", AFTER_SALE, review),
        post("/post-purchase/v1/claims/{id}/returns/attachments", AFTER_SALE, attach),
        get("/post-purchase/v1/claims/{id}/charges/return-cost", AFTER_SALE, cost),
    ]
}

/// The buyer may send the product back.
pub(super) fn begin(world: &mut World, claim_id: i64) {
    let (id, shipment_id, now) = (world.ids.next(IDS), world.ids.next(SHIPMENT_IDS), world.now);
    let Some(claim) = world.service.claims.get_mut(&claim_id) else { return };
    claim.product_return = Some(Return {
        id,
        shipment_id,
        status: ReturnStatus::Pending,
        review: None,
        created: now,
        closed: None,
        updated: now,
    });
    world.agenda.plan(now.plus(STEP), Event::Service(ServiceEvent::ReturnMoves(claim_id)));
    claims::tell(world, claim_id, "claims");
}

/// The product takes its next step; unreviewed for too long it counts as fine.
pub(super) fn move_on(world: &mut World, claim_id: i64) {
    let now = world.now;
    let claim = world.service.claims.get_mut(&claim_id).filter(|claim| claim.is_open());
    let Some(claim) = claim else { return };
    let seller = claim.seller_id;
    let Some(back) = claim.product_return.as_mut() else { return };
    let Some(next) = back.status.next() else {
        if back.review.is_none() {
            settle(world, claim_id);
        }
        return;
    };
    back.status = next;
    back.updated = now;
    let wait = if next == ReturnStatus::Delivered { REVIEW_TIME } else { STEP };
    let shipment_id = back.shipment_id;
    world.agenda.plan(now.plus(wait), Event::Service(ServiceEvent::ReturnMoves(claim_id)));
    claims::tell(world, claim_id, "claims_actions");
    lookup::notify(world, "shipments", seller, &format!("/shipments/{shipment_id}"), &[]);
}

/// All fine: the buyer has the money back.
fn settle(world: &mut World, claim_id: i64) {
    let now = world.now;
    if let Some(back) =
        world.service.claims.get_mut(&claim_id).and_then(|claim| claim.product_return.as_mut())
    {
        back.closed = Some(now);
        back.updated = now;
    }
    let replaced = changes::replace(world, claim_id);
    claims::refund(world, claim_id, if replaced { "item_changed" } else { "item_returned" }, SELLER_ROLE);
}

/// The parcel that brings the product of an order back.
pub(crate) fn shipment_of(world: &World, order_id: i64) -> Option<i64> {
    let of_order = world.service.claims.values().filter(|claim| claim.order_id == order_id);
    of_order.filter_map(|claim| claim.product_return.as_ref()).map(|back| back.shipment_id).next_back()
}

/// The parcel named in the path, when it brings a product back to the caller: the
/// document of the way there, turned round.
pub(crate) fn parcel(world: &World, call: &Call) -> Option<Value> {
    let (id, user) = (call.number("id").ok()?, call.user_id().ok()?);
    let (claim, back) = world.service.claims.values().find_map(|claim| {
        let back = claim.product_return.as_ref().filter(|back| back.shipment_id == id)?;
        (claim.seller_id == user || claim.buyer_id == user).then_some((claim, back))
    })?;
    let way_there = world.shipments.get(&world.orders.get(&claim.order_id)?.shipment_id?)?;
    let parcel = Shipment {
        id,
        stage: match back.status {
            ReturnStatus::Pending => ShipmentStage::Pending,
            ReturnStatus::LabelGenerated => ShipmentStage::ReadyToPrint,
            ReturnStatus::Shipped => ShipmentStage::Shipped,
            ReturnStatus::Delivered => ShipmentStage::Delivered,
            ReturnStatus::Expired | ReturnStatus::Cancelled => ShipmentStage::Cancelled(None),
        },
        tracking_number: tracking_number(back),
        created: back.created,
        updated: back.updated,
        ..way_there.clone()
    };
    let mut document = shipment_document(world, &parcel);
    document["logistic"]["direction"] = json!("return");
    let (from, to) =
        (document["destination"]["shipping_address"].take(), document["origin"]["shipping_address"].take());
    document["origin"] = json!({"node": null, "type": "buying_address", "sender_id": claim.buyer_id, "shipping_address": from, "snapshot": null});
    document["destination"]["receiver_id"] = json!(claim.seller_id);
    document["destination"]["type"] = json!("selling_address");
    document["destination"]["shipping_address"] = to;
    Some(document)
}

fn tracking_number(back: &Return) -> String {
    format!("RET{}BR", back.shipment_id)
}

fn as_json(world: &World, claim: &Claim, back: &Return) -> Value {
    let order = world.orders.get(&claim.order_id);
    let address = world.users.get(&claim.seller_id).map(|seller| &seller.address);
    json!({
        "id": back.id,
        "claim_id": claim.id,
        "status": back.status,
        "status_money": if claim.is_open() { "retained" } else { "refunded" },
        "subtype": if claim.quantity < claim.ordered { "return_partial" } else { "return_total" },
        "refund_at": "delivered",
        "resource_type": "order",
        "resource_id": claim.order_id,
        "shipments": [{
            "shipment_id": back.shipment_id,
            "status": back.status,
            "tracking_number": tracking_number(back),
            "type": "return",
            "destination": {
                "name": "seller_address",
                "shipping_address": address.map(|address| json!({
                    "street_name": address.street, "street_number": address.number, "zip_code": address.zip,
                    "city": {"name": address.city}, "state": {"id": format!("BR-{}", address.state)},
                    "country": {"id": "BR", "name": "Brasil"},
                })),
            },
        }],
        "orders": [{
            "order_id": claim.order_id,
            "item_id": order.map(|order| &order.item_id),
            "variation_id": order.and_then(|order| order.variation_id),
            "context_type": "total",
            "total_quantity": format!("{}.0", claim.ordered),
            "return_quantity": format!("{}.0", claim.quantity),
        }],
        "intermediate_check": false,
        "related_entities": back.review.iter().map(|_| "reviews").collect::<Vec<_>>(),
        "resources": [],
        "date_created": plus(back.created),
        "date_closed": back.closed.map(plus),
        "last_updated": plus(back.updated),
    })
}

fn no_return() -> Reply {
    refuse(StatusCode::NOT_FOUND, "not_found_error", "Return not found")
}

fn show(world: &mut World, call: &Call) -> Answer {
    let claim = own_claim(world, call)?;
    let back = claim.product_return.as_ref().ok_or_else(no_return)?;
    Ok(Reply::ok(as_json(world, claim, back)))
}

/// The claim whose return is named in the path, for its seller.
fn of_return(world: &World, call: &Call) -> Result<(i64, Return), Reply> {
    let (id, user) = (call.number("id")?, call.user_id()?);
    let found = world.service.claims.values().find_map(|claim| {
        let back = claim.product_return.as_ref().filter(|back| back.id == id)?;
        (claim.seller_id == user).then(|| (claim.id, back.clone()))
    });
    found.ok_or_else(no_return)
}

fn list_reviews(world: &mut World, call: &Call) -> Answer {
    let (claim_id, back) = of_return(world, call)?;
    let review = back.review.as_ref().map(|review| {
        json!({"resource": "order", "resource_id": world.service.claims[&claim_id].order_id, "method": "none",
            "date_created": plus(review.date_created), "last_updated": plus(review.date_created),
            "resource_reviews": [{"stage": "closed", "status": if review.problems.is_none() { "success" } else { "failed" },
                "product_condition": if review.problems.is_none() { "saleable" } else { "unsaleable" },
                "reason_id": review.problems.as_ref().and_then(|reasons| reasons.first()),
                "benefited": if review.problems.is_none() { "buyer" } else { "seller" }}]})
    });
    Ok(Reply::ok(json!({"reviews": review.into_iter().collect::<Vec<_>>()})))
}

fn list_reasons(_: &mut World, call: &Call) -> Answer {
    if call.query("flow") != Some("seller_return_failed") || call.query("claim_id").is_none() {
        let message = "The parameters flow=seller_return_failed and claim_id are required";
        return Err(refuse(StatusCode::BAD_REQUEST, "bad_request_error", message));
    }
    Ok(Reply::ok(
        REASONS.iter().map(|(id, detail)| json!({"id": id, "name": id, "detail": detail})).collect(),
    ))
}

/// `{}` says all is fine; a list of `{"reason","message",…}` says what is not.
fn review(world: &mut World, call: &Call) -> Answer {
    let (claim_id, back) = of_return(world, call)?;
    let body = call.json()?;
    let problems = problems(&body, world.service.claims[&claim_id].order_id)?;
    let action = if problems.is_none() { "return_review_ok" } else { "return_review_fail" };
    // A product that never came is reported before it is delivered.
    let missing = problems.as_ref().is_some_and(|reasons| reasons.iter().any(|reason| reason == "SRF7"));
    let claim = &world.service.claims[&claim_id];
    let may = claim.allows(action) || (missing && claim.is_open() && back.review.is_none());
    if !may {
        return Err(super::claim_pages::action_missing(action));
    }
    let failed = problems.is_some();
    let now = world.now;
    if let Some(back) =
        world.service.claims.get_mut(&claim_id).and_then(|claim| claim.product_return.as_mut())
    {
        back.review = Some(Review { problems, date_created: now });
        back.updated = now;
    }
    claims::act(world, claim_id, action, SELLER_ROLE);
    if failed {
        claims::open_dispute(world, claim_id, SELLER_ROLE);
    } else {
        settle(world, claim_id);
    }
    Ok(Reply::created(json!({"return_id": back.id, "claim_id": claim_id})))
}

fn problems(body: &Value, order_id: i64) -> Result<Option<Vec<String>>, Reply> {
    let bad = |message: &str| refuse(StatusCode::BAD_REQUEST, "bad_request_error", message);
    if body.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(None);
    }
    let entries = body.as_array().filter(|entries| !entries.is_empty());
    let entries = entries.ok_or_else(|| bad("The body must be {} or a list of reasons"))?;
    let mut reasons = Vec::new();
    for entry in entries {
        let reason = entry["reason"].as_str().unwrap_or_default();
        if !REASONS.iter().any(|(id, _)| *id == reason) {
            return Err(bad(&format!("Invalid reason {reason}")));
        }
        if loose_id(&entry["order_id"]).is_some_and(|id| id != order_id) {
            return Err(bad("The order does not belong to the return"));
        }
        reasons.push(reason.to_owned());
    }
    Ok(Some(reasons))
}

fn attach(world: &mut World, call: &Call) -> Answer {
    let (claim_id, user) = (own_claim(world, call)?.id, call.user_id()?);
    let part = multipart::file(call, "file")?;
    let file_name = super::claim_actions::keep_file(world, claim_id, &part)?;
    Ok(Reply::created(json!({"user_id": user, "file_name": file_name})))
}

fn cost(world: &mut World, call: &Call) -> Answer {
    let claim = own_claim(world, call)?;
    if claim.product_return.is_none() {
        return Err(no_return());
    }
    Ok(Reply::ok(json!({"amount": reais(RETURN_COST), "currency_id": "BRL", "amount_usd": null})))
}

#[cfg(test)]
mod tests {
    use super::super::claims::Problem;
    use super::super::testing::{SELLER, STRANGER, Shop};
    use super::*;

    /// A shop whose product has come back; claim id and return id.
    fn returned() -> (Shop, i64, i64) {
        let mut shop = Shop::open();
        let order = shop.sell();
        shop.deliver(order);
        let claim = claims::open(&mut shop.world, order, Problem::Pdd, "Veio quebrado").unwrap();
        claims::allow_return(&mut shop.world, claim);
        shop.wait(STEP * 3);
        let back = shop.world.service.claims[&claim].product_return.as_ref().unwrap().id;
        (shop, claim, back)
    }

    #[test]
    fn a_return_is_shown_with_quantities_as_text_and_its_own_date_form() {
        let (mut shop, claim, _) = returned();
        let shown = shop.get(&format!("/post-purchase/v2/claims/{claim}/returns"));
        let back = shown.document();
        assert_eq!((&back["status"], &back["status_money"]), (&json!("delivered"), &json!("retained")));
        assert_eq!(back["orders"][0]["return_quantity"], "1.0");
        assert_eq!(back["shipments"][0]["type"], "return");
        assert!(back["date_created"].as_str().unwrap().ends_with("+00:00"));
    }

    #[test]
    fn a_good_review_gives_the_money_back() {
        let (mut shop, claim, back) = returned();
        let reviewed = shop.post(&format!("/post-purchase/v1/returns/{back}/return-review"), &json!({}));
        assert_eq!(reviewed.status, StatusCode::CREATED);
        let shown = shop.get(&format!("/post-purchase/v2/claims/{claim}/returns"));
        assert_eq!(shown.document()["status_money"], "refunded");
    }

    #[test]
    fn a_bad_review_brings_a_mediator() {
        let (mut shop, claim, back) = returned();
        let body = json!([{"reason": "SRF2", "message": "Quebrado"}]);
        shop.post(&format!("/post-purchase/v1/returns/{back}/return-review"), &body);
        assert_eq!(shop.get(&format!("/post-purchase/v1/claims/{claim}")).document()["stage"], "dispute");
        let reviews = shop.get(&format!("/post-purchase/v1/returns/{back}/reviews"));
        assert_eq!(reviews.document()["reviews"][0]["resource_reviews"][0]["reason_id"], "SRF2");
    }

    #[test]
    fn a_second_review_and_unknown_reasons_are_refused() {
        let (mut shop, _, back) = returned();
        let target = format!("/post-purchase/v1/returns/{back}/return-review");
        for body in [json!([{"reason": "SRF99"}]), json!([]), json!("fine")] {
            assert_eq!(shop.post(&target, &body).status, StatusCode::BAD_REQUEST, "{body}");
        }
        shop.post(&target, &json!({}));
        let second = shop.post(&target, &json!({}));
        assert_eq!(second.document()["message"], "Action return_review_ok not available for player");
    }

    #[test]
    fn the_parcel_back_is_a_shipment_of_its_own() {
        let (mut shop, claim, _) = returned();
        let claim = shop.world.service.claims[&claim].clone();
        let id = claim.product_return.as_ref().unwrap().shipment_id;
        let mut ask = |user: i64, target: String| {
            let request = http::Request::builder()
                .uri(target)
                .header("x-format-new", "true")
                .header("x-new-domain", "true");
            shop.send(user, request.body(bytes::Bytes::new()).unwrap())
        };
        let ways = ask(SELLER, format!("/orders/{}/shipments", claim.order_id));
        assert_eq!(ways.document()[1], json!({"id": id, "type": "return"}));
        let parcel = ask(SELLER, format!("/shipments/{id}"));
        assert_eq!(
            (&parcel.document()["status"], &parcel.document()["logistic"]["direction"]),
            (&json!("delivered"), &json!("return"))
        );
        assert_eq!(parcel.document()["destination"]["receiver_id"], SELLER);
        assert_eq!(ask(STRANGER, format!("/shipments/{id}")).status, StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_claim_without_a_return_has_none_to_show() {
        let mut shop = Shop::open();
        let order = shop.sell();
        let claim = claims::open(&mut shop.world, order, Problem::Pnr, "Não chegou").unwrap();
        assert_eq!(
            shop.get(&format!("/post-purchase/v2/claims/{claim}/returns")).status,
            StatusCode::NOT_FOUND
        );
    }
}
