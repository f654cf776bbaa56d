//! Reading claims: search, detail, history, messages (fact sheet §15).

use std::cmp::Reverse;

use domain::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::claims::{BUYER_ROLE, Claim, ClaimMessage, ClaimStage, Expectation, Problem, SELLER_ROLE};
use crate::call::Call;
use crate::dates::west;
use crate::mercado_livre::gate::AFTER_SALE;
use crate::mercado_livre::{SITE, World};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get};

/// `offset + limit` of a search stays below this.
const SEARCH_CEILING: usize = 10_000;
/// Most claims of one page; larger wishes are clamped.
const MAX_LIMIT: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/post-purchase/v1/claims/search", AFTER_SALE, search),
        get("/post-purchase/v1/claims/{id}", AFTER_SALE, show),
        get("/post-purchase/v1/claims/{id}/detail", AFTER_SALE, detail),
        get("/post-purchase/v1/claims/{id}/actions-history", AFTER_SALE, actions_history),
        get("/post-purchase/v1/claims/{id}/status-history", AFTER_SALE, status_history),
        get("/post-purchase/v1/claims/{id}/affects-reputation", AFTER_SALE, affects_reputation),
        get("/post-purchase/v1/claims/reasons/{reason}", AFTER_SALE, reason),
        get("/post-purchase/v1/claims/{id}/messages", AFTER_SALE, messages),
        get("/post-purchase/v1/claims/{id}/evidences", AFTER_SALE, evidences),
        get("/post-purchase/v1/claims/{id}/expected-resolutions", AFTER_SALE, expected_resolutions),
    ]
}

/// A refusal in the shape of the claims resources.
pub(super) fn refuse(status: StatusCode, error: &str, message: &str) -> Reply {
    Reply::json(status, json!({"code": status.as_u16(), "error": error, "message": message, "cause": null}))
}

/// 400: the seller may not do this now.
pub(super) fn action_missing(action: &str) -> Reply {
    let message = format!("Action {action} not available for player");
    refuse(StatusCode::BAD_REQUEST, "bad_request_error", &message)
}

/// The claim in the path, for its seller.
pub(super) fn own_claim<'a>(world: &'a World, call: &Call) -> Result<&'a Claim, Reply> {
    let id = call.number("id")?;
    let claim = world.service.claims.get(&id);
    let claim = claim
        .ok_or_else(|| refuse(StatusCode::NOT_FOUND, "not_found_error", &format!("Claim {id} not found")))?;
    if claim.seller_id == call.user_id()? { Ok(claim) } else { Err(reply::invalid_caller_of_claims()) }
}

impl Claim {
    /// As the API shows it.
    #[must_use]
    pub fn as_json(&self) -> Value {
        let actions: Vec<Value> = self
            .seller_actions()
            .iter()
            .map(|(action, mandatory)| json!({"action": action, "mandatory": mandatory, "due_date": west(self.due)}))
            .collect();
        json!({
            "id": self.id,
            "resource": "order",
            "resource_id": self.order_id,
            "status": self.status(),
            "type": self.kind.word(),
            "stage": self.stage,
            "parent_id": null,
            "reason_id": self.problem.reason_id(),
            "fulfilled": self.fulfilled,
            "quantity_type": if self.quantity < self.ordered { "partial" } else { "total" },
            "claimed_quantity": self.quantity,
            "claim_version": 2.0,
            "players": [
                {"role": BUYER_ROLE, "type": "buyer", "user_id": self.buyer_id, "available_actions": []},
                {"role": SELLER_ROLE, "type": "seller", "user_id": self.seller_id, "available_actions": actions},
            ],
            "resolution": self.resolution.as_ref().map(|end| json!({
                "reason": end.reason,
                "date_created": west(end.date_created),
                "benefited": [end.benefited],
                "closed_by": end.closed_by,
                "applied_coverage": false,
            })),
            "site_id": SITE,
            "date_created": west(self.created),
            "last_updated": west(self.updated),
            "related_entities": self.related_entities(),
        })
    }

    const fn status(&self) -> &'static str {
        if self.is_open() { "opened" } else { "closed" }
    }
}

fn show(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(own_claim(world, call)?.as_json()))
}

fn detail(world: &mut World, call: &Call) -> Answer {
    let claim = own_claim(world, call)?;
    let responsible = match claim.stage {
        _ if !claim.is_open() => None,
        ClaimStage::Dispute => Some("mediator"),
        ClaimStage::Claim => Some("seller"),
    };
    Ok(Reply::ok(json!({
        "due_date": claim.is_open().then(|| west(claim.due)),
        "action_responsible": responsible,
        "title": if claim.is_open() { "Reclamação aberta" } else { "Reclamação encerrada" },
        "description": claim.problem.words(),
        "problem": claim.problem.words(),
    })))
}

