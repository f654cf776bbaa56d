//! Feedback and notes about an order, its discounts, and the buyer's billing data
//! (fact sheet §11).

use std::collections::BTreeMap;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::lookup;
use crate::call::Call;
use crate::dates::west;
use crate::ids::Series;
use crate::mercado_livre::gate::{BILLING, SALES};
use crate::mercado_livre::order::{Order, OrderStatus};
use crate::mercado_livre::{SITE, World};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, delete, get, post, put};
use crate::text::reais;

/// Longest feedback message, in characters.
pub const MAX_FEEDBACK: usize = 159;
/// Longest note, in characters.
pub const MAX_NOTE: usize = 300;
/// Feedback may be given and answered for this long.
pub const FEEDBACK_TIME: std::time::Duration = std::time::Duration::from_hours(14 * 24);
const FEEDBACK_IDS: Series = Series::new("feedback", 5_020_000_000_000);

const REASONS: [&str; 5] =
    ["OUT_OF_STOCK", "BUYER_REGRETS", "SELLER_REGRETS", "BUYER_DID_NOT_ANSWER", "OTHER_MY_RESPONSIBILITY"];

/// What the seller says of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// The id.
    pub id: i64,
    /// The order.
    pub order_id: i64,
    /// Whether the sale happened.
    pub fulfilled: bool,
    /// `positive`, `neutral` or `negative`.
    pub rating: String,
    /// The text.
    pub message: String,
    /// Why the sale did not happen.
    pub reason: Option<String>,
    /// The other side's answer.
    pub reply: Option<String>,
    /// When.
    pub date_created: Timestamp,
}

/// A note of the seller about an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The text.
    pub text: String,
    /// When it was written.
    pub created: Timestamp,
    /// When it was rewritten.
    pub updated: Timestamp,
}

/// What sellers wrote about orders.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Remarks {
    /// By order id.
    pub feedback: BTreeMap<i64, Feedback>,
    /// By order id.
    pub notes: BTreeMap<i64, Vec<Note>>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/orders/{id}/feedback", SALES, show),
        post("/orders/{id}/feedback", SALES, give),
        get("/feedback/{id}", SALES, show_by_id),
        put("/feedback/{id}", SALES, change),
        post("/feedback/{id}/reply", SALES, answer),
        get("/orders/{id}/notes", SALES, list_notes),
        post("/orders/{id}/notes", SALES, add_note),
        put("/orders/{id}/notes/{note}", SALES, change_note),
        delete("/orders/{id}/notes/{note}", SALES, remove_note),
        get("/orders/{id}/discounts", SALES, list_discounts),
        get("/orders/billing-info/{site}/{id}", BILLING, billing_info),
        get("/orders/{id}/billing_info", BILLING, old_billing_info),
    ]
}

fn bad(code: &str, message: &str) -> Reply {
    reply::bad_request(code, message)
}

fn order<'a>(world: &'a World, call: &Call) -> Result<&'a Order, Reply> {
    lookup::order_of_caller(world, call.number("id")?, call.user_id()?)
}

impl Feedback {
    fn as_json(&self) -> Value {
        json!({"id": self.id, "order_id": self.order_id, "fulfilled": self.fulfilled, "rating": self.rating,
            "message": self.message, "reason": self.reason, "reply": self.reply, "role": "seller",
            "status": "active", "date_created": west(self.date_created), "has_seller_refunded_money": false})
    }
}

fn show(world: &mut World, call: &Call) -> Answer {
    let id = order(world, call)?.id;
    let sale = world.service.remarks.feedback.get(&id).map(Feedback::as_json);
    Ok(Reply::ok(json!({"sale": sale, "purchase": null})))
}

fn rating(body: &Value) -> Result<String, Reply> {
    let rating = body["rating"].as_str().unwrap_or_default();
    if matches!(rating, "positive" | "neutral" | "negative") {
        Ok(rating.to_owned())
    } else {
        Err(bad("invalid_rating", "The rating must be positive, neutral or negative"))
    }
}

fn message(body: &Value) -> Result<String, Reply> {
    let message = body["message"].as_str().unwrap_or_default();
    if message.chars().count() <= MAX_FEEDBACK {
        return Ok(message.to_owned());
    }
    Err(bad("invalid_message", "The message must have fewer than 160 characters"))
}

