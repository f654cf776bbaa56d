//! The resources of post-sale messages (fact sheet §14).

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::messages::{
    AGENT_ID, Attachment, BUYER_MAX_LENGTH, Letter, Message, Purchase, SELLER_MAX_LENGTH, block, counterpart,
    deliver, mark_read, purchase,
};
use super::{claims, lookup, multipart};
use crate::call::Call;
use crate::dates::zulu;
use crate::mercado_livre::gate::{COMMUNICATION, Group};
use crate::mercado_livre::{SITE, World};
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};
use crate::text::loose_id;

/// Largest attachment, in bytes.
const MAX_ATTACHMENT: usize = 25 * 1024 * 1024;
/// Most attachments of one message.
const MAX_ATTACHMENTS: usize = 25;
/// Longest file name, in characters.
const MAX_FILENAME: usize = 200;
/// An upload must be used within this time.
const ATTACHMENT_LIFE: Duration = Duration::from_hours(48);

pub(super) fn routes() -> Vec<Route> {
    let read = |path, run| get(path, COMMUNICATION, run).counted_in(Group::MessagesRead);
    let write = |path, run| post(path, COMMUNICATION, run).counted_in(Group::MessagesWrite);
    vec![
        read("/messages/packs/{pack}/sellers/{seller}", list),
        write("/messages/packs/{pack}/sellers/{seller}", send),
        read("/messages/packs/{pack}/sellers/{seller}/conversations/{kind}", list),
        write("/messages/packs/{pack}/sellers/{seller}/conversations/{kind}", send),
        read("/messages/unread", list_unread),
        read("/messages/unread/packs/{pack}/sellers/{seller}", count_unread),
        read("/messages/{id}", show),
        write("/messages/attachments", upload),
        read("/messages/attachments/{id}", download),
    ]
}

/// A refusal in the shape of the messages resources.
pub(super) fn refuse(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json(status, json!({"status_code": status.as_u16(), "code": code, "message": message}))
}

pub(super) fn bad(message: &str) -> Reply {
    refuse(StatusCode::BAD_REQUEST, "bad_request", message)
}

pub(super) fn forbidden(message: &str) -> Reply {
    refuse(StatusCode::FORBIDDEN, "forbidden", message)
}

pub(super) fn tagged(call: &Call) -> Result<(), Reply> {
    if call.query("tag") == Some("post_sale") {
        Ok(())
    } else {
        Err(bad("The parameter tag=post_sale is required"))
    }
}

/// The purchase in the path, for its seller.
pub(super) fn own_purchase(world: &World, call: &Call) -> Result<Purchase, Reply> {
    let found = purchase(world, call.number("pack")?)
        .ok_or_else(|| refuse(StatusCode::NOT_FOUND, "not_found", "The pack does not exist"))?;
    let user = call.user_id()?;
    let named = if call.param("seller").is_empty() { user } else { call.number("seller")? };
    if found.seller_id == user && named == user {
        Ok(found)
    } else {
        Err(forbidden("The caller is not authorized to access this conversation"))
    }
}

impl Message {
    fn as_json(&self, first: bool) -> Value {
        let at = zulu(self.created);
        let attachments: Vec<Value> =
            self.attachments.iter().map(|id| json!({"filename": id, "id": id})).collect();
        json!({
            "id": self.id,
            "site_id": SITE,
            "client_id": self.client_id,
            "from": {"user_id": self.from},
            "to": {"user_id": self.to},
            "status": if self.rejected.is_some() { "rejected" } else { "available" },
            "subject": null,
            "text": self.text,
            "message_date": {"received": at, "available": at, "notified": at, "created": at, "read": self.read.map(zulu)},
            "message_moderation": {
                "status": if self.rejected.is_some() { "rejected" } else { "clean" },
                "reason": self.rejected,
                "source": "online",
                "moderation_date": at,
            },
            "message_attachments": if attachments.is_empty() { Value::Null } else { json!(attachments) },
            "message_resources": [
                {"id": self.pack_id.to_string(), "name": "packs"},
                {"id": self.seller_id.to_string(), "name": "sellers"},
            ],
            "conversation_first_message": first,
        })
    }
}

