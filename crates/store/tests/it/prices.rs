//! Fees with their days, rules, what goods cost, and changes of prices: as they are kept.

use std::time::Duration;

use domain::catalogue::Facts;
use domain::kit::Component;
use domain::pricing::{BatchState, ChangeState, Ending, FeeTable, Fees, Goal, Policy, PriceWhy, Share};
use domain::{
    Actor, ConnectionId, Currency, ListingId, Money, PriceBatchId, PriceChangeId, Problem, SkuId, Timestamp,
};
use store::StoreError;
use store::price_changes::{ChangeEnd, NewChange};

use crate::kit::House;
use crate::shop::Shop;

const DAY: Duration = Duration::from_hours(24);

fn share(points: u32) -> Share {
    Share::from_basis_points(points).unwrap()
}

fn table(fixed: i64) -> FeeTable {
    let fees = |points, cap, per_item_minor| Fees {
        commission: share(points),
        commission_cap_minor: cap,
        per_item_minor,
        freight_minor: 150,
    };
    FeeTable::new(vec![(0, fees(1_000, None, fixed)), (5_000, fees(600, Some(10_000), 600))]).unwrap()
}

fn policy(goal: Goal) -> Policy {
    let ending = Ending::new(1_000, 990).unwrap();
    Policy { goal, ending, floor_minor: 1_500, never_at_a_loss: true, packaging_minor: 120 }
}

impl Shop<'_> {
    async fn fees(&self, connection: ConnectionId, from: Timestamp, table: FeeTable) {
        let now = self.house.now();
        self.write(move |shop| shop.keep_fees(connection, from, &table, &Actor::Unknown, now)).await;
    }

    async fn rule(&self, connection: ConnectionId, sku: Option<SkuId>, goal: Goal) {
        let now = self.house.now();
        let kept = policy(goal);
        self.write(move |shop| shop.keep_price_rule(connection, sku, &kept, &Actor::Unknown, now)).await;
    }

    async fn costs_so_much(&self, sku: SkuId, minor: i64, currency: Currency) {
        let now = self.house.now();
        let cost = Some(Money::new(minor, currency));
        let facts = Facts { cost, tax_basis_points: Some(600), ..Facts::default() };
        self.write(move |shop| shop.keep_cost(sku, &facts, &Actor::Unknown, now)).await;
    }

    async fn cost(&self, sku: SkuId) -> Option<i64> {
        self.read(move |shop| shop.goods_cost(sku)).await.cost_minor
    }

    async fn batch(&self, connection: ConnectionId, state: BatchState) -> PriceBatchId {
        let (id, now) = (self.house.id(), self.house.now());
        self.write(move |shop| shop.insert_price_batch(id, connection, state, &Actor::Unknown, now)).await;
        id
    }

    async fn new_price(&self, batch: PriceBatchId, listing: ListingId) -> Result<PriceChangeId, StoreError> {
        let (id, now) = (self.house.id(), self.house.now());
        let new = NewChange {
            id,
            batch,
            listing,
            from: Money::new(1_000, Currency::Brl),
            to_minor: 1_490,
            why: PriceWhy::Rule,
            due_at: now,
            until_at: Some(now.plus(DAY)),
        };
        self.data.write(move |shop| shop.insert_price_change(&new)).await.map(|()| id)
    }
}

