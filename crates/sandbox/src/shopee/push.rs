//! Pushes: signed, tried four times, then kept in the queue of the lost (fact sheet §11).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::args::Args;
use super::envelope::{ok, refuse};
use super::market::Door;
use super::sign::push_signature;
use super::world::secs;
use crate::call::Call;
use crate::faults::{Fault, Occasion};
use crate::hooks::{Attempt, HookAnswer, HookDelivery};
use crate::reply::Answer;
use crate::table::{Route, get, post};

/// How long after a failed attempt the next one is made.
pub const RETRY_AFTER: [Duration; 3] =
    [Duration::from_mins(5), Duration::from_mins(30), Duration::from_hours(3)];
/// How long the application may take.
pub const ANSWER_BUDGET: Duration = Duration::from_secs(3);
/// A sending without any report for this long counts as never answered.
const REPORT_PATIENCE: Duration = Duration::from_secs(10);
/// How long a lost push can be fetched.
pub const LOST_RETENTION: Duration = Duration::from_hours(72);
/// Lost pushes of one page.
const LOST_PAGE: usize = 100;
/// The span over which success is measured.
const HEALTH_SPAN: Duration = Duration::from_hours(6);
/// Attempts below which nobody measures.
const HEALTH_ATTEMPTS: usize = 600;
/// Success in a hundred below which the developer is warned, and below which pushes end.
const WARNING_PERCENT: usize = 70;
const SUSPENSION_PERCENT: usize = 30;
/// Shops that can be left out.
const BLOCKED_SHOPS_MAX: usize = 500;
/// The codes that an application of the category "ERP System" can switch on.
pub const CODES: [i64; 24] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 22, 23, 24, 25, 27, 28, 29, 30, 38, 47];

/// Where a push stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// To be sent at this instant.
    Waiting(Timestamp),
    /// Sent, not yet answered.
    InFlight,
    /// Taken.
    Delivered,
    /// Given up: in the queue of the lost.
    Lost,
    /// Fetched from the queue and confirmed.
    Consumed,
    /// Swallowed by an injected fault: nowhere.
    Swallowed,
}

/// One push. Its body never changes, or its signature would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    pub(crate) code: i64,
    pub(crate) shop_id: Option<i64>,
    pub(crate) body: String,
    /// A forged signature; the right one when absent.
    pub(crate) authorization: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) stage: Stage,
}

/// What the console says about pushes, and all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushes {
    pub(crate) callback_url: Option<String>,
    pub(crate) on: BTreeSet<i64>,
    pub(crate) blocked_shops: BTreeSet<i64>,
    pub(crate) suspended: Option<Timestamp>,
    pub(crate) messages: BTreeMap<u64, Push>,
    next_number: u64,
    next_sending: u64,
    sendings: BTreeMap<u64, (u64, Timestamp)>,
    /// When attempts of the last hours were made and whether they were taken.
    health: Vec<(Timestamp, bool)>,
}

impl Pushes {
    /// When the next push is due.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        let due_at = |push: &Push| if let Stage::Waiting(at) = push.stage { Some(at) } else { None };
        self.messages.values().filter_map(due_at).min()
    }

    /// Forgets what nobody can ask for any more.
    pub(crate) fn prune(&mut self, now: Timestamp) {
        self.messages.retain(|_, push| match push.stage {
            Stage::Waiting(_) | Stage::InFlight => true,
            Stage::Delivered | Stage::Consumed | Stage::Swallowed => now.since(push.created) <= HEALTH_SPAN,
            Stage::Lost => now.since(push.created) <= LOST_RETENTION,
        });
        self.health.retain(|(at, _)| now.since(*at) <= HEALTH_SPAN);
    }

    pub(crate) fn add(&mut self, push: Push) {
        self.next_number += 1;
        self.messages.insert(self.next_number, push);
    }

    /// Successes in a hundred attempts; `None` while there are too few to say.
    fn success_percent(&self) -> Option<usize> {
        let taken = self.health.iter().filter(|(_, taken)| *taken).count();
        (self.health.len() > HEALTH_ATTEMPTS).then(|| taken * 100 / self.health.len())
    }

    fn status(&self) -> &'static str {
        match self.success_percent() {
            _ if self.suspended.is_some() => "Suspended",
            Some(percent) if percent < WARNING_PERCENT => "Warning",
            _ => "Normal",
        }
    }

    /// Takes note of an answer.
    fn settle(
        &mut self,
        sending: u64,
        now: Timestamp,
        answer: Option<HookAnswer>,
        elapsed: Duration,
        taken: bool,
    ) {
        let Some((number, sent)) = self.sendings.remove(&sending) else { return };
        let Some(push) = self.messages.get_mut(&number) else { return };
        if push.stage == Stage::Delivered {
            return;
        }
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        push.attempts.push(Attempt { at: sent, status: answer.map(|answer| answer.status), elapsed_ms });
        push.stage = match (taken, RETRY_AFTER.get(push.attempts.len() - 1)) {
            (true, _) => Stage::Delivered,
            (false, Some(pause)) => Stage::Waiting(sent.plus(*pause)),
            (false, None) => Stage::Lost,
        };
        self.health.push((sent, taken));
        if self.success_percent().is_some_and(|percent| percent < SUSPENSION_PERCENT) {
            self.suspended.get_or_insert(now);
        }
    }
}

