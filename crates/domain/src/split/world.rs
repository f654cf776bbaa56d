//! The protocol against a world that does whatever it may: every sale, answer, loss and crash at any time, in any order.

use std::time::Duration;

use proptest::prelude::*;

use super::{Demand, Mode, Quota, Refusal, Rules, Split, Standing, Step};
use crate::id::ListingId;
use crate::random::SeededEntropy;
use crate::stock::Tally;
use crate::time::Timestamp;

const LISTINGS: usize = 3;
const STOCKED_UNITS: i64 = 12;
const RULES: Rules = Rules {
    latest_apply: Duration::from_mins(1),
    list_lag: Duration::from_secs(3),
    retry_after: Duration::from_secs(1),
    look_every: Duration::from_secs(20),
    rest: Duration::from_secs(30),
    move_takes: Duration::from_secs(30),
    recent: Duration::from_mins(1),
    last_units: 2,
};

/// What can happen. The numbers choose among what there is.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Somebody buys a unit.
    Bought(usize),
    /// A buyer calls off; the platform may offer the unit again.
    CalledOff(usize, usize, bool),
    /// One order is read.
    Learned(usize, usize),
    /// The house makes the next calls.
    Acted,
    /// A write arrives.
    Applied(usize, usize),
    /// The call under way is answered.
    Answered(usize),
    /// The platform says that it did not.
    Refused(usize),
    /// Nobody waits for the answer any more.
    Lost(usize),
    /// The orders are read that the house began to read.
    Settled(usize),
    /// The program ends and begins anew.
    Crashed,
    /// Time passes, and of what could still have been applied some was.
    Passed(u64, bool),
    /// Goods come in.
    Stocked(i64),
    /// A person counts less than there should be.
    Missed(i64),
    /// A package leaves, with this order.
    Shipped(usize, usize),
}

fn events(with_losses: bool) -> impl Strategy<Value = Vec<Event>> {
    let place = 0..LISTINGS;
    let event = prop_oneof![
        12 => place.clone().prop_map(Event::Bought),
        2 => (place.clone(), any::<usize>(), any::<bool>()).prop_map(|(at, which, back)| Event::CalledOff(at, which, back)),
        6 => (place.clone(), any::<usize>()).prop_map(|(at, which)| Event::Learned(at, which)),
        12 => Just(Event::Acted),
        6 => (place.clone(), any::<usize>()).prop_map(|(at, which)| Event::Applied(at, which)),
        10 => place.clone().prop_map(Event::Answered),
        1 => place.clone().prop_map(Event::Refused),
        3 => place.clone().prop_map(Event::Lost),
        8 => place.prop_map(Event::Settled),
        1 => Just(Event::Crashed),
        8 => (1_u64..90, any::<bool>()).prop_map(|(seconds, applied)| Event::Passed(seconds, applied)),
        1 => (1_i64..9).prop_map(Event::Stocked),
        1 => (1_i64..9).prop_map(move |units| if with_losses { Event::Missed(units) } else { Event::Acted }),
        1 => (0..LISTINGS, any::<usize>()).prop_map(|(at, which)| Event::Shipped(at, which)),
    ];
    proptest::collection::vec(event, 0..160)
}

#[derive(Debug, Clone, Copy)]
struct Sale {
    placed_at: Timestamp,
    called_off_at: Option<Timestamp>,
    is_known: bool,
    is_known_off: bool,
    has_left: bool,
}

#[derive(Debug, Clone, Copy)]
struct Flight {
    units: i64,
    sent_at: Timestamp,
}

/// One platform with one listing.
#[derive(Debug, Default)]
struct Platform {
    shown: i64,
    sales: Vec<Sale>,
    /// Writes that were sent and may still arrive.
    flights: Vec<Flight>,
    /// The call that the house waits for: its write, while it has not arrived; `None` for a reading.
    waiting: Option<Waiting>,
    settling_since: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Reading,
    Write { units: i64, arrived: bool },
}

impl Platform {
    fn net(&self, counts: impl Fn(&Sale) -> bool) -> i64 {
        i64::try_from(self.sales.iter().filter(|sale| counts(sale)).count()).unwrap()
    }

