//! Split mode in the whole house: each listing has units of its own, on three marketplaces at once.

use std::time::Duration;

use app::profits::PastCost;
use app::split::{ModeError, Sharing};
use domain::profit::best_margin;
use domain::split::Mode;
use domain::{ListingId, Timestamp};
use sandbox::{Fault, FaultRule};
use store::pages::ListingFilter;
use tests::TestApp;

/// On sale everywhere.
const SHARED: &str = "CAN-INOX-500";
/// So few are not divided any more.
const LAST_UNITS: i64 = 2;
/// Longer than anything here was sold ago.
const A_MONTH: Duration = Duration::from_hours(24 * 30);
const STEP: Duration = Duration::from_secs(10);
const A_WHILE: Duration = Duration::from_mins(10);
/// Until the first look at a sale's money, and the hour of TikTok Shop's buyers.
const FIRST_LOOK: Duration = Duration::from_mins(125);

async fn connect_all(shop: &TestApp) {
    for market in shop.marketplaces() {
        shop.connect_to(market).await;
    }
    shop.settle().await;
}

async fn choose(shop: &TestApp, mode: Mode) {
    let sku = shop.sku(SHARED).await.id;
    shop.app().choose_mode(shop.organization, shop.member, sku, mode).await.expect("the choice is kept");
    shop.pass(A_WHILE, STEP).await;
}

/// Split, with the last units to a listing.
fn to(listing: ListingId) -> Sharing {
    Sharing { last_units_to: Some(listing), ..Mode::Split.into() }
}

async fn is_split(shop: &TestApp) -> bool {
    let sku = shop.sku(SHARED).await.id;
    shop.see(move |tenant| tenant.sku_split(sku)).await.is_some_and(|chosen| chosen.is_split)
}

/// Units that all listings together show at their marketplaces.
fn shown(shop: &TestApp) -> Vec<i64> {
    shop.marketplaces().iter().flat_map(|market| market.shown(SHARED)).collect()
}

/// What is promised is sure, and what is shown is not more than what is there.
async fn no_unit_is_shown_twice(shop: &TestApp, when: &str) {
    let sku = shop.sku(SHARED).await;
    let quotas = shop.see(move |tenant| tenant.quotas(sku.id)).await;
    let (available, shown) = (sku.tally.available_units(), shown(shop));
    assert!(quotas.iter().all(|quota| quota.is_known), "{when}: {quotas:?}");
    let promised: i64 = quotas.iter().map(|quota| quota.bound_units).sum();
    assert!(promised <= available, "{when}: {promised} promised of {available}");
    let total: i64 = shown.iter().sum();
    assert!(total <= available && total > 0, "{when}: {shown:?} of {available}");
}

async fn count(shop: &TestApp, units: i64) {
    let sku = shop.sku(SHARED).await.id;
    let counted = shop.app().adjust(shop.organization, shop.member, sku, units, 0, "contagem").await;
    counted.expect("the count is kept");
    shop.pass(A_WHILE, STEP).await;
}

