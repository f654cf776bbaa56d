//! Counting, linking, and every listing following.

use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use web::i18n;

use crate::shop::Shop;
use crate::visitor::Visitor;

/// Sold by two listings of the first seller.
const SHARED: &str = "CAN-INOX-500";

async fn waits_until_it_shows(visitor: &Visitor, shop: &Shop, item: &str, units: i64) {
    visitor
        .until(&format!("{item} shows {units}"), async || Ok((shop.shows(item) == units).then_some(())))
        .await;
}

in_every_language! {
    async fn a_count_is_told_to_every_listing_of_the_sku(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        let sku = owner.sku(SHARED).await;
        visitor.opens(&format!("/skus/{sku}")).await;
        visitor.fills("count-on-hand", "77").await;
        visitor.fills("tally-safety", "2").await;
        visitor.fills("count-reason", "inventário").await;
        visitor.presses("count-button").await;
        visitor.reads("flash-counted").await;
        for item in shop.items(SHARED) {
            waits_until_it_shows(visitor, shop, &item, 75).await;
        }
        owner.rest().await;
        visitor.opens(&format!("/skus/{sku}")).await;
        visitor.reads("proof-confirmed").await;

        visitor.opens(&format!("/skus/{sku}?at=2020-01-01T00:00")).await;
        visitor.reads("moment-before").await;
        visitor.opens(&format!("/skus/{sku}?at=2099-01-01T00:00")).await;
        visitor.reads("tally-safety-today").await;
        visitor.opens(&format!("/skus/{sku}?at=ontem")).await;
        visitor.reads("moment-error").await;
        visitor.was_refused(422).await;
    }

    async fn a_listing_that_is_linked_follows_the_sales_of_the_other(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        let [sold, other] = &shop.items(SHARED)[..] else { panic!("two listings") };
        visitor.opens(&format!("/skus/{}", owner.sku(SHARED).await)).await;
        visitor.presses_at(other, visitor.word("unlink")).await;
        visitor.reads("flash-unlinked").await;

        visitor.opens(&format!("/listings?text={other}")).await;
        let label = i18n::t(visitor.lang(), "link-label", &[("number", other)]);
        visitor.fills_at(other, &label, SHARED).await;
        visitor.presses_at(other, visitor.word("link")).await;
        visitor.reads("flash-linked").await;
        owner.rest().await;

        let before = shop.shows(sold);
        shop.sell(sold);
        waits_until_it_shows(visitor, shop, other, before - 1).await;
        owner.rest().await;
    }
}

in_one_language! {
    async fn a_count_without_a_reason_is_refused_beside_its_field(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        visitor.opens(&format!("/skus/{}", owner.sku(SHARED).await)).await;
        visitor.fills("count-on-hand", "77").await;
        visitor.fills("count-reason", " ").await;
        visitor.presses("count-button").await;
        visitor.reads("count-error-reason").await;
        visitor.holds("count-on-hand", "77").await;
        visitor.was_refused(422).await;
    }
}
