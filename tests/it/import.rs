//! The first import: promised by a dry run, left and resumed anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::Method;
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};

/// Mercado Livre forgets a scroll after five minutes.
const LONG_PAUSE: Duration = Duration::from_mins(6);

on_both! {
    async fn a_dry_run_changes_nothing_anywhere(shop) {
        let id = shop.authorize(CLASSIC_SELLER).await.expect("the seller consents");
        shop.run_until_idle().await;
        let world = shop.market().sandbox().snapshot();
        let plan = shop.app().plan(shop.organization, id).await.expect("the account is readable");
        let planned: BTreeSet<&str> = plan.rows.iter().map(|row| row.number.as_str()).collect();
        let ours = world.items.iter().filter(|item| item.seller_id == CLASSIC_SELLER).map(|item| item.id.as_str());
        assert_eq!(planned, ours.collect());
        assert!(plan.create > 0);
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
        assert!(plan.change > 0, "the two sellers share SKUs and show different numbers");
        let before = shown(&shop);
        shop.app().start_import(shop.organization, shop.member, id).await.expect("the import begins");
        shop.run_until_idle().await;
        let mut promised = before.clone();
        promised.extend(plan.rows.into_iter().map(|row| (row.number, row.will_show)));
        assert_eq!(shown(&shop), promised);
        assert_ne!(promised, before);
    }

    async fn an_order_that_comes_before_its_listing_was_read_is_set_aside_all_the_same(shop) {
        let item = shop.market().items_of(CLASSIC_SELLER, "CAB-HDMI-2M")[0].clone();
        let on_the_shelf = shop.market().shows(&item);
        let id = shop.authorize(CLASSIC_SELLER).await.expect("the seller consents");
        shop.app().start_import(shop.organization, shop.member, id).await.expect("the import begins");
        let number = shop.sell(&item, 2);
        shop.wait(Duration::from_secs(1));
        while shop.order(&number).await.is_none() {
            shop.deliver_hooks().await;
            shop.app().sort_hooks().await.expect("hooks are sorted");
            let jobs = shop.app().work_once().await.expect("jobs are taken");
            assert!(jobs > 0 || shop.order(&number).await.is_some(), "the hook brings the order");
        }
        shop.run_until_idle().await;
        let tally = shop.sku("CAB-HDMI-2M").await.tally;
        assert_eq!((tally.on_hand_units, tally.reserved_units), (on_the_shelf, 2));
        assert_eq!(shop.market().shows(&item), tally.available_units());
        assert_eq!(shop.number("SELECT COUNT(*) FROM order_line WHERE sku_id IS NULL").await, 0);
    }

    async fn two_imports_at_once_end_with_every_listing_at_the_lowest_count(shop) {
        for seller in [CLASSIC_SELLER, FAMILY_SELLER] {
            let id = shop.authorize(seller).await.expect("the seller consents");
            shop.app().start_import(shop.organization, shop.member, id).await.expect("the import begins");
        }
        shop.run_until_idle().await;
        let available: BTreeMap<_, _> =
            shop.skus().await.into_iter().map(|sku| (sku.id, sku.tally.available_units())).collect();
        let shown = shown(&shop);
        for listing in shop.listings().await {
            let Some(sku) = listing.sku.filter(|_| listing.variation_external_id.is_empty()) else { continue };
            assert_eq!(shown[&listing.external_id], available[&sku], "{}", listing.title);
        }
    }

    async fn a_list_whose_bookmark_expired_in_a_long_pause_is_read_from_its_beginning(shop) {
        let id = shop.authorize(CLASSIC_SELLER).await.expect("the seller consents");
        shop.app().start_import(shop.organization, shop.member, id).await.expect("the import begins");
        let halfway = "SELECT COUNT(*) FROM import_run WHERE next_page IS NOT NULL";
        while shop.number(halfway).await == 0 {
            shop.app().work_once().await.expect("jobs are taken");
        }
        let held = shop.number("SELECT listings_done FROM import_run").await;
        assert!(held > 0);
        shop.wait(LONG_PAUSE);
        shop.run_until_idle().await;
        assert_eq!(shop.texts("SELECT phase FROM import_run").await, ["done"]);
        let all = shop.number("SELECT listings_done FROM import_run").await;
        assert!(held < all, "one page does not hold all");
        assert_eq!(all, shop.number("SELECT COUNT(*) FROM listing").await, "none is counted twice");
        assert_eq!(shop.number("SELECT COUNT(*) FROM job WHERE state = 'dead'").await, 0);
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
        let ours: BTreeSet<String> =
            items.into_iter().filter(|item| item.seller_id == CLASSIC_SELLER).map(|item| item.id).collect();
        let held = shop.listings().await.into_iter().map(|listing| listing.external_id);
        assert_eq!(held.collect::<BTreeSet<_>>(), ours);
        let listings = shop.listings().await;
        for sku in shop.skus().await {
            let shown = listings.iter().filter(|listing| listing.sku == Some(sku.id)).map(|listing| listing.shown_units);
            assert_eq!(Some(sku.tally.on_hand_units), shown.min(), "{}", sku.code);
        }
        let phase = shop.texts("SELECT phase FROM import_run").await;
        assert_eq!(phase, ["done"]);
    }
}

fn shown(shop: &tests::TestApp) -> BTreeMap<String, i64> {
    shop.market()
        .sandbox()
        .snapshot()
        .items
        .into_iter()
        .map(|item| (item.id, item.available_quantity))
        .collect()
}
