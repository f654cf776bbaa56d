//! Service to buyers: what they ask, write, want to cancel or send back stands in one list of
//! all marketplaces, by hook and by sweep, and is answered once.

use std::time::Duration;

use app::cases::AnswerError;
use app::clockwork::SWEEP_EVERY;
use connect::service::{Party, Verb};
use domain::case::{CaseState, Outcome, Task};
use domain::{Actor, CaseKind, ChannelKind, Grant, Purpose};
use http::Method;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{Fault, FaultRule};
use serde_json::json;
use store::cases::{AnswerState, CaseFilter, HeldCase};
use tests::{Marketplace, TestApp};

const SKU: &str = "CAN-INOX-500";
const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);
/// TikTok Shop's hour of remorse, and a little more.
const MAY_BE_SENT_AFTER: Duration = Duration::from_mins(61);
const ASKED: &str = "Serve na geladeira da minha avó Benedita?";
const ANSWERED: &str = "Serve sim, em qualquer geladeira.";

async fn list(shop: &TestApp, filter: CaseFilter) -> Vec<HeldCase> {
    shop.see(move |tenant| tenant.case_page(&filter, None)).await
}

/// What is not over.
async fn open(shop: &TestApp) -> Vec<HeldCase> {
    list(shop, CaseFilter::default()).await
}

async fn held(shop: &TestApp, case: &HeldCase) -> HeldCase {
    let id = case.id;
    shop.see(move |tenant| tenant.case(id)).await.expect("the case is held")
}

fn ask(shop: &TestApp) {
    let item = shop.market().items_of(CLASSIC_SELLER, SKU).swap_remove(0);
    let question = json!({"item_id": item, "text": ASKED});
    shop.market().control(Method::POST, "/_sandbox/questions", &question);
}

async fn answer(shop: &TestApp, case: &HeldCase, verb: Verb, text: &str) -> Result<(), AnswerError> {
    shop.app().answer_case(shop.organization, shop.member, case.id, verb, "", text).await
}

/// Done at the platform once, and the answer never comes.
fn lost(path: &str) -> FaultRule {
    FaultRule {
        method: Some("POST".into()),
        count: Some(1),
        ..FaultRule::new(path, Fault::TimeoutAfterCommit { ms: 1 })
    }
}

/// How many calls of a path the platform has carried out.
fn sent(market: &dyn Marketplace, part: &str) -> usize {
    market.heard().iter().filter(|call| call.method == "POST" && call.path.contains(part)).count()
}

async fn everything_that_is_kept(shop: &TestApp) -> String {
    let mut all =
        shop.texts("SELECT payload || cause || COALESCE(error, '') || COALESCE(exchange, '') FROM job").await;
    all.extend(shop.texts("SELECT details FROM audit_event").await);
    all.extend(
        shop.texts("SELECT external_id || platform_status || COALESCE(reason, '') FROM service_case").await,
    );
    all.extend(
        shop.texts("SELECT verb || COALESCE(reason, '') || COALESCE(error, '') FROM case_answer").await,
    );
    all.join("\n")
}

