//! Requests to cancel, returns, refunds.

use connect::conformance::service::{Service, ServiceHarness, ServiceSamples};
use connect::conformance::{Harness, Step, now, text};
use connect::service::{Reply, Verb};
use connect::{ErrorKind, Returns};
use domain::case::{CaseState, Outcome, Task};
use domain::{CaseKey, CaseKind, Currency, Desk, Money, Timestamp};
use serde_json::{Value, json};

use super::conformance::Kit;
use super::{ORDER_ID, account, fault, get, post, scripted, with};

connect::service_conformance!(Kit);

const RETURN: &str = include_str!("../service/fixtures/return.json");
const CANCELLATION: &str = include_str!("../service/fixtures/cancellation.json");
const RECORDS: &str = include_str!("../service/fixtures/records.json");
const REJECT_REASONS: &str = include_str!("../service/fixtures/reject_reasons.json");

const RETURN_ID: &str = "4036000000000000001";
const CANCEL_ID: &str = "4035000000000000001";
const WROTE: &str = "Serve na geladeira da minha avó Benedita?";
const SAID: &str = "O produto saiu daqui inteiro.";
const YES: &str = r#"{"code":0,"message":"Success","data":{}}"#;
const STATUS: &str = "/data/return_orders/0/return_status";
const NEXT: &str = "/data/return_orders/0/seller_next_action_response";

fn search(folder: &str, body: &str) -> Step {
    post(&format!("/return_refund/202309/{folder}/search"), &[("page_size", "50")], body)
}