fn reason(body: &Value, fulfilled: bool) -> Result<Option<String>, Reply> {
    match body["reason"].as_str() {
        Some(reason) if REASONS.contains(&reason) => Ok(Some(reason.to_owned())),
        Some(reason) => Err(bad("invalid_reason", &format!("Invalid reason {reason}"))),
        None if fulfilled => Ok(None),
        None => Err(bad("reason_required", "A sale that was not fulfilled needs a reason")),
    }
}

fn give(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let sale = order(world, call)?;
    let (id, seller) = (sale.id, sale.seller_id);
    if seller != call.user_id()? {
        return Err(reply::not_yours());
    }
    let fulfilled = body["fulfilled"]
        .as_bool()
        .ok_or_else(|| bad("invalid_fulfilled", "The field fulfilled is required"))?;
    let late = world.now.since(sale.created) > FEEDBACK_TIME;
    if !fulfilled && late {
        return Err(bad(
            "not_fulfilled_feedback_in_order_expired",
            "The order is too old for a not fulfilled feedback",
        ));
    }
    if world.service.remarks.feedback.contains_key(&id) {
        return Err(bad("feedback_already_exists", "Feedback for this order already exists"));
    }
    let feedback = Feedback {
        id: 0,
        order_id: id,
        fulfilled,
        rating: rating(&body)?,
        message: message(&body)?,
        reason: reason(&body, fulfilled)?,
        reply: None,
        date_created: world.now,
    };
    let feedback = Feedback { id: world.ids.next(FEEDBACK_IDS), ..feedback };
    let answer = feedback.as_json();
    world.service.remarks.feedback.insert(id, feedback);
    if let Some(order) = world.orders.get_mut(&id) {
        if fulfilled {
            order.tags.remove("not_delivered");
            order.tags.insert("delivered".to_owned());
        } else {
            // Cancelled on the seller's screen, `confirmed` in the API.
            order.status = OrderStatus::Confirmed;
        }
        order.updated = world.now;
    }
    lookup::notify(world, "orders_v2", seller, &format!("/orders/{id}"), &[]);
    Ok(Reply::created(answer))
}

fn own_feedback<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Feedback, Reply> {
    let (id, user) = (call.number("id")?, call.user_id()?);
    let orders = &world.orders;
    let found = world.service.remarks.feedback.values_mut().find(|feedback| feedback.id == id);
    let found = found.ok_or_else(|| reply::not_found("not_found", &format!("Feedback {id} not found")))?;
    let owner = orders.get(&found.order_id).map(|order| order.seller_id);
    if owner == Some(user) { Ok(found) } else { Err(reply::not_yours()) }
}

fn show_by_id(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(own_feedback(world, call)?.as_json()))
}

fn in_time(now: Timestamp, feedback: &Feedback) -> Result<(), Reply> {
    if now.since(feedback.date_created) <= FEEDBACK_TIME {
        return Ok(());
    }
    Err(bad("feedback_expired", "The feedback can no longer be changed"))
}

fn change(world: &mut World, call: &Call) -> Answer {
    let (now, body) = (world.now, call.json()?);
    let feedback = own_feedback(world, call)?;
    in_time(now, feedback)?;
    if !body["rating"].is_null() {
        feedback.rating = rating(&body)?;
    }
    if !body["message"].is_null() {
        feedback.message = message(&body)?;
    }
    Ok(Reply::ok(feedback.as_json()))
}

fn answer(world: &mut World, call: &Call) -> Answer {
    let (now, body) = (world.now, call.json()?);
    let feedback = own_feedback(world, call)?;
    in_time(now, feedback)?;
    let text = body["reply"].as_str().filter(|text| text.chars().count() <= MAX_FEEDBACK);
    feedback.reply =
        Some(text.ok_or_else(|| bad("invalid_reply", "The field reply is required"))?.to_owned());
    Ok(Reply::ok(feedback.as_json()))
}

impl Note {
    fn as_json(&self) -> Value {
        json!({"id": self.id, "note": self.text, "date_created": west(self.created), "date_last_updated": west(self.updated)})
    }
}

fn list_notes(world: &mut World, call: &Call) -> Answer {
    let id = order(world, call)?.id;
    let notes = world.service.remarks.notes.get(&id);
    let results: Vec<Value> = notes.into_iter().flatten().map(Note::as_json).collect();
    Ok(Reply::ok(json!([{"results": results, "order_id": id}])))
}

fn note_text(call: &Call) -> Result<String, Reply> {
    let body = call.json()?;
    let text = body["note"].as_str().filter(|text| !text.is_empty() && text.chars().count() <= MAX_NOTE);
    text.map(str::to_owned)
        .ok_or_else(|| bad("invalid_note", "The note must have between 1 and 300 characters"))
}

