//! The job table: one job per key, one worker per job, one lane per account.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{ConnectionId, JobId, Problem, Timestamp};
use store::jobs::{DeadJobs, Failure, Job, LEASE, NewJob, Priority};
use store::jobs::{bury, claim, expired_leases, finish, lanes_due, next_due, open_jobs, postpone, reclaim};
use store::paces::Paces;
use store::{StoreError, StoreResult, Tenant, Tx};
use tokio::task::JoinSet;

use crate::kit::House;
use crate::shop::Shop;

const SECOND: Duration = Duration::from_secs(1);

fn new(key: &str, run_at: Timestamp) -> NewJob {
    NewJob {
        connection: None,
        kind: "fetch_order",
        dedup_key: key.into(),
        payload: "{}".into(),
        priority: Priority::Order,
        run_at,
        cause: "hook orders_v2".into(),
    }
}

fn failure(problem: Problem) -> Failure {
    Failure { problem, error: "HTTP 503".into(), exchange: Some("{\"status\":503}".into()) }
}

impl Shop<'_> {
    async fn enqueue(&self, job: NewJob) -> JobId {
        let (id, now) = (self.house.id(), self.house.now());
        self.write(move |shop| shop.enqueue(id, &job, now)).await;
        id
    }

    async fn ask(&self, key: &str) -> JobId {
        self.enqueue(new(key, self.house.now())).await
    }

    async fn ask_in(&self, lane: ConnectionId, key: &str) -> JobId {
        self.enqueue(NewJob { connection: Some(lane), ..new(key, self.house.now()) }).await
    }

    async fn dead(&self) -> Vec<String> {
        self.read(|shop| Ok(shop.problems()?.into_iter().map(|row| row.kind).collect())).await
    }
}

impl House {
    async fn claim_in(&self, lane: Option<ConnectionId>, owner: &'static str, limit: u32) -> Vec<Job> {
        let now = self.now();
        self.write(move |tx| take(tx, lane, owner, limit, now)).await
    }

    async fn claim_one(&self, owner: &'static str) -> Option<Job> {
        self.claim_in(None, owner, 1).await.pop()
    }

    async fn finish(&self, job: &Job, owner: &'static str) {
        self.finish_all(std::slice::from_ref(job), owner).await;
    }

    async fn finish_all(&self, jobs: &[Job], owner: &'static str) {
        let (ids, now) = (jobs.iter().map(|job| job.id).collect::<Vec<_>>(), self.now());
        self.write(move |tx| finish(tx, &ids, owner, now)).await;
    }

    async fn bury(&self, job: &Job, owner: &'static str, problem: Problem) {
        let (id, now) = (job.id, self.now());
        self.write(move |tx| bury(tx, id, owner, &failure(problem), now)).await;
    }

    async fn postpone(&self, job: &Job, owner: &'static str, wait: Duration) {
        let (id, now) = (job.id, self.now());
        let failure = failure(Problem::PlatformDown);
        self.write(move |tx| postpone(tx, id, owner, &failure, now.plus(wait), now)).await;
    }

    async fn reclaim(&self) -> u64 {
        let now = self.now();
        self.write(move |tx| reclaim(tx, now)).await
    }

    async fn any_lease_ended(&self) -> bool {
        let now = self.now();
        self.read(move |tx| expired_leases(tx, now)).await
    }

    async fn open(&self) -> i64 {
        self.read(open_jobs).await
    }
}

/// What a node takes whose work nothing holds back.
fn take(
    tx: &mut Tx<'_>,
    lane: Option<ConnectionId>,
    owner: &str,
    limit: u32,
    now: Timestamp,
) -> StoreResult<Vec<Job>> {
    let mut paces = Paces::hold(tx)?;
    claim(tx, lane, &mut paces, owner, limit, now)
}

fn keys(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.dedup_key.as_str()).collect()
}

