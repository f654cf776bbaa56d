//! Limits hold for all nodes together, survive a restart, and are taken all or not at all; in
//! the database and in Redis alike.

use std::env;
use std::time::Duration;

use domain::Timestamp;
use domain::limit::{Limit, MESSAGE_PER_NETWORK, MESSAGE_PER_RECIPIENT, Taken};
use store::Store;
use store::limits::{Keeper, Wanted};
use store::redis_limits::{REDIS_REST, RedisLimits};
use store::retention::forget;
use tokio::task::JoinSet;

use crate::kit::{House, on_sqlite};

/// Names the Redis of the tests; `cargo xtask test` starts one.
const REDIS_URL: &str = "LOJISTA_TEST_REDIS_URL";
const SECOND: Duration = Duration::from_secs(1);
const FEW: Limit = Limit { name: "few", every: Duration::from_secs(10), burst: 3, meaning: "" };

/// Nobody else's subject, in whatever server is shared.
fn subject(name: u8) -> [u8; 32] {
    static RUN: std::sync::OnceLock<[u8; 16]> = std::sync::OnceLock::new();
    let run = RUN.get_or_init(|| domain::id::uuid_v7(Timestamp::EPOCH, &vault::OsEntropy));
    let test =
        std::thread::current().name().map(|test| vault::token::sha256(test.as_bytes())).unwrap_or_default();
    let mut subject = [name; 32];
    subject[..16].copy_from_slice(run);
    subject[16..31].copy_from_slice(&test[..15]);
    subject
}

fn wanted(limit: Limit, name: u8) -> Wanted {
    Wanted { limit, subject: subject(name) }
}

async fn take(store: &Store, all: &[Wanted], now: Timestamp) -> Taken {
    store.limits().take(all.to_vec(), now).await.expect("the limits answer").0
}

async fn one_go_in_thirty_seconds_however_many_nodes_and_threads_want_it(house: House, other: Store) {
    let start = house.now();
    for round in 0..3_u32 {
        let now = start.plus(round * Duration::from_secs(30));
        let mut all = JoinSet::new();
        for index in 0..40 {
            let store = if index % 2 == 0 { house.store.clone() } else { other.clone() };
            // Half of them name the two axes in the other order.
            let mut both = vec![wanted(MESSAGE_PER_NETWORK, 1), wanted(MESSAGE_PER_RECIPIENT, 2)];
            if index % 3 == 0 {
                both.reverse();
            }
            all.spawn(async move { take(&store, &both, now).await });
        }
        let answers = all.join_all().await;
        let winners = answers.iter().filter(|taken| **taken == Taken::Allowed).count();
        assert_eq!(winners, 1, "round {round}");
        assert!(answers.iter().all(|it| matches!(it, Taken::Allowed | Taken::Wait(_))));
    }
}

async fn who_is_refused_by_one_axis_takes_none_of_the_other(house: House, _other: Store) {
    let (store, now) = (&house.store, house.now());
    let (network, recipient) = (wanted(MESSAGE_PER_NETWORK, 1), wanted(MESSAGE_PER_RECIPIENT, 2));
    assert_eq!(take(store, &[network, recipient], now).await, Taken::Allowed);
    let elsewhere = wanted(MESSAGE_PER_RECIPIENT, 3);
    let later = now.plus(10 * SECOND);
    assert_eq!(take(store, &[network, elsewhere], later).await, Taken::Wait(20 * SECOND));
    assert_eq!(take(store, &[elsewhere], later).await, Taken::Allowed, "the other axis was left untouched");
    assert_eq!(
        take(store, &[elsewhere, recipient], later).await,
        Taken::Wait(30 * SECOND),
        "the longest wait"
    );
}

async fn a_burst_is_taken_at_once_and_given_back_one_by_one(house: House, other: Store) {
    let now = house.now();
    for store in [&house.store, &other, &house.store] {
        assert_eq!(take(store, &[wanted(FEW, 1)], now).await, Taken::Allowed);
    }
    assert_eq!(take(&other, &[wanted(FEW, 1)], now).await, Taken::Wait(10 * SECOND));
    let later = now.plus(10 * SECOND);
    assert_eq!(take(&house.store, &[wanted(FEW, 1)], later).await, Taken::Allowed);
    assert_eq!(take(&house.store, &[wanted(FEW, 1)], later).await, Taken::Wait(10 * SECOND));
    let long_after = later.plus(Duration::from_hours(1));
    for _ in 0..FEW.burst {
        assert_eq!(take(&house.store, &[wanted(FEW, 1)], long_after).await, Taken::Allowed);
    }
    assert_eq!(
        take(&house.store, &[wanted(FEW, 1)], long_after).await,
        Taken::Wait(10 * SECOND),
        "no more than the burst"
    );
}

