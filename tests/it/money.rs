//! True money: what a sale is expected to bring in, what each marketplace then charges, and
//! the list of what differs.

use std::time::Duration;

use domain::settlement::{FeeKind, Reckoning};
use domain::{ChannelKind, ConnectionId, OrderId, Timestamp};
use sandbox::{Fault, FaultRule};
use store::charges::DifferenceRow;
use tests::{Marketplace, TestApp};

/// On sale everywhere.
const SHARED: &str = "CAN-INOX-500";
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// Until the first look at a sale's money, and the hour of TikTok Shop's buyers.
const FIRST_LOOK: Duration = Duration::from_mins(125);
/// Until every marketplace has settled what was kept: TikTok Shop does at midnight.
const SETTLED_BY_THEN: Duration = Duration::from_hours(27);
/// What a marketplace takes more than it has said.
const OVERCHARGE: i64 = 312;

async fn connect_all(shop: &TestApp) -> Vec<(&dyn Marketplace, ConnectionId)> {
    let mut connected = Vec::new();
    for market in shop.marketplaces() {
        connected.push((market, shop.connect_to(market).await));
    }
    connected
}

async fn id_of(shop: &TestApp, number: &str) -> OrderId {
    shop.order(number).await.expect("the order is held").id
}

async fn money(shop: &TestApp, number: &str) -> Reckoning {
    let id = id_of(shop, number).await;
    shop.see(move |tenant| tenant.reckoning(id)).await.expect("its money is held")
}

async fn differences(shop: &TestApp) -> Vec<DifferenceRow> {
    shop.see(|tenant| tenant.difference_page(None, None)).await
}

/// A sale that is paid and has been looked at once.
async fn sold(shop: &TestApp, market: &dyn Marketplace) -> String {
    let order = market.sell_sku(SHARED, 2);
    shop.pass(FIRST_LOOK, HOUR).await;
    order
}

/// The parcel arrives, the buyer keeps what is in it, and the marketplace settles.
async fn settled(shop: &TestApp, market: &dyn Marketplace, order: &str) {
    market.hand_over(order);
    shop.run_until_idle().await;
    shop.wait(MINUTE);
    market.deliver(order);
    shop.run_until_idle().await;
    shop.wait(MINUTE);
    market.keep(order);
    shop.pass(SETTLED_BY_THEN, HOUR).await;
}

/// What stands for the platform's fees in a forecast.
fn told_fee(kind: ChannelKind) -> FeeKind {
    match kind {
        ChannelKind::TikTokShop => FeeKind::AllFees,
        ChannelKind::MercadoLivre | ChannelKind::Shopee => FeeKind::Commission,
    }
}