on_both! { three_markets:
    async fn a_split_sku_offers_each_unit_once_and_a_shared_one_everywhere(shop) {
        connect_all(&shop).await;
        let available = shop.sku(SHARED).await.tally.available_units();
        choose(&shop, Mode::Split).await;
        no_unit_is_shown_twice(&shop, "split").await;
        assert_eq!(shown(&shop).iter().sum::<i64>(), available, "all of them are on offer: {:?}", shown(&shop));
        choose(&shop, Mode::Shared).await;
        assert!(shown(&shop).iter().all(|units| *units == available), "{:?}", shown(&shop));
        shop.leaves_jobs();
    }

    async fn sales_take_units_of_their_own_listing_alone(shop) {
        connect_all(&shop).await;
        choose(&shop, Mode::Split).await;
        for market in shop.marketplaces() {
            market.sell_sku(SHARED, 1);
            shop.run_until_idle().await;
            no_unit_is_shown_twice(&shop, market.kind().as_str()).await;
        }
        assert_eq!(shop.sku(SHARED).await.tally.reserved_units, 3);
        shop.leaves_jobs();
    }

    async fn a_sale_that_nobody_told_of_is_read_before_its_units_go_elsewhere(shop) {
        connect_all(&shop).await;
        choose(&shop, Mode::Split).await;
        let market = shop.marketplaces()[1];
        market.suffer(vec![FaultRule::new("", Fault::HookDrop)]);
        let order = market.sell_sku(SHARED, 1);
        // Fewer than are promised: everything has to come down, and up again elsewhere.
        let fewer = shop.sku(SHARED).await.tally.on_hand_units / 2;
        count(&shop, fewer).await;
        assert!(shop.order(&order).await.is_some(), "the orders were read first");
        no_unit_is_shown_twice(&shop, "after the count").await;
        shop.leaves_jobs();
    }

    async fn an_automatic_sku_splits_when_few_are_left_and_shares_when_many_came(shop) {
        connect_all(&shop).await;
        choose(&shop, Mode::Auto { threshold_units: 6 }).await;
        assert!(!is_split(&shop).await);
        count(&shop, 5).await;
        assert!(is_split(&shop).await);
        no_unit_is_shown_twice(&shop, "few").await;
        count(&shop, 60).await;
        assert!(!is_split(&shop).await);
        assert!(shown(&shop).iter().all(|units| *units == 60), "{:?}", shown(&shop));
        shop.leaves_jobs();
    }

    async fn the_last_units_go_to_the_listing_that_was_chosen(shop) {
        connect_all(&shop).await;
        let sku = shop.sku(SHARED).await.id;
        let listings = shop.see(move |tenant| tenant.listings_of_sku(sku)).await;
        let last = listings.last().expect("it is on sale").clone();
        let chosen = shop.app().choose_mode(shop.organization, shop.member, sku, to(last.id)).await;
        chosen.expect("the choice is kept");
        shop.pass(A_WHILE, STEP).await;
        let reserved = shop.sku(SHARED).await.tally.reserved_units;
        count(&shop, reserved + LAST_UNITS).await;
        let quotas = shop.see(move |tenant| tenant.quotas(sku)).await;
        for quota in quotas {
            let units = if quota.listing == last.id { LAST_UNITS } else { 0 };
            assert_eq!(quota.bound_units, units, "{}", quota.listing);
        }
    }

    async fn the_last_units_go_to_where_the_sku_earns_most_once_its_cost_is_known(shop) {
        connect_all(&shop).await;
        let sku = shop.sku(SHARED).await.id;
        for market in shop.marketplaces() {
            market.sell_sku(SHARED, 1);
        }
        // Mercado Livre sells most: that is who has them while nothing is known.
        shop.marketplaces()[0].sell_sku(SHARED, 1);
        shop.pass(FIRST_LOOK, A_WHILE).await;
        let where_most = Sharing { by_margin: true, ..Mode::Split.into() };
        let chosen = shop.app().choose_mode(shop.organization, shop.member, sku, where_most).await;
        chosen.expect("the choice is kept");
        assert_eq!(shop.see(move |tenant| tenant.earned_of(sku, Timestamp::EPOCH)).await.len(), 3);
        let the_last = async || {
            shop.pass(A_WHILE, STEP).await;
            let reserved = shop.sku(SHARED).await.tally.reserved_units;
            // Down and up again: who is to have them is asked anew.
            count(&shop, reserved).await;
            count(&shop, reserved + LAST_UNITS).await;
            let quotas = shop.see(move |tenant| tenant.quotas(sku)).await;
            let holds: Vec<ListingId> =
                quotas.iter().filter(|quota| quota.bound_units > 0).map(|quota| quota.listing).collect();
            let listings = shop.see(move |tenant| tenant.listings_of_sku(sku)).await;
            let holder = listings.into_iter().find(|listing| holds == [listing.id]);
            holder.expect("one of them alone").connection
        };
        let selling_most = the_last().await;

        let from = shop.now().minus(A_MONTH);
        let cost = PastCost { sku, cost_minor: 1_000, tax_basis_points: None, from };
        shop.app().enter_past_cost(shop.organization, shop.member, cost).await.expect("the cost is kept");
        shop.run_until_idle().await;
        let earned = shop.see(move |tenant| tenant.earned_of(sku, Timestamp::EPOCH)).await;
        let best = best_margin(&earned).expect("every cost is known").at;
        assert_ne!(best, selling_most, "or this would prove nothing: {earned:?}");
        assert_eq!(the_last().await, best);
    }

    async fn the_last_units_cannot_go_to_a_listing_of_another_sku(shop) {
        shop.connect_classic().await;
        let sku = shop.sku(SHARED).await.id;
        let others = shop.see(|tenant| tenant.listing_page(None, &ListingFilter::default())).await;
        let other = others.iter().map(|(listing, _)| listing).find(|listing| listing.sku != Some(sku));
        let other = other.expect("the shop sells something else").id;
        let refused = shop.app().choose_mode(shop.organization, shop.member, sku, to(other)).await;
        assert!(matches!(refused, Err(ModeError::Listing)), "{refused:?}");
        assert_eq!(shop.see(move |tenant| tenant.sku_split(sku)).await, None);
    }

    async fn a_threshold_that_is_none_is_refused(shop) {
        shop.connect_classic().await;
        let sku = shop.sku(SHARED).await.id;
        for threshold_units in [-1, 0, 10_001] {
            let mode = Mode::Auto { threshold_units };
            let refused = shop.app().choose_mode(shop.organization, shop.member, sku, mode).await;
            assert!(matches!(refused, Err(ModeError::Threshold)), "{threshold_units}: {refused:?}");
        }
        assert_eq!(shop.see(move |tenant| tenant.sku_split(sku)).await, None);
    }
}
