//! How often something may be done: named limits, and one pure decision for all of them.
//!
//! A limit gives one more go each [`Limit::every`], and holds at most [`Limit::burst`] of them
//! back for later. What is kept of a subject is one instant: when everything taken so far is
//! given back (the generic cell rate algorithm, ITU-T I.371 annex A). Whoever is refused takes
//! nothing, so that trying on does not make the wait longer.
//!
//! Where only failures are to count, a go is taken before the try and handed back after one
//! that went well ([`Limit::back_after`]). For its subject, time then stood still while the try
//! lasted: who succeeds waits no longer afterwards than before, and nobody else any less.

use std::net::IpAddr;
use std::num::NonZeroU32;
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
    /// What it counts and why, for people.
    pub meaning: &'static str,
}

/// Makes the limits, and the list that pages and `docs/security/limits.md` read, out of one table.
macro_rules! limits {
    ($($(#[doc = $meaning:literal])+ $name:ident = $word:literal, $burst:literal at once, one more after $every:expr;)*) => {
        $($(#[doc = $meaning])+ pub const $name: Limit = Limit {
            name: $word,
            every: $every,
            burst: $burst,
            meaning: concat!($($meaning),+),
        };)*

        /// Every limit of the house that its nodes share.
        pub const LIMITS: &[Limit] = &[$($name),*];
    };
}

limits! {
    /// The 30-second rule for whoever sends: one message in 30 seconds from one network address.
    MESSAGE_PER_NETWORK = "message per network", 1 at once, one more after Duration::from_secs(30);
    /// The 30-second rule for whoever gets: one message in 30 seconds to one recipient.
    MESSAGE_PER_RECIPIENT = "message per recipient", 1 at once, one more after Duration::from_secs(30);
    /// Passwords tried from one network, for whatever accounts.
    SIGN_IN_PER_NETWORK = "sign-in per network", 20 at once, one more after Duration::from_secs(6);
    /// Passwords tried for one account from one network.
    SIGN_IN_PER_ACCOUNT_AND_NETWORK =
        "sign-in per account and network", 5 at once, one more after Duration::from_secs(30);
    /// Passwords tried for one account in a browser that it was signed in with before.
    SIGN_IN_PER_ACCOUNT_AND_BROWSER =
        "sign-in per account and browser", 5 at once, one more after Duration::from_secs(30);
    /// Passwords tried for one account from all places that it was never signed in from.
    SIGN_IN_PER_ACCOUNT_OF_STRANGERS =
        "sign-in per account of strangers", 20 at once, one more after Duration::from_secs(30);
    /// Calls with one key.
    API_PER_KEY = "api per key", 60 at once, one more after Duration::from_millis(500);
    /// Codes tried for one member in a browser that they signed in with before. Three of a million
    /// codes are good at any time: at 293 tries a day, one day in about 1,100 has a hit.
    CODE_PER_MEMBER_AND_BROWSER =
        "code per member and browser", 5 at once, one more after Duration::from_mins(5);
    /// Codes tried for one member from everywhere else, where only who has the password gets to: at
    /// 101 a day, one day in about 3,300 has a hit.
    CODE_PER_MEMBER_OF_STRANGERS =
        "code per member of strangers", 5 at once, one more after Duration::from_mins(15);
    /// Passwords that somebody signed in types once more, for one member.
    OWN_PASSWORD_PER_MEMBER = "own password per member", 5 at once, one more after Duration::from_mins(1);
    /// E-mail addresses typed behind one link to come back in with.
    ADDRESS_PER_RECOVERY_LINK =
        "address per recovery link", 5 at once, one more after Duration::from_mins(1);
    /// Passkeys shown from one network. A passkey is not a guess, so nothing is counted for an
    /// account: this bounds the work alone.
    PASSKEY_PER_NETWORK = "passkey per network", 20 at once, one more after Duration::from_secs(6);
    /// Questions for a passkey put to one network: each page that asks to sign in puts one.
    PASSKEY_QUESTION_PER_NETWORK =
        "passkey question per network", 120 at once, one more after Duration::from_secs(1);
    /// Ways to the team's identity provider begun from one network; none ends that was not begun.
    PROVIDER_PER_NETWORK = "provider per network", 60 at once, one more after Duration::from_secs(2);
    /// Files that one member takes out: orders to a table, the audit log, everything of the shop.
    EXPORT_PER_MEMBER = "export per member", 10 at once, one more after Duration::from_secs(30);
    /// Searches of one member for what a buyer says of themselves.
    BUYER_SEARCH_PER_MEMBER = "buyer search per member", 30 at once, one more after Duration::from_secs(5);
    /// Addresses of buyers that one member has shown: a packing table's pace, and no copying of them all.
    REVEAL_PER_MEMBER = "reveal per member", 60 at once, one more after Duration::from_secs(10);
}

/// Pages that one member opens and forms that they send at one node, as many a minute as the
/// operator says: far more than anybody clicks, and too few to copy a shop page by page.
#[must_use]
pub fn pages_per_member(a_minute: NonZeroU32) -> Limit {
    Limit {
        name: "pages per member",
        every: Duration::from_mins(1) / a_minute.get(),
        burst: a_minute.get(),
        meaning: "Pages that one member opens and forms that they send, at one node.",
    }
}

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

    /// How far what is kept of a subject moves back when a go that was taken so long ago is
    /// handed back. The rest came back by itself meanwhile and may be somebody else's by now: to
    /// hand that out again would forgive another's failure.
    #[must_use]
    pub fn back_after(&self, elapsed: Duration) -> Duration {
        self.every.saturating_sub(elapsed)
    }
}

/// How an account knows the place that somebody signs in from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// By the mark that an earlier sign-in left in the browser.
    Browser(&'a str),
    /// By its network alone.
    Network,
    /// Not at all.
    New,
}

/// What a password is counted by. `network` is where it is tried from ([`network_of`]),
/// `account` for whom.
///
/// Whoever knows an address cannot lock its owner out: what strangers try is counted apart from
/// the places that the owner comes from, and what others in the owner's network try apart from
/// the owner's browser. A place that is new to the owner waits like any stranger's.
#[must_use]
pub fn sign_in_limits(network: &str, account: &str, place: Place<'_>) -> Vec<(Limit, String)> {
    // Neither a network's text nor a browser's mark has such a character: no two pairs read alike.
    let with_account = |first: &str| format!("{first}\n{account}");
    if let Place::Browser(mark) = place {
        return vec![(SIGN_IN_PER_ACCOUNT_AND_BROWSER, with_account(mark))];
    }
    let mut all = vec![
        (SIGN_IN_PER_NETWORK, network.to_owned()),
        (SIGN_IN_PER_ACCOUNT_AND_NETWORK, with_account(network)),
    ];
    if place == Place::New {
        all.push((SIGN_IN_PER_ACCOUNT_OF_STRANGERS, account.to_owned()));
    }
    all
}

/// What a code is counted by; `browser` is the mark of a browser that the member signed in with.
#[must_use]
pub fn code_limit(member: &str, browser: Option<&str>) -> (Limit, String) {
    browser.map_or_else(
        || (CODE_PER_MEMBER_OF_STRANGERS, member.to_owned()),
        |mark| (CODE_PER_MEMBER_AND_BROWSER, format!("{mark}\n{member}")),
    )
}

/// The network of an address: the address itself, and for IPv6 its first 64 bits, which are the
/// least that a subscriber gets (RFC 6177 §2) and hold 2^64 addresses. What is no address stays as
/// it is.
#[must_use]
pub fn network_of(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
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
                let wanted = sign_in_limits(&network, "ana@casa.example", Place::New);
                guesses += u32::from(keeper.take(&wanted, NOW.plus(second * SECOND)));
            }
        }
        // One each 30 seconds, and the burst once.
        assert!(guesses <= 3_600 / 30 + SIGN_IN_PER_ACCOUNT_OF_STRANGERS.burst, "{guesses} guesses");
        for place in [Place::Network, Place::Browser("her phone")] {
            let hers = sign_in_limits("198.51.100.7", "ana@casa.example", place);
            assert!(keeper.take(&hers, NOW.plus(3_600 * SECOND)), "{place:?}");
        }
    }

    #[test]
    fn others_in_her_network_cannot_keep_her_browser_out() {
        let mut keeper = Keeper::default();
        let office = "198.51.100.7";
        while keeper.take(&sign_in_limits(office, "ana@casa.example", Place::Network), NOW) {}
        for account in 0..100 {
            keeper.take(&sign_in_limits(office, &format!("{account}@casa.example"), Place::New), NOW);
        }
        assert!(!keeper.take(&sign_in_limits(office, "eva@casa.example", Place::Network), NOW));
        assert!(keeper.take(&sign_in_limits(office, "ana@casa.example", Place::Browser("her phone")), NOW));
    }

    #[test]
    fn a_stolen_mark_of_a_browser_has_one_count_in_all_networks() {
        let mut keeper = Keeper::default();
        let guesses = (0..1_000).filter(|stranger| {
            let network = format!("203.0.{}.{}", stranger / 256, stranger % 256);
            keeper.take(&sign_in_limits(&network, "ana@casa.example", Place::Browser("stolen")), NOW)
        });
        assert_eq!(guesses.count(), SIGN_IN_PER_ACCOUNT_AND_BROWSER.burst as usize);
    }

    #[test]
    fn pairs_of_network_and_account_do_not_read_alike() {
        let pair = |network, account| sign_in_limits(network, account, Place::Network).swap_remove(1).1;
        assert_ne!(pair("10.0.0.1", "1@x"), pair("10.0.0.11", "@x"));
    }

    #[test]
    fn codes_of_strangers_are_counted_apart_from_those_of_her_browser() {
        assert_ne!(code_limit("mem_1", None), code_limit("mem_1", Some("her phone")));
        assert_ne!(code_limit("mem_1", Some("her phone")), code_limit("mem_2", Some("her phone")));
        assert_eq!(code_limit("mem_1", None).0, CODE_PER_MEMBER_OF_STRANGERS);
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_network_however_many_addresses_they_take() {
        let own = network_of("2001:db8:7:8::1");
        assert_eq!(own, network_of("2001:0DB8:0007:0008:ffff:ffff:ffff:ffff"));
        assert_ne!(own, network_of("2001:db8:7:9::1"));
        assert_eq!(network_of("::ffff:203.0.113.9"), "203.0.113.9");
        assert_eq!(network_of("203.0.113.9"), "203.0.113.9");
        assert_ne!(network_of("203.0.113.9"), network_of("203.0.113.10"));
        assert_eq!(network_of("no address"), "no address");
    }

    /// Tries at one subject, and what of them stays taken.
    #[derive(Default)]
    struct Tries {
        kept: Option<Timestamp>,
        /// Tries that go on, by their goes.
        open: Vec<usize>,
        /// When each go was taken, and how much of it stays taken.
        goes: Vec<(Timestamp, Duration)>,
    }

    impl Tries {
        /// A try that will never be handed back, unless it is opened.
        fn fail(&mut self, limit: Limit, now: Timestamp) -> Option<usize> {
            self.kept = Some(limit.take(self.kept, now).ok()?);
            self.goes.push((now, limit.every));
            Some(self.goes.len() - 1)
        }

        fn begin(&mut self, limit: Limit, now: Timestamp) -> bool {
            let go = self.fail(limit, now);
            self.open.extend(go);
            go.is_some()
        }

        fn succeed(&mut self, limit: Limit, which: usize, now: Timestamp) {
            if !self.open.is_empty() {
                let go = self.open.swap_remove(which % self.open.len());
                let elapsed = now.since(self.goes[go].0);
                self.kept = self.kept.map(|at| at.minus(limit.back_after(elapsed)));
                self.goes[go].1 = elapsed.min(limit.every);
            }
        }

        /// What would be kept had each go cost only what of it stays taken.
        fn as_if(&self, counted: impl Fn(Duration) -> bool) -> Option<Timestamp> {
            let goes = self.goes.iter().filter(|(_, cost)| counted(*cost));
            goes.fold(None, |kept: Option<Timestamp>, (at, cost)| {
                Some(kept.map_or(*at, |kept| kept.max(*at)).plus(*cost))
            })
        }
    }

    proptest! {
        #[test]
        fn who_succeeds_has_taken_nothing(
            failures in 0_u32..5, takes in prop::collection::vec((0_u64..60_000, 0_u64..90_000), 1..60),
        ) {
            let limit = Limit { name: "x", every: Duration::from_secs(30), burst: 5, meaning: "" };
            let (mut now, mut tries) = (NOW, Tries::default());
            for _ in 0..failures.min(limit.burst - 1) {
                tries.fail(limit, now);
            }
            for (pause, lasts) in takes {
                now = now.plus(Duration::from_millis(pause));
                let before = tries.kept.map_or(Duration::ZERO, |at| at.since(now));
                prop_assert!(tries.begin(limit, now), "who only succeeds is never refused");
                let lasts = Duration::from_millis(lasts);
                now = now.plus(lasts);
                tries.succeed(limit, 0, now);
                let after = tries.kept.map_or(Duration::ZERO, |at| at.since(now));
                // A try that lasts longer than a go takes to come back gets what came back.
                let came_back = lasts.saturating_sub(limit.every);
                prop_assert_eq!(after, before.saturating_sub(came_back));
            }
        }

        #[test]
        fn giving_back_gives_never_more_than_was_taken_and_who_fails_has_taken(
            steps in prop::collection::vec((0_u64..20_000, 0_u8..3, 0_usize..8), 1..120),
            every in 1_u64..60, burst in 1_u32..8,
        ) {
            let limit = Limit { name: "x", every: Duration::from_secs(every), burst, meaning: "" };
            let (mut now, mut tries) = (NOW, Tries::default());
            for (step, what, which) in steps {
                now = now.plus(Duration::from_millis(step));
                match what {
                    0 => {
                        tries.fail(limit, now);
                    }
                    1 => {
                        tries.begin(limit, now);
                    }
                    _ => tries.succeed(limit, which, now),
                }
            }
            while !tries.open.is_empty() {
                tries.succeed(limit, 0, now);
            }
            // As if each success had cost the time that it lasted, whatever happened beside it; and
            // so no failure costs less than it did had nobody succeeded.
            prop_assert_eq!(tries.kept, tries.as_if(|_| true));
            prop_assert!(tries.kept >= tries.as_if(|cost| cost == limit.every));
        }

        #[test]
        fn no_span_has_more_goes_than_the_limit_gives(
            steps in prop::collection::vec(0_u64..40, 1..200), every in 1_u64..60, burst in 1_u32..6,
        ) {
            let limit = Limit { name: "x", every: Duration::from_secs(every), burst, meaning: "" };
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