/// Where the conversation lives. For parcels of the platform's own centre, the first that
/// the agent came to, it is a place below the old one; its name is our choice.
fn path(world: &World, purchase: Purchase) -> String {
    let base = format!("/packs/{}/sellers/{}", purchase.pack_id, purchase.seller_id);
    let orders = lookup::orders_of_pack(world, purchase.pack_id);
    let agent = counterpart(world, purchase) == AGENT_ID;
    if agent && orders.iter().any(|order| lookup::is_full(world, order)) {
        return format!("{base}/conversations/ai_assistant");
    }
    base
}

fn conversation_status(world: &World, purchase: Purchase) -> Value {
    let blocked = block(world, purchase);
    let claim_ids = claims::open_claims_of_pack(world, purchase.pack_id);
    let talk = world.service.messages.conversations.get(&purchase.pack_id);
    let last = talk.and_then(|talk| talk.messages.last()).map_or(world.now, |message| message.created);
    json!({
        "path": path(world, purchase),
        "status": if blocked.is_some() { "blocked" } else { "active" },
        "substatus": blocked,
        "status_date": zulu(last),
        "status_update_allowed": false,
        "claim_ids": if claim_ids.is_empty() { Value::Null } else { json!(claim_ids) },
        "shipping_id": null,
    })
}

fn list(world: &mut World, call: &Call) -> Answer {
    tagged(call)?;
    let purchase = own_purchase(world, call)?;
    let page = call.page(10, 100)?;
    if call.query("mark_as_read") != Some("false") {
        mark_read(world, purchase);
    }
    let talk = world.service.messages.conversations.get(&purchase.pack_id);
    let messages = talk.map_or(&[][..], |talk| talk.messages.as_slice());
    let newest_first: Vec<Value> =
        messages.iter().enumerate().rev().map(|(at, message)| message.as_json(at == 0)).collect();
    Ok(Reply::ok(json!({
        "paging": page.paging(newest_first.len()),
        "conversation_status": conversation_status(world, purchase),
        "messages": page.of(&newest_first),
        "seller_max_message_length": SELLER_MAX_LENGTH,
        "buyer_max_message_length": BUYER_MAX_LENGTH,
    })))
}

fn show(world: &mut World, call: &Call) -> Answer {
    tagged(call)?;
    let user = call.user_id()?;
    let message = world.service.messages.find(call.param("id"));
    let message = message.ok_or_else(|| refuse(StatusCode::NOT_FOUND, "not_found", "Message not found"))?;
    if message.seller_id != user {
        return Err(forbidden("The caller is not authorized to access this message"));
    }
    let first = world.service.messages.conversations[&message.pack_id].messages.first();
    let body = message.as_json(first.is_some_and(|first| first.id == message.id));
    Ok(Reply::ok(json!({"messages": [body], "paging": {"limit": 1, "offset": 0, "total": 1}})))
}

fn unread_of(world: &World, seller_id: i64, pack_id: i64) -> usize {
    let talk = world.service.messages.conversations.get(&pack_id);
    let is_unread =
        |message: &&Message| message.to == seller_id && message.read.is_none() && message.rejected.is_none();
    talk.map_or(0, |talk| talk.messages.iter().filter(is_unread).count())
}

fn list_unread(world: &mut World, call: &Call) -> Answer {
    tagged(call)?;
    if call.query("role").is_some_and(|role| role != "seller") {
        return Err(bad("The parameter role must be seller"));
    }
    let seller = call.user_id()?;
    let results: Vec<Value> = world
        .service
        .messages
        .conversations
        .keys()
        .map(|pack| (pack, unread_of(world, seller, *pack)))
        .filter(|(_, count)| *count > 0)
        .map(|(pack, count)| json!({"resource": format!("/packs/{pack}/sellers/{seller}"), "count": count}))
        .collect();
    Ok(Reply::ok(json!({"user_id": seller, "results": results})))
}

fn count_unread(world: &mut World, call: &Call) -> Answer {
    tagged(call)?;
    let purchase = own_purchase(world, call)?;
    let count = unread_of(world, purchase.seller_id, purchase.pack_id);
    let resource = format!("/packs/{}/sellers/{}", purchase.pack_id, purchase.seller_id);
    Ok(Reply::ok(json!({"user_id": purchase.seller_id, "results": [{"resource": resource, "count": count}]})))
}

/// A few emoji are allowed beyond Latin-1; this is our choice of the list.
const ALLOWED_EMOJI: &str = "😀😃😄😁😊😉👍👎🙏❤🎉📦🚚✅⭐";

