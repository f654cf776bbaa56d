//! Goods that come back from buyers: received once, into the ledger, the listings and the order's profit.

use std::collections::BTreeMap;
use std::time::Duration;

use app::goods_return::{Arrival, ReturnError};
use app::profits::PastCost;
use connect::service::Verb;
use domain::goods_return::Found;
use domain::profit::Part;
use domain::{ChannelKind, EntryKind, OrderId};
use store::cases::CaseFilter;
use store::goods_returns::ReturnLine;
use store::profits::sums_that_differ;
use tests::{Marketplace, TestApp};

const SKU: &str = "CAN-INOX-500";
const KIT: &str = "VASO-KIT-3";
const PART: &str = "VASO-GEO-P";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const DAYS_60: Duration = Duration::from_hours(24 * 60);
/// TikTok Shop's hour of remorse, and a little more.
const MAY_BE_SENT_AFTER: Duration = Duration::from_mins(61);

const fn found(whole_units: i64, damaged_units: i64) -> Found {
    Found { whole_units, damaged_units }
}

async fn lines(shop: &TestApp, order: OrderId) -> Vec<ReturnLine> {
    shop.see(move |tenant| tenant.return_lines(order)).await
}

/// An order that is with its buyer.
async fn delivered(shop: &TestApp, market: &dyn Marketplace, code: &str, units: i64) -> (String, OrderId) {
    let number = market.sell_sku(code, units);
    shop.pass(MAY_BE_SENT_AFTER, MINUTE).await;
    market.hand_over(&number);
    shop.run_until_idle().await;
    shop.wait(SECOND);
    market.deliver(&number);
    shop.run_until_idle().await;
    shop.wait(SECOND);
    let id = shop.order(&number).await.expect("the order is held").id;
    (number, id)
}

async fn receive(
    shop: &TestApp,
    order: OrderId,
    number: i64,
    what: &[Found],
    reason: &str,
) -> Result<(), ReturnError> {
    let rows = lines(shop, order).await;
    let found: BTreeMap<_, _> =
        rows.iter().zip(what).map(|(row, found)| ((row.line, row.sku), *found)).collect();
    let arrival = Arrival { number, found, reason: reason.to_owned() };
    let received = shop.app().receive_return(shop.organization, shop.member, order, arrival).await;
    shop.run_until_idle().await;
    received
}

async fn cost(shop: &TestApp, order: OrderId) -> i64 {
    assert_eq!(shop.read(sums_that_differ).await, [] as [String; 0]);
    let profit = shop.see(move |tenant| tenant.order_profit(order)).await.expect("it is a sale");
    profit.amounts().of(Part::Cost)
}

async fn costs(shop: &TestApp, code: &str, cost_minor: i64) {
    let (sku, from) = (shop.sku(code).await.id, shop.now().minus(DAYS_60));
    let cost = PastCost { sku, cost_minor, tax_basis_points: None, from };
    shop.app().enter_past_cost(shop.organization, shop.member, cost).await.expect("a good cost");
    shop.run_until_idle().await;
}

