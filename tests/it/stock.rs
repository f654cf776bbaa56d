//! Units: set aside, given back, sent away, and never sold twice because of a write.

use std::time::Duration;

use domain::OrderState;
use domain::order::Attention;
use http::Method;
use sandbox::mercado_livre::sales::SaleLine;
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};
use sandbox::{Fault, FaultRule, SaleRequest};
use serde_json::json;

const SHARED: &str = "CAN-INOX-500";

on_both! {
    async fn a_cancellation_gives_units_back_to_every_listing(shop) {
        shop.connect_classic().await;
        shop.connect_family().await;
        let [sold, other] = &shop.market().items_of(CLASSIC_SELLER, SHARED)[..] else { panic!("two listings") };
        let elsewhere = &shop.market().items_of(FAMILY_SELLER, SHARED)[0];
        let before = shop.sku(SHARED).await.tally;
        let number = shop.sell(sold, 4);
        shop.run_until_idle().await;
        assert_eq!(shop.market().shows(elsewhere), before.available_units() - 4);
        shop.wait(Duration::from_secs(1));
        shop.market().control(Method::POST, &format!("/_sandbox/orders/{number}/cancel"), &json!({"group": "buyer"}));
        shop.run_until_idle().await;
        let after = shop.sku(SHARED).await.tally;
        assert_eq!((after.on_hand_units, after.reserved_units), (before.on_hand_units, before.reserved_units));
        for listing in [sold, other, elsewhere] {
            assert_eq!(shop.market().shows(listing), before.available_units(), "{listing}");
        }
    }

    async fn a_parcel_that_leaves_takes_its_units_off_the_shelf(shop) {
        shop.connect_classic().await;
        let before = shop.sku(SHARED).await.tally;
        let number = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 2);
        shop.pass(Duration::from_mins(1), Duration::from_secs(20)).await;
        let order: i64 = number.parse().expect("an order's number");
        let shipment = shop.market().sandbox().with_world(|world| world.orders[&order].shipment_id);
        let shipment = shipment.expect("a parcel was made");
        while shop.order(&number).await.is_some_and(|order| order.state == OrderState::ToDispatch) {
            shop.market().control(Method::POST, &format!("/_sandbox/shipments/{shipment}/advance"), &json!({}));
            shop.wait(Duration::from_secs(1));
            shop.run_until_idle().await;
        }
        let after = shop.sku(SHARED).await.tally;
        assert_eq!(shop.order(&number).await.map(|order| order.state), Some(OrderState::Shipped));
        assert_eq!(after.on_hand_units, before.on_hand_units - 2);
        assert_eq!(after.available_units(), before.available_units() - 2);
    }

    async fn a_sale_between_our_look_and_our_write_is_not_sold_again(shop) {
        shop.connect_classic().await;
        let [sold, other] = shop.market().items_of(CLASSIC_SELLER, SHARED).try_into().expect("two listings");
        let before = shop.sku(SHARED).await.tally;
        let raced = other.clone();
        shop.market().just_before(Method::PUT, &format!("/items/{other}"), move |sandbox| {
            sandbox.sell(&SaleRequest::of_item(&raced, 5)).expect("the other listing sells at this very moment");
        });
        shop.sell(&sold, 1);
        shop.pass(Duration::from_mins(5), Duration::from_secs(20)).await;
        let after = shop.sku(SHARED).await.tally;
        assert_eq!(after.reserved_units, before.reserved_units + 6);
        for listing in [&sold, &other] {
            assert_eq!(shop.market().shows(listing), after.available_units(), "{listing}");
        }
    }

    async fn a_number_that_fell_without_us_is_taken_for_a_sale_before_anything_is_raised(shop) {
        shop.connect_classic().await;
        let item = shop.market().items_of(CLASSIC_SELLER, SHARED)[0].clone();
        let sku = shop.sku(SHARED).await;
        let before = sku.tally.available_units();
        shop.market().storm(vec![FaultRule::new("", Fault::HookDrop)]);
        let number = shop.sell(&item, 3);
        let counted = sku.tally.on_hand_units + 10;
        shop.app().adjust(shop.organization, shop.member, sku.id, counted, 0, "contagem").await.expect("a count");
        shop.run_until_idle().await;
        assert!(shop.order(&number).await.is_some(), "the orders were read first");
        let too_many = format!("{{\"available_quantity\":{}}}", before + 10);
        let writes = shop.market().calls();
        let to_item = writes.iter().filter(|call| call.method == "PUT" && call.path.ends_with(&item));
        assert_eq!(to_item.filter(|call| call.body == too_many).count(), 0, "the units of the sale were offered again");
        assert_eq!(shop.market().shows(&item), before + 7);
    }

    async fn a_seller_with_depots_follows_a_sale_elsewhere(shop) {
        let tags = json!({"tags": ["normal", "warehouse_management", "multiwarehouse"]});
        shop.market().control(Method::PUT, &format!("/_sandbox/users/{CLASSIC_SELLER}"), &tags);
        shop.connect_classic().await;
        shop.connect_family().await;
        let elsewhere = &shop.market().items_of(FAMILY_SELLER, SHARED)[0];
        let before = shop.sku(SHARED).await.tally.available_units();
        shop.sell(elsewhere, 3);
        shop.run_until_idle().await;
        let in_depots = shop.market().items_of(CLASSIC_SELLER, SHARED);
        for listing in &in_depots {
            assert_eq!(shop.market().shows(listing), before - 3, "{listing}");
        }
        let held = shop.market().sandbox().with_world(|world| {
            let product = &world.user_products[&world.items[&in_depots[0]].user_product_id];
            product.locations.iter().map(|place| place.quantity).collect::<Vec<_>>()
        });
        assert_eq!(held, [before - before / 2 - 3, before / 2], "the first depot takes the difference");
    }

    async fn an_order_cancelled_in_a_cart_whose_parcel_goes_on_asks_a_person(shop) {
        shop.connect_classic().await;
        let items = shop.market().items_of(CLASSIC_SELLER, SHARED);
        let line = |item: &String| SaleLine { item_id: Some(item.clone()), quantity: 1, ..SaleLine::default() };
        let cart = SaleRequest::of_cart(items.iter().map(line).collect());
        let [first, second] = shop.market().sandbox().sell(&cart).expect("a cart is bought")[..] else {
            panic!("two orders")
        };
        shop.pass(Duration::from_mins(1), Duration::from_secs(20)).await;
        shop.market().control(Method::POST, &format!("/_sandbox/orders/{first}/cancel"), &json!({"group": "buyer"}));
        shop.run_until_idle().await;
        let freed = shop.sku(SHARED).await.tally;
        let shipment = shop.market().sandbox().with_world(|world| world.orders[&second].shipment_id);
        let shipment = shipment.expect("a parcel was made");
        let state = async |order: i64| shop.order(&order.to_string()).await.map(|order| order.state);
        while state(second).await == Some(OrderState::ToDispatch) {
            shop.market().control(Method::POST, &format!("/_sandbox/shipments/{shipment}/advance"), &json!({}));
            shop.wait(Duration::from_secs(1));
            shop.run_until_idle().await;
        }
        assert_eq!(state(second).await, Some(OrderState::Shipped));
        assert_eq!(state(first).await, Some(OrderState::NeedsAttention(Attention::CancelledYetSent)));
        let after = shop.sku(SHARED).await.tally;
        assert_eq!(after.available_units(), freed.available_units(), "what was freed stays free");
    }
}
