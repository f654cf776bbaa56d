//! What orders earn: added up by the difference, whatever happens to them in whatever order.

use std::time::Duration;

use domain::catalogue::Facts;
use domain::order::SnapshotVersion;
use domain::profit::{Lack, Part, Truth};
use domain::radar::{Against, Nature, Shift};
use domain::settlement::{FeeKind, News, Reckoning, Sums};
use domain::{
    Actor, Applied, ConnectionId, Currency, Entropy as _, Money, OrderId, OrderSnapshot, OrderState,
    SeededEntropy, SkuId, Timestamp,
};
use store::money_view::{ShiftRow, Span};
use store::orders::NewLine;
use store::profits::sums_that_differ;

use crate::kit::House;
use crate::shop::{Shop, line_snapshot, snapshot};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

impl Shop<'_> {
    /// Takes an order in as the application does; all its lines sell `sku`.
    pub(crate) async fn takes_order(
        &self,
        connection: ConnectionId,
        told: &OrderSnapshot,
        sku: Option<SkuId>,
    ) -> OrderId {
        let (id, now) = (self.house.id(), self.house.now());
        let lines: Vec<NewLine> = self.lines(told).into_iter().map(|line| NewLine { sku, ..line }).collect();
        let told = told.clone();
        self.write(move |shop| {
            let (order, _) = domain::Order::first_seen(&told, domain::order::FirstSight::Live);
            shop.insert_order(id, connection, &told, &order, &lines, now)?;
            let forecast: Sums =
                [(FeeKind::Goods, told.total.minor), (FeeKind::Commission, -1_200)].into_iter().collect();
            shop.begin_reckoning(id, connection, &told, &forecast, now, None)?;
            shop.begin_profit(id, connection, &told, &forecast, now)
        })
        .await;
        id
    }

    async fn goes_to(
        &self,
        connection: ConnectionId,
        number: &str,
        state: OrderState,
        handover: Option<bool>,
    ) {
        let (number, now) = (number.to_owned(), self.house.now());
        self.write(move |shop| {
            let Some(held) = shop.held_order(connection, &number)? else { return Ok(()) };
            let mut told = snapshot(&number);
            told.version = SnapshotVersion { order_at: now, shipment_at: now };
            told.state = state;
            told.lines = Vec::new();
            for line in &held.order.lines {
                told.lines.push(line_snapshot(&line.key, line.units));
            }
            if let Applied::Changed { order, .. } = held.order.clone().apply(&told) {
                shop.update_order(&held, &told, &order, now)?;
                shop.reckon_profit(held.id, handover)?;
            }
            Ok(())
        })
        .await;
    }

    pub(crate) async fn gets_charged(
        &self,
        connection: ConnectionId,
        number: &str,
        charged: &[(FeeKind, i64)],
        settled: bool,
    ) {
        let (number, now) = (number.to_owned(), self.house.now());
        let charged: Sums = charged.iter().cloned().collect();
        self.write(move |shop| {
            let Some(held) = shop.money_of(connection, &number)? else { return Ok(()) };
            let mut reckoning: Reckoning = held.reckoning.clone();
            let settled_at = settled.then_some(now);
            let news =
                News { at: now, currency: Currency::Brl, forecast: Sums::default(), charged, settled_at };
            reckoning.settle(&news).unwrap();
            shop.keep_reckoning(&held, &reckoning, &[], now)?;
            shop.reckon_profit(held.order, None)
        })
        .await;
    }

    async fn had_cost(&self, sku: SkuId, minor: i64, from: Timestamp) -> u64 {
        let cost = Some(Money::new(minor, Currency::Brl));
        let facts = Facts { cost, tax_basis_points: Some(400), ..Facts::default() };
        self.write(move |shop| shop.keep_past_cost(sku, &facts, &Actor::system("test"), from)).await
    }

    async fn reckons_what_waits(&self) -> usize {
        let mut all = 0;
        loop {
            let reckoned = self.write(|shop| shop.reckon_due(3)).await;
            all += reckoned;
            if reckoned < 3 {
                return all;
            }
        }
    }

    async fn is_exact(&self) {
        let differ = self.house.read(sums_that_differ).await;
        assert_eq!(differ, [] as [String; 0]);
    }

    /// All sums of all days: what was earned, units, units without a cost, orders.
    async fn earned(&self) -> (i64, i64, i64, i64) {
        let all = everything();
        let days = self.read(move |shop| shop.day_sums(all)).await;
        days.iter().fold((0, 0, 0, 0), |(profit, units, uncosted, orders), day| {
            (
                profit + day.profit.amounts.profit(),
                units + day.profit.units,
                uncosted + day.profit.uncosted_units,
                orders + day.counts.orders,
            )
        })
    }
}

