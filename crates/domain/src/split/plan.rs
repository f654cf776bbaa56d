//! What to do next: the safest calls that bring the units where they are wanted.

use super::share::{Share, allocate};
use super::{A_MOMENT, Quota, Rules, Split};
use crate::id::ListingId;
use crate::stock::Tally;
use crate::time::Timestamp;

/// What is wanted of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// The listing.
    pub listing: ListingId,
    /// Units it sold within [`super::Rules::recent`].
    pub sold_units: i64,
    /// The most its platform shows; zero when it takes no quantity now.
    pub ceiling_units: i64,
    /// Whether the last units are its own.
    pub is_preferred: bool,
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write zero.
    Lower(ListingId),
    /// Write these units.
    Raise {
        /// The listing.
        listing: ListingId,
        /// Units to show.
        units: i64,
    },
    /// Read its number.
    Look(ListingId),
    /// Read the orders of its account, all that are new since they were last read.
    Settle(ListingId),
}

/// How the promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing that can happen sells more than there is.
    Kept,
    /// Not known yet of every listing: it was shared until now, or somebody else changed a number.
    Unknown,
    /// So many units more could be sold than there are.
    Over {
        /// Units.
        units: i64,
    },
}

/// What to do, and when to ask again if nothing happens before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How the promise stands.
    pub standing: Standing,
    /// Calls that may all be made at once.
    pub steps: Vec<Step>,
    /// When there will be something to do without any news.
    pub wait_until: Option<Timestamp>,
}

impl Plan {
    fn wait(&mut self, until: Timestamp) {
        self.wait_until = Some(self.wait_until.map_or(until, |known| known.min(until)));
    }
}

/// What a listing has and should have.
struct Place<'a> {
    quota: &'a Quota,
    target_units: i64,
    sold_units: i64,
    /// Whether a call is made for it in this plan.
    is_taken: bool,
}

impl Place<'_> {
    fn is_idle(&self, now: Timestamp) -> bool {
        !self.is_taken && !self.quota.is_calling() && now >= self.quota.not_before
    }

    fn may_be_raised(&self, now: Timestamp) -> bool {
        let quota = self.quota;
        let is_settled = quota.probe.is_none() || quota.bound_units <= 0;
        self.is_idle(now) && quota.is_known && !quota.is_lowering && !quota.is_in_doubt(now) && is_settled
    }
}

impl Split {
    /// The next safest calls. `demands` say what is wanted; a listing that none of them names gets nothing
    /// more.
    #[must_use]
    pub fn decide(&self, tally: Tally, demands: &[Demand], now: Timestamp) -> Plan {
        let free_units = self.free_units(tally);
        let is_known = self.quotas.iter().all(|quota| quota.is_known);
        let standing = match (free_units, is_known) {
            (..0, _) => Standing::Over { units: -free_units },
            (_, false) => Standing::Unknown,
            (_, true) => Standing::Kept,
        };
        let mut plan = Plan { standing, steps: Vec::new(), wait_until: None };
        let mut places = self.places(tally, demands);
        self.go_on(&mut places, &mut plan, now);
        if free_units < 0 {
            Self::head_back(-free_units, &mut places, &mut plan, now);
        }
        self.look_again(&mut places, &mut plan, now);
        if free_units >= 0 && is_known {
            let left_units = Self::raise(free_units, &mut places, &mut plan, now);
            self.take_from_the_idle(left_units, &mut places, &mut plan, now);
        }
        plan
    }