on_both! {
    async fn a_question_is_told_by_its_hook_and_answered_once_although_the_network_failed(shop) {
        shop.connect_classic().await;
        ask(&shop);
        shop.run_until_idle().await;
        let cases = open(&shop).await;
        let [case] = cases.as_slice() else { panic!("one question: {cases:?}") };
        assert_eq!((case.case.kind, case.channel), (CaseKind::Question, ChannelKind::MercadoLivre));
        assert_eq!(case.case.state, CaseState::WaitsForSeller { task: Task::Reply, until: None });
        assert!(case.case.listing_external_id.is_some());

        shop.market().storm(vec![lost("/answers")]);
        answer(&shop, case, Verb::Reply, ANSWERED).await.expect("the answer is taken");
        shop.run_until_idle().await;
        let after = held(&shop, case).await;
        assert_eq!(after.case.state, CaseState::Closed(Outcome::Answered));
        assert_eq!(after.answer, Some(AnswerState::Sent));
        assert_eq!(sent(shop.market(), "/answers"), 1, "it is looked for before it is sent again");
        let given = shop.market().sandbox().with_world(|world| {
            world.service.questions.all.values().filter_map(|it| it.answer.clone()).map(|it| it.text).collect::<Vec<_>>()
        });
        assert_eq!(given, [ANSWERED]);
        assert_eq!(shop.number("SELECT COUNT(*) FROM case_answer WHERE text_sealed IS NOT NULL").await, 0);
        assert!(open(&shop).await.is_empty());
    }

    async fn a_question_whose_hook_was_lost_is_found_by_the_sweep(shop) {
        shop.connect_classic().await;
        shop.market().storm(vec![FaultRule::new("", Fault::HookDrop)]);
        ask(&shop);
        shop.settle().await;
        assert!(open(&shop).await.is_empty(), "nobody has told us yet");
        shop.pass(SWEEP_EVERY + MINUTE, MINUTE).await;
        assert_eq!(open(&shop).await.len(), 1);
    }

    async fn a_question_answered_elsewhere_leaves_the_list(shop) {
        shop.connect_classic().await;
        ask(&shop);
        shop.run_until_idle().await;
        let case = open(&shop).await.swap_remove(0);
        shop.market().storm(vec![FaultRule::new("", Fault::HookDrop)]);
        shop.market().sandbox().with_world(|world| {
            let id = case.key.external_id.parse().expect("ids are numbers");
            sandbox::mercado_livre::service::questions::set_status(
                world, id, sandbox::mercado_livre::service::questions::QuestionStatus::Deleted,
            );
        });
        shop.pass(Duration::from_mins(45), MINUTE).await;
        assert_eq!(held(&shop, &case).await.case.state, CaseState::Closed(Outcome::Removed));
    }

    async fn what_people_wrote_is_read_for_the_page_and_kept_nowhere(shop) {
        shop.connect_classic().await;
        ask(&shop);
        shop.run_until_idle().await;
        let case = open(&shop).await.swap_remove(0);
        let opened = shop.app().open_case(shop.organization, shop.member, case.id).await.expect("the case opens");
        let (letters, choices) = opened.reading.expect("the platform shows it");
        let grant = Grant::issue(Actor::system("test"), Purpose::AnswerBuyer, shop.now());
        let texts: Vec<_> = letters.iter().map(|it| (it.by, it.text.reveal(&grant).as_str())).collect();
        assert_eq!(texts, [(Party::Buyer, ASKED)]);
        assert_eq!(choices.iter().map(|it| it.verb).collect::<Vec<_>>(), [Verb::Reply]);
        answer(&shop, &case, Verb::Reply, ANSWERED).await.expect("the answer is taken");
        let kept = everything_that_is_kept(&shop).await;
        assert!(kept.contains("\"purpose\":\"answer_buyer\""), "who has read it is kept: {kept}");
        for text in [ASKED, ANSWERED, "Benedita", "qualquer"] {
            assert!(!kept.contains(text), "{text} is kept: {kept}");
        }
        shop.run_until_idle().await;
        assert!(!everything_that_is_kept(&shop).await.contains("qualquer"));
    }

    async fn a_platform_that_is_down_leaves_the_case_and_says_so(shop) {
        shop.connect_classic().await;
        ask(&shop);
        shop.run_until_idle().await;
        let case = open(&shop).await.swap_remove(0);
        shop.market().storm(vec![FaultRule::new("/questions", Fault::Status { status: 503 })]);
        let opened = shop.app().open_case(shop.organization, shop.member, case.id).await.expect("the case opens");
        let error = opened.reading.expect_err("nothing can be read");
        assert_eq!(error.problem(), domain::Problem::PlatformDown);
        shop.market().storm(Vec::new());
    }

    async fn an_answer_that_the_platform_refuses_says_so_and_can_be_given_again(shop) {
        shop.connect_classic().await;
        ask(&shop);
        shop.run_until_idle().await;
        let case = open(&shop).await.swap_remove(0);
        let long = "á".repeat(2_001);
        assert!(matches!(answer(&shop, &case, Verb::Reply, &long).await, Err(AnswerError::TextTooLong { max_chars: 2_000 })));
        assert!(matches!(answer(&shop, &case, Verb::Reply, "  ").await, Err(AnswerError::TextMissing)));
        assert!(matches!(answer(&shop, &case, Verb::Refund, "").await, Err(AnswerError::NotOffered)));

        shop.market().storm(vec![FaultRule { count: Some(1), ..FaultRule::new("/answers", Fault::Status { status: 400 }) }]);
        answer(&shop, &case, Verb::Reply, ANSWERED).await.expect("the answer is taken");
        assert!(matches!(answer(&shop, &case, Verb::Reply, "Outra").await, Err(AnswerError::OnItsWay)));
        shop.run_until_idle().await;
        assert_eq!(held(&shop, &case).await.answer, Some(AnswerState::Failed));
        let id = case.id;
        let failed = shop.see(move |tenant| tenant.case_answer(id)).await.expect("the answer is held");
        assert_eq!(failed.problem, Some(domain::Problem::Refused));
        let letters = shop.problems().await;
        assert!(letters.iter().any(|letter| letter.kind == "answer_case"), "{letters:?}");

        answer(&shop, &case, Verb::Reply, ANSWERED).await.expect("the answer is taken again");
        shop.run_until_idle().await;
        assert_eq!(held(&shop, &case).await.answer, Some(AnswerState::Sent));
        assert_eq!(shop.problems().await, []);
    }

    async fn a_message_about_a_sale_waits_and_is_answered_once(shop) {
        shop.connect_classic().await;
        let order = shop.sell(&shop.market().items_of(CLASSIC_SELLER, SKU)[0], 1);
        shop.pass(MINUTE, SECOND * 20).await;
        shop.market().control(Method::POST, "/_sandbox/messages", &json!({"order_id": order, "text": ASKED}));
        shop.run_until_idle().await;
        let cases = open(&shop).await;
        let [case] = cases.as_slice() else { panic!("one thread: {cases:?}") };
        assert_eq!(case.case.kind, CaseKind::Thread);
        shop.market().storm(vec![lost("/messages/packs")]);
        answer(&shop, case, Verb::Reply, ANSWERED).await.expect("the answer is taken");
        shop.run_until_idle().await;
        assert_eq!(held(&shop, case).await.case.state, CaseState::Closed(Outcome::Answered));
        assert_eq!(sent(shop.market(), "/messages/packs"), 1);
    }
}

