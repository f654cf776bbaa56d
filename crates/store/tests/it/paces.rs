//! Paces: one for all nodes, and only for the work that is held back.

use std::time::Duration;

use domain::pace::{Blow, CALM, FIRST_GAP, PROBE_PATIENCE, Pace, Reason};
use domain::{ConnectionId, SeededEntropy};
use store::jobs::{Job, NewJob, Priority, claim, next_due};
use store::paces::{Paces, Scope};

use crate::kit::House;
use crate::shop::Shop;

const ROOM: u32 = 8;
const STOCK: Scope = Scope::Work(Priority::Stock);

impl Shop<'_> {
    async fn ask_for(&self, lane: ConnectionId, priority: Priority, count: usize) {
        for index in 0..count {
            let (id, now) = (self.house.id(), self.house.now());
            let job = NewJob {
                connection: Some(lane),
                kind: "push_stock",
                dedup_key: format!("{lane} {priority:?} {index}"),
                payload: "{}".into(),
                priority,
                run_at: now,
                cause: "hook".into(),
            };
            self.write(move |shop| shop.enqueue(id, &job, now)).await;
        }
    }

    async fn change(
        &self,
        lane: ConnectionId,
        scope: Scope,
        change: impl FnOnce(Option<Pace>) -> Option<Pace> + Send + 'static,
    ) {
        let organization = self.id;
        self.house
            .write(move |tx| {
                let mut paces = Paces::hold(tx)?;
                paces.change(organization, lane, scope, change);
                paces.keep(tx)
            })
            .await;
    }

    async fn strike(&self, lane: ConnectionId, scope: Scope, blow: Blow) {
        let now = self.house.now();
        self.change(lane, scope, move |pace| Some(Pace::after(pace, blow, now, now, &SeededEntropy::new(3))))
            .await;
    }

    async fn shown(&self, lane: ConnectionId) -> Vec<(Scope, Reason)> {
        let paces = self.read(move |shop| shop.paces_of(lane)).await;
        paces.into_iter().map(|(scope, pace)| (scope, pace.reason)).collect()
    }
}

impl House {
    /// A node's round: what it takes of a lane.
    async fn take(&self, lane: ConnectionId, node: &'static str) -> Vec<Priority> {
        let now = self.now();
        let jobs: Vec<Job> = self
            .write(move |tx| {
                let mut paces = Paces::hold(tx)?;
                let jobs = claim(tx, Some(lane), &mut paces, node, ROOM, now)?;
                paces.keep(tx)?;
                Ok(jobs)
            })
            .await;
        jobs.into_iter().map(|job| job.priority).collect()
    }

    async fn wait_for_next(&self) {
        let due = self.read(next_due).await.expect("a job waits");
        self.wait(due.since(self.now()));
    }
}

const TOO_MANY: Blow = Blow::TooMany { wish: None };

on_both! {
    async fn too_many_calls_for_stock_hold_back_stock_alone(house: House) {
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        shop.strike(lane, STOCK, TOO_MANY).await;
        shop.ask_for(lane, Priority::Stock, 3).await;
        shop.ask_for(lane, Priority::Order, 2).await;
        shop.ask_for(lane, Priority::Background, 1).await;
        assert_eq!(house.take(lane, "ana").await, [Priority::Order, Priority::Order, Priority::Background]);
        assert_eq!(house.take(lane, "ana").await, []);
        assert_eq!(shop.shown(lane).await, [(STOCK, Reason::TooMany)]);
    }

    async fn the_pace_of_one_account_is_not_anothers(house: House) {
        let shop = Shop::open(&house).await;
        let (slow, other) = (shop.connection().await, shop.connection().await);
        shop.strike(slow, STOCK, TOO_MANY).await;
        shop.ask_for(slow, Priority::Stock, 2).await;
        shop.ask_for(other, Priority::Stock, 2).await;
        assert_eq!(house.take(slow, "ana").await, []);
        assert_eq!(house.take(other, "ana").await, [Priority::Stock; 2]);
        assert_eq!(shop.shown(other).await, []);
    }

    async fn two_nodes_share_one_allowance(house: House) {
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        shop.strike(lane, STOCK, TOO_MANY).await;
        shop.ask_for(lane, Priority::Stock, 4).await;
        house.wait_for_next().await;
        assert_eq!(house.take(lane, "ana").await.len(), 1);
        assert_eq!(house.take(lane, "eva").await.len(), 0);
        house.wait(FIRST_GAP);
        assert_eq!(house.take(lane, "eva").await.len(), 1);
        assert_eq!(house.take(lane, "ana").await.len(), 0);
    }

    async fn a_platform_that_is_down_is_asked_by_one_job_of_one_node(house: House) {
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        for _ in 0..domain::pace::BLOWS_UNTIL_DOWN {
            shop.strike(lane, Scope::Connection, Blow::Down).await;
        }
        shop.ask_for(lane, Priority::Stock, 3).await;
        shop.ask_for(lane, Priority::Order, 3).await;
        assert_eq!(house.take(lane, "ana").await, []);
        house.wait_for_next().await;
        assert_eq!(house.take(lane, "ana").await, [Priority::Order]);
        assert_eq!(house.take(lane, "eva").await, []);
        house.wait(PROBE_PATIENCE);
        assert_eq!(house.take(lane, "eva").await, [Priority::Order], "the probe's node has died");
    }

    async fn what_renews_a_token_is_never_held_back(house: House) {
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        for _ in 0..domain::pace::BLOWS_UNTIL_DOWN {
            shop.strike(lane, Scope::Connection, Blow::Down).await;
        }
        shop.ask_for(lane, Priority::Order, 1).await;
        shop.ask_for(lane, Priority::Tokens, 1).await;
        assert_eq!(house.take(lane, "ana").await, [Priority::Tokens]);
    }

    async fn a_few_failures_hold_nothing_back_and_are_not_shown(house: House) {
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        shop.strike(lane, Scope::Connection, Blow::Down).await;
        shop.ask_for(lane, Priority::Order, 3).await;
        assert_eq!(house.take(lane, "ana").await.len(), 3);
        assert_eq!(shop.shown(lane).await, []);
    }

    async fn calm_ends_it_and_nothing_is_kept(house: House) {
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        shop.strike(lane, STOCK, TOO_MANY).await;
        for _ in 0..4 {
            house.wait(CALM);
            let now = house.now();
            shop.change(lane, STOCK, move |pace| pace?.eased(now, now)).await;
        }
        let rows = house.read(|tx| tx.row("SELECT COUNT(*) FROM pace", &[], |row| row.get::<i64>(0))).await;
        assert_eq!(rows, Some(0));
        shop.ask_for(lane, Priority::Stock, 3).await;
        assert_eq!(house.take(lane, "ana").await.len(), 3);
    }

    async fn the_next_job_is_due_when_its_pace_lets_it_start(house: House) {
        let shop = Shop::open(&house).await;
        let lane = shop.connection().await;
        let wish = Some(Duration::from_mins(10));
        shop.strike(lane, STOCK, Blow::TooMany { wish }).await;
        shop.ask_for(lane, Priority::Stock, 1).await;
        assert_eq!(house.read(next_due).await, Some(house.now().plus(Duration::from_mins(10))));
        shop.ask_for(lane, Priority::Order, 1).await;
        assert_eq!(house.read(next_due).await, Some(house.now()));
    }
}
