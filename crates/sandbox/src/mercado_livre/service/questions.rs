//! Questions before the sale, their answers, and the buyers who may ask no more
//! (fact sheet §10).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::lookup;
use super::speech;
use crate::call::Call;
use crate::dates::{west, zulu};
use crate::ids::Series;
use crate::mercado_livre::World;
use crate::mercado_livre::gate::COMMUNICATION;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, delete, get, post};
use crate::text::loose_id;

/// Longest answer, in characters.
pub const MAX_ANSWER_LENGTH: usize = 2_000;
/// Unanswered questions disappear after this long: seven months.
pub const UNANSWERED_RETENTION: Duration = Duration::from_hours(7 * 30 * 24);
/// Offset paging ends here, as with items.
const MAX_OFFSET: usize = 1_000;
const IDS: Series = Series::new("question", 13_050_000_000);

/// Where a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QuestionStatus {
    /// Waits for the seller.
    Unanswered,
    /// Has its one answer.
    Answered,
    /// The item ended before an answer came.
    ClosedUnanswered,
    /// The platform looks at it.
    UnderReview,
    /// The platform removed it; its text is gone.
    Banned,
    /// The seller removed it.
    Deleted,
    /// Switched off with its item or user.
    Disabled,
}

/// Where an answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AnswerStatus {
    /// The buyer sees it.
    Active,
    /// Switched off.
    Disabled,
    /// It held contact data or a link.
    Banned,
}

/// The seller's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionAnswer {
    /// What was answered; empty when banned.
    pub text: String,
    /// Whether the buyer sees it.
    pub status: AnswerStatus,
    /// When it was given.
    pub date_created: Timestamp,
}

/// A buyer's question about an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The id.
    pub id: i64,
    /// When it was asked.
    pub date_created: Timestamp,
    /// What it is about.
    pub item_id: String,
    /// Who must answer.
    pub seller_id: i64,
    /// Who asks.
    pub buyer_id: i64,
    /// Where it stands.
    pub status: QuestionStatus,
    /// What is asked; empty when banned.
    pub text: String,
    /// The answer, when there is one.
    pub answer: Option<QuestionAnswer>,
    /// True when the seller hides it from the listing.
    pub hidden: bool,
}

/// All questions, and who is blocked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Questions {
    /// By id.
    pub all: BTreeMap<i64, Question>,
    /// Buyers who may not ask, by seller.
    pub blocked_from_asking: BTreeMap<i64, BTreeSet<i64>>,
    /// Buyers who may not buy, by seller.
    pub blocked_from_buying: BTreeMap<i64, BTreeSet<i64>>,
}

/// The resources of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/questions/search", COMMUNICATION, search),
        get("/my/received_questions/search", COMMUNICATION, search),
        get("/questions/{id}", COMMUNICATION, show),
        delete("/questions/{id}", COMMUNICATION, remove),
        post("/questions", COMMUNICATION, ask),
        post("/answers", COMMUNICATION, answer),
        post("/my/questions/hidden", COMMUNICATION, hide),
        get("/users/{id}/questions/response_time", COMMUNICATION, response_time),
    ]
}

impl Question {
    /// True once the platform has thrown it away.
    fn is_purged(&self, now: Timestamp) -> bool {
        self.status == QuestionStatus::Unanswered && now.since(self.date_created) > UNANSWERED_RETENTION
    }

    /// As the API shows it; `by_id` has the date with nine digits of fraction.
    fn as_json(&self, by_id: bool) -> Value {
        let date = |at: Timestamp| if by_id { zulu(at).replace('Z', "000000Z") } else { west(at) };
        json!({
            "id": self.id,
            "date_created": date(self.date_created),
            "item_id": self.item_id,
            "seller_id": self.seller_id,
            "status": self.status,
            "text": self.text,
            "deleted_from_listing": self.hidden || self.status == QuestionStatus::Deleted,
            "hold": false,
            "suspected_spam": false,
            "tags": [],
            "answer": self.answer.as_ref().map(|answer| json!({
                "text": answer.text,
                "status": answer.status,
                "date_created": date(answer.date_created),
            })),
            "from": {"id": self.buyer_id},
        })
    }
}

/// Puts a buyer's question before the seller of `item_id`, and says so to the application.
pub fn put_question(world: &mut World, item_id: &str, buyer_id: i64, text: &str) -> Result<i64, Reply> {
    let seller_id = lookup::item_owner(world, item_id)
        .ok_or_else(|| reply::not_found("item_not_found", &format!("Item {item_id} not found")))?;
    let blocked = &world.service.questions.blocked_from_asking;
    if blocked.get(&seller_id).is_some_and(|users| users.contains(&buyer_id)) {
        return Err(reply::error(
            StatusCode::FORBIDDEN,
            "forbidden",
            "User is blocked to make questions to the seller",
        ));
    }
    let id = world.ids.next(IDS);
    let question = Question {
        id,
        date_created: world.now,
        item_id: item_id.to_owned(),
        seller_id,
        buyer_id,
        status: QuestionStatus::Unanswered,
        text: text.to_owned(),
        answer: None,
        hidden: false,
    };
    world.service.questions.all.insert(id, question);
    tell(world, id);
    Ok(id)
}

