//! How often something may be done: named limits, and one pure decision for all of them.
//!
//! A limit gives one more go each [`Limit::every`], and holds at most [`Limit::burst`] of them
//! back for later. What is kept of a subject is one instant: when everything taken so far is
//! given back (the generic cell rate algorithm, ITU-T I.371 annex A). Whoever is refused takes
//! nothing, so that trying on does not make the wait longer.

use std::time::Duration;

use crate::time::Timestamp;

/// A limit. Its subject is whatever it is taken for: an address, an account, a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What the limit is called; part of each subject's key, so that limits do not mix.
    pub name: &'static str,
    /// One more go is given after this span.
    pub every: Duration,
    /// So many goes can be taken at once. At least one.
    pub burst: u32,
}

/// The 30-second rule for whoever sends: one message in 30 seconds from one network address.
pub const MESSAGE_PER_NETWORK: Limit =
    Limit { name: "message per network", every: Duration::from_secs(30), burst: 1 };
/// The 30-second rule for whoever gets: one message in 30 seconds to one recipient.
pub const MESSAGE_PER_RECIPIENT: Limit =
    Limit { name: "message per recipient", every: Duration::from_secs(30), burst: 1 };
/// Sign-ins tried from one network address, for whatever accounts.
pub const SIGN_IN_PER_NETWORK: Limit =
    Limit { name: "sign-in per network", every: Duration::from_secs(6), burst: 20 };
/// Sign-ins tried for one account from one network address.
pub const SIGN_IN_PER_ACCOUNT_AND_NETWORK: Limit =
    Limit { name: "sign-in per account and network", every: Duration::from_secs(30), burst: 5 };
/// Sign-ins tried for one account from all addresses that it was never signed in from.
pub const SIGN_IN_PER_ACCOUNT_OF_STRANGERS: Limit =
    Limit { name: "sign-in per account of strangers", every: Duration::from_secs(30), burst: 20 };

/// Every limit of the house.
pub const LIMITS: [Limit; 5] = [
    MESSAGE_PER_NETWORK,
    MESSAGE_PER_RECIPIENT,
    SIGN_IN_PER_NETWORK,
    SIGN_IN_PER_ACCOUNT_AND_NETWORK,
    SIGN_IN_PER_ACCOUNT_OF_STRANGERS,
];

/// How far what is taken of any limit may lie ahead: what is kept of a subject is of no use any
/// more after this.
pub const LONGEST_AHEAD: Duration = longest_ahead();

const fn longest_ahead() -> Duration {
    let (mut longest, mut index) = (Duration::ZERO, 0);
    while index < LIMITS.len() {
        let ahead = LIMITS[index].every.saturating_mul(LIMITS[index].burst);
        if ahead.as_millis() > longest.as_millis() {
            longest = ahead;
        }
        index += 1;
    }
    longest
}

/// Whether something may be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It may, and is counted.
    Allowed,
    /// It may not for so long, and nothing was counted.
    Wait(Duration),
}

impl Limit {
    /// How far what is taken may lie ahead of now: what the burst holds beyond its first go.
    #[must_use]
    pub fn slack(&self) -> Duration {
        self.every.saturating_mul(self.burst.saturating_sub(1))
    }

