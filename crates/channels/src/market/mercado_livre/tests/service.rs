//! Questions, messages and claims.

use connect::conformance::service::{Service, ServiceHarness, ServiceSamples};
use connect::conformance::{Harness, Step, now, text};
use connect::service::{Party, Reply, Verb};
use connect::{ErrorKind, Messages, Questions, Returns, Window};
use domain::case::{CaseState, Outcome, Task};
use domain::{CaseKey, CaseKind, Desk, Verdict};
use serde_json::{Value, json};

use super::conformance::Kit;
use super::{account, at, scripted, with};

connect::service_conformance!(Kit);

const QUESTION: &str = include_str!("../service/fixtures/question.json");
const QUESTIONS_SEARCH: &str = include_str!("../service/fixtures/questions_search.json");
const CLAIM: &str = include_str!("../service/fixtures/claim.json");
const CLAIM_MESSAGES: &str = include_str!("../service/fixtures/claim_messages.json");
const THREAD: &str = include_str!("../service/fixtures/thread.json");

const QUESTION_ID: &str = "13050000001";
const CLAIM_ID: &str = "5300000001";
const PACK: &str = "2000006000000001";
const MESSAGE_ID: &str = "fd1d0000ad004ede9e0bf25d00000001";
const ASKED: &str = "Serve na geladeira da minha avó Benedita?";
const ANSWERED: &str = "Serve sim, em qualquer geladeira.";
const READ_QUESTION: &str = "/questions/13050000001?api_version=4";
const READ_CLAIM: &str = "/post-purchase/v1/claims/5300000001";
const READ_CLAIM_TEXTS: &str = "/post-purchase/v1/claims/5300000001/messages";
const READ_THREAD: &str =
    "/messages/packs/2000006000000001/sellers/100200300?tag=post_sale&mark_as_read=false&limit=50&offset=0";
const SEARCH_CLAIMS: &str = "/post-purchase/v1/claims/search?players.user_id=100200300&players.role=respondent&status=opened\
    &range=last_updated%3Aafter%3A2026-11-10T12%3A19%3A59.999Z%2Cbefore%3A2026-11-10T13%3A05%3A00.001Z\
    &sort=last_updated%3Aasc&limit=100&offset=0";

fn get(target: &str, body: &str) -> Step {
    Step::get(target).with_header("authorization", "Bearer APP_USR-access").answer(200, body)
}

fn reply(verb: Verb, said: Option<&str>) -> Reply {
    Reply { verb, reason: None, text: said.map(text), reference: "ans_1".into() }
}

fn answered(said: &str) -> String {
    let answer = json!({ "text": said, "status": "ACTIVE", "date_created": "2026-11-10T12:59:00.000-00:00" });
    with(QUESTION, &[("/status", json!("ANSWERED")), ("/answer", answer)])
}

fn search(total: u64) -> String {
    let claim: Value = serde_json::from_str(CLAIM).unwrap();
    json!({ "paging": { "total": total, "offset": 0, "limit": 100 }, "data": [claim] }).to_string()
}

fn closed(benefited: &str, closed_by: &str) -> String {
    let resolution = json!({ "reason": "payment_refunded", "date_created": "2026-11-10T12:59:00.000-04:00",
        "benefited": [benefited], "closed_by": closed_by, "applied_coverage": false });
    with(
        CLAIM,
        &[
            ("/status", json!("closed")),
            ("/resolution", resolution),
            ("/players/1/available_actions", json!([])),
        ],
    )
}

/// The thread after the seller has written.
fn replied(said: &str) -> String {
    let mut thread: Value = serde_json::from_str(THREAD).unwrap();
    let mut message = thread["messages"][0].clone();
    message["id"] = json!("fd1d0000ad004ede9e0bf25d00000002");
    message["from"]["user_id"] = json!(100_200_300);
    message["to"]["user_id"] = json!(3_037_675_074_u64);
    message["text"] = json!(said);
    message["message_date"]["created"] = json!("2026-11-10T12:59:00.000Z");
    thread["messages"].as_array_mut().unwrap().insert(0, message);
    thread.to_string()
}

impl ServiceHarness for Kit {
    fn service_samples(&self) -> ServiceSamples {
        ServiceSamples {
            question_id: QUESTION_ID.into(),
            message_id: MESSAGE_ID.into(),
            thread_id: PACK.into(),
            key: CaseKey { desk: Desk::Claims, external_id: CLAIM_ID.into() },
            text: reply(Verb::Reply, Some(ANSWERED)),
            decision: reply(Verb::Refund, None),
            buyer_text: ASKED.into(),
            seller_text: ANSWERED.into(),
        }
    }

