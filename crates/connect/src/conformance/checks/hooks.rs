//! What a channel reads from hooks, and which of them it refuses.

use serde_json::json;

use super::super::harness::{Harness, HookSample, scripted};
use super::super::script::Step;
use crate::channel::{HookRejection, HookSubject};

#[track_caller]
fn check_hook(harness: &dyn Harness, sample: &HookSample) {
    let (channel, _) = scripted(harness, Vec::new());
    let read = channel.hooks().read(sample.request());
    assert!(read == sample.reading, "Hooks::read gave {read:?}; the harness expects {:?}", sample.reading);
}

/// All events of a good hook are read.
pub fn a_hook_says_all_it_has_to(harness: &dyn Harness) {
    let sample = harness.hook();
    let events = sample.reading.as_ref().expect("Harness::hook is a good one");
    let says_something = events.iter().any(|event| event.subject != HookSubject::NotForUs);
    assert!(says_something, "Harness::hook is about something that the hub acts on");
    check_hook(harness, &sample);
}

/// Duplicates are normal and read alike: it is the inbox that tells them apart.
pub fn a_repeated_hook_says_the_same(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let sample = harness.hook();
    let read = || channel.hooks().read(sample.request());
    assert_eq!(read(), read(), "Hooks::read gives the same whenever it is asked");
    assert!(read().is_ok(), "Hooks::read refuses Harness::hook, a good one: {:?}", read());
}

/// Unknown topics are counted, not refused: the platform would switch us off.
pub fn a_hook_of_an_unknown_topic_is_not_for_us(harness: &dyn Harness) {
    let sample = harness.unknown_topic();
    let events = sample.reading.as_ref().expect("Harness::unknown_topic is no hook that is refused");
    assert!(events.iter().all(|event| event.subject == HookSubject::NotForUs), "{events:?}");
    check_hook(harness, &sample);
}

/// Hooks of others are refused for the reason that the channel names.
pub fn a_hook_for_another_app_or_with_a_bad_signature_is_refused(harness: &dyn Harness) {
    let samples = harness.refused_hooks();
    assert!(!samples.is_empty(), "a channel that takes everybody's hooks: Harness::refused_hooks has none");
    for sample in samples {
        let reason = sample.reading.as_ref().expect_err("Harness::refused_hooks are refused");
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
        let read = channel.hooks().read(good.with_body(body));
        assert!(read.is_err(), "Hooks::read took {:?} for a hook", String::from_utf8_lossy(body));
    }
}

/// The limit of the spec holds.
pub fn an_oversized_hook_is_refused(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let good = harness.hook();
    let most = channel.spec().hook_max_bytes;
    let mut body = good.body.clone();
    body.resize(most + 1, b' ');
    let read = channel.hooks().read(good.with_body(&body));
    assert!(read.is_err(), "Hooks::read took more than Spec::hook_max_bytes, {most}");
}

/// A hook is the one thing that anybody may send: cut off it is refused, with an odd value
/// it is refused or read, and what is read names its account.
pub fn an_odd_hook_is_refused_or_read_and_nothing_else(harness: &dyn Harness) {
    let (channel, _) = scripted(harness, Vec::new());
    let good = harness.hook();
    for length in 0..good.body.trim_ascii_end().len() {
        let read = channel.hooks().read(good.with_body(&good.body[..length]));
        assert!(read.is_err(), "Hooks::read took the first {length} bytes of a hook for a whole one");
    }
    let odd =
        [json!(null), json!(true), json!(-7), json!(1.5), json!("../x"), json!([1]), json!({ "id": 1 })];
    let body = String::from_utf8_lossy(&good.body);
    for step in Step::get("").answer(200, &body).with_each_value_replaced(&odd) {
        for event in channel.hooks().read(good.with_body(step.body())).unwrap_or_default() {
            assert!(!event.account_external_id.is_empty(), "an event of nobody: {event:?}");
        }
    }
}
