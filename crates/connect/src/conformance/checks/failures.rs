//! What a channel makes of answers that say no, of none, and of those that cannot be read.

use std::time::Duration;

use domain::Verdict;

use super::super::harness::{Capability, Harness, attempt};
use super::super::script::Step;
use crate::error::{ChannelError, ErrorKind};
use crate::outbound::TransportError;

/// Runs each capability that the channel has with one step spoilt.
fn spoil(
    harness: &dyn Harness,
    step_of: impl Fn(Capability) -> Option<usize>,
    spoilt: impl Fn(Step) -> Step,
    judge: impl Fn(Capability, &ChannelError),
) {
    for capability in Capability::ALL {
        let (Some(mut steps), Some(at)) = (harness.script(capability), step_of(capability)) else {
            continue;
        };
        steps[at] = spoilt(steps[at].clone());
        match attempt(harness, capability, steps).0 {
            Ok(outcome) => panic!("{capability} took a spoilt answer for a good one: {outcome:?}"),
            Err(error) => judge(capability, &error),
        }
    }
}

/// The first step of whatever is called.
const FIRST: fn(Capability) -> Option<usize> = |_| Some(0);

/// The first step of what is called with an access token.
const AUTHORISED: fn(Capability) -> Option<usize> = |capability| capability.is_authorised().then_some(0);

/// Fails unless `error` is what `answer` has to become.
fn must_be(capability: Capability, answer: &str, error: &ChannelError, due: (&ErrorKind, Verdict)) {
    assert!(
        (&error.kind, error.verdict()) == due,
        "{capability}: {answer} has to become ErrorKind::{:?}, and became: {error}",
        due.0
    );
}

/// Fails unless `answer` is taken for one that cannot be read, and asked for again.
fn must_be_garbled(capability: Capability, answer: &str, error: &ChannelError) {
    let is_garbled = matches!(error.kind, ErrorKind::Garbled { .. }) && error.verdict() == Verdict::RETRY;
    assert!(is_garbled, "{capability}: {answer} has to become ErrorKind::Garbled, and became: {error}");
}

/// No answer is [`ErrorKind::Unreachable`], whatever broke.
pub fn a_broken_connection_is_unreachable_and_retried(harness: &dyn Harness) {
    for failure in [TransportError::Connect, TransportError::Broken, TransportError::Deadline] {
        spoil(
            harness,
            FIRST,
            |step| step.fail(failure),
            |capability, error| {
                must_be(capability, "no answer", error, (&ErrorKind::Unreachable, Verdict::RETRY));
            },
        );
    }
}