on_both! { three_markets:
    async fn requests_to_cancel_of_all_marketplaces_stand_by_the_time_that_is_left(shop) {
        for market in shop.marketplaces() {
            shop.connect_to(market).await;
        }
        let mut orders = Vec::new();
        for market in shop.marketplaces() {
            orders.push((market, market.sell_sku(SKU, 1)));
        }
        shop.pass(MAY_BE_SENT_AFTER, MINUTE).await;
        for (market, order) in &orders {
            market.ask_to_cancel(order);
            shop.run_until_idle().await;
            shop.wait(SECOND);
        }
        let cases = open(&shop).await;
        assert_eq!(cases.len(), 3, "{cases:?}");
        let kinds: Vec<_> = cases.iter().map(|case| (case.case.kind, case.case.state.is_ours())).collect();
        assert_eq!(kinds, [(CaseKind::Cancellation, true); 3]);
        let due: Vec<_> = cases.iter().map(|case| case.case.due(case.version).expect("each waits for the seller")).collect();
        assert!(due.is_sorted_by_key(|due| due.at), "{due:?}");
        let told: Vec<_> = cases.iter().map(|case| (case.channel, case.case.due(case.version).is_some_and(|it| it.told))).collect();
        // Shopee tells no time: the house's goal of a day stands before two days and three.
        let expected = [(ChannelKind::Shopee, false), (ChannelKind::TikTokShop, true), (ChannelKind::MercadoLivre, true)];
        assert_eq!(told, expected);
        assert!(cases.iter().all(|case| case.order.is_some()), "each is linked to its order: {cases:?}");
        let of_shopee = list(&shop, CaseFilter { channel: Some(ChannelKind::Shopee), ..CaseFilter::default() }).await;
        assert_eq!(of_shopee.len(), 1);

        for case in &cases {
            let verb = if case.channel == ChannelKind::MercadoLivre { Verb::Refund } else { Verb::Accept };
            let market = shop.marketplaces().into_iter().find(|it| it.kind() == case.channel).expect("it is one of them");
            let path = match case.channel {
                ChannelKind::MercadoLivre => "/expected-resolutions/refund",
                ChannelKind::Shopee => "/order/handle_buyer_cancellation",
                ChannelKind::TikTokShop => "/approve",
            };
            let prefix = match case.channel {
                ChannelKind::MercadoLivre => "/post-purchase",
                ChannelKind::Shopee => "/api/v2/order/handle_buyer_cancellation",
                ChannelKind::TikTokShop => "/return_refund/202309/cancellations/4",
            };
            market.suffer(vec![lost(prefix)]);
            answer(&shop, case, verb, "").await.expect("the answer is taken");
            shop.run_until_idle().await;
            market.suffer(Vec::new());
            let after = held(&shop, case).await;
            assert_eq!(after.case.state, CaseState::Closed(Outcome::ForBuyer), "{:?}", case.channel);
            assert_eq!((after.answer, sent(market, path)), (Some(AnswerState::Sent), 1), "{:?}", case.channel);
        }
        for (_, order) in &orders {
            let state = shop.order(order).await.map(|order| order.state);
            assert!(matches!(state, Some(domain::OrderState::Cancelled(_))), "{state:?}");
        }
    }

    async fn returns_of_all_marketplaces_are_found_by_the_sweep_and_answered(shop) {
        for market in shop.marketplaces() {
            shop.connect_to(market).await;
        }
        for market in shop.marketplaces() {
            let order = market.sell_sku(SKU, 1);
            shop.pass(MAY_BE_SENT_AFTER, MINUTE).await;
            market.hand_over(&order);
            shop.run_until_idle().await;
            shop.wait(SECOND);
            market.deliver(&order);
            shop.run_until_idle().await;
            market.suffer(vec![FaultRule::new("", Fault::HookDrop)]);
            shop.wait(SECOND);
            market.ask_to_return(&order);
            shop.settle().await;
            assert!(open(&shop).await.is_empty(), "nobody has told us yet");
            shop.pass(SWEEP_EVERY + MINUTE, MINUTE).await;
            let cases = open(&shop).await;
            let [case] = cases.as_slice() else { panic!("{:?}: {cases:?}", market.kind()) };
            let CaseState::WaitsForSeller { until: Some(until), .. } = case.case.state else { panic!("{case:?}") };
            assert!(until > shop.now(), "{:?} tells how long", market.kind());
            let verb = if case.channel == ChannelKind::MercadoLivre { Verb::Refund } else { Verb::Accept };
            answer(&shop, case, verb, "").await.expect("the answer is taken");
            shop.run_until_idle().await;
            assert_eq!(held(&shop, case).await.case.state, CaseState::Closed(Outcome::ForBuyer), "{:?}", market.kind());
            market.suffer(Vec::new());
        }
    }

    async fn a_request_ends_with_its_order(shop) {
        for market in shop.marketplaces() {
            shop.connect_to(market).await;
        }
        let market = shop.marketplaces().into_iter().find(|it| it.kind() == ChannelKind::Shopee).expect("it is there");
        let order = market.sell_sku(SKU, 1);
        shop.run_until_idle().await;
        market.ask_to_cancel(&order);
        shop.run_until_idle().await;
        let case = open(&shop).await.swap_remove(0);
        shop.wait(SECOND);
        market.call_off(&order);
        shop.run_until_idle().await;
        assert_eq!(held(&shop, &case).await.case.state, CaseState::Closed(Outcome::ForBuyer));
    }
}
