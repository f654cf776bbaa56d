//! The checks themselves: each a sentence that holds for every channel.
#![expect(clippy::missing_panics_doc, reason = "a check fails by panicking")]

use std::time::Duration;

use domain::order::Attention;
use domain::{Currency, Money, OrderState, Verdict};
use serde_json::Value;
use url::Url;

mod odd;

pub use self::odd::{
    a_failure_on_the_way_is_no_success, a_key_that_climbs_is_never_written,
    a_price_that_was_ignored_is_no_success, an_answer_about_something_else_is_no_answer,
    an_answer_cut_anywhere_is_asked_for_again, an_impossible_price_is_never_sent,
    an_odd_hook_is_refused_or_read_and_nothing_else, an_odd_value_anywhere_is_never_fatal,
    an_unknown_listing_status_waits_for_a_person,
};
use super::harness::{Capability, Harness, NOW, Outcome, attempt, scripted, survive};
use super::script::{Step, now};
use crate::channel::{HookRejection, HookSubject};
use crate::error::{ChannelError, ErrorKind};
use crate::outbound::TransportError;

/// What the capability gives when all is well; fails when a scripted call was not made.
#[track_caller]
fn succeed(harness: &dyn Harness, capability: Capability) -> Outcome {
    let steps = harness.script(capability).unwrap_or_default();
    let (outcome, script) = attempt(harness, capability, steps);
    script.done();
    outcome.unwrap_or_else(|error| panic!("{capability:?}: {error} {error:?}"))
}

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
            Ok(outcome) => panic!("{capability:?} took a spoilt answer for a good one: {outcome:?}"),
            Err(error) => judge(capability, &error),
        }
    }
}

/// The first step of whatever is called.
const FIRST: fn(Capability) -> Option<usize> = |_| Some(0);

/// Runs each capability with every answer changed in a way that must not matter.
#[track_caller]
fn unmoved_by(harness: &dyn Harness, change: impl Fn(&mut Value)) {
    for capability in Capability::ALL {
        let Some(steps) = harness.script(capability) else {
            continue;
        };
        let steps = steps.into_iter().map(|step| {
            step.map_body(|body| match serde_json::from_str(body) {
                Ok(mut json) => {
                    change(&mut json);
                    json.to_string()
                }
                Err(_) => body.to_owned(),
            })
        });
        let (outcome, _) = attempt(harness, capability, steps.collect());
        let expected = format!("{:?}", succeed(harness, capability));
        assert_eq!(format!("{:?}", outcome.expect("a harmless change")), expected, "{capability:?}");
    }
}

/// Facts are filled in and agree with what the channel offers.
pub fn the_spec_says_what_it_has_to(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let spec = channel.spec();
    assert!(spec.docs_url.starts_with("https://"));
    assert!(spec.hook_deadline > Duration::ZERO && spec.hook_max_bytes > 0 && spec.max_quantity_units > 0);
    assert_eq!(spec.missed_hooks_kept > Duration::ZERO, channel.missed_hooks().is_some());
}

/// The consent page's address is exact, and no secret stands in it.
pub fn the_consent_page_is_asked_with_state_and_with_pkce_where_it_is_taken(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let redirect = harness.samples().redirect_uri;
    let address = channel.authorization().authorize_url("st/ate", "chal-lenge", &redirect);
    assert_eq!(address, harness.authorize_url());
    let url = Url::parse(&address).expect("an address");
    let holds = |value: &str| url.query_pairs().any(|(_, given)| given == value);
    assert!(holds("st/ate"), "the state is missing in {address}");
    assert_eq!(holds("chal-lenge"), channel.spec().takes_pkce, "the challenge in {address}");
    check_hidden(&harness.secrets(Capability::Exchange), &address);
}

#[track_caller]
fn check_tokens(harness: &dyn Harness, outcome: Outcome) {
    let Outcome::Tokens(tokens) = outcome else { panic!("no tokens: {outcome:?}") };
    assert_eq!(tokens.account_external_id, harness.account().external_id);
    assert!(tokens.refresh_token.is_some(), "a lasting consent has a refresh token");
    assert_eq!(tokens.life.issued_at, NOW);
    assert!(tokens.life.access_expires_at > NOW);
    assert!(tokens.life.consent_expires_at.is_none_or(|end| end >= tokens.life.access_expires_at));
}

/// [`Capability::Exchange`].
pub fn a_code_becomes_tokens(harness: &dyn Harness) {
    check_tokens(harness, succeed(harness, Capability::Exchange));
}

