//! The list of orders as members use it: saved views, and what is done with several orders
//! at once, of which some cannot be done.

use std::time::Duration;

use app::picked::{MAX_PICKED, NotAsked};
use app::views::ViewError;
use domain::connection::ReauthorizationReason;
use domain::view::{MAX_VIEW_FILTER_BYTES, MAX_VIEWS, Step};
use domain::{ConnectionState, OrderId, OrderState, PackageKind, SeededEntropy, Timestamp};
use http::Method;
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};
use sandbox::{Fault, FaultRule};
use serde_json::json;
use store::pages::{OrderFilter, Turn};
use tests::TestApp;

const SKU: &str = "CAN-INOX-500";

async fn names(shop: &TestApp) -> Vec<String> {
    let member = shop.member;
    shop.see(move |tenant| tenant.views(member)).await.into_iter().map(|view| view.name).collect()
}

async fn save(shop: &TestApp, name: &str) -> Result<domain::ViewId, ViewError> {
    shop.app().save_view(shop.organization, shop.member, name, "kind=mixed").await
}

async fn audited(shop: &TestApp, action: &str) -> usize {
    let all = shop.texts("SELECT action FROM audit_event").await;
    all.iter().filter(|one| *one == action).count()
}

async fn numbers(shop: &TestApp, filter: OrderFilter) -> Vec<String> {
    let page = shop.see(move |tenant| tenant.order_page(&filter, Turn::First)).await;
    page.rows.into_iter().map(|row| row.external_id).collect()
}

/// Sells one unit by the seller's first listing; gives the order.
async fn sold(shop: &TestApp, seller: i64) -> OrderId {
    let item = shop.market().items_of(seller, SKU).swap_remove(0);
    let number = shop.sell(&item, 1);
    shop.run_until_idle().await;
    shop.order(&number).await.expect("the order came in").id
}

