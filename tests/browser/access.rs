//! A buyer's address, for whom it was granted to, and what the log says of it.

use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use serde_json::json;

use crate::shop::EMAIL;
use crate::sign_in::carries_an_authenticator;

/// Chooses in the form for granting: what, and until when.
const CHOOSES: &str = "document.getElementById('access').value = arguments[0]; \
                       document.getElementById('days').value = arguments[1]";

in_every_language! {
    /// ASVS 16.2.1.
    async fn a_passkey_opens_the_shop_a_grant_an_address_and_the_log_knows(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        let number = shop.sell(&shop.items("CAN-INOX-500")[0]);
        shop.makes_packages();
        owner.rest().await;
        let order = format!("/orders/{}", owner.order(&number).await);
        carries_an_authenticator(visitor).await;
        visitor.opens("/security").await;
        visitor.presses("passkey-add").await;
        visitor.presses("codes-kept").await;
        visitor.forgets_the_session().await;
        visitor.opens("/sign-in").await;
        visitor.arrives_at("/orders").await;

        visitor.opens("/members").await;
        visitor.presses_at(visitor.word("members-everybody"), EMAIL).await;
        visitor.is_headed(EMAIL).await;
        visitor.script(CHOOSES, &json!(["buyer_data", "90"])).await;
        visitor.fills_at(visitor.word("grant-title"), visitor.word("member-reason"), "etiquetas à mão").await;
        visitor.presses("grant-button").await;
        visitor.reads("flash-access-granted").await;

        visitor.opens(&order).await;
        visitor.presses("recipient-show").await;
        visitor.is_headed(visitor.word("recipient-title")).await;
        visitor.sees(&shop.buyer_of(&number)).await;
        visitor.presses("recipient-back").await;
        visitor.arrives_at(&order).await;

        visitor.opens("/audit?kind=recipient").await;
        visitor.sees(visitor.word("audit-recipient.revealed")).await;
        visitor.nothing_went_wrong().await;
    }

    async fn somebody_is_invited_joins_and_sees_what_their_role_has(visitor, shop) {
        drop(shop.owned_by(visitor).await);
        visitor.opens("/members").await;
        visitor.fills_at(visitor.word("invite-title"), visitor.word("field-email"), "bia@loja.example").await;
        visitor.fills_at(visitor.word("invite-title"), visitor.word("member-reason"), "equipe").await;
        visitor.presses("invite-button").await;
        visitor.reads("access-error-nothing").await;
        visitor.was_refused(422).await;
        visitor.script("document.getElementById('role-dispatch').checked = true", &json!([])).await;
        visitor.presses("invite-button").await;
        visitor.is_headed(visitor.word("invited-title")).await;
        let shown = visitor.script("return document.querySelector('main pre').textContent", &json!([])).await;
        let link = shown.as_str().and_then(|link| link.split_once("/join/")).expect("a link").1.to_owned();
        visitor.nothing_went_wrong().await;

        visitor.forgets_the_session().await;
        visitor.opens(&format!("/join/{link}")).await;
        visitor.fills("field-password", "quatro bananas na janela").await;
        visitor.presses("join-button").await;
        visitor.arrives_at("/orders").await;
        let places = "return [...document.querySelectorAll('nav.places a')].map((link) => link.pathname)";
        let places = visitor.script(places, &json!([])).await;
        let due = ["/orders", "/desk", "/skus", "/listings", "/connections", "/problems"];
        assert_eq!(places, json!(due), "dispatch goes nowhere else");
        visitor.opens("/members").await;
        visitor.is_headed(visitor.word("obstacle-not_allowed-title")).await;
        visitor.was_refused(403).await;
    }
}
