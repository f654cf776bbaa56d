//! Way 1: an order comes in, units are set aside, the other listings follow.

use domain::OrderState;
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};

/// Sold by four listings of two sellers.
const SHARED: &str = "CAN-INOX-500";

on_both! {
    async fn a_sale_reaches_the_order_list_the_shelf_and_every_other_listing(shop) {
        shop.connect_classic().await;
        shop.connect_family().await;
        let [sold, other] = &shop.market().items_of(CLASSIC_SELLER, SHARED)[..] else { panic!("two listings") };
        let elsewhere = &shop.market().items_of(FAMILY_SELLER, SHARED)[0];
        let before = shop.sku(SHARED).await.tally;

        let number = shop.sell(sold, 2);
        shop.run_until_idle().await;

        let order = shop.order(&number).await.expect("the order is held");
        assert_eq!((order.state, order.unit_count), (OrderState::ToDispatch, 2));
        let after = shop.sku(SHARED).await.tally;
        assert_eq!(after.on_hand_units, before.on_hand_units);
        assert_eq!(after.reserved_units, before.reserved_units + 2);
        for listing in [sold, other, elsewhere] {
            assert_eq!(shop.market().shows(listing), after.available_units(), "{listing}");
        }
    }
}
