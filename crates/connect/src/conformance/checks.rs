//! The checks themselves: each a sentence that holds for every channel.
#![expect(clippy::missing_panics_doc, reason = "a check fails by panicking")]

use std::time::Duration;

use domain::order::Attention;
use domain::{Currency, Money, OrderState, Verdict};
use serde_json::Value;
use url::Url;

mod buyers;
mod catalogue;
mod failures;
mod finance;
mod hooks;
mod odd;

pub use self::buyers::{
    a_buyer_is_asked_for_by_an_orders_id_alone, the_buyer_of_an_order_is_told_or_nobody_is,
    the_buyer_of_another_order_is_no_answer,
};
pub use self::catalogue::{
    a_listing_is_changed_and_nothing_is_no_change, a_listing_is_ended, a_listing_is_taken_down_and_put_up,
    a_listings_id_that_climbs_is_never_published, a_picture_is_uploaded_and_an_impossible_one_is_never_sent,
    a_refused_offer_names_its_field, an_offer_is_published,
    an_offer_whose_answer_was_lost_is_found_and_not_doubled, brands_are_listed_or_there_are_none,
    categories_hang_together_or_there_are_none, the_rules_of_a_category_let_a_good_offer_pass,
    what_moderation_objects_to_is_told_with_its_own_words,
};
pub use self::failures::{
    a_broken_connection_is_unreachable_and_retried, a_fault_of_the_platform_is_retried,
    a_lost_a_failed_and_a_refused_refresh_are_three_things, a_missing_permission_is_for_a_person,
    a_refused_token_asks_for_the_next, an_answer_that_is_no_json_is_garbled_and_retried,
    half_an_answer_is_garbled_and_retried, too_many_calls_wait_as_long_as_the_platform_wishes,
    too_many_calls_without_a_wish_wait_at_our_own_pace, what_is_not_there_is_not_found_and_asked_for_again,
};
pub use self::finance::{
    money_is_asked_for_by_ids_and_cursors_of_its_own, money_of_another_order_is_no_answer,
    money_that_was_told_twice_changes_nothing, settled_orders_are_listed_or_there_is_no_list,
    the_money_of_an_order_is_told_or_there_is_none,
};
pub use self::hooks::{
    a_hook_for_another_app_or_with_a_bad_signature_is_refused, a_hook_of_an_unknown_topic_is_not_for_us,
    a_hook_says_all_it_has_to, a_malformed_hook_is_refused, a_repeated_hook_says_the_same,
    an_odd_hook_is_refused_or_read_and_nothing_else, an_oversized_hook_is_refused,
};
pub use self::odd::{
    a_failure_on_the_way_is_no_success, a_key_that_climbs_is_never_written,
    a_price_that_was_ignored_is_no_success, an_answer_about_something_else_is_no_answer,
    an_answer_cut_anywhere_is_asked_for_again, an_impossible_price_is_never_sent,
    an_odd_value_anywhere_is_never_fatal, an_unknown_listing_status_waits_for_a_person,
};
use super::catalogue::CatalogueCall;
use super::harness::{Capability, Harness, NOW, Outcome, attempt, scripted, survive};
use super::script::now;
use crate::error::{ChannelError, ErrorKind};

/// Where an author reads what a channel consists of.
const GUIDE: &str = "docs/adding-a-channel.md";

/// What the capability gives when all is well; fails when a scripted call was not made.
#[track_caller]
fn succeed(harness: &dyn Harness, capability: Capability) -> Outcome {
    let steps = harness.script(capability).unwrap_or_default();
    let (outcome, script) = attempt(harness, capability, steps);
    let outcome = expected(capability, outcome);
    script.done();
    outcome
}

/// What the capability has to give.
#[track_caller]
fn expected(capability: Capability, outcome: Result<Outcome, ChannelError>) -> Outcome {
    outcome.unwrap_or_else(|error| panic!("{capability} has to succeed, and failed: {error}\n{error:?}"))
}

/// Fails unless a write that was ignored is seen to be.
#[track_caller]
fn must_not_be_applied(capability: Capability, outcome: Result<Outcome, ChannelError>) {
    let error = outcome.expect_err("a write that was ignored is no success");
    assert!(
        error.kind == ErrorKind::WriteNotApplied,
        "{capability}: another value read back has to become ErrorKind::WriteNotApplied, and became: {error}"
    );
}

