//! What the shop earns: added up as sales are made, changed and settled, with what goods cost then.

use std::time::Duration;

use app::AppError;
use app::profits::{LONGEST_COST, PastCost, PastCostError};
use domain::profit::{Lack, LineProfit, Part, Truth};
use domain::radar::Against;
use domain::{ConnectionId, Currency, SkuId, Timestamp, TypedId};
use store::money_view::Span;
use store::profits::{Counts, sums_that_differ};
use tests::{Marketplace, TestApp};

/// On sale everywhere.
const SHARED: &str = "CAN-INOX-500";
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// Until the first look at a sale's money, and the hour of TikTok Shop's buyers.
const FIRST_LOOK: Duration = Duration::from_mins(125);
/// Until every marketplace has settled what was kept: TikTok Shop does at midnight.
const SETTLED_BY_THEN: Duration = Duration::from_hours(27);
/// A shop as the migration leaves it: nothing was reckoned, and all orders wait.
const BARE: &[&str] = &[
    "DELETE FROM profit_line",
    "DELETE FROM profit_order",
    "DELETE FROM profit_day",
    "DELETE FROM shop_day",
    "INSERT INTO profit_due (organization_id, order_id) SELECT organization_id, id FROM orders",
];
/// Sales that are enough for the radar.
const SALES: usize = 7;

async fn connect_all(shop: &TestApp) -> Vec<(&dyn Marketplace, ConnectionId)> {
    let mut connected = Vec::new();
    for market in shop.marketplaces() {
        connected.push((market, shop.connect_to(market).await));
    }
    connected
}

fn everything() -> Span {
    Span { from: Timestamp::EPOCH, until: Timestamp::from_millis(i64::MAX), currency: Currency::Brl }
}

async fn is_exact(shop: &TestApp) {
    assert_eq!(shop.read(sums_that_differ).await, [] as [String; 0]);
}

async fn of_connection(shop: &TestApp, connection: ConnectionId) -> (LineProfit, Counts) {
    let sums = shop.see(|tenant| tenant.connection_sums(everything())).await;
    let sum = sums.into_iter().find(|sum| sum.connection == connection);
    sum.map(|sum| (sum.profit, sum.counts)).unwrap_or_default()
}

async fn settled(shop: &TestApp, market: &dyn Marketplace, orders: &[String]) {
    for order in orders {
        market.hand_over(order);
    }
    shop.run_until_idle().await;
    shop.wait(MINUTE);
    for order in orders {
        market.deliver(order);
    }
    shop.run_until_idle().await;
    shop.wait(MINUTE);
    for order in orders {
        market.keep(order);
    }
    shop.pass(SETTLED_BY_THEN, HOUR).await;
}

async fn enter(shop: &TestApp, cost: PastCost) -> Result<(), PastCostError> {
    shop.app().enter_past_cost(shop.organization, shop.member, cost).await
}

