//! What buyers write about items, and the seller's replies (fact sheet §5).

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::args::Args;
use super::envelope::ok;
use super::market::Door;
use super::shop::own_id;
use super::world::secs;
use crate::call::Call;
use crate::reply::Answer;
use crate::table::{Route, get, post};

/// Comments of a page, replies of a call, and comments that can be reached at all.
const COMMENTS_PAGE_MAX: i64 = 100;
const REPLIES_MAX: usize = 100;
const COMMENTS_MAX: usize = 1_000;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub(crate) id: i64,
    pub(crate) shop_id: i64,
    pub(crate) order_sn: String,
    pub(crate) item_id: i64,
    pub(crate) model_id: i64,
    pub(crate) username: String,
    pub(crate) stars: i64,
    pub(crate) text: String,
    pub(crate) created: Timestamp,
    pub(crate) reply: Option<(String, Timestamp)>,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        get("/api/v2/product/get_comment", Door::Shop, comments),
        post("/api/v2/product/reply_comment", Door::Shop, reply),
    ]
}

fn document(review: &Review) -> Value {
    let mut body = json!({
        "comment_id": review.id, "order_sn": review.order_sn, "item_id": review.item_id, "model_id": review.model_id,
        "model_id_list": [review.model_id], "buyer_username": review.username, "rating_star": review.stars,
        "comment": review.text, "editable": "EXPIRED", "hidden": false, "create_time": secs(review.created),
        "media": {"image_url_list": [], "video_url_list": []},
    });
    if let Some((text, at)) = &review.reply {
        body["comment_reply"] = json!({"reply": text, "hidden": false, "create_time": secs(*at)});
    }
    body
}

fn comments(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let shop = own_id(call)?;
    let page = args.by_cursor(COMMENTS_PAGE_MAX, None)?;
    let (item, id) = (args.opt_int("item_id")?, args.opt_int("comment_id")?);
    let hits: Vec<Value> = world
        .reviews
        .iter()
        .rev()
        .filter(|it| {
            it.shop_id == shop
                && item.is_none_or(|item| it.item_id == item)
                && id.is_none_or(|id| it.id == id)
        })
        .take(COMMENTS_MAX)
        .map(document)
        .collect();
    let (rows, more) = page.of(&hits);
    let next = if more { page.next().to_string() } else { String::new() };
    ok(json!({"item_comment_list": rows, "more": more, "next_cursor": next}))
}

fn reply(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let (shop, now) = (own_id(call)?, world.now);
    let rows = args.rows("comment_list", REPLIES_MAX)?.iter().map(|row| {
        let id = row["comment_id"].as_i64().unwrap_or(0);
        let text = row["comment"].as_str().filter(|text| !text.is_empty());
        let review = world.reviews.iter_mut().find(|it| it.id == id && it.shop_id == shop);
        let why = match (review, text) {
            (None, _) => "The comment does not exist.",
            (Some(_), None) => "The reply is empty.",
            (Some(review), Some(_)) if review.reply.is_some() => "The comment was replied to before.",
            (Some(review), Some(text)) => {
                review.reply = Some((text.to_owned(), now));
                return json!({"comment_id": id});
            }
        };
        json!({"comment_id": id, "fail_error": "product.error_param", "fail_message": why})
    });
    ok(json!({"result_list": rows.collect::<Vec<_>>()}))
}