on_both! { three_markets:
    async fn a_sale_has_a_forecast_that_its_settlement_replaces(shop) {
        for (market, _) in connect_all(&shop).await {
            let kind = market.kind();
            let order = sold(&shop, market).await;
            let before = money(&shop, &order).await;
            let fee = told_fee(kind);
            assert!(before.forecast.get(&fee).is_some_and(|told| told.minor < 0), "{kind:?}: {before:?}");
            assert_eq!(before.settled_at, None, "{kind:?}");
            let total = shop.order(&order).await.unwrap().total;
            assert!(before.net().minor > 0 && before.net().minor < total.minor, "{kind:?}: {before:?}");

            settled(&shop, market, &order).await;
            let after = money(&shop, &order).await;
            assert!(after.settled_at.is_some(), "{kind:?}: {after:?}");
            assert_eq!(after.forecast.get(&fee), before.forecast.get(&fee), "{kind:?}: what was said stays said");
            assert_eq!(after.charged.of(&FeeKind::Goods), Some(total.minor), "{kind:?}: {after:?}");
            assert_eq!(after.charged.of(&FeeKind::Unexplained), None, "{kind:?}: {after:?}");
            assert_eq!(Ok(after.net().minor), after.charged.total(), "{kind:?}");
            assert_eq!(after.differences(), [], "{kind:?}: it charged what it had said: {after:?}");
        }
        assert_eq!(differences(&shop).await, []);
    }

    async fn a_fee_that_was_changed_stands_on_the_list(shop) {
        let mut orders = Vec::new();
        for (market, _) in connect_all(&shop).await {
            let order = sold(&shop, market).await;
            market.overcharge(&order, OVERCHARGE);
            settled(&shop, market, &order).await;
            orders.push((market.kind(), order));
        }
        let listed = differences(&shop).await;
        assert_eq!(listed.len(), orders.len(), "{listed:?}");
        for (kind, order) in &orders {
            let row = listed.iter().find(|row| row.channel == *kind).expect("each marketplace has one");
            assert_eq!((&row.order_external_id, &row.difference.kind), (order, &told_fee(*kind)));
            assert_eq!(row.difference.minor(), -OVERCHARGE, "{row:?}");
        }
        assert!(listed.windows(2).all(|two| two[0].id > two[1].id), "the newest first");
        let of_one = shop.see(|tenant| tenant.difference_page(Some(ChannelKind::Shopee), None)).await;
        assert_eq!(of_one.len(), 1);
        let oldest = listed.last().expect("there are some").id;
        assert_eq!(shop.see(move |tenant| tenant.difference_page(None, Some(oldest))).await, []);
        let sums = shop.see(|tenant| tenant.difference_sums(Timestamp::EPOCH)).await;
        let told: Vec<_> = sums.iter().map(|sum| (sum.count, sum.difference.minor)).collect();
        assert_eq!(told, [(1, -OVERCHARGE); 3]);
    }

    async fn a_settlement_that_is_listed_again_changes_nothing(shop) {
        for (market, connection) in connect_all(&shop).await {
            let order = sold(&shop, market).await;
            market.overcharge(&order, OVERCHARGE);
            settled(&shop, market, &order).await;
            let (before, listed) = (money(&shop, &order).await, differences(&shop).await);
            let audited = "SELECT COUNT(*) FROM audit_event WHERE action = 'order.settled'";
            let settlements = shop.number(audited).await;
            // As if the list had never been read, so that everything comes once more.
            assert!(shop.meddle(&["DELETE FROM settlement_sweep", "UPDATE reckoning SET listed_at = NULL, due_at = 0"]).await);
            shop.pass(2 * HOUR, HOUR).await;
            let after = money(&shop, &order).await;
            assert_eq!((&after.forecast, &after.charged), (&before.forecast, &before.charged), "{:?}", market.kind());
            assert_eq!(after.settled_at, before.settled_at);
            assert_eq!(differences(&shop).await, listed);
            assert_eq!(shop.number(audited).await, settlements, "it was settled once");
            assert!(!is_waited_for(&shop, connection, &order).await, "{:?}", market.kind());
        }
    }

    async fn a_marketplace_that_does_not_answer_is_asked_again(shop) {
        for (market, _) in connect_all(&shop).await {
            let order = sold(&shop, market).await;
            market.hand_over(&order);
            shop.run_until_idle().await;
            market.suffer(vec![FaultRule::new(money_path(market.kind()), Fault::Status { status: 503 })]);
            market.deliver(&order);
            shop.settle().await;
            market.suffer(Vec::new());
            market.keep(&order);
            shop.pass(SETTLED_BY_THEN, HOUR).await;
            assert!(money(&shop, &order).await.settled_at.is_some(), "{:?}", market.kind());
        }
    }

    async fn an_order_that_was_called_off_costs_nothing(shop) {
        for (market, connection) in connect_all(&shop).await {
            let order = market.sell_sku(SHARED, 1);
            shop.run_until_idle().await;
            shop.wait(MINUTE);
            market.call_off(&order);
            shop.pass(Duration::from_hours(26), HOUR).await;
            assert_eq!(differences(&shop).await, [], "{:?}", market.kind());
            let held = money(&shop, &order).await;
            assert!(held.charged.is_empty() || held.net().minor == 0, "{:?}: {held:?}", market.kind());
            assert!(!is_waited_for(&shop, connection, &order).await, "{:?}", market.kind());
        }
    }
}

/// Whether an order's money will be asked for again, some day.
async fn is_waited_for(shop: &TestApp, connection: ConnectionId, order: &str) -> bool {
    let some_day = Timestamp::from_millis(i64::MAX);
    let due = shop.see(move |tenant| tenant.money_due(connection, some_day, 1_000)).await;
    due.iter().any(|(_, number)| number == order)
}

/// How the addresses begin that an order's money is read at.
fn money_path(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::MercadoLivre => "/shipments",
        ChannelKind::Shopee => "/api/v2/payment",
        ChannelKind::TikTokShop => "/finance",
    }
}
