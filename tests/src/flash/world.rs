//! Three marketplaces, their buyers, and everything that goes wrong between them and the house.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use domain::{Entropy as _, SeededEntropy, Timestamp};

use super::house::{Answer, House, Kind, News};
use super::rules::{Damage, Rule, SharedRule, SplitRule};
use super::{Crowd, MARKETS, Outcome, STOCK_UNITS, Way};

/// When the sale begins.
const START: i64 = 1_780_000_000_000;
/// How long late buyers come after the rush, in milliseconds.
const AFTERWARDS: u64 = 9 * 60_000;
/// The longest way of a call or of its answer, in milliseconds.
const LONGEST_LEG: u32 = 10_000;
/// How long the house waits for an answer.
const PATIENCE: u64 = 15_000;
/// A write on a bad day is applied so late at most: less than split mode takes for granted.
const LATEST_WRITE: u32 = 45_000;
/// The same, where that is the damage.
const MUCH_TOO_LATE: u32 = 150_000;
/// A list lags so much at most: less than split mode takes for granted.
const LONGEST_LAG: u32 = 2_500;
/// The same, where that is the damage.
const MUCH_TOO_LAGGING: u32 = 40_000;
/// Time between two sweeps of an account, as the house's.
const SWEEP_EVERY: u64 = 120_000;
/// Hooks of a hundred that never come.
const HOOKS_LOST: u32 = 5;
/// Buyers of a hundred who call off.
const CALL_OFFS: u32 = 4;
/// Calls that a marketplace takes in a second, and at once.
const CALLS_A_SECOND: u64 = 10;
const CALLS_AT_ONCE: u64 = 20;
/// One write in so many is announced, and then the program ends before it is sent.
const ENDS_ONE_IN: u32 = 60;
/// Bytes of chance that are drawn at once.
const DRAWN: usize = 4_096;

/// Chance.
pub(super) struct Dice {
    source: SeededEntropy,
    bytes: Vec<u8>,
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self { source: SeededEntropy::new(seed), bytes: Vec::new() }
    }

    /// A number below `bound`, which is not zero.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        if self.bytes.len() < 4 {
            self.bytes.resize(DRAWN, 0);
            self.source.fill(&mut self.bytes);
        }
        let rest = self.bytes.split_off(self.bytes.len() - 4);
        let number = rest.iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        number % bound.max(1)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Event {
    CallOff { market: usize, sale: usize },
    Hook { market: usize, sale: usize },
    Arrive { call: usize },
    Leave { call: usize },
    Answered { call: usize },
    GivenUp { call: usize },
    Sweep { market: usize },
    Wake,
    Crash,
    Restart,
    Stocked { units: i64 },
}

#[derive(Debug)]
struct Sale {
    units: i64,
    placed_at: u64,
    /// Who reads it before is told that it is not there.
    visible_at: u64,
    off_at: Option<u64>,
    off_visible_at: u64,
}

#[derive(Debug, Default)]
struct Market {
    shown: i64,
    sales: Vec<Sale>,
    /// How much of the crowd comes here.
    popularity: u32,
    /// Calls that it still takes, in thousandths, at the moment beside.
    tokens: u64,
    tokens_at: u64,
}

struct Call {
    market: usize,
    kind: Kind,
    sent_at: u64,
    life: u64,
    is_over: bool,
    answer: Option<Answer>,
}

/// One sale, from its beginning to its end.
pub(super) struct Run {
    outcome: Outcome,
    crowd: Crowd,
    damage: Option<Damage>,
    now: u64,
    waiting: BinaryHeap<Reverse<(u64, u64, Event)>>,
    events: u64,
    markets: [Market; MARKETS],
    calls: Vec<Call>,
    house: House,
    rule: Box<dyn Rule>,
    dice: Dice,
    buyers: Dice,
    /// Of a hundred ways of a call, so many are long.
    long_ways: u32,
    is_down: bool,
    life: u64,
    woken_at: Option<u64>,
    stocked: i64,
    net_sold: i64,
    trace: DefaultHasher,
}