    /// Takes a go. `given_back_at` is what is kept of the subject, if anything is; on success
    /// the instant to be kept from now on.
    pub fn take(&self, given_back_at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Duration> {
        let from = given_back_at.map_or(now, |at| at.max(now));
        let ahead = from.since(now);
        let slack = self.slack();
        if ahead <= slack { Ok(from.plus(self.every)) } else { Err(ahead.saturating_sub(slack)) }
    }
}

/// What a sign-in is counted by. `network` is where it is tried from, `account` for whom;
/// `is_familiar` whether that account was signed in from there before.
///
/// Whoever knows an address cannot lock its owner out: what strangers try is counted apart from
/// the places that the owner comes from. A place that is new to the owner waits like any
/// stranger's.
#[must_use]
pub fn sign_in_limits(network: &str, account: &str, is_familiar: bool) -> Vec<(Limit, String)> {
    let mut all = vec![
        (SIGN_IN_PER_NETWORK, network.to_owned()),
        // A network's text has no such character, so no two pairs read alike.
        (SIGN_IN_PER_ACCOUNT_AND_NETWORK, format!("{network}\n{account}")),
    ];
    if !is_familiar {
        all.push((SIGN_IN_PER_ACCOUNT_OF_STRANGERS, account.to_owned()));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_366_991_000);
    const SECOND: Duration = Duration::from_secs(1);

    /// What a keeper of limits does: all of them or none.
    #[derive(Default)]
    struct Keeper(BTreeMap<(&'static str, String), Timestamp>);

    impl Keeper {
        fn take(&mut self, wanted: &[(Limit, String)], now: Timestamp) -> bool {
            let key = |(limit, subject): &(Limit, String)| (limit.name, subject.clone());
            let taken: Option<Vec<_>> = wanted
                .iter()
                .map(|it| Some((key(it), it.0.take(self.0.get(&key(it)).copied(), now).ok()?)))
                .collect();
            let done = taken.is_some();
            self.0.extend(taken.into_iter().flatten());
            done
        }
    }

    #[test]
    fn the_thirty_second_rule_gives_one_go_in_thirty_seconds() {
        for limit in [MESSAGE_PER_NETWORK, MESSAGE_PER_RECIPIENT] {
            let kept = limit.take(None, NOW).unwrap();
            assert_eq!(limit.take(Some(kept), NOW), Err(Duration::from_secs(30)));
            assert_eq!(limit.take(Some(kept), NOW.plus(29 * SECOND)), Err(SECOND));
            assert!(limit.take(Some(kept), NOW.plus(30 * SECOND)).is_ok());
        }
    }

    #[test]
    fn a_burst_is_taken_at_once_and_given_back_one_by_one() {
        let limit = SIGN_IN_PER_ACCOUNT_AND_NETWORK;
        let mut kept = None;
        for _ in 0..limit.burst {
            kept = Some(limit.take(kept, NOW).unwrap());
        }
        assert_eq!(limit.take(kept, NOW), Err(limit.every));
        let later = NOW.plus(limit.every);
        let kept = limit.take(kept, later).unwrap();
        assert_eq!(limit.take(Some(kept), later), Err(limit.every));
    }

    #[test]
    fn names_are_different_so_that_limits_do_not_mix() {
        let names: BTreeSet<&str> = LIMITS.iter().map(|limit| limit.name).collect();
        assert_eq!(names.len(), LIMITS.len());
        assert!(LIMITS.iter().all(|limit| limit.burst > 0 && limit.every > Duration::ZERO));
    }

    #[test]
    fn a_thousand_strangers_cannot_lock_the_owner_out() {
        let mut keeper = Keeper::default();
        let mut guesses = 0;
        for second in 0..3_600 {
            for stranger in 0..10 {
                let network = format!("203.0.{}.{stranger}", second % 256);
                let wanted = sign_in_limits(&network, "ana@casa.example", false);
                guesses += u32::from(keeper.take(&wanted, NOW.plus(second * SECOND)));
            }
        }
        // One each 30 seconds, and the burst once.
        assert!(guesses <= 3_600 / 30 + SIGN_IN_PER_ACCOUNT_OF_STRANGERS.burst, "{guesses} guesses");
        let hers = sign_in_limits("198.51.100.7", "ana@casa.example", true);
        assert!(keeper.take(&hers, NOW.plus(3_600 * SECOND)));
    }

    #[test]
    fn pairs_of_network_and_account_do_not_read_alike() {
        let pair = |network, account| sign_in_limits(network, account, true).swap_remove(1).1;
        assert_ne!(pair("10.0.0.1", "1@x"), pair("10.0.0.11", "@x"));
    }

    proptest! {
        #[test]
        fn no_span_has_more_goes_than_the_limit_gives(
            steps in prop::collection::vec(0_u64..40, 1..200), every in 1_u64..60, burst in 1_u32..6,
        ) {
            let limit = Limit { name: "x", every: Duration::from_secs(every), burst };
            let (mut now, mut kept, mut goes) = (NOW, None, Vec::new());
            for step in steps {
                now = now.plus(Duration::from_secs(step));
                match limit.take(kept, now) {
                    Ok(next) => {
                        kept = Some(next);
                        goes.push(now);
                    }
                    Err(wait) => prop_assert!(limit.take(kept, now.plus(wait)).is_ok(), "the wait is enough"),
                }
            }
            for (index, start) in goes.iter().enumerate() {
                for (count, end) in goes[index..].iter().enumerate() {
                    let given = end.since(*start).as_secs() / every + u64::from(burst);
                    prop_assert!((count as u64) < given);
                }
            }
        }
    }
}
