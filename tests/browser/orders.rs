//! Orders come in by themselves, are found, and tell what happened to them.

use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use serde_json::{Value, json};
use store::pages::PAGE_ROWS;

const ROWS: &str = "return document.querySelectorAll('tbody tr').length";

in_every_language! {
    async fn an_order_appears_on_the_open_page_and_its_own_page_tells_its_story(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        shop.sell(&shop.items("LUM-LUA-15")[0]);
        owner.rest().await;
        visitor.opens("/orders").await;
        visitor.reads("live-on").await;
        visitor.script("window.stayed = true", &json!([])).await;

        let number = shop.sell(&shop.items("CAN-INOX-500")[0]);
        visitor.sees(&number).await;
        assert_eq!(visitor.script("return window.stayed", &json!([])).await, Value::Bool(true), "no reload");

        owner.rest().await;
        visitor.presses_at("", &number).await;
        visitor.is_headed(&format!("{} {number}", visitor.word("order-title"))).await;
        visitor.sees("CAN-INOX-500").await;
        let story = visitor.script("return document.querySelector('ol.line').innerText", &json!([])).await;
        let at = |key| story.as_str().and_then(|story| story.find(visitor.word(key)));
        let steps = ["entry-reserve", "happened-applied", "happened-hook"].map(at);
        assert!(steps.is_sorted() && steps[0].is_some(), "effects stand above their causes: {story}");
    }

    async fn orders_are_paged_searched_and_filtered(visitor, shop) {
        let item = shop.items("SUP-CEL-ART")[0].clone();
        let first = shop.sell(&item);
        for _ in 0..PAGE_ROWS {
            shop.sell(&item);
        }
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        visitor.opens("/orders").await;
        assert_eq!(visitor.script(ROWS, &json!([])).await, PAGE_ROWS);

        // Which one is alone there is not said: they were placed in the same moment.
        visitor.presses("pager-older").await;
        visitor.waits_for("the last page", &format!("{ROWS} === 1"), &json!([])).await;
        visitor.presses("pager-newer").await;
        visitor.waits_for("the first page", &format!("{ROWS} === {PAGE_ROWS}"), &json!([])).await;

        visitor.fills("filter-order-text", &first).await;
        visitor.presses("filter-button").await;
        visitor.waits_for("one order", &format!("{ROWS} === 1"), &json!([])).await;
        visitor.sees(&first).await;

        visitor.presses("order-state-cancelled").await;
        visitor.reads("orders-none-match").await;
        visitor.presses("filter-clear").await;
        visitor.waits_for("all orders", &format!("{ROWS} === {PAGE_ROWS}"), &json!([])).await;
    }
}