impl Run {
    pub(super) fn new(seed: u64, way: Way, crowd: Crowd, damage: Option<Damage>) -> Self {
        let mut buyers = Dice::new(seed);
        let mut house = House::new(seed, at(0));
        house.ends_one_in = ENDS_ONE_IN;
        let rule: Box<dyn Rule> = match way {
            Way::Split => Box::new(SplitRule::new(&house, damage)),
            Way::Shared => Box::new(SharedRule::new(&house, false)),
            Way::Shielded => Box::new(SharedRule::new(&house, true)),
        };
        let shown = rule.first_shown();
        let markets = std::array::from_fn(|market| Market {
            shown: shown[market],
            popularity: popularity(&mut buyers),
            tokens: CALLS_AT_ONCE * 1_000,
            ..Market::default()
        });
        let outcome = Outcome {
            seed,
            way,
            sold_units: 0,
            oversold_units: 0,
            unsold_units: 0,
            sold_out_at: None,
            calls: 0,
            moves: 0,
            crashes: 0,
            trace: 0,
        };
        let long_ways = [2, 10, 40][usize::try_from(buyers.below(3)).unwrap_or(0)];
        Self {
            outcome,
            crowd,
            damage,
            now: 0,
            waiting: BinaryHeap::new(),
            events: 0,
            markets,
            calls: Vec::new(),
            house,
            rule,
            dice: Dice::new(seed ^ 0x464c_4153_4800),
            buyers,
            long_ways,
            is_down: false,
            life: 0,
            woken_at: None,
            stocked: STOCK_UNITS,
            net_sold: 0,
            trace: DefaultHasher::new(),
        }
    }

    pub(super) fn through(mut self) -> Outcome {
        self.prepare();
        let rush = u64::from(self.crowd.rush_seconds) * 1_000;
        let mut coming = self.arrivals(rush);
        coming.sort_unstable();
        for buyer_at in coming {
            self.until(buyer_at);
            self.now = buyer_at;
            self.buy();
        }
        self.until(rush + AFTERWARDS);
        self.outcome.sold_units = self.net_sold;
        self.outcome.unsold_units = (self.stocked - self.net_sold).max(0);
        self.outcome.moves = self.house.moves;
        self.outcome.trace = self.trace.finish();
        self.outcome
    }

    fn arrivals(&mut self, rush: u64) -> Vec<u64> {
        let span = u32::try_from(rush).unwrap_or(u32::MAX);
        let afterwards = u32::try_from(AFTERWARDS).unwrap_or(u32::MAX);
        let mut coming: Vec<u64> =
            (0..self.crowd.buyers).map(|_| u64::from(self.buyers.below(span))).collect();
        for _ in 0..self.crowd.late_buyers {
            coming.push(rush + u64::from(self.buyers.below(afterwards)));
        }
        coming
    }

    fn prepare(&mut self) {
        for market in 0..MARKETS {
            let first = u64::from(self.dice.below(120_000));
            self.plan(first, Event::Sweep { market });
        }
        for _ in 0..self.dice.below(3) {
            let at = u64::from(self.dice.below(90_000));
            self.plan(at, Event::Crash);
        }
        if self.dice.chance(30) {
            let (at, units) = (u64::from(self.dice.below(120_000)), i64::from(self.dice.below(30)) + 1);
            self.plan(at, Event::Stocked { units });
        }
        self.plan(0, Event::Wake);
    }

    fn plan(&mut self, at: u64, event: Event) {
        self.events += 1;
        self.waiting.push(Reverse((at.max(self.now), self.events, event)));
    }

    /// Everything that happens before a moment.
    fn until(&mut self, moment: u64) {
        while let Some(Reverse((at, ..))) = self.waiting.peek()
            && *at <= moment
            && let Some(Reverse((at, _, event))) = self.waiting.pop()
        {
            self.now = at;
            (at, event).hash(&mut self.trace);
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::CallOff { market, sale } => self.call_off(market, sale),
            Event::Hook { market, sale } => {
                if !self.is_down {
                    self.let_house(|house, _| house.hear(market, sale));
                }
            }
            Event::Arrive { call } => self.arrive(call),
            Event::Leave { call } => self.leave(call),
            Event::Answered { call } => self.answered(call),
            Event::GivenUp { call } => self.end(call, Answer::Lost),
            Event::Sweep { market } => {
                self.plan(self.now + SWEEP_EVERY, Event::Sweep { market });
                if !self.is_down {
                    self.let_house(|house, _| house.list(market, house.now));
                }
            }
            Event::Wake => {
                self.woken_at = None;
                if !self.is_down {
                    self.let_house(|house, _| (0..MARKETS).for_each(|market| house.read_on(market)));
                }
            }
            Event::Crash => self.crash(),
            Event::Restart => self.restart(),
            Event::Stocked { units } => {
                self.stocked += units;
                self.house.tally.on_hand_units += units;
                self.house.tally.version += 1;
                if !self.is_down {
                    self.let_house(|_, _| {});
                }
            }
        }
    }

