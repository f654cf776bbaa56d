//! The first import: promised by a dry run, left and resumed anywhere.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};

on_both! {
    async fn a_dry_run_changes_nothing_anywhere(shop) {
        let id = shop.authorize(CLASSIC_SELLER).await.expect("the seller consents");
        shop.run_until_idle().await;
        let world = shop.market().sandbox().snapshot();
        let plan = shop.app().plan(shop.organization, id).await.expect("the account is readable");
        assert_eq!(plan.listings, world.items.iter().filter(|item| item.seller_id == CLASSIC_SELLER).count());
        assert!(plan.new_skus > 0);
        // Time passes, hooks come: nothing runs before the owner agrees.
        shop.sell(&shop.market().items_of(CLASSIC_SELLER, "CAB-HDMI-2M")[0], 1);
        let world = shop.market().sandbox().snapshot();
        shop.wait(Duration::from_secs(1));
        shop.run_until_idle().await;
        assert_eq!(shop.market().sandbox().snapshot(), world);
        assert_eq!(shop.market().count(&Method::PUT, "/"), 0);
        let kept = "SELECT (SELECT COUNT(*) FROM listing) + (SELECT COUNT(*) FROM sku) + (SELECT COUNT(*) FROM orders) \
                         + (SELECT COUNT(*) FROM ledger)";
        assert_eq!(shop.number(kept).await, 0);
    }

    async fn the_import_changes_what_the_dry_run_said_and_nothing_else(shop) {
        shop.connect_classic().await;
        let id = shop.authorize(FAMILY_SELLER).await.expect("the seller consents");
        let plan = shop.app().plan(shop.organization, id).await.expect("the account is readable");
        assert!(!plan.changes.is_empty(), "the two sellers share SKUs and show different numbers");
        let before = shown(&shop);
        shop.app().start_import(shop.organization, shop.member, id).await.expect("the import begins");
        shop.run_until_idle().await;
        let after = shown(&shop);
        let mut changed: Vec<(i64, i64)> =
            before.iter().filter(|(item, shows)| after[*item] != **shows).map(|(item, shows)| (*shows, after[item])).collect();
        let mut promised: Vec<(i64, i64)> = plan.changes.iter().map(|change| (change.shows, change.will_show)).collect();
        changed.sort_unstable();
        promised.sort_unstable();
        assert_eq!(changed, promised);
    }

    async fn an_import_that_is_cut_off_goes_on_where_it_was(shop) {
        let id = shop.authorize(CLASSIC_SELLER).await.expect("the seller consents");
        shop.app().start_import(shop.organization, shop.member, id).await.expect("the import begins");
        for restart in 2..6 {
            shop.app().work_once().await.expect("jobs are taken");
            shop.crash().at("job taken, not begun");
            shop.app().work_once().await.expect("jobs are taken");
            shop.wait(store::jobs::LEASE + Duration::from_secs(1));
            shop.restart(&format!("node-{restart}")).await;
            shop.turn().await;
        }
        shop.run_until_idle().await;
        let items = shop.market().sandbox().snapshot().items;
        let ours = items.iter().filter(|item| item.seller_id == CLASSIC_SELLER).count();
        assert_eq!(shop.listings().await.len(), ours);
        let counted_twice = "SELECT COUNT(*) FROM (SELECT sku_id FROM ledger WHERE kind = 'opening' \
                             AND reason = 'first count at import' GROUP BY sku_id HAVING COUNT(*) > 1) twice";
        assert_eq!(shop.number(counted_twice).await, 0);
        let phase = shop.texts("SELECT phase FROM import_run").await;
        assert_eq!(phase, ["done"]);
    }
}

fn shown(shop: &tests::TestApp) -> BTreeMap<String, i64> {
    shop.market().sandbox().snapshot().items.into_iter().map(|item| (item.id, item.available_quantity)).collect()
}
