//! The ways of telling listings: the house's decisions, driven by the model's events.

use std::time::Duration;

use domain::listing::decide_push;
use domain::shield::{BURST, Delay, HoldBack, LOOK_AT_BURST, Sold, shielded};
use domain::split::{Demand, Quota, Share, Split, Step, allocate};
use domain::{ListingState, Push, Timestamp};

use super::house::{Answer, Effect, House, Kind};
use super::world::Dice;
use super::{MARKETS, RULES, STOCK_UNITS};

/// The most that a platform shows.
const CEILING_UNITS: i64 = 9_999;

/// A rule of split mode that is broken, or an assumption of it that the world does not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// A listing that was lowered counts as empty before its orders were read.
    NotSettled,
    /// A lowering counts before it is confirmed.
    NotConfirmed,
    /// A write without an answer counts as not written.
    LostIsForgotten,
    /// Writes are kept after they were sent: a crash forgets them.
    KeptTooLate,
    /// Lists of orders lag more than is taken for granted.
    ListsLag,
    /// Writes are applied later than is taken for granted.
    WritesLag,
    /// The list leaves out what was called off before anybody read it.
    CallOffsUnlisted,
}

impl Damage {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NotSettled,
        Self::NotConfirmed,
        Self::LostIsForgotten,
        Self::KeptTooLate,
        Self::ListsLag,
        Self::WritesLag,
        Self::CallOffsUnlisted,
    ];
}

/// A way of telling listings.
pub(super) trait Rule {
    /// What each listing shows when the sale begins.
    fn first_shown(&self) -> [i64; MARKETS];
    /// An order was taken in.
    fn learned(&mut self, house: &mut House, market: usize, effect: Effect, units: i64, placed_at: Timestamp);
    /// A call for a listing's quantity ended.
    fn answered(&mut self, house: &mut House, market: usize, kind: Kind, answer: &Answer);
    /// All orders of an account were read; the reading began then.
    fn listed(&mut self, house: &mut House, market: usize, began_at: Timestamp);
    /// The program began anew.
    fn restarted(&mut self, house: &mut House);
    /// Makes the calls that are due.
    fn act(&mut self, house: &mut House, dice: &mut Dice);
}

/// Split mode.
pub(super) struct SplitRule {
    split: Split,
    damage: Option<Damage>,
}

impl SplitRule {
    pub(super) fn new(house: &House, damage: Option<Damage>) -> Self {
        let nobody_sold =
            [Share { weight_units: 0, ceiling_units: CEILING_UNITS, is_preferred: false }; MARKETS];
        let given = allocate(STOCK_UNITS, RULES.last_units, &nobody_sold);
        let quotas = house.listings.iter().zip(given);
        let quotas = quotas.map(|(id, bound_units)| Quota { bound_units, ..Quota::at_zero(*id) }).collect();
        Self { split: Split { quotas, rules: RULES }, damage }
    }

    fn is(&self, damage: Damage) -> bool {
        self.damage == Some(damage)
    }

    fn write(&mut self, house: &mut House, market: usize, units: i64, dice: &mut Dice) {
        let id = house.listings[market];
        if self.split.announce(id, units, house.tally, house.now).is_err() {
            return;
        }
        if house.ends_one_in > 0 && dice.below(house.ends_one_in) == 0 {
            house.ends_here = true;
            return;
        }
        house.calls.push((market, Kind::Write(units)));
        if units == 0 && self.is(Damage::NotConfirmed) {
            self.split.answered(id, 0, house.now);
            self.settle_blindly(house, market);
        }
    }

    /// What must not be done: nobody read the orders.
    fn settle_blindly(&mut self, house: &House, market: usize) {
        self.split.settled(house.listings[market], house.now.plus(RULES.list_lag));
    }
}

impl Rule for SplitRule {
    fn first_shown(&self) -> [i64; MARKETS] {
        std::array::from_fn(|market| self.split.quotas[market].bound_units)
    }

    fn learned(&mut self, house: &mut House, market: usize, effect: Effect, units: i64, _: Timestamp) {
        let id = house.listings[market];
        match effect {
            Effect::Sold => self.split.sold(id, units),
            Effect::Released => self.split.released(id, units),
            Effect::CalledOffUnseen => self.split.called_off_unseen(id, units),
        }
    }

