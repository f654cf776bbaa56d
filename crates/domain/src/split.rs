//! Split mode: each listing of a SKU has units of its own, so that no order of events can sell more
//! than there is.
//!
//! # What is promised, and why it holds
//!
//! A platform counts by itself: a sale takes a unit off what it shows, a call-off may give it back, and an absolute
//! write replaces the number, sales that nobody has told us of included. Let a listing show `q` and have
//! sold `s` in all (call-offs taken off again). Sales and call-offs leave `n = q + s` as it is, or make it less; only a
//! write moves it: `n` becomes `s + v`, whatever `s` is at that moment. With `k` of these sales known to us,
//! **the bound of a listing is a number `b ≥ n − k`**: what it may at most still sell, unseen sales included.
//!
//! - *A write of `v` is announced* (and kept, before it is sent): `b += v`. It may be applied once, at any
//!   moment from now on or never, and `s ≤ n` then: so `n` ends at most at `n + v`. Nothing is taken off again
//!   because it was lost, late or forgotten in a crash; only a platform that says "not done" takes `v` off.
//! - *A write of zero*: `n` becomes `s ≤ n`. It is safe at any time and never raises a bound.
//! - *A sale becomes known*: `k` grows by it, `b` falls by it, and the reservation in the ledger grows by it. *A call-off
//!   becomes known*: the same, backwards.
//! - *A number that the platform showed* (read, or answered to a write) after no write of ours was left in doubt: at
//!   that moment `n = s + q`. Once every sale up to that moment is known (the orders were read, from a time after
//!   it, see [`Rules::list_lag`]), `s` then is at most `k` now and what was called off meanwhile: so `b`
//!   falls to `q` and those.
//!
//! **Promise:** `Σ b + reserved ≤ on hand − safety`. [`Split::announce`] refuses whatever would break it, and
//! what is sold outside is `Σ s ≤ Σ n ≤ Σ b + Σ k`: never more than there is. Units move between listings by writing zero, having
//! that confirmed, settling the sales that were under way, and only then raising: at zero nothing is unseen, and the
//! new number is exact. What is taken off the shelf by a person can make the promise impossible; then
//! [`Standing::Over`] says by how many units, and [`Split::decide`] leads back by the same steps.
//!
//! It rests on this about platforms, and on nothing else: a write is applied once or never, at most
//! [`Rules::latest_apply`] after it was sent, and before it is answered; a list of orders shows, those called off too, every
//! sale that is older than [`Rules::list_lag`]; nobody but us and the buyers moves the number. A number that
//! somebody else raised is noticed when it is looked at, and counted from then on.

mod plan;
mod share;
#[cfg(test)]
mod world;

use std::time::Duration;

use crate::id::ListingId;
use crate::stock::Tally;
use crate::time::Timestamp;

pub use plan::{Demand, Plan, Standing, Step};
pub use share::{Share, allocate};

/// What is taken for granted of platforms, and how patient the house is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// A write that nobody answered may be applied this long after it was sent.
    pub latest_apply: Duration,
    /// A list of orders may miss sales that are younger than this.
    pub list_lag: Duration,
    /// Time after a call that failed until the next one for the same listing.
    pub retry_after: Duration,
    /// Time between two looks at a listing that only make its bound more exact.
    pub look_every: Duration,
    /// Time from a move of a listing's units to the next one.
    pub rest: Duration,
    /// How long moving units between two listings takes: whoever sells out sooner by itself keeps them.
    pub move_takes: Duration,
    /// The time over which [`Demand::sold_units`] is counted.
    pub recent: Duration,
    /// So few units, or fewer, are all offered by one listing.
    pub last_units: i64,
}

impl Rules {
    /// What the house goes by.
    pub const HOUSE: Self = Self {
        latest_apply: Duration::from_mins(2),
        list_lag: Duration::from_secs(30),
        retry_after: Duration::from_secs(5),
        look_every: Duration::from_mins(5),
        rest: Duration::from_mins(10),
        move_takes: Duration::from_mins(3),
        recent: Duration::from_hours(24),
        last_units: 2,
    };
}

/// The least time there is: what is past an instant is at least so much past it.
const A_MOMENT: Duration = Duration::from_millis(1);

/// How the listings of a SKU share its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Each listing shows all that is available.
    Shared,
    /// Each listing has units of its own.
    Split,
    /// Shared while there is plenty, split when it gets scarce.
    Auto {
        /// Split from so many units available downwards.
        threshold_units: i64,
    },
}

