//! Opening the shop by the one-time link, leaving, coming back.

use crate::shop::{EMAIL, ORGANIZATION, PASSWORD};

in_every_language! {
    async fn the_owner_opens_the_shop_by_the_one_time_link_leaves_and_signs_in_again(visitor, shop) {
        let link = shop.setup_link().await;
        visitor.goes_to(&link).await;
        visitor.is_headed(visitor.word("setup-title")).await;
        visitor.fills("field-organization", ORGANIZATION).await;
        visitor.fills("field-email", EMAIL).await;
        visitor.fills("field-password", PASSWORD).await;
        visitor.presses("setup-button").await;
        visitor.is_headed(visitor.word("connect-title")).await;
        visitor.sees(ORGANIZATION).await;

        visitor.presses_at("", EMAIL).await;
        visitor.presses("sign-out").await;
        visitor.arrives_at("/sign-in").await;
        visitor.fills("field-email", EMAIL).await;
        visitor.fills("field-password", PASSWORD).await;
        visitor.presses("sign-in-button").await;
        visitor.arrives_at("/orders").await;
        visitor.reads("orders-no-connection").await;
        visitor.nothing_went_wrong().await;

        visitor.goes_to(&link).await;
        visitor.reads("obstacle-link_used-title").await;
        visitor.was_refused(410).await;
    }
}

in_one_language! {
    async fn a_wrong_password_is_said_beside_the_field_and_what_was_typed_stays(visitor, shop) {
        drop(shop.owned_by(visitor).await);
        visitor.forgets_the_session().await;
        visitor.opens("/skus").await;
        visitor.arrives_at("/sign-in").await;
        visitor.fills("field-email", EMAIL).await;
        visitor.fills("field-password", "another password altogether").await;
        visitor.presses("sign-in-button").await;
        visitor.reads("sign-in-wrong").await;
        visitor.was_refused(401).await;

        visitor.holds("field-email", EMAIL).await;
        visitor.fills("field-password", PASSWORD).await;
        visitor.presses("sign-in-button").await;
        visitor.arrives_at("/skus").await;
    }
}
