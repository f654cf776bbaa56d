//! What is pressed around kits.

use store::stock_takes::TakeState;
use tests::TestApp;

use super::Visitor;

pub(super) async fn pressed(visitor: &mut Visitor<'_>, shop: &TestApp) {
    let kit = format!("/skus/{}/kit", shop.sku("WEB-FHD").await.id);
    let recipe = [("do", "save"), ("code-0", "CAB-HDMI-2M"), ("units-0", "2")];
    visitor.press("/skus/{id}/kit", &kit, &recipe, Some("sku.kit_made")).await;
    let recipe = [("do", "save"), ("code-0", "CAB-HDMI-2M"), ("units-0", "3")];
    visitor.press("/skus/{id}/kit", &kit, &recipe, Some("sku.kit_changed")).await;
    visitor.press("/skus/{id}/kit", &kit, &[("do", "end")], Some("sku.kit_ended")).await;
    let begin = [];
    visitor.press("/stock-takes", "/stock-takes", &begin, Some("stock_take.begun")).await;
    let take = shop.see(|tenant| tenant.stock_takes()).await.remove(0).id;
    let path = format!("/stock-takes/{take}");
    // What is scanned is a draft; the stock changes, and its event comes, when it is applied.
    shop.app().scan(shop.organization, take, "3×CAB-HDMI-2M").await.expect("three are counted");
    let file = [("text", "SKU;Unidades\nCAB-HDMI-2M;4\n")];
    let route = "/stock-takes/{id}/file";
    visitor.press(route, &format!("{path}/file"), &file, Some("stock_take.file_counted")).await;
    let apply = [("do", "apply"), ("reason", "balanço")];
    visitor.press("/stock-takes/{id}", &path, &apply, Some("stock_take.applied")).await;
    visitor.press("/stock-takes", "/stock-takes", &begin, Some("stock_take.begun")).await;
    let takes = shop.see(|tenant| tenant.stock_takes()).await;
    let take = takes.iter().find(|take| take.state == TakeState::Open).expect("another one is open").id;
    let path = format!("/stock-takes/{take}");
    visitor.press("/stock-takes/{id}", &path, &[("do", "leave")], Some("stock_take.left")).await;
}