/// An automatic switch goes back to shared above so many times its threshold: a unit that comes back does not make it
/// flutter.
const BACK_TO_SHARED: i64 = 2;

impl Mode {
    /// The word in the database and in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Split => "split",
            Self::Auto { .. } => "auto",
        }
    }

    /// The mode of a word, with the threshold beside it.
    #[must_use]
    pub fn parse(word: &str, threshold_units: i64) -> Option<Self> {
        [Self::Shared, Self::Split, Self::Auto { threshold_units }]
            .into_iter()
            .find(|mode| mode.as_str() == word)
    }

    /// The threshold of an automatic switch; 0 where there is none.
    #[must_use]
    pub const fn threshold_units(self) -> i64 {
        match self {
            Self::Auto { threshold_units } => threshold_units,
            Self::Shared | Self::Split => 0,
        }
    }

    /// Whether the SKU is split now, when it was (or was not) before.
    #[must_use]
    pub const fn is_split(self, available_units: i64, was_split: bool) -> bool {
        match self {
            Self::Shared => false,
            Self::Split => true,
            Self::Auto { threshold_units } if was_split => {
                available_units <= threshold_units.saturating_mul(BACK_TO_SHARED)
            }
            Self::Auto { threshold_units } => available_units <= threshold_units,
        }
    }
}

/// A number of a listing at a moment, on its way to being one that can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// What is written; `None` when the number is only read.
    pub written_units: Option<i64>,
    /// What the listing could at most sell before a write.
    pub before_units: i64,
    /// When the call began.
    pub began_at: Timestamp,
    /// When its answer came, and what the platform showed; `None` while the call is under way.
    pub shown: Option<(Timestamp, i64)>,
    /// Units whose sale became known since it began.
    pub sold_units: i64,
    /// Units of which it became known since it began that they were called off.
    pub given_back_units: i64,
}

/// What is known of one listing of a split SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The listing.
    pub listing: ListingId,
    /// What it may at most still sell, unseen sales included. Below zero while a sale is known whose unit came
    /// from a call-off that is not.
    pub bound_units: i64,
    /// Whether the bound can be relied on: not before the number was read once and the orders after it.
    pub is_known: bool,
    /// Whether it may be less than the bound says.
    pub is_loose: bool,
    /// On its way to zero: it gets nothing before it is there.
    pub is_lowering: bool,
    /// A raise without an answer may be applied until then.
    pub doubt_until: Option<Timestamp>,
    /// A zero without an answer may be written until then: it breaks no promise, but the listing may show less.
    pub stray_until: Option<Timestamp>,
    /// The call under way, or the number that waits for the orders before it.
    pub probe: Option<Probe>,
    /// No call for it before.
    pub not_before: Timestamp,
    /// When it last began to give units away.
    pub moved_at: Timestamp,
    /// When it was last looked at.
    pub looked_at: Timestamp,
}

impl Quota {
    /// A listing whose sales are all known and that shows nothing.
    #[must_use]
    pub const fn at_zero(listing: ListingId) -> Self {
        Self {
            listing,
            bound_units: 0,
            is_known: true,
            is_loose: false,
            is_lowering: false,
            doubt_until: None,
            stray_until: None,
            probe: None,
            not_before: Timestamp::EPOCH,
            moved_at: Timestamp::EPOCH,
            looked_at: Timestamp::EPOCH,
        }
    }

    /// A listing of which nothing is sure: it was shared until now, or is new here. `guess_units`: what it is
    /// believed to show, or was last sent, whichever is more. A write of unknown outcome may be applied
    /// until `doubt_until`.
    #[must_use]
    pub const fn unknown(listing: ListingId, guess_units: i64, doubt_until: Option<Timestamp>) -> Self {
        Self {
            bound_units: guess_units,
            is_known: false,
            is_loose: true,
            doubt_until,
            ..Self::at_zero(listing)
        }
    }

    /// Whether a call is under way.
    #[must_use]
    pub fn is_calling(&self) -> bool {
        self.probe.is_some_and(|probe| probe.shown.is_none())
    }

    /// Whether a write without an answer may still be applied.
    #[must_use]
    pub fn is_in_doubt(&self, now: Timestamp) -> bool {
        self.doubt_until.is_some_and(|until| now <= until)
    }

