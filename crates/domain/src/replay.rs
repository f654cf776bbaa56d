//! A past week played again with another rule: how many units would have been sold that were not there, and how many
//! buyers would have found nothing where there was something.
//!
//! What is taken for granted: buyers come as they came, to the listing that they bought from, and whoever finds too few
//! goes away; each account's news and writes take as long as its means say; counts and returns of units are known at
//! once; a write never erases a sale. Nothing of chance: the same past under the same rule ends the same.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::shield::{BURST, HoldBack, LOOK_AT_BURST, Shield, Sold, is_burst, span_of};
use crate::split::{Rules, Share, allocate};
use crate::time::Timestamp;

/// The most that is played at once.
pub const MAX_EVENTS: usize = 5_000;
/// The longest past that is played.
pub const LONGEST: Duration = Duration::from_hours(7 * 24);
/// More than any listing shows.
const CEILING_UNITS: i64 = 1_000_000_000;

/// A listing, by its account's delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seller {
    /// From a sale to its order being known.
    pub news: Duration,
    /// From a wish to its write.
    pub write: Duration,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A buyer wanted units of a seller, and got them then.
    Wish {
        /// Whose.
        seller: usize,
        /// How many.
        units: i64,
    },
    /// A wish was called off: the first, second … wish of the past.
    CalledOff {
        /// Which, from zero.
        wish: usize,
    },
    /// Units came onto the shelf, or were counted away.
    Counted {
        /// How many more.
        units: i64,
    },
}

/// What is played.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// Units that could be sold at its beginning.
    pub units: i64,
    /// Who sells.
    pub sellers: Vec<Seller>,
    /// What happened, in the order of time.
    pub events: Vec<(Timestamp, Event)>,
}

/// A rule that it is played with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Each listing shows all but these units.
    Shared {
        /// Never offered.
        safety_units: i64,
    },
    /// Each listing shows all; in a burst less.
    Shielded {
        /// How much may be held back.
        shield: Shield,
        /// Who holds nothing back; `None` for who sells most just then.
        last: Option<usize>,
    },
    /// Each listing has units of its own.
    Split {
        /// How much speaks for each; a seller that is not there weighs nothing.
        weights: Vec<i64>,
        /// Who gets the last ones; `None` for the heaviest.
        last: Option<usize>,
    },
}

/// How it ended, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Sold.
    pub sold_units: i64,
    /// Of these, sold though there was none left.
    pub oversold_units: i64,
    /// Wanted and there, but not shown where it was wanted.
    pub missed_units: i64,
    /// Wanted, and nowhere there.
    pub gone_units: i64,
}

/// What is still to happen, by its instant and in the order in which it was caused.
#[derive(Debug, Clone, Copy)]
enum Due {
    Known(usize),
    Write(usize),
    Look,
    Rest,
    Moved,
}

/// A wish, and what it got.
#[derive(Debug, Clone, Copy)]
struct Wished {
    at: Timestamp,
    seller: usize,
    /// Units that were sold and not called off.
    units: i64,
    is_known: bool,
}

/// A wish that became a sale and is known.
#[derive(Debug, Clone, Copy)]
struct Learned {
    at: Timestamp,
    placed_at: Timestamp,
    seller: usize,
    units: i64,
}

struct Play<'p> {
    past: &'p Past,
    rule: &'p Rule,
    outcome: Outcome,
    due: BTreeMap<(Timestamp, u64), Due>,
    causes: u64,
    /// Units that are there; below zero what was sold beyond.
    left_units: i64,
    /// The same as far as it is known.
    known_units: i64,
    shown: Vec<i64>,
    unknown: Vec<i64>,
    held: Vec<i64>,
    wishes: Vec<Wished>,
    learned: Vec<Learned>,
    is_looking: bool,
    /// Units that move between listings.
    moving_units: i64,
}

