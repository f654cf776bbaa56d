//! What the seller does about a claim (fact sheet §15).

use http::StatusCode;
use serde_json::{Value, json};

use super::claim_pages::{action_missing, own_claim, refuse};
use super::claims::{self, BUYER_ROLE, Claim, Expectation, SELLER_ROLE};
use super::multipart::{self, Part};
use super::{changes, lookup};
use crate::call::Call;
use crate::dates::west;
use crate::mercado_livre::World;
use crate::mercado_livre::gate::AFTER_SALE;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};
use crate::text::reais;

/// Largest file of a claim, in bytes.
const MAX_FILE: usize = 5 * 1024 * 1024;
/// Percentages a partial refund may have (our choice of the offers).
const PARTIAL_OFFERS: [i64; 5] = [10, 20, 30, 50, 70];

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/post-purchase/v1/claims/{id}/actions/send-message", AFTER_SALE, send_message),
        post("/post-purchase/v1/claims/{id}/actions/open-dispute", AFTER_SALE, open_dispute),
        post("/post-purchase/v1/claims/{id}/actions/evidences", AFTER_SALE, add_evidence),
        post("/post-purchase/v1/claims/{id}/expected-resolutions/refund", AFTER_SALE, refund),
        post("/post-purchase/v1/claims/{id}/expected-resolutions/allow-return", AFTER_SALE, allow_return),
        post("/post-purchase/v1/claims/{id}/expected-resolutions/allow-replace", AFTER_SALE, allow_replace),
        post("/post-purchase/v1/claims/{id}/expected-resolutions/partial-refund", AFTER_SALE, partial_refund),
        get("/post-purchase/v1/claims/{id}/partial-refund/available-offers", AFTER_SALE, list_offers),
        post("/post-purchase/v1/claims/{id}/attachments", AFTER_SALE, attach),
        post("/post-purchase/v1/claims/{id}/attachments-evidences", AFTER_SALE, attach),
        get("/post-purchase/v1/claims/{id}/attachments/{file}", AFTER_SALE, show_file),
        get("/post-purchase/v1/claims/{id}/attachments-evidences/{file}", AFTER_SALE, show_file),
        get("/post-purchase/v1/claims/{id}/attachments/{file}/download", AFTER_SALE, download),
        get("/post-purchase/v1/claims/{id}/attachments-evidences/{file}/download", AFTER_SALE, download),
    ]
}

fn bad(message: &str) -> Reply {
    refuse(StatusCode::BAD_REQUEST, "bad_request_error", message)
}

/// The claim in the path when its seller may do `action` now.
fn acting(world: &World, call: &Call, action: &str) -> Result<i64, Reply> {
    let claim = own_claim(world, call)?;
    if claim.allows(action) { Ok(claim.id) } else { Err(action_missing(action)) }
}

fn send_message(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let receiver = body["receiver_role"].as_str().unwrap_or_default();
    let action = match receiver {
        BUYER_ROLE => "send_message_to_complainant",
        "mediator" => "send_message_to_mediator",
        other => return Err(bad(&format!("Invalid receiver_role {other}"))),
    };
    let id = acting(world, call, action)?;
    let text = body["message"].as_str().filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| bad("The field message is required"))?;
    let names: Vec<String> = body["attachments"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if let Some(unknown) = names.iter().find(|name| !world.service.claims[&id].files.contains_key(*name)) {
        return Err(bad(&format!("Attachment {unknown} not found")));
    }
    claims::say(world, id, SELLER_ROLE, receiver, text, names);
    claims::act(world, id, action, SELLER_ROLE);
    Ok(Reply::created(json!({"execution_response": {"status": "success"}})))
}

fn open_dispute(world: &mut World, call: &Call) -> Answer {
    let id = acting(world, call, "open_dispute")?;
    claims::open_dispute(world, id, SELLER_ROLE);
    Ok(Reply::ok(world.service.claims[&id].as_json()))
}

