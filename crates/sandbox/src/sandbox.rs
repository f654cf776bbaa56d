//! The sandbox itself: one world behind one lock, and what may be asked of it in process.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::{Clock, Timestamp};
use http::{Method, Request, StatusCode};
use serde_json::Value;

use crate::call::Call;
use crate::clock::ShiftedClock;
use crate::faults::{self, Fault, FaultRule, Occasion};
use crate::hooks::HookDelivery;
use crate::log::{Seen, shown_query};
use crate::mercado_livre::gate::{self, Group};
use crate::mercado_livre::manifest::Manifest;
use crate::mercado_livre::robot::Traffic;
use crate::mercado_livre::sales::{SaleError, SaleRequest};
use crate::mercado_livre::snapshot::Snapshot;
use crate::mercado_livre::{self, Rules, World, notice, robot, sales, seed};
use crate::reply::{self, Body, Reply};
use crate::table::{self, Found, Route};

/// Paths of the control API begin so; they are never rated, faulted or logged.
pub(crate) const CONTROL_PREFIX: &str = "/_sandbox";
/// At most this many past worlds are kept for stale reads.
const PAST_WORLDS: usize = 64;
/// How far apart past worlds are kept.
const PAST_STEP: Duration = Duration::from_millis(500);

/// What a sandbox is made from.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Grows the world; the same seed gives the same world.
    pub seed: u64,
    /// Where clients reach it, as in `http://127.0.0.1:9080`.
    pub base_url: String,
    /// Where the application takes notifications; `None` sends none until one is set.
    pub hook_url: Option<String>,
    /// The callback address registered for the application.
    pub redirect_uri: String,
    /// The buyer robot; `None` leaves all purchases to [`Sandbox::sell`] and the control API.
    pub traffic: Option<Traffic>,
    /// Switches where the facts are unsure or clients differ.
    pub rules: Rules,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl SandboxConfig {
    /// Seed 1 on `http://127.0.0.1:9080`, no notifications, no robot.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            seed: 1,
            base_url: "http://127.0.0.1:9080".to_owned(),
            hook_url: None,
            redirect_uri: "http://127.0.0.1:8080/connections/mercado_livre/callback".to_owned(),
            traffic: None,
            rules: Rules::default(),
            clock,
        }
    }
}

/// An answer and how it is to be brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The answer.
    pub reply: Reply,
    /// Real time to wait before it.
    pub wait: Duration,
    /// True when the connection breaks instead of bringing the answer.
    pub broken: bool,
}

struct Inner {
    world: Mutex<World>,
    past: Mutex<VecDeque<World>>,
    clock: ShiftedClock,
    routes: Vec<Route>,
}

