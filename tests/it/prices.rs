//! Prices: what a rule makes of fees and costs, prices that change at their platforms once and only once, spans that
//! end, and a floor that holds whatever happens meanwhile.

use std::time::Duration;

use app::prices::change::{Asked, PriceWish, WishError};
use app::profits::PastCost;
use app::publish::Answer;
use app::{App, steps};
use domain::offer::Mend;
use domain::pricing::{BatchState, ChangeState, Ending, FeeTable, Fees, Goal, Policy, PriceWhy, Share};
use domain::{ConnectionId, Currency, ListingId, Money, PriceBatchId, SkuId, Timestamp};
use store::listings::Listing;
use store::price_changes::Change;
use tests::TestApp;

use crate::drafts::{complete, product};

/// On sale everywhere.
const SHARED: &str = "CAN-INOX-500";
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const COST: i64 = 2_000;

fn fees() -> FeeTable {
    let commission = Share::from_basis_points(1_000).expect("a tenth");
    FeeTable::flat(Fees { commission, per_item_minor: 400, ..Fees::default() })
}

fn policy() -> Policy {
    let ending = Ending::new(100, 90).expect("an ending");
    Policy {
        goal: Goal::Amount(1_000),
        ending,
        floor_minor: 2_500,
        never_at_a_loss: true,
        packaging_minor: 0,
    }
}

async fn costs(shop: &TestApp, sku: SkuId, cost_minor: i64) {
    let from = shop.now().minus(MINUTE);
    let cost = PastCost { sku, cost_minor, tax_basis_points: Some(0), from };
    shop.app().enter_past_cost(shop.organization, shop.member, cost).await.expect("it is kept");
}

/// Types an account's fees and its rule.
async fn ruled(shop: &TestApp, account: ConnectionId) {
    let (app, organization, member) = (shop.app(), shop.organization, shop.member);
    app.keep_fees(organization, member, account, None, fees()).await.expect("fees are kept");
    app.keep_price_rule(organization, member, account, None, Some(policy())).await.expect("a rule is kept");
}

/// An account's listing of the shared goods, with fees, a rule and a cost.
async fn listed(shop: &TestApp, account: ConnectionId) -> Listing {
    let sku = shop.sku(SHARED).await.id;
    costs(shop, sku, COST).await;
    ruled(shop, account).await;
    let all = shop.listings().await;
    let found = all.into_iter().find(|it| it.connection == account && it.sku == Some(sku));
    found.expect("it is on sale there")
}

fn wish(listing: &Listing, minor: i64) -> PriceWish {
    let prices = vec![(listing.id, minor, PriceWhy::Hand)];
    PriceWish { connection: listing.connection, prices, from: None, until: None }
}

async fn change(shop: &TestApp, wish: PriceWish) -> Result<Asked, WishError> {
    shop.app().change_prices(shop.organization, shop.member, wish).await
}

async fn history(shop: &TestApp, listing: ListingId) -> Vec<Change> {
    shop.see(move |tenant| tenant.price_history(listing)).await
}

async fn states(shop: &TestApp, batch: PriceBatchId) -> Vec<ChangeState> {
    shop.see(move |tenant| tenant.price_changes(batch)).await.into_iter().map(|it| it.state).collect()
}

on_both! { three_markets:
    async fn a_price_changes_at_each_marketplace_and_is_not_written_twice(shop) {
        for market in shop.marketplaces() {
            let account = shop.connect_to(market).await;
            shop.run_until_idle().await;
            let listing = listed(&shop, account).await;
            let kind = market.kind();
            let before = listing.price.expect("it shows one");
            let to = before.minor + 100;
            let asked = change(&shop, wish(&listing, to)).await.expect("it is asked for");
            assert!(matches!(asked, Asked::Agreed(_)), "{kind:?}: one price is not asked about");
            shop.run_until_idle().await;
            assert_eq!(states(&shop, asked.batch()).await, [ChangeState::Done], "{kind:?}");
            let done = history(&shop, listing.id).await;
            assert_eq!((done[0].asked.from, done[0].to().minor, done[0].found_minor), (before, to, Some(before.minor)));
            // The shop forgets what it wrote; the platform has it all the same.
            let forgotten = listing.id;
            shop.app().organization(shop.organization)
                .write(move |tenant| tenant.note_price(forgotten, Money::new(before.minor, Currency::Brl)))
                .await.expect("it is forgotten");
            let again = change(&shop, wish(&listing, to)).await.expect("it is asked for");
            shop.run_until_idle().await;
            assert_eq!(states(&shop, again.batch()).await, [ChangeState::Nothing], "{kind:?}: it shows it already");
            let id = listing.id;
            let kept = shop.see(move |tenant| tenant.listing(id)).await.expect("it is there").price;
            assert_eq!(kept, Some(Money::new(to, Currency::Brl)), "{kind:?}");
        }
    }
}

