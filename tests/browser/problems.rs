//! What failed waits for a person, says so on every page, and is tried again.

use sandbox::mercado_livre::seed::CLASSIC_SELLER;

in_every_language! {
    async fn a_refused_change_is_counted_live_explained_and_done_after_the_mend(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        let [sold, other] = &shop.items("CAN-INOX-500")[..] else { panic!("two listings") };
        let before = shop.shows(other);
        visitor.opens("/orders").await;
        visitor.reads("live-on").await;

        shop.refuses_changes(true);
        shop.sell(sold);
        let problems = visitor.word("nav-problems");
        visitor.presses_at("", &format!("{problems} 1")).await;
        visitor.is_headed(problems).await;
        for words in ["problem-refused-title", "problem-refused-mend", "job-push_stock"] {
            visitor.reads(words).await;
        }

        shop.refuses_changes(false);
        visitor.presses("retry").await;
        visitor.reads("flash-retrying").await;
        visitor.until("the change", async || Ok((shop.shows(other) == before - 1).then_some(()))).await;
        owner.rest().await;
        visitor.opens("/problems").await;
        visitor.reads("problems-none").await;
    }
}
