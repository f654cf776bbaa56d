//! The ways in which a seller may open a conversation (fact sheet §14).

use http::StatusCode;
use serde_json::{Value, json};

use super::lookup;
use super::message_pages::{bad, check_text, forbidden, own_purchase, refuse, shown, tagged};
use super::messages::{Letter, Purchase, block, counterpart, deliver};
use crate::call::Call;
use crate::mercado_livre::World;
use crate::mercado_livre::gate::{COMMUNICATION, Group};
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};

/// One reason to write first.
struct Motive {
    id: &'static str,
    /// Templates it offers; none for free text.
    templates: &'static [&'static str],
    /// How often it may be used for one purchase.
    cap: u32,
}

const MOTIVES: [Motive; 5] = [
    Motive { id: "REQUEST_VARIANTS", templates: &["TEMPLATE___REQUEST_VARIANTS___1"], cap: 1 },
    Motive { id: "REQUEST_BILLING_INFO", templates: &["TEMPLATE___REQUEST_BILLING_INFO___1"], cap: 1 },
    Motive { id: "SEND_INVOICE_LINK", templates: &[], cap: 1 },
    Motive { id: "DELIVERY_PROMISE", templates: &[], cap: 1 },
    Motive { id: "OTHER", templates: &[], cap: 1 },
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/messages/action_guide/packs/{pack}", COMMUNICATION, show).counted_in(Group::MessagesRead),
        get("/messages/action_guide/packs/{pack}/caps_available", COMMUNICATION, caps)
            .counted_in(Group::MessagesRead),
        post("/messages/action_guide/packs/{pack}/option", COMMUNICATION, choose)
            .counted_in(Group::MessagesWrite),
    ]
}

fn left(world: &World, purchase: Purchase, motive: &Motive) -> u32 {
    let talk = world.service.messages.conversations.get(&purchase.pack_id);
    let used = talk.and_then(|talk| talk.used_options.get(motive.id)).copied().unwrap_or(0);
    motive.cap.saturating_sub(used)
}

/// OTHER ends with the delivery.
fn is_open(world: &World, purchase: Purchase, motive: &Motive) -> bool {
    let delivered = || {
        let orders = lookup::orders_of_pack(world, purchase.pack_id);
        orders.iter().any(|order| lookup::is_delivered(world, order))
    };
    motive.id != "OTHER" || !delivered()
}

fn show(world: &mut World, call: &Call) -> Answer {
    tagged(call)?;
    let purchase = own_purchase(world, call)?;
    let option = |motive: &Motive| {
        let cap_available = left(world, purchase, motive);
        let templates: Vec<Value> = motive.templates.iter().map(|id| json!({"id": id, "vars": []})).collect();
        json!({
            "id": motive.id,
            "internal_description": motive.id,
            "enabled": cap_available > 0 && is_open(world, purchase, motive),
            "type": if motive.templates.is_empty() { "free_text" } else { "template" },
            "templates": templates,
            "actionable": true,
            "child_options": null,
            "cap_available": cap_available,
            "char_limit": 350,
        })
    };
    Ok(Reply::ok(json!({"options": MOTIVES.iter().map(option).collect::<Vec<_>>()})))
}

fn caps(world: &mut World, call: &Call) -> Answer {
    tagged(call)?;
    let purchase = own_purchase(world, call)?;
    let cap =
        |motive: &Motive| json!({"option_id": motive.id, "cap_available": left(world, purchase, motive)});
    Ok(Reply::ok(MOTIVES.iter().map(cap).collect()))
}

fn choose(world: &mut World, call: &Call) -> Answer {
    tagged(call)?;
    let purchase = own_purchase(world, call)?;
    let body = call.json()?;
    let wanted = body["option_id"].as_str().unwrap_or_default();
    let motive = MOTIVES.iter().find(|motive| motive.id == wanted);
    let motive =
        motive.ok_or_else(|| refuse(StatusCode::NOT_FOUND, "not_found", "The option does not exist"))?;
    match block(world, purchase).as_deref() {
        None => return Err(bad("blocked_by_excepted_case")),
        Some(
            "blocked_by_conversation_initiated_by_seller"
            | "blocked_by_conversation_initiated_by_seller_limited",
        ) => {}
        Some(_) => return Err(forbidden("blocked_conversation_send_message_forbidden")),
    }
    if left(world, purchase, motive) == 0 {
        return Err(forbidden("The cap of the option has been used"));
    }
    if !is_open(world, purchase, motive) {
        return Err(forbidden("The option is not available after the delivery"));
    }
    let text = text_of(motive, &body)?;
    let letter = Letter {
        client_id: call.caller()?.client_id,
        from: purchase.seller_id,
        to: counterpart(world, purchase),
        text,
        attachments: Vec::new(),
    };
    let id = deliver(world, purchase, letter);
    *world.service.messages.about(purchase.pack_id).used_options.entry(motive.id.to_owned()).or_insert(0) +=
        1;
    Ok(Reply::created(shown(world, &id)))
}

