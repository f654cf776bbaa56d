//! Kits in the whole house: what a kit's sale does to its components, and theirs to it, on three marketplaces at once.

use std::time::Duration;

use app::kits::KitError;
use app::shelf::AdjustError;
use app::split::ModeError;
use domain::Tally;
use domain::kit::Fault;
use domain::split::Mode;
use tests::{Marketplace, TestApp};

/// On sale everywhere: the kit, what it is made of, and something else.
const KIT: &str = "VASO-KIT-3";
const PART: &str = "VASO-GEO-P";
const OTHER: &str = "CAN-INOX-500";
const IN_A_KIT: i64 = 3;

async fn connect_all(shop: &TestApp) {
    for market in shop.marketplaces() {
        shop.connect_to(market).await;
    }
    shop.run_until_idle().await;
}

async fn count(shop: &TestApp, code: &str, units: i64) -> Result<(), AdjustError> {
    let sku = shop.sku(code).await.id;
    let counted = shop.app().adjust(shop.organization, shop.member, sku, units, 0, "contagem").await;
    shop.run_until_idle().await;
    counted.map(drop)
}

async fn keep(shop: &TestApp, kit: &str, recipe: &[(&str, i64)]) -> Result<(), KitError> {
    let id = shop.sku(kit).await.id;
    let recipe = recipe.iter().map(|(code, units)| ((*code).to_owned(), *units)).collect();
    let kept = shop.app().keep_kit(shop.organization, shop.member, id, recipe).await;
    shop.run_until_idle().await;
    kept
}

/// Connects everything and makes the kit.
async fn with_a_kit(shop: &TestApp) {
    connect_all(shop).await;
    count(shop, KIT, 0).await.expect("nothing of it lies on the shelf");
    keep(shop, KIT, &[(PART, IN_A_KIT)]).await.expect("it becomes a kit");
}

async fn tally(shop: &TestApp, code: &str) -> Tally {
    shop.sku(code).await.tally
}

/// Every listing of these goods shows what can be had of them.
async fn all_show_the_truth(shop: &TestApp, codes: &[&str], after: &str) {
    let parts = tally(shop, PART).await.available_units();
    assert_eq!(tally(shop, KIT).await.available_units(), parts / IN_A_KIT, "after {after}");
    for market in shop.marketplaces() {
        for code in codes {
            let (shown, available) = (market.shown(code), tally(shop, code).await.available_units());
            assert!(
                !shown.is_empty() && shown.iter().all(|units| *units == available),
                "{:?} shows {shown:?} of {code} instead of {available} after {after}",
                market.kind()
            );
        }
    }
}

/// Whoever sells several things in one order.
fn cart(shop: &TestApp, goods: &[(&str, i64)]) -> String {
    let sold = shop.marketplaces().into_iter().find_map(|market| market.sell_together(goods));
    sold.expect("one of them has carts")
}

fn first(shop: &TestApp) -> &dyn Marketplace {
    shop.marketplaces()[0]
}

