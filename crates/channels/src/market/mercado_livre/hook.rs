//! Reading what Mercado Livre posts. Nothing is signed, so nothing is believed: a hook
//! only names a thing to be fetched again, and only by an id of the known form.

use connect::{HookEvent, HookRejection, HookRequest, HookSubject, Hooks};
use domain::{CaseKey, Desk};

use super::wire::{Loose, Notification, filled};
use super::{MercadoLivre, SPEC};
use crate::market::loose::is_digits;
use crate::market::refusal;

/// Most digits of an id that are taken: they have up to 16.
const MAX_ID_DIGITS: usize = 24;
/// Longest id of a message: a UUID has 36 characters.
const MAX_MESSAGE_CHARS: usize = 64;

impl Hooks for MercadoLivre {
    fn read(&self, hook: HookRequest<'_>) -> Result<Vec<HookEvent>, HookRejection> {
        if hook.body.len() > SPEC.hook_max_bytes {
            return Err(refusal::hook("larger than any notification"));
        }
        let note: Notification =
            serde_json::from_slice(hook.body).map_err(|_| refusal::hook("not the JSON of a notification"))?;
        event(&note, &self.config.client_id).map(|event| vec![event])
    }
}

/// The event of a notification for the app `client_id`.
pub(super) fn event(note: &Notification, client_id: &str) -> Result<HookEvent, HookRejection> {
    let need = |field: &Option<Loose>, name: &str| {
        filled(field.as_ref()).map(str::to_owned).ok_or_else(|| refusal::hook(&format!("{name} is missing")))
    };
    if need(&note.application_id, "application_id")? != client_id {
        return Err(HookRejection::ForeignApp);
    }
    let account_external_id = need(&note.user_id, "user_id")?;
    if !is_number(&account_external_id) {
        return Err(refusal::hook("user_id is no number"));
    }
    let topic = need(&note.topic, "topic")?;
    let subject = subject(&topic, filled(note.resource.as_ref()).unwrap_or_default())?;
    let sent_at = note.sent.as_ref().and_then(Loose::instant);
    Ok(HookEvent { account_external_id, subject, topic, sent_at })
}

/// What a topic's resource names. For topics that the hub acts on, the path has to be of
/// the form that the topic allows: an absolute address never is.
fn subject(topic: &str, resource: &str) -> Result<HookSubject, HookRejection> {
    let path: Vec<&str> = resource.strip_prefix('/').unwrap_or(resource).split('/').collect();
    let known = match (topic, path.as_slice()) {
        ("orders_v2" | "orders", ["orders", id]) if is_number(id) => HookSubject::Order((*id).to_owned()),
        ("shipments", ["shipments", id]) if is_number(id) => HookSubject::Shipment((*id).to_owned()),
        ("items" | "items_prices", ["items", id] | ["items", id, "prices"]) if is_item(id) => {
            HookSubject::Listing((*id).to_owned())
        }
        ("questions", ["questions", id]) if is_number(id) => case(Desk::Questions, id),
        ("messages", [id]) if is_message(id) => HookSubject::Message((*id).to_owned()),
        // Older apps get shorter paths; other forms of these two are not documented and pass.
        (
            "post_purchase" | "claims",
            ["post-purchase", "v1", "claims", id] | ["v1", "claims", id] | ["claims", id],
        ) if is_number(id) => case(Desk::Claims, id),
        ("orders_v2" | "orders" | "shipments" | "items" | "items_prices" | "questions", _) => {
            return Err(refusal::hook("the resource is not of its topic's form"));
        }
        _ => HookSubject::NotForUs,
    };
    Ok(known)
}

fn case(desk: Desk, id: &str) -> HookSubject {
    HookSubject::Case(CaseKey { desk, external_id: id.to_owned() })
}

/// A message's id: hexadecimal, in groups or not.
pub(super) fn is_message(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    (8..=MAX_MESSAGE_CHARS).contains(&text.len()) && text.bytes().all(is_part)
}

/// A platform id: digits only.
pub(super) fn is_number(text: &str) -> bool {
    is_digits(text, MAX_ID_DIGITS)
}

/// An item's id: its site (three letters) and digits.
pub(super) fn is_item(text: &str) -> bool {
    let (Some(site), Some(digits)) = (text.get(..3), text.get(3..)) else {
        return false;
    };
    site.bytes().all(|byte| byte.is_ascii_uppercase()) && is_number(digits)
}