/// Plays a past under a rule. Of a past that is longer than [`MAX_EVENTS`] its beginning.
#[must_use]
pub fn replay(past: &Past, rule: &Rule) -> Outcome {
    let count = past.sellers.len();
    let mut play = Play {
        past,
        rule,
        outcome: Outcome::default(),
        due: BTreeMap::new(),
        causes: 0,
        left_units: past.units,
        known_units: past.units,
        shown: vec![0; count],
        unknown: vec![0; count],
        held: vec![0; count],
        wishes: Vec::new(),
        learned: Vec::new(),
        is_looking: false,
        moving_units: 0,
    };
    play.begin();
    for (at, event) in past.events.iter().take(MAX_EVENTS) {
        play.until(*at);
        play.happen(*at, *event);
    }
    play.outcome
}

impl Play<'_> {
    fn begin(&mut self) {
        let Some((at, _)) = self.past.events.first().copied() else { return };
        if matches!(self.rule, Rule::Split { .. }) {
            self.shown = self.shares_of(self.left_units.max(0));
            self.later(at, Rules::HOUSE.rest, Due::Rest);
        } else {
            for seller in 0..self.shown.len() {
                self.shown[seller] = self.target(seller);
            }
        }
    }

    fn later(&mut self, now: Timestamp, after: Duration, due: Due) {
        self.causes += 1;
        self.due.insert((now.plus(after), self.causes), due);
    }

    /// Does whatever follows until an instant, what falls on it included.
    fn until(&mut self, at: Timestamp) {
        while let Some(next) = self.due.first_entry().filter(|next| next.key().0 <= at) {
            let ((now, _), due) = next.remove_entry();
            match due {
                Due::Known(wish) => self.learn(now, wish),
                Due::Write(seller) => {
                    self.shown[seller] = (self.target(seller) - self.unknown[seller]).max(0);
                }
                Due::Look => {
                    self.is_looking = false;
                    self.hold_back(now, |wanted, _| wanted);
                    self.write_all(now);
                }
                Due::Rest => self.move_units(now),
                Due::Moved => self.end_move(),
            }
        }
    }

    fn happen(&mut self, now: Timestamp, event: Event) {
        match event {
            Event::Wish { seller, units } => self.wish(now, seller, units.max(0)),
            Event::CalledOff { wish } => {
                let Some(wished) = self.wishes.get_mut(wish) else { return };
                let (seller, units) = (wished.seller, std::mem::take(&mut wished.units));
                self.left_units += units;
                if wished.is_known {
                    self.known_units += units;
                } else {
                    self.unknown[seller] -= units;
                }
                if matches!(self.rule, Rule::Split { .. }) {
                    self.share_more(seller, units);
                } else {
                    self.write_all(now);
                }
            }
            Event::Counted { units } => {
                self.left_units += units;
                self.known_units += units;
                if matches!(self.rule, Rule::Split { .. }) {
                    self.recount(units);
                } else {
                    self.write_all(now);
                }
            }
        }
    }

    fn wish(&mut self, now: Timestamp, seller: usize, units: i64) {
        let Some(shown) = self.shown.get_mut(seller) else { return };
        if *shown < units {
            let there = self.left_units.clamp(0, units);
            self.outcome.missed_units += there;
            self.outcome.gone_units += units - there;
            self.wishes.push(Wished { at: now, seller, units: 0, is_known: false });
            return;
        }
        *shown -= units;
        self.outcome.sold_units += units;
        self.outcome.oversold_units += (units - self.left_units.max(0)).max(0);
        self.left_units -= units;
        self.unknown[seller] += units;
        self.wishes.push(Wished { at: now, seller, units, is_known: false });
        self.later(now, self.past.sellers[seller].news, Due::Known(self.wishes.len() - 1));
    }

    fn learn(&mut self, now: Timestamp, wish: usize) {
        self.wishes[wish].is_known = true;
        let Wished { at: placed_at, seller, units, .. } = self.wishes[wish];
        self.known_units -= units;
        self.unknown[seller] -= units;
        if units == 0 || matches!(self.rule, Rule::Split { .. }) {
            return;
        }
        let since = now.minus(BURST);
        self.learned.retain(|learned| learned.at >= since);
        self.learned.push(Learned { at: now, placed_at, seller, units });
        self.hold_back(now, i64::max);
        self.write_all(now);
    }

    fn write_all(&mut self, now: Timestamp) {
        for seller in 0..self.shown.len() {
            self.later(now, self.past.sellers[seller].write, Due::Write(seller));
        }
    }

    /// What a listing should show where all show everything.
    fn target(&self, seller: usize) -> i64 {
        let safety_units = match self.rule {
            Rule::Shared { safety_units } => *safety_units,
            Rule::Shielded { .. } | Rule::Split { .. } => 0,
        };
        (self.known_units - safety_units.max(0) - self.held[seller]).max(0)
    }

    /// Sets what each holds back, by what is wanted and what is held.
    fn hold_back(&mut self, now: Timestamp, of: impl Fn(i64, i64) -> i64) {
        let Rule::Shielded { shield, last } = self.rule else { return };
        let since = now.minus(BURST);
        let recent = self.learned.iter().filter(|learned| learned.at >= since);
        let mut sold: BTreeMap<usize, Sold> = BTreeMap::new();
        for learned in recent {
            let at = learned.placed_at;
            let news = self.past.sellers[learned.seller].news;
            let sum = sold.entry(learned.seller).or_insert(Sold {
                sales: 0,
                units: 0,
                first_at: at,
                last_at: at,
                news,
            });
            (sum.sales, sum.units) = (sum.sales + 1, sum.units + learned.units);
            (sum.first_at, sum.last_at) = (sum.first_at.min(at), sum.last_at.max(at));
        }
        let all: Vec<Sold> = sold.values().copied().collect();
        let most = sold.iter().max_by_key(|(seller, sold)| (sold.units, std::cmp::Reverse(**seller)));
        let last = last.or(most.map(|(seller, _)| *seller));
        let limit_units = shield.limit_units(self.known_units.max(0));
        for seller in 0..self.held.len() {
            let elsewhere = sold.iter().filter(|(other, _)| **other != seller).map(|(_, sold)| sold);
            let wanted = if is_burst(&all) && last != Some(seller) {
                let write = self.past.sellers[seller].write;
                HoldBack::of(elsewhere, span_of(&all), write).at_most(limit_units).units
            } else {
                0
            };
            self.held[seller] = of(wanted, self.held[seller]);
        }
        if !self.is_looking && self.held.iter().any(|held| *held > 0) {
            self.is_looking = true;
            self.later(now, LOOK_AT_BURST, Due::Look);
        }
    }

    /// Units shared out by the rule's weights.
    fn shares_of(&self, units: i64) -> Vec<i64> {
        let Rule::Split { weights, last } = self.rule else { return vec![0; self.shown.len()] };
        let share = |seller: usize| Share {
            weight_units: weights.get(seller).copied().unwrap_or(0),
            ceiling_units: CEILING_UNITS,
            is_preferred: *last == Some(seller),
        };
        let shares: Vec<Share> = (0..self.shown.len()).map(share).collect();
        allocate(units, Rules::HOUSE.last_units, &shares)
    }

    /// Units that came back to a listing of its own: those that are there.
    fn share_more(&mut self, seller: usize, units: i64) {
        let room = self.left_units - self.shown.iter().sum::<i64>() - self.moving_units;
        self.shown[seller] += units.min(room).max(0);
    }

    /// More or fewer units of a split SKU.
    fn recount(&mut self, units: i64) {
        let offered = self.shown.iter().sum::<i64>() + self.moving_units;
        let room = self.left_units.max(0) - offered;
        if units > 0 {
            let more = self.shares_of(units.min(room).max(0));
            self.shown.iter_mut().zip(more).for_each(|(shown, more)| *shown += more);
            return;
        }
        let mut over = (-room).max(0);
        let moving = self.moving_units.min(over);
        self.moving_units -= moving;
        over -= moving;
        for shown in &mut self.shown {
            let less = (*shown).min(over);
            *shown -= less;
            over -= less;
        }
    }

    /// Who has nothing gets from who has too much: these pause until their units have moved.
    fn move_units(&mut self, now: Timestamp) {
        self.later(now, Rules::HOUSE.rest, Due::Rest);
        let wanted = self.shares_of(self.shown.iter().sum());
        let lacks = self.shown.iter().zip(&wanted).any(|(shown, wanted)| *shown == 0 && *wanted > 0);
        if !lacks || self.moving_units > 0 {
            return;
        }
        for (shown, wanted) in self.shown.iter_mut().zip(&wanted) {
            if *shown > *wanted {
                self.moving_units += std::mem::take(shown);
            }
        }
        self.later(now, Rules::HOUSE.move_takes, Due::Moved);
    }

    fn end_move(&mut self) {
        let wanted = self.shares_of(self.shown.iter().sum::<i64>() + self.moving_units);
        for (shown, wanted) in self.shown.iter_mut().zip(&wanted) {
            let more = (wanted - *shown).clamp(0, self.moving_units);
            *shown += more;
            self.moving_units -= more;
        }
        if let Some(first) = self.shown.first_mut() {
            *first += std::mem::take(&mut self.moving_units);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_767_623_400_000);
    const SLOW: Seller = Seller { news: Duration::from_secs(4), write: Duration::from_secs(2) };
    const AT_ONCE: Seller = Seller { news: Duration::ZERO, write: Duration::ZERO };
    const SHARED: Rule = Rule::Shared { safety_units: 0 };
    const SHIELDED: Rule = Rule::Shielded { shield: Shield::Full, last: None };

    fn equal() -> Rule {
        Rule::Split { weights: vec![1, 1, 1], last: None }
    }

    fn at(seconds: u64) -> Timestamp {
        NOON.plus(Duration::from_secs(seconds))
    }

    fn wish(seconds: u64, seller: usize) -> (Timestamp, Event) {
        (at(seconds), Event::Wish { seller, units: 1 })
    }

    fn past(units: i64, seller: Seller, events: Vec<(Timestamp, Event)>) -> Past {
        Past { units, sellers: vec![seller; 3], events }
    }

    #[test]
    fn a_past_of_nothing_ends_with_nothing() {
        for rule in [SHARED, SHIELDED, equal()] {
            assert_eq!(replay(&Past::default(), &rule), Outcome::default());
            let nobody = past(5, SLOW, vec![wish(1, 7)]);
            assert_eq!(
                replay(&nobody, &rule),
                Outcome::default(),
                "a seller that is not there sells nothing"
            );
            let odd = past(5, SLOW, vec![(at(1), Event::CalledOff { wish: 3 })]);
            assert_eq!(replay(&odd, &rule), Outcome::default());
        }
        let less_than_none = replay(&past(-4, SLOW, vec![wish(1, 0)]), &equal());
        assert_eq!(less_than_none, Outcome { gone_units: 1, ..Outcome::default() });
    }

    #[test]
    fn the_last_unit_is_sold_twice_where_all_show_it_and_once_with_a_unit_of_safety_or_split() {
        let twice = past(1, SLOW, vec![wish(1, 0), wish(2, 1)]);
        assert_eq!(
            replay(&twice, &SHARED),
            Outcome { sold_units: 2, oversold_units: 1, ..Outcome::default() }
        );
        let safe = replay(&twice, &Rule::Shared { safety_units: 1 });
        assert_eq!(safe, Outcome { missed_units: 2, ..Outcome::default() }, "and then nobody gets it");
        let split = replay(&twice, &Rule::Split { weights: vec![], last: Some(0) });
        assert_eq!(split, Outcome { sold_units: 1, gone_units: 1, ..Outcome::default() });
        let to_the_other = replay(&twice, &Rule::Split { weights: vec![], last: Some(1) });
        assert_eq!(to_the_other, Outcome { sold_units: 1, missed_units: 1, ..Outcome::default() });
    }

    #[test]
    fn in_a_burst_the_shield_sells_fewer_twice_than_no_shield() {
        let events: Vec<_> = (0..24).map(|n| wish(n, usize::try_from(n % 3).unwrap())).collect();
        let burst = past(16, SLOW, events);
        let (shared, shielded) = (replay(&burst, &SHARED), replay(&burst, &SHIELDED));
        assert!(shared.oversold_units > shielded.oversold_units, "{shared:?} {shielded:?}");
        assert!(shielded.missed_units > 0 || shielded.oversold_units == 0, "{shielded:?}");
        let off = Rule::Shielded { shield: Shield::Off, last: None };
        assert_eq!(replay(&burst, &off), shared);
    }

    #[test]
    fn what_was_called_off_can_be_sold_again_and_what_was_never_sold_does_not_come_back() {
        let again = past(1, AT_ONCE, vec![wish(1, 0), (at(5), Event::CalledOff { wish: 0 }), wish(9, 0)]);
        for rule in [SHARED, SHIELDED, Rule::Split { weights: vec![5], last: None }] {
            let outcome = replay(&again, &rule);
            assert_eq!(outcome, Outcome { sold_units: 2, ..Outcome::default() }, "{rule:?}");
        }
        let never = past(0, AT_ONCE, vec![wish(1, 0), (at(5), Event::CalledOff { wish: 0 }), wish(9, 0)]);
        assert_eq!(replay(&never, &SHARED), Outcome { gone_units: 2, ..Outcome::default() });
    }

    #[test]
    fn split_units_move_to_who_has_none_after_a_rest() {
        let mut events: Vec<_> = (0..4).map(|n| wish(n, 0)).collect();
        events.push(wish(60 * 20, 0));
        let outcome = replay(&past(9, SLOW, events), &equal());
        assert_eq!(
            outcome,
            Outcome { sold_units: 4, missed_units: 1, ..Outcome::default() },
            "the fourth too early"
        );
    }

    fn pasts(seller: impl Strategy<Value = Seller>) -> impl Strategy<Value = Past> {
        let event = prop_oneof![
            6 => (0_usize..3, 0_i64..4).prop_map(|(seller, units)| Event::Wish { seller, units }),
            1 => (0_usize..40).prop_map(|wish| Event::CalledOff { wish }),
            1 => (-6_i64..6).prop_map(|units| Event::Counted { units }),
        ];
        let events = proptest::collection::vec((0_u64..4_000, event), 0..60);
        (0_i64..30, proptest::collection::vec(seller, 3), events).prop_map(|(units, sellers, mut events)| {
            events.sort_by_key(|(after, _)| *after);
            let events = events.into_iter().map(|(seconds, event)| (at(seconds), event)).collect();
            Past { units, sellers, events }
        })
    }

    fn delays() -> impl Strategy<Value = Seller> {
        (0_u64..90_000, 0_u64..90_000).prop_map(|(news, write)| Seller {
            news: Duration::from_millis(news),
            write: Duration::from_millis(write),
        })
    }

    fn wanted(past: &Past) -> i64 {
        let units = |(_, event): &(Timestamp, Event)| match event {
            Event::Wish { units, .. } => *units,
            Event::CalledOff { .. } | Event::Counted { .. } => 0,
        };
        past.events.iter().map(units).sum()
    }

    proptest! {
        #[test]
        fn where_nothing_takes_time_nothing_is_sold_twice(past in pasts(Just(AT_ONCE)), safety in 0_i64..4) {
            for rule in [Rule::Shared { safety_units: safety }, SHIELDED, equal()] {
                prop_assert_eq!(replay(&past, &rule).oversold_units, 0, "{:?}", rule);
            }
        }

        #[test]
        fn split_units_are_never_sold_twice_however_long_news_takes(
            past in pasts(delays()), weights in proptest::collection::vec(0_i64..9, 0..4), last in proptest::option::of(0_usize..3),
        ) {
            prop_assert_eq!(replay(&past, &Rule::Split { weights, last }).oversold_units, 0);
        }

        #[test]
        fn every_unit_that_was_wanted_is_accounted_for_and_a_past_ends_as_it_ended(past in pasts(delays())) {
            for rule in [SHARED, Rule::Shared { safety_units: 2 }, SHIELDED, equal()] {
                let outcome = replay(&past, &rule);
                let sum = outcome.sold_units + outcome.missed_units + outcome.gone_units;
                prop_assert_eq!(sum, wanted(&past), "{:?}", rule);
                prop_assert!(outcome.oversold_units <= outcome.sold_units);
                prop_assert_eq!(replay(&past, &rule), outcome);
            }
        }
    }
}