fn everything() -> Span {
    Span { from: Timestamp::EPOCH, until: Timestamp::from_millis(i64::MAX), currency: Currency::Brl }
}

/// One line of two units at 49.90, placed so many days after the tests' day began.
fn placed(number: &str, days: u64) -> OrderSnapshot {
    let told = snapshot(number);
    OrderSnapshot { placed_at: told.placed_at.plus(DAY * u32::try_from(days).unwrap()), ..told }
}

on_both! {
    async fn an_order_adds_its_difference_and_no_more(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.sku("CAN-1").await;
        let order = shop.takes_order(connection, &placed("2000", 0), Some(sku)).await;
        shop.is_exact().await;
        assert_eq!(shop.earned().await, (9_980 - 1_200, 2, 2, 1), "without the cost of two units");
        house.wait(HOUR);
        shop.gets_charged(connection, "2000", &[(FeeKind::Goods, 9_980), (FeeKind::Commission, -1_500)], true).await;
        shop.is_exact().await;
        assert_eq!(shop.earned().await, (9_980 - 1_500, 2, 2, 1));
        shop.gets_charged(connection, "2000", &[(FeeKind::Goods, 9_980), (FeeKind::Commission, -1_500)], true).await;
        assert_eq!(shop.earned().await, (9_980 - 1_500, 2, 2, 1), "the same news twice");

        let profit = shop.read(move |shop| shop.order_profit(order)).await.unwrap();
        assert_eq!(profit.truth(Part::Cost), Truth::Missing(Lack::NoCost(2)));
        assert_eq!(profit.truth(Part::Fees), Truth::Known);
        assert_eq!(profit.amounts().profit(), 9_980 - 1_500);
    }

    async fn a_cost_of_before_reaches_the_orders_of_its_time_and_no_others(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.sku("CAN-1").await;
        let start = snapshot("0").placed_at;
        for day in 0..9 {
            shop.takes_order(connection, &placed(&format!("{day}"), day), Some(sku)).await;
        }
        assert_eq!(shop.earned().await.2, 18);
        assert_eq!(shop.had_cost(sku, 2_000, start.plus(DAY * 6)).await, 3, "days 6, 7 and 8");
        assert_eq!(shop.read(|shop| shop.profits_due(100)).await, 3);
        assert_eq!(shop.earned().await.2, 18, "not yet");
        assert_eq!(shop.reckons_what_waits().await, 3);
        shop.is_exact().await;
        assert_eq!(shop.earned().await.2, 12);
        assert_eq!(shop.had_cost(sku, 1_000, start.plus(DAY * 2)).await, 4, "from day 2 until the next cost");
        shop.reckons_what_waits().await;
        assert_eq!(shop.earned().await.2, 4);
        let tax = 9_980_i64 * 4 / 100 + 1;
        let expected = 9 * (9_980 - 1_200) - 3 * (4_000 + tax) - 4 * (2_000 + tax);
        // 4 % of 99.80 are 3.992: rounded half up.
        assert_eq!(shop.earned().await.0, expected - 7 * (399 - tax));
        shop.is_exact().await;
    }

    async fn orders_of_before_are_reckoned_batch_by_batch_wherever_it_was_cut_off(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        for day in 0..7 {
            let number = format!("{day}");
            let order = shop.order(connection, &placed(&number, day)).await;
            shop.write(move |shop| shop.profit_is_due(order)).await;
        }
        assert_eq!(shop.earned().await, (0, 0, 0, 0));
        assert_eq!(shop.write(|shop| shop.reckon_due(3)).await, 3);
        shop.is_exact().await;
        assert_eq!((shop.earned().await.1, shop.read(|shop| shop.profits_due(100)).await), (6, 4));
        assert_eq!(shop.reckons_what_waits().await, 4);
        assert_eq!(shop.earned().await, (7 * 9_980, 14, 14, 7));
        shop.is_exact().await;
        assert_eq!(shop.reckons_what_waits().await, 0);
    }

    async fn an_order_that_was_never_reckoned_waits_for_it_when_it_changes(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.order(connection, &snapshot("2000")).await;
        house.wait(HOUR);
        shop.goes_to(connection, "2000", OrderState::Delivered, None).await;
        assert_eq!((shop.earned().await.3, shop.read(|shop| shop.profits_due(9)).await), (0, 1));
        shop.reckons_what_waits().await;
        assert_eq!(shop.earned().await.3, 1);
    }

    async fn whatever_happens_in_whatever_order_the_sums_are_those_of_the_orders(house: House) {
        for seed in 0..6 {
            a_random_life(&house, seed).await;
        }
    }

    async fn sums_are_found_wrong_and_made_anew(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.takes_order(connection, &placed("2000", 0), None).await;
        let before = shop.earned().await;
        house.write(|tx| tx.execute("UPDATE profit_day SET sales_minor = sales_minor + 1", &[])).await;
        house.write(|tx| tx.execute("UPDATE shop_day SET late = late + 1", &[])).await;
        assert_eq!(house.read(sums_that_differ).await.len(), 2);
        shop.write(|shop| shop.rebuild_profits()).await;
        shop.is_exact().await;
        assert_eq!(shop.earned().await, before);
    }

    async fn a_shift_is_kept_once_however_often_it_is_found(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let now = house.now();
        let shift = Shift {
            against: Against::Former,
            since: now.minus(DAY),
            seen_at: now,
            orders: 6,
            sales_minor: 60_000,
            expected_minor: 6_000,
            charged_minor: 7_200,
            nature: Nature::Share(200),
        };
        let row = ShiftRow { connection, shift, currency: Currency::Brl, found_at: now };
        let nearby = |row: &ShiftRow| (row.shift.since.minus(DAY * 7), row.shift.since.plus(DAY * 7));
        let keeps = |row: ShiftRow| { let span = nearby(&row); shop.write(move |shop| shop.keep_shift(&row, span)) };
        assert!(keeps(row.clone()).await);
        assert!(!keeps(row.clone()).await);
        let mut moved = row.clone();
        moved.shift.since = row.shift.since.plus(HOUR);
        assert!(!keeps(moved).await, "the same one, seen from another day");
        let mut back = row.clone();
        back.shift.since = row.shift.since.plus(HOUR);
        back.shift.charged_minor = 4_000;
        assert!(keeps(back.clone()).await, "the other way is another");
        let kept = shop.read(|shop| shop.shifts(Timestamp::EPOCH)).await;
        assert_eq!(kept.len(), 2);
        assert!(kept.contains(&row) && kept.contains(&back));
        assert_eq!(shop.read(move |shop| shop.shifts(now.plus(HOUR))).await, []);
    }

    async fn a_payout_of_an_order_that_is_not_held_is_told_until_it_is(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let now = house.now();
        shop.takes_order(connection, &placed("2000", 0), None).await;
        for number in ["2000", "3000", "3000"] {
            shop.write(move |shop| shop.note_unknown_payout(connection, number, now)).await;
        }
        let unknown = shop.read(|shop| shop.unknown_payouts()).await;
        assert_eq!(unknown.iter().map(|row| row.number.as_str()).collect::<Vec<_>>(), ["3000"]);
        shop.takes_order(connection, &placed("3000", 0), None).await;
        assert_eq!(shop.read(|shop| shop.unknown_payouts()).await, []);
        shop.goes_to(connection, "2000", OrderState::Delivered, None).await;
        let placed_at = snapshot("2000").placed_at;
        assert_eq!(shop.read(move |shop| shop.unsettled(placed_at)).await, [], "not before its time");
        let late = shop.read(move |shop| shop.unsettled(placed_at.plus(HOUR))).await;
        assert_eq!(late.iter().map(|row| row.number.as_str()).collect::<Vec<_>>(), ["2000"]);
        shop.gets_charged(connection, "2000", &[(FeeKind::Goods, 9_980)], true).await;
        assert_eq!(shop.read(move |shop| shop.unsettled(placed_at.plus(HOUR))).await, []);
    }

    async fn a_listing_is_priced_by_its_skus_sales_of_late(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.stocked("CAN-1", 9).await;
        let listing = shop.listing(connection, "MLB1").await;
        shop.write(move |shop| shop.link_listing(listing, Some(sku))).await;
        shop.takes_order(connection, &placed("2000", 0), Some(sku)).await;
        assert_eq!(shop.read(|shop| shop.priced_listings(Timestamp::EPOCH)).await, [], "it has no cost");
        shop.had_cost(sku, 4_000, snapshot("2000").placed_at).await;
        shop.reckons_what_waits().await;
        let priced = shop.read(|shop| shop.priced_listings(Timestamp::EPOCH)).await;
        let told: Vec<_> = priced.iter().map(|row| (row.id, row.sku, row.cost_minor, row.late.units, row.late.fees_minor)).collect();
        assert_eq!(told, [(listing, sku, 4_000, 2, -1_200)]);
        let later = snapshot("2000").placed_at.plus(DAY);
        assert_eq!(shop.read(move |shop| shop.priced_listings(later)).await, [], "nothing was sold of late");
    }
}

