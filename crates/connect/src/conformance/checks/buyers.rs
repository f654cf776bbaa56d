//! Buyers: what the orders of one are found by.

use super::super::harness::{Capability, Harness, Outcome, scripted, survive};
use super::super::script::now;
use super::{must_not_be_called, succeed};
use crate::error::ErrorKind;

/// [`Capability::BuyerOfOrder`].
pub fn the_buyer_of_an_order_is_told_or_nobody_is(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::BuyerOfOrder);
    if harness.script(Capability::BuyerOfOrder).is_none() {
        assert!(matches!(outcome, Outcome::Lacking), "told without a script: {outcome:?}");
        return;
    }
    let Outcome::Buyer(buyer) = outcome else { panic!("no buyer: {outcome:?}") };
    assert!(!buyer.terms.is_empty(), "the harness scripts a buyer of whom something is told");
}

/// An answer that tells of another order than was asked for.
pub fn the_buyer_of_another_order_is_no_answer(harness: &dyn Harness) {
    let Some(mut steps) = harness.script(Capability::BuyerOfOrder) else { return };
    let at = harness.needed_step(Capability::BuyerOfOrder).expect("a reading needs its answer");
    let id = harness.samples().order_id;
    steps[at] = steps[at].clone().map_body(|body| body.replace(id.as_str(), &format!("{id}9")));
    let error = survive(harness, Capability::BuyerOfOrder, steps).expect_err("somebody else");
    let is_garbled = matches!(error.kind, ErrorKind::Garbled { .. });
    assert!(is_garbled, "an answer about another order has to be Garbled, and was: {error}");
}

/// Ids come back from a database.
pub fn a_buyer_is_asked_for_by_an_orders_id_alone(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let Some(buyers) = channel.buyers() else { return };
    for id in ["..", ".", ""] {
        let refused = now(buyers.of_order(&harness.account(), id)).unwrap_err();
        must_not_be_called(Capability::BuyerOfOrder, id, &refused);
    }
}