on_both! { three_markets:
    async fn a_sale_adds_what_it_earns_until_its_settlement_says_otherwise(shop) {
        for (market, connection) in connect_all(&shop).await {
            let (before, counted) = of_connection(&shop, connection).await;
            let number = market.sell_sku(SHARED, 2);
            shop.pass(FIRST_LOOK, HOUR).await;
            is_exact(&shop).await;
            let (sold, counts) = of_connection(&shop, connection).await;
            assert_eq!((counts - counted).orders, 1, "{:?}", market.kind());
            let id = shop.order(&number).await.unwrap().id;
            let earns = |line: LineProfit| line.amounts.profit();
            let reckoning = shop.see(move |tenant| tenant.reckoning(id)).await.unwrap();
            assert_eq!(earns(sold - before), reckoning.net().minor, "{:?}: it has no cost yet", market.kind());
            let profit = shop.see(move |tenant| tenant.order_profit(id)).await.unwrap();
            assert_eq!(profit.truth(Part::Cost), Truth::Missing(Lack::NoCost(2)));
            assert!(!profit.is_settled);

            settled(&shop, market, std::slice::from_ref(&number)).await;
            is_exact(&shop).await;
            let (after, counts) = of_connection(&shop, connection).await;
            let reckoning = shop.see(move |tenant| tenant.reckoning(id)).await.unwrap();
            assert_eq!(earns(after - before), reckoning.net().minor, "{:?}", market.kind());
            let of_this = counts - counted;
            assert_eq!((of_this.settled, of_this.cancelled), (1, 0), "{:?}", market.kind());
        }
    }

    async fn an_order_that_is_called_off_earns_nothing(shop) {
        for (market, connection) in connect_all(&shop).await {
            let (before, counted) = of_connection(&shop, connection).await;
            let number = market.sell_sku(SHARED, 1);
            shop.run_until_idle().await;
            shop.wait(MINUTE);
            market.call_off(&number);
            shop.pass(FIRST_LOOK, HOUR).await;
            is_exact(&shop).await;
            let (after, counts) = of_connection(&shop, connection).await;
            assert_eq!(after, before, "{:?}", market.kind());
            assert_eq!(((counts - counted).orders, (counts - counted).cancelled), (0, 1), "{:?}", market.kind());
        }
    }

    async fn a_cost_of_before_reaches_what_was_sold_and_nonsense_is_refused(shop) {
        let connected = connect_all(&shop).await;
        for (market, _) in &connected {
            market.sell_sku(SHARED, 2);
        }
        shop.pass(FIRST_LOOK, HOUR).await;
        let now = shop.now();
        let sku = shop.sku(SHARED).await.id;
        let cost = PastCost { sku, cost_minor: 1_250, tax_basis_points: Some(600), from: now.minus(HOUR * 24 * 60) };
        let later = now.plus(HOUR);
        assert!(matches!(enter(&shop, PastCost { from: later, ..cost }).await, Err(PastCostError::Day)));
        let ancient = now.minus(LONGEST_COST + HOUR);
        assert!(matches!(enter(&shop, PastCost { from: ancient, ..cost }).await, Err(PastCostError::Day)));
        assert!(matches!(enter(&shop, PastCost { cost_minor: -1, ..cost }).await, Err(PastCostError::Cost)));
        assert!(matches!(enter(&shop, PastCost { tax_basis_points: Some(10_001), ..cost }).await, Err(PastCostError::Tax)));
        let nowhere = PastCost { sku: SkuId::from_bytes([9; 16]), ..cost };
        assert!(matches!(enter(&shop, nowhere).await, Err(PastCostError::App(AppError::NotFound("SKU")))));
        assert_eq!(shop.number("SELECT COUNT(*) FROM sku_cost").await, 0, "nothing of it was kept");

        let of_sku = async |shop: &TestApp| {
            let sums = shop.see(|tenant| tenant.sku_sums(everything())).await;
            sums.into_iter().find(|sum| sum.sku.as_ref().is_some_and(|(id, ..)| *id == sku)).unwrap().profit
        };
        let before = of_sku(&shop).await;
        assert!(before.uncosted_units >= 6 && before.amounts.of(Part::Cost) == 0, "{before:?}");
        enter(&shop, cost).await.expect("it is kept");
        shop.run_until_idle().await;
        is_exact(&shop).await;
        let after = of_sku(&shop).await;
        assert_eq!((after.units, after.uncosted_units), (before.units, 0));
        assert_eq!(after.amounts.of(Part::Cost), -1_250 * after.units);
        assert!(after.amounts.of(Part::Tax) < before.amounts.of(Part::Tax));
    }

    async fn what_is_there_already_is_reckoned_by_and_by(shop) {
        for (market, _) in connect_all(&shop).await {
            market.sell_sku(SHARED, 1);
        }
        shop.pass(FIRST_LOOK, HOUR).await;
        let days = shop.see(|tenant| tenant.day_sums(everything())).await;
        assert!(!days.is_empty());
        assert!(shop.meddle(BARE).await);
        assert_eq!(shop.see(|tenant| tenant.day_sums(everything())).await, []);
        shop.restart("node-2").await;
        shop.pass(2 * HOUR, HOUR).await;
        is_exact(&shop).await;
        assert_eq!(shop.number("SELECT COUNT(*) FROM profit_due").await, 0);
        // What left too late is seen when it leaves, and never again.
        let seen = |days: Vec<store::money_view::DaySum>| {
            days.into_iter().map(|day| (day.day, day.profit, day.counts.orders)).collect::<Vec<_>>()
        };
        assert_eq!(seen(shop.see(|tenant| tenant.day_sums(everything())).await), seen(days));
    }

    async fn fees_that_were_raised_are_told_once(shop) {
        for (market, connection) in connect_all(&shop).await {
            let orders: Vec<String> = (0..SALES).map(|_| market.sell_sku(SHARED, 1)).collect();
            shop.pass(FIRST_LOOK, HOUR).await;
            for order in &orders {
                market.overcharge(order, 312);
            }
            settled(&shop, market, &orders).await;
            shop.pass(3 * HOUR, HOUR).await;
            let shifts = shop.see(|tenant| tenant.shifts(Timestamp::EPOCH)).await;
            let told: Vec<_> = shifts.iter().filter(|row| row.connection == connection).collect();
            assert_eq!(told.len(), 1, "{:?}: {told:?}", market.kind());
            assert_eq!(told[0].shift.against, Against::Told, "{:?}", market.kind());
            assert_eq!(told[0].shift.extra_minor(), 312 * i64::try_from(told[0].shift.orders).unwrap());
        }
        assert_eq!(shop.number("SELECT COUNT(*) FROM audit_event WHERE action = 'fees.shifted'").await, 3);
    }
}
