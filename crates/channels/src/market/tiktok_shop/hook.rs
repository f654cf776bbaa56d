//! Reading what TikTok Shop posts. The signature covers the app's key and the raw bytes,
//! so another app's hook is one with a wrong signature. There is no time in what is
//! signed: a hook that somebody kept can come again, and names once more a thing that is
//! fetched.

use connect::{HookEvent, HookRejection, HookRequest, HookSubject, Hooks};
use domain::{CaseKey, Desk};
use http::header::AUTHORIZATION;

use super::wire::{Loose, Notification, NotificationData, NotifiedPackage, filled};
use super::{SPEC, TikTokShop, is_id};
use crate::market::refusal;

/// What a type of hook is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Order,
    /// Packages, each with its orders.
    Packages,
    /// One package and its orders.
    Invoice,
    Product,
    /// An order and the request to cancel it.
    Cancellation,
    /// An order and what comes back of it.
    Return,
}

/// The types that the hub acts on: number, name, what it is about.
const TOPICS: [(&str, &str, About); 16] = [
    ("1", "ORDER_STATUS_CHANGE", About::Order),
    ("2", "REVERSE_STATUS_UPDATE", About::Order),
    ("3", "RECIPIENT_ADDRESS_UPDATE", About::Order),
    ("4", "PACKAGE_UPDATE", About::Packages),
    ("5", "PRODUCT_STATUS_CHANGE", About::Product),
    ("11", "CANCELLATION_STATUS_CHANGE", About::Cancellation),
    ("12", "RETURN_STATUS_CHANGE", About::Return),
    ("15", "PRODUCT_INFORMATION_CHANGE", About::Product),
    ("16", "PRODUCT_CREATION", About::Product),
    ("18", "PRODUCT_CATEGORY_CHANGE", About::Product),
    ("27", "INVENTORY_STATUS_CHANGE", About::Product),
    ("36", "INVOICE_STATUS_CHANGE", About::Invoice),
    ("37", "PRODUCT_AUDIT_STATUS_CHANGE", About::Product),
    ("38", "STRIKETHROUGH_PRICE_EXPIRED", About::Product),
    ("50", "SKU_STATUS_CHANGE", About::Product),
    ("71", "INVENTORY_CHANGE", About::Product),
];
/// Types that are counted under their names, and are about nothing that is fetched.
const NAMED: [(&str, &str); 4] = [
    ("6", "SELLER_DEAUTHORIZATION"),
    ("7", "UPCOMING_AUTHORIZATION_EXPIRATION"),
    ("13", "NEW_CONVERSATION"),
    ("14", "NEW_MESSAGE"),
];

impl Hooks for TikTokShop {
    fn read(&self, hook: HookRequest<'_>) -> Result<Vec<HookEvent>, HookRejection> {
        if hook.body.len() > SPEC.hook_max_bytes {
            return Err(refusal::hook("larger than any notification"));
        }
        let tag = hook.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let signed = [self.config.app_key.as_bytes(), hook.body].concat();
        if !tag.is_some_and(|tag| self.hook_key.verify_hex(&signed, tag.trim())) {
            return Err(HookRejection::BadSignature);
        }
        let note: Notification =
            serde_json::from_slice(hook.body).map_err(|_| refusal::hook("not the JSON of a notification"))?;
        events(&note)
    }
}

fn events(note: &Notification) -> Result<Vec<HookEvent>, HookRejection> {
    let shop = filled(note.shop_id.as_ref()).filter(|id| is_id(id));
    let shop = shop.ok_or_else(|| refusal::hook("shop_id is no number"))?;
    let kind = filled(note.kind.as_ref()).ok_or_else(|| refusal::hook("type is missing"))?;
    let nothing = NotificationData::default();
    let data = note.data.as_ref().unwrap_or(&nothing);
    // A type that comes by its name means the same.
    let known = TOPICS.into_iter().find(|(number, name, _)| [*number, *name].contains(&kind));
    let (topic, subjects) = match known {
        Some((_, name, about)) => (name, subjects(about, data)?),
        None => (name_of(kind), vec![HookSubject::NotForUs]),
    };
    let event = |subject| HookEvent {
        account_external_id: shop.to_owned(),
        subject,
        topic: topic.to_owned(),
        sent_at: note.timestamp.as_ref().and_then(Loose::unix_seconds),
    };
    Ok(subjects.into_iter().map(event).collect())
}

fn name_of(kind: &str) -> &str {
    NAMED.into_iter().find(|(number, _)| *number == kind).map_or(kind, |(_, name)| name)
}

fn subjects(about: About, data: &NotificationData) -> Result<Vec<HookSubject>, HookRejection> {
    let mut subjects = match about {
        About::Order => vec![order(data)?],
        About::Cancellation => with_case(order(data)?, Desk::Cancellations, data.cancel_id.as_ref()),
        About::Return => with_case(order(data)?, Desk::Returns, data.return_id.as_ref()),
        About::Product => vec![HookSubject::Listing(id(data.product_id.as_ref(), "product_id")?)],
        About::Invoice => of_package(data.package_id.as_ref(), data.order_ids.as_deref())?,
        About::Packages => {
            let packages = data.package_list.as_deref().unwrap_or_default();
            let each = packages.iter().map(|NotifiedPackage { package_id, order_id_list }| {
                of_package(package_id.as_ref(), order_id_list.as_deref())
            });
            each.collect::<Result<Vec<_>, _>>()?.concat()
        }
    };
    subjects.sort_unstable();
    subjects.dedup();
    if subjects.is_empty() { Err(refusal::hook("nothing that it would be about")) } else { Ok(subjects) }
}

fn order(data: &NotificationData) -> Result<HookSubject, HookRejection> {
    id(data.order_id.as_ref(), "order_id").map(HookSubject::Order)
}

/// An order, and the case that it is about where that is named.
fn with_case(order: HookSubject, desk: Desk, case: Option<&Loose>) -> Vec<HookSubject> {
    let case = filled(case).filter(|id| is_id(id));
    let case = case.map(|id| HookSubject::Case(CaseKey { desk, external_id: id.to_owned() }));
    std::iter::once(order).chain(case).collect()
}

/// The orders that a package carries or, where they are not named, the package itself.
fn of_package(package: Option<&Loose>, orders: Option<&[Loose]>) -> Result<Vec<HookSubject>, HookRejection> {
    let orders = orders.unwrap_or_default();
    if orders.is_empty() {
        return Ok(vec![HookSubject::Shipment(id(package, "package_id")?)]);
    }
    orders.iter().map(|order| id(Some(order), "an order's id").map(HookSubject::Order)).collect()
}

fn id(field: Option<&Loose>, name: &str) -> Result<String, HookRejection> {
    let id = filled(field).filter(|id| is_id(id)).map(str::to_owned);
    id.ok_or_else(|| refusal::hook(&format!("{name} is no number")))
}
