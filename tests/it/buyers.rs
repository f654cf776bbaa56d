//! Orders found by who bought: nothing before it is switched on, nothing readable while it
//! is, nothing at all afterwards.

use std::time::Duration;

use app::buyers::{BUYERS_KEPT, NoBuyer};
use app::clockwork::SWEEP_EVERY;
use domain::{ChannelKind, SubjectId};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::products::BUYERS;
use store::pages::{OrderFilter, Turn};
use tests::TestApp;

const SKU: &str = "CAN-INOX-500";
const HOUR: Duration = Duration::from_hours(1);
/// TikTok Shop's hour of remorse, and a little more.
const MAY_BE_SENT_AFTER: Duration = Duration::from_mins(61);

/// Sells one unit; gives the order's number, and its buyer's name and document.
fn sell(shop: &TestApp) -> (String, String, String) {
    let item = shop.market().items_of(CLASSIC_SELLER, SKU).swap_remove(0);
    let number = shop.sell(&item, 1);
    let (name, document) = shop.market().sandbox().with_world(|world| {
        let order = world.orders.values().find(|order| order.id.to_string() == number).expect("it was sold");
        let buyer = &world.users[&order.buyer_id];
        (format!("{} {}", buyer.first_name, buyer.last_name), buyer.document.1.clone())
    });
    (number, name, document)
}

async fn switch(shop: &TestApp, on: bool) {
    shop.app().find_buyers(shop.organization, shop.member, on).await.expect("it is switched");
}

async fn swept(shop: &TestApp) {
    shop.wait(SWEEP_EVERY);
    shop.settle().await;
}

async fn search(shop: &TestApp, text: &str) -> Result<Vec<SubjectId>, NoBuyer> {
    shop.app().search_buyers(shop.organization, shop.member, text).await
}

/// The numbers of the orders that a search leads to.
async fn orders_of(shop: &TestApp, text: &str) -> Vec<String> {
    let Ok(buyers) = search(shop, text).await else { return Vec::new() };
    let filter = OrderFilter { buyers, ..OrderFilter::default() };
    let page = shop.see(move |tenant| tenant.order_page(&filter, Turn::First)).await;
    page.rows.into_iter().map(|row| row.external_id).collect()
}

/// Sells one unit on each marketplace, and waits until it may be sent and is known.
async fn sold_everywhere(shop: &TestApp) -> Vec<(ChannelKind, String)> {
    let sold =
        shop.marketplaces().into_iter().map(|market| (market.kind(), market.sell_sku(SKU, 1))).collect();
    shop.settle().await;
    shop.wait(MAY_BE_SENT_AFTER);
    shop.settle().await;
    swept(shop).await;
    sold
}

/// The orders of everybody who buys in the sandboxes, by their names.
async fn orders_of_anybody(shop: &TestApp) -> Vec<String> {
    let mut found = Vec::new();
    for buyer in BUYERS {
        found.extend(orders_of(shop, buyer.name).await);
    }
    found
}

fn asked(shop: &TestApp) -> usize {
    shop.market().count_of(|call| call.path.contains("billing-info"))
}

async fn kept(shop: &TestApp) -> (i64, i64) {
    let buyers = shop.number("SELECT COUNT(*) FROM buyer").await;
    (buyers, shop.number("SELECT COUNT(*) FROM buyer_term").await)
}

