//! What is pressed when goods come back.

use std::time::Duration;

use tests::TestApp;

use super::Visitor;

pub(super) async fn pressed(visitor: &mut Visitor<'_>, shop: &TestApp) {
    let market = shop.marketplaces()[0];
    let number = market.sell_sku("CAN-INOX-500", 1);
    // Until its parcel is made.
    shop.pass(Duration::from_mins(1), Duration::from_secs(20)).await;
    market.hand_over(&number);
    shop.run_until_idle().await;
    let id = shop.order(&number).await.expect("the order is held").id;
    let row = shop.see(move |tenant| tenant.return_lines(id)).await.remove(0);
    let (line, sku) = (row.line.to_string(), row.sku.to_string());
    let path = format!("/orders/{id}/return");
    let fields = [
        ("do", "receive"),
        ("number", "1"),
        ("line-0", &line),
        ("sku-0", &sku),
        ("whole-0", "1"),
        ("reason", "arrependimento"),
    ];
    visitor.press("/orders/{id}/return", &path, &fields, Some("order.goods_returned")).await;
}
