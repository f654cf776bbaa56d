//! The sweep: what no hook told is found all the same, however much it is, and what was
//! not read to its end does not count as read.

use std::time::Duration;

use app::clockwork::SWEEP_EVERY;
use domain::Timestamp;
use domain::retry::MAX_DELAY;
use http::Method;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{Fault, FaultRule};
use tests::{Builder, TestApp};

const SHARED: &str = "CAN-INOX-500";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

fn item(shop: &TestApp) -> String {
    shop.market().items_of(CLASSIC_SELLER, SHARED)[0].clone()
}

/// Sells while the shop is away: no hook arrives and nothing is done.
fn sell_unseen(shop: &TestApp, times: usize, every: Duration) -> Vec<String> {
    shop.market().storm(vec![FaultRule::new("", Fault::HookDrop)]);
    let sold = (0..times).map(|_| {
        shop.wait(every);
        shop.sell(&item(shop), 1)
    });
    sold.collect()
}

async fn held(shop: &TestApp, numbers: &[String]) -> usize {
    let mut held = 0;
    for number in numbers {
        held += usize::from(shop.order(number).await.is_some());
    }
    held
}

async fn swept_to(shop: &TestApp) -> Timestamp {
    Timestamp::from_millis(shop.number("SELECT swept_to FROM connection").await)
}

on_both! {
    async fn a_lost_hook_is_healed_by_the_sweep(shop) {
        shop.connect_classic().await;
        let lost = sell_unseen(&shop, 1, MINUTE);
        shop.run_until_idle().await;
        assert_eq!(held(&shop, &lost).await, 0, "nobody has told us yet");
        shop.pass(SWEEP_EVERY + MINUTE, MINUTE).await;
        assert_eq!(held(&shop, &lost).await, 1);
    }

    async fn a_platform_that_is_away_is_asked_later_each_time(shop) {
        shop.connect_classic().await;
        shop.settle().await;
        shop.market().storm(vec![FaultRule::new("/orders/search", Fault::Status { status: 503 })]);
        let asked = || shop.market().count(&Method::GET, "/orders/search");
        let before = asked();
        for _ in 0..(6 * 60) {
            shop.wait(SECOND);
            shop.settle().await;
        }
        let times = asked() - before;
        assert!((3..=12).contains(&times), "asked {times} times within six minutes");
        shop.market().storm(Vec::new());
        shop.pass(MAX_DELAY, SECOND * 10).await;
        assert!(swept_to(&shop).await >= shop.now().minus(SWEEP_EVERY), "soon after it is back it is swept");
    }

    async fn an_outage_of_days_is_swept_from_its_beginning_to_its_end(shop) {
        shop.connect_classic().await;
        let lost = sell_unseen(&shop, 12, 5 * HOUR);
        shop.run_until_idle().await;
        assert_eq!(held(&shop, &lost).await, lost.len());
        assert!(swept_to(&shop).await >= shop.now().minus(MINUTE), "the last sweep reaches to now");
    }

    async fn what_a_sweep_cut_short_did_not_read_is_not_noted_as_covered(shop) {
        shop.connect_classic().await;
        let before = swept_to(&shop).await;
        let lost = sell_unseen(&shop, 2, HOUR);
        shop.market().storm(vec![
            FaultRule::new("", Fault::HookDrop),
            FaultRule::new("/orders/search", Fault::Status { status: 503 }),
        ]);
        shop.leaves_jobs();
        shop.settle().await;
        assert_eq!(swept_to(&shop).await, before);
        shop.market().storm(Vec::new());
        shop.run_until_idle().await;
        assert_eq!(held(&shop, &lost).await, lost.len());
    }
}

/// More than the pages that one sweep may read, so that it has to be cut.
#[test]
fn a_flood_of_orders_is_swept_in_shorter_spans() {
    tests::database::on_sqlite(|location| async {
        let shop = Builder::over(location).orders_a_page(1).open().await;
        shop.connect_classic().await;
        let sku = shop.sku(SHARED).await.id;
        let counted = shop.app().adjust(shop.organization, shop.member, sku, 500, 0, "plenty").await;
        counted.expect("the count is kept");
        shop.run_until_idle().await;
        let lost = sell_unseen(&shop, 220, Duration::from_secs(90));
        shop.run_until_idle().await;
        assert_eq!(held(&shop, &lost).await, lost.len());
    });
}