fn add_evidence(world: &mut World, call: &Call) -> Answer {
    let id = acting(world, call, "add_shipping_evidence")?;
    let mut body = call.json()?;
    let one_of = |field: &str, allowed: &[&str]| {
        let given = body[field].as_str().unwrap_or_default();
        if allowed.contains(&given) { Ok(()) } else { Err(bad(&format!("Invalid {field}: {given}"))) }
    };
    one_of("type", &["shipping_evidence", "handling_shipping_evidence"])?;
    if body["type"] == "shipping_evidence" {
        one_of("shipping_method", &["mail", "entrusted", "personal_delivery", "email"])?;
        if body["date_shipped"].as_str().is_none() {
            return Err(bad("The field date_shipped is required"));
        }
    }
    body["date_created"] = json!(west(world.now));
    if let Some(claim) = world.service.claims.get_mut(&id) {
        claim.evidences.push(body);
    }
    claims::act(world, id, "add_shipping_evidence", SELLER_ROLE);
    Ok(Reply::created(json!(world.service.claims[&id].evidences)))
}

fn expect(world: &mut World, id: i64, wish: &str, percentage: Option<i64>) {
    let now = world.now;
    let Some(claim) = world.service.claims.get_mut(&id) else { return };
    for other in &mut claim.expectations {
        if other.status == "pending" {
            let verdict = if other.wish == wish { "accepted" } else { "rejected" };
            verdict.clone_into(&mut other.status);
        }
    }
    claim.expectations.push(Expectation {
        player_role: SELLER_ROLE.to_owned(),
        user_id: claim.seller_id,
        wish: wish.to_owned(),
        percentage,
        status: "accepted".to_owned(),
        date_created: now,
    });
}

fn refund(world: &mut World, call: &Call) -> Answer {
    let id = acting(world, call, "refund")?;
    expect(world, id, "refund", None);
    claims::act(world, id, "refund", SELLER_ROLE);
    claims::refund(world, id, "payment_refunded", SELLER_ROLE);
    Ok(Reply::ok(world.service.claims[&id].as_json()))
}

fn allow_return(world: &mut World, call: &Call) -> Answer {
    let id = acting(world, call, "allow_return")?;
    expect(world, id, "return_product", None);
    claims::allow_return(world, id);
    Ok(Reply::ok(world.service.claims[&id].as_json()))
}

fn allow_replace(world: &mut World, call: &Call) -> Answer {
    let id = acting(world, call, "allow_replace")?;
    expect(world, id, "change_product", None);
    changes::begin(world, id);
    Ok(Reply::ok(world.service.claims[&id].as_json()))
}

fn order_total(world: &World, claim: &Claim) -> i64 {
    world.orders.get(&claim.order_id).map_or(0, crate::mercado_livre::order::Order::total_minor)
}

fn list_offers(world: &mut World, call: &Call) -> Answer {
    let claim = own_claim(world, call)?;
    if !claim.allows("allow_partial_refund") {
        return Err(action_missing("allow_partial_refund"));
    }
    let total = order_total(world, claim);
    let offers: Vec<Value> = PARTIAL_OFFERS
        .iter()
        .map(|percentage| json!({"percentage": percentage, "amount": reais(total * percentage / 100)}))
        .collect();
    Ok(Reply::ok(json!({"currency_id": "BRL", "available_offers": offers,
        "recommendations": [{"type": "suggested", "percentage": 50, "amount": reais(total / 2)}], "restrictions": []})))
}