    fn sold(&self) -> i64 {
        self.net(|sale| sale.called_off_at.is_none())
    }

    fn known(&self) -> i64 {
        self.net(|sale| sale.is_known && !sale.is_known_off)
    }

    fn may_still_arrive(&self) -> i64 {
        self.flights.iter().map(|flight| flight.units).sum()
    }
}

struct World {
    platforms: Vec<Platform>,
    split: Split,
    tally: Tally,
    now: Timestamp,
    stocked: i64,
}

impl World {
    fn new() -> Self {
        let entropy = SeededEntropy::new(1);
        let now = Timestamp::from_millis(1_700_000_000_000);
        let quotas = (0..LISTINGS).map(|_| Quota::at_zero(ListingId::new(now, &entropy))).collect();
        let tally = Tally { on_hand_units: STOCKED_UNITS + 1, safety_units: 1, ..Tally::default() };
        Self {
            platforms: (0..LISTINGS).map(|_| Platform::default()).collect(),
            split: Split { quotas, rules: RULES },
            tally,
            now,
            stocked: STOCKED_UNITS,
        }
    }

    fn id(&self, at: usize) -> ListingId {
        self.split.quotas[at].listing
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Bought(at) => self.buy(at),
            Event::CalledOff(at, which, back) => self.call_off(at, which, back),
            Event::Learned(at, which) => {
                if !self.platforms[at].sales.is_empty() {
                    let which = which % self.platforms[at].sales.len();
                    self.learn(at, which);
                }
            }
            Event::Acted => self.act(),
            Event::Applied(at, which) => {
                if !self.platforms[at].flights.is_empty() {
                    let which = which % self.platforms[at].flights.len();
                    self.apply(at, which);
                }
            }
            Event::Answered(at) => self.answer(at),
            Event::Refused(at) => self.refuse(at),
            Event::Lost(at) => self.lose(at),
            Event::Settled(at) => self.settle(at),
            Event::Crashed => {
                self.split.recover(self.now);
                for platform in &mut self.platforms {
                    platform.waiting = None;
                    platform.settling_since = None;
                }
            }
            Event::Passed(seconds, applied) => self.pass(Duration::from_secs(seconds), applied),
            Event::Stocked(units) => {
                self.stocked += units;
                self.tally.on_hand_units += units;
            }
            Event::Missed(units) => {
                self.stocked -= units;
                self.tally.on_hand_units -= units;
            }
            Event::Shipped(at, which) => self.ship(at, which),
        }
    }

    fn ship(&mut self, at: usize, which: usize) {
        let sales = &mut self.platforms[at].sales;
        let of_sales = which.checked_rem(sales.len()).unwrap_or(0);
        if let Some(sale) = sales.get_mut(of_sales)
            && sale.is_known
            && sale.called_off_at.is_none()
            && !sale.has_left
        {
            sale.has_left = true;
            self.tally.reserved_units -= 1;
            self.tally.on_hand_units -= 1;
        }
    }

    fn buy(&mut self, at: usize) {
        let platform = &mut self.platforms[at];
        if platform.shown > 0 {
            platform.shown -= 1;
            let sale = Sale {
                placed_at: self.now,
                called_off_at: None,
                is_known: false,
                is_known_off: false,
                has_left: false,
            };
            platform.sales.push(sale);
        }
    }

    fn call_off(&mut self, at: usize, which: usize, back: bool) {
        let platform = &mut self.platforms[at];
        // What has left the house is not called off.
        let may = |which: &usize| {
            let sale = platform.sales[*which];
            sale.called_off_at.is_none() && !sale.has_left
        };
        let open: Vec<usize> = (0..platform.sales.len()).filter(may).collect();
        let Some(&which) = open.get(which.checked_rem(open.len()).unwrap_or(0)) else { return };
        platform.sales[which].called_off_at = Some(self.now);
        platform.shown += i64::from(back);
    }

    /// One order is read as it stands.
    fn learn(&mut self, at: usize, which: usize) {
        let id = self.id(at);
        let sale = &mut self.platforms[at].sales[which];
        match (sale.is_known, sale.called_off_at.is_some(), sale.is_known_off) {
            (false, false, _) => {
                sale.is_known = true;
                self.tally.reserved_units += 1;
                self.split.sold(id, 1);
            }
            (false, true, false) => {
                sale.is_known_off = true;
                sale.is_known = true;
                self.split.called_off_unseen(id, 1);
            }
            (true, true, false) => {
                sale.is_known_off = true;
                self.tally.reserved_units -= 1;
                self.split.released(id, 1);
            }
            (true, false, _) | (_, true, true) => {}
        }
    }

    fn demands(&self) -> Vec<Demand> {
        let demand = |quota: &Quota| Demand {
            listing: quota.listing,
            sold_units: 0,
            ceiling_units: 99,
            is_preferred: false,
        };
        self.split.quotas.iter().map(demand).collect()
    }

    fn act(&mut self) {
        let plan = self.split.decide(self.tally, &self.demands(), self.now);
        for step in plan.steps {
            let at = |id| self.split.quotas.iter().position(|quota| quota.listing == id).unwrap();
            match step {
                Step::Lower(id) => self.send(at(id), 0),
                Step::Raise { listing, units } => self.send(at(listing), units),
                Step::Look(id) => {
                    let at = at(id);
                    self.split.look(id, self.now).unwrap();
                    self.platforms[at].waiting = Some(Waiting::Reading);
                }
                Step::Settle(id) => {
                    let at = at(id);
                    self.platforms[at].settling_since.get_or_insert(self.now);
                }
            }
        }
    }

    fn send(&mut self, at: usize, units: i64) {
        let id = self.id(at);
        self.split.announce(id, units, self.tally, self.now).unwrap();
        self.platforms[at].waiting = Some(Waiting::Write { units, arrived: false });
        self.platforms[at].flights.push(Flight { units, sent_at: self.now });
    }

    fn apply(&mut self, at: usize, which: usize) {
        let platform = &mut self.platforms[at];
        let flight = platform.flights.remove(which);
        platform.shown = flight.units;
        // The call that is waited for is the last that was sent.
        if which == platform.flights.len()
            && let Some(Waiting::Write { arrived, .. }) = &mut platform.waiting
        {
            *arrived = true;
        }
    }

    fn answer(&mut self, at: usize) {
        let id = self.id(at);
        match self.platforms[at].waiting {
            None => {}
            Some(Waiting::Reading) => {
                self.platforms[at].waiting = None;
                self.split.seen(id, self.platforms[at].shown, self.now);
            }
            Some(Waiting::Write { arrived, .. }) => {
                if !arrived {
                    self.apply(at, self.platforms[at].flights.len() - 1);
                }
                self.platforms[at].waiting = None;
                self.split.answered(id, self.platforms[at].shown, self.now);
            }
        }
    }

    fn refuse(&mut self, at: usize) {
        let id = self.id(at);
        match self.platforms[at].waiting {
            Some(Waiting::Write { arrived: false, .. }) => {
                self.platforms[at].flights.pop();
                self.platforms[at].waiting = None;
                self.split.refused(id, self.now);
            }
            Some(Waiting::Reading) => {
                self.platforms[at].waiting = None;
                self.split.refused(id, self.now);
            }
            Some(Waiting::Write { arrived: true, .. }) | None => {}
        }
    }

    fn lose(&mut self, at: usize) {
        if self.platforms[at].waiting.take().is_some() {
            self.split.lost(self.id(at), self.now);
        }
    }

    /// The list shows what is older than its lag, and not a moment younger.
    fn settle(&mut self, at: usize) {
        let Some(began_at) = self.platforms[at].settling_since.take() else { return };
        let horizon = began_at.minus(RULES.list_lag);
        for which in 0..self.platforms[at].sales.len() {
            if self.platforms[at].sales[which].placed_at <= horizon {
                self.learn(at, which);
            }
        }
        self.split.settled(self.id(at), began_at);
    }

    fn pass(&mut self, span: Duration, applied: bool) {
        let then = self.now.plus(span);
        for at in 0..LISTINGS {
            // Nobody waits longer than a write may take.
            if self.platforms[at].flights.iter().any(|flight| flight.sent_at.plus(RULES.latest_apply) < then)
            {
                self.lose(at);
            }
            while let Some(which) = self.platforms[at]
                .flights
                .iter()
                .position(|flight| flight.sent_at.plus(RULES.latest_apply) < then)
            {
                if applied {
                    self.apply(at, which);
                } else {
                    self.platforms[at].flights.remove(which);
                }
            }
        }
        self.now = then;
    }

    fn check(&self, was_missed: bool) -> Result<(), TestCaseError> {
        for (platform, quota) in self.platforms.iter().zip(&self.split.quotas) {
            let may_sell = platform.shown + platform.sold() - platform.known() + platform.may_still_arrive();
            prop_assert!(
                !quota.is_known || may_sell <= quota.bound_units,
                "{may_sell} may be sold: {platform:?} {quota:?}"
            );
        }
        let free_units = self.split.free_units(self.tally);
        let sold: i64 = self.platforms.iter().map(Platform::sold).sum();
        if !was_missed {
            prop_assert!(sold <= self.stocked, "{sold} of {} sold", self.stocked);
            prop_assert!(free_units >= 0, "{free_units} free");
        }
        let standing = self.split.decide(self.tally, &self.demands(), self.now).standing;
        prop_assert_eq!(matches!(standing, Standing::Over { .. }), free_units < 0);
        Ok(())
    }

    /// Nothing goes wrong any more, and nobody buys.
    fn calm_down(&mut self) {
        for _ in 0..60 {
            for at in 0..LISTINGS {
                self.answer(at);
                for which in 0..self.platforms[at].sales.len() {
                    self.learn(at, which);
                }
            }
            self.act();
            for at in 0..LISTINGS {
                self.answer(at);
                self.settle(at);
            }
            self.pass(Duration::from_secs(15), true);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_order_of_events_sells_more_than_there_is(events in events(false)) {
        let mut world = World::new();
        for event in events {
            world.happen(event);
            world.check(false)?;
        }
    }

    #[test]
    fn when_goods_are_missing_it_says_so_and_comes_back(events in events(true)) {
        let mut world = World::new();
        for event in events {
            world.happen(event);
            world.check(true)?;
        }
        world.calm_down();
        let quotas = format!("{:?}", world.split.quotas);
        let shown: i64 = world.platforms.iter().map(|platform| platform.shown).sum();
        let available = world.tally.available_units();
        prop_assert!(world.split.quotas.iter().all(|quota| quota.is_known), "{}", quotas);
        prop_assert!(shown <= available, "{} shown of {} available: {}", shown, available, quotas);
        prop_assert!(shown > 0 || available == 0, "nothing shown of {}: {}", available, quotas);
    }
}

fn two_listings(left: i64, right: i64) -> (Split, Timestamp) {
    let world = World::new();
    let mut quotas = world.split.quotas[..2].to_vec();
    quotas[0].bound_units = left;
    quotas[1].bound_units = right;
    (Split { quotas, rules: RULES }, world.now)
}

fn wanted(split: &Split) -> Vec<Demand> {
    let demand = |quota: &Quota| Demand {
        listing: quota.listing,
        sold_units: 0,
        ceiling_units: 99,
        is_preferred: false,
    };
    split.quotas.iter().map(demand).collect()
}

const fn on_hand(units: i64) -> Tally {
    Tally { on_hand_units: units, reserved_units: 0, safety_units: 0, version: 1 }
}

#[test]
fn a_write_that_does_not_fit_is_refused() {
    let (mut split, now) = two_listings(6, 0);
    let id = split.quotas[1].listing;
    assert_eq!(split.announce(id, 5, on_hand(10), now), Err(Refusal::TooMuch { free_units: 4 }));
    assert_eq!(split.announce(id, 4, on_hand(10), now), Ok(()));
    assert_eq!(split.announce(id, 0, on_hand(10), now), Err(Refusal::NotNow), "one call at a time");
    let stranger = ListingId::new(now, &SeededEntropy::new(9));
    assert_eq!(split.announce(stranger, 0, on_hand(10), now), Err(Refusal::Stranger));
}

#[test]
fn a_lost_raise_counts_until_its_number_was_read_after_it_cannot_come_any_more() {
    let (mut split, now) = two_listings(0, 0);
    let id = split.quotas[0].listing;
    split.announce(id, 6, on_hand(10), now).unwrap();
    split.lost(id, now.plus(Duration::from_secs(15)));
    assert_eq!(split.free_units(on_hand(10)), 4);
    let too_early = now.plus(RULES.latest_apply);
    assert_eq!(split.look(id, too_early), Err(Refusal::NotNow));
    let later = too_early.plus(Duration::from_secs(1));
    assert_eq!(split.decide(on_hand(6), &wanted(&split), later).steps, [Step::Look(id)]);
    split.look(id, later).unwrap();
    split.seen(id, 0, later);
    assert_eq!(split.free_units(on_hand(10)), 4, "sales before it may not be known");
    split.settled(id, later);
    assert_eq!(split.free_units(on_hand(10)), 4, "a list that may be too old proves nothing");
    split.settled(id, later.plus(RULES.list_lag));
    assert_eq!(split.free_units(on_hand(10)), 10);
}

#[test]
fn units_move_by_zero_then_settling_then_raising() {
    let (mut split, now) = two_listings(0, 10);
    let [hungry, giver] = [split.quotas[0].listing, split.quotas[1].listing];
    let tally = on_hand(10);
    assert_eq!(split.decide(tally, &wanted(&split), now).steps, [Step::Lower(giver)]);
    split.announce(giver, 0, tally, now).unwrap();
    assert_eq!(split.decide(tally, &wanted(&split), now).steps, []);
    split.answered(giver, 0, now);
    let plan = split.decide(tally, &wanted(&split), now);
    assert_eq!((plan.steps, plan.wait_until), (vec![], Some(now.plus(RULES.list_lag))));
    let later = now.plus(RULES.list_lag);
    assert_eq!(split.decide(tally, &wanted(&split), later).steps, [Step::Settle(giver)]);
    // One was sold there before it showed zero.
    split.sold(giver, 1);
    let tally = Tally { reserved_units: 1, ..tally };
    split.settled(giver, later);
    assert_eq!(
        split.decide(tally, &wanted(&split), later).steps,
        [Step::Raise { listing: hungry, units: 5 }, Step::Raise { listing: giver, units: 4 }]
    );
}

#[test]
fn a_listing_of_which_nothing_is_sure_stops_all_raises_until_it_was_read() {
    let (mut split, now) = two_listings(0, 0);
    split.quotas[1] = Quota::unknown(split.quotas[1].listing, 3, None);
    let plan = split.decide(on_hand(10), &wanted(&split), now);
    assert_eq!((plan.standing, plan.steps), (Standing::Unknown, vec![Step::Look(split.quotas[1].listing)]));
}

#[test]
fn a_number_that_somebody_else_raised_is_counted_once_it_was_read() {
    let (mut split, now) = two_listings(2, 8);
    let id = split.quotas[0].listing;
    split.look(id, now).unwrap();
    split.seen(id, 50, now);
    split.settled(id, now.plus(RULES.list_lag));
    let plan = split.decide(on_hand(10), &wanted(&split), now.plus(RULES.list_lag));
    assert_eq!(plan.standing, Standing::Over { units: 48 });
    assert_eq!(plan.steps, [Step::Lower(id)]);
}

#[test]
fn who_sells_out_by_itself_before_a_move_is_over_keeps_its_units() {
    let (split, now) = two_listings(0, 10);
    let mut demands = wanted(&split);
    demands[1].sold_units = 40;
    assert_eq!(split.decide(on_hand(10), &demands, now).steps, []);
}

#[test]
fn the_switch_does_not_flutter() {
    let auto = Mode::Auto { threshold_units: 10 };
    assert!(!auto.is_split(11, false) && auto.is_split(10, false));
    assert!(auto.is_split(20, true) && !auto.is_split(21, true));
    assert!(Mode::Split.is_split(1_000, false) && !Mode::Shared.is_split(0, true));
}
