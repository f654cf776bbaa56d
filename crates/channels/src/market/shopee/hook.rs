//! Reading what Shopee pushes. Every push is signed; there is no id of a push, no order and
//! no promise that it comes only once, so a push only names a thing to be fetched again.

use connect::{HookEvent, HookRejection, HookRequest, HookSubject, Hooks};
use domain::{CaseKey, Desk};
use http::header::AUTHORIZATION;

use super::ids::{id, is_code, is_number};
use super::sign::is_push_of;
use super::wire::{Push, PushData, filled, instant};
use super::{SPEC, Shopee};
use crate::market::refusal;

/// The console's "Verify" button: about no shop at all.
const PING: &str = "0";
/// The status of an order whose buyer has asked to cancel.
const ASKED_TO_CANCEL: &str = "IN_CANCEL";

impl Hooks for Shopee {
    fn read(&self, hook: HookRequest<'_>) -> Result<Vec<HookEvent>, HookRejection> {
        if hook.body.len() > SPEC.hook_max_bytes {
            return Err(refusal::hook("larger than any push"));
        }
        let sign = hook.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !is_push_of(&self.hook_key, hook.url, hook.body, sign) {
            return Err(HookRejection::BadSignature);
        }
        let push: Push =
            serde_json::from_slice(hook.body).map_err(|_| refusal::hook("not the JSON of a push"))?;
        events(&push, &self.config.partner_id)
    }
}

/// What a push for the app `partner_id` says.
pub(super) fn events(push: &Push, partner_id: &str) -> Result<Vec<HookEvent>, HookRejection> {
    // Only pushes about consent name the app.
    if filled(push.partner_id.as_ref()).is_some_and(|app| app != partner_id) {
        return Err(HookRejection::ForeignApp);
    }
    let code = filled(push.code.as_ref()).ok_or_else(|| refusal::hook("code is missing"))?;
    if !is_number(code) {
        return Err(refusal::hook("code is no number"));
    }
    let nothing = PushData::default();
    let data = push.data.as_ref().unwrap_or(&nothing);
    let topic = Topic::of(code);
    let subjects = topic.subjects(data)?;
    let shops = shops(push, data);
    if shops.is_empty() && code != PING && subjects != [HookSubject::NotForUs] {
        return Err(refusal::hook("shop_id is missing"));
    }
    let sent_at = instant(push.timestamp.as_ref());
    let of_shop = |shop: &str| {
        let event = |subject: &HookSubject| HookEvent {
            account_external_id: shop.to_owned(),
            subject: subject.clone(),
            topic: topic.name.clone(),
            sent_at,
        };
        subjects.iter().map(event).collect::<Vec<_>>()
    };
    Ok(shops.into_iter().flat_map(of_shop).collect())
}

/// The shops that a push is about. Those about consent name them in `data`, some in a list,
/// some by another spelling, some not at all.
fn shops<'a>(push: &'a Push, data: &'a PushData) -> Vec<&'a str> {
    let lists = data.shop_id_list.iter().chain(&data.shop_expire_soon).flatten();
    let named = [&push.shop_id, &data.shop_id, &data.shopid].into_iter().flatten().chain(lists);
    let mut shops: Vec<&str> = named.filter_map(|shop| id(Some(shop))).collect();
    shops.sort_unstable();
    shops.dedup();
    shops
}

/// What a code's pushes are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// An order, or a package of one.
    Order,
    /// A return, and its order.
    Return,
    /// An item.
    Listing,
    /// Units set aside for an order or a promotion.
    Reserved,
    /// Nothing that the hub acts on.
    Nothing,
}

/// A kind of push.
#[derive(Debug)]
struct Topic {
    name: String,
    about: About,
}