/// [`Capability::Refresh`].
pub fn a_refresh_token_becomes_the_next_pair(harness: &dyn Harness) {
    check_tokens(harness, succeed(harness, Capability::Refresh));
}

/// [`Capability::Identify`].
pub fn an_account_says_who_it_is(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::Identify);
    let Outcome::Profile(profile) = outcome else { panic!("no profile: {outcome:?}") };
    assert_eq!(profile.external_id, harness.account().external_id);
    assert!(!profile.name.is_empty());
}

/// [`Capability::Revoke`]. Where only its owner can end a consent, the channel says so
/// without a call, and for good.
pub fn a_consent_can_be_revoked_or_only_its_owner_can(harness: &dyn Harness) {
    if harness.script(Capability::Revoke).is_some() {
        assert!(matches!(succeed(harness, Capability::Revoke), Outcome::Revoked));
        return;
    }
    let refused = attempt(harness, Capability::Revoke, Vec::new()).0.expect_err("revoked without a call");
    assert!(matches!(refused.kind, ErrorKind::Refused { .. }), "{refused}");
    assert_eq!(refused.verdict(), Verdict::Fail);
}

/// [`Capability::FetchOrder`].
pub fn an_order_is_fetched(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::FetchOrder);
    let Outcome::Order(order) = outcome else { panic!("no order: {outcome:?}") };
    let (channel, _) = scripted(harness, Vec::new());
    assert_eq!(order.channel, channel.spec().kind);
    assert_eq!(order.external_id, harness.samples().order_id);
    assert!(!order.lines.is_empty());
    let mut keys: Vec<_> = order.lines.iter().map(|line| line.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), order.lines.len(), "lines with one name");
    assert!(
        order.lines.iter().all(|line| line.units > 0 && line.unit_price.currency == order.total.currency)
    );
    assert!(!matches!(order.state, OrderState::NeedsAttention(_)), "{:?}", order.state);
}

/// [`Capability::OrdersOfShipment`].
pub fn a_shipment_names_its_orders(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::OrdersOfShipment);
    let Outcome::OrderIds(ids) = outcome else { panic!("no ids: {outcome:?}") };
    assert!(ids.contains(&harness.samples().order_id), "{ids:?}");
}

/// [`Capability::UpdatedOrders`].
pub fn updated_orders_are_listed(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::UpdatedOrders);
    let Outcome::Updated(page) = outcome else { panic!("no page: {outcome:?}") };
    assert!(page.items.iter().any(|order| order.external_id == harness.samples().order_id), "{page:?}");
}

/// [`Capability::PageOfListings`].
pub fn listings_are_listed(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::PageOfListings);
    let Outcome::Listings(page) = outcome else { panic!("no page: {outcome:?}") };
    assert!(page.items.iter().any(|listing| listing.key == harness.samples().key), "{page:?}");
}

/// [`Capability::FetchListing`].
pub fn a_listing_is_fetched(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::FetchListing);
    let Outcome::Listing(listings) = outcome else { panic!("no listing: {outcome:?}") };
    assert!(listings.iter().any(|listing| listing.key == harness.samples().key), "{listings:?}");
}

/// [`Capability::WriteStock`].
pub fn a_quantity_is_written_and_read_back(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::WriteStock);
    let Outcome::Written(shown) = outcome else { panic!("nothing written: {outcome:?}") };
    let it = harness.samples();
    assert_eq!((shown.key, shown.quantity_units), (it.key, it.quantity_units));
    for units in [-1, i64::MAX] {
        let (channel, _) = scripted(harness, Vec::new());
        let refused =
            now(channel.stock().write(&harness.account(), &harness.samples().key, units)).unwrap_err();
        assert_eq!(refused.verdict(), Verdict::Fail, "{units} units were sent");
    }
}

/// [`Capability::WritePrice`].
pub fn a_price_is_written_and_read_back_or_there_are_no_prices(harness: &dyn Harness) {
    let it = harness.samples();
    let outcome = succeed(harness, Capability::WritePrice);
    if harness.script(Capability::WritePrice).is_none() {
        assert!(matches!(outcome, Outcome::Lacking), "written without a script: {outcome:?}");
        return;
    }
    let Outcome::Written(shown) = outcome else { panic!("nothing written: {outcome:?}") };
    assert_eq!((shown.key, shown.price), (it.key, Some(it.price)));
}

