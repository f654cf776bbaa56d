//! Moderation: items held back, why, and how to mend them (fact sheet §16).

use std::cmp::Reverse;
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::questions::{self, QuestionStatus};
use super::{ServiceEvent, lookup};
use crate::call::Call;
use crate::dates::west_compact;
use crate::ids::Series;
use crate::mercado_livre::gate::PUBLISHING;
use crate::mercado_livre::item::{Item, ItemStatus};
use crate::mercado_livre::{Event, SITE, World};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get};

/// Most infractions of one page.
pub const MAX_LIMIT: usize = 20;
/// How long a seller has to mend what a warning names.
pub const WARNING_TIME: Duration = Duration::from_hours(48);
/// How long moderation takes to look at a patch (our choice).
pub const REVIEW_TIME: Duration = Duration::from_mins(1);
const WARNING: &str = "warning";
const WAITING: &str = "waiting_for_patch";
/// Changes that count as a patch.
const PATCHES: [&str; 4] = ["pictures", "title", "family_name", "attributes"];
const IDS: Series = Series::new("infraction", 880_000_000);

/// What moderation objects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hit {
    /// A mendable fault: the item waits for a patch.
    WaitingForPatch,
    /// A forbidden product: there is no remedy.
    Forbidden,
    /// An unusual change of price: paused until the seller activates it again.
    PricePenalty,
    /// A mendable fault that still sells; unmended it waits for a patch.
    Warning,
    /// A banned question or review.
    BannedText,
}

impl Hit {
    const fn reason(self) -> &'static str {
        match self {
            Self::WaitingForPatch | Self::Warning => "A foto principal contém textos ou logotipos",
            Self::Forbidden => "O produto não pode ser vendido no site",
            Self::PricePenalty => "O preço mudou muito e o anúncio foi pausado",
            Self::BannedText => "O texto contém dados de contato",
        }
    }

    const fn remedy(self) -> Option<&'static str> {
        match self {
            Self::WaitingForPatch | Self::Warning => Some("Troque a foto principal por outra sem textos"),
            Self::PricePenalty => Some("Confira o preço e reative o anúncio"),
            Self::Forbidden | Self::BannedText => None,
        }
    }

    const fn subgroup(self) -> &'static str {
        match self {
            Self::WaitingForPatch | Self::Warning => "PQT",
            Self::Forbidden => "PROHIBITED",
            Self::PricePenalty => "PRICE",
            Self::BannedText => "CONTACT",
        }
    }
}

/// One decision of moderation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Infraction {
    /// The id.
    pub id: i64,
    /// Whose thing it is.
    pub user_id: i64,
    /// `ITM`, `QUE` or `REV`.
    pub element_type: String,
    /// The item or question.
    pub element_id: String,
    /// The item it belongs to.
    pub item_id: String,
    /// What is wrong.
    pub hit: Hit,
    /// When.
    pub date_created: Timestamp,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/moderations/last_moderation/{element}", PUBLISHING, last),
        get("/moderations/infractions/{user}", PUBLISHING, list),
    ]
}

/// Moderation objects to an item. `None` when there is no such item.
pub fn strike_item(world: &mut World, item_id: &str, hit: Hit) -> Option<i64> {
    let item = world.items.get_mut(item_id)?;
    match hit {
        Hit::WaitingForPatch => {
            item.status = ItemStatus::UnderReview;
            item.sub_status.insert(WAITING.to_owned());
        }
        Hit::Forbidden => {
            item.status = ItemStatus::UnderReview;
            item.sub_status.insert("forbidden".to_owned());
        }
        Hit::PricePenalty => {
            item.status = ItemStatus::Paused;
            item.tags.insert("moderation_penalty".to_owned());
        }
        Hit::Warning | Hit::BannedText => {
            item.sub_status.insert(WARNING.to_owned());
            let event = Event::Service(ServiceEvent::WarningExpires(item_id.to_owned()));
            world.agenda.plan(world.now.plus(WARNING_TIME), event);
        }
    }
    item.updated = world.now;
    let seller = item.seller_id;
    let id = write(world, seller, ("ITM", item_id), item_id, hit);
    lookup::notify(world, "items", seller, &format!("/items/{item_id}"), &[]);
    Some(id)
}

/// Whether an item under review takes this update: only what waits for a patch does, and
/// only a patch.
#[must_use]
pub fn takes_patch(item: &Item, body: &Value) -> bool {
    item.sub_status.contains(WAITING) && PATCHES.iter().any(|field| !body[*field].is_null())
}

/// A seller has changed an item: the end of it closes its questions, a patch is looked at.
pub fn item_written(world: &mut World, item_id: &str, body: &Value) {
    let Some(item) = world.items.get(item_id) else { return };
    if item.status == ItemStatus::Closed {
        questions::close_of_item(world, item_id);
        return;
    }
    let objected = item.sub_status.contains(WAITING) || item.sub_status.contains(WARNING);
    if objected && PATCHES.iter().any(|field| !body[*field].is_null()) {
        let event = Event::Service(ServiceEvent::PatchReviewed(item_id.to_owned()));
        world.agenda.plan(world.now.plus(REVIEW_TIME), event);
    }
}