/// Fails unless `id` was refused before anything was sent.
#[track_caller]
fn must_not_be_called(capability: Capability, id: &str, error: &ChannelError) {
    assert!(
        error.kind == ErrorKind::AddressNotAllowed,
        "{capability}: the id {id:?} has to become ErrorKind::AddressNotAllowed, and became: {error}"
    );
}

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
        let changed = format!("{:?}", expected(capability, outcome));
        assert_eq!(changed, format!("{:?}", succeed(harness, capability)), "{capability}: a harmless change");
    }
}

/// Facts are filled in and agree with what the channel offers.
pub fn the_spec_says_what_it_has_to(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let spec = channel.spec();
    let told = [
        ("docs_url", spec.docs_url.starts_with("https://")),
        ("hook_deadline", spec.hook_deadline > Duration::ZERO),
        ("hook_max_bytes", spec.hook_max_bytes > 0),
        ("max_quantity_units", spec.max_quantity_units > 0),
        ("open_order_reread", spec.open_order_reread > Duration::ZERO),
    ];
    let untold: Vec<&str> = told.into_iter().filter(|(_, told)| !told).map(|(fact, _)| fact).collect();
    assert!(untold.is_empty(), "the channel's Spec does not tell {}: {GUIDE}, step 3", untold.join(", "));
    assert_eq!(
        spec.missed_hooks_kept > Duration::ZERO,
        channel.missed_hooks().is_some(),
        "Spec::missed_hooks_kept is above zero where Channel::missed_hooks gives a list, and only there"
    );
}

/// The consent page's address is exact, and no secret stands in it.
pub fn the_consent_page_is_asked_with_state_and_with_pkce_where_it_is_taken(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let redirect = harness.samples().redirect_uri;
    let address = channel.authorization().authorize_url("st/ate", "chal-lenge", &redirect);
    let due = harness.authorize_url();
    assert!(
        address == due,
        "Authorization::authorize_url gives {address:?}, the harness expects {due:?}: {GUIDE}, step 4"
    );
    let url = Url::parse(&address).expect("Authorization::authorize_url gives an address");
    let holds = |value: &str| url.query_pairs().any(|(_, given)| given == value);
    assert!(holds("st/ate"), "the state is missing in {address}");
    assert_eq!(
        holds("chal-lenge"),
        channel.spec().takes_pkce,
        "the challenge stands in the address where Spec::takes_pkce says so: {address}"
    );
    check_hidden(&harness.secrets(Capability::Exchange), &address);
}

#[track_caller]
fn check_tokens(harness: &dyn Harness, outcome: Outcome) {
    let Outcome::Tokens(tokens) = outcome else { panic!("no tokens: {outcome:?}") };
    assert_eq!(tokens.account_external_id, harness.account().external_id, "whose tokens they are");
    assert!(tokens.refresh_token.is_some(), "a lasting consent has a refresh token");
    assert_eq!(tokens.life.issued_at, NOW, "tokens are issued at Answer::started_at");
    let life = tokens.life;
    assert!(life.access_expires_at > NOW, "an access token ends after it was issued: {life:?}");
    let is_after = life.consent_expires_at.is_none_or(|end| end >= life.access_expires_at);
    assert!(is_after, "a consent does not end before its access token: {life:?}");
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
    assert_eq!(profile.external_id, harness.account().external_id, "who the account is");
    assert!(!profile.name.is_empty(), "an account without a name has its id for one");
}

/// [`Capability::Revoke`]. Where only its owner can end a consent, the channel says so
/// without a call, and for good.
pub fn a_consent_can_be_revoked_or_only_its_owner_can(harness: &dyn Harness) {
    if harness.script(Capability::Revoke).is_some() {
        assert!(matches!(succeed(harness, Capability::Revoke), Outcome::Revoked));
        return;
    }
    let refused = attempt(harness, Capability::Revoke, Vec::new()).0.expect_err("revoked without a call");
    let is_refused = matches!(refused.kind, ErrorKind::Refused { .. }) && refused.verdict() == Verdict::Fail;
    assert!(is_refused, "no call ends a consent there, so it has to be Refused, and was: {refused}");
}

/// [`Capability::FetchOrder`].
pub fn an_order_is_fetched(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::FetchOrder);
    let Outcome::Order(order) = outcome else { panic!("no order: {outcome:?}") };
    let (channel, _) = scripted(harness, Vec::new());
    assert_eq!(order.channel, channel.spec().kind);
    assert_eq!(order.external_id, harness.samples().order_id);
    assert!(!order.lines.is_empty(), "an order without lines holds no units");
    let mut keys: Vec<_> = order.lines.iter().map(|line| line.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), order.lines.len(), "lines with one name");
    assert!(
        order.lines.iter().all(|line| line.units > 0 && line.unit_price.currency == order.total.currency),
        "lines without units, or in another currency than their order: {:?}",
        order.lines
    );
    let is_clear = !matches!(order.state, OrderState::NeedsAttention(_));
    assert!(is_clear, "an ordinary order waits for nobody, and is {:?}", order.state);
}