impl Topic {
    /// The topic of a code. The number in the address of its document is another one.
    fn of(code: &str) -> Self {
        use About::{Listing, Nothing, Order, Reserved, Return};
        let (name, about) = match code {
            PING => ("verify", Nothing),
            "1" => ("shop_authorization_push", Nothing),
            "2" => ("shop_authorization_canceled_push", Nothing),
            "3" => ("order_status_push", Order),
            "4" => ("order_trackingno_push", Order),
            "5" => ("shopee_updates", Nothing),
            "6" => ("banned_item", Listing),
            "7" => ("item_promotion_push", Listing),
            "8" => ("reserved_stock_change_push", Reserved),
            "9" => ("promotion_update_push", Listing),
            "10" => ("webchat_push", Nothing),
            "12" => ("open_api_authorization_expiry", Nothing),
            "15" => ("shipping_document_status_push", Nothing),
            "16" => ("violation_item_push", Listing),
            "22" => ("item_price_update_push", Listing),
            "27" => ("item_scheduled_publish_failed_push", Listing),
            "28" => ("shop_penalty_update_push", Nothing),
            "29" => ("return_updates_push", Return),
            "30" => ("package_fulfillment_status_push", Order),
            "47" => ("package_info_push", Order),
            // What a later release pushes is counted by its code.
            other => return Self { name: format!("push_{other}"), about: Nothing },
        };
        Self { name: name.to_owned(), about }
    }

    /// What a push of this topic names.
    fn subjects(&self, data: &PushData) -> Result<Vec<HookSubject>, HookRejection> {
        let order = || filled(data.ordersn.as_ref().or(data.order_sn.as_ref()));
        let item = || filled(data.item_id.as_ref());
        match self.about {
            About::Order => {
                let asked = filled(data.status.as_ref()) == Some(ASKED_TO_CANCEL);
                let subject = order_or_package(order(), data)?;
                let request = order().filter(|_| asked).map(|order| case(Desk::Cancellations, order));
                Ok(std::iter::once(subject).chain(request).collect())
            }
            About::Return => {
                let of_return = filled(data.return_sn.as_ref()).filter(|number| is_code(number));
                let order = order().and_then(|order| order_of(order).ok());
                let subjects: Vec<HookSubject> =
                    order.into_iter().chain(of_return.map(|number| case(Desk::Returns, number))).collect();
                if subjects.is_empty() {
                    Err(refusal::hook("neither a return nor an order"))
                } else {
                    Ok(subjects)
                }
            }
            About::Listing => listing(item()).map(|subject| vec![subject]),
            About::Reserved => {
                let mut subjects: Vec<HookSubject> = listing(item()).into_iter().collect();
                // There is no push of a payment or of an order that waits for one: this is
                // the first that is heard of it.
                subjects.extend(order().and_then(|order| order_of(order).ok()));
                if subjects.is_empty() {
                    Err(refusal::hook("neither an item nor an order"))
                } else {
                    Ok(subjects)
                }
            }
            About::Nothing => Ok(vec![HookSubject::NotForUs]),
        }
    }
}

fn case(desk: Desk, number: &str) -> HookSubject {
    HookSubject::Case(CaseKey { desk, external_id: number.to_owned() })
}

fn order_or_package(order: Option<&str>, data: &PushData) -> Result<HookSubject, HookRejection> {
    let package = || filled(data.package_number.as_ref()).filter(|number| is_code(number));
    match (order, package()) {
        (Some(order), _) => order_of(order),
        (None, Some(package)) => Ok(HookSubject::Shipment(package.to_owned())),
        (None, None) => Err(refusal::hook("ordersn is missing")),
    }
}

fn order_of(number: &str) -> Result<HookSubject, HookRejection> {
    if is_code(number) {
        Ok(HookSubject::Order(number.to_owned()))
    } else {
        Err(refusal::hook("ordersn is not of an order's form"))
    }
}

fn listing(item: Option<&str>) -> Result<HookSubject, HookRejection> {
    match item.filter(|item| is_number(item) && *item != "0") {
        Some(item) => Ok(HookSubject::Listing(item.to_owned())),
        None => Err(refusal::hook("item_id is missing")),
    }
}
