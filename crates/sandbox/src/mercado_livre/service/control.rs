//! What a person (or a test) makes buyers and moderators do: `/_sandbox/questions`,
//! `/_sandbox/messages`, `/_sandbox/claims`, `/_sandbox/moderation`.

use serde_json::{Value, json};

use super::claims::{self, BUYER_ROLE, ClaimKind, Problem, SELLER_ROLE};
use super::messages;
use super::moderation::{self, Hit};
use super::questions;
use super::returns;
use crate::call::Call;
use crate::mercado_livre::World;
use crate::mercado_livre::gate::{Door, Group};
use crate::reply::{self, Answer, Reply};
use crate::table::{Handler, Route, get, post};
use crate::text::loose_id;

pub(super) fn routes() -> Vec<Route> {
    let write = |path, run: Handler| post(path, Door::Open, run).counted_in(Group::Free);
    vec![
        write("/_sandbox/questions", ask),
        write("/_sandbox/messages", write_message),
        write("/_sandbox/messages/block", block),
        write("/_sandbox/claims", open_claim),
        write("/_sandbox/claims/{id}/{step}", step_claim),
        write("/_sandbox/moderation", moderate),
        get("/_sandbox/claims/{id}", Door::Open, show_claim).counted_in(Group::Free),
    ]
}

fn bad(message: &str) -> Reply {
    reply::bad_request("bad_request", message)
}

/// A buyer other than the seller: the one named, or the first there is.
fn buyer(world: &World, body: &Value) -> Result<i64, Reply> {
    if let Some(id) = loose_id(&body["buyer_id"]).or_else(|| loose_id(&body["buyer"])) {
        return world
            .users
            .get(&id)
            .map(|user| user.id)
            .ok_or_else(|| bad(&format!("There is no user {id}")));
    }
    let first = world.users.values().find(|user| !user.seller);
    first.map(|user| user.id).ok_or_else(|| bad("There is no buyer in this world"))
}

/// `{"item_id", "text"?, "buyer_id"?}`
fn ask(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let item = body["item_id"].as_str().ok_or_else(|| bad("Name an item_id"))?;
    let text = body["text"].as_str().unwrap_or("Olá, tem disponível para envio imediato?");
    let buyer = buyer(world, &body)?;
    let id = questions::put_question(world, item, buyer, text)?;
    Ok(Reply::created(json!({"question_id": id})))
}

/// `{"order_id" | "pack_id", "text"?}`
fn write_message(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let purchase = purchase(world, &body)?;
    let text = body["text"].as_str().unwrap_or("Olá! Quando o meu pedido chega?");
    let id = messages::write_as_buyer(world, purchase, text);
    Ok(Reply::created(json!({"message_id": id, "pack_id": purchase.pack_id})))
}

fn purchase(world: &World, body: &Value) -> Result<messages::Purchase, Reply> {
    let id = loose_id(&body["pack_id"]).or_else(|| loose_id(&body["order_id"]));
    let id = id.ok_or_else(|| bad("Name an order_id or a pack_id"))?;
    messages::purchase(world, id).ok_or_else(|| bad(&format!("There is no paid purchase {id}")))
}

/// `{"order_id" | "pack_id", "substatus": "blocked_by_refund" | null}`
fn block(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let purchase = purchase(world, &body)?;
    let substatus = body["substatus"].as_str().map(str::to_owned);
    if substatus.as_ref().is_some_and(|text| !text.starts_with("blocked_by_")) {
        return Err(bad("A substatus begins with blocked_by_"));
    }
    world.service.messages.about(purchase.pack_id).forced_block = substatus;
    Ok(Reply::ok(json!({"pack_id": purchase.pack_id, "substatus": messages::block(world, purchase)})))
}

/// `{"order_id", "type"?: "mediations" | "return" | "change" | "cancel_purchase",
/// "problem"?: "PNR" | "PDD" | "CS", "text"?}`
fn open_claim(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let order = loose_id(&body["order_id"]).ok_or_else(|| bad("Name an order_id"))?;
    let kind = body["type"].as_str().unwrap_or("mediations");
    let kind = ClaimKind::from_word(kind)
        .ok_or_else(|| bad(&format!("Unknown type {kind}: mediations, return, change or cancel_purchase")))?;
    let usual = if kind == ClaimKind::CancelPurchase { "CS" } else { "PDD" };
    let problem = match body["problem"].as_str().unwrap_or(usual) {
        "PNR" => Problem::Pnr,
        "PDD" => Problem::Pdd,
        "CS" => Problem::Cs,
        other => return Err(bad(&format!("Unknown problem {other}: PNR, PDD or CS"))),
    };
    let text = body["text"].as_str().unwrap_or(problem.words());
    let id = claims::open_as(world, order, kind, problem, text);
    let id = id.ok_or_else(|| {
        bad(&format!("Order {order} is not where such a claim is possible, or has an open one"))
    })?;
    Ok(Reply::created(json!({"claim_id": id})))
}