fn tell(world: &mut World, id: i64) {
    if let Some(seller_id) = world.service.questions.all.get(&id).map(|question| question.seller_id) {
        lookup::notify(world, "questions", seller_id, &format!("/questions/{id}"), &["created"]);
    }
}

/// Closes the open questions of an item that has ended.
pub fn close_of_item(world: &mut World, item_id: &str) {
    let open: Vec<i64> = world
        .service
        .questions
        .all
        .values()
        .filter(|question| question.item_id == item_id && question.status == QuestionStatus::Unanswered)
        .map(|question| question.id)
        .collect();
    for id in open {
        set_status(world, id, QuestionStatus::ClosedUnanswered);
    }
}

/// Moves a question to another status; a banned one loses its text.
pub fn set_status(world: &mut World, id: i64, status: QuestionStatus) {
    let Some(question) = world.service.questions.all.get_mut(&id) else { return };
    question.status = status;
    if status == QuestionStatus::Banned {
        question.text.clear();
    }
    tell(world, id);
}

fn api_version_four(call: &Call) -> Result<(), Reply> {
    if call.query("api_version") == Some("4") {
        return Ok(());
    }
    Err(reply::bad_request("bad_request", "The parameter api_version=4 is required"))
}

fn invalid_question(text: &str) -> Reply {
    reply::not_found("invalid_question", &format!("The question {text} does not exist"))
}

/// The question, for its seller or buyer.
fn readable(world: &World, call: &Call, id: i64) -> Result<Question, Reply> {
    let user = call.user_id()?;
    let question = world.service.questions.all.get(&id).filter(|question| !question.is_purged(world.now));
    let question = question.ok_or_else(|| invalid_question(&id.to_string()))?;
    if question.seller_id == user || question.buyer_id == user {
        Ok(question.clone())
    } else {
        Err(reply::not_yours())
    }
}

fn show(world: &mut World, call: &Call) -> Answer {
    api_version_four(call)?;
    Ok(Reply::ok(readable(world, call, call.number("id")?)?.as_json(true)))
}

fn search(world: &mut World, call: &Call) -> Answer {
    api_version_four(call)?;
    let user = call.user_id()?;
    let id_of = |name: &str| call.query(name).map(str::parse::<i64>).transpose();
    let bad = |_| reply::bad_request("bad_request", "seller_id and from must be numbers");
    let (seller, from) = (id_of("seller_id").map_err(bad)?, id_of("from").map_err(bad)?);
    let item = call.query("item").or_else(|| call.query("item_id"));
    if seller.is_none() && from.is_none() && item.is_none() && call.path.starts_with("/questions") {
        return Err(reply::bad_request("bad_request", "One of seller_id, item or from is required"));
    }
    if seller.is_some_and(|seller| seller != user) {
        return Err(reply::not_yours());
    }
    let page = call.page(50, 100)?;
    if page.offset > MAX_OFFSET {
        return Err(reply::bad_request(
            "bad_request",
            "Offset exceeds the maximum of 1000, use search_type=scan",
        ));
    }
    let wanted_status = call.query("status");
    let matches = |question: &&Question| {
        let status = json!(question.status);
        (question.seller_id == user || question.buyer_id == user)
            && !question.is_purged(world.now)
            && question.status != QuestionStatus::Deleted
            && from.is_none_or(|from| question.buyer_id == from)
            && item.is_none_or(|item| question.item_id == item)
            && wanted_status.is_none_or(|wanted| status == wanted)
    };
    let mut found: Vec<&Question> = world.service.questions.all.values().filter(matches).collect();
    let descending = call.query("sort_types").is_none_or(|order| order.eq_ignore_ascii_case("DESC"));
    if descending {
        found.sort_by_key(|question| Reverse((question.date_created, question.id)));
    }
    let questions: Vec<Value> = page.of(&found).iter().map(|question| question.as_json(false)).collect();
    Ok(Reply::ok(json!({
        "total": found.len(),
        "limit": page.limit,
        "questions": questions,
        "filters": {"limit": page.limit, "offset": page.offset, "api_version": "4", "is_admin": false,
            "sorts": [], "caller": user, "seller": user.to_string(), "client_id": call.caller()?.client_id},
        "available_filters": [
            {"id": "item", "name": "Item", "type": "text"},
            {"id": "from", "name": "From user id", "type": "number"},
            {"id": "status", "name": "Status", "type": "text",
                "values": ["ANSWERED", "BANNED", "CLOSED_UNANSWERED", "DELETED", "DISABLED", "UNANSWERED", "UNDER_REVIEW"]},
        ],
        "available_sorts": ["item_id", "from_id", "date_created", "seller_id"],
    })))
}