fn add_note(world: &mut World, call: &Call) -> Answer {
    let id = order(world, call)?.id;
    let text = note_text(call)?;
    let note = Note { id: world.dice.hex(24), text, created: world.now, updated: world.now };
    let answer = note.as_json();
    world.service.remarks.notes.entry(id).or_default().push(note);
    Ok(Reply::created(json!({"note": answer})))
}

fn no_note(call: &Call) -> Reply {
    reply::error(StatusCode::NOT_FOUND, "note_not_found", &format!("Note {} not found", call.param("note")))
}

fn change_note(world: &mut World, call: &Call) -> Answer {
    let id = order(world, call)?.id;
    let (text, now) = (note_text(call)?, world.now);
    let notes = world.service.remarks.notes.entry(id).or_default();
    let note = notes.iter_mut().find(|note| note.id == call.param("note")).ok_or_else(|| no_note(call))?;
    note.text = text;
    note.updated = now;
    Ok(Reply::ok(json!({"note": note.as_json()})))
}

fn remove_note(world: &mut World, call: &Call) -> Answer {
    let id = order(world, call)?.id;
    let notes = world.service.remarks.notes.entry(id).or_default();
    let before = notes.len();
    notes.retain(|note| note.id != call.param("note"));
    if notes.len() == before { Err(no_note(call)) } else { Ok(Reply::ok(json!({"message": "Note deleted"}))) }
}

fn list_discounts(world: &mut World, call: &Call) -> Answer {
    let order = order(world, call)?;
    let off = (order.full_price_minor - order.unit_price_minor) * order.quantity;
    let mut details = Vec::new();
    if off > 0 {
        details.push(json!({
            "type": "discount",
            "supplier": {"offer_id": format!("OFFER-{}", order.item_id), "funding_mode": "sale_fee"},
            "items": [{"id": order.item_id, "quantity": order.quantity, "element_id": 1,
                "amounts": {"total": reais(off), "seller": reais(off)}}],
        }));
    }
    Ok(Reply::ok(json!({"order_id": order.id, "details": details})))
}

fn billing_info(world: &mut World, call: &Call) -> Answer {
    if call.param("site") != SITE {
        return Err(bad("invalid_site", "The billing information belongs to another site"));
    }
    let (id, user) = (call.number("id")?, call.user_id()?);
    let order = world.orders.values().find(|order| order.billing_info_id == id);
    let order =
        order.ok_or_else(|| reply::not_found("not_found", &format!("Billing info {id} not found")))?;
    if order.seller_id != user {
        return Err(reply::not_yours());
    }
    let buyer = world.users.get(&order.buyer_id);
    let buyer =
        buyer.ok_or_else(|| reply::not_found("not_found", &format!("Billing info {id} not found")))?;
    let (kind, number) = &buyer.document;
    let company = kind == "CNPJ";
    let address = &buyer.address;
    Ok(Reply::ok(json!({
        "site_id": SITE,
        "buyer": {
            "cust_id": buyer.id,
            "billing_info": {
                "name": buyer.first_name,
                "last_name": buyer.last_name,
                "identification": {"type": kind, "number": number},
                "taxes": {
                    "inscriptions": {"state_registration": if company { Value::from("110042490114") } else { Value::Null }},
                    "taxpayer_type": {"description": if company { "Contribuinte" } else { "Não contribuinte" }},
                },
                "address": {
                    "street_name": address.street,
                    "street_number": address.number,
                    "city_name": address.city,
                    "comment": null,
                    "neighborhood": address.neighborhood,
                    "state": {"name": address.state, "code": address.state},
                    "zip_code": address.zip,
                    "country_id": "BR",
                },
                "attributes": {"is_normalized": true, "cust_type": if company { "BU" } else { "CO" }},
            },
        },
        "seller": {"cust_id": order.seller_id},
    })))
}