fn actions_history(world: &mut World, call: &Call) -> Answer {
    let claim = own_claim(world, call)?;
    let line = |deed: &super::claims::Deed| {
        json!({"action_name": deed.action, "player_role": deed.player_role, "claim_stage": deed.stage,
            "claim_status": "opened", "action_reason_id": null, "date_created": west(deed.date)})
    };
    Ok(Reply::ok(claim.deeds.iter().map(line).collect()))
}

fn status_history(world: &mut World, call: &Call) -> Answer {
    let claim = own_claim(world, call)?;
    let mut lines = vec![
        json!({"stage": "claim", "status": "opened", "date": west(claim.created), "change_by": BUYER_ROLE}),
    ];
    lines.extend(claim.deeds.iter().filter(|deed| deed.action == "open_dispute").map(
        |deed| json!({"stage": "dispute", "status": "opened", "date": west(deed.date), "change_by": deed.player_role}),
    ));
    lines.extend(claim.resolution.as_ref().map(
        |end| json!({"stage": claim.stage, "status": "closed", "date": west(end.date_created), "change_by": end.closed_by}),
    ));
    Ok(Reply::ok(json!(lines)))
}

fn affects_reputation(world: &mut World, call: &Call) -> Answer {
    let claim = own_claim(world, call)?;
    let affects = match &claim.resolution {
        Some(end) if end.reason == "respondent_timeout" || claim.stage == ClaimStage::Dispute => "affected",
        Some(_) => "not_affected",
        None => "not_applies",
    };
    Ok(Reply::ok(json!({"affects_reputation": affects, "has_incentive": claim.is_open(),
        "due_date": claim.is_open().then(|| west(claim.due))})))
}

fn reason(_: &mut World, call: &Call) -> Answer {
    let wanted = call.param("reason");
    let problem =
        [Problem::Pnr, Problem::Pdd, Problem::Cs].into_iter().find(|problem| problem.reason_id() == wanted);
    let problem = problem.ok_or_else(|| {
        refuse(StatusCode::NOT_FOUND, "not_found_error", &format!("Reason {wanted} not found"))
    })?;
    let flow = match problem {
        Problem::Pnr => "post_purchase_pnr",
        Problem::Pdd => "post_purchase_pdd",
        Problem::Cs => "post_purchase_cancel",
    };
    Ok(Reply::ok(json!({"id": wanted, "flow": flow, "name": problem.words(), "detail": problem.words(),
        "position": 1, "status": "active", "children_title": null, "parent_id": null, "site_id": SITE,
        "settings": {"allowed_flows": ["mediations"], "expected_resolutions": ["refund", "return_product"]}})))
}

impl ClaimMessage {
    fn as_json(&self) -> Value {
        let attachments: Vec<Value> = self
            .attachments
            .iter()
            .map(|name| json!({"filename": name, "original_filename": name, "date_created": west(self.date_created)}))
            .collect();
        json!({
            "sender_role": self.sender_role,
            "receiver_role": self.receiver_role,
            "message": self.text,
            "translated_message": null,
            "stage": self.stage,
            "date_created": west(self.date_created),
            "last_updated": west(self.date_created),
            "message_date": west(self.date_created),
            "date_read": null,
            "attachments": attachments,
            "status": "available",
            "message_moderation": {"status": "clean", "reason": "", "source": "online", "date_moderated": west(self.date_created)},
            "repeated": false,
            "hash": self.hash,
        })
    }
}

fn messages(world: &mut World, call: &Call) -> Answer {
    let claim = own_claim(world, call)?;
    Ok(Reply::ok(claim.messages.iter().rev().map(ClaimMessage::as_json).collect()))
}

fn evidences(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(json!(own_claim(world, call)?.evidences)))
}

impl Expectation {
    fn as_json(&self) -> Value {
        let details: Vec<Value> = self
            .percentage
            .iter()
            .map(|percentage| json!({"key": "percentage", "value": percentage.to_string()}))
            .collect();
        json!({"player_role": self.player_role, "user_id": self.user_id, "expected_resolution": self.wish,
            "details": details, "status": self.status, "date_created": west(self.date_created),
            "last_updated": west(self.date_created)})
    }
}

