//! The simulator: a whole shop under one seed against three misbehaving marketplaces, which
//! sell the same goods from one shelf. Buyers, people, platforms and power fail at random;
//! after every event the shop is held against its promises. Once the storm is over it has
//! [`CONVERGES_WITHIN`] to become what its marketplaces are, order by order and listing by
//! listing. The same seed gives the same run, to the byte.

mod damage;
mod kits;
mod many;
mod outside;
mod promises;
mod storm;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use app::connections::CallbackError;
use app::{AppError, steps};
use domain::{ChannelKind, ConnectionId, ConnectionState, Entropy as _, SeededEntropy};
use store::Tenant;
use store::connections::RENEWAL_LEASE;
use store::jobs::DeadJobs;

use crate::database::{block_on, file_in, folder};
use crate::shop::{Builder, TestApp};
pub use damage::{DAMAGES, Damage, When};
pub use many::{Summary, run_many};
use outside::{Offer, Outside, Truth};
use promises::Memory;

/// Simulated time after the last storm within which every order that a marketplace has is
/// here as it stands there, and every listing shows what is available.
pub const CONVERGES_WITHIN: Duration = Duration::from_mins(5);
/// How often a shop that recovers is held against its marketplaces.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Separates the chance of the storm from that of shop and world.
const STORM: u64 = 0x5354_4f52;
/// How long a program stays away after it ended, at most.
const LONGEST_RESTART_SECONDS: u64 = 150;
/// Longer than the longest of the healing ways: all listings are compared every six hours.
const HEALED_AFTER: Duration = Duration::from_hours(7);

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// Names everything that happened: equal for equal runs.
    pub trace: u64,
    /// The promise that was broken, and after which event; `None` when all were kept.
    pub violation: Option<String>,
    /// What happened, for the summary.
    pub tally: Tally,
}

/// What happened in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Orders that the worlds know, by marketplace.
    pub orders: BTreeMap<&'static str, usize>,
    /// Calls to the marketplaces.
    pub calls: usize,
    /// Times the program ended and began anew, by the step at which it ended.
    pub crashes: BTreeMap<&'static str, u32>,
    /// Times a seller had to consent again.
    pub consents: u32,
    /// SKUs sold more often than they lay on the shelf: sales that were both made outside
    /// before either was seen.
    pub double_sales: usize,
    /// Simulated time that the shop took, after the storm, to become what its marketplaces
    /// are.
    pub converged_after: Duration,
}

/// Runs one seed through `events` events.
#[must_use]
pub fn run(seed: u64, events: u32) -> Outcome {
    run_with(seed, events, None)
}

/// Runs one seed in a shop whose data is damaged on the way: shows that a promise can be
/// seen broken.
#[must_use]
pub fn run_damaged(seed: u64, events: u32, damage: &'static Damage) -> Outcome {
    run_with(seed, events, Some(damage))
}

fn run_with(seed: u64, events: u32, damage: Option<&'static Damage>) -> Outcome {
    let folder = folder();
    let mut outcome = Outcome { seed, trace: 0, violation: None, tally: Tally::default() };
    let ran = catch_unwind(AssertUnwindSafe(|| {
        block_on(async {
            let shop = Builder::over(file_in(&folder)).three_markets().seed(seed).open().await;
            let mut run = Run::new(shop, seed, damage);
            let kept = run.through(events).await;
            let trace = run.trace_of_everything().await;
            (kept.err(), trace, run.tally().await)
        })
    }));
    match ran {
        Ok((violation, trace, tally)) => outcome = Outcome { trace, violation, tally, ..outcome },
        Err(panic) => outcome.violation = Some(words_of(&*panic)),
    }
    outcome
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    format!("the program panicked: {}", text.unwrap_or("without a word"))
}

/// Chance of the storm.
struct Dice(SeededEntropy);

impl Dice {
    fn below(&self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    fn chance(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `from`, which is not empty.
    fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        let place = self.below(u64::try_from(from.len()).unwrap_or(0));
        from.get(usize::try_from(place).unwrap_or(0))
    }
}

struct Run {
    shop: TestApp,
    dice: Dice,
    /// The accounts that the shop has.
    accounts: Vec<(ChannelKind, String)>,
    /// The codes that most buyers want.
    wanted: Vec<String>,
    /// The kits among them.
    recipes: kits::Recipes,
    memory: Memory,
    /// What is still to be done to the data behind the program's back.
    damage: Option<&'static Damage>,
    trace: DefaultHasher,
    tally: Tally,
}

impl Run {
    fn new(shop: TestApp, seed: u64, damage: Option<&'static Damage>) -> Self {
        // What is left at the end is judged by the promises, with more to say.
        shop.leaves_jobs();
        shop.leaves_dead_letters();
        Self {
            accounts: accounts(&shop, seed),
            wanted: Vec::new(),
            recipes: kits::Recipes::new(),
            shop,
            dice: Dice(SeededEntropy::new(seed ^ STORM)),
            memory: Memory::default(),
            damage,
            trace: DefaultHasher::new(),
            tally: Tally::default(),
        }
    }