fn text_of(motive: &Motive, body: &Value) -> Result<String, Reply> {
    if motive.templates.is_empty() {
        let text = body["text"].as_str().unwrap_or_default();
        check_text(text).map_err(
            |refusal| {
                if text.chars().count() > 350 { bad("limit_exceeded") } else { refusal }
            },
        )?;
        return Ok(text.to_owned());
    }
    let template = body["template_id"].as_str().unwrap_or_default();
    if !motive.templates.contains(&template) {
        return Err(refuse(StatusCode::NOT_FOUND, "not_found", "The template does not exist"));
    }
    Ok(match motive.id {
        "REQUEST_VARIANTS" => "Olá! Qual variante do produto você prefere?",
        _ => "Olá! Você pode nos enviar os dados para emitir a nota fiscal?",
    }
    .to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Shop;
    use super::*;

    fn shop_with_guide() -> (Shop, i64, String) {
        let mut shop = Shop::open();
        let order = shop.sell();
        let path = format!("/messages/action_guide/packs/{}", shop.pack(order));
        (shop, order, path)
    }

    fn choose(shop: &mut Shop, path: &str, body: &Value) -> Reply {
        shop.post(&format!("{path}/option?tag=post_sale"), body)
    }

    #[test]
    fn a_motive_opens_a_conversation_once() {
        let (mut shop, _, path) = shop_with_guide();
        let body = json!({"option_id": "SEND_INVOICE_LINK", "text": "Sua nota está no pedido."});
        assert_eq!(choose(&mut shop, &path, &body).status, StatusCode::CREATED);
        assert_eq!(choose(&mut shop, &path, &body).status, StatusCode::FORBIDDEN);
        let caps = shop.get(&format!("{path}/caps_available?tag=post_sale"));
        assert_eq!(caps.document()[2], json!({"option_id": "SEND_INVOICE_LINK", "cap_available": 0}));
    }

    #[test]
    fn other_ends_with_the_delivery() {
        let (mut shop, order, path) = shop_with_guide();
        let enabled = |shop: &mut Shop| {
            shop.get(&format!("{path}?tag=post_sale")).document()["options"][4]["enabled"].clone()
        };
        assert_eq!(enabled(&mut shop), true);
        shop.deliver(order);
        assert_eq!(enabled(&mut shop), false);
        let refused = choose(&mut shop, &path, &json!({"option_id": "OTHER", "text": "Tudo certo?"}));
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }

    #[test]
    fn unknown_motives_and_templates_are_404_and_long_texts_limit_exceeded() {
        let (mut shop, _, path) = shop_with_guide();
        assert_eq!(choose(&mut shop, &path, &json!({"option_id": "NOPE"})).status, StatusCode::NOT_FOUND);
        let template = json!({"option_id": "REQUEST_VARIANTS", "template_id": "nope"});
        assert_eq!(choose(&mut shop, &path, &template).status, StatusCode::NOT_FOUND);
        let long = choose(&mut shop, &path, &json!({"option_id": "OTHER", "text": "x".repeat(351)}));
        assert_eq!(
            (long.status, &long.document()["message"]),
            (StatusCode::BAD_REQUEST, &json!("limit_exceeded"))
        );
    }

    #[test]
    fn once_the_buyer_has_written_the_guide_sends_to_the_messages() {
        let (mut shop, order, path) = shop_with_guide();
        let about = super::super::messages::purchase(&shop.world, order).unwrap();
        super::super::messages::write_as_buyer(&mut shop.world, about, "Oi");
        let refused = choose(&mut shop, &path, &json!({"option_id": "OTHER", "text": "Oi"}));
        assert_eq!(
            (refused.status, &refused.document()["message"]),
            (StatusCode::BAD_REQUEST, &json!("blocked_by_excepted_case"))
        );
    }
}