/// A simulated outside world. Cheap to clone; all clones are the same world.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sandbox").field("clock", &self.inner.clock).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// A world grown from the configuration, its shop open.
    #[must_use]
    pub fn new(config: SandboxConfig) -> Self {
        let clock = ShiftedClock::new(config.clock);
        let mut world = World::empty(config.seed, &config.base_url, clock.now());
        world.rules = config.rules;
        seed::plant(&mut world, &config.redirect_uri, config.hook_url);
        robot::set_traffic(&mut world, config.traffic);
        let inner = Inner {
            world: Mutex::new(world),
            past: Mutex::new(VecDeque::new()),
            clock,
            routes: mercado_livre::routes(),
        };
        Self { inner: Arc::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the world up to the present, keeping what stale reads will look at.
    fn present(&self) -> MutexGuard<'_, World> {
        let mut world = self.lock();
        if let Some(seconds) = world.faults.stale_seconds() {
            self.keep_past(&world, Duration::from_secs(seconds));
        }
        world.advance_to(self.inner.clock.now());
        world
    }

    fn keep_past(&self, world: &World, span: Duration) {
        let mut past = self.inner.past.lock().unwrap_or_else(PoisonError::into_inner);
        if past.back().is_none_or(|last| world.now.since(last.now) >= PAST_STEP) {
            past.push_back(world.clone());
        }
        let needless = past.iter().filter(|old| old.now <= world.now.minus(span)).count().saturating_sub(1);
        let surplus = past.len().saturating_sub(PAST_WORLDS);
        past.drain(..needless.max(surplus));
    }

    /// The newest kept world that is at least `seconds` old, or the oldest kept.
    fn world_as_it_was(&self, now: Timestamp, seconds: u64) -> Option<World> {
        let past = self.inner.past.lock().unwrap_or_else(PoisonError::into_inner);
        let line = now.minus(Duration::from_secs(seconds));
        past.iter().rev().find(|old| old.now <= line).or_else(|| past.front()).cloned()
    }

    /// Answers one request, without any network.
    #[must_use]
    pub fn answer(&self, request: Request<Bytes>) -> Outcome {
        let mut call = Call::new(request);
        let mut world = self.present();
        let (reply, struck) = self.carry_out(&mut world, &mut call);
        if !call.path.starts_with(CONTROL_PREFIX) {
            let seen = Seen {
                at: world.now,
                method: call.method.to_string(),
                path: call.path.clone(),
                query: shown_query(&call.query),
                client_id: call.caller.as_ref().map(|caller| caller.client_id),
                user_id: call.caller.as_ref().map(|caller| caller.user_id),
                status: reply.status.as_u16(),
                fault: struck.first().map(Fault::name),
            };
            world.log.note(seen);
        }
        self.inner.clock.advance_to(world.now);
        outcome(reply, &struck)
    }

    fn carry_out(&self, world: &mut World, call: &mut Call) -> (Reply, Vec<Fault>) {
        let route = match table::find(&self.inner.routes, &call.method, &call.path) {
            Found::Line(route, params) => {
                call.params = params;
                route
            }
            Found::OtherMethod if call.method == Method::OPTIONS => {
                return (describe(&call.path), Vec::new());
            }
            Found::OtherMethod => {
                let refusal =
                    reply::error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method Not Allowed");
                return (refusal, Vec::new());
            }
            Found::Nothing => {
                return (reply::not_found("not_found", "the requested resource does not exist"), Vec::new());
            }
        };
        match gate::admit(world, route.door, route.group, call) {
            Ok(caller) => call.caller = caller,
            Err(refusal) => return (refusal, Vec::new()),
        }
        let struck = if route.group == Group::Free && call.path.starts_with(CONTROL_PREFIX) {
            Vec::new()
        } else {
            let client_id = call.caller.as_ref().map(|caller| caller.client_id);
            let occasion = Occasion { path: &call.path, method: Some(&call.method), client_id, topic: None };
            world.faults.strike(world.now, occasion)
        };
        if let Some(reply) = struck.iter().find_map(Fault::instead) {
            return (reply, struck);
        }
        let answer = match stale_seconds(call, &struck).and_then(|span| self.world_as_it_was(world.now, span))
        {
            Some(mut old) => (route.run)(&mut old, call),
            None => (route.run)(world, call),
        };
        let reply = select_fields(answer.unwrap_or_else(|refusal| refusal), call);
        (faults::bend(reply, &struck), struck)
    }

    /// Lets time pass until `now` and gives the notifications to be sent. Report each one
    /// back with [`Sandbox::hook_result`], or it counts as never answered.
    #[must_use]
    pub fn tick(&self, now: Timestamp) -> Vec<HookDelivery> {
        self.inner.clock.advance_to(now);
        notice::take_due(&mut self.present())
    }

    /// How a delivery went: the status answered (`None`: no answer) and after how long.
    pub fn hook_result(&self, id: u64, status: Option<u16>, elapsed: Duration) {
        self.lock().hooks.settle(id, status, elapsed);
    }

    /// When the next thing happens by itself, notifications included.
    #[must_use]
    pub fn next_event_at(&self) -> Option<Timestamp> {
        let world = self.lock();
        world.agenda.next_at().into_iter().chain(world.hooks.next_at()).min()
    }

    /// The time in the sandbox.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// A buyer buys. Gives the ids of the orders made.
    pub fn sell(&self, request: &SaleRequest) -> Result<Vec<i64>, SaleError> {
        sales::sell(&mut self.present(), request)
    }

    /// Replaces the rules of what goes wrong.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        let mut world = self.present();
        world.faults.set(rules);
        if let Some(seconds) = world.faults.stale_seconds() {
            self.keep_past(&world, Duration::from_secs(seconds));
        }
    }

    /// How busy the buyer robot is from now on; `None` sends it home.
    pub fn set_traffic(&self, traffic: Option<Traffic>) {
        robot::set_traffic(&mut self.present(), traffic);
    }

    /// What a checker of invariants needs to know.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.present())
    }

    /// What a client needs to know to connect.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        Manifest::of(&self.present())
    }

    /// Looks at or changes the world directly, at the present instant.
    pub fn with_world<T>(&self, visit: impl FnOnce(&mut World) -> T) -> T {
        visit(&mut self.present())
    }
}

fn stale_seconds(call: &Call, struck: &[Fault]) -> Option<u64> {
    let seconds =
        |fault: &Fault| if let Fault::StaleRead { seconds } = fault { Some(*seconds) } else { None };
    if call.method == Method::GET { struck.iter().find_map(seconds) } else { None }
}

fn outcome(reply: Reply, struck: &[Fault]) -> Outcome {
    let mut outcome = Outcome { reply, wait: Duration::ZERO, broken: false };
    for fault in struck {
        if let Fault::Latency { ms } | Fault::TimeoutAfterCommit { ms } | Fault::TimeoutBeforeCommit { ms } =
            fault
        {
            outcome.wait += Duration::from_millis(*ms);
        }
        outcome.broken |=
            matches!(fault, Fault::TimeoutAfterCommit { .. } | Fault::TimeoutBeforeCommit { .. });
    }
    outcome
}

/// Keeps only the fields that `?attributes=` names. Multigets select by themselves.
fn select_fields(mut reply: Reply, call: &Call) -> Reply {
    let wanted = call.query_list("attributes");
    if call.method == Method::GET
        && !wanted.is_empty()
        && reply.status.is_success()
        && let Body::Json(Value::Object(fields)) = &mut reply.body
    {
        fields.retain(|name, _| wanted.contains(&name.as_str()));
    }
    reply
}

fn describe(path: &str) -> Reply {
    Reply::ok(serde_json::json!({"name": path, "description": "Simulated resource"}))
}
