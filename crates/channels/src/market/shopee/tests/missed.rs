use connect::conformance::{Step, now};
use connect::{ChannelError, ErrorKind, HookEvent, HookSubject, MissedHooks, Page};
use serde_json::{Value, json};

use super::{LOST_PUSHES, account, app, fault, scripted, second, with};

fn lost() -> Step {
    Step::get(&app("push/get_lost_push_message"))
}

fn confirm(last: u64) -> Step {
    Step::post(&app("push/confirm_consumed_lost_push_message"))
        .with_body(&format!(r#"{{"last_message_id":{last}}}"#))
        .answer(200, r#"{"error":"","message":"","request_id":"c1"}"#)
}

fn paged(cursor: Option<&str>, steps: Vec<Step>) -> Result<Page<HookEvent>, ChannelError> {
    let (channel, script) = scripted(steps);
    let outcome = now(channel.page(&account(), cursor));
    script.done();
    outcome
}

fn subjects(body: &str) -> Vec<HookSubject> {
    let page = paged(None, vec![lost().answer(200, body)]).unwrap();
    page.items.into_iter().map(|event| event.subject).collect()
}

const FIRST: &str = "/response/push_message_list/0";

#[test]
fn lost_pushes_are_read_like_pushes() {
    let page = paged(None, vec![lost().answer(200, LOST_PUSHES)]).unwrap();
    let event = |topic: &str, subject, seconds| HookEvent {
        account_external_id: "880012345".into(),
        subject,
        topic: topic.into(),
        sent_at: Some(second(seconds)),
    };
    let expected = [
        event("order_status_push", HookSubject::Order("260921ABCDEF01".into()), 1_794_313_606),
        event("violation_item_push", HookSubject::Listing("930002".into()), 1_794_313_700),
    ];
    assert_eq!(page.items, expected);
    assert_eq!(page.next.as_deref(), Some("lost:4711"));
}

#[test]
fn a_page_is_confirmed_when_the_next_is_asked_for_and_an_empty_one_never() {
    let empty = json!({ "error": "", "response": { "push_message_list": [], "has_next_page": false, "last_message_id": 4_711 } });
    let steps = vec![confirm(4_711), lost().answer(200, &empty.to_string())];
    let page = paged(Some("lost:4711"), steps).unwrap();
    assert_eq!((page.items.len(), page.next), (0, None));
}

#[test]
fn a_page_that_cannot_be_confirmed_is_asked_for_again() {
    let step =
        Step::post(&app("push/confirm_consumed_lost_push_message")).answer(200, &fault("error_server", ""));
    let error = paged(Some("lost:4711"), vec![step]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PlatformFault { status: 200 });
}

#[test]
fn pushes_of_other_shops_are_neither_listed_nor_lost_to_them() {
    let push = json!({ "code": 3, "shop_id": 7, "data": { "ordersn": "260921ABCDEF09" } }).to_string();
    let named = with(
        LOST_PUSHES,
        &[(&format!("{FIRST}/shop_id"), json!(7)), (&format!("{FIRST}/data"), json!(push))],
    );
    let unreadable =
        with(LOST_PUSHES, &[(&format!("{FIRST}/shop_id"), json!(7)), (&format!("{FIRST}/data"), json!("?"))]);
    let only_inside = with(
        LOST_PUSHES,
        &[(&format!("{FIRST}/shop_id"), json!(null)), (&format!("{FIRST}/data"), json!(push))],
    );
    for body in [named, unreadable, only_inside] {
        let page = paged(None, vec![lost().answer(200, &body)]).unwrap();
        assert_eq!(page.items.len(), 1, "{body}");
        assert_eq!(page.items[0].subject, HookSubject::Listing("930002".into()));
        assert_eq!(page.next, None, "confirming would drop what is another shop's");
    }
}

#[test]
fn the_data_is_a_text_an_object_or_only_the_inner_part() {
    let order = HookSubject::Order("260921ABCDEF01".into());
    let whole = json!({ "code": 3, "shop_id": 880_012_345, "data": { "ordersn": "260921ABCDEF01" } });
    let inner = json!({ "ordersn": "260921ABCDEF01" });
    for data in [json!(whole.to_string()), whole, json!(inner.to_string()), inner] {
        let body = with(LOST_PUSHES, &[(&format!("{FIRST}/data"), data)]);
        assert_eq!(subjects(&body)[0], order);
    }
}

#[test]
fn a_push_that_cannot_be_read_does_not_hide_the_rest() {
    for odd in [json!(null), json!("{"), json!([1]), json!({ "code": 3 })] {
        let body = with(LOST_PUSHES, &[(&format!("{FIRST}/data"), odd)]);
        assert_eq!(subjects(&body), [HookSubject::Listing("930002".into())]);
    }
}

#[test]
fn without_the_number_of_the_last_one_nothing_is_confirmed() {
    for none in [json!(null), json!(""), json!("x"), json!([])] {
        let body = with(LOST_PUSHES, &[("/response/last_message_id", none)]);
        assert_eq!(paged(None, vec![lost().answer(200, &body)]).unwrap().next, None);
    }
}

#[test]
fn a_foreign_cursor_confirms_nothing() {
    for cursor in ["", "4711", "lost:", "lost:x", "lost:1,2", "items:0"] {
        assert!(
            matches!(paged(Some(cursor), Vec::new()).unwrap_err().kind, ErrorKind::Garbled { .. }),
            "{cursor}"
        );
    }
}

#[test]
fn a_list_without_its_list_is_garbled() {
    let body = with(LOST_PUSHES, &[("/response/push_message_list", Value::Null)]);
    let error = paged(None, vec![lost().answer(200, &body)]).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}