async fn what_was_taken_is_known_after_a_restart(house: House, other: Store) {
    let now = house.now();
    assert_eq!(take(&other, &[wanted(MESSAGE_PER_NETWORK, 1)], now).await, Taken::Allowed);
    drop(other);
    let again = house.open_again().expect("the store opens");
    let again = if env::var(REDIS_URL).is_ok() && is_redis(&house).await { in_redis(again) } else { again };
    let refused = take(&again, &[wanted(MESSAGE_PER_NETWORK, 1)], now.plus(29 * SECOND)).await;
    assert_eq!(refused, Taken::Wait(SECOND));
}

async fn who_succeeds_has_taken_nothing_and_who_fails_has(house: House, other: Store) {
    let start = house.now();
    let both = vec![wanted(FEW, 1), wanted(MESSAGE_PER_NETWORK, 2)];
    for round in 0..20_u32 {
        let (taken_at, done_at) = (start.plus(round * SECOND), start.plus(round * SECOND + SECOND / 4));
        let (taken, keeper) = other.limits().take(both.clone(), taken_at).await.expect("an answer");
        assert_eq!(taken, Taken::Allowed, "round {round}");
        assert_eq!(
            house.store.limits().wait(vec![both[1]], done_at).await,
            Ok(Some(Duration::from_millis(29_750)))
        );
        // Whichever node began, another one may end.
        house.store.limits().hand_back(both.clone(), keeper, taken_at, done_at).await.expect("handed back");
        assert_eq!(other.limits().wait(both.clone(), done_at).await, Ok(None));
    }
    let later = start.plus(60 * SECOND);
    for _ in 0..FEW.burst {
        assert_eq!(
            take(&house.store, &[wanted(FEW, 1)], later).await,
            Taken::Allowed,
            "all of the burst is left"
        );
    }
    assert_eq!(take(&other, &[wanted(FEW, 1)], later).await, Taken::Wait(10 * SECOND));
}

async fn what_came_back_by_itself_is_not_given_twice(house: House, other: Store) {
    let (start, one) = (house.now(), vec![wanted(FEW, 1)]);
    let (_, keeper) = house.store.limits().take(one.clone(), start).await.expect("an answer");
    // So long a try: its go is back, and somebody fails three times.
    let late = start.plus(15 * SECOND);
    for _ in 0..FEW.burst {
        assert_eq!(take(&other, &one, late).await, Taken::Allowed);
    }
    house.store.limits().hand_back(one.clone(), keeper, start, late).await.expect("handed back");
    assert_eq!(take(&other, &one, late).await, Taken::Wait(10 * SECOND), "failures stay failures");

    // What nobody took gives nothing.
    let never = vec![wanted(FEW, 7)];
    house.store.limits().hand_back(never.clone(), keeper, late, late).await.expect("handed back");
    for _ in 0..FEW.burst {
        assert_eq!(take(&other, &never, late).await, Taken::Allowed);
    }
    assert!(matches!(take(&other, &never, late).await, Taken::Wait(_)));
}

async fn many_who_succeed_at_once_leave_what_failures_took(house: House, other: Store) {
    let start = house.now();
    let wide = Limit { name: "wide", every: Duration::from_secs(10), burst: 64, meaning: "" };
    let one = wanted(wide, 1);
    let mut all = JoinSet::new();
    for index in 0..40_u32 {
        let (store, end) = (
            if index % 2 == 0 { house.store.clone() } else { other.clone() },
            if index % 3 == 0 { other.clone() } else { house.store.clone() },
        );
        let (began, done) = (start, start.plus(index * SECOND / 50));
        all.spawn(async move {
            let (taken, keeper) = store.limits().take(vec![one], began).await.expect("an answer");
            assert_eq!(taken, Taken::Allowed);
            if index % 4 == 0 {
                return;
            }
            end.limits().hand_back(vec![one], keeper, began, done).await.expect("handed back");
        });
    }
    all.join_all().await;
    // Ten failed. Of each of the others stays the time that it lasted, which is over by then: time
    // stood still for its subject.
    let lasted: Duration = (0..40_u32).filter(|index| index % 4 != 0).map(|index| index * SECOND / 50).sum();
    let mut left = 0;
    let end = start.plus(lasted);
    while take(&other, &[one], end).await == Taken::Allowed {
        left += 1;
    }
    assert_eq!(left, wide.burst - 10);
}

async fn is_redis(house: &House) -> bool {
    let asked = house.store.limits().take(vec![wanted(FEW, 200)], house.now()).await;
    asked.is_ok_and(|(_, keeper)| keeper == Keeper::Redis)
}

fn in_redis(store: Store) -> Store {
    let url = env::var(REDIS_URL).expect("asked before");
    store.with_redis(RedisLimits::new(&url, None).expect("an address on this machine"))
}