    /// The house does something, decides, and makes its calls.
    fn let_house(&mut self, does: impl FnOnce(&mut House, &mut dyn Rule)) {
        self.house.now = at(self.now);
        self.house.wake_at = None;
        does(&mut self.house, &mut *self.rule);
        self.rule.act(&mut self.house, &mut self.dice);
        if self.house.ends_here {
            self.crash();
            return;
        }
        for (market, kind) in std::mem::take(&mut self.house.calls) {
            self.send(market, kind);
        }
        if let Some(wake_at) = self.house.wake_at {
            let wake_at = u64::try_from(wake_at.as_millis() - START).unwrap_or(0).max(self.now + 1);
            if self.woken_at.is_none_or(|known| wake_at < known) {
                self.woken_at = Some(wake_at);
                self.plan(wake_at, Event::Wake);
            }
        }
    }

    fn crash(&mut self) {
        if self.is_down {
            return;
        }
        self.is_down = true;
        self.outcome.crashes += 1;
        self.life += 1;
        let back = self.now + 1_000 + u64::from(self.dice.below(15_000));
        self.plan(back, Event::Restart);
    }

    fn restart(&mut self) {
        self.is_down = false;
        let mut under_way = Vec::new();
        for call in self.calls.iter_mut().filter(|call| !call.is_over) {
            call.is_over = true;
            under_way.push((call.market, call.kind));
        }
        self.let_house(|house, rule| {
            let not_sent = std::mem::take(&mut house.calls);
            under_way.extend(not_sent);
            house.begin_anew(&under_way);
            rule.restarted(house);
        });
    }

    // Buyers.

    fn buy(&mut self) {
        let all: u32 = self.markets.iter().map(|market| market.popularity).sum();
        let mut place = self.buyers.below(all);
        let wanted = if self.buyers.chance(5) { 2 } else { 1 };
        let market = (0..MARKETS)
            .find(|market| {
                let here = self.markets[*market].popularity;
                let found = place < here;
                place = place.saturating_sub(here);
                found
            })
            .unwrap_or(0);
        if self.markets[market].shown < wanted {
            return;
        }
        let lag = u64::from(self.lag());
        self.markets[market].shown -= wanted;
        let sales = &mut self.markets[market].sales;
        let sale = sales.len();
        sales.push(Sale {
            units: wanted,
            placed_at: self.now,
            visible_at: self.now + lag,
            off_at: None,
            off_visible_at: 0,
        });
        self.net_sold += wanted;
        self.outcome.oversold_units = self.outcome.oversold_units.max(self.net_sold - self.stocked);
        if self.net_sold >= self.stocked {
            self.outcome.sold_out_at.get_or_insert(self.now);
        }
        self.send_hooks(market, sale);
        if self.dice.chance(CALL_OFFS) {
            let off_at = self.now + 500 + u64::from(self.dice.below(40_000));
            self.plan(off_at, Event::CallOff { market, sale });
        }
    }

    fn call_off(&mut self, market: usize, sale: usize) {
        let lag = u64::from(self.lag());
        let gives_back = self.dice.chance(85);
        let held = &mut self.markets[market].sales[sale];
        held.off_at = Some(self.now);
        held.off_visible_at = (self.now + lag).max(held.visible_at);
        let units = held.units;
        if gives_back {
            self.markets[market].shown += units;
        }
        self.net_sold -= units;
        self.send_hooks(market, sale);
    }

    fn lag(&mut self) -> u32 {
        let longest = if self.damage == Some(Damage::ListsLag) { MUCH_TOO_LAGGING } else { LONGEST_LAG };
        self.dice.below(longest)
    }

    fn send_hooks(&mut self, market: usize, sale: usize) {
        let copies = if self.dice.chance(HOOKS_LOST) { 0 } else { 1 + u32::from(self.dice.chance(10)) };
        for _ in 0..copies {
            let late = if self.dice.chance(10) { 30_000 } else { 1_500 };
            let hook_at = self.now + 100 + u64::from(self.dice.below(late));
            self.plan(hook_at, Event::Hook { market, sale });
        }
    }

    // Calls.

    fn leg(&mut self) -> u64 {
        let longest = if self.dice.chance(self.long_ways) { LONGEST_LEG } else { 400 };
        u64::from(20 + self.dice.below(longest - 20))
    }

