//! The frame around every simulated marketplace: one world behind one lock, time, faults,
//! the log of requests, and stale reads. What a platform says and does is its [`Market`].

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::{Clock, Timestamp};
use http::{Method, Request};
use serde_json::Value;

use crate::call::Call;
use crate::clock::ShiftedClock;
use crate::faults::{self, Fault, FaultRule, Faults, Occasion};
use crate::hooks::{HookAnswer, HookDelivery};
use crate::log::{Log, Seen, shown_query};
use crate::reply::{Body, Reply};
use crate::table::{self, Found, Route};
use crate::traffic::Traffic;

/// Paths of the control API begin so; they are never rated, faulted or logged.
pub(crate) const CONTROL_PREFIX: &str = "/_sandbox";
/// Where every market says what a client needs to know.
const MANIFEST_PATH: &str = "/_sandbox/manifest";
/// At most this many past worlds are kept for stale reads.
const PAST_WORLDS: usize = 64;
/// How far apart past worlds are kept.
const PAST_STEP: Duration = Duration::from_millis(500);

/// A request that fits no line of a market's table.
#[derive(Debug, Clone, Copy)]
pub enum Misfit<'a> {
    /// There is no such path.
    UnknownPath,
    /// The path exists, for other methods.
    OtherMethod(&'a Call),
    /// The body is larger than any request may be.
    BodyTooLarge,
}

/// One simulated platform: its rules, its words for refusing, and what time does in it.
/// The whole state is the value, so that a copy of it is the world as it was.
pub trait Market: Clone + Send + Sized + 'static {
    /// What a line of the table asks a caller to hold.
    type Door: fmt::Debug + Clone + Copy + Send + Sync;
    /// Which rate budget a line of the table is counted in.
    type Group: fmt::Debug + Clone + Copy + Default + Send + Sync;

    /// How far time has passed.
    fn now(&self) -> Timestamp;
    /// Lets time pass until `now`, everything planned by then included. Time never runs backwards.
    fn advance_to(&mut self, now: Timestamp);
    /// When the next thing happens by itself, notifications included.
    fn next_event_at(&self) -> Option<Timestamp>;
    /// The rules of what goes wrong.
    fn faults(&mut self) -> &mut Faults;
    /// The requests seen.
    fn log(&mut self) -> &mut Log;

    /// Lets a request in (writing down whose token it carries) or says why not.
    fn admit(&mut self, route: &Route<Self>, call: &mut Call) -> Result<(), Reply>;
    /// The answer to a request that fits no line.
    fn misfit(&mut self, misfit: Misfit<'_>) -> Reply;
    /// The answer of a fault that keeps a request from being carried out.
    fn instead(&mut self, fault: &Fault) -> Option<Reply>;
    /// The last touch on every answer, before faults bend it.
    fn finish(&mut self, reply: Reply, call: &Call) -> Reply;

    /// Moves a world that was kept to the addresses of another run: ids begin where no earlier
    /// run has given any (a power cut may have taken the last ones from what was kept, while
    /// clients know them).
    fn move_to(&mut self, addresses: &Addresses, ids_seed: u64);
    /// How busy the buyer robot is from now on; `None` sends it home.
    fn visit(&mut self, traffic: Option<Traffic>);
    /// Orders placed so far.
    fn orders_placed(&self) -> usize;

    /// The notifications to be sent now.
    fn take_due(&mut self) -> Vec<HookDelivery>;
    /// How a sending went; `None` when nobody answered.
    fn settle(&mut self, sending: u64, answer: Option<HookAnswer>, elapsed: Duration);
}

/// Where a market is reached, and where it reaches its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Where clients reach it, as in `http://127.0.0.1:9100`.
    pub base_url: String,
    /// Where the application takes notifications.
    pub hook_url: String,
    /// Where a seller's browser is sent back to.
    pub redirect_uri: String,
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

