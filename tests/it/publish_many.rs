//! Several products at once: what is ready goes out, what is not is named, and nothing is half done.

use app::AppError;
use app::publish::{Answer, Place, Readiness};
use domain::draft::PublicationState;
use domain::{ConnectionId, OrganizationId, ProductId};
use http::Method;
use sandbox::{Fault, FaultRule};
use tests::TestApp;

use crate::drafts::{complete, product, product_of};

const ASKED: &str = "SELECT COUNT(*) FROM audit_event WHERE action = 'draft.publish_asked'";

async fn places(shop: &TestApp, products: &[ProductId], accounts: &[ConnectionId]) -> Vec<Place> {
    shop.app().places(shop.organization, products, accounts).await.expect("they are ours").places
}

async fn readiness(shop: &TestApp, products: &[ProductId]) -> Vec<Readiness> {
    places(shop, products, &[]).await.into_iter().map(|place| place.readiness).collect()
}

async fn publish(shop: &TestApp, products: &[ProductId], accounts: &[ConnectionId]) -> Vec<Answer> {
    let answers = shop.app().publish_products(shop.organization, shop.member, products, accounts).await;
    answers.expect("they are ours").into_iter().map(|(.., answer)| answer).collect()
}

on_both! {
    /// ASVS 8.2.2, 8.4.1.
    async fn somebody_elses_products_and_accounts_are_not_there_and_nothing_goes_out(shop) {
        let account = shop.connect_classic().await;
        let ours = product(&shop).await;
        complete(&shop, ours, account).await;
        let (app, now) = (shop.app(), shop.now());
        let stranger = OrganizationId::new(now, app.entropy());
        let looked = app.places(stranger, &[ours], &[account]).await;
        assert!(matches!(looked, Err(AppError::NotFound("product"))), "{looked:?}");
        let asked = app.publish_products(stranger, shop.member, &[ours], &[account]).await;
        assert!(matches!(asked, Err(AppError::NotFound("product"))), "{asked:?}");
        let (nothing, nowhere) = (ProductId::new(now, app.entropy()), ConnectionId::new(now, app.entropy()));
        for (products, accounts) in [([ours, nothing], [account, account]), ([ours, ours], [account, nowhere])] {
            let asked = app.publish_products(shop.organization, shop.member, &products, &accounts).await;
            assert!(matches!(asked, Err(AppError::NotFound(_))), "{asked:?}");
        }
        assert_eq!(shop.number(ASKED).await, 0, "not even what was ready");
        shop.run_until_idle().await;
        assert_eq!(shop.market().count(&Method::POST, "/items"), 0);
    }

    async fn what_is_ready_goes_out_once_and_the_rest_says_why_not(shop) {
        let account = shop.connect_classic().await;
        let (ready, faulty, missing) =
            (product(&shop).await, product_of(&shop, "COP").await, product_of(&shop, "JAR").await);
        complete(&shop, ready, account).await;
        let held = shop.app().open_draft(shop.organization, faulty, account).await.expect("it is there");
        let wish = app::drafts::DraftWish { product: faulty, connection: account, seen: 0, draft: held.draft };
        shop.app().save_draft(shop.organization, shop.member, wish).await.expect("it is kept without a category");
        let all = [ready, faulty, missing];
        assert_eq!(readiness(&shop, &all).await, [Readiness::Ready, Readiness::Faults(1), Readiness::Missing]);
        let twice = [ready, faulty, missing, ready];
        let answers = publish(&shop, &twice, &[account, account]).await;
        assert_eq!(answers, [Answer::Asked, Answer::Faults(1), Answer::Faults(1)], "each once");
        assert_eq!(shop.number(ASKED).await, 1);
        assert_eq!(readiness(&shop, &all).await[0], Readiness::UnderWay);
        assert_eq!(publish(&shop, &[ready], &[account]).await, [Answer::UnderWay]);
        shop.run_until_idle().await;
        assert_eq!(readiness(&shop, &all).await, [Readiness::Published, Readiness::Faults(1), Readiness::Missing]);
        let held = places(&shop, &[ready], &[account]).await.remove(0).publication.expect("somebody asked for it");
        assert_eq!(held.publication.state, PublicationState::Taken);
        assert_eq!(publish(&shop, &[ready], &[account]).await, [Answer::Published]);
        let handed_in = shop.market().count_of(|call| call.method == "POST" && call.path == "/items");
        assert_eq!(handed_in, 1);
    }

    async fn an_account_that_was_disconnected_is_named_and_gets_nothing(shop) {
        let account = shop.connect_classic().await;
        let ours = product(&shop).await;
        complete(&shop, ours, account).await;
        shop.app().disconnect(shop.organization, shop.member, account).await.expect("it leaves");
        assert!(readiness(&shop, &[ours]).await.is_empty(), "it is not offered any more");
        assert_eq!(places(&shop, &[ours], &[account]).await[0].readiness, Readiness::NotRunning);
        assert_eq!(publish(&shop, &[ours], &[account]).await, [Answer::NotRunning]);
        assert_eq!(shop.number(ASKED).await, 0);
    }

    async fn a_platform_that_does_not_answer_is_asked_once_for_all_products(shop) {
        let account = shop.connect_classic().await;
        let all = [product(&shop).await, product_of(&shop, "COP").await, product_of(&shop, "JAR").await];
        for one in all {
            complete(&shop, one, account).await;
        }
        // What categories ask is forgotten by then.
        shop.wait(std::time::Duration::from_mins(11));
        shop.market().storm(vec![FaultRule::new("/categories", Fault::Status { status: 503 })]);
        let before = shop.market().count(&Method::GET, "/categories");
        let found = readiness(&shop, &all[..1]).await;
        assert!(matches!(found[..], [Readiness::Trouble(_)]), "{found:?}");
        let for_one = shop.market().count(&Method::GET, "/categories") - before;
        let found = readiness(&shop, &all).await;
        assert!(matches!(found[..], [Readiness::Trouble(_), Readiness::Trouble(_), Readiness::Trouble(_)]), "{found:?}");
        let for_three = shop.market().count(&Method::GET, "/categories") - before - for_one;
        assert!(for_one > 0 && for_three <= for_one, "{for_one} for one, {for_three} for three");
        shop.market().storm(Vec::new());
    }
}
