//! The flash-sale shield in the whole house: what is held back in a burst of sales, shown as held back, and given back.

use std::time::Duration;

use app::split::{ModeError, Sharing};
use axum::body::{Body, to_bytes};
use domain::shield::{BURST, LOOK_AT_BURST, Shield};
use domain::split::Mode;
use domain::{ConnectionId, Restricted, SkuId};
use http::{Request, header};
use store::listings::Listing;
use store::pages::{ListingFilter, ListingShow};
use tests::shop::{EMAIL, PASSWORD};
use tests::{Marketplace, TestApp};
use tower::ServiceExt as _;
use web::WebConfig;

/// On sale everywhere.
const SHARED: &str = "CAN-INOX-500";
/// How long news takes at the marketplace that sells.
const NEWS: Duration = Duration::from_secs(8);
/// Long enough that a sale is in no burst any more.
const LATER: Duration = Duration::from_mins(1);
/// Writes of one listing are a second apart.
const NEXT_WRITE: Duration = Duration::from_millis(1_100);
const LONGEST_PAGE: usize = 4 * 1024 * 1024;

/// The marketplace that sells.
fn seller(shop: &TestApp) -> &dyn Marketplace {
    shop.marketplaces()[1]
}

/// Everything is connected; gives the account that sells.
async fn connected(shop: &TestApp) -> ConnectionId {
    let mut seller = None;
    for (place, market) in shop.marketplaces().into_iter().enumerate() {
        let id = shop.connect_to(market).await;
        seller = seller.or((place == 1).then_some(id));
    }
    shop.run_until_idle().await;
    seller.expect("there are several")
}

/// One sale of which the news takes so long, which is all that is measured then.
async fn news_takes(shop: &TestApp, took: Duration) {
    seller(shop).sell_sku(SHARED, 1);
    shop.wait(took);
    shop.run_until_idle().await;
    shop.pass(LATER, LATER).await;
}

/// So many are bought at once, and learned of so much later; what is due a moment later is done, too.
async fn burst(shop: &TestApp, sales: usize, took: Duration) {
    for _ in 0..sales {
        seller(shop).sell_sku(SHARED, 1);
    }
    shop.wait(took);
    shop.settle().await;
    shop.wait(NEXT_WRITE);
    shop.settle().await;
}

async fn listings(shop: &TestApp) -> Vec<Listing> {
    let sku = shop.sku(SHARED).await.id;
    shop.see(move |tenant| tenant.listings_of_sku(sku)).await
}

async fn available(shop: &TestApp) -> i64 {
    shop.sku(SHARED).await.tally.available_units()
}

/// Units that each listing of another account holds back, of which all hold back as many.
async fn held_elsewhere(shop: &TestApp, seller: ConnectionId) -> i64 {
    let mut held: Vec<i64> = listings(shop)
        .await
        .into_iter()
        .filter(|listing| listing.connection != seller)
        .map(|listing| listing.held_units)
        .collect();
    held.dedup();
    assert_eq!(held.len(), 1, "{held:?}");
    held[0]
}

/// What the marketplaces show but for the one that sells.
fn shown_elsewhere(shop: &TestApp) -> Vec<i64> {
    let selling = seller(shop).kind();
    let others = shop.marketplaces().into_iter().filter(|market| market.kind() != selling);
    others.flat_map(|market| market.shown(SHARED)).collect()
}

async fn all_show_everything(shop: &TestApp, when: &str) {
    let available = available(shop).await;
    let shown: Vec<i64> = shop.marketplaces().iter().flat_map(|market| market.shown(SHARED)).collect();
    assert!(shown.iter().all(|units| *units == available), "{when}: {shown:?} of {available}");
    assert!(listings(shop).await.iter().all(|it| it.held_units == 0 && it.held_since.is_none()), "{when}");
}

async fn choose(shop: &TestApp, shield: Shield) -> Result<(), ModeError> {
    let sharing = Sharing { shield: Some(shield), ..Mode::Shared.into() };
    let sku = shop.sku(SHARED).await.id;
    shop.app().choose_mode(shop.organization, shop.member, sku, sharing).await
}

/// A page of the shop, as its owner sees it.
async fn page(shop: &TestApp, path: &str) -> String {
    let visit = app::sign_in::Visit::from_network("203.0.113.9");
    let password = Restricted::new(PASSWORD.to_owned());
    let entry = shop.app().sign_in(EMAIL, password, &visit).await.expect("the password is right");
    let entry = entry.entered().expect("and enough");
    let config = WebConfig {
        secure_cookies: true,
        trusted_proxies: Vec::new(),
        pages_per_minute: None,
        hook_door: "door".into(),
    };
    let request = Request::get(path)
        .header(header::COOKIE, format!("__Host-session={}", entry.session.expose()))
        .body(Body::empty());
    let answer = web::router(shop.app(), config).oneshot(request.expect("a request")).await;
    let body = to_bytes(answer.expect("it is answered").into_body(), LONGEST_PAGE).await;
    String::from_utf8(body.expect("a page").to_vec()).expect("text")
}

fn path_of(sku: SkuId) -> String {
    format!("/skus/{sku}")
}

