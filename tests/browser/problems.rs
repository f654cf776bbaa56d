//! What failed waits for a person, says so on every page, and is tried again.

use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{Fault, FaultRule};

in_every_language! {
    async fn a_refused_order_is_counted_live_explained_and_taken_in_after_the_mend(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        visitor.opens("/orders").await;
        visitor.reads("live-on").await;

        shop.storm(vec![FaultRule::new("/orders/2", Fault::Status { status: 400 })]);
        let number = shop.sell(&shop.items("CAB-HDMI-2M")[0]);
        let problems = visitor.word("nav-problems");
        visitor.presses_at("", &format!("{problems} 1")).await;
        visitor.is_headed(problems).await;
        visitor.reads("problem-refused-title").await;
        visitor.reads("problem-refused-mend").await;
        visitor.sees(&number).await;

        shop.storm(Vec::new());
        visitor.presses("retry").await;
        visitor.reads("flash-retrying").await;
        owner.rest().await;
        visitor.opens("/problems").await;
        visitor.reads("problems-none").await;
        visitor.opens("/orders").await;
        visitor.sees(&number).await;
    }
}