on_both! {
    async fn what_cannot_be_meant_is_refused_and_nothing_is_kept(shop) {
        let account = shop.connect_classic().await;
        let other = shop.connect_family().await;
        let listing = listed(&shop, account).await;
        let now = shop.now();
        let refused = change(&shop, wish(&listing, 0)).await;
        assert!(matches!(refused, Err(WishError::NoPrice(_))), "{refused:?}");
        let refused = change(&shop, wish(&listing, -100)).await;
        assert!(matches!(refused, Err(WishError::NoPrice(_))), "{refused:?}");
        let shown = listing.price.expect("it shows one").minor;
        let refused = change(&shop, wish(&listing, shown)).await;
        assert!(matches!(refused, Err(WishError::Nothing)), "{refused:?}");
        let refused = change(&shop, PriceWish { connection: other, ..wish(&listing, 9_000) }).await;
        assert!(matches!(refused, Err(WishError::Unpriced(_))), "of another account: {refused:?}");
        for (from, until) in [
            (None, Some(now)),
            (Some(now.plus(HOUR)), Some(now.plus(HOUR))),
            (Some(now.plus(HOUR * 24 * 400)), None),
            (None, Some(now.plus(HOUR * 24 * 400))),
        ] {
            let refused = change(&shop, PriceWish { from, until, ..wish(&listing, 9_000) }).await;
            assert!(matches!(refused, Err(WishError::Span)), "{from:?} {until:?}: {refused:?}");
        }
        // Cost 20.00, fees 10 % and 4.00: 26.66 loses a cent, and 25.00 is the typed floor.
        for (minor, least) in [(2_499, 2_667), (2_666, 2_667)] {
            let refused = change(&shop, wish(&listing, minor)).await;
            let Err(WishError::BelowFloor(low)) = refused else { panic!("{minor}: {refused:?}") };
            assert_eq!(low[0].least, Some(Money::new(least, Currency::Brl)), "{minor}");
        }
        assert_eq!(history(&shop, listing.id).await, [], "nothing of it was kept");
        let past = shop.app().keep_fees(shop.organization, shop.member, account, Some(Timestamp::EPOCH), fees()).await;
        assert!(past.is_err(), "what was true is not changed");
    }

    async fn many_prices_and_odd_ones_are_asked_about_first(shop) {
        let account = shop.connect_classic().await;
        let listing = listed(&shop, account).await;
        let shown = listing.price.expect("it shows one").minor;
        let odd = change(&shop, wish(&listing, shown * 100)).await.expect("it is kept");
        assert!(matches!(odd, Asked::Staged(_)), "a comma that slipped");
        shop.run_until_idle().await;
        assert_eq!(states(&shop, odd.batch()).await, [ChangeState::Waiting], "nothing goes before somebody agrees");
        let (app, organization, member) = (shop.app(), shop.organization, shop.member);
        assert!(app.agree_to_prices(organization, member, odd.batch(), Vec::new()).await.expect("it is there"));
        shop.run_until_idle().await;
        assert_eq!(states(&shop, odd.batch()).await, [ChangeState::CalledOff], "it was not named");
        assert!(!app.agree_to_prices(organization, member, odd.batch(), Vec::new()).await.expect("it is there"));

        let careful = shop.app().asking_from(0);
        let staged = careful.change_prices(organization, member, wish(&listing, shown + 10)).await.expect("kept");
        assert!(matches!(staged, Asked::Staged(_)), "more than the number that is set");
        assert_eq!(app.call_off_prices(organization, member, staged.batch()).await.expect("it is there"), 1);
        let batch = staged.batch();
        let state = shop.see(move |tenant| tenant.price_batch(batch)).await.expect("it is there").state;
        assert_eq!(state, BatchState::Dropped);
        let meant = change(&shop, wish(&listing, shown * 11)).await.expect("it is kept");
        let batch = meant.batch();
        let id = shop.see(move |tenant| tenant.price_changes(batch)).await[0].asked.id;
        assert!(app.agree_to_prices(organization, member, meant.batch(), vec![id]).await.expect("it is there"));
        shop.run_until_idle().await;
        assert_eq!(states(&shop, meant.batch()).await, [ChangeState::Done], "somebody said that it is meant");
    }

    async fn a_span_begins_and_ends_and_leaves_alone_what_came_between(shop) {
        let account = shop.connect_classic().await;
        let listing = listed(&shop, account).await;
        let (id, shown) = (listing.id, listing.price.expect("it shows one").minor);
        let (from, until) = (shop.now().plus(HOUR), shop.now().plus(HOUR * 2));
        let span = |minor| PriceWish { from: Some(from), until: Some(until), ..wish(&listing, minor) };
        let sale = change(&shop, span(shown - 10)).await.expect("it is kept");
        shop.settle().await;
        assert_eq!(states(&shop, sale.batch()).await, [ChangeState::Waiting], "its time has not come");
        shop.run_until_idle().await;
        assert!(shop.now() >= until);
        assert_eq!(states(&shop, sale.batch()).await, [ChangeState::Done; 2], "there and back");
        let kept = shop.see(move |tenant| tenant.listing(id)).await.expect("it is there").price;
        assert_eq!(kept.map(|price| price.minor), Some(shown), "it is what it was");
    }

    async fn a_span_is_called_off_and_what_somebody_typed_meanwhile_stays(shop) {
        let account = shop.connect_classic().await;
        let listing = listed(&shop, account).await;
        let shown = listing.price.expect("it shows one").minor;
        let until = Some(shop.now().plus(HOUR));
        let (organization, member) = (shop.organization, shop.member);
        let sale = change(&shop, PriceWish { until, ..wish(&listing, shown - 10) }).await.expect("it is kept");
        shop.settle().await;
        assert_eq!(states(&shop, sale.batch()).await, [ChangeState::Done, ChangeState::Waiting]);
        change(&shop, wish(&listing, shown + 50)).await.expect("somebody types another price");
        shop.run_until_idle().await;
        assert_eq!(states(&shop, sale.batch()).await, [ChangeState::Done, ChangeState::Overtaken]);
        let later = Some(shop.now().plus(HOUR));
        let off = change(&shop, PriceWish { from: later, ..wish(&listing, shown) }).await.expect("it is kept");
        assert_eq!(shop.app().call_off_prices(organization, member, off.batch()).await.expect("it is there"), 1);
        shop.run_until_idle().await;
        assert_eq!(states(&shop, off.batch()).await, [ChangeState::CalledOff]);
    }

    async fn a_cost_that_rose_meanwhile_keeps_a_price_from_going_below_the_floor(shop) {
        let account = shop.connect_classic().await;
        let listing = listed(&shop, account).await;
        let shown = listing.price.expect("it shows one").minor;
        let from = Some(shop.now().plus(HOUR));
        let sale = change(&shop, PriceWish { from, ..wish(&listing, shown - 10) }).await.expect("it is kept");
        costs(&shop, listing.sku.expect("it sells one"), shown).await;
        shop.run_until_idle().await;
        assert_eq!(states(&shop, sale.batch()).await, [ChangeState::BelowFloor], "it is not applied, and told");
        let id = listing.id;
        let kept = shop.see(move |tenant| tenant.listing(id)).await.expect("it is there").price;
        assert_eq!(kept.map(|price| price.minor), Some(shown));
    }

    async fn a_price_that_was_cut_off_is_written_once_and_still_goes_back(shop) {
        let account = shop.connect_classic().await;
        let listing = listed(&shop, account).await;
        let shown = listing.price.expect("it shows one").minor;
        let until = Some(shop.now().plus(HOUR * 4));
        let sale = change(&shop, PriceWish { until, ..wish(&listing, shown - 10) }).await.expect("it is kept");
        for (number, step) in steps::PRICES.into_iter().enumerate() {
            shop.crash().at(step);
            shop.settle().await;
            assert_eq!(shop.crash().ended_at(), Some(step));
            shop.wait(store::jobs::LEASE + MINUTE);
            shop.restart(&format!("node-{}", number + 2)).await;
        }
        shop.run_until_idle().await;
        assert_eq!(states(&shop, sale.batch()).await, [ChangeState::Done; 2]);
        let ends: Vec<i64> = history(&shop, listing.id).await.iter().map(|it| it.asked.to_minor).collect();
        assert_eq!(ends, [shown, shown - 10], "it went back to what it was before the first try");
    }

    async fn a_draft_is_given_the_rules_price_and_not_published_below_the_floor(shop) {
        let account = shop.connect_classic().await;
        let product = product(&shop).await;
        complete(&shop, product, account).await;
        ruled(&shop, account).await;
        let (app, organization, member) = (shop.app(), shop.organization, shop.member);
        let open = app.open_draft(organization, product, account).await.expect("it opens");
        let skus: Vec<Option<SkuId>> = open.product.product.variants.iter().map(|it| it.sku).collect();
        let (same, lacks) = App::suggest_prices(&open.draft, &skus, &open.stock.pricings);
        assert_eq!((same, lacks), (open.draft.clone(), vec![app::prices::Lack::Cost]), "nothing is guessed");
        for sku in skus.iter().flatten() {
            costs(&shop, *sku, COST).await;
        }
        let open = app.open_draft(organization, product, account).await.expect("it opens");
        let (suggested, lacks) = App::suggest_prices(&open.draft, &skus, &open.stock.pricings);
        // (20.00 + 4.00 + 10.00) / 0.9 = 37.78, and it ends in ,90.
        assert_eq!((suggested.price.as_str(), lacks), ("37,90", Vec::new()));
        let mut low = open.draft.clone();
        low.price = "26,66".into();
        let wish = app::drafts::DraftWish { product, connection: account, seen: open.version, draft: low };
        app.save_draft(organization, member, wish).await.expect("a draft may say anything");
        let held = app.open_draft(organization, product, account).await.expect("it opens");
        let asked = held.asked.as_ref().expect("the platform says").clone().expect("a category is chosen");
        let faults = held.stock.read(&held.draft, &held.product, &asked).faults;
        assert_eq!(faults.len(), skus.len());
        assert!(faults.iter().all(|fault| fault.mend == Mend::OverFloor(Some(2_667))), "{faults:?}");
        let answers = app.publish_product(organization, member, product, &[account]).await.expect("an answer");
        assert_eq!(answers, [(account, Answer::Faults(skus.len()))], "below the floor nothing is published");
    }
}
