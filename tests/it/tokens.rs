//! Tokens: renewed once, kept until the new pair is, and three failures that are not one.

use std::time::Duration;

use domain::connection::ReauthorizationReason;
use domain::{ConnectionId, ConnectionState};
use http::Method;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{Fault, FaultRule};
use serde_json::json;
use tests::TestApp;

const SHARED: &str = "CAN-INOX-500";
/// An access token lives six hours.
const TOKEN_OVER: Duration = Duration::from_hours(7);

async fn state(shop: &TestApp, id: ConnectionId) -> ConnectionState {
    shop.see(move |tenant| tenant.connection(id)).await.expect("the connection is held").state
}

async fn pair(shop: &TestApp, id: ConnectionId) -> (i64, Vec<u8>) {
    let held = shop.see(move |tenant| tenant.credentials(id)).await.expect("a pair is held");
    let refresh = held.tokens.refresh.expect("a refresh token is held");
    (held.connection.token_version, refresh.as_bytes().to_vec())
}

on_both! {
    async fn two_processes_renew_a_pair_once(shop) {
        let id = shop.connect_classic().await;
        let other = shop.second_process("node-2").await;
        shop.wait(TOKEN_OVER);
        let before = shop.market().renewals();
        let held = shop.market().hold("/oauth/token");
        let release = async {
            held.arrived().await;
            held.release();
        };
        let app = shop.app();
        let (one, two, ()) = tokio::join!(app.plan(shop.organization, id), other.plan(shop.organization, id), release);
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        assert_eq!(shop.market().renewals(), before + 1);
        assert_eq!(state(&shop, id).await, ConnectionState::Active);
    }

    async fn a_platform_that_is_away_costs_no_token(shop) {
        let id = shop.connect_classic().await;
        let faults = [Fault::TimeoutBeforeCommit { ms: 0 }, Fault::Status { status: 503 }, Fault::HtmlBody,
                      Fault::Status { status: 429 }];
        for fault in faults {
            shop.wait(TOKEN_OVER);
            let before = pair(&shop, id).await;
            shop.market().storm(vec![FaultRule::new("/oauth/token", fault.clone())]);
            let refused = shop.app().plan(shop.organization, id).await;
            assert!(refused.is_err(), "{fault:?}");
            assert_eq!(state(&shop, id).await, ConnectionState::Active, "{fault:?}");
            assert_eq!(pair(&shop, id).await, before, "{fault:?}");
            shop.market().storm(Vec::new());
            assert!(shop.app().plan(shop.organization, id).await.is_ok(), "after {fault:?}");
            assert_eq!(pair(&shop, id).await.0, before.0 + 1, "after {fault:?}");
        }
    }

    async fn ended_consent_stops_the_connection_and_new_consent_revives_everything(shop) {
        let id = shop.connect_classic().await;
        let (orders, skus) = (shop.number("SELECT COUNT(*) FROM orders").await, shop.skus().await);
        let number = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
        shop.deliver_hooks().await;
        shop.market().control(Method::POST, "/_sandbox/tokens/revoke", &json!({"user_id": CLASSIC_SELLER}));
        shop.run_until_idle().await;
        let ended = ConnectionState::NeedsReauthorization(ReauthorizationReason::ConsentEnded);
        assert_eq!(state(&shop, id).await, ended);
        assert!(shop.problems().await.iter().any(|letter| letter.kind == "fetch_order"));
        assert!(shop.order(&number).await.is_none());

        let again = shop.authorize(CLASSIC_SELLER).await.expect("the owner consents again");
        assert_eq!(again, id, "the same account is the same connection");
        shop.run_until_idle().await;
        assert_eq!(state(&shop, id).await, ConnectionState::Active);
        assert!(shop.order(&number).await.is_some());
        assert_eq!(shop.problems().await, []);
        assert_eq!(shop.number("SELECT COUNT(*) FROM orders").await, orders + 1);
        assert_eq!(shop.skus().await.len(), skus.len());
    }

    async fn refused_credentials_of_the_app_are_the_operators_matter(shop) {
        let id = shop.connect_classic().await;
        let (client, _) = shop.market().credentials();
        shop.market().control(Method::POST, &format!("/_sandbox/apps/{client}/rotate_secret"), &json!({}));
        shop.wait(TOKEN_OVER);
        shop.leaves_dead_letters();
        shop.run_until_idle().await;
        let refused = ConnectionState::NeedsReauthorization(ReauthorizationReason::AppRefused);
        assert_eq!(state(&shop, id).await, refused);
    }

    /// ASVS 10.1.2.
    async fn a_callback_with_a_wrong_state_is_refused_and_told_to_the_audit(shop) {
        let url = shop.app().begin_authorization(shop.organization, shop.member, tests::shop::CHANNEL).await;
        let returned = shop.market().consent(&url.expect("a way to the consent page"), CLASSIC_SELLER, "approve");
        let wrong = returned["state"].chars().rev().collect::<String>();
        for state in [wrong.as_str(), "", "x"] {
            let mut returned = returned.clone();
            returned.insert("state".to_owned(), state.to_owned());
            let refused = shop
                .app()
                .finish_authorization(shop.organization, shop.member, tests::shop::CHANNEL, returned)
                .await;
            assert!(matches!(refused, Err(app::connections::CallbackError::UnknownState)), "{refused:?}");
        }
        assert_eq!(shop.number("SELECT COUNT(*) FROM connection").await, 0);
        let told = "SELECT COUNT(*) FROM audit_event WHERE action = 'connection.callback' AND phase = 'refused'";
        assert_eq!(shop.number(told).await, 3);
    }
}