/// Another market of the same sandbox: its name and its manifest.
type Neighbour = (&'static str, Box<dyn Fn() -> Value + Send + Sync>);

struct Inner<W: Market> {
    world: Mutex<W>,
    past: Mutex<VecDeque<W>>,
    clock: ShiftedClock,
    routes: Vec<Route<W>>,
    neighbours: Mutex<Vec<Neighbour>>,
}

/// A simulated marketplace. Cheap to clone; all clones are the same world.
pub struct Frame<W: Market> {
    inner: Arc<Inner<W>>,
}

impl<W: Market> Clone for Frame<W> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<W: Market> fmt::Debug for Frame<W> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Frame").field("clock", &self.inner.clock).finish_non_exhaustive()
    }
}

impl<W: Market> Frame<W> {
    /// Opens `world`, whose resources are `routes`. Markets that share a clock share the
    /// leaps that any of them makes.
    #[must_use]
    pub fn open(world: W, routes: Vec<Route<W>>, clock: ShiftedClock) -> Self {
        let inner = Inner {
            world: Mutex::new(world),
            past: Mutex::new(VecDeque::new()),
            clock,
            routes,
            neighbours: Mutex::new(Vec::new()),
        };
        Self { inner: Arc::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, W> {
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the world up to the present, keeping what stale reads will look at.
    fn present(&self) -> MutexGuard<'_, W> {
        let mut world = self.lock();
        let now = self.inner.clock.now();
        if let Some(seconds) = world.faults().stale_seconds() {
            self.keep_past(&world, now, Duration::from_secs(seconds));
        }
        world.advance_to(now);
        world
    }

    /// Keeps the world as it was until `now`, if what is kept last is older than a step.
    fn keep_past(&self, world: &W, now: Timestamp, span: Duration) {
        let mut past = self.inner.past.lock().unwrap_or_else(PoisonError::into_inner);
        if past.back().is_none_or(|last| now.since(last.now()) >= PAST_STEP) {
            past.push_back(world.clone());
        }
        let needless =
            past.iter().filter(|old| old.now() <= world.now().minus(span)).count().saturating_sub(1);
        let surplus = past.len().saturating_sub(PAST_WORLDS);
        past.drain(..needless.max(surplus));
    }

    /// The newest kept world that is at least `seconds` old, or the oldest kept.
    fn world_as_it_was(&self, now: Timestamp, seconds: u64) -> Option<W> {
        let past = self.inner.past.lock().unwrap_or_else(PoisonError::into_inner);
        let line = now.minus(Duration::from_secs(seconds));
        past.iter().rev().find(|old| old.now() <= line).or_else(|| past.front()).cloned()
    }

    /// Answers one request, without any network.
    #[must_use]
    pub fn answer(&self, request: Request<Bytes>) -> Outcome {
        let mut call = Call::new(request);
        call.ahead = self.inner.clock.ahead();
        let mut world = self.present();
        let (reply, struck) = self.carry_out(&mut world, &mut call);
        if !call.path.starts_with(CONTROL_PREFIX) {
            let seen = Seen {
                at: world.now(),
                method: call.method.to_string(),
                path: call.path.clone(),
                query: shown_query(&call.query),
                client_id: call.caller.as_ref().map(|caller| caller.client_id),
                user_id: call.caller.as_ref().map(|caller| caller.user_id),
                status: reply.status.as_u16(),
                fault: struck.first().map(Fault::name),
            };
            world.log().note(seen);
        }
        self.inner.clock.advance_to(world.now());
        // Neighbours have locks of their own, and one of them may be looking over here.
        drop(world);
        let reply = if call.path == MANIFEST_PATH { self.with_neighbours(reply) } else { reply };
        outcome(reply, &struck)
    }

    fn carry_out(&self, world: &mut W, call: &mut Call) -> (Reply, Vec<Fault>) {
        let (reply, struck) = self.reply_to(world, call);
        let reply = world.finish(reply, call);
        (faults::bend(reply, &struck), struck)
    }

    fn reply_to(&self, world: &mut W, call: &mut Call) -> (Reply, Vec<Fault>) {
        let route = match table::find(&self.inner.routes, &call.method, &call.path) {
            Found::Line(route, params) => {
                call.params = params;
                route
            }
            Found::OtherMethod => return (world.misfit(Misfit::OtherMethod(call)), Vec::new()),
            Found::Nothing => return (world.misfit(Misfit::UnknownPath), Vec::new()),
        };
        if let Err(refusal) = world.admit(route, call) {
            return (refusal, Vec::new());
        }
        let struck = if call.path.starts_with(CONTROL_PREFIX) {
            Vec::new()
        } else {
            let client_id = call.caller.as_ref().map(|caller| caller.client_id);
            let occasion = Occasion { path: &call.path, method: Some(&call.method), client_id, topic: None };
            let now = world.now();
            world.faults().strike(now, occasion)
        };
        if let Some(reply) = struck.iter().find_map(|fault| world.instead(fault)) {
            return (reply, struck);
        }
        let now = world.now();
        let old = stale_seconds(call, &struck).and_then(|span| self.world_as_it_was(now, span));
        let answer = match old {
            Some(mut old) => (route.run)(&mut old, call),
            None => (route.run)(world, call),
        };
        (answer.unwrap_or_else(|refusal| refusal), struck)
    }

    /// Shows another market of the same sandbox in this one's manifest, as the field `name`.
    pub fn show_neighbour(&self, name: &'static str, manifest: impl Fn() -> Value + Send + Sync + 'static) {
        let mut neighbours = self.inner.neighbours.lock().unwrap_or_else(PoisonError::into_inner);
        neighbours.push((name, Box::new(manifest)));
    }

    fn with_neighbours(&self, mut reply: Reply) -> Reply {
        if let Body::Json(Value::Object(fields)) = &mut reply.body {
            let neighbours = self.inner.neighbours.lock().unwrap_or_else(PoisonError::into_inner);
            fields.extend(neighbours.iter().map(|(name, manifest)| ((*name).to_owned(), manifest())));
        }
        reply
    }

    /// What `GET /_sandbox/manifest` answers, neighbours included.
    #[must_use]
    pub fn manifest_document(&self) -> Value {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = http::Uri::from_static(MANIFEST_PATH);
        self.answer(request).reply.document().clone()
    }

    /// Lets time pass until `now` and gives the notifications to be sent. Report each one
    /// back with [`Frame::hook_result`] or [`Frame::hook_answered`], or it counts as never
    /// answered.
    #[must_use]
    pub fn tick(&self, now: Timestamp) -> Vec<HookDelivery> {
        self.inner.clock.advance_to(now);
        self.present().take_due()
    }

    /// How a delivery went: the status answered without a body (`None`: no answer) and after
    /// how long.
    pub fn hook_result(&self, id: u64, status: Option<u16>, elapsed: Duration) {
        self.hook_answered(id, status.map(HookAnswer::empty), elapsed);
    }

    /// How a delivery went: what was answered (`None`: nothing) and after how long.
    pub fn hook_answered(&self, id: u64, answer: Option<HookAnswer>, elapsed: Duration) {
        self.lock().settle(id, answer, elapsed);
    }

    /// When the next thing happens by itself, notifications included.
    #[must_use]
    pub fn next_event_at(&self) -> Option<Timestamp> {
        self.lock().next_event_at()
    }

    /// The time in the sandbox.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The clock, to be shared with other markets.
    #[must_use]
    pub fn clock(&self) -> ShiftedClock {
        self.inner.clock.clone()
    }

    /// Replaces the rules of what goes wrong.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        let mut world = self.present();
        world.faults().set(rules);
        // What was kept for earlier faults is older than any of these may show.
        self.inner.past.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(seconds) = world.faults().stale_seconds() {
            self.keep_past(&world, world.now(), Duration::from_secs(seconds));
        }
    }

    /// How busy the buyer robot is from now on; `None` sends it home.
    pub fn set_traffic(&self, traffic: Option<Traffic>) {
        self.with_world(|world| world.visit(traffic));
    }

    /// Puts a world that was kept in the place of this one, at the addresses of this run and
    /// with nobody visiting. Time that was pushed ahead in there stays ahead.
    pub fn go_on(&self, mut world: W, addresses: &Addresses, ids_seed: u64) {
        world.move_to(addresses, ids_seed);
        world.visit(None);
        let left_at = world.now();
        *self.lock() = world;
        self.inner.clock.advance_to(left_at);
        drop(self.present());
    }

    /// Looks at or changes the world directly, at the present instant.
    pub fn with_world<T>(&self, visit: impl FnOnce(&mut W) -> T) -> T {
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
