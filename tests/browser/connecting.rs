//! An account is connected by its owner's consent, looked at, imported; and how it is.

use std::time::Duration;

use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use serde_json::json;
use web::i18n;

/// Well within the time in which an owner is asked.
const SOON: Duration = Duration::from_hours(3 * 24);

in_every_language! {
    async fn an_account_is_connected_looked_at_and_imported_to_the_end(visitor, shop) {
        let number = shop.sell(&shop.items("CAB-HDMI-2M")[0]);
        let _owner = shop.owned_by(visitor).await;
        visitor.opens("/connections").await;
        visitor.presses("connect-button").await;
        visitor.is_headed(visitor.word("connect-title")).await;
        visitor.presses_at("", &i18n::t(visitor.lang(), "connect-go", &[("channel", "Mercado Livre")])).await;

        visitor.is_headed("Mercado Livre simulado").await;
        visitor.presses_at("", "Autorizar").await;
        visitor.arrives_at("/connections/").await;
        visitor.is_headed(visitor.word("plan-title")).await;
        visitor.reads("flash-connected").await;
        visitor.sees("RPG-DADOS-7").await;

        visitor.presses("plan-start").await;
        visitor.is_headed(visitor.word("import-title")).await;
        // The page comes to its end by itself.
        visitor.reads("import-done").await;
        visitor.presses("import-orders").await;
        visitor.arrives_at("/orders").await;
        visitor.sees(&number).await;
    }

    async fn an_account_whose_consent_ends_soon_is_told_on_every_page(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let connection = owner.connected(CLASSIC_SELLER).await;
        visitor.opens("/skus").await;
        let told = "return document.querySelector('main .note') !== null";
        assert_eq!(visitor.script(told, &json!([])).await, json!(false));
        owner.consent_ends(connection, SOON).await;
        visitor.opens("/skus").await;
        visitor.presses("owner-notice-mend").await;
        visitor.arrives_at(&format!("/connections/{connection}")).await;
        visitor.reads("life-ask_owner").await;
    }

    async fn a_connection_shows_its_life_and_is_swept_on_request(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let connection = owner.connected(CLASSIC_SELLER).await;
        visitor.opens(&format!("/connections/{connection}")).await;
        visitor.reads("life-fine").await;
        let line = "return document.querySelector('svg.life').getBoundingClientRect().width > 200";
        visitor.waits_for("the line of the authorization's life", line, &json!([])).await;

        visitor.presses("sweep-now").await;
        visitor.reads("flash-sweeping").await;
        owner.rest().await;
    }
}