    fn service_script(&self, service: Service) -> Option<Vec<Step>> {
        let body = format!(r#"{{"question_id":{QUESTION_ID},"text":"{ANSWERED}"}}"#);
        let message = format!(
            r#"{{"from":{{"user_id":100200300}},"text":"{ANSWERED}","to":{{"user_id":3037675074}}}}"#
        );
        Some(match service {
            Service::OpenQuestions => {
                let target = "/questions/search?seller_id=100200300&status=UNANSWERED&sort_fields=date_created&sort_types=ASC\
                              &limit=50&offset=0&api_version=4";
                vec![get(target, QUESTIONS_SEARCH)]
            }
            Service::FetchQuestion | Service::ReadQuestion => vec![get(READ_QUESTION, QUESTION)],
            Service::AnswerQuestion => vec![
                get(READ_QUESTION, QUESTION),
                Step::post("/answers").with_body(&body).answer(200, &answered(ANSWERED)),
            ],
            Service::WaitingThreads => {
                let unread = json!({ "user_id": 100_200_300, "results": [{ "resource": format!("/packs/{PACK}/sellers/100200300"), "count": 1 }] });
                vec![get("/messages/unread?role=seller&tag=post_sale", &unread.to_string())]
            }
            Service::ThreadOfMessage => {
                vec![get(&format!("/messages/{MESSAGE_ID}?tag=post_sale"), THREAD)]
            }
            Service::FetchThread | Service::ReadThread => vec![get(READ_THREAD, THREAD)],
            Service::SendMessage => vec![
                get(READ_THREAD, THREAD),
                Step::post("/messages/packs/2000006000000001/sellers/100200300?tag=post_sale")
                    .with_body(&message)
                    .answer(201, "{}"),
                get(READ_THREAD, &replied(ANSWERED)),
            ],
            Service::UpdatedCases => vec![get(SEARCH_CLAIMS, &search(1))],
            Service::FetchCase => vec![get(READ_CLAIM, CLAIM)],
            Service::ReadCase => vec![get(READ_CLAIM, CLAIM), get(READ_CLAIM_TEXTS, CLAIM_MESSAGES)],
            Service::AnswerCase => vec![
                get(READ_CLAIM, CLAIM),
                Step::post("/post-purchase/v1/claims/5300000001/expected-resolutions/refund")
                    .with_body("{}")
                    .answer(200, &closed("complainant", "respondent")),
                get(READ_CLAIM, &closed("complainant", "respondent")),
            ],
        })
    }

    fn done_already(&self, service: Service) -> Option<Vec<Step>> {
        Some(if service == Service::AnswerQuestion {
            vec![get(READ_QUESTION, &answered(ANSWERED))]
        } else if service == Service::SendMessage {
            vec![get(READ_THREAD, &replied(ANSWERED))]
        } else {
            vec![get(READ_CLAIM, &closed("complainant", "respondent"))]
        })
    }

    fn case_with_status(&self, status: &str) -> Option<Vec<Step>> {
        Some(vec![get(READ_CLAIM, &with(CLAIM, &[("/status", json!(status))]))])
    }
}

fn window() -> Window {
    Kit.samples().window
}

fn key() -> CaseKey {
    Kit.service_samples().key
}

#[test]
fn a_question_waits_for_its_answer_and_names_its_listing() {
    let (channel, script) = scripted([get(READ_QUESTION, QUESTION)]);
    let found = now(Questions::fetch(&channel, &account(), QUESTION_ID)).unwrap();
    script.done();
    assert_eq!(found.case.kind, CaseKind::Question);
    assert_eq!(found.case.state, CaseState::WaitsForSeller { task: Task::Reply, until: None });
    assert_eq!(found.case.listing_external_id.as_deref(), Some("MLB4000000001"));
    assert_eq!(
        (found.version.at, found.case.opened_at),
        (at("2026-11-10T12:30:00Z"), at("2026-11-10T12:30:00Z"))
    );
}

#[test]
fn a_question_is_read_with_its_text_for_the_one_who_opens_it() {
    let (channel, _) = scripted([get(READ_QUESTION, &answered(ANSWERED))]);
    let read = now(Questions::read(&channel, &account(), QUESTION_ID)).unwrap();
    let grant = domain::Grant::issue(
        domain::Actor::system("test"),
        domain::Purpose::AnswerBuyer,
        at("2026-11-10T13:00:00Z"),
    );
    let letters: Vec<_> = read.letters.iter().map(|it| (it.by, it.text.reveal(&grant).as_str())).collect();
    assert_eq!(letters, [(Party::Buyer, ASKED), (Party::Seller, ANSWERED)]);
    assert!(read.choices.is_empty(), "it has its one answer");
    assert_eq!(read.case.version.at, at("2026-11-10T12:59:00Z"), "the answer is newer than the question");
}

#[test]
fn each_word_of_a_question_has_its_state() {
    let cases = [
        ("UNANSWERED", CaseState::WaitsForSeller { task: Task::Reply, until: None }),
        ("ANSWERED", CaseState::Closed(Outcome::Answered)),
        ("CLOSED_UNANSWERED", CaseState::Closed(Outcome::Lapsed)),
        ("UNDER_REVIEW", CaseState::WaitsForPlatform),
        ("BANNED", CaseState::Closed(Outcome::Removed)),
        ("DELETED", CaseState::Closed(Outcome::Removed)),
        ("DISABLED", CaseState::Closed(Outcome::Removed)),
        ("A_WORD", CaseState::NeedsAttention("A_WORD".into())),
    ];
    for (word, state) in cases {
        let (channel, _) = scripted([get(READ_QUESTION, &with(QUESTION, &[("/status", json!(word))]))]);
        assert_eq!(
            now(Questions::fetch(&channel, &account(), QUESTION_ID)).unwrap().case.state,
            state,
            "{word}"
        );
    }
}

#[test]
fn pages_of_questions_overlap_and_end_with_the_last() {
    let row: Value = serde_json::from_str::<Value>(QUESTIONS_SEARCH).unwrap()["questions"][0].clone();
    let page = |offset: u64, rows: usize, total: u64| {
        let target = format!(
            "/questions/search?seller_id=100200300&status=UNANSWERED&sort_fields=date_created&sort_types=ASC\
             &limit=50&offset={offset}&api_version=4"
        );
        get(&target, &json!({ "total": total, "questions": vec![row.clone(); rows] }).to_string())
    };
    let (channel, script) = scripted([page(0, 50, 60), page(45, 15, 60)]);
    let first = now(Questions::open(&channel, &account(), None)).unwrap();
    assert_eq!((first.items.len(), first.total), (50, Some(60)));
    let last = now(Questions::open(&channel, &account(), first.next.as_deref())).unwrap();
    assert_eq!((last.items.len(), last.next), (15, None));
    script.done();
}

#[test]
fn a_question_that_has_another_answer_is_refused_for_good() {
    let (channel, script) = scripted([get(READ_QUESTION, &answered("Outra coisa."))]);
    let reply = reply(Verb::Reply, Some(ANSWERED));
    let error = now(Questions::answer(&channel, &account(), QUESTION_ID, &reply)).unwrap_err();
    script.done();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "already_answered"), "{error}");
    assert_eq!(error.verdict(), Verdict::Fail);
}