/// 5xx is the platform's fault, whatever the body.
pub fn a_fault_of_the_platform_is_retried(harness: &dyn Harness) {
    for (status, body) in [(500, ""), (502, "<html>bad gateway</html>"), (503, r#"{"error":"x"}"#)] {
        spoil(
            harness,
            FIRST,
            |step| step.answer(status, body),
            |capability, error| {
                let due = ErrorKind::PlatformFault { status };
                must_be(capability, &format!("status {status}"), error, (&due, Verdict::RETRY));
            },
        );
    }
}

/// 429 with `Retry-After`.
pub fn too_many_calls_wait_as_long_as_the_platform_wishes(harness: &dyn Harness) {
    let not_before = Some(Duration::from_secs(7));
    spoil(
        harness,
        FIRST,
        |step| step.answer(429, "").answer_header("retry-after", "7"),
        |capability, error| {
            let due = (&ErrorKind::RateLimited { not_before }, Verdict::Retry { not_before });
            must_be(capability, "status 429 with `retry-after: 7`", error, due);
        },
    );
}

/// 429 without `Retry-After`, or with one that cannot be read.
pub fn too_many_calls_without_a_wish_wait_at_our_own_pace(harness: &dyn Harness) {
    let silent = |step: Step| step.answer(429, "<html>slow down</html>");
    for wish in [None, Some("soon")] {
        let spoilt = |step| match wish {
            None => silent(step),
            Some(wish) => silent(step).answer_header("retry-after", wish),
        };
        spoil(harness, FIRST, spoilt, |capability, error| {
            let due = (&ErrorKind::RateLimited { not_before: None }, Verdict::RETRY);
            must_be(capability, "status 429 without a time to wait", error, due);
        });
    }
}

/// A page, a text or nothing where JSON was due.
pub fn an_answer_that_is_no_json_is_garbled_and_retried(harness: &dyn Harness) {
    for body in ["<html>maintenance</html>", "", "OK", "\u{feff}", "null"] {
        spoil(
            harness,
            |it| harness.needed_step(it),
            |step| step.answer(200, body),
            |capability, error| must_be_garbled(capability, &format!("status 200 with {body:?}"), error),
        );
    }
}

/// An answer that was cut off.
pub fn half_an_answer_is_garbled_and_retried(harness: &dyn Harness) {
    let halve =
        |step: Step| step.map_body(|body| body[..body.floor_char_boundary(body.len() / 2)].to_owned());
    spoil(
        harness,
        |it| harness.needed_step(it),
        halve,
        |capability, error| must_be_garbled(capability, "half an answer", error),
    );
}

/// Every authorised call says [`ErrorKind::TokenRefused`].
pub fn a_refused_token_asks_for_the_next(harness: &dyn Harness) {
    let (status, body) = harness.token_refused();
    spoil(
        harness,
        AUTHORISED,
        |step| step.answer(status, &body),
        |capability, error| {
            let due = (&ErrorKind::TokenRefused, Verdict::RETRY);
            must_be(capability, "Harness::token_refused", error, due);
        },
    );
}

/// Every authorised call says [`ErrorKind::PermissionMissing`].
pub fn a_missing_permission_is_for_a_person(harness: &dyn Harness) {
    let (status, body) = harness.permission_missing();
    spoil(
        harness,
        AUTHORISED,
        |step| step.answer(status, &body),
        |capability, error| {
            let due = (&ErrorKind::PermissionMissing, Verdict::Fail);
            must_be(capability, "Harness::permission_missing", error, due);
        },
    );
}

/// A hook can come before the thing is readable, so "not there" says retry.
pub fn what_is_not_there_is_not_found_and_asked_for_again(harness: &dyn Harness) {
    let (status, body) = harness.not_found();
    let fetched = |capability| {
        let fetches = [Capability::FetchOrder, Capability::OrdersOfShipment, Capability::FetchListing];
        fetches.contains(&capability).then_some(0)
    };
    spoil(
        harness,
        fetched,
        |step| step.answer(status, &body),
        |capability, error| {
            must_be(capability, "Harness::not_found", error, (&ErrorKind::NotFound, Verdict::RETRY));
        },
    );
}

/// Only the platform's own "no" ends a consent.
pub fn a_lost_a_failed_and_a_refused_refresh_are_three_things(harness: &dyn Harness) {
    let refreshed = |spoilt: &dyn Fn(Step) -> Step| {
        let mut steps = harness.script(Capability::Refresh).unwrap_or_default();
        steps[0] = spoilt(steps[0].clone());
        attempt(harness, Capability::Refresh, steps).0.expect_err("a spoilt refresh")
    };
    let (status, body) = harness.consent_ended();
    let must_be = |answer: &str, error: &ChannelError, kind: &ErrorKind| {
        must_be(Capability::Refresh, answer, error, (kind, error.verdict()));
    };
    let lost = refreshed(&|step| step.fail(TransportError::Deadline));
    must_be("no answer", &lost, &ErrorKind::Unreachable);
    let failed = refreshed(&|step| step.answer(503, &body));
    must_be("status 503, whatever its body", &failed, &ErrorKind::PlatformFault { status: 503 });
    let refused = refreshed(&|step| step.answer(status, &body));
    must_be("Harness::consent_ended", &refused, &ErrorKind::ConsentEnded);
    let page = refreshed(&|step| step.answer(status, "<html>not the platform</html>"));
    must_be_garbled(Capability::Refresh, "the page of a proxy", &page);
}