/// `message` (`{"text"}`), `dispute`, `refund`, `withdraw`, `seller_wins`, `return`
fn step_claim(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    if !world.service.claims.get(&id).is_some_and(claims::Claim::is_open) {
        return Err(reply::not_found("not_found", &format!("There is no open claim {id}")));
    }
    match call.param("step") {
        "message" => {
            let text = call.json()?["text"].as_str().unwrap_or("Alguma novidade?").to_owned();
            claims::say(world, id, BUYER_ROLE, SELLER_ROLE, &text, Vec::new());
            claims::act(world, id, "send_message_to_respondent", BUYER_ROLE);
        }
        "dispute" => claims::open_dispute(world, id, BUYER_ROLE),
        "refund" => claims::refund(world, id, "payment_refunded", "mediator"),
        "withdraw" => claims::close(world, id, "buyer_withdrew", SELLER_ROLE, BUYER_ROLE),
        "seller_wins" => claims::close(world, id, "respondent_right", SELLER_ROLE, "mediator"),
        "return" => returns::move_on(world, id),
        other => return Err(bad(&format!("Unknown step {other}"))),
    }
    Ok(Reply::ok(world.service.claims[&id].as_json()))
}

fn show_claim(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    let claim = world.service.claims.get(&id);
    let claim = claim.ok_or_else(|| reply::not_found("not_found", &format!("There is no claim {id}")))?;
    Ok(Reply::ok(claim.as_json()))
}

/// `{"item_id", "hit": "waiting_for_patch" | "forbidden" | "price_penalty" | "warning"}` or `{"question_id"}`
fn moderate(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let struck = if let Some(question) = loose_id(&body["question_id"]) {
        moderation::strike_question(world, question)
    } else {
        let item = body["item_id"].as_str().ok_or_else(|| bad("Name an item_id or a question_id"))?;
        let hit = body.get("hit").cloned().unwrap_or(json!("waiting_for_patch"));
        let hit: Hit = serde_json::from_value(hit).map_err(|_| bad("Unknown hit"))?;
        moderation::strike_item(world, item, hit)
    };
    let id = struck.ok_or_else(|| reply::not_found("not_found", "There is no such item or question"))?;
    Ok(Reply::created(json!({"infraction_id": id})))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::super::testing::Shop;
    use super::*;

    #[test]
    fn a_buyer_asks_writes_and_claims_on_demand() {
        let mut shop = Shop::open();
        let order = shop.sell();
        let item = shop.item.clone();
        for (target, body) in [
            ("/_sandbox/questions", json!({"item_id": item})),
            ("/_sandbox/messages", json!({"order_id": order})),
            ("/_sandbox/claims", json!({"order_id": order, "problem": "PNR"})),
            ("/_sandbox/moderation", json!({"item_id": item, "hit": "forbidden"})),
        ] {
            assert_eq!(shop.post(target, &body).status, StatusCode::CREATED, "{target}");
        }
        assert_eq!((shop.heard("questions").len(), shop.heard("messages").len()), (1, 1));
    }

    #[test]
    fn what_does_not_exist_gets_a_clear_refusal() {
        let mut shop = Shop::open();
        for (target, body) in [
            ("/_sandbox/questions", json!({})),
            ("/_sandbox/questions", json!({"item_id": "MLB1", "buyer_id": 999})),
            ("/_sandbox/messages", json!({"order_id": 1})),
            ("/_sandbox/claims", json!({"order_id": 1})),
            ("/_sandbox/claims", json!({"order_id": 1, "problem": "XYZ"})),
            ("/_sandbox/moderation", json!({"item_id": "MLB1", "hit": "magic"})),
        ] {
            assert_eq!(shop.post(target, &body).status, StatusCode::BAD_REQUEST, "{target} {body}");
        }
        assert_eq!(
            shop.post("/_sandbox/moderation", &json!({"item_id": "MLB1"})).status,
            StatusCode::NOT_FOUND
        );
    }

    #[test]
    fn a_claim_is_steered_to_its_end() {
        let mut shop = Shop::open();
        let order = shop.sell();
        let id = shop.post("/_sandbox/claims", &json!({"order_id": order})).document()["claim_id"].clone();
        let step =
            |shop: &mut Shop, step: &str| shop.post(&format!("/_sandbox/claims/{id}/{step}"), &json!({}));
        assert_eq!(step(&mut shop, "nonsense").status, StatusCode::BAD_REQUEST);
        assert_eq!(step(&mut shop, "dispute").document()["stage"], "dispute");
        assert_eq!(
            step(&mut shop, "seller_wins").document()["resolution"]["benefited"],
            json!(["respondent"])
        );
        assert_eq!(step(&mut shop, "refund").status, StatusCode::NOT_FOUND);
        assert_eq!(shop.get(&format!("/_sandbox/claims/{id}")).document()["status"], "closed");
    }

    #[test]
    fn a_block_set_by_hand_holds_until_it_is_taken_off() {
        let mut shop = Shop::open();
        let order = shop.sell();
        shop.post("/_sandbox/messages", &json!({"order_id": order}));
        let mut set = |substatus: Value| {
            shop.post("/_sandbox/messages/block", &json!({"order_id": order, "substatus": substatus}))
                .document()["substatus"]
                .clone()
        };
        assert_eq!(set(json!("blocked_by_refund")), "blocked_by_refund");
        assert_eq!(set(Value::Null), Value::Null);
    }
}