/// [`Capability::MissedHooks`].
pub fn missed_hooks_are_listed_or_there_are_none(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::MissedHooks);
    if harness.script(Capability::MissedHooks).is_none() {
        assert!(matches!(outcome, Outcome::Lacking), "listed without a script: {outcome:?}");
        return;
    }
    let Outcome::Missed(page) = outcome else { panic!("no list: {outcome:?}") };
    let account = harness.account().external_id;
    assert!(!page.items.is_empty());
    assert!(page.items.iter().all(|event| event.account_external_id == account), "{page:?}");
}

/// No answer is [`ErrorKind::Unreachable`], whatever broke.
pub fn a_broken_connection_is_unreachable_and_retried(harness: &dyn Harness) {
    for failure in [TransportError::Connect, TransportError::Broken, TransportError::Deadline] {
        spoil(
            harness,
            FIRST,
            |step| step.fail(failure),
            |capability, error| {
                assert_eq!(
                    (&error.kind, error.verdict()),
                    (&ErrorKind::Unreachable, Verdict::RETRY),
                    "{capability:?}"
                );
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
                let expected = ErrorKind::PlatformFault { status };
                assert_eq!((&error.kind, error.verdict()), (&expected, Verdict::RETRY), "{capability:?}");
            },
        );
    }
}

