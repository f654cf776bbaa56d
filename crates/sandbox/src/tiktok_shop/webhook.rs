//! Webhooks: who is told where, what they hold, and how often they are tried (fact sheet §15).

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ask::{Ask, seconds};
use super::gate::shop;
use super::refusal::{Refusal, success};
use super::{World, sign};
use crate::call::Call;
use crate::faults::{Fault, Occasion};
use crate::hooks::{Attempt, HookAnswer, HookDelivery, REPORT_PATIENCE, Stage};
use crate::ids::Series;
use crate::reply::Answer;
use crate::table::{Route, delete, get, put};

/// How long after each failed attempt the next one is made; then the webhook is dropped.
pub const RETRY_AFTER: [Duration; 4] =
    [Duration::from_mins(2), Duration::from_mins(30), Duration::from_hours(3), Duration::from_hours(12)];
/// How long the application may take for its 200.
pub const ANSWER_BUDGET: Duration = Duration::from_secs(3);
/// How long webhooks are shown by the control API after their end.
const RETENTION: Duration = Duration::from_hours(48);
/// The longest callback address, in characters.
const ADDRESS_MAX: usize = 255;

const NOTIFICATIONS: Series = Series::new("tiktok_notification", 7_400_000_000_000_000_000);

/// What a webhook is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the platform's own event types")]
pub enum Kind {
    OrderStatusChange,
    RecipientAddressUpdate,
    PackageUpdate,
    ProductStatusChange,
    SellerDeauthorization,
    UpcomingAuthorizationExpiration,
    CancellationStatusChange,
    ReturnStatusChange,
    ProductInformationChange,
    ProductCreation,
    InvoiceStatusChange,
    ProductAuditStatusChange,
    SkuStatusChange,
    InventoryChange,
}

/// Number, event type and whether a shop can register it: 50 and 71 have no name outside.
const KINDS: [(Kind, u16, &str, bool); 14] = [
    (Kind::OrderStatusChange, 1, "ORDER_STATUS_CHANGE", true),
    (Kind::RecipientAddressUpdate, 3, "RECIPIENT_ADDRESS_UPDATE", true),
    (Kind::PackageUpdate, 4, "PACKAGE_UPDATE", true),
    (Kind::ProductStatusChange, 5, "PRODUCT_STATUS_CHANGE", true),
    (Kind::SellerDeauthorization, 6, "SELLER_DEAUTHORIZATION", true),
    (Kind::UpcomingAuthorizationExpiration, 7, "UPCOMING_AUTHORIZATION_EXPIRATION", true),
    (Kind::CancellationStatusChange, 11, "CANCELLATION_STATUS_CHANGE", true),
    (Kind::ReturnStatusChange, 12, "RETURN_STATUS_CHANGE", true),
    (Kind::ProductInformationChange, 15, "PRODUCT_INFORMATION_CHANGE", true),
    (Kind::ProductCreation, 16, "PRODUCT_CREATION", true),
    (Kind::InvoiceStatusChange, 36, "INVOICE_STATUS_CHANGE", true),
    (Kind::ProductAuditStatusChange, 37, "PRODUCT_AUDIT_STATUS_CHANGE", true),
    (Kind::SkuStatusChange, 50, "SKU_STATUS_CHANGE", false),
    (Kind::InventoryChange, 71, "INVENTORY_CHANGE", false),
];

/// Event types that a shop may register although nothing here sends them.
const OTHER_TYPES: [&str; 4] =
    ["NEW_CONVERSATION", "NEW_MESSAGE", "NEW_MESSAGE_LISTENER", "PRODUCT_CATEGORY_CHANGE"];

impl Kind {
    fn row(self) -> (u16, &'static str) {
        KINDS.iter().find(|row| row.0 == self).map_or((0, ""), |row| (row.1, row.2))
    }

    /// The `type` in the envelope.
    #[must_use]
    pub fn number(self) -> u16 {
        self.row().0
    }

    /// The `event_type` of the Event API.
    #[must_use]
    pub fn event_type(self) -> &'static str {
        self.row().1
    }
}

/// An address that a shop has registered for one event type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Where to POST.
    pub address: String,
    /// When it was registered.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// One event for one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The shop.
    pub shop_id: i64,
    /// The `event_type`; empty for one made by hand.
    pub event_type: String,
    /// Where it goes.
    pub url: String,
    /// The body, byte for byte.
    pub body: String,
    /// A signature made by hand, for forged ones.
    pub forged_sign: Option<String>,
    /// When the event happened.
    pub created: Timestamp,
    /// The tries so far.
    pub attempts: Vec<Attempt>,
    /// Where it stands.
    pub stage: Stage,
}

/// All webhooks of a world.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhooks {
    /// The application's own address, for everything.
    pub url: Option<String>,
    /// What shops have registered, by event type.
    pub by_shop: BTreeMap<i64, BTreeMap<String, Registration>>,
    /// By number, oldest first.
    pub notifications: BTreeMap<u64, Notification>,
    next_number: u64,
    next_sending: u64,
    sendings: BTreeMap<u64, (u64, Timestamp)>,
}