/// The mended item goes back to where it was.
pub(super) fn patch_reviewed(world: &mut World, item_id: &str) {
    let Some(item) = world.items.get_mut(item_id) else { return };
    item.sub_status.remove(WARNING);
    if item.sub_status.remove(WAITING) && item.status == ItemStatus::UnderReview {
        let paused = !item.sub_status.is_empty();
        item.status = if paused { ItemStatus::Paused } else { ItemStatus::Active };
    }
    tell(world, item_id);
}

/// A warning that nobody mended holds the item back.
pub(super) fn warning_expires(world: &mut World, item_id: &str) {
    let Some(item) = world.items.get_mut(item_id) else { return };
    if item.status == ItemStatus::Closed || !item.sub_status.remove(WARNING) {
        return;
    }
    item.status = ItemStatus::UnderReview;
    item.sub_status.insert(WAITING.to_owned());
    tell(world, item_id);
}

fn tell(world: &mut World, item_id: &str) {
    let now = world.now;
    let Some(item) = world.items.get_mut(item_id) else { return };
    item.updated = now;
    let seller = item.seller_id;
    lookup::notify(world, "items", seller, &format!("/items/{item_id}"), &[]);
}

/// Moderation removes a question. `None` when there is no such question.
pub fn strike_question(world: &mut World, question_id: i64) -> Option<i64> {
    let question = world.service.questions.all.get(&question_id)?;
    let (seller, item) = (question.seller_id, question.item_id.clone());
    questions::set_status(world, question_id, QuestionStatus::Banned);
    Some(write(world, seller, ("QUE", &question_id.to_string()), &item, Hit::BannedText))
}

fn write(world: &mut World, user_id: i64, element: (&str, &str), item_id: &str, hit: Hit) -> i64 {
    let id = world.ids.next(IDS);
    world.service.infractions.push(Infraction {
        id,
        user_id,
        element_type: element.0.to_owned(),
        element_id: element.1.to_owned(),
        item_id: item_id.to_owned(),
        hit,
        date_created: world.now,
    });
    id
}

/// `{element_id}-ITM`, `-QUE` or `-REV`
fn last(world: &mut World, call: &Call) -> Answer {
    let user = call.user_id()?;
    let (element, kind) = call
        .param("element")
        .rsplit_once('-')
        .filter(|(_, kind)| matches!(*kind, "ITM" | "QUE" | "REV"))
        .ok_or_else(|| reply::bad_request("bad_request", "The element must end in -ITM, -QUE or -REV"))?;
    let concerns = |it: &&Infraction| it.element_id == element && it.element_type == kind;
    let Some(found) = world.service.infractions.iter().rfind(concerns) else {
        return Err(reply::not_found("not_found", "Moderation not found"));
    };
    if found.user_id != user {
        return Err(reply::not_yours());
    }
    let mut wordings = vec![json!({"type": "REASON", "value": found.hit.reason()})];
    wordings.extend(found.hit.remedy().map(|remedy| json!({"type": "REMEDY", "value": remedy})));
    Ok(Reply::ok(json!([{
        "name": found.hit.subgroup(),
        "id": found.id.to_string(),
        "date_created": west_compact(found.date_created),
        "evidences": [{"section_name": "pictures", "text_matched": null}],
        "wordings": wordings,
    }])))
}

fn list(world: &mut World, call: &Call) -> Answer {
    let user = call.number("user")?;
    if user != call.user_id()? {
        return Err(reply::not_yours());
    }
    let page = call.page(MAX_LIMIT, usize::MAX)?;
    if page.limit == 0 || page.limit > MAX_LIMIT {
        return Err(reply::bad_request("bad_request", "The parameter limit must be between 1 and 20"));
    }
    let since = match call.query("date_created_since") {
        None => None,
        Some(day) => {
            let at = Timestamp::parse(&format!("{day}T00:00:00-04:00"));
            Some(at.ok_or_else(|| reply::bad_request("bad_request", "The date must be YYYY-MM-DD"))?)
        }
    };
    let fits = |it: &&Infraction| {
        it.user_id == user
            && since.is_none_or(|since| it.date_created >= since)
            && call.query("related_item_id").is_none_or(|item| it.item_id == item)
            && call.query("element_type").is_none_or(|kind| it.element_type == kind)
    };
    let mut found: Vec<&Infraction> = world.service.infractions.iter().filter(fits).collect();
    if call.query("sort").is_none_or(|sort| sort == "date_created_desc") {
        found.sort_by_key(|it| Reverse((it.date_created, it.id)));
    }
    let shown: Vec<Value> = page.of(&found).into_iter().map(Infraction::as_json).collect();
    Ok(Reply::ok(json!({"infractions": shown, "paging": page.paging(found.len())})))
}