/// 429 with `Retry-After`.
pub fn too_many_calls_wait_as_long_as_the_platform_wishes(harness: &dyn Harness) {
    let wish = Some(Duration::from_secs(7));
    spoil(
        harness,
        FIRST,
        |step| step.answer(429, "").answer_header("retry-after", "7"),
        |capability, error| {
            assert_eq!(error.kind, ErrorKind::RateLimited { not_before: wish }, "{capability:?}");
            assert_eq!(error.verdict(), Verdict::Retry { not_before: wish });
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
            assert_eq!(error.kind, ErrorKind::RateLimited { not_before: None }, "{capability:?}");
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
            |capability, error| {
                assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{capability:?}: {error}");
                assert_eq!(error.verdict(), Verdict::RETRY);
            },
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
        |capability, error| {
            assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{capability:?}: {error}");
        },
    );
}

fn add_fields(json: &mut Value) {
    match json {
        Value::Object(fields) => {
            fields.values_mut().for_each(add_fields);
            fields.insert("a_field_of_tomorrow".into(), serde_json::json!({ "deep": [1, null, "x"] }));
        }
        Value::Array(items) => items.iter_mut().for_each(add_fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// New fields in every object of every answer change nothing.
pub fn a_field_of_tomorrow_is_harmless(harness: &dyn Harness) {
    unmoved_by(harness, add_fields);
}

fn numbers_to_texts(json: &mut Value) {
    match json {
        Value::Object(fields) => fields.values_mut().for_each(numbers_to_texts),
        Value::Array(items) => items.iter_mut().for_each(numbers_to_texts),
        Value::Number(number) => *json = Value::from(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn texts_to_numbers(json: &mut Value) {
    match json {
        Value::Object(fields) => fields.values_mut().for_each(texts_to_numbers),
        Value::Array(items) => items.iter_mut().for_each(texts_to_numbers),
        Value::String(text) => {
            // A leading zero is no number; such a text stays one.
            if let Ok(number) = text.parse::<u64>()
                && number.to_string() == *text
            {
                *json = Value::from(number);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every number as text, then every text of digits as number.
pub fn a_number_where_a_text_was_means_the_same(harness: &dyn Harness) {
    unmoved_by(harness, numbers_to_texts);
    unmoved_by(harness, texts_to_numbers);
}

/// Every authorised call says [`ErrorKind::TokenRefused`].
pub fn a_refused_token_asks_for_the_next(harness: &dyn Harness) {
    let (status, body) = harness.token_refused();
    let authorised = |capability: Capability| capability.is_authorised().then_some(0);
    spoil(
        harness,
        authorised,
        |step| step.answer(status, &body),
        |capability, error| {
            assert_eq!(
                (&error.kind, error.verdict()),
                (&ErrorKind::TokenRefused, Verdict::RETRY),
                "{capability:?}"
            );
        },
    );
}

/// Every authorised call says [`ErrorKind::PermissionMissing`].
pub fn a_missing_permission_is_for_a_person(harness: &dyn Harness) {
    let (status, body) = harness.permission_missing();
    let authorised = |capability: Capability| capability.is_authorised().then_some(0);
    spoil(
        harness,
        authorised,
        |step| step.answer(status, &body),
        |capability, error| {
            let expected = (&ErrorKind::PermissionMissing, Verdict::Fail);
            assert_eq!((&error.kind, error.verdict()), expected, "{capability:?}");
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
            assert_eq!(
                (&error.kind, error.verdict()),
                (&ErrorKind::NotFound, Verdict::RETRY),
                "{capability:?}"
            );
        },
    );
}

/// Only the platform's own "no" ends a consent.
pub fn a_lost_a_failed_and_a_refused_refresh_are_three_things(harness: &dyn Harness) {
    let refreshed = |spoilt: &dyn Fn(Step) -> Step| {
        let mut steps = harness.script(Capability::Refresh).unwrap_or_default();
        steps[0] = spoilt(steps[0].clone());
        attempt(harness, Capability::Refresh, steps).0.expect_err("a spoilt refresh").kind
    };
    let (status, body) = harness.consent_ended();
    assert_eq!(refreshed(&|step| step.fail(TransportError::Deadline)), ErrorKind::Unreachable);
    assert_eq!(refreshed(&|step| step.answer(503, &body)), ErrorKind::PlatformFault { status: 503 });
    assert_eq!(refreshed(&|step| step.answer(status, &body)), ErrorKind::ConsentEnded);
    let page = refreshed(&|step| step.answer(status, "<html>not the platform</html>"));
    assert!(matches!(page, ErrorKind::Garbled { .. }), "{page:?}");
}

/// Nothing unknown is guessed at, and the platform's word is kept.
pub fn an_unknown_order_status_waits_for_a_person(harness: &dyn Harness) {
    let steps = harness.order_with_status("a_status_of_tomorrow");
    let outcome = attempt(harness, Capability::FetchOrder, steps).0.expect("an order");
    let Outcome::Order(order) = outcome else { panic!("no order: {outcome:?}") };
    assert_eq!(order.state, OrderState::NeedsAttention(Attention::UnknownStatus));
    assert!(order.platform_status.contains("a_status_of_tomorrow"), "{}", order.platform_status);
}

/// Amounts with two digits, none and too many, and beyond what a float holds.
pub fn money_is_exact_to_the_minor_unit(harness: &dyn Harness) {
    let amounts = [
        ("0.01", Currency::Brl, 1),
        ("49.9", Currency::Brl, 4_990),
        ("1e2", Currency::Brl, 10_000),
        ("10.000000000000002", Currency::Brl, 1_000),
        ("90071992547409.93", Currency::Brl, 9_007_199_254_740_993),
        ("1.10", Currency::Usd, 110),
        ("1990", Currency::Clp, 1_990),
        ("1990.0", Currency::Clp, 1_990),
    ];
    for (digits, currency, minor) in amounts {
        let steps = harness.order_with_total(digits, currency);
        let outcome = attempt(harness, Capability::FetchOrder, steps).0.expect("an order");
        let Outcome::Order(order) = outcome else { panic!("no order: {outcome:?}") };
        assert_eq!(order.total, Money::new(minor, currency), "{digits}");
    }
}

/// What the platform shows counts, not what it says.
pub fn a_write_that_was_ignored_is_no_success(harness: &dyn Harness) {
    let (outcome, script) = attempt(harness, Capability::WriteStock, harness.write_ignored());
    script.done();
    assert_eq!(outcome.expect_err("an ignored write").kind, ErrorKind::WriteNotApplied);
}

#[track_caller]
fn check_hook(harness: &dyn Harness, sample: &super::HookSample) {
    let (channel, _) = scripted(harness, Vec::new());
    assert_eq!(channel.hooks().read(sample.request()), sample.reading);
}

/// All events of a good hook are read.
pub fn a_hook_says_all_it_has_to(harness: &dyn Harness) {
    let sample = harness.hook();
    let events = sample.reading.as_ref().expect("a good hook");
    assert!(events.iter().any(|event| event.subject != HookSubject::NotForUs));
    check_hook(harness, &sample);
}

/// Duplicates are normal and read alike: it is the inbox that tells them apart.
pub fn a_repeated_hook_says_the_same(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let sample = harness.hook();
    let read = || channel.hooks().read(sample.request());
    assert_eq!(read(), read());
    assert!(read().is_ok());
}

/// Unknown topics are counted, not refused: the platform would switch us off.
pub fn a_hook_of_an_unknown_topic_is_not_for_us(harness: &dyn Harness) {
    let sample = harness.unknown_topic();
    let events = sample.reading.as_ref().expect("a hook");
    assert!(events.iter().all(|event| event.subject == HookSubject::NotForUs));
    check_hook(harness, &sample);
}

/// Hooks of others are refused for the reason that the channel names.
pub fn a_hook_for_another_app_or_with_a_bad_signature_is_refused(harness: &dyn Harness) {
    let samples = harness.refused_hooks();
    assert!(!samples.is_empty(), "a channel that takes everybody's hooks");
    for sample in samples {
        let reason = sample.reading.as_ref().expect_err("a refusal");
        assert!(matches!(reason, HookRejection::ForeignApp | HookRejection::BadSignature), "{reason:?}");
        check_hook(harness, &sample);
    }
}

/// No bytes are taken for a hook that are none.
pub fn a_malformed_hook_is_refused(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let good = harness.hook();
    let half = &good.body[..good.body.len() / 2];
    for body in [&b""[..], b"null", b"[]", b"{}", b"7", b"\xff\xfe", b"<xml/>", half] {
        assert!(channel.hooks().read(good.with_body(body)).is_err(), "{}", String::from_utf8_lossy(body));
    }
}

/// The limit of the spec holds.
pub fn an_oversized_hook_is_refused(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let good = harness.hook();
    let mut body = good.body.clone();
    body.resize(channel.spec().hook_max_bytes + 1, b' ');
    assert!(channel.hooks().read(good.with_body(&body)).is_err());
}

/// Cursors come back from a database: one that is not the channel's leads nowhere.
pub fn a_cursor_of_somebody_else_is_refused(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let (account, window) = (harness.account(), harness.samples().window);
    for cursor in ["not a cursor", "../../users/me", ""] {
        assert!(now(channel.orders().updated_in(&account, window, Some(cursor))).is_err(), "{cursor}");
        assert!(now(channel.listings().page(&account, Some(cursor))).is_err(), "{cursor}");
        if let Some(missed) = channel.missed_hooks() {
            assert!(now(missed.page(&account, Some(cursor))).is_err(), "{cursor}");
        }
    }
}

/// An id cannot turn one resource into another.
pub fn an_id_that_climbs_is_never_called(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let account = harness.account();
    for id in ["..", ".", ""] {
        let order = now(channel.orders().fetch(&account, id)).unwrap_err();
        let listing = now(channel.listings().fetch(&account, id)).unwrap_err();
        assert_eq!((order.kind, listing.kind), (ErrorKind::AddressNotAllowed, ErrorKind::AddressNotAllowed));
    }
}

#[track_caller]
fn check_hidden(secrets: &[String], shown: &str) {
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} shows in {shown}");
    }
}

/// Neither the channel nor what it gives shows a secret.
pub fn no_debug_shows_a_secret(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let shown = format!("{channel:?} {:?}", harness.account());
    for capability in Capability::ALL {
        check_hidden(&harness.secrets(capability), &shown);
    }
    for capability in [Capability::Exchange, Capability::Refresh] {
        check_hidden(&harness.secrets(capability), &format!("{:?}", succeed(harness, capability)));
    }
}

/// Even when the platform repeats in its error every secret that it was sent.
pub fn no_kept_exchange_shows_a_secret(harness: &dyn Harness) {
    for capability in Capability::ALL {
        let secrets = harness.secrets(capability);
        // A list of the whole app's may be asked for without anybody's token.
        let may_lack = capability == Capability::MissedHooks;
        assert!(may_lack || !secrets.is_empty(), "{capability:?} is called without any secret");
        let (texts, page) = (secrets.join(" "), format!("<html>{}</html>", secrets.join("<br>")));
        let bodies = [
            serde_json::json!({ "message": texts, "error": "bad", "cause": secrets }).to_string(),
            serde_json::json!({ "message": texts, "error": texts }).to_string(),
            page,
        ];
        for body in &bodies {
            let Some(mut steps) = harness.script(capability) else {
                continue;
            };
            steps[0] = steps[0].clone().answer(400, body);
            let error = survive(harness, capability, steps).expect_err("a refusal");
            let exchange = error.exchange.as_ref().expect("an exchange is kept");
            assert_eq!(exchange.status, Some(400), "{capability:?}");
            assert!(!error.operation.is_empty());
            check_hidden(&secrets, &format!("{error} {error:?}"));
        }
    }
}