on_both! {
    async fn an_order_is_found_as_soon_as_it_is_in(shop) {
        shop.connect_classic().await;
        let order = sold(&shop, CLASSIC_SELLER).await;
        let row = shop.see(move |tenant| tenant.order(order)).await.expect("it is held");
        assert_eq!(row.kind, Some(PackageKind::Single));
        let first_word = row.summary.split(' ').next().expect("a title").to_lowercase();
        for text in [row.external_id.clone(), "can-inox".into(), first_word] {
            let filter = OrderFilter { text: Some(text.clone()), kind: row.kind, ..OrderFilter::default() };
            assert!(numbers(&shop, filter).await.contains(&row.external_id), "{text}");
        }
    }

    async fn views_are_saved_renamed_moved_and_forgotten_and_each_step_is_in_the_log(shop) {
        let (app, organization, member) = (shop.app(), shop.organization, shop.member);
        save(&shop, "Hoje").await.expect("it is kept");
        let second = save(&shop, "  Mistos ").await.expect("it is kept");
        app.rename_view(organization, member, second, "Mistos de hoje").await.expect("it is renamed");
        app.move_view(organization, member, second, Step::Up).await.expect("it is moved");
        assert_eq!(names(&shop).await, ["Mistos de hoje", "Hoje"]);
        app.drop_view(organization, member, second).await.expect("it is forgotten");
        assert_eq!(names(&shop).await, ["Hoje"]);
        for (action, times) in [("view.saved", 2), ("view.renamed", 1), ("view.moved", 1), ("view.deleted", 1)] {
            assert_eq!(audited(&shop, action).await, times, "{action}");
        }
        let log = shop.texts("SELECT details FROM audit_event").await.join("\n");
        assert!(!log.contains("Mistos"), "names stay out of the log");
    }

    async fn a_view_that_makes_no_sense_is_refused_and_leaves_nothing_behind(shop) {
        let (app, organization, member) = (shop.app(), shop.organization, shop.member);
        let view = save(&shop, "Hoje").await.expect("it is kept");
        assert!(matches!(save(&shop, " ").await, Err(ViewError::Name)));
        assert!(matches!(save(&shop, &"a".repeat(41)).await, Err(ViewError::Name)));
        assert!(matches!(save(&shop, "Hoje").await, Err(ViewError::Taken)));
        for filter in ["", &"a".repeat(MAX_VIEW_FILTER_BYTES + 1)] {
            let refused = app.save_view(organization, member, "Outra", filter).await;
            assert!(matches!(refused, Err(ViewError::Filter)));
        }
        for number in 1..MAX_VIEWS {
            save(&shop, &number.to_string()).await.expect("there is room");
        }
        assert!(matches!(save(&shop, "Mais uma").await, Err(ViewError::TooMany)));
        app.drop_view(organization, member, view).await.expect("it is forgotten");
        let gone = app.rename_view(organization, member, view, "Ontem").await;
        assert!(matches!(gone, Err(ViewError::App(app::AppError::NotFound(_)))));
        assert_eq!((names(&shop).await.len(), audited(&shop, "view.saved").await), (MAX_VIEWS - 1, MAX_VIEWS));
        assert_eq!(audited(&shop, "view.renamed").await, 0);
    }

    async fn picked_orders_are_read_again_and_what_could_not_be_asked_says_why(shop) {
        let (ours, stopped) = (shop.connect_classic().await, shop.connect_family().await);
        let (good, waiting) = (sold(&shop, CLASSIC_SELLER).await, sold(&shop, FAMILY_SELLER).await);
        let unknown = OrderId::new(Timestamp::EPOCH, &SeededEntropy::new(9));
        let state = ConnectionState::NeedsReauthorization(ReauthorizationReason::ConsentEnded);
        let now = shop.now();
        shop.app().organization(shop.organization)
            .write(move |tenant| tenant.set_connection_state(stopped, state, now)).await.expect("it is kept");
        // The platform changes the order and nobody tells.
        shop.market().storm(vec![FaultRule::new("", Fault::HookDrop)]);
        let number = shop.see(move |tenant| tenant.order(good)).await.expect("it is held").external_id;
        shop.wait(Duration::from_secs(1));
        shop.market().control(Method::POST, &format!("/_sandbox/orders/{number}/cancel"), &json!({"group": "buyer"}));
        shop.run_until_idle().await;

        // The listings of the account that waits cannot be told what was given back.
        shop.leaves_dead_letters();
        let picked = [good, waiting, unknown, good];
        let done = shop.app().read_again(shop.organization, shop.member, &picked).await.expect("it is asked");
        let refused: Vec<_> = done.refused.iter().map(|(id, number, why)| (*id, number.is_some(), *why)).collect();
        assert_eq!(done.asked, 1, "named twice is asked once");
        assert_eq!(refused, [(waiting, true, NotAsked::NeedsOwner), (unknown, false, NotAsked::Unknown)]);
        assert_eq!(audited(&shop, "order.read_asked").await, 1);
        shop.run_until_idle().await;
        let row = shop.see(move |tenant| tenant.order(good)).await.expect("it is held");
        assert!(matches!(row.state, OrderState::Cancelled(_)), "{:?}", row.state);

        shop.app().disconnect(shop.organization, shop.member, ours).await.expect("it is left");
        let done = shop.app().read_again(shop.organization, shop.member, &[good]).await.expect("it is asked");
        assert_eq!(done.refused[0].2, NotAsked::Disconnected);
    }

    async fn an_export_is_in_the_log_and_holds_what_there_is(shop) {
        shop.connect_classic().await;
        let (first, second) = (sold(&shop, CLASSIC_SELLER).await, {
            shop.wait(Duration::from_secs(5));
            sold(&shop, CLASSIC_SELLER).await
        });
        let unknown = OrderId::new(Timestamp::EPOCH, &SeededEntropy::new(9));
        let rows = shop.app().export_orders(shop.organization, shop.member, &[first, unknown, second, first]).await;
        let ids: Vec<OrderId> = rows.expect("it is read").iter().map(|row| row.id).collect();
        assert_eq!(ids, [second, first], "the newest first, each once");
        let log = shop.texts("SELECT details FROM audit_event WHERE action = 'order.exported'").await;
        assert!(log.len() == 1 && log[0].contains("\"orders\":\"2\""), "{log:?}");
        let many: Vec<OrderId> = std::iter::repeat_n(first, MAX_PICKED * 2).collect();
        assert_eq!(shop.app().export_orders(shop.organization, shop.member, &many).await.expect("it is read").len(), 1);
    }
}