impl Webhooks {
    /// Puts a notification on its way.
    pub fn add(&mut self, notification: Notification) {
        self.next_number += 1;
        self.notifications.insert(self.next_number, notification);
    }

    /// When the next notification is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        let due_at = |it: &Notification| if let Stage::Waiting(at) = it.stage { Some(at) } else { None };
        self.notifications.values().filter_map(due_at).min()
    }

    /// Forgets what is past its retention.
    pub fn prune(&mut self, now: Timestamp) {
        self.notifications.retain(|_, it| {
            matches!(it.stage, Stage::Waiting(_) | Stage::InFlight) || now.since(it.created) <= RETENTION
        });
    }

    fn addresses(&self, shop_id: i64, event_type: &str, replaces: bool) -> Vec<String> {
        let own = self.by_shop.get(&shop_id).and_then(|types| types.get(event_type));
        let own = own.map(|registration| registration.address.clone());
        let common = self.url.clone().filter(|url| !(replaces && own.is_some()) && own.as_ref() != Some(url));
        common.into_iter().chain(own).collect()
    }
}

/// Tells whoever listens that something happened to `shop_id`.
pub fn notify(world: &mut World, shop_id: i64, kind: Kind, data: &Value) {
    // A seller who never agreed (or no longer does) is nobody's business; the end itself is.
    if kind != Kind::SellerDeauthorization && !world.grants.by_shop.contains_key(&shop_id) {
        return;
    }
    let event_type = kind.event_type();
    let urls = world.webhooks.addresses(shop_id, event_type, world.rules.shop_webhook_replaces);
    for url in urls {
        let mut body =
            json!({"type": kind.number(), "shop_id": shop_id.to_string(), "timestamp": seconds(world.now)});
        body["data"] = data.clone();
        if kind != Kind::RecipientAddressUpdate {
            body["tts_notification_id"] = json!(world.ids.next(NOTIFICATIONS).to_string());
        }
        if world.rules.numeric_webhook_ids {
            body = numeric_ids(body);
        }
        world.webhooks.add(Notification {
            shop_id,
            event_type: event_type.to_owned(),
            url,
            body: body.to_string(),
            forged_sign: None,
            created: world.now,
            attempts: Vec::new(),
            stage: Stage::Waiting(world.now),
        });
    }
}