#[test]
fn a_text_of_no_possible_length_is_never_sent() {
    for said in [String::new(), "á".repeat(2_001)] {
        let (channel, _) = scripted([get(READ_QUESTION, QUESTION)]);
        let reply = reply(Verb::Reply, Some(&said));
        let error = now(Questions::answer(&channel, &account(), QUESTION_ID, &reply)).unwrap_err();
        assert!(
            matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "text_not_possible"),
            "{error}"
        );
    }
    assert_eq!(Questions::max_chars(&scripted([]).0), 2_000);
}

#[test]
fn a_claim_waits_until_its_mandatory_action_is_due() {
    let (channel, _) = scripted([get(READ_CLAIM, CLAIM)]);
    let found = now(Returns::fetch(&channel, &account(), &key())).unwrap();
    let until = Some(at("2026-11-18T22:33:00-04:00"));
    assert_eq!(found.case.state, CaseState::WaitsForSeller { task: Task::Decide, until });
    assert_eq!(found.case.order_external_id.as_deref(), Some("2000010000000001"));
    assert_eq!(found.case.reason.as_deref(), Some("PDD9549"));
    assert_eq!(found.case.platform_status, "opened/claim/mediations");
}

#[test]
fn a_claims_turn_and_end_are_told_by_its_words() {
    let actions = |actions: Value| vec![("/players/1/available_actions", actions)];
    let act = |name: &str, mandatory: bool| json!({ "action": name, "mandatory": mandatory, "due_date": "2026-11-20T00:00:00.000-04:00" });
    let due = Some(at("2026-11-20T00:00:00-04:00"));
    let changed = |changes: Vec<(&str, Value)>| with(CLAIM, &changes);
    let cases = [
        (
            changed(actions(json!([act("send_message_to_complainant", false), act("refund", false)]))),
            CaseState::WaitsForBuyer,
        ),
        (
            changed(actions(json!([act("return_review_ok", false), act("return_review_fail", false)]))),
            CaseState::WaitsForSeller { task: Task::Inspect, until: due },
        ),
        (
            changed(actions(json!([act("send_message_to_complainant", true)]))),
            CaseState::WaitsForSeller { task: Task::Reply, until: due },
        ),
        (
            changed(
                [
                    actions(json!([act("send_message_to_mediator", false)])),
                    vec![("/stage", json!("dispute"))],
                ]
                .concat(),
            ),
            CaseState::WaitsForPlatform,
        ),
        (closed("complainant", "mediator"), CaseState::Closed(Outcome::ForBuyer)),
        (closed("respondent", "mediator"), CaseState::Closed(Outcome::ForSeller)),
        (closed("respondent", "complainant"), CaseState::Closed(Outcome::Withdrawn)),
        (changed(vec![("/status", json!("closed"))]), CaseState::Closed(Outcome::Unclear)),
        (changed(vec![("/stage", json!("a_stage"))]), CaseState::NeedsAttention("opened/a_stage".into())),
    ];
    for (claim, state) in cases {
        let (channel, _) = scripted([get(READ_CLAIM, &claim)]);
        let found = now(Returns::fetch(&channel, &account(), &key())).unwrap();
        assert_eq!(found.case.state, state, "{claim}");
    }
}