on_both! { three_markets:
    async fn a_few_sales_hold_nothing_back_however_long_their_news_takes(shop) {
        connected(&shop).await;
        news_takes(&shop, NEWS).await;
        burst(&shop, 2, NEWS).await;
        all_show_everything(&shop, "two sales").await;
        assert_eq!(shop.number("SELECT COUNT(*) FROM hold_back").await, 0);
    }

    async fn many_orders_that_are_only_learned_of_at_once_are_no_burst(shop) {
        connected(&shop).await;
        news_takes(&shop, NEWS).await;
        for _ in 0..4 {
            seller(&shop).sell_sku(SHARED, 1);
            // Nobody works meanwhile, as if the program was away.
            shop.wait(BURST);
        }
        shop.settle().await;
        assert_eq!(shop.number("SELECT COUNT(*) FROM hold_back").await, 0);
        shop.leaves_jobs();
    }

    async fn delays_are_measured_per_account_and_a_standstill_is_none(shop) {
        let selling = connected(&shop).await;
        let measured = async |shop: &TestApp| {
            let connection = shop.see(move |tenant| tenant.connection(selling)).await.expect("it is connected");
            (connection.news_delay.measured(), connection.write_delay.measured())
        };
        shop.turn().await;
        assert_eq!(measured(&shop).await.0, None, "an import measures nothing");
        seller(&shop).sell_sku(SHARED, 1);
        shop.wait(Duration::from_mins(11));
        shop.run_until_idle().await;
        shop.turn().await;
        assert_eq!(measured(&shop).await.0, None, "so long is no delay");
        news_takes(&shop, NEWS).await;
        let news = measured(&shop).await.0.expect("it is measured");
        assert!((NEWS..NEWS + Duration::from_secs(2)).contains(&news), "{news:?}");
        shop.marketplaces()[0].sell_sku(SHARED, 1);
        shop.pass(LATER, NEXT_WRITE).await;
        assert!(measured(&shop).await.1.is_some(), "the seller was told of a sale elsewhere");
    }

    async fn a_burst_is_held_back_elsewhere_and_given_back_when_it_is_over(shop) {
        let selling = connected(&shop).await;
        news_takes(&shop, NEWS).await;
        burst(&shop, 6, NEWS).await;
        let (held, available) = (held_elsewhere(&shop, selling).await, available(&shop).await);
        assert!((3..=available / 2).contains(&held), "6 in 20 s, 8 s late: {held} of {available}");
        assert!(shown_elsewhere(&shop).iter().all(|units| *units == available - held), "{:?}", shown_elsewhere(&shop));
        assert_eq!(seller(&shop).shown(SHARED), [available], "who sells most has the last ones");
        let drift = ListingFilter { show: ListingShow::Drift, ..ListingFilter::default() };
        assert_eq!(shop.see(move |tenant| tenant.listing_page(None, &drift)).await, [], "that is no drift");
        shop.run_until_idle().await;
        all_show_everything(&shop, "the burst is over").await;
    }

    async fn what_is_held_back_is_said_now_and_of_then(shop) {
        let selling = connected(&shop).await;
        news_takes(&shop, NEWS).await;
        let sku = shop.sku(SHARED).await.id;
        assert!(!page(&shop, &path_of(sku)).await.contains("Corrida de vendas: "));
        burst(&shop, 6, NEWS).await;
        let held = held_elsewhere(&shop, selling).await;
        let then = shop.now();
        let now = page(&shop, &path_of(sku)).await;
        for words in ["Corrida de vendas: ", &format!("Guarda {held} unidades desde"), "6 vendidas em outros anúncios", "a notícia leva"] {
            assert!(now.contains(words), "{words}");
        }
        let account = page(&shop, &format!("/connections/{selling}")).await;
        assert!(account.contains("Da venda até sabermos dela"), "{account}");
        shop.pass(LATER, LATER).await;
        assert!(!page(&shop, &path_of(sku)).await.contains("Guarda "), "it is over");
        let past = page(&shop, &format!("{}?at={}", path_of(sku), then.to_business_field())).await;
        assert!(past.contains(&format!("Guarda {held} unidades desde")), "what was then is said of then");
    }

    async fn half_is_the_limit_until_the_seller_says_otherwise(shop) {
        let selling = connected(&shop).await;
        let late = Duration::from_mins(4);
        news_takes(&shop, late).await;
        burst(&shop, 4, late).await;
        let available = available(&shop).await;
        let at_the_third_sale = (available + 1) / 2;
        assert_eq!(held_elsewhere(&shop, selling).await, at_the_third_sale, "4 in 20 s, minutes late");
        shop.wait(LOOK_AT_BURST);
        shop.settle().await;
        assert_eq!(held_elsewhere(&shop, selling).await, available / 2, "when it is looked at");
        choose(&shop, Shield::Full).await.expect("the choice is kept");
        shop.settle().await;
        let all = held_elsewhere(&shop, selling).await;
        assert!(all > available / 2 && all <= available, "{all} of {available}");
        choose(&shop, Shield::Off).await.expect("the choice is kept");
        // The number of before is on its way yet, and the next one goes a second later.
        for _ in 0..2 {
            shop.wait(NEXT_WRITE);
            shop.settle().await;
        }
        all_show_everything(&shop, "the seller wants none").await;
        burst(&shop, 4, late).await;
        all_show_everything(&shop, "nor later").await;
    }

    async fn a_listing_that_sells_something_else_now_holds_nothing_back_of_it(shop) {
        let selling = connected(&shop).await;
        news_takes(&shop, NEWS).await;
        burst(&shop, 6, NEWS).await;
        let other = listings(&shop).await.into_iter().find(|it| it.connection != selling).expect("another");
        assert!(other.held_units > 0);
        let linked = shop.app().link(shop.organization, shop.member, other.id, Some("VASO-GEO-P")).await;
        linked.expect("it is linked");
        shop.run_until_idle().await;
        let id = other.id;
        let now = shop.see(move |tenant| tenant.listing(id)).await.expect("it is there");
        assert_eq!((now.held_units, now.held_since), (0, None));
        assert!(listings(&shop).await.iter().all(|it| it.held_units == 0), "the others came back");
    }
}