/// The deprecated resource: gone.
fn old_billing_info(world: &mut World, call: &Call) -> Answer {
    let id = order(world, call)?.id;
    Err(reply::not_found("not_found", &format!("Billing info of order {id} not found")))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{BUYER, SELLER, STRANGER, Shop};
    use super::*;

    fn sold() -> (Shop, i64, String) {
        let mut shop = Shop::open();
        let order = shop.sell();
        (shop, order, format!("/orders/{order}/feedback"))
    }

    #[test]
    fn feedback_is_given_once() {
        let (mut shop, order, target) = sold();
        let body = json!({"fulfilled": true, "rating": "positive", "message": "Tudo certo"});
        assert_eq!(shop.post(&target, &body).status, StatusCode::CREATED);
        assert!(shop.order(order).tags.contains("delivered"));
        assert_eq!(shop.post(&target, &body).status, StatusCode::BAD_REQUEST);
        assert_eq!(shop.get(&target).document()["sale"]["rating"], "positive");
    }

    #[test]
    fn a_sale_that_did_not_happen_needs_a_reason_and_shows_as_confirmed() {
        let (mut shop, order, target) = sold();
        let mut body = json!({"fulfilled": false, "rating": "neutral", "message": "Sem estoque"});
        assert_eq!(shop.post(&target, &body).document()["error"], "reason_required");
        body["reason"] = json!("OUT_OF_STOCK");
        assert_eq!(shop.post(&target, &body).status, StatusCode::CREATED);
        assert_eq!(shop.order(order).status, OrderStatus::Confirmed);
    }

    #[test]
    fn a_late_not_fulfilled_feedback_has_its_own_code() {
        let (mut shop, _, target) = sold();
        shop.wait(FEEDBACK_TIME + std::time::Duration::from_secs(1));
        let body = json!({"fulfilled": false, "rating": "neutral", "message": "", "reason": "OUT_OF_STOCK"});
        assert_eq!(shop.post(&target, &body).document()["error"], "not_fulfilled_feedback_in_order_expired");
    }

    #[test]
    fn bad_ratings_and_long_messages_are_refused() {
        let (mut shop, _, target) = sold();
        let good = json!({"fulfilled": true, "rating": "positive", "message": ""});
        for (field, value, code) in [
            ("rating", json!("great"), "invalid_rating"),
            ("message", json!("x".repeat(160)), "invalid_message"),
            ("fulfilled", json!("yes"), "invalid_fulfilled"),
        ] {
            let mut body = good.clone();
            body[field] = value;
            assert_eq!(shop.post(&target, &body).document()["error"], code);
        }
    }

    #[test]
    fn notes_are_written_rewritten_and_removed() {
        let (mut shop, order, _) = sold();
        let target = format!("/orders/{order}/notes");
        let id = shop.post(&target, &json!({"note": "Embrulhar"})).document()["note"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        shop.put(&format!("{target}/{id}"), &json!({"note": "Embrulhar para presente"}));
        let listed = shop.get(&target);
        assert_eq!(listed.document()[0]["results"][0]["note"], "Embrulhar para presente");
        assert_eq!(shop.delete(&format!("{target}/{id}")).status, StatusCode::OK);
        assert_eq!(shop.delete(&format!("{target}/{id}")).document()["error"], "note_not_found");
        assert_eq!(shop.post(&target, &json!({"note": "x".repeat(301)})).document()["error"], "invalid_note");
    }

    #[test]
    fn billing_data_is_found_by_its_own_id_and_by_the_seller_only() {
        let (mut shop, order, _) = sold();
        let target = format!("/orders/billing-info/MLB/{}", shop.order(order).billing_info_id);
        let shown = shop.get(&target);
        let buyer = &shown.document()["buyer"];
        assert_eq!(buyer["cust_id"], BUYER);
        assert_eq!(buyer["billing_info"]["identification"], json!({"type": "CPF", "number": "12345678909"}));
        assert_eq!(buyer["billing_info"]["attributes"]["cust_type"], "CO");
        assert_eq!(shown.document()["seller"]["cust_id"], SELLER);
        assert_eq!(shop.get_as(STRANGER, &target).status, StatusCode::FORBIDDEN);
        assert_eq!(shop.get(&format!("/orders/{order}/billing_info")).status, StatusCode::NOT_FOUND);
        assert_eq!(shop.get("/orders/billing-info/MLA/1").document()["error"], "invalid_site");
    }

    #[test]
    fn a_discount_is_listed_and_no_discount_is_an_empty_list() {
        let (mut shop, order, _) = sold();
        let target = format!("/orders/{order}/discounts");
        assert_eq!(shop.get(&target).document()["details"], json!([]));
        shop.world.orders.get_mut(&order).unwrap().full_price_minor += 1_000;
        let details = shop.get(&target).document()["details"].clone();
        assert_eq!(details[0]["items"][0]["amounts"], json!({"total": 10.0, "seller": 10.0}));
    }
}