/// Every text under a key that ends in `id` becomes a number.
fn numeric_ids(value: Value) -> Value {
    match value {
        Value::Array(entries) => entries.into_iter().map(numeric_ids).collect(),
        Value::Object(fields) => {
            let turn = |(name, value): (String, Value)| {
                let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
                match number {
                    Some(number) if name.ends_with("id") => (name, json!(number)),
                    _ => (name, numeric_ids(value)),
                }
            };
            Value::Object(fields.into_iter().map(turn).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// The webhooks to be sent now, after the faults that befall them.
pub(crate) fn take_due(world: &mut World) -> Vec<HookDelivery> {
    let now = world.now;
    give_up_unreported(world);
    let is_due = |it: &Notification| matches!(it.stage, Stage::Waiting(at) if at <= now);
    let due: Vec<u64> =
        world.webhooks.notifications.iter().filter(|(_, it)| is_due(it)).map(|(number, _)| *number).collect();
    let mut deliveries = Vec::new();
    let mut newest_first = false;
    for number in due {
        let Some(notification) = world.webhooks.notifications.get_mut(&number) else { continue };
        let occasion = Occasion {
            path: "/webhooks",
            method: None,
            client_id: Some(super::gate::CLIENT_ID),
            topic: Some(&notification.event_type),
        };
        let struck = world.faults.strike(now, occasion);
        if struck.contains(&Fault::HookDrop) {
            notification.stage = Stage::Lost;
            continue;
        }
        let lateness =
            |fault: &Fault| if let Fault::HookLate { seconds } = fault { Some(*seconds) } else { None };
        if let Some(seconds) = struck.iter().find_map(lateness) {
            notification.stage = Stage::Waiting(now.plus(Duration::from_secs(seconds)));
            continue;
        }
        newest_first |= struck.contains(&Fault::HookReorder);
        let sendings = if struck.contains(&Fault::HookDuplicate) { 2 } else { 1 };
        deliveries.extend((0..sendings).filter_map(|_| send(world, number)));
    }
    if newest_first {
        deliveries.reverse();
    }
    deliveries
}

fn send(world: &mut World, number: u64) -> Option<HookDelivery> {
    let hooks = &mut world.webhooks;
    let notification = hooks.notifications.get_mut(&number)?;
    notification.stage = Stage::InFlight;
    hooks.next_sending += 1;
    hooks.sendings.insert(hooks.next_sending, (number, world.now));
    let right = || sign::of_webhook(&world.app.secret, &world.app.key, notification.body.as_bytes());
    let signature = notification.forged_sign.clone().unwrap_or_else(right);
    Some(HookDelivery {
        id: hooks.next_sending,
        url: notification.url.clone(),
        headers: vec![("authorization", signature)],
        body: notification.body.clone(),
    })
}

/// Takes note of an answer: 200 in time ends the matter, anything else plans the next
/// attempt or drops the webhook.
pub(crate) fn settle(world: &mut World, sending: u64, answer: Option<HookAnswer>, elapsed: Duration) {
    let Some((number, sent)) = world.webhooks.sendings.remove(&sending) else { return };
    let needs_empty = world.rules.webhook_needs_empty_body;
    let Some(notification) = world.webhooks.notifications.get_mut(&number) else { return };
    if notification.stage == Stage::Delivered {
        return;
    }
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let status = answer.map(|answer| answer.status);
    notification.attempts.push(Attempt { at: sent, status, elapsed_ms });
    let taken = answer.is_some_and(|answer| answer.status == 200 && (answer.is_empty || !needs_empty));
    notification.stage = if taken && elapsed <= ANSWER_BUDGET {
        Stage::Delivered
    } else {
        match RETRY_AFTER.get(notification.attempts.len() - 1) {
            Some(pause) => Stage::Waiting(sent.plus(*pause)),
            None => Stage::Missed,
        }
    };
}

fn give_up_unreported(world: &mut World) {
    let now = world.now;
    let old = |sent: Timestamp| now.since(sent) >= REPORT_PATIENCE;
    let unreported: Vec<u64> =
        world.webhooks.sendings.iter().filter(|(_, (_, sent))| old(*sent)).map(|(id, _)| *id).collect();
    for sending in unreported {
        settle(world, sending, None, REPORT_PATIENCE);
    }
}

const SCOPE: &str = "seller.authorization.info";

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const DOOR: super::gate::Door = shop(&[202_309], SCOPE);
    vec![
        get("/event/{v}/webhooks", DOOR, show),
        put("/event/{v}/webhooks", DOOR, register),
        delete("/event/{v}/webhooks", DOOR, forget),
    ]
}

fn show(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let empty = BTreeMap::new();
    let own = world.webhooks.by_shop.get(&ask.shop_id()).unwrap_or(&empty);
    let rows: Vec<Value> = own
        .iter()
        .map(|(event_type, it)| {
            json!({"event_type": event_type, "address": it.address,
                "create_time": it.created.as_millis(), "update_time": it.updated.as_millis()})
        })
        .collect();
    success(json!({"total_count": rows.len(), "webhooks": rows}))
}

fn event_type(ask: &Ask<'_>) -> Result<String, Refusal> {
    let wanted = ask.text("event_type")?;
    let known = KINDS.iter().any(|row| row.3 && row.2 == wanted) || OTHER_TYPES.contains(&wanted.as_str());
    if known { Ok(wanted) } else { Err(Refusal::parameter("event_type", "it is not an event type")) }
}

/// https with a domain name and no port; this machine's own addresses may have all of it.
fn address_fits(address: &str) -> bool {
    let Ok(uri) = address.parse::<http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    if host == "localhost" || host.starts_with("127.") {
        return matches!(uri.scheme_str(), Some("http" | "https"));
    }
    let is_name = host.contains('.') && !host.starts_with('[') && host.parse::<std::net::Ipv4Addr>().is_err();
    uri.scheme_str() == Some("https") && uri.port().is_none() && is_name
}

fn register(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let (address, event_type) = (ask.text("address")?, event_type(&ask)?);
    if address.chars().count() > ADDRESS_MAX || !address_fits(&address) {
        let reason = "Expected an https address of a domain, without IP address and port";
        return Err(Refusal::parameter("address", reason).into());
    }
    let now = world.now;
    let own = world.webhooks.by_shop.entry(ask.shop_id()).or_default();
    let entry = own.entry(event_type).or_insert_with(|| Registration {
        address: address.clone(),
        created: now,
        updated: now,
    });
    entry.address = address;
    entry.updated = now;
    success(json!({}))
}

fn forget(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let event_type = event_type(&ask)?;
    if let Some(own) = world.webhooks.by_shop.get_mut(&ask.shop_id()) {
        own.remove(&event_type);
    }
    success(json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_without_ports_are_taken_and_this_machine() {
        for address in ["https://erp.example.com/hook", "http://127.0.0.1:8080/hook", "http://localhost:1/x"]
        {
            assert!(address_fits(address), "{address}");
        }
        for address in
            ["http://erp.example.com/", "https://erp.example.com:8443/", "https://10.0.0.1/", "erp", ""]
        {
            assert!(!address_fits(address), "{address}");
        }
    }

    #[test]
    fn ids_can_become_numbers() {
        let body = json!({"shop_id": "12", "data": {"order_ids": ["1"], "order_id": "x7", "status": "5"}});
        let expected = json!({"shop_id": 12, "data": {"order_ids": ["1"], "order_id": "x7", "status": "5"}});
        assert_eq!(numeric_ids(body), expected);
    }
}
