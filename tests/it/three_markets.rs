//! The same way through the house on every marketplace, and from each of them to the
//! others: what one sells, all of them stop offering.

use std::collections::BTreeSet;
use std::time::Duration;

use app::clockwork::SWEEP_EVERY;
use domain::connection::ReauthorizationReason;
use domain::order::CancelledBy;
use domain::stock::Tally;
use domain::{ChannelKind, ConnectionId, ConnectionState, OrderState};
use sandbox::{Fault, FaultRule};
use store::connections::Connection;
use tests::simulate::CONVERGES_WITHIN;
use tests::{Marketplace, TestApp};

use crate::hooks::rows;

/// On sale everywhere.
const SHARED: &str = "CAN-INOX-500";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
/// TikTok Shop's hour of remorse, and a little more.
const MAY_BE_SENT_AFTER: Duration = Duration::from_mins(61);

/// Connects one shop of each marketplace.
async fn connect_all(shop: &TestApp) -> Vec<(&dyn Marketplace, ConnectionId)> {
    let mut connected = Vec::new();
    for market in shop.marketplaces() {
        connected.push((market, shop.connect_to(market).await));
    }
    connected
}

async fn connection(shop: &TestApp, id: ConnectionId) -> Connection {
    shop.see(move |tenant| tenant.connection(id)).await.expect("the connection is held")
}

async fn state(shop: &TestApp, order: &str) -> Option<OrderState> {
    shop.order(order).await.map(|order| order.state)
}

async fn tally(shop: &TestApp) -> Tally {
    shop.sku(SHARED).await.tally
}

/// Every listing of the shared goods shows what is on the shelf for everybody.
async fn all_show_what_is_available(shop: &TestApp, after: &str) {
    let available = tally(shop).await.available_units();
    for market in shop.marketplaces() {
        let shown = market.shown(SHARED);
        assert!(
            !shown.is_empty() && shown.iter().all(|units| *units == available),
            "{:?} shows {shown:?} instead of {available} after {after}",
            market.kind()
        );
    }
}

/// A sale whose hooks are lost, and right after it a count that writes every listing: the
/// marketplace has one unit more than it should, once the sale is called off.
async fn sell_unseen_and_write(shop: &TestApp, market: &dyn Marketplace) -> String {
    shop.settle().await;
    // A listing is written once a second at most.
    shop.wait(SECOND);
    let sku = shop.sku(SHARED).await;
    market.suffer(vec![FaultRule::new("", Fault::HookDrop)]);
    let order = market.sell_sku(SHARED, 1);
    let fewer = sku.tally.on_hand_units - 5;
    let counted = shop.app().adjust(shop.organization, shop.member, sku.id, fewer, 0, "fewer").await;
    counted.expect("the count is kept");
    shop.settle().await;
    assert_eq!(state(shop, &order).await, None, "nobody has told us yet");
    all_show_what_is_available(shop, "the count").await;
    order
}

/// What a paid order is at first: TikTok Shop lets buyers take it back for an hour.
fn fresh(kind: ChannelKind) -> OrderState {
    match kind {
        ChannelKind::TikTokShop => OrderState::AwaitingPayment,
        ChannelKind::MercadoLivre | ChannelKind::Shopee => OrderState::ToDispatch,
    }
}