/// Makes three tests of each specification: two databases, and Redis over one of them.
macro_rules! on_all_three {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use super::*;

            async fn in_the_database(house: House) {
                let other = house.open_again().expect("the store opens");
                super::$name(house, other).await;
            }

            #[test]
            fn sqlite() {
                on_sqlite(in_the_database);
            }

            #[test]
            fn postgres() {
                crate::kit::on_postgres(in_the_database);
            }

            #[test]
            fn redis() {
                if env::var(REDIS_URL).is_err() {
                    eprintln!("not run: {REDIS_URL} names no server");
                    return;
                }
                on_sqlite(async |mut house: House| {
                    let other = in_redis(house.open_again().expect("the store opens"));
                    house.store = in_redis(house.store.clone());
                    assert!(is_redis(&house).await, "Redis decides");
                    super::$name(house, other).await;
                });
            }
        }
    )*};
}

on_all_three! {
    one_go_in_thirty_seconds_however_many_nodes_and_threads_want_it,
    who_is_refused_by_one_axis_takes_none_of_the_other,
    a_burst_is_taken_at_once_and_given_back_one_by_one,
    what_was_taken_is_known_after_a_restart,
    who_succeeds_has_taken_nothing_and_who_fails_has,
    what_came_back_by_itself_is_not_given_twice,
    many_who_succeed_at_once_leave_what_failures_took,
}

on_both! {
    async fn while_redis_is_away_the_database_decides_and_nothing_is_open(house: House) {
        // Nobody listens on the port of a listener that is gone.
        let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("redis://{}", gone.local_addr().expect("an address"));
        drop(gone);
        let store = house.store.clone().with_redis(RedisLimits::new(&address, None).expect("this machine"));
        let (now, one) = (house.now(), vec![wanted(MESSAGE_PER_NETWORK, 1)]);
        for (wait, taken) in [(0, Taken::Allowed), (1, Taken::Wait(29 * SECOND)), (7, Taken::Wait(23 * SECOND))] {
            let answer = store.limits().take(one.clone(), now.plus(wait * SECOND)).await;
            assert_eq!(answer, Ok((taken, Keeper::Fallback)));
        }
        assert!(REDIS_REST < 7 * SECOND, "it was asked again in between");
    }

    async fn what_redis_gave_is_not_handed_back_to_the_database(house: House) {
        let (now, one) = (house.now(), vec![wanted(MESSAGE_PER_NETWORK, 1)]);
        assert_eq!(take(&house.store, &one, now).await, Taken::Allowed);
        house.store.limits().hand_back(one.clone(), Keeper::Redis, now, now).await.expect("nothing to do");
        assert_eq!(take(&house.store, &one, now).await, Taken::Wait(30 * SECOND));
    }

    async fn who_is_refused_writes_nothing(house: House) {
        let (now, all) = (house.now(), vec![wanted(MESSAGE_PER_NETWORK, 1), wanted(FEW, 2)]);
        assert_eq!(take(&house.store, &all, now).await, Taken::Allowed);
        let kept = || house.read(|tx| tx.rows("SELECT given_back_at FROM limit_taken ORDER BY subject", &[], |row| row.get::<Timestamp>(0)));
        let before = kept().await;
        for _ in 0..5 {
            assert!(matches!(take(&house.store, &all, now).await, Taken::Wait(_)));
        }
        assert_eq!(kept().await, before);
    }

    async fn a_server_that_shows_no_good_certificate_is_away(house: House) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("rediss://{}", listener.local_addr().expect("an address"));
        // Whoever speaks in clear, or hangs up, shows none.
        let server = std::thread::spawn(move || {
            let (mut caller, _) = listener.accept().expect("a caller");
            let _ = std::io::Write::write_all(&mut caller, b"+OK\r\n");
        });
        let store = house.store.clone().with_redis(RedisLimits::new(&address, None).expect("an address"));
        let answer = store.limits().take(vec![wanted(MESSAGE_PER_NETWORK, 1)], house.now()).await;
        assert_eq!(answer, Ok((Taken::Allowed, Keeper::Fallback)));
        server.join().expect("the server ends");
    }

    async fn what_was_given_back_is_forgotten_and_nothing_else(house: House) {
        let now = house.now();
        for name in 1..4 {
            assert_eq!(take(&house.store, &[wanted(MESSAGE_PER_NETWORK, name)], now).await, Taken::Allowed);
        }
        assert_eq!(take(&house.store, &[wanted(FEW, 9), wanted(FEW, 10)], now.plus(25 * SECOND)).await, Taken::Allowed);
        assert_eq!(house.write(move |tx| forget(tx, now.plus(30 * SECOND))).await, 3);
        assert_eq!(house.count("SELECT COUNT(*) FROM limit_taken").await, 2);
    }
}