on_both! {
    async fn nobody_asks_who_bought_before_it_is_switched_on(shop) {
        shop.connect_classic().await;
        let (_, name, _) = sell(&shop);
        shop.run_until_idle().await;
        swept(&shop).await;
        assert_eq!((asked(&shop), kept(&shop).await), (0, (0, 0)));
        assert!(matches!(search(&shop, &name).await, Err(NoBuyer::Off)));
    }

    async fn orders_under_way_and_new_ones_are_found_by_name_and_document(shop) {
        shop.connect_classic().await;
        let (before, _, earlier) = sell(&shop);
        shop.run_until_idle().await;
        switch(&shop, true).await;
        swept(&shop).await;
        assert!(orders_of(&shop, &earlier).await.contains(&before), "it was under way");

        let (after, name, document) = sell(&shop);
        shop.run_until_idle().await;
        swept(&shop).await;
        for text in [name.clone(), name.to_uppercase(), document.clone(), format!(" {document} ")] {
            assert!(orders_of(&shop, &text).await.contains(&after), "{text}");
        }
        let once = asked(&shop);
        swept(&shop).await;
        assert_eq!(asked(&shop), once, "a buyer is asked for once an order");
    }

    async fn nothing_that_is_kept_can_be_read(shop) {
        shop.connect_classic().await;
        switch(&shop, true).await;
        let (_, name, document) = sell(&shop);
        shop.run_until_idle().await;
        swept(&shop).await;
        assert!(!orders_of(&shop, &name).await.is_empty());
        let mut all = shop.texts("SELECT external_id FROM buyer").await;
        all.extend(shop.texts("SELECT details || subject_id FROM audit_event").await);
        all.extend(shop.texts("SELECT payload || cause || COALESCE(error, '') || COALESCE(exchange, '') FROM job").await);
        let all = all.join("\n").to_lowercase();
        for word in name.split(' ').chain([document.as_str()]) {
            assert!(!all.contains(&word.to_lowercase()), "{word} is kept");
        }
        let searched = shop.texts("SELECT details FROM audit_event WHERE action = 'buyer.searched'").await;
        assert_eq!(searched.len(), 1, "that somebody looked is an event: {searched:?}");
    }

    async fn switched_off_everybody_is_forgotten_at_once(shop) {
        shop.connect_classic().await;
        switch(&shop, true).await;
        let (_, name, _) = sell(&shop);
        shop.run_until_idle().await;
        swept(&shop).await;
        assert_ne!(kept(&shop).await.1, 0);
        switch(&shop, false).await;
        assert_eq!(kept(&shop).await, (0, 0));
        assert!(matches!(search(&shop, &name).await, Err(NoBuyer::Off)));
        switch(&shop, true).await;
        assert!(matches!(search(&shop, &name).await, Err(NoBuyer::Nobody)));
    }

    async fn a_buyer_is_forgotten_in_time_even_where_the_account_stands_still(shop) {
        shop.connect_classic().await;
        switch(&shop, true).await;
        let (_, name, _) = sell(&shop);
        shop.run_until_idle().await;
        swept(&shop).await;
        assert!(!orders_of(&shop, &name).await.is_empty());
        assert!(shop.meddle(&["UPDATE connection SET state = 'needs_reauthorization', state_reason = 'consent_ended'"]).await);
        shop.wait(BUYERS_KEPT + HOUR);
        shop.turn().await;
        assert_eq!(kept(&shop).await, (0, 0));
        assert!(matches!(search(&shop, &name).await, Err(NoBuyer::Nobody)));
        let told = shop.number("SELECT COUNT(*) FROM audit_event WHERE action = 'buyer.forgotten'").await;
        assert_eq!(told, 1);
    }

    async fn who_disconnects_an_account_forgets_its_buyers(shop) {
        let connection = shop.connect_classic().await;
        switch(&shop, true).await;
        sell(&shop);
        shop.run_until_idle().await;
        swept(&shop).await;
        assert_ne!(kept(&shop).await.1, 0);
        shop.app().disconnect(shop.organization, shop.member, connection).await.expect("it is disconnected");
        assert_eq!(kept(&shop).await, (0, 0));
    }

    async fn what_nobody_can_be_called_is_told_apart_from_what_nobody_is_called(shop) {
        shop.connect_classic().await;
        switch(&shop, true).await;
        for text in ["", "123", "---"] {
            assert!(matches!(search(&shop, text).await, Err(NoBuyer::Unreadable)), "{text}");
        }
        for text in ["Zuleica Inexistente", "000.000.001-91", "+55 11 90000-0000"] {
            assert!(matches!(search(&shop, text).await, Err(NoBuyer::Nobody)), "{text}");
        }
    }
}

on_both! { three_markets:
    async fn every_marketplace_is_asked_in_its_own_way(shop) {
        switch(&shop, true).await;
        for market in shop.marketplaces() {
            shop.connect_to(market).await;
            market.show_buyers();
        }
        let sold = sold_everywhere(&shop).await;
        let found = orders_of_anybody(&shop).await;
        for (kind, number) in sold {
            assert!(found.contains(&number), "{kind:?} {number} is not among {found:?}");
        }
    }

    async fn who_is_masked_is_not_found_and_nothing_fails(shop) {
        switch(&shop, true).await;
        for market in shop.marketplaces() {
            shop.connect_to(market).await;
        }
        let sold = sold_everywhere(&shop).await;
        let found = orders_of_anybody(&shop).await;
        for (kind, number) in sold {
            // TikTok Shop masks what it ships itself.
            assert_eq!(found.contains(&number), kind != ChannelKind::TikTokShop, "{kind:?}");
        }
        assert!(shop.problems().await.is_empty());
    }
}