fn partial_refund(world: &mut World, call: &Call) -> Answer {
    let id = acting(world, call, "allow_partial_refund")?;
    let body = if call.body.is_empty() { json!({}) } else { call.json()? };
    let wanted = body.get("percentage").cloned().unwrap_or(json!(50));
    let number = wanted.as_f64().ok_or_else(|| bad("The field percentage must be a number"))?;
    let offer = PARTIAL_OFFERS.into_iter().find(|offer| json!(offer).as_f64() == Some(number));
    let offer = offer.ok_or_else(|| bad(&format!("Percentage not found {number:.1}")))?;
    let claim = &world.service.claims[&id];
    let (order_id, amount) = (claim.order_id, order_total(world, claim) * offer / 100);
    expect(world, id, "partial_refund", Some(offer));
    claims::act(world, id, "allow_partial_refund", SELLER_ROLE);
    lookup::refund_part(world, order_id, amount);
    claims::close(world, id, "partial_refunded", BUYER_ROLE, SELLER_ROLE);
    Ok(Reply::ok(world.service.claims[&id].as_json()))
}

/// Keeps an uploaded file under a name of its own; gives the name.
pub(super) fn keep_file(world: &mut World, claim_id: i64, part: &Part) -> Result<String, Reply> {
    if part.content.is_empty() {
        return Err(bad("The file is empty"));
    }
    if part.content.len() > MAX_FILE {
        return Err(refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large_error",
            "The file exceeds 5 MB",
        ));
    }
    let original = part.filename.as_deref().unwrap_or("file");
    let name = format!("{claim_id}_{}_{original}", world.dice.hex(12));
    if let Some(claim) = world.service.claims.get_mut(&claim_id) {
        claim.files.insert(name.clone(), part.content.to_vec());
    }
    Ok(name)
}

fn attach(world: &mut World, call: &Call) -> Answer {
    let (id, user) = (own_claim(world, call)?.id, call.user_id()?);
    let part = multipart::file(call, "file")?;
    let filename = keep_file(world, id, &part)?;
    Ok(Reply::created(json!({"user_id": user, "filename": filename})))
}

fn file<'a>(world: &'a World, call: &Call) -> Result<(&'a str, &'a [u8]), Reply> {
    let claim = own_claim(world, call)?;
    let name = call.param("file");
    let found = claim.files.get_key_value(name);
    found.map(|(name, content)| (name.as_str(), content.as_slice())).ok_or_else(|| {
        refuse(StatusCode::NOT_FOUND, "not_found_error", &format!("Attachment {name} not found"))
    })
}

fn show_file(world: &mut World, call: &Call) -> Answer {
    let (name, content) = file(world, call)?;
    let kind = name.rsplit('.').next().unwrap_or_default();
    Ok(Reply::ok(json!({"filename": name, "original_filename": name, "size": content.len(), "type": kind,
        "date_created": west(world.now)})))
}