    fn answered(&mut self, house: &mut House, market: usize, kind: Kind, answer: &Answer) {
        let (id, now) = (house.listings[market], house.now);
        match (answer, kind) {
            (Answer::Shows(units), Kind::Look) => self.split.seen(id, *units, now),
            (Answer::Shows(units), _) => {
                self.split.answered(id, *units, now);
                if kind == Kind::Write(0) && self.is(Damage::NotSettled) {
                    self.settle_blindly(house, market);
                }
            }
            (Answer::Lost, _) if !self.is(Damage::LostIsForgotten) => self.split.lost(id, now),
            (Answer::Lost | Answer::Refused, _) => self.split.refused(id, now),
            (Answer::Orders(_), _) => {}
        }
    }

    fn listed(&mut self, house: &mut House, market: usize, began_at: Timestamp) {
        self.split.settled(house.listings[market], began_at);
    }

    fn restarted(&mut self, house: &mut House) {
        if self.is(Damage::KeptTooLate) {
            for id in house.listings {
                self.split.refused(id, house.now);
            }
        }
        self.split.recover(house.now);
    }

    fn act(&mut self, house: &mut House, dice: &mut Dice) {
        let demands: Vec<Demand> = (0..MARKETS)
            .map(|market| Demand {
                listing: house.listings[market],
                sold_units: house.sold_within(market, RULES.recent),
                ceiling_units: CEILING_UNITS,
                is_preferred: false,
            })
            .collect();
        let plan = self.split.decide(house.tally, &demands, house.now);
        if let Some(at) = plan.wait_until {
            house.wake(at);
        }
        for step in plan.steps {
            match step {
                Step::Lower(id) => {
                    house.moves += 1;
                    self.write(house, house.market_of(id), 0, dice);
                }
                Step::Raise { listing, units } => self.write(house, house.market_of(listing), units, dice),
                Step::Look(id) => {
                    if self.split.look(id, house.now).is_ok() {
                        house.calls.push((house.market_of(id), Kind::Look));
                    }
                }
                Step::Settle(id) => house.list(house.market_of(id), house.now),
            }
            if house.ends_here {
                return;
            }
        }
    }
}

/// A sale this close to a write of ours may not be in it, as in `app::ingest`.
const RACE_MARGIN: Duration = Duration::from_mins(2);
/// Tries that wait for the orders behind a number that moved without us, as in `app::fanout`.
const TRIES_FOR_UNSEEN_SALES: u32 = 3;
/// How soon a failed job is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// A listing as shared mode sees it.
#[derive(Debug, Clone, Copy, Default)]
struct Shared {
    shown_units: i64,
    shown_at: Timestamp,
    settled_at: Option<Timestamp>,
    /// The ledger's version that it has to be told; 0 for none.
    due_version: i64,
    due_since: Timestamp,
    /// The version that the call under way is about.
    under_way: Option<i64>,
    not_before: Timestamp,
    tries: u32,
    told_since_list: bool,
}

/// Shared mode: the decisions of `app::ingest` and `app::fanout`.
pub(super) struct SharedRule {
    listings: [Shared; MARKETS],
    shield: Option<[Delay; MARKETS]>,
}

impl SharedRule {
    pub(super) fn new(house: &House, with_shield: bool) -> Self {
        let listing = Shared { shown_units: STOCK_UNITS, shown_at: house.now, ..Shared::default() };
        Self { listings: [listing; MARKETS], shield: with_shield.then(Default::default) }
    }

    fn tell(&mut self, house: &House, market: usize) {
        let listing = &mut self.listings[market];
        if listing.due_version == 0 {
            listing.due_since = house.now;
        }
        listing.due_version = house.tally.version.max(1);
    }

    /// What is sold elsewhere until a listing could be told.
    fn hold_back(&self, house: &House, market: usize) -> (i64, bool) {
        let Some(delays) = self.shield else { return (0, false) };
        let sold: [i64; MARKETS] = std::array::from_fn(|market| house.sold_within(market, BURST));
        let others = (0..MARKETS).filter(|other| *other != market);
        let held = others.map(|other| {
            let (units, at) = (sold[other], house.now);
            let sold = Sold { sales: units, units, first_at: at, last_at: at, news: delays[other].mean() };
            HoldBack::of(&[sold], BURST, delays[market].mean()).units
        });
        let best = (0..MARKETS).max_by_key(|market| (sold[*market], MARKETS - market));
        (held.sum(), best == Some(market))
    }

    fn tally_for(&self, house: &House, market: usize) -> domain::Tally {
        let (held, has_the_last) = self.hold_back(house, market);
        shielded(house.tally, if has_the_last { 0 } else { held })
    }

    fn measure(&mut self, market: usize, took: Duration) {
        if let Some(delays) = &mut self.shield {
            delays[market] = delays[market].after(took);
        }
    }