on_both! { three_markets:
    async fn listings_of_one_code_are_one_sku_at_import(shop) {
        let connected = connect_all(&shop).await;
        let sku = shop.sku(SHARED).await.id;
        let linked = shop.listings().await.into_iter().filter(|listing| listing.sku == Some(sku));
        let connections: BTreeSet<ConnectionId> = linked.map(|listing| listing.connection).collect();
        assert_eq!(connections, connected.iter().map(|(_, id)| *id).collect());
        let codes: Vec<String> = shop.skus().await.into_iter().map(|sku| sku.code).collect();
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "a code is one SKU");
        all_show_what_is_available(&shop, "the imports").await;
    }

    async fn a_sale_is_told_by_its_hook_and_lowers_all_other_listings(shop) {
        for (market, id) in connect_all(&shop).await {
            let (before, began) = (tally(&shop).await, shop.now());
            let order = market.sell_sku(SHARED, 2);
            shop.run_until_idle().await;
            let kind = market.kind();
            assert!(connection(&shop, id).await.last_hook_at >= Some(began), "{kind:?} sent a hook");
            let held = shop.order(&order).await.expect("the order is held");
            assert_eq!((held.state, held.unit_count), (fresh(kind), 2), "{kind:?}");
            let after = tally(&shop).await;
            assert_eq!(after.on_hand_units, before.on_hand_units, "{kind:?}");
            assert_eq!(after.reserved_units, before.reserved_units + 2, "{kind:?}");
            all_show_what_is_available(&shop, kind.as_str()).await;
        }
    }

    async fn a_lost_hook_is_healed_by_the_sweep(shop) {
        for (market, _) in connect_all(&shop).await {
            market.suffer(vec![FaultRule::new("", Fault::HookDrop)]);
            let before = tally(&shop).await;
            let order = market.sell_sku(SHARED, 1);
            shop.settle().await;
            assert_eq!(state(&shop, &order).await, None, "nobody has told us yet");
            shop.pass(SWEEP_EVERY + MINUTE, MINUTE).await;
            assert_eq!(state(&shop, &order).await, Some(fresh(market.kind())));
            assert_eq!(tally(&shop).await.reserved_units, before.reserved_units + 1);
            market.suffer(Vec::new());
            all_show_what_is_available(&shop, market.kind().as_str()).await;
        }
    }

    async fn a_call_off_that_no_hook_told_is_known_within_minutes(shop) {
        for (market, _) in connect_all(&shop).await {
            let (kind, before) = (market.kind(), tally(&shop).await);
            let order = market.sell_sku(SHARED, 2);
            shop.run_until_idle().await;
            market.suffer(vec![FaultRule::new("", Fault::HookDrop)]);
            shop.wait(SECOND);
            market.call_off(&order);
            shop.settle().await;
            assert_eq!(state(&shop, &order).await, Some(fresh(kind)), "nobody has told us yet");
            shop.pass(CONVERGES_WITHIN, MINUTE / 4).await;
            let called_off = OrderState::Cancelled(CancelledBy::Buyer);
            assert_eq!(state(&shop, &order).await, Some(called_off), "{kind:?}");
            assert_eq!(tally(&shop).await.available_units(), before.available_units(), "{kind:?}");
            all_show_what_is_available(&shop, kind.as_str()).await;
        }
    }

    async fn what_changed_in_the_second_in_which_it_was_read_is_read_again(shop) {
        for (market, _) in connect_all(&shop).await {
            let order = market.sell_sku(SHARED, 1);
            shop.settle().await;
            assert_eq!(state(&shop, &order).await, Some(fresh(market.kind())));
            market.suffer(vec![FaultRule::new("", Fault::HookDrop)]);
            market.call_off(&order);
            shop.pass(CONVERGES_WITHIN, MINUTE / 4).await;
            let called_off = OrderState::Cancelled(CancelledBy::Buyer);
            assert_eq!(state(&shop, &order).await, Some(called_off), "{:?}", market.kind());
        }
    }

    async fn what_a_list_says_has_changed_is_read_until_it_is_shown(shop) {
        connect_all(&shop).await;
        let mut markets = shop.marketplaces().into_iter();
        let market = markets.find(|market| market.kind() == ChannelKind::TikTokShop).expect("there are three");
        let order = market.sell_sku(SHARED, 1);
        shop.run_until_idle().await;
        let no_hooks = FaultRule::new("", Fault::HookDrop);
        let stale = FaultRule::new("/order/202507", Fault::StaleRead { seconds: 3_600 });
        market.suffer(vec![no_hooks.clone(), stale]);
        shop.wait(SECOND);
        market.call_off(&order);
        shop.pass(SWEEP_EVERY, MINUTE / 4).await;
        assert_eq!(state(&shop, &order).await, Some(fresh(market.kind())), "as it was an hour ago");
        market.suffer(vec![no_hooks]);
        shop.pass(MINUTE, SECOND * 5).await;
        let called_off = OrderState::Cancelled(CancelledBy::Buyer);
        assert_eq!(state(&shop, &order).await, Some(called_off), "before the next sweep");
    }

    async fn a_sale_that_our_write_erased_and_nobody_read_is_seen_by_its_number(shop) {
        for (market, _) in connect_all(&shop).await {
            let order = sell_unseen_and_write(&shop, market).await;
            market.call_off(&order);
            shop.pass(CONVERGES_WITHIN, MINUTE / 4).await;
            all_show_what_is_available(&shop, market.kind().as_str()).await;
        }
    }

    async fn a_call_off_of_a_sale_that_our_write_erased_is_followed_at_once(shop) {
        for (market, _) in connect_all(&shop).await {
            let order = sell_unseen_and_write(&shop, market).await;
            market.suffer(Vec::new());
            let began = shop.now();
            market.call_off(&order);
            shop.run_until_idle().await;
            assert!(shop.now().since(began) < MINUTE, "no sweep was needed");
            all_show_what_is_available(&shop, market.kind().as_str()).await;
        }
    }

    /// The last unit is sold here and there at once: the one that a buyer gives back is owed
    /// to the other.
    async fn a_unit_that_comes_back_from_a_double_sale_is_offered_nowhere(shop) {
        connect_all(&shop).await;
        let sku = shop.sku(SHARED).await;
        let counted = shop.app().adjust(shop.organization, shop.member, sku.id, 1, 0, "the last one").await;
        counted.expect("the count is kept");
        shop.settle().await;
        shop.pass(MINUTE * 10, MINUTE).await;
        let markets = shop.marketplaces();
        let orders: Vec<String> = markets.iter().map(|market| market.sell_sku(SHARED, 1)).collect();
        shop.settle().await;
        assert_eq!(tally(&shop).await.oversold_units(), 2);
        for (market, order) in markets.iter().zip(orders).skip(1) {
            shop.wait(MINUTE * 3);
            market.call_off(&order);
            shop.settle().await;
            all_show_what_is_available(&shop, market.kind().as_str()).await;
        }
    }

    /// Two units are sold here and two there: the number is right, by chance, before the
    /// first sale is seen.
    async fn a_sale_that_made_a_number_look_right_is_taken_off_once_it_is_seen(shop) {
        for (market, _) in connect_all(&shop).await {
            let elsewhere = shop.marketplaces().into_iter().find(|other| other.kind() != market.kind());
            shop.pass(MINUTE * 10, MINUTE).await;
            market.suffer(vec![FaultRule::new("", Fault::HookDrop)]);
            market.sell_sku(SHARED, 2);
            elsewhere.expect("there are three").sell_sku(SHARED, 2);
            shop.settle().await;
            market.suffer(Vec::new());
            shop.pass(SWEEP_EVERY + MINUTE, MINUTE / 4).await;
            all_show_what_is_available(&shop, market.kind().as_str()).await;
        }
    }

    async fn a_parcel_takes_its_units_along_once(shop) {
        for (market, _) in connect_all(&shop).await {
            let (kind, before) = (market.kind(), tally(&shop).await);
            let order = market.sell_sku(SHARED, 2);
            shop.pass(MAY_BE_SENT_AFTER, MINUTE).await;
            assert_eq!(state(&shop, &order).await, Some(OrderState::ToDispatch), "{kind:?}");
            for reached in [OrderState::Shipped, OrderState::Delivered] {
                shop.wait(SECOND);
                if reached == OrderState::Shipped {
                    market.hand_over(&order);
                } else {
                    market.deliver(&order);
                }
                shop.run_until_idle().await;
                assert_eq!(state(&shop, &order).await, Some(reached), "{kind:?}");
                let after = tally(&shop).await;
                assert_eq!(after.on_hand_units, before.on_hand_units - 2, "{kind:?} {reached:?}");
                assert_eq!(after.reserved_units, before.reserved_units, "{kind:?} {reached:?}");
                all_show_what_is_available(&shop, kind.as_str()).await;
            }
        }
    }

    async fn an_order_that_is_called_off_gives_its_units_back_everywhere(shop) {
        for (market, _) in connect_all(&shop).await {
            let (kind, before) = (market.kind(), tally(&shop).await);
            let order = market.sell_sku(SHARED, 3);
            shop.run_until_idle().await;
            assert_eq!(tally(&shop).await.available_units(), before.available_units() - 3, "{kind:?}");
            shop.wait(SECOND);
            market.call_off(&order);
            shop.run_until_idle().await;
            assert_eq!(state(&shop, &order).await, Some(OrderState::Cancelled(CancelledBy::Buyer)), "{kind:?}");
            let after = tally(&shop).await;
            assert_eq!((after.on_hand_units, after.reserved_units), (before.on_hand_units, before.reserved_units), "{kind:?}");
            all_show_what_is_available(&shop, kind.as_str()).await;
        }
    }

    async fn a_token_is_renewed_and_the_account_stays_what_it_was(shop) {
        for (market, id) in connect_all(&shop).await {
            let (kind, before, renewed) = (market.kind(), connection(&shop, id).await, market.renewed());
            shop.wait(before.life.access_expires_at.since(shop.now()) + MINUTE);
            shop.run_until_idle().await;
            let after = connection(&shop, id).await;
            assert_eq!(after.state, ConnectionState::Active, "{kind:?}");
            assert_eq!(market.renewed(), renewed + 1, "{kind:?}");
            assert_eq!(after.token_version, before.token_version + 1, "{kind:?}");
            assert!(after.life.access_expires_at > shop.now(), "{kind:?}");
            assert_eq!(after.handle, before.handle, "{kind:?}");
            assert_eq!(after.handle.is_some(), kind == ChannelKind::TikTokShop, "only ciphers are kept");
            let order = market.sell_sku(SHARED, 1);
            shop.run_until_idle().await;
            assert_eq!(state(&shop, &order).await, Some(fresh(kind)));
        }
    }

    async fn the_end_of_a_consent_is_read_and_no_renewal_moves_it(shop) {
        for (market, id) in connect_all(&shop).await {
            let before = connection(&shop, id).await;
            let wanted = before.consented_at.plus(market.consent_lasts());
            let end_of = |it: &Connection| it.life.consent_expires_at.map(|end| end.as_millis() / 1_000);
            assert_eq!(end_of(&before), Some(wanted.as_millis() / 1_000), "{:?}", market.kind());
            shop.wait(before.life.access_expires_at.since(shop.now()) + MINUTE);
            shop.run_until_idle().await;
            let after = connection(&shop, id).await;
            assert_eq!(after.token_version, before.token_version + 1);
            if market.kind() != ChannelKind::MercadoLivre {
                assert_eq!(end_of(&after), end_of(&before), "{:?}", market.kind());
            }
        }
    }

    async fn consent_that_is_taken_back_stops_one_connection_and_new_consent_revives_it(shop) {
        let connected = connect_all(&shop).await;
        for (market, id) in &connected {
            let order = market.sell_sku(SHARED, 1);
            shop.deliver_hooks().await;
            market.end_consent();
            shop.run_until_idle().await;
            let ended = ConnectionState::NeedsReauthorization(ReauthorizationReason::ConsentEnded);
            assert_eq!(connection(&shop, *id).await.state, ended, "{:?}", market.kind());
            assert_eq!(state(&shop, &order).await, None);
            let letters = shop.problems().await;
            assert!(letters.iter().any(|letter| letter.kind == "fetch_order"), "{letters:?}");
            for (_, other) in connected.iter().filter(|(_, other)| other != id) {
                assert_eq!(connection(&shop, *other).await.state, ConnectionState::Active);
            }

            let again = shop.authorize_at(*market).await.expect("the owner consents again");
            assert_eq!(again, *id, "the same account is the same connection");
            shop.run_until_idle().await;
            assert_eq!(connection(&shop, *id).await.state, ConnectionState::Active);
            assert!(state(&shop, &order).await.is_some(), "{:?}", market.kind());
            assert_eq!(shop.problems().await, []);
        }
    }

    async fn a_hook_that_the_platform_did_not_sign_is_refused_and_leaves_nothing(shop) {
        for (market, _) in connect_all(&shop).await {
            // Mercado Livre signs nothing; what is not for this application is no hook of ours.
            let signs = market.kind() != ChannelKind::MercadoLivre;
            let refused = if signs { 401 } else { 400 };
            let before = rows(&shop).await;
            market.forge_hook("260105ABCDEF01");
            let forged = market.due_hooks(shop.now());
            assert_eq!(forged.len(), 1);
            for hook in &forged {
                assert_eq!(shop.bring_hook(market, hook).await, Some(refused), "{:?}", market.kind());
            }
            let order = market.sell_sku(SHARED, 1);
            let signed = market.due_hooks(shop.now());
            for hook in signed.iter().filter(|_| signs) {
                let mut unsigned = hook.clone();
                unsigned.headers.clear();
                let mut altered = hook.clone();
                altered.body = hook.body.replacen('1', "2", 1);
                assert_ne!(altered.body, hook.body);
                for hook in [unsigned, altered] {
                    assert_eq!(shop.bring_hook(market, &hook).await, Some(401), "{:?}", market.kind());
                }
            }
            shop.app().sort_hooks().await.expect("hooks are sorted");
            assert_eq!(rows(&shop).await, before, "{:?}", market.kind());
            for hook in &signed {
                assert_eq!(shop.bring_hook(market, hook).await, Some(200), "{:?}", market.kind());
                market.hook_answered(hook.id, Some(200));
            }
            shop.run_until_idle().await;
            assert!(state(&shop, &order).await.is_some(), "{:?}", market.kind());
        }
    }
}