impl Infraction {
    fn as_json(&self) -> Value {
        json!({
            "id": self.id.to_string(),
            "date_created": west_compact(self.date_created),
            "user_id": self.user_id,
            "related_item_id": self.item_id,
            "element_id": self.element_id,
            "element_type": self.element_type,
            "site_id": SITE,
            "filter_subgroup": self.hit.subgroup(),
            "reason": self.hit.reason(),
            "remedy": self.hit.remedy(),
        })
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::super::testing::{BUYER, SELLER, STRANGER, Shop};
    use super::*;

    fn struck(hit: Hit) -> Shop {
        let mut shop = Shop::open();
        let item = shop.item.clone();
        strike_item(&mut shop.world, &item, hit).unwrap();
        shop
    }

    fn last(shop: &mut Shop) -> Value {
        shop.get(&format!("/moderations/last_moderation/{}-ITM", shop.item)).document().clone()
    }

    #[test]
    fn a_mendable_hit_holds_the_item_and_tells_the_remedy() {
        let mut shop = struck(Hit::WaitingForPatch);
        let item = &shop.world.items[&shop.item];
        assert_eq!(item.status, ItemStatus::UnderReview);
        assert!(item.sub_status.contains("waiting_for_patch"));
        assert!(shop.heard("items").last().unwrap().ends_with(&shop.item));
        assert_eq!(last(&mut shop)[0]["wordings"][1]["type"], "REMEDY");
    }

    #[test]
    fn without_a_remedy_it_is_irreversible() {
        let mut shop = struck(Hit::Forbidden);
        assert_eq!(last(&mut shop)[0]["wordings"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn an_unusual_price_pauses_with_a_tag() {
        let shop = struck(Hit::PricePenalty);
        let item = &shop.world.items[&shop.item];
        assert_eq!(item.status, ItemStatus::Paused);
        assert!(item.tags.contains("moderation_penalty"));
    }

    #[test]
    fn infractions_are_listed_within_their_limit() {
        let mut shop = struck(Hit::Warning);
        let target = format!("/moderations/infractions/{SELLER}");
        let listed =
            shop.get(&format!("{target}?related_item_id={}&date_created_since=2026-11-01", shop.item));
        assert_eq!(listed.document()["infractions"][0]["element_type"], "ITM");
        let none = shop.get(&format!("{target}?date_created_since=2026-12-01"));
        assert_eq!(none.document()["infractions"], json!([]));
        for query in ["limit=21", "limit=0", "date_created_since=yesterday"] {
            assert_eq!(shop.get(&format!("{target}?{query}")).status, StatusCode::BAD_REQUEST, "{query}");
        }
        assert_eq!(shop.get_as(STRANGER, &target).status, StatusCode::FORBIDDEN);
    }

    #[test]
    fn a_warning_unmended_for_two_days_holds_the_item_back() {
        let mut shop = struck(Hit::Warning);
        assert_eq!(shop.world.items[&shop.item].status, ItemStatus::Active);
        shop.wait(WARNING_TIME);
        assert_eq!(shop.world.items[&shop.item].status, ItemStatus::UnderReview);
    }

    #[test]
    fn a_patch_brings_the_item_back_and_anything_else_is_refused() {
        let mut shop = struck(Hit::WaitingForPatch);
        let target = format!("/items/{}", shop.item);
        assert_eq!(shop.put(&target, &json!({"price": 90.0})).status, StatusCode::BAD_REQUEST);
        let patch = json!({"pictures": [{"source": "https://img.example/clean.jpg"}]});
        assert_eq!(shop.put(&target, &patch).status, StatusCode::OK);
        assert_eq!(shop.world.items[&shop.item].status, ItemStatus::UnderReview);
        shop.wait(REVIEW_TIME);
        assert_eq!(shop.world.items[&shop.item].status, ItemStatus::Active);
    }

    #[test]
    fn a_forbidden_item_takes_no_patch() {
        let mut shop = struck(Hit::Forbidden);
        let patch = json!({"pictures": [{"source": "https://img.example/clean.jpg"}]});
        assert_eq!(shop.put(&format!("/items/{}", shop.item), &patch).status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn the_end_of_an_item_ends_its_questions() {
        let mut shop = Shop::open();
        let item = shop.item.clone();
        let id = questions::put_question(&mut shop.world, &item, BUYER, "Tem?").unwrap();
        assert_eq!(shop.put(&format!("/items/{item}"), &json!({"status": "closed"})).status, StatusCode::OK);
        assert_eq!(shop.world.service.questions.all[&id].status, QuestionStatus::ClosedUnanswered);
    }

    #[test]
    fn an_item_that_was_never_struck_has_no_moderation() {
        let mut shop = Shop::open();
        let item = shop.item.clone();
        assert_eq!(
            shop.get(&format!("/moderations/last_moderation/{item}-ITM")).status,
            StatusCode::NOT_FOUND
        );
        assert_eq!(shop.get(&format!("/moderations/last_moderation/{item}")).status, StatusCode::BAD_REQUEST);
    }
}