fn expected_resolutions(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(own_claim(world, call)?.expectations.iter().map(Expectation::as_json).collect()))
}

fn invalid_query(message: &str) -> Reply {
    refuse(StatusCode::BAD_REQUEST, "invalid_query", message)
}

/// The filters of a search that count as real, with the test each one makes.
fn filter_value(claim: &Claim, world: &World, name: &str) -> Option<String> {
    let stage = |stage: ClaimStage| if stage == ClaimStage::Claim { "claim" } else { "dispute" };
    let order = world.orders.get(&claim.order_id);
    Some(match name {
        "id" | "claim_id" => claim.id.to_string(),
        "status" => claim.status().to_owned(),
        "type" => claim.kind.word().to_owned(),
        "stage" => stage(claim.stage).to_owned(),
        "resource" => "order".to_owned(),
        "resource_id" | "order_id" => claim.order_id.to_string(),
        "pack_id" => order.and_then(|order| order.pack_id)?.to_string(),
        "reason_id" => claim.problem.reason_id().to_owned(),
        "site_id" => SITE.to_owned(),
        "players.user_id" | "players.role" => return None,
        _ => return Some(String::new()),
    })
}

const FILTERS: [&str; 12] = [
    "id",
    "claim_id",
    "status",
    "type",
    "stage",
    "resource",
    "resource_id",
    "order_id",
    "pack_id",
    "reason_id",
    "site_id",
    "players.user_id",
];

fn check_query(call: &Call) -> Result<(), Reply> {
    let has = |name: &str| call.query(name).is_some();
    if !FILTERS.iter().any(|name| has(name)) && !has("range") {
        return Err(invalid_query("At least one filter is required"));
    }
    if has("players.role") != has("players.user_id") {
        return Err(invalid_query("players.role and players.user_id must be sent together"));
    }
    if has("resource") != has("resource_id") {
        return Err(invalid_query("resource and resource_id must be sent together"));
    }
    if has("order_id") && has("pack_id") {
        return Err(invalid_query("order_id and pack_id must not be sent together"));
    }
    Ok(())
}

/// `last_updated:after:2026-11-01T00:00:00.000-0300,before:…`
struct Range {
    by_update: bool,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Range {
    fn parse(text: &str) -> Result<Self, Reply> {
        let (field, bounds) = text.split_once(':').ok_or_else(|| invalid_query("Invalid range"))?;
        let mut range = Self { by_update: field == "last_updated", after: None, before: None };
        if !range.by_update && field != "date_created" {
            return Err(invalid_query(&format!("Invalid range field {field}")));
        }
        for bound in bounds.split(',') {
            let (kind, date) = bound.split_once(':').ok_or_else(|| invalid_query("Invalid range"))?;
            // The query turns the plus of a zone into a space.
            let date = date.replace(' ', "+");
            let at = Timestamp::parse(&date).filter(|_| date.contains('.'));
            let at =
                at.ok_or_else(|| invalid_query(&format!("Invalid date {date}: milliseconds are required")))?;
            match kind {
                "after" => range.after = Some(at),
                "before" => range.before = Some(at),
                other => return Err(invalid_query(&format!("Invalid range operator {other}"))),
            }
        }
        Ok(range)
    }

    fn holds(&self, claim: &Claim) -> bool {
        let at = if self.by_update { claim.updated } else { claim.created };
        self.after.is_none_or(|after| at > after) && self.before.is_none_or(|before| at < before)
    }
}

fn search(world: &mut World, call: &Call) -> Answer {
    check_query(call)?;
    let user = call.user_id()?;
    let page = call.page(30, MAX_LIMIT)?;
    if page.offset + page.limit >= SEARCH_CEILING {
        return Err(invalid_query("offset + limit must be lower than 10000"));
    }
    let range = call.query("range").map(Range::parse).transpose()?;
    let player = (call.query("players.role"), call.query("players.user_id"));
    let fits = |claim: &&Claim| {
        let by_field = FILTERS.iter().all(|name| {
            let Some(wanted) = call.query(name) else { return true };
            filter_value(claim, world, name).is_none_or(|value| wanted.split(',').any(|one| one == value))
        });
        let by_player = match player {
            (Some(SELLER_ROLE), Some(id)) => claim.seller_id.to_string() == id,
            (Some(BUYER_ROLE), Some(id)) => claim.buyer_id.to_string() == id,
            (Some(_), _) => false,
            (None, _) => true,
        };
        claim.seller_id == user
            && by_field
            && by_player
            && range.as_ref().is_none_or(|range| range.holds(claim))
    };
    let mut found: Vec<&Claim> = world.service.claims.values().filter(fits).collect();
    match call.query("sort") {
        Some("last_updated:desc") => found.sort_by_key(|claim| Reverse((claim.updated, claim.id))),
        Some("last_updated:asc" | "last_updated") => found.sort_by_key(|claim| (claim.updated, claim.id)),
        Some("date_created:asc" | "date_created") => found.sort_by_key(|claim| (claim.created, claim.id)),
        _ => found.sort_by_key(|claim| Reverse((claim.created, claim.id))),
    }
    let data: Vec<Value> = page.of(&found).into_iter().map(Claim::as_json).collect();
    Ok(Reply::ok(json!({"paging": page.paging(found.len()), "data": data})))
}

#[cfg(test)]
mod tests {
    use super::super::claims;
    use super::super::testing::{SELLER, Shop};
    use super::*;