pub(super) fn check_text(text: &str) -> Result<(), Reply> {
    if text.trim().is_empty() {
        return Err(bad("The field text is required"));
    }
    if text.chars().count() > SELLER_MAX_LENGTH {
        return Err(bad(&format!("The text exceeds the maximum length of {SELLER_MAX_LENGTH} characters")));
    }
    let strange = text.chars().find(|letter| u32::from(*letter) > 0xff && !ALLOWED_EMOJI.contains(*letter));
    strange
        .map_or(Ok(()), |letter| Err(bad(&format!("The text contains an unsupported character: {letter}"))))
}

/// Who writes to whom, checked against the purchase.
fn check_people(world: &World, purchase: Purchase, body: &Value) -> Result<(), Reply> {
    let from = loose_id(&body["from"]["user_id"]).ok_or_else(|| bad("The field from.user_id is required"))?;
    let to = loose_id(&body["to"]["user_id"]).ok_or_else(|| bad("The field to.user_id is required"))?;
    if from == to {
        return Err(bad("The sender and the receiver are the same user"));
    }
    if from != purchase.seller_id {
        return Err(forbidden("The user does not belong to the order"));
    }
    if to != counterpart(world, purchase) {
        return Err(forbidden("The receiver does not belong to the order"));
    }
    Ok(())
}