    fn places(&self, tally: Tally, demands: &[Demand]) -> Vec<Place<'_>> {
        let nothing = |listing| Demand { listing, sold_units: 0, ceiling_units: 0, is_preferred: false };
        let wanted: Vec<Demand> = self
            .quotas
            .iter()
            .map(|quota| {
                let named = demands.iter().find(|demand| demand.listing == quota.listing);
                named.copied().unwrap_or_else(|| nothing(quota.listing))
            })
            .collect();
        let share = |demand: &Demand| Share {
            weight_units: demand.sold_units,
            ceiling_units: demand.ceiling_units,
            is_preferred: demand.is_preferred,
        };
        let shares: Vec<Share> = wanted.iter().map(share).collect();
        let targets = allocate(tally.available_units(), self.rules.last_units, &shares);
        let parts = self.quotas.iter().zip(&wanted).zip(targets);
        parts
            .map(|((quota, demand), target_units)| Place {
                quota,
                target_units,
                sold_units: demand.sold_units,
                is_taken: false,
            })
            .collect()
    }

    /// What was begun is brought to its end.
    fn go_on(&self, places: &mut [Place<'_>], plan: &mut Plan, now: Timestamp) {
        for place in places {
            let quota = place.quota;
            for at in [Some(quota.not_before), quota.doubt_until].into_iter().flatten() {
                if at >= now {
                    plan.wait(at.plus(A_MOMENT));
                }
            }
            if let Some((shown_at, _)) = quota.probe.and_then(|probe| probe.shown) {
                let at = shown_at.plus(self.rules.list_lag);
                if now >= at {
                    plan.steps.push(Step::Settle(quota.listing));
                } else {
                    plan.wait(at);
                }
            } else if quota.is_lowering && !quota.is_calling() {
                place.lower(plan, now);
            }
        }
    }

    /// More is promised than there is: whoever has most gives it back, until the rest fits.
    fn head_back(over_units: i64, places: &mut [Place<'_>], plan: &mut Plan, now: Timestamp) {
        let (under_way, others): (Vec<_>, Vec<_>) =
            places.iter_mut().partition(|place| place.quota.is_lowering);
        let mut left = over_units - under_way.iter().map(|place| place.quota.bound_units).sum::<i64>();
        let mut turns = others;
        turns.sort_by_key(|place| -place.quota.bound_units);
        for place in turns {
            if left <= 0 || place.quota.bound_units <= 0 {
                break;
            }
            left -= place.quota.bound_units;
            place.lower(plan, now);
        }
    }

    /// Numbers that are not known, or may be less than we must assume, are read.
    fn look_again(&self, places: &mut [Place<'_>], plan: &mut Plan, now: Timestamp) {
        for place in places {
            let quota = place.quota;
            let is_wanted = !quota.is_known || (quota.is_loose && quota.bound_units > 0);
            if !is_wanted || quota.is_lowering || quota.probe.is_some() || place.is_taken {
                continue;
            }
            let rested_at = quota.looked_at.plus(self.rules.look_every);
            let at = if quota.is_known { quota.not_before.max(rested_at) } else { quota.not_before };
            let sure_at = quota.doubt_until.map_or(at, |until| at.max(until.plus(A_MOMENT)));
            if now >= sure_at {
                place.is_taken = true;
                plan.steps.push(Step::Look(quota.listing));
            } else {
                plan.wait(sure_at);
            }
        }
    }

    /// Units that nobody has go to who wants them most. Returns what is left.
    fn raise(free_units: i64, places: &mut [Place<'_>], plan: &mut Plan, now: Timestamp) -> i64 {
        let mut left = free_units;
        let mut turns: Vec<&mut Place<'_>> = places.iter_mut().collect();
        turns.sort_by_key(|place| place.quota.bound_units - place.target_units);
        for place in turns {
            let bound = place.quota.bound_units;
            let units = place.target_units.min(left);
            // On top of what it may still sell, a write counts in full until it is settled: it has to be worth it.
            let is_worth_it = units > 0 && units > bound + bound / 2;
            if !is_worth_it {
                continue;
            }
            if place.may_be_raised(now) {
                left -= units;
                place.is_taken = true;
                plan.steps.push(Step::Raise { listing: place.quota.listing, units });
            }
        }
        left
    }

    /// Somebody has nothing to sell and somebody else more than the share: the one with most too many
    /// goes to zero, and both get their share from there. One at a time.
    fn take_from_the_idle(&self, left_units: i64, places: &mut [Place<'_>], plan: &mut Plan, now: Timestamp) {
        let is_under_way = places.iter().any(|place| place.quota.is_lowering);
        let is_hungry = places.iter().any(|place| {
            place.quota.bound_units <= 0 && place.target_units > left_units && place.may_be_raised(now)
        });
        if is_under_way || !is_hungry {
            return;
        }
        let rules = self.rules;
        let mut givers: Vec<&mut Place<'_>> = places
            .iter_mut()
            .filter(|place| place.is_idle(now) && place.quota.probe.is_none())
            .filter(|place| place.quota.bound_units > place.target_units && !place.sells_out_within(rules))
            .collect();
        givers.sort_by_key(|place| place.target_units - place.quota.bound_units);
        for place in givers {
            let rested_at = place.quota.moved_at.plus(rules.rest);
            if now >= rested_at {
                place.lower(plan, now);
                return;
            }
            plan.wait(rested_at);
        }
    }
}

impl Place<'_> {
    fn lower(&mut self, plan: &mut Plan, now: Timestamp) {
        if self.is_idle(now) {
            self.is_taken = true;
            plan.steps.push(Step::Lower(self.quota.listing));
        }
    }

    /// Whether it sells what it has before a move of it would be over.
    fn sells_out_within(&self, rules: Rules) -> bool {
        let sold =
            i128::from(self.sold_units) * i128::try_from(rules.move_takes.as_millis()).unwrap_or(i128::MAX);
        let has = i128::from(self.quota.bound_units)
            * i128::try_from(rules.recent.as_millis()).unwrap_or(i128::MAX);
        sold >= has
    }
}