    fn begin(&mut self, written_units: Option<i64>, now: Timestamp) {
        self.probe = Some(Probe {
            written_units,
            before_units: self.bound_units,
            began_at: now,
            shown: None,
            sold_units: 0,
            given_back_units: 0,
        });
    }

    /// The call under way.
    fn calling(&self) -> Option<Probe> {
        self.probe.filter(|probe| probe.shown.is_none())
    }
}

/// Why a write may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The listing has no quota.
    #[error("the listing has no quota")]
    Stranger,
    /// A call is under way, a write is in doubt, the bound is not known or the listing is being lowered.
    #[error("the listing cannot be raised now")]
    NotNow,
    /// More than is free.
    #[error("only {free_units} units are free")]
    TooMuch {
        /// Units that may be given out.
        free_units: i64,
    },
}

/// The listings of one split SKU. Whoever keeps it keeps it in the transaction of the thing that
/// happened, and a write before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// One for each listing, in an order that stays.
    pub quotas: Vec<Quota>,
    /// What is taken for granted.
    pub rules: Rules,
}

impl Split {
    /// Units that may be given out; below zero: so many are promised too many.
    #[must_use]
    pub fn free_units(&self, tally: Tally) -> i64 {
        let promised: i64 = self.quotas.iter().map(|quota| quota.bound_units).sum();
        tally.on_hand_units - tally.safety_units - tally.reserved_units - promised
    }

    /// The quota of a listing.
    #[must_use]
    pub fn quota(&self, listing: ListingId) -> Option<&Quota> {
        self.quotas.iter().find(|quota| quota.listing == listing)
    }

    fn quota_mut(&mut self, listing: ListingId) -> Option<&mut Quota> {
        self.quotas.iter_mut().find(|quota| quota.listing == listing)
    }

    /// A write is about to be sent. Each time it is sent, were it the same one, is a write of its own.
    ///
    /// # Errors
    /// When it may not be sent.
    pub fn announce(
        &mut self,
        listing: ListingId,
        units: i64,
        tally: Tally,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let free_units = self.free_units(tally);
        let quota = self.quota_mut(listing).ok_or(Refusal::Stranger)?;
        if quota.is_calling() {
            return Err(Refusal::NotNow);
        }
        if units > 0 {
            if !quota.is_known || quota.is_lowering || quota.is_in_doubt(now) {
                return Err(Refusal::NotNow);
            }
            if units > free_units {
                return Err(Refusal::TooMuch { free_units });
            }
        }
        quota.begin(Some(units.max(0)), now);
        if units > 0 {
            quota.bound_units += units;
        } else {
            quota.is_lowering = true;
            quota.moved_at = now;
        }
        Ok(())
    }

    /// A write was answered; the platform shows `units` now.
    pub fn answered(&mut self, listing: ListingId, units: i64, now: Timestamp) {
        let Some(quota) = self.quota_mut(listing) else { return };
        let Some(mut probe) = quota.calling() else { return };
        if quota.doubt_until.is_some_and(|until| probe.began_at <= until) {
            // An earlier write may have come after this one: the number proves nothing yet.
            quota.not_before = quota.doubt_until.unwrap_or(now).plus(A_MOMENT);
            quota.probe = None;
            return;
        }
        probe.shown = Some((now, units));
        quota.probe = Some(probe);
        if probe.before_units <= 0 && probe.written_units.is_some_and(|written| written > 0) {
            // Nothing could be sold before it: the bound is exact, there is nothing to settle.
            quota.is_loose |= probe.written_units != Some(units);
            quota.probe = None;
        }
    }

    /// A write was answered with "not done": it was not and will not be applied.
    pub fn refused(&mut self, listing: ListingId, now: Timestamp) {
        let retry_at = now.plus(self.rules.retry_after);
        let Some(quota) = self.quota_mut(listing) else { return };
        let Some(probe) = quota.calling() else { return };
        quota.bound_units -= probe.written_units.unwrap_or(0);
        quota.not_before = retry_at;
        quota.probe = None;
    }