pub(super) fn invalid_post_body(message: &str) -> Reply {
    reply::bad_request("invalid_post_body", message)
}

fn ask(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let (Some(text), Some(item)) = (body["text"].as_str(), body["item_id"].as_str()) else {
        return Err(invalid_post_body("The fields text and item_id are required"));
    };
    let buyer = call.user_id()?;
    if lookup::item_owner(world, item) == Some(buyer) {
        return Err(reply::bad_request("bad_request", "The seller cannot ask about their own item"));
    }
    let id = put_question(world, item, buyer, text)?;
    Ok(Reply::created(world.service.questions.all[&id].as_json(true)))
}

fn answer(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let (Some(id), Some(text)) = (loose_id(&body["question_id"]), body["text"].as_str()) else {
        return Err(invalid_post_body("The fields question_id and text are required"));
    };
    if text.trim().is_empty() || text.chars().count() > MAX_ANSWER_LENGTH {
        return Err(invalid_post_body(&format!(
            "The text must have between 1 and {MAX_ANSWER_LENGTH} characters"
        )));
    }
    let question = readable(world, call, id)?;
    if question.seller_id != call.user_id()? {
        return Err(reply::not_yours());
    }
    if question.status != QuestionStatus::Unanswered {
        let message = format!("Question {id} is not unanswered, its status is {}", json!(question.status));
        return Err(reply::bad_request("not_unanswered_question", &message));
    }
    let banned = speech::offence(text).is_some();
    let given = QuestionAnswer {
        text: if banned { String::new() } else { text.to_owned() },
        status: if banned { AnswerStatus::Banned } else { AnswerStatus::Active },
        date_created: world.now,
    };
    if let Some(question) = world.service.questions.all.get_mut(&id) {
        question.answer = Some(given);
        question.status = QuestionStatus::Answered;
    }
    tell(world, id);
    Ok(Reply::ok(world.service.questions.all[&id].as_json(true)))
}

fn own(world: &World, call: &Call, id: i64) -> Result<(), Reply> {
    if readable(world, call, id)?.seller_id == call.user_id()? { Ok(()) } else { Err(reply::not_yours()) }
}

fn remove(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    own(world, call, id)?;
    set_status(world, id, QuestionStatus::Deleted);
    Ok(Reply::ok(json!(["Question deleted."])))
}

fn hide(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let named = &body["question_id"];
    let ids: Vec<i64> = match named.as_array() {
        Some(several) => several.iter().filter_map(loose_id).collect(),
        None => loose_id(named).into_iter().collect(),
    };
    if ids.is_empty() {
        return Err(invalid_post_body("The field question_id is required"));
    }
    for id in &ids {
        own(world, call, *id)?;
    }
    for id in ids {
        if let Some(question) = world.service.questions.all.get_mut(&id) {
            question.hidden = true;
        }
    }
    Ok(Reply::ok(json!(["Questions hidden."])))
}

