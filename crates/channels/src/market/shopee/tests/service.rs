//! Returns and requests to cancel.

use connect::conformance::service::{Service, ServiceHarness, ServiceSamples};
use connect::conformance::{Harness, Step, now};
use connect::service::{Party, Reply, Verb};
use connect::{ErrorKind, Returns};
use domain::case::{CaseState, Outcome, Task};
use domain::{CaseKey, CaseKind, Currency, Desk, Money};
use serde_json::{Value, json};

use super::conformance::Kit;
use super::{ORDER_NUMBER, account, fault, scripted, second, shop, with};

connect::service_conformance!(Kit);

const RETURN: &str = include_str!("../service/fixtures/return.json");
const RETURNS_LIST: &str = include_str!("../service/fixtures/returns_list.json");
const ASKED: &str = include_str!("../service/fixtures/asked_to_cancel.json");

const RETURN_NUMBER: &str = "2609230ABCDE01";
const WROTE: &str = "Serve na geladeira da minha avó Benedita?";
const SPAN: &str = "&update_time_from=1794313200&update_time_to=1794315900";

fn read_return(body: &str) -> Step {
    Step::get(&shop("returns/get_return_detail", "&return_sn=2609230ABCDE01")).answer(200, body)
}

fn read_request(body: &str) -> Step {
    let query = "&order_sn_list=260921ABCDEF01&request_order_status_pending=true\
                 &response_optional_fields=buyer_cancel_reason%2Ctotal_amount";
    Step::get(&shop("order/get_order_detail", query)).answer(200, body)
}

fn list(page: u32) -> Step {
    Step::get(&shop("returns/get_return_list", &format!("&page_no={page}&page_size=100{SPAN}")))
}

fn requests() -> Step {
    let query = "&time_range_field=update_time&time_from=1794313200&time_to=1794315900&page_size=50&cursor=\
                 &order_status=IN_CANCEL";
    Step::get(&shop("order/get_order_list", query))
}

fn confirm() -> Step {
    Step::post(&shop("returns/confirm", "")).with_body(r#"{"return_sn":"2609230ABCDE01"}"#).answer(
        200,
        r#"{"error":"","message":"","request_id":"c1","response":{"return_sn":"2609230ABCDE01"}}"#,
    )
}