    const SEARCH: &str = "/post-purchase/v1/claims/search";

    fn claimed() -> (Shop, i64, i64) {
        let mut shop = Shop::open();
        let order = shop.sell();
        let id = claims::open(&mut shop.world, order, Problem::Pnr, "Não chegou").unwrap();
        (shop, order, id)
    }

    #[test]
    fn a_claim_has_every_field_of_the_sheet() {
        let (mut shop, order, id) = claimed();
        let shown = shop.get(&format!("/post-purchase/v1/claims/{id}"));
        let claim = shown.document();
        assert_eq!((&claim["resource"], &claim["resource_id"]), (&json!("order"), &json!(order)));
        assert_eq!((&claim["stage"], &claim["type"]), (&json!("claim"), &json!("mediations")));
        assert_eq!(claim["players"][1]["available_actions"][0]["due_date"], "2026-11-13T08:02:10.000-04:00");
        for field in
            ["parent_id", "reason_id", "fulfilled", "quantity_type", "claim_version", "related_entities"]
        {
            assert!(claim.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn a_search_needs_a_real_filter_and_its_pairs() {
        let (mut shop, order, _) = claimed();
        for query in [
            "limit=10".to_owned(),
            "sort=last_updated:desc".to_owned(),
            format!("players.user_id={SELLER}"),
            format!("status=opened&resource_id={order}"),
            format!("order_id={order}&pack_id=1"),
            "status=opened&range=last_updated:after:2026-11-01T00:00:00-0300".to_owned(),
            "status=opened&limit=100&offset=9900".to_owned(),
        ] {
            let refused = shop.get(&format!("{SEARCH}?{query}"));
            assert_eq!(refused.document()["error"], "invalid_query", "{query}");
        }
    }

    #[test]
    fn claims_are_found_by_player_status_order_and_range() {
        let (mut shop, order, id) = claimed();
        let player = format!("players.user_id={SELLER}&players.role=respondent");
        for (query, expected) in [
            (format!("{player}&status=opened&limit=500"), 1),
            (format!("{player}&status=closed"), 0),
            (format!("order_id={order}"), 1),
            ("stage=dispute".to_owned(), 0),
            (
                "range=last_updated:after:2026-11-01T00:00:00.000-0300,before:2026-11-30T00:00:00.000-0300"
                    .to_owned(),
                1,
            ),
            ("range=date_created:before:2026-11-01T00:00:00.000-0300".to_owned(), 0),
        ] {
            let found = shop.get(&format!("{SEARCH}?{query}"));
            assert_eq!(found.document()["paging"]["total"], expected, "{query}");
        }
        let clamped = shop.get(&format!("{SEARCH}?status=opened&limit=500"));
        assert_eq!(clamped.document()["paging"]["limit"], MAX_LIMIT);
        assert_eq!(clamped.document()["data"][0]["id"], id);
    }

    #[test]
    fn the_first_message_of_a_claim_is_the_buyers() {
        let (mut shop, _, id) = claimed();
        let messages = shop.get(&format!("/post-purchase/v1/claims/{id}/messages"));
        let first = &messages.document()[0];
        assert_eq!((&first["sender_role"], &first["message"]), (&json!("complainant"), &json!("Não chegou")));
        assert_eq!(first["hash"].as_str().map(str::len), Some(32));
    }

    #[test]
    fn an_unknown_claim_is_a_404_in_the_shape_of_claims() {
        let unknown = Shop::open().get("/post-purchase/v1/claims/1");
        assert_eq!((unknown.status, &unknown.document()["code"]), (StatusCode::NOT_FOUND, &json!(404)));
    }
}