fn response_time(world: &mut World, call: &Call) -> Answer {
    let seller = call.number("id")?;
    let spans: Vec<u64> = world
        .service
        .questions
        .all
        .values()
        .filter(|question| question.seller_id == seller)
        .filter_map(|question| {
            Some(question.answer.as_ref()?.date_created.since(question.date_created).as_secs() / 60)
        })
        .collect();
    let count = u64::try_from(spans.len()).unwrap_or(u64::MAX);
    let minutes = spans.iter().sum::<u64>().checked_div(count);
    let block = json!({"response_time": minutes, "sales_percent_increase": null});
    Ok(Reply::ok(json!({
        "user_id": seller,
        "total": {"response_time": minutes},
        "weekdays_working_hours": block,
        "weekdays_extra_hours": block,
        "weekend": block,
    })))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{BUYER, SELLER, STRANGER, Shop};
    use super::*;

    fn shop_with_question() -> (Shop, i64) {
        let mut shop = Shop::open();
        let item = shop.item.clone();
        let id = put_question(&mut shop.world, &item, BUYER, "Tem na cor azul?").unwrap();
        (shop, id)
    }

    #[test]
    fn a_question_is_announced_found_and_answered() {
        let (mut shop, id) = shop_with_question();
        assert_eq!(shop.heard("questions"), [format!("/questions/{id}")]);
        let found =
            shop.get(&format!("/questions/search?seller_id={SELLER}&status=UNANSWERED&api_version=4"));
        assert_eq!(found.document()["total"], 1);
        assert_eq!(found.document()["questions"][0]["from"]["id"], BUYER);
        assert_eq!(found.document()["questions"][0]["answer"], Value::Null);
        let answered = shop.post("/answers", &json!({"question_id": id, "text": "Sim, temos."}));
        assert_eq!((answered.status, &answered.document()["status"]), (StatusCode::OK, &json!("ANSWERED")));
        assert_eq!(answered.document()["answer"]["status"], "ACTIVE");
    }

    #[test]
    fn a_second_answer_is_refused() {
        let (mut shop, id) = shop_with_question();
        shop.post("/answers", &json!({"question_id": id, "text": "Sim."}));
        let second = shop.post("/answers", &json!({"question_id": id, "text": "Não."}));
        assert_eq!(second.status, StatusCode::BAD_REQUEST);
        assert_eq!(second.document()["error"], "not_unanswered_question");
    }

    #[test]
    fn an_answer_must_have_text_of_at_most_2000_characters() {
        let (mut shop, id) = shop_with_question();
        for text in ["", &"x".repeat(2_001)] {
            let refused = shop.post("/answers", &json!({"question_id": id, "text": text}));
            assert_eq!(refused.document()["error"], "invalid_post_body");
        }
        assert_eq!(shop.post("/answers", &json!({"text": "?"})).document()["error"], "invalid_post_body");
    }

    #[test]
    fn an_answer_with_contact_data_is_banned_and_empty() {
        let (mut shop, id) = shop_with_question();
        let answered = shop.post("/answers", &json!({"question_id": id, "text": "Chama no whatsapp"}));
        assert_eq!(answered.document()["answer"]["status"], "BANNED");
        assert_eq!(answered.document()["answer"]["text"], "");
    }

    #[test]
    fn without_api_version_4_nothing_is_shown() {
        let (mut shop, id) = shop_with_question();
        for target in [format!("/questions/{id}"), format!("/questions/search?seller_id={SELLER}")] {
            assert_eq!(shop.get(&target).status, StatusCode::BAD_REQUEST, "{target}");
        }
    }

    #[test]
    fn a_stranger_sees_no_question_and_no_search_of_another() {
        let (mut shop, id) = shop_with_question();
        let shown = shop.get_as(STRANGER, &format!("/questions/{id}?api_version=4"));
        let found = shop.get_as(STRANGER, &format!("/questions/search?seller_id={SELLER}&api_version=4"));
        assert_eq!([shown.status, found.status], [StatusCode::FORBIDDEN; 2]);
    }

    #[test]
    fn an_unknown_question_is_invalid_question() {
        let unknown = Shop::open().get("/questions/1?api_version=4");
        assert_eq!(
            (unknown.status, &unknown.document()["error"]),
            (StatusCode::NOT_FOUND, &json!("invalid_question"))
        );
    }

    #[test]
    fn the_date_by_id_has_nine_digits_of_fraction() {
        let (mut shop, id) = shop_with_question();
        let shown = shop.get(&format!("/questions/{id}?api_version=4"));
        assert_eq!(shown.document()["date_created"], "2026-11-10T12:00:10.000000000Z");
    }

    #[test]
    fn after_seven_months_without_an_answer_a_question_is_gone() {
        let (mut shop, id) = shop_with_question();
        shop.wait(UNANSWERED_RETENTION + Duration::from_secs(1));
        assert_eq!(shop.get(&format!("/questions/{id}?api_version=4")).status, StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_banned_question_loses_its_text_and_is_announced() {
        let (mut shop, id) = shop_with_question();
        set_status(&mut shop.world, id, QuestionStatus::Banned);
        let shown = shop.get(&format!("/questions/{id}?api_version=4"));
        assert_eq!((&shown.document()["status"], &shown.document()["text"]), (&json!("BANNED"), &json!("")));
        assert_eq!(shop.heard("questions").len(), 2);
    }

    #[test]
    fn a_deleted_question_says_so_and_leaves_the_search() {
        let (mut shop, id) = shop_with_question();
        assert_eq!(shop.delete(&format!("/questions/{id}")).document(), &json!(["Question deleted."]));
        let found = shop.get(&format!("/questions/search?seller_id={SELLER}&api_version=4"));
        assert_eq!(found.document()["total"], 0);
    }

    #[test]
    fn the_end_of_an_item_closes_its_open_questions() {
        let (mut shop, id) = shop_with_question();
        let item = shop.item.clone();
        close_of_item(&mut shop.world, &item);
        assert_eq!(shop.world.service.questions.all[&id].status, QuestionStatus::ClosedUnanswered);
    }
}