fn check_attachments(world: &World, purchase: Purchase, body: &Value) -> Result<Vec<String>, Reply> {
    let ids: Vec<String> = body["attachments"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if ids.len() > MAX_ATTACHMENTS {
        return Err(bad(&format!("A message takes at most {MAX_ATTACHMENTS} attachments")));
    }
    let usable = |id: &String| {
        world.service.messages.attachments.get(id).is_some_and(|file| {
            file.owner_id == purchase.seller_id && world.now.since(file.created) <= ATTACHMENT_LIFE
        })
    };
    if ids.iter().all(usable) {
        return Ok(ids);
    }
    Err(refuse(
        StatusCode::UNPROCESSABLE_ENTITY,
        "unprocessable_entity",
        "Attachment key is invalid or not found",
    ))
}

fn send(world: &mut World, call: &Call) -> Answer {
    tagged(call)?;
    let purchase = own_purchase(world, call)?;
    if call.body.is_empty() {
        return Err(bad("The body is required"));
    }
    let body = call.json()?;
    check_people(world, purchase, &body)?;
    let text = body["text"].as_str().unwrap_or_default();
    check_text(text)?;
    let attachments = check_attachments(world, purchase, &body)?;
    if block(world, purchase).is_some() {
        return Err(forbidden("blocked_conversation_send_message_forbidden"));
    }
    let to = counterpart(world, purchase);
    let client_id = call.caller()?.client_id;
    let letter = Letter { client_id, from: purchase.seller_id, to, text: text.to_owned(), attachments };
    let id = deliver(world, purchase, letter);
    Ok(Reply::created(shown(world, &id)))
}

/// A message as its sender gets it back.
pub(super) fn shown(world: &World, id: &str) -> Value {
    let messages = &world.service.messages;
    messages.find(id).map_or(Value::Null, |message| {
        let first = messages.conversations[&message.pack_id].messages.first();
        message.as_json(first.is_some_and(|first| first.id == message.id))
    })
}

fn upload(world: &mut World, call: &Call) -> Answer {
    tagged(call)?;
    if call.query("site_id").is_none_or(str::is_empty) {
        return Err(bad("The parameter site_id is required"));
    }
    let owner_id = call.user_id()?;
    let part = multipart::file(call, "file")?;
    if part.content.is_empty() {
        return Err(bad("The file is empty"));
    }
    if part.content.len() > MAX_ATTACHMENT {
        return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The file exceeds 25 MB"));
    }
    let filename = part.filename.unwrap_or_default();
    if filename.chars().count() > MAX_FILENAME {
        return Err(bad(&format!("The file name exceeds {MAX_FILENAME} characters")));
    }
    let kinds = [
        (".jpg", "image/jpeg"),
        (".jpeg", "image/jpeg"),
        (".png", "image/png"),
        (".pdf", "application/pdf"),
        (".txt", "text/plain"),
    ];
    let lower = filename.to_lowercase();
    let Some((extension, kind)) = kinds.into_iter().find(|(extension, _)| lower.ends_with(extension)) else {
        return Err(bad("The file type is not supported: JPG, PNG, PDF and TXT are"));
    };
    let id = format!("{owner_id}_{}{extension}", world.dice.uuid());
    let file = Attachment {
        owner_id,
        filename,
        content_type: kind.to_owned(),
        content: part.content.to_vec(),
        created: world.now,
    };
    world.service.messages.attachments.insert(id.clone(), file);
    Ok(Reply::created(json!({"id": id})))
}

fn download(world: &mut World, call: &Call) -> Answer {
    tagged(call)?;
    let user = call.user_id()?;
    let id = call.param("id");
    let file = world.service.messages.attachments.get(id).filter(|file| file.owner_id == user);
    let file = file.ok_or_else(|| refuse(StatusCode::NOT_FOUND, "not_found", "Attachment not found"))?;
    let kind = match file.content_type.as_str() {
        "image/jpeg" => "image/jpeg",
        "image/png" => "image/png",
        "application/pdf" => "application/pdf",
        _ => "text/plain",
    };
    Ok(Reply::bytes(kind, file.content.clone()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::messages::write_as_buyer;
    use super::super::testing::{BUYER, SELLER, STRANGER, Shop};
    use super::*;
    use crate::mercado_livre::shipment::Logistic;

    /// A shop with a sale about which the buyer has written; the path of the conversation.
    fn conversation() -> (Shop, String, i64) {
        let mut shop = Shop::open();
        let order = shop.sell();
        let about = purchase(&shop.world, order).unwrap();
        write_as_buyer(&mut shop.world, about, "Quando chega?");
        let path = format!("/messages/packs/{}/sellers/{SELLER}", shop.pack(order));
        (shop, path, order)
    }

    fn letter(text: &str) -> Value {
        json!({"from": {"user_id": SELLER}, "to": {"user_id": AGENT_ID}, "text": text})
    }

    fn post(shop: &mut Shop, path: &str, body: &Value) -> Reply {
        shop.post(&format!("{path}?tag=post_sale"), body)
    }

    #[test]
    fn a_buyers_message_comes_from_the_agent_and_is_announced_by_its_bare_id() {
        let (mut shop, path, _) = conversation();
        let listed = shop.get(&format!("{path}?tag=post_sale&mark_as_read=false"));
        let message = &listed.document()["messages"][0];
        assert_eq!(
            (&message["from"]["user_id"], &message["to"]["user_id"]),
            (&json!(AGENT_ID), &json!(SELLER))
        );
        assert_eq!(message["conversation_first_message"], true);
        assert_eq!(shop.heard("messages"), [message["id"].as_str().unwrap()]);
        assert_eq!(listed.document()["conversation_status"]["status"], "active");
        assert_eq!(listed.document()["seller_max_message_length"], 350);
    }

    #[test]
    fn reading_marks_as_read_unless_told_otherwise() {
        let (mut shop, path, _) = conversation();
        let unread = |shop: &mut Shop| {
            shop.get("/messages/unread?role=seller&tag=post_sale").document()["results"].clone()
        };
        shop.get(&format!("{path}?tag=post_sale&mark_as_read=false"));
        assert_eq!(unread(&mut shop)[0]["count"], 1);
        shop.get(&format!("{path}?tag=post_sale"));
        assert_eq!(unread(&mut shop), json!([]));
    }

    #[test]
    fn an_answer_goes_to_the_agent_and_to_nobody_else() {
        let (mut shop, path, _) = conversation();
        let sent = post(&mut shop, &path, &letter("Chega amanhã!"));
        assert_eq!(sent.status, StatusCode::CREATED, "{sent:?}");
        let mut to_buyer = letter("Chega amanhã!");
        to_buyer["to"]["user_id"] = json!(BUYER);
        let refused = post(&mut shop, &path, &to_buyer);
        assert_eq!(
            (refused.status, &refused.document()["code"]),
            (StatusCode::FORBIDDEN, &json!("forbidden"))
        );
    }

    #[test]
    fn every_malformed_letter_is_a_400() {
        let (mut shop, path, _) = conversation();
        let mut to_self = letter("oi");
        to_self["to"]["user_id"] = json!(SELLER);
        let cases = [
            letter(&"x".repeat(351)),
            letter("não sei \u{4f60}"),
            letter(""),
            json!({"to": {"user_id": AGENT_ID}, "text": "oi"}),
            json!({"from": {"user_id": SELLER}, "text": "oi"}),
            to_self,
        ];
        for body in cases {
            assert_eq!(post(&mut shop, &path, &body).status, StatusCode::BAD_REQUEST, "{body}");
        }
    }

    #[test]
    fn without_the_tag_nothing_works() {
        let (mut shop, path, _) = conversation();
        assert_eq!(shop.get(&path).status, StatusCode::BAD_REQUEST);
        assert_eq!(shop.post(&path, &letter("oi")).status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_stranger_reads_nothing() {
        let (mut shop, path, _) = conversation();
        assert_eq!(shop.get_as(STRANGER, &format!("{path}?tag=post_sale")).status, StatusCode::FORBIDDEN);
    }

    #[test]
    fn a_seller_cannot_begin_a_conversation() {
        let mut shop = Shop::open();
        let order = shop.sell();
        let path = format!("/messages/packs/{}/sellers/{SELLER}", shop.pack(order));
        let refused = post(&mut shop, &path, &letter("Obrigado pela compra!"));
        assert_eq!(
            refused.document(),
            &json!({"status_code": 403, "code": "forbidden", "message": "blocked_conversation_send_message_forbidden"})
        );
    }

    #[test]
    fn a_parcel_of_the_platforms_centre_is_talked_about_once_delivered_at_a_place_of_its_own() {
        let (mut shop, path, order) = conversation();
        let parcel = shop.order(order).shipment_id.unwrap();
        shop.world.shipments.get_mut(&parcel).unwrap().logistic = Logistic::Fulfillment;
        let status = |shop: &mut Shop| {
            shop.get(&format!("{path}?tag=post_sale")).document()["conversation_status"].clone()
        };
        assert_eq!(status(&mut shop)["substatus"], "blocked_by_fulfillment");
        shop.deliver(order);
        let open = status(&mut shop);
        let place = open["path"].as_str().unwrap().to_owned();
        assert!(place.ends_with("/conversations/ai_assistant"), "{place}");
        assert_eq!(
            post(&mut shop, &format!("/messages{place}"), &letter("Chegou?")).status,
            StatusCode::CREATED
        );
    }

    #[test]
    fn a_delivered_purchase_closes_after_thirty_days() {
        let (mut shop, path, order) = conversation();
        shop.deliver(order);
        post(&mut shop, &path, &letter("Chegou bem?"));
        shop.wait(Duration::from_hours(30 * 24 + 1));
        let listed = shop.get(&format!("{path}?tag=post_sale"));
        assert_eq!(listed.document()["conversation_status"]["substatus"], "blocked_by_time");
    }

    #[test]
    fn a_buyer_left_waiting_for_two_working_days_is_taken_over_by_the_agent() {
        let (mut shop, path, _) = conversation();
        shop.wait(Duration::from_hours(49));
        let refused = post(&mut shop, &path, &letter("Desculpe a demora"));
        assert_eq!(refused.document()["message"], "blocked_conversation_send_message_forbidden");
    }

    #[test]
    fn contact_data_is_rejected_by_moderation() {
        let (mut shop, path, _) = conversation();
        let sent = post(&mut shop, &path, &letter("Siga nosso instagram"));
        assert_eq!(sent.document()["status"], "rejected");
        assert_eq!(sent.document()["message_moderation"]["reason"], "SOCIAL_NETWORK_LINK");
    }

    #[test]
    fn an_attachment_travels_with_a_message_within_48_hours() {
        let (mut shop, path, _) = conversation();
        let target = "/messages/attachments?tag=post_sale&site_id=MLB";
        let id = shop.upload(target, "file", "nota.pdf", b"%PDF-1.4").document()["id"].clone();
        let mut body = letter("Segue a nota");
        body["attachments"] = json!([id]);
        let sent = post(&mut shop, &path, &body);
        assert_eq!(sent.document()["message_attachments"][0]["id"], id, "{sent:?}");
        shop.wait(ATTACHMENT_LIFE + Duration::from_secs(1));
        assert_eq!(post(&mut shop, &path, &body).status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn a_bad_upload_says_what_is_wrong() {
        let mut shop = Shop::open();
        let target = "/messages/attachments?tag=post_sale&site_id=MLB";
        let long_name = format!("{}.pdf", "n".repeat(200));
        for (target, filename, content) in [
            (target, "vazio.pdf", &b""[..]),
            (target, "programa.exe", b"MZ"),
            (target, long_name.as_str(), b"%PDF"),
            ("/messages/attachments?tag=post_sale", "nota.pdf", b"%PDF"),
        ] {
            let refused = shop.upload(target, "file", filename, content);
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{target} {filename}");
        }
    }
}
