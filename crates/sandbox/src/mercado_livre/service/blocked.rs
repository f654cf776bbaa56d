//! The buyers who may ask or buy no more (fact sheet §10).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::questions::invalid_post_body;
use crate::call::Call;
use crate::mercado_livre::World;
use crate::mercado_livre::gate::COMMUNICATION;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, delete, get, post};
use crate::text::loose_id;

/// The resources of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/users/{id}/questions_blacklist", COMMUNICATION, |world, call| {
            list_blocked(world, call, List::Asking)
        }),
        post("/users/{id}/questions_blacklist", COMMUNICATION, |world, call| {
            block(world, call, List::Asking)
        }),
        get("/users/{id}/questions_blacklist/{user}", COMMUNICATION, |world, call| {
            show_blocked(world, call, List::Asking)
        }),
        delete("/users/{id}/questions_blacklist/{user}", COMMUNICATION, |world, call| {
            unblock(world, call, List::Asking)
        }),
        get("/users/{id}/order_blacklist", COMMUNICATION, |world, call| {
            list_blocked(world, call, List::Buying)
        }),
        post("/users/{id}/order_blacklist", COMMUNICATION, |world, call| block(world, call, List::Buying)),
        get("/users/{id}/order_blacklist/{user}", COMMUNICATION, |world, call| {
            show_blocked(world, call, List::Buying)
        }),
        delete("/users/{id}/order_blacklist/{user}", COMMUNICATION, |world, call| {
            unblock(world, call, List::Buying)
        }),
        get("/block-api/search/users/{id}", COMMUNICATION, search_blocked),
    ]
}

/// The two lists of blocked buyers.
#[derive(Clone, Copy)]
enum List {
    Asking,
    Buying,
}

impl List {
    fn of(self, world: &mut World) -> &mut BTreeMap<i64, BTreeSet<i64>> {
        let questions = &mut world.service.questions;
        match self {
            Self::Asking => &mut questions.blocked_from_asking,
            Self::Buying => &mut questions.blocked_from_buying,
        }
    }
}

/// The seller named in the path, who must be the caller.
fn seller_in_path(call: &Call) -> Result<i64, Reply> {
    let seller = call.number("id")?;
    if seller == call.user_id()? { Ok(seller) } else { Err(reply::not_yours()) }
}

fn list_blocked(world: &mut World, call: &Call, list: List) -> Answer {
    let seller = seller_in_path(call)?;
    let users: Vec<Value> =
        list.of(world).get(&seller).into_iter().flatten().map(|id| json!({"user": {"id": id}})).collect();
    Ok(Reply::ok(json!(users)))
}

fn block(world: &mut World, call: &Call, list: List) -> Answer {
    let seller = seller_in_path(call)?;
    let body = call.json()?;
    let user = loose_id(&body["user_id"]).or_else(|| loose_id(&body["id"]));
    let user = user.ok_or_else(|| invalid_post_body("The field user_id is required"))?;
    if user == seller {
        return Err(reply::bad_request("bad_request", "A seller cannot block themselves"));
    }
    list.of(world).entry(seller).or_default().insert(user);
    Ok(Reply::created(json!({"user_id": user, "seller_id": seller})))
}

fn blocked_user(world: &mut World, call: &Call, list: List) -> Result<(i64, i64), Reply> {
    let (seller, user) = (seller_in_path(call)?, call.number("user")?);
    if list.of(world).get(&seller).is_some_and(|users| users.contains(&user)) {
        Ok((seller, user))
    } else {
        Err(reply::not_found("not_found", &format!("User {user} is not blocked")))
    }
}

fn show_blocked(world: &mut World, call: &Call, list: List) -> Answer {
    let (_, user) = blocked_user(world, call, list)?;
    Ok(Reply::ok(json!({"user": {"id": user}, "blocked": true})))
}

fn unblock(world: &mut World, call: &Call, list: List) -> Answer {
    let (seller, user) = blocked_user(world, call, list)?;
    list.of(world).entry(seller).or_default().remove(&user);
    Ok(Reply::ok(json!(["User unblocked."])))
}

fn search_blocked(world: &mut World, call: &Call) -> Answer {
    let seller = seller_in_path(call)?;
    let list = match call.query("type") {
        Some("blocked_by_questions") => List::Asking,
        Some("blocked_by_order") => List::Buying,
        _ => {
            let message = "The parameter type must be blocked_by_questions or blocked_by_order";
            return Err(reply::bad_request("bad_request", message));
        }
    };
    let page = call.page(50, 100)?;
    let users: Vec<i64> = list.of(world).get(&seller).into_iter().flatten().copied().collect();
    let shown: Vec<Value> = page.of(&users).iter().map(|id| json!({"id": id})).collect();
    Ok(Reply::ok(json!({"paging": page.paging(users.len()), "users": shown})))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::super::questions::put_question;
    use super::super::testing::{BUYER, SELLER, Shop};
    use super::*;

    #[test]
    fn a_blocked_buyer_asks_no_more_until_unblocked() {
        let mut shop = Shop::open();
        let item = shop.item.clone();
        let list = format!("/users/{SELLER}/questions_blacklist");
        assert_eq!(shop.post(&list, &json!({"user_id": BUYER})).status, StatusCode::CREATED);
        let refused = put_question(&mut shop.world, &item, BUYER, "E agora?").unwrap_err();
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let blocked = shop.get(&format!("/block-api/search/users/{SELLER}?type=blocked_by_questions"));
        assert_eq!(blocked.document()["users"], json!([{"id": BUYER}]));
        shop.delete(&format!("{list}/{BUYER}"));
        assert!(put_question(&mut shop.world, &item, BUYER, "E agora?").is_ok());
    }
}