    async fn through(&mut self, events: u32) -> Result<(), String> {
        for (kind, account) in self.accounts.clone() {
            let id = self.authorize(kind, &account).await;
            self.shop.import(id.map_err(|error| format!("a seller cannot consent: {error}"))?).await;
        }
        self.wanted = self.codes_that_all_want();
        self.keep_promises("the import").await?;
        self.make_kits().await?;
        self.keep_promises("the making of kits").await?;
        for number in 1..=events {
            let event = self.next_event();
            format!("{event:?}").hash(&mut self.trace);
            let name = format!("event {number} of {events}, {event:?}");
            self.happen(event).await?;
            self.keep_promises(&name).await?;
            self.live_on().await;
            self.keep_promises(&format!("the work after {name}")).await?;
            if self.damage(When::InTheStorm).await {
                self.keep_promises("the damage").await?;
            }
        }
        self.damage(When::AfterTheStorm).await;
        self.converge().await?;
        self.keep_promises("the storm").await?;
        self.come_to_rest().await?;
        self.keep_promises("the end").await?;
        self.damage(When::AtRest).await;
        if let Some(damage) = self.damage {
            return Err(format!("there was nothing to damage: {damage:?}"));
        }
        self.tell_the_truth().await.map_err(|broken| format!("at rest: {broken}"))
    }

    /// Does the damage that this run is for, once there is something to spoil. Returns
    /// whether it was done now.
    async fn damage(&mut self, now: When) -> bool {
        let Some(damage) = self.damage.filter(|damage| damage.when == now) else { return false };
        let done = self.shop.meddle(damage.statements).await;
        if done {
            self.damage = None;
        }
        done
    }

    async fn keep_promises(&mut self, after: &str) -> Result<(), String> {
        promises::kept_always(&self.shop, &mut self.memory)
            .await
            .map_err(|broken| format!("after {after}: {broken}"))
    }

    /// A little time passes, and the program does some of its work, in any order.
    async fn live_on(&mut self) {
        self.shop.wait(Duration::from_millis(1 + self.dice.below(3_000)));
        for _ in 0..self.dice.below(8) {
            match self.dice.below(4) {
                0 => self.work(Step::Hooks).await,
                1 => self.work(Step::Sort).await,
                2 => self.work(Step::Jobs).await,
                _ => self.work(Step::Turn).await,
            }
        }
    }

    async fn work(&mut self, step: Step) {
        let app = self.shop.app();
        match step {
            Step::Hooks => drop(self.shop.deliver_hooks().await),
            Step::Sort => {
                let sorted = app.sort_hooks().await;
                assert!(matches!(sorted, Ok(_) | Err(AppError::Died(_))), "hooks are not sorted: {sorted:?}");
            }
            Step::Jobs => drop(app.work_once().await.expect("jobs are taken")),
            Step::Turn => self.shop.turn().await,
        }
        self.begin_anew_if_ended().await;
    }

    async fn begin_anew_if_ended(&mut self) {
        if !self.shop.crash().has_ended() {
            return;
        }
        // Who died while renewing a pair holds the renewal's lease; waiting for it is
        // real time in the program, so the restart takes at least as long.
        let renewing = self.shop.crash().ended_at() == Some(steps::TOKEN_RENEWED);
        let least = if renewing { RENEWAL_LEASE } else { Duration::ZERO };
        self.shop.wait(least + Duration::from_secs(1 + self.dice.below(LONGEST_RESTART_SECONDS)));
        let step = self.shop.crash().ended_at().unwrap_or("nowhere");
        *self.tally.crashes.entry(step).or_default() += 1;
        let starts = 1 + self.tally.crashes.values().sum::<u32>();
        self.shop.restart(&format!("node-{starts}")).await;
    }

    /// What the shop's own accounts offer on a marketplace.
    fn own_offers(&self, market: &dyn Outside) -> Vec<Offer> {
        let mut offers = market.offers();
        offers.retain(|offer| self.has_account(market.kind(), &offer.account));
        offers
    }

    /// What the shop's own accounts have sold on a marketplace.
    fn own_orders(&self, market: &dyn Outside) -> Vec<Truth> {
        let mut orders = market.orders();
        orders.retain(|order| self.has_account(market.kind(), &order.account));
        orders
    }

    fn has_account(&self, kind: ChannelKind, account: &str) -> bool {
        self.accounts.iter().any(|(at, own)| *at == kind && own == account)
    }

