use connect::conformance::{Step, now};
use connect::{ErrorKind, HookSubject, MissedHooks};

use super::{MISSED_FEEDS, account, scripted};

const NONE: &str = r#"{"messages":[]}"#;

fn feeds(topic: &str, offset: u32) -> Step {
    let site = if topic == "items" { "&site_id=MLB" } else { "" };
    Step::get(&format!("/missed_feeds?app_id=1234567890123456&topic={topic}&limit=10&offset={offset}{site}"))
        .with_header("authorization", "Bearer APP_USR-access")
}

#[test]
fn each_topic_is_asked_for_and_items_with_their_site() {
    let steps = [feeds("orders_v2", 0), feeds("shipments", 0), feeds("items", 0)];
    let (channel, script) = scripted(steps.map(|step| step.answer(200, NONE)));
    let mut cursor = None;
    for round in 0..3 {
        let page = now(MissedHooks::page(&channel, &account(), cursor.as_deref())).unwrap();
        assert_eq!(page.next.is_some(), round < 2);
        cursor = page.next;
    }
    script.done();
}

#[test]
fn only_readable_hooks_of_this_account_are_listed() {
    let (channel, _) = scripted([feeds("orders_v2", 0).answer(200, MISSED_FEEDS)]);
    let page = now(MissedHooks::page(&channel, &account(), None)).unwrap();
    let subjects: Vec<_> = page.items.into_iter().map(|event| event.subject).collect();
    assert_eq!(subjects, [HookSubject::Order("2000010000000001".into())]);
}

#[test]
fn a_full_page_is_followed_by_the_next() {
    let full = format!(r#"{{"messages":[{}]}}"#, ["{}"; 10].join(","));
    let steps = [feeds("orders_v2", 0).answer(200, &full), feeds("orders_v2", 10).answer(200, NONE)];
    let (channel, script) = scripted(steps);
    let first = now(MissedHooks::page(&channel, &account(), None)).unwrap();
    now(MissedHooks::page(&channel, &account(), first.next.as_deref())).unwrap();
    script.done();
}

#[test]
fn a_failed_list_says_why() {
    let (channel, _) = scripted([feeds("orders_v2", 0).answer(403, r#"{"error":"forbidden"}"#)]);
    let error = now(MissedHooks::page(&channel, &account(), None)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PermissionMissing);
}

#[test]
fn a_foreign_cursor_is_refused_before_any_call() {
    for cursor in ["", "x", "3:0", "0:-1", "0"] {
        let (channel, _) = scripted([]);
        assert!(now(MissedHooks::page(&channel, &account(), Some(cursor))).is_err(), "{cursor}");
    }
}