    /// The platform was read: is it to be written?
    fn compare(&mut self, house: &mut House, market: usize, seen_units: i64) {
        let tally = self.tally_for(house, market);
        let listing = &mut self.listings[market];
        match decide_push(ListingState::Active, seen_units, tally, CEILING_UNITS) {
            Push::Write { quantity_units } => {
                let moved_without_us = seen_units < listing.shown_units;
                if moved_without_us && quantity_units > seen_units && listing.tries <= TRIES_FOR_UNSEEN_SALES
                {
                    listing.tries += 1;
                    listing.under_way = None;
                    listing.not_before = house.now.plus(TRY_AGAIN);
                    house.wake(listing.not_before);
                    house.list(market, house.now.plus(TRY_AGAIN));
                } else {
                    listing.settled_at = Some(house.now);
                    listing.under_way = Some(house.tally.version);
                    house.calls.push((market, Kind::Write(quantity_units)));
                }
            }
            Push::Nothing | Push::NotWritable => self.confirm(house, market, seen_units, house.tally.version),
        }
    }

    fn confirm(&mut self, house: &House, market: usize, shown_units: i64, version: i64) {
        let listing = &mut self.listings[market];
        let took = house.now.since(listing.due_since);
        *listing = Shared {
            shown_units,
            shown_at: house.now,
            settled_at: Some(house.now),
            due_version: if listing.due_version <= version { 0 } else { listing.due_version },
            due_since: house.now,
            under_way: None,
            tries: 0,
            told_since_list: true,
            ..*listing
        };
        self.measure(market, took);
    }
}

impl Rule for SharedRule {
    fn first_shown(&self) -> [i64; MARKETS] {
        [STOCK_UNITS; MARKETS]
    }

    fn learned(
        &mut self,
        house: &mut House,
        market: usize,
        effect: Effect,
        units: i64,
        placed_at: Timestamp,
    ) {
        if effect == Effect::CalledOffUnseen {
            self.tell(house, market);
            return;
        }
        let listing = &mut self.listings[market];
        let has_sold = effect == Effect::Sold;
        if has_sold && listing.shown_at < placed_at {
            listing.shown_units = (listing.shown_units - units).max(0);
        }
        if has_sold {
            self.measure(market, house.now.since(placed_at));
        }
        let is_short = house.tally.oversold_units() > 0;
        for other in 0..MARKETS {
            let settled_at = self.listings[other].settled_at;
            let raced = settled_at.is_some_and(|settled| settled.plus(RACE_MARGIN) >= placed_at);
            let counted_itself = has_sold && other == market && !is_short && self.shield.is_none();
            if !counted_itself || raced {
                self.tell(house, other);
            }
        }
    }

    fn answered(&mut self, house: &mut House, market: usize, kind: Kind, answer: &Answer) {
        let Some(version) = self.listings[market].under_way else { return };
        match (answer, kind) {
            (Answer::Shows(units), Kind::Look) => self.compare(house, market, *units),
            (Answer::Shows(units), _) => self.confirm(house, market, *units, version),
            (Answer::Refused | Answer::Lost, _) => {
                let listing = &mut self.listings[market];
                listing.under_way = None;
                listing.tries += 1;
                listing.not_before = house.now.plus(TRY_AGAIN);
                house.wake(listing.not_before);
            }
            (Answer::Orders(_), _) => {}
        }
    }

    fn listed(&mut self, house: &mut House, market: usize, _: Timestamp) {
        if std::mem::take(&mut self.listings[market].told_since_list) {
            self.tell(house, market);
        }
    }

    fn restarted(&mut self, _: &mut House) {
        for listing in &mut self.listings {
            listing.under_way = None;
        }
    }

    fn act(&mut self, house: &mut House, dice: &mut Dice) {
        if self.shield.is_some() {
            for market in 0..MARKETS {
                if self.tally_for(house, market).available_units() != self.listings[market].shown_units {
                    self.tell(house, market);
                }
            }
            house.wake(house.now.plus(LOOK_AT_BURST));
        }
        for market in 0..MARKETS {
            let listing = &mut self.listings[market];
            if listing.due_version == 0 || listing.under_way.is_some() {
                continue;
            }
            if listing.not_before > house.now {
                house.wake(listing.not_before);
                continue;
            }
            listing.under_way = Some(house.tally.version);
            house.calls.push((market, Kind::Look));
        }
        let writes = house.calls.iter().any(|(_, kind)| matches!(kind, Kind::Write(_)));
        if writes && house.ends_one_in > 0 && dice.below(house.ends_one_in) == 0 {
            house.ends_here = true;
        }
    }
}