    /// The owner walks through the consent of an account.
    async fn authorize(&self, kind: ChannelKind, account: &str) -> Result<ConnectionId, CallbackError> {
        let (app, organization, member) = (self.shop.app(), self.shop.organization, self.shop.member);
        let url = app.begin_authorization(organization, member, kind).await?;
        let returned = self.at(kind).approve_for(&url, account);
        app.finish_authorization(organization, member, kind, returned).await
    }

    /// Owners whose consent has ended give it again; a stormy platform may refuse.
    async fn reauthorize(&mut self) -> usize {
        let held = self.shop.see(|tenant| tenant.connections()).await;
        let stopped = held
            .into_iter()
            .filter(|connection| matches!(connection.state, ConnectionState::NeedsReauthorization(_)));
        let mut left = 0;
        for connection in stopped {
            match self.authorize(connection.channel, &connection.account_external_id).await {
                Ok(_) => self.tally.consents += 1,
                Err(_) => left += 1,
            }
        }
        left
    }

    /// A person has every dead letter tried again.
    async fn retry_dead_letters(&self) {
        let now = self.shop.now();
        for letter in self.shop.problems().await {
            self.shop
                .app()
                .organization(self.shop.organization)
                .write(move |tenant: &mut Tenant<'_, '_>| tenant.revive(&DeadJobs::One(letter.id), now))
                .await
                .expect("the letter is revived");
        }
    }

    /// The storm is over: people do what is theirs to do as soon as they are asked, and the
    /// shop becomes what its marketplaces are.
    async fn converge(&mut self) -> Result<(), String> {
        self.calm();
        self.begin_anew_if_ended().await;
        self.shop.crash().disarm();
        self.retry_dead_letters().await;
        let calm_since = self.shop.now();
        loop {
            if self.reauthorize().await > 0 {
                return Err("a seller cannot consent though the platform is well".into());
            }
            self.shop.settle().await;
            let differs = promises::kept_after_a_storm(self).await.err();
            let took = self.shop.now().since(calm_since);
            match differs {
                None => {
                    self.tally.converged_after = took;
                    return Ok(());
                }
                Some(differs) if took >= CONVERGES_WITHIN => {
                    let waiting = "SELECT kind || ' ' || state || ' ' || attempts || ' ' || COALESCE(error, '') FROM job";
                    let waiting = self.shop.texts(waiting).await;
                    return Err(format!(
                        "{} s after the storm: {differs}; waiting: {waiting:?}",
                        took.as_secs()
                    ));
                }
                Some(_) => self.shop.wait(LOOK_EVERY),
            }
        }
    }

    /// Time passes, and everything that was due is done.
    async fn come_to_rest(&mut self) -> Result<(), String> {
        self.shop.wait(HEALED_AFTER);
        self.shop.run_until_idle().await;
        if self.reauthorize().await > 0 {
            return Err("a seller cannot consent though the platform is well".into());
        }
        self.shop.run_until_idle().await;
        Ok(())
    }

    async fn tell_the_truth(&self) -> Result<(), String> {
        promises::kept_at_rest(self).await
    }

    async fn tally(&self) -> Tally {
        let mut tally = self.tally.clone();
        for market in outside::all(&self.shop) {
            tally.orders.insert(market.kind().as_str(), market.numbers().len());
            tally.calls += market.count_calls();
        }
        tally.double_sales = self.shop.see(|tenant| tenant.oversold()).await.len();
        tally
    }

    /// The events, every call, and what the program made of it all.
    async fn trace_of_everything(&mut self) -> u64 {
        for market in self.shop.marketplaces() {
            market.heard().hash(&mut self.trace);
        }
        for sql in [
            "SELECT subject_id || action || details || at FROM audit_event ORDER BY id",
            "SELECT external_id || state || updated_at FROM orders ORDER BY id",
            "SELECT kind || version || reason || at FROM ledger ORDER BY id",
        ] {
            self.shop.texts(sql).await.hash(&mut self.trace);
        }
        self.trace.finish()
    }
}

/// The accounts of a run: one on each marketplace, and in every second run another seller of
/// Mercado Livre, whose listings share goods with all of them.
fn accounts(shop: &TestApp, seed: u64) -> Vec<(ChannelKind, String)> {
    let mut accounts = Vec::new();
    for market in outside::all(shop) {
        let most = if seed.is_multiple_of(2) { usize::MAX } else { 1 };
        accounts.extend(market.accounts().into_iter().take(most).map(|account| (market.kind(), account)));
    }
    accounts
}

/// A piece of the program's work.
#[derive(Debug, Clone, Copy)]
enum Step {
    Hooks,
    Sort,
    Jobs,
    Turn,
}