fn read_return(answer: &str) -> Step {
    search("returns", &format!(r#"{{"return_ids":["{RETURN_ID}"]}}"#)).answer(200, answer)
}

fn read_cancellation(answer: &str) -> Step {
    search("cancellations", &format!(r#"{{"cancel_ids":["{CANCEL_ID}"]}}"#)).answer(200, answer)
}

fn reasons() -> Step {
    let query = [("return_or_cancel_id", RETURN_ID), ("locale", "pt-BR")];
    get("/return_refund/202309/reject_reasons", &query).answer(200, REJECT_REASONS)
}

fn answer_return(verb: &str, body: &str) -> Step {
    let path = format!("/return_refund/202309/returns/{RETURN_ID}/{verb}");
    post(&path, &[("idempotency_key", "ans_1")], body).answer(200, YES)
}

/// The return in another status, in which nobody waits for the seller.
fn moved_to(status: &str) -> String {
    with(RETURN, &[(STATUS, json!(status)), (NEXT, json!(null))])
}

fn waits_for(action: &str) -> String {
    with(RETURN, &[(NEXT, json!([{ "action": action, "deadline": 1_794_482_800 }]))])
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn reply(verb: Verb) -> Reply {
    Reply { verb, reason: None, text: None, reference: "ans_1".into() }
}

fn refusal() -> Reply {
    Reply {
        reason: Some("reverse_reject_request_reason_1".into()),
        text: Some(text(SAID)),
        ..reply(Verb::Refuse)
    }
}

fn key() -> CaseKey {
    CaseKey { desk: Desk::Returns, external_id: RETURN_ID.into() }
}

fn cancellation() -> CaseKey {
    CaseKey { desk: Desk::Cancellations, external_id: CANCEL_ID.into() }
}

fn decide() -> CaseState {
    CaseState::WaitsForSeller { task: Task::Decide, until: Some(second(1_794_482_800)) }
}

impl ServiceHarness for Kit {
    fn service_samples(&self) -> ServiceSamples {
        ServiceSamples {
            question_id: "1".into(),
            message_id: "1".into(),
            thread_id: "1".into(),
            key: CaseKey { desk: Desk::Cancellations, external_id: CANCEL_ID.into() },
            text: reply(Verb::Reply),
            decision: reply(Verb::Accept),
            buyer_text: WROTE.into(),
            seller_text: SAID.into(),
        }
    }

    fn service_script(&self, service: Service) -> Option<Vec<Step>> {
        let ended = [
            ("/data/cancellations/0/cancel_status", json!("CANCELLATION_REQUEST_SUCCESS")),
            ("/data/cancellations/0/seller_next_action_response", json!(null)),
        ];
        match service {
            Service::UpdatedCases => {
                let body = r#"{"cancel_types":["BUYER_CANCEL"],"update_time_ge":1794313200,"update_time_lt":1794315901}"#;
                Some(vec![search("cancellations", body).answer(200, CANCELLATION)])
            }
            Service::FetchCase => Some(vec![read_cancellation(CANCELLATION)]),
            Service::ReadCase => {
                let query = [("return_or_cancel_id", CANCEL_ID), ("locale", "pt-BR")];
                let reasons = get("/return_refund/202309/reject_reasons", &query).answer(200, REJECT_REASONS);
                Some(vec![read_cancellation(CANCELLATION), reasons])
            }
            Service::AnswerCase => {
                let path = format!("/return_refund/202309/cancellations/{CANCEL_ID}/approve");
                let approve = post(&path, &[("idempotency_key", "ans_1")], "{}").answer(200, YES);
                Some(vec![
                    read_cancellation(CANCELLATION),
                    approve,
                    read_cancellation(&with(CANCELLATION, &ended)),
                ])
            }
            Service::OpenQuestions
            | Service::FetchQuestion
            | Service::ReadQuestion
            | Service::AnswerQuestion
            | Service::WaitingThreads
            | Service::ThreadOfMessage
            | Service::FetchThread
            | Service::ReadThread
            | Service::SendMessage => None,
        }
    }

    fn done_already(&self, service: Service) -> Option<Vec<Step>> {
        let mut steps = self.service_script(service)?;
        (service == Service::AnswerCase).then(|| steps.split_off(2))
    }

    fn case_with_status(&self, status: &str) -> Option<Vec<Step>> {
        let changes = [
            ("/data/cancellations/0/cancel_status", json!(status)),
            ("/data/cancellations/0/seller_next_action_response", json!(null)),
        ];
        Some(vec![read_cancellation(&with(CANCELLATION, &changes))])
    }
}

#[test]
fn a_request_to_cancel_waits_until_the_platforms_deadline() {
    let (channel, script) = scripted([read_cancellation(CANCELLATION)]);
    let found = now(channel.fetch(&account(), &cancellation())).unwrap();
    script.done();
    assert_eq!((found.case.kind, &found.case.state), (CaseKind::Cancellation, &decide()));
    assert_eq!(found.case.amount, Some(Money::new(17_180, Currency::Brl)));
    assert_eq!(found.case.order_external_id.as_deref(), Some(ORDER_ID));
    assert_eq!((found.case.opened_at, found.version.at), (second(1_794_310_000), second(1_794_312_000)));
}

#[test]
fn each_word_of_a_return_has_its_state() {
    let closed = |outcome| CaseState::Closed(outcome);
    let cases = [
        (RETURN.to_owned(), decide()),
        (
            waits_for("SELLER_RESPOND_RECEIVE_PACKAGE"),
            CaseState::WaitsForSeller { task: Task::Inspect, until: Some(second(1_794_482_800)) },
        ),
        (waits_for("AN_ACTION_OF_TOMORROW"), decide()),
        (moved_to("AWAITING_BUYER_SHIP"), CaseState::WaitsForBuyer),
        (moved_to("BUYER_SHIPPED_ITEM"), CaseState::WaitsForBuyer),
        (moved_to("RETURN_OR_REFUND_REQUEST_SUCCESS"), closed(Outcome::ForBuyer)),
        (moved_to("RETURN_OR_REFUND_REQUEST_COMPLETE"), closed(Outcome::ForBuyer)),
        (moved_to("REFUND_OR_RETURN_REQUEST_REJECT"), closed(Outcome::ForSeller)),
        (moved_to("RETURN_OR_REFUND_REQUEST_CANCEL"), closed(Outcome::Withdrawn)),
        (moved_to("REPLACEMENT_REQUEST_COMPLETE"), closed(Outcome::ForBuyer)),
        (moved_to("A_WORD"), CaseState::NeedsAttention("A_WORD".into())),
        (
            with(
                &moved_to("REFUND_OR_RETURN_REQUEST_REJECT"),
                &[("/data/return_orders/0/arbitration_status", json!("IN_PROGRESS"))],
            ),
            CaseState::WaitsForPlatform,
        ),
    ];
    for (answer, state) in cases {
        let (channel, _) = scripted([read_return(&answer)]);
        assert_eq!(now(channel.fetch(&account(), &key())).unwrap().case.state, state, "{answer}");
    }
}

#[test]
fn a_list_of_nothing_is_left_out_and_no_fault() {
    let none = r#"{"code":0,"message":"Success","data":{"total_count":0}}"#;
    let span = r#"{"update_time_ge":1794313200,"update_time_lt":1794315901}"#;
    let cancels =
        r#"{"cancel_types":["BUYER_CANCEL"],"update_time_ge":1794313200,"update_time_lt":1794315901}"#;
    let (channel, script) = scripted([
        search("cancellations", cancels).answer(200, none),
        search("returns", span).answer(200, none),
    ]);
    let first = now(channel.updated_in(&account(), Kit.samples().window, None)).unwrap();
    let last = now(channel.updated_in(&account(), Kit.samples().window, first.next.as_deref())).unwrap();
    script.done();
    assert_eq!((first.items, last.items, last.next), (Vec::new(), Vec::new(), None));
}

#[test]
fn a_page_that_repeats_would_never_end() {
    let again = with(CANCELLATION, &[("/data/next_page_token", json!("b64+/="))]);
    let cancels =
        r#"{"cancel_types":["BUYER_CANCEL"],"update_time_ge":1794313200,"update_time_lt":1794315901}"#;
    let path = "/return_refund/202309/cancellations/search";
    let second_page =
        post(path, &[("page_size", "50"), ("page_token", "b64+/=")], cancels).answer(200, &again);
    let (channel, _) = scripted([search("cancellations", cancels).answer(200, &again), second_page]);
    let first = now(channel.updated_in(&account(), Kit.samples().window, None)).unwrap();
    let error = now(channel.updated_in(&account(), Kit.samples().window, first.next.as_deref())).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}

#[test]
fn each_answer_has_the_decision_that_the_platform_waits_for() {
    let cases = [
        ("SELLER_RESPOND_REFUND", Verb::Accept, "APPROVE_REFUND"),
        ("SELLER_RESPOND_RETURN", Verb::Accept, "APPROVE_RETURN"),
        ("SELLER_RESPOND_RETURN", Verb::Refund, "DIRECT_REFUND"),
        ("SELLER_RESPOND_RECEIVE_PACKAGE", Verb::Accept, "APPROVE_RECEIVED_PACKAGE"),
        ("SELLER_RESPOND_REPLACEMENT", Verb::Accept, "APPROVE_REPLACEMENT"),
        ("SELLER_RESPOND_REPLACEMENT", Verb::Refund, "ISSUE_REPLACEMENT_REFUND"),
    ];
    for (action, verb, decision) in cases {
        let steps = [
            read_return(&waits_for(action)),
            answer_return("approve", &format!(r#"{{"decision":"{decision}"}}"#)),
            read_return(&moved_to("RETURN_OR_REFUND_REQUEST_SUCCESS")),
        ];
        let (channel, script) = scripted(steps);
        now(channel.answer(&account(), &key(), &reply(verb))).unwrap();
        script.done();
    }
}

#[test]
fn a_refusal_has_a_reason_and_a_comment() {
    let body = json!({ "comment": SAID, "decision": "REJECT_RETURN", "reject_reason": "reverse_reject_request_reason_1" });
    let steps = [
        read_return(RETURN),
        answer_return("reject", &body.to_string()),
        read_return(&moved_to("REFUND_OR_RETURN_REQUEST_REJECT")),
    ];
    let (channel, script) = scripted(steps);
    let done = now(channel.answer(&account(), &key(), &refusal())).unwrap();
    script.done();
    assert_eq!(done.case.state, CaseState::Closed(Outcome::ForSeller));
    let (channel, script) = scripted([read_return(RETURN)]);
    let error = now(channel.answer(&account(), &key(), &reply(Verb::Refuse))).unwrap_err();
    script.done();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "reason_missing"), "{error}");
}

#[test]
fn a_comment_is_kept_of_no_failed_call() {
    let refused = fault(25_011_012, "The status of the request does not allow it");
    let body = json!({ "comment": SAID, "decision": "REJECT_RETURN", "reject_reason": "reverse_reject_request_reason_1" });
    let (channel, _) =
        scripted([read_return(RETURN), answer_return("reject", &body.to_string()).answer(200, &refused)]);
    let error = now(channel.answer(&account(), &key(), &refusal())).unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "25011012"), "{error}");
    assert!(!format!("{error:?}").contains("saiu daqui"), "{error:?}");
}

#[test]
fn what_is_decided_already_is_not_decided_twice_and_not_turned_around() {
    let refused = || moved_to("REFUND_OR_RETURN_REQUEST_REJECT");
    let (channel, script) = scripted([read_return(&refused())]);
    now(channel.answer(&account(), &key(), &refusal())).unwrap();
    script.done();
    let (channel, script) = scripted([read_return(&refused())]);
    let error = now(channel.answer(&account(), &key(), &reply(Verb::Accept))).unwrap_err();
    script.done();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "not_offered"), "{error}");
}

#[test]
fn a_return_is_read_with_its_notes_and_the_reasons_to_refuse() {
    let path = format!("/return_refund/202309/returns/{RETURN_ID}/records");
    let steps = [read_return(RETURN), get(&path, &[]).answer(200, RECORDS), reasons()];
    let (channel, script) = scripted(steps);
    let read = now(channel.read(&account(), &key())).unwrap();
    script.done();
    assert_eq!(read.letters.len(), 2, "the platform's sentence and the buyer's own");
    let verbs: Vec<_> =
        read.choices.iter().map(|choice| (choice.verb, choice.reasons.len(), choice.max_chars)).collect();
    assert_eq!(verbs, [(Verb::Accept, 0, 0), (Verb::Refund, 0, 0), (Verb::Refuse, 2, 500)]);
}

#[test]
fn what_a_search_does_not_find_is_not_there() {
    let none = r#"{"code":0,"message":"Success","data":{}}"#;
    let (channel, _) = scripted([read_return(none)]);
    assert_eq!(now(channel.fetch(&account(), &key())).unwrap_err().kind, ErrorKind::NotFound);
    let mut other: Value = serde_json::from_str(RETURN).unwrap();
    other["data"]["return_orders"][0]["return_id"] = json!("4036000000000000002");
    let (channel, _) = scripted([read_return(&other.to_string())]);
    let error = now(channel.fetch(&account(), &key())).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}