on_both! {
    async fn many_jobs_end_together_and_those_asked_for_again_come_back(house: House) {
        let shop = Shop::open(&house).await;
        for index in 0..20 {
            shop.ask(&format!("{index:02}")).await;
        }
        let jobs = house.claim_in(None, "one", 20).await;
        assert_eq!(jobs.len(), 20);
        for again in ["03", "17"] {
            shop.ask(again).await;
        }
        house.finish_all(&jobs, "another").await;
        assert_eq!(house.read(open_jobs).await, 20, "the lease is somebody else's");
        house.finish_all(&jobs, "one").await;
        let mut back: Vec<String> =
            house.claim_in(None, "one", 20).await.into_iter().map(|job| job.dedup_key).collect();
        back.sort();
        assert_eq!(back, ["03", "17"]);
    }

    async fn a_job_is_waited_for_with_nothing_held_that_others_wait_for(house: House) {
        let shop = Shop::open(&house).await;
        house.write(|tx| {
            tx.execute_exactly(1, "INSERT INTO setting (name, value) VALUES ('row', '')", &[])
        }).await;
        // Each round, one asks for the job and then writes the row, the other one the
        // reverse: as a listing that is read while a sale of it is taken in.
        for _ in 0..20 {
            let mut both = JoinSet::new();
            for job_first in [true, false] {
                let (id, now, organization) = (house.id(), house.now(), shop.id);
                let db = house.store.installation().clone();
                both.spawn(async move {
                    let write = "UPDATE setting SET value = 'written' WHERE name = 'row'";
                    db.write(move |tx| {
                        if !job_first {
                            tx.execute_exactly(1, write, &[])?;
                        }
                        Tenant::of(tx, organization).enqueue(id, &new("7", now), now)?;
                        if job_first {
                            tx.execute_exactly(1, write, &[])?;
                        }
                        Ok(())
                    }).await
                });
            }
            while let Some(done) = both.join_next().await {
                assert_eq!(done.unwrap(), Ok(()));
            }
        }
    }

    async fn a_job_comes_to_its_worker_as_it_was_asked_for(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.enqueue(NewJob { payload: "{\"order\":\"7\"}".into(), ..new("7", house.now()) }).await;
        let job = house.claim_one("ana").await.unwrap();
        let expected = Job {
            id, organization: shop.id, connection: None, kind: "fetch_order".into(), dedup_key: "7".into(),
            payload: "{\"order\":\"7\"}".into(), attempts: 1, cause: "hook orders_v2".into(), created_at: house.now(),
            priority: Priority::Order,
        };
        assert_eq!(job, expected);
        house.finish(&job, "ana").await;
        assert_eq!(house.open().await, 0);
    }

    async fn one_key_asked_for_many_times_is_one_job(house: House) {
        let shop = Shop::open(&house).await;
        for _ in 0..5 {
            shop.ask("7").await;
        }
        assert_eq!(house.open().await, 1);
    }

    async fn the_same_key_of_two_organizations_is_two_jobs(house: House) {
        for _ in 0..2 {
            Shop::open(&house).await.ask("7").await;
        }
        assert_eq!(house.open().await, 2);
    }

    async fn a_waiting_job_is_brought_forward_but_never_put_off(house: House) {
        let shop = Shop::open(&house).await;
        let now = house.now();
        for wait in [60, 10, 90] {
            shop.enqueue(new("7", now.plus(SECOND * wait))).await;
        }
        assert_eq!(house.read(next_due).await, Some(now.plus(SECOND * 10)));
        assert_eq!(house.claim_one("ana").await, None);
        house.wait(SECOND * 10);
        assert!(house.claim_one("ana").await.is_some());
    }

    async fn a_hook_does_not_take_the_place_of_another_cause_but_any_other_takes_that_of_a_hook(house: House) {
        let shop = Shop::open(&house).await;
        let ask = async |cause: &str| {
            shop.enqueue(NewJob { cause: cause.into(), ..new("2000", house.now()) }).await;
        };
        ask("hook orders_v2").await;
        ask("sweep").await;
        ask("hook orders_v2").await;
        let taken = house.claim_one("ana").await.expect("it is due");
        assert_eq!(taken.cause, "sweep", "the hook may be made up, what the sweep has read is not");
        ask("hook orders_v2").await;
        house.finish(&taken, "ana").await;
        let again = house.claim_one("ana").await.expect("it was asked for while it ran");
        assert_eq!(again.cause, "sweep");
        house.bury(&again, "ana", Problem::PlatformDown).await;
        ask("hook orders_v2").await;
        assert_eq!(house.claim_one("ana").await.map(|job| job.cause).as_deref(), Some("hook orders_v2"));
    }

    async fn a_job_asked_for_while_it_runs_runs_once_more_with_the_newer_payload(house: House) {
        let shop = Shop::open(&house).await;
        shop.ask("7").await;
        let first = house.claim_one("ana").await.unwrap();
        shop.enqueue(NewJob { payload: "{\"newer\":1}".into(), ..new("7", house.now()) }).await;
        shop.enqueue(NewJob { payload: "{\"newer\":2}".into(), ..new("7", house.now()) }).await;
        assert_eq!(house.claim_one("eva").await, None, "it runs already");
        house.finish(&first, "ana").await;
        let second = house.claim_one("eva").await.unwrap();
        assert_eq!((second.payload.as_str(), second.attempts), ("{\"newer\":2}", 1));
        house.finish(&second, "eva").await;
        assert_eq!(house.open().await, 0);
    }

    async fn a_job_that_asks_for_itself_at_a_later_time_waits_for_that_time(house: House) {
        let shop = Shop::open(&house).await;
        shop.ask("sweep").await;
        let job = house.claim_one("ana").await.unwrap();
        shop.enqueue(new("sweep", house.now().plus(SECOND * 600))).await;
        house.finish(&job, "ana").await;
        assert_eq!(house.read(next_due).await, Some(house.now().plus(SECOND * 600)));
        assert_eq!(house.claim_one("ana").await, None);
    }

    async fn the_earliest_of_several_requests_during_a_run_counts(house: House) {
        let shop = Shop::open(&house).await;
        shop.ask("sweep").await;
        let job = house.claim_one("ana").await.unwrap();
        for wait in [300, 5, 600] {
            shop.enqueue(new("sweep", house.now().plus(SECOND * wait))).await;
        }
        house.finish(&job, "ana").await;
        assert_eq!(house.read(next_due).await, Some(house.now().plus(SECOND * 5)));
    }

    async fn a_worker_that_died_gives_its_job_back_when_the_lease_ends(house: House) {
        let shop = Shop::open(&house).await;
        shop.ask("7").await;
        house.claim_one("dead").await.unwrap();
        house.wait(LEASE);
        assert!(!house.any_lease_ended().await);
        assert_eq!(house.reclaim().await, 0, "the lease ends after its span, not at it");
        house.wait(Duration::from_millis(1));
        assert!(house.any_lease_ended().await);
        assert_eq!(house.reclaim().await, 1);
        assert!(!house.any_lease_ended().await);
        assert_eq!(house.claim_one("eva").await.unwrap().attempts, 2);
    }

    async fn a_worker_that_died_loses_neither_its_job_nor_what_was_asked_for_meanwhile(house: House) {
        let shop = Shop::open(&house).await;
        shop.ask("sweep").await;
        house.claim_one("dead").await.unwrap();
        shop.enqueue(new("sweep", house.now().plus(SECOND * 86_400))).await;
        house.wait(LEASE + SECOND);
        house.reclaim().await;
        assert!(house.claim_one("eva").await.is_some(), "the run that was cut short is due now");
    }

    async fn only_the_owner_of_the_lease_ends_a_job(house: House) {
        let shop = Shop::open(&house).await;
        shop.ask("7").await;
        let job = house.claim_one("late").await.unwrap();
        house.wait(LEASE + SECOND);
        house.reclaim().await;
        let job_again = house.claim_one("eva").await.unwrap();
        assert_eq!(job_again.id, job.id);
        house.finish(&job, "late").await;
        house.postpone(&job, "late", SECOND).await;
        house.bury(&job, "late", Problem::Internal).await;
        let owner = house.read(|tx| tx.row("SELECT lease_owner FROM job", &[], |row| row.get::<Option<String>>(0))).await;
        assert_eq!(owner, Some(Some("eva".into())));
        house.finish(&job_again, "eva").await;
        assert_eq!(house.open().await, 0);
    }

    async fn a_postponed_job_waits_and_counts_its_tries(house: House) {
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        shop.ask_in(lane, "7").await;
        let job = house.claim_in(Some(lane), "ana", 1).await.remove(0);
        house.postpone(&job, "ana", SECOND * 30).await;
        assert_eq!(house.claim_in(Some(lane), "ana", 1).await, []);
        let (queue, last) = shop.read(move |shop| Ok((shop.queue(lane)?, shop.last_failure(lane)?))).await;
        assert_eq!((queue.waiting, queue.after_failure), (1, 1));
        assert_eq!(last, Some((Problem::PlatformDown, "HTTP 503".into(), house.now())));
        house.wait(SECOND * 30);
        assert_eq!(house.claim_in(Some(lane), "ana", 1).await[0].attempts, 2);
    }

    async fn a_job_that_succeeded_no_longer_tells_of_its_failure(house: House) {
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        shop.ask_in(lane, "7").await;
        let job = house.claim_in(Some(lane), "ana", 1).await.remove(0);
        house.postpone(&job, "ana", Duration::ZERO).await;
        let job = house.claim_in(Some(lane), "ana", 1).await.remove(0);
        shop.ask_in(lane, "7").await;
        house.finish(&job, "ana").await;
        assert_eq!(shop.read(move |shop| shop.last_failure(lane)).await, None);
    }

    async fn the_most_urgent_and_then_the_longest_due_goes_first(house: House) {
        let shop = Shop::open(&house).await;
        let now = house.now();
        let wanted = [
            ("history", Priority::Background, 9), ("price", Priority::Price, 5), ("order, later", Priority::Order, 1),
            ("stock", Priority::Stock, 7), ("order, first", Priority::Order, 3),
        ];
        for (key, priority, age) in wanted {
            shop.enqueue(NewJob { priority, ..new(key, now.minus(SECOND * age)) }).await;
        }
        let first = house.claim_in(None, "ana", 4).await;
        assert_eq!(keys(&first), ["order, first", "order, later", "stock", "price"]);
        assert_eq!(keys(&house.claim_in(None, "ana", 4).await), ["history"]);
    }

    async fn two_workers_never_claim_the_same_job(house: House) {
        const JOBS: usize = 200;
        const WORKERS: usize = 8;
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        let (now, ids) = (house.now(), (0..JOBS).map(|_| house.id()).collect::<Vec<JobId>>());
        shop.write(move |shop| {
            for (index, id) in ids.into_iter().enumerate() {
                shop.enqueue(id, &NewJob { connection: Some(lane), ..new(&index.to_string(), now) }, now)?;
            }
            Ok(())
        }).await;
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            // Every other worker is another process.
            let store = if worker % 2 == 0 { house.store.clone() } else { house.open_again().unwrap() };
            workers.spawn(async move {
                let (db, owner) = (store.installation().clone(), format!("worker {worker}"));
                let mut mine = Vec::new();
                loop {
                    let owner = owner.clone();
                    let jobs = db.write(move |tx| take(tx, Some(lane), &owner, 7, now)).await.unwrap();
                    if jobs.is_empty() {
                        return mine;
                    }
                    mine.extend(jobs.into_iter().map(|job| job.id.to_string()));
                }
            });
        }
        let claimed = workers.join_all().await.concat();
        assert_eq!(claimed.len(), JOBS);
        assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), JOBS);
    }

    async fn a_long_lane_does_not_keep_a_short_one_waiting(house: House) {
        let shop = Shop::open(&house).await;
        let (long, short, idle) = (shop.connection().await, shop.connection().await, shop.connection().await);
        for index in 0..120 {
            shop.ask_in(long, &format!("long {index}")).await;
        }
        shop.ask_in(short, "short").await;
        shop.enqueue(NewJob { connection: Some(idle), ..new("idle", house.now().plus(SECOND)) }).await;
        let now = house.now();
        let lanes: BTreeSet<_> = house.read(move |tx| lanes_due(tx, now)).await.into_iter().collect();
        assert_eq!(lanes, BTreeSet::from([Some(long), Some(short)]));
        assert_eq!(keys(&house.claim_in(Some(short), "ana", 5).await), ["short"]);

        shop.ask("own").await;
        let lanes = house.read(move |tx| lanes_due(tx, now)).await;
        assert_eq!(lanes, [Some(long), None], "the short lane is served, the organization's own work is due");
        assert_eq!(keys(&house.claim_in(None, "ana", 5).await), ["own"]);
    }

    async fn a_job_that_always_fails_does_not_block_its_lane(house: House) {
        let shop = Shop::open(&house).await;
        shop.ask("poison").await;
        house.wait(SECOND);
        for key in ["a", "b", "c"] {
            shop.ask(key).await;
        }
        let mut done = Vec::new();
        for _ in 0..6 {
            let Some(job) = house.claim_one("ana").await else { break };
            if job.dedup_key == "poison" {
                house.postpone(&job, "ana", SECOND * 60).await;
            } else {
                house.finish(&job, "ana").await;
                done.push(job.dedup_key);
            }
        }
        assert_eq!(done, ["a", "b", "c"]);
    }

    async fn a_dead_job_is_shown_to_people_and_not_to_workers(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.ask("7").await;
        let job = house.claim_one("ana").await.unwrap();
        house.bury(&job, "ana", Problem::NotFound).await;
        assert_eq!(house.claim_one("ana").await, None);
        assert_eq!(house.open().await, 0);
        let rows = shop.read(|shop| shop.problems()).await;
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].id, rows[0].problem, rows[0].attempts), (id, Problem::NotFound, 1));
        assert_eq!((rows[0].error.as_str(), rows[0].exchange.as_deref()), ("HTTP 503", Some("{\"status\":503}")));
        assert_eq!(shop.read(|shop| shop.problem_count()).await, 1);
    }

    async fn a_job_asked_for_while_it_failed_for_good_gets_its_second_run(house: House) {
        let shop = Shop::open(&house).await;
        shop.ask("7").await;
        let job = house.claim_one("ana").await.unwrap();
        shop.ask("7").await;
        house.bury(&job, "ana", Problem::NotFound).await;
        assert_eq!(house.claim_one("ana").await.unwrap().attempts, 1);
    }

    async fn a_dead_job_that_is_asked_for_lives_again(house: House) {
        let shop = Shop::open(&house).await;
        shop.ask("7").await;
        let job = house.claim_one("ana").await.unwrap();
        house.bury(&job, "ana", Problem::NotFound).await;
        shop.ask("7").await;
        assert_eq!(house.claim_one("ana").await.unwrap().attempts, 1);
    }

    async fn what_is_asked_for_at_every_turn_waits_for_its_next_try_and_lives_again_when_dead(house: House) {
        let shop = Shop::open(&house).await;
        let remind = async || {
            let (id, job, now) = (house.id(), new("2000", house.now()), house.now());
            shop.write(move |shop| shop.enqueue_if_none(id, &job, now)).await;
        };
        remind().await;
        let taken = house.claim_one("ana").await.expect("it is due");
        remind().await;
        house.postpone(&taken, "ana", SECOND * 30).await;
        remind().await;
        assert_eq!(house.claim_one("ana").await, None, "it waits for its next try");
        house.wait(SECOND * 30);
        let again = house.claim_one("ana").await.expect("its time has come");
        assert_eq!(again.attempts, 2);
        house.bury(&again, "ana", Problem::PlatformDown).await;
        remind().await;
        assert_eq!(house.claim_one("ana").await.map(|job| job.attempts), Some(1));
        assert_eq!(house.open().await, 1);
    }

    async fn the_dead_are_revived_one_by_one_by_kind_of_trouble_or_by_connection(house: House) {
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        for (key, kind) in [("1", "a"), ("2", "b"), ("3", "b"), ("4", "c")] {
            let connection = (key == "4").then_some(lane);
            shop.enqueue(NewJob { kind, connection, ..new(key, house.now()) }).await;
        }
        for lane in [None, Some(lane)] {
            for job in house.claim_in(lane, "ana", 9).await {
                let problem = if job.dedup_key == "3" { Problem::Garbled } else { Problem::NotFound };
                house.bury(&job, "ana", problem).await;
            }
        }
        assert_eq!(shop.dead().await, ["b", "a", "b", "c"], "by problem, then by kind");
        let now = house.now();
        let alike = DeadJobs::Alike { problem: Problem::NotFound, kind: "b".into(), connection: None };
        assert_eq!(shop.write(move |shop| shop.revive(&alike, now)).await, 1);
        assert_eq!(shop.dead().await, ["b", "a", "c"]);
        assert_eq!(shop.write(move |shop| shop.revive(&DeadJobs::OfConnection(lane), now)).await, 1);
        assert_eq!(shop.dead().await, ["b", "a"]);
        let one = shop.read(|shop| Ok(shop.problems()?[0].id)).await;
        assert_eq!(shop.write(move |shop| shop.revive(&DeadJobs::One(one), now)).await, 1);
        let last = shop.read(|shop| Ok(shop.problems()?[0].id)).await;
        assert!(shop.write(move |shop| shop.drop_dead(last)).await);
        assert!(!shop.write(move |shop| shop.drop_dead(last)).await);
        assert_eq!(house.open().await, 3);
        assert!(house.claim_in(None, "ana", 9).await.iter().all(|job| job.attempts == 1));
    }

    async fn the_dead_of_one_kind_of_trouble_are_revived_in_one_connection_alone(house: House) {
        let shop = Shop::open(&house).await;
        let (one, other) = (shop.connection().await, shop.connection().await);
        for (lane, key, problem) in [
            (one, "1", Problem::NotFound), (one, "2", Problem::NotFound), (one, "3", Problem::Garbled),
            (other, "4", Problem::NotFound),
        ] {
            shop.ask_in(lane, key).await;
            let job = house.claim_in(Some(lane), "ana", 1).await.remove(0);
            house.bury(&job, "ana", problem).await;
        }
        let (of_one, of_other) =
            shop.read(move |shop| Ok((shop.problems_of(one)?, shop.problems_of(other)?))).await;
        let counted: std::collections::BTreeMap<&str, i64> =
            of_one.iter().map(|(problem, count)| (problem.as_str(), *count)).collect();
        let expected = [(Problem::NotFound.as_str(), 2), (Problem::Garbled.as_str(), 1)];
        assert_eq!(counted, expected.into_iter().collect());
        assert_eq!(of_other, [(Problem::NotFound, 1)]);

        let now = house.now();
        let kind = "fetch_order".to_owned();
        let alike = DeadJobs::Alike { problem: Problem::NotFound, kind, connection: Some(one) };
        assert_eq!(shop.write(move |shop| shop.revive(&alike, now)).await, 2);
        assert_eq!(keys(&house.claim_in(Some(one), "ana", 9).await), ["1", "2"]);
        assert_eq!(house.claim_in(Some(other), "ana", 9).await, []);
        assert_eq!(shop.read(move |shop| shop.problems_of(one)).await, [(Problem::Garbled, 1)]);
    }

    async fn a_job_is_kept_only_with_the_change_that_asked_for_it(house: House) {
        let shop = Shop::open(&house).await;
        let (id, now) = (house.id(), house.now());
        let failed = shop.data.write(move |shop| {
            shop.enqueue(id, &new("7", now), now)?;
            Err::<(), _>(StoreError::Driver("later trouble".into()))
        }).await;
        assert!(failed.is_err());
        assert_eq!(house.open().await, 0);
    }
}
