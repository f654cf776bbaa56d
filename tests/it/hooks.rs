//! Hooks are hints: sent twice, late, out of order, not at all, or by somebody else, the
//! shop ends where the platform is.

use std::time::Duration;

use domain::OrderState;
use domain::order::CancelledBy;
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};
use sandbox::{Fault, FaultRule};
use serde_json::json;
use tests::TestApp;

const SHARED: &str = "CAN-INOX-500";
const MINUTE: Duration = Duration::from_mins(1);
/// The platform tries eight times over one hour, then it lists the hook as missed.
const DOOR_SHUT_FOR: Duration = Duration::from_mins(61);

fn item(shop: &TestApp) -> String {
    shop.market().items_of(CLASSIC_SELLER, SHARED)[0].clone()
}

/// A notification as the platform writes it.
fn note(shop: &TestApp, topic: &str, resource: &str, seller: i64) -> serde_json::Value {
    let client: i64 = shop.market().credentials().0.parse().expect("the app's id is a number");
    json!({"resource": resource, "user_id": seller, "topic": topic, "application_id": client, "attempts": 1})
}

/// Everything that a hook could change.
pub(crate) async fn rows(shop: &TestApp) -> i64 {
    shop.number(
        "SELECT (SELECT COUNT(*) FROM orders) + (SELECT COUNT(*) FROM ledger) + (SELECT COUNT(*) FROM job) \
              + (SELECT COUNT(*) FROM listing) + (SELECT COUNT(*) FROM outbox)",
    )
    .await
}

on_both! {
    async fn hooks_that_come_twice_set_units_aside_once(shop) {
        shop.connect_classic().await;
        let before = shop.sku(SHARED).await.tally.reserved_units;
        shop.market().storm(vec![FaultRule::new("", Fault::HookDuplicate)]);
        let number = shop.sell(&item(&shop), 3);
        shop.run_until_idle().await;
        assert!(shop.order(&number).await.is_some());
        assert_eq!(shop.sku(SHARED).await.tally.reserved_units, before + 3);
    }

    async fn late_and_reordered_hooks_end_at_the_newest_state(shop) {
        shop.connect_classic().await;
        let late = Fault::HookLate { seconds: 90 };
        shop.market().storm(vec![FaultRule::new("", late).times(1), FaultRule::new("", Fault::HookReorder)]);
        let number = shop.sell(&item(&shop), 1);
        shop.wait(Duration::from_secs(5));
        shop.market().control(
            http::Method::POST, &format!("/_sandbox/orders/{number}/cancel"), &json!({"group": "buyer"}),
        );
        shop.pass(3 * MINUTE, MINUTE).await;
        let order = shop.order(&number).await.expect("the order is held");
        assert_eq!(order.state, OrderState::Cancelled(CancelledBy::Buyer));
    }

    async fn a_hook_that_the_platform_gave_up_on_is_read_from_its_list(shop) {
        shop.connect_classic().await;
        let number = shop.sell(&item(&shop), 1);
        shop.run_until_idle().await;
        shop.market().control(
            http::Method::POST, &format!("/_sandbox/orders/{number}/cancel"), &json!({"group": "buyer"}),
        );
        // The door is shut for as long as the platform tries.
        let end = shop.now().plus(DOOR_SHUT_FOR);
        while shop.now() < end {
            for hook in shop.market().sandbox().tick(shop.now()) {
                shop.market().sandbox().hook_result(hook.id, Some(503), Duration::ZERO);
            }
            shop.wait(MINUTE);
        }
        shop.run_until_idle().await;
        let order = shop.order(&number).await.expect("the order is held");
        assert_eq!(order.state, OrderState::Cancelled(CancelledBy::Buyer));
        assert!(shop.counter("missed_hook", "orders_v2").await > 0);
    }

    async fn what_is_no_hook_of_ours_is_refused_counted_and_changes_nothing(shop) {
        shop.connect_classic().await;
        let before = rows(&shop).await;
        let order = note(&shop, "orders_v2", "/orders/1", CLASSIC_SELLER);
        let mut foreign_app = order.clone();
        foreign_app["application_id"] = json!(42);
        let elsewhere = note(&shop, "orders_v2", "http://169.254.169.254/latest", CLASSIC_SELLER);
        for (body, status) in [
            ("not json".to_owned(), 400),
            ("{\"resource\": \"/orders/1\"".to_owned(), 400),
            (elsewhere.to_string(), 400),
            (foreign_app.to_string(), 400),
            ("x".repeat(64 * 1024), 413),
        ] {
            assert_eq!(shop.knock(&body).await, status, "{}", &body[..body.len().min(80)]);
        }
        let stranger = note(&shop, "orders_v2", "/orders/1", 999_999_999).to_string();
        assert_eq!(shop.knock(&stranger).await, 200, "whom we serve is not told to strangers");
        shop.settle().await;
        assert_eq!(rows(&shop).await, before);
        for (label, count) in [("malformed", 3), ("foreign_app", 1), ("too_long", 1), ("unknown_account", 1)] {
            assert_eq!(shop.counter("hook_refused", label).await, count, "{label}");
        }
    }

    async fn a_forged_hook_costs_a_look_and_no_persons_time(shop) {
        shop.connect_classic().await;
        let theirs = shop.market().sandbox().sell(&sandbox::SaleRequest::of_item(
            &shop.market().items_of(FAMILY_SELLER, SHARED)[0], 1,
        ));
        let theirs = theirs.expect("the other seller sells")[0];
        shop.run_until_idle().await;
        let before = rows(&shop).await;
        for resource in ["/orders/2000000000000001".to_owned(), format!("/orders/{theirs}")] {
            let forged = note(&shop, "orders_v2", &resource, CLASSIC_SELLER);
            assert_eq!(shop.knock(&forged.to_string()).await, 200);
        }
        shop.run_until_idle().await;
        assert_eq!(rows(&shop).await, before);
        assert_eq!(shop.counter("hook_refused", "names_nothing").await, 2);
    }

    async fn a_forged_hook_brings_nobody_elses_listing_in(shop) {
        shop.connect_classic().await;
        let before = rows(&shop).await;
        let theirs = &shop.market().items_of(FAMILY_SELLER, SHARED)[0];
        let forged = note(&shop, "items", &format!("/items/{theirs}"), CLASSIC_SELLER);
        assert_eq!(shop.knock(&forged.to_string()).await, 200);
        shop.run_until_idle().await;
        assert_eq!(rows(&shop).await, before);
    }
}
