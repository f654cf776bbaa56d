//! What a channel makes of answers that nobody documented: each place of each answer
//! spoilt, not only the first. Nothing may panic, pass for a success or end a job for
//! good that a later answer would mend.

use domain::{Currency, ListingState, Money, Verdict};
use serde_json::{Value, json};

use super::super::harness::{Capability, Harness, Outcome, attempt, scripted, survive};
use super::super::script::{Step, now};
use super::{expected, must_not_be_applied, must_not_be_called};
use crate::channel::ListingKey;
use crate::error::{ChannelError, ErrorKind};
use crate::outbound::TransportError;

/// Bytes between two cuts: a prime, so that cuts fall everywhere.
const CUT_STRIDE: usize = 23;

/// Every capability that the channel has, with each of its steps replaced by each of what
/// `spoilt` makes of it.
fn spoil_each(
    harness: &dyn Harness,
    spoilt: impl Fn(&Step) -> Vec<Step>,
    judge: impl Fn(Capability, usize, Result<Outcome, ChannelError>),
) {
    for capability in Capability::ALL {
        let steps = harness.script(capability).unwrap_or_default();
        for (at, step) in steps.iter().enumerate() {
            for odd in spoilt(step) {
                let mut steps = steps.clone();
                steps[at] = odd;
                judge(capability, at, survive(harness, capability, steps));
            }
        }
    }
}

fn is_retried(error: &ChannelError) -> bool {
    matches!(error.verdict(), Verdict::Retry { .. })
}

fn must_be_retried(capability: Capability, at: usize, error: &ChannelError) {
    assert!(
        is_retried(error),
        "{capability}: a broken answer at step {at} has to be asked for again: {error}"
    );
}

/// A lost, failed or throttled answer at any step: what was not seen through is tried
/// again, and a write without its reading back is none.
pub fn a_failure_on_the_way_is_no_success(harness: &dyn Harness) {
    let failures = |step: &Step| {
        vec![
            step.clone().fail(TransportError::Deadline),
            step.clone().answer(500, ""),
            step.clone().answer(429, ""),
        ]
    };
    spoil_each(harness, failures, |capability, at, outcome| match outcome {
        Ok(outcome) => assert!(
            !capability.is_write(),
            "{capability} calls a write done whose step {at} failed: {outcome:?}"
        ),
        Err(error) => must_be_retried(capability, at, &error),
    });
}

/// Half a JSON, however long the half is, and what proxies send instead of JSON.
pub fn an_answer_cut_anywhere_is_asked_for_again(harness: &dyn Harness) {
    let cuts = |step: &Step| {
        let pages = ["<html>busy</html>", "\"", "[", "{\"a\":", "\u{0}"];
        let mut odd = step.with_each_cut(CUT_STRIDE);
        odd.extend(pages.map(|body| step.clone().answer(200, body)));
        odd
    };
    spoil_each(harness, cuts, |capability, at, outcome| match outcome {
        Ok(outcome) => {
            assert!(
                harness.needed_step(capability) != Some(at),
                "{capability} took a broken answer for a good one, at step {at}: {outcome:?}"
            );
        }
        Err(error) => must_be_retried(capability, at, &error),
    });
}

/// A number, text, list, object or nothing where something else was. Readings go on or
/// are tried again (or see that it is somebody else's); a write never takes another value
/// for its own.
pub fn an_odd_value_anywhere_is_never_fatal(harness: &dyn Harness) {
    let texts = ["", "a_word_of_tomorrow"].map(Value::from);
    let mut odd =
        vec![json!(null), json!(true), json!(-7), json!(1.5), json!([]), json!({}), json!({ "id": 7 })];
    odd.extend(texts);
    let it = harness.samples();
    let replaced = |step: &Step| step.with_each_value_replaced(&odd);
    spoil_each(harness, replaced, |capability, at, outcome| match outcome {
        Ok(Outcome::Written(shown)) if capability == Capability::WriteStock => {
            assert_eq!(shown.quantity_units, it.quantity_units, "{capability}, an odd value at step {at}");
        }
        Ok(Outcome::Written(shown)) => {
            assert_eq!(shown.price, Some(it.price), "{capability}, an odd value at step {at}");
        }
        Ok(_) => {}
        Err(error) => assert!(
            is_retried(&error) || error.kind == ErrorKind::PermissionMissing || capability.is_write(),
            "{capability}: an odd value at step {at} has to be read over or asked for again: {error} {error:?}"
        ),
    });
}