/// Sales, moves, settlements and costs by chance; the sums are looked at after each.
async fn a_random_life(house: &House, seed: u64) {
    let shop = Shop::open(house).await;
    let chance = SeededEntropy::new(seed);
    let connections = [shop.connection().await, shop.connection().await];
    let skus = [shop.sku(&format!("A-{seed}")).await, shop.sku(&format!("B-{seed}")).await];
    let start = snapshot("0").placed_at;
    let mut sold: Vec<(ConnectionId, String)> = Vec::new();
    for step in 0..40_u64 {
        house.wait(HOUR);
        let picked = |of: usize| usize::try_from(chance.below(u64::try_from(of).unwrap())).unwrap();
        if sold.is_empty() || chance.below(3) == 0 {
            let (connection, number) = (connections[picked(2)], format!("{seed}-{step}"));
            let mut told = placed(&number, chance.below(3));
            told.lines = vec![line_snapshot("MLB1", 1), line_snapshot("MLB2", 3)];
            told.total = Money::new(19_960, Currency::Brl);
            let sku = [None, Some(skus[0]), Some(skus[1])][picked(3)];
            shop.takes_order(connection, &told, sku).await;
            sold.push((connection, number));
        } else {
            let (connection, number) = sold[picked(sold.len())].clone();
            match chance.below(5) {
                0 => {
                    let state = OrderState::Cancelled(domain::order::CancelledBy::Buyer);
                    shop.goes_to(connection, &number, state, None).await;
                }
                1 => {
                    let late = chance.below(2) == 0;
                    shop.goes_to(connection, &number, OrderState::Shipped, Some(late)).await;
                }
                2 | 3 => {
                    let fee = -i64::try_from(chance.below(3_000)).unwrap();
                    let charged =
                        [(FeeKind::Goods, 19_960), (FeeKind::Commission, fee), (FeeKind::Freight, -777)];
                    shop.gets_charged(connection, &number, &charged, chance.below(2) == 0).await;
                }
                _ => {
                    let cost = i64::try_from(chance.below(5_000)).unwrap();
                    shop.had_cost(skus[picked(2)], cost, start.plus(DAY * u32::try_from(picked(3)).unwrap()))
                        .await;
                    if chance.below(2) == 0 {
                        shop.reckons_what_waits().await;
                    }
                }
            }
        }
        shop.is_exact().await;
    }
    shop.reckons_what_waits().await;
    shop.is_exact().await;
    let before = shop.earned().await;
    shop.write(|shop| shop.rebuild_profits()).await;
    assert_eq!(shop.earned().await, before, "seed {seed}: kept and made anew");
    let one_by_one = shop.write(all_orders).await;
    assert_eq!(one_by_one, before.0, "seed {seed}: and reckoned order by order");
}

fn all_orders(shop: &mut store::Tenant<'_, '_>) -> store::StoreResult<i64> {
    let mut sum = 0;
    let filter = store::pages::OrderFilter::default();
    for row in shop.order_page(&filter, store::pages::Turn::First)?.rows {
        sum += shop.order_profit(row.id)?.map(|profit| profit.amounts().profit()).unwrap_or_default();
    }
    Ok(sum)
}
