//! Money: what an order brings in, and which orders were settled.

use domain::settlement::Reckoning;

use super::super::harness::{Capability, Harness, NOW, Outcome, scripted, survive};
use super::super::script::now;
use super::{must_not_be_called, succeed};
use crate::error::ErrorKind;
use crate::finance::{Finance, OrderMoney};

/// [`Capability::OrderMoney`]; `None` where the channel tells none.
fn money(harness: &dyn Harness) -> Option<OrderMoney> {
    let outcome = succeed(harness, Capability::OrderMoney);
    if harness.script(Capability::OrderMoney).is_none() {
        assert!(matches!(outcome, Outcome::Lacking), "told without a script: {outcome:?}");
        return None;
    }
    let Outcome::Money(money) = outcome else { panic!("no money: {outcome:?}") };
    Some(money)
}

/// [`Capability::OrderMoney`].
pub fn the_money_of_an_order_is_told_or_there_is_none(harness: &dyn Harness) {
    let Some(money) = money(harness) else { return };
    assert_eq!(money.at, NOW, "news are of Answer::started_at");
    let told = !money.forecast.is_empty() || !money.charged.is_empty();
    assert!(told, "the harness scripts an order that something is told of");
    for sums in [&money.forecast, &money.charged] {
        assert_eq!(sums.check(), Ok(()), "amounts go the way of their kind: {sums:?}");
    }
}

/// [`Capability::SettledOrders`].
pub fn settled_orders_are_listed_or_there_is_no_list(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::SettledOrders);
    if harness.script(Capability::SettledOrders).is_none() {
        assert!(matches!(outcome, Outcome::Lacking), "listed without a script: {outcome:?}");
        return;
    }
    let Outcome::Settled(page) = outcome else { panic!("no list: {outcome:?}") };
    let due = harness.samples().order_id;
    let is_listed = page.items.iter().any(|order| order.external_id == due);
    assert!(is_listed, "{due} was settled in the window, and is not on {page:?}");
}

/// The same answer once more is no news.
pub fn money_that_was_told_twice_changes_nothing(harness: &dyn Harness) {
    let (Some(first), Some(second)) = (money(harness), money(harness)) else { return };
    let mut held = Reckoning::new(first.currency);
    assert_eq!(held.settle(&first.news(Some(NOW))), Ok(true));
    assert_eq!(held.settle(&second.news(Some(NOW))), Ok(false));
}

/// An answer that tells of another order than was asked for.
pub fn money_of_another_order_is_no_answer(harness: &dyn Harness) {
    let Some(mut steps) = harness.script(Capability::OrderMoney) else { return };
    let at = harness.needed_step(Capability::OrderMoney).expect("a reading needs its answer");
    let id = harness.samples().order_id;
    steps[at] = steps[at].clone().map_body(|body| body.replace(id.as_str(), &format!("{id}9")));
    let error = survive(harness, Capability::OrderMoney, steps).expect_err("an answer about something else");
    let is_garbled = matches!(error.kind, ErrorKind::Garbled { .. });
    assert!(is_garbled, "an answer about another order has to be Garbled, and was: {error}");
}

/// Ids and cursors come back from a database.
pub fn money_is_asked_for_by_ids_and_cursors_of_its_own(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let (account, window) = (harness.account(), harness.samples().window);
    let Some(finance) = channel.finance() else { return };
    for id in ["..", ".", ""] {
        let refused = now(finance.of_order(&account, id)).unwrap_err();
        must_not_be_called(Capability::OrderMoney, id, &refused);
    }
    let Some(list) = Finance::settlements(finance) else { return };
    for cursor in ["not a cursor", "../../users/me", ""] {
        let listed = now(list.settled_in(&account, window, Some(cursor)));
        assert!(listed.is_err(), "Settlements::settled_in goes on from {cursor:?}, which is not its own");
    }
}