/// An answer that tells of another order or listing than was asked for.
pub fn an_answer_about_something_else_is_no_answer(harness: &dyn Harness) {
    let it = harness.samples();
    let asked = [(Capability::FetchOrder, &it.order_id), (Capability::FetchListing, &it.key.external_id)];
    for (capability, id) in asked {
        let mut steps = harness.script(capability).unwrap_or_default();
        let at = harness.needed_step(capability).expect("a reading needs its answer");
        steps[at] = steps[at].clone().map_body(|body| body.replace(id.as_str(), &format!("{id}9")));
        let error = survive(harness, capability, steps).expect_err("an answer about something else");
        let is_garbled = matches!(error.kind, ErrorKind::Garbled { .. });
        assert!(is_garbled, "{capability}: an answer about another id has to be Garbled, and was: {error}");
    }
}

/// Nothing unknown is guessed at, and the platform's word is kept.
pub fn an_unknown_listing_status_waits_for_a_person(harness: &dyn Harness) {
    let steps = harness.listing_with_status("a_status_of_tomorrow");
    let outcome = expected(Capability::FetchListing, attempt(harness, Capability::FetchListing, steps).0);
    let Outcome::Listing(listings) = outcome else { panic!("no listing: {outcome:?}") };
    assert!(!listings.is_empty(), "a listing of an unknown status is a listing");
    for listing in listings {
        assert_eq!(listing.state, ListingState::NeedsAttention);
        assert!(listing.platform_status.contains("a_status_of_tomorrow"), "{}", listing.platform_status);
    }
}

/// What the platform shows counts, not what it says.
pub fn a_price_that_was_ignored_is_no_success(harness: &dyn Harness) {
    let has_prices = harness.script(Capability::WritePrice).is_some();
    let Some(steps) = harness.price_ignored() else {
        assert!(!has_prices, "a channel with prices has to say how one is ignored");
        return;
    };
    let (outcome, script) = attempt(harness, Capability::WritePrice, steps);
    must_not_be_applied(Capability::WritePrice, outcome);
    script.done();
}

/// Not above zero, or of another currency: refused for good, and nothing is written.
pub fn an_impossible_price_is_never_sent(harness: &dyn Harness) {
    let (account, it) = (harness.account(), harness.samples());
    let Some(steps) = harness.script(Capability::WritePrice) else { return };
    for minor in [0, -1, i64::MIN] {
        let (channel, _) = scripted(harness, Vec::new());
        let prices = channel.prices().expect("there is a script for prices");
        let price = Money::new(minor, it.price.currency);
        let refused = now(prices.write(&account, &it.key, price)).expect_err("an impossible price");
        assert_eq!(refused.verdict(), Verdict::Fail, "{minor}");
    }
    let other = if it.price.currency == Currency::Usd { Currency::Brl } else { Currency::Usd };
    let readings: Vec<Step> = steps.into_iter().take_while(Step::is_read).collect();
    let (channel, script) = scripted(harness, readings);
    let prices = channel.prices().expect("there is a script for prices");
    let refused = now(prices.write(&account, &it.key, Money::new(100, other))).expect_err("another currency");
    script.done();
    assert!(matches!(refused.kind, ErrorKind::Refused { .. }), "{refused}");
}

/// Keys come back from a database and cannot turn one resource into another.
pub fn a_key_that_climbs_is_never_written(harness: &dyn Harness) {
    let (account, it) = (harness.account(), harness.samples());
    let (channel, _) = scripted(harness, Vec::new());
    for id in ["..", ".", ""] {
        let key = ListingKey { external_id: id.to_owned(), variation_external_id: None };
        let written = now(channel.stock().write(&account, &key, it.quantity_units)).unwrap_err();
        let orders = now(channel.orders().of_shipment(&account, id)).unwrap_err();
        must_not_be_called(Capability::WriteStock, id, &written);
        must_not_be_called(Capability::OrdersOfShipment, id, &orders);
        if let Some(prices) = channel.prices() {
            let priced = now(prices.write(&account, &key, it.price)).unwrap_err();
            must_not_be_called(Capability::WritePrice, id, &priced);
        }
        let key = ListingKey { variation_external_id: Some(id.to_owned()), ..it.key.clone() };
        let written = now(channel.stock().write(&account, &key, it.quantity_units)).unwrap_err();
        must_not_be_called(Capability::WriteStock, id, &written);
    }
}
