//! The list of orders as people work through it: a filter becomes a tab, and several orders
//! are acted on at once.

use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use serde_json::json;

const TABS: &str = "return [...document.querySelectorAll('.tabs a')].map((tab) => tab.innerText).join(' | ')";
const CURRENT: &str = "return document.querySelector('.tabs [aria-current]')?.innerText";
const PICKED: &str = "return document.querySelectorAll('input[name=order]:checked').length";

in_every_language! {
    async fn a_filter_is_saved_as_a_tab_renamed_and_forgotten(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        shop.sell(&shop.items("LUM-LUA-15")[0]);
        owner.rest().await;
        visitor.opens("/orders?kind=single&ship=later").await;
        visitor.presses("view-save").await;
        visitor.fills("view-name", "Flex <b>um</b>").await;
        visitor.presses("view-save-button").await;
        visitor.reads("flash-view-saved").await;
        visitor.arrives_at("/orders?kind=single&ship=later").await;
        assert_eq!(visitor.script(CURRENT, &json!([])).await, "Flex <b>um</b>");

        visitor.presses("views-all").await;
        visitor.waits_for("all orders", "return location.search === ''", &json!([])).await;
        assert_eq!(visitor.script(CURRENT, &json!([])).await, visitor.word("views-all"));
        visitor.presses("views-arrange").await;
        visitor.fills("view-name", "Sozinhos").await;
        visitor.presses("view-rename").await;
        visitor.reads("flash-view-renamed").await;
        visitor.opens("/orders").await;
        let tabs = visitor.script(TABS, &json!([])).await;
        assert!(tabs.as_str().is_some_and(|tabs| tabs.contains("Sozinhos") && !tabs.contains("Flex")), "{tabs}");
        visitor.presses("views-arrange").await;
        visitor.presses("view-delete").await;
        visitor.reads("views-none").await;
    }

    async fn several_orders_are_picked_and_read_again(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        let item = shop.items("LUM-LUA-15")[0].clone();
        let numbers: Vec<String> = (0..3).map(|_| shop.sell(&item)).collect();
        owner.rest().await;
        visitor.opens("/orders?text=LUM-LUA").await;
        visitor.reads("pick-hint").await;
        let box_of = "return document.getElementById('pick-' + arguments[0]).click()";
        let order = owner.order(&numbers[0]).await.to_string();
        visitor.script(box_of, &json!([order])).await;
        visitor.sees(&visitor.word("picked.one").replace("{n}", "1")).await;
        visitor.script("return document.getElementById('pick-all').click()", &json!([])).await;
        let all = visitor.script(PICKED, &json!([])).await;
        assert!(all.as_i64().is_some_and(|all| all >= 3), "{all}");
        visitor.sees(&visitor.word("picked.other").replace("{n}", &all.to_string())).await;

        visitor.presses("pick-read").await;
        visitor.reads("flash-orders-reading").await;
        visitor.arrives_at("/orders?text=LUM-LUA").await;
        owner.rest().await;
        visitor.opens("/orders?text=LUM-LUA").await;
        visitor.presses("pick-read").await;
        visitor.reads("flash-none-picked").await;
    }
}

in_one_language! {
    async fn orders_are_picked_and_exported_without_scripts(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        let number = shop.sell(&shop.items("LUM-LUA-15")[0]);
        owner.rest().await;
        visitor.opens("/orders").await;
        // What the form sends, sent in its stead: a download leaves no page to look at.
        let send = "const form = document.querySelector('form.picks'); \
                    for (const box of form.querySelectorAll('input[name=order]')) box.checked = true; \
                    const body = new URLSearchParams(new FormData(form)); \
                    body.append('do', 'export'); \
                    return fetch(form.action, {method: 'POST', body}).then(async (answer) => \
                      [answer.headers.get('content-type'), answer.headers.get('content-disposition'), await answer.text()])";
        let file = visitor.script(send, &json!([])).await;
        assert_eq!(file[0], "text/csv; charset=utf-8");
        assert!(file[1].as_str().is_some_and(|name| name.starts_with("attachment; filename=\"lojista-")), "{file}");
        let text = file[2].as_str().unwrap_or_default();
        assert!(text.contains(visitor.word("filter-kind")) && text.contains(&number), "{text}");

        visitor.allows_scripts(false).await;
        visitor.opens("/orders").await;
        visitor.presses("pick-read").await;
        visitor.reads("flash-none-picked").await;
    }
}
