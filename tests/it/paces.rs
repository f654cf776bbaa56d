//! A platform that says "too many" or nothing at all is called less, and nothing is lost.

use std::time::Duration;

use domain::OrderState;
use domain::pace::Reason;
use http::Method;
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};
use sandbox::{Fault, FaultRule};
use store::jobs::Priority;
use store::paces::Scope;
use tests::shop::TestApp;

const SHARED: &str = "CAN-INOX-500";
const A_MINUTE: Duration = Duration::from_mins(1);

async fn paces(shop: &TestApp, id: domain::ConnectionId) -> Vec<(Scope, Reason)> {
    let held = shop.see(move |tenant| tenant.paces_of(id)).await;
    held.into_iter().map(|(scope, pace)| (scope, pace.reason)).collect()
}

fn calls(shop: &TestApp, method: &Method, prefix: &str) -> usize {
    shop.market().count(method, prefix)
}

on_both! {
    async fn an_hour_without_the_platform_costs_few_calls_and_no_order(shop) {
        const ORDERS: usize = 30;
        let connection = shop.connect_classic().await;
        let before = calls(&shop, &Method::GET, "/orders");
        shop.market().storm(vec![FaultRule::new("/orders", Fault::Status { status: 503 })]);
        let item = shop.market().items_of(CLASSIC_SELLER, SHARED)[0].clone();
        let numbers: Vec<_> = (0..ORDERS).map(|_| shop.sell(&item, 1)).collect();
        for _ in 0..60 {
            shop.wait(A_MINUTE);
            shop.settle().await;
        }
        let asked = calls(&shop, &Method::GET, "/orders") - before;
        assert!(asked < 4 * ORDERS, "{asked} calls to a platform that is down");
        assert_eq!(paces(&shop, connection).await, [(Scope::Connection, Reason::Down)]);

        shop.market().storm(Vec::new());
        shop.run_until_idle().await;
        for number in &numbers {
            assert_eq!(shop.order(number).await.map(|order| order.state), Some(OrderState::ToDispatch));
        }
        assert_eq!(shop.problems().await.len(), 0, "nobody has to mend what the platform broke");
        assert_eq!(paces(&shop, connection).await, []);
    }

    async fn too_many_stock_writes_are_slowed_down_and_orders_are_not(shop) {
        let connection = shop.connect_classic().await;
        let [sold, other] = shop.market().items_of(CLASSIC_SELLER, SHARED).try_into().expect("two listings");
        let too_many = FaultRule::new("/items", Fault::Status { status: 429 }).method(&Method::PUT);
        shop.market().storm(vec![too_many]);
        let first = shop.sell(&sold, 1);
        shop.settle().await;
        assert_eq!(shop.order(&first).await.map(|order| order.state), Some(OrderState::ToDispatch));
        assert_eq!(paces(&shop, connection).await, [(Scope::Work(Priority::Stock), Reason::TooMany)]);

        let written = calls(&shop, &Method::PUT, "/items");
        let second = shop.sell(&sold, 1);
        shop.settle().await;
        assert_eq!(shop.order(&second).await.map(|order| order.state), Some(OrderState::ToDispatch));
        assert_eq!(calls(&shop, &Method::PUT, "/items"), written, "no write before its time");

        shop.market().storm(Vec::new());
        shop.run_until_idle().await;
        assert_eq!(shop.market().shows(&other), shop.sku(SHARED).await.tally.available_units());
    }

    async fn one_account_that_is_slowed_down_does_not_slow_another(shop) {
        shop.connect_classic().await;
        let quick = shop.connect_family().await;
        let [sold, slow] = shop.market().items_of(CLASSIC_SELLER, SHARED).try_into().expect("two listings");
        let elsewhere = shop.market().items_of(FAMILY_SELLER, SHARED)[0].clone();
        let path = format!("/items/{slow}");
        shop.market().storm(vec![FaultRule::new(&path, Fault::Status { status: 429 })]);
        shop.sell(&sold, 2);
        shop.settle().await;
        assert_eq!(shop.market().shows(&elsewhere), shop.sku(SHARED).await.tally.available_units());
        assert_eq!(paces(&shop, quick).await, []);
        shop.market().storm(Vec::new());
        shop.run_until_idle().await;
    }
}