    fn send(&mut self, market: usize, kind: Kind) {
        let call = self.calls.len();
        let is_over = false;
        self.calls.push(Call { market, kind, sent_at: self.now, life: self.life, is_over, answer: None });
        self.outcome.calls += 1;
        self.plan(self.now + PATIENCE, Event::GivenUp { call });
        let is_write = matches!(kind, Kind::Write(_));
        let way = if is_write && self.damage == Some(Damage::WritesLag) && self.dice.chance(30) {
            u64::from(self.dice.below(MUCH_TOO_LATE))
        } else if is_write && self.dice.chance(3) {
            u64::from(self.dice.below(LATEST_WRITE))
        } else {
            self.leg()
        };
        if !self.dice.chance(2) {
            self.plan(self.now + way, Event::Arrive { call });
        }
    }

    fn arrive(&mut self, call: usize) {
        let Call { market, kind, .. } = self.calls[call];
        let takes_it = self.markets[market].takes_a_call(self.now);
        if !takes_it || self.dice.chance(1) {
            self.calls[call].answer = Some(Answer::Refused);
        } else if let Kind::Write(units) = kind {
            self.markets[market].shown = units;
        }
        let works = u64::from(self.dice.below(300));
        self.plan(self.now + works, Event::Leave { call });
    }

    fn leave(&mut self, call: usize) {
        let Call { market, kind, .. } = self.calls[call];
        if self.calls[call].answer.is_none() {
            let place = &self.markets[market];
            self.calls[call].answer = Some(match kind {
                Kind::Write(_) | Kind::Look => Answer::Shows(place.shown),
                Kind::Order(sale) => Answer::Orders(place.shows(sale, self.now, false).into_iter().collect()),
                Kind::List => {
                    let hides = self.damage == Some(Damage::CallOffsUnlisted);
                    let all = 0..place.sales.len();
                    Answer::Orders(all.filter_map(|sale| place.shows(sale, self.now, hides)).collect())
                }
            });
        }
        let back = self.leg();
        // Some answers never come.
        if !self.dice.chance(2) {
            self.plan(self.now + back, Event::Answered { call });
        }
    }

    fn answered(&mut self, call: usize) {
        let answer = self.calls[call].answer.take().unwrap_or(Answer::Lost);
        self.end(call, answer);
    }

    /// The house hears how a call ended, if it still waits.
    fn end(&mut self, call: usize, answer: Answer) {
        let Call { market, kind, sent_at, life, is_over, .. } = self.calls[call];
        if is_over || life != self.life || self.is_down {
            return;
        }
        self.calls[call].is_over = true;
        self.let_house(|house, rule| match (kind, answer) {
            (Kind::Write(_) | Kind::Look, answer) => rule.answered(house, market, kind, &answer),
            (Kind::Order(_) | Kind::List, Answer::Orders(news)) => {
                take_in(house, rule, market, &news);
                match kind {
                    Kind::Order(sale) => house.order_read(market, sale, !news.is_empty()),
                    Kind::List | Kind::Write(_) | Kind::Look => {
                        rule.listed(house, market, at(sent_at));
                        house.list_read(market, true);
                    }
                }
            }
            (Kind::Order(sale), _) => house.order_read(market, sale, false),
            (Kind::List, _) => house.list_read(market, false),
        });
    }
}

fn take_in(house: &mut House, rule: &mut dyn Rule, market: usize, news: &[News]) {
    for news in news {
        if let Some(effect) = house.take_in(market, *news) {
            rule.learned(house, market, effect, news.units, news.placed_at);
        }
    }
}

impl Market {
    /// An order as it is shown at a moment, if it is.
    fn shows(&self, sale: usize, now: u64, hides_called_off: bool) -> Option<News> {
        let held = self.sales.get(sale).filter(|held| held.visible_at <= now)?;
        let is_off = held.off_at.is_some() && held.off_visible_at <= now;
        let news = News { sale, units: held.units, placed_at: at(held.placed_at), is_off };
        Some(news).filter(|_| !(is_off && hides_called_off))
    }

    fn takes_a_call(&mut self, now: u64) -> bool {
        let refilled = self.tokens + (now - self.tokens_at) * CALLS_A_SECOND;
        self.tokens = refilled.min(CALLS_AT_ONCE * 1_000);
        self.tokens_at = now;
        let takes = self.tokens >= 1_000;
        self.tokens -= if takes { 1_000 } else { 0 };
        takes
    }
}

/// A moment of the sale as an instant.
fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(START.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
}

/// How many of a crowd come to a marketplace: some have a hundred times the buyers of others.
fn popularity(buyers: &mut Dice) -> u32 {
    let drawn = 1 + buyers.below(1_000);
    1 + drawn * drawn / 1_000
}
