//! Legal holds: what is held stays, is counted, and goes once the hold is lifted.

use std::time::Duration;

use app::clockwork::SWEEP_EVERY;
use app::holds::{HoldError, HoldOn, MAX_REVIEW_DAYS};
use domain::retention::BUYERS_KEPT;
use domain::{HoldId, Timestamp};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use tests::TestApp;
use tests::shop::EMAIL;

const SKU: &str = "CAN-INOX-500";
const DAY: Duration = Duration::from_hours(24);

/// Sells one unit, and waits until its buyer is found by the name that is given back.
async fn known_buyer(shop: &TestApp) -> String {
    shop.connect_classic().await;
    shop.app().find_buyers(shop.organization, shop.member, true).await.expect("it is switched on");
    let item = shop.market().items_of(CLASSIC_SELLER, SKU).swap_remove(0);
    let number = shop.sell(&item, 1);
    shop.run_until_idle().await;
    shop.wait(SWEEP_EVERY);
    shop.settle().await;
    shop.market().sandbox().with_world(|world| {
        let order = world.orders.values().find(|order| order.id.to_string() == number).expect("it was sold");
        let buyer = &world.users[&order.buyer_id];
        format!("{} {}", buyer.first_name, buyer.last_name)
    })
}

async fn place(shop: &TestApp, on: HoldOn, reason: &str, until: Timestamp) -> Result<usize, HoldError> {
    shop.app().place_hold(shop.organization, shop.member, &on, reason, until).await
}

async fn hold_class(shop: &TestApp, class: &str) -> Result<usize, HoldError> {
    place(shop, HoldOn::Class(class.into()), "processo 1", shop.now().plus(30 * DAY)).await
}

async fn hold_person(shop: &TestApp, called: &str) -> Result<usize, HoldError> {
    place(shop, HoldOn::Person(called.into()), "processo 1", shop.now().plus(30 * DAY)).await
}

async fn lift(shop: &TestApp) {
    let holds = shop.see(|tenant| tenant.holds()).await;
    for hold in holds {
        shop.app().lift_hold(shop.organization, shop.member, hold.id).await.expect("it is lifted");
    }
}

async fn buyers(shop: &TestApp) -> i64 {
    shop.number("SELECT COUNT(DISTINCT buyer_id) FROM buyer_term").await
}

/// Lets the buyers' time pass, with accounts that stand still, and gives what is overdue and held.
async fn past_their_time(shop: &TestApp) -> (i64, i64) {
    shop.meddle(&["UPDATE connection SET state = 'needs_reauthorization', state_reason = 'consent_ended'"])
        .await;
    shop.wait(BUYERS_KEPT + 2 * DAY);
    shop.turn().await;
    let due = shop.app().overdue_rows().await.expect("it is counted");
    let of = due.iter().find(|it| it.class == "buyer").expect("buyers have a clock");
    assert!(due.iter().all(|it| it.rows == 0), "{due:?}");
    (of.rows, of.held)
}

on_both! {
    async fn a_buyer_who_is_held_stays_is_counted_and_goes_when_it_is_lifted(shop) {
        let name = known_buyer(&shop).await;
        assert_eq!(hold_person(&shop, &name).await.expect("it is placed"), 1);
        let held = buyers(&shop).await;
        assert_ne!(held, 0);
        assert_eq!(past_their_time(&shop).await, (0, 1));
        assert_eq!(buyers(&shop).await, 1);
        assert!(shop.counter("retention_held", "buyer").await > 0);
        lift(&shop).await;
        shop.wait(Duration::from_hours(1));
        shop.turn().await;
        assert_eq!(buyers(&shop).await, 0);
        let told = shop.texts("SELECT action FROM audit_event WHERE action LIKE 'hold.%' ORDER BY id").await;
        assert_eq!(told, ["hold.placed", "hold.lifted"]);
        let details = shop.texts("SELECT details FROM audit_event WHERE action LIKE 'hold.%'").await.concat();
        assert!(!details.to_lowercase().contains(&name.to_lowercase()), "{details}");
    }

    async fn who_switches_the_search_off_keeps_what_is_held_and_is_told(shop) {
        known_buyer(&shop).await;
        hold_class(&shop, "buyer").await.expect("it is placed");
        shop.app().find_buyers(shop.organization, shop.member, false).await.expect("it is switched off");
        assert_ne!(buyers(&shop).await, 0);
        let told = shop.texts("SELECT details FROM audit_event WHERE action = 'buyer_search.off'").await.concat();
        assert!(told.contains("\"forgotten\":\"0\"") && !told.contains("\"held\":\"0\""), "{told}");
    }

    async fn a_member_is_held_by_their_address(shop) {
        assert_eq!(hold_person(&shop, EMAIL).await.expect("it is placed"), 1);
        let holds = shop.see(|tenant| tenant.holds()).await;
        assert_eq!((holds.len(), holds[0].class.as_deref(), holds[0].reason.as_str()), (1, None, "processo 1"));
    }

    async fn a_hold_without_its_reason_its_day_or_its_person_is_refused(shop) {
        let soon = shop.now().plus(DAY);
        let class = || HoldOn::Class("buyer".into());
        for (reason, until) in [
            ("", soon),
            (&*"x".repeat(501), soon),
            ("processo 1", shop.now()),
            ("processo 1", Timestamp::EPOCH),
            ("processo 1", shop.now().business_midnight(MAX_REVIEW_DAYS + 2)),
        ] {
            assert!(matches!(place(&shop, class(), reason, until).await, Err(HoldError::Incomplete)), "{until:?}");
        }
        for class in ["", "session", "audit", "everything"] {
            assert!(matches!(hold_class(&shop, class).await, Err(HoldError::NoClass)), "{class}");
        }
        for called in ["", "Zuleica Inexistente", "ninguem@fora.example"] {
            assert!(matches!(hold_person(&shop, called).await, Err(HoldError::Nobody)), "{called}");
        }
        let unknown = HoldId::new(shop.now(), &domain::SeededEntropy::new(9));
        assert!(shop.app().lift_hold(shop.organization, shop.member, unknown).await.is_err());
        assert_eq!(shop.number("SELECT COUNT(*) FROM audit_event WHERE action LIKE 'hold.%'").await, 0);
    }
}