/// Tells the application about a shop: `shop_id` stands at the top.
pub(crate) fn emit(world: &mut World, shop_id: i64, code: i64, data: &Value) {
    let body = json!({"code": code, "shop_id": shop_id, "timestamp": secs(world.now), "data": data});
    add(world, code, Some(shop_id), &body);
}

/// Tells the application about its authorizations: the shop stands inside `data`.
pub(crate) fn emit_for_app(world: &mut World, code: i64, data: &Value) {
    let body =
        json!({"code": code, "partner_id": world.partner.id, "timestamp": secs(world.now), "data": data});
    add(world, code, None, &body);
}

fn add(world: &mut World, code: i64, shop_id: Option<i64>, body: &Value) {
    let pushes = &mut world.pushes;
    let heard = pushes.callback_url.is_some()
        && pushes.on.contains(&code)
        && pushes.suspended.is_none()
        && shop_id
            .is_none_or(|shop| !pushes.blocked_shops.contains(&shop) && world.auth.links.contains_key(&shop));
    if heard {
        let stage = Stage::Waiting(world.now);
        let body = body.to_string();
        let attempts = Vec::new();
        pushes.add(Push { code, shop_id, body, authorization: None, created: world.now, attempts, stage });
    }
}

/// The pushes to be sent now, after the faults that befall them.
pub(crate) fn take_due(world: &mut World) -> Vec<HookDelivery> {
    let now = world.now;
    let silent: Vec<u64> = world
        .pushes
        .sendings
        .iter()
        .filter(|(_, (_, sent))| now.since(*sent) >= REPORT_PATIENCE)
        .map(|(id, _)| *id)
        .collect();
    for sending in silent {
        world.pushes.settle(sending, now, None, REPORT_PATIENCE, false);
    }
    let due: Vec<u64> = world
        .pushes
        .messages
        .iter()
        .filter(|(_, push)| matches!(push.stage, Stage::Waiting(at) if at <= now))
        .map(|(number, _)| *number)
        .collect();
    let (mut deliveries, mut newest_first) = (Vec::new(), false);
    for number in due {
        let Some(push) = world.pushes.messages.get_mut(&number) else { continue };
        let topic = push.code.to_string();
        let path = format!("/push/{topic}");
        let client_id = Some(world.partner.id);
        let struck =
            world.faults.strike(now, Occasion { path: &path, method: None, client_id, topic: Some(&topic) });
        if struck.contains(&Fault::HookDrop) {
            push.stage = Stage::Swallowed;
            continue;
        }
        let late =
            |fault: &Fault| if let Fault::HookLate { seconds } = fault { Some(*seconds) } else { None };
        if let Some(seconds) = struck.iter().find_map(late) {
            push.stage = Stage::Waiting(now.plus(Duration::from_secs(seconds)));
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
    let url = world.pushes.callback_url.clone()?;
    let pushes = &mut world.pushes;
    let push = pushes.messages.get_mut(&number)?;
    push.stage = Stage::InFlight;
    pushes.next_sending += 1;
    pushes.sendings.insert(pushes.next_sending, (number, world.now));
    let signed = || push_signature(&world.partner.key, &url, &push.body);
    let authorization = push.authorization.clone().unwrap_or_else(signed);
    let headers = vec![("Authorization", authorization)];
    Some(HookDelivery { id: pushes.next_sending, headers, body: push.body.clone(), url })
}

/// Takes note of an answer: 2xx in time and without a body ends the matter.
pub(crate) fn settle(world: &mut World, sending: u64, answer: Option<HookAnswer>, elapsed: Duration) {
    let wants_empty = world.rules.push_wants_empty_body;
    let taken = elapsed <= ANSWER_BUDGET
        && answer.is_some_and(|it| (200..300).contains(&it.status) && (it.is_empty || !wants_empty));
    world.pushes.settle(sending, world.now, answer, elapsed, taken);
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        post("/api/v2/push/set_app_push_config", Door::Public, set_config),
        get("/api/v2/push/get_app_push_config", Door::Public, get_config),
        get("/api/v2/push/get_lost_push_message", Door::Public, get_lost),
        post("/api/v2/push/confirm_consumed_lost_push_message", Door::Public, confirm_lost),
    ]
}

fn set_config(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let codes = |name: &str| -> Result<Vec<i64>, crate::reply::Reply> {
        if args.raw(name).as_array().is_none_or(Vec::is_empty) {
            Ok(Vec::new())
        } else {
            args.ids(name, CODES.len())
        }
    };
    let (on, off) = (codes("set_push_config_on")?, codes("set_push_config_off")?);
    if let Some(unknown) = on.iter().chain(&off).find(|code| !CODES.contains(code)) {
        return Err(refuse("error_param", &format!("The push code {unknown} is not offered to this app.")));
    }
    let blocked = args.raw("blocked_shop_id_list").as_array().map_or(0, Vec::len);
    let blocked =
        if blocked == 0 { Vec::new() } else { args.ids("blocked_shop_id_list", BLOCKED_SHOPS_MAX)? };
    if let Some(url) = args.opt_text("callback_url")? {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(refuse("error_param", "callback_url is invalid."));
        }
        world.pushes.callback_url = Some(url.to_owned());
    }
    world.pushes.on.extend(on);
    world.pushes.on.retain(|code| !off.contains(code));
    if args.has("blocked_shop_id_list") {
        world.pushes.blocked_shops = blocked.into_iter().collect();
    }
    world.pushes.suspended = None;
    world.pushes.health.clear();
    ok(json!({"result": "success"}))
}

