//! What cannot be done waits for a person; everything else goes on.

use domain::Problem;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{Fault, FaultRule};
use store::jobs::DeadJobs;

const SHARED: &str = "CAN-INOX-500";
const OTHER: &str = "CAB-HDMI-2M";

on_both! {
    async fn a_poison_order_never_stops_its_lane_and_is_taken_in_after_the_mend(shop) {
        shop.connect_classic().await;
        let poison = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
        shop.market().storm(vec![FaultRule::new(&format!("/orders/{poison}"), Fault::HalfJson)]);
        let healthy = shop.sell(&shop.market().items_of(CLASSIC_SELLER, OTHER)[0], 1);
        shop.settle().await;
        assert!(shop.order(&healthy).await.is_some(), "the one behind it is not held up");

        shop.run_until_idle().await;
        let letters = shop.problems().await;
        let letter = letters.iter().find(|letter| letter.payload.contains(&poison)).expect("a dead letter");
        assert_eq!(letter.problem, Problem::Garbled);
        let exchange = letter.exchange.as_deref().expect("support sees the exchange");
        assert!(exchange.contains(&format!("/orders/{poison}")) && !exchange.contains("Bearer"), "{exchange}");

        shop.market().storm(Vec::new());
        let (id, now) = (letter.id, shop.now());
        let revived = shop.app().organization(shop.organization)
            .write(move |tenant| tenant.revive(&DeadJobs::One(id), now)).await;
        assert_eq!(revived.expect("the database answers"), 1);
        shop.run_until_idle().await;
        assert!(shop.order(&poison).await.is_some());
        assert_eq!(shop.problems().await, []);
    }

    async fn an_answer_in_html_passes_by_itself(shop) {
        shop.connect_classic().await;
        shop.market().storm(vec![FaultRule::new("/orders", Fault::HtmlBody).times(3)]);
        let number = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
        shop.run_until_idle().await;
        assert!(shop.order(&number).await.is_some());
    }

    async fn numbers_for_texts_and_texts_for_numbers_are_understood(shop) {
        shop.market().storm(vec![FaultRule::new("/orders", Fault::FlipTypes),
                                 FaultRule::new("/items", Fault::FlipTypes),
                                 FaultRule::new("/shipments", Fault::FlipTypes)]);
        shop.connect_classic().await;
        let before = shop.sku(SHARED).await.tally.available_units();
        let number = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 2);
        shop.run_until_idle().await;
        let order = shop.order(&number).await.expect("the order is held");
        assert_eq!((order.unit_count, shop.sku(SHARED).await.tally.available_units()), (2, before - 2));
    }

    async fn an_unknown_status_waits_for_a_person_and_keeps_its_units(shop) {
        shop.connect_classic().await;
        let before = shop.sku(SHARED).await.tally.reserved_units;
        shop.market().storm(vec![FaultRule::new("/orders/2", Fault::UnknownEnum)]);
        let number = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
        shop.run_until_idle().await;
        let order = shop.order(&number).await.expect("the order is held");
        assert_eq!(order.state.as_words(), ("needs_attention", "unknown_status"));
        assert_eq!(shop.sku(SHARED).await.tally.reserved_units, before + 1);
    }
}