on_both! { three_markets:
    async fn what_cannot_have_come_back_is_refused_and_nothing_is_kept(shop) {
        let market = shop.marketplaces()[0];
        shop.connect_to(market).await;
        let waiting = market.sell_sku(SKU, 1);
        shop.run_until_idle().await;
        let unsent = shop.order(&waiting).await.expect("it is held").id;
        assert_eq!(lines(&shop, unsent).await, [], "it is on the shelf");
        let (_, order) = delivered(&shop, market, SKU, 2).await;
        let before = shop.sku(SKU).await.tally;
        for (what, reason) in [
            (found(-1, 0), "voltou"), (found(0, -1), "voltou"), (found(3, 0), "voltou"), (found(1, 2), "voltou"),
            (found(i64::MAX, i64::MAX), "voltou"), (found(0, 0), "voltou"), (found(1, 0), ""), (found(1, 0), "  "),
            (found(1, 0), &"x".repeat(121)),
        ] {
            let refused = receive(&shop, order, 1, &[what], reason).await;
            assert!(refused.is_err(), "{what:?} {reason}");
        }
        for number in [0, -1, 2, i64::MAX] {
            let refused = receive(&shop, order, number, &[found(1, 0)], "voltou").await;
            assert!(matches!(refused, Err(ReturnError::Meanwhile)), "{number}: {refused:?}");
        }
        let strange = lines(&shop, order).await.remove(0);
        let arrival = Arrival { number: 1, found: [((strange.line, shop.sku(PART).await.id), found(1, 0))].into(), reason: "x".into() };
        let refused = shop.app().receive_return(shop.organization, shop.member, order, arrival).await;
        assert!(matches!(refused, Err(ReturnError::App(_))), "{refused:?}");
        let refused = shop.app().nothing_came_back(shop.organization, shop.member, order, 1, "x").await;
        assert!(matches!(refused, Err(ReturnError::Nothing)), "nobody waits for it: {refused:?}");
        assert_eq!(shop.sku(SKU).await.tally, before);
        assert_eq!(shop.number("SELECT COUNT(*) FROM stock_return").await, 0);
    }

    async fn a_return_waits_is_received_once_and_is_on_sale_everywhere_again(shop) {
        for market in shop.marketplaces() {
            shop.connect_to(market).await;
        }
        costs(&shop, SKU, 1_000).await;
        for market in shop.marketplaces() {
            let (number, order) = delivered(&shop, market, SKU, 2).await;
            let before = shop.sku(SKU).await.tally;
            assert_eq!(cost(&shop, order).await, -2_000, "{:?}", market.kind());
            market.ask_to_return(&number);
            shop.run_until_idle().await;
            let cases = shop.see(|tenant| tenant.case_page(&CaseFilter::default(), None)).await;
            let case = cases.iter().find(|case| case.order == Some(order)).expect("the case is held");
            shop.wait(SECOND);
            let is_claim = market.kind() == ChannelKind::MercadoLivre;
            let verb = if is_claim { Verb::Refund } else { Verb::Accept };
            shop.app().answer_case(shop.organization, shop.member, case.id, verb, "", "").await.expect("it is taken");
            shop.run_until_idle().await;
            let waits = shop.see(|tenant| tenant.returns_waiting(None)).await;
            let waiting: Vec<OrderId> = waits.into_iter().map(|row| row.order).collect();
            // What Mercado Livre calls a claim may be money alone; the others call it a return.
            assert_eq!(waiting, if is_claim { vec![] } else { vec![order] }, "{:?}", market.kind());

            receive(&shop, order, 1, &[found(1, 0)], "arrependimento").await.expect("one came back");
            let after = shop.sku(SKU).await.tally;
            assert_eq!(after.on_hand_units, before.on_hand_units + 1);
            assert_eq!(cost(&shop, order).await, -1_000);
            receive(&shop, order, 1, &[found(1, 0)], "arrependimento").await.expect("the same form again");
            assert_eq!(shop.sku(SKU).await.tally, after, "is the same receipt");
            let other = receive(&shop, order, 1, &[found(0, 1)], "quebrada").await;
            assert!(matches!(other, Err(ReturnError::Meanwhile)), "{other:?}");
            receive(&shop, order, 2, &[found(0, 1)], "quebrada").await.expect("the other is broken");
            assert_eq!(shop.sku(SKU).await.tally.on_hand_units, after.on_hand_units);
            assert_eq!(cost(&shop, order).await, -1_000, "a broken one is borne");
            assert!(receive(&shop, order, 3, &[found(1, 0)], "mais uma").await.is_err(), "there is none left outside");
            assert!(shop.see(|tenant| tenant.returns_waiting(None)).await.is_empty());
            let sku = shop.sku(SKU).await.id;
            let newest = shop.see(move |tenant| tenant.ledger(sku, i64::MAX, 3)).await;
            let rows: Vec<_> = newest.iter().map(|row| (row.kind, row.order.as_ref().map(|(id, _)| *id))).collect();
            let expected = [EntryKind::WriteOff, EntryKind::Return, EntryKind::Return].map(|kind| (kind, Some(order)));
            assert_eq!(rows, expected);
        }
        let available = shop.sku(SKU).await.tally.available_units();
        for market in shop.marketplaces() {
            assert!(market.shown(SKU).iter().all(|shown| *shown == available), "{:?}", market.kind());
        }
    }

    async fn of_a_kit_the_components_come_back_and_nothing_can_be_noted(shop) {
        let market = shop.marketplaces()[0];
        shop.connect_to(market).await;
        shop.run_until_idle().await;
        let kit = shop.sku(KIT).await.id;
        shop.app().adjust(shop.organization, shop.member, kit, 0, 0, "kit").await.expect("none on the shelf");
        shop.app().keep_kit(shop.organization, shop.member, kit, vec![(PART.to_owned(), 3)]).await.expect("a kit");
        shop.run_until_idle().await;
        costs(&shop, PART, 200).await;
        let (number, order) = delivered(&shop, market, KIT, 1).await;
        let before = shop.sku(PART).await.tally;
        assert_eq!(cost(&shop, order).await, -600);
        receive(&shop, order, 1, &[found(2, 0)], "um vaso quebrou no caminho").await.expect("two of three");
        assert_eq!(shop.sku(PART).await.tally.on_hand_units, before.on_hand_units + 2);
        assert_eq!(cost(&shop, order).await, -200);
        let connection = shop.order(&number).await.expect("it is held").connection;
        shop.wait(SECOND);
        let later = shop.now();
        let external = number.clone();
        shop.app().organization(shop.organization)
            .write(move |tenant| tenant.expect_return(connection, &external, later, later)).await.expect("it is kept");
        assert!(shop.see(move |tenant| tenant.waits_for_return(order)).await);
        shop.app().nothing_came_back(shop.organization, shop.member, order, 2, "o resto não vem").await.expect("noted");
        assert!(!shop.see(move |tenant| tenant.waits_for_return(order)).await);
        let receipts = shop.see(move |tenant| tenant.receipts(order)).await;
        assert_eq!(receipts.iter().map(|it| (it.number, it.whole_units)).collect::<Vec<_>>(), [(1, 2), (2, 0)]);
    }
}