fn get_config(world: &mut World, _: &Call) -> Answer {
    let pushes = &world.pushes;
    let off: Vec<i64> = CODES.into_iter().filter(|code| !pushes.on.contains(code)).collect();
    ok(json!({"callback_url": pushes.callback_url, "live_push_status": pushes.status(),
        "suspended_time": pushes.suspended.map_or(0, secs), "blocked_shop_id": pushes.blocked_shops,
        "push_config_on_list": pushes.on, "push_config_off_list": off}))
}

fn get_lost(world: &mut World, _: &Call) -> Answer {
    let lost: Vec<(&u64, &Push)> =
        world.pushes.messages.iter().filter(|(_, push)| push.stage == Stage::Lost).collect();
    let page: Vec<Value> = lost
        .iter()
        .take(LOST_PAGE)
        .map(|(_, push)| {
            let mut row = json!({"code": push.code, "timestamp": secs(push.created), "data": push.body});
            if let Some(shop) = push.shop_id {
                row["shop_id"] = json!(shop);
            }
            row
        })
        .collect();
    let newest = lost.get(..page.len()).and_then(<[_]>::last).map_or(0, |(number, _)| **number);
    ok(json!({"push_message_list": page, "has_next_page": lost.len() > LOST_PAGE, "last_message_id": newest}))
}

fn confirm_lost(world: &mut World, call: &Call) -> Answer {
    let last = Args::of(call)?.int("last_message_id")?;
    let last = u64::try_from(last).ok().filter(|last| world.pushes.messages.contains_key(last));
    let last = last.ok_or_else(|| refuse("error_param", "last_message_id is invalid."))?;
    for (_, push) in world.pushes.messages.range_mut(..=last) {
        if push.stage == Stage::Lost {
            push.stage = Stage::Consumed;
        }
    }
    ok(json!({}))
}