#[test]
fn returns_and_requests_to_cancel_are_called_so() {
    for (word, kind) in [
        ("mediations", CaseKind::Claim),
        ("return", CaseKind::Return),
        ("returns", CaseKind::Return),
        ("change", CaseKind::Return),
        ("cancel_purchase", CaseKind::Cancellation),
        ("cancel_sale", CaseKind::Cancellation),
        ("a_type_of_tomorrow", CaseKind::Claim),
    ] {
        let (channel, _) = scripted([get(READ_CLAIM, &with(CLAIM, &[("/type", json!(word))]))]);
        assert_eq!(now(Returns::fetch(&channel, &account(), &key())).unwrap().case.kind, kind, "{word}");
    }
}

#[test]
fn claims_are_listed_by_status_each_to_its_end() {
    let closed = SEARCH_CLAIMS.replace("status=opened", "status=closed");
    let second = SEARCH_CLAIMS.replace("offset=0", "offset=1");
    let none = r#"{"paging":{"total":0},"data":[]}"#;
    let steps = [get(SEARCH_CLAIMS, &search(2)), get(&second, &search(2)), get(&closed, none)];
    let (channel, script) = scripted(steps);
    let mut cursor = None;
    for _ in 0..3 {
        let page = now(Returns::updated_in(&channel, &account(), window(), cursor.as_deref())).unwrap();
        cursor = page.next;
    }
    assert_eq!(cursor, None);
    script.done();
}

#[test]
fn a_claim_of_another_seller_is_no_refused_token() {
    let body =
        r#"{"code":401,"error":"unauthorized_request_error","message":"Invalid caller.id","cause":null}"#;
    let (channel, _) = scripted([Step::get(READ_CLAIM).answer(401, body)]);
    let error = now(Returns::fetch(&channel, &account(), &key())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PermissionMissing);
}

#[test]
fn what_the_platform_offers_is_what_can_be_answered() {
    let (channel, _) = scripted([get(READ_CLAIM, CLAIM), get(READ_CLAIM_TEXTS, CLAIM_MESSAGES)]);
    let read = now(Returns::read(&channel, &account(), &key())).unwrap();
    let verbs: Vec<Verb> = read.choices.iter().map(|choice| choice.verb).collect();
    assert_eq!(verbs, [Verb::Reply, Verb::Refund]);
    let (channel, script) = scripted([get(READ_CLAIM, CLAIM)]);
    let error =
        now(Returns::answer(&channel, &account(), &key(), &reply(Verb::AllowReturn, None))).unwrap_err();
    script.done();
    assert!(
        matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "action_not_available"),
        "{error}"
    );
}