fn answer_request(operation: &str) -> Step {
    Step::post(&shop("order/handle_buyer_cancellation", ""))
        .with_body(&format!(r#"{{"operation":"{operation}","order_sn":"260921ABCDEF01"}}"#))
        .answer(200, r#"{"error":"","message":"","request_id":"c2","response":{"update_time":1794315600}}"#)
}

fn with_status(status: &str) -> String {
    with(RETURN, &[("/response/status", json!(status))])
}

fn order_in(status: &str) -> String {
    with(ASKED, &[("/response/order_list/0/order_status", json!(status))])
}

fn reply(verb: Verb) -> Reply {
    Reply { verb, reason: None, text: None, reference: "ans_1".into() }
}

fn request() -> CaseKey {
    CaseKey { desk: Desk::Cancellations, external_id: ORDER_NUMBER.into() }
}

fn key() -> CaseKey {
    CaseKey { desk: Desk::Returns, external_id: RETURN_NUMBER.into() }
}

impl ServiceHarness for Kit {
    fn service_samples(&self) -> ServiceSamples {
        ServiceSamples {
            question_id: "1".into(),
            message_id: "1".into(),
            thread_id: "1".into(),
            key: key(),
            text: reply(Verb::Reply),
            decision: reply(Verb::Accept),
            buyer_text: WROTE.into(),
            seller_text: "Nada se escreve aqui.".into(),
        }
    }

    fn service_script(&self, service: Service) -> Option<Vec<Step>> {
        match service {
            Service::UpdatedCases => Some(vec![list(0).answer(200, RETURNS_LIST)]),
            Service::FetchCase | Service::ReadCase => Some(vec![read_return(RETURN)]),
            Service::AnswerCase => {
                Some(vec![read_return(RETURN), confirm(), read_return(&with_status("ACCEPTED"))])
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
        (service == Service::AnswerCase).then(|| vec![read_return(&with_status("ACCEPTED"))])
    }

    fn case_with_status(&self, status: &str) -> Option<Vec<Step>> {
        Some(vec![read_return(&with_status(status))])
    }
}

#[test]
fn a_return_waits_until_its_due_date_and_tells_its_money() {
    let (channel, script) = scripted([read_return(RETURN)]);
    let found = now(channel.fetch(&account(), &key())).unwrap();
    script.done();
    assert_eq!(found.case.kind, CaseKind::Return);
    let until = Some(second(1_794_559_200));
    assert_eq!(found.case.state, CaseState::WaitsForSeller { task: Task::Decide, until });
    assert_eq!(found.case.amount, Some(Money::new(4_490, Currency::Brl)));
    assert_eq!(found.case.reason.as_deref(), Some("ITEM_DAMAGED"));
    assert_eq!(found.case.order_external_id.as_deref(), Some(ORDER_NUMBER));
    assert_eq!((found.case.opened_at, found.version.at), (second(1_794_310_000), second(1_794_313_000)));
}

#[test]
fn each_word_of_a_return_has_its_state() {
    let decide = CaseState::WaitsForSeller { task: Task::Decide, until: Some(second(1_794_559_200)) };
    let inspect = CaseState::WaitsForSeller { task: Task::Inspect, until: Some(second(1_794_900_000)) };
    let prove = CaseState::WaitsForSeller { task: Task::Prove, until: Some(second(1_794_559_200)) };
    let negotiation = ("/response/negotiation/negotiation_status", json!("PENDING_BUYER_RESPOND"));
    let delivered = ("/response/logistics_status", json!("LOGISTICS_DELIVERY_DONE"));
    let proof = ("/response/seller_proof/seller_proof_status", json!("PENDING"));
    let status = |word: &str| ("/response/status", json!(word));
    let cases: Vec<(Vec<(&str, Value)>, CaseState)> = vec![
        (vec![status("REQUESTED")], decide),
        (vec![status("REQUESTED"), negotiation], CaseState::WaitsForBuyer),
        (vec![status("PROCESSING")], CaseState::WaitsForBuyer),
        (vec![status("PROCESSING"), delivered], inspect),
        (vec![status("JUDGING")], CaseState::WaitsForPlatform),
        (vec![status("SELLER_DISPUTE"), proof], prove),
        (vec![status("ACCEPTED")], CaseState::Closed(Outcome::ForBuyer)),
        (vec![status("CANCELLED")], CaseState::Closed(Outcome::Withdrawn)),
        (vec![status("CLOSED")], CaseState::Closed(Outcome::Unclear)),
    ];
    for (changes, state) in cases {
        let (channel, _) = scripted([read_return(&with(RETURN, &changes))]);
        assert_eq!(now(channel.fetch(&account(), &key())).unwrap().case.state, state, "{changes:?}");
    }
}

#[test]
fn list_and_detail_tell_the_same_case() {
    let (channel, _) = scripted([list(0).answer(200, RETURNS_LIST), read_return(RETURN)]);
    let page = now(channel.updated_in(&account(), Kit.samples().window, None)).unwrap();
    let found = now(channel.fetch(&account(), &key())).unwrap();
    assert_eq!(page.items, [found]);
}

#[test]
fn after_the_returns_come_the_requests_to_cancel() {
    let order = r#"{"error":"","response":{"more":false,"next_cursor":"","order_list":[{"order_sn":"260921ABCDEF01"}]}}"#;
    let steps = [list(0).answer(200, RETURNS_LIST), requests().answer(200, order), read_request(ASKED)];
    let (channel, script) = scripted(steps);
    let first = now(channel.updated_in(&account(), Kit.samples().window, None)).unwrap();
    let second_page =
        now(channel.updated_in(&account(), Kit.samples().window, first.next.as_deref())).unwrap();
    script.done();
    assert_eq!(second_page.next, None);
    let found = &second_page.items[0];
    assert_eq!((&found.key, found.case.kind), (&request(), CaseKind::Cancellation));
    assert_eq!(found.case.state, CaseState::WaitsForSeller { task: Task::Decide, until: None });
    assert_eq!(found.case.amount, Some(Money::new(10_180, Currency::Brl)));
    assert_eq!(found.version.at, second(1_794_313_500));
}

#[test]
fn where_page_zero_is_refused_the_first_is_one() {
    let refused = fault("error_param", "page_no is wrong");
    let more = with(RETURNS_LIST, &[("/response/more", json!(true))]);
    let steps =
        [list(0).answer(200, &refused), list(1).answer(200, &more), list(2).answer(200, RETURNS_LIST)];
    let (channel, script) = scripted(steps);
    let first = now(channel.updated_in(&account(), Kit.samples().window, None)).unwrap();
    let next = now(channel.updated_in(&account(), Kit.samples().window, first.next.as_deref())).unwrap();
    script.done();
    assert!(next.next.is_some_and(|next| next.starts_with("cancels:")));
}

#[test]
fn a_return_that_is_gone_is_not_found() {
    let gone = fault("error_data", "The return you queried doesn't exist");
    let (channel, _) = scripted([read_return(&gone)]);
    assert_eq!(now(channel.fetch(&account(), &key())).unwrap_err().kind, ErrorKind::NotFound);
    let none = r#"{"error":"","response":{"order_list":[]}}"#;
    let (channel, _) = scripted([read_request(none)]);
    assert_eq!(now(channel.fetch(&account(), &request())).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn another_return_than_was_asked_for_is_garbled() {
    let other = with(RETURN, &[("/response/return_sn", json!("2609230ABCDE02"))]);
    let (channel, _) = scripted([read_return(&other)]);
    let error = now(channel.fetch(&account(), &key())).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Garbled { .. }), "{error}");
}

#[test]
fn a_request_to_cancel_is_answered_and_its_order_says_how_it_ended() {
    for (verb, operation, status, outcome) in [
        (Verb::Accept, "ACCEPT", "CANCELLED", Outcome::ForBuyer),
        (Verb::Refuse, "REJECT", "READY_TO_SHIP", Outcome::ForSeller),
    ] {
        let steps = [read_request(ASKED), answer_request(operation), read_request(&order_in(status))];
        let (channel, script) = scripted(steps);
        let done = now(channel.answer(&account(), &request(), &reply(verb))).unwrap();
        script.done();
        assert_eq!(done.case.state, CaseState::Closed(outcome));
        // Again, after the outcome was lost: nothing is sent.
        let (channel, script) = scripted([read_request(&order_in(status))]);
        now(channel.answer(&account(), &request(), &reply(verb))).unwrap();
        script.done();
    }
}

#[test]
fn a_request_that_ended_otherwise_is_refused() {
    for (verb, status) in [(Verb::Refuse, "CANCELLED"), (Verb::Accept, "SHIPPED")] {
        let (channel, script) = scripted([read_request(&order_in(status))]);
        let error = now(channel.answer(&account(), &request(), &reply(verb))).unwrap_err();
        script.done();
        assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "case_over"), "{error}");
    }
}

#[test]
fn what_the_platform_lets_no_program_do_is_refused_before_anything_is_sent() {
    for (key, page, verb) in [
        (key(), read_return(RETURN), Verb::Refuse),
        (key(), read_return(RETURN), Verb::Reply),
        (request(), read_request(ASKED), Verb::Refund),
    ] {
        let (channel, script) = scripted([page]);
        let error = now(channel.answer(&account(), &key, &reply(verb))).unwrap_err();
        script.done();
        assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "not_offered"), "{error}");
    }
}

#[test]
fn what_the_buyer_wrote_is_read_for_the_page_alone() {
    let (channel, _) = scripted([read_return(RETURN), read_request(ASKED)]);
    for (key, verbs) in [(key(), vec![Verb::Accept]), (request(), vec![Verb::Accept, Verb::Refuse])] {
        let read = now(channel.read(&account(), &key)).unwrap();
        assert_eq!(read.letters.iter().map(|letter| letter.by).collect::<Vec<_>>(), [Party::Buyer]);
        assert_eq!(read.choices.iter().map(|choice| choice.verb).collect::<Vec<_>>(), verbs);
    }
}