on_both! {
    async fn fees_hold_from_their_day_on_and_the_older_ones_stay(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let (first, later) = (house.now(), house.now().plus(DAY));
        let at = |when| shop.read(move |shop| shop.fees_at(connection, when));
        assert_eq!(at(first).await, None);
        shop.fees(connection, first, table(400)).await;
        shop.fees(connection, later, table(500)).await;
        assert_eq!(at(first.minus(DAY)).await, None, "before the first nothing is known");
        assert_eq!(at(later.minus(Duration::from_millis(1))).await.unwrap().table, table(400));
        assert_eq!(at(later).await.unwrap().table, table(500));
        let days: Vec<_> =
            shop.read(move |shop| shop.fee_tables(connection)).await.into_iter().map(|it| it.valid_from).collect();
        assert_eq!(days, [later, first]);
        let flat = FeeTable::flat(Fees { commission: share(1_200), ..Fees::default() });
        shop.fees(connection, later, flat.clone()).await;
        assert_eq!(at(later).await.unwrap().table, flat, "a day has one table, whole");
        assert_eq!(at(first).await.unwrap().table, table(400));
    }

    async fn a_rule_of_a_sku_stands_beside_that_of_its_account(house: House) {
        let shop = Shop::open(&house).await;
        let (connection, sku) = (shop.connection().await, shop.sku("CAN-1").await);
        let read = |sku| shop.read(move |shop| shop.price_rule(connection, sku));
        for goal in [Goal::Amount(0), Goal::OfPrice(share(2_050)), Goal::OfCost(15_000)] {
            shop.rule(connection, None, goal).await;
            assert_eq!(read(None).await, Some(policy(goal)));
        }
        assert_eq!(read(Some(sku)).await, None);
        shop.rule(connection, Some(sku), Goal::Amount(700)).await;
        assert_eq!(read(None).await, Some(policy(Goal::OfCost(15_000))));
        let own = shop.read(move |shop| shop.own_price_rules(connection)).await;
        assert_eq!(own.len(), 1, "the account's own is none of a SKU: {own:?}");
        assert_eq!((own[0].sku, own[0].policy), (sku, policy(Goal::Amount(700))));
        assert!(shop.write(move |shop| shop.end_price_rule(connection, Some(sku))).await);
        assert!(!shop.write(move |shop| shop.end_price_rule(connection, Some(sku))).await);
        assert_eq!((read(Some(sku)).await, read(None).await.is_some()), (None, true));
    }

    async fn a_kit_costs_what_its_components_cost_and_only_if_all_of_them_do(house: House) {
        let shop = Shop::open(&house).await;
        let (kit, vase, screw) = (shop.sku("KIT").await, shop.sku("VASE").await, shop.sku("SCREW").await);
        assert_eq!(shop.cost(vase).await, None);
        shop.costs_so_much(vase, 1_000, Currency::Brl).await;
        let parts = [Component { sku: vase, units: 2 }, Component { sku: screw, units: 3 }];
        shop.write(move |shop| shop.keep_recipe(kit, &parts)).await;
        assert_eq!(shop.cost(kit).await, None, "a screw costs nobody knows what");
        shop.costs_so_much(screw, 10, Currency::Brl).await;
        assert_eq!(shop.cost(kit).await, Some(2_030));
        shop.costs_so_much(vase, 1_000, Currency::Usd).await;
        assert_eq!((shop.cost(vase).await, shop.cost(kit).await), (None, None), "no rate is guessed");
    }

    async fn a_change_ends_once_and_is_kept_with_its_end(house: House) {
        let shop = Shop::open(&house).await;
        let (connection, other) = (shop.connection().await, shop.connection().await);
        let listing = shop.listing(connection, "MLB1").await;
        let foreign = shop.batch(other, BatchState::Agreed).await;
        assert!(shop.new_price(foreign, listing).await.is_err(), "a batch is of one account");
        let batch = shop.batch(connection, BatchState::Staged).await;
        let change = shop.new_price(batch, listing).await.unwrap();
        let read = || shop.read(move |shop| shop.price_change(change));
        assert!(shop.write(move |shop| shop.settle_price_batch(batch, BatchState::Agreed)).await);
        assert!(!shop.write(move |shop| shop.settle_price_batch(batch, BatchState::Dropped)).await);
        assert_eq!(read().await.unwrap().batch_state, BatchState::Agreed);
        shop.write(move |shop| shop.note_found_price(change, 990)).await;
        let now = house.now();
        let trouble = Some((Problem::Refused, "in a promotion".to_owned()));
        let end = ChangeEnd { state: ChangeState::Refused, found_minor: Some(990), trouble };
        let twice = end.clone();
        assert!(shop.write(move |shop| shop.end_price_change(change, &end, now)).await);
        assert!(!shop.write(move |shop| shop.end_price_change(change, &twice, now)).await);
        let held = read().await.unwrap();
        assert_eq!((held.state, held.found_minor, held.problem), (ChangeState::Refused, Some(990), Some(Problem::Refused)));
        assert_eq!((held.error.as_deref(), held.ended_at), (Some("in a promotion"), Some(now)));
        let history = shop.read(move |shop| shop.price_history(listing)).await;
        assert_eq!(history, shop.read(move |shop| shop.price_changes(batch)).await);
        let late = shop.data.write(move |shop| shop.note_found_price(change, 1)).await;
        assert!(late.is_err(), "what ended is not touched");
    }

    async fn a_price_that_is_shown_is_noted(house: House) {
        let shop = Shop::open(&house).await;
        let (connection, sku) = (shop.connection().await, shop.sku("CAN-1").await);
        let listing = shop.listing(connection, "MLB1").await;
        let rows = || shop.read(move |shop| shop.listing_prices(connection, None, 9));
        assert_eq!(rows().await, [], "it sells no SKU yet");
        shop.write(move |shop| shop.link_listing(listing, Some(sku))).await;
        shop.write(move |shop| shop.note_price(listing, Money::new(4_990, Currency::Brl))).await;
        let row = rows().await.pop().unwrap();
        assert_eq!((row.price, row.code.as_str()), (Some(Money::new(4_990, Currency::Brl)), "CAN-1"));
        let behind = shop.read(move |shop| shop.listing_prices(connection, Some(listing), 9)).await;
        assert_eq!(behind, []);
    }
}