#[test]
fn a_message_in_a_claim_is_sent_once() {
    let mine = json!({ "sender_role": "respondent", "receiver_role": "complainant", "message": ANSWERED, "date_created": "2026-11-10T08:59:00.000-04:00" });
    let mut both: Value = serde_json::from_str(CLAIM_MESSAGES).unwrap();
    both.as_array_mut().unwrap().insert(0, mine);
    let send = Step::post("/post-purchase/v1/claims/5300000001/actions/send-message")
        .with_body(&format!(r#"{{"message":"{ANSWERED}","receiver_role":"complainant"}}"#))
        .answer(201, "{}");
    let reply = reply(Verb::Reply, Some(ANSWERED));
    let first = [get(READ_CLAIM, CLAIM), get(READ_CLAIM_TEXTS, CLAIM_MESSAGES), send, get(READ_CLAIM, CLAIM)];
    let again = [get(READ_CLAIM, CLAIM), get(READ_CLAIM_TEXTS, &both.to_string())];
    for steps in [first.to_vec(), again.to_vec()] {
        let (channel, script) = scripted(steps);
        now(Returns::answer(&channel, &account(), &key(), &reply)).unwrap();
        script.done();
    }
}

#[test]
fn what_came_back_is_accepted_by_its_returns_number() {
    let review = with(
        CLAIM,
        &[("/players/1/available_actions", json!([{ "action": "return_review_ok", "mandatory": false }]))],
    );
    let steps = [
        get(READ_CLAIM, &review),
        get("/post-purchase/v2/claims/5300000001/returns", r#"{"id":7700000001,"status":"delivered"}"#),
        Step::post("/post-purchase/v1/returns/7700000001/return-review").with_body("{}"),
        get(READ_CLAIM, &closed("complainant", "respondent")),
    ];
    let (channel, script) = scripted(steps);
    let done = now(Returns::answer(&channel, &account(), &key(), &reply(Verb::Accept, None))).unwrap();
    script.done();
    assert_eq!(done.case.state, CaseState::Closed(Outcome::ForBuyer));
}

#[test]
fn a_thread_waits_while_the_buyer_wrote_last_and_not_while_it_is_blocked() {
    let blocked = [
        ("/conversation_status/status", json!("blocked")),
        ("/conversation_status/substatus", json!("blocked_by_time")),
    ];
    let rejected = [("/messages/0/status", json!("rejected"))];
    for (thread, state) in [
        (THREAD.to_owned(), CaseState::WaitsForSeller { task: Task::Reply, until: None }),
        (replied(ANSWERED), CaseState::Closed(Outcome::Answered)),
        (with(THREAD, &blocked), CaseState::Closed(Outcome::Lapsed)),
        (with(&replied(ANSWERED), &rejected), CaseState::WaitsForSeller { task: Task::Reply, until: None }),
    ] {
        let (channel, _) = scripted([get(READ_THREAD, &thread)]);
        let found = now(Messages::fetch(&channel, &account(), PACK)).unwrap();
        assert_eq!(found.case.state, state, "{thread}");
        assert_eq!(found.case.order_external_id.as_deref(), Some(PACK));
    }
}

#[test]
fn an_answer_goes_to_whoever_wrote_where_the_thread_lives() {
    let elsewhere = "/packs/2000006000000001/sellers/100200300/conversations/ai_assistant";
    let thread = with(
        THREAD,
        &[("/conversation_status/path", json!(elsewhere)), ("/messages/0/from/user_id", json!("500"))],
    );
    let body = format!(r#"{{"from":{{"user_id":100200300}},"text":"{ANSWERED}","to":{{"user_id":500}}}}"#);
    let steps = [
        get(READ_THREAD, &thread),
        Step::post(&format!("/messages{elsewhere}?tag=post_sale")).with_body(&body).answer(201, "{}"),
        get(READ_THREAD, &replied(ANSWERED)),
    ];
    let (channel, script) = scripted(steps);
    now(Messages::send(&channel, &account(), PACK, &reply(Verb::Reply, Some(ANSWERED)))).unwrap();
    script.done();
}

#[test]
fn a_path_that_leads_elsewhere_is_not_followed() {
    for path in [
        "/../../users/me",
        "/packs/1/sellers/2/x/..",
        "https://evil.example/packs/1/sellers/2",
        "/packs/x/sellers/2",
    ] {
        let thread = with(THREAD, &[("/conversation_status/path", json!(path))]);
        let usual =
            Step::post("/messages/packs/2000006000000001/sellers/100200300?tag=post_sale").answer(201, "{}");
        let (channel, script) = scripted([get(READ_THREAD, &thread), usual, get(READ_THREAD, THREAD)]);
        now(Messages::send(&channel, &account(), PACK, &reply(Verb::Reply, Some(ANSWERED)))).unwrap();
        script.done();
    }
}