fn download(world: &mut World, call: &Call) -> Answer {
    let (_, content) = file(world, call)?;
    Ok(Reply::bytes("application/octet-stream", content.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::super::claims::Problem;
    use super::super::testing::{STRANGER, Shop};
    use super::*;
    use crate::mercado_livre::order::OrderStatus;

    fn claimed(problem: Problem) -> (Shop, i64, String) {
        let mut shop = Shop::open();
        let order = shop.sell();
        shop.deliver(order);
        let id = claims::open(&mut shop.world, order, problem, "Veio quebrado").unwrap();
        (shop, order, format!("/post-purchase/v1/claims/{id}"))
    }

    #[test]
    fn a_refund_ends_claim_and_order() {
        let (mut shop, order, path) = claimed(Problem::Pdd);
        let closed = shop.post(&format!("{path}/expected-resolutions/refund"), &json!({}));
        assert_eq!(closed.document()["status"], "closed");
        assert_eq!(closed.document()["resolution"]["benefited"], json!(["complainant"]));
        assert_eq!(shop.order(order).status, OrderStatus::Cancelled);
    }

    #[test]
    fn a_partial_refund_takes_only_the_offered_percentages() {
        let (mut shop, order, path) = claimed(Problem::Pdd);
        let target = format!("{path}/expected-resolutions/partial-refund");
        for (percentage, message) in [(35, "Percentage not found 35.0"), (100, "Percentage not found 100.0")]
        {
            let refused = shop.post(&target, &json!({"percentage": percentage}));
            assert_eq!(refused.document()["message"], message);
        }
        let offers = shop.get(&format!("{path}/partial-refund/available-offers"));
        assert_eq!(offers.document()["available_offers"][3], json!({"percentage": 50, "amount": 50.0}));
        shop.post(&target, &json!({"percentage": 50}));
        assert_eq!(shop.order(order).status, OrderStatus::PartiallyRefunded);
        let payment = shop.order(order).payment_ids[0];
        assert_eq!(shop.world.payments[&payment].refunded_minor, 5_000);
    }

    #[test]
    fn an_action_that_is_not_offered_is_a_400_in_the_shape_of_claims() {
        let (mut shop, _, path) = claimed(Problem::Pnr);
        let refused = shop.post(&format!("{path}/expected-resolutions/allow-return"), &json!({}));
        let expected = json!({"code": 400, "error": "bad_request_error", "cause": null,
            "message": "Action allow_return not available for player"});
        assert_eq!(refused.document(), &expected);
    }

    #[test]
    fn after_a_dispute_only_the_mediator_is_written_to() {
        let (mut shop, _, path) = claimed(Problem::Pdd);
        assert_eq!(
            shop.post(&format!("{path}/actions/open-dispute"), &json!({})).document()["stage"],
            "dispute"
        );
        let target = format!("{path}/actions/send-message");
        let to = |role: &str| json!({"receiver_role": role, "message": "Segue a prova"});
        assert_eq!(shop.post(&target, &to("complainant")).status, StatusCode::BAD_REQUEST);
        assert_eq!(shop.post(&target, &to("mediator")).status, StatusCode::CREATED);
    }

    #[test]
    fn an_uploaded_file_is_named_in_a_message_and_downloaded() {
        let (mut shop, _, path) = claimed(Problem::Pdd);
        let uploaded = shop.upload(&format!("{path}/attachments"), "file", "foto.png", b"png bytes");
        let name = uploaded.document()["filename"].as_str().unwrap().to_owned();
        let body = json!({"receiver_role": "complainant", "message": "Veja", "attachments": [name]});
        assert_eq!(shop.post(&format!("{path}/actions/send-message"), &body).status, StatusCode::CREATED);
        let messages = shop.get(&format!("{path}/messages"));
        assert_eq!(messages.document()[0]["attachments"][0]["filename"], name.as_str());
        let bytes = shop.get(&format!("{path}/attachments/{name}/download"));
        assert_eq!(bytes, Reply::bytes("application/octet-stream", &b"png bytes"[..]));
        let unknown = json!({"receiver_role": "complainant", "message": "Veja", "attachments": ["nope"]});
        assert_eq!(
            shop.post(&format!("{path}/actions/send-message"), &unknown).status,
            StatusCode::BAD_REQUEST
        );
    }

    #[test]
    fn proof_of_shipping_wants_a_known_method_and_a_date() {
        let (mut shop, _, path) = claimed(Problem::Pnr);
        let target = format!("{path}/actions/evidences");
        let proof = json!({"type": "shipping_evidence", "shipping_method": "mail", "date_shipped": "2026-11-10T09:00:00.000-04:00"});
        assert_eq!(shop.post(&target, &proof).status, StatusCode::CREATED);
        let mut odd = proof.clone();
        odd["shipping_method"] = json!("drone");
        assert_eq!(shop.post(&target, &odd).status, StatusCode::BAD_REQUEST);
        assert_eq!(shop.get(&format!("{path}/evidences")).document()[0]["shipping_method"], "mail");
    }

    #[test]
    fn a_stranger_is_no_valid_caller() {
        let (mut shop, _, path) = claimed(Problem::Pdd);
        let refused = shop.get_as(STRANGER, &path);
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert_eq!(refused.document()["message"], "Invalid caller.id");
    }
}