    /// A call has no answer and nobody waits for one any more.
    pub fn lost(&mut self, listing: ListingId, now: Timestamp) {
        let Rules { latest_apply, retry_after, .. } = self.rules;
        let Some(quota) = self.quota_mut(listing) else { return };
        let Some(probe) = quota.calling() else { return };
        let latest = Some(probe.began_at.plus(latest_apply));
        match probe.written_units {
            Some(0) => quota.stray_until = quota.stray_until.max(latest),
            Some(_) => quota.doubt_until = quota.doubt_until.max(latest),
            None => {}
        }
        quota.is_loose |= probe.written_units.is_some();
        quota.not_before = now.plus(retry_after);
        quota.probe = None;
    }

    /// The program began anew: nobody waits for the answers of the calls that were under way.
    pub fn recover(&mut self, now: Timestamp) {
        let calling: Vec<ListingId> =
            self.quotas.iter().filter(|quota| quota.is_calling()).map(|quota| quota.listing).collect();
        for listing in calling {
            self.lost(listing, now);
        }
    }

    /// The listing's number is about to be read.
    ///
    /// # Errors
    /// When the number would prove nothing.
    pub fn look(&mut self, listing: ListingId, now: Timestamp) -> Result<(), Refusal> {
        let quota = self.quota_mut(listing).ok_or(Refusal::Stranger)?;
        if quota.is_calling() || quota.is_in_doubt(now) {
            return Err(Refusal::NotNow);
        }
        quota.begin(None, now);
        quota.looked_at = now;
        Ok(())
    }

    /// The number was read.
    pub fn seen(&mut self, listing: ListingId, units: i64, now: Timestamp) {
        let Some(quota) = self.quota_mut(listing) else { return };
        if let Some(probe) = quota.probe.as_mut()
            && probe.shown.is_none()
            && probe.written_units.is_none()
        {
            probe.shown = Some((now, units));
        }
    }

    /// A sale became known (and was set aside in the ledger).
    pub fn sold(&mut self, listing: ListingId, units: i64) {
        let Some(quota) = self.quota_mut(listing) else { return };
        if units > quota.bound_units {
            // More than it could sell: a call-off that is not known yet gave the unit back, or
            // somebody else raised it. Its number has to be read.
            quota.is_known = false;
        }
        quota.bound_units -= units;
        if let Some(probe) = quota.probe.as_mut() {
            probe.sold_units += units;
        }
    }

    /// A sale that was known was called off (and released in the ledger): the platform may offer its
    /// units again.
    pub fn released(&mut self, listing: ListingId, units: i64) {
        let Some(quota) = self.quota_mut(listing) else { return };
        quota.bound_units += units;
        quota.is_loose = true;
        if let Some(probe) = quota.probe.as_mut() {
            probe.given_back_units += units;
        }
    }

    /// A sale that nobody knew of is known to have been called off: a number shown in between may have grown by it.
    pub fn called_off_unseen(&mut self, listing: ListingId, units: i64) {
        let Some(quota) = self.quota_mut(listing) else { return };
        quota.is_loose = true;
        if let Some(probe) = quota.probe.as_mut() {
            probe.given_back_units += units;
        }
    }

    /// The listing was seen to show more than it may: its number has to be read, and the orders after it.
    pub fn suspect(&mut self, listing: ListingId, shown_units: i64) {
        if let Some(quota) = self.quota_mut(listing)
            && quota.probe.is_none()
            && shown_units > quota.bound_units
        {
            quota.is_known = false;
        }
    }

    /// The account's orders were read, from `read_began_at` on, and all that is in them is known: a
    /// number that was shown before is worth something now.
    pub fn settled(&mut self, listing: ListingId, read_began_at: Timestamp) {
        let list_lag = self.rules.list_lag;
        let Some(quota) = self.quota_mut(listing) else { return };
        let Some(probe) = quota.probe else { return };
        let Some((shown_at, shown_units)) = probe.shown else { return };
        if read_began_at < shown_at.plus(list_lag) {
            return;
        }
        let is_foreign = shown_units > quota.bound_units + probe.sold_units;
        let proven_units = shown_units + probe.given_back_units;
        let is_believed = quota.is_known && !is_foreign;
        quota.bound_units = if is_believed { quota.bound_units.min(proven_units) } else { proven_units };
        // Of what was sold meanwhile nobody can say on which side of the number it was.
        let may_be_wiped = quota.stray_until.is_some_and(|until| probe.began_at <= until);
        quota.is_loose = probe.sold_units > 0 || probe.given_back_units > 0 || may_be_wiped;
        quota.is_known = true;
        quota.is_lowering = quota.is_lowering && probe.written_units != Some(0);
        quota.probe = None;
    }
}
