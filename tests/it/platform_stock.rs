//! What a marketplace keeps in its own warehouse and sends from there: nothing of it lies on our shelf.

use std::time::Duration;

use http::Method;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use serde_json::json;
use tests::TestApp;

const SKU: &str = "CAN-INOX-500";

/// The marketplace takes the goods of a listing into its own warehouse, or gives them back.
fn lies_at_the_marketplace(shop: &TestApp, item: &str, logistic_type: &str) {
    let path = format!("/_sandbox/items/{item}");
    shop.market().control(Method::PUT, &path, &json!({"logistic_type": logistic_type}));
}

/// Before, the order does not say who sends it.
async fn until_its_parcel_is_made(shop: &TestApp) {
    shop.pass(Duration::from_mins(1), Duration::from_secs(20)).await;
}

on_both! {
    async fn what_the_marketplace_sends_takes_nothing_from_our_shelf(shop) {
        shop.connect_classic().await;
        let item = shop.market().items_of(CLASSIC_SELLER, SKU).remove(0);
        let listed = shop.listings().await.into_iter().find(|it| it.external_id == item).expect("it is held");
        assert!(listed.ours && listed.sku.is_some(), "as far as we know, it lies here");
        let before = shop.sku(SKU).await.tally;
        lies_at_the_marketplace(&shop, &item, "fulfillment");
        let number = shop.sell(&item, 1);
        until_its_parcel_is_made(&shop).await;
        assert_eq!(shop.sku(SKU).await.tally.reserved_units, before.reserved_units, "its warehouse sends it");
        assert_eq!(shop.sku(SKU).await.tally.on_hand_units, before.on_hand_units);
        let listed = shop.listings().await.into_iter().find(|it| it.external_id == item).expect("it is held");
        assert!(!listed.ours, "it was read again");
        let id = shop.order(&number).await.expect("the order is held").id;
        assert!(shop.see(move |tenant| tenant.return_lines(id)).await.is_empty(), "nor can it come back to us");
        let available = shop.sku(SKU).await.tally.available_units();
        assert_eq!(available, before.available_units());
        for other in shop.market().items_of(CLASSIC_SELLER, SKU).iter().filter(|other| **other != item) {
            assert_eq!(shop.market().shows(other), available, "the others show what lies here");
        }
    }

    async fn what_lies_at_the_marketplace_is_no_count_of_our_shelf(shop) {
        shop.connect_classic().await;
        let item = shop.market().items_of(CLASSIC_SELLER, SKU).remove(0);
        lies_at_the_marketplace(&shop, &item, "fulfillment");
        shop.sell(&item, 1);
        until_its_parcel_is_made(&shop).await;
        let listed = shop.listings().await.into_iter().find(|it| it.external_id == item).expect("it is held");
        shop.app().link(shop.organization, shop.member, listed.id, Some("NOVO-1")).await.expect("it is linked");
        shop.run_until_idle().await;
        let tally = shop.sku("NOVO-1").await.tally;
        assert_eq!((tally.on_hand_units, tally.reserved_units), (0, 0), "what lies there is not offered elsewhere");
        let before = shop.sku(SKU).await.tally;
        shop.app().link(shop.organization, shop.member, listed.id, Some(SKU)).await.expect("it is linked back");
        shop.run_until_idle().await;
        assert_eq!(shop.sku(SKU).await.tally.on_hand_units, before.on_hand_units);
        assert_eq!(shop.sku(SKU).await.tally.reserved_units, before.reserved_units);
    }
}