on_both! { three_markets:
    async fn what_is_no_recipe_is_refused_and_nothing_changes(shop) {
        connect_all(&shop).await;
        let before = (tally(&shop, KIT).await, shop.number("SELECT COUNT(*) FROM audit_event").await);
        assert!(before.0.on_hand_units > 0);
        let id = shop.sku(KIT).await.id;
        let refused = keep(&shop, KIT, &[(PART, 3)]).await;
        assert!(matches!(refused, Err(KitError::Counted { units }) if units == before.0.on_hand_units), "{refused:?}");
        let refused = keep(&shop, KIT, &[("NADA", 3)]).await;
        assert!(matches!(&refused, Err(KitError::Unknown(code)) if code == "NADA"), "{refused:?}");
        for (recipe, fault) in [
            (&[][..], Fault::Empty),
            (&[(PART, 0)][..], Fault::Units(PART.into())),
            (&[(PART, -2)][..], Fault::Units(PART.into())),
            (&[(PART, 1), (PART, 2)][..], Fault::Twice(PART.into())),
            (&[(PART, 1), (KIT, 1)][..], Fault::Cycle(vec![KIT.into(), KIT.into()])),
        ] {
            let refused = keep(&shop, KIT, recipe).await;
            assert!(matches!(&refused, Err(KitError::Recipe(found)) if *found == fault), "{refused:?}");
        }
        let ended = shop.app().end_kit(shop.organization, shop.member, id).await;
        assert!(matches!(ended, Err(KitError::NoKit)), "{ended:?}");
        let after = (tally(&shop, KIT).await, shop.number("SELECT COUNT(*) FROM audit_event").await);
        assert_eq!((after, shop.number("SELECT COUNT(*) FROM kit_component").await), (before, 0));
    }

    async fn kits_do_not_nest_and_the_way_down_is_said(shop) {
        with_a_kit(&shop).await;
        count(&shop, OTHER, 0).await.expect("a count");
        let refused = keep(&shop, OTHER, &[(KIT, 1)]).await;
        let way = Fault::TooDeep(vec![OTHER.into(), KIT.into(), PART.into()]);
        assert!(matches!(&refused, Err(KitError::Recipe(found)) if *found == way), "{refused:?}");
        count(&shop, PART, 0).await.expect("a count");
        let refused = keep(&shop, PART, &[(OTHER, 1)]).await;
        let way = Fault::TooDeep(vec![KIT.into(), PART.into(), OTHER.into()]);
        assert!(matches!(&refused, Err(KitError::Recipe(found)) if *found == way), "{refused:?}");
        let refused = keep(&shop, PART, &[(KIT, 1)]).await;
        let way = Fault::Cycle(vec![PART.into(), KIT.into(), PART.into()]);
        assert!(matches!(&refused, Err(KitError::Recipe(found)) if *found == way), "{refused:?}");
    }

    async fn what_has_open_orders_is_no_kit_yet(shop) {
        connect_all(&shop).await;
        first(&shop).sell_sku(KIT, 2);
        shop.run_until_idle().await;
        let refused = keep(&shop, KIT, &[(PART, 3)]).await;
        assert!(matches!(refused, Err(KitError::Reserved { units: 2 })), "{refused:?}");
    }

    async fn a_kit_is_not_counted_and_neither_it_nor_its_components_are_split(shop) {
        with_a_kit(&shop).await;
        let counted = count(&shop, KIT, 5).await;
        assert!(matches!(counted, Err(AdjustError::Kit)), "{counted:?}");
        for code in [KIT, PART] {
            for mode in [Mode::Split, Mode::Auto { threshold_units: 500 }] {
                let sku = shop.sku(code).await.id;
                let chosen = shop.app().choose_mode(shop.organization, shop.member, sku, mode).await;
                assert!(matches!(chosen, Err(ModeError::InKit)), "{code} {mode:?}: {chosen:?}");
            }
        }
        all_show_the_truth(&shop, &[KIT, PART], "all that").await;
    }

    async fn what_is_split_goes_into_no_kit(shop) {
        connect_all(&shop).await;
        count(&shop, KIT, 0).await.expect("a count");
        let part = shop.sku(PART).await.id;
        let mode = Mode::Auto { threshold_units: 1 };
        shop.app().choose_mode(shop.organization, shop.member, part, mode).await.expect("the choice is kept");
        let refused = keep(&shop, KIT, &[(PART, 3)]).await;
        assert!(matches!(&refused, Err(KitError::Split(codes)) if codes[..] == [PART.to_owned()]), "{refused:?}");
        shop.app().choose_mode(shop.organization, shop.member, part, Mode::Shared).await.expect("the choice is kept");
        shop.run_until_idle().await;
        keep(&shop, KIT, &[(PART, 3)]).await.expect("now it may");
        all_show_the_truth(&shop, &[KIT, PART], "the choice").await;
    }

    async fn a_sale_of_a_kit_takes_its_components_and_every_listing_follows(shop) {
        with_a_kit(&shop).await;
        all_show_the_truth(&shop, &[KIT, PART], "the making").await;
        for market in shop.marketplaces() {
            let before = tally(&shop, PART).await;
            let order = market.sell_sku(KIT, 2);
            shop.run_until_idle().await;
            assert_eq!(shop.order(&order).await.map(|order| order.unit_count), Some(2), "two kits were sold");
            let after = tally(&shop, PART).await;
            assert_eq!(after.reserved_units, before.reserved_units + 2 * IN_A_KIT, "{:?}", market.kind());
            assert_eq!(after.on_hand_units, before.on_hand_units);
            all_show_the_truth(&shop, &[KIT, PART], "a sale").await;
        }
    }

    async fn a_sale_or_count_of_a_component_moves_the_kits_listings(shop) {
        with_a_kit(&shop).await;
        for market in shop.marketplaces() {
            market.sell_sku(PART, 2);
            shop.run_until_idle().await;
            all_show_the_truth(&shop, &[KIT, PART], market.kind().as_str()).await;
        }
        count(&shop, PART, 11).await.expect("a count");
        all_show_the_truth(&shop, &[KIT, PART], "a count").await;
    }

    async fn kits_that_share_a_component_follow_each_other(shop) {
        with_a_kit(&shop).await;
        count(&shop, OTHER, 0).await.expect("a count");
        keep(&shop, OTHER, &[(PART, 1), ("CAB-HDMI-2M", 2)]).await.expect("another kit");
        for market in shop.marketplaces() {
            market.sell_sku(OTHER, 1);
            shop.run_until_idle().await;
            all_show_the_truth(&shop, &[KIT, PART, OTHER, "CAB-HDMI-2M"], market.kind().as_str()).await;
        }
        let (parts, cables) = (tally(&shop, PART).await, tally(&shop, "CAB-HDMI-2M").await);
        assert_eq!((parts.reserved_units, cables.reserved_units), (3, 6));
    }

    async fn a_cart_of_a_kit_and_its_component_tells_the_listings_that_sold_both(shop) {
        with_a_kit(&shop).await;
        let before = tally(&shop, PART).await;
        cart(&shop, &[(KIT, 1), (PART, 2)]);
        shop.run_until_idle().await;
        assert_eq!(tally(&shop, PART).await.reserved_units, before.reserved_units + IN_A_KIT + 2);
        all_show_the_truth(&shop, &[KIT, PART], "the cart").await;
    }

    async fn a_call_off_gives_back_what_was_taken_whatever_the_recipe_says_today(shop) {
        with_a_kit(&shop).await;
        let before = (tally(&shop, PART).await, tally(&shop, OTHER).await);
        let order = first(&shop).sell_sku(KIT, 2);
        shop.run_until_idle().await;
        keep(&shop, KIT, &[(PART, 1), (OTHER, 4)]).await.expect("a recipe may change");
        assert_eq!(tally(&shop, PART).await.reserved_units, before.0.reserved_units + 2 * IN_A_KIT);
        shop.wait(Duration::from_secs(1));
        first(&shop).call_off(&order);
        shop.run_until_idle().await;
        let after = (tally(&shop, PART).await, tally(&shop, OTHER).await);
        assert_eq!((after.0.reserved_units, after.0.on_hand_units), (before.0.reserved_units, before.0.on_hand_units));
        assert_eq!(after.1.version, before.1.version, "the other was never touched");
        let kits = tally(&shop, KIT).await.available_units();
        assert_eq!(kits, after.0.available_units().min(after.1.available_units() / 4));
        for market in shop.marketplaces() {
            assert!(market.shown(KIT).iter().all(|units| *units == kits), "{:?}", market.shown(KIT));
        }
    }

    async fn a_kit_that_leaves_takes_its_components_off_the_shelf(shop) {
        with_a_kit(&shop).await;
        let before = tally(&shop, PART).await;
        let market = first(&shop);
        let order = market.sell_sku(KIT, 1);
        shop.pass(Duration::from_mins(1), Duration::from_secs(20)).await;
        market.hand_over(&order);
        shop.wait(Duration::from_secs(1));
        shop.run_until_idle().await;
        let after = tally(&shop, PART).await;
        assert_eq!(after.on_hand_units, before.on_hand_units - IN_A_KIT);
        assert_eq!(after.reserved_units, before.reserved_units);
        all_show_the_truth(&shop, &[KIT, PART], "the parcel left").await;
    }

    async fn an_import_does_not_count_a_kit(shop) {
        let [first, others @ ..] = &shop.marketplaces()[..] else { panic!("three of them") };
        shop.connect_to(*first).await;
        shop.run_until_idle().await;
        count(&shop, KIT, 0).await.expect("a count");
        keep(&shop, KIT, &[(PART, IN_A_KIT)]).await.expect("it becomes a kit");
        let entries = "SELECT COUNT(*) FROM ledger l JOIN sku s ON s.id = l.sku_id WHERE s.code = 'VASO-KIT-3'";
        let before = shop.number(entries).await;
        for market in others {
            market.sell_sku(KIT, 1);
            shop.connect_to(*market).await;
            shop.run_until_idle().await;
        }
        assert_eq!(shop.number(entries).await, before);
        assert_eq!(tally(&shop, PART).await.reserved_units, 2 * IN_A_KIT, "what was on order is set aside");
        all_show_the_truth(&shop, &[KIT, PART], "the imports").await;
    }

    async fn a_listing_that_is_linked_to_a_kit_sells_its_components_from_then_on(shop) {
        with_a_kit(&shop).await;
        let kit = shop.sku(KIT).await.id;
        let listing = shop.listings().await.into_iter().find(|listing| listing.sku == Some(kit));
        let listing = listing.expect("it is linked").id;
        shop.app().link(shop.organization, shop.member, listing, None).await.expect("it is unlinked");
        let before = tally(&shop, PART).await;
        shop.app().link(shop.organization, shop.member, listing, Some(KIT)).await.expect("it is linked");
        shop.run_until_idle().await;
        assert_eq!(tally(&shop, PART).await, before, "nothing is counted");
        all_show_the_truth(&shop, &[KIT, PART], "the link").await;
    }

    async fn a_kit_that_ends_has_no_units_and_is_counted_like_anything_else(shop) {
        with_a_kit(&shop).await;
        let order = first(&shop).sell_sku(KIT, 1);
        shop.run_until_idle().await;
        let kit = shop.sku(KIT).await.id;
        shop.app().end_kit(shop.organization, shop.member, kit).await.expect("it ends");
        shop.run_until_idle().await;
        let shown = |shop: &TestApp| -> Vec<i64> {
            shop.marketplaces().iter().flat_map(|market| market.shown(KIT)).collect()
        };
        assert!(shown(&shop).iter().all(|units| *units == 0), "{:?}", shown(&shop));
        for units in [4, 9] {
            count(&shop, KIT, units).await.expect("it is counted now");
            assert!(shown(&shop).iter().all(|shown| *shown == units), "{:?}", shown(&shop));
        }
        let before = tally(&shop, PART).await;
        shop.wait(Duration::from_secs(1));
        first(&shop).call_off(&order);
        shop.run_until_idle().await;
        let after = tally(&shop, PART).await;
        assert_eq!(after.reserved_units, before.reserved_units - IN_A_KIT, "what was set aside comes back");
        count(&shop, KIT, 0).await.expect("a count");
        keep(&shop, KIT, &[(PART, IN_A_KIT)]).await.expect("it becomes a kit once more");
        all_show_the_truth(&shop, &[KIT, PART], "all of it").await;
    }
}