/// [`Capability::OrdersOfShipment`].
pub fn a_shipment_names_its_orders(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::OrdersOfShipment);
    let Outcome::OrderIds(ids) = outcome else { panic!("no ids: {outcome:?}") };
    let order = harness.samples().order_id;
    assert!(ids.contains(&order), "the shipment carries {order}, and names {ids:?}");
}

/// [`Capability::UpdatedOrders`].
pub fn updated_orders_are_listed(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::UpdatedOrders);
    let Outcome::Updated(page) = outcome else { panic!("no page: {outcome:?}") };
    let due = harness.samples().order_id;
    let is_listed = page.items.iter().any(|order| order.external_id == due);
    assert!(is_listed, "{due} was updated in the window, and is not on {page:?}");
}

/// [`Capability::PageOfListings`].
pub fn listings_are_listed(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::PageOfListings);
    let Outcome::Listings(page) = outcome else { panic!("no page: {outcome:?}") };
    let due = harness.samples().key;
    assert!(page.items.iter().any(|listing| listing.key == due), "{due:?} is not on {page:?}");
}

/// [`Capability::FetchListing`].
pub fn a_listing_is_fetched(harness: &dyn Harness) {
    let outcome = succeed(harness, Capability::FetchListing);
    let Outcome::Listing(listings) = outcome else { panic!("no listing: {outcome:?}") };
    let due = harness.samples().key;
    assert!(listings.iter().any(|listing| listing.key == due), "{due:?} is not among {listings:?}");
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
    assert!(!page.items.is_empty(), "the harness scripts a list with something on it");
    let are_own = page.items.iter().all(|event| event.account_external_id == account);
    assert!(are_own, "hooks of others than {account} are passed over: {page:?}");
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

/// Nothing unknown is guessed at, and the platform's word is kept.
pub fn an_unknown_order_status_waits_for_a_person(harness: &dyn Harness) {
    let steps = harness.order_with_status("a_status_of_tomorrow");
    let outcome = expected(Capability::FetchOrder, attempt(harness, Capability::FetchOrder, steps).0);
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
        let outcome = expected(Capability::FetchOrder, attempt(harness, Capability::FetchOrder, steps).0);
        let Outcome::Order(order) = outcome else { panic!("no order: {outcome:?}") };
        assert_eq!(order.total, Money::new(minor, currency), "{digits}");
    }
}

/// What the platform shows counts, not what it says.
pub fn a_write_that_was_ignored_is_no_success(harness: &dyn Harness) {
    let (outcome, script) = attempt(harness, Capability::WriteStock, harness.write_ignored());
    must_not_be_applied(Capability::WriteStock, outcome);
    script.done();
}

/// Cursors come back from a database: one that is not the channel's leads nowhere.
pub fn a_cursor_of_somebody_else_is_refused(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let (account, window) = (harness.account(), harness.samples().window);
    for cursor in ["not a cursor", "../../users/me", ""] {
        let orders = now(channel.orders().updated_in(&account, window, Some(cursor)));
        assert!(
            orders.is_err(),
            "Orders::updated_in goes on from the cursor {cursor:?}, which is not its own"
        );
        let listings = now(channel.listings().page(&account, Some(cursor)));
        assert!(listings.is_err(), "Listings::page goes on from the cursor {cursor:?}, which is not its own");
        if let Some(missed) = channel.missed_hooks() {
            let missed = now(missed.page(&account, Some(cursor)));
            assert!(missed.is_err(), "MissedHooks::page goes on from {cursor:?}, which is not its own");
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
        must_not_be_called(Capability::FetchOrder, id, &order);
        must_not_be_called(Capability::FetchListing, id, &listing);
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
        // What belongs to the whole app may be asked for without anybody's token.
        let may_lack =
            [Capability::MissedHooks, Capability::Catalogue(CatalogueCall::Upload)].contains(&capability);
        assert!(
            may_lack || !secrets.is_empty(),
            "{capability} is called without any secret: Harness::secrets"
        );
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
            let Some(exchange) = &error.exchange else {
                panic!(
                    "{capability}: a refusal keeps its exchange (Answer::fail), and this one has none: {error}"
                );
            };
            assert_eq!(exchange.status, Some(400), "{capability}");
            assert!(!error.operation.is_empty(), "{capability}: an error says what was attempted");
            check_hidden(&secrets, &format!("{error} {error:?}"));
        }
    }
}
